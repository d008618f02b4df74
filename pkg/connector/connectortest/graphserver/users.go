package graphserver

import (
	"fmt"
	"net/http"
	"strings"
)

func (u *User) entity(c *call) map[string]any {
	orNull := func(s string) any {
		if s == "" {
			return nil
		}
		return s
	}
	others := u.OtherMails
	if others == nil {
		others = []string{}
	}
	kind, name := "Member", u.Name
	if u.Guest {
		kind = "Guest"
	}
	if name == "" {
		name = u.UPN
	}
	made := any(u.made.UTC().Format("2006-01-02T15:04:05Z"))
	if c.hidesMade {
		made = nil
	}
	return c.selected(map[string]any{"id": u.ID, "userPrincipalName": u.UPN, "mail": orNull(u.Mail), "otherMails": others, "employeeId": orNull(u.EmployeeID), "displayName": name,
		"userType": kind, "accountEnabled": !u.Disabled, "externalUserState": orNull(u.State), "createdDateTime": made})
}

func (s *Server) listUsers(c *call) answer {
	query := c.URL.Query()
	filter, ok := parse(query.Get("$filter"))
	if query.Has("$filter") && !ok {
		return s.refuse(http.StatusBadRequest, "Request_UnsupportedQuery", "Too many child clauses specified in search filter expression containing 'OR' operators.")
	}
	var all []any
	for _, u := range s.users {
		if !s.shows(u, query.Has("$filter")) || query.Has("$filter") && !match(filter, func(a string) []string {
			of := map[string][]string{"id": {u.ID}, "userPrincipalName": {u.UPN}, "mail": {u.Mail}, "employeeId": {u.EmployeeID}, "otherMails": u.OtherMails, "proxyAddresses": u.proxies()}
			return of[a]
		}) {
			continue
		}
		all = append(all, u.entity(c))
	}
	return s.page(c, 999, all)
}

func (s *Server) getUser(c *call) answer {
	for _, u := range s.users {
		if s.shows(u, false) && (u.ID == c.PathValue("id") || strings.EqualFold(u.UPN, c.PathValue("id"))) {
			return answer{status: http.StatusOK, body: u.entity(c)}
		}
	}
	return s.notFound(c.PathValue("id"))
}

// newID makes the next id of a sort. The caller holds the lock.
func (s *Server) newID(sort int) string {
	return fmt.Sprintf("%08x-0000-4000-8000-%012x", sort, len(s.byID)+1)
}

// AddUser adds an account and returns its id.
func (s *Server) AddUser(u User) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	u.ID = s.newID(1)
	u.made = s.clock.Now().AddDate(-1, 0, 0)
	s.users = append(s.users, &u)
	s.byID[u.ID] = &u
	return u.ID
}

// DeleteUser deletes an account: it leaves its groups and loses its roles.
func (s *Server) DeleteUser(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leaves(s.byID[id].(*User))
}

// leaves deletes an account. The caller holds the lock.
func (s *Server) leaves(u *User) {
	u.deleted = true
	id := u.ID
	for _, g := range s.groups {
		g.members.remove(id, s.clock.Now())
		g.owners.remove(id, s.clock.Now())
	}
	for _, a := range s.apps {
		for _, given := range a.assignments {
			if given.principal == id && given.until.IsZero() {
				given.until = s.clock.Now()
			}
		}
	}
}
