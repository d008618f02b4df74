package graph

import (
	"maps"
	"slices"
	"strings"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/graph/odata"
	"leasehold/pkg/views"
)

// checkExpand refuses the expansion of what is not there, or not for the caller, before
// anything is read.
func (c *call) checkExpand(wanted []odata.Expand, navigation map[string]navigationProperty, opens func(authz.Action) (bool, error)) error {
	for i, e := range wanted {
		if slices.ContainsFunc(wanted[:i], func(other odata.Expand) bool { return strings.EqualFold(other.Name, e.Name) }) {
			return entitlement.Errorf(entitlement.Invalid, "$expand names %s twice.", clip(e.Name))
		}

		_, l, ok := navigationNamed(navigation, e.Name)
		if !ok {
			return entitlement.Errorf(entitlement.Invalid, "$expand: %s cannot be expanded here; what can be: %s.", clip(e.Name), strings.Join(slices.Sorted(maps.Keys(navigation)), ", "))
		}

		if !l.shown { // a role counts with what it hangs on, once that was read
			if open, err := opens(l.action); err != nil {
				return err
			} else if !open {
				return entitlement.Errorf(entitlement.Forbidden, "$expand: %s is for administrators.", clip(e.Name))
			}
		}
		if err := l.checkWithin(e); err != nil {
			return err
		}

		if err := c.checkExpand(e.Expand, l.navigation(), opens); err != nil {
			return err
		}
	}
	return nil
}

// checkWithin refuses options inside of an $expand that what is expanded cannot honour.
func (l navigationProperty) checkWithin(e odata.Expand) error {
	if l.sample == nil {
		for _, option := range e.Sent {
			if option != "$expand" {
				return entitlement.Errorf(entitlement.Invalid, "$expand: %s does not take %s.", clip(e.Name), clip(option))
			}
		}
		return nil
	}

	sample := l.sample()
	if l.many {
		if err := e.Rows.Check(sample); err != nil {
			return err
		}
	} else {
		for _, option := range e.Sent {
			if option != "$expand" && option != "$select" {
				return entitlement.Errorf(entitlement.Invalid, "$expand: %s is one thing and not a list, so that it does not take %s.", clip(e.Name), clip(option))
			}
		}
	}
	return checkSelect(e.Select, sample)
}

// navigationNamed finds a navigation property by its name in any case.
func navigationNamed(navigation map[string]navigationProperty, name string) (string, navigationProperty, bool) {
	for known, l := range navigation {
		if strings.EqualFold(known, name) {
			return known, l, true
		}
	}
	return "", navigationProperty{}, false
}

// with says in the words of views what is wanted: what is joined, and what to that.
func with(wanted []odata.Expand, navigation map[string]navigationProperty) views.With {
	w := views.With{}
	for _, e := range wanted {
		name, l, _ := navigationNamed(navigation, e.Name)
		w[views.Join(name)] = with(e.Expand, l.navigation())
	}
	return w
}

// showExpanded shows in a tree what is wanted of it, level by level: of a list those that
// its options let through, in their order, and of each what is selected.
func showExpanded(tree object, wanted []odata.Expand, navigation map[string]navigationProperty) {
	for _, e := range wanted {
		name, l, _ := navigationNamed(navigation, e.Name)
		below := expanded(tree[name], l)
		if l.many {
			var count int
			if below, count = e.Rows.Of(below); e.Count {
				tree[name+"@odata.count"] = count
			}
		}
		for _, o := range below {
			showExpanded(o, e.Expand, l.navigation())
			choose(o, e.Select, e.Expand)
		}
		tree[name] = put(below, l.many)
	}
}

// expanded returns the trees of a member. What is hidden was not found, unless the tree
// carries it.
func expanded(member any, l navigationProperty) []object {
	if h, ok := member.(unexpanded); ok {
		if member = h.seen; !l.within {
			return nil
		}
	}

	// A navigation property leads to one thing or to a list of them.
	switch v := member.(type) {
	case object:
		return []object{v}
	case []any:
		trees := make([]object, len(v))
		for i, o := range v {
			trees[i] = o.(object)
		}
		return trees
	default:
		return nil
	}
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

// choose takes out of a tree what was not selected, and what stayed unexpanded. The id,
// and what was expanded, always stay.
func choose(tree object, selected []string, expanded []odata.Expand) {
	named := func(name string) bool {
		same := func(s string) bool { return s == "*" || strings.EqualFold(s, name) }
		return name == "id" || strings.Contains(name, "@odata.") || slices.ContainsFunc(selected, same) ||
			slices.ContainsFunc(expanded, func(e odata.Expand) bool { return strings.EqualFold(e.Name, name) })
	}
	for name, v := range tree {
		if _, out := v.(unexpanded); out || len(selected) > 0 && !named(name) {
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
