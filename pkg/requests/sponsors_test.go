package requests_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"leasehold/pkg/authz"
	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/requests"
)

func (w *fixture) sponsors(id entitlement.OrganizationID, set func(*entitlement.ConnectedOrganization)) {
	w.t.Helper()
	o, err := w.store.Organization(context.Background(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	set(&o)
	w.commit(entitlement.Change{Organizations: []entitlement.ConnectedOrganization{o}})
}

// guestsSeen are the people of an organization as a sponsor sees them, a page of two at a time.
func (w *fixture) guestsSeen(by authz.Command, id entitlement.OrganizationID) (ids []entitlement.UserID) {
	w.t.Helper()
	for page := (entitlement.Page{Limit: 2}); ; {
		list, err := w.Guests(context.Background(), by.Caller, id, "", page)
		if err != nil || len(list.People.Items) > 2 {
			w.t.Fatalf("%d, %v", len(list.People.Items), err)
		}
		for _, g := range list.People.Items {
			ids = append(ids, g.User.ID)
		}
		if page.Token = list.People.Next; page.Token == "" {
			slices.Sort(ids)
			return ids
		}
	}
}

// R134, A1: an internal sponsor sees the guests of the organization, with what they hold and wait
// for, and of no other one.
func TestR134_ASponsorSeesTheGuestsOfTheOrganizationAndNobodyElse(t *testing.T) {
	ctx := context.Background()
	w := newFixture(t)
	boss, member, external := w.person("", false), w.person("", false), w.guest("sam@fabrikam.com")
	contoso, fabrikam := w.connected("contoso.com", boss.ID), w.connected("fabrikam.com", "")
	w.sponsors(fabrikam, func(o *entitlement.ConnectedOrganization) {
		o.ExternalSponsors = []entitlement.Sponsor{{User: external.ID}}
	})
	ann, bob, cid := w.guest("ann@contoso.com"), w.guest("bob@contoso.com"), w.guest("cid@contoso.com")
	other := w.guest("eve@fabrikam.com")
	p, policy := w.pack()
	w.outside(p, policy, entitlement.ScopeAllOrganizations)
	waits, waiting := w.pack(named(boss.ID))
	w.outside(waits, waiting, entitlement.ScopeAllOrganizations)
	w.ask(ann, p)
	w.ask(bob, waits)

	want := []entitlement.UserID{ann.ID, bob.ID, cid.ID}
	slices.Sort(want)
	if got := w.guestsSeen(boss, contoso); !slices.Equal(got, want) {
		t.Errorf("the sponsor sees %v, want %v", got, want)
	}
	all, err := w.Guests(ctx, boss.Caller, contoso, "", entitlement.Page{})
	at := func(id entitlement.UserID) requests.Report {
		return all.People.Items[slices.IndexFunc(all.People.Items, func(r requests.Report) bool { return r.User.ID == id })]
	}
	if err != nil || len(at(ann.ID).Held) != 1 || len(at(bob.ID).Open) != 1 || len(at(cid.ID).Held)+len(at(cid.ID).Open) != 0 {
		t.Errorf("they have %+v, %v", all.People.Items, err)
	}
	holds, err := w.ReportHolds(ctx, boss.Caller, ann.ID, entitlement.Page{})
	if err != nil || len(holds.Held.Items) != 1 || len(holds.Grants) != 1 {
		t.Errorf("Ann holds %+v, %v", holds, err)
	}

	if again, err := w.Guests(ctx, boss.Caller, contoso, all.Organization.Place(), entitlement.Page{}); err != nil || len(again.People.Items) != 3 {
		t.Errorf("at their place there are %d, %v", len(again.People.Items), err)
	}
	elsewhere := entitlement.IdentitySource{Kind: entitlement.SourceDomain, DomainName: "fabrikam.com"}.Place()
	for name, read := range map[string]func() error{
		"a foreign organization": func() error { _, err := w.Guests(ctx, boss.Caller, fabrikam, "", entitlement.Page{}); return err },
		"one that is not there": func() error {
			_, err := w.Guests(ctx, boss.Caller, entitlement.OrganizationID(w.clock.New()), "", entitlement.Page{})
			return err
		},
		"a foreign place": func() error { _, err := w.Guests(ctx, boss.Caller, contoso, elsewhere, entitlement.Page{}); return err },
		"a long place": func() error {
			_, err := w.Guests(ctx, boss.Caller, contoso, strings.Repeat("x", 5000), entitlement.Page{})
			return err
		},
		"a foreign guest":                  func() error { _, err := w.Report(ctx, boss.Caller, other.ID); return err },
		"a member":                         func() error { _, err := w.Report(ctx, boss.Caller, member.ID); return err },
		"by somebody else":                 func() error { _, err := w.Guests(ctx, member.Caller, contoso, "", entitlement.Page{}); return err },
		"a guest by somebody else":         func() error { _, err := w.Report(ctx, member.Caller, ann.ID); return err },
		"a guest by a colleague of theirs": func() error { _, err := w.Report(ctx, bob.Caller, ann.ID); return err },
		"by an external sponsor":           func() error { _, err := w.Guests(ctx, external.Caller, fabrikam, "", entitlement.Page{}); return err },
	} {
		if err := read(); err == nil || entitlement.KindOf(err) != entitlement.NotFound {
			t.Errorf("%s: %v", name, err)
		}
	}
	robot := boss
	robot.Application = true
	_, err = w.Sponsored(ctx, robot.Caller, entitlement.Page{})
	w.kind(err, entitlement.Forbidden)
}

// The indexes may be late: the organization says who sponsors it, and the guest where they sign in.
func TestR134_AFormerSponsorIsOutAtOnceHoweverLateTheIndexIs(t *testing.T) {
	ctx := context.Background()
	w := newFixture(t)
	store, settle := dynamotest.Behind()
	w.store, w.Service.Store = store, store
	boss, team := w.person("", false), w.person("", false)
	group := w.group(team.ID)
	contoso := w.connected("contoso.com", boss.ID)
	w.connected("fabrikam.com", boss.ID)
	w.sponsors(contoso, func(o *entitlement.ConnectedOrganization) {
		o.InternalSponsors = append(o.InternalSponsors, entitlement.Sponsor{Group: group})
	})
	ann, moved := w.guest("ann@contoso.com"), w.guest("moved@contoso.com")
	team.Caller = team.As(func() entitlement.User { u, _ := store.User(ctx, team.ID); return u }()).Caller

	settle()
	for who, n := range map[*authz.Command]int{&boss: 2, &team: 1} {
		if list, err := w.Sponsored(ctx, who.Caller, entitlement.Page{}); err != nil || len(list.Items) != n {
			t.Fatalf("%v, %v", list.Items, err)
		}
	}
	if got := w.guestsSeen(team, contoso); len(got) != 2 {
		t.Fatalf("%v", got)
	}

	w.change(moved.ID, func(u *entitlement.User) { u.UserPrincipalName = "moved@fabrikam.com" })
	if got := w.guestsSeen(boss, contoso); !slices.Equal(got, []entitlement.UserID{ann.ID}) {
		t.Errorf("with one who left there are %v", got)
	}
	w.sponsors(contoso, func(o *entitlement.ConnectedOrganization) { o.InternalSponsors = nil })
	for _, who := range []authz.Command{boss, team} {
		list, err := w.Sponsored(ctx, who.Caller, entitlement.Page{})
		if err != nil || slices.ContainsFunc(list.Items, func(o entitlement.ConnectedOrganization) bool { return o.ID == contoso }) {
			t.Errorf("a former sponsor is told of %v, %v", list.Items, err)
		}
		if _, err := w.Guests(ctx, who.Caller, contoso, "", entitlement.Page{}); entitlement.KindOf(err) != entitlement.NotFound || err == nil {
			t.Errorf("and of its guests: %v", err)
		}
		if _, err := w.Report(ctx, who.Caller, ann.ID); entitlement.KindOf(err) != entitlement.NotFound || err == nil {
			t.Errorf("and of one of them: %v", err)
		}
	}
	if _, err := w.Report(ctx, boss.Caller, moved.ID); err != nil {
		t.Errorf("the sponsor of where they are now: %v", err)
	}
}

// Sponsors act as far as a policy names them, as anybody else: being one lets them see.
func TestR213_ASponsorEndsWhatAPolicyLetsThemAndElseOnlySees(t *testing.T) {
	ctx := context.Background()
	w := newFixture(t)
	boss := w.person("", false)
	contoso := w.connected("contoso.com", boss.ID)
	ann := w.guest("ann@contoso.com")
	p, policy := w.pack()
	w.outside(p, policy, entitlement.ScopeSpecificOrganizations, contoso)
	r := w.ask(ann, p)
	end := requests.Submission{Type: entitlement.UserRemove, Assignment: entitlement.AssignmentID(r.ID), Subject: ann.ID}

	holds, err := w.ReportHolds(ctx, boss.Caller, ann.ID, entitlement.Page{})
	if err != nil || holds.Options[entitlement.AssignmentID(r.ID)] != (entitlement.ReportOptions{}) {
		t.Errorf("without a policy for it they may %+v, %v", holds.Options, err)
	}
	if _, err := w.RemoveHeld(ctx, boss, end); err == nil {
		t.Error("a sponsor ends what no policy lets them")
	}

	w.lets(policy, named(boss.ID))
	holds, err = w.ReportHolds(ctx, boss.Caller, ann.ID, entitlement.Page{})
	if err != nil || !holds.Options[entitlement.AssignmentID(r.ID)].End {
		t.Errorf("with one they may %+v, %v", holds.Options, err)
	}
	if list, err := w.RequestableFor(ctx, boss.Caller, ann.ID, entitlement.Page{}); err != nil || len(list.Items) != 1 {
		t.Errorf("and ask for %v, %v", list.Items, err)
	}
	if _, err := w.RemoveHeld(ctx, boss, end); err != nil {
		t.Errorf("and end it: %v", err)
	}
}
