package engine

import (
	"fmt"
	"strings"
	"sync"
)

// Limits of expressions.
const (
	maxExpression = 4096
	maxOperators  = 300
	maxKept       = 10_000 // parsed expressions; beyond it, forgetting all is simplest
)

// source is the text of all expressions of one action; none is empty where there is none.
type source struct{ condition, update, key string }

// parsed is what the texts of an action say. It holds places instead of names and
// values, so that every action of the same texts shares it.
type parsed struct {
	from       source
	attributes []token // each once: words, and placeholders of names
	names      int     // how many of them are placeholders
	values     []string
	terms      []*node // of the condition, all of which must hold
	changes    []change
	keys       []keyTerm
}

// node is a part of a condition.
type node struct {
	op    op
	size  bool // the left side is the size of the attribute
	at    int  // the attribute
	value int
	parts []*node
}

// op is what a node demands.
type op string

const (
	opOr         op = "OR"
	opAnd        op = "AND"
	opNot        op = "NOT"
	opExists     op = "attribute_exists"
	opNotExists  op = "attribute_not_exists"
	opContains   op = "contains"
	opBeginsWith op = "begins_with"
	opBetween    op = "BETWEEN"
	opEqual      op = "="
	opUnequal    op = "<>"
	opLess       op = "<"
	opAtMost     op = "<="
	opMore       op = ">"
	opAtLeast    op = ">="
)

// clause is a section of an update.
type clause string

const (
	clauseSet    clause = "SET"
	clauseRemove clause = "REMOVE"
	clauseAdd    clause = "ADD"
	clauseDelete clause = "DELETE"
)

// none stands for an attribute or a value that is not there.
const none = -1

// change is what an update does to one attribute.
type change struct {
	clause clause
	at     int // the attribute
	unless int // the attribute whose value goes first, if it has one; or none
	value  int
}

// keyTerm is a condition on a key attribute.
type keyTerm struct {
	op    op
	at    int
	value int
	upper int // of BETWEEN
}

// parses keeps what was parsed, for all engines.
var parses struct {
	sync.RWMutex
	known map[source]*parsed
}

// parse returns what the texts of an action say.
func parse(s source) (*parsed, error) {
	parses.RLock()
	known := parses.known[s]
	parses.RUnlock()
	if known != nil {
		return known, nil
	}

	out := &parsed{from: s}
	for _, part := range []struct {
		what, text string
		read       func(*parser)
	}{{"ConditionExpression", s.condition, (*parser).condition}, {"UpdateExpression", s.update, (*parser).update}, {"KeyConditionExpression", s.key, (*parser).keyCondition}} {
		if part.text == "" {
			continue
		}
		if err := read(out, part.what, part.text, part.read); err != nil {
			return nil, err
		}
	}

	// Two that read the same texts at once make the same, so the later one may stay.
	parses.Lock()
	defer parses.Unlock()
	if parses.known == nil || len(parses.known) >= maxKept {
		parses.known = map[source]*parsed{}
	}
	parses.known[s] = out

	return out, nil
}

// parser reads one expression. It stops at the first thing that is wrong, by a panic
// that read catches.
type parser struct {
	what      string // the parameter
	rest      string
	token     token
	out       *parsed
	operators int
	bracketed *node // what was read last between parentheses
}

// wrong is what a parser stops at.
type wrong struct{ error }

func read(out *parsed, what, text string, rule func(*parser)) (err error) {
	if len(text) > maxExpression {
		return invalid("Invalid %s: Expression size has exceeded the maximum allowed size", what)
	}

	// The parser gives up by a panic of its own type; any other one goes on its way.
	defer func() {
		if w, ok := recover().(wrong); ok {
			err = w.error
		}
	}()

	p := &parser{what: what, rest: text, out: out}
	p.next()
	rule(p)
	if p.token.kind != end {
		p.syntax(p.token.text)
	}

	return nil
}

// fail stops at something that the service refuses.
func (p *parser) fail(format string, args ...any) {
	panic(wrong{invalid("Invalid %s: %s", p.what, fmt.Sprintf(format, args...))})
}

func (p *parser) syntax(at string) { p.fail("Syntax error; near: %q", at) }

// beyond stops at something that the engine does not know.
func (p *parser) beyond(format string, args ...any) {
	panic(wrong{unimplemented("in a %s: %s", p.what, fmt.Sprintf(format, args...))})
}

// attribute reads the name of an attribute.
func (p *parser) attribute() int {
	t := p.token
	switch {
	case t.kind == word && reserved[strings.ToUpper(t.text)]:
		p.fail("Attribute name is a reserved keyword; reserved keyword: %s", t.text)
	case t.kind != word && t.kind != name:
		p.syntax(t.text)
	}

	p.next()
	if p.token == (token{symbol, "."}) || p.token == (token{symbol, "["}) {
		p.beyond("a path into %s", t.text)
	}
	// An attribute that stands twice is one: conditions and changes meet in its number.
	for i, known := range p.out.attributes {
		if known == t {
			return i
		}
	}

	p.out.attributes = append(p.out.attributes, t)
	if t.kind == name {
		p.out.names++
	}

	return len(p.out.attributes) - 1
}

// value reads the placeholder of a value.
func (p *parser) value() int {
	t := p.token
	if t.kind != bound {
		p.beyond("%q where a value stands", t.text)
	}
	p.next()
	for i, known := range p.out.values {
		if known == t.text {
			return i
		}
	}
	p.out.values = append(p.out.values, t.text)
	return len(p.out.values) - 1
}

// operator counts an operator or a function.
func (p *parser) operator() {
	if p.operators++; p.operators > maxOperators {
		p.fail("The expression contains too many operators; operator count: %d", p.operators)
	}
}
