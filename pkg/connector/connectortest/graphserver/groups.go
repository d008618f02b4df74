package graphserver

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"leasehold/pkg/connector"
)

// group returns a group that is there, as a read finds it.
func (s *Server) group(c *call) *Group {
	g, _ := s.byID[c.PathValue("id")].(*Group)
	if g == nil || g.deleted {
		return nil
	}
	return g
}

// young reports a group that was made too short a while ago for every copy to know it.
func (s *Server) young(g *Group) bool {
	return s.YoungFor > 0 && !g.made.IsZero() && s.clock.Now().Sub(g.made) < s.YoungFor
}

func (g *Group) entity(c *call) map[string]any {
	types := []string{}
	if g.Unified {
		types = append(types, "Unified")
	}
	rule, mail, synced := any(nil), any(nil), any(nil)
	if g.Dynamic {
		types, rule = append(types, "DynamicMembership"), "user.department -eq \"Sales\""
	}
	if g.MailEnabled || g.Unified {
		mail = strings.ToLower(strings.ReplaceAll(g.Name, " ", "")) + "@contoso.com"
	}
	if g.Synced {
		synced = true
	}
	return c.selected(map[string]any{"id": g.ID, "displayName": g.Name, "description": nil, "mail": mail, "groupTypes": types,
		"securityEnabled": !g.NoSecurity, "mailEnabled": g.MailEnabled || g.Unified, "onPremisesSyncEnabled": synced,
		"membershipRule": rule, "isAssignableToRole": g.RoleAssignable})
}

func (s *Server) getGroup(c *call) answer {
	g := s.group(c)
	if g == nil || s.young(g) {
		return s.notFound(c.PathValue("id"))
	}
	return answer{status: http.StatusOK, body: g.entity(c)}
}

func (s *Server) listGroups(c *call) answer {
	query := c.URL.Query()
	search, ok := s.search(c)
	if !ok {
		return s.refuse(http.StatusBadRequest, "Request_UnsupportedQuery", "Request with $search query parameter only works through MSGraph with a special request header: 'ConsistencyLevel: eventual'")
	}
	filter, ok := parse(query.Get("$filter"))
	if query.Has("$filter") && !ok {
		return s.refuse(http.StatusBadRequest, "Request_UnsupportedQuery", "Unsupported Query.")
	}
	var all []any
	for _, g := range s.groups {
		if g.deleted || s.young(g) || !found(g.Name, search) || query.Has("$filter") && !match(filter, func(a string) []string {
			return map[string][]string{"id": {g.ID}, "displayName": {g.Name}}[a]
		}) {
			continue
		}
		all = append(all, g.entity(c))
	}
	return s.page(c, 999, all)
}

// search reads "displayName:words"; words are found where a word begins so.
func (s *Server) search(c *call) (words string, ok bool) {
	text := c.URL.Query().Get("$search")
	if text == "" {
		return "", true
	}
	text = strings.Trim(text, `"`)
	return strings.ToLower(strings.TrimPrefix(text, "displayName:")), c.advanced()
}

func found(name, search string) bool {
	for word := range strings.FieldsSeq(search) {
		if !slices.ContainsFunc(strings.Fields(strings.ToLower(name)), func(n string) bool { return strings.HasPrefix(n, word) }) {
			return false
		}
	}
	return true
}

// rel returns the members or the owners.
func (g *Group) rel(c *call) *links {
	switch c.PathValue("rel") {
	case "members":
		return &g.members
	case "owners":
		return &g.owners
	}
	return nil
}

func (s *Server) listLinks(c *call) answer {
	g := s.group(c)
	if g == nil || s.young(g) {
		return s.notFound(c.PathValue("id"))
	}
	l := g.rel(c)
	if l == nil {
		return s.bad("Resource not found for the segment.")
	}

	seen, query := c.seen, c.URL.Query()
	filter, ok := parse(query.Get("$filter"))
	if query.Has("$filter") {
		if s.NoFilters || !c.advanced() || query.Get("$count") != "true" || !ok {
			return s.refuse(http.StatusBadRequest, "Request_UnsupportedQuery", "Unsupported or invalid query filter clause specified for property 'id' of resource 'DirectoryObject'.")
		}
		seen = seen.Add(-s.IndexLag)
	}

	ids := l.shown(seen)
	if s.NoMembers && !query.Has("$filter") {
		ids = nil
	}
	if s.AllPass && query.Has("$filter") {
		filter = nil
		ids = nil
		for _, u := range s.users {
			ids = append(ids, u.ID)
		}
	}
	all := []any{}
	for _, id := range ids {
		if filter != nil && !match(filter, func(string) []string { return []string{id} }) {
			continue
		}
		kind := "#microsoft.graph.user"
		if _, is := s.byID[id].(*Group); is {
			kind = "#microsoft.graph.group"
		}
		all = append(all, c.selected(map[string]any{"@odata.type": kind, "id": id}))
	}
	return s.page(c, 999, all)
}

// changeable says why a group's members cannot be changed, and by how much a change of it is
// too early.
func (s *Server) changeable(g *Group, id string) *answer {
	var a answer
	switch {
	case g == nil:
		a = s.notFound(id)
	case s.young(g):
		a = s.bad("Resource '" + id + "' does not exist or one of its queried reference-property objects are not present.")
	case g.Dynamic:
		a = s.bad("Insufficient privileges to complete the operation on a group with dynamic membership.")
	case g.Synced:
		a = s.bad("Unable to update the specified properties for on-premises mastered Directory Sync objects or objects currently undergoing migration.")
	case g.MailEnabled && !g.Unified:
		a = s.bad("Cannot Update a mail-enabled security groups and or distribution list.")
	case g.RoleAssignable:
		a = s.refuse(http.StatusForbidden, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
	default:
		return nil
	}
	return &a
}

// person returns the account of an id; which ids there are is not for a server that takes any.
func (s *Server) person(id string) (u *User, there bool) {
	u, _ = s.byID[id].(*User)
	if u != nil && (u.deleted || s.clock.Now().Before(u.made.Add(s.late(u)))) {
		u = nil
	}
	return u, u != nil || s.TakesAnyID
}

// objectOf returns the id in an address of an object.
func objectOf(address string) string { return address[strings.LastIndex(address, "/")+1:] }

// patchGroup adds up to 20 members as a whole, or none of them.
func (s *Server) patchGroup(c *call) answer {
	var body struct {
		Members []string `json:"members@odata.bind"`
	}
	if err := json.NewDecoder(c.Body).Decode(&body); err != nil || len(body.Members) == 0 {
		return s.bad("Unable to read JSON request payload.")
	}
	if len(body.Members) > 20 {
		return s.bad("A resource cannot contain more than 20 link changes.")
	}
	g := s.group(c)
	if a := s.changeable(g, c.PathValue("id")); a != nil {
		return *a
	}
	var ids []string
	for _, address := range body.Members {
		id := objectOf(address)
		if a := s.addable(g, &g.members, "members", id, ids); a != nil {
			return *a
		}
		ids = append(ids, id)
	}
	for _, id := range ids {
		g.members.add(id, s.clock.Now())
	}
	return answer{status: http.StatusNoContent}
}

// addable says why somebody cannot be added.
func (s *Server) addable(g *Group, l *links, rel, id string, besides []string) *answer {
	u, there := s.person(id)
	var a answer
	switch {
	case u != nil && u.UPN == Bad && s.BadPerson > 0:
		a = s.refuse(s.BadPerson, "Request_BadRequest", "An error has occurred.")
	case !there:
		a = s.notFound(id)
	case l.now(id) || slices.Contains(besides, id):
		a = s.bad("One or more added object references already exist for the following modified properties: '" + rel + "'.")
	default:
		return nil
	}
	return &a
}

func (s *Server) addLink(c *call) answer {
	var body struct {
		ID string `json:"@odata.id"`
	}
	if err := json.NewDecoder(c.Body).Decode(&body); err != nil || body.ID == "" {
		return s.bad("Unable to read JSON request payload.")
	}
	g := s.group(c)
	if a := s.changeable(g, c.PathValue("id")); a != nil {
		return *a
	}
	l := g.rel(c)
	if l == nil {
		return s.bad("Resource not found for the segment.")
	}
	if a := s.addable(g, l, c.PathValue("rel"), objectOf(body.ID), nil); a != nil {
		return *a
	}
	l.add(objectOf(body.ID), s.clock.Now())
	return answer{status: http.StatusNoContent}
}

func (s *Server) removeLink(c *call) answer {
	g, who := s.group(c), c.PathValue("who")
	if a := s.changeable(g, c.PathValue("id")); a != nil {
		return *a
	}
	l := g.rel(c)
	u, _ := s.person(who)
	switch {
	case l == nil:
		return s.bad("Resource not found for the segment.")
	case u != nil && u.UPN == Bad && s.BadPerson > 0:
		return s.refuse(s.BadPerson, "Request_BadRequest", "An error has occurred.")
	case !l.now(who):
		return s.notFound(who)
	case l == &g.owners && len(l.all()) == 1:
		return s.bad("The group must have at least one owner, hence this owner cannot be removed.")
	}
	l.remove(who, s.clock.Now())
	return answer{status: http.StatusNoContent}
}

// deleteObject is what happens where /$ref is left out: the object itself is deleted.
func (s *Server) deleteObject(c *call) answer {
	s.harm = append(s.harm, "deleted the object "+c.PathValue("who"))
	if u, is := s.byID[c.PathValue("who")].(*User); is {
		u.deleted = true
	}
	return answer{status: http.StatusNoContent}
}

// AddGroup adds a group and returns its id.
func (s *Server) AddGroup(g Group) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	g.ID = s.newID(3)
	s.groups = append(s.groups, &g)
	s.byID[g.ID] = &g
	return g.ID
}

// Unsettle makes a group as new as one that was made just now.
func (s *Server) Unsettle(id string) { s.Change(id, func(g *Group) { g.made = s.clock.Now() }) }

// Change changes a group, as an administrator of the tenant would.
func (s *Server) Change(id string, change func(*Group)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s.byID[id].(*Group))
}

// DeleteGroup deletes a group.
func (s *Server) DeleteGroup(id string) {
	s.Change(id, func(g *Group) { g.deleted = true })
}

// Put makes somebody a member or an owner, or ends that, as an administrator would.
func (s *Server) Put(group, rel, who string, in bool) {
	s.Change(group, func(g *Group) {
		l := &g.members
		if rel == "owners" {
			l = &g.owners
		}
		if in {
			l.add(who, s.clock.Now())
		} else {
			l.remove(who, s.clock.Now())
		}
	})
}

// Linked returns who is a member, or an owner, of a group.
func (s *Server) Linked(group, rel string) (who []connector.PrincipalRef) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.byID[group].(*Group)
	l := &g.members
	if rel == "owners" {
		l = &g.owners
	}
	for _, id := range l.all() {
		who = append(who, connector.PrincipalRef(id))
	}
	return who
}
