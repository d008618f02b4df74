package requests_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/requests"
)

// Of three hundred loops of asking and taking back, which all passed once, three do.
func TestA17_OfThreeHundredLoopsOfAskingAndTakingBackThreePass(t *testing.T) {
	ctx := context.Background()
	w := newFixture(t)
	boss := w.person("", false)
	mia, otto, admin := w.person(boss.ID, false), w.person(boss.ID, false), w.person("", true)
	p, policy := w.pack(manager)
	passed, refused := 0, 0
	for range 300 {
		r, err := w.Submit(ctx, mia, requests.Submission{Type: entitlement.UserAdd, Package: p.ID})
		switch entitlement.KindOf(err) {
		case entitlement.Throttled:
			refused++
			if wait := entitlement.WaitOf(err); wait <= 0 || wait > time.Hour || !strings.Contains(entitlement.MessageOf(err), "Ask again after") {
				t.Fatalf("%v, wait %s", err, wait)
			}
		default:
			if err != nil {
				t.Fatal(err)
			}
			passed++
			if err := w.Cancel(ctx, mia, r.ID); err != nil {
				t.Fatal(err)
			}
		}
		w.clock.Advance(time.Second)
	}
	if passed != 3 || refused != 297 {
		t.Errorf("%d loops passed, %d were refused", passed, refused)
	}

	w.ask(otto, p) // it is closed to her alone
	w.assign(admin, mia.ID, policy, "because")
	w.kind(w.Cancel(ctx, mia, w.open(p, mia.ID)), entitlement.Forbidden)
	if err := w.Cancel(ctx, admin, w.open(p, mia.ID)); err != nil {
		t.Fatal(err)
	}
	w.clock.Advance(time.Hour)
	w.ask(mia, p)
}

// open returns the request that is open for somebody.
func (w *fixture) open(p entitlement.AccessPackage, who entitlement.UserID) entitlement.RequestID {
	w.t.Helper()
	slot, err := w.store.AssignmentSlot(context.Background(), p.ID, who)
	if err != nil || slot.Open == "" {
		w.t.Fatalf("%+v, %v", slot, err)
	}
	return slot.Open
}

func TestA17_TheFiftyFirstOpenRequestOfAPersonIsRefused(t *testing.T) {
	ctx := context.Background()
	w := newFixture(t)
	boss := w.person("", false)
	mia, admin := w.person(boss.ID, false), w.person("", true)
	var last entitlement.AssignmentRequest
	for range entitlement.MaxOpen {
		p, _ := w.pack(manager)
		last = w.ask(mia, p)
	}
	p, policy := w.pack(manager)
	_, err := w.Submit(ctx, mia, requests.Submission{Type: entitlement.UserAdd, Package: p.ID})
	w.kind(err, entitlement.Throttled)
	free, _ := w.pack()
	w.ask(mia, free) // which nobody need decide on
	w.assign(admin, mia.ID, policy, "because")

	if err := w.Cancel(ctx, mia, last.ID); err != nil {
		t.Fatal(err)
	}
	if err := w.Cancel(ctx, admin, w.open(p, mia.ID)); err != nil {
		t.Fatal(err)
	}
	w.ask(mia, p)
}

// A page of what somebody holds is as long as asked, and the next one goes on behind it,
// whatever ends in between.
func TestS21_LiveAssignmentsHavePages(t *testing.T) {
	ctx := context.Background()
	w := newFixture(t)
	mia, admin := w.person("", false), w.person("", true)
	want := map[entitlement.AssignmentID]bool{}
	for range 12 {
		p, _ := w.pack()
		want[w.ask(mia, p).AssignmentOf()] = true
	}
	var seen []entitlement.AssignmentID
	for page := (entitlement.Page{Limit: 5}); ; {
		list, err := w.Held(ctx, mia.Caller, page)
		if err != nil || len(list.Items) > 5 {
			t.Fatalf("%d on one page, %v", len(list.Items), err)
		}
		for _, a := range list.Items {
			if want[a.ID] {
				delete(want, a.ID)
				seen = append(seen, a.ID)
			}
		}
		if len(seen) == 5 {
			if _, err := w.Remove(ctx, admin, entitlement.AdminRemove, seen[4], ""); err != nil {
				t.Fatal(err)
			}
		}
		if page.Token = list.Next; page.Token == "" {
			break
		}
	}
	if len(want) > 0 {
		t.Errorf("not listed: %v", want)
	}
}
