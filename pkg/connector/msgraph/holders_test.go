package msgraph_test

import (
	"testing"

	"leasehold/pkg/connector/connectortest"
	"leasehold/pkg/connector/connectortest/graphserver"
)

func TestTheHoldersOfGroupsAndApplicationsAreListed(t *testing.T) {
	for _, of := range sorts {
		t.Run(of.name, func(t *testing.T) {
			connectortest.RunHolders(t, func(t *testing.T) connectortest.Harness { return harness(t, graphserver.Characters()[0], of) })
		})
	}
}
