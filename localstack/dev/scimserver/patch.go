package scimserver

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// operation is one operation of a PATCH.
type operation struct {
	Op    string          `json:"op"`
	Path  string          `json:"path"`
	Value json.RawMessage `json:"value"`
}

// oneMember selects a member in a path.
var oneMember = regexp.MustCompile(`(?i)^members\[\s*value\s+eq\s+("(?:[^"\\]|\\.)*")\s*\]$`)

// patch changes the members of a group: all that is asked for, or nothing.
func (s *Server) patch(r *http.Request) answer {
	group := s.groups.find(r.PathValue("id"))
	if group == nil {
		return s.groups.missing()
	}
	var body struct {
		Operations []operation `json:"Operations"`
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		return refuse(http.StatusBadRequest, "invalidSyntax", "The body is not a PATCH.")
	}

	// On a copy, so that an operation that is refused leaves the group as it was.
	members := slices.Clone(membersOf(group))
	for _, o := range body.Operations {
		var refusal *answer
		if members, refusal = s.apply(members, o); refusal != nil {
			return *refusal
		}
	}
	group["members"] = members
	return ok(group)
}

func (s *Server) apply(members []any, o operation) ([]any, *answer) {
	switch strings.ToLower(o.Op) {
	case "add":
		return s.add(members, o)
	case "remove":
		return removeOne(members, o)
	}
	refusal := refuse(http.StatusBadRequest, "invalidSyntax", "Only add and remove are understood.")
	return nil, &refusal
}

// add adds members, each once however often it is named.
func (s *Server) add(members []any, o operation) ([]any, *answer) {
	var added []struct {
		Value string `json:"value"`
	}

	if !strings.EqualFold(o.Path, "members") || json.Unmarshal(o.Value, &added) != nil {
		refusal := refuse(http.StatusBadRequest, "invalidPath", "Only members can be added to, by a list of values.")
		return nil, &refusal
	}
	// As RFC 7644 has it, to add a member twice is no error.
	for _, a := range added {
		user := s.users.find(a.Value)
		if user == nil {
			refusal := refuse(http.StatusBadRequest, "invalidValue", "A member is no user of this server.")
			return nil, &refusal
		}
		members = append(without(members, a.Value), resource{"value": a.Value, "display": user["userName"], "type": "User"})
	}

	return members, nil
}

// removeOne takes out the member that the path selects. A path without a selection would
// empty the group, which nobody here means.
func removeOne(members []any, o operation) ([]any, *answer) {
	selected := oneMember.FindStringSubmatch(o.Path)
	var id string
	if selected == nil || json.Unmarshal([]byte(selected[1]), &id) != nil {
		refusal := refuse(http.StatusBadRequest, "invalidPath", `Only members[value eq "id"] can be removed.`)
		return nil, &refusal
	}
	return without(members, id), nil
}

func membersOf(group resource) []any {
	members, _ := group["members"].([]any)
	return members
}

// without returns the members but for one; it changes no list that somebody else has.
func without(members []any, id string) []any {
	return slices.DeleteFunc(slices.Clone(members), func(m any) bool {
		member, _ := m.(resource)
		return member["value"] == id
	})
}
