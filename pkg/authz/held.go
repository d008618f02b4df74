package authz

import (
	"context"
	"slices"
	"sync"

	"leasehold/pkg/entitlement"
)

// held remembers, for as long as one call lasts, the role assignments that were read for its
// caller: steps of one call that ask of one catalog read once, also where they are taken side by
// side. Nothing is remembered from one call to the next.
type held struct {
	mu sync.Mutex
	in map[entitlement.CatalogID]*heldIn
}

// heldIn is one catalog's, once it was read. Whoever asks meanwhile waits for that.
type heldIn struct {
	read chan struct{} // closed once it was
	all  []entitlement.RoleAssignment
	err  error
}

// HeldIn returns the role assignments of a catalog and those of the whole organisation, read
// at most once for a caller who was read.
func (c Caller) HeldIn(ctx context.Context, roles Roles, catalog entitlement.CatalogID) ([]entitlement.RoleAssignment, error) {
	if c.held == nil {
		return roles.RolesIn(ctx, catalog)
	}

	one, first := c.held.of(catalog)
	if !first {
		<-one.read // ends with the context of who reads, which is that of the same call
		return one.all, one.err
	}

	defer close(one.read)
	if one.all, one.err = roles.RolesIn(ctx, catalog); one.err != nil {
		c.held.forget(catalog) // the next one tries anew
	}
	return one.all, one.err
}

// KnownEverywhere reports that roles in the whole organisation, which were read for this call
// already, let the caller do an action everywhere: then those of no catalog have to be read.
func (c Caller) KnownEverywhere(a Action) bool {
	return c.held != nil && Everywhere(c, a, c.held.whole())
}

// whole returns those in the whole organisation, as far as they were read: every reading brings
// them.
func (h *held) whole() []entitlement.RoleAssignment {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, one := range h.in {
		select {
		case <-one.read:
			if one.err == nil {
				return slices.DeleteFunc(slices.Clone(one.all), func(a entitlement.RoleAssignment) bool { return a.Catalog != "" })
			}
		default:
		}
	}
	return nil
}

// of returns a catalog's, and whether it is for the caller of this to read.
func (h *held) of(catalog entitlement.CatalogID) (one *heldIn, first bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if one, known := h.in[catalog]; known {
		return one, false
	}
	if h.in == nil {
		h.in = map[entitlement.CatalogID]*heldIn{}
	}
	one = &heldIn{read: make(chan struct{})}
	h.in[catalog] = one
	return one, true
}

func (h *held) forget(catalog entitlement.CatalogID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.in, catalog)
}
