package graph

import (
	"strings"
	"testing"
)

// Whom a package is assigned to may be named by the userPrincipalName, in any case; who has which
// name is told to nobody who may not assign.
func TestSomebodyIsAssignedByTheUserPrincipalName(t *testing.T) {
	w := newFixture(t)
	w.offer(open())
	assign := func(as string, target object) reply {
		return w.call(as, "POST", requestPath, object{"requestType": "adminAdd", "assignment": object{"accessPackageId": w.ids["package"], "assignmentPolicyId": w.ids["policy"], "target": target}})
	}
	name := w.call("admin", "GET", "/v1.0/users/"+w.ids["member"], nil).want(200).get("userPrincipalName")

	for _, who := range []string{name, "nobody@example.com"} {
		if got := assign("other", object{"principalName": who}); got.status != 403 || strings.Contains(got.text, w.ids["member"]) {
			t.Errorf("%s by somebody who may not: %d %s", who, got.status, got.text)
		}
	}
	if a, b := assign("other", object{"principalName": name}), assign("other", object{"principalName": "nobody@example.com"}); a.get("error.message") != b.get("error.message") {
		t.Errorf("told apart: %s, %s", a.text, b.text)
	}
	if got := assign("admin", object{"principalName": "nobody@example.com"}); got.status < 400 || got.status >= 500 {
		t.Errorf("nobody: %d %s", got.status, got.text)
	}

	made := assign("admin", object{"principalName": strings.ToUpper(name)}).want(201).get("id")
	if got := w.call("admin", "GET", heldPath+"/"+made+"?$expand=target", nil).want(200); got.get("target.objectId") != w.ids["member"] {
		t.Errorf("assigned to another one: %s", got.text)
	}
	// Beside an id the name is what was read with it; in other requests it names nobody.
	assign("admin", object{"objectId": w.ids["other"], "principalName": name}).want(201)
	w.call("member", "POST", requestPath, object{"requestType": "userAdd", "assignment": object{"accessPackageId": w.ids["package"], "target": object{"principalName": name}}}).want(400)
}
