package engine

// Terms returns the terms that a condition joins by AND, each as a Condition has it. It
// asks for no values.
func Terms(condition string, attributes map[string]string) ([]string, error) {
	p, err := parse(source{condition: condition})
	if err != nil {
		return nil, err
	}

	x := expression{parsed: p}
	for _, a := range p.attributes {
		meant := a.text
		if a.kind == name {
			meant = attributes[a.text]
		}
		x.named = append(x.named, meant)
	}

	var all []string
	for _, n := range p.terms {
		all = append(all, x.text(n))
	}

	return all, nil
}
