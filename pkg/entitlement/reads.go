package entitlement

import "time"

// AskKeys names what a new request is about. Policy may be empty.
type AskKeys struct {
	Requestor UserID
	Subject   UserID
	Package   PackageID
	Policy    PolicyID
}

// Ask is everything that a new request is decided on, read strongly. What is absent
// is nil; Policies holds the named policy, or all of the package's where none is named.
type Ask struct {
	Requestor *User
	Subject   *User
	Package   *AccessPackage
	Catalog   *Catalog
	Policies  []AssignmentPolicy
	Slot      Slot // version 0 where the pair has none
	Head      Head
}

// Start is everything that the beginning of an assignment is decided on, read strongly.
type Start struct {
	Package   *AccessPackage
	Subject   *User
	Requestor *User
	Slot      Slot
	Head      Head
}

// start returns what of it the beginning of an assignment is decided on.
func (a Ask) start() Start {
	return Start{Package: a.Package, Subject: a.Subject, Requestor: a.Requestor, Slot: a.Slot, Head: a.Head}
}

// Work is what a subject's debt is made of, read strongly. Scopes holds every package
// that is live, waits or is being removed; what is absent is left out.
type Work struct {
	Subject  *User
	Scopes   map[PackageID]PackageScopes
	Slots    map[PackageID]Slot
	Ended    map[AssignmentID]Assignment
	Requests map[RequestID]AssignmentRequest
}

// Fence is what must still hold just before an outside call for a subject.
type Fence struct {
	Subject   UserID
	Connector ConnectorID
	Token     string
	Gen       int64
}

// DueRef names an item that somebody must look at: a request, or a slot (Package with
// Subject), or a job (Package with Gen), or a package under deletion (Package alone), or
// a policy under deletion (Policy), or the breaker of a target (Connector).
type DueRef struct {
	Request   RequestID
	Package   PackageID
	Subject   UserID
	Gen       int64
	Policy    PolicyID
	Connector ConnectorID
	At        time.Time
}

// DueItems is what due references turned out to be, read strongly; what is absent is left out.
type DueItems struct {
	Requests []AssignmentRequest
	Slots    []Slot
	Packages []AccessPackage
	Policies []AssignmentPolicy
	Jobs     []Job
	Breakers []Breaker
}

// Failing names a subject whose delivery at a target fails, and since when.
type Failing struct {
	Subject UserID
	Since   time.Time
}

// Claim asks for a subject's sheet at one connector from Now until Until.
type Claim struct {
	Subject   UserID
	Connector ConnectorID
	Token     string
	Now       time.Time
	Until     time.Time
	Intend    []RoleRef // roles that may be granted under the claim and were never sent
}
