package graph

import "testing"

// outsider adds a guest, who signs in.
func (w *fixture) outsider(name, domain string) {
	w.Helper()
	w.ids[name] = w.call("admin", "POST", "/v1.0/users", object{"displayName": name, "userPrincipalName": name + "@" + domain, "userType": "Guest",
		"identities": []object{{"signInType": "federated", "issuer": "https://id.example.com", "issuerAssignedId": name}}}).want(201).get("id")
}

// The whole way of somebody from outside: a policy for the organization, its sponsor, and what
// another one's people see of it.
func TestR136_PeopleOfAConnectedOrganizationAskAndTheirSponsorApproves(t *testing.T) {
	w := newFixture(t)
	w.outsider("gus", "contoso.com")
	w.outsider("eve", "example.org")
	organization := w.call("admin", "POST", organizationsPath, object{"displayName": "Contoso", "description": "",
		"identitySources": []object{{"@odata.type": "#microsoft.graph.domainIdentitySource", "domainName": "contoso.com", "displayName": "Contoso"}}}).want(201).get("id")
	w.call("admin", "POST", organizationsPath+"/"+organization+"/internalSponsors/$ref", object{"@odata.id": "/v1.0/users/" + w.ids["manager"]}).want(204)

	policy := approved(w)
	policy["allowedTargetScope"] = "specificConnectedOrganizationUsers"
	policy["specificAllowedTargets"] = []object{{"@odata.type": "#microsoft.graph.connectedOrganizationMembers", "connectedOrganizationId": organization}}
	policy["requestApprovalSettings"].(object)["stages"].([]object)[0]["primaryApprovers"] = []object{{"@odata.type": "#microsoft.graph.targetUserSponsors"}}
	w.offer(policy)
	stage := w.call("admin", "GET", em+"/assignmentPolicies/"+w.ids["policy"], nil).want(200).body["requestApprovalSettings"].(object)["stages"].([]any)[0].(object)
	if set := stage["primaryApprovers"].([]any)[0].(object); set["@odata.type"] != "#microsoft.graph.targetUserSponsors" || len(set) != 1 {
		t.Errorf("the sponsors are read back as %v", set)
	}

	mine := packagePath + "/filterByCurrentUser(on='allowedRequestor')"
	ask := object{"requestType": "userAdd", "assignment": object{"accessPackageId": w.ids["package"]}}
	w.call("gus", "POST", requestPath, ask).want(422) // R24: the catalog is closed to others
	w.call("admin", "PATCH", em+"/catalogs/"+w.ids["catalog"], object{"isExternallyVisible": true}).want(204)
	for who, want := range map[string]int{"gus": 1, "eve": 0, "member": 0} {
		if got := w.call(who, "GET", mine, nil).want(200).values(); len(got) != want {
			t.Errorf("%s is shown %d packages, want %d", who, len(got), want)
		}
	}
	for _, who := range []string{"eve", "member"} {
		w.call(who, "POST", requestPath, ask).want(422)
	}

	id := w.call("gus", "POST", requestPath, ask).want(201).get("id")
	at := approvalPath + "/" + id + "/stages/" + dig(w.call("manager", "GET", approvalPath+"/"+id+"/stages", nil).one(), "id")
	w.call("reviewer", "PATCH", at, object{"reviewResult": "Approve"}).want(404)
	w.call("manager", "PATCH", at, object{"reviewResult": "Approve"}).want(204)
	if got := w.call("gus", "GET", em+"/assignments/"+id, nil).want(200); got.get("state") != "delivering" {
		t.Errorf("it is %s", got.text)
	}
}
