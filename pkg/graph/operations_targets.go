package graph

import (
	"context"
	"net/http"
	"time"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/graph/odata"
	"leasehold/pkg/graph/strict"
)

const (
	connectorPath = ours + "/connectors/{connectorId}"
	pickablePath  = ours + "/catalogs/{catalogId}/pickableConnectors"
)

// targetOperations look at targets, live.
var targetOperations = []operation{
	{method: "GET", path: connectorPath + "/resources", action: authz.PickResource, serve: listOffers},
	{method: "GET", path: connectorPath + "/resources/$count", action: authz.PickResource, serve: counting(listOffers)},
	{method: "GET", path: pickablePath, action: authz.PickResource, serve: listPickable},
	{method: "GET", path: pickablePath + "/$count", action: authz.PickResource, serve: counting(listPickable)},
	{method: "POST", path: connectorPath + "/check", action: authz.UpdateConnector, serve: checkConnector},
}

// pickTime bounds what one call reads of a target: the client waits for it.
const pickTime = 20 * time.Second

func offerType() entityType[entitlement.TargetOffer] {
	return entityType[entitlement.TargetOffer]{set: "leasehold/targetResources", mapper: mapOffer, navigation: noNavigation,
		example: entitlement.TargetOffer{Resource: entitlement.Resource{Roles: []entitlement.ResourceRole{{}}}},
		lookups: `nothing, but $search="displayName:text" is handed on to a target that searches by itself`}
}

func mapOffer(o entitlement.TargetOffer) object {
	return object{
		"id": odata.Exact(o.OriginID), "originId": odata.Exact(o.OriginID), "originSystem": text(o.OriginSystem), "displayName": text(o.DisplayName),
		"description": text(o.Description), "isGrantable": o.Reason == "", "reason": text(o.Reason), "connectorId": string(o.Connector),
		"roles": objects(o.Roles, func(r entitlement.ResourceRole) object {
			return object{"originId": odata.Exact(r.OriginID), "displayName": text(r.DisplayName)}
		}),
	}
}

// pickableType is a connector as those see it who bring its resources into a catalog: nothing of
// where its target is, nor of how it is spoken to.
func pickableType() entityType[entitlement.ConnectorConfig] {
	return entityType[entitlement.ConnectorConfig]{set: "leasehold/pickableConnectors", navigation: noNavigation, mapper: func(c entitlement.ConnectorConfig) object {
		return object{"id": string(c.ID), "displayName": text(c.DisplayName), "kind": text(c.Kind)}
	}}
}

func listPickable(ctx context.Context, c *call) (response, error) {
	return list(ctx, c, pickableType(), sliced(c.deps.Catalogs.PickableNow(ctx, c.by.Caller, id[entitlement.CatalogID](c, "catalogId"))))
}

// listOffers lists what a target has to offer. The target is asked page by page, and what is
// searched for by name is handed on to it; what comes is matched here all the same.
func listOffers(ctx context.Context, c *call) (response, error) {
	ctx, cancel := context.WithTimeout(ctx, pickTime)
	defer cancel()

	at := id[entitlement.ConnectorID](c, "connectorId")
	search := c.options.Search.Of("displayName")
	return list(ctx, c, offerType(), func(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.TargetOffer], error) {
		return c.deps.Catalogs.Offers(ctx, c.by.Caller, at, search, page)
	})
}

// checkConnector looks at a target anew, for an account of a person too where the body names one,
// and answers with the connector that keeps what was found.
func checkConnector(ctx context.Context, c *call) (response, error) {
	o, err := c.bodyIfAny()
	if err != nil {
		return response{}, err
	}
	var person entitlement.UserID
	strict.ID(o, "userId", &person)
	if err := o.Done(); err != nil {
		return response{}, err
	}

	checked, err := c.deps.Catalogs.CheckConnector(ctx, c.by, id[entitlement.ConnectorID](c, "connectorId"), person)
	if err != nil {
		return response{}, err
	}
	answer, err := entity(ctx, c, connectorType(), checked)
	answer.status = http.StatusOK
	return answer, err
}

// mapCheck shows what was found out of a target; null where nobody has looked.
func mapCheck(c entitlement.TargetCheck) any {
	if c.At.IsZero() {
		return nil
	}
	person := any(nil)
	if c.Person != "" {
		person = object{"userId": string(c.Person), "isFound": c.NotFound == "", "error": text(c.NotFound)}
	}
	return object{"dateTime": instant(c.At), "dialect": text(c.Dialect), "features": texts(c.Features), "shows": texts(c.Shows),
		"filters": texts(c.Filters), "error": text(c.Error), "person": person}
}
