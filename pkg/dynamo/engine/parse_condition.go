package engine

// condition reads a condition, and takes it apart into the terms that it joins by AND.
func (p *parser) condition() {
	whole := p.either()
	if whole.op == opAnd {
		p.out.terms = whole.parts
	} else {
		p.out.terms = []*node{whole}
	}
}

// either reads terms joined by OR, which binds the least.
func (p *parser) either() *node { return p.joined(opOr, p.all) }

func (p *parser) all() *node { return p.joined(opAnd, p.negated) }

func (p *parser) joined(by op, part func() *node) *node {
	first := part()
	if !p.keyword(string(by)) {
		return first
	}
	whole := &node{op: by, parts: []*node{first}}
	for p.take(string(by)) {
		p.operator()
		whole.parts = append(whole.parts, part())
	}
	return whole
}

func (p *parser) negated() *node {
	if p.take(string(opNot)) {
		p.operator()
		return &node{op: opNot, parts: []*node{p.negated()}}
	}
	return p.primary()
}

func (p *parser) primary() *node {
	if p.take("(") {
		inner := p.either()
		p.expect(")")
		// The service refuses two pairs around one condition, so this does too.
		if p.bracketed == inner {
			p.fail("The expression has redundant parentheses")
		}
		p.bracketed = inner
		return inner
	}

	if p.token.kind == word && p.calls() {
		return p.function()
	}
	if p.token.kind == bound {
		p.beyond("a value on the left")
	}

	return p.comparison(&node{at: p.attribute()})
}

// calls reports that a parenthesis follows the token.
func (p *parser) calls() bool {
	ahead := *p
	ahead.next()
	return ahead.token == token{symbol, "("}
}

// function reads a condition that begins with a function.
func (p *parser) function() *node {
	f := p.token.text
	p.next()
	p.expect("(")

	p.operator()

	n := &node{op: op(f), value: none}

	switch f {
	case string(opExists), string(opNotExists):
		n.at = p.attribute()
	case string(opContains):
		n.at = p.attribute()
		p.expect(",")
		n.value = p.value()
	case "size":
		n.at, n.size = p.attribute(), true
		p.expect(")")
		return p.comparison(n)
	// Known at the service and not built here: better refused than half right.
	case "attribute_type", string(opBeginsWith):
		p.beyond("%s", f)
	default:
		p.fail("Invalid function name; function: %s", f)
	}

	p.expect(")")
	return n
}

// comparison reads what an attribute, or its size, is compared with.
func (p *parser) comparison(n *node) *node {
	n.op = p.comparator()
	n.value = p.value()
	return n
}

func (p *parser) comparator() op {
	if p.keyword(string(opBetween)) || p.keyword("IN") {
		p.beyond("%s", p.token.text)
	}
	o := op(p.token.text)
	switch o {
	case opEqual, opUnequal, opLess, opAtMost, opMore, opAtLeast:
		p.operator()
		p.next()
	default:
		p.syntax(p.token.text)
	}
	return o
}
