package queue

import (
	"testing"

	"leasehold/pkg/entitlement"
)

func TestALookAtAChangeOfRolesIsReadAsItWasWritten(t *testing.T) {
	want := Impact{Package: edited, ID: "00000000-0000-4000-8000-0000000000bb"}
	body := want.Encode()
	if contract := `{"v":1,"impact":{"package":"` + string(edited) + `","id":"00000000-0000-4000-8000-0000000000bb"}}`; body != contract {
		t.Errorf("encoded %s, want %s", body, contract)
	}
	if got, err := DecodeImpact(body); err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}

	m, _ := queue()
	if err := m.EnqueueImpact(t.Context(), want.Package, want.ID); err != nil {
		t.Fatal(err)
	}
	wantBodies(t, m.Receive(10, visibility), body)
}

func TestALookThatIsNotUnderstoodIsParked(t *testing.T) {
	for name, body := range map[string]string{
		"a later version": `{"v":2,"impact":{"package":"00000000-0000-4000-8000-0000000000aa","id":"00000000-0000-4000-8000-0000000000bb"}}`,
		"a job":           Job{Package: edited, Generation: 7}.Encode(),
		"no package":      `{"v":1,"impact":{"id":"00000000-0000-4000-8000-0000000000bb"}}`,
		"a path":          `{"v":1,"impact":{"package":"00000000-0000-4000-8000-0000000000aa","id":"../other"}}`,
		"empty":           ``,
	} {
		if got, err := DecodeImpact(body); err == nil || entitlement.KindOf(err).Verdict() != entitlement.Retry {
			t.Errorf("%s: read as %+v, %v", name, got, err)
		}
	}
}
