package requests

import (
	"context"

	"golang.org/x/sync/errgroup"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// Facing is a package as somebody stands before it who may ask for it, or has it: one read says
// all of it.
type Facing struct {
	Package      entitlement.AccessPackage
	Policies     []entitlement.AssignmentPolicy   // through which they may ask
	Obstacle     error                            // why a request of theirs would be refused now; nil where nothing is known
	Incompatible []entitlement.IncompatibleAccess // what they have that the package lists
	Pace         entitlement.Pace                 // how long it usually takes
	Others       bool                             // they might ask for it on behalf of somebody else
}

// Facing returns what Package, Applicable and Obstacle return of one package and the caller, of
// one reading.
func (s *Service) Facing(ctx context.Context, by authz.Caller, id entitlement.PackageID) (Facing, error) {
	ask, err := s.Store.SubmitInputs(ctx, entitlement.SubmitKeys{Requestor: by.ID, Subject: by.ID, Package: id})
	if err != nil {
		return Facing{}, err
	}
	if ask.Package == nil || ask.Requestor == nil {
		return Facing{}, s.mayFace(ctx, by, ask)
	}

	// Nothing of it waits for the others; all of it is for whoever may see the package.
	of := Facing{Package: *ask.Package, Incompatible: ask.IncompatibleHeld()}
	if ask.Package.Deleting.IsZero() && ask.Catalog != nil && ask.Catalog.Published {
		of.Policies = ask.Applicable(*ask.Requestor)
	}
	var reads errgroup.Group
	reads.Go(func() error { return s.mayFace(ctx, by, ask) })
	reads.Go(func() error { of.Obstacle = s.named(ctx, ask.Obstacle(s.Clock.Now())); return nil })
	reads.Go(func() (err error) { of.Others, err = s.forOthers(ctx, by, ask); return err })
	reads.Go(func() error {
		paces, err := s.pacesOf(ctx, []entitlement.AccessPackage{of.Package})
		of.Pace = paces[of.Package.ID]
		return err
	})
	if err := reads.Wait(); err != nil {
		return Facing{}, err
	}
	return of, nil
}

// mayFace refuses a caller for whom the package does not exist: all but administrators, those
// who may ask for it, and those who hold it (R40).
func (s *Service) mayFace(ctx context.Context, by authz.Caller, ask entitlement.SubmitInputs) error {
	if ask.Package == nil || ask.Requestor == nil {
		return entitlement.Errorf(entitlement.NotFound, "There is no access package with this id.")
	}

	// What the caller is to the package is found out here, and what that allows is authz's to
	// say.
	o := inPackage(*ask.Package)
	o.MayRequest = ask.Catalog != nil && ask.Catalog.Published && len(ask.Applicable(*ask.Requestor)) > 0
	o.Holds = !ask.Slot.Empty()
	return s.may(ctx, by.As(*ask.Requestor), authz.ReadPackage, o)
}
