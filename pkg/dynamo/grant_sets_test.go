package dynamo_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"leasehold/pkg/entitlement"
)

// TestFailingGrantSetsAreListed proves that a grant set is listed by its worst reason
// while it fails, and no longer.
func TestFailingGrantSetsAreListed(t *testing.T) { everywhere(t, failingGrantSetsAreListed) }

func failingGrantSetsAreListed(t *testing.T, p place) {
	r, at := bare(t, p), newID[entitlement.ConnectorID]()
	record := func(subject entitlement.UserID, grants ...entitlement.Grant) {
		t.Helper()
		grantSet, err := r.db.Claim(context.Background(), entitlement.Claim{Subject: subject, Connector: at, Token: "one", Now: start2026, Until: start2026.Add(time.Minute)})
		if err != nil {
			t.Fatal(err)
		}
		grantSet.Grants = map[entitlement.RoleRef]entitlement.Grant{}
		for i, g := range grants {
			g.Role = entitlement.RoleRef{Connector: at, Resource: fmt.Sprint(i), Role: "member"}
			grantSet.Grants[g.Role] = g
		}
		r.commit(entitlement.Change{GrantSets: []entitlement.GrantSet{grantSet}})
	}
	failing := func(reason string, want ...entitlement.Failing) {
		t.Helper()
		var got []entitlement.Failing
		for page := (entitlement.Page{Limit: 1}); ; {
			list, err := r.db.Failing(context.Background(), at, reason, page)
			if err != nil {
				t.Fatal(err)
			}
			if got = append(got, list.Items...); list.Next == "" {
				break
			}
			page.Token = list.Next
		}
		n, err := r.db.CountFailing(context.Background(), at, reason)
		if err != nil || n != len(want) || !slices.Equal(got, want) {
			t.Fatalf("got %v, counted %d, error %v, want %v", got, n, err, want)
		}
	}
	ann, bob := newID[entitlement.UserID](), newID[entitlement.UserID]()
	later, earlier := start2026.Add(time.Second), start2026
	record(ann, entitlement.Grant{Since: later, Reason: "down"}, entitlement.Grant{Reason: "old"})
	record(bob, entitlement.Grant{Since: later, Reason: "refused"}, entitlement.Grant{Since: earlier, Reason: "down"})
	failing("down", entitlement.Failing{Subject: bob, Since: earlier}, entitlement.Failing{Subject: ann, Since: later})
	failing("refused")
	record(bob, entitlement.Grant{Since: later, Reason: "refused"})
	record(ann)
	failing("down")
	failing("refused", entitlement.Failing{Subject: bob, Since: later})
}

// TestOpenRequests proves that a subject's open requests are found among all others.
func TestOpenRequests(t *testing.T) { everywhere(t, openRequests) }

func openRequests(t *testing.T, p place) {
	r, subject := bare(t, p), newID[entitlement.UserID]()
	var want []entitlement.RequestID
	for _, state := range entitlement.RequestStates {
		id := newID[entitlement.RequestID]()
		if state.Open() {
			want = append(want, id)
		}
		slot := entitlement.AssignmentSlot{Package: newID[entitlement.PackageID](), Subject: subject}
		if state.Open() {
			slot.Open = id
		} else {
			slot.Assignment = &entitlement.Assignment{ID: entitlement.AssignmentID(id), Subject: subject}
		}
		r.commit(entitlement.Change{Requests: []entitlement.AssignmentRequest{{ID: id, Subject: subject, State: state, Created: start2026}},
			Slots: []entitlement.AssignmentSlot{slot}, Events: []entitlement.Event{{Aggregate: entitlement.OfRequest, ID: string(id), Number: 1}}})
	}
	open, err := r.db.OpenRequests(context.Background(), subject, entitlement.Page{})
	var got []entitlement.RequestID
	for _, o := range open.Items {
		got = append(got, o.ID)
	}
	slices.Sort(got)
	slices.Sort(want)
	if err != nil || !slices.Equal(got, want) {
		t.Fatalf("got %v and %v, want %v", got, err, want)
	}
}

// TestBreakers proves that a target of which nothing is remembered has a breaker at version 0.
func TestBreakers(t *testing.T) { everywhere(t, breakers) }

func breakers(t *testing.T, p place) {
	r, at := bare(t, p), newID[entitlement.ConnectorID]()
	want := entitlement.Breaker{Connector: at}
	for range 2 {
		if got, err := r.db.Breaker(context.Background(), at); err != nil || got != want {
			t.Fatalf("got %v and %v, want %v", got, err, want)
		}
		want.Failures, want.Until = 3, start2026
		r.commit(entitlement.Change{Breakers: []entitlement.Breaker{want}})
		want.Version = 1
		if got, err := r.db.Breaker(context.Background(), at); err != nil || got != want {
			t.Fatalf("got %v and %v, want %v", got, err, want)
		}
		want.Version, want.Erased = 1, true
		r.commit(entitlement.Change{Breakers: []entitlement.Breaker{want}})
		want = entitlement.Breaker{Connector: at}
	}
}

// TestClaimOfManyRoles proves that more intended roles than one update can carry are
// all entered before the grant set is handed out.
func TestClaimOfManyRoles(t *testing.T) { everywhere(t, claimOfManyRoles) }

func claimOfManyRoles(t *testing.T, p place) {
	r, at := bare(t, p), newID[entitlement.ConnectorID]()
	claim := entitlement.Claim{Subject: newID[entitlement.UserID](), Connector: at, Token: "one", Now: start2026, Until: start2026.Add(time.Minute)}
	for i := range 350 {
		claim.Intend = append(claim.Intend, entitlement.RoleRef{Connector: at, Resource: fmt.Sprint("team ", i), Role: "member"})
	}
	for _, token := range []string{"one", "two"} {
		claim.Token = token
		grantSet, err := r.db.Claim(context.Background(), claim)
		if err != nil || len(grantSet.Grants) != 350 || grantSet.Token != token {
			t.Fatalf("got %d grants under %q, error %v", len(grantSet.Grants), grantSet.Token, err)
		}
		for role, g := range grantSet.Grants {
			if g.Intent != "one" {
				t.Fatalf("%v is meant by %q, want the claim that entered it", role, g.Intent)
			}
		}
		claim.Now, claim.Until = claim.Until, claim.Until.Add(time.Minute)
	}
}

// TestLeasesEndToTheNanosecond proves that the table compares times in full.
func TestLeasesEndToTheNanosecond(t *testing.T) { everywhere(t, leasesEndToTheNanosecond) }

func leasesEndToTheNanosecond(t *testing.T, p place) {
	r := bare(t, p)
	claim := entitlement.Claim{Subject: newID[entitlement.UserID](), Connector: newID[entitlement.ConnectorID](), Token: "one", Now: start2026, Until: start2026.Add(time.Minute)}
	if _, err := r.db.Claim(context.Background(), claim); err != nil {
		t.Fatal(err)
	}
	claim.Token, claim.Now = "two", claim.Until.Add(-1)
	if _, err := r.db.Claim(context.Background(), claim); entitlement.StalePart(err) != entitlement.PartClaim {
		t.Fatalf("a nanosecond before its end a lease gave way: %v", err)
	}
	claim.Now = claim.Until
	if _, err := r.db.Claim(context.Background(), claim); err != nil {
		t.Fatalf("got %v at the end of the lease", err)
	}
}

// TestAClaimWhoseAnswerWasLost proves that the same call again, as the client makes it
// after a lost answer, finds its own claim.
func TestAClaimWhoseAnswerWasLost(t *testing.T) { everywhere(t, aClaimWhoseAnswerWasLost) }

func aClaimWhoseAnswerWasLost(t *testing.T, p place) {
	r := bare(t, p)
	at := newID[entitlement.ConnectorID]()
	claim := entitlement.Claim{Subject: newID[entitlement.UserID](), Connector: at, Token: "one", Now: start2026, Until: start2026.Add(time.Minute),
		Intend: []entitlement.RoleRef{{Connector: at, Resource: "team", Role: "member"}}}
	for range 2 {
		grantSet, err := r.db.Claim(context.Background(), claim)
		if g := grantSet.Grants[claim.Intend[0]]; err != nil || g.Intent != "one" {
			t.Fatalf("got %v, error %v", grantSet, err)
		}
	}
}
