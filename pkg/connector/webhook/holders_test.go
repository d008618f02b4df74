package webhook

import (
	"testing"

	"leasehold/pkg/connector/connectortest"
)

func TestTheHoldersOfARoleAreListedPageByPage(t *testing.T) {
	for _, h := range habits {
		t.Run(h.name, func(t *testing.T) {
			connectortest.RunHolders(t, func(t *testing.T) connectortest.Harness { return harness(t, h) })
		})
	}
}

func TestTheHoldersOfARoleOfAFunctionAreListedPageByPage(t *testing.T) {
	connectortest.RunHolders(t, functionHarness)
}
