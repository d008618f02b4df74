package delivery

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
)

// parallelLookups bounds the searches for people at one target.
const parallelLookups = 4

// parallelCalls bounds the calls that one worker makes to one target side by side: with the
// two workers of the bulk lane as many as a target can take that allows twenty changes a
// second and needs 200 ms for each of the three calls of a change (Y5).
const parallelCalls = 8

// patience is how long one run waits for a target that asks for a moment. What takes
// longer is owed and taken up again later: the worker is needed elsewhere (L6).
const patience = 10 * time.Second

// target carries out the tasks of several subjects at one target system.
type target struct {
	service *Service
	id      entitlement.ConnectorID
	sheets  []*sheetJob
	conn    connector.Connector
	batch   int
	breaker entitlement.Breaker

	mu       sync.Mutex // of what follows, and of the sheets
	failed   bool       // some call was not answered
	answered bool       // some call was
	busy     time.Time  // the target throttles, and wants to be asked again then
	quiet    time.Time  // the target asked to be left alone until then
	patient  time.Time  // how long it is worth waiting for that
}

// op is one subject's task of one role, and the subject's id at the target.
type op struct {
	sheet *sheetJob
	task  Task
	who   connector.PrincipalRef
}

// unit is what is done at a time: one role of as many subjects as the target takes at once.
type unit struct {
	role entitlement.RoleRef
	ops  []op
}

func (t *target) run(ctx context.Context) {
	switch ok, err := t.admitted(ctx); {
	case err != nil:
		t.failAll(t.all(), refusalOf(err))
		return
	case !ok:
		for _, o := range t.all() {
			t.note(o, outcome{failure: t.resting(), resting: true})
		}
		return
	}
	defer t.remember(ctx)
	conn, err := t.service.Connectors.Open(ctx, t.id)
	if err != nil {
		t.failAll(t.all(), refusalOf(err))
		return
	}
	t.conn, t.batch = conn, max(conn.Describe().MaxBatch, 1)
	t.findPrincipals(ctx)
	var g errgroup.Group
	g.SetLimit(parallelCalls)
	if t.breaker.Failures > 0 {
		g.SetLimit(1) // one call tries a target that was silent
	}
	for _, u := range t.units() {
		g.Go(func() error {
			if t.silent() {
				t.failAll(u.ops, refusalOf(errSilent)) // one unanswered call is enough
			} else {
				t.apply(ctx, u.role, u.ops)
			}
			return nil
		})
	}
	g.Wait()
}

// units sorts the tasks of those who were found by role, and cuts them to the target's size.
func (t *target) units() []unit {
	byRole := map[entitlement.RoleRef][]op{}
	for _, o := range t.all() {
		if o.who != "" {
			byRole[o.task.Role] = append(byRole[o.task.Role], o)
		}
	}
	var units []unit
	for _, role := range slices.SortedFunc(maps.Keys(byRole), compareRoles) {
		for chunk := range slices.Chunk(byRole[role], t.batch) {
			units = append(units, unit{role, chunk})
		}
	}
	return units
}

func (t *target) silent() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.failed
}

// errSilent stands for a call that was not made because the one before was not answered.
var errSilent = entitlement.Errorf(entitlement.Unavailable, "The target does not answer.")

func (t *target) all() []op {
	var all []op
	for _, sj := range t.sheets {
		for _, task := range sj.tasks {
			all = append(all, op{sj, task, connector.PrincipalRef(sj.sheet.Principal)})
		}
	}
	return all
}

// findPrincipals looks up those people whose id at the target is not known yet. One who
// is not there holds nothing there, so a removal is done with that answer.
func (t *target) findPrincipals(ctx context.Context) {
	var g errgroup.Group
	g.SetLimit(parallelLookups)
	for _, sj := range t.sheets {
		if sj.sheet.Principal != "" {
			continue
		}
		if sj.job.work.Subject == nil {
			for _, task := range sj.tasks {
				t.note(op{sheet: sj, task: task}, outcome{failure: &connector.Refusal{Reason: connector.PrincipalMissing, Detail: "The user does not exist any more and cannot be looked up at the target."}})
			}
			continue
		}
		g.Go(func() error {
			u := sj.job.work.Subject
			found, err := t.conn.FindPrincipals(ctx, []connector.Correlation{{User: u.ID, UserName: u.UserPrincipalName, Mail: u.Mail, External: u.ExternalID}})
			t.saw(err)
			var refusal *connector.Refusal
			switch {
			case err != nil:
				refusal = refusalOf(err)
			case found[0].Err == nil:
				sj.sheet.Principal = string(found[0].Ref)
				return nil
			default:
				refusal = refusalOf(found[0].Err)
			}
			for _, task := range sj.tasks {
				t.note(op{sheet: sj, task: task}, outcomeWithout(task, refusal))
			}
			return nil
		})
	}
	g.Wait()
}

// outcomeWithout is the outcome of a task whose person, or whose resource, the target
// says does not exist.
func outcomeWithout(task Task, refusal *connector.Refusal) outcome {
	if !task.Grant && (refusal.Reason == connector.PrincipalMissing || refusal.Reason == connector.ResourceMissing) {
		return outcome{confirmed: true}
	}
	return outcome{failure: refusal}
}

// apply brings one role of one chunk of subjects to what it ought to be: what is there is
// read, what differs is written in one call, and what was written is read back.
func (t *target) apply(ctx context.Context, role entitlement.RoleRef, chunk []op) {
	before, err := t.check(ctx, role, chunk)
	if err != nil {
		t.failAll(chunk, refusalOf(err))
		return
	}
	var differ []op
	for i, o := range chunk {
		if before[i] == o.task.Grant {
			t.note(o, outcome{present: before[i], confirmed: true, preExisting: before[i] && o.sheet.fresh[role]})
			continue
		}
		differ = append(differ, o)
	}
	differ, refusals, err := t.change(ctx, role, differ)
	if len(differ) == 0 {
		return
	}
	if err != nil {
		t.failAll(differ, refusalOf(err))
		return
	}
	after, err := t.check(ctx, role, differ)
	if err != nil {
		t.failAll(differ, refusalOf(err))
		return
	}
	for i, o := range differ {
		t.note(o, judged(o.task, after[i], t.heeded(o, refusals[i])))
	}
}

// change writes what differs, fenced before each call, and waits where the target asks for
// a moment. It returns those that it tried to write, with the target's refusal of each.
func (t *target) change(ctx context.Context, role entitlement.RoleRef, differ []op) ([]op, []*connector.Refusal, error) {
	for {
		t.hush(ctx)
		differ = t.fenced(ctx, differ)
		if len(differ) == 0 {
			return nil, nil, nil
		}
		t.writes(differ, role)
		refusals, err := t.write(ctx, role, differ)
		if err == nil || !t.asksForAMoment(err) {
			return differ, refusals, err
		}
	}
}

// hush waits for the end of the moment that the target asked somebody for.
func (t *target) hush(ctx context.Context) {
	t.mu.Lock()
	wait := t.quiet.Sub(t.service.Clock.Now())
	t.mu.Unlock()
	if wait > 0 {
		_ = t.service.Clock.Sleep(ctx, wait) // where the time is over, the fence says so
	}
}

// asksForAMoment reports that a call failed because the target wants to be left alone for
// so short a time that it is worth waiting. All calls wait then, not the refused one alone.
func (t *target) asksForAMoment(err error) bool {
	refusal, now := connector.RefusalOf(err), t.service.Clock.Now()
	if refusal.Reason != connector.TargetThrottled || refusal.After <= 0 {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.patient.IsZero() {
		t.patient = now.Add(patience)
	}
	until := now.Add(refusal.After)
	if until.After(t.patient) {
		return false
	}
	if until.After(t.quiet) {
		t.quiet = until
	}
	return true
}

// writes notes that the target is asked now.
func (t *target) writes(ops []op, role entitlement.RoleRef) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, o := range ops {
		o.sheet.wrote[role] = true
	}
}

// heeded takes note of a target that does not know a subject any more: deleted there, and
// perhaps there again under another id. The subject is looked up afresh next time, so this
// answer is not the last one (F29).
func (t *target) heeded(o op, refusal *connector.Refusal) *connector.Refusal {
	if refusal == nil || refusal.Reason != connector.PrincipalMissing {
		return refusal
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	o.sheet.sheet.Principal = ""
	return &connector.Refusal{Reason: refusal.Reason, Detail: refusal.Detail, After: refusal.After}
}

// judged weighs what the target said of a write against what it shows: only the read-back
// proves anything, so it overrules a refusal too.
func judged(task Task, present bool, refusal *connector.Refusal) outcome {
	out := outcome{present: present, confirmed: true}
	switch {
	case present == task.Grant:
	case refusal != nil:
		out.failure = refusal
	default:
		out.failure = &connector.Refusal{Reason: connector.NotConfirmed, Detail: "The target accepted the change, and does not show it when read back."}
	}
	return out
}

func (t *target) check(ctx context.Context, role entitlement.RoleRef, ops []op) ([]bool, error) {
	who := make([]connector.PrincipalRef, len(ops))
	for i, o := range ops {
		who[i] = o.who
	}
	told, err := t.conn.Check(ctx, role, t.conn.Describe().Ways[0], who)
	t.saw(err)
	if err == nil && len(told) != len(ops) {
		err = entitlement.Errorf(entitlement.Internal, "The connector answered %d of %d.", len(told), len(ops))
	}
	present := make([]bool, len(told))
	for i, p := range told {
		present[i] = p == entitlement.PresencePresent
	}
	return present, err
}

// fenced drops the ops whose claim or generation is gone: the newest truth is somebody
// else's to carry out (F13, S14).
func (t *target) fenced(ctx context.Context, ops []op) []op {
	if len(ops) == 0 {
		return nil
	}
	sheets := make([]*sheetJob, len(ops))
	for i, o := range ops {
		sheets[i] = o.sheet
	}
	hold, err := t.service.fence(ctx, sheets)
	if err != nil {
		t.service.Log.WarnContext(ctx, "the fence could not be read; nothing is written", "connector", t.id, "error", err)
	}
	var kept []op
	for _, o := range ops {
		if slices.Contains(hold, o.sheet) {
			kept = append(kept, o)
		} else {
			t.note(o, outcome{untried: true})
		}
	}
	return kept
}

// write sends the changes in one call and returns the target's refusal of each op, nil
// where there is none.
func (t *target) write(ctx context.Context, role entitlement.RoleRef, ops []op) ([]*connector.Refusal, error) {
	changes := make([]connector.Op, len(ops))
	for i, o := range ops {
		changes[i] = connector.Op{Grant: o.task.Grant, Principal: o.who}
	}
	results, err := t.conn.Apply(ctx, role, changes)
	t.saw(err)
	if err == nil && len(results) != len(ops) {
		err = entitlement.Errorf(entitlement.Internal, "The connector answered %d of %d.", len(results), len(ops))
	}
	if err != nil {
		return nil, err
	}
	refusals := make([]*connector.Refusal, len(ops))
	for i, result := range results {
		refusals[i] = result.Err
	}
	return refusals, nil
}

func (t *target) failAll(ops []op, refusal *connector.Refusal) {
	for _, o := range ops {
		t.note(o, outcomeWithout(o.task, refusal))
	}
}

func (t *target) note(o op, out outcome) {
	t.mu.Lock()
	defer t.mu.Unlock()
	record(&o.sheet.sheet, o.task, out, o.sheet.job.head.Gen, t.service.Clock.Now())
}
