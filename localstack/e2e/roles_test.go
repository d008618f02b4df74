package e2e

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"leasehold/localstack/components"
)

// The owner of a catalog does the whole of it without being an administrator: offers a group
// of the target, makes a package and a policy, assigns it, sees it delivered, and ends it. Of
// other catalogs it sees nothing.
func TestStory_TheOwnerOfACatalogKeepsItAndNoOther(t *testing.T) {
	foreign := newCatalog(t)
	// Stories that run meanwhile may make it an owner of theirs too.
	owned := call(t, components.Owner, "GET", em+"/catalogs", nil).want(200).values()
	sales := slices.IndexFunc(owned, func(c object) bool { return dig(c, "displayName") == "Sales" })
	if sales < 0 || slices.ContainsFunc(owned, func(c object) bool { return dig(c, "id") == foreign }) {
		t.Fatalf("owned: %v", owned)
	}
	catalog := dig(owned[sales], "id")
	group, mia := newTargetGroup(t), newPerson(t, true)

	call(t, components.Owner, "POST", em+"/resourceRequests", object{"requestType": "adminAdd", "catalog": object{"id": catalog},
		"resource": object{"originId": group, "originSystem": "Scim", "environment": object{"id": connectorID(t)}}}).want(201)
	resource := dig(filtered(t, em+"/catalogs/"+catalog+"/resources", "originId eq '"+group+"'")[0], "id")
	pkg := call(t, components.Owner, "POST", em+"/accessPackages", object{"displayName": unique("Package"), "catalog": object{"id": catalog}}).want(201).get("id")
	call(t, components.Owner, "POST", em+"/accessPackages/"+pkg+"/resourceRoleScopes", object{
		"role":  object{"originId": "Member_" + group, "originSystem": "Scim", "resource": object{"id": resource, "originId": group, "originSystem": "Scim"}},
		"scope": object{"originId": group, "originSystem": "Scim", "isRootScope": true},
	}).want(201)
	policy := call(t, components.Owner, "POST", em+"/assignmentPolicies", object{"displayName": "By the owner", "accessPackage": object{"id": pkg},
		"allowedTargetScope": "notSpecified", "expiration": object{"type": "noExpiration"}}).want(201).get("id")

	asked := call(t, components.Owner, "POST", em+"/assignmentRequests", object{"requestType": "adminAdd",
		"assignment": object{"targetId": mia.id, "accessPackageId": pkg, "assignmentPolicyId": policy}}).want(201).get("id")
	requestState(t, asked, "delivered", soon)
	call(t, components.Owner, "GET", em+"/assignments/"+asked, nil).want(200)
	there := time.Now()
	call(t, components.Owner, "POST", em+"/assignmentRequests", object{"requestType": "adminRemove", "assignment": object{"id": asked}}).want(201)

	for path, body := range map[string]object{
		"/accessPackages": {"displayName": "Elsewhere", "catalog": object{"id": foreign}},
		"/catalogs":       {"displayName": "Another"},
	} {
		call(t, components.Owner, "POST", em+path, body).want(http.StatusForbidden)
	}
	call(t, components.Owner, "GET", em+"/catalogs/"+foreign, nil).want(http.StatusForbidden)
	call(t, components.Owner, "GET", em+"/assignments", nil).want(http.StatusForbidden)

	t.Parallel() // the rest is waiting
	takenBackSince(t, there, asked, group, mia)
}
