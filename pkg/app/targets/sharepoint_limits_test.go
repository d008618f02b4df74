package targets_test

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"leasehold/pkg/authz"
	"leasehold/pkg/clock"
	"leasehold/pkg/connector"
	"leasehold/pkg/connector/connectortest/sharepointserver"
	"leasehold/pkg/connector/sharepoint"
	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/requests"
)

// The published limit: 1,200 resource units in a minute, of the smallest tenant, are kept to by two
// workers in front of a server that counts them in a window that slides, with nobody told to slow
// down. What one look cannot do in its time is done by a later one.
func TestPublishedLimitsOfSharePointAreKeptTo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 1000
		server := sharepointserver.New(sharepointserver.Named("as documented"), clock.System{})
		server.AddSite(sharepointserver.Site{Path: "/sites/sales", Title: "Sales"})
		c := &crowd{T: t, ids: clock.NewVirtual(time.Time{}), store: &leases{Store: dynamotest.New()}}
		factory := sharepoint.Factory(server.Client(), false)
		cfg := entitlement.ConnectorConfig{ID: entra, Kind: sharepoint.Kind, URL: "https://contoso.sharepoint.com", CorrelationKeys: []string{"userName"}}
		c.open = func() (connector.Connector, error) { return factory(cfg, server.Credential("")) }
		admin := root
		admin.ID = "ffffffff-0000-4000-8000-0000000000aa" // one that c.ids does not make
		c.commit(entitlement.Change{Users: []entitlement.User{admin}, Groups: []entitlement.Group{{ID: entitlement.AdministratorsGroup, DisplayName: "Administrators"}}})
		c.commit(entitlement.Change{Memberships: []entitlement.Membership{{Group: entitlement.AdministratorsGroup, User: admin.ID}}})
		for range n {
			id := entitlement.UserID(c.ids.New())
			c.people, c.accounts = append(c.people, id), append(c.accounts, server.AddUser(sharepointserver.User{UPN: string(id)}))
			c.commit(entitlement.Change{Users: []entitlement.User{{ID: id, Type: entitlement.Member, DisplayName: "P", UserPrincipalName: string(id), Enabled: true}}})
		}
		c.assign(entitlement.RoleRef{Connector: entra, Resource: "https://contoso.sharepoint.com/sites/sales", Role: "4"})
		server.Takes = 200 * time.Millisecond

		until := func(what string, want, most int) {
			t.Helper()
			server.Forget()
			began, in := time.Now(), 0
			for range 60 {
				c.deliver()
				if in = len(server.Members("/sites/sales", 4)); in == want {
					break
				}
				time.Sleep(5 * time.Second)
			}
			took := time.Since(began)

			throttled, units := 0, 0
			for _, call := range server.Calls("") {
				if call.Status == http.StatusTooManyRequests {
					throttled++
				}
				if _, rest, is := strings.Cut(call.Path, "/_api/"); is {
					units += sharepointserver.Cost(call.Method, rest)
				}
			}
			t.Logf("%d %s: %s, %d units, %d throttle replies; the longest run %s", n, what, took, units, throttled, c.longest)
			if throttled > 0 || in != want || units > most*n {
				t.Errorf("%s: %d throttle replies, %d members and %d units, want 0, %d and at most %d for each", what, throttled, in, units, want, most)
			}
			if least := time.Duration(units) * sharepointserver.UnitWindow / sharepointserver.MaxUnits; took > 2*least {
				t.Errorf("%s: it took %s, where the limit alone is %s", what, took, least)
			}
		}

		// A look before and one after of two units each, and the change of five.
		until("holders", n, 10)

		// Before a removal it is asked who is called so, once.
		time.Sleep(time.Hour)
		c.remove(authz.Command{Caller: authz.Caller{ID: admin.ID, Scopes: authz.Every}, CommandID: "call"}.As(admin))
		until("removals", 0, 14)
	})
}

// remove lets an administrator remove all that was assigned.
func (c *crowd) remove(by authz.Command) {
	c.Helper()
	service := &requests.Service{Store: c.store, Enqueuer: nobody{}, Clock: systemClock{ids: c.ids}, IDs: systemClock{ids: c.ids}, Log: slog.New(slog.DiscardHandler)}
	for _, u := range c.people {
		list, err := c.store.RequestsOf(context.Background(), u, entitlement.Page{})
		if err != nil || len(list.Items) == 0 {
			c.Fatal(list, err)
		}
		if _, err := service.Remove(context.Background(), by, entitlement.AdminRemove, entitlement.AssignmentID(list.Items[0].ID), ""); err != nil {
			c.Fatal(err)
		}
	}
}
