package requests_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/requests"
)

// found adds a finding about a role that a package gives; subject is "" where they are not known.
func (w *fixture) found(p entitlement.AccessPackage, principal string, subject entitlement.UserID, set ...func(*entitlement.DriftFinding)) requests.Adoption {
	w.t.Helper()
	role := entitlement.RoleRef{Connector: entitlement.ConnectorID(w.clock.New()), Resource: "g", Role: "member"}
	scopes, err := w.store.Scopes(context.Background(), p.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	scopes.Package = p.ID
	scopes.List = append(scopes.List, entitlement.ResourceRoleScope{ID: w.clock.New() + "_" + w.clock.New(), Resource: entitlement.ResourceID(w.clock.New()), Ref: role})
	f := entitlement.DriftFinding{Role: role, Principal: principal, Subject: subject, Kind: entitlement.DriftExtra, State: entitlement.DriftOpen, First: w.clock.Now(), Last: w.clock.Now()}
	for _, change := range set {
		change(&f)
	}
	w.commit(entitlement.Change{Scopes: []entitlement.PackageScopes{scopes}, DriftFindings: []entitlement.DriftFinding{f}})
	return requests.Adoption{Finding: entitlement.DriftFindingRef{Connector: role.Connector, Scan: entitlement.DriftScanOf(role), Finding: f.ID()}, Package: p.ID}
}

func (w *fixture) tells(err error, part string) {
	w.t.Helper()
	if !strings.Contains(entitlement.MessageOf(err), part) {
		w.t.Errorf("got %v, want a word of %q", err, part)
	}
}

func TestL8_AnExtraRoleIsAdoptedByADirectAssignmentOnce(t *testing.T) {
	w := newFixture(t)
	p, policy := w.pack()
	admin, second, u := w.person("", true), w.person("", true), w.person("", false)
	in := w.found(p, string(u.ID), u.ID)
	in.Policy = policy.ID

	r, err := w.Adopt(context.Background(), admin, in)
	if err != nil {
		t.Fatal(err)
	}
	if r.Type != entitlement.AdminAdd || r.Subject != u.ID || r.Adopts.Role != "member" || r.Package != p.ID || w.enqueued[u.ID] != 1 {
		t.Errorf("made was %+v", r)
	}
	if e := w.events(r.ID)[0]; e.Actor != admin.ID || e.Data["adopted"] != "true" || e.Data["role"] != "member" || e.Data["principal"] != string(u.ID) {
		t.Errorf("on record is %+v", e)
	}

	// Whoever asks again, the second of two administrators too, hears of the same request.
	for _, by := range []authz.Command{admin, second} {
		again, err := w.Adopt(context.Background(), by, in)
		if err != nil || again.ID != r.ID {
			t.Errorf("again: %v, %v", again.ID, err)
		}
	}
	if n := len(w.events(r.ID)); n != 1 || w.enqueued[u.ID] != 1 {
		t.Errorf("%d events, enqueued %d times", n, w.enqueued[u.ID])
	}
}

func TestL8_AdoptingWaitsForThoseWhoApprove(t *testing.T) {
	w := newFixture(t)
	approver := w.person("", false)
	p, policy := w.pack(entitlement.SubjectSet{Kind: entitlement.SingleUser, ID: string(approver.ID)})
	admin, u := w.person("", true), w.person("", false)
	in := w.found(p, string(u.ID), u.ID)
	in.Policy = policy.ID

	r, err := w.Adopt(context.Background(), admin, in)
	if err != nil || r.State != entitlement.RequestPendingApproval {
		t.Fatalf("%+v, %v", r, err)
	}
	if again, err := w.Adopt(context.Background(), admin, in); err != nil || again.ID != r.ID {
		t.Errorf("again: %v, %v", again.ID, err)
	}
}

func TestL8_WhatCannotBeAdoptedIsRefusedWithWhatToDo(t *testing.T) {
	w := newFixture(t)
	p, policy := w.pack()
	other, foreign := w.pack()
	admin, reader, u, gone := w.person("", true), w.person("", false), w.person("", false), w.person("", false)
	w.change(gone.ID, func(u *entitlement.User) { u.Enabled, u.Deleted = false, w.clock.Now() })
	named := w.person("", false)

	for _, tt := range []struct {
		name    string
		by      authz.Command
		subject entitlement.UserID
		set     func(*entitlement.DriftFinding)
		in      func(*requests.Adoption)
		kind    entitlement.Kind
		says    string
	}{
		{name: "by whom may not", by: reader, subject: u.ID, kind: entitlement.Forbidden},
		{name: "of another scan", subject: u.ID, in: func(a *requests.Adoption) { a.Finding.Scan = entitlement.DriftScanID(w.clock.New()) }, kind: entitlement.NotFound},
		{name: "of another connector", subject: u.ID, in: func(a *requests.Adoption) { a.Finding.Connector = entitlement.ConnectorID(w.clock.New()) }, kind: entitlement.NotFound},
		{name: "only suspected", subject: u.ID, set: func(f *entitlement.DriftFinding) { f.State = entitlement.DriftSuspected }, kind: entitlement.NotFound},
		{name: "missing", subject: u.ID, set: func(f *entitlement.DriftFinding) { f.Kind = entitlement.DriftMissing }, kind: entitlement.Conflict, says: "delivered again"},
		{name: "being taken away", subject: u.ID, set: func(f *entitlement.DriftFinding) { f.State = entitlement.DriftTaking }, kind: entitlement.Conflict, says: "Compare the role again"},
		{name: "of somebody unknown", kind: entitlement.Precondition, says: "targetId"},
		{name: "of somebody else than is named", subject: u.ID, in: func(a *requests.Adoption) { a.Subject = named.ID }, kind: entitlement.Conflict, says: "leave out targetId"},
		{name: "of somebody who left", subject: gone.ID, kind: entitlement.Precondition, says: "have the role taken away"},
		{name: "by a package that is not there", subject: u.ID, in: func(a *requests.Adoption) { a.Package = entitlement.PackageID(w.clock.New()) }, kind: entitlement.NotFound},
		{name: "by a package that gives another role", subject: u.ID, in: func(a *requests.Adoption) { a.Package, a.Policy = other.ID, foreign.ID }, kind: entitlement.Precondition, says: "does not give the role"},
		{name: "by a policy of another package", subject: u.ID, in: func(a *requests.Adoption) { a.Policy = foreign.ID }, kind: entitlement.Invalid, says: "a policy of this access package"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			set := tt.set
			if set == nil {
				set = func(*entitlement.DriftFinding) {}
			}
			in := w.found(p, "at-the-target", tt.subject, set)
			in.Policy = policy.ID
			if tt.in != nil {
				tt.in(&in)
			}
			by := tt.by
			if by.ID == "" {
				by = admin
			}
			_, err := w.Adopt(context.Background(), by, in)
			w.kind(err, tt.kind)
			if tt.says != "" {
				w.tells(err, tt.says)
			}
			for _, who := range []entitlement.UserID{u.ID, named.ID, gone.ID} {
				if slot, err := w.store.AssignmentSlot(context.Background(), in.Package, who); err != nil || slot.Open != "" || slot.Assignment != nil {
					t.Errorf("made was %+v, %v", slot, err)
				}
			}
		})
	}
}

func TestL8_WhoIsNotKnownIsNamedAndMayNotBeSomebodyElseThere(t *testing.T) {
	w := newFixture(t)
	p, policy := w.pack()
	admin, u, another := w.person("", true), w.person("", false), w.person("", false)
	in := w.found(p, "at-the-target", "")
	in.Policy = policy.ID

	set, err := w.store.Claim(context.Background(), entitlement.Claim{Subject: another.ID, Connector: in.Finding.Connector, Token: w.clock.New(), Now: w.clock.Now(), Until: w.clock.Now()})
	if err != nil {
		t.Fatal(err)
	}
	set.Principal = "at-another"
	w.commit(entitlement.Change{GrantSets: []entitlement.GrantSet{set}})
	in.Subject = another.ID
	_, err = w.Adopt(context.Background(), admin, in)
	w.kind(err, entitlement.Conflict)
	w.tells(err, "at-another")

	in.Subject = entitlement.UserID(w.clock.New())
	_, err = w.Adopt(context.Background(), admin, in)
	w.kind(err, entitlement.NotFound)
	w.tells(err, "targetId")

	in.Subject = u.ID
	r, err := w.Adopt(context.Background(), admin, in)
	if err != nil || r.Subject != u.ID {
		t.Errorf("%+v, %v", r, err)
	}
	if list, err := w.store.AssignmentsOf(context.Background(), u.ID); err != nil || !slices.ContainsFunc(list, func(a entitlement.Assignment) bool { return a.ID == entitlement.AssignmentID(r.ID) }) {
		t.Errorf("assigned are %+v, %v", list, err)
	}
}
