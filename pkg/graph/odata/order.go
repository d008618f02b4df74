package odata

import (
	"slices"
	"strings"
	"time"

	"leasehold/pkg/entitlement"
)

// maxOrders bounds the properties that one list is ordered by.
const maxOrders = 5

// Order is one property that a list is ordered by.
type Order struct {
	path       []string
	descending bool
}

// parseOrder reads a, b/c desc.
func parseOrder(value string) ([]Order, error) {
	if len(value) > maxOption {
		return nil, entitlement.Errorf(entitlement.Invalid, "$orderby must be at most %d bytes long.", maxOption)
	}

	var orders []Order
	for piece := range strings.SplitSeq(value, ",") {
		words := strings.Fields(piece)
		if len(words) == 0 || len(words) > 2 || !isName(words[0]) || strings.ContainsAny(words[0], "*@") {
			return nil, entitlement.Errorf(entitlement.Invalid, "$orderby: %q is not a property with asc or desc behind it.", clip(piece))
		}

		o := Order{path: strings.Split(words[0], "/")}
		if len(words) == 2 {
			o.descending = strings.EqualFold(words[1], "desc")
			if !o.descending && !strings.EqualFold(words[1], "asc") {
				return nil, entitlement.Errorf(entitlement.Invalid, "$orderby: %q is neither asc nor desc.", clip(words[1]))
			}
		}
		orders = append(orders, o)
	}

	if len(orders) > maxOrders {
		return nil, entitlement.Errorf(entitlement.Invalid, "$orderby names more than %d properties.", maxOrders)
	}
	return orders, nil
}

// check refuses an order by what the sample does not have, or by what has no order.
func (o Order) check(sample map[string]any) error {
	name := strings.Join(o.path, "/")

	at, ok := scope{tree: sample}.resolve(o.path)
	if !ok {
		return entitlement.Errorf(entitlement.Invalid, "$orderby: there is no property %s to order by.", clip(name))
	}

	switch at.(type) {
	case Unexpanded, map[string]any, []any:
		return entitlement.Errorf(entitlement.Invalid, "$orderby: %s has no order; name one of its properties.", clip(name))
	}
	return nil
}

// Keys returns what a tree is ordered by. It is all of the tree that ordering needs, so
// that the trees of a long list need not be kept.
func (r Rows) Keys(tree map[string]any) []any {
	keys := make([]any, len(r.OrderBy))
	for i, o := range r.OrderBy {
		keys[i] = scope{tree: tree}.find(o.path)
	}
	return keys
}

// Compare orders two trees by their keys. Null comes first, as OData has it, and text is
// compared in any case.
func Compare(orders []Order, a, b []any) int {
	for i, o := range orders {
		order := rank(a[i], b[i])
		if o.descending {
			order = -order
		}
		if order != 0 {
			return order
		}
	}
	return 0
}

// rank orders two values of one property, of whichever sorts they are.
func rank(a, b any) int {
	if sort := sortOf(a) - sortOf(b); sort != 0 {
		return sort
	}

	if x, ok := a.(bool); ok {
		y, _ := b.(bool)
		switch {
		case x == y:
			return 0
		case y:
			return -1
		default:
			return 1
		}
	}

	order, _ := ordering(a, b)
	return order
}

// sortOf numbers the sorts of values, so that there is an order between any two.
func sortOf(v any) int {
	switch v.(type) {
	case nil:
		return 0
	case bool:
		return 1
	case int, float64:
		return 2
	case time.Time:
		return 3
	case string, Exact:
		return 4
	default:
		return 5
	}
}

// Search is a parsed $search: every one of its terms must be found.
type Search struct{ terms []term }

// term is a text to be found in a property; in any one where none is named.
type term struct{ property, text string }

// maxTerms bounds the terms of one search.
const maxTerms = 10

// parseSearch reads words and "quoted texts", with AND between them or nothing. As Graph
// writes it, "displayName:text" looks into one property alone.
func parseSearch(value string) (*Search, error) {
	if len(value) > maxOption {
		return nil, entitlement.Errorf(entitlement.Invalid, "$search must be at most %d bytes long.", maxOption)
	}

	s := &Search{}
	for rest := strings.TrimSpace(value); rest != ""; rest = strings.TrimSpace(rest) {
		if inner, quoted := strings.CutPrefix(rest, `"`); quoted {
			text, after, closed := strings.Cut(inner, `"`)
			if !closed {
				return nil, entitlement.Errorf(entitlement.Invalid, "$search: the quoted text has no end.")
			}
			rest = after

			property, of, named := strings.Cut(text, ":")
			if named {
				s.terms = append(s.terms, term{strings.TrimSpace(property), strings.ToLower(strings.TrimSpace(of))})
			} else {
				s.terms = append(s.terms, term{"", strings.ToLower(strings.TrimSpace(text))})
			}
			continue
		}

		word := strings.Fields(rest)[0]
		rest = rest[len(word):]
		switch {
		case word == "OR" || word == "NOT" || strings.ContainsAny(word, `()"`):
			return nil, entitlement.Errorf(entitlement.Invalid, "$search takes words and \"quoted texts\" that must all be found; for %s use $filter.", clip(word))
		case word != "AND":
			s.terms = append(s.terms, term{"", strings.ToLower(word)})
		}
	}

	if len(s.terms) == 0 || len(s.terms) > maxTerms || slices.ContainsFunc(s.terms, func(t term) bool { return t.text == "" }) {
		return nil, entitlement.Errorf(entitlement.Invalid, "$search must have 1 to %d terms, and none of them empty.", maxTerms)
	}
	return s, nil
}

// Of returns a text that is to be found in one property by name; "" where none is.
func (s *Search) Of(property string) string {
	if s == nil {
		return ""
	}
	for _, t := range s.terms {
		if strings.EqualFold(t.property, property) {
			return t.text
		}
	}
	return ""
}

func (s *Search) check(sample map[string]any) error {
	if s == nil {
		return nil
	}

	for _, t := range s.terms {
		if t.property == "" {
			continue
		}
		if at, ok := member(sample, t.property); !ok || !searchable(t.property, at) {
			return entitlement.Errorf(entitlement.Invalid, "$search: there is no property %s to search in.", clip(t.property))
		}
	}
	return nil
}

// searchable reports a property that may hold text that people read.
func searchable(name string, v any) bool {
	_, isText := v.(string)
	name = strings.ToLower(name)
	return (isText || v == nil) && name != "id" && !strings.Contains(name, "@") && !strings.HasSuffix(name, "datetime")
}

// match reports a tree in which every term is found.
func (s *Search) match(tree map[string]any) bool {
	return s == nil || !slices.ContainsFunc(s.terms, func(t term) bool { return !t.found(tree) })
}

func (t term) found(tree map[string]any) bool {
	for name, v := range tree {
		text, _ := v.(string)
		if searchable(name, v) && (t.property == "" || strings.EqualFold(t.property, name)) && strings.Contains(strings.ToLower(text), t.text) {
			return true
		}
	}
	return false
}
