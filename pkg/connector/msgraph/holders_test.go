package msgraph_test

import (
	"fmt"
	"strings"
	"testing"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/connectortest"
	"leasehold/pkg/connector/connectortest/graphserver"
	"leasehold/pkg/entitlement"
)

func TestTheHoldersOfGroupsAndApplicationsAreListed(t *testing.T) {
	for _, character := range []string{"as documented", "small pages"} {
		for _, of := range sorts {
			t.Run(character+"/"+of.name, func(t *testing.T) {
				connectortest.RunHolders(t, func(t *testing.T) connectortest.Harness { return harness(t, graphserver.Named(character), of) })
			})
		}
	}
}

// crowd puts people into a role as an administrator would. A page has 999 entries at most, and a
// skip token is not taken for ever.
func crowd(s *graphserver.Server, role entitlement.RoleRef, proxy *connectortest.Proxy, character graphserver.Character) *connectortest.Crowd {
	put := func(who string, in, group bool) {
		rel := map[bool]string{true: "owners", false: "members"}[strings.HasPrefix(role.Role, "Owner_")]
		switch {
		case strings.Contains(role.Role, "_"):
			s.Put(role.Resource, rel, who, in)
		case in:
			s.Give(role.Resource, role.Role, who, group)
		default:
			s.Withdraw(role.Resource, role.Role, who)
		}
	}
	n, many := 0, 1100
	if character.PageSize > 0 {
		many = 5 * character.PageSize
	}
	return &connectortest.Crowd{
		Many: many,
		Put: func(many int) (all []connector.PrincipalRef) {
			for range many {
				n++
				id := s.AddUser(graphserver.User{UPN: fmt.Sprintf("one%d@contoso.com", n)})
				put(id, true, false)
				all = append(all, connector.PrincipalRef(id))
			}
			return all
		},
		Take:   func(p connector.PrincipalRef) { put(string(p), false, false) },
		Nest:   func() { put(s.AddGroup(graphserver.Group{Name: "Within"}), true, true) },
		Expire: proxy.Refuse(400, "request-id", "11111111-1111-4111-8111-111111111111", `{"error":{"code":"Directory_ExpiredPageToken","message":"The specified page token value has expired and can no longer be included in your request."}}`),
	}
}
