package catalogs_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"leasehold/pkg/catalogs"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/secrets"
)

// connector registers a target.
func (w *fixture) connector() entitlement.ConnectorConfig {
	w.t.Helper()
	c := must[entitlement.ConnectorConfig](w.t)(w.RegisterConnector(w.t.Context(), by, entitlement.ConnectorConfig{
		DisplayName: "CRM", Kind: "scim", URL: "https://crm.example/scim", CorrelationKeys: []string{"userName"}}, "s3cr3t"))
	return must[entitlement.ConnectorConfig](w.t)(w.store.Connector(w.t.Context(), c.ID)) // as it is since its target was looked at
}

// grantSet records grants of a new person at a connector, each with a reason of failure or
// "" for none, and returns the person.
func (w *fixture) grantSet(at entitlement.ConnectorID, reasons ...string) entitlement.UserID {
	w.t.Helper()
	u, now := entitlement.UserID(w.clock.New()), w.clock.Now()
	claim := entitlement.Claim{Subject: u, Connector: at, Token: w.clock.New(), Now: now, Until: now.Add(time.Minute)}
	s := must[entitlement.GrantSet](w.t)(w.store.Claim(w.t.Context(), claim))
	s.Grants = map[entitlement.RoleRef]entitlement.Grant{}
	for _, reason := range reasons {
		role := entitlement.RoleRef{Connector: at, Resource: w.clock.New(), Role: "Member"}
		g := entitlement.Grant{Role: role, Presence: entitlement.PresencePresent}
		if reason != "" {
			g.Reason, g.Since, g.Next = reason, now, now.Add(time.Hour)
		}
		s.Grants[role] = g
	}
	w.commit(entitlement.Change{GrantSets: []entitlement.GrantSet{s}})
	return u
}

func (w *fixture) commit(c entitlement.Change) {
	w.t.Helper()
	if err := w.store.Commit(w.t.Context(), c); err != nil {
		w.t.Fatal(err)
	}
}

func TestS20_AnotherAddressNeedsTheCredentialAgain(t *testing.T) {
	w := newFixture(t)
	w.Kinds = []entitlement.TargetKind{{Name: "scim", OriginSystem: "Scim"}, {Name: "webhook", OriginSystem: "Webhook"}}
	c := w.connector()
	for name, edit := range map[string]func(*entitlement.ConnectorConfig){
		"another host":   func(c *entitlement.ConnectorConfig) { c.URL = "https://evil.example/scim" },
		"another port":   func(c *entitlement.ConnectorConfig) { c.URL = "https://crm.example:8443/scim" },
		"another path":   func(c *entitlement.ConnectorConfig) { c.URL = "https://crm.example/scim2" },
		"another scheme": func(c *entitlement.ConnectorConfig) { c.URL = "http://crm.example/scim" },
		"another kind":   func(c *entitlement.ConnectorConfig) { c.Kind = "webhook" },
	} {
		_, err := w.UpdateConnector(t.Context(), by, c.ID, "", edit)
		w.kind(err, entitlement.Precondition, "to change url or kind, send credential with them")
		if got := must[entitlement.ConnectorConfig](t)(w.store.Connector(t.Context(), c.ID)); got.URL != c.URL || got.Kind != c.Kind || got.Version != c.Version {
			t.Errorf("%s: it is %+v now", name, got)
		}
		moved := must[entitlement.ConnectorConfig](t)(w.UpdateConnector(t.Context(), by, c.ID, "for there", edit))
		if moved.Credential <= c.Credential {
			t.Errorf("%s: the credential is still number %d", name, moved.Credential)
		}
		c = must[entitlement.ConnectorConfig](t)(w.UpdateConnector(t.Context(), by, c.ID, "s3cr3t", func(kept *entitlement.ConnectorConfig) { kept.URL, kept.Kind = c.URL, c.Kind }))
	}
	// What clients put back as they read it changes nothing, and needs nothing.
	same := must[entitlement.ConnectorConfig](t)(w.UpdateConnector(t.Context(), by, c.ID, "", func(kept *entitlement.ConnectorConfig) {
		kept.URL, kept.Kind, kept.DisplayName = c.URL, c.Kind, "CRM 2"
	}))
	if same.Credential != c.Credential || same.DisplayName != "CRM 2" {
		t.Errorf("renamed: %+v", same)
	}
}

// Deleting is for connectors that nothing uses: each row is a use, and what ends it.
func TestS7_AConnectorInUseIsNotDeleted(t *testing.T) {
	w := newFixture(t)
	vault := &secrets.Memory{}
	w.Secrets = vault
	c, catalog := w.connector(), w.catalog()
	r := must[entitlement.Resource](t)(w.AddResource(t.Context(), by, catalog.ID, c.ID, "Scim", "sales"))
	second := must[entitlement.Resource](t)(w.AddResource(t.Context(), by, w.catalog().ID, c.ID, "Scim", "sales"))
	w.kind(w.DeleteConnector(t.Context(), by, c.ID), entitlement.Conflict, "2 resources of catalogs are at this connector, such as sales in the catalog C")

	// An edit that takes a role from its holders, and one of them who still has it.
	p := w.pack(catalog)
	scope := must[entitlement.ResourceRoleScope](t)(w.AddScope(t.Context(), by, p.ID, r, "Member_sales"))
	if err := w.RemoveScope(t.Context(), by, p.ID, scope.ID); err != nil {
		t.Fatal(err)
	}
	for _, used := range []entitlement.Resource{r, second} {
		used = must[entitlement.Resource](t)(w.store.Resource(t.Context(), used.Catalog, used.ID))
		if err := w.RemoveResource(t.Context(), by, used); err != nil {
			t.Fatal(err)
		}
	}
	w.kind(w.DeleteConnector(t.Context(), by, c.ID), entitlement.Conflict, "try again after 2026-05-01T00:01:00Z")
	w.clock.Advance(time.Minute)
	w.kind(w.DeleteConnector(t.Context(), by, c.ID), entitlement.Conflict, "An edit of the access package "+string(p.ID))
	for _, generation := range []int64{1, 2} {
		job := must[entitlement.Job](t)(w.store.Job(t.Context(), p.ID, generation))
		job.Erased = true
		w.commit(entitlement.Change{Jobs: []entitlement.Job{job}})
	}

	holder, elsewhere := w.grantSet(c.ID, "", "target-unavailable"), w.grantSet(w.connector().ID, "")
	w.grantSet(c.ID) // of one who had something there once
	for _, u := range []entitlement.UserID{holder, elsewhere} {
		w.commit(entitlement.Change{SubjectUpdates: []entitlement.SubjectUpdate{{Subject: u, CheckAfter: w.clock.Now()}}})
	}
	w.kind(w.DeleteConnector(t.Context(), by, c.ID), entitlement.Conflict, "The user "+string(holder)+" still has 2 roles at this connector")
	claim := entitlement.Claim{Subject: holder, Connector: c.ID, Token: w.clock.New(), Now: w.clock.Now().Add(time.Hour), Until: w.clock.Now().Add(2 * time.Hour)}
	grantSet := must[entitlement.GrantSet](t)(w.store.Claim(t.Context(), claim))
	grantSet.Grants = nil
	w.commit(entitlement.Change{GrantSets: []entitlement.GrantSet{grantSet}})

	// An edit that was made when the connector had no resource any more has nothing to do with it.
	other := must[entitlement.Resource](t)(w.AddResource(t.Context(), by, catalog.ID, entitlement.BuiltinConnector, entitlement.OriginAadGroup, "g"))
	must[entitlement.ResourceRoleScope](t)(w.AddScope(t.Context(), by, p.ID, other, "Member_g"))

	w.commit(entitlement.Change{Breakers: []entitlement.Breaker{{Connector: c.ID, Failures: 3, Until: w.clock.Now()}}})
	if err := w.DeleteConnector(t.Context(), by, c.ID); err != nil {
		t.Fatal(err)
	}
	_, err := w.store.Connector(t.Context(), c.ID)
	w.kind(err, entitlement.NotFound, "")
	_, err = vault.Get(t.Context(), c.ID, c.Credential, c.Address())
	w.kind(err, entitlement.NotFound, "")
	if b := must[entitlement.Breaker](t)(w.store.Breaker(t.Context(), c.ID)); b.Failures != 0 {
		t.Errorf("its breaker is still there: %+v", b)
	}
	_, err = w.AddResource(t.Context(), by, catalog.ID, c.ID, "Scim", "sales")
	w.kind(err, entitlement.NotFound, "")
	w.kind(w.DeleteConnector(t.Context(), by, entitlement.BuiltinConnector), entitlement.Precondition, "built-in")
}

func TestS7_AConnectorThatNeverHadAResourceIsDeletedAtOnce_AndItsCredentialAtTheSecondTry(t *testing.T) {
	w := newFixture(t)
	vault := &flakySecrets{fails: true}
	w.Secrets = vault
	c := w.connector()
	w.kind(w.DeleteConnector(t.Context(), by, c.ID), entitlement.Unavailable, "")
	_, err := w.store.Connector(t.Context(), c.ID)
	w.kind(err, entitlement.NotFound, "")
	vault.fails = false
	w.kind(w.DeleteConnector(t.Context(), by, c.ID), entitlement.NotFound, "")
	_, err = vault.Get(t.Context(), c.ID, c.Credential, c.Address())
	w.kind(err, entitlement.NotFound, "")
}

// flakySecrets forgets nothing while it fails.
type flakySecrets struct {
	secrets.Memory
	fails bool
}

func (s *flakySecrets) Delete(ctx context.Context, id entitlement.ConnectorID) error {
	if s.fails {
		return entitlement.Errorf(entitlement.Unavailable, "Credentials cannot be written at the moment.")
	}
	return s.Memory.Delete(ctx, id)
}

// meanwhile does something once, just before a commit.
type meanwhile struct {
	catalogs.Store
	does func()
}

func (s *meanwhile) Commit(ctx context.Context, c entitlement.Change) error {
	if does := s.does; does != nil {
		s.does = nil
		does()
	}
	return s.Store.Commit(ctx, c)
}

// A resource and a deletion that cross: one of them comes through.
func TestS7_NoResourceComesToNameAConnectorThatIsBeingDeleted(t *testing.T) {
	w := newFixture(t)
	c, catalog := w.connector(), w.catalog()
	add := func(s *catalogs.Service) error {
		_, err := s.AddResource(t.Context(), by, catalog.ID, c.ID, "Scim", "sales")
		return err
	}

	crossed := *w.Service
	crossed.Store = &meanwhile{w.store, func() {
		if err := add(w.Service); err != nil {
			t.Fatal(err)
		}
	}}
	w.kind(crossed.DeleteConnector(t.Context(), by, c.ID), entitlement.Conflict, "1 resources of catalogs")

	for _, r := range must[entitlement.Paged[entitlement.Resource]](t)(w.store.ListResources(t.Context(), catalog.ID, entitlement.Page{})).Items {
		if err := w.RemoveResource(t.Context(), by, r); err != nil {
			t.Fatal(err)
		}
	}
	w.clock.Advance(time.Hour)
	crossed.Store = &meanwhile{w.store, func() {
		if err := w.DeleteConnector(t.Context(), by, c.ID); err != nil {
			t.Fatal(err)
		}
	}}
	w.kind(add(&crossed), entitlement.NotFound, "no connector with this id")
	if left := must[entitlement.Paged[entitlement.Resource]](t)(w.store.ListResources(t.Context(), catalog.ID, entitlement.Page{})).Items; len(left) != 0 {
		t.Errorf("resources of a deleted connector: %+v", left)
	}
}

func TestF28_ANewCredentialOrAddressWakesWhoFailedByTheOldOne(t *testing.T) {
	w := newFixture(t)
	c := w.connector()
	refused, silent := w.grantSet(c.ID, entitlement.ReasonCredential), w.grantSet(c.ID, entitlement.ReasonUnavailable)
	forOne := w.grantSet(c.ID, entitlement.ReasonRefused) // such as 403 for one person, while questions are answered
	unknown, strange := w.grantSet(c.ID, entitlement.ReasonPrincipalMissing), w.grantSet(c.ID, entitlement.ReasonNotUnderstood)
	w.grantSet(w.connector().ID, entitlement.ReasonCredential)
	w.commit(entitlement.Change{Breakers: []entitlement.Breaker{{Connector: c.ID, Failures: 9, Until: w.clock.Now().Add(50 * time.Second)}}})
	woken := func(credential string, edit func(*entitlement.ConnectorConfig)) []entitlement.UserID {
		t.Helper()
		heard := &recorder{}
		w.Enqueuer = heard
		must[entitlement.ConnectorConfig](t)(w.UpdateConnector(t.Context(), by, c.ID, credential, edit))
		return heard.sent
	}

	if got := woken("", func(c *entitlement.ConnectorConfig) { c.DisplayName = "CRM 2" }); len(got) != 0 {
		t.Errorf("a new name wakes %v", got)
	}
	if got := woken("", func(c *entitlement.ConnectorConfig) { c.CorrelationKeys = []string{"mail"} }); !slices.Equal(got, []entitlement.UserID{unknown, forOne}) {
		t.Errorf("another key wakes %v, want %s and %s", got, unknown, forOne)
	}
	for name, c2 := range map[string]struct {
		edit func(*entitlement.ConnectorConfig)
		want []entitlement.UserID
	}{
		"a new credential":           {func(*entitlement.ConnectorConfig) {}, []entitlement.UserID{refused, forOne, silent}},
		"a new address, with it one": {func(c *entitlement.ConnectorConfig) { c.URL = "https://crm2.example/scim" }, []entitlement.UserID{refused, strange, unknown, forOne, silent}},
	} {
		if got := woken("n3w", c2.edit); !slices.Equal(got, c2.want) {
			t.Errorf("%s wakes %v, want %v", name, got, c2.want)
		}
		if b := must[entitlement.Breaker](t)(w.store.Breaker(t.Context(), c.ID)); b.Failures != 9 || b.Until.After(w.clock.Now()) {
			t.Errorf("%s: the target rests until %s after %d failures", name, b.Until, b.Failures)
		}
	}
}

// Another setting may be the cure of what nobody could confirm, or the target refused.
func TestF39_AChangedSettingIsAnEventAndWakesWhoFailedForWantOfIt(t *testing.T) {
	w := newFixture(t)
	c := w.connector()
	blind, refused, unconfirmed := w.grantSet(c.ID, entitlement.ReasonCannotConfirm), w.grantSet(c.ID, entitlement.ReasonRefused), w.grantSet(c.ID, entitlement.ReasonNotConfirmed)
	w.grantSet(c.ID, entitlement.ReasonCredential)
	heard := &recorder{}
	w.Enqueuer = heard
	edit := func(change func(*entitlement.ConnectorConfig)) entitlement.Event {
		t.Helper()
		must[entitlement.ConnectorConfig](t)(w.UpdateConnector(t.Context(), by, c.ID, "", change))
		events := must[[]entitlement.Event](t)(w.store.Events(t.Context(), entitlement.OfConnector, string(c.ID)))
		return events[len(events)-1]
	}

	e := edit(func(c *entitlement.ConnectorConfig) {
		c.Unconfirmed, c.ValueListRemoval, c.ConcurrentWrites = true, true, true
	})
	if got := fmt.Sprint(e.Changed); got != "[{readBack required unconfirmed} {removalForm memberPath valueList} {writes serial concurrent}]" || e.Actor != by.ID {
		t.Errorf("the event is %+v", e)
	}
	if !slices.Equal(heard.sent, []entitlement.UserID{blind, unconfirmed, refused}) {
		t.Errorf("woken %v, want %v", heard.sent, []entitlement.UserID{blind, unconfirmed, refused})
	}
	heard.sent = nil
	if e := edit(func(c *entitlement.ConnectorConfig) { c.DisplayName = "CRM 2" }); len(e.Changed) != 1 || e.Changed[0].Property != "displayName" || len(heard.sent) > 0 {
		t.Errorf("a new name: %+v, woken %v", e, heard.sent)
	}
}

// What resources of a target are called on the wire is said by the kind of its connector,
// and a resource that says otherwise is refused.
func TestAResourceIsOfTheOriginSystemOfItsConnector(t *testing.T) {
	w := newFixture(t)
	w.Kinds = []entitlement.TargetKind{{Name: "scim", OriginSystem: "Scim"}, {Name: "webhook", OriginSystem: "Webhook"}}
	c := w.connector()
	if c.OriginSystem != "Scim" {
		t.Errorf("registered as %q", c.OriginSystem)
	}
	for name, tt := range map[string]struct {
		system      string
		environment entitlement.ConnectorID
		at          entitlement.ConnectorID
		as, refusal string
	}{
		"the built-in directory":            {"aadgroup", "", entitlement.BuiltinConnector, "AadGroup", ""},
		"that, named":                       {"AadGroup", entitlement.BuiltinConnector, entitlement.BuiltinConnector, "AadGroup", ""},
		"that, at another":                  {"AadGroup", c.ID, "", "", "live in the built-in directory"},
		"a target":                          {"scim", c.ID, c.ID, "Scim", ""},
		"a target that nobody names":        {"Scim", "", "", "", "must name the connector"},
		"a target in the built-in one":      {"Webhook", entitlement.BuiltinConnector, "", "", "must name the connector"},
		"a system that no connector speaks": {"AadApplication", c.ID, "", "", "must be one of: AadGroup, Scim, Webhook."},
	} {
		at, as, err := w.Target(catalogs.Origin{System: tt.system, Environment: tt.environment})
		if at != tt.at || as != tt.as || (tt.refusal == "") != (err == nil) || tt.refusal != "" && !strings.Contains(entitlement.MessageOf(err), tt.refusal) {
			t.Errorf("%s: %q, %q, %v", name, at, as, err)
		}
	}
	_, err := w.AddResource(t.Context(), by, w.catalog().ID, c.ID, "Webhook", "sales")
	w.kind(err, entitlement.Invalid, "must be that of the connector: Scim.")
}

// Of a kind that is called by our own role there is no credential: none is kept, and one that is
// sent is refused, not ignored.
func TestAKindWithoutACredentialIsGivenNone(t *testing.T) {
	w := newFixture(t)
	w.Kinds = append(w.Kinds, entitlement.TargetKind{Name: "lambda", OriginSystem: "Lambda", NoCredential: true})
	c := entitlement.ConnectorConfig{DisplayName: "Rooms", Kind: "lambda", URL: "https://lambda.example/rooms", CorrelationKeys: []string{"mail"}}

	_, err := w.RegisterConnector(t.Context(), by, c, "a word")
	w.kind(err, entitlement.Invalid, "are given none")
	made := must[entitlement.ConnectorConfig](t)(w.RegisterConnector(t.Context(), by, c, ""))
	if made.Credential != 0 {
		t.Errorf("the credential %d is kept", made.Credential)
	}
	_, err = w.UpdateConnector(t.Context(), by, made.ID, "a word", func(*entitlement.ConnectorConfig) {})
	w.kind(err, entitlement.Invalid, "are given none")
	moved := must[entitlement.ConnectorConfig](t)(w.UpdateConnector(t.Context(), by, made.ID, "", func(c *entitlement.ConnectorConfig) { c.URL = "https://lambda.example/doors" }))
	if moved.URL != "https://lambda.example/doors" || moved.Credential != 0 {
		t.Errorf("moved to %+v", moved)
	}
	_, err = w.UpdateConnector(t.Context(), by, made.ID, "", func(c *entitlement.ConnectorConfig) { c.Kind = "scim" })
	w.kind(err, entitlement.Precondition, "")
}

func TestR273_OnlyADirectoryCanBeInTheVPCAndOnlyWhereThereIsOne(t *testing.T) {
	w := newFixture(t)
	w.Kinds = []entitlement.TargetKind{{Name: "scim", OriginSystem: "Scim"}, {Name: "ldap", OriginSystem: "Ldap", InVPC: true, NotHTTP: true}}
	register := func(kind string) error {
		_, err := w.RegisterConnector(t.Context(), by, entitlement.ConnectorConfig{DisplayName: "D", Kind: kind, URL: "https://d.example/dc=d", CorrelationKeys: []string{"mail"}, VPC: true}, "s3cr3t")
		return err
	}
	if err := register("ldap"); entitlement.KindOf(err) != entitlement.Precondition || !strings.Contains(err.Error(), "deploy with one") {
		t.Errorf("without a VPC: %v", err)
	}
	w.VPC = true
	if err := register("scim"); entitlement.KindOf(err) != entitlement.Invalid || !strings.Contains(err.Error(), "leave it at internet") {
		t.Errorf("a kind that is called by the internet: %v", err)
	}
	if err := register("ldap"); err != nil {
		t.Errorf("a directory in the VPC: %v", err)
	}
}
