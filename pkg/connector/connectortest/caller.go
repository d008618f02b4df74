package connectortest

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"leasehold/pkg/clock"
	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
)

// attempts bounds how often a caller tries before the suite calls it stuck.
const attempts = 5

// caller uses a connector as delivery does: of a way of asking it believes that somebody is
// there where the way says of an id that nobody has that it is not, and that somebody is
// not there where the way has shown somebody who is: the same person, once granted.
type caller struct {
	*testing.T
	Harness
	can    connector.Capabilities
	ids    []connector.PrincipalRef                          // of Harness.People
	sent   map[connector.PrincipalRef]bool                   // a grant was sent
	showed map[connector.Way]map[connector.PrincipalRef]bool // who is there, by the ways that have shown it
	nobody connector.PrincipalRef                            // an id that nobody has and that is never granted
	lacks  string                                            // what a test needs and the target cannot do
}

func newCaller(t *testing.T, open func(*testing.T) Harness) *caller {
	t.Helper()

	c := &caller{T: t, Harness: open(t), sent: map[connector.PrincipalRef]bool{},
		showed: map[connector.Way]map[connector.PrincipalRef]bool{}, nobody: connector.PrincipalRef(clock.System{}.New())}

	if len(c.People) < MinPeople {
		t.Fatalf("the harness has %d people, want at least %d", len(c.People), MinPeople)
	}

	if c.can = c.Connector.Describe(); c.can.MaxBatch < 1 || len(c.can.Ways) == 0 {
		t.Fatalf("capabilities %+v, want a batch and a way of asking", c.can)
	}

	found, err := c.Connector.FindPrincipals(t.Context(), c.People)
	if err != nil || len(found) != len(c.People) {
		t.Fatalf("find %+v: got %+v, %v", c.People, found, err)
	}

	for i, f := range found {
		if f.Err != nil {
			t.Fatalf("find %+v: %v", c.People[i], f.Err)
		}
		c.ids = append(c.ids, f.Ref)
	}

	return c
}

// grant and revoke make ops about people by their index.
func (c *caller) grant(people ...int) []connector.Op  { return c.ops(true, people) }
func (c *caller) revoke(people ...int) []connector.Op { return c.ops(false, people) }

func (c *caller) ops(grant bool, people []int) []connector.Op {
	ops := make([]connector.Op, len(people))
	for i, p := range people {
		ops[i] = connector.Op{Grant: grant, Principal: c.ids[p]}
	}
	return ops
}

// settle looks, writes what is missing and looks again until nothing is missing. It
// returns the number of writes that it took.
func (c *caller) settle(ops []connector.Op) (writes int) {
	c.Helper()

	for range attempts {
		missing := c.missing(ops)
		if len(missing) == 0 {
			return writes
		}

		n, _ := c.write(missing)
		writes += n
	}

	if missing := c.missing(ops); len(missing) > 0 {
		c.Fatalf("after %d attempts still not done: %+v", attempts, missing)
	}

	return writes
}

// write sends the ops in one call. Where several are refused at once, what is still missing
// is sent in halves, until whoever is refused is alone. It returns the number of calls, and
// what was said of those who were refused.
func (c *caller) write(ops []connector.Op) (calls int, refused map[connector.PrincipalRef]*connector.Refusal) {
	c.Helper()
	if size := c.can.BatchOf(c.Role.Resource); len(ops) > size {
		return c.writeApart(ops, size)
	}
	refused = map[connector.PrincipalRef]*connector.Refusal{}
	for _, o := range ops {
		c.sent[o.Principal] = c.sent[o.Principal] || o.Grant
	}

	results, err := c.Connector.Apply(c.Context(), c.Role, ops)
	c.later()
	switch {
	case err == nil:
		if len(results) != len(ops) {
			c.Fatalf("Apply of %d ops returned %d results", len(ops), len(results))
		}
		for i, result := range results {
			if result.Err != nil {
				refused[ops[i].Principal] = result.Err
			}
		}
		return 1, refused
	case len(ops) == 1:
		c.mustBeSafe(err)
		refused[ops[0].Principal] = connector.RefusalOf(err)
		return 1, refused
	}

	// About several at once it may only be passing: one of them alone may be the reason.
	c.mustBePassing(err)
	calls = 1
	rest := c.missing(ops)
	for _, half := range [][]connector.Op{rest[:len(rest)/2], rest[len(rest)/2:]} {
		if len(half) > 0 {
			n, others := c.write(half)
			calls += n
			maps.Copy(refused, others)
		}
	}
	return calls, refused
}

// later lets the target catch up with its writes.
func (c *caller) later() {
	if c.Later != nil {
		c.Later()
	}
}

// missing returns the ops that are not known to be true at the target.
func (c *caller) missing(ops []connector.Op) []connector.Op {
	c.Helper()
	who := make([]connector.PrincipalRef, len(ops))
	for i, o := range ops {
		who[i] = o.Principal
	}
	var missing []connector.Op
	for i, p := range c.look(who) {
		if want := map[bool]entitlement.Presence{true: entitlement.PresencePresent, false: entitlement.PresenceAbsent}[ops[i].Grant]; p != want {
			missing = append(missing, ops[i])
		}
	}
	return missing
}

// look asks in one way after the other who holds the role, until one tells it of everybody.
func (c *caller) look(who []connector.PrincipalRef) []entitlement.Presence {
	c.Helper()

	told := slices.Repeat([]entitlement.Presence{entitlement.PresenceUnknown}, len(who))

	for _, way := range c.can.Ways {
		if !slices.Contains(told, entitlement.PresenceUnknown) {
			break
		}
		// Somebody whom the target cannot know is asked about as well: a way that shows them shows all.
		answer := c.check(way, append(slices.Clone(who), c.nobody))
		if answer[len(who)] != entitlement.PresenceAbsent && !c.can.Authoritative {
			continue
		}

		c.note(way, who, answer)

		for i, p := range who {
			if told[i] == entitlement.PresenceUnknown && (answer[i] == entitlement.PresencePresent || c.tells(way, p)) {
				told[i] = answer[i]
			}
		}
	}

	return told
}

// note remembers whom a way has shown.
func (c *caller) note(way connector.Way, who []connector.PrincipalRef, answer []entitlement.Presence) {
	if c.showed[way] == nil {
		c.showed[way] = map[connector.PrincipalRef]bool{}
	}
	for i, p := range who {
		if answer[i] == entitlement.PresencePresent {
			c.showed[way][p] = true
		}
	}
}

// tells reports that a way is believed that somebody is not there.
func (c *caller) tells(way connector.Way, p connector.PrincipalRef) bool {
	return c.can.Authoritative || c.showed[way][p] || !c.sent[p] && len(c.showed[way]) > 0
}

func (c *caller) check(way connector.Way, who []connector.PrincipalRef) []entitlement.Presence {
	c.Helper()

	answer, err := c.Connector.Check(c.Context(), c.Role, way, who)

	if err != nil {
		c.Fatalf("check by %s: %v", way, err)
	}
	if len(answer) != len(who) {
		c.Fatalf("Check of %d people by %s returned %d answers", len(who), way, len(answer))
	}

	for _, p := range answer {
		if p != entitlement.PresencePresent && p != entitlement.PresenceAbsent && p != entitlement.PresenceUnknown {
			c.Fatalf("Check by %s answered %q", way, p)
		}
	}

	return answer
}

// find looks up one person.
func (c *caller) find(who connector.Correlation) (connector.PrincipalRef, error) {
	c.Helper()
	found, err := c.Connector.FindPrincipals(c.Context(), []connector.Correlation{who})
	switch {
	case err != nil:
		return "", err
	case len(found) != 1:
		c.Fatalf("one person was looked up and %d were answered", len(found))
	case found[0].Err != nil:
		return "", found[0].Err
	}
	return found[0].Ref, nil
}

// mustBePassing fails the test unless err is one that trying again, with fewer at once
// where it is of several, can cure.
func (c *caller) mustBePassing(err error) {
	c.Helper()
	c.mustBeSafe(err)
	if kind := entitlement.KindOf(err); kind.Verdict() != entitlement.Retry {
		c.Fatalf("kind %v, want one that can be tried again: %v", kind, err)
	}
	if connector.RefusalOf(err).Permanent {
		c.Fatalf("a failure that passes is called permanent: %v", err)
	}
}

// mustBeRefused fails the test unless err gives the reason, as a permanent one.
func (c *caller) mustBeRefused(err error, want connector.Reason) {
	c.Helper()
	if err == nil {
		c.Fatalf("no error, want %s", want)
	}
	c.mustBeSafe(err)
	if r := connector.RefusalOf(err); r.Reason != want || !r.Permanent || r.Detail == "" {
		c.Fatalf("refusal %+v (%v), want a permanent %s with a sentence", r, err, want)
	}
}

// mustBeSafe fails the test if the error quotes the credential.
func (c *caller) mustBeSafe(err error) {
	c.Helper()
	if c.Secret != "" && strings.Contains(err.Error(), c.Secret) {
		c.Fatalf("the error contains the credential: %v", err)
	}
}

// mustHold fails the test unless the target stores exactly these people, each once.
func (c *caller) mustHold(people ...int) {
	c.Helper()
	want := make([]connector.PrincipalRef, len(people))
	for i, p := range people {
		want[i] = c.ids[p]
	}
	got := slices.Clone(c.Members())
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		c.Fatalf("the target stores the members %q, want %q", got, want)
	}
}

// needs reports whether the harness can do what a test needs, and says so if not.
func (c *caller) needs(can bool, what string) bool {
	if !can {
		c.lacks = what
		c.Logf("does not apply: this target has no %s", what)
	}
	return can
}

// writeApart is write where one call takes fewer ops.
func (c *caller) writeApart(ops []connector.Op, size int) (calls int, refused map[connector.PrincipalRef]*connector.Refusal) {
	c.Helper()
	refused = map[connector.PrincipalRef]*connector.Refusal{}
	var once []connector.Op
	for _, o := range ops {
		// Who is named twice in one call is for the connector to see; in two, for the caller.
		if !slices.Contains(once, o) {
			once = append(once, o)
		}
	}
	for some := range slices.Chunk(once, size) {
		n, said := c.write(some)
		calls += n
		maps.Copy(refused, said)
	}
	return calls, refused
}

// batch returns as many of the ops as one call takes.
func (c *caller) batch(ops []connector.Op) []connector.Op {
	return ops[:min(len(ops), c.can.BatchOf(c.Role.Resource))]
}

// batches returns how many calls so many ops take.
func (c *caller) batches(ops int) int {
	size := c.can.BatchOf(c.Role.Resource)
	return (ops + size - 1) / size
}
