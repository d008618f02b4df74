package graph

import (
	"context"
	"net/http"
	"slices"
	"time"

	"leasehold/pkg/authn"
	"leasehold/pkg/catalogs"
	"leasehold/pkg/directory"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/requests"
)

// Deps is what the API stands on. Catalogs is needed by the handler of that name only,
// Requests likewise.
type Deps struct {
	Authenticator Authenticator
	Directory     *directory.Service
	Catalogs      *catalogs.Service
	Requests      *requests.Service
	Reads         Reads
	PublicURL     string                       // base of every link, without a slash at its end
	GatewayBase   func(context.Context) string // the base where PublicURL is empty; may be nil
	Clock         interface{ Now() time.Time }
	Limiter       *Limiter // of what each caller writes; nil for none
}

// Authenticator finds out who is calling.
type Authenticator interface {
	// Verify returns what the access token in the value of an Authorization header says,
	// or Unauthenticated.
	Verify(ctx context.Context, authorization string) (authn.Token, error)
}

// Reads is what the wire reads beside the use cases: what lists and expansions show.
// Single reads are strongly consistent and answer NotFound for what is absent; reads of
// several leave it out.
type Reads interface {
	// SigningKey returns the bytes that page tokens are signed with, the same ones always.
	SigningKey(ctx context.Context) ([]byte, error)

	Catalog(ctx context.Context, id entitlement.CatalogID) (entitlement.Catalog, error)
	Catalogs(ctx context.Context, ids []entitlement.CatalogID) ([]entitlement.Catalog, error)
	ListCatalogs(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.Catalog], error)
	ListResources(ctx context.Context, catalog entitlement.CatalogID, page entitlement.Page) (entitlement.Paged[entitlement.Resource], error)
	Package(ctx context.Context, id entitlement.PackageID) (entitlement.AccessPackage, error)
	Packages(ctx context.Context, ids []entitlement.PackageID) ([]entitlement.AccessPackage, error)
	// FormerPackages returns what is kept of those of the packages that are gone.
	FormerPackages(ctx context.Context, ids []entitlement.PackageID) ([]entitlement.AccessPackage, error)
	ListPackages(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.AccessPackage], error)
	PackagesOf(ctx context.Context, catalog entitlement.CatalogID, page entitlement.Page) (entitlement.Paged[entitlement.AccessPackage], error)
	Policy(ctx context.Context, id entitlement.PolicyID) (entitlement.AssignmentPolicy, error)
	Policies(ctx context.Context, ids []entitlement.PolicyID) ([]entitlement.AssignmentPolicy, error)
	ListPolicies(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentPolicy], error)
	Connector(ctx context.Context, id entitlement.ConnectorID) (entitlement.ConnectorConfig, error)
	Connectors(ctx context.Context, ids []entitlement.ConnectorID) ([]entitlement.ConnectorConfig, error)
	ListConnectors(ctx context.Context) ([]entitlement.ConnectorConfig, error)

	User(ctx context.Context, id entitlement.UserID) (entitlement.User, error)
	Users(ctx context.Context, ids []entitlement.UserID) ([]entitlement.User, error)
	UserNamed(ctx context.Context, userPrincipalName string) (entitlement.User, error)
	ListUsers(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.User], error)
	Group(ctx context.Context, id entitlement.GroupID) (entitlement.Group, error)
	Groups(ctx context.Context, ids []entitlement.GroupID) ([]entitlement.Group, error)
	ListGroups(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.Group], error)
	Members(ctx context.Context, id entitlement.GroupID, page entitlement.Page) (entitlement.Paged[entitlement.UserID], error)
	Owners(ctx context.Context, id entitlement.GroupID, page entitlement.Page) (entitlement.Paged[entitlement.UserID], error)

	// ListEvents lists the events of an object, in order.
	ListEvents(ctx context.Context, kind entitlement.AggregateKind, id string, page entitlement.Page) (entitlement.Paged[entitlement.Event], error)
	// Notices lists events that people should look at, newest first.
	Notices(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.Event], error)

	// Read reads slots, and so the live assignments of many pairs, in one go.
	Read(ctx context.Context, refs []entitlement.DueRef) (entitlement.DueItems, error)
	// Work reads the role scopes of the packages in Head.Live, and the ended assignments
	// in Head.Removing, in one go.
	Work(ctx context.Context, head entitlement.Head) (entitlement.Work, error)
}

// Catalogs returns the handler of the owners' side.
func Catalogs(d Deps) http.Handler { return newAPI(d, catalogsTable()) }

// Requests returns the handler of the people's side.
func Requests(d Deps) http.Handler { return newAPI(d, requestsTable()) }

// catalogsTable is what the function catalogs serves.
func catalogsTable() []operation {
	return slices.Concat(directoryOperations, catalogOperations, packageOperations, connectorOperations, recordOperations, laterCatalogs)
}

// requestsTable is what the function requests serves.
func requestsTable() []operation {
	return slices.Concat(requestOperations, askedOperations, assignmentOperations, approvalOperations, deliveryOperations, laterRequests)
}
