package ldap

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"
	ldapv3 "github.com/go-ldap/ldap/v3"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/connectortest"
	"leasehold/pkg/connector/connectortest/slapd"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/entitlement"
)

func memberOf(id string) entitlement.RoleRef {
	return entitlement.RoleRef{Connector: at, Resource: id, Role: memberPrefix + id}
}

// refusedAs fails the test unless the error is of the kind and gives the reason.
func refusedAs(t *testing.T, err error, kind entitlement.Kind, reason connector.Reason) {
	t.Helper()
	if entitlement.KindOf(err) != kind || connector.RefusalOf(err).Reason != reason {
		t.Errorf("got %v (kind %v), want %s of kind %v", err, entitlement.KindOf(err), reason, kind)
	}
}

func TestARegistrationThatCannotWorkIsRefused(t *testing.T) {
	good := entitlement.ConnectorConfig{URL: "ldaps://dc1.example.com/dc=example,dc=com", CorrelationKeys: []string{"userName"}}
	login := `{"bindDn":"cn=us,dc=example,dc=com","password":"s3cret"}`
	try := func(login string, change func(*entitlement.ConnectorConfig)) error {
		cfg := good
		change(&cfg)
		_, err := Factory(outbound.Dialer{})(cfg, login)
		return err
	}
	as := func(url string) func(*entitlement.ConnectorConfig) {
		return func(c *entitlement.ConnectorConfig) { c.URL = url }
	}

	for _, url := range []string{"ldaps://dc1.example.com/dc=example,dc=com", "ldap://dc1.example.com/ou=a%20b,dc=example", "ldaps://10.1.2.3:1636/dc=example", "ldaps://[fd00::1]/dc=example"} {
		for _, login := range []string{login, keptCredential} {
			if err := try(login, as(url)); err != nil {
				t.Errorf("%s: %v", url, err)
			}
		}
	}
	for _, url := range []string{"", "dc1.example.com", "https://dc1.example.com/dc=example", "ldapi:///dc=example", "ldaps:///dc=example", "ldaps://dc1.example.com", "ldaps://dc1.example.com/",
		"ldaps://dc1.example.com/example", "ldaps://u:p@dc1.example.com/dc=example", "ldaps://dc1.example.com/dc=example??sub?(uid=x)", "ldaps://dc1.example.com/dc=example#x",
		"ldaps://dc1.example.com:0/dc=example", "ldaps://dc1.example.com:99999/dc=example", "ldaps://dc1.example.com:x/dc=example"} {
		if err := try(login, as(url)); entitlement.KindOf(err) != entitlement.Invalid {
			t.Errorf("%q: %v", url, err)
		}
	}

	for name, change := range map[string]func(*entitlement.ConnectorConfig){
		"no key":            func(c *entitlement.ConnectorConfig) { c.CorrelationKeys = nil },
		"another key":       func(c *entitlement.ConnectorConfig) { c.CorrelationKeys = []string{"sAMAccountName"} },
		"accounts":          func(c *entitlement.ConnectorConfig) { c.MakeAccounts = true },
		"accountsAtEnd":     func(c *entitlement.ConnectorConfig) { c.DeleteAccounts = true },
		"invitations":       func(c *entitlement.ConnectorConfig) { c.InviteEverybody = true },
		"removal form":      func(c *entitlement.ConnectorConfig) { c.ValueListRemoval = true },
		"role values":       func(c *entitlement.ConnectorConfig) { c.RoleValues = []string{"a"} },
		"entitlement value": func(c *entitlement.ConnectorConfig) { c.EntitlementValues = []string{"a"} },
	} {
		if err := try(login, change); entitlement.KindOf(err) != entitlement.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}

	for _, login := range []string{"", "s3cret", "{}", "null", `["s3cret"]`, `{"bindDn":"","password":"s3cret"}`, `{"bindDn":"cn=us","password":""}`, `{"bindDn":"cn=us","passwort":"s3cret"}`,
		login + login, login + "x", `{"bindDn":"cn=us","password":"s3cret","certificateAuthority":"s3cret"}`, `{"bindDn":"cn=us","password":"s3cret","placeholder":"nobody s3cret"}`} {
		err := try(login, func(*entitlement.ConnectorConfig) {})
		if entitlement.KindOf(err) != entitlement.Invalid || strings.Contains(fmt.Sprint(err), "s3cret") {
			t.Errorf("%s: %v", login, err)
		}
	}
}

// The password goes to nobody but the host whose certificate is of the authority that we know,
// by LDAPS and by StartTLS alike.
func TestA19_OnlyTheHostOfTheCertificateGetsThePassword(t *testing.T) {
	s, other := slapd.Start(t), slapd.Start(t)
	people(t, s)
	who := []connector.Correlation{{UserName: "ann0"}}
	cfg := entitlement.ConnectorConfig{CorrelationKeys: []string{"userName"}}
	find := func(url, credential string) ([]connector.Found, error) {
		cfg.URL = url
		c, err := open(cfg, credential, outbound.Dialer{Private: true})
		if err != nil {
			t.Fatal(err)
		}
		return c.FindPrincipals(t.Context(), who)
	}

	mine, start := credentialOf(s, slapd.Service, ""), fmt.Sprintf("ldap://127.0.0.1:%d/%s", s.Plain, slapd.Base)
	for _, url := range []string{s.URL(), start} {
		if found, err := find(url, mine); err != nil || found[0].Ref == "" {
			t.Errorf("%s: %+v, %v", url, found, err)
		}
	}

	var bare map[string]string
	if err := json.Unmarshal([]byte(mine), &bare); err != nil {
		t.Fatal(err)
	}
	bare["certificateAuthority"] = other.Authority
	foreign, _ := json.Marshal(bare)
	delete(bare, "certificateAuthority")
	system, _ := json.Marshal(bare)

	asked := false
	proxy := slapd.NewProxy(t, s)
	proxy.Always(func(io.Writer, *ber.Packet, func(io.Writer) error) bool {
		asked = true
		return false
	})
	for name, c := range map[string]struct{ url, credential string }{
		"another authority":             {proxy.URL(), string(foreign)},
		"the system's authorities":      {proxy.URL(), string(system)},
		"another name":                  {strings.Replace(proxy.URL(), "127.0.0.1", "localhost", 1), mine},
		"another authority, StartTLS":   {start, string(foreign)},
		"another name, StartTLS":        {strings.Replace(start, "127.0.0.1", "localhost", 1), mine},
		"no TLS where there must be":    {fmt.Sprintf("ldaps://127.0.0.1:%d/%s", s.Plain, slapd.Base), mine},
		"TLS where it has yet to begin": {fmt.Sprintf("ldap://127.0.0.1:%d/%s", s.TLS, slapd.Base), mine},
	} {
		if _, err := find(c.url, c.credential); err == nil || entitlement.KindOf(err).Verdict() != entitlement.Retry || strings.Contains(err.Error(), s.Password) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if asked {
		t.Error("a host that did not prove itself was asked something")
	}
}

func TestA14_ADirectoryAtAPrivateAddressIsNotReached(t *testing.T) {
	c, err := open(entitlement.ConnectorConfig{URL: "ldaps://127.0.0.1/dc=example,dc=com", CorrelationKeys: []string{"userName"}},
		`{"bindDn":"cn=us","password":"s3cret"}`, outbound.Dialer{Ports: Ports, Allowed: outbound.Allowed{Hosts: []string{"127.0.0.1"}}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.FindPrincipals(t.Context(), []connector.Correlation{{UserName: "ann"}})
	refusedAs(t, err, entitlement.Invalid, connector.RefusedByTarget)
	if !connector.RefusalOf(err).Permanent {
		t.Errorf("%v is not permanent", err)
	}
}

// What somebody is called is a value, and never a part of a filter.
func TestPeopleAreFoundByTheirKeysAndNeverGuessed(t *testing.T) {
	s := slapd.Start(t)
	people(t, s)
	odd := s.AddPerson(t, "o*dd(é)", "odd@example.com", "7")
	s.AddPerson(t, "same", "", "ann3")
	id := s.ID(t, slapd.DNOf("ann1"))
	c := connect(t, s, s.URL(), slapd.DNOf("ann5"), "externalId", "userName", "mail")

	for _, of := range []struct {
		who  connector.Correlation
		want string
		why  connector.Reason
	}{
		{connector.Correlation{External: "101"}, id, ""},
		{connector.Correlation{External: strings.ToUpper(id)}, id, ""},
		{connector.Correlation{External: "nobody", UserName: "ANN1"}, id, ""},
		{connector.Correlation{Mail: "Ann1@Example.com"}, id, ""},
		{connector.Correlation{UserName: "o*dd(é)"}, odd, ""},
		{connector.Correlation{UserName: "ann*"}, "", connector.PrincipalMissing},
		{connector.Correlation{UserName: "*"}, "", connector.PrincipalMissing},
		{connector.Correlation{UserName: "ann1)(uid=*"}, "", connector.PrincipalMissing},
		{connector.Correlation{UserName: "\x00"}, "", connector.PrincipalMissing},
		{connector.Correlation{UserName: " "}, "", connector.PrincipalMissing},
		{connector.Correlation{Mail: "twin@example.com"}, "", connector.PrincipalAmbiguous},
		{connector.Correlation{UserName: "ann5"}, "", connector.PrincipalMissing}, // the placeholder is nobody's account
	} {
		found, err := c.FindPrincipals(t.Context(), []connector.Correlation{of.who})
		if err != nil {
			t.Errorf("%+v: %v", of.who, err)
			continue
		}
		if of.why == "" && string(found[0].Ref) != of.want || of.why != "" && (found[0].Err == nil || found[0].Err.Reason != of.why) {
			t.Errorf("%+v: found %+v, want %s %s", of.who, found[0], of.want, of.why)
		}
	}
}

// A group that may not be empty is given where a placeholder can be left in it.
func TestTheLastMemberOfAGroupThatMayNotBeEmpty(t *testing.T) {
	s := slapd.Start(t)
	people(t, s)
	dn, id := newGroup(t, s, "groupOfNames", slapd.DNOf("ann0"))
	ann0 := connector.PrincipalRef(s.ID(t, slapd.DNOf("ann0")))
	out := []connector.Op{{Principal: ann0}}

	// Without one it cannot be picked; of a group that is in a package already the removal is refused.
	none := connect(t, s, s.URL(), "")
	_, err := none.Resource(t.Context(), id)
	refusedAs(t, err, entitlement.Precondition, connector.LastMember)
	results, err := none.Apply(t.Context(), memberOf(id), out)
	if err != nil || results[0].Err == nil || results[0].Err.Reason != connector.LastMember {
		t.Errorf("without a placeholder: %+v, %v", results, err)
	}

	// One that is not there is never written.
	missing := connect(t, s, s.URL(), "cn=missing,"+slapd.Base)
	_, err = missing.Apply(t.Context(), memberOf(id), out)
	refusedAs(t, err, entitlement.Precondition, connector.LastMember)
	if held := s.Values(t, dn, "member"); !slices.Equal(held, []string{slapd.DNOf("ann0")}) {
		t.Errorf("members are %q", held)
	}

	c := connect(t, s, s.URL(), strings.ToUpper(slapd.Placeholder))
	for range 2 {
		if results, err := c.Apply(t.Context(), memberOf(id), out); err != nil || results[0].Err != nil {
			t.Errorf("with a placeholder: %+v, %v", results, err)
		}
		if held := s.Values(t, dn, "member"); len(held) != 1 || !strings.EqualFold(held[0], slapd.Placeholder) {
			t.Errorf("members are %q", held)
		}
	}
}

// DNs change, ids do not.
func TestAGroupAndAPersonAreFoundWhereTheyWereMovedTo(t *testing.T) {
	s := slapd.Start(t)
	people(t, s)
	c := connect(t, s, s.URL(), slapd.Placeholder)
	dn, id := newGroup(t, s, "groupOfNames")
	ann := connector.PrincipalRef(s.ID(t, slapd.DNOf("ann0")))
	s.Add(t, "ou=moved,"+slapd.Base, map[string][]string{"objectClass": {"organizationalUnit"}, "ou": {"moved"}})
	for old, renamed := range map[string]string{dn: "cn=renamed", slapd.DNOf("ann0"): "uid=married"} {
		if err := s.Root().ModifyDN(ldapv3.NewModifyDNRequest(old, renamed, true, "ou=moved,"+slapd.Base)); err != nil {
			t.Fatal(err)
		}
	}

	if results, err := c.Apply(t.Context(), memberOf(id), []connector.Op{{Grant: true, Principal: ann}}); err != nil || results[0].Err != nil {
		t.Errorf("got %+v, %v", results, err)
	}
	if held := s.Values(t, "cn=renamed,ou=moved,"+slapd.Base, "member"); !slices.Contains(held, "uid=married,ou=moved,"+slapd.Base) {
		t.Errorf("members are %q", held)
	}
	for _, w := range ways {
		if told, err := c.Check(t.Context(), memberOf(id), w.name, []connector.PrincipalRef{ann}); err != nil || told[0] != entitlement.PresencePresent {
			t.Errorf("%s: %v, %v", w.name, told, err)
		}
	}
}

// Result codes of one change, as servers without permissive modify give them, and of the whole.
func TestWhatAResultCodeOfAModifyMeans(t *testing.T) {
	s := slapd.Start(t)
	people(t, s)
	_, id := newGroup(t, s, "groupOfNames", slapd.DNOf("ann0"))
	refs := func(uids ...string) (all []connector.PrincipalRef) {
		for _, uid := range uids {
			all = append(all, connector.PrincipalRef(s.ID(t, slapd.DNOf(uid))))
		}
		return all
	}
	in, out := refs("ann0")[0], refs("ann1")[0]
	proxy := slapd.NewProxy(t, s)
	c := connect(t, s, proxy.URL(), slapd.Placeholder)

	// The placeholder is in the group already, so that each Modify is of the one change.
	if _, err := c.Apply(t.Context(), memberOf(id), []connector.Op{{Principal: out}}); err != nil {
		t.Fatal(err)
	}

	for _, of := range []struct {
		code   int
		op     connector.Op
		reason connector.Reason // "" means that it counts as done, or already so
		kind   entitlement.Kind // of an error of the call
	}{
		{20, connector.Op{Grant: true, Principal: in}, "", 0},
		{68, connector.Op{Grant: true, Principal: in}, "", 0},
		{16, connector.Op{Principal: out}, "", 0},
		{53, connector.Op{Principal: out}, "", 0},
		{53, connector.Op{Grant: true, Principal: in}, "", 0},
		{53, connector.Op{Principal: in}, connector.RefusedByTarget, 0},
		{53, connector.Op{Grant: true, Principal: out}, connector.RefusedByTarget, 0},
		{65, connector.Op{Principal: in}, connector.LastMember, 0},
		{65, connector.Op{Grant: true, Principal: out}, connector.RefusedByTarget, 0},
		{19, connector.Op{Grant: true, Principal: out}, connector.RefusedByTarget, 0},
		{50, connector.Op{Grant: true, Principal: out}, connector.CredentialRefused, entitlement.Forbidden},
		{51, connector.Op{Grant: true, Principal: out}, connector.TargetThrottled, entitlement.Throttled},
		{52, connector.Op{Grant: true, Principal: out}, connector.TargetUnavailable, entitlement.Unavailable},
		{32, connector.Op{Grant: true, Principal: out}, connector.NotUnderstood, entitlement.Unavailable},
		{10, connector.Op{Grant: true, Principal: out}, connector.NotUnderstood, entitlement.Unavailable},
	} {
		proxy.Next(true, answersWith(of.code))
		results, err := c.Apply(t.Context(), memberOf(id), []connector.Op{of.op})
		switch {
		case of.kind != 0:
			refusedAs(t, err, of.kind, of.reason)
		case err != nil || (results[0].Err == nil) != (of.reason == ""):
			t.Errorf("code %d of %+v: %+v, %v", of.code, of.op, results, err)
		case of.reason != "" && results[0].Err.Reason != of.reason:
			t.Errorf("code %d of %+v: %+v, want %s", of.code, of.op, results[0].Err, of.reason)
		}
		if said := fmt.Sprint(results, err); strings.Contains(said, "words of the directory") || strings.Contains(said, s.Password) {
			t.Errorf("code %d: %s", of.code, said)
		}
	}

	// Of several it may be about one of them, so the caller tries with fewer.
	for _, code := range []int{20, 68, 16, 53, 65, 19} {
		proxy.Next(true, answersWith(code))
		_, err := c.Apply(t.Context(), memberOf(id), []connector.Op{{Grant: true, Principal: in}, {Grant: true, Principal: out}})
		refusedAs(t, err, entitlement.Unavailable, connector.RefusedByTarget)
	}
}

// OpenLDAP heeds the control though it does not list it, of values that are added: a batch is not
// undone for the sake of one who is there. Of values that are deleted it does not (2.5.13), so a
// batch with one who is not there is refused as a whole, and the caller sends it in halves.
func TestOpenLDAPTakesWhatIsThereAlready(t *testing.T) {
	s := slapd.Start(t)
	people(t, s)
	dn, id := newGroup(t, s, "groupOfNames", slapd.DNOf("ann0"), slapd.Placeholder)
	c := connect(t, s, s.URL(), slapd.Placeholder)
	op := func(grant bool, uid string) connector.Op {
		return connector.Op{Grant: grant, Principal: connector.PrincipalRef(s.ID(t, slapd.DNOf(uid)))}
	}

	if _, err := c.Apply(t.Context(), memberOf(id), []connector.Op{op(true, "ann0"), op(true, "ann1")}); err != nil {
		t.Errorf("a batch of which one is there already: %v", err)
	}
	_, err := c.Apply(t.Context(), memberOf(id), []connector.Op{op(false, "ann0"), op(false, "ann2")})
	if err != nil {
		refusedAs(t, err, entitlement.Unavailable, connector.RefusedByTarget)
	}
	for _, o := range []connector.Op{op(false, "ann0"), op(false, "ann2")} {
		if results, err := c.Apply(t.Context(), memberOf(id), []connector.Op{o}); err != nil || results[0].Err != nil {
			t.Errorf("one by one: %+v, %v", results, err)
		}
	}
	if held := s.Values(t, dn, "member"); len(held) != 2 || !slices.Contains(held, slapd.DNOf("ann1")) {
		t.Errorf("members are %q", held)
	}
}

func TestAPickerShowsTheGroupsOfADirectoryPageByPage(t *testing.T) {
	s := slapd.Start(t)
	people(t, s)
	for i := range 23 {
		s.Add(t, fmt.Sprintf("cn=team %02d,%s", i, slapd.Base), map[string][]string{"objectClass": {"groupOfNames"}, "cn": {fmt.Sprintf("team %02d", i)}, "description": {"A team*"}, "member": {slapd.Placeholder}})
	}
	list := func(c *Connector, search string) (all []entitlement.TargetOffer, pages int) {
		for token := ""; ; pages++ {
			page, err := c.ListResources(t.Context(), connector.Query{Search: search, Limit: 10, Token: token})
			if err != nil || len(page.Items) > 10 || pages > 5 {
				t.Fatalf("page %d: %d items, %v", pages, len(page.Items), err)
			}
			all = append(all, page.Items...)
			if token = page.Next; token == "" {
				return all, pages + 1
			}
		}
	}

	c := connect(t, s, s.URL(), slapd.Placeholder)
	all, pages := list(c, "")
	ids := map[string]bool{}
	for _, o := range all {
		ids[o.OriginID] = true
		if o.Reason != "" || o.OriginSystem != OriginSystem || len(o.Roles) != 2 || !strings.HasPrefix(o.DisplayName, "team ") {
			t.Errorf("offered %+v", o)
		}
	}
	if len(all) != 23 || len(ids) != 23 || pages != 3 {
		t.Errorf("%d offers of %d groups in %d pages", len(all), len(ids), pages)
	}
	if some, _ := list(c, "EAM 1"); len(some) != 10 {
		t.Errorf("searched, found %d", len(some))
	}
	if some, _ := list(c, "team*"); len(some) != 23 {
		t.Errorf("searched in descriptions, found %d", len(some))
	}
	if some, _ := list(c, "*)(objectClass=*"); len(some) != 0 {
		t.Errorf("searched by a filter, found %d", len(some))
	}
	for _, token := range []string{"x", "-1", "0", "01", "1000000"} {
		if _, err := c.ListResources(t.Context(), connector.Query{Token: token}); entitlement.KindOf(err) != entitlement.Invalid {
			t.Errorf("token %q: %v", token, err)
		}
	}

	without, _ := list(connect(t, s, s.URL(), ""), "")
	for _, o := range without {
		if !strings.Contains(o.Reason, "placeholder") || len(o.Roles) != 0 {
			t.Errorf("offered without a placeholder: %+v", o)
		}
	}

	// Who may read nothing is told so, and not that there is nothing.
	blind, err := open(entitlement.ConnectorConfig{URL: s.URL(), CorrelationKeys: []string{"userName"}}, credentialOf(s, slapd.Blind, ""), outbound.Dialer{Private: true})
	if err != nil {
		t.Fatal(err)
	}
	_, err = blind.ListResources(t.Context(), connector.Query{Limit: 10})
	refusedAs(t, err, entitlement.Unavailable, connector.NotUnderstood)
}

func TestASurveyTellsWhatTheDirectoryIsAndWhatIsWrong(t *testing.T) {
	s := slapd.Start(t)
	people(t, s)
	newGroup(t, s, "groupOfNames")
	found := connect(t, s, s.URL(), slapd.Placeholder, "externalId", "userName").Survey(t.Context())
	if found.Error != "" || found.Dialect != "LDAP" || !slices.Equal(found.Shows, []string{"people", "groups", "members"}) || len(found.Filters) != 2 ||
		!slices.Contains(found.Features, "paged results") || !slices.Contains(found.Features, "placeholder "+slapd.Placeholder) {
		t.Errorf("found %+v", found)
	}

	if found := connect(t, s, s.URL(), "cn=missing,"+slapd.Base).Survey(t.Context()); !strings.Contains(found.Error, "placeholder") {
		t.Errorf("with a placeholder that is not there: %+v", found)
	}
	proxy := slapd.NewProxy(t, s)
	for _, kind := range []connectortest.Hostility{connectortest.Gibberish, connectortest.KnowsNothing, connectortest.Redirects, connectortest.RefusesCredential} {
		for _, h := range hostile[kind] {
			proxy.Always(h.fault)
			found := connect(t, s, proxy.URL(), slapd.Placeholder).Survey(t.Context())
			if found.Error == "" || strings.Contains(fmt.Sprint(found), s.Password) || strings.Contains(fmt.Sprint(found), "words of the directory") {
				t.Errorf("%s: %+v", h.name, found)
			}
		}
	}
}

// A reader's account reads, and what it may not do is told as that.
func TestAnAccountThatMayNotWriteIsRefusedAsACredential(t *testing.T) {
	s := slapd.Start(t)
	people(t, s)
	_, id := newGroup(t, s, "groupOfNames")
	c, err := open(entitlement.ConnectorConfig{URL: s.URL(), CorrelationKeys: []string{"userName"}}, credentialOf(s, slapd.Reader, slapd.Placeholder), outbound.Dialer{Private: true})
	if err != nil {
		t.Fatal(err)
	}
	found, err := c.FindPrincipals(t.Context(), []connector.Correlation{{UserName: "ann0"}})
	if err != nil || found[0].Err != nil {
		t.Fatalf("got %+v, %v", found, err)
	}
	for _, grant := range []bool{true, false} {
		_, err = c.Apply(t.Context(), memberOf(id), []connector.Op{{Grant: grant, Principal: found[0].Ref}})
		refusedAs(t, err, entitlement.Forbidden, connector.CredentialRefused)
	}
}

// A directory that takes requests and answers none, in TLS or after it, is left when the time of
// one call is over, or when whoever asked gives up.
func TestA19_ADirectoryThatNeverAnswersIsLeft(t *testing.T) {
	s := slapd.Start(t)
	proxy := slapd.NewProxy(t, s)
	ended := make(chan struct{})
	defer close(ended)
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()

	hang := func(io.Writer, *ber.Packet, func(io.Writer) error) bool {
		<-ended
		return false
	}
	for _, url := range []string{proxy.URL(), "ldaps://" + silent.Addr().String() + "/" + slapd.Base, "ldap://" + silent.Addr().String() + "/" + slapd.Base} {
		for _, fault := range []slapd.Fault{hang, bound(hang)} {
			proxy.Always(fault)
			c := connect(t, s, url, "")
			c.limit = 200 * time.Millisecond
			_, err := c.FindPrincipals(t.Context(), []connector.Correlation{{UserName: "ann"}})
			refusedAs(t, err, entitlement.Unavailable, connector.TargetUnavailable)

			gaveUp, cancel := context.WithCancel(t.Context())
			time.AfterFunc(100*time.Millisecond, cancel)
			_, err = connect(t, s, url, "").FindPrincipals(gaveUp, []connector.Correlation{{UserName: "ann"}})
			refusedAs(t, err, entitlement.Unavailable, connector.TargetUnavailable)
		}
	}
}

// Access is given by id: a group, or a person, that was deleted and made again is another one.
func TestF29_F30_WhoAndWhatWasMadeAgainUnderTheSameNameIsAnother(t *testing.T) {
	s := slapd.Start(t)
	people(t, s)
	dn, id := newGroup(t, s, "groupOfNames", slapd.DNOf("ann0"))
	_, other := newGroup(t, s, "groupOfNames")
	ann := connector.PrincipalRef(s.ID(t, slapd.DNOf("ann0")))
	c := connect(t, s, s.URL(), slapd.Placeholder)

	if err := s.Root().Del(ldapv3.NewDelRequest(slapd.DNOf("ann0"), nil)); err != nil {
		t.Fatal(err)
	}
	again := s.AddPerson(t, "ann0", "", "")
	results, err := c.Apply(t.Context(), memberOf(other), []connector.Op{{Grant: true, Principal: ann}})
	if err != nil || results[0].Err == nil || results[0].Err.Reason != connector.PrincipalMissing {
		t.Errorf("an account that is gone: %+v, %v", results, err)
	}
	if found, err := c.FindPrincipals(t.Context(), []connector.Correlation{{UserName: "ann0"}}); err != nil || string(found[0].Ref) != again {
		t.Errorf("found %+v, %v, want %s", found, err, again)
	}

	if err := s.Root().Del(ldapv3.NewDelRequest(dn, nil)); err != nil {
		t.Fatal(err)
	}
	s.Add(t, dn, map[string][]string{"objectClass": {"groupOfNames"}, "cn": {strings.TrimPrefix(strings.Split(dn, ",")[0], "cn=")}, "member": {slapd.DNOf("ann0")}})
	for _, w := range ways {
		_, err := c.Check(t.Context(), memberOf(id), w.name, []connector.PrincipalRef{connector.PrincipalRef(again)})
		refusedAs(t, err, entitlement.NotFound, connector.ResourceMissing)
	}
	_, err = c.Apply(t.Context(), memberOf(id), []connector.Op{{Principal: connector.PrincipalRef(again)}})
	refusedAs(t, err, entitlement.NotFound, connector.ResourceMissing)
}
