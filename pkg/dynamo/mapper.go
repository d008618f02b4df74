package dynamo

import (
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

// Attributes of every item.
const (
	attrType    = "t"
	attrSchema  = "z"
	attrVersion = "v"
)

// schema is the layout of items that this code writes, and the only one that it reads:
// none was ever deployed before it, so nothing turns an earlier one into this.
const schema = 2

// mapper says how one kind of aggregate lies in the table.
type mapper[T any] struct {
	tag       string           // its type attribute
	noun      string           // what people call it
	part      entitlement.Part // what a refused change of it is called
	key       func(T) Key
	name      func(*T, Key) // gives back the ids that only the key holds
	meta      func(*T) *entitlement.Meta
	body      func(*fields, *T)
	indexKeys func(T) indexKeys // nil: in no index

	// expires says when nobody needs the item any more, zero for never; nil: always never.
	expires func(T) time.Time

	first func(T) int64 // the version that it begins with; nil: one
}

// write returns the item of a value at a version.
func (s mapper[T]) write(v T, version int64) item {
	it := writing(&v, s.body)
	f := &fields{item: it}
	chain(f, &s.meta(&v).Chain)
	seal(it, s.key(v), s.tag, version)

	if s.indexKeys != nil {
		index(it, s.indexKeys(v))
	}
	if s.expires != nil {
		// The attribute counts whole seconds, and an item must not go before its time.
		if at := s.expires(v); !at.IsZero() {
			it[names.AttrTTL] = numeral(at.Unix() + 1)
		}
	}

	return it
}

// read returns the value of an item.
func (s mapper[T]) read(it item) (T, error) {
	var v T
	version, err := open(it, s.tag)
	if err != nil {
		return v, err
	}
	f := &fields{item: it, reading: true}
	s.name(&v, keyOf(it))
	s.body(f, &v)
	m := s.meta(&v)
	chain(f, &m.Chain)
	m.Version = version
	return v, f.failure(it)
}

// seal gives an item its key and the attributes that every item has.
func seal(it item, key Key, tag string, version int64) {
	texts := &[...]types.AttributeValueMemberS{{Value: key.PK}, {Value: key.SK}, {Value: tag}}
	it[names.AttrPK], it[names.AttrSK] = &texts[0], &texts[1]
	it[attrType], it[attrSchema], it[attrVersion] = &texts[2], numeral(schema), numeral(version)
}

// open checks the attributes that every item has. An item of a later schema is never
// guessed at: it waits for code that knows it.
func open(it item, tag string) (version int64, err error) {
	kind, number := textOf(it, attrType), numberOf(it, attrSchema)
	if number > schema {
		return 0, entitlement.Wrap(entitlement.Internal, "read item", fmt.Errorf("%w: %v has schema %d, known is %d", entitlement.ErrUnreadable, keyOf(it), number, schema),
			"This was written by a newer version of the service. Try again later.")
	}
	if kind != tag || number < schema {
		return 0, unreadable(it, fmt.Errorf("type %q with schema %d, want %q", kind, number, tag))
	}
	return numberOf(it, attrVersion), nil
}

// VersionOf returns an item's version, which grows with each write of it. Only a grant set's
// does not: it is written under a claim.
func VersionOf(it map[string]types.AttributeValue) (version int64, grows bool) {
	return numberOf(it, attrVersion), textOf(it, attrType) != tagGrantSet
}

// index gives an item its places in the indexes.
func index(it item, r indexKeys) {
	if r.first.partition != "" {
		it[names.AttrI1P], it[names.AttrI1S] = literal(r.first.partition), literal(r.first.sort)
	}
	if r.second.partition != "" {
		it[names.AttrI2P], it[names.AttrI2S] = literal(r.second.partition), literal(r.second.sort)
	}
	if r.offers.partition != "" {
		it[names.AttrI5P], it[names.AttrI5S] = literal(r.offers.partition), literal(r.offers.sort)
	}
}

// failure turns an attribute that could not be read into an error.
func (f *fields) failure(it item) error {
	if f.err == nil {
		return nil
	}
	return unreadable(it, f.err)
}

func unreadable(it item, err error) error {
	return &entitlement.Error{Kind: entitlement.Internal, Op: "read item", Err: fmt.Errorf("%w: %v: %w", entitlement.ErrUnreadable, keyOf(it), err)}
}

func keyOf(it item) Key { return Key{textOf(it, names.AttrPK), textOf(it, names.AttrSK)} }

func (k Key) item() item {
	texts := &[...]types.AttributeValueMemberS{{Value: k.PK}, {Value: k.SK}}
	return item{names.AttrPK: &texts[0], names.AttrSK: &texts[1]}
}

func textOf(it item, name string) string {
	if s, ok := it[name].(*types.AttributeValueMemberS); ok {
		return s.Value
	}
	return ""
}

func numberOf(it item, name string) int64 {
	if n, ok := it[name].(*types.AttributeValueMemberN); ok {
		v, _ := strconv.ParseInt(n.Value, 10, 64)
		return v
	}
	return 0
}
