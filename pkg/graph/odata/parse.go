package odata

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"leasehold/pkg/entitlement"
)

// Bounds of one filter (A12, S21).
const (
	maxFilter = 2000 // characters
	maxNodes  = 50
)

// node is one part of a filter. op is the operator or function in lower case, or
// "value" or "path".
type node struct {
	op    string
	args  []*node
	value any      // of a value
	path  []string // of a path
	bind  string   // variable of any and all
	at    int
}

// Filter is a parsed $filter.
type Filter struct {
	text string
	root *node
}

// functions are those that are understood, with the number of their arguments.
var functions = map[string]int{"contains": 2, "startswith": 2, "endswith": 2, "tolower": 1, "toupper": 1}

var comparisons = map[string]bool{"eq": true, "ne": true, "gt": true, "ge": true, "lt": true, "le": true}

// ParseFilter reads a filter; what it cannot read is Invalid, with the place quoted.
func ParseFilter(s string) (*Filter, error) {
	if len(s) > maxFilter*utf8.UTFMax || utf8.RuneCountInString(s) > maxFilter {
		return nil, entitlement.Errorf(entitlement.Invalid, "$filter must be at most %d characters long.", maxFilter)
	}
	if !utf8.ValidString(s) {
		return nil, entitlement.Errorf(entitlement.Invalid, "$filter must be valid UTF-8.")
	}

	// Bounded and valid by now: the parser is recursive, and its refusals quote the text.
	tokens, err := lex(s)
	if err != nil {
		return nil, err
	}

	p := &parser{text: s, tokens: tokens}
	root := p.or()
	if p.err == nil && p.peek().kind != endToken {
		p.fail("expected and, or, or the end")
	}

	return &Filter{text: s, root: root}, p.err
}

// parser descends recursively. Every step down makes a node, and nodes are counted, so
// that the bound on nodes bounds the depth. After the first error it only returns.
type parser struct {
	text   string
	tokens []token
	next   int
	nodes  int
	err    error
}

func (p *parser) peek() token { return p.tokens[p.next] }

// take consumes the next token where it is the word or symbol.
func (p *parser) take(text string) bool {
	if p.err != nil || !p.peek().is(text) {
		return false
	}
	p.next++
	return true
}

func (p *parser) expect(symbol string) {
	if p.err == nil && !p.take(symbol) {
		p.fail("expected " + symbol)
	}
}

func (p *parser) fail(why string) {
	if p.err == nil {
		p.err = misread(p.text, p.peek().at, why)
	}
}

func (p *parser) node(op string, args ...*node) *node {
	if p.nodes++; p.nodes > maxNodes && p.err == nil {
		p.err = entitlement.Errorf(entitlement.Invalid, "$filter has more than %d parts; ask for less at once.", maxNodes)
	}
	return &node{op: op, args: args, at: p.peek().at}
}

func (p *parser) or() *node {
	left := p.and()
	for p.take("or") {
		left = p.node("or", left, p.and())
	}
	return left
}

func (p *parser) and() *node {
	left := p.term()
	for p.take("and") {
		left = p.node("and", left, p.term())
	}
	return left
}

func (p *parser) term() *node {
	if p.err != nil {
		return p.node("value")
	}

	if p.take("not") {
		n := p.node("not")
		n.args = []*node{p.term()}
		return n
	}

	if p.peek().is("(") {
		group := p.node("group") // counted, so that brackets are bounded too
		p.next++
		group.args = []*node{p.or()}
		p.expect(")")
		return group
	}

	left := p.operand()
	if p.take("in") {
		return p.among(left)
	}

	op := strings.ToLower(p.peek().text)
	if p.err != nil || p.peek().kind != wordToken || !comparisons[op] {
		return left
	}

	p.next++
	return p.node(op, left, p.operand())
}

// among reads the values of in: ('a','b').
func (p *parser) among(left *node) *node {
	n := p.node("in", left)

	p.expect("(")
	for {
		value := p.operand()
		if p.err == nil && value.op != "value" {
			p.fail("expected values only, between the brackets of in")
		}
		n.args = append(n.args, value)

		if !p.take(",") {
			break
		}
	}
	p.expect(")")

	return n
}

// operand reads a literal, a path, a function, or a lambda at the end of a path.
func (p *parser) operand() *node {
	t := p.peek()
	n := p.node("value")

	switch {
	case p.err != nil:
	case t.kind == textToken:
		p.next++
		n.value = t.text
	case t.kind != wordToken:
		p.fail("expected a property, a function or a value")
	default:
		// A name is a function only before a bracket, so that properties may be called alike.
		p.next++
		if args, known := functions[strings.ToLower(t.text)]; known && p.peek().is("(") {
			p.call(n, strings.ToLower(t.text), args)
		} else if value, ok := literal(t.text); ok {
			n.value = value
		} else {
			p.path(n, t.text)
		}
	}

	return n
}

func (p *parser) call(n *node, name string, args int) {
	n.op = name
	p.expect("(")
	for i := range args {
		if i > 0 {
			p.expect(",")
		}
		n.args = append(n.args, p.operand())
	}
	p.expect(")")
}

func (p *parser) path(n *node, first string) {
	n.op, n.path = "path", []string{first}
	for p.take("/") {
		t := p.peek()
		if t.kind != wordToken {
			p.fail("expected a property after /")
			return
		}

		p.next++
		if (t.is("any") || t.is("all")) && p.peek().is("(") {
			p.lambda(n, strings.ToLower(t.text))
			return
		}

		n.path = append(n.path, t.text)
	}
}

// lambda reads (x:condition); any() alone asks for at least one.
func (p *parser) lambda(n *node, op string) {
	n.op = op
	p.expect("(")
	if op == "any" && p.take(")") {
		return
	}

	n.bind = p.peek().text
	if p.peek().kind != wordToken {
		p.fail("expected the name of a variable")
	} else {
		p.next++
	}

	p.expect(":")
	n.args = []*node{p.or()}
	p.expect(")")
}

// literal reads a bare word that is a value and not a name: true, false, null, a
// number, a date, a time, or a UUID.
func literal(word string) (any, bool) {
	switch strings.ToLower(word) {
	case "true":
		return true, true
	case "false":
		return false, true
	case "null":
		return nil, true

	}

	// A number may be NaN or Inf to Go and is a name here: it must begin like one.
	if n, err := strconv.ParseFloat(word, 64); err == nil && strings.IndexByte("0123456789-", word[0]) >= 0 {
		return n, true
	}

	if t, ok := instant(word); ok {
		return t, true
	}
	if id, err := entitlement.ParseID[string]("", word); err == nil {
		return id, true
	}

	return nil, false
}

func instant(word string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if t, err := time.Parse(layout, word); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}
