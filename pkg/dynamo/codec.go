package dynamo

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"leasehold/pkg/entitlement"
)

// item is an item, or a map within one.
type item = map[string]types.AttributeValue

// fields walks the members of a value, writing them into an item or reading them
// from it. One description serves both directions, so that they cannot differ.
// What is zero has no attribute.
type fields struct {
	item    item
	reading bool
	err     error // the first attribute that has another type than it should
}

// member returns an attribute of the expected type.
func member[M types.AttributeValue](f *fields, name string) (m M, ok bool) {
	v, found := f.item[name]
	if !found || f.err != nil {
		return m, false
	}
	if m, ok = v.(M); !ok {
		f.err = fmt.Errorf("attribute %s is a %T", name, v)
	}
	return m, ok
}

// text is a string as it is.
func text[T ~string](f *fields, name string, p *T) {
	if !f.reading {
		if *p != "" {
			f.item[name] = &types.AttributeValueMemberS{Value: string(*p)}
		}
		return
	}
	if m, ok := member[*types.AttributeValueMemberS](f, name); ok {
		*p = T(m.Value)
	}
}

// word is a text of which the known ones are written as their number. The list of
// known ones only ever grows at its end.
func word[T ~string](f *fields, name string, p *T, known []T) {
	if !f.reading {
		// A word that is new to this list is stored as text, and read back as such.
		if n := slices.Index(known, *p); n >= 0 {
			f.item[name] = numeral(int64(n))
			return
		}
		text(f, name, p)
		return
	}

	if _, coded := f.item[name].(*types.AttributeValueMemberN); !coded {
		text(f, name, p)
		return
	}

	var n int64
	if number(f, name, &n); n < 0 || n >= int64(len(known)) {
		f.err = fmt.Errorf("attribute %s has the unknown word %d", name, n)
		return
	}

	*p = known[n]
}

// idLike is an id that mostly equals another one of the same value: then it has no
// attribute.
func idLike[T, O ~string](f *fields, name string, p *T, other O) {
	if f.reading {
		if *p = T(other); f.item[name] != nil {
			id(f, name, p)
		}
		return
	}
	if string(*p) != string(other) {
		f.item[name] = packed(*p) // an empty one too
	}
}

// id is an id or a hash, packed.
func id[T ~string](f *fields, name string, p *T) {
	if !f.reading {
		if *p != "" {
			f.item[name] = packed(*p)
		}
		return
	}
	if m, ok := member[*types.AttributeValueMemberB](f, name); ok {
		*p = unpack[T](m.Value)
	}
}

// ids is a list of ids in its order.
func ids[T ~string](f *fields, name string, p *[]T) {
	if !f.reading {
		if len(*p) > 0 {
			l := make([]types.AttributeValue, len(*p))
			for i, v := range *p {
				l[i] = packed(v)
			}
			f.item[name] = &types.AttributeValueMemberL{Value: l}
		}
		return
	}

	if m, ok := member[*types.AttributeValueMemberL](f, name); ok {
		for _, v := range m.Value {
			b, ok := v.(*types.AttributeValueMemberB)
			if !ok {
				f.err = fmt.Errorf("attribute %s holds a %T", name, v)
				return
			}
			*p = append(*p, unpack[T](b.Value))
		}
	}
}

// idSet is a set of ids, sorted: what relative updates add to and take from.
func idSet[T ~string](f *fields, name string, p *[]T) {
	if !f.reading {
		if len(*p) > 0 {
			f.item[name] = packedSet(*p...)
		}
		return
	}
	if m, ok := member[*types.AttributeValueMemberBS](f, name); ok {
		for _, b := range m.Value {
			*p = append(*p, unpack[T](b))
		}
		slices.Sort(*p)
	}
}

// texts is a list of strings.
func texts(f *fields, name string, p *[]string) {
	list(f, name, p, func(f *fields, s *string) { text(f, "s", s) })
}

// labels is a map of strings.
func labels(f *fields, name string, p *map[string]string) {
	if !f.reading {
		if len(*p) > 0 {
			m := item{}
			for k, v := range *p {
				m[k] = &types.AttributeValueMemberS{Value: v}
			}
			f.item[name] = &types.AttributeValueMemberM{Value: m}
		}
		return
	}

	if m, ok := member[*types.AttributeValueMemberM](f, name); ok {
		*p = map[string]string{}
		for k, v := range m.Value {
			s, ok := v.(*types.AttributeValueMemberS)
			if !ok {
				f.err = fmt.Errorf("attribute %s holds a %T", name, v)
				return
			}
			(*p)[k] = s.Value
		}
	}
}

// number is a whole number or a duration.
func number[T ~int | ~int64](f *fields, name string, p *T) {
	if !f.reading {
		if *p != 0 {
			f.item[name] = numeral(int64(*p))
		}
		return
	}

	if m, ok := member[*types.AttributeValueMemberN](f, name); ok {
		n, err := strconv.ParseInt(m.Value, 10, 64)
		if err != nil {
			f.err = fmt.Errorf("attribute %s: %w", name, err)
		}
		*p = T(n)
	}
}

// flag is true or absent.
func flag(f *fields, name string, p *bool) {
	if !f.reading {
		if *p {
			f.item[name] = &types.AttributeValueMemberBOOL{Value: true}
		}
		return
	}
	if m, ok := member[*types.AttributeValueMemberBOOL](f, name); ok {
		*p = m.Value
	}
}

// when is an instant, as its nanoseconds since 1970: a third of the size of text, and
// comparable in conditions.
func when(f *fields, name string, p *time.Time) {
	if !f.reading {
		if !p.IsZero() {
			f.item[name] = instant(*p)
		}
		return
	}

	if m, ok := member[*types.AttributeValueMemberN](f, name); ok {
		t, ok := unInstant(m.Value)
		if !ok {
			f.err = fmt.Errorf("attribute %s is no instant", name)
			return
		}
		*p = t
	}
}

// chain is the head of an aggregate's events.
func chain(f *fields, c *entitlement.Chain) {
	number(f, "cn", &c.Number)
	id(f, "ch", &c.Hash)
}
