package graph

import (
	"context"

	"leasehold/pkg/authz"
	"leasehold/pkg/catalogs"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/graph/odata"
)

const (
	driftScansPath       = ours + "/driftScans"
	driftFindingsPath    = driftScansPath + "/{connectorId}/{driftScanId}/findings"
	compareNowPath       = driftScansPath + "/{connectorId}/{driftScanId}/compareNow"
	deliverySettingsPath = ours + "/catalogs/{catalogId}/resources/{resourceId}/deliverySettings"
)

// driftOperations are the comparisons of targets with what ought to be there, what they found, and
// what is done about it.
var driftOperations = []operation{
	{method: "GET", path: driftScansPath, action: authz.ReadDeliveryErrors, serve: listDriftScans},
	{method: "GET", path: driftScansPath + "/$count", action: authz.ReadDeliveryErrors, serve: counting(listDriftScans)},
	{method: "POST", path: compareNowPath, action: authz.CompareNow, serve: compareNow},
	{method: "GET", path: driftFindingsPath, action: authz.ReadDeliveryErrors, serve: listDriftFindings},
	{method: "GET", path: driftFindingsPath + "/$count", action: authz.ReadDeliveryErrors, serve: counting(listDriftFindings)},
	{method: "POST", path: driftFindingsPath + "/{driftFindingId}/takeAway", action: authz.TakeExtraAway, serve: takeExtraAway},
	{method: "GET", path: deliverySettingsPath, action: authz.ReadCatalog, serve: getDeliverySettings},
	{method: "PATCH", path: deliverySettingsPath, action: authz.UpdateCatalog, serve: updateDeliverySettings},
}

func driftScanType() entityType[entitlement.DriftScan] {
	return entityType[entitlement.DriftScan]{set: "leasehold/driftScans", mapper: mapDriftScan, navigation: noNavigation}
}

func mapDriftScan(s entitlement.DriftScan) object {
	return object{
		"id": string(s.ID()), "connectorId": string(s.Role.Connector), "resource": odata.Exact(s.Role.Resource), "role": odata.Exact(s.Role.Role), "displayName": text(s.Name),
		"startedDateTime": instant(s.Started), "completedDateTime": instant(s.Completed), "nextDateTime": instant(s.Next), "listsHolders": s.Lists,
		"holders": s.Holders, "expected": s.Ours, "missing": s.Missing, "extra": s.Extra, "contested": s.Contested, "unclear": s.Unclear, "leftForNext": s.Left, "unreadable": s.Unread,
		"reason": text(s.Reason), "detail": text(s.Detail), "failedDateTime": instant(s.Failed),
	}
}

func listDriftScans(ctx context.Context, c *call) (response, error) {
	return list(ctx, c, driftScanType(), func(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.DriftScan], error) {
		return c.deps.Catalogs.DriftScans(ctx, c.by.Caller, "", page)
	})
}

func driftFindingType() entityType[entitlement.DriftFinding] {
	return entityType[entitlement.DriftFinding]{set: "leasehold/driftFindings", mapper: mapDriftFinding, navigation: noNavigation}
}

func mapDriftFinding(f entitlement.DriftFinding) object {
	return object{
		"id": string(f.ID()), "kind": string(f.Kind), "state": string(f.State), "principal": odata.Exact(f.Principal), "subject": text(f.Subject),
		"connectorId": string(f.Role.Connector), "resource": odata.Exact(f.Role.Resource), "role": odata.Exact(f.Role.Role), "displayName": text(f.Name),
		"firstSeenDateTime": instant(f.First), "lastSeenDateTime": instant(f.Last), "timesGivenAgain": len(f.Given),
		"decidedBy": text(f.DecidedBy), "decidedDateTime": instant(f.DecidedAt), "reason": text(f.Reason), "detail": text(f.Detail),
	}
}

func listDriftFindings(ctx context.Context, c *call) (response, error) {
	at, scan := id[entitlement.ConnectorID](c, "connectorId"), id[entitlement.DriftScanID](c, "driftScanId")
	return list(ctx, c, driftFindingType(), func(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.DriftFinding], error) {
		return c.deps.Catalogs.DriftFindings(ctx, c.by.Caller, at, scan, page)
	})
}

func compareNow(ctx context.Context, c *call) (response, error) {
	return accepted(c.deps.Catalogs.CompareNow(ctx, c.by, id[entitlement.ConnectorID](c, "connectorId"), id[entitlement.DriftScanID](c, "driftScanId")))
}

func takeExtraAway(ctx context.Context, c *call) (response, error) {
	return accepted(c.deps.Catalogs.TakeExtraAway(ctx, c.by, id[entitlement.ConnectorID](c, "connectorId"), id[entitlement.DriftScanID](c, "driftScanId"), id[entitlement.DriftFindingID](c, "driftFindingId")))
}

func deliverySettingsType() entityType[entitlement.Resource] {
	return entityType[entitlement.Resource]{set: "leasehold/deliverySettings", navigation: noNavigation, mapper: func(r entitlement.Resource) object {
		return object{"id": string(r.ID), "driftMode": r.Drift.Word(), "preExistingMode": r.PreExisting.Word()}
	}}
}

func getDeliverySettings(ctx context.Context, c *call) (response, error) {
	found, err := c.deps.Catalogs.FindResource(ctx, c.by.Caller, id[entitlement.CatalogID](c, "catalogId"), id[entitlement.ResourceID](c, "resourceId"), "", "")
	if err != nil {
		return response{}, err
	}
	return entity(ctx, c, deliverySettingsType(), found)
}

func updateDeliverySettings(ctx context.Context, c *call) (response, error) {
	o, err := c.body()
	if err != nil {
		return response{}, err
	}
	resource := id[entitlement.ResourceID](c, "resourceId")
	sameID(o, string(resource))
	var asked catalogs.ResourceSettings
	given := [...]bool{o.Given("driftMode"), o.Given("preExistingMode")}
	drift, before := entitlement.WordReport, entitlement.WordTakeWithLast
	o.Text("driftMode", &drift)
	o.Text("preExistingMode", &before)
	if asked.Drift, err = entitlement.DriftModeOf(drift); err != nil {
		o.Fail("driftMode", "must be report or giveAgain.")
	}
	if asked.PreExisting, err = entitlement.PreExistingModeOf(before); err != nil {
		o.Fail("preExistingMode", "must be takeWithLast or keep.")
	}
	if err := o.Done(); err != nil {
		return response{}, err
	}

	return done(c.deps.Catalogs.EditResourceSettings(ctx, c.by, id[entitlement.CatalogID](c, "catalogId"), resource, func(s *catalogs.ResourceSettings) {
		if given[0] {
			s.Drift = asked.Drift
		}
		if given[1] {
			s.PreExisting = asked.PreExisting
		}
	}))
}
