package catalogs_test

import (
	"testing"

	"leasehold/pkg/entitlement"
)

// Whether a policy names an organization decides whether it may be deleted, so that it is not
// asked of an index, which may be late.
func TestS13_AnOrganizationThatAPolicyHasJustNamedIsNotDeleted(t *testing.T) {
	w := behind(t)
	o := must[entitlement.ConnectedOrganization](t)(w.CreateOrganization(t.Context(), by, entitlement.ConnectedOrganization{DisplayName: "Partner", State: entitlement.OrganizationConfigured,
		Sources: []entitlement.IdentitySource{{Kind: entitlement.SourceDomain, DomainName: "partner.example", DisplayName: "Partner"}}}))
	p := w.pack(w.catalog())
	policy := must[entitlement.AssignmentPolicy](t)(w.CreatePolicy(t.Context(), by, entitlement.AssignmentPolicy{Package: p.ID, DisplayName: "Partners", Scope: entitlement.ScopeSpecificOrganizations,
		Targets: []entitlement.SubjectSet{{Kind: entitlement.OrganizationMembers, ID: string(o.ID)}}, Expiration: entitlement.Expiration{Type: entitlement.ExpireNever}}))

	w.kind(w.DeleteOrganization(t.Context(), by, o.ID), entitlement.Conflict, "Partners")

	policy = must[entitlement.AssignmentPolicy](t)(w.store.Policy(t.Context(), policy.ID))
	policy.Scope, policy.Targets = entitlement.ScopeNobody, nil
	must[entitlement.AssignmentPolicy](t)(w.ReplacePolicy(t.Context(), by, policy))
	if err := w.DeleteOrganization(t.Context(), by, o.ID); err != nil {
		t.Errorf("one that no policy names any more: %v", err)
	}
}
