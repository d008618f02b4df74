// Package targets wires the target systems: which kinds of connectors there are, and
// the built-in directory as one of them.
package targets

import (
	"context"

	"leasehold/pkg/authz"
	"leasehold/pkg/connector"
	"leasehold/pkg/connector/builtin"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/connector/scim"
	"leasehold/pkg/directory"
	"leasehold/pkg/entitlement"
)

// Registry returns every kind of connector there is. private lets targets be plain http
// and on private addresses, which is for emulators alone.
func Registry(configs connector.Configs, secrets connector.Secrets, people *directory.Service, private bool) *connector.Registry {
	return connector.NewRegistry(configs, secrets, builtin.New(groups{people}), map[string]connector.Kind{
		scim.Kind: {OriginSystem: scim.OriginSystem, Open: scim.Factory(outbound.Client(private), private)},
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

	r := entitlement.Resource{OriginID: found.OriginID, DisplayName: found.DisplayName, Description: found.Description}
	for _, role := range found.Roles {
		r.Roles = append(r.Roles, entitlement.ResourceRole{OriginID: role.OriginID, DisplayName: role.DisplayName})
	}

	return r, nil
}

// Probe checks that a registration is usable, without calling the target.
func (l Lookup) Probe(cfg entitlement.ConnectorConfig, credential string) error {
	return l.Registry.Probe(cfg, credential)
}
