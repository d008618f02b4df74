package system

import (
	"regexp"
	"strings"
	"testing"

	"leasehold/localstack/components"
	"leasehold/pkg/names"
)

// impacted is a package of Sales that gives one role, made by the owner of the catalog, and the
// address of its page.
func (o *fixture) impacted(name string) (olga *reader, managed string) {
	o.Helper()
	olga = o.signIn(components.Owner)
	olga.open("/catalogs")
	olga.follow("Sales")
	olga.follow("Create a package")
	olga.press("Save", map[string]string{"name": name})
	managed = olga.page.Address
	olga.follow("Add a role")
	olga.press("Add the role", map[string]string{"role": olga.chosen("role", "CRM editors · Member")})
	olga.press("Add the role to the package", nil)
	olga.has(200, "CRM editors Member")
	return olga, managed
}

func (o *fixture) assign(managed, policy, who string) {
	o.Helper()
	pkg := managed[strings.LastIndexByte(managed, '/')+1:]
	o.call(components.Admin, "POST", names.Entitlement+"/assignmentRequests", object{"requestType": "adminAdd",
		"assignment": object{"targetId": o.idOf(who), "assignmentPolicyId": policy, "accessPackageId": pkg}}, 201)
}

// Remove a role: the page says who loses it, and why others keep it; what moves meanwhile comes
// back as a difference; and above the limit of the catalog a second person agrees.
func TestStory_ARoleIsRemovedThroughTheImpactPage(t *testing.T) {
	o := open(t, Options{})
	hostile := `<script>alert("x")</script> & co`
	olga, managed := o.impacted(hostile)
	pkg := managed[strings.LastIndexByte(managed, '/')+1:]
	policy := o.call(components.Admin, "POST", names.Entitlement+"/assignmentPolicies", object{"displayName": "Direct", "description": "",
		"allowedTargetScope": "notSpecified", "expiration": object{"type": "noExpiration"}, "accessPackage": object{"id": pkg}}, 201)["id"].(string)
	o.assign(managed, policy, components.Member)

	olga.press("Remove Member", nil)
	olga.has(200, "Remove a role: who is affected", "Have the package now: 1; gain the role: 0; lose it: 1; keep it by something else: 0.", "Mei Tanaka", "without end", "Nothing else gives it.", hostile)
	if strings.Contains(olga.page.Source, "<script") {
		t.Error("a stored text is markup")
	}
	impact := olga.page

	// Somebody comes meanwhile: the plan is not applied, and the difference is shown.
	o.assign(managed, policy, components.Other)
	olga.must(impact.Submit(t.Context(), "Remove the role from the package", nil))
	olga.has(409, "It is not what you agreed to any more.", "Would gain or lose it now, and did not before: Otto Lindqvist", "lose it: 2;")
	if strings.Contains(olga.page.Text, "any more: Mei") {
		t.Error("Mei is told of as a difference")
	}
	o.lacksNothing(managed, "CRM editors Member", olga)

	// The file has everybody.
	olga.press("Remove Member", nil)
	olga.follow("All of these people as a file (CSV)")
	olga.has(200, "loses,Mei Tanaka", "loses,Otto Lindqvist")

	// A limit: it waits, whichever way it comes, and another owner agrees.
	catalog := managed[:strings.Index(managed, "/packages/")]
	olga.must(olga.Visitor.Open(t.Context(), catalog+"/limit"))
	olga.press("Save", map[string]string{"people": "none"})
	olga.has(400, "Type a whole number above zero, or nothing.")
	olga.press("Save", map[string]string{"people": "1"})
	olga.must(olga.Visitor.Open(t.Context(), catalog+"/limit"))
	olga.press("Save", map[string]string{"people": "5"})
	olga.has(403, "an administrator has to loosen it")
	olga.must(olga.Visitor.Open(t.Context(), catalog+"/roles/give?search=tanaka"))
	olga.press("Give the role", map[string]string{"principal": olga.chosen("principal", "Mei Tanaka"), "role": olga.chosen("role", "Catalog owner")})

	olga.must(olga.Visitor.Open(t.Context(), managed))
	olga.press("Remove Member", nil)
	olga.has(200, "This needs a second person", "Mei Tanaka, and administrators.")
	olga.press("Propose this", nil)
	olga.has(200, "Proposed by Olga Brandt", "You proposed this yourself. Somebody else has to agree.")
	olga.lacks("Agree ")
	waits := olga.page
	olga.must(olga.Visitor.Open(t.Context(), managed))
	olga.has(200, "Waits for a second person", "Remove the role Member; people affected: 2 (proposed by you)", "CRM editors Member")
	olga.send(strings.TrimPrefix(waits.Address, olga.site), map[string][]string{"form": waits.Forms[0].Values["form"], "decision": {"agree"}, "hash": {regexp.MustCompile(`name="hash" value="([^"]*)"`).FindStringSubmatch(waits.Source)[1]}})
	olga.has(403, "You proposed this change yourself")

	mei := o.signIn(components.Member)
	mei.open("")
	mei.has(200, "Waits for a second person", "Remove the role Member; people affected: 2")
	mei.follow("Remove the role Member; people affected: 2")
	mei.has(200, "Proposed by Olga Brandt", "Otto Lindqvist")
	mei.press("Agree", nil)
	mei.has(200, "This package gives nothing yet.")
	mei.lacks("Waits for a second person")
}

// A policy that is loosened waits for the second person whom the catalog asks for, with what it was
// and is to be; agreed to it is saved.
func TestStory_ALoosenedPolicyWaitsForASecondPerson(t *testing.T) {
	o := open(t, Options{})
	olga, managed := o.impacted("Loose")
	catalog := managed[:strings.Index(managed, "/packages/")]
	olga.must(olga.Visitor.Open(t.Context(), managed))
	olga.follow("Add a policy")
	olga.press("Save the policy", map[string]string{"name": "<i>Members</i>", "scope": "allMemberUsers", "stages": "0", "ends": "days", "days": "30", "ask": "yes"})
	olga.has(200, "<i>Members</i>", "It is kept for 30 days.")
	olga.must(olga.Visitor.Open(t.Context(), catalog+"/limit"))
	olga.press("Save", map[string]string{"loosening": "yes"})

	olga.must(olga.Visitor.Open(t.Context(), managed))
	olga.follow("Edit <i>Members</i>")
	olga.press("Save the policy", map[string]string{"days": "90"})
	olga.has(200, "A policy is to be loosened", "P30D", "P90D", "You proposed this yourself.")
	waits := olga.page.Address
	olga.must(olga.Visitor.Open(t.Context(), managed))
	olga.has(200, "Waits for a second person", "It is kept for 30 days.")

	admin := o.signIn(components.Admin)
	admin.must(admin.Visitor.Open(t.Context(), waits))
	admin.has(200, "Proposed by Olga Brandt", "What of the policy changes")
	admin.press("Agree", nil)
	admin.has(200, "It is kept for 90 days.")
	admin.lacks("Waits for a second person")
	admin.must(admin.Visitor.Open(t.Context(), waits))
	admin.has(404)
}

// lacksNothing demands that the package gives the role still.
func (o *fixture) lacksNothing(managed, role string, r *reader) {
	o.Helper()
	r.must(r.Visitor.Open(o.Context(), managed))
	r.has(200, role)
}

// Nobody who may not change the roles of a package looks at what a change does, makes it, or agrees
// to one that waits; and whoever may, in one catalog, does nothing by it in another.
func TestA1_TheImpactPagesAreForThoseWhoKeepTheCatalog(t *testing.T) {
	o := open(t, Options{})
	olga, managed := o.impacted("Kept by Olga")
	catalog, pkg := managed[:strings.Index(managed, "/packages/")], managed[strings.Index(managed, "/packages/"):]
	scope := regexp.MustCompile(`/roles/([^/"]*)/remove"`).FindStringSubmatch(olga.page.Source)[1]
	form := olga.page.Forms[0].Values["form"]
	nothing := "/changes/11111111-2222-4333-8444-555555555555"

	// Olga's other catalog: the package is not in it.
	other := o.call(components.Admin, "POST", names.Entitlement+"/catalogs", object{"displayName": "Elsewhere"}, 201)["id"].(string)
	foreign := catalog[:strings.LastIndexByte(catalog, '/')+1] + other
	for _, row := range []struct {
		who     string
		in      string
		refused []int
	}{{components.Member, catalog, []int{403, 404}}, {components.Approver, catalog, []int{403, 404}}, {components.Admin, foreign, []int{404}}, {components.Owner, foreign, []int{403, 404}}} {
		r := o.signIn(row.who)
		tell := func(what string) {
			if r.page.Status != row.refused[0] && r.page.Status != row.refused[len(row.refused)-1] {
				t.Errorf("%s as %s: %d %s", what, row.who, r.page.Status, r.page.Text)
			}
			if strings.Contains(r.page.Text, "CRM editors") {
				t.Errorf("%s shows %s what is in the catalog", what, row.who)
			}
		}
		for _, path := range []string{pkg + "/roles/impact?remove=" + scope, pkg + "/roles/impact/people?remove=" + scope, nothing} {
			r.must(r.Visitor.Open(t.Context(), row.in+path))
			tell(path)
		}
		r.open("/access")
		own := form
		if len(r.page.Forms) > 0 {
			own = r.page.Forms[0].Values["form"]
		}
		for path, values := range map[string]map[string][]string{
			pkg + "/roles/impact": {"remove": {scope}, "hash": {"x"}}, nothing: {"decision": {"agree"}, "hash": {"x"}},
		} {
			values["form"] = own
			r.must(r.Visitor.Send(t.Context(), row.in+path, values, row.in))
			tell("POST " + path)
		}
	}

	// The limit is set by who keeps the catalog.
	mei := o.signIn(components.Member)
	mei.must(mei.Visitor.Open(t.Context(), catalog+"/limit"))
	if mei.page.Status != 403 && mei.page.Status != 404 {
		t.Errorf("the limit is open to everybody: %d", mei.page.Status)
	}
	olga.must(olga.Visitor.Open(t.Context(), managed))
	olga.has(200, "CRM editors Member")

	// What is no change, or is gone, is said; nothing breaks.
	for path, status := range map[string]int{"/roles/impact": 400, "/roles/impact?add=x": 400, "/roles/impact?remove=x_y": 404, "/roles/impact?add=11111111-2222-4333-8444-555555555555+x": 404} {
		olga.must(olga.Visitor.Open(t.Context(), managed+path))
		if olga.page.Status != status {
			t.Errorf("%s: %d, want %d: %s", path, olga.page.Status, status, olga.page.Text)
		}
	}
}
