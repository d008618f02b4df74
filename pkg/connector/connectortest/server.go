package connectortest

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"leasehold/pkg/clock"
	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
)

const (
	mediaType   = "application/scim+json"
	schemaGroup = "urn:ietf:params:scim:schemas:core:2.0:Group"
	schemaUser  = "urn:ietf:params:scim:schemas:core:2.0:User"
	schemaError = "urn:ietf:params:scim:api:messages:2.0:Error"
	schemaList  = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
)

// Server is a SCIM server in memory, below /v2, of one character. It keeps what it was
// asked and when it stored what, so that a test can compare what is said with what was
// there. It is safe for concurrent use.
type Server struct {
	Character
	AccountCharacter
	Token string
	clock clock.Clock
	mux   *http.ServeMux

	mu            sync.Mutex
	users         []*account
	groups        []*group
	calls         []Call
	memberChanges []MemberChange
	stored        []Stored
	front         http.Handler // stands in front of the server, until then
	until         time.Time
	only          string // the method that it answers; "": all
}

type account struct {
	id, userName, external, mail string
	deleted                      bool
	inactive                     bool
	made                         map[string]any // the body that it was made with
	shown                        time.Time      // from when on it is found
	values                       []was          // oldest first
}

type group struct {
	id      string
	deleted bool
	lost    time.Time // until then the server does not find it
	listed  bool      // though it lists it
	states  []state   // oldest first, at least one
}

// state is who was in a group from a moment on.
type state struct {
	at      time.Time
	members []string
}

// Call is one request and how it was answered.
type Call struct {
	At     time.Time
	Method string
	Path   string
	Query  string // decoded
	Status int    // 0: not answered yet
}

// MemberChange is one change of a member that a PATCH asked for, whatever became of it.
type MemberChange struct {
	At     time.Time
	Group  string
	Member string // "" for everybody
	Add    bool
}

// Stored is one change of who is in a group.
type Stored struct {
	At     time.Time
	Group  string
	Member string
	In     bool
}

// NewServer returns an empty server of the character.
func NewServer(c Character, by clock.Clock) *Server {
	s := &Server{Character: c, Token: "bearer-" + rand.Text(), clock: by, mux: http.NewServeMux()}

	users, groups := c.endpoints()
	handlers := map[string]func(*http.Request) answer{
		"GET /v2/ServiceProviderConfig": s.getConfiguration,
		"GET /v2/Schemas/{id}":          s.getSchema,
		"GET /v2" + users:               s.findUsers,
		"GET /v2" + users + "/{id}":     s.versioned(s.getUser),
		"PATCH /v2" + users + "/{id}":   s.versioned(s.patchUser),
		"POST /v2" + users:              s.postUser,
		"DELETE /v2" + users + "/{id}":  s.versioned(s.deleteUser),
		// What is not there answers as a SCIM server does, and not as Go's mux.
		"/": func(*http.Request) answer { return refuse(http.StatusNotFound, "") },
	}
	if !c.NoGroups {
		handlers["GET /v2"+groups], handlers["GET /v2"+groups+"/{id}"], handlers["PATCH /v2"+groups+"/{id}"] = s.findGroups, s.versioned(s.getGroup), s.versioned(s.patchGroup)
	}
	if c.Elsewhere || c.NoGroups {
		handlers["GET /v2/ResourceTypes"] = s.getTypes
	}
	for pattern, handle := range handlers {
		s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, handle) })
	}

	return s
}

// answer is what the server says.
type answer struct {
	status  int
	body    any    // nil: none
	version string // of what the body shows
}

func refuse(status int, scimType string) answer {
	body := map[string]any{"schemas": []string{schemaError}, "status": strconv.Itoa(status), "detail": "refused"}
	if scimType != "" {
		body["scimType"] = scimType
	}
	return answer{status: status, body: body}
}

// serve answers a request by handle, which locks for itself.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, handle func(*http.Request) answer) {
	a := refuse(http.StatusUnauthorized, "")
	if r.Header.Get("Authorization") == "Bearer "+s.Token {
		a = handle(r)
	}
	if a.body != nil {
		w.Header().Set("Content-Type", mediaType)
	}
	if a.version != "" {
		w.Header().Set("ETag", a.version)
	}
	w.WriteHeader(a.status)
	if a.body != nil {
		json.NewEncoder(w).Encode(a.body)
	}
}

// ServeHTTP notes the request and answers it, unless something stands in front.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	at := len(s.calls)
	s.calls = append(s.calls, Call{At: s.clock.Now(), Method: r.Method, Path: r.URL.Path, Query: decoded(r.URL.RawQuery)})
	front := s.front
	if front != nil && !s.until.IsZero() && !s.clock.Now().Before(s.until) {
		// What stood in front goes away by itself at its time.
		s.front, front = nil, nil
	}

	if s.only != "" && r.Method != s.only {
		front = nil
	}
	s.mu.Unlock()

	// Not under the lock: what stands in front may wait for another call.
	noted := &noting{ResponseWriter: w, status: http.StatusOK}
	if front != nil {
		front.ServeHTTP(noted, r)
	} else {
		s.mux.ServeHTTP(noted, r)
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[at].Status = noted.status
}

func decoded(query string) string {
	plain, err := url.QueryUnescape(query)
	if err != nil {
		return query
	}
	return plain
}

// noting notes the status.
type noting struct {
	http.ResponseWriter
	status int
}

// WriteHeader notes the status and sends it.
func (n *noting) WriteHeader(status int) {
	n.status = status
	n.ResponseWriter.WriteHeader(status)
}

// The answers of what may stand in front of a server.
var (
	// Ingress knows no such address.
	Ingress http.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "default backend - 404", http.StatusNotFound)
	})
	// Redirect leads to another page.
	Redirect http.Handler = http.RedirectHandler("https://status.example.com/maintenance", http.StatusFound)
	// Maintenance is a page that says that all is well.
	Maintenance http.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		io.WriteString(w, "<html><body>Back in a moment.</body></html>")
	})
	// Empty is a server whose data are away: in its own form it knows nothing at all.
	Empty http.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", mediaType)
		w.WriteHeader(http.StatusNotFound)
		json.NewEncoder(w).Encode(refuse(http.StatusNotFound, "").body)
	})
)

// Front puts something in front of the server that answers every call, for so long; with a
// length of zero until it is taken away, and with nil nothing.
func (s *Server) Front(h http.Handler, length time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.front, s.until, s.only = h, time.Time{}, ""
	if length > 0 {
		s.until = s.clock.Now().Add(length)
	}
}

// FrontChanges is Front for changes alone: questions are answered by the server.
func (s *Server) FrontChanges(h http.Handler, length time.Duration) {
	s.Front(h, length)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.only = http.MethodPatch
}

// Start serves on 127.0.0.1 until the test ends, and returns the base address.
func (s *Server) Start(t testing.TB) *url.URL {
	t.Helper()
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	base, _ := url.Parse(server.URL + "/v2") // it wrote that URL itself
	return base
}

// Config is the registration of the server for connectors that use Client.
func (s *Server) Config(id entitlement.ConnectorID) entitlement.ConnectorConfig {
	return entitlement.ConnectorConfig{ID: id, DisplayName: s.Name, Kind: "scim", URL: "https://scim.example.com/v2", CorrelationKeys: []string{"userName", "mail"}}
}

// Client returns a client that calls the server directly, whatever the address, so that it
// works in virtual time. It follows no redirects.
func (s *Server) Client() *http.Client {
	return &http.Client{Transport: direct{s}, Timeout: 10 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// direct calls a handler without a network.
type direct struct{ to http.Handler }

// RoundTrip returns the handler's answer, or the context's error if that is over first.
func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	asked := r.Clone(r.Context())

	if r.Body == nil {
		asked.Body = http.NoBody
	} else {
		defer r.Body.Close()
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		asked.Body = io.NopCloser(bytes.NewReader(body))
	}

	answered := make(chan *http.Response, 1)
	// The handler may go on when nobody waits any more, as a server would.
	go func() {
		w := httptest.NewRecorder()
		d.to.ServeHTTP(w, asked)
		answered <- w.Result()
	}()

	select {
	case <-r.Context().Done():
		return nil, context.Cause(r.Context())
	case response := <-answered:
		response.Request = r
		return response, nil
	}
}

// AddUser creates an account and returns its id.
func (s *Server) AddUser(userName, external, mail string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := s.newID("user", len(s.users))
	s.users = append(s.users, &account{id: id, userName: userName, external: external, mail: mail})
	return id
}

// DeleteUser deletes the account of the user name, and returns its id.
func (s *Server) DeleteUser(userName string) string {
	s.mu.Lock()
	defer s.mu.Unlock()

	for _, u := range s.users {
		if u.userName != userName || u.deleted {
			continue
		}
		u.deleted = true
		// A server that keeps dead accounts among the members shows them later, or refuses by them.
		if !s.KeepsDead && !s.TakesAnyID {
			for _, g := range s.groups {
				s.store(g, slices.DeleteFunc(slices.Clone(g.now()), func(m string) bool { return m == u.id }))
			}
		}
		return u.id
	}

	return ""
}

// AddGroup creates a group with members and returns its id.
func (s *Server) AddGroup(members ...string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := &group{id: s.newID("group", len(s.groups)), states: []state{{members: slices.Clone(members)}}}
	s.groups = append(s.groups, g)
	return g.id
}

// AddMember makes an id a member, and RemoveMember ends that, as an administrator of the
// server would.
func (s *Server) AddMember(group, id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if g := s.group(group); g != nil {
		s.store(g, append(slices.Clone(g.now()), id))
	}
}

// RemoveMember takes an id out of a group.
func (s *Server) RemoveMember(group, id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if g := s.group(group); g != nil {
		s.store(g, slices.DeleteFunc(slices.Clone(g.now()), func(m string) bool { return m == id }))
	}
}

// Account returns the id of the account of the user name; "" for none.
func (s *Server) Account(userName string) connector.PrincipalRef {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, u := range s.users {
		if u.userName == userName && !u.deleted {
			return connector.PrincipalRef(u.id)
		}
	}
	return ""
}

// DeleteGroup deletes a group.
func (s *Server) DeleteGroup(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if g := s.group(id); g != nil {
		g.deleted = true
	}
}

// Lose has the server not find a group for so long, as one does whose copies are not alike.
// listed: a search finds it all the same.
func (s *Server) Lose(id string, length time.Duration, listed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if g := s.group(id); g != nil {
		g.lost, g.listed = s.clock.Now().Add(length), listed
	}
}

// visible returns the group of the id as the server finds it, or nil.
func (s *Server) visible(id string) *group {
	if g := s.group(id); g != nil && !s.clock.Now().Before(g.lost) {
		return g
	}
	return nil
}

func (s *Server) newID(of string, n int) string {
	if s.NumericIDs {
		return strconv.Itoa(map[string]int{"user": 1000, "group": 7000}[of] + n)
	}
	return fmt.Sprintf("%s-%d", of, n+1)
}

// Members returns who is in the group, as it is stored, duplicates included.
func (s *Server) Members(group string) []connector.PrincipalRef {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []connector.PrincipalRef
	if g := s.group(group); g != nil {
		for _, m := range g.now() {
			list = append(list, connector.PrincipalRef(m))
		}
	}
	return list
}

// Calls returns what was called with the method, or everything, since the last Forget.
func (s *Server) Calls(method string) []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.calls), func(c Call) bool { return !strings.HasPrefix(c.Method, method) })
}

// Forget forgets the calls.
func (s *Server) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = nil
}

// MemberChanges returns the changes of members that were asked for.
func (s *Server) MemberChanges() []MemberChange {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.memberChanges)
}

// Stored returns the changes of members that were stored.
func (s *Server) Stored() []Stored {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.stored)
}

// group returns the group of the id, or nil. The caller holds the lock.
func (s *Server) group(id string) *group {
	for _, g := range s.groups {
		if g.id == id && !g.deleted {
			return g
		}
	}
	return nil
}

func (s *Server) account(id string) *account {
	for _, u := range s.users {
		if u.id == id && !u.deleted {
			return u
		}
	}
	return nil
}

// now returns who is in the group.
func (g *group) now() []string { return g.states[len(g.states)-1].members }

// store makes the members those of the group. The caller holds the lock.
func (s *Server) store(g *group, members []string) {
	at, before := s.clock.Now(), g.now()
	for _, m := range members {
		if !slices.Contains(before, m) {
			s.stored = append(s.stored, Stored{at, g.id, m, true})
		}
	}
	for _, m := range before {
		if !slices.Contains(members, m) {
			s.stored = append(s.stored, Stored{at, g.id, m, false})
		}
	}
	g.states = append(g.states, state{at, members})
}

// shown returns who is in the group as reads show it: as it was a while ago.
func (s *Server) shown(g *group) []string {
	seen := s.clock.Now().Add(-s.Lag)
	for _, was := range slices.Backward(g.states) {
		if !was.at.After(seen) {
			return was.members
		}
	}
	return g.states[0].members
}
