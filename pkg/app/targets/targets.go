// Package targets wires the target systems: what opens each kind of connector, and the function
// that answers questions about them.
package targets

import (
	"github.com/aws/aws-sdk-go-v2/aws"

	"leasehold/pkg/app/lookup"
	"leasehold/pkg/connector"
	"leasehold/pkg/connector/identitycenter"
	"leasehold/pkg/connector/kinds"
	"leasehold/pkg/connector/msgraph"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/connector/scim"
	"leasehold/pkg/connector/webhook"
	"leasehold/pkg/directory"
)

// Registry returns every kind of connector there is. private lets targets be plain http
// and on private addresses, which is for emulators alone. own are the process's credentials at
// AWS, with which it assumes the roles of targets there; nil: it has none.
func Registry(configs connector.Configs, secrets connector.Secrets, people *directory.Service, private bool, own aws.CredentialsProvider) *connector.Registry {
	return connector.NewRegistry(configs, secrets, lookup.Builtin(people), map[string]connector.Factory{
		kinds.IdentityCenter: identitycenter.Factory(outbound.Client(private), private, own),
		kinds.MicrosoftGraph: msgraph.Factory(outbound.Client(private), private),
		kinds.SCIM:           scim.Factory(outbound.Client(private), private),
		kinds.Webhook:        webhook.Factory(outbound.Client(private), private),
	})
}
