package authn

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"slices"
	"strings"
	"testing"

	"leasehold/pkg/entitlement"
)

// refused checks that the answer is 401 with the one message, for the cause, and
// that the log learns nothing of the token.
func refused(t *testing.T, authorization string, token Token, err error, cause string) {
	t.Helper()
	if err == nil {
		t.Fatalf("accepted as %+v, want refused: %s", token, cause)
	}
	if kind := entitlement.KindOf(err); kind != entitlement.Unauthenticated {
		t.Fatalf("kind %s, want unauthenticated: %v", kind, err)
	}
	if got := entitlement.MessageOf(err); got != "The access token is missing or not valid here. Sign in again." {
		t.Errorf("message %q", got)
	}
	if got := errors.Unwrap(err); got == nil || got.Error() != cause {
		t.Errorf("cause %v, want %s", got, cause)
	}
	if token.Principal != (entitlement.Principal{}) || token.Scopes != nil {
		t.Errorf("a refused token says %+v", token)
	}
	for _, part := range strings.FieldsFunc(authorization, func(r rune) bool { return r == '.' || r == ' ' || r == ',' }) {
		if len(part) > 8 && strings.Contains(err.Error(), part) {
			t.Errorf("the error quotes the token: %v", err)
		}
	}
}

// situation is a header that must be refused, and why.
type situation struct{ name, authorization, cause string }

func headerRefusals() []situation {
	token := good()
	rest := strings.SplitN(token, ".", 3)
	publicDER := must(x509.MarshalPKIXPublicKey(&rsaKey.PublicKey))
	publicPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: publicDER})
	hsHeader := `{"alg":"HS256","typ":"at+jwt","kid":"r1"}`
	const (
		spelling  = "the token is not base64url and dots alone"
		scheme    = "the Authorization header's scheme is not Bearer"
		shape     = "the token is not a compact JWS"
		algorithm = "the algorithm is not one of those allowed"
		unknown   = "the issuer has no such key"
		wrong     = "the signature is wrong"
		extension = "the header asks for an extension"
	)
	header := func(text string) string { return "Bearer " + sign(text, said(), rs256(rsaKey)) }
	return []situation{
		{"no header", "", "there is no Authorization header"},
		{"1 MB", "Bearer " + strings.Repeat("a", 1<<20), "the Authorization header is too long"},
		{"one byte too long", "Bearer " + strings.Repeat("a", 16<<10-6), "the Authorization header is too long"},
		{"as long as allowed", "Bearer " + strings.Repeat("a", 16<<10-7), spelling},
		{"wrong scheme", "Basic " + token, scheme},
		{"other case", "bearer " + token, scheme},
		{"scheme alone", "Bearer", scheme},
		{"no token", "Bearer ", shape},
		{"token alone", token, scheme},
		{"space before", " Bearer " + token, scheme},
		{"two spaces", "Bearer  " + token, spelling},
		{"space after", "Bearer " + token + " ", spelling},
		{"two tokens", "Bearer " + token + " " + token, spelling},
		{"two headers in one", "Bearer " + token + ", Bearer " + token, spelling},
		{"line end inside", "Bearer " + token[:20] + "\n" + token[20:], spelling},
		{"carriage return", "Bearer " + token + "\r", spelling},
		{"padding", "Bearer " + token + "==", spelling},
		{"spare bits set", "Bearer " + spareBits(token), spelling},
		{"JSON serialization", `Bearer {"payload":"e30","protected":"e30","signature":""}`, spelling},
		{"two parts", "Bearer " + rest[0] + "." + rest[1], shape},
		{"five parts", "Bearer " + token + ".YWE.YWE", shape},
		{"header is no JSON", "Bearer " + encode([]byte("x")) + "." + rest[1] + "." + rest[2], shape},
		{"header names alg twice", header(`{"alg":"none","alg":"RS256","typ":"at+jwt","kid":"r1"}`), shape},
		{"kid is a number", header(`{"alg":"RS256","typ":"at+jwt","kid":1}`), shape},

		{"alg none", "Bearer " + sign(`{"alg":"none","typ":"at+jwt","kid":"r1"}`, said(), unsigned), algorithm},
		{"alg nOnE", "Bearer " + sign(`{"alg":"nOnE","typ":"at+jwt","kid":"r1"}`, said(), unsigned), algorithm},
		{"alg none, signed", header(`{"alg":"none","typ":"at+jwt","kid":"r1"}`), algorithm},
		{"no alg", header(`{"typ":"at+jwt","kid":"r1"}`), algorithm},
		{"alg in small letters", header(`{"alg":"rs256","typ":"at+jwt","kid":"r1"}`), algorithm},
		{"HS256 with the key's PEM", "Bearer " + sign(hsHeader, said(), hs256(publicPEM)), algorithm},
		{"HS256 with the key's DER", "Bearer " + sign(hsHeader, said(), hs256(publicDER)), algorithm},

		{"kid is a path", header(`{"alg":"RS256","typ":"at+jwt","kid":"../../x"}`), unknown},
		{"kid is SQL", header(`{"alg":"RS256","typ":"at+jwt","kid":"r1' OR '1'='1"}`), unknown},
		{"kid is a URL", header(`{"alg":"RS256","typ":"at+jwt","kid":"https://evil.example.test/k"}`), unknown},
		{"no kid", header(`{"alg":"RS256","typ":"at+jwt"}`), unknown},
		{"key is for encryption", header(`{"alg":"RS256","typ":"at+jwt","kid":"r-enc"}`), unknown},

		{"crit", header(`{"alg":"RS256","typ":"at+jwt","kid":"r1","crit":["exp"],"exp":1}`), extension},
		{"crit that the library knows", header(`{"alg":"RS256","typ":"at+jwt","kid":"r1","crit":["b64"],"b64":true}`), extension},
		{"crit, empty", header(`{"alg":"RS256","typ":"at+jwt","kid":"r1","crit":[]}`), extension},
		{"b64 without crit", header(`{"alg":"RS256","typ":"at+jwt","kid":"r1","b64":false}`), extension},

		{"key bound to RS256, header says PS256", "Bearer " + sign(`{"alg":"PS256","typ":"at+jwt","kid":"r-bound"}`, said(), ps256(rsaKey)), "the key is for another algorithm"},
		{"EC key, header says RS256", header(`{"alg":"RS256","typ":"at+jwt","kid":"e1"}`), wrong},
		{"RSA key, header says ES256", "Bearer " + sign(`{"alg":"ES256","typ":"at+jwt","kid":"r1"}`, said(), es256), wrong},
		{"another's key", "Bearer " + sign(rsHeader, said(), rs256(otherRSA)), wrong},
		{"no signature", "Bearer " + rest[0] + "." + rest[1] + ".", wrong},
		{"tampered payload", "Bearer " + rest[0] + "." + encode([]byte(said("sub", `"eve"`))) + "." + rest[2], wrong},
		{"tampered header", "Bearer " + encode([]byte(`{"alg":"RS256","typ":"at+JWT","kid":"r1"}`)) + "." + rest[1] + "." + rest[2], wrong},
		{"tampered signature", "Bearer " + rest[0] + "." + rest[1] + "." + flipped(rest[2]), wrong},
		{"bad signature comes before expired", "Bearer " + sign(rsHeader, said("exp", at(-9)), rs256(otherRSA)), wrong},

		{"an ID token's typ", header(`{"alg":"RS256","typ":"JWT","kid":"r1"}`), "the header's typ is not at+jwt"},
		{"no typ", header(`{"alg":"RS256","kid":"r1"}`), "the header's typ is not at+jwt"},
		{"typ is a list", header(`{"alg":"RS256","typ":["at+jwt"],"kid":"r1"}`), "the header's typ is not at+jwt"},
	}
}

// flipped changes a bit in the middle of an encoded part.
func flipped(part string) string {
	b := must(strict.DecodeString(part))
	b[len(b)/2] ^= 1
	return encode(b)
}

// spareBits returns the token with its last character replaced by one that a
// lenient decoder takes for the same.
func spareBits(token string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := len(token) - 1
	return token[:last] + string(alphabet[strings.IndexByte(alphabet, token[last])+1])
}

func claimRefusals() []situation {
	const (
		object   = "the claims are not one strict JSON object"
		audience = "the token is for another audience"
		issuer   = "the issuer is not one of those trusted here"
		sub      = "the claim sub is missing or no string"
		subText  = "the claim sub is empty, too long or has control characters"
	)
	raw := func(claims string) string { return "Bearer " + sign(rsHeader, claims, rs256(rsaKey)) }
	with := func(changes ...string) string { return "Bearer " + good(changes...) }
	long := func(n int) string { return `"` + strings.Repeat("s", n) + `"` }
	return []situation{
		{"claims twice", raw(strings.Replace(said(), "{", `{"sub":"eve",`, 1)), object},
		{"claims twice, escaped", raw(strings.Replace(said(), "{", `{"\u0073ub":"eve",`, 1)), object},
		{"claims twice inside", with("act", `{"a":1,"a":2}`), object},
		{"claims are a list", raw(`["x"]`), object},
		{"claims are null", raw(`null`), object},
		{"claims are empty", raw(``), object},
		{"something follows the claims", raw(said() + said()), object},
		{"not UTF-8", with("sub", "\"a\xff\""), object},
		{"lone surrogate", with("sub", `"a\ud800"`), object},
		{"claims too long", with("pad", long(10<<10)), "the claims are too long"},

		{"iss unknown", with("iss", `"https://evil.example.test"`), issuer},
		{"iss with a slash more", with("iss", `"`+testIssuer+`/"`), issuer},
		{"iss in other case", with("iss", `"HTTPS://id.example.test/realm"`), issuer},
		{"iss missing", with("iss", ""), "the claim iss is missing or no string"},
		{"iss a list", with("iss", `["`+testIssuer+`"]`), "the claim iss is missing or no string"},
		{"Iss", with("iss", "", "Iss", `"`+testIssuer+`"`), "the claim iss is missing or no string"},

		{"aud wrong", with("aud", `"api://other"`), audience},
		{"aud missing", with("aud", ""), audience},
		{"aud empty", with("aud", `[]`), audience},
		{"aud begins alike", with("aud", `"`+testAudience+`2"`), audience},
		{"aud has ours inside", with("aud", `"x `+testAudience+`"`), audience},
		{"aud a number", with("aud", `7`), "the claim aud is neither a string nor a list"},
		{"aud null", with("aud", `null`), "the claim aud is neither a string nor a list"},
		{"aud a mixed list", with("aud", `["`+testAudience+`",7]`), "the claim aud is not a list of strings"},

		{"expires now", with("exp", at(0)), "the token has expired"},
		{"expired by 1 s", with("exp", at(-1)), "the token has expired"},
		{"exp missing", with("exp", ""), "the claim exp is missing"},
		{"exp null", with("exp", `null`), "the claim exp is no time"},
		{"exp a string", with("exp", `"`+at(60)+`"`), "the claim exp is no time"},
		{"exp beyond numbers", with("exp", `1e999`), "the claim exp is no time"},
		{"nbf in the future", with("nbf", at(61)), "the claim nbf is in the future"},
		{"nbf a string", with("nbf", `"x"`), "the claim nbf is no time"},
		{"iat in the future", with("iat", at(61)), "the claim iat is in the future"},

		{"sub missing", with("sub", ""), sub},
		{"sub a number", with("sub", `7`), sub},
		{"sub null", with("sub", `null`), sub},
		{"sub empty", with("sub", `""`), subText},
		{"sub too long", with("sub", long(513)), subText},
		{"sub with NUL", with("sub", `"ada\u0000"`), subText},
		{"sub with a line end", with("sub", `"ada\n"`), subText},
		{"jti with NUL", with("jti", `"\u0000"`), "the claim jti is empty, too long or has control characters"},
		{"jti a number", with("jti", `7`), "the claim jti is missing or no string"},
		{"scp a number", with("scp", `7`), "the claim scp is neither a string nor a list"},
		{"roles a mixed list", with("scope", "", "roles", `[{}]`), "the claim roles is not a list of strings"},
	}
}

func TestRefused(t *testing.T) {
	p := newProvider(t, testKeys()...)
	for _, c := range slices.Concat(headerRefusals(), claimRefusals()) {
		t.Run(c.name, func(t *testing.T) {
			v, _ := p.verifier(t, "")
			token, err := v.Verify(t.Context(), c.authorization)
			refused(t, c.authorization, token, err, c.cause)
		})
	}
}

func TestRefusedByRule(t *testing.T) {
	p := newProvider(t, testKeys()...)
	jwt := func(changes ...string) string {
		return "Bearer " + sign(`{"alg":"RS256","typ":"JWT","kid":"r1"}`, said(changes...), rs256(rsaKey))
	}
	const use = "token_use is not access"
	for _, c := range []struct {
		name, authorization string
		rule                TokenRule
		cause               string
	}{
		{"no token_use", jwt(), RuleTokenUse, use},
		{"an ID token's token_use", jwt("token_use", `"id"`), RuleTokenUse, use},
		{"token_use a list", jwt("token_use", `["access"]`), RuleTokenUse, use},
		{"at+jwt does not stand in for token_use", "Bearer " + good(), RuleTokenUse, use},
		{"no scope", jwt("scope", ""), RuleScope, "there is no scope"},
		{"blank scope", jwt("scope", `" "`), RuleScope, "there is no scope"},
		{"blank scp before scope", jwt("scp", `""`), RuleScope, "there is no scope"},
		{"roles alone", jwt("scope", "", "roles", `["admin"]`), RuleScope, "there is no scope"},
		{"ID token by nonce", jwt("scope", "", "nonce", `"n"`), RuleScope, "it is an ID token"},
		{"ID token by at_hash, with roles", jwt("scope", "", "at_hash", `"h"`, "roles", `["admin"]`), RuleScope, "it is an ID token"},
	} {
		t.Run(c.name, func(t *testing.T) {
			v, _ := p.verifier(t, c.rule)
			token, err := v.Verify(t.Context(), c.authorization)
			refused(t, c.authorization, token, err, c.cause)
		})
	}
}
