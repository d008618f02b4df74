package delivery

import (
	"context"
	"maps"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
)

// parallelLookups bounds the searches for people at one target.
const parallelLookups = 4

// target carries out the tasks of several subjects at one target system, role by role.
type target struct {
	service *Service
	id      entitlement.ConnectorID
	sheets  []*sheetJob
	conn    connector.Connector
	batch   int

	breaker  entitlement.Breaker
	mu       sync.Mutex
	failed   bool // some call was not answered
	answered bool // some call was
}

// op is one subject's task of one role.
type op struct {
	sheet *sheetJob
	task  Task
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
	byRole := map[entitlement.RoleRef][]op{}
	for _, o := range t.all() {
		if o.sheet.sheet.Principal != "" {
			byRole[o.task.Role] = append(byRole[o.task.Role], o)
		}
	}
	for _, role := range slices.SortedFunc(maps.Keys(byRole), compareRoles) {
		for chunk := range slices.Chunk(byRole[role], t.batch) {
			if t.failed {
				t.failAll(chunk, refusalOf(errSilent)) // one unanswered call is enough
				continue
			}
			t.apply(ctx, role, chunk)
		}
	}
}

// errSilent stands for a call that was not made because the one before was not answered.
var errSilent = entitlement.Errorf(entitlement.Unavailable, "The target does not answer.")

func (t *target) all() []op {
	var all []op
	for _, sj := range t.sheets {
		for _, task := range sj.tasks {
			all = append(all, op{sj, task})
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
				t.note(op{sj, task}, outcome{failure: &connector.Refusal{Reason: connector.PrincipalMissing, Detail: "The user does not exist any more and cannot be looked up at the target."}})
			}
			continue
		}
		g.Go(func() error {
			u := sj.job.work.Subject
			ref, err := t.conn.FindPrincipal(ctx, connector.Correlation{User: u.ID, UserName: u.UserPrincipalName, Mail: u.Mail, External: u.ExternalID})
			t.mu.Lock()
			t.saw(err)
			t.mu.Unlock()
			if err == nil {
				sj.sheet.Principal = string(ref)
				return nil
			}
			refusal := refusalOf(err)
			for _, task := range sj.tasks {
				t.note(op{sj, task}, outcomeWithout(task, refusal))
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
	differ = t.fenced(ctx, differ)
	if len(differ) == 0 {
		return
	}
	for _, o := range differ {
		o.sheet.wrote[role] = true
	}
	refusals, err := t.write(ctx, role, differ)
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
		refusal := refusals[i]
		if refusal != nil && refusal.Reason == connector.PrincipalMissing {
			// Deleted there, and perhaps there again under another id: looked up afresh next
			// time, so this answer is not the last one (F29).
			o.sheet.sheet.Principal = ""
			refusal = &connector.Refusal{Reason: refusal.Reason, Detail: refusal.Detail, After: refusal.After}
		}
		t.note(o, judged(o.task, after[i], refusal))
	}
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
		who[i] = connector.PrincipalRef(o.sheet.sheet.Principal)
	}
	present, err := t.conn.Check(ctx, role, who)
	t.saw(err)
	if err == nil && len(present) != len(ops) {
		err = entitlement.Errorf(entitlement.Internal, "The connector answered %d of %d.", len(present), len(ops))
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
		changes[i] = connector.Op{Grant: o.task.Grant, Principal: connector.PrincipalRef(o.sheet.sheet.Principal)}
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
	record(&o.sheet.sheet, o.task, out, o.sheet.job.head.Gen, t.service.Clock.Now())
}
