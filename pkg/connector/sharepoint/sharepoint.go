// Package sharepoint is what is known of SharePoint sites before there is a connector for
// them: what such a resource and its roles look like, so that a catalog can say what is wrong
// with one, and that none can be offered yet.
package sharepoint

import (
	"net/url"
	"strconv"

	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
)

// OriginSystem is what sites name as their origin system.
const OriginSystem = "SharePointOnline"

// Kind is the kind of target that sites are of. Nothing opens one.
var Kind = connector.Kind{OriginSystem: OriginSystem, Valid: Valid,
	Absent: "SharePoint sites cannot be offered: there is no connector for them in this deployment. Offer a group that the site gives access to."}

// Valid refuses a site, and a role of it where one is named, that cannot be: a site is named
// by its address, and its role by the number of a group of the site.
func Valid(originID, role string) error {
	u, err := url.Parse(originID)
	if err != nil || u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.ForceQuery || u.String() != originID {
		return entitlement.Errorf(entitlement.Invalid, "resource.originId must be the https address of the site, such as https://contoso.sharepoint.com/sites/sales.")
	}
	if n, err := strconv.ParseUint(role, 10, 31); role != "" && (err != nil || n == 0 || strconv.FormatUint(n, 10) != role) {
		return entitlement.Errorf(entitlement.Invalid, "role.originId must be the number of a role of the site.")
	}
	return nil
}
