package authn

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"leasehold/pkg/clock"
	"leasehold/pkg/entitlement"
)

// kindOf verifies a token and returns the kind of the failure, "" for none.
func kindOf(t *testing.T, v *Verifier, token string) string {
	t.Helper()
	_, err := v.Verify(t.Context(), "Bearer "+token)
	if err == nil {
		return ""
	}
	return entitlement.KindOf(err).String()
}

func wantKind(t *testing.T, v *Verifier, token, want string) {
	t.Helper()
	if got := kindOf(t, v, token); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func (p *provider) wantCalls(t *testing.T, want int64) {
	t.Helper()
	if got := p.calls.Load(); got != want {
		t.Errorf("the key set was fetched %d times, want %d", got, want)
	}
}

// signedBy is a good token under that key id.
func signedBy(id string, key *rsa.PrivateKey) string {
	return sign(fmt.Sprintf(`{"alg":"RS256","typ":"at+jwt","kid":%q}`, id), said("exp", at(1<<20)), rs256(key))
}

const (
	unauthenticated  = "unauthenticated"
	unavailableError = "unavailable"
)

func TestKeysAreFetchedOnceAndKept(t *testing.T) {
	p := newProvider(t, testKeys()...)
	v, virtual := p.verifier(t, "")
	p.wantCalls(t, 0)

	token := signedBy("r1", rsaKey)
	for range 3 {
		wantKind(t, v, token, "")
		virtual.Advance(7 * time.Hour)
	}
	p.wantCalls(t, 1)
}

func TestUnknownKeysFlood(t *testing.T) {
	p := newProvider(t, testKeys()...)
	v, virtual := p.verifier(t, "")
	token := signedBy("r1", rsaKey)
	wantKind(t, v, token, "")

	// 10,000 in 100 s, each with a key id of its own and without a signature worth checking.
	claims := encode([]byte(said()))
	for i := range 10_000 {
		virtual.Advance(10 * time.Millisecond)
		header := fmt.Sprintf(`{"alg":"RS256","typ":"at+jwt","kid":"flood-%d"}`, i)
		wantKind(t, v, encode([]byte(header))+"."+claims+".AAAA", unauthenticated)
	}
	p.wantCalls(t, 2)
	wantKind(t, v, token, "")
}

func TestRotation(t *testing.T) {
	p := newProvider(t, rsaJWK("old", &rsaKey.PublicKey, ""))
	v, virtual := p.verifier(t, "")
	before, after := signedBy("old", rsaKey), signedBy("new", otherRSA)
	wantKind(t, v, before, "")

	p.publish(rsaJWK("new", &otherRSA.PublicKey, ""))
	virtual.Advance(time.Minute - 1)
	wantKind(t, v, after, unauthenticated)
	p.wantCalls(t, 1)

	virtual.Advance(1)
	wantKind(t, v, after, "")
	wantKind(t, v, before, unauthenticated) // taken back
	p.wantCalls(t, 2)
}

func TestOldKeysAreRefreshed(t *testing.T) {
	p := newProvider(t, rsaJWK("old", &rsaKey.PublicKey, ""))
	v, virtual := p.verifier(t, "")
	token := signedBy("old", rsaKey)
	wantKind(t, v, token, "")

	virtual.Advance(24*time.Hour - time.Second)
	wantKind(t, v, token, "")
	p.wantCalls(t, 1)

	p.publish(rsaJWK("new", &otherRSA.PublicKey, ""))
	virtual.Advance(time.Second)
	wantKind(t, v, token, unauthenticated) // the issuer took the key back
	p.wantCalls(t, 2)
}

func TestKeysOutliveAnOutageOfTheirIssuerForADay(t *testing.T) {
	p := newProvider(t, testKeys()...)
	v, virtual := p.verifier(t, "")
	token := signedBy("r1", rsaKey)
	wantKind(t, v, token, "")

	p.answers(http.StatusInternalServerError, "")
	virtual.Advance(24 * time.Hour)
	wantKind(t, v, token, "")
	wantKind(t, v, token, "")
	wantKind(t, v, signedBy("unknown", rsaKey), unauthenticated)
	p.wantCalls(t, 2)

	virtual.Advance(24*time.Hour - time.Second)
	wantKind(t, v, token, "")
	virtual.Advance(time.Second)
	wantKind(t, v, token, unavailableError)

	p.publish(testKeys()...)
	virtual.Advance(time.Minute)
	wantKind(t, v, token, "")
}

func TestUnavailableWithoutAnyKey(t *testing.T) {
	many := make([]string, 10_000)
	for i := range many {
		many[i] = fmt.Sprintf(`{"kid":"%d"}`, i)
	}
	aHundredAndOne := append(many[:100:100], rsaJWK("r1", &rsaKey.PublicKey, ""))
	set := func(keys ...string) string { return `{"keys":[` + strings.Join(keys, ",") + `]}` }
	good := set(testKeys()...)

	for _, c := range []struct {
		name, body, cause string
		status            int
	}{
		{"server error", good, "answers 500", 500},
		{"no content", "", "answers 204", 204},
		{"not found", good, "answers 404", 404},
		{"no JSON", "<html>", "read the key set", 200},
		{"keys twice", good[:len(good)-1] + `,"keys":[]}`, "read the key set", 200},
		{"something follows", good + good, "read the key set", 200},
		{"no list", `{}`, "has no list of keys", 200},
		{"null", `{"keys":null}`, "has no list of keys", 200},
		{"101 keys", set(aHundredAndOne...), "101 keys", 200},
		{"10,000 keys", set(many...), "10000 keys", 200},
		{"1 MiB and a byte", good + strings.Repeat(" ", 1<<20+1-len(good)), "longer than 1048576 bytes", 200},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newProvider(t)
			p.answers(c.status, c.body)
			v, virtual := p.verifier(t, "")
			token := signedBy("r1", rsaKey)

			for range 2 {
				_, err := v.Verify(t.Context(), "Bearer "+token)
				if entitlement.KindOf(err) != entitlement.Unavailable || !strings.Contains(err.Error(), c.cause) {
					t.Fatalf("got %v, want unavailable: %s", err, c.cause)
				}
				if got := entitlement.MessageOf(err); got != "Sign-in cannot be checked at the moment. Try again in a minute." {
					t.Errorf("message %q", got)
				}
			}
			p.wantCalls(t, 1) // a failed fetch counts too

			p.publish(testKeys()...)
			virtual.Advance(time.Minute)
			wantKind(t, v, token, "")
		})
	}
}

func TestKeySetAsLargeAsAllowed(t *testing.T) {
	p := newProvider(t)
	keys := make([]string, 99)
	for i := range keys {
		keys[i] = `{"kty":"new kind"}`
	}
	body := `{"keys":[` + strings.Join(append(keys, rsaJWK("r1", &rsaKey.PublicKey, "")), ",") + `]}`
	p.answers(200, body+strings.Repeat(" ", 1<<20-len(body)))
	v, _ := p.verifier(t, "")
	wantKind(t, v, signedBy("r1", rsaKey), "")
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	evil := newProvider(t, testKeys()...)
	p := newProvider(t)
	p.handle(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, evil.URL, http.StatusFound) })
	v, _ := p.verifier(t, "")
	wantKind(t, v, signedBy("r1", rsaKey), unavailableError)
	p.wantCalls(t, 1)
	evil.wantCalls(t, 0)
}

func TestAnEmptyKeySetIsAnAnswer(t *testing.T) {
	p := newProvider(t)
	v, _ := p.verifier(t, "")
	wantKind(t, v, signedBy("r1", rsaKey), unauthenticated)
}

func TestKeysThatAreNotForSignatures(t *testing.T) {
	weak := must(rsa.GenerateKey(rand.Reader, 1024))
	secret := strings.Repeat("s", 32)
	private := fmt.Sprintf(`{"kty":"EC","crv":"P-256","kid":"private","x":%q,"y":%q,"d":%q}`,
		encode(must(ecKey.PublicKey.Bytes())[1:33]), encode(must(ecKey.PublicKey.Bytes())[33:]), encode(must(ecKey.Bytes())))
	p := newProvider(t,
		rsaJWK("weak", &weak.PublicKey, ""),
		fmt.Sprintf(`{"kty":"oct","kid":"secret","k":%q}`, encode([]byte(secret))),
		private,
		rsaJWK("twice", &rsaKey.PublicKey, ""), rsaJWK("twice", &otherRSA.PublicKey, ""),
	)
	v, _ := p.verifier(t, "")
	cause := func(token string) string {
		_, err := v.Verify(t.Context(), "Bearer "+token)
		return fmt.Sprint(errors.Unwrap(err))
	}

	const none = "the issuer has no such key"
	if got := cause(signedBy("weak", weak)); got != none {
		t.Errorf("RSA with 1024 bits: %s", got)
	}
	if got := cause(sign(`{"alg":"ES256","typ":"at+jwt","kid":"secret"}`, said(), es256)); got != none {
		t.Errorf("a shared secret: %s", got)
	}
	if got := cause(sign(`{"alg":"ES256","typ":"at+jwt","kid":"private"}`, said(), es256)); got != none {
		t.Errorf("a private key: %s", got)
	}
	wantKind(t, v, signedBy("twice", rsaKey), "") // the first counts
	wantKind(t, v, signedBy("twice", otherRSA), unauthenticated)
}

func TestConcurrentCallersShareOneFetch(t *testing.T) {
	p := newProvider(t, testKeys()...)
	v, virtual := p.verifier(t, "")
	good, unknown := signedBy("r1", rsaKey), signedBy("unknown", rsaKey)

	for range 3 {
		var all sync.WaitGroup
		for i := range 40 {
			all.Go(func() {
				if i%2 == 0 {
					wantKind(t, v, good, "")
				} else {
					wantKind(t, v, unknown, unauthenticated)
				}
			})
		}
		all.Wait()
		virtual.Advance(time.Minute)
	}
	p.wantCalls(t, 3)
}

func TestASlowIssuerHoldsUpNobodyWhoseKeyIsKnown(t *testing.T) {
	p := newProvider(t, testKeys()...)
	v, virtual := p.verifier(t, "")
	good, unknown := signedBy("r1", rsaKey), signedBy("unknown", rsaKey)
	wantKind(t, v, good, "")

	asked, release := make(chan struct{}), make(chan struct{})
	p.handle(func(http.ResponseWriter, *http.Request) { close(asked); <-release })
	virtual.Advance(time.Minute)
	done := make(chan string)
	go func() { done <- kindOf(t, v, unknown) }()
	<-asked
	wantKind(t, v, good, "")
	close(release)
	if got := <-done; got != unauthenticated {
		t.Errorf("got %q", got)
	}
}

// roundTrip is a transport made of a function.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestTheFetchIsBoundedAndNobodysOwn: it ends after five seconds, and not with
// the caller who began it.
func TestTheFetchIsBoundedAndNobodysOwn(t *testing.T) {
	transport := roundTrip(func(r *http.Request) (*http.Response, error) {
		if deadline, ok := r.Context().Deadline(); !ok || time.Until(deadline) > 5*time.Second || time.Until(deadline) < 4*time.Second {
			t.Errorf("the deadline is %v", deadline)
		}
		if err := r.Context().Err(); err != nil {
			return nil, err
		}
		if r.Header.Get("Cookie") != "" || r.Header.Get("Authorization") != "" {
			t.Errorf("sent %v", r.Header)
		}
		body := `{"keys":[` + strings.Join(testKeys(), ",") + `]}`
		return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
	})
	v := must(New([]Issuer{{Issuer: testIssuer, KeySet: "https://id.example.test/keys", Audience: testAudience}},
		&http.Client{Transport: transport}, clock.NewVirtual(start)))

	hungUp, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := v.Verify(hungUp, "Bearer "+good()); err != nil {
		t.Error(err)
	}
}
