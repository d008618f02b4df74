package requests

import (
	"context"
	"errors"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/order"
)

// Reprocess has a request that was not delivered whole delivered again, at any age.
// Administrators may (R119).
func (s *Service) Reprocess(ctx context.Context, by authz.Command, id entitlement.RequestID) error {
	return s.again(ctx, func() (entitlement.Change, error) {
		r, err := s.Store.Request(ctx, id)
		if err != nil && entitlement.KindOf(err) != entitlement.NotFound {
			return entitlement.Change{}, err
		}
		o := authz.Object{Catalog: r.Catalog, Package: r.Package}
		if err == nil {
			o.Request = &r
		}
		if may := s.allow(ctx, &by, authz.Reprocess, o); may != nil {
			return entitlement.Change{}, may // in the same words whether there is the request or not
		}
		if err != nil || r.Gone() {
			return entitlement.Change{}, noRequest(err)
		}

		slot, err := s.Store.AssignmentSlot(ctx, r.Package, r.Subject)
		if err != nil {
			return entitlement.Change{}, err
		}

		return entitlement.Reprocess(r, slot, actor(by), s.Clock.Now())
	})
}

// ReprocessAssignment has an assignment's roles read at their targets, and given again
// where they are gone. Administrators may (R122).
func (s *Service) ReprocessAssignment(ctx context.Context, by authz.Command, id entitlement.AssignmentID) error {
	return s.again(ctx, func() (entitlement.Change, error) {
		a, err := s.assignmentFor(ctx, &by, authz.Reprocess, id)
		if err != nil {
			return entitlement.Change{}, err
		}

		slot, err := s.Store.AssignmentSlot(ctx, a.Package, a.Subject)
		if err != nil {
			return entitlement.Change{}, err
		}

		// The id may be that of an assignment that has ended, while a later one lies in the slot.
		if slot.Assignment != nil && slot.Assignment.ID != id {
			slot.Assignment = nil
		}

		return entitlement.ReprocessAssignment(slot, actor(by), s.Clock.Now())
	})
}

// CloseRemoval ends the removal of an assignment's roles that cannot be read absent at
// their target. Administrators may.
func (s *Service) CloseRemoval(ctx context.Context, by authz.Command, id entitlement.AssignmentID, justification string) error {
	why, err := entitlement.Justification(justification)
	if err != nil {
		return err
	}

	return s.again(ctx, func() (entitlement.Change, error) {
		a, err := s.assignmentFor(ctx, &by, authz.CloseRemoval, id)
		if err != nil {
			return entitlement.Change{}, err
		}

		return entitlement.CloseRemoval(a, by.ID, by.CommandID, why, s.Clock.Now())
	})
}

// assignmentFor reads an assignment that a command does something with. Whoever may do that
// nowhere is told so whether there is the assignment or not.
func (s *Service) assignmentFor(ctx context.Context, by *authz.Command, action authz.Action, id entitlement.AssignmentID) (entitlement.Assignment, error) {
	a, err := s.Store.Assignment(ctx, id)
	if err != nil && entitlement.KindOf(err) != entitlement.NotFound {
		return a, err
	}

	o := authz.Object{Catalog: a.Catalog, Package: a.Package}
	if err == nil {
		o.Assignment = &a
	}
	if may := s.allow(ctx, by, action, o); may != nil {
		return a, may
	}
	if err != nil {
		err = noAssignment(err)
	}
	return a, err
}

// again decides, commits and enqueues; where what was read moved on it decides afresh.
func (s *Service) again(ctx context.Context, decide func() (entitlement.Change, error)) error {
	for try := 1; ; try++ {
		c, err := decide()
		if err != nil || len(c.Events) == 0 {
			return err
		}

		err = s.Store.Commit(ctx, c)
		if entitlement.StalePart(err) != "" && try < commitTries {
			continue
		}

		if err != nil {
			return err
		}

		s.enqueue(ctx, c)
		return nil
	}
}

// MaxReprocess bounds the subjects of one ReprocessFailing (S21).
const MaxReprocess = 1000

// ReprocessFailing has everybody delivered again whose delivery at a target fails for a
// reason, the longest first, and returns how many that are. That it was asked is on record
// before anything is done. More than MaxReprocess need another call, which goes on after
// token: those whom this one took stay listed until they are well, and may never be.
func (s *Service) ReprocessFailing(ctx context.Context, by authz.Command, at entitlement.ConnectorID, reason, token string) (n int, next string, err error) {
	if err := s.allow(ctx, &by, authz.Reprocess, authz.Object{}); err != nil {
		return 0, "", err
	}

	_, e := entitlement.Chain{}.Append(entitlement.Event{Aggregate: entitlement.OfReprocess, ID: s.IDs.New(), Kind: "reprocessed", Actor: by.ID,
		Command: by.CommandID, At: s.Clock.Now(), Data: map[string]string{"connector": string(at), "reason": reason}})

	// A crash after this leaves the record of a call that did little or nothing; asked again, it
	// does the rest, and doing some twice costs a look each.
	if err := s.Store.Commit(ctx, entitlement.Change{Events: []entitlement.Event{e}}); err != nil {
		return 0, "", err
	}

	for page := (entitlement.Page{Token: token}); ; {
		failing, err := s.Store.Failing(ctx, at, reason, page)
		if err != nil {
			return n, page.Token, err
		}

		var told []entitlement.UserID
		for _, f := range failing.Items {
			// The record's new generation lifts refusals that were final at the old one.
			c := entitlement.Change{SubjectUpdates: []entitlement.SubjectUpdate{{Subject: f.Subject, CheckAfter: s.Clock.Now().Add(time.Minute)}}}
			if err := s.Store.Commit(ctx, c); err != nil {
				return n, page.Token, err
			}
			told = append(told, f.Subject)
		}

		n += len(told)
		if len(told) > 0 {
			if err := s.Enqueuer.Enqueue(ctx, told...); err != nil {
				s.Log.WarnContext(ctx, "a message was lost; the sweep will find the pending reconciliations", "subjects", len(told), "error", err)
			}
		}

		if page.Token = failing.Next; failing.Next == "" || n >= MaxReprocess {
			return n, failing.Next, nil
		}
	}
}

// DeliveryError counts the subjects whose delivery at a target fails for a reason.
type DeliveryError struct {
	Connector entitlement.ConnectorID
	Reason    string
	Subjects  int
}

// DeliveryErrors counts what could not be delivered, by target and reason, in the order of the
// targets' names.
func (s *Service) DeliveryErrors(ctx context.Context, by authz.Caller, page entitlement.Page) (entitlement.Paged[DeliveryError], error) {
	ask := func(ctx context.Context) error { return s.may(ctx, by, authz.ReadDeliveryErrors, authz.Object{}) }
	return authz.Beside(ctx, by, authz.ReadDeliveryErrors, ask, func(ctx context.Context) (entitlement.Paged[DeliveryError], error) {
		from := 0
		if page.Token != "" {
			var bad error
			if from, bad = strconv.Atoi(page.Token); bad != nil || from < 0 {
				return entitlement.Paged[DeliveryError]{}, badToken()
			}
		}
		return s.deliveryErrors(ctx, from, page.Size())
	})
}

func (s *Service) deliveryErrors(ctx context.Context, from, size int) (list entitlement.Paged[DeliveryError], err error) {
	var connectors []entitlement.ConnectorConfig
	var counts map[entitlement.FailingAt]int
	g, within := errgroup.WithContext(ctx)
	g.Go(func() (err error) { connectors, err = s.Store.ListConnectors(within); return err })
	g.Go(func() (err error) { counts, err = s.Store.CountFailingAnywhere(within); return err })
	if err := g.Wait(); err != nil {
		return list, err
	}

	ids := []entitlement.ConnectorID{entitlement.BuiltinConnector}
	for _, c := range connectors {
		ids = append(ids, c.ID)
	}
	reasons := len(s.Reasons)
	for at := from; at < len(ids)*reasons; at++ { // each target with each reason
		id, reason := ids[at/reasons], s.Reasons[at%reasons]
		n := counts[entitlement.FailingAt{Connector: id, Reason: reason}]
		if n == 0 {
			continue
		}
		if len(list.Items) == size {
			list.Next = strconv.Itoa(at)
			break
		}
		list.Items = append(list.Items, DeliveryError{id, reason, n})
	}
	return list, nil
}

// Failure is one subject whose delivery at a target fails, with every role that does.
type Failure struct {
	Subject entitlement.UserID
	Since   time.Time
	Grants  []entitlement.Grant
}

// Failures lists the subjects whose delivery at a target fails for a reason.
func (s *Service) Failures(ctx context.Context, by authz.Caller, at entitlement.ConnectorID, reason string, page entitlement.Page) (entitlement.Paged[Failure], error) {
	ask := func(ctx context.Context) error { return s.may(ctx, by, authz.ReadDeliveryErrors, authz.Object{}) }
	return authz.Beside(ctx, by, authz.ReadDeliveryErrors, ask, func(ctx context.Context) (entitlement.Paged[Failure], error) {
		return s.failures(ctx, at, reason, page)
	})
}

func (s *Service) failures(ctx context.Context, at entitlement.ConnectorID, reason string, page entitlement.Page) (entitlement.Paged[Failure], error) {
	failing, err := s.Store.Failing(ctx, at, reason, page)
	if err != nil {
		return entitlement.Paged[Failure]{}, err
	}
	sets, unread, err := s.grantSetsOf(ctx, failing.Items)
	list := entitlement.Paged[Failure]{Next: failing.Next, Unread: unread}
	for i, f := range failing.Items {
		item := Failure{Subject: f.Subject, Since: f.Since}
		for _, grantSet := range sets[i] {
			for _, g := range grantSet.Grants {
				if grantSet.Connector == at && g.Failing() {
					item.Grants = append(item.Grants, g)
				}
			}
		}

		order.SortFunc(item.Grants, func(x, y entitlement.Grant) int { return x.Role.Compare(y.Role) })
		if len(item.Grants) > 0 { // the index may be late
			list.Items = append(list.Items, item)
		}
	}

	return list, err
}

// grantSetsOf reads the grant sets of all of them, side by side. Whose cannot be read has none, and
// is counted.
func (s *Service) grantSetsOf(ctx context.Context, all []entitlement.Failing) (sets [][]entitlement.GrantSet, unread int, err error) {
	sets = make([][]entitlement.GrantSet, len(all))
	gone := make([]bool, len(all))
	err = eachRead(ctx, len(all), func(ctx context.Context, i int) (err error) {
		_, sets[i], err = s.Store.SubjectRecord(ctx, all[i].Subject)
		if gone[i] = errors.Is(err, entitlement.ErrUnreadable); gone[i] {
			sets[i], err = nil, nil
		}
		return err
	})
	for _, is := range gone {
		if is {
			unread++
		}
	}
	return sets, unread, err
}
