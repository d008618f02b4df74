package scim

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// testToken is the credential of one run: no server but ours takes it.
var testToken = "bearer-" + rand.Text()

// target is an honest SCIM server in memory, with the habits that real servers differ
// by. It keeps what it was asked.
type target struct {
	url *url.URL
	habits

	mu     sync.Mutex
	users  []map[string]any
	groups map[string]*[]string // members by group id
	log    []string             // method, path and query, decoded
}

// habits are what the standard leaves open, or what servers get wrong.
type habits struct {
	storesTwice  bool // a member added again is stored again
	refusesTwice bool // a member added again is a conflict
	knowsPeople  bool // a member must be a user; else the whole PATCH is refused
	missesAbsent bool // removing who is not there is an error
	partial      bool // what came before a refused operation stays
	hidesMembers bool // a group is shown without its members
	plainFilters bool // no "or" in filters
	needsMembers bool // a filter on members is refused where there are none
	noFilters    bool // no filter on members at all
}

func newTarget(t *testing.T, h habits) *target {
	t.Helper()
	s := &target{habits: h, groups: map[string]*[]string{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v2/Users", s.findUsers)
	mux.HandleFunc("GET /v2/Groups", s.findGroups)
	mux.HandleFunc("GET /v2/Groups/{id}", s.getGroup)
	mux.HandleFunc("GET /v2/Schemas/{id}", s.getSchema)
	mux.HandleFunc("PATCH /v2/Groups/{id}", s.patchGroup)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.log = append(s.log, strings.TrimSpace(r.Method+" "+r.URL.Path+" "+r.URL.Query().Encode()))
		if r.Header.Get("Authorization") != "Bearer "+testToken {
			refuse(w, http.StatusUnauthorized, "")
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	s.url, _ = url.Parse(server.URL + "/v2")
	return s
}

// addUser creates a user and returns its id.
func (s *target) addUser(userName, external, mail string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := fmt.Sprintf("user-%d", len(s.users)+1)
	s.users = append(s.users, map[string]any{"id": id, "userName": userName, "externalId": external,
		"emails": []map[string]any{{"value": mail, "primary": true}}})
	return id
}

// addGroup creates a group with members and returns its id.
func (s *target) addGroup(members ...string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := fmt.Sprintf("group-%d", len(s.groups)+1)
	s.groups[id] = &members
	return id
}

func (s *target) members(group string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(*s.groups[group])
}

// asked returns what was asked with the method since the last call, and forgets it.
func (s *target) asked(method string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := slices.DeleteFunc(s.log, func(l string) bool { return !strings.HasPrefix(l, method) })
	s.log = nil
	return found
}

const str = `("(?:[^"\\]|\\.)*")`

var (
	userFilter   = regexp.MustCompile(`^(externalId|userName|emails\.value) eq ` + str + `$`)
	groupFilter  = regexp.MustCompile(`^id eq ` + str + ` and (.*)$`)
	memberFilter = regexp.MustCompile(`members\[value eq ` + str + `\]`)
)

func (s *target) findUsers(w http.ResponseWriter, r *http.Request) {
	filter := userFilter.FindStringSubmatch(r.URL.Query().Get("filter"))
	if filter == nil {
		refuse(w, http.StatusBadRequest, "invalidFilter")
		return
	}
	found := slices.DeleteFunc(slices.Clone(s.users), func(u map[string]any) bool {
		if filter[1] == "emails.value" {
			mail := u["emails"].([]map[string]any)[0]["value"].(string)
			return !strings.EqualFold(mail, unquote(filter[2]))
		}
		return u[filter[1]] != unquote(filter[2])
	})
	answerList(w, found)
}

func (s *target) findGroups(w http.ResponseWriter, r *http.Request) {
	filter := groupFilter.FindStringSubmatch(r.URL.Query().Get("filter"))
	if filter == nil {
		refuse(w, http.StatusBadRequest, "invalidFilter")
		return
	}
	members := s.groups[unquote(filter[1])]
	if s.noFilters || s.plainFilters && strings.Contains(filter[2], " or ") || s.needsMembers && members != nil && len(*members) == 0 {
		refuse(w, http.StatusBadRequest, "invalidFilter")
		return
	}
	var found []map[string]any
	if members != nil {
		for _, term := range memberFilter.FindAllStringSubmatch(filter[2], -1) {
			if slices.Contains(*members, unquote(term[1])) {
				found = []map[string]any{{"id": unquote(filter[1])}}
			}
		}
	}
	answerList(w, found)
}

func (s *target) getGroup(w http.ResponseWriter, r *http.Request) {
	members := s.groups[r.PathValue("id")]
	if members == nil {
		refuse(w, http.StatusNotFound, "")
		return
	}
	group := map[string]any{"id": r.PathValue("id"), "displayName": "Group " + r.PathValue("id")}
	if len(*members) > 0 && !s.hidesMembers {
		var list []map[string]any
		for _, m := range *members {
			list = append(list, map[string]any{"value": m, "type": "User"})
		}
		group["members"] = list
	}
	answer(w, http.StatusOK, group)
}

func (s *target) getSchema(w http.ResponseWriter, r *http.Request) {
	if r.PathValue("id") != schemaGroup {
		refuse(w, http.StatusNotFound, "")
		return
	}
	returned := map[bool]string{true: "never", false: "default"}[s.hidesMembers]
	answer(w, http.StatusOK, map[string]any{"id": schemaGroup, "attributes": []map[string]any{
		{"name": "displayName", "returned": "default"}, {"name": "members", "returned": returned}}})
}

func (s *target) patchGroup(w http.ResponseWriter, r *http.Request) {
	stored := s.groups[r.PathValue("id")]
	if stored == nil {
		refuse(w, http.StatusNotFound, "")
		return
	}
	var body patchBody
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil || len(body.Operations) == 0 {
		refuse(w, http.StatusBadRequest, "invalidSyntax")
		return
	}

	members := slices.Clone(*stored)
	for _, o := range body.Operations {
		if status, scimType := s.operate(&members, o); status != 0 {
			if s.partial {
				*stored = members
			}
			refuse(w, status, scimType)
			return
		}
	}
	*stored = members
	w.WriteHeader(http.StatusNoContent)
}

// operate performs one operation; 0 is success.
func (s *target) operate(members *[]string, o operation) (status int, scimType string) {
	if o.Op == "remove" {
		path := memberFilter.FindStringSubmatch(o.Path)
		if path == nil {
			return http.StatusBadRequest, "invalidPath"
		}
		before := len(*members)
		*members = slices.DeleteFunc(*members, func(m string) bool { return m == unquote(path[1]) })
		if s.missesAbsent && len(*members) == before {
			return http.StatusBadRequest, "noTarget"
		}
		return 0, ""
	}
	if o.Op != "add" || o.Path != "members" {
		return http.StatusBadRequest, "invalidPath"
	}
	for _, m := range o.Value {
		known := slices.ContainsFunc(s.users, func(u map[string]any) bool { return u["id"] == string(m.Value) })
		there := slices.Contains(*members, string(m.Value))
		switch {
		case s.knowsPeople && !known:
			return http.StatusBadRequest, "invalidValue"
		case there && s.refusesTwice:
			return http.StatusConflict, "uniqueness"
		case !there || s.storesTwice:
			*members = append(*members, string(m.Value))
		}
	}
	return 0, ""
}

func answerList(w http.ResponseWriter, found []map[string]any) {
	answer(w, http.StatusOK, map[string]any{"totalResults": len(found), "Resources": found})
}

func refuse(w http.ResponseWriter, status int, scimType string) {
	answer(w, status, map[string]any{"schemas": []string{schemaError}, "status": fmt.Sprint(status), "scimType": scimType})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", mediaType)
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body)
}

func unquote(text string) (s string) {
	json.Unmarshal([]byte(text), &s)
	return s
}
