package sim

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// Nature is what a target is like for good; its mode is what it is like for a while. The zero
// value is an honest one, which tells in every way and applies one change after the other.
type Nature struct {
	Shows      [len(wayNames)]Shown // by way of asking
	Cut        int                  // members that a list which is cut off shows
	Behind     time.Duration        // by which reads are behind writes at most
	Racing     time.Duration        // between what a change reads and what it writes
	AnyID      bool                 // ids that nobody has are taken, and shown
	Accepts    bool                 // its connector is set to count what cannot be confirmed
	Concurrent bool                 // its connector is set to change one resource from several sides at once
	Semantics
}

// wayNames are the ways of asking who is a member, in the order in which they are tried.
var wayNames = [...]string{"members", "group-and-member", "member", "user-groups"}

// Shown is what one way of asking a target shows of its members.
type Shown uint8

// What a way shows.
const (
	ShowsTruth     Shown = iota
	ShowsNobody          // an empty answer, whoever is a member
	ShowsNothing         // no answer to the question
	ShowsEverybody       // it ignores what was asked: whoever is asked about is there
	ShowsFirst           // a list that is cut off
)

var shownNames = [...]string{"the truth", "nobody", "nothing", "everybody", "the first"}

// String names it.
func (s Shown) String() string { return shownNames[s] }

// Tells reports that some way of asking tells everybody who is a member from others.
func (n Nature) Tells() bool {
	for _, s := range n.Shows {
		if s == ShowsTruth {
			return true
		}
	}
	return false
}

// glimpsed reports that some way of asking shows some of the members, so that it may have
// told of a person though it does not tell of everybody.
func (n Nature) glimpsed() bool { return slices.Contains(n.Shows[:], ShowsFirst) }

// String words the nature.
func (n Nature) String() string {
	if n == (Nature{}) {
		return "honest"
	}

	var words []string
	for i, s := range n.Shows {
		if s != ShowsTruth {
			words = append(words, fmt.Sprintf("%s shows %s", wayNames[i], s))
		}
	}

	add := func(is bool, word string) {
		if is {
			words = append(words, word)
		}
	}

	add(n.Behind > 0, fmt.Sprint("reads ", n.Behind, " behind"))
	add(n.Racing > 0, fmt.Sprint("changes take ", n.Racing, " from reading to writing"))
	add(n.AnyID, "takes any id")
	add(n.Accepts, "set to unconfirmed")
	add(n.Concurrent, "set to concurrent writes")
	add(n.Semantics != Semantics{}, n.Semantics.String())

	return strings.Join(words, ", ")
}

// The natures of servers that were tried or are reported (F39 to F43).
var (
	honest        = Nature{}
	filterAlone   = Nature{Shows: [...]Shown{ShowsNobody, ShowsTruth, ShowsNothing, ShowsNothing}}
	listLeftOut   = Nature{Shows: [...]Shown{ShowsNothing, ShowsNothing, ShowsTruth, ShowsTruth}}
	listCutOff    = Nature{Shows: [...]Shown{ShowsFirst, ShowsNothing, ShowsNothing, ShowsTruth}, Cut: 2}
	listAlone     = Nature{Shows: [...]Shown{ShowsTruth, ShowsEverybody, ShowsEverybody, ShowsNothing}}
	filterIgnored = Nature{Shows: [...]Shown{ShowsNothing, ShowsEverybody, ShowsEverybody, ShowsTruth}}
	cutAndIgnored = Nature{Shows: [...]Shown{ShowsFirst, ShowsEverybody, ShowsEverybody, ShowsTruth}, Cut: 2}
	blind         = Nature{Shows: [...]Shown{ShowsNobody, ShowsNobody, ShowsNobody, ShowsNobody}}
	blindAndBlunt = Nature{Shows: [...]Shown{ShowsNobody, ShowsEverybody, ShowsEverybody, ShowsNothing}}
	mute          = Nature{Shows: [...]Shown{ShowsNothing, ShowsNothing, ShowsNothing, ShowsNothing}}
	behind        = Nature{Behind: 15 * time.Second}
	racing        = Nature{Racing: 2 * time.Second}
	anyID         = Nature{AnyID: true}
)

func (n Nature) and(change func(*Nature)) Nature {
	change(&n)
	return n
}

func accepting(n *Nature) { n.Accepts = true }

// drawNature draws a target's nature: every other one is honest.
func drawNature(r *rand.Rand) Nature {
	// At an honest target there is nothing but our own faults to find.
	if r.IntN(2) == 0 {
		return Nature{Concurrent: r.IntN(2) == 0}
	}
	kinds := []Nature{honest, honest, honest, filterAlone, listLeftOut, listCutOff, listAlone, filterIgnored, cutAndIgnored, blind, blindAndBlunt, mute}

	n := kinds[r.IntN(len(kinds))]

	if r.IntN(4) == 0 {
		for i := range n.Shows {
			n.Shows[i] = Shown(r.IntN(len(shownNames)))
		}
		n.Cut = r.IntN(3)
	}

	n.Behind = []time.Duration{0, 0, 0, 5 * time.Second, 15 * time.Second}[r.IntN(5)]
	n.Racing = []time.Duration{0, 0, time.Second, 3 * time.Second}[r.IntN(4)]
	n.AnyID = r.IntN(4) == 0
	n.Accepts = r.IntN(2) == 0
	// Writes that cross undo each other there, so at such a target none may.
	n.Concurrent = n.Racing == 0 && r.IntN(3) == 0

	return n
}
