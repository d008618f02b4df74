package portal

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/order"
	"leasehold/pkg/requests"
	"leasehold/pkg/views"
)

// operationsRoutes are the pages of those who run the service, and of those who look back.
var operationsRoutes = []route{
	{http.MethodGet, "/operations", authz.ReadDeliveryErrors, showOperations},
	{http.MethodPost, "/operations/reprocess", authz.Reprocess, reprocessReason},
	{http.MethodGet, "/operations/failures/{connector}/{reason}", authz.ReadDeliveryErrors, showFailures},
	{http.MethodPost, "/operations/failures/{connector}/{reason}/reprocess", authz.Reprocess, reprocessPerson},
	{http.MethodGet, "/operations/removals", authz.ReadDeliveryErrors, showRemovals},
	{http.MethodPost, "/operations/removals/close", authz.CloseRemoval, closeRemoval},
	{http.MethodGet, "/operations/loosened", authz.ReadEvents, showLoosened},
	{http.MethodGet, "/operations/figures", authz.ReadDeliveryErrors, showFigures},

	{http.MethodGet, "/audit", authz.ReadEvents, showAudit},
	{http.MethodGet, "/audit/export", authz.ReadEvents, exportAudit},
	{http.MethodGet, "/audit/{kind}/{object}", authz.ReadEvents, showObject},
}

// operationsPage is what goes wrong at the moment.
type operationsPage struct {
	Errors   []deliveryError
	Next     string
	Retried  int    // just now
	Oldest   []owed // overdue removals, oldest first
	Overdue  int
	MoreOwed bool // there may be others
	Loosened []views.Event
	Resting  []resting
	Parked   []parked
	Unread   int  // rows of all this that could not be read
	Looks    bool // the visitor may read events
	Repairs  bool // and may have things delivered again
}

// deliveryError is how many people's delivery at a target fails for a reason.
type deliveryError struct {
	requests.DeliveryError
	Target string
}

// path is the address of the people whom it is about.
func (e deliveryError) path() string { return failurePath(e.Connector, e.Reason) }

func failurePath(at entitlement.ConnectorID, reason string) string {
	return "/operations/failures/" + string(at) + "/" + url.PathEscape(reason)
}

// maxLoosened is how many notices the first page shows.
const maxLoosened = 5

func showOperations(ctx context.Context, v *visit) (answer, error) {
	shown := operationsPage{Retried: v.doneCount("again"), Looks: v.may(authz.ReadEvents), Repairs: v.may(authz.Reprocess)}
	token, err := v.unseal(ctx, v.request.URL.Query().Get("page"))
	if err != nil {
		return answer{}, err
	}

	var errs entitlement.Paged[requests.DeliveryError]
	var names map[entitlement.ConnectorID]string
	var owed []owed
	var notices entitlement.Paged[views.Event]
	var more string
	var unread int
	err = views.Together(
		func() (err error) {
			errs, err = v.Requests.DeliveryErrors(ctx, v.by.Caller, entitlement.Page{Limit: entitlement.PageSize, Token: token})
			return err
		},
		func() (err error) {
			if names, err = v.targetNames(ctx); err == nil {
				shown.Resting, err = v.resting(ctx, names)
			}
			return err
		},
		func() error { shown.Parked = v.parked(ctx); return nil },
		func() (err error) { owed, more, unread, err = v.removals(ctx, "", nil); return err },
		func() (err error) {
			if shown.Looks {
				notices, err = v.loosened(ctx, entitlement.Page{Limit: maxLoosened})
			}
			return err
		})
	if err != nil {
		return answer{}, err
	}

	for _, e := range errs.Items {
		shown.Errors = append(shown.Errors, deliveryError{e, targetName(names, e.Connector)})
	}
	for _, r := range owed {
		if r.Overdue {
			shown.Overdue++
			shown.Oldest = append(shown.Oldest, r)
		}
	}
	shown.Oldest = shown.Oldest[:min(len(shown.Oldest), 1)]
	shown.MoreOwed, shown.Loosened, shown.Unread = more != "", notices.Items, unread+notices.Unread
	if shown.Next, err = v.next(ctx, errs.Next); err != nil {
		return answer{}, err
	}
	return page(operationsView(v, shown))
}

// targetNames are what the targets are called, that of the directory too.
func (v *visit) targetNames(ctx context.Context) (map[entitlement.ConnectorID]string, error) {
	all, err := v.Views.Environments(ctx, v.by.Caller)
	names := map[entitlement.ConnectorID]string{}
	for _, c := range all {
		names[c.ID] = c.DisplayName
	}
	return names, err
}

func targetName(names map[entitlement.ConnectorID]string, id entitlement.ConnectorID) string {
	if name := names[id]; name != "" {
		return name
	}
	return string(id)
}

// loosened are policies that were loosened lately, newest first: what people are to look at.
func (v *visit) loosened(ctx context.Context, p entitlement.Page) (entitlement.Paged[views.Event], error) {
	list, err := v.Views.Notices(ctx, v.by.Caller, p)
	if err != nil {
		return entitlement.Paged[views.Event]{}, err
	}
	told, err := v.Views.Tell(ctx, v.by.Caller, list.Items)
	return entitlement.Paged[views.Event]{Items: told, Next: list.Next, Unread: list.Unread}, err
}

// loosenedPage is all of them, page by page.
type loosenedPage struct {
	Events []views.Event
	Next   string
	Unread int
}

func showLoosened(ctx context.Context, v *visit) (answer, error) {
	token, err := v.unseal(ctx, v.request.URL.Query().Get("page"))
	if err != nil {
		return answer{}, err
	}
	list, err := v.loosened(ctx, entitlement.Page{Limit: onPage, Token: token})
	if err != nil {
		return answer{}, err
	}
	shown := loosenedPage{Events: list.Items, Unread: list.Unread}
	if shown.Next, err = v.next(ctx, list.Next); err != nil {
		return answer{}, err
	}
	return page(loosenedView(v, shown))
}

// failuresPage is whose delivery at a target fails for a reason.
type failuresPage struct {
	At      entitlement.ConnectorID
	Reason  string
	Target  string
	People  []failingPerson
	Next    string
	Unread  int
	Retried int    // just now
	After   string // where a call that did as many as it may goes on
	Problem string
	Repairs bool
}

// failingPerson is one person with the roles that fail.
type failingPerson struct {
	requests.Failure
	Name   string
	Called map[string]string // of the groups of the directory among the resources
}

// role is what a role is called: by the target's own ids where no more is known. The role of a
// group is its kind with the id of the group behind it.
func (p failingPerson) role(g entitlement.Grant) string {
	if name := p.Called[g.Role.Resource]; name != "" {
		return name + " (" + strings.TrimSuffix(g.Role.Role, "_"+g.Role.Resource) + ")"
	}
	return g.Role.Resource + " (" + g.Role.Role + ")"
}

// failuresOf reads the target and the reason of the page's path.
func (v *visit) failuresOf(ctx context.Context, connector, reason string) (failuresPage, error) {
	id, wrong := entitlement.ParseID[entitlement.ConnectorID]("connector", connector)
	names, err := v.targetNames(ctx) // and so whoever may not see targets is told that, of any path
	if err != nil {
		return failuresPage{}, err
	}
	if _, known := names[id]; wrong != nil || !known || !slices.Contains(v.Requests.Reasons, reason) {
		return failuresPage{}, entitlement.Errorf(entitlement.NotFound, "There is no such page.")
	}
	return failuresPage{At: id, Reason: reason, Target: targetName(names, id), Repairs: v.may(authz.Reprocess)}, nil
}

func showFailures(ctx context.Context, v *visit) (answer, error) {
	var shown failuresPage
	listed := failuresPage{Reason: v.request.PathValue("reason")}
	err := views.Together(
		func() (err error) {
			shown, err = v.failuresOf(ctx, v.request.PathValue("connector"), listed.Reason)
			return err
		},
		func() (err error) {
			if listed.At, err = partID[entitlement.ConnectorID](v, "connector"); err == nil {
				err = v.people(ctx, &listed, v.request.URL.Query().Get("page"))
			}
			return err
		})
	shown.People, shown.Next, shown.Unread, shown.Retried = listed.People, listed.Next, listed.Unread, v.doneCount("again")
	if err != nil {
		return answer{}, err
	}
	return page(failuresView(v, shown))
}

// people adds one page of the people.
func (v *visit) people(ctx context.Context, shown *failuresPage, sealed string) error {
	token, err := v.unseal(ctx, sealed)
	if err != nil {
		return err
	}
	list, err := v.Requests.Failures(ctx, v.by.Caller, shown.At, shown.Reason, entitlement.Page{Limit: onPage, Token: token})
	if err != nil {
		return err
	}

	var ids []entitlement.UserID
	for _, f := range list.Items {
		ids = append(ids, f.Subject)
	}
	var names map[entitlement.UserID]string
	var groups map[string]string
	err = views.Together(
		func() (err error) { names, err = v.personNames(ctx, ids); return err },
		func() (err error) { groups, err = v.groupNames(ctx, list.Items); return err })
	if err != nil {
		return err
	}
	for _, f := range list.Items {
		shown.People = append(shown.People, failingPerson{f, names[f.Subject], groups})
	}
	shown.Unread = list.Unread
	shown.Next, err = v.next(ctx, list.Next)
	return err
}

// groupNames are what the groups of the directory are called in which roles fail, by their ids.
func (v *visit) groupNames(ctx context.Context, all []requests.Failure) (map[string]string, error) {
	var ids []entitlement.GroupID
	for _, f := range all {
		for _, g := range f.Grants {
			if id := entitlement.GroupID(g.Role.Resource); g.Role.Connector == entitlement.BuiltinConnector && !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	groups, err := v.Directory.GroupsNamed(ctx, v.by.Caller, ids)
	names := map[string]string{}
	for _, g := range groups {
		names[string(g.ID)] = g.DisplayName
	}
	return names, err
}

// personNames are what people are called; those who are gone by their ids.
func (v *visit) personNames(ctx context.Context, ids []entitlement.UserID) (map[entitlement.UserID]string, error) {
	names := map[entitlement.UserID]string{}
	if len(ids) == 0 {
		return names, nil
	}
	for _, id := range ids {
		names[id] = string(id)
	}
	users, err := v.Directory.UsersNamed(ctx, v.by.Caller, slices.Collect(maps.Keys(names)))
	for _, u := range users {
		names[u.ID] = personName(u.ID, &u)
	}
	return names, err
}

// reprocessReason has everybody tried again whose delivery at a target fails for a reason. One
// call is bounded: what is left is gone on with from where it ended.
func reprocessReason(ctx context.Context, v *visit) (answer, error) {
	sent := v.request.PostForm
	shown, err := v.failuresOf(ctx, sent.Get("connector"), sent.Get("reason"))
	if err != nil {
		return answer{}, err
	}
	token, err := v.unseal(ctx, sent.Get("after"))
	if err != nil {
		return answer{}, err
	}
	n, next, err := v.Requests.ReprocessFailing(ctx, v.by, shown.At, shown.Reason, token)
	if err != nil {
		return answer{}, err
	}
	if next == "" {
		return then("/operations?" + queryOf("again", strconv.Itoa(min(n, maxTold))))
	}

	if shown.After, err = v.seal(ctx, next); err != nil {
		return answer{}, err
	}
	shown.Retried = n
	return page(goOnView(v, shown))
}

// reprocessPerson has the packages delivered again that give somebody what fails at a target.
func reprocessPerson(ctx context.Context, v *visit) (answer, error) {
	shown, err := v.failuresOf(ctx, v.request.PathValue("connector"), v.request.PathValue("reason"))
	if err != nil {
		return answer{}, err
	}
	subject, err := entitlement.ParseID[entitlement.UserID]("person", v.request.PostForm.Get("person"))
	if err != nil {
		return answer{}, err
	}
	roles, err := v.Requests.RolesOf(ctx, v.by.Caller, subject)
	if err != nil {
		return answer{}, err
	}

	again := map[entitlement.AssignmentID]bool{}
	for _, r := range roles {
		if r.Ref.Connector == shown.At && r.Grant.Failing() && r.Grant.Reason == shown.Reason {
			for _, a := range r.Because {
				again[a.ID] = true
			}
		}
	}
	if len(again) == 0 {
		shown.Problem = v.T("No package that this person has now gives what fails here: what is left is being taken back, or was seen to meanwhile.")
		if err := v.people(ctx, &shown, ""); err != nil {
			return answer{}, err
		}
		shown.Next = fromStart(shown.Next, failurePath(shown.At, shown.Reason))
		return answer{status: http.StatusConflict, page: failuresView(v, shown)}, nil
	}
	for id := range again {
		if err := v.Requests.ReprocessAssignment(ctx, v.by, id); err != nil {
			return answer{}, err
		}
	}
	return then(failurePath(shown.At, shown.Reason) + "?" + queryOf("again", "1"))
}

// owed is a removal whose roles were not read back absent yet.
type owed struct {
	requests.PendingRemoval
	View    *views.Assignment
	Targets []string // where roles are left
	Overdue bool
}

// removalsPage is what is still to be taken back.
type removalsPage struct {
	Owed    []owed
	Next    string
	Unread  int
	Closed  int // just now
	Closes  bool
	Problem string
	Typed   map[entitlement.AssignmentID]string // as sent, of the one that was refused
}

// maxOwed is how many pieces of what is pending one page goes through.
const maxOwed = 8

// removals reads what is still to be taken back, the longest owed first of what one page goes
// through. Where names are wanted, those of the targets are added to them.
func (v *visit) removals(ctx context.Context, token string, names map[entitlement.ConnectorID]string) (all []owed, next string, unread int, err error) {
	for range maxOwed {
		pending, err := v.Requests.PendingSubjects(ctx, v.by.Caller, entitlement.Page{Limit: onPage, Token: token, Beside: true})
		if err != nil {
			return nil, "", 0, err
		}
		some, missed, err := v.left(ctx, pending.Items, names)
		if err != nil {
			return nil, "", 0, err
		}
		all, unread = append(all, some...), unread+pending.Unread+missed
		if token = pending.Next; token == "" || len(all) >= onPage {
			break
		}
	}
	order.SortStableFunc(all, func(a, b owed) int { return a.Ended.Compare(b.Ended) })
	return all, token, unread, nil
}

// left reads how removals stand, and beside that what they are called whom they are of.
func (v *visit) left(ctx context.Context, pending []requests.PendingSubject, names map[entitlement.ConnectorID]string) (all []owed, unread int, err error) {
	var of []entitlement.Assignment
	var targets []entitlement.ConnectorID
	for _, o := range pending {
		targets = append(targets, o.Targets()...)
		for _, r := range o.Record.Removing {
			of = append(of, entitlement.Assignment{ID: r.Assignment, Package: r.Package, Subject: o.Record.Subject})
		}
	}
	named := views.OfAssignments(of)

	var list []requests.PendingRemoval
	err = views.Together(
		func() (err error) { list, unread, err = v.Requests.Left(ctx, v.by.Caller, pending); return err },
		func() error {
			return v.joined(ctx, named, views.With{views.JoinTarget: nil, views.JoinPackage: nil})
		},
		func() error {
			if names == nil || len(targets) == 0 {
				return nil
			}
			at, err := v.Views.EnvironmentsNamed(ctx, v.by.Caller, targets)
			for _, c := range at {
				names[c.ID] = c.DisplayName
			}
			return err
		})
	if err != nil {
		return nil, 0, err
	}

	known := map[entitlement.AssignmentID]*views.Assignment{}
	for _, one := range named {
		known[one.ID] = one
	}
	for _, r := range list {
		view := known[r.ID]
		view.Assignment = r.Assignment
		all = append(all, owed{PendingRemoval: r, View: view, Overdue: !r.Ended.IsZero() && v.now.Sub(r.Ended) > entitlement.OverdueAfter})
	}
	return all, unread, nil
}

func showRemovals(ctx context.Context, v *visit) (answer, error) {
	shown, err := v.removalsPage(ctx, v.request.URL.Query().Get("page"))
	if err != nil {
		return answer{}, err
	}
	shown.Closed = v.doneCount("closed")
	return page(removalsView(v, shown))
}

func (v *visit) removalsPage(ctx context.Context, sealed string) (removalsPage, error) {
	shown := removalsPage{Closes: v.may(authz.CloseRemoval)}
	token, err := v.unseal(ctx, sealed)
	if err != nil {
		return shown, err
	}
	var next string
	names := map[entitlement.ConnectorID]string{}
	if shown.Owed, next, shown.Unread, err = v.removals(ctx, token, names); err != nil {
		return shown, err
	}
	if shown.Next, err = v.next(ctx, next); err != nil {
		return shown, err
	}
	for i, r := range shown.Owed {
		for _, g := range r.Roles {
			if name := targetName(names, g.Role.Connector); !slices.Contains(shown.Owed[i].Targets, name) {
				shown.Owed[i].Targets = append(shown.Owed[i].Targets, name)
			}
		}
	}
	return shown, nil
}

// closeRemoval ends a removal that cannot be confirmed, for a reason that is kept.
func closeRemoval(ctx context.Context, v *visit) (answer, error) {
	sent := v.request.PostForm
	id, err := entitlement.ParseID[entitlement.AssignmentID]("assignment", sent.Get("assignment"))
	if err != nil {
		return answer{}, err
	}
	err = v.Requests.CloseRemoval(ctx, v.by, id, strings.TrimSpace(sent.Get("justification")))
	if err == nil {
		return then("/operations/removals?" + queryOf("closed", "1"))
	}

	kind := entitlement.KindOf(err)
	if kind != entitlement.Invalid && kind != entitlement.Conflict {
		return answer{}, err
	}
	shown, failed := v.removalsPage(ctx, "")
	if failed != nil {
		return answer{}, errors.Join(failed, err)
	}
	shown.Next = fromStart(shown.Next, "/operations/removals")
	shown.Problem, shown.Typed = v.said(err), map[entitlement.AssignmentID]string{id: sent.Get("justification")}
	return answer{status: kind.HTTPStatus(), page: removalsView(v, shown)}, nil
}

// fromStart leads from the answer to a form, which has no further page, to the list that has.
func fromStart(next, path string) string {
	if next == "" {
		return ""
	}
	return path
}

// since is how long ago something was.
func (v *visit) since(t time.Time) string {
	switch ago := v.now.Sub(t); {
	case ago >= 48*time.Hour:
		return v.Days(ago.Truncate(24 * time.Hour))
	case ago >= 2*time.Hour:
		return v.T("%d h", int(ago/time.Hour))
	default:
		return v.T("%d min", int(ago/time.Minute))
	}
}
