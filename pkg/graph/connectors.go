package graph

import (
	"context"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/graph/strict"
)

func listConnectors(ctx context.Context, c *call) (response, error) {
	return list(ctx, c, connectorType(), sliced(c.deps.Catalogs.ListConnectors(ctx, c.by.Caller)))
}

func getConnector(ctx context.Context, c *call) (response, error) {
	found, err := c.deps.Catalogs.Connector(ctx, c.by.Caller, id[entitlement.ConnectorID](c, "connectorId"))
	if err != nil {
		return response{}, err
	}
	return entity(ctx, c, connectorType(), found)
}

// connectorEdit is what a body says of a connector. The credential goes another way
// than the registration, and is never shown.
type connectorEdit struct {
	entitlement.ConnectorConfig
	credential string
}

func createConnector(ctx context.Context, c *call) (response, error) {
	o, err := c.body()
	if err != nil {
		return response{}, err
	}

	var made connectorEdit
	readConnector(o, &made)
	if err := o.Done(); err != nil {
		return response{}, err
	}

	kept, err := c.deps.Catalogs.RegisterConnector(ctx, c.by, made.ConnectorConfig, made.credential)
	if err != nil {
		return response{}, err
	}

	return created(ctx, c, connectorType(), kept)
}

func updateConnector(ctx context.Context, c *call) (response, error) {
	o, err := c.body()
	if err != nil {
		return response{}, err
	}

	sameID(o, c.path["connectorId"])

	// Read once to refuse what is malformed, before anything is read from the store, and again
	// onto what is kept, so that members which are left out stay as they are.
	var asked connectorEdit
	readConnector(o, &asked)
	if err := o.Done(); err != nil {
		return response{}, err
	}

	_, err = c.deps.Catalogs.UpdateConnector(ctx, c.by, id[entitlement.ConnectorID](c, "connectorId"), asked.credential, func(kept *entitlement.ConnectorConfig) {
		edit := connectorEdit{ConnectorConfig: *kept}
		readConnector(o, &edit)
		*kept = edit.ConnectorConfig
	})

	return done(err)
}

func deleteConnector(ctx context.Context, c *call) (response, error) {
	return done(c.deps.Catalogs.DeleteConnector(ctx, c.by, id[entitlement.ConnectorID](c, "connectorId")))
}

func readConnector(o *strict.Object, c *connectorEdit) {
	o.Ignore("id", "createdDateTime", "check")
	o.Texts("roleValues", &c.RoleValues)
	o.Texts("entitlementValues", &c.EntitlementValues)
	o.Text("displayName", &c.DisplayName)
	o.Text("kind", &c.Kind)
	o.Text("url", &c.URL)
	o.Text("credential", &c.credential)
	if o.Has("isPaused") {
		o.Bool("isPaused", &c.Paused)
	}
	o.Texts("correlationKeys", &c.CorrelationKeys)
	strict.IDs(o, "resourceManagers", &c.ResourceManagers)

	for _, setting := range entitlement.ConnectorSettings {
		word := setting.Of(c.ConnectorConfig)
		if o.Text(setting.Name, &word); !setting.Set(&c.ConnectorConfig, word) {
			o.Fail(setting.Name, "must be "+setting.Words[0]+" or "+setting.Words[1]+".")
		}
	}
}
