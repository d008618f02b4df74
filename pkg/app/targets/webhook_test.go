package targets_test

import (
	"bytes"
	"encoding/base64"
	"net/http/httptest"
	"slices"
	"testing"

	"leasehold/pkg/catalogs"
	"leasehold/pkg/connector/connectortest"
	"leasehold/pkg/connector/webhook"
	"leasehold/pkg/connector/webhook/example"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/requests"
)

// A package with two roles of one resource of a webhook: found in the picker, asked, delivered, read back,
// ended, gone. What others gave stays, and each role is counted by itself.
func TestR4_R5_R8_RolesAtAWebhookAreGivenAndTakenBack(t *testing.T) {
	s := newStack(t, connectortest.Character{Name: "honest"})
	rooms := &example.Target{Secret: bytes.Repeat([]byte("k"), 32), Rooms: []string{"front", "back"}, People: map[string][]string{"ann@example.com": {"account-7"}}}
	server := httptest.NewServer(rooms)
	t.Cleanup(server.Close)
	hook := must[entitlement.ConnectorConfig](t)(s.catalogs.RegisterConnector(t.Context(), by, entitlement.ConnectorConfig{DisplayName: "Rooms", Kind: webhook.Kind,
		URL: server.URL, CorrelationKeys: []string{"userName"}}, "whsec_"+base64.StdEncoding.EncodeToString(rooms.Secret)))
	if checked := must[entitlement.ConnectorConfig](t)(s.catalogs.CheckConnector(t.Context(), by, hook.ID, "")); checked.Check.Error != "" || !slices.Contains(checked.Check.Features, "batch 50") {
		t.Errorf("the check found %+v", checked.Check)
	}
	offers := must[entitlement.Paged[entitlement.TargetOffer]](t)(s.catalogs.Offers(t.Context(), by.Caller, hook.ID, "", entitlement.Page{Limit: 10}))
	if len(offers.Items) != 2 || offers.Items[0].Reason != "" || len(offers.Items[0].Roles) != 2 {
		t.Errorf("offered are %+v", offers.Items)
	}
	if at, system, err := s.catalogs.Target(catalogs.Origin{System: webhook.OriginSystem, Environment: hook.ID}); err != nil || at != hook.ID || system != webhook.OriginSystem {
		t.Errorf("got %s, %s, %v", at, system, err)
	}

	ann := entitlement.UserID(s.clock.New())
	if err := s.store.Commit(t.Context(), entitlement.Change{Users: []entitlement.User{{ID: ann, Type: entitlement.Member, DisplayName: "Ann", UserPrincipalName: "ann@example.com", Enabled: true}}}); err != nil {
		t.Fatal(err)
	}
	front := must[entitlement.Resource](t)(s.catalogs.AddResource(t.Context(), by, s.catalog, hook.ID, webhook.OriginSystem, "front"))
	both, one := s.offer(front, "open", "keep"), s.offer(front, "open")
	give := func(p entitlement.AccessPackage) entitlement.AssignmentID {
		r := must[entitlement.AssignmentRequest](t)(s.requests.Submit(t.Context(), by, requests.Submission{Type: entitlement.AdminAdd, Subject: ann, Package: p.ID, Policy: must[entitlement.AccessPackage](t)(s.store.Package(t.Context(), p.ID)).Policies[0]}))
		s.deliver(ann)
		if a := must[entitlement.Assignment](t)(s.requests.Assignment(t.Context(), by.Caller, entitlement.AssignmentID(r.ID))); a.State != entitlement.AssignmentDelivered {
			t.Errorf("%s: %s, %s", p.DisplayName, a.State, a.Status(s.clock.Now()))
		}
		return entitlement.AssignmentID(r.ID)
	}
	take := func(a entitlement.AssignmentID) {
		must[entitlement.AssignmentRequest](t)(s.requests.Remove(t.Context(), by, entitlement.AdminRemove, a, ""))
		s.deliver(ann)
	}
	holds := func(when string, open, keep int) {
		t.Helper()
		if o, k := rooms.Held("front", "open"), rooms.Held("front", "keep"); len(o) != open || len(k) != keep {
			t.Errorf("%s: open is held by %v, keep by %v", when, o, k)
		}
	}

	first := give(both)
	holds("with the first", 1, 1)
	second := give(one)
	take(first)
	holds("without the first", 1, 0)
	take(second)
	holds("without both", 0, 0)
}
