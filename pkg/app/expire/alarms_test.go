package expire_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"sync"
	"testing"
	"time"

	"leasehold/pkg/app/expire"
	"leasehold/pkg/clock"
	"leasehold/pkg/connector"
	"leasehold/pkg/delivery"
	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/lifecycle"
	"leasehold/pkg/names"
	"leasehold/pkg/obs"
)

const target entitlement.ConnectorID = "00000000-0000-4000-8000-00000000c0de"

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// fixture is the sweep and the worker over the store that ships, minute by minute, with
// what they told of each minute.
type fixture struct {
	*testing.T
	*dynamotest.Damaged
	clock    *clock.Virtual
	out      bytes.Buffer
	sweep    func(context.Context, time.Time) error
	worker   *delivery.Service
	enqueued []entitlement.UserID
	mu       sync.Mutex // of held
	held     map[connector.PrincipalRef]bool
	refuses  error // what the target says to a write
	silent   error // what it says to everything
	unread   error // what the table says to a look at what is due
	unkept   error // what it says to a change of the sweep
	told     map[string][][]float64
	deadline time.Duration // of a sweep; none: it has all the time
}

func newFixture(t *testing.T) *fixture {
	w := &fixture{T: t, clock: clock.NewVirtual(time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)), held: map[connector.PrincipalRef]bool{}, told: map[string][][]float64{}}
	w.Damaged = dynamotest.NewDamaged(func(ctx context.Context, _ error) {
		w.metrics().Emit(ctx, names.MetricUnreadable, obs.UnitCount, 1, nil)
	})
	w.sweep = expire.Handler(&lifecycle.Service{Store: table{w}, Enqueuer: w, Jobs: w, Clock: w.clock, Log: quiet}, w.metrics())
	w.worker = &delivery.Service{Store: w.Store, Connectors: w, Queue: w, Clock: w.clock, IDs: w.clock, Lease: time.Minute, Log: quiet}
	return w
}

func (w *fixture) metrics() *obs.Metrics { return obs.NewMetrics(&w.out, w.clock.Now) }

// table is the store as the sweep sees it.
type table struct{ *fixture }

func (t table) Due(ctx context.Context, shard int, until time.Time, page entitlement.Page) (entitlement.Paged[entitlement.DueRef], error) {
	if t.unread != nil {
		return entitlement.Paged[entitlement.DueRef]{}, t.unread
	}
	return t.Store.Due(ctx, shard, until, page)
}

func (t table) Commit(ctx context.Context, c entitlement.Change) error {
	if t.unkept != nil {
		return t.unkept
	}
	return t.Store.Commit(ctx, c)
}

func (w *fixture) Enqueue(_ context.Context, subjects ...entitlement.UserID) error {
	w.enqueued = append(w.enqueued, subjects...)
	return nil
}

func (w *fixture) EnqueueAfter(context.Context, time.Duration, ...entitlement.UserID) error {
	return nil
}

func (w *fixture) EnqueueJob(context.Context, entitlement.PackageID, int64) error { return nil }

func (w *fixture) Open(context.Context, entitlement.ConnectorID) (connector.Connector, error) {
	return w, nil
}

func (w *fixture) Describe() connector.Capabilities {
	return connector.Capabilities{MaxBatch: 20, Ways: []connector.Way{"list"}, Authoritative: true}
}

func (w *fixture) Resource(context.Context, string) (connector.Resource, error) {
	return connector.Resource{}, nil
}

func (w *fixture) FindPrincipals(_ context.Context, who []connector.Correlation) ([]connector.Found, error) {
	found := make([]connector.Found, len(who))
	for i, p := range who {
		found[i].Ref = connector.PrincipalRef(p.User)
	}
	return found, nil
}

func (w *fixture) Apply(_ context.Context, _ entitlement.RoleRef, ops []connector.Op) ([]connector.Result, error) {
	if err := cmp.Or(w.silent, w.refuses); err != nil {
		return nil, err
	}
	w.mu.Lock() // changes of several roles come at once
	defer w.mu.Unlock()
	for _, op := range ops {
		w.held[op.Principal] = op.Grant
	}
	return make([]connector.Result, len(ops)), nil
}

func (w *fixture) Check(_ context.Context, _ entitlement.RoleRef, _ connector.Way, who []connector.PrincipalRef) ([]entitlement.Presence, error) {
	if w.silent != nil {
		return nil, w.silent
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	var held []entitlement.Presence
	for _, p := range who {
		held = append(held, entitlement.PresenceOf(w.held[p]))
	}
	return held, nil
}

// minutes lets time go by: each minute the sweep runs, and the worker looks at whom it named.
func (w *fixture) minutes(n int) {
	w.Helper()
	for range n {
		w.clock.Advance(time.Minute)
		ctx, cancel := w.Context(), context.CancelFunc(func() {})
		if w.deadline > 0 {
			ctx, cancel = context.WithTimeout(ctx, w.deadline)
		}
		_ = w.sweep(ctx, w.clock.Now()) // that it failed is a metric that it does not tell
		cancel()
		enqueued := w.enqueued
		w.enqueued = nil
		w.worker.Deliver(w.Context(), enqueued, "worker")

		minute := map[string][]float64{}
		for _, line := range bytes.Split(bytes.TrimSpace(w.out.Bytes()), []byte("\n")) {
			var values map[string]any
			if err := json.Unmarshal(line, &values); err != nil {
				w.Fatalf("%q: %v", line, err)
			}
			for name, v := range values {
				if metric, is := v.(float64); is {
					minute[name] = append(minute[name], metric)
				}
			}
		}
		w.out.Reset()
		for _, name := range []string{names.MetricExpiryLag, names.MetricOldestPendingReconciliation, names.MetricOverdueRemovals, names.MetricUnreadable} {
			w.told[name] = append(w.told[name], minute[name])
		}
	}
}

// assign gives somebody a package for so long, and has it delivered; ends reports the slot.
func (w *fixture) assign(long time.Duration) entitlement.AssignmentSlot {
	w.Helper()
	u := entitlement.UserID(w.clock.New())
	pkg := entitlement.AccessPackage{ID: entitlement.PackageID(w.clock.New()), Catalog: entitlement.CatalogID(w.clock.New())}
	policy := entitlement.AssignmentPolicy{ID: entitlement.PolicyID(w.clock.New()), Package: pkg.ID, Scope: entitlement.ScopeAllMembers,
		Requestor: entitlement.RequestorSettings{SelfAdd: true}, Expiration: entitlement.Expiration{Type: entitlement.ExpireAfterDuration, Duration: long}}
	pkg.Policies = []entitlement.PolicyID{policy.ID}
	ref := entitlement.RoleRef{Connector: target, Resource: "team", Role: "member"}
	w.commit(entitlement.Change{Users: []entitlement.User{{ID: u, Type: entitlement.Member, UserPrincipalName: string(u), Enabled: true}},
		Catalogs: []entitlement.Catalog{{ID: pkg.Catalog, Published: true}}, Packages: []entitlement.AccessPackage{pkg}, Policies: []entitlement.AssignmentPolicy{policy},
		Scopes: []entitlement.PackageScopes{{Package: pkg.ID, List: []entitlement.ResourceRoleScope{{ID: w.clock.New(), Ref: ref}}}}})
	ask, err := w.SubmitInputs(w.Context(), entitlement.SubmitKeys{Requestor: u, Subject: u, Package: pkg.ID})
	if err != nil {
		w.Fatal(err)
	}
	_, c, err := entitlement.Submit(entitlement.NewRequest{ID: entitlement.RequestID(w.clock.New()), Type: entitlement.UserAdd, NewID: w.clock.New}, ask, w.clock.Now())
	if err != nil {
		w.Fatal(err)
	}
	w.commit(c)
	w.enqueued = append(w.enqueued, u)
	slot, err := w.AssignmentSlot(w.Context(), pkg.ID, u)
	if err != nil {
		w.Fatal(err)
	}
	return slot
}

func (w *fixture) commit(c entitlement.Change) {
	w.Helper()
	if err := w.Commit(w.Context(), c); err != nil {
		w.Fatal(err)
	}
}

func refused(reason connector.Reason) error {
	return connector.Fail(entitlement.Unavailable, "call", &connector.Refusal{Reason: reason, Detail: "no"}, nil)
}

// story is what happens to a fixture, minute by minute.
type story struct {
	what string
	told func(*fixture)
}

// ours are the stories of the alarms on metrics of our own: one in which each must fire,
// and one in which it must not.
var ours = map[string]struct{ fires, quiet story }{
	"schedule-silent": {
		story{"the table cannot be read for six minutes", func(w *fixture) { w.unread = errors.New("down"); w.minutes(6) }},
		story{"a sweep fails now and then", func(w *fixture) {
			for range 10 {
				w.minutes(3)
				w.unread = errors.New("down")
				w.minutes(2)
				w.unread = nil
			}
		}},
	},
	"expiry-lag": {
		story{"an end cannot be recorded for ten minutes", func(w *fixture) {
			w.assign(time.Minute)
			w.unkept = errors.New("down")
			w.minutes(11)
		}},
		story{"three hundred end at once", func(w *fixture) {
			for range 300 {
				w.assign(5 * time.Minute)
			}
			w.minutes(20)
		}},
	},
	"overdue-removals": {
		story{"a target refuses a removal for twenty minutes", func(w *fixture) {
			w.assign(5 * time.Minute)
			w.minutes(2)
			w.refuses = refused(connector.RefusedByTarget)
			w.minutes(25)
		}},
		story{"a target does not answer for nine minutes", func(w *fixture) {
			w.assign(5 * time.Minute)
			w.minutes(2)
			w.silent = refused(connector.TargetUnavailable)
			w.minutes(11)
			w.silent = nil
			w.minutes(60)
		}},
	},
	"pending-reconciliation": {
		story{"a target does not answer for an hour and a quarter", func(w *fixture) {
			w.silent = refused(connector.TargetUnavailable)
			w.assign(24 * time.Hour)
			w.minutes(76)
		}},
		story{"a target does not answer for fifty minutes, and one refuses somebody for good", func(w *fixture) {
			final := refused(connector.RefusedByTarget)
			connector.RefusalOf(final).Permanent = true
			w.refuses = final
			w.assign(24 * time.Hour)
			w.minutes(2)
			w.refuses, w.silent = nil, refused(connector.TargetUnavailable)
			w.assign(24 * time.Hour)
			w.minutes(50)
			w.silent = nil
			w.minutes(120)
		}},
	},
	"unreadable-items": {
		story{"a newer version wrote something that falls due", func(w *fixture) {
			slot := w.assign(5 * time.Minute)
			w.minutes(2)
			w.SpoilAssignmentSlot(w.T, slot.Package, slot.Subject)
			w.minutes(5)
		}},
		story{"everything is as it should be", func(w *fixture) { w.assign(5 * time.Minute); w.minutes(20) }},
	},
}

// Each alarm on a metric of ours fires in the story in which it must, and not in the other.
func TestL2_EachAlarmOfOursFiresInItsStoryAndNotInTheOther(t *testing.T) {
	for _, a := range names.Alarms {
		if a.Metric.Name == "" {
			continue
		}
		told, known := ours[a.ID]
		if !known {
			t.Errorf("the alarm %s has no stories", a.ID)
			continue
		}
		for _, s := range []struct {
			story
			want bool
		}{{told.fires, true}, {told.quiet, false}} {
			t.Run(a.ID+"/"+s.what, func(t *testing.T) {
				w := newFixture(t)
				s.told(w)
				if a.Fires(w.told[a.Metric.Name]) != s.want {
					t.Errorf("fires: %t, want %t; %s was %v", !s.want, s.want, a.Metric.Name, w.told[a.Metric.Name])
				}
			})
		}
	}
}

// A removal that is refused for twelve hours is seen in every minute of them from the time
// on at which it is late, though it is tried once an hour.
func TestT2_ARefusedRemovalIsSeenInEveryMinuteOfTwelveHours(t *testing.T) {
	w := newFixture(t)
	w.assign(5 * time.Minute)
	w.minutes(4)
	w.refuses = refused(connector.RefusedByTarget)
	w.minutes(720)
	seen := 0
	for _, minute := range w.told[names.MetricOverdueRemovals] {
		if len(minute) == 1 && minute[0] == 1 {
			seen++
		}
	}
	t.Logf("seen in %d of 720 minutes", seen)
	if want := 720 - int(entitlement.OverdueAfter/time.Minute) - 1; seen < want {
		t.Errorf("seen in %d of 720 minutes, want %d", seen, want)
	}
}

// A sweep that had no time to look tells nothing of what it did not see: a zero would
// look like health.
func TestL2_ASweepWithoutTimeTellsNoZeros(t *testing.T) {
	w := newFixture(t)
	w.assign(time.Minute)
	w.minutes(2)
	w.told = map[string][][]float64{}
	w.deadline = time.Second // less than a sweep keeps for its end
	w.minutes(3)
	for _, minute := range w.told[names.MetricExpiryLag] {
		if len(minute) > 0 {
			t.Errorf("it told the lag %v of what it had not looked at", minute)
		}
	}
	alarm, _ := names.FindAlarm("schedule-silent")
	if w.minutes(2); !alarm.Fires(w.told[names.MetricExpiryLag]) {
		t.Error("nothing was done for five minutes, and no alarm fires")
	}
}
