// Package strict reads JSON bodies without mercy: what a client sends is either meant
// and understood, or refused with the name of the member that was not.
//
// A body becomes a tree of Objects. Whoever reads one asks it for each member by name
// and type; Done refuses whatever nobody asked for. Members whose name holds "@odata."
// are annotations, and are skipped where nobody asks. The first thing that is wrong is
// remembered and is the answer of Done, so that reading needs no checks between.
package strict

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"leasehold/pkg/entitlement"
)

// MaxDepth is how deeply a body may be nested.
const MaxDepth = 32

// number is a JSON number as it was written.
type number string

// Parse reads a body that is one JSON object and nothing else.
func Parse(body []byte) (*Object, error) {
	if bytes.HasPrefix(body, []byte("\xef\xbb\xbf")) {
		return nil, entitlement.Errorf(entitlement.Invalid, "The body begins with a byte order mark; send plain UTF-8.")
	}

	d := jsontext.NewDecoder(bytes.NewReader(body))
	v, err := read(d, 1)
	if err != nil {
		return nil, explain(err)
	}

	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, entitlement.Errorf(entitlement.Invalid, "The body goes on after its end at byte %d.", d.InputOffset())
	}

	members, ok := v.(map[string]any)
	if !ok {
		return nil, entitlement.Errorf(entitlement.Invalid, "The body must be a JSON object.")
	}

	return root(members), nil
}

// read reads one value: nil, bool, string, number, []any or map[string]any. Nesting is
// counted before anything is read at that depth.
func read(d *jsontext.Decoder, depth int) (any, error) {
	if depth > MaxDepth {
		return nil, entitlement.Errorf(entitlement.Invalid, "The body is nested more than %d levels deep.", MaxDepth)
	}

	switch d.PeekKind() {
	case '{':
		return readObject(d, depth)
	case '[':
		return readArray(d, depth)
	}

	t, err := d.ReadToken()
	if err != nil {
		return nil, err
	}

	switch t.Kind() {
	case 'n':
		return nil, nil
	case 't', 'f':
		return t.Bool(), nil
	case '0':
		return number(t.String()), nil
	default:
		return t.String(), nil
	}
}

func readObject(d *jsontext.Decoder, depth int) (any, error) {
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}

	members := map[string]any{}

	for d.PeekKind() != '}' {
		name, err := d.ReadToken()
		if err != nil {
			return nil, err
		}

		// The decoder refuses names that come twice.
		key := name.String()
		if members[key], err = read(d, depth+1); err != nil {
			return nil, err
		}
	}

	_, err := d.ReadToken()
	return members, err
}

func readArray(d *jsontext.Decoder, depth int) (any, error) {
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}

	list := []any{}
	for d.PeekKind() != ']' {
		v, err := read(d, depth+1)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}

	_, err := d.ReadToken()
	return list, err
}

// explain says what is wrong with the syntax in words of our own.
func explain(err error) error {
	if _, ok := errors.AsType[*entitlement.Error](err); ok {
		return err
	}
	syntactic, ok := errors.AsType[*jsontext.SyntacticError](err)
	switch {
	case !ok:
		return entitlement.Wrap(entitlement.Invalid, "read body", err, "The body ends in the middle of its JSON.")
	case errors.Is(err, jsontext.ErrDuplicateName):
		return entitlement.Errorf(entitlement.Invalid, "The member %s stands there twice.", place(syntactic.JSONPointer))
	default:
		return entitlement.Wrap(entitlement.Invalid, "read body", err, "The body is not valid JSON at byte "+strconv.FormatInt(syntactic.ByteOffset, 10)+".")
	}
}

// place writes a JSON pointer the way members are named everywhere else: a.b[0].c.
func place(p jsontext.Pointer) string {
	var b strings.Builder
	for name := range p.Tokens() {
		if _, err := strconv.ParseUint(name, 10, 32); err == nil {
			b.WriteString("[" + name + "]")
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('.')
		}
		b.WriteString(name)
	}
	return clip(b.String())
}

// clip shortens a name that a client made up before it is said back.
func clip(s string) string { return entitlement.Clip(s, 160) }
