package portal

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"leasehold/pkg/csvfile"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/requests"
	"leasehold/pkg/views"
)

// holderFilters are the choices among the people of a package.
func (v *visit) holderFilters() []filter[entitlement.Assignment] {
	state := func(all ...entitlement.AssignmentState) func(entitlement.Assignment) bool {
		return func(a entitlement.Assignment) bool { return slices.Contains(all, a.State) }
	}
	return []filter[entitlement.Assignment]{
		{"", v.T("All"), func(entitlement.Assignment) bool { return true }},
		{"delivering", v.T("Delivering"), state(entitlement.AssignmentDelivering)},
		{"delivered", v.T("Delivered"), state(entitlement.AssignmentDelivered)},
		{"failing", v.T("Failing"), func(a entitlement.Assignment) bool {
			return state(entitlement.AssignmentPartiallyDelivered, entitlement.AssignmentDeliveryFailed)(a) || v.overdue(a)
		}},
		{"expired", v.T("Ended"), state(entitlement.AssignmentExpired)},
	}
}

// overdue reports an assignment whose roles should have been taken back by now.
func (v *visit) overdue(a entitlement.Assignment) bool {
	return a.Target == entitlement.TargetAbsent && a.Removed.IsZero() && v.now.Sub(a.Ended) > entitlement.OverdueAfter
}

// peoplePage is who has a package, and who had it.
type peoplePage struct {
	managed
	told[entitlement.Assignment]
	People   []*holderView
	Assigned int // just now
	Ended    int // likewise
	Problem  string
}

func packagePeople(ctx context.Context, v *visit) (answer, error) {
	shown, err := v.peoplePage(ctx)
	if err != nil {
		return answer{}, err
	}
	shown.Assigned, shown.Ended = v.doneCount("assigned"), v.doneCount("ended")
	return page(peopleView(v, shown))
}

func (v *visit) peoplePage(ctx context.Context) (peoplePage, error) {
	id, err := pathID[entitlement.PackageID](v)
	if err != nil {
		return peoplePage{}, err
	}
	shown := peoplePage{}
	err = views.Together(
		func() (err error) { shown.managed, err = v.managedPackage(ctx, "/people"); return err },
		func() (err error) {
			shown.told, err = tell(ctx, v, v.holderFilters(), func(ctx context.Context, p entitlement.Page) (entitlement.Paged[entitlement.Assignment], error) {
				return v.Requests.AssignmentsFor(ctx, v.by.Caller, id, p)
			})
			return err
		})
	if err != nil {
		return shown, err
	}

	shown.People = views.OfAssignments(shown.Rows)
	err = v.joined(ctx, shown.People, views.With{views.JoinTarget: nil, views.JoinPolicy: nil})
	return shown, err
}

// maxExportedPages bounds the pages of a list that one export goes through, and maxExported its
// bytes: more does not fit into an answer.
const (
	maxExportedPages = 500
	maxExported      = 4 << 20
)

// exportPeople answers with exactly what the filter of the page shows, as a file.
func exportPeople(ctx context.Context, v *visit) (answer, error) {
	id, err := pathID[entitlement.PackageID](v)
	if err != nil {
		return answer{}, err
	}
	var a answer
	err = views.Together(
		func() error { _, err := v.managedPackage(ctx, ""); return err },
		func() (err error) { a, err = v.peopleFile(ctx, id); return err })
	return a, err
}

func (v *visit) peopleFile(ctx context.Context, id entitlement.PackageID) (answer, error) {
	filters := v.holderFilters()
	at := slices.IndexFunc(filters, func(f filter[entitlement.Assignment]) bool { return f.Key == v.request.URL.Query().Get("state") })
	if at < 0 {
		return answer{}, entitlement.Errorf(entitlement.Invalid, "There is no such state to filter by. Choose one of those shown.")
	}

	out, rows := csvfile.New(csvfile.AssignmentColumns...), 0
	p := entitlement.Page{Limit: entitlement.PageSize, Beside: true}
	for range maxExportedPages {
		list, err := v.Requests.AssignmentsFor(ctx, v.by.Caller, id, p)
		if err != nil {
			return answer{}, err
		}
		if list.Unread > 0 { // half of a list would pass for all of it
			return answer{}, entitlement.Errorf(entitlement.Unavailable, "Some of these assignments cannot be read by this version, so that the file would lack them. Tell whoever runs this service.")
		}

		fit := views.OfAssignments(slices.DeleteFunc(list.Items, func(a entitlement.Assignment) bool { return !filters[at].Fits(a) }))
		if err := v.joined(ctx, fit, csvfile.AssignmentJoins); err != nil {
			return answer{}, err
		}
		for _, a := range fit {
			out.Add(csvfile.AssignmentRow(a, v.now)...)
		}
		if rows += len(fit); rows > csvfile.MaxRows || len(out.Bytes()) > maxExported {
			break
		}
		if p.Token = list.Next; p.Token == "" {
			return answer{file: &file{name: "people.csv", media: csvfile.Media, body: out.Bytes()}}, nil
		}
	}
	return answer{}, entitlement.Errorf(entitlement.Invalid, "One file holds at most %d rows. Choose a state first.", csvfile.MaxRows)
}

// holderPage is one assignment.
type holderPage struct {
	managed
	*holderView
	Steps []step
	Roles []roleView
}

func (v *visit) holder(ctx context.Context) (managed, entitlement.Assignment, error) {
	of, err := v.managedPackage(ctx, "/people")
	if err != nil {
		return of, entitlement.Assignment{}, err
	}
	a, err := v.heldIn(ctx)
	return of, a, err
}

// heldIn is the assignment in the page's path, which must be of the package there.
func (v *visit) heldIn(ctx context.Context) (entitlement.Assignment, error) {
	in, err := pathID[entitlement.PackageID](v)
	if err != nil {
		return entitlement.Assignment{}, err
	}
	id, err := partID[entitlement.AssignmentID](v, "assignment")
	if err != nil {
		return entitlement.Assignment{}, err
	}
	found, err := v.Requests.AssignmentsIn(ctx, v.by.Caller, in, []entitlement.AssignmentID{id})
	if err != nil {
		return entitlement.Assignment{}, err
	}
	return found[0], nil
}

func showHolder(ctx context.Context, v *visit) (answer, error) {
	var shown holderPage
	var of managed
	err := views.Together(
		func() (err error) { of, err = v.managedPackage(ctx, "/people"); return err },
		func() error {
			a, err := v.heldIn(ctx)
			if err == nil {
				shown, err = v.holderPage(ctx, a)
			}
			return err
		})
	if err != nil {
		return answer{}, err
	}
	shown.managed = of
	return page(holderPageView(v, shown))
}

// holderPage is an assignment with its roles, and with what was asked.
func (v *visit) holderPage(ctx context.Context, a entitlement.Assignment) (holderPage, error) {
	all := views.OfAssignments([]entitlement.Assignment{a})
	shown := holderPage{holderView: all[0]}
	var grants []requests.GrantView
	err := views.Together(
		func() error {
			return v.joined(ctx, all, views.With{views.JoinTarget: nil, views.JoinPolicy: nil, views.JoinPackage: rolesJoined})
		},
		func() (err error) { grants, err = v.Requests.Grants(ctx, v.by.Caller, a.ID); return err },
		func() (err error) { shown.Steps, err = v.stepsOfHolder(ctx, a); return err })
	if err != nil {
		return shown, err
	}
	shown.Roles = rolesOf(all[0].Package, grants)
	return shown, nil
}

// stepsOfHolder tells what was asked, as far as it is still kept.
func (v *visit) stepsOfHolder(ctx context.Context, a entitlement.Assignment) ([]step, error) {
	of := views.OfAssignments([]entitlement.Assignment{a})
	if err := v.joined(ctx, of, views.With{views.JoinRequest: nil}); err != nil || of[0].Request == nil || of[0].Request.Gone() {
		return nil, err
	}
	view, approval, err := v.withPeople(ctx, of[0].Request.AssignmentRequest)
	if err != nil {
		return nil, err
	}
	return stepsOf(view, approval), nil
}

func reprocessHolder(ctx context.Context, v *visit) (answer, error) {
	of, a, err := v.holder(ctx)
	if err == nil {
		err = v.Requests.ReprocessAssignment(ctx, v.by, a.ID)
	}
	if err != nil {
		return answer{}, err
	}
	return then(of.path("/people/" + string(a.ID)))
}

// endPage asks whether these assignments are to be ended, or says which were not.
type endPage struct {
	managed
	People  []*holderView
	More    bool // there are others beside them
	Why     string
	Ended   int // when some were, and these were not
	Refused map[entitlement.AssignmentID]string
	Problem string
}

// endPeople ends the chosen assignments, once they were shown by name and that was confirmed.
func endPeople(ctx context.Context, v *visit) (answer, error) {
	of, err := v.managedPackage(ctx, "/people")
	if err != nil {
		return answer{}, err
	}
	sent := v.request.PostForm
	shown := endPage{managed: of, Why: strings.TrimSpace(sent.Get("justification"))}
	ids, err := idsSent[entitlement.AssignmentID](v, "assignment")
	if err != nil {
		return answer{}, err
	}
	if sent.Get("confirmed") != "" && len(ids) > 0 {
		return v.end(ctx, shown, ids)
	}

	chosen, err := v.chosen(ctx, &shown, ids)
	if err != nil {
		return answer{}, err
	}
	if len(chosen) == 0 {
		list, err := v.peoplePage(ctx)
		if err != nil {
			return answer{}, err
		}
		list.Problem = v.T("Choose whose access is to end: nobody of those who have it is chosen.")
		return answer{status: 400, page: peopleView(v, list)}, nil
	}

	shown.People, err = v.named(ctx, chosen)
	if err != nil {
		return answer{}, err
	}
	return page(endView(v, shown))
}

// named are assignments with whose they are.
func (v *visit) named(ctx context.Context, all []entitlement.Assignment) ([]*holderView, error) {
	people := views.OfAssignments(all)
	return people, v.joined(ctx, people, views.With{views.JoinTarget: nil})
}

// idsSent are the ids that a form sends under one name.
func idsSent[T ~string](v *visit, name string) ([]T, error) {
	var ids []T
	for _, text := range v.request.PostForm[name] {
		id, err := entitlement.ParseID[T](name, text)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// chosen reads those of the chosen assignments that have not ended, by their ids or all there
// are up to a bound.
func (v *visit) chosen(ctx context.Context, shown *endPage, ids []entitlement.AssignmentID) ([]entitlement.Assignment, error) {
	if v.request.PostForm.Get("which") == "all" {
		return v.allHolders(ctx, shown)
	}
	all, err := v.Requests.AssignmentsIn(ctx, v.by.Caller, shown.ID, ids)
	return slices.DeleteFunc(all, func(a entitlement.Assignment) bool { return a.Target == entitlement.TargetAbsent }), err
}

func (v *visit) allHolders(ctx context.Context, shown *endPage) (all []entitlement.Assignment, err error) {
	p := entitlement.Page{Limit: entitlement.PageSize}

	// Bounded, because a page is asked for by somebody who waits, and most rows may be of people who
	// have the package no longer.
	for range maxTold / entitlement.PageSize {
		list, err := v.Requests.AssignmentsFor(ctx, v.by.Caller, shown.ID, p)
		if err != nil {
			return nil, err
		}
		for _, a := range list.Items {
			if a.Target == entitlement.TargetPresent {
				all = append(all, a)
			}
		}

		if len(all) > requests.MaxAssignees {
			shown.More = true
			return all[:requests.MaxAssignees], nil
		}
		if p.Token = list.Next; p.Token == "" {
			break
		}
	}
	return all, nil
}

// end ends them, and says which it could not end.
func (v *visit) end(ctx context.Context, shown endPage, ids []entitlement.AssignmentID) (answer, error) {
	came, err := v.Requests.RemoveEach(ctx, v.by, shown.ID, ids, shown.Why)
	if err != nil {
		return answer{}, err
	}

	var left []entitlement.AssignmentID
	shown.Refused = map[entitlement.AssignmentID]string{}
	for i, err := range came {
		if kind := entitlement.KindOf(err); err != nil && (kind == entitlement.Forbidden || kind == entitlement.NotFound) {
			return answer{}, err // nothing of this was on a page of the visitor's
		}
		if err != nil {
			left, shown.Refused[ids[i]] = append(left, ids[i]), v.said(err)
		}
	}
	if len(left) == 0 {
		return then(shown.path("/people?ended=" + strconv.Itoa(len(ids))))
	}

	shown.Ended = len(ids) - len(left)
	shown.Problem = v.T("Some of them could not be ended: beside each stands why.")
	stay, err := v.Requests.AssignmentsIn(ctx, v.by.Caller, shown.ID, left)
	if err == nil {
		shown.People, err = v.named(ctx, stay)
	}
	if err != nil {
		return answer{}, err
	}
	return answer{status: 409, page: endView(v, shown)}, nil
}

// holderState is how an assignment stands, in words with a sign.
func (v *visit) holderState(a entitlement.Assignment) (class, sign, word string) {
	switch {
	case v.overdue(a):
		return "deliveryFailed", "!", v.T("Roles not taken back yet")
	case a.Target == entitlement.TargetAbsent && a.Removed.IsZero():
		return "delivering", "…", v.T("Removing")
	default:
		return string(a.State), stateSigns[string(a.State)], v.T(stateWords[string(a.State)])
	}
}

// failing are the roles whose delivery failed.
func failing(all []roleView) (out []roleView) {
	for _, r := range all {
		if r.Grant.Failing() {
			out = append(out, r)
		}
	}
	return out
}

// reason says in words why a role could not be delivered.
func (v *visit) reason(g entitlement.Grant) string {
	switch g.Reason {
	case entitlement.ReasonUnavailable:
		return v.T("The target system does not answer.")
	case entitlement.ReasonPaused:
		return v.T("The connector is paused: nothing is sent to the target system until it is resumed.")
	case entitlement.ReasonCredential:
		return v.T("The target system refuses our credential.")
	case entitlement.ReasonRefused:
		return v.T("The target system refuses this.")
	case entitlement.ReasonNotConfirmed, entitlement.ReasonCannotConfirm:
		return v.T("The target system took it, and does not show it.")
	case entitlement.ReasonLastMember:
		return v.T("The group may not be empty, and the person is its last member.")
	case entitlement.ReasonResourceMissing:
		return v.T("The resource is not there any more.")
	case entitlement.ReasonPrincipalMissing:
		return v.T("The person has no account at the target system.")
	case entitlement.ReasonPrincipalAmbiguous:
		return v.T("The person has several accounts at the target system.")
	default:
		return v.T("The answer of the target system was not understood.")
	}
}
