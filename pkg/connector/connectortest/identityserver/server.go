package identityserver

import (
	"context"
	"crypto/rand"
	"encoding/hex"
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

	"github.com/aws/aws-sdk-go-v2/aws"

	"leasehold/pkg/clock"
	"leasehold/pkg/connector"
)

// What a server is of.
const (
	Instance = "ssoins-7223abcdef012345"
	Store    = "d-9967012345"
	Role     = "arn:aws:iam::111122223333:role/LeaseholdIdentityCenter"
	Issuer   = "https://scim.aws.com/9967012345"

	instanceARN = "arn:aws:sso:::instance/" + Instance
)

// temporary begins the access keys that are given for a role. Those of a function are as a rule given for its
// role too and begin the same, so that only the server tells which it gave.
const temporary = "ASIA"

// Own are the credentials of the function that assumes the role.
var Own = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: "AKIAOWNKEYOFFUNCTION", SecretAccessKey: "secret of the function"}, nil
})

// Server is a documented IAM Identity Center. It is safe for concurrent use.
type Server struct {
	Character
	ExternalID string // for which the role may be assumed
	clock      clock.Clock

	mu       sync.Mutex
	assumed  map[string]string // session tokens by access key
	given    map[string]bool   // every access key that was ever given, revoked ones too
	users    []*User
	groups   []*Group
	sets     []PermissionSet
	accounts []Account
	held     []*held
	jobs     []*job
	calls    []Call
	harm     []string
}

// User, Group, PermissionSet and Account are what an instance knows.
type User struct {
	ID, UserName, Mail string
	External           []string  // ids, each as issuer and id with a blank between
	Type               string    // userType
	Disabled           bool      // at the console
	shown              time.Time // from when on it is
	hidden             bool      // whether it is disabled is not shown
	deleted            bool
}

// Group is a group of the identity store.
type Group struct {
	ID, Name string
	Synced   bool // by an identity provider
	deleted  bool
}

// PermissionSet is what can be assigned on an account.
type PermissionSet struct{ ARN, Name string }

// Account is one of the organization's.
type Account struct {
	ID, Name  string
	Suspended bool
}

// held is a membership, or an assignment, with the times between which it was one.
type held struct {
	id, of, who string
	group       bool // who is a group
	from, to    time.Time
}

// job is a change of an assignment that was accepted.
type job struct {
	id, of, who string
	grant       bool
	due         time.Time
	failed      string
	over        bool
}

// Call is one request, and how it was answered.
type Call struct {
	At     time.Time
	Action string
	Status int
	Body   string
}

// New returns an empty server.
func New(c Character, by clock.Clock) *Server {
	return &Server{Character: c, ExternalID: "external-" + rand.Text(), clock: by, assumed: map[string]string{}, given: map[string]bool{}}
}

// Start serves on the loopback interface until the test ends, and returns the address that a
// connector is registered with.
func (s *Server) Start(t *testing.T) *url.URL {
	t.Helper()
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	u, _ := url.Parse(server.URL) // it wrote that URL itself
	u.Path = "/" + Instance + "/" + Store + "/" + Role
	return u
}

func newID() string {
	b := make([]byte, 16)
	rand.Read(b) // never fails
	h := hex.EncodeToString(b)
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// storeID is an id as Identity Store writes most: with ten digits in front.
func storeID() string { return strings.TrimPrefix(Store, "d-") + "-" + newID() }

// AddUser, AddGroup, AddSet and AddAccount put something there and return its id.
func (s *Server) AddUser(u User) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u.ID == "" {
		u.ID = storeID()
	}
	s.users = append(s.users, &u)
	return u.ID
}

// AddGroup makes a group.
func (s *Server) AddGroup(g Group) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	g.ID = newID() // some are written without the ten digits
	s.groups = append(s.groups, &g)
	return g.ID
}

// AddSet makes a permission set.
func (s *Server) AddSet(name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := PermissionSet{ARN: "arn:aws:sso:::permissionSet/" + Instance + "/ps-" + newID()[:8] + newID()[:8], Name: name}
	s.sets = append(s.sets, p)
	return p.ARN
}

// AddAccount makes an account.
func (s *Server) AddAccount(a Account) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.accounts = append(s.accounts, a)
	return a.ID
}

// DeleteUser takes a user away, with the memberships and assignments.
func (s *Server) DeleteUser(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock.Now()
	for _, u := range s.users {
		u.deleted = u.deleted || u.ID == id
	}
	for _, h := range s.held {
		if h.who == id && h.to.IsZero() {
			h.to = now
		}
	}
}

// DeleteGroup takes a group away.
func (s *Server) DeleteGroup(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range s.groups {
		g.deleted = g.deleted || g.ID == id
	}
}

// OfAccount is what a permission set on an account is held under.
func OfAccount(account, set string) string { return account + " " + set }

// Put makes, or ends, by hand what somebody holds of a group or of OfAccount.
func (s *Server) Put(of, who string, there bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if there {
		s.held = append(s.held, &held{id: newID(), of: of, who: who, from: s.clock.Now()})
		return
	}
	s.end(of, who, s.clock.Now())
}

// PutGroup assigns to a group.
func (s *Server) PutGroup(of, group string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held = append(s.held, &held{id: newID(), of: of, who: group, group: true, from: s.clock.Now()})
}

// Held returns the people who hold a role now, as the server stores it, duplicates included.
func (s *Server) Held(of string) (who []connector.PrincipalRef) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.work()
	for _, h := range s.held {
		if h.of == of && h.to.IsZero() && !h.group {
			who = append(who, connector.PrincipalRef(h.who))
		}
	}
	return who
}

// Calls returns what was called, and Harm what was done that nobody may do.
func (s *Server) Calls() []Call { s.mu.Lock(); defer s.mu.Unlock(); return slices.Clone(s.calls) }

// Harm returns what was done that nobody may do.
func (s *Server) Harm() []string { s.mu.Lock(); defer s.mu.Unlock(); return slices.Clone(s.harm) }

// Count returns how often an action was called.
func (s *Server) Count(action string) (n int) {
	for _, c := range s.Calls() {
		if c.Action == action {
			n++
		}
	}
	return n
}

func (s *Server) end(of, who string, at time.Time) {
	for _, h := range s.held {
		if h.of == of && h.who == who && h.to.IsZero() {
			h.to = at
		}
	}
}

func (s *Server) holds(of, who string, at time.Time) *held {
	for _, h := range s.held {
		if h.of == of && h.who == who && !h.from.After(at) && (h.to.IsZero() || h.to.After(at)) {
			return h
		}
	}
	return nil
}

// work makes the assignments that are due.
func (s *Server) work() {
	now := s.clock.Now()
	for _, j := range s.jobs {
		if j.over || j.due.After(now) {
			continue
		}
		j.over = true
		switch {
		case j.failed != "":
		case !j.grant:
			s.end(j.of, j.who, j.due)
		case s.holds(j.of, j.who, now) == nil:
			s.held = append(s.held, &held{id: newID(), of: j.of, who: j.who, from: j.due})
		}
	}
}

// running returns the job that is under way for somebody.
func (s *Server) running(of, who string) *job {
	for _, j := range s.jobs {
		if j.of == of && j.who == who && !j.over {
			return j
		}
	}
	return nil
}

// refusal is an error in AWS's form.
type refusal struct {
	status             int
	code, reason, what string
	why                string
}

func fail(code, why string) *refusal { return &refusal{status: 400, code: code, why: why} }

func missing(what string) *refusal {
	return &refusal{status: 400, code: "ResourceNotFoundException", what: what, why: what + " not found."}
}

// ServeHTTP answers one call.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.work()

	action := r.Header.Get("X-Amz-Target")
	_, action, _ = strings.Cut(action, ".")
	if action == "" {
		s.assume(w, r, string(body))
		return
	}

	status, answer := 200, any(nil)
	key := signedBy(r)
	said, failed := map[string]any(nil), (*refusal)(nil)
	switch {
	case !s.given[key]:
		s.harm = append(s.harm, "called "+action+" as the function itself")
		failed = fail("AccessDeniedException", "not authorized")
	case s.assumed[key] == "" || r.Header.Get("X-Amz-Security-Token") != s.assumed[key]:
		failed = fail("UnrecognizedClientException", "The security token included in the request is invalid.")
	default:
		var in input
		if err := json.Unmarshal(body, &in); err != nil {
			failed = fail("SerializationException", "")
			break
		}
		do := actions[action]
		if do == nil {
			failed = fail("UnknownOperationException", "")
			break
		}
		said, failed = do(s, in)
	}
	answer = said
	if failed != nil {
		status = failed.status
		text := map[string]any{"__type": "com.amazonaws.service#" + failed.code, "Message": failed.why}
		if !s.NoReasons && failed.reason != "" {
			text["Reason"] = failed.reason
		}
		if !s.NoReasons && failed.what != "" {
			text["ResourceType"] = failed.what
		}
		answer = text
	}
	s.calls = append(s.calls, Call{At: s.clock.Now(), Action: action, Status: status, Body: string(body)})
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(answer)
}

// signedBy returns the access key that signed a request.
func signedBy(r *http.Request) string {
	_, rest, _ := strings.Cut(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential=")
	key, _, _ := strings.Cut(rest, "/")
	return key
}

// assume is STS's AssumeRole, in its XML.
func (s *Server) assume(w http.ResponseWriter, r *http.Request, body string) {
	form, _ := url.ParseQuery(body)
	status := 200
	defer func() { s.calls = append(s.calls, Call{At: s.clock.Now(), Action: form.Get("Action"), Status: status}) }()
	w.Header().Set("Content-Type", "text/xml")
	if form.Get("Action") != "AssumeRole" || s.given[signedBy(r)] || form.Get("RoleArn") != Role || form.Get("ExternalId") != s.ExternalID || form.Get("RoleSessionName") == "" {
		status = 403
		w.WriteHeader(status)
		fmt.Fprint(w, `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not authorized to perform: sts:AssumeRole</Message></Error><RequestId>1</RequestId></ErrorResponse>`)
		return
	}
	key, token := temporary+rand.Text()[:16], rand.Text()
	s.assumed[key], s.given[key] = token, true
	// By the wall clock, as the signatures are.
	fmt.Fprintf(w, `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><AssumedRoleUser><Arn>x</Arn><AssumedRoleId>y</AssumedRoleId></AssumedRoleUser><Credentials><AccessKeyId>%s</AccessKeyId><SecretAccessKey>%s</SecretAccessKey><SessionToken>%s</SessionToken><Expiration>%s</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`,
		key, rand.Text(), token, time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
}

// Revoke makes credentials that were given for the role worthless.
func (s *Server) Revoke() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.assumed = map[string]string{}
}
