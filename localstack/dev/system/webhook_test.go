package system

import (
	"encoding/base64"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"leasehold/localstack/components"
	"leasehold/pkg/clock"
	"leasehold/pkg/connector/webhook/example"
	"leasehold/pkg/names"
)

// A package with a role at a webhook: asked, delivered, read back, ended, gone.
func TestStory_ARoleAtAWebhookIsAskedForDeliveredEndedAndGone(t *testing.T) {
	c := clock.NewVirtual(time.Now())
	o := open(t, Options{clock: c})
	who := o.call(components.Member, "GET", names.APIVersion+"/me", nil, 200)["userPrincipalName"].(string)
	rooms := &example.Target{Secret: []byte("an-example-secret-for-nobody-else"), Rooms: []string{"front", "back"}, People: map[string][]string{who: {"account-7"}}}
	server := httptest.NewServer(rooms)
	t.Cleanup(server.Close)
	secret := "whsec_" + base64.StdEncoding.EncodeToString(rooms.Secret)

	hook := o.call(components.Admin, "POST", names.Ours+"/connectors", object{"displayName": "Rooms", "kind": "webhook", "url": server.URL,
		"correlationKeys": []string{"userName"}, "credential": secret}, 201)["id"].(string)
	offers := o.call(components.Admin, "GET", names.Ours+"/connectors/"+hook+"/resources", nil, 200)["value"].([]any)
	if len(offers) != 2 || offers[0].(object)["isGrantable"] != true {
		t.Fatalf("offered are %v", offers)
	}

	// Added to the shown package, the role reaches who asks for it.
	pkg := o.call(components.Admin, "GET", names.Entitlement+"/accessPackages/"+o.Package+"?$expand=catalog", nil, 200)
	catalog := pkg["catalog"].(object)["id"]
	o.call(components.Admin, "POST", names.Entitlement+"/resourceRequests", object{"requestType": "adminAdd", "catalog": object{"id": catalog},
		"resource": object{"originId": "front", "originSystem": "Webhook", "environment": object{"id": hook}}}, 201)
	resources := o.call(components.Admin, "GET", names.Entitlement+"/catalogs/"+catalog.(string)+"/resources", nil, 200)["value"].([]any)
	at := slices.IndexFunc(resources, func(r any) bool { return r.(object)["originId"] == "front" })
	if at < 0 {
		t.Fatalf("the catalog has %v", resources)
	}
	o.call(components.Admin, "POST", names.Entitlement+"/accessPackages/"+o.Package+"/resourceRoleScopes", object{
		"role": object{"originId": "open", "originSystem": "Webhook", "displayName": "Open",
			"resource": object{"id": resources[at].(object)["id"], "originId": "front", "originSystem": "Webhook"}},
		"scope": object{"originId": "front", "originSystem": "Webhook", "isRootScope": true}}, 201)

	assignment := o.ask(nil)
	if held := rooms.Held("front", "open"); !slices.Equal(held, []string{"account-7"}) {
		t.Fatalf("delivered, and open is held by %v", held)
	}
	removal := o.call(components.Member, "POST", names.Entitlement+"/assignmentRequests",
		object{"requestType": "userRemove", "assignment": object{"id": assignment}}, 201)["id"].(string)
	o.eventually("gone", func() bool { return len(rooms.Held("front", "open")) == 0 })
	o.waitOn(c, removal, "delivered")
	if held := slices.Concat(rooms.Held("front", "open"), rooms.Held("front", "keep"), rooms.Held("back", "open")); len(held) > 0 {
		t.Errorf("in the end roles are held by %v", held)
	}
}
