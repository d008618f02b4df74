package portal

import (
	"context"
	"net/http"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

const organizationsPath = "/administration/organizations"

var organizationRoutes = []route{
	{http.MethodGet, organizationsPath, authz.ReadOrganization, listOrganizations},
	{http.MethodGet, organizationsPath + "/new", authz.ChangeOrganization, newOrganization},
	{http.MethodPost, organizationsPath + "/new", authz.ChangeOrganization, createOrganization},
	{http.MethodGet, organizationsPath + "/{id}", authz.ReadOrganization, showOrganization},
	{http.MethodGet, organizationsPath + "/{id}/edit", authz.ChangeOrganization, editOrganization},
	{http.MethodPost, organizationsPath + "/{id}/edit", authz.ChangeOrganization, updateOrganization},
	{http.MethodPost, organizationsPath + "/{id}/sponsors/add", authz.ChangeOrganization, addSponsor},
	{http.MethodPost, organizationsPath + "/{id}/sponsors/remove", authz.ChangeOrganization, removeSponsor},
	{http.MethodPost, organizationsPath + "/{id}/delete", authz.ChangeOrganization, deleteOrganization},
}

func organizationPath(id entitlement.OrganizationID) string {
	return organizationsPath + "/" + string(id)
}

// organizationsPage is a page of connected organizations.
type organizationsPage struct {
	Organizations []entitlement.ConnectedOrganization
	Changes       bool // the visitor may change them
	Next          string
}

func listOrganizations(ctx context.Context, v *visit) (answer, error) {
	token, err := v.unseal(ctx, v.request.URL.Query().Get("page"))
	if err != nil {
		return answer{}, err
	}
	list, err := v.Catalogs.ListOrganizations(ctx, v.by.Caller, entitlement.Page{Limit: onPage, Token: token})
	if err != nil {
		return answer{}, err
	}
	shown := organizationsPage{Organizations: list.Items, Changes: v.allows(ctx, authz.ChangeOrganization) == nil}
	if shown.Next, err = v.next(ctx, list.Next); err != nil {
		return answer{}, err
	}
	return page(organizationsView(v, shown))
}

// sponsorRow is one sponsor with what they are called.
type sponsorRow struct {
	ID, Name string
	Group    bool
}

// organizationPage is one connected organization with its sponsors.
type organizationPage struct {
	entitlement.ConnectedOrganization
	Internal, External []sponsorRow
	Changes            bool
	Typed              map[string]string // whom to add, by the list
	Faults             faults
}

// organization is the connected organization in the page's path.
func (v *visit) organization(ctx context.Context) (entitlement.ConnectedOrganization, error) {
	id, err := pathID[entitlement.OrganizationID](v)
	if err != nil {
		return entitlement.ConnectedOrganization{}, err
	}
	return v.Catalogs.Organization(ctx, v.by.Caller, id)
}

func showOrganization(ctx context.Context, v *visit) (answer, error) {
	shown, err := v.organizationPage(ctx)
	if err != nil {
		return answer{}, err
	}
	return page(organizationView(v, shown))
}

func (v *visit) organizationPage(ctx context.Context) (organizationPage, error) {
	o, err := v.organization(ctx)
	if err != nil {
		return organizationPage{}, err
	}
	shown := organizationPage{ConnectedOrganization: o, Changes: v.allows(ctx, authz.ChangeOrganization) == nil}
	for list, to := range map[*[]entitlement.Sponsor]*[]sponsorRow{&o.InternalSponsors: &shown.Internal, &o.ExternalSponsors: &shown.External} {
		if *to, err = v.sponsorRows(ctx, *list); err != nil {
			return shown, err
		}
	}
	return shown, nil
}

// sponsorRows name sponsors; one who is not there any more is named by the id.
func (v *visit) sponsorRows(ctx context.Context, all []entitlement.Sponsor) (rows []sponsorRow, err error) {
	if len(all) == 0 {
		return nil, nil
	}
	users, groups, err := v.Catalogs.SponsorsNamed(ctx, v.by.Caller, all)
	if err != nil {
		return nil, err
	}

	names := map[string]string{}
	for _, u := range users {
		names[string(u.ID)] = u.DisplayName
	}
	for _, g := range groups {
		names[string(g.ID)] = g.DisplayName
	}

	for _, s := range all {
		row := sponsorRow{ID: string(s.User), Group: s.Group != ""}
		if row.Group {
			row.ID = string(s.Group)
		}
		if row.Name = names[row.ID]; row.Name == "" {
			row.Name = v.T("somebody who is not there any more")
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func (v *visit) besideOrganization(ctx context.Context, list, typed string) func(faults) (answer, error) {
	return func(all faults) (answer, error) {
		shown, err := v.organizationPage(ctx)
		if err != nil {
			return answer{}, err
		}
		shown.Faults, shown.Typed = all, map[string]string{list: typed}
		return page(organizationView(v, shown))
	}
}

// organizationForm is what somebody types of a connected organization.
type organizationForm struct {
	Of     entitlement.ConnectedOrganization
	Typed  entitlement.ConnectedOrganization
	Source entitlement.IdentitySource
	Faults faults
}

// Path is where the form goes.
func (f organizationForm) Path() string {
	if f.Of.ID == "" {
		return organizationsPath + "/new"
	}
	return organizationPath(f.Of.ID) + "/edit"
}

func (f organizationForm) again(v *visit) func(faults) (answer, error) {
	return func(all faults) (answer, error) {
		f.Faults = all
		return page(organizationFormView(v, f))
	}
}

// sourceWords are what the kinds of identity sources are called.
var sourceWords = map[entitlement.SourceKind]string{
	entitlement.SourceTenant: "a directory of Microsoft Entra", entitlement.SourceCrossCloudTenant: "a directory in another Microsoft cloud",
	entitlement.SourceDomain: "a domain", entitlement.SourceFederation: "a domain that signs in elsewhere", entitlement.SourceSocial: "a social network",
}

func (v *visit) sourceKinds() (all []choice) {
	for _, k := range entitlement.SourceKinds {
		all = append(all, choice{string(k), v.T(sourceWords[k])})
	}
	return all
}

// organizationStates are what it may be, with the words for them.
var organizationStates = []choice{
	{string(entitlement.OrganizationConfigured), "configured: counts among all configured ones"}, {string(entitlement.OrganizationProposed), "proposed: does not count yet"},
}

func (v *visit) organizationStates() (all []choice) {
	for _, c := range organizationStates {
		all = append(all, choice{c.Value, v.T(c.Words)})
	}
	return all
}

func newOrganization(ctx context.Context, v *visit) (answer, error) {
	if err := v.allows(ctx, authz.ChangeOrganization); err != nil {
		return answer{}, err
	}
	return page(organizationFormView(v, organizationForm{Typed: entitlement.ConnectedOrganization{State: entitlement.OrganizationConfigured}, Source: entitlement.IdentitySource{Kind: entitlement.SourceDomain}}))
}

// organizationSent reads the form onto an organization, whose source stays once it is there.
func (v *visit) organizationSent(of entitlement.ConnectedOrganization) organizationForm {
	form := organizationForm{Of: of, Typed: of}
	form.Typed.DisplayName, form.Typed.Description, form.Typed.State = v.typed("name"), v.typed("description"), entitlement.OrganizationState(v.typed("state"))
	form.Faults = v.unnamed(form.Typed.DisplayName)
	if of.ID != "" {
		return form
	}
	form.Source = entitlement.IdentitySource{Kind: entitlement.SourceKind(v.typed("source")), TenantID: v.typed("tenant"), CloudInstance: v.typed("cloud"),
		DomainName: v.typed("domain"), IssuerURI: v.typed("issuer"), Social: v.typed("social")}
	form.Typed.Sources = []entitlement.IdentitySource{form.Source}
	return form
}

func createOrganization(ctx context.Context, v *visit) (answer, error) {
	if err := v.allows(ctx, authz.ChangeOrganization); err != nil {
		return answer{}, err
	}
	form := v.organizationSent(entitlement.ConnectedOrganization{})
	if form.Faults != nil {
		return badForm(page(organizationFormView(v, form)))
	}
	made, err := v.Catalogs.CreateOrganization(ctx, v.by, form.Typed)
	if entitlement.CodeOf(err) == entitlement.CodeNameTaken && err != nil { // it is the source that another one has
		err = entitlement.Errorf(entitlement.Conflict, "%s", v.T("Another connected organization has this identity source."))
	}
	return v.afterForm(err, organizationPath(made.ID), form.again(v))
}

func editOrganization(ctx context.Context, v *visit) (answer, error) {
	o, err := v.organization(ctx)
	if err == nil {
		err = v.allows(ctx, authz.ChangeOrganization)
	}
	if err != nil {
		return answer{}, err
	}
	return page(organizationFormView(v, organizationForm{Of: o, Typed: o}))
}

func updateOrganization(ctx context.Context, v *visit) (answer, error) {
	o, err := v.organization(ctx)
	if err == nil {
		err = v.allows(ctx, authz.ChangeOrganization)
	}
	if err != nil {
		return answer{}, err
	}
	form := v.organizationSent(o)
	if form.Faults != nil {
		return badForm(page(organizationFormView(v, form)))
	}
	_, err = v.Catalogs.UpdateOrganization(ctx, v.by, o.ID, func(kept *entitlement.ConnectedOrganization) error {
		kept.DisplayName, kept.Description, kept.State = form.Typed.DisplayName, form.Typed.Description, form.Typed.State
		return nil
	})
	return v.afterForm(err, organizationPath(o.ID), form.again(v))
}

// sponsorList is the list that a form is about: its field, and whether it is that of guests.
func (v *visit) sponsorList() (field string, external bool) {
	if v.typed("list") == "external" {
		return "external", true
	}
	return "internal", false
}

// sponsorNamed finds whom a line names: a person, or a group by id or by its whole name.
func (v *visit) sponsorNamed(ctx context.Context, line string) (entitlement.Sponsor, error) {
	if id, err := entitlement.ParseID[entitlement.UserID]("A sponsor", line); err == nil {
		return entitlement.Sponsor{User: id, Group: entitlement.GroupID(id)}, nil
	}
	u, err := v.someone(ctx, line)
	if err == nil || entitlement.KindOf(err) != entitlement.NotFound {
		return entitlement.Sponsor{User: u.ID}, err
	}
	list, failed := v.Directory.ListGroups(ctx, v.by.Caller, entitlement.Page{Named: entitlement.Named{Begins: line, Whole: true}})
	if failed != nil {
		return entitlement.Sponsor{}, failed
	}
	for _, g := range list.Items {
		if g.DisplayName == line {
			return entitlement.Sponsor{Group: g.ID}, nil
		}
	}
	return entitlement.Sponsor{}, err
}

func addSponsor(ctx context.Context, v *visit) (answer, error) {
	o, err := v.organization(ctx)
	if err == nil {
		err = v.allows(ctx, authz.ChangeOrganization)
	}
	if err != nil {
		return answer{}, err
	}

	field, external := v.sponsorList()
	typed := v.typed(field)
	again := v.besideOrganization(ctx, field, typed)
	if typed == "" {
		return badForm(again(faults{{field, v.T("Name a person or a group.")}}))
	}

	sponsor, err := v.sponsorNamed(ctx, typed)
	if err == nil {
		err = v.Catalogs.AddSponsor(ctx, v.by, o.ID, external, sponsor)
	}

	// Said beside the field, not as a page that is not there: the organization is.
	if err != nil && entitlement.KindOf(err) == entitlement.NotFound {
		return badForm(again(faults{{field, v.T("Nobody and no group is called %s.", typed)}}))
	}
	return v.afterForm(err, organizationPath(o.ID), again)
}

func removeSponsor(ctx context.Context, v *visit) (answer, error) {
	o, err := v.organization(ctx)
	if err == nil {
		err = v.allows(ctx, authz.ChangeOrganization)
	}
	if err != nil {
		return answer{}, err
	}
	_, external := v.sponsorList()
	err = v.Catalogs.RemoveSponsor(ctx, v.by, o.ID, external, v.typed("sponsor"))
	return v.afterForm(err, organizationPath(o.ID), v.besideOrganization(ctx, "", ""))
}

func deleteOrganization(ctx context.Context, v *visit) (answer, error) {
	o, err := v.organization(ctx)
	if err == nil {
		err = v.allows(ctx, authz.ChangeOrganization)
	}
	if err != nil {
		return answer{}, err
	}
	if err = v.confirmed(); err == nil {
		err = v.Catalogs.DeleteOrganization(ctx, v.by, o.ID)
	}
	return v.afterForm(err, organizationsPath, v.besideOrganization(ctx, "", ""))
}
