package msgraph

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/outbound"
)

// account is what a search returns of a person.
type account struct {
	ID, UserPrincipalName, Mail, EmployeeID string
	OtherMails                              []string
}

const accountFields = "id,userPrincipalName,mail,otherMails,employeeId"

// maxMatches bounds the pages of one search for people: fifteen values have few accounts.
const maxMatches = 20

// lookup is how people are found by one correlation key.
type lookup struct {
	name    string
	ours    func(connector.Correlation) string
	values  func(account) []string
	filters func(values []string) []string
}

// lookups holds every correlation key. An external id is Entra's own id of the account, or the
// employee's number. Guests have a principal name of their own here, so they are found by mail:
// their address may stand in mail or in otherMails.
var lookups = map[string]lookup{
	"externalId": {name: "id, employeeId",
		ours:   func(w connector.Correlation) string { return w.External },
		values: func(a account) []string { return []string{a.ID, a.EmployeeID} },
		filters: func(values []string) (all []string) {
			var ids, numbers []string
			for _, v := range values {
				if isGUID(v) {
					ids = append(ids, v)
				} else {
					numbers = append(numbers, v)
				}
			}
			return slices.Concat(some("id", ids), some("employeeId", numbers))
		}},
	"userName": {name: "userPrincipalName",
		ours:    func(w connector.Correlation) string { return w.UserName },
		values:  func(a account) []string { return []string{a.UserPrincipalName} },
		filters: func(values []string) []string { return some("userPrincipalName", values) }},
	"mail": {name: "mail, otherMails",
		ours:   func(w connector.Correlation) string { return w.Mail },
		values: func(a account) []string { return append([]string{a.Mail}, a.OtherMails...) },
		filters: func(values []string) []string {
			all := some("mail", values)
			for part := range slices.Chunk(values, maxClauses) {
				var any []string
				for _, v := range part {
					any = append(any, "otherMails/any(m:m eq "+quote(v)+")")
				}
				all = append(all, strings.Join(any, " or "))
			}
			return all
		}},
}

// some writes filters for accounts with one of the values.
func some(attribute string, values []string) (all []string) {
	for part := range slices.Chunk(values, maxClauses) {
		all = append(all, in(attribute, part))
	}
	return all
}

var askPeople = outbound.Operation{Op: "msgraph: list people", What: "for people"}

// FindPrincipals asks by one key after the other, for all people in one call, until one finds
// somebody.
func (c *Connector) FindPrincipals(ctx context.Context, who []connector.Correlation) ([]connector.Found, error) {
	found := make([]connector.Found, len(who))
	asked := make([][]string, len(who))
	for _, key := range c.keys {
		by := lookups[key]
		var left []int
		var values []string
		for i, w := range who {
			v := by.ours(w)
			if found[i] != (connector.Found{}) || strings.TrimSpace(v) == "" {
				continue
			}
			left, asked[i] = append(left, i), append(asked[i], by.name)
			if !slices.ContainsFunc(values, func(have string) bool { return strings.EqualFold(have, v) }) {
				values = append(values, v)
			}
		}
		if len(left) == 0 {
			continue
		}
		accounts, err := c.accounts(ctx, by.filters(values))
		if err != nil {
			return nil, err
		}
		for _, i := range left {
			found[i] = take(by, accounts, by.ours(who[i]))
		}
	}

	for i := range found {
		if found[i] == (connector.Found{}) {
			found[i].Err = c.nobody(asked[i])
		}
	}
	return found, nil
}

// accounts returns those that any of the filters finds, each once.
func (c *Connector) accounts(ctx context.Context, filters []string) (map[string]account, error) {
	var asked []request
	for _, f := range filters {
		r := get("/users", url.Values{"$filter": {f}, "$select": {accountFields}, "$count": {"true"}, "$top": {"100"}})
		r.advanced = true
		asked = append(asked, r)
	}
	answered, err := c.questions(ctx, askPeople, asked)
	if err != nil {
		return nil, err
	}

	all := map[string]account{}
	for i, one := range answered {
		var p page[account]
		if err := one.decode(askPeople, &p); err != nil {
			return nil, explain(askPeople, err)
		}
		if p.Value == nil {
			return nil, askPeople.NotUnderstood(http.StatusOK, errNoList)
		}
		// A second account of somebody may be on another page.
		accounts, ended, err := rest(ctx, c, askPeople, asked[i], p, maxMatches)
		if err == nil && !ended {
			err = askPeople.NotUnderstood(http.StatusOK, errTooLong)
		}
		if err != nil {
			return nil, explain(askPeople, err)
		}
		for _, a := range accounts {
			if !isGUID(a.ID) {
				return nil, askPeople.NotUnderstood(http.StatusOK, errOtherID)
			}
			all[a.ID] = a
		}
	}
	return all, nil
}

// take decides by the accounts that have the value: one is the person's, several are nobody's.
func take(by lookup, accounts map[string]account, value string) connector.Found {
	var ids []string
	for id, a := range accounts {
		if slices.ContainsFunc(by.values(a), func(have string) bool { return strings.EqualFold(have, value) }) {
			ids = append(ids, id)
		}
	}
	switch len(ids) {
	case 0:
		return connector.Found{}
	case 1:
		return connector.Found{Ref: connector.PrincipalRef(ids[0])}
	}
	return connector.Found{Err: &connector.Refusal{Reason: connector.PrincipalAmbiguous, Permanent: true, Detail: fmt.Sprintf(
		"%d accounts at the target have the same %s as this person. Make it unique there, then reprocess.", len(ids), by.name)}}
}

// nobody says why somebody was not found.
func (c *Connector) nobody(asked []string) *connector.Refusal {
	missing := &connector.Refusal{Reason: connector.PrincipalMissing, Permanent: true,
		Detail: "The target knows nobody by " + strings.Join(asked, ", ") + " of this person. Create the account or invite the guest there, then reprocess."}
	if len(asked) == 0 {
		missing.Detail = "Nothing is known of this person by which the target could be asked for the account: " + strings.Join(c.keys, ", ") + ". Give it to the user, then reprocess."
	}
	return missing
}
