package directory_test

import (
	"fmt"
	"strings"
	"testing"

	"leasehold/pkg/authz"
	"leasehold/pkg/directory"
	"leasehold/pkg/entitlement"
)

// somebodyWith is a person who holds a role in a catalog.
func somebodyWith(t *testing.T, s *directory.Service, role entitlement.RoleID, catalog entitlement.CatalogID) authz.Caller {
	t.Helper()
	u, err := s.CreateUser(t.Context(), by, entitlement.User{Type: entitlement.Member, DisplayName: "Holder of " + role.String(), UserPrincipalName: string(role) + "@northwind.example", Enabled: true})
	if err != nil {
		t.Fatal(err)
	}
	given := entitlement.RoleAssignment{ID: entitlement.RoleAssignmentID(s.IDs.New()), Role: role, Catalog: catalog, User: u.ID}
	if err := s.Store.Commit(t.Context(), entitlement.Change{RoleAssignments: []entitlement.RoleAssignment{given}}); err != nil {
		t.Fatal(err)
	}
	return authz.Caller{ID: u.ID, Scopes: authz.Every}.As(u)
}

func namesOf(all []directory.Candidate) string {
	var names []string
	for _, c := range all {
		names = append(names, c.Name)
	}
	return strings.Join(names, ", ")
}

// A1: who may name nobody in a catalog looks nobody up, and who may name somebody for one thing
// does not for another, nor in another catalog.
func TestA1_WhoeverMayNameSomebodyFindsThemAndNobodyElseDoes(t *testing.T) {
	s := newService()
	const catalog, other = entitlement.CatalogID("0c3ac8e8-5d70-4c33-a2f1-ffb1ff81e2a1"), entitlement.CatalogID("0c3ac8e8-5d70-4c33-a2f1-ffb1ff81e2a2")
	owner, manager, reader := somebodyWith(t, s, entitlement.CatalogOwner, catalog), somebodyWith(t, s, entitlement.AccessPackageManager, catalog), somebodyWith(t, s, entitlement.CatalogReader, catalog)
	nobody := authz.Caller{ID: "11111111-2222-3333-4444-555555555555", Scopes: authz.Every}.As(entitlement.User{ID: "11111111-2222-3333-4444-555555555555", Enabled: true})

	for _, tt := range []struct {
		name string
		by   authz.Caller
		to   authz.Action
		in   entitlement.CatalogID
		want entitlement.Kind // 0xff: allowed
	}{
		{"an owner, for roles", owner, authz.AssignRole, catalog, 0xff},
		{"an owner, for a resource", owner, authz.AddResource, catalog, 0xff},
		{"an owner, elsewhere", owner, authz.AssignRole, other, entitlement.Forbidden},
		{"a manager, for policies", manager, authz.CreatePolicy, catalog, 0xff},
		{"a manager, for roles", manager, authz.AssignRole, catalog, entitlement.Forbidden},
		{"a reader", reader, authz.UpdatePolicy, catalog, entitlement.Forbidden},
		{"nobody", nobody, authz.UpdatePolicy, catalog, entitlement.Forbidden},
		{"an administrator", by.Caller, authz.AssignRole, catalog, 0xff},
		{"for what names nobody", owner, authz.ReadCatalog, catalog, entitlement.Internal},
	} {
		to := directory.Purpose{Action: tt.to, In: authz.Object{Catalog: tt.in}}
		_, _, people := s.FindPeople(t.Context(), tt.by, to, "holder")
		_, _, groups := s.FindGroups(t.Context(), tt.by, to, "holder")
		_, named := s.Candidates(t.Context(), tt.by, to, []entitlement.UserID{owner.ID}, nil)
		for what, err := range map[string]error{"people": people, "groups": groups, "names": named} {
			if (err == nil) != (tt.want == 0xff) || err != nil && entitlement.KindOf(err) != tt.want {
				t.Errorf("%s, %s: %v", tt.name, what, err)
			}
		}
	}
}

func TestFindPeople_ByAPartOfNameOrAddress_AndNobodyWhoIsGoneOrDisabled(t *testing.T) {
	s := newService()
	add := func(name, address string, enabled bool) entitlement.User {
		t.Helper()
		u, err := s.CreateUser(t.Context(), by, entitlement.User{Type: entitlement.Member, DisplayName: name, UserPrincipalName: address, Enabled: enabled})
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	add("Mei Tanaka", "mei@northwind.example", true)
	add("Otto Meister", "otto@northwind.example", true)
	add("Meike Off", "off@northwind.example", false)
	left := add("Mei Left", "left@northwind.example", true)
	if err := s.DeleteUser(t.Context(), by, left.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := s.CreateGroup(t.Context(), by, entitlement.Group{DisplayName: "Meisters", MailNickname: "meisters"}); err != nil {
		t.Fatal(err)
	}

	to := directory.Purpose{Action: authz.AssignRole, In: authz.Object{Catalog: "0c3ac8e8-5d70-4c33-a2f1-ffb1ff81e2a1"}}
	for sought, want := range map[string]string{" MEI ": "Mei Tanaka, Otto Meister", "otto@": "Otto Meister", "tanaka": "Mei Tanaka", "nobody": "", "left": "", "off": ""} {
		found, more, err := s.FindPeople(t.Context(), by.Caller, to, sought)
		if err != nil || more || namesOf(found) != want {
			t.Errorf("%q finds %q, more %t, %v, want %q", sought, namesOf(found), more, err, want)
		}
	}
	if found, _, err := s.FindGroups(t.Context(), by.Caller, to, "eister"); err != nil || namesOf(found) != "Meisters" || found[0].Group == "" {
		t.Errorf("%+v, %v", found, err)
	}
	if _, _, err := s.FindPeople(t.Context(), by.Caller, to, " m "); entitlement.KindOf(err) != entitlement.Invalid {
		t.Errorf("one character: %v", err)
	}
	if named, err := s.Candidates(t.Context(), by.Caller, to, []entitlement.UserID{left.ID}, nil); err != nil || len(named) != 0 {
		t.Errorf("one who is gone is named: %+v, %v", named, err)
	}
}

// S21: a search shows and reads a bounded part of the directory, and says that there is more; by
// the beginning of an address everybody is found.
func TestS21_ASearchIsBounded(t *testing.T) {
	s := newService()
	for i := range 150 {
		if _, err := s.CreateUser(t.Context(), by, entitlement.User{Type: entitlement.Member, DisplayName: fmt.Sprintf("Person %d", i), UserPrincipalName: fmt.Sprintf("p%03d@northwind.example", i), Enabled: true}); err != nil {
			t.Fatal(err)
		}
	}
	to := directory.Purpose{Action: authz.AssignRole, In: authz.Object{Catalog: "0c3ac8e8-5d70-4c33-a2f1-ffb1ff81e2a1"}}
	found, more, err := s.FindPeople(t.Context(), by.Caller, to, "person")
	if err != nil || !more || len(found) != 20 {
		t.Errorf("%d found, more %t, %v", len(found), more, err)
	}
	if found, more, err = s.FindPeople(t.Context(), by.Caller, to, "P149"); err != nil || more || namesOf(found) != "Person 149" {
		t.Errorf("%s, more %t, %v", namesOf(found), more, err)
	}
}
