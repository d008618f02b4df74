package authn

import (
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"leasehold/pkg/clock"
	"leasehold/pkg/entitlement"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// How key sets are fetched, and how long they are believed.
const (
	fetchEvery   = time.Minute // at most, whatever is asked for and however it ended
	fetchTimeout = 5 * time.Second
	refreshAfter = 24 * time.Hour // so that a key that its issuer took back goes
	dropAfter    = 48 * time.Hour // where refreshing has failed since: nothing older is believed
	maxKeySet    = 1 << 20        // bytes
	maxKeys      = 100
	minRSABits   = 2048
)

// keySet is one issuer's keys, as last fetched. Known keys are read without a
// lock, so that a slow issuer holds up nobody whose key is known.
type keySet struct {
	address string
	client  *http.Client
	clock   clock.Clock
	known   atomic.Pointer[keys] // nil before the first successful fetch

	mu     sync.Mutex // held while fetching: who waits for it shares the outcome
	tried  time.Time  // when the last fetch began
	failed error      // how it ended
}

// keys are what one fetch brought, by key id. The id is looked up and never
// interpreted; a token without one finds the key without one.
type keys struct {
	byID    map[string]*jose.JSONWebKey
	fetched time.Time
}

func newKeySet(address string, client *http.Client, clock clock.Clock) *keySet {
	own := *client
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &keySet{address: address, client: &own, clock: clock}
}

// key returns the key of the id: Unauthenticated where the issuer has no such key,
// Unavailable where it has told us none that may still be believed.
func (s *keySet) key(ctx context.Context, id string) (*jose.JSONWebKey, error) {
	if key := s.known.Load().current(id, s.clock.Now()); key != nil {
		return key, nil
	}

	known, err := s.refresh(ctx)
	if known == nil || s.clock.Now().Sub(known.fetched) >= dropAfter {
		return nil, entitlement.Wrap(entitlement.Unavailable, operation, err, unavailable)
	}
	if key := known.byID[id]; key != nil {
		return key, nil
	}
	return nil, refuse("the issuer has no such key")
}

// current returns the key of the id where it is known and need not be refreshed.
func (k *keys) current(id string, now time.Time) *jose.JSONWebKey {
	if k == nil || now.Sub(k.fetched) >= refreshAfter {
		return nil
	}
	return k.byID[id]
}

// refresh fetches the key set unless somebody just did, perhaps while we waited for
// the lock, and returns what is known afterwards, with the error of the last fetch.
// A failed fetch forgets nothing.
func (s *keySet) refresh(ctx context.Context) (*keys, error) {
	s.mu.Lock()
	defer s.mu.Unlock()

	now, known := s.clock.Now(), s.known.Load()
	if now.Sub(s.tried) < fetchEvery {
		return known, s.failed
	}

	s.tried = now
	byID, err := s.fetch(ctx)

	// Once in fetchEvery, whether it goes well or not: tokens with made-up key ids cost the
	// issuer no more than that.
	if s.failed = err; err != nil {
		return known, err
	}

	known = &keys{byID: byID, fetched: now}
	s.known.Store(known)
	return known, nil
}

// fetch asks the issuer. The fetch is everybody's, so it outlives the caller who
// began it: else one who hangs up would spoil the next minute for all.
func (s *keySet) fetch(ctx context.Context) (map[string]*jose.JSONWebKey, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTimeout)
	defer cancel()

	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.address, nil)
	if err != nil {
		return nil, fmt.Errorf("fetch the key set: %w", err)
	}
	request.Header.Set("Accept", "application/json")

	response, err := s.client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("fetch the key set: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("fetch the key set: %s answers %d", s.address, response.StatusCode)
	}

	// One byte past the limit tells a key set that is too long from one that just fits.
	body, err := io.ReadAll(io.LimitReader(response.Body, maxKeySet+1))
	if err != nil {
		return nil, fmt.Errorf("read the key set: %w", err)
	}
	if len(body) > maxKeySet {
		return nil, fmt.Errorf("the key set is longer than %d bytes", maxKeySet)
	}

	return parseKeys(body)
}

// parseKeys reads a key set. As RFC 7517 asks, keys of a kind unknown here are left
// out; of two keys with one id the first counts.
func parseKeys(body []byte) (map[string]*jose.JSONWebKey, error) {
	var set struct {
		Keys []jsontext.Value `json:"keys"`
	}
	if err := json.Unmarshal(body, &set); err != nil {
		return nil, fmt.Errorf("read the key set: %w", err)
	}
	if set.Keys == nil {
		return nil, errors.New("the key set has no list of keys")
	}
	if len(set.Keys) > maxKeys {
		return nil, fmt.Errorf("the key set has %d keys, more than %d", len(set.Keys), maxKeys)
	}

	// A key that nobody here can use is no reason to refuse the others.
	byID := make(map[string]*jose.JSONWebKey, len(set.Keys))
	for _, text := range set.Keys {
		key := &jose.JSONWebKey{}
		if key.UnmarshalJSON(text) == nil && usable(key) && byID[key.KeyID] == nil {
			byID[key.KeyID] = key
		}
	}

	return byID, nil
}

// usable tells whether a key may verify signatures: a public one, meant for that,
// and strong enough.
func usable(key *jose.JSONWebKey) bool {
	if !key.IsPublic() || key.Use != "" && key.Use != "sig" {
		return false
	}
	weak, isRSA := key.Key.(*rsa.PublicKey)
	return !isRSA || weak.N.BitLen() >= minRSABits
}
