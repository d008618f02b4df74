package dynamo

import (
	"slices"

	"leasehold/pkg/entitlement"
)

// uniqueNames takes and gives back the names of catalogs and packages. What is given back
// goes first: two of them may change names with each other.
func (p *plan) uniqueNames(all []entitlement.UniqueName) {
	for _, n := range all {
		h := holding{key: uniqueNameKey(n), tag: tagUnique, holder: n.Holder}
		if n.Erased {
			p.names([]holding{h}, nil)
		} else {
			p.names(nil, []holding{h})
		}
	}
}

// uniqueNameKey is the sentinel of a name, in any case.
func uniqueNameKey(n entitlement.UniqueName) Key {
	parts := []string{wordName, eventWords[n.Of]}
	if n.In != "" {
		parts = append(parts, part(n.In))
	}
	return Key{join(slices.Concat(parts, []string{encUnique(n.Name)})...), wordName}
}
