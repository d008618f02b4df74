package seed

import (
	"context"
	"net/http"
	"strings"

	"golang.org/x/sync/errgroup"

	"leasehold/localstack/components"
)

// side is how many calls are under way at once.
const side = 8

// administrators is the id of the directory group of that meaning.
const administrators = "00000000-0000-0000-0000-0000000ad317"

// entity is what the seed reads of users, groups and everything else with a name.
type entity struct {
	ID                string `json:"id"`
	DisplayName       string `json:"displayName"`
	UserPrincipalName string `json:"userPrincipalName"`
}

// seedPeople makes the users and binds those with an account to it. The first
// administrator is there already: it came into being with its first call.
func (s *seeding) seedPeople(ctx context.Context) error {
	var me entity
	if err := s.graph.do(ctx, http.MethodGet, "/me", nil, &me); err != nil {
		return err
	}
	users, err := list[entity](ctx, s.graph, "/users")
	if err != nil {
		return err
	}
	for _, user := range users {
		name, _, _ := strings.Cut(strings.ToLower(user.UserPrincipalName), "@")
		s.people[name] = user.ID
	}

	// The first call of all made this account: it gets the name that the others have.
	s.people[components.Admin] = me.ID
	if me.UserPrincipalName != people[0].address() {
		if err := s.graph.do(ctx, http.MethodPatch, "/users/"+me.ID, user(people[0]), nil); err != nil {
			return err
		}
	}
	if err := s.createMissing(ctx); err != nil {
		return err
	}
	return s.seedRobot(ctx)
}

func (s *seeding) createMissing(ctx context.Context) error {
	ids := make([]string, len(people))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(side)
	// Side by side: each call waits for a function, and somebody waits for the seed.
	for i, person := range people {
		if s.people[person.name] != "" {
			continue
		}
		group.Go(func() (err error) {
			body := user(person)
			body["identities"] = s.identity(person.name)
			ids[i], err = s.graph.create(ctx, "/users", body)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}

	for i, id := range ids {
		if id != "" {
			s.people[people[i].name] = id
		}
	}
	return nil
}

// seedRobot binds the robot's client to a user and makes that an administrator.
func (s *seeding) seedRobot(ctx context.Context) error {
	if s.people[components.Robot] == "" {
		id, err := s.graph.create(ctx, "/users", object{
			"displayName":       "Robot",
			"userPrincipalName": components.Robot + "@" + domain,
			"accountEnabled":    true,
			"identities":        s.identity(components.RobotClient),
		})
		if err != nil {
			return err
		}
		s.people[components.Robot] = id
	}
	return s.addMembers(ctx, administrators, "members", []string{components.Robot})
}

// user is a person as the API takes it.
func user(p person) object {
	return object{
		"displayName":       p.displayName(),
		"givenName":         p.given,
		"surname":           p.surname,
		"userPrincipalName": p.address(),
		"mail":              p.address(),
		"mailNickname":      p.name,
		"accountEnabled":    true,
		"department":        p.department,
		"jobTitle":          p.title,
	}
}

// identity binds a user to a subject of the OpenID provider. People without an
// account there are bound too: nothing is signed in by it until there is one.
func (s *seeding) identity(subject string) []object {
	return []object{{"signInType": "federated", "issuer": s.endpoints.Issuer, "issuerAssignedId": subject}}
}

// seedManagers sets everybody's manager; setting it again changes nothing.
func (s *seeding) seedManagers(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(side)
	for _, person := range people {
		if person.manager == "" {
			continue
		}
		group.Go(func() error {
			return s.graph.do(ctx, http.MethodPut, "/users/"+s.people[person.name]+"/manager/$ref",
				object{"@odata.id": s.userURL(person.manager)}, nil)
		})
	}
	return group.Wait()
}

// seedGroups makes the groups of the directory with their members and their owner.
func (s *seeding) seedGroups(ctx context.Context) error {
	found, err := list[entity](ctx, s.graph, "/groups")
	if err != nil {
		return err
	}
	for _, group := range found {
		s.groups[group.DisplayName] = group.ID
	}

	// Groups before members: a membership names both.
	for _, group := range groups {
		if s.groups[group.name] == "" {
			s.groups[group.name], err = s.graph.create(ctx, "/groups", object{
				"displayName":     group.name,
				"description":     group.description,
				"mailEnabled":     false,
				"mailNickname":    nickname(group.name),
				"securityEnabled": true,
			})
			if err != nil {
				return err
			}
		}
		if err := s.addMembers(ctx, s.groups[group.name], "members", group.members); err != nil {
			return err
		}
		if err := s.addMembers(ctx, s.groups[group.name], "owners", []string{components.Owner}); err != nil {
			return err
		}
	}
	return nil
}

// addMembers adds those people who are not yet in a group's members or owners.
func (s *seeding) addMembers(ctx context.Context, group, relation string, names []string) error {
	if len(names) == 0 {
		return nil
	}
	path := "/groups/" + group + "/" + relation
	present, err := list[entity](ctx, s.graph, path)
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for _, each := range present {
		known[each.ID] = true
	}

	// To add somebody twice is refused, so that is asked first.
	for _, name := range names {
		if known[s.people[name]] {
			continue
		}
		if err := s.graph.do(ctx, http.MethodPost, path+"/$ref", object{"@odata.id": s.objectURL(name)}, nil); err != nil {
			return err
		}
	}
	return nil
}
