package sim

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

// Bounds of what may take how long once nothing goes wrong any more.
const (
	settleWithin = 150 * time.Minute // the longest wait between two attempts is an hour, and a rest and a wait may follow each other
	decideWithin = 15 * day          // the longest time limit of a stage, and a day
)

// quiesce ends all troubles, lets time run on and checks what must hold then.
func (w *simulation) quiesce() {
	w.oracle.conserved()
	w.recover()
	for _, step := range []func(){w.settled, w.reprocessed, w.repaired, w.askable, w.decided, w.opened, w.expired, w.emptied, w.silent} {
		if step(); w.oracle.violation != "" {
			return
		}
	}
	w.oracle.verify()
}

// recover makes all targets well and lets every function that stands still come to its
// end. In every second run all messages are lost: the index of what is pending alone
// must do.
func (w *simulation) recover() {
	w.say("--- faults cease")
	w.scheduler.rate, w.resting = 0, true
	w.advance(2 * maxFrozen)

	for i, t := range w.targets {
		// It must be possible to reach what is desired: the target knows everybody again.
		t.cure()
		if !t.Tells() {
			w.allowUnseen(t)
		}
		for _, u := range w.population.people {
			if _, there := t.people[u]; !there {
				t.hire(u)
			}
		}

		w.resume(t)
		w.act(Command{Kind: Rotate, A: i, B: 999})
		w.all()
	}
	// Half of all runs must do without a message.
	if w.number%2 == 0 {
		for _, l := range w.queues() {
			for _, m := range l.Receive(1000, 0) {
				l.Delete(m.Receipt)
			}
		}
		w.malformed = 0
	}
}

// allowUnseen has an administrator allow that roles count unseen at a target.
func (w *simulation) allowUnseen(t *target) {
	if t.Accepts {
		return
	}
	t.Accepts = true
	w.say("    %s is set to unconfirmed", t.name)
	if _, err := w.catalogs.UpdateConnector(quiet, w.by("allow unseen"), t.id, "", func(c *entitlement.ConnectorConfig) { c.Unconfirmed = true }); err != nil {
		w.oracle.fail("L6", "the connector of %s cannot be set to unconfirmed: %v", t.name, err)
	}
}

func (w *simulation) queues() []*memoryQueue {
	all := []*memoryQueue{w.urgent, w.bulk, w.fanout}
	if w.insideUrgent != nil {
		all = append(all, w.insideUrgent, w.insideBulk)
	}
	return all
}

// minute is one minute of normal service: a sweep, and all queues drained.
func (w *simulation) minute() {
	w.advance(names.SweepPeriod)
	w.act(Command{Kind: Sweep})
	w.all()
	w.pump()
	w.Settle()
}

// pump drains all queues of what is visible.
func (w *simulation) pump() {
	for range 1000 {
		before := w.made
		for _, l := range w.queues() {
			w.drain(l, Command{Kind: Urgent, A: l.batch - 1})
			w.all()
		}
		if w.made == before || w.oracle.violation != "" {
			return
		}
	}
	w.showPending()
	w.oracle.fail("L10", "the queues are never empty")
}

// quiet runs minutes until nothing is owed, at most so long.
func (w *simulation) quietDown(check string, within time.Duration) {
	for end := time.Now().Add(within); time.Now().Before(end) && w.oracle.violation == ""; {
		w.minute()
		if w.oracle.pending() == "" {
			return
		}
	}
	if left := w.oracle.pending(); left != "" && w.oracle.violation == "" {
		w.showPending()
		w.oracle.fail(check, "after %s without faults %s", within, left)
	}
}

// showPending writes what is on record of whatever is owed.
func (w *simulation) showPending() {
	w.pending(func(record entitlement.SubjectRecord, g entitlement.Grant) {
		w.say("    %s (%d live, %d removing): %s: %+v", short(string(record.Subject)), len(record.Live), len(record.Removing), show(g.Role), g)
	})
}

// settled checks L1, L2, L3, L5 and L6: all that is owed is delivered or taken back. What
// nobody can confirm, because nobody was ever seen to have the role, an administrator closes.
func (w *simulation) settled() {
	w.settle("L6", settleWithin)
	w.oracle.outcomes()
}

// settle runs minutes until nothing is owed, at most so long. What nobody can confirm,
// because nobody was ever seen to have the role, administrators close, or let count unseen.
func (w *simulation) settle(check string, within time.Duration) {
	within += w.madeWithin()
	minutes := func(d time.Duration) {
		for end := time.Now().Add(d); time.Now().Before(end) && w.oracle.violation == ""; {
			if w.minute(); w.oracle.pending() == "" {
				return
			}
		}
	}

	if minutes(within); w.missing() {
		minutes(20 * time.Minute) // it is asked for a quarter of an hour
	}

	if w.oracle.pending() == "" || w.oracle.violation != "" {
		return
	}

	for _, id := range slices.Sorted(maps.Keys(w.unseen())) {
		w.allowUnseen(w.targetOf(id))
	}
	w.quietDown(check, within)
}

// missing reports that something owed waits because a target says that a group or an
// account is not there.
func (w *simulation) missing() bool {
	is := false
	w.pending(func(_ entitlement.SubjectRecord, g entitlement.Grant) { is = is || !g.MissingSince.IsZero() })
	return is
}

// pending goes through what is on record of those who are owed something.
func (w *simulation) pending(do func(entitlement.SubjectRecord, entitlement.Grant)) {
	for _, u := range sorted(w.oracle.subjects) {
		record, grantSets, err := w.truth.SubjectRecord(quiet, u)
		if err != nil || !record.NeedsReconcile() {
			continue
		}
		for _, s := range grantSets {
			for _, g := range s.Grants {
				do(record, g)
			}
		}
	}
}

// unseen closes the removals of ended assignments that wait for no other reason than that
// no way of asking was seen to tell who has the role, and returns the targets at which
// something else waits for that: a role that an edit took out of a package.
func (w *simulation) unseen() map[entitlement.ConnectorID]bool {
	left, over := map[entitlement.ConnectorID]bool{}, map[entitlement.AssignmentID]bool{}
	// A removal that nothing can confirm waits for a person, and so for nothing else.
	w.pending(func(record entitlement.SubjectRecord, g entitlement.Grant) {
		if !g.Failing() || g.Reason != entitlement.ReasonCannotConfirm {
			return
		}

		for _, r := range record.Removing {
			if a := w.oracle.assignments[r.Assignment]; time.Since(a.Ended) > entitlement.OverdueAfter {
				over[r.Assignment] = true
			}
		}

		if len(record.Removing) == 0 || len(record.Live) > 0 {
			left[g.Role.Connector] = true
		}
	})

	for _, id := range sorted(over) {
		if err := w.requests.CloseRemoval(quiet, w.by("close"), id, "Nobody can see it."); err != nil {
			w.oracle.fail("L6", "the removal of assignment %s cannot be closed: %v", short(string(id)), err)
		}
	}

	return left
}

// reprocessed has whatever was refused for good tried once more, now that targets are well.
func (w *simulation) reprocessed() {
	for _, id := range slices.Clone(w.oracle.order) {
		// Only what was refused for good waits for a person.
		r := w.oracle.requests[id].last
		if r.State != entitlement.RequestPartiallyDelivered && r.State != entitlement.RequestDeliveryFailed {
			continue
		}

		if a := w.oracle.assignments[entitlement.AssignmentID(id)]; a == nil || !a.live {
			continue
		}

		if err := w.requests.Reprocess(quiet, w.by("again"), id); err != nil {
			w.oracle.fail("L7", "request %s, %s, cannot be reprocessed: %v", short(string(id)), r.State, err)
		}
	}

	w.settle("L1", settleWithin)
}

func (w *simulation) by(command string) authz.Command {
	by := w.admin
	by.CommandID = command
	return by
}

// repaired has every live assignment read at its targets, and then compares all (L8).
func (w *simulation) repaired() {
	var tried []entitlement.AssignmentID

	for _, id := range sorted(w.oracle.assignments) {
		a := w.oracle.assignments[id]
		if !a.live {
			continue
		}

		if !a.End.IsZero() && !time.Now().Before(a.End.Add(-time.Hour)) {
			// It is over before anything is sure to have been tried: what its targets lack,
			// because they refused it for good or by hand, they may go on to lack.
			for _, role := range w.oracle.scopes[a.Package] {
				w.oracle.handEdits[grant{a.Subject, role}] = true
			}
			continue
		}

		if err := w.requests.ReprocessAssignment(quiet, w.by("repair"), id); err != nil {
			w.oracle.fail("L8", "assignment %s cannot be reprocessed: %v", short(string(id)), err)
		}

		tried = append(tried, id)
		for _, role := range w.oracle.scopes[a.Package] {
			delete(w.oracle.handEdits, grant{a.Subject, role})
		}
	}

	w.settle("L8", settleWithin)
	w.oracle.compare("L8")
	w.oracle.delivered(tried)
}

// askable checks L4: where nobody who is asked can decide, others are asked within a day.
func (w *simulation) askable() {
	for range 3 {
		w.advance(8*time.Hour + 10*time.Minute)
		w.minute()
	}
	for range 3 { // who went out of a group just now is looked at a minute later
		w.minute()
	}
	if id := w.oracle.undecidable(); id != "" {
		w.oracle.fail("L4", "request %s waits, and nobody who is asked can decide it", short(string(id)))
	}
}

// decided checks L4: no request stays open for ever.
func (w *simulation) decided() {
	for end := time.Now().Add(decideWithin); len(w.oracle.open) > 0 && time.Now().Before(end) && w.oracle.violation == ""; {
		w.advance(12 * time.Hour)
		w.minute()
	}
	for _, id := range w.oracle.order {
		if r := w.oracle.requests[id].last; r.State.Open() {
			w.oracle.fail("L4", "request %s is %s for ever", short(string(id)), r.State)
		}
	}
}

// opened checks L9: whoever died while something was closed for its deletion, it is open
// again or gone.
func (w *simulation) opened() {
	for _, id := range sorted(w.oracle.packages) {
		if w.oracle.closed[entitlement.DeletionGuardUpdate{Package: id}] {
			w.oracle.fail("L9", "package %s is closed to new work for ever", short(string(id)))
		}
	}
	for _, id := range sorted(w.oracle.policies) {
		if w.oracle.closed[entitlement.DeletionGuardUpdate{Package: w.oracle.policies[id].Package, Policy: id}] {
			w.oracle.fail("L9", "policy %s is closed to new work for ever", short(string(id)))
		}
	}
}

// expired checks L2: what ends is gone with the next sweep, and its roles are soon.
func (w *simulation) expired() {
	// From one end to the next, for as long as anything has one.
	for w.oracle.violation == "" {
		next := time.Time{}
		for _, a := range w.oracle.assignments {
			if a.live && !a.End.IsZero() && (next.IsZero() || a.End.Before(next)) {
				next = a.End
			}
		}

		if next.IsZero() {
			break
		}

		w.advance(max(time.Until(next), 0))
		w.minute()

		for _, id := range sorted(w.oracle.assignments) {
			if a := w.oracle.assignments[id]; a.live && !a.End.IsZero() && time.Since(a.End) > names.SweepPeriod+10*time.Second {
				w.oracle.fail("L2", "assignment %s is live %s after its end", short(string(id)), time.Since(a.End))
			}
		}

		w.settle("L2", 10*time.Minute)
		w.oracle.compare("L2")
	}
}

// madeWithin is how long targets that make changes later may need for two of them, each until
// somebody asks again: what nothing shows is taken away twice.
func (w *simulation) madeWithin() (most time.Duration) {
	for _, t := range w.targets {
		if t.Later > 0 {
			most = max(most, 2*(t.Later+5*time.Minute))
		}
	}
	return most
}

// emptied takes back what has no end, and checks that nobody holds anything through us
// then, and that nothing is left of any assignment.
func (w *simulation) emptied() {
	for _, id := range sorted(w.oracle.assignments) {
		a := w.oracle.assignments[id]
		if !a.live {
			continue
		}
		if _, err := w.requests.Remove(quiet, w.by("empty"), entitlement.AdminRemove, id, ""); err != nil {
			w.oracle.fail("L2", "assignment %s cannot be removed: %v", short(string(id)), err)
		}
	}
	w.settle("L2", settleWithin)
	w.oracle.compare("L2")
	w.oracle.outcomes()
}

// silent checks L10: with nothing new, nothing is written and nobody is called.
func (w *simulation) silent() {
	w.settle("L6", settleWithin)
	for range 3 {
		w.minute() // who went out of a group by this is looked at twice, a minute apart
	}

	seq, calls := w.oracle.seq, 0
	for _, t := range w.targets {
		calls += t.calls
	}

	for range 3 {
		w.advance(time.Hour)
		w.minute()
	}

	for _, t := range w.targets {
		calls -= t.calls
	}

	if w.oracle.seq != seq || calls != 0 {
		w.oracle.fail("L10", "at rest there were %d changes and %d calls", w.oracle.seq-seq, -calls)
	}

	parked := 0
	for _, l := range w.queues() {
		parked += len(l.Dead())
		if n := l.Len(); n > 0 {
			w.oracle.fail("L10", "%d messages are left in %s", n, l.name)
		}
	}

	if parked < w.malformed {
		w.oracle.fail("L7", "%d unreadable messages were sent, %d lie parked", w.malformed, parked)
	}
}

// pending says what is owed still, or "".
func (o *oracle) pending() string {
	for _, u := range sorted(o.subjects) {
		if d := o.subjects[u]; d.generation > d.observed {
			return fmt.Sprintf("%s is owed a delivery", short(string(u)))
		}
	}
	for key := range o.jobs {
		return fmt.Sprintf("an edit of %s has not reached its holders", short(string(key.pkg)))
	}
	return ""
}

// conserved checks S22: what the store counts as owed is what the oracle does, and every
// pending reconciliation is found by its index.
func (o *oracle) conserved() {
	// Every page of every shard is read: what is left out would never be repaired.
	o.w.Settle()

	listed := map[entitlement.UserID]bool{}

	for shard := range names.ReconcileShards {
		for page := (entitlement.Page{}); ; {
			got, err := o.w.truth.PendingReconciliation(quiet, shard, time.Now().Add(100*365*day), page)
			if err != nil {
				return
			}
			for _, u := range got.Items {
				listed[u] = true
			}
			if page.Token = got.Next; page.Token == "" {
				break
			}
		}
	}

	for _, u := range sorted(o.subjects) {
		d := o.subjects[u]

		h, _, err := o.w.truth.SubjectRecord(quiet, u)
		if err == nil && (h.Generation != d.generation || h.ObservedGeneration != d.observed) {
			o.fail("S22", "%s: generation %d settled to %d, the store says %d and %d", short(string(u)), d.generation, d.observed, h.Generation, h.ObservedGeneration)
		}

		if (d.generation > d.observed) != listed[u] {
			o.fail("S22", "%s: owed is %v, listed as pending is %v", short(string(u)), d.generation > d.observed, listed[u])
		}
	}
}

// outcomes checks L1, L2 and L5 once nothing is owed.
func (o *oracle) outcomes() {
	// Nothing is owed by now, so nobody will ever move it on.
	for _, id := range o.order {
		if r := o.requests[id].last; r.State == entitlement.RequestDelivering {
			o.fail("L1", "request %s (%s) is delivering for ever", short(string(id)), r.Type)
		}
	}

	for _, id := range sorted(o.assignments) {
		a := o.assignments[id]

		switch {
		case a.live && a.State == entitlement.AssignmentDelivering:
			o.fail("L1", "assignment %s is delivering for ever", short(string(id)))
		case a.live && a.State == entitlement.AssignmentDelivered && a.ObservedPackageGeneration != o.generation[a.Package]:
			o.fail("L5", "assignment %s observed generation %d of its package, which is at %d", short(string(id)), a.ObservedPackageGeneration, o.generation[a.Package])
		case !a.live && !a.removed:
			o.fail("L2", "the removal of assignment %s is never complete", short(string(id)))
		}
	}
}

// delivered checks that with all targets well, everything live that was tried is delivered.
func (o *oracle) delivered(tried []entitlement.AssignmentID) {
	for _, id := range tried {
		if a := o.assignments[id]; a.live && a.State != entitlement.AssignmentDelivered && o.people[a.Subject].enabled {
			o.fail("L1", "assignment %s is %s with all targets well", short(string(id)), a.State)
		}
	}
}

// compare holds what the targets have against what is desired.
func (o *oracle) compare(check string) {
	for _, t := range o.w.targets {
		t.makeDue()
	}
	now := time.Now()
	// A role that nobody gives is the other half of the comparison.
	for _, a := range o.assignments {
		if !a.live {
			continue
		}
		for _, role := range o.scopes[a.Package] {
			g := grant{a.Subject, role}
			if o.desired(g, now) && !o.had[g].is && !o.handEdits[g] {
				o.fail(check, "%s lacks %s, which assignment %s gives", short(string(g.who)), show(role), short(string(a.ID)))
			}
		}
	}

	for g, h := range o.had {
		if h.is && h.byUs && !o.desired(g, now) && !o.justOver(g, now) {
			o.fail(check, "%s holds %s through us, which nothing gives", short(string(g.who)), show(g.role))
		}
	}
}
