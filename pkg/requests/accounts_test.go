package requests_test

import (
	"testing"
	"time"

	"leasehold/pkg/entitlement"
)

// Whoever may list every assignment sees the accounts that were made for somebody, and nobody else does.
func TestR270_TheAccountsOfAPersonAreListed(t *testing.T) {
	w := newFixture(t)
	admin, mia := w.person("", true), w.person("", false)
	at := entitlement.ConnectorID(w.clock.New())
	set, err := w.store.Claim(t.Context(), entitlement.Claim{Subject: mia.ID, Connector: at, Token: w.clock.New(), Now: w.clock.Now(), Until: w.clock.Now().Add(time.Minute)})
	if err != nil {
		t.Fatal(err)
	}
	set.Account = entitlement.Account{State: entitlement.AccountDisabled, Ref: "7", Mark: w.clock.New(), Since: w.clock.Now()}
	w.commit(entitlement.Change{Connectors: []entitlement.ConnectorConfig{{ID: at, DisplayName: "ERP", Kind: "scim"}}, GrantSets: []entitlement.GrantSet{set}})

	got, err := w.AccountsOf(t.Context(), admin.Caller, mia.ID)
	if err != nil || len(got) != 1 || got[0].Name != "ERP" || got[0].Connector != at || got[0].Account != set.Account {
		t.Errorf("%+v, %v", got, err)
	}
	if none, err := w.AccountsOf(t.Context(), admin.Caller, admin.ID); err != nil || len(none) != 0 {
		t.Errorf("%+v, %v", none, err)
	}
	_, err = w.AccountsOf(t.Context(), mia.Caller, mia.ID)
	w.kind(err, entitlement.Forbidden)
}
