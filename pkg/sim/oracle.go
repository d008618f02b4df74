package sim

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
)

// oracle knows what ought to be, from the changes that were committed and from what the
// targets did, by rules of its own.
type oracle struct {
	w   *simulation
	seq int // of commits

	people      map[entitlement.UserID]*person
	groups      map[entitlement.GroupID]bool
	catalogs    map[entitlement.CatalogID]entitlement.Catalog
	roles       []entitlement.RoleAssignment                    // replaced whole, as within is
	within      map[entitlement.PackageID]entitlement.CatalogID // of packages that are gone too
	offered     map[entitlement.ResourceID]bool
	owned       map[owner]bool // groups, by whoever ever owned them
	packages    map[entitlement.PackageID]entitlement.AccessPackage
	policies    map[entitlement.PolicyID]entitlement.AssignmentPolicy
	closed      map[entitlement.DeletionGuardUpdate]bool // what new work is turned away from, by an update of the deletion guard that says no more
	pasts       []past                                   // the directory and the policies as they were
	scopes      map[entitlement.PackageID][]entitlement.RoleRef
	generation  map[entitlement.PackageID]int64
	jobs        map[jobKey]bool
	requests    map[entitlement.RequestID]*asked
	assignments map[entitlement.AssignmentID]*held
	order       []entitlement.RequestID
	keyed       map[string]entitlement.RequestID // by caller and key
	open        map[pair]entitlement.RequestID   // requests that are neither decided nor withdrawn
	live        map[pair]*held
	liveOf      map[entitlement.UserID][]*held
	leaving     map[entitlement.UserID][]*held // ended, and not yet seen to be gone
	subjects    map[entitlement.UserID]*tracked
	chains      map[chainKey]entitlement.Chain
	made        map[chainKey]entitlement.Chain // as they were when the simulation was made

	gave      map[grant]bool                  // roles that an assignment of the person ever gave
	had       map[grant]holding               // what the targets hold
	onFaith   map[grant]bool                  // counts without having been seen, as it may
	kept      map[connector.PrincipalRef]bool // ids that were recorded
	confirmed map[grant]int                   // when a target last answered that it is there, and it was
	shown     map[entitlement.RoleRef]span    // when a target said of somebody that it is there, with no day in between
	lostAt    map[grant]time.Time             // when a role ceased to be desired
	handEdits map[grant]bool                  // since the last time all was compared
	foreign   map[grant]bool                  // roles that somebody else ever gave
	found     map[account]sighting

	paused map[entitlement.ConnectorID]time.Time // since when
	limits map[entitlement.CatalogID][]limited   // as they were

	violation string
	goesOn    bool   // what is violated is noted alone, and the run goes on
	noted     string // the first of it
	lives     int    // assignments that came and went whole
	dirty     map[entitlement.UserID]bool
}

// pair is a package and somebody who may have it.
type pair struct {
	pkg entitlement.PackageID
	who entitlement.UserID
}

type jobKey struct {
	pkg        entitlement.PackageID
	generation int64
}

type chainKey struct {
	of entitlement.AggregateKind
	id string
}

type grant struct {
	who  entitlement.UserID
	role entitlement.RoleRef
}

// account is somebody's account at a target, whichever id it has.
type account struct {
	at  entitlement.ConnectorID
	who entitlement.UserID
}

// sighting is when somebody was looked up at a target last, and under which id found.
type sighting struct {
	at  time.Time
	ref connector.PrincipalRef
}

type holding struct {
	is   bool
	byUs bool
}

type person struct {
	enabled bool
	deleted bool
	guest   bool
	manager entitlement.UserID
	groups  map[entitlement.GroupID]bool
}

// asked is what the oracle knows of a request.
type asked struct {
	last      entitlement.AssignmentRequest
	policy    entitlement.AssignmentPolicy        // as it was when the request was decided on
	became    map[string][]entitlement.SubjectSet // by stage: who is asked besides those who are asked at first
	decisions map[string]entitlement.UserID
	approvedAt,
	firstAt time.Time
}

// held is what it knows of an assignment.
type held struct {
	entitlement.Assignment
	live    bool
	since   int // commit by which its present delivery began to be owed
	began   time.Time
	removed bool
	roles   map[entitlement.RoleRef]bool // that it ever gave
}

type tracked struct {
	generation, observed int64
	disabled             bool
}

func newOracle(w *simulation) *oracle {
	return &oracle{w: w, paused: map[entitlement.ConnectorID]time.Time{}, limits: map[entitlement.CatalogID][]limited{},
		catalogs: map[entitlement.CatalogID]entitlement.Catalog{}, offered: map[entitlement.ResourceID]bool{}, owned: map[owner]bool{},
		people: map[entitlement.UserID]*person{}, groups: map[entitlement.GroupID]bool{}, packages: map[entitlement.PackageID]entitlement.AccessPackage{},
		policies: map[entitlement.PolicyID]entitlement.AssignmentPolicy{}, closed: map[entitlement.DeletionGuardUpdate]bool{}, scopes: map[entitlement.PackageID][]entitlement.RoleRef{},
		generation: map[entitlement.PackageID]int64{}, jobs: map[jobKey]bool{}, requests: map[entitlement.RequestID]*asked{},
		assignments: map[entitlement.AssignmentID]*held{}, open: map[pair]entitlement.RequestID{}, live: map[pair]*held{}, liveOf: map[entitlement.UserID][]*held{}, leaving: map[entitlement.UserID][]*held{},
		keyed: map[string]entitlement.RequestID{}, subjects: map[entitlement.UserID]*tracked{}, chains: map[chainKey]entitlement.Chain{},
		gave: map[grant]bool{}, had: map[grant]holding{}, kept: map[connector.PrincipalRef]bool{}, onFaith: map[grant]bool{}, confirmed: map[grant]int{}, shown: map[entitlement.RoleRef]span{}, lostAt: map[grant]time.Time{}, handEdits: map[grant]bool{}, foreign: map[grant]bool{}, found: map[account]sighting{}, dirty: map[entitlement.UserID]bool{}}
}

// fail records the first violation of a run.
func (o *oracle) fail(check, format string, args ...any) {
	if o.goesOn {
		o.noted = cmp.Or(o.noted, check+": "+fmt.Sprintf(format, args...))
		return
	}
	if o.violation == "" {
		o.violation = check + ": " + fmt.Sprintf(format, args...)
		o.w.say("VIOLATION %s", o.violation)
	}
}

func (o *oracle) subject(u entitlement.UserID) *tracked {
	if o.subjects[u] == nil {
		o.subjects[u] = &tracked{}
	}
	return o.subjects[u]
}

// desired reports that a live assignment of the person gives the role now.
func (o *oracle) desired(g grant, now time.Time) bool {
	if !o.mayHold(g.who) {
		return false
	}
	for _, a := range o.liveOf[g.who] {
		if (a.End.IsZero() || now.Before(a.End)) && slices.Contains(o.scopes[a.Package], g.role) {
			return true
		}
	}
	return false
}

// mayHold reports that a person is there and enabled, and known to be.
func (o *oracle) mayHold(u entitlement.UserID) bool {
	p := o.people[u]
	return p != nil && p.enabled && !o.subject(u).disabled
}

// underway reports that an edit of a package that the person holds has not reached all
// holders yet.
func (o *oracle) underway(u entitlement.UserID) bool {
	for key := range o.jobs {
		if o.live[pair{key.pkg, u}] != nil {
			return true
		}
	}
	return false
}

// callStarts checks a call to a target in the moment in which it starts.
func (o *oracle) callStarts(u entitlement.UserID, role entitlement.RoleRef, grants bool) {
	if u == "" {
		return // nobody's account any more
	}

	g := grant{u, role}
	now := time.Now()

	switch {
	case grants && !o.desired(g, now) && !o.underway(u) && !o.justOver(g, now) && !o.heldOver(g):
		o.fail("S1", "a call starts that grants %s to %s, which no live assignment gives", show(role), short(string(u)))
	case !grants && o.desired(g, now.Add(min(o.w.skew, maxWorkerSkew))) && !o.underway(u):
		o.fail("S8", "a call starts that takes %s from %s, which a live assignment gives", show(role), short(string(u)))
	case !grants && !o.gave[g]:
		o.fail("S9", "a call starts that takes %s from %s, which no assignment ever gave", show(role), short(string(u)))
	}
}

// lease is how long a worker may go by the time at which it read: an end may pass between
// its reading and its call, and the sweep is due within that time anyway.
const lease = time.Minute

// justOver reports that the role was given until a moment ago by an assignment whose end
// passed, and which nobody has ended yet.
func (o *oracle) justOver(g grant, now time.Time) bool {
	for _, a := range o.liveOf[g.who] {
		if !a.End.IsZero() && now.Sub(a.End) < lease+o.w.skew && slices.Contains(o.scopes[a.Package], g.role) {
			return true
		}
	}
	return false
}

// heldOver reports that the role was delivered for an assignment whose end passed and
// which no sweep has ended yet. The worker reads the ends of those assignments alone
// whose delivery is not complete, so it goes on for this one until the sweep comes.
func (o *oracle) heldOver(g grant) bool {
	for _, a := range o.liveOf[g.who] {
		if !a.End.IsZero() && a.State == entitlement.AssignmentDelivered && slices.Contains(o.scopes[a.Package], g.role) {
			return true
		}
	}
	return false
}

func show(r entitlement.RoleRef) string {
	return short(r.Resource) + " at " + short(string(r.Connector))
}

// effect notes that a membership changed at a target, or in the directory.
func (o *oracle) effect(u entitlement.UserID, role entitlement.RoleRef, granted, byUs bool) {
	// It is nobody's account any more, as after a deletion at the target.
	if u == "" {
		return
	}

	g := grant{u, role}

	before := o.had[g]
	o.had[g] = holding{granted, byUs}
	o.dirty[u] = true

	if !byUs {
		o.handEdits[g] = true
		o.foreign[g] = o.foreign[g] || granted
		return
	}

	if granted {
		delete(o.handEdits, g)
	}
	o.w.say("    %s: %s of %s", show(role), map[bool]string{true: "granted to", false: "taken from"}[granted], short(string(u)))

	if granted == before.is {
		return
	}

	now := time.Now()
	pending := o.subject(u).generation > o.subject(u).observed || o.underway(u)
	// Against what is desired a change may only go while somebody is on the way.
	if granted != o.desired(g, now) && !pending && !(granted && o.justOver(g, now)) {
		o.fail("S14", "%s of %s was changed to %v against what is desired, and no delivery is pending", show(role), short(string(u)), granted)
	}
}

// span is from when to when something was so.
type span struct{ first, last time.Time }

// answered notes what a target said of a role: that it is there counts where it was, or
// where it was when the target was asked, and somebody else took it away since.
func (o *oracle) answered(u entitlement.UserID, role entitlement.RoleRef, present bool) {
	g := grant{u, role}
	// What a target was seen to show counts for a day; after a gap as long as that it begins anew (F39).
	if present {
		seen, now := o.shown[role], time.Now()
		if now.Sub(seen.last) >= day-2*o.w.skew {
			seen.first = now
		}
		o.shown[role] = span{seen.first, now}
	}

	if present && (o.had[g].is || o.handEdits[g]) {
		o.confirmed[g] = o.seq
	} else {
		delete(o.confirmed, g)
	}
}

// sees notes under which id somebody was found at a target.
func (o *oracle) sees(at entitlement.ConnectorID, u entitlement.UserID, ref connector.PrincipalRef) {
	o.found[account{at, u}] = sighting{time.Now(), ref}
}

// reborn notes that somebody has another account at a target: what the one before it held
// is gone by somebody else's hand.
func (o *oracle) reborn(at entitlement.ConnectorID, u entitlement.UserID) {
	for g := range o.gave {
		if g.who == u && g.role.Connector == at {
			o.handEdits[g] = true
		}
	}
}

// mistaken reports that what is known of somebody's id is wrong, and younger than the day
// for which nobody looks anew, at a target that takes any id, or shows for a while what the
// account held that was deleted, or cannot be asked (F43).
func (o *oracle) mistaken(u entitlement.UserID, role entitlement.RoleRef) bool {
	t, seen := o.w.targetOf(role.Connector), o.found[account{role.Connector, u}]
	return t != nil && (t.AnyID || t.tookAny || t.Behind > 0 || o.onTrust(role)) && seen.ref != t.people[u] && time.Since(seen.at) < day+2*o.w.skew
}

// step checks what must hold between any two steps.
func (o *oracle) step() {
	if len(o.dirty) == 0 {
		return
	}

	now := time.Now()

	for g, h := range o.had {
		if !o.dirty[g.who] || !h.is || !h.byUs || o.desired(g, now) || o.justOver(g, now) {
			continue
		}
		if o.givenUp(g) {
			o.had[g], o.handEdits[g] = holding{is: true}, true // as if somebody else had given it
			continue
		}
		o.unwanted(g)
	}

	for _, u := range sorted(o.dirty) {
		o.recorded(u, now)
		o.held(u, now)
	}
	clear(o.dirty)
}

// recorded checks that where nothing is owed, the grant sets name what the person
// holds through us, and nothing that nobody wants.
func (o *oracle) recorded(u entitlement.UserID, now time.Time) {
	if d := o.subject(u); d.generation != d.observed || d.generation == 0 || o.underway(u) {
		return
	}

	_, grantSets, err := o.w.truth.SubjectRecord(quiet, u)
	if err != nil {
		return
	}

	known := map[entitlement.RoleRef]bool{}
	for _, s := range grantSets {
		for role, recorded := range s.Grants {
			known[role] = true
			if recorded.PreExisting && !o.foreign[grant{u, role}] {
				o.fail("S9", "%s of %s counts as pre-existing, and nobody but us ever gave it", show(role), short(string(u)))
			}
			if s.Token != "" && recorded.Presence == entitlement.PresenceUnknown {
				continue // the intention of a worker that died before its call, found by whoever claims next
			}
			if g := (grant{u, role}); !o.desired(g, now) && !o.overdue(g) {
				o.fail("S14", "%s has nothing pending, and is on record for %s, which nothing gives", short(string(u)), show(role))
			}
		}
	}

	for g, h := range o.had {
		if g.who == u && h.is && h.byUs && o.desired(g, now) && !known[g.role] {
			o.fail("S14", "%s has nothing pending, holds %s, and no grant set knows of it", short(string(u)), show(g.role))
		}
	}
}

// held checks that where nothing is owed, whoever counts as delivered holds what was
// delivered, whatever the target said of it (S15).
func (o *oracle) held(u entitlement.UserID, now time.Time) {
	// While something is owed nothing has to be there yet.
	if d := o.subject(u); d.generation != d.observed || o.underway(u) {
		return
	}

	for _, a := range o.liveOf[u] {
		if a.State != entitlement.AssignmentDelivered || a.ObservedPackageGeneration != o.generation[a.Package] || a.Unconfirmed {
			continue
		}

		for _, role := range o.scopes[a.Package] {
			if g := (grant{u, role}); o.desired(g, now) && !o.had[g].is && !o.handEdits[g] && !o.mistaken(u, role) {
				o.fail("S15", "assignment %s counts as delivered, nothing is owed, and %s does not hold %s", short(string(a.ID)), short(string(u)), show(role))
			}
		}
	}
}

// givenUp reports that a target which cannot be asked, and is let count unseen, took the
// removal twice, a window apart, whatever it made of it: nobody knows better.
func (o *oracle) givenUp(g grant) bool {
	if !o.onTrust(g.role) {
		return false
	}
	return slices.ContainsFunc(o.w.targetOf(g.role.Connector).tookOf(g.who, g.role), func(t taken) bool {
		n := len(t.removals)
		return n > 1 && t.removals[n-1].Sub(t.removals[0]) >= window-2*o.w.skew
	})
}

// unwanted checks that a role which nothing desires is on its way out, and is seen to be.
func (o *oracle) unwanted(g grant) {
	d := o.subject(g.who)
	// A role that nothing gives and nobody owes would stay for good.
	if d.generation <= d.observed && !o.underway(g.who) && !o.overdue(g) {
		o.fail("S1", "%s is held by %s for no live assignment, and its removal is not owed", show(g.role), short(string(g.who)))
		return
	}

	_, grantSets, err := o.w.truth.SubjectRecord(quiet, g.who)
	if err != nil {
		return
	}

	for _, s := range grantSets {
		if _, known := s.Grants[g.role]; known {
			return
		}
	}
	o.fail("S1", "%s is held by %s for no live assignment, and no grant set knows of it", show(g.role), short(string(g.who)))
}

// overdue reports that an end which passed waits for the sweep.
func (o *oracle) overdue(g grant) bool {
	for _, a := range o.liveOf[g.who] {
		if !a.End.IsZero() && slices.Contains(o.scopes[a.Package], g.role) {
			return true
		}
	}
	return false
}

// opens, starts and lapses keep what is unique: one open request and one live
// assignment of a pair (S5).
func (o *oracle) opens(r entitlement.AssignmentRequest) {
	at := pair{r.Package, r.Subject}
	switch other, taken := o.open[at]; {
	case !r.State.Open():
		if other == r.ID {
			delete(o.open, at)
		}
	case taken && other != r.ID:
		o.fail("S5", "%s has two open requests for %s", short(string(at.who)), short(string(at.pkg)))
	default:
		o.open[at] = r.ID
	}
}

func (o *oracle) starts(a *held) {
	at := pair{a.Package, a.Subject}
	if o.live[at] != nil {
		o.fail("S5", "%s has two live assignments of %s", short(string(at.who)), short(string(at.pkg)))
	}
	o.live[at] = a
	o.liveOf[a.Subject] = append(o.liveOf[a.Subject], a)
}

func (o *oracle) lapses(a *held) {
	delete(o.live, pair{a.Package, a.Subject})
	o.liveOf[a.Subject] = without(o.liveOf[a.Subject], a)
	o.leaving[a.Subject] = append(o.leaving[a.Subject], a)
}

func without[T comparable](list []T, gone T) []T {
	return slices.DeleteFunc(list, func(x T) bool { return x == gone })
}

// replied checks what a command was answered under a key: the one request that was made
// under it, and never one that was made by another command (S12).
func (o *oracle) replied(inv *invocation, err error, other bool) {
	if inv.key == "" || err != nil {
		return
	}
	switch made := o.keyed[inv.key]; {
	case inv.answer != made:
		o.fail("S12", "%s was answered request %s, and made %s", inv.key, short(string(inv.answer)), short(string(made)))
	case other && inv.writes == 0:
		o.fail("S12", "another command under %s was answered as if it had been that one", inv.key)
	}
}

func (o *oracle) exists(id entitlement.PackageID) bool {
	_, there := o.packages[id]
	return there
}

// excluded returns a package that cannot be held beside another one, or "".
func (o *oracle) excluded(id entitlement.PackageID) entitlement.PackageID {
	for _, other := range sorted(o.packages) {
		if slices.Contains(o.packages[id].Incompatible, other) || slices.Contains(o.packages[other].Incompatible, id) {
			return other
		}
	}
	return ""
}

// sorted returns the keys of a map in order.
func sorted[K ~string, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

func sortedRoles(m map[entitlement.RoleRef]bool) []entitlement.RoleRef {
	return slices.SortedFunc(maps.Keys(m), func(a, b entitlement.RoleRef) int {
		return cmp.Or(cmp.Compare(a.Connector, b.Connector), cmp.Compare(a.Resource, b.Resource), cmp.Compare(a.Role, b.Role))
	})
}
