package delivery_test

import (
	"context"
	"testing"
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
)

// Somebody comes back under another id to a target that makes changes later: what was given under each
// of the two is taken away under each, by a change that is asked about by its own handle. Where
// nothing shows anybody, each is sent twice, and no more.
func TestF35_WhatWasGivenUnderTwoIDsIsTakenAwayUnderEach(t *testing.T) {
	for name, tells := range map[string]answerKind{"shown": truth, "shown to nobody": saysNothing} {
		t.Run(name, func(t *testing.T) {
			onBench(t, func(b *bench) {
				s := &slow{takes: 4 * time.Minute}
				s.opens(b)
				s.caps.Unconfirmed = true
				s.caps.Ways = []connector.Way{byList}
				s.anyID = true
				b.server.tells = map[connector.Way]func(bool) answerKind{byList: func(bool) answerKind { return tells }}
				u, p, q := b.staff(1)[0], b.pack("a"), b.pack("a")
				first := b.server.people[u]
				b.assign(u, p)
				b.enqueue(u)
				b.work(1)
				b.within(2*time.Hour, "given", func() bool {
					g := b.grant(u)
					return g.Pending == "" && (g.Unconfirmed || g.Presence == entitlement.PresencePresent)
				})

				// The account is another one by now, and the old one stays with what it holds.
				time.Sleep(25 * time.Hour)
				b.server.people[u] = "second"
				b.assign(u, q)
				b.enqueue(u)
				b.within(3*time.Hour, "given under the second id", func() bool {
					g := b.grant(u)
					return g.Pending == "" && (g.Unconfirmed || g.Presence == entitlement.PresencePresent) && b.server.there(u, "a")
				})

				sent := s.applies
				b.remove(u, p)
				b.remove(u, q)
				b.enqueue(u)
				b.within(3*time.Hour, "over", func() bool { return b.grant(u) == entitlement.Grant{} })
				if members := b.server.members("a", time.Now()); len(members) > 0 {
					t.Errorf("%v are members still", members)
				}
				want := 2
				if tells == saysNothing {
					want = 4
				}
				if s.applies-sent != want {
					t.Errorf("%d changes were sent, want %d for %s and second", s.applies-sent, want, first)
				}
			})
		})
	}
}

// A removal of which one id is over is not asked about under that one again, and ends with the other.
func TestF35_ARemovalEndsWithTheLastOfTheIDs(t *testing.T) {
	onBench(t, func(b *bench) {
		s := &slow{takes: time.Minute}
		s.opens(b)
		s.caps.Ways, s.anyID = []connector.Way{byList}, true
		u, p := b.staff(1)[0], b.pack("a")
		first := b.server.people[u]
		b.assign(u, p)
		b.enqueue(u)
		b.work(1)
		b.within(time.Hour, "held", func() bool { return b.grant(u).Presence == entitlement.PresencePresent })
		time.Sleep(25 * time.Hour)
		b.server.people[u] = "second"
		q := b.pack("a")
		b.assign(u, q)
		b.enqueue(u)
		b.within(time.Hour, "held as the second", func() bool { return b.server.there(u, "a") && b.grant(u).Presence == entitlement.PresencePresent })

		s.stuck = first // its change takes as long as the test wants
		b.remove(u, p)
		b.remove(u, q)
		b.enqueue(u)
		time.Sleep(20 * time.Minute)
		_, sets, err := b.store.SubjectRecord(context.Background(), u)
		if err != nil || len(sets) != 1 {
			t.Fatalf("%v, %v", sets, err)
		}
		sent := s.applies
		role := b.grant(u).Role
		was, _ := sets[0].UnderID(role, string(first))
		if now, _ := sets[0].UnderID(role, "second"); now.Presence != entitlement.PresenceAbsent || was.Pending == "" {
			t.Errorf("on record are %+v", sets[0].Under)
		}

		s.stuck = ""
		b.within(30*time.Minute, "over", func() bool { return b.grant(u) == entitlement.Grant{} })
		if s.applies != sent {
			t.Errorf("%d more changes were sent", s.applies-sent)
		}
	})
}
