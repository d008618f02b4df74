package entitlement

import "slices"

// IncompatibleAccess is something that a subject has and that a package lists as incompatible: another
// package, or membership of a group (R179).
type IncompatibleAccess struct {
	Package PackageID // empty: the group
	Group   GroupID
}

// IncompatibleHeld returns everything that a subject has and the package lists, packages first, in the
// order of its lists (R178). live are the packages that the subject holds.
func IncompatibleHeld(p AccessPackage, subject User, live []PackageID) (all []IncompatibleAccess) {
	for _, id := range p.Incompatible {
		if slices.Contains(live, id) {
			all = append(all, IncompatibleAccess{Package: id})
		}
	}
	for _, id := range p.IncompatibleGroups {
		if subject.MemberOf(id) {
			all = append(all, IncompatibleAccess{Group: id})
		}
	}
	return all
}

// IncompatibleHeld returns everything that the subject has and the package lists, of what was read for
// a new request.
func (in SubmitInputs) IncompatibleHeld() []IncompatibleAccess {
	if in.Package == nil || in.Subject == nil {
		return nil
	}
	return IncompatibleHeld(*in.Package, *in.Subject, in.SubjectRecord.Live)
}
