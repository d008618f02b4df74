package main

import (
	"maps"
	"os/exec"
	"path/filepath"
	"testing"

	"leasehold/pkg/dynamo"
	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/dynamo/engine"
	"leasehold/pkg/sim"
	"leasehold/pkg/storetest"
)

// fewRuns are as many as send nearly every condition that the product sends at all.
const fewRuns = 100

// TestEveryConditionHasAnEntry proves that nothing is written on a condition of which nobody
// said how it is known to be needed, and that nothing is said of one that is not sent.
func TestEveryConditionHasAnEntry(t *testing.T) {
	sent := sentByTheSuite(t)
	for n := range uint64(fewRuns) {
		p := sim.Draw(n + 1)
		p.Lists = true
		maps.Copy(sent, sim.Run(t, p, false).Conditions)
	}

	for name := range sent {
		if n, known := needs[name]; !known || n.test == "" {
			t.Errorf("nobody says how %q is known to be needed", name)
		}
	}
	for name, n := range needs {
		if sent[name] == 0 || n.with != "" && sent[n.with] == 0 {
			t.Errorf("the entry of %q is about a condition that is not sent", name)
		}
		if (n.with == "") != (n.why == "") {
			t.Errorf("%q is implied by another condition, or it is not: why does it stay?", name)
		}
	}
}

// sentByTheSuite returns the conditions that the scenarios of all stores send.
func sentByTheSuite(t *testing.T) dynamotest.Conditions {
	sent := dynamotest.Conditions{}
	db := dynamo.New(sent.Collected(engine.New(engine.Options{Table: "table"})), "table")
	t.Run("suite", func(t *testing.T) { storetest.Run(t, func(*testing.T) storetest.Store { return db }) })
	return sent
}

// TestEveryConditionIsNeeded proves that each test that is said to fail without a condition
// does. What another condition implies alone is not noticed, and both are.
func TestEveryConditionIsNeeded(t *testing.T) {
	t.Chdir("../../..")
	binary := filepath.Join(t.TempDir(), "dynamo.test")
	if out, err := exec.CommandContext(t.Context(), "go", "test", "-c", "-o", binary, "./pkg/dynamo").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	t.Run("conditions", func(t *testing.T) {
		for name, n := range needs {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				alone, err := n.fails(t.Context(), binary, name)
				if err != nil {
					t.Fatal(err)
				}
				if alone == (n.with != "") {
					t.Errorf("%q fails without it: %t", n.test, alone)
				}
				if n.with == "" {
					return
				}
				both, err := n.fails(t.Context(), binary, name, n.with)
				if err != nil || !both {
					t.Errorf("%q fails without both: %t, %v", n.test, both, err)
				}
			})
		}
	})
}
