// Mutate takes one guard at a time out of the product and tells how many runs the
// simulator needs to notice. The product's own files are not touched: the go command
// builds each mutant from an overlay, a copy of one file in which one text stands for
// another. A text that is not there any more, or not once, stops everything: a mutation
// that changes nothing would look like a blind simulator.
package main

import (
	"bytes"
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
	flag.Parse()
	if err := all(*runs, *only); err != nil {
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
	missed := 0
	fmt.Printf("%-52s %10s  %s\n", "guard taken out", "runs", "noticed as")
	for _, m := range mutations {
		if !strings.Contains(m.name, only) {
			continue
		}
		noticed, err := m.try(folder, runs)
		if err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
		switch {
		case noticed != "":
			number, how, _ := strings.Cut(noticed, " ")
			fmt.Printf("%-52s %10s  %s\n", m.name, number, how)
		case m.covered != "":
			fmt.Printf("%-52s %10s  as it must be: %s\n", m.name, "-", m.covered)
		default:
			missed++
			fmt.Printf("%-52s %10s  NOT NOTICED in %d runs\n", m.name, "-", runs)
		}
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
	covered string // by which other guard, where its loss alone cannot be noticed
}

type edit struct{ file, old, new string }

var found = regexp.MustCompile(`first violation: run (.*)`)

// try builds the simulator on the mutated product and returns what it noticed first:
// the number of runs and the violation, or "".
func (m mutation) try(folder string, runs int) (string, error) {
	overlay, err := m.overlay(folder)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Minute)
	defer cancel()
	binary := filepath.Join(folder, "sim.test")
	if out, err := exec.CommandContext(ctx, "go", "test", "-c", "-overlay", overlay, "-o", binary, "./pkg/sim").CombinedOutput(); err != nil {
		return "", fmt.Errorf("build: %w\n%s", err, out)
	}
	out, err := exec.CommandContext(ctx, binary, "-test.run", "^TestSim$", "-test.timeout", "15m", "-sim.brief", "-sim.violations", "1", "-sim.runs", fmt.Sprint(runs)).CombinedOutput()
	if line := found.FindSubmatch(out); line != nil {
		return string(line[1]), nil
	}
	if err != nil {
		return "", fmt.Errorf("run: %w\n%s", err, tail(out))
	}
	return "", nil
}

// overlay writes the mutated files and the list that the go command takes.
func (m mutation) overlay(folder string) (string, error) {
	root, err := os.Getwd()
	if err != nil {
		return "", err
	}
	replace := map[string]string{}
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
