package scim

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/entitlement"
)

var _ connector.Explorer = (*Connector)(nil)

var askList = outbound.Operation{Op: "scim: list groups", What: "for the list of its groups"}

// maxListed bounds how far a list of a server's groups is followed: one that never ends is
// left there (S21).
const maxListed = 100_000

// listed is a group as a list shows it.
type listed struct {
	ID          id
	DisplayName string
}

// place is where a piece of the list begins: at which of the groups, counted from 0, and the
// id of the very first, by which a server is known that begins anew with every answer.
type place struct {
	from  int
	first id
}

func (p place) token() string { return strconv.Itoa(p.from) + " " + string(p.first) }

func placeOf(token string) (p place, err error) {
	if token == "" {
		return p, nil
	}
	from, first, _ := strings.Cut(token, " ")
	p.from, err = strconv.Atoi(from)
	if err != nil || p.from < 0 || p.from > maxListed {
		return p, entitlement.Errorf(entitlement.Invalid, "This is no place in the list of a SCIM server's groups.")
	}
	p.first = id(first)
	return p, nil
}

// ListResources returns a piece of the server's groups; the first one begins with its
// applications. A search is handed on where the server was seen to heed such a filter. What a
// server says of the list's length, of where an answer begins, and of how much it holds is
// not relied on: the list ends where an answer brings nothing new.
func (c *Connector) ListResources(ctx context.Context, q connector.Query) (connector.ResourcePage, error) {
	at, err := placeOf(q.Token)
	if err != nil {
		return connector.ResourcePage{}, err
	}

	if c.at.noGroups {
		return connector.ResourcePage{Items: c.applicationsOffered()}, nil
	}

	limit := min(max(q.Limit, 1), entitlement.PageSize)
	groups, total, err := c.groupsFrom(ctx, q.Search, at.from, limit)
	if err != nil {
		return connector.ResourcePage{}, explain(askList, err)
	}

	var page connector.ResourcePage
	if q.Token == "" {
		page.Items = c.applicationsOffered()
	}

	// What came is shown, though it be more than was asked for: where a server goes on after
	// that, nobody can know.
	offered := offers(groups)
	next := place{at.from + len(groups), at.first}
	if len(groups) > limit {
		next.from = at.from + distinct(groups)
	}
	switch {
	case at.from == 0 && len(groups) > 0:
		next.first = groups[0].ID
	// It begins anew with every answer: all that there is was shown.
	case len(groups) > 0 && groups[0].ID == at.first:
		return page, nil
	}

	if len(groups) > 0 && (next.from < total || len(groups) >= limit) && next.from < maxListed {
		page.Next = next.token()
	}
	page.Items = append(page.Items, offered...)
	return page, nil
}

// distinct counts groups, each once.
func distinct(groups []listed) int {
	seen := map[id]bool{}
	for _, g := range groups {
		seen[g.ID] = true
	}
	return len(seen)
}

// groupsFrom asks for so many groups from one on, and returns what is answered, with how many
// there are as the server says.
func (c *Connector) groupsFrom(ctx context.Context, search string, from, limit int) ([]listed, int, error) {
	query := url.Values{"attributes": {"id,displayName"}, "count": {strconv.Itoa(limit)}}
	if from > 0 {
		query.Set("startIndex", strconv.Itoa(from+1))
	}
	if search != "" && slices.Contains(c.check.Filters, filterContains) {
		query.Set("filter", "displayName co "+quote(search))
	}

	var answer list[listed]
	if err := c.getJSON(ctx, askList, c.at.groups, query, &answer); err != nil {
		return nil, 0, err
	}
	if answer.TotalResults == nil || *answer.TotalResults < 0 || from == 0 && *answer.TotalResults > 0 && len(answer.Resources) == 0 {
		return nil, 0, askList.NotUnderstood(http.StatusOK, errNoList)
	}
	return answer.Resources, *answer.TotalResults, nil
}

// offers are groups as they can be picked, each once.
func offers(groups []listed) (all []entitlement.TargetOffer) {
	seen := map[id]bool{"": true} // what has no id cannot be named at all
	for _, g := range groups {
		if seen[g.ID] {
			continue
		}
		seen[g.ID] = true

		origin := string(g.ID)
		offer := entitlement.TargetOffer{Resource: entitlement.Resource{OriginID: origin, OriginSystem: OriginSystem, DisplayName: displayName(g.DisplayName, origin),
			Roles: []entitlement.ResourceRole{{OriginID: rolePrefix + origin, DisplayName: roleName}}}}
		if !fitsPath(origin) || isApplication(origin) || len(origin) > maxID || entitlement.Exact("id", origin) != nil {
			offer.Reason = "The target gives the group an id that cannot be used: it is too long, or holds characters that no id may have."
		}
		all = append(all, offer)
	}
	return all
}

// applicationsOffered are the server's applications as they can be picked.
func (c *Connector) applicationsOffered() (all []entitlement.TargetOffer) {
	for _, a := range applications {
		described := c.describe(a)
		offer := entitlement.TargetOffer{Resource: entitlement.Resource{OriginID: described.OriginID, OriginSystem: described.OriginSystem,
			DisplayName: described.DisplayName, Description: described.Description}}
		for _, r := range described.Roles {
			offer.Roles = append(offer.Roles, entitlement.ResourceRole{OriginID: r.OriginID, DisplayName: r.DisplayName})
		}
		if len(offer.Roles) == 0 {
			offer.Reason = a.noValues()
		}
		all = append(all, offer)
	}
	return all
}
