package delivery_test

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"leasehold/pkg/clock"
	"leasehold/pkg/connector"
	"leasehold/pkg/connector/connectortest"
	"leasehold/pkg/connector/scim"
	"leasehold/pkg/delivery"
	"leasehold/pkg/entitlement"
)

// accounts is a bench with a SCIM server at which accounts are made.
type accounts struct {
	*bench
	scim  *connectortest.Server
	set   func(*entitlement.ConnectorConfig)
	wire  func(http.RoundTripper) http.RoundTripper
	group string
	pack  entitlement.AccessPackage
}

func onAccounts(t *testing.T, c connectortest.AccountCharacter, run func(*accounts)) {
	t.Helper()
	onBench(t, func(b *bench) {
		a := &accounts{bench: b, scim: connectortest.NewServer(connectortest.Named("honest"), clock.System{})}
		a.scim.AccountCharacter = c
		a.worker.Connectors = a
		a.group = a.scim.AddGroup(a.scim.AddUser("somebody", "", "")) // so that the server is seen to find people
		a.pack = b.pack(a.group)
		run(a)
	})
}

// Open makes it its own registry.
func (a *accounts) Open(context.Context, entitlement.ConnectorID) (connector.Connector, error) {
	cfg := a.scim.Config(target)
	cfg.MakeAccounts = true
	if a.set != nil {
		a.set(&cfg)
	}
	base, err := url.Parse(cfg.URL)
	if err != nil {
		return nil, err
	}
	client := a.scim.Client()
	if a.wire != nil {
		client.Transport = a.wire(client.Transport)
	}
	return scim.New(base, a.scim.Token, cfg, client)
}

// employ adds somebody who has no account at the server.
func (a *accounts) employ(name string) entitlement.UserID {
	id := entitlement.UserID(a.clock.New())
	a.commit(entitlement.Change{Users: []entitlement.User{{ID: id, Type: entitlement.Member, DisplayName: "Mia Moss", GivenName: "Mia", Surname: "Moss",
		UserPrincipalName: name, Mail: name, Enabled: true}}})
	return id
}

// settled has workers and sweeps at it until nothing is owed.
func (a *accounts) settled(u entitlement.UserID) {
	a.t.Helper()
	a.within(30*time.Minute, "nothing is owed", func() bool {
		a.deliver(u)
		h, _, err := a.store.SubjectRecord(context.Background(), u) // a claim of a dead worker may be left
		return err == nil && !h.NeedsReconcile()
	})
}

// record is what is on record of the account.
func (a *accounts) record(u entitlement.UserID) entitlement.Account {
	a.t.Helper()
	_, sets, err := a.store.SubjectRecord(context.Background(), u)
	if err != nil {
		a.t.Fatal(err)
	}
	i := slices.IndexFunc(sets, func(s entitlement.GrantSet) bool { return s.Connector == target })
	if i < 0 {
		return entitlement.Account{}
	}
	return sets[i].Account
}

// one is the only account of the name, and whether it is active.
func (a *accounts) one(name string) connectortest.ShownAccount {
	a.t.Helper()
	all := a.scim.Accounts(name)
	if len(all) != 1 {
		a.t.Fatalf("%d accounts of %s: %+v", len(all), name, all)
	}
	return all[0]
}

// An account is made when a role first needs it, disabled with the last role, and enabled again.
func TestR270_AnAccountComesWithTheFirstRoleAndIsDisabledWithTheLast(t *testing.T) {
	onAccounts(t, connectortest.AccountCharacter{}, func(a *accounts) {
		u := a.employ("mia@example.com")
		second := a.bench.pack(a.scim.AddGroup())
		id := a.assign(u, a.pack)
		a.deliver(u)
		a.settled(u)
		a.request(id, entitlement.RequestDelivered)

		made := a.one("mia@example.com")
		if got := a.record(u); got.State != entitlement.AccountActive || got.Ref != made.ID || made.ExternalID != "leasehold:"+got.Mark || !made.Active {
			t.Errorf("made %+v, on record %+v", made, got)
		}
		if made.Made["displayName"] != "Mia Moss" || made.Mail != "mia@example.com" {
			t.Errorf("made with %v", made.Made)
		}
		mark := a.record(u).Mark

		a.assign(u, second)
		a.settled(u)
		a.remove(u, a.pack)
		a.settled(u)
		if !a.one("mia@example.com").Active {
			t.Error("disabled while a role needs it")
		}
		a.remove(u, second)
		a.settled(u)
		if got := a.record(u); a.one("mia@example.com").Active || got.State != entitlement.AccountDisabled || got.Mark != mark {
			t.Errorf("not disabled with the last role: %+v", got)
		}

		again := a.assign(u, a.pack)
		a.settled(u)
		a.request(again, entitlement.RequestDelivered)
		if got := a.record(u); !a.one("mia@example.com").Active || got.State != entitlement.AccountActive {
			t.Errorf("not enabled again: %+v", got)
		}

		events, err := a.store.Events(context.Background(), entitlement.OfAccount, mark)
		var kinds []string
		for _, e := range events {
			kinds = append(kinds, e.Kind)
		}
		if err != nil || !slices.Equal(kinds, []string{"made", "disabled", "enabled"}) || entitlement.VerifyChain(a.record(u).Chain, events) != nil {
			t.Errorf("events %v, %v", kinds, err)
		}
	})
}

// What somebody else made is used, and never disabled.
func TestR270_AnAccountThatWasThereIsNeverDisabled(t *testing.T) {
	onAccounts(t, connectortest.AccountCharacter{}, func(a *accounts) {
		a.scim.AddUser("mia@example.com", "", "mia@example.com")
		u := a.employ("mia@example.com")
		a.assign(u, a.pack)
		a.settled(u)
		a.remove(u, a.pack)
		a.settled(u)
		if got := a.one("mia@example.com"); !got.Active || a.record(u) != (entitlement.Account{}) {
			t.Errorf("%+v, on record %+v", got, a.record(u))
		}
		if n := len(a.scim.Calls(http.MethodPost)); n != 0 {
			t.Errorf("%d accounts were made", n)
		}
	})
}

// Nothing is made where the registration does not say so.
func TestR270_NoAccountIsMadeUnlessTheConnectorSaysSo(t *testing.T) {
	onAccounts(t, connectortest.AccountCharacter{}, func(a *accounts) {
		a.set = func(cfg *entitlement.ConnectorConfig) { cfg.MakeAccounts = false }
		u := a.employ("mia@example.com")
		a.assign(u, a.pack)
		a.deliver(u)
		if len(a.scim.Accounts("mia@example.com")) != 0 {
			t.Error("an account was made")
		}
	})
}

// A leaver's account is disabled, and one of somebody who is deleted.
func TestR270_ALeaversAccountIsDisabled(t *testing.T) {
	onAccounts(t, connectortest.AccountCharacter{}, func(a *accounts) {
		u := a.employ("mia@example.com")
		a.assign(u, a.pack)
		a.settled(u)
		user, err := a.store.User(context.Background(), u)
		if err != nil {
			t.Fatal(err)
		}
		user.Enabled = false
		a.commit(entitlement.Change{Users: []entitlement.User{user}, SubjectUpdates: []entitlement.SubjectUpdate{{Subject: u, Disabled: true}}})
		a.settled(u)
		if a.one("mia@example.com").Active || a.record(u).State != entitlement.AccountDisabled {
			t.Errorf("on record %+v", a.record(u))
		}
	})
}

// Where the registration says so, the account is deleted with the last role, and made anew.
func TestR270_AnAccountIsDeletedOnlyWhereTheConnectorSaysSo(t *testing.T) {
	onAccounts(t, connectortest.AccountCharacter{}, func(a *accounts) {
		a.set = func(cfg *entitlement.ConnectorConfig) { cfg.DeleteAccounts = true }
		u := a.employ("mia@example.com")
		a.assign(u, a.pack)
		a.settled(u)
		mark := a.record(u).Mark
		a.remove(u, a.pack)
		a.settled(u)
		if n := len(a.scim.Accounts("mia@example.com")); n != 0 || a.record(u) != (entitlement.Account{}) {
			t.Errorf("%d accounts are left, on record %+v", n, a.record(u))
		}
		events, err := a.store.Events(context.Background(), entitlement.OfAccount, mark)
		if err != nil || events[len(events)-1].Kind != "deleted" {
			t.Errorf("events %+v, %v", events, err)
		}

		a.assign(u, a.pack)
		a.settled(u)
		if got := a.record(u); got.Mark == mark || got.Ref != a.one("mia@example.com").ID {
			t.Errorf("made anew: %+v", got)
		}
	})
}

// losing loses the answers of calls with the method, after or before their effect, so many times.
type losing struct {
	next   http.RoundTripper
	method string
	times  *int
	before bool
}

func (l losing) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method != l.method || *l.times == 0 {
		return l.next.RoundTrip(r)
	}
	*l.times--
	if !l.before {
		if response, err := l.next.RoundTrip(r); err == nil {
			response.Body.Close()
		}
	}
	return nil, context.DeadlineExceeded
}

// An answer that is lost leaves one account, which is known to be ours, at servers of every sort.
func TestR270_ALostAnswerLeavesOneAccountThatIsOurs(t *testing.T) {
	for name, c := range connectortest.AccountCharacters() {
		for _, before := range []bool{false, true} {
			t.Run(name+map[bool]string{true: ", lost before", false: ", lost after"}[before], func(t *testing.T) {
				onAccounts(t, c, func(a *accounts) {
					times := 1
					a.wire = func(next http.RoundTripper) http.RoundTripper { return losing{next, http.MethodPost, &times, before} }
					u := a.employ("mia@example.com")
					a.assign(u, a.pack)
					a.settled(u)
					if times != 0 {
						t.Fatal("no answer was lost")
					}
					account, got := a.one("mia@example.com"), a.record(u)
					if c.DropsMarks && !before {
						// Nothing tells whose it is, so it is left alone, and shown.
						if got.State != entitlement.AccountUnsure {
							t.Errorf("on record %+v", got)
						}
						return
					}
					if got.State != entitlement.AccountActive || got.Ref != account.ID {
						t.Errorf("on record %+v, there %+v", got, account)
					}
				})
			})
		}
	}
}

// The same where the worker dies: after the claim, after the call, and before the record.
func TestR270_ACrashLeavesOneAccountThatIsOurs(t *testing.T) {
	for name, c := range connectortest.AccountCharacters() {
		t.Run(name, func(t *testing.T) {
			onAccounts(t, c, func(a *accounts) {
				u := a.employ("mia@example.com")
				a.assign(u, a.pack)
				whole := a.worker.Store
				a.worker.Store = dying{whole}
				a.worker.Deliver(context.Background(), []entitlement.UserID{u}, "dies")
				a.worker.Store = whole
				a.one("mia@example.com")

				a.settled(u)
				account, got := a.one("mia@example.com"), a.record(u)
				if c.DropsMarks {
					if got.State != entitlement.AccountUnsure {
						t.Errorf("on record %+v", got)
					}
					return
				}
				if got.State != entitlement.AccountActive || got.Ref != account.ID {
					t.Errorf("on record %+v, there %+v", got, account)
				}

				a.remove(u, a.pack)
				if c.IgnoresActive {
					return
				}
				a.settled(u)
				if a.one("mia@example.com").Active {
					t.Error("it is not disabled with the last role")
				}
			})
		})
	}
}

// dying is a store in which nothing can be recorded.
type dying struct{ delivery.Store }

func (dying) Commit(context.Context, entitlement.Change) error {
	return entitlement.Errorf(entitlement.Unavailable, "dead")
}

// A role that ends while nobody knows whether the account was made leaves no account behind.
func TestR270_WhatWasMadeByACrashedWorkerIsDisabledThoughNoRoleNeedsIt(t *testing.T) {
	onAccounts(t, connectortest.AccountCharacter{}, func(a *accounts) {
		u := a.employ("mia@example.com")
		a.assign(u, a.pack)
		whole := a.worker.Store
		a.worker.Store = dying{whole}
		a.worker.Deliver(context.Background(), []entitlement.UserID{u}, "dies")
		a.worker.Store = whole

		// Nobody can say whether the role is gone: the account is disabled all the same.
		a.remove(u, a.pack)
		a.within(5*time.Minute, "it is disabled", func() bool { a.deliver(u); return a.record(u).State == entitlement.AccountDisabled })
		if got := a.record(u); a.one("mia@example.com").Active || got.State != entitlement.AccountDisabled {
			t.Errorf("on record %+v", got)
		}
	})
}

// An account that somebody makes by hand after our own call was lost is not ours.
func TestR270_AnAccountOfAnotherMarkIsNotOurs(t *testing.T) {
	onAccounts(t, connectortest.AccountCharacter{}, func(a *accounts) {
		times := 1
		a.wire = func(next http.RoundTripper) http.RoundTripper { return losing{next, http.MethodPost, &times, true} }
		u := a.employ("mia@example.com")
		a.assign(u, a.pack)
		a.deliver(u)
		a.scim.AddUser("mia@example.com", "by hand", "")
		a.settled(u)
		a.remove(u, a.pack)
		a.settled(u)
		if got := a.record(u); !a.one("mia@example.com").Active || got != (entitlement.Account{}) {
			t.Errorf("on record %+v", got)
		}
	})
}

// A target that says that it has disabled an account, and has not, is asked again and again: the
// account counts as active, and the end is owed.
func TestR270_AnAccountCountsAsDisabledOnlyWhereItIsShownSo(t *testing.T) {
	onAccounts(t, connectortest.AccountCharacter{IgnoresActive: true}, func(a *accounts) {
		u := a.employ("mia@example.com")
		a.assign(u, a.pack)
		a.settled(u)
		a.remove(u, a.pack)
		for range 30 {
			a.deliver(u)
			time.Sleep(time.Minute)
		}
		h, _ := a.subjectRecord(u)
		if got := a.record(u); !h.NeedsReconcile() || got.State != entitlement.AccountActive || got.Reason != string(connector.NotConfirmed) {
			t.Errorf("on record %+v", got)
		}

		a.scim.IgnoresActive = false
		time.Sleep(time.Hour)
		a.settled(u)
		if got := a.record(u); a.one("mia@example.com").Active || got.State != entitlement.AccountDisabled || got.Others {
			t.Errorf("on record %+v", got)
		}
	})
}

// An account that was deleted at the target and made again there under the same name is not ours.
func TestR270_WhatStandsInThePlaceOfOurAccountIsNotDisabled(t *testing.T) {
	onAccounts(t, connectortest.AccountCharacter{}, func(a *accounts) {
		u := a.employ("mia@example.com")
		a.assign(u, a.pack)
		a.settled(u)
		a.scim.DeleteUser("mia@example.com")
		a.scim.AddUser("mia@example.com", "by hand", "")
		a.remove(u, a.pack)
		a.settled(u)
		if got := a.record(u); !a.one("mia@example.com").Active || got != (entitlement.Account{}) {
			t.Errorf("on record %+v", got)
		}
	})
}

// Who was disabled at the target by somebody else stays so.
func TestR270_WhatOthersDisabledIsNotEnabled(t *testing.T) {
	onAccounts(t, connectortest.AccountCharacter{}, func(a *accounts) {
		u := a.employ("mia@example.com")
		a.assign(u, a.pack)
		a.settled(u)
		a.scim.SetActive(a.record(u).Ref, false)
		a.remove(u, a.pack)
		a.settled(u)
		id := a.assign(u, a.pack)
		for range 5 {
			a.deliver(u)
			time.Sleep(5 * time.Minute)
		}
		a.request(id, entitlement.RequestDeliveryFailed)
		if got := a.record(u); a.one("mia@example.com").Active || !got.Others || got.State != entitlement.AccountDisabled {
			t.Errorf("on record %+v", got)
		}
	})
}

// moving is a store in which something happens just before the fence is read.
type moving struct {
	delivery.Store
	first func()
}

func (m *moving) Holding(ctx context.Context, fences []entitlement.Fence) ([]bool, error) {
	if first := m.first; first != nil {
		m.first = nil
		first()
	}
	return m.Store.Holding(ctx, fences)
}

// The fence is read right before the call that makes an account: who has lost the role since the
// plan was made gets none.
func TestR270_NoAccountIsMadeForARoleThatHasEnded(t *testing.T) {
	onAccounts(t, connectortest.AccountCharacter{}, func(a *accounts) {
		u := a.employ("mia@example.com")
		a.assign(u, a.pack)
		whole := a.worker.Store
		a.worker.Store = &moving{Store: whole, first: func() { a.remove(u, a.pack) }}
		a.settled(u)
		if n := len(a.scim.Calls(http.MethodPost)); n != 0 || len(a.scim.Accounts("mia@example.com")) != 0 {
			t.Errorf("%d accounts were made", n)
		}
		if got := a.record(u); got != (entitlement.Account{}) {
			t.Errorf("on record %+v", got)
		}
	})
}

// An id that the target gave to somebody else's account is not ours, though it is the one on record.
func TestR270_AnIDThatIsUsedAgainIsNotOurs(t *testing.T) {
	onAccounts(t, connectortest.AccountCharacter{}, func(a *accounts) {
		u := a.employ("mia@example.com")
		a.assign(u, a.pack)
		a.settled(u)
		a.scim.Mark(a.record(u).Ref, "of somebody else")
		a.remove(u, a.pack)
		a.settled(u)
		if got := a.record(u); !a.one("mia@example.com").Active || got != (entitlement.Account{}) {
			t.Errorf("on record %+v", got)
		}
	})
}

// preceded has something happen right before each change of an account is sent.
type preceded struct {
	http.RoundTripper
	by func()
}

func (p preceded) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.Contains(r.URL.Path, "/Users/") && r.Method != http.MethodGet {
		p.by()
	}
	return p.RoundTripper.RoundTrip(r)
}

// An account that becomes somebody else's between the look and the call is not changed: the target keeps
// versions, and is told which one was looked at.
func TestR270_AnAccountIsChangedOnlyAsItWasLookedAt(t *testing.T) {
	for _, deletes := range []bool{false, true} {
		onAccounts(t, connectortest.AccountCharacter{}, func(a *accounts) {
			a.scim.Versions = true
			a.set = func(c *entitlement.ConnectorConfig) { c.DeleteAccounts = deletes }
			u := a.employ("mia@example.com")
			a.assign(u, a.pack)
			a.settled(u)

			times := 0
			a.wire = func(next http.RoundTripper) http.RoundTripper {
				return preceded{next, func() { times++; a.scim.Mark(a.one("mia@example.com").ID, "by hand") }}
			}
			a.remove(u, a.pack)
			a.settled(u)
			if !a.one("mia@example.com").Active || a.record(u) != (entitlement.Account{}) || times != 1 {
				t.Errorf("deletes %v: there is %+v, on record %+v, after %d changes", deletes, a.one("mia@example.com"), a.record(u), times)
			}
		})
	}
}
