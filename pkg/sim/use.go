package sim

import (
	"context"
	"slices"
	"time"

	"leasehold/pkg/authz"
	"leasehold/pkg/catalogs"
	"leasehold/pkg/entitlement"
)

type usage = func(ctx context.Context, by authz.Command) error

// use returns what a command of the API does, or nil where there is nothing to do it to.
// It sets who does it, and the state of what it is done to.
func (w *simulation) use(c Command) usage {
	switch c.Kind {
	case Submit, Assign:
		return w.useSubmit(c)
	case Approve, Deny:
		return w.useDecide(c)
	case Cancel, ReprocessRequest:
		return w.useRequest(c)
	case RemoveByAdmin, RemoveByUser, ExtendByUser, ExtendByAdmin, ReprocessAssignment:
		return w.useAssignment(c)
	case AddRole, RemoveRole, ReplacePolicy, NewPackage, Exclude, Admit, DeletePackage, DeletePolicy:
		return w.useCatalog(c)
	case ReprocessFailing:
		reasons := []string{"target-unavailable", "principal-missing", "not-confirmed", "credential-refused", "resource-missing", "target-throttled", "refused-by-target"}
		return func(ctx context.Context, by authz.Command) error {
			_, _, err := w.requests.ReprocessFailing(ctx, by, w.targets[c.A%len(w.targets)].id, reasons[c.B%len(reasons)], "")
			return err
		}
	case GiveRole, TakeRole, NewCatalog, Rename, MovePackage, Offer, Withdraw, Look:
		return w.useDelegation(c)
	case Reanswer:
		return w.useReanswer(c)
	case Pause, Bound, Agree, Reject:
		return w.useAdministration(c)
	default:
		return w.usePeople(c)
	}
}

func (w *simulation) personAt(n int) entitlement.UserID {
	return w.population.people[n%len(w.population.people)]
}

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
		// An end before its start would be refused, and say nothing of what is meant.
		if !s.Expiration.End.IsZero() && !s.Expiration.End.After(s.Start) {
			s.Start = time.Time{}
		}
	}

	return s
}

// pick picks one of those that are in the state that a command looks for, else one of
// those in which it can do something, else any.
func pick[T any](c Command, n int, all []T, stateOf func(T) string) (T, bool) {
	// Those in the wanted state come first, then those in which the command can do anything at
	// all: a run that mostly refuses proves little.
	var fit, acting []T
	for _, x := range all {
		s := stateOf(x)
		if s == c.In {
			fit = append(fit, x)
		}
		if slices.Contains(statesOf(c.Kind), state{s, true}) {
			acting = append(acting, x)
		}
	}

	for _, list := range [][]T{fit, acting, all} {
		if len(list) > 0 {
			return list[n%len(list)], true
		}
	}

	var none T
	return none, false
}

func (w *simulation) useSubmit(c Command) usage {
	pkg, subject := w.pairFor(c)
	w.same, w.about = pair{pkg, subject}, w.stateOf(pkg, subject)
	in := submission(c, subject, pkg, w.policyFor(c, pkg))
	in.Answers = given(w.oracle.policies[in.Policy].Questions, c.A)

	if c.Kind == Submit {
		w.actor = subject
		if c.C%8 == 7 {
			in.Type, in.Subject, w.actor = entitlement.OnBehalfAdd, subject, w.actingFor(subject, c)
		}
	} else if c.C%9 == 0 {
		w.actor = w.personAt(c.A + 1) // who is no administrator
	}

	return func(ctx context.Context, by authz.Command) error {
		r, err := w.requests.Submit(ctx, by, in)
		answers(ctx, r)
		return err
	}
}

// actingFor is who asks on behalf of somebody: mostly the manager, and now and then anybody,
// that one too, who must be refused.
func (w *simulation) actingFor(subject entitlement.UserID, c Command) entitlement.UserID {
	if p := w.oracle.people[subject]; p != nil && p.manager != "" && c.B%4 > 0 {
		return p.manager
	}
	return w.personAt(c.A + c.B)
}

// pairFor picks a package and a person.
func (w *simulation) pairFor(c Command) (entitlement.PackageID, entitlement.UserID) {
	pkg, subject := w.population.packages[c.B%len(w.population.packages)], w.personAt(c.A)

	if c.Same && w.same.pkg != "" {
		pkg = w.same.pkg
		if other := w.oracle.excluded(pkg); other != "" && c.C%4 == 0 {
			pkg = other
		}
		if w.same.who != "" {
			subject = w.same.who
		}
		return pkg, subject
	}

	if c.In == "" || c.C%8 == 0 {
		return pkg, subject // who may be gone, as may be the package
	}

	var all []pair
	for _, u := range w.population.people {
		for _, p := range w.population.packages {
			if w.oracle.exists(p) && w.oracle.people[u].enabled {
				all = append(all, pair{p, u})
			}
		}
	}

	if len(all) == 0 {
		return pkg, subject
	}

	at, _ := pick(c, c.A+c.B, all, func(p pair) string { return w.stateOf(p.pkg, p.who) })
	return at.pkg, at.who
}

// policyOf returns the n-th policy of a package, in the order in which they were made.
func (w *simulation) policyOf(pkg entitlement.PackageID, n int) entitlement.PolicyID {
	var of []entitlement.PolicyID
	for _, id := range w.population.policies {
		if p, there := w.oracle.policies[id]; there && p.Package == pkg {
			of = append(of, id)
		}
	}
	if len(of) == 0 {
		return ""
	}
	return of[n%len(of)]
}

// policyFor picks the policy that a submission names: mostly one of the package, and now
// and then one of another package, one that is gone, or none.
func (w *simulation) policyFor(c Command, pkg entitlement.PackageID) entitlement.PolicyID {
	switch c.C % 12 {
	case 10:
		return w.population.policies[c.A%len(w.population.policies)]
	case 11:
		return ""
	default:
		return w.policyOf(pkg, c.C)
	}
}

func (w *simulation) useDecide(c Command) usage {
	var asked []entitlement.RequestID
	for _, id := range w.oracle.order {
		if len(w.oracle.requests[id].last.Stages) > 0 {
			asked = append(asked, id)
		}
	}

	id, there := w.requestFor(c, asked)
	if !there {
		return nil
	}

	r := w.oracle.requests[id]
	w.actor, w.about = w.reviewerFor(r, c.A), string(r.last.State)
	decision := entitlement.DecisionInput{Stage: r.last.Stages[r.last.Stage].ID, Approved: c.Kind == Approve}

	return func(ctx context.Context, by authz.Command) error {
		return w.requests.Decide(ctx, by, r.last.ID, decision)
	}
}

// requestFor picks a request.
func (w *simulation) requestFor(c Command, all []entitlement.RequestID) (entitlement.RequestID, bool) {
	id, there := pick(c, c.B, all, w.stateOfRequest)
	if c.Same && slices.Contains(all, w.lastRequest) {
		id = w.lastRequest
	}
	if there {
		r := w.oracle.requests[id].last
		w.lastRequest, w.same = id, pair{r.Package, r.Subject}
	}
	return id, there
}

// reviewerFor picks somebody who may decide, where there is one, in most cases; else
// anybody, administrators included.
func (w *simulation) reviewerFor(r *asked, n int) entitlement.UserID {
	// Now and then somebody asks who may not, and must be refused.
	if n%4 > 0 {
		for i := range w.population.people {
			if u := w.personAt(n + i); w.oracle.mayDecide(u, r) {
				return u
			}
		}
		if w.oracle.mayDecide(w.admin.ID, r) {
			return w.admin.ID
		}
	}

	if n%8 == 0 {
		return w.admin.ID
	}
	return w.personAt(n)
}

func (w *simulation) useRequest(c Command) usage {
	id, there := w.requestFor(c, w.oracle.order)
	if !there {
		return nil
	}

	r := w.oracle.requests[id].last
	w.about = string(r.State)

	if c.Kind == ReprocessRequest {
		return func(ctx context.Context, by authz.Command) error { return w.requests.Reprocess(ctx, by, r.ID) }
	}
	// Half of all cancellations are the requestor's own.
	if c.A%2 == 0 {
		w.actor = r.Requestor
	}

	return func(ctx context.Context, by authz.Command) error { return w.requests.Cancel(ctx, by, r.ID) }
}

func (w *simulation) useAssignment(c Command) usage {
	var began []*held
	for _, id := range w.oracle.order {
		if a := w.oracle.assignments[entitlement.AssignmentID(id)]; a != nil {
			began = append(began, a)
		}
	}

	a, there := pick(c, c.B, began, func(a *held) string { return string(a.State) })
	// Two commands about the same pair meet each other.
	if same := w.oracle.live[w.same]; c.Same && same != nil {
		a = same
	}

	if !there {
		return nil
	}

	w.same, w.about = pair{a.Package, a.Subject}, string(a.State)

	kind := map[Kind]entitlement.RequestType{RemoveByAdmin: entitlement.AdminRemove, RemoveByUser: entitlement.UserRemove,
		ExtendByAdmin: entitlement.AdminUpdate, ExtendByUser: entitlement.UserUpdate}[c.Kind]

	if c.Kind == RemoveByUser || c.Kind == ExtendByUser {
		w.actor = a.Subject
	}

	switch c.Kind {
	case ReprocessAssignment:
		return func(ctx context.Context, by authz.Command) error {
			return w.requests.ReprocessAssignment(ctx, by, a.ID)
		}
	case RemoveByAdmin, RemoveByUser:
		return func(ctx context.Context, by authz.Command) error {
			r, err := w.requests.Remove(ctx, by, kind, a.ID, "no more")
			answers(ctx, r)
			return err
		}
	}

	asked := schedule(c)
	return func(ctx context.Context, by authz.Command) error {
		r, err := w.requests.Extend(ctx, by, kind, a.ID, asked, "longer")
		answers(ctx, r)
		return err
	}
}

func (w *simulation) useCatalog(c Command) usage {
	pkg := w.population.packages[c.A%len(w.population.packages)]
	if c.Same && w.same.pkg != "" {
		pkg = w.same.pkg
	}

	w.same.pkg = pkg
	policy := w.policyOf(pkg, c.B)

	switch c.Kind {
	case NewPackage:
		if len(w.oracle.packages) >= maxPackages {
			return nil
		}
		k := Pack{Roles: []int{c.A, c.B}[:c.C%3], Policies: []Terms{*c.Terms}, Elsewhere: len(w.population.catalogs) > 1 && c.A%3 == 0}
		if len(k.Roles) == 2 && c.A%len(w.population.things) == c.B%len(w.population.things) {
			k.Roles = k.Roles[:1]
		}
		return func(ctx context.Context, by authz.Command) error { return w.pack(ctx, by, k) }
	case AddRole:
		return func(ctx context.Context, by authz.Command) error { return w.addRole(ctx, by, pkg, c.B, c.C%2 == 1) }
	case RemoveRole:
		return func(ctx context.Context, by authz.Command) error {
			scopes, err := w.store.Scopes(ctx, pkg)
			if err != nil || len(scopes.List) == 0 {
				return err
			}
			id := scopes.List[c.B%len(scopes.List)].ID
			if c.C%2 == 1 {
				return w.agreed(ctx, by, catalogs.RoleChange{Package: pkg, Remove: id})
			}
			return w.catalogs.RemoveScope(ctx, by, pkg, id)
		}
	case Exclude:
		return func(ctx context.Context, by authz.Command) error { return w.exclude(ctx, by, pkg, c.B) }
	case Admit:
		return func(ctx context.Context, by authz.Command) error { return w.admit(ctx, by, pkg, c.B) }
	case DeletePackage:
		return func(ctx context.Context, by authz.Command) error { return w.catalogs.DeletePackage(ctx, by, pkg) }
	}

	if policy == "" {
		return nil
	}

	if c.Kind == DeletePolicy {
		return func(ctx context.Context, by authz.Command) error { return w.catalogs.DeletePolicy(ctx, by, policy) }
	}

	next := w.policy(*c.Terms, pkg)
	next.ID, next.DisplayName = policy, w.oracle.policies[policy].DisplayName
	next.Questions = questions(c.Terms.Questions, w.oracle.policies[policy].Questions)
	return func(ctx context.Context, by authz.Command) error {
		_, err := w.catalogs.ReplacePolicy(ctx, by, next)
		return err
	}
}

func (w *simulation) usePeople(c Command) usage {
	u := w.personAt(c.A)
	if c.Same && w.same.who != "" {
		u = w.same.who
	}

	if r := w.oracle.requests[w.lastRequest]; c.Same && c.C%3 > 0 && r != nil && r.last.State == entitlement.RequestPendingApproval {
		if to := w.reviewerFor(r, 1+c.A*4); to != w.admin.ID {
			u = to // not whom it is for, but who is to decide it
		}
	}

	enabled := func(is bool) usage {
		return func(ctx context.Context, by authz.Command) error {
			_, err := w.directory.UpdateUser(ctx, by, u, func(x *entitlement.User) error { x.Enabled = is; return nil })
			return err
		}
	}

	group := w.population.groups[c.B%len(w.population.groups)]
	if c.C%10 == 9 {
		group = entitlement.AdministratorsGroup
	}

	switch c.Kind {
	case NewPerson:
		return w.useNewPerson(c)
	case Disable:
		return enabled(false)
	case Enable:
		return enabled(true)
	case DeleteUser:
		return func(ctx context.Context, by authz.Command) error { return w.directory.DeleteUser(ctx, by, u) }
	case ChangeManager:
		manager := w.personAt(c.B)
		if c.C%5 == 0 {
			manager = ""
		}
		return func(ctx context.Context, by authz.Command) error { return w.directory.SetManager(ctx, by, u, manager) }
	case AddToGroup:
		return func(ctx context.Context, by authz.Command) error {
			return w.directory.AddMembers(ctx, by, group, false, u)
		}
	default:
		return func(ctx context.Context, by authz.Command) error {
			return w.directory.RemoveMembers(ctx, by, group, false, u)
		}
	}
}

// useNewPerson has somebody join the organisation, with an account at every target, where
// fewer are left than began.
func (w *simulation) useNewPerson(c Command) usage {
	left := 0
	// Checks grow with the people, so there is a bound; who was deleted makes room.
	for _, u := range w.population.people {
		if !w.oracle.people[u].deleted {
			left++
		}
	}

	if left >= maxPeople {
		return nil
	}

	return func(ctx context.Context, by authz.Command) error {
		u, err := w.directory.CreateUser(ctx, by, w.someone(len(w.population.people), c.C%8 == 0))
		if err != nil {
			return err
		}
		w.population.people = append(w.population.people, u.ID)
		for _, t := range w.targets {
			t.hire(u.ID)
		}
		return nil
	}
}

// stateOf tells where a pair stands.
func (w *simulation) stateOf(pkg entitlement.PackageID, u entitlement.UserID) string {
	at := pair{pkg, u}
	// A pair has at most one open request and one live assignment, so the first says all.
	if id, is := w.oracle.open[at]; is {
		return w.stateOfRequest(id)
	}

	if a := w.oracle.live[at]; a != nil {
		return string(a.State)
	}

	for _, a := range w.oracle.leaving[u] {
		if a.Package == pkg {
			return "removing"
		}
	}

	return "none"
}

func (w *simulation) stateOfRequest(id entitlement.RequestID) string {
	return string(w.oracle.requests[id].last.State)
}

// Bounds of what there is at one time.
const (
	maxPackages = 4
	maxPeople   = 5
)
