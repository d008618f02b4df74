// Package scimserver is a small SCIM 2.0 server (RFC 7643, RFC 7644) in memory, for
// development in one process: people, groups and who is a member of which. What it does
// not serve it refuses, and a PATCH is done as a whole or not at all. It proves nothing
// about real servers, which differ in what the standard leaves open: those are what the
// connector's tests and the end-to-end stories are run against.
package scimserver

import (
	"bytes"
	"crypto/subtle"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"leasehold/pkg/clock"
)

const (
	mediaType     = "application/scim+json"
	schemaUser    = "urn:ietf:params:scim:schemas:core:2.0:User"
	schemaGroup   = "urn:ietf:params:scim:schemas:core:2.0:Group"
	schemaList    = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
	schemaError   = "urn:ietf:params:scim:api:messages:2.0:Error"
	schemaService = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
)

// maxBody bounds what a client may send.
const maxBody = 1 << 20

// resource is a user or a group as JSON has it. Of a group, members is a []any.
type resource = map[string]any

// Server is the server; New makes one. It is safe for concurrent use.
type Server struct {
	token string
	mux   *http.ServeMux
	ids   clock.IDs

	mu     sync.Mutex
	users  kind
	groups kind
}

// kind is one kind of resource, in the order in which they were made.
type kind struct {
	path   string // below the base
	schema string
	name   string
	unique string // attribute that no two may share, compared without case
	all    []resource
}

// New returns an empty server below /v2 that answers whoever bears the token.
func New(token string, ids clock.IDs) *Server {
	s := &Server{token: token, ids: ids, mux: http.NewServeMux(),
		users:  kind{path: "/v2/Users", schema: schemaUser, name: "User", unique: "userName"},
		groups: kind{path: "/v2/Groups", schema: schemaGroup, name: "Group", unique: "displayName"}}

	for _, k := range []*kind{&s.users, &s.groups} {
		s.handle("GET "+k.path, func(r *http.Request) answer { return k.list(r.URL.Query()) })
		s.handle("POST "+k.path, func(r *http.Request) answer { return s.create(k, r) })
		s.handle("GET "+k.path+"/{id}", func(r *http.Request) answer { return k.get(r) })
		s.handle("DELETE "+k.path+"/{id}", func(r *http.Request) answer { return s.remove(k, r.PathValue("id")) })
	}
	// Only groups are changed: Leasehold never writes to an account.
	s.handle("PATCH /v2/Groups/{id}", s.patch)
	s.handle("GET /v2/ServiceProviderConfig", func(*http.Request) answer { return ok(capabilities) })

	s.handle("/", func(*http.Request) answer {
		return refuse(http.StatusNotFound, "", "There is nothing at this address.")
	})

	return s
}

var capabilities = resource{
	"schemas": []string{schemaService},
	"patch":   resource{"supported": true}, "filter": resource{"supported": true, "maxResults": 1000},
	"bulk": resource{"supported": false}, "sort": resource{"supported": false},
	"etag": resource{"supported": false}, "changePassword": resource{"supported": false},
	"authenticationSchemes": []resource{{"type": "oauthbearertoken", "name": "Bearer token", "description": "A fixed token"}},
}

// ServeHTTP answers those who bear the token.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	given := []byte(r.Header.Get("Authorization"))
	if subtle.ConstantTimeCompare(given, []byte("Bearer "+s.token)) != 1 {
		refuse(http.StatusUnauthorized, "", "The bearer token is missing or another one.").write(w)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	s.mux.ServeHTTP(w, r)
}

// handle serves a pattern with do, one request at a time.
func (s *Server) handle(pattern string, do func(*http.Request) answer) {
	s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		content, err := io.ReadAll(r.Body) // before the lock: a slow client keeps nobody waiting
		if err != nil {
			refuse(http.StatusBadRequest, "invalidSyntax", "The body could not be read.").write(w)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(content))

		s.mu.Lock()
		a := do(r)
		text, err := json.Marshal(a.body) // under the lock: the body may be what is stored
		s.mu.Unlock()
		if err != nil {
			a = refuse(http.StatusInternalServerError, "", "The answer could not be written.")
			text, _ = json.Marshal(a.body)
		}
		a.send(w, text)
	})
}

func (k *kind) find(id string) resource {
	for _, r := range k.all {
		if r["id"] == id {
			return r
		}
	}
	return nil
}

func (k *kind) missing() answer {
	return refuse(http.StatusNotFound, "", "There is no such "+k.name+".")
}

func (k *kind) get(r *http.Request) answer {
	found := k.find(r.PathValue("id"))
	if found == nil {
		return k.missing()
	}
	return ok(shown(found, r.URL.Query().Get("attributes")))
}

// list answers a search: a filter, a place to start and a length.
func (k *kind) list(query url.Values) answer {
	fits, understood := parseFilter(query.Get("filter"))
	if !understood {
		return refuse(http.StatusBadRequest, "invalidFilter", filterRefused)
	}
	var found []resource
	for _, r := range k.all {
		if fits(r) {
			found = append(found, r)
		}
	}

	// Counted from one, and out of bounds is empty and no error (RFC 7644, 3.4.2.4).
	start, count := number(query.Get("startIndex"), 1), number(query.Get("count"), 1000)
	page := found[min(max(start-1, 0), len(found)):]
	page = page[:min(max(count, 0), len(page))]
	some := make([]resource, len(page))
	for i, r := range page {
		some[i] = shown(r, query.Get("attributes"))
	}
	return ok(resource{"schemas": []string{schemaList}, "totalResults": len(found), "startIndex": max(start, 1),
		"itemsPerPage": len(some), "Resources": some})
}

func number(text string, otherwise int) int {
	if n, err := strconv.Atoi(text); err == nil {
		return n
	}
	return otherwise
}

// shown is the part of a resource that was asked for; id and schemas are always in it.
func shown(r resource, attributes string) resource {
	if attributes == "" {
		return r
	}
	wanted := strings.Split(strings.ToLower(attributes), ",")
	part := maps.Clone(r)
	maps.DeleteFunc(part, func(name string, _ any) bool {
		return name != "id" && name != "schemas" && !slices.Contains(wanted, strings.ToLower(name))
	})
	return part
}

func (s *Server) create(k *kind, r *http.Request) answer {
	var made resource
	if err := json.NewDecoder(r.Body).Decode(&made); err != nil || made == nil {
		return refuse(http.StatusBadRequest, "invalidSyntax", "The body is not a JSON object.")
	}
	name, _ := made[k.unique].(string)
	if name == "" {
		return refuse(http.StatusBadRequest, "invalidValue", k.unique+" is missing.")
	}
	if schemas, _ := made["schemas"].([]any); !slices.Contains(schemas, any(k.schema)) {
		return refuse(http.StatusBadRequest, "invalidValue", "schemas must name "+k.schema+".")
	}
	// Names are unique in whatever case they are written, as at most servers.
	for _, other := range k.all {
		if taken, _ := other[k.unique].(string); strings.EqualFold(taken, name) {
			return refuse(http.StatusConflict, "uniqueness", "This "+k.unique+" is taken.")
		}
	}

	id := s.ids.New()
	made["id"], made["meta"] = id, resource{"resourceType": k.name, "location": k.path + "/" + id}
	if k == &s.groups {
		if made["members"] != nil {
			return refuse(http.StatusBadRequest, "invalidValue", "A group begins without members here: add them with a PATCH.")
		}
		made["members"] = []any{}
	}
	k.all = append(k.all, made)
	return answer{http.StatusCreated, made}
}

// remove takes a resource away, and a user out of all groups.
func (s *Server) remove(k *kind, id string) answer {
	if k.find(id) == nil {
		return k.missing()
	}
	k.all = slices.DeleteFunc(k.all, func(r resource) bool { return r["id"] == id })
	for _, g := range s.groups.all {
		g["members"] = without(membersOf(g), id)
	}
	return answer{status: http.StatusNoContent}
}
