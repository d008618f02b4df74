package portal

import (
	"context"
	"slices"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/order"
)

// afterwards is what can be done with a request once it is decided.
type afterwards struct {
	Again   string // address of the form that asks for the same again, filled in; "" where that is not the visitor's
	Repairs bool   // the visitor may have it delivered again
	Live    bool   // an assignment came of it that has not ended
}

// carriedOut adds to a request what came of it: its roles, the steps of their delivery and of the
// end, and what the visitor may do now.
func (v *visit) carriedOut(ctx context.Context, shown *requestPage) error {
	r := shown.AssignmentRequest
	over := r.State == entitlement.RequestDenied || r.State == entitlement.RequestCanceled || undelivered(r.State)
	if r.Assignment != "" {
		a, grants, err := v.Requests.CarriedOut(ctx, v.by.Caller, r.Assignment)
		if err != nil && entitlement.KindOf(err) == entitlement.NotFound && r.Subject != v.by.ID {
			a, grants, err = v.Requests.ReportCarriedOut(ctx, v.by.Caller, r.Subject, r.Assignment)
		}
		// It has not begun, or the visitor may see the request and not how it is carried out.
		if err != nil && entitlement.KindOf(err).HTTPStatus() >= 500 {
			return err
		}
		if err == nil {
			shown.Roles = rolesOf(shown.Package, grants)
			shown.Steps = append(shown.Steps, v.deliverySteps(a, shown.Roles)...)
			shown.Live = a.Target == entitlement.TargetPresent
			over = over || !shown.Live
		} else { // whether it has ended is not told: whoever asks again is told whether it is held
			over = over || r.State == entitlement.RequestDelivered
		}
	}

	asks := r.Type == entitlement.UserAdd || r.Type == entitlement.OnBehalfAdd
	if asks && over && r.Requestor == v.by.ID {
		shown.Again = "/packages/" + string(r.Package) + "?" + queryOf("again", string(r.ID))
		if r.Subject != r.Requestor {
			shown.Again = othersPath(r.Package, string(r.Subject)) + "&" + queryOf("again", string(r.ID))
		}
	}
	if shown.Live && authz.Admit(v.by.Caller, authz.Reprocess) == nil {
		shown.Repairs = v.Views.May(ctx, v.by.Caller, authz.Object{Catalog: r.Catalog, Package: r.Package})(authz.Reprocess)
	}
	return nil
}

// deliverySteps tells when each role was read back, and how the assignment ended.
func (v *visit) deliverySteps(a entitlement.Assignment, roles []roleView) (steps []step) {
	for _, r := range roles {
		if r.Grant.Confirmed.IsZero() {
			continue
		}
		what := v.T("Read back: the role is there")
		if r.Grant.Presence == entitlement.PresenceAbsent {
			what = v.T("Read back: the role is gone")
		}
		if r.Grant.Presence != entitlement.PresenceUnknown {
			steps = append(steps, step{What: what, Who: r.Resource + " " + r.Role, At: r.Grant.Confirmed})
		}
	}
	order.SortStableFunc(steps, func(a, b step) int { return a.At.Compare(b.At) })

	if !a.Ended.IsZero() {
		ended := step{What: v.T("Ended"), Who: v.endedBecause(a), At: a.Ended}
		at := slices.IndexFunc(steps, func(s step) bool { return s.At.After(a.Ended) })
		if at < 0 {
			at = len(steps)
		}
		steps = slices.Insert(steps, at, ended)
	}
	if !a.Removed.IsZero() {
		steps = append(steps, step{What: v.T("All roles were taken back"), At: a.Removed})
	}
	return steps
}

// endedBecause says why an assignment ended.
func (v *visit) endedBecause(a entitlement.Assignment) string {
	switch {
	case a.Removal != "":
		return v.T("a request ended it")
	case a.Reason == "":
		return v.T("its time was over")
	default:
		return v.T("the service ended it, since the person was disabled, deleted, or had to have something else")
	}
}

func reprocessRequest(ctx context.Context, v *visit) (answer, error) {
	id, err := pathID[entitlement.RequestID](v)
	if err == nil {
		err = v.Requests.Reprocess(ctx, v.by, id)
	}
	if err != nil {
		return answer{}, err
	}
	return then("/requests/" + string(id))
}

// reprocessAssignment has the roles of the assignment read again that a request made or is about.
func reprocessAssignment(ctx context.Context, v *visit) (answer, error) {
	id, err := pathID[entitlement.RequestID](v)
	if err != nil {
		return answer{}, err
	}
	r, err := v.Requests.Request(ctx, v.by.Caller, id)
	if err != nil {
		return answer{}, err
	}
	if r.Assignment == "" {
		return answer{}, entitlement.Errorf(entitlement.Precondition, "No assignment has come of this request.")
	}
	if err := v.Requests.ReprocessAssignment(ctx, v.by, r.Assignment); err != nil {
		return answer{}, err
	}
	return then("/requests/" + string(id))
}
