package msgraph

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/entitlement"
)

// The ways of asking who holds a role.
const (
	// WayList reads the first pages of the list of holders, which is all of a group that is not large.
	WayList connector.Way = "list"
	// WayFilter asks a group for those of its holders that are named. Graph answers from an
	// index, which may follow by minutes.
	WayFilter connector.Way = "filter"
	// WayPeople asks each person for the roles of the application.
	WayPeople connector.Way = "people"
	// WayAll reads the list of holders to its end.
	WayAll connector.Way = "all"
)

// Bounds of questions.
const (
	pageSize   = 999 // the most that Graph gives
	listPages  = 2   // of a list, before another way is tried
	maxPages   = 120 // of a list that is read to its end
	maxClauses = 15  // values in one filter
)

// way is one way of asking.
type way struct {
	name connector.Way
	ask  func(c *Connector, ctx context.Context, a aim, who []connector.PrincipalRef) ([]entitlement.Presence, error)
}

// ways are all of them, the best first: that which costs one call and is not an index.
var ways = []way{
	{WayList, func(c *Connector, ctx context.Context, a aim, who []connector.PrincipalRef) ([]entitlement.Presence, error) {
		return c.byList(ctx, a, who, listPages)
	}},
	{WayFilter, (*Connector).byFilter},
	{WayPeople, (*Connector).byPeople},
	{WayAll, func(c *Connector, ctx context.Context, a aim, who []connector.PrincipalRef) ([]entitlement.Presence, error) {
		return c.byList(ctx, a, who, maxPages)
	}},
}

// Check asks who holds the role in one way, and repeats what is answered.
func (c *Connector) Check(ctx context.Context, role entitlement.RoleRef, in connector.Way, who []connector.PrincipalRef) ([]entitlement.Presence, error) {
	at := slices.IndexFunc(ways, func(w way) bool { return w.name == in })
	if at < 0 {
		return nil, entitlement.Errorf(entitlement.Invalid, "Microsoft Graph cannot be asked who holds a role by %q.", in)
	}
	a, err := aimOf(role)
	if err != nil || len(who) == 0 {
		return nil, err
	}
	return ways[at].ask(c, ctx, a, who)
}

// unknown is the answer of a way that tells nothing of n people.
func unknown(n int) []entitlement.Presence {
	return slices.Repeat([]entitlement.Presence{entitlement.PresenceUnknown}, n)
}

var askHolders = outbound.Operation{Op: "msgraph: read holders", What: "for who holds a role"}

// holder is an entry of a list of members, of owners, or of assignments of an application.
type holder struct {
	ID          string // of the person, or of the assignment
	PrincipalID string
	AppRoleID   string
	ResourceID  string

	Type          string `json:"@odata.type"`
	PrincipalType string
}

// isPerson tells a person's entry from that of a group, a device or an application. One that does not
// say what it is of is taken for a person's.
func (h holder) isPerson() bool {
	return (h.Type == "" || h.Type == "#microsoft.graph.user") && (h.PrincipalType == "" || h.PrincipalType == "User")
}

// holds returns whose entry it is, where it is one of the role.
func (h holder) holds(a aim) string {
	switch {
	case a.rel != "":
		return h.ID
	case h.AppRoleID == a.appRole:
		return h.PrincipalID
	}
	return ""
}

// holders is the question for a list of holders.
func (a aim) holders() request {
	if a.rel != "" {
		return get(a.path()+"/"+a.rel, url.Values{"$select": {"id"}, "$top": {strconv.Itoa(pageSize)}})
	}
	return get(a.path()+"/appRoleAssignedTo", url.Values{"$select": {"id,principalId,principalType,appRoleId,resourceId"}, "$top": {strconv.Itoa(pageSize)}})
}

// byList reads the list of holders, so many pages at most. One that does not end there says
// nothing of those who were not seen.
func (c *Connector) byList(ctx context.Context, a aim, who []connector.PrincipalRef, pages int) ([]entitlement.Presence, error) {
	all, ended, err := list[holder](ctx, c, askHolders, a.holders(), pages)
	switch {
	case isMissing(err):
		return nil, c.missing(ctx, askHolders, a, err)
	case err != nil:
		return nil, explain(askHolders, err)
	}

	seen := map[string]bool{}
	for _, h := range all {
		// An entry without an id is none of Graph's.
		if h.ID == "" || a.rel == "" && (h.PrincipalID == "" || h.AppRoleID == "") {
			return nil, askHolders.NotUnderstood(http.StatusOK, errNoList)
		}
		seen[h.holds(a)] = true
	}

	told := unknown(len(who))
	for i, p := range who {
		switch {
		case seen[string(p)]:
			told[i] = entitlement.PresencePresent
		case ended:
			told[i] = entitlement.PresenceAbsent
		}
	}
	return told, nil
}

// byFilter asks a group for those of its holders that are named. An answer that names others,
// or leaves out some of those that it counts, shows that the question was not heeded.
func (c *Connector) byFilter(ctx context.Context, a aim, who []connector.PrincipalRef) ([]entitlement.Presence, error) {
	told := unknown(len(who))
	if a.rel == "" {
		return told, nil // that is not asked of an application
	}

	var ids []string
	for _, p := range who {
		// What is no id of Graph's would spoil the question for the others.
		if isGUID(string(p)) && !slices.Contains(ids, string(p)) {
			ids = append(ids, string(p))
		}
	}
	var asked []request
	parts := slices.Collect(slices.Chunk(ids, maxClauses))
	for _, some := range parts {
		r := get(a.path()+"/"+a.rel, url.Values{"$filter": {in("id", some)}, "$select": {"id"}, "$count": {"true"}, "$top": {strconv.Itoa(maxClauses)}})
		r.advanced, r.cost = true, entitlement.Cost{Units: 1} // $select and a small $top make it cheaper
		asked = append(asked, r)
	}
	answered, err := c.questions(ctx, askHolders, asked)
	if err != nil {
		return nil, err
	}

	for i, one := range answered {
		var found struct {
			page[holder]
			Count *int `json:"@odata.count"`
		}
		err := one.decode(askHolders, &found)
		switch {
		case isMissing(err):
			return nil, c.missing(ctx, askHolders, a, err)
		case refusalOf(err) != nil:
			continue // it does not answer such a question
		case err != nil:
			return nil, err
		case found.Value == nil:
			return nil, askHolders.NotUnderstood(http.StatusOK, errNoList)
		}
		held, ended, err := rest(ctx, c, askHolders, asked[i], found.page, maxClauses)
		if err != nil {
			return nil, explain(askHolders, err)
		}
		outsider := slices.ContainsFunc(held, func(h holder) bool { return !slices.Contains(parts[i], h.ID) })
		if outsider || !ended || found.Count == nil || *found.Count != len(held) {
			continue
		}
		for n, p := range who {
			if slices.Contains(parts[i], string(p)) {
				told[n] = entitlement.PresenceOf(slices.ContainsFunc(held, func(h holder) bool { return h.ID == string(p) }))
			}
		}
	}
	return told, nil
}

// byPeople asks each person for the roles of the application. An account that is not there has none.
func (c *Connector) byPeople(ctx context.Context, a aim, who []connector.PrincipalRef) ([]entitlement.Presence, error) {
	told := unknown(len(who))
	if a.rel != "" {
		return told, nil
	}
	given, err := c.assignments(ctx, a, who)
	if err != nil {
		return nil, err
	}
	for i, of := range given {
		if of.told {
			told[i] = entitlement.PresenceOf(len(of.ids) > 0)
		}
	}
	return told, nil
}

// given are the assignments of a role to one person.
type given struct {
	ids  []string
	told bool // Graph said so of them all
}

// assignments reads which assignments of the role each of the people has. Their ids are
// Graph's own, and tell nothing.
func (c *Connector) assignments(ctx context.Context, a aim, who []connector.PrincipalRef) ([]given, error) {
	all := make([]given, len(who))
	var asked []request
	var of []int
	for i, p := range who {
		if isGUID(string(p)) {
			asked, of = append(asked, get("/users/"+string(p)+"/appRoleAssignments", url.Values{"$filter": {"resourceId eq " + a.resource}, "$select": {"id,principalId,principalType,appRoleId,resourceId"}, "$top": {strconv.Itoa(pageSize)}})), append(of, i)
		}
	}
	answered, err := c.questions(ctx, askHolders, asked)
	if err != nil {
		return nil, err
	}

	for i, one := range answered {
		var found page[holder]
		err := one.decode(askHolders, &found)
		switch {
		case isMissing(err):
			all[of[i]].told = true
			continue
		case err != nil:
			return nil, explain(askHolders, err)
		case found.Value == nil:
			return nil, askHolders.NotUnderstood(http.StatusOK, errNoList)
		}
		all[of[i]].told = found.Next == ""
		for _, h := range *found.Value {
			if h.PrincipalID != string(who[of[i]]) {
				return nil, askHolders.NotUnderstood(http.StatusOK, errOtherID)
			}
			// Roles of other applications may be there where the filter was not heeded.
			if h.ResourceID == a.resource && h.AppRoleID == a.appRole && h.ID != "" {
				all[of[i]].ids = append(all[of[i]].ids, h.ID)
			}
		}
	}
	return all, nil
}
