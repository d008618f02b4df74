package system

import (
	"encoding/csv"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"leasehold/localstack/components"
	"leasehold/localstack/visitor"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

const users = names.APIVersion + "/users"

// hire makes somebody who is in the directory alone.
func (o *fixture) hire(name string, change object) (id string) {
	o.Helper()
	body := object{"displayName": name, "userPrincipalName": name + "@new.example", "mail": name + "@mail.example", "accountEnabled": true}
	for key, value := range change {
		body[key] = value
	}
	return o.call(components.Admin, "POST", users, body, 201)["id"].(string)
}

// packageNamed is the id of a package of the seed, and that of its catalog and policy.
func (o *fixture) packageNamed(name string) (id, catalog, policy string) {
	o.Helper()
	found := o.call(components.Admin, "GET", names.Entitlement+"/accessPackages?$filter=displayName eq '"+name+"'&$expand=catalog,assignmentPolicies", nil, 200)["value"].([]any)[0].(object)
	return found["id"].(string), found["catalog"].(object)["id"].(string), found["assignmentPolicies"].([]any)[0].(object)["id"].(string)
}

// inDirectoryAlone takes out of a package what another target than the directory gives.
func (o *fixture) inDirectoryAlone(pkg string) {
	o.Helper()
	path := names.Entitlement + "/accessPackages/" + pkg
	for _, r := range o.call(components.Admin, "GET", path+"?$expand=resourceRoleScopes($expand=role,scope)", nil, 200)["resourceRoleScopes"].([]any) {
		if r.(object)["role"].(object)["originSystem"] == "Scim" {
			o.call(components.Admin, "DELETE", path+"/resourceRoleScopes/"+r.(object)["id"].(string), nil, 204)
		}
	}
}

// assigns gives an account a role in a catalog.
func (o *fixture) assigns(as string, role entitlement.RoleID, catalog string) {
	o.Helper()
	who := o.call(as, "GET", names.APIVersion+"/me", nil, 200)["id"].(string)
	o.call(components.Admin, "POST", names.APIVersion+"/roleManagement/entitlementManagement/roleAssignments",
		object{"principalId": who, "roleDefinitionId": string(role), "appScopeId": "/AccessPackageCatalog/" + catalog}, 201)
}

// send sends a form by hand, as a program would that has the session.
func (r *reader) send(path string, values url.Values) {
	r.Helper()
	if values == nil {
		values = url.Values{}
	}
	values.Set("form", r.page.Forms[0].Values.Get("form"))
	r.must(r.Visitor.Send(r.Context(), r.site+path, values, r.site))
}

func TestStory_APackageIsAssignedToFiftyFromAPastedListOfWhichThreeAreWrong(t *testing.T) {
	o := open(t, Options{})
	pkg, catalog, _ := o.packageNamed("Sales starter")
	o.inDirectoryAlone(pkg)
	o.assigns(components.Other, entitlement.AssignmentManager, catalog)
	var lines []string
	for i := range 47 {
		name := fmt.Sprintf("new%02d", i)
		id := o.hire(name, nil)
		lines = append(lines, map[int]string{0: id, 1: "New.One <" + strings.ToUpper(name) + "@mail.example>", 2: name + "@new.example;Sales;x"}[i])
		if lines[i] == "" {
			lines[i] = name + "@new.example"
		}
	}
	o.hire("gone", object{"accountEnabled": false})
	lines = append(lines, "<b>nobody</b>", "gone@new.example", "new05@new.example")

	// Somebody with the role of an assignment manager in this catalog, and no other right.
	otto := o.signIn(components.Other)
	otto.open("/manage/packages/" + pkg + "/people")
	otto.has(200, "Nobody has this package yet.")
	otto.follow("Assign the package")
	otto.press("Check the list", map[string]string{"justification": "<i>new year</i>"})
	otto.has(400, "There is a problem", "Name at least one person", "<i>new year</i>")
	otto.press("Check the list", map[string]string{"people": strings.Repeat("x\n", 201)})
	otto.has(400, "at most 200 people")
	otto.press("Check the list", map[string]string{"people": strings.Join(lines, "\r\n"), "until": "2020-01-01"})
	otto.has(400, "There is a problem", "end", "new02@new.example;Sales;x")
	otto.press("Check the list", map[string]string{"until": ""})
	otto.has(200, "47 can be assigned, 3 cannot", "nobody has this name", "the account is disabled", "stands in the list twice")
	if list := o.call(components.Admin, "GET", names.Entitlement+"/assignments?$filter=accessPackage/id eq '"+pkg+"'", nil, 200)["value"].([]any); len(list) != 0 {
		t.Fatalf("checking has assigned to %d", len(list))
	}

	otto.press("Assign to those that can be (47)", nil)
	otto.has(200, "Assigned: 47.", "0 can be assigned, 3 cannot", "nobody has this name", "has the package already")
	left := otto.page.Forms[len(otto.page.Forms)-1].Values.Get("people")
	if strings.Count(left, "\n") != 2 || strings.Contains(otto.page.Source, "<b>nobody") {
		t.Errorf("left to be corrected: %q", left)
	}
	otto.press("Check again", map[string]string{"people": o.hire("right", nil)})
	otto.press("Assign to those that can be (1)", nil)
	otto.has(200, "Assigned: 1.", "All (48)")
	otto.waits("Delivered (48)")
	otto.follow("More")
	otto.has(200, "new")

	// The file has exactly what the list shows.
	for state, rows := range map[string]int{"": 48, "?state=delivered": 48, "?state=failing": 0, "?state=expired": 0} {
		otto.open("/manage/packages/" + pkg + "/people/export" + state)
		all, err := csv.NewReader(strings.NewReader(otto.page.Source)).ReadAll()
		if err != nil || len(all) != rows+1 || otto.page.Header.Get("Content-Disposition") == "" {
			t.Errorf("%q: %d rows, %v", state, len(all), err)
		}
	}
	otto.open("/manage/packages/" + pkg + "/people?state=nonsense")
	otto.has(400, "no such state")
}

func TestStory_AListOfPeopleIsUploadedAsAFile(t *testing.T) {
	o := open(t, Options{})
	pkg, _, _ := o.packageNamed("Sales starter")
	o.inDirectoryAlone(pkg)
	o.hire("ann", nil)
	o.hire("bob", nil)
	admin := o.signIn(components.Admin)
	admin.open("/manage/packages/" + pkg + "/assign")
	file := "\uFEFFann@new.example,Ann\r\n\"bob@new.example\",Bob\r\n"
	admin.must(admin.page.Upload(t.Context(), "Check the list", map[string]string{"justification": "from HR"}, "file", "new.csv", []byte(file)))
	admin.has(200, "2 can be assigned, 0 cannot", "from HR")

	// A form that lacks the token of the session does nothing in this shape either.
	admin.must(admin.page.Upload(t.Context(), "Check again", map[string]string{"form": "forged"}, "file", "new.csv", []byte(file)))
	admin.has(403, "earlier sign-in")

	// What does not fit is refused whole.
	admin.open("/manage/packages/" + pkg + "/assign")
	admin.must(admin.page.Upload(t.Context(), "Check the list", nil, "file", "new.csv", []byte(strings.Repeat("x", 1<<20))))
	admin.has(400, "at most 64 KB", "divide")
}

func TestStory_SeveralAndThenAllAreEndedThroughThePages(t *testing.T) {
	o := open(t, Options{})
	pkg, catalog, policy := o.packageNamed("Sales starter")
	o.inDirectoryAlone(pkg)
	o.assigns(components.Other, entitlement.AssignmentManager, catalog)
	for _, name := range []string{"ann", "bob", "cid", "dan"} {
		o.call(components.Admin, "POST", names.Entitlement+"/assignmentRequests", object{"requestType": "adminAdd",
			"assignment": object{"targetId": o.hire(name, nil), "accessPackageId": pkg, "assignmentPolicyId": policy}}, 201)
	}

	otto := o.signIn(components.Other)
	people := "/manage/packages/" + pkg + "/people"
	otto.open(people)
	otto.has(200, "All (4)")
	otto.press("End for those chosen", nil)
	otto.has(400, "Choose whose access is to end")

	ids := boxes(otto.page.Source)
	if len(ids) != 4 {
		t.Fatalf("%d can be chosen", len(ids))
	}
	otto.send(people+"/end", url.Values{"which": {"chosen"}, "assignment": ids[:2]})
	otto.has(200, "These people lose the package", ": 2")
	otto.open(people) // nothing has happened yet
	otto.has(200, "Ended (0)")
	otto.send(people+"/end", url.Values{"which": {"chosen"}, "assignment": ids[:2]})
	otto.press("End their access", map[string]string{"justification": "moved on"})
	otto.has(200, "Ended: 2.", "Ended (2)")

	// Sent again, and by what has ended since the page was opened.
	otto.send(people+"/end", url.Values{"confirmed": {"yes"}, "assignment": ids[1:3]})
	otto.has(409, "There is a problem", "Some of them could not be ended", "Ended: 1.")

	otto.open(people)
	otto.press("End for all who have it", nil)
	otto.has(200, ": 1")
	otto.press("End their access", nil)
	otto.has(200, "Ended (4)")
	otto.open(people + "?state=expired")
	otto.follow("Details")
	otto.has(200, "Sales starter", "Course of the request")
}

// boxes are the ids of the assignments that a page lets choose.
func boxes(source string) (ids []string) {
	for _, part := range strings.Split(source, `name="assignment" value="`)[1:] {
		id, _, _ := strings.Cut(part, `"`)
		ids = append(ids, id)
	}
	return ids
}

// What cannot be delivered is told in words, in the list, of the person and of the request, and
// tried again by whoever keeps the package.
func TestStory_WhatFailsIsToldInWordsAndTriedAgain(t *testing.T) {
	o := open(t, Options{})
	pkg, catalog, policy := o.packageNamed("Sales starter")
	o.assigns(components.Other, entitlement.AssignmentManager, catalog)
	ann := o.hire("ann", object{"displayName": "<script>alert(1)</script>"}) // no account at the target
	made := o.call(components.Admin, "POST", names.Entitlement+"/assignmentRequests", object{"requestType": "adminAdd", "justification": "<img src=x>",
		"assignment": object{"targetId": ann, "accessPackageId": pkg, "assignmentPolicyId": policy}}, 201)["id"].(string)

	otto := o.signIn(components.Other)
	otto.open("/manage/packages/" + pkg + "/people?state=failing")
	otto.waits("Failing (1)")
	otto.has(200, "Delivered in part", "<script>alert(1)</script>")
	otto.follow("Details")
	otto.has(200, "The person has no account at the target system.", "Failed attempts", "<img src=x>")
	if strings.Contains(otto.page.Source, "<script") || strings.Contains(otto.page.Source, "<img") {
		t.Error("what somebody typed is part of the page")
	}
	otto.press("Deliver again", nil)
	otto.has(200, "Ought to be")

	otto.follow("Requests")
	otto.has(200, "Delivery errors (1)")
	otto.open("/manage/packages/" + pkg + "/requests?state=failing")
	otto.follow("Details")
	otto.has(200, "Delivered in part", "The person has no account at the target system.")
	otto.press("Deliver again", nil)
	otto.has(200, "<script>alert(1)</script>")

	// Nobody else's page leads there.
	other, _, _ := o.packageNamed("Account executive")
	admin := o.signIn(components.Admin)
	for _, path := range []string{"/people/" + made, "/requests/" + made} {
		admin.open("/manage/packages/" + pkg + path)
		admin.has(200)
		admin.open("/manage/packages/" + other + path)
		admin.has(404)
	}
	for _, path := range []string{"/people/" + made + "/reprocess", "/requests/" + made + "/reprocess", "/requests/" + made + "/cancel"} {
		admin.send("/manage/packages/"+other+path, nil)
		admin.has(404)
		admin.open("")
	}
	admin.send("/manage/packages/"+other+"/people/end", url.Values{"confirmed": {"yes"}, "assignment": {made}})
	admin.has(404)
	admin.open("")
	admin.send("/manage/packages/"+other+"/people/end", url.Values{"assignment": {made}})
	admin.has(404)
}

func TestStory_AWaitingRequestIsCanceledByWhoeverKeepsThePackage(t *testing.T) {
	o := open(t, Options{})
	pkg, catalog, _ := o.packageNamed("Account executive")
	o.assigns(components.Other, entitlement.AssignmentManager, catalog)
	mei := o.signIn(components.Member)
	mei.open("/packages/" + pkg)
	mei.press("Ask for it", map[string]string{"justification": "why"})

	otto := o.signIn(components.Other)
	otto.open("/manage/packages/" + pkg + "/requests?state=waiting")
	otto.has(200, "Waiting (1)", "Mei Tanaka")
	otto.follow("Details")
	otto.has(200, "Waits for a decision", "the manager")
	otto.press("Cancel the request", nil)
	otto.has(200, "Canceled")
	otto.open("/manage/packages/" + pkg + "/requests?state=waiting")
	otto.has(200, "No request is in this state.")
}

// Every role of a person says which package gives it, who asked for that and who decided; and
// what was there before.
func TestStory_APersonIsFoundWithEveryRoleAndWhy(t *testing.T) {
	o := open(t, Options{})
	pkg, _, _ := o.packageNamed("Account executive")
	mei := o.signIn(components.Member)
	mei.open("/packages/" + pkg)
	mei.press("Ask for it", map[string]string{"justification": "why"})
	manager := o.signIn(components.Manager)
	manager.follow("Decide")
	manager.press("Approve", nil)

	admin := o.signIn(components.Admin)
	admin.follow("People")
	admin.has(200, "Mei Tanaka", "Otto Lindqvist")
	admin.press("Search", map[string]string{"search": "TANAKA"})
	admin.has(200, "Mei Tanaka")
	if strings.Contains(admin.page.Text, "Otto") {
		t.Errorf("found too many: %s", admin.page.Text)
	}
	admin.follow("Mei Tanaka")
	admin.waits("✓ Delivered")
	admin.has(200, "CRM editors Member there there", "Account executive", "asked by Mei Tanaka", "decided by Marcus Hale")
	if !slices.ContainsFunc(admin.page.Links, func(l visitor.Link) bool {
		return l.Text == "Account executive" && strings.Contains(l.Address, "/people/")
	}) {
		t.Error("nothing leads to the assignment")
	}
	admin.open("/people?search=nobody-of-this-name")
	admin.has(200, "Nobody has this in the name")
	admin.open("/people/" + pkg)
	admin.has(404)
}

// Whoever has no role in the catalog reaches none of it, by no page and by no form, whether what
// they name is there or not.
func TestA1_WithoutARoleNoneOfThePagesOfPeopleIsReached(t *testing.T) {
	o := open(t, Options{})
	pkg, catalog, policy := o.packageNamed("Sales starter")
	made := o.ask(nil)
	me := o.call(components.Member, "GET", names.APIVersion+"/me", nil, 200)["id"].(string)
	nothing := "11111111-1111-4111-8111-111111111111"
	o.assigns(components.Other, entitlement.CatalogReader, catalog)

	for _, as := range []string{components.Member, components.Manager, components.Other} {
		who := o.signIn(as)
		for _, p := range []string{pkg, nothing} {
			base := "/manage/packages/" + p
			gets := []string{"/people", "/people?state=failing", "/people/export", "/assign", "/requests"}
			if as != components.Member { // it is Mei's own
				gets = append(gets, "/people/"+made, "/requests/"+made)
			}
			for _, path := range gets {
				who.open(base + path)
				if who.page.Status != 403 && who.page.Status != 404 {
					t.Errorf("%s: %s is %d: %s", as, path, who.page.Status, who.page.Text)
				}
			}
			for path, values := range map[string]url.Values{
				"/people/end": {"confirmed": {"yes"}, "assignment": {made}}, "/people/end?x": {"which": {"all"}}, "/people/" + made + "/reprocess": {},
				"/assign": {"people": {"a"}, "policy": {policy}}, "/assign/confirmed": {"ready": {me + " x"}, "policy": {policy}},
				"/requests/" + made + "/reprocess": {}, "/requests/" + nothing + "/cancel": {},
			} {
				who.open("")
				who.send(base+path, values)
				if who.page.Status != 403 && who.page.Status != 404 {
					t.Errorf("%s: %s is %d: %s", as, path, who.page.Status, who.page.Text)
				}
			}
		}
		for _, path := range []string{"/people", "/people/" + me, "/people/" + nothing} {
			who.open(path)
			who.has(403)
		}
	}
	if got := o.call(components.Admin, "GET", names.Entitlement+"/assignments/"+made, nil, 200)["state"]; got != "delivered" {
		t.Errorf("the assignment is %v", got)
	}
}

// An auditor sees all of it, is offered nothing that changes anything, and can send no form that
// does; and what is not there is told so to administrators too.
func TestAnAuditorSeesThePagesOfPeopleAndChangesNothing(t *testing.T) {
	o := open(t, Options{})
	pkg, _, policy := o.packageNamed("Sales starter")
	made := o.ask(nil)
	me := o.call(components.Member, "GET", names.APIVersion+"/me", nil, 200)["id"].(string)
	who := o.call(components.Other, "GET", names.APIVersion+"/me", nil, 200)["id"].(string)
	o.call(components.Admin, "POST", names.APIVersion+"/roleManagement/entitlementManagement/roleAssignments",
		object{"principalId": who, "roleDefinitionId": string(entitlement.Auditor), "directoryScopeId": "/"}, 201)

	otto := o.signIn(components.Other)
	base := "/manage/packages/" + pkg
	for _, path := range []string{base + "/people", base + "/people/" + made, base + "/requests", base + "/requests/" + made, base + "/people/export", "/people", "/people/" + me} {
		otto.open(path)
		otto.has(200)
		for _, f := range otto.page.Forms {
			if f.Method == "POST" && !strings.HasSuffix(f.Address, "/sign-out") {
				t.Errorf("%s offers %s", path, f.Address)
			}
		}
	}
	for path, values := range map[string]url.Values{
		"/people/end": {"confirmed": {"yes"}, "assignment": {made}}, "/people/" + made + "/reprocess": {}, "/requests/" + made + "/reprocess": {}, "/requests/" + made + "/cancel": {},
		"/assign": {"people": {"a"}, "policy": {policy}}, "/assign/confirmed": {"ready": {me + " x"}, "policy": {policy}},
	} {
		otto.open("")
		otto.send(base+path, values)
		otto.has(403)
	}

	admin := o.signIn(components.Admin)
	nothing := "11111111-1111-4111-8111-111111111111"
	for _, path := range []string{"/people", "/people/export", "/people/" + made, "/assign", "/requests", "/requests/" + made} {
		for _, id := range []string{nothing, "nonsense"} {
			admin.open("/manage/packages/" + id + path)
			admin.has(404)
		}
	}
	for _, path := range []string{base + "/people/" + nothing, base + "/people/nonsense", base + "/requests/" + nothing, base + "/requests/nonsense", "/people/" + nothing, "/people/nonsense"} {
		admin.open(path)
		admin.has(404)
	}
}
