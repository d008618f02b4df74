// Package requests is the people's side: asking for packages, deciding, cancelling,
// ending, and seeing what is one's own.
package requests

import (
	"cmp"
	"context"
	"errors"
	"log/slog"

	"leasehold/pkg/authz"
	"leasehold/pkg/clock"
	"leasehold/pkg/entitlement"
)

// Service takes requests and decisions.
type Service struct {
	Store    Store
	Enqueuer Enqueuer
	Reasons  []string // why a target may refuse, as its connectors say it
	Clock    clock.Clock
	IDs      clock.IDs
	Log      *slog.Logger
}

// Submission is a request as a client words it. One for a new assignment names its
// package; Subject is empty for oneself. One about an assignment that is there names that,
// and whatever it says of it besides must be true.
type Submission struct {
	Type              entitlement.RequestType
	Assignment        entitlement.AssignmentID
	Subject           entitlement.UserID
	Package           entitlement.PackageID
	Policy            entitlement.PolicyID
	Justification     string
	RequestedSchedule entitlement.Schedule
}

func (in Submission) payload() entitlement.CommandPayload {
	return entitlement.CommandPayload{Type: in.Type, Assignment: in.Assignment, Package: in.Package, Policy: in.Policy, Subject: in.Subject, Justification: in.Justification, RequestedSchedule: in.RequestedSchedule}
}

// means refuses an assignment of which something else is true than the submission says:
// it is answered like one that is not there, and a policy that is not its own alike
// whether there is such a policy or not.
func (in Submission) means(a entitlement.Assignment) error {
	switch {
	case in.Package != "" && in.Package != a.Package || in.Subject != "" && in.Subject != a.Subject:
		return noAssignment(nil)
	case in.Policy != "" && in.Policy != a.Policy:
		return entitlement.Errorf(entitlement.Invalid, "assignmentPolicyId must name the policy of the assignment, which stays with it; or leave it out.")
	default:
		return nil
	}
}

// commitTries bounds how often a command is decided afresh when what it read moved on.
const commitTries = 3

// Submit takes a request of type UserAdd or AdminAdd for a package. It is answered as
// submitted; its later states are reached by themselves (R107).
func (s *Service) Submit(ctx context.Context, by authz.Command, in Submission) (entitlement.AssignmentRequest, error) {
	if in.Subject == "" {
		in.Subject = by.ID
	}
	if in.Type == entitlement.UserAdd && in.Subject != by.ID {
		return entitlement.AssignmentRequest{}, authz.RequestForSelf.Refusal() // by what it is called, before anybody is read
	}
	// A person may name what applies of all the package's policies, so all of them are read.
	keys := entitlement.SubmitKeys{Requestor: by.ID, Subject: in.Subject, Package: in.Package}
	if in.Type == entitlement.AdminAdd {
		keys.Policy = in.Policy
	}
	return s.create(ctx, by, in.payload(), func(n entitlement.NewRequest) (entitlement.AssignmentRequest, entitlement.Change, error) {
		return s.submit(ctx, by, n, keys)
	})
}

func (s *Service) submit(ctx context.Context, by authz.Command, n entitlement.NewRequest, keys entitlement.SubmitKeys) (entitlement.AssignmentRequest, entitlement.Change, error) {
	ask, err := s.Store.SubmitInputs(ctx, keys)
	if err == nil {
		err = mayAdd(by, n.Type, ask)
	}
	if err != nil {
		return entitlement.AssignmentRequest{}, entitlement.Change{}, err
	}
	if by.Application && n.Type == entitlement.UserAdd {
		ask.Policies = entitlement.ForApplications(ask.Policies)
	}
	return entitlement.Submit(n, ask, s.Clock.Now())
}

// mayAdd asks whether the caller, who was read with all the rest, may have a package given
// to the subject.
func mayAdd(by authz.Command, t entitlement.RequestType, ask entitlement.SubmitInputs) error {
	o := authz.Object{}
	if ask.Package != nil {
		o.Catalog, o.Package = ask.Package.Catalog, ask.Package.ID
	}
	if ask.Subject != nil {
		o.Subject = ask.Subject.ID
	}
	if ask.Requestor != nil {
		by = by.As(*ask.Requestor)
	}
	action := authz.RequestForSelf
	if t == entitlement.AdminAdd {
		action = authz.AssignDirectly
	}
	return authz.Allow(by.Caller, action, o).Err()
}

// Extend takes a request to give an assignment another end: one's own where its policy
// lets subjects do that, anybody's for administrators (R83 to R85).
func (s *Service) Extend(ctx context.Context, by authz.Command, t entitlement.RequestType, id entitlement.AssignmentID, asked entitlement.Schedule, justification string) (entitlement.AssignmentRequest, error) {
	return s.ExtendHeld(ctx, by, Submission{Type: t, Assignment: id, Justification: justification, RequestedSchedule: asked})
}

// ExtendHeld is Extend for an assignment as a client names it: by its id, or as the one
// that a subject holds in a package. Which one that is, is asked only once it is known that
// the command was not carried out before.
func (s *Service) ExtendHeld(ctx context.Context, by authz.Command, in Submission) (entitlement.AssignmentRequest, error) {
	if in.Subject == "" && in.Assignment == "" {
		in.Subject = by.ID
	}
	return s.create(ctx, by, in.payload(), func(n entitlement.NewRequest) (entitlement.AssignmentRequest, entitlement.Change, error) {
		id := in.Assignment
		if id == "" {
			var err error
			if id, err = s.heldIn(ctx, by, n.Type, in.Package, in.Subject); err != nil {
				return entitlement.AssignmentRequest{}, entitlement.Change{}, err
			}
		}
		return s.extend(ctx, by, n, in, id)
	})
}

// heldIn returns the live assignment of a subject in a package, to the subject and to
// administrators.
func (s *Service) heldIn(ctx context.Context, by authz.Command, t entitlement.RequestType, pkg entitlement.PackageID, subject entitlement.UserID) (entitlement.AssignmentID, error) {
	slot, err := s.Store.AssignmentSlot(ctx, pkg, subject)
	if err != nil {
		return "", err
	}
	if slot.Assignment == nil {
		return "", noAssignment(nil)
	}
	a, _, err := s.assignment(ctx, by.Caller, extension(t), slot.Assignment.ID)
	return a.ID, err
}

func (s *Service) extend(ctx context.Context, by authz.Command, n entitlement.NewRequest, in Submission, id entitlement.AssignmentID) (entitlement.AssignmentRequest, entitlement.Change, error) {
	a, may, err := s.assignment(ctx, by.Caller, extension(n.Type), id)
	if err == nil {
		err = in.means(a)
	}
	if err == nil {
		err = may.Err()
	}
	if err != nil {
		return entitlement.AssignmentRequest{}, entitlement.Change{}, err
	}
	ask, err := s.Store.SubmitInputs(ctx, entitlement.SubmitKeys{Requestor: by.ID, Subject: a.Subject, Package: a.Package, Policy: a.Policy})
	if err != nil {
		return entitlement.AssignmentRequest{}, entitlement.Change{}, err
	}
	if live := ask.Slot.Assignment; live != nil && live.ID != id {
		ask.Slot.Assignment = nil // a later assignment of the same pair is not meant
	}
	return entitlement.Extend(n, ask, s.Clock.Now())
}

// extension is the action that a request of a type is.
func extension(t entitlement.RequestType) authz.Action {
	if t == entitlement.AdminUpdate {
		return authz.ExtendDirectly
	}
	return authz.ExtendOwn
}

// removal is likewise.
func removal(t entitlement.RequestType) authz.Action {
	if t == entitlement.AdminRemove {
		return authz.RemoveDirectly
	}
	return authz.RemoveOwn
}

// named puts the name of what is incompatible into a refusal, in place of its id. Names
// are read for those who are refused alone; where one cannot be read, the id stays.
func (s *Service) named(ctx context.Context, err error) error {
	conflict, ok := errors.AsType[*entitlement.IncompatibilityError](err)
	if !ok {
		return err
	}
	if conflict.Group != "" {
		if g, failed := s.Store.Group(ctx, conflict.Group); failed == nil {
			return conflict.Refusal(g.DisplayName)
		}
		return err
	}
	if p, failed := s.Store.Package(ctx, conflict.Package); failed == nil {
		return conflict.Refusal(p.DisplayName)
	}
	return err
}

// enqueue tells the worker whom to reconcile. It may fail: the subjects stay
// pending, and the sweep finds them.
func (s *Service) enqueue(ctx context.Context, c entitlement.Change) {
	for _, h := range c.SubjectUpdates {
		if err := s.Enqueuer.Enqueue(ctx, h.Subject); err != nil {
			s.Log.WarnContext(ctx, "a message was lost; the sweep will find the pending reconciliation", "subject", h.Subject, "error", err)
		}
	}
}

// Decide lets the caller approve or deny the stage of a request (R48, R49). Of two at
// once one wins, and the other is told by whom the stage was settled. An approval that
// comes for somebody whom the policy is not for any more is refused once the request is
// denied (F36).
func (s *Service) Decide(ctx context.Context, by authz.Command, id entitlement.RequestID, w entitlement.DecisionInput) error {
	why, err := entitlement.Justification(w.Justification)
	if err != nil {
		return err
	}
	w.Justification, w.Command = why, by.CommandID
	for try := 1; ; try++ {
		reviewer, r, err := s.Store.Review(ctx, by.ID, id)
		if err != nil || r.Gone() {
			return noRequest(err)
		}
		by = by.As(reviewer)
		if err := authz.Admit(by.Caller, authz.DecideRequest); err != nil {
			return err
		}
		var start entitlement.StartInputs
		if r.NeedsStart() || !w.Approved || r.AsksManager() || r.NextAsksManager() {
			if start, err = s.Store.StartInputs(ctx, r); err != nil {
				return err
			}
		}
		o := authz.Object{Catalog: r.Catalog, Package: r.Package, Request: &r}
		if start.Subject != nil {
			o.Manager = start.Subject.Manager
		}
		if err := authz.Allow(by.Caller, authz.DecideRequest, o).Err(); err != nil {
			return err
		}
		r, change, refusal := entitlement.Decide(r, w, reviewer, start, s.Clock.Now())
		if refusal != nil && len(change.Requests) == 0 {
			return s.named(ctx, refusal)
		}
		if _, change, err = s.staffed(ctx, r, change, by.CommandID); err != nil {
			return err
		}
		err = s.Store.Commit(ctx, change)
		if entitlement.StalePart(err) != "" && try < commitTries {
			continue // what it was decided on has moved: perhaps nothing is to be refused any more
		}
		if err != nil {
			return err
		}
		s.enqueue(ctx, change)
		return refusal
	}
}

// noRequest and noAssignment are what those are told who may not know better, and in the
// same words those who ask for what is not there (A1). Other failures stay themselves.
func noRequest(err error) error {
	if err == nil || entitlement.KindOf(err) == entitlement.NotFound {
		return entitlement.Errorf(entitlement.NotFound, "There is no assignment request with this id.")
	}
	return err
}

func noAssignment(err error) error {
	if err == nil || entitlement.KindOf(err) == entitlement.NotFound {
		return entitlement.Errorf(entitlement.NotFound, "There is no assignment with this id.")
	}
	return err
}

// Request returns a request to those who have to do with it: requestor, subject, those
// asked or who decided, and administrators. To all others it does not exist (A1).
func (s *Service) Request(ctx context.Context, by authz.Caller, id entitlement.RequestID) (entitlement.AssignmentRequest, error) {
	r, may, err := s.request(ctx, by, authz.ReadRequest, id)
	return r, cmp.Or(err, may.Err())
}

// request reads a request for an action on it, with the caller. What may be told of a
// refusal is in the decision; the error is that of a request that is not there, or not for
// the caller.
func (s *Service) request(ctx context.Context, by authz.Caller, a authz.Action, id entitlement.RequestID) (entitlement.AssignmentRequest, authz.Decision, error) {
	u, r, err := s.Store.Review(ctx, by.ID, id)
	if err != nil || r.Gone() {
		return r, authz.Decision{}, noRequest(err)
	}
	by = by.As(u)
	o := authz.Object{Catalog: r.Catalog, Package: r.Package, Request: &r}
	may := authz.Allow(by, a, o)
	if !may.Hidden() || !r.AsksManager() {
		return r, may, hidden(may)
	}

	// Only the subject's manager is left who may look: one read more finds out who that is.
	subject, err := s.Store.User(ctx, r.Subject)
	if err != nil && entitlement.KindOf(err) != entitlement.NotFound {
		return r, may, err
	}
	o.Manager = subject.Manager
	may = authz.Allow(by, a, o)
	return r, may, hidden(may)
}

// hidden returns the refusal of those for whom the object does not exist.
func hidden(may authz.Decision) error {
	if may.Hidden() {
		return may.Err()
	}
	return nil
}

// Cancel withdraws a request that has not begun; its requestor may, and administrators
// (R115 to R117).
func (s *Service) Cancel(ctx context.Context, by authz.Command, id entitlement.RequestID) error {
	for try := 1; ; try++ {
		r, may, err := s.request(ctx, by.Caller, authz.CancelRequest, id)
		if err := cmp.Or(err, may.Err()); err != nil {
			return err
		}
		slot, err := s.Store.AssignmentSlot(ctx, r.Package, r.Subject)
		if err != nil {
			return err
		}
		_, change, err := entitlement.Cancel(r, slot, by.ID, by.CommandID, s.Clock.Now())
		if err != nil {
			return err
		}
		err = s.Store.Commit(ctx, change)
		if entitlement.StalePart(err) == "" || try == commitTries {
			return err
		}
	}
}

// Remove ends an assignment: one's own where its policy lets subjects do that, anybody's
// for administrators (R42, R99).
func (s *Service) Remove(ctx context.Context, by authz.Command, t entitlement.RequestType, id entitlement.AssignmentID, justification string) (entitlement.AssignmentRequest, error) {
	return s.RemoveHeld(ctx, by, Submission{Type: t, Assignment: id, Justification: justification})
}

// RemoveHeld is Remove for an assignment of which a client says more than its id.
func (s *Service) RemoveHeld(ctx context.Context, by authz.Command, in Submission) (entitlement.AssignmentRequest, error) {
	return s.create(ctx, by, in.payload(), func(n entitlement.NewRequest) (entitlement.AssignmentRequest, entitlement.Change, error) {
		return s.remove(ctx, by, n, in)
	})
}

func (s *Service) remove(ctx context.Context, by authz.Command, n entitlement.NewRequest, in Submission) (entitlement.AssignmentRequest, entitlement.Change, error) {
	var none entitlement.AssignmentRequest
	id := in.Assignment
	a, may, err := s.assignment(ctx, by.Caller, removal(n.Type), id)
	if err == nil {
		err = in.means(a)
	}
	if err == nil {
		err = may.Err()
	}
	if err == nil && n.Type != entitlement.AdminRemove {
		err = s.letsRemove(ctx, a)
	}
	if err != nil {
		return none, entitlement.Change{}, err
	}
	slot, err := s.Store.AssignmentSlot(ctx, a.Package, a.Subject)
	if err != nil {
		return none, entitlement.Change{}, err
	}
	if slot.Assignment != nil && slot.Assignment.ID != id {
		slot.Assignment = nil // a later assignment of the same pair is not meant
	}
	with, err := s.endsWith(ctx, slot)
	if err != nil {
		return none, entitlement.Change{}, err
	}
	removal := entitlement.Removal{ID: n.ID, Type: n.Type, Requestor: by.ID, Justification: n.Justification, Command: n.Command, Fingerprint: n.Fingerprint}
	return entitlement.Remove(removal, slot, with, s.Clock.Now())
}

// endsWith reads the requests that end with a slot's assignment.
func (s *Service) endsWith(ctx context.Context, slot entitlement.AssignmentSlot) ([]entitlement.AssignmentRequest, error) {
	var with []entitlement.AssignmentRequest
	for _, id := range slot.EndsWith() {
		r, err := s.Store.Request(ctx, id)
		if err != nil {
			return nil, err
		}
		with = append(with, r)
	}
	return with, nil
}

// letsRemove refuses the end of an assignment whose policy does not let its subject end it.
func (s *Service) letsRemove(ctx context.Context, a entitlement.Assignment) error {
	policies, err := s.Store.Policies(ctx, []entitlement.PolicyID{a.Policy})
	if err != nil {
		return err
	}
	if len(policies) == 0 || !policies[0].Requestor.SelfRemove {
		return entitlement.Errorf(entitlement.Precondition, "The policy of this assignment does not let you end it yourself: ask an administrator.")
	}
	return nil
}

// Assignment returns an assignment to its subject and to administrators.
func (s *Service) Assignment(ctx context.Context, by authz.Caller, id entitlement.AssignmentID) (entitlement.Assignment, error) {
	a, may, err := s.assignment(ctx, by, authz.ReadAssignment, id)
	return a, cmp.Or(err, may.Err())
}

// assignment reads an assignment for an action on it, with the caller. What may be told of
// a refusal is in the decision; the error is that of an assignment that is not there, or not
// for the caller.
func (s *Service) assignment(ctx context.Context, by authz.Caller, action authz.Action, id entitlement.AssignmentID) (entitlement.Assignment, authz.Decision, error) {
	u, err := s.Store.User(ctx, by.ID)
	if err == nil {
		by = by.As(u)
		err = authz.Admit(by, action)
	}
	if err != nil {
		return entitlement.Assignment{}, authz.Decision{}, err
	}
	a, err := s.Store.Assignment(ctx, id)
	if err != nil {
		return a, authz.Decision{}, noAssignment(err)
	}
	may := authz.Allow(by, action, authz.Object{Catalog: a.Catalog, Package: a.Package, Assignment: &a})
	if may.Hidden() {
		return entitlement.Assignment{}, may, may.Err()
	}
	return a, may, nil
}
