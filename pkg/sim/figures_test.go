package sim

import (
	"flag"
	"io"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"leasehold/pkg/entitlement"
)

var figures = flag.Bool("sim.figures", false, "the figures at full size: minutes of time and gigabytes of memory")

var quietLog = slog.New(slog.NewTextHandler(io.Discard, &slog.HandlerOptions{Level: slog.LevelError + 1}))

// at returns what so many of a hundred are not above.
func at(percent int, all []time.Duration) time.Duration {
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[min(len(all)-1, len(all)*percent/100)].Round(time.Millisecond)
}

// Y8: all end just after a sweep, which is the worst instant. The store ends 400 a
// second: 4,000 write units at 10 each.
func TestY8_ExpiryLag(t *testing.T) {
	sizes := []int{1, 1000}
	if *figures {
		sizes = append(sizes, 100_000)
	}
	for _, n := range sizes {
		synctest.Test(t, func(t *testing.T) {
			w := newLoadTest(0, 100)
			w.pause = time.Second / 400 // what else is written waits for nothing, as the figure has it
			end := time.Now().Add(time.Hour + time.Millisecond)
			pkg, _ := w.pack(t, 0, entitlement.Expiration{Type: entitlement.ExpireAfterDateTime, End: end})
			for range n {
				u, _ := w.hold(t, pkg)
				h, _, err := w.Store.SubjectRecord(quiet, u)
				if err != nil {
					t.Fatal(err)
				}
				w.must(t, entitlement.Change{Settlements: []entitlement.Settlement{{Subject: u, Generation: h.Generation, Reconciled: true, Delivered: h.Waiting}}})
			}
			time.Sleep(time.Hour)
			w.open()
			for range 30 {
				if time.Sleep(30 * time.Second); w.count() == n {
					break
				}
			}
			w.close()
			t.Logf("Y8 expiry lag, %6d due at once: p50 %s, p99 %s, worst %s", len(w.ended), at(50, w.ended), at(99, w.ended), at(100, w.ended))
			limit := 65 * time.Second
			if n > 1000 {
				limit = 310 * time.Second
			}
			if len(w.ended) != n || at(99, w.ended) > limit {
				t.Errorf("%d of %d ended, p99 %s, want %s", len(w.ended), n, at(99, w.ended), limit)
			}
		})
	}
}

// Y9: one approval a second, a target that takes 200 ms for each call.
func TestY9_GrantLag(t *testing.T) {
	for _, roles := range []int{1, 3} {
		synctest.Test(t, func(t *testing.T) {
			w := newLoadTest(200*time.Millisecond, 20)
			pkg, _ := w.pack(t, roles, entitlement.Expiration{})
			w.open()
			began := map[entitlement.AssignmentID]time.Time{}
			for range 300 {
				u, a := w.hold(t, pkg)
				began[a] = time.Now()
				w.urgent.Enqueue(quiet, u)
				time.Sleep(time.Second)
			}
			time.Sleep(time.Minute)
			w.close()
			var lags []time.Duration
			for a, from := range began {
				if to, ok := w.settled[a]; ok {
					lags = append(lags, to.Sub(from))
				}
			}
			t.Logf("Y9 grant lag, %d roles, 200 ms a call: p50 %s, p99 %s of %d", roles, at(50, lags), at(99, lags), len(lags))
			if len(lags) != len(began) || at(99, lags) > 3*time.Second {
				t.Errorf("%d of %d delivered, p99 %s", len(lags), len(began), at(99, lags))
			}
		})
	}
}

// spread is what it took to bring a new role of a package to all its holders.
type spread struct {
	holds, writes, throttled, received, changes int
	took                                        time.Duration
}

// fanOut has so many people hold a package, adds a role to it, and lets half an hour pass
// at a target that takes batches of a size, so many writing calls a second, and its time.
// serial: one after the other.
func fanOut(t *testing.T, n, batch, limit int, latency time.Duration, serial bool) (s spread) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newLoadTest(0, batch)
		pkg, _ := w.pack(t, 1, entitlement.Expiration{})
		var people []entitlement.UserID
		for range n {
			u, _ := w.hold(t, pkg)
			people = append(people, u)
		}
		w.open()
		w.urgent.Enqueue(quiet, people...)
		time.Sleep(10 * time.Minute)
		w.target.mu.Lock()
		w.target.latency, w.target.limit, w.target.serial = latency, limit, serial
		s.writes = -w.target.applies
		w.target.mu.Unlock()
		w.mu.Lock()
		s.received, s.changes = -w.requests, -w.commits
		w.mu.Unlock()

		scopes, err := w.Store.Scopes(quiet, pkg)
		if err != nil {
			t.Fatal(err)
		}
		scopes.List = append(scopes.List, entitlement.ResourceRoleScope{ID: "new", Ref: loadRole(1)})
		started := time.Now()
		job := entitlement.NewJob(pkg, scopes.Version+1, started)
		w.must(t, entitlement.Change{Scopes: []entitlement.PackageScopes{scopes}, Jobs: []entitlement.Job{job}})
		w.fanout.EnqueueJob(quiet, job.Package, job.Generation)
		time.Sleep(30 * time.Minute)
		w.close()
		for _, is := range w.target.members[loadRole(1)] {
			if is {
				s.holds++
			}
		}
		s.writes, s.throttled, s.took = s.writes+w.target.applies, w.target.throttled, w.target.last.Sub(started).Round(time.Millisecond)
		s.received, s.changes = s.received+w.requests, s.changes+w.commits
	})
	if s.holds != n {
		t.Errorf("%d of %d hold the new role", s.holds, n)
	}
	return s
}

func holders() int {
	if *figures {
		return 10_000
	}
	return 1000
}

// Y4: a target that takes a hundred people at a time gets one call for each hundred.
func TestY4_FanOutCalls(t *testing.T) {
	n := holders()
	s := fanOut(t, n, 100, 0, 10*time.Millisecond, false)
	t.Logf("Y4 fan-out to %d, a hundred at a time: %s, %d writing calls, %d requests to queues besides %d sent, %d changes of the store", s.holds, s.took, s.writes, s.received, n/100+1, s.changes)
	if s.writes > n/100+1 {
		t.Errorf("%d writing calls, want at most %d", s.writes, n/100+1)
	}
}

// Y5: the target takes 20 writing calls a second of 20 people each.
func TestY5_FanOut(t *testing.T) {
	n := holders()
	for _, latency := range []time.Duration{10 * time.Millisecond, 50 * time.Millisecond, 200 * time.Millisecond} {
		s := fanOut(t, n, 20, 20, latency, false)
		t.Logf("Y5 fan-out to %d, 20 calls of 20 a second, %s each: %s, %d writing calls (%d throttled), %d requests to queues besides %d sent, %d changes of the store",
			s.holds, latency, s.took, s.writes, s.throttled, s.received, n/100+1, s.changes)
		if limit := time.Duration(n/20/20)*time.Second + 10*time.Second; s.took > limit {
			t.Errorf("it took %s, want at most %s", s.took, limit)
		}
	}
}

// Y5, where changes of one resource may undo each other: the writing calls come one after
// the other, whoever makes them, and little time lies between them.
func TestY5_FanOutOneAfterTheOther(t *testing.T) {
	n := holders()
	for _, latency := range []time.Duration{50 * time.Millisecond, 200 * time.Millisecond} {
		s := fanOut(t, n, 20, 20, latency, true)
		one := max(latency, time.Second/20)
		t.Logf("Y5 fan-out to %d, one call of 20 after the other, %s each: %s, %.2f of calls x time, %d writing calls (%d throttled), %d changes of the store",
			s.holds, latency, s.took, float64(s.took)/float64(time.Duration(n/20)*one), s.writes, s.throttled, s.changes)
		if limit := time.Duration(n/20)*one*11/10 + time.Second; s.took > limit {
			t.Errorf("it took %s, want at most %s", s.took, limit)
		}
	}
}

// Y17: writing calls for each that went through, at shares of failing calls; and the calls
// that a dead target gets in ten minutes.
func TestY17_RetryAmplification(t *testing.T) {
	n := 60
	if *figures {
		n = 1000
	}
	for _, fails := range []int{10, 100, 500} {
		synctest.Test(t, func(t *testing.T) {
			w := newLoadTest(50*time.Millisecond, 1)
			w.target.fails = fails
			pkg, _ := w.pack(t, 1, entitlement.Expiration{})
			w.open()
			for range n {
				u, _ := w.hold(t, pkg)
				w.urgent.Enqueue(quiet, u)
				time.Sleep(time.Second)
			}
			for range 24 * 60 {
				if w.target.done() == n {
					break
				}
				time.Sleep(time.Minute)
			}
			w.close()
			ratio := float64(w.target.applies) / float64(w.target.succeeded)
			t.Logf("Y17 %2d %% of calls fail: %.3f writing calls for each of %d that went through, %d calls of any sort", fails/10, ratio, w.target.succeeded, w.target.calls)
			if w.target.succeeded != n {
				t.Errorf("%d of %d went through", w.target.succeeded, n)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		w := newLoadTest(50*time.Millisecond, 20)
		w.target.down.Store(true)
		pkg, _ := w.pack(t, 1, entitlement.Expiration{})
		w.open()
		for range 600 {
			u, _ := w.hold(t, pkg)
			w.urgent.Enqueue(quiet, u)
			time.Sleep(time.Second)
		}
		calls := w.target.calls
		w.close()
		t.Logf("Y17 a dead target was called %d times in 10 minutes, one new request a second", calls)
		if calls > 20 {
			t.Errorf("%d calls, want at most 20", calls)
		}
	})
}

// Y18: whole lives a second on one core, from the direct assignment to the role read back
// absent, nothing going wrong and every check on.
func TestY18_WholeLives(t *testing.T) {
	const rounds = 100
	p := smallSimulation()
	p.Commands = nil
	for range rounds {
		for person := range p.People {
			p.Commands = append(p.Commands, Command{Kind: Assign, A: person, B: plainPack, C: 1})
		}
		p.Commands = append(p.Commands, Command{Kind: Urgent, A: 9}, Command{Kind: Pass, Span: 8 * time.Hour}, Command{Kind: Sweep}, Command{Kind: Urgent, A: 9})
	}
	started := time.Now()
	out := Run(t, p, false)
	took := time.Since(started)
	t.Logf("Y18 %d whole lives in %s: %.0f a second on one core, %d calls each", out.Lives, took.Round(time.Millisecond), float64(out.Lives)/took.Seconds(), out.Calls/max(out.Lives, 1))
	if out.Violation != "" || out.Lives < rounds*len(p.People) {
		t.Errorf("%d lives, %s", out.Lives, out.Violation)
	}
}
