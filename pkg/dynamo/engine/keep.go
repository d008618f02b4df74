package engine

import (
	"bytes"
	"maps"
	"slices"
)

const (
	maxNesting = 31 // lists and maps within one attribute
	fewMembers = 16 // of a set or a list of keys: so many are compared one by one
)

// keeper checks what comes from outside, as the service does, and makes of it what is
// stored: numbers canonical, and everything a copy unless it is shared.
type keeper struct{ share bool }

// item returns an item as it is stored.
func (k keeper) item(it item) (item, error) {
	kept, _, err := k.members(it, 0)
	return kept, err
}

// members returns the members of an item or a map as they are stored, and whether they
// are those that came.
func (k keeper) members(it item, depth int) (kept item, same bool, err error) {
	kept, same = it, k.share
	if !k.share {
		kept = make(item, len(it))
	}

	for name, v := range it {
		if name == "" {
			return nil, false, invalid("Empty attribute name")
		}

		stored, err := k.value(v, depth)
		if err != nil {
			return nil, false, err
		}
		// Copied at the first difference only: most items are stored as they came.
		if same && stored != v {
			kept, same = maps.Clone(it), false
		}
		if !same {
			kept[name] = stored
		}
	}

	return kept, same, nil
}

// value returns a value as it is stored.
func (k keeper) value(v value, depth int) (value, error) {
	switch v := v.(type) {
	case *text:
		if k.share {
			return v, nil
		}
		return &text{Value: v.Value}, nil
	case *number:
		// A number is stored in full, so that equal ones are equal texts.
		plain, err := canonical(v.Value)
		if err != nil || k.share && plain == v.Value {
			return v, err
		}
		return &number{Value: plain}, nil
	case *binary:
		if k.share {
			return v, nil
		}
		return &binary{Value: bytes.Clone(v.Value)}, nil
	case *truth:
		if k.share {
			return v, nil
		}
		return &truth{Value: v.Value}, nil
	case *null:
		if !v.Value {
			return nil, invalid("One or more parameter values were invalid: Null attribute value types must have the value of true")
		}
		return v, nil
	case *list:
		return k.list(v, depth+1)
	case *object:
		return k.object(v, depth+1)
	}

	return k.set(v)
}

func (k keeper) list(v *list, depth int) (value, error) {
	if depth > maxNesting {
		return nil, tooDeep()
	}

	kept, same := make([]value, len(v.Value)), k.share
	for i, e := range v.Value {
		stored, err := k.value(e, depth)
		if err != nil {
			return nil, err
		}

		kept[i], same = stored, same && stored == e
	}

	if same {
		return v, nil
	}
	return &list{Value: kept}, nil
}

func (k keeper) object(v *object, depth int) (value, error) {
	if depth > maxNesting {
		return nil, tooDeep()
	}
	kept, same, err := k.members(v.Value, depth)
	if err != nil || same {
		return v, err
	}
	return &object{Value: kept}, nil
}

func tooDeep() error {
	return invalid("Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit")
}

// set keeps a set, which has members, each once.
func (k keeper) set(v value) (value, error) {
	switch v := v.(type) {
	case *texts:
		if err := distinct(v.Value, sameText, func(m string) string { return m }); err != nil || k.share {
			return v, err
		}
		return &texts{Value: slices.Clone(v.Value)}, nil
	case *numbers:
		// Numbers are told apart by their value, so 1 and 1.0 are one member.
		plain := make([]string, len(v.Value))
		for i, m := range v.Value {
			var err error
			if plain[i], err = canonical(m); err != nil {
				return nil, err
			}
		}
		return &numbers{Value: plain}, distinct(plain, sameText, func(m string) string { return m })
	case *blobs:
		if err := distinct(v.Value, bytes.Equal, func(m []byte) string { return string(m) }); err != nil || k.share {
			return v, err
		}
		kept := make([][]byte, len(v.Value))
		for i, m := range v.Value {
			kept[i] = bytes.Clone(m)
		}
		return &blobs{Value: kept}, nil
	}
	return nil, invalid("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes")
}

// distinct refuses a set that is empty or holds a member twice.
func distinct[T any](members []T, same func(a, b T) bool, name func(T) string) error {
	if len(members) == 0 {
		return invalid("One or more parameter values were invalid: A set may not be empty")
	}

	var seen map[string]bool
	if len(members) > fewMembers {
		seen = make(map[string]bool, len(members))
	}

	for i, m := range members {
		// A map pays only for larger sets.
		if seen == nil && slices.ContainsFunc(members[:i], func(o T) bool { return same(m, o) }) || seen[name(m)] {
			return invalid("One or more parameter values were invalid: Input collection contains duplicates")
		}
		if seen != nil {
			seen[name(m)] = true
		}
	}

	return nil
}

// give hands out a stored item.
func (k keeper) give(it item) item {
	if k.share || it == nil {
		return it
	}
	out, _ := k.item(it) // it was checked when it came
	return out
}
