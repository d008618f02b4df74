package delivery_test

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"leasehold/pkg/clock"
	"leasehold/pkg/connector"
	"leasehold/pkg/connector/connectortest"
	"leasehold/pkg/connector/scim"
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
		h, _ := a.subjectRecord(u)
		return !h.NeedsReconcile()
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
func TestR263_AnAccountComesWithTheFirstRoleAndIsDisabledWithTheLast(t *testing.T) {
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
