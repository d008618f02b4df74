package e2e

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"leasehold/localstack/components"
)

// application is the attribute of accounts whose values are the roles of the story.
const application = "urn:ietf:params:scim:schemas:core:2.0:User:roles"

// rolesAt returns the roles that the SCIM server stores of somebody, sorted.
func rolesAt(t *testing.T, id string) []string {
	t.Helper()
	roles, _ := scimAt(t, stack.SCIM, "GET", "/Users/"+id, nil).want(200).body["roles"].([]any)
	var values []string
	for _, r := range roles {
		role, _ := r.(object)
		values = append(values, dig(role, "value"))
	}
	slices.Sort(values)
	return values
}

// newRolesOffer makes a package of roles of an application that is in the catalog.
func newRolesOffer(t *testing.T, catalog, resource string, roles ...string) offer {
	t.Helper()
	o := newOffer(t, catalog)
	for _, role := range roles {
		call(t, components.Admin, "POST", em+"/accessPackages/"+o.id+"/resourceRoleScopes", object{
			"role":  object{"originId": role, "originSystem": "AadApplication", "resource": object{"id": resource, "originId": application, "originSystem": "AadApplication"}},
			"scope": object{"originId": application, "originSystem": "AadApplication", "isRootScope": true},
		}).want(201)
	}
	return o
}

// Line 3 of the article: roles of an application, several in a package, each counted by itself.
func TestStory_R8_RolesOfAnApplicationAreEachARoleOfTheirOwn(t *testing.T) {
	t.Parallel()
	connector := newConnector(t, stack.SCIM.Target, stack.SCIM.Token)
	at := "/v1.0/leasehold/connectors/" + connector
	picked := func(id string) object {
		for next := at + "/resources?$top=999"; next != ""; {
			page := call(t, components.Admin, "GET", next, nil).want(200)
			for _, v := range page.values() {
				if dig(v, "id") == id {
					return v
				}
			}
			link, _ := page.body["@odata.nextLink"].(string)
			next = strings.TrimPrefix(link, stack.URL)
		}
		return nil
	}

	// Until an administrator names its roles, it cannot be offered, and the picker says why.
	if found := picked(application); found["isGrantable"] != false || !strings.Contains(dig(found, "reason"), "roleValues") {
		t.Errorf("without roles: %v", found)
	}
	catalog := newCatalog(t)
	add := func() answer {
		return call(t, components.Admin, "POST", em+"/resourceRequests", object{"requestType": "adminAdd", "catalog": object{"id": catalog},
			"resource": object{"originId": application, "originSystem": "AadApplication", "environment": object{"id": connector}}})
	}
	add().want(http.StatusUnprocessableEntity)
	call(t, components.Admin, "PATCH", at, object{"roleValues": []string{"auditor", "clerk"}}).want(204)
	if found := picked(application); found["isGrantable"] != true {
		t.Errorf("with roles: %v", found)
	}
	group := newTargetGroup(t)
	if found := picked(group); found["isGrantable"] != true || dig(found, "originSystem") != "Scim" {
		t.Errorf("a group: %v", found)
	}
	checked := call(t, components.Admin, "POST", at+"/check", nil).want(200)
	if checked.get("check.dialect") != "SCIM 2.0" || checked.get("check.error") != "" || !strings.Contains(checked.text, `"patch"`) || strings.Contains(checked.text, stack.SCIM.Token) {
		t.Errorf("check: %s", checked.text)
	}

	add().want(201)
	resource := dig(filtered(t, em+"/catalogs/"+catalog+"/resources", "originId eq '"+application+"'")[0], "id")
	both, one := newRolesOffer(t, catalog, resource, "auditor", "clerk"), newRolesOffer(t, catalog, resource, "clerk")

	who := newPerson(t, true)
	first, second := both.assign(t, who, nil), one.assign(t, who, nil)
	requestState(t, first, "delivered", soon)
	requestState(t, second, "delivered", soon)
	if got := rolesAt(t, who.there); !slices.Equal(got, []string{"auditor", "clerk"}) {
		t.Fatalf("given: %q", got)
	}

	// What another package still gives stays.
	until := func(want ...string) {
		eventually(t, soon, func() (bool, string) {
			got := rolesAt(t, who.there)
			return slices.Equal(got, want), strings.Join(got, ", ")
		})
	}
	remove(t, first)
	until("clerk")
	remove(t, second)
	until()
	ended(t, second, time.Now())
	if got := rolesAt(t, who.there); len(got) > 0 {
		t.Errorf("left with %q", got)
	}
}
