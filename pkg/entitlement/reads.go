package entitlement

import (
	"slices"
	"time"
)

// SubmitKeys names what a new request is about. Policy may be empty.
type SubmitKeys struct {
	Requestor UserID
	Subject   UserID
	Package   PackageID
	Policy    PolicyID
}

// SubmitInputs is everything that a new request is decided on, read strongly. What is absent
// is nil; Policies holds the named policy, or all of the package's where none is named.
type SubmitInputs struct {
	Requestor     *User
	Subject       *User
	Package       *AccessPackage
	Catalog       *Catalog
	Policies      []AssignmentPolicy
	Slot          AssignmentSlot // version 0 where the pair has none
	SubjectRecord SubjectRecord
	Second        UserID // the manager of the subject's manager, where a policy asks for one

	// Organization is the connected organization of a subject who is a guest, where a policy is
	// for people outside; nil where there is none.
	Organization *ConnectedOrganization
}

// PackageSubject names who holds a package, or asks for it.
type PackageSubject struct {
	Package PackageID
	Subject UserID
}

// StartInputs is everything that the beginning of an assignment is decided on, read strongly.
type StartInputs struct {
	Package       *AccessPackage
	Subject       *User
	Requestor     *User
	Slot          AssignmentSlot
	SubjectRecord SubjectRecord
	Second        UserID // the manager of the subject's manager, where the request asks for one

	Organization *ConnectedOrganization // as in SubmitInputs
}

// policies returns those of the package's policies that were read. One of another package
// is as if it were not there: it says nothing about this one.
func (a SubmitInputs) policies() []AssignmentPolicy {
	return slices.DeleteFunc(slices.Clone(a.Policies), func(p AssignmentPolicy) bool { return a.Package == nil || p.Package != a.Package.ID })
}

// open returns those of them through which somebody may ask in the package's catalog.
func (a SubmitInputs) open() []AssignmentPolicy {
	return slices.DeleteFunc(a.policies(), func(p AssignmentPolicy) bool { return !a.Catalog.opensTo(p) })
}

// policy returns one of the package's policies.
func (a SubmitInputs) policy(id PolicyID) (AssignmentPolicy, bool) {
	all := a.policies()
	i := slices.IndexFunc(all, func(p AssignmentPolicy) bool { return p.ID == id })
	if i < 0 {
		return AssignmentPolicy{}, false
	}
	return all[i], true
}

// Applicable returns the policies through which u may ask for the package: those that a
// request of u may name, and no other (R35 to R38). All of the package's must have been read.
func (a SubmitInputs) Applicable(u User) []AssignmentPolicy {
	return applicable(a.open(), func(p AssignmentPolicy) bool { return p.MayAsk(u, a.Organization) })
}

// startInputs returns what of it the beginning of an assignment is decided on.
func (a SubmitInputs) startInputs() StartInputs {
	return StartInputs{Package: a.Package, Subject: a.Subject, Requestor: a.Requestor, Slot: a.Slot, SubjectRecord: a.SubjectRecord, Organization: a.Organization}
}

// ReconcileInputs is what a subject's reconciliation is decided on, read strongly. Scopes holds
// every package that is live, waits or is being removed; what is absent is left out.
type ReconcileInputs struct {
	Subject  *User
	Scopes   map[PackageID]PackageScopes
	Slots    map[PackageID]AssignmentSlot
	Ended    map[AssignmentID]Assignment
	Requests map[RequestID]AssignmentRequest
}

// Fence is what must still hold just before an outside call for a subject.
type Fence struct {
	Subject    UserID
	Connector  ConnectorID
	Token      string
	Generation int64
}

// DueKind says what falls due.
type DueKind uint8

// What falls due, and by what of a DueRef it is named.
const (
	_             DueKind = iota
	DueRequest            // Request
	DueAssignment         // Package and Subject: who holds it, or asks for it
	DueJob                // Package and Gen
	DuePackage            // Package: it is under deletion
	DuePolicy             // Policy: it is under deletion
	DueBreaker            // Connector: its target did not answer
	DueAbsence            // Absent
)

// DueRef names an item that somebody must look at.
type DueRef struct {
	Kind       DueKind
	Request    RequestID
	Package    PackageID
	Subject    UserID
	Generation int64
	Policy     PolicyID
	Connector  ConnectorID
	Absent     UserID
	At         time.Time
}

// DueItems is what due references turned out to be, read strongly; what is absent is left out.
type DueItems struct {
	Unread   int // items that could not be read and were left out
	Requests []AssignmentRequest
	Slots    []AssignmentSlot
	Packages []AccessPackage
	Policies []AssignmentPolicy
	Jobs     []Job
	Breakers []Breaker
	Absences []Absence
}

// Late is one thing that has been owed for long: the removal of an assignment's roles, or
// else the delivery to a subject at a target.
type Late struct {
	Since      time.Time
	Assignment AssignmentID
	Subject    UserID
	Connector  ConnectorID
}

// Failing names a subject whose delivery at a target fails, and since when.
type Failing struct {
	Subject UserID
	Since   time.Time
}

// FailingAt is what those who fail are counted by: a target, and the worst reason there.
type FailingAt struct {
	Connector ConnectorID
	Reason    string
}

// Claim asks for a subject's grant set at one connector from Now until Until.
type Claim struct {
	Subject   UserID
	Connector ConnectorID
	Token     string
	Now       time.Time
	Until     time.Time
	Intend    []RoleRef // roles that may be granted under the claim, and of which the record does not say that already
	Remove    []RoleRef // recorded ones that may be taken away under it likewise
	Account   bool      // an account may be made under it, or one of ours changed
}
