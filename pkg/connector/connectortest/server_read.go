package connectortest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

type object = map[string]any

// id writes an id as the server does.
func (s *Server) id(id string) any {
	if n, err := strconv.Atoi(id); s.NumericIDs && err == nil {
		return n
	}
	return id
}

func (s *Server) getConfiguration(*http.Request) answer {
	return answer{status: http.StatusOK, body: object{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"},
		"patch": object{"supported": true}, "filter": object{"supported": true, "maxResults": 100}, "etag": object{"supported": s.Versions}}}
}

func (s *Server) getSchema(r *http.Request) answer {
	names := map[string][]string{schemaGroup: {"displayName", "members"}, schemaUser: {"userName", "emails", "groups", "roles", "entitlements"}}[r.PathValue("id")]
	if names == nil {
		return refuse(http.StatusNotFound, "")
	}
	var attributes []object
	for _, name := range names {
		attributes = append(attributes, object{"name": name, "returned": "default"})
	}
	return answer{status: http.StatusOK, body: object{"id": r.PathValue("id"), "attributes": attributes}}
}

func (s *Server) getGroup(r *http.Request) answer {
	s.mu.Lock()
	defer s.mu.Unlock()

	g := s.visible(r.PathValue("id"))
	if g == nil {
		return refuse(http.StatusNotFound, "")
	}

	body := object{"schemas": []string{schemaGroup}, "id": s.id(g.id), "displayName": "Group " + g.id}
	// Members are long, so a server sends them only where they are asked for.
	if strings.Contains(r.URL.Query().Get("attributes"), "members") {
		if list := s.list(g); list != nil {
			body["members"] = list
		}
	}

	return answer{status: http.StatusOK, body: body}
}

// list is what the server shows of a group's members; nil is no attribute at all.
func (s *Server) list(g *group) []object {
	members := s.shown(g)
	if s.OmitsList || s.OmitsEmpty && len(members) == 0 {
		return nil
	}
	list := []object{}

	for i, m := range members {
		switch {
		// Whom this server leaves out of its list.
		case s.ShowsNobody, s.ShowsFirst > 0 && i >= s.ShowsFirst, s.LeavesOut && m != "" && m[len(m)-1]%2 == 1:
		default:
			kind := "User"
			if s.group(m) != nil {
				kind = "Group"
			}
			list = append(list, object{"value": s.id(m), "type": kind})
		}
	}

	return list
}

func (s *Server) getUser(r *http.Request) answer {
	s.mu.Lock()
	defer s.mu.Unlock()

	u := s.account(r.PathValue("id"))
	if u == nil || s.clock.Now().Before(u.shown) {
		return refuse(http.StatusNotFound, "")
	}

	body := s.person(u)
	if strings.Contains(r.URL.Query().Get("attributes"), "groups") && !s.HidesGroups {
		groups := []object{}
		for _, g := range s.groups {
			// A deleted group is in nobody's list, whoever was in it.
			if !g.deleted && slices.Contains(s.shown(g), u.id) {
				groups = append(groups, object{"value": s.id(g.id), "type": map[bool]string{true: "indirect", false: "direct"}[s.IndirectGroups]})
			}
		}
		body["groups"] = groups
	}
	s.showValues(body, u, r.URL.Query().Get("attributes"))

	return answer{status: http.StatusOK, body: body}
}

func (s *Server) person(u *account) object {
	body := object{"schemas": []string{schemaUser}, "id": s.id(u.id), "userName": u.userName}
	if u.external != "" {
		body["externalId"] = u.external
	}
	if !s.HidesActive {
		body["active"] = !u.inactive
	}
	if u.mail != "" {
		body["emails"] = []object{{"value": u.mail, "primary": true}}
	}
	return body
}

const text = `("(?:[^"\\]|\\.)*")`

var (
	comparison  = regexp.MustCompile(`^([A-Za-z.]+) eq ` + text)
	byValuePath = regexp.MustCompile(`^id eq ` + text + ` and members\[value eq ` + text + `\]$`)
	byPlain     = regexp.MustCompile(`^id eq ` + text + ` and members eq ` + text + `$`)
	byName      = regexp.MustCompile(`^displayName (eq|co) ` + text + `$`)
	byMember    = regexp.MustCompile(`^members\.value eq ` + text + `$`)
)

func (s *Server) findUsers(r *http.Request) answer {
	s.mu.Lock()
	defer s.mu.Unlock()

	filter := r.URL.Query().Get("filter")
	if a, is := s.valueFilter(r, filter); is {
		return a
	}
	terms, understood := comparisons(filter)
	several := len(terms) > 1
	// A filter that is not understood is refused, unless the server ignores all of them.
	if filter != "" && !s.IgnoresFilters && (!understood || s.NoPeopleFilters || s.NoOr && several) {
		return refuse(http.StatusBadRequest, "invalidFilter")
	}
	if s.FirstTermOnly && several {
		terms = terms[:1]
	}

	found := []object{}
	for _, u := range s.users {
		fits := func(t term) bool { return s.has(u, t) }
		if s.findable(u) && (filter == "" || s.IgnoresFilters || slices.ContainsFunc(terms, fits)) {
			shown := s.person(u)
			s.showValues(shown, u, r.URL.Query().Get("attributes"))
			found = append(found, shown)
		}
	}

	return page(r.URL.Query(), found)
}

// term is one comparison of a filter.
type term struct{ attribute, value string }

// comparisons reads comparisons that are joined by "or".
func comparisons(filter string) (terms []term, understood bool) {
	for rest := filter; ; {
		parts := comparison.FindStringSubmatch(rest)
		if parts == nil {
			return nil, false
		}

		terms = append(terms, term{parts[1], unquote(parts[2])})
		if rest = rest[len(parts[0]):]; rest == "" {
			return terms, true
		}

		var joined bool
		// Only "or" is read here: servers differ in what else they understand.
		if rest, joined = strings.CutPrefix(rest, " or "); !joined {
			return nil, false
		}
	}
}

func (s *Server) has(u *account, t term) bool {
	switch t.attribute {
	case "id":
		return u.id == t.value
	case "externalId":
		return u.external != "" && u.external == t.value
	case "userName":
		return strings.EqualFold(u.userName, t.value)
	case "emails.value":
		return !s.NoMailFilter && u.mail != "" && strings.EqualFold(u.mail, t.value)
	default:
		return false
	}
}

func (s *Server) findGroups(r *http.Request) answer {
	s.mu.Lock()
	defer s.mu.Unlock()

	filter := r.URL.Query().Get("filter")
	if filter == "" || s.IgnoresFilters {
		return page(r.URL.Query(), s.found(func(*group) bool { return true }))
	}
	if named := byName.FindStringSubmatch(filter); named != nil {
		return page(r.URL.Query(), s.found(func(g *group) bool {
			name := "Group " + g.id
			return strings.EqualFold(name, unquote(named[2])) || named[1] == "co" && strings.Contains(strings.ToLower(name), strings.ToLower(unquote(named[2])))
		}))
	}
	// Each server reads one of the three forms that clients write.
	if s.NoMemberFilters {
		return refuse(http.StatusBadRequest, "invalidFilter")
	}

	path, plain, member := byValuePath.FindStringSubmatch(filter), byPlain.FindStringSubmatch(filter), byMember.FindStringSubmatch(filter)
	switch {
	case path != nil && !s.PlainMemberFilters:
		return s.groupWith(r, unquote(path[1]), unquote(path[2]))
	case plain != nil && s.PlainMemberFilters:
		return s.groupWith(r, unquote(plain[1]), unquote(plain[2]))
	case member != nil && !s.PlainMemberFilters:
		return page(r.URL.Query(), s.found(func(g *group) bool { return s.finds(g, unquote(member[1])) }))
	}
	return refuse(http.StatusBadRequest, "invalidFilter")
}

// groupWith finds a group on condition that it has a member.
func (s *Server) groupWith(r *http.Request, id, member string) answer {
	g := s.group(id)
	switch {
	case s.PlainMemberFilters && s.account(member) == nil:
		return refuse(http.StatusNotFound, "")
	case s.NeedsMembers && g != nil && len(s.shown(g)) == 0:
		return refuse(http.StatusBadRequest, "invalidFilter")
	}
	return page(r.URL.Query(), s.found(func(g *group) bool {
		return g.id == id && (s.FirstTermOnly || s.finds(g, member))
	}))
}

// finds reports that a filter on members finds the group by one of them.
func (s *Server) finds(g *group, member string) bool {
	return s.PresentToAll || slices.Contains(s.shown(g), member)
}

func (s *Server) found(fits func(*group) bool) []object {
	found := []object{}
	for _, g := range s.groups {
		if !g.deleted && (g.listed || s.visible(g.id) != nil) && fits(g) {
			found = append(found, object{"id": s.id(g.id), "displayName": "Group " + g.id})
		}
	}
	return found
}

// mostShown bounds one page, whatever is asked.
const mostShown = 100

func page(query url.Values, found []object) answer {
	start, count := 1, mostShown
	if n, err := strconv.Atoi(query.Get("startIndex")); err == nil {
		start = max(n, 1)
	}
	if n, err := strconv.Atoi(query.Get("count")); err == nil {
		count = min(max(n, 0), mostShown)
	}
	shown := found[min(start-1, len(found)):]
	shown = shown[:min(count, len(shown))]
	return answer{status: http.StatusOK, body: object{"schemas": []string{schemaList}, "totalResults": len(found), "startIndex": start, "itemsPerPage": len(shown), "Resources": shown}}
}

func unquote(quoted string) (s string) {
	json.Unmarshal([]byte(quoted), &s)
	return s
}
