package seed

import (
	"context"
	"net/http"

	"leasehold/localstack/components"
	"leasehold/pkg/names"
)

// seedTarget fills the SCIM server, through its own API, with the same people and
// with groups that are empty: who is in them is what packages are for.
func (s *seeding) seedTarget(ctx context.Context) error {
	for _, path := range []string{"/Users", "/Groups"} {
		var found struct {
			Resources []struct{ ID, UserName, DisplayName string }
		}
		if err := s.scim.do(ctx, http.MethodGet, path+"?count=1000", nil, &found); err != nil {
			return err
		}
		for _, each := range found.Resources {
			s.target[each.UserName+each.DisplayName] = each.ID // one of the two is empty
		}
	}

	for _, person := range people {
		if err := s.addToTarget(ctx, "/Users", person.address(), targetUser(person)); err != nil {
			return err
		}
	}
	for _, name := range targetGroups {
		err := s.addToTarget(ctx, "/Groups", name, object{
			"schemas":     []string{"urn:ietf:params:scim:schemas:core:2.0:Group"},
			"displayName": name,
		})
		if err != nil {
			return err
		}
	}
	for _, person := range people {
		if person.name == components.Member {
			s.result.Member = s.target[person.address()]
		}
	}
	return nil
}

func (s *seeding) addToTarget(ctx context.Context, path, name string, body object) error {
	if s.target[name] != "" {
		return nil
	}
	id, err := s.scim.create(ctx, path, body)
	s.target[name] = id
	return err
}

// targetUser is a person as the SCIM server takes it. It sets no displayName: the
// names of its users and those of its groups are kept apart that way.
func targetUser(p person) object {
	const enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	return object{
		"schemas":  []string{"urn:ietf:params:scim:schemas:core:2.0:User", enterprise},
		"userName": p.address(),
		"name":     object{"givenName": p.given, "familyName": p.surname, "formatted": p.displayName()},
		"title":    p.title,
		"emails":   []object{{"value": p.address(), "type": "work", "primary": true}},
		"active":   true,
		enterprise: object{"department": p.department},
	}
}

// connectorName is what the SCIM server is called in Leasehold.
const connectorName = "Customer systems"

// seedConnector registers the SCIM server, or tells an earlier registration where
// it is now. The account owner may add its groups to catalogs.
func (s *seeding) seedConnector(ctx context.Context) error {
	const path = "/leasehold/connectors"
	found, err := list[entity](ctx, s.graph, path)
	if err != nil {
		return err
	}
	// The address of this stack is another one each time, and its credential with it.
	for _, each := range found {
		if each.DisplayName == connectorName {
			s.connector = each.ID
			return s.graph.do(ctx, http.MethodPatch, path+"/"+each.ID,
				object{"url": s.endpoints.SCIMTarget, "credential": s.endpoints.SCIMToken}, nil)
		}
	}

	s.connector, err = s.graph.create(ctx, path, object{
		"displayName":      connectorName,
		"kind":             "scim",
		"url":              s.endpoints.SCIMTarget,
		"correlationKeys":  []string{"externalId", "userName", "mail"},
		"credential":       s.endpoints.SCIMToken,
		"resourceManagers": []string{s.people[components.Owner]},
	})
	return err
}

// management is the path of entitlement management below the version.
var management = names.Entitlement[len(names.APIVersion):]
