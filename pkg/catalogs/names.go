package catalogs

import (
	"context"
	"slices"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// rename changes the name of a policy in the package that it belongs to, before or after of
// which is empty where it comes or goes. The package's version is that of its list, so that
// of two policies at once that want one name the second finds it taken.
func rename(pkg *entitlement.AccessPackage, before, after string) error {
	old, mark := entitlement.NameMark(before), entitlement.NameMark(after)
	pkg.PolicyNames = slices.DeleteFunc(slices.Clone(pkg.PolicyNames), func(have string) bool { return before != "" && have == old })
	if after == "" {
		return nil
	}
	if slices.Contains(pkg.PolicyNames, mark) {
		return entitlement.NameTaken("a policy", " in the access package")
	}
	pkg.PolicyNames = append(pkg.PolicyNames, mark)
	return nil
}

// renamePolicy adds to the change of a policy what its new name changes in its package, which
// may be in the change already; nothing where the name stays.
func (s *Service) renamePolicy(ctx context.Context, by authz.Command, old, p entitlement.AssignmentPolicy, with entitlement.Change) (entitlement.Change, error) {
	if entitlement.FoldName(old.DisplayName) == entitlement.FoldName(p.DisplayName) {
		return with, nil
	}
	if len(with.Packages) == 0 {
		pkg, err := s.openPackage(ctx, &by, authz.UpdatePolicy, p.Package)
		if err != nil {
			return with, err
		}
		e := s.event(entitlement.OfPackage, string(pkg.ID), "policyRenamed", by)
		e.Data = map[string]string{"policy": string(p.ID)}
		with.Packages = []entitlement.AccessPackage{pkg}
		with = chainPackage(with, e)
	}
	return with, rename(&with.Packages[0], old.DisplayName, p.DisplayName)
}

// offerPolicy adds the policy's package to the change where who may ask for it without being
// named changes: the package says so itself, and the store writes what it says.
func (s *Service) offerPolicy(ctx context.Context, by authz.Command, old, p entitlement.AssignmentPolicy, with entitlement.Change) (entitlement.Change, error) {
	if len(with.Packages) > 0 || p.OffersAs(old) {
		return with, nil
	}
	pkg, err := s.openPackage(ctx, &by, authz.UpdatePolicy, p.Package)
	if err != nil {
		return with, err
	}
	e := s.event(entitlement.OfPackage, string(pkg.ID), "offerChanged", by)
	e.Data = map[string]string{"policy": string(p.ID)}
	with.Packages = []entitlement.AccessPackage{pkg}
	return chainPackage(with, e), nil
}
