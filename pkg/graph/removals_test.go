package graph

import (
	"slices"
	"strings"
	"testing"
	"time"

	"leasehold/pkg/entitlement"
)

// What is owed for ever is closed by an administrator who says why, once it is overdue.
func TestF42_ARemovalThatNobodyCanCarryOutIsClosedOnTheWire(t *testing.T) {
	w := newWorld(t)
	w.offer(open())
	held := w.ask("member")
	path := ours + "/removals/" + held + "/close"
	why := object{"justification": "The application was shut down."}
	w.call("admin", "POST", path, why).want(409) // it is held
	w.call("admin", "POST", requestPath, object{"requestType": "adminRemove", "assignment": object{"id": held}}).want(201)
	w.call("admin", "POST", path, why).want(409) // it has just begun
	w.clock.Advance(11 * time.Minute)
	before := w.snapshot()
	w.call("admin", "POST", path, object{}).want(400)
	w.call("admin", "POST", path, object{"justification": "\u200b"}).want(400)
	w.call("member", "POST", path, why).want(403)
	w.call("admin/"+scopeRead, "POST", path, why).want(403)
	w.call("admin/"+scopeSubject, "POST", path, why).want(403)
	w.call("admin", "POST", strings.Replace(path, held, w.ids["member"], 1), why).want(404)
	if w.snapshot() != before {
		t.Error("S13: something changed")
	}
	w.call("admin", "POST", path, why).want(202)
	before = w.snapshot()
	w.call("admin", "POST", path, why).want(202)
	if w.snapshot() != before {
		t.Error("what is closed already is closed again")
	}
	events, err := w.store.Events(t.Context(), entitlement.OfRequest, held)
	i := slices.IndexFunc(events, func(e entitlement.Event) bool { return e.Kind == "removalClosed" })
	if err != nil || i < 0 || string(events[i].Actor) != w.ids["admin"] || events[i].Data["justification"] != why["justification"] {
		t.Errorf("events %+v, %v", events, err)
	}
}
