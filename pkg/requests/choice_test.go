package requests_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/requests"
)

// someone adds a person with the type and the groups.
func (w *fixture) someone(kind entitlement.UserType, groups ...entitlement.GroupID) authz.Command {
	w.t.Helper()
	id := entitlement.UserID(w.clock.New())
	c := entitlement.Change{Users: []entitlement.User{{ID: id, Type: kind, DisplayName: "P", UserPrincipalName: string(id), Enabled: true}}}
	w.commit(c)
	for _, g := range groups {
		w.commit(entitlement.Change{Memberships: []entitlement.Membership{{Group: g, User: id}}})
	}
	return administrator(id, "call")
}

// offers adds policies to a package that pack made, in place of the one that it has.
func (w *fixture) offers(p entitlement.AccessPackage, policies []entitlement.AssignmentPolicy) []entitlement.PolicyID {
	w.t.Helper()
	p, err := w.store.Package(context.Background(), p.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	p.Policies = nil
	for i := range policies {
		policies[i].ID, policies[i].Package, policies[i].DisplayName = entitlement.PolicyID(w.clock.New()), p.ID, "P"
		p.Policies = append(p.Policies, policies[i].ID)
	}
	w.commit(entitlement.Change{Packages: []entitlement.AccessPackage{p}, Policies: policies})
	return p.Policies
}

// What a person is offered is what that person may name, and nothing else is: not a policy
// of a lower rank, not one for others, not one of another package, not one that is none.
func TestR37_WhatIsOfferedIsExactlyWhatMayBeNamed_R35_R36_R38(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		w := newFixture(t)
		in, out := entitlement.GroupID(w.clock.New()), entitlement.GroupID(w.clock.New())
		admin, mia := w.person("", true), w.someone(rapid.SampledFrom([]entitlement.UserType{entitlement.Member, entitlement.Guest}).Draw(r, "type"), in)
		sets := []entitlement.SubjectSet{{Kind: entitlement.SingleUser, ID: string(mia.ID)}, {Kind: entitlement.GroupMembers, ID: string(in)},
			{Kind: entitlement.SingleUser, ID: string(admin.ID)}, {Kind: entitlement.GroupMembers, ID: string(out)}}
		draw := func(label string) []entitlement.AssignmentPolicy {
			var all []entitlement.AssignmentPolicy
			for range rapid.IntRange(0, 4).Draw(r, label) {
				p := entitlement.AssignmentPolicy{Requestor: entitlement.RequestorSettings{SelfAdd: rapid.IntRange(0, 3).Draw(r, "self") > 0},
					Scope: rapid.SampledFrom([]entitlement.TargetScope{entitlement.ScopeNobody, entitlement.ScopeSpecificUsers, entitlement.ScopeAllMembers, entitlement.ScopeAllUsers}).Draw(r, "scope")}
				if p.Scope == entitlement.ScopeSpecificUsers {
					p.Targets = []entitlement.SubjectSet{rapid.SampledFrom(sets).Draw(r, "target")}
				}
				all = append(all, p)
			}
			return all
		}
		mine, _ := w.pack()
		other, _ := w.pack()
		named := slices.Concat(w.offers(mine, draw("policies")), w.offers(other, draw("others")), []entitlement.PolicyID{entitlement.PolicyID(w.clock.New())})

		ctx := context.Background()
		fit, err := w.Applicable(ctx, mia.Caller, mine.ID, "")
		if err != nil {
			r.Fatal(err)
		}
		var offered, taken []entitlement.PolicyID
		for _, p := range fit {
			offered = append(offered, p.ID)
		}
		ask := func(id entitlement.PolicyID) error {
			made, err := w.Submit(ctx, mia, requests.Submission{Type: entitlement.UserAdd, Package: mine.ID, Policy: id})
			if err == nil {
				if _, err := w.Remove(ctx, admin, entitlement.AdminRemove, made.AssignmentOf(), ""); err != nil {
					r.Fatal(err)
				}
				if id != "" && made.Policy != id || !slices.Contains(offered, made.Policy) {
					r.Errorf("asked under %s, made under %s", id, made.Policy)
				}
			}
			return err
		}
		for _, id := range named {
			switch err := ask(id); {
			case err == nil:
				taken = append(taken, id)
			case entitlement.KindOf(err) != entitlement.Precondition:
				r.Errorf("%s is answered %v", id, err)
			}
		}
		if !slices.Equal(offered, taken) {
			r.Errorf("offered are %v, taken are %v", offered, taken)
		}
		want := map[bool]entitlement.Kind{true: entitlement.Precondition, false: entitlement.Invalid}[len(offered) == 0]
		if err := ask(""); (err == nil) != (len(offered) == 1) || err != nil && entitlement.KindOf(err) != want {
			r.Errorf("of %d offered, none named: %v", len(offered), err)
		}
	})
}

func TestS2_AnIDOfTheRightKindUnderAnotherParentIsAnsweredLikeOneOfNothing(t *testing.T) {
	ctx := context.Background()
	w := newFixture(t)
	admin, mia, otto := w.person("", true), w.person("", false), w.person("", false)
	asked, policy := w.pack(entitlement.SubjectSet{Kind: entitlement.SingleUser, ID: string(admin.ID)})
	free, foreign := w.pack() // which asks for no approval
	w.reset(foreign.ID, func(p *entitlement.AssignmentPolicy) { p.Requestor.SelfRemove = true })
	theirs := w.assign(admin, otto.ID, foreign, "").AssignmentOf()
	w.clock.Advance(time.Hour)

	longer := entitlement.Schedule{Expiration: entitlement.Expiration{Type: entitlement.ExpireNever}}
	type names struct {
		pkg     entitlement.PackageID
		policy  entitlement.PolicyID
		subject entitlement.UserID
	}
	for name, c := range map[string]struct {
		by    authz.Command
		in    requests.Submission
		names names // what is there, and under another parent
	}{
		"userAdd, the policy":          {mia, requests.Submission{Type: entitlement.UserAdd, Package: asked.ID}, names{policy: foreign.ID}},
		"adminAdd, the policy":         {admin, requests.Submission{Type: entitlement.AdminAdd, Subject: mia.ID, Package: asked.ID}, names{policy: foreign.ID}},
		"userUpdate, the policy":       {otto, requests.Submission{Type: entitlement.UserUpdate, Assignment: theirs}, names{policy: policy.ID}},
		"userUpdate held, the policy":  {otto, requests.Submission{Type: entitlement.UserUpdate, Package: free.ID}, names{policy: policy.ID}},
		"userUpdate, the package":      {otto, requests.Submission{Type: entitlement.UserUpdate, Assignment: theirs}, names{pkg: asked.ID}},
		"adminUpdate, the policy":      {admin, requests.Submission{Type: entitlement.AdminUpdate, Assignment: theirs, RequestedSchedule: longer}, names{policy: policy.ID}},
		"adminUpdate, the package":     {admin, requests.Submission{Type: entitlement.AdminUpdate, Assignment: theirs, RequestedSchedule: longer}, names{pkg: asked.ID}},
		"adminUpdate, the subject":     {admin, requests.Submission{Type: entitlement.AdminUpdate, Assignment: theirs, RequestedSchedule: longer}, names{subject: mia.ID}},
		"adminUpdate held, the policy": {admin, requests.Submission{Type: entitlement.AdminUpdate, Package: free.ID, Subject: otto.ID, RequestedSchedule: longer}, names{policy: policy.ID}},
		"adminRemove, the policy":      {admin, requests.Submission{Type: entitlement.AdminRemove, Assignment: theirs}, names{policy: policy.ID}},
		"adminRemove, the package":     {admin, requests.Submission{Type: entitlement.AdminRemove, Assignment: theirs}, names{pkg: asked.ID}},
		"adminRemove, the subject":     {admin, requests.Submission{Type: entitlement.AdminRemove, Assignment: theirs}, names{subject: mia.ID}},
		"userRemove, the package":      {otto, requests.Submission{Type: entitlement.UserRemove, Assignment: theirs}, names{pkg: asked.ID}},
	} {
		send := func(n names) error {
			in := c.in
			if n.pkg != "" {
				in.Package = n.pkg
			}
			if n.policy != "" {
				in.Policy = n.policy
			}
			if n.subject != "" {
				in.Subject = n.subject
			}
			var err error
			switch {
			case in.Type.Adds():
				_, err = w.Submit(ctx, c.by, in)
			case in.Type.Updates():
				_, err = w.ExtendHeld(ctx, c.by, in)
			default:
				_, err = w.RemoveHeld(ctx, c.by, in)
			}
			return err
		}
		unknown := names{}
		if c.names.pkg != "" {
			unknown.pkg = entitlement.PackageID(w.clock.New())
		}
		if c.names.policy != "" {
			unknown.policy = entitlement.PolicyID(w.clock.New())
		}
		if c.names.subject != "" {
			unknown.subject = entitlement.UserID(w.clock.New())
		}
		before := w.held(theirs)
		got, want := send(c.names), send(unknown)
		if got == nil || entitlement.KindOf(got) != entitlement.KindOf(want) || entitlement.MessageOf(got) != entitlement.MessageOf(want) {
			t.Errorf("%s: got %v, and for an id of nothing %v", name, got, want)
		}
		if after := w.held(theirs); after.State != before.State || !after.End.Equal(before.End) {
			t.Fatalf("%s: S13: the assignment became %+v", name, after)
		}
		if list, err := w.Mine(ctx, mia.Caller, entitlement.Page{}); err != nil || len(list.Items) > 0 {
			t.Fatalf("%s: S13: %+v, %v", name, list.Items, err)
		}
	}
	if _, err := w.RemoveHeld(ctx, otto, requests.Submission{Type: entitlement.UserRemove, Assignment: theirs, Package: free.ID, Policy: foreign.ID, Subject: otto.ID}); err != nil {
		t.Errorf("all that is said of the assignment is true: %v", err)
	}
}
