package sharepointserver

import (
	"bytes"
	"crypto/ecdsa"
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
	ClientID = "0a0a0a0a-0000-4000-8000-000000000003"
)

// Server is a documented SharePoint server, with the token endpoint of its tenant at
// /{tenant}/oauth2/v2.0/token. It is safe for concurrent use.
type Server struct {
	Character
	Takes time.Duration // that a call takes, on the server's clock
	// Selected: the application has Sites.Selected, and is given these sites alone, by their paths.
	Selected []string

	clock       clock.Clock
	units       window
	key         *ecdsa.PrivateKey
	certificate []byte

	mu    sync.Mutex
	token string
	users []*User
	sites []*Site
	calls []Call
	harm  []string // what was done that nobody may do
}

// User is an account of the tenant.
type User struct {
	UPN, Mail string
	deleted   bool
}

// Login is how SharePoint names an account.
func (u *User) Login() string { return claim + strings.ToLower(u.UPN) }

const claim = "i:0#.f|membership|"

// Call is one request, and how it was answered.
type Call struct {
	At     time.Time
	Method string
	Path   string
	Query  string // decoded
	Agent  string
	Status int
	Host   string
}

// New returns a server with a root site.
func New(c Character, by clock.Clock) *Server {
	s := &Server{Character: c, clock: by, units: window{most: MaxUnits, length: UnitWindow}, token: "token-" + rand.Text()}
	s.key, s.certificate = newCertificate()
	s.AddSite(Site{Title: "Contoso"})
	return s
}

// call is one request on its way.
type call struct {
	*http.Request
	seen  time.Time // reads show what was there then
	host  string    // scheme and host
	site  *Site
	rest  string // below _api/
	query url.Values
}

// answer is what the server says.
type answer struct {
	status int
	body   any // nil: none
	header map[string]string
	plain  string // in place of a body
}

func ok(body any) answer { return answer{status: http.StatusOK, body: body} }

// refuse is a refusal in the form of SharePoint's errors.
func (s *Server) refuse(status int, code, message string) answer {
	if s.OtherWords {
		message = "Das geht so nicht."
	}
	name := "odata.error"
	if s.Verbose {
		name = "error"
	}
	return answer{status: status, body: map[string]any{name: map[string]any{"code": code, "message": map[string]string{"lang": "en-US", "value": message}}}}
}

func (s *Server) failed(status int, message string) answer {
	return s.refuse(status, "-2146232832, Microsoft.SharePoint.SPException", message)
}

func (s *Server) denied() answer {
	return s.refuse(http.StatusForbidden, "-2147024891, System.UnauthorizedAccessException", "Attempted to perform an unauthorized operation.")
}

// Unlimited takes the limits away.
func (s *Server) Unlimited() { s.units = window{} }

// ServeHTTP answers a request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.Takes > 0 {
		_ = s.clock.Sleep(r.Context(), s.Takes)
	}
	if r.URL.Path == "/"+Tenant+"/oauth2/v2.0/token" {
		s.issue(w, r)
		return
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock.Now()
	c := &call{Request: r, seen: now.Add(-s.Lag), host: hostOf(r), query: r.URL.Query()}
	a := s.answer(c, now)

	query, _ := url.QueryUnescape(r.URL.RawQuery)
	s.calls = append(s.calls, Call{At: now, Method: r.Method, Path: r.URL.Path, Query: query, Agent: r.UserAgent(), Status: a.status, Host: r.Host})
	write(w, r, a, s.BareErrors)
}

func hostOf(r *http.Request) string {
	if r.TLS == nil && r.URL.Scheme != "https" {
		return "http://" + r.Host
	}
	return "https://" + r.Host
}

// answer checks the token, the limits and the site, and answers.
func (s *Server) answer(c *call, now time.Time) answer {
	if c.Header.Get("Authorization") != "Bearer "+s.token {
		return answer{status: http.StatusUnauthorized, body: map[string]string{"error_description": "Invalid JWT token. The token is not yet valid, or is expired."}}
	}
	site, rest, is := strings.Cut(c.URL.EscapedPath(), "/_api/")
	if !is {
		return answer{status: http.StatusOK, plain: "<html>a page of the site</html>", header: map[string]string{"Content-Type": "text/html"}}
	}
	site, _ = url.PathUnescape(site)
	c.rest, _ = url.PathUnescape(rest)

	if wait := s.units.take(now, Cost(c.Method, c.rest)); wait > 0 {
		a := s.refuse(http.StatusTooManyRequests, "-2147024860, Microsoft.SharePoint.SPQueryThrottledException", "The request has been throttled.")
		if s.Busy {
			a = answer{status: http.StatusServiceUnavailable, plain: "Server Too Busy"}
		}
		a.header = map[string]string{"Retry-After": fmt.Sprint(int((wait + time.Second - 1) / time.Second))}
		return a
	}

	for _, at := range s.sites {
		if strings.EqualFold(at.Path, site) && !at.deleted {
			c.site = at
		}
	}
	switch {
	case c.site == nil:
		return answer{status: http.StatusNotFound, plain: "404 FILE NOT FOUND"}
	case s.Selected != nil && !slices.Contains(s.Selected, c.site.Path):
		return s.denied()
	}
	return s.route(c)
}

// write writes an answer in the form that is accepted.
func write(w http.ResponseWriter, r *http.Request, a answer, bare bool) {
	if !bare {
		w.Header().Set("MicrosoftSharePointTeamServices", "16.0.0.25722")
		w.Header().Set("SPRequestGuid", "4f1d6a2c-0000-4000-8000-000000000000")
	}
	accepted := r.Header.Get("Accept")
	switch {
	case a.body == nil:
	case !strings.Contains(accepted, "json"):
		w.Header().Set("Content-Type", "application/atom+xml;type=entry;charset=utf-8")
		a.plain = `<?xml version="1.0" encoding="utf-8"?><entry xmlns="http://www.w3.org/2005/Atom"/>`
	case a.status < 300 && !strings.Contains(accepted, "odata=nometadata"):
		a.body = map[string]any{"d": a.body}
		fallthrough
	default:
		w.Header().Set("Content-Type", "application/json;odata=nometadata;streaming=true;charset=utf-8")
	}
	for name, value := range a.header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(a.status)
	switch {
	case a.plain != "":
		io.WriteString(w, a.plain)
	case a.body != nil:
		json.NewEncoder(w).Encode(a.body)
	}
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

// Start serves on 127.0.0.1 until the test ends, and returns the address of the root site.
func (s *Server) Start(t testing.TB) *url.URL {
	t.Helper()
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	base, _ := url.Parse(server.URL) // it wrote that URL itself
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

// Calls returns the requests with the method, or all.
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

// Harm lists what was done that no connector may do, such as taking somebody out of a whole site.
func (s *Server) Harm() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.harm)
}
