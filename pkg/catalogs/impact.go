package catalogs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"leasehold/pkg/authz"
	"leasehold/pkg/clock"
	"leasehold/pkg/entitlement"
)

// RoleChange names a change of a package's roles: a role of a resource that comes, or a role
// scope that goes.
type RoleChange struct {
	Package  entitlement.PackageID
	Resource entitlement.ResourceID // that comes
	Role     string                 // its id at the target
	Remove   string                 // id of the role scope that goes; "" where one comes
}

// Impact is what a change of a package's roles does to those who hold the package.
type Impact struct {
	Edit     entitlement.RoleEdit
	Catalog  entitlement.Catalog
	Resource entitlement.Resource
	Totals   *entitlement.ImpactTotals
	People   []entitlement.Affected // at most MaxSeen of each effect
	Second   bool                   // it needs a second person
}

// Hash is what is agreed to.
func (i Impact) Hash() string { return i.Totals.Hash() }

// Seen is who gains and who loses, where it is not too many to remember.
func (i Impact) Seen() []entitlement.Seen {
	if i.Totals.Affected() > entitlement.MaxSeen {
		return nil
	}
	var all []entitlement.Seen
	for _, a := range i.People {
		if a.Effect != entitlement.Keeps {
			all = append(all, entitlement.Seen{Subject: a.Subject, Effect: a.Effect})
		}
	}
	return all
}

// CodeImpactMoved is the code of a refusal whose plan is not what would happen now.
const CodeImpactMoved = "impactChanged"

// CodeSecondPerson is the code of a refusal that waits for a second person.
const CodeSecondPerson = "secondPersonRequired"

// SecondPersonError is the refusal of a change that waits for a second person.
type SecondPersonError struct{ Change entitlement.ImpactChange }

// Error names the change.
func (e *SecondPersonError) Error() string {
	return "waits for a second person as " + string(e.Change.ID)
}

// edits is how a change is planned anew, on what is there.
func (s *Service) edits(ctx context.Context, c RoleChange) func(*authz.Command) (plannedEdit, error) {
	return func(by *authz.Command) (plannedEdit, error) {
		if c.Remove != "" {
			return s.removing(ctx, by, c.Package, c.Remove)
		}
		p, err := s.openPackage(ctx, by, authz.ChangeRoleScopes, c.Package)
		if err != nil {
			return plannedEdit{}, err
		}
		r, err := s.Store.Resource(ctx, p.Catalog, c.Resource)
		if err != nil {
			return plannedEdit{}, err
		}
		return s.adding(ctx, by, c.Package, r, c.Role)
	}
}

// CheckRoles refuses a change of a package's roles that cannot be made: what it names is not of the
// package, or of its catalog, or is there already. It changes nothing and looks at nobody.
func (s *Service) CheckRoles(ctx context.Context, by authz.Command, c RoleChange) error {
	_, err := s.edits(ctx, c)(&by)
	return err
}

// PreviewRoles says what a change of a package's roles would do now, and changes nothing. It
// names people, so that whoever asks must be allowed to see who holds the package too. visit,
// where it is given, is told of everybody page by page.
func (s *Service) PreviewRoles(ctx context.Context, by authz.Command, c RoleChange, visit func([]entitlement.Affected) error) (Impact, error) {
	e, err := s.edits(ctx, c)(&by)
	if err == nil {
		err = s.may(ctx, by.Caller, authz.ListAssignments, inPackage(e.pkg))
	}
	if err != nil {
		return Impact{}, err
	}
	catalog, err := s.Store.Catalog(ctx, e.pkg.Catalog)
	if err != nil {
		return Impact{}, err
	}

	found := Impact{Edit: e.RoleEdit, Catalog: catalog, Resource: e.resource}
	of := map[entitlement.Effect]int{}
	l := s.lookAtHolders(e.RoleEdit, e.before, func(page []entitlement.Affected) error {
		for _, a := range page {
			if of[a.Effect]++; of[a.Effect] <= entitlement.MaxSeen {
				found.People = append(found.People, a)
			}
		}
		if visit == nil {
			return nil
		}
		return visit(page)
	})
	l.before = true
	err = l.atOnce(ctx)
	found.Totals, found.Second = l.totals, catalog.Limit.Exceeded(l.totals)
	return found, err
}

// ApplyRoles makes a change of a package's roles that somebody has looked at: where who gains and
// who loses by it is what the hash says, else it is refused with what it would be now.
//
// A plan whose world moved is not applied. Everybody who holds the package is gone through
// anew, by strong reads, and the change is one transaction on the conditions that
//
//   - nobody who was met holds anything else than what was read of them: the record of what a
//     person holds moves with every package that they get or lose;
//   - nobody who had asked for the package got it meanwhile: their place in it is as it was;
//   - nobody has come to it out of nothing: the package's guards are watched (EditWatch);
//   - every other package that any of them holds gives the roles that it gave.
//
// Where one of them fails, everything is looked at again. A transaction holds a hundred actions:
// up to 72 such conditions are part of it. With more people than that the guards are watched all
// the same, so that no request comes to the package unseen; but an assignment that is approved
// or ends in the moments between the read of its holder and the commit is as one that was
// approved or ended a moment after the commit.
func (s *Service) ApplyRoles(ctx context.Context, by authz.Command, c RoleChange, hash string) (entitlement.ResourceRoleScope, error) {
	return s.editRoles(ctx, by, agreement{hash: hash}, s.edits(ctx, c))
}

// agreement is what somebody has agreed to; nothing where a change comes without having been
// looked at.
type agreement struct {
	hash   string
	change *entitlement.ImpactChange // that waited, and that a second person agrees to
}

// editTries bounds how often a change whose holders moved while it was committed is looked at anew.
const editTries = 8

// editRoles makes a change of a package's roles. It is looked at where it was agreed to, or the
// catalog sets a limit: above that it waits for a second person.
func (s *Service) editRoles(ctx context.Context, by authz.Command, agreed agreement, plan func(*authz.Command) (plannedEdit, error)) (entitlement.ResourceRoleScope, error) {
	for try := 1; ; try++ {
		e, err := plan(&by)
		if err == nil {
			err = s.editRolesOnce(ctx, by, agreed, e)
		}

		if !movedOn(entitlement.StalePart(err), try) {
			return e.Scope, err
		}
	}
}

// movedOn reports a refused commit that is to be decided afresh.
func movedOn(part entitlement.Part, try int) bool {
	switch part {
	case entitlement.PartConfiguration:
		return try < crossTries
	case entitlement.PartSubjectRecord, entitlement.PartAssignmentSlot, entitlement.PartDeletionGuard:
		return try < editTries
	default:
		return false
	}
}

func (s *Service) editRolesOnce(ctx context.Context, by authz.Command, agreed agreement, e plannedEdit) error {
	catalog, err := s.Store.Catalog(ctx, e.pkg.Catalog)
	if err != nil {
		return err
	}
	if agreed.hash == "" && !catalog.Limit.Stated() {
		return s.putScopes(ctx, by, e, nil, entitlement.Change{})
	}

	watch := entitlement.EditWatch{Package: e.pkg.ID, Token: s.IDs.New(), Step: entitlement.WatchBegins}
	if err := s.Store.Commit(ctx, entitlement.Change{Watches: []entitlement.EditWatch{watch}}); err != nil {
		return err
	}
	err = s.watched(ctx, by, agreed, e, catalog, watch)
	if err != nil {
		// What stays is taken away by the next request, which then takes a moment longer.
		watch.Step = entitlement.WatchLifted
		if lost := s.Store.Commit(ctx, entitlement.Change{Watches: []entitlement.EditWatch{watch}}); lost != nil {
			s.Log.WarnContext(ctx, "the watch of an edit that came to nothing stays until the next request", "package", e.pkg.ID, "error", lost)
		}
	}
	return err
}

// watched looks at everybody who holds the package, and makes the change, or refuses it.
func (s *Service) watched(ctx context.Context, by authz.Command, agreed agreement, e plannedEdit, catalog entitlement.Catalog, watch entitlement.EditWatch) error {
	now := Impact{Edit: e.RoleEdit, Catalog: catalog}
	l := s.lookAtHolders(e.RoleEdit, e.before, func(page []entitlement.Affected) error {
		if len(now.People) <= entitlement.MaxSeen {
			now.People = append(now.People, page...)
		}
		return nil
	})
	if err := l.atOnce(ctx); err != nil {
		return err
	}

	now.Totals = l.totals
	if agreed.hash != "" && agreed.hash != now.Hash() {
		return moved(now)
	}
	if catalog.Limit.Exceeded(l.totals) && agreed.change == nil {
		return s.propose(ctx, by, e, now)
	}

	watch.Step = entitlement.WatchHeld
	with, data := l.agreed(now, watch, agreed.change)
	return s.putScopes(ctx, by, e, data, with)
}

// agreed is what goes with a change that was looked at and agreed to: the conditions that it was
// decided on, the change that waited, which ends, and what the event says of it.
func (l *holdersLook) agreed(now Impact, watch entitlement.EditWatch, c *entitlement.ImpactChange) (entitlement.Change, map[string]string) {
	with := entitlement.Change{Unmoved: l.conditions(), Watches: []entitlement.EditWatch{watch}}
	data := map[string]string{"impact": now.Hash(), "gains": strconv.Itoa(l.totals.Gains), "loses": strconv.Itoa(l.totals.Loses)}
	if c != nil {
		gone := *c
		gone.Erased = true
		with.ImpactChanges = []entitlement.ImpactChange{gone}
		data["change"], data["proposer"] = string(c.ID), string(c.Proposer)
	}
	return with, data
}

// moved refuses a plan whose world has moved, with what it would be now.
func moved(now Impact) error {
	err := entitlement.Errorf(entitlement.Conflict, "Who gains and who loses by this is not what was agreed to any more: %d would gain and %d would lose now, as %s. Look at it again, and agree to what it is now.",
		now.Totals.Gains, now.Totals.Loses, now.Hash())
	err.Code = CodeImpactMoved
	return err
}

// changeID is the id of the change that waits for an edit: the same edit has the same.
func changeID(parts ...string) entitlement.ChangeID {
	return entitlement.ChangeID(clock.Derive(nil, append([]string{"impact change"}, parts...)...))
}

// propose lays a change down for a second person, and refuses it for now.
func (s *Service) propose(ctx context.Context, by authz.Command, e plannedEdit, is Impact) error {
	c := entitlement.ImpactChange{ID: changeID(string(e.pkg.ID), e.Scope.ID, strconv.FormatBool(e.Remove)), Catalog: e.pkg.Catalog, Edit: e.RoleEdit, Hash: is.Hash(),
		Holders: is.Totals.Holders, Gains: is.Totals.Gains, Loses: is.Totals.Loses, Keeps: is.Totals.Keeps, Seen: entitlement.PackSeen(is.Seen())}
	data := map[string]string{"roleScope": e.Scope.ID, "remove": strconv.FormatBool(e.Remove), "gains": strconv.Itoa(c.Gains), "loses": strconv.Itoa(c.Loses)}
	return s.wait(ctx, by, e.pkg, c, data)
}

// wait lays a change down that needs a second person. The same one again waits as it did; where
// it is another one by now it takes the place of the first, and somebody else has to agree.
func (s *Service) wait(ctx context.Context, by authz.Command, p entitlement.AccessPackage, c entitlement.ImpactChange, data map[string]string) error {
	now := s.Clock.Now()
	all, err := s.Store.ImpactChanges(ctx, c.Catalog)
	if err != nil {
		return err
	}

	waiting := 0
	for _, other := range all {
		switch {
		case other.ID != c.ID:
			if !other.Over(now) {
				waiting++
			}
		case other.Hash == c.Hash && !other.Over(now):
			return secondPerson(other)
		default:
			c.Meta = other.Meta
		}
	}
	if waiting >= entitlement.MaxChanges {
		return entitlement.Errorf(entitlement.Precondition, "%d changes of this catalog wait for a second person already: have them agreed to or rejected first.", entitlement.MaxChanges)
	}

	c.Proposer, c.Created = by.ID, now
	event := s.event(entitlement.OfPackage, string(p.ID), "changeProposed", by)
	event.Data = data
	event.Data["change"], event.Data["impact"] = string(c.ID), c.Hash
	event.Changed = c.Changed
	change := entitlement.Change{Packages: []entitlement.AccessPackage{p}, ImpactChanges: []entitlement.ImpactChange{c}}
	if err := s.Store.Commit(ctx, chainPackage(change, event)); err != nil {
		return err
	}
	return secondPerson(c)
}

func secondPerson(c entitlement.ImpactChange) error {
	what := fmt.Sprintf("%d people gain and %d lose the role by this", c.Gains, c.Loses)
	if c.Policy != "" {
		what = "This loosens the policy"
	}
	err := entitlement.Errorf(entitlement.Conflict, "%s, which needs a second person in this catalog. It waits as change %s until %s: somebody else who may do it agrees by POST /v1.0/leasehold/catalogs/%s/impactChanges/%s/agree with the hash %s.",
		what, c.ID, c.Expires().UTC().Format(time.RFC3339), c.Catalog, c.ID, c.Hash)
	err.Code, err.Err = CodeSecondPerson, &SecondPersonError{c}
	return err
}

// ImpactChange returns a change that waits for a second person, to those who might make it.
func (s *Service) ImpactChange(ctx context.Context, by authz.Command, catalog entitlement.CatalogID, id entitlement.ChangeID) (entitlement.ImpactChange, error) {
	c, err := s.Store.ImpactChange(ctx, catalog, id)
	if err == nil && c.Over(s.Clock.Now()) {
		err = noChange()
	}
	if err := s.allow(ctx, &by, actionOf(c), authz.Object{Catalog: catalog, Package: c.Edit.Package}, err); err != nil {
		return entitlement.ImpactChange{}, err
	}
	// The package may have gone to another catalog, where others decide.
	p, err := s.Store.Package(ctx, c.Edit.Package)
	if err == nil && p.Catalog != catalog {
		err = noChange()
	}
	return c, err
}

func noChange() error {
	return entitlement.Errorf(entitlement.NotFound, "No such change waits in this catalog. One that nobody agrees to is over after %d days.", int(entitlement.ChangeLasts/(24*time.Hour)))
}

func actionOf(c entitlement.ImpactChange) authz.Action {
	if c.Policy != "" {
		return authz.UpdatePolicy
	}
	return authz.ChangeRoleScopes
}

// ImpactChanges lists the changes of a catalog that wait for a second person, oldest first, to
// those who might make them.
func (s *Service) ImpactChanges(ctx context.Context, by authz.Caller, catalog entitlement.CatalogID) ([]entitlement.ImpactChange, error) {
	if err := s.may(ctx, by, authz.ReadCatalog, authz.Object{Catalog: catalog}); err != nil {
		return nil, err
	}
	return s.waiting(ctx, catalog)
}

func (s *Service) waiting(ctx context.Context, catalog entitlement.CatalogID) ([]entitlement.ImpactChange, error) {
	all, err := s.Store.ImpactChanges(ctx, catalog)
	return oldestFirst(all, s.Clock.Now()), err
}

// AgreeToChange makes a change that waits: agreed to by somebody else than who proposed it, as
// the hash says that they saw it.
func (s *Service) AgreeToChange(ctx context.Context, by authz.Command, catalog entitlement.CatalogID, id entitlement.ChangeID, hash string) error {
	c, err := s.agreeable(ctx, by, catalog, id, hash)
	if err != nil {
		return err
	}
	if c.Policy != "" {
		return s.agreeToPolicy(ctx, by, c)
	}

	_, err = s.editRoles(ctx, by, agreement{hash: c.Hash, change: &c}, s.edits(ctx, ChangeOf(c.Edit)))
	if entitlement.CodeOf(err) == CodeImpactMoved {
		refused := entitlement.Errorf(entitlement.Conflict, "%s Two people have to agree to the same: propose it again, and somebody else agrees.", cmp.Or(entitlement.MessageOf(err), ""))
		refused.Code = CodeImpactMoved
		return refused
	}
	return err
}

// agreeable returns a change that waits, to somebody else than who proposed it, where the hash says
// that it is the one that they saw.
func (s *Service) agreeable(ctx context.Context, by authz.Command, catalog entitlement.CatalogID, id entitlement.ChangeID, hash string) (entitlement.ImpactChange, error) {
	c, err := s.ImpactChange(ctx, by, catalog, id)
	if err != nil {
		return c, err
	}
	if c.Proposer == by.ID {
		return c, entitlement.Errorf(entitlement.Forbidden, "You proposed this change yourself: it needs a second person.")
	}
	if c.Hash != hash {
		err := entitlement.Errorf(entitlement.Conflict, "The change is another one by now, %s. Look at it again, and agree to what it is now.", c.Hash)
		err.Code = CodeImpactMoved
		return c, err
	}
	return c, nil
}

// ChangeOf names an edit of a package's roles as it is asked for.
func ChangeOf(e entitlement.RoleEdit) RoleChange {
	if e.Remove {
		return RoleChange{Package: e.Package, Remove: e.Scope.ID}
	}
	return RoleChange{Package: e.Package, Resource: e.Scope.Resource, Role: e.Scope.Role.OriginID}
}

// waitsFor returns the change that a refusal says waits for a second person.
func waitsFor(err error) (entitlement.ImpactChange, bool) {
	waits, is := errors.AsType[*SecondPersonError](err)
	if !is {
		return entitlement.ImpactChange{}, false
	}
	return waits.Change, true
}

// RejectChange ends a change that waits. Whoever proposed it may take it back so.
func (s *Service) RejectChange(ctx context.Context, by authz.Command, catalog entitlement.CatalogID, id entitlement.ChangeID) error {
	return crossed(func() error {
		by := by
		c, err := s.ImpactChange(ctx, by, catalog, id)
		if err != nil {
			return err
		}
		p, err := s.openPackage(ctx, &by, actionOf(c), c.Edit.Package)
		if err != nil {
			return err
		}
		c.Erased = true
		event := s.event(entitlement.OfPackage, string(p.ID), "changeRejected", by)
		event.Data = map[string]string{"change": string(c.ID), "impact": c.Hash, "proposer": string(c.Proposer)}
		return s.Store.Commit(ctx, chainPackage(entitlement.Change{Packages: []entitlement.AccessPackage{p}, ImpactChanges: []entitlement.ImpactChange{c}}, event))
	})
}

// maxChangeCatalogs bounds the catalogs in which changes are looked for that wait for one person (S21).
const maxChangeCatalogs = 20

// ChangesFor are the changes that wait for the caller to agree: of catalogs in which a role of
// theirs lets them, and proposed by somebody else. Administrators may agree everywhere, and are
// told of the catalogs in which they hold a role.
func (s *Service) ChangesFor(ctx context.Context, by authz.Caller) ([]entitlement.ImpactChange, error) {
	held, err := s.Store.RolesOf(ctx, by.User())
	if err != nil || len(held) == 0 {
		return nil, err
	}

	in := authz.Catalogs(by, authz.ChangeRoleScopes, held)
	in = in[:min(len(in), maxChangeCatalogs)]
	found := make([][]entitlement.ImpactChange, len(in))
	reads, within := errgroup.WithContext(ctx)
	for i, id := range in {
		reads.Go(func() (err error) { found[i], err = s.waiting(within, id); return err })
	}
	if err := reads.Wait(); err != nil {
		return nil, err
	}

	all := slices.DeleteFunc(slices.Concat(found...), func(c entitlement.ImpactChange) bool { return c.Proposer == by.ID })
	return oldestFirst(all, s.Clock.Now()), nil
}

// EditsUnderWay are the changes of a package's roles that have not reached every holder yet, with
// how many they have reached: with many thousands of holders that takes a while.
func (s *Service) EditsUnderWay(ctx context.Context, by authz.Caller, p entitlement.AccessPackage) ([]entitlement.Job, error) {
	if err := s.may(ctx, by, authz.ListPackages, inPackage(p)); err != nil {
		return nil, err
	}
	return s.Store.JobsOf(ctx, p.ID)
}
