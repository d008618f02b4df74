package connectortest

import (
	"fmt"
	"hash/fnv"
	"net/http"
)

// endpoints returns where a server of the character has its accounts and groups.
func (c Character) endpoints() (users, groups string) {
	if c.Elsewhere {
		return "/People", "/Teams"
	}
	return "/Users", "/Groups"
}

func (s *Server) getTypes(*http.Request) answer {
	users, groups := s.endpoints()
	all := []object{{"id": "User", "name": "User", "endpoint": users, "schema": schemaUser}}
	if !s.NoGroups {
		all = append(all, object{"id": "Group", "name": "Group", "endpoint": groups, "schema": schemaGroup})
	}
	return answer{status: http.StatusOK, body: object{"schemas": []string{schemaList}, "totalResults": len(all), "Resources": all}}
}

// versioned has a handler of one account or group obey the server's versions.
func (s *Server) versioned(handle func(*http.Request) answer) func(*http.Request) answer {
	return func(r *http.Request) answer {
		now, named := s.version(r.PathValue("id")), r.Header.Get("If-Match")
		changes := r.Method != http.MethodGet
		switch {
		case !s.Versions || now == "":
			return handle(r)
		case changes && named == "" && s.DemandsVersions:
			return refuse(http.StatusPreconditionRequired, "")
		case changes && named != "" && named != now:
			return refuse(http.StatusPreconditionFailed, "")
		}

		a := handle(r)
		if body, is := a.body.(object); is && !changes && a.status == http.StatusOK {
			a.version = now
			body["meta"] = object{"version": now}
		}
		return a
	}
}

// version names how an account or a group is now; "" where there is none of the id.
func (s *Server) version(id string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := fnv.New64a()
	switch u, g := s.account(id), s.group(id); {
	case u != nil:
		fmt.Fprintln(h, u.userName, u.external, u.mail, u.inactive, len(u.values))
	case g != nil:
		fmt.Fprintln(h, len(g.states))
	default:
		return ""
	}
	return fmt.Sprintf("W/\"%x\"", h.Sum64())
}
