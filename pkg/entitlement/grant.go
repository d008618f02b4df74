package entitlement

import (
	"slices"
	"time"
)

// Presence is what is known of a role at its target.
type Presence string

// The presences. Unknown follows a call whose outcome nobody saw.
const (
	PresenceUnknown Presence = "unknown"
	PresencePresent Presence = "present"
	PresenceAbsent  Presence = "absent"
)

// PresenceOf returns the presence of a role that is there, or is not.
func PresenceOf(present bool) Presence {
	if present {
		return PresencePresent
	}
	return PresenceAbsent
}

// Grant is what is recorded of one role of one subject, however many assignments
// give it. Grants that were read back absent are forgotten.
type Grant struct {
	Role        RoleRef
	Presence    Presence
	PreExisting bool      // found there when first delivered (S9)
	Confirmed   time.Time // when the target was last read
	Since       time.Time // when the present trouble began; zero means none
	Attempts    int       // failed ones since then
	Reason      string    // of the last failure, a connector.Reason
	Detail      string    // what people read of it
	Permanent   bool      // the target refuses; asking again as things are is useless
	Intent      string    // token of the first claim since it was last recorded that means to grant it
	Removal     string    // and that means to take it away
	Generation  int64     // generation of the last attempt
	Next        time.Time // next attempt

	// A grant that was ever sent, or may have been, is taken back by a removal that is sent
	// too, whatever a read says.
	Sent       bool
	Wrote      time.Time // our last write of it, but for a grant that failed after a removal; what is read soon after may be older
	Revoked    bool      // that write took the role away
	Way        string    // of asking by which it was confirmed
	CheckAfter time.Time // it must be looked at again then; zero means no need

	MissingSince time.Time // since when the target has said that the resource is not there, or of a removal that the account is not
	Unconfirmed  bool      // accepted by a target that cannot be asked who holds it
	Pending      string    // what the target calls our last write, where it took that and had not made it when it was asked last
}

// Failing reports an attempt whose failure still stands.
func (g Grant) Failing() bool { return !g.Since.IsZero() }

// GrantSet holds all grants of one subject at one connector, and the claim under
// which a worker may change them.
type GrantSet struct {
	Subject   UserID
	Connector ConnectorID
	Principal string // the subject's id at the target, once found
	Grants    map[RoleRef]Grant

	PrincipalAt time.Time // when it was looked up last
	Doubtful    bool      // the last change under it failed, so it may not be the subject's any more
	Former      []string  // ids under which grants were sent before
	Under       []GrantUnder

	Account Account // that we made there for the subject
	Uses    string  // account in whose AccountUse the subject may be

	Token string    // of the claim; empty means unclaimed
	Until time.Time // end of the claim's lease
}

// MaxGrants bounds one grant set (S21).
const MaxGrants = 1000

// GrantUnder is what is known of a role under one of several ids of the subject, while it is to be
// taken away under all of them. What follows for the role is its Grant.
type GrantUnder struct {
	ID string
	Grant
}

// UnderID returns what is known of a role under one of several ids, and whether it is known apart.
func (s GrantSet) UnderID(role RoleRef, id string) (Grant, bool) {
	i := slices.IndexFunc(s.Under, func(u GrantUnder) bool { return u.Role == role && u.ID == id })
	if i < 0 {
		return Grant{}, false
	}
	return s.Under[i].Grant, true
}

// SetUnder enters what is known of a role under one of several ids.
func (s *GrantSet) SetUnder(id string, g Grant) {
	s.DropUnder(g.Role, id)
	s.Under = append(s.Under, GrantUnder{id, g})
}

// DropUnder forgets what is known of a role under an id.
func (s *GrantSet) DropUnder(role RoleRef, id string) {
	s.Under = slices.DeleteFunc(slices.Clone(s.Under), func(u GrantUnder) bool { return u.Role == role && u.ID == id })
}

// Forget drops a role of which nothing is left to know.
func (s *GrantSet) Forget(role RoleRef) {
	delete(s.Grants, role)
	s.Under = slices.DeleteFunc(slices.Clone(s.Under), func(u GrantUnder) bool { return u.Role == role })
}

// SubjectRecord is a subject's side of the truth: the packages held, and how far they are
// delivered. Delivery is owed while Generation is beyond ObservedGeneration.
type SubjectRecord struct {
	Subject            UserID
	Live               []PackageID
	Generation         int64
	ObservedGeneration int64
	Waiting            []Waiting  // live ones whose delivery is not complete
	Removing           []Removing // ended ones whose roles are not yet read back absent
	Disabled           bool       // the subject may not get anything any more
}

// Waiting names a live assignment whose delivery is not complete.
type Waiting struct {
	Package    PackageID
	Assignment AssignmentID
}

// Removing names an ended assignment whose roles are not yet read back absent, its package, and
// the request that asked for the removal, if any.
type Removing struct {
	Assignment AssignmentID
	Package    PackageID
	Request    RequestID
}

// NeedsReconcile reports a pending reconciliation.
func (h SubjectRecord) NeedsReconcile() bool { return h.Generation > h.ObservedGeneration }

// MaxLive bounds the live packages of one person (S21).
const MaxLive = 200

// MaxRemoving is how many removals a person may be owed and still get something new. What ends
// is bounded by it and MaxLive together, so that no history of coming and going, while a target
// is down, stands in the way of an end (F38, S21).
const MaxRemoving = 200

// SubjectUpdate moves a subject's generation; who moves it leaves the subject pending (S22).
type SubjectUpdate struct {
	Subject      UserID
	Add          Waiting     // becomes live; its package must not be yet
	Incompatible []PackageID // none of these may be live (S18)
	NotIn        []GroupID   // nor may the subject be a member of these
	Remove       Waiting     // stops being live; its package must be
	Ended        Removing    // goes with Remove
	Redeliver    Waiting     // stays live, and is to be delivered again
	Disabled     bool        // from now on the subject may not get anything
	Enabled      bool        // it may again
	CheckAfter   time.Time   // when the sweep repairs a lost message
}

// Settlement records how far a subject is reconciled, against the generation that
// was read. Where that has moved on, nothing is recorded (S14).
type Settlement struct {
	Subject    UserID
	Generation int64
	Reconciled bool      // nothing is owed any more at this generation
	Next       time.Time // else: the next attempt
	Delivered  []Waiting
	Removed    []Removing
}

// Worst returns the reason that the grant set is listed under among what could not be
// delivered, and since when: that of the grant that has failed longest; "" where none does.
// Where the target is paused it is that, so that whoever waits for it is found when it is
// resumed.
func (s GrantSet) Worst() (reason string, since time.Time) {
	for _, g := range s.Grants {
		if reason == ReasonPaused && g.Reason != ReasonPaused {
			continue
		}
		if g.Failing() && g.Reason == ReasonPaused && reason != ReasonPaused {
			reason, since = g.Reason, g.Since
			continue
		}
		if g.Failing() && (since.IsZero() || g.Since.Before(since) || g.Since.Equal(since) && g.Reason < reason) {
			reason, since = g.Reason, g.Since
		}
	}
	return reason, since
}

// PendingSince returns since when a delivery of the grant set has failed that is still owed;
// zero where none has. What was refused for good is not owed any more, but recorded.
func (s GrantSet) PendingSince() (since time.Time) {
	for _, g := range s.Grants {
		if g.Failing() && !g.Permanent && (since.IsZero() || g.Since.Before(since)) {
			since = g.Since
		}
	}
	return since
}

// Breaker is what is remembered of a target as a whole. After failures nobody calls it
// until then, and after that one call tries (F10).
type Breaker struct {
	Connector ConnectorID
	Failures  int // in a row
	Until     time.Time

	LagSamples int           // writes of which the lag was seen
	LongestLag time.Duration // from a write to the first read that showed it
	Meta
}

// Due returns when the sweep must have somebody try the target; zero means never.
func (b Breaker) Due() time.Time {
	if b.Failures == 0 {
		return time.Time{}
	}
	return b.Until
}

// TargetResource is what is remembered of one resource at a target: in which way it can be
// asked who holds its roles, and who may write to it now.
type TargetResource struct {
	Connector     ConnectorID
	Resource      string
	Way           string    // the way of asking that told last; "" where none is known
	ShowedPresent time.Time // when that way last showed somebody who was known to be there
	ShowedAbsent  time.Time // when it last said that an id which nobody has is not there
	LastWrite     time.Time
	Writer        string // token of who may write to it; empty means nobody
	WriterUntil   time.Time
	Meta
}
