package engine

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

type (
	value = types.AttributeValue
	item  = map[string]types.AttributeValue

	text    = types.AttributeValueMemberS
	number  = types.AttributeValueMemberN
	binary  = types.AttributeValueMemberB
	truth   = types.AttributeValueMemberBOOL
	null    = types.AttributeValueMemberNULL
	texts   = types.AttributeValueMemberSS
	numbers = types.AttributeValueMemberNS
	blobs   = types.AttributeValueMemberBS
	list    = types.AttributeValueMemberL
	object  = types.AttributeValueMemberM
)

// equal reports that two checked values are the same: numbers by their value, sets
// without regard to order.
func equal(a, b value) bool {
	switch a := a.(type) {
	case *text:
		b, ok := b.(*text)
		return ok && a.Value == b.Value
	case *number:
		b, ok := b.(*number)
		return ok && a.Value == b.Value
	case *binary:
		b, ok := b.(*binary)
		return ok && bytes.Equal(a.Value, b.Value)
	case *truth:
		b, ok := b.(*truth)
		return ok && a.Value == b.Value
	case *null:
		_, ok := b.(*null)
		return ok
	case *texts:
		b, ok := b.(*texts)
		return ok && sameMembers(a.Value, b.Value, sameText)
	case *numbers:
		b, ok := b.(*numbers)
		return ok && sameMembers(a.Value, b.Value, sameText)
	case *blobs:
		b, ok := b.(*blobs)
		return ok && sameMembers(a.Value, b.Value, bytes.Equal)
	case *list:
		b, ok := b.(*list)
		return ok && slices.EqualFunc(a.Value, b.Value, equal)
	case *object:
		b, ok := b.(*object)
		return ok && sameItem(a.Value, b.Value)
	}
	// Of two types.
	return false
}

func sameText(a, b string) bool { return a == b }

// sameMembers compares sets, whose members are distinct.
func sameMembers[T any](a, b []T, same func(T, T) bool) bool {
	if len(a) != len(b) {
		return false
	}
	return !slices.ContainsFunc(a, func(m T) bool {
		return !slices.ContainsFunc(b, func(n T) bool { return same(m, n) })
	})
}

func sameItem(a, b item) bool {
	if len(a) != len(b) {
		return false
	}
	for name, v := range a {
		if w, ok := b[name]; !ok || !equal(v, w) {
			return false
		}
	}
	return true
}

// order compares two values of one type that has an order.
func order(a, b value) (n int, ok bool) {
	switch a := a.(type) {
	case *text:
		if b, ok := b.(*text); ok {
			return cmp.Compare(a.Value, b.Value), true
		}
	case *number:
		if b, ok := b.(*number); ok {
			return compareNumbers(a.Value, b.Value), true
		}
	case *binary:
		if b, ok := b.(*binary); ok {
			return bytes.Compare(a.Value, b.Value), true
		}
	}
	// Of two types, or of one without an order.
	return 0, false
}

// contains reports that a text or a binary has a part, a set a member or a list an element.
func contains(v, part value) bool {
	switch v := v.(type) {
	case *text:
		part, ok := part.(*text)
		return ok && strings.Contains(v.Value, part.Value)
	case *binary:
		part, ok := part.(*binary)
		return ok && bytes.Contains(v.Value, part.Value)
	case *texts:
		part, ok := part.(*text)
		return ok && slices.Contains(v.Value, part.Value)
	case *numbers:
		part, ok := part.(*number)
		return ok && slices.Contains(v.Value, part.Value)
	case *blobs:
		part, ok := part.(*binary)
		return ok && slices.ContainsFunc(v.Value, func(m []byte) bool { return bytes.Equal(m, part.Value) })
	case *list:
		return slices.ContainsFunc(v.Value, func(e value) bool { return equal(e, part) })
	}

	return false
}

// length is what the function size says of a value; of some it says nothing.
func length(v value) (n int, ok bool) {
	switch v := v.(type) {
	case *text:
		for _, r := range v.Value {
			n++
			if r > 0xFFFF {
				n++ // in UTF-16, as the service counts
			}
		}
		return n, true
	case *binary:
		return len(v.Value), true
	case *texts:
		return len(v.Value), true
	case *numbers:
		return len(v.Value), true
	case *blobs:
		return len(v.Value), true
	case *list:
		return len(v.Value), true
	case *object:
		return len(v.Value), true
	}
	return 0, false
}

// typeName is how messages call the type of a value.
func typeName(v value) string {
	switch v.(type) {
	case *text:
		return "S"
	case *number:
		return "N"
	case *binary:
		return "B"
	case *truth:
		return "BOOL"
	case *null:
		return "NULL"
	case *texts:
		return "SS"
	case *numbers:
		return "NS"
	case *blobs:
		return "BS"
	case *list:
		return "L"
	case *object:
		return "M"
	}
	return "none"
}
