package portal

import (
	"leasehold/pkg/entitlement"
	"leasehold/pkg/requests"
)

// accountWords are the states of accounts that were made at targets.
var accountWords = map[entitlement.AccountState]string{
	entitlement.AccountMaking: "being made", entitlement.AccountActive: "active", entitlement.AccountDisabled: "disabled",
	entitlement.AccountKept: "left as it is: the target cannot disable it", entitlement.AccountUnsure: "there, and nothing tells who made it: look at the target",
}

// accountAt is how a connector is called.
func accountAt(a requests.TargetAccount) string {
	if a.Name == "" {
		return string(a.Connector)
	}
	return a.Name
}
