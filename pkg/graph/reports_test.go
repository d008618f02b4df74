package graph

import "testing"

// R213: managers list what their reports hold and ask for, by Graph's word for it; whoever has no
// reports has an empty list, and a report that got another manager is out of it.
func TestR213_ManagersListWhatTheirReportsHoldAndAskFor(t *testing.T) {
	w := newFixture(t)
	w.offer(onBehalf(w))
	id := w.askFor("manager", object{"targetId": w.ids["member"]}).want(201).get("id")
	asked, held := requestPath+"/filterByCurrentUser(on='targetManager')", heldPath+"/filterByCurrentUser(on='TargetManager')"

	got := w.call("manager", "GET", asked+"?$expand=accessPackage,assignment($expand=target)", nil).want(200).values()
	if len(got) != 1 || dig(got[0], "id") != id || dig(got[0], "accessPackage.displayName") != "Package" || dig(got[0], "assignment.target.objectId") != w.ids["member"] {
		t.Errorf("asked for: %v", got)
	}
	stage := dig(w.call("reviewer", "GET", approvalPath+"/"+id+"/stages", nil).one(), "id")
	w.call("reviewer", "PATCH", approvalPath+"/"+id+"/stages/"+stage, object{"reviewResult": "Approve"}).want(204)
	if got := w.call("manager", "GET", held+"?$expand=target,accessPackage", nil).want(200).values(); len(got) != 1 || dig(got[0], "target.objectId") != w.ids["member"] {
		t.Errorf("held: %v", got)
	}
	if n := w.call("manager", "GET", heldPath+"/filterByCurrentUser(on='targetManager')/$count", nil).want(200).text; n != "1" {
		t.Errorf("counted %s", n)
	}

	for _, as := range []string{"member", "other", "reviewer"} {
		for _, path := range []string{asked, held} {
			if got := w.call(as, "GET", path, nil).want(200).values(); len(got) != 0 {
				t.Errorf("%s sees %v", as, got)
			}
		}
	}

	w.call("admin", "DELETE", "/v1.0/users/"+w.ids["member"]+"/manager/$ref", nil).want(204)
	for _, path := range []string{asked, held} {
		if got := w.call("manager", "GET", path, nil).want(200).values(); len(got) != 0 {
			t.Errorf("the former manager sees %v", got)
		}
	}
	w.call("manager", "GET", heldPath+"/filterByCurrentUser(on='targetAgentIdentitySponsorOrOwner')", nil).want(501)
}
