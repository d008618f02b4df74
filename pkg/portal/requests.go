package portal

import (
	"context"
	"slices"
	"strings"
	"time"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/requests"
	"leasehold/pkg/views"
)

// requestsPage is a list of requests.
type requestsPage struct {
	Requests []*views.Request
	Next     string
}

func myRequests(ctx context.Context, v *visit) (answer, error) {
	shown, err := v.listOf(ctx, v.Requests.Mine, nil)
	if err != nil {
		return answer{}, err
	}
	return page(requestsView(v, shown))
}

// listOf is one page of requests with the names of what they are about.
func (v *visit) listOf(ctx context.Context, read func(context.Context, authz.Caller, entitlement.Page) (entitlement.Paged[entitlement.AssignmentRequest], error), ofPackage views.With) (requestsPage, error) {
	token, err := v.unseal(ctx, v.request.URL.Query().Get("page"))
	if err != nil {
		return requestsPage{}, err
	}
	list, err := read(ctx, v.by.Caller, entitlement.Page{Limit: onPage, Token: token})
	if err != nil {
		return requestsPage{}, err
	}

	shown := requestsPage{Requests: views.OfRequests(list.Items)}
	if err := v.Views.Requests(ctx, v.by.Caller, shown.Requests, views.With{views.JoinPackage: ofPackage, views.JoinPeople: nil}); err != nil {
		return requestsPage{}, err
	}
	shown.Next, err = v.next(ctx, list.Next)
	return shown, err
}

// step is one line of what became of a request.
type step struct {
	What  string // a text of the catalog
	Who   string
	At    time.Time
	Until time.Time // by when it must be decided
	Said  string    // what somebody wrote with it
	Now   bool      // it waits for this
}

// requestPage is one request.
type requestPage struct {
	*views.Request
	Steps []step
	Roles []roleView // of the assignment that it made, as they are
}

func showRequest(ctx context.Context, v *visit) (answer, error) {
	id, err := pathID[entitlement.RequestID](v)
	if err != nil {
		return answer{}, err
	}
	r, err := v.Requests.Request(ctx, v.by.Caller, id)
	if err != nil {
		return answer{}, err
	}

	view, approval, err := v.withPeople(ctx, r)
	if err != nil {
		return answer{}, err
	}

	shown := requestPage{Request: view, Steps: stepsOf(view, approval)}
	if r.Assignment != "" {
		grants, err := v.Requests.Grants(ctx, v.by.Caller, r.Assignment)
		// It has not begun, or the visitor may see the request and not how it is carried out.
		if err != nil && entitlement.KindOf(err).HTTPStatus() >= 500 {
			return answer{}, err
		}
		shown.Roles = rolesOf(view.Package, grants)
	}
	return page(requestView(v, shown))
}

// withPeople joins to a request who has to do with it, and who decided.
func (v *visit) withPeople(ctx context.Context, r entitlement.AssignmentRequest) (*views.Request, requests.Approval, error) {
	all := views.OfRequests([]entitlement.AssignmentRequest{r})
	if err := v.Views.Requests(ctx, v.by.Caller, all, views.With{views.JoinPackage: rolesJoined, views.JoinPeople: nil, views.JoinApprovers: nil}); err != nil {
		return nil, requests.Approval{}, err
	}
	if len(r.Stages) == 0 {
		return all[0], requests.Approval{Request: r}, nil
	}
	approval, err := v.Requests.Approval(ctx, v.by.Caller, r.ID)
	return all[0], approval, err
}

// stepsOf tells what became of a request, from when it was asked to what it waits for now.
func stepsOf(r *views.Request, a requests.Approval) []step {
	steps := []step{{What: "Asked", Who: nameOf(r.CreatedBy), At: r.Created, Said: r.Justification}}
	for i, stage := range r.Stages {
		if stage.Started.IsZero() {
			break
		}

		s := step{What: "Waits for a decision", Who: strings.Join(askedBy(r, i), ", "), At: stage.Started, Until: stage.Deadline, Now: true}
		if d := stage.Decision; d != nil {
			s = step{What: "Denied", At: d.At, Said: d.Justification}
			if d.Approved {
				s.What = "Approved"
			}
			// Who decided is told as far as the policy lets it.
			if a.Discloses(stage) {
				if u, known := a.Reviewers[d.Reviewer]; known {
					s.Who = u.DisplayName
				}
			}
		}
		s.Now = s.Now && r.State == entitlement.RequestPendingApproval
		steps = append(steps, s)
	}

	last := step{What: stateWords[string(r.State)], At: r.Completed}
	switch {
	case r.State == entitlement.RequestPendingApproval:
		return steps
	case r.State == entitlement.RequestScheduled:
		last.At, last.Now = r.Start, true
	case last.At.IsZero():
		last.Now = true
	}
	if r.State == entitlement.RequestDenied && r.Outcome == "" {
		return steps // its last decision said so
	}
	return append(steps, last)
}

// askedBy names whom a stage asks, each once.
func askedBy(r *views.Request, stage int) (all []string) {
	for _, a := range r.Approvers {
		if a.Stage != stage {
			continue
		}
		name := a.Name
		if name == "" {
			name = subjectWords[a.Kind]
		}
		if name != "" && !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}

func nameOf(u *entitlement.User) string {
	if u == nil {
		return ""
	}
	return u.DisplayName
}

func cancel(ctx context.Context, v *visit) (answer, error) {
	id, err := pathID[entitlement.RequestID](v)
	if err != nil {
		return answer{}, err
	}
	if err := v.Requests.Cancel(ctx, v.by, id); err != nil {
		return answer{}, err
	}
	return then("/requests/" + string(id))
}

// approvalsPage is what waits for the visitor, and what came of those that were decided together.
type approvalsPage struct {
	requestsPage
	Seen    map[entitlement.RequestID]string // digests of what approvals agree to
	Said    string
	Decided int
	Left    []leftOver // of those that were chosen
	Problem string
}

// leftOver is a request that was chosen and not decided, with why.
type leftOver struct{ Package, Subject, Why string }

func approvals(ctx context.Context, v *visit) (answer, error) {
	shown, err := v.approvalsPage(ctx)
	if err != nil {
		return answer{}, err
	}
	return page(approvalsView(v, shown))
}

func (v *visit) approvalsPage(ctx context.Context) (approvalsPage, error) {
	shown := approvalsPage{Seen: map[entitlement.RequestID]string{}}
	list, err := v.listOf(ctx, v.Requests.Waiting, rolesJoined)
	if err != nil {
		return shown, err
	}
	shown.requestsPage = list
	for _, r := range list.Requests {
		shown.Seen[r.AssignmentRequest.ID] = agreedTo(r)
	}
	return shown, nil
}

// decideSeveral takes one decision on all requests that were chosen in the list, each as it was
// shown there. What cannot be decided, or is not what was shown, stays and is said.
func decideSeveral(ctx context.Context, v *visit) (answer, error) {
	sent := v.request.PostForm
	verdict, said := sent.Get("decision"), strings.TrimSpace(sent.Get("justification"))
	chosen := sent["request"]

	var left []leftOver
	decided := 0
	for _, one := range chosen[:min(len(chosen), onPage)] {
		id, shownThen, _ := strings.Cut(one, " ")
		request, err := entitlement.ParseID[entitlement.RequestID]("A request of the form", id)
		if err != nil {
			return answer{}, err
		}

		why, about, err := v.decideOne(ctx, request, shownThen, verdict, said)
		switch {
		case err != nil:
			return answer{}, err
		case why != "":
			left = append(left, leftOver{packageName(about.Package), nameOf(about.Subject), why})
		default:
			decided++
		}
	}

	shown, err := v.approvalsPage(ctx)
	if err != nil {
		return answer{}, err
	}
	shown.Decided, shown.Left, shown.Said = decided, left, said
	switch {
	case verdict != "approve" && verdict != "deny":
		shown.Problem = v.T("Choose Approve or Deny.")
	case len(chosen) == 0:
		shown.Problem = v.T("Choose at least one request.")
	case len(left) == 0:
		return then("/approvals")
	}
	return answer{status: 409, page: approvalsView(v, shown)}, nil
}

// decideOne decides one request of several, and says why not where it could not.
func (v *visit) decideOne(ctx context.Context, id entitlement.RequestID, shownThen, verdict, said string) (why string, about *views.Request, err error) {
	if verdict != "approve" && verdict != "deny" {
		return "", nil, nil // which is said of the form
	}
	shown, err := v.approvalOf(ctx, id)
	if err != nil {
		return "", nil, err
	}
	if shown.Mine && shown.Seen != shownThen {
		return v.T("It has changed since you opened this page."), shown.Request, nil
	}

	err = v.Requests.Decide(ctx, v.by, id, entitlement.DecisionInput{Stage: shown.Stage, Approved: verdict == "approve", Justification: said})
	if err != nil && entitlement.KindOf(err).HTTPStatus() >= 500 {
		return "", nil, err
	}
	if err != nil {
		return v.said(err), shown.Request, nil
	}
	return "", shown.Request, nil
}

// approvalPage is one request as its approvers see it.
type approvalPage struct {
	*views.Request
	Steps   []step
	Mine    bool
	Stage   string
	Seen    string // digest of what an approval agrees to
	Changed bool   // it is not what was shown when the form was sent
	Said    string // what was typed
	Problem string
}

func showApproval(ctx context.Context, v *visit) (answer, error) {
	shown, err := v.approvalPage(ctx)
	if err != nil {
		return answer{}, err
	}
	return page(approvalView(v, shown))
}

func (v *visit) approvalPage(ctx context.Context) (approvalPage, error) {
	id, err := pathID[entitlement.RequestID](v)
	if err != nil {
		return approvalPage{}, err
	}
	return v.approvalOf(ctx, id)
}

func (v *visit) approvalOf(ctx context.Context, id entitlement.RequestID) (approvalPage, error) {
	a, err := v.Requests.Approval(ctx, v.by.Caller, id)
	if err != nil {
		return approvalPage{}, err
	}
	view, _, err := v.withPeople(ctx, a.Request)
	if err != nil {
		return approvalPage{}, err
	}

	shown := approvalPage{Request: view, Steps: stepsOf(view, a), Mine: a.Mine}
	if stage := a.Request.Current(); stage != nil {
		shown.Stage = stage.ID
	}

	shown.Seen = agreedTo(view)
	return shown, nil
}

// agreedTo is a digest of what an approval gives: these roles, from when until when, in this
// stage.
func agreedTo(r *views.Request) string {
	var roles []string
	if r.Package != nil {
		for _, s := range r.Package.RoleScopes {
			roles = append(roles, s.ID)
		}
	}
	slices.Sort(roles)

	stage := ""
	if current := r.Current(); current != nil {
		stage = current.ID
	}
	return seen(roles, r.Start, r.Expiration, stage)
}

// decide takes the visitor's decision on what they were shown. What has changed since comes
// back to be looked at, and nothing is decided.
func decide(ctx context.Context, v *visit) (answer, error) {
	shown, err := v.approvalPage(ctx)
	if err != nil {
		return answer{}, err
	}

	sent := v.request.PostForm
	shown.Said = strings.TrimSpace(sent.Get("justification"))
	verdict := sent.Get("decision")
	if verdict != "approve" && verdict != "deny" {
		shown.Problem = v.T("Choose Approve or Deny.")
		return answer{status: 400, page: approvalView(v, shown)}, nil
	}
	if sent.Get("seen") != shown.Seen && shown.Mine {
		shown.Changed = true
		return answer{status: 409, page: approvalView(v, shown)}, nil
	}

	err = v.Requests.Decide(ctx, v.by, shown.AssignmentRequest.ID, entitlement.DecisionInput{Stage: sent.Get("stage"), Approved: verdict == "approve", Justification: shown.Said})
	if status := entitlement.KindOf(err).HTTPStatus(); err != nil && (status >= 500 || status == 404) {
		return answer{}, err
	}
	if err != nil {
		shown.Problem = v.said(err)
		return answer{status: entitlement.KindOf(err).HTTPStatus(), page: approvalView(v, shown)}, nil
	}
	return then("/approvals")
}
