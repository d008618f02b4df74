package queue

import (
	"testing"

	"leasehold/pkg/entitlement"
)

func TestAnExportIsReadAsItWasWritten(t *testing.T) {
	want := Export{Caller: "00000000-0000-4000-8000-0000000000aa", ID: "00000000-0000-4000-8000-0000000000bb"}
	body := want.Encode()
	if contract := `{"v":1,"export":{"caller":"00000000-0000-4000-8000-0000000000aa","id":"00000000-0000-4000-8000-0000000000bb"}}`; body != contract {
		t.Errorf("encoded %s, want %s", body, contract)
	}
	if got, err := DecodeExport(body); err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}

	m, _ := queue()
	if err := m.EnqueueExport(t.Context(), want.Caller, want.ID); err != nil {
		t.Fatal(err)
	}
	wantBodies(t, m.Receive(10, visibility), body)
}

func TestAnExportThatIsNotUnderstoodIsParked(t *testing.T) {
	for name, body := range map[string]string{
		"a later version": `{"v":2,"export":{"caller":"00000000-0000-4000-8000-0000000000aa","id":"00000000-0000-4000-8000-0000000000bb"}}`,
		"a job":           Job{Package: edited, Generation: 7}.Encode(),
		"no caller":       `{"v":1,"export":{"id":"00000000-0000-4000-8000-0000000000bb"}}`,
		"a path":          `{"v":1,"export":{"caller":"00000000-0000-4000-8000-0000000000aa","id":"../other"}}`,
		"empty":           ``,
	} {
		if got, err := DecodeExport(body); err == nil || entitlement.KindOf(err).Verdict() != entitlement.Retry {
			t.Errorf("%s: read as %+v, %v", name, got, err)
		}
	}
}
