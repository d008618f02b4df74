package portal

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// formsRoutes are the plain forms of those who administer: targets, connected organizations,
// the directory and the settings of the whole; and from a role to all who hold it.
var formsRoutes = slices.Concat(connectorRoutes, organizationRoutes, directoryRoutes, settingsRoutes, holderRoutes)

// administration is a page of the forms with the action without which nobody is led to it.
type administration struct {
	path, name, about string
	action            authz.Action
}

// administrations are all of them. Names and descriptions are texts of the catalog.
var administrations = []administration{
	{"/administration/connectors", "Connectors", "The target systems in which roles are given, and whether they are paused.", authz.ReadConnector},
	{organizationsPath, "Connected organizations", "Other organizations whose people may ask for packages, and who answers for them.", authz.ReadOrganization},
	{"/people", "People", "The people of the directory: create, edit, disable and delete them.", authz.UpdateUser},
	{"/administration/groups", "Groups", "The groups of the directory, with their members and owners.", authz.ReadGroup},
	{"/administration/import", "Import people", "Create and change many people from a CSV file that is checked line by line.", authz.CreateUser},
	{"/administration/settings", "Settings", "What holds for the whole, and what is kept and not in force yet.", authz.ReadSettings},
}

// administers reports that the visitor is led to some of the forms.
func (v *visit) administers() bool {
	return slices.ContainsFunc(administrations, func(a administration) bool { return v.may(a.action) })
}

func showAdministration(ctx context.Context, v *visit) (answer, error) {
	// Beside administrators, whoever holds a role for one of them is led to it.
	var all []administration
	opens := v.Views.Opens(ctx, v.by.Caller)
	for _, a := range administrations {
		open, err := opens(a.action)
		if err != nil {
			return answer{}, err
		}
		if open {
			all = append(all, a)
		}
	}
	if len(all) == 0 {
		return answer{}, authz.ReadConnector.Refusal()
	}
	return page(administrationView(v, all))
}

// choice is one of several values with the words for it.
type choice struct{ Value, Words string }

// typedLines are the lines of a text without what is around them; empty ones are left out.
func typedLines(text string) (all []string) {
	for line := range strings.SplitSeq(text, "\n") {
		if line = strings.TrimSpace(line); line != "" {
			all = append(all, line)
		}
	}
	return all
}

// someone finds whom a line names: by id, by user name, or by mail where one person has it.
func (v *visit) someone(ctx context.Context, line string) (entitlement.User, error) {
	if id, err := entitlement.ParseID[entitlement.UserID]("A person", line); err == nil {
		return v.Directory.User(ctx, v.by.Caller, id)
	}
	u, err := v.Directory.UserNamed(ctx, v.by.Caller, line)
	if entitlement.KindOf(err) != entitlement.NotFound || err == nil || !strings.Contains(line, "@") {
		return u, err
	}
	mailed, failed := v.Directory.UsersMailed(ctx, v.by.Caller, line, entitlement.Page{Limit: 2})
	if failed != nil || len(mailed.Items) != 1 {
		return u, cmpErr(failed, err)
	}
	return mailed.Items[0], nil
}

func cmpErr(first, second error) error {
	if first != nil {
		return first
	}
	return second
}

// everyone finds all whom lines name. What nobody is named by is a fault of the field.
func (v *visit) everyone(ctx context.Context, field string, lines []string) (all []entitlement.User, wrong faults, err error) {
	for _, line := range lines {
		u, err := v.someone(ctx, line)
		if err != nil && entitlement.KindOf(err) == entitlement.NotFound {
			wrong = append(wrong, fault{field, v.T("Nobody has the user name, mail or id %s.", line)})
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		if !slices.ContainsFunc(all, func(known entitlement.User) bool { return known.ID == u.ID }) {
			all = append(all, u)
		}
	}
	return all, wrong, nil
}

// userNames are the user names of people, one a line.
func (v *visit) userNames(ctx context.Context, ids []entitlement.UserID) (string, error) {
	if len(ids) == 0 {
		return "", nil
	}

	users, err := v.Directory.UsersNamed(ctx, v.by.Caller, ids)
	if err != nil {
		return "", err
	}

	known := map[entitlement.UserID]string{}
	for _, u := range users {
		known[u.ID] = u.UserPrincipalName
	}
	lines := make([]string, len(ids))
	for i, id := range ids {
		// The id of one whose name cannot be read is kept, or saving the form would drop
		// them unseen.
		if lines[i] = known[id]; lines[i] == "" {
			lines[i] = string(id)
		}
	}
	return strings.Join(lines, "\n"), nil
}

// allows refuses those who may not do something that is of no catalog.
func (v *visit) allows(ctx context.Context, a authz.Action) error {
	return v.Views.Allows(ctx, v.by.Caller, a, authz.Object{})
}

// afterForm ends a form: with the next page, or with the form again and what is wrong with it.
func (v *visit) afterForm(err error, next string, again func(faults) (answer, error)) (answer, error) {
	if err == nil {
		return then(next)
	}
	all, status, err := v.refused(err)
	if err != nil {
		return answer{}, err
	}
	a, err := again(all)
	a.status = status
	return a, err
}

// badForm shows a form again, before anything was tried.
func badForm(a answer, err error) (answer, error) {
	a.status = http.StatusBadRequest
	return a, err
}
