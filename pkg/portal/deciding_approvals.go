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

// approvalsPage is what waits for the visitor, and what came of those that were decided together.
type approvalsPage struct {
	requestsPage
	Agreed  map[entitlement.RequestID]agreement
	Said    string
	Decided int
	Left    []leftOver // of those that were chosen
	Problem string
}

// leftOver is a request that was chosen and not decided, with why, and what has changed of it.
type leftOver struct {
	Package, Subject, Why string
	Changes               []difference
}

func approvals(ctx context.Context, v *visit) (answer, error) {
	shown, err := v.approvalsPage(ctx)
	if err != nil {
		return answer{}, err
	}
	return page(approvalsView(v, shown))
}

func (v *visit) approvalsPage(ctx context.Context) (approvalsPage, error) {
	shown := approvalsPage{Agreed: map[entitlement.RequestID]agreement{}}
	list, err := v.listOf(ctx, v.waiting, rolesJoined)
	if err != nil {
		return shown, err
	}
	shown.requestsPage = list

	var all []entitlement.AssignmentRequest
	for _, r := range list.Requests {
		all = append(all, r.AssignmentRequest)
	}
	conflicts, err := v.Requests.IncompatibleOf(ctx, v.by.Caller, all)
	if err != nil {
		return shown, err
	}
	for _, r := range list.Requests {
		shown.Agreed[r.AssignmentRequest.ID] = agreedTo(r, conflicts[r.AssignmentRequest.ID])
	}
	return shown, nil
}

// waiting lists what waits for the visitor; what it is called, and whether something stands
// against it, is read with it.
func (v *visit) waiting(ctx context.Context, by authz.Caller, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentRequest], error) {
	return v.Requests.WaitingWith(ctx, by, page, func(r entitlement.AssignmentRequest) entitlement.Foreseen {
		f := foreseenNames(r)
		f.Scopes, f.Resources, f.Records = f.Packages, []entitlement.CatalogID{r.Catalog}, []entitlement.UserID{r.Subject}
		return f
	})
}

// verdicts are what a form of a decision says.
var verdicts = []string{"approve", "deny"}

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
		if !slices.Contains(verdicts, verdict) {
			break // which is said of the form
		}

		out, err := v.decideOne(ctx, request, shownThen, verdict, said)
		if err != nil {
			return answer{}, err
		}
		if out.Why == "" {
			decided++
			continue
		}
		left = append(left, out)
	}

	shown, err := v.approvalsPage(ctx)
	if err != nil {
		return answer{}, err
	}
	shown.Decided, shown.Left, shown.Said = decided, left, said
	switch {
	case !slices.Contains(verdicts, verdict):
		shown.Problem = v.T("Choose Approve or Deny.")
	case len(chosen) == 0:
		shown.Problem = v.T("Choose at least one request.")
	case len(left) == 0:
		return then("/approvals")
	}
	return answer{status: 409, page: approvalsView(v, shown)}, nil
}

// decideOne decides one request of several, and says why not where it could not.
func (v *visit) decideOne(ctx context.Context, id entitlement.RequestID, shownThen, verdict, said string) (leftOver, error) {
	a, err := v.Requests.Approval(ctx, v.by.Caller, id)
	if err != nil {
		return leftOver{}, err
	}
	about, now, err := v.agreedNow(ctx, a)
	if err != nil {
		return leftOver{}, err
	}

	out := leftOver{Package: packageName(about.Package), Subject: nameOf(about.Subject)}
	if a.Mine && now.Digest() != shownThen {
		out.Why, out.Changes = v.T("It has changed since you opened this page."), v.changed(readAgreement(v.request.PostForm.Get("shown-"+string(id)), shownThen), now)
		return out, nil
	}

	err = v.Requests.Decide(ctx, v.by, id, entitlement.DecisionInput{Stage: now.Stage, Approved: verdict == "approve", Justification: said})
	if err != nil && entitlement.KindOf(err).HTTPStatus() >= 500 {
		return out, err
	}
	if err != nil {
		out.Why = v.said(err)
	}
	return out, nil
}

// agreedNow is what an approval of a request would agree to now, with the request's names.
func (v *visit) agreedNow(ctx context.Context, a requests.Approval) (*views.Request, agreement, error) {
	view := views.OfRequests([]entitlement.AssignmentRequest{a.Request})[0]
	if err := v.Views.Requests(ctx, v.by.Caller, []*views.Request{view}, views.With{views.JoinPackage: rolesJoined, views.JoinPeople: nil}); err != nil {
		return nil, agreement{}, err
	}
	if !a.Mine {
		return view, agreedTo(view, nil), nil
	}
	conflicts, err := v.Requests.IncompatibleOf(ctx, v.by.Caller, []entitlement.AssignmentRequest{a.Request})
	return view, agreedTo(view, conflicts[a.Request.ID]), err
}

// approvalPage is one request as its approvers see it.
type approvalPage struct {
	*views.Request
	Steps   []step
	Mine    bool
	Agreed  agreement
	Held    []*views.Assignment // by whom it is for
	Earlier []*views.Request    // of theirs for the same package
	Changed bool                // it is not what was shown when the form was sent
	Changes []difference        // what of it
	Said    string              // what was typed
	Until   string
	Problem string
}

// Ends is the end that an approval gives; zero where there is none.
func (p approvalPage) Ends(now time.Time) time.Time {
	if p.Start.After(now) {
		now = p.Start
	}
	return p.Expiration.EndFrom(now)
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
	v.Views.Foresee(ctx, entitlement.Foreseen{Follow: []entitlement.RequestID{id}})
	a, beside, err := v.Requests.Weigh(ctx, v.by.Caller, id)
	if err != nil {
		return approvalPage{}, err
	}

	view := views.OfRequests([]entitlement.AssignmentRequest{a.Request})[0]
	held := views.OfAssignments(beside.Held)
	err = views.Together(
		func() error {
			return v.Views.Requests(ctx, v.by.Caller, []*views.Request{view}, views.With{views.JoinPackage: rolesJoined, views.JoinPeople: nil, views.JoinApprovers: nil})
		},
		func() error { return v.Views.Assignments(ctx, v.by.Caller, held, views.With{views.JoinPackage: nil}) })
	if err != nil {
		return approvalPage{}, err
	}
	return approvalPage{Request: view, Steps: stepsOf(view, a), Mine: a.Mine, Agreed: agreedTo(view, beside.Incompatible),
		Held: held, Earlier: views.OfRequests(beside.Earlier)}, nil
}

// decide takes the visitor's decision on what they were shown. What has changed since comes
// back to be looked at, and nothing is decided.
func decide(ctx context.Context, v *visit) (answer, error) {
	shown, err := v.approvalPage(ctx)
	if err != nil {
		return answer{}, err
	}

	sent := v.request.PostForm
	shown.Said, shown.Until = strings.TrimSpace(sent.Get("justification")), sent.Get("until")
	verdict, digest := sent.Get("decision"), sent.Get("seen")
	switch {
	case !slices.Contains(verdicts, verdict):
		shown.Problem = v.T("Choose Approve or Deny.")
	case verdict == "deny" && shown.Until != "":
		shown.Problem = v.T("A last day goes with an approval. Empty it to deny.")
	}
	if shown.Problem != "" {
		return answer{status: 400, page: approvalView(v, shown)}, nil
	}
	if digest != shown.Agreed.Digest() && shown.Mine {
		shown.Changed, shown.Changes = true, v.changed(readAgreement(sent.Get("shown"), digest), shown.Agreed)
		return answer{status: 409, page: approvalView(v, shown)}, nil
	}

	in := entitlement.DecisionInput{Stage: sent.Get("stage"), Approved: verdict == "approve", Justification: shown.Said}
	until, err := v.untilDate(shown.Until)
	if err == nil {
		in.End = until.Expiration.End
		err = v.Requests.Decide(ctx, v.by, shown.AssignmentRequest.ID, in)
	}
	if status := entitlement.KindOf(err).HTTPStatus(); err != nil && (status >= 500 || status == 404) {
		return answer{}, err
	}
	if err != nil {
		shown.Problem = v.said(err)
		return answer{status: entitlement.KindOf(err).HTTPStatus(), page: approvalView(v, shown)}, nil
	}
	return then("/approvals")
}
