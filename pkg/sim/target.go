package sim

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
)

// targetMode is how a target behaves for a while.
type targetMode int

const (
	well targetMode = iota
	down
	slow
	throttling
	deaf    // says yes and does nothing
	halves  // does the first half of a batch and then fails
	refuses // does not know our credential any more
	forbids // lets nobody in
	fronted // something in front of it answers in its place, in a way of its own
	silent  // it takes the call and never answers
	targetModes
)

var targetModeNames = [targetModes]string{"well", "down", "slow", "throttling", "deaf", "halves", "refuses", "forbids", "fronted", "silent"}

// target is a system of its own: it keeps its own log of who held what, and who did it,
// which is what "there" means.
type target struct {
	Nature
	w           *simulation
	id          entitlement.ConnectorID
	name        string
	credential  string
	mode        targetMode
	inFront     time.Time // until then it is fronted, whatever its mode
	batch       int
	latency     time.Duration
	people      map[entitlement.UserID]connector.PrincipalRef
	owners      map[connector.PrincipalRef]entitlement.UserID
	born        int
	resources   map[string]bool
	missing     map[string]time.Time                                    // resources that it says are not there, until then
	bad         entitlement.UserID                                      // whoever is changed together with this one is not changed
	forbidden   bool                                                    // and it says that we may not, in place of failing
	holds       map[entitlement.RoleRef]map[connector.PrincipalRef]bool // true: by us
	took        map[membership]*taken
	tookAny     bool                         // for a time it took ids that nobody has
	vague       bool                         // for a time it showed some of the members alone
	remade      map[entitlement.RoleRef]bool // its resource was deleted and made again, without its members
	log         []entry
	calls       int
	writes      int
	crossed     int // changes that were written over by one which had read before them
	lastAttempt time.Time
	copies      map[membership][]membershipCopy // of those targets alone that have several of one, or ids
	lastID      int
	accepted    []*change           // that it makes later
	allOver     int                 // of these, those before it
	recent      []time.Time         // writes that count against its limit
	fresh       map[membership]bool // was shown as it is
}

// entry is one line of a target's log.
type entry struct {
	at      time.Time
	who     connector.PrincipalRef
	role    entitlement.RoleRef
	granted bool
	byUs    bool
}

type membership struct {
	role entitlement.RoleRef
	who  connector.PrincipalRef
}

// taken is what a target took from us of one membership: when it last took a grant, and
// the removals that it took since then.
type taken struct {
	granted  time.Time
	removals []time.Time
	sent     bool // a removal was sent since then, whatever the target made of it
}

func (w *simulation) newTarget(name string, id entitlement.ConnectorID, batch int, n Nature) *target {
	return &target{Nature: n, w: w, id: id, name: name, credential: secretWord + name, batch: batch,
		people: map[entitlement.UserID]connector.PrincipalRef{}, owners: map[connector.PrincipalRef]entitlement.UserID{},
		resources: map[string]bool{}, missing: map[string]time.Time{}, took: map[membership]*taken{}, remade: map[entitlement.RoleRef]bool{},
		holds: map[entitlement.RoleRef]map[connector.PrincipalRef]bool{}, copies: map[membership][]membershipCopy{}, fresh: map[membership]bool{}}
}

// hire gives a person an account at the target, a new one where the person had one before.
func (t *target) hire(u entitlement.UserID) {
	t.fire(u)
	t.born++
	ref := connector.PrincipalRef(fmt.Sprintf("%s-%d", t.name, t.born))
	t.people[u], t.owners[ref] = ref, u
	t.w.oracle.reborn(t.id, u)
}

// fire deletes a person's account with all that it held.
func (t *target) fire(u entitlement.UserID) {
	ref, ok := t.people[u]
	if !ok {
		return
	}
	for role, members := range t.holds {
		if _, held := members[ref]; held {
			t.set(role, ref, false, false)
		}
	}
	delete(t.people, u)
}

// set changes a membership and logs it. A membership of an id that nobody has any more
// gives nobody anything.
func (t *target) set(role entitlement.RoleRef, ref connector.PrincipalRef, granted, byUs bool) {
	members := t.holds[role]
	if members == nil {
		members = map[connector.PrincipalRef]bool{}
		t.holds[role] = members
	}

	if granted {
		members[ref] = byUs
	} else {
		delete(members, ref)
	}

	t.keepCopies(membership{role, ref}, granted)
	delete(t.fresh, membership{role, ref})
	t.log = append(t.log, entry{time.Now(), ref, role, granted, byUs})
	// Nobody loses anything by a membership of an account that nobody owns.
	if u := t.owners[ref]; t.people[u] == ref {
		t.w.oracle.effect(u, role, granted, byUs)
	}
}

// noteAccepted notes that the target took a change from us, whatever it made of it.
func (t *target) noteAccepted(role entitlement.RoleRef, ref connector.PrincipalRef, grant bool) {
	key := membership{role, ref}
	if t.took[key] == nil {
		t.took[key] = &taken{}
	}
	if grant {
		*t.took[key] = taken{granted: time.Now()}
	} else {
		t.took[key].removals = append(t.took[key].removals, time.Now())
	}
}

// heldAt tells who held a role at a moment, in the order in which they came to.
func (t *target) heldAt(role entitlement.RoleRef, at time.Time) []connector.PrincipalRef {
	var members []connector.PrincipalRef
	for _, e := range t.log {
		if e.role != role || e.at.After(at) {
			continue
		}
		members = without(members, e.who)
		if e.granted {
			members = append(members, e.who)
		}
	}
	return members
}

// shows is what the target answers of somebody where it is asked in a way.
func (t *target) shows(way int, role entitlement.RoleRef, who []connector.PrincipalRef) []entitlement.Presence {
	// A target that answers from a copy is behind by as much as its copies are.
	members := t.heldAt(role, time.Now().Add(-t.late()))

	if t.Shows[way] == ShowsFirst {
		members = members[:min(t.Cut, len(members))]
	}

	all := make([]entitlement.Presence, len(who))

	for i, ref := range who {
		switch shown := t.Shows[way]; {
		case shown == ShowsNothing:
			all[i] = entitlement.PresenceUnknown
		case shown == ShowsEverybody, shown != ShowsNobody && slices.Contains(members, ref):
			all[i] = entitlement.PresencePresent
		default:
			all[i] = entitlement.PresenceAbsent
		}
		if t.Shows[way] == ShowsTruth && t.Behind > 0 {
			t.noteShown(role, ref, all[i] == entitlement.PresencePresent)
		}
	}

	return all
}

// overwrite makes the members of a role what a change has read before it, where others have
// changed them since, but for those whom the change is about.
func (t *target) overwrite(role entitlement.RoleRef, read map[connector.PrincipalRef]bool, about []connector.Op) {
	// Only what others did meanwhile is undone: this change is about those whom it names.
	named := func(ref connector.PrincipalRef) bool {
		return slices.ContainsFunc(about, func(op connector.Op) bool { return op.Principal == ref })
	}

	now := maps.Clone(t.holds[role])
	for _, ref := range slices.Sorted(maps.Keys(t.owners)) {
		byUs, was := read[ref]
		byUsNow, is := now[ref]
		if was == is || named(ref) {
			continue
		}

		t.crossed++
		t.w.say("    %s writes over a change of %s", t.name, ref)
		t.set(role, ref, was, was && byUs || is && byUsNow)
	}
}

// readable reports that the target says that a resource is there.
func (t *target) readable(resource string) bool {
	return t.resources[resource] && !time.Now().Before(t.missing[resource])
}

// cure makes a target well, and lets everything be there that should be.
func (t *target) cure() {
	t.mode, t.bad, t.inFront = well, "", time.Time{}
	t.KeepsLast = false // somebody puts in who stays there
	t.Fails = 0

	clear(t.missing)
	for name := range t.resources {
		t.resources[name] = true
	}

	if !t.Tells() && t.glimpsed() {
		t.vague, t.Shows[0] = true, ShowsTruth // who was left out is delivered when a way shows all
	}

	t.tookAny = t.tookAny || t.AnyID
	t.AnyID = false // nobody looks anew for an id that is younger than a day

	for role, members := range t.holds {
		for _, ref := range slices.Sorted(maps.Keys(members)) {
			if t.people[t.owners[ref]] != ref {
				t.set(role, ref, false, false)
			}
		}
	}
}

// tookOf returns what a target took from us of a role for a person, by each id that can be
// changed; of those that are nobody's any more, by each that we kept.
func (t *target) tookOf(u entitlement.UserID, role entitlement.RoleRef) []taken {
	var all []taken
	for _, ref := range slices.Sorted(maps.Keys(t.owners)) {
		if took := t.took[membership{role, ref}]; took != nil && t.owners[ref] == u && (t.people[u] == ref || t.AnyID && t.w.oracle.kept[ref]) {
			all = append(all, *took)
		}
	}
	return all
}
