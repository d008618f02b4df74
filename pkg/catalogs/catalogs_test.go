package catalogs_test

import (
	"context"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"leasehold/pkg/authz"
	"leasehold/pkg/catalogs"
	"leasehold/pkg/clock"
	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/secrets"
)

// administrator is a command of somebody who may administer.
func administrator(id entitlement.UserID, command string) authz.Command {
	return authz.Command{Caller: authz.Caller{ID: id, Scopes: authz.Every}, CommandID: command}.
		As(entitlement.User{ID: id, Enabled: true, Groups: []entitlement.GroupID{entitlement.AdministratorsGroup}})
}

// fixture is the owners' side over a store in memory, and a target that knows every group.
type fixture struct {
	*catalogs.Service
	t     *testing.T
	store *dynamotest.Store
	clock *clock.Virtual
}

type everything struct{}

func (everything) Resource(_ context.Context, _ entitlement.ConnectorID, originID string) (entitlement.Resource, error) {
	if originID == "missing" {
		return entitlement.Resource{}, entitlement.Errorf(entitlement.NotFound, "There is no such group.")
	}
	return entitlement.Resource{DisplayName: originID, Roles: []entitlement.ResourceRole{{OriginID: "Member_" + originID, DisplayName: "Member"}}}, nil
}

func (everything) Offers(context.Context, entitlement.ConnectorID, string, entitlement.Page) (entitlement.Paged[entitlement.TargetOffer], error) {
	return entitlement.Paged[entitlement.TargetOffer]{}, nil
}

func (everything) Survey(context.Context, entitlement.ConnectorConfig) (entitlement.TargetCheck, error) {
	return entitlement.TargetCheck{Dialect: "everything"}, nil
}

func (everything) FindPerson(_ context.Context, _ entitlement.ConnectorConfig, who entitlement.User) error {
	if who.Mail == "" {
		return entitlement.Errorf(entitlement.Precondition, "Nobody there has the mail address.")
	}
	return nil
}

func (everything) Probe(context.Context, entitlement.ConnectorConfig, string) error { return nil }

var by = administrator("owner", "call")

func newFixture(t *testing.T) *fixture {
	c := clock.NewVirtual(time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC))
	store := dynamotest.New()
	return &fixture{t: t, store: store, clock: c, Service: &catalogs.Service{Store: store, Targets: everything{}, Secrets: &secrets.Memory{}, Kinds: []entitlement.TargetKind{{Name: "scim", OriginSystem: "Scim"}}, Jobs: &jobs{}, Enqueuer: &recorder{}, Clock: c, IDs: c,
		Log: slog.New(slog.NewTextHandler(io.Discard, nil))}}
}

// jobs remembers the package edits that were sent on their way.
type jobs struct {
	sent  []int64
	looks []entitlement.ImpactJobID
}

func (j *jobs) EnqueueImpact(_ context.Context, _ entitlement.PackageID, id entitlement.ImpactJobID) error {
	j.looks = append(j.looks, id)
	return nil
}

func (j *jobs) EnqueueJob(_ context.Context, _ entitlement.PackageID, generation int64) error {
	j.sent = append(j.sent, generation)
	return nil
}

// recorder remembers who was enqueued.
type recorder struct{ sent []entitlement.UserID }

func (h *recorder) Enqueue(_ context.Context, subjects ...entitlement.UserID) error {
	h.sent = append(h.sent, subjects...)
	return nil
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func (w *fixture) kind(err error, want entitlement.Kind, says string) {
	w.t.Helper()
	if entitlement.KindOf(err) != want || !strings.Contains(entitlement.MessageOf(err), says) {
		w.t.Errorf("got %v, want %s saying %q", err, want, says)
	}
}

func (w *fixture) catalog() entitlement.Catalog {
	w.t.Helper()
	return must[entitlement.Catalog](w.t)(w.CreateCatalog(w.t.Context(), by, entitlement.Catalog{DisplayName: "C " + w.clock.New(), Published: true}))
}

func (w *fixture) pack(c entitlement.Catalog) entitlement.AccessPackage {
	w.t.Helper()
	return must[entitlement.AccessPackage](w.t)(w.CreatePackage(w.t.Context(), by, entitlement.AccessPackage{Catalog: c.ID, DisplayName: "P " + w.clock.New()}))
}

func (w *fixture) policy(p entitlement.AccessPackage) entitlement.AssignmentPolicy {
	w.t.Helper()
	return must[entitlement.AssignmentPolicy](w.t)(w.CreatePolicy(w.t.Context(), by, entitlement.AssignmentPolicy{Package: p.ID, DisplayName: "All " + w.clock.New(),
		Scope: entitlement.ScopeAllMembers, Requestor: entitlement.RequestorSettings{SelfAdd: true}}))
}

// holder gives a new person the package, and returns the slot.
func (w *fixture) holder(p entitlement.AccessPackage) entitlement.AssignmentSlot {
	w.t.Helper()
	u := entitlement.UserID(w.clock.New())
	if err := w.store.Commit(w.t.Context(), entitlement.Change{Users: []entitlement.User{{ID: u, Type: entitlement.Member, DisplayName: "U", UserPrincipalName: string(u), Enabled: true}}}); err != nil {
		w.t.Fatal(err)
	}
	ask := must[entitlement.SubmitInputs](w.t)(w.store.SubmitInputs(w.t.Context(), entitlement.SubmitKeys{Requestor: u, Subject: u, Package: p.ID}))
	_, c, err := entitlement.Submit(entitlement.NewRequest{ID: entitlement.RequestID(w.clock.New()), Type: entitlement.UserAdd, NewID: w.clock.New}, ask, w.clock.Now())
	if err != nil {
		w.t.Fatal(err)
	}
	if err := w.store.Commit(w.t.Context(), c); err != nil {
		w.t.Fatal(err)
	}
	return must[entitlement.AssignmentSlot](w.t)(w.store.AssignmentSlot(w.t.Context(), p.ID, u))
}

func TestR27_ACatalogWithPackagesIsNotDeleted(t *testing.T) {
	w := newFixture(t)
	c := w.catalog()
	p := w.pack(c)
	w.kind(w.DeleteCatalog(t.Context(), by, c.ID), entitlement.Conflict, "1 access packages")
	if err := w.DeletePackage(t.Context(), by, p.ID); err != nil {
		t.Fatal(err)
	}
	if err := w.DeleteCatalog(t.Context(), by, c.ID); err != nil {
		t.Fatal(err)
	}
	_, err := w.store.Catalog(t.Context(), c.ID)
	w.kind(err, entitlement.NotFound, "")
}

func TestR16_AResourceInUseIsNotRemoved_R14_NorLentToAnotherCatalog(t *testing.T) {
	w := newFixture(t)
	c, other := w.catalog(), w.catalog()
	p, outsider := w.pack(c), w.pack(other)
	r := must[entitlement.Resource](t)(w.AddResource(t.Context(), by, c.ID, entitlement.BuiltinConnector, entitlement.OriginAadGroup, "g"))
	_, err := w.AddResource(t.Context(), by, c.ID, entitlement.BuiltinConnector, entitlement.OriginAadGroup, "g")
	w.kind(err, entitlement.Conflict, "already")
	_, err = w.AddResource(t.Context(), by, c.ID, entitlement.BuiltinConnector, entitlement.OriginAadGroup, "missing")
	w.kind(err, entitlement.NotFound, "")

	_, err = w.AddScope(t.Context(), by, outsider.ID, r, "Member_g")
	w.kind(err, entitlement.Precondition, "another catalog")
	_, err = w.AddScope(t.Context(), by, p.ID, r, "Owner_g")
	w.kind(err, entitlement.Invalid, "no role")
	scope := must[entitlement.ResourceRoleScope](t)(w.AddScope(t.Context(), by, p.ID, r, "Member_g"))
	if want := r.Roles[0].ID + "_" + r.Scope.ID; scope.ID != want {
		t.Errorf("id %s, want %s", scope.ID, want)
	}
	r = must[entitlement.Resource](t)(w.store.Resource(t.Context(), c.ID, r.ID))
	_, err = w.AddScope(t.Context(), by, p.ID, r, "Member_g")
	w.kind(err, entitlement.Conflict, "already")
	w.kind(w.RemoveResource(t.Context(), by, r), entitlement.Conflict, "use the resource")
	if err := w.RemoveScope(t.Context(), by, p.ID, scope.ID); err != nil {
		t.Fatal(err)
	}
	w.kind(w.RemoveScope(t.Context(), by, p.ID, scope.ID), entitlement.NotFound, "")
	r = must[entitlement.Resource](t)(w.store.Resource(t.Context(), c.ID, r.ID))
	if err := w.RemoveResource(t.Context(), by, r); err != nil {
		t.Fatal(err)
	}
	must[entitlement.Resource](t)(w.AddResource(t.Context(), by, c.ID, entitlement.BuiltinConnector, entitlement.OriginAadGroup, "g")) // its name is free again
}

func TestR124_APackageThatSomebodyHoldsIsNotDeleted_AndIsOpenAgain(t *testing.T) {
	w := newFixture(t)
	p := w.pack(w.catalog())
	policy := w.policy(p)
	w.holder(p)
	w.kind(w.DeletePackage(t.Context(), by, p.ID), entitlement.Conflict, "1 assignments and 0 open requests")
	w.kind(w.DeletePolicy(t.Context(), by, policy.ID), entitlement.Conflict, "1 assignments") // R88
	w.holder(p)                                                                               // new work is taken again

	for _, s := range must[entitlement.Paged[entitlement.AssignmentSlot]](t)(w.store.Holders(t.Context(), p.ID, entitlement.Page{})).Items {
		_, c, err := entitlement.Remove(entitlement.Removal{ID: entitlement.RequestID(w.clock.New()), Type: entitlement.AdminRemove, Requestor: "owner"}, s, nil, w.clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		if err := w.store.Commit(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.DeletePackage(t.Context(), by, p.ID); err != nil {
		t.Fatal(err)
	}
	_, err := w.store.Package(t.Context(), p.ID)
	w.kind(err, entitlement.NotFound, "")
	_, err = w.store.Policy(t.Context(), policy.ID)
	w.kind(err, entitlement.NotFound, "")
	if err := w.store.Commit(t.Context(), entitlement.Change{DeletionGuards: []entitlement.DeletionGuard{{Package: p.ID, Policy: policy.ID, Subject: "anybody"}}}); entitlement.StalePart(err) != entitlement.PartDeletionGuard {
		t.Errorf("S7: new work passes the deletion guard of a deleted package: %v", err)
	}
}

func TestPolicy_NamesOnlyWhoExists_AndStaysWithItsPackage(t *testing.T) {
	w := newFixture(t)
	c := w.catalog()
	p, other := w.pack(c), w.pack(c)
	policy := w.policy(p)
	policy.Scope, policy.Targets = entitlement.ScopeSpecificUsers, []entitlement.SubjectSet{{Kind: entitlement.SingleUser, ID: w.clock.New()}}
	_, err := w.ReplacePolicy(t.Context(), by, policy)
	w.kind(err, entitlement.Invalid, "no such user or group")
	policy.Scope, policy.Targets, policy.Package = entitlement.ScopeAllMembers, nil, other.ID
	_, err = w.ReplacePolicy(t.Context(), by, policy)
	w.kind(err, entitlement.Invalid, "stays with its access package")
}

func TestConnector_TheCredentialIsKeptApart(t *testing.T) {
	w := newFixture(t)
	vault := &secrets.Memory{}
	w.Secrets = vault
	cfg := entitlement.ConnectorConfig{DisplayName: "CRM", Kind: "scim", URL: "https://crm.example/scim/v2", CorrelationKeys: []string{"userName"}}
	c := must[entitlement.ConnectorConfig](t)(w.RegisterConnector(t.Context(), by, cfg, "s3cr3t"))
	if got, err := vault.Get(t.Context(), c.ID, c.Credential, c.Address()); err != nil || got != "s3cr3t" {
		t.Errorf("got %q, %v", got, err)
	}
	c = must[entitlement.ConnectorConfig](t)(w.UpdateConnector(t.Context(), by, c.ID, "", func(c *entitlement.ConnectorConfig) { c.DisplayName = "CRM 2" }))
	if got, _ := vault.Get(t.Context(), c.ID, c.Credential, c.Address()); got != "s3cr3t" {
		t.Errorf("an update without a credential changed it to %q", got)
	}
	events := must[[]entitlement.Event](t)(w.store.Events(t.Context(), entitlement.OfConnector, string(c.ID)))
	for _, e := range events {
		for _, v := range e.Data {
			if strings.Contains(v, "s3cr3t") {
				t.Error("S20: the credential stands in an event")
			}
		}
	}
	for name, set := range map[string]func(*entitlement.ConnectorConfig) string{
		"no credential":       func(*entitlement.ConnectorConfig) string { return "" },
		"two lines":           func(*entitlement.ConnectorConfig) string { return "a\r\nX-Evil: b" },
		"unknown kind":        func(c *entitlement.ConnectorConfig) string { c.Kind = "ldap"; return "s" },
		"no address":          func(c *entitlement.ConnectorConfig) string { c.URL = "crm"; return "s" },
		"user in the address": func(c *entitlement.ConnectorConfig) string { c.URL = "https://a:b@crm.example"; return "s" },
		"no key":              func(c *entitlement.ConnectorConfig) string { c.CorrelationKeys = nil; return "s" },
		"unknown key":         func(c *entitlement.ConnectorConfig) string { c.CorrelationKeys = []string{"shoeSize"}; return "s" },
		"no such manager": func(c *entitlement.ConnectorConfig) string {
			c.ResourceManagers = []entitlement.UserID{"x"}
			return "s"
		},
	} {
		bad := cfg
		credential := set(&bad)
		if _, err := w.RegisterConnector(t.Context(), by, bad, credential); entitlement.KindOf(err) != entitlement.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := w.UpdateConnector(t.Context(), by, entitlement.BuiltinConnector, "", func(*entitlement.ConnectorConfig) {})
	w.kind(err, entitlement.Precondition, "built-in")
}

func TestR1_AnEditIsSentToTheHoldersWithItsGeneration(t *testing.T) {
	w := newFixture(t)
	c := w.catalog()
	p := w.pack(c)
	r := must[entitlement.Resource](t)(w.AddResource(t.Context(), by, c.ID, entitlement.BuiltinConnector, entitlement.OriginAadGroup, "g"))
	scope := must[entitlement.ResourceRoleScope](t)(w.AddScope(t.Context(), by, p.ID, r, "Member_g"))
	if err := w.RemoveScope(t.Context(), by, p.ID, scope.ID); err != nil {
		t.Fatal(err)
	}
	if sent := w.Jobs.(*jobs).sent; len(sent) != 2 || sent[0] != 1 || sent[1] != 2 {
		t.Errorf("generations sent: %v", sent)
	}
	for _, generation := range []int64{1, 2} {
		if job, err := w.store.Job(t.Context(), p.ID, generation); err != nil || job.Generation != generation {
			t.Errorf("job %d: %+v, %v", generation, job, err)
		}
	}
	if scopes := must[entitlement.PackageScopes](t)(w.store.Scopes(t.Context(), p.ID)); scopes.Version != 2 || len(scopes.List) != 0 {
		t.Errorf("got %+v", scopes)
	}
}

// deaf loses the answer of the change that deletes a policy.
type deaf struct{ *dynamotest.Store }

func (d deaf) Commit(ctx context.Context, c entitlement.Change) error {
	err := d.Store.Commit(ctx, c)
	if err == nil && len(c.Policies) > 0 && c.Policies[0].Erased {
		return entitlement.Errorf(entitlement.Unavailable, "lost")
	}
	return err
}

func TestS7_APolicyWhoseDeletionWasNotHeardOfStaysClosed(t *testing.T) {
	w := newFixture(t)
	p := w.pack(w.catalog())
	policy := w.policy(p)
	w.Service.Store = deaf{w.store}
	if err := w.DeletePolicy(t.Context(), by, policy.ID); err != nil {
		t.Errorf("it is deleted as asked: %v", err)
	}
	err := w.store.Commit(t.Context(), entitlement.Change{DeletionGuards: []entitlement.DeletionGuard{{Package: p.ID, Policy: policy.ID, Subject: "anybody"}}})
	if entitlement.StalePart(err) != entitlement.PartDeletionGuard {
		t.Errorf("new work passes the deletion guard of a deleted policy: %v", err)
	}
}

// crash answers nothing any more once a policy is closed.
type crash struct {
	*dynamotest.Store
	closed bool
}

func (c *crash) Commit(ctx context.Context, change entitlement.Change) error {
	if c.closed {
		return entitlement.Errorf(entitlement.Unavailable, "down")
	}
	c.closed = len(change.DeletionGuardUpdates) > 0 && change.DeletionGuardUpdates[0].Closed
	return c.Store.Commit(ctx, change)
}

func TestS7_APolicyThatACrashLeftClosedIsDueUntilSomebodyDeletesItAfterAll(t *testing.T) {
	w := newFixture(t)
	p := w.pack(w.catalog())
	policy := w.policy(p)
	w.Service.Store = &crash{Store: w.store}
	w.kind(w.DeletePolicy(t.Context(), by, policy.ID), entitlement.Unavailable, "down")
	w.Service.Store = w.store
	left := must[entitlement.AssignmentPolicy](t)(w.store.Policy(t.Context(), policy.ID))
	if !left.Deleting.Equal(w.clock.Now()) || !left.Due().After(left.Deleting) {
		t.Fatalf("nobody will look: %+v", left)
	}

	policy.DisplayName = "Edited"
	must[entitlement.AssignmentPolicy](t)(w.ReplacePolicy(t.Context(), by, policy))
	if got := must[entitlement.AssignmentPolicy](t)(w.store.Policy(t.Context(), policy.ID)); !got.Deleting.Equal(left.Deleting) {
		t.Errorf("an edit made it look open: %+v", got)
	}
	if err := w.DeletePolicy(t.Context(), by, policy.ID); err != nil {
		t.Error(err)
	}
}

func TestS10_EachClosingAndOpeningOfAPolicyIsOneEvent(t *testing.T) {
	w := newFixture(t)
	p := w.pack(w.catalog())
	policy := w.policy(p)
	w.holder(p)
	w.kind(w.DeletePolicy(t.Context(), by, policy.ID), entitlement.Conflict, "1 assignments")
	got := must[entitlement.AssignmentPolicy](t)(w.store.Policy(t.Context(), policy.ID))
	events := must[[]entitlement.Event](t)(w.store.Events(t.Context(), entitlement.OfPolicy, string(policy.ID)))
	if err := entitlement.VerifyChain(got.Chain, events); err != nil || !got.Deleting.IsZero() {
		t.Errorf("%+v, %v", got, err)
	}
	var kinds []string
	for _, e := range events {
		kinds = append(kinds, e.Kind)
	}
	if want := []string{"created", "closed", "reopened"}; !slices.Equal(kinds, want) {
		t.Errorf("got %v, want %v", kinds, want)
	}
}

// busy edits the catalog once, just before a package is erased from it.
type busy struct {
	*dynamotest.Store
	edit func()
}

func (b *busy) Commit(ctx context.Context, c entitlement.Change) error {
	if edit := b.edit; edit != nil && len(c.Packages) > 0 && c.Packages[0].Erased {
		b.edit = nil
		edit()
	}
	return b.Store.Commit(ctx, c)
}

// A package goes the way of a policy: a deletion that meets another change looks again, and
// never leaves the package closed until the sweep comes.
func TestS7_ADeletionOfAPackageThatMeetsAnotherChangeLooksAgain(t *testing.T) {
	w := newFixture(t)
	c := w.catalog()
	p := w.pack(c)
	w.Service.Store = &busy{w.store, func() { w.pack(c) }}
	if err := w.DeletePackage(t.Context(), by, p.ID); err != nil {
		t.Errorf("another package of the catalog stood in the way: %v", err)
	}
	if _, err := w.store.Package(t.Context(), p.ID); entitlement.KindOf(err) != entitlement.NotFound {
		t.Errorf("it is there: %v", err)
	}
}
