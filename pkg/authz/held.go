package authz

import (
	"context"
	"sync"

	"leasehold/pkg/entitlement"
)

// held remembers, for as long as one call lasts, the role assignments that were read for its
// caller: steps of one call that ask of one catalog read once. Nothing is remembered from one
// call to the next.
type held struct {
	mu sync.Mutex
	in map[entitlement.CatalogID][]entitlement.RoleAssignment
}

// HeldIn returns the role assignments of a catalog and those of the whole organisation, read
// at most once for a caller who was read.
func (c Caller) HeldIn(ctx context.Context, roles Roles, catalog entitlement.CatalogID) ([]entitlement.RoleAssignment, error) {
	if c.held == nil {
		return roles.RolesIn(ctx, catalog)
	}
	c.held.mu.Lock()
	defer c.held.mu.Unlock()
	if known, read := c.held.in[catalog]; read {
		return known, nil
	}

	all, err := roles.RolesIn(ctx, catalog)
	if err != nil {
		return nil, err
	}
	if c.held.in == nil {
		c.held.in = map[entitlement.CatalogID][]entitlement.RoleAssignment{}
	}
	c.held.in[catalog] = all
	return all, nil
}
