package sim

import (
	"fmt"
	"slices"
	"strings"
)

// state is one in which a command can meet what it is about. Where it does not act, it is
// refused by what it reads, and nothing but its reads can go wrong.
type state struct {
	name string
	acts bool
}

// statesOf lists the states of what a command is about. Commands that are about nothing
// in particular have one, which is empty.
func statesOf(k Kind) []state { return kindStates[k] }

// faultsOf lists the faults that the calls of a command can meet.
func faultsOf(k Kind) []Fault { return kindFaults[k] }

// Both are asked for each command of each run, and so are made once.
var kindStates, kindFaults = func() (of [kinds][]state, faults [kinds][]Fault) {
	for k := range kinds {
		of[k], faults[k] = listStates(k), listFaults(k)
	}
	return of, faults
}()

func listStates(k Kind) []state {
	switch k {
	// The sentences hold the states in which something can be done first, and then the others.
	case Submit, Assign:
		return states("none removing", "pendingApproval scheduled delivering partiallyDelivered delivered deliveryFailed")
	case Approve, Deny, Reanswer:
		return states("pendingApproval", "scheduled delivering partiallyDelivered delivered deliveryFailed denied canceled")
	case Cancel:
		return states("pendingApproval scheduled", "delivering partiallyDelivered delivered deliveryFailed denied canceled")
	case ReprocessRequest:
		return states("partiallyDelivered deliveryFailed", "pendingApproval scheduled delivering delivered denied canceled")
	case RemoveByAdmin, RemoveByUser, ExtendByUser, ExtendByAdmin, ReprocessAssignment:
		return states("delivering partiallyDelivered delivered deliveryFailed", "expired")
	case Pass, Redrive, SetTargetMode, HandEdit, Rehire, Malformed, Spoil, Lose:
		return nil
	default:
		return []state{{"", true}}
	}
}

func states(act, refused string) []state {
	var all []state
	for _, name := range strings.Fields(act) {
		all = append(all, state{name, true})
	}
	for _, name := range strings.Fields(refused) {
		all = append(all, state{name, false})
	}
	return all
}

func listFaults(k Kind) []Fault {
	api := []Fault{Fine, FailBefore, FailAfter, Conflicted, Retried, Throttled, Unread, Slow, CrashBefore, CrashAfter, Frozen}
	messages := []Fault{Lost, Doubled, Delayed}
	switch k {
	case Look:
		return []Fault{Fine, FailBefore, Throttled, Unread, Slow, CrashBefore, Frozen}
	case Sweep:
		return slices.Concat(api, messages, []Fault{StaleRead})
	case Fanout, Submit, Assign, Approve, RemoveByAdmin, RemoveByUser, ReprocessRequest, ReprocessAssignment, AddRole, RemoveRole, Disable, Enable, DeleteUser:
		return slices.Concat(api, messages)
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
			for _, f := range faultsOf(k) {
				if s.acts || f == Fine || slices.Contains(possible[batches], f) {
					all = append(all, Triple{s.name, k.String(), f})
				}
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
		fmt.Fprintf(&b, " %s;", h.Fault)
	}
	return b.String()
}
