package builtin_test

import (
	"testing"

	"leasehold/pkg/connector/connectortest"
)

func TestMembersAndOwnersAreListed(t *testing.T) {
	for _, role := range []string{"Member_", "Owner_"} {
		connectortest.RunHolders(t, func(t *testing.T) connectortest.Harness { return harness(t, role) })
	}
}
