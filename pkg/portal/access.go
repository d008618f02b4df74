package portal

import (
	"context"
	"strings"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/requests"
	"leasehold/pkg/views"
)

// onPage is how many rows a list shows.
const onPage = 25

// packagePage is what the page of a package shows.
type packagePage struct {
	*views.Package
	Policies []entitlement.AssignmentPolicy // through which the visitor may ask
	Held     *entitlement.Assignment        // that the visitor has
	Obstacle string                         // why the visitor cannot ask now; "" where nothing stands against it
	Has      map[entitlement.RoleRef]bool   // roles that the visitor has, as read back: they are not gained
	May      requests.OwnOptions            // what the visitor may do with what they have of it
	Pace     entitlement.Pace               // how long it usually takes
	Stands   []standing                     // packages that the visitor has, and that it cannot be had beside
	Others   bool                           // the visitor might ask for somebody else
	Form     askForm
	Problem  string
}

// askForm is what somebody typed.
type askForm struct {
	Policy, Justification, Until string
	Answers                      map[entitlement.QuestionID]string
}

func showPackage(ctx context.Context, v *visit) (answer, error) {
	var shown packagePage
	var again *entitlement.AssignmentRequest
	err := views.Together(
		func() (err error) { shown, err = v.packagePage(ctx); return err },
		func() (err error) { again, err = v.earlier(ctx); return err })
	if err != nil {
		return answer{}, err
	}
	if shown.Form, err = v.askedBefore(again, shown.AccessPackage.ID, v.by.ID, shown.Policies); err != nil {
		return answer{}, err
	}
	return page(packageView(v, shown))
}

func (v *visit) packagePage(ctx context.Context) (packagePage, error) {
	id, err := pathID[entitlement.PackageID](v)
	if err != nil {
		return packagePage{}, err
	}

	shown := packagePage{}
	var of requests.Facing
	var held []entitlement.Assignment
	err = views.Together(
		func() (err error) { of, err = v.Requests.Facing(ctx, v.by.Caller, id); return err },
		func() (err error) { held, err = v.Requests.Live(ctx, v.by.Caller); return err },
		func() (err error) { shown.Has, err = v.Requests.OwnRoles(ctx, v.by.Caller); return err },
		func() error {
			v.Views.Foresee(ctx, entitlement.Foreseen{ResourcesOf: []entitlement.PackageID{id}})
			return nil
		})
	if err != nil {
		return packagePage{}, err
	}

	view := views.OfPackages([]entitlement.AccessPackage{of.Package})
	shown.Package, shown.Policies, shown.Pace, shown.Others = view[0], of.Policies, of.Pace, of.Others
	for _, a := range held {
		if a.Package == id && a.Target == entitlement.TargetPresent {
			shown.Held = &a
		}
	}
	err = views.Together(
		func() error { return v.Views.Packages(ctx, v.by.Caller, view, rolesJoined) },
		func() error { return v.mayDo(ctx, &shown, held, of.Incompatible) })
	if err != nil {
		return packagePage{}, err
	}
	if shown.Held == nil && len(shown.Policies) > 0 && of.Obstacle != nil {
		shown.Obstacle = v.said(of.Obstacle)
	}
	return shown, nil
}

// rolesJoined are the roles of packages, with the resources that they are roles of.
var rolesJoined = views.With{views.JoinRoleScopes: {views.JoinRole: {views.JoinResource: nil}}}

// askFor asks for the package. What is wrong is said on the page, with what was typed.
func askFor(ctx context.Context, v *visit) (answer, error) {
	id, err := pathID[entitlement.PackageID](v)
	if err != nil {
		return answer{}, err
	}
	form := readAsk(v)

	made, err := v.submit(ctx, id, form)
	if err == nil {
		return then("/requests/" + string(made.ID))
	}
	if status := entitlement.KindOf(err).HTTPStatus(); status >= 500 || status == 404 {
		return answer{}, err
	}

	shown, failure := v.packagePage(ctx)
	if failure != nil {
		return answer{}, failure
	}
	shown.Form, shown.Problem = form, v.said(err)
	return answer{status: entitlement.KindOf(err).HTTPStatus(), page: packageView(v, shown)}, nil
}

func readAsk(v *visit) askForm {
	sent := v.request.PostForm
	form := askForm{Policy: sent.Get("policy"), Justification: strings.TrimSpace(sent.Get("justification")), Until: sent.Get("until"), Answers: map[entitlement.QuestionID]string{}}
	for name, values := range sent {
		if id, is := strings.CutPrefix(name, "answer-"); is {
			form.Answers[entitlement.QuestionID(id)] = strings.Join(values, ",")
		}
	}
	return form
}

func (v *visit) submit(ctx context.Context, id entitlement.PackageID, form askForm) (entitlement.AssignmentRequest, error) {
	none := entitlement.AssignmentRequest{}
	in := requests.Submission{Type: entitlement.UserAdd, Package: id, Justification: form.Justification}

	var err error
	if form.Policy != "" {
		if in.Policy, err = entitlement.ParseID[entitlement.PolicyID]("The policy", form.Policy); err != nil {
			return none, err
		}
	}
	if in.RequestedSchedule, err = v.untilDate(form.Until); err != nil {
		return none, err
	}

	// Only questions of the policy that was chosen are answered; the page asks those of all.
	policies, err := v.Requests.Applicable(ctx, v.by.Caller, id, "")
	if err != nil {
		return none, err
	}
	for _, p := range policies {
		if len(policies) > 1 && p.ID != in.Policy {
			continue
		}
		for _, q := range p.Questions {
			if value := form.Answers[q.ID]; value != "" {
				in.Answers = append(in.Answers, entitlement.GivenAnswer{Question: q.ID, Value: value})
			}
		}
	}
	return v.Requests.Submit(ctx, v.by, in)
}

// untilDate is the schedule of a last day in the visitor's time zone, which belongs to it; ""
// asks for none.
func (v *visit) untilDate(day string) (entitlement.Schedule, error) {
	if day == "" {
		return entitlement.Schedule{}, nil
	}
	end, err := v.after(day)
	if err != nil {
		return entitlement.Schedule{}, entitlement.Errorf(entitlement.Invalid, "The last day must be a date, such as 2030-12-31.")
	}
	return entitlement.Schedule{Expiration: entitlement.Expiration{Type: entitlement.ExpireAfterDateTime, End: end}}, nil
}

// heldView is one assignment with its roles, as they ought to be and as they are.
type heldView struct {
	*views.Assignment
	Roles []roleView
	May   requests.OwnOptions
	Why   requests.Reason
}

// roleView is one role in plain words.
type roleView struct {
	Resource, Role string
	requests.GrantView
}

// accessPage is what somebody has, and had.
type accessPage struct {
	Held  []heldView
	Ended []*views.Assignment
	// Roles that were there before, and that no package gives now; on the first page alone.
	Before []entitlement.Grant
	Next   string
}

func myAccess(ctx context.Context, v *visit) (answer, error) {
	token, err := v.unseal(ctx, v.request.URL.Query().Get("page"))
	if err != nil {
		return answer{}, err
	}
	if token == "" {
		v.Views.Foresee(ctx, entitlement.Foreseen{Holdings: []entitlement.UserID{v.by.ID}, Limit: onPage})
	}
	list, err := v.Requests.Held(ctx, v.by.Caller, entitlement.Page{Limit: onPage, Token: token})
	if err != nil {
		return answer{}, err
	}

	all := views.OfAssignments(list.Items)
	var may map[entitlement.AssignmentID]requests.OwnOptions
	var grants map[entitlement.AssignmentID][]requests.GrantView
	var before []entitlement.Grant
	var why map[entitlement.AssignmentID]requests.Reason
	err = views.Together(
		func() error {
			v.Views.Foresee(ctx, entitlement.Foreseen{Resources: catalogsOf(list.Items)})
			return nil
		},
		func() error {
			return v.Views.Assignments(ctx, v.by.Caller, all, views.With{views.JoinPackage: rolesJoined})
		},
		func() (err error) { may, err = v.Requests.OwnOptions(ctx, v.by.Caller, list.Items); return err },
		func() (err error) {
			grants, before, err = v.Requests.OwnAccess(ctx, v.by.Caller, list.Items)
			return err
		},
		func() (err error) { why, err = v.Requests.OwnReasons(ctx, v.by.Caller, list.Items); return err })
	if err != nil {
		return answer{}, err
	}

	shown := accessPage{}
	for _, a := range all {
		if a.Target == entitlement.TargetAbsent {
			shown.Ended = append(shown.Ended, a)
			continue
		}
		shown.Held = append(shown.Held, heldView{a, rolesOf(a.Package, grants[a.ID]), may[a.ID], why[a.ID]})
	}
	if token == "" {
		shown.Before = before
	}

	if shown.Next, err = v.next(ctx, list.Next); err != nil {
		return answer{}, err
	}
	return page(accessView(v, shown))
}

// catalogsOf are the catalogs that assignments were made in.
func catalogsOf(all []entitlement.Assignment) (in []entitlement.CatalogID) {
	for _, a := range all {
		in = append(in, a.Catalog)
	}
	return in
}

// rolesOf names the roles of a package.
func rolesOf(p *views.Package, grants []requests.GrantView) (out []roleView) {
	for _, g := range grants {
		shown := roleView{Role: g.Scope.Role.DisplayName, GrantView: g}
		if p != nil {
			for _, s := range p.RoleScopes {
				if s.ID == g.Scope.ID && s.Role != nil && s.Role.Resource != nil {
					shown.Resource = s.Role.Resource.DisplayName
				}
			}
		}
		out = append(out, shown)
	}
	return out
}

func extend(ctx context.Context, v *visit) (answer, error) {
	id, err := pathID[entitlement.AssignmentID](v)
	if err != nil {
		return answer{}, err
	}
	schedule, err := v.untilDate(v.request.PostForm.Get("until"))
	if err != nil {
		return answer{}, err
	}
	made, err := v.Requests.ExtendHeld(ctx, v.by, requests.Submission{Type: entitlement.UserUpdate, Assignment: id, RequestedSchedule: schedule,
		Justification: strings.TrimSpace(v.request.PostForm.Get("justification"))})
	if err != nil {
		return answer{}, err
	}
	return then("/requests/" + string(made.ID))
}

func giveBack(ctx context.Context, v *visit) (answer, error) {
	id, err := pathID[entitlement.AssignmentID](v)
	if err != nil {
		return answer{}, err
	}
	made, err := v.Requests.RemoveHeld(ctx, v.by, requests.Submission{Type: entitlement.UserRemove, Assignment: id})
	if err != nil {
		return answer{}, err
	}
	return then("/requests/" + string(made.ID))
}

// pathID is the id in the page's path.
func pathID[T ~string](v *visit) (T, error) {
	id, err := entitlement.ParseID[T]("The id in the address", v.request.PathValue("id"))
	if err != nil {
		return "", entitlement.Errorf(entitlement.NotFound, "There is no such page.")
	}
	return id, nil
}
