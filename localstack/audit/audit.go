// Package audit verifies the chains of events of a table from outside the functions: it reads
// the table itself with the operator's credentials, and believes nothing of what a function
// says of it (S11).
package audit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"golang.org/x/sync/errgroup"

	"leasehold/pkg/dynamo"
	"leasehold/pkg/entitlement"
)

// Client is what a table is read with. It is the only caller that reads all of a table, which
// no function may.
type Client interface {
	dynamo.Client
	dynamodb.ScanAPIClient
}

// Verifier verifies the chains of one table. It changes nothing.
type Verifier struct {
	Client Client
	Table  string
	Out    io.Writer
}

// Bounds of one run: of a table of any size it holds this much at once.
const (
	pageItems = 500
	parallel  = 16
	tries     = 3 // of a chain that somebody goes on with meanwhile
)

// Verify goes through the whole table, page by page, and through each chain once. It names
// every chain that is broken, and fails where one is.
func (v Verifier) Verify(ctx context.Context) error {
	r := &run{Verifier: v, db: dynamo.New(v.Client, v.Table), told: map[dynamo.Chained]bool{}}

	pages := dynamodb.NewScanPaginator(v.Client, &dynamodb.ScanInput{TableName: &v.Table, ConsistentRead: aws.Bool(true), Limit: aws.Int32(pageItems)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("read the table: %w", err)
		}

		side, ctx := errgroup.WithContext(ctx)
		side.SetLimit(parallel)
		for _, item := range page.Items {
			if c, ok := dynamo.ChainOf(item); ok {
				if do := r.work(c); do != nil {
					side.Go(func() error { return do(ctx) })
				}
			}
		}
		if err := side.Wait(); err != nil {
			return err
		}
	}

	fmt.Fprintf(v.Out, "%d objects with %d events were checked.\n", r.objects, r.events)
	if n := len(r.told); n > 0 {
		return fmt.Errorf("%d chains of events are broken", n)
	}
	fmt.Fprintln(v.Out, "Every chain is whole.")
	return nil
}

// run is what is found on the way through a table. It remembers chains that are broken, and
// no others.
type run struct {
	Verifier
	db   *dynamo.DB
	last dynamo.Chained // chain of the event that was met last

	mu              sync.Mutex
	objects, events int
	told            map[dynamo.Chained]bool
}

// work returns what an item gives to do: the first event of a chain is where the chain is
// verified, and whatever else belongs to a chain demands that there is a first event. Events
// of one chain lie beside each other, so that this is asked once of a chain that has it.
func (r *run) work(c dynamo.Chained) func(context.Context) error {
	chain := dynamo.Chained{Kind: c.Kind, ID: c.ID}
	was := r.last
	if c.Number > 0 {
		r.last = chain
	}

	switch {
	case c.Number == 1:
		return func(ctx context.Context) error { return r.verify(ctx, chain) }
	case c.Number > 1 && was == chain:
		return nil
	default:
		return func(ctx context.Context) error { return r.begins(ctx, chain) }
	}
}

// begins finds a chain whose first event is missing.
func (r *run) begins(ctx context.Context, chain dynamo.Chained) error {
	first, err := r.db.ListEvents(ctx, chain.Kind, chain.ID, entitlement.Page{Limit: 1})
	if err != nil {
		return err
	}
	if first.Unread == 0 && (len(first.Items) == 0 || first.Items[0].Number != 1) {
		r.broken(chain, errors.New("its first event is missing"))
	}
	return nil
}

// broken names a chain that is broken, once.
func (r *run) broken(chain dynamo.Chained, why error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.told[chain] {
		fmt.Fprintf(r.Out, "BROKEN %s %s: %v\n", chain.Kind, chain.ID, why)
	}
	r.told[chain] = true
}

// verify follows a chain to its head. Where the two differ, both are read again: somebody may
// have gone on with the chain in between.
func (r *run) verify(ctx context.Context, chain dynamo.Chained) error {
	var wrong error
	events := 0

	for range tries {
		at, last, err := r.follow(ctx, chain)
		events = int(at.Number)
		if flaw, ok := errors.AsType[flaw](err); ok {
			wrong = flaw
			break
		}
		if err != nil {
			return err
		}

		if wrong, err = r.ends(ctx, chain, at, last); err != nil {
			return err
		}
		if wrong == nil {
			break
		}
	}

	r.mu.Lock()
	r.objects++
	r.events += events
	r.mu.Unlock()
	if wrong != nil {
		r.broken(chain, wrong)
	}
	return nil
}

// flaw is that events do not continue each other, or cannot be read.
type flaw struct{ error }

// follow goes through the events of a chain, page by page, and returns where it stands and the
// last of them.
func (r *run) follow(ctx context.Context, chain dynamo.Chained) (at entitlement.Chain, last entitlement.Event, err error) {
	for page := (entitlement.Page{}); ; {
		list, err := r.db.ListEvents(ctx, chain.Kind, chain.ID, page)
		if err != nil {
			return at, last, fmt.Errorf("read the events of %s %s: %w", chain.Kind, chain.ID, err)
		}

		next, wrong := at.Follow(list.Items)
		if wrong != nil {
			wrong = errors.New(entitlement.MessageOf(wrong))
		}
		if wrong == nil && list.Unread > 0 {
			wrong = fmt.Errorf("%d events cannot be read", list.Unread)
		}
		if at = next; wrong != nil {
			return at, last, flaw{wrong}
		}

		if n := len(list.Items); n > 0 {
			last = list.Items[n-1]
		}
		if page.Token = list.Next; page.Token == "" {
			return at, last, nil
		}
	}
}

// ends says what is wrong with where a chain ends: it must be where the head says that is kept
// with what it is of, or, where that is gone, with the event of that.
func (r *run) ends(ctx context.Context, chain dynamo.Chained, at entitlement.Chain, last entitlement.Event) (wrong, err error) {
	head, kept, err := r.db.HeadOf(ctx, chain.Kind, chain.ID)
	if errors.Is(err, entitlement.ErrUnreadable) {
		return errors.New("what keeps its head cannot be read"), nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the head of %s %s: %w", chain.Kind, chain.ID, err)
	}

	switch {
	case kept && head != at:
		return fmt.Errorf("it ends at event %d, and its head is that of event %d", at.Number, head.Number), nil
	case kept, slices.Contains(headless, chain.Kind), slices.Contains(partings, last.Kind):
		return nil, nil
	}

	// A policy goes with its package, which says so.
	if chain.Kind == entitlement.OfPolicy {
		with, err := r.wentWith(ctx, chain, last)
		if with || err != nil {
			return nil, err
		}
	}
	return fmt.Errorf("what it is of is gone, and its last event, %d, does not say so", at.Number), nil
}

// headless are chains of which nothing keeps a head: of an event each, mostly.
var headless = []entitlement.AggregateKind{entitlement.OfCommand, entitlement.OfReprocess, entitlement.OfPrincipal, entitlement.OfAccount}

// partings are the last events of what goes.
var partings = []string{"deleted", "roleRemoved"}

// wentWith reports a policy that the deletion of its package names.
func (r *run) wentWith(ctx context.Context, policy dynamo.Chained, last entitlement.Event) (bool, error) {
	about, err := r.db.About(ctx, []entitlement.Event{last})
	if err != nil || about[0].Package == "" {
		return false, err
	}
	_, parting, err := r.follow(ctx, dynamo.Chained{Kind: entitlement.OfPackage, ID: string(about[0].Package)})
	if _, broken := errors.AsType[flaw](err); broken {
		return false, nil
	}
	return parting.Kind == "deleted" && strings.Contains(parting.Data["policies"], policy.ID), err
}
