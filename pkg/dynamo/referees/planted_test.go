package referees

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"leasehold/pkg/dynamo"
	"leasehold/pkg/dynamo/engine"
)

// soon is within how many calls a mistake must be found.
const soon = 400

// TestPlantedMistakesAreFound plays drawn calls on engines with a mistake each, and demands
// that a referee finds it: else that both agree says nothing.
func TestPlantedMistakesAreFound(t *testing.T) {
	each(t, func(t *testing.T, r *referee, client dynamo.Client, _ string) {
		for name, plant := range mistakes {
			if name == unitsMistaken && !r.units {
				continue
			}
			t.Run(name, func(t *testing.T) {
				table := r.table(t)
				o := engine.Options{Table: table}
				c := plant(&o)
				c.Client = engine.New(o)
				p := &pair{referee: r, ours: c, theirs: client, table: table}
				n, difference := p.play(*seed, soon)
				if difference == "" {
					t.Fatalf("not found within %d calls", soon)
				}
				t.Logf("found at call %d", n)
			})
		}
	})
}

const unitsMistaken = "an item of a transaction counts once"

// mistaken is an engine that makes a mistake in what it is asked or what it answers.
type mistaken struct {
	dynamo.Client
	asked    func(*dynamodb.TransactWriteItemsInput)
	made     func(*dynamodb.TransactWriteItemsOutput)
	answered func(*dynamodb.QueryOutput)
}

func (m *mistaken) Query(ctx context.Context, in *dynamodb.QueryInput, options ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	out, err := m.Client.Query(ctx, in, options...)
	if err == nil && m.answered != nil {
		m.answered(out)
	}
	return out, err
}

func (m *mistaken) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, options ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	less := *in
	if m.asked != nil {
		m.asked(&less)
	}
	out, err := m.Client.TransactWriteItems(ctx, &less, options...)
	if err == nil && m.made != nil {
		m.made(out)
	}
	return out, err
}

var mistakes = map[string]func(o *engine.Options) *mistaken{
	"a condition is not looked at": func(o *engine.Options) *mistaken {
		o.Waive = func(c engine.Condition) bool { return strings.HasPrefix(c.Text, "attribute_exists") }
		return &mistaken{}
	},
	"a read is one write behind": func(o *engine.Options) *mistaken {
		o.Stale = func(context.Context, engine.Key, time.Time) bool { return true }
		return &mistaken{}
	},
	"an index does not follow": func(o *engine.Options) *mistaken {
		o.Lag = func(context.Context, string, string, []time.Time) int { return 0 }
		return &mistaken{}
	},
	"a page lacks its last row": func(*engine.Options) *mistaken {
		return &mistaken{answered: func(out *dynamodb.QueryOutput) { out.Items = out.Items[:max(0, len(out.Items)-1)] }}
	},
	"a transaction lacks its last action": func(*engine.Options) *mistaken {
		return &mistaken{asked: func(in *dynamodb.TransactWriteItemsInput) {
			in.TransactItems = in.TransactItems[:max(1, len(in.TransactItems)-1)]
		}}
	},
	unitsMistaken: func(*engine.Options) *mistaken {
		return &mistaken{made: func(out *dynamodb.TransactWriteItemsOutput) {
			c := out.ConsumedCapacity[0]
			c.CapacityUnits = aws.Float64(*c.CapacityUnits / 2)
			out.ConsumedCapacity[0] = c
		}}
	},
}
