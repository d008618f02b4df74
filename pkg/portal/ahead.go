package portal

import (
	"net/http"
	"strings"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/requests"
)

// namedIn is what the address of a page names: a part of its pattern is called after what it
// names, or stands behind the word for it.
func namedIn(pattern string, r *http.Request) (n entitlement.Addressed) {
	parts := strings.Split(pattern, "/")
	for i, part := range parts {
		switch part {
		case "{catalog}":
			n.Catalog = idIn[entitlement.CatalogID](r, part)
		case "{resource}":
			n.Resource = idIn[entitlement.ResourceID](r, part)
		case "{role}":
			if n.Resource != "" && !r.URL.Query().Has("page") {
				n.Packages = requests.PackagesRead
			}
		case "{change}":
			n.Change = idIn[entitlement.ChangeID](r, part)
		case "{policy}":
			n.Policy = idIn[entitlement.PolicyID](r, part)
		case "{assignment}":
			n.Assignment = idIn[entitlement.AssignmentID](r, part)
		case "{request}":
			n.Request = idIn[entitlement.RequestID](r, part)
		case "{id}":
			switch parts[i-1] {
			case "packages":
				n.Package = idIn[entitlement.PackageID](r, part)
				n.Scopes = i+1 < len(parts) && parts[i+1] == "roles"
			case "requests", "approvals":
				n.Request = idIn[entitlement.RequestID](r, part)
			case "people":
				n.User, n.Record = idIn[entitlement.UserID](r, part), i == 2
			case "groups":
				n.Group = idIn[entitlement.GroupID](r, part)
			case "connectors":
				n.Connector = idIn[entitlement.ConnectorID](r, part)
			}
		}
	}
	return n
}

// idIn is an id in the address; "" where it is none, which the page says.
func idIn[T ~string](r *http.Request, part string) T {
	id, err := entitlement.ParseID[T]("The id in the address", r.PathValue(strings.Trim(part, "{}")))
	if err != nil {
		return ""
	}
	return id
}
