package views

import (
	"context"
	"regexp"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// Event is an event with the name of who did it, and with what its pseudonyms stand for, as
// far as that was not erased.
type Event struct {
	entitlement.Event
	ActorName string
	meanings  map[string]string
}

var pseudonym = regexp.MustCompile(`~[0-9a-f]{16}`)

// Meaning puts what pseudonyms stand for in their place.
func (e Event) Meaning(value string) string {
	return pseudonym.ReplaceAllStringFunc(value, func(p string) string {
		if meant, known := e.meanings[p]; known {
			return meant
		}
		return p
	})
}

// Events lists the events of one object in their order; one that is gone keeps its own.
func (r *Reader) Events(ctx context.Context, by authz.Caller, of entitlement.AggregateKind, id string, page entitlement.Page) (entitlement.Paged[entitlement.Event], error) {
	if err := r.everywhere(ctx, by, authz.ReadEvents); err != nil {
		return entitlement.Paged[entitlement.Event]{}, err
	}
	return r.Store.ListEvents(ctx, of, id, page)
}

// Notices lists what people should look at, newest first.
func (r *Reader) Notices(ctx context.Context, by authz.Caller, page entitlement.Page) (entitlement.Paged[entitlement.Event], error) {
	if err := r.everywhere(ctx, by, authz.ReadEvents); err != nil {
		return entitlement.Paged[entitlement.Event]{}, err
	}
	return r.Store.Notices(ctx, page)
}

// Tell reads the people in events at once, those who were deleted too.
func (r *Reader) Tell(ctx context.Context, by authz.Caller, all []entitlement.Event) ([]Event, error) {
	if err := r.everywhere(ctx, by, authz.ReadEvents); err != nil || len(all) == 0 {
		return nil, err
	}

	var ids []entitlement.UserID
	for _, e := range all {
		if e.Actor != entitlement.Service {
			ids = append(ids, e.Actor)
		}
		if e.Aggregate == entitlement.OfUser {
			ids = append(ids, entitlement.UserID(e.ID))
		}
	}

	people, err := r.users(ctx, ids)
	if err != nil {
		return nil, err
	}

	key, err := r.Store.SigningKey(ctx)
	if err != nil {
		return nil, err
	}

	out := make([]Event, len(all))
	for i, e := range all {
		out[i] = Event{Event: e}

		// Events hold ids and pseudonyms alone; the names are those of today, or none where they
		// were erased.
		if actor := people[e.Actor]; actor != nil {
			out[i].ActorName = actor.DisplayName
		}
		if person := people[entitlement.UserID(e.ID)]; e.Aggregate == entitlement.OfUser && person != nil {
			out[i].meanings = person.Meanings(key)
		}
	}
	return out, nil
}
