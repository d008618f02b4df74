package directory_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"leasehold/pkg/clock"
	"leasehold/pkg/directory"
	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/entitlement"
)

// hooked is a store in which something can happen just before a commit, and that counts
// how often groups and their members are read.
type hooked struct {
	*dynamotest.Store
	before func(ctx context.Context, c entitlement.Change) error
	groups atomic.Int32
}

func (h *hooked) Members(ctx context.Context, group entitlement.GroupID, page entitlement.Page) (entitlement.Paged[entitlement.UserID], error) {
	h.groups.Add(1)
	return h.Store.Members(ctx, group, page)
}

func (h *hooked) Group(ctx context.Context, id entitlement.GroupID) (entitlement.Group, error) {
	h.groups.Add(1)
	return h.Store.Group(ctx, id)
}

func (h *hooked) Groups(ctx context.Context, ids []entitlement.GroupID) ([]entitlement.Group, error) {
	h.groups.Add(1)
	return h.Store.Groups(ctx, ids)
}

func (h *hooked) Commit(ctx context.Context, c entitlement.Change) error {
	if h.before != nil {
		if err := h.before(ctx, c); err != nil {
			return err
		}
	}
	return h.Store.Commit(ctx, c)
}

// fixture is a directory whose store can be meddled with, and a second one over the same
// store with nothing in between.
type fixture struct {
	*testing.T
	*directory.Service
	store *hooked
	other *directory.Service
}

func newFixture(t *testing.T) *fixture {
	w := &fixture{T: t}
	w.store = &hooked{Store: dynamotest.New()}
	c := clock.NewVirtual(time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC))
	of := func(store directory.Store) *directory.Service {
		return &directory.Service{Store: store, Clock: c, IDs: c, First: first, Enqueuer: &recorder{}, Log: slog.New(slog.DiscardHandler)}
	}
	w.Service, w.other = of(w.store), of(w.store.Store)
	return w
}

// signIn is a sign-in at the deployment's issuer.
func signIn(value string) entitlement.Principal {
	return entitlement.Principal{Issuer: first.Issuer, Value: value}
}

// person adds a member who signs in by their name.
func (w *fixture) person(name string, set ...func(*entitlement.User)) entitlement.User {
	w.Helper()
	u := entitlement.User{Type: entitlement.Member, DisplayName: name, UserPrincipalName: name, Enabled: true, Identities: []entitlement.Principal{signIn(name)}}
	for _, f := range set {
		f(&u)
	}
	u, err := w.other.CreateUser(w.Context(), by, u)
	w.must(err)
	return u
}

// administrator adds one.
func (w *fixture) administrator(name string, set ...func(*entitlement.User)) entitlement.User {
	w.Helper()
	u := w.person(name, set...)
	w.must(w.other.AddMembers(w.Context(), by, entitlement.AdministratorsGroup, false, u.ID))
	return w.read(u.ID)
}

func (w *fixture) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *fixture) read(id entitlement.UserID) entitlement.User {
	w.Helper()
	u, err := w.store.Store.User(w.Context(), id)
	w.must(err)
	return u
}

// identify signs somebody in and returns who that is, "" for one who is refused.
func (w *fixture) identify(s *directory.Service, p entitlement.Principal) entitlement.UserID {
	w.Helper()
	id, err := s.Identify(w.Context(), p, "call")
	if err != nil && entitlement.KindOf(err) != entitlement.Forbidden {
		w.Fatal(err)
	}
	return id
}

// deployed is the same directory deployed with another first administrator.
func (w *fixture) deployed(as entitlement.Principal) *directory.Service {
	s := w.other
	return &directory.Service{Store: w.store, Clock: s.Clock, IDs: s.IDs, First: as, Enqueuer: s.Enqueuer, Log: s.Log}
}

func (w *fixture) edit(id entitlement.UserID, edit func(*entitlement.User)) error {
	_, err := w.UpdateUser(w.Context(), by, id, func(u *entitlement.User) error { edit(u); return nil })
	return err
}

func disable(u *entitlement.User) { u.Enabled = false }
func unbind(u *entitlement.User)  { u.Identities = nil }

// members are who is in a group.
func (w *fixture) members(g entitlement.GroupID) []entitlement.UserID {
	w.Helper()
	list, err := w.store.Store.Members(w.Context(), g, entitlement.Page{})
	w.must(err)
	return list.Items
}

// verify checks the chain of a user, and returns its events.
func (w *fixture) verify(id entitlement.UserID) []entitlement.Event {
	w.Helper()
	events, err := w.store.Events(w.Context(), entitlement.OfUser, string(id))
	w.must(err)
	w.must(entitlement.VerifyChain(w.read(id).Chain, events))
	return events
}

func TestFirstAdministrator_AValueOfTheParameterCountsOnce(t *testing.T) {
	for name, loses := range map[string]func(w *fixture, id entitlement.UserID){
		"the sign-in is taken off": func(w *fixture, id entitlement.UserID) { w.must(w.edit(id, unbind)) },
		"the user is deleted":      func(w *fixture, id entitlement.UserID) { w.must(w.DeleteUser(t.Context(), by, id)) },
		"the sign-in is moved to an ordinary user, who is deleted": func(w *fixture, id entitlement.UserID) {
			w.must(w.edit(id, unbind))
			mia := w.person("mia", func(u *entitlement.User) { u.Identities = []entitlement.Principal{first} })
			if got := w.identify(w.Service, first); got != mia.ID || w.read(mia.ID).Administrator() {
				t.Fatalf("got %s, %+v", got, w.read(mia.ID))
			}
			w.must(w.DeleteUser(t.Context(), by, mia.ID))
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newFixture(t)
			id := w.identify(w.Service, first)
			if !w.read(id).CanAdminister() {
				t.Fatalf("got %+v", w.read(id))
			}
			w.administrator("ann")
			loses(w, id)
			for what, s := range map[string]*directory.Service{"the process that made one": w.Service, "another process": w.deployed(first)} {
				if got := w.identify(s, first); got != "" {
					t.Errorf("%s: the sign-in is %s again, %+v", what, got, w.read(got))
				}
			}
		})
	}
}

func TestFirstAdministrator_ANewValueLetsWhoeverDeploysComeBackIn(t *testing.T) {
	w := newFixture(t)
	root := w.identify(w.Service, first)
	mia, otto := w.person("mia"), w.person("otto", disable)

	outsider := w.identify(w.deployed(signIn("outsider")), signIn("outsider"))
	if outsider == "" || outsider == root || !w.read(outsider).CanAdminister() {
		t.Errorf("somebody new: got %q", outsider)
	}
	if got := w.identify(w.deployed(signIn("mia")), signIn("mia")); got != mia.ID || !w.read(mia.ID).CanAdminister() {
		t.Errorf("an ordinary user: got %q, %+v", got, w.read(mia.ID))
	}
	w.must(w.RemoveMembers(t.Context(), by, entitlement.AdministratorsGroup, false, mia.ID))
	if got := w.identify(w.deployed(signIn("mia")), signIn("mia")); got != mia.ID || w.read(mia.ID).Administrator() {
		t.Errorf("a second time: got %q, %+v", got, w.read(mia.ID))
	}
	if got := w.identify(w.deployed(signIn("otto")), signIn("otto")); got != otto.ID || w.read(otto.ID).MemberOf(entitlement.AdministratorsGroup) {
		t.Errorf("a disabled user: got %q, %+v", got, w.read(otto.ID))
	}
	if got := w.identify(w.deployed(first), first); got != root || !w.read(root).CanAdminister() {
		t.Errorf("the old one stays what it is: got %q", got)
	}
	w.verify(mia.ID)
	w.verify(outsider)
}

func TestFirstAdministrator_AValueThatWasTakenOffAUserOpensNothing(t *testing.T) {
	for name, loses := range map[string]func(w *fixture, s *directory.Service, id entitlement.UserID) error{
		"taken off": func(w *fixture, s *directory.Service, id entitlement.UserID) error {
			_, err := s.UpdateUser(w.Context(), by, id, func(u *entitlement.User) error { u.Identities = nil; return nil })
			return err
		},
		"deleted": func(w *fixture, s *directory.Service, id entitlement.UserID) error {
			return s.DeleteUser(w.Context(), by, id)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newFixture(t)
			w.identify(w.Service, first)
			mia := w.person("mia")
			s := w.deployed(signIn("mia")) // and she does not call
			w.must(loses(w, s, mia.ID))
			if got := w.identify(w.deployed(signIn("mia")), signIn("mia")); got != "" {
				t.Errorf("she is %s, %+v", got, w.read(got))
			}
		})
	}
}

func TestFirstAdministrator_ThatTheParameterWasUsedIsAnEventAndOneWithItsEffect(t *testing.T) {
	w := newFixture(t)
	var records []entitlement.Event
	lost := entitlement.Errorf(entitlement.Unavailable, "The store does not answer.")
	w.store.before = func(context.Context, entitlement.Change) error { return lost }
	if _, err := w.Identify(t.Context(), first, "call"); entitlement.KindOf(err) != entitlement.Unavailable {
		t.Fatalf("got %v", err)
	}
	if _, err := w.store.Group(t.Context(), entitlement.AdministratorsGroup); entitlement.KindOf(err) != entitlement.NotFound {
		t.Fatalf("S13: %v", err)
	}
	w.store.before = func(ctx context.Context, c entitlement.Change) error {
		for _, e := range c.Events {
			if e.Aggregate == entitlement.OfPrincipal {
				records = append(records, e)
			}
		}
		w.must(w.store.Store.Commit(ctx, c))
		return lost // after the effect
	}
	if _, err := w.Identify(t.Context(), first, "call"); entitlement.KindOf(err) != entitlement.Unavailable {
		t.Fatalf("got %v", err)
	}
	w.store.before = nil
	id := w.identify(w.Service, first)
	if !w.read(id).CanAdminister() || len(w.members(entitlement.AdministratorsGroup)) != 1 || len(records) != 1 {
		t.Fatalf("got %+v, %v, %v", w.read(id), w.members(entitlement.AdministratorsGroup), records)
	}
	stored, err := w.store.Events(t.Context(), entitlement.OfPrincipal, records[0].ID)
	if err != nil || len(stored) != 1 {
		t.Fatalf("got %v, %v", stored, err)
	}
	if e := stored[0]; e.Kind != "usedAsFirstAdministrator" || e.Data["user"] != string(id) || e.Actor != id || strings.Contains(fmt.Sprint(e), first.Value) {
		t.Errorf("S20: got %+v", e)
	}
	if kinds := fmt.Sprint(w.verify(id)[0].Kind, " ", w.verify(id)[1].Kind); kinds != "created memberAdded" {
		t.Errorf("got %s", kinds)
	}
	g, err := w.store.Group(t.Context(), entitlement.AdministratorsGroup)
	w.must(err)
	events, err := w.store.Events(t.Context(), entitlement.OfGroup, string(g.ID))
	w.must(err)
	w.must(entitlement.VerifyChain(g.Chain, events))
}

// ways are all ways in which somebody stops being an administrator who can sign in.
var ways = map[string]func(s *directory.Service, ctx context.Context, id entitlement.UserID) error{
	"taken out": func(s *directory.Service, ctx context.Context, id entitlement.UserID) error {
		return s.RemoveMembers(ctx, by, entitlement.AdministratorsGroup, false, id)
	},
	"disabled": func(s *directory.Service, ctx context.Context, id entitlement.UserID) error {
		_, err := s.UpdateUser(ctx, by, id, func(u *entitlement.User) error { u.Enabled = false; return nil })
		return err
	},
	"unbound": func(s *directory.Service, ctx context.Context, id entitlement.UserID) error {
		_, err := s.UpdateUser(ctx, by, id, func(u *entitlement.User) error { u.Identities = nil; return nil })
		return err
	},
	"deleted": func(s *directory.Service, ctx context.Context, id entitlement.UserID) error {
		return s.DeleteUser(ctx, by, id)
	},
}

func TestTheLastAdministrator_WhoCanSignInStays(t *testing.T) {
	for way, goes := range ways {
		for name, beside := range map[string]struct {
			other func(w *fixture)
			may   bool
		}{
			"alone":                         {func(*fixture) {}, false},
			"beside one who is disabled":    {func(w *fixture) { w.administrator("ann", disable) }, false},
			"beside one without a sign-in":  {func(w *fixture) { w.administrator("ann", unbind) }, false},
			"beside one who was deleted":    {func(w *fixture) { w.must(w.DeleteUser(w.Context(), by, w.administrator("ann").ID)) }, false},
			"beside one who is an ordinary": {func(w *fixture) { w.person("ann") }, false},
			"beside an owner of the group": {func(w *fixture) {
				w.must(w.AddMembers(w.Context(), by, entitlement.AdministratorsGroup, true, w.person("ann").ID))
			}, false},
			"beside another one": {func(w *fixture) { w.administrator("ann") }, true},
			"beside one of many": {func(w *fixture) {
				for i := range 120 {
					w.administrator(fmt.Sprint("dis", i), disable)
				}
				w.administrator("ann")
			}, true},
		} {
			t.Run(way+", "+name, func(t *testing.T) {
				w := newFixture(t)
				id := w.identify(w.Service, first)
				beside.other(w)
				before := w.read(id)
				err := goes(w.Service, t.Context(), id)
				if beside.may {
					w.must(err)
					if w.read(id).CanAdminister() {
						t.Error("nothing happened")
					}
					w.verify(id)
					return
				}
				if entitlement.KindOf(err) != entitlement.Conflict || entitlement.CodeOf(err) != directory.CodeLastAdministrator {
					t.Errorf("got %v", err)
				}
				if after := w.read(id); after.Version != before.Version || !after.CanAdminister() {
					t.Errorf("S13: got %+v", after)
				}
			})
		}
	}
}

func TestTheLastAdministrator_OfTwoWhoGoAtOnceOneStays(t *testing.T) {
	for one, goes := range ways {
		for other, follows := range ways {
			t.Run(one+" and "+other, func(t *testing.T) {
				w := newFixture(t)
				root := w.identify(w.Service, first)
				ann := w.administrator("ann")
				var once sync.Once
				var second error
				w.store.before = func(ctx context.Context, _ entitlement.Change) error {
					once.Do(func() { second = follows(w.other, ctx, ann.ID) }) // between the look and the commit
					return nil
				}
				firstErr := goes(w.Service, t.Context(), root)
				w.must(second)
				if entitlement.CodeOf(firstErr) != directory.CodeLastAdministrator || !w.read(root).CanAdminister() || w.read(ann.ID).CanAdminister() {
					t.Errorf("got %v; %+v", firstErr, w.read(root))
				}
			})
		}
	}
	w := newFixture(t)
	ids := []entitlement.UserID{w.identify(w.Service, first), w.administrator("ann").ID, w.administrator("bob").ID}
	var wg sync.WaitGroup
	for _, id := range ids {
		for _, goes := range ways {
			wg.Go(func() {
				switch err := goes(w.other, t.Context(), id); entitlement.KindOf(err) {
				case entitlement.Conflict, entitlement.NotFound:
				default:
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
	wg.Wait()
	left := 0
	for _, id := range ids {
		if w.read(id).CanAdminister() {
			left++
		}
	}
	if left != 1 {
		t.Errorf("%d can administer, want one", left)
	}
}

func TestTheLastAdministrator_SeveralWhoGoTogetherAreCountedTogether(t *testing.T) {
	w := newFixture(t)
	root, ann := w.identify(w.Service, first), w.administrator("ann")
	if err := w.RemoveMembers(t.Context(), by, entitlement.AdministratorsGroup, false, root, ann.ID); entitlement.CodeOf(err) != directory.CodeLastAdministrator {
		t.Errorf("got %v", err)
	}
	if got := w.members(entitlement.AdministratorsGroup); len(got) != 2 {
		t.Errorf("S13: got %v", got)
	}
}

func TestTheLastAdministrator_CostsOthersNothing(t *testing.T) {
	w := newFixture(t)
	w.identify(w.Service, first)
	g, err := w.CreateGroup(t.Context(), by, entitlement.Group{DisplayName: "Sales"})
	w.must(err)
	mia, ann := w.person("mia"), w.administrator("ann")
	w.must(w.AddMembers(t.Context(), by, g.ID, false, mia.ID, ann.ID))
	before, err := w.store.Group(t.Context(), entitlement.AdministratorsGroup)
	w.must(err)
	w.store.groups.Store(0)
	w.must(w.edit(ann.ID, func(u *entitlement.User) { u.Department = "Sales" }))
	w.must(w.RemoveMembers(t.Context(), by, g.ID, false, ann.ID))
	w.must(w.DeleteUser(t.Context(), by, mia.ID))
	if n := w.store.groups.Load(); n != 0 {
		t.Errorf("groups were read %d times", n)
	}
	if after, err := w.store.Group(t.Context(), entitlement.AdministratorsGroup); err != nil || after.Version != before.Version {
		t.Errorf("got %+v, %v", after, err)
	}
}
