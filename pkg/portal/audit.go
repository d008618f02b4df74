package portal

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"leasehold/pkg/authz"
	"leasehold/pkg/csvfile"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/views"
)

// kindWords are the kinds of things that have events, as the pages call them.
var kindWords = map[entitlement.AggregateKind]string{
	entitlement.OfCatalog: "Catalog", entitlement.OfPackage: "Access package", entitlement.OfPolicy: "Policy", entitlement.OfRequest: "Request and assignment",
	entitlement.OfUser: "Person", entitlement.OfGroup: "Group", entitlement.OfConnector: "Target system", entitlement.OfPrincipal: "Sign-in",
	entitlement.OfReprocess: "Delivery again", entitlement.OfRole: "Role assignment", entitlement.OfSettings: "Settings",
	entitlement.OfOrganization: "Connected organization", entitlement.OfCommand: "Command", entitlement.OfDrift: "Comparison with a target", entitlement.OfAccount: "Account at a target",
}

// auditFilter is which events are asked for: as it was typed, and what was found by that.
type auditFilter struct {
	Person, Package, Actor string // as typed
	From, To               string // days, as typed
	asked                  views.History
	actor                  entitlement.UserID // beside a person or a package, whose lists are of all actors
}

// Query is the filter as the address has it.
func (f auditFilter) Query() string {
	query := url.Values{}
	for name, value := range map[string]string{"person": f.Person, "package": f.Package, "actor": f.Actor, "from": f.From, "to": f.To} {
		if value != "" {
			query.Set(name, value)
		}
	}
	return query.Encode()
}

// Any reports that not all events are asked for.
func (f auditFilter) Any() bool { return f.Query() != "" }

// fits reports an event that the filter lets through: the lists of a person and of a package
// hold all times and actors, and that of a person all packages.
func (f auditFilter) fits(e views.Event) bool {
	during := f.asked.During
	return (f.asked.Of == "" || f.asked.For == "" || e.Package == f.asked.For) && (f.actor == "" || e.Actor == f.actor) &&
		(during.From.IsZero() || !e.At.Before(during.From)) && (during.To.IsZero() || !e.At.After(during.To))
}

// candidates are those that one field of the filter may mean.
type candidates struct {
	Field, Label string
	Rows         []candidateRow
	More         bool // there may be others
}

// candidateRow is one of them, with the filter in which it is named by its id.
type candidateRow struct{ Name, Beside, Query string }

// auditPage is the events that a filter lets through.
type auditPage struct {
	Filter  auditFilter
	Named   []string // what the ids in the filter stand for
	Events  []views.Event
	Next    string
	Unread  int
	Choose  []candidates
	Wrong   faults
	Showing bool // the filter could be read
}

// showAudit lists events, or asks what the filter means.
func showAudit(ctx context.Context, v *visit) (answer, error) {
	shown, err := v.auditFilter(ctx)
	if err != nil {
		return answer{}, err
	}
	if !shown.Showing {
		status := 200
		if len(shown.Wrong) > 0 {
			status = 400
		}
		return answer{status: status, page: auditView(v, shown)}, nil
	}

	token, err := v.unseal(ctx, v.request.URL.Query().Get("page"))
	if err != nil {
		return answer{}, err
	}
	for range maxSought {
		events, next, unread, err := v.someEvents(ctx, shown.Filter, entitlement.Page{Limit: onPage - len(shown.Events), Token: token})
		if err != nil {
			return answer{}, err
		}
		shown.Events, shown.Unread = append(shown.Events, events...), shown.Unread+unread
		if token = next; token == "" || len(shown.Events) >= onPage {
			break
		}
	}
	if shown.Next, err = v.next(ctx, token); err != nil {
		return answer{}, err
	}
	return page(auditView(v, shown))
}

// someEvents reads one piece of the list that the filter is about.
func (v *visit) someEvents(ctx context.Context, f auditFilter, p entitlement.Page) (fit []views.Event, next string, unread int, err error) {
	list, err := v.Views.History(ctx, v.by.Caller, f.asked, p)
	if err != nil {
		return nil, "", 0, err
	}
	told, err := v.Views.Tell(ctx, v.by.Caller, list.Items)
	return slices.DeleteFunc(told, func(e views.Event) bool { return !f.fits(e) }), list.Next, list.Unread, err
}

// auditColumns are the header row of an export of events.
var auditColumns = []string{"activityDateTime", "activity", "actorId", "actorName", "objectKind", "objectId", "number", "subjectId", "subjectName",
	"accessPackageId", "accessPackageName", "before", "after", "changes", "data", "requestId", "allowedBy", "previousHash", "hash"}

// exportAudit answers with exactly what the filter of the page shows, as a file.
func exportAudit(ctx context.Context, v *visit) (answer, error) {
	shown, err := v.auditFilter(ctx)
	if err != nil {
		return answer{}, err
	}
	if !shown.Showing {
		return answer{}, entitlement.Errorf(entitlement.Invalid, "This filter does not say which events are meant. Choose on the page first.")
	}

	out, rows := csvfile.New(auditColumns...), 0
	p := entitlement.Page{Limit: entitlement.PageSize}
	for range maxExportedPages {
		events, next, unread, err := v.someEvents(ctx, shown.Filter, p)
		if err != nil {
			return answer{}, err
		}
		if unread > 0 { // half of a list would pass for all of it
			return answer{}, entitlement.Errorf(entitlement.Unavailable, "Some of these events cannot be read by this version, so that the file would lack them. Tell whoever runs this service.")
		}
		for _, e := range events {
			out.Add(auditRow(e)...)
		}
		if rows += len(events); rows > csvfile.MaxRows || len(out.Bytes()) > maxExported {
			break
		}
		if p.Token = next; next == "" {
			return answer{file: &file{name: "events.csv", media: csvfile.Media, body: out.Bytes()}}, nil
		}
	}
	return answer{}, entitlement.Errorf(entitlement.Invalid, "One file holds at most %d events. Choose a shorter time first.", csvfile.MaxRows)
}

// auditRow is one event. What changed and what else is known are JSON, so that a program can
// read them back.
func auditRow(e views.Event) []string {
	type change struct{ Property, Before, After string }
	var changes []change
	for _, c := range e.Changed {
		changes = append(changes, change{c.Property, e.Meaning(c.Before), e.Meaning(c.After)})
	}
	text := func(value any, none bool) string {
		if none {
			return ""
		}
		written, _ := json.Marshal(value) // plain values: cannot fail
		return string(written)
	}
	return []string{e.At.UTC().Format(time.RFC3339Nano), e.Kind, string(e.Actor), e.ActorName, string(e.Aggregate), e.ID, strconv.FormatInt(e.Number, 10),
		string(e.Subject), e.SubjectName, string(e.About.Package), e.PackageName, e.Before, e.After, text(changes, len(changes) == 0), text(e.Data, len(e.Data) == 0),
		e.Command, e.AllowedBy, e.Prev, e.Hash}
}

// maxFilter bounds what is typed into one field of the filter.
const maxFilter = 200

// auditFilter reads the filter of the address, and finds what is named in it.
func (v *visit) auditFilter(ctx context.Context) (auditPage, error) {
	query := v.request.URL.Query()
	typed := func(name string) string { return strings.TrimSpace(query.Get(name)) }
	shown := auditPage{Filter: auditFilter{Person: typed("person"), Package: typed("package"), Actor: typed("actor"), From: typed("from"), To: typed("to")}}
	f := &shown.Filter
	wrong := func(field, text string) { shown.Wrong = append(shown.Wrong, fault{field, text}) }

	for _, value := range []string{f.Person, f.Package, f.Actor} {
		if len(value) > maxFilter {
			return shown, entitlement.Errorf(entitlement.Invalid, "A field of the filter holds at most %d characters.", maxFilter)
		}
	}
	day := func(field, text string, of func(string) (time.Time, error)) time.Time {
		if text == "" {
			return time.Time{}
		}
		t, err := of(text)
		if err != nil {
			wrong(field, v.T("A day is written like 2026-01-31."))
		}
		return t
	}
	f.asked.During.From = day("from", f.From, v.begin)
	if after := day("to", f.To, v.after); !after.IsZero() {
		f.asked.During.To = after.Add(-1) // the last day belongs to it
	}

	if err := v.findPerson(ctx, &shown, "person", v.T("About a person"), &f.Person, &f.asked.Of); err != nil {
		return shown, err
	}
	if err := v.findPackage(ctx, &shown); err != nil {
		return shown, err
	}
	if f.Actor == string(entitlement.Service) {
		f.actor = entitlement.Service
	} else if err := v.findPerson(ctx, &shown, "actor", v.T("Done by"), &f.Actor, &f.actor); err != nil {
		return shown, err
	}

	// What the service does by itself is in no list of its own, and to go through all that ever
	// happened for it is no answer.
	narrow := f.asked.Of != "" || f.asked.For != ""
	switch {
	case f.actor == entitlement.Service && !narrow && f.From == "" && len(shown.Choose) == 0:
		wrong("from", v.T("Name the first day, a person or a package as well: what the service did by itself is found by these."))
	case f.actor != entitlement.Service:
		f.asked.By = f.actor
	}
	shown.Showing = len(shown.Wrong) == 0 && len(shown.Choose) == 0
	return shown, nil
}

// findPerson finds who is meant by an id, or by part of a name, a user name or a mail. Where
// there is one such, the filter goes on with their id.
func (v *visit) findPerson(ctx context.Context, shown *auditPage, field, label string, typed *string, id *entitlement.UserID) error {
	if *typed == "" {
		return nil
	}
	if found, err := entitlement.ParseID[entitlement.UserID](field, *typed); err == nil {
		*id, *typed = found, string(found)
		named, err := v.Directory.UsersNamed(ctx, v.by.Caller, []entitlement.UserID{found})
		if err == nil && len(named) == 1 { // of somebody who is gone the id is left, and has events
			shown.Named = append(shown.Named, label+": "+personName(found, &named[0]))
		}
		return err
	}

	var all []candidateRow
	var one entitlement.User
	var more string
	for range maxSought {
		list, err := v.Directory.ListUsers(ctx, v.by.Caller, entitlement.Page{Limit: entitlement.PageSize, Token: more})
		if err != nil {
			return err
		}
		for _, u := range list.Items {
			if contains(u.DisplayName, *typed) || contains(u.UserPrincipalName, *typed) || contains(u.Mail, *typed) {
				one = u
				all = append(all, candidateRow{personName(u.ID, &u), u.UserPrincipalName, shown.Filter.with(field, string(u.ID))})
			}
		}
		if more = list.Next; more == "" || len(all) >= onPage {
			break
		}
	}
	if len(all) == 1 && more == "" {
		*id, *typed = one.ID, string(one.ID)
		shown.Named = append(shown.Named, label+": "+personName(one.ID, &one))
		return nil
	}
	shown.choose(field, label, all, more != "", v.T("Nobody has this in the name, user name or mail."))
	return nil
}

// findPackage finds the package that is meant by an id or part of a name.
func (v *visit) findPackage(ctx context.Context, shown *auditPage) error {
	f, field, label := &shown.Filter, "package", v.T("About an access package")
	if f.Package == "" {
		return nil
	}
	if found, err := entitlement.ParseID[entitlement.PackageID](field, f.Package); err == nil {
		f.asked.For, f.Package = found, string(found)
		named, err := v.Catalogs.PackagesNamed(ctx, v.by.Caller, []entitlement.PackageID{found})
		if err == nil && len(named) == 1 {
			shown.Named = append(shown.Named, label+": "+named[0].DisplayName)
		}
		return err
	}

	var all []candidateRow
	var one entitlement.AccessPackage
	var more string
	for range maxSought {
		list, err := v.Catalogs.ListPackages(ctx, v.by.Caller, entitlement.Page{Limit: entitlement.PageSize, Token: more})
		if err != nil {
			return err
		}
		for _, p := range list.Items {
			if contains(p.DisplayName, f.Package) {
				one = p
				all = append(all, candidateRow{p.DisplayName, p.Description, f.with(field, string(p.ID))})
			}
		}
		if more = list.Next; more == "" || len(all) >= onPage {
			break
		}
	}
	if len(all) == 1 && more == "" {
		f.asked.For, f.Package = one.ID, string(one.ID)
		shown.Named = append(shown.Named, label+": "+one.DisplayName)
		return nil
	}
	shown.choose(field, label, all, more != "", v.T("No access package has this in its name."))
	return nil
}

// choose asks which of several is meant, or says that there is none.
func (shown *auditPage) choose(field, label string, all []candidateRow, more bool, none string) {
	if len(all) == 0 && !more {
		shown.Wrong = append(shown.Wrong, fault{field, none})
		return
	}
	all = all[:min(len(all), onPage)]
	shown.Choose = append(shown.Choose, candidates{Field: field, Label: label, Rows: all, More: more || len(all) == onPage})
}

// with is the filter with one field of another value, as the address has it.
func (f auditFilter) with(field, value string) string {
	for name, at := range map[string]*string{"person": &f.Person, "package": &f.Package, "actor": &f.Actor} {
		if name == field {
			*at = value
		}
	}
	return f.Query()
}

// objectPage is the events of one thing, with whether they are whole.
type objectPage struct {
	Kind   entitlement.AggregateKind
	ID     string
	Events []views.Event
	Next   string
	Unread int
	Chain  *chainShown // nil on further pages
}

// chainShown is what came of following a chain of events.
type chainShown struct {
	Events int
	Broken string // what is wrong; "" where nothing is
	Head   bool   // the head is kept, and the chain reaches it
	Whole  bool   // the chain was followed to its end
}

// maxFollowed bounds the pages of a chain that one look at it follows.
const maxFollowed = 20

// showObject lists the events of one thing in their order.
func showObject(ctx context.Context, v *visit) (answer, error) {
	kind := entitlement.AggregateKind(v.request.PathValue("kind"))
	id, err := partID[string](v, "object")
	if err != nil {
		return answer{}, err
	}
	if _, known := kindWords[kind]; !known {
		return answer{}, entitlement.Errorf(entitlement.NotFound, "There is no such page.")
	}
	token, err := v.unseal(ctx, v.request.URL.Query().Get("page"))
	if err != nil {
		return answer{}, err
	}

	shown := objectPage{Kind: kind, ID: id}
	list, err := v.Views.Events(ctx, v.by.Caller, kind, id, entitlement.Page{Limit: onPage, Token: token})
	if err != nil {
		return answer{}, err
	}
	if len(list.Items) == 0 && list.Unread == 0 && token == "" {
		return answer{}, entitlement.Errorf(entitlement.NotFound, "There are no events of this.")
	}
	if shown.Events, err = v.Views.Tell(ctx, v.by.Caller, list.Items); err != nil {
		return answer{}, err
	}
	if shown.Next, err = v.next(ctx, list.Next); err != nil {
		return answer{}, err
	}
	if shown.Unread = list.Unread; token == "" {
		if shown.Chain, err = v.followed(ctx, kind, id); err != nil {
			return answer{}, err
		}
	}
	return page(objectView(v, shown))
}

// followed follows the chain of a thing from its first event (S11). The head is read first:
// what is written meanwhile only makes the chain longer than it.
func (v *visit) followed(ctx context.Context, kind entitlement.AggregateKind, id string) (*chainShown, error) {
	head, kept, err := v.Views.ChainHead(ctx, v.by.Caller, kind, id)
	if err != nil {
		return nil, err
	}

	at, reached := entitlement.Chain{}, false
	shown := &chainShown{}
	for p := (entitlement.Page{Limit: entitlement.PageSize}); ; {
		list, err := v.Views.Events(ctx, v.by.Caller, kind, id, p)
		if err != nil {
			return nil, err
		}
		for _, e := range list.Items {
			next, wrong := at.Follow([]entitlement.Event{e})
			if wrong != nil || kept && next.Number == head.Number && next != head {
				shown.Broken = v.T("Event %d does not continue the one before, or was altered.", e.Number)
				return shown, nil
			}
			at = next
			reached = reached || next == head
		}
		shown.Events = int(at.Number)
		if list.Unread > 0 {
			shown.Broken = v.T("Events that this version cannot read: %d.", list.Unread)
			return shown, nil
		}
		if p.Token = list.Next; p.Token == "" {
			shown.Whole = true
			break
		}
		if shown.Events >= maxFollowed*entitlement.PageSize {
			return shown, nil
		}
	}

	if kept && !reached {
		shown.Broken = v.T("It ends with event %d, and ought to reach event %d.", shown.Events, head.Number)
	}
	shown.Head = kept
	return shown, nil
}

// datum is one thing more that an event says.
type datum struct{ Name, Value string }

// dataOf is what else an event says, by name.
func dataOf(e views.Event) (all []datum) {
	for _, name := range slices.Sorted(maps.Keys(e.Data)) {
		if value := e.Data[name]; value != "" {
			all = append(all, datum{name, value})
		}
	}
	return all
}

// maxCell and maxLines bound the text of one value, and the values of one event, in the list of
// all events; the page of the thing has them whole.
const (
	maxCell  = 80
	maxLines = 6
)

// line is one value of an event: a property that changed, or what else it says.
type line struct {
	Name, Before, After string
	Changed             bool
}

// linesOf is what an event says beside its states, and how much of it is left out.
func linesOf(e views.Event, whole bool) (all []line, left int) {
	for _, c := range e.Changed {
		all = append(all, line{cut(c.Property, whole), cut(e.Meaning(c.Before), whole), cut(e.Meaning(c.After), whole), true})
	}
	for _, d := range dataOf(e) {
		all = append(all, line{Name: cut(d.Name, whole), After: cut(d.Value, whole)})
	}
	if !whole && len(all) > maxLines {
		return all[:maxLines], len(all) - maxLines
	}
	return all, 0
}

// cut is a value as the list shows it.
func cut(text string, whole bool) string {
	if runes := []rune(text); !whole && len(runes) > maxCell {
		return string(runes[:maxCell]) + "…"
	}
	return text
}

// stateSaid is a state of an event in the visitor's words where the pages have one.
func (v *visit) stateSaid(s string) string {
	if word := stateWords[s]; word != "" {
		return v.T(word)
	}
	return s
}

// actorName is who did something.
func (v *visit) actorName(e views.Event) string {
	if e.Actor == entitlement.Service {
		return v.T("the service itself")
	}
	return cmp.Or(e.ActorName, string(e.Actor))
}

// may reports that the visitor is one of those who are let in to do something anywhere.
func (v *visit) may(a authz.Action) bool {
	return authz.Allow(v.by.Caller, a, authz.Object{}).Allowed
}
