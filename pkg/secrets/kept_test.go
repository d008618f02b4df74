package secrets

import (
	"context"
	"fmt"
	"testing"
	"time"

	"leasehold/pkg/clock"
	"leasehold/pkg/entitlement"
)

// counted counts what is read.
type counted struct {
	Source
	reads int
	err   error
}

func (c *counted) Get(ctx context.Context, id entitlement.ConnectorID, number int64, address string) (string, error) {
	if c.reads++; c.err != nil {
		return "", c.err
	}
	return c.Source.Get(ctx, id, number, address)
}

func TestACredentialIsReadOnceAndAChangedOneAtOnce(t *testing.T) {
	const id, address = entitlement.ConnectorID("11111111-1111-4111-8111-111111111111"), "scim https://a.example"
	vault := &Memory{}
	from := &counted{Source: vault}
	c := clock.NewVirtual(time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC))
	k := Keep(from, c)
	want := func(number int64, secret string, reads int) {
		t.Helper()
		got, err := k.Get(t.Context(), id, number, address)
		if (err != nil) != (secret == "") || got != secret || from.reads != reads {
			t.Errorf("number %d: %q, %v after %d reads, want %q after %d", number, got, err, from.reads, secret, reads)
		}
	}
	put := func(secret string) {
		if _, err := vault.Put(t.Context(), id, address, secret); err != nil {
			t.Fatal(err)
		}
	}

	put("one")
	want(1, "one", 1)
	want(1, "one", 1)
	want(2, "", 2)
	want(2, "", 3) // what was not there is asked for again
	put("two")
	want(2, "two", 4)
	want(1, "one", 4) // two at a time, for who has not heard of the change
	if _, err := k.Get(t.Context(), id, 1, "scim https://b.example"); entitlement.KindOf(err) != entitlement.NotFound {
		t.Errorf("A20: for another address: %v", err)
	}

	// A connector that was deleted and made again begins with number 1.
	if err := vault.Delete(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	put("anew")
	c.Advance(keptFor)
	want(1, "anew", 6)

	from.err = fmt.Errorf("it does not answer")
	want(1, "anew", 6)
	for number := range int64(3 * keptMost) {
		from.err = nil
		put("more")
		if _, err := k.Get(t.Context(), id, 2+number, address); err != nil || len(k.have) > keptMost {
			t.Fatalf("%d are kept: %v", len(k.have), err)
		}
	}
}
