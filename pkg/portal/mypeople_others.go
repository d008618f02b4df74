package portal

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/requests"
	"leasehold/pkg/views"
)

// choosePage is for whom a package may be asked for besides the visitor.
type choosePage struct {
	Package entitlement.AccessPackage
	Reports []entitlement.User
	Any     bool
	Named   string // what was typed and names nobody
	Problem string
	Next    string
}

// otherPage is asking for a package on behalf of somebody.
type otherPage struct {
	requests.Behalf
	Roles    []*views.RoleScope
	Obstacle string
	For      string // by what the person was named
	Form     askForm
	Problem  string
}

// ask is the form as the page of a package has it.
func (p otherPage) ask() packagePage { return packagePage{Policies: p.Policies, Form: p.Form} }

// chooseOther shows for whom a package may be asked for, and what it would mean for whom was
// chosen.
func chooseOther(ctx context.Context, v *visit) (answer, error) {
	query := v.request.URL.Query()
	whom := strings.TrimSpace(query.Get("for"))
	if whom == "" {
		return v.chooseFrom(ctx, choosePage{}, 0)
	}

	id, err := pathID[entitlement.PackageID](v)
	if err != nil {
		return answer{}, err
	}
	shown, err := v.otherPage(ctx, id, whom)
	if err != nil && entitlement.KindOf(err) == entitlement.NotFound {
		return v.chooseFrom(ctx, choosePage{Named: whom, Problem: v.said(err)}, http.StatusNotFound)
	}
	if err != nil {
		return answer{}, err
	}
	again, err := v.earlier(ctx)
	if err != nil {
		return answer{}, err
	}
	if shown.Form, err = v.askedBefore(again, shown.Package.ID, shown.Subject.ID, shown.Policies); err != nil {
		return answer{}, err
	}
	return page(otherView(v, shown))
}

// chooseFrom shows those for whom the package may be asked for.
func (v *visit) chooseFrom(ctx context.Context, shown choosePage, status int) (answer, error) {
	id, err := pathID[entitlement.PackageID](v)
	if err != nil {
		return answer{}, err
	}
	token, err := v.unseal(ctx, v.request.URL.Query().Get("page"))
	if err != nil {
		return answer{}, err
	}
	others, err := v.Requests.OthersFor(ctx, v.by.Caller, id, entitlement.Page{Limit: onPage, Token: token})
	if err != nil {
		return answer{}, err
	}

	shown.Package, shown.Reports, shown.Any = others.Package, others.Reports.Items, others.Any() || token != ""
	if shown.Next, err = v.next(ctx, others.Reports.Next); err != nil {
		return answer{}, err
	}
	return answer{status: status, page: chooseOtherView(v, shown)}, nil
}

func (v *visit) otherPage(ctx context.Context, id entitlement.PackageID, whom string) (otherPage, error) {
	told, err := v.Requests.OnBehalf(ctx, v.by.Caller, id, whom)
	if err != nil {
		return otherPage{}, err
	}

	view := views.OfPackages([]entitlement.AccessPackage{told.Package})
	if err := v.Views.Packages(ctx, v.by.Caller, view, rolesJoined); err != nil {
		return otherPage{}, err
	}
	shown := otherPage{Behalf: told, Roles: view[0].RoleScopes, For: whom}
	if told.Obstacle != nil {
		shown.Obstacle = v.said(told.Obstacle)
	}
	return shown, nil
}

// askForOther asks for the package on behalf of whom the form names. What is wrong is said on
// the page, with what was typed.
func askForOther(ctx context.Context, v *visit) (answer, error) {
	id, err := pathID[entitlement.PackageID](v)
	if err != nil {
		return answer{}, err
	}
	shown, err := v.otherPage(ctx, id, v.typed("for"))
	if err != nil {
		return answer{}, err
	}
	shown.Form = readAsk(v)

	made, err := v.submitFor(ctx, shown)
	if err == nil {
		return then("/requests/" + string(made.ID))
	}
	status := entitlement.KindOf(err).HTTPStatus()
	if status >= http.StatusInternalServerError || status == http.StatusNotFound {
		return answer{}, err
	}
	shown.Problem = v.said(err)
	return answer{status: status, page: otherView(v, shown)}, nil
}

func (v *visit) submitFor(ctx context.Context, shown otherPage) (entitlement.AssignmentRequest, error) {
	in := requests.Submission{Type: entitlement.OnBehalfAdd, Subject: shown.Subject.ID, Package: shown.Package.ID, Justification: shown.Form.Justification}

	var err error
	if shown.Form.Policy != "" {
		if in.Policy, err = entitlement.ParseID[entitlement.PolicyID]("The policy", shown.Form.Policy); err != nil {
			return entitlement.AssignmentRequest{}, err
		}
	}
	if in.RequestedSchedule, err = v.untilDate(shown.Form.Until); err != nil {
		return entitlement.AssignmentRequest{}, err
	}
	in.Answers = given(shown.Policies, in.Policy, shown.Form)
	return v.Requests.Submit(ctx, v.by, in)
}

// given are the answers to the questions of the policy that was chosen; the page asks those of
// all.
func given(policies []entitlement.AssignmentPolicy, chosen entitlement.PolicyID, form askForm) (all []entitlement.GivenAnswer) {
	for _, p := range policies {
		if len(policies) > 1 && p.ID != chosen {
			continue
		}
		for _, q := range p.Questions {
			if value := form.Answers[q.ID]; value != "" {
				all = append(all, entitlement.GivenAnswer{Question: q.ID, Value: value})
			}
		}
	}
	return all
}

// earlier is the request that the address names by again; nil where it names none.
func (v *visit) earlier(ctx context.Context) (*entitlement.AssignmentRequest, error) {
	again := v.request.URL.Query().Get("again")
	if again == "" {
		return nil, nil
	}
	id, err := entitlement.ParseID[entitlement.RequestID]("The earlier request", again)
	if err != nil {
		return nil, err
	}
	r, err := v.Requests.Request(ctx, v.by.Caller, id)
	return &r, err
}

// askedBefore is the form as an earlier request was asked for the same package and person: what of
// it still fits. A policy and questions that are not there any more, and a last day that is past,
// are left out.
func (v *visit) askedBefore(r *entitlement.AssignmentRequest, pkg entitlement.PackageID, subject entitlement.UserID, policies []entitlement.AssignmentPolicy) (askForm, error) {
	if r == nil {
		return askForm{}, nil
	}
	if r.Package != pkg || r.Subject != subject || r.Requestor != v.by.ID {
		return askForm{}, entitlement.Errorf(entitlement.NotFound, "There is no assignment request with this id.")
	}
	return v.stillFits(*r, policies), nil
}

// stillFits is what of an earlier request can be asked again.
func (v *visit) stillFits(r entitlement.AssignmentRequest, policies []entitlement.AssignmentPolicy) askForm {
	form := askForm{Justification: r.Justification, Answers: map[entitlement.QuestionID]string{}}
	for _, p := range policies {
		if p.ID == r.Policy {
			form.Policy = string(p.ID)
		}
		for _, a := range r.Answers {
			if slices.ContainsFunc(p.Questions, func(q entitlement.Question) bool { return q.ID == a.Question.ID && stillChosen(q, a.Value) }) {
				form.Answers[a.Question.ID] = a.Value
			}
		}
	}

	// A last day belongs to it: the end is the instant after.
	if e := r.RequestedSchedule.Expiration; e.Type == entitlement.ExpireAfterDateTime && e.End.After(v.now.AddDate(0, 0, 1)) && choosesDates(policies) {
		form.Until = v.lastDayOf(e.End)
	}
	return form
}

// stillChosen reports an answer that the question still lets one choose.
func stillChosen(q entitlement.Question, value string) bool {
	if len(q.Choices) == 0 || q.Multiple {
		return true
	}
	return slices.ContainsFunc(q.Choices, func(c entitlement.Choice) bool { return c.Value == value })
}

// Lasts says how long somebody else who gets the package by the policy keeps it.
func (v *visit) Lasts(e entitlement.Expiration) string {
	return v.Granted(entitlement.AssignmentRequest{Expiration: e})
}
