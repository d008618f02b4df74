package delivery

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"leasehold/pkg/clock"
	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

// DriftStore is what the comparison of targets with what ought to be there reads and keeps. Reads are
// strongly consistent, but where it says otherwise.
type DriftStore interface {
	// DriftWalk returns when the roles that packages give were last gone through.
	DriftWalk(ctx context.Context) (entitlement.DriftWalk, error)
	// DriftScansOf returns those of the roles' comparisons that there are.
	DriftScansOf(ctx context.Context, roles []entitlement.RoleRef) ([]entitlement.DriftScan, error)
	// DriftScansDue pages through those that there is something to do for; an index finds them.
	DriftScansDue(ctx context.Context, until time.Time, page entitlement.Page) (entitlement.Paged[entitlement.DriftScan], error)
	DriftFindings(ctx context.Context, at entitlement.ConnectorID, scan entitlement.DriftScanID, page entitlement.Page) (entitlement.Paged[entitlement.DriftFinding], error)
	DriftSeen(ctx context.Context, role entitlement.RoleRef) ([]entitlement.DriftSeen, error)

	// ListPackages lists all packages; eventually consistent.
	ListPackages(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.AccessPackage], error)
	ScopesOf(ctx context.Context, ids []entitlement.PackageID) (map[entitlement.PackageID]entitlement.PackageScopes, error)
	Resource(ctx context.Context, catalog entitlement.CatalogID, id entitlement.ResourceID) (entitlement.Resource, error)
	Holders(ctx context.Context, pkg entitlement.PackageID, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentSlot], error)
	// Slots pages through a package's slots, as many at a time as one call brings, or at most so many; 0: no bound.
	Slots(ctx context.Context, id entitlement.PackageID, token string, most int) (entitlement.Paged[entitlement.AssignmentSlot], error)
	AssignmentSlot(ctx context.Context, pkg entitlement.PackageID, subject entitlement.UserID) (entitlement.AssignmentSlot, error)
	// GrantSetsAt returns those of the subjects' grant sets at a connector that there are, and how
	// many could not be read; it may be late, unless strong.
	GrantSetsAt(ctx context.Context, at entitlement.ConnectorID, subjects []entitlement.UserID, strong bool) ([]entitlement.GrantSet, int, error)
	// PendingReconciliation pages through one shard of subjects whose delivery must be looked at by until; an index.
	PendingReconciliation(ctx context.Context, shard int, until time.Time, page entitlement.Page) (entitlement.Paged[entitlement.UserID], error)
	SubjectRecord(ctx context.Context, subject entitlement.UserID) (entitlement.SubjectRecord, []entitlement.GrantSet, error)
	TargetResource(ctx context.Context, at entitlement.ConnectorID, resource string) (entitlement.TargetResource, error)
	RateLease(ctx context.Context, id entitlement.ConnectorID) (entitlement.RateLease, error)
	Breaker(ctx context.Context, id entitlement.ConnectorID) (entitlement.Breaker, error)
	Connector(ctx context.Context, id entitlement.ConnectorID) (entitlement.ConnectorConfig, error)
	// Claim takes a subject's grant set at a connector, as of Store. Conflict: somebody else has it.
	Claim(ctx context.Context, c entitlement.Claim) (entitlement.GrantSet, error)
	Commit(ctx context.Context, change entitlement.Change) error
}

// Drift compares targets with what ought to be there. What happens to a role, and what a crash leaves:
//
//  1. The target's list of holders is read, as far as the pace and the time let it, and then our own.
//     Nothing is changed: the next run reads on from where the last one was recorded.
//  2. Where the two differ a suspicion is recorded, and the comparison keeps its place. A crash
//     between the two repeats a turn, which finds its suspicions recorded.
//  3. After a while, when nothing that was under way can be any more, each suspicion is looked at
//     again: our record of the person, read strongly, then the target, then our record once more. Only
//     what differs still is a finding.
//  4. A finding is recorded with its event. Where the resource says so, what is missing is given
//     again: by moving the subject's generation on, so that delivery looks, and no other way.
//
// It never takes anything away: drift_take.go does, where a person decided that.
type Drift struct {
	Store      DriftStore
	Connectors Connectors
	Queue      Queue // hears of those to whom something is to be given again
	Clock      clock.Clock
	IDs        clock.IDs
	Log        *slog.Logger
	Network    names.Network // where it calls targets from; "" where the deployment has one network alone
}

// Bounds of a run (S21).
const (
	// driftSettle is how long after a difference was seen it is looked at again, at least: a worker's
	// run, and what a target may be late, are over then.
	driftSettle = usualWindow
	// driftReserve is kept of a run for recording.
	driftReserve = 20 * time.Second
	// mostHolders bounds the holders of one role that are compared, and with them the memory.
	mostHolders = 200_000
	// turnHolders bounds those that one turn reads: what it saw of ours fits into one item then.
	turnHolders = entitlement.MaxDriftSeen
	// perCommit bounds the findings that change together, each with an event.
	perCommit = 30
)

// DriftReport is what a run did.
type DriftReport struct {
	Compared  int // roles whose comparison came to its end
	Missing   int // findings that are new
	Extra     int
	GivenBack int // roles that were given again
	TakenAway int // by decision of a person
	Failed    int // roles that could not be compared
}

// driftRun is one call of Run.
type driftRun struct {
	*Drift
	command string
	until   time.Time
	giving  map[entitlement.RoleRef][]driftGiven // nil: not read yet
	unread  int                                  // packages that could not be read
	targets map[entitlement.ConnectorID]*driftTarget
	told    []entitlement.UserID
	report  DriftReport

	networks networks
}

// driftGiven is a package that gives a role, and the resource of its catalog by which.
type driftGiven struct {
	pkg      entitlement.PackageID
	catalog  entitlement.CatalogID
	resource entitlement.ResourceID
}

// Run does what is due: it takes up roles that packages give and that were never compared, begins
// comparisons whose time has come, and carries on those that were left. What the pace or the time
// does not allow is left to the next run: a call waits for seconds at most.
func (d *Drift) Run(ctx context.Context, command string) (DriftReport, error) {
	r := &driftRun{Drift: d, command: command, until: d.Clock.Now().Add(driftRunFor), targets: map[entitlement.ConnectorID]*driftTarget{}}
	if deadline, ok := ctx.Deadline(); ok {
		r.until = d.Clock.Now().Add(time.Until(deadline) - driftReserve)
	}

	busy, err := r.busy(ctx)
	if err != nil || busy {
		return r.report, err
	}
	if err = r.walk(ctx); err == nil {
		err = r.due(ctx)
	}

	if len(r.told) > 0 {
		slices.Sort(r.told)
		if failed := d.Queue.Enqueue(ctx, slices.Compact(r.told)...); failed != nil {
			d.Log.WarnContext(ctx, "a message was lost; the sweep will find the pending reconciliations", "subjects", len(r.told), "error", failed)
		}
	}
	return r.report, err
}

// driftRunFor is how long a run may take where nobody says.
const driftRunFor = 4 * time.Minute

func (r *driftRun) inTime() bool { return r.Clock.Now().Before(r.until) }

// driftYields is how many people who are to be looked at now are so many that deliveries come first.
const driftYields = entitlement.PageSize

// busy reports that there is much to deliver: what a new account of AWS runs at once is for that then,
// and nobody waits for a comparison.
func (r *driftRun) busy(ctx context.Context) (bool, error) {
	n := 0
	for shard := range names.ReconcileShards {
		list, err := r.Store.PendingReconciliation(ctx, shard, r.Clock.Now(), entitlement.Page{})
		if err != nil {
			return false, err
		}
		n += len(list.Items)
	}
	return n >= driftYields, nil
}

// walk goes once a day through the roles that packages give, and begins a comparison of each that has
// none.
func (r *driftRun) walk(ctx context.Context) error {
	w, err := r.Store.DriftWalk(ctx)
	now := r.Clock.Now()
	if err != nil || now.Before(w.Next) {
		return err
	}
	if err := r.packages(ctx); err != nil {
		return err
	}

	var roles []entitlement.RoleRef
	for role := range r.giving {
		roles = append(roles, role)
	}
	slices.SortFunc(roles, entitlement.RoleRef.Compare)
	for some := range slices.Chunk(roles, perCommit) {
		if err := r.begin(ctx, some, now); err != nil {
			return err
		}
	}

	w.Next = now.Add(entitlement.DriftEvery)
	err = r.Store.Commit(ctx, entitlement.Change{DriftWalks: []entitlement.DriftWalk{w}})
	if entitlement.StalePart(err) != "" {
		return nil // another run did the same
	}
	return err
}

// begin makes a comparison of each role that has none, due now.
func (r *driftRun) begin(ctx context.Context, roles []entitlement.RoleRef, now time.Time) error {
	known, err := r.Store.DriftScansOf(ctx, roles)
	if err != nil {
		return err
	}

	var fresh []entitlement.DriftScan
	for _, role := range roles {
		if !slices.ContainsFunc(known, func(s entitlement.DriftScan) bool { return s.Role == role }) {
			fresh = append(fresh, entitlement.DriftScan{Role: role, Next: now})
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	err = r.Store.Commit(ctx, entitlement.Change{DriftScans: fresh})
	if entitlement.StalePart(err) != "" {
		return nil
	}
	return err
}

// packages reads which packages give which role, once in a run. What was given since is no matter: it
// was not there when the target was read, or is seen when a suspicion is looked at again.
func (r *driftRun) packages(ctx context.Context) error {
	if r.giving != nil {
		return nil
	}

	giving := map[entitlement.RoleRef][]driftGiven{}
	unread := 0
	for page := (entitlement.Page{Thorough: true}); ; {
		list, err := r.Store.ListPackages(ctx, page)
		if err != nil {
			return err
		}
		unread += list.Unread

		ids := make([]entitlement.PackageID, len(list.Items))
		for i, p := range list.Items {
			ids[i] = p.ID
		}
		scopes, err := r.Store.ScopesOf(ctx, ids)
		if err != nil {
			return err
		}
		for _, p := range list.Items {
			for _, s := range scopes[p.ID].List {
				giving[s.Ref] = append(giving[s.Ref], driftGiven{p.ID, p.Catalog, s.Resource})
			}
		}

		if page.Token = list.Next; page.Token == "" {
			r.giving, r.unread = giving, unread
			return nil
		}
	}
}

// due carries on what is due, the longest due first.
func (r *driftRun) due(ctx context.Context) error {
	var failed []error
	for page := (entitlement.Page{}); r.inTime(); {
		list, err := r.Store.DriftScansDue(ctx, r.Clock.Now(), page)
		if err != nil {
			return errors.Join(append(failed, err)...)
		}
		for _, scan := range list.Items {
			if !r.inTime() {
				break
			}
			// One that fails keeps none from the others; it is due again at the next run.
			if err := r.step(ctx, scan); err != nil && entitlement.StalePart(err) == "" {
				r.report.Failed++
				failed = append(failed, err)
			}
		}
		if page.Token = list.Next; page.Token == "" {
			break
		}
	}
	return errors.Join(failed...)
}

// step carries one comparison on, as far as the pace and the time let it.
func (r *driftRun) step(ctx context.Context, scan entitlement.DriftScan) error {
	now := r.Clock.Now()
	if now.Before(scan.Next) {
		return nil // the index is late
	}
	// Those of the other network are the other function's, with what is recorded of them.
	if err := r.networks.read(ctx, r.Network, r.Store, scan.Role.Connector); err != nil || r.networks.away[scan.Role.Connector] {
		return err
	}
	if err := r.packages(ctx); err != nil {
		return err
	}

	given := r.giving[scan.Role]
	if len(given) == 0 && r.unread == 0 {
		return r.drop(ctx, scan)
	}

	t, err := r.target(ctx, scan.Role.Connector)
	if err == nil && t.spent {
		return nil // its share of this run is used up
	}

	c := &comparison{driftRun: r, target: t, scan: scan, given: given}
	if err == nil {
		switch {
		case scan.Phase == entitlement.DriftJudging:
			err = c.evaluate(ctx)
		default:
			err = c.read(ctx)
		}
	}
	if isNoTime(err) {
		return nil
	}
	if refusal, is := errors.AsType[*connector.Refusal](err); is {
		return c.fail(ctx, refusal)
	}
	return err
}

// drop takes away a comparison of a role that no package gives any more, with what it found.
func (r *driftRun) drop(ctx context.Context, scan entitlement.DriftScan) error {
	findings, err := r.findings(ctx, scan)
	if err != nil {
		return err
	}
	for some := range slices.Chunk(findings, perCommit) {
		for i := range some {
			some[i].Erased = true
		}
		if err := r.Store.Commit(ctx, entitlement.Change{DriftFindings: some}); err != nil {
			return err
		}
	}

	scan.Erased = true
	change := entitlement.Change{}
	if scan.Chain.Number > 0 {
		var e entitlement.Event
		scan, e = scan.Note("deleted", entitlement.DriftFinding{Role: scan.Role}, entitlement.Actor{ID: entitlement.Service, Command: r.command}, r.Clock.Now())
		change.Events = []entitlement.Event{e}
	}
	change.DriftScans = []entitlement.DriftScan{scan}
	return r.Store.Commit(ctx, change)
}

// findings reads all findings of a comparison.
func (r *driftRun) findings(ctx context.Context, scan entitlement.DriftScan) ([]entitlement.DriftFinding, error) {
	var all []entitlement.DriftFinding
	for page := (entitlement.Page{}); ; {
		list, err := r.Store.DriftFindings(ctx, scan.Role.Connector, scan.ID(), page)
		if err != nil {
			return nil, err
		}
		all = append(all, list.Items...)
		if page.Token = list.Next; page.Token == "" {
			return all, nil
		}
	}
}
