package e2e

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"leasehold/localstack/components"
)

var serial atomic.Int64

// unique makes a name that no other story uses.
func unique(what string) string {
	return fmt.Sprintf("%s %d-%d", what, time.Now().UnixNano()%1e9, serial.Add(1))
}

// person is somebody of the directory and, unless outsider, of the SCIM server too.
type person struct{ id, there string }

// newPerson adds somebody to the directory; atTarget also to the SCIM server.
func newPerson(t *testing.T, atTarget bool) person {
	t.Helper()
	if atTarget {
		return newPersonAt(t, stack.SCIM)
	}
	return newPersonAt(t, nil)
}

// newPersonAt adds somebody to the directory and, unless it is nil, to a SCIM server.
func newPersonAt(t *testing.T, at *components.SCIM) person {
	t.Helper()
	name := fmt.Sprintf("guest%d-%d@northwind.example", time.Now().UnixNano()%1e9, serial.Add(1))
	p := person{id: call(t, components.Admin, "POST", "/v1.0/users", object{
		"displayName": "Story " + name, "userPrincipalName": name, "mail": name, "accountEnabled": true, "mailNickname": "story",
	}).want(201).get("id")}
	if at != nil {
		p.there = scimAt(t, at, "POST", "/Users", object{
			"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:User"}, "userName": name, "displayName": name, "active": true,
		}).want(201).get("id")
	}
	return p
}

// newTargetGroup adds an empty group to the SCIM server.
func newTargetGroup(t *testing.T) string {
	t.Helper()
	return newTargetGroupAt(t, stack.SCIM)
}

func newTargetGroupAt(t *testing.T, at *components.SCIM) string {
	t.Helper()
	return scimAt(t, at, "POST", "/Groups", object{
		"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:Group"}, "displayName": unique("Group"),
	}).want(201).get("id")
}

// connectorID returns the seeded SCIM connector.
func connectorID(t *testing.T) string {
	t.Helper()
	for _, c := range call(t, components.Admin, "GET", "/v1.0/leasehold/connectors", nil).want(200).values() {
		if dig(c, "kind") == "scim" {
			return dig(c, "id")
		}
	}
	t.Fatal("the seed registered no SCIM connector")
	return ""
}

// newConnector registers a SCIM server, by the address at which functions reach it, and
// returns the connector's id.
func newConnector(t *testing.T, url, token string) string {
	t.Helper()
	return call(t, components.Admin, "POST", "/v1.0/leasehold/connectors", object{"displayName": unique("Target"), "kind": "scim", "url": url,
		"correlationKeys": []string{"userName"}, "credential": token}).want(201).get("id")
}

// newOfferAt makes an offer of one group behind a connector of its own.
func newOfferAt(t *testing.T, connector, group string) offer {
	t.Helper()
	catalog := newCatalog(t)
	call(t, components.Admin, "POST", em+"/resourceRequests", object{"requestType": "adminAdd", "catalog": object{"id": catalog},
		"resource": object{"originId": group, "originSystem": "Scim", "environment": object{"id": connector}}}).want(201)
	return newOffer(t, catalog, group)
}

// newCatalog adds a published catalog.
func newCatalog(t *testing.T) string {
	t.Helper()
	return call(t, components.Admin, "POST", em+"/catalogs", object{"displayName": unique("Catalog"), "description": "of a story", "state": "published"}).want(201).get("id")
}

// offer is a package whose policy lets administrators assign it to anybody.
type offer struct{ id, policy string }

// newOffer makes a package of the member roles of SCIM groups, which it adds to the
// catalog where they are not in it yet.
func newOffer(t *testing.T, catalog string, groups ...string) offer {
	t.Helper()
	o := offer{id: call(t, components.Admin, "POST", em+"/accessPackages", object{
		"displayName": unique("Package"), "description": "of a story", "catalog": object{"id": catalog},
	}).want(201).get("id")}
	for _, g := range groups {
		known := filtered(t, em+"/catalogs/"+catalog+"/resources", "originId eq '"+g+"'")
		if len(known) == 0 {
			call(t, components.Admin, "POST", em+"/resourceRequests", object{"requestType": "adminAdd", "catalog": object{"id": catalog},
				"resource": object{"originId": g, "originSystem": "Scim", "environment": object{"id": connectorID(t)}}}).want(201)
			known = filtered(t, em+"/catalogs/"+catalog+"/resources", "originId eq '"+g+"'")
		}
		call(t, components.Admin, "POST", em+"/accessPackages/"+o.id+"/resourceRoleScopes", object{
			"role":  object{"originId": "Member_" + g, "originSystem": "Scim", "resource": object{"id": dig(known[0], "id"), "originId": g, "originSystem": "Scim"}},
			"scope": object{"originId": g, "originSystem": "Scim", "isRootScope": true},
		}).want(201)
	}
	o.policy = call(t, components.Admin, "POST", em+"/assignmentPolicies", object{
		"displayName": "By administrators", "description": "of a story", "accessPackage": object{"id": o.id},
		"allowedTargetScope": "notSpecified", "expiration": object{"type": "noExpiration"},
	}).want(201).get("id")
	return o
}

// assign assigns the package directly and returns the request's id, which is the
// assignment's too. schedule may be nil.
func (o offer) assign(t *testing.T, p person, schedule object) string {
	t.Helper()
	body := object{"requestType": "adminAdd", "assignment": object{"targetId": p.id, "assignmentPolicyId": o.policy, "accessPackageId": o.id}}
	if schedule != nil {
		body["schedule"] = schedule
	}
	return call(t, components.Admin, "POST", em+"/assignmentRequests", body).want(201).get("id")
}

// remove ends an assignment and returns the id of the request that does.
func remove(t *testing.T, assignment string) string {
	t.Helper()
	return call(t, components.Admin, "POST", em+"/assignmentRequests", object{"requestType": "adminRemove", "assignment": object{"id": assignment}}).want(201).get("id")
}

// grants returns what is recorded of an assignment's roles.
func grants(t *testing.T, assignment string) []object {
	t.Helper()
	return call(t, components.Admin, "GET", "/v1.0/leasehold/assignments/"+assignment+"/grants", nil).want(200).values()
}

func assignment(t *testing.T, id string) answer {
	t.Helper()
	return call(t, components.Admin, "GET", em+"/assignments/"+id, nil).want(200)
}

// packageNamed finds a seeded package.
func packageNamed(t *testing.T, name string) string {
	t.Helper()
	found := filtered(t, em+"/accessPackages", "displayName eq '"+name+"'")
	if len(found) != 1 {
		t.Fatalf("%d packages are called %s", len(found), name)
	}
	return dig(found[0], "id")
}
