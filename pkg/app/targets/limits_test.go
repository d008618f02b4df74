package targets_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"leasehold/pkg/clock"
	"leasehold/pkg/connector"
	"leasehold/pkg/connector/connectortest/graphserver"
	"leasehold/pkg/connector/msgraph"
	"leasehold/pkg/delivery"
	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

// crowd is many people who are delivered to a tenant, in virtual time, by as many workers as
// the bulk queue has.
type crowd struct {
	*testing.T
	ids      *clock.Virtual
	store    *leases
	graph    *graphserver.Server
	open     func() (connector.Connector, error)
	people   []entitlement.UserID
	accounts []string      // theirs, in order
	longest  time.Duration // of one run
}

// leases counts how often the limits are taken from the table.
type leases struct {
	*dynamotest.Store
	mu    sync.Mutex
	taken []time.Time
}

func (l *leases) Commit(ctx context.Context, c entitlement.Change) error {
	err := l.Store.Commit(ctx, c)
	if len(c.RateLeases) > 0 && err == nil {
		l.mu.Lock()
		l.taken = append(l.taken, time.Now())
		l.mu.Unlock()
	}
	return err
}

// systemClock is the time of the bubble, with ids that count up.
type systemClock struct {
	clock.System
	ids *clock.Virtual
}

func (s systemClock) New() string { return s.ids.New() }

// Open opens the tenant, whatever the id.
func (c *crowd) Open(context.Context, entitlement.ConnectorID) (connector.Connector, error) {
	return c.open()
}

const entra entitlement.ConnectorID = "11111111-1111-4111-8111-111111111111"

func newCrowd(t *testing.T, n int) *crowd {
	c := &crowd{T: t, ids: clock.NewVirtual(time.Time{}), store: &leases{Store: dynamotest.New()}, graph: graphserver.New(graphserver.Named("as documented"), clock.System{})}
	credential, _ := json.Marshal(map[string]string{"tenantId": graphserver.Tenant, "clientId": graphserver.ClientID, "clientSecret": c.graph.Secret})
	factory := msgraph.Factory(c.graph.Client(), false, nil)
	cfg := entitlement.ConnectorConfig{ID: entra, Kind: msgraph.Kind, URL: "https://graph.microsoft.com/v1.0", CorrelationKeys: []string{"userName"}}
	c.open = func() (connector.Connector, error) { return factory(cfg, string(credential)) }

	for range n {
		id := entitlement.UserID(c.ids.New())
		c.people = append(c.people, id)
		c.accounts = append(c.accounts, c.graph.AddUser(graphserver.User{UPN: string(id)}))
	}
	for some := range slices.Chunk(c.people, 20) {
		var change entitlement.Change
		for _, id := range some {
			change.Users = append(change.Users, entitlement.User{ID: id, Type: entitlement.Member, DisplayName: "P", UserPrincipalName: string(id), Enabled: true})
		}
		c.commit(change)
	}
	return c
}

func (c *crowd) commit(change entitlement.Change) {
	c.Helper()
	if err := c.store.Commit(context.Background(), change); err != nil {
		c.Fatal(err)
	}
}

// give assigns everybody a package of membership of a new group, and returns the group.
func (c *crowd) give() string {
	c.Helper()
	group := c.graph.AddGroup(graphserver.Group{Name: "Group"})
	c.assign(entitlement.RoleRef{Connector: entra, Resource: group, Role: "Member_" + group})
	return group
}

// assign assigns everybody a package of one role.
func (c *crowd) assign(role entitlement.RoleRef) {
	c.Helper()
	id := entitlement.PackageID(c.ids.New())
	policy := entitlement.AssignmentPolicy{ID: entitlement.PolicyID(c.ids.New()), Package: id, DisplayName: "All", Scope: entitlement.ScopeAllMembers,
		Requestor: entitlement.RequestorSettings{SelfAdd: true}}
	p := entitlement.AccessPackage{ID: id, Catalog: entitlement.CatalogID(c.ids.New()), DisplayName: "P", Policies: []entitlement.PolicyID{policy.ID}}
	scope := entitlement.ResourceRoleScope{ID: c.ids.New() + "_" + c.ids.New(), Resource: entitlement.ResourceID(c.ids.New()), Ref: role}
	c.commit(entitlement.Change{Packages: []entitlement.AccessPackage{p}, Policies: []entitlement.AssignmentPolicy{policy}, Catalogs: []entitlement.Catalog{{ID: p.Catalog, DisplayName: "C", Published: true}},
		Scopes: []entitlement.PackageScopes{{Package: id, List: []entitlement.ResourceRoleScope{scope}}}})

	for _, u := range c.people {
		ask, err := c.store.SubmitInputs(context.Background(), entitlement.SubmitKeys{Requestor: u, Subject: u, Package: p.ID})
		if err != nil {
			c.Fatal(err)
		}
		_, change, err := entitlement.Submit(entitlement.NewRequest{ID: entitlement.RequestID(c.ids.New()), Type: entitlement.UserAdd, NewID: c.ids.New}, ask, time.Now())
		if err != nil {
			c.Fatal(err)
		}
		c.commit(change)
	}
	c.know()
}

// know puts everybody's account on record, as it is once something was delivered to them.
func (c *crowd) know() {
	c.Helper()
	for i, u := range c.people {
		set, err := c.store.Claim(context.Background(), entitlement.Claim{Subject: u, Connector: entra, Token: "t", Until: time.Now()})
		if err != nil {
			c.Fatal(err)
		}
		set.Principal, set.PrincipalAt = c.accounts[i], time.Now()
		c.commit(entitlement.Change{GrantSets: []entitlement.GrantSet{set}})
	}
}

// deliver lets the workers of the bulk queue deliver to everybody, five messages of a hundred
// people at a time, and returns how long that took.
func (c *crowd) deliver() time.Duration {
	worker := &delivery.Service{Store: c.store, Connectors: c, Queue: nobody{}, Clock: systemClock{ids: c.ids}, IDs: systemClock{ids: c.ids}, Lease: names.DeliverTimeout, Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
	began := time.Now()
	turns := make(chan []entitlement.UserID, len(c.people))
	for some := range slices.Chunk(c.people, 500) {
		turns <- some
	}
	close(turns)

	var workers sync.WaitGroup
	for range 2 {
		workers.Go(func() {
			for some := range turns {
				ctx, cancel := context.WithTimeout(context.Background(), names.DeliverTimeout)
				run := time.Now()
				for u, err := range worker.Deliver(ctx, some, "test") {
					c.Errorf("%s: %v", u, err)
				}
				c.longest = max(c.longest, time.Since(run))
				cancel()
			}
		})
	}
	workers.Wait()
	return time.Since(began)
}

// ruled is what the server's own account says of a time.
type ruled struct{ patches, throttled, others int }

func (c *crowd) ruled() (r ruled) {
	for _, call := range c.graph.Calls("") {
		switch {
		case call.Status == http.StatusTooManyRequests:
			r.throttled++
		case call.Method == http.MethodPatch:
			r.patches++
		default:
			r.others++
		}
	}
	return r
}

// The published limits: 3,000 writes in 150 s, and the resource units of the smallest tenant in
// 10 s, are kept to by two workers in front of a server that counts them in windows that slide,
// with nobody told to slow down. The holders have their accounts on record, as those of a
// package have to which a role is added. Minutes of a processor go by for a hundred thousand, so they
// are asked for: HOLDERS=100000 go test ./pkg/app/targets -run PublishedLimits -timeout 1h
func TestPublishedLimitsOfGraphAreKeptTo(t *testing.T) {
	sizes := []int{10_000}
	if n, err := strconv.Atoi(os.Getenv("HOLDERS")); err == nil {
		sizes = append(sizes, n)
	}
	for _, n := range sizes {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCrowd(t, n)
				group := c.give()
				c.graph.Takes = 200 * time.Millisecond
				took := c.deliver()

				got := c.ruled()
				limit := time.Duration(float64(n/20) / graphserver.MaxWrites * float64(graphserver.WriteWindow))
				t.Logf("%d holders: %s, %d PATCHes, %d other requests, %d throttle replies; the limit of writes alone is %s; %d portions taken from the table; the longest run %s",
					n, took, got.patches, got.others, got.throttled, limit, len(c.store.taken), c.longest)
				most := time.Duration(float64(limit) * 1.05)
				if n == 10_000 {
					most = 26 * time.Second
				}
				if got.throttled > 0 || got.patches > n/20+1 || took > most {
					t.Errorf("%d throttle replies, %d PATCHes, %s; want 0, at most %d, and %s", got.throttled, got.patches, took, n/20+1, most)
				}
				if in := len(c.graph.Linked(group, "members")); in != n {
					t.Errorf("%d are members, want %d", in, n)
				}
				if most := 2 * (int(took/time.Second) + 2); len(c.store.taken) > most {
					t.Errorf("the limits were taken %d times from the table, want at most once a second by each worker: %d", len(c.store.taken), most)
				}
			})
		})
	}
}
