package graph

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/graph/odata"
	"leasehold/pkg/views"
)

// recordOperations are what is on record, all of it ours: the events of one object, those
// that people should look at, and the erasure of what is personal in them.
var recordOperations = []operation{
	{method: "GET", path: ours + "/events/{objectKind:text}/{objectId}", action: authz.ReadEvents, serve: listEvents},
	{method: "GET", path: ours + "/events", action: authz.ReadEvents, serve: listHistory},
	{method: "GET", path: ours + "/notices", action: authz.ReadEvents, serve: listNotices},
	{method: "DELETE", path: ours + "/people/{personId}/personalData", action: authz.ErasePersonalData, serve: erasePersonalData},
}

// objectKinds are the kinds of objects that have events.
var objectKinds = []entitlement.AggregateKind{entitlement.OfCatalog, entitlement.OfPackage, entitlement.OfPolicy, entitlement.OfRequest,
	entitlement.OfUser, entitlement.OfGroup, entitlement.OfConnector, entitlement.OfPrincipal, entitlement.OfReprocess, entitlement.OfRole,
	entitlement.OfSettings, entitlement.OfOrganization, entitlement.OfCommand, entitlement.OfDrift, entitlement.OfAccount}

func eventType() entityType[views.Event] {
	return entityType[views.Event]{set: "leasehold/events", mapper: mapEvent, navigation: noNavigation}
}

// historyType is eventType for the list of all events, which says how to ask it for less.
func historyType() entityType[views.Event] {
	k := eventType()
	k.lookups = "subject, accessPackage or actor with eq and an id, or activityDateTime with ge and le"
	return k
}

func mapEvent(e views.Event) object {
	data := object{}
	for name, value := range e.Data {
		data[name] = value
	}
	if e.AllowedBy != "" {
		data["allowedBy"] = e.AllowedBy
	}

	return object{
		"id": fmt.Sprintf("%s/%s/%d", e.Aggregate, e.ID, e.Number), "objectKind": string(e.Aggregate), "objectId": e.ID, "number": int(e.Number),
		"activity": e.Kind, "actor": string(e.Actor), "actorDisplayName": text(e.ActorName), "requestId": text(e.Command), "activityDateTime": instant(e.At),
		"subject": text(e.Subject), "subjectDisplayName": text(e.SubjectName), "accessPackage": text(e.Package), "accessPackageDisplayName": text(e.PackageName),
		"before": text(e.Before), "after": text(e.After), "data": data, "previousHash": text(e.Prev), "hash": text(e.Hash),
		"changes": objects(e.Changed, func(c entitlement.Changed) object {
			return object{"property": c.Property, "before": text(e.Meaning(c.Before)), "after": text(e.Meaning(c.After))}
		}),
	}
}

// listEvents lists the events of one object in their order; one that is gone keeps its own.
func listEvents(ctx context.Context, c *call) (response, error) {
	of := entitlement.AggregateKind(c.path["objectKind"])
	if !slices.Contains(objectKinds, of) {
		return response{}, entitlement.Errorf(entitlement.Invalid, "In the path, the kind must be one of: %s.", joinWords(objectKinds))
	}
	return list(ctx, c, eventType(), c.withNames(func(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.Event], error) {
		return c.deps.Views.Events(ctx, c.by.Caller, of, c.path["objectId"], page)
	}))
}

// listHistory lists the events of a person, of a package or by somebody, or those of a time:
// by the narrowest index that holds all that the filter can match.
func listHistory(ctx context.Context, c *call) (response, error) {
	asked, err := historyFor(c.options.Filter)
	if err != nil {
		return response{}, err
	}
	return list(ctx, c, historyType(), c.withNames(func(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.Event], error) {
		return c.deps.Views.History(ctx, c.by.Caller, asked, page)
	}))
}

func historyFor(f *odata.Filter) (asked views.History, err error) {
	var named bool
	if asked.Of, named, err = odata.EqualID[entitlement.UserID](f, "subject"); named || err != nil {
		return asked, err
	}
	if asked.For, named, err = odata.EqualID[entitlement.PackageID](f, "accessPackage"); named || err != nil {
		return asked, err
	}

	asked.During.From, asked.During.To = f.Times("activityDateTime")
	if !asked.During.To.IsZero() {
		asked.During.To = asked.During.To.Add(shownTime - 1) // what is shown of a time is cut
	}
	who, named := f.Equal("actor")
	switch {
	case !named:
	// What the service does by itself is in no list of its own: one more row for each delivery
	// would be the price. To go through all that ever happened for it is no answer either.
	case who == string(entitlement.Service) && asked.During.From.IsZero():
		err = entitlement.Errorf(entitlement.Invalid, "$filter: what the service did by itself is found by time: name since when as well, as in actor eq 'service' and activityDateTime ge 2026-01-31T00:00:00Z, or name a subject or an accessPackage.")
	case who != string(entitlement.Service):
		asked.By, _, err = odata.EqualID[entitlement.UserID](f, "actor")
	}
	return asked, err
}

// listNotices lists what people should look at, newest first.
func listNotices(ctx context.Context, c *call) (response, error) {
	return list(ctx, c, eventType(), c.withNames(asCaller(c, c.deps.Views.Notices)))
}

func joinWords[T ~string](all []T) string {
	words := make([]string, len(all))
	for i, w := range all {
		words[i] = string(w)
	}
	return strings.Join(words, ", ")
}

// withNames shows events with the people in them, those of each page read at once.
func (c *call) withNames(read lister[entitlement.Event]) lister[views.Event] {
	return func(ctx context.Context, page entitlement.Page) (entitlement.Paged[views.Event], error) {
		got, err := read(ctx, page)
		if err != nil {
			return entitlement.Paged[views.Event]{Next: got.Next}, err
		}
		told, err := c.deps.Views.Tell(ctx, c.by.Caller, got.Items)
		return entitlement.Paged[views.Event]{Items: told, Next: got.Next, Sure: got.Sure}, err
	}
}

// erasePersonalData takes what is personal from a user who was deleted.
func erasePersonalData(ctx context.Context, c *call) (response, error) {
	return done(c.deps.Directory.ErasePersonalData(ctx, c.by, id[entitlement.UserID](c, "personId")))
}
