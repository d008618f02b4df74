// Package views is what people are shown: requests, assignments, packages, catalogs,
// policies and events as typed views, with what they name joined to them. Adapters turn
// views into Graph's JSON, pages into HTML, exports into CSV; none of them reads the store.
//
// A view is made of what was read already, without reading anything. What is to be joined
// is said by With, and read level by level: one read for all views of a level, never one
// for each. What is joined without being open to everybody who may see what it hangs on is
// asked of package authz first.
package views

import (
	"cmp"
	"context"
	"sync"
	"time"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// Reader joins views.
type Reader struct{ Store Store }

// Store is what views are joined from. Reads of several leave out what is absent; they
// are strongly consistent, lists are as those of the use cases.
type Store interface {
	// Foresee reads what is likely to be asked for soon, within Once; elsewhere it does nothing.
	Foresee(ctx context.Context, f entitlement.Foreseen)
	// Once returns a context within which each thing is read once, for what changes nothing.
	Once(ctx context.Context) context.Context
	// SigningKey returns the bytes that page tokens are signed and pseudonyms in events are
	// made with, the same ones always.
	SigningKey(ctx context.Context) ([]byte, error)

	Catalogs(ctx context.Context, ids []entitlement.CatalogID) ([]entitlement.Catalog, error)
	ListResources(ctx context.Context, catalog entitlement.CatalogID, page entitlement.Page) (entitlement.Paged[entitlement.Resource], error)
	Packages(ctx context.Context, ids []entitlement.PackageID) ([]entitlement.AccessPackage, error)
	// PackagesAsListed returns the same, as late as a list may be.
	PackagesAsListed(ctx context.Context, ids []entitlement.PackageID) ([]entitlement.AccessPackage, error)
	// FormerPackages returns what is kept of those of the packages that are gone.
	FormerPackages(ctx context.Context, ids []entitlement.PackageID) ([]entitlement.AccessPackage, error)
	PackagesOf(ctx context.Context, catalog entitlement.CatalogID, page entitlement.Page) (entitlement.Paged[entitlement.AccessPackage], error)
	// ScopesOf returns the role scopes of packages, by package.
	ScopesOf(ctx context.Context, ids []entitlement.PackageID) (map[entitlement.PackageID]entitlement.PackageScopes, error)
	Policies(ctx context.Context, ids []entitlement.PolicyID) ([]entitlement.AssignmentPolicy, error)
	// Extensions returns those of a catalog's custom extensions that there are.
	Extensions(ctx context.Context, catalog entitlement.CatalogID, ids []entitlement.ExtensionID) ([]entitlement.CustomExtension, error)
	ListConnectors(ctx context.Context) ([]entitlement.ConnectorConfig, error)
	// RolesIn returns the role assignments of a catalog and those of the whole organisation.
	RolesIn(ctx context.Context, catalog entitlement.CatalogID) ([]entitlement.RoleAssignment, error)
	// RolesOf returns the role assignments by which a user holds a role anywhere.
	RolesOf(ctx context.Context, u entitlement.User) ([]entitlement.RoleAssignment, error)
	Connectors(ctx context.Context, ids []entitlement.ConnectorID) ([]entitlement.ConnectorConfig, error)
	Users(ctx context.Context, ids []entitlement.UserID) ([]entitlement.User, error)
	Groups(ctx context.Context, ids []entitlement.GroupID) ([]entitlement.Group, error)

	Requests(ctx context.Context, ids []entitlement.RequestID) ([]entitlement.AssignmentRequest, error)
	// LiveAssignments returns the assignments that are live of those pairs, by their ids.
	LiveAssignments(ctx context.Context, of []entitlement.PackageSubject) (map[entitlement.AssignmentID]entitlement.Assignment, error)
	// EndedAssignments returns those of the assignments that have ended, by their ids.
	EndedAssignments(ctx context.Context, ids []entitlement.AssignmentID) (map[entitlement.AssignmentID]entitlement.Assignment, error)

	// Figures returns what was counted of events; version 0 where nothing was.
	Figures(ctx context.Context) (entitlement.Figures, error)
	// Resting returns those of the targets that are left alone at a time.
	Resting(ctx context.Context, of []entitlement.ConnectorID, at time.Time) ([]entitlement.Breaker, error)
	// ListEvents lists the events of an object, in order.
	ListEvents(ctx context.Context, kind entitlement.AggregateKind, id string, page entitlement.Page) (entitlement.Paged[entitlement.Event], error)
	// HeadOf returns the head that is kept of the chain of an object's events; false where none is.
	HeadOf(ctx context.Context, kind entitlement.AggregateKind, id string) (entitlement.Chain, bool, error)
	// Notices lists events that people should look at, newest first.
	Notices(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.Event], error)
	// EventsOf and EventsFor list the events of all that a person, or a package, has to do with,
	// thing by thing.
	EventsOf(ctx context.Context, person entitlement.UserID, page entitlement.Page) (entitlement.Paged[entitlement.Event], error)
	EventsFor(ctx context.Context, pkg entitlement.PackageID, page entitlement.Page) (entitlement.Paged[entitlement.Event], error)
	// EventsBy and EventsDuring list what somebody did, and everything, newest first.
	EventsBy(ctx context.Context, actor entitlement.UserID, during entitlement.Span, page entitlement.Page) (entitlement.Paged[entitlement.Event], error)
	EventsDuring(ctx context.Context, during entitlement.Span, page entitlement.Page) (entitlement.Paged[entitlement.Event], error)
	// About says of events, in their order, which person and package they have to do with.
	About(ctx context.Context, events []entitlement.Event) ([]entitlement.About, error)
}

// Join is something that can be joined to a view.
type Join string

// The joins, by the names that Graph has for them where it has some.
const (
	JoinCatalog            Join = "catalog"
	JoinPackages           Join = "accessPackages"
	JoinResources          Join = "resources"
	JoinRoles              Join = "roles"
	JoinScopes             Join = "scopes" // of a resource, which carries them
	JoinResource           Join = "resource"
	JoinRole               Join = "role"
	JoinEnvironment        Join = "environment"
	JoinRoleScopes         Join = "resourceRoleScopes"
	JoinPolicies           Join = "assignmentPolicies"
	JoinIncompatible       Join = "incompatibleAccessPackages"
	JoinIncompatibleGroups Join = "incompatibleGroups"
	JoinPackage            Join = "accessPackage"
	JoinPackageListed      Join = "accessPackageAsListed" // as late as a list may be, at half the cost
	JoinPolicy             Join = "assignmentPolicy"
	JoinRequestor          Join = "requestor" // whom Graph calls so: whoever asked for themselves, or was assigned directly
	JoinTarget             Join = "target"
	JoinAssignment         Join = "assignment"
	JoinRequest            Join = "assignmentRequest" // of an assignment: the request that made it, with its people
	JoinPrincipal          Join = "principal"         // of a role assignment: who holds the role
	JoinStages             Join = "customExtensionStageSettings"
	JoinExtension          Join = "customExtension"
	JoinPeople             Join = "people"    // of a request: who made it, and whom it is for
	JoinDeciders           Join = "deciders"  // of the request of an assignment: who decided on it, read with its people and told by whoever may
	JoinApprovers          Join = "approvers" // of a request: whom its stages ask
)

// actions are what joining needs beside the right to see what something is joined to. What
// is not in here is open to everybody who may see that.
var actions = map[Join]authz.Action{
	JoinPackages: authz.ListPackages, JoinResources: authz.ReadCatalog, JoinEnvironment: authz.ReadConnector, JoinPolicies: authz.ReadPolicy,
	JoinScopes: authz.ReadCatalog, JoinPolicy: authz.ReadPolicy, JoinRoles: authz.ReadCatalog, JoinIncompatible: authz.ListPackages, JoinIncompatibleGroups: authz.ReadGroup,
	JoinExtension: authz.ReadExtension,
}

// With says what is joined to a view, and what to that in turn.
type With map[Join]With

// Once returns a context within which use cases and views share what each of them reads.
func (r *Reader) Once(ctx context.Context) context.Context { return r.Store.Once(ctx) }

// Foresee reads ahead what a page will ask for, within Once. It shows nothing of it.
func (r *Reader) Foresee(ctx context.Context, f entitlement.Foreseen) { r.Store.Foresee(ctx, f) }

// SigningKey returns the bytes that page tokens are signed with, the same ones always.
func (r *Reader) SigningKey(ctx context.Context) ([]byte, error) { return r.Store.SigningKey(ctx) }

// distinct returns each once, in their order, without the empty one.
func distinct[T comparable](all []T) []T {
	var none T
	seen := map[T]bool{none: true}
	var out []T
	for _, v := range all {
		if !seen[v] {
			seen[v] = true
			out = append(out, v)
		}
	}
	return out
}

// found reads what several ids name, each once, and returns it by id.
func found[ID comparable, T any](ctx context.Context, ids []ID, read func(context.Context, []ID) ([]T, error), id func(T) ID) (map[ID]T, error) {
	out := map[ID]T{}
	if ids = distinct(ids); len(ids) == 0 {
		return out, nil
	}
	all, err := read(ctx, ids)
	for _, v := range all {
		out[id(v)] = v
	}
	return out, err
}

// maxPages bounds the reading of a whole list that is shown inside of something else.
const maxPages = 10

// whole reads a list to its end. One that is too long to be shown at once is refused, since
// half of it would pass for all of it; instead says what to do.
func whole[T any](instead string, read func(page entitlement.Page) (entitlement.Paged[T], error)) ([]T, error) {
	var all []T
	page := entitlement.Page{}

	for range maxPages {
		got, err := read(page)
		if err != nil {
			return nil, err
		}

		all = append(all, got.Items...)
		if page.Token = got.Next; page.Token == "" {
			return all, nil
		}
	}

	return nil, entitlement.Errorf(entitlement.Invalid, "There are more than %d to be shown within one thing: %s.", maxPages*entitlement.PageSize, instead)
}

// parallel bounds the lists that are read side by side.
const parallel = 8

// sideBySide does n things, a few at a time, and returns the first failure in their order. What
// panics does so in the caller, who has somebody to catch it.
func sideBySide(n int, do func(i int) error) error {
	errs, thrown := make([]error, n), make([]any, n)
	slots := make(chan struct{}, parallel)
	var all sync.WaitGroup
	for i := range n {
		slots <- struct{}{}
		all.Go(func() {
			defer func() {
				thrown[i] = recover()
				<-slots
			}()
			errs[i] = do(i)
		})
	}
	all.Wait()

	for _, what := range thrown {
		if what != nil {
			panic(what)
		}
	}
	return cmp.Or(errs...)
}

// Together does things that do not wait for each other at the same time, and returns the first
// failure in their order: what a page shows costs one round of reads and not one for each.
func Together(all ...func() error) error {
	return sideBySide(len(all), func(i int) error { return all[i]() })
}
