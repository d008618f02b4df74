package sessions_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"leasehold/pkg/clock"
	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/sessions"
)

// A text is found by the session that brought it, for a while, however long it is and whatever
// its name looks like.
func TestT14_ATextThatWasBroughtIsFoundByItsSessionAlone(t *testing.T) {
	now := clock.NewVirtual(time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC))
	s := &sessions.Service{Store: dynamotest.New(), Clock: now}
	draw := rand.New(rand.NewPCG(1, 2))
	var long strings.Builder // that does not pack well, so that it lies in several items
	for long.Len() < 1<<20 {
		long.WriteByte(byte('!' + draw.IntN(90)))
	}
	for name, text := range map[string]string{"empty": "", "short": "a,b\n\"c\"", "long": long.String()} {
		id, err := s.Keep(t.Context(), "mine", text)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got, err := s.Kept(t.Context(), "mine", id); err != nil || got != text {
			t.Errorf("%s: got %d bytes, want %d: %v", name, len(got), len(text), err)
		}
		for _, other := range []struct{ secret, id string }{{"another", id}, {"mine", "x"}, {"mine", ""}, {"mine", id + "#00000000"}, {"mine", id[:3]}} {
			if _, err := s.Kept(t.Context(), other.secret, other.id); entitlement.KindOf(err) != entitlement.NotFound {
				t.Errorf("%s: %v finds it: %v", name, other, err)
			}
		}
	}
	if _, err := s.Keep(t.Context(), "mine", strings.Repeat("x", 5<<20)); entitlement.KindOf(err) != entitlement.Invalid {
		t.Errorf("too long: %v", err)
	}

	id, err := s.Keep(t.Context(), "mine", "text")
	if err != nil {
		t.Fatal(err)
	}
	now.Advance(entitlement.SessionFileLasts)
	if _, err := s.Kept(t.Context(), "mine", id); entitlement.KindOf(err) != entitlement.NotFound {
		t.Errorf("it is kept for longer than it should be: %v", err)
	}
}
