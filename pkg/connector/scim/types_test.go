package scim

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/connectortest"
	"leasehold/pkg/entitlement"
)

// checked opens the server as it is opened once its check is kept.
func (s server) checked() *Connector {
	s.t.Helper()
	cfg := entitlement.ConnectorConfig{CorrelationKeys: []string{"userName"}}
	if cfg.Check = s.openAs(cfg).Survey(s.t.Context()); cfg.Check.Error != "" {
		s.t.Fatal(cfg.Check.Error)
	}
	return s.openAs(cfg)
}

// A server says where it has its accounts and groups, and is asked there (RFC 7643, 6).
func TestAServerIsAskedWhereItSaysThatItHasThings(t *testing.T) {
	s := serverOf(t, connectortest.Character{Elsewhere: true})
	ann, group := s.people(1)[0], s.AddGroup()
	c := s.checked()

	if r, err := c.Resource(t.Context(), group); err != nil || r.OriginID != group {
		t.Fatalf("%+v, %v", r, err)
	}
	if _, err := c.Apply(t.Context(), roleOf(group), grants(ann)); err != nil || !slices.Equal(s.members(group), []string{ann}) {
		t.Fatalf("members are %v, %v", s.members(group), err)
	}
	if got := told(t, c, group, "members", ann); got != "+" {
		t.Errorf("told %s of a member", got)
	}
	for _, call := range append(s.asked(http.MethodGet), s.asked(http.MethodPatch)...) {
		if strings.Contains(call, "/Users/") || strings.Contains(call, "/Groups/") {
			t.Errorf("asked %s", call)
		}
	}
}

// A server that has no groups offers its applications alone, and refuses a group with the reason.
func TestAServerWithoutGroupsOffersNoneAndRefusesThemWithTheReason(t *testing.T) {
	s := serverOf(t, connectortest.Character{NoGroups: true})
	s.people(1)
	c := s.checked()
	if ids, _ := allOffers(t, c, 10); len(ids) > 0 {
		t.Errorf("offered are %v", ids)
	}
	_, err := c.Resource(t.Context(), "g1")
	wantReason(t, err, connector.RefusedByTarget)
	if !strings.Contains(entitlement.MessageOf(err)+connector.RefusalOf(err).Detail, "no groups") {
		t.Errorf("it is refused with %v", err)
	}
	if _, err := c.Apply(t.Context(), roleOf("g1"), grants("u1")); err == nil {
		t.Error("a change of a group was sent")
	}
	if calls := s.asked(http.MethodPatch); len(calls) > 0 {
		t.Errorf("sent were %v", calls)
	}
}

// What a server says of its endpoints leads nowhere but below its own address.
func TestA19_NoEndpointLeadsElsewhere(t *testing.T) {
	for endpoint, want := range map[string]string{
		"/People": "/People", "People": "/People", "/v2/People": "/People", "%s/People": "/People", "/a/b": "/a/b", "/People/": "/People",
		"https://evil.example/Users": "", "//evil.example/Users": "", "/../admin": "", "/Users/..": "", "/Users?count=1": "", "/Users#x": "", "/Users/%2e%2e": "",
		"": "", "/": "", "/" + strings.Repeat("x", 300): "", "/Us\ners": "", "/Users at /Groups": "", "@evil.example/Users": "",
	} {
		var at string
		c := openHandler(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/v2/ResourceTypes" {
				shown := endpoint
				if strings.Contains(shown, "%s") {
					shown = fmt.Sprintf(shown, at)
				}
				answerList(w, []map[string]any{{"name": "User", "schema": schemaUser, "endpoint": shown}})
				return
			}
			if want != "" && r.URL.Path == "/v2"+want {
				answerList(w, nil)
				return
			}
			refuse(w, http.StatusNotFound, "")
		})
		at = c.base
		found := c.Survey(t.Context())
		i := slices.IndexFunc(found.Features, func(f string) bool { return strings.HasPrefix(f, typeMark) })
		if got := endpointsOf(found.Features).users; want == "" && i >= 0 || want != "" && got != want {
			t.Errorf("%q leads to %q, want %q: %v", endpoint, got, want, found.Features)
		}
	}
}

// One that names no groups and shows some is believed by what it shows.
func TestWhatAServerShowsCountsMoreThanWhatItNames(t *testing.T) {
	c := openHandler(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/v2/ResourceTypes":
			answerList(w, []map[string]any{{"name": "User", "schema": schemaUser, "endpoint": "/Users"}})
		case "/v2/Groups":
			answerList(w, groupsNamed(0, 1))
		default:
			refuse(w, http.StatusNotFound, "")
		}
	})
	if found := c.Survey(t.Context()); endpointsOf(found.Features).noGroups {
		t.Errorf("found are %v", found.Features)
	}
}

// What is said at /ResourceTypes in another form, or not by the server, or of a path that leads
// nowhere from outside, leaves a server as most are.
func TestAServerIsAsMostAreWhereNothingElseIsKnown(t *testing.T) {
	user, group := fmt.Sprintf(`{"schema":%q,"endpoint":"/People"}`, schemaUser), fmt.Sprintf(`{"schema":%q,"endpoint":"/Teams"}`, schemaGroup)
	of := func(texts ...string) string {
		return `{"totalResults":2,"Resources":[` + strings.Join(texts, ",") + `]}`
	}
	elsewhere := endpoints{users: "/People", groups: "/Teams"}

	for name, c := range map[string]struct {
		says  string
		lists []string // the paths that there are
		want  endpoints
	}{
		"a list":                          {of(user, group), []string{"/People", "/Teams"}, elsewhere},
		"the types alone":                 {"[" + user + "," + group + "]", []string{"/People", "/Teams"}, elsewhere},
		"something else":                  {`"types"`, []string{"/Users", "/Groups"}, usually},
		"a page for people":               {"<html>", []string{"/Users", "/Groups"}, usually},
		"nothing in SCIM's form":          {"", []string{"/Users", "/Groups"}, usually},
		"paths of a server behind others": {of(user, group), []string{"/Users", "/Groups"}, usually},
		"groups that are at another host": {of(user, strings.Replace(group, "/Teams", "https://evil.example/Teams", 1)), []string{"/People"}, endpoints{users: "/People", groups: "/Groups"}},
		"no groups":                       {of(user), []string{"/People"}, endpoints{users: "/People", groups: "/Groups", noGroups: true}},
	} {
		t.Run(name, func(t *testing.T) {
			conn := openHandler(t, func(w http.ResponseWriter, r *http.Request) {
				path := strings.TrimPrefix(r.URL.Path, "/v2")
				switch {
				case path == "/ResourceTypes" && c.says == "":
					http.NotFound(w, r)
				case path == "/ResourceTypes":
					w.Write([]byte(c.says))
				case slices.Contains(c.lists, path):
					answerList(w, nil)
				default:
					refuse(w, http.StatusNotFound, "")
				}
			})
			found := conn.Survey(t.Context())
			if got := endpointsOf(found.Features); got != c.want || found.Error != "" {
				t.Errorf("got %+v of %v, want %+v; %s", got, found.Features, c.want, found.Error)
			}
		})
	}
}

// A look that is cut short leaves the server where it was known to be.
func TestALookThatIsCutShortForgetsNoEndpoint(t *testing.T) {
	s := serverOf(t, connectortest.Character{Elsewhere: true})
	s.people(1)
	known := s.checked()

	for _, broken := range []string{"/v2/ServiceProviderConfig", "/v2/ResourceTypes", "/v2/Teams"} {
		c := openHandler(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == broken {
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			s.ServeHTTP(w, r)
		})
		c.check = known.check
		found := c.Survey(t.Context())
		if kept := found.After(known.check); found.Error == "" || endpointsOf(kept.Features) != known.at {
			t.Errorf("%s: kept are %v, %q", broken, kept.Features, found.Error)
		}
	}
}
