package audit

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"leasehold/pkg/dynamo"
	"leasehold/pkg/dynamo/engine"
	"leasehold/pkg/entitlement"
)

// large is a table that is read as a whole in the order of its keys, in pages as they are asked
// for, and that measures what is alive while it is.
type large struct {
	table
	sorted      []dynamo.Key
	pages       int
	least, most uint64
}

func (t *large) Scan(ctx context.Context, in *dynamodb.ScanInput, _ ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error) {
	from := 0
	if in.ExclusiveStartKey != nil {
		at, _ := slices.BinarySearchFunc(t.sorted, keyOf(in.ExclusiveStartKey), byKey)
		from = at + 1
	}
	to := min(from+int(aws.ToInt32(in.Limit)), len(t.sorted))
	out := &dynamodb.ScanOutput{Items: make([]map[string]types.AttributeValue, 0, to-from)}
	for _, key := range t.sorted[from:to] {
		out.Items = append(out.Items, t.get(ctx, key))
	}
	if to < len(t.sorted) {
		out.LastEvaluatedKey = itemKey(t.sorted[to-1])
	}

	// With the page in hand, and whatever is kept of those before it.
	if t.pages++; t.pages%20 == 0 {
		if now := settled(); now > t.least {
			t.most = max(t.most, now-t.least)
		}
	}
	return out, nil
}

func byKey(a, b dynamo.Key) int { return strings.Compare(a.PK+" "+a.SK, b.PK+" "+b.SK) }

func settled() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// A table of any size is verified in the memory of a page: of what was whole nothing is kept.
func TestS11_AHundredThousandEventsAreVerifiedInLittleMemory(t *testing.T) {
	const chains, each, most = 1_000, 100, 16 << 20
	e := &large{table: table{engine.New(engine.Options{Table: "table"}), map[dynamo.Key]bool{}}}
	db := dynamo.New(e, "table")
	for n := range chains {
		p := entitlement.AccessPackage{ID: entitlement.PackageID(fmt.Sprintf("00000000-0000-4000-8000-%012d", n)), DisplayName: "P"}
		var events []entitlement.Event
		for range each {
			next, event := p.Chain.Append(entitlement.Event{Aggregate: entitlement.OfPackage, ID: string(p.ID), Kind: "updated", Actor: "eve", At: time.Unix(1_800_000_000, 0)})
			p.Chain, events = next, append(events, event)
		}
		for part := range slices.Chunk(events[:each-10], 90) { // a transaction has a hundred parts
			if err := db.Commit(t.Context(), entitlement.Change{Events: part}); err != nil {
				t.Fatal(err)
			}
		}
		if err := db.Commit(t.Context(), entitlement.Change{Packages: []entitlement.AccessPackage{p}, Events: events[each-10:]}); err != nil {
			t.Fatal(err)
		}
	}
	for key := range e.keys {
		e.sorted = append(e.sorted, key)
	}
	slices.SortFunc(e.sorted, byKey)

	e.least = settled()
	var out strings.Builder
	if err := (Verifier{Client: e, Table: "table", Out: &out}).Verify(t.Context()); err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("%d objects with %d events were checked.\n", chains, chains*each); !strings.HasPrefix(out.String(), want) {
		t.Errorf("said %q, want %q", out.String(), want)
	}
	t.Logf("%d events on %d pages, %.1f MiB of heap at most", chains*each, e.pages, float64(e.most)/(1<<20))
	if e.pages < 200 || e.most > most {
		t.Errorf("it takes %d bytes of heap, want at most %d, on %d pages", e.most, most, e.pages)
	}
}
