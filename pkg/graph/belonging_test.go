package graph

import (
	"testing"
)

func TestS2_APackageIsNotHadByAPolicyOfAnother(t *testing.T) {
	w := newFixture(t)
	w.offer(approved(w))
	asked := w.ids["package"]
	w.offer(open())
	foreign := w.ids["policy"]
	w.ids["package"] = asked
	for name, c := range map[string]struct {
		as, kind string
		want     int
	}{"userAdd": {"member", "userAdd", 422}, "adminAdd": {"admin", "adminAdd", 400}} {
		send := func(policy string) reply {
			assignment := object{"accessPackageId": asked, "assignmentPolicyId": policy}
			if c.kind == "adminAdd" {
				assignment["targetId"] = w.ids["member"]
			}
			return w.call(c.as, "POST", requestPath, object{"requestType": c.kind, "assignment": assignment}).want(c.want)
		}
		got, unknown := send(foreign), send("00000000-0000-4000-8000-00000000ffff")
		if got.get("error.code") != unknown.get("error.code") || got.get("error.message") != unknown.get("error.message") {
			t.Errorf("%s: %s, and for an id of nothing %s", name, got.text, unknown.text)
		}
	}
	if n := len(w.call("member", "GET", requestPath+"/filterByCurrentUser(on='target')", nil).values()); n != 0 {
		t.Errorf("S13: %d requests were made", n)
	}
	if dig(w.call("member", "POST", packagePath+"/"+asked+"/getApplicablePolicyRequirements", nil).one(), "policyId") == foreign {
		t.Error("it is offered")
	}
}
