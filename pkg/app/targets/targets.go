// Package targets wires the target systems: what opens each kind of connector, and the function
// that answers questions about them.
package targets

import (
	"leasehold/pkg/app/lookup"
	"leasehold/pkg/connector"
	"leasehold/pkg/connector/kinds"
	"leasehold/pkg/connector/msgraph"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/connector/scim"
	"leasehold/pkg/connector/sharepoint"
	"leasehold/pkg/connector/webhook"
	"leasehold/pkg/directory"
)

// Registry returns every kind of connector there is. private lets targets be plain http
// and on private addresses, which is for emulators alone.
func Registry(configs connector.Configs, secrets connector.Secrets, people *directory.Service, private bool) *connector.Registry {
	return connector.NewRegistry(configs, secrets, lookup.Builtin(people), map[string]connector.Factory{
		kinds.MicrosoftGraph: msgraph.Factory(outbound.Client(private), private),
		kinds.SCIM:           scim.Factory(outbound.Client(private), private),
		kinds.SharePoint:     sharepoint.Factory(outbound.Client(private), private),
		kinds.Webhook:        webhook.Factory(outbound.Client(private), private),
	})
}
