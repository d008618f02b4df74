package sim

import (
	"fmt"
	"slices"
	"strings"
)

// statesOf lists the states in which a command can meet what it is about. Commands that
// are about nothing in particular have one, which is empty.
func statesOf(k Kind) []string {
	switch k {
	case Submit, Assign:
		return []string{"none", "pendingApproval", "scheduled", "delivering", "partiallyDelivered", "delivered", "deliveryFailed", "removing"}
	case Approve, Deny:
		return []string{"pendingApproval", "scheduled", "delivering", "partiallyDelivered", "delivered", "deliveryFailed", "denied", "canceled"}
	case Cancel, ReprocessRequest:
		return []string{"pendingApproval", "scheduled", "delivering", "partiallyDelivered", "delivered", "deliveryFailed", "denied", "canceled"}
	case RemoveByAdmin, RemoveByUser, ExtendByUser, ExtendByAdmin, ReprocessAssignment:
		return []string{"delivering", "partiallyDelivered", "delivered", "deliveryFailed", "expired"}
	case Pass, Redrive, Mood, HandEdit, Rehire, Poison:
		return nil
	default:
		return []string{""}
	}
}

// fatesOf lists the fates that the calls of a command can meet.
func fatesOf(k Kind) []Fate {
	api := []Fate{Fine, FailBefore, FailAfter, Conflicted, Retried, CrashBefore, CrashAfter, Frozen}
	hints := []Fate{Lost, Doubled, Delayed}
	switch k {
	case Tick:
		return slices.Concat(api, hints, []Fate{StaleRead})
	case Fanout, Submit, Assign, Approve, RemoveByAdmin, RemoveByUser, ReprocessRequest, ReprocessAssignment, AddRole, RemoveRole, Disable, Enable, DeleteUser:
		return slices.Concat(api, hints)
	case ChangeManager, ReprocessFailing, Urgent, Bulk:
		return append(slices.Clone(api), StaleRead)
	default:
		return api
	}
}

// possibleTriples is everything that could be tried.
func possibleTriples() []Triple {
	var all []Triple
	for k := range kinds {
		for _, s := range statesOf(k) {
			for _, f := range fatesOf(k) {
				all = append(all, Triple{s, k.String(), f})
			}
		}
	}
	return all
}

// Holes lists what could be tried and never was.
func (c Coverage) Holes() []Triple {
	return slices.DeleteFunc(possibleTriples(), func(t Triple) bool { return c[t] > 0 })
}

// String tells how much was tried, and what was not, command by command.
func (c Coverage) String() string {
	all, holes := possibleTriples(), c.Holes()
	var b strings.Builder
	fmt.Fprintf(&b, "coverage: %d of %d triples of state, command and fault", len(all)-len(holes), len(all))
	last := ""
	for _, h := range holes {
		if at := h.Command + " in " + h.State; at != last {
			fmt.Fprintf(&b, "\n  never: %s:", at)
			last = at
		}
		fmt.Fprintf(&b, " %s;", h.Fate)
	}
	return b.String()
}
