package lifecycle

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"leasehold/pkg/clock"
	"leasehold/pkg/entitlement"
)

// Counted is what figures are counted from, and where they are kept.
type Counted interface {
	// Figures returns what was counted; version 0 where nothing was.
	Figures(ctx context.Context) (entitlement.Figures, error)
	// EventsDuring lists all events of a time, newest first.
	EventsDuring(ctx context.Context, during entitlement.Span, page entitlement.Page) (entitlement.Paged[entitlement.Event], error)
	// Commit makes the change true, or nothing of it and Conflict.
	Commit(ctx context.Context, change entitlement.Change) error
}

// Counter counts events for the figures of a month. Each event is read once for it, some time
// after it happened, so that nobody who looks at the figures reads what they are made of.
type Counter struct {
	Store Counted
	Clock clock.Clock
	Log   *slog.Logger

	mu   sync.Mutex
	next time.Time     // before which there is nothing to do, as far as this process knows
	fits time.Duration // of how much time the last count was; zero where it took all
}

const (
	// countEvery is how much time one count is about, at least.
	countEvery = 15 * time.Minute
	// countAfter is when events are all where they are looked for: an index is late, and an
	// event is of when it was decided on, which is before it was written.
	countAfter = 5 * time.Minute
	// countAtOnce is how much time one count is about, at most.
	countAtOnce = (entitlement.FiguresKept + 1) * 24 * time.Hour
	// countPages bounds the pages of events of one count: where a time has more it is halved.
	countPages = 20
	// countTurns is how many counts one sweep makes, to catch up after a while without one.
	countTurns = 4
)

// Count counts what is due to be. Of two at once one does; a crash leaves it to the next.
func (c *Counter) Count(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	settled := c.Clock.Now().Add(-countAfter)
	if settled.Before(c.next) {
		return nil
	}

	f, err := c.Store.Figures(ctx)
	if err != nil {
		return err
	}
	if oldest := settled.AddDate(0, 0, -entitlement.FiguresKept); f.Through.Before(oldest) {
		f.Through = oldest
	}
	for range countTurns {
		if settled.Sub(f.Through) < countEvery {
			c.next = f.Through.Add(countEvery)
			return nil
		}
		if f, err = c.turn(ctx, f, settled); err != nil {
			return err
		}
	}
	return nil
}

// turn counts one piece of time.
func (c *Counter) turn(ctx context.Context, f entitlement.Figures, settled time.Time) (entitlement.Figures, error) {
	rest := settled.Sub(f.Through)
	length := min(rest, countAtOnce)
	if c.fits > 0 {
		length = min(length, 2*c.fits) // after a busy time, what comes next may be as busy
	}
	events, whole, err := c.events(ctx, f.Through, length)
	for err == nil && !whole && length > time.Second {
		length /= 2
		events, whole, err = c.events(ctx, f.Through, length)
	}
	if err != nil {
		return f, err
	}
	if !whole {
		c.Log.WarnContext(ctx, "a second has more events than are counted", "from", f.Through)
	}

	if c.fits = length; length == rest {
		c.fits = 0
	}
	f = f.Count(events, f.Through.Add(length))
	err = c.Store.Commit(ctx, entitlement.Change{Figures: []entitlement.Figures{f}})
	f.Version++
	return f, err
}

// events reads those of a time, and says whether these are all.
func (c *Counter) events(ctx context.Context, from time.Time, length time.Duration) (all []entitlement.Event, whole bool, err error) {
	during := entitlement.Span{From: from, To: from.Add(length - 1)} // the next begins where this one ends
	page := entitlement.Page{Limit: entitlement.PageSize}
	for range countPages {
		list, err := c.Store.EventsDuring(ctx, during, page)
		if err != nil {
			return nil, false, err
		}
		all = append(all, list.Items...)
		if page.Token = list.Next; page.Token == "" {
			return all, true, nil
		}
	}
	return all, false, nil
}
