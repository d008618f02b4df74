package authn

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"leasehold/pkg/clock"
	"leasehold/pkg/entitlement"
)

func TestAccepted(t *testing.T) {
	p := newProvider(t, append(testKeys(), rsaJWK("", &rsaKey.PublicKey, ""))...)
	typ := func(typ string) string {
		return sign(`{"alg":"RS256","typ":"`+typ+`","kid":"r1"}`, said(), rs256(rsaKey))
	}
	jwt := func(changes ...string) string {
		return sign(`{"alg":"RS256","typ":"JWT","kid":"r1"}`, said(changes...), rs256(rsaKey))
	}
	ada := Token{Principal: entitlement.Principal{Issuer: testIssuer, Value: "ada"}, Scopes: []string{"read", "write"}}
	scoped := func(scopes ...string) Token { return Token{Principal: ada.Principal, Scopes: scopes} }
	long := strings.Repeat("s", 512)

	for _, c := range []struct {
		name, token string
		rule        TokenRule
		want        Token
	}{
		{"RS256", good(), "", ada},
		{"RS256, key bound to it", sign(`{"alg":"RS256","typ":"at+jwt","kid":"r-bound"}`, said(), rs256(rsaKey)), "", ada},
		{"PS256", sign(`{"alg":"PS256","typ":"at+jwt","kid":"r1"}`, said(), ps256(rsaKey)), "", ada},
		{"ES256", sign(`{"alg":"ES256","typ":"at+jwt","kid":"e1"}`, said(), es256), "", ada},
		{"EdDSA", sign(`{"alg":"EdDSA","typ":"at+jwt","kid":"d1"}`, said(), eddsa), "", ada},
		{"key and token without id", sign(`{"alg":"RS256","typ":"at+jwt"}`, said(), rs256(rsaKey)), "", ada},
		{"typ in full", typ("application/at+jwt"), "", ada},
		{"typ in capitals", typ("AT+JWT"), RuleAccessTokenType, ada},
		{"token_use", jwt("token_use", `"access"`), RuleTokenUse, ada},
		{"scope rule", jwt(), RuleScope, ada},
		{"scope rule, with nonce", jwt("nonce", `"n"`), RuleScope, ada},
		{"scope rule, scp", jwt("scope", "", "scp", `"read"`), RuleScope, scoped("read")},

		{"aud a list", good("aud", `["x","`+testAudience+`"]`), "", ada},
		{"expires in 1 s", good("exp", at(1)), "", ada},
		{"exp with a fraction", good("exp", at(0)+".5"), "", ada},
		{"nbf within the skew", good("nbf", at(60)), "", ada},
		{"iat within the skew", good("iat", at(60)), "", ada},
		{"no iat", good("iat", ""), "", ada},
		{"jti", good("jti", `"t-1"`), "", Token{Principal: ada.Principal, Scopes: ada.Scopes, ID: "t-1"}},
		{"sub as long as allowed", good("sub", `"`+long+`"`), "", Token{Principal: entitlement.Principal{Issuer: testIssuer, Value: long}, Scopes: ada.Scopes}},

		{"scp a string, before scope", good("scp", `"a  b"`), "", scoped("a", "b")},
		{"scp a list", good("scp", `["a","b"]`), "", scoped("a", "b")},
		{"no scope at all", good("scope", ""), "", scoped()},
		{"roles beside scope are no scopes", good("roles", `["r"]`), "", ada},
		{"roles beside an empty scp", good("scp", `""`, "roles", `["r"]`), "", scoped()},
		{"application", good("scope", "", "roles", `["r 1","r2"]`), "", Token{Principal: ada.Principal, Scopes: []string{"r 1", "r2"}, Application: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			v, _ := p.verifier(t, c.rule)
			got, err := v.Verify(t.Context(), "Bearer "+c.token)
			if err != nil {
				t.Fatal(err)
			}
			if got.Principal != c.want.Principal || !slices.Equal(got.Scopes, c.want.Scopes) || got.Application != c.want.Application || got.ID != c.want.ID {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestPrincipalClaimAndIssuersAreApart(t *testing.T) {
	one, two := newProvider(t, rsaJWK("k", &rsaKey.PublicKey, "")), newProvider(t, rsaJWK("k", &otherRSA.PublicKey, ""))
	v := must(New([]Issuer{
		{Issuer: testIssuer, KeySet: one.URL, Audience: testAudience, PrincipalClaim: "oid"},
		{Issuer: "https://two.example.test", KeySet: two.URL, Audience: "two"},
	}, http.DefaultClient, clock.NewVirtual(start)))
	header := `{"alg":"RS256","typ":"at+jwt","kid":"k"}`

	token, err := v.Verify(t.Context(), "Bearer "+sign(header, said("oid", `"o-1"`), rs256(rsaKey)))
	if want := (entitlement.Principal{Issuer: testIssuer, Value: "o-1"}); err != nil || token.Principal != want {
		t.Errorf("got %+v, %v, want %+v", token.Principal, err, want)
	}
	if n := two.calls.Load(); n != 0 {
		t.Errorf("the other issuer was asked %d times", n)
	}

	authorization := "Bearer " + sign(header, said(), rs256(rsaKey))
	token, err = v.Verify(t.Context(), authorization)
	refused(t, authorization, token, err, "the claim oid is missing or no string")

	authorization = "Bearer " + sign(header, said("iss", `"https://two.example.test"`, "aud", `"two"`), rs256(rsaKey))
	token, err = v.Verify(t.Context(), authorization)
	refused(t, authorization, token, err, "the signature is wrong")

	authorization = "Bearer " + sign(header, said("iss", `"https://two.example.test"`), rs256(otherRSA))
	token, err = v.Verify(t.Context(), authorization)
	refused(t, authorization, token, err, "the token is for another audience")
}

func TestHeaderNeverChoosesTheKey(t *testing.T) {
	p, evil := newProvider(t, testKeys()...), newProvider(t, rsaJWK("evil", &otherRSA.PublicKey, ""))
	v, _ := p.verifier(t, "")
	for _, member := range []string{
		fmt.Sprintf(`"jku":%q`, evil.URL),
		fmt.Sprintf(`"x5u":%q`, evil.URL),
		`"jwk":` + rsaJWK("evil", &otherRSA.PublicKey, ""),
	} {
		for kid, cause := range map[string]string{"evil": "the issuer has no such key", "r1": "the signature is wrong"} {
			authorization := "Bearer " + sign(`{"alg":"RS256","typ":"at+jwt","kid":"`+kid+`",`+member+`}`, said(), rs256(otherRSA))
			token, err := v.Verify(t.Context(), authorization)
			refused(t, authorization, token, err, cause)
		}
		if _, err := v.Verify(t.Context(), "Bearer "+sign(`{"alg":"RS256","typ":"at+jwt","kid":"r1",`+member+`}`, said(), rs256(rsaKey))); err != nil {
			t.Errorf("with %s, signed by the issuer: %v", member, err)
		}
	}
	if n := evil.calls.Load(); n != 0 {
		t.Errorf("an address in a header was fetched %d times", n)
	}
}

func TestNothingIsFetchedForWhatCannotBeGood(t *testing.T) {
	p := newProvider(t, testKeys()...)
	v, _ := p.verifier(t, "")
	for _, authorization := range []string{
		"", "Bearer x", "Bearer " + good("iss", `"https://evil.example.test"`),
		"Bearer " + sign(`{"alg":"none"}`, said(), unsigned),
		"Bearer " + sign(`{"alg":"RS256","typ":"at+jwt","kid":"r1","crit":["exp"]}`, said(), rs256(rsaKey)),
	} {
		if _, err := v.Verify(t.Context(), authorization); entitlement.KindOf(err) != entitlement.Unauthenticated {
			t.Errorf("got %v", err)
		}
	}
	if n := p.calls.Load(); n != 0 {
		t.Errorf("the key set was fetched %d times", n)
	}
}

func TestNewRefusesBadSettings(t *testing.T) {
	ok := Issuer{Issuer: testIssuer, KeySet: "https://id.example.test/keys", Audience: testAudience}
	change := func(f func(*Issuer)) []Issuer {
		changed := ok
		f(&changed)
		return []Issuer{changed}
	}
	for _, c := range []struct {
		name    string
		issuers []Issuer
		want    string
	}{
		{"none", nil, "no issuer is given"},
		{"no name", change(func(i *Issuer) { i.Issuer = "" }), "issuer 1: its name is empty"},
		{"no audience", change(func(i *Issuer) { i.Audience = "" }), "its audience is empty"},
		{"no key set", change(func(i *Issuer) { i.KeySet = "" }), "no web address"},
		{"key set without host", change(func(i *Issuer) { i.KeySet = "https:///keys" }), "no web address"},
		{"key set is a file", change(func(i *Issuer) { i.KeySet = "file:///keys" }), "no web address"},
		{"key set of another scheme", change(func(i *Issuer) { i.KeySet = "ftp://id.example.test/keys" }), "no web address"},
		{"key set is no address", change(func(i *Issuer) { i.KeySet = "https://a b" }), "the address of its key set"},
		{"rule unknown", change(func(i *Issuer) { i.TokenRule = "any" }), `the token rule "any"`},
		{"twice", []Issuer{ok, ok}, "issuer 2: " + testIssuer + " is listed twice"},
	} {
		if _, err := New(c.issuers, http.DefaultClient, clock.System{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
		}
	}
}

// FuzzVerify looks for a panic, and for anything accepted that was not signed.
func FuzzVerify(f *testing.F) {
	p := newProvider(f, testKeys()...)
	v, _ := p.verifier(f, "")
	token := "Bearer " + good()
	for _, c := range headerRefusals() {
		if len(c.authorization) < 4<<10 {
			f.Add(c.authorization)
		}
	}
	f.Add(token)
	f.Fuzz(func(t *testing.T, authorization string) {
		if got, err := v.Verify(t.Context(), authorization); err == nil && got.Principal.Value != "ada" {
			t.Errorf("accepted %+v", got)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	p := newProvider(b, testKeys()...)
	for name, token := range map[string]string{
		"RS256": good(),
		"ES256": sign(`{"alg":"ES256","typ":"at+jwt","kid":"e1"}`, said(), es256),
	} {
		b.Run(name, func(b *testing.B) {
			v, _ := p.verifier(b, "")
			authorization := "Bearer " + token
			must(v.Verify(b.Context(), authorization))
			b.ReportAllocs()
			for b.Loop() {
				must(v.Verify(b.Context(), authorization))
			}
		})
	}
}

// The check of a token whose issuer's keys are known asks nobody, and allocates no more than it
// did. How long it takes is a benchmark's to say.
func TestY14_AWarmCheckOfATokenFetchesNoKeys(t *testing.T) {
	p := newProvider(t, testKeys()...)
	for name, token := range map[string]string{"RS256": good(), "ES256": sign(`{"alg":"ES256","typ":"at+jwt","kid":"e1"}`, said(), es256)} {
		v, _ := p.verifier(t, "")
		must(v.Verify(t.Context(), "Bearer "+token))
		before := p.calls.Load()
		allocated := testing.AllocsPerRun(100, func() { must(v.Verify(t.Context(), "Bearer "+token)) })
		if n := p.calls.Load() - before; n != 0 {
			t.Errorf("%s: %d fetches of keys", name, n)
		}
		if allocated > 140 {
			t.Errorf("%s: %.0f allocations, at most 140", name, allocated)
		}
	}
}
