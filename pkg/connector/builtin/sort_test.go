package builtin_test

import (
	"strings"
	"testing"
	"time"

	"leasehold/pkg/clock"
	"leasehold/pkg/connector"
	"leasehold/pkg/connector/builtin"
	"leasehold/pkg/directory"
	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/entitlement"
)

// A group whose members are decided elsewhere is refused when it is offered and again when a
// role of it is delivered, each time with the reason; what was given is taken back all the
// same. Microsoft 365 groups are as good as security groups.
func TestR10_R11_WhoIsInAGroupThatIsKeptElsewhereIsNotForPackages(t *testing.T) {
	for name, c := range map[string]struct {
		sort   entitlement.GroupSort
		reason string // "" for one that can be offered
	}{
		"synchronized":          {entitlement.GroupSort{Synced: true}, "synchronized"},
		"dynamic":               {entitlement.GroupSort{Dynamic: true, Rule: "user.department -eq \"Sales\""}, "dynamic"},
		"a dynamic 365 group":   {entitlement.GroupSort{Unified: true, MailEnabled: true, Dynamic: true, Rule: "x"}, "dynamic"},
		"a distribution group":  {entitlement.GroupSort{MailEnabled: true, NoSecurity: true}, "distribution"},
		"mail-enabled security": {entitlement.GroupSort{MailEnabled: true}, "mail-enabled"},
		"a 365 group":           {entitlement.GroupSort{Unified: true, MailEnabled: true, NoSecurity: true}, ""},
		"a security group":      {entitlement.GroupSort{}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			now := clock.NewVirtual(time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC))
			service := people{&directory.Service{Store: dynamotest.New(), Clock: now, IDs: now}}
			target := builtin.New(service)
			g, err := service.CreateGroup(t.Context(), by, entitlement.Group{DisplayName: "Group"})
			if err != nil {
				t.Fatal(err)
			}
			u, err := service.CreateUser(t.Context(), by, entitlement.User{DisplayName: "P", UserPrincipalName: "p@northwind.example", Type: entitlement.Member, Enabled: true})
			if err != nil {
				t.Fatal(err)
			}
			role := entitlement.RoleRef{Connector: entitlement.BuiltinConnector, Resource: string(g.ID), Role: "Member_" + string(g.ID)}
			apply := func(grant bool) error {
				results, err := target.Apply(t.Context(), role, []connector.Op{{Grant: grant, Principal: connector.PrincipalRef(u.ID)}})
				if err != nil {
					t.Fatal(err)
				}
				if results[0].Err == nil {
					return nil
				}
				return results[0].Err
			}
			in := func() bool {
				said, err := target.Check(t.Context(), role, "directory", []connector.PrincipalRef{connector.PrincipalRef(u.ID)})
				return err == nil && said[0] == entitlement.PresencePresent
			}

			if err := apply(true); err != nil || !in() {
				t.Fatalf("before it became one: %v, in %t", err, in())
			}
			if _, err := service.UpdateGroup(t.Context(), by, g.ID, func(g *entitlement.Group) { g.GroupSort = c.sort }); err != nil {
				t.Fatal(err)
			}
			offered := func() error { _, err := target.Resource(t.Context(), string(g.ID)); return err }

			if err := apply(false); err != nil || in() {
				t.Errorf("taken back: %v, in %t", err, in())
			}
			granted, offer := apply(true), offered()
			if c.reason == "" {
				if granted != nil || offer != nil || !in() {
					t.Errorf("granted %v, offered %v, in %t", granted, offer, in())
				}
				return
			}
			if entitlement.KindOf(offer) != entitlement.Precondition || !strings.Contains(offer.Error(), c.reason) {
				t.Errorf("offered: %v", offer)
			}
			if granted == nil || !strings.Contains(granted.Error(), c.reason) || in() {
				t.Errorf("granted: %v, in %t", granted, in())
			}
		})
	}
}
