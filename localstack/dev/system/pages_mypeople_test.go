package system

import (
	"net/url"
	"strings"
	"testing"

	"leasehold/localstack/components"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

// letsManagers adds a policy to a package by which managers ask, extend and end for their reports.
func (o *fixture) letsManagers(pkg string, more object) {
	o.Helper()
	policy := object{"displayName": "For <b>reports</b>", "accessPackage": object{"id": pkg}, "allowedTargetScope": "allMemberUsers",
		"expiration": object{"type": "afterDuration", "duration": "P10D"},
		"requestorSettings": object{"enableOnBehalfRequestorsToAddAccess": true, "enableOnBehalfRequestorsToUpdateAccess": true, "enableOnBehalfRequestorsToRemoveAccess": true,
			"allowCustomAssignmentSchedule": true, "onBehalfRequestors": []object{{"@odata.type": "#microsoft.graph.targetManager", "managerLevel": 1}}}}
	for key, value := range more {
		policy[key] = value
	}
	o.call(components.Admin, "POST", names.Entitlement+"/assignmentPolicies", policy, 201)
}

// me is the id of an account.
func (o *fixture) me(as string) string {
	o.Helper()
	return o.call(as, "GET", names.APIVersion+"/me", nil, 200)["id"].(string)
}

// manages sets somebody's manager; "" for none.
func (o *fixture) manages(manager, report string) {
	o.Helper()
	path := users + "/" + report + "/manager/$ref"
	if manager == "" {
		o.call(components.Admin, "DELETE", path, nil, 204)
		return
	}
	o.call(components.Admin, "PUT", path, object{"@odata.id": names.APIVersion + "/users/" + manager}, 204)
}

func TestStory_AManagerAsksForAReportExtendsAndEndsThroughThePages(t *testing.T) {
	o := open(t, Options{})
	pkg, _, _ := o.packageNamed("Sales starter")
	o.inDirectoryAlone(pkg)
	o.letsManagers(pkg, object{"questions": []object{{"@odata.type": "#microsoft.graph.accessPackageTextInputQuestion", "text": "Which <i>region</i>?", "isRequired": true}},
		"requestApprovalSettings": object{"isRequestorJustificationRequired": true}})
	ann := o.hire("<b>ann</b>", object{"userPrincipalName": "ann@new.example", "mail": "ann@mail.example"})
	o.manages(o.me(components.Manager), ann)

	boss := o.signIn(components.Manager)
	boss.follow("My people")
	boss.has(200, "Those who report to you", "<b>ann</b>", "Mei Tanaka")
	boss.open("/my-people?search=%3Cb%3Ea")
	boss.has(200, "<b>ann</b>")
	if strings.Contains(boss.page.Text, "Mei") {
		t.Errorf("a search by the beginning of a name: %s", boss.page.Text)
	}
	boss.open("/my-people?search=nobody")
	boss.has(200, "Nobody who reports to you has a name that begins so.")

	boss.open("/my-people/" + ann)
	boss.has(200, "They have nothing at the moment.", "No request of theirs is open.")
	boss.follow("Ask for something for <b>ann</b>")
	boss.has(200, "Sales starter")
	boss.follow("Sales starter")
	boss.has(200, "You ask for <b>ann</b>, not for yourself.", "they would gain it", "For <b>reports</b>", "Which <i>region</i>?")

	// What is wrong is said, and what was typed is kept.
	boss.press("Ask for it for <b>ann</b>", map[string]string{"until": "2020-01-01", "justification": "<u>new</u>"})
	boss.has(400, "There is a problem", "<u>new</u>")
	var answer string
	for name := range boss.page.Forms[len(boss.page.Forms)-1].Values {
		if strings.HasPrefix(name, "answer-") {
			answer = name
		}
	}
	boss.press("Ask for it for <b>ann</b>", map[string]string{"until": "", answer: "North"})
	boss.has(200, "For <b>ann</b>", "<u>new</u>", "North")
	boss.waits("✓ Delivered")
	boss.has(200, "Asked")
	asked := boss.page.Address

	boss.open("/my-people/" + ann)
	boss.has(200, "Sales starter ✓ Delivered", "Ends soon", "Roles", "there there")
	boss.open("/my-people")
	boss.has(200, "Sales starter,")
	boss.open("/packages/" + pkg + "/others?for=" + ann)
	boss.has(200, "They have this package.", "they have it")

	boss.open("/my-people/requests")
	boss.has(200, "Sales starter <b>ann</b>", "✓ Delivered")

	// Extended, refused with what was typed, and ended.
	boss.open("/my-people/" + ann)
	boss.press("Extend", map[string]string{"until": "2099-01-01", "justification": "<s>longer</s>"})
	if boss.page.Status < 400 || boss.page.Status > 499 {
		t.Fatalf("%d: %s", boss.page.Status, boss.page.Text)
	}
	boss.has(boss.page.Status, "There is a problem")
	if !strings.Contains(boss.page.Source, "&lt;s&gt;longer") {
		t.Error("what was typed is not kept")
	}
	boss.press("End", nil)
	boss.has(200, "It is done.")
	boss.waits("– Ended")
	boss.has(200, "They have nothing at the moment.", "What they had")

	// Asked again: with what was said before.
	boss.must(boss.Visitor.Open(t.Context(), asked))
	boss.waits("Ask again")
	boss.follow("Ask again")
	boss.has(200, "You ask for <b>ann</b>")
	form := boss.page.Forms[len(boss.page.Forms)-1].Values
	if form.Get("justification") != "<u>new</u>" || form.Get(answer) != "North" {
		t.Errorf("filled in with %v", form)
	}
	boss.press("Ask for it for <b>ann</b>", nil)
	boss.waits("✓ Delivered")
}

// Whose manager somebody is not any more, or never was, is nobody to them: on every page and form.
func TestStory_TheReportsOfOthersAreNobody(t *testing.T) {
	o := open(t, Options{})
	pkg, _, _ := o.packageNamed("Sales starter")
	o.inDirectoryAlone(pkg)
	o.letsManagers(pkg, nil)
	ann := o.hire("ann", nil)
	o.manages(o.me(components.Manager), ann)
	boss := o.signIn(components.Manager)
	boss.open("/packages/" + pkg + "/others?for=" + ann)
	boss.press("Ask for it for ann", nil)
	boss.waits("✓ Delivered")
	made := boss.page.Address[strings.LastIndex(boss.page.Address, "/")+1:]
	forms := map[string]url.Values{
		"/my-people/" + ann + "/assignments/" + made + "/end": nil, "/my-people/" + ann + "/assignments/" + made + "/extend": {"until": {"2026-12-01"}},
		"/packages/" + pkg + "/others": {"for": {ann}},
	}
	pages := []string{"/my-people/" + ann, "/my-people/" + ann + "/packages", "/packages/" + pkg + "/others?for=" + ann, "/packages/" + pkg + "/others?for=ann@new.example"}

	refuses := func(r *reader) {
		t.Helper()
		for _, path := range pages {
			r.open(path)
			if r.page.Status != 404 || strings.Contains(strings.ReplaceAll(r.page.Text, "ann@new.example", ""), "ann ") {
				t.Errorf("%s: %d %s", path, r.page.Status, r.page.Text)
			}
		}
		for path, values := range forms {
			sent := url.Values{}
			for key, value := range values {
				sent[key] = value
			}
			r.send(path, sent)
			if r.page.Status != 404 {
				t.Errorf("%s: %d %s", path, r.page.Status, r.page.Text)
			}
		}
	}
	refuses(o.signIn(components.Other))
	o.manages(o.me(components.Other), ann)
	refuses(boss)
	boss.open("/my-people")
	if strings.Contains(boss.page.Text, "ann") {
		t.Errorf("a former report is listed: %s", boss.page.Text)
	}
	if held := o.call(components.Admin, "GET", names.Entitlement+"/assignments/"+made, nil, 200); held["state"] != "delivered" {
		t.Errorf("it is %v", held["state"])
	}

	// An assignment of somebody else in the path of a report is not there, and nothing is.
	otto := o.signIn(components.Other)
	bob := o.hire("bob", nil)
	o.manages(o.me(components.Other), bob)
	otto.send("/my-people/"+bob+"/assignments/"+made+"/end", nil)
	otto.has(404, "not found")
	otto.open("/my-people/not-an-id")
	otto.has(404, "no such page")
	otto.open("/my-people?page=forged")
	otto.has(400, "does not continue a list of yours")

	member := o.signIn(components.Member)
	member.open("/my-people")
	member.has(200, "Nobody reports to you.")
	member.open("/packages/" + pkg + "/others")
	member.has(200, "You cannot ask for this package on behalf of somebody else")
}

func TestStory_SomebodyElseIsFoundByMailAtThePageOfAPackage(t *testing.T) {
	o := open(t, Options{})
	pkg, _, _ := o.packageNamed("Sales starter")
	o.letsManagers(pkg, nil)
	ann := o.hire("ann", nil)
	o.manages(o.me(components.Manager), ann)
	boss := o.signIn(components.Manager)
	boss.open("/packages")
	boss.follow("Sales starter")
	boss.follow("Ask for somebody else")
	boss.has(200, "Those who report to you", "ann", "Mei Tanaka")
	boss.press("Go on", map[string]string{"for": "<img src=x onerror=alert(1)>"})
	boss.has(404, "There is a problem", "Check the name")
	if strings.Contains(boss.page.Source, "<img") {
		t.Error("what was typed is part of the page")
	}
	boss.press("Go on", map[string]string{"for": "ANN@mail.example"})
	boss.has(200, "You ask for ann, not for yourself.")

	other := o.signIn(components.Other)
	other.open("/packages/" + pkg)
	if strings.Contains(other.page.Text, "Ask for somebody else") {
		t.Error("it is offered to somebody who has nobody to ask for")
	}
}

// A manager of very many sees them page by page.
func TestStory_AManagerOfManySeesThemPageByPage(t *testing.T) {
	o := open(t, Options{})
	boss := o.me(components.Other)
	for _, name := range []string{"ada", "bea", "cyd"} {
		for i := range 10 {
			o.manages(boss, o.hire(name+string(rune('0'+i)), nil))
		}
	}
	otto := o.signIn(components.Other)
	otto.open("/my-people")
	otto.has(200, "ada0", "cyd4")
	if strings.Contains(otto.page.Text, "cyd5") {
		t.Errorf("more than one page: %s", otto.page.Text)
	}
	otto.follow("More")
	otto.has(200, "cyd5", "cyd9")
	otto.open("/my-people?search=BE")
	otto.has(200, "bea0", "bea9")
}

// Home leads whoever keeps a catalog to what fails in it, and nobody else; a press delivers again.
func TestStory_HomeShowsWhatFailsInPackagesThatSomebodyKeeps(t *testing.T) {
	o := open(t, Options{})
	pkg, catalog, policy := o.packageNamed("Sales starter")
	o.assigns(components.Other, entitlement.CatalogOwner, catalog)
	ann := o.hire("ann", object{"displayName": "<b>ann</b>"}) // no account at the target
	made := o.call(components.Admin, "POST", names.Entitlement+"/assignmentRequests", object{"requestType": "adminAdd",
		"assignment": object{"targetId": ann, "accessPackageId": pkg, "assignmentPolicyId": policy}}, 201)["id"].(string)

	otto, admin := o.signIn(components.Other), o.signIn(components.Admin)
	for _, keeper := range []*reader{otto, admin} {
		keeper.open("")
		keeper.waits("Failing or owed")
		keeper.has(200, "<b>ann</b> Sales starter ◐ Delivered in part")
	}
	manager := o.signIn(components.Manager)
	if strings.Contains(manager.page.Text, "Failing or owed") {
		t.Errorf("somebody who keeps nothing sees %s", manager.page.Text)
	}

	// Administrators repeat a request from its own page, and nobody else does.
	admin.open("/requests/" + made)
	admin.has(200, "Delivered in part", "Delivery errors", "Failed attempts", "The person has no account at the target system.")
	manager.send("/requests/"+made+"/reprocess", nil)
	manager.has(403)
	manager.open("")
	manager.send("/requests/"+made+"/assignment/reprocess", nil)
	manager.has(404)

	admin.press("Deliver again", nil)
	admin.has(200, "<b>ann</b>")
	o.inDirectoryAlone(pkg)
	admin.waits("✓ Delivered")
	admin.has(200, "Read back: the role is there")
	admin.press("Read the roles again and repair them", nil)
	admin.waits("✓ Delivered")
	otto.open("")
	if strings.Contains(otto.page.Text, "Failing or owed") {
		t.Errorf("what was delivered is still shown: %s", otto.page.Text)
	}
}
