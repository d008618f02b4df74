package authz

import (
	"context"
	"strings"
	"testing"

	"leasehold/pkg/entitlement"
)

// given are role assignments as they are stored.
type given []entitlement.RoleAssignment

func (g given) RolesIn(context.Context, entitlement.CatalogID) ([]entitlement.RoleAssignment, error) {
	return g, nil
}

// A refusal says which role would be needed; to those who may read who holds roles in the
// catalog it says who holds that, and to nobody else.
func TestARefusalSaysWhichRoleIsNeededAndWhoHoldsIt(t *testing.T) {
	roles := given{
		{Role: owner, Catalog: "c", User: "keeper"}, {Role: owner, Catalog: "c", Group: "team"}, {Role: reader, Catalog: "c", User: "looks"},
		{Role: auditor, User: "audits"}, {Role: creator, User: "creates"}, {Role: owner, Catalog: "elsewhere", User: "foreign"},
	}
	tests := []struct {
		name, who, catalog string
		action             Action
		says               string
	}{
		{"an auditor, of a catalog", "audits", "c", UpdatePackage,
			"This needs the role catalog owner or access package manager in the catalog, or an administrator. The role catalog owner is held by the user keeper and the group team, access package manager is held by nobody."},
		{"an auditor, of everything", "audits", "", CreateCatalog,
			"This needs the role catalog creator, or an administrator. The role catalog creator is held by the user creates."},
		{"an auditor, in words of its own", "audits", "c", CancelRequest,
			"Only the requestor, somebody who assigns by a role in the catalog, or an administrator can cancel a request. The role catalog owner is held by the user keeper and the group team, access package manager is held by nobody, access package assignment manager is held by nobody."},
		{"an auditor, of what no role opens", "audits", "c", MovePackage, "This needs an administrator: a member of the group Administrators."},
		{"an owner, of what another role opens", "keeper", "", CreateCatalog, "This needs the role catalog creator, or an administrator."},
		{"a reader", "looks", "c", UpdatePackage, "This needs the role catalog owner or access package manager in the catalog, or an administrator."},
		{"an owner of another catalog", "foreign", "c", UpdatePackage, "This needs the role catalog owner or access package manager in the catalog, or an administrator."},
		{"somebody without a role", "nobody", "c", UpdatePackage, "This needs the role catalog owner or access package manager in the catalog, or an administrator."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := calling(entitlement.User{ID: entitlement.UserID(tt.who), Enabled: true}, Every)
			o := Object{Catalog: entitlement.CatalogID(tt.catalog)}
			if tt.action == CancelRequest {
				o.Request = &entitlement.AssignmentRequest{}
			}
			d, err := Ask(t.Context(), roles, c, tt.action, o)
			if err != nil || d.Allowed || entitlement.KindOf(d.Err()) != entitlement.Forbidden || entitlement.MessageOf(d.Err()) != tt.says {
				t.Errorf("got %q, want %q", entitlement.MessageOf(d.Err()), tt.says)
			}
		})
	}

	// The names are bounded, whatever the catalog holds.
	var many given
	for range entitlement.MaxRoleAssignments {
		many = append(many, entitlement.RoleAssignment{Role: owner, Catalog: "c", User: "keeper"})
	}
	d, _ := Ask(t.Context(), append(many, roles[3]), calling(entitlement.User{ID: "audits", Enabled: true}, Every), UpdateCatalog, Object{Catalog: "c"})
	if got := entitlement.MessageOf(d.Err()); strings.Count(got, "keeper") != maxNamed || !strings.HasSuffix(got, "and 85 more.") {
		t.Errorf("got %q", got)
	}
}

// What a caller may not know to be there is answered as if it were not, whoever holds what.
func TestA1_ARefusalThatHidesNamesNobody(t *testing.T) {
	roles := given{{Role: owner, Catalog: "c", User: "keeper"}, {Role: owner, Catalog: "d", User: "foreign"}}
	d, err := Ask(t.Context(), roles, calling(entitlement.User{ID: "foreign", Enabled: true}, Every), ReadRequest, Object{Catalog: "c", Request: &entitlement.AssignmentRequest{}})
	if err != nil || !d.Hidden() || strings.Contains(entitlement.MessageOf(d.Err()), "keeper") {
		t.Errorf("got %q, %v", entitlement.MessageOf(d.Err()), err)
	}
}
