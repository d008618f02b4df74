package memstore_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"leasehold/pkg/clock"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/memstore"
	"leasehold/pkg/storetest"
)

// TestStore plays the behaviour suite on one store that all scenarios share.
func TestStore(t *testing.T) {
	s := memstore.New(memstore.Options{})
	storetest.Run(t, func(*testing.T) storetest.Store { return s })
}

// TestStoreWithLag plays it on a store whose index is behind until a moment later.
func TestStoreWithLag(t *testing.T) {
	s := memstore.New(memstore.Options{IndexLag: 1 << 20})
	tick := time.NewTicker(5 * time.Millisecond)
	done := make(chan struct{})
	go func() {
		for {
			select {
			case <-tick.C:
				s.Settle()
			case <-done:
				return
			}
		}
	}()
	t.Cleanup(func() { tick.Stop(); close(done) })
	storetest.Run(t, func(*testing.T) storetest.Store { return s })
}

func newUser() entitlement.User {
	id := clock.System{}.New()
	return entitlement.User{ID: entitlement.UserID(id), UserPrincipalName: id + "@example.test", Enabled: true}
}

func commit(t *testing.T, s *memstore.Store, c entitlement.Change) {
	t.Helper()
	if err := s.Commit(t.Context(), c); err != nil {
		t.Fatal(err)
	}
}

func TestIndexLagsByCommits(t *testing.T) {
	s := memstore.New(memstore.Options{IndexLag: 2})
	for i, want := range []int{0, 0, 1, 2} {
		u := newUser()
		commit(t, s, entitlement.Change{Users: []entitlement.User{u}})
		page, err := s.ListUsers(t.Context(), entitlement.Page{})
		if err != nil || len(page.Items) != want {
			t.Fatalf("after commit %d: got %d users and %v, want %d", i+1, len(page.Items), err, want)
		}
		if _, err := s.User(t.Context(), u.ID); err != nil {
			t.Fatal("a strong read lags:", err)
		}
	}
	s.Settle()
	if page, _ := s.ListUsers(t.Context(), entitlement.Page{}); len(page.Items) != 4 {
		t.Fatalf("after Settle: got %d users, want 4", len(page.Items))
	}
}

// TestLateRowIsDropped reads a list whose row names a user that is gone: the page is
// empty and still has a next.
func TestLateRowIsDropped(t *testing.T) {
	s := memstore.New(memstore.Options{IndexLag: 1})
	first, second := newUser(), newUser()
	first.UserPrincipalName, second.UserPrincipalName = "a", "b"
	commit(t, s, entitlement.Change{Users: []entitlement.User{first, second}})
	s.Settle()
	first.Version, first.Erased = 1, true
	commit(t, s, entitlement.Change{Users: []entitlement.User{first}})
	page, err := s.ListUsers(t.Context(), entitlement.Page{Limit: 1})
	if err != nil || len(page.Items) != 0 || page.Next == "" {
		t.Fatalf("got %d users, next %q, error %v, want an empty page with a next", len(page.Items), page.Next, err)
	}
	page, err = s.ListUsers(t.Context(), entitlement.Page{Limit: 1, Token: page.Next})
	if err != nil || len(page.Items) != 1 || page.Items[0].ID != second.ID {
		t.Fatalf("got %v and %v, want the second user", page.Items, err)
	}
}

// TestLateRowsAreChecked reads an inbox and a user's policies by rows that are behind.
func TestLateRowsAreChecked(t *testing.T) {
	s := memstore.New(memstore.Options{IndexLag: 1})
	u := newUser()
	me := []entitlement.SubjectSet{{Kind: entitlement.SingleUser, ID: string(u.ID)}}
	r := entitlement.AssignmentRequest{ID: "r", State: entitlement.RequestPendingApproval, Stages: []entitlement.Stage{{Asked: me}}}
	p := entitlement.AssignmentPolicy{ID: "p", Scope: entitlement.ScopeSpecificUsers, Targets: me}
	found := func(want int) {
		t.Helper()
		inbox, err := s.Inbox(t.Context(), u, entitlement.Page{})
		policies, err2 := s.PoliciesFor(t.Context(), u, entitlement.Page{})
		if err := errors.Join(err, err2); err != nil || len(inbox.Items) != want || len(policies.Items) != want {
			t.Fatalf("got %d requests, %d policies and %v, want %d of each", len(inbox.Items), len(policies.Items), err, want)
		}
	}
	change := entitlement.Change{Requests: []entitlement.AssignmentRequest{r}, Policies: []entitlement.AssignmentPolicy{p}}
	commit(t, s, change)
	s.Settle()
	found(1)
	change.Requests[0].Version, change.Requests[0].State = 1, entitlement.RequestDenied
	change.Policies[0].Version, change.Policies[0].Scope = 1, entitlement.ScopeNobody
	commit(t, s, change)
	found(0)
}

func TestFaults(t *testing.T) {
	for _, c := range []struct {
		name   string
		fault  memstore.Fault
		kind   entitlement.Kind
		stored bool
	}{
		{"error before the effect", memstore.FailBefore, entitlement.Unavailable, false},
		{"error after the effect", memstore.FailAfter, entitlement.Unavailable, true},
		{"conflict", memstore.ConflictBefore, entitlement.Conflict, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			fault := c.fault
			var asked []string
			s := memstore.New(memstore.Options{Fault: func(op string, keys ...string) memstore.Fault {
				asked = append(append(asked, op), keys...)
				defer func() { fault = memstore.None }()
				return fault
			}})
			change := entitlement.Change{Heads: []entitlement.HeadChange{{Subject: "somebody"}}}
			if err := s.Commit(t.Context(), change); entitlement.KindOf(err) != c.kind || entitlement.StalePart(err) != "" {
				t.Fatalf("got %v, want the kind %v", err, c.kind)
			}
			head, _, err := s.Debt(t.Context(), "somebody")
			if err != nil || head.Owes() != c.stored {
				t.Fatalf("owes %t, error %v, want %t", head.Owes(), err, c.stored)
			}
			if want := []string{"Commit", "somebody", "Debt", "somebody"}; !slices.Equal(asked, want) {
				t.Fatalf("asked for faults of %v, want %v", asked, want)
			}
		})
	}
}

func TestFaultOfRead(t *testing.T) {
	s := memstore.New(memstore.Options{Fault: func(string, ...string) memstore.Fault { return memstore.FailAfter }})
	if _, err := s.SigningKey(t.Context()); entitlement.KindOf(err) != entitlement.Unavailable {
		t.Fatalf("got %v, want Unavailable", err)
	}
}

func TestMaxGroups(t *testing.T) {
	s := memstore.New(memstore.Options{})
	u := newUser()
	commit(t, s, entitlement.Change{Users: []entitlement.User{u}})
	join := func(erased bool, g entitlement.GroupID) error {
		return s.Commit(t.Context(), entitlement.Change{Memberships: []entitlement.Membership{{Group: g, User: u.ID, Erased: erased}}})
	}
	for range entitlement.MaxGroups {
		if err := join(false, entitlement.GroupID(clock.System{}.New())); err != nil {
			t.Fatal(err)
		}
	}
	if err := join(false, "one more"); entitlement.StalePart(err) != entitlement.PartDirectory {
		t.Fatalf("got %v, want a conflict on the directory", err)
	}
	stored, err := s.User(t.Context(), u.ID)
	if err != nil || len(stored.Groups) != entitlement.MaxGroups {
		t.Fatalf("got %d groups and %v, want %d", len(stored.Groups), err, entitlement.MaxGroups)
	}
	if err := errors.Join(join(true, stored.Groups[0]), join(false, "one more")); err != nil {
		t.Fatal(err)
	}
}
