// Package kinds lists the kinds of target that there are. It knows their names and nothing of how
// they are spoken to, so that whoever keeps registrations needs no connector: that would make the
// function larger by all of them, and let it call targets.
package kinds

import (
	"net/url"
	"strconv"

	"leasehold/pkg/entitlement"
)

// Names of kinds, as registrations have them.
const (
	IdentityCenter = "identitycenter"
	LDAP           = "ldap"
	Lambda         = "lambda"
	MicrosoftGraph = "msgraph"
	SCIM           = "scim"
	SharePoint     = "sharepoint"
	Webhook        = "webhook"
)

// Origin systems, as resources name them. Groups of a tenant of Entra have that of the built-in
// directory's, entitlement.OriginAadGroup.
const (
	OriginApplication = "AadApplication"
	OriginAWSAccount  = "AwsAccount"
	OriginAWSGroup    = "AwsIdentityCenterGroup"
	OriginLDAP        = "Ldap"
	OriginLambda      = "Lambda"
	OriginSCIM        = "Scim"
	OriginSharePoint  = "SharePointOnline"
	OriginWebhook     = "Webhook"
)

// All returns every kind, in order of name.
func All() []entitlement.TargetKind {
	return []entitlement.TargetKind{
		{Name: IdentityCenter, OriginSystem: OriginAWSGroup, Applications: OriginAWSAccount, Concurrent: true},
		{Name: LDAP, OriginSystem: OriginLDAP, Concurrent: true, NotHTTP: true, InVPC: true},
		{Name: Lambda, OriginSystem: OriginLambda, NoCredential: true},
		{Name: MicrosoftGraph, OriginSystem: entitlement.OriginAadGroup, Applications: OriginApplication, Concurrent: true},
		{Name: SCIM, OriginSystem: OriginSCIM, Applications: OriginApplication},
		{Name: SharePoint, OriginSystem: OriginSharePoint, Valid: validSite, Concurrent: true},
		{Name: Webhook, OriginSystem: OriginWebhook},
	}
}

// WithoutCredential reports a kind whose connectors are given no credential.
func WithoutCredential(name string) bool {
	return entitlement.GivenNoCredential(All(), name)
}

// validSite refuses a site, and a role of it where one is named, that cannot be: a site is named
// by its address, and its role by the number of a group of the site.
func validSite(originID, role string) error {
	u, err := url.Parse(originID)
	if err != nil || u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.ForceQuery || u.String() != originID {
		return entitlement.Errorf(entitlement.Invalid, "resource.originId must be the https address of the site, such as https://contoso.sharepoint.com/sites/sales.")
	}
	if n, err := strconv.ParseUint(role, 10, 31); role != "" && (err != nil || n == 0 || strconv.FormatUint(n, 10) != role) {
		return entitlement.Errorf(entitlement.Invalid, "role.originId must be the number of a role of the site.")
	}
	return nil
}
