package dynamo

import (
	"slices"

	"leasehold/pkg/entitlement"
)

// resources writes resources, and moves the sentinels that keep an origin unique
// within a catalog.
func (p *plan) resources(all []entitlement.Resource, old images, names *nameMoves) {
	for _, r := range all {
		before, known := old.resources[resourceShape.key(r)]
		p.current(entitlement.PartConfiguration, r.Meta, before.Meta)
		write(p, resourceShape, r)
		var had, has []holding
		if known {
			had = []holding{originOf(before)}
		}
		if !r.Erased {
			has = []holding{originOf(r)}
		}
		names.move(had, has)
	}
}

func originOf(r entitlement.Resource) holding {
	return holding{key: originKey(r.Catalog, r.Connector, r.OriginID), tag: tagOrigin, holder: string(r.ID)}
}

func (p *plan) policies(all []entitlement.AssignmentPolicy, old images) {
	for _, v := range all {
		p.current(entitlement.PartConfiguration, v.Meta, old.policies[v.ID].Meta)
		write(p, policyShape, v)
	}
}

// holding is one unique name, its holder, and the index row that lists it.
type holding struct {
	key    Key
	tag    string
	holder string
	list   row
}

// nameMoves collects unique names that change hands in one change.
type nameMoves struct {
	taken []holding
	freed []holding
}

// move compares what somebody held with what he holds from now on.
func (n *nameMoves) move(had, has []holding) {
	isIn := func(all []holding, h holding) bool {
		return slices.ContainsFunc(all, func(o holding) bool { return o.key == h.key })
	}
	for _, h := range had {
		if !isIn(has, h) {
			n.freed = append(n.freed, h)
		}
	}
	for _, h := range has {
		if !isIn(had, h) {
			n.taken = append(n.taken, h)
		}
	}
}

// names writes the sentinels. A name that one frees and another takes in the same
// change is handed over.
func (p *plan) names(n *nameMoves) {
	taken := map[Key]bool{}
	for _, h := range n.taken {
		if taken[h.key] {
			p.refuse(entitlement.StaleError(entitlement.PartName))
			return
		}
		taken[h.key] = true
		x := newExpression()
		if i := slices.IndexFunc(n.freed, func(o holding) bool { return o.key == h.key }); i >= 0 {
			x.equals(attrHolder, packed(n.freed[i].holder))
		} else {
			x.absent()
		}
		it := sentinel(h.key, h.tag, h.holder)
		index(it, rows{first: h.list})
		p.put(entitlement.PartName, it, x)
	}
	for _, h := range n.freed {
		if !taken[h.key] {
			x := newExpression()
			x.equals(attrHolder, packed(h.holder))
			p.delete(h.key, entitlement.PartName, x)
		}
	}
}
