// Command conformance runs the suite for connectors at every server, and prints one table of what came
// of it. It fails where a behaviour is not held, or a kind of connector has no row.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"

	"leasehold/pkg/connector/connectortest"
	"leasehold/pkg/connector/kinds"
)

// suites are the tests that run the suite, by their names.
const suites = "Conform|KeepTheContract|AreListed|ListsThem|AccountsAreMade|GuestsAreInvited|UsersAreMade"

// columns are the parts of the suite and the faults that single behaviours are of.
var columns = []string{"membership", "lookups", "listing", "accounts", "faults", "F29", "F30", "F31", "F33", "F35", "A19"}

func main() {
	t := &table{rows: map[string]*row{}}
	command := exec.Command("go", "test", "-json", "-count=1", "-timeout=15m", "-run", suites, "./pkg/connector/...", "./localstack/dev/scimserver")
	command.Env = append(os.Environ(), connectortest.Reported+"=1")
	out, err := command.StdoutPipe()
	if err == nil {
		err = command.Start()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}

	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		t.take(lines.Bytes())
	}
	failed := command.Wait()
	t.print()
	complaints := t.complaints()
	if failed != nil {
		complaints = append(complaints, "tests failed: "+strings.Join(t.failed, ", "))
	}
	for _, c := range complaints {
		fmt.Println(c)
	}
	if len(complaints) > 0 {
		os.Exit(1)
	}
}

// row is one kind of connector at one server, in all of the ways in which that server behaved.
type row struct {
	kind, test string
	ways       int
	parts      map[string]connectortest.Held
	cannot     []string
	can        []string
}

type table struct {
	rows    map[string]*row
	skipped []string
	failed  []string
}

// event is a line of go test -json.
type event struct{ Action, Package, Test, Output string }

func (t *table) take(line []byte) {
	var e event
	if json.Unmarshal(line, &e) != nil {
		return
	}
	switch e.Action {
	case "skip":
		if e.Test != "" {
			t.skipped = append(t.skipped, e.Test)
		}
	case "fail":
		t.failed = append(t.failed, strings.TrimSpace(e.Package+" "+e.Test))
	case "output":
		_, said, is := strings.Cut(e.Output, connectortest.ReportedLine)
		var o connectortest.Outcome
		if is && json.Unmarshal([]byte(said), &o) == nil {
			t.add(o)
		}
	}
}

// add adds an outcome to the row of its kind and its test.
func (t *table) add(o connectortest.Outcome) {
	test, _, _ := strings.Cut(o.Test, "/")
	key := o.Kind + " " + test
	r := t.rows[key]
	if r == nil {
		r = &row{kind: o.Kind, test: test, parts: map[string]connectortest.Held{}}
		t.rows[key] = r
	}
	r.ways++
	for name, n := range o.Parts {
		sum := r.parts[name]
		r.parts[name] = connectortest.Held{Held: sum.Held + n.Held, All: sum.All + n.All}
	}
	for _, what := range o.Cannot {
		if !slices.Contains(r.cannot, what) {
			r.cannot = append(r.cannot, what)
		}
	}
	for _, part := range o.Can {
		if !slices.Contains(r.can, part) {
			r.can = append(r.can, part)
		}
	}
}

func (t *table) print() {
	fmt.Printf("| kind | test, which names the server | ways | %s | cannot |\n|---|---|---|%s---|\n", strings.Join(columns, " | "), strings.Repeat("---|", len(columns)))
	var keys []string
	for key := range t.rows {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		fmt.Println(t.rows[key].text())
	}
	for _, test := range t.skipped {
		fmt.Println("NOT RUN:", test)
	}
}

// text is the row. A part that this test does not run, or of which the server can do nothing, is a dash.
func (r *row) text() string {
	cells := []string{r.kind, r.test, fmt.Sprint(r.ways)}
	for _, column := range columns {
		n, ran := r.parts[column]
		if !ran {
			cells = append(cells, "-")
			continue
		}
		cells = append(cells, fmt.Sprintf("%d/%d", n.Held, n.All))
	}
	slices.Sort(r.cannot)
	return "| " + strings.Join(append(cells, strings.Join(r.cannot, "; ")), " | ") + " |"
}

// complaints say which kinds lack a row, and which rows hold not everything. Every kind must have run
// the parts that no target may lack, and those that its connector says it has.
func (t *table) complaints() (all []string) {
	names := []string{"builtin"}
	for _, k := range kinds.All() {
		names = append(names, k.Name)
	}
	for _, name := range names {
		ran := map[string]bool{}
		needed := []string{"membership", "lookups", "F29", "F30", "F31"}
		for _, r := range t.rows {
			if r.kind == name {
				needed = append(needed, r.can...)
			}
			for column := range r.parts {
				ran[column] = ran[column] || r.kind == name
			}
		}
		slices.Sort(needed)
		for _, column := range slices.Compact(needed) {
			if !ran[column] {
				all = append(all, name+" has no row with "+column)
			}
		}
		if name != "builtin" && !ran["A19"] {
			all = append(all, name+" has no row with A19")
		}
	}
	for key, r := range t.rows {
		for column, n := range r.parts {
			if n.Held < n.All {
				all = append(all, fmt.Sprintf("%s: %s holds %d of %d", key, column, n.Held, n.All))
			}
		}
	}
	slices.Sort(all)
	return all
}
