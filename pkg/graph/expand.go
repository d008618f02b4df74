package graph

import (
	"context"
	"maps"
	"slices"
	"strings"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/graph/odata"
)

// checkExpand refuses the expansion of what is not there, or not for the caller, before
// anything is read.
func (c *call) checkExpand(wanted []odata.Expand, links map[string]link) error {
	for i, e := range wanted {
		if slices.ContainsFunc(wanted[:i], func(other odata.Expand) bool { return strings.EqualFold(other.Name, e.Name) }) {
			return entitlement.Errorf(entitlement.Invalid, "$expand names %s twice.", clip(e.Name))
		}
		_, l, ok := linkNamed(links, e.Name)
		if !ok {
			return entitlement.Errorf(entitlement.Invalid, "$expand: %s cannot be expanded here; what can be: %s.", clip(e.Name), strings.Join(slices.Sorted(maps.Keys(links)), ", "))
		}
		if !l.shown && !authz.Allow(c.by.Caller, authz.ReadCatalog, authz.Object{}).Allowed {
			return entitlement.Errorf(entitlement.Forbidden, "$expand: %s is for administrators.", clip(e.Name))
		}
		if err := c.checkExpand(e.Expand, l.links()); err != nil {
			return err
		}
	}
	return nil
}

// linkNamed finds a link by its name in any case.
func linkNamed(links map[string]link, name string) (string, link, bool) {
	for known, l := range links {
		if strings.EqualFold(known, name) {
			return known, l, true
		}
	}
	return "", link{}, false
}

// expand puts what is wanted into the trees, level by level: one load for all trees of
// a level, never one for each.
func (c *call) expand(ctx context.Context, trees []object, wanted []odata.Expand, links map[string]link) error {
	if len(trees) == 0 {
		return nil
	}
	for _, e := range wanted {
		name, l, _ := linkNamed(links, e.Name)
		found, err := l.load(ctx, c, trees)
		if err != nil {
			return err
		}
		below := slices.Concat(found...)
		if err := c.expand(ctx, below, e.Expand, l.links()); err != nil {
			return err
		}
		for _, o := range below {
			choose(o, e.Select, e.Expand)
		}
		for i, tree := range trees {
			tree[name] = put(found[i], l.many)
		}
	}
	return nil
}

func put(found []object, many bool) any {
	if many {
		list := make([]any, len(found))
		for i, o := range found {
			list[i] = o
		}
		return list
	}
	if len(found) == 0 {
		return nil
	}
	return found[0]
}

// choose takes out of a tree what was not selected, and what stayed hidden. The id, and
// what was expanded, always stay.
func choose(tree object, selected []string, expanded []odata.Expand) {
	named := func(name string) bool {
		same := func(s string) bool { return s == "*" || strings.EqualFold(s, name) }
		return name == "id" || strings.Contains(name, "@odata.") || slices.ContainsFunc(selected, same) ||
			slices.ContainsFunc(expanded, func(e odata.Expand) bool { return strings.EqualFold(e.Name, name) })
	}
	for name, v := range tree {
		if _, out := v.(hidden); out || len(selected) > 0 && !named(name) {
			delete(tree, name)
		}
	}
}

// checkSelect refuses the selection of what the sample does not have.
func checkSelect(selected []string, sample object) error {
	for _, s := range selected {
		known := func(name string) bool { return s == "*" || strings.EqualFold(s, name) }
		if !slices.ContainsFunc(slices.Collect(maps.Keys(sample)), known) {
			return entitlement.Errorf(entitlement.Invalid, "$select: there is no property %s.", clip(s))
		}
	}
	return nil
}
