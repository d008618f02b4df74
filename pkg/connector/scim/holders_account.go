package scim

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/entitlement"
)

var askAccountsWith = outbound.Operation{Op: "scim: list accounts with role", What: "for the accounts that have a role"}

// listsWith are the filters by which servers find accounts that have a value.
var listsWith = []func(a application, value string) string{
	func(a application, value string) string { return a.attribute + "[value eq " + quote(value) + "]" },
	func(a application, value string) string { return a.attribute + ".value eq " + quote(value) },
}

// holdersOf returns a page of the accounts that have a role of an application, where the server finds
// them by a filter. A server that does not, or finds somebody by a value that nobody has, does not list
// them: Unsupported. A cursor is the filter, the page's first entry, and whom the page before began with.
func (c *Connector) holdersOf(ctx context.Context, a application, value, cursor string) (connector.HolderPage, error) {
	if cursor == "" {
		which, err := c.filterFor(ctx, a)
		if err != nil {
			return connector.HolderPage{}, err
		}
		return c.accountsFrom(ctx, a, value, which, 1, "")
	}

	parts := strings.SplitN(cursor, " ", 3)
	if len(parts) == 3 {
		which, bad := strconv.Atoi(parts[0])
		start, worse := strconv.Atoi(parts[1])
		if bad == nil && worse == nil && which >= 0 && which < len(listsWith) && start > 1 {
			return c.accountsFrom(ctx, a, value, which, start, parts[2])
		}
	}
	return connector.HolderPage{}, entitlement.Errorf(entitlement.Invalid, "This is no place in the list of accounts with a role.")
}

// filterFor returns the first filter that the server takes, and by which nobody has what nobody can have.
func (c *Connector) filterFor(ctx context.Context, a application) (int, error) {
	for which := range listsWith {
		var found list[attributes]
		err := c.accountsBy(ctx, listsWith[which](a, nobodysName), 1, 1, &found)
		switch {
		case err != nil && tolerable(err) == nil:
		case err != nil:
			return 0, explain(askAccountsWith, err)
		case found.TotalResults == nil:
			return 0, askAccountsWith.NotUnderstood(http.StatusOK, errNoList)
		case *found.TotalResults == 0 && len(found.Resources) == 0:
			return which, nil
		}
	}
	return 0, entitlement.Errorf(entitlement.Unsupported, "The server does not find accounts by the values of their attribute %s, so that who has one is not listed.", a.attribute)
}

func (c *Connector) accountsBy(ctx context.Context, filter string, start, count int, into *list[attributes]) error {
	return c.getJSON(ctx, askAccountsWith, c.at.users, url.Values{"filter": {filter}, "attributes": {"id"}, "startIndex": {strconv.Itoa(start)}, "count": {strconv.Itoa(count)}}, into)
}

// accountsFrom reads one page.
func (c *Connector) accountsFrom(ctx context.Context, a application, value string, which, start int, before string) (connector.HolderPage, error) {
	none := connector.HolderPage{}
	var found list[attributes]
	if err := c.accountsBy(ctx, listsWith[which](a, value), start, pageSize, &found); err != nil {
		return none, explain(askAccountsWith, err)
	}
	if found.TotalResults == nil || *found.TotalResults < 0 {
		return none, askAccountsWith.NotUnderstood(http.StatusOK, errNoList)
	}

	page := connector.HolderPage{}
	for _, account := range found.Resources {
		who := textOf(attribute(account, "id"))
		if who == "" {
			return none, askAccountsWith.NotUnderstood(http.StatusOK, errNoList)
		}
		page.Refs = append(page.Refs, connector.PrincipalRef(who))
	}

	next := start + len(found.Resources)
	if next > *found.TotalResults {
		return page, nil
	}
	// There is more, and nothing new is shown: the list cannot be read to its end.
	if len(page.Refs) == 0 || string(page.Refs[0]) == before {
		return none, askAccountsWith.NotUnderstood(http.StatusOK, errCutOff)
	}
	page.Next = strconv.Itoa(which) + " " + strconv.Itoa(next) + " " + string(page.Refs[0])
	return page, nil
}
