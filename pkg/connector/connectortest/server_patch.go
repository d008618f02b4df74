package connectortest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
)

// change is one operation of a PATCH.
type change struct {
	Op    string
	Path  string
	Value []struct{ Value any }
	Holds *bool // the value, where it is one that holds or does not
}

// UnmarshalJSON reads both sorts of values.
func (c *change) UnmarshalJSON(text []byte) error {
	var read struct {
		Op, Path string
		Value    json.RawMessage
	}
	if err := json.Unmarshal(text, &read); err != nil {
		return err
	}
	c.Op, c.Path = read.Op, read.Path
	if len(read.Value) == 0 || json.Unmarshal(read.Value, &c.Holds) == nil {
		return nil
	}
	return json.Unmarshal(read.Value, &c.Value)
}

// names are the members of the operation's values.
func (c change) names() (ids []string) {
	for _, v := range c.Value {
		ids = append(ids, fmt.Sprint(v.Value))
	}
	return ids
}

var memberPath = regexp.MustCompile(`^members\[value eq ` + text + `\]$`)

func (s *Server) patchGroup(r *http.Request) answer {
	var body struct{ Operations []change }
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil || len(body.Operations) == 0 {
		return refuse(http.StatusBadRequest, "invalidSyntax")
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	s.note(r.PathValue("id"), body.Operations)
	g := s.visible(r.PathValue("id"))
	switch {
	case s.NoPatch:
		return refuse(http.StatusNotImplemented, "")
	case g == nil:
		return refuse(http.StatusNotFound, "")
	case s.DeadRefuses && slices.ContainsFunc(g.now(), func(m string) bool { return s.account(m) == nil }):
		return refuse(http.StatusNotFound, "")
	}

	// What follows is computed on this copy: a change that comes in between is lost, as at such a
	// server.
	members := slices.Clone(g.now())
	if s.Racing > 0 {
		s.mu.Unlock()
		err := s.clock.Sleep(r.Context(), s.Racing)
		s.mu.Lock()
		if err != nil {
			return refuse(http.StatusServiceUnavailable, "")
		}
	}

	for _, o := range body.Operations {
		if status, scimType := s.operate(&members, o); status != 0 {
			if s.Partial {
				s.store(g, members)
			}
			return refuse(status, scimType)
		}
	}

	s.store(g, members)
	return answer{status: http.StatusNoContent}
}

// note keeps what a PATCH asks for.
func (s *Server) note(group string, operations []change) {
	at := s.clock.Now()

	for _, o := range operations {
		path := memberPath.FindStringSubmatch(o.Path)
		// A path may name one member, or none, which is everybody.
		switch {
		case path != nil:
			s.memberChanges = append(s.memberChanges, MemberChange{at, group, unquote(path[1]), false})
		case len(o.Value) == 0:
			s.memberChanges = append(s.memberChanges, MemberChange{at, group, "", o.Op == "add"})
		}

		for _, m := range o.names() {
			s.memberChanges = append(s.memberChanges, MemberChange{at, group, m, o.Op == "add"})
		}
	}
}

// operate performs one operation; 0 is success.
func (s *Server) operate(members *[]string, o change) (status int, scimType string) {
	switch {
	case o.Op == "add" && o.Path == "members" && len(o.Value) > 0:
		return s.add(members, o.names())
	case o.Op == "remove" && o.Path == "members" && s.ValueListOnly:
		return s.remove(members, o.names())
	// RFC 7644 lets a server read a removal without a filter as one of all members.
	case o.Op == "remove" && o.Path == "members" && s.ValueEmpties:
		*members = nil
		return 0, ""
	case o.Op == "remove" && !s.ValueListOnly:
		if path := memberPath.FindStringSubmatch(o.Path); path != nil {
			return s.remove(members, []string{unquote(path[1])})
		}
	}

	return http.StatusBadRequest, "invalidPath"
}

// bad is the status of a change that names the one bad person, or 0.
func (s *Server) bad(id string) int {
	if u := s.account(id); u != nil && u.userName == Bad {
		return s.BadPerson
	}
	return 0
}

func (s *Server) add(members *[]string, ids []string) (status int, scimType string) {
	for _, id := range ids {
		there := slices.Contains(*members, id)
		switch {
		case s.bad(id) != 0:
			return s.bad(id), ""
		// Taken, and not kept.
		case s.DropsUnknown && s.account(id) == nil:
		case !s.TakesAnyID && s.account(id) == nil:
			return http.StatusBadRequest, "invalidValue"
		case there && s.RefusesTwice:
			return http.StatusConflict, "uniqueness"
		case !there || s.StoresTwice:
			*members = append(*members, id)
		}
	}

	return 0, ""
}

func (s *Server) remove(members *[]string, ids []string) (status int, scimType string) {
	for _, id := range ids {
		before := len(*members)
		if status := s.bad(id); status != 0 {
			return status, ""
		}
		*members = slices.DeleteFunc(*members, func(m string) bool { return m == id })
		if s.MissesAbsent && len(*members) == before {
			return http.StatusBadRequest, "noTarget"
		}
	}
	return 0, ""
}
