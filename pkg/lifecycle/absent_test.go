package lifecycle_test

import (
	"context"
	"io"
	"log/slog"
	"slices"
	"testing"
	"time"

	"leasehold/pkg/authz"
	"leasehold/pkg/directory"
	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/entitlement"
)

// administrator is a command of somebody who may administer.
func administrator(id entitlement.UserID, command string) authz.Command {
	return authz.Command{Caller: authz.Caller{ID: id, Scopes: authz.Every}, CommandID: command}.
		As(entitlement.User{ID: id, Enabled: true, Groups: []entitlement.GroupID{entitlement.AdministratorsGroup}})
}

// approvalFixture is a fixture with a directory, and people who approve in it.
type approvalFixture struct {
	*fixture
	directory *directory.Service
	by        authz.Command
	boss, fay entitlement.UserID
	board     entitlement.GroupID
	ann, bob  entitlement.UserID // of the board
}

func newApprovalFixture(t *testing.T) *approvalFixture { return approvalFixtureIn(t, newFixture(t)) }

func approvalFixtureIn(t *testing.T, in *fixture) *approvalFixture {
	w := &approvalFixture{fixture: in, by: administrator("adm", "call")}
	w.directory = &directory.Service{Store: w.store, Clock: w.clock, IDs: w.clock, Enqueuer: w.fixture, Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
	for _, u := range []*entitlement.UserID{&w.boss, &w.fay, &w.ann, &w.bob} {
		*u = w.hire()
	}
	g, err := w.directory.CreateGroup(context.Background(), w.by, entitlement.Group{DisplayName: "Board"})
	if err == nil {
		err = w.directory.AddMembers(context.Background(), w.by, g.ID, false, w.ann, w.bob)
	}
	if err != nil {
		t.Fatal(err)
	}
	w.board = g.ID
	return w
}

func (w *approvalFixture) hire() entitlement.UserID {
	w.t.Helper()
	u, err := w.directory.CreateUser(context.Background(), w.by, entitlement.User{Type: entitlement.Member, DisplayName: "P", UserPrincipalName: w.clock.New(), Enabled: true})
	if err != nil {
		w.t.Fatal(err)
	}
	return u.ID
}

// enabled switches an account on or off.
func (w *approvalFixture) enabled(id entitlement.UserID, is bool) {
	w.t.Helper()
	if _, err := w.directory.UpdateUser(context.Background(), w.by, id, func(u *entitlement.User) error { u.Enabled = is; return nil }); err != nil {
		w.t.Fatal(err)
	}
}

var askManager = entitlement.SubjectSet{Kind: entitlement.RequestorManager}

func single(u entitlement.UserID) entitlement.SubjectSet {
	return entitlement.SubjectSet{Kind: entitlement.SingleUser, ID: string(u)}
}

func members(g entitlement.GroupID) entitlement.SubjectSet {
	return entitlement.SubjectSet{Kind: entitlement.GroupMembers, ID: string(g)}
}

// asks makes a request of somebody new, whose manager is the boss; Fay is the fallback.
func (w *approvalFixture) asks(primary ...entitlement.SubjectSet) entitlement.AssignmentRequest {
	w.t.Helper()
	stage := entitlement.ApprovalStage{Primary: primary, Fallback: []entitlement.SubjectSet{single(w.fay)}}
	subject := w.hire()
	if err := w.directory.SetManager(context.Background(), w.by, subject, w.boss); err != nil {
		w.t.Fatal(err)
	}
	return w.fixture.askBy(subject, entitlement.AssignmentPolicy{Approval: entitlement.ApprovalSettings{RequiredForAdd: true, Stages: []entitlement.ApprovalStage{stage}}}, entitlement.Schedule{})
}

// waitsFor demands that the request is among what waits for somebody, or is not.
func (w *approvalFixture) waitsFor(r entitlement.AssignmentRequest, who entitlement.UserID, want bool) {
	w.t.Helper()
	if w.settle != nil {
		w.settle()
	}
	u, err := w.store.User(context.Background(), who)
	if err != nil {
		w.t.Fatal(err)
	}
	list, err := w.store.Inbox(context.Background(), u, entitlement.Page{})
	is := slices.ContainsFunc(list.Items, func(x entitlement.AssignmentRequest) bool { return x.ID == r.ID && x.MayReview(u, w.boss) })
	if err != nil || is != want {
		w.t.Errorf("it waits for %s: %t, %v, want %t", who, is, err, want)
	}
}

func (w *approvalFixture) absences() int {
	n := 0
	for _, u := range []entitlement.UserID{w.boss, w.fay, w.ann, w.bob} {
		items, err := w.store.Read(context.Background(), []entitlement.DueRef{{Kind: entitlement.DueAbsence, Absent: u}})
		if err != nil {
			w.t.Fatal(err)
		}
		n += len(items.Absences)
	}
	return n
}

// Whatever makes it so that nobody is there to decide is found by the next sweep.
func TestR52_WhenNobodyIsLeftToDecideOthersBecomeApproversWithinAMinute(t *testing.T) {
	ctx := context.Background()
	for name, c := range map[string]struct {
		asks    func(w *approvalFixture) []entitlement.SubjectSet
		happens func(w *approvalFixture, r entitlement.AssignmentRequest) error
		widened bool
	}{
		"the manager is disabled": {func(*approvalFixture) []entitlement.SubjectSet { return []entitlement.SubjectSet{askManager} },
			func(w *approvalFixture, _ entitlement.AssignmentRequest) error { w.enabled(w.boss, false); return nil }, true},
		"the manager is deleted": {func(*approvalFixture) []entitlement.SubjectSet { return []entitlement.SubjectSet{askManager} },
			func(w *approvalFixture, _ entitlement.AssignmentRequest) error {
				return w.directory.DeleteUser(ctx, w.by, w.boss)
			}, true},
		"the manager is taken off": {func(*approvalFixture) []entitlement.SubjectSet { return []entitlement.SubjectSet{askManager} },
			func(w *approvalFixture, r entitlement.AssignmentRequest) error {
				return w.directory.SetManager(ctx, w.by, r.Subject, "")
			}, true},
		"another manager comes, who is disabled": {func(*approvalFixture) []entitlement.SubjectSet { return []entitlement.SubjectSet{askManager} },
			func(w *approvalFixture, r entitlement.AssignmentRequest) error {
				w.enabled(w.bob, false)
				return w.directory.SetManager(ctx, w.by, r.Subject, w.bob)
			}, true},
		"another manager comes, who is there": {func(*approvalFixture) []entitlement.SubjectSet { return []entitlement.SubjectSet{askManager} },
			func(w *approvalFixture, r entitlement.AssignmentRequest) error {
				return w.directory.SetManager(ctx, w.by, r.Subject, w.bob)
			}, false},
		"the manager is disabled, and somebody else is asked": {func(w *approvalFixture) []entitlement.SubjectSet {
			return []entitlement.SubjectSet{askManager, single(w.ann)}
		},
			func(w *approvalFixture, _ entitlement.AssignmentRequest) error { w.enabled(w.boss, false); return nil }, false},
		"one who is named is disabled": {func(w *approvalFixture) []entitlement.SubjectSet { return []entitlement.SubjectSet{single(w.ann)} },
			func(w *approvalFixture, _ entitlement.AssignmentRequest) error { w.enabled(w.ann, false); return nil }, true},
		"one member of a group is disabled": {func(w *approvalFixture) []entitlement.SubjectSet { return []entitlement.SubjectSet{members(w.board)} },
			func(w *approvalFixture, _ entitlement.AssignmentRequest) error { w.enabled(w.ann, false); return nil }, false},
		"all members of a group are disabled": {func(w *approvalFixture) []entitlement.SubjectSet { return []entitlement.SubjectSet{members(w.board)} },
			func(w *approvalFixture, _ entitlement.AssignmentRequest) error {
				w.enabled(w.ann, false)
				w.enabled(w.bob, false)
				return nil
			}, true},
		"the last member leaves a group": {func(w *approvalFixture) []entitlement.SubjectSet { return []entitlement.SubjectSet{members(w.board)} },
			func(w *approvalFixture, _ entitlement.AssignmentRequest) error {
				return w.directory.RemoveMembers(ctx, w.by, w.board, false, w.ann, w.bob)
			}, true},
		"the last enabled member leaves a group": {func(w *approvalFixture) []entitlement.SubjectSet { return []entitlement.SubjectSet{members(w.board)} },
			func(w *approvalFixture, _ entitlement.AssignmentRequest) error {
				w.enabled(w.bob, false)
				w.run()
				return w.directory.RemoveMembers(ctx, w.by, w.board, false, w.ann)
			}, true},
		"all members of a group are deleted": {func(w *approvalFixture) []entitlement.SubjectSet { return []entitlement.SubjectSet{members(w.board)} },
			func(w *approvalFixture, _ entitlement.AssignmentRequest) error {
				if err := w.directory.DeleteUser(ctx, w.by, w.ann); err != nil {
					return err
				}
				return w.directory.DeleteUser(ctx, w.by, w.bob)
			}, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newApprovalFixture(t)
			r := w.asks(c.asks(w)...)
			w.run()
			w.waitsFor(r, w.fay, false)
			if err := c.happens(w, r); err != nil {
				t.Fatal(err)
			}
			w.clock.Advance(time.Minute)
			got := w.run()
			w.waitsFor(r, w.fay, c.widened)
			events, err := w.store.Events(ctx, entitlement.OfRequest, string(r.ID))
			added := slices.ContainsFunc(events, func(e entitlement.Event) bool {
				return e.Kind == "approversAdded" && e.Actor == entitlement.Service && e.Data["approvers"] == "singleUser "+string(w.fay)
			})
			if err != nil || added != c.widened || c.widened && got.Widened+got.Escalated != 1 {
				t.Errorf("S2: the events are %+v, %v; %+v", events, err, got)
			}

			w.clock.Advance(2 * time.Minute)
			w.run()
			again, err := w.store.Events(ctx, entitlement.OfRequest, string(r.ID))
			if err != nil || len(again) != len(events) || w.absences() != 0 {
				t.Errorf("T17, L10: the second look: %d events, then %d; %d absences are left, %v", len(events), len(again), w.absences(), err)
			}
		})
	}
}

func TestR52_WhatTheIndexHadNotHeardOfIsFoundByTheSecondLook(t *testing.T) {
	w := approvalFixtureIn(t, newFixtureBehind(t))
	early := w.asks(askManager)
	w.enabled(w.boss, false)
	w.settle()
	late := w.asks(askManager) // decided on while the boss was there still, and written after that
	w.clock.Advance(time.Second)
	w.run()
	w.waitsFor(early, w.fay, true)
	w.waitsFor(late, w.fay, false)
	w.clock.Advance(time.Minute)
	w.settle()
	w.run()
	w.waitsFor(late, w.fay, true)
}

// mute is a store that does not read what waits for somebody while it fails.
type mute struct {
	*dynamotest.Store
	fails *bool
}

func (m *mute) Inbox(ctx context.Context, u entitlement.User, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentRequest], error) {
	if *m.fails {
		return entitlement.Paged[entitlement.AssignmentRequest]{}, entitlement.Errorf(entitlement.Unavailable, "The store does not answer.")
	}
	return m.Store.Inbox(ctx, u, page)
}

func TestS21_OfManyWhoWaitForOneEachSweepTakesItsShareAndNoneIsForgotten(t *testing.T) {
	fail := false
	w := newApprovalFixture(t)
	w.sweep.Store = &mute{w.store, &fail}
	var all []entitlement.AssignmentRequest
	for range 250 {
		all = append(all, w.asks(askManager))
	}
	w.enabled(w.boss, false)
	fail = true // a crash in the middle leaves the rest to the next sweep
	if got, err := w.sweep.Sweep(context.Background(), "sweep"); err != nil || got.Failed != 1 || got.Widened != 0 {
		t.Fatalf("%+v, %v", got, err)
	}
	fail = false
	for _, want := range []int{100, 100, 50, 0} {
		if got := w.run(); got.Widened != want {
			t.Errorf("got %+v, want %d", got, want)
		}
	}
	for _, r := range all {
		if got, err := w.store.Request(context.Background(), r.ID); err != nil || !slices.Contains(got.Stages[0].Approvers, single(w.fay)) {
			t.Fatalf("%s asks %v, %v", r.ID, got.Stages[0].Approvers, err)
		}
	}
}

func TestR52_ADailyLookFindsWhatNobodyNoted(t *testing.T) {
	ctx := context.Background()
	w := newApprovalFixture(t)
	r, quiet := w.asks(askManager), w.asks(single(w.ann))
	u, err := w.store.User(ctx, w.boss)
	if err != nil {
		t.Fatal(err)
	}
	u.Enabled = false
	w.commit(entitlement.Change{Users: []entitlement.User{u}}) // by no command of the directory
	w.clock.Advance(24*time.Hour - time.Second)
	if got := w.run(); got.Widened != 0 {
		t.Fatalf("got %+v", got)
	}
	w.clock.Advance(time.Second)
	if got := w.run(); got.Widened != 1 || got.Escalated+got.TimedOut+got.Started != 0 {
		t.Fatalf("got %+v", got)
	}
	w.waitsFor(r, w.fay, true)
	before, err := w.store.Request(ctx, quiet.ID)
	if err != nil || before.Chain.Number != 1 || !before.Due.Equal(w.clock.Now().Add(24*time.Hour)) {
		t.Errorf("one that somebody can decide gets another day and no event: %+v, %v", before, err)
	}
	w.clock.Advance(24*time.Hour - 1)
	w.run()
	if after, err := w.store.Request(ctx, quiet.ID); err != nil || after.Version != before.Version {
		t.Errorf("L10: it was written again on the same day: %+v, %v", after, err)
	}
	w.clock.Advance(14 * 24 * time.Hour)
	w.run()
	w.state(r, entitlement.RequestDenied)
	w.state(quiet, entitlement.RequestDenied)
}

func TestR60_AnAlternateWhoIsGoneIsReplacedWhenItIsTheirTime(t *testing.T) {
	w := newApprovalFixture(t)
	w.enabled(w.bob, false)
	stage := entitlement.ApprovalStage{Primary: []entitlement.SubjectSet{single(w.ann)}, Escalation: true, EscalateAfter: time.Hour, Alternates: []entitlement.SubjectSet{single(w.bob)},
		FallbackAlternates: []entitlement.SubjectSet{single(w.fay)}}
	r := w.fixture.askBy(w.hire(), entitlement.AssignmentPolicy{Approval: entitlement.ApprovalSettings{RequiredForAdd: true, Stages: []entitlement.ApprovalStage{stage}}}, entitlement.Schedule{})
	w.enabled(w.ann, false)
	w.clock.Advance(time.Hour)
	w.run()
	w.waitsFor(r, w.fay, true)
}

func TestF36_AScheduledStartForSomebodyWhoLeftTheGroupLapses(t *testing.T) {
	ctx := context.Background()
	for name, left := range map[string]bool{"left": true, "still in it": false} {
		t.Run(name, func(t *testing.T) {
			w := newApprovalFixture(t)
			mia := w.hire()
			if err := w.directory.AddMembers(ctx, w.by, w.board, false, mia); err != nil {
				t.Fatal(err)
			}
			p := entitlement.AssignmentPolicy{Scope: entitlement.ScopeSpecificUsers, Targets: []entitlement.SubjectSet{members(w.board)}}
			r := w.fixture.askBy(mia, p, entitlement.Schedule{Start: w.clock.Now().Add(time.Minute)})
			if left {
				if err := w.directory.RemoveMembers(ctx, w.by, w.board, false, mia); err != nil {
					t.Fatal(err)
				}
			}
			w.clock.Advance(time.Minute)
			got := w.run()
			if !left {
				w.state(r, entitlement.RequestDelivering)
				return
			}
			w.state(r, entitlement.RequestCanceled)
			after, err := w.store.Request(ctx, r.ID)
			if err != nil || after.Outcome != entitlement.OutcomeLapsed || got.Lapsed != 1 || got.Started != 0 {
				t.Errorf("got %s, %+v, %v", after.Outcome, got, err)
			}
		})
	}
}
