package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

var listed = regexp.MustCompile(`(?m)^condition \d+ (.*)$`)

// listRuns are as many as send every condition that there is.
const listRuns = 2000

// everyCondition drops each condition of each write in turn, and tells how many runs
// noticed it, or noticed it dropped along with the one on the number of the event beside it,
// and how it is known to be needed where none does (needs).
func everyCondition(runs int, only string) error {
	folder, err := os.MkdirTemp("", "conditions")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)

	ctx := context.Background()

	binary, names, err := conditionsOf(ctx, folder)
	if err != nil {
		return err
	}

	seen := 0

	fmt.Printf("%-66s %6s %6s  %-64s %s\n", "condition that is not looked at", "run", "both", "story, or else test, that fails", "noticed as")
	for _, name := range names {
		if !strings.Contains(name, only) {
			continue
		}

		known, is := needs[name]
		if !is {
			return fmt.Errorf("nobody says how %q is known to be needed", name)
		}
		// Where neither a run nor a story notices it, this names the test that does.
		n, err := mutation{waive: []string{name}}.run(ctx, binary, runs)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}

		if n.run != "" || n.story != "" {
			seen++
		}

		var both notice
		// One that hides behind the number of its event is tried without that as well.
		if n.run == "" && name != firstOfItsNumber {
			if both, err = (mutation{waive: []string{name, firstOfItsNumber}}).run(ctx, binary, runs); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}

		fmt.Printf("%-66s %6s %6s  %-64s %s\n", name, cmp.Or(n.run, "-"), cmp.Or(both.run, "-"), cmp.Or(n.story, known.test), cmp.Or(n.how, both.how, known.why))
	}

	fmt.Printf("%d of %d conditions were noticed within %d runs or by a story, each by a test of its own; %d more are sent by the suite of all stores alone\n",
		seen, len(names), runs, len(needs)-len(names))
	return nil
}

// allAreSent checks that every condition which a guard names is one that is sent.
func allAreSent(folder string) error {
	_, names, err := conditionsOf(context.Background(), folder)
	if err != nil {
		return err
	}
	for _, m := range mutations {
		for _, name := range m.waive {
			if !slices.Contains(names, name) {
				return fmt.Errorf("%s: nothing is written on the condition %q", m.name, name)
			}
		}
	}
	return nil
}

// conditionsOf builds the simulator as it is, and returns it with the names of all
// conditions that are sent.
func conditionsOf(ctx context.Context, folder string) (binary string, names []string, err error) {
	binary = filepath.Join(folder, "sim.test")
	if out, err := exec.CommandContext(ctx, "go", "test", "-c", "-o", binary, "./pkg/sim").CombinedOutput(); err != nil {
		return "", nil, fmt.Errorf("build: %w\n%s", err, out)
	}
	out, err := exec.CommandContext(ctx, binary, "-test.run", "^TestSim$", "-sim.conditions", "-sim.runs", fmt.Sprint(listRuns)).CombinedOutput()
	for _, line := range listed.FindAllSubmatch(out, -1) {
		names = append(names, string(line[1]))
	}
	if err != nil || len(names) == 0 {
		return "", nil, fmt.Errorf("list the conditions: %w\n%s", err, tail(out))
	}
	return binary, names, nil
}
