package delivery

import (
	"context"
	"errors"
	"net"
	"slices"

	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
)

// maxAlone is how many single people may be refused in a row, while nobody is served, until
// the target is to blame and not they.
const maxAlone = 3

// bisection is a look for those in a unit by whom a change of several failed (F44).
type bisection struct {
	served bool
	alone  []*op // that were refused by themselves
	stop   bool
}

// send writes what differs. Removals of what does not seem to be there go apart: some
// targets refuse a change that takes out nobody, and all that came with it.
func (u *unit) send(ctx, calls context.Context, differ []*op) {
	var seen, unseen []*op

	for _, o := range differ {
		if !o.Grant && o.shown != entitlement.PresencePresent {
			unseen = append(unseen, o)
		} else {
			seen = append(seen, o)
		}
	}

	for _, ops := range [][]*op{seen, unseen} {
		// Each of the two calls is judged by itself: a refusal of one says nothing about the other.
		s := &bisection{}
		u.change(ctx, calls, ops, s)
		s.attribute(len(ops))
	}
}

// change writes ops in one call. Where that fails and may be about one of them, they are
// read again and those that still differ are written in halves until the one is found: the
// target answered questions a moment ago, so it is not silent.
func (u *unit) change(ctx, calls context.Context, ops []*op, s *bisection) {
	if len(ops) == 0 {
		return
	}

	ops, err := u.write(ctx, calls, ops)
	if len(ops) == 0 || err == nil {
		s.served = s.served || len(ops) > 0
		return
	}

	refuse(ops, err)

	if isNoTime(err) || !mayConcernOnePerson(err) {
		u.observe(err)
		s.stop = true
		return
	}

	left, again := u.differing(ctx, calls, ops)
	switch {
	case again != nil:
		u.observe(err)
		s.stop = true // the target does not answer that either
	case len(ops) == 1 && len(left) == 1:
		s.alone = append(s.alone, left[0])
		s.stop = !s.served && len(s.alone) >= maxAlone
	case len(left) > 0:
		half := (len(left) + 1) / 2
		for _, some := range [][]*op{left[:half], left[half:]} {
			if !s.stop {
				u.change(ctx, calls, some, s)
			}
		}
	}
}

// differing reads the ops of a failed change again and returns those that are still not as
// they ought to be; the others are as good as taken. What we ever granted is not: its removal
// is sent until the target has taken it, or refused it, whatever a read says.
func (u *unit) differing(ctx, calls context.Context, ops []*op) ([]*op, error) {
	for _, o := range ops {
		o.asked, o.shown = nil, ""
	}

	// One way of asking is enough here: what stays unclear counts as differing, and is read
	// again after the write.
	if err := u.read(ctx, calls, ops, func(*unit, *op) nextStep { return nextStep{} }); err != nil {
		return nil, err
	}

	var left []*op
	for _, o := range ops {
		if o.shown == entitlement.PresenceOf(o.Grant) && (o.Grant || !o.sent) {
			o.refusal = nil
		} else {
			left = append(left, o)
		}
	}

	return left, nil
}

// write sends ops in one call, fenced just before it, and waits where the target asks for a
// moment. It returns those that it tried to write; what the target said of one of them alone
// stays with that one.
func (u *unit) write(ctx, calls context.Context, ops []*op) (tried []*op, err error) {
	// Where the target asks for a moment, the call is made again under a fence of its own.
	for {
		u.waitRetryAfter(calls)
		if err = u.pay(calls, ops); err != nil {
			break
		}
		err = u.resource.write(ctx, calls, func(call context.Context) error {
			if u.paused(calls) {
				return connector.Paused()
			}

			// What holds now may not in a second: the fence is as close to the call as it can be, and
			// nothing is read between the two (F13).
			if ops = u.fenced(ctx, ops); len(ops) == 0 {
				return nil
			}
			return u.attempt(calls, func(context.Context) error { return u.apply(call, ops) })
		})
		if err == nil || !u.worthWaiting(err) {
			break
		}
	}

	if err == nil && len(ops) > 0 {
		u.observe(nil)
	}

	return ops, err
}

// apply makes the one call.
func (u *unit) apply(call context.Context, ops []*op) error {
	changes := make([]connector.Op, len(ops))
	for i, o := range ops {
		changes[i] = connector.Op{Grant: o.Grant, Principal: o.who}
	}

	results, err := u.conn.Apply(call, u.role, changes)
	err = answeredAll(len(results), len(ops), err)

	now := u.run.Clock.Now()

	for i, o := range ops {
		// Counted as written whatever came back: a call that timed out may have been carried out.
		o.wrote, o.refusal, o.pending = now, nil, ""
		if err == nil {
			o.refusal, o.pending = u.noteMissingPrincipal(o, results[i].Err), results[i].Pending
		}
	}

	return err
}

// mayConcernOnePerson reports a failure of a change that may be about one of its people. That a
// target throttles, says nothing within its time, or does no such thing at all (501), is
// about all of them.
func mayConcernOnePerson(err error) bool {
	refusal := connector.RefusalOf(err)
	if refusal.Reason == connector.NotUnderstood && refusal.Permanent {
		return false
	}
	timedOut, is := errors.AsType[net.Error](err)
	slow := errors.Is(err, context.DeadlineExceeded) || is && timedOut.Timeout()
	return !slow && !errors.Is(err, errSilent) && !isPaused(err) && refusal.Reason != connector.TargetThrottled
}

// refuse enters a failed change for all of its ops. What was never sent, for lack of time,
// is left; what was, may be there.
func refuse(ops []*op, err error) {
	for _, o := range ops {
		switch {
		case !isNoTime(err):
			o.refusal = refusalOf(err)
		case o.wrote.IsZero():
			o.skipped = outcome{left: true}
		case o.refusal == nil:
			o.refusal = refusalOf(errSilent)
		}
	}
}

// attribute says of those who were refused alone that it is about them, where others were
// served or there was nobody else: the target answers questions, so neither it nor our
// credential is at fault. An answer that is not the target's is about nobody, unless others
// were served.
func (s *bisection) attribute(n int) {
	if !s.served && n > 1 {
		return
	}
	for _, o := range s.alone {
		switch reason := o.refusal.Reason; {
		case reason == connector.NotUnderstood && !s.served:
		case slices.Contains([]connector.Reason{connector.CredentialRefused, connector.TargetUnavailable, connector.NotUnderstood, connector.ResourceMissing}, reason):
			o.refusal = &connector.Refusal{Reason: connector.RefusedByTarget, After: o.refusal.After,
				Detail: "The target answers questions about the resource, and refuses this change for this person: " + o.refusal.Detail}
		}
	}
}

// fenced drops the ops whose claim or generation is gone, or whose end has passed since the
// plan was made: the newest truth is somebody else's to carry out (S1, F13, S14).
func (u *unit) fenced(ctx context.Context, ops []*op) []*op {
	fences := make([]entitlement.Fence, len(ops))
	for i, o := range ops {
		fences[i] = o.part.fence()
	}

	holds, err := u.run.Store.Holding(ctx, fences)
	if err != nil {
		u.run.Log.WarnContext(ctx, "the fence could not be read; nothing is written", "connector", u.id, "error", err)
		// Not to write what was to be written costs time; to write what nobody wants costs more.
		holds = make([]bool, len(ops))
	}

	now := u.run.Clock.Now()

	var kept []*op
	for i, o := range ops {
		if holds[i] && (!o.Grant || Desired(o.part.job.subjectRecord, o.part.job.inputs, now)[o.Role]) {
			kept = append(kept, o)
		} else {
			o.skipped = outcome{untried: true, presence: o.shown, wrote: o.wrote, failure: o.refusal}
		}
	}

	return kept
}

// noteMissingPrincipal takes note of a target that does not know a subject any more: deleted there, and
// perhaps there again under another id. The subject is looked up afresh next time, so this
// answer is not the last one (F29). Neither is a refusal under an id that was kept from an
// earlier run: some say no more of one that is nobody's than that they refuse it (F43).
func (u *unit) noteMissingPrincipal(o *op, refusal *connector.Refusal) *connector.Refusal {
	if refusal == nil {
		return nil
	}

	missing, p := refusal.Reason == connector.PrincipalMissing, o.part

	p.mu.Lock()
	defer p.mu.Unlock()
	// It may pass by itself, or the id was found in this very run or is our own: then the
	// refusal is about something else.
	if kept := !p.found && !u.manners.authoritative; !missing && !(kept && o.Grant && refusal.Permanent) {
		return refusal
	}

	if p.grantSet.Doubtful = true; missing && u.manners.authoritative {
		// Ids of our own are looked up only where there is none: doubt alone does not do it.
		p.grantSet.Principal = ""
	}

	// The same refusal without Permanent: it is not the last word.
	return &connector.Refusal{Reason: refusal.Reason, Detail: refusal.Detail, After: refusal.After}
}
