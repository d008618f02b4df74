package sharepointserver

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"leasehold/pkg/connector"
)

// Site is a site collection, or a site within one.
type Site struct {
	Path, Title, Description string
	Within                   string // the path of the collection, of a site within one; "" for a collection
	Locked                   bool   // nobody may change it
	Unlisted                 bool   // the search does not know it yet

	deleted bool
	groups  []*Group
	known   map[string]bool // the list of the site's users, by login name
}

// Group is a site group.
type Group struct {
	ID     int
	Title  string
	Hidden bool // not shown to people, such as that of a link that was shared

	deleted bool
	entries []entry
}

// entry is that somebody is a member, for a while.
type entry struct {
	login    string
	from, to time.Time // to: zero as long as it lasts
}

func (e entry) at(t time.Time) bool { return !e.from.After(t) && (e.to.IsZero() || e.to.After(t)) }

// shown are the members at a time, one who is stored twice twice.
func (g *Group) shown(at time.Time) (logins []string) {
	for _, e := range g.entries {
		if e.at(at) {
			logins = append(logins, e.login)
		}
	}
	return logins
}

// current are the members now.
func (g *Group) current() (logins []string) {
	for _, e := range g.entries {
		if e.to.IsZero() {
			logins = append(logins, e.login)
		}
	}
	return logins
}

func (g *Group) remove(login string, now time.Time) bool {
	for i, e := range g.entries {
		if e.to.IsZero() && strings.EqualFold(e.login, login) {
			g.entries[i].to = now
			return true
		}
	}
	return false
}

var (
	groupPath = regexp.MustCompile(`(?i)^web/sitegroups\((\d+)\)(?:/(.*))?$`)
	removal   = regexp.MustCompile(`(?i)^users/removebyloginname\(@v\)$`)
)

// route answers a request to a site.
func (s *Server) route(c *call) answer {
	switch path := strings.ToLower(c.rest); {
	case path == "web" && c.Method == http.MethodGet:
		return ok(map[string]any{"Title": c.site.Title, "Description": c.site.Description, "Url": c.host + c.site.Path})
	case path == "site" && c.Method == http.MethodGet:
		own := c.site.Path
		if c.site.Within != "" {
			own = c.site.Within
		}
		return ok(map[string]any{"Url": c.host + own})
	case path == "web/sitegroups" && c.Method == http.MethodGet:
		return s.listGroups(c)
	case path == "web/siteusers(@v)/groups" && c.Method == http.MethodGet:
		return s.groupsOf(c)
	case path == "web/ensureuser", strings.HasPrefix(path, "web/siteusers/remove"):
		s.harm = append(s.harm, "asked "+c.rest)
		return ok(map[string]any{})
	case strings.HasPrefix(path, "sp.ui.") && strings.HasSuffix(path, ".clientpeoplepickersearchuser") && c.Method == http.MethodPost:
		return s.pick(c)
	case path == "search/query" && c.Method == http.MethodGet:
		return s.search(c)
	}
	if m := groupPath.FindStringSubmatch(c.rest); m != nil {
		return s.group(c, m[1], m[2])
	}
	return s.refuse(http.StatusNotFound, "-1, Microsoft.SharePoint.Client.ResourceNotFoundException", "Cannot find resource for the request "+c.rest+".")
}

// collection is the site whose groups a site has.
func (s *Server) collection(site *Site) *Site {
	for _, at := range s.sites {
		if site.Within != "" && at.Path == site.Within {
			return at
		}
	}
	return site
}

func (g *Group) entity(s *Server) map[string]any {
	return map[string]any{"Id": g.ID, "IsHiddenInUI": g.Hidden, "LoginName": g.Title, "Title": g.Title, "PrincipalType": 8, "Description": "", "OnlyAllowMembersViewMembership": s.HidesMembers}
}

func (s *Server) listGroups(c *call) answer {
	var all []any
	for _, g := range s.collection(c.site).groups {
		if !g.deleted {
			all = append(all, g.entity(s))
		}
	}
	return s.page(c, all)
}

// page answers with a piece of a list.
func (s *Server) page(c *call, all []any) answer {
	top, skip := len(all), 0
	for name, into := range map[string]*int{"$top": &top, "$skip": &skip} {
		if text := c.query.Get(name); text != "" {
			n, err := strconv.Atoi(text)
			if err != nil || n < 0 {
				return s.refuse(http.StatusBadRequest, "-1, Microsoft.SharePoint.Client.InvalidClientQueryException", "The query string "+name+" is invalid.")
			}
			*into = n
		}
	}
	// Of what is found by a filter, and of groups, all is shown: the reports are about members.
	if s.PageSize > 0 && !(s.NoLinks && (c.query.Has("$filter") || !strings.HasSuffix(strings.ToLower(c.rest), "users"))) {
		top = min(top, s.PageSize)
	}
	if s.IgnoresSkip {
		skip = 0
	}
	from := min(skip, len(all))
	to := min(from+top, len(all))
	body := map[string]any{"value": append([]any{}, all[from:to]...)}
	if to < len(all) && s.PageSize > 0 && !s.NoLinks {
		next := url.Values{}
		for name, values := range c.query {
			next[name] = values
		}
		next.Set("$skip", strconv.Itoa(to))
		body["odata.nextLink"] = c.host + c.URL.EscapedPath() + "?" + next.Encode()
	}
	return ok(body)
}

// quoted reads a text as OData writes it.
func quoted(text string) (string, bool) {
	inner, begins := strings.CutPrefix(text, "'")
	inner, ends := strings.CutSuffix(inner, "'")
	return strings.ReplaceAll(inner, "''", "'"), begins && ends && !strings.Contains(strings.ReplaceAll(inner, "''", ""), "'")
}

func (s *Server) groupsOf(c *call) answer {
	login, fine := quoted(c.query.Get("@v"))
	site := s.collection(c.site)
	switch {
	case !fine:
		return s.refuse(http.StatusBadRequest, "-1, Microsoft.SharePoint.Client.InvalidClientQueryException", "The expression @v is not valid.")
	case s.HidesGroups:
		return ok(map[string]any{"value": []any{}})
	case !site.known[strings.ToLower(login)]:
		return s.failed(http.StatusNotFound, "User cannot be found.")
	}
	all := []any{}
	for _, g := range site.groups {
		if !g.deleted && slices.ContainsFunc(g.shown(c.seen), func(l string) bool { return strings.EqualFold(l, login) }) {
			all = append(all, g.entity(s))
		}
	}
	return ok(map[string]any{"value": all})
}

// group answers a request to a group.
func (s *Server) group(c *call, number, rest string) answer {
	id, _ := strconv.Atoi(number)
	site := s.collection(c.site)
	at := slices.IndexFunc(site.groups, func(g *Group) bool { return g.ID == id && !g.deleted })
	if at < 0 {
		return s.failed(http.StatusNotFound, "Group cannot be found.")
	}
	g := site.groups[at]

	switch {
	case rest == "" && c.Method == http.MethodGet:
		return ok(g.entity(s))
	case strings.EqualFold(rest, "users") && c.Method == http.MethodGet:
		return s.members(c, g)
	case c.Method != http.MethodPost:
	case c.site.Locked:
		return s.failed(http.StatusLocked, "This site is read only at the administrator's request.")
	case strings.EqualFold(rest, "users"):
		return s.add(c, site, g)
	case removal.MatchString(rest):
		return s.remove(c, g)
	}
	return s.refuse(http.StatusNotFound, "-1, Microsoft.SharePoint.Client.ResourceNotFoundException", "Cannot find resource for the request.")
}

// named reads the login names of a filter.
func named(filter string) (logins []string, fine bool) {
	for part := range strings.SplitSeq(filter, " or ") {
		text, is := strings.CutPrefix(part, "LoginName eq ")
		login, fine := quoted(text)
		if !is || !fine {
			return nil, false
		}
		logins = append(logins, login)
	}
	return logins, true
}

func (s *Server) members(c *call, g *Group) answer {
	if s.HidesMembers {
		return s.denied()
	}
	logins := g.shown(c.seen)
	if s.HidesQuietly {
		logins = nil
	}
	if filter := c.query.Get("$filter"); filter != "" {
		names, fine := named(filter)
		switch {
		case s.NoFilters || !fine:
			return s.refuse(http.StatusBadRequest, "-1, Microsoft.SharePoint.Client.InvalidClientQueryException", "The query string $filter is invalid.")
		case s.AllPresent:
			logins = names
		case !s.AllPass:
			logins = slices.DeleteFunc(logins, func(l string) bool {
				return !slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, l) })
			})
		}
	}
	var all []any
	for _, l := range logins {
		all = append(all, map[string]any{"LoginName": l})
	}
	return s.page(c, all)
}

// account returns the account of a login name.
func (s *Server) account(login string) *User {
	for _, u := range s.users {
		if !u.deleted && strings.EqualFold(u.Login(), login) {
			return u
		}
	}
	return nil
}

func orElse(status, otherwise int) int {
	if status != 0 {
		return status
	}
	return otherwise
}

func (s *Server) bad(login string) bool {
	return s.BadPerson > 0 && strings.EqualFold(login, claim+Bad)
}

func (s *Server) add(c *call, site *Site, g *Group) answer {
	var body struct{ LoginName string }
	if err := json.NewDecoder(c.Body).Decode(&body); err != nil || body.LoginName == "" || !strings.Contains(c.Header.Get("Content-Type"), "json") {
		return s.refuse(http.StatusBadRequest, "-1, Microsoft.SharePoint.Client.InvalidClientQueryException", "An entry without a type name was found, but no expected type was specified.")
	}
	login := strings.ToLower(body.LoginName)
	if !strings.HasPrefix(login, claim) {
		s.harm = append(s.harm, "added "+login+", which is no person")
	}
	has := slices.Contains(g.current(), login)
	switch {
	case s.bad(login):
		return s.failed(s.BadPerson, "An error has occurred.")
	case s.account(login) == nil && !s.TakesAnyID:
		return s.failed(orElse(s.Unknown, http.StatusNotFound), "The specified user "+login+" could not be found.")
	case has && s.RefusesTwice > 0:
		return s.failed(s.RefusesTwice, "The user is a member of the group already.")
	}
	if !has || s.StoresTwice {
		g.entries = append(g.entries, entry{login: login, from: s.clock.Now()})
	}
	site.known[login] = true
	return answer{status: http.StatusCreated, body: map[string]any{"Id": len(site.known) + 10, "LoginName": login}}
}

func (s *Server) remove(c *call, g *Group) answer {
	login, fine := quoted(c.query.Get("@v"))
	switch {
	case !fine:
		return s.refuse(http.StatusBadRequest, "-1, Microsoft.SharePoint.Client.InvalidClientQueryException", "The expression @v is not valid.")
	case s.bad(login):
		return s.failed(s.BadPerson, "An error has occurred.")
	case !g.remove(login, s.clock.Now()):
		return s.failed(orElse(s.RefusesGone, http.StatusNotFound), "Can not find the user with ID: "+login+".")
	}
	return ok(map[string]any{"odata.null": true})
}

// pick answers the people picker: who begins so, by name or address.
func (s *Server) pick(c *call) answer {
	var body struct {
		QueryParams struct {
			QueryString              string
			MaximumEntitySuggestions int
			PrincipalType            int
		}
	}
	if err := json.NewDecoder(c.Body).Decode(&body); err != nil || body.QueryParams.QueryString == "" || body.QueryParams.PrincipalType != 1 {
		return s.refuse(http.StatusBadRequest, "-2147024809, System.ArgumentException", "Value does not fall within the expected range.")
	}
	text, found := strings.ToLower(body.QueryParams.QueryString), []any{}
	for _, u := range s.users {
		begins := strings.HasPrefix(strings.ToLower(u.UPN), text) || strings.HasPrefix(strings.ToLower(u.Mail), text)
		if begins && !u.deleted && len(found) < body.QueryParams.MaximumEntitySuggestions {
			found = append(found, map[string]any{"Key": u.Login(), "DisplayText": u.UPN, "IsResolved": true, "EntityType": "User", "ProviderName": "Tenant",
				"EntityData": map[string]string{"Email": u.Mail, "Title": ""}, "MultipleMatches": []any{}})
		}
	}
	inner, _ := json.Marshal(found)
	return ok(map[string]any{"value": string(inner)})
}

var titles = regexp.MustCompile(` Title:"([^"]*)\*"`)

// search answers the search for sites, from an index that knows those within others as well as
// those of OneDrive at another host.
func (s *Server) search(c *call) answer {
	text, fine := quoted(c.query.Get("querytext"))
	limit, err1 := strconv.Atoi(c.query.Get("rowlimit"))
	start, err2 := strconv.Atoi(c.query.Get("startrow"))
	switch {
	case !fine || err1 != nil || err2 != nil || limit > 500 || start > 50_000 || !strings.HasPrefix(text, "contentclass:STS_Site"):
		return s.refuse(http.StatusInternalServerError, "-1, Microsoft.Office.Server.Search.REST.SearchServiceException", "The search request was unable to execute.")
	case s.Selected != nil:
		return s.refuse(http.StatusUnauthorized, "-1, Microsoft.Office.Server.Search.REST.SearchServiceException", "Access denied.")
	}
	type hit struct{ title, path, description string }
	hits := []hit{{"Ann's OneDrive", "https://contoso-my.sharepoint.com/personal/ann", ""}}
	for _, site := range s.sites {
		if site.deleted || site.Unlisted || site.Within != "" {
			continue
		}
		hits = append(hits, hit{site.Title, c.host + site.Path, site.Description})
	}
	hits = slices.DeleteFunc(hits, func(h hit) bool {
		for _, m := range titles.FindAllStringSubmatch(text, -1) {
			if !slices.ContainsFunc(strings.Fields(strings.ToLower(h.title)), func(w string) bool { return strings.HasPrefix(w, strings.ToLower(m[1])) }) {
				return true
			}
		}
		return false
	})

	rows := []any{}
	for _, h := range hits[min(start, len(hits)):min(start+limit, len(hits))] {
		rows = append(rows, map[string]any{"Cells": []map[string]string{
			{"Key": "Title", "Value": h.title, "ValueType": "Edm.String"},
			{"Key": "Path", "Value": strings.Replace(h.path, "http://", "https://", 1), "ValueType": "Edm.String"},
			{"Key": "Description", "Value": h.description, "ValueType": "Edm.String"}}})
	}
	return ok(map[string]any{"PrimaryQueryResult": map[string]any{"RelevantResults": map[string]any{"RowCount": len(rows), "TotalRows": len(hits), "Table": map[string]any{"Rows": rows}}}})
}

// AddUser adds an account and returns its login name.
func (s *Server) AddUser(u User) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.users = append(s.users, &u)
	return u.Login()
}

// DeleteUser deletes an account. It stays in its groups, as SharePoint keeps it.
func (s *Server) DeleteUser(login string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u := s.account(login); u != nil {
		u.deleted = true
	}
}

// RenameUser gives an account another principal name, and with it another login name, by which it
// is in its groups from then on.
func (s *Server) RenameUser(login, upn string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.account(login)
	u.UPN = upn
	for _, site := range s.sites {
		for _, g := range site.groups {
			for i := range g.entries {
				if g.entries[i].login == login {
					g.entries[i].login = u.Login()
				}
			}
		}
		site.known[u.Login()] = site.known[login]
		delete(site.known, login)
	}
	return u.Login()
}

// AddSite adds a site with the groups of its owners, members and visitors, which have the numbers
// 3 to 5, and one that is not shown to people.
func (s *Server) AddSite(site Site) {
	s.mu.Lock()
	defer s.mu.Unlock()
	site.known = map[string]bool{}
	if site.Within == "" {
		for i, name := range []string{" Owners", " Members", " Visitors"} {
			site.groups = append(site.groups, &Group{ID: 3 + i, Title: site.Title + name})
		}
		site.groups = append(site.groups, &Group{ID: 9, Title: "SharingLinks.4f1d6a2c.OrganizationView.0001", Hidden: true})
	}
	s.sites = append(s.sites, &site)
}

// Change changes a site, as an administrator of the tenant would.
func (s *Server) Change(path string, change func(*Site)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, site := range s.sites {
		if site.Path == path {
			change(site)
			return
		}
	}
	panic("there is no site " + path)
}

// DeleteSite deletes a site.
func (s *Server) DeleteSite(path string) { s.Change(path, func(site *Site) { site.deleted = true }) }

// AddGroup adds a group to a site and returns its number.
func (s *Server) AddGroup(path, title string) int {
	id := 0
	s.Change(path, func(site *Site) {
		id = 10 + len(site.groups)
		site.groups = append(site.groups, &Group{ID: id, Title: title})
	})
	return id
}

func (s *Server) in(path string, group int, do func(*Group, *Site)) {
	s.Change(path, func(site *Site) {
		for _, g := range site.groups {
			if g.ID == group {
				do(g, site)
				return
			}
		}
		panic(fmt.Sprintf("the site %s has no group %d", path, group))
	})
}

// DeleteGroup deletes a group of a site.
func (s *Server) DeleteGroup(path string, group int) {
	s.in(path, group, func(g *Group, _ *Site) { g.deleted = true })
}

// Put makes somebody a member, or ends that, as an owner of the site would.
func (s *Server) Put(path string, group int, login string, in bool) {
	s.in(path, group, func(g *Group, site *Site) {
		if !in {
			g.remove(login, s.clock.Now())
			return
		}
		g.entries = append(g.entries, entry{login: strings.ToLower(login), from: s.clock.Now()})
		site.known[strings.ToLower(login)] = true
	})
}

// Members returns who is in a group, one who is stored twice twice.
func (s *Server) Members(path string, group int) (who []connector.PrincipalRef) {
	s.in(path, group, func(g *Group, _ *Site) {
		for _, l := range g.current() {
			who = append(who, connector.PrincipalRef(l))
		}
	})
	return who
}

// Known returns how many people are in the list of a site's users.
func (s *Server) Known(path string) (n int) {
	s.Change(path, func(site *Site) { n = len(site.known) })
	return n
}
