package delivery_test

import (
	"context"
	"testing"
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
)

// refusing is a slow server that refuses the first changes for good.
type refusing struct {
	*slow
	first int
}

func (r *refusing) Apply(ctx context.Context, role entitlement.RoleRef, ops []connector.Op) ([]connector.Result, error) {
	if r.first > 0 {
		r.first--
		return []connector.Result{{Err: &connector.Refusal{Reason: connector.RefusedByTarget, Detail: "Not this person.", Permanent: true}}}, nil
	}
	return r.slow.Apply(ctx, role, ops)
}

// Nobody was ever seen at the target, whose changes are made later: a removal is sent twice, and
// then it is over or somebody is told, and not sent once more every two minutes for ever.
func TestF35_ARemovalThatNothingShowsIsSentTwiceAndNotForEver(t *testing.T) {
	for _, unconfirmed := range []bool{true, false} {
		onBench(t, func(b *bench) {
			s := &slow{takes: 10 * time.Second, fails: 1}
			s.opens(b)
			s.caps.Unconfirmed = unconfirmed
			u, p := b.staff(1)[0], b.pack("a")
			b.assign(u, p)
			b.enqueue(u)
			b.work(1)
			time.Sleep(15 * time.Second)
			b.remove(u, p)
			b.enqueue(u)
			time.Sleep(time.Hour)
			switch g := b.grant(u); {
			case unconfirmed && (g != entitlement.Grant{} || s.applies != 3):
				t.Errorf("%d changes were sent, and on record is %+v", s.applies, g)
			case !unconfirmed && (g.Reason != string(connector.CannotConfirm) || s.applies > 9):
				t.Errorf("%d changes were sent in an hour, and on record is %+v", s.applies, g)
			}
		})
	}
}

// A grant that was refused for good is asked for again by a person, and the target takes it and makes
// it later: it is asked what became of that, and no message chases the other.
func TestF35_AGrantThatWasRefusedForGoodAndIsTakenAfterAllIsAskedAbout(t *testing.T) {
	onBench(t, func(b *bench) {
		s := &refusing{&slow{takes: 30 * time.Second}, 1}
		s.opens(b)
		b.worker.Connectors = opener{s}
		u, p := b.staff(1)[0], b.pack("a")
		id := b.assign(u, p)
		b.enqueue(u)
		b.work(1)
		b.within(time.Minute, "refused", func() bool { return b.grant(u).Permanent })
		q := b.pack("b")
		b.assign(u, q)
		b.enqueue(u)
		b.within(5*time.Minute, "delivered", b.all([]entitlement.RequestID{id}, "Delivered"))
		if b.runs > 40 {
			t.Errorf("%s for two changes", b)
		}
	})
}

// A grant that nothing shows is on record as that when it is to be taken away: the removal is a first
// one all the same, and a second one follows it before it is over.
func TestF35_TheFirstRemovalAfterAGrantThatNothingShowsIsNotTheSecond(t *testing.T) {
	onBench(t, func(b *bench) {
		s := &slow{takes: 5 * time.Second}
		s.opens(b)
		s.caps.Ways = []connector.Way{byList}
		b.server.tells = map[connector.Way]func(bool) answerKind{byList: func(bool) answerKind { return saysNothing }}
		u, p := b.staff(1)[0], b.pack("a")
		b.assign(u, p)
		b.enqueue(u)
		b.work(1)
		b.within(time.Hour, "nothing shows it", func() bool { return b.grant(u).Reason == string(connector.CannotConfirm) && b.grant(u).Pending == "" })
		sent := s.applies
		s.caps.Unconfirmed = true
		b.remove(u, p)
		b.enqueue(u)
		b.within(time.Hour, "over", func() bool { return b.grant(u) == entitlement.Grant{} })
		if s.applies != sent+2 {
			t.Errorf("the removal was sent %d times, want twice", s.applies-sent)
		}
	})
}

// A removal whose answer is lost has no handle to ask by, and is made long after it was sent. Whoever
// is given the role again meanwhile is shown with it all the same: that proves nothing until a grant
// was taken after the removal.
func TestF35_WhatIsShownWhileALostRemovalMayStillBeMadeProvesNothing(t *testing.T) {
	onBench(t, func(b *bench) {
		s := &slow{takes: 20 * time.Second}
		s.opens(b)
		u, p := b.staff(1)[0], b.pack("a")
		b.assign(u, p)
		b.enqueue(u)
		b.work(1)
		b.within(2*time.Minute, "held", func() bool { return b.grant(u).Presence == entitlement.PresencePresent })

		s.takes = 20 * time.Minute
		s.lost = 1
		b.remove(u, p)
		b.enqueue(u)
		time.Sleep(10 * time.Minute)
		id := b.assign(u, p)
		b.enqueue(u)
		time.Sleep(5 * time.Minute)
		b.within(time.Second, "not delivered yet", b.all([]entitlement.RequestID{id}, "Delivering"))

		s.takes = 20 * time.Second
		time.Sleep(time.Hour)
		b.within(time.Second, "delivered", b.all([]entitlement.RequestID{id}, "Delivered"))
		if g := b.grant(u); g.Presence != entitlement.PresencePresent || s.taken != 2 {
			t.Errorf("%d grants were taken, and on record is %+v", s.taken, g)
		}
	})
}
