package graph

import (
	"context"
	"slices"
	"strings"

	"leasehold/pkg/authz"
	"leasehold/pkg/catalogs"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/graph/odata"
	"leasehold/pkg/graph/strict"
	"leasehold/pkg/views"
)

func listPackages(ctx context.Context, c *call) (response, error) {
	id, named, err := odata.EqualID[entitlement.PackageID](c.options.Filter, "id")
	if err != nil {
		return response{}, err
	}
	if named {
		return list(ctx, c, c.packageKind(), viewed(only(c.deps.Catalogs.Package(ctx, c.by.Caller, id)), views.OfPackages))
	}

	catalog, named, err := odata.EqualID[entitlement.CatalogID](c.options.Filter, "catalog/id")
	if err != nil {
		return response{}, err
	}
	if named {
		read := func(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.AccessPackage], error) {
			return c.deps.Catalogs.PackagesOf(ctx, c.by.Caller, catalog, page)
		}
		return list(ctx, c, c.packageKind(), viewed(read, views.OfPackages))
	}

	return list(ctx, c, c.packageKind(), viewed(asCaller(c, c.deps.Catalogs.ListPackages), views.OfPackages))
}

func createPackage(ctx context.Context, c *call) (response, error) {
	o, err := c.body()
	if err != nil {
		return response{}, err
	}

	var made entitlement.AccessPackage
	readPackage(o, &made)

	catalog := o.Object("catalog")
	catalog.Ignore("displayName", "description", "catalogType", "state", "isExternallyVisible", "createdDateTime", "modifiedDateTime")
	strict.ID(catalog, "id", &made.Catalog)
	if made.Catalog == "" {
		catalog.Fail("id", "must name the catalog of the access package.")
	}
	if err := o.Done(); err != nil {
		return response{}, err
	}

	if made, err = c.deps.Catalogs.CreatePackage(ctx, c.by, made); err != nil {
		return response{}, err
	}

	return created(ctx, c, c.packageKind(), viewOf(made, views.OfPackages))
}

func readPackage(o *strict.Object, p *entitlement.AccessPackage) {
	o.Ignore("id", "createdDateTime", "modifiedDateTime")
	o.Text("displayName", &p.DisplayName)
	o.Text("description", &p.Description)
	o.Bool("isHidden", &p.Hidden)
}

// getKeptPackage shows a package as its keepers see it, after they have changed it: the other
// function serves the package by itself, and holds what asking for it needs.
func getKeptPackage(ctx context.Context, c *call) (response, error) {
	p, err := c.deps.Catalogs.Package(ctx, c.by.Caller, id[entitlement.PackageID](c, "accessPackageId"))
	if err != nil {
		return response{}, err
	}
	return entity(ctx, c, c.packageKind(), viewOf(p, views.OfPackages))
}

func updatePackage(ctx context.Context, c *call) (response, error) {
	o, err := c.body()
	if err != nil {
		return response{}, err
	}
	sameID(o, c.path["accessPackageId"])
	o.Refuse("catalog") // to move a package is not possible
	if err := readable(o, readPackage); err != nil {
		return response{}, err
	}
	_, err = c.deps.Catalogs.UpdatePackage(ctx, c.by, id[entitlement.PackageID](c, "accessPackageId"), func(kept *entitlement.AccessPackage) { readPackage(o, kept) })
	return done(err)
}

func deletePackage(ctx context.Context, c *call) (response, error) {
	return done(c.deps.Catalogs.DeletePackage(ctx, c.by, id[entitlement.PackageID](c, "accessPackageId")))
}

func listRoleScopes(ctx context.Context, c *call) (response, error) {
	p, err := c.deps.Catalogs.Package(ctx, c.by.Caller, id[entitlement.PackageID](c, "accessPackageId"))
	if err != nil {
		return response{}, err
	}
	return list(ctx, c, c.roleScopes(), sliced(c.deps.Views.RoleScopesOf(ctx, c.by.Caller, p)))
}

// roleBody is a role scope as a client words it.
type roleBody struct {
	role, roleID, system string
	resource             entitlement.ResourceID
	environment          entitlement.ConnectorID
	origin               string
	scopeID, scope       string
}

func addRoleScope(ctx context.Context, c *call) (response, error) {
	o, err := c.body()
	if err != nil {
		return response{}, err
	}

	var ask roleBody
	readRoleScope(o, &ask)
	if err := o.Done(); err != nil {
		return response{}, err
	}

	var added entitlement.ResourceRoleScope
	made, err := c.deps.Catalogs.Once(ctx, c.by, func(by authz.Command) (string, error) {
		fresh, err := putRoleScope(ctx, c, by, ask)
		if err == nil {
			added = fresh
		}
		return fresh.ID, err
	})
	if err != nil {
		return response{}, err
	}

	// The resource is looked for in the catalog of the package, the only one whose resources it
	// may hold.
	if added.ID == "" { // it was added before: of what it is, nothing more is answered
		added = entitlement.ResourceRoleScope{ID: made.Answer, Created: made.At}
	}
	return created(ctx, c, c.roleScopes(), views.OfRoleScopes([]entitlement.ResourceRoleScope{added}, "")[0])
}

// putRoleScope adds the role that a body names to the package in the path.
func putRoleScope(ctx context.Context, c *call, by authz.Command, ask roleBody) (entitlement.ResourceRoleScope, error) {
	var none entitlement.ResourceRoleScope
	p, err := c.deps.Catalogs.Package(ctx, c.by.Caller, id[entitlement.PackageID](c, "accessPackageId"))
	if err != nil {
		return none, err
	}
	resource, err := roleResource(ctx, c, p.Catalog, ask)
	if err != nil {
		return none, err
	}

	if err := ask.resolve(resource); err != nil {
		return none, err
	}

	return c.deps.Catalogs.AddScope(ctx, by, p.ID, resource, ask.role)
}

// resolve finds the role's id at the target by the one that we gave it. What else the body
// names must be of the resource too, and the same role.
func (ask *roleBody) resolve(r entitlement.Resource) error {
	if ask.roleID != "" {
		i := slices.IndexFunc(r.Roles, func(role entitlement.ResourceRole) bool { return strings.EqualFold(role.ID, ask.roleID) })
		if i < 0 || ask.role != "" && ask.role != r.Roles[i].OriginID {
			return entitlement.Errorf(entitlement.Invalid, "role.id must be that of a role of the resource, and of the same one as role.originId.")
		}
		ask.role = r.Roles[i].OriginID
	}
	if ask.scopeID != "" && !strings.EqualFold(ask.scopeID, r.Scope.ID) {
		return entitlement.Errorf(entitlement.Invalid, "scope.id must be that of the resource's scope: %s.", r.Scope.ID)
	}
	return lives(r, "role.resource.environment.id", ask.environment)
}

func readRoleScope(o *strict.Object, ask *roleBody) {
	o.Ignore("id", "createdDateTime")

	role := o.Object("role")
	role.Ignore("displayName", "description", "type")
	role.Text("id", &ask.roleID)
	role.Text("originId", &ask.role)
	role.Text("originSystem", &ask.system)

	resource := role.Object("resource")
	resource.Ignore("displayName", "description", "attributes", "createdDateTime", "modifiedDateTime", "roles", "scopes")
	strict.ID(resource, "id", &ask.resource)

	environment := resource.Object("environment")
	environment.Ignore("displayName", "description", "originId", "originSystem", "isDefaultEnvironment", "connectionInfo", "createdDateTime", "modifiedDateTime")
	strict.ID(environment, "id", &ask.environment)
	resource.Text("originId", &ask.origin)
	resource.Text("originSystem", &ask.system)

	scope := o.Object("scope")
	scope.Text("id", &ask.scopeID)
	scope.Ignore("displayName", "description", "originSystem", "isRootScope")
	scope.Text("originId", &ask.scope)

	switch {
	case ask.role == "" && ask.roleID == "":
		role.Fail("originId", "must name a role of the resource.")
	case ask.resource == "" && ask.origin == "":
		resource.Fail("id", "must name a resource of the catalog.")
	case !isOriginID(ask.origin):
		resource.Fail("originId", "must be at most 512 printable characters long.")
	}
}

// roleResource finds the resource of a role: by its id, or by its id at the target that it
// names.
func roleResource(ctx context.Context, c *call, catalog entitlement.CatalogID, ask roleBody) (entitlement.Resource, error) {
	connector := entitlement.ConnectorID("")
	if ask.resource == "" {
		at, _, err := c.deps.Catalogs.Target(catalogs.Origin{System: ask.system, Environment: ask.environment, ID: ask.origin, Role: ask.role})
		if entitlement.KindOf(err) == entitlement.Precondition {
			return entitlement.Resource{}, err
		}
		if err != nil {
			return entitlement.Resource{}, entitlement.Errorf(entitlement.Invalid, "role.resource.id must name the resource, since its originId alone does not say where it is.")
		}
		connector = at
	}

	r, err := c.deps.Catalogs.FindResource(ctx, c.by.Caller, catalog, ask.resource, connector, ask.origin)
	if err != nil {
		return r, err
	}

	if ask.origin != "" && ask.origin != r.OriginID || ask.scope != "" && ask.scope != r.OriginID && ask.scope != r.Scope.OriginID {
		return r, entitlement.Errorf(entitlement.Invalid, "role.resource.originId and scope.originId must be those of the resource: %s.", r.OriginID)
	}

	return r, nil
}

func removeRoleScope(ctx context.Context, c *call) (response, error) {
	role, scope, _ := strings.Cut(c.path["roleScope"], "_")
	for _, part := range []string{role, scope} {
		if _, err := entitlement.ParseID[string]("", part); err != nil {
			return response{}, entitlement.Errorf(entitlement.Invalid, "In the path, the id of the resource role scope must be two UUIDs with _ between them.")
		}
	}
	return done(c.deps.Catalogs.RemoveScope(ctx, c.by, id[entitlement.PackageID](c, "accessPackageId"), strings.ToLower(c.path["roleScope"])))
}

func listPoliciesOf(ctx context.Context, c *call) (response, error) {
	return policiesOf(ctx, c, id[entitlement.PackageID](c, "accessPackageId"))
}

// policiesOf lists the policies of one package.
func policiesOf(ctx context.Context, c *call, id entitlement.PackageID) (response, error) {
	p, err := c.deps.Catalogs.Package(ctx, c.by.Caller, id)
	if err != nil {
		return response{}, err
	}
	read := func(ctx context.Context, ids []entitlement.PolicyID) ([]entitlement.AssignmentPolicy, error) {
		return c.deps.Catalogs.PoliciesOf(ctx, c.by.Caller, p, ids)
	}
	return list(ctx, c, c.policyKind(), viewed(paged(sliced(p.Policies, nil), read), views.OfPolicies))
}
