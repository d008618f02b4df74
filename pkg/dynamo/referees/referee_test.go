package referees

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"sync"
	"testing"

	"leasehold/pkg/clock"
	"leasehold/pkg/dynamo"
	"leasehold/pkg/dynamo/dynamotest"
)

// referee is another reading of the same service.
type referee struct {
	name   string
	start  func() (*dynamotest.Emulator, error) // once
	units  bool                                 // its figures of write units are the service's
	simple bool                                 // what it makes of large numbers and of fractions is its own
	asSent bool                                 // it gives some numbers back as they were sent, and not as the service keeps them
	// accepts are wrong calls that it is known to take, and which are not put to it.
	accepts []string
	// excuses are classes of difference: each says whether two outcomes are of it.
	excuses map[string]func(s step, ours, theirs outcome) bool
}

var all = []*referee{dynamoDBLocal(), miniStack()}

func TestMain(m *testing.M) {
	code := m.Run()
	installed := false
	for _, r := range all {
		if e, err := r.start(); err == nil {
			installed = true
			e.Stop()
		}
	}
	if !installed {
		fmt.Println("\ntesting: warning: no tests to run") // which "go test" puts beside its "ok"
	}
	os.Exit(code)
}

// each runs a test with each referee that is installed, and skips it aloud with the others.
func each(t *testing.T, test func(t *testing.T, r *referee, client dynamo.Client, table string)) {
	for _, r := range all {
		t.Run(r.name, func(t *testing.T) {
			_, err := r.start()
			if errors.Is(err, dynamotest.ErrNone) || errors.Is(err, dynamotest.ErrNoDynamoDBLocal) {
				fmt.Fprintln(os.Stderr, err)
				t.Skip(err)
			}
			if err != nil {
				t.Fatal(err)
			}
			e, _ := r.start()
			test(t, r, e.Client(), r.table(t))
		})
	}
}

// table makes an empty table.
func (r *referee) table(t *testing.T) string {
	t.Helper()
	name := "referee-" + clock.System{}.New()
	e, err := r.start()
	if err == nil {
		err = e.CreateTable(t.Context(), name)
	}
	if err != nil {
		t.Fatal(err)
	}
	return name
}

func once(start func() (*dynamotest.Emulator, error)) func() (*dynamotest.Emulator, error) {
	return sync.OnceValues(start)
}

// compare returns the class of a known difference, and whether there is any at all.
func (r *referee) compare(s step, mine, theirs outcome) (class string, differ bool) {
	if r.asSent {
		mine.text, theirs.text = byValue(mine.text), byValue(theirs.text)
	}
	if !r.units {
		mine.units, theirs.units = 0, 0
	}
	if mine == theirs {
		return "", false
	}
	for _, name := range slices.Sorted(maps.Keys(r.excuses)) {
		if r.excuses[name](s, mine, theirs) {
			return name, true
		}
	}
	return "", true
}

// count is how often something was met, in the order of its names.
type count map[string]int

func (c count) log(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(c)) {
		t.Logf("%6d  %s", c[name], name)
	}
}
