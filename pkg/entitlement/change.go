package entitlement

import (
	"errors"
	"slices"
)

// Change is everything that becomes true together. Each aggregate carries in its
// Meta the version that the decision was made on; a store commits the whole Change
// where all of them still hold, else nothing and a Conflict that wraps Stale.
type Change struct {
	Catalogs             []Catalog
	Resources            []Resource
	Packages             []AccessPackage
	Scopes               []PackageScopes
	Policies             []AssignmentPolicy
	Connectors           []ConnectorConfig
	Users                []User
	Groups               []Group
	Memberships          []Membership
	Requests             []AssignmentRequest
	Slots                []AssignmentSlot
	Ended                []Assignment
	SubjectUpdates       []SubjectUpdate
	Settlements          []Settlement
	Jobs                 []Job
	Breakers             []Breaker
	TargetResources      []TargetResource
	RateLeases           []RateLease
	AccountUses          []AccountUse
	GrantSets            []GrantSet // recorded where Token is still the claim's; the claim ends with it
	DeletionGuards       []DeletionGuard
	DeletionGuardUpdates []DeletionGuardUpdate
	Events               []Event

	Settings      []Settings
	Organizations []ConnectedOrganization
	Extensions    []CustomExtension

	Former            []AccessPackage   // what is kept of packages that go: id, catalog and name
	Incompatibilities []Incompatibility // of the Packages, where their lists change
	Names             []UniqueName      // that are taken and given back
	References        []Reference       // that must hold, to what the change does not write itself
	Absences          []Absence         // one of version 0 is noted beside what is noted of the person already
	RoleAssignments   []RoleAssignment
	Sessions          []Session
	SessionFiles      []SessionFile
	ImpactChanges     []ImpactChange // that wait for a second person
	Unmoved           []Unmoved      // what must be as it was read, though the change does not write it
	Watches           []EditWatch
	ImpactJobs        []ImpactJob
	ImpactPeople      []ImpactPeople
	Paces             []Pace
	PaceWalks         []PaceWalk
	Figures           []Figures
	DriftScans        []DriftScan
	DriftFindings     []DriftFinding
	DriftSeen         []DriftSeen
	DriftWalks        []DriftWalk
}

// Guarded refuses a change with a new request for a package that has no DeletionGuard of
// that package with the request's policy. A store commits nothing else: so a request cannot
// come under a policy of another package, or under one that is gone, whoever forgot to look.
func (c Change) Guarded() error {
	for _, r := range c.Requests {
		guard := DeletionGuard{Package: r.Package, Policy: r.Policy, Subject: r.Subject}
		if r.Version == 0 && r.Type.Adds() && !slices.Contains(c.DeletionGuards, guard) {
			return Errorf(Internal, "A new request must be committed with the guard of its package and its policy.")
		}
	}
	return nil
}

// Reference names a user or a group that a change refers to: it must be there. A user who
// was deleted is not, nor is a group that is being deleted. Both together name a membership: the user must be a member.
// A group with a version must be at that: it was given no role since.
type Reference struct {
	User    UserID
	Group   GroupID
	Version int64
}

// DeletionGuard demands that a package and a policy are open to new work (S7).
type DeletionGuard struct {
	Package PackageID
	Policy  PolicyID
	Subject UserID // chooses the guard that is checked
}

// DeletionGuardUpdate closes a package to all new work, or, where Policy is set, to new work through
// that policy; or opens it again. Work that passed its DeletionGuard before is not touched.
type DeletionGuardUpdate struct {
	Package PackageID
	Policy  PolicyID
	Closed  bool
}

// Part names the part of a Change that no longer held.
type Part string

// The parts.
const (
	PartConfiguration  Part = "configuration"
	PartMade           Part = "made" // what was to be made is there: unlike what moved on, it stays so
	PartName           Part = "name" // a unique name or origin is taken
	PartDirectory      Part = "directory"
	PartRequest        Part = "request"
	PartAssignmentSlot Part = "assignmentSlot"
	PartSubjectRecord  Part = "subjectRecord"
	PartDeletionGuard  Part = "deletionGuard"
	PartClaim          Part = "claim"
	PartTargetResource Part = "targetResource"
	PartEvent          Part = "event"
	PartSession        Part = "session"
	PartJob            Part = "job" // another worker has carried it on
)

// Stale is the cause of a refused Change.
type Stale struct{ Part Part }

// Error names the part.
func (s *Stale) Error() string { return "the " + string(s.Part) + " changed meanwhile" }

// StaleError returns the Conflict that a store answers when part did not hold.
func StaleError(part Part) error {
	return &Error{Kind: Conflict, Code: "resourceModified", Msg: "This was changed by somebody else meanwhile. Read it again and retry.", Op: "commit", Err: &Stale{part}}
}

// StalePart returns the part that did not hold, or "" where err is another failure.
func StalePart(err error) Part {
	if s, ok := errors.AsType[*Stale](err); ok {
		return s.Part
	}
	return ""
}
