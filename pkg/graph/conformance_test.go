package graph

import (
	"testing"

	"leasehold/pkg/graph/graphtest"
)

// caller has the table of the reference call the fixture.
func (w *fixture) caller() graphtest.Call {
	return func(as, method, path string, body any) (graphtest.Answer, error) {
		got := w.call(as, method, path, body)
		return graphtest.Answer{Status: got.status, Body: got.body, Text: got.text}, nil
	}
}

// Every operation of the reference is answered with the status and the members that are
// documented: all of them one after another in one fixture, and each in a fixture of its own.
func TestConformance(t *testing.T) {
	in := func() *graphtest.Fixture {
		w := newFixture(t)
		filled, err := graphtest.New(w.caller(), w.ids, "1")
		if err != nil {
			t.Fatal(err)
		}
		return filled
	}
	try := func(filled *graphtest.Fixture, op graphtest.Operation) bool {
		wrong, err := filled.Try(op)
		if err != nil {
			t.Fatal(err)
		}
		if wrong != "" {
			t.Error(wrong)
		}
		return wrong == ""
	}

	passed := 0
	for i, op := range graphtest.Operations() {
		if op.Number != i+1 {
			t.Fatalf("operation %d stands in the place of %d", op.Number, i+1)
		}
		if try(in(), op) {
			passed++
		}
	}
	t.Logf("conformance: %d of %d operations pass", passed, len(graphtest.Operations()))

	one := in()
	for _, op := range graphtest.InOneFixture() {
		try(one, op)
	}
}
