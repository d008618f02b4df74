package engine

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"leasehold/pkg/names"
)

// search checks a query.
func (e *Engine) search(in *dynamodb.QueryInput, options []func(*dynamodb.Options)) (*search, error) {
	if err := unknownQuery(in, options); err != nil {
		return nil, err
	}
	if err := e.named(in.TableName); err != nil {
		return nil, err
	}

	s := &search{backward: in.ScanIndexForward != nil && !*in.ScanIndexForward, count: in.Select == types.SelectCount}

	if in.Limit != nil {
		if s.limit = int(*in.Limit); s.limit < 1 {
			return nil, invalid("Value at 'Limit' failed to satisfy constraint: Member must have value greater than or equal to 1")
		}
	}

	if in.IndexName != nil {
		nth := slices.IndexFunc(names.Indexes, func(x names.Index) bool { return x.ID == *in.IndexName })
		if nth < 0 {
			return nil, invalid("The table does not have the specified index: %s", *in.IndexName)
		}
		if aws.ToBool(in.ConsistentRead) {
			return nil, invalid("Consistent reads are not supported on global secondary indexes")
		}
		s.index = e.indexes[nth]
	} else if e.options.Stale != nil && !aws.ToBool(in.ConsistentRead) {
		// A query has no one item of which to tell how far behind it is.
		return nil, unimplemented("a query of the table that may be behind")
	}

	x, err := e.keeper().bind(sent{key: in.KeyConditionExpression, names: in.ExpressionAttributeNames, values: in.ExpressionAttributeValues})
	if err != nil {
		return nil, err
	}

	if err := s.bound(&x); err != nil {
		return nil, err
	}

	return s, s.start(in.ExclusiveStartKey)
}

// attributes returns the names of the key that the search goes by.
func (s *search) attributes() (partition, sort string) {
	if s.index != nil {
		return s.index.of.Partition, s.index.of.Sort
	}
	return names.AttrPK, names.AttrSK
}

// bound reads the conditions on the keys: the partition, and at most one on the sort value.
func (s *search) bound(x *expression) error {
	partition, sort := s.attributes()

	var hasPartition, hasSort bool

	for _, k := range x.keys {
		at := x.named[k.at]
		if at == partition && hasPartition || at == sort && hasSort {
			return invalid("KeyConditionExpressions must only contain one condition per key")
		}
		hasPartition, hasSort = hasPartition || at == partition, hasSort || at == sort

		if at != partition && at != sort {
			return invalid("Query condition missed key schema element: %s", at)
		}

		b, err := x.span(k, at)
		if err != nil {
			return err
		}
		switch {
		case at == sort:
			s.within = append(s.within, b)
		// A partition is named exactly: the service hashes it.
		case k.op != opEqual:
			return invalid("Query key condition not supported")
		default:
			s.partition = b.value
		}
	}

	if !hasPartition {
		return invalid("Query condition missed key schema element: %s", partition)
	}

	return nil
}

// span returns the bound that a condition on a key sets.
func (x *expression) span(k keyTerm, at string) (span, error) {
	b := span{op: k.op}
	var err error
	if b.value, err = keyValue(x.values[k.value], at); err != nil || k.upper == none {
		return b, err
	}
	if b.upper, err = keyValue(x.values[k.upper], at); err == nil && b.upper < b.value {
		err = invalid("The BETWEEN operator requires upper bound to be greater than or equal to lower bound")
	}
	return b, err
}

func keyValue(v value, at string) (string, error) {
	s, ok := v.(*text)
	switch {
	case !ok:
		return "", invalid("One or more parameter values were invalid: Condition parameter type does not match schema type")
	case s.Value == "":
		return "", invalid("One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: %s", at)
	}
	return s.Value, nil
}

// start reads where a page begins, which must be within the search.
func (s *search) start(from item) error {
	if from == nil {
		return nil
	}

	keys := 2
	if s.index != nil {
		keys += 2
	}

	key, err := keyOf(from)
	if err != nil || len(from) != keys {
		return invalid("The provided starting key is invalid")
	}

	s.after = &record{key: key}
	at := place{key.PK, key.SK}
	if s.index != nil {
		if at, err = placeOf(from, s.index.of); err != nil || at == (place{}) {
			return invalid("The provided starting key is invalid")
		}
		s.after.places[s.index.nth] = at
	}
	// A start outside of the span would skip what was asked for.
	if at.partition != s.partition || !s.covers(s.after) {
		return invalid("The provided starting key does not match the range key predicate")
	}

	return nil
}
