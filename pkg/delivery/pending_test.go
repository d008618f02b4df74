package delivery_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
)

// slow is a server that takes changes and makes them later, as IAM Identity Center does.
type slow struct {
	*server
	takes time.Duration
	fails int // so many of them, in the end
	lost  int // so many are taken without an answer
	jobs  []job
	polls int

	taken int                    // grants among the changes
	stuck connector.PrincipalRef // whose changes are under way as long as it is
}

type job struct {
	op     connector.Op
	group  string
	due    time.Time
	failed bool
	over   bool
}

// opens makes the server the one that workers find.
func (s *slow) opens(b *bench) {
	s.server = b.server
	s.caps.MaxBatch, s.caps.SerialWrites = 1, false
	b.worker.Connectors = opener{s}
}

type opener struct{ connector.Connector }

func (o opener) Open(context.Context, entitlement.ConnectorID) (connector.Connector, error) {
	return o.Connector, nil
}

func (s *slow) work() {
	for i, j := range s.jobs {
		if j.over || j.due.After(time.Now()) || s.stuck != "" && j.op.Principal == s.stuck {
			continue
		}
		s.jobs[i].over = true
		if !j.failed {
			s.set(j.group, func(m map[connector.PrincipalRef]bool) {
				if delete(m, j.op.Principal); j.op.Grant {
					m[j.op.Principal] = true
				}
			})
		}
	}
}

// Apply takes a change, unless one of the same is under way.
func (s *slow) Apply(ctx context.Context, role entitlement.RoleRef, ops []connector.Op) ([]connector.Result, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.work()
	s.applies++
	if slices.ContainsFunc(s.jobs, func(j job) bool { return !j.over && j.op.Principal == ops[0].Principal }) {
		return []connector.Result{{Err: &connector.Refusal{Reason: connector.TargetUnavailable, Detail: "Another change is under way."}}}, nil
	}
	s.jobs = append(s.jobs, job{op: ops[0], group: role.Resource, due: time.Now().Add(s.takes), failed: s.fails > 0})
	s.fails = max(s.fails-1, 0)
	if ops[0].Grant {
		s.taken++
	}
	if s.lost > 0 {
		s.lost--
		return nil, connector.Fail(entitlement.Unavailable, "apply", &connector.Refusal{Reason: connector.TargetUnavailable, Detail: "Not answered."}, nil)
	}
	return []connector.Result{{Pending: fmt.Sprintf("job/%d", len(s.jobs)-1)}}, nil
}

// Poll tells how far one is.
func (s *slow) Poll(ctx context.Context, _ entitlement.RoleRef, pending string) (connector.Progress, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.work()
	s.polls++
	n := 0
	if _, err := fmt.Sscanf(pending, "job/%d", &n); err != nil {
		return connector.Progress{}, err
	}
	switch j := s.jobs[n]; {
	case !j.over:
		return connector.Progress{Running: true}, nil
	case j.failed:
		return connector.Progress{Err: &connector.Refusal{Reason: connector.RefusedByTarget, Detail: "It failed: the account is being changed."}}, nil
	}
	return connector.Progress{}, nil
}

func (s *slow) Check(ctx context.Context, role entitlement.RoleRef, way connector.Way, who []connector.PrincipalRef) ([]entitlement.Presence, error) {
	s.mu.Lock()
	s.work()
	s.mu.Unlock()
	return s.server.Check(ctx, role, way, who)
}

// grant returns what is on record of a person's only role.
func (b *bench) grant(u entitlement.UserID) (one entitlement.Grant) {
	b.t.Helper()
	_, sets, err := b.store.SubjectRecord(context.Background(), u)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, set := range sets {
		for _, g := range set.Grants {
			one = g
		}
	}
	return one
}

// A change that is under way for half an hour is asked for once, by functions that do not wait, and
// is called neither delivered nor failed meanwhile.
func TestF35_AChangeThatIsUnderWayForHalfAnHourIsWaitedForByNobody(t *testing.T) {
	onBench(t, func(b *bench) {
		s := &slow{takes: 30 * time.Minute}
		s.opens(b)
		u, p := b.staff(1)[0], b.pack("a")
		id := b.assign(u, p)
		b.enqueue(u)
		b.work(1)
		for range 29 {
			time.Sleep(time.Minute)
			if status := b.assignment(id).Status(time.Now()); status != "Delivering" {
				t.Fatalf("it is %s while it is under way", status)
			}
		}
		if g := b.grant(u); g.Pending == "" || g.Failing() {
			t.Errorf("on record is %+v", g)
		}
		took := b.within(7*time.Minute, "delivered", b.all([]entitlement.RequestID{id}, "Delivered"))
		if g := b.grant(u); s.applies != 1 || g.Pending != "" || g.Presence != entitlement.PresencePresent {
			t.Errorf("%d changes were sent, and on record is %+v", s.applies, g)
		}
		if s.polls > 20 || b.longest > 5*time.Second {
			t.Errorf("%d questions, and %s", s.polls, b)
		}
		t.Logf("delivered %s after it was made: %d changes, %d questions, %s", took-time.Minute, s.applies, s.polls, b)
	})
}

// A change that is taken and fails is shown with its reason, is never called delivered, and is made
// again later and later.
func TestF35_T5_AChangeThatIsTakenAndFailsSaysWhy(t *testing.T) {
	onBench(t, func(b *bench) {
		s := &slow{takes: 3 * time.Second, fails: 3}
		s.opens(b)
		u, p := b.staff(1)[0], b.pack("a")
		id := b.assign(u, p)
		b.enqueue(u)
		b.work(1)
		b.within(time.Minute, "the reason is on record", func() bool {
			g := b.grant(u)
			return g.Reason == string(connector.RefusedByTarget) && strings.Contains(g.Detail, "the account is being changed") && g.Pending == ""
		})
		if status := b.assignment(id).Status(time.Now()); status == "Delivered" {
			t.Error("it is called delivered")
		}
		// Until it is made, the last reason stays in sight.
		for s.fails > 0 {
			time.Sleep(time.Second)
			if g := b.grant(u); !g.Failing() {
				t.Fatalf("on record is %+v", g)
			}
		}
		b.within(20*time.Minute, "delivered", b.all([]entitlement.RequestID{id}, "Delivered"))
		if g := b.grant(u); s.applies != 4 || g.Failing() || g.Reason != "" {
			t.Errorf("%d changes were sent, and on record is %+v", s.applies, g)
		}
		if first, last := s.jobs[1].due.Sub(s.jobs[0].due), s.jobs[3].due.Sub(s.jobs[2].due); last < 2*first {
			t.Errorf("tried again after %s, and the last time after %s", first, last)
		}
	})
}

// What is to be taken away while it is being given is left alone until that is over, and then taken.
func TestF35_WhatIsTakenBackWhileItIsBeingGivenIsTakenWhenThatIsOver(t *testing.T) {
	onBench(t, func(b *bench) {
		s := &slow{takes: 10 * time.Minute}
		s.opens(b)
		u, p := b.staff(1)[0], b.pack("a")
		id := b.assign(u, p)
		b.enqueue(u)
		b.work(1)
		time.Sleep(time.Minute)
		b.remove(u, p)
		b.enqueue(u)
		time.Sleep(8 * time.Minute)
		if s.applies != 1 {
			t.Errorf("%d changes were sent while the first was under way", s.applies)
		}
		b.within(30*time.Minute, "expired", b.all([]entitlement.RequestID{id}, "Expired"))
		if s.there(u, "a") || s.applies != 2 {
			t.Errorf("there: %t after %d changes", s.there(u, "a"), s.applies)
		}
	})
}

// A worker that dies after the target took a change leaves no trace of what that is called: the
// change is made once more, and nothing is left behind at the end.
func TestF35_AChangeWhoseNameWasLostIsMadeAllTheSame(t *testing.T) {
	onBench(t, func(b *bench) {
		s := &slow{takes: 5 * time.Minute}
		s.opens(b)
		u, p := b.staff(1)[0], b.pack("a")
		id := b.assign(u, p)
		ref := b.server.people[u]
		s.jobs = append(s.jobs, job{op: connector.Op{Grant: true, Principal: ref}, group: "a", due: time.Now().Add(5 * time.Minute)})
		b.enqueue(u)
		b.work(1)
		b.within(20*time.Minute, "delivered", b.all([]entitlement.RequestID{id}, "Delivered"))
		b.remove(u, p)
		b.enqueue(u)
		b.within(40*time.Minute, "expired", b.all([]entitlement.RequestID{id}, "Expired"))
		if s.there(u, "a") {
			t.Error("it is still there")
		}
	})
}
