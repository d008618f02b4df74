package builtin_test

import (
	"testing"
	"time"

	"leasehold/pkg/clock"
	"leasehold/pkg/connector"
	"leasehold/pkg/connector/builtin"
	"leasehold/pkg/directory"
	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/entitlement"
)

// One owner of a group is taken out of it, and seen to be out, at the same cost for any number
// of others who own it: a package can make everybody one.
func TestF38_AnOwnerIsTakenOutOfAGroupThatFiftyThousandOwn(t *testing.T) {
	cost := func(others int) (calls int, read float64) {
		store, meter := dynamotest.Metered()
		c := clock.NewVirtual(time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC))
		service := people{&directory.Service{Store: store, Clock: c, IDs: c}}
		g, err := service.CreateGroup(t.Context(), by, entitlement.Group{DisplayName: "Group"})
		if err != nil {
			t.Fatal(err)
		}
		u, err := service.CreateUser(t.Context(), by, entitlement.User{DisplayName: "U", UserPrincipalName: "u", Type: entitlement.Member, Enabled: true})
		if err != nil {
			t.Fatal(err)
		}
		role := entitlement.RoleRef{Connector: entitlement.BuiltinConnector, Resource: string(g.ID), Role: "Owner_" + string(g.ID)}
		conn, who := builtin.New(service), connector.PrincipalRef(u.ID)
		dynamotest.Fill(t, store, others, func(i int, c *entitlement.Change) {
			c.Memberships = append(c.Memberships, entitlement.Membership{Group: g.ID, User: entitlement.UserID(dynamotest.OldID(5, i)), Owner: true})
		})
		meter.Reset()

		for _, grant := range []bool{true, true, false, false} { // each once more, as a repeated delivery does
			if results, err := conn.Apply(t.Context(), role, []connector.Op{{Principal: who, Grant: grant}}); err != nil || results[0].Err != nil {
				t.Fatalf("grant %v: %v, %v", grant, results, err)
			}
			got, err := conn.Check(t.Context(), role, connector.Way(""), []connector.PrincipalRef{who})
			if err != nil || got[0] != entitlement.PresenceOf(grant) {
				t.Fatalf("grant %v: %v, %v", grant, got, err)
			}
		}
		return meter.Total(), meter.ReadUnits
	}
	calls, read := cost(0)
	manyCalls, manyRead := cost(dynamotest.Many)
	t.Logf("alone %d calls, %.1f R; beside %d owners %d calls, %.1f R", calls, read, dynamotest.Many, manyCalls, manyRead)
	if calls != manyCalls || read != manyRead {
		t.Errorf("beside %d owners %d calls and %.1f R, alone %d and %.1f", dynamotest.Many, manyCalls, manyRead, calls, read)
	}
}
