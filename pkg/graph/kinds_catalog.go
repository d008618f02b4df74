package graph

import (
	"cmp"
	"context"
	"sync"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/graph/odata"
)

// emSet stands before the entity sets of entitlement management in contexts.
const emSet = "identityGovernance/entitlementManagement/"

func catalogKind() kind[entitlement.Catalog] {
	return kind[entitlement.Catalog]{set: emSet + "catalogs", shape: shapeCatalog, links: func() map[string]link {
		return map[string]link{
			"accessPackages": perCatalog("accessPackages", packageKind, Reads.PackagesOf),
			"resources":      perCatalog("resources", resourceKind, Reads.ListResources),
		}
	}}
}

func shapeCatalog(c entitlement.Catalog) object {
	state := "unpublished"
	if c.Published {
		state = "published"
	}
	return object{
		"id": string(c.ID), "displayName": text(c.DisplayName), "description": c.Description, "catalogType": "userManaged", "state": state,
		"isExternallyVisible": c.ExternallyVisible, "createdDateTime": instant(c.Created), "modifiedDateTime": instant(c.Modified),
		"accessPackages": hidden{}, "resources": hidden{},
	}
}

// parallel bounds the lists that one answer reads side by side.
const parallel = 8

// perCatalog is a link to a list that only its catalog leads to: one list is read for
// each catalog of the page, several side by side.
func perCatalog[T any](name string, k func() kind[T], read func(Reads, context.Context, entitlement.CatalogID, entitlement.Page) (entitlement.Paged[T], error)) link {
	return link{many: true, links: func() map[string]link { return k().links() },
		load: func(ctx context.Context, c *call, of []object) ([][]object, error) {
			out := make([][]object, len(of))
			return out, sideBySide(len(of), func(i int) error {
				found, err := whole(ctx, func(ctx context.Context, page entitlement.Page) (entitlement.Paged[T], error) {
					return read(c.deps.Reads, ctx, entitlement.CatalogID(of[i]["id"].(string)), page)
				})
				for _, v := range found {
					out[i] = append(out[i], k().shape(v))
				}
				return err
			})
		}}
}

// sideBySide does n things, a few at a time, and returns the first failure in their order.
func sideBySide(n int, do func(i int) error) error {
	errs := make([]error, n)
	slots := make(chan struct{}, parallel)
	var all sync.WaitGroup
	for i := range n {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			errs[i] = do(i)
		})
	}
	all.Wait()
	return cmp.Or(errs...)
}

func resourceKind() kind[entitlement.Resource] {
	return kind[entitlement.Resource]{set: emSet + "resources", shape: shapeResource, links: resourceLinks}
}

// resourceLinks are for administrators: what a catalog holds beside the role that led here,
// and the target's address, are nothing that a holder of the role needs.
func resourceLinks() map[string]link {
	return map[string]link{
		"roles":       within("roles", true, roleLinks),
		"scopes":      within("scopes", true, noLinks),
		"environment": one("environment", environments, environmentsByID),
	}
}

func shapeResource(r entitlement.Resource) object {
	roles := make([]any, len(r.Roles))
	for i, role := range r.Roles {
		roles[i] = shapeRole(role, r.OriginSystem, r.ID, r.Catalog)
	}
	return object{
		"id": string(r.ID), "displayName": text(r.DisplayName), "description": text(r.Description), "originId": odata.Exact(r.OriginID),
		"originSystem": text(r.OriginSystem), "attributes": []any{}, "createdDateTime": instant(r.Created), "modifiedDateTime": nil,
		"roles": hidden{roles}, "scopes": hidden{[]any{shapeScope(r.Scope, r.OriginSystem)}}, "environment": reference(r.Connector),
	}
}

// shapeRole hides the role's resource with the catalog that leads to it.
func shapeRole(role entitlement.ResourceRole, origin string, of entitlement.ResourceID, in entitlement.CatalogID) object {
	return object{
		"id": role.ID, "displayName": text(role.DisplayName), "description": nil, "originId": odata.Exact(role.OriginID), "originSystem": text(origin),
		"type": nil, "resource": hidden{object{"id": string(of), "catalog": string(in)}},
	}
}

func shapeScope(s entitlement.ResourceScope, origin string) object {
	return object{
		"id": s.ID, "displayName": text(s.DisplayName), "description": nil, "originId": odata.Exact(s.OriginID), "originSystem": text(origin), "isRootScope": true,
	}
}

// roleLinks: a resource is found through its catalog, so each catalog in question is
// read once.
func roleLinks() map[string]link {
	return map[string]link{"resource": {shown: true, links: resourceLinks, load: func(ctx context.Context, c *call, of []object) ([][]object, error) {
		known := map[string]map[string]entitlement.Resource{}
		out := make([][]object, len(of))
		for i, o := range of {
			seen := o["resource"].(hidden).seen.(object)
			catalog := seen["catalog"].(string)
			if known[catalog] == nil {
				found, err := whole(ctx, func(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.Resource], error) {
					return c.deps.Reads.ListResources(ctx, entitlement.CatalogID(catalog), page)
				})
				if err != nil {
					return nil, err
				}
				known[catalog] = map[string]entitlement.Resource{}
				for _, r := range found {
					known[catalog][string(r.ID)] = r
				}
			}
			if r, ok := known[catalog][seen["id"].(string)]; ok {
				out[i] = []object{shapeResource(r)}
			}
		}
		return out, nil
	}}}
}

// resourceRole is a role with the resource that offers it.
type resourceRole struct {
	role     entitlement.ResourceRole
	resource entitlement.Resource
}

func resourceRoles() kind[resourceRole] {
	return kind[resourceRole]{set: emSet + "resourceRoles", links: roleLinks, shape: func(r resourceRole) object {
		return shapeRole(r.role, r.resource.OriginSystem, r.resource.ID, r.resource.Catalog)
	}}
}
