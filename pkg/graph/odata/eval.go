package odata

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"leasehold/pkg/entitlement"
)

// Exact is text that filters compare as it is written. All other text is compared in
// any case, as Graph does with names and with the words of enumerations.
type Exact string

// Unexpanded is a value of a tree that a filter sees though the answer may leave it out.
type Unexpanded interface{ Seen() any }

// A tree is made of nil, bool, int, float64, string, Exact, time.Time, map[string]any,
// []any and Hidden.

// Match reports that the tree satisfies the filter.
func (f *Filter) Match(tree map[string]any) bool {
	yes, _ := f.root.eval(scope{tree: tree}).(bool)
	return yes
}

// scope is where paths are looked up: the variable of a lambda, or the whole tree.
type scope struct {
	tree  any
	bind  string
	bound any
}

func (n *node) eval(s scope) any {
	switch n.op {
	case "value":
		return n.value
	case "path":
		return s.find(n.path)
	case "group":
		return n.args[0].eval(s)
	case "and":
		return truth(n.args[0].eval(s)) && truth(n.args[1].eval(s))
	case "or":
		return truth(n.args[0].eval(s)) || truth(n.args[1].eval(s))
	case "not":
		return !truth(n.args[0].eval(s))
	case "any", "all":
		return n.quantify(s)
	case "in":
		left := n.args[0].eval(s)
		return slices.ContainsFunc(n.args[1:], func(value *node) bool { return compare("eq", left, value.eval(s)) })

	case "eq", "ne", "gt", "ge", "lt", "le":
		return compare(n.op, n.args[0].eval(s), n.args[1].eval(s))
	default:
		return n.apply(s)
	}
}

func truth(v any) bool {
	yes, _ := v.(bool)
	return yes
}

func (n *node) quantify(s scope) bool {
	list, _ := s.find(n.path).([]any)
	if n.bind == "" {
		return len(list) > 0
	}
	for _, each := range list {
		if truth(n.args[0].eval(scope{tree: s.tree, bind: n.bind, bound: each})) == (n.op == "any") {
			return n.op == "any"
		}
	}
	return n.op == "all"
}

// apply calls a function of text; of anything else nothing is contained.
func (n *node) apply(s scope) any {
	text, ok := asText(n.args[0].eval(s))
	switch {
	case !ok:
		return nil
	case n.op == "tolower":
		return strings.ToLower(text)
	case n.op == "toupper":
		return strings.ToUpper(text)
	}

	part, ok := asText(n.args[1].eval(s))
	if !ok {
		return false
	}

	// Graph's functions of text look at no case.
	text, part = strings.ToLower(text), strings.ToLower(part)

	switch n.op {
	case "contains":
		return strings.Contains(text, part)
	case "startswith":
		return strings.HasPrefix(text, part)
	default:
		return strings.HasSuffix(text, part)
	}
}

func asText(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case Exact:
		return string(v), true
	default:
		return "", false
	}
}

// find walks a path. What is not there is null.
func (s scope) find(path []string) any {
	at := s.tree
	if s.bind != "" && path[0] == s.bind {
		at, path = s.bound, path[1:]
	}
	for _, name := range path {
		at, _ = member(at, name)
	}
	if h, ok := at.(Unexpanded); ok {
		return h.Seen()
	}
	return at
}

// member returns a member of an object, its name in any case.
func member(v any, name string) (any, bool) {
	if h, ok := v.(Unexpanded); ok {
		v = h.Seen()
	}
	object, ok := v.(map[string]any)
	if !ok {
		return nil, false
	}

	if found, ok := object[name]; ok {
		return found, true
	}

	for key, found := range object {
		if strings.EqualFold(key, name) {
			return found, true
		}
	}
	return nil, false
}

// compare orders two values of one sort. Values of different sorts are not equal, and
// neither is before the other; null equals null alone.
func compare(op string, a, b any) bool {
	order, same := ordering(a, b)
	switch op {
	case "eq":
		return same && order == 0
	case "ne":
		return !same || order != 0
	case "gt":
		return same && order > 0
	case "ge":
		return same && order >= 0
	case "lt":
		return same && order < 0
	default:
		return same && order <= 0
	}
}

func ordering(a, b any) (order int, same bool) {
	if a == nil || b == nil {
		return 0, a == nil && b == nil
	}

	if x, ok := a.(time.Time); ok {
		y, ok := asTime(b)
		return x.Compare(y), ok
	}
	if _, ok := b.(time.Time); ok {
		order, same = ordering(b, a)
		return -order, same
	}

	// In any case, unless one of the two is Exact.
	if x, ok := asText(a); ok {
		y, ok := asText(b)
		if !isExact(a) && !isExact(b) {
			x, y = strings.ToLower(x), strings.ToLower(y)
		}
		return cmp.Compare(x, y), ok
	}

	if x, ok := asNumber(a); ok {
		y, ok := asNumber(b)
		return cmp.Compare(x, y), ok
	}

	x, isBool := a.(bool)
	y, ok := b.(bool)
	if x == y {
		return 0, isBool && ok
	}
	return 1, isBool && ok
}

func isExact(v any) bool {
	_, ok := v.(Exact)
	return ok
}

func asTime(v any) (time.Time, bool) {
	switch v := v.(type) {
	case time.Time:
		return v, true
	case string:
		return instant(v)
	default:
		return time.Time{}, false
	}
}

func asNumber(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case int:
		return float64(v), true
	default:
		return 0, false
	}
}

// Check refuses a filter that names what sample, a tree with every property, does not
// have: a filter that can never match is a mistake that its author wants to hear of.
func (f *Filter) Check(sample map[string]any) error {
	return f.check(f.root, scope{tree: sample})
}

func (f *Filter) check(n *node, s scope) error {
	// A misspelt property would silently match nothing.
	if len(n.path) > 0 {
		at, ok := s.resolve(n.path)
		if !ok {
			return misread(f.text, n.at, "there is no such property to filter by")
		}
		if _, hidden := at.(Unexpanded); hidden && n.op == "path" {
			return misread(f.text, n.at, "this leads to something else; name one of its properties")
		}

		if n.bind != "" {
			list, _ := at.([]any)
			if len(list) == 0 {
				return misread(f.text, n.at, "this is not a list to look into")
			}
			s = scope{tree: s.tree, bind: n.bind, bound: list[0]}
		}
	}

	for _, arg := range n.args {
		if err := f.check(arg, s); err != nil {
			return err
		}
	}

	return nil
}

// resolve walks a path in a sample and reports whether it leads anywhere.
func (s scope) resolve(path []string) (any, bool) {
	at, ok := s.tree, true
	if s.bind != "" && path[0] == s.bind {
		at, path = s.bound, path[1:]
	}
	for _, name := range path {
		if at, ok = member(at, name); !ok {
			return nil, false
		}
	}
	return at, true
}

// Equal returns the text that the filter demands of a path, such as "accessPackage/id":
// every tree that matches has it there.
func (f *Filter) Equal(path string) (string, bool) {
	if f == nil {
		return "", false
	}
	return f.root.equal(path)
}

func (n *node) equal(path string) (string, bool) {
	switch n.op {
	case "group":
		return n.args[0].equal(path)

	// Either side may narrow the list; or and not may not, since they match more than what is
	// named.
	case "and":
		if text, ok := n.args[0].equal(path); ok {
			return text, true
		}
		return n.args[1].equal(path)

	case "eq":
		for i := range 2 {
			name, value := n.args[i], n.args[1-i]
			text, ok := value.value.(string)
			if ok && value.op == "value" && name.op == "path" && strings.EqualFold(strings.Join(name.path, "/"), path) {
				return text, true
			}
		}
	}

	return "", false
}

// Prefix returns a text that the filter demands of a path: every tree that matches begins
// with it there, in any case. whole: it is all that stands there.
func (f *Filter) Prefix(path string) (text string, whole, ok bool) {
	if f == nil {
		return "", false, false
	}
	return f.root.prefix(path)
}

func (n *node) prefix(path string) (text string, whole, ok bool) {
	switch n.op {
	case "group":
		return n.args[0].prefix(path)
	case "and":
		if text, whole, ok = n.args[0].prefix(path); ok {
			return text, whole, ok
		}
		return n.args[1].prefix(path)
	case "eq", "startswith":
		for i := range 2 {
			name, value := n.args[i], n.args[1-i]
			if text, ok := value.value.(string); ok && value.op == "value" && name.leads(path) && (n.op == "eq" || i == 0) {
				return text, n.op == "eq", true
			}
		}
	}
	return "", false, false
}

// leads reports a path, or its text in one case.
func (n *node) leads(path string) bool {
	if n.op == "tolower" || n.op == "toupper" {
		n = n.args[0]
	}
	return n.op == "path" && strings.EqualFold(strings.Join(n.path, "/"), path)
}

// EqualID returns the id that the filter demands of a path; one that is no UUID is Invalid.
func EqualID[T ~string](f *Filter, path string) (id T, ok bool, err error) {
	text, ok := f.Equal(path)
	if !ok {
		return "", false, nil
	}
	id, err = entitlement.ParseID[T]("$filter: "+path, text)
	return id, err == nil, err
}
