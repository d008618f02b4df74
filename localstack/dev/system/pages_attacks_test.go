package system

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"leasehold/localstack/components"
	"leasehold/localstack/visitor"
	"leasehold/pkg/names"
)

// Whatever cookie a browser had, signing in begins a session of another secret, and the one that
// was there before, planted or one's own, opens nothing any more.
func TestA21_SigningInBeginsAnotherSession(t *testing.T) {
	o := open(t, Options{})
	mei := o.signIn(components.Member)
	before := mei.Cookies(mei.site)[0]

	var err error
	if mei.page, err = mei.Visitor.Open(t.Context(), mei.site+"/sign-in"); err != nil {
		t.Fatal(err)
	}
	mei.press(components.Member, nil)
	mei.has(200, "Home")
	after := mei.Cookies(mei.site)[0]
	if before.Value == after.Value {
		t.Error("the session is the one from before")
	}

	thief := visitor.New(nil)
	thief.Header.Set("Cookie", before.String())
	if p, err := thief.Open(t.Context(), mei.site+"/access"); err != nil || !strings.Contains(p.Text, "Sign in as") {
		t.Errorf("the session from before is open: %v %s", err, p.Text)
	}

	// A cookie that an attacker planted, as a session of their own that they go on using.
	attacker := o.signIn(components.Other)
	planted := attacker.Cookies(attacker.site)[0]
	victim := visitor.New(nil)
	victim.Header.Set("Cookie", planted.String())
	p, err := victim.Open(t.Context(), mei.site+"/sign-in")
	if err != nil {
		t.Fatal(err)
	}
	victim.Header.Del("Cookie")
	if p, err = p.Submit(t.Context(), components.Member, nil); err != nil || !strings.Contains(p.Text, "Mei Tanaka") && p.Status != 400 {
		t.Errorf("%v %s", err, p.Text)
	}
	attacker.open("")
	if strings.Contains(attacker.page.Text, "Mei Tanaka") {
		t.Error("the attacker's session has become the victim's")
	}
}

// Signing in leads back to a page of this site, whatever the link to it said.
func TestA21_NobodyIsLedToAnotherSiteBySigningIn(t *testing.T) {
	o := open(t, Options{})
	site, err := url.Parse(o.Endpoints.URL)
	if err != nil {
		t.Fatal(err)
	}
	for _, to := range []string{"https://evil.example/", "//evil.example", `/\evil.example`, "/%2f/evil.example", "javascript:alert(1)", "/\t/evil.example", "https:evil.example", "/../../evil", "/sign-out"} {
		reader := visitor.New(nil)
		p, err := reader.SignIn(t.Context(), o.Endpoints.URL+names.PortalPath+"/sign-in?"+url.Values{"return": {to}}.Encode(), components.Member)
		if err != nil {
			t.Errorf("%q: %v", to, err)
			continue
		}
		at, err := url.Parse(p.Address)
		if err != nil || at.Host != site.Host || !strings.HasPrefix(at.Path, names.PortalPath) {
			t.Errorf("%q leads to %s", to, p.Address)
		}
	}
}

// A cookie that was stolen before its owner was disabled opens nothing from the next call on.
func TestAStolenCookieIsOfNoUseAfterDisabling(t *testing.T) {
	o := open(t, Options{})
	mei := o.signIn(components.Member)
	thief := visitor.New(nil)
	thief.Header.Set("Cookie", mei.Cookies(mei.site)[0].String())
	who := o.call(components.Member, "GET", names.APIVersion+"/me", nil, 200)["id"].(string)
	o.call(components.Admin, "PATCH", names.APIVersion+"/users/"+who, object{"accountEnabled": false}, 204)
	for _, path := range []string{"", "/access", "/requests", "/catalogs"} {
		if p, err := thief.Open(t.Context(), mei.site+path); err != nil || p.Status != http.StatusForbidden || strings.Contains(p.Text, "CRM") {
			t.Errorf("%s: %v %d %s", path, err, p.Status, p.Text)
		}
	}
}
