package system

import (
	"net/url"
	"strings"
	"testing"

	"leasehold/localstack/components"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

// R172: whoever keeps a catalog finds resources in the targets whose resources they manage, and in
// no other. A target that is paused or does not answer is said on the page.
func TestStory_AResourceIsSearchedInATargetAndAddedThroughThePages(t *testing.T) {
	o := open(t, Options{})
	const hostile = `Night shift <script>alert("1")</script>`
	o.send(o.Endpoints.SCIMToken, "POST", o.Endpoints.SCIM+"/Groups", object{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:Group"}, "displayName": hostile}, 201)
	connectors := o.call(components.Admin, "GET", names.Ours+"/connectors", nil, 200)["value"].([]any)
	target := ""
	for _, c := range connectors {
		if c := c.(object); c["displayName"] == "Customer systems" {
			target = c["id"].(string)
		}
	}

	silent := o.call(components.Admin, "POST", names.Ours+"/connectors", object{"displayName": "Silent", "kind": "scim", "url": "http://127.0.0.1:9/scim", "credential": "word", "correlationKeys": []string{"mail"}}, 201)["id"].(string)

	olga := o.signIn(components.Owner)
	olga.open("/catalogs")
	olga.follow("Sales")
	catalog := strings.TrimPrefix(olga.page.Address, olga.site)
	olga.follow("Add a resource")
	olga.has(200, "Directory", "Customer systems")
	olga.lacks("Silent")
	at := catalog + "/resources/add?connector="
	olga.foreign(at+silent, at+gone, at+"x", at+string(entitlement.AdministratorsGroup))
	olga.open(catalog + "/resources/add")
	olga.send(catalog+"/resources/add", url.Values{"connector": {silent}, "resource": {"Scim sales"}})
	olga.has(404)

	// She manages the resources of one target.
	olga.open(catalog + "/resources/add")
	olga.press("Search", map[string]string{"connector": target, "search": "no such thing"})
	olga.has(200, "Nothing there has this in its name.")
	olga.press("Search", map[string]string{"search": "night"})
	olga.has(200, hostile+" Roles: ")
	if strings.Contains(olga.page.Source, "<script>alert") {
		t.Fatal("a name of the target is markup")
	}
	olga.press("Add to the catalog", nil)
	olga.has(400, "Choose a resource.", hostile)
	found := olga.page.Address
	olga.press("Add to the catalog", map[string]string{"resource": olga.chosen("resource", "Night shift")})
	olga.has(200, hostile, "No package gives its roles.")
	added := olga.page.Address
	olga.must(olga.Visitor.Open(t.Context(), found+"?connector="+target+"&search=night"))
	olga.press("Add to the catalog", map[string]string{"resource": olga.chosen("resource", "Night shift")})
	olga.has(409, "The catalog has this resource already.")
	olga.must(olga.Visitor.Open(t.Context(), added))
	olga.press("Remove "+hostile, map[string]string{"sure": "yes"})
	olga.has(200, "Sales")
	olga.lacks(hostile)

	// A target that is left alone, or does not answer, breaks nothing.
	admin := o.signIn(components.Admin)
	o.call(components.Admin, "PATCH", names.Ours+"/connectors/"+target, object{"isPaused": true}, 204)
	olga.open(at + target + "&search=night")
	olga.has(200, "There is a problem", "An administrator has paused the connector", "Customer systems (Paused)")
	olga.send(catalog+"/resources/add", url.Values{"connector": {target}, "resource": {"Scim sales"}})
	olga.has(409, "An administrator has paused the connector")
	admin.open(at + silent)
	admin.has(200, "There is a problem", "Silent")
	admin.send(catalog+"/resources/add", url.Values{"connector": {silent}, "resource": {"Scim sales"}})
	admin.has(409, "There is a problem", "Silent")
}
