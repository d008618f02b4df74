package connectortest

import (
	"slices"
	"testing"
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
)

// maxPieces bounds the pieces of a list of holders.
const maxPieces = 1000

// Crowd is what the tests of lists of holders do at the target, past the connector.
type Crowd struct {
	Put  func(n int) []connector.PrincipalRef // so many people more hold the role
	Many int                                  // that are more than one piece of the list; 0: all are in one
	Take func(connector.PrincipalRef)         // one of them does not any more
	Nest func()                               // a group holds the role; nil: here only people can
	Own  bool                                 // places in lists are the target's own, which may take anything for one
	// Expire has places in lists not be taken any more that were handed out; nil: none are kept.
	Expire func() (end func())
}

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
	{name: "a list of many is read to its end, in one order, with nobody twice", rule: "F33", run: listsMany},
	{name: "a group that holds the role is nobody", rule: "F33", run: listsNoGroup},
	{name: "who comes and goes between pieces hides nobody else for good", rule: "F33", run: listsChanging},
	{name: "a piece that is throttled says for how long, and is read then", rule: "F33", run: listsThrottled},
	{name: "a place that is none, or none any more, is no end of the list", rule: "F33", run: listsFromNowhere},
}

// pieces reads a list from a place to its end.
func (c *caller) pieces(cursor string) (all [][]connector.PrincipalRef) {
	c.Helper()
	for range maxPieces {
		page, err := c.lists().Holders(c.Context(), c.Role, cursor)
		if err != nil {
			c.Fatalf("holders from %q: %v", cursor, err)
		}
		all = append(all, page.Refs)
		if cursor = page.Next; cursor == "" {
			return all
		}
	}
	c.Fatalf("the list does not end after %d pieces", maxPieces)
	return nil
}

// many puts so many people into the role that they are several pieces.
func (c *caller) many() (before, put []connector.PrincipalRef) {
	c.Helper()
	if c.Crowd == nil {
		c.Fatal("the harness of a target that lists holders has no Crowd")
	}
	before = c.listed()
	put = c.Crowd.Put(max(c.Crowd.Many, 3))
	c.later()
	return before, put
}

func listsMany(c *caller) {
	before, put := c.many()
	first := c.pieces("")
	if len(first) < 2 && c.Crowd.Many > 0 {
		c.Fatalf("%d people are %d pieces", len(put), len(first))
	}
	got, want := slices.Concat(first...), slices.Concat(before, put)
	if again := slices.Concat(c.pieces("")...); !slices.Equal(got, again) {
		c.Errorf("the list is in another order when it is read again")
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		c.Errorf("listed are %d, want %d: each once", len(got), len(want))
	}
	c.Logf("%d people in %d pieces", len(got), len(first))
}

func listsNoGroup(c *caller) {
	if !c.needs(c.Crowd != nil && c.Crowd.Nest != nil, "groups that hold a role") {
		return
	}
	before, put := c.many()
	c.Crowd.Nest()
	c.later()
	got, want := slices.Concat(c.pieces("")...), slices.Concat(before, put)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		c.Errorf("listed are %d, want the %d people", len(got), len(want))
	}
}

func listsChanging(c *caller) {
	if !c.needs(c.Crowd != nil && c.Crowd.Many > 0, "lists in pieces") {
		return
	}
	_, put := c.many()
	page, err := c.lists().Holders(c.Context(), c.Role, "")
	if err != nil || len(page.Refs) == 0 {
		c.Fatalf("the first piece: %+v, %v", page, err)
	}
	gone := page.Refs[slices.IndexFunc(page.Refs, func(p connector.PrincipalRef) bool { return slices.Contains(put, p) })]
	c.Crowd.Take(gone)
	come := c.Crowd.Put(1)
	c.later()

	seen := slices.Concat(append(c.pieces(page.Next), page.Refs)...)
	hidden := 0
	for _, p := range put {
		if p != gone && !slices.Contains(seen, p) {
			hidden++
		}
	}
	// One may have moved into the place of the one who went.
	if hidden > 1 {
		c.Errorf("one went, and %d who stayed are on no piece", hidden)
	}
	after := slices.Concat(c.pieces("")...)
	if slices.Contains(after, gone) || !slices.Contains(after, come[0]) {
		c.Errorf("read anew, the list does not show who came and went")
	}
	for _, p := range put {
		if p != gone && !slices.Contains(after, p) {
			c.Fatalf("read anew, %q is not listed", p)
		}
	}
}

func listsThrottled(c *caller) {
	if !c.needs(c.Faults.Throttle != nil, "throttling") {
		return
	}
	_, put := c.many()
	page, err := c.lists().Holders(c.Context(), c.Role, "")
	if err != nil {
		c.Fatal(err)
	}
	cursor := page.Next // "" where all are in one piece, which is asked for again then
	c.Faults.Throttle("7")
	_, err = c.lists().Holders(c.Context(), c.Role, cursor)
	if err == nil || entitlement.KindOf(err) != entitlement.Throttled || connector.RetryAfter(err) != 7*time.Second {
		c.Fatalf("throttled for 7 s: %v, for %s", err, connector.RetryAfter(err))
	}
	c.mustBePassing(err)

	seen := slices.Concat(append(c.pieces(cursor), page.Refs)...)
	for _, p := range put {
		if !slices.Contains(seen, p) {
			c.Fatalf("%q is on no piece", p)
		}
	}
}

func listsFromNowhere(c *caller) {
	before, put := c.many()
	if page, err := c.lists().Holders(c.Context(), c.Role, "no place at all"); err == nil && !c.Crowd.Own {
		c.Errorf("a place that is none: %d people and no error", len(page.Refs))
	}
	if c.Crowd.Expire != nil && c.Crowd.Many > 0 {
		page, err := c.lists().Holders(c.Context(), c.Role, "")
		if err != nil || page.Next == "" {
			c.Fatalf("the first piece: %d people, on at %q, %v", len(page.Refs), page.Next, err)
		}
		end := c.Crowd.Expire()
		if late, err := c.lists().Holders(c.Context(), c.Role, page.Next); err == nil {
			c.Errorf("a place that is not taken any more: %d people and no error", len(late.Refs))
		}
		end()
	}
	if got := slices.Concat(c.pieces("")...); len(got) != len(before)+len(put) {
		c.Errorf("read anew, %d are listed, want %d", len(got), len(before)+len(put))
	}
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
	c.later()
	got := slices.Concat(c.pieces("")...)
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
