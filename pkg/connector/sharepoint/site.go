package sharepoint

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/entitlement"
)

// aim is a group of a site.
type aim struct {
	site  string // its path; "" for the root site
	group int
}

// path is where the group is, below _api/.
func (a aim) path() string { return "web/sitegroups(" + strconv.Itoa(a.group) + ")" }

// aimOf reads a role.
func (c *Connector) aimOf(role entitlement.RoleRef) (aim, error) {
	site, err := c.siteOf(role.Resource)
	if err != nil {
		return aim{}, err
	}
	n, err := strconv.ParseUint(role.Role, 10, 31)
	if err != nil || n == 0 || strconv.FormatUint(n, 10) != role.Role {
		return aim{}, entitlement.Errorf(entitlement.Invalid, "A site of SharePoint has no role %q: its roles are the numbers of its groups.", role.Role)
	}
	return aim{site, int(n)}, nil
}

// siteOf returns the path of a site, which must be at the connector's host: our token goes to
// whatever address is asked.
func (c *Connector) siteOf(originID string) (string, error) {
	u, err := url.Parse(originID)
	if err == nil && !strings.EqualFold(u.Host, c.base.Host) {
		return "", invalid("The site must be below https://" + c.base.Host + ", where this connector is registered: sites of another host, such as those of OneDrive, need a connector of their own.")
	}
	path := ""
	if err == nil {
		path, err = sitePath(u)
	}
	if err != nil || u.Scheme != "https" {
		return "", invalid("resource.originId must be the https address of the site, such as https://contoso.sharepoint.com/sites/sales.")
	}
	return path, nil
}

func invalid(sentence string) error {
	return connector.Fail(entitlement.Invalid, "sharepoint: read site", &connector.Refusal{Reason: connector.RefusedByTarget, Permanent: true, Detail: sentence}, nil)
}

// sitePath returns the path of a site's address, with no slash at the end. One that could lead to
// another place than a site is none.
func sitePath(u *url.URL) (string, error) {
	path := strings.TrimSuffix(u.Path, "/")
	escaped := strings.ToLower(u.EscapedPath())
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.ContainsAny(path, "\\?#%\"'*:<>|\r\n") || strings.Contains(escaped, "%2f") {
		return "", errOther
	}
	for i, part := range strings.Split(path, "/") {
		if i == 0 && part == "" {
			continue
		}
		// _api, _layouts and their like are no sites.
		if part == "" || part[0] == '.' || part[0] == '_' {
			return "", errOther
		}
	}
	return path, nil
}

// siteAddress returns the address of a site, as its resource is named.
func (c *Connector) siteAddress(path string) string {
	return (&url.URL{Scheme: "https", Host: c.base.Host, Path: path}).String()
}

var (
	askSite    = outbound.Operation{Op: "sharepoint: read site", What: "for a site"}
	askGroups  = outbound.Operation{Op: "sharepoint: list groups", What: "for the groups of a site"}
	askWitness = outbound.Operation{Op: "sharepoint: read another site", What: "for another site"}
)

// Bounds of lists of groups, of which a site takes 10,000.
const (
	groupsSize  = 1000
	groupsPages = 10
)

// group is a site group as SharePoint shows it.
type group struct {
	ID                             int
	Title                          string
	IsHiddenInUI                   bool
	OnlyAllowMembersViewMembership bool
}

// offered tells groups that people are put into from those that SharePoint makes for itself, such
// as those of links that were shared and of limited access.
func (g group) offered() bool {
	return g.ID > 0 && !g.IsHiddenInUI && !strings.HasPrefix(g.Title, "SharingLinks.")
}

// Resource looks up a site by its address. Its roles are its groups, those of owners, members and
// visitors among them.
func (c *Connector) Resource(ctx context.Context, originID string) (connector.Resource, error) {
	none := connector.Resource{}
	site, err := c.siteOf(originID)
	if err != nil {
		return none, err
	}

	own, err := c.collection(ctx, askSite, site)
	switch {
	case statusOf(err) == http.StatusNotFound:
		return none, c.missing(ctx, askSite, aim{site: site}, err)
	case err != nil:
		return none, explain(askSite, err)
	// The groups belong to the whole collection: as roles of a site below it they would be counted twice.
	case !strings.EqualFold(own, site):
		return none, entitlement.Errorf(entitlement.Precondition, "%s is a site within another one, whose groups it shares. Offer %s.", c.siteAddress(site), c.siteAddress(own))
	}

	var web struct{ Title, Description string }
	if err := c.ask(ctx, askSite, get(own, "web", url.Values{"$select": {"Title,Description"}}), &web); err != nil {
		return none, explain(askSite, err)
	}
	r := connector.Resource{OriginID: c.siteAddress(own), OriginSystem: OriginSystem, DisplayName: web.Title, Description: web.Description}
	if r.DisplayName == "" {
		r.DisplayName = r.OriginID
	}
	groups, ended, err := list(ctx, c, askGroups, get(own, "web/sitegroups", url.Values{"$select": {"Id,Title,IsHiddenInUI"}}), groupsSize, groupsPages, func(g group) string {
		if g.ID <= 0 {
			return ""
		}
		return strconv.Itoa(g.ID)
	})
	switch {
	case err != nil:
		return none, explain(askGroups, err)
	case !ended:
		return none, askGroups.NotUnderstood(http.StatusOK, errTooLong)
	}
	for _, g := range groups {
		if g.offered() {
			r.Roles = append(r.Roles, connector.Role{OriginID: strconv.Itoa(g.ID), DisplayName: g.Title})
		}
	}
	return r, nil
}

// collection returns the path of the site collection that a site is of: its own, unless it is a
// site within another.
func (c *Connector) collection(ctx context.Context, ask outbound.Operation, site string) (string, error) {
	var found struct{ URL string }
	if err := c.ask(ctx, ask, get(site, "site", url.Values{"$select": {"Url"}}), &found); err != nil {
		return "", err
	}
	u, err := url.Parse(found.URL)
	if err != nil || !strings.EqualFold(u.Host, c.base.Host) {
		return "", ask.NotUnderstood(http.StatusOK, errOther)
	}
	own, err := sitePath(u)
	within := strings.EqualFold(own, site) || len(site) > len(own) && strings.EqualFold(site[:len(own)+1], own+"/")
	if err != nil || !within {
		return "", ask.NotUnderstood(http.StatusOK, errOther)
	}
	return own, nil
}

// there returns the group of a role. An error says that it is not there, in SharePoint's own words
// while it answers for something else, or that nobody knows.
func (c *Connector) there(ctx context.Context, ask outbound.Operation, a aim) (group, error) {
	var found group
	err := c.ask(ctx, ask, get(a.site, a.path(), url.Values{"$select": {"Id,Title,OnlyAllowMembersViewMembership"}}), &found)
	switch {
	case statusOf(err) == http.StatusNotFound:
		return found, c.missing(ctx, ask, a, err)
	case err != nil:
		return found, explain(ask, err)
	case found.ID != a.group:
		return found, ask.NotUnderstood(http.StatusOK, errOther)
	}
	return found, nil
}

// missing returns the error of SharePoint's own word that a site, or a group of it, is not there.
// Access may end on that word, so it counts only where SharePoint answers for something else: of a
// group for its site, and of a site for the one that the connector is registered at.
func (c *Connector) missing(ctx context.Context, ask outbound.Operation, a aim, cause error) error {
	what := "group"
	switch _, err := c.collection(ctx, askWitness, a.site); {
	case err == nil && a.group > 0:
	// A site is no witness of its own absence, whatever it answers the next time.
	case statusOf(err) == http.StatusNotFound && !strings.EqualFold(a.site, c.base.Path):
		what = "site"
		if _, err := c.collection(ctx, askWitness, c.base.Path); err != nil {
			return ask.NotUnderstood(http.StatusNotFound, errNoWitness)
		}
	default:
		return ask.NotUnderstood(http.StatusNotFound, errNoWitness)
	}
	refusal := &connector.Refusal{Reason: connector.ResourceMissing, Permanent: true, Detail: fmt.Sprintf(
		"The %s is not there at the target: asked %s, it answered status 404, while it answers for others.", what, ask.What)}
	return connector.Fail(entitlement.NotFound, ask.Op, refusal, cause)
}
