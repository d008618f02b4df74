package sim

import (
	"maps"
	"slices"

	"leasehold/pkg/dynamo"
	"leasehold/pkg/dynamo/engine"
	"leasehold/pkg/entitlement"
)

// evidence checks that every change of state comes with its event, and every event with
// what an event must say.
func (o *oracle) evidence(c entitlement.Change) {
	touched := map[string]int{}
	// A chain with a gap, or with an event that was changed, verifies nothing.
	for _, e := range c.Events {
		key := chainKey{e.Aggregate, e.ID}
		if head := o.chains[key]; e.Number != head.Number+1 || e.Prev != head.Hash {
			o.fail("S10", "event %d of %s %s follows event %d", e.Number, e.Aggregate, short(e.ID), head.Number)
		}

		o.chains[key] = entitlement.Chain{Number: e.Number, Hash: e.Hash}
		touched[e.ID]++

		if e.Actor == "" || e.Kind == "" || e.Command == "" || e.At.IsZero() {
			o.fail("S10", "event %s of %s %s does not say who, what, why and when", e.Kind, e.Aggregate, short(e.ID))
		}

		texts := slices.Collect(maps.Values(e.Data))
		// A secret may be in what changed as well as in what is told beside it.
		for _, c := range e.Changed {
			texts = append(texts, c.Before, c.After)
		}
		for _, text := range texts {
			if indexOf([]byte(text), secretWord) {
				o.fail("S20", "event %s of %s holds a credential", e.Kind, short(e.ID))
			}
		}
	}

	for _, r := range c.Requests {
		if was := o.requests[r.ID]; (was == nil || was.last.State != r.State) && touched[string(r.ID)] == 0 {
			o.fail("S10", "request %s became %s without an event", short(string(r.ID)), r.State)
		}
	}

	for _, s := range c.Slots {
		if s.Assignment == nil {
			continue
		}
		if was := o.assignments[s.Assignment.ID]; (was == nil || was.State != s.Assignment.State || !was.End.Equal(s.Assignment.End)) && touched[string(s.Assignment.ID)] == 0 {
			o.fail("S10", "assignment %s became %s without an event", short(string(s.Assignment.ID)), s.Assignment.State)
		}
	}

	for _, a := range c.Ended {
		if touched[string(a.ID)] == 0 {
			o.fail("S10", "assignment %s ended without an event", short(string(a.ID)))
		}
	}
}

// builds checks that whatever is written over an item builds on what it was: its version
// grows. A grant set alone has none, since it is written under a claim.
func (o *oracle) builds(writes []engine.Write) {
	for _, w := range writes {
		if w.Before == nil || w.After == nil {
			continue
		}
		was, counts := dynamo.VersionOf(w.Before)
		if is, _ := dynamo.VersionOf(w.After); counts && is <= was {
			o.fail("S10", "version %d of %s was written over by version %d, which does not build on it", was, w.Key.PK, is)
		}
	}
}

// verify checks the chains as they are stored against their heads. Those that nothing was added
// to since the simulation was made are the same in every run, and are read in some alone.
func (o *oracle) verify() {
	for key, head := range o.chains {
		if o.made[key] == head && o.w.number%8 != 0 {
			continue
		}
		events, err := o.w.truth.Events(quiet, key.of, key.id)
		if err != nil {
			continue
		}
		if err := entitlement.VerifyChain(head, events); err != nil {
			o.fail("S11", "%v", err)
		}
	}
	o.heldHeads()
}

// heldHeads checks that the head that is stored with each request and assignment is the
// one that its events lead to.
func (o *oracle) heldHeads() {
	for _, id := range sorted(o.requests) {
		r := o.requests[id]
		head := r.last.Chain
		if a := o.assignments[entitlement.AssignmentID(id)]; a != nil {
			head = a.Chain
		}
		if want := o.chains[chainKey{entitlement.OfRequest, string(id)}]; head != want {
			o.fail("S11", "the chain of request %s ends at %d, its head says %d", short(string(id)), want.Number, head.Number)
		}
	}
}
