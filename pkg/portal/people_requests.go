package portal

import (
	"context"
	"slices"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/views"
)

// requestFilters are the choices among the requests for a package.
func (v *visit) requestFilters() []filter[entitlement.AssignmentRequest] {
	state := func(all ...entitlement.RequestState) func(entitlement.AssignmentRequest) bool {
		return func(r entitlement.AssignmentRequest) bool { return slices.Contains(all, r.State) }
	}
	return []filter[entitlement.AssignmentRequest]{
		{"", v.T("All"), func(entitlement.AssignmentRequest) bool { return true }},
		{"waiting", v.T("Waiting"), state(entitlement.RequestSubmitted, entitlement.RequestPendingApproval, entitlement.RequestScheduled)},
		{"delivering", v.T("Delivering"), state(entitlement.RequestDelivering)},
		{"delivered", v.T("Delivered"), state(entitlement.RequestDelivered)},
		{"failing", v.T("Delivery errors"), func(r entitlement.AssignmentRequest) bool { return undelivered(r.State) }},
		{"refused", v.T("Denied or canceled"), state(entitlement.RequestDenied, entitlement.RequestCanceled)},
	}
}

// undelivered reports a request that was not delivered whole, and can be tried again.
func undelivered(s entitlement.RequestState) bool {
	return s == entitlement.RequestPartiallyDelivered || s == entitlement.RequestDeliveryFailed
}

// packageRequestsPage is the requests for a package.
type packageRequestsPage struct {
	managed
	told[entitlement.AssignmentRequest]
	Requests []*views.Request
}

func packageRequests(ctx context.Context, v *visit) (answer, error) {
	id, err := pathID[entitlement.PackageID](v)
	if err != nil {
		return answer{}, err
	}
	shown := packageRequestsPage{}
	err = views.Together(
		func() (err error) { shown.managed, err = v.managedPackage(ctx, "/requests"); return err },
		func() (err error) {
			shown.told, err = tell(ctx, v, v.requestFilters(), func(ctx context.Context, p entitlement.Page) (entitlement.Paged[entitlement.AssignmentRequest], error) {
				return v.Requests.RequestsFor(ctx, v.by.Caller, id, p)
			})
			return err
		})
	if err != nil {
		return answer{}, err
	}

	shown.Requests = views.OfRequests(shown.Rows)
	if err := v.Views.Requests(ctx, v.by.Caller, shown.Requests, views.With{views.JoinPeople: nil}); err != nil {
		return answer{}, err
	}
	return page(packageRequestsView(v, shown))
}

// packageRequestPage is one of them.
type packageRequestPage struct {
	managed
	requestPage
	Begun bool // there is an assignment that came of it
}

// packageRequest reads the request of the page's path, which must be for its package.
func (v *visit) packageRequest(ctx context.Context) (managed, entitlement.AssignmentRequest, error) {
	id, err := partID[entitlement.RequestID](v, "request")
	if err != nil {
		return managed{}, entitlement.AssignmentRequest{}, err
	}

	var of managed
	var r entitlement.AssignmentRequest
	err = views.Together(
		func() (err error) { of, err = v.managedPackage(ctx, "/requests"); return err },
		func() (err error) {
			v.Views.Foresee(ctx, entitlement.Foreseen{Follow: []entitlement.RequestID{id}, Carried: []entitlement.RequestID{id}})
			r, err = v.Requests.Request(ctx, v.by.Caller, id)
			return err
		})
	if err == nil && r.Package != of.ID {
		err = entitlement.Errorf(entitlement.NotFound, "There is no assignment request with this id.")
	}
	return of, r, err
}

func showPackageRequest(ctx context.Context, v *visit) (answer, error) {
	of, r, err := v.packageRequest(ctx)
	if err != nil {
		return answer{}, err
	}
	view, approval, err := v.withPeople(ctx, r)
	if err != nil {
		return answer{}, err
	}

	shown := packageRequestPage{managed: of, requestPage: requestPage{Request: view, Steps: stepsOf(view, approval)}}
	if r.Assignment != "" {
		grants, err := v.Requests.Grants(ctx, v.by.Caller, r.Assignment)
		if err != nil && entitlement.KindOf(err) != entitlement.NotFound { // it has not begun
			return answer{}, err
		}
		shown.Begun, shown.Roles = err == nil, rolesOf(view.Package, grants)
	}
	return page(packageRequestView(v, shown))
}

func cancelPackageRequest(ctx context.Context, v *visit) (answer, error) {
	of, r, err := v.packageRequest(ctx)
	if err == nil {
		err = v.Requests.Cancel(ctx, v.by, r.ID)
	}
	if err != nil {
		return answer{}, err
	}
	return then(of.path("/requests/" + string(r.ID)))
}

func reprocessPackageRequest(ctx context.Context, v *visit) (answer, error) {
	of, r, err := v.packageRequest(ctx)
	if err == nil {
		err = v.Requests.Reprocess(ctx, v.by, r.ID)
	}
	if err != nil {
		return answer{}, err
	}
	return then(of.path("/requests/" + string(r.ID)))
}
