package catalogs_test

import (
	"fmt"
	"strings"
	"testing"

	"leasehold/pkg/entitlement"
)

// last returns the newest event of an object, whose chain verifies up to head.
func (w *fixture) last(of entitlement.AggregateKind, id string, head entitlement.Chain) entitlement.Event {
	w.t.Helper()
	events := must[[]entitlement.Event](w.t)(w.store.Events(w.t.Context(), of, id))
	if err := entitlement.VerifyChain(head, events); err != nil {
		w.t.Error(err)
	}
	return events[len(events)-1]
}

func TestR245_WhatOwnersChangeIsInTheEventWithTheValuesBefore(t *testing.T) {
	w := newFixture(t)
	c := w.catalog()
	p := w.pack(c)
	must[entitlement.Catalog](t)(w.UpdateCatalog(t.Context(), by, c.ID, func(c *entitlement.Catalog) { c.Published = false }))
	must[entitlement.AccessPackage](t)(w.UpdatePackage(t.Context(), by, p.ID, func(p *entitlement.AccessPackage) { p.Hidden = true }))
	k := must[entitlement.ConnectorConfig](t)(w.RegisterConnector(t.Context(), by, entitlement.ConnectorConfig{DisplayName: "CRM", Kind: "scim", URL: "https://a.example", CorrelationKeys: []string{"mail"}}, "s3cret"))
	must[entitlement.ConnectorConfig](t)(w.UpdateConnector(t.Context(), by, k.ID, "n3w", func(c *entitlement.ConnectorConfig) {
		c.URL, c.CorrelationKeys = "https://b.example", []string{"externalId"}
	}))

	tests := []struct {
		of   entitlement.AggregateKind
		id   string
		head entitlement.Chain
		want string
	}{
		{entitlement.OfCatalog, string(c.ID), must[entitlement.Catalog](t)(w.store.Catalog(t.Context(), c.ID)).Chain, "[{published true false}]"},
		{entitlement.OfPackage, string(p.ID), must[entitlement.AccessPackage](t)(w.store.Package(t.Context(), p.ID)).Chain, "[{isHidden false true}]"},
		{entitlement.OfConnector, string(k.ID), must[entitlement.ConnectorConfig](t)(w.store.Connector(t.Context(), k.ID)).Chain,
			"[{url https://a.example https://b.example} {correlationKeys mail externalId} {credential number 1 number 2}]"},
	}
	for _, tt := range tests {
		e := w.last(tt.of, tt.id, tt.head)
		if got := fmt.Sprint(e.Changed); got != tt.want || e.Actor != by.ID {
			t.Errorf("%s: %s by %s, want %s", tt.of, got, e.Actor, tt.want)
		}
	}
}

func TestT15_NoEventHoldsACredential(t *testing.T) {
	w := newFixture(t)
	k := must[entitlement.ConnectorConfig](t)(w.RegisterConnector(t.Context(), by, entitlement.ConnectorConfig{DisplayName: "CRM", Kind: "scim", URL: "https://a.example", CorrelationKeys: []string{"mail"}}, "s3cret"))
	must[entitlement.ConnectorConfig](t)(w.UpdateConnector(t.Context(), by, k.ID, "n3w", func(*entitlement.ConnectorConfig) {}))
	events := fmt.Sprint(must[[]entitlement.Event](t)(w.store.Events(t.Context(), entitlement.OfConnector, string(k.ID))))
	if strings.Contains(events, "s3cret") || strings.Contains(events, "n3w") || !strings.Contains(events, "{credential number 1 number 2}") {
		t.Errorf("the events are %s", events)
	}
}

// Whoever keeps policies could ask for no approval, take the package, and ask for approval
// again.
func TestA4_APolicyThatIsLoosenedUsedAndRestoredLeavesThreeEventsAndANotice(t *testing.T) {
	w := newFixture(t)
	p := w.pack(w.catalog())
	boss := entitlement.UserID(w.clock.New())
	if err := w.store.Commit(t.Context(), entitlement.Change{Users: []entitlement.User{{ID: boss, Type: entitlement.Member, DisplayName: "Boss", UserPrincipalName: "boss", Enabled: true}}}); err != nil {
		t.Fatal(err)
	}
	strict := entitlement.AssignmentPolicy{Package: p.ID, DisplayName: "All", Scope: entitlement.ScopeAllMembers, Requestor: entitlement.RequestorSettings{SelfAdd: true},
		Approval: entitlement.ApprovalSettings{RequiredForAdd: true, Stages: []entitlement.ApprovalStage{{Primary: []entitlement.SubjectSet{{Kind: entitlement.SingleUser, ID: string(boss)}}}}}}
	made := must[entitlement.AssignmentPolicy](t)(w.CreatePolicy(t.Context(), by, strict))
	strict.ID = made.ID
	loose := strict
	loose.Approval = entitlement.ApprovalSettings{}

	must[entitlement.AssignmentPolicy](t)(w.ReplacePolicy(t.Context(), by, loose))
	slot := w.holder(p)
	restored := must[entitlement.AssignmentPolicy](t)(w.ReplacePolicy(t.Context(), by, strict))

	events := must[[]entitlement.Event](t)(w.store.Events(t.Context(), entitlement.OfPolicy, string(made.ID)))
	if err := entitlement.VerifyChain(restored.Chain, events); err != nil || len(events) != 3 {
		t.Fatalf("%d events, %v", len(events), err)
	}
	loosened, back := events[1], events[2]
	if loosened.Kind != entitlement.EventLoosened || loosened.Data[entitlement.DataLoosens] != "isApprovalRequiredForAdd, stages" || !strings.Contains(fmt.Sprint(loosened.Changed), "{isApprovalRequiredForAdd true false}") {
		t.Errorf("loosened: %+v", loosened)
	}
	if back.Kind != "replaced" || !strings.Contains(fmt.Sprint(back.Changed), "{isApprovalRequiredForAdd false true}") || back.Data[entitlement.DataLoosens] != "" {
		t.Errorf("restored: %+v", back)
	}
	used := must[[]entitlement.Event](t)(w.store.Events(t.Context(), entitlement.OfRequest, string(slot.Assignment.ID)))
	if used[0].Data["policy"] != string(made.ID) || used[0].Data["approval"] != "notRequired" {
		t.Errorf("used: %+v", used[0])
	}
	notices := must[entitlement.Paged[entitlement.Event]](t)(w.store.Notices(t.Context(), entitlement.Page{}))
	if len(notices.Items) != 1 || notices.Items[0].Hash != loosened.Hash {
		t.Errorf("the notices are %+v", notices.Items)
	}
}

// Nor can a policy without approval be put beside one with approval, used, and deleted.
func TestA4_APolicyWithoutApprovalBesideOthersIsANotice(t *testing.T) {
	w := newFixture(t)
	p := w.pack(w.catalog())
	w.policy(p)
	notices := func() int {
		return len(must[entitlement.Paged[entitlement.Event]](t)(w.store.Notices(t.Context(), entitlement.Page{})).Items)
	}
	if n := notices(); n != 0 {
		t.Errorf("the first policy is %d notices", n)
	}
	beside := must[entitlement.AssignmentPolicy](t)(w.CreatePolicy(t.Context(), by, entitlement.AssignmentPolicy{Package: p.ID, DisplayName: "Beside",
		Scope: entitlement.ScopeAllMembers, Requestor: entitlement.RequestorSettings{SelfAdd: true}}))
	if err := w.DeletePolicy(t.Context(), by, beside.ID); err != nil {
		t.Fatal(err)
	}
	if n := notices(); n != 1 {
		t.Errorf("got %d notices, want one", n)
	}
}
