package portal

import (
	"context"

	"net/http"
	"strconv"
	"strings"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

var directoryRoutes = []route{
	{http.MethodGet, "/administration/people/new", authz.CreateUser, newPerson},
	{http.MethodPost, "/administration/people/new", authz.CreateUser, createPerson},
	{http.MethodGet, "/administration/people/{id}/edit", authz.UpdateUser, editPerson},
	{http.MethodPost, "/administration/people/{id}/edit", authz.UpdateUser, updatePerson},
	{http.MethodPost, "/administration/people/{id}/turn", authz.UpdateUser, turnPerson},
	{http.MethodPost, "/administration/people/{id}/delete", authz.DeleteUser, deletePerson},

	{http.MethodGet, "/administration/groups", authz.ReadGroup, listGroups},
	{http.MethodGet, "/administration/groups/new", authz.CreateGroup, newGroup},
	{http.MethodPost, "/administration/groups/new", authz.CreateGroup, createGroup},
	{http.MethodGet, "/administration/groups/{id}", authz.ReadGroup, showGroup},
	{http.MethodGet, "/administration/groups/{id}/edit", authz.UpdateGroup, editGroup},
	{http.MethodPost, "/administration/groups/{id}/edit", authz.UpdateGroup, updateGroup},
	{http.MethodPost, "/administration/groups/{id}/add", authz.ChangeMembers, addToGroup},
	{http.MethodPost, "/administration/groups/{id}/remove", authz.ChangeMembers, removeFromGroup},
	{http.MethodPost, "/administration/groups/{id}/delete", authz.DeleteGroup, deleteGroup},

	{http.MethodGet, "/administration/import", authz.CreateUser, importForm},
	{http.MethodPost, "/administration/import", authz.CreateUser, checkImport},
	{http.MethodPost, "/administration/import/apply", authz.CreateUser, applyImport},
}

func personPath(id entitlement.UserID) string { return "/people/" + string(id) }

// personForm is what somebody types of a person.
type personForm struct {
	Of                  entitlement.User // who is edited; nobody where one is created
	Typed               entitlement.User
	Manager, Identities string
	Faults              faults
}

func editPath(id entitlement.UserID, below string) string {
	return "/administration/people/" + string(id) + below
}

// Path is where the form goes.
func (f personForm) Path() string {
	if f.Of.ID == "" {
		return "/administration/people/new"
	}
	return editPath(f.Of.ID, "/edit")
}

// again shows the form with what is wrong with it.
func (f personForm) again(v *visit) func(faults) (answer, error) {
	return func(all faults) (answer, error) {
		f.Faults = all
		return page(personFormView(v, f))
	}
}

// personSent reads the form onto a person.
func (v *visit) personSent(ctx context.Context, of entitlement.User) (personForm, error) {
	form := personForm{Of: of, Typed: of, Manager: v.typed("manager"), Identities: v.typed("identities")}
	t := &form.Typed
	for field, to := range map[string]*string{"name": &t.DisplayName, "upn": &t.UserPrincipalName, "mail": &t.Mail, "given": &t.GivenName, "surname": &t.Surname,
		"department": &t.Department, "title": &t.JobTitle, "employee": &t.ExternalID} {
		*to = v.typed(field)
	}
	t.Type = entitlement.UserType(v.typed("type"))
	form.Faults = v.unnamed(t.DisplayName)
	if t.UserPrincipalName == "" {
		form.Faults = append(form.Faults, fault{"upn", v.T("Type a user name.")})
	}

	t.Identities = nil
	for _, line := range typedLines(form.Identities) {
		issuer, value, two := strings.Cut(line, " ")
		if !two {
			form.Faults = append(form.Faults, fault{"identities", v.T("Of a sign-in write the issuer, a space, and the id.")})
			break
		}
		t.Identities = append(t.Identities, entitlement.Principal{Issuer: issuer, Value: strings.TrimSpace(value)})
	}

	managers, wrong, err := v.everyone(ctx, "manager", typedLines(form.Manager))
	form.Faults = append(form.Faults, wrong...)
	t.Manager = ""
	for _, u := range managers {
		t.Manager = u.ID
	}
	return form, err
}

func newPerson(ctx context.Context, v *visit) (answer, error) {
	if err := v.allows(ctx, authz.CreateUser); err != nil {
		return answer{}, err
	}
	return page(personFormView(v, personForm{Typed: entitlement.User{Type: entitlement.Member}}))
}

func createPerson(ctx context.Context, v *visit) (answer, error) {
	if err := v.allows(ctx, authz.CreateUser); err != nil {
		return answer{}, err
	}
	form, err := v.personSent(ctx, entitlement.User{})
	if err != nil {
		return answer{}, err
	}
	if form.Faults != nil {
		return badForm(page(personFormView(v, form)))
	}

	form.Typed.Enabled = true
	made, err := v.Directory.CreateUser(ctx, v.by, form.Typed)
	if err == nil && form.Typed.Manager != "" {
		err = v.Directory.SetManager(ctx, v.by, made.ID, form.Typed.Manager)
	}
	return v.afterForm(err, personPath(made.ID), form.again(v))
}

// person is the person in the page's path, for one who may change them.
func (v *visit) person(ctx context.Context, a authz.Action) (entitlement.User, error) {
	if err := v.allows(ctx, a); err != nil {
		return entitlement.User{}, err
	}
	id, err := pathID[entitlement.UserID](v)
	if err != nil {
		return entitlement.User{}, err
	}
	return v.Directory.User(ctx, v.by.Caller, id)
}

// filledPerson is the form as a person is.
func (v *visit) filledPerson(ctx context.Context, u entitlement.User) (personForm, error) {
	form := personForm{Of: u, Typed: u}
	for _, i := range u.Identities {
		form.Identities += i.Issuer + " " + i.Value + "\n"
	}
	if u.Manager == "" {
		return form, nil
	}
	names, err := v.userNames(ctx, []entitlement.UserID{u.Manager})
	form.Manager = names
	return form, err
}

func editPerson(ctx context.Context, v *visit) (answer, error) {
	u, err := v.person(ctx, authz.UpdateUser)
	if err != nil {
		return answer{}, err
	}
	form, err := v.filledPerson(ctx, u)
	if err != nil {
		return answer{}, err
	}
	return page(personFormView(v, form))
}

func updatePerson(ctx context.Context, v *visit) (answer, error) {
	u, err := v.person(ctx, authz.UpdateUser)
	if err != nil {
		return answer{}, err
	}
	form, err := v.personSent(ctx, u)
	if err != nil {
		return answer{}, err
	}
	if form.Faults != nil {
		return badForm(page(personFormView(v, form)))
	}

	t := form.Typed
	_, err = v.Directory.UpdateUser(ctx, v.by, u.ID, func(kept *entitlement.User) error {
		kept.DisplayName, kept.UserPrincipalName, kept.Mail, kept.GivenName, kept.Surname = t.DisplayName, t.UserPrincipalName, t.Mail, t.GivenName, t.Surname
		kept.Department, kept.JobTitle, kept.ExternalID, kept.Type, kept.Identities = t.Department, t.JobTitle, t.ExternalID, t.Type, t.Identities
		return nil
	})
	if err == nil && t.Manager != u.Manager {
		err = v.Directory.SetManager(ctx, v.by, u.ID, t.Manager)
	}
	return v.afterForm(err, personPath(u.ID), form.again(v))
}

// besidePerson shows the form of a person as they are, with why something was not done.
func (v *visit) besidePerson(ctx context.Context, u entitlement.User) func(faults) (answer, error) {
	return func(all faults) (answer, error) {
		form, err := v.filledPerson(ctx, u)
		form.Faults = all
		if err != nil {
			return answer{}, err
		}
		return page(personFormView(v, form))
	}
}

// turnPerson disables an account, which ends what the person has, or enables it again.
func turnPerson(ctx context.Context, v *visit) (answer, error) {
	u, err := v.person(ctx, authz.UpdateUser)
	if err != nil {
		return answer{}, err
	}
	enabled := !u.Enabled
	if !enabled && !v.ticked("sure") {
		err = entitlement.Errorf(entitlement.Invalid, "%s", v.T("Nobody was disabled: tick the box beside the button to say that you are sure."))
	}
	// What the visitor saw is what is to be changed, and not the contrary of what somebody else did.
	if err == nil && v.typed("was") != yesOrNo(u.Enabled) {
		err = entitlement.Errorf(entitlement.Conflict, "%s", v.T("Somebody else has changed the account meanwhile. Look again."))
	}
	if err == nil {
		_, err = v.Directory.UpdateUser(ctx, v.by, u.ID, func(kept *entitlement.User) error { kept.Enabled = enabled; return nil })
	}
	return v.afterForm(err, personPath(u.ID), v.besidePerson(ctx, u))
}

func yesOrNo(is bool) string {
	if is {
		return "yes"
	}
	return "no"
}

func deletePerson(ctx context.Context, v *visit) (answer, error) {
	u, err := v.person(ctx, authz.DeleteUser)
	if err != nil {
		return answer{}, err
	}
	if err = v.confirmed(); err == nil {
		err = v.Directory.DeleteUser(ctx, v.by, u.ID)
	}
	return v.afterForm(err, "/people", v.besidePerson(ctx, u))
}

// groupsPage is what a search for groups shows.
type groupsPage struct {
	Sought string
	Groups []entitlement.Group
	Next   string
}

func groupPath(id entitlement.GroupID) string { return "/administration/groups/" + string(id) }

func listGroups(ctx context.Context, v *visit) (answer, error) {
	query := v.request.URL.Query()
	shown := groupsPage{Sought: strings.TrimSpace(query.Get("search"))}
	token, err := v.unseal(ctx, query.Get("page"))
	if err != nil {
		return answer{}, err
	}

	limit := onPage
	if shown.Sought != "" {
		limit = entitlement.PageSize
	}
	for range maxSought {
		list, err := v.Directory.ListGroups(ctx, v.by.Caller, entitlement.Page{Limit: limit, Token: token})
		if err != nil {
			return answer{}, err
		}
		for _, g := range list.Items {
			if contains(g.DisplayName, shown.Sought) || contains(g.Description, shown.Sought) {
				shown.Groups = append(shown.Groups, g)
			}
		}
		if token = list.Next; token == "" || len(shown.Groups) >= onPage {
			break
		}
	}
	if shown.Next, err = v.next(ctx, token); err != nil {
		return answer{}, err
	}
	return page(groupsView(v, shown))
}

// groupForm is what somebody types of a group.
type groupForm struct {
	Of                entitlement.Group
	Name, Description string
	Faults            faults
}

// Path is where the form goes.
func (f groupForm) Path() string {
	if f.Of.ID == "" {
		return "/administration/groups/new"
	}
	return groupPath(f.Of.ID) + "/edit"
}

func (f groupForm) again(v *visit) func(faults) (answer, error) {
	return func(all faults) (answer, error) {
		f.Faults = all
		return page(groupFormView(v, f))
	}
}

func newGroup(ctx context.Context, v *visit) (answer, error) {
	if err := v.allows(ctx, authz.CreateGroup); err != nil {
		return answer{}, err
	}
	return page(groupFormView(v, groupForm{}))
}

func createGroup(ctx context.Context, v *visit) (answer, error) {
	if err := v.allows(ctx, authz.CreateGroup); err != nil {
		return answer{}, err
	}
	form := groupForm{Name: v.typed("name"), Description: v.typed("description")}
	if form.Faults = v.unnamed(form.Name); form.Faults != nil {
		return badForm(page(groupFormView(v, form)))
	}
	made, err := v.Directory.CreateGroup(ctx, v.by, entitlement.Group{DisplayName: form.Name, Description: form.Description})
	return v.afterForm(err, groupPath(made.ID), form.again(v))
}

// group is the group in the page's path, for one who may do something with it.
func (v *visit) group(ctx context.Context, a authz.Action) (entitlement.Group, error) {
	if err := v.allows(ctx, a); err != nil {
		return entitlement.Group{}, err
	}
	id, err := pathID[entitlement.GroupID](v)
	if err != nil {
		return entitlement.Group{}, err
	}
	return v.Directory.Group(ctx, v.by.Caller, id)
}

func editGroup(ctx context.Context, v *visit) (answer, error) {
	g, err := v.group(ctx, authz.UpdateGroup)
	if err != nil {
		return answer{}, err
	}
	return page(groupFormView(v, groupForm{Of: g, Name: g.DisplayName, Description: g.Description}))
}

func updateGroup(ctx context.Context, v *visit) (answer, error) {
	g, err := v.group(ctx, authz.UpdateGroup)
	if err != nil {
		return answer{}, err
	}
	form := groupForm{Of: g, Name: v.typed("name"), Description: v.typed("description")}
	if form.Faults = v.unnamed(form.Name); form.Faults != nil {
		return badForm(page(groupFormView(v, form)))
	}
	_, err = v.Directory.UpdateGroup(ctx, v.by, g.ID, func(g *entitlement.Group) { g.DisplayName, g.Description = form.Name, form.Description })
	return v.afterForm(err, groupPath(g.ID), form.again(v))
}

// groupPage is one group with a page of its members, or of its owners.
type groupPage struct {
	entitlement.Group
	Owners bool // are shown, and not the members
	People []entitlement.User
	Next   string
	Typed  string // whom to add
	Said   string
	Faults faults
}

// path is the address of the list that is shown.
func (p groupPage) path() string {
	if p.Owners {
		return groupPath(p.ID) + "?show=owners"
	}
	return groupPath(p.ID)
}

func showGroup(ctx context.Context, v *visit) (answer, error) {
	query := v.request.URL.Query()
	shown, err := v.groupPage(ctx, query.Get("show") == "owners", query.Get("page"))
	if err != nil {
		return answer{}, err
	}
	if n := v.doneCount("added"); n > 0 {
		shown.Said = v.T("Added: %d.", n)
	}
	return page(groupView(v, shown))
}

func (v *visit) groupPage(ctx context.Context, owners bool, sealed string) (groupPage, error) {
	g, err := v.group(ctx, authz.ReadGroup)
	if err != nil {
		return groupPage{}, err
	}
	shown := groupPage{Group: g, Owners: owners}

	token, err := v.unseal(ctx, sealed)
	if err != nil {
		return shown, err
	}
	read := v.Directory.Members
	if owners {
		read = v.Directory.Owners
	}

	list, err := read(ctx, v.by.Caller, g.ID, entitlement.Page{Limit: onPage, Token: token})
	if err != nil {
		return shown, err
	}

	// An empty group costs no second read.
	if len(list.Items) > 0 {
		if shown.People, err = v.Directory.UsersNamed(ctx, v.by.Caller, list.Items); err != nil {
			return shown, err
		}
	}
	shown.Next, err = v.next(ctx, list.Next)
	return shown, err
}

// besideGroup shows a group again, with why something was not done.
func (v *visit) besideGroup(ctx context.Context, owners bool, typed string) func(faults) (answer, error) {
	return func(all faults) (answer, error) {
		shown, err := v.groupPage(ctx, owners, "")
		if err != nil {
			return answer{}, err
		}
		shown.Faults, shown.Typed = all, typed
		shown.Next = fromStart(shown.Next, shown.path())
		return page(groupView(v, shown))
	}
}

// maxAdded bounds the people whom one form adds to a group.
const maxAdded = 100

func addToGroup(ctx context.Context, v *visit) (answer, error) {
	g, err := v.group(ctx, authz.ChangeMembers)
	if err != nil {
		return answer{}, err
	}
	owners, typed := v.typed("show") == "owners", v.typed("people")
	again := v.besideGroup(ctx, owners, typed)
	lines := peopleLines(typed)
	switch {
	case len(lines) == 0:
		return badForm(again(faults{{"people", v.T("Name at least one person, one a line.")}}))
	case len(lines) > maxAdded:
		return badForm(again(faults{{"people", v.T("Name at most %d people at a time.", maxAdded)}}))
	}
	people, wrong, err := v.everyone(ctx, "people", lines)
	if err != nil {
		return answer{}, err
	}
	if wrong != nil {
		return badForm(again(wrong))
	}

	ids := make([]entitlement.UserID, len(people))
	for i, u := range people {
		ids[i] = u.ID
	}
	err = v.Directory.AddMembers(ctx, v.by, g.ID, owners, ids...)
	return v.afterForm(err, groupPage{Group: g, Owners: owners}.path()+map[bool]string{false: "?", true: "&"}[owners]+queryOf("added", strconv.Itoa(len(ids))), again)
}

func removeFromGroup(ctx context.Context, v *visit) (answer, error) {
	g, err := v.group(ctx, authz.ChangeMembers)
	if err != nil {
		return answer{}, err
	}
	owners := v.typed("show") == "owners"
	id, err := entitlement.ParseID[entitlement.UserID]("person", v.typed("person"))
	if err != nil {
		return answer{}, err
	}
	err = v.Directory.RemoveMembers(ctx, v.by, g.ID, owners, id)
	return v.afterForm(err, groupPage{Group: g, Owners: owners}.path(), v.besideGroup(ctx, owners, ""))
}

func deleteGroup(ctx context.Context, v *visit) (answer, error) {
	g, err := v.group(ctx, authz.DeleteGroup)
	if err != nil {
		return answer{}, err
	}
	if err = v.confirmed(); err == nil {
		err = v.Directory.DeleteGroup(ctx, v.by, g.ID)
	}
	if err != nil && entitlement.KindOf(err) == entitlement.Throttled { // so large that it takes several calls
		err = entitlement.Errorf(entitlement.Conflict, "%s", v.said(err))
	}
	return v.afterForm(err, "/administration/groups", v.besideGroup(ctx, false, ""))
}
