package engine

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"leasehold/pkg/names"
)

// Steps of what is charged.
const (
	writeStep = 1 << 10
	readStep  = 4 << 10
)

// units are what writes cost, on the table and on each index.
type units struct {
	table   float64
	indexes [5]float64
}

func steps(size, step int) float64 { return float64(max(1, (size+step-1)/step)) }

// add adds what one action costs: a unit for each KB begun of the larger one of its item
// before and after, so often as times says. A row of an index costs its own size, and
// twice that where it moves.
func (u *units) add(e *Engine, w *write, times float64) {
	u.table += times * steps(w.size(), writeStep)
	// A check writes no row, and so no index.
	if w.action == ConditionCheck {
		return
	}

	for i, x := range e.indexes {
		from, to, changed := x.moves(w.old, w.next)
		if !changed {
			continue
		}

		was, is := 0, 0
		if from.partition != "" {
			was = x.entry(w.old).size
		}
		if to.partition != "" {
			is = x.entry(w.next).size
		}
		switch {
		// In place: one write of the larger size. A move is a deletion and a put.
		case from == to:
			u.indexes[i] += steps(max(was, is), writeStep)
		default:
			if was > 0 {
				u.indexes[i] += steps(was, writeStep)
			}
			if is > 0 {
				u.indexes[i] += steps(is, writeStep)
			}
		}
	}
}

// report says what was consumed as far as somebody asked.
func (u *units) report(e *Engine, asked types.ReturnConsumedCapacity) *types.ConsumedCapacity {
	all := u.table
	for _, n := range u.indexes {
		all += n
	}

	c := &types.ConsumedCapacity{TableName: &e.options.Table, CapacityUnits: aws.Float64(all)}
	if asked != types.ReturnConsumedCapacityIndexes {
		return c
	}

	c.Table = &types.Capacity{CapacityUnits: aws.Float64(u.table)}
	// An index that nothing was consumed of is not named, as the service does not.
	for i, n := range u.indexes {
		if n > 0 {
			if c.GlobalSecondaryIndexes == nil {
				c.GlobalSecondaryIndexes = map[string]types.Capacity{}
			}
			c.GlobalSecondaryIndexes[names.Indexes[i].ID] = types.Capacity{CapacityUnits: aws.Float64(n)}
		}
	}

	return c
}

func wanted(asked types.ReturnConsumedCapacity) bool {
	return asked == types.ReturnConsumedCapacityIndexes || asked == types.ReturnConsumedCapacityTotal
}

// consumed is what a single write consumed, if somebody asked.
func (e *Engine) consumed(asked types.ReturnConsumedCapacity, w *write) *types.ConsumedCapacity {
	if !wanted(asked) {
		return nil
	}
	var u units
	u.add(e, w, 1)
	return u.report(e, asked)
}

// consumedTogether is what a transaction consumed: each item twice, since it is prepared
// and then written, but not its rows in the indexes. One that was made already only
// reads its items.
func (e *Engine) consumedTogether(asked types.ReturnConsumedCapacity, again bool, writes []*write) []types.ConsumedCapacity {
	if !wanted(asked) {
		return nil
	}

	var u units

	for _, w := range writes {
		if !again {
			u.add(e, w, transactional)
			continue
		}
		// Its items are read, to see that it was made.
		size := 0
		if r := e.table.find(w.key); r != nil {
			size = r.size
		}
		u.table += transactional * steps(size, readStep)
	}

	return []types.ConsumedCapacity{*u.report(e, asked)}
}
