package system

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"leasehold/localstack/components"
	"leasehold/pkg/clock"
	"leasehold/pkg/connector/connectortest/slapd"
	"leasehold/pkg/names"
)

// A package with a group of a directory: asked, delivered, read back, ended, gone.
func TestStory_AGroupOfADirectoryIsAskedForDeliveredEndedAndGone(t *testing.T) {
	c := clock.NewVirtual(time.Now())
	o := open(t, Options{clock: c})
	who := o.call(components.Member, "GET", names.APIVersion+"/me", nil, 200)["userPrincipalName"].(string)
	directory := slapd.Start(t)
	directory.AddPerson(t, who, "", "")
	const sales = "cn=sales," + slapd.Base
	id := directory.Add(t, sales, map[string][]string{"objectClass": {"groupOfNames"}, "cn": {"sales"}, "member": {slapd.Placeholder}})

	credential, _ := json.Marshal(map[string]string{"bindDn": slapd.Service, "password": directory.Password, "certificateAuthority": directory.Authority, "placeholder": slapd.Placeholder})
	conn := o.call(components.Admin, "POST", names.Ours+"/connectors", object{"displayName": "Directory", "kind": "ldap", "url": directory.URL(),
		"correlationKeys": []string{"userName"}, "credential": string(credential)}, 201)["id"].(string)
	offers := o.call(components.Admin, "GET", names.Ours+"/connectors/"+conn+"/resources", nil, 200)["value"].([]any)
	if len(offers) != 1 || offers[0].(object)["isGrantable"] != true {
		t.Fatalf("offered are %v", offers)
	}

	// Added to the shown package, the group reaches who asks for it.
	pkg := o.call(components.Admin, "GET", names.Entitlement+"/accessPackages/"+o.Package+"?$expand=catalog", nil, 200)
	catalog := pkg["catalog"].(object)["id"].(string)
	o.call(components.Admin, "POST", names.Entitlement+"/resourceRequests", object{"requestType": "adminAdd", "catalog": object{"id": catalog},
		"resource": object{"originId": id, "originSystem": "Ldap", "environment": object{"id": conn}}}, 201)
	resources := o.call(components.Admin, "GET", names.Entitlement+"/catalogs/"+catalog+"/resources", nil, 200)["value"].([]any)
	at := slices.IndexFunc(resources, func(r any) bool { return r.(object)["originId"] == id })
	if at < 0 {
		t.Fatalf("the catalog has %v", resources)
	}
	o.call(components.Admin, "POST", names.Entitlement+"/accessPackages/"+o.Package+"/resourceRoleScopes", object{
		"role": object{"originId": "Member_" + id, "originSystem": "Ldap", "displayName": "Member",
			"resource": object{"id": resources[at].(object)["id"], "originId": id, "originSystem": "Ldap"}},
		"scope": object{"originId": id, "originSystem": "Ldap", "isRootScope": true}}, 201)

	members := func() []string { return directory.Values(t, sales, "member") }
	assignment := o.ask(nil)
	if !slices.Contains(members(), slapd.DNOf(who)) {
		t.Fatalf("delivered, and the members are %q", members())
	}
	removal := o.call(components.Member, "POST", names.Entitlement+"/assignmentRequests",
		object{"requestType": "userRemove", "assignment": object{"id": assignment}}, 201)["id"].(string)
	o.eventually("gone", func() bool { return !slices.Contains(members(), slapd.DNOf(who)) })
	o.waitOn(c, removal, "delivered")
	if held := members(); !slices.Equal(held, []string{slapd.Placeholder}) {
		t.Errorf("in the end the members are %q", held)
	}
}
