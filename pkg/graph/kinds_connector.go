package graph

import (
	"strings"

	"leasehold/pkg/entitlement"
)

// scimKind is the kind of connectors whose resources have the origin system Scim.
const scimKind = "scim"

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
		"id": string(c.ID), "displayName": text(c.DisplayName), "description": nil, "originSystem": originSystem(c), "originId": string(c.ID),
		"isDefaultEnvironment": builtin, "connectionInfo": object{"url": text(c.URL)}, "createdDateTime": instant(c.Created), "modifiedDateTime": nil,
	}
}

func originSystem(c entitlement.ConnectorConfig) string {
	switch {
	case c.ID == entitlement.BuiltinConnector:
		return entitlement.OriginAadGroup
	case c.Kind == scimKind:
		return entitlement.OriginScim
	default:
		return c.Kind
	}
}

// connectorOf returns the connector that a resource's origin system and environment name.
func connectorOf(system string, environment entitlement.ConnectorID) (entitlement.ConnectorID, string, error) {
	switch {
	case strings.EqualFold(system, entitlement.OriginAadGroup):
		if environment != "" && environment != entitlement.BuiltinConnector {
			return "", "", entitlement.Errorf(entitlement.Invalid, "resource.environment.id: resources of the origin system AadGroup live in the built-in directory.")
		}
		return entitlement.BuiltinConnector, entitlement.OriginAadGroup, nil
	case strings.EqualFold(system, entitlement.OriginScim):
		if environment == "" || environment == entitlement.BuiltinConnector {
			return "", "", entitlement.Errorf(entitlement.Invalid, "resource.environment.id must name the connector of the resource.")
		}
		return environment, entitlement.OriginScim, nil
	default:
		return "", "", entitlement.Errorf(entitlement.Invalid, "resource.originSystem must be AadGroup or Scim.")
	}
}
