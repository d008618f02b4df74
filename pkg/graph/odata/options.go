package odata

import (
	"net/url"
	"strconv"
	"strings"

	"leasehold/pkg/entitlement"
)

// Options are the query options of one request.
type Options struct {
	Filter    *Filter // nil where none was sent
	Select    []string
	Expand    []Expand
	Top       int // 0 where none was sent
	Count     bool
	SkipToken string
}

// Expand asks for a navigation property, with options of its own.
type Expand struct {
	Name   string
	Select []string
	Expand []Expand
}

// Bounds of the options (A12, S21).
const (
	maxTop      = 999
	maxOption   = 2000 // bytes of $select and $expand
	maxExpands  = 20
	maxNesting  = 4
	maxPageText = 4096
)

// SkipToken is the option that continues a list.
const SkipToken = "$skiptoken"

// ignored are options that are taken and change nothing: Graph promises to honour them
// nowhere on these resources.
var ignored = map[string]bool{"$orderby": true, "$search": true, "$skip": true, "$format": true}

// Parse reads the options of a query. Names beginning with $ that are unknown are
// refused; others are not options, and are left alone.
func Parse(query url.Values) (Options, error) {
	var o Options
	for name, values := range query {
		option := strings.ToLower(name)
		if !strings.HasPrefix(option, "$") || ignored[option] {
			continue
		}

		if len(values) != 1 {
			return o, entitlement.Errorf(entitlement.Invalid, "The option %s was sent %d times.", clip(name), len(values))
		}

		if err := o.set(option, values[0]); err != nil {
			return o, err
		}
	}
	return o, nil
}

func (o *Options) set(option, value string) (err error) {
	switch option {
	case "$filter":
		o.Filter, err = ParseFilter(value)
	case "$select":
		o.Select, err = names(option, value)
	case "$expand":
		o.Expand, err = parseExpand(value)
	case "$top":
		if o.Top, err = strconv.Atoi(value); err != nil || o.Top < 1 || o.Top > maxTop {
			err = entitlement.Errorf(entitlement.Invalid, "$top must be a number from 1 to %d.", maxTop)
		}
	case "$count":
		if o.Count, err = strconv.ParseBool(strings.ToLower(value)); err != nil {
			err = entitlement.Errorf(entitlement.Invalid, "$count must be true or false.")
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
		key, value, _ := strings.Cut(strings.TrimSpace(option), "=")
		var err error
		switch strings.ToLower(key) {
		case "$expand":
			e.Expand, err = expandList(value, depth+1, left)
		case "$select":
			e.Select, err = names("$select", value)
		case "$filter", "$orderby", "$top", "$skip", "$count", "$levels", "$search":
			// Graph honours these nowhere inside an expand.
		default:
			err = entitlement.Errorf(entitlement.Invalid, "$expand: %q is not an option.", clip(key))
		}

		if err != nil {
			return e, err
		}
	}

	return e, nil
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
