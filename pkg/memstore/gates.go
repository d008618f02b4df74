package memstore

import (
	"maps"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

// guardOf is the guard that a subject's work meets. All guards of a package open and
// close together here; their number counts for the size of a transaction alone.
func guardOf(subject entitlement.UserID) int { return shardOf(string(subject), names.Guards) }

type guardKey struct {
	pkg entitlement.PackageID
	n   int
}

func (p *plan) gate(g entitlement.Gate) {
	for i := range names.Guards {
		p.touch("guard", guardKey{g.Package, i})
	}
	p.then(func() {
		at := p.gates[g.Package]
		if g.Policy == "" {
			at.closed = g.Closed
			p.gates[g.Package] = at
			return
		}
		at.policies = maps.Clone(at.policies)
		if at.policies == nil {
			at.policies = set[entitlement.PolicyID]{}
		}
		if g.Closed {
			at.policies[g.Policy] = struct{}{}
		} else {
			delete(at.policies, g.Policy)
		}
		p.gates[g.Package] = at
	})
}
