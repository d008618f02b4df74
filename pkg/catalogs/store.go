package catalogs

import (
	"context"
	"time"

	"leasehold/pkg/entitlement"
)

// Store is what owners' use cases keep and read. Single reads and Holders are
// strongly consistent and answer NotFound for what is absent; reads of several leave
// it out; lists of everything are eventually consistent.
type Store interface {
	Catalog(ctx context.Context, id entitlement.CatalogID) (entitlement.Catalog, error)
	Catalogs(ctx context.Context, ids []entitlement.CatalogID) ([]entitlement.Catalog, error)
	ListCatalogs(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.Catalog], error)

	Resource(ctx context.Context, catalog entitlement.CatalogID, id entitlement.ResourceID) (entitlement.Resource, error)
	// ResourceByOrigin finds a catalog's resource by its id at the target.
	ResourceByOrigin(ctx context.Context, catalog entitlement.CatalogID, connector entitlement.ConnectorID, originID string) (entitlement.Resource, error)
	ListResources(ctx context.Context, catalog entitlement.CatalogID, page entitlement.Page) (entitlement.Paged[entitlement.Resource], error)

	// IncompatibleWith pages through the ids of packages that list the one as incompatible,
	// strongly; packages that are gone may be among them.
	IncompatibleWith(ctx context.Context, id entitlement.PackageID, page entitlement.Page) (entitlement.Paged[entitlement.PackageID], error)
	Package(ctx context.Context, id entitlement.PackageID) (entitlement.AccessPackage, error)
	Packages(ctx context.Context, ids []entitlement.PackageID) ([]entitlement.AccessPackage, error)
	ListPackages(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.AccessPackage], error)
	PackagesOf(ctx context.Context, catalog entitlement.CatalogID, page entitlement.Page) (entitlement.Paged[entitlement.AccessPackage], error)
	// PackagesWithScopes is PackagesOf with the role scopes of each.
	PackagesWithScopes(ctx context.Context, catalog entitlement.CatalogID, page entitlement.Page) (entitlement.Paged[entitlement.AccessPackage], map[entitlement.PackageID]entitlement.PackageScopes, error)
	// Scopes returns a package's role scopes; a package without any has an empty list at version 0.
	Scopes(ctx context.Context, id entitlement.PackageID) (entitlement.PackageScopes, error)

	Policy(ctx context.Context, id entitlement.PolicyID) (entitlement.AssignmentPolicy, error)
	Policies(ctx context.Context, ids []entitlement.PolicyID) ([]entitlement.AssignmentPolicy, error)
	ListPolicies(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentPolicy], error)

	Connector(ctx context.Context, id entitlement.ConnectorID) (entitlement.ConnectorConfig, error)
	ListConnectors(ctx context.Context) ([]entitlement.ConnectorConfig, error)

	// Holders pages through a package's slots: who holds it, and whose request is open.
	Holders(ctx context.Context, id entitlement.PackageID, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentSlot], error)
	// Slots goes on where a page of Holders ended, by pages of at most so many; 0 means as large as
	// the store has them.
	Slots(ctx context.Context, id entitlement.PackageID, token string, most int) (entitlement.Paged[entitlement.AssignmentSlot], error)

	// RolesIn returns the role assignments of a catalog and those of the whole organisation, or
	// these alone where no catalog is named; strongly consistent.
	RolesIn(ctx context.Context, catalog entitlement.CatalogID) ([]entitlement.RoleAssignment, error)
	// RolesOf returns the role assignments by which a user holds a role anywhere.
	RolesOf(ctx context.Context, u entitlement.User) ([]entitlement.RoleAssignment, error)
	// RolesOfGroup returns the role assignments that a group holds itself, strongly consistent.
	// One that is given later moves the group's version.
	RolesOfGroup(ctx context.Context, id entitlement.GroupID) ([]entitlement.RoleAssignment, error)
	RoleAssignment(ctx context.Context, id entitlement.RoleAssignmentID) (entitlement.RoleAssignment, error)
	ListRoleAssignments(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.RoleAssignment], error)
	// OwnersAmong returns those of the users who own a group, strongly consistent.
	OwnersAmong(ctx context.Context, id entitlement.GroupID, users []entitlement.UserID) ([]entitlement.UserID, error)
	// OwnedAmong returns those of the groups that a user owns, strongly consistent.
	OwnedAmong(ctx context.Context, user entitlement.UserID, groups []entitlement.GroupID) ([]entitlement.GroupID, error)

	// SubjectsAt returns the records of subjects and, where a connector is named, what is recorded
	// of them there; strongly consistent.
	SubjectsAt(ctx context.Context, subjects []entitlement.UserID, at entitlement.ConnectorID) (map[entitlement.UserID]entitlement.SubjectRecord, map[entitlement.UserID]entitlement.GrantSet, error)
	// ScopesOf returns the role scopes of packages, by package; strongly consistent.
	ScopesOf(ctx context.Context, ids []entitlement.PackageID) (map[entitlement.PackageID]entitlement.PackageScopes, error)
	// LiveAssignments returns the assignments that are live of those pairs, by their ids.
	LiveAssignments(ctx context.Context, of []entitlement.PackageSubject) (map[entitlement.AssignmentID]entitlement.Assignment, error)
	// JobsOf returns the edits of a package that have not reached every holder yet.
	JobsOf(ctx context.Context, id entitlement.PackageID) ([]entitlement.Job, error)
	// ImpactJob returns a job that looks at a change of a package's roles, ImpactJobs those of the
	// package; what is over may be among them. ImpactPeople returns the people of one item of the
	// job's round, at version 0 where there is none. Strongly consistent.
	ImpactJob(ctx context.Context, pkg entitlement.PackageID, id entitlement.ImpactJobID) (entitlement.ImpactJob, error)
	ImpactJobs(ctx context.Context, pkg entitlement.PackageID) ([]entitlement.ImpactJob, error)
	ImpactPeople(ctx context.Context, job entitlement.ImpactJob, e entitlement.Effect, number int) (entitlement.ImpactPeople, error)
	// ImpactChange and ImpactChanges return changes of a catalog that wait for a second person;
	// what is over may be among them. Strongly consistent.
	ImpactChange(ctx context.Context, catalog entitlement.CatalogID, id entitlement.ChangeID) (entitlement.ImpactChange, error)
	ImpactChanges(ctx context.Context, catalog entitlement.CatalogID) ([]entitlement.ImpactChange, error)

	// ListDriftScans lists the comparisons of roles with their targets, by connector and resource;
	// eventually consistent. DriftScansAt are those of a connector, strongly consistent.
	ListDriftScans(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.DriftScan], error)
	DriftScansAt(ctx context.Context, at entitlement.ConnectorID, page entitlement.Page) (entitlement.Paged[entitlement.DriftScan], error)
	DriftScan(ctx context.Context, at entitlement.ConnectorID, id entitlement.DriftScanID) (entitlement.DriftScan, error)
	// DriftScansOf returns those of the roles' comparisons that there are.
	DriftScansOf(ctx context.Context, roles []entitlement.RoleRef) ([]entitlement.DriftScan, error)
	// DriftFindings pages through the findings of a comparison, suspicions among them.
	DriftFindings(ctx context.Context, at entitlement.ConnectorID, scan entitlement.DriftScanID, page entitlement.Page) (entitlement.Paged[entitlement.DriftFinding], error)
	DriftFinding(ctx context.Context, at entitlement.ConnectorID, scan entitlement.DriftScanID, id entitlement.DriftFindingID) (entitlement.DriftFinding, error)
	// DriftFindingsOf lists the findings of a person; eventually consistent.
	DriftFindingsOf(ctx context.Context, person entitlement.UserID, page entitlement.Page) (entitlement.Paged[entitlement.DriftFinding], error)

	Users(ctx context.Context, ids []entitlement.UserID) ([]entitlement.User, error)
	Group(ctx context.Context, id entitlement.GroupID) (entitlement.Group, error)
	Groups(ctx context.Context, ids []entitlement.GroupID) ([]entitlement.Group, error)

	// Breaker returns what is remembered of a target; version 0 where nothing is.
	Breaker(ctx context.Context, id entitlement.ConnectorID) (entitlement.Breaker, error)
	// Failing lists subjects whose delivery at a target fails for a reason, longest first.
	Failing(ctx context.Context, at entitlement.ConnectorID, reason string, page entitlement.Page) (entitlement.Paged[entitlement.Failing], error)
	// Due pages through one shard of what falls due up to and including until, oldest first.
	Due(ctx context.Context, shard int, until time.Time, page entitlement.Page) (entitlement.Paged[entitlement.DueRef], error)
	// Read reads due items strongly.
	Read(ctx context.Context, refs []entitlement.DueRef) (entitlement.DueItems, error)
	// PendingReconciliation pages through one shard of subjects whose delivery must be looked at by until.
	PendingReconciliation(ctx context.Context, shard int, until time.Time, page entitlement.Page) (entitlement.Paged[entitlement.UserID], error)
	// SubjectRecord returns a subject's record and grant sets; a subject unknown has nothing
	// pending.
	SubjectRecord(ctx context.Context, subject entitlement.UserID) (entitlement.SubjectRecord, []entitlement.GrantSet, error)

	// Settings returns the settings of the whole; version 0 where nobody has changed them.
	Settings(ctx context.Context) (entitlement.Settings, error)
	Organization(ctx context.Context, id entitlement.OrganizationID) (entitlement.ConnectedOrganization, error)
	Organizations(ctx context.Context, ids []entitlement.OrganizationID) ([]entitlement.ConnectedOrganization, error)
	ListOrganizations(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.ConnectedOrganization], error)
	// PoliciesNaming lists the policies that name a connected organization, strongly consistent.
	PoliciesNaming(ctx context.Context, id entitlement.OrganizationID, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentPolicy], error)
	Extension(ctx context.Context, catalog entitlement.CatalogID, id entitlement.ExtensionID) (entitlement.CustomExtension, error)
	Extensions(ctx context.Context, catalog entitlement.CatalogID, ids []entitlement.ExtensionID) ([]entitlement.CustomExtension, error)
	ListExtensions(ctx context.Context, catalog entitlement.CatalogID, page entitlement.Page) (entitlement.Paged[entitlement.CustomExtension], error)

	// SigningKey and ListEvents are what commands are known again by (package idempotency).
	SigningKey(ctx context.Context) ([]byte, error)
	ListEvents(ctx context.Context, kind entitlement.AggregateKind, id string, page entitlement.Page) (entitlement.Paged[entitlement.Event], error)

	// Commit makes the change true, or nothing of it and Conflict.
	Commit(ctx context.Context, change entitlement.Change) error
}
