package sim

import (
	"context"
	"slices"
	"time"

	"leasehold/pkg/authz"
	"leasehold/pkg/catalogs"
	"leasehold/pkg/entitlement"
)

// agreed previews a change of a package's roles and applies what it was told. Others go on
// between the two, and between the last look and the commit.
func (w *simulation) agreed(ctx context.Context, by authz.Command, c catalogs.RoleChange) error {
	found, err := w.catalogs.PreviewRoles(ctx, by, c, nil)
	if entitlement.CodeOf(err) == catalogs.CodeNeedsJob {
		return w.agreedByJob(ctx, by, c)
	}
	if err != nil {
		return err
	}
	w.told[found.Hash()] = found.People
	_, err = w.catalogs.ApplyRoles(ctx, by, c, found.Hash())
	if entitlement.CodeOf(err) == catalogs.CodeImpactMoved {
		w.outdated++
	}
	return err
}

// agreedByJob is agreed where more people hold the package than one call looks at. The look is
// carried on here; the change is made by whichever worker gets the message.
func (w *simulation) agreedByJob(ctx context.Context, by authz.Command, c catalogs.RoleChange) error {
	job, err := w.catalogs.StartPreview(ctx, by, c)
	if err == nil {
		err = w.looks.Run(ctx, job.Package, job.ID)
	}
	if err == nil {
		job, err = w.catalogs.ImpactJob(ctx, by, job.Package, job.ID)
	}
	if err != nil || job.Status != entitlement.JobSucceeded {
		return err
	}

	people, err := w.catalogs.ImpactFilePart(ctx, job, 1)
	if err != nil && job.Holders > 0 {
		return err
	}
	totals, err := job.Totals()
	if err != nil {
		return err
	}
	w.told[totals.Hash()] = people
	_, err = w.catalogs.StartApply(ctx, by, c, totals.Hash())
	return err
}

// nearEnd is how close to an assignment's end nobody can say whether it is over: clocks are wrong
// by as much as is drawn, and a commit takes its time.
const nearEnd = 20 * time.Minute

// impact checks a change of roles that was agreed to against what it does, as it becomes true:
// those who were told to gain or lose the role are exactly those for whom it changes, and those
// who were told to keep it have it before and after, unless they may hold nothing by now, which no
// edit changes. It asks nothing of the code that told it:
// who has what is a union over what was committed. So a plan whose world moved, by so much as
// one person, is a violation where it is applied.
func (o *oracle) impact(c entitlement.Change, now time.Time) {
	for _, job := range c.ImpactJobs {
		if job.Code == catalogs.CodeImpactMoved {
			o.w.outdated++
		}
	}
	i := slices.IndexFunc(c.Events, func(e entitlement.Event) bool { return e.Data["impact"] != "" && len(c.Scopes) > 0 })
	if i < 0 {
		return
	}
	told, known := o.w.told[c.Events[i].Data["impact"]]
	if !known && o.looksItself(c) {
		return
	}
	if !known {
		o.fail("T26", "a change was applied as %s, and nobody was told of it", c.Events[i].Data["impact"])
		return
	}
	o.w.edits++
	if len(c.ImpactJobs) > 0 {
		o.w.byJob++
	}

	pkg := c.Scopes[0].Package
	before, after := o.scopes[pkg], refsOf(c.Scopes[0])
	effects := map[entitlement.UserID]entitlement.Effect{}
	for _, a := range told {
		effects[a.Subject] = a.Effect
		o.w.toldOf[a.Effect]++
	}

	for _, u := range sorted(o.people) {
		if o.endsAbout(u, now) {
			continue
		}
		gained, lost, kept := o.changes(u, pkg, before, after, now)
		switch want := effects[u]; {
		case gained && want != entitlement.Gains, lost && want != entitlement.Loses:
			o.fail("T26", "%s gains %v, loses %v by an edit, and was told %q", short(string(u)), gained, lost, want)
		case !gained && want == entitlement.Gains, !lost && want == entitlement.Loses:
			o.fail("T26", "%s was told %q of an edit, and gains %v, loses %v", short(string(u)), want, gained, lost)
		case want == entitlement.Keeps && o.live[pair{pkg, u}] != nil && o.mayHold(u) && !kept:
			o.fail("T26", "%s was told to keep the role, and does not", short(string(u)))
		}
	}
}

func refsOf(s entitlement.PackageScopes) (all []entitlement.RoleRef) {
	for _, x := range s.List {
		all = append(all, x.Ref)
	}
	return all
}

// changes says what of a person's roles differs when a package gives these in the place of those,
// and whether one that it gives or gave is the person's by something else.
func (o *oracle) changes(u entitlement.UserID, pkg entitlement.PackageID, before, after []entitlement.RoleRef, now time.Time) (gained, lost, kept bool) {
	given := func(role entitlement.RoleRef, list []entitlement.RoleRef) bool {
		o.scopes[pkg] = list
		return o.desired(grant{u, role}, now)
	}
	defer func() { o.scopes[pkg] = before }()

	for _, role := range slices.Concat(before, after) {
		if slices.Contains(before, role) == slices.Contains(after, role) {
			continue
		}
		was, is := given(role, before), given(role, after)
		gained, lost, kept = gained || is && !was, lost || was && !is, kept || was && is
	}
	return gained, lost, kept
}

// endsAbout reports that something of a person ends just now, by one clock or another.
func (o *oracle) endsAbout(u entitlement.UserID, now time.Time) bool {
	return slices.ContainsFunc(o.liveOf[u], func(a *held) bool {
		return !a.End.IsZero() && a.End.Sub(now).Abs() < nearEnd
	})
}
