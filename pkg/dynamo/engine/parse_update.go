package engine

// update reads the sections of an update, each at most once.
func (p *parser) update() {
	if p.token.kind == end {
		p.fail("The expression can not be empty")
	}

	seen := map[clause]bool{}
	for p.token.kind != end {
		section := p.section()
		if seen[section] {
			p.fail("The %q section can only be used once in an update expression", section)
		}

		seen[section] = true
		p.out.changes = append(p.out.changes, p.change(section))
		for p.take(",") {
			p.out.changes = append(p.out.changes, p.change(section))
		}
	}
}

func (p *parser) section() clause {
	for _, c := range []clause{clauseSet, clauseRemove, clauseAdd, clauseDelete} {
		if p.take(string(c)) {
			return c
		}
	}
	p.syntax(p.token.text)
	return ""
}

func (p *parser) change(section clause) change {
	c := change{clause: section, at: p.attribute(), unless: none, value: none}
	switch section {
	case clauseRemove:
	case clauseSet:
		p.expect(string(opEqual))
		if p.token.kind == word {
			c.unless = p.fallback()
		}
		c.value = p.value()
		if c.unless != none {
			p.expect(")")
		}
		// The service can add there; the store never does, so it is not built.
		if p.token == (token{symbol, "+"}) || p.token == (token{symbol, "-"}) {
			p.beyond("sums")
		}
	default:
		c.value = p.value()
	}

	return c
}

// fallback reads the beginning of if_not_exists, and the attribute that goes first.
func (p *parser) fallback() int {
	f := p.token.text
	if !p.calls() {
		p.beyond("an attribute that is copied")
	}

	switch f {
	case "if_not_exists":
	case "list_append":
		p.beyond("%s", f)
	default:
		p.fail("Invalid function name; function: %s", f)
	}

	p.operator()
	p.next()
	p.expect("(")
	at := p.attribute()
	p.expect(",")

	return at
}
