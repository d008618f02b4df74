package entitlement

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"time"
)

// Target is what ought to be, apart from the State that is.
type Target string

// The targets.
const (
	TargetPresent Target = "present"
	TargetAbsent  Target = "absent"
)

// Assignment is one subject holding one package for a period.
type Assignment struct {
	ID                        AssignmentID
	Package                   PackageID
	Catalog                   CatalogID
	Policy                    PolicyID
	Subject                   UserID
	Target                    Target
	State                     AssignmentState
	Start                     time.Time
	End                       time.Time // zero means never
	ObservedPackageGeneration int64     // generation of the package's role scopes that was delivered last
	Since                     time.Time // when the present delivery began to be owed
	Delivered                 time.Time // when it was last read back whole; zero means never
	Ended                     time.Time // when Target became absent
	Removed                   time.Time // when its roles were read back absent; zero while that is owed
	Removal                   RequestID // the request that asked for its removal, if any
	Reason                    string    // the outcome that the service ended it for; empty where its end passed or a request ended it

	// Unconfirmed: some of its roles were accepted by a target that cannot be asked, as its
	// connector's settings allow, or an administrator closed their removal (S15).
	Unconfirmed bool

	// Closed: when an administrator ended the removal of its roles without their having been
	// read absent. The service forgets them then.
	Closed time.Time
	Meta   // of an ended assignment; a live one lives under its AssignmentSlot's version
}

// OverdueAfter is how long a removal may be owed before it shows as overdue.
const OverdueAfter = 10 * time.Minute

// Status returns Graph's free text beside the state, at now: a word, and after a colon
// what the service ended the assignment for, where it did.
func (a Assignment) Status(now time.Time) string { return because(a.word(now), a.Reason) }

func (a Assignment) word(now time.Time) string {
	// The state alone names these; one that has ended is told by what became of its roles.
	switch a.State {
	case AssignmentDelivering:
		return "Delivering"
	case AssignmentDelivered:
		if a.Unconfirmed {
			return "DeliveredUnconfirmed"
		}
		return "Delivered"
	case AssignmentPartiallyDelivered:
		return "PartiallyDelivered"
	case AssignmentDeliveryFailed:
		return "DeliveryFailed"
	}

	switch {
	case !a.Removed.IsZero() && a.Unconfirmed:
		return "ExpiredUnconfirmed"
	case !a.Removed.IsZero():
		return "Expired"
	case now.Sub(a.Ended) > OverdueAfter:
		return "RemovalOverdue"
	default:
		return "Removing"
	}
}

// ClocksApart is how far the clocks of two functions may be apart.
const ClocksApart = 10 * time.Minute

// MayHaveGiven reports that a role which is left over may be there for the assignment: its
// package gives it, or may have given it once, since a role was taken out of the package
// after the assignment began, or the package is not there any more.
func (a Assignment) MayHaveGiven(role RoleRef, p PackageScopes) bool {
	gives := slices.ContainsFunc(p.List, func(s ResourceRoleScope) bool { return s.Ref == role })
	return gives || p.Version == 0 || p.Shrunk.After(a.Start.Add(-ClocksApart))
}

// AssignmentSlot is the one place of a (package, person) pair: it exists while there is an open
// request or a live assignment, so that there is never more than one of either (S5), and
// for as long after that as a setback counts.
type AssignmentSlot struct {
	Package    PackageID
	Subject    UserID
	Open       RequestID
	OpenPolicy PolicyID // of the open request
	Assignment *Assignment

	// Setbacks are when requests of the person were withdrawn or denied lately, the latest
	// last. Where nothing else is left of the slot it stays for them alone, until Forgotten.
	Setbacks []time.Time
	Meta
}

// Empty reports a slot that nothing occupies any more.
func (s AssignmentSlot) Empty() bool { return s.Open == "" && s.Assignment == nil }

// EndsWith names the requests that end with the slot's assignment and must be read for
// that: the extension that is open, and the request that made the assignment, where it
// has not become anything yet.
func (s AssignmentSlot) EndsWith() []RequestID {
	var ids []RequestID
	if s.Assignment == nil {
		return nil
	}
	if s.Open != "" {
		ids = append(ids, s.Open)
	}
	if s.Assignment.State == AssignmentDelivering {
		ids = append(ids, RequestID(s.Assignment.ID))
	}
	return ids
}

// FirstVersion is the version that the slot is stored with when it is made. A slot goes
// when nothing occupies it, and another is made for the next request: were both counted
// from one, a change that was decided on the first could fit the second, and bring back
// what had ended (S16). So each begins at a place of its own, by the request that made it.
func (s AssignmentSlot) FirstVersion() int64 {
	by := string(s.Open)
	if by == "" && s.Assignment != nil {
		by = string(s.Assignment.ID)
	}
	sum := sha256.Sum256([]byte(by))
	return int64(binary.BigEndian.Uint64(sum[:])>>16) + 1
}

// PendingSince returns since when the removal of the assignment's roles is owed; zero where it
// is not.
func (a Assignment) PendingSince() time.Time {
	if !a.Removed.IsZero() {
		return time.Time{}
	}
	return a.Ended
}

// Vacate marks an empty slot for removal, unless there is something to remember.
func (s AssignmentSlot) Vacate() AssignmentSlot {
	s.Erased = s.Empty() && len(s.Setbacks) == 0
	return s
}
