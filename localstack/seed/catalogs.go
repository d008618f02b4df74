package seed

import (
	"context"
	"fmt"
	"net/url"
	"strings"
)

// Origin systems of the resources.
const (
	builtIn = "AadGroup"
	scim    = "Scim"
)

// resource is what the seed reads of a catalog's resource.
type resource struct {
	ID           string `json:"id"`
	OriginID     string `json:"originId"`
	OriginSystem string `json:"originSystem"`
}

// seedCatalogs makes the catalogs, puts resources into them and packages of these on top.
func (s *seeding) seedCatalogs(ctx context.Context) error {
	for _, c := range catalogs {
		id, err := s.ensure(ctx, "/catalogs", c.name, object{
			"displayName": c.name,
			"description": c.description,
			"state":       "published",
		})

		if err != nil {
			return err
		}

		resources, err := s.seedResources(ctx, id, c)
		if err != nil {
			return fmt.Errorf("resources of %s: %w", c.name, err)
		}
		// A package is made of resources of its catalog alone (R14).
		for _, p := range c.packages {
			if err := s.seedPackage(ctx, id, p, resources); err != nil {
				return fmt.Errorf("package %s: %w", p.name, err)
			}
		}
	}

	return nil
}

// ensure returns the id of the entity with the name, which it makes where there is none.
func (s *seeding) ensure(ctx context.Context, path, name string, body object) (string, error) {
	quoted := "'" + strings.ReplaceAll(name, "'", "''") + "'"
	found, err := list[entity](ctx, s.graph, management+path, "$filter", "displayName eq "+quoted)
	if err != nil {
		return "", err
	}
	if len(found) > 0 {
		return found[0].ID, nil
	}
	return s.graph.create(ctx, management+path, body)
}

// seedResources adds the groups that a catalog lacks and returns its resources by origin id.
func (s *seeding) seedResources(ctx context.Context, catalog string, c catalog) (map[string]resource, error) {
	path := management + "/catalogs/" + catalog + "/resources"
	known, err := s.resources(ctx, path)
	if err != nil {
		return nil, err
	}

	for _, origin := range s.origins(c.groups, c.targetGroups) {
		// Seeding again adds what is missing, and leaves what is there.
		if _, ok := known[origin.OriginID]; ok {
			continue
		}
		added := object{"originId": origin.OriginID, "originSystem": origin.OriginSystem}
		if origin.OriginSystem == scim {
			added["environment"] = object{"id": s.connector}
		}
		_, err := s.graph.create(ctx, management+"/resourceRequests", object{
			"requestType": "adminAdd",
			"resource":    added,
			"catalog":     object{"id": catalog},
		})
		if err != nil {
			return nil, err
		}
	}
	return s.resources(ctx, path)
}

func (s *seeding) resources(ctx context.Context, path string) (map[string]resource, error) {
	found, err := list[resource](ctx, s.graph, path, "$expand", "roles,scopes")
	if err != nil {
		return nil, err
	}
	byOrigin := map[string]resource{}
	for _, each := range found {
		byOrigin[each.OriginID] = each
	}
	return byOrigin, nil
}

// origins are groups of the directory and of the SCIM server as resources name them.
func (s *seeding) origins(groups, targetGroups []string) []resource {
	var all []resource
	for _, name := range groups {
		all = append(all, resource{OriginID: s.groups[name], OriginSystem: builtIn})
	}
	for _, name := range targetGroups {
		all = append(all, resource{OriginID: s.target[name], OriginSystem: scim})
	}
	return all
}

// seedPackage makes a package of the member roles of its groups, and its policy.
func (s *seeding) seedPackage(ctx context.Context, catalog string, p pack, resources map[string]resource) error {
	id, err := s.ensure(ctx, "/accessPackages", p.name, object{
		"displayName": p.name,
		"description": p.description,
		"catalog":     object{"id": catalog},
	})
	if err != nil {
		return err
	}
	if err := s.seedRoles(ctx, id, p, resources); err != nil {
		return err
	}

	// A policy's terms name people by their ids, which are known only now.
	policy := p.policy(s)
	policy["displayName"] = p.policyName
	policy["description"] = p.policyName
	policy["accessPackage"] = object{"id": id}
	policyID, err := s.ensure(ctx, "/assignmentPolicies", p.policyName, policy)
	if err != nil {
		return err
	}
	if p.name == shownPackage {
		s.result.Package, s.result.Policy = id, policyID
	}
	return nil
}

// seedRoles puts into a package the member roles that it lacks.
func (s *seeding) seedRoles(ctx context.Context, id string, p pack, resources map[string]resource) error {
	var held struct {
		ResourceRoleScopes []struct{ Role struct{ OriginID string } }
	}
	path := management + "/accessPackages/" + id
	expand := url.Values{"$expand": {"resourceRoleScopes($expand=role,scope)"}}
	if err := s.graph.do(ctx, "GET", path+"?"+expand.Encode(), nil, &held); err != nil {
		return err
	}
	known := map[string]bool{}
	for _, each := range held.ResourceRoleScopes {
		known[each.Role.OriginID] = true
	}

	// What is in the package already is refused a second time, so it is left out.
	for _, origin := range s.origins(p.groups, p.targetGroups) {
		role := "Member_" + origin.OriginID
		if known[role] {
			continue
		}
		_, err := s.graph.create(ctx, path+"/resourceRoleScopes", object{
			"role": object{
				"originId":     role,
				"originSystem": origin.OriginSystem,
				"displayName":  "Member",
				"resource": object{
					"id":           resources[origin.OriginID].ID,
					"originId":     origin.OriginID,
					"originSystem": origin.OriginSystem,
				},
			},
			"scope": object{"originId": origin.OriginID, "originSystem": origin.OriginSystem, "isRootScope": true},
		})
		if err != nil {
			return err
		}
	}
	return nil
}
