package graph

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// recordOperations are what is on record, all of it ours: the events of one object, those
// that people should look at, and the erasure of what is personal in them.
var recordOperations = []operation{
	{method: "GET", path: ours + "/events/{objectKind:text}/{objectId}", action: authz.ReadEvents, serve: listEvents},
	{method: "GET", path: ours + "/notices", action: authz.ReadEvents, serve: listNotices},
	{method: "DELETE", path: ours + "/people/{personId}/personalData", action: authz.ErasePersonalData, serve: erasePersonalData},
}

// objectKinds are the kinds of objects that have events.
var objectKinds = []entitlement.AggregateKind{entitlement.OfCatalog, entitlement.OfPackage, entitlement.OfPolicy, entitlement.OfRequest,
	entitlement.OfUser, entitlement.OfGroup, entitlement.OfConnector, entitlement.OfPrincipal, entitlement.OfReprocess}

// eventView is an event with what its pseudonyms stand for and the names of the people in it,
// as far as they were not erased.
type eventView struct {
	entitlement.Event
	actor   string
	meaning map[string]string
}

func eventKind() kind[eventView] {
	return kind[eventView]{set: "leasehold/events", shape: shapeEvent, links: noLinks}
}

func shapeEvent(e eventView) object {
	data := object{}
	for name, value := range e.Data {
		data[name] = value
	}
	return object{
		"id": fmt.Sprintf("%s/%s/%d", e.Aggregate, e.ID, e.Number), "objectKind": string(e.Aggregate), "objectId": e.ID, "number": int(e.Number),
		"activity": e.Kind, "actor": string(e.Actor), "actorDisplayName": text(e.actor), "requestId": text(e.Command), "activityDateTime": instant(e.At),
		"before": text(e.Before), "after": text(e.After), "data": data, "previousHash": text(e.Prev), "hash": text(e.Hash),
		"changes": objects(e.Changed, func(c entitlement.Changed) object {
			return object{"property": c.Property, "before": text(e.means(c.Before)), "after": text(e.means(c.After))}
		}),
	}
}

var pseudonym = regexp.MustCompile(`~[0-9a-f]{16}`)

// means puts what pseudonyms stand for in their place.
func (e eventView) means(value string) string {
	return pseudonym.ReplaceAllStringFunc(value, func(p string) string {
		if meant, known := e.meaning[p]; known {
			return meant
		}
		return p
	})
}

// listEvents lists the events of one object in their order; one that is gone keeps its own.
func listEvents(ctx context.Context, c *call) (answer, error) {
	of := entitlement.AggregateKind(c.path["objectKind"])
	if !slices.Contains(objectKinds, of) {
		return answer{}, entitlement.Errorf(entitlement.Invalid, "In the path, the kind must be one of: %s.", joinWords(objectKinds))
	}
	all := sliced(c.deps.Reads.Events(ctx, of, c.path["objectId"]))
	return list(ctx, c, eventKind(), c.tells(all))
}

// listNotices lists what people should look at, newest first.
func listNotices(ctx context.Context, c *call) (answer, error) {
	return list(ctx, c, eventKind(), c.tells(c.deps.Reads.Notices))
}

func joinWords[T ~string](all []T) string {
	words := make([]string, len(all))
	for i, w := range all {
		words[i] = string(w)
	}
	return strings.Join(words, ", ")
}

// tells reads the people in the events of each page at once.
func (c *call) tells(read lister[entitlement.Event]) lister[eventView] {
	return func(ctx context.Context, page entitlement.Page) (entitlement.Paged[eventView], error) {
		got, err := read(ctx, page)
		if err != nil || len(got.Items) == 0 {
			return entitlement.Paged[eventView]{Next: got.Next}, err
		}
		var ids []entitlement.UserID
		for _, e := range got.Items {
			if e.Actor != entitlement.Service && e.Actor != "" {
				ids = append(ids, e.Actor)
			}
			if e.Aggregate == entitlement.OfUser {
				ids = append(ids, entitlement.UserID(e.ID))
			}
		}
		people, err := c.people(ctx, distinct(ids))
		if err != nil {
			return entitlement.Paged[eventView]{}, err
		}
		key, err := c.deps.Reads.SigningKey(ctx)
		if err != nil {
			return entitlement.Paged[eventView]{}, err
		}
		out := entitlement.Paged[eventView]{Next: got.Next}
		for _, e := range got.Items {
			t := eventView{Event: e, actor: people[e.Actor].DisplayName}
			if e.Aggregate == entitlement.OfUser {
				t.meaning = people[entitlement.UserID(e.ID)].Meanings(key)
			}
			out.Items = append(out.Items, t)
		}
		return out, nil
	}
}

// people reads users by their ids, those who were deleted too.
func (c *call) people(ctx context.Context, ids []entitlement.UserID) (map[entitlement.UserID]entitlement.User, error) {
	found := map[entitlement.UserID]entitlement.User{}
	if len(ids) == 0 {
		return found, nil
	}
	all, err := c.deps.Reads.Users(ctx, ids)
	for _, u := range all {
		found[u.ID] = u
	}
	return found, err
}

// erasePersonalData takes what is personal from a user who was deleted.
func erasePersonalData(ctx context.Context, c *call) (answer, error) {
	return done(c.deps.Directory.ErasePersonalData(ctx, c.by, id[entitlement.UserID](c, "personId")))
}
