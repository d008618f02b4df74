package graphserver

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"leasehold/pkg/connector"
)

func (s *Server) app(c *call) *App {
	a, _ := s.byID[c.PathValue("id")].(*App)
	if a == nil || a.deleted {
		return nil
	}
	return a
}

func (a *App) entity(c *call) map[string]any {
	roles := []any{}
	for _, r := range a.Roles {
		types := []string{"User"}
		if r.ForApps {
			types = []string{"Application"}
		}
		roles = append(roles, map[string]any{"id": r.ID, "displayName": r.Name, "value": r.Name, "isEnabled": !r.Disabled, "allowedMemberTypes": types})
	}
	return c.selected(map[string]any{"id": a.ID, "displayName": a.Name, "appDisplayName": a.Name, "description": nil, "accountEnabled": !a.Disabled, "appRoles": roles})
}

func (s *Server) getApp(c *call) answer {
	a := s.app(c)
	if a == nil {
		return s.notFound(c.PathValue("id"))
	}
	return answer{status: http.StatusOK, body: a.entity(c)}
}

func (s *Server) listApps(c *call) answer {
	search, ok := s.search(c)
	if !ok {
		return s.refuse(http.StatusBadRequest, "Request_UnsupportedQuery", "Request with $search query parameter only works through MSGraph with a special request header: 'ConsistencyLevel: eventual'")
	}
	var all []any
	for _, a := range s.apps {
		if !a.deleted && found(a.Name, search) {
			all = append(all, a.entity(c))
		}
	}
	return s.page(c, 999, all)
}

// holds reports that an assignment stood at a time.
func (a *assignment) holds(c *call) bool {
	return !a.at.After(c.seen) && (a.until.IsZero() || a.until.After(c.seen))
}

func (a *App) given(c *call, of *assignment) map[string]any {
	kind := "User"
	if of.group {
		kind = "Group"
	}
	return map[string]any{"id": of.id, "appRoleId": of.role, "principalId": of.principal, "principalType": kind, "resourceId": a.ID, "resourceDisplayName": a.Name}
}

func (s *Server) assignedTo(c *call) answer {
	a := s.app(c)
	if a == nil {
		return s.notFound(c.PathValue("id"))
	}
	var all []any
	for _, given := range a.assignments {
		if given.holds(c) && !s.NoMembers {
			all = append(all, c.selected(a.given(c, given)))
		}
	}
	return s.page(c, 999, all)
}

func (s *Server) rolesOfUser(c *call) answer {
	query := c.URL.Query()
	if _, there := s.person(c.PathValue("id")); !there {
		return s.notFound(c.PathValue("id"))
	}
	filter, ok := parse(query.Get("$filter"))
	if query.Has("$filter") && !ok {
		return s.refuse(http.StatusBadRequest, "Request_UnsupportedQuery", "Unsupported Query.")
	}
	var all []any
	for _, a := range s.apps {
		if query.Has("$filter") && !match(filter, func(attribute string) []string { return map[string][]string{"resourceId": {a.ID}}[attribute] }) {
			continue
		}
		for _, given := range a.assignments {
			if given.principal == c.PathValue("id") && given.holds(c) {
				all = append(all, c.selected(a.given(c, given)))
			}
		}
	}
	return s.page(c, 999, all)
}

func (s *Server) assign(c *call) answer {
	var body struct{ PrincipalID, ResourceID, AppRoleID string }
	if err := json.NewDecoder(c.Body).Decode(&body); err != nil {
		return s.bad("Unable to read JSON request payload.")
	}
	a := s.app(c)
	if a == nil {
		return s.notFound(c.PathValue("id"))
	}
	u, there := s.person(body.PrincipalID)
	defined := slices.ContainsFunc(a.Roles, func(r AppRole) bool { return r.ID == body.AppRoleID && !r.Disabled && !r.ForApps })
	already := slices.ContainsFunc(a.assignments, func(g *assignment) bool {
		return g.principal == body.PrincipalID && g.role == body.AppRoleID && g.until.IsZero()
	})
	switch {
	case u != nil && u.UPN == Bad && s.BadPerson > 0:
		return s.refuse(s.BadPerson, "Request_BadRequest", "An error has occurred.")
	case body.ResourceID != a.ID || !defined && !(body.AppRoleID == DefaultAccess && len(a.Roles) == 0):
		return s.bad("Permission being assigned was not found on application '" + a.ID + "'.")
	case !there:
		return s.notFound(body.PrincipalID)
	case already && !s.StoresTwice:
		return s.bad("Permission being assigned already exists on the object")
	}

	s.granted++
	digest := sha256.Sum256(fmt.Append(nil, a.ID, s.granted))
	given := &assignment{id: base64.RawURLEncoding.EncodeToString(digest[:]), principal: body.PrincipalID, role: body.AppRoleID, at: s.clock.Now()}
	a.assignments = append(a.assignments, given)
	return answer{status: http.StatusCreated, body: a.given(c, given)}
}

func (s *Server) unassign(c *call) answer {
	a := s.app(c)
	if a == nil {
		return s.notFound(c.PathValue("id"))
	}
	for _, given := range a.assignments {
		if given.id != c.PathValue("a") || !given.until.IsZero() {
			continue
		}
		if u, _ := s.person(given.principal); u != nil && u.UPN == Bad && s.BadPerson > 0 {
			return s.refuse(s.BadPerson, "Request_BadRequest", "An error has occurred.")
		}
		given.until = s.clock.Now()
		return answer{status: http.StatusNoContent}
	}
	return s.notFound(c.PathValue("a"))
}

// AddApp adds an application and returns its id.
func (s *Server) AddApp(a App) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	a.ID = s.newID(2)
	for i := range a.Roles {
		if a.Roles[i].ID == "" {
			a.Roles[i].ID = fmt.Sprintf("0000000%d-aaaa-4000-8000-%012x", i, len(s.byID)+1)
		}
	}
	s.apps = append(s.apps, &a)
	s.byID[a.ID] = &a
	return a.ID
}

// App returns an application as it is.
func (s *Server) App(id string) App {
	s.mu.Lock()
	defer s.mu.Unlock()
	return *s.byID[id].(*App)
}

// ChangeApp changes an application, as an administrator of the tenant would.
func (s *Server) ChangeApp(id string, change func(*App)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s.byID[id].(*App))
}

// Give assigns a role of an application to somebody, or to a group, past what the API checks.
func (s *Server) Give(app, role, principal string, group bool) {
	s.ChangeApp(app, func(a *App) {
		s.granted++
		a.assignments = append(a.assignments, &assignment{id: "given-" + strconv.Itoa(s.granted), principal: principal, role: role, at: s.clock.Now(), group: group})
	})
}

// Withdraw ends what Give made.
func (s *Server) Withdraw(app, role, principal string) {
	s.ChangeApp(app, func(a *App) {
		for _, given := range a.assignments {
			if given.principal == principal && given.role == role && given.until.IsZero() {
				given.until = s.clock.Now()
			}
		}
	})
}

// Assigned returns who has a role of an application, as it is stored, duplicates included.
func (s *Server) Assigned(app, role string) (who []connector.PrincipalRef) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, given := range s.byID[app].(*App).assignments {
		if given.role == role && given.until.IsZero() {
			who = append(who, connector.PrincipalRef(given.principal))
		}
	}
	return who
}
