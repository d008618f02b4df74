package storetest

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"leasehold/pkg/entitlement"
)

var failingScenarios = []scenario{
	{"Grant sets that fail are listed by connector and reason, longest first, page by page", failingPages},
	{"A grant set is listed once, under the reason of the grant that has failed longest", failingWorst},
	{"A claim leaves a failing grant set listed, and a recorded success takes it away", failingLife},
	{"Reasons that begin alike are apart, and so are connectors", failingApart},
}

// down describes a grant that has failed for the reason since the time.
func down(reason string, since time.Time) entitlement.Grant {
	return entitlement.Grant{Presence: entitlement.PresenceUnknown, Since: since, Attempts: 1, Reason: reason}
}

// records claims the grant set and records the grants in it, as a round of delivery does.
func (d grantSetKey) records(w *fixture, grants ...entitlement.Grant) {
	w.Helper()
	token := newID[string]()
	_, err := d.claim(w, token, instant(0), instant(time.Minute))
	w.must(err)
	w.commit(record(d.holding(token, grants...)))
}

// holding describes the grant set with just the grants, each of a role of its own.
func (d grantSetKey) holding(token string, grants ...entitlement.Grant) entitlement.GrantSet {
	s := entitlement.GrantSet{Subject: d.subject, Connector: d.at, Token: token, Grants: map[entitlement.RoleRef]entitlement.Grant{}}
	for i, g := range grants {
		g.Role = entitlement.RoleRef{Connector: d.at, Resource: fmt.Sprint("team ", i), Role: "member"}
		s.Grants[g.Role] = g
	}
	return s
}

// fails polls until exactly want is listed, in pages of every size, and counted.
func (w *fixture) fails(at entitlement.ConnectorID, reason string, want ...entitlement.Failing) {
	w.Helper()

	for _, limit := range []int{0, 1, 2} {
		w.eventually(func() string {
			got := readAll(w, limit, func(page entitlement.Page) (entitlement.Paged[entitlement.Failing], error) {
				return w.s.Failing(w.Context(), at, reason, page)
			})
			// Those who wait longest are woken first.
			if !slices.IsSortedFunc(got, func(a, b entitlement.Failing) int { return a.Since.Compare(b.Since) }) {
				w.Fatalf("%v is not sorted by time", got)
			}
			return diff(inOrder(got), inOrder(want))
		})
	}

	w.eventually(func() string {
		if n := get[int](w)(w.s.CountFailing(w.Context(), at, reason)); n != len(want) {
			return fmt.Sprintf("%d are counted, want %d", n, len(want))
		}
		return ""
	})
}

// inOrder sorts by time and person, since those of one instant have no order of their own.
func inOrder(all []entitlement.Failing) []entitlement.Failing {
	return slices.SortedFunc(slices.Values(all), func(a, b entitlement.Failing) int {
		return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.Subject, b.Subject))
	})
}

func failingPages(w *fixture) {
	at := newID[entitlement.ConnectorID]()
	w.fails(at, "down")

	var want []entitlement.Failing
	for i := range 9 {
		d := grantSetKey{newID[entitlement.UserID](), at}
		since := instant(time.Duration(i*5%9/2) * time.Nanosecond) // in no order, most of them twice
		d.records(w, down("down", since))
		want = append(want, entitlement.Failing{Subject: d.subject, Since: since})
	}

	w.fails(at, "down", want...)
	// A token says of which list it is, and another list refuses it.
	token := ""
	w.eventually(func() string {
		page, err := w.s.Failing(w.Context(), at, "down", entitlement.Page{Limit: 1})
		w.must(err)
		if token = page.Next; token == "" {
			return "the first page has no next"
		}
		return ""
	})

	_, err := w.s.Failing(w.Context(), at, "refused", entitlement.Page{Token: token})
	w.kind(err, entitlement.Invalid)
}

func failingWorst(w *fixture) {
	d := newGrantSetKey()
	early, late := instant(0), instant(time.Nanosecond)
	since := func(t time.Time) entitlement.Failing { return entitlement.Failing{Subject: d.subject, Since: t} }
	over := down("over", instant(-time.Hour))
	over.Since = time.Time{} // a reason stays after its trouble

	d.records(w, down("refused", late), down("down", early), down("down", late), over)
	w.fails(d.at, "down", since(early))
	w.fails(d.at, "refused")
	w.fails(d.at, "over")
	d.records(w, down("refused", late), down("down", late))
	w.fails(d.at, "down", since(late))
	d.records(w, down("refused", early), down("down", late))
	w.fails(d.at, "refused", since(early))
	w.fails(d.at, "down")
	d.records(w, over)
	w.fails(d.at, "refused")
	w.fails(d.at, "over")
}

func failingLife(w *fixture) {
	d := newGrantSetKey()
	since := instant(-time.Minute)
	want := []entitlement.Failing{{Subject: d.subject, Since: since}}
	_, err := d.claim(w, "one", instant(0), instant(time.Minute), entitlement.RoleRef{Connector: d.at, Resource: "team", Role: "member"})
	w.must(err)
	w.fails(d.at, "down")
	w.commit(record(d.holding("one", down("down", since))))
	w.fails(d.at, "down", want...)

	// still lists the grant set, and one of somebody else that was recorded after it, so
	// that an index that is late does not hide what happened.
	still := func() {
		w.Helper()
		other := grantSetKey{newID[entitlement.UserID](), d.at}
		other.records(w, down("down", instant(0)))
		want = append(want, entitlement.Failing{Subject: other.subject, Since: instant(0)})
		w.fails(d.at, "down", want...)
	}
	_, err = d.claim(w, "two", instant(0), instant(time.Minute), entitlement.RoleRef{Connector: d.at, Resource: "other", Role: "member"})
	w.must(err)
	still()
	_, err = d.claim(w, "three", instant(time.Minute), instant(2*time.Minute))
	w.must(err)
	still()
	w.refuse(entitlement.PartClaim, record(d.holding("two")))
	unmet := record(d.holding("three"))
	unmet.Settlements = []entitlement.Settlement{{Subject: d.subject, Generation: 7, Reconciled: true}}
	w.refuse(entitlement.PartSubjectRecord, unmet)
	still()

	works := entitlement.Grant{Presence: entitlement.PresencePresent, Confirmed: instant(0), Generation: 1}
	w.commit(record(d.holding("three", works)))
	w.fails(d.at, "down", want[1:]...)
	d.records(w, works, down("down", since))
	w.fails(d.at, "down", want...)
	d.records(w)
	w.fails(d.at, "down", want[1:]...)
}

func failingApart(w *fixture) {
	ann, con := newID[entitlement.UserID](), newID[entitlement.ConnectorID]()
	// Names that begin alike must not be found under each other.
	reasons := []string{"down", "down-long", "down#2", "down 2", "Down", "do"}
	connectors := []entitlement.ConnectorID{con, con + "-2", con + "#down", con[:30]}

	since := map[string]time.Time{}
	for i, c := range connectors {
		for j, reason := range reasons {
			d := grantSetKey{ann, c}
			if j > 0 {
				d.subject = newID[entitlement.UserID]()
			}
			at := instant(time.Duration(i*len(reasons)+j) * time.Second)
			d.records(w, down(reason, at))
			since[string(c)+" / "+reason] = at
		}
	}

	for _, c := range connectors {
		for _, reason := range append(reasons, "", "dow", "down#", "own") {
			var want []time.Time
			if at, ok := since[string(c)+" / "+reason]; ok {
				want = append(want, at)
			}

			w.eventually(func() string {
				var got []time.Time
				for _, f := range readAll(w, 0, func(page entitlement.Page) (entitlement.Paged[entitlement.Failing], error) {
					return w.s.Failing(w.Context(), c, reason, page)
				}) {
					got = append(got, f.Since)
				}
				return diff(got, want)
			})
		}
	}
}
