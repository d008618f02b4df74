package storetest

import (
	"fmt"
	"time"

	"leasehold/pkg/entitlement"
)

var eventScenarios = []scenario{
	{"S11: events come back whole and in order, and their chain verifies", eventChain},
	{"S10: an event number of an aggregate is written once", eventTwice},
	{"Events of one aggregate are not those of another with the same id", eventKinds},
	{"The signing key is 32 bytes and always the same", signingKey},
}

func eventChain(w *world) {
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
	stored := get[entitlement.AssignmentRequest](w)(w.s.Request(w.Context(), r.ID))
	w.must(entitlement.VerifyChain(stored.Chain, got))
}

func eventTwice(w *world) {
	c := w.catalog()
	id := string(c.ID)
	first := next(&c.Chain, entitlement.OfCatalog, id, "created")
	second := next(&c.Chain, entitlement.OfCatalog, id, "changed")
	w.commit(entitlement.Change{Events: []entitlement.Event{first, second}})

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

func eventKinds(w *world) {
	id := newID[string]()
	kinds := []entitlement.AggregateKind{entitlement.OfCatalog, entitlement.OfPackage, entitlement.OfPolicy,
		entitlement.OfUser, entitlement.OfGroup, entitlement.OfConnector, entitlement.OfPrincipal}
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

func signingKey(w *world) {
	keys := make([]string, 20)
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
