package scim

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/entitlement"
)

// maxID bounds the ids that a server may give a person.
const maxID = 256

var errBadID = errors.New("a person without an id, or with one that is too long")

// lookup is how one correlation key is asked for and checked.
type lookup struct {
	ours   func(connector.Correlation) string
	filter string // attribute to compare
	ask    string // attribute to return
	match  func(u user, value string) bool
}

// lookups holds every correlation key. The standard compares externalId with regard
// to case, the others without.
var lookups = map[string]lookup{
	"externalId": {
		ours:   func(who connector.Correlation) string { return who.External },
		filter: "externalId", ask: "externalId",
		match: func(u user, value string) bool { return u.ExternalID == value },
	},
	"userName": {
		ours:   func(who connector.Correlation) string { return who.UserName },
		filter: "userName", ask: "userName",
		match: func(u user, value string) bool { return strings.EqualFold(u.UserName, value) },
	},
	"mail": {
		ours:   func(who connector.Correlation) string { return who.Mail },
		filter: "emails.value", ask: "emails",
		match: func(u user, value string) bool {
			return slices.ContainsFunc(u.Emails, func(e email) bool { return strings.EqualFold(e.Value, value) })
		},
	},
}

// user is what a search returns of a person.
type user struct {
	ID         string
	ExternalID string
	UserName   string
	Emails     []email
}

type email struct{ Value string }

// FindPrincipals looks up one person after the other, see findPrincipal.
func (c *Connector) FindPrincipals(ctx context.Context, who []connector.Correlation) ([]connector.Found, error) {
	found := make([]connector.Found, len(who))
	for i, w := range who {
		ref, err := c.findPrincipal(ctx, w)
		refusal, refused := errors.AsType[*connector.Refusal](err)
		if err != nil && (!refused || refusal.Reason != connector.PrincipalMissing && refusal.Reason != connector.PrincipalAmbiguous) {
			return nil, err
		}
		found[i] = connector.Found{Ref: ref, Err: refusal}
	}
	return found, nil
}

// findPrincipal asks by one key after the other until one finds somebody. A key that the
// server cannot search by leaves it to the others to find the person, but not to say
// that he is missing.
func (c *Connector) findPrincipal(ctx context.Context, who connector.Correlation) (connector.PrincipalRef, error) {
	const op = "scim: find person"
	var unanswered error
	for _, key := range c.keys {
		value := lookups[key].ours(who)
		if value == "" {
			continue
		}
		found, err := c.findBy(ctx, lookups[key], value)
		if _, ok := errors.AsType[*refused](err); ok {
			unanswered = err
			continue
		}
		if found != "" || err != nil {
			return found, err
		}
	}
	if unanswered != nil {
		return "", explain(op, unanswered, connector.RefusedByTarget, "The target has no list of people.")
	}
	refusal := &connector.Refusal{Reason: connector.PrincipalMissing, Permanent: true,
		Detail: "The target knows nobody by " + strings.Join(c.keys, ", ") + " of this person. Create the account there, then reprocess."}
	return "", connector.Fail(entitlement.Precondition, op, refusal, nil)
}

// findBy returns the one person whose attribute has the value, or "" for nobody.
func (c *Connector) findBy(ctx context.Context, by lookup, value string) (connector.PrincipalRef, error) {
	const op = "scim: find person"
	query := url.Values{
		"filter":     {by.filter + " eq " + quote(value)},
		"attributes": {"id," + by.ask},
		"count":      {"2"}, // the second one is enough to know that there are several
	}
	found, total, err := search[user](ctx, c, op, "/Users", query)
	if err != nil {
		return "", err
	}

	// A server may ignore the filter or lie: only who has the value himself counts.
	matches := slices.DeleteFunc(found, func(u user) bool { return !by.match(u, value) })
	if len(matches) == 0 {
		return "", nil
	}
	if len(matches) > 1 || total > 1 {
		refusal := &connector.Refusal{Reason: connector.PrincipalAmbiguous, Permanent: true,
			Detail: "Several accounts at the target have the same " + by.filter + " as this person. Make it unique there, then reprocess."}
		return "", connector.Fail(entitlement.Precondition, op, refusal, nil)
	}
	if id := matches[0].ID; id == "" || len(id) > maxID {
		return "", outbound.BadAnswer(op, errBadID)
	}
	return connector.PrincipalRef(matches[0].ID), nil
}
