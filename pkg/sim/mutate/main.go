// Mutate takes one guard at a time out of the product and tells how many runs the
// simulator needs to notice, and which directed scenario does. The product's own files are not touched: the go command
// builds each mutant from an overlay, a copy of one file in which one text stands for
// another. A text that is not there any more, or not once, stops everything: a mutation
// that changes nothing would look like a blind simulator.
//
// With -conditions it drops every condition of every write instead, one at a time. The list
// of them is not kept: it is what the simulator sees sent. The table alone does not look at
// the condition, so nothing has to be built for it.
package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

func main() {
	runs := flag.Int("runs", 60000, "runs to wait for each mutation to be noticed")
	only := flag.String("only", "", "take out those guards alone whose name holds this")
	conditions := flag.Bool("conditions", false, "drop the conditions of all writes, one at a time, in place of the guards")
	flag.Parse()
	todo := all
	if *conditions {
		todo = everyCondition
	}
	if err := todo(*runs, *only); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// all tries every mutation, and fails where one that should be noticed was not.
func all(runs int, only string) error {
	folder, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)

	if err := allAreSent(folder); err != nil {
		return err
	}

	missed := 0

	fmt.Printf("%-52s %6s  %-64s %s\n", "guard taken out", "run", "first story that fails", "noticed as")
	for _, m := range mutations {
		if !strings.Contains(m.name, only) {
			continue
		}

		noticed, err := m.try(folder, runs)
		if err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}

		how := noticed.how
		// One that a story alone notices is told of: the drawn runs should find it too.
		switch {
		case noticed.run != "":
		case noticed.story != "":
			how = fmt.Sprintf("by the story alone, not in %d runs", runs)
		case m.covered != "":
			how = "as it must be: " + m.covered
		default:
			missed++
			how = fmt.Sprintf("NOT NOTICED in %d runs", runs)
		}

		fmt.Printf("%-52s %6s  %-64s %s\n", m.name, cmp.Or(noticed.run, "-"), cmp.Or(noticed.story, "-"), how)
	}

	if missed > 0 {
		return fmt.Errorf("%d guards are not needed, or not tested", missed)
	}
	return nil
}

// mutation takes one guard out: each edit puts one text for another in a file.
type mutation struct {
	name    string
	edits   []edit
	waive   []string // conditions that the table does not look at
	covered string   // by which other guard, where its loss alone cannot be noticed
}

type edit struct{ file, old, new string }

var (
	found = regexp.MustCompile(`first violation: run (\d+) (.*)`)
	fails = regexp.MustCompile(`--- FAIL: (Test\w+)`)
)

// notice is what the simulator noticed of a mutation: the first run that violates
// something, and the first directed scenario that fails; "" where none does.
type notice struct{ run, how, story string }

// try builds the simulator on the mutated product and returns what it noticed.
func (m mutation) try(folder string, runs int) (n notice, err error) {
	overlay, err := m.overlay(folder)
	if err != nil {
		return n, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Minute)
	defer cancel()
	binary := filepath.Join(folder, "sim.test")
	if out, err := exec.CommandContext(ctx, "go", "test", "-c", "-overlay", overlay, "-o", binary, "./pkg/sim").CombinedOutput(); err != nil {
		return n, fmt.Errorf("build: %w\n%s", err, out)
	}
	return m.run(ctx, binary, runs)
}

// run plays the directed scenarios, and then runs until one violates something.
func (m mutation) run(ctx context.Context, binary string, runs int) (n notice, err error) {
	waived := "-sim.waive=" + strings.Join(m.waive, ";")

	told, _ := exec.CommandContext(ctx, binary, waived, "-test.run", "^Test[FTSL][0-9]", "-test.timeout", "5m").CombinedOutput() // it fails where a story does
	if line := fails.FindSubmatch(told); line != nil {
		n.story = string(line[1])
	}

	out, err := exec.CommandContext(ctx, binary, waived, "-test.run", "^TestSim$", "-test.timeout", "15m", "-sim.brief", "-sim.violations", "1", "-sim.runs", fmt.Sprint(runs)).CombinedOutput()
	if line := found.FindSubmatch(out); line != nil {
		n.run, n.how = string(line[1]), string(line[2])
		return n, nil
	}

	if err != nil {
		return n, fmt.Errorf("run: %w\n%s", err, tail(out))
	}
	return n, nil
}

// overlay writes the mutated files and the list that the go command takes.
func (m mutation) overlay(folder string) (string, error) {
	root, err := os.Getwd()
	if err != nil {
		return "", err
	}

	replace := map[string]string{}
	// A file with several edits is read as the one before left it.
	for i, e := range m.edits {
		path := filepath.Join(root, e.file)
		from := path
		if earlier, ok := replace[path]; ok {
			from = earlier
		}

		source, err := os.ReadFile(from)
		if err != nil {
			return "", err
		}

		if n := bytes.Count(source, []byte(e.old)); n != 1 {
			return "", fmt.Errorf("%s holds the text %d times, want once:\n%s", e.file, n, e.old)
		}

		mutated := filepath.Join(folder, fmt.Sprintf("%d.go", i))
		if err := os.WriteFile(mutated, bytes.Replace(source, []byte(e.old), []byte(e.new), 1), 0o600); err != nil {
			return "", err
		}
		replace[path] = mutated
	}

	list, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}

	path := filepath.Join(folder, "overlay.json")
	return path, os.WriteFile(path, list, 0o600)
}

func tail(out []byte) string { return string(out[max(0, len(out)-4000):]) }
