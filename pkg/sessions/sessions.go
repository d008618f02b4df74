// Package sessions keeps who is signed in at the pages. A browser keeps a secret, the table its
// digest; a session ends by itself after a while, and at once where its owner signs out. Who
// lost their account is not let in by any session, since who they are is read at every call.
package sessions

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"

	"leasehold/pkg/clock"
	"leasehold/pkg/entitlement"
)

// Store is where sessions are kept.
type Store interface {
	// Session returns a session, read strongly; NotFound where there is none.
	Session(ctx context.Context, id string) (entitlement.Session, error)
	// SessionFile returns the parts of a text that lies beside a session, in their order.
	SessionFile(ctx context.Context, session, id string) ([]entitlement.SessionFile, error)
	Commit(ctx context.Context, c entitlement.Change) error
}

// Service begins, finds and ends sessions.
type Service struct {
	Store Store
	Clock clock.Clock
}

// Begin begins a session and returns the secret that finds it again.
func (s *Service) Begin(ctx context.Context, who entitlement.Principal, scopes int64) (secret string, err error) {
	secret, now := rand.Text(), s.Clock.Now()
	err = s.Store.Commit(ctx, entitlement.Change{Sessions: []entitlement.Session{
		{ID: digest(secret), Principal: who, Scopes: scopes, Created: now, Seen: now}}})
	return secret, err
}

// Find returns the session of a secret and notes that it is in use. Unauthenticated: there is
// none, or it is over.
func (s *Service) Find(ctx context.Context, secret string) (entitlement.Session, error) {
	none, out := entitlement.Session{}, entitlement.Errorf(entitlement.Unauthenticated, "You are not signed in any more. Sign in again.")
	if secret == "" {
		return none, out
	}

	found, err := s.Store.Session(ctx, digest(secret))
	now := s.Clock.Now()
	switch {
	case err != nil && entitlement.KindOf(err) == entitlement.NotFound:
		return none, out
	case err != nil:
		return none, err
	case found.Over(now):
		return none, out
	}

	if found.ToNote(now) {
		seen := found
		seen.Seen = now
		// Of two calls at once one notes it, and one that was signed out meanwhile stays so.
		if err := s.Store.Commit(ctx, entitlement.Change{Sessions: []entitlement.Session{seen}}); err != nil && entitlement.StalePart(err) == "" {
			return none, err
		}
	}

	return found, nil
}

// End ends the session of a secret; one that is over already stays so.
func (s *Service) End(ctx context.Context, secret string) error {
	for range tries {
		found, err := s.Store.Session(ctx, digest(secret))
		if err != nil && entitlement.KindOf(err) == entitlement.NotFound {
			return nil
		}
		if err != nil {
			return err
		}

		found.Erased = true
		// A sign of life may come between, and then it is read again.
		if err = s.Store.Commit(ctx, entitlement.Change{Sessions: []entitlement.Session{found}}); entitlement.StalePart(err) == "" {
			return err
		}
	}
	return entitlement.Errorf(entitlement.Conflict, "You could not be signed out at the moment. Try again.")
}

// tries bounds how often End meets a sign of life.
const tries = 4

func digest(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
