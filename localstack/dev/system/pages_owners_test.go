package system

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"leasehold/localstack/components"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

// chosen is the value of what the page offers by these words, in a list of choices.
func (r *reader) chosen(field, words string) string {
	r.Helper()
	for _, label := range regexp.MustCompile(`(?s)<label class="choice[^>]*>.*?</label>`).FindAllString(r.page.Source, -1) {
		named := regexp.MustCompile(`name="` + field + `" value="([^"]*)"`).FindStringSubmatch(label)
		if named != nil && strings.Contains(label, words) {
			return named[1]
		}
	}
	r.Fatalf("%s offers no %q in %s: %s", r.page.Address, words, field, r.page.Text)
	return ""
}

// lacks demands what the page does not say.
func (r *reader) lacks(words ...string) {
	r.Helper()
	for _, w := range words {
		if strings.Contains(r.page.Text, w) {
			r.Fatalf("%s says %q: %s", r.page.Address, w, r.page.Text)
		}
	}
}

// Prerequisite role, resources, package, roles, policies, link, hidden, delete: what the owner of
// a catalog does, who is no administrator.
func TestStory_AnOwnerKeepsACatalogThroughThePagesAlone(t *testing.T) {
	o := open(t, Options{})
	olga := o.signIn(components.Owner)
	olga.follow("Catalogs")
	olga.has(200, "Sales")
	olga.lacks("Engineering", "Create a catalog")
	olga.follow("Sales")
	olga.has(200, "Account executive", "CRM editors", "Olga Brandt Catalog owner")

	// Nothing is called so; what is synchronized cannot be given; one's own group can.
	olga.follow("Add a resource")
	olga.press("Search", map[string]string{"search": "x"})
	olga.has(200, "Type at least two characters of the name.")
	olga.press("Search", map[string]string{"search": "<b>nothing"})
	olga.has(200, "Nothing there has this in its name.")
	group := func(name string, more object) string {
		more["displayName"], more["mailNickname"], more["mailEnabled"], more["securityEnabled"] = name, strings.ReplaceAll(name, " ", "-"), false, true
		return o.call(components.Admin, "POST", names.APIVersion+"/groups", more, 201)["id"].(string)
	}
	dynamic := group("Rule of sales", object{"groupTypes": []string{"DynamicMembership"}, "membershipRule": `user.department -eq "Sales"`})
	foreign := group("Rule of others", object{})
	olga.press("Search", map[string]string{"search": "rule of"})
	olga.has(200, "Rule of others", "Rule of sales The group is dynamic: its members come from its rule")
	olga.press("Add to the catalog", map[string]string{"resource": entitlement.OriginAadGroup + " " + foreign})
	olga.has(403, "There is a problem This needs an owner of the group, or an administrator.", "Rule of others")
	admin := o.signIn(components.Admin) // whatever the form offers, the use case decides
	admin.must(admin.Visitor.Open(t.Context(), olga.page.Address+"?search=rule+of"))
	admin.press("Add to the catalog", map[string]string{"resource": entitlement.OriginAadGroup + " " + dynamic})
	admin.has(422, "There is a problem The group is dynamic")
	olga.press("Search", map[string]string{"search": "administrators"})
	olga.has(200, "Who administers is not for packages to decide.")
	olga.press("Search", map[string]string{"search": "review"})
	olga.press("Add to the catalog", nil)
	olga.has(400, "Choose a resource.")
	olga.press("Add to the catalog", map[string]string{"resource": olga.chosen("resource", "Security reviewers")})
	olga.has(200, "Security reviewers", "Member", "Owner", "No package gives its roles.")

	// A package, with its roles.
	olga.follow("Sales")
	olga.follow("Create a package")
	olga.press("Save", map[string]string{"name": "", "description": "kept <i>as typed</i>"})
	olga.has(400, "There is a problem", "Type a name.", "kept <i>as typed</i>")
	olga.press("Save", map[string]string{"name": "sales STARTER"})
	olga.has(409, "There is one of this name already")
	olga.press("Save", map[string]string{"name": "Reviewers of <b>sales</b>"})
	olga.has(200, "Reviewers of <b>sales</b>", "This package gives nothing yet.", "There is no policy yet")
	managed := olga.page.Address
	link := regexp.MustCompile(`value="([^"]*/portal/packages/[^"]*)"`).FindStringSubmatch(olga.page.Source)
	if link == nil {
		t.Fatal("no My Access link")
	}

	// From the package to those who have it, ask for it, and are to have it.
	for _, words := range []string{"Who has it", "Requests", "Assign"} {
		olga.follow(words)
		olga.has(200, "Reviewers of <b>sales</b>")
		olga.must(olga.Visitor.Open(t.Context(), managed))
	}

	olga.follow("Add a role")
	olga.press("Search", map[string]string{"search": "review"})
	olga.press("Add the role", map[string]string{"role": olga.chosen("role", "· Member")})
	olga.has(200, "Add a role: who is affected", "Nobody has the package now")
	olga.press("Add the role to the package", nil)
	olga.has(200, "Security reviewers Member Directory")
	olga.follow("Add a role")
	olga.has(200, "the package gives it already")
	olga.press("Add the role", map[string]string{"role": olga.chosen("role", "Security reviewers · Owner")})
	olga.press("Add the role to the package", nil)
	olga.press("Remove Owner", nil)
	olga.press("Remove the role from the package", nil)
	olga.has(200, "Security reviewers Member Directory")
	olga.lacks("Security reviewers Owner")

	// A policy: specific people, two steps.
	olga.follow("Add a policy")
	olga.press("Save the policy", map[string]string{"name": "Mei alone", "scope": "specificDirectoryUsers", "stages": "2", "manager1": "yes", "days": "many"})
	olga.has(400, "Search for who may ask, and choose them.", "Step 1: choose who decides about people without a manager.", "Step 2: choose who decides.", "Type for how many days people keep it")
	olga.press("Save the policy", map[string]string{"seek-targets": "tanaka"}) // as Enter does
	olga.has(400, "Nothing is saved yet", "Mei Tanaka member@northwind.example")
	olga.press("Search for who may ask", map[string]string{"seek-targets": "T"})
	olga.has(400, "Type at least two characters of the name.")
	olga.press("Search for who may ask", map[string]string{"seek-targets": "TANAKA"})
	olga.has(200, "Mei Tanaka member@northwind.example")
	olga.press("Search for who stands in in step 1", map[string]string{"found-targets": olga.chosen("found-targets", "Mei Tanaka"), "seek-fallback1": "olga"})
	olga.press("Search for who decides in step 2", map[string]string{"found-fallback1": olga.chosen("found-fallback1", "Olga Brandt"), "seek-approvers2": "reviewers"})
	olga.has(200, "Security reviewers (group)")
	olga.press("Save the policy", map[string]string{"found-approvers2": olga.chosen("found-approvers2", "Security reviewers"), "days2": "3", "days": "30"})
	olga.has(200, "Mei alone", "For Mei Tanaka.", "Approval by the manager, within 14 days.", "Where there is none, Olga Brandt decides.",
		"Then by members of Security reviewers, within 3 days.", "It is kept for 30 days.", "Whoever asks says why.")

	// Mei is led to it by the link, and nobody else is.
	mei, otto := o.signIn(components.Member), o.signIn(components.Other)
	mei.must(mei.Visitor.Open(t.Context(), link[1]))
	mei.has(200, "Ask for it", "You keep it for 30 days.")
	otto.must(otto.Visitor.Open(t.Context(), link[1]))
	if otto.page.Status == 200 && strings.Contains(otto.page.Text, "You keep it for") {
		t.Error("a policy for Mei is shown to Otto")
	}

	// Edited, disabled and enabled.
	olga.follow("Edit Mei alone")
	olga.press("Save the policy", map[string]string{"stages": "0", "ends": "never", "extend": ""})
	olga.has(200, "Nobody has to approve.", "It does not end.", "It cannot be extended by those who have it.")
	olga.press("Disable Mei alone", nil)
	olga.has(200, "Disabled: nobody can ask through it.")
	mei.must(mei.Visitor.Open(t.Context(), link[1]))
	if mei.page.Status == 200 && strings.Contains(mei.page.Text, "You keep it") {
		t.Error("one can ask through a policy that is disabled")
	}
	olga.press("Enable Mei alone", nil)
	olga.lacks("Disabled")

	// Hidden: found by its link alone.
	olga.follow("Edit the package")
	olga.press("Save", map[string]string{"hidden": "yes", "name": "Reviewers"})
	olga.has(200, "Reviewers", "The package is hidden")
	mei.open("/packages")
	mei.lacks("Reviewers")
	mei.must(mei.Visitor.Open(t.Context(), link[1]))
	mei.press("Ask for it", map[string]string{"justification": "why"})
	mei.waits("✓ Delivered")

	// A policy that is not for her any more: she keeps what she has, and it is told that she does.
	olga.must(olga.Visitor.Open(t.Context(), managed))
	outside := func(words string) {
		t.Helper()
		olga.must(olga.Visitor.Open(t.Context(), managed))
		olga.follow("Who has the package and is outside of the policy now Mei alone")
		olga.has(200, words)
		olga.must(olga.Visitor.Open(t.Context(), managed))
	}
	outside("Everybody who has the package through the policy could ask for it now.")
	olga.follow("Edit Mei alone")
	olga.press("Search for who may ask", map[string]string{"seek-targets": "otto"})
	olga.press("Save the policy", map[string]string{"targets": olga.chosen("found-targets", "Otto")})
	olga.has(200, "For Otto Lindqvist.")
	outside("Mei Tanaka member@northwind.example It does not end.")
	o.call(components.Admin, "DELETE", names.APIVersion+"/users/"+o.call(components.Other, "GET", names.APIVersion+"/me", nil, 200)["id"].(string), nil, 204)
	olga.must(olga.Visitor.Open(t.Context(), managed))
	olga.has(200, "For somebody who is not there any more.")

	// Deleting says what stands in the way.
	deleted := func(button string, status int, words ...string) {
		t.Helper()
		olga.press(button, map[string]string{"sure": "yes"})
		olga.has(status, words...)
	}
	olga.must(olga.Visitor.Open(t.Context(), managed))
	olga.press("Delete the package", nil)
	olga.has(400, "Nothing was deleted: tick the box")
	deleted("Delete the package", 409, "There is a problem", "1 assignments and 0 open requests")
	olga.press("Delete Mei alone", nil)
	olga.has(400, "Nothing was deleted: tick the box")
	deleted("Delete Mei alone", 409, "There is a problem", "1 assignments and 0 open requests")
	mei.follow("My access")
	mei.press("Give back", nil)
	deleted("Delete Mei alone", 200, "There is no policy yet")
	deleted("Delete the package", 200, "Sales")
	olga.lacks("Reviewers of")
	olga.must(olga.Visitor.Open(t.Context(), managed))
	olga.has(404)

	// The resource is free again, and goes. One at a target is removed by who manages its resources.
	olga.open("/catalogs")
	olga.follow("Sales")
	olga.follow("Security reviewers")
	olga.press("Remove Security reviewers", map[string]string{"sure": "yes"})
	olga.lacks("Security reviewers")
	olga.follow("CRM editors")
	olga.has(200, "Account executive Member", "Packages give its roles")
}

// Delegating: roles by search, taken away again, and the last owner cannot leave.
func TestStory_RolesInACatalogAreGivenAndTakenThroughThePages(t *testing.T) {
	o := open(t, Options{})
	olga := o.signIn(components.Owner)
	olga.open("/catalogs")
	olga.follow("Sales")
	catalog := olga.page.Address

	give := func(who, role string) {
		t.Helper()
		olga.must(olga.Visitor.Open(t.Context(), catalog))
		olga.follow("Give a role")
		olga.press("Search", map[string]string{"search": who})
		olga.press("Give the role", map[string]string{"principal": olga.chosen("principal", who), "role": olga.chosen("role", role)})
	}
	take := regexp.MustCompile(`/roles/([^/"]*)/take"`)
	first := take.FindStringSubmatch(olga.page.Source)
	leave := func(id string) {
		t.Helper()
		olga.must(olga.Visitor.Send(t.Context(), catalog+"/roles/"+id+"/take", url.Values{"form": olga.page.Forms[0].Values["form"]}, catalog))
	}
	leave(first[1])
	olga.has(409, "This is the last owner of the catalog: make somebody else an owner first.", "Olga Brandt Catalog owner")

	otto := o.signIn(components.Other)
	otto.open("/catalogs")
	otto.has(200, "You keep no catalog.")
	give("Otto Lindqvist", "Access package manager")
	olga.has(200, "Otto Lindqvist Access package manager")
	give("Otto Lindqvist", "Access package manager")
	olga.has(409, "They hold this role already.")
	olga.must(olga.Visitor.Open(t.Context(), catalog+"/roles/give?search=lindqvist"))
	olga.press("Give the role", nil)
	olga.has(400, "Choose a person or a group.", "Choose a role.")

	// A manager of packages edits packages, and neither the catalog nor its roles.
	otto.open("/catalogs")
	otto.follow("Sales")
	otto.has(200, "Create a package")
	otto.lacks("Edit the catalog", "Add a resource", "Give a role", "Delete the catalog", "Olga Brandt")
	for _, path := range []string{"/edit", "/resources/add", "/resources/add?search=sales", "/roles/give", "/roles/give?search=mei"} {
		otto.must(otto.Visitor.Open(t.Context(), catalog+path))
		otto.has(http.StatusForbidden)
		otto.lacks("Mei")
	}

	// A reader sees, and changes nothing; a group holds a role for all its members.
	give("Security reviewers", "Catalog reader")
	olga.has(200, "Security reviewers (group) Catalog reader")
	amina := o.signIn(components.Approver)
	amina.open("/catalogs")
	amina.follow("Sales")
	amina.lacks("Create a package")
	amina.follow("Sales starter")
	amina.has(200, "Everybody, for thirty days")
	amina.lacks("Add a role", "Add a policy", "Delete", "Disable")

	// Two owners: the first leaves, and is out at once.
	give("Mei Tanaka", "Catalog owner")
	leave(first[1])
	olga.has(200, "You keep no catalog.")
	olga.must(olga.Visitor.Open(t.Context(), catalog))
	olga.has(http.StatusForbidden)

	// What they were given is taken away.
	mei := o.signIn(components.Member)
	mei.must(mei.Visitor.Open(t.Context(), catalog))
	mei.has(200, "Otto Lindqvist")
	for _, id := range take.FindAllStringSubmatch(mei.page.Source, -1) {
		mei.must(mei.Visitor.Send(t.Context(), catalog+"/roles/"+id[1]+"/take", url.Values{"form": mei.page.Forms[0].Values["form"]}, catalog))
	}
	mei.has(200, "Mei Tanaka Catalog owner")
	mei.lacks("Otto Lindqvist", "Security reviewers")
	otto.must(otto.Visitor.Open(t.Context(), catalog))
	otto.has(http.StatusForbidden)
	otto.lacks("Sales")
}

// A catalog from its creation to its end.
func TestStory_ACatalogIsCreatedEditedAndDeletedThroughThePages(t *testing.T) {
	o := open(t, Options{})
	admin := o.signIn(components.Admin)
	admin.open("/catalogs")
	admin.has(200, "Sales", "Engineering")
	admin.follow("Create a catalog")
	admin.press("Save", map[string]string{"name": "sales"})
	admin.has(409, "There is one of this name already")
	admin.press("Save", map[string]string{"name": "Marketing", "description": `"><script>alert(1)</script>`, "published": ""})
	admin.has(200, "Marketing", `"><script>alert(1)</script>`, "Not published", "Nobody can ask for its packages.", "There is no package yet", "There is no resource yet", "Nobody holds a role here")
	if strings.Contains(admin.page.Source, "<script>") {
		t.Error("what was typed is part of the page")
	}
	admin.follow("Edit the catalog")
	admin.press("Save", map[string]string{"published": "yes"})
	admin.lacks("Not published")

	// What it holds stands in its way.
	admin.follow("Create a package")
	admin.press("Save", map[string]string{"name": "Campaigns"})
	admin.follow("Marketing")
	admin.press("Delete the catalog", map[string]string{"sure": "yes"})
	admin.has(409, "The catalog holds 1 access packages: delete them first.")
	admin.follow("Campaigns")
	admin.press("Delete the package", map[string]string{"sure": "yes"})
	admin.press("Delete the catalog", map[string]string{"sure": "yes"})
	admin.has(200, "Catalogs")
	admin.lacks("Marketing")
}

// Long lists have pages, and end.
func TestStory_ACatalogOfManyPackagesIsPagedThrough(t *testing.T) {
	o := open(t, Options{})
	catalog := o.call(components.Admin, "POST", names.Entitlement+"/catalogs", object{"displayName": "Large"}, 201)["id"].(string)
	for i := range 30 {
		o.call(components.Admin, "POST", names.Entitlement+"/accessPackages", object{"displayName": fmt.Sprintf("Package %02d", i), "catalog": object{"id": catalog}}, 201)
	}
	admin := o.signIn(components.Admin)
	admin.open("/catalogs/" + catalog)
	admin.follow("All packages")
	seen := len(regexp.MustCompile(`Package \d\d`).FindAllString(admin.page.Text, -1))
	admin.follow("More")
	if seen += len(regexp.MustCompile(`Package \d\d`).FindAllString(admin.page.Text, -1)); seen != 30 {
		t.Errorf("%d packages seen", seen)
	}
	admin.lacks("More")

	// A place in the list is good for this catalog and this reader alone (A12).
	sealed := admin.page.Address[strings.Index(admin.page.Address, "?"):]
	olga := o.signIn(components.Owner)
	sales := o.call(components.Owner, "GET", names.Entitlement+"/catalogs", nil, 200)["value"].([]any)[0].(object)["id"].(string)
	olga.open("/catalogs/" + sales + "/packages" + sealed)
	olga.has(400)
}

// What a form cannot express is said, and is there after the form was saved.
func TestStory_WhatAFormCannotExpressIsKept(t *testing.T) {
	o := open(t, Options{})
	olga := o.signIn(components.Owner)
	path := names.Entitlement + "/assignmentPolicies/" + o.Policy
	me := o.call(components.Owner, "GET", names.APIVersion+"/me", nil, 200)["id"].(string)
	before := o.call(components.Admin, "GET", path+"?$expand=questions", nil, 200)
	before["accessPackage"] = object{"id": o.Package}
	before["questions"] = []object{{"@odata.type": "#microsoft.graph.accessPackageTextInputQuestion", "text": "Which <b>project</b>?", "isRequired": true, "sequence": 1}}
	alternate := []object{{"@odata.type": "#microsoft.graph.singleUser", "userId": me}}
	before["requestApprovalSettings"] = object{"isApprovalRequiredForAdd": true, "stages": []object{{"durationBeforeAutomaticDenial": "PT36H", "isEscalationEnabled": true, "durationBeforeEscalation": "PT12H",
		"primaryApprovers": []object{{"@odata.type": "#microsoft.graph.requestorManager", "managerLevel": 2}}, "fallbackPrimaryApprovers": alternate, "escalationApprovers": alternate}}}
	before["expiration"] = object{"type": "afterDuration", "duration": "PT100H"}
	for _, read := range []string{"@odata.context", "@odata.etag", "createdDateTime", "modifiedDateTime", "lastModifiedDateTime"} {
		delete(before, read)
	}
	o.call(components.Admin, "PUT", path, before, 200)
	was := o.call(components.Admin, "GET", path+"?$expand=questions", nil, 200)

	olga.open("/catalogs")
	olga.follow("Sales")
	olga.follow("Sales starter")
	olga.has(200, "It asks: Which <b>project</b>?", "Approval by the manager's manager, within 2 days.", "Step 1: Olga Brandt are asked too after one day.", "It is kept for 5 days.")
	olga.follow("Edit Everybody, for thirty days")
	olga.has(200, "Kept as it is", "It asks: Which <b>project</b>?", "Step 1 asks the manager's manager too.")
	stale := olga.page
	olga.press("Save the policy", map[string]string{"name": "Everybody, asked"})
	olga.has(200, "Everybody, asked", "It asks: Which <b>project</b>?")
	is := o.call(components.Admin, "GET", path+"?$expand=questions", nil, 200)
	for _, changes := range []string{"displayName", "modifiedDateTime", "@odata.etag"} {
		delete(was, changes)
		delete(is, changes)
	}
	if text(was) != text(is) {
		t.Errorf("was %s\nis  %s", text(was), text(is))
	}

	// Whoever opened it before that does not undo it.
	p, err := stale.Submit(t.Context(), "Save the policy", map[string]string{"name": "Mine"})
	olga.must(p, err)
	olga.has(409, "Somebody changed the policy since you opened this page.")
	if !strings.Contains(olga.page.Source, `value="Mine"`) {
		t.Error("what was typed is lost")
	}
}

// Whoever has no role is refused every page and every form, in the same words whether what the
// address names is there or not; and an owner gets at nothing of another catalog by putting its
// ids behind their own.
func TestA1_OwnersPagesAreForOwnersOfThatVeryCatalog(t *testing.T) {
	o := open(t, Options{})
	catalogs := map[string]string{}
	for _, c := range o.call(components.Admin, "GET", names.Entitlement+"/catalogs", nil, 200)["value"].([]any) {
		catalogs[c.(object)["displayName"].(string)] = c.(object)["id"].(string)
	}
	first := func(path string) string {
		t.Helper()
		return o.call(components.Admin, "GET", path, nil, 200)["value"].([]any)[0].(object)["id"].(string)
	}
	own, foreign := "/catalogs/"+catalogs["Sales"], "/catalogs/"+catalogs["Engineering"]
	pkg := first(names.Entitlement + "/accessPackages?$filter=catalog/id eq '" + catalogs["Engineering"] + "'")
	policy := first(names.Entitlement + "/assignmentPolicies?$filter=accessPackage/id eq '" + pkg + "'")
	resource := first(names.Entitlement + "/catalogs/" + catalogs["Engineering"] + "/resources")
	role := first(names.APIVersion + "/roleManagement/entitlementManagement/roleAssignments?$filter=appScopeId eq '/AccessPackageCatalog/" + catalogs["Sales"] + "'")
	const nothing = "11111111-2222-3333-4444-555555555555"

	inside := func(base, pkg, policy, resource string) (gets, posts []string) {
		at := base + "/packages/" + pkg
		gets = []string{base, base + "/edit", base + "/packages", base + "/packages/new", base + "/resources", base + "/resources/add", base + "/resources/" + resource, base + "/roles/give",
			at, at + "/edit", at + "/roles/add", at + "/policies/new", at + "/policies/" + policy, at + "/policies/" + policy + "/outside"}
		posts = []string{base + "/edit", base + "/delete", base + "/packages/new", base + "/resources/add", base + "/resources/" + resource + "/remove", base + "/roles/give", base + "/roles/" + role + "/take",
			at + "/edit", at + "/delete", at + "/roles/add", at + "/roles/x_y/remove", at + "/policies/new", at + "/policies/" + policy, at + "/policies/" + policy + "/turn", at + "/policies/" + policy + "/delete"}
		return gets, posts
	}
	refused := func(r *reader, gets, posts []string, statuses ...int) {
		t.Helper()
		form := r.page.Forms[0].Values["form"]
		check := func(what string) {
			t.Helper()
			for _, s := range statuses {
				if r.page.Status == s {
					return
				}
			}
			t.Errorf("%s: %d, want %v: %s", what, r.page.Status, statuses, r.page.Text)
		}
		for _, path := range gets {
			r.open(path)
			check("GET " + path)
		}
		values := url.Values{"form": form, "sure": {"yes"}, "name": {"x"}, "scope": {"allMemberUsers"}, "stages": {"0"}, "ends": {"never"}, "turn": {"off"}, "version": {"1"},
			"principal": {nothing}, "role": {"44272f93-9762-48e8-af59-1b5351b1d6b3"}, "resource": {entitlement.OriginAadGroup + " " + nothing}}
		for _, path := range posts {
			r.must(r.Visitor.Send(r.Context(), r.site+path, values, r.site))
			check("POST " + path)
		}
	}

	// No role at all: refused alike where there is something and where there is nothing.
	otto := o.signIn(components.Other)
	gets, posts := inside(foreign, pkg, policy, resource)
	refused(otto, append(gets, "/catalogs/new"), append(posts, "/catalogs/new"), 403)
	otto.open("")
	gets, posts = inside("/catalogs/"+nothing, nothing, nothing, nothing)
	refused(otto, gets, posts, 403)

	// An owner, in somebody else's catalog.
	olga := o.signIn(components.Owner)
	gets, posts = inside(foreign, pkg, policy, resource)
	refused(olga, append(gets, "/catalogs/new"), append(posts, "/catalogs/new"), 403)

	// And with the ids of what is there behind the catalog that is hers.
	olga.open("")
	at := own + "/packages/" + pkg
	refused(olga, []string{at, at + "/edit", at + "/roles/add", at + "/policies/new", at + "/policies/" + policy, at + "/policies/" + policy + "/outside", own + "/resources/" + resource, own + "/packages/" + o.Package + "/policies/" + policy},
		[]string{at + "/edit", at + "/delete", at + "/roles/add", at + "/roles/x_y/remove", at + "/policies/new", at + "/policies/" + policy, at + "/policies/" + policy + "/turn", at + "/policies/" + policy + "/delete",
			own + "/resources/" + resource + "/remove", own + "/roles/" + nothing + "/take"}, 403, 404)

	// An auditor sees all of it, and changes nothing.
	who := o.call(components.Approver, "GET", names.APIVersion+"/me", nil, 200)["id"]
	o.call(components.Admin, "POST", names.APIVersion+"/roleManagement/entitlementManagement/roleAssignments", object{"principalId": who, "roleDefinitionId": string(entitlement.Auditor), "appScopeId": "/"}, 201)
	amina := o.signIn(components.Approver)
	for _, path := range []string{"/catalogs", foreign, foreign + "/packages", foreign + "/resources", foreign + "/resources/" + resource, foreign + "/packages/" + pkg, foreign + "/packages/" + pkg + "/policies/" + policy + "/outside"} {
		amina.open(path)
		amina.has(200)
		amina.lacks("Create", "Edit", "Add", "Delete", "Remove", "Give", "Take")
	}
	_, posts = inside(foreign, pkg, policy, resource)
	refused(amina, nil, posts, 403)

	// Nor is anything at an address that names another parent, whoever asks.
	admin := o.signIn(components.Admin)
	elsewhere := own + "/packages/" + o.Package + "/policies/" + policy
	refused(admin, []string{at, at + "/edit", at + "/roles/add", at + "/policies/new", at + "/policies/" + policy, elsewhere, elsewhere + "/outside", own + "/resources/" + resource},
		[]string{at + "/edit", at + "/delete", at + "/roles/add", at + "/roles/x_y/remove", at + "/policies/new", at + "/policies/" + policy, at + "/policies/" + policy + "/delete", elsewhere, elsewhere + "/turn", elsewhere + "/delete",
			own + "/resources/" + resource + "/remove", foreign + "/roles/" + role + "/take"}, 404)

	// Nothing of it did anything.
	admin.open(foreign + "/packages/" + pkg)
	admin.has(200)
	admin.lacks("Disabled")
	admin.open(own)
	admin.has(200, "Olga Brandt Catalog owner")
}

func text(o object) string {
	written, _ := json.Marshal(o) // it was JSON
	return string(written)
}
