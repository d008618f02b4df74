package msgraph

import (
	"context"
	"net/url"
	"strconv"
	"strings"
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/entitlement"
)

var _ connector.Explorer = (*Connector)(nil)

var (
	askGroups = outbound.Operation{Op: "msgraph: list groups", What: "for the list of its groups"}
	askApps   = outbound.Operation{Op: "msgraph: list applications", What: "for the list of its applications"}
	askSurvey = outbound.Operation{Op: "msgraph: look at tenant", What: "what it shows"}
)

// The parts of the list of what can be picked: groups first, then applications.
const (
	partGroups = "groups"
	partApps   = "servicePrincipals"
)

// maxListed bounds how many pages of one part are followed: a list that never ends is left
// there (S21).
const maxListed = 2000

// place is where a piece of the list begins: in which part, how many pages came before, and
// how Graph itself goes on.
type place struct {
	part  string
	pages int
	query string
}

func (p place) token() string {
	return strings.TrimSuffix(p.part+" "+strconv.Itoa(p.pages)+" "+p.query, " ")
}

func placeOf(token string) (place, error) {
	if token == "" {
		return place{part: partGroups}, nil
	}
	part, rest, _ := strings.Cut(token, " ")
	number, query, _ := strings.Cut(rest, " ")
	pages, err := strconv.Atoi(number)
	if err != nil || pages < 0 || pages > maxListed || part != partGroups && part != partApps || strings.ContainsAny(query, "/ \r\n") {
		return place{}, entitlement.Errorf(entitlement.Invalid, "This is no place in the list of the resources of Microsoft Graph.")
	}
	return place{part, pages, query}, nil
}

// ListResources returns a piece of the tenant's groups, and after them of its applications,
// each with the reason where it cannot be given.
func (c *Connector) ListResources(ctx context.Context, q connector.Query) (connector.ResourcePage, error) {
	at, err := placeOf(q.Token)
	if err != nil {
		return connector.ResourcePage{}, err
	}
	part := at.part

	query := url.Values{"$top": {strconv.Itoa(min(max(q.Limit, 1), entitlement.PageSize))}, "$select": {groupFields}}
	if part == partApps {
		query.Set("$select", appFields)
	}
	r := get("/"+part, query)
	if words := strings.TrimSpace(strings.NewReplacer(`"`, " ", `\`, " ").Replace(q.Search)); words != "" {
		query.Set("$search", `"displayName:`+words+`"`)
		r = get("/"+part, query)
		r.advanced = true // $search needs it
	}
	// Where the list goes on is Graph's own: what follows the question mark of its next link.
	if at.query != "" {
		r.path = "/" + part + "?" + at.query
	}

	if part == partApps {
		return offered(ctx, c, askApps, r, at, func(a app) entitlement.TargetOffer { return offer(a.describe(), a.noResource()) })
	}
	return offered(ctx, c, askGroups, r, at, func(g group) entitlement.TargetOffer { return offer(g.describe(), g.noResource()) })
}

// offered reads a piece of one part of the list.
func offered[T any](ctx context.Context, c *Connector, ask outbound.Operation, r request, at place, describe func(T) entitlement.TargetOffer) (page connector.ResourcePage, err error) {
	var found struct {
		Value *[]T
		Next  string `json:"@odata.nextLink"`
	}
	if err := c.ask(ctx, ask, r, &found); err != nil {
		return page, explain(ask, err)
	}
	if found.Value == nil {
		return page, ask.NotUnderstood(200, errNoList)
	}

	seen := map[string]bool{}
	for _, each := range *found.Value {
		o := describe(each)
		// What has no id of Graph's cannot be named.
		if !isGUID(o.OriginID) || seen[o.OriginID] {
			continue
		}
		seen[o.OriginID] = true
		page.Items = append(page.Items, o)
	}

	switch {
	case found.Next != "":
		path, err := c.next(ask, found.Next)
		if err != nil {
			return page, err
		}
		_, query, _ := strings.Cut(path, "?")
		if next := (place{at.part, at.pages + 1, query}); next.pages < maxListed {
			page.Next = next.token()
		}
	case at.part == partGroups:
		page.Next = place{part: partApps}.token()
	}
	return page, nil
}

// offer is a resource as it can be picked.
func offer(r connector.Resource, why string) entitlement.TargetOffer {
	o := entitlement.TargetOffer{Reason: why, Resource: entitlement.Resource{OriginID: r.OriginID, OriginSystem: r.OriginSystem, DisplayName: r.DisplayName, Description: r.Description}}
	for _, role := range r.Roles {
		o.Roles = append(o.Roles, entitlement.ResourceRole{OriginID: role.OriginID, DisplayName: role.DisplayName})
	}
	return o
}

// surveyTime bounds a look at a tenant: people wait for it.
const surveyTime = 8 * time.Second

// Survey looks at what the application may read, and which questions are answered.
func (c *Connector) Survey(ctx context.Context) entitlement.TargetCheck {
	ctx, cancel := context.WithTimeout(ctx, surveyTime)
	defer cancel()

	found := entitlement.TargetCheck{At: c.now(), Dialect: "Microsoft Graph v1.0", Features: []string{"batch"}}
	if c.tokens == nil {
		found.Error = "No credential is known."
		return found
	}
	type entry struct{ ID string }
	sample := func(path string, query url.Values, advanced bool) ([]entry, error) {
		query.Set("$select", "id")
		r := get(path, query)
		r.advanced = advanced
		some, _, err := list[entry](ctx, c, askSurvey, r, 1)
		return some, err
	}

	groups, err := sample("/groups", url.Values{"$top": {"1"}}, false)
	for _, step := range []struct {
		shows, path string
	}{{"groups", ""}, {"users", "/users"}, {"servicePrincipals", "/servicePrincipals"}} {
		if step.path != "" {
			_, err = sample(step.path, url.Values{"$top": {"1"}}, false)
		}
		if err != nil {
			connector.Stopped(&found, explain(askSurvey, err))
			return found
		}
		found.Shows = append(found.Shows, step.shows)
	}

	if len(groups) > 0 && isGUID(groups[0].ID) {
		nobody := quote("ffffffff-ffff-4fff-bfff-ffffffffffff")
		if some, err := sample("/groups/"+groups[0].ID+"/members", url.Values{"$filter": {"id in (" + nobody + ")"}, "$count": {"true"}}, true); err == nil && len(some) == 0 {
			found.Shows, found.Filters = append(found.Shows, "groups.members"), append(found.Filters, "groups.members.id in")
		}
	}
	return found
}
