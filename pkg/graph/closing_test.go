package graph

import (
	"strings"
	"testing"
	"time"
)

func TestF36_AnApprovalThatComesTooLateIsAnswered422AndTheRequestSaysWhy(t *testing.T) {
	w := newFixture(t)
	w.join("sales", "member")
	policy := approved(w)
	policy["allowedTargetScope"] = "specificDirectoryUsers"
	policy["specificAllowedTargets"] = []object{{"@odata.type": "#microsoft.graph.groupMembers", "groupId": w.ids["sales"]}}
	w.offer(policy)
	id := w.ask("member")
	w.call("admin", "DELETE", "/v1.0/groups/"+w.ids["sales"]+"/members/"+w.ids["member"]+"/$ref", nil).want(204)
	at := approvalPath + "/" + id + "/stages/" + dig(w.call("manager", "GET", approvalPath+"/"+id+"/stages", nil).one(), "id")
	refused := w.call("manager", "PATCH", at, object{"reviewResult": "Approve"}).want(422)
	if !strings.Contains(refused.get("error.message"), "no longer one of those whom the policy is for") || !strings.Contains(refused.get("error.message"), "The request is denied") {
		t.Errorf("the approver is told %s", refused.text)
	}
	got := w.call("member", "GET", requestPath+"/"+id, nil).want(200)
	if got.get("state") != "denied" || !strings.HasPrefix(got.get("status"), "Denied: ") || got.get("completedDateTime") == "" {
		t.Errorf("the request says %s", got.text)
	}
	if s := w.call("member", "GET", at, nil).want(200); s.get("reviewResult") != "NotReviewed" {
		t.Errorf("the approval that came too late decides nothing: %s", s.text)
	}
	w.call("manager", "PATCH", at, object{"reviewResult": "Approve"}).want(409)
}

func TestR82_AnUpdateThatChangesNothingIsAnsweredSo(t *testing.T) {
	w := newFixture(t)
	p := open()
	p["requestorSettings"].(object)["enableTargetsToSelfUpdateAccess"] = true
	w.offer(p)
	id := w.ask("member")
	end := func() string {
		return w.call("admin", "GET", em+"/assignments/"+id, nil).want(200).get("schedule.expiration.endDateTime")
	}
	was := end()
	w.clock.Advance(time.Hour)
	for name, body := range map[string]object{
		"no schedule":     {"requestType": "adminUpdate", "assignment": object{"id": id}},
		"notSpecified":    {"requestType": "adminUpdate", "assignment": object{"id": id}, "schedule": object{"expiration": object{"type": "notSpecified"}}},
		"the end that is": {"requestType": "adminUpdate", "assignment": object{"id": id}, "schedule": object{"expiration": object{"type": "afterDateTime", "endDateTime": was}}},
	} {
		got := w.call("admin", "POST", requestPath, body)
		if got.status != 422 || !strings.Contains(got.get("error.message"), "changes nothing") || end() != was {
			t.Errorf("%s: %d %s, and the end is %s", name, got.status, got.text, end())
		}
	}
	w.call("member", "POST", requestPath, object{"requestType": "userUpdate", "assignment": object{"id": id}}).want(201)
	if end() <= was {
		t.Errorf("a fresh period ends at %s, the old one at %s", end(), was)
	}
	w.call("admin", "POST", requestPath, object{"requestType": "adminUpdate", "assignment": object{"id": id}, "schedule": object{"expiration": object{"type": "noExpiration"}}}).want(201)
	if got := w.call("member", "POST", requestPath, object{"requestType": "userUpdate", "assignment": object{"id": id}}).want(422); !strings.Contains(got.get("error.message"), "has no end") {
		t.Errorf("got %s", got.text)
	}
}
