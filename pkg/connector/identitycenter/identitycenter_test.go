package identitycenter_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"leasehold/pkg/clock"
	"leasehold/pkg/connector"
	"leasehold/pkg/connector/connectortest/identityserver"
	"leasehold/pkg/connector/identitycenter"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/entitlement"
)

const good = "https://sso.eu-central-1.amazonaws.com/ssoins-0123456789abcdef/d-0123456789/arn:aws:iam::111122223333:role/LeaseholdIdentityCenter"

// What could not work, or would have no effect, is refused when it is registered; what is
// called is AWS's own alone.
func TestRegistrationsThatCannotWorkAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		url, credential string
		private, ok     bool
		edit            func(*entitlement.ConnectorConfig)
	}{
		"as it is":                   {url: good, ok: true},
		"a role with more of a name": {url: good + "-prod", ok: true},
		"China":                      {url: strings.NewReplacer("eu-central-1.amazonaws.com", "cn-north-1.amazonaws.com.cn", "arn:aws:", "arn:aws-cn:").Replace(good), ok: true},
		"GovCloud":                   {url: strings.NewReplacer("eu-central-1", "us-gov-west-1", "arn:aws:", "arn:aws-us-gov:").Replace(good), ok: true},
		"another partition":          {url: strings.Replace(good, "arn:aws:", "arn:aws-cn:", 1)},
		"plain http":                 {url: strings.Replace(good, "https", "http", 1)},
		"another host":               {url: strings.Replace(good, "amazonaws.com", "amazonaws.com.example.org", 1)},
		"another host's port":        {url: strings.Replace(good, "amazonaws.com", "amazonaws.com:8443", 1)},
		"another service":            {url: strings.Replace(good, "//sso.", "//sts.", 1)},
		"an emulator's host":         {url: strings.Replace(good, "sso.eu-central-1.amazonaws.com", "127.0.0.1:4566", 1)},
		"an emulator":                {url: strings.Replace(good, "https://sso.eu-central-1.amazonaws.com", "http://127.0.0.1:4566", 1), private: true, ok: true},
		"a role of another name":     {url: strings.Replace(good, "LeaseholdIdentityCenter", "Administrator", 1)},
		"a role below a path":        {url: strings.Replace(good, "role/", "role/x/", 1)},
		"no role":                    {url: good[:strings.LastIndex(good, "/arn")]},
		"no instance":                {url: strings.Replace(good, "ssoins-0123456789abcdef", "ssoins-1", 1)},
		"no store":                   {url: strings.Replace(good, "d-0123456789", "store", 1)},
		"an escaped slash":           {url: strings.Replace(good, "role/", "role%2F", 1)},
		"no external id":             {url: good, credential: "a b"},
		"accounts":                   {url: good, ok: true, edit: func(c *entitlement.ConnectorConfig) { c.MakeAccounts, c.DeleteAccounts = true, true }},
		"invitations":                {url: good, edit: func(c *entitlement.ConnectorConfig) { c.InviteEverybody = true }},
		"a removal form":             {url: good, edit: func(c *entitlement.ConnectorConfig) { c.ValueListRemoval = true }},
		"role values":                {url: good, edit: func(c *entitlement.ConnectorConfig) { c.RoleValues = []string{"x"} }},
		"no key":                     {url: good, edit: func(c *entitlement.ConnectorConfig) { c.CorrelationKeys = nil }},
		"an unknown key":             {url: good, edit: func(c *entitlement.ConnectorConfig) { c.CorrelationKeys = []string{"phone"} }},
	} {
		cfg := entitlement.ConnectorConfig{URL: c.url, CorrelationKeys: []string{"userName"}}
		if c.edit != nil {
			c.edit(&cfg)
		}
		if c.credential == "" {
			c.credential = "external"
		}
		_, err := identitycenter.Factory(outbound.Client(c.private), c.private, nil)(cfg, c.credential)
		if (err == nil) != c.ok || err != nil && entitlement.KindOf(err) != entitlement.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// hosts answers for whichever host is called, and notes which those are.
type hosts struct {
	server http.Handler
	called []string
}

func (h *hosts) RoundTrip(r *http.Request) (*http.Response, error) {
	region := strings.Split(r.Header.Get("Authorization"), "/")
	h.called = append(h.called, r.URL.Scheme+"://"+r.URL.Host+" "+region[2]+" "+region[3])
	w := httptest.NewRecorder()
	h.server.ServeHTTP(w, r)
	return w.Result(), nil
}

// Each service is called at its host of the region, and signed for it; Organizations is where its partition has it.
func TestServicesAreCalledAtTheirOwnHosts(t *testing.T) {
	s := identityserver.New(identityserver.Named("as documented"), clock.System{})
	s.AddSet("ReadOnly")
	s.AddAccount(identityserver.Account{ID: "444455556666", Name: "Production"})
	h := &hosts{server: s}
	url := "https://sso.eu-central-1.amazonaws.com/" + identityserver.Instance + "/" + identityserver.Store + "/" + identityserver.Role
	c, err := identitycenter.Factory(&http.Client{Transport: h}, false, identityserver.Own)(entitlement.ConnectorConfig{URL: url, CorrelationKeys: []string{"userName"}}, s.ExternalID)
	if err != nil {
		t.Fatal(err)
	}
	if found := c.(connector.Explorer).Survey(t.Context()); found.Error != "" || !slices.Equal(found.Shows, []string{"groups", "users", "permissionSets", "accounts"}) {
		t.Errorf("found %+v", found)
	}
	slices.Sort(h.called)
	if got := strings.Join(slices.Compact(h.called), ", "); got != "https://identitystore.eu-central-1.amazonaws.com eu-central-1 identitystore, https://organizations.us-east-1.amazonaws.com us-east-1 organizations, "+
		"https://sso.eu-central-1.amazonaws.com eu-central-1 sso, https://sts.eu-central-1.amazonaws.com eu-central-1 sts" {
		t.Errorf("called were %s", got)
	}
}

// A role is assumed once for all calls, and once more where its credentials are not taken any more; whoever
// has the wrong external id is told so, and not what it is.
func TestTheRoleIsAssumedOnceAndAgainWhereItsCredentialsEnd(t *testing.T) {
	s := identityserver.New(identityserver.Named("as documented"), clock.System{})
	s.AddUser(identityserver.User{UserName: "ann@example.com"})
	base := s.Start(t)
	factory := identitycenter.Factory(outbound.Client(true), true, identityserver.Own)
	cfg := entitlement.ConnectorConfig{URL: base.String(), CorrelationKeys: []string{"userName"}}
	find := func(externalID string) error {
		c, err := factory(cfg, externalID)
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.FindPrincipals(t.Context(), []connector.Correlation{{UserName: "ann@example.com"}})
		return err
	}
	for range 3 {
		if err := find(s.ExternalID); err != nil {
			t.Fatal(err)
		}
	}
	if n := s.Count("AssumeRole"); n != 1 {
		t.Errorf("assumed %d times", n)
	}
	s.Revoke()
	if err := find(s.ExternalID); err != nil || s.Count("AssumeRole") != 2 {
		t.Errorf("after the credentials ended: %v, assumed %d times", err, s.Count("AssumeRole"))
	}

	err := find("another-external-id")
	if r := connector.RefusalOf(err); err == nil || r.Reason != connector.CredentialRefused || !r.Permanent || strings.Contains(err.Error(), "another-external-id") {
		t.Errorf("the wrong external id: %v", err)
	}
	nobody, err := identitycenter.Factory(outbound.Client(true), true, nil)(cfg, s.ExternalID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := nobody.Resource(t.Context(), nobodyHas); connector.RefusalOf(err).Reason != connector.CredentialRefused {
		t.Errorf("without credentials of our own: %v", err)
	}
}

// What a person has by way of a group is not what was assigned to the person, in every way of asking.
func TestS15_AnAssignmentByWayOfAGroupIsNoneOfThePersons(t *testing.T) {
	s := identityserver.New(identityserver.Named("as documented"), clock.System{})
	ann, group := s.AddUser(identityserver.User{UserName: "ann@example.com"}), s.AddGroup(identityserver.Group{Name: "Sales"})
	account, set := s.AddAccount(identityserver.Account{ID: "444455556666"}), s.AddSet("ReadOnly")
	s.Put(group, ann, true)
	s.PutGroup(identityserver.OfAccount(account, set), group)
	c := open(t, s, s.Start(t), "userName")
	for _, way := range c.Describe().Ways {
		told, err := c.Check(t.Context(), entitlement.RoleRef{Connector: at, Resource: account, Role: set}, way, []connector.PrincipalRef{connector.PrincipalRef(ann)})
		if err != nil || told[0] == entitlement.PresencePresent {
			t.Errorf("by %s: %v, %v", way, told, err)
		}
	}
}

// What AWS says of a failure is shown as its words alone: bounded, in one line, and without the external id.
func TestA19_TheReasonOfAFailureIsBoundedAndHoldsNoCredential(t *testing.T) {
	s := identityserver.New(identityserver.Named("as documented"), clock.System{})
	ann := connector.PrincipalRef(s.AddUser(identityserver.User{UserName: "ann@example.com"}))
	account, set := s.AddAccount(identityserver.Account{ID: "444455556666"}), s.AddSet("ReadOnly")
	role := entitlement.RoleRef{Connector: at, Resource: account, Role: set}
	hostile := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.Header.Get("X-Amz-Target"), "Status") {
			w.Write([]byte(`{"AccountAssignmentCreationStatus": {"Status": "FAILED", "RequestId": "` + nobodyHas + `", "FailureReason": "` + s.ExternalID + `\r\n\u001b[31m` + strings.Repeat("x", 5000) + `"}}`))
			return
		}
		s.ServeHTTP(w, r)
	})
	server := httptest.NewServer(hostile)
	t.Cleanup(server.Close)
	base := s.Start(t)
	base.Host = strings.TrimPrefix(server.URL, "http://")
	c := open(t, s, base, "userName")

	told, err := c.Poll(t.Context(), role, "create/"+nobodyHas)
	if err != nil || told.Err == nil || told.Running {
		t.Fatalf("%+v, %v", told, err)
	}
	if d := told.Err.Detail; len(d) > 400 || strings.Contains(d, s.ExternalID) || strings.ContainsAny(d, "\r\n\x1b") {
		t.Errorf("shown is %q", d)
	}
	results, err := c.Apply(t.Context(), role, []connector.Op{{Grant: true, Principal: ann}})
	if err != nil || len(results) != 1 || !strings.HasPrefix(results[0].Pending, "create/") || len(results[0].Pending) > 100 {
		t.Errorf("%+v, %v", results, err)
	}
	if told, err := c.Poll(context.Background(), role, "create/nonsense"); err != nil || told != (connector.Progress{}) {
		t.Errorf("of what nobody calls a request: %+v, %v", told, err)
	}
}

// AWS's own time to come back is heeded, in its own form too.
func TestAThrottledCallSaysWhenToComeBack(t *testing.T) {
	s := identityserver.New(identityserver.Named("as documented"), clock.System{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Amz-Target") == "" {
			s.ServeHTTP(w, r)
			return
		}
		w.WriteHeader(http.StatusBadRequest)
		w.Write([]byte(`{"__type": "com.amazonaws.identitystore#ThrottlingException", "RetryAfterSeconds": 7}`))
	}))
	t.Cleanup(server.Close)
	base := s.Start(t)
	base.Host = strings.TrimPrefix(server.URL, "http://")
	_, err := open(t, s, base, "userName").Resource(t.Context(), nobodyHas)
	if entitlement.KindOf(err) != entitlement.Throttled || connector.RetryAfter(err) != 7*time.Second {
		t.Errorf("got %v, after %s", err, connector.RetryAfter(err))
	}
}

// A membership that is there is done; one that meets another change is tried again soon.
func TestAConflictIsDoneOrTriedAgainByItsReason(t *testing.T) {
	s := identityserver.New(identityserver.Named("as documented"), clock.System{})
	ann, group := s.AddUser(identityserver.User{UserName: "ann@example.com"}), s.AddGroup(identityserver.Group{Name: "Sales"})
	c := open(t, s, s.Start(t), "userName")
	change := func(grant bool) *connector.Refusal {
		results, err := c.Apply(t.Context(), memberOf(group), []connector.Op{{Grant: grant, Principal: connector.PrincipalRef(ann)}})
		if err != nil {
			t.Fatal(err)
		}
		return results[0].Err
	}
	for _, grant := range []bool{true, false} {
		s.Concurrent = 1
		if r := change(grant); r == nil || r.Reason != connector.TargetUnavailable || r.Permanent || r.After <= 0 {
			t.Errorf("grant %t met another change: %+v", grant, r)
		}
		for range 2 {
			if r := change(grant); r != nil {
				t.Errorf("grant %t, and again: %+v", grant, r)
			}
		}
	}
}

// Every way of asking reads all pages of a list.
func TestF39_EveryWayOfAskingReadsAllPages(t *testing.T) {
	s := identityserver.New(identityserver.Named("small pages"), clock.System{})
	group, account, set := s.AddGroup(identityserver.Group{Name: "Sales"}), s.AddAccount(identityserver.Account{ID: "444455556666"}), s.AddSet("ReadOnly")
	var who []connector.PrincipalRef
	var want []entitlement.Presence
	for i := range 7 {
		id := s.AddUser(identityserver.User{UserName: string(rune('a'+i)) + "@example.com"})
		who, want = append(who, connector.PrincipalRef(id)), append(want, entitlement.PresenceOf(i != 5))
		for range 3 { // so that what a person has fills pages too
			s.Put(s.AddGroup(identityserver.Group{Name: "Other"}), id, true)
			s.Put(identityserver.OfAccount(account, s.AddSet("Other")), id, true)
		}
		if i != 5 {
			s.Put(group, id, true)
			s.Put(identityserver.OfAccount(account, set), id, true)
		}
	}
	c := open(t, s, s.Start(t), "userName")
	for _, role := range []entitlement.RoleRef{memberOf(group), {Connector: at, Resource: account, Role: set}} {
		for _, way := range c.Describe().Ways {
			told, err := c.Check(t.Context(), role, way, who)
			unknown := !slices.ContainsFunc(told, func(p entitlement.Presence) bool { return p != entitlement.PresenceUnknown })
			if err != nil || !slices.Equal(told, want) && !(unknown && way == identitycenter.WayList && role.Resource == account) {
				t.Errorf("%s by %s: %v, %v; want %v", role.Resource, way, told, err, want)
			}
		}
	}
}

// An answer about somebody or something else than was asked about is never taken for one.
func TestA19_AnAnswerAboutAnotherIsNotBelieved(t *testing.T) {
	s := identityserver.New(identityserver.Named("as documented"), clock.System{})
	ann, eve := s.AddUser(identityserver.User{UserName: "ann@example.com"}), s.AddUser(identityserver.User{UserName: "eve@example.com"})
	account, set := s.AddAccount(identityserver.Account{ID: "444455556666"}), s.AddSet("ReadOnly")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch _, action, _ := strings.Cut(r.Header.Get("X-Amz-Target"), "."); action {
		case "GetUserId":
			w.Write([]byte(`{"IdentityStoreId": "` + identityserver.Store + `", "UserId": "` + eve + `"}`))
		case "CreateAccountAssignment":
			w.Write([]byte(`{"AccountAssignmentCreationStatus": {"Status": "SUCCEEDED", "RequestId": "` + nobodyHas + `", "TargetId": "` + account + `", "PermissionSetArn": "` + set + `", "PrincipalId": "` + eve + `"}}`))
		default:
			s.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	base := s.Start(t)
	base.Host = strings.TrimPrefix(server.URL, "http://")
	c := open(t, s, base, "userName")

	found, err := c.FindPrincipals(t.Context(), []connector.Correlation{{UserName: "ann@example.com"}})
	if err != nil || found[0].Err == nil || found[0].Err.Reason != connector.PrincipalMissing {
		t.Errorf("found %+v, %v", found, err)
	}
	_, err = c.Apply(t.Context(), entitlement.RoleRef{Connector: at, Resource: account, Role: set}, []connector.Op{{Grant: true, Principal: connector.PrincipalRef(ann)}})
	if connector.RefusalOf(err).Reason != connector.NotUnderstood {
		t.Errorf("an assignment of another: %v", err)
	}
}
