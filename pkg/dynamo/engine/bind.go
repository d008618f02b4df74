package engine

import (
	"slices"

	"leasehold/pkg/names"
)

// expression is what an action's texts say of the attributes and values of its own.
type expression struct {
	*parsed
	named  []string // by place in attributes
	values []value  // by place in values
}

// sent are the expressions of an action as they came, with their placeholders.
type sent struct {
	condition, update, key *string
	names                  map[string]string
	values                 item
}

// bind reads the expressions of an action and gives their placeholders a meaning.
func (k keeper) bind(s sent) (expression, error) {
	var from source

	for _, part := range []struct {
		text *string
		to   *string
	}{{s.condition, &from.condition}, {s.update, &from.update}, {s.key, &from.key}} {
		if part.text == nil {
			continue
		}
		if *part.text == "" {
			return expression{}, invalid("The expression can not be empty")
		}
		*part.to = *part.text
	}

	if err := placeholders(s, from); err != nil {
		return expression{}, err
	}
	// What the texts say is kept from call to call; what their placeholders mean is not.
	p, err := parse(from)
	if err != nil {
		return expression{}, err
	}

	x := expression{parsed: p}
	if err := x.name(s.names); err != nil {
		return x, err
	}
	if err := x.fill(k, s.values); err != nil {
		return x, err
	}
	return x, x.typed()
}

// placeholders refuses those of no expression, and maps of none.
func placeholders(s sent, from source) error {
	if s.names != nil && len(s.names) == 0 {
		return invalid("ExpressionAttributeNames must not be empty")
	}
	if s.values != nil && len(s.values) == 0 {
		return invalid("ExpressionAttributeValues must not be empty")
	}
	if from == (source{}) && len(s.names)+len(s.values) > 0 {
		return invalid("ExpressionAttributeNames and ExpressionAttributeValues can only be specified when using expressions")
	}
	return nil
}

func (x *expression) name(all map[string]string) error {
	if len(x.attributes) == 0 && len(all) == 0 {
		return nil
	}

	x.named = make([]string, len(x.attributes))
	for i, a := range x.attributes {
		x.named[i] = a.text
		if a.kind != name {
			continue
		}

		meant, ok := all[a.text]
		if !ok {
			return invalid("An expression attribute name used in the document path is not defined; attribute name: %s", a.text)
		}
		if meant == "" {
			return invalid("ExpressionAttributeNames contains invalid value: Empty attribute name for key %s", a.text)
		}
		x.named[i] = meant
	}
	// Too many are refused as too few are: what is unused is a mistake at the service too.
	if len(all) != x.names {
		return invalid("Value provided in ExpressionAttributeNames unused in expressions")
	}
	return nil
}

func (x *expression) fill(k keeper, all item) error {
	// Each placeholder is in the list once, so a longer map has some that are unused.
	if len(all) > len(x.parsed.values) {
		return invalid("Value provided in ExpressionAttributeValues unused in expressions")
	}
	if len(x.parsed.values) == 0 {
		return nil
	}

	x.values = make([]value, len(x.parsed.values))
	for i, placeholder := range x.parsed.values {
		v, ok := all[placeholder]
		if !ok {
			return invalid("An expression attribute value used in expression is not defined; attribute value: %s", placeholder)
		}
		var err error
		if x.values[i], err = k.value(v, 0); err != nil {
			return err
		}
	}

	return nil
}

// typed refuses what no item could make right: values that an operator does not take,
// an attribute that is changed twice, and one that is part of a key.
func (x *expression) typed() error {
	for _, n := range x.terms {
		if err := x.typedNode(n); err != nil {
			return err
		}
	}

	for i, c := range x.changes {
		if err := x.typedChange(c); err != nil {
			return err
		}
		for _, o := range x.changes[:i] {
			if x.named[o.at] == x.named[c.at] {
				return invalid("Invalid UpdateExpression: Two document paths overlap with each other; must remove or rewrite one of these paths: %s", x.named[c.at])
			}
		}
	}
	return nil
}

func (x *expression) typedNode(n *node) error {
	for _, part := range n.parts {
		if err := x.typedNode(part); err != nil {
			return err
		}
	}

	switch n.op {
	// An order is asked for, so the value must be of a type that has one.
	case opLess, opAtMost, opMore, opAtLeast:
		v := x.values[n.value]
		if _, ordered := order(v, v); !ordered {
			return invalid("Invalid ConditionExpression: Incorrect operand type for operator or function; operator or function: %s, operand type: %s", n.op, typeName(v))
		}
	}
	return nil
}

func (x *expression) typedChange(c change) error {
	var v value
	if c.value != none {
		v = x.values[c.value]
	}

	switch at := x.named[c.at]; {
	case at == names.AttrPK || at == names.AttrSK:
		return invalid("One or more parameter values were invalid: Cannot update attribute %s. This attribute is part of the key", at)
	// A number is added to a number, and a set to a set.
	case c.clause == clauseAdd && typeName(v) == "N":
	case c.clause == clauseAdd, c.clause == clauseDelete:
		if _, ok := union(v, v); !ok {
			return invalid("Invalid UpdateExpression: Incorrect operand type for operator or function; operator: %s, operand type: %s", c.clause, typeName(v))
		}
	case c.clause == clauseSet && isIndexKey(at):
		if s, ok := v.(*text); ok && s.Value == "" {
			return invalid("One or more parameter values are not valid. The update expression attempted to update a secondary index key to a value that is not supported. The AttributeValue for a key attribute cannot contain an empty string value.")
		}
	}
	return nil
}

func isIndexKey(attribute string) bool {
	return slices.ContainsFunc(names.Indexes, func(x names.Index) bool { return attribute == x.Partition || attribute == x.Sort })
}
