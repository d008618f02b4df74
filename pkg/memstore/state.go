package memstore

import (
	"time"

	"leasehold/pkg/entitlement"
)

type (
	resourceKey struct {
		catalog entitlement.CatalogID
		id      entitlement.ResourceID
	}
	originKey struct {
		catalog   entitlement.CatalogID
		connector entitlement.ConnectorID
		id        string
	}
	slotKey struct {
		pkg     entitlement.PackageID
		subject entitlement.UserID
	}
	targetKey struct {
		connector entitlement.ConnectorID
		resource  string
	}
	jobKey struct {
		pkg entitlement.PackageID
		gen int64
	}
	memberKey struct {
		group entitlement.GroupID
		user  entitlement.UserID
	}
	chainKey struct {
		kind entitlement.AggregateKind
		id   string
	}
)

// gates says what of a package is closed to new work.
type gates struct {
	closed   bool
	policies set[entitlement.PolicyID]
}

// debtor is a head with the time of its row among the debts.
type debtor struct {
	head entitlement.Head
	look time.Time
}

type set[T comparable] map[T]struct{}

// state is what the table holds; reads of it are strongly consistent.
type state struct {
	catalogs   map[entitlement.CatalogID]entitlement.Catalog
	resources  map[resourceKey]entitlement.Resource
	packages   map[entitlement.PackageID]entitlement.AccessPackage
	former     map[entitlement.PackageID]entitlement.AccessPackage
	scopes     map[entitlement.PackageID]entitlement.PackageScopes
	policies   map[entitlement.PolicyID]entitlement.AssignmentPolicy
	connectors map[entitlement.ConnectorID]entitlement.ConnectorConfig
	breakers   map[entitlement.ConnectorID]entitlement.Breaker
	targets    map[targetKey]entitlement.TargetResource
	jobs       map[jobKey]entitlement.Job
	users      map[entitlement.UserID]entitlement.User
	groups     map[entitlement.GroupID]entitlement.Group
	absences   map[entitlement.UserID]entitlement.Absence
	requests   map[entitlement.RequestID]entitlement.AssignmentRequest
	slots      map[slotKey]entitlement.Slot
	ended      map[entitlement.AssignmentID]entitlement.Assignment
	events     map[chainKey]map[int64]entitlement.Event
	heads      map[entitlement.UserID]debtor
	sheets     map[entitlement.UserID]map[entitlement.ConnectorID]entitlement.GrantSheet
	gates      map[entitlement.PackageID]gates

	names      map[string]entitlement.UserID // by userPrincipalName in lower case
	principals map[entitlement.Principal]entitlement.UserID
	origins    map[originKey]entitlement.ResourceID
	members    map[memberKey]struct{}
	owners     map[memberKey]struct{}
	approvers  set[entitlement.GroupID] // groups that any policy ever asked
	strong     *view                    // lists that are parts of their aggregate, and never lag
}

func newState() *state {
	return &state{
		catalogs:   map[entitlement.CatalogID]entitlement.Catalog{},
		resources:  map[resourceKey]entitlement.Resource{},
		packages:   map[entitlement.PackageID]entitlement.AccessPackage{},
		former:     map[entitlement.PackageID]entitlement.AccessPackage{},
		scopes:     map[entitlement.PackageID]entitlement.PackageScopes{},
		policies:   map[entitlement.PolicyID]entitlement.AssignmentPolicy{},
		connectors: map[entitlement.ConnectorID]entitlement.ConnectorConfig{},
		breakers:   map[entitlement.ConnectorID]entitlement.Breaker{},
		targets:    map[targetKey]entitlement.TargetResource{},
		jobs:       map[jobKey]entitlement.Job{},
		users:      map[entitlement.UserID]entitlement.User{},
		groups:     map[entitlement.GroupID]entitlement.Group{},
		absences:   map[entitlement.UserID]entitlement.Absence{},
		requests:   map[entitlement.RequestID]entitlement.AssignmentRequest{},
		slots:      map[slotKey]entitlement.Slot{},
		ended:      map[entitlement.AssignmentID]entitlement.Assignment{},
		events:     map[chainKey]map[int64]entitlement.Event{},
		heads:      map[entitlement.UserID]debtor{},
		sheets:     map[entitlement.UserID]map[entitlement.ConnectorID]entitlement.GrantSheet{},
		gates:      map[entitlement.PackageID]gates{},
		names:      map[string]entitlement.UserID{},
		principals: map[entitlement.Principal]entitlement.UserID{},
		origins:    map[originKey]entitlement.ResourceID{},
		members:    map[memberKey]struct{}{},
		owners:     map[memberKey]struct{}{},
		approvers:  set[entitlement.GroupID]{},
		strong:     newView(),
	}
}

func (s *state) head(subject entitlement.UserID) entitlement.Head {
	h := s.heads[subject].head
	h.Subject = subject
	return h
}

func (s *state) slot(pkg entitlement.PackageID, subject entitlement.UserID) entitlement.Slot {
	if slot, ok := s.slots[slotKey{pkg, subject}]; ok {
		return slot
	}
	return entitlement.Slot{Package: pkg, Subject: subject}
}

// found returns a pointer to the value of the key, or nil.
func found[K comparable, V any](m map[K]V, key K) *V {
	if v, ok := m[key]; ok {
		return &v
	}
	return nil
}

// several returns those values whose keys are there.
func several[K comparable, V any](m map[K]V, keys []K) []V {
	var all []V
	for _, key := range keys {
		if v, ok := m[key]; ok {
			all = append(all, v)
		}
	}
	return all
}
