package catalogs

import (
	"cmp"
	"context"
	"time"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// impactReserve is the time that a worker keeps for one more page of holders, and for the commit.
const impactReserve = 20 * time.Second

// ImpactWorker carries on changes of roles that more people hold than one call looks at.
type ImpactWorker struct {
	Service  *Service
	Accounts Accounts
}

// Accounts reads who asked for a job.
type Accounts interface {
	// Account returns the caller with the user that it is, read strongly.
	Account(ctx context.Context, by authz.Caller) (authz.Caller, error)
}

// Run carries a job on, page by page, until it is done or the time is nearly over.
//
//  1. Who asked for it is read anew, and the change is planned anew: whoever may not make it any
//     more gets no more of it.
//  2. A round begins: where the change is to be made, the package's guards are watched with it. A
//     crash leaves a watch, which the next request for the package takes away.
//  3. A page of holders is looked at, and what the change does to them is noted with the place
//     where the holders go on. A crash repeats the page; of two workers at one job the second
//     is refused, and stops.
//  4. After the last page the job is done; or the change is made, in one transaction with that,
//     as ApplyRoles describes. What moved meanwhile is looked at in another round.
func (w *ImpactWorker) Run(ctx context.Context, pkg entitlement.PackageID, id entitlement.ImpactJobID) error {
	s := w.Service
	job, err := s.Store.ImpactJob(ctx, pkg, id)
	if entitlement.KindOf(err) == entitlement.NotFound && err != nil {
		return nil // it is forgotten
	}
	if err != nil || job.Ended() {
		return err
	}

	err = w.carryOn(ctx, &job)
	switch part := entitlement.StalePart(err); {
	case part == entitlement.PartJob:
		return nil // another worker has it
	case part == "" && refused(err):
		return s.endImpact(ctx, &job, err)
	default:
		return err
	}
}

// carryOn plans the change anew and goes through its holders, round by round.
func (w *ImpactWorker) carryOn(ctx context.Context, job *entitlement.ImpactJob) error {
	s := w.Service
	for {
		by := authz.Command{Caller: authz.Caller{ID: job.Caller, Scopes: authz.Scopes(job.Scopes), Application: job.Application}, CommandID: job.Command}
		var err error
		if by.Caller, err = w.Accounts.Account(ctx, by.Caller); err != nil {
			return err
		}
		look, err := s.round(ctx, &by, job)
		if err != nil {
			return err
		}

		done, err := look.goOn(ctx)
		if part := entitlement.StalePart(err); part != "" && part != entitlement.PartJob {
			job.At = -1 // whatever moved: from the beginning
			continue
		}
		if err != nil || done {
			return err
		}
		return s.Jobs.EnqueueImpact(ctx, job.Package, job.ID)
	}
}

// refused reports a failure that is the same however often it is tried.
func refused(err error) bool {
	switch entitlement.KindOf(err) {
	case entitlement.Invalid, entitlement.Forbidden, entitlement.NotFound, entitlement.Precondition, entitlement.Unauthenticated, entitlement.Conflict:
		return err != nil
	default:
		return false
	}
}

// impactRound is one way of a job through all holders.
type impactRound struct {
	service *Service
	by      authz.Command
	job     *entitlement.ImpactJob
	edit    plannedEdit
	catalog entitlement.Catalog
	change  *entitlement.ImpactChange // that a second person agreed to
	look    *holdersLook
	last    map[entitlement.Effect]entitlement.ImpactPeople // items that are not full yet
	full    []entitlement.ImpactPeople                      // that are, and are not written yet
}

// round plans the change of a job, and begins a round of it, or takes up the one that runs.
func (s *Service) round(ctx context.Context, by *authz.Command, job *entitlement.ImpactJob) (*impactRound, error) {
	e, err := s.edits(ctx, ChangeOf(job.Edit))(by)
	if err == nil {
		err = s.may(ctx, by.Caller, authz.ListAssignments, inPackage(e.pkg))
	}
	if err != nil {
		return nil, err
	}
	catalog, err := s.Store.Catalog(ctx, e.pkg.Catalog)
	if err != nil {
		return nil, err
	}

	r := &impactRound{service: s, by: *by, job: job, edit: e, catalog: catalog, last: map[entitlement.Effect]entitlement.ImpactPeople{}}
	if job.Change != "" {
		c, err := s.agreeable(ctx, *by, job.Catalog, job.Change, job.Agreed)
		if err != nil {
			return nil, err
		}
		r.change = &c
	}

	// Whatever the roles were when it began, they are others by now: it begins anew.
	if job.Round == 0 || job.At != e.before.Version {
		if err := r.begin(ctx); err != nil {
			return nil, err
		}
	}
	job.Edit = e.RoleEdit
	r.look = s.lookAtHolders(e.RoleEdit, e.before, r.add)
	r.look.before = !job.Applies()
	if r.look.totals, err = job.Totals(); err != nil {
		return nil, err
	}
	return r, r.resume(ctx)
}

// begin notes another round; where the change is to be made, the guards are watched from here on.
func (r *impactRound) begin(ctx context.Context) error {
	if r.job.Round == entitlement.MaxImpactRounds {
		return entitlement.Errorf(entitlement.Precondition, "So much moved while the change was looked at that it was begun %d times. Try again when fewer people ask for the access package.", r.job.Round)
	}
	next := r.job.Begin(r.edit.before.Version)
	next.Edit = r.edit.RoleEdit
	with := entitlement.Change{}
	if next.Applies() {
		next.Watch = r.service.IDs.New()
		with.Watches = []entitlement.EditWatch{{Package: next.Package, Token: next.Watch, Step: entitlement.WatchBegins}}
	}
	return r.note(ctx, next, with)
}

// note commits the job with what goes with it.
func (r *impactRound) note(ctx context.Context, next entitlement.ImpactJob, with entitlement.Change) error {
	next.Moved = r.service.Clock.Now()
	with.ImpactJobs = []entitlement.ImpactJob{next}
	err := r.service.Store.Commit(ctx, with)
	if err == nil {
		*r.job = next
		r.job.Version++
	}
	return err
}

// resume reads the items that an earlier worker has not filled.
func (r *impactRound) resume(ctx context.Context) error {
	for _, e := range effects {
		n := r.job.Of(e)
		if r.job.Applies() || n%entitlement.ImpactChunk == 0 {
			continue
		}
		some, err := r.service.Store.ImpactPeople(ctx, *r.job, e, n/entitlement.ImpactChunk)
		if err != nil {
			return err
		}
		r.last[e] = some
	}
	return nil
}

// effects are in the order in which they are shown.
var effects = []entitlement.Effect{entitlement.Gains, entitlement.Loses, entitlement.Keeps}

// add takes the people of a page. Of a change that is made, only their number counts.
func (r *impactRound) add(page []entitlement.Affected) error {
	if r.job.Applies() {
		return nil
	}
	for _, a := range page {
		some, begun := r.last[a.Effect]
		if !begun {
			some = entitlement.ImpactPeople{Package: r.job.Package, Job: r.job.ID, Round: r.job.Round, Effect: a.Effect, Created: r.job.Created}
		}
		some.People = append(some.People, a.Kept())
		if len(some.People) == entitlement.ImpactChunk {
			r.full = append(r.full, some)
			some = entitlement.ImpactPeople{Package: some.Package, Job: some.Job, Round: some.Round, Effect: some.Effect, Number: some.Number + 1, Created: some.Created}
		}
		r.last[a.Effect] = some
	}
	return nil
}

// goOn looks at page after page. It returns false where the time is over before the last one.
func (r *impactRound) goOn(ctx context.Context) (done bool, err error) {
	for pages := 0; ; pages++ {
		if deadline, bounded := ctx.Deadline(); bounded && pages > 0 && time.Until(deadline) < impactReserve {
			return false, nil
		}
		slots, err := r.service.Store.Slots(ctx, r.job.Package, r.job.Cursor, 0)
		if err == nil && slots.Unread > 0 {
			err = unsure(slots.Unread) // somebody may hold it
		}
		if err == nil {
			err = r.look.page(ctx, slots.Items)
		}
		if err != nil {
			return false, err
		}
		if slots.Next == "" {
			return true, r.finish(ctx)
		}

		next, err := r.job.With(r.look.totals)
		if err != nil {
			return false, err
		}
		next.Cursor = slots.Next
		if err := r.note(ctx, next, entitlement.Change{ImpactPeople: r.found()}); err != nil {
			return false, err
		}
		r.written()
	}
}

// found are the items that are to be written with a page: those that are full, and those that
// the next page goes on with.
func (r *impactRound) found() []entitlement.ImpactPeople {
	all := r.full
	for _, e := range effects {
		if some := r.last[e]; len(some.People) > 0 {
			all = append(all, some)
		}
	}
	return all
}

// written moves on the versions of what was written.
func (r *impactRound) written() {
	r.full = nil
	for e, some := range r.last {
		if len(some.People) > 0 {
			some.Version++
			r.last[e] = some
		}
	}
}

// finish ends the job after its last page: with what was found, or with what comes of the change.
func (r *impactRound) finish(ctx context.Context) error {
	totals := r.look.totals
	next, err := r.job.With(totals)
	if err != nil {
		return err
	}
	next.Cursor, next.Second = "", r.catalog.Limit.Exceeded(totals)
	if !next.Applies() {
		next.Status = entitlement.JobSucceeded
		return r.note(ctx, next, entitlement.Change{ImpactPeople: r.found()})
	}

	now := Impact{Edit: r.edit.RoleEdit, Catalog: r.catalog, Totals: totals}
	r.job.Holders, r.job.Gains, r.job.Loses, r.job.Keeps, r.job.Digest = next.Holders, next.Gains, next.Loses, next.Keeps, next.Digest
	switch {
	case next.Agreed != now.Hash():
		return moved(now)
	case next.Second && r.change == nil:
		return r.service.propose(ctx, r.by, r.edit, now) // a refusal, by which the job ends
	}

	next.Status, next.Watch, next.Moved = entitlement.JobSucceeded, "", r.service.Clock.Now()
	watch := entitlement.EditWatch{Package: next.Package, Token: r.job.Watch, Step: entitlement.WatchHeld}
	with, data := r.look.agreed(now, watch, r.change)
	with.ImpactJobs = []entitlement.ImpactJob{next}
	return r.service.putScopes(ctx, r.by, r.edit, data, with)
}

// endImpact ends a job by a refusal. One that lays the change down for a second person is what
// was asked for.
func (s *Service) endImpact(ctx context.Context, job *entitlement.ImpactJob, err error) error {
	next := *job
	next.Status, next.Code, next.Why, next.Moved = entitlement.JobFailed, entitlement.CodeOf(err), cmp.Or(entitlement.MessageOf(err), "It cannot be done."), s.Clock.Now()
	if waits, is := waitsFor(err); is {
		next.Status, next.Why, next.Waits = entitlement.JobSucceeded, "", waits.ID
	}

	with := entitlement.Change{}
	if next.Watch != "" {
		with.Watches, next.Watch = []entitlement.EditWatch{{Package: next.Package, Token: next.Watch, Step: entitlement.WatchLifted}}, ""
	}
	with.ImpactJobs = []entitlement.ImpactJob{next}
	err = s.Store.Commit(ctx, with)
	if entitlement.StalePart(err) == entitlement.PartJob {
		return nil // another worker has ended it
	}
	return err
}
