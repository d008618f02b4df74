package authz

import (
	"context"
	"errors"
	"testing"

	"leasehold/pkg/entitlement"
)

// A1: what is read beside a question is told to nobody who is refused, whatever came of the
// reading, and it is called off.
func TestA1_WhatIsReadBesideAQuestionIsNotToldToWhoeverIsRefused(t *testing.T) {
	refused := errors.New("refused")
	by := Caller{ID: "u", Scopes: Every}.As(entitlement.User{ID: "u", Enabled: true})
	started := make(chan struct{})
	got, err := Beside(t.Context(), by, ListPackages, func(context.Context) error { <-started; return refused }, func(ctx context.Context) (string, error) {
		close(started)
		<-ctx.Done()
		return "secret", errors.New("there is none")
	})
	if got != "" || !errors.Is(err, refused) {
		t.Errorf("got %q, %v", got, err)
	}

	// Where no role could allow it nothing is read at all.
	by = Caller{ID: "u", Scopes: ScopeSubject}.As(entitlement.User{ID: "u", Enabled: true})
	_, err = Beside(t.Context(), by, ListPackages, func(context.Context) error { return refused }, func(context.Context) (string, error) {
		t.Error("it was read for somebody whom nothing could allow it")
		return "", nil
	})
	if !errors.Is(err, refused) {
		t.Errorf("got %v", err)
	}
}
