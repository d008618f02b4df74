package catalogs

import (
	"context"
	"slices"
	"strings"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// AddIncompatible lists another package as incompatible with a package: whoever holds the
// other one cannot get it any more (R177). The other's own lists stay as they are (R178),
// and whoever holds both keeps both (R180).
func (s *Service) AddIncompatible(ctx context.Context, by authz.Command, id, other entitlement.PackageID) error {
	return crossed(func() error { return s.addIncompatible(ctx, by, id, other) })
}

func (s *Service) addIncompatible(ctx context.Context, by authz.Command, id, other entitlement.PackageID) error {
	if other == id {
		return entitlement.Errorf(entitlement.Invalid, "An access package cannot be incompatible with itself.")
	}

	p, err := s.openPackage(ctx, &by, authz.ChangeIncompatible, id)
	if err != nil {
		return err
	}

	if slices.Contains(p.Incompatible, other) {
		return listedAlready("incompatibleAccessPackages")
	}

	there, err := s.Store.Packages(ctx, append(slices.Clone(p.Incompatible), other))
	if err != nil {
		return err
	}
	is := func(id entitlement.PackageID) bool {
		return slices.ContainsFunc(there, func(q entitlement.AccessPackage) bool { return q.ID == id })
	}

	if i := slices.IndexFunc(there, func(q entitlement.AccessPackage) bool { return q.ID == other }); i < 0 {
		return noOther(other)
	} else if err := s.mayNameOther(ctx, by, there[i]); err != nil {
		return err
	}

	// Packages that were deleted meanwhile count for nothing and nobody sees them listed, so
	// they go. Their ids are never used again, which is why their deletion may leave them.
	gone := slices.DeleteFunc(slices.Clone(p.Incompatible), is)
	c, err := withoutIncompatible(&p, gone...)
	if err != nil {
		return err
	}

	if len(p.Incompatible) >= entitlement.MaxIncompatible {
		return tooManyListed("access packages")
	}

	p.Incompatible = append(p.Incompatible, other)
	c.Incompatibilities = append(c.Incompatibilities, entitlement.Incompatibility{Package: id, Listed: other})

	e := s.event(entitlement.OfPackage, string(id), "incompatibleAdded", by)
	e.Data = map[string]string{"incompatible": string(other)}
	if len(gone) > 0 {
		e.Data["gone"] = joined(gone)
	}

	c.Events = by.Recorded("")
	return s.putIncompatible(ctx, p, c, e)
}

// RemoveIncompatible takes another package off the list.
func (s *Service) RemoveIncompatible(ctx context.Context, by authz.Command, id, other entitlement.PackageID) error {
	return crossed(func() error { return s.removeIncompatible(ctx, by, id, other) })
}

func (s *Service) removeIncompatible(ctx context.Context, by authz.Command, id, other entitlement.PackageID) error {
	p, err := s.openPackage(ctx, &by, authz.ChangeIncompatible, id)
	if err != nil {
		return err
	}
	c, err := withoutIncompatible(&p, other)
	if err != nil {
		return err
	}
	e := s.event(entitlement.OfPackage, string(id), "incompatibleRemoved", by)
	e.Data = map[string]string{"incompatible": string(other)}
	return s.putIncompatible(ctx, p, c, e)
}

// withoutIncompatible takes packages off the list of p, and returns the change that does
// the same on their side.
func withoutIncompatible(p *entitlement.AccessPackage, others ...entitlement.PackageID) (entitlement.Change, error) {
	var c entitlement.Change
	for _, other := range others {
		i := slices.Index(p.Incompatible, other)
		if i < 0 {
			return c, entitlement.Errorf(entitlement.NotFound, "The access package does not list the access package %s as incompatible.", other)
		}
		p.Incompatible = slices.Delete(p.Incompatible, i, i+1)
		c.Incompatibilities = append(c.Incompatibilities, entitlement.Incompatibility{Package: p.ID, Listed: other, Erased: true})
	}
	return c, nil
}

// AddIncompatibleGroup lists a group as incompatible with a package: its members cannot
// get the package any more. Those of them who hold it keep it (R180).
func (s *Service) AddIncompatibleGroup(ctx context.Context, by authz.Command, id entitlement.PackageID, group entitlement.GroupID) error {
	return crossed(func() error { return s.addIncompatibleGroup(ctx, by, id, group) })
}

func (s *Service) addIncompatibleGroup(ctx context.Context, by authz.Command, id entitlement.PackageID, group entitlement.GroupID) error {
	p, err := s.openPackage(ctx, &by, authz.ChangeIncompatible, id)
	if err != nil {
		return err
	}

	if slices.Contains(p.IncompatibleGroups, group) {
		return listedAlready("incompatibleGroups")
	}
	if len(p.IncompatibleGroups) >= entitlement.MaxIncompatible {
		return tooManyListed("groups")
	}

	g, err := s.Store.Group(ctx, group)
	if err == nil && g.Gone() {
		err = entitlement.Errorf(entitlement.NotFound, "There is no group with this id.")
	}
	if err != nil {
		return err
	}

	p.IncompatibleGroups = append(p.IncompatibleGroups, group)
	e := s.event(entitlement.OfPackage, string(id), "incompatibleGroupAdded", by)
	e.Data = map[string]string{"group": string(group)}
	return s.putIncompatible(ctx, p, entitlement.Change{Events: by.Recorded("")}, e)
}

// RemoveIncompatibleGroup takes a group off the list.
func (s *Service) RemoveIncompatibleGroup(ctx context.Context, by authz.Command, id entitlement.PackageID, group entitlement.GroupID) error {
	return crossed(func() error { return s.removeIncompatibleGroup(ctx, by, id, group) })
}

func (s *Service) removeIncompatibleGroup(ctx context.Context, by authz.Command, id entitlement.PackageID, group entitlement.GroupID) error {
	p, err := s.openPackage(ctx, &by, authz.ChangeIncompatible, id)
	if err != nil {
		return err
	}
	i := slices.Index(p.IncompatibleGroups, group)
	if i < 0 {
		return entitlement.Errorf(entitlement.NotFound, "The access package does not list the group %s as incompatible.", group)
	}
	p.IncompatibleGroups = slices.Delete(p.IncompatibleGroups, i, i+1)
	e := s.event(entitlement.OfPackage, string(id), "incompatibleGroupRemoved", by)
	e.Data = map[string]string{"group": string(group)}
	return s.putIncompatible(ctx, p, entitlement.Change{}, e)
}

// putIncompatible commits a package whose lists were edited, with what goes with it.
func (s *Service) putIncompatible(ctx context.Context, p entitlement.AccessPackage, with entitlement.Change, e entitlement.Event) error {
	with.Packages = []entitlement.AccessPackage{p}
	return s.Store.Commit(ctx, chainPackage(with, e))
}

// GroupsOf returns those of the groups that are there, of those that a package which was read
// lists as incompatible.
func (s *Service) GroupsOf(ctx context.Context, by authz.Caller, p entitlement.AccessPackage, ids []entitlement.GroupID) ([]entitlement.Group, error) {
	if err := s.may(ctx, by, authz.ListPackages, inPackage(p)); err != nil {
		return nil, err
	}
	return s.Store.Groups(ctx, ids)
}

// IncompatibleWith lists the packages that list a package as incompatible. The entry of a
// lister that was deleted is passed over.
func (s *Service) IncompatibleWith(ctx context.Context, by authz.Caller, id entitlement.PackageID, page entitlement.Page) (entitlement.Paged[entitlement.AccessPackage], error) {
	none := entitlement.Paged[entitlement.AccessPackage]{}
	p, err := s.Store.Package(ctx, id)
	if _, err = permitted(ctx, s, by, authz.ListPackages, inPackage(p), p, err); err != nil {
		return none, err
	}

	ids, err := s.Store.IncompatibleWith(ctx, id, page)
	if err != nil {
		return none, err
	}

	listers, err := s.Store.Packages(ctx, ids.Items)
	if err == nil {
		listers, err = s.shown(ctx, by, listers)
	}
	return entitlement.Paged[entitlement.AccessPackage]{Items: listers, Next: ids.Next}, err
}

// listedAlready is what Graph answers for a reference that is there.
func listedAlready(list string) error {
	return entitlement.Errorf(entitlement.Invalid, "One or more added object references already exist for the following modified properties: '%s'.", list)
}

func tooManyListed(what string) error {
	return entitlement.Errorf(entitlement.Precondition, "An access package lists at most %d incompatible %s: take one off the list first.", entitlement.MaxIncompatible, what)
}

func joined[ID ~string](ids []ID) string {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = string(id)
	}
	return strings.Join(texts, " ")
}
