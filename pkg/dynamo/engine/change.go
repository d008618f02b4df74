package engine

import (
	"bytes"
	"maps"
	"slices"
	"strconv"

	"leasehold/pkg/names"
)

func decimal(n int) string { return strconv.Itoa(n) }

// updated returns what an update makes of the item with the key, which may be nil. All
// it reads is the item as it was.
func (x *expression) updated(key Key, old item) (item, error) {
	out := maps.Clone(old)
	if out == nil {
		out = item{names.AttrPK: &text{Value: key.PK}, names.AttrSK: &text{Value: key.SK}}
	}

	for _, c := range x.changes {
		at := x.named[c.at]
		was := old[at]

		var v value
		if c.value != none {
			v = x.values[c.value]
		}

		switch c.clause {
		case clauseSet:
			// All of an update reads the item as it was, whatever stands before it in the text.
			if c.unless != none && old[x.named[c.unless]] != nil {
				v = old[x.named[c.unless]]
			}
		case clauseRemove:
			v = nil
		default:
			var err error
			if v, err = moved(c.clause, was, v); err != nil {
				return nil, err
			}
		}

		if v == nil {
			delete(out, at)
		} else {
			out[at] = v
		}
	}

	return out, nil
}

// moved is a number or a set with something added, or a set with something taken out;
// nil once nothing is left. The value that was may be nil.
func moved(by clause, was, v value) (value, error) {
	if was == nil && by == clauseDelete {
		return nil, nil
	}

	if was == nil {
		return v, nil
	}

	var out value
	fits := false
	if n, ok := v.(*number); ok {
		var sum string
		var err error
		if m, isNumber := was.(*number); isNumber {
			sum, err = addNumbers(m.Value, n.Value)
			out, fits = &number{Value: sum}, true
		}
		if err != nil {
			return nil, err
		}
	} else if by == clauseAdd {
		out, fits = union(was, v)
	} else {
		out, fits = difference(was, v)
	}

	if !fits {
		return nil, invalid("An operand in the update expression has an incorrect data type")
	}

	return out, nil
}

// union returns the members of two sets of one type.
func union(a, b value) (value, bool) {
	switch a := a.(type) {
	case *texts:
		if b, ok := b.(*texts); ok {
			return &texts{Value: merged(a.Value, b.Value, sameText)}, true
		}
	case *numbers:
		if b, ok := b.(*numbers); ok {
			return &numbers{Value: merged(a.Value, b.Value, sameText)}, true
		}
	case *blobs:
		if b, ok := b.(*blobs); ok {
			return &blobs{Value: merged(a.Value, b.Value, bytes.Equal)}, true
		}
	}
	// Of two types, or of one that is no set: nothing is merged.
	return nil, false
}

func merged[T any](a, b []T, same func(T, T) bool) []T {
	return append(without(a, b, same), b...)
}

// difference returns the members of one set that another of its type has not, or nil
// where there is none.
func difference(a, b value) (value, bool) {
	switch a := a.(type) {
	case *texts:
		if b, ok := b.(*texts); ok {
			return unlessEmpty(&texts{Value: without(a.Value, b.Value, sameText)})
		}
	case *numbers:
		if b, ok := b.(*numbers); ok {
			return unlessEmpty(&numbers{Value: without(a.Value, b.Value, sameText)})
		}
	case *blobs:
		if b, ok := b.(*blobs); ok {
			return unlessEmpty(&blobs{Value: without(a.Value, b.Value, bytes.Equal)})
		}
	}
	// Of two types, or of one that is no set: nothing is taken out.
	return nil, false
}

func unlessEmpty(set value) (value, bool) {
	if n, _ := length(set); n == 0 {
		return nil, true
	}
	return set, true
}

func without[T any](a, b []T, same func(T, T) bool) []T {
	var kept []T
	for _, m := range a {
		if !slices.ContainsFunc(b, func(o T) bool { return same(m, o) }) {
			kept = append(kept, m)
		}
	}
	return kept
}
