package delivery

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
)

// Bounds of writing to one resource, where one change is sent after the other.
const (
	// holdFor is how long nobody else may write, a dead worker's claim included.
	holdFor = 10 * time.Second
	// turnFor is how long one worker goes on with changes of its own before it lets others.
	turnFor = 2 * time.Second
	// spare is what must be left of the hold when a call's time is over.
	spare = 500 * time.Millisecond
	poll  = 100 * time.Millisecond // while another worker writes
)

// resource is one resource of the target: what is remembered of it, and who writes to it.
type resource struct {
	target *target
	loaded chan struct{} // closed once it was read
	err    error
	turn   chan struct{} // taken by the unit of this worker that writes
	queue  atomic.Int32  // units that wait for it

	mu    sync.Mutex // of what follows
	known entitlement.TargetResource
	news  bool      // what the ways of asking told, and is not recorded
	since time.Time // when this worker's hold began; zero: it has none
	until time.Time // when the hold is over
}

// resourceOf returns what is remembered of a resource, read once in a run. Where the store
// is the target's own, there is nothing to remember.
func (t *target) resourceOf(ctx context.Context, id string) (*resource, error) {
	// The first to come reads, and all others wait for what it reads.
	t.mu.Lock()
	r, known := t.resources[id]
	if !known {
		r = &resource{target: t, loaded: make(chan struct{}), turn: make(chan struct{}, 1)}
		t.resources[id] = r
	}
	t.mu.Unlock()

	if known {
		<-r.loaded
		return r, r.err
	}

	if !t.manners.authoritative || t.manners.serial {
		r.known, r.err = t.run.Store.TargetResource(ctx, t.id, id)
	}

	close(r.loaded)
	return r, r.err
}

func (r *resource) state() entitlement.TargetResource {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.known
}

// way returns the way of asking that told last.
func (r *resource) way() connector.Way { return connector.Way(r.state().Way) }

// tellsApart reports that a way was seen not long ago to tell who is not there.
func (r *resource) tellsApart(way connector.Way, now time.Time) bool {
	return checkResult{way: way}.apart(r.state(), now)
}

// weigh returns what counts of an answer, and learns from it.
func (r *resource) weigh(t checkResult, further bool, now time.Time) []entitlement.Presence {
	r.mu.Lock()
	defer r.mu.Unlock()
	counts := t.weigh(r.known, now)
	known, news := t.learn(r.known, further, now)
	r.known, r.news = known, r.news || news
	return counts
}

// write carries out one change of the resource. Where changes that cross undo each other,
// no other worker writes meanwhile: whoever writes holds the resource, in the store, for at
// most ten seconds, and its call ends before that. What a crash leaves is the hold, which
// is over by itself.
func (r *resource) write(ctx, calls context.Context, do func(context.Context) error) error {
	if !r.target.manners.serial {
		return do(calls)
	}

	r.queue.Add(1)
	select {
	case r.turn <- struct{}{}:
	case <-calls.Done():
		r.queue.Add(-1)
		return errNoTime
	}
	r.queue.Add(-1)
	defer func() { <-r.turn }()

	// From here on no other unit of this worker writes; from the hold on, no other worker.
	if err := r.hold(ctx, calls); err != nil {
		return err
	}
	call, cancel := context.WithTimeout(calls, r.until.Sub(r.target.run.Clock.Now())-spare)
	defer cancel()
	err := do(call)

	// Given back after a while although there is more to do: others must not starve (L7).
	if now := r.target.run.Clock.Now(); r.queue.Load() == 0 || now.Sub(r.since) >= turnFor {
		r.release(ctx, now)
	}
	return err
}

// hold takes the resource, or goes on holding it. What another worker holds is over when it
// is given back, or was seen to be held unchanged for as long as a hold may last, whatever
// the clocks say.
func (r *resource) hold(ctx, calls context.Context) error {
	if !r.since.IsZero() {
		return nil
	}

	t := r.target

	seen, since := int64(-1), time.Time{}

	for {
		now := t.run.Clock.Now()
		// Time is counted from when this worker saw the version, by its own clock alone.
		if r.state().Version != seen {
			seen, since = r.state().Version, now
		}

		free := r.state().Writer == "" || now.Sub(since) >= holdFor || now.Sub(r.state().WriterUntil) >= entitlement.ClocksApart

		if free && t.run.inTime() {
			err := r.commit(ctx, func(k *entitlement.TargetResource) { k.Writer, k.WriterUntil = t.token, now.Add(holdFor) })
			if err == nil {
				r.since, r.until = now, now.Add(holdFor)
				return nil
			}
			if entitlement.StalePart(err) == "" {
				return err
			}
		}

		if !t.run.inTime() {
			return errNoTime
		}

		if !free {
			if err := t.run.Clock.Sleep(calls, poll); err != nil {
				return errNoTime
			}
		}
		// Somebody else wrote the resource, or may have: what it says now decides.
		if err := r.reread(ctx); err != nil {
			return err
		}
	}
}

// release gives the resource back, with when it was written to. Another worker may have
// recorded meanwhile what it learnt of the resource; where one took the hold over, there is
// nothing to give back.
func (r *resource) release(ctx context.Context, now time.Time) {
	r.since = time.Time{}

	for range maxRounds {
		err := r.commit(ctx, func(k *entitlement.TargetResource) { k.Writer, k.WriterUntil, k.LastWrite = "", time.Time{}, now })

		stale := entitlement.StalePart(err) != ""
		if stale {
			err = r.reread(ctx)
		}

		if err != nil {
			// Others wait ten seconds at most, until the hold is over.
			r.target.run.Log.WarnContext(ctx, "a resource at a target was not given back; the hold ends by itself", "connector", r.target.id, "error", err)
			return
		}
		// It was given back, or it is another worker's by now.
		if !stale || r.state().Writer != r.target.token {
			return
		}
	}
}

// commit changes what is remembered, with what was learnt since it was read.
func (r *resource) commit(ctx context.Context, change func(*entitlement.TargetResource)) error {
	next := r.state()
	change(&next)
	if err := r.target.run.Store.Commit(ctx, entitlement.Change{TargetResources: []entitlement.TargetResource{next}}); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.known.Writer, r.known.WriterUntil, r.known.LastWrite = next.Writer, next.WriterUntil, next.LastWrite
	r.known.Version = next.Version + 1
	r.news = r.news && (r.known.Way != next.Way || r.known.ShowedPresent != next.ShowedPresent || r.known.ShowedAbsent != next.ShowedAbsent)
	return nil
}

// reread takes in what others wrote meanwhile. What this worker learnt of the ways of
// asking stays where it is news.
func (r *resource) reread(ctx context.Context) error {
	stored, err := r.target.run.Store.TargetResource(ctx, r.target.id, r.state().Resource)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.news {
		stored.Way, stored.ShowedPresent, stored.ShowedAbsent = r.known.Way, r.known.ShowedPresent, r.known.ShowedAbsent
	}
	r.known = stored
	return nil
}

// remember records what was learnt of the ways of asking and is not recorded yet. Losing it
// costs a question more next time.
func (r *resource) remember(ctx context.Context) {
	<-r.loaded // a unit may still be reading what was on record
	for range maxRounds {
		r.mu.Lock()
		news := r.news && r.err == nil
		r.mu.Unlock()

		if !news {
			return
		}

		err := r.commit(ctx, func(*entitlement.TargetResource) {})
		// Another worker wrote to it: what was learnt here is added to what it wrote.
		if entitlement.StalePart(err) != "" {
			err = r.reread(ctx)
		}

		if err != nil {
			r.target.run.Log.WarnContext(ctx, "what was learnt of a resource at a target was not recorded", "connector", r.target.id, "error", err)
			return
		}
	}
}
