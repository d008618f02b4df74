package queue

import (
	"slices"
	"sync"
	"testing"
	"time"

	"leasehold/pkg/clock"
)

var start = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

const visibility = 30 * time.Second

func queue() (*Memory, *clock.Virtual) {
	c := clock.NewVirtual(start)
	return NewMemory(c, 3), c
}

func bodies(messages []Message) []string {
	var list []string
	for _, m := range messages {
		list = append(list, m.Body)
	}
	return list
}

func wantBodies(t *testing.T, got []Message, want ...string) {
	t.Helper()
	if !slices.Equal(bodies(got), want) {
		t.Errorf("got %q, want %q", bodies(got), want)
	}
}

func TestAMessageIsHiddenWhileItIsWorkedOnAndComesBackUnlessDeleted(t *testing.T) {
	m, c := queue()
	m.Send("a", 0)
	m.Send("b", 0)

	first := m.Receive(10, visibility)
	wantBodies(t, first, "a", "b")
	wantBodies(t, m.Receive(10, visibility))

	m.Delete(first[0].Receipt)
	c.Advance(visibility)
	again := m.Receive(10, visibility)
	wantBodies(t, again, "b")
	if again[0].Receives != 2 || again[0].ID != first[1].ID {
		t.Errorf("received %+v, want the second receipt of %s", again[0], first[1].ID)
	}
}

func TestNoMoreIsReceivedThanAskedFor(t *testing.T) {
	m, _ := queue()
	for _, body := range []string{"a", "b", "c"} {
		m.Send(body, 0)
	}
	wantBodies(t, m.Receive(2, visibility), "a", "b")
	wantBodies(t, m.Receive(2, visibility), "c")
}

func TestADelayedMessageArrivesInTimeAndNotEarlier(t *testing.T) {
	m, c := queue()
	m.Send("soon", time.Minute)
	m.Send("at the most", time.Hour)
	c.Advance(time.Minute - 1)
	wantBodies(t, m.Receive(10, visibility))
	c.Advance(1)
	wantBodies(t, m.Receive(10, time.Hour), "soon")
	c.Advance(MaxDelay - time.Minute)
	wantBodies(t, m.Receive(10, visibility), "at the most")
}

func TestAReceiptThatWasOvertakenDeletesNothing(t *testing.T) {
	m, c := queue()
	m.Send("a", 0)
	slow := m.Receive(1, visibility)
	c.Advance(visibility)
	fast := m.Receive(1, visibility)

	m.Delete(slow[0].Receipt)
	if m.Len() != 1 {
		t.Error("the slow worker deleted the fast one's message")
	}
	m.Delete(fast[0].Receipt)
	if m.Len() != 0 {
		t.Error("the fast worker could not delete its message")
	}
}

func TestAMessageCanBeGivenBackOrHeldLonger(t *testing.T) {
	m, c := queue()
	m.Send("a", 0)
	m.Delay(t.Context(), m.Receive(1, visibility)[0].Receipt, 0)
	again := m.Receive(1, visibility)
	wantBodies(t, again, "a")

	m.Delay(t.Context(), again[0].Receipt, 2*visibility)
	c.Advance(visibility)
	wantBodies(t, m.Receive(1, visibility))
	c.Advance(visibility)
	wantBodies(t, m.Receive(1, visibility), "a")
}

func TestAPoisonMessageIsParkedAndKeepsNobodyWaiting(t *testing.T) {
	m, c := queue()
	m.Send("poison", 0)
	for range 3 {
		wantBodies(t, m.Receive(1, visibility), "poison")
		c.Advance(visibility)
	}
	m.Send("good", 0)
	wantBodies(t, m.Receive(1, visibility), "good")
	wantBodies(t, m.Dead(), "poison")

	if n := m.Redrive(); n != 1 {
		t.Errorf("%d messages given back, want 1", n)
	}
	again := m.Receive(1, visibility)
	wantBodies(t, again, "poison")
	if again[0].Receives != 1 || len(m.Dead()) != 0 {
		t.Errorf("after a redrive received %+v with %d still parked", again[0], len(m.Dead()))
	}
}

func TestMessagesCanBeLostAndDoubled(t *testing.T) {
	m, _ := queue()
	m.Copies = func(body string) int { return map[string]int{"twice": 2, "once": 1}[body] }
	for _, body := range []string{"twice", "lost", "once"} {
		m.Send(body, 0)
	}
	got := m.Receive(10, visibility)
	wantBodies(t, got, "twice", "twice", "once")

	m.Delete(got[0].Receipt) // copies are messages of their own
	if m.Len() != 2 {
		t.Errorf("%d messages left, want 2", m.Len())
	}
}

func TestMessagesTravelThroughAQueue(t *testing.T) {
	m, _ := queue()
	want := people(150)
	if err := m.Enqueue(t.Context(), want...); err != nil {
		t.Fatal(err)
	}
	got := m.Receive(10, visibility)
	if len(got) != 2 {
		t.Fatalf("%d messages, want 2", len(got))
	}
	message, err := Decode(got[1].Body)
	if err != nil || !slices.Equal(message.Subjects, want[MaxSubjects:]) {
		t.Errorf("the second message holds %v, %v", message.Subjects, err)
	}
}

func TestAQueueServesManyWorkersAtOnce(t *testing.T) {
	m, _ := queue()
	for range 100 {
		m.Send("a", 0)
	}
	var workers sync.WaitGroup
	for range 8 {
		workers.Go(func() {
			for {
				got := m.Receive(3, visibility)
				if len(got) == 0 {
					return
				}
				for _, message := range got {
					if message.Receives != 1 {
						t.Errorf("message %s was received twice", message.ID)
					}
					m.Delete(message.Receipt)
				}
			}
		})
	}
	workers.Wait()
	if m.Len() != 0 {
		t.Errorf("%d messages left, want none", m.Len())
	}
}
