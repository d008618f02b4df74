package sharepoint

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
)

var _ connector.Lister = (*Connector)(nil)

// Holders returns a page of a group's members, which is all of them where SharePoint gives as many as
// it is asked for: a group takes 5,000. Groups of the directory, "everyone" and applications are no
// people, and left out. A group that shows its members to nobody is listed by nobody.
func (c *Connector) Holders(ctx context.Context, role entitlement.RoleRef, cursor string) (connector.HolderPage, error) {
	none := connector.HolderPage{}
	a, err := c.aimOf(role)
	if err != nil {
		return none, err
	}
	r := get(a.site, a.path()+"/users", url.Values{"$select": {"LoginName"}, "$top": {strconv.Itoa(membersSize)}})
	first, err := goOn(&r, cursor)
	if err != nil {
		return none, err
	}

	var p struct {
		Value *[]member
		Next  string `json:"odata.nextLink"`
	}
	if err := c.ask(ctx, askHolders, r, &p); err != nil {
		if err := c.untold(ctx, a, err); err != nil {
			return none, err
		}
		// Where the list was shown before, it is the place in it that is not taken any more.
		if cursor != "" {
			return none, askHolders.NotUnderstood(http.StatusBadRequest, errNoList)
		}
		return none, entitlement.Errorf(entitlement.Unsupported, "The group does not show its members, so they cannot be listed.")
	}
	if p.Value == nil {
		return none, askHolders.NotUnderstood(http.StatusOK, errNoList)
	}

	found := connector.HolderPage{}
	for _, m := range *p.Value {
		if m.LoginName == "" {
			return none, askHolders.NotUnderstood(http.StatusOK, errNoList)
		}
		if ref := connector.PrincipalRef(m.id()); isLogin(ref) {
			found.Refs = append(found.Refs, ref)
		}
	}
	return c.withNext(found, r, first, *p.Value, p.Next)
}

// goOn has a request go on where a page ended. A cursor is the query of the next page, and whom the page
// before began with.
func goOn(r *request, cursor string) (first string, err error) {
	if cursor == "" {
		return "", nil
	}
	text, first, is := strings.Cut(cursor, " ")
	query, err := url.ParseQuery(text)
	if err != nil || !is || !query.Has("$top") && !query.Has("$skiptoken") && !query.Has("$skip") {
		return "", entitlement.Errorf(entitlement.Invalid, "This is no place in the list of a group's members.")
	}
	r.query = query
	return first, nil
}

// withNext adds where the list goes on.
func (c *Connector) withNext(found connector.HolderPage, r request, before string, shown []member, link string) (connector.HolderPage, error) {
	if len(shown) == 0 || link == "" && len(shown) < membersSize {
		return found, nil
	}
	// A page that begins as the one before is that one again, and so would all others be.
	first := shown[0].id()
	if first == before {
		return connector.HolderPage{}, askHolders.NotUnderstood(http.StatusOK, errNoList)
	}

	skipped, _ := strconv.Atoi(r.query.Get("$skip")) // absent on the first page
	query := url.Values{"$select": {"LoginName"}, "$top": {strconv.Itoa(membersSize)}, "$skip": {strconv.Itoa(skipped + len(shown))}}
	if link != "" {
		var err error
		if query, err = c.next(askHolders, r, link); err != nil {
			return connector.HolderPage{}, err
		}
	}
	found.Next = query.Encode() + " " + first
	return found, nil
}
