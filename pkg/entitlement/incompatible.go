package entitlement

import (
	"fmt"
	"time"
)

// MaxIncompatible bounds what one package lists as incompatible, packages and groups each
// for themselves (S21): all of it is a condition of one item of a transaction.
const MaxIncompatible = 50

// Incompatibility is the entry of Listed in the list of Package, kept beside Listed too,
// so that it can be told who lists it; to be made or, where Erased is set, to be ended.
type Incompatibility struct {
	Package PackageID
	Listed  PackageID
	Erased  bool
}

// IncompatibilityError is why a subject cannot have a package: it holds another one, or is a member of a
// group, that the package lists as incompatible (R179). It is the cause of the refusal.
type IncompatibilityError struct {
	Package PackageID // empty: the group
	Group   GroupID
	texts   *incompatibilityTexts
}

// incompatibilityTexts are the refusals of an incompatibility, as whoever is told must hear
// them.
type incompatibilityTexts struct{ held, member string }

var (
	toSubject = incompatibilityTexts{
		"You hold the access package %s, and this one cannot be held together with it: end that assignment first, then ask again.",
		"You are a member of the group %s, whose members cannot have this access package: have yourself taken out of the group first, then ask again."}
	toAdministrator = incompatibilityTexts{
		"This user holds the access package %s, and this one cannot be held together with it: end that assignment first.",
		"This user is a member of the group %s, whose members cannot have this access package: take the user out of the group first."}
	toOthers = incompatibilityTexts{
		"The user this is for holds the access package %s, and this one cannot be held together with it: it can be given once that assignment has ended.",
		"The user this is for is a member of the group %s, whose members cannot have this access package: it can be given once that membership has ended."}
)

// Error names what is incompatible, for logs.
func (c *IncompatibilityError) Error() string {
	return fmt.Sprintf("incompatible with package %q, group %q", c.Package, c.Group)
}

// Refusal returns the Precondition that people are told, with the name of the package or
// the group.
func (c *IncompatibilityError) Refusal(name string) error {
	format := c.texts.held
	if c.Group != "" {
		format = c.texts.member
	}
	return &Error{Kind: Precondition, Msg: fmt.Sprintf(format, name), Err: c}
}

// incompatible refuses a request whose package lists something that the subject has. It is asked
// at the submit, at the last decision and at a scheduled start (F36), and looks at the
// lists of the request's own package alone (R178). Nothing switches it off (R183). A list
// that is edited between here and the commit counts as edited afterwards (R180).
func (r AssignmentRequest) incompatible(s StartInputs) error {
	if s.Package == nil || s.Subject == nil {
		return nil // which is refused for itself
	}

	words := &toSubject
	switch {
	case r.Version > 0 || !r.Type.Direct() && r.Requestor != r.Subject:
		words = &toOthers // an approver, or the record of a start; or one who asks for somebody
	case r.Type == AdminAdd || r.Type == AdminUpdate:
		words = &toAdministrator
	}

	held := IncompatibleHeld(*s.Package, *s.Subject, s.SubjectRecord.Live)
	if len(held) == 0 {
		return nil
	}

	// One is enough to refuse, and the first as the package lists them is the same every time.
	first := held[0]
	name := string(first.Package)
	if first.Group != "" {
		name = string(first.Group)
	}
	return (&IncompatibilityError{Package: first.Package, Group: first.Group, texts: words}).Refusal(name)
}

// mayProlong refuses more time with a package beside something that it lists: what was
// held before keeps its end and gets no later one (R180). An earlier end is always taken.
func mayProlong(r AssignmentRequest, s StartInputs, now time.Time) error {
	if a := *s.Slot.Assignment; !isLater(r.prolonged(a, now), a.End) {
		return nil
	}
	return r.incompatible(s)
}

// isLater reports that one end comes after the other; the zero time is no end at all.
func isLater(end, than time.Time) bool {
	return !than.IsZero() && (end.IsZero() || end.After(than))
}
