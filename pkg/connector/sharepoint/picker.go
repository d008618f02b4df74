package sharepoint

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/entitlement"
)

var _ connector.Explorer = (*Connector)(nil)

var (
	askSites  = outbound.Operation{Op: "sharepoint: list sites", What: "for the list of its sites"}
	askSurvey = outbound.Operation{Op: "sharepoint: look at tenant", What: "what it shows"}
)

// SharePoint's search shows at most 500 hits at once, and begins at most at the 50,000th (S21).
const (
	maxHits  = 500
	maxStart = 50_000
)

// ListResources returns a piece of the tenant's sites, as SharePoint's own search finds them: it
// needs no permission besides those that groups are changed with, where Graph's list of sites
// needs one of Graph, a token of its own and Sites.Read.All. With Sites.Selected no search shows
// the sites of an application; they are named by their addresses.
//
// The roles of a site are asked for when it is added: that is three calls of each site.
func (c *Connector) ListResources(ctx context.Context, q connector.Query) (connector.ResourcePage, error) {
	start, err := strconv.Atoi(q.Token)
	if q.Token == "" {
		start, err = 0, nil
	}
	if err != nil || start < 0 || start > maxStart {
		return connector.ResourcePage{}, entitlement.Errorf(entitlement.Invalid, "This is no place in the list of the sites of SharePoint.")
	}
	limit := min(max(q.Limit, 1), entitlement.PageSize, maxHits)

	hits, total, err := c.hits(ctx, askSites, q.Search, start, limit)
	if err != nil {
		return connector.ResourcePage{}, err
	}
	page, seen := connector.ResourcePage{}, map[string]bool{}
	for _, h := range hits {
		path, err := c.siteOf(h["Path"])
		if err != nil {
			continue // of another host, such as the sites of OneDrive
		}
		id := c.siteAddress(path)
		if !seen[id] {
			seen[id] = true
			page.Items = append(page.Items, entitlement.TargetOffer{Resource: entitlement.Resource{OriginID: id, OriginSystem: OriginSystem, DisplayName: h["Title"], Description: h["Description"]}})
		}
	}
	if next := start + limit; next < total && next <= maxStart && len(hits) > 0 {
		page.Next = strconv.Itoa(next)
	}
	return page, nil
}

// hits asks the search for sites whose title has the words.
func (c *Connector) hits(ctx context.Context, ask outbound.Operation, words string, start, limit int) (hits []map[string]string, total int, err error) {
	text := "contentclass:STS_Site"
	// What is a sign to the search is none of a name.
	for _, word := range strings.FieldsFunc(words, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		text += ` Title:"` + word + `*"`
	}
	query := url.Values{"querytext": {quote(text)}, "selectproperties": {quote("Title,Path,Description")}, "sortlist": {quote("Path:ascending")},
		"rowlimit": {strconv.Itoa(limit)}, "startrow": {strconv.Itoa(start)}, "trimduplicates": {"false"}, "clienttype": {quote("ContentSearchRegular")}}

	var answer struct {
		PrimaryQueryResult *struct {
			RelevantResults struct {
				TotalRows int
				Table     struct {
					Rows *[]struct {
						Cells []struct{ Key, Value string }
					}
				}
			}
		}
	}
	if err := c.ask(ctx, ask, get(c.base.Path, "search/query", query), &answer); err != nil {
		return nil, 0, explain(ask, err)
	}
	if answer.PrimaryQueryResult == nil || answer.PrimaryQueryResult.RelevantResults.Table.Rows == nil {
		return nil, 0, ask.NotUnderstood(http.StatusOK, errNoList)
	}
	for _, row := range *answer.PrimaryQueryResult.RelevantResults.Table.Rows {
		hit := map[string]string{}
		for _, cell := range row.Cells {
			hit[cell.Key] = cell.Value
		}
		hits = append(hits, hit)
	}
	return hits, answer.PrimaryQueryResult.RelevantResults.TotalRows, nil
}

// surveyTime bounds a look at a tenant: people wait for it.
const surveyTime = 8 * time.Second

// Survey looks at what the application may read. That the search shows nothing is no failure: with
// Sites.Selected it does not.
func (c *Connector) Survey(ctx context.Context) entitlement.TargetCheck {
	ctx, cancel := context.WithTimeout(ctx, surveyTime)
	defer cancel()

	found := entitlement.TargetCheck{At: c.now(), Dialect: "SharePoint REST"}
	if c.tokens == nil {
		found.Error = "No credential is known."
		return found
	}

	own, err := c.collection(ctx, askSurvey, c.base.Path)
	if err == nil && !strings.EqualFold(own, c.base.Path) {
		err = entitlement.Errorf(entitlement.Precondition, "The connector's address is that of a site within another one. Register %s.", c.siteAddress(own))
	}
	if err != nil {
		connector.Stopped(&found, explain(askSurvey, err))
		return found
	}
	found.Shows = append(found.Shows, "site")

	groups, _, err := list(ctx, c, askSurvey, get(own, "web/sitegroups", url.Values{"$select": {"Id"}}), 1, 1, func(g group) string { return strconv.Itoa(g.ID) })
	if err == nil {
		found.Shows = append(found.Shows, "sitegroups")
		_, err = c.search(ctx, "leasehold")
	}
	if err != nil {
		connector.Stopped(&found, explain(askSurvey, err))
		return found
	}
	found.Shows = append(found.Shows, "people")

	if len(groups) > 0 {
		nobody := connector.PrincipalRef(claim + "nobody@leasehold.invalid")
		if told, err := c.byFilter(ctx, aim{own, groups[0].ID}, []connector.PrincipalRef{nobody}); err == nil && told[0] == entitlement.PresenceAbsent {
			found.Filters = append(found.Filters, "sitegroups.users.LoginName eq")
		}
	}
	if _, _, err := c.hits(ctx, askSurvey, "", 0, 1); err == nil {
		found.Features = append(found.Features, "search")
	}
	return found
}
