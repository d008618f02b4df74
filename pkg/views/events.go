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
	entitlement.About
	ActorName, SubjectName, PackageName string
	meanings                            map[string]string
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
	return open(ctx, r, by, authz.ReadEvents, func(ctx context.Context) (entitlement.Paged[entitlement.Event], error) {
		return r.Store.ListEvents(ctx, of, id, page)
	})
}

// ChainHead returns the head that is kept of the chain of an object's events, by which its end can
// be told; false where the object is gone, or keeps none.
func (r *Reader) ChainHead(ctx context.Context, by authz.Caller, of entitlement.AggregateKind, id string) (entitlement.Chain, bool, error) {
	kept := false
	last, err := open(ctx, r, by, authz.ReadEvents, func(ctx context.Context) (last entitlement.Chain, err error) {
		last, kept, err = r.Store.HeadOf(ctx, of, id)
		return last, err
	})
	return last, kept && err == nil, err
}

// Notices lists what people should look at, newest first.
func (r *Reader) Notices(ctx context.Context, by authz.Caller, page entitlement.Page) (entitlement.Paged[entitlement.Event], error) {
	return open(ctx, r, by, authz.ReadEvents, func(ctx context.Context) (entitlement.Paged[entitlement.Event], error) {
		return r.Store.Notices(ctx, page)
	})
}

// Tell reads the people in events at once, those who were deleted too.
func (r *Reader) Tell(ctx context.Context, by authz.Caller, all []entitlement.Event) ([]Event, error) {
	if err := r.everywhere(ctx, by, authz.ReadEvents); err != nil || len(all) == 0 {
		return nil, err
	}

	about, err := r.Store.About(ctx, all)
	if err != nil {
		return nil, err
	}

	var ids []entitlement.UserID
	var packages []entitlement.PackageID
	for i, e := range all {
		ids, packages = append(ids, about[i].Subject), append(packages, about[i].Package)
		if e.Actor != entitlement.Service {
			ids = append(ids, e.Actor)
		}
	}

	var people map[entitlement.UserID]*entitlement.User
	var named map[entitlement.PackageID]string
	var key []byte
	err = Together(
		func() (err error) { people, err = r.users(ctx, ids); return err },
		func() (err error) { named, err = r.packageNames(ctx, packages); return err },
		func() (err error) { key, err = r.Store.SigningKey(ctx); return err })
	if err != nil {
		return nil, err
	}

	out := make([]Event, len(all))
	for i, e := range all {
		out[i] = Event{Event: e, About: about[i], PackageName: named[about[i].Package]}

		// Events hold ids and pseudonyms alone; the names are those of today, or none where they
		// were erased.
		if actor := people[e.Actor]; actor != nil {
			out[i].ActorName = actor.DisplayName
		}
		if subject := people[about[i].Subject]; subject != nil {
			out[i].SubjectName = subject.DisplayName
		}
		if person := people[entitlement.UserID(e.ID)]; e.Aggregate == entitlement.OfUser && person != nil {
			out[i].meanings = person.Meanings(key)
		}
	}
	return out, nil
}

// History says which events are asked for: those of a person, of a package, or by somebody;
// or, where it names none of them, all of a time.
type History struct {
	Of     entitlement.UserID
	For    entitlement.PackageID
	By     entitlement.UserID
	During entitlement.Span
}

// History lists events: those of a person or of a package thing by thing, all others newest
// first. It lists more than was asked for where several things are named.
func (r *Reader) History(ctx context.Context, by authz.Caller, asked History, page entitlement.Page) (entitlement.Paged[entitlement.Event], error) {
	return open(ctx, r, by, authz.ReadEvents, func(ctx context.Context) (entitlement.Paged[entitlement.Event], error) {
		switch {
		case asked.Of != "":
			return r.Store.EventsOf(ctx, asked.Of, page)
		case asked.For != "":
			return r.Store.EventsFor(ctx, asked.For, page)
		case asked.By != "":
			return r.Store.EventsBy(ctx, asked.By, asked.During, page)
		default:
			return r.Store.EventsDuring(ctx, asked.During, page)
		}
	})
}

// packageNames returns what packages are called, or were.
func (r *Reader) packageNames(ctx context.Context, ids []entitlement.PackageID) (map[entitlement.PackageID]string, error) {
	names := map[entitlement.PackageID]string{}
	for _, read := range []func(context.Context, []entitlement.PackageID) ([]entitlement.AccessPackage, error){r.Store.Packages, r.Store.FormerPackages} {
		var missing []entitlement.PackageID
		for _, id := range ids {
			if _, known := names[id]; !known {
				missing = append(missing, id)
			}
		}

		read, err := found(ctx, missing, read, func(p entitlement.AccessPackage) entitlement.PackageID { return p.ID })
		if err != nil {
			return nil, err
		}
		for id, p := range read {
			names[id] = p.DisplayName
		}
	}
	return names, nil
}
