package portal

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"leasehold/pkg/authz"
	"leasehold/pkg/catalogs"
	"leasehold/pkg/directory"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/views"
)

// resourcesPage is the whole list of a catalog's resources.
type resourcesPage struct {
	entitlement.Catalog
	Resources []entitlement.Resource
	Next      string
}

func listResources(ctx context.Context, v *visit) (answer, error) {
	c, err := v.catalog(ctx)
	if err != nil {
		return answer{}, err
	}
	token, err := v.unseal(ctx, v.request.URL.Query().Get("page"))
	if err != nil {
		return answer{}, err
	}
	list, err := v.Catalogs.Resources(ctx, v.by.Caller, c.ID, entitlement.Page{Limit: onPage, Token: token})
	if err != nil {
		return answer{}, err
	}

	shown := resourcesPage{Catalog: c, Resources: list.Items}
	if shown.Next, err = v.next(ctx, list.Next); err != nil {
		return answer{}, err
	}
	return page(resourcesView(v, shown))
}

// pickPage is a search, with one of what was found to be chosen.
type pickPage struct {
	entitlement.Catalog
	Sought string
	Found  []directory.Candidate
	More   bool   // there may be others
	Chosen string // id
	Role   string // of a role to be given
	Faults faults
}

func resourcePath(catalog entitlement.CatalogID, id entitlement.ResourceID) string {
	return catalogPath(catalog) + "/resources/" + string(id)
}

// resourcePage is one resource, with the packages that give roles of it.
type resourcePage struct {
	entitlement.Resource
	Catalog entitlement.Catalog
	Users   []resourceUse
	More    bool // not all packages of the catalog were looked at
	May     func(authz.Action) bool
	Faults  faults
}

// resourceUse is a package that gives roles of a resource.
type resourceUse struct {
	Package entitlement.AccessPackage
	Roles   string
}

func showResource(ctx context.Context, v *visit) (answer, error) {
	shown, err := v.resourcePage(ctx)
	if err != nil {
		return answer{}, err
	}
	return page(resourceView(v, shown))
}

func (v *visit) resourcePage(ctx context.Context) (resourcePage, error) {
	id, err := pathPart[entitlement.ResourceID](v, "resource")
	if err != nil {
		return resourcePage{}, err
	}
	in, err := pathPart[entitlement.CatalogID](v, "catalog")
	if err != nil {
		return resourcePage{}, err
	}

	var shown resourcePage
	var found catalogs.ResourceUses
	err = views.Together(
		func() (err error) { shown.Catalog, err = v.catalog(ctx); return err },
		func() (err error) { found, err = v.Catalogs.UsesOf(ctx, v.by.Caller, in, id); return err })
	if err != nil {
		return resourcePage{}, err
	}

	shown.Resource, shown.More, shown.May = found.Resource, found.More, v.Views.May(ctx, v.by.Caller, authz.Object{Catalog: in})
	for _, p := range found.Packages {
		var roles []string
		for _, scope := range p.Scopes {
			roles = append(roles, scope.Role.DisplayName)
		}
		shown.Users = append(shown.Users, resourceUse{p.AccessPackage, strings.Join(roles, ", ")})
	}
	return shown, nil
}

func removeResource(ctx context.Context, v *visit) (answer, error) {
	c, err := v.editing(ctx, authz.RemoveResource)
	if err != nil {
		return answer{}, err
	}
	id, err := pathPart[entitlement.ResourceID](v, "resource")
	if err != nil {
		return answer{}, err
	}
	r, err := v.Catalogs.FindResource(ctx, v.by.Caller, c.ID, id, "", "")
	if err != nil {
		return answer{}, err
	}

	if err = v.confirmed(); err == nil {
		err = v.Catalogs.RemoveResource(ctx, v.by, r)
	}
	if err == nil {
		return then(catalogPath(c.ID))
	}

	all, status, err := v.refused(err)
	if err != nil {
		return answer{}, err
	}
	shown, err := v.resourcePage(ctx)
	if err != nil {
		return answer{}, err
	}
	shown.Faults = all
	return answer{status: status, page: resourceView(v, shown)}, nil
}

// catalogRoles are the roles that are given in a catalog, the widest first.
var catalogRoles = []entitlement.RoleID{entitlement.CatalogOwner, entitlement.AccessPackageManager, entitlement.AssignmentManager, entitlement.CatalogReader}

// roleWords are what they are called, and roleTasks what they let do.
var roleWords = map[entitlement.RoleID]string{entitlement.CatalogOwner: "Catalog owner", entitlement.AccessPackageManager: "Access package manager",
	entitlement.AssignmentManager: "Assignment manager", entitlement.CatalogReader: "Catalog reader"}

var roleTasks = map[entitlement.RoleID]string{
	entitlement.CatalogOwner:         "Edits the catalog and all that is in it, and says who else does.",
	entitlement.AccessPackageManager: "Edits access packages, their policies, and who has them.",
	entitlement.AssignmentManager:    "Says who has the access packages.",
	entitlement.CatalogReader:        "Sees what is in the catalog, and changes nothing.",
}

func findHolder(ctx context.Context, v *visit) (answer, error) {
	query := v.request.URL.Query()
	shown, err := v.holderPicker(ctx, query.Get("search"))
	if err != nil {
		return answer{}, err
	}
	return page(holderPickerView(v, shown))
}

// holderPicker finds people and groups for the roles of a catalog.
func (v *visit) holderPicker(ctx context.Context, sought string) (pickPage, error) {
	c, err := v.editing(ctx, authz.AssignRole)
	if err != nil {
		return pickPage{}, err
	}
	shown := pickPage{Catalog: c, Sought: strings.TrimSpace(sought)}
	if shown.Sought == "" {
		return shown, nil
	}
	shown.Found, shown.More, err = v.find(ctx, directory.Purpose{Action: authz.AssignRole, In: authz.Object{Catalog: c.ID}}, shown.Sought)
	if err != nil && entitlement.KindOf(err) == entitlement.Invalid {
		shown.Faults, err = faults{{"search", v.T("Type at least two characters of the name.")}}, nil
	}
	return shown, err
}

// find finds people, and groups after them.
func (v *visit) find(ctx context.Context, to directory.Purpose, sought string) ([]directory.Candidate, bool, error) {
	people, more, err := v.Directory.FindPeople(ctx, v.by.Caller, to, sought)
	if err != nil {
		return nil, false, err
	}
	groups, others, err := v.Directory.FindGroups(ctx, v.by.Caller, to, sought)
	return append(people, groups...), more || others, err
}

func giveRole(ctx context.Context, v *visit) (answer, error) {
	catalog, err := pathPart[entitlement.CatalogID](v, "catalog")
	if err != nil {
		return answer{}, err
	}

	given := entitlement.RoleAssignment{Catalog: catalog, Role: entitlement.RoleID(v.typed("role"))}
	chosen, wrong := v.typed("principal"), faults(nil)
	if _, err := entitlement.ParseID[entitlement.UserID]("principal", chosen); err != nil {
		wrong = append(wrong, fault{"found", v.T("Choose a person or a group.")})
	}
	if !slices.Contains(catalogRoles, given.Role) {
		wrong = append(wrong, fault{"role", v.T("Choose a role.")})
	}

	status := http.StatusBadRequest
	if wrong == nil {
		_, err := v.Catalogs.AssignRole(ctx, v.by, given, chosen)
		if err == nil {
			return then(catalogPath(catalog))
		}
		if entitlement.CodeOf(err) == entitlement.CodeNameTaken {
			wrong, status = faults{{"found", v.T("They hold this role already.")}}, http.StatusConflict
		} else if wrong, status, err = v.refused(err); err != nil {
			return answer{}, err
		}
	}

	shown, err := v.holderPicker(ctx, v.typed("search"))
	if err != nil {
		return answer{}, err
	}
	shown.Faults, shown.Chosen, shown.Role = wrong, chosen, string(given.Role)
	return answer{status: status, page: holderPickerView(v, shown)}, nil
}

func takeRole(ctx context.Context, v *visit) (answer, error) {
	catalog, err := pathPart[entitlement.CatalogID](v, "catalog")
	if err != nil {
		return answer{}, err
	}
	id, err := pathPart[entitlement.RoleAssignmentID](v, "role")
	if err != nil {
		return answer{}, err
	}

	// It must be one of this catalog, whatever the address says.
	if _, err := v.editing(ctx, authz.AssignRole); err != nil {
		return answer{}, err
	}
	held, err := v.Catalogs.RoleAssignment(ctx, v.by.Caller, id)
	if err := within(err, held.Catalog == catalog); err != nil {
		return answer{}, err
	}

	if err := v.Catalogs.RemoveRole(ctx, v.by, id); err != nil {
		return v.besideCatalog(ctx, err)
	}
	// Whoever gave up their own role may not see the catalog any more.
	if !v.stillSees(ctx, catalog) {
		return then("/catalogs")
	}
	return then(catalogPath(catalog))
}

// stillSees reads anew whether the visitor may see a catalog: the roles that this call has read
// are those from before it.
func (v *visit) stillSees(ctx context.Context, id entitlement.CatalogID) bool {
	now, err := v.Directory.Account(ctx, authz.Caller{ID: v.by.ID, Scopes: v.by.Scopes})
	return err == nil && v.Views.May(ctx, now, authz.Object{Catalog: id})(authz.ReadCatalog)
}
