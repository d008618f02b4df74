package main

import (
	"slices"
	"testing"

	"leasehold/pkg/connector/connectortest"
	"leasehold/pkg/connector/kinds"
)

func full(kind string) connectortest.Outcome {
	parts := map[string]connectortest.Held{}
	for _, column := range columns {
		parts[column] = connectortest.Held{Held: 2, All: 2}
	}
	return connectortest.Outcome{Kind: kind, Test: "TestConforms/with a server", Parts: parts}
}

// A kind that is registered and that no suite ran for, or a behaviour that is not held, is told.
func TestATableThatLacksAKindOrABehaviourFails(t *testing.T) {
	whole := &table{rows: map[string]*row{}}
	whole.add(full("builtin"))
	for _, k := range kinds.All() {
		whole.add(full(k.Name))
	}
	if got := whole.complaints(); len(got) > 0 {
		t.Fatalf("a whole table: %q", got)
	}

	for _, k := range kinds.All() {
		lacks := &table{rows: map[string]*row{}}
		lacks.add(full("builtin"))
		for _, other := range kinds.All() {
			if other.Name != k.Name {
				lacks.add(full(other.Name))
			}
		}
		if got := lacks.complaints(); !slices.Contains(got, k.Name+" has no row with A19") {
			t.Errorf("without %s: %q", k.Name, got)
		}
	}

	quiet := &table{rows: map[string]*row{}}
	without := full(kinds.Lambda)
	delete(without.Parts, "listing")
	without.Can = []string{"listing"}
	quiet.add(without)
	if got := quiet.complaints(); !slices.Contains(got, kinds.Lambda+" has no row with listing") {
		t.Errorf("one that lists and was not seen to: %q", got)
	}

	broken := full(kinds.LDAP)
	broken.Parts["F31"] = connectortest.Held{Held: 0, All: 1}
	whole.add(broken)
	if got := whole.complaints(); !slices.Equal(got, []string{"ldap TestConforms: F31 holds 2 of 3"}) {
		t.Errorf("a behaviour that is not held: %q", got)
	}
}
