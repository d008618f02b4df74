package dynamo

import (
	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

// subjectUpdates moves each subject's generation in the transaction that gives cause for it
// (S22).
func (p *plan) subjectUpdates(all []entitlement.SubjectUpdate) {
	for _, h := range all {
		// DynamoDB refuses an update that both adds to a set and deletes from it.
		if h.Remove.Package != "" && (h.Add.Package != "" || h.Redeliver.Package != "") || h.Disabled && h.Enabled {
			p.invalid("One change may not both take something from a subject and give it.")
			return
		}

		x := newExpression()
		x.touch(tagSubjectRecord)
		x.add(attrGeneration, numeral(1))
		x.place(reconcileIndexKey(h.Subject, h.CheckAfter))

		switch {
		case h.Disabled:
			x.set(attrDisabled, yes)
		case h.Enabled:
			x.remove(attrDisabled)
		}

		addToRecord(x, h)
		removeFromRecord(x, h)
		p.update(subjectRecordKey(h.Subject), entitlement.PartSubjectRecord, x)

		// Whoever is in a group that excludes the package is not given it, even where the group
		// changed after the decision (R179).
		if h.Add.Package != "" {
			p.notMember(h.Subject, h.NotIn)
		}
	}
}

// notMember demands that a subject is a member of none of the groups. It costs a check of
// the user, so only packages that list groups pay for it (S18).
func (p *plan) notMember(subject entitlement.UserID, groups []entitlement.GroupID) {
	if len(groups) == 0 {
		return
	}
	x := newExpression()
	for _, g := range groups {
		x.without(attrGroups, pack(g))
	}
	p.check(userKey(subject), entitlement.PartDirectory, x)
}

// addToRecord makes a package live, or has a live one delivered again.
func addToRecord(x *expression, h entitlement.SubjectUpdate) {
	var waiting [][]byte
	if e := h.Add; e.Package != "" {
		waiting = append(waiting, packWaiting(e))
		addLive(x, e, h.Incompatible)
	}
	if r := h.Redeliver; r.Package != "" {
		waiting = append(waiting, packWaiting(r))
		x.contains(attrLive, pack(r.Package))
	}
	if len(waiting) > 0 {
		x.add(attrWaiting, binarySet(waiting...))
	}
}

// removeFromRecord takes a live package away, and remembers that its roles are to be removed.
func removeFromRecord(x *expression, h entitlement.SubjectUpdate) {
	if l := h.Remove; l.Package != "" {
		x.contains(attrLive, pack(l.Package))
		x.take(attrLive, packedSet(l.Package))
		x.take(attrWaiting, binarySet(packWaiting(l)))
		if h.Ended.Assignment != "" {
			x.add(attrRemoving, binarySet(packRemoving(h.Ended)))
		}
	}
}

// addLive demands that a package may become live, and makes it so (S5, S18, S21).
func addLive(x *expression, e entitlement.Waiting, incompatible []entitlement.PackageID) {
	x.lacks(attrDisabled)
	x.without(attrLive, pack(e.Package))
	for _, other := range incompatible {
		x.without(attrLive, pack(other))
	}
	x.sizeLimit(attrLive, entitlement.MaxLive-1)
	x.sizeLimit(attrRemoving, entitlement.MaxRemoving-1)
	x.add(attrLive, packedSet(e.Package))
}

// settlements records how far a subject is reconciled, against exactly the generation that
// was read (S14). What has been settled by then is not owed again: its index entry among
// what is pending would stay for good (S22).
func (p *plan) settlements(all []entitlement.Settlement) {
	for _, s := range all {
		x := newExpression()
		x.touch(tagSubjectRecord)
		x.equals(attrGeneration, numeral(s.Generation))

		if len(s.Delivered) > 0 {
			x.take(attrWaiting, binarySet(packAll(s.Delivered, packWaiting)...))
		}
		if len(s.Removed) > 0 {
			x.take(attrRemoving, binarySet(packAll(s.Removed, packRemoving)...))
		}

		if s.Reconciled {
			x.set(attrObserved, numeral(s.Generation))
			x.remove(names.AttrI2P)
			x.remove(names.AttrI2S)
			// Another worker may have settled this very generation: then this one knew less.
		} else {
			settled := x.attr(attrObserved)
			x.require("(attribute_not_exists(%s) OR %s < %s)", settled, settled, x.value(numeral(s.Generation)))
			x.place(reconcileIndexKey(s.Subject, s.Next))
		}

		p.update(subjectRecordKey(s.Subject), entitlement.PartSubjectRecord, x)
	}
}

func packAll[T any](all []T, pack func(T) []byte) [][]byte {
	packed := make([][]byte, len(all))
	for i, v := range all {
		packed[i] = pack(v)
	}
	return packed
}

// grantSets records what a worker saw at a target, where the claim is still its own; the
// claim ends with it.
func (p *plan) grantSets(all []entitlement.GrantSet) {
	for _, s := range all {
		// An item has a bounded size (S21); the claim is what makes this worker's word count.
		if len(s.Grants) > entitlement.MaxGrants {
			p.invalid("One user can hold at most %d roles at one connector.", entitlement.MaxGrants)
			return
		}
		if s.Token == "" {
			p.refuse(entitlement.StaleError(entitlement.PartClaim))
			return
		}

		x := newExpression()
		x.equals(attrToken, literal(s.Token))
		p.put(entitlement.PartClaim, writeGrantSet(s), x)
	}
}

// deletionGuardUpdates closes or opens packages and policies on all guards. The guards of a package
// that is gone stay, since its id is never used again.
func (p *plan) deletionGuardUpdates(all []entitlement.DeletionGuardUpdate) {
	for _, g := range all {
		for n := range names.DeletionGuards {
			x := newExpression()
			x.touch(tagDeletionGuard)

			switch {
			case g.Policy == "" && g.Closed:
				x.set(attrClosed, yes)
			case g.Policy == "":
				x.remove(attrClosed)
			case g.Closed:
				x.add(attrGone, packedSet(g.Policy))
			default:
				x.take(attrGone, packedSet(g.Policy))
			}

			p.update(deletionGuardKey(g.Package, n), entitlement.PartDeletionGuard, x)
		}
	}
}
