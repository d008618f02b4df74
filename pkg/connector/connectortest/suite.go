package connectortest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
)

// Run runs the suite; open makes a target ready for each test.
func Run(t *testing.T, open func(*testing.T) Harness) {
	run(t, open, part{"membership", membership}, part{"lookups", lookups}, part{"faults", faults}, part{"A19", hostility}, part{"A19", leaks})
}

// RunBehaviour runs the part of the suite in which it matters how the target behaves. The
// rest is about answers that no target of that kind gives, and is alike for all of them.
func RunBehaviour(t *testing.T, open func(*testing.T) Harness) {
	run(t, open, part{"membership", membership}, part{"lookups", lookups}, part{"faults", faults})
}

// part is a part of the suite, which the table of all connectors has a column for.
type part struct {
	name  string
	tests []test
}

func run(t *testing.T, open func(*testing.T) Harness, parts ...part) {
	keepLogs()
	score := &score{}
	t.Cleanup(func() {
		score.print(t.Name())
		score.report(t.Name())
	})

	for _, part := range parts {
		for _, test := range part.tests {
			t.Run(test.name, func(t *testing.T) {
				c := newCaller(t, open)
				score.begin(c)
				t.Cleanup(func() { score.end(c, part.name, test.rule) })
				test.run(c)
				c.mustNotBeLogged()
			})
		}
	}
}

// score counts the behaviours of one connector at one target.
type score struct {
	all, held int
	can       connector.Capabilities
	cannot    []string // what the target cannot do, as its harness states it
	kind      string
	parts     map[string]Held
}

func (s *score) begin(c *caller) {
	s.all++
	s.can, s.kind = c.can, c.kind()
}

// end counts a behaviour as held where nothing failed: one that cannot be shown at the target,
// since it has no such thing, is named instead.
func (s *score) end(c *caller, in ...string) {
	s.count(c, in)
	switch {
	case c.Failed():
	case c.lacks != "":
		s.all--
		if !slices.Contains(s.cannot, c.lacks) {
			s.cannot = append(s.cannot, c.lacks)
		}
	default:
		s.held++
	}
}

// print writes a row of the table that `go test -v` shows.
func (s *score) print(name string) {
	if !testing.Verbose() {
		return
	}
	_, name, _ = strings.Cut(name, "/")
	states := fmt.Sprintf("batch %d, %d ways of asking", s.can.MaxBatch, len(s.can.Ways))
	for _, of := range []struct {
		is   bool
		word string
	}{{s.can.Authoritative, "authoritative"}, {s.can.SerialWrites, "one change after the other"}, {s.can.Rate != nil, "published limits"}} {
		if of.is {
			states += ", " + of.word
		}
	}
	for _, what := range s.cannot {
		states += ", no " + what
	}
	fmt.Printf("| %-74s | %2d / %2d | %s\n", cmp.Or(name, "(the only one)"), s.held, s.all, states)
}

// test is one sentence about connectors, and its proof.
type test struct {
	name string
	run  func(*caller)
	rule string // the fault of which it is what a connector has to do with it; "" for none
}

var membership = []test{
	{name: "a grant is there when read back", run: func(c *caller) {
		if n := c.settle(c.grant(0)); n != 1 {
			c.Errorf("a grant took %d writes, want 1", n)
		}
		c.mustHold(0)
	}},
	{name: "a grant given again writes nothing and is stored once", run: func(c *caller) {
		c.settle(c.grant(0))
		if n := c.settle(c.grant(0)); n != 0 {
			c.Errorf("a grant that is there took %d writes, want 0", n)
		}
		c.mustHold(0)
	}},
	{name: "several people are granted in one batch", run: func(c *caller) {
		if n, want := c.settle(c.grant(0, 1, 2, 3, 4, 5)), c.batches(6); n != want {
			c.Errorf("a batch took %d writes, want %d", n, want)
		}
		c.mustHold(0, 1, 2, 3, 4, 5)
	}},
	{name: "a person who is named twice in a batch is stored once", run: func(c *caller) {
		c.settle(c.grant(0, 1, 0))
		c.mustHold(0, 1)
	}},
	{name: "one batch grants to some and revokes from others", run: func(c *caller) {
		c.settle(c.grant(0, 1, 2))
		c.settle(append(c.revoke(0, 2), c.grant(3, 4)...))
		c.mustHold(1, 3, 4)
	}},
	{name: "a revoke takes one person out and leaves the others", run: func(c *caller) {
		c.settle(c.grant(0, 1, 2))
		c.settle(c.revoke(1))
		c.mustHold(0, 2)
	}},
	{name: "the last member can be revoked, and a revoke given again writes nothing", run: func(c *caller) {
		c.settle(c.grant(0))
		c.settle(c.revoke(0))
		if n := c.settle(c.revoke(0)); n != 0 {
			c.Errorf("a revoke that is done took %d writes, want 0", n)
		}
		c.mustHold()
	}},
	{name: "a revoke of somebody who is not there is done and harms nobody", run: func(c *caller) {
		c.settle(c.grant(0))
		if _, refused := c.write(c.revoke(1)); len(refused) > 0 {
			c.Errorf("refused: %v", refused)
		}
		c.mustHold(0)
	}},
	{name: "nothing to do is done", run: func(c *caller) {
		if results, err := c.Connector.Apply(c.Context(), c.Role, nil); err != nil || len(results) != 0 {
			c.Errorf("Apply of nothing: %+v, %v", results, err)
		}
		for _, way := range c.can.Ways {
			if told, err := c.Connector.Check(c.Context(), c.Role, way, nil); err != nil || len(told) != 0 {
				c.Errorf("Check of nobody by %s: %+v, %v", way, told, err)
			}
		}
		if found, err := c.Connector.FindPrincipals(c.Context(), nil); err != nil || len(found) != 0 {
			c.Errorf("FindPrincipals of nobody: %+v, %v", found, err)
		}
	}},
	{name: "one person whom the target does not know never holds up the others", run: oneBadPerson, rule: "F29"},
	{name: "what somebody else changes by hand shows when it is asked about again", run: changedByHand, rule: "F31"},
	{name: "a change that is made later is told about until it is made", run: madeLater, rule: "F35"},
}

// changedByHand has somebody else change the role: with another account's calls the target could
// not tell the difference, so the connector itself makes them, past what the caller remembers.
func changedByHand(c *caller) {
	if !c.needs(!c.Hides, "lists that leave nobody out") {
		return
	}
	c.settle(c.grant(0, 1))
	c.mustHold(0, 1)

	byHand := func(ops []connector.Op) {
		results, err := c.Connector.Apply(c.Context(), c.Role, ops)
		c.later()
		if err != nil || len(results) != 1 || results[0].Err != nil {
			c.Fatalf("a change by hand: %+v, %v", results, err)
		}
	}

	byHand(c.revoke(0))
	if missing := c.missing(c.grant(0, 1)); len(missing) != 1 || missing[0].Principal != c.ids[0] {
		c.Errorf("of two who held the role one was taken out, and missing are %+v", missing)
	}
	byHand(c.grant(2))
	if missing := c.missing(c.grant(2)); len(missing) != 0 {
		c.Errorf("somebody was added, and is not seen: %+v", missing)
	}
	c.settle(c.grant(0))
	c.mustHold(0, 1, 2)
}

// madeLater asks about a change as delivery does: by nothing but what the change is called.
func madeLater(c *caller) {
	poller, tells := c.Connector.(connector.Poller)
	if !c.needs(tells, "changes that are made later") {
		return
	}
	results, err := c.Connector.Apply(c.Context(), c.Role, c.grant(0))
	if err != nil || len(results) != 1 || results[0].Err != nil {
		c.Fatalf("got %+v, %v", results, err)
	}
	pending := results[0].Pending
	if !c.needs(pending != "", "changes that are made later") {
		return
	}
	if len(pending) > 100 {
		c.Errorf("it is called %q, want at most 100 bytes", pending)
	}

	told, err := poller.Poll(c.Context(), c.Role, pending)
	for range attempts {
		if err != nil || !told.Running {
			break
		}
		c.later()
		told, err = poller.Poll(c.Context(), c.Role, pending)
	}
	if err != nil || told != (connector.Progress{}) {
		c.Errorf("in the end it is told of as %+v, %v", told, err)
	}
	c.later()
	c.mustHold(0)

	// What the target does not know any more is over.
	if told, err := poller.Poll(c.Context(), c.Role, "of nobody"); err != nil || told != (connector.Progress{}) {
		c.Errorf("of a change that nobody knows it tells %+v, %v", told, err)
	}
}

// oneBadPerson allows for targets that take any id for a member's: those store it, and
// all that can be asked is that everybody else is served. Others leave the id out and say
// that all is done: then it must not show when read back.
func oneBadPerson(c *caller) {
	ops := c.grant(0, 1, 2)
	ghost := connector.Op{Grant: true, Principal: c.Ghost}

	_, refused := c.write(slices.Insert(slices.Clone(ops), 1, ghost))
	// Whatever becomes of the unknown person, nobody else may wait for it.
	if missing := c.missing(ops); len(missing) > 0 {
		c.Errorf("held up by the unknown person: %+v", missing)
	}

	said := refused[c.Ghost]
	delete(refused, c.Ghost)
	if len(refused) > 0 {
		c.Errorf("refused %v, want refusals for nobody but the unknown person", refused)
	}

	stored := slices.Contains(c.Members(), c.Ghost)
	dropped := said == nil && !stored && len(c.missing([]connector.Op{ghost})) == 1
	if (said != nil) == stored && !dropped {
		c.Errorf("unknown person: refused %v, but stored %v", said, stored)
	}

	if stored {
		c.Log("this target takes ids of nobody for members")
	}
}

var lookups = []test{
	{name: "a resource is described with its role", run: func(c *caller) {
		resource, err := c.Connector.Resource(c.Context(), c.Role.Resource)
		if err != nil {
			c.Fatal(err)
		}
		named := func(r connector.Role) bool { return r.OriginID == c.Role.Role && r.DisplayName != "" }
		if resource.OriginID != c.Role.Resource || resource.DisplayName == "" || !slices.ContainsFunc(resource.Roles, named) {
			c.Errorf("got %+v, want the resource of %+v", resource, c.Role)
		}
	}},
	{rule: "F30", name: "a resource that is not there is missing, whatever is asked of it", run: func(c *caller) {
		_, err := c.Connector.Resource(c.Context(), c.NoRole.Resource)
		c.mustBeRefused(err, connector.ResourceMissing)
		if kind := entitlement.KindOf(err); kind != entitlement.NotFound {
			c.Errorf("kind %v, want %v", kind, entitlement.NotFound)
		}
		_, err = c.Connector.Check(c.Context(), c.NoRole, c.can.Ways[0], c.ids[:1])
		c.mustBeRefused(err, connector.ResourceMissing)
		_, err = c.Connector.Apply(c.Context(), c.NoRole, c.batch(c.grant(0, 1)))
		c.mustBeRefused(err, connector.ResourceMissing)
	}},
	{name: "a role that the resource does not offer is refused", run: func(c *caller) {
		other := c.Role
		other.Role += "-other"
		if _, err := c.Connector.Apply(c.Context(), other, c.grant(0)); err == nil {
			c.Error("Apply took a role that the resource does not offer")
		}
		c.mustHold()
	}},
	{name: "every way of asking repeats an answer about each person, in order", run: func(c *caller) {
		c.settle(c.grant(0, 2))
		tells := 0
		for _, way := range c.can.Ways {
			told := c.check(way, append(slices.Clone(c.ids[:3]), c.nobody))
			c.Logf("%s: %v", way, told)
			if slices.Equal(told, []entitlement.Presence{entitlement.PresencePresent, entitlement.PresenceAbsent, entitlement.PresencePresent, entitlement.PresenceAbsent}) {
				tells++
			}
		}
		if tells == 0 {
			c.Error("no way tells who holds the role")
		}
	}},
	{name: "several people are found in one question, each as if asked alone", run: func(c *caller) {
		who := append(slices.Clone(c.People), c.Unknown)
		slices.Reverse(who)
		found, err := c.Connector.FindPrincipals(c.Context(), who)
		if err != nil || len(found) != len(who) {
			c.Fatalf("got %+v, %v", found, err)
		}
		if found[0].Err == nil || found[0].Err.Reason != connector.PrincipalMissing {
			c.Errorf("the unknown person is %+v", found[0])
		}
		for i, f := range found[1:] {
			if want := c.ids[len(c.ids)-1-i]; f.Err != nil || f.Ref != want {
				c.Errorf("found %+v, want %s", f, want)
			}
		}
	}},
	{name: "everybody has an id of his own", run: func(c *caller) {
		ids := slices.Clone(c.ids)
		slices.Sort(ids)
		if len(slices.Compact(ids)) != len(c.People) {
			c.Errorf("ids %q are not distinct", c.ids)
		}
	}},
	{rule: "F29", name: "a person whom the target does not know is missing", run: func(c *caller) {
		_, err := c.find(c.Unknown)
		c.mustBeRefused(err, connector.PrincipalMissing)
	}},
	{name: "a person about whom nothing is known is missing", run: func(c *caller) {
		_, err := c.find(connector.Correlation{})
		c.mustBeRefused(err, connector.PrincipalMissing)
	}},
	{name: "a person who could be two accounts is never guessed", run: func(c *caller) {
		if !c.needs(c.Double != nil, "way to have two accounts of one key") {
			return
		}
		_, err := c.find(*c.Double)
		c.mustBeRefused(err, connector.PrincipalAmbiguous)
	}},
}
