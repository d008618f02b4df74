package requests_test

import (
	"fmt"
	"testing"
	"time"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/requests"
)

// somebody adds a person by name and mail.
func (w *fixture) somebody(name, mail string, change ...func(*entitlement.User)) entitlement.User {
	w.t.Helper()
	u := entitlement.User{ID: entitlement.UserID(w.clock.New()), Type: entitlement.Member, DisplayName: name, UserPrincipalName: name, Mail: mail, Enabled: true}
	for _, c := range change {
		c(&u)
	}
	w.commit(entitlement.Change{Users: []entitlement.User{u}})
	return u
}

func (w *fixture) holdsRole(who authz.Command, role entitlement.RoleID, in entitlement.CatalogID) {
	w.t.Helper()
	w.commit(entitlement.Change{RoleAssignments: []entitlement.RoleAssignment{{ID: entitlement.RoleAssignmentID(w.clock.New()), Role: role, Catalog: in, User: who.ID}}})
}

// Each line of a list is told what is in its way before anything happens, in the words of the
// decision itself; nothing is written by asking.
func TestAListOfAssigneesIsCheckedLineByLine(t *testing.T) {
	w := newFixture(t)
	keeper := w.person("", false)
	p, policy := w.pack()
	other, _ := w.pack()
	w.holdsRole(keeper, entitlement.AssignmentManager, p.Catalog)
	ann := w.somebody("ann@example.com", "Ann.Smith@mail.example")
	bob := w.somebody("bob@example.com", "both@mail.example")
	w.somebody("cid@example.com", "both@mail.example")
	off := w.somebody("off@example.com", "", func(u *entitlement.User) { u.Enabled = false })
	left := w.somebody("left@example.com", "left@mail.example", func(u *entitlement.User) { u.Enabled, u.Deleted = false, w.clock.Now() })
	has := w.person("", false)
	w.ask(has, p)
	torn := w.person("", false)
	w.ask(torn, other)
	now, err := w.store.Package(t.Context(), p.ID)
	if err != nil {
		t.Fatal(err)
	}
	now.Incompatible = []entitlement.PackageID{other.ID}
	w.commit(entitlement.Change{Packages: []entitlement.AccessPackage{now}})

	lines := []string{"ann.smith@MAIL.example", string(bob.ID), "BOB@example.com", "both@mail.example", "off@example.com", string(left.ID), "left@mail.example",
		string(has.ID), string(torn.ID), "nobody", "", string(make([]byte, 5000))}
	in := requests.Submission{Package: p.ID, Policy: policy.ID}
	got, err := w.Assignees(t.Context(), keeper, in, lines)
	if err != nil {
		t.Fatal(err)
	}
	want := []requests.Standing{requests.StandsFree, requests.StandsFree, requests.StandsTwice, requests.StandsAmbiguous, requests.StandsDisabled, requests.StandsUnknown, requests.StandsUnknown,
		requests.StandsHolding, requests.StandsRefused, requests.StandsUnknown, requests.StandsUnknown, requests.StandsUnknown}
	for i, a := range got {
		if a.Standing != want[i] {
			t.Errorf("%.30q: %q, want %q", a.Line, a.Standing, want[i])
		}
	}
	if got[0].User.ID != ann.ID || got[4].User.ID != off.ID || got[8].Refusal == nil {
		t.Errorf("%+v, %+v", got[0], got[8])
	}
	list, err := w.AssignmentsFor(t.Context(), keeper.Caller, p.ID, entitlement.Page{})
	if err != nil || len(list.Items) != 1 {
		t.Errorf("asking wrote something: %+v, %v", list, err)
	}

	// What stands goes, and what was refused does not hold it up.
	came, err := w.SubmitEach(t.Context(), keeper, in, []entitlement.UserID{ann.ID, torn.ID, bob.ID})
	if err != nil || came[0] != nil || came[1] == nil || came[2] != nil {
		t.Fatalf("%v, %v", came, err)
	}
	list, err = w.AssignmentsFor(t.Context(), keeper.Caller, p.ID, entitlement.Page{})
	if err != nil || len(list.Items) != 3 {
		t.Errorf("%+v, %v", list, err)
	}

	// One of another package is not there, and ends nothing.
	others, err := w.store.Holders(t.Context(), other.ID, entitlement.Page{})
	if err != nil {
		t.Fatal(err)
	}
	came, err = w.RemoveEach(t.Context(), w.person("", true), p.ID, []entitlement.AssignmentID{list.Items[0].ID, others.Items[0].Assignment.ID}, "over")
	if err != nil || came[0] != nil || entitlement.KindOf(came[1]) != entitlement.NotFound {
		t.Errorf("%v, %v", came, err)
	}
}

// Who has which name is told to those who may assign the package, and a list has its bound.
func TestA1_WhoHasWhichNameIsToldToThoseWhoMayAssign(t *testing.T) {
	w := newFixture(t)
	keeper, reader, outsider, admin := w.person("", false), w.person("", false), w.person("", false), w.person("", true)
	p, policy := w.pack()
	other, otherPolicy := w.pack()
	w.holdsRole(keeper, entitlement.AssignmentManager, p.Catalog)
	w.holdsRole(reader, entitlement.CatalogReader, p.Catalog)
	in := requests.Submission{Package: p.ID, Policy: policy.ID}
	for name, by := range map[string]authz.Command{"reader": reader, "outsider": outsider} {
		_, err := w.Assignees(t.Context(), by, in, []string{"a"})
		w.kind(err, entitlement.Forbidden)
		if _, err = w.SubmitEach(t.Context(), by, in, []entitlement.UserID{by.ID}); entitlement.KindOf(err) != entitlement.Forbidden {
			t.Errorf("%s assigns: %v", name, err)
		}
	}
	_, err := w.Assignees(t.Context(), keeper, requests.Submission{Package: other.ID, Policy: otherPolicy.ID}, nil)
	w.kind(err, entitlement.Forbidden)
	_, err = w.Assignees(t.Context(), admin, requests.Submission{Package: entitlement.PackageID(w.clock.New())}, nil)
	w.kind(err, entitlement.NotFound)

	var many []string
	for i := range requests.MaxAssignees + 1 {
		many = append(many, fmt.Sprint(i))
	}
	_, err = w.Assignees(t.Context(), keeper, in, many)
	w.kind(err, entitlement.Invalid)
	if _, err = w.Assignees(t.Context(), keeper, in, many[1:]); err != nil {
		t.Error(err)
	}
}

// A role says by which packages it is held, and what was there before any of them.
func TestEveryRoleOfAPersonSaysWhy(t *testing.T) {
	w := newFixture(t)
	admin, mia := w.person("", true), w.person("", false)
	one, _ := w.pack()
	two, _ := w.pack()
	at := entitlement.ConnectorID(w.clock.New())
	both, before := entitlement.RoleRef{Connector: at, Resource: "g", Role: "both"}, entitlement.RoleRef{Connector: at, Resource: "g", Role: "before"}
	for _, p := range []entitlement.AccessPackage{one, two} {
		w.commit(entitlement.Change{Scopes: []entitlement.PackageScopes{{Package: p.ID, List: []entitlement.ResourceRoleScope{{ID: "x", Ref: both}}}}})
		w.ask(mia, p)
	}
	claim := entitlement.Claim{Subject: mia.ID, Connector: at, Token: "t", Now: w.clock.Now(), Until: w.clock.Now().Add(time.Minute)}
	set, err := w.store.Claim(t.Context(), claim)
	if err != nil {
		t.Fatal(err)
	}
	set.Grants = map[entitlement.RoleRef]entitlement.Grant{before: {Role: before, Presence: entitlement.PresencePresent, PreExisting: true, Confirmed: w.clock.Now()}}
	w.commit(entitlement.Change{GrantSets: []entitlement.GrantSet{set}})

	got, err := w.RolesOf(t.Context(), admin.Caller, mia.ID)
	if err != nil || len(got) != 2 {
		t.Fatalf("%+v, %v", got, err)
	}
	if got[0].Ref != before || !got[0].Grant.PreExisting || len(got[0].Because) != 0 || got[0].Pending {
		t.Errorf("what was there before: %+v", got[0])
	}
	if got[1].Ref != both || len(got[1].Because) != 2 || got[1].Grant.Presence != entitlement.PresenceUnknown || !got[1].Pending {
		t.Errorf("what two packages give: %+v", got[1])
	}
	_, err = w.RolesOf(t.Context(), mia.Caller, mia.ID)
	w.kind(err, entitlement.Forbidden)
	if none, err := w.RolesOf(t.Context(), admin.Caller, admin.ID); err != nil || len(none) != 0 {
		t.Errorf("%+v, %v", none, err)
	}
}
