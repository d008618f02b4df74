package sharepoint

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/entitlement"
)

// The ways of asking who is in a group.
const (
	// WayFilter asks a group for those of its members that are named.
	WayFilter connector.Way = "filter"
	// WayPeople asks each person for the groups of the site.
	WayPeople connector.Way = "people"
	// WayList reads the list of members to its end.
	WayList connector.Way = "list"
)

// Bounds of questions. A group takes 5,000 members, so one page is all of them.
const (
	membersSize  = 5000
	membersPages = 4
	maxClauses   = 10 // names in one filter: they stand in the address
)

// way is one way of asking.
type way struct {
	name connector.Way
	ask  func(c *Connector, ctx context.Context, a aim, who []connector.PrincipalRef) ([]entitlement.Presence, error)
}

// ways are all of them, the best first.
var ways = []way{
	{WayFilter, (*Connector).byFilter},
	{WayPeople, (*Connector).byPeople},
	{WayList, (*Connector).byList},
}

// Check asks who is in a group in one way, and repeats what is answered.
func (c *Connector) Check(ctx context.Context, role entitlement.RoleRef, in connector.Way, who []connector.PrincipalRef) ([]entitlement.Presence, error) {
	at := slices.IndexFunc(ways, func(w way) bool { return w.name == in })
	if at < 0 {
		return nil, entitlement.Errorf(entitlement.Invalid, "SharePoint cannot be asked who holds a role by %q.", in)
	}
	a, err := c.aimOf(role)
	if err != nil || len(who) == 0 {
		return nil, err
	}
	return ways[at].ask(c, ctx, a, who)
}

// unknown is the answer of a way that tells nothing of n people.
func unknown(n int) []entitlement.Presence {
	return slices.Repeat([]entitlement.Presence{entitlement.PresenceUnknown}, n)
}

var (
	askHolders = outbound.Operation{Op: "sharepoint: read holders", What: "for who holds a role"}
	askRole    = outbound.Operation{Op: "sharepoint: read role", What: "for a role"}
)

// member is somebody of a group.
type member struct{ LoginName string }

func (m member) id() string { return strings.ToLower(m.LoginName) }

func same(p connector.PrincipalRef, login string) bool { return strings.EqualFold(string(p), login) }

// byFilter asks for those of the members who are named. An answer that names others shows that the
// question was not heeded.
func (c *Connector) byFilter(ctx context.Context, a aim, who []connector.PrincipalRef) ([]entitlement.Presence, error) {
	told := unknown(len(who))
	for from := 0; from < len(who); from += maxClauses {
		some := who[from:min(from+maxClauses, len(who))]
		clauses := make([]string, len(some))
		for i, p := range some {
			clauses[i] = "LoginName eq " + quote(string(p))
		}

		var found struct{ Value *[]member }
		err := c.ask(ctx, askHolders, get(a.site, a.path()+"/users", url.Values{"$filter": {strings.Join(clauses, " or ")}, "$select": {"LoginName"}}), &found)
		if err != nil {
			if err := c.untold(ctx, a, err); err != nil {
				return nil, err
			}
			continue // it does not answer such a question
		}
		if found.Value == nil || slices.Contains(*found.Value, member{}) {
			return nil, askHolders.NotUnderstood(http.StatusOK, errNoList)
		}
		outsider := slices.ContainsFunc(*found.Value, func(m member) bool {
			return !slices.ContainsFunc(some, func(p connector.PrincipalRef) bool { return same(p, m.LoginName) })
		})
		if outsider {
			continue
		}
		for i, p := range some {
			told[from+i] = entitlement.PresenceOf(slices.ContainsFunc(*found.Value, func(m member) bool { return same(p, m.LoginName) }))
		}
	}
	return told, nil
}

// byPeople asks each person for the groups of the site. Whom the site does not know is in none.
func (c *Connector) byPeople(ctx context.Context, a aim, who []connector.PrincipalRef) ([]entitlement.Presence, error) {
	told := unknown(len(who))
	for i, p := range who {
		var found struct{ Value *[]group }
		err := c.ask(ctx, askHolders, get(a.site, "web/siteusers(@v)/groups", url.Values{"@v": {quote(string(p))}, "$select": {"Id"}}), &found)
		switch {
		case statusOf(err) == http.StatusNotFound:
			// It may be said of the site, or of the group.
			if _, err := c.there(ctx, askHolders, a); err != nil {
				return nil, err
			}
			told[i] = entitlement.PresenceAbsent
			continue
		case err != nil:
			if err := c.untold(ctx, a, err); err != nil {
				return nil, err
			}
			continue
		case found.Value == nil || slices.ContainsFunc(*found.Value, func(g group) bool { return g.ID <= 0 }):
			return nil, askHolders.NotUnderstood(http.StatusOK, errNoList)
		}
		told[i] = entitlement.PresenceOf(slices.ContainsFunc(*found.Value, func(g group) bool { return g.ID == a.group }))
	}
	return told, nil
}

// byList reads the list of members. One that does not end says nothing of those who were not seen.
func (c *Connector) byList(ctx context.Context, a aim, who []connector.PrincipalRef) ([]entitlement.Presence, error) {
	all, ended, err := list(ctx, c, askHolders, get(a.site, a.path()+"/users", url.Values{"$select": {"LoginName"}}), membersSize, membersPages, member.id)
	if err != nil {
		return unknown(len(who)), c.untold(ctx, a, err)
	}

	told := unknown(len(who))
	for i, p := range who {
		switch {
		case slices.ContainsFunc(all, func(m member) bool { return same(p, m.LoginName) }):
			told[i] = entitlement.PresencePresent
		case ended:
			told[i] = entitlement.PresenceAbsent
		}
	}
	return told, nil
}

// untold returns nil for the refusal of a question that a site does not answer while it and the
// group are there: such as for the members of a group that shows them to its members alone. Any
// other error is that of the whole call.
func (c *Connector) untold(ctx context.Context, a aim, err error) error {
	switch code := statusOf(err); code {
	case 0:
		return err
	case http.StatusNotFound:
		return c.missing(ctx, askHolders, a, err)
	case http.StatusForbidden:
		// Who may not see the group either has no access to the site.
		found, failed := c.there(ctx, askRole, a)
		if failed != nil {
			return failed
		}
		if !found.OnlyAllowMembersViewMembership {
			return forbidden(askHolders, code)
		}
		return nil
	case http.StatusBadRequest, http.StatusNotImplemented:
		return nil
	default:
		return explain(askHolders, err)
	}
}
