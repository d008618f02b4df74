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
	w := newFixture(t)
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

// Whoever is told that somebody still has access finds beside the person which roles those
// are, at which target, and what is in the way.
func TestL7_ARemovalThatIsOwedSaysWhichRolesAreLeftAndWhy(t *testing.T) {
	w := newFixture(t)
	w.offer(open())
	held := w.ask("member")
	lost := w.recorded("member", func(now time.Time) entitlement.Grant {
		return entitlement.Grant{Presence: entitlement.PresencePresent, Sent: true, Since: now, Attempts: 3, Reason: "forbidden", Detail: "The credential may not write.", Next: now.Add(time.Minute)}
	})
	if got := w.call("admin", "GET", ours+"/removals", nil).values(); len(got) != 0 {
		t.Fatalf("what is held is not owed: %v", got)
	}
	w.call("admin", "POST", requestPath, object{"requestType": "adminRemove", "assignment": object{"id": held}}).want(201)

	pending := w.all(ours + "/removals")
	if len(pending) != 1 || dig(pending[0], "id") != held || dig(pending[0], "target") != w.ids["member"] {
		t.Fatalf("owed: %v", pending)
	}
	roles := pending[0].(object)["roles"].([]any)
	if len(roles) != 1 {
		t.Fatalf("roles: %v", roles)
	}
	for name, want := range map[string]string{"connector": string(lost.Connector), "resource": lost.Resource, "role": lost.Role, "presence": "present", "reason": "forbidden",
		"detail": "The credential may not write.", "attempts": "3", "nextAttemptDateTime": "2026-03-01T09:01:00.1234567Z", "permanent": "false"} {
		if got := dig(roles[0], name); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}

// A role that a live package gives as well is not left over (R4).
func TestR4_ARoleThatALivePackageGivesIsNotOwedAsARemoval(t *testing.T) {
	w := newFixture(t)
	w.offer(open())
	held := w.ask("member")
	w.offer(open())
	w.ask("member") // of another package with the same group
	w.recorded("member", func(time.Time) entitlement.Grant {
		return entitlement.Grant{Presence: entitlement.PresencePresent, Sent: true}
	})
	w.call("admin", "POST", requestPath, object{"requestType": "adminRemove", "assignment": object{"id": held}}).want(201)
	pending := w.all(ours + "/removals")
	if len(pending) != 1 || dig(pending[0], "id") != held || len(pending[0].(object)["roles"].([]any)) != 0 {
		t.Errorf("owed: %v", pending)
	}
}

// recorded has a worker record what it saw of somebody's membership of the group sales.
func (w *fixture) recorded(who string, grant func(now time.Time) entitlement.Grant) entitlement.RoleRef {
	w.Helper()
	role := entitlement.RoleRef{Connector: entitlement.BuiltinConnector, Resource: w.ids["sales"], Role: "Member_" + w.ids["sales"]}
	now := w.clock.Now()
	grantSet, err := w.store.Claim(w.Context(), entitlement.Claim{Subject: entitlement.UserID(w.ids[who]), Connector: role.Connector, Token: "worker", Now: now, Until: now.Add(time.Minute), Intend: []entitlement.RoleRef{role}})
	if err != nil {
		w.Fatal(err)
	}
	g := grant(now)
	g.Role = role
	grantSet.Grants[role] = g
	if err := w.store.Commit(w.Context(), entitlement.Change{GrantSets: []entitlement.GrantSet{grantSet}}); err != nil {
		w.Fatal(err)
	}
	return role
}

// all reads a list to its end.
func (w *fixture) all(path string) []any {
	w.Helper()
	var all []any
	for next := path; next != ""; {
		page := w.call("admin", "GET", strings.TrimPrefix(next, publicURL), nil)
		all = append(all, page.values()...)
		next, _ = page.body["@odata.nextLink"].(string)
	}
	return all
}
