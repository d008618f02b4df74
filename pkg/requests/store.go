package requests

import (
	"context"
	"time"

	"leasehold/pkg/entitlement"
)

// Store is what people's use cases keep and read. Single reads are strongly
// consistent and answer NotFound for what is absent; reads of several leave it out.
// Lists by index find index entries eventually, and return each item as it is, read
// strongly.
type Store interface {
	// Foresee reads what is likely to be asked for soon, within Once; elsewhere it does nothing.
	Foresee(ctx context.Context, f entitlement.Foreseen)

	// RolesIn returns the role assignments of a catalog and those of the whole organisation, or
	// these alone where no catalog is named; strongly consistent.
	RolesIn(ctx context.Context, catalog entitlement.CatalogID) ([]entitlement.RoleAssignment, error)

	// SigningKey returns the secret bytes that the ids of keyed commands are derived with,
	// the same ones always.
	SigningKey(ctx context.Context) ([]byte, error)

	SubmitInputs(ctx context.Context, keys entitlement.SubmitKeys) (entitlement.SubmitInputs, error)
	// Review reads the reviewer and the request together.
	Review(ctx context.Context, reviewer entitlement.UserID, id entitlement.RequestID) (entitlement.User, entitlement.AssignmentRequest, error)
	StartInputs(ctx context.Context, r entitlement.AssignmentRequest) (entitlement.StartInputs, error)

	Request(ctx context.Context, id entitlement.RequestID) (entitlement.AssignmentRequest, error)
	// Requests returns those of the requests that are there.
	Requests(ctx context.Context, ids []entitlement.RequestID) ([]entitlement.AssignmentRequest, error)
	// RequestsOf lists requests for a subject, newest first.
	RequestsOf(ctx context.Context, subject entitlement.UserID, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentRequest], error)
	// CountOpen counts the requests that a subject has open, up to MaxOpen; eventual.
	CountOpen(ctx context.Context, subject entitlement.UserID) (int, error)
	// RequestsBy lists requests that a person made for others, newest first.
	RequestsBy(ctx context.Context, requestor entitlement.UserID, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentRequest], error)
	// RequestsFor lists requests for a package, newest first.
	RequestsFor(ctx context.Context, pkg entitlement.PackageID, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentRequest], error)
	// Inbox lists requests whose running stage asks the user, by name, as manager, or by
	// one of the user's groups, oldest first. The caller checks eligibility again.
	Inbox(ctx context.Context, u entitlement.User, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentRequest], error)

	// Assignment returns an assignment, live or ended.
	Assignment(ctx context.Context, id entitlement.AssignmentID) (entitlement.Assignment, error)
	// AssignmentSlot returns the slot of a pair; version 0 where there is none.
	AssignmentSlot(ctx context.Context, pkg entitlement.PackageID, subject entitlement.UserID) (entitlement.AssignmentSlot, error)
	// AssignmentsOf returns a subject's live assignments; strongly consistent.
	AssignmentsOf(ctx context.Context, subject entitlement.UserID) ([]entitlement.Assignment, error)
	// EndedOf lists a subject's ended assignments, newest request first.
	EndedOf(ctx context.Context, subject entitlement.UserID, page entitlement.Page) (entitlement.Paged[entitlement.Assignment], error)
	// LiveAssignments returns the assignments that are live of those pairs, by their ids.
	LiveAssignments(ctx context.Context, of []entitlement.PackageSubject) (map[entitlement.AssignmentID]entitlement.Assignment, error)
	// Holders pages through a package's slots; strongly consistent.
	Holders(ctx context.Context, pkg entitlement.PackageID, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentSlot], error)
	// EndedFor lists a package's ended assignments, newest request first.
	EndedFor(ctx context.Context, pkg entitlement.PackageID, page entitlement.Page) (entitlement.Paged[entitlement.Assignment], error)
	// SubjectRecord returns what is recorded of a subject at every target.
	SubjectRecord(ctx context.Context, subject entitlement.UserID) (entitlement.SubjectRecord, []entitlement.GrantSet, error)
	// SubjectRecords returns the records of subjects; one without has an empty one.
	SubjectRecords(ctx context.Context, subjects []entitlement.UserID) (map[entitlement.UserID]entitlement.SubjectRecord, error)
	// ReconcileInputs reads what the record names: scopes of packages, and ended assignments.
	ReconcileInputs(ctx context.Context, record entitlement.SubjectRecord) (entitlement.ReconcileInputs, error)

	// Failing lists subjects whose delivery at a target fails for a reason, longest first.
	Failing(ctx context.Context, at entitlement.ConnectorID, reason string, page entitlement.Page) (entitlement.Paged[entitlement.Failing], error)
	// CountFailing counts them; of very many a part.
	CountFailing(ctx context.Context, at entitlement.ConnectorID, reason string) (int, error)
	// PendingReconciliation pages through one shard of subjects whose delivery must be looked at by until.
	PendingReconciliation(ctx context.Context, shard int, until time.Time, page entitlement.Page) (entitlement.Paged[entitlement.UserID], error)
	ListConnectors(ctx context.Context) ([]entitlement.ConnectorConfig, error)

	// OrganizationOf returns the connected organization that a guest belongs to, nil for none.
	OrganizationOf(ctx context.Context, u entitlement.User) (*entitlement.ConnectedOrganization, error)
	// Candidates reads what somebody may be able to ask for, a guest of the organization too, of a page of packages in the order
	// of their ids, as far as so many read units go. It may be late.
	Candidates(ctx context.Context, u entitlement.User, of *entitlement.ConnectedOrganization, units float64, page entitlement.Page) (entitlement.Candidates, error)
	// PacesAsListed, PackagesAsListed, PoliciesAsListed and CatalogsAsListed are for lists: they may be late,
	// and leave out what cannot be read.
	PacesAsListed(ctx context.Context, ids []entitlement.PackageID) ([]entitlement.Pace, error)
	PackagesAsListed(ctx context.Context, ids []entitlement.PackageID) ([]entitlement.AccessPackage, error)
	PoliciesAsListed(ctx context.Context, ids []entitlement.PolicyID) ([]entitlement.AssignmentPolicy, error)
	CatalogsAsListed(ctx context.Context, ids []entitlement.CatalogID) ([]entitlement.Catalog, error)

	// Settings returns the settings of the whole.
	Settings(ctx context.Context) (entitlement.Settings, error)
	Package(ctx context.Context, id entitlement.PackageID) (entitlement.AccessPackage, error)
	// FormerPackages returns what is kept of those of the packages that are gone.
	FormerPackages(ctx context.Context, ids []entitlement.PackageID) ([]entitlement.AccessPackage, error)
	Packages(ctx context.Context, ids []entitlement.PackageID) ([]entitlement.AccessPackage, error)
	// DriftFinding returns one finding of a comparison of a role with its target.
	DriftFinding(ctx context.Context, at entitlement.ConnectorID, scan entitlement.DriftScanID, id entitlement.DriftFindingID) (entitlement.DriftFinding, error)
	// PackagesOf lists the packages of a catalog, and Resource returns a resource of one.
	PackagesOf(ctx context.Context, catalog entitlement.CatalogID, page entitlement.Page) (entitlement.Paged[entitlement.AccessPackage], error)
	// PackagesWithScopes is PackagesOf with the role scopes of each.
	PackagesWithScopes(ctx context.Context, catalog entitlement.CatalogID, page entitlement.Page) (entitlement.Paged[entitlement.AccessPackage], map[entitlement.PackageID]entitlement.PackageScopes, error)
	Resource(ctx context.Context, catalog entitlement.CatalogID, id entitlement.ResourceID) (entitlement.Resource, error)
	ListPackages(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.AccessPackage], error)
	Scopes(ctx context.Context, id entitlement.PackageID) (entitlement.PackageScopes, error)
	// ScopesOf returns the role scopes of packages, by package.
	ScopesOf(ctx context.Context, ids []entitlement.PackageID) (map[entitlement.PackageID]entitlement.PackageScopes, error)
	Catalogs(ctx context.Context, ids []entitlement.CatalogID) ([]entitlement.Catalog, error)
	Policies(ctx context.Context, ids []entitlement.PolicyID) ([]entitlement.AssignmentPolicy, error)
	User(ctx context.Context, id entitlement.UserID) (entitlement.User, error)
	// UserNamed finds a user by the whole userPrincipalName, in any case.
	UserNamed(ctx context.Context, userPrincipalName string) (entitlement.User, error)
	Users(ctx context.Context, ids []entitlement.UserID) ([]entitlement.User, error)
	// ListUsers lists by userPrincipalName within a shard; eventually consistent.
	ListUsers(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.User], error)
	// UsersMailed lists those who have an address of mail, in any case.
	UsersMailed(ctx context.Context, mail string, page entitlement.Page) (entitlement.Paged[entitlement.User], error)

	// ReportsOf lists who reports to a manager, by name, as an index has them: each is to be read.
	ReportsOf(ctx context.Context, manager entitlement.UserID, page entitlement.Page) (entitlement.Paged[entitlement.UserID], error)
	// SponsoredBy lists the organizations that somebody is an internal sponsor of, as they are now.
	SponsoredBy(ctx context.Context, u entitlement.User, page entitlement.Page) (entitlement.Paged[entitlement.ConnectedOrganization], error)
	// GuestsAt lists who signs in at an identity source, by name, as an index has them: each is to be read.
	GuestsAt(ctx context.Context, place string, page entitlement.Page) (entitlement.Paged[entitlement.UserID], error)
	// OrganizationsOf says to which organization each of several people belongs.
	OrganizationsOf(ctx context.Context, all []entitlement.User) (map[entitlement.UserID]entitlement.OrganizationID, error)
	Organization(ctx context.Context, id entitlement.OrganizationID) (entitlement.ConnectedOrganization, error)
	// LiveOf returns the live assignments of several people; strongly consistent.
	LiveOf(ctx context.Context, subjects []entitlement.UserID) ([]entitlement.Assignment, error)
	// OpenRequestsOf returns what several people have open, of each at most so many.
	OpenRequestsOf(ctx context.Context, subjects []entitlement.UserID, most int) ([]entitlement.AssignmentRequest, error)
	// CountFailingAnywhere counts whose delivery fails, by target and reason; of very many a part.
	CountFailingAnywhere(ctx context.Context) (map[entitlement.FailingAt]int, error)
	// FailingAnywhere lists whose delivery fails at any target in a shard, the longest first.
	FailingAnywhere(ctx context.Context, shard int, page entitlement.Page) (entitlement.Paged[entitlement.Failing], error)
	// EndedAssignments returns those of the assignments that have ended, by their ids.
	EndedAssignments(ctx context.Context, ids []entitlement.AssignmentID) (map[entitlement.AssignmentID]entitlement.Assignment, error)
	// Late lists what is owed by a time in a shard, the longest first; it may be late.
	Late(ctx context.Context, shard int, until time.Time, page entitlement.Page) (entitlement.Paged[entitlement.Late], error)
	// RolesOf returns the role assignments by which a user holds a role anywhere.
	RolesOf(ctx context.Context, u entitlement.User) ([]entitlement.RoleAssignment, error)
	// RolesListed returns them as the index has them, which may be late: nothing is decided on it.
	RolesListed(ctx context.Context, u entitlement.User) ([]entitlement.RoleAssignment, error)
	// RolesStill returns those of role assignments that were listed which there are.
	RolesStill(ctx context.Context, listed []entitlement.RoleAssignment) ([]entitlement.RoleAssignment, error)
	// BehalfPolicies lists policies by which others ask for people whom they do not name, by their
	// packages; it may be late.
	BehalfPolicies(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentPolicy], error)
	Group(ctx context.Context, id entitlement.GroupID) (entitlement.Group, error)
	// Members pages through a group's members; strongly consistent.
	Members(ctx context.Context, id entitlement.GroupID, page entitlement.Page) (entitlement.Paged[entitlement.UserID], error)

	// Commit makes the change true, or nothing of it and Conflict.
	Commit(ctx context.Context, change entitlement.Change) error
}

// Enqueuer tells the delivery worker whom to reconcile. A lost message costs
// time, never correctness: the sweep finds the pending reconciliation.
type Enqueuer interface {
	Enqueue(ctx context.Context, subjects ...entitlement.UserID) error
}
