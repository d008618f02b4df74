package rights

import (
	"fmt"
	"net/url"
	"strings"

	"leasehold/localstack/components"
	"leasehold/localstack/visitor"
	"leasehold/pkg/clock"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

// crowd lays so many places in a package down that a change of its roles is a job. They are of
// nobody whose record says that they have it, so that none of them gains or loses.
func (s *stack) crowd(pkg string, gone bool) {
	s.Helper()
	var c entitlement.Change
	for i := range entitlement.MaxAtOnce + 1 {
		u := entitlement.UserID(fmt.Sprintf("cc000000-0000-4000-8000-%012x", i))
		a := entitlement.Assignment{ID: entitlement.AssignmentID(clock.Derive(nil, "crowd", pkg, string(u))), Package: entitlement.PackageID(pkg), Subject: u, Target: entitlement.TargetPresent}
		slot := entitlement.AssignmentSlot{Package: a.Package, Subject: u, Assignment: &a}
		if gone {
			slot.Version, slot.Erased = slot.FirstVersion(), true
		}
		if c.Slots = append(c.Slots, slot); len(c.Slots) == 90 || i == entitlement.MaxAtOnce {
			if err := s.db.Commit(s.Context(), c); err != nil {
				s.Fatal(err)
			}
			c = entitlement.Change{}
		}
	}
}

// lookByJobs is a change of roles of a package that more people have than one call looks at: by
// the API and the pages, proposed and agreed to by jobs, and one that is made by fewer people than
// it was looked at by.
func lookByJobs(s *stack) {
	catalog, pkg, scope, _ := twoHold(s)
	s.crowd(pkg, false)
	ours := names.Ours + "/catalogs/" + catalog
	at := names.Ours + "/accessPackages/" + pkg
	s.call(components.Owner, "PATCH", ours+"/impactSettings", object{"impactLimitPeople": 1}, 204)

	ended := func(job object) object {
		s.Helper()
		for range 20 {
			s.drain()
			if job = s.call(components.Admin, "GET", fmt.Sprint(at, "/roleChangeJobs/", job["id"]), nil, 200); job["status"] == "succeeded" || job["status"] == "failed" {
				return job
			}
		}
		s.Fatalf("the job is %v", job)
		return nil
	}
	change := object{"resourceRoleScopeId": scope}
	found := ended(s.call(components.Admin, "POST", at+"/previewRoleChange", change, 202))
	if found["loseCount"] != 2.0 {
		s.Fatalf("found is %v", found)
	}
	s.call(components.Admin, "GET", fmt.Sprint(at, "/roleChangeJobs/", found["id"], "/people/loses"), nil, 200)
	change["hash"] = found["hash"]
	proposed := ended(s.call(components.Admin, "POST", at+"/applyRoleChange", change, 202))
	agreed := ended(s.call(components.Owner, "POST", fmt.Sprint(ours, "/impactChanges/", proposed["impactChangeId"], "/agree"), object{"hash": found["hash"]}, 202))
	if agreed["status"] != "succeeded" {
		s.Fatalf("agreed to: %v", agreed)
	}

	lookAtThePages(s)
}

func lookAtThePages(s *stack) {
	catalog, pkg, scope, _ := twoHold(s)
	s.crowd(pkg, false)
	site := s.endpoints.URL + names.PortalPath
	must := func(p *visitor.Page, err error) *visitor.Page {
		s.Helper()
		if err != nil {
			s.Fatal(err)
		}
		if p.Status != 200 {
			s.Fatalf("%s: %d %s", p.Address, p.Status, p.Text)
		}
		return p
	}
	owner := visitor.New(nil)
	must(owner.SignIn(s.Context(), site, components.Owner))
	impact := site + "/catalogs/" + catalog + "/packages/" + pkg + "/roles/impact?" + url.Values{"remove": {scope}}.Encode()
	job := must(must(owner.Open(s.Context(), impact)).Submit(s.Context(), "Find out who is affected", nil))
	s.drain()
	found := must(owner.Open(s.Context(), job.Address))

	// By the time that it is made most have gone: what the few have is demanded of the commit.
	s.crowd(pkg, true)
	made := must(found.Submit(s.Context(), "Remove the role from the package", nil))
	s.drain()
	if made = must(owner.Open(s.Context(), made.Address)); !strings.Contains(made.Text, "The change is made") {
		s.Fatalf("not made: %s", made.Text)
	}

	// A long file of people lies beside the session until it is applied.
	admin := visitor.New(nil)
	must(admin.SignIn(s.Context(), site, components.Admin))
	lines := "userPrincipalName,displayName"
	for i := range 300 {
		lines += fmt.Sprintf("\nimported-%d-%s@northwind.example,Somebody of a rather long name %d", i, clock.System{}.New(), i)
	}
	p := must(admin.Open(s.Context(), site+"/administration/import"))
	if p = must(p.Submit(s.Context(), "Check the list", map[string]string{"lines": lines})); !strings.Contains(p.Text, "New: 300.") {
		s.Fatalf("the file is not checked: %s", p.Text)
	}
}
