package targets_test

import (
	"context"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"leasehold/pkg/app/targets"
	"leasehold/pkg/authz"
	"leasehold/pkg/catalogs"
	"leasehold/pkg/clock"
	"leasehold/pkg/connector"
	"leasehold/pkg/connector/connectortest"
	"leasehold/pkg/connector/connectortest/identityserver"
	"leasehold/pkg/connector/kinds"
	"leasehold/pkg/connector/scim"
	"leasehold/pkg/delivery"
	"leasehold/pkg/directory"
	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/requests"
	"leasehold/pkg/secrets"
)

var (
	root = entitlement.User{ID: "00000000-0000-4000-8000-0000000000aa", Type: entitlement.Member, DisplayName: "Root", UserPrincipalName: "root@example.com",
		Enabled: true, Groups: []entitlement.GroupID{entitlement.AdministratorsGroup}}
	by = authz.Command{Caller: authz.Caller{ID: root.ID, Scopes: authz.Every}, CommandID: "call"}.As(root)
)

type nobody struct{}

func (nobody) Enqueue(context.Context, ...entitlement.UserID) error { return nil }

func (nobody) EnqueueAfter(context.Context, time.Duration, ...entitlement.UserID) error { return nil }

func (nobody) EnqueueImpact(context.Context, entitlement.PackageID, entitlement.ImpactJobID) error {
	return nil
}
func (nobody) EnqueueJob(context.Context, entitlement.PackageID, int64) error { return nil }

// stack is the owners', the people's and the worker's side, wired as the functions are, in
// front of a SCIM server.
type stack struct {
	*testing.T
	clock    *clock.Virtual
	server   *connectortest.Server
	store    *dynamotest.Store
	catalogs *catalogs.Service
	requests *requests.Service
	worker   *delivery.Service
	catalog  entitlement.CatalogID
	target   entitlement.ConnectorConfig
}

func must[V any](t *testing.T) func(V, error) V {
	return func(v V, err error) V {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func newStack(t *testing.T, character connectortest.Character) *stack {
	t.Helper()
	c, log := clock.NewVirtual(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)), slog.New(slog.NewTextHandler(io.Discard, nil))
	s := &stack{T: t, clock: c, server: connectortest.NewServer(character, c), store: dynamotest.New()}
	credentials := &secrets.Memory{}
	people := &directory.Service{Store: s.store, Clock: c, IDs: c, Enqueuer: nobody{}, Log: log}
	registry := targets.Registry(s.store, credentials, people, targets.Reach{Private: true, Own: identityserver.Own})

	s.catalogs = &catalogs.Service{Store: s.store, Targets: connector.Lookup{Registry: registry}, Secrets: credentials, Kinds: kinds.All(), Jobs: nobody{}, Enqueuer: nobody{}, Clock: c, IDs: c, Log: log}
	s.requests = &requests.Service{Store: s.store, Enqueuer: nobody{}, Clock: c, IDs: c, Log: log}
	s.worker = &delivery.Service{Store: s.store, Connectors: registry, Queue: nobody{}, Clock: c, IDs: c, Lease: time.Minute, Log: log}

	for _, change := range []entitlement.Change{
		{Users: []entitlement.User{root}, Groups: []entitlement.Group{{ID: entitlement.AdministratorsGroup, DisplayName: "Administrators"}}},
		{Memberships: []entitlement.Membership{{Group: entitlement.AdministratorsGroup, User: root.ID}}},
	} {
		if err := s.store.Commit(t.Context(), change); err != nil {
			t.Fatal(err)
		}
	}
	s.catalog = must[entitlement.Catalog](t)(s.catalogs.CreateCatalog(t.Context(), by, entitlement.Catalog{DisplayName: "C", Published: true})).ID
	s.target = must[entitlement.ConnectorConfig](t)(s.catalogs.RegisterConnector(t.Context(), by, entitlement.ConnectorConfig{DisplayName: "ERP", Kind: scim.Kind,
		URL: s.server.Start(t).String(), CorrelationKeys: []string{"userName"}, RoleValues: []string{"auditor", "clerk"}}, s.server.Token))
	return s
}

// offer makes a package of roles that administrators assign.
func (s *stack) offer(r entitlement.Resource, roles ...string) entitlement.AccessPackage {
	s.Helper()
	p := must[entitlement.AccessPackage](s.T)(s.catalogs.CreatePackage(s.Context(), by, entitlement.AccessPackage{Catalog: s.catalog, DisplayName: strings.Join(roles, " ")}))
	for _, role := range roles {
		must[entitlement.ResourceRoleScope](s.T)(s.catalogs.AddScope(s.Context(), by, p.ID, r, role))
	}
	must[entitlement.AssignmentPolicy](s.T)(s.catalogs.CreatePolicy(s.Context(), by, entitlement.AssignmentPolicy{Package: p.ID, DisplayName: "All", Scope: entitlement.ScopeNobody}))
	return p
}

// deliver lets the worker look at somebody until nothing is left to be done.
func (s *stack) deliver(u entitlement.UserID) {
	s.Helper()
	for range 4 {
		for _, err := range s.worker.Deliver(s.Context(), []entitlement.UserID{u}, "test") {
			s.Fatal(err)
		}
		s.clock.Advance(5 * time.Minute)
	}
}

const rolesOf = "urn:ietf:params:scim:schemas:core:2.0:User:roles"

// Two packages give a role of an application each by itself; it is taken back with the last of
// them, and what somebody else gave stays.
func TestR4_R5_R8_EachRoleOfAnApplicationIsCountedByItself(t *testing.T) {
	for _, character := range []string{"honest", "stores members twice", "is strict", "reads the first comparison alone", "filters say present of everybody"} {
		t.Run(character, func(t *testing.T) {
			s := newStack(t, connectortest.Named(character))
			ann := s.server.AddUser("ann@example.com", "", "")
			s.server.GiveValues(ann, "roles", "theirs")
			id := entitlement.UserID(s.clock.New())
			if err := s.store.Commit(t.Context(), entitlement.Change{Users: []entitlement.User{{ID: id, Type: entitlement.Member, DisplayName: "Ann", UserPrincipalName: "ann@example.com", Enabled: true}}}); err != nil {
				t.Fatal(err)
			}

			app := must[entitlement.Resource](t)(s.catalogs.AddResource(t.Context(), by, s.catalog, s.target.ID, scim.OriginApplication, rolesOf))
			both, one := s.offer(app, "auditor", "clerk"), s.offer(app, "clerk")
			give := func(p entitlement.AccessPackage) entitlement.AssignmentID {
				r := must[entitlement.AssignmentRequest](t)(s.requests.Submit(t.Context(), by, requests.Submission{Type: entitlement.AdminAdd, Subject: id, Package: p.ID, Policy: must[entitlement.AccessPackage](t)(s.store.Package(t.Context(), p.ID)).Policies[0]}))
				s.deliver(id)
				a := must[entitlement.Assignment](t)(s.requests.Assignment(t.Context(), by.Caller, entitlement.AssignmentID(r.ID)))
				if a.State != entitlement.AssignmentDelivered {
					t.Errorf("%s: %s, %s", p.DisplayName, a.State, a.Status(s.clock.Now()))
				}
				return a.ID
			}
			take := func(a entitlement.AssignmentID) {
				s.Helper()
				must[entitlement.AssignmentRequest](t)(s.requests.Remove(t.Context(), by, entitlement.AdminRemove, a, ""))
				s.deliver(id)
			}
			has := func(when string, want ...string) {
				t.Helper()
				got := s.server.Values(ann, "roles")
				slices.Sort(got)
				if !slices.Equal(got, want) {
					t.Errorf("%s: %q, want %q", when, got, want)
				}
			}

			first := give(both)
			has("with the first", "auditor", "clerk", "theirs")
			second := give(one)
			has("with both", "auditor", "clerk", "theirs")
			take(first)
			has("without the first", "clerk", "theirs")
			take(second)
			has("without both", "theirs")
		})
	}
}

// A role that a check found is offered, comes to the resources of catalogs with a refresh, and
// is one like any other.
func TestR9_RolesThatATargetIsSeenToHaveAreFoundByACheck(t *testing.T) {
	s := newStack(t, connectortest.Character{Name: "honest"})
	app := must[entitlement.Resource](t)(s.catalogs.AddResource(t.Context(), by, s.catalog, s.target.ID, scim.OriginApplication, rolesOf))
	s.server.GiveValues(s.server.AddUser("ann", "", ""), "roles", "viewer", "clerk")
	s.server.GiveValues(s.server.AddUser("bob", "", ""), "entitlements", "licence")

	checked := must[entitlement.ConnectorConfig](t)(s.catalogs.CheckConnector(t.Context(), by, s.target.ID, ""))
	if checked.Check.Error != "" || len(checked.Check.Values) != 2 || checked.Check.At != s.clock.Now() {
		t.Fatalf("found %+v", checked.Check)
	}
	if err := s.catalogs.RefreshResource(t.Context(), by, s.catalog, app.ID); err != nil {
		t.Fatal(err)
	}
	app = must[entitlement.Resource](t)(s.store.Resource(t.Context(), s.catalog, app.ID))
	var roles []string
	for _, r := range app.Roles {
		roles = append(roles, r.OriginID)
	}
	if want := []string{"auditor", "clerk", "viewer"}; !slices.Equal(roles, want) {
		t.Errorf("offers %q, want %q", roles, want)
	}

	// What was seen once stays, though nobody holds it any more: a package may give it.
	s.server.DeleteUser("ann")
	again := must[entitlement.ConnectorConfig](t)(s.catalogs.CheckConnector(t.Context(), by, s.target.ID, ""))
	if !slices.Equal(again.Check.Values[0].Values, checked.Check.Values[0].Values) || len(again.Check.Values) != 2 {
		t.Errorf("found %v, and then %v", checked.Check.Values, again.Check.Values)
	}

	// What stops a check keeps what was found before.
	s.server.Front(connectortest.Maintenance, 0)
	failed := must[entitlement.ConnectorConfig](t)(s.catalogs.CheckConnector(t.Context(), by, s.target.ID, ""))
	if failed.Check.Error == "" || len(failed.Check.Values) != 2 || strings.Contains(failed.Check.Error, s.server.Token) {
		t.Errorf("a check that fails: %+v", failed.Check)
	}

	// At another address there is another target.
	moved := must[entitlement.ConnectorConfig](t)(s.catalogs.UpdateConnector(t.Context(), by, s.target.ID, "other", func(c *entitlement.ConnectorConfig) { c.URL += "/other" }))
	if now := must[entitlement.ConnectorConfig](t)(s.store.Connector(t.Context(), moved.ID)); len(now.Check.Values) != 0 || now.Check.Error == "" {
		t.Errorf("of another target: %+v", now.Check)
	}
}

// A picker shows the groups of a target page by page, its applications first, and searches
// where the target does.
func TestAPickerShowsApplicationsAndGroupsOfATarget(t *testing.T) {
	s := newStack(t, connectortest.Character{Name: "honest"})
	for range 250 {
		s.server.AddGroup()
	}
	must[entitlement.ConnectorConfig](t)(s.catalogs.CheckConnector(t.Context(), by, s.target.ID, ""))
	list := func(search string, limit int) (names []string) {
		for token := ""; ; {
			page := must[entitlement.Paged[entitlement.TargetOffer]](t)(s.catalogs.Offers(t.Context(), by.Caller, s.target.ID, search, entitlement.Page{Limit: limit, Token: token}))
			for _, o := range page.Items {
				names = append(names, o.DisplayName)
				if (o.Reason == "") != (o.OriginID != "urn:ietf:params:scim:schemas:core:2.0:User:entitlements") || o.Connector != s.target.ID {
					t.Errorf("offered %+v", o)
				}
			}
			if token = page.Next; token == "" {
				return names
			}
		}
	}
	if all := list("", 40); len(all) != 252 || all[0] != "ERP (roles)" || all[1] != "ERP (entitlements)" || all[251] != "Group group-250" {
		t.Errorf("%d offers: %.5q", len(all), all)
	}
	s.server.Forget()
	if some := list("GROUP-25", 100); len(some) != 2+2 || len(s.server.Calls("GET")) != 1 {
		t.Errorf("found %q in %d calls", some, len(s.server.Calls("GET")))
	}
}
