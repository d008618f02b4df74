package graph

import (
	"strings"
	"testing"

	"leasehold/pkg/entitlement"
)

// naming is one place in which a call names a user.
type naming struct {
	method, path string
	body         func(id string) any
	idle         int // how a disabled user is answered who is newly named; 0 means as anybody is
}

// namings are all places in which the API takes a user's id, with USER where it stands in
// the path.
func namings(w *fixture) map[string]naming {
	none := func(string) any { return nil }
	ref := func(id string) any { return object{"@odata.id": publicURL + "/v1.0/users/" + id} }
	group := "/v1.0/groups/" + w.ids["sales"]
	single := func(id string) []object {
		return []object{{"@odata.type": "#microsoft.graph.singleUser", "userId": id}}
	}
	policy := func(change func(p, stage object, id string)) func(id string) any {
		return func(id string) any {
			stage := object{"durationBeforeAutomaticDenial": "P14D", "durationBeforeEscalation": "P1D", "isEscalationEnabled": true,
				"primaryApprovers": single(w.ids["manager"]), "escalationApprovers": single(w.ids["manager"])}
			p := open()
			p["displayName"], p["accessPackage"] = "Named", object{"id": w.ids["package"]}
			p["requestApprovalSettings"] = object{"isApprovalRequiredForAdd": true, "stages": []object{stage}}
			change(p, stage, id)
			return p
		}
	}
	approver := func(list string) func(id string) any {
		return policy(func(_, stage object, id string) { stage[list] = single(id) })
	}
	target := policy(func(p, _ object, id string) {
		p["allowedTargetScope"], p["specificAllowedTargets"] = "specificDirectoryUsers", single(id)
	})
	acting := policy(func(p, _ object, id string) {
		p["requestorSettings"] = object{"enableOnBehalfRequestorsToAddAccess": true, "onBehalfRequestors": single(id)}
	})
	connector := func(id string) any {
		return object{"displayName": "CRM", "kind": "scim", "url": "https://crm.example", "credential": "s", "correlationKeys": []string{"mail"}, "resourceManagers": []string{id}}
	}
	direct := func(target object) object {
		target["accessPackageId"], target["assignmentPolicyId"] = w.ids["package"], w.ids["policy"]
		return object{"requestType": "adminAdd", "assignment": target}
	}
	const ours = "/v1.0/leasehold/connectors"
	return map[string]naming{
		"a member":                           {"POST", group + "/members/$ref", ref, 0},
		"an owner":                           {"POST", group + "/owners/$ref", ref, 422},
		"a member, as a directory object":    {"POST", group + "/members/$ref", func(id string) any { return object{"@odata.id": "/v1.0/directoryObjects/" + id} }, 0},
		"a member to take out":               {"DELETE", group + "/members/USER/$ref", none, 404},
		"an owner to take out":               {"DELETE", group + "/owners/USER/$ref", none, 404},
		"a manager":                          {"PUT", "/v1.0/users/" + w.ids["other"] + "/manager/$ref", ref, 0},
		"a user":                             {"GET", "/v1.0/users/USER", none, 0},
		"a user to change":                   {"PATCH", "/v1.0/users/USER", func(string) any { return object{"jobTitle": "Lead"} }, 0},
		"a user to delete":                   {"DELETE", "/v1.0/users/USER", none, 0},
		"a user's manager":                   {"GET", "/v1.0/users/USER/manager", none, 404},
		"whose manager":                      {"PUT", "/v1.0/users/USER/manager/$ref", func(string) any { return ref(w.ids["manager"]) }, 0},
		"whose manager to take away":         {"DELETE", "/v1.0/users/USER/manager/$ref", none, 0},
		"a user's groups":                    {"GET", "/v1.0/users/USER/memberOf", none, 0},
		"a user in a list":                   {"GET", "/v1.0/users?$filter=id%20eq%20'USER'", none, 0},
		"a user in a list, by name":          {"GET", "/v1.0/users?$filter=userPrincipalName%20eq%20'USER'", none, 0},
		"one who may ask":                    {"POST", em + "/assignmentPolicies", target, 422},
		"one who may ask, from now on":       {"PUT", em + "/assignmentPolicies/" + w.ids["policy"], target, 422},
		"an approver":                        {"POST", em + "/assignmentPolicies", approver("primaryApprovers"), 422},
		"an approver, from now on":           {"PUT", em + "/assignmentPolicies/" + w.ids["policy"], approver("primaryApprovers"), 422},
		"a fallback approver":                {"POST", em + "/assignmentPolicies", approver("fallbackPrimaryApprovers"), 422},
		"an alternate approver":              {"POST", em + "/assignmentPolicies", approver("escalationApprovers"), 422},
		"a fallback of an alternate":         {"POST", em + "/assignmentPolicies", approver("fallbackEscalationApprovers"), 422},
		"one who asks for others":            {"POST", em + "/assignmentPolicies", acting, 422},
		"a resource manager":                 {"POST", ours, connector, 422},
		"a resource manager, from now on":    {"PATCH", ours + "/" + w.ids["connector"], func(id string) any { return object{"resourceManagers": []string{id}} }, 422},
		"the subject of a direct assignment": {"POST", requestPath, func(id string) any { return direct(object{"targetId": id}) }, 422},
		"the same, in the other way":         {"POST", requestPath, func(id string) any { return direct(object{"target": object{"objectId": id}}) }, 422},
		"whose assignments":                  {"GET", em + "/assignments?$filter=target/objectId%20eq%20'USER'", none, 0},
	}
}

// put calls the place with a user's id.
func (n naming) put(w *fixture, id string) reply {
	w.Helper()
	return w.call("admin", n.method, strings.ReplaceAll(n.path, "USER", id), n.body(id))
}

// told is what a caller hears of it, without whose id it was.
func told(r reply, id string) string {
	if r.status < 300 {
		return strings.ReplaceAll(r.text, id, "USER")
	}
	return r.get("error.code") + " " + strings.ReplaceAll(r.get("error.message"), id, "USER")
}

func TestDeletedPeople_AreAnsweredLikeUnknownIDsEverywhere(t *testing.T) {
	w := newFixture(t)
	w.offer(open())
	w.ids["connector"] = w.call("admin", "POST", "/v1.0/leasehold/connectors", object{"displayName": "ERP", "kind": "scim", "url": "https://erp.example", "credential": "s",
		"correlationKeys": []string{"mail"}}).want(201).get("id")
	w.ids["gone"] = w.call("admin", "POST", "/v1.0/users", object{"displayName": "Gone", "userPrincipalName": "gone@example.com"}).want(201).get("id")
	w.join("sales", "gone")
	w.call("admin", "POST", "/v1.0/groups/"+w.ids["sales"]+"/owners/$ref", object{"@odata.id": "/v1.0/users/" + w.ids["gone"]}).want(204)
	w.call("admin", "PUT", "/v1.0/users/"+w.ids["other"]+"/manager/$ref", object{"@odata.id": "/v1.0/users/" + w.ids["gone"]}).want(204)
	w.call("admin", "DELETE", "/v1.0/users/"+w.ids["gone"], nil).want(204)
	before := w.snapshot()
	for name, n := range namings(w) {
		unknown, gone := n.put(w, sampleID), n.put(w, w.ids["gone"])
		if n.method != "GET" && unknown.status < 400 {
			t.Errorf("%s: somebody unknown is answered %d", name, unknown.status)
		}
		if gone.status != unknown.status || told(gone, w.ids["gone"]) != told(unknown, sampleID) {
			if name != "an owner to take out" { // whom the group had still, and is rid of so
				t.Errorf("%s: %d %s\nunknown: %d %s", name, gone.status, told(gone, w.ids["gone"]), unknown.status, told(unknown, sampleID))
			}
		}
	}
	if after := w.snapshot(); after != before {
		t.Errorf("S13: something changed\n%s\n%s", before, after)
	}

	// What named them before shows them no more.
	w.call("admin", "GET", "/v1.0/users/"+w.ids["other"]+"/manager", nil).want(404)
	for _, path := range []string{"/v1.0/users", "/v1.0/groups/" + w.ids["sales"] + "/members", "/v1.0/groups/" + w.ids["sales"] + "/owners"} {
		if got := w.call("admin", "GET", path, nil).want(200); strings.Contains(got.text, w.ids["gone"]) {
			t.Errorf("%s shows %s", path, got.text)
		}
	}
	if w.call("admin", "GET", "/v1.0/users/"+w.ids["gone"]+"/manager", nil).want(404).get("error.message") != "There is no user with this id." {
		t.Error("who is deleted has a manager to ask for")
	}
}

func TestDisabledPeople_MayStayAndBecomeMembersAndManagers_AndNothingElseNewly(t *testing.T) {
	for _, name := range []string{"a member", "a member, as a directory object", "an owner", "a manager", "one who may ask", "one who may ask, from now on", "an approver", "an approver, from now on",
		"a fallback approver", "an alternate approver", "a fallback of an alternate", "a resource manager", "a resource manager, from now on", "the subject of a direct assignment"} {
		w := newFixture(t)
		w.offer(open())
		w.ids["connector"] = w.call("admin", "POST", "/v1.0/leasehold/connectors", object{"displayName": "ERP", "kind": "scim", "url": "https://erp.example", "credential": "s",
			"correlationKeys": []string{"mail"}}).want(201).get("id")
		n, there := namings(w)[name]
		if !there {
			t.Fatal(name)
		}
		before := w.snapshot()
		got := n.put(w, w.ids["disabled"])
		if n.idle == 0 {
			if got.status >= 300 {
				t.Errorf("%s, disabled: %d %s", name, got.status, got.text)
			}
			continue
		}
		if got.status != n.idle || !strings.Contains(got.text, "disabled") || w.snapshot() != before {
			t.Errorf("%s, disabled: %d %s", name, got.status, got.text)
		}

		// Named before, they may stay.
		if n.method != "PUT" && n.method != "PATCH" {
			continue
		}
		enable := func(is bool) {
			w.call("admin", "PATCH", "/v1.0/users/"+w.ids["disabled"], object{"accountEnabled": is}).want(204)
		}
		enable(true)
		n.put(w, w.ids["disabled"])
		enable(false)
		if got := n.put(w, w.ids["disabled"]); got.status >= 300 {
			t.Errorf("%s, disabled and named before: %d %s", name, got.status, got.text)
		}
	}
}

func TestDisabledPeople_DoNotBecomeApproversByHavingBeenAllowedToAsk(t *testing.T) {
	w := newFixture(t)
	w.offer(open())
	target, approver := namings(w)["one who may ask, from now on"], namings(w)["an approver, from now on"]
	enable := func(is bool) {
		w.call("admin", "PATCH", "/v1.0/users/"+w.ids["disabled"], object{"accountEnabled": is}).want(204)
	}
	enable(true)
	target.put(w, w.ids["disabled"]).want(200)
	enable(false)
	if got := approver.put(w, w.ids["disabled"]).want(422); !strings.Contains(got.text, "as an approver") {
		t.Errorf("got %s", got.text)
	}
}

func TestAResourceManagerWhoWasDeletedStandsInNoOtherChangesWay(t *testing.T) {
	w := newFixture(t)
	w.ids["gone"] = w.call("admin", "POST", "/v1.0/users", object{"displayName": "Gone", "userPrincipalName": "gone@example.com"}).want(201).get("id")
	at := "/v1.0/leasehold/connectors"
	at += "/" + w.call("admin", "POST", at, object{"displayName": "ERP", "kind": "scim", "url": "https://erp.example", "credential": "s",
		"correlationKeys": []string{"mail"}, "resourceManagers": []string{w.ids["gone"]}}).want(201).get("id")
	w.call("admin", "DELETE", "/v1.0/users/"+w.ids["gone"], nil).want(204)
	w.call("admin", "PATCH", at, object{"displayName": "ERP 2"}).want(204)
	w.call("admin", "PATCH", at, object{"resourceManagers": []string{w.ids["gone"], w.ids["manager"]}}).want(400)
	w.call("admin", "PATCH", at, object{"resourceManagers": []string{w.ids["manager"]}}).want(204)
}

func TestTheLastAdministrator_StaysOnTheWire(t *testing.T) {
	w := newFixture(t)
	w.call("admin", "DELETE", "/v1.0/groups/"+string(entitlement.AdministratorsGroup)+"/members/"+w.ids["robot"]+"/$ref", nil).want(204)
	before := w.snapshot()
	for name, n := range map[string]naming{
		"taken out": {"DELETE", "/v1.0/groups/" + string(entitlement.AdministratorsGroup) + "/members/USER/$ref", func(string) any { return nil }, 0},
		"disabled":  {"PATCH", "/v1.0/users/USER", func(string) any { return object{"accountEnabled": false} }, 0},
		"unbound":   {"PATCH", "/v1.0/users/USER", func(string) any { return object{"identities": []object{}} }, 0},
		"deleted":   {"DELETE", "/v1.0/users/USER", func(string) any { return nil }, 0},
	} {
		if got := n.put(w, w.ids["admin"]).want(409); got.get("error.code") != "lastAdministrator" || !strings.Contains(got.get("error.message"), "make somebody else an administrator") {
			t.Errorf("%s: %s", name, got.text)
		}
	}
	if after := w.snapshot(); after != before {
		t.Errorf("S13: something changed\n%s\n%s", before, after)
	}
}
