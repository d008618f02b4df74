package lifecycle_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"slices"
	"strconv"
	"testing"
	"time"

	"leasehold/pkg/clock"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/lifecycle"
)

// told is a history of events, and the figures that are counted from it.
type told struct {
	events []entitlement.Event
	kept   entitlement.Figures
	reads  int
	fails  bool
}

func (m *told) Figures(context.Context) (entitlement.Figures, error) { return m.kept, nil }

func (m *told) EventsDuring(_ context.Context, during entitlement.Span, page entitlement.Page) (entitlement.Paged[entitlement.Event], error) {
	m.reads++
	if m.fails {
		return entitlement.Paged[entitlement.Event]{}, errors.New("down")
	}
	var fit []entitlement.Event
	for _, e := range slices.Backward(m.events) {
		if !e.At.Before(during.From) && !e.At.After(during.To) {
			fit = append(fit, e)
		}
	}
	from, _ := strconv.Atoi(page.Token)
	list := entitlement.Paged[entitlement.Event]{Items: fit[from:min(from+page.Size(), len(fit))]}
	if from+page.Size() < len(fit) {
		list.Next = strconv.Itoa(from + page.Size())
	}
	return list, nil
}

func (m *told) Commit(_ context.Context, c entitlement.Change) error {
	if c.Figures[0].Version != m.kept.Version {
		return entitlement.StaleError(entitlement.PartConfiguration)
	}
	m.kept = c.Figures[0]
	m.kept.Version++
	return nil
}

func (m *told) requests() (n int) {
	for _, d := range m.kept.Days {
		n += d.Requests
	}
	return n
}

// Each event is counted once, however many there are, whoever counts and whatever fails between.
func TestEveryEventIsCountedOnce(t *testing.T) {
	m := &told{}
	c := clock.NewVirtual(time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC))
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	one := &lifecycle.Counter{Store: m, Clock: c, Log: quiet}
	other := &lifecycle.Counter{Store: m, Clock: c, Log: quiet}

	made := 0
	for hour := range 40 {
		many := 3
		if hour == 7 {
			many = 7_000 // more than one count reads
		}
		for i := range many {
			m.events = append(m.events, entitlement.Event{Aggregate: entitlement.OfRequest, Kind: "submitted", At: c.Now().Add(time.Duration(i) * time.Hour / time.Duration(many))})
			made++
		}
		for range 60 {
			c.Advance(time.Minute)
			m.fails = hour%5 == 4
			if err := one.Count(t.Context()); (err != nil) != m.fails && entitlement.StalePart(err) == "" && err != nil {
				t.Fatal(err)
			}
			if hour%3 == 0 {
				other.Count(t.Context())
			}
		}
	}
	m.fails = false
	c.Advance(time.Hour)
	for range 20 {
		if err := one.Count(t.Context()); err != nil {
			t.Fatal(err)
		}
		c.Advance(time.Minute)
	}
	if got := m.requests(); got != made {
		t.Errorf("%d of %d were counted", got, made)
	}

	// A sweep shortly after a count reads nothing.
	reads := m.reads
	if err := one.Count(t.Context()); err != nil || m.reads != reads {
		t.Errorf("%d reads more, %v", m.reads-reads, err)
	}
}
