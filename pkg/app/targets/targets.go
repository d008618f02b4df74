// Package targets wires the target systems: what opens each kind of connector, and the function
// that answers questions about them.
package targets

import (
	"github.com/aws/aws-sdk-go-v2/aws"

	"leasehold/pkg/app/base"
	"leasehold/pkg/app/lookup"
	"leasehold/pkg/connector"
	"leasehold/pkg/connector/identitycenter"
	"leasehold/pkg/connector/kinds"
	"leasehold/pkg/connector/ldap"
	"leasehold/pkg/connector/msgraph"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/connector/scim"
	"leasehold/pkg/connector/sharepoint"
	"leasehold/pkg/connector/webhook"
	"leasehold/pkg/connector/webidentity"
	"leasehold/pkg/directory"
)

// Reach is what connectors may call, and as whom.
type Reach struct {
	Private  bool                    // targets may be plain http and on private addresses, which is for emulators alone
	Internal outbound.Allowed        // private addresses at which directories may be
	VPC      bool                    // the process is in the deployment's VPC
	Own      aws.CredentialsProvider // the process's at AWS, with which it assumes roles and calls functions; nil: it has none
	Home     base.Home               // where it asks AWS who it is
}

// Registry returns every kind of connector there is.
func Registry(configs connector.Configs, secrets connector.Secrets, people *directory.Service, reach Reach) *connector.Registry {
	private := reach.Private
	registry := connector.NewRegistry(configs, secrets, lookup.Builtin(people), map[string]connector.Factory{
		kinds.IdentityCenter: identitycenter.Factory(outbound.Client(private), private, reach.Own),
		kinds.LDAP:           ldap.Factory(outbound.Dialer{Private: private, Allowed: reach.Internal, Ports: ldap.Ports}),
		kinds.Lambda:         webhook.LambdaFactory(outbound.Client(private), private, reach.Own),
		kinds.MicrosoftGraph: msgraph.Factory(outbound.Client(private), private, &webidentity.Identity{Own: reach.Own, Region: reach.Home.Region, Endpoint: reach.Home.Endpoint, Client: outbound.Client(private)}),
		kinds.SCIM:           scim.Factory(outbound.Client(private), private),
		kinds.SharePoint:     sharepoint.Factory(outbound.Client(private), private),
		kinds.Webhook:        webhook.Factory(outbound.Client(private), private),
	})
	if reach.VPC {
		return registry.InVPC()
	}
	return registry
}
