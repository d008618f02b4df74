package sim

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"leasehold/pkg/authz"
	"leasehold/pkg/catalogs"
	"leasehold/pkg/entitlement"
)

// Runs in which administrators have targets left alone for a while, and in which edits that
// concern several people, or loosen a policy, need a second person.

// administer adds to a plan what administrators do about targets and edits.
func (p *Plan) administer() {
	r := rand.New(rand.NewPCG(p.Number, 0xad31))
	p.Watched = true
	p.insert(r, 4+r.IntN(4), Pause, Pause, Pause)
	p.insert(r, 2+r.IntN(2), Bound)
	p.insert(r, 4+r.IntN(4), AddRole, RemoveRole, ReplacePolicy)
	p.insert(r, 6+r.IntN(4), Agree, Agree, Agree, Reject)
}

// useAdministration returns what a command does that is about targets as a whole or about edits of others.
func (w *simulation) useAdministration(c Command) usage {
	catalog := w.catalogAt(c.B)

	switch c.Kind {
	case Pause:
		return w.usePause(c)
	case Bound:
		limit := entitlement.ImpactLimit{People: c.A % 3, Percent: []int{0, 0, 10, 50}[c.C%4], Loosening: c.C%2 == 0}
		return func(ctx context.Context, by authz.Command) error {
			_, err := w.catalogs.UpdateImpactLimit(ctx, by, catalog, limit)
			return err
		}
	}

	waiting := w.proposed[catalog]
	if len(waiting) == 0 {
		return nil
	}
	change := waiting[len(waiting)-1-c.A%len(waiting)]
	// Mostly it is somebody else than who proposed it.
	if second := w.population.people[0]; c.C%5 > 0 && change.Proposer != second {
		w.actor = second
	}

	return func(ctx context.Context, by authz.Command) error {
		u, err := w.store.User(ctx, by.ID)
		if err != nil {
			return err
		}
		if by.ID != w.admin.ID {
			by = by.As(u)
		}
		if c.Kind == Reject {
			err = w.catalogs.RejectChange(ctx, by, catalog, change.ID)
			return w.noting(err, SecondRefused)
		}
		return w.noting(w.catalogs.AgreeToChange(ctx, by, catalog, change.ID, change.Hash), SecondAgreed)
	}
}

// noting counts what was done, where it was.
func (w *simulation) noting(err error, is Semantic) error {
	if err == nil {
		w.meets(is)
	}
	return err
}

// usePause has a target left alone, or called again.
func (w *simulation) usePause(c Command) usage {
	t := w.targets[c.A%len(w.targets)]
	if w.insideUrgent != nil && c.C%3 == 0 {
		return w.moves(t)
	}
	paused := c.C%2 == 0
	return func(ctx context.Context, by authz.Command) error { return w.pauses(ctx, by, t, paused) }
}

func (w *simulation) pauses(ctx context.Context, by authz.Command, t *target, paused bool) error {
	_, err := w.catalogs.UpdateConnector(ctx, by, t.id, "", func(c *entitlement.ConnectorConfig) { c.Paused = paused })
	return err
}

// resume has a target called again, whoever had it left alone.
func (w *simulation) resume(t *target) {
	if w.oracle.paused[t.id].IsZero() {
		return
	}
	if err := w.pauses(quiet, w.by("resume"), t, false); err != nil {
		w.oracle.fail("L6", "the connector of %s cannot be resumed: %v", t.name, err)
	}
}

// waits notes an edit that waits for a second person, and whom its proposer was told of.
func (w *simulation) waits(err error) {
	var second *catalogs.SecondPersonError
	if !errors.As(err, &second) {
		return
	}
	w.meets(NeedsSecond)
	if w.proposed == nil {
		w.proposed = map[entitlement.CatalogID][]entitlement.ImpactChange{}
	}
	c := second.Change
	w.proposed[c.Catalog] = append(w.proposed[c.Catalog], c)

	if _, known := w.told[c.Hash]; c.Policy == "" && !known {
		var people []entitlement.Affected
		for _, s := range entitlement.UnpackSeen(c.Seen) {
			people = append(people, entitlement.Affected{Subject: s.Subject, Effect: s.Effect})
		}
		w.told[c.Hash] = people
	}
}

// connectorChanged takes in that a target is to be left alone, from when on, or is not any more.
func (o *oracle) connectorChanged(c entitlement.ConnectorConfig) {
	since, was := o.paused[c.ID], !o.paused[c.ID].IsZero()
	switch {
	case c.Paused && !was:
		since = time.Now()
	case !c.Paused && was:
		since = time.Time{}
		o.w.meets(Resumed)
	}
	o.paused[c.ID] = since
}

// seesPause is how long after a pause a run that is under way may still call the target: it looks
// every five seconds, and may stand still between its look and its call.
const seesPause = 5*time.Second + maxFrozen + clientsPatience

// called checks that a target which an administrator has left alone is (R262).
func (o *oracle) called(t *target) {
	if since := o.paused[t.id]; !since.IsZero() && time.Since(since) > seesPause {
		o.fail("R262", "%s is called, which was paused %s ago", t.name, time.Since(since))
	}
}

// limited is the limit of a catalog as it was until a commit.
type limited struct {
	until int
	entitlement.ImpactLimit
}

// limitChanged keeps what the limit of a catalog was.
func (o *oracle) limitChanged(c entitlement.Catalog) {
	if was := o.catalogs[c.ID].Limit; was != c.Limit {
		o.limits[c.ID] = append(o.limits[c.ID], limited{o.seq, was})
	}
}

// seconded checks that an edit of roles which concerns more people than its catalog lets one
// person decide on was proposed by one and agreed to by another. It counts people itself; those
// whose access ends about now are left out, so that it never counts too many.
func (o *oracle) seconded(inv *invocation, c entitlement.Change, now time.Time) {
	if inv == nil || len(c.Scopes) == 0 || c.Scopes[0].Erased {
		return
	}

	pkg := c.Scopes[0].Package
	in := o.within[pkg]
	before, after := o.scopes[pkg], refsOf(c.Scopes[0])
	n := 0
	for _, u := range sorted(o.people) {
		if gained, lost, _ := o.changes(u, pkg, before, after, now); (gained || lost) && !o.endsAbout(u, now) {
			n++
		}
	}

	limit := o.catalogs[in].Limit.People
	for _, l := range o.limits[in] {
		if l.until > inv.began() && limit > 0 && (l.People == 0 || l.People > limit) {
			limit = l.People // as it was at some moment of the edit
		}
	}
	if limit == 0 || n <= limit {
		return
	}

	for _, x := range c.ImpactChanges {
		if x.Erased && x.Edit.Package == pkg && x.Proposer != "" && x.Proposer != inv.by {
			return
		}
	}
	o.fail("A4", "%d people gain or lose by an edit of %s that %s made alone, the limit is %d", n, short(string(pkg)), short(string(inv.by)), limit)
}

// looksItself reports an edit that was looked at since its catalog sets a limit, and not since
// somebody was told of it.
func (o *oracle) looksItself(c entitlement.Change) bool {
	in := o.within[c.Scopes[0].Package]
	return len(c.ImpactChanges) == 0 && (o.catalogs[in].Limit.Stated() || len(o.limits[in]) > 0)
}
