package referees

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"leasehold/pkg/dynamo"
	"leasehold/pkg/dynamo/engine"
)

var (
	steps = flag.Int("referees.steps", 1500, "calls that each referee judges")
	seed  = flag.Uint64("referees.seed", 1, "of the calls that are drawn")
)

// between is how many calls there are between two looks at the whole table.
const between = 25

// TestDrawnCalls plays drawn calls on the engine and on each referee, and demands the same
// outcomes, but for the classes of difference named. It stops at the first other one, since
// those after it say nothing.
func TestDrawnCalls(t *testing.T) {
	each(t, func(t *testing.T, r *referee, client dynamo.Client, table string) {
		p := &pair{referee: r, ours: engine.New(engine.Options{Table: table, Seed: 3}), theirs: client, table: table}
		if n, difference := p.play(*seed, *steps); difference != "" {
			t.Fatalf("call %d of seed %d: %s", n, *seed, difference)
		}
		p.kinds.log(t)
		p.classes.log(t)
	})
}

// pair is the engine and a referee, which hold the same.
type pair struct {
	*referee
	ours, theirs   dynamo.Client
	table          string
	kinds, classes count // of outcomes, and of differences known
}

// play puts calls to both, until they differ: then it returns which call it was, and how.
func (p *pair) play(seed uint64, steps int) (n int, difference string) {
	d := newDrawer(seed, p.table, p.simple)
	p.kinds, p.classes = count{}, count{}
	for n := range steps {
		s := d.step()
		if slices.Contains(p.accepts, s.odd) {
			p.classes["not asked: "+s.odd]++
			continue
		}
		difference := p.step(s)
		if difference == "" && (n%between == 0 || n == steps-1) {
			difference = p.sameTables()
		}
		if difference != "" {
			return n, difference
		}
	}
	return steps, ""
}

// step puts one call to both.
func (p *pair) step(s step) (difference string) {
	before := held(p.ours, p.table)
	mine := one(p.ours, s.in)
	if mine.missing {
		p.classes["not implemented"]++
		return ""
	}
	p.kinds[verdict(mine.text)]++
	theirs := one(p.theirs, s.in)
	class, differ := p.compare(s, mine, theirs)
	switch {
	case class != "":
		p.classes[class]++
	case differ:
		return fmt.Sprintf("%q\n%s\nthe engine: %+v\n%s: %+v\nbefore:\n%s", s.odd, describe(s.in), mine, p.name, theirs, before)
	}
	return ""
}

// one makes a call. Of an index it reads all pages, since rows that sort alike have no order.
func one(c dynamo.Client, in any) outcome {
	if q, ok := in.(*dynamodb.QueryInput); ok && q.IndexName != nil {
		out, err := everyPage(c, q)
		return came(q, out, err)
	}
	out, err := call(context.Background(), c, in)
	return came(in, out, err)
}

// held writes all that an engine holds.
func held(c dynamo.Client, table string) string {
	var all []string
	for _, p := range partitions {
		out, err := c.Query(context.Background(), &dynamodb.QueryInput{TableName: &table, KeyConditionExpression: aws.String("pk = :p"), ExpressionAttributeValues: item{":p": text(p)}})
		if err != nil {
			return err.Error()
		}
		for _, it := range out.Items {
			all = append(all, "  "+show(it))
		}
	}
	return strings.Join(all, "\n")
}

// sameTables compares what both hold.
func (p *pair) sameTables() (difference string) {
	for index, all := range map[string][]string{"": partitions, "index1": {"P", "Q", "R"}, "index2": {"P", "Q", "R"}} {
		for _, of := range all {
			in := &dynamodb.QueryInput{TableName: &p.table, KeyConditionExpression: aws.String("#p = :p"),
				ExpressionAttributeNames: map[string]string{"#p": "pk"}, ExpressionAttributeValues: item{":p": text(of)}}
			if index != "" {
				in.IndexName, in.ExpressionAttributeNames = &index, map[string]string{"#p": "i" + index[5:] + "p"}
			}
			mine, theirs := one(p.ours, in), one(p.theirs, in)
			if _, differ := p.compare(step{in: in}, mine, theirs); differ {
				return fmt.Sprintf("after it, partition %s of %q:\nthe engine: %s\n%s: %s", of, index, mine.text, p.name, theirs.text)
			}
		}
	}
	return ""
}
