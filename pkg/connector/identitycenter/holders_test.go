package identitycenter_test

import (
	"fmt"
	"strings"
	"testing"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/connectortest"
	"leasehold/pkg/connector/connectortest/identityserver"
	"leasehold/pkg/entitlement"
)

func TestMembersAndAssignmentsAreListed(t *testing.T) {
	for _, character := range []string{"makes assignments at once", "small pages", "gives no reasons"} {
		for _, of := range sorts {
			t.Run(character+"/"+of.name, func(t *testing.T) {
				connectortest.RunHolders(t, func(t *testing.T) connectortest.Harness { return harness(t, identityserver.Named(character), of) })
			})
		}
	}
}

// crowd puts people into a role as an administrator would. A page has 100 entries at most. A group
// cannot be in a group there, and can have a permission set.
func crowd(s *identityserver.Server, held string, proxy *connectortest.Proxy) *connectortest.Crowd {
	n := 0
	c := &connectortest.Crowd{
		Many: 250,
		Put: func(many int) (all []connector.PrincipalRef) {
			for range many {
				n++
				id := s.AddUser(identityserver.User{UserName: fmt.Sprintf("one%d@example.com", n)})
				s.Put(held, id, true)
				all = append(all, connector.PrincipalRef(id))
			}
			return all
		},
		Take:   func(p connector.PrincipalRef) { s.Put(held, string(p), false) },
		Expire: proxy.Refuse(400, "X-Amzn-Requestid", "1", `{"__type":"ValidationException","Message":"The token has expired."}`),
	}
	if strings.Contains(held, " ") {
		c.Nest = func() { s.PutGroup(held, s.AddGroup(identityserver.Group{Name: "Within"})) }
	}
	return c
}

// What AWS publishes bounds a list: 100 entries of a page.
func TestAListOf10000Is100Calls(t *testing.T) {
	for _, of := range sorts {
		t.Run(of.name, func(t *testing.T) {
			var s *identityserver.Server
			h := harness(t, identityserver.Named("makes assignments at once"), sort{of.name, func(made *identityserver.Server) (entitlement.RoleRef, entitlement.RoleRef, string) {
				s = made
				return of.open(made)
			}})
			h.Crowd.Put(10_000)
			before, listed, calls := len(s.Calls()), 0, 0
			for cursor, begun := "", false; !begun || cursor != ""; begun = true {
				page, err := h.Connector.(connector.Lister).Holders(t.Context(), h.Role, cursor)
				if err != nil {
					t.Fatal(err)
				}
				listed, cursor = listed+len(page.Refs), page.Next
			}
			// The group of auditors has the permission set as well; the first call assumes the role.
			if calls = len(s.Calls()) - before; listed != 10_000 || calls > 102 {
				t.Errorf("%d are listed by %d calls", listed, calls)
			}
			t.Logf("10,000 holders: %d calls", calls)
		})
	}
}
