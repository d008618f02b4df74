package graph

import (
	"fmt"
	"testing"

	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/dynamo/faults"
)

func group(more object) object {
	g := object{"displayName": "Ops", "mailEnabled": false, "mailNickname": "ops", "securityEnabled": true}
	for name, v := range more {
		g[name] = v
	}
	return g
}

func (w *fixture) addresses(set string, people ...string) (all []string) {
	for _, who := range people {
		all = append(all, publicURL+"/v1.0/"+set+"/"+w.ids[who])
	}
	return all
}

func TestANewGroupHasTheMembersAndOwnersItIsBoundTo(t *testing.T) {
	w := newFixture(t)
	body := group(object{"members@odata.bind": w.addresses("users", "member", "other"), "owners@odata.bind": w.addresses("directoryObjects", "manager", "member")})
	made := w.under("admin", root+"/groups", body, idempotencyKey, "k").want(201)
	at := root + "/groups/" + made.get("id")
	for path, want := range map[string][]string{"/members": {"member", "other"}, "/owners": {"manager", "member"}} {
		got := map[string]bool{}
		for _, v := range w.call("admin", "GET", at+path, nil).values() {
			got[dig(v, "id")] = true
		}
		if len(got) != len(want) || !got[w.ids[want[0]]] || !got[w.ids[want[1]]] {
			t.Errorf("%s: %v", path, got)
		}
	}
	if found := w.call("admin", "GET", root+"/users/"+w.ids["member"]+"/memberOf", nil).one(); found["id"] != made.get("id") {
		t.Error("the member's own groups do not say so")
	}
	before := w.snapshot()
	if again := w.under("admin", root+"/groups", body, idempotencyKey, "k").want(201); again.get("id") != made.get("id") || w.snapshot() != before {
		t.Error("a repeat made something")
	}
}

func TestA6_AGroupBoundToAnythingWrongIsNotMade(t *testing.T) {
	w := newFixture(t)
	w.ids["nobody"], w.ids["group"] = sampleID, w.ids["sales"]
	many := make([]string, 21)
	for i := range many {
		many[i] = fmt.Sprintf("/v1.0/users/1b4e28ba-2fa1-41d2-883f-0016d3cca4%02d", i)
	}
	before := w.snapshot()
	for what, more := range map[string]object{
		"somebody who is not there": {"members@odata.bind": w.addresses("users", "member", "nobody")},
		"a group":                   {"members@odata.bind": w.addresses("users", "group")},
		"a group by its set":        {"members@odata.bind": w.addresses("groups", "group")},
		"the same member twice":     {"members@odata.bind": w.addresses("users", "member", "member")},
		"too many":                  {"members@odata.bind": many},
		"no list":                   {"owners@odata.bind": "x"},
		"another list":              {"rejectedSenders@odata.bind": w.addresses("users", "member")},
		"no security group":         {"securityEnabled": false},
	} {
		if got := w.call("admin", "POST", root+"/groups", group(more)); got.status != 400 {
			t.Errorf("%s: %d %s", what, got.status, got.text)
		}
	}
	w.call("admin", "POST", root+"/groups", group(object{"owners@odata.bind": w.addresses("users", "disabled")})).want(422)
	w.call("member", "POST", root+"/groups", group(object{"members@odata.bind": w.addresses("users", "member")})).want(403)
	if w.snapshot() != before {
		t.Error("something was made")
	}
}

// A user who changes between reading and writing is read again.
func TestF3_ANewGroupIsMadeAlthoughAMemberChangesMeanwhile(t *testing.T) {
	w := newFixture(t)
	met := false
	w.fault = func(op faults.Op) dynamotest.Fault {
		if op == faults.TransactWriteItems && !met {
			met = true
			w.join("reviewers", "member")
		}
		return dynamotest.None
	}
	made := w.call("admin", "POST", root+"/groups", group(object{"members@odata.bind": w.addresses("users", "member")})).want(201)
	if n := len(w.call("admin", "GET", root+"/users/"+w.ids["member"]+"/memberOf", nil).values()); n != 2 || !met {
		t.Errorf("member of %d groups, %s", n, made.get("id"))
	}
}

// What is bound by a member that nobody reads would be dropped: a user's manager, a request's package.
func TestNoBindingIsAcceptedAndDropped(t *testing.T) {
	w := newFixture(t)
	w.call("admin", "PATCH", root+"/users/"+w.ids["member"], object{"manager@odata.bind": publicURL + "/v1.0/users/" + w.ids["other"]}).want(400)
	w.call("admin", "POST", em+"/catalogs", object{"displayName": "C", "accessPackages@odata.bind": []string{"x"}}).want(400)
	w.call("admin", "POST", em+"/catalogs", object{"displayName": "C", "@odata.type": "#microsoft.graph.accessPackageCatalog", "accessPackages@odata.context": "x"}).want(201)
}
