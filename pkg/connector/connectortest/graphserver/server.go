package graphserver

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
	"strings"
	"sync"
	"testing"
	"time"

	"leasehold/pkg/clock"
)

// The application that may call a server, and its tenant.
const (
	Tenant   = "0a0a0a0a-0000-4000-8000-000000000001"
	ClientID = "0a0a0a0a-0000-4000-8000-000000000002"
)

// DefaultAccess is the role of an application that defines none.
const DefaultAccess = "00000000-0000-0000-0000-000000000000"

// Server is a documented Graph server below /v1.0, with its token endpoint at
// /{tenant}/oauth2/v2.0/token. It is safe for concurrent use.
type Server struct {
	Character
	Secret string        // of the application
	Takes  time.Duration // that a call takes, on the server's clock

	// Assertion, where it is set, accepts a client assertion instead of the secret.
	Assertion func(assertion, endpoint string) error

	clock  clock.Clock
	mux    *http.ServeMux
	limits limits

	mu      sync.Mutex
	token   string
	users   []*User
	groups  []*Group
	apps    []*App
	byID    map[string]any
	calls   []Call
	harm    []string // what was done that nobody may do
	granted int      // assignments ever made, for their ids

	invitations int
}

// User is an account.
type User struct {
	ID, UPN, Mail, EmployeeID string
	OtherMails, Proxies       []string // Proxies: addresses besides, such as those of a mailbox
	Name                      string
	Guest, Disabled           bool
	State                     string // of a guest's invitation

	made    time.Time
	deleted bool
}

// Group is a group of any sort.
type Group struct {
	ID, Name       string
	Unified        bool // Microsoft 365
	Dynamic        bool
	MailEnabled    bool
	NoSecurity     bool
	Synced         bool
	RoleAssignable bool

	made            time.Time
	deleted         bool
	members, owners links
}

// App is a service principal with its application roles.
type App struct {
	ID, Name string
	Roles    []AppRole
	Disabled bool

	deleted     bool
	assignments []*assignment
}

// AppRole is a role that an application defines.
type AppRole struct {
	ID, Name string
	Disabled bool
	ForApps  bool // applications alone may have it
}

type assignment struct {
	id, principal, role string
	at, until           time.Time // until: when it was taken back; zero: it stands
	group               bool      // it is a group's
}

// Call is one request, or one of a batch, and how it was answered.
type Call struct {
	At      time.Time
	Method  string
	Path    string
	Query   string // decoded
	Status  int
	Batched bool
	Host    string
}

// New returns an empty server.
func New(c Character, by clock.Clock) *Server {
	s := &Server{Character: c, Secret: "secret-" + rand.Text(), clock: by, mux: http.NewServeMux(), limits: published(Small),
		token: "token-" + rand.Text(), byID: map[string]any{}}
	for pattern, handle := range map[string]func(*call) answer{
		"GET /v1.0/groups":                                          s.listGroups,
		"GET /v1.0/groups/{id}":                                     s.getGroup,
		"PATCH /v1.0/groups/{id}":                                   s.patchGroup,
		"GET /v1.0/groups/{id}/{rel}":                               s.listLinks,
		"POST /v1.0/groups/{id}/{rel}/$ref":                         s.addLink,
		"DELETE /v1.0/groups/{id}/{rel}/{who}/$ref":                 s.removeLink,
		"DELETE /v1.0/groups/{id}/{rel}/{who}":                      s.deleteObject,
		"GET /v1.0/users":                                           s.listUsers,
		"GET /v1.0/users/{id}":                                      s.getUser,
		"PATCH /v1.0/users/{id}":                                    s.patchUser,
		"DELETE /v1.0/users/{id}":                                   s.deleteUser,
		"POST /v1.0/invitations":                                    s.invite,
		"GET /v1.0/users/{id}/appRoleAssignments":                   s.rolesOfUser,
		"GET /v1.0/servicePrincipals":                               s.listApps,
		"GET /v1.0/servicePrincipals/{id}":                          s.getApp,
		"GET /v1.0/servicePrincipals/{id}/appRoleAssignedTo":        s.assignedTo,
		"POST /v1.0/servicePrincipals/{id}/appRoleAssignedTo":       s.assign,
		"DELETE /v1.0/servicePrincipals/{id}/appRoleAssignedTo/{a}": s.unassign,
		"/v1.0/": func(c *call) answer {
			return s.refuse(http.StatusBadRequest, "BadRequest", "Resource not found for the segment.")
		},
	} {
		s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, handle) })
	}
	s.mux.HandleFunc("POST /v1.0/$batch", s.batch)
	s.mux.HandleFunc("POST /"+Tenant+"/oauth2/v2.0/token", s.issue)
	return s
}

// call is one request on its way.
type call struct {
	*http.Request
	seen time.Time // reads show what was there then
	base string

	hidesMade bool
}

// answer is what the server says.
type answer struct {
	status int
	body   any // nil: none
	header map[string]string
}

// refuse is a refusal in Graph's form.
func (s *Server) refuse(status int, code, message string) answer {
	if s.OtherWords {
		message = "Das geht so nicht."
	}
	if s.BareErrors {
		code = ""
	}
	return answer{status: status, body: map[string]any{"error": map[string]any{"code": code, "message": message,
		"innerError": map[string]any{"date": s.clock.Now().Format("2006-01-02T15:04:05"), "request-id": "4f1d6a2c-0000-4000-8000-000000000000"}}}}
}

func (s *Server) notFound(id string) answer {
	return s.refuse(http.StatusNotFound, "Request_ResourceNotFound", "Resource '"+id+"' does not exist or one of its queried reference-property objects are not present.")
}

func (s *Server) bad(message string) answer {
	return s.refuse(http.StatusBadRequest, "Request_BadRequest", message)
}

// Limit sets how large a tenant the server's limits are for; Unlimited: there are none.
func (s *Server) Limit(size Size) { s.limits = published(size) }

// ServeHTTP answers a request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.Takes > 0 {
		_ = s.clock.Sleep(r.Context(), s.Takes)
	}
	s.mux.ServeHTTP(w, r)
}

// batchKey marks the requests of a batch.
type batchKey struct{}

// serve checks the credential and the limits, and answers by handle under the lock.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, handle func(*call) answer) {
	s.mu.Lock()
	defer s.mu.Unlock()

	now := s.clock.Now()
	c := &call{Request: r, seen: now.Add(-s.Lag), base: "https://" + r.Host + "/v1.0", hidesMade: s.HidesMade}
	if r.TLS == nil {
		c.base = "http://" + r.Host + "/v1.0"
	}
	units, writes := Cost(r.Method, strings.TrimPrefix(r.URL.Path, "/v1.0/"), r.URL.Query())

	a := s.refuse(http.StatusUnauthorized, "InvalidAuthenticationToken", "Access token is empty or invalid.")
	if r.Header.Get("Authorization") == "Bearer "+s.token {
		if wait := s.limits.take(now, units, writes); wait > 0 {
			a = s.refuse(http.StatusTooManyRequests, "TooManyRequests", "Please retry again later.")
			a.header = map[string]string{"Retry-After": fmt.Sprint(int((wait + time.Second - 1) / time.Second))}
		} else {
			a = handle(c)
		}
	}

	_, batched := r.Context().Value(batchKey{}).(bool)
	query, _ := url.QueryUnescape(r.URL.RawQuery)
	s.calls = append(s.calls, Call{At: now, Method: r.Method, Path: r.URL.Path, Query: query, Status: a.status, Batched: batched, Host: r.Host})

	w.Header().Set("x-ms-resource-unit", fmt.Sprint(units))
	for name, value := range a.header {
		w.Header().Set(name, value)
	}
	if a.body != nil {
		w.Header().Set("Content-Type", "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8")
	}
	w.WriteHeader(a.status)
	if a.body != nil {
		json.NewEncoder(w).Encode(a.body)
	}
}

// batched is one request of a batch.
type batched struct {
	ID      string            `json:"id"`
	Method  string            `json:"method"`
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers"`
	Body    json.RawMessage   `json:"body"`
}

// MaxBatch is how many requests a batch holds.
const MaxBatch = 20

// batch answers each request of a batch by itself, in another order than they came in.
func (s *Server) batch(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Requests []batched `json:"requests"`
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil || len(body.Requests) == 0 || len(body.Requests) > MaxBatch {
		w.WriteHeader(http.StatusBadRequest)
		json.NewEncoder(w).Encode(s.refuse(http.StatusBadRequest, "BadRequest", "Invalid batch payload format.").body)
		return
	}
	if r.Header.Get("Authorization") != "Bearer "+s.token {
		w.WriteHeader(http.StatusUnauthorized)
		json.NewEncoder(w).Encode(s.refuse(http.StatusUnauthorized, "InvalidAuthenticationToken", "Access token is empty or invalid.").body)
		return
	}

	var responses []map[string]any
	written := map[string]bool{}
	for _, one := range body.Requests {
		group := ""
		if parts := strings.Split(one.URL, "/"); one.Method != http.MethodGet && len(parts) > 2 && parts[1] == "groups" {
			group = parts[2]
		}
		inner, err := http.NewRequestWithContext(context.WithValue(r.Context(), batchKey{}, true), one.Method, "/v1.0"+one.URL, bytes.NewReader(one.Body))
		recorded := httptest.NewRecorder()
		switch {
		case err != nil:
			recorded.WriteHeader(http.StatusBadRequest)
		case s.BatchConflicts && group != "" && written[group]:
			recorded.Header().Set("Content-Type", "application/json")
			recorded.WriteHeader(http.StatusConflict)
			json.NewEncoder(recorded).Encode(s.refuse(http.StatusConflict, "Directory_ConcurrencyViolation", "Another change of the object is being made.").body)
		default:
			inner.Host, inner.TLS = r.Host, r.TLS
			inner.Header.Set("Authorization", r.Header.Get("Authorization"))
			for name, value := range one.Headers {
				inner.Header.Set(name, value)
			}
			s.mux.ServeHTTP(recorded, inner)
			written[group] = true
		}

		headers := map[string]string{}
		for name := range recorded.Header() {
			headers[name] = recorded.Header().Get(name)
		}
		response := map[string]any{"id": one.ID, "status": recorded.Code, "headers": headers}
		if recorded.Body.Len() > 0 {
			response["body"] = json.RawMessage(recorded.Body.Bytes())
		}
		responses = append(responses, response)
	}
	slices.Reverse(responses)
	json.NewEncoder(w).Encode(map[string]any{"responses": responses})
}

// issue answers at the token endpoint: client credentials with a secret, or an assertion.
func (s *Server) issue(w http.ResponseWriter, r *http.Request) {
	refuse := func(status int, code string) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		json.NewEncoder(w).Encode(map[string]any{"error": code, "error_description": "AADSTS7000215: sent was " + r.PostFormValue("client_secret")})
	}
	endpoint := "https://" + r.Host + r.URL.Path
	if r.TLS == nil {
		endpoint = "http://" + r.Host + r.URL.Path
	}
	switch {
	case r.ParseForm() != nil || r.PostForm.Get("grant_type") != "client_credentials" || r.URL.RawQuery != "":
		refuse(http.StatusBadRequest, "invalid_request")
		return
	case r.PostForm.Get("client_id") != ClientID || !strings.HasSuffix(r.PostForm.Get("scope"), "/.default"):
		refuse(http.StatusBadRequest, "unauthorized_client")
		return
	case s.Assertion != nil:
		const jwtBearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
		if r.PostForm.Get("client_assertion_type") != jwtBearer || s.Assertion(r.PostForm.Get("client_assertion"), endpoint) != nil {
			refuse(http.StatusUnauthorized, "invalid_client")
			return
		}
	case r.PostForm.Get("client_secret") != s.Secret:
		refuse(http.StatusUnauthorized, "invalid_client")
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, Call{At: s.clock.Now(), Method: r.Method, Path: r.URL.Path, Status: http.StatusOK, Host: r.Host})
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(map[string]any{"token_type": "Bearer", "expires_in": 3599, "ext_expires_in": 3599, "access_token": s.token})
}

// Revoke makes the tokens that were issued so far worthless.
func (s *Server) Revoke() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.token = "token-" + rand.Text()
}

// Token is the one that is good now, for tests that look for it where it may not be.
func (s *Server) Token() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.token
}

// Start serves on 127.0.0.1 until the test ends, and returns the address below which it is.
func (s *Server) Start(t testing.TB) *url.URL {
	t.Helper()
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	base, _ := url.Parse(server.URL + "/v1.0") // it wrote that URL itself
	return base
}

// Client returns a client that calls the server directly, whatever the address, so that it
// works in virtual time. It follows no redirects.
func (s *Server) Client() *http.Client {
	return &http.Client{Transport: direct{s}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// direct calls a handler without a network.
type direct struct{ to http.Handler }

// RoundTrip returns the handler's answer.
func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	asked := r.Clone(r.Context())
	asked.Body = io.NopCloser(bytes.NewReader(nil))
	if r.Body != nil {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		asked.Body = io.NopCloser(bytes.NewReader(body))
		r.Body.Close()
	}
	asked.Host = r.URL.Host
	w := httptest.NewRecorder()
	d.to.ServeHTTP(w, asked)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	response := w.Result()
	response.Request = r
	return response, nil
}

// Calls returns the requests with the method, or all, those of batches each by itself.
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

// Harm lists what was done that no connector may do, such as the deletion of an account.
func (s *Server) Harm() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.harm)
}
