package graph

import (
	"context"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/graph/odata"
	"leasehold/pkg/views"
)

// entityType is one type of entity on the wire.
type entityType[T any] struct {
	tagged     bool           // it has an entity tag
	set        string         // the entity set, for @odata.context
	mapper     func(T) object // its tree: what is not joined to the view is hidden in it
	navigation func() map[string]navigationProperty
	// load has the use case join what is wanted to the views; nil where nothing can be.
	load    func(ctx context.Context, by authz.Caller, of []T, w views.With) error
	example T      // one with every property; mostly the zero value has them all
	named   string // the property by whose text the lists of this type are kept; "" for none
	lookups string // the filters that an index answers, for whoever asks for too much otherwise; may be empty
}

// sample returns a tree with every property, for checking options against.
func (k entityType[T]) sample() object { return k.mapper(k.example) }

// navigationProperty is a navigation property: what $expand shows in its place. It needs the right to
// read what it leads to, unless it is open to everybody who may read what it hangs on.
type navigationProperty struct {
	many       bool
	shown      bool // to everybody who may read what it hangs on, and the view shows no more than that
	action     authz.Action
	sample     func() object // a tree with every property, for checking the options of an $expand against; nil: it takes none but $expand
	within     bool          // the tree carries it already, and nothing need be joined
	navigation func() map[string]navigationProperty
}

// unexpanded is a navigation property that is not expanded. Filters see it; answers leave it
// out.
type unexpanded struct{ seen any }

// Seen returns what a filter sees.
func (h unexpanded) Seen() any { return h.seen }

var _ odata.Unexpanded = unexpanded{}

// reference hides the id of an entity under a navigation property.
func reference[ID ~string](id ID) unexpanded { return unexpanded{object{"id": string(id)}} }

// one is the tree of what was joined, or else the reference that stands in its place.
func one[V any](joined *V, mapper func(*V) object, instead any) any {
	if joined == nil {
		return instead
	}
	return mapper(joined)
}

// several is the trees of what was joined, or else what stands in their place.
func several[V any](joined []V, mapper func(V) object, instead any) any {
	if joined == nil {
		return instead
	}
	return objects(joined, mapper)
}

// like is a sample of what a mapper makes.
func like[T any](mapper func(T) object, example T) func() object {
	return func() object { return mapper(example) }
}

func noNavigation() map[string]navigationProperty { return nil }

// lister reads one page of a list.
type lister[T any] func(ctx context.Context, page entitlement.Page) (entitlement.Paged[T], error)

// asCaller is the list of a use case, asked for by the caller.
func asCaller[T any](c *call, read func(context.Context, authz.Caller, entitlement.Page) (entitlement.Paged[T], error)) lister[T] {
	return func(ctx context.Context, page entitlement.Page) (entitlement.Paged[T], error) {
		return read(ctx, c.by.Caller, page)
	}
}

// viewed is a list as the views of what is on it.
func viewed[T, V any](read lister[T], view func([]T) []V) lister[V] {
	return func(ctx context.Context, page entitlement.Page) (entitlement.Paged[V], error) {
		got, err := read(ctx, page)
		views := view(got.Items)
		return entitlement.Paged[V]{Items: views, Next: got.Next, Sure: got.Sure && len(views) == len(got.Items), Spent: got.Spent, Unread: got.Unread}, err
	}
}

// viewOf is the view of one thing.
func viewOf[T, V any](v T, view func([]T) []V) V { return view([]T{v})[0] }
