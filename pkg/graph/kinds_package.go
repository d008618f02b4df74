package graph

import (
	"context"
	"slices"

	"leasehold/pkg/entitlement"
)

func packageKind() kind[entitlement.AccessPackage] {
	return kind[entitlement.AccessPackage]{set: emSet + "accessPackages", shape: shapePackage, links: packageLinks}
}

func packageLinks() map[string]link {
	return map[string]link{
		"catalog":                    shown(one("catalog", catalogKind, Reads.Catalogs)),
		"assignmentPolicies":         several("assignmentPolicies", policyKind, Reads.Policies),
		"incompatibleAccessPackages": several("incompatibleAccessPackages", listedPackages, Reads.Packages),
		"incompatibleGroups":         several("incompatibleGroups", groups, Reads.Groups),
		"resourceRoleScopes":         {many: true, shown: true, links: roleScopeLinks, load: loadRoleScopes},
	}
}

// listedPackages are packages within another one's list. Nothing is expanded in them: lists
// of lists would have no bound.
func listedPackages() kind[entitlement.AccessPackage] {
	k := packageKind()
	k.links = noLinks
	return k
}

func shapePackage(p entitlement.AccessPackage) object {
	return object{
		"id": string(p.ID), "displayName": text(p.DisplayName), "description": p.Description, "isHidden": p.Hidden,
		"createdDateTime": instant(p.Created), "modifiedDateTime": instant(p.Modified),
		"catalog": reference(p.Catalog), "assignmentPolicies": hidden{texts(p.Policies)}, "resourceRoleScopes": hidden{},
		"incompatibleAccessPackages": hidden{texts(p.Incompatible)}, "incompatibleGroups": hidden{texts(p.IncompatibleGroups)},
	}
}

// packagesEver reads packages, and what is kept of those that are gone: a request still says
// what it was for.
func packagesEver(r Reads, ctx context.Context, ids []entitlement.PackageID) ([]entitlement.AccessPackage, error) {
	found, err := r.Packages(ctx, ids)
	if err != nil || len(found) == len(ids) {
		return found, err
	}
	there := map[entitlement.PackageID]bool{}
	for _, p := range found {
		there[p.ID] = true
	}
	gone := slices.DeleteFunc(slices.Clone(ids), func(id entitlement.PackageID) bool { return there[id] })
	former, err := r.FormerPackages(ctx, gone)
	return append(found, former...), err
}

// loadRoleScopes reads the role scopes of all packages of a page at once.
func loadRoleScopes(ctx context.Context, c *call, of []object) ([][]object, error) {
	var ids []entitlement.PackageID
	for _, o := range of {
		ids = append(ids, entitlement.PackageID(o["id"].(string)))
	}
	work, err := c.deps.Reads.Work(ctx, entitlement.Head{Subject: c.by.ID, Live: distinct(ids)})
	if err != nil {
		return nil, err
	}
	out := make([][]object, len(of))
	for i, id := range ids {
		for _, scope := range work.Scopes[id].List {
			out[i] = append(out[i], shapeRoleScope(roleScope{scope, catalogOf(of[i])}))
		}
	}
	return out, nil
}

// catalogOf returns the catalog of a package's tree, which may be expanded already.
func catalogOf(o object) entitlement.CatalogID {
	if expanded, ok := o["catalog"].(object); ok {
		id, _ := expanded["id"].(string)
		return entitlement.CatalogID(id)
	}
	return referenceOf[entitlement.CatalogID](o, "catalog")
}

func distinct[T comparable](all []T) []T {
	seen := map[T]bool{}
	var out []T
	for _, v := range all {
		if !seen[v] {
			seen[v] = true
			out = append(out, v)
		}
	}
	return out
}

// roleScope is a role scope with the catalog that its resource is found through.
type roleScope struct {
	entitlement.ResourceRoleScope
	catalog entitlement.CatalogID
}

func roleScopes() kind[roleScope] {
	return kind[roleScope]{set: emSet + "resourceRoleScopes", shape: shapeRoleScope, links: roleScopeLinks}
}

func roleScopeLinks() map[string]link {
	return map[string]link{"role": shown(within("role", false, roleLinks)), "scope": shown(within("scope", false, noLinks))}
}

func shapeRoleScope(s roleScope) object {
	return object{
		"id": s.ID, "createdDateTime": instant(s.Created),
		"role":  hidden{shapeRole(s.Role, s.Origin, s.Resource, s.catalog)},
		"scope": hidden{shapeScope(s.Scope, s.Origin)},
	}
}
