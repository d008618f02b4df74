package storetest

import (
	"fmt"
	"slices"
	"time"

	"leasehold/pkg/entitlement"
)

var eventScenarios = []scenario{
	{"S11: events come back whole and in order, and their chain verifies", eventChain},
	{"S10: an event number of an aggregate is written once", eventTwice},
	{"Events of one aggregate are not those of another with the same id", eventKinds},
	{"R245: an event brings back what changed, with the values before and after", eventChanges},
	{"S10: events are listed by person, package, actor and time, page by page, each once", histories},
	{"A4: events to look at are listed newest first, page by page, and no others", notices},
	{"R244: of a package that is gone its name is kept, and of others nothing", formerPackages},
	{"The signing key is 32 bytes and always the same", signingKey},
}

func eventChain(w *fixture) {
	r, _ := asked(newID[entitlement.PackageID](), newID[entitlement.UserID](), instant(0))
	chain, first := entitlement.Chain{}.Append(entitlement.Event{Aggregate: entitlement.OfRequest, ID: string(r.ID), Kind: "submitted",
		Actor: r.Subject, Command: "command <&> #1", At: instant(1), After: "submitted", Data: map[string]string{"answer": "Ünï \"#1\"\n", "empty": ""}})

	r.Chain = chain
	w.commit(entitlement.Change{Requests: []entitlement.AssignmentRequest{r}, Events: []entitlement.Event{first}})

	want := []entitlement.Event{first}
	for i := range 12 {
		r.Version = int64(1 + i)
		chain, e := r.Chain.Append(entitlement.Event{Aggregate: entitlement.OfRequest, ID: string(r.ID), Kind: fmt.Sprint("step ", i),
			Actor: entitlement.Service, At: instant(time.Duration(i)), Before: "a", After: "b"})
		r.Chain = chain
		w.commit(entitlement.Change{Requests: []entitlement.AssignmentRequest{r}, Events: []entitlement.Event{e}})
		want = append(want, e)
	}

	got, err := w.s.Events(w.Context(), entitlement.OfRequest, string(r.ID))
	w.must(err)
	w.same(got, want)

	for _, limit := range []int{0, 1, 5} {
		w.same(readAll(w, limit, func(page entitlement.Page) (entitlement.Paged[entitlement.Event], error) {
			return w.s.ListEvents(w.Context(), entitlement.OfRequest, string(r.ID), page)
		}), want)
	}

	stored := get[entitlement.AssignmentRequest](w)(w.s.Request(w.Context(), r.ID))
	w.must(entitlement.VerifyChain(stored.Chain, got))
}

func eventTwice(w *fixture) {
	c := w.catalog()
	id := string(c.ID)
	first := next(&c.Chain, entitlement.OfCatalog, id, "created")
	second := next(&c.Chain, entitlement.OfCatalog, id, "changed")
	w.commit(entitlement.Change{Events: []entitlement.Event{first, second}})

	// An event that is there already takes the change with it: what it says was not so.
	other := first
	other.Kind, other.Hash = "forged", unique("")
	c.DisplayName = "forged"
	w.refuse(entitlement.PartEvent, entitlement.Change{Catalogs: []entitlement.Catalog{c}, Events: []entitlement.Event{other}})
	got, err := w.s.Events(w.Context(), entitlement.OfCatalog, id)
	w.must(err)
	w.same(got, []entitlement.Event{first, second})
	if stored := get[entitlement.Catalog](w)(w.s.Catalog(w.Context(), c.ID)); stored.DisplayName == "forged" || stored.Version != 1 {
		w.Fatal("the catalog changed without its event")
	}
}

func eventKinds(w *fixture) {
	id := newID[string]()

	kinds := []entitlement.AggregateKind{entitlement.OfCatalog, entitlement.OfPackage, entitlement.OfPolicy,
		entitlement.OfUser, entitlement.OfGroup, entitlement.OfConnector, entitlement.OfPrincipal, entitlement.OfReprocess, entitlement.OfRole,
		entitlement.OfSettings, entitlement.OfOrganization, entitlement.OfCommand, entitlement.OfDrift, entitlement.OfAccount}
	// The same id for all: the kind is part of where the events lie.
	for _, kind := range kinds {
		var chain entitlement.Chain
		w.commit(entitlement.Change{Events: []entitlement.Event{next(&chain, kind, id, "created as "+string(kind))}})
	}

	for _, kind := range kinds {
		got, err := w.s.Events(w.Context(), kind, id)
		w.must(err)
		if len(got) != 1 || got[0].Kind != "created as "+string(kind) || got[0].Aggregate != kind {
			w.Fatalf("got %v, want the one event of the %s", got, kind)
		}
	}

	got, err := w.s.Events(w.Context(), entitlement.OfCatalog, newID[string]())
	w.must(err)
	if len(got) != 0 {
		w.Fatalf("got %d events of nothing", len(got))
	}
}

func eventChanges(w *fixture) {
	id := newID[string]()
	chain, e := entitlement.Chain{}.Append(entitlement.Event{Aggregate: entitlement.OfUser, ID: id, Kind: "updated", Actor: newID[entitlement.UserID](), Command: "c", At: instant(0),
		Changed: []entitlement.Changed{{Property: "url", Before: "https://a \"#\" <&>", After: "Ünï"}, {Property: "manager", After: id}, {Property: "mail", Before: "m"}}})
	w.commit(entitlement.Change{Events: []entitlement.Event{e}})
	got := get[[]entitlement.Event](w)(w.s.Events(w.Context(), entitlement.OfUser, id))
	w.same(got, []entitlement.Event{e})
	w.must(entitlement.VerifyChain(chain, got))
}

func notices(w *fixture) {
	var mine []string

	for i := range 5 {
		id := newID[string]()
		e := entitlement.Event{Aggregate: entitlement.OfPolicy, ID: id, Kind: entitlement.EventLoosened, Actor: entitlement.Service, At: instant(time.Duration(i) * time.Hour),
			Data: map[string]string{entitlement.DataLoosens: "stages"}}
		// What is not told of a policy is in the history of it, and in no notice.
		if i == 3 {
			e.Kind, e.Data = "replaced", nil
		} else {
			mine = append([]string{id}, mine...)
		}

		_, e = entitlement.Chain{}.Append(e)
		w.commit(entitlement.Change{Events: []entitlement.Event{e}})
	}

	for _, limit := range []int{0, 1, 2} {
		w.eventually(func() string {
			// Notices are read by an index, which may be late.
			var got []string
			for _, e := range readAll(w, limit, func(page entitlement.Page) (entitlement.Paged[entitlement.Event], error) {
				return w.s.Notices(w.Context(), page)
			}) {
				if slices.Contains(mine, e.ID) || e.Kind == "replaced" {
					got = append(got, e.ID)
				}
			}
			return diff(got, mine)
		})
	}
}

func formerPackages(w *fixture) {
	stays, goes := w.pkg(newID[entitlement.CatalogID]()), w.pkg(newID[entitlement.CatalogID]())
	goes.Erased = true
	deletes := entitlement.Change{Packages: []entitlement.AccessPackage{goes}, Former: []entitlement.AccessPackage{goes.Former()}}
	w.commit(deletes)
	w.refuse(entitlement.PartConfiguration, deletes)
	w.eventually(func() string {
		got := get[[]entitlement.AccessPackage](w)(w.s.FormerPackages(w.Context(), []entitlement.PackageID{stays.ID, goes.ID, newID[entitlement.PackageID]()}))
		if len(got) != 1 {
			return fmt.Sprintf("%d packages", len(got))
		}
		return diff(got[0].Former(), goes.Former())
	})
}

func signingKey(w *fixture) {
	keys := make([]string, 20)
	// All at once, before there is one: whichever makes it, all must read the same.
	for _, err := range race(len(keys), func(i int) error {
		key, err := w.s.SigningKey(w.Context())
		keys[i] = string(key)
		return err
	}) {
		w.must(err)
	}

	for _, key := range keys {
		if len(key) != 32 || key != keys[0] {
			w.Fatalf("got the keys %x and %x, want one of 32 bytes", keys[0], key)
		}
	}
}

// histories plays people who ask for packages, one of whom does much more than fits a page.
func histories(w *fixture) {
	me, other, pkg := newID[entitlement.UserID](), newID[entitlement.UserID](), newID[entitlement.PackageID]()
	of, forPackage, by := map[string]bool{}, map[string]bool{}, map[string]bool{}
	minute := 0
	add := func(e entitlement.Event) string { return fmt.Sprint(e.Aggregate, e.ID, e.Number) }
	told := func(chain *entitlement.Chain, kind entitlement.AggregateKind, id string, actor entitlement.UserID) entitlement.Event {
		minute++
		after, e := chain.Append(entitlement.Event{Aggregate: kind, ID: id, Kind: "happened", Actor: actor, At: instant(time.Duration(minute/3) * time.Minute)})
		*chain = after
		return e
	}

	// Of both, in both packages: who asks is not always who decides.
	for i := range 6 {
		subject, p := []entitlement.UserID{me, other}[i%2], []entitlement.PackageID{pkg, newID[entitlement.PackageID]()}[i/2%2]
		r, _ := asked(p, subject, instant(time.Duration(minute)*time.Minute))
		r.Chain = entitlement.Chain{}
		c := entitlement.Change{}
		for n := range 1 + i*i%7 {
			e := told(&r.Chain, entitlement.OfRequest, string(r.ID), []entitlement.UserID{me, entitlement.Service, other}[n%3])
			c.Events = append(c.Events, e)
			of[add(e)], forPackage[add(e)], by[add(e)] = subject == me, p == pkg, e.Actor == me
		}
		c.Requests = []entitlement.AssignmentRequest{r}
		c.DeletionGuards = []entitlement.DeletionGuard{{Package: p, Policy: r.Policy, Subject: subject}}
		w.commit(c)
	}

	// And of the things themselves; a policy that goes; a role in the chain of a catalog.
	var mine, its, rules, around entitlement.Chain
	policy, catalog := newID[entitlement.PolicyID](), newID[entitlement.CatalogID]()
	a := entitlement.RoleAssignment{ID: newID[entitlement.RoleAssignmentID](), Role: entitlement.CatalogOwner, Catalog: catalog, User: me}
	for range 3 {
		e := told(&mine, entitlement.OfUser, string(me), me)
		of[add(e)], by[add(e)] = true, true
		f := told(&its, entitlement.OfPackage, string(pkg), other)
		forPackage[add(f)] = true
		w.commit(entitlement.Change{Events: []entitlement.Event{e, f}})
	}
	e := told(&rules, entitlement.OfPolicy, string(policy), other)
	forPackage[add(e)] = true
	w.commit(entitlement.Change{Policies: []entitlement.AssignmentPolicy{{ID: policy, Package: pkg}}, Events: []entitlement.Event{e}})
	e = told(&rules, entitlement.OfPolicy, string(policy), other)
	forPackage[add(e)] = true
	w.commit(entitlement.Change{Policies: []entitlement.AssignmentPolicy{{ID: policy, Package: pkg, Meta: entitlement.Meta{Version: 1, Erased: true}}}, Events: []entitlement.Event{e}})
	w.commit(entitlement.Change{Events: []entitlement.Event{told(&around, entitlement.OfCatalog, string(catalog), other)}})
	minute++
	around, e = around.Append(entitlement.Event{Aggregate: entitlement.OfCatalog, ID: string(catalog), Kind: "roleAssigned", Actor: other, At: instant(time.Hour), Data: map[string]string{entitlement.DataRole: string(a.ID)}})
	of[add(e)] = true
	w.commit(entitlement.Change{RoleAssignments: []entitlement.RoleAssignment{a}, Events: []entitlement.Event{e}})

	everybody := func(kind string, want map[string]bool, read func(entitlement.Page) (entitlement.Paged[entitlement.Event], error)) {
		w.Helper()
		var all []string
		for one, is := range want {
			if is {
				all = append(all, one)
			}
		}
		slices.Sort(all)
		for _, limit := range []int{0, 1, 2, 5} {
			w.eventually(func() string {
				var got []string
				for _, e := range readAll(w, limit, read) {
					got = append(got, add(e))
				}
				slices.Sort(got)
				if d := diff(got, all); d != "" {
					return kind + ": " + d
				}
				return ""
			})
		}
	}
	ctx := w.Context()
	everybody("of a person", of, func(page entitlement.Page) (entitlement.Paged[entitlement.Event], error) {
		return w.s.EventsOf(ctx, me, page)
	})
	everybody("for a package", forPackage, func(page entitlement.Page) (entitlement.Paged[entitlement.Event], error) {
		return w.s.EventsFor(ctx, pkg, page)
	})
	everybody("by an actor", by, func(page entitlement.Page) (entitlement.Paged[entitlement.Event], error) {
		return w.s.EventsBy(ctx, me, entitlement.Span{}, page)
	})
	everybody("by an actor in no time", nil, func(page entitlement.Page) (entitlement.Paged[entitlement.Event], error) {
		return w.s.EventsBy(ctx, me, entitlement.Span{From: instant(2 * time.Hour), To: instant(time.Hour)}, page)
	})

	// Others write at the same time on the same table, so that of all events these are looked for.
	w.eventually(func() string {
		found := map[string]bool{}
		span := entitlement.Span{From: instant(0), To: instant(time.Hour)}
		for _, e := range readAll(w, 0, func(page entitlement.Page) (entitlement.Paged[entitlement.Event], error) {
			return w.s.EventsDuring(ctx, span, page)
		}) {
			if found[add(e)] {
				return add(e) + " is listed twice"
			}
			found[add(e)] = true
		}
		for one := range of {
			if !found[one] {
				return one + " is not listed by time"
			}
		}
		return ""
	})

	about := get[[]entitlement.About](w)(w.s.About(ctx, []entitlement.Event{e, {Aggregate: entitlement.OfPolicy, ID: string(policy), Number: 2}, {Aggregate: entitlement.OfUser, ID: string(me)}}))
	w.same(about, []entitlement.About{{Subject: me}, {Package: pkg}, {Subject: me}})
}
