package delivery_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/connectortest"
	"leasehold/pkg/delivery"
	"leasehold/pkg/entitlement"
)

const shared = "team@example.com"

// sharing is a bench at which the second person gets a role of their own.
type sharing struct {
	*accounts
	second string
	theirs entitlement.AccessPackage
}

// onShared is onAccounts with two people who have one mail address, by which the server finds them.
func onShared(t *testing.T, set func(*entitlement.ConnectorConfig), run func(a *sharing, owner, other entitlement.UserID)) {
	t.Helper()
	onAccounts(t, connectortest.AccountCharacter{}, func(a *accounts) {
		a.set = func(cfg *entitlement.ConnectorConfig) {
			cfg.CorrelationKeys = []string{"userName", "mail"}
			if set != nil {
				set(cfg)
			}
		}
		people := []entitlement.UserID{a.employ(shared), entitlement.UserID(a.clock.New())}
		a.commit(entitlement.Change{Users: []entitlement.User{{ID: people[1], Type: entitlement.Member, DisplayName: "Max Moss", UserPrincipalName: "max@example.com", Mail: shared, Enabled: true}}})
		second := a.scim.AddGroup()
		run(&sharing{a, second, a.bench.pack(second)}, people[0], people[1])
	})
}

// done has a worker at somebody, and reports that nothing is owed to them.
func (a *sharing) done(u entitlement.UserID) bool {
	a.deliver(u)
	h, _, err := a.store.SubjectRecord(context.Background(), u)
	return err == nil && !h.NeedsReconcile()
}

// use is who uses the account that was made for somebody.
func (a *sharing) use(ref string) entitlement.AccountUse {
	a.t.Helper()
	use, err := a.store.AccountUse(context.Background(), target, ref)
	if err != nil {
		a.t.Fatal(err)
	}
	return use
}

// Two people of one mail address are found as one account. It ends with the last role of both, whoever loses theirs first.
func TestR271_AnAccountOfTwoPeopleEndsWhenNeitherNeedsIt(t *testing.T) {
	for name, deletes := range map[string]bool{"disabled": false, "deleted": true} {
		for _, ownerFirst := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, owner first %t", name, ownerFirst), func(t *testing.T) {
				onShared(t, func(cfg *entitlement.ConnectorConfig) { cfg.DeleteAccounts = deletes }, func(a *sharing, owner, other entitlement.UserID) {
					a.assign(owner, a.pack)
					a.settled(owner)
					id := a.assign(other, a.theirs)
					a.settled(other)
					a.request(id, entitlement.RequestDelivered)
					ref := a.record(owner).Ref
					if got := a.use(ref).Users; len(got) != 2 {
						t.Fatalf("the account is used by %v", got)
					}

					leaving, staying, packs := owner, other, []entitlement.AccessPackage{a.pack, a.theirs}
					if !ownerFirst {
						leaving, staying = other, owner
						slices.Reverse(packs)
					}
					a.remove(leaving, packs[0])
					a.settled(leaving)
					if got := a.record(owner); !a.one(shared).Active || got.State != entitlement.AccountActive || !slices.Equal(a.use(ref).Users, []entitlement.UserID{staying}) {
						t.Errorf("while one needs it: on record %+v, used by %+v", got, a.use(ref))
					}

					a.remove(staying, packs[1])
					a.settled(staying)
					a.settled(owner)
					switch got := a.record(owner); {
					case deletes && (len(a.scim.Accounts(shared)) != 0 || got != (entitlement.Account{}) || a.use(ref).Ending):
						t.Errorf("not deleted: on record %+v, used by %+v", got, a.use(ref))
					case !deletes && (a.one(shared).Active || got.State != entitlement.AccountDisabled || got.Others):
						t.Errorf("not disabled: on record %+v, used by %+v", got, a.use(ref))
					}
				})
			})
		}
	}
}

// Who comes to an account that we disabled for another person is given roles when it is enabled again.
func TestR271_AnAccountThatEndedIsEnabledForWhoeverComesNext(t *testing.T) {
	onShared(t, nil, func(a *sharing, owner, other entitlement.UserID) {
		a.assign(owner, a.pack)
		a.settled(owner)
		a.remove(owner, a.pack)
		a.settled(owner)
		if a.one(shared).Active {
			t.Fatal("the account did not end")
		}

		var active bool
		a.wire = func(next http.RoundTripper) http.RoundTripper {
			return meeting{next, "/Groups/", func() { active = a.one(shared).Active }}
		}
		id := a.assign(other, a.theirs)
		a.deliver(other) // one run does both
		if !active {
			t.Error("a role was given by the account before it was enabled")
		}
		a.settled(other)
		a.settled(owner)
		a.request(id, entitlement.RequestDelivered)
		if got := a.record(owner); !a.one(shared).Active || got.State != entitlement.AccountActive {
			t.Errorf("on record %+v", got)
		}

		a.remove(other, a.theirs)
		a.settled(other)
		a.settled(owner)
		if got := a.record(owner); a.one(shared).Active || got.State != entitlement.AccountDisabled || got.Others {
			t.Errorf("on record %+v", got)
		}
	})
}

// meeting has something happen right before each call that changes what lies at a path.
type meeting struct {
	next   http.RoundTripper
	path   string
	before func()
}

func (m meeting) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method != http.MethodGet && strings.Contains(r.URL.Path, m.path) {
		m.before()
	}
	return m.next.RoundTrip(r)
}

// Whoever comes while the account of somebody else ends has it in the end, wherever the two meet.
func TestR271_WhoComesWhileTheAccountEndsHasIt(t *testing.T) {
	for name, deletes := range map[string]bool{"disabled": false, "deleted": true} {
		for _, fence := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, before the fence %t", name, fence), func(t *testing.T) {
				onShared(t, func(cfg *entitlement.ConnectorConfig) { cfg.DeleteAccounts = deletes }, func(a *sharing, owner, other entitlement.UserID) {
					a.assign(owner, a.pack)
					a.settled(owner)

					var id entitlement.RequestID
					comes := func() {
						if id == "" {
							id = a.assign(other, a.theirs)
							peer := *a.worker
							peer.Store = a.store
							peer.Deliver(context.Background(), []entitlement.UserID{other}, "peer")
						}
					}
					whole := a.worker.Store
					if fence {
						a.worker.Store = ending{whole, func() {
							if a.use(a.record(owner).Ref).Ending {
								comes()
							}
						}}
					} else {
						a.wire = func(next http.RoundTripper) http.RoundTripper { return meeting{next, "/Users/", comes} }
					}
					a.remove(owner, a.pack)
					a.settled(owner)
					a.worker.Store, a.wire = whole, nil
					if id == "" {
						t.Fatal("they did not meet")
					}

					a.within(30*time.Minute, "nothing is owed", func() bool { return a.done(owner) && a.done(other) })
					a.request(id, entitlement.RequestDelivered)
					all := append(a.scim.Accounts(shared), a.scim.Accounts("max@example.com")...) // another one where it was deleted
					if len(all) != 1 {
						t.Fatalf("there %+v", all)
					}
					if got := all[0]; !got.Active || !slices.Contains(a.scim.Members(a.second), connector.PrincipalRef(got.ID)) {
						t.Errorf("there %+v, used by %+v", got, a.use(got.ID))
					}
				})
			})
		}
	}
}

// ending is a store in which something happens just before each fence is read.
type ending struct {
	delivery.Store
	before func()
}

func (e ending) Holding(ctx context.Context, fences []entitlement.Fence) ([]bool, error) {
	e.before()
	return e.Store.Holding(ctx, fences)
}

// A worker that dies at any write leaves nobody without the account that they need, and no account that
// nobody needs.
func TestR271_ACrashNeitherEndsTheAccountNorLeavesIt(t *testing.T) {
	for _, step := range []string{"the owner leaves", "the other comes", "the other comes to one that ended", "the other leaves", "the other comes and goes"} {
		for writes := range 6 {
			t.Run(fmt.Sprintf("%s, %d writes", step, writes), func(t *testing.T) {
				onShared(t, nil, func(a *sharing, owner, other entitlement.UserID) {
					whole := a.worker.Store
					crash := func(u entitlement.UserID) {
						a.worker.Store = &failing{Store: whole, left: writes}
						a.worker.Deliver(context.Background(), []entitlement.UserID{u}, "dies")
						a.worker.Store = whole
						time.Sleep(2 * time.Minute)
					}
					needed := func(want bool) {
						t.Helper()
						a.within(30*time.Minute, "nothing is owed", func() bool { return a.done(owner) && a.done(other) })
						if got := a.one(shared); got.Active != want {
							t.Errorf("active %t, used by %+v, on record %+v", got.Active, a.use(got.ID), a.record(owner))
						}
					}

					a.assign(owner, a.pack)
					a.settled(owner)
					if step == "the other comes to one that ended" {
						a.remove(owner, a.pack)
						a.settled(owner)
					}
					a.assign(other, a.theirs)
					if strings.HasPrefix(step, "the other comes") {
						crash(other)
					}
					if step == "the other comes and goes" {
						// Whether a role is gone that may have been given just then may stay unknown; the account ends.
						a.remove(other, a.theirs)
						a.remove(owner, a.pack)
						a.within(30*time.Minute, "the account ends", func() bool { a.done(other); a.done(owner); return !a.one(shared).Active })
						return
					}
					needed(true)
					if step != "the other comes to one that ended" {
						a.remove(owner, a.pack)
						if step == "the owner leaves" {
							crash(owner)
						}
					}
					needed(true)
					a.remove(other, a.theirs)
					if step == "the other leaves" {
						crash(other)
						a.assign(other, a.theirs) // who is given a role again enters again
						needed(true)
						a.remove(other, a.theirs)
					}
					needed(false)
				})
			})
		}
	}
}

// failing is a store in which a worker can write so many times.
type failing struct {
	delivery.Store
	left int
}

func (f *failing) Commit(ctx context.Context, c entitlement.Change) error {
	if f.left--; f.left < 0 {
		return entitlement.Errorf(entitlement.Unavailable, "dead")
	}
	return f.Store.Commit(ctx, c)
}
