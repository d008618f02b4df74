package seed

import (
	"context"

	"leasehold/localstack/components"
	"leasehold/pkg/entitlement"
)

// ownedCatalog is the catalog that the account owner owns: what it needs for that, its groups
// and the resources of the SCIM server, is the account's too.
const ownedCatalog = "Sales"

// seedDelegates makes the account owner the owner of a catalog.
func (s *seeding) seedDelegates(ctx context.Context) error {
	const path = "/roleManagement/entitlementManagement/roleAssignments"
	catalog, err := s.ensure(ctx, "/catalogs", ownedCatalog, nil)
	if err != nil {
		return err
	}

	scope := "/AccessPackageCatalog/" + catalog
	given, err := list[entity](ctx, s.graph, path, "$filter", "appScopeId eq '"+scope+"' and principalId eq '"+s.people[components.Owner]+"'")
	if err != nil || len(given) > 0 {
		return err
	}
	_, err = s.graph.create(ctx, path, object{"principalId": s.people[components.Owner], "roleDefinitionId": string(entitlement.CatalogOwner), "appScopeId": scope})
	return err
}
