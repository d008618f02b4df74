package scim

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/outbound"
)

// maxID bounds the ids that a server may give a person.
const maxID = 256

// lookup is how one correlation key is asked for and checked.
type lookup struct {
	name      string
	ours      func(connector.Correlation) string
	attribute string                // to be shown
	filter    string                // attribute to compare
	values    func(u user) []string // what an account has of it
	exact     bool                  // with regard to case
}

// match reports that an account has the value.
func (l lookup) match(u user, value string) bool {
	return slices.ContainsFunc(l.values(u), func(have string) bool { return have == value || !l.exact && strings.EqualFold(have, value) })
}

// fits reports that an account may rightly be in the answer to a filter for the values.
// Some servers compare without regard to case what others compare with.
func (l lookup) fits(u user, values []string) bool {
	return slices.ContainsFunc(l.values(u), func(have string) bool {
		return slices.ContainsFunc(values, func(v string) bool { return strings.EqualFold(have, v) })
	})
}

// lookups holds every correlation key. The standard compares externalId with regard
// to case, the others without.
var lookups = map[string]lookup{
	"externalId": {
		name: "externalId", attribute: "externalId", filter: "externalId", exact: true,
		ours:   func(who connector.Correlation) string { return who.External },
		values: func(u user) []string { return one(u.ExternalID) },
	},
	"userName": {
		name: "userName", attribute: "userName", filter: "userName",
		ours:   func(who connector.Correlation) string { return who.UserName },
		values: func(u user) []string { return one(u.UserName) },
	},
	"mail": {
		name: "mail", attribute: "emails", filter: "emails.value",
		ours: func(who connector.Correlation) string { return who.Mail },
		values: func(u user) (all []string) {
			for _, e := range u.Emails {
				all = append(all, one(e.Value)...)
			}
			return all
		},
	},
}

func one(value string) []string {
	if value == "" {
		return nil
	}
	return []string{value}
}

// user is what a search returns of a person.
type user struct {
	ID         id
	ExternalID string
	UserName   string
	Emails     []email
}

type email struct{ Value string }

// FindPrincipals asks by one key after the other until one finds somebody, for several
// people in one filter where the server can. That somebody has no account is said only
// where the server was seen to find by at least one of the keys, and could be searched by
// all that are known of him: else a second account would be made.
func (c *Connector) FindPrincipals(ctx context.Context, who []connector.Correlation) ([]connector.Found, error) {
	s := &hunt{c: c, list: c.users(outbound.Operation{Op: "scim: list people", What: "for the list of people"}, "", pageSize, c.attributes()...)}
	for _, w := range who {
		s.people = append(s.people, &quarry{who: w})
	}
	// The keys are in the order of trust: who is found by one is not looked for by the next.
	for _, key := range c.keys {
		if err := s.by(ctx, lookups[key]); err != nil {
			return nil, err
		}
	}

	found := make([]connector.Found, len(who))
	for i, q := range s.people {
		if q.done() {
			found[i] = q.found
		} else {
			found[i].Err = s.whyNot(q)
		}
	}
	return found, nil
}

// attributes are those by which the connector finds people.
func (c *Connector) attributes() (all []string) {
	for _, key := range c.keys {
		all = append(all, lookups[key].attribute)
	}
	return all
}

// quarry is one person who is looked for.
type quarry struct {
	who    connector.Correlation
	found  connector.Found
	asked  []string // keys by which the server found nobody
	proven bool     // it was seen to find others by one of them
	closed string   // what keeps the server from being searched by one of the keys
}

func (q *quarry) done() bool { return q.found.Ref != "" || q.found.Err != nil }

// take decides by the accounts that have the value, which are all there are, and reports
// whether there is one.
func (q *quarry) take(by lookup, accounts []user) bool {
	switch {
	case len(accounts) == 0:
		return false
	case len(accounts) > 1:
		q.found.Err = &connector.Refusal{Reason: connector.PrincipalAmbiguous, Permanent: true, Detail: fmt.Sprintf(
			"%d accounts at the target have the same %s as this person. Make it unique there, then reprocess.", len(accounts), by.filter)}

	case accounts[0].ID == "" || len(accounts[0].ID) > maxID:
		q.found.Err = &connector.Refusal{Reason: connector.NotUnderstood, Detail: fmt.Sprintf(
			"The target's answer could not be understood: asked for people by %s, it showed an account without an id, or with one that is too long.", by.filter)}
	default:
		q.found.Ref = connector.PrincipalRef(accounts[0].ID)
	}

	return true
}

// whyNot says why a person was not found.
func (s *hunt) whyNot(q *quarry) *connector.Refusal {
	keys := strings.Join(q.asked, ", ")
	missing := &connector.Refusal{Reason: connector.PrincipalMissing, Permanent: true}

	switch {
	// Final only where the server says so in a form of its own: else it may mend itself.
	case q.closed != "":
		return &connector.Refusal{Reason: connector.RefusedByTarget, Permanent: !s.vague.Load(), Detail: "Nobody can say whether this person has an account at the target. " +
			q.closed + " Let the connector find people by another of its correlationKeys, then reprocess."}
	case len(q.asked) == 0:
		missing.Detail = "Nothing is known of this person by which the target could be asked for the account: " + strings.Join(s.c.keys, ", ") + ". Give it to the user, then reprocess."
	case q.proven:
		missing.Detail = "The target knows nobody by " + keys + " of this person. Create the account there, then reprocess."
	case s.list.complete() && s.list.total == 0:
		missing.Detail = "The target shows no account at all, and so none by " + keys + " of this person. Create the account there, then reprocess."
	default:
		return &connector.Refusal{Reason: connector.RefusedByTarget, Permanent: true, Detail: fmt.Sprintf(
			"Nobody can say whether this person has an account at the target. Asked for %s of this person it finds nobody, "+
				"but it was not seen to find anybody else so. Let the connector find people by another of its correlationKeys, then reprocess.", keys)}
	}

	return missing
}
