package portal

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/requests"
)

var connectorRoutes = []route{
	{http.MethodGet, "/administration", authz.ReadConnector, showAdministration},
	{http.MethodGet, "/administration/connectors", authz.ReadConnector, listConnectors},
	{http.MethodGet, "/administration/connectors/new", authz.RegisterConnector, newConnector},
	{http.MethodPost, "/administration/connectors/new", authz.RegisterConnector, registerConnector},
	{http.MethodGet, "/administration/connectors/{id}", authz.ReadConnector, showConnector},
	{http.MethodGet, "/administration/connectors/{id}/edit", authz.UpdateConnector, editConnector},
	{http.MethodPost, "/administration/connectors/{id}/edit", authz.UpdateConnector, updateConnector},
	{http.MethodPost, "/administration/connectors/{id}/check", authz.UpdateConnector, checkConnector},
	{http.MethodPost, "/administration/connectors/{id}/pause", authz.UpdateConnector, pauseConnector},
	{http.MethodPost, "/administration/connectors/{id}/resume", authz.UpdateConnector, resumeConnector},
	{http.MethodPost, "/administration/connectors/{id}/delete", authz.DeleteConnector, deleteConnector},
}

func connectorPath(id entitlement.ConnectorID) string {
	return "/administration/connectors/" + string(id)
}

func listConnectors(ctx context.Context, v *visit) (answer, error) {
	all, err := v.Catalogs.ListConnectors(ctx, v.by.Caller)
	if err != nil {
		return answer{}, err
	}
	return page(connectorsView(v, all))
}

// connectorPage is one connector, with what is known of its target and what is owed there.
type connectorPage struct {
	entitlement.ConnectorConfig
	Managers []entitlement.User
	Owed     []requests.DeliveryError
	Waiting  int    // people of those who wait for the pause to end
	LookedUp string // who was looked for at the target; "" for nobody
	Person   string // who is typed, to be looked for
	Said     string
	Faults   faults
}

func showConnector(ctx context.Context, v *visit) (answer, error) {
	shown, err := v.connectorPage(ctx)
	if err != nil {
		return answer{}, err
	}
	switch v.request.URL.Query().Get("done") {
	case "checked":
		shown.Said = v.T("The target was looked at.")
	case "paused":
		shown.Said = v.T("The connector is paused. A delivery that is under way stops within five seconds.")
	case "resumed":
		shown.Said = v.T("The connector is resumed. What was owed is delivered now.")
	}
	return page(connectorView(v, shown))
}

// connector is the connector in the page's path.
func (v *visit) connector(ctx context.Context) (entitlement.ConnectorConfig, error) {
	id, err := pathID[entitlement.ConnectorID](v)
	if err != nil {
		return entitlement.ConnectorConfig{}, err
	}
	if id == entitlement.BuiltinConnector { // nobody keeps it
		return entitlement.ConnectorConfig{}, noPage()
	}
	return v.Catalogs.Connector(ctx, v.by.Caller, id)
}

func (v *visit) connectorPage(ctx context.Context) (connectorPage, error) {
	c, err := v.connector(ctx)
	if err != nil {
		return connectorPage{}, err
	}

	shown := connectorPage{ConnectorConfig: c}
	if err := v.nameAtConnector(ctx, &shown); err != nil {
		return shown, err
	}

	if shown.Owed, err = v.Requests.DeliveryErrorsAt(ctx, v.by.Caller, c.ID); err != nil {
		return shown, err
	}

	// What waits because of the pause is no error: the page shows it beside the pause.
	for _, owed := range shown.Owed {
		if owed.Reason == entitlement.ReasonPaused {
			shown.Waiting = owed.Subjects
		}
	}
	return shown, nil
}

// nameAtConnector names the people whom a connector's page shows, in one read.
func (v *visit) nameAtConnector(ctx context.Context, shown *connectorPage) error {
	ids := slices.Clone(shown.ResourceManagers)
	if shown.Check.Person != "" {
		ids = append(ids, shown.Check.Person)
	}
	if len(ids) == 0 {
		return nil
	}

	users, err := v.Directory.UsersNamed(ctx, v.by.Caller, ids)
	for _, u := range users {
		if slices.Contains(shown.ResourceManagers, u.ID) {
			shown.Managers = append(shown.Managers, u)
		}
		if u.ID == shown.Check.Person {
			shown.LookedUp = u.DisplayName
		}
	}
	if shown.Check.Person != "" && shown.LookedUp == "" {
		shown.LookedUp = v.T("somebody who is not in the directory any more")
	}
	return err
}

// besideConnector shows a connector again, with why something was not done with it.
func (v *visit) besideConnector(ctx context.Context) func(faults) (answer, error) {
	return func(all faults) (answer, error) {
		shown, err := v.connectorPage(ctx)
		if err != nil {
			return answer{}, err
		}
		shown.Faults, shown.Person = all, v.typed("person")
		return page(connectorView(v, shown))
	}
}

func checkConnector(ctx context.Context, v *visit) (answer, error) {
	c, err := v.connector(ctx)
	if err != nil {
		return answer{}, err
	}
	if err := v.allows(ctx, authz.UpdateConnector); err != nil {
		return answer{}, err
	}
	again := v.besideConnector(ctx)
	people, wrong, err := v.everyone(ctx, "person", typedLines(v.typed("person")))
	if err != nil {
		return answer{}, err
	}
	if len(people) > 1 {
		wrong = append(wrong, fault{"person", v.T("Name one person.")})
	}
	if wrong != nil {
		return badForm(again(wrong))
	}

	var person entitlement.UserID
	if len(people) == 1 {
		person = people[0].ID
	}
	_, err = v.Catalogs.CheckConnector(ctx, v.by, c.ID, person)
	return v.afterForm(err, connectorPath(c.ID)+"?done=checked", again)
}

func pauseConnector(ctx context.Context, v *visit) (answer, error) {
	return v.turnConnector(ctx, true, "paused")
}

func resumeConnector(ctx context.Context, v *visit) (answer, error) {
	return v.turnConnector(ctx, false, "resumed")
}

func (v *visit) turnConnector(ctx context.Context, paused bool, done string) (answer, error) {
	c, err := v.connector(ctx)
	if err != nil {
		return answer{}, err
	}
	_, err = v.Catalogs.UpdateConnector(ctx, v.by, c.ID, "", func(c *entitlement.ConnectorConfig) { c.Paused = paused })
	return v.afterForm(err, connectorPath(c.ID)+"?done="+done, v.besideConnector(ctx))
}

func deleteConnector(ctx context.Context, v *visit) (answer, error) {
	c, err := v.connector(ctx)
	if err == nil {
		err = v.allows(ctx, authz.DeleteConnector)
	}
	if err != nil {
		return answer{}, err
	}
	if err = v.confirmed(); err == nil {
		err = v.Catalogs.DeleteConnector(ctx, v.by, c.ID)
	}
	return v.afterForm(err, "/administration/connectors", v.besideConnector(ctx))
}

// connectorForm is what somebody types of a connector. The credential is never shown again.
type connectorForm struct {
	Of       entitlement.ConnectorConfig // that is edited; none where one is registered
	Typed    entitlement.ConnectorConfig
	Keys     string
	Managers string
	Faults   faults
}

// Path is where the form goes.
func (f connectorForm) Path() string {
	if f.Of.ID == "" {
		return "/administration/connectors/new"
	}
	return connectorPath(f.Of.ID) + "/edit"
}

func (v *visit) connectorKinds() (all []choice) {
	for _, k := range v.Catalogs.Kinds {
		if k.Name != "" {
			all = append(all, choice{k.Name, k.Name})
		}
	}
	return all
}

// settingWords say what the words of a connector's settings mean.
var settingWords = meanings{
	{"readBack", "What counts as given"}, {"required", "what the target shows"}, {"unconfirmed", "also what no way of asking shows"},
	{"removalForm", "How members are taken out"}, {"memberPath", "one by one, by a path"}, {"valueList", "by a list of values"},
	{"writes", "Changes of one resource"}, {"serial", "one after the other"}, {"concurrent", "side by side"},
	{"accounts", "Whoever has no account there"}, {"existing", "gets no role"}, {"made", "gets an account with the first role"},
	{"accountsAtEnd", "An account that was made, after the last role"}, {"disabled", "is disabled"}, {"deleted", "is deleted"},
	{"invitations", "Invited to a tenant of Microsoft Graph"}, {"guests", "guests alone"}, {"everybody", "members of the directory too"},
	{"network", "Called from"}, {"internet", "the internet"}, {"vpc", "the VPC of this deployment"},
}

func (v *visit) settingChoices(s entitlement.ConnectorSetting) (all []choice) {
	for _, word := range s.Words {
		all = append(all, choice{word, v.T(settingWords.of(word))})
	}
	return all
}

func newConnector(ctx context.Context, v *visit) (answer, error) {
	if err := v.allows(ctx, authz.RegisterConnector); err != nil {
		return answer{}, err
	}
	form := connectorForm{Keys: strings.Join(entitlement.CorrelateBy[:2], ", ")}
	if all := v.connectorKinds(); len(all) > 0 {
		form.Typed.Kind = all[0].Value
	}
	return page(connectorFormView(v, form))
}

// connectorSent reads the form onto a connector.
func (v *visit) connectorSent(ctx context.Context, of entitlement.ConnectorConfig) (connectorForm, error) {
	form := connectorForm{Of: of, Typed: of, Keys: v.typed("keys"), Managers: v.typed("managers")}
	t := &form.Typed
	t.DisplayName, t.Kind, t.URL = v.typed("name"), v.typed("kind"), v.typed("url")
	t.RoleValues, t.EntitlementValues = typedLines(v.typed("roleValues")), typedLines(v.typed("entitlementValues"))
	t.CorrelationKeys = strings.FieldsFunc(form.Keys, func(r rune) bool { return r == ',' || r == ' ' || r == ';' })

	form.Faults = v.unnamed(t.DisplayName)
	if t.URL == "" {
		form.Faults = append(form.Faults, fault{"url", v.T("Type the address of the target.")})
	}
	if of.ID == "" && v.request.PostForm.Get("credential") == "" && !entitlement.GivenNoCredential(v.Catalogs.Kinds, t.Kind) {
		form.Faults = append(form.Faults, fault{"credential", v.T("Type the credential of the target.")})
	}
	for _, s := range entitlement.ConnectorSettings {
		if !s.Set(t, v.typed(s.Name)) {
			form.Faults = append(form.Faults, fault{s.Name, v.T("Choose one.")})
		}
	}

	managers, wrong, err := v.everyone(ctx, "managers", typedLines(form.Managers))
	form.Faults = append(form.Faults, wrong...)
	t.ResourceManagers = nil
	for _, u := range managers {
		t.ResourceManagers = append(t.ResourceManagers, u.ID)
	}
	return form, err
}

func registerConnector(ctx context.Context, v *visit) (answer, error) {
	if err := v.allows(ctx, authz.RegisterConnector); err != nil {
		return answer{}, err
	}
	form, err := v.connectorSent(ctx, entitlement.ConnectorConfig{})
	if err != nil {
		return answer{}, err
	}
	if form.Faults != nil {
		return badForm(page(connectorFormView(v, form)))
	}
	made, err := v.Catalogs.RegisterConnector(ctx, v.by, form.Typed, v.request.PostForm.Get("credential"))
	return v.afterForm(err, connectorPath(made.ID), form.again(v))
}

// again shows the form with what is wrong with it.
func (f connectorForm) again(v *visit) func(faults) (answer, error) {
	return func(all faults) (answer, error) {
		f.Faults = all
		return page(connectorFormView(v, f))
	}
}

func editConnector(ctx context.Context, v *visit) (answer, error) {
	c, err := v.connector(ctx)
	if err == nil {
		err = v.allows(ctx, authz.UpdateConnector)
	}
	if err != nil {
		return answer{}, err
	}
	form := connectorForm{Of: c, Typed: c, Keys: strings.Join(c.CorrelationKeys, ", ")}
	if form.Managers, err = v.userNames(ctx, c.ResourceManagers); err != nil {
		return answer{}, err
	}
	return page(connectorFormView(v, form))
}

func updateConnector(ctx context.Context, v *visit) (answer, error) {
	c, err := v.connector(ctx)
	if err == nil {
		err = v.allows(ctx, authz.UpdateConnector)
	}
	if err != nil {
		return answer{}, err
	}
	form, err := v.connectorSent(ctx, c)
	if err != nil {
		return answer{}, err
	}
	if form.Faults != nil {
		return badForm(page(connectorFormView(v, form)))
	}

	t := form.Typed
	_, err = v.Catalogs.UpdateConnector(ctx, v.by, c.ID, v.request.PostForm.Get("credential"), func(kept *entitlement.ConnectorConfig) {
		kept.DisplayName, kept.Kind, kept.URL, kept.CorrelationKeys = t.DisplayName, t.Kind, t.URL, slices.Clone(t.CorrelationKeys)
		kept.ResourceManagers, kept.RoleValues, kept.EntitlementValues = slices.Clone(t.ResourceManagers), slices.Clone(t.RoleValues), slices.Clone(t.EntitlementValues)
		kept.Unconfirmed, kept.ValueListRemoval, kept.ConcurrentWrites = t.Unconfirmed, t.ValueListRemoval, t.ConcurrentWrites
		kept.MakeAccounts, kept.DeleteAccounts, kept.InviteEverybody = t.MakeAccounts, t.DeleteAccounts, t.InviteEverybody
		kept.VPC = t.VPC
	})
	return v.afterForm(err, connectorPath(c.ID), form.again(v))
}
