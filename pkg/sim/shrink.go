package sim

import (
	"slices"
	"strings"
	"testing"
)

// Shrink returns the shortest plan that it finds which violates the same check: fewer
// commands first, then fewer that are interrupted or go wrong, then no faults at all.
func Shrink(t *testing.T, p Plan, violation string) Plan {
	t.Helper()
	check := checkOf(violation)

	fails := func(q Plan) bool { return checkOf(Run(t, q, false).Violation) == check }
	// Halves first: most commands of a long run have nothing to do with it.
	for size := (len(p.Commands) + 1) / 2; size > 0; size /= 2 {
		for at := 0; at < len(p.Commands); {
			q := p
			q.Commands = slices.Delete(slices.Clone(p.Commands), at, min(at+size, len(p.Commands)))
			if fails(q) {
				p = q
			} else {
				at += size
			}
		}
	}
	// Then what is left is made quieter, one command after the other.
	for i := range p.Commands {
		for _, simpler := range []func(*Command){func(c *Command) { c.Calm = true }, func(c *Command) { c.Steps = 0 }} {
			q := p
			q.Commands = slices.Clone(p.Commands)
			simpler(&q.Commands[i])
			if fails(q) {
				p = q
			}
		}
	}

	for _, simpler := range []func(*Plan){func(q *Plan) { q.Rate = 0 }, func(q *Plan) { q.Lag = 0 }, func(q *Plan) { q.PageSize = 100 }} {
		q := p
		if simpler(&q); fails(q) {
			p = q
		}
	}

	return p
}

// checkOf returns the name of the check that a violation begins with.
func checkOf(violation string) string {
	check, _, _ := strings.Cut(violation, ":")
	return check
}
