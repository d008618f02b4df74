package graph

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"leasehold/pkg/entitlement"
)

// A path in the tables is made of segments: a plain one; {name}, which is a UUID;
// {name:text}, which is anything; and a bound function, name(key='{name}'), in which
// the values are what stands between the quotes.

// routes finds the operation of a request.
type routes struct {
	next       map[string]*routes // by plain segment, or by signature of a function
	variable   *routes
	operations map[string]*matched // by method
}

// matched is an operation with the names of the variables on its path, in order.
type matched struct {
	*operation
	variables []string
}

func newRoutes(table []operation) *routes {
	top := &routes{}
	for i := range table {
		at, variables := top, []string(nil)

		// Variables are named by the operation and not by the place: two operations may share a
		// place and call it differently.
		for segment := range strings.SplitSeq(table[i].path, "/") {
			var names []string
			at, names = at.grow(segment)
			variables = append(variables, names...)
		}

		if at.operations == nil {
			at.operations = map[string]*matched{}
		}
		at.operations[table[i].method] = &matched{&table[i], variables}
	}

	return top
}

// grow returns the place behind a segment of a pattern, and the variables in it.
func (r *routes) grow(segment string) (*routes, []string) {
	if strings.HasPrefix(segment, "{") {
		if r.variable == nil {
			r.variable = &routes{}
		}
		return r.variable, []string{strings.Trim(segment, "{}")}
	}

	var names []string

	// Written one way whatever the order of the arguments, so that one look-up finds it.
	if name, arguments, ok := function(segment); ok {
		arguments = lowered(arguments)
		segment = signature(name, arguments)
		for _, key := range slices.Sorted(maps.Keys(arguments)) {
			names = append(names, strings.Trim(arguments[key], "{}"))
		}
	}

	segment = strings.ToLower(segment) // clients write segments in any case
	if r.next == nil {
		r.next = map[string]*routes{}
	}
	if r.next[segment] == nil {
		r.next[segment] = &routes{}
	}

	return r.next[segment], names
}

// function takes a segment such as filterByCurrentUser(on='approver') apart.
func function(segment string) (name string, arguments map[string]string, ok bool) {
	name, inner, ok := strings.Cut(segment, "(")
	inner, closed := strings.CutSuffix(inner, ")")
	if !ok || !closed || name == "" {
		return "", nil, false
	}

	arguments = map[string]string{}
	for inner != "" {
		key, rest, ok := strings.Cut(inner, "='")
		if !ok {
			return "", nil, false
		}
		value, rest, ok := cutQuote(rest)
		if !ok {
			return "", nil, false
		}

		arguments[strings.TrimSpace(key)] = value
		inner = strings.TrimPrefix(strings.TrimSpace(rest), ",")
	}

	const namespace = "microsoft.graph."
	if len(name) > len(namespace) && strings.EqualFold(name[:len(namespace)], namespace) {
		name = name[len(namespace):]
	}
	return name, arguments, true
}

// cutQuote returns the text up to its closing quote, doubled quotes made one, and the rest.
func cutQuote(s string) (text, rest string, ok bool) {
	for i := 0; i < len(s); i++ {
		if s[i] != '\'' {
			continue
		}
		if i+1 < len(s) && s[i+1] == '\'' {
			i++
			continue
		}
		return strings.ReplaceAll(s[:i], "''", "'"), s[i+1:], true
	}
	return "", "", false
}

// lowered returns the arguments of a function under their names in lower case.
func lowered(arguments map[string]string) map[string]string {
	all := make(map[string]string, len(arguments))
	for key, value := range arguments {
		all[strings.ToLower(key)] = value
	}
	return all
}

func signature(name string, arguments map[string]string) string {
	return name + "(" + strings.Join(slices.Sorted(maps.Keys(arguments)), ",") + ")"
}

// find returns the operation of a request with the values of its variables.
func (r *routes) find(method string, path string) (*operation, map[string]string, error) {
	var segments []string
	for segment := range strings.SplitSeq(strings.TrimSuffix(path, "/"), "/") {
		// Unescaped segment by segment, so that an escaped slash stays within its segment.
		if plain, err := url.PathUnescape(segment); err == nil {
			segment = plain
		}
		segments = append(segments, keyed(segment)...)
	}

	at, values := r.walk(segments, nil)
	if at == nil {
		return nil, nil, entitlement.Errorf(entitlement.NotFound, "There is nothing at this path.")
	}

	found, ok := at.operations[method]
	if !ok || found.elsewhere {
		return nil, nil, &failure{status: http.StatusMethodNotAllowed, code: "notAllowed", message: "This path does not take the method " + clip(method) + ".",
			header: http.Header{"Allow": {strings.Join(slices.Sorted(maps.Keys(at.operations)), ", ")}}}
	}

	variables := map[string]string{}
	for i, name := range found.variables {
		variables[name] = values[i]
	}
	return found.operation, variables, nil
}

// keyed takes catalogs('id') apart, which is another way to write catalogs/id.
func keyed(segment string) []string {
	name, inner, ok := strings.Cut(segment, "('")
	inner, closed := strings.CutSuffix(inner, ")")
	if !ok || !closed || name == "" || strings.Contains(name, "(") {
		return []string{segment}
	}
	if value, rest, ok := cutQuote(inner); ok && rest == "" && value != "" {
		return []string{name, value}
	}
	return []string{segment}
}

// walk follows the segments; a plain segment goes before a variable.
func (r *routes) walk(segments []string, values []string) (*routes, []string) {
	if len(segments) == 0 {
		if r.operations == nil {
			return nil, nil
		}
		return r, values
	}

	segment, rest := segments[0], segments[1:]
	if next := r.next[strings.ToLower(segment)]; next != nil {
		if found, v := next.walk(rest, values); found != nil {
			return found, v
		}
	}

	if name, arguments, ok := function(segment); ok {
		arguments = lowered(arguments)
		if next := r.next[strings.ToLower(signature(name, arguments))]; next != nil {
			more := slices.Clone(values)
			for _, key := range slices.Sorted(maps.Keys(arguments)) {
				more = append(more, arguments[key])
			}
			return next.walk(rest, more)
		}
	}

	// Last, so that nothing in a path of ours can be taken for an id.
	if r.variable != nil && segment != "" {
		return r.variable.walk(rest, append(slices.Clone(values), segment))
	}
	return nil, nil
}

// clip shortens what a client sent before it is said back.
func clip(s string) string { return entitlement.Clip(s, 64) }
