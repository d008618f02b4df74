package graph

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"leasehold/pkg/clock"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

// The eleventh write of a second is refused, before anything is read for it; another
// caller, and a read, are not.
func TestA17_ACallerWritesTenTimesASecond(t *testing.T) {
	w := newFixture(t)
	w.offer(open())
	for _, function := range []string{names.Catalogs, names.Requests} {
		w.api[function].(*api).deps.Limiter = NewLimiter(w.clock)
	}
	write := func(as string) reply {
		return w.call(as, "POST", "/v1.0/groups", object{"displayName": "g", "mailEnabled": false, "mailNickname": "g", "securityEnabled": true})
	}
	for range writesAtOnce {
		write("admin").want(201)
	}
	before := w.reads.Load()
	refused := write("admin").want(429)
	if w.reads.Load() != before {
		t.Error("something was read for who is refused")
	}
	if refused.header.Get("Retry-After") != "1" || refused.get("error.code") != "activityLimitReached" {
		t.Errorf("got %v %s", refused.header, refused.text)
	}
	w.call("admin", "GET", "/v1.0/me", nil).want(200)
	write("robot").want(201)
	w.call("admin", "GET", "/v1.0/groups", nil).want(200)

	w.clock.Advance(100 * time.Millisecond)
	write("admin").want(201)
	write("admin").want(429)
	w.clock.Advance(time.Second)
	for range writesAtOnce {
		write("admin").want(201)
	}
	write("admin").want(429)

	// What people ask and take back is bounded alike, in the other function.
	for range writesAtOnce {
		w.call("member", "POST", requestPath, object{"requestType": "userAdd"}).want(400)
	}
	w.call("member", "POST", requestPath, object{"requestType": "userAdd"}).want(429)
}

func TestS21_TheLimiterRemembersSoManyCallersAndNoMore(t *testing.T) {
	c := clock.NewVirtual(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC))
	l := NewLimiter(c)
	who := func(n int) entitlement.Principal { return entitlement.Principal{Value: fmt.Sprint(n)} }
	flood := who(-1)
	for range writesAtOnce {
		if err := l.take(flood); err != nil {
			t.Fatal(err)
		}
	}
	for n := range 3 * maxCallers {
		if err := l.take(who(n)); err != nil {
			t.Fatalf("%d: %v", n, err)
		}
		if len(l.next) > maxCallers {
			t.Fatalf("%d callers are remembered", len(l.next))
		}
	}
	if err := l.take(flood); entitlement.KindOf(err) != entitlement.Throttled {
		t.Errorf("who floods is forgotten for all the others: %v", err)
	}
	c.Advance(2 * time.Second)
	if err := l.take(who(-2)); err != nil || len(l.next) != 1 {
		t.Errorf("%d callers are remembered who have waited: %v", len(l.next), err)
	}
}

// A path that changes nothing needs no scope that opens changes, and the reverse.
func TestA17_EveryOperationThatChangesSomethingCounts(t *testing.T) {
	reads := map[string]bool{}
	for _, op := range append(catalogsTable(), requestsTable()...) {
		if op.method != "GET" && !op.writes() && op.serve != nil {
			reads[op.name()] = true
		}
		if op.method == "GET" && op.writes() {
			t.Errorf("%s reads, and counts as a write", op.name())
		}
	}
	delete(reads, "POST "+exportsPath) // it is counted by itself, and takes no scope that opens changes
	for name := range reads {
		if name != "POST "+em+"/accessPackages/{accessPackageId}/getApplicablePolicyRequirements" && name != "POST "+root+"/$batch" { // whose parts count
			t.Errorf("%s is no GET, and does not count as a write", name)
		}
	}
}

// Who asks and takes back is told on the wire for how long the package is closed.
func TestA17_WhoAsksAndTakesBackIsToldHowLongItIsClosed(t *testing.T) {
	w := newFixture(t)
	w.offer(approved(w))
	for range entitlement.MaxSetbacks {
		w.call("member", "POST", requestPath+"/"+w.ask("member")+"/cancel", nil).want(204)
	}
	w.clock.Advance(10*time.Minute + 100*time.Millisecond)
	ask := object{"requestType": "userAdd", "assignment": object{"accessPackageId": w.ids["package"]}}
	refused := w.call("member", "POST", requestPath, ask).want(429)
	if again := refused.header.Get("Retry-After"); again != "3000" || refused.get("error.code") != "activityLimitReached" {
		t.Errorf("Retry-After %q: %s", again, refused.text)
	}
	if strings.Contains(w.log.String(), "call failed") {
		t.Errorf("the log takes it for a failure of ours: %s", w.log.String())
	}
	w.clock.Advance(3000 * time.Second)
	w.call("member", "POST", requestPath, ask).want(201)
}
