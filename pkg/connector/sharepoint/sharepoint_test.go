package sharepoint_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"leasehold/pkg/clock"
	"leasehold/pkg/connector"
	"leasehold/pkg/connector/connectortest/sharepointserver"
	"leasehold/pkg/connector/sharepoint"
	"leasehold/pkg/entitlement"
)

const contoso = "contoso.sharepoint.com"

// tenant is a documented server that is called directly, at an address of SharePoint Online.
type tenant struct {
	*sharepointserver.Server
	t     *testing.T
	clock *clock.Virtual
	cfg   entitlement.ConnectorConfig
}

func newTenant(t *testing.T, character sharepointserver.Character) *tenant {
	now := clock.NewVirtual(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC))
	s := sharepointserver.New(character, now)
	s.AddSite(sharepointserver.Site{Path: sales, Title: "Sales"})
	return &tenant{s, t, now, entitlement.ConnectorConfig{URL: "https://" + contoso, CorrelationKeys: []string{"userName", "mail"}}}
}

func (s *tenant) connect() *sharepoint.Connector {
	s.t.Helper()
	c, err := sharepoint.Factory(s.Client(), false)(s.cfg, s.Credential(""))
	if err != nil {
		s.t.Fatal(err)
	}
	return c.(*sharepoint.Connector)
}

// presences asks for one person by every way.
func (s *tenant) presences(c *sharepoint.Connector, role entitlement.RoleRef, who string) (told []entitlement.Presence) {
	s.t.Helper()
	for _, way := range c.Describe().Ways {
		p, err := c.Check(s.t.Context(), role, way, []connector.PrincipalRef{connector.PrincipalRef(who)})
		if err != nil {
			s.t.Fatalf("%s: %v", way, err)
		}
		told = append(told, p...)
	}
	return told
}

// A secret is refused with the reason, and so is what belongs to no tenant of SharePoint. Nothing
// of a credential is repeated.
func TestACredentialIsACertificateAndNeverASecret(t *testing.T) {
	s := newTenant(t, sharepointserver.Named("as documented"))
	open := sharepoint.Factory(s.Client(), false)
	var good map[string]string
	if err := json.Unmarshal([]byte(s.Credential("")), &good); err != nil {
		t.Fatal(err)
	}
	with := func(name, value string) string {
		c := map[string]string{}
		for k, v := range good {
			c[k] = v
		}
		c[name] = value
		text, _ := json.Marshal(c)
		return string(text)
	}
	for credential, why := range map[string]string{
		with("clientSecret", "hush"):                  "refuses applications that sign in by a secret",
		with("privateKey", "hush"):                    "certificate and privateKey",
		with("certificate", ""):                       "certificate and privateKey",
		with("tenantId", "hush"):                      "tenantId must be a UUID",
		with("federatedToken", "hush"):                "one line of JSON",
		with("authority", "https://hush.example.com"): "leave it out",
		"hush": "one line of JSON",
		`{"tenantId":"hush","clientSecret":"hush"}`: "refuses applications that sign in by a secret",
	} {
		_, err := open(s.cfg, credential)
		if entitlement.KindOf(err) != entitlement.Invalid || !strings.Contains(err.Error(), why) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%v, want %q", err, why)
		}
	}
	for _, address := range []string{"https://example.com", "https://contoso.sharepoint.com.example.com", "https://sharepoint.com", "https://contoso.sharepoint.com/sites/a/_api", "https://contoso.sharepoint.com/sites/../b"} {
		cfg := s.cfg
		cfg.URL = address
		if _, err := open(cfg, s.Credential("")); entitlement.KindOf(err) != entitlement.Invalid {
			t.Errorf("%s: %v", address, err)
		}
	}
	if _, err := open(s.cfg, s.Credential("")); err != nil {
		t.Error(err)
	}
	if _, err := open(s.cfg, "kept"); err != nil {
		t.Errorf("a registration whose credential is kept: %v", err)
	}
}

// What would have no effect is refused.
func TestSettingsWithoutEffectAreRefused(t *testing.T) {
	s := newTenant(t, sharepointserver.Named("as documented"))
	for name, set := range map[string]func(*entitlement.ConnectorConfig){
		"accounts":      func(c *entitlement.ConnectorConfig) { c.MakeAccounts = true },
		"accountsAtEnd": func(c *entitlement.ConnectorConfig) { c.DeleteAccounts = true },
		"invitations":   func(c *entitlement.ConnectorConfig) { c.InviteEverybody = true },
		"removalForm":   func(c *entitlement.ConnectorConfig) { c.ValueListRemoval = true },
		"roleValues":    func(c *entitlement.ConnectorConfig) { c.RoleValues = []string{"clerk"} },
		"no keys":       func(c *entitlement.ConnectorConfig) { c.CorrelationKeys = nil },
		"externalId":    func(c *entitlement.ConnectorConfig) { c.CorrelationKeys = []string{"externalId"} },
	} {
		cfg := s.cfg
		set(&cfg)
		if _, err := sharepoint.Factory(s.Client(), false)(cfg, s.Credential("")); entitlement.KindOf(err) != entitlement.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A token is for SharePoint's host, is kept, and is sent nowhere else; one that is not taken any more is
// fetched once anew.
func TestATokenIsForTheHostOfTheTenantAlone(t *testing.T) {
	s := newTenant(t, sharepointserver.Named("as documented"))
	s.AddUser(sharepointserver.User{UPN: "ann@contoso.com"})
	c := s.connect()
	for range 3 {
		if _, err := c.Resource(t.Context(), "https://"+contoso+sales); err != nil {
			t.Fatal(err)
		}
	}
	s.Revoke()
	if _, err := c.Resource(t.Context(), "https://"+contoso+sales); err != nil {
		t.Fatal(err)
	}

	asked := 0
	for _, call := range s.Calls("") {
		want := contoso
		if strings.HasSuffix(call.Path, "/token") {
			asked++
			want = "login.microsoftonline.com"
			if call.Query != "https://"+contoso+"/.default" {
				t.Errorf("a token was asked for of %s", call.Query)
			}
		} else if call.Agent != "NONISV|Leasehold|Leasehold/1.0" {
			t.Errorf("the application calls itself %q", call.Agent)
		}
		if call.Host != want {
			t.Errorf("%s was asked of %s", call.Path, call.Host)
		}
	}
	if asked != 2 {
		t.Errorf("a token was asked for %d times, want 2", asked)
	}
}

// A resource is named by whoever owns a catalog: whatever they name, the token goes to the host of
// the tenant, and to the addresses of sites there.
func TestA19_AnAddressElsewhereGetsNoToken(t *testing.T) {
	s := newTenant(t, sharepointserver.Named("as documented"))
	c := s.connect()
	for _, site := range []string{"https://evil.example.com/sites/sales", "https://contoso.sharepoint.com.example.com", "https://contoso-my.sharepoint.com/personal/ann", "https://ann@contoso.sharepoint.com/sites/sales",
		"http://contoso.sharepoint.com/sites/sales", "https://contoso.sharepoint.com/sites/sales/_api/web", "https://contoso.sharepoint.com/sites/../_layouts", "https://contoso.sharepoint.com/sites/sales?x=y", "https://contoso.sharepoint.com/sites%2fsales",
		"https://contoso.sharepoint.com//sites", "https://contoso.sharepoint.com/sites/a'b", "/sites/sales", "", "sales"} {
		role := entitlement.RoleRef{Connector: at, Resource: site, Role: "4"}
		_, err := c.Resource(t.Context(), site)
		_, err2 := c.Check(t.Context(), role, sharepoint.WayList, []connector.PrincipalRef{login + "ann@contoso.com"})
		_, err3 := c.Apply(t.Context(), role, []connector.Op{{Grant: true, Principal: login + "ann@contoso.com"}})
		for _, err := range []error{err, err2, err3} {
			if entitlement.KindOf(err) != entitlement.Invalid {
				t.Errorf("%q: %v", site, err)
			}
		}
	}
	if calls := s.Calls(""); len(calls) > 0 {
		t.Errorf("asked was %v", calls)
	}
}

// The roles of a site are its groups, but for those that SharePoint makes for itself.
func TestR9_ASiteOffersItsGroups(t *testing.T) {
	s := newTenant(t, sharepointserver.Named("as documented"))
	c := s.connect()
	r, err := c.Resource(t.Context(), "https://CONTOSO.sharepoint.com/Sites/Sales/")
	if err != nil {
		t.Fatal(err)
	}
	want := []connector.Role{{OriginID: "3", DisplayName: "Sales Owners"}, {OriginID: "4", DisplayName: "Sales Members"}, {OriginID: "5", DisplayName: "Sales Visitors"}}
	if r.OriginID != "https://"+contoso+sales || r.DisplayName != "Sales" || !slices.Equal(r.Roles, want) {
		t.Errorf("got %+v", r)
	}
	if r, err := c.Resource(t.Context(), "https://"+contoso); err != nil || len(r.Roles) != 3 {
		t.Errorf("the root site: %+v, %v", r, err)
	}
	for i := range 2500 {
		s.AddGroup(sales, fmt.Sprint("Group ", i))
	}
	if r, err := c.Resource(t.Context(), "https://"+contoso+sales); err != nil || len(r.Roles) != 2503 {
		t.Errorf("a site of many groups: %d, %v", len(r.Roles), err)
	}
}

// A role is given to people alone: never to everyone, to a group or to an application.
func TestOnlyPeopleArePutIntoGroups(t *testing.T) {
	s := newTenant(t, sharepointserver.Named("takes any login name"))
	c := s.connect()
	for _, p := range []connector.PrincipalRef{"c:0(.s|true", "c:0t.c|tenant|4f1d6a2c-0000-4000-8000-000000000000", "i:0i.t|ms.sp.ext|app@tenant", "ann@contoso.com", "i:0#.f|membership|", "i:0#.f|membership|a|b"} {
		results, err := c.Apply(t.Context(), roleOf(contoso, sales, 4), []connector.Op{{Grant: true, Principal: p}})
		if err != nil || results[0].Err == nil || results[0].Err.Reason != connector.PrincipalMissing {
			t.Errorf("%s: %+v, %v", p, results, err)
		}
	}
	if calls := s.Calls(http.MethodPost); len(calls) > 0 {
		t.Errorf("asked was %v", calls)
	}
}

// Whether adding again, or removing who is not there, is refused or not, and by whichever status
// and words: things are as wanted. Somebody whom the tenant does not know is missing.
func TestF43_WhatIsSoAlreadyIsNoRefusal(t *testing.T) {
	for _, name := range []string{"as documented", "refuses a member twice by 400", "refuses a member twice by 500", "speaks another language", "verbose errors", "no filters on members", "an empty list of members", "hides members"} {
		s := newTenant(t, sharepointserver.Named(name))
		ann, bob := s.AddUser(sharepointserver.User{UPN: "ann@contoso.com"}), s.AddUser(sharepointserver.User{UPN: "bob@contoso.com"})
		s.Put(sales, 4, ann, true)
		c := s.connect()
		for _, o := range []connector.Op{{Grant: true, Principal: connector.PrincipalRef(ann)}, {Principal: connector.PrincipalRef(bob)}} {
			if results, err := c.Apply(t.Context(), roleOf(contoso, sales, 4), []connector.Op{o}); err != nil || results[0].Err != nil {
				t.Errorf("%s: %+v: %+v, %v", name, o, results, err)
			}
		}
		ghost := connector.Op{Grant: true, Principal: login + "nobody@contoso.com"}
		if results, err := c.Apply(t.Context(), roleOf(contoso, sales, 4), []connector.Op{ghost}); err != nil || results[0].Err == nil || results[0].Err.Reason != connector.PrincipalMissing || !results[0].Err.Permanent {
			t.Errorf("%s: of nobody: %+v, %v", name, results, err)
		}
		if got := s.Members(sales, 4); len(got) != 1 {
			t.Errorf("%s: members are %v", name, got)
		}
		if harm := s.Harm(); len(harm) > 0 {
			t.Errorf("%s: %v", name, harm)
		}
	}
}

// People are looked up without a trace: nobody is put into the list of a site's users who got no
// role there.
func TestLookingPeopleUpPutsNobodyIntoASite(t *testing.T) {
	s := newTenant(t, sharepointserver.Named("as documented"))
	ann := s.AddUser(sharepointserver.User{UPN: "Ann@contoso.com", Mail: "ann.smith@contoso.com"})
	guest := s.AddUser(sharepointserver.User{UPN: "gus_example.com#EXT#@contoso.onmicrosoft.com", Mail: "gus@example.com"})
	s.AddUser(sharepointserver.User{UPN: "ann@contoso.com.example.com"})
	c := s.connect()
	found, err := c.FindPrincipals(t.Context(), []connector.Correlation{{UserName: "ann@contoso.com"}, {UserName: "gus@example.com", Mail: "gus@example.com"}, {UserName: "an"}, {Mail: "ann.smith@contoso"}})
	if err != nil || string(found[0].Ref) != ann || string(found[1].Ref) != guest || found[2].Err == nil || found[3].Err == nil {
		t.Errorf("got %+v, %v", found, err)
	}
	if s.Known("")+s.Known(sales) > 0 || len(s.Harm()) > 0 {
		t.Errorf("%d and %d people are in the lists of users, %v", s.Known(""), s.Known(sales), s.Harm())
	}

	s.AddUser(sharepointserver.User{UPN: "bob@contoso.com"})
	for i := range 40 {
		s.AddUser(sharepointserver.User{UPN: fmt.Sprintf("bob@contoso.com%d", i)})
	}
	if found, err := c.FindPrincipals(t.Context(), []connector.Correlation{{UserName: "bob@contoso.com"}}); err != nil || found[0].Err == nil || found[0].Err.Reason != connector.PrincipalAmbiguous {
		t.Errorf("of a list that is cut: %+v, %v", found, err)
	}
}

// That something is not there counts on SharePoint's own word while it answers for something else.
// Everything that answers 404 is no such word, in whosever form, and neither is a site that the application
// may not see.
func TestF42_ASiteIsMissingOnSharePointsOwnWordAlone(t *testing.T) {
	ann := []connector.PrincipalRef{login + "ann@contoso.com"}
	for name, c := range map[string]struct {
		character sharepointserver.Character
		spoil     func(*tenant)
		role      entitlement.RoleRef
		want      connector.Reason
	}{
		"no site":                  {role: roleOf(contoso, "/sites/none", 4), want: connector.ResourceMissing},
		"no group":                 {role: roleOf(contoso, sales, 77), want: connector.ResourceMissing},
		"not in SharePoint's way":  {character: sharepointserver.Character{BareErrors: true}, role: roleOf(contoso, "/sites/none", 4), want: connector.NotUnderstood},
		"no site at all":           {spoil: func(s *tenant) { s.DeleteSite(""); s.DeleteSite(sales) }, role: roleOf(contoso, sales, 4), want: connector.NotUnderstood},
		"the connector's own site": {spoil: func(s *tenant) { s.DeleteSite("") }, role: roleOf(contoso, "", 4), want: connector.NotUnderstood},
		"not ours to see":          {spoil: func(s *tenant) { s.Selected = []string{""} }, role: roleOf(contoso, sales, 4), want: connector.CredentialRefused},
	} {
		s := newTenant(t, c.character)
		if c.spoil != nil {
			c.spoil(s)
		}
		for _, way := range s.connect().Describe().Ways {
			if _, err := s.connect().Check(t.Context(), c.role, way, ann); err == nil || connector.RefusalOf(err).Reason != c.want {
				t.Errorf("%s, by %s: %v, want %s", name, way, err, c.want)
			}
		}
		for _, grant := range []bool{true, false} {
			_, err := s.connect().Apply(t.Context(), c.role, []connector.Op{{Grant: grant, Principal: ann[0]}})
			if err == nil || connector.RefusalOf(err).Reason != c.want {
				t.Errorf("%s, a change: %v, want %s", name, err, c.want)
			}
		}
	}
}

// An application that is given some sites alone delivers to those; the list of sites is not shown
// to it, and says why.
func TestSitesSelectedIsEnoughForTheSitesThatAreGiven(t *testing.T) {
	s := newTenant(t, sharepointserver.Named("as documented"))
	s.Selected = []string{sales}
	s.cfg.URL = "https://" + contoso + sales
	ann := s.AddUser(sharepointserver.User{UPN: "ann@contoso.com"})
	c := s.connect()

	if found, err := c.FindPrincipals(t.Context(), []connector.Correlation{{UserName: "ann@contoso.com"}}); err != nil || string(found[0].Ref) != ann {
		t.Errorf("got %+v, %v", found, err)
	}
	if results, err := c.Apply(t.Context(), roleOf(contoso, sales, 4), []connector.Op{{Grant: true, Principal: connector.PrincipalRef(ann)}}); err != nil || results[0].Err != nil {
		t.Errorf("got %+v, %v", results, err)
	}
	if told := s.presences(c, roleOf(contoso, sales, 4), ann); slices.ContainsFunc(told, func(p entitlement.Presence) bool { return p != entitlement.PresencePresent }) {
		t.Errorf("told is %v", told)
	}
	if _, err := c.ListResources(t.Context(), connector.Query{Limit: 10}); err == nil || connector.RefusalOf(err).Reason != connector.CredentialRefused {
		t.Errorf("the list: %v", err)
	}
	if found := c.Survey(t.Context()); found.Error != "" || slices.Contains(found.Features, "search") || !slices.Equal(found.Shows, []string{"site", "sitegroups", "people"}) {
		t.Errorf("the look: %+v", found)
	}
}

// Members whom the site shows to nobody are unknown, and so are those behind a page that comes
// again and again; a list that is cut at 5,000 goes on.
func TestF39_WhatIsNotShownIsUnknown(t *testing.T) {
	s := newTenant(t, sharepointserver.Named("hides members"))
	ann := s.AddUser(sharepointserver.User{UPN: "ann@contoso.com"})
	s.Put(sales, 4, ann, true)
	if told := s.presences(s.connect(), roleOf(contoso, sales, 4), ann); !slices.Equal(told, []entitlement.Presence{entitlement.PresenceUnknown, entitlement.PresencePresent, entitlement.PresenceUnknown}) {
		t.Errorf("hidden: %v", told)
	}

	for name, want := range map[string]entitlement.Presence{"as documented": entitlement.PresencePresent, "ignores $skip": entitlement.PresenceUnknown} {
		s := newTenant(t, sharepointserver.Named(name))
		for i := range 5001 {
			s.Put(sales, 4, fmt.Sprintf("%sp%04d@contoso.com", login, i), true)
		}
		c := s.connect()
		for who, want := range map[string]entitlement.Presence{login + "p0000@contoso.com": entitlement.PresencePresent, login + "p5000@contoso.com": want} {
			told, err := c.Check(t.Context(), roleOf(contoso, sales, 4), sharepoint.WayList, []connector.PrincipalRef{connector.PrincipalRef(who)})
			if err != nil || told[0] != want {
				t.Errorf("%s: of %s: %v, %v, want %s", name, who, told, err, want)
			}
		}
	}
}

// spoiled answers some requests in the server's place.
type spoiled struct {
	http.RoundTripper
	answer func(r *http.Request) (status int, body string) // 0: the server does

	mu   sync.Mutex
	seen []string // hosts
}

func (e *spoiled) RoundTrip(r *http.Request) (*http.Response, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.seen = append(e.seen, r.URL.Host)
	if status, body := e.answer(r); status > 0 {
		return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}, "Microsoftsharepointteamservices": {"16.0.0.1"}}, Request: r, Body: io.NopCloser(strings.NewReader(body))}, nil
	}
	return e.RoundTripper.RoundTrip(r)
}

// through connects by way of something that spoils answers.
func (s *tenant) through(answer func(*http.Request) (int, string)) (connector.Connector, *spoiled) {
	s.t.Helper()
	between := &spoiled{RoundTripper: s.Client().Transport, answer: answer}
	c, err := sharepoint.Factory(&http.Client{Transport: between}, false)(s.cfg, s.Credential(""))
	if err != nil {
		s.t.Fatal(err)
	}
	return c, between
}

// A link to a next page leads to the same list at the same host, or nowhere.
func TestALinkElsewhereIsNotFollowed(t *testing.T) {
	for _, link := range []string{"https://evil.example.com" + sales + "/_api/web/sitegroups(4)/users?$skip=1", "http://" + contoso + sales + "/_api/web/sitegroups(4)/users", "https://" + contoso + "/_api/web/siteusers/removebyid(1)", "https://a@" + contoso + sales + "/_api/web/sitegroups(4)/users", "//evil.example.com", ":"} {
		s := newTenant(t, sharepointserver.Named("as documented"))
		c, between := s.through(func(r *http.Request) (int, string) {
			if strings.HasSuffix(r.URL.Path, "/users") {
				return 200, `{"value":[{"LoginName":"i:0#.f|membership|x"}],"odata.nextLink":"` + link + `"}`
			}
			return 0, ""
		})
		if _, err := c.Check(t.Context(), roleOf(contoso, sales, 4), sharepoint.WayList, []connector.PrincipalRef{login + "y"}); err == nil || connector.RefusalOf(err).Reason != connector.NotUnderstood {
			t.Errorf("%s: %v", link, err)
		}
		if slices.Contains(between.seen, "evil.example.com") {
			t.Errorf("%s was followed", link)
		}
	}
}

// A filter that is not heeded says nothing of those whom it does not show.
func TestF39_AnAnswerAboutOthersSaysNothing(t *testing.T) {
	s := newTenant(t, sharepointserver.Named("as documented"))
	c, _ := s.through(func(r *http.Request) (int, string) {
		if r.URL.Query().Has("$filter") {
			return 200, `{"value":[{"LoginName":"i:0#.f|membership|x"}]}`
		}
		return 0, ""
	})
	told, err := c.Check(t.Context(), roleOf(contoso, sales, 4), sharepoint.WayFilter, []connector.PrincipalRef{login + "y"})
	if err != nil || told[0] != entitlement.PresenceUnknown {
		t.Errorf("got %v, %v", told, err)
	}
}

// The connector's own site is no witness of its own absence, whatever it answers the next time.
func TestF42_ASiteIsNoWitnessOfItsOwnAbsence(t *testing.T) {
	s := newTenant(t, sharepointserver.Named("as documented"))
	asked := 0
	c, _ := s.through(func(r *http.Request) (int, string) {
		if asked++; strings.HasSuffix(r.URL.Path, "/_api/site") && asked < 4 || strings.Contains(r.URL.Path, "sitegroups") {
			return 404, `{"odata.error":{"code":"-1","message":{"value":"gone"}}}`
		}
		return 0, ""
	})
	_, err := c.Check(t.Context(), roleOf(contoso, "", 4), sharepoint.WayFilter, []connector.PrincipalRef{login + "y"})
	if err == nil || connector.RefusalOf(err).Reason != connector.NotUnderstood || asked != 3 {
		t.Errorf("after %d calls: %v", asked, err)
	}
}

// A site that is locked refuses changes with the reason, and not for good.
func TestR11_ALockedSiteSaysSo(t *testing.T) {
	s := newTenant(t, sharepointserver.Named("as documented"))
	ann := s.AddUser(sharepointserver.User{UPN: "ann@contoso.com"})
	s.Put(sales, 4, ann, true)
	s.Change(sales, func(site *sharepointserver.Site) { site.Locked = true })
	for _, o := range []connector.Op{{Grant: true, Principal: connector.PrincipalRef(ann)}, {Principal: connector.PrincipalRef(ann)}} {
		results, err := s.connect().Apply(t.Context(), roleOf(contoso, sales, 4), []connector.Op{o})
		if err != nil || results[0].Err == nil || results[0].Err.Permanent || !strings.Contains(results[0].Err.Detail, "locked") {
			t.Errorf("%+v: %+v, %v", o, results, err)
		}
	}
}

// Beyond its limits SharePoint answers 429 or 503, and says by Retry-After for how long: both are
// the same wish, and nothing is lost.
func TestA503WithRetryAfterIsAWishToSlowDown(t *testing.T) {
	for _, name := range []string{"as documented", "busy"} {
		s := newTenant(t, sharepointserver.Named(name))
		s.AddUser(sharepointserver.User{UPN: "ann@contoso.com"})
		c := s.connect()
		var err error
		calls := 0
		for ; err == nil && calls < 1000; calls++ {
			_, err = c.FindPrincipals(t.Context(), []connector.Correlation{{UserName: "ann@contoso.com"}})
		}
		if calls != sharepointserver.MaxUnits/2+1 || entitlement.KindOf(err) != entitlement.Throttled || connector.RetryAfter(err) != sharepointserver.UnitWindow {
			t.Errorf("%s: after %d calls %v, come back after %s", name, calls, err, connector.RetryAfter(err))
		}
		s.clock.Advance(sharepointserver.UnitWindow)
		if _, err := c.FindPrincipals(t.Context(), []connector.Correlation{{UserName: "ann@contoso.com"}}); err != nil {
			t.Errorf("%s: when it is time: %v", name, err)
		}
	}
}

// What a call is said to cost is at least what the server counts.
func TestWhatIsSpentCoversWhatIsCounted(t *testing.T) {
	s := newTenant(t, sharepointserver.Named("refuses a member twice by 400"))
	ann := s.AddUser(sharepointserver.User{UPN: "ann@contoso.com"})
	s.Put(sales, 4, ann, true)
	c := s.connect()
	spent := 0
	ctx := connector.Limited(t.Context(), func(_ context.Context, cost entitlement.Cost) error { spent += cost.Units; return nil })
	ops := []connector.Op{{Grant: true, Principal: connector.PrincipalRef(ann)}}
	spent += c.Describe().Costs(roleOf(contoso, sales, 4), ops).Units
	if _, err := c.Apply(ctx, roleOf(contoso, sales, 4), ops); err != nil {
		t.Fatal(err)
	}
	for _, way := range c.Describe().Ways {
		if _, err := c.Check(ctx, roleOf(contoso, sales, 4), way, []connector.PrincipalRef{connector.PrincipalRef(ann)}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.FindPrincipals(ctx, []connector.Correlation{{UserName: "ann@contoso.com"}}); err != nil {
		t.Fatal(err)
	}
	counted := 0
	for _, call := range s.Calls("") {
		if _, rest, is := strings.Cut(call.Path, "/_api/"); is {
			counted += sharepointserver.Cost(call.Method, rest)
		}
	}
	if spent < counted {
		t.Errorf("%d units were spent, and %d are counted", spent, counted)
	}
}

// The list of sites is read in pieces that come to an end, without those of other hosts.
func TestTheListOfSitesComesToAnEnd(t *testing.T) {
	s := newTenant(t, sharepointserver.Named("as documented"))
	for i := range 25 {
		s.AddSite(sharepointserver.Site{Path: fmt.Sprintf("/sites/team%d", i), Title: fmt.Sprintf("Team %d of O'Neil", i)})
	}
	s.AddSite(sharepointserver.Site{Path: "/sites/sales/within", Title: "Within", Within: sales})
	c := s.connect()
	list := func(search string) (ids []string, pieces int) {
		q := connector.Query{Search: search, Limit: 10}
		for {
			page, err := c.ListResources(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			for _, o := range page.Items {
				ids = append(ids, o.OriginID)
			}
			if q.Token = page.Next; q.Token == "" || pieces > 10 {
				return ids, pieces + 1
			}
			pieces++
		}
	}
	if ids, pieces := list(""); len(ids) != 27 || pieces != 3 || slices.ContainsFunc(ids, func(id string) bool { return !strings.HasPrefix(id, "https://"+contoso) }) {
		t.Errorf("%d sites in %d pieces: %v", len(ids), pieces, ids)
	}
	if ids, _ := list(`team" OR 1*:`); len(ids) != 0 {
		t.Errorf("a search with signs found %v", ids)
	}
	if ids, _ := list("team 24"); !slices.Equal(ids, []string{"https://" + contoso + "/sites/team24"}) {
		t.Errorf("a search found %v", ids)
	}
	for _, token := range []string{"x", "-1", "50001", "1 2"} {
		if _, err := c.ListResources(t.Context(), connector.Query{Limit: 10, Token: token}); entitlement.KindOf(err) != entitlement.Invalid {
			t.Errorf("the place %q: %v", token, err)
		}
	}
}
