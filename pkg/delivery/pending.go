package delivery

import (
	"context"
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
)

// Some targets take a change and make it later (F35). Nobody waits for that in a running function:
// what the target calls the change is kept on the grant, somebody comes again by a delayed message
// or by the sweep, and asks how far it is before anything else is asked or written.

// Bounds of the time between two questions about a change that is under way.
const (
	shortestPoll = time.Minute
	longestPoll  = 5 * time.Minute
)

// nextPoll returns when to ask next: soon after the write, and less often the longer it takes.
func nextPoll(wrote, now time.Time) time.Time {
	for _, after := range looks {
		if at := wrote.Add(after); now.Before(at) {
			return at
		}
	}
	return now.Add(min(max(now.Sub(wrote)/4, shortestPoll), longestPoll))
}

// poll asks about the ops whose last change the target had not made yet, and returns those that
// the run goes on with: the others are concluded. What failed is read once more and shown; what is
// over counts as written now, since reads may be as late as after any write.
func (u *unit) poll(ctx, calls context.Context) (rest []*op) {
	for _, o := range u.ops {
		if o.record.Pending == "" {
			rest = append(rest, o)
			continue
		}

		told, err := u.progress(calls, o)
		now := u.run.Clock.Now()
		switch {
		case err != nil:
			u.recordOutcome(ctx, o, failedBy(err))
		case told.Running:
			u.recordOutcome(ctx, o, outcome{pending: o.record.Pending, look: nextPoll(o.record.Wrote, now)})
		case told.Err != nil:
			o.settled = true
			if mine := o.record.Revoked != o.Grant; mine {
				o.refusal = told.Err
				// A grant that failed leaves what was before it: a removal of ours, perhaps, that reads do not
				// show yet.
				o.record.Revoked = true
			}
			rest = append(rest, o)
		default:
			u.made(o, now)
			rest = append(rest, o)
		}
	}
	return rest
}

// progress asks how far a change is. One that takes for ever is not asked about for ever, and
// neither is one of a target that does not tell any more: what it shows decides.
func (u *unit) progress(calls context.Context, o *op) (told connector.Progress, err error) {
	poller, tells := u.conn.(connector.Poller)
	if !tells || u.run.Clock.Now().Sub(o.record.Wrote) >= giveUpAsking {
		return connector.Progress{}, nil
	}
	err = u.call(calls, func(ctx context.Context) (err error) {
		told, err = poller.Poll(ctx, u.role, o.record.Pending)
		return err
	})
	return told, err
}

// made has a change count as made now. One that nobody wants any more stays pending on record until what is
// wanted now is written: it must not look like a change of long ago meanwhile.
func (u *unit) made(o *op, now time.Time) {
	o.record.Wrote, o.record.Reason = now, ""
	if o.record.Revoked != o.Grant {
		o.settled, o.wrote = true, now
	}
}

// accepted is the outcome of a change that the target took and makes later. What an earlier one failed
// with stays on record until it is made.
func (u *unit) accepted(o *op) outcome {
	return outcome{wrote: o.wrote, pending: o.pending, look: nextPoll(o.wrote, u.run.Clock.Now())}
}

// enterPending enters into a grant what an attempt told of a change that the target makes later.
func enterPending(g entitlement.Grant, o outcome) entitlement.Grant {
	if o.pending != "" || o.settled || !o.wrote.IsZero() {
		g.Pending = o.pending
	}
	return g
}
