package sim

import (
	"flag"
	"fmt"
	"maps"
	"math"
	"regexp"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"leasehold/pkg/dynamo/dynamotest"
)

var (
	runs   = flag.Int("sim.runs", enoughRuns, "number of runs")
	first  = flag.Uint64("sim.first", 1, "number of the first run")
	one    = flag.Uint64("sim.run", 0, "replay the run of this number alone, with its log")
	brief  = flag.Bool("sim.brief", false, "say only which run was the first to violate something")
	most   = flag.Int("sim.violations", 3, "stop after so many violations")
	waive  = flag.String("sim.waive", "", "conditions that the table does not look at, by name, with a semicolon between two")
	listed = flag.Bool("sim.conditions", false, "list the conditions of all writes")
	list   = flag.Bool("sim.list", false, "list all runs that violate something by check, and shrink none")
)

// drawn is the run of a number under the flags.
func drawn(number uint64) Plan {
	p := Draw(number)
	p.Waive, p.Lists = waived(), *listed
	return p
}

func waived() []string {
	if *waive == "" {
		return nil
	}
	return strings.Split(*waive, ";")
}

// enoughRuns is how many let every call of DynamoDB meet everything that can go wrong with
// it. The calls are those of the interface by which the table is kept, so none is without
// faults because somebody forgot it (F45).
const enoughRuns = 3000

// quickRuns are those of `make test-unit`; `make test` has all of them.
const quickRuns = 400

// A run of a number violates nothing. A number that does is shrunk, and
// make sim RUN=<number> replays it.
func TestSim(t *testing.T) {
	if *one != 0 {
		replay(t, drawn(*one))
		return
	}
	started := time.Now()
	if *list {
		*most = math.MaxInt
	}
	if testing.Short() {
		*runs = min(*runs, quickRuns)
	}
	total := manyRuns(t, *first, *runs, *most)
	if *list {
		t.Errorf("%d of runs %d to %d violate something%s", len(total.bad), *first, *first+uint64(*runs)-1, total.byCheck())
		return
	}
	if *listed {
		for _, name := range slices.Sorted(maps.Keys(total.conditions)) {
			fmt.Printf("condition %d %s\n", total.conditions[name], name)
		}
		return
	}
	if *brief {
		for _, bad := range total.bad {
			t.Fatalf("first violation: run %d %s", bad.number, bad.violation)
		}
		return
	}
	t.Log(total.report(time.Since(started)))
	if missed := total.met.Missed(); len(missed) > 0 && total.runs >= enoughRuns && len(total.bad) == 0 {
		t.Errorf("F45: these calls of DynamoDB never met these faults: %v", missed)
	}
	if missed := total.semantics.Missed(); len(missed) > 0 && total.runs >= enoughRuns && len(total.bad) == 0 {
		t.Errorf("no run met: %v", missed)
	}
	for _, bad := range total.bad {
		shortest := Shrink(t, drawn(bad.number), bad.violation)
		t.Errorf("run %d violates %s\nthe shortest list that does:\n%s%s\nreplay it: make sim RUN=%d", bad.number, bad.violation, shortest, Run(t, shortest, false).Violation, bad.number)
	}
}

func replay(t *testing.T, p Plan) {
	t.Helper()
	out := Run(t, p, true)
	t.Logf("%s\n%s", p, out.Log)
	if out.Violation == "" {
		return
	}
	shortest := Shrink(t, p, out.Violation)
	t.Errorf("violates %s\nthe shortest list that does:\n%s\n%s", out.Violation, shortest, Run(t, shortest, true).Log)
}

// sums are those of many runs.
type sums struct {
	mu                 sync.Mutex
	runs, lives, calls int
	coverage           Coverage
	met                Met
	semantics          SemanticsMet
	conditions         dynamotest.Conditions
	bad                []badRun
}

type badRun struct {
	number    uint64
	violation string
}

// manyRuns carries out the runs of so many numbers on all cores, until too many violate
// something.
func manyRuns(t *testing.T, from uint64, n, most int) *sums {
	t.Helper()
	defer debug.SetGCPercent(debug.SetGCPercent(1600)) // a run is small and soon over
	total := &sums{coverage: Coverage{}, met: Met{}, conditions: dynamotest.Conditions{}}
	var next atomic.Uint64
	t.Run("runs", func(t *testing.T) {
		for range runtime.GOMAXPROCS(0) {
			t.Run("core", func(t *testing.T) {
				t.Parallel()
				for {
					i := next.Add(1) - 1
					if i >= uint64(n) || total.failed() >= most {
						return
					}
					total.add(from+i, Run(t, drawn(from+i), false))
				}
			})
		}
	})
	slices.SortFunc(total.bad, func(a, b badRun) int { return int(a.number) - int(b.number) })
	return total
}

func (s *sums) failed() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.bad)
}

func (s *sums) add(number uint64, out Outcome) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.runs, s.lives, s.calls = s.runs+1, s.lives+out.Lives, s.calls+out.Calls
	for triple, n := range out.Coverage {
		s.coverage[triple] += n
	}
	for at, n := range out.Met {
		s.met[at] += n
	}
	for i, n := range out.Semantics {
		s.semantics[i] += n
	}
	for name, n := range out.Conditions {
		s.conditions[name] += n
	}
	if out.Violation != "" {
		s.bad = append(s.bad, badRun{number, out.Violation})
	}
}

// byCheck lists the runs that violate something by what they violate, ids left out, the
// first one of each kind in full.
func (s *sums) byCheck() string {
	ids := regexp.MustCompile(`\bat [0-9a-f]+\b|\b[0-9a-f]*[0-9][0-9a-f]*\b`)
	of := map[string][]badRun{}
	for _, bad := range s.bad {
		kind := ids.ReplaceAllString(bad.violation, "N")
		of[kind] = append(of[kind], bad)
	}
	var b strings.Builder
	for _, kind := range slices.Sorted(maps.Keys(of)) {
		fmt.Fprintf(&b, "\n%5d %s\n      runs", len(of[kind]), kind)
		for _, bad := range of[kind][:min(len(of[kind]), 12)] {
			fmt.Fprintf(&b, " %d", bad.number)
		}
	}
	return b.String()
}

func (s *sums) report(took time.Duration) string {
	cores := float64(runtime.GOMAXPROCS(0))
	return fmt.Sprintf("%d runs in %s: %d violations, %.0f runs/s, %.0f whole lives/s/core, %.0f calls/s\n%s\n%s\n%s\n%s", s.runs, took.Round(time.Millisecond), len(s.bad),
		float64(s.runs)/took.Seconds(), float64(s.lives)/took.Seconds()/cores, float64(s.calls)/took.Seconds(), s.coverage, s.met, s.semantics, Checks())
}

// The same number gives the same run, to the byte.
func TestARunIsReplayedByteForByte(t *testing.T) {
	for n := range 150 {
		number := uint64(n + 1)
		a, b := Run(t, Draw(number), true), Run(t, Draw(number), true)
		if a.Log != b.Log {
			t.Fatalf("run %d: two logs\n%s", number, difference(a.Log, b.Log))
		}
	}
}

// difference returns the lines round the first that differs.
func difference(a, b string) string {
	at := 0
	for at < min(len(a), len(b)) && a[at] == b[at] {
		at++
	}
	from := max(0, at-600)
	return a[from:min(len(a), at+200)] + "\n--- the other\n" + b[from:min(len(b), at+200)]
}
