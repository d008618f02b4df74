package graph

import (
	"encoding/json"
	"testing"
)

// What is kept of reviews, of automatic requests and of mail is returned as it was written,
// and the settings name it as inactive.
func TestReviewsAutomaticRequestsAndMailAreKeptAndNamedInactive(t *testing.T) {
	w := newFixture(t)
	w.offer(open())
	at := em + "/assignmentPolicies/" + w.ids["policy"]
	set := []any{object{"@odata.type": "#microsoft.graph.singleUser", "userId": w.ids["manager"], "description": "The manager"}}
	given := object{
		"reviewSettings": object{"isEnabled": true, "expirationBehavior": "acceptAccessRecommendation", "isRecommendationEnabled": false, "isReviewerJustificationRequired": true, "isSelfReview": false,
			"primaryReviewers": set, "fallbackReviewers": []any{},
			"schedule": object{"startDateTime": "2026-04-01T00:00:00Z", "expiration": object{"type": "afterDuration", "duration": "P14D", "endDateTime": nil},
				"recurrence": object{"pattern": object{"type": "absoluteMonthly", "interval": 3, "month": 0, "dayOfMonth": 1, "daysOfWeek": []any{"monday"}, "firstDayOfWeek": "sunday", "index": "first"},
					"range": object{"type": "noEnd", "startDate": "2026-04-01", "endDate": nil, "recurrenceTimeZone": "UTC", "numberOfOccurrences": 0}}}},
		"automaticRequestSettings": object{"requestAccessForAllowedTargets": true, "removeAccessWhenTargetLeavesAllowedTargets": true, "gracePeriodBeforeAccessRemoval": "P7D"},
		"notificationSettings":     object{"isAssignmentNotificationDisabled": true},
	}
	body := open()
	body["displayName"] = "Policy"
	for name, v := range given {
		body[name] = v
	}
	w.call("admin", "PUT", at, body).want(200)
	kept := w.call("admin", "GET", at, nil).want(200)
	for name, v := range given {
		want, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if got := kept.get(name); got != string(want) {
			t.Errorf("%s is\n%s, want\n%s", name, got, want)
		}
	}

	// The same policy without them has none.
	w.call("admin", "PUT", at, object{"displayName": "Policy", "automaticRequestSettings": nil}).want(200)
	if got := w.call("admin", "GET", at, nil).want(200); got.get("reviewSettings") != "" || got.get("automaticRequestSettings") != "" || got.get("notificationSettings.isAssignmentNotificationDisabled") != "false" {
		t.Errorf("without them: %s", got.text)
	}
}

func TestR173_OwnersKeepNoPolicyThatAssignsByItself(t *testing.T) {
	w := newFixture(t)
	w.offer(open())
	w.call("admin", "POST", rm+"/roleAssignments", object{"principalId": w.ids["other"], "roleDefinitionId": "ae79f266-94d4-4dab-b730-feca7e132178", "appScopeId": "/AccessPackageCatalog/" + w.ids["catalog"]}).want(201)
	automatic := func() object {
		p := open()
		p["displayName"], p["accessPackage"] = "Automatic", object{"id": w.ids["package"]}
		p["automaticRequestSettings"] = object{"requestAccessForAllowedTargets": true}
		return p
	}
	w.call("other", "POST", em+"/assignmentPolicies", automatic()).want(403)
	made := w.call("admin", "POST", em+"/assignmentPolicies", automatic()).want(201).get("id")

	plain := automatic()
	delete(plain, "automaticRequestSettings")
	w.call("other", "PUT", em+"/assignmentPolicies/"+made, plain).want(403)
	w.call("other", "PUT", em+"/assignmentPolicies/"+w.ids["policy"], automatic()).want(403)
}

func TestR66_RequestorsSeeWhoDecidesUnlessTheStageHidesIt(t *testing.T) {
	for as, hidden := range map[[2]string]bool{{"default", "true"}: false, {"visible", "true"}: false, {"notVisible", "true"}: true,
		{"default", "false"}: true, {"visible", "false"}: false, {"notVisible", "false"}: true} {
		w, visibility := newFixture(t), as[0]
		w.call("admin", "PATCH", endUserPath, object{"showApproverDetailsToMembers": as[1] == "true"}).want(200)
		p := approved(w)
		p["requestApprovalSettings"].(object)["stages"].([]object)[0]["approverInformationVisibility"] = visibility
		w.offer(p)
		if got := w.call("admin", "GET", em+"/assignmentPolicies/"+w.ids["policy"], nil).want(200); got.get("requestApprovalSettings.stages.0.approverInformationVisibility") != visibility {
			t.Errorf("%s is kept as %s", visibility, got.text)
		}
		id := w.ask("member")
		stage := dig(w.call("manager", "GET", approvalPath+"/"+id+"/stages", nil).one(), "id")
		at := approvalPath + "/" + id + "/stages/" + stage
		w.call("manager", "PATCH", at, object{"reviewResult": "Approve", "justification": "fine"}).want(204)

		for who, blind := range map[string]bool{"member": hidden, "manager": false, "admin": false} {
			for _, path := range []string{at, approvalPath + "/" + id + "/stages", approvalPath + "/" + id} {
				got := w.call(who, "GET", path, nil).want(200)
				one := map[string]string{at: "", approvalPath + "/" + id + "/stages": "value.0.", approvalPath + "/" + id: "stages.0."}[path]
				if name := got.get(one + "reviewedBy.displayName"); (name == "") != blind || got.get(one+"justification") != "fine" {
					t.Errorf("%v: %s sees %q at %s", as, who, name, path)
				}
			}
		}
	}
}
