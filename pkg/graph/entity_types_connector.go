package graph

import (
	"time"

	"leasehold/pkg/entitlement"
)

func connectorType() entityType[entitlement.ConnectorConfig] {
	return entityType[entitlement.ConnectorConfig]{tagged: true, set: "leasehold/connectors", mapper: mapConnector, navigation: noNavigation,
		example: entitlement.ConnectorConfig{Check: entitlement.TargetCheck{At: time.Unix(0, 0)}}}
}

// mapConnector shows a registration. Its credential is never read back.
func mapConnector(c entitlement.ConnectorConfig) object {
	mapper := object{
		"id": string(c.ID), "displayName": text(c.DisplayName), "kind": text(c.Kind), "url": c.URL, "correlationKeys": texts(c.CorrelationKeys),
		"resourceManagers": texts(c.ResourceManagers), "createdDateTime": instant(c.Created),
		"roleValues": texts(c.RoleValues), "entitlementValues": texts(c.EntitlementValues), observed: mapCheck(c.Check),
		"isPaused": c.Paused,
	}
	for _, setting := range entitlement.ConnectorSettings {
		mapper[setting.Name] = setting.Of(c)
	}
	return mapper
}

func environments() entityType[entitlement.ConnectorConfig] {
	return entityType[entitlement.ConnectorConfig]{set: emSet + "resourceEnvironments", mapper: mapEnvironment, navigation: noNavigation}
}

// mapEnvironment shows a connector as Graph would: as where resources live.
func mapEnvironment(c entitlement.ConnectorConfig) object {
	builtin := c.ID == entitlement.BuiltinConnector
	return object{
		"id": string(c.ID), "displayName": text(c.DisplayName), "description": nil, "originSystem": text(c.OriginSystem), "originId": string(c.ID),
		"isDefaultEnvironment": builtin, "connectionInfo": object{"url": text(c.URL)}, "createdDateTime": instant(c.Created), "modifiedDateTime": nil,
	}
}
