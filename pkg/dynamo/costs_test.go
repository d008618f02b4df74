package dynamo_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"leasehold/pkg/entitlement"
)

// cost is what a step takes: calls of the service, and read and write units.
type cost struct {
	calls       int
	read, write float64
}

// These are the figures that the steps are held to. Each names the one that the layout
// was measured at with other items, where there is one. A step that costs more fails;
// one that costs less lowers its figure here. Write units are the service's own word,
// which MiniStack gives as AWS does; DynamoDB Local reckons them in another way.
var (
	costSubmitInputsCold = cost{2, 6, 0}  // 3 calls with the commit; 6 R
	costSubmitInputsWarm = cost{1, 6, 0}  // 2 calls with the commit; 6 R
	costSubmit           = cost{1, 0, 15} // 14 W: 12, the rows of the event by whom and when, and the index entry of open work by which a leaver's is found
	costSubmitAtOnce     = cost{1, 0, 16} // 16 W, 14 without the rows of the event by whom and when, where the first event is under 1 KB
	costReview           = cost{1, 2, 0}  // 3 R with the principal
	costDecideMiddle     = cost{1, 0, 10} // 8 W, and the rows of the event by whom and when
	costStartInputs      = cost{1, 4, 0}  // 6 R with the review
	costDecideLast       = cost{1, 0, 15} // 12 W, the rows of the event, and the index entry of open work
	costDeny             = cost{1, 0, 11} // 8 W, the rows of the event, and the index entry of open work
	costAssignmentSlot   = cost{1, 1, 0}
	costEnd              = cost{1, 0, 12}  // 10 W, the row of the event by time, and the index entry of the removal among what is owed
	costReadDue100       = cost{1, 100, 0} // 100 R in one call
	costSubjectRecord    = cost{1, 1, 0}   // 1 R per 4 KB
	costReconcileInputs  = cost{1, 4, 0}   // 8 R with record and fence, 6 packages held
	costClaim            = cost{1, 0, 1}   // 1 to 2 W
	costFence            = cost{1, 2, 0}   // 2 R
	costSettle           = cost{1, 0, 12}  // 12 W with the claim, and the row of the event by time
	costDueNothing       = cost{1, 0.5, 0} // 0.5 R
	costNothingPending   = cost{1, 0.5, 0}
	costRequests100      = cost{2, 102.5, 0}   // 2.5 + 100 R
	costEventsByTime100  = cost{5, 102, 0}     // four shards, each of which may have all of them: chance decides how they are parted
	costEventsFor100     = cost{106, 105.5, 0} // of a hundred requests with an event each, which is the most; it is 1 R a chain
	costHolders100       = cost{1, 10, 0}      // 10 R
	costInboxOfNothing   = cost{1, 0.5, 0}
	costBound            = cost{1, 1, 0}  // 1 R
	costKeyedSecond      = cost{1, 0, 12} // with its fingerprint and a decision, a request of three stages is over 1 KB
	costKeyedLast        = cost{1, 0, 17}
)

func TestCosts(t *testing.T) { everywhere(t, allCosts) }

func allCosts(t *testing.T, p place) {
	o := open(t, p)
	ann, bob, eve := o.person(), o.person(), o.person()

	r, c := o.ask(ann, o.asked.ID, costSubmitInputsCold)
	o.costsCommit("submit, approval needed", costSubmit, c)
	r, c = o.decide(r, true, false)
	o.costsCommit("decide, middle", costDecideMiddle, c)
	r, c = o.decide(r, true, false)
	o.costsCommit("decide, middle", costDecideMiddle, c)
	_, c = o.decide(r, true, true)
	o.costsCommit("decide, last", costDecideLast, c)

	r, c = o.ask(bob, o.asked.ID, costSubmitInputsWarm)
	o.costsCommit("submit, approval needed", costSubmit, c)
	_, c = o.decide(r, false, false)
	o.costsCommit("deny", costDeny, c)

	_, c = o.ask(eve, o.free.ID, costSubmitInputsWarm)
	o.costsCommit("submit, automatic", costSubmitAtOnce, c)
	o.deliver(ann)
	o.expire(ann)

	o.costs("bound", costBound, func(ctx context.Context) error {
		_, err := o.db.Bound(ctx, ann.Identities[0])
		return err
	})
	o.costs("inbox of nothing", costInboxOfNothing, func(ctx context.Context) error {
		_, err := o.db.Inbox(ctx, entitlement.User{ID: newID[entitlement.UserID]()}, entitlement.Page{})
		return err
	})
	o.costs("nothing due", costDueNothing, func(ctx context.Context) error {
		_, err := o.db.Due(ctx, 0, start2026.Add(-time.Hour), entitlement.Page{})
		return err
	})
	o.costs("nothing owed", costNothingPending, func(ctx context.Context) error {
		_, err := o.db.PendingReconciliation(ctx, 0, start2026.Add(-time.Hour), entitlement.Page{})
		return err
	})
}

func TestS12_WhatAFingerprintCostsARequestOfThreeStages(t *testing.T) {
	everywhere(t, whatAFingerprintCostsARequestOfThreeStages)
}

func whatAFingerprintCostsARequestOfThreeStages(t *testing.T, p place) {
	o := open(t, p)
	o.fingerprint = strings.Repeat("5a", 32)
	r, c := o.ask(o.person(), o.asked.ID, costSubmitInputsCold)
	o.costsCommit("submit, approval needed", costSubmit, c)
	r, c = o.decide(r, true, false)
	o.costsCommit("decide, first", costDecideMiddle, c)
	r, c = o.decide(r, true, false)
	o.costsCommit("decide, second", costKeyedSecond, c)
	_, c = o.decide(r, true, true)
	o.costsCommit("decide, last", costKeyedLast, c)
}

// deliver plays the delivery of a first assignment of three roles.
func (o *fixture) deliver(u entitlement.User) {
	o.Helper()
	var record entitlement.SubjectRecord
	var inputs entitlement.ReconcileInputs
	var grantSet entitlement.GrantSet
	o.costs("pending reconciliation", costSubjectRecord, func(ctx context.Context) (err error) {
		record, _, err = o.db.SubjectRecord(ctx, u.ID)
		return err
	})
	o.costs("work", costReconcileInputs, func(ctx context.Context) (err error) {
		inputs, err = o.db.ReconcileInputs(ctx, record)
		return err
	})
	o.costs("claim, 3 roles", costClaim, func(ctx context.Context) (err error) {
		grantSet, err = o.db.Claim(ctx, entitlement.Claim{Subject: u.ID, Connector: o.roles[0].Connector, Token: newID[string](), Now: start2026, Until: start2026.Add(time.Minute), Intend: o.roles})
		return err
	})
	o.costs("fence", costFence, func(ctx context.Context) error {
		holds, err := o.db.Holding(ctx, []entitlement.Fence{{Subject: u.ID, Connector: grantSet.Connector, Token: grantSet.Token, Generation: record.Generation}})
		if err == nil && !holds[0] {
			err = fmt.Errorf("the claim is lost")
		}
		return err
	})
	for ref, g := range grantSet.Grants {
		g.Presence, g.Confirmed, g.Generation = entitlement.PresencePresent, start2026, record.Generation
		grantSet.Grants[ref] = g
	}
	grantSet.Principal = newID[string]()
	w := record.Waiting[0]
	slot, r := inputs.Slots[w.Package], inputs.Requests[entitlement.RequestID(w.Assignment)]
	chain, e := r.Chain.Append(entitlement.Event{Aggregate: entitlement.OfRequest, ID: string(r.ID), Kind: "delivered", Actor: entitlement.Service,
		Command: newID[string](), At: start2026, Before: "delivering", After: "delivered"})
	slot.Assignment.State, slot.Assignment.Delivered, slot.Assignment.Chain = entitlement.AssignmentDelivered, start2026, chain
	r.State, r.Completed, r.Chain = entitlement.RequestDelivered, start2026, chain
	o.costsCommit("settle a first delivery, 3 roles", costSettle, entitlement.Change{GrantSets: []entitlement.GrantSet{grantSet}, Slots: []entitlement.AssignmentSlot{slot},
		Requests: []entitlement.AssignmentRequest{r}, Events: []entitlement.Event{e},
		Settlements: []entitlement.Settlement{{Subject: u.ID, Generation: record.Generation, Reconciled: true, Delivered: []entitlement.Waiting{w}}}})
}

// expire plays the end of an assignment.
func (o *fixture) expire(u entitlement.User) {
	o.Helper()
	slot, err := o.db.AssignmentSlot(context.Background(), o.pkg.ID, u.ID)
	if err != nil {
		o.Fatal(err)
	}
	c, err := entitlement.Expire(slot, nil, newID[string](), start2026.Add(48*time.Hour))
	if err != nil {
		o.Fatal(err)
	}
	o.costsCommit("end", costEnd, c)
}

// TestCostsOfPages measures pages of 100.
func TestCostsOfPages(t *testing.T) { everywhere(t, costsOfPages) }

func costsOfPages(t *testing.T, p place) {
	o := open(t, p)
	var refs []entitlement.DueRef
	for range 100 {
		u := newID[entitlement.UserID]()
		r, c, err := entitlement.Submit(entitlement.NewRequest{ID: newID[entitlement.RequestID](), Type: entitlement.UserAdd, Policy: o.free.ID,
			Justification: strings.Repeat("because ", 22)[:175], Command: newID[string](), NewID: newID[string]},
			entitlement.SubmitInputs{Requestor: &entitlement.User{ID: u, Enabled: true, Type: entitlement.Member}, Subject: &entitlement.User{ID: u, Enabled: true, Type: entitlement.Member},
				Package: &o.pkg, Catalog: &entitlement.Catalog{Published: true}, Policies: []entitlement.AssignmentPolicy{o.free},
				Slot: entitlement.AssignmentSlot{Package: o.pkg.ID, Subject: u}}, start2026)
		if err != nil {
			t.Fatal(err)
		}
		o.commit(c)
		refs = append(refs, entitlement.DueRef{Kind: entitlement.DueAssignment, Package: r.Package, Subject: u})
	}
	o.costs("requests of a package, 100", costRequests100, func(ctx context.Context) error {
		list, err := o.db.RequestsFor(ctx, o.pkg.ID, entitlement.Page{})
		if len(list.Items) != 100 {
			return fmt.Errorf("got %d requests: %w", len(list.Items), err)
		}
		return err
	})
	o.costs("holders, 100", costHolders100, func(ctx context.Context) error {
		list, err := o.db.Holders(ctx, o.pkg.ID, entitlement.Page{})
		if len(list.Items) != 100 {
			return fmt.Errorf("got %d holders: %w", len(list.Items), err)
		}
		return err
	})
	events := func(read func(ctx context.Context) (entitlement.Paged[entitlement.Event], error)) func(ctx context.Context) error {
		return func(ctx context.Context) error {
			list, err := read(ctx)
			if len(list.Items) != 100 {
				return fmt.Errorf("got %d events: %w", len(list.Items), err)
			}
			return err
		}
	}
	o.costsWithin("events by time, 100", costEventsByTime100, 2, events(func(ctx context.Context) (entitlement.Paged[entitlement.Event], error) {
		return o.db.EventsDuring(ctx, entitlement.Span{}, entitlement.Page{})
	}))
	o.costs("events of a package, 100", costEventsFor100, events(func(ctx context.Context) (entitlement.Paged[entitlement.Event], error) {
		return o.db.EventsFor(ctx, o.pkg.ID, entitlement.Page{})
	}))
	o.costs("due slots, 100", costReadDue100, func(ctx context.Context) error {
		items, err := o.db.Read(ctx, refs)
		if len(items.Slots) != 100 {
			return fmt.Errorf("got %d slots: %w", len(items.Slots), err)
		}
		return err
	})
}
