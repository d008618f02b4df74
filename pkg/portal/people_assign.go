package portal

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/requests"
	"leasehold/pkg/views"
)

// assignInput is what somebody typed to assign a package.
type assignInput struct {
	Policy, Start, Until, Justification string
	People                              string // one a line
}

// assignPage is the form, and what was found of the lines that were typed.
type assignPage struct {
	managed
	Policies []entitlement.AssignmentPolicy
	Input    assignInput
	Checked  []requests.Assignee
	Assigned int // just now; what is left stands in Checked
	Problem  string
}

// ready are the lines that can be assigned.
func (p assignPage) ready() []requests.Assignee {
	return slices.DeleteFunc(slices.Clone(p.Checked), func(a requests.Assignee) bool { return a.Standing != requests.StandsFree })
}

// readyText are those lines as the form keeps them: whom each was found to name, and how that
// was typed.
func (p assignPage) readyText() string {
	var lines []string
	for _, a := range p.ready() {
		lines = append(lines, string(a.User.ID)+" "+a.Line)
	}
	return strings.Join(lines, "\n")
}

// readySent reads what readyText wrote.
func readySent(text string) (subjects []entitlement.UserID, typed []string, err error) {
	for _, line := range strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' }) {
		first, rest, _ := strings.Cut(line, " ")
		id, err := entitlement.ParseID[entitlement.UserID]("A person", first)
		if err != nil {
			return nil, nil, err
		}
		subjects, typed = append(subjects, id), append(typed, rest)
	}
	return subjects, typed, nil
}

// left are the lines that cannot, as they were typed.
func (p assignPage) left() string {
	var lines []string
	for _, a := range p.Checked {
		if a.Standing != requests.StandsFree {
			lines = append(lines, a.Line)
		}
	}
	return strings.Join(lines, "\n")
}

// policy is the policy that was chosen.
func (p assignPage) policy() entitlement.AssignmentPolicy {
	for _, policy := range p.Policies {
		if string(policy.ID) == p.Input.Policy {
			return policy
		}
	}
	return entitlement.AssignmentPolicy{}
}

func assignForm(ctx context.Context, v *visit) (answer, error) {
	shown, err := v.assignPage(ctx)
	if err != nil {
		return answer{}, err
	}
	return page(assignView(v, shown))
}

// assignPage reads what the form offers, for those who may assign the package.
func (v *visit) assignPage(ctx context.Context) (assignPage, error) {
	of, err := v.managedPackage(ctx, "/assign")
	if err != nil {
		return assignPage{}, err
	}
	if _, err := v.Requests.Assignees(ctx, v.by, requests.Submission{Package: of.ID}, nil); err != nil {
		return assignPage{}, err
	}

	view := views.OfPackages([]entitlement.AccessPackage{of.AccessPackage})
	if err := v.Views.Packages(ctx, v.by.Caller, view, views.With{views.JoinPolicies: nil}); err != nil {
		return assignPage{}, err
	}
	shown := assignPage{managed: of}
	for _, p := range view[0].Policies {
		shown.Policies = append(shown.Policies, p.AssignmentPolicy)
	}
	return shown, nil
}

// checkAssign says of each line what would come of it, and assigns nothing.
func checkAssign(ctx context.Context, v *visit) (answer, error) {
	shown, err := v.assignPage(ctx)
	if err != nil {
		return answer{}, err
	}
	if shown.Input, err = v.assignSent(); err != nil {
		return answer{}, err
	}

	in, err := v.submission(shown)
	if err == nil {
		err = v.check(ctx, &shown, in)
	}
	return v.assignAnswer(shown, err)
}

// check looks up the lines that were typed.
func (v *visit) check(ctx context.Context, shown *assignPage, in requests.Submission) (err error) {
	lines := peopleLines(shown.Input.People)
	if len(lines) == 0 {
		return entitlement.Errorf(entitlement.Invalid, "%s", v.T("Name at least one person, one a line."))
	}
	shown.Checked, err = v.Requests.Assignees(ctx, v.by, in, lines)
	return err
}

// assignAnswer shows the page, with what is wrong at its top where that is the visitor's to
// correct.
func (v *visit) assignAnswer(shown assignPage, err error) (answer, error) {
	kind := entitlement.KindOf(err)
	switch {
	case err == nil:
		return page(assignView(v, shown))
	case kind == entitlement.Invalid || kind == entitlement.Conflict || kind == entitlement.Precondition:
		shown.Problem = shortened(v.said(err), maxProblems)
		return answer{status: kind.HTTPStatus(), page: assignView(v, shown)}, nil
	default:
		return answer{}, err
	}
}

// assign assigns the package to those whom the check found, and comes back with what is left.
func assign(ctx context.Context, v *visit) (answer, error) {
	shown, err := v.assignPage(ctx)
	if err != nil {
		return answer{}, err
	}
	if shown.Input, err = v.assignSent(); err != nil {
		return answer{}, err
	}
	subjects, lines, err := readySent(v.request.PostForm.Get("ready"))
	if err != nil {
		return answer{}, err
	}
	if len(subjects) == 0 {
		return v.assignAnswer(shown, entitlement.Errorf(entitlement.Invalid, "%s", v.T("Name at least one person, one a line.")))
	}

	in, err := v.submission(shown)
	if err != nil {
		return v.assignAnswer(shown, err)
	}
	came, err := v.Requests.SubmitEach(ctx, v.by, in, subjects)
	if err != nil {
		return v.assignAnswer(shown, err)
	}

	left := peopleLines(shown.Input.People)
	for i, err := range came {
		if err != nil {
			left = append(left, lines[i])
		} else {
			shown.Assigned++
		}
	}
	if len(left) == 0 {
		return then(shown.path("/people?assigned=" + strconv.Itoa(shown.Assigned)))
	}

	// What is left is looked up again, so that it says what stands in the way now.
	shown.Input.People = strings.Join(left, "\n")
	return v.assignAnswer(shown, v.check(ctx, &shown, in))
}

// submission is what is submitted for everybody.
func (v *visit) submission(shown assignPage) (requests.Submission, error) {
	in := requests.Submission{Type: entitlement.AdminAdd, Package: shown.ID, Policy: shown.policy().ID, Justification: shown.Input.Justification}
	if in.Policy == "" {
		return in, entitlement.Errorf(entitlement.Invalid, "%s", v.T("Choose the policy by which they get it."))
	}

	var err error
	if in.RequestedSchedule, err = v.untilDate(shown.Input.Until); err != nil {
		return in, err
	}
	if shown.Input.Start != "" {
		if in.RequestedSchedule.Start, err = v.begin(shown.Input.Start); err != nil {
			return in, entitlement.Errorf(entitlement.Invalid, "The first day must be a date, such as 2030-12-31.")
		}
		if !in.RequestedSchedule.Start.After(v.now) {
			in.RequestedSchedule.Start = time.Time{} // today: at once
		}
	}
	return in, in.RequestedSchedule.Check(v.now)
}

// assignSent reads the form, and adds the lines of a file that came with it.
func (v *visit) assignSent() (assignInput, error) {
	sent := v.request.PostForm
	in := assignInput{Policy: sent.Get("policy"), Start: sent.Get("start"), Until: sent.Get("until"), Justification: strings.TrimSpace(sent.Get("justification")), People: sent.Get("people")}
	if v.request.MultipartForm == nil {
		return in, nil
	}

	f, _, err := v.request.FormFile("file")
	if errors.Is(err, http.ErrMissingFile) {
		return in, nil
	}
	if err == nil {
		defer f.Close()
		var text []byte
		if text, err = io.ReadAll(io.LimitReader(f, maxForm)); err == nil {
			in.People = strings.TrimSpace(in.People + "\n" + strings.ToValidUTF8(string(text), "\uFFFD"))
		}
	}
	if err != nil {
		return in, entitlement.Errorf(entitlement.Invalid, "The file could not be read. Paste its lines into the field.")
	}
	return in, nil
}

// peopleLines are those whom a text names, one a line. Of a line with several columns the first
// one counts, and of "Ann <ann@example.com>" what stands in the brackets.
func peopleLines(text string) (lines []string) {
	text = strings.TrimPrefix(text, "\uFEFF") // as spreadsheets begin a file
	for _, line := range strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' }) {
		if _, after, has := strings.Cut(line, "<"); has {
			if inside, _, closed := strings.Cut(after, ">"); closed && strings.Contains(inside, "@") {
				line = inside
			}
		}
		if at := strings.IndexAny(line, ",;\t"); at >= 0 {
			line = line[:at]
		}
		if line = strings.Trim(strings.TrimSpace(line), `"' `); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

// standing says in words what stands in the way of a line.
func (v *visit) standing(a requests.Assignee) string {
	switch a.Standing {
	case requests.StandsFree:
		return v.T("can be assigned")
	case requests.StandsUnknown:
		return v.T("nobody has this name, mail or id")
	case requests.StandsAmbiguous:
		return v.T("several people have this mail: write the user name")
	case requests.StandsUnsought:
		return v.T("there are too many people to find one by mail: write the user name")
	case requests.StandsTwice:
		return v.T("stands in the list twice")
	case requests.StandsDisabled:
		return v.T("the account is disabled")
	case requests.StandsHolding:
		return v.T("has the package already")
	default:
		return v.said(a.Refusal)
	}
}

// lasts says how long somebody keeps the package by a policy.
func (v *visit) lasts(e entitlement.Expiration) string {
	switch e.Type {
	case entitlement.ExpireAfterDuration:
		return v.T("It lasts for %s.", v.Days(e.Duration))
	case entitlement.ExpireAfterDateTime:
		return v.T("It ends on %s.", v.Day(e.End))
	default:
		return v.T("It does not end.")
	}
}
