package msgraph_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"leasehold/pkg/clock"
	"leasehold/pkg/connector"
	"leasehold/pkg/connector/connectortest/graphserver"
	"leasehold/pkg/connector/msgraph"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/entitlement"
)

var byName = entitlement.ConnectorConfig{CorrelationKeys: []string{"externalId", "userName", "mail"}}

// tenant is a documented server that is called directly, at the address of Graph itself.
type tenant struct {
	*graphserver.Server
	t    *testing.T
	open connector.Factory
	cfg  entitlement.ConnectorConfig
}

func newTenant(t *testing.T, character string) *tenant {
	s := graphserver.New(graphserver.Named(character), clock.NewVirtual(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)))
	cfg := byName
	cfg.URL = "https://graph.microsoft.com/v1.0"
	return &tenant{s, t, msgraph.Factory(s.Client(), false, nil), cfg}
}

func (s *tenant) connect(credential map[string]string) connector.Connector {
	s.t.Helper()
	text, _ := json.Marshal(credential)
	c, err := s.open(s.cfg, string(text))
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

func (s *tenant) withSecret() map[string]string {
	return map[string]string{"tenantId": graphserver.Tenant, "clientId": graphserver.ClientID, "clientSecret": s.Secret}
}

func grants(who ...string) (ops []connector.Op) {
	for _, p := range who {
		ops = append(ops, connector.Op{Grant: true, Principal: connector.PrincipalRef(p)})
	}
	return ops
}

func revoke(who string) []connector.Op {
	return []connector.Op{{Principal: connector.PrincipalRef(who)}}
}

// The last owner stays, and the reason says so; with a second one the first goes.
func TestTheLastOwnerOfAGroupIsRefusedWithTheReason(t *testing.T) {
	for _, character := range []string{"as documented", "speaks another language"} {
		s := newTenant(t, character)
		ann, bob := s.AddUser(graphserver.User{UPN: "ann@contoso.com"}), s.AddUser(graphserver.User{UPN: "bob@contoso.com"})
		group := s.AddGroup(graphserver.Group{Name: "Sales"})
		s.Put(group, "owners", ann, true)
		c := s.connect(s.withSecret())

		results, err := c.Apply(t.Context(), roleOf("Owner_", group), revoke(ann))
		if err != nil || results[0].Err == nil || !strings.Contains(results[0].Err.Detail, "last owner") {
			t.Errorf("%s: got %+v, %v", character, results, err)
		}
		s.Put(group, "owners", bob, true)
		if results, err := c.Apply(t.Context(), roleOf("Owner_", group), revoke(ann)); err != nil || results[0].Err != nil {
			t.Errorf("%s: with a second owner: %+v, %v", character, results, err)
		}
		if got := s.Linked(group, "owners"); len(got) != 1 || string(got[0]) != bob {
			t.Errorf("%s: owners are %v", character, got)
		}
	}
}

// A member who is there already makes Graph refuse all of a change; alone, that is what was wanted.
func TestAMemberWhoIsThereAlreadyIsNoRefusal(t *testing.T) {
	for _, character := range []string{"as documented", "speaks another language", "no filters on members", "an empty list of members"} {
		s := newTenant(t, character)
		ann, bob := s.AddUser(graphserver.User{UPN: "ann@contoso.com"}), s.AddUser(graphserver.User{UPN: "bob@contoso.com"})
		group := s.AddGroup(graphserver.Group{Name: "Sales"})
		s.Put(group, "members", ann, true)
		c := s.connect(s.withSecret())

		if _, err := c.Apply(t.Context(), roleOf("Member_", group), grants(bob, ann)); entitlement.KindOf(err) != entitlement.Conflict {
			t.Errorf("%s: of two: %v, want that they are split", character, err)
		}
		if got := s.Linked(group, "members"); len(got) != 1 {
			t.Errorf("%s: members are %v, want nobody new", character, got)
		}
		if results, err := c.Apply(t.Context(), roleOf("Member_", group), grants(ann)); err != nil || results[0].Err != nil {
			t.Errorf("%s: alone: %+v, %v", character, results, err)
		}
	}
}

// Each owner is a request of its own: at a server where those of one batch conflict, they get
// there one after the other.
func TestF41_OwnersGetThereWhereChangesOfABatchConflict(t *testing.T) {
	s := newTenant(t, "changes of one group conflict in a batch")
	group := s.AddGroup(graphserver.Group{Name: "Sales"})
	var left []string
	for i := range 5 {
		left = append(left, s.AddUser(graphserver.User{UPN: fmt.Sprintf("ann%d@contoso.com", i)}))
	}
	c := s.connect(s.withSecret())
	for try := 0; len(left) > 0 && try < 10; try++ {
		if _, err := c.Apply(t.Context(), roleOf("Owner_", group), grants(left...)); err != nil && entitlement.KindOf(err) != entitlement.Conflict {
			t.Fatal(err)
		}
		left = slices.DeleteFunc(left, func(id string) bool {
			return slices.Contains(s.Linked(group, "owners"), connector.PrincipalRef(id))
		})
	}
	if len(left) > 0 {
		t.Errorf("still not there: %v", left)
	}
}

// A group that was deleted and made again under its name is another one.
func TestF30_AGroupMadeAgainUnderItsNameIsNotAdopted(t *testing.T) {
	s := newTenant(t, "as documented")
	ann := s.AddUser(graphserver.User{UPN: "ann@contoso.com"})
	group := s.AddGroup(graphserver.Group{Name: "Sales"})
	s.DeleteGroup(group)
	again := s.AddGroup(graphserver.Group{Name: "Sales"})
	_, err := s.connect(s.withSecret()).Apply(t.Context(), roleOf("Member_", group), grants(ann))
	if connector.RefusalOf(err).Reason != connector.ResourceMissing || len(s.Linked(again, "members")) > 0 {
		t.Errorf("got %v; the new group holds %v", err, s.Linked(again, "members"))
	}
}

// People are found by Entra's own id, by employee id, by principal name, and guests by the
// address that stands in mail or in otherMails; never by one that two have.
func TestPeopleOfEntraAreFoundByAllKeys(t *testing.T) {
	s := newTenant(t, "as documented")
	ann := s.AddUser(graphserver.User{UPN: "ann@contoso.com", Mail: "ann.a@contoso.com", EmployeeID: "4711"})
	guest := s.AddUser(graphserver.User{UPN: "bob_example.com#EXT#@contoso.com", OtherMails: []string{"bob@example.com"}})
	odd := s.AddUser(graphserver.User{UPN: "o'neil@contoso.com"})
	s.AddUser(graphserver.User{UPN: "x1@contoso.com", Mail: "twin@example.com"})
	s.AddUser(graphserver.User{UPN: "x2@contoso.com", OtherMails: []string{"TWIN@example.com"}})
	who := []connector.Correlation{{External: ann}, {External: "4711"}, {UserName: "ANN@contoso.com"}, {Mail: "Bob@example.com"}, {UserName: "o'neil@contoso.com"},
		{Mail: "twin@example.com"}, {UserName: "nobody@contoso.com"}, {}, {UserName: "nobody@contoso.com", Mail: "bob@example.com"}}
	found, err := s.connect(s.withSecret()).FindPrincipals(t.Context(), who)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{ann, ann, ann, guest, odd, "principal-ambiguous", "principal-missing", "principal-missing", guest} {
		got := string(found[i].Ref)
		if found[i].Err != nil {
			got = string(found[i].Err.Reason)
		}
		if got != want {
			t.Errorf("%+v: got %s, want %s", who[i], got, want)
		}
	}
}

// elsewhere answers as Graph does, with a next page at another host.
func TestA19_APageAtAnotherHostIsRefusedAndNeverAsked(t *testing.T) {
	var asked atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	t.Cleanup(other.Close)
	var next string
	graph := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if strings.HasSuffix(r.URL.Path, "/token") {
			json.NewEncoder(w).Encode(map[string]any{"token_type": "Bearer", "expires_in": 3599, "access_token": "t0ken"})
			return
		}
		json.NewEncoder(w).Encode(map[string]any{"value": []any{map[string]string{"id": nobodyHas}}, "@odata.nextLink": next})
	}))
	t.Cleanup(graph.Close)
	base, _ := url.Parse(graph.URL + "/v1.0")
	secret, _ := json.Marshal(map[string]string{"tenantId": graphserver.Tenant, "clientId": graphserver.ClientID, "clientSecret": "s", "authority": graph.URL})
	c, err := msgraph.New(base, string(secret), byName, outbound.Client(true), true)
	if err != nil {
		t.Fatal(err)
	}
	host := strings.TrimPrefix(graph.URL, "http://")
	for _, next = range []string{other.URL + "/v1.0/groups?$skiptoken=1", "http://" + host + "@" + strings.TrimPrefix(other.URL, "http://") + "/v1.0/groups", "https://" + host + "/v1.0/groups?x=1",
		graph.URL + "/beta/groups", graph.URL + "/v1.0/../secret", "//" + strings.TrimPrefix(other.URL, "http://") + "/v1.0/groups"} {
		_, err := c.Check(t.Context(), roleOf("Member_", "ffffffff-0000-4000-8000-000000000001"), msgraph.WayAll, []connector.PrincipalRef{nobodyHas})
		if connector.RefusalOf(err).Reason != connector.NotUnderstood {
			t.Errorf("%s: %v", next, err)
		}
		if _, err := c.ListResources(t.Context(), connector.Query{Limit: 10}); err == nil {
			t.Errorf("%s: the picker follows it", next)
		}
	}
	if n := asked.Load(); n > 0 {
		t.Errorf("the other host was asked %d times", n)
	}
}

// A credential that is not taken is told so, and neither it nor the token's endpoint's words are
// repeated.
func TestS20_ACredentialThatIsRefusedIsNotRepeated(t *testing.T) {
	s := newTenant(t, "as documented")
	wrong := s.withSecret()
	wrong["clientSecret"] = "wr0ng-secret"
	_, err := s.connect(wrong).FindPrincipals(t.Context(), []connector.Correlation{{UserName: "ann"}})
	if connector.RefusalOf(err).Reason != connector.CredentialRefused {
		t.Errorf("got %v", err)
	}
	if strings.Contains(err.Error(), "wr0ng-secret") || strings.Contains(err.Error(), "AADSTS") {
		t.Errorf("the error repeats what it should not: %v", err)
	}

	for name, text := range map[string]string{
		"none":          "s3cr3t",
		"no tenant":     `{"clientId":"` + graphserver.ClientID + `","clientSecret":"s3cr3t"}`,
		"two ways":      `{"tenantId":"` + graphserver.Tenant + `","clientId":"` + graphserver.ClientID + `","clientSecret":"s3cr3t","federatedToken":"x"}`,
		"a bad key":     `{"tenantId":"` + graphserver.Tenant + `","clientId":"` + graphserver.ClientID + `","certificate":"s3cr3t","privateKey":"s3cr3t"}`,
		"unknown":       `{"tenantId":"` + graphserver.Tenant + `","clientId":"` + graphserver.ClientID + `","clientSecret":"s","password":"s3cr3t"}`,
		"own authority": `{"tenantId":"` + graphserver.Tenant + `","clientId":"` + graphserver.ClientID + `","clientSecret":"s3cr3t","authority":"https://evil.example"}`,
	} {
		_, err := s.open(s.cfg, text)
		if entitlement.KindOf(err) != entitlement.Invalid || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%s: %v", name, err)
		}
	}
	elsewhere := s.cfg
	elsewhere.URL = "https://graph.evil.example/v1.0"
	text, _ := json.Marshal(s.withSecret())
	if _, err := s.open(elsewhere, string(text)); entitlement.KindOf(err) != entitlement.Invalid {
		t.Errorf("A20: an address that is no cloud of Graph: %v", err)
	}
}

// A token is fetched once for a credential, anew when Graph does not take it any more, and by
// itself for another credential.
func TestATokenIsKeptForItsCredentialAndFetchedAnewWhenItIsRefused(t *testing.T) {
	s := newTenant(t, "as documented")
	fetched := func() int {
		return len(slices.DeleteFunc(s.Calls(http.MethodPost), func(c graphserver.Call) bool { return !strings.HasSuffix(c.Path, "/token") }))
	}
	look := func() {
		t.Helper()
		if _, err := s.connect(s.withSecret()).FindPrincipals(t.Context(), []connector.Correlation{{UserName: "ann"}}); err != nil {
			t.Error(err)
		}
	}
	look()
	look()
	if n := fetched(); n != 1 {
		t.Errorf("%d tokens were fetched, want 1", n)
	}
	s.Revoke()
	look()
	if n := fetched(); n != 2 {
		t.Errorf("after the token was revoked, %d were fetched, want 2", n)
	}
	s.Secret = "another"
	look()
	if n := fetched(); n != 3 {
		t.Errorf("with another credential, %d were fetched, want 3", n)
	}
	for _, c := range s.Calls("") {
		if want := map[bool]string{true: "login.microsoftonline.com", false: "graph.microsoft.com"}[strings.HasSuffix(c.Path, "/token")]; c.Host != want {
			t.Errorf("%s was asked of %s", c.Path, c.Host)
		}
	}
}

// A certificate signs what Entra asks for: PS256 or ES256, found by the digest of the
// certificate, for this endpoint and for minutes. A federated token goes as it is.
func TestACertificateSignsAnAssertionAsEntraWantsIt(t *testing.T) {
	ours, _ := rsa.GenerateKey(rand.Reader, 2048)
	curve, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	for name, key := range map[string]any{"RSA": ours, "P-256": curve} {
		var public any = &ours.PublicKey
		if name == "P-256" {
			public = &curve.PublicKey
		}
		template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "leasehold"}, NotAfter: time.Now().Add(time.Hour)}
		raw, err := x509.CreateCertificate(rand.Reader, template, template, public, key)
		if err != nil {
			t.Fatal(err)
		}
		encoded, _ := x509.MarshalPKCS8PrivateKey(key)

		s := newTenant(t, "as documented")
		s.Assertion = func(assertion, endpoint string) error {
			parsed, err := jwt.ParseSigned(assertion, []jose.SignatureAlgorithm{jose.PS256, jose.ES256})
			if err != nil {
				return err
			}
			digest := sha256.Sum256(raw)
			if got := parsed.Headers[0].ExtraHeaders["x5t#S256"]; got != base64.RawURLEncoding.EncodeToString(digest[:]) {
				return fmt.Errorf("x5t#S256 is %v", got)
			}
			var claims jwt.Claims
			if err := parsed.Claims(public, &claims); err != nil {
				return err
			}
			if claims.ID == "" || time.Until(claims.Expiry.Time()) > 10*time.Minute {
				return errors.New("no id, or too long")
			}
			return claims.Validate(jwt.Expected{Issuer: graphserver.ClientID, Subject: graphserver.ClientID, AnyAudience: jwt.Audience{"https://login.microsoftonline.com/" + graphserver.Tenant + "/oauth2/v2.0/token"}, Time: time.Now()})
		}
		credential := map[string]string{"tenantId": graphserver.Tenant, "clientId": graphserver.ClientID,
			"certificate": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw})), "privateKey": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded}))}
		if text, _ := json.Marshal(credential); len(text) > 4000 {
			t.Errorf("%s: the credential is %d bytes, more than a connector may have", name, len(text))
		}
		if _, err := s.connect(credential).FindPrincipals(t.Context(), []connector.Correlation{{UserName: "ann"}}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}

	s := newTenant(t, "as documented")
	s.Assertion = func(assertion, _ string) error {
		if assertion != "eyJ.from.elsewhere" {
			return errors.New("another one")
		}
		return nil
	}
	federated := map[string]string{"tenantId": graphserver.Tenant, "clientId": graphserver.ClientID, "federatedToken": "eyJ.from.elsewhere"}
	if _, err := s.connect(federated).FindPrincipals(t.Context(), []connector.Correlation{{UserName: "ann"}}); err != nil {
		t.Error(err)
	}
}

// What would have no effect is refused.
func TestSettingsWithoutEffectAreRefused(t *testing.T) {
	s := newTenant(t, "as documented")
	text, _ := json.Marshal(s.withSecret())
	for name, set := range map[string]func(*entitlement.ConnectorConfig){
		"invitations": func(c *entitlement.ConnectorConfig) { c.InviteEverybody = true },
		"removalForm": func(c *entitlement.ConnectorConfig) { c.ValueListRemoval = true },
		"roleValues":  func(c *entitlement.ConnectorConfig) { c.RoleValues = []string{"clerk"} },
		"no keys":     func(c *entitlement.ConnectorConfig) { c.CorrelationKeys = nil },
	} {
		cfg := s.cfg
		set(&cfg)
		if _, err := s.open(cfg, string(text)); entitlement.KindOf(err) != entitlement.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := s.open(s.cfg, "kept"); err != nil {
		t.Errorf("a registration whose credential is kept: %v", err)
	}
}
