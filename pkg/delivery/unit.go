package delivery

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
)

// serve brings one role of one chunk of subjects to what it ought to be: what is there is
// read, what differs is written, and what was written is read back.
func (u *unit) serve(ctx, calls context.Context) {
	var err error
	if u.resource, err = u.resourceOf(ctx, u.role.Resource); err != nil {
		for _, o := range u.ops {
			u.run.fail(o.part.job.subject, err)
		}
		u.noteEach(ctx, u.ops, outcome{left: true})
		return
	}

	ops := u.poll(ctx, calls)
	if err := u.read(ctx, calls, ops, (*unit).ruleMade); err != nil {
		u.noteEach(ctx, ops, failedBy(err))
		return
	}

	var differ []*op
	for _, o := range ops {
		switch step := o.ruling.step; {
		case o.refusal != nil:
			u.conclude(ctx, o) // the target took it and failed: it is tried again in its time
		case step == stepWrite || step == stepAgain:
			o.again = step == stepAgain
			if o.Grant && o.shown == entitlement.PresencePresent {
				o.shown = "" // that may be what was there before: it overrules no refusal
			}
			differ = append(differ, o)
		default:
			u.conclude(ctx, o)
		}
	}

	u.send(ctx, calls, differ)
	u.readBack(ctx, calls, differ)
}

// readBack asks about what was written and taken, and concludes.
func (u *unit) readBack(ctx, calls context.Context, differ []*op) {
	var taken []*op
	for _, o := range differ {
		switch {
		case o.skipped != (outcome{}):
			u.recordOutcome(ctx, o, o.skipped)
		case o.refusal != nil:
			u.conclude(ctx, o)
		case o.pending != "":
			u.recordOutcome(ctx, o, u.accepted(o))
		default:
			o.asked, o.shown = nil, ""
			taken = append(taken, o)
		}
	}

	if err := u.read(ctx, calls, taken, (*unit).ruleAfter); err != nil {
		for _, o := range taken {
			out := failedBy(err)
			out.wrote = o.wrote
			if out.left {
				out = outcome{wrote: o.wrote, look: u.run.Clock.Now()} // written, and there was no time to look
			}
			u.recordOutcome(ctx, o, out)
		}
		return
	}

	for _, o := range taken {
		u.conclude(ctx, o)
	}
}

// read asks about the ops, in one way after the other, until the next step with each of
// them is known. An error means that nothing is known of any.
func (u *unit) read(ctx, calls context.Context, ops []*op, rule func(*unit, *op) nextStep) error {
	for todo := ops; len(todo) > 0; {
		// Each op is asked about in the way that suits it, so that one round may take several calls.
		byWay := map[connector.Way][]*op{}
		for _, o := range todo {
			way, _ := u.nextWay(o)
			byWay[way] = append(byWay[way], o)
		}

		for _, way := range u.caps.Ways {
			if some := byWay[way]; len(some) > 0 {
				if err := u.question(ctx, calls, way, some); err != nil {
					return err
				}
			}
		}

		todo = nil

		for _, o := range ops {
			if o.ruling = rule(u, o); o.ruling.step == stepAsk {
				todo = append(todo, o)
			}
		}
	}

	return u.unanswered(ops)
}

// nextWay returns the way in which to ask about an op next: the one by which the role was
// confirmed, then the one that told last at this resource, then all in order.
func (u *unit) nextWay(o *op) (way connector.Way, more bool) {
	order := slices.Concat([]connector.Way{connector.Way(o.record.Way), u.resource.way()}, u.caps.Ways)
	for _, way := range order {
		was := slices.ContainsFunc(o.asked, func(a asked) bool { return a.way == way })
		if !was && slices.Contains(u.caps.Ways, way) {
			return way, true
		}
	}
	return "", false
}

// question asks once, and takes in what it tells. Where the target does not understand the
// question, that is no answer, and another way may do.
func (u *unit) question(ctx, calls context.Context, way connector.Way, ops []*op) error {
	// An answer may come long after what it tells of: whoever asks may be stopped meanwhile (F13).
	for _, o := range ops {
		if len(o.asked) == 0 {
			o.read = u.run.Clock.Now()
		}
	}

	t, err := u.check(ctx, calls, way, ops)
	// Another way may be understood. It stays on record that this one was not, and why.
	if refusal := connector.RefusalOf(err); err != nil && !u.manners.authoritative && !isNoTime(err) && passes(refusal.Reason) {
		for _, o := range ops {
			o.asked, o.checkErr = append(o.asked, asked{way, ""}), err
			o.shown = orUnknown(o.shown)
		}
		return nil
	}

	if err != nil {
		return err
	}

	counts := t.people
	if !u.manners.authoritative {
		counts = u.resource.weigh(t, len(ops[0].asked) > 0, u.run.Clock.Now())
	}

	for i, o := range ops {
		// It may be as it was before our own removal: that proves nothing (F40).
		if counts[i] == entitlement.PresencePresent && u.stale(o) {
			counts[i] = entitlement.PresenceUnknown
		}
		o.addAnswer(way, t.people[i], counts[i])
	}

	return nil
}

// stale reports that a role which is to be granted may be shown as it was before we took it
// away last: that is not long ago, and the target has not shown it as gone since. After a grant
// that was refused it may all the same, where each read is as late as another server of theirs.
func (u *unit) stale(o *op) bool {
	g := o.record
	gone := o.refusal == nil && g.Presence == entitlement.PresenceAbsent && !g.Confirmed.Before(g.Wrote)
	return o.Grant && g.Revoked && !gone && o.read.Before(u.manners.passed(g.Wrote))
}

// passes reports a refusal that is about the way of asking.
func passes(r connector.Reason) bool {
	return r == connector.RefusedByTarget || r == connector.NotUnderstood
}

// check makes one question: who of the ops holds the role, and, where the way was not seen
// to tell somebody who does not, an id that nobody has as well.
func (u *unit) check(_, calls context.Context, way connector.Way, ops []*op) (checkResult, error) {
	who := make([]connector.PrincipalRef, len(ops))
	t := checkResult{way: way, shown: make([]bool, len(ops))}
	for i, o := range ops {
		who[i], t.shown[i] = o.who, o.record.Way == string(way)
	}

	control := !u.manners.authoritative && !u.resource.tellsApart(way, u.run.Clock.Now())
	apart := control && len(who) >= u.caps.MaxBatch // there is no room for it in the question
	if control && !apart {
		who = append(who, u.nobody)
	}

	said, err := u.ask(calls, way, who)
	if err != nil {
		return t, err
	}

	t.people = said[:len(ops)]
	if control && !apart {
		t.control = said[len(ops)]
	}

	if apart {
		said, err = u.ask(calls, way, []connector.PrincipalRef{u.nobody})
		if err != nil {
			return t, err
		}
		t.control = said[0]
	}

	return t, nil
}

func (u *unit) ask(calls context.Context, way connector.Way, who []connector.PrincipalRef) (said []entitlement.Presence, err error) {
	err = u.call(calls, func(ctx context.Context) (err error) {
		said, err = u.conn.Check(ctx, u.role, way, who)
		return answeredAll(len(said), len(who), err)
	})
	return said, err
}

// unanswered returns the refusal where not one of the questions about some op was answered.
func (u *unit) unanswered(ops []*op) error {
	for _, o := range ops {
		if o.checkErr != nil && !slices.ContainsFunc(o.asked, func(a asked) bool { return a.raw != "" }) {
			return o.checkErr
		}
	}
	return nil
}

// op is one task under one of the subject's ids at the target.
type op struct {
	*task
	who      connector.PrincipalRef
	record   entitlement.Grant // as it was under the claim, of this id
	asked    []asked           // since the last write
	read     time.Time         // when the first of them was asked
	checkErr error             // of a way that the target did not understand
	shown    entitlement.Presence
	way      connector.Way        // that showed it
	first    entitlement.Presence // what was said before anything was written
	wrote    time.Time            // in this attempt
	again    bool                 // it was written before, in vain
	refusal  *connector.Refusal   // of the write
	skipped  outcome              // of one that was not written after all
	ruling   nextStep
	pending  string // what the target calls the write that it took and has not made yet
	settled  bool   // what it had not made when this attempt began is over
}

// asked is a way of asking, and what it said; "" where the question was refused.
type asked struct {
	way connector.Way
	raw entitlement.Presence
}

// addAnswer takes in an answer. What was shown in one way is not unsaid in another that tells
// less; of two that tell, the one that shows the role as there is right: the other leaves
// members out.
func (o *op) addAnswer(way connector.Way, raw, counts entitlement.Presence) {
	o.asked = append(o.asked, asked{way, raw})
	if o.first == "" && o.wrote.IsZero() {
		o.first = raw
	}
	if o.shown == entitlement.PresencePresent || counts == entitlement.PresenceUnknown && o.shown != "" {
		return
	}
	o.shown, o.way = counts, way
}

func orUnknown(p entitlement.Presence) entitlement.Presence {
	if p == "" {
		return entitlement.PresenceUnknown
	}
	return p
}

// situation is what is known of an op now.
func (u *unit) situation(o *op) situation {
	_, more := u.nextWay(o)
	s := situation{targetProfile: u.manners, grant: o.Grant, record: o.record, generation: o.part.job.subjectRecord.Generation, sent: o.sent, shown: orUnknown(o.shown), more: more,
		resource: u.resource.state(), read: o.read, now: u.run.Clock.Now()}

	for _, a := range o.asked {
		// The first way that said anything counts, since the ways are asked in order of trust.
		if s.raw == "" || s.raw == entitlement.PresenceUnknown {
			s.raw = a.raw
		}
	}

	s.stale = u.stale(o)
	s.never = s.sent && s.record.Way == ""
	s.unsure = s.record.Intent != "" && s.record.Intent != o.part.grantSet.Token

	// What this attempt wrote is not on record yet, and decides all the same what a read proves.
	if !o.wrote.IsZero() {
		s.record.Wrote, s.record.Revoked, s.unsure = o.wrote, !o.Grant, false
	}

	return s
}

func (u *unit) ruleBefore(o *op) nextStep { return u.situation(o).before() }
func (u *unit) ruleAfter(o *op) nextStep  { return u.situation(o).after(o.again) }

// conclude turns what was ruled into the outcome of the op. Only what was read proves
// anything, so it overrules a refusal too.
func (u *unit) conclude(ctx context.Context, o *op) {
	out := outcome{presence: o.shown, way: o.way, wrote: o.wrote, settled: o.settled}

	u.lag(o)
	switch {
	// A removal that another target than our own shows as done is not done where it was refused:
	// the read may be as old as the refusal (F40).
	case o.refusal != nil && o.shown == entitlement.PresenceOf(o.Grant) && (o.Grant || u.manners.authoritative):
	case o.refusal != nil:
		out.failure = o.refusal
	case o.ruling.step == stepAccept:
		out.accepted = true
	case o.ruling.step == stepFail || o.ruling.reason != "":
		out.look, out.failure = o.ruling.look, u.unconfirmedRefusal(o)
	default:
		out.look = o.ruling.look
	}

	u.recordOutcome(ctx, o, out)
}

// lag notes how late the target showed a write, where it was seen to turn.
func (u *unit) lag(o *op) {
	wanted, now := entitlement.PresenceOf(o.Grant), u.run.Clock.Now()

	lag, seen := lagOf(o.record, wanted, now)

	switch {
	case u.manners.authoritative || o.refusal != nil:
		return
	case o.again:
		// Not even after the window was the first write shown. Where that was shortened, it
		// may have been too much; or the write was lost, and a longer one does no harm.
		lag, seen = min(now.Sub(o.record.Wrote), usualWindow/2), u.breaker.LagSamples >= enoughWrites
	case o.shown != wanted:
		return
	case !o.wrote.IsZero():
		lag, seen = now.Sub(o.wrote), o.first != "" && o.first != entitlement.PresenceUnknown && o.first != wanted
	}

	if seen {
		u.target.mu.Lock()
		u.lags = append(u.lags, lag)
		u.target.mu.Unlock()
	}
}

// unconfirmedRefusal says what is not confirmed, and what to do where nothing can tell.
func (u *unit) unconfirmedRefusal(o *op) *connector.Refusal {
	change := "The target accepted the change"

	if o.ruling.reason != connector.CannotConfirm {
		return &connector.Refusal{Reason: connector.NotConfirmed, Detail: change + ", and does not show it when read back."}
	}

	var said []string
	// The person who reads it must see which way to mend, so every answer is named.
	for _, a := range o.asked {
		answer := map[entitlement.Presence]string{entitlement.PresencePresent: "present", entitlement.PresenceAbsent: "absent", entitlement.PresenceUnknown: "nothing"}[a.raw]
		if answer == "" {
			answer = "that it does not understand"
		}
		said = append(said, fmt.Sprintf("%s: it says %s", a.way, answer))
	}

	return &connector.Refusal{Reason: connector.CannotConfirm, Detail: fmt.Sprintf(
		"%s, and no way of asking it was seen to tell who holds the role (%s). Where that cannot be changed at the target, set the connector's readBack to unconfirmed.",
		change, strings.Join(said, "; "))}
}

// noteEach takes in the same outcome of several ops.
func (u *unit) noteEach(ctx context.Context, ops []*op, out outcome) {
	for _, o := range ops {
		u.recordOutcome(ctx, o, out)
	}
}

// recordOutcome takes in the outcome of an op. Where the store is ours, a resource that is not there
// is held by nobody, and that is final at once.
func (u *unit) recordOutcome(ctx context.Context, o *op, out outcome) {
	if u.manners.authoritative && out.failure != nil && out.failure.Reason == connector.ResourceMissing {
		out.final = true
		if !o.Grant {
			out = outcome{presence: entitlement.PresenceAbsent}
		}
	}
	u.note(ctx, o.task, o.who, out)
}
