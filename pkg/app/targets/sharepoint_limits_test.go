package targets_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"leasehold/pkg/clock"
	"leasehold/pkg/connector"
	"leasehold/pkg/connector/connectortest/sharepointserver"
	"leasehold/pkg/connector/sharepoint"
	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/entitlement"
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
		for range n {
			id := entitlement.UserID(c.ids.New())
			c.people, c.accounts = append(c.people, id), append(c.accounts, server.AddUser(sharepointserver.User{UPN: string(id)}))
			c.commit(entitlement.Change{Users: []entitlement.User{{ID: id, Type: entitlement.Member, DisplayName: "P", UserPrincipalName: string(id), Enabled: true}}})
		}
		c.assign(entitlement.RoleRef{Connector: entra, Resource: "https://contoso.sharepoint.com/sites/sales", Role: "4"})
		server.Takes = 200 * time.Millisecond

		began, in := time.Now(), 0
		for range 60 {
			c.deliver()
			if in = len(server.Members("/sites/sales", 4)); in == n {
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
		t.Logf("%d holders: %s, %d units, %d throttle replies; the longest run %s", n, took, units, throttled, c.longest)
		if throttled > 0 || in != n {
			t.Errorf("%d throttle replies and %d members, want 0 and %d", throttled, in, n)
		}
		if least := time.Duration(units) * sharepointserver.UnitWindow / sharepointserver.MaxUnits; took > 2*least {
			t.Errorf("it took %s, where the limit alone is %s", took, least)
		}
	})
}
