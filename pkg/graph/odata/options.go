package odata

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/order"
)

// Rows are the options that say which rows of a list are shown, and in which order. They
// are the same for the list that a call asks for and for one inside $expand.
type Rows struct {
	Filter  *Filter // nil where none was sent
	Search  *Search // nil where none was sent
	OrderBy []Order
	Top     int // 0 where none was sent
	Skip    int
	Count   bool
}

// Options are the query options of one request.
type Options struct {
	Rows
	Select    []string
	Expand    []Expand
	SkipToken string
	Sent      []string // the options that were sent, in order: $filter, $top
}

// Expand asks for a navigation property, with options of its own.
type Expand struct {
	Name string
	Rows
	Select []string
	Expand []Expand
	Sent   []string
}

// Bounds of the options (A12, S21).
const (
	maxTop      = 999
	maxSkip     = 10_000
	maxOption   = 2000 // bytes of $select, $expand, $orderby and $search
	maxExpands  = 20
	maxNesting  = 4
	maxPageText = 4096
)

// SkipToken is the option that continues a list.
const SkipToken = "$skiptoken"

// bare are the options that clients may write without their $, as Graph takes them.
var bare = map[string]bool{"filter": true, "search": true, "orderby": true, "top": true, "skip": true, "count": true,
	"select": true, "expand": true, "skiptoken": true, "format": true}

// IsSkipToken reports the name, as a client wrote it, of the option that continues a list.
func IsSkipToken(name string) bool {
	return optionNamed(name) == SkipToken
}

// optionNamed returns the option that a client means by a name; "" where it means none.
func optionNamed(name string) string {
	name = strings.ToLower(name)

	switch {
	case strings.HasPrefix(name, "$"):
		return name
	case bare[name]:
		return "$" + name
	default:
		return ""
	}
}

// Parse reads the options of a query. Names beginning with $ that are unknown are
// refused; others are not options, and are left alone.
func Parse(query url.Values) (Options, error) {
	var o Options

	for _, name := range slices.Sorted(maps.Keys(query)) {
		option := optionNamed(name)
		if option == "" {
			continue
		}

		if values := query[name]; len(values) != 1 || slices.Contains(o.Sent, option) {
			return o, entitlement.Errorf(entitlement.Invalid, "The option %s was sent %d times.", clip(option), max(2, len(values)))
		}
		o.Sent = append(o.Sent, option)

		if err := o.set(option, query[name][0]); err != nil {
			return o, err
		}
	}

	return o, nil
}

func (o *Options) set(option, value string) (err error) {
	if known, err := o.Rows.set(option, value); known {
		return err
	}

	switch option {
	case "$select":
		o.Select, err = names(option, value)
	case "$expand":
		o.Expand, err = parseExpand(value)
	case "$format":
		if format, _, _ := strings.Cut(strings.ToLower(value), ";"); format != "json" && format != "application/json" {
			err = entitlement.Errorf(entitlement.Invalid, "$format can only be json.")
		}
	case SkipToken:
		if o.SkipToken = value; value == "" || len(value) > maxPageText {
			err = entitlement.Errorf(entitlement.Invalid, "$skiptoken must be taken from a nextLink as it is.")
		}
	default:
		err = entitlement.Errorf(entitlement.Invalid, "There is no option %s.", clip(option))
	}

	return err
}

// set reads one of the options of rows; known is false for all others.
func (r *Rows) set(option, value string) (known bool, err error) {
	switch option {
	case "$filter":
		r.Filter, err = ParseFilter(value)
	case "$search":
		r.Search, err = parseSearch(value)
	case "$orderby":
		r.OrderBy, err = parseOrder(value)
	case "$top":
		if r.Top, err = strconv.Atoi(value); err != nil || r.Top < 1 || r.Top > maxTop {
			err = entitlement.Errorf(entitlement.Invalid, "$top must be a number from 1 to %d.", maxTop)
		}
	case "$skip":
		if r.Skip, err = strconv.Atoi(value); err != nil || r.Skip < 0 || r.Skip > maxSkip {
			err = entitlement.Errorf(entitlement.Invalid, "$skip must be a number from 0 to %d; to go further, follow the nextLink.", maxSkip)
		}
	case "$count":
		if r.Count, err = strconv.ParseBool(strings.ToLower(value)); err != nil {
			err = entitlement.Errorf(entitlement.Invalid, "$count must be true or false.")
		}
	default:
		return false, nil
	}
	return true, err
}

// Check refuses options that name what sample, a tree with every property, does not have.
func (r Rows) Check(sample map[string]any) error {
	if r.Filter != nil {
		if err := r.Filter.Check(sample); err != nil {
			return err
		}
	}

	if err := r.Search.check(sample); err != nil {
		return err
	}

	for _, o := range r.OrderBy {
		if err := o.check(sample); err != nil {
			return err
		}
	}
	return nil
}

// Match reports a tree that filter and search let through.
func (r Rows) Match(tree map[string]any) bool {
	return (r.Filter == nil || r.Filter.Match(tree)) && r.Search.match(tree)
}

// Of returns those of the trees that are shown, in their order, and how many there are
// beside $skip and $top. The trees are those of a whole list.
func (r Rows) Of(trees []map[string]any) (shown []map[string]any, count int) {
	for _, tree := range trees {
		if r.Match(tree) {
			shown = append(shown, tree)
		}
	}
	count = len(shown)

	order.SortStableFunc(shown, func(a, b map[string]any) int { return Compare(r.OrderBy, r.Keys(a), r.Keys(b)) })

	shown = shown[min(r.Skip, len(shown)):]
	if r.Top > 0 && len(shown) > r.Top {
		shown = shown[:r.Top]
	}
	return shown, count
}

// clip shortens what a client sent before it is said back.
func clip(s string) string { return entitlement.Clip(s, 64) }

func names(option, value string) ([]string, error) {
	if len(value) > maxOption {
		return nil, entitlement.Errorf(entitlement.Invalid, "%s must be at most %d bytes long.", option, maxOption)
	}
	var list []string
	for name := range strings.SplitSeq(value, ",") {
		name = strings.TrimSpace(name)
		if !isName(name) {
			return nil, entitlement.Errorf(entitlement.Invalid, "%s: %q is not the name of a property.", option, clip(name))
		}
		list = append(list, name)
	}
	return list, nil
}

func isName(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("_.@*/", c) >= 0) {
			return false
		}
	}
	return s != "" && len(s) <= 128
}

// parseExpand reads a,b($expand=c;$select=d).
func parseExpand(value string) ([]Expand, error) {
	if len(value) > maxOption {
		return nil, entitlement.Errorf(entitlement.Invalid, "$expand must be at most %d bytes long.", maxOption)
	}
	left := maxExpands
	return expandList(value, 0, &left)
}

func expandList(value string, depth int, left *int) ([]Expand, error) {
	if depth > maxNesting {
		return nil, entitlement.Errorf(entitlement.Invalid, "$expand goes more than %d levels deep.", maxNesting)
	}

	pieces, ok := split(value, ',')
	if !ok {
		return nil, entitlement.Errorf(entitlement.Invalid, "$expand: the brackets in %q do not match.", clip(value))
	}

	var list []Expand
	for _, piece := range pieces {
		if *left--; *left < 0 {
			return nil, entitlement.Errorf(entitlement.Invalid, "$expand names more than %d members.", maxExpands)
		}

		e, err := oneExpand(strings.TrimSpace(piece), depth, left)
		if err != nil {
			return nil, err
		}

		list = append(list, e)
	}

	return list, nil
}

func oneExpand(piece string, depth int, left *int) (Expand, error) {
	name, inner, nested := strings.Cut(piece, "(")
	e := Expand{Name: strings.TrimSpace(name)}

	if !isName(e.Name) {
		return e, entitlement.Errorf(entitlement.Invalid, "$expand: %q is not the name of a member.", clip(e.Name))
	}

	if !nested {
		return e, nil
	}

	inner = strings.TrimSuffix(inner, ")")
	options, ok := split(inner, ';')
	if !ok {
		return e, entitlement.Errorf(entitlement.Invalid, "$expand: the brackets in %q do not match.", clip(piece))
	}

	for _, option := range options {
		if err := e.set(strings.TrimSpace(option), depth, left); err != nil {
			return e, err
		}
	}

	return e, nil
}

// set reads one option inside of an $expand.
func (e *Expand) set(text string, depth int, left *int) (err error) {
	key, value, _ := strings.Cut(text, "=")

	option := optionNamed(strings.TrimSpace(key))
	if slices.Contains(e.Sent, option) {
		return entitlement.Errorf(entitlement.Invalid, "$expand: the option %s was sent twice for %s.", clip(option), clip(e.Name))
	}
	e.Sent = append(e.Sent, option)

	if known, err := e.Rows.set(option, value); known {
		return err
	}

	switch option {
	case "$expand":
		e.Expand, err = expandList(value, depth+1, left)
	case "$select":
		e.Select, err = names(option, value)
	default:
		err = entitlement.Errorf(entitlement.Invalid, "$expand: %q is not an option.", clip(key))
	}
	return err
}

// split cuts at a separator outside of brackets and quotes; false where these do not match.
func split(s string, separator byte) ([]string, bool) {
	var pieces []string
	depth, start, inText := 0, 0, false

	for i := range len(s) {
		switch c := s[i]; {
		case c == '\'':
			inText = !inText
		case inText:
		case c == '(':
			depth++
		case c == ')':
			if depth--; depth < 0 {
				return nil, false
			}
		case c == separator && depth == 0:
			pieces, start = append(pieces, s[start:i]), i+1
		}
	}

	return append(pieces, s[start:]), depth == 0 && !inText
}
