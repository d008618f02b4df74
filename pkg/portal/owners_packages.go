package portal

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"leasehold/pkg/authz"
	"leasehold/pkg/catalogs"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/views"
)

// packageForm is what somebody types of a package.
type packageForm struct {
	Catalog           entitlement.Catalog
	Package           entitlement.AccessPackage // that is edited; none where one is created
	Name, Description string
	Hidden            bool
	Faults            faults
}

// Path is where the form goes.
func (f packageForm) Path() string {
	if f.Package.ID == "" {
		return catalogPath(f.Catalog.ID) + "/packages/new"
	}
	return packagePath(f.Package) + "/edit"
}

func packagePath(p entitlement.AccessPackage) string {
	return catalogPath(p.Catalog) + "/packages/" + string(p.ID)
}

func (v *visit) readPackageForm() packageForm {
	return packageForm{Name: v.typed("name"), Description: v.typed("description"), Hidden: v.ticked("hidden")}
}

func newPackage(ctx context.Context, v *visit) (answer, error) {
	c, err := v.editing(ctx, authz.CreatePackage)
	if err != nil {
		return answer{}, err
	}
	return page(packageFormView(v, packageForm{Catalog: c}))
}

func createPackage(ctx context.Context, v *visit) (answer, error) {
	c, err := v.editing(ctx, authz.CreatePackage)
	if err != nil {
		return answer{}, err
	}
	form := v.readPackageForm()
	form.Catalog = c
	if form.Faults = v.unnamed(form.Name); form.Faults != nil {
		return answer{status: http.StatusBadRequest, page: packageFormView(v, form)}, nil
	}

	made, err := v.Catalogs.CreatePackage(ctx, v.by, entitlement.AccessPackage{Catalog: c.ID, DisplayName: form.Name, Description: form.Description, Hidden: form.Hidden})
	if err == nil {
		return then(packagePath(made))
	}
	status := 0
	if form.Faults, status, err = v.refused(err); err != nil {
		return answer{}, err
	}
	return answer{status: status, page: packageFormView(v, form)}, nil
}

// ownPackage is the package in the page's path, which must be in the catalog there.
func (v *visit) ownPackage(ctx context.Context) (entitlement.Catalog, entitlement.AccessPackage, error) {
	none := entitlement.AccessPackage{}
	id, wrong := pathID[entitlement.PackageID](v)
	var c entitlement.Catalog
	var p entitlement.AccessPackage
	var unread error // which is told to those alone who see the catalog
	err := views.Together(
		func() (err error) { c, err = v.catalog(ctx); return err },
		func() error {
			if unread = wrong; wrong == nil {
				p, unread = v.Catalogs.Package(ctx, v.by.Caller, id)
			}
			return nil
		})
	if err != nil {
		return c, none, err
	}
	if err := within(unread, p.Catalog == c.ID); err != nil {
		return c, none, err
	}
	return c, p, nil
}

// within is what became of reading something in a catalog that the visitor sees: what is not in
// it is not there, whether it is gone or somewhere that the visitor may not look (A1).
func within(failed error, in bool) error {
	if entitlement.KindOf(failed) == entitlement.Forbidden && failed != nil || failed == nil && !in {
		return noPage()
	}
	return failed
}

// editingPackage is ownPackage for one who may change it.
func (v *visit) editingPackage(ctx context.Context, a authz.Action) (entitlement.Catalog, entitlement.AccessPackage, error) {
	c, p, err := v.ownPackage(ctx)
	if err == nil {
		err = v.Views.Allows(ctx, v.by.Caller, a, authz.Object{Catalog: c.ID, Package: p.ID})
	}
	return c, p, err
}

// managePage is a package as those see it who keep it.
type managePage struct {
	*views.Package
	Catalog  entitlement.Catalog
	Policies []policyView
	Link     string
	Changes  []entitlement.ImpactChange // of it, that wait for a second person
	UnderWay []entitlement.Job          // changes of its roles that have not reached every holder yet
	May      func(authz.Action) bool
	Faults   faults
}

func managePackage(ctx context.Context, v *visit) (answer, error) {
	shown, err := v.managePage(ctx)
	if err != nil {
		return answer{}, err
	}
	return page(manageView(v, shown))
}

func (v *visit) managePage(ctx context.Context) (managePage, error) {
	c, p, err := v.ownPackage(ctx)
	if err != nil {
		return managePage{}, err
	}

	all := views.OfPackages([]entitlement.AccessPackage{p})
	with := views.With{views.JoinRoleScopes: rolesJoined[views.JoinRoleScopes], views.JoinPolicies: {views.JoinNamed: nil}}
	shown := managePage{Package: all[0], Catalog: c, Link: v.packageLink(p.ID), May: v.Views.May(ctx, v.by.Caller, authz.Object{Catalog: c.ID, Package: p.ID})}
	err = views.Together(
		func() error { return v.Views.Packages(ctx, v.by.Caller, all, with) },
		func() (err error) {
			if shown.May(authz.ChangeRoleScopes) { // to others what waits is closed
				shown.Changes, err = v.changesOf(ctx, c.ID, p.ID)
			}
			return err
		},
		func() (err error) { shown.UnderWay, err = v.Catalogs.EditsUnderWay(ctx, v.by.Caller, p); return err })
	if err != nil {
		return managePage{}, err
	}
	for _, one := range all[0].Policies {
		shown.Policies = append(shown.Policies, policyView{AssignmentPolicy: one.AssignmentPolicy, Sentences: v.sentences(one)})
	}
	return shown, nil
}

// besidePackage shows a package again, with why something of it was not done.
func (v *visit) besidePackage(ctx context.Context, why error) (answer, error) {
	if to, waits := waitsAt(why); waits {
		return to, nil
	}
	all, status, err := v.refused(why)
	if err != nil {
		return answer{}, err
	}
	shown, err := v.managePage(ctx)
	if err != nil {
		return answer{}, err
	}
	shown.Faults = all
	return answer{status: status, page: manageView(v, shown)}, nil
}

func editPackage(ctx context.Context, v *visit) (answer, error) {
	c, p, err := v.editingPackage(ctx, authz.UpdatePackage)
	if err != nil {
		return answer{}, err
	}
	return page(packageFormView(v, packageForm{Catalog: c, Package: p, Name: p.DisplayName, Description: p.Description, Hidden: p.Hidden}))
}

func updatePackage(ctx context.Context, v *visit) (answer, error) {
	c, p, err := v.editingPackage(ctx, authz.UpdatePackage)
	if err != nil {
		return answer{}, err
	}
	form := v.readPackageForm()
	form.Catalog, form.Package = c, p
	if form.Faults = v.unnamed(form.Name); form.Faults != nil {
		return answer{status: http.StatusBadRequest, page: packageFormView(v, form)}, nil
	}

	_, err = v.Catalogs.UpdatePackage(ctx, v.by, p.ID, func(p *entitlement.AccessPackage) {
		p.DisplayName, p.Description, p.Hidden = form.Name, form.Description, form.Hidden
	})
	if err == nil {
		return then(packagePath(p))
	}
	status := 0
	if form.Faults, status, err = v.refused(err); err != nil {
		return answer{}, err
	}
	return answer{status: status, page: packageFormView(v, form)}, nil
}

func deletePackage(ctx context.Context, v *visit) (answer, error) {
	_, p, err := v.editingPackage(ctx, authz.DeletePackage)
	if err != nil {
		return answer{}, err
	}
	if err = v.confirmed(); err == nil {
		err = v.Catalogs.DeletePackage(ctx, v.by, p.ID)
	}
	if err != nil {
		return v.besidePackage(ctx, err)
	}
	return then(catalogPath(p.Catalog))
}

// scopePage finds a role of one of the catalog's resources for a package.
type scopePage struct {
	Catalog entitlement.Catalog
	Package entitlement.AccessPackage
	Sought  string
	Found   []offeredRole
	More    bool
	Chosen  string
	Faults  faults
}

// offeredRole is a role that a package may give.
type offeredRole struct {
	Value          string // of the form
	Resource, Role string
	Origin         string // origin system
	Has            bool   // the package gives it already
}

// maxOffered bounds the roles that one page offers.
const maxOffered = 50

func findScope(ctx context.Context, v *visit) (answer, error) {
	shown, err := v.scopePicker(ctx, v.request.URL.Query().Get("search"))
	if err != nil {
		return answer{}, err
	}
	return page(scopePickerView(v, shown))
}

func (v *visit) scopePicker(ctx context.Context, sought string) (scopePage, error) {
	c, p, err := v.editingPackage(ctx, authz.ChangeRoleScopes)
	if err != nil {
		return scopePage{}, err
	}
	shown := scopePage{Catalog: c, Package: p, Sought: strings.TrimSpace(sought)}
	given, err := v.Views.RoleScopesOf(ctx, v.by.Caller, p)
	if err != nil {
		return shown, err
	}

	at := entitlement.Page{}
	for range maxSought {
		list, err := v.Catalogs.Resources(ctx, v.by.Caller, c.ID, at)
		if err != nil {
			return shown, err
		}
		for _, r := range list.Items {
			if !contains(r.DisplayName, shown.Sought) {
				continue
			}
			for _, role := range r.Roles {
				has := slices.ContainsFunc(given, func(s *views.RoleScope) bool { return s.ResourceRoleScope.Role.ID == role.ID })
				shown.Found = append(shown.Found, offeredRole{string(r.ID) + " " + role.OriginID, r.DisplayName, role.DisplayName, r.OriginSystem, has})
			}
		}
		at.Token = list.Next
		if shown.More = at.Token != ""; !shown.More || len(shown.Found) >= maxOffered {
			break
		}
	}
	return shown, nil
}

func addScope(ctx context.Context, v *visit) (answer, error) {
	_, p, err := v.editingPackage(ctx, authz.ChangeRoleScopes)
	if err != nil {
		return answer{}, err
	}

	chosen := v.typed("role")
	again := func(all faults, status int) (answer, error) {
		shown, err := v.scopePicker(ctx, v.typed("search"))
		if err != nil {
			return answer{}, err
		}
		shown.Faults, shown.Chosen = all, chosen
		return answer{status: status, page: scopePickerView(v, shown)}, nil
	}

	named, role, _ := strings.Cut(chosen, " ")
	id, err := entitlement.ParseID[entitlement.ResourceID]("role", named)
	if err != nil {
		return again(faults{{"found", v.T("Choose a role.")}}, http.StatusBadRequest)
	}

	// What it does is looked at first, and agreed to there; what cannot be done is said here.
	change := catalogs.RoleChange{Package: p.ID, Resource: id, Role: role}
	if err := v.Catalogs.CheckRoles(ctx, v.by, change); err != nil {
		all, status, err := v.refused(err)
		if err != nil {
			return answer{}, err
		}
		return again(all, status)
	}
	return then(impactPath(p, change))
}

func removeScope(ctx context.Context, v *visit) (answer, error) {
	_, p, err := v.editingPackage(ctx, authz.ChangeRoleScopes)
	if err != nil {
		return answer{}, err
	}

	change := catalogs.RoleChange{Package: p.ID, Remove: v.request.PathValue("scope")}
	if err := v.Catalogs.CheckRoles(ctx, v.by, change); err != nil {
		return v.besidePackage(ctx, err)
	}
	return then(impactPath(p, change))
}
