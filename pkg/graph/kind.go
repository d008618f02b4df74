package graph

import (
	"context"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/graph/odata"
)

// kind is one type of entity on the wire.
type kind[T any] struct {
	set     string         // the entity set, for @odata.context
	shape   func(T) object // its tree; navigation members are hidden in it
	links   func() map[string]link
	example T // one with every property; mostly the zero value has them all
}

// sample returns a tree with every property, for checking options against.
func (k kind[T]) sample() object { return k.shape(k.example) }

// link is a navigation member: what $expand puts in its place. Like what it leads to when
// that is read directly, it is for administrators, unless shown says otherwise.
type link struct {
	many  bool
	shown bool // to everybody who may read what it hangs on, and load shows no more than that
	// load returns for each tree what stands behind the member, in one go for all of them.
	load  func(ctx context.Context, c *call, of []object) ([][]object, error)
	links func() map[string]link // of what it leads to
}

// hidden is a navigation member that is not expanded. Filters see it; answers leave it out.
type hidden struct{ seen any }

// Seen returns what a filter sees.
func (h hidden) Seen() any { return h.seen }

var _ odata.Hidden = hidden{}

// reference hides the id of an entity under a navigation member.
func reference[ID ~string](id ID) hidden { return hidden{object{"id": string(id)}} }

// referenceOf returns the id that is hidden under a navigation member, or "".
func referenceOf[ID ~string](of object, name string) ID {
	h, _ := of[name].(hidden)
	seen, _ := h.seen.(object)
	id, _ := seen["id"].(string)
	return ID(id)
}

// shown opens a link to everybody who may read what it hangs on.
func shown(l link) link {
	l.shown = true
	return l
}

// one is a link to the entity whose id is hidden under the member: all of them are read
// at once.
func one[ID ~string, T any](name string, k func() kind[T], read func(Reads, context.Context, []ID) ([]T, error)) link {
	return link{
		links: func() map[string]link { return k().links() },
		load: func(ctx context.Context, c *call, of []object) ([][]object, error) {
			var ids []ID
			wanted := map[ID]bool{}
			for _, o := range of {
				if id := referenceOf[ID](o, name); id != "" && !wanted[id] {
					wanted[id] = true
					ids = append(ids, id)
				}
			}
			out := make([][]object, len(of))
			if len(ids) == 0 {
				return out, nil
			}
			found, err := read(c.deps.Reads, ctx, ids)
			if err != nil {
				return nil, err
			}
			// Trees are changed by what is expanded in them, so each row gets its own.
			byID := map[string]T{}
			for _, v := range found {
				byID[k().shape(v)["id"].(string)] = v
			}
			for i, o := range of {
				if v, ok := byID[string(referenceOf[ID](o, name))]; ok {
					out[i] = []object{k().shape(v)}
				}
			}
			return out, nil
		},
	}
}

// several is a link to the entities whose ids are hidden under the
// member: those of all trees are read at once.
func several[ID ~string, T any](name string, k func() kind[T], read func(Reads, context.Context, []ID) ([]T, error)) link {
	return link{
		many:  true,
		links: func() map[string]link { return k().links() },
		load: func(ctx context.Context, c *call, of []object) ([][]object, error) {
			var ids []ID
			each := make([][]any, len(of))
			for i, o := range of {
				each[i], _ = o[name].(hidden).seen.([]any)
				for _, id := range each[i] {
					ids = append(ids, ID(id.(string)))
				}
			}
			found, err := read(c.deps.Reads, ctx, distinct(ids))
			if err != nil {
				return nil, err
			}
			// Trees are changed by what is expanded in them, so each row gets its own.
			byID := map[string]T{}
			for _, v := range found {
				byID[k().shape(v)["id"].(string)] = v
			}
			out := make([][]object, len(of))
			for i := range of {
				for _, id := range each[i] {
					if v, ok := byID[id.(string)]; ok {
						out[i] = append(out[i], k().shape(v))
					}
				}
			}
			return out, nil
		},
	}
}

// within is a link to what the tree carries with it already.
func within(name string, many bool, links func() map[string]link) link {
	return link{many: many, links: links, load: func(_ context.Context, _ *call, of []object) ([][]object, error) {
		out := make([][]object, len(of))
		for i, o := range of {
			carried := o[name]
			if h, ok := carried.(hidden); ok {
				carried = h.seen
			}
			switch seen := carried.(type) {
			case object:
				out[i] = []object{seen}
			case []any:
				for _, v := range seen {
					out[i] = append(out[i], v.(object))
				}
			}
		}
		return out, nil
	}}
}

func noLinks() map[string]link { return nil }

// lister reads one page of a list.
type lister[T any] func(ctx context.Context, page entitlement.Page) (entitlement.Paged[T], error)

// asCaller is the list of a use case, asked for by the caller.
func asCaller[T any](c *call, read func(context.Context, authz.Caller, entitlement.Page) (entitlement.Paged[T], error)) lister[T] {
	return func(ctx context.Context, page entitlement.Page) (entitlement.Paged[T], error) {
		return read(ctx, c.by.Caller, page)
	}
}
