package dynamo

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// group is a struct within the item; absent where it is zero.
func group[T any](f *fields, name string, p *T, body func(*fields, *T)) {
	if !f.reading {
		if in := writing(p, body); len(in) > 0 {
			f.item[name] = &types.AttributeValueMemberM{Value: in}
		}
		return
	}
	if m, ok := member[*types.AttributeValueMemberM](f, name); ok {
		f.within(name, m.Value, func(in *fields) { body(in, p) })
	}
}

// optional is a struct behind a pointer: there, even where it is zero, or not.
func optional[T any](f *fields, name string, p **T, body func(*fields, *T)) {
	if !f.reading {
		if *p != nil {
			f.item[name] = &types.AttributeValueMemberM{Value: writing(*p, body)}
		}
		return
	}
	if m, ok := member[*types.AttributeValueMemberM](f, name); ok {
		*p = new(T)
		f.within(name, m.Value, func(in *fields) { body(in, *p) })
	}
}

// list is a list of structs.
func list[T any](f *fields, name string, p *[]T, body func(*fields, *T)) {
	if !f.reading {
		if len(*p) > 0 {
			l := make([]types.AttributeValue, len(*p))
			for i := range *p {
				l[i] = &types.AttributeValueMemberM{Value: writing(&(*p)[i], body)}
			}
			f.item[name] = &types.AttributeValueMemberL{Value: l}
		}
		return
	}

	if m, ok := member[*types.AttributeValueMemberL](f, name); ok {
		*p = make([]T, len(m.Value))
		for i, v := range m.Value {
			in, ok := v.(*types.AttributeValueMemberM)
			if !ok {
				f.err = fmt.Errorf("attribute %s holds a %T", name, v)
				return
			}
			f.within(name, in.Value, func(in *fields) { body(in, &(*p)[i]) })
		}
	}
}

func (f *fields) within(name string, in item, read func(*fields)) {
	inner := &fields{item: in, reading: true}
	read(inner)
	if inner.err != nil && f.err == nil {
		f.err = fmt.Errorf("%s: %w", name, inner.err)
	}
}

// writing returns the attributes of a value.
func writing[T any](p *T, body func(*fields, *T)) item {
	f := &fields{item: item{}}
	body(f, p)
	return f.item
}
