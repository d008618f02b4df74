package graph

import (
	"strings"
	"testing"

	"leasehold/pkg/entitlement"
)

// Home as the pages show it: what waits for the caller, what is in progress and ends soon of theirs,
// and what is failing in packages whose delivery they can repeat; each of nobody else.
func TestHomeShowsWhatWaitsAndWhatIsOnesOwn(t *testing.T) {
	w := newFixture(t)
	w.offer(approved(w))
	waits := w.ask("member")
	w.call("admin", "PUT", em+"/assignmentPolicies/"+w.ids["policy"], open7(w)).want(200)
	w.offer(open())
	w.call("admin", "PUT", em+"/assignmentPolicies/"+w.ids["policy"], open7(w)).want(200)
	held := w.ask("member")

	got := w.call("member", "GET", mePath+"/home", nil).want(200)
	if len(listed(got, "inProgress")) != 2 {
		t.Errorf("in progress: %s", got.text)
	}
	if ending := listed(got, "endingSoon"); len(ending) != 1 || dig(ending[0], "id") != held || dig(ending[0], "accessPackage.displayName") != "Package" || dig(ending[0], "mayExtend") != "false" {
		t.Errorf("ending soon: %s", got.text)
	}
	if len(listed(got, "waiting"))+len(listed(got, "failing"))+len(listed(got, "owed")) != 0 {
		t.Errorf("nothing waits for the member: %s", got.text)
	}

	got = w.call("manager", "GET", mePath+"/home", nil).want(200)
	if waiting := listed(got, "waiting"); len(waiting) != 1 || dig(waiting[0], "id") != waits || dig(waiting[0], "requestedBy.displayName") != "Member" {
		t.Errorf("the manager has %s", got.text)
	}
	if got := w.call("other", "GET", mePath+"/home", nil).want(200); len(listed(got, "waiting"))+len(listed(got, "inProgress"))+len(listed(got, "endingSoon")) != 0 {
		t.Errorf("somebody else has %s", got.text)
	}
}

// open7 is a policy of the package for a week.
func open7(w *fixture) object {
	p := open()
	p["displayName"], p["description"], p["accessPackage"], p["expiration"] = "Policy", "", object{"id": w.ids["package"]}, object{"type": "afterDuration", "duration": "P7D"}
	return p
}

func listed(r reply, name string) []any {
	all, _ := r.body[name].([]any)
	return all
}

// A26: of how many colleagues have a package the API tells what the page does: numbers, from five
// colleagues and five who have it on, and nothing unless the settings let it.
func TestA26_TheInsightOfAPackageIsCountsWhereTheSettingsSaySo(t *testing.T) {
	w := newFixture(t)
	w.offer(open())
	insight := mePath + "/accessPackages/" + w.ids["package"] + "/insight"
	for i, name := range []string{"c1", "c2", "c3", "c4", "c5", "c6", "c7"} {
		w.ids[name] = w.call("admin", "POST", "/v1.0/users", object{"displayName": name, "userPrincipalName": name + "@example.com", "identities": []object{{"issuer": "https://id.example.com", "issuerAssignedId": name}}}).want(201).get("id")
		w.call("admin", "PUT", "/v1.0/users/"+w.ids[name]+"/manager/$ref", object{"@odata.id": publicURL + "/v1.0/users/" + w.ids["manager"]}).want(204)
		if i < 4 {
			w.ask(name)
		}
	}

	told := func(haveIt string) {
		t.Helper()
		got := w.call("member", "GET", insight, nil).want(200)
		if got.get("colleagues.haveIt") != haveIt || strings.Contains(got.text, "c1") {
			t.Errorf("told is %s, want %q", got.text, haveIt)
		}
	}
	w.ask("c5")
	w.call("admin", "PATCH", endUserPath, object{"relatedPeopleInsightLevel": "disabled"}).want(200)
	told("")
	w.call("admin", "PATCH", endUserPath, object{"relatedPeopleInsightLevel": "count"}).want(200)
	told("5")
	w.call("c5", "POST", requestPath, object{"requestType": "userRemove", "assignment": object{"id": dig(w.call("c5", "GET", heldPath+"/filterByCurrentUser(on='target')", nil).one(), "id")}}).want(201)
	told("")

	// How long it takes is told in whole hours and days, as the page has it.
	if got := w.call("member", "GET", insight, nil).want(200); got.body["usualDuration"] != nil {
		t.Errorf("nothing was counted yet: %s", got.text)
	}
	pace := entitlement.Pace{Package: entitlement.PackageID(w.ids["package"]), Samples: entitlement.MinPace, Median: 26 * 3600e9, Looked: w.clock.Now()}
	if err := w.store.Commit(t.Context(), entitlement.Change{Paces: []entitlement.Pace{pace}}); err != nil {
		t.Fatal(err)
	}
	if got := w.call("member", "GET", insight, nil).want(200); got.get("usualDuration") != "P2D" {
		t.Errorf("told is %s", got.text)
	}
}

// A1, R128: why a package is not found is told of one that is shown to people. One that is hidden,
// or whose catalog is not published, is answered like one that is not there, by name and by link.
func TestA1_WhyAPackageIsMissingTellsNothingOfHiddenOnes(t *testing.T) {
	w := newFixture(t)
	policy := open()
	policy["allowedTargetScope"], policy["specificAllowedTargets"] = "specificDirectoryUsers", []object{{"@odata.type": "#microsoft.graph.singleUser", "userId": w.ids["other"]}}
	w.offer(policy)
	byName := func(name string) string { return mePath + "/missingAccessPackages(displayName='" + name + "')" }

	got := w.call("member", "GET", byName("package"), nil).want(200)
	if found := got.values(); len(found) != 1 || dig(found[0], "hindrances.0.kind") != "notInScope" || dig(found[0], "hindrances.0.changedBy") != "catalogOwner" {
		t.Errorf("told is %s", got.text)
	}
	if got := w.call("other", "GET", byName("Package"), nil).one(); dig(got, "hindrances.0.kind") != "" {
		t.Errorf("who may ask is told %v", got)
	}
	if n := w.call("member", "GET", byName("Package")+"/$count", nil).want(200).text; n != "1" {
		t.Errorf("counted %s", n)
	}

	none := w.call("member", "GET", byName("Nothing"), nil).want(200)
	unknown := w.call("member", "GET", mePath+"/missingAccessPackages/"+sampleID, nil).want(404)
	same := func(what string) {
		t.Helper()
		if got := w.call("member", "GET", byName("Package"), nil).want(200); len(got.values()) != len(none.values()) {
			t.Errorf("%s, by name: %s", what, got.text)
		}
		if got := w.call("member", "GET", mePath+"/missingAccessPackages/"+w.ids["package"], nil).want(404); got.get("error.message") != unknown.get("error.message") {
			t.Errorf("%s, by link: %s", what, got.text)
		}
	}
	w.call("admin", "PATCH", packagePath+"/"+w.ids["package"], object{"isHidden": true}).want(204)
	same("hidden")
	w.call("admin", "PATCH", packagePath+"/"+w.ids["package"], object{"isHidden": false}).want(204)
	w.call("admin", "PATCH", em+"/catalogs/"+w.ids["catalog"], object{"state": "unpublished"}).want(204)
	same("in a catalog that is not published")
}

// R134, A1: sponsors list the guests of their organization by the API as well, and end what policies
// let them by Graph's own request; a sponsor of another one is told of nothing.
func TestR134_SponsorsListTheGuestsOfTheirOrganization(t *testing.T) {
	w := newFixture(t)
	w.ids["contoso"] = w.call("admin", "POST", organizationsPath, object{"displayName": "Contoso", "identitySources": []object{{"@odata.type": "#microsoft.graph.domainIdentitySource", "domainName": "contoso.com"}}}).want(201).get("id")
	w.ids["fabrikam"] = w.call("admin", "POST", organizationsPath, object{"displayName": "Fabrikam", "identitySources": []object{{"@odata.type": "#microsoft.graph.domainIdentitySource", "domainName": "fabrikam.com"}}}).want(201).get("id")
	for organization, sponsor := range map[string]string{"contoso": "manager", "fabrikam": "other"} {
		w.call("admin", "POST", organizationsPath+"/"+w.ids[organization]+"/internalSponsors/$ref", object{"@odata.id": publicURL + "/v1.0/users/" + w.ids[sponsor]}).want(204)
	}
	w.ids["ann"] = w.call("admin", "POST", "/v1.0/users", object{"displayName": "Ann", "userPrincipalName": "ann@contoso.com", "userType": "Guest", "identities": []object{{"issuer": "https://id.example.com", "issuerAssignedId": "ann"}}}).want(201).get("id")
	outside := open()
	outside["allowedTargetScope"] = "allExternalUsers"
	outside["requestorSettings"] = object{"enableTargetsToSelfAddAccess": true, "enableOnBehalfRequestorsToRemoveAccess": true, "onBehalfRequestors": []object{{"@odata.type": "#microsoft.graph.singleUser", "userId": w.ids["manager"]}}}
	w.offer(outside)
	w.call("admin", "PATCH", em+"/catalogs/"+w.ids["catalog"], object{"isExternallyVisible": true}).want(204)
	held := w.ask("ann")

	if got := w.call("manager", "GET", sponsoredPath, nil).one(); dig(got, "displayName") != "Contoso" {
		t.Errorf("sponsored: %v", got)
	}
	people := sponsoredPath + "/" + w.ids["contoso"] + "/people"
	if got := w.call("manager", "GET", people, nil).one(); dig(got, "id") != w.ids["ann"] || dig(got, "assignmentCount") != "1" || dig(got, "notDeliveredCount") != "1" {
		t.Errorf("people: %v", got)
	}
	if n := w.call("manager", "GET", people+"/$count", nil).want(200).text; n != "1" {
		t.Errorf("counted %s", n)
	}
	ann := people + "/" + w.ids["ann"]
	if got := w.call("manager", "GET", ann+"/assignments", nil).one(); dig(got, "id") != held || dig(got, "accessPackage.displayName") != "Package" {
		t.Errorf("held: %v", got)
	}
	if got := w.call("manager", "GET", ann+"/assignmentRequests", nil).one(); dig(got, "id") != held || dig(got, "target.displayName") != "Ann" {
		t.Errorf("asked for: %v", got)
	}
	for _, as := range []string{"other", "member", "admin", "ann"} {
		for _, path := range []string{people, ann + "/assignments", ann + "/assignmentRequests"} {
			w.call(as, "GET", path, nil).want(404)
		}
	}
	w.call("manager", "GET", people+"/"+w.ids["member"]+"/assignments", nil).want(404)
	w.call("other", "GET", sponsoredPath+"/"+w.ids["fabrikam"]+"/people/"+w.ids["ann"]+"/assignments", nil).want(404)

	w.call("manager", "POST", requestPath, object{"requestType": "userRemove", "assignment": object{"id": held, "targetId": w.ids["ann"]}}).want(201)
	w.call("admin", "DELETE", organizationsPath+"/"+w.ids["contoso"]+"/internalSponsors/"+w.ids["manager"]+"/$ref", nil).want(204)
	w.call("manager", "GET", people, nil).want(404)
	if got := w.call("manager", "GET", sponsoredPath, nil).want(200).values(); len(got) != 0 {
		t.Errorf("a former sponsor is told of %v", got)
	}
}
