// Package targets wires the target systems: which kinds of connectors there are, and
// the built-in directory as one of them.
package targets

import (
	"context"

	"leasehold/pkg/authz"
	"leasehold/pkg/connector"
	"leasehold/pkg/connector/builtin"
	"leasehold/pkg/connector/ldap"
	"leasehold/pkg/connector/msgraph"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/connector/scim"
	"leasehold/pkg/connector/sharepoint"
	"leasehold/pkg/connector/webhook"
	"leasehold/pkg/directory"
	"leasehold/pkg/entitlement"
)

// Registry returns every kind of connector there is. private lets targets be plain http
// and on private addresses, which is for emulators alone; allowed are the private addresses of
// directories elsewhere.
func Registry(configs connector.Configs, secrets connector.Secrets, people *directory.Service, private bool, allowed outbound.Allowed) *connector.Registry {
	return connector.NewRegistry(configs, secrets, builtin.New(groups{people}), map[string]connector.Kind{
		ldap.Kind: {OriginSystem: ldap.OriginSystem, Concurrent: true, NotHTTP: true,
			Open: ldap.Factory(outbound.Dialer{Private: private, Allowed: allowed, Ports: ldap.Ports})},
		msgraph.Kind: {OriginSystem: msgraph.OriginGroup, Applications: msgraph.OriginApplication, Concurrent: true, Open: msgraph.Factory(outbound.Client(private), private)},
		scim.Kind:    {OriginSystem: scim.OriginSystem, Applications: scim.OriginApplication, Open: scim.Factory(outbound.Client(private), private)},
		"sharepoint": sharepoint.Kind,
		webhook.Kind: {OriginSystem: webhook.OriginSystem, Open: webhook.Factory(outbound.Client(private), private)},
	})
}

// groups lets the connector of the built-in directory change groups in the service's name.
type groups struct{ *directory.Service }

func (g groups) Group(ctx context.Context, id entitlement.GroupID) (entitlement.Group, error) {
	found, err := g.Store.Group(ctx, id)
	if err == nil && found.Gone() {
		err = entitlement.Errorf(entitlement.NotFound, "There is no group with this id.")
	}
	return found, err
}

func (g groups) GroupsPage(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.Group], error) {
	return g.Store.ListGroups(ctx, page)
}

func (g groups) Users(ctx context.Context, ids []entitlement.UserID) ([]entitlement.User, error) {
	return g.Store.Users(ctx, ids)
}

func (g groups) OwnersAmong(ctx context.Context, id entitlement.GroupID, users []entitlement.UserID) ([]entitlement.UserID, error) {
	return g.Store.OwnersAmong(ctx, id, users)
}

func (g groups) AddMembers(ctx context.Context, id entitlement.GroupID, owner bool, users ...entitlement.UserID) error {
	return g.Service.AddMembers(ctx, authz.Command{Caller: authz.Caller{ID: entitlement.Service}, CommandID: "delivery"}, id, owner, users...)
}

func (g groups) RemoveMembers(ctx context.Context, id entitlement.GroupID, owner bool, users ...entitlement.UserID) error {
	return g.Service.RemoveMembers(ctx, authz.Command{Caller: authz.Caller{ID: entitlement.Service}, CommandID: "delivery"}, id, owner, users...)
}

// Lookup answers the owners' questions about targets.
type Lookup struct{ Registry *connector.Registry }

// Resource returns what the target calls its resource, and the roles that it offers.
func (l Lookup) Resource(ctx context.Context, at entitlement.ConnectorID, originID string) (entitlement.Resource, error) {
	conn, err := l.Registry.Open(ctx, at)
	if err != nil {
		return entitlement.Resource{}, err
	}

	found, err := conn.Resource(ctx, originID)
	if err != nil {
		return entitlement.Resource{}, err
	}

	r := entitlement.Resource{OriginID: found.OriginID, OriginSystem: found.OriginSystem, DisplayName: found.DisplayName, Description: found.Description}
	for _, role := range found.Roles {
		r.Roles = append(r.Roles, entitlement.ResourceRole{OriginID: role.OriginID, DisplayName: role.DisplayName})
	}

	return r, nil
}

// Offers returns a piece of what a target has to offer.
func (l Lookup) Offers(ctx context.Context, at entitlement.ConnectorID, search string, page entitlement.Page) (entitlement.Paged[entitlement.TargetOffer], error) {
	explorer, err := l.explorer(ctx, at)
	if err != nil {
		return entitlement.Paged[entitlement.TargetOffer]{}, err
	}
	found, err := explorer.ListResources(ctx, connector.Query{Search: search, Limit: page.Size(), Token: page.Token})
	return entitlement.Paged[entitlement.TargetOffer]{Items: found.Items, Next: found.Next}, err
}

// Survey finds out what a target speaks, shows and heeds.
func (l Lookup) Survey(ctx context.Context, at entitlement.ConnectorID) (entitlement.TargetCheck, error) {
	explorer, err := l.explorer(ctx, at)
	if err != nil {
		return entitlement.TargetCheck{}, err
	}
	return explorer.Survey(ctx), nil
}

func (l Lookup) explorer(ctx context.Context, at entitlement.ConnectorID) (connector.Explorer, error) {
	conn, err := l.Registry.Open(ctx, at)
	if err != nil {
		return nil, err
	}
	explorer, can := conn.(connector.Explorer)
	if !can {
		return nil, entitlement.Errorf(entitlement.Unsupported, "Targets of this kind do not show what they have to offer: name the resource by its originId.")
	}
	return explorer, nil
}

// Probe checks that a registration is usable, without calling the target.
func (l Lookup) Probe(cfg entitlement.ConnectorConfig, credential string) error {
	return l.Registry.Probe(cfg, credential)
}
