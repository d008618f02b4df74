package scim

import (
	"testing"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/connectortest"
	"leasehold/pkg/entitlement"
)

func TestAServerThatShowsItsMembersListsThem(t *testing.T) {
	honest := connectortest.Characters()[0]
	connectortest.RunHolders(t, func(t *testing.T) connectortest.Harness { return onCharacter(t, honest) })
}

// Whoever has a value of an attribute is on no list: it is each account's own.
func TestTheRolesOfAnApplicationAreNotListed(t *testing.T) {
	h := onApplication(t, connectortest.Characters()[0], rolesOf)
	if h.Connector.Describe().ListsOf(h.Role.Resource) {
		t.Error("the connector says that it lists them")
	}
	if _, err := h.Connector.(connector.Lister).Holders(t.Context(), h.Role, ""); entitlement.KindOf(err) != entitlement.Unsupported {
		t.Errorf("listed: %v", err)
	}
}
