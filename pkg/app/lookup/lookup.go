// Package lookup wires what the functions of owners and administrators ask target systems with:
// the built-in directory themselves, and every other target through the function targets, so that
// they hold no connector, read no credential and call nothing outside.
package lookup

import (
	"context"

	"leasehold/pkg/authz"
	"leasehold/pkg/connector"
	"leasehold/pkg/connector/builtin"
	"leasehold/pkg/connector/remote"
	"leasehold/pkg/directory"
	"leasehold/pkg/entitlement"
)

// Remote answers questions about targets. invoke calls the function targets, and inVPC the one in
// the deployment's VPC; nil where it has none.
func Remote(people *directory.Service, invoke, inVPC func(ctx context.Context, payload []byte) ([]byte, error)) remote.Client {
	own := connector.NewRegistry(nil, nil, Builtin(people), nil)
	return remote.Client{Builtin: connector.Lookup{Registry: own}, Invoke: invoke, InVPC: inVPC}
}

// Builtin returns the connector of the built-in directory.
func Builtin(people *directory.Service) connector.Connector { return builtin.New(groups{people}) }

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

func (g groups) Members(ctx context.Context, id entitlement.GroupID, page entitlement.Page) (entitlement.Paged[entitlement.UserID], error) {
	return g.Store.Members(ctx, id, page)
}

func (g groups) Owners(ctx context.Context, id entitlement.GroupID, page entitlement.Page) (entitlement.Paged[entitlement.UserID], error) {
	return g.Store.Owners(ctx, id, page)
}

func (g groups) AddMembers(ctx context.Context, id entitlement.GroupID, owner bool, users ...entitlement.UserID) error {
	return g.Service.AddMembers(ctx, authz.Command{Caller: authz.Caller{ID: entitlement.Service}, CommandID: "delivery"}, id, owner, users...)
}

func (g groups) RemoveMembers(ctx context.Context, id entitlement.GroupID, owner bool, users ...entitlement.UserID) error {
	return g.Service.RemoveMembers(ctx, authz.Command{Caller: authz.Caller{ID: entitlement.Service}, CommandID: "delivery"}, id, owner, users...)
}
