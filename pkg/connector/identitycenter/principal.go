package identitycenter

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/outbound"
)

// lookup is how people are found by one correlation key.
type lookup struct {
	name   string
	ours   func(connector.Correlation) string
	path   string // the unique attribute; "" for external ids
	values func(user) []string
}

// lookups holds every correlation key. An external id is Identity Store's own id of the user, or
// one that an identity provider gave, under whichever issuer that is.
var lookups = map[string]lookup{
	"externalId": {name: "its own id, or external id", ours: func(w connector.Correlation) string { return w.External },
		values: func(u user) (all []string) {
			for _, e := range u.ExternalIds {
				all = append(all, e.Id)
			}
			return append(all, u.UserId)
		}},
	"userName": {name: "user name", path: "userName", ours: func(w connector.Correlation) string { return w.UserName },
		values: func(u user) []string { return []string{u.UserName} }},
	"mail": {name: "mail address", path: "emails.value", ours: func(w connector.Correlation) string { return w.Mail },
		values: func(u user) (all []string) {
			for _, e := range u.Emails {
				all = append(all, e.Value)
			}
			return all
		}},
}

// maxIssuers bounds the identity providers under which an external id is looked for.
const maxIssuers = 5

var (
	askPerson = outbound.Operation{Op: "identitycenter: find user", What: "for a person"}
	askUsers  = outbound.Operation{Op: "identitycenter: list users", What: "for its users"}
)

// FindPrincipals looks each person up by one key after the other, until one finds somebody.
func (c *Connector) FindPrincipals(ctx context.Context, who []connector.Correlation) ([]connector.Found, error) {
	found := make([]connector.Found, len(who))
	var known []string // issuers
	for i, w := range who {
		var asked []string
		for _, key := range c.keys {
			by := lookups[key]
			value := by.ours(w)
			if strings.TrimSpace(value) == "" {
				continue
			}
			asked = append(asked, by.name)

			if by.path == "" && known == nil && !isObject(value) {
				var err error
				if known, err = c.issuers(ctx); err != nil {
					return nil, err
				}
			}
			users, err := c.users(ctx, by, value, w.UserName, known)
			if err != nil {
				return nil, err
			}
			if found[i] = take(by, users); found[i] != (connector.Found{}) {
				break
			}
		}
		if found[i] == (connector.Found{}) {
			found[i].Err = c.nobody(asked)
		}
	}
	return found, nil
}

// take decides by who has the value: one is the person, several are nobody.
func take(by lookup, ids []string) connector.Found {
	switch len(ids) {
	case 0:
		return connector.Found{}
	case 1:
		return connector.Found{Ref: connector.PrincipalRef(ids[0])}
	}
	return connector.Found{Err: &connector.Refusal{Reason: connector.PrincipalAmbiguous, Permanent: true, Detail: fmt.Sprintf(
		"%d users at the target have the same %s as this person. Make it unique there, then reprocess.", len(ids), by.name)}}
}

// nobody says why somebody was not found.
func (c *Connector) nobody(asked []string) *connector.Refusal {
	missing := &connector.Refusal{Reason: connector.PrincipalMissing, Permanent: true,
		Detail: "The target knows nobody by " + strings.Join(asked, ", ") + " of this person. Create the user in IAM Identity Center, or have it synchronized, then reprocess."}
	if len(asked) == 0 {
		missing.Detail = "Nothing is known of this person by which the target could be asked for the user: " + strings.Join(c.keys, ", ") + ". Give it to the user, then reprocess."
	}
	return missing
}

// users returns the ids of those who have the value, each once. The answer to a look-up is an id alone, so
// each user is read, and must have it: another one would be given what is this person's.
func (c *Connector) users(ctx context.Context, by lookup, value, name string, issuers []string) ([]string, error) {
	var ids []string
	if by.path == "" && isObject(value) {
		ids = []string{value}
	} else {
		var asked []alternate
		if by.path != "" {
			asked = []alternate{{UniqueAttribute: &attribute{by.path, value}}}
		} else {
			for _, issuer := range issuers {
				asked = append(asked, alternate{ExternalId: &externalID{issuer, value}})
			}
		}
		for _, a := range asked {
			id, err := c.userID(ctx, a)
			if err != nil {
				return nil, err
			}
			if id != "" && !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}

	var all []string
	for _, id := range ids {
		u, err := c.user(ctx, id)
		if err != nil {
			return nil, err
		}
		if u != nil && !c.anothers(*u, by, name) && slices.ContainsFunc(by.values(*u), func(have string) bool { return strings.EqualFold(have, value) }) {
			all = append(all, u.UserId)
		}
	}
	return all, nil
}

// userID looks a user up; "" where there is none.
func (c *Connector) userID(ctx context.Context, by alternate) (string, error) {
	var found user
	err := c.ask(ctx, askPerson, identityStore, "GetUserId", inStore{IdentityStoreId: c.at.store, AlternateIdentifier: &by}, &found)
	switch {
	// What is no name that a user could have is refused, and nobody has it.
	case refusedWith(err, codeMissing) != nil && refusedWith(err, codeMissing).what != "IDENTITY_STORE", refusedWith(err, "ValidationException") != nil:
		return "", nil
	case err != nil:
		return "", explain(askPerson, err)
	case found.IdentityStoreId != c.at.store || !isObject(found.UserId):
		return "", askPerson.NotUnderstood(200, errOtherID)
	}
	return found.UserId, nil
}

// user reads a user by its id; nil where there is none.
func (c *Connector) user(ctx context.Context, id string) (*user, error) {
	var found user
	err := c.ask(ctx, askPerson, identityStore, "DescribeUser", inStore{IdentityStoreId: c.at.store, UserId: id}, &found)
	switch {
	case refusedWith(err, codeMissing) != nil && refusedWith(err, codeMissing).what != "IDENTITY_STORE":
		return nil, nil
	case err != nil:
		return nil, explain(askPerson, err)
	case found.IdentityStoreId != c.at.store || !strings.EqualFold(found.UserId, id):
		return nil, askPerson.NotUnderstood(200, errOtherID)
	}
	return &found, nil
}

// maxUsersPages bounds the users who are looked at for issuers: 500. An instance has one identity
// provider at a time, so that most have one issuer, or had another before.
const maxUsersPages = 5

// issuers are the identity providers that gave users their external ids, as some users show.
func (c *Connector) issuers(ctx context.Context) ([]string, error) {
	all, next := []string{}, ""
	for range maxUsersPages {
		var some struct {
			Users     *[]user
			NextToken string
		}
		if err := c.ask(ctx, askUsers, identityStore, "ListUsers", inStore{IdentityStoreId: c.at.store, MaxResults: pageSize, NextToken: next}, &some); err != nil {
			return nil, explain(askUsers, err)
		}
		if some.Users == nil {
			return nil, askUsers.NotUnderstood(200, errNoList)
		}
		for _, u := range *some.Users {
			for _, e := range u.ExternalIds {
				if e.Issuer != "" && !slices.Contains(all, e.Issuer) && len(all) < maxIssuers {
					all = append(all, e.Issuer)
				}
			}
		}
		if next = some.NextToken; next == "" {
			break
		}
	}
	return all, nil
}
