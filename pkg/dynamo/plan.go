package dynamo

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

// Limits of one transaction and of one item.
const (
	maxActions = 100
	maxItem    = 400 << 10
)

// plan collects the actions of one transaction, at most one on each item, each with
// the part of the Change that its refusal means.
type plan struct {
	db      *DB
	table   *string
	actions []types.TransactWriteItem
	parts   []entitlement.Part
	keys    []Key        // of the actions
	many    map[Key]bool // the same, once they are
	err     error        // the first reason why this cannot be one transaction
}

func newPlan(db *DB) *plan {
	return &plan{db: db, table: &db.table}
}

// refuse remembers why the change cannot be made.
func (p *plan) refuse(err error) {
	if p.err == nil {
		p.err = err
	}
}

func (p *plan) invalid(format string, args ...any) {
	p.refuse(entitlement.Errorf(entitlement.Invalid, format, args...))
}

func (p *plan) act(key Key, part entitlement.Part, w types.TransactWriteItem) {
	if p.touches(key) {
		p.invalid("One change may not touch the same item twice.")
		return
	}
	if p.actions == nil {
		p.actions, p.parts = make([]types.TransactWriteItem, 0, fewKeys), make([]entitlement.Part, 0, fewKeys)
	}
	p.actions, p.parts = append(p.actions, w), append(p.parts, part)
}

// touches notes a key, and reports one that is noted already.
func (p *plan) touches(key Key) bool {
	// Few keys are compared one by one, which is faster than a map and allocates nothing.
	if len(p.keys) < fewKeys {
		if slices.Contains(p.keys, key) {
			return true
		}
		p.keys = append(p.keys, key)
		return false
	}

	if p.many == nil {
		p.many = make(map[Key]bool, 2*fewKeys)
		for _, k := range p.keys {
			p.many[k] = true
		}
	}

	if p.many[key] {
		return true
	}
	p.many[key] = true
	return false
}

// put writes a whole item on the expression's condition.
func (p *plan) put(part entitlement.Part, it item, x *expression) {
	attrs, values := x.bindings()
	p.putOn(part, it, types.Put{ConditionExpression: x.condition(), ExpressionAttributeNames: attrs, ExpressionAttributeValues: values})
}

func (p *plan) putOn(part entitlement.Part, it item, put types.Put) {
	if ItemSize(it) > maxItem {
		p.invalid("This is too large to be stored: at most %d KB.", maxItem>>10)
		return
	}
	put.TableName, put.Item = p.table, it
	p.act(keyOf(it), part, types.TransactWriteItem{Put: &put})
}

// absent is that an item must not exist, under the names of pairs.
var absent = aws.String("attribute_not_exists(#n0)")

// putNew writes an item that must not exist.
func (p *plan) putNew(part entitlement.Part, it item) {
	p.putOn(part, it, types.Put{ConditionExpression: absent, ExpressionAttributeNames: pairs.of([2]string{names.AttrPK})})
}

func (p *plan) update(key Key, part entitlement.Part, x *expression) {
	attrs, values := x.bindings()
	p.act(key, part, types.TransactWriteItem{Update: &types.Update{TableName: p.table, Key: key.item(), UpdateExpression: x.update(),
		ConditionExpression: x.condition(), ExpressionAttributeNames: attrs, ExpressionAttributeValues: values}})
}

func (p *plan) delete(key Key, part entitlement.Part, x *expression) {
	attrs, values := x.bindings()
	p.act(key, part, types.TransactWriteItem{Delete: &types.Delete{TableName: p.table, Key: key.item(),
		ConditionExpression: x.condition(), ExpressionAttributeNames: attrs, ExpressionAttributeValues: values}})
}

func (p *plan) check(key Key, part entitlement.Part, x *expression) {
	attrs, values := x.bindings()
	p.act(key, part, types.TransactWriteItem{ConditionCheck: &types.ConditionCheck{TableName: p.table, Key: key.item(),
		ConditionExpression: x.condition(), ExpressionAttributeNames: attrs, ExpressionAttributeValues: values}})
}

// write puts, or erases, an aggregate on the version that it was decided on.
func write[T any](p *plan, s mapper[T], v T) {
	m := s.meta(&v)
	x := newExpression()

	switch {
	case m.Erased && m.Version == 0:
		p.refuse(entitlement.StaleError(s.part)) // what was never stored cannot go
	case m.Erased:
		x.equals(attrVersion, numeral(m.Version))
		p.delete(s.key(v), s.part, x)
	case m.Version == 0 && s.first != nil:
		p.putNew(s.part, s.write(v, s.first(v)))
	case m.Version == 0 && s.part == entitlement.PartConfiguration:
		p.putNew(entitlement.PartMade, s.write(v, 1))
	case m.Version == 0:
		p.putNew(s.part, s.write(v, 1))
	default:
		x.equals(attrVersion, numeral(m.Version))
		p.put(s.part, s.write(v, m.Version+1), x)
	}
}
