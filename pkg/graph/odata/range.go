package odata

import (
	"strings"
	"time"
)

// Times returns between which instants, both within, the filter demands a time to be: every
// tree that matches has it there. What is zero is open.
func (f *Filter) Times(path string) (from, to time.Time) {
	if f == nil {
		return from, to
	}
	return f.root.times(path)
}

func (n *node) times(path string) (from, to time.Time) {
	switch n.op {
	case "group":
		return n.args[0].times(path)

	// Both sides narrow; or and not may not, since they match more than what is named.
	case "and":
		from, to = n.args[0].times(path)
		later, sooner := n.args[1].times(path)
		if later.After(from) {
			from = later
		}
		if to.IsZero() || !sooner.IsZero() && sooner.Before(to) {
			to = sooner
		}
		return from, to

	case "eq", "gt", "ge", "lt", "le":
		for i := range 2 {
			name, value := n.args[i], n.args[1-i]
			at, ok := value.value.(time.Time)
			if !ok || value.op != "value" || name.op != "path" || !strings.EqualFold(strings.Join(name.path, "/"), path) {
				continue
			}
			// A time on the left is said the other way round.
			least := n.op[0] == 'g' != (i == 1)
			switch {
			case n.op == "eq":
				return at, at
			case least:
				return at, to
			default:
				return from, at
			}
		}
	}

	return from, to
}
