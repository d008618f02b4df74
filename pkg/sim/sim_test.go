package sim

import (
	"flag"
	"testing"
)

var (
	runs = flag.Int("sim.runs", 2000, "number of runs")
	one  = flag.Uint64("sim.run", 0, "replay this run alone, with its log")
)

func TestSim(t *testing.T) {
	if *one != 0 {
		out := Run(t, Draw(*one), true)
		t.Logf("%s\n%s\n%s", Draw(*one), out.Log, out.Violation)
		return
	}
	bad := 0
	for n := range *runs {
		out := Run(t, Draw(uint64(n+1)), false)
		if out.Violation != "" {
			t.Errorf("run %d: %s", n+1, out.Violation)
			if bad++; bad > 20 {
				return
			}
		}
	}
}
