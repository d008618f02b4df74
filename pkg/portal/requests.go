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
	afterwards
}

func showRequest(ctx context.Context, v *visit) (answer, error) {
	id, err := pathID[entitlement.RequestID](v)
	if err != nil {
		return answer{}, err
	}
	v.Views.Foresee(ctx, entitlement.Foreseen{Follow: []entitlement.RequestID{id}, Carried: []entitlement.RequestID{id}})
	r, err := v.Requests.Request(ctx, v.by.Caller, id)
	if err != nil {
		return answer{}, err
	}

	view, approval, err := v.withPeople(ctx, r)
	if err != nil {
		return answer{}, err
	}

	shown := requestPage{Request: view, Steps: stepsOf(view, approval)}
	if err := v.carriedOut(ctx, &shown); err != nil {
		return answer{}, err
	}
	return page(requestView(v, shown))
}

// withPeople joins to a request who has to do with it, and who decided.
func (v *visit) withPeople(ctx context.Context, r entitlement.AssignmentRequest) (*views.Request, requests.Approval, error) {
	all := views.OfRequests([]entitlement.AssignmentRequest{r})
	approval := requests.Approval{Request: r}
	err := views.Together(
		func() error {
			return v.Views.Requests(ctx, v.by.Caller, all, views.With{views.JoinPackage: rolesJoined, views.JoinPeople: nil, views.JoinApprovers: nil})
		},
		func() (err error) {
			if len(r.Stages) > 0 {
				approval, err = v.Requests.Approval(ctx, v.by.Caller, r.ID)
			}
			return err
		})
	if err != nil {
		return nil, requests.Approval{}, err
	}
	return all[0], approval, nil
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
