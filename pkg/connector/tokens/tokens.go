// Package tokens fetches access tokens with the credentials of connectors, by the grant of client
// credentials (RFC 6749, 4.4), and keeps them in the process.
package tokens

import (
	"context"
	"crypto/sha256"
	"errors"
	"net/http"
	"net/url"
	"sync"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/entitlement"
)

const (
	// early is how long before its end a token is not used any more; one that lives shorter than
	// twice that is used for half its life.
	early = 5 * time.Minute
	// unsaid is how long a token is used whose end the server does not tell.
	unsaid = 5 * time.Minute
	// maxKept bounds the credentials whose tokens one process keeps.
	maxKept = 64
)

// Cache keeps sources of tokens for the life of a process. A credential is known by a digest of
// it and of the address that it is for. Its zero value is empty and ready; it is safe for
// concurrent use.
type Cache struct {
	mu  sync.Mutex
	all map[[sha256.Size]byte]*Source
}

// Of returns the source of a credential for an address, and makes it where there is none.
func (c *Cache) Of(address, secret string, fresh func() *Source) *Source {
	key := sha256.Sum256([]byte(address + "\x00" + secret))
	c.mu.Lock()
	defer c.mu.Unlock()
	if s, known := c.all[key]; known {
		return s
	}
	// Forgetting all of them costs a question each, and a rotated credential never stays for long.
	if c.all == nil || len(c.all) >= maxKept {
		c.all = map[[sha256.Size]byte]*Source{}
	}
	c.all[key] = fresh()
	return c.all[key]
}

// How says how a source asks for a token.
type How struct {
	Ask    outbound.Operation
	Client *http.Client // guarded as outbound.Client is
	// Config is the request for a token at a time: what is signed, or asked of somebody else, is for
	// one request. What such a one refused is returned as it is.
	Config func(ctx context.Context, now time.Time) (*clientcredentials.Config, error)
	// Advice is part of the sentence about a refused credential: what to look at.
	Advice string
}

// Source fetches tokens with one credential, and keeps the last. It is safe for concurrent use.
type Source struct {
	How
	now func() time.Time

	turn  chan struct{} // taken by whoever fetches, or looks at last
	last  string
	until time.Time
}

// New returns a source of tokens. It asks for none.
func New(how How) *Source {
	return &Source{How: how, now: time.Now, turn: make(chan struct{}, 1)}
}

// Get returns a token that is good for a while. refused is one that was not taken; "" for none.
func (s *Source) Get(ctx context.Context, refused string) (string, error) {
	// One at a time: whoever waits takes what the first one fetched, and need not wait for ever.
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return "", s.Ask.Unanswered(ctx.Err())
	}

	now := s.now()
	if s.last != "" && s.last != refused && now.Before(s.until) {
		return s.last, nil
	}

	config, err := s.Config(ctx, now)
	if _, told := errors.AsType[*connector.Refusal](err); told {
		return "", err
	}
	if err != nil {
		return "", entitlement.Wrap(entitlement.Internal, s.Ask.Op, err, "")
	}
	fetched, err := config.Token(context.WithValue(ctx, oauth2.HTTPClient, s.Client))
	if err != nil {
		return "", s.failed(err)
	}
	if fetched.AccessToken == "" {
		return "", s.Ask.NotUnderstood(http.StatusOK, errNoToken)
	}
	s.last, s.until = fetched.AccessToken, now.Add(unsaid)
	if !fetched.Expiry.IsZero() {
		life := fetched.Expiry.Sub(now)
		s.until = fetched.Expiry.Add(-min(early, life/2))
	}
	return s.last, nil
}

var errNoToken = errors.New("the answer holds no token")

// failed returns the error of a token that was not given. The library's own repeats the
// answer, which may repeat what was sent: nothing of it is kept.
func (s *Source) failed(err error) error {
	refused, is := errors.AsType[*oauth2.RetrieveError](err)
	if !is || refused.Response == nil {
		if _, asked := errors.AsType[*url.Error](err); asked {
			return s.Ask.Unanswered(err)
		}
		return s.Ask.NotUnderstood(http.StatusOK, errNoToken)
	}

	if failed := s.Ask.StatusFailed(refused.Response, s.now()); failed != nil {
		return failed
	}
	code := refused.Response.StatusCode
	// 400 is how a client is answered that the server does not know, or that may not do this.
	if code == http.StatusBadRequest && refused.ErrorCode != "" {
		refusal := &connector.Refusal{Reason: connector.CredentialRefused, Permanent: true,
			Detail: "The target does not accept our credential: asked for a token, it answered status 400. " + s.Advice + " Then give the connector its credential again."}
		return connector.Fail(entitlement.Forbidden, s.Ask.Op, refusal, nil)
	}
	return s.Ask.NotUnderstood(code, errNoToken)
}
