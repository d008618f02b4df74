package connector

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"leasehold/pkg/entitlement"
)

const (
	known   entitlement.ConnectorID = "11111111-1111-4111-8111-111111111111"
	unknown entitlement.ConnectorID = "22222222-2222-4222-8222-222222222222"
)

// fixture holds registrations and credentials.
type fixture struct {
	configs map[entitlement.ConnectorID]entitlement.ConnectorConfig
	secrets map[entitlement.ConnectorID][]string
	err     error // of the secrets
}

func (w *fixture) Connector(_ context.Context, id entitlement.ConnectorID) (entitlement.ConnectorConfig, error) {
	if cfg, ok := w.configs[id]; ok {
		return cfg, nil
	}
	return entitlement.ConnectorConfig{}, entitlement.Errorf(entitlement.NotFound, "There is no such connector.")
}

func (w *fixture) Get(_ context.Context, id entitlement.ConnectorID, number int64, address string) (string, error) {
	if w.err != nil {
		return "", w.err
	}
	if kept := w.secrets[id]; number >= 1 && number <= int64(len(kept)) && address == w.configs[id].Kind+" "+w.configs[id].URL {
		return kept[number-1], nil
	}
	return "", entitlement.Errorf(entitlement.NotFound, "There is no such credential.")
}

// named is a connector that only has a name.
type named struct {
	Connector
	name string
}

func open(w *fixture, id entitlement.ConnectorID) (string, error) {
	factory := func(cfg entitlement.ConnectorConfig, credential string) (Connector, error) {
		return named{name: cfg.URL + " with " + credential}, nil
	}
	r := NewRegistry(w, w, named{name: "builtin"}, map[string]Factory{"scim": factory, "webhook": factory})
	c, err := r.Open(context.Background(), id)
	if err != nil {
		return "", err
	}
	return c.(named).name, nil
}

func TestAConnectorIsOpenedAsItIsRegisteredNow(t *testing.T) {
	w := &fixture{
		configs: map[entitlement.ConnectorID]entitlement.ConnectorConfig{known: {ID: known, Kind: "scim", URL: "https://a", Credential: 1}},
		secrets: map[entitlement.ConnectorID][]string{known: {"one"}},
	}
	if got, err := open(w, known); err != nil || got != "https://a with one" {
		t.Errorf("got %q, %v", got, err)
	}
	w.secrets[known] = append(w.secrets[known], "two") // rotated, and not yet registered
	if got, err := open(w, known); err != nil || got != "https://a with one" {
		t.Errorf("before the new one is registered got %q, %v", got, err)
	}
	w.configs[known] = entitlement.ConnectorConfig{ID: known, Kind: "scim", URL: "https://b", Credential: 2}
	if got, err := open(w, known); err != nil || got != "https://b with two" {
		t.Errorf("after rotation got %q, %v", got, err)
	}
}

func TestS20_AnAddressIsNeverOpenedWithAnothersCredential(t *testing.T) {
	for number, kept := range map[int64][]string{0: {"one"}, 1: nil, 2: {"one"}} {
		w := &fixture{
			configs: map[entitlement.ConnectorID]entitlement.ConnectorConfig{known: {ID: known, Kind: "scim", URL: "https://a", Credential: number}},
			secrets: map[entitlement.ConnectorID][]string{known: kept},
		}
		got, err := open(w, known)
		if r := RefusalOf(err); err == nil || r.Reason != CredentialRefused || !strings.Contains(r.Detail, "give the connector its credential again") {
			t.Errorf("credential %d of %v: got %q, %v", number, kept, got, err)
		}
	}
}

func TestTheBuiltInConnectorNeedsNoRegistration(t *testing.T) {
	if got, err := open(&fixture{}, entitlement.BuiltinConnector); err != nil || got != "builtin" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestAConnectorThatCannotBeOpenedSaysWhy(t *testing.T) {
	down := entitlement.Errorf(entitlement.Unavailable, "Parameter Store is down.")
	scim := map[entitlement.ConnectorID]entitlement.ConnectorConfig{known: {ID: known, Kind: "scim"}}
	for name, c := range map[string]struct {
		fixture fixture
		id      entitlement.ConnectorID
		kind    entitlement.Kind
		reason  Reason
	}{
		"not registered": {fixture{configs: scim}, unknown, entitlement.NotFound, RefusedByTarget},
		"unknown kind": {fixture{configs: map[entitlement.ConnectorID]entitlement.ConnectorConfig{known: {Kind: "ldap"}}},
			known, entitlement.Invalid, RefusedByTarget},
		"no credential":        {fixture{configs: scim}, known, entitlement.Forbidden, CredentialRefused},
		"credentials are down": {fixture{configs: scim, err: down}, known, entitlement.Unavailable, TargetUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := open(&c.fixture, c.id)
			if kind := entitlement.KindOf(err); kind != c.kind {
				t.Errorf("kind %v, want %v: %v", kind, c.kind, err)
			}
			if r := RefusalOf(err); r.Reason != c.reason || r.Detail == "" {
				t.Errorf("refusal %+v, want %s", r, c.reason)
			}
		})
	}
}

func TestAnUnknownKindNamesTheKnownOnes(t *testing.T) {
	_, err := open(&fixture{configs: map[entitlement.ConnectorID]entitlement.ConnectorConfig{known: {Kind: "ldap"}}}, known)
	if !strings.Contains(entitlement.MessageOf(err), `"ldap"; there are: scim, webhook.`) {
		t.Errorf("message %q", entitlement.MessageOf(err))
	}
}

func TestEveryErrorHasARefusalThatAgreesWithItsKind(t *testing.T) {
	for _, kind := range entitlement.Kinds() {
		r := RefusalOf(entitlement.Errorf(kind, "It did not work."))
		if r.Permanent != (kind.Verdict() == entitlement.Permanent) || r.Detail == "" || r.Reason == ResourceMissing {
			t.Errorf("%v: %+v", kind, r)
		}
	}
	if r := RefusalOf(errors.New("boom")); r.Permanent || strings.Contains(r.Detail, "boom") {
		t.Errorf("a foreign error became %+v", r)
	}
}

func TestAFailureKeepsItsRefusalAndItsCause(t *testing.T) {
	cause := errors.New("status 429")
	err := Fail(entitlement.Throttled, "test", &Refusal{Reason: TargetThrottled, Detail: "Slow down.", After: time.Minute}, cause)
	if !errors.Is(err, cause) || RetryAfter(err) != time.Minute || entitlement.MessageOf(err) != "Slow down." {
		t.Errorf("got %v, to be tried again after %v", err, RetryAfter(err))
	}
	if RetryAfter(nil) != 0 || RetryAfter(cause) != 0 {
		t.Error("an error without a wish has one")
	}
}
