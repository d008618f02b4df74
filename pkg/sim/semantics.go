package sim

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
)

// Semantics is how a target takes changes, by what is documented or measured of those that
// there are a connector for. The zero value is a target that makes each change by itself, at
// once, and to which a second grant is the first one.
type Semantics struct {
	Atomic     bool              // one refused change refuses all of its call; one that is made already is refused
	ByID       bool              // what is taken away is named by an id that only reading gives
	Duplicates bool              // a second grant is a second membership
	Later      time.Duration     // it accepts changes, and makes them within this time; 0: at once
	Fails      int               // of those one in so many fails; 0: none
	KeepsLast  bool              // the last member of a resource cannot be taken away
	Writes     entitlement.Limit // the calls that change something which it takes
	Published  bool              // and its connector knows that
}

// String words the semantics.
func (s Semantics) String() string {
	var words []string
	add := func(is bool, word string) {
		if is {
			words = append(words, word)
		}
	}
	add(s.Atomic, "one refusal refuses all")
	add(s.ByID, "takes away by ids")
	add(s.Duplicates, "stores duplicates")
	add(s.Later > 0, fmt.Sprint("makes changes within ", s.Later))
	add(s.Fails > 0, fmt.Sprint("and fails at one in ", s.Fails))
	add(s.KeepsLast, "keeps the last member")
	add(s.Writes.Most > 0, fmt.Sprintf("takes %d writes in %s", s.Writes.Most, s.Writes.Window))
	add(s.Published, "which is published")
	return strings.Join(words, ", ")
}

// laters are the times within which targets make what they accepted: one takes half an hour.
var laters = []time.Duration{2 * time.Second, 20 * time.Second, 5 * time.Minute, 30 * time.Minute}

// drawSemantics draws how a target of a nature takes changes; in every third run as it is simplest.
// The draws are of a stream of their own, so that the rest of a run stays the one that it was.
func drawSemantics(r *rand.Rand, n Nature) (s Semantics) {
	if r.IntN(3) == 0 {
		return s
	}
	for range 1 + r.IntN(2) {
		switch r.IntN(8) {
		case 0, 1:
			s.Atomic = true
		case 2:
			// A connector takes away by ids where it can list them.
			s.ByID = n.Shows[0] == ShowsTruth
		case 3:
			s.Duplicates = true
		case 4:
			s.KeepsLast = true
		case 5:
			// Three calls pass in any window, as a batch that is refused and its halves need: with fewer than
			// that in the ten seconds that a run waits, one that starts anew each time would never be over.
			s.Writes = entitlement.Limit{Most: 3 + r.IntN(4), Window: time.Duration(2+r.IntN(8)) * time.Second}
			s.Published = r.IntN(2) == 0
		case 6, 7:
			s.Later = laters[r.IntN(len(laters))]
			s.Fails = []int{0, 2, 4}[r.IntN(3)]
		}
	}
	// What is made later has no ids, and is made by itself, once.
	// Such targets know whom they are told of: of somebody who has had two ids there, changes that
	// fail later are told apart by one of them alone.
	if n.AnyID {
		s.Later, s.Fails = 0, 0
	}
	if s.Later > 0 {
		s.ByID, s.Duplicates, s.Atomic = false, false, false
	}
	return s
}

// Semantic is one thing that a target of some semantics, or an administrator, does to a delivery.
type Semantic uint8

// The semantics that runs meet.
const (
	RefusedWhole Semantic = iota
	MadeLater
	FailedLater
	MetAnother
	ReadForID
	IDNotShown
	StoredTwice
	OneIsLeft
	ShownLate
	ShownInTurn
	LastKept
	OverLimit
	WithinLimit
	PausedThen
	Resumed
	NeedsSecond
	SecondAgreed
	SecondRefused
	semantics
)

var semanticNames = [semantics]string{"a call of several refused as a whole", "a change made later", "a change that failed later", "a change that met one under way", "an id read for a removal", "an id that is not shown yet",
	"a membership stored twice", "a removal that leaves another copy", "a write that is not shown yet", "old shown after new", "the last member kept",
	"a write over the limit", "a write paid for", "a target found paused", "a target resumed", "an edit that waits for a second person", "an edit that a second person agreed to", "an edit that was rejected"}

// String names it.
func (s Semantic) String() string { return semanticNames[s] }

// SemanticsMet counts what of the semantics was met.
type SemanticsMet [semantics]int

// String lists how often each was met.
func (m SemanticsMet) String() string {
	var b strings.Builder
	b.WriteString("semantics of targets, and what administrators do:")
	for s, n := range m {
		fmt.Fprintf(&b, "\n  %s %s", Semantic(s), number(int64(n)))
	}
	return b.String()
}

// Missed lists those that were never met.
func (m SemanticsMet) Missed() (missed []Semantic) {
	for s, n := range m {
		if n == 0 {
			missed = append(missed, Semantic(s))
		}
	}
	return missed
}

func (w *simulation) meets(s Semantic) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.semanticsMet[s]++
}

// membershipCopy is one membership as it is stored, from when on and until when; zero: still.
type membershipCopy struct {
	id          int
	from, until time.Time
}

// stored returns the ids of the copies of a membership that are there at a moment.
func (t *target) stored(m membership, at time.Time) (ids []int) {
	for _, c := range t.copies[m] {
		if !c.from.After(at) && (c.until.IsZero() || c.until.After(at)) {
			ids = append(ids, c.id)
		}
	}
	return ids
}

// store adds a copy of a membership.
func (t *target) store(m membership) {
	t.lastID++
	t.copies[m] = append(t.copies[m], membershipCopy{id: t.lastID, from: time.Now()})
}

// discard ends the copy of an id; false where there is none.
func (t *target) discard(m membership, id int) bool {
	for i, c := range t.copies[m] {
		if c.id == id && c.until.IsZero() {
			t.copies[m][i].until = time.Now()
			return true
		}
	}
	return false
}

// keepCopies has the copies follow a membership that was made or ended as a whole.
func (t *target) keepCopies(m membership, granted bool) {
	if !t.ByID && !t.Duplicates {
		return
	}
	there := t.stored(m, time.Now())
	if granted && len(there) == 0 {
		t.store(m)
	}
	if !granted {
		for _, id := range there {
			t.discard(m, id)
		}
	}
}

// overLimit refuses a write that is one too many, and counts it where it is not.
func (t *target) overLimit() error {
	if t.Writes.Most == 0 {
		return nil
	}

	now := time.Now()
	t.recent = slices.DeleteFunc(t.recent, func(at time.Time) bool { return now.Sub(at) >= t.Writes.Window })
	if len(t.recent) >= t.Writes.Most {
		t.w.meets(OverLimit)
		return connector.Fail(entitlement.Throttled, "call", &connector.Refusal{Reason: connector.TargetThrottled, Detail: "The target asks us to slow down.", After: t.recent[0].Add(t.Writes.Window).Sub(now)}, nil)
	}
	t.recent = append(t.recent, now)
	if t.Published {
		t.w.meets(WithinLimit)
	}
	return nil
}

// limits are those of the target that its connector knows.
func (t *target) limits(c *connector.Capabilities) {
	if t.Writes.Most == 0 || !t.Published {
		return
	}
	c.Rate = &entitlement.Rate{Writes: t.Writes}
	c.Costs = func(entitlement.RoleRef, []connector.Op) entitlement.Cost { return entitlement.Cost{Writes: 1} }
}

// readIDs asks for the ids of what is to be taken away. As with any other question, the answer
// may be one of before a write.
func (s session) readIDs(ctx context.Context, role entitlement.RoleRef, ops []connector.Op) (ids map[connector.PrincipalRef][]int, err error) {
	if !s.ByID || !slices.ContainsFunc(ops, func(op connector.Op) bool { return !op.Grant }) {
		return nil, nil
	}

	err = s.answer(ctx, fmt.Sprint("IDs ", role.Resource, ops), func() error {
		if !s.readable(role.Resource) {
			return s.noResource()
		}
		ids = map[connector.PrincipalRef][]int{}
		then := time.Now().Add(-s.late())
		for _, op := range ops {
			if op.Grant {
				continue
			}
			m := membership{role, op.Principal}
			ids[op.Principal] = s.stored(m, then)
			switch is := len(s.stored(m, time.Now())); {
			case len(ids[op.Principal]) > 0:
				s.w.meets(ReadForID)
			case is > 0:
				s.w.meets(IDNotShown)
			}
		}
		return nil
	})
	return ids, err
}

// late is by how much an answer is behind.
func (t *target) late() time.Duration {
	return t.Behind * time.Duration([]int{2, 2, 1, 0}[below(mix(t.w.choice, uint64(t.calls), 5), 4)]) / 2
}

// noteShown counts answers that are older than a write, and those that are so after one that was not.
func (t *target) noteShown(role entitlement.RoleRef, ref connector.PrincipalRef, shown bool) {
	m := membership{role, ref}
	_, is := t.holds[role][ref]
	switch {
	case shown == is:
		t.fresh[m] = true
	case t.fresh[m]:
		t.w.meets(ShownInTurn)
		fallthrough
	default:
		t.w.meets(ShownLate)
	}
}

// refuses is why a target refuses a change of one person; nil where it does not.
func (s session) refuses(role entitlement.RoleRef, op connector.Op) *connector.Refusal {
	if s.mode == forbids && op.Grant {
		return &connector.Refusal{Reason: connector.RefusedByTarget, Detail: "The target does not want this person.", Permanent: true}
	}
	if u, known := s.owners[op.Principal]; (!known || s.people[u] != op.Principal) && !s.AnyID {
		return noPerson()
	}

	_, held := s.holds[role][op.Principal]
	if s.KeepsLast && !op.Grant && held && len(s.holds[role]) == 1 && (!s.Duplicates || len(s.stored(membership{role, op.Principal}, time.Now())) == 1) {
		s.w.meets(LastKept)
		refusal := &connector.Refusal{Reason: connector.RefusedByTarget, Detail: "The person is the last member, and the target lets no resource be without one.", Permanent: true}
		if s.batch > 2 {
			refusal.Reason = connector.LastMember // some connectors can tell that from other refusals
		}
		return refusal
	}
	return nil
}

// made reports that a change would change nothing.
func (s session) made(role entitlement.RoleRef, op connector.Op) bool {
	_, held := s.holds[role][op.Principal]
	return held == op.Grant && !(op.Grant && s.Duplicates)
}

// refusesAll is the refusal of a call of several at a target that makes all of them or none.
func (s session) refusesAll(role entitlement.RoleRef, ops []connector.Op) error {
	if !s.Atomic || len(ops) < 2 || s.mode == deaf {
		return nil
	}

	leave := 0
	for _, op := range ops {
		if !op.Grant {
			leave++
		}
	}
	refused := s.KeepsLast && leave > 0 && leave == len(ops) && leave >= len(s.holds[role])
	for _, op := range ops {
		refused = refused || s.made(role, op) || s.refuses(role, op) != nil
	}
	if !refused {
		return nil
	}
	s.w.meets(RefusedWhole)
	refusal := &connector.Refusal{Reason: connector.RefusedByTarget, Detail: "The target refuses a change of several people, perhaps because of one of them."}
	return connector.Fail(entitlement.Conflict, "call", refusal, nil)
}

// carryOut makes a change of one person that the target does not refuse.
func (s session) carryOut(role entitlement.RoleRef, op connector.Op, ids map[connector.PrincipalRef][]int) {
	m := membership{role, op.Principal}
	_, held := s.holds[role][op.Principal]

	switch {
	case op.Grant && held && s.Duplicates:
		s.store(m)
		s.w.meets(StoredTwice)
	case op.Grant || !s.ByID && !s.Duplicates:
		if held != op.Grant {
			s.set(role, op.Principal, op.Grant, true)
		}
	case held:
		s.takeCopies(m, ids[op.Principal])
	}
}

// takeCopies takes away what the ids name; where the target has none, one copy.
func (s session) takeCopies(m membership, ids []int) {
	if !s.ByID {
		ids = s.stored(m, time.Now())[:1]
	}
	for _, id := range ids {
		s.discard(m, id) // unless it is gone by now
	}

	if left := s.stored(m, time.Now()); len(left) > 0 {
		if len(ids) > 0 {
			s.w.meets(OneIsLeft)
		}
		return
	}
	s.set(m.role, m.who, false, true)
}
