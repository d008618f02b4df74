package portal

import (
	"context"
	"slices"
	"strings"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/requests"
	"leasehold/pkg/views"
)

// standing is a package that the visitor has, and that another one cannot be had beside.
type standing struct {
	Assignment entitlement.AssignmentID
	Name       string
	GiveBack   bool // the visitor may do so
}

// mayDo adds what the visitor may do with what they have: of this package, and of those that
// stand against it.
func (v *visit) mayDo(ctx context.Context, shown *packagePage, held []entitlement.Assignment, against []entitlement.IncompatibleAccess) error {
	var about []entitlement.Assignment
	for _, a := range held {
		stands := a.Target == entitlement.TargetPresent && slices.ContainsFunc(against, func(i entitlement.IncompatibleAccess) bool { return i.Package == a.Package })
		if stands || shown.Held != nil && a.ID == shown.Held.ID {
			about = append(about, a)
		}
	}
	if len(about) == 0 {
		return nil
	}

	called := views.OfAssignments(about)
	var may map[entitlement.AssignmentID]requests.OwnOptions
	err := views.Together(
		func() (err error) { may, err = v.Requests.OwnOptions(ctx, v.by.Caller, about); return err },
		func() error { return v.Views.Assignments(ctx, v.by.Caller, called, views.With{views.JoinPackage: nil}) })
	if err != nil {
		return err
	}
	if shown.Held != nil {
		shown.May = may[shown.Held.ID]
	}
	for _, a := range called {
		if a.Assignment.Package != shown.AccessPackage.ID {
			shown.Stands = append(shown.Stands, standing{a.Assignment.ID, packageName(a.Package), may[a.Assignment.ID].GiveBack})
		}
	}
	return nil
}

// demands are what a policy asks of whoever asks through it.
func (v *visit) demands(p entitlement.AssignmentPolicy) string {
	var all []string
	if p.Approval.RequestorJustification {
		all = append(all, v.T("say why"))
	}
	for _, q := range p.Questions {
		if q.Required {
			all = append(all, v.T("answer questions"))
			break
		}
	}
	if len(all) == 0 {
		return v.T("nothing more")
	}
	return strings.Join(all, ", ")
}
