package graph

import (
	"context"
	"net/http"
	"slices"
	"time"

	"leasehold/pkg/authn"
	"leasehold/pkg/catalogs"
	"leasehold/pkg/directory"
	"leasehold/pkg/exports"
	"leasehold/pkg/requests"
	"leasehold/pkg/views"
)

// Deps is what the API stands on. Requests is needed by the handler of that name only;
// of Catalogs the other handler needs the reading alone.
type Deps struct {
	Authenticator Authenticator
	Directory     *directory.Service
	Catalogs      *catalogs.Service
	Requests      *requests.Service
	Views         *views.Reader
	Exports       *exports.Service             // of lists that are longer than an answer; the handler Requests needs it
	PublicURLs    []string                     // bases of links, without a slash at their end: a call's is the one it came to, else the first
	GatewayBase   func(context.Context) string // the base where there are none; may be nil
	Clock         interface{ Now() time.Time }
	// Peer serves the operations of the other function, which come here where a client spells
	// their path in another way than the gateway's routes do; nil: they are not found here.
	Peer http.Handler
	// HandedOn says whether a call came from the other function, in the words of Handed; nil
	// where the context itself says so.
	HandedOn func(context.Context) string
	Limiter  *Limiter // of what each caller writes; nil for none
}

// Authenticator finds out who is calling.
type Authenticator interface {
	// Verify returns what the access token in the value of an Authorization header says,
	// or Unauthenticated.
	Verify(ctx context.Context, authorization string) (authn.Token, error)
}

// Catalogs returns the handler of the owners' side.
func Catalogs(d Deps) http.Handler { return newAPI(d, catalogsTable()).beside(requestsTable()) }

// Requests returns the handler of the people's side.
func Requests(d Deps) http.Handler { return newAPI(d, requestsTable()).beside(catalogsTable()) }

// catalogsTable is what the function catalogs serves.
func catalogsTable() []operation {
	return slices.Concat(directoryOperations, catalogOperations, packageOperations, connectorOperations, targetOperations, recordOperations, roleOperations, settingsOperations, organizationOperations, extensionOperations, ownersOperations, impactOperations, impactJobOperations, driftOperations, nestedCatalogs, catalogCounts, describeOperations, batchOperations, laterCatalogs)
}

// requestsTable is what the function requests serves.
func requestsTable() []operation {
	return slices.Concat(requestOperations, requestedOperations, adoptOperations, assignmentOperations, exportOperations, approvalOperations, decidingOperations, deliveryOperations, peopleOperations, roleHolderOperations, suggestionOperations, resumeOperations, meOperations, nestedRequests, requestCounts)
}
