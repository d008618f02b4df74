package identitycenter

import (
	"net/http"
	"testing"
	"time"

	"leasehold/pkg/clock"
	"leasehold/pkg/connector/connectortest/identityserver"
)

// Credentials are kept until five minutes before their end, which is an hour after they were given.
func TestCredentialsAreKeptUntilFiveMinutesBeforeTheirEnd(t *testing.T) {
	s := identityserver.New(identityserver.Named("as documented"), clock.System{})
	at, err := parseAddress(s.Start(t).String(), true)
	if err != nil {
		t.Fatal(err)
	}
	began, passed := time.Now(), time.Duration(0)
	a := &assumed{at: at, externalID: s.ExternalID, own: identityserver.Own, client: http.DefaultClient, turn: make(chan struct{}, 1), now: func() time.Time { return began.Add(passed) }}

	for _, step := range []struct {
		after time.Duration
		asked int
	}{{0, 1}, {54 * time.Minute, 1}, {56 * time.Minute, 2}} {
		passed = step.after
		if _, err := a.get(t.Context(), ""); err != nil || s.Count("AssumeRole") != step.asked {
			t.Errorf("after %s: %v, asked for %d times, want %d", step.after, err, s.Count("AssumeRole"), step.asked)
		}
	}
}

// Each external id has credentials of its own, at each address.
func TestACredentialThatWasChangedIsInForceAtOnce(t *testing.T) {
	kept, made := &cache{}, 0
	for _, of := range [][2]string{{"a", "1"}, {"a", "1"}, {"a", "2"}, {"b", "1"}} {
		kept.of(of[0], of[1], func() *assumed { made++; return &assumed{} })
	}
	if made != 3 {
		t.Errorf("%d were made, want one for each address and external id", made)
	}
}
