package dynamo

import (
	"slices"
	"sync"

	"leasehold/pkg/entitlement"
)

// hint is what a package named when it was read last.
type hint struct {
	catalog  entitlement.CatalogID
	policies []entitlement.PolicyID
}

// hints remember which catalog and policies belong to a package. They only choose the
// keys that ride along in a batch: the package, read with them, has the word.
type hints struct {
	mu   sync.Mutex
	seen map[entitlement.PackageID]hint
}

// maxHints bounds the memory of a process; beyond it, forgetting all is simplest.
const maxHints = 10_000

func (h *hints) of(p entitlement.PackageID) hint {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.seen[p]
}

func (h *hints) learn(p entitlement.AccessPackage) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.seen == nil || len(h.seen) >= maxHints {
		h.seen = map[entitlement.PackageID]hint{}
	}
	h.seen[p.ID] = hint{p.Catalog, slices.Clone(p.Policies)}
}
