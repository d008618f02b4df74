package connectortest

import (
	"slices"
	"strings"
	"testing"

	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
)

// attempts bounds how often a caller tries before the suite calls it stuck.
const attempts = 5

// caller uses a connector as delivery does.
type caller struct {
	*testing.T
	Harness
	ids []connector.PrincipalRef // of Harness.People
}

func newCaller(t *testing.T, open func(*testing.T) Harness) *caller {
	t.Helper()
	c := &caller{T: t, Harness: open(t)}
	if len(c.People) < MinPeople {
		t.Fatalf("the harness has %d people, want at least %d", len(c.People), MinPeople)
	}
	for _, who := range c.People {
		id, err := c.find(who)
		if err != nil {
			t.Fatalf("find %+v: %v", who, err)
		}
		c.ids = append(c.ids, id)
	}
	return c
}

// find looks one person up; a person who is not found is an error.
func (c *caller) find(who connector.Correlation) (connector.PrincipalRef, error) {
	c.Helper()
	found, err := c.Connector.FindPrincipals(c.Context(), []connector.Correlation{who})
	if err != nil {
		return "", err
	}
	if found[0].Err != nil {
		return "", found[0].Err
	}
	return found[0].Ref, nil
}

// check asks who holds a role, in the best way.
func (c *caller) check(role entitlement.RoleRef, who []connector.PrincipalRef) ([]bool, error) {
	told, err := c.Connector.Check(c.Context(), role, c.Connector.Describe().Ways[0], who)
	var present []bool
	for _, p := range told {
		present = append(present, p == entitlement.PresencePresent)
	}
	return present, err
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

// settle checks, applies what is missing and checks again until nothing is missing. It
// returns the number of Apply calls that it took.
func (c *caller) settle(ops []connector.Op) (applied int) {
	c.Helper()
	for range attempts {
		missing := c.missing(ops)
		if len(missing) == 0 {
			return applied
		}
		applied++
		results, err := c.Connector.Apply(c.Context(), c.Role, missing)
		if err != nil {
			c.mustBePassing(err)
			continue
		}
		if len(results) != len(missing) {
			c.Fatalf("Apply of %d ops returned %d results", len(missing), len(results))
		}
	}
	if missing := c.missing(ops); len(missing) > 0 {
		c.Fatalf("after %d attempts still not done: %+v", attempts, missing)
	}
	return applied
}

// missing returns the ops that are not yet true at the target.
func (c *caller) missing(ops []connector.Op) []connector.Op {
	c.Helper()
	who := make([]connector.PrincipalRef, len(ops))
	for i, o := range ops {
		who[i] = o.Principal
	}
	present, err := c.check(c.Role, who)
	if err != nil {
		c.Fatalf("check: %v", err)
	}
	if len(present) != len(who) {
		c.Fatalf("Check of %d people returned %d answers", len(who), len(present))
	}

	var missing []connector.Op
	for i, o := range ops {
		if present[i] != o.Grant {
			missing = append(missing, o)
		}
	}
	return missing
}

// mustBePassing fails the test unless err is one that trying again can cure.
func (c *caller) mustBePassing(err error) {
	c.Helper()
	c.mustBeSafe(err)
	if kind := entitlement.KindOf(err); kind != entitlement.Unavailable && kind != entitlement.Throttled {
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
		c.Logf("does not apply: this target has no %s", what)
	}
	return can
}
