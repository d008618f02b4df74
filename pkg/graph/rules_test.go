package graph

import (
	"fmt"
	"strings"
	"testing"

	"leasehold/pkg/entitlement"
)

// What sort of group one is comes from whoever feeds the directory, and is kept as it came;
// sorts that there are not are refused.
func TestR10_R11_TheSortOfAGroupIsKept(t *testing.T) {
	w := newFixture(t)
	rule := `user.department -eq "Sales"`
	for name, c := range map[string]struct {
		sort   object
		status int
	}{
		"a group of another directory":    {object{"onPremisesSyncEnabled": true}, 201},
		"a distribution group":            {object{"mailEnabled": true, "securityEnabled": false}, 201},
		"a mail-enabled security group":   {object{"mailEnabled": true}, 201},
		"a Microsoft 365 group":           {object{"mailEnabled": true, "securityEnabled": false, "groupTypes": []string{"Unified"}}, 201},
		"a dynamic group":                 {object{"groupTypes": []string{"DynamicMembership"}, "membershipRule": rule}, 201},
		"a Microsoft 365 group, no mail":  {object{"groupTypes": []string{"Unified"}}, 400},
		"dynamic without a rule":          {object{"groupTypes": []string{"DynamicMembership"}}, 400},
		"a rule of a group that has none": {object{"membershipRule": rule}, 400},
		"neither mail nor security":       {object{"securityEnabled": false}, 400},
		"an unknown type":                 {object{"groupTypes": []string{"Magic"}}, 400},
		"a rule without an end":           {object{"groupTypes": []string{"DynamicMembership"}, "membershipRule": strings.Repeat("x", 3073)}, 400},
	} {
		body := object{"displayName": "G", "mailNickname": "g"}
		for member, v := range c.sort {
			body[member] = v
		}
		made := w.call("admin", "POST", "/v1.0/groups", body)
		if made.status != c.status {
			t.Errorf("%s: %d %s", name, made.status, made.text)
		}
		if c.status != 201 {
			continue
		}
		path := "/v1.0/groups/" + made.get("id")
		kept := w.call("admin", "GET", path, nil).want(200)
		for member, v := range c.sort {
			if fmt.Sprint(kept.body[member]) != fmt.Sprint(v) {
				t.Errorf("%s: %s is %v, was %v", name, member, kept.body[member], v)
			}
		}

		// To change something else of it leaves its sort alone.
		w.call("admin", "PATCH", path, object{"description": "d"}).want(204)
		if now := w.call("admin", "GET", path, nil).want(200); fmt.Sprint(now.body["groupTypes"], now.body["mailEnabled"], now.body["securityEnabled"]) != fmt.Sprint(kept.body["groupTypes"], kept.body["mailEnabled"], kept.body["securityEnabled"]) {
			t.Errorf("%s: another one after a change: %s", name, now.text)
		}
	}
	w.call("admin", "PATCH", "/v1.0/groups/"+string(entitlement.AdministratorsGroup), object{"onPremisesSyncEnabled": true}).want(422)
}

func TestR22_APackageHasOneCatalogAndStaysThere(t *testing.T) {
	w := newFixture(t)
	w.offer(open())
	other := w.call("admin", "POST", em+"/catalogs", object{"displayName": "Other"}).want(201).get("id")
	for name, catalog := range map[string]any{"none": nil, "one without an id": object{}, "several": []object{{"id": w.ids["catalog"]}, {"id": other}}} {
		body := object{"displayName": "P", "catalog": catalog}
		if got := w.call("admin", "POST", packagePath, body); got.status != 400 {
			t.Errorf("%s: %d %s", name, got.status, got.text)
		}
	}
	w.call("admin", "PATCH", packagePath+"/"+w.ids["package"], object{"catalog": object{"id": other}}).want(400)
	if got := w.call("admin", "GET", packagePath+"/"+w.ids["package"]+"?$expand=catalog", nil).want(200); got.get("catalog.id") != w.ids["catalog"] {
		t.Errorf("it moved: %s", got.text)
	}
}

func TestR58_TheReasonOfADecisionIsSeen_R63_AndWhoDecided(t *testing.T) {
	w := newFixture(t)
	w.join("reviewers", "manager")
	w.offer(approved(w))
	id := w.ask("other") // who has no manager, so the group decides
	at := approvalPath + "/" + id + "/stages/" + dig(w.call("reviewer", "GET", approvalPath+"/"+id+"/stages", nil).one(), "id")
	w.call("reviewer", "PATCH", at, object{"reviewResult": "Deny", "justification": "not this quarter"}).want(204)
	for name, who := range map[string]string{"R58, R63 another approver": "manager", "R58 the requestor": "other", "the one who decided": "reviewer"} {
		seen := w.call(who, "GET", at, nil).want(200)
		if seen.get("justification") != "not this quarter" || seen.get("reviewResult") != "Denied" || seen.get("reviewedBy.displayName") != "Reviewer" || seen.body["assignedToMe"] != false {
			t.Errorf("%s: %s", name, seen.text)
		}
	}
	w.call("manager", "PATCH", at, object{"reviewResult": "Approve"}).want(409)
	if n := len(w.call("manager", "GET", approvalPath+"/filterByCurrentUser(on='approver')", nil).values()); n != 0 {
		t.Errorf("R63: %d wait for the other approver still", n)
	}
}

func TestR127_APackageIsFoundUnlessItSaysOtherwise(t *testing.T) {
	w := newFixture(t)
	w.offer(open())
	if got := w.call("admin", "GET", packagePath+"/"+w.ids["package"], nil).want(200); got.body["isHidden"] != false {
		t.Errorf("hidden: %s", got.text)
	}
	mine := packagePath + "/filterByCurrentUser(on='allowedRequestor')"
	if dig(w.call("member", "GET", mine, nil).one(), "id") != w.ids["package"] {
		t.Error("it is not listed")
	}
	w.call("admin", "PATCH", packagePath+"/"+w.ids["package"], object{"isHidden": true}).want(204)
	if n := len(w.call("member", "GET", mine, nil).values()); n != 0 {
		t.Errorf("R128: %d listed", n)
	}
	w.call("member", "GET", packagePath+"/"+w.ids["package"], nil).want(200)
	w.ask("member")
}

func TestA9_WhatAPolicyCallsSomebodyIsTextLikeAnyOther(t *testing.T) {
	w := newFixture(t)
	w.offer(open())
	named := func(description string) object {
		p := open()
		p["displayName"], p["accessPackage"], p["allowedTargetScope"] = "Named", object{"id": w.ids["package"]}, "specificDirectoryUsers"
		p["specificAllowedTargets"] = []object{{"@odata.type": "#microsoft.graph.singleUser", "userId": w.ids["member"], "description": description}}
		return p
	}
	got := w.call("admin", "POST", em+"/assignmentPolicies", named("Mia\u200B")).want(400)
	if want := "specificAllowedTargets[0].description must not contain U+200B, which shows nothing or changes how the text is read."; got.get("error.message") != want {
		t.Errorf("got %s", got.text)
	}
	made := w.call("admin", "POST", em+"/assignmentPolicies", named("Mia\u200F\nLind")).want(201)
	if set := made.body["specificAllowedTargets"].([]any)[0].(object); set["description"] != "Mia\nLind" {
		t.Errorf("got %v", set)
	}
}
