package catalogs_test

import (
	"slices"
	"testing"
	"time"

	"leasehold/pkg/entitlement"
)

func TestR262_PausingAConnectorIsOnRecordAndResumingItWakesThoseWhoWaited(t *testing.T) {
	w := newFixture(t)
	c := w.connector()
	set := func(paused bool) entitlement.ConnectorConfig {
		t.Helper()
		return must[entitlement.ConnectorConfig](t)(w.UpdateConnector(t.Context(), by, c.ID, "", func(c *entitlement.ConnectorConfig) { c.Paused = paused }))
	}

	woken := w.Enqueuer.(*recorder)
	looked := c.Check.At
	w.clock.Advance(time.Minute)
	if now := set(true); !now.Paused || !now.Check.At.Equal(looked) || len(woken.sent) > 0 {
		t.Errorf("paused: %+v, woken %v", now, woken.sent)
	}
	_, err := w.CheckConnector(t.Context(), by, c.ID, "")
	w.kind(err, entitlement.Precondition, "resume it first")

	waiting, other := w.grantSet(c.ID, entitlement.ReasonPaused), w.grantSet(c.ID, entitlement.ReasonPrincipalMissing)
	if now := set(false); now.Paused || !now.Check.At.After(looked) {
		t.Errorf("resumed: %+v", now)
	}
	if !slices.Contains(woken.sent, waiting) || slices.Contains(woken.sent, other) {
		t.Errorf("woken: %v, want %s alone", woken.sent, waiting)
	}
	// One call goes first; the worker of one that is answered wakes everybody else.
	if b := must[entitlement.Breaker](t)(w.store.Breaker(t.Context(), c.ID)); b.Failures != 1 || b.Until.After(w.clock.Now()) {
		t.Errorf("the breaker after resuming: %+v", b)
	}

	events := must[entitlement.Paged[entitlement.Event]](t)(w.store.ListEvents(t.Context(), entitlement.OfConnector, string(c.ID), entitlement.Page{}))
	var changes []string
	for _, e := range events.Items {
		for _, d := range e.Changed {
			if d.Property == "isPaused" && e.Kind == "updated" {
				changes = append(changes, d.Before+">"+d.After)
			}
		}
	}
	if !slices.Equal(changes, []string{"false>true", "true>false"}) {
		t.Errorf("events say of the pause: %v", changes)
	}

	_, err = w.UpdateConnector(t.Context(), by, entitlement.BuiltinConnector, "", func(c *entitlement.ConnectorConfig) { c.Paused = true })
	w.kind(err, entitlement.Precondition, "built-in")
}
