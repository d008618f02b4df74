package sim

// Fault is what happens to one call that the product makes.
type Fault uint8

// The faults.
const (
	Fine        Fault = iota
	FailBefore        // it fails, without effect
	FailAfter         // it fails, after its effect
	Conflicted        // it meets another transaction, without effect
	Retried           // the answer was lost, and the client's second try was answered
	Throttled         // it is one too many, without effect
	Unread            // a part of a batch is handed back unread
	Slow              // it takes seconds
	CrashBefore       // the function dies before the effect
	CrashAfter        // the function dies after it
	Frozen            // the function stands still for minutes and goes on
	Lost              // a message never arrives
	Doubled           // a message arrives twice
	Delayed           // a message arrives late, and after later ones
	StaleRead         // a read by index does not see the last commits
	faultCount
)

var faultNames = [faultCount]string{"fine", "error before", "error after", "conflict", "retried", "throttled", "unread", "slow", "crash before", "crash after", "frozen", "lost", "doubled", "delayed", "stale read"}

// String names the fault.
func (f Fault) String() string { return faultNames[f] }

// sort is the sort of a call; it says what can go wrong with it.
type sort uint8

const (
	reads   sort = iota
	looks        // a read by index
	batches      // a read of several items
	writes
	delays  // of a message
	sends   // to a queue
	outside // to a target
)

// possible lists the faults of each sort of call, the likelier ones more than once.
var possible = [...][]Fault{
	reads:   {FailBefore, Throttled, Slow, CrashBefore, Frozen},
	looks:   {FailBefore, Throttled, Slow, CrashBefore, Frozen},
	batches: {FailBefore, Throttled, Unread, Unread, Slow, CrashBefore, Frozen},
	writes:  {FailBefore, FailAfter, FailAfter, Conflicted, Throttled, Retried, Slow, CrashBefore, CrashAfter, CrashAfter, Frozen},
	delays:  {FailBefore, FailAfter, CrashBefore, CrashAfter, Frozen},
	sends:   {FailBefore, FailAfter, CrashBefore, CrashAfter, Lost, Doubled, Delayed, Delayed},
	outside: {FailBefore, FailAfter, FailAfter, CrashBefore, CrashAfter, Frozen},
}
