package builtin_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"leasehold/pkg/authz"
	"leasehold/pkg/clock"
	"leasehold/pkg/connector"
	"leasehold/pkg/connector/builtin"
	"leasehold/pkg/connector/connectortest"
	"leasehold/pkg/directory"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/memstore"
)

// people is the directory as the connector sees it.
type people struct{ *directory.Service }

var by = authz.Caller{ID: entitlement.Service, Command: "test"}

func (p people) Group(ctx context.Context, id entitlement.GroupID) (entitlement.Group, error) {
	return p.Store.Group(ctx, id)
}

func (p people) Users(ctx context.Context, ids []entitlement.UserID) ([]entitlement.User, error) {
	return p.Store.Users(ctx, ids)
}

func (p people) Owners(ctx context.Context, id entitlement.GroupID) ([]entitlement.UserID, error) {
	return p.Store.Owners(ctx, id)
}

func (p people) Join(ctx context.Context, id entitlement.GroupID, owner bool, users ...entitlement.UserID) error {
	return p.Service.Join(ctx, by, id, owner, users...)
}

func (p people) Leave(ctx context.Context, id entitlement.GroupID, owner bool, users ...entitlement.UserID) error {
	return p.Service.Leave(ctx, by, id, owner, users...)
}

func harness(t *testing.T, role string) connectortest.Harness {
	t.Helper()
	c := clock.NewVirtual(time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC))
	store := memstore.New(memstore.Options{})
	service := people{&directory.Service{Store: store, Clock: c, IDs: c}}
	g, err := service.CreateGroup(t.Context(), by, entitlement.Group{DisplayName: "Group"})
	if err != nil {
		t.Fatal(err)
	}
	missing := entitlement.GroupID(c.New())
	h := connectortest.Harness{
		Connector: builtin.New(service),
		Role:      entitlement.RoleRef{Connector: entitlement.BuiltinConnector, Resource: string(g.ID), Role: role + string(g.ID)},
		NoRole:    entitlement.RoleRef{Connector: entitlement.BuiltinConnector, Resource: string(missing), Role: role + string(missing)},
		Stranger:  connector.Correlation{User: entitlement.UserID(c.New())},
		Ghost:     connector.PrincipalRef(c.New()),
		Secret:    "there is none",
	}
	for i := range connectortest.MinPeople {
		u, err := service.CreateUser(t.Context(), by, entitlement.User{DisplayName: "P", UserPrincipalName: fmt.Sprintf("p%d@northwind.example", i), Type: entitlement.Member, Enabled: true})
		if err != nil {
			t.Fatal(err)
		}
		h.People = append(h.People, connector.Correlation{User: u.ID, UserName: u.UserPrincipalName})
	}
	h.Members = func() []connector.PrincipalRef {
		var list []connector.PrincipalRef
		if role == "Owner_" {
			owners, _ := store.Owners(t.Context(), g.ID)
			for _, u := range owners {
				list = append(list, connector.PrincipalRef(u))
			}
			return list
		}
		members, _ := store.Members(t.Context(), g.ID, entitlement.Page{})
		for _, u := range members.Items {
			list = append(list, connector.PrincipalRef(u))
		}
		return list
	}
	return h
}

func TestMembersKeepTheContract(t *testing.T) {
	connectortest.Run(t, func(t *testing.T) connectortest.Harness { return harness(t, "Member_") })
}

func TestOwnersKeepTheContract(t *testing.T) {
	connectortest.Run(t, func(t *testing.T) connectortest.Harness { return harness(t, "Owner_") })
}

func TestA3_TheAdministratorsGroupIsNoResource(t *testing.T) {
	h := harness(t, "Member_")
	if _, err := h.Connector.Resource(t.Context(), string(entitlement.AdministratorsGroup)); entitlement.KindOf(err) != entitlement.Precondition {
		t.Errorf("got %v", err)
	}
	if r, err := h.Connector.Resource(t.Context(), h.Role.Resource); err != nil || len(r.Roles) != 2 {
		t.Errorf("R9: got %+v, %v", r, err)
	}
}
