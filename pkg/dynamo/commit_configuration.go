package dynamo

import (
	"slices"

	"leasehold/pkg/entitlement"
)

// resources writes resources, and moves the sentinels that keep an origin unique
// within a catalog.
func (p *plan) resources(all []entitlement.Resource, old images) {
	for _, r := range all {
		before, known := old.resources[resourceMapper.key(r)]
		p.current(entitlement.PartConfiguration, r.Meta, before.Meta)
		write(p, resourceMapper, r)

		var had, has []holding
		if known {
			had = []holding{originOf(before)}
		}
		if !r.Erased {
			has = []holding{originOf(r)}
		}

		p.names(had, has)
	}
}

func originOf(r entitlement.Resource) holding {
	return holding{key: originKey(r.Catalog, r.Connector, r.OriginID), tag: tagOrigin, holder: string(r.ID)}
}

// policies writes policies. Those that change what their package offers come with it: nobody
// would find it otherwise.
func (p *plan) policies(all []entitlement.AssignmentPolicy, packages []entitlement.AccessPackage, old images) {
	for _, v := range all {
		before := old.policies[v.ID]
		p.current(entitlement.PartConfiguration, v.Meta, before.Meta)
		if of := func(x entitlement.AccessPackage) bool { return x.ID == v.Package }; !v.OffersAs(before) && !slices.ContainsFunc(packages, of) {
			p.invalid("What a package offers changes with its policy, and this change has the policy alone.")
		}
		write(p, policyMapper, v)
	}
}

// incompatibilities writes, beside packages that are listed as incompatible, who lists them.
func (p *plan) incompatibilities(all []entitlement.Incompatibility) {
	for _, v := range all {
		key := incompatibleKey(v.Listed, v.Package)
		if v.Erased {
			x := newExpression()
			x.present()
			p.delete(key, entitlement.PartConfiguration, x)
		} else {
			it := item{}
			seal(it, key, tagIncompatible, 1)
			p.putNew(entitlement.PartConfiguration, it)
		}
	}
}

// holding is one unique name, its holder, and the index entry that lists it.
type holding struct {
	key    Key
	tag    string
	holder string
	list   indexKey
}

// names frees the names that somebody held and holds no more, and takes the new ones.
func (p *plan) names(had, has []holding) {
	// A name that stays is not touched: a transaction may not name one item twice.
	isIn := func(all []holding, h holding) bool {
		return slices.ContainsFunc(all, func(o holding) bool { return o.key == h.key })
	}

	for _, h := range had {
		if !isIn(has, h) {
			x := newExpression()
			x.equals(attrHolder, packed(h.holder))
			p.delete(h.key, entitlement.PartName, x)
		}
	}

	for _, h := range has {
		if !isIn(had, h) {
			it := sentinel(h.key, h.tag, h.holder)
			index(it, indexKeys{first: h.list})
			p.putNew(entitlement.PartName, it)
		}
	}
}
