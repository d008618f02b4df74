package engine

// keyCondition reads the conditions on the keys of a query.
func (p *parser) keyCondition() {
	p.keyTerm()
	for p.take(string(opAnd)) {
		p.keyTerm()
	}
	if p.keyword(string(opOr)) {
		p.fail("Invalid operator used in KeyConditionExpression: OR")
	}
}

func (p *parser) keyTerm() {
	if p.keyword(string(opNot)) {
		p.fail("Invalid operator used in KeyConditionExpression: NOT")
	}

	if p.take("(") {
		p.keyTerm()
		p.expect(")")
		return
	}

	if p.token.kind == word && p.calls() {
		p.out.keys = append(p.out.keys, p.beginsWith())
		return
	}

	if p.token.kind == bound {
		p.beyond("a value on the left")
	}

	k := keyTerm{at: p.attribute(), upper: none}
	if p.take(string(opBetween)) {
		k.op, k.value = opBetween, p.value()
		p.expect(string(opAnd))
		k.upper = p.value()
	} else {
		if k.op = p.comparator(); k.op == opUnequal {
			p.fail("Invalid operator used in KeyConditionExpression: %s", k.op)
		}
		k.value = p.value()
	}

	p.out.keys = append(p.out.keys, k)
}

func (p *parser) beginsWith() keyTerm {
	if p.token.text != string(opBeginsWith) {
		p.fail("Invalid operator used in KeyConditionExpression: %s", p.token.text)
	}
	p.next()
	p.expect("(")
	k := keyTerm{op: opBeginsWith, at: p.attribute(), upper: none}
	p.expect(",")
	k.value = p.value()
	p.expect(")")
	return k
}
