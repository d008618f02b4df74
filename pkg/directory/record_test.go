package directory_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"leasehold/pkg/directory"
	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/entitlement"
)

// An administrator could sign in as an approver for a minute: the record must not name the
// approver alone.
func TestR244_WhoseSignInWasPutToWhomIsInTheEvents(t *testing.T) {
	s := newService()
	ctx := t.Context()
	sign := func(value string) []entitlement.Principal {
		return []entitlement.Principal{{Issuer: "https://login.example", Value: value}}
	}
	make := func(name, value string) entitlement.User {
		t.Helper()
		u, err := s.CreateUser(ctx, administrator("root", "c"), entitlement.User{DisplayName: name, UserPrincipalName: name + "@example.com", Enabled: true, Type: entitlement.Member, Identities: sign(value)})
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	approver, eve := make("ann", "ann-subject"), make("eve", "eve-subject")
	by := administrator(eve.ID, "trick")
	edit := func(id entitlement.UserID, change func(u *entitlement.User)) {
		t.Helper()
		if _, err := s.UpdateUser(ctx, by, id, func(u *entitlement.User) error { change(u); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	edit(eve.ID, func(u *entitlement.User) { u.Identities = sign("eve-other") })
	edit(approver.ID, func(u *entitlement.User) { u.Identities = sign("eve-subject") })
	edit(approver.ID, func(u *entitlement.User) { u.Identities = sign("ann-subject") })

	events, err := eventsOf(s).Events(ctx, entitlement.OfUser, string(approver.ID))
	if err != nil || len(events) != 3 {
		t.Fatalf("%d events, %v", len(events), err)
	}
	evesOwn, err := eventsOf(s).Events(ctx, entitlement.OfUser, string(eve.ID))
	if err != nil {
		t.Fatal(err)
	}
	identities := func(e entitlement.Event) entitlement.Changed {
		for _, c := range e.Changed {
			if c.Property == "identities" {
				return c
			}
		}
		t.Fatalf("%s tells nothing of identities: %v", e.Kind, e.Changed)
		return entitlement.Changed{}
	}
	put, back := identities(events[1]), identities(events[2])
	if events[1].Actor != eve.ID || put.After != identities(evesOwn[0]).After || put.Before != identities(events[0]).After || back.Before != put.After || back.After != put.Before {
		t.Errorf("put %+v, back %+v, hers %+v", put, back, identities(evesOwn[0]))
	}
	if strings.Contains(fmt.Sprint(events, evesOwn), "-subject") {
		t.Error("an event holds a sign-in, which erasure could not reach")
	}

	notices, err := s.Store.(interface {
		Notices(context.Context, entitlement.Page) (entitlement.Paged[entitlement.Event], error)
	}).Notices(ctx, entitlement.Page{})
	if err != nil || len(notices.Items) != 3 {
		t.Errorf("%d notices, %v: want the three changes of sign-ins", len(notices.Items), err)
	}
}

func TestR245_WhatChangesOfAUserIsInTheEvent(t *testing.T) {
	s := newService()
	ctx, by := t.Context(), administrator("root", "c")
	user := func(name string) entitlement.User {
		t.Helper()
		u, err := s.CreateUser(ctx, by, entitlement.User{DisplayName: name, UserPrincipalName: name + "@example.com", Enabled: true, Type: entitlement.Member})
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	u, first, second := user("u"), user("first"), user("second")
	g, err := s.CreateGroup(ctx, by, entitlement.Group{DisplayName: "G"})
	if err != nil {
		t.Fatal(err)
	}
	steps := []struct {
		do   func() error
		want string
	}{
		{func() error { return s.SetManager(ctx, by, u.ID, first.ID) }, fmt.Sprintf("updated [{manager  %s}]", first.ID)},
		{func() error { return s.SetManager(ctx, by, u.ID, second.ID) }, fmt.Sprintf("updated [{manager %s %s}]", first.ID, second.ID)},
		{func() error { return s.AddMembers(ctx, by, g.ID, false, u.ID) }, fmt.Sprintf("memberAdded [] map[group:%s]", g.ID)},
		{func() error { return s.RemoveMembers(ctx, by, g.ID, false, u.ID) }, fmt.Sprintf("memberRemoved [] map[group:%s]", g.ID)},
		{func() error {
			_, err := s.UpdateUser(ctx, by, u.ID, func(u *entitlement.User) error { u.Type, u.Enabled = entitlement.Guest, false; return nil })
			return err
		}, "updated [{userType Member Guest} {accountEnabled true false}]"},
	}
	for _, step := range steps {
		if err := step.do(); err != nil {
			t.Fatal(err)
		}
		events, err := eventsOf(s).Events(ctx, entitlement.OfUser, string(u.ID))
		if err != nil {
			t.Fatal(err)
		}
		e := events[len(events)-1]
		got := fmt.Sprint(e.Kind, " ", e.Changed)
		if len(e.Data) > 0 {
			got += fmt.Sprint(" ", e.Data)
		}
		if got != step.want {
			t.Errorf("got %s, want %s", got, step.want)
		}
		now, err := s.Store.User(ctx, u.ID)
		if err != nil {
			t.Fatal(err)
		}
		if err := entitlement.VerifyChain(now.Chain, events); err != nil {
			t.Error(err)
		}
	}
}

// eventsOf is the store of a service as whoever verifies its events sees it.
func eventsOf(s *directory.Service) *dynamotest.Store { return s.Store.(*dynamotest.Store) }
