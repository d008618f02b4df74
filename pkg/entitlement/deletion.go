package entitlement

import (
	"fmt"
	"time"
)

// Deletion is the way of a package, or of a policy, to its end. It is closed to new work
// first, then looked at for what stands in the way, and then erased as the very one that
// was closed, or opened again: so nothing slips in between the look and the end (S7). A
// crash in the middle leaves it closed, with a time at which it is opened again.
type Deletion struct {
	Package AccessPackage    // what is deleted, or what the policy belongs to
	Policy  AssignmentPolicy // what is deleted; none where it is the package
}

// DeletionOf is that of a package.
func DeletionOf(p AccessPackage) Deletion { return Deletion{Package: p} }

// DeletionOfPolicy is that of a policy.
func DeletionOfPolicy(p AssignmentPolicy) Deletion {
	return Deletion{Package: AccessPackage{ID: p.Package, Catalog: p.Catalog}, Policy: p}
}

// since is when it was closed; zero means open.
func (d Deletion) since() time.Time {
	if d.Policy.ID != "" {
		return d.Policy.Deleting
	}
	return d.Package.Deleting
}

// Closed reports that it is closed to new work.
func (d Deletion) Closed() bool { return !d.since().IsZero() }

// CutShort reports that it has been under way for longer than any takes.
func (d Deletion) CutShort(now time.Time) bool {
	due := reopenAt(d.since())
	return !due.IsZero() && !due.After(now)
}

// Looked is how far an earlier call has looked for what stands in the way: while it stays
// closed, nothing can have come there since. It is "" where nobody has looked.
func (d Deletion) Looked() string {
	if d.Policy.ID != "" {
		return d.Policy.Looked
	}
	return d.Package.Looked
}

// Close closes it to new work. The event says who does that, and when.
func (d Deletion) Close(e Event) (Deletion, Change) { return d.turn("closed", e.At, "", e) }

// StayClosed closes it from now on, with how far it was looked through.
func (d Deletion) StayClosed(looked string, e Event) (Deletion, Change) {
	return d.turn("closed", e.At, looked, e)
}

// Reopen opens it again, as the very one that was closed.
func (d Deletion) Reopen(e Event) (Deletion, Change) { return d.turn("reopened", time.Time{}, "", e) }

// turn returns the change to closed since a time, or to open, and what it is then.
func (d Deletion) turn(kind string, since time.Time, looked string, e Event) (Deletion, Change) {
	e.Kind = kind
	guardUpdate := DeletionGuardUpdate{Package: d.Package.ID, Policy: d.Policy.ID, Closed: !since.IsZero()}

	if p := &d.Policy; p.ID != "" {
		e.Aggregate, e.ID, p.Deleting, p.Looked = OfPolicy, string(p.ID), since, looked
		p.Chain, e = p.Chain.Append(e)
		c := Change{Policies: []AssignmentPolicy{*p}, DeletionGuardUpdates: []DeletionGuardUpdate{guardUpdate}, Events: []Event{e}}

		// The version that the commit will give it: whoever erases it next does that on this very
		// one.
		p.Version++
		return d, c
	}

	p := &d.Package
	e.Aggregate, e.ID, p.Deleting, p.Looked = OfPackage, string(p.ID), since, looked
	p.Chain, e = p.Chain.Append(e)
	c := Change{Packages: []AccessPackage{*p}, DeletionGuardUpdates: []DeletionGuardUpdate{guardUpdate}, Events: []Event{e}}
	p.Version++
	return d, c
}

// Occupancy counts what stands in the way of a deletion.
type Occupancy struct{ Assignments, Requests int }

// String tells what stands in the way.
func (o Occupancy) String() string {
	return fmt.Sprintf("%d assignments and %d open requests", o.Assignments, o.Requests)
}

// Occupied counts the live assignments and open requests that stand in the way, of those
// who hold the package or ask for it.
func (d Deletion) Occupied(slots []AssignmentSlot) (n Occupancy) {
	for _, slot := range slots {
		if a := slot.Assignment; a != nil && (d.Policy.ID == "" || a.Policy == d.Policy.ID) {
			n.Assignments++
		}
		if slot.Open != "" && (d.Policy.ID == "" || slot.OpenPolicy == d.Policy.ID) {
			n.Requests++
		}
	}
	return n
}

// Refuse refuses the deletion where something stands in the way (R88, R124).
func (d Deletion) Refuse(n Occupancy) error {
	switch {
	case n == Occupancy{}:
		return nil
	case d.Policy.ID != "":
		return Errorf(Conflict, "%s stand under the policy: end them first.", n)
	default:
		return Errorf(Conflict, "The access package has %s: end them first.", n)
	}
}
