package delivery

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
)

// suspect is a suspicion that is looked at again.
type suspect struct {
	finding    entitlement.DriftFinding
	way        string       // of asking that has shown the person there before
	generation int64        // of the person's record
	live       []driftGiven // packages by which the person ought to have the role
}

// toEvaluate returns what is to be looked at again: suspicions, what may be given again, and what
// somebody decided to take away.
func (c *comparison) toEvaluate() []entitlement.DriftFinding {
	var all []entitlement.DriftFinding
	for _, f := range c.known {
		if f.Judged.Equal(c.scan.Started) {
			continue
		}
		seen := f.Last.Equal(c.scan.Started)
		missing := f.Kind == entitlement.DriftMissing && (f.State == entitlement.DriftOpen || f.State == entitlement.DriftGivenAgain)
		if seen && (!f.Shown() || missing) || f.State == entitlement.DriftTaking {
			all = append(all, f)
		}
	}
	slices.SortFunc(all, func(a, b entitlement.DriftFinding) int { return strings.Compare(a.Principal, b.Principal) })
	return all
}

// evaluate looks again at what differed. Of whatever is not so any more, or was under way, nothing is
// reported.
func (c *comparison) evaluate(ctx context.Context) error {
	if err := c.load(ctx); err != nil {
		return err
	}
	known, err := c.Store.TargetResource(ctx, c.scan.Role.Connector, c.scan.Role.Resource)
	if err != nil {
		return err
	}

	missing, extra, taking := []suspect{}, []suspect{}, []entitlement.DriftFinding{}
	for _, f := range c.toEvaluate() {
		switch {
		case f.State == entitlement.DriftTaking:
			taking = append(taking, f)
		case f.Kind == entitlement.DriftExtra:
			extra = append(extra, suspect{finding: f})
		default:
			s, stands, err := c.standing(ctx, f)
			if err != nil {
				return err
			}
			if !stands {
				if err := c.dismiss(ctx, f); err != nil {
					return err
				}
				continue
			}
			missing = append(missing, s)
		}
	}

	present, err := c.lookAgain(ctx, known, slices.Concat(missing, extra))
	if err != nil {
		return err
	}
	if err := c.evaluateMissing(ctx, missing, present[:len(missing)]); err != nil {
		return err
	}
	if err := c.evaluateExtra(ctx, extra, present[len(missing):]); err != nil {
		return err
	}
	for _, f := range taking {
		if err := c.takeAway(ctx, f, known); err != nil {
			return err
		}
	}
	return c.complete(ctx, nil)
}

// lookAgain asks the target about suspects.
func (c *comparison) lookAgain(ctx context.Context, known entitlement.TargetResource, who []suspect) ([]entitlement.Presence, error) {
	var counts []entitlement.Presence
	for some := range slices.Chunk(who, max(c.target.caps.MaxBatch-2, 1)) {
		part, err := c.target.check(ctx, c.scan.Role, known, some, connector.PrincipalRef(c.scan.Shown))
		if err != nil {
			return nil, err
		}
		counts = append(counts, part...)
	}
	return counts, nil
}

// standing reads strongly whether the person ought to have the role, and nothing of it is under way: it
// is on record as seen there, nobody works on it, nothing is owed, and what we wrote last cannot be late
// any more (S15).
func (c *comparison) standing(ctx context.Context, f entitlement.DriftFinding) (s suspect, stands bool, err error) {
	record, sets, err := c.Store.SubjectRecord(ctx, f.Subject)
	if _, unread := errors.AsType[*entitlement.UnreadGrantSets](err); unread {
		return s, false, nil
	}
	if err != nil || record.NeedsReconcile() || record.Disabled {
		return s, false, err
	}

	i := slices.IndexFunc(sets, func(s entitlement.GrantSet) bool { return s.Connector == c.scan.Role.Connector })
	if i < 0 {
		return s, false, nil
	}
	set, now := sets[i], c.Clock.Now()
	g, recorded := set.Grants[c.scan.Role]
	idle := (set.Token == "" || !now.Before(set.Until)) && g.Intent == "" && g.Removal == ""
	named := set.Principal == f.Principal || c.target.caps.Authoritative && string(f.Subject) == f.Principal
	settled := g.Presence == entitlement.PresencePresent && !g.Revoked && !g.Failing() && g.CheckAfter.IsZero() && !now.Before(g.Wrote.Add(c.target.window))
	if !recorded || !idle || !named || !settled {
		return s, false, nil
	}

	s = suspect{finding: f, way: g.Way, generation: record.Generation}
	for _, given := range c.given {
		if slices.Contains(record.Live, given.pkg) {
			s.live = append(s.live, given)
		}
	}
	return s, len(s.live) > 0, nil
}

// dismiss drops a suspicion that is none, and a finding that is not so any more.
func (c *comparison) dismiss(ctx context.Context, f entitlement.DriftFinding) error {
	if f.State == entitlement.DriftGivenAgain && !f.Over(c.Clock.Now()) {
		f.Judged = c.scan.Started
	} else {
		f.Erased = true
	}
	return c.commit(ctx, entitlement.Change{DriftFindings: []entitlement.DriftFinding{f}})
}

// unclear counts a difference of which the target cannot tell. A suspicion is dropped; what was found
// before stands.
func (c *comparison) unclear(ctx context.Context, f entitlement.DriftFinding) error {
	c.scan.Unclear++
	if f.Shown() {
		f.Judged = c.scan.Started
		return c.commit(ctx, entitlement.Change{DriftFindings: []entitlement.DriftFinding{f}})
	}
	return c.dismiss(ctx, f)
}

func (c *comparison) evaluateMissing(ctx context.Context, all []suspect, present []entitlement.Presence) error {
	for i, s := range all {
		var err error
		switch present[i] {
		case entitlement.PresencePresent:
			err = c.dismiss(ctx, s.finding)
		case entitlement.PresenceUnknown:
			err = c.unclear(ctx, s.finding)
		default:
			err = c.missing(ctx, s)
		}
		if err != nil && entitlement.StalePart(err) == "" {
			return err
		}
	}
	return nil
}

// missing records a role that is missing, if nothing was moved since the record was read, and has it
// given again where its resource says so.
func (c *comparison) missing(ctx context.Context, s suspect) error {
	after, stands, err := c.standing(ctx, s.finding)
	if err != nil {
		return err
	}
	if !stands || after.generation != s.generation {
		return c.dismiss(ctx, s.finding)
	}

	by, wanted, err := c.wanted(ctx, s.live)
	if err != nil {
		return err
	}
	now, again := c.Clock.Now(), false
	f, news := s.finding.Confirm(c.scan.Started, now)
	was := f.State
	if wanted {
		f, again = f.GiveAgain(now)
	}

	change := entitlement.Change{DriftFindings: []entitlement.DriftFinding{f}}
	if news || again {
		slot, err := c.Store.AssignmentSlot(ctx, by.pkg, f.Subject)
		if err != nil || slot.Assignment == nil {
			return err // it ended just now, which moves the person on
		}
		event := entitlement.RoleMissing(slot, f.Role, again, c.command, now)
		change.Slots, change.Events, change.SubjectUpdates = event.Slots, event.Events, event.SubjectUpdates
	}
	if f.State == entitlement.DriftContested && was != f.State {
		scan, e := c.scan.Note("roleContested", f, entitlement.Actor{ID: entitlement.Service, Command: c.command}, now)
		change.DriftScans, change.Events = []entitlement.DriftScan{scan}, append(change.Events, e)
	}
	if err := c.commit(ctx, change); err != nil {
		return err
	}

	if news {
		c.report.Missing++
	}
	if again {
		c.report.GivenBack++
		c.told = append(c.told, f.Subject)
	}
	return nil
}

// wanted returns by which package a missing role is recorded, and whether it is to be given again: one
// whose resource says so comes first.
func (c *comparison) wanted(ctx context.Context, live []driftGiven) (driftGiven, bool, error) {
	for _, g := range live {
		r, err := c.Store.Resource(ctx, g.catalog, g.resource)
		if entitlement.KindOf(err) == entitlement.NotFound && err != nil {
			continue
		}
		if err != nil {
			return g, false, err
		}
		if r.Drift == entitlement.DriftGiveAgain {
			return g, true, nil
		}
	}
	return live[0], false, nil
}

// evaluateExtra records what is there without us. Our own record is read after the target: whoever got the
// role by us until then is on it.
func (c *comparison) evaluateExtra(ctx context.Context, all []suspect, present []entitlement.Presence) error {
	var there []entitlement.DriftFinding
	for i, s := range all {
		var err error
		switch present[i] {
		case entitlement.PresencePresent:
			there = append(there, s.finding)
		case entitlement.PresenceUnknown:
			err = c.unclear(ctx, s.finding)
		default:
			err = c.dismiss(ctx, s.finding)
		}
		if err != nil {
			return err
		}
	}
	if len(there) == 0 {
		return nil
	}

	own, err := c.ownersOf(ctx)
	if err != nil {
		return err
	}
	var found []entitlement.DriftFinding
	for _, f := range there {
		whose, err := own(f.Principal)
		switch {
		case err != nil:
			return err
		case whose == notOurs:
			found = append(found, f)
		case whose == perhapsOurs:
			err = c.unclear(ctx, f)
		default:
			err = c.dismiss(ctx, f)
		}
		if err != nil {
			return err
		}
	}
	return c.extra(ctx, found)
}

// whose says whether a role at a target is there by us.
type whose int

const (
	notOurs whose = iota
	perhapsOurs
	ours
)

// ownersOf returns what tells whether a role is there by us, as our record is now.
func (c *comparison) ownersOf(ctx context.Context) (func(principal string) (whose, error), error) {
	if c.target.caps.Authoritative {
		return func(principal string) (whose, error) { return c.isOurs(ctx, entitlement.UserID(principal)) }, nil
	}

	all, err := c.ours(ctx, true)
	return func(principal string) (whose, error) {
		_, is := all.by[principal]
		switch {
		case is:
			return ours, nil
		case all.unread > 0 || all.unknown > 0:
			return perhapsOurs, nil
		}
		return notOurs, nil
	}, err
}

// isOurs reads of one person whether the role is there by us, or about to be.
func (c *comparison) isOurs(ctx context.Context, subject entitlement.UserID) (whose, error) {
	record, sets, err := c.Store.SubjectRecord(ctx, subject)
	if _, unread := errors.AsType[*entitlement.UnreadGrantSets](err); unread {
		return perhapsOurs, nil
	}
	if err != nil {
		return perhapsOurs, err
	}
	for _, s := range sets {
		if _, is := s.Grants[c.scan.Role]; is {
			return ours, nil
		}
	}
	for _, g := range c.given {
		if slices.Contains(record.Live, g.pkg) {
			return ours, nil
		}
	}
	return notOurs, nil
}

// extra records what was found, with an event of each.
func (c *comparison) extra(ctx context.Context, found []entitlement.DriftFinding) error {
	now := c.Clock.Now()
	for some := range slices.Chunk(found, perCommit) {
		change, scan := entitlement.Change{}, c.scan
		for _, f := range some {
			f, _ = f.Confirm(c.scan.Started, now)
			if c.target.caps.Authoritative {
				f.Subject = entitlement.UserID(f.Principal)
			}
			var e entitlement.Event
			scan, e = scan.Note("roleExtra", f, entitlement.Actor{ID: entitlement.Service, Command: c.command}, now)
			change.DriftFindings, change.Events = append(change.DriftFindings, f), append(change.Events, e)
		}
		change.DriftScans = []entitlement.DriftScan{scan}
		if err := c.commit(ctx, change); err != nil {
			return err
		}
		c.report.Extra += len(some)
	}
	return nil
}

// complete ends a comparison: what it did not see any more is no finding now.
func (c *comparison) complete(ctx context.Context, before []entitlement.DriftSeen) error {
	now := c.Clock.Now()
	var over, taken []entitlement.DriftFinding
	for _, f := range c.known {
		switch {
		case f.Last.Equal(c.scan.Started) || !f.Over(now):
		case f.Sent:
			taken = append(taken, f)
		default:
			f.Erased = true
			over = append(over, f)
		}
	}
	slices.SortFunc(over, func(a, b entitlement.DriftFinding) int { return strings.Compare(a.Principal, b.Principal) })
	slices.SortFunc(taken, func(a, b entitlement.DriftFinding) int { return strings.Compare(a.Principal, b.Principal) })
	for _, f := range taken {
		if err := c.gone(ctx, f); err != nil {
			return err
		}
	}
	for some := range slices.Chunk(over, 3*perCommit) {
		if err := c.commit(ctx, entitlement.Change{DriftFindings: some}); err != nil {
			return err
		}
	}

	c.scan.Missing, c.scan.Extra, c.scan.Contested = 0, 0, 0
	again := entitlement.DriftEvery
	for _, f := range c.known {
		switch {
		case !f.Shown():
		case f.Kind == entitlement.DriftExtra:
			c.scan.Extra++
		default:
			c.scan.Missing++
		}
		if f.State == entitlement.DriftContested {
			c.scan.Contested++
		}
		if f.State == entitlement.DriftGivenAgain {
			again = entitlement.DriftSoon
		}
	}

	c.scan.Phase, c.scan.Cursor, c.scan.Part = entitlement.DriftWaits, "", 0
	c.scan.Completed = now
	// A day from its begin, so that comparisons do not wander through the day; one that took longer
	// goes on tomorrow.
	if c.scan.Next = c.scan.Started.Add(again); !now.Before(c.scan.Next) {
		c.scan.Next = now.Add(time.Hour)
	}
	if c.waiting() && c.scan.Next.After(now.Add(entitlement.DriftRetry)) {
		c.scan.Next = now.Add(entitlement.DriftRetry)
	}
	for i := range before {
		before[i].Erased = true
	}
	c.clear()
	c.report.Compared++
	return c.commit(ctx, entitlement.Change{DriftSeen: before, DriftScans: []entitlement.DriftScan{c.scan}})
}

// waiting reports that something that a person decided to take away is still there.
func (c *comparison) waiting() bool {
	for _, f := range c.known {
		if f.State == entitlement.DriftTaking {
			return true
		}
	}
	return false
}
