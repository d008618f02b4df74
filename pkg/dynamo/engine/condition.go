package engine

import (
	"strings"
)

// holds reports that every term of the condition is true of an item, which may be nil.
func (x *expression) holds(it item, waived func(*node) bool) bool {
	for _, n := range x.terms {
		if !x.true(n, it) && (waived == nil || !waived(n)) {
			return false
		}
	}
	return true
}

func (x *expression) true(n *node, it item) bool {
	switch n.op {
	case opAnd:
		for _, part := range n.parts {
			if !x.true(part, it) {
				return false
			}
		}
		return true
	case opOr:
		for _, part := range n.parts {
			if x.true(part, it) {
				return true
			}
		}
		return false
	case opNot:
		return !x.true(n.parts[0], it)
	}

	v, there := it[x.named[n.at]]

	switch {
	case n.op == opExists:
		return there
	case n.op == opNotExists:
		return !there
	// What is not there is unequal to everything, and in no other relation to anything.
	case !there:
		return n.op == opUnequal
	case n.size:
		long, ok := length(v)
		if !ok {
			return n.op == opUnequal
		}
		v = &number{Value: decimal(long)}
	case n.op == opContains:
		return contains(v, x.values[n.value])
	}

	return compares(n.op, v, x.values[n.value])
}

// compares reports that two values stand to each other as the operator says. Values of
// two types have no order.
func compares(o op, a, b value) bool {
	switch o {
	case opEqual:
		return equal(a, b)
	case opUnequal:
		return !equal(a, b)
	}

	n, ok := order(a, b)
	switch {
	case !ok:
		return false
	case o == opLess:
		return n < 0
	case o == opAtMost:
		return n <= 0
	case o == opMore:
		return n > 0
	default:
		return n >= 0
	}
}

// text writes a term with the attributes' names, and without values.
func (x *expression) text(n *node) string {
	switch n.op {
	case opAnd, opOr:
		parts := make([]string, len(n.parts))
		for i, part := range n.parts {
			parts[i] = x.text(part)
		}
		return "(" + strings.Join(parts, " "+string(n.op)+" ") + ")"
	case opNot:
		return "NOT " + x.text(n.parts[0])
	case opExists, opNotExists:
		return string(n.op) + "(" + x.named[n.at] + ")"
	case opContains:
		return "contains(" + x.named[n.at] + ", ?)"
	}

	left := x.named[n.at]
	if n.size {
		left = "size(" + left + ")"
	}
	return left + " " + string(n.op) + " ?"
}
