package requests_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"leasehold/pkg/authz"
	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/entitlement"
)

func idsOf(users []entitlement.User) (ids []entitlement.UserID) {
	for _, u := range users {
		ids = append(ids, u.ID)
	}
	slices.Sort(ids)
	return ids
}

// R213: a manager sees those who report to them, a page at a time, and nobody else does.
func TestR213_AManagerListsTheirReportsHoweverManyThereAre(t *testing.T) {
	ctx := context.Background()
	w := newFixture(t)
	boss, other := w.person("", false), w.person("", false)
	var want []entitlement.UserID
	for range 60 {
		want = append(want, w.person(boss.ID, false).ID)
	}
	w.person(other.ID, false)
	slices.Sort(want)

	var got []entitlement.User
	pages := 0
	for page := (entitlement.Page{Limit: 25}); ; pages++ {
		list, err := w.Reports(ctx, boss.Caller, page)
		if err != nil || len(list.Items) > 25 {
			t.Fatalf("%d, %v", len(list.Items), err)
		}
		got = append(got, list.Items...)
		if page.Token = list.Next; list.Next == "" {
			break
		}
	}
	if !slices.Equal(idsOf(got), want) || pages != 2 {
		t.Errorf("%d of %d reports on %d pages", len(got), len(want), pages+1)
	}

	robot := boss
	robot.Application = true
	_, err := w.Reports(ctx, robot.Caller, entitlement.Page{})
	w.kind(err, entitlement.Forbidden)
}

// The index may be late: the person says who their manager is.
func TestR213_AFormerReportIsOutAtOnceHoweverLateTheIndexIs(t *testing.T) {
	ctx := context.Background()
	w := newFixture(t)
	store, settle := dynamotest.Behind()
	w.store, w.Service.Store = store, store
	boss, next := w.person("", false), w.person("", false)
	p, policy := w.pack()
	mia, kept := w.person(boss.ID, false), w.person(boss.ID, false)
	w.ask(mia, p)
	w.lets(policy, itsManager)

	settle()
	if team, err := w.Team(ctx, boss.Caller, entitlement.Page{}); err != nil || len(team.Items) != 2 {
		t.Fatalf("%v, %v", team.Items, err)
	}
	w.change(mia.ID, func(u *entitlement.User) { u.Manager = next.ID })

	team, err := w.Team(ctx, boss.Caller, entitlement.Page{})
	if err != nil || len(team.Items) != 1 || team.Items[0].ID != kept.ID {
		t.Errorf("the former manager sees %v, %v", team.Items, err)
	}
	if list, err := w.ReportsAssignments(ctx, boss.Caller, entitlement.Page{}); err != nil || len(list.Items) != 0 {
		t.Errorf("and assignments %v, %v", list.Items, err)
	}
	if list, err := w.ReportsRequests(ctx, boss.Caller, entitlement.Page{}); err != nil || len(list.Items) != 0 {
		t.Errorf("and requests %v, %v", list.Items, err)
	}
	for name, read := range map[string]func() error{
		"the person":            func() error { _, err := w.Report(ctx, boss.Caller, mia.ID); return err },
		"what they hold":        func() error { _, err := w.ReportHolds(ctx, boss.Caller, mia.ID, entitlement.Page{}); return err },
		"what they could have":  func() error { _, err := w.RequestableFor(ctx, boss.Caller, mia.ID, entitlement.Page{}); return err },
		"what it would mean":    func() error { _, err := w.OnBehalf(ctx, boss.Caller, p.ID, string(mia.ID)); return err },
		"somebody unknown":      func() error { _, err := w.Report(ctx, boss.Caller, entitlement.UserID(w.clock.New())); return err },
		"themselves":            func() error { _, err := w.Report(ctx, boss.Caller, boss.ID); return err },
		"the report of another": func() error { _, err := w.Report(ctx, next.Caller, kept.ID); return err },
	} {
		if err := read(); entitlement.KindOf(err) != entitlement.NotFound || err == nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if holds, err := w.ReportHolds(ctx, next.Caller, mia.ID, entitlement.Page{}); err != nil || len(holds.Held.Items) != 1 {
		t.Errorf("the new manager sees %v, %v", holds.Held.Items, err)
	}
}

// What reports hold and ask for is listed whole, in pages of any size, each thing once.
func TestR213_WhatReportsHoldAndAskForIsListedOnce(t *testing.T) {
	ctx := context.Background()
	w := newFixture(t)
	boss := w.person("", false)
	p, _ := w.pack()
	q, _ := w.pack()
	waits, _ := w.pack(named(w.person("", false).ID))
	for range 7 {
		mia := w.person(boss.ID, false)
		w.ask(mia, p)
		w.ask(mia, q)
		w.ask(mia, waits)
	}
	w.ask(w.person("", false), p)

	for _, size := range []int{1, 2, 3, 5, 100} {
		seen := map[string]bool{}
		for page := (entitlement.Page{Limit: size}); ; {
			list, err := w.ReportsAssignments(ctx, boss.Caller, page)
			if err != nil || len(list.Items) > size {
				t.Fatalf("%d, %v", len(list.Items), err)
			}
			for _, a := range list.Items {
				if seen[string(a.ID)] {
					t.Errorf("in pages of %d, %s twice", size, a.ID)
				}
				seen[string(a.ID)] = true
			}
			if page.Token = list.Next; list.Next == "" {
				break
			}
		}
		requests := 0
		for page := (entitlement.Page{Limit: size}); ; {
			list, err := w.ReportsRequests(ctx, boss.Caller, page)
			if err != nil {
				t.Fatal(err)
			}
			requests += len(list.Items)
			if page.Token = list.Next; list.Next == "" {
				break
			}
		}
		if len(seen) != 14 || requests != 21 {
			t.Errorf("in pages of %d: %d assignments of 14, %d requests of 21", size, len(seen), requests)
		}
	}

	team, err := w.Team(ctx, boss.Caller, entitlement.Page{})
	if err != nil || len(team.Items) != 7 {
		t.Fatalf("%v, %v", team.Items, err)
	}
	for _, r := range team.Items {
		if len(r.Held) != 2 || len(r.Open) != 1 || r.Open[0].Subject != r.ID || r.Open[0].Package != waits.ID {
			t.Errorf("%s holds %d and waits for %v", r.ID, len(r.Held), r.Open)
		}
	}
	_, err = w.ReportsAssignments(ctx, boss.Caller, entitlement.Page{Token: "nonsense"})
	w.kind(err, entitlement.Invalid)
}

// R213: what a manager is offered for a report is what the commands let them do.
func TestR213_WhatAManagerIsOfferedForAReportIsWhatTheyMay(t *testing.T) {
	ctx := context.Background()
	w := newFixture(t)
	boss, otto := w.person("", false), w.person("", false)
	mia := w.person(boss.ID, false)

	forAll, wide := w.pack()
	w.lets(wide, itsManager)
	forMia, narrow := w.pack()
	w.lets(narrow, itsManager)
	w.reset(narrow.ID, func(p *entitlement.AssignmentPolicy) {
		p.Scope, p.Targets = entitlement.ScopeSpecificUsers, []entitlement.SubjectSet{named(mia.ID)}
	})
	forOtto, foreign := w.pack()
	w.lets(foreign, itsManager)
	w.reset(foreign.ID, func(p *entitlement.AssignmentPolicy) {
		p.Scope, p.Targets = entitlement.ScopeSpecificUsers, []entitlement.SubjectSet{named(otto.ID)}
	})
	hidden, byLink := w.pack()
	w.lets(byLink, itsManager)
	w.list(hidden.ID, func(p *entitlement.AccessPackage) { p.Hidden = true })
	byOthers, helpers := w.pack()
	w.lets(helpers, named(otto.ID))
	own, _ := w.pack() // which people ask for themselves

	for _, size := range []int{1, 25} {
		var got []entitlement.PackageID
		for page := (entitlement.Page{Limit: size}); ; {
			list, err := w.RequestableFor(ctx, boss.Caller, mia.ID, page)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range list.Items {
				got = append(got, p.ID)
			}
			if page.Token = list.Next; list.Next == "" {
				break
			}
		}
		want := []entitlement.PackageID{forAll.ID, forMia.ID}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("in pages of %d: %v, want %v", size, got, want)
		}
	}

	for name, c := range map[string]struct {
		p   entitlement.AccessPackage
		by  authz.Command
		may bool
	}{
		"for everybody": {forAll, boss, true}, "that names the report": {forMia, boss, true}, "that is hidden": {hidden, boss, true}, "by another who is named": {byOthers, otto, true},
		"of others": {byOthers, boss, false}, "that people ask for themselves": {own, boss, false}, "by a stranger": {forAll, otto, false},
	} {
		told, err := w.OnBehalf(ctx, c.by.Caller, c.p.ID, string(mia.ID))
		if may := err == nil && len(told.Policies) == 1; may != c.may {
			t.Errorf("a package %s: offered %v, %v", name, told.Policies, err)
		}
	}
	if told, err := w.OnBehalf(ctx, boss.Caller, forOtto.ID, string(mia.ID)); err != nil || len(told.Policies) != 0 {
		t.Errorf("one that is not for them: %v, %v", told.Policies, err)
	}

	r, err := w.askFor(boss, mia.ID, forAll)
	if err != nil {
		t.Fatal(err)
	}
	holds, err := w.ReportHolds(ctx, boss.Caller, mia.ID, entitlement.Page{})
	if o := holds.Options[r.AssignmentOf()]; err != nil || !o.End || !o.Extend {
		t.Errorf("offered %+v, %v", o, err)
	}
	if told, err := w.OnBehalf(ctx, boss.Caller, forAll.ID, string(mia.ID)); err != nil || told.Held == nil {
		t.Errorf("what they hold is not told: %+v, %v", told, err)
	}
}

// Whom a name or a mail is of is told to nobody who may not ask for them: unknown, known and
// ambiguous names are refused in the same words.
func TestA1_WhoHasWhichMailIsNotToldByAskingForThem(t *testing.T) {
	ctx := context.Background()
	w := newFixture(t)
	boss, otto := w.person("", false), w.person("", false)
	for i, mail := range []string{"mia@x.example", "two@x.example", "two@x.example"} {
		w.somebody(fmt.Sprintf("u%d", i), mail, func(u *entitlement.User) { u.Manager = boss.ID })
	}
	p, policy := w.pack()
	w.lets(policy, itsManager)

	if told, err := w.OnBehalf(ctx, boss.Caller, p.ID, "MIA@x.example"); err != nil || told.Subject.Mail != "mia@x.example" {
		t.Errorf("by mail: %+v, %v", told, err)
	}
	words := map[string]bool{}
	for by, whom := range map[*authz.Command][]string{&otto: {"mia@x.example", "u0", "nobody@x.example", "<b>", ""}, &boss: {"nobody@x.example", "two@x.example", string(boss.ID)}} {
		for _, name := range whom {
			_, err := w.OnBehalf(ctx, by.Caller, p.ID, name)
			w.kind(err, entitlement.NotFound)
			words[fmt.Sprint(err)] = true
		}
	}
	_, err := w.OnBehalf(ctx, boss.Caller, entitlement.PackageID(w.clock.New()), "mia@x.example")
	words[fmt.Sprint(err)] = true
	if len(words) != 1 {
		t.Errorf("told in %d ways: %v", len(words), words)
	}
}

// For whom a package can be asked besides oneself is said to those whom it lets, and a package
// that is only for others is none to whoever has nobody to ask for.
func TestR213_APackageSaysForWhomElseItCanBeAskedFor(t *testing.T) {
	ctx := context.Background()
	w := newFixture(t)
	boss, otto, helper := w.person("", false), w.person("", false), w.person("", false)
	w.person(boss.ID, false)
	p, policy := w.pack()
	w.lets(policy, itsManager, named(helper.ID))

	if o, err := w.OthersFor(ctx, boss.Caller, p.ID, entitlement.Page{}); err != nil || len(o.Reports.Items) != 1 || o.ByName || !o.Any() {
		t.Errorf("a manager: %+v, %v", o, err)
	}
	if o, err := w.OthersFor(ctx, helper.Caller, p.ID, entitlement.Page{}); err != nil || !o.ByName || !o.Any() {
		t.Errorf("one who is named: %+v, %v", o, err)
	}
	_, err := w.OthersFor(ctx, otto.Caller, p.ID, entitlement.Page{})
	w.kind(err, entitlement.NotFound)

	own, _ := w.pack()
	if o, err := w.OthersFor(ctx, boss.Caller, own.ID, entitlement.Page{}); err != nil || o.Any() {
		t.Errorf("one that lets nobody ask for others: %+v, %v", o, err)
	}
}
