package connectortest

import (
	"slices"
	"testing"

	"leasehold/pkg/connector"
)

// maxPieces bounds the pieces of a list of holders of a few people.
const maxPieces = 10

// RunHolders runs what is relied on of a connector whose target lists holders, against a target that
// shows its members; a harness whose connector lists none of its role fails.
func RunHolders(t *testing.T, open func(*testing.T) Harness) {
	run(t, open, part{"listing", listing})
}

// listing is what the daily comparison relies on, and so whoever put a table back (F33).
var listing = []test{
	{name: "all who hold a role are listed, and nobody else", rule: "F33", run: func(c *caller) {
		before := c.listed() // where a role may not be without anybody
		c.settle(c.grant(0, 1, 2, 3))
		c.mustList(before, 0, 1, 2, 3)
		c.settle(c.revoke(1))
		c.mustList(before, 0, 2, 3)
	}},
	{name: "the holders of a resource that is not there are no empty list", rule: "F33", run: func(c *caller) {
		if !c.needs(!c.Registered, "resources beside those of the registration") {
			return
		}
		lister := c.lists()
		if page, err := lister.Holders(c.Context(), c.NoRole, ""); err == nil {
			c.Errorf("got %+v and no error", page)
		}
	}},
}

func (c *caller) lists() connector.Lister {
	c.Helper()
	lister, is := c.Connector.(connector.Lister)
	if !is || !c.can.ListsOf(c.Role.Resource) {
		c.Fatalf("the connector lists no holders of %q", c.Role.Resource)
	}
	return lister
}

// listed returns who is listed.
func (c *caller) listed() []connector.PrincipalRef {
	c.Helper()
	if c.Later != nil {
		c.Later()
	}
	lister, cursor := c.lists(), ""
	var got []connector.PrincipalRef
	for range maxPieces {
		page, err := lister.Holders(c.Context(), c.Role, cursor)
		if err != nil {
			c.Fatalf("holders: %v", err)
		}
		got = append(got, page.Refs...)
		if cursor = page.Next; cursor == "" {
			break
		}
	}

	slices.Sort(got)
	return slices.Compact(got)
}

// mustList checks that the people are listed, and beside them those who were before.
func (c *caller) mustList(before []connector.PrincipalRef, people ...int) {
	c.Helper()
	want := slices.Clone(before)
	for _, i := range people {
		want = append(want, c.ids[i])
	}
	slices.Sort(want)
	if got := c.listed(); !slices.Equal(got, want) {
		c.Errorf("listed are %v, want %v", got, want)
	}
}
