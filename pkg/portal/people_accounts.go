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

// settingHelps say what a setting does at which kind of target, and from what of a person an account
// is made.
var settingHelps = meanings{
	{"accounts", "At a SCIM target from user name, names and mail. At IAM Identity Center from the same, given name and surname required. At Microsoft Graph people are invited as guests, by their mail; Microsoft writes to them."},
	{"accountsAtEnd", "AWS has no call that disables a user of IAM Identity Center: the roles end there, and the user stays."},
	{"invitations", "Members too where the tenant is another organization's. Whoever has an account there already is never invited."},
	{"network", "A directory alone can be in the VPC, where the deployment has one. A private address must be on the deployment's list either way."},
}

func (v *visit) settingHelp(s entitlement.ConnectorSetting) string {
	if settingHelps.of(s.Name) == "" {
		return ""
	}
	return v.T(settingHelps.of(s.Name))
}
