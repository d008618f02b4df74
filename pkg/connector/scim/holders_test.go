package scim

import (
	"fmt"
	"testing"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/connectortest"
	"leasehold/pkg/entitlement"
)

func TestAServerThatShowsItsMembersListsThem(t *testing.T) {
	honest := connectortest.Characters()[0]
	connectortest.RunHolders(t, func(t *testing.T) connectortest.Harness { return onCharacter(t, honest) })
}

func TestTheAccountsThatHaveARoleAreListedByAFilter(t *testing.T) {
	for _, character := range []connectortest.Character{connectortest.Characters()[0], {Name: "plain filters alone", PlainMemberFilters: true}} {
		for _, of := range []string{rolesOf, entitlementsOf} {
			t.Run(character.Name+"/"+attributeOf(of), func(t *testing.T) {
				connectortest.RunHolders(t, func(t *testing.T) connectortest.Harness { return onApplication(t, character, of) })
			})
		}
	}
}

// A server that does not find accounts by their roles, or finds anybody, does not list them, and says so.
func TestWhoHasARoleIsNotListedWhereTheServerDoesNotFilter(t *testing.T) {
	for _, character := range []connectortest.Character{{Name: "refuses", NoMemberFilters: true}, {Name: "ignores filters", IgnoresFilters: true}, {Name: "says yes of everybody", PresentToAll: true}} {
		h := onApplication(t, character, rolesOf)
		if page, err := h.Connector.(connector.Lister).Holders(t.Context(), h.Role, ""); entitlement.KindOf(err) != entitlement.Unsupported {
			t.Errorf("%s: got %+v, %v", character.Name, page, err)
		}
	}
}

// crowdOf puts new accounts into a role.
func crowdOf(s *connectortest.Server, put func(id string, in bool)) *connectortest.Crowd {
	n := 0
	return &connectortest.Crowd{
		Put: func(many int) (all []connector.PrincipalRef) {
			for range many {
				n++
				id := s.AddUser(fmt.Sprintf("one%d", n), "", "")
				put(id, true)
				all = append(all, connector.PrincipalRef(id))
			}
			return all
		},
		Take: func(p connector.PrincipalRef) { put(string(p), false) },
	}
}
