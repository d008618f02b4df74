package sim

import (
	"cmp"
	"context"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"leasehold/pkg/dynamo"
	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/dynamo/engine"
	"leasehold/pkg/dynamo/faults"
	"leasehold/pkg/entitlement"
)

// What becomes of the calls that the product makes of DynamoDB. They are the seven of
// dynamo.Client and no others, so none is without faults because somebody forgot.

const tableName = "table"

// processes are how many copies of the product serve calls side by side.
const processes = 3

// newTable makes the table, and the copies of the product that use it.
func (w *simulation) newTable(p Plan) {
	o := engine.Options{Table: tableName, Share: true, Now: w.instant, Seed: p.Number, Committed: w.commits}
	// Only a run that lists them keeps the conditions: it is slow.
	if p.Lists {
		w.conditions = dynamotest.Conditions{}
	}

	if w.lag = p.Lag; w.lag > 0 {
		o.Lag, o.Stale = w.seen, w.stale
	}
	if len(p.Waive) > 0 {
		o.Waive = dynamotest.Waive(p.Waive...)
	}

	table := engine.New(o)
	w.reached = faults.Wrap(table, faults.Hooks{Before: w.begins, After: w.ends, Unread: w.unread})

	// What the checks read is never late, and nothing goes wrong with it.
	w.truth = dynamo.New(table, tableName, dynamo.OneByOne())

	for i := range w.processes {
		w.processes[i] = w.newProcess()
	}
	w.store = &store{w.processes[0], w}
	w.scheduler.goesOn = func(inv *invocation) { w.store.DB = w.processOf(inv) }
}

// newProcess starts a copy of the product, which knows nothing yet.
func (w *simulation) newProcess() *dynamo.DB {
	return dynamo.New(w.reached, tableName, dynamo.Pausing(w.pause), dynamo.OneByOne(), dynamo.Drawing(w.fill))
}

// processOf returns the copy that an invocation runs in: one that knows what earlier ones
// read, or one that has just been started.
func (w *simulation) processOf(inv *invocation) *dynamo.DB {
	if inv.process == nil {
		d := mix(inv.seed, 41)
		at := below(d, processes)
		if below(mix(d), 4) == 0 {
			w.processes[at] = w.newProcess()
		}
		inv.process = w.processes[at]
	}
	return inv.process
}

// fill draws the secret that events are chained with, which the log of a run shows the
// use of. It is made with the simulation, by one call alone.
func (w *simulation) fill(b []byte) {
	for i := range b {
		if i%8 == 0 {
			w.drawn++
		}
		b[i] = byte(mix(w.number, 53, w.drawn) >> (8 * (i % 8)))
	}
}

// instant is the time by which the table tells older changes from later ones: no two are
// of the same.
func (w *simulation) instant() time.Time {
	w.instants++
	return time.Now().Add(w.instants)
}

// Settle lets every index see what was written until now.
func (w *simulation) Settle() { w.settledAt = w.instant() }

// seen says how much of what is new in a partition of an index a read sees. In a directed
// scenario an index is behind by the same number of changes all the time.
func (w *simulation) seen(ctx context.Context, index, partition string, unseen []time.Time) int {
	inv, n := invocationOf(ctx), len(unseen)
	// Checks, and the end of a run, see the index as it is.
	if inv == nil || w.resting {
		return n
	}

	late := w.lag
	if w.script == nil {
		late = below(mix(w.choice, uint64(w.turns), hashed(index), hashed(partition)), w.lag+1)
	}
	n = max(0, n-late)
	// What was written before the last long pause is seen: no index is minutes behind.
	for n < len(unseen) && !unseen[n].After(w.settledAt) {
		n++
	}

	if n < len(unseen) {
		inv.faults[StaleRead]++
		w.counted(faults.Query, StaleRead)
	}
	return n
}

// stale says whether a read of an item that need not be strong sees it as it was before.
func (w *simulation) stale(ctx context.Context, key engine.Key, written time.Time) bool {
	inv := invocationOf(ctx)
	if inv == nil || w.resting || !written.After(w.settledAt) || below(mix(w.choice, uint64(w.turns), hashed(key.PK), hashed(key.SK)), 3) > 0 {
		return false
	}
	inv.faults[StaleRead]++
	w.counted(faults.BatchGetItem, StaleRead)
	return true
}

// decided is a change with when it was decided on.
type decided struct {
	entitlement.Change
	at time.Time
}

type decidedKey struct{}

// commits has the oracle hear of a change when it takes effect, whatever is answered then.
func (w *simulation) commits(ctx context.Context, writes []engine.Write) {
	w.oracle.builds(writes)
	d, is := ctx.Value(decidedKey{}).(*decided)
	if !is || w.op != faults.TransactWriteItems {
		return
	}
	inv := invocationOf(ctx)
	// A watch that begins or is lifted changes nothing that anybody sees.
	watch := len(d.Watches) > 0 && len(d.Packages) == 0
	if inv != nil && !watch {
		inv.writes++
	}
	w.oracle.committed(inv, d.Change, d.at)
}

// begun is when the first call of a read took effect, by the number of commits before it.
type begun struct {
	seq int
	is  bool
}

type begunKey struct{}

// noted has a read note when it began.
func (w *simulation) noted(ctx context.Context) (context.Context, *begun) {
	b := &begun{}
	return context.WithValue(ctx, begunKey{}, b), b
}

// begins has a call wait for its turn, and go wrong before it has an effect.
func (w *simulation) begins(ctx context.Context, c faults.Call) error {
	inv, fault := invocationOf(ctx), Fine
	if inv == nil {
		w.last = Fine
	} else {
		// Until it is let go on, a call runs beside others and touches nothing of the simulation.
		var err error
		if fault, err = w.takeTurn(inv, sortOf(c), w.labelOfCall(ctx, c), c.Op); err != nil {
			return err
		}
	}

	w.op = c.Op
	if w.conditions != nil {
		w.conditions.Collect(c)
	}

	if inv == nil {
		return nil
	}

	if b, is := ctx.Value(begunKey{}).(*begun); is && !b.is {
		b.seq, b.is = w.oracle.seq, true
	}

	switch d := mix(inv.seed, uint64(inv.calls)); fault {
	case FailBefore:
		return faults.Down()
	case Throttled:
		return throttled(c, d)
	case Conflicted:
		return conflicted(c, d)
	}
	return nil
}

// ends has a call go wrong once it had its effect.
func (w *simulation) ends(ctx context.Context, _ faults.Call, _ error) error {
	switch inv := invocationOf(ctx); {
	case inv == nil:
	case w.last == FailAfter, w.last == Retried:
		return faults.Silent()
	case w.last == CrashAfter:
		return w.die(inv)
	}
	return nil
}

// unread says which items of a batch are handed back: some, and not all.
func (w *simulation) unread(ctx context.Context, c faults.Call) []int {
	inv := invocationOf(ctx)
	if inv == nil || w.last != Unread {
		return nil
	}

	var back []int
	d := mix(inv.seed, uint64(inv.calls), 61)
	for i := range c.Keys {
		if d = mix(d); d%2 == 0 {
			back = append(back, i)
		}
	}
	// A batch that brings everything is no fault, so one item at least is handed back.
	if len(back) == 0 {
		back = []int{below(d, len(c.Keys))}
	}

	return back
}

// throttled is one of the ways in which a call is told that it is one too many.
func throttled(c faults.Call, d uint64) error {
	switch {
	case d%3 == 0:
		return faults.Throttled()
	case d%3 == 1 && c.Op == faults.TransactWriteItems:
		return faults.ThrottledWithin(c, below(mix(d), len(c.Keys)))
	default:
		return faults.TooFast()
	}
}

// conflicted is one of the ways in which a write is told that another one is under way.
func conflicted(c faults.Call, d uint64) error {
	if d%4 == 0 && c.Op == faults.TransactWriteItems {
		return faults.InProgress()
	}
	return faults.Conflict(c, below(mix(d), len(c.Keys)))
}

// pause has the product wait between two tries of a call, and now and then stand still
// there: what it has read of the first try is old then.
func (w *simulation) pause(ctx context.Context, try int) error {
	inv := invocationOf(ctx)
	if inv == nil {
		return nil
	}
	if inv.dead {
		return errDead
	}

	d := mix(inv.seed, uint64(inv.calls), uint64(try))
	wait := time.Duration(below(d, int(min(20*time.Millisecond<<try, time.Second))))
	if w.script != nil && w.script(inv, "Pause") == Frozen || w.script == nil && w.rate > 0 && !inv.calm && inv.applying == 0 && below(mix(d), 6) == 0 {
		inv.faults[Frozen]++
		wait = w.pauseLength(d) / 6 // within a lease
	}

	if !w.park(inv, "Pause", wait) {
		return errDead
	}
	return nil
}

// sortOf tells the sort of a call, which says what can go wrong with it.
func sortOf(c faults.Call) sort {
	// By what can go wrong with a call, and not by what it is called.
	switch c.Op {
	case faults.GetItem:
		return reads
	case faults.BatchGetItem:
		return batches
	case faults.Query:
		if c.Index != "" {
			return looks
		}
		return reads
	default:
		return writes
	}
}

// labelOfCall names what a call is about, so that equal calls have equal labels.
func (w *simulation) labelOfCall(ctx context.Context, c faults.Call) string {
	// A commit has no input that says what it is about; what was decided on does.
	if d, is := ctx.Value(decidedKey{}).(*decided); is && c.Op == faults.TransactWriteItems {
		return "Commit " + labelOf(d.Change)
	}

	var b strings.Builder
	b.Grow(labelLength)
	b.WriteString(string(c.Op))

	if in, is := c.Input.(*dynamodb.QueryInput); is {
		b.WriteString(c.Index)
		for _, placeholder := range []string{":v0", ":v1"} {
			if v, is := in.ExpressionAttributeValues[placeholder].(*types.AttributeValueMemberS); is {
				b.WriteByte(' ')
				shortKey(&b, v.Value)
			}
		}
		return b.String()
	}

	for _, key := range c.Keys {
		b.WriteByte(' ')
		shortKey(&b, key.PK)
		b.WriteByte(' ')
		shortKey(&b, key.SK)
	}
	return b.String()
}

// shortKey writes a key with its ids cut to the part that tells each from others.
func shortKey(b *strings.Builder, key string) {
	between := ""
	for w := range dynamo.Words(key) {
		b.WriteString(between)
		b.WriteString(short(w))
		between = "/"
	}
}

// Met counts what went wrong with the calls of DynamoDB, by operation.
type Met map[OpFault]int

// OpFault is an operation and what became of a call of it.
type OpFault struct {
	Op    faults.Op
	Fault Fault
}

func (w *simulation) counted(op faults.Op, fault Fault) {
	if w.met == nil {
		w.met = Met{}
	}
	w.met[OpFault{op, fault}]++
}

// String lists the faults by operation.
func (m Met) String() string {
	var b strings.Builder
	b.WriteString("faults of DynamoDB's calls:")
	var last faults.Op
	for _, at := range m.order() {
		if at.Op != last {
			b.WriteString("\n  " + string(at.Op) + ":")
			last = at.Op
		}
		b.WriteString(" " + at.Fault.String() + " " + number(int64(m[at])) + ";")
	}
	return b.String()
}

// Missed lists what could have gone wrong with a call of DynamoDB and never did, over all
// calls that there are.
func (m Met) Missed() []OpFault {
	var missed []OpFault
	calls := reflect.TypeFor[dynamo.Client]()
	for i := range calls.NumMethod() {
		op := faults.Op(calls.Method(i).Name)
		if op == faults.PutItem {
			continue // of the signing key alone, which is made with the simulation; the store's own tests fault it
		}

		can := slices.Clone(possible[sortOf(faults.Call{Op: op})])
		if op == faults.Query { // what need not be strong of the other reads is for lists, which the driver does not ask for
			can = append(can, StaleRead)
		}

		for _, f := range can {
			if at := (OpFault{op, f}); m[at] == 0 && !slices.Contains(missed, at) {
				missed = append(missed, at)
			}
		}
	}

	return missed
}

func (m Met) order() []OpFault {
	var all []OpFault
	for at := range m {
		all = append(all, at)
	}
	slices.SortFunc(all, func(a, b OpFault) int { return cmp.Or(cmp.Compare(a.Op, b.Op), cmp.Compare(a.Fault, b.Fault)) })
	return all
}
