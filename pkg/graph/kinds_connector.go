package graph

import (
	"leasehold/pkg/entitlement"
)

func connectorKind() kind[entitlement.ConnectorConfig] {
	return kind[entitlement.ConnectorConfig]{set: "leasehold/connectors", shape: shapeConnector, links: noLinks}
}

// shapeConnector shows a registration. Its credential is never read back.
func shapeConnector(c entitlement.ConnectorConfig) object {
	shape := object{
		"id": string(c.ID), "displayName": text(c.DisplayName), "kind": text(c.Kind), "url": c.URL, "correlationKeys": texts(c.CorrelationKeys),
		"resourceManagers": texts(c.ResourceManagers), "createdDateTime": instant(c.Created),
	}
	for _, setting := range entitlement.ConnectorSettings {
		shape[setting.Name] = setting.Of(c)
	}
	return shape
}

func environments() kind[entitlement.ConnectorConfig] {
	return kind[entitlement.ConnectorConfig]{set: emSet + "resourceEnvironments", shape: shapeEnvironment, links: noLinks}
}

// shapeEnvironment shows a connector as Graph would: as where resources live.
func shapeEnvironment(c entitlement.ConnectorConfig) object {
	builtin := c.ID == entitlement.BuiltinConnector
	return object{
		"id": string(c.ID), "displayName": text(c.DisplayName), "description": nil, "originSystem": text(c.OriginSystem), "originId": string(c.ID),
		"isDefaultEnvironment": builtin, "connectionInfo": object{"url": text(c.URL)}, "createdDateTime": instant(c.Created), "modifiedDateTime": nil,
	}
}
