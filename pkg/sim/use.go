package sim

import (
	"context"
	"time"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

type usage = func(ctx context.Context, by authz.Caller) error

// use returns what a command of the API does, or nil where there is nothing to do it to.
// It sets who does it, and the state of what it is done to.
func (w *world) use(c Command) usage {
	switch c.Kind {
	case Submit, Assign:
		return w.useSubmit(c)
	case Approve, Deny:
		return w.useDecide(c)
	case Cancel, ReprocessRequest:
		return w.useRequest(c)
	case RemoveByAdmin, RemoveByUser, ExtendByUser, ExtendByAdmin, ReprocessAssignment:
		return w.useAssignment(c)
	case AddRole, RemoveRole, ReplacePolicy, DeletePackage, DeletePolicy:
		return w.useCatalog(c)
	case ReprocessFailing:
		reasons := []string{"target-unavailable", "principal-missing", "not-confirmed", "credential-refused", "resource-missing", "target-throttled"}
		return func(ctx context.Context, _ authz.Caller) error {
			_, err := w.requests.ReprocessFailing(ctx, w.targets[c.A%len(w.targets)].id, reasons[c.B%len(reasons)])
			return err
		}
	default:
		return w.usePeople(c)
	}
}

func (w *world) personAt(n int) entitlement.UserID { return w.cast.people[n%len(w.cast.people)] }

// schedule asks for a period: most commands ask for none, some for a start ahead, some
// for an end by the clock.
func schedule(c Command) entitlement.Schedule {
	if c.Span == 0 {
		return entitlement.Schedule{}
	}
	s := entitlement.Schedule{}
	if c.C%2 == 0 {
		s.Expiration = entitlement.Expiration{Type: entitlement.ExpireAfterDuration, Duration: c.Span}
	} else {
		s.Expiration = entitlement.Expiration{Type: entitlement.ExpireAfterDateTime, End: time.Now().UTC().Add(c.Span)}
	}
	if c.C%5 == 0 && c.Kind != ExtendByUser && c.Kind != ExtendByAdmin {
		s.Start = time.Now().UTC().Add(time.Duration(c.B%7) * 20 * time.Minute)
		if !s.Expiration.End.IsZero() && !s.Expiration.End.After(s.Start) {
			s.Start = time.Time{}
		}
	}
	return s
}

func (w *world) useSubmit(c Command) usage {
	pkg := w.cast.packages[c.B%len(w.cast.packages)]
	subject := w.personAt(c.A)
	w.about = w.stateOf(pkg, subject)
	in := submission(c, subject, pkg, w.policyOf(pkg, c.C))
	if c.Kind == Submit {
		w.actor = subject
	} else if c.C%9 == 0 {
		w.actor = w.personAt(c.A + 1) // who is no administrator
	}
	return func(ctx context.Context, by authz.Caller) error {
		_, err := w.requests.Submit(ctx, by, in)
		return err
	}
}

// policyOf returns the n-th policy of a package, in the order in which they were made.
func (w *world) policyOf(pkg entitlement.PackageID, n int) entitlement.PolicyID {
	var of []entitlement.PolicyID
	for _, id := range w.cast.policies {
		if p, there := w.oracle.policies[id]; there && p.Package == pkg {
			of = append(of, id)
		}
	}
	if len(of) == 0 {
		return ""
	}
	return of[n%len(of)]
}

func (w *world) useDecide(c Command) usage {
	var open []entitlement.RequestID
	for _, id := range w.oracle.order {
		if s := w.oracle.requests[id].last.State; s == entitlement.RequestPendingApproval || c.C%11 == 0 && len(w.oracle.requests[id].last.Stages) > 0 {
			open = append(open, id)
		}
	}
	if len(open) == 0 {
		return nil
	}
	r := w.oracle.requests[open[c.B%len(open)]]
	w.actor, w.about = w.reviewerFor(r, c.A), string(r.last.State)
	word := entitlement.Word{Stage: r.last.Stages[r.last.Stage].ID, Approved: c.Kind == Approve}
	return func(ctx context.Context, by authz.Caller) error { return w.requests.Decide(ctx, by, r.last.ID, word) }
}

// reviewerFor picks somebody who may decide, where there is one, in most cases; else
// anybody, administrators included.
func (w *world) reviewerFor(r *asked, n int) entitlement.UserID {
	if n%4 > 0 {
		for i := range w.cast.people {
			if u := w.personAt(n + i); w.oracle.mayDecide(u, r) {
				return u
			}
		}
	}
	if n%8 == 0 {
		return w.admin.ID
	}
	return w.personAt(n)
}

func (w *world) useRequest(c Command) usage {
	want := func(s entitlement.RequestState) bool { return s.Open() }
	if c.Kind == ReprocessRequest {
		want = func(s entitlement.RequestState) bool {
			return s == entitlement.RequestPartiallyDelivered || s == entitlement.RequestDeliveryFailed
		}
	}
	var fit []entitlement.RequestID
	for _, id := range w.oracle.order {
		if want(w.oracle.requests[id].last.State) || c.C%13 == 0 {
			fit = append(fit, id)
		}
	}
	if len(fit) == 0 {
		return nil
	}
	r := w.oracle.requests[fit[c.B%len(fit)]].last
	w.about = string(r.State)
	if c.Kind == ReprocessRequest {
		return func(ctx context.Context, by authz.Caller) error { return w.requests.Reprocess(ctx, by, r.ID) }
	}
	if c.A%2 == 0 {
		w.actor = r.Requestor
	}
	return func(ctx context.Context, by authz.Caller) error { return w.requests.Cancel(ctx, by, r.ID) }
}

func (w *world) useAssignment(c Command) usage {
	var fit []entitlement.RequestID
	for _, id := range w.oracle.order {
		if a := w.oracle.assignments[entitlement.AssignmentID(id)]; a != nil && (a.live || c.C%13 == 0) {
			fit = append(fit, id)
		}
	}
	if len(fit) == 0 {
		return nil
	}
	a := w.oracle.assignments[entitlement.AssignmentID(fit[c.B%len(fit)])]
	w.about = string(a.State)
	kind := map[Kind]entitlement.RequestType{RemoveByAdmin: entitlement.AdminRemove, RemoveByUser: entitlement.UserRemove,
		ExtendByAdmin: entitlement.AdminUpdate, ExtendByUser: entitlement.UserUpdate}[c.Kind]
	if c.Kind == RemoveByUser || c.Kind == ExtendByUser {
		w.actor = a.Subject
	}
	switch c.Kind {
	case ReprocessAssignment:
		return func(ctx context.Context, by authz.Caller) error { return w.requests.ReprocessAssignment(ctx, by, a.ID) }
	case RemoveByAdmin, RemoveByUser:
		return func(ctx context.Context, by authz.Caller) error {
			_, err := w.requests.Remove(ctx, by, kind, a.ID, "no more")
			return err
		}
	}
	asked := schedule(c)
	return func(ctx context.Context, by authz.Caller) error {
		_, err := w.requests.Extend(ctx, by, kind, a.ID, asked, "longer")
		return err
	}
}

func (w *world) useCatalog(c Command) usage {
	pkg := w.cast.packages[c.A%len(w.cast.packages)]
	policy := w.policyOf(pkg, c.B)
	switch c.Kind {
	case AddRole:
		return func(ctx context.Context, by authz.Caller) error { return w.addRoleAs(ctx, by, pkg, c.B) }
	case RemoveRole:
		return func(ctx context.Context, by authz.Caller) error {
			scopes, err := w.store.Scopes(ctx, pkg)
			if err != nil || len(scopes.List) == 0 {
				return err
			}
			return w.catalogs.RemoveScope(ctx, by, pkg, scopes.List[c.B%len(scopes.List)].ID)
		}
	case DeletePackage:
		return func(ctx context.Context, by authz.Caller) error { return w.catalogs.DeletePackage(ctx, by, pkg) }
	}
	if policy == "" {
		return nil
	}
	if c.Kind == DeletePolicy {
		return func(ctx context.Context, by authz.Caller) error { return w.catalogs.DeletePolicy(ctx, by, policy) }
	}
	next := w.policy(*c.Terms, pkg)
	next.ID = policy
	return func(ctx context.Context, by authz.Caller) error {
		_, err := w.catalogs.ReplacePolicy(ctx, by, next)
		return err
	}
}

func (w *world) usePeople(c Command) usage {
	u := w.personAt(c.A)
	enabled := func(is bool) usage {
		return func(ctx context.Context, by authz.Caller) error {
			_, err := w.directory.UpdateUser(ctx, by, u, func(x *entitlement.User) error { x.Enabled = is; return nil })
			return err
		}
	}
	group := w.cast.groups[c.B%len(w.cast.groups)]
	switch c.Kind {
	case Disable:
		return enabled(false)
	case Enable:
		return enabled(true)
	case DeleteUser:
		return func(ctx context.Context, by authz.Caller) error { return w.directory.DeleteUser(ctx, by, u) }
	case ChangeManager:
		manager := w.personAt(c.B)
		if c.C%5 == 0 {
			manager = ""
		}
		return func(ctx context.Context, by authz.Caller) error { return w.directory.SetManager(ctx, by, u, manager) }
	case JoinGroup:
		return func(ctx context.Context, by authz.Caller) error { return w.directory.Join(ctx, by, group, false, u) }
	default:
		return func(ctx context.Context, by authz.Caller) error { return w.directory.Leave(ctx, by, group, false, u) }
	}
}

// stateOf tells where a pair stands, for coverage.
func (w *world) stateOf(pkg entitlement.PackageID, u entitlement.UserID) string {
	state := "none"
	for _, r := range w.oracle.requests {
		if r.last.Package == pkg && r.last.Subject == u && r.last.State.Open() {
			return string(r.last.State)
		}
	}
	for _, a := range w.oracle.assignments {
		if a.Package == pkg && a.Subject == u && a.live {
			return string(a.State)
		}
		if a.Package == pkg && a.Subject == u && !a.removed {
			state = "removing"
		}
	}
	return state
}
