package portal

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
	"leasehold/pkg/order"
	"leasehold/pkg/views"
)

// ownersRoutes are the pages of those who keep catalogs, and what is in them.
var ownersRoutes = []route{
	{http.MethodGet, "/catalogs", authz.ListRequestablePackages, listCatalogs}, // what it lists is asked of roles
	{http.MethodGet, "/catalogs/new", authz.CreateCatalog, newCatalog},
	{http.MethodPost, "/catalogs/new", authz.CreateCatalog, createCatalog},
	{http.MethodGet, "/catalogs/{catalog}", authz.ReadCatalog, showCatalog},
	{http.MethodGet, "/catalogs/{catalog}/edit", authz.UpdateCatalog, editCatalog},
	{http.MethodPost, "/catalogs/{catalog}/edit", authz.UpdateCatalog, updateCatalog},
	{http.MethodPost, "/catalogs/{catalog}/delete", authz.DeleteCatalog, deleteCatalog},

	{http.MethodGet, "/catalogs/{catalog}/resources", authz.ReadCatalog, listResources},
	{http.MethodGet, "/catalogs/{catalog}/resources/add", authz.AddResource, findResource},
	{http.MethodPost, "/catalogs/{catalog}/resources/add", authz.AddResource, addResource},
	{http.MethodGet, "/catalogs/{catalog}/resources/{resource}", authz.ReadCatalog, showResource},
	{http.MethodPost, "/catalogs/{catalog}/resources/{resource}/remove", authz.RemoveResource, removeResource},

	{http.MethodGet, "/catalogs/{catalog}/roles/give", authz.AssignRole, findHolder},
	{http.MethodPost, "/catalogs/{catalog}/roles/give", authz.AssignRole, giveRole},
	{http.MethodPost, "/catalogs/{catalog}/roles/{role}/take", authz.AssignRole, takeRole},

	{http.MethodGet, "/catalogs/{catalog}/packages", authz.ListPackages, listPackages},
	{http.MethodGet, "/catalogs/{catalog}/packages/new", authz.CreatePackage, newPackage},
	{http.MethodPost, "/catalogs/{catalog}/packages/new", authz.CreatePackage, createPackage},
	{http.MethodGet, "/catalogs/{catalog}/packages/{id}", authz.ListPackages, managePackage},
	{http.MethodGet, "/catalogs/{catalog}/packages/{id}/edit", authz.UpdatePackage, editPackage},
	{http.MethodPost, "/catalogs/{catalog}/packages/{id}/edit", authz.UpdatePackage, updatePackage},
	{http.MethodPost, "/catalogs/{catalog}/packages/{id}/delete", authz.DeletePackage, deletePackage},
	{http.MethodGet, "/catalogs/{catalog}/packages/{id}/roles/add", authz.ChangeRoleScopes, findScope},
	{http.MethodPost, "/catalogs/{catalog}/packages/{id}/roles/add", authz.ChangeRoleScopes, addScope},
	{http.MethodPost, "/catalogs/{catalog}/packages/{id}/roles/{scope}/remove", authz.ChangeRoleScopes, removeScope},

	{http.MethodGet, "/catalogs/{catalog}/packages/{id}/policies/new", authz.CreatePolicy, newPolicy},
	{http.MethodPost, "/catalogs/{catalog}/packages/{id}/policies/new", authz.CreatePolicy, createPolicy},
	{http.MethodGet, "/catalogs/{catalog}/packages/{id}/policies/{policy}", authz.UpdatePolicy, editPolicy},
	{http.MethodPost, "/catalogs/{catalog}/packages/{id}/policies/{policy}", authz.UpdatePolicy, updatePolicy},
	{http.MethodGet, "/catalogs/{catalog}/packages/{id}/policies/{policy}/outside", authz.ListAssignments, holdersOutside},
	{http.MethodPost, "/catalogs/{catalog}/packages/{id}/policies/{policy}/turn", authz.UpdatePolicy, turnPolicy},
	{http.MethodPost, "/catalogs/{catalog}/packages/{id}/policies/{policy}/delete", authz.DeletePolicy, deletePolicy},
}

// fault is something that is wrong with a form; Field is the id of where, "" for all of it.
type fault struct{ Field, Text string }

type faults []fault

// At reports that something is wrong with a field.
func (f faults) At(field string) bool {
	return slices.ContainsFunc(f, func(one fault) bool { return one.Field == field })
}

// anchor leads to something on the page.
func anchor(id string) string { return (&url.URL{Fragment: id}).String() }

// refused is a refusal as it is said beside the form that was sent, with the status of the page;
// what has nothing to do with the form comes back as it is.
func (v *visit) refused(err error) (faults, int, error) {
	status := entitlement.KindOf(err).HTTPStatus()
	if status >= http.StatusInternalServerError || status == http.StatusNotFound || status == http.StatusUnauthorized {
		return nil, 0, err
	}
	if entitlement.CodeOf(err) == entitlement.CodeNameTaken {
		return faults{{"name", v.T("There is one of this name already: choose another name.")}}, status, nil
	}
	return faults{{"", v.said(err)}}, status, nil
}

// typed is what was typed into a field of the form that was sent.
func (v *visit) typed(field string) string {
	return strings.TrimSpace(strings.ReplaceAll(v.request.PostForm.Get(field), "\r\n", "\n"))
}

// ticked reports a box of the form that was sent.
func (v *visit) ticked(field string) bool { return v.request.PostForm.Get(field) == "yes" }

// unnamed says that a name is missing.
func (v *visit) unnamed(name string) faults {
	if name == "" {
		return faults{{"name", v.T("Type a name.")}}
	}
	return nil
}

// crumb is a page above this one.
type crumb struct{ Name, Path string }

// catalogsPage is the list of the catalogs that the visitor keeps or sees.
type catalogsPage struct {
	Catalogs  []entitlement.Catalog
	MayCreate bool
	Beside    []menuItem // what a role in the whole organisation opens beside catalogs
	Next      string
}

// besideCatalogs are pages that are opened by a role in the whole organisation too. The menu
// leads administrators to them: of others it would take a read more on each page.
var besideCatalogs = []struct {
	menuItem
	action authz.Action
}{{menuItem{"/people", "People"}, authz.ReadUser}, {menuItem{"/operations", "Operations"}, authz.ReadDeliveryErrors}, {menuItem{"/audit", "Audit"}, authz.ReadEvents}, {menuItem{"/administration", "Administration"}, authz.ReadOrganization}}

func listCatalogs(ctx context.Context, v *visit) (answer, error) {
	token, err := v.unseal(ctx, v.request.URL.Query().Get("page"))
	if err != nil {
		return answer{}, err
	}

	var shown catalogsPage
	var list entitlement.Paged[entitlement.Catalog]
	err = views.Together(
		func() (err error) {
			may := v.Views.May(ctx, v.by.Caller, authz.Object{})
			shown.MayCreate = may(authz.CreateCatalog)
			for _, page := range besideCatalogs {
				if !v.may(page.action) && may(page.action) {
					shown.Beside = append(shown.Beside, page.menuItem)
				}
			}
			list, err = v.Catalogs.ListCatalogs(ctx, v.by.Caller, entitlement.Page{Limit: onPage, Token: token})
			return err
		},
		// Whoever sees some catalogs by roles in them has these read while it is asked who sees all.
		func() error { v.Views.Opens(ctx, v.by.Caller)(authz.ReadCatalog); return nil })
	// Whoever holds no role anywhere sees none, and is told what to do.
	if err != nil && entitlement.KindOf(err) != entitlement.Forbidden {
		return answer{}, err
	}

	shown.Catalogs = list.Items
	if shown.Next, err = v.next(ctx, list.Next); err != nil {
		return answer{}, err
	}
	return page(catalogsView(v, shown))
}

// catalogForm is what somebody types of a catalog.
type catalogForm struct {
	Catalog           entitlement.Catalog // that is edited; none where one is created
	Name, Description string
	Published         bool
	Faults            faults
}

// Path is where the form goes.
func (f catalogForm) Path() string {
	if f.Catalog.ID == "" {
		return "/catalogs/new"
	}
	return catalogPath(f.Catalog.ID) + "/edit"
}

func catalogPath(id entitlement.CatalogID) string { return "/catalogs/" + string(id) }

func readCatalogForm(v *visit) catalogForm {
	return catalogForm{Name: v.typed("name"), Description: v.typed("description"), Published: v.ticked("published")}
}

// mayCreate refuses those who may not create catalogs, before anything is said of a form.
func (v *visit) mayCreate(ctx context.Context) error {
	return v.Views.Allows(ctx, v.by.Caller, authz.CreateCatalog, authz.Object{})
}

func newCatalog(ctx context.Context, v *visit) (answer, error) {
	if err := v.mayCreate(ctx); err != nil {
		return answer{}, err
	}
	return page(catalogFormView(v, catalogForm{Published: true}))
}

func createCatalog(ctx context.Context, v *visit) (answer, error) {
	if err := v.mayCreate(ctx); err != nil {
		return answer{}, err
	}
	form := readCatalogForm(v)
	if form.Faults = v.unnamed(form.Name); form.Faults != nil {
		return answer{status: http.StatusBadRequest, page: catalogFormView(v, form)}, nil
	}

	made, err := v.Catalogs.CreateCatalog(ctx, v.by, entitlement.Catalog{DisplayName: form.Name, Description: form.Description, Published: form.Published})
	if err == nil {
		return then(catalogPath(made.ID))
	}
	status := 0
	if form.Faults, status, err = v.refused(err); err != nil {
		return answer{}, err
	}
	return answer{status: status, page: catalogFormView(v, form)}, nil
}

// catalog is the catalog in the page's path.
func (v *visit) catalog(ctx context.Context) (entitlement.Catalog, error) {
	id, err := pathPart[entitlement.CatalogID](v, "catalog")
	if err != nil {
		return entitlement.Catalog{}, err
	}

	// Whoever comes by a role in the catalog has it read while the catalog is: once a call, whatever
	// the page asks of it.
	var c entitlement.Catalog
	err = views.Together(
		func() (err error) { c, err = v.Catalogs.Catalog(ctx, v.by.Caller, id); return err },
		func() error { v.Views.May(ctx, v.by.Caller, authz.Object{Catalog: id})(authz.ReadCatalog); return nil })
	return c, err
}

// pathPart is an id in the page's path.
func pathPart[T ~string](v *visit, part string) (T, error) {
	id, err := entitlement.ParseID[T]("The id in the address", v.request.PathValue(part))
	if err != nil {
		return "", noPage()
	}
	return id, nil
}

func noPage() error { return entitlement.Errorf(entitlement.NotFound, "There is no such page.") }

// editing is the catalog in the path, for one who may change it.
func (v *visit) editing(ctx context.Context, a authz.Action) (entitlement.Catalog, error) {
	c, err := v.catalog(ctx)
	if err == nil {
		err = v.Views.Allows(ctx, v.by.Caller, a, authz.Object{Catalog: c.ID})
	}
	return c, err
}

func editCatalog(ctx context.Context, v *visit) (answer, error) {
	c, err := v.editing(ctx, authz.UpdateCatalog)
	if err != nil {
		return answer{}, err
	}
	return page(catalogFormView(v, catalogForm{Catalog: c, Name: c.DisplayName, Description: c.Description, Published: c.Published}))
}

func updateCatalog(ctx context.Context, v *visit) (answer, error) {
	c, err := v.editing(ctx, authz.UpdateCatalog)
	if err != nil {
		return answer{}, err
	}
	form := readCatalogForm(v)
	form.Catalog = c
	if form.Faults = v.unnamed(form.Name); form.Faults != nil {
		return answer{status: http.StatusBadRequest, page: catalogFormView(v, form)}, nil
	}

	_, err = v.Catalogs.UpdateCatalog(ctx, v.by, c.ID, func(c *entitlement.Catalog) {
		c.DisplayName, c.Description, c.Published = form.Name, form.Description, form.Published
	})
	if err == nil {
		return then(catalogPath(c.ID))
	}
	status := 0
	if form.Faults, status, err = v.refused(err); err != nil {
		return answer{}, err
	}
	return answer{status: status, page: catalogFormView(v, form)}, nil
}

// catalogPage is one catalog: the beginning of what is in it, and who keeps it.
type catalogPage struct {
	entitlement.Catalog
	Packages      []entitlement.AccessPackage
	MorePackages  bool
	Resources     []entitlement.Resource
	MoreResources bool
	Roles         []*views.RoleAssignment
	SeesRoles     bool
	May           func(authz.Action) bool
	Faults        faults
}

func showCatalog(ctx context.Context, v *visit) (answer, error) {
	shown, err := v.catalogPage(ctx)
	if err != nil {
		return answer{}, err
	}
	return page(catalogView(v, shown))
}

func (v *visit) catalogPage(ctx context.Context) (catalogPage, error) {
	c, err := v.catalog(ctx)
	if err != nil {
		return catalogPage{}, err
	}
	shown := catalogPage{Catalog: c, May: v.Views.May(ctx, v.by.Caller, authz.Object{Catalog: c.ID})}

	err = views.Together(
		func() error {
			packages, err := v.Catalogs.PackagesOf(ctx, v.by.Caller, c.ID, entitlement.Page{Limit: onPage})
			shown.Packages, shown.MorePackages = packages.Items, packages.Next != ""
			return err
		},
		func() error {
			resources, err := v.Catalogs.Resources(ctx, v.by.Caller, c.ID, entitlement.Page{Limit: onPage})
			shown.Resources, shown.MoreResources = resources.Items, resources.Next != ""
			return err
		},
		func() error { return v.keepers(ctx, &shown) })
	return shown, err
}

// keepers adds who holds roles, for those who give them, and for auditors.
func (v *visit) keepers(ctx context.Context, shown *catalogPage) error {
	if shown.SeesRoles = shown.May(authz.ReadRoleAssignment); !shown.SeesRoles {
		return nil
	}
	roles, err := v.Catalogs.RoleAssignmentsIn(ctx, v.by.Caller, shown.ID)
	if err != nil {
		return err
	}
	shown.Roles = views.OfRoleAssignments(roles)
	order.SortStableFunc(shown.Roles, func(a, b *views.RoleAssignment) int {
		return cmp.Compare(slices.Index(catalogRoles, a.Role), slices.Index(catalogRoles, b.Role))
	})
	return v.Views.RoleAssignments(ctx, v.by.Caller, shown.Roles, views.With{views.JoinPrincipal: nil})
}

// besideCatalog shows a catalog again, with why something in it was not done.
func (v *visit) besideCatalog(ctx context.Context, why error) (answer, error) {
	all, status, err := v.refused(why)
	if err != nil {
		return answer{}, err
	}
	shown, err := v.catalogPage(ctx)
	if err != nil {
		return answer{}, err
	}
	shown.Faults = all
	return answer{status: status, page: catalogView(v, shown)}, nil
}

// confirmed refuses to delete what the visitor has not said to be sure of.
func (v *visit) confirmed() error {
	if v.ticked("sure") {
		return nil
	}
	return entitlement.Errorf(entitlement.Invalid, "%s", v.T("Nothing was deleted: tick the box beside the button to say that you are sure."))
}

func deleteCatalog(ctx context.Context, v *visit) (answer, error) {
	c, err := v.editing(ctx, authz.DeleteCatalog)
	if err != nil {
		return answer{}, err
	}
	if err = v.confirmed(); err == nil {
		err = v.Catalogs.DeleteCatalog(ctx, v.by, c.ID)
	}
	if err != nil {
		return v.besideCatalog(ctx, err)
	}
	return then("/catalogs")
}

// packagesPage is the whole list of a catalog's packages.
type packagesPage struct {
	entitlement.Catalog
	Packages []entitlement.AccessPackage
	Next     string
}

func listPackages(ctx context.Context, v *visit) (answer, error) {
	c, err := v.catalog(ctx)
	if err != nil {
		return answer{}, err
	}
	token, err := v.unseal(ctx, v.request.URL.Query().Get("page"))
	if err != nil {
		return answer{}, err
	}
	list, err := v.Catalogs.PackagesOf(ctx, v.by.Caller, c.ID, entitlement.Page{Limit: onPage, Token: token})
	if err != nil {
		return answer{}, err
	}

	shown := packagesPage{Catalog: c, Packages: list.Items}
	if shown.Next, err = v.next(ctx, list.Next); err != nil {
		return answer{}, err
	}
	return page(packagesView(v, shown))
}

// packageLink is the My Access link of a package, to be sent to people.
func (v *visit) packageLink(id entitlement.PackageID) string {
	return v.site + names.PortalPath + "/packages/" + string(id)
}
