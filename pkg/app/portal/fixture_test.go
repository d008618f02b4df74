package portal

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"leasehold/pkg/app/targets"
	"leasehold/pkg/authn"
	"leasehold/pkg/authz"
	"leasehold/pkg/catalogs"
	"leasehold/pkg/clock"
	"leasehold/pkg/connector"
	"leasehold/pkg/connector/kinds"
	"leasehold/pkg/delivery"
	"leasehold/pkg/directory"
	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/graph"
	"leasehold/pkg/names"
	"leasehold/pkg/obs"
	pages "leasehold/pkg/portal"
	"leasehold/pkg/requests"
	"leasehold/pkg/secrets"
	"leasehold/pkg/sessions"
	"leasehold/pkg/signin"
	"leasehold/pkg/views"
)

// object is JSON.
type object = map[string]any

const (
	em     = names.Entitlement
	issuer = "https://id.example"
	site   = "https://access.example"
)

// signedIn takes the name of the caller for a token.
type signedIn struct{}

func (signedIn) Verify(_ context.Context, authorization string) (authn.Token, error) {
	return authn.Token{Principal: entitlement.Principal{Issuer: issuer, Value: strings.TrimPrefix(authorization, "Bearer ")},
		Scopes: []string{"EntitlementManagement.ReadWrite.All", "EntitlementMgmt-SubjectAccess.ReadWrite"}}, nil
}

// silent drops every message: the test does itself what the worker would.
type silent struct{}

func (silent) Enqueue(context.Context, ...entitlement.UserID) error { return nil }
func (silent) EnqueueAfter(context.Context, time.Duration, ...entitlement.UserID) error {
	return nil
}
func (silent) EnqueueImpact(context.Context, entitlement.PackageID, entitlement.ImpactJobID) error {
	return nil
}
func (silent) EnqueueJob(context.Context, entitlement.PackageID, int64) error { return nil }

// moody is a target that holds what it is told, and refuses some of it.
type moody struct {
	mu      sync.Mutex
	refuses map[string]bool // by resource
	keeps   map[string]bool // by resource: of these it takes nothing back
	held    map[entitlement.RoleRef]map[connector.PrincipalRef]bool
}

func (c *moody) Open(context.Context, entitlement.ConnectorID) (connector.Connector, error) {
	return c, nil
}
func (c *moody) Describe() connector.Capabilities {
	return connector.Capabilities{MaxBatch: 100, Ways: []connector.Way{"list"}, Authoritative: true}
}
func (c *moody) Resource(context.Context, string) (connector.Resource, error) {
	return connector.Resource{}, nil
}
func (c *moody) FindPrincipals(_ context.Context, who []connector.Correlation) ([]connector.Found, error) {
	found := make([]connector.Found, len(who))
	for i, w := range who {
		found[i].Ref = connector.PrincipalRef(w.User)
	}
	return found, nil
}
func (c *moody) Apply(_ context.Context, role entitlement.RoleRef, ops []connector.Op) ([]connector.Result, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make([]connector.Result, len(ops))
	for i, op := range ops {
		if c.refuses[role.Resource] || c.keeps[role.Resource] && !op.Grant {
			all[i].Err = &connector.Refusal{Reason: connector.RefusedByTarget, Detail: "The target refused it.", Permanent: true}
			continue
		}
		if c.held[role] == nil {
			c.held[role] = map[connector.PrincipalRef]bool{}
		}
		c.held[role][op.Principal] = op.Grant
	}
	return all, nil
}
func (c *moody) Check(_ context.Context, role entitlement.RoleRef, _ connector.Way, who []connector.PrincipalRef) ([]entitlement.Presence, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	held := make([]entitlement.Presence, len(who))
	for i, p := range who {
		held[i] = entitlement.PresenceOf(c.held[role][p])
	}
	return held, nil
}

// fixture is the pages over a metered table, with the API beside them to fill it.
type fixture struct {
	*testing.T
	meter         *dynamotest.Meter
	store         *dynamotest.Store
	clock         *clock.Virtual
	target        *moody
	worker        *delivery.Service
	sessions      *sessions.Service
	pages         http.Handler
	owners, asker http.Handler // of the API
	stored        string       // is part of every text that is stored
	ids           map[string]string
	cookies       map[string]string // secrets of sessions, by who is signed in
	tokens        map[string]string // of forms, by the secret of their session
}

// text is a text as it is stored.
func (w *fixture) text(s string) string { return s + w.stored }

func newFixture(t *testing.T) *fixture {
	t.Helper()
	store, meter := dynamotest.Metered()
	c := clock.NewVirtual(time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC))
	log, ids := slog.New(slog.NewTextHandler(io.Discard, nil)), c // one id after the other: two fixtures that are filled alike have the same
	w := &fixture{T: t, meter: meter, store: store, clock: c, ids: map[string]string{}, cookies: map[string]string{}, tokens: map[string]string{},
		target: &moody{refuses: map[string]bool{}, keeps: map[string]bool{}, held: map[entitlement.RoleRef]map[connector.PrincipalRef]bool{}}}

	who := &directory.Service{Store: store, Clock: c, IDs: ids, Enqueuer: silent{}, Log: log, First: entitlement.Principal{Issuer: issuer, Value: "admin"}}
	registry := targets.Registry(store, &secrets.Memory{}, who, targets.Reach{Private: true})
	keeping := &catalogs.Service{Store: store, Targets: connector.Lookup{Registry: registry}, Secrets: &secrets.Memory{}, Kinds: kinds.All(), Jobs: silent{}, Enqueuer: silent{}, Clock: c, IDs: ids, Log: log}
	asking := &requests.Service{Store: store, Enqueuer: silent{}, Reasons: connector.Reasons(), Clock: c, IDs: ids, Log: log}
	reading := &views.Reader{Store: store}
	w.sessions = &sessions.Service{Store: store, Clock: c}
	w.worker = &delivery.Service{Store: store, Connectors: w.target, Queue: silent{}, Clock: c, IDs: ids, Lease: time.Minute, Log: log}

	deps := graph.Deps{Authenticator: signedIn{}, Directory: who, Views: reading, PublicURLs: []string{site}, Clock: c, Catalogs: keeping, Requests: asking}
	w.owners, w.asker = graph.Catalogs(deps), graph.Requests(deps)
	w.pages = pages.New(pages.Deps{SignIn: &signin.Flow{}, Authenticator: signedIn{}, Sessions: w.sessions, Directory: who, Views: reading, Clock: c, PublicURLs: []string{site},
		Catalogs: keeping, Requests: asking})
	return w
}

// api calls the API, and takes no refusal.
func (w *fixture) api(as, method, path string, body any) object {
	w.Helper()
	got := w.call(as, method, path, body)
	if got.Code >= 300 {
		w.Fatalf("%s %s by %s: %d %s", method, path, as, got.Code, got.Body)
	}
	answer := object{}
	json.Unmarshal(got.Body.Bytes(), &answer) // none where there is no content
	return answer
}

// call calls the API, whatever it answers.
func (w *fixture) call(as, method, path string, body any) *httptest.ResponseRecorder {
	w.Helper()
	var text bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&text).Encode(body); err != nil {
			w.Fatal(err)
		}
	}
	ctx := obs.WithLogger(w.Context(), slog.New(slog.DiscardHandler)) // a refusal may be what is wanted
	r := httptest.NewRequestWithContext(ctx, method, path, &text)
	r.Header.Set("Authorization", "Bearer "+as)
	r.Header.Set("Content-Type", "application/json")

	at := w.asker
	if r, _ := names.FindRoute(method, r.URL.Path); r.Function == names.Catalogs {
		at = w.owners
	}
	got := httptest.NewRecorder()
	at.ServeHTTP(got, r)
	return got
}

// made keeps the id of what a POST makes.
func (w *fixture) made(name, as, path string, body object) string {
	w.Helper()
	id, _ := w.api(as, "POST", path, body)["id"].(string)
	w.ids[name] = id
	return id
}

// person adds somebody, who signs in by that name.
func (w *fixture) person(name string, more object) {
	w.Helper()
	body := object{"displayName": w.text("Person " + name), "jobTitle": w.text("Clerk"), "employeeId": w.text(name), "department": w.text("Sales"), "userPrincipalName": name + "@northwind.example",
		"identities": []object{{"signInType": "federated", "issuer": issuer, "issuerAssignedId": name}}}
	for k, v := range more {
		body[k] = v
	}
	w.made(name, "admin", "/v1.0/users", body)
}

func (w *fixture) deliver(who ...string) {
	w.Helper()
	for _, name := range who {
		for _, err := range w.worker.Deliver(w.Context(), []entitlement.UserID{entitlement.UserID(w.ids[name])}, "test") {
			w.Fatal(err)
		}
	}
}

// signIn begins a session and returns what the browser keeps of it.
func (w *fixture) signIn(as string) string {
	w.Helper()
	secret, err := w.sessions.Begin(w.Context(), entitlement.Principal{Issuer: issuer, Value: as}, int64(authz.Every))
	if err != nil {
		w.Fatal(err)
	}
	return secret + "." + w.ids[as]
}

// secretOf is the secret of what a browser keeps.
func secretOf(cookie string) string {
	secret, _, _ := strings.Cut(cookie, ".")
	return secret
}

// sent is one call of a browser.
type sent struct {
	method, path string
	cookie       string // "" for none
	form         url.Values
	header       map[string]string
}

// answered is what came of it, and how much it wrote.
type answered struct {
	status int
	to     string // where it leads
	text   string
	kind   string
	writes float64
}

func (w *fixture) send(s sent) answered {
	w.Helper()
	r := httptest.NewRequestWithContext(w.Context(), s.method, names.PortalPath+s.path, strings.NewReader(s.form.Encode()))
	if s.form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", site)
	}
	for k, v := range s.header {
		r.Header.Set(k, v)
		if v == "" {
			r.Header.Del(k)
		}
	}
	if s.cookie != "" {
		r.AddCookie(&http.Cookie{Name: "__Host-leasehold-session", Value: s.cookie})
	}

	w.meter.Reset()
	got := httptest.NewRecorder()
	w.pages.ServeHTTP(got, r)
	return answered{got.Code, got.Header().Get("Location"), got.Body.String(), got.Header().Get("Content-Type"), w.meter.WriteUnits}
}
