package entitlement

import (
	"slices"
	"time"
)

// approve turns a request that nothing stands in the way of into an assignment, or
// schedules it where it starts later. The event's chain goes on in the assignment.
func (c Change) approve(r AssignmentRequest, s StartInputs, e Event, now time.Time) (AssignmentRequest, Change, error) {
	if err := r.eligible(s); err != nil {
		return r, Change{}, err
	}

	if r.Type.Updates() {
		return c.prolong(r, s, e, now)
	}

	// A request that is made and granted at once had no state before.
	before := r.State
	if r.Version == 0 {
		before = ""
	}

	// Granted for later: what stands in its way now is refused, and at its start all is looked at
	// afresh.
	if r.Start.After(now) {
		if err := r.incompatible(s); err != nil {
			return r, Change{}, err
		}
		next, err := r.State.Next(Postponed)
		if err != nil {
			return r, Change{}, err
		}
		r.State, r.Due = next, r.Start
		r.Chain, e = r.Chain.Append(withStates(e, string(before), string(next)))
		slot := s.Slot
		slot.Open, slot.OpenPolicy = r.ID, r.Policy
		c.Requests, c.Slots, c.Events = append(c.Requests, r), append(c.Slots, slot), append(c.Events, e)
		return r, c, nil
	}

	if err := mayBegin(r, s, now); err != nil {
		return r, Change{}, err
	}

	next, err := r.State.Next(Ready)
	if err != nil {
		return r, Change{}, err
	}

	r.State, r.Due = next, time.Time{}
	r.Chain, e = r.Chain.Append(withStates(e, string(before), string(next)))

	slot := s.Slot
	slot.Open, slot.OpenPolicy = "", ""
	slot.Assignment = &Assignment{
		ID: r.AssignmentOf(), Package: r.Package, Catalog: r.Catalog, Policy: r.Policy, Subject: r.Subject,
		Target: TargetPresent, State: AssignmentDelivering, Start: now, End: r.Expiration.EndFrom(now), Since: now,
		Meta: Meta{Chain: r.Chain},
	}

	c.Requests = append(c.Requests, r)
	c.Slots = append(c.Slots, slot)
	c.Events = append(c.Events, e)
	c.References = append(c.References, r.admittedBy(s)...)
	c.SubjectUpdates = append(c.SubjectUpdates, SubjectUpdate{Subject: r.Subject, Add: Waiting{r.Package, r.AssignmentOf()}, Incompatible: s.Package.Incompatible, NotIn: s.Package.IncompatibleGroups,
		CheckAfter: now.Add(enqueueSlack)})
	return r, c, nil
}

// mayBegin checks afresh what else may have changed since the request was made.
func mayBegin(r AssignmentRequest, s StartInputs, now time.Time) error {
	if s.Package == nil {
		return Errorf(Precondition, "The access package does not exist any more.")
	}

	if slices.Contains(s.SubjectRecord.Live, r.Package) {
		return Errorf(Conflict, "The user this is for has the access package already.")
	}

	// Both lists of the subject record are bounded (S21).
	if len(s.SubjectRecord.Live) >= MaxLive {
		return Errorf(Precondition, "The user this is for holds %d access packages, the most that one user may.", MaxLive)
	}
	if len(s.SubjectRecord.Removing) >= MaxRemoving {
		return Errorf(Precondition, "The roles of %d access packages that the user this is for held are still being removed, the most at once: wait until some are gone.", len(s.SubjectRecord.Removing))
	}

	if r.Expiration.overAt(now) {
		return Errorf(Precondition, "The period that was asked for is over.")
	}

	return r.incompatible(s)
}
