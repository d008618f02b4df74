// Package seed fills a fresh Leasehold with a small organisation: people with
// managers, groups, a target system, catalogs, access packages and their policies.
//
// It has no way in of its own: everything goes through the HTTP API, with the
// token of the first administrator, and through the SCIM server's API. It looks
// for each thing before it makes it, so a second run changes nothing and a run
// that was interrupted is completed by the next.
package seed

import (
	"context"
	"fmt"
	"io"
	"time"

	"leasehold/localstack/components"
	"leasehold/pkg/names"
)

// Result is what one needs to know to ask for something.
type Result struct {
	Package string // that everybody may have without approval
	Policy  string // by which
	Member  string // id of the account member in the SCIM server
}

// Tokens gives an access token for an account.
type Tokens func(ctx context.Context, as string) (string, error)

// Run brings the organisation about, where f says, with a token from signIn.
func Run(ctx context.Context, f components.Endpoints, signIn Tokens, said io.Writer) (Result, error) {
	began := time.Now()
	token, err := signIn(ctx, components.Admin)
	if err != nil {
		return Result{}, err
	}
	s := &seeding{
		endpoints: f,
		graph:     newClient(f.URL+names.APIVersion, token, "application/json"),
		scim:      newClient(f.SCIM, f.SCIMToken, "application/scim+json"),
		people:    map[string]string{},
		groups:    map[string]string{},
		target:    map[string]string{},
	}

	// In the order in which one step needs what the others made.
	for _, step := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"people", s.seedPeople},
		{"managers", s.seedManagers},
		{"groups", s.seedGroups},
		{"SCIM server", s.seedTarget},
		{"connector", s.seedConnector},
		{"catalogs", s.seedCatalogs},
		{"roles", s.seedDelegates},
	} {
		if err := step.do(ctx); err != nil {
			return Result{}, fmt.Errorf("%s: %w", step.name, err)
		}
	}
	fmt.Fprintf(said, "  %-36s %5.1f s\n", "organisation seeded", time.Since(began).Seconds())
	return s.result, nil
}

// seeding is one run. What was found or made is known by its name from then on.
type seeding struct {
	endpoints components.Endpoints
	graph     *client
	scim      *client
	people    map[string]string // account or first part of the address -> id
	groups    map[string]string // name -> id, groups of the directory
	target    map[string]string // name -> id, people and groups of the SCIM server

	connector string
	result    Result
}

// userURL and objectURL are references as links carry them.
func (s *seeding) userURL(person string) string {
	return s.endpoints.URL + names.APIVersion + "/users/" + s.people[person]
}

func (s *seeding) objectURL(person string) string {
	return s.endpoints.URL + names.APIVersion + "/directoryObjects/" + s.people[person]
}
