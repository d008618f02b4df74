package directory

import (
	"context"

	"leasehold/pkg/entitlement"
)

// Store is what the directory keeps and reads. Single reads and Members are strongly
// consistent and answer NotFound for what is absent; reads of several leave it out.
type Store interface {
	// RolesIn returns the role assignments of a catalog and those of the whole organisation, or
	// these alone where no catalog is named; strongly consistent.
	RolesIn(ctx context.Context, catalog entitlement.CatalogID) ([]entitlement.RoleAssignment, error)

	// SigningKey returns the secret bytes that pseudonyms in events are made with, the same
	// ones always.
	SigningKey(ctx context.Context) ([]byte, error)

	// Bound returns the user that a principal is bound to.
	Bound(ctx context.Context, p entitlement.Principal) (entitlement.UserID, error)
	User(ctx context.Context, id entitlement.UserID) (entitlement.User, error)
	Users(ctx context.Context, ids []entitlement.UserID) ([]entitlement.User, error)
	// UserNamed finds a user by the whole userPrincipalName, in any case.
	UserNamed(ctx context.Context, userPrincipalName string) (entitlement.User, error)
	// UsersMailed and UsersEmployed list those who have an address, or an id in other systems, in
	// any case; somebody new may be missing for a moment.
	UsersMailed(ctx context.Context, mail string, page entitlement.Page) (entitlement.Paged[entitlement.User], error)
	UsersEmployed(ctx context.Context, employeeID string, page entitlement.Page) (entitlement.Paged[entitlement.User], error)
	// ListUsers lists by userPrincipalName within a shard; eventually consistent.
	ListUsers(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.User], error)
	Group(ctx context.Context, id entitlement.GroupID) (entitlement.Group, error)
	Groups(ctx context.Context, ids []entitlement.GroupID) ([]entitlement.Group, error)
	// ListGroups lists by display name within a shard; eventually consistent.
	ListGroups(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.Group], error)
	Members(ctx context.Context, id entitlement.GroupID, page entitlement.Page) (entitlement.Paged[entitlement.UserID], error)
	// Owners pages through a group's owners.
	Owners(ctx context.Context, id entitlement.GroupID, page entitlement.Page) (entitlement.Paged[entitlement.UserID], error)
	// OwnersAmong returns those of the users who own a group, strongly consistent.
	OwnersAmong(ctx context.Context, id entitlement.GroupID, users []entitlement.UserID) ([]entitlement.UserID, error)
	// RequestsOf lists requests for a subject, newest first; an index finds them.
	RequestsOf(ctx context.Context, subject entitlement.UserID, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentRequest], error)
	// OpenRequests lists a subject's open requests; an index of open work alone finds them,
	// each is read strongly.
	OpenRequests(ctx context.Context, subject entitlement.UserID, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentRequest], error)
	// ListEvents lists the events of an aggregate, in order.
	ListEvents(ctx context.Context, kind entitlement.AggregateKind, id string, page entitlement.Page) (entitlement.Paged[entitlement.Event], error)
	// Approving returns those of the groups that approve anywhere, or ever did; strongly consistent.
	Approving(ctx context.Context, groups []entitlement.GroupID) ([]entitlement.GroupID, error)
	// Commit makes the change true, or nothing of it and Conflict.
	Commit(ctx context.Context, change entitlement.Change) error
}
