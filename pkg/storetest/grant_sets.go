package storetest

import (
	"fmt"
	"time"

	"leasehold/pkg/entitlement"
)

var grantSetScenarios = []scenario{
	{"S14: a grant set is claimed by one worker until its lease ends, then displaced", claimLife},
	{"S14: a grant set is recorded under its claim only, and the claim ends with it", recordLife},
	{"A claim enters the roles it intends as unknown, signs those that nobody signed before it, those to be taken away apart, and leaves the rest of them as it is", claimIntends},
	{"S14: a fence holds while token and generation do", fences},
	{"S21: a grant set of more than MaxGrants grants is Invalid", grantSetFull},
	{"A subject's grant sets at two connectors are apart", twoGrantSets},
	{"R270: a claim signs that an account may be made, where no earlier one did, and what is on record of the account comes back", accountSigned},
}

func claimLife(w *fixture) {
	d, now := newGrantSetKey(), instant(0)
	until := now.Add(time.Minute)
	got, err := d.claim(w, "one", now, until)
	w.must(err)
	want := entitlement.GrantSet{Subject: d.subject, Connector: d.at, Token: "one", Until: until}
	w.same(got, want)
	w.same(w.grantSets(d.subject), []entitlement.GrantSet{want})
	again, err := d.claim(w, "one", now, until) // as a client does that did not hear the answer
	w.must(err)
	w.same(again, want)

	for _, token := range []string{"two", "one"} {
		_, err = d.claim(w, token, until.Add(-1), until.Add(time.Hour))
		w.conflict(err, entitlement.PartClaim)
	}
	w.same(w.grantSets(d.subject), []entitlement.GrantSet{want})

	got, err = d.claim(w, "two", until, until.Add(time.Minute))
	w.must(err)
	want.Token, want.Until = "two", until.Add(time.Minute)
	w.same(got, want)
	w.refuse(entitlement.PartClaim, record(d.grantSet("one")))
	w.same(w.grantSets(d.subject), []entitlement.GrantSet{want})
}

func recordLife(w *fixture) {
	d, now := newGrantSetKey(), instant(0)
	w.refuse(entitlement.PartClaim, record(d.grantSet("one")))
	w.refuse(entitlement.PartClaim, record(d.grantSet("")))
	_, err := d.claim(w, "one", now, now.Add(time.Minute))
	w.must(err)
	// An empty token, or the beginning of one, is nobody's claim.
	w.refuse(entitlement.PartClaim, record(d.grantSet("")))
	w.refuse(entitlement.PartClaim, record(d.grantSet("on")))

	first := d.grantSet("one")
	w.commit(record(first))
	first.Token = ""
	w.same(w.grantSets(d.subject), []entitlement.GrantSet{first})
	// The claim ended with its record, so it records nothing more.
	w.refuse(entitlement.PartClaim, record(d.grantSet("one")))
	w.refuse(entitlement.PartClaim, record(d.grantSet("")))

	got, err := d.claim(w, "two", now, now.Add(time.Minute))
	w.must(err)
	want := first
	want.Token, want.Until = "two", now.Add(time.Minute)
	w.same(got, want)
	empty := entitlement.GrantSet{Subject: d.subject, Connector: d.at, Token: "two"}
	w.commit(record(empty))
	empty.Token = ""
	w.same(w.grantSets(d.subject), []entitlement.GrantSet{empty})
}

func claimIntends(w *fixture) {
	d, now := newGrantSetKey(), instant(0)
	until := now.Add(time.Minute)
	role := func(resource, name string) entitlement.RoleRef {
		return entitlement.RoleRef{Connector: d.at, Resource: resource, Role: name}
	}
	a, b, c := role("team #1", "member"), role("team #1", "owner"), role("team", "#1 member")
	meant := func(ref entitlement.RoleRef, token string) entitlement.Grant {
		return entitlement.Grant{Role: ref, Presence: entitlement.PresenceUnknown, Intent: token}
	}
	got, err := d.claim(w, "one", now, until, a, b)
	w.must(err)
	want := entitlement.GrantSet{Subject: d.subject, Connector: d.at, Token: "one", Until: until,
		Grants: map[entitlement.RoleRef]entitlement.Grant{a: meant(a, "one"), b: meant(b, "one")}}
	w.same(got, want)
	_, err = d.claim(w, "two", now, until, c)
	w.conflict(err, entitlement.PartClaim)
	w.same(w.grantSets(d.subject), []entitlement.GrantSet{want})

	known := filled[entitlement.Grant]()
	known.Role, known.Intent = a, ""
	want.Grants = map[entitlement.RoleRef]entitlement.Grant{a: known}
	w.commit(record(want))
	got, err = d.claim(w, "three", now, until, a, c)
	w.must(err)
	known.Intent = "three"
	want.Token, want.Grants = "three", map[entitlement.RoleRef]entitlement.Grant{a: known, c: meant(c, "three")}
	w.same(got, want)

	// The third claim ended without a record: what it may have done stays signed by it.
	got, err = d.claim(w, "four", until, until.Add(time.Minute), a, b)
	w.must(err)
	want.Token, want.Until, want.Grants[b] = "four", until.Add(time.Minute), meant(b, "four")
	w.same(got, want)

	// A claim that means to take a role away signs it apart from who meant to grant it, and only
	// where nobody signed it before; it enters no role.
	want.Grants = map[entitlement.RoleRef]entitlement.Grant{a: known, b: meant(b, "four")}
	known.Removal = ""
	want.Grants[a] = known
	w.commit(record(want))
	removal := entitlement.Claim{Subject: d.subject, Connector: d.at, Token: "five", Now: now, Until: until, Remove: []entitlement.RoleRef{a, c}}
	got, err = w.s.Claim(w.Context(), removal)
	w.must(err)
	known.Removal = "five"
	want.Token, want.Until, want.Grants[a] = "five", until, known
	w.same(got, want)
	removal.Token, removal.Now, removal.Until = "six", until, until.Add(time.Minute)
	got, err = w.s.Claim(w.Context(), removal)
	w.must(err)
	want.Token, want.Until = "six", until.Add(time.Minute)
	w.same(got, want)
}

func fences(w *fixture) {
	d, other, now := newGrantSetKey(), newGrantSetKey(), instant(0)
	w.commit(add(d.subject, waiting()))
	for _, x := range []grantSetKey{d, other} {
		_, err := x.claim(w, "one", now, now.Add(time.Minute))
		w.must(err)
	}
	fence := func(d grantSetKey, token string, generation int64) entitlement.Fence {
		return entitlement.Fence{Subject: d.subject, Connector: d.at, Token: token, Generation: generation}
	}
	// Each differs in one thing from one that holds: token, generation, connector or subject.
	elsewhere := fence(d, "one", 1)
	elsewhere.Connector = other.at
	got, err := w.s.Holding(w.Context(), []entitlement.Fence{fence(d, "one", 1), fence(d, "two", 1), fence(d, "one", 0),
		fence(other, "one", 1), fence(d, "one", 2), elsewhere, fence(newGrantSetKey(), "one", 1), fence(d, "one", 1)})
	w.must(err)
	w.same(got, []bool{true, false, false, false, false, false, false, true})

	// The generation moved on: whoever planned on the old one must not write any more.
	w.commit(add(d.subject, waiting()))
	got, err = w.s.Holding(w.Context(), []entitlement.Fence{fence(d, "one", 1), fence(d, "one", 2)})
	w.must(err)
	w.same(got, []bool{false, true})

	w.commit(record(d.grantSet("one")))
	got, err = w.s.Holding(w.Context(), []entitlement.Fence{fence(d, "one", 2), fence(d, "", 2)})
	w.must(err)
	w.same(got, []bool{false, false})
}

func grantSetFull(w *fixture) {
	d := newGrantSetKey()
	_, err := d.claim(w, "one", instant(0), instant(time.Minute))
	w.must(err)
	before := w.grantSets(d.subject)
	s := d.grantSet("one")
	s.Grants = map[entitlement.RoleRef]entitlement.Grant{}
	add := func() {
		ref := entitlement.RoleRef{Connector: d.at, Resource: fmt.Sprint("resource-", len(s.Grants)), Role: "member"}
		s.Grants[ref] = entitlement.Grant{Role: ref, Presence: entitlement.PresencePresent, Confirmed: instant(0)}
	}
	// One more than fits is refused as a whole: part of it would look like all of it.
	for range entitlement.MaxGrants + 1 {
		add()
	}
	w.kind(w.s.Commit(w.Context(), record(s)), entitlement.Invalid)
	w.same(w.grantSets(d.subject), before)

	for ref := range s.Grants {
		delete(s.Grants, ref)
		break
	}
	w.commit(record(s))
	s.Token = ""
	w.same(w.grantSets(d.subject), []entitlement.GrantSet{s})
}

func twoGrantSets(w *fixture) {
	a := newGrantSetKey()
	b := grantSetKey{a.subject, newID[entitlement.ConnectorID]()}
	for _, d := range []grantSetKey{a, b} {
		_, err := d.claim(w, "one", instant(0), instant(time.Minute))
		w.must(err)
	}

	w.commit(record(a.grantSet("one")))
	w.commit(record(b.grantSet("one")))

	grantSets := w.grantSets(a.subject)
	if len(grantSets) != 2 || grantSets[0].Connector == grantSets[1].Connector {
		w.Fatalf("got %d grant sets, want one at each connector", len(grantSets))
	}

	if others := w.grantSets(newID[entitlement.UserID]()); len(others) != 0 {
		w.Fatalf("got %d grant sets of somebody unknown", len(others))
	}
}

func accountSigned(w *fixture) {
	d, now := newGrantSetKey(), instant(0)
	first, second, third := newID[string](), newID[string](), newID[string]()
	claim := func(token string, now time.Time, signs bool) entitlement.GrantSet {
		got, err := w.s.Claim(w.Context(), entitlement.Claim{Subject: d.subject, Connector: d.at, Token: token, Now: now, Until: now.Add(time.Minute), Account: signs})
		w.must(err)
		return got
	}

	if got := claim(first, now, true); got.Account != (entitlement.Account{Intent: first}) {
		w.Fatalf("signed %+v", got.Account)
	}
	// The first claim was never recorded, so that an account may carry its mark.
	if got := claim(second, now.Add(time.Hour), true); got.Account.Intent != first {
		w.Fatalf("signed anew: %+v", got.Account)
	}

	account := entitlement.Account{State: entitlement.AccountDisabled, Ref: "7", Mark: first, Sent: now, Since: now.Add(1), Marked: true, Others: true, Unconfirmed: true,
		Attempts: 3, Reason: "not-confirmed", Detail: "It is not shown.", Next: now.Add(2), Chain: entitlement.Chain{Number: 2, Hash: "ab"}}
	set := d.grantSet(second)
	set.Account = account
	w.commit(entitlement.Change{GrantSets: []entitlement.GrantSet{set}})
	if got := w.grantSets(d.subject)[0].Account; got != account {
		w.Fatalf("got %+v, want %+v", got, account)
	}

	// A claim that does not sign it leaves it as it is.
	if got := claim(third, now.Add(2*time.Hour), false).Account; got != account {
		w.Fatalf("got %+v, want %+v", got, account)
	}
}
