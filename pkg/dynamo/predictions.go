package dynamo

import (
	"slices"
	"sync"

	"leasehold/pkg/entitlement"
)

// prediction is what a package named when it was read last.
type prediction struct {
	catalog  entitlement.CatalogID
	policies []entitlement.PolicyID
}

// predictions remember which catalog and policies belong to a package. They only choose the
// keys that ride along in a batch: the package, read with them, has the word.
type predictions struct {
	mu   sync.Mutex
	seen map[entitlement.PackageID]prediction
}

// maxPredictions bounds the memory of a process; beyond it, forgetting all is simplest.
const maxPredictions = 10_000

func (h *predictions) of(p entitlement.PackageID) prediction {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.seen[p]
}

func (h *predictions) learn(p entitlement.AccessPackage) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.seen == nil || len(h.seen) >= maxPredictions {
		h.seen = map[entitlement.PackageID]prediction{}
	}
	h.seen[p.ID] = prediction{p.Catalog, slices.Clone(p.Policies)}
}
