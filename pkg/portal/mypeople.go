package portal

import (
	"context"
	"net/http"
	"strings"

	"golang.org/x/sync/errgroup"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/order"
	"leasehold/pkg/requests"
	"leasehold/pkg/views"
)

// myPeopleRoutes are the pages of managers, of those who ask for others, and what people do
// again with a request.
var myPeopleRoutes = []route{
	{http.MethodGet, "/my-people", authz.ListReports, myPeople},
	{http.MethodGet, "/my-people/requests", authz.ListOwnRequests, requestsForOthers},
	{http.MethodGet, "/my-people/{id}", authz.ListReports, showReport},
	{http.MethodGet, "/my-people/{id}/packages", authz.ListReports, findForReport},
	{http.MethodPost, "/my-people/{id}/assignments/{assignment}/end", authz.RemoveOwn, endForReport},
	{http.MethodPost, "/my-people/{id}/assignments/{assignment}/extend", authz.ExtendOwn, extendForReport},

	{http.MethodGet, "/packages/{id}/others", authz.ReadRequirements, chooseOther},
	{http.MethodPost, "/packages/{id}/others", authz.RequestOnBehalf, askForOther},

	{http.MethodPost, "/requests/{id}/reprocess", authz.Reprocess, reprocessRequest},
	{http.MethodPost, "/requests/{id}/assignment/reprocess", authz.Reprocess, reprocessAssignment},
}

// teamPage is those who report to the visitor.
type teamPage struct {
	Sought string // with what their names begin
	People []teamMember
	Next   string
	Unread int

	Sponsored sponsoredPage
}

// teamMember is one of them, with the most urgent of what they hold and wait for.
type teamMember struct {
	requests.Report
	Ending  []*views.Assignment // soon, the first ones first
	Failing int                 // of what they hold, not yet as it ought to be
	Waiting []*views.Request
	Endings int // how many end soon
}

// maxBeside bounds what stands beside one person of a list; the page of the person has all.
const maxBeside = 3

func myPeople(ctx context.Context, v *visit) (answer, error) {
	query := v.request.URL.Query()
	shown := teamPage{Sought: strings.TrimSpace(query.Get("search"))}
	token, err := v.unseal(ctx, query.Get("page"))
	if err != nil {
		return answer{}, err
	}

	err = v.besideTeam(ctx, &shown, func(ctx context.Context) error { return v.team(ctx, &shown, token) })
	if err != nil {
		return answer{}, err
	}
	return page(teamView(v, shown))
}

// team reads a page of those who report to the visitor.
func (v *visit) team(ctx context.Context, shown *teamPage, token string) error {
	list, err := v.Requests.Team(ctx, v.by.Caller, entitlement.Page{Limit: onPage, Token: token, Named: entitlement.Named{Begins: shown.Sought}})
	if err != nil {
		return err
	}
	var ending []*views.Assignment
	var waiting []*views.Request
	for _, r := range list.Items {
		m := v.teamMember(r)
		shown.People = append(shown.People, m)
		ending, waiting = append(ending, m.Ending...), append(waiting, m.Waiting...)
	}
	if err := v.packagesBeside(ctx, ending, waiting); err != nil {
		return err
	}

	shown.Unread = list.Unread
	shown.Next, err = v.next(ctx, list.Next)
	return err
}

func (v *visit) teamMember(r requests.Report) teamMember {
	m := teamMember{Report: r}
	var ending []entitlement.Assignment
	for _, a := range r.Held {
		if a.State != entitlement.AssignmentDelivered {
			m.Failing++
		}
		if v.endsSoon(a) {
			ending = append(ending, a)
		}
	}
	order.SortFunc(ending, func(a, b entitlement.Assignment) int { return a.End.Compare(b.End) })
	m.Endings = len(ending)
	m.Ending = views.OfAssignments(ending[:min(len(ending), maxBeside)])
	m.Waiting = views.OfRequests(r.Open[:min(len(r.Open), maxBeside)])
	return m
}

// endsSoon reports an assignment that ends in the next time.
func (v *visit) endsSoon(a entitlement.Assignment) bool { return a.EndsSoon(v.now) }

// packagesBeside names the packages of assignments and requests, side by side.
func (v *visit) packagesBeside(ctx context.Context, held []*views.Assignment, asked []*views.Request) error {
	g, within := errgroup.WithContext(ctx)
	g.Go(func() error {
		return v.Views.Assignments(within, v.by.Caller, held, views.With{views.JoinPackage: nil})
	})
	g.Go(func() error { return v.Views.Requests(within, v.by.Caller, asked, views.With{views.JoinPackage: nil}) })
	return g.Wait()
}

// reportPage is one who reports to the visitor.
type reportPage struct {
	entitlement.User
	Held    []reportHeld
	Ended   []*views.Assignment
	Open    []*views.Request
	Next    string
	Done    int // ended or extended just now
	Problem string
	Form    reportForm // that was refused
}

// reportHeld is what a report holds, with what the visitor may do about it.
type reportHeld struct {
	*views.Assignment
	Roles []roleView
	May   entitlement.ReportOptions
	Soon  bool
}

// reportForm is what was typed about an assignment.
type reportForm struct {
	Assignment           entitlement.AssignmentID
	Until, Justification string
}

func showReport(ctx context.Context, v *visit) (answer, error) {
	shown, err := v.reportPage(ctx)
	if err != nil {
		return answer{}, err
	}
	shown.Done = v.doneCount("done")
	return page(reportView(v, shown))
}

func (v *visit) reportPage(ctx context.Context) (reportPage, error) {
	none := reportPage{}
	id, err := pathID[entitlement.UserID](v)
	if err != nil {
		return none, err
	}
	token, err := v.unseal(ctx, v.request.URL.Query().Get("page"))
	if err != nil {
		return none, err
	}
	holds, err := v.Requests.ReportHolds(ctx, v.by.Caller, id, entitlement.Page{Limit: onPage, Token: token})
	if err != nil {
		return none, err
	}

	shown := reportPage{User: holds.User, Open: views.OfRequests(holds.Open)}
	all := views.OfAssignments(holds.Held.Items)
	g, within := errgroup.WithContext(ctx)
	g.Go(func() error {
		return v.Views.Assignments(within, v.by.Caller, all, views.With{views.JoinPackage: rolesJoined})
	})
	g.Go(func() error {
		return v.Views.Requests(within, v.by.Caller, shown.Open, views.With{views.JoinPackage: nil, views.JoinPeople: nil})
	})
	if err := g.Wait(); err != nil {
		return none, err
	}

	for _, a := range all {
		if a.Target == entitlement.TargetAbsent {
			shown.Ended = append(shown.Ended, a)
			continue
		}
		shown.Held = append(shown.Held, reportHeld{a, rolesOf(a.Package, holds.Grants[a.ID]), holds.Options[a.ID], v.endsSoon(a.Assignment)})
	}
	shown.Next, err = v.next(ctx, holds.Held.Next)
	return shown, err
}

func endForReport(ctx context.Context, v *visit) (answer, error) {
	return v.forReport(ctx, func(in requests.Submission) error {
		in.Type = entitlement.UserRemove
		_, err := v.Requests.RemoveHeld(ctx, v.by, in)
		return err
	})
}

func extendForReport(ctx context.Context, v *visit) (answer, error) {
	return v.forReport(ctx, func(in requests.Submission) (err error) {
		in.Type = entitlement.UserUpdate
		if in.RequestedSchedule, err = v.untilDate(v.request.PostForm.Get("until")); err != nil {
			return err
		}
		_, err = v.Requests.ExtendHeld(ctx, v.by, in)
		return err
	})
}

// forReport does something with an assignment of somebody who reports to the visitor. A refusal
// is said on their page, with what was typed.
func (v *visit) forReport(ctx context.Context, do func(requests.Submission) error) (answer, error) {
	id, err := pathID[entitlement.UserID](v)
	if err != nil {
		return answer{}, err
	}
	assignment, err := partID[entitlement.AssignmentID](v, "assignment")
	if err != nil {
		return answer{}, err
	}
	if _, err := v.Requests.Report(ctx, v.by.Caller, id); err != nil {
		return answer{}, err
	}

	form := reportForm{assignment, v.typed("until"), v.typed("justification")}
	err = do(requests.Submission{Assignment: assignment, Subject: id, Justification: form.Justification})
	if err == nil {
		return then("/my-people/" + string(id) + "?done=1")
	}
	status := entitlement.KindOf(err).HTTPStatus()
	if status >= http.StatusInternalServerError || status == http.StatusNotFound {
		return answer{}, err
	}
	shown, failure := v.reportPage(ctx)
	if failure != nil {
		return answer{}, failure
	}
	shown.Problem, shown.Form = v.said(err), form
	return answer{status: status, page: reportView(v, shown)}, nil
}

// requestsForOthers lists what the visitor asked for on behalf of others.
func requestsForOthers(ctx context.Context, v *visit) (answer, error) {
	shown, err := v.listOf(ctx, v.Requests.MadeForOthers, nil)
	if err != nil {
		return answer{}, err
	}
	return page(requestsForOthersView(v, shown))
}

// reportPackagesPage is what the visitor may ask for on behalf of a report.
type reportPackagesPage struct {
	entitlement.User
	Sought   string
	Packages []entitlement.AccessPackage
	Next     string
}

func findForReport(ctx context.Context, v *visit) (answer, error) {
	id, err := pathID[entitlement.UserID](v)
	if err != nil {
		return answer{}, err
	}
	query := v.request.URL.Query()
	shown := reportPackagesPage{Sought: strings.TrimSpace(query.Get("search"))}
	token, err := v.unseal(ctx, query.Get("page"))
	if err != nil {
		return answer{}, err
	}
	if shown.User, err = v.Requests.Report(ctx, v.by.Caller, id); err != nil {
		return answer{}, err
	}

	// A page of the list may hold few that fit, or none.
	for range maxSought {
		list, err := v.Requests.RequestableFor(ctx, v.by.Caller, id, entitlement.Page{Limit: onPage, Token: token})
		if err != nil {
			return answer{}, err
		}
		for _, p := range list.Items {
			if contains(p.DisplayName, shown.Sought) || contains(p.Description, shown.Sought) {
				shown.Packages = append(shown.Packages, p)
			}
		}
		if token = list.Next; token == "" || len(shown.Packages) >= onPage {
			break
		}
	}
	if shown.Next, err = v.next(ctx, token); err != nil {
		return answer{}, err
	}
	return page(reportPackagesView(v, shown))
}

// othersPath is where a package is asked for on behalf of somebody.
func othersPath(id entitlement.PackageID, whom string) string {
	path := "/packages/" + string(id) + "/others"
	if whom == "" {
		return path
	}
	return path + "?" + queryOf("for", whom)
}
