package delivery_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"leasehold/pkg/clock"
	"leasehold/pkg/connector"
	"leasehold/pkg/delivery"
	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

// over is a fixture on another table: that which was restored.
func (d *driftFixture) over(store *dynamotest.Store) {
	d.store, d.worker.Store, d.drift.Store = store, store, store
}

// owed delivers to all who are owed something, as the sweep has it done.
func (d *driftFixture) owed() (people int) {
	d.t.Helper()
	for shard := range names.ReconcileShards {
		list, err := d.store.PendingReconciliation(context.Background(), shard, d.clock.Now(), entitlement.Page{})
		if err != nil {
			d.t.Fatal(err)
		}
		d.deliver(list.Items...)
		people += len(list.Items)
	}
	return people
}

// TestF33_... restores a backup while the target went on: of each thing that can happen to a role in
// the hour that is lost, what the table thinks by then is another.
func TestF33_ATableRestoredFromABackupIsComparedAndNothingIsTakenThatNobodyDecided(t *testing.T) {
	for _, mode := range []entitlement.DriftMode{entitlement.DriftReport, entitlement.DriftGiveAgain} {
		t.Run(mode.Word(), func(t *testing.T) {
			d := newDrift(t)
			store, backup := dynamotest.Restorable()
			d.over(store)
			p := d.pack("group")
			d.offer(p, mode)
			all := d.holders(10, p)
			ended, removedByHand := all[2], all[3]

			// At the backup one is being given the role, and one is losing it.
			coming, going := d.person(), all[4]
			d.assign(coming, p)
			d.remove(going, p)
			given, unknown := d.person(), "at-somebody-made-later"
			restore := backup()

			// In the hour that is lost.
			d.deliver(coming, going)
			d.assign(given, p)
			d.remove(ended, p)
			d.deliver(given, ended)
			d.clock.Advance(10 * time.Minute)
			d.deliver(ended, going)
			d.lister.take(role("group"), removedByHand)
			d.lister.add(role("group"), unknown)
			if d.target.times(role("group"), ended)+d.target.times(role("group"), going) != 0 || d.target.times(role("group"), given) != 1 {
				t.Fatalf("before the restore the target has %v", d.target.members[role("group")])
			}
			d.clock.Advance(50 * time.Minute)

			d.over(restore())
			before := slices.Clone(d.target.members[role("group")])
			if n := d.owed(); n != 2 {
				t.Fatalf("%d people were owed something at the backup, want 2", n)
			}
			d.clock.Advance(10 * time.Minute)
			d.owed()
			d.run(2)

			missing, extra := principals([]entitlement.UserID{ended, removedByHand}), []string{"at-" + string(given), unknown}
			d.mustFind(role("group"), missing, extra)
			for _, p := range before {
				if !slices.Contains(d.target.members[role("group")], p) {
					t.Errorf("%s was taken away, and nobody decided that", p)
				}
			}
			if d.target.times(role("group"), coming) != 1 || d.target.times(role("group"), going) != 0 {
				t.Errorf("what was under way at the backup did not come to its end")
			}

			// What the restored table thinks is delivered comes back where that is the setting, and only there.
			d.owed()
			want := map[entitlement.DriftMode]int{entitlement.DriftReport: 0, entitlement.DriftGiveAgain: 1}[mode]
			for _, u := range []entitlement.UserID{ended, removedByHand} {
				if n := d.target.times(role("group"), u); n != want {
					t.Errorf("%s: the target lists the person %d times, want %d", mode.Word(), n, want)
				}
			}

			// Whoever got the role in the lost hour keeps it, and holds it by us once it is assigned again.
			d.assign(given, p)
			d.deliver(given)
			d.clock.Advance(24 * time.Hour)
			d.run(2)
			if mode == entitlement.DriftGiveAgain {
				missing = nil
			}
			d.mustFind(role("group"), missing, []string{unknown})
			if n := d.target.times(role("group"), given); n != 1 {
				t.Errorf("the target lists whoever was assigned again %d times", n)
			}
		})
	}
}

// declining is a target that turns out not to list who holds a role.
type declining struct{ *lister }

func (l *declining) Open(context.Context, entitlement.ConnectorID) (connector.Connector, error) {
	return l, nil
}

func (l *declining) Holders(context.Context, entitlement.RoleRef, string) (connector.HolderPage, error) {
	return connector.HolderPage{}, entitlement.Errorf(entitlement.Unsupported, "No filter finds them.")
}

func TestL8_ATargetThatTurnsOutNotToListIsAskedAboutThoseWhoOughtToBeThere(t *testing.T) {
	d := newDrift(t)
	p := d.pack("group")
	all := d.holders(30, p)
	d.drift.Connectors = &declining{d.lister}
	d.lister.take(role("group"), all[7])
	d.lister.add(role("group"), "stranger")
	d.run(3)
	d.mustFind(role("group"), principals([]entitlement.UserID{all[7]}), nil)
	if s := d.scan(role("group")); s.Lists || s.Reason != "" || s.Completed.IsZero() {
		t.Errorf("the scan says %+v", s)
	}
}

// expiring is a target that does not take the places in its list any more that it handed out before.
type expiring struct {
	*lister
	clock   clock.Clock
	at      time.Time
	expires time.Duration
	refused int
}

func (l *expiring) Open(context.Context, entitlement.ConnectorID) (connector.Connector, error) {
	return l, nil
}

func (l *expiring) Holders(ctx context.Context, role entitlement.RoleRef, cursor string) (connector.HolderPage, error) {
	if cursor == "" {
		l.at = l.clock.Now()
	}
	if l.clock.Now().Sub(l.at) >= l.expires {
		l.refused++
		return connector.HolderPage{}, connector.Fail(entitlement.Unavailable, "list", &connector.Refusal{Reason: connector.NotUnderstood, Detail: "The place expired."}, errors.New("expired"))
	}
	return l.lister.Holders(ctx, role, cursor)
}

// A list that is read over several runs begins anew where the target does not take its place any more.
func TestL8_AListWhosePlaceExpiredIsReadAnewFromItsBegin(t *testing.T) {
	d := newDrift(t)
	p := d.pack("group")
	all := d.holders(100, p) // two runs of sixty calls
	d.lister.page = 1
	old := &expiring{lister: d.lister, clock: d.clock, expires: time.Minute}
	d.drift.Connectors = old
	d.lister.take(role("group"), all[7])
	d.lister.add(role("group"), "stranger")
	d.run(2)
	if s := d.scan(role("group")); old.refused != 1 || s.Reason != string(connector.NotUnderstood) || s.Cursor != "" || s.Phase != entitlement.DriftWaits {
		t.Fatalf("refused %d times; the scan says %+v", old.refused, s)
	}

	old.expires = time.Hour
	d.clock.Advance(time.Hour)
	d.run(5)
	d.mustFind(role("group"), principals([]entitlement.UserID{all[7]}), []string{"stranger"})
	if s := d.scan(role("group")); s.Holders != 100 || s.Reason != "" {
		t.Errorf("the scan says %+v", s)
	}
}

var _ delivery.Connectors = (*declining)(nil)
