// Package delivery makes the target systems match what people hold. A message says
// only whose debt to look at; the worker reads the truth, claims the subject's grants
// at each target, plans, checks what is there, writes what is missing, checks again,
// and records what it saw against the generation that it planned on.
package delivery

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"leasehold/pkg/clock"
	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
)

// Service reconciles subjects with their targets.
type Service struct {
	Store      Store
	Connectors Connectors
	Lane       Lane // hears of those who waited for a target that is well again
	Clock      clock.Clock
	IDs        clock.IDs
	Lease      time.Duration // as long as the function may run
	Log        *slog.Logger
}

// Bounds of one call.
const (
	parallelReads = 16
	maxRounds     = 4                // a subject that keeps changing is left to its debt after so many
	reserve       = 15 * time.Second // of the lease, kept for recording
)

// Deliver brings every subject's targets to what the subject's live assignments give, as
// far as the targets let it, and records how far that was. A subject in the result could
// not be looked at and must be tried again; all others are done, or owed and recorded.
func (s *Service) Deliver(ctx context.Context, subjects []entitlement.UserID, command string) map[entitlement.UserID]error {
	failed := map[entitlement.UserID]error{}
	left := slices.Compact(slices.Sorted(slices.Values(subjects)))
	for round := 0; len(left) > 0 && round < maxRounds; round++ {
		jobs := s.load(ctx, left, command)
		left = s.settle(ctx, s.work(ctx, jobs), command)
		for _, j := range jobs {
			if j.err != nil {
				failed[j.subject] = j.err
			}
		}
	}
	return failed
}

// job is one subject under reconciliation.
type job struct {
	subject entitlement.UserID
	head    entitlement.Head
	work    entitlement.Work
	want    roles
	idle    []entitlement.GrantSheet // those that nothing is to be done at
	sheets  []*sheetJob
	pending atomic.Int32 // targets that are not done
	err     error
}

// sheetJob is one subject at one target, under a claim.
type sheetJob struct {
	job   *job
	sheet entitlement.GrantSheet
	token string
	until time.Time
	fresh roles // roles that nobody of us can have written yet (S9)
	wrote roles // roles that this worker asked the target to change
	tasks []Task
}

// load reads what each subject owes, and claims the sheets that have work. Subjects that
// owe nothing, or whom another worker holds, drop out: the debt says so until it is paid.
func (s *Service) load(ctx context.Context, subjects []entitlement.UserID, command string) []*job {
	var mu sync.Mutex
	var jobs []*job
	var g errgroup.Group
	g.SetLimit(parallelReads)
	for _, id := range subjects {
		g.Go(func() error {
			j := s.loadOne(ctx, id, command)
			if j != nil {
				mu.Lock()
				jobs = append(jobs, j)
				mu.Unlock()
			}
			return nil
		})
	}
	g.Wait()
	slices.SortFunc(jobs, func(a, b *job) int { return compareIDs(a.subject, b.subject) })
	return jobs
}

func (s *Service) loadOne(ctx context.Context, id entitlement.UserID, command string) *job {
	j := &job{subject: id}
	sheets, err := s.read(ctx, j, command)
	if j.err = err; err != nil {
		return j
	}
	if !j.head.Owes() {
		return nil
	}
	now := s.Clock.Now() // of the plan and of the lease, which bounds how old the plan may get
	j.want = Desired(j.head, j.work, now)
	verify := verified(j.head, j.work)
	for _, sheet := range sheetsFor(id, j.want, sheets) {
		if len(Plan(j.want, verify, sheet, j.head.Gen)) == 0 {
			j.idle = append(j.idle, sheet)
			continue
		}
		claimed, err := s.claim(ctx, j, sheet, verify, now)
		if entitlement.KindOf(err) == entitlement.Conflict {
			s.release(ctx, j)
			return nil
		}
		if err != nil {
			j.err = err
			return j
		}
		j.sheets = append(j.sheets, claimed)
	}
	return j
}

// read takes in what the subject owes, and returns the sheets. What the head names is read
// after the head; where it makes for a role that is on no sheet, the head is read once more:
// it may have moved on, and a package may have got the role when the subject did not hold
// it any more. Nothing is put on record that no assignment ever gave (S9).
func (s *Service) read(ctx context.Context, j *job, command string) ([]entitlement.GrantSheet, error) {
	head, sheets, err := s.Store.Debt(ctx, j.subject)
	for range maxRounds {
		j.head = head
		if err != nil || !head.Owes() {
			return sheets, err
		}
		if head.Off {
			ended, err := s.leave(ctx, head, command)
			if err != nil {
				return nil, err
			}
			if head, sheets, err = s.Store.Debt(ctx, j.subject); err != nil {
				return nil, err
			}
			if head.Gen != j.head.Gen+int64(ended) {
				continue // somebody else moved it too, and what came since has not been ended
			}
			j.head = head
		}
		if j.work, err = s.Store.Work(ctx, head); err != nil {
			return nil, err
		}
		if allKnown(Desired(head, j.work, s.Clock.Now()), sheets) {
			return sheets, nil
		}
		if head, sheets, err = s.Store.Debt(ctx, j.subject); err == nil && head.Gen == j.head.Gen {
			return sheets, nil
		}
	}
	return nil, entitlement.Errorf(entitlement.Conflict, "The user %s changes faster than it can be read.", j.subject)
}

// allKnown reports that every role is on some sheet.
func allKnown(want roles, sheets []entitlement.GrantSheet) bool {
	for role := range want {
		if !slices.ContainsFunc(sheets, func(s entitlement.GrantSheet) bool { _, is := s.Grants[role]; return is }) {
			return false
		}
	}
	return true
}

// verified returns the roles of assignments whose delivery is not complete: "delivered"
// is said only of what was read back at this generation (S15).
func verified(h entitlement.Head, w entitlement.Work) roles {
	v := roles{}
	for _, waiting := range h.Waiting {
		for _, scope := range w.Scopes[waiting.Package].List {
			v[scope.Ref] = true
		}
	}
	return v
}

// sheetsFor adds an empty sheet for each target that is desired for the first time.
func sheetsFor(id entitlement.UserID, want roles, sheets []entitlement.GrantSheet) []entitlement.GrantSheet {
	have := map[entitlement.ConnectorID]bool{}
	for _, sheet := range sheets {
		have[sheet.Connector] = true
	}
	for role := range want {
		if !have[role.Connector] {
			have[role.Connector] = true
			sheets = append(sheets, entitlement.GrantSheet{Subject: id, Connector: role.Connector})
		}
	}
	slices.SortFunc(sheets, func(a, b entitlement.GrantSheet) int { return compareIDs(a.Connector, b.Connector) })
	return sheets
}

func (s *Service) claim(ctx context.Context, j *job, before entitlement.GrantSheet, verify roles, now time.Time) (*sheetJob, error) {
	sj := &sheetJob{job: j, token: s.IDs.New(), until: now.Add(s.Lease), fresh: roles{}, wrote: roles{}}
	var intend []entitlement.RoleRef
	for _, task := range Plan(j.want, verify, before, j.head.Gen) {
		if task.Grant {
			intend = append(intend, task.Role)
		}
	}
	var err error
	sj.sheet, err = s.Store.Claim(ctx, entitlement.Claim{Subject: j.subject, Connector: before.Connector, Token: sj.token, Now: now, Until: sj.until, Intend: intend})
	if err != nil {
		return nil, err
	}
	if sj.sheet.Grants == nil {
		sj.sheet.Grants = map[entitlement.RoleRef]entitlement.Grant{}
	}
	for _, role := range intend {
		if g := sj.sheet.Grants[role]; g.Intent == sj.token && g.Presence == entitlement.PresenceUnknown && g.Gen == 0 {
			sj.fresh[role] = true // it was not on record: nobody of us can have written it
		}
	}
	for _, task := range Plan(j.want, verify, sj.sheet, j.head.Gen) {
		// A role that vanished between the reading and the claim has no intention on record.
		// It is for the next round: a crash after the call would leave no trace of it (L9).
		if _, recorded := sj.sheet.Grants[task.Role]; recorded {
			sj.tasks = append(sj.tasks, task)
		}
	}
	return sj, nil
}

// release gives claims back unused.
func (s *Service) release(ctx context.Context, j *job) {
	var c entitlement.Change
	for _, sj := range j.sheets {
		sj.forget()
		c.Sheets = append(c.Sheets, sj.sheet)
	}
	if len(c.Sheets) == 0 {
		return
	}
	if err := s.Store.Commit(ctx, c); err != nil {
		s.Log.WarnContext(ctx, "claims were not released; their leases end by themselves", "subject", j.subject, "error", err)
	}
}

// work carries out the tasks of all jobs, target by target and all targets side by side,
// and hands over each job when its own targets are done: a silent target delays nobody
// who does not need it.
func (s *Service) work(ctx context.Context, jobs []*job) <-chan *job {
	done := make(chan *job, len(jobs))
	byTarget := map[entitlement.ConnectorID][]*sheetJob{}
	for _, j := range jobs {
		if j.err != nil || len(j.sheets) == 0 {
			done <- j
			continue
		}
		j.pending.Store(int32(len(j.sheets)))
		for _, sj := range j.sheets {
			byTarget[sj.sheet.Connector] = append(byTarget[sj.sheet.Connector], sj)
		}
	}
	var wg sync.WaitGroup
	for id, sheets := range byTarget {
		wg.Go(func() {
			(&target{service: s, id: id, sheets: sheets}).run(ctx)
			for _, sj := range sheets {
				if sj.job.pending.Add(-1) == 0 {
					done <- sj.job
				}
			}
		})
	}
	go func() {
		wg.Wait()
		close(done)
	}()
	return done
}

// settle records every job and returns the subjects that moved on meanwhile.
func (s *Service) settle(ctx context.Context, jobs <-chan *job, command string) []entitlement.UserID {
	var mu sync.Mutex
	var again []entitlement.UserID
	var g errgroup.Group
	g.SetLimit(parallelReads)
	for j := range jobs {
		g.Go(func() error {
			if j.err != nil {
				s.release(ctx, j)
				return nil
			}
			moved, err := s.settleOne(ctx, j, command)
			j.err = err
			if moved {
				mu.Lock()
				again = append(again, j.subject)
				mu.Unlock()
			}
			return nil
		})
	}
	g.Wait()
	return again
}

// settleOne commits what was seen. Where the subject moved on, the grants alone are
// recorded, for they are true all the same, and the subject is looked at again.
func (s *Service) settleOne(ctx context.Context, j *job, command string) (moved bool, err error) {
	sheets := slices.Clone(j.idle)
	var mine []entitlement.GrantSheet
	for _, sj := range j.sheets {
		sheets, mine = append(sheets, sj.sheet), append(mine, sj.sheet)
	}
	change, err := Settle(j.head, j.work, j.want, sheets, command, s.Clock.Now())
	if err != nil {
		return false, err
	}
	change.Sheets = mine
	err = s.Store.Commit(ctx, change)
	switch entitlement.StalePart(err) {
	case "":
		return false, err
	case entitlement.PartClaim:
		// Another worker took over while we were out: what it believes may be older than
		// what we did. The debt is set again so that somebody compares once more (S14).
		return true, s.Store.Commit(ctx, entitlement.Change{Heads: []entitlement.HeadChange{{Subject: j.subject, Look: s.Clock.Now()}}})
	default:
		if len(mine) == 0 {
			return true, nil
		}
		for _, sj := range j.sheets {
			sj.forget()
		}
		err = s.Store.Commit(ctx, entitlement.Change{Sheets: mine})
		if entitlement.StalePart(err) == entitlement.PartClaim {
			err = s.Store.Commit(ctx, entitlement.Change{Heads: []entitlement.HeadChange{{Subject: j.subject, Look: s.Clock.Now()}}})
		}
		return true, err
	}
}

// forget drops the roles that this claim entered and nobody wrote: where the subject moved
// on, or its claim is given back, its debt may be paid by then, and nobody would ever come
// to look at them.
func (sj *sheetJob) forget() {
	for role := range sj.fresh {
		if !sj.wrote[role] {
			delete(sj.sheet.Grants, role)
		}
	}
}

// fence returns those sheets whose claim and generation still hold and whose lease
// leaves time for a call.
func (s *Service) fence(ctx context.Context, sheets []*sheetJob) ([]*sheetJob, error) {
	fences := make([]entitlement.Fence, len(sheets))
	for i, sj := range sheets {
		fences[i] = entitlement.Fence{Subject: sj.job.subject, Connector: sj.sheet.Connector, Token: sj.token, Gen: sj.job.head.Gen}
	}
	holds, err := s.Store.Holding(ctx, fences)
	if err != nil {
		return nil, err
	}
	var hold []*sheetJob
	for i, sj := range sheets {
		if holds[i] && s.Clock.Now().Before(sj.until.Add(-reserve)) {
			hold = append(hold, sj)
		}
	}
	return hold, nil
}

func compareIDs[T ~string](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	default:
		return 0
	}
}

// refusalOf turns a failed call into what is recorded of each op in it. A refused
// credential is not final: with a new one delivery goes on by itself (F28).
func refusalOf(err error) *connector.Refusal {
	refusal := *connector.RefusalOf(err)
	if refusal.Reason == connector.CredentialRefused || refusal.Reason == connector.TargetUnavailable {
		refusal.Permanent = false
	}
	return &refusal
}
