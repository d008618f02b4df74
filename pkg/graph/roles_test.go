package graph

import (
	"strings"
	"testing"

	"leasehold/pkg/entitlement"
)

const (
	assignmentsPath = rm + "/roleAssignments"
	definitionsPath = rm + "/roleDefinitions"
)

// assign gives somebody, or a group, a role in a catalog, or in the whole organisation for "".
func (w *fixture) assign(as, who string, role entitlement.RoleID, catalog string) reply {
	w.Helper()
	return w.call(as, "POST", assignmentsPath, object{"principalId": w.ids[who], "roleDefinitionId": string(role), "appScopeId": scopeOf(entitlement.CatalogID(catalog))})
}

func TestRoleDefinitions_AreGraphsFiveAndTwoOfOurs(t *testing.T) {
	w := newFixture(t)
	all := w.call("member", "GET", definitionsPath, nil).values()
	if len(all) != 7 {
		t.Fatalf("%d role definitions", len(all))
	}
	owner := w.call("member", "GET", definitionsPath+"/"+string(entitlement.CatalogOwner), nil).want(200)
	if owner.get("templateId") != "ae79f266-94d4-4dab-b730-feca7e132178" || owner.get("isBuiltIn") != "true" || owner.get("version") != "1.0" ||
		!strings.Contains(owner.text, `"microsoft.entitlementManagement/allEntities/allTasks"`) {
		t.Error(owner.text)
	}
	if got := w.call("member", "GET", filtered(definitionsPath, "displayName eq 'catalog creator'"), nil).one()["id"]; got != string(entitlement.CatalogCreator) {
		t.Errorf("found %v by its name", got)
	}
	w.call("member", "GET", definitionsPath+"/"+w.ids["member"], nil).want(404)
}

// An owner does in its catalog what its role lets it do, from the resource to the assignment,
// and nothing in another one.
func TestR152_R172_R176_TheOwnerOfACatalogKeepsItAndNoOther(t *testing.T) {
	w := newFixture(t)
	w.offer(open())
	foreign, foreignPackage := w.ids["catalog"], w.ids["package"]
	mine := w.call("admin", "POST", em+"/catalogs", object{"displayName": "Mine", "description": ""}).want(201).get("id")
	w.call("manager", "GET", em+"/catalogs/"+mine, nil).want(403)
	w.call("manager", "GET", em+"/catalogs", nil).want(403)
	given := w.assign("admin", "manager", entitlement.CatalogOwner, mine).want(201)

	// It sees its catalog and no other.
	if got := w.call("manager", "GET", em+"/catalogs", nil).one()["id"]; got != mine {
		t.Errorf("the list shows %v", got)
	}
	w.call("manager", "GET", em+"/catalogs/"+mine+"?$expand=accessPackages,resources", nil).want(200)
	w.call("manager", "GET", em+"/catalogs/"+foreign, nil).want(403)
	w.call("manager", "PATCH", em+"/catalogs/"+mine, object{"displayName": "Ours"}).want(204)
	refused := w.call("manager", "PATCH", em+"/catalogs/"+foreign, object{"displayName": "Ours"}).want(403)
	if !strings.Contains(refused.get("error.message"), "the role catalog owner in the catalog") {
		t.Error(refused.text)
	}

	// Only what it manages itself it may offer (R172).
	sales := object{"requestType": "adminAdd", "catalog": object{"id": mine}, "resource": object{"originId": w.ids["sales"], "originSystem": "AadGroup"}}
	w.call("manager", "POST", em+"/resourceRequests", sales).want(403)
	w.call("admin", "POST", "/v1.0/groups/"+w.ids["sales"]+"/owners/$ref", object{"@odata.id": "/v1.0/users/" + w.ids["manager"]}).want(204)
	w.call("manager", "POST", em+"/resourceRequests", sales).want(201)

	pkg := w.call("manager", "POST", em+"/accessPackages", object{"displayName": "Package", "catalog": object{"id": mine}}).want(201).get("id")
	w.call("manager", "POST", em+"/accessPackages", object{"displayName": "Package", "catalog": object{"id": foreign}}).want(403)
	w.call("manager", "POST", em+"/accessPackages/"+pkg+"/resourceRoleScopes", object{
		"role":  object{"originId": "Member_" + w.ids["sales"], "originSystem": "AadGroup", "resource": object{"originId": w.ids["sales"], "originSystem": "AadGroup"}},
		"scope": object{"originId": w.ids["sales"], "originSystem": "AadGroup", "isRootScope": true}}).want(201)
	policy := open()
	policy["displayName"], policy["description"], policy["accessPackage"] = "Policy", "", object{"id": pkg}
	under := w.call("manager", "POST", em+"/assignmentPolicies", policy).want(201).get("id")
	w.call("manager", "GET", em+"/accessPackages/"+pkg+"?$expand=assignmentPolicies,resourceRoleScopes", nil).want(200)
	w.call("manager", "GET", em+"/accessPackages/"+pkg+"/assignmentPolicies", nil).one()
	if got := w.call("manager", "GET", em+"/accessPackages", nil).one()["id"]; got != pkg {
		t.Errorf("the list shows %v", got)
	}
	w.call("manager", "GET", em+"/assignmentPolicies", nil).want(403)

	asked := w.call("manager", "POST", requestPath, object{"requestType": "adminAdd", "assignment": object{"targetId": w.ids["other"], "accessPackageId": pkg, "assignmentPolicyId": under}}).want(201).get("id")
	w.call("manager", "POST", requestPath, object{"requestType": "adminAdd", "assignment": object{"targetId": w.ids["other"], "accessPackageId": foreignPackage, "assignmentPolicyId": w.ids["policy"]}}).want(403)

	// Lists of assignments and requests need a filter by a package of its own (R176).
	for _, path := range []string{heldPath, requestPath} {
		if got := w.call("manager", "GET", path, nil).want(403); !strings.Contains(got.get("error.message"), "accessPackage/id") {
			t.Error(got.text)
		}
		w.call("manager", "GET", filtered(path, "accessPackage/id eq '"+pkg+"'"), nil).one()
		w.call("manager", "GET", filtered(path, "accessPackage/id eq '"+foreignPackage+"'"), nil).want(403)
		w.call("manager", "GET", path+"/"+asked, nil).want(200)
	}
	w.call("manager", "GET", filtered(requestPath, "accessPackage/id eq '"+pkg+"'")+"&$expand=assignment($expand=target),requestor", nil).one()
	w.call("manager", "POST", requestPath, object{"requestType": "adminRemove", "assignment": object{"id": asked}}).want(201)

	// What a role allowed says so in its event; what an administrator did does not.
	events := w.call("admin", "GET", ours+"/events/catalog/"+mine, nil).values()
	for i, want := range []string{"created ", "roleAssigned ", "updated catalog owner", "resourceAdded catalog owner"} {
		if got := dig(events[i], "activity") + " " + dig(events[i], "data.allowedBy"); got != want {
			t.Errorf("event %d: %s, want %s", i, got, want)
		}
	}
	if got := w.call("admin", "GET", ours+"/events/request/"+asked, nil).values(); dig(got[0], "data.allowedBy") != "catalog owner" {
		t.Errorf("the request's first event: %v", got[0])
	}

	// Without the role nothing of it is left, at once.
	w.assign("manager", "reviewer", entitlement.CatalogOwner, mine).want(201)
	w.call("reviewer", "DELETE", assignmentsPath+"/"+given.get("id"), nil).want(204)
	w.call("manager", "GET", em+"/catalogs/"+mine, nil).want(403)
	w.call("manager", "GET", heldPath+"/"+asked, nil).want(404)
}

func TestR26_R171_ACreatorOwnsWhatItCreates(t *testing.T) {
	w := newFixture(t)
	w.call("member", "POST", em+"/catalogs", object{"displayName": "Mine"}).want(403)
	w.assign("admin", "member", entitlement.CatalogCreator, "").want(201)
	mine := w.call("member", "POST", em+"/catalogs", object{"displayName": "Mine"}).want(201).get("id")
	w.ids["foreign"] = w.call("admin", "POST", em+"/catalogs", object{"displayName": "Foreign"}).want(201).get("id")

	in := filtered(assignmentsPath, "appScopeId eq '/AccessPackageCatalog/"+mine+"'")
	owner := w.call("member", "GET", in+"&$expand=principal,roleDefinition", nil).one()
	if dig(owner, "principal.displayName") != "Member" || dig(owner, "roleDefinition.displayName") != "Catalog owner" || dig(owner, "principalId") != w.ids["member"] {
		t.Errorf("owned by %v", owner)
	}
	if got := w.call("admin", "GET", filtered(assignmentsPath, "appScopeId eq '/AccessPackageCatalog/"+w.ids["foreign"]+"'"), nil).values(); len(got) != 0 {
		t.Errorf("an administrator's catalog is owned by %v", got)
	}

	// R171: it sees and keeps what it owns, and nothing else.
	if got := w.call("member", "GET", em+"/catalogs", nil).one()["id"]; got != mine {
		t.Errorf("the list shows %v", got)
	}
	w.call("member", "GET", em+"/catalogs/"+w.ids["foreign"], nil).want(403)

	// The last owner cannot leave; a catalog that goes takes its owners with it.
	last := assignmentsPath + "/" + dig(owner, "id")
	w.call("member", "DELETE", last, nil).want(409)
	w.assign("member", "other", entitlement.CatalogOwner, mine).want(201)
	w.call("member", "DELETE", last, nil).want(204)
	w.call("other", "DELETE", em+"/catalogs/"+mine, nil).want(204)
	if got := w.call("admin", "GET", assignmentsPath, nil).values(); len(got) != 1 {
		t.Errorf("left: %v", got)
	}
}

func TestR148_RolesOfTheWholeOrganisationAreForAdministratorsToGive(t *testing.T) {
	w := newFixture(t)
	mine := w.call("admin", "POST", em+"/catalogs", object{"displayName": "Mine"}).want(201).get("id")
	w.assign("admin", "manager", entitlement.CatalogOwner, mine).want(201)

	w.assign("manager", "other", entitlement.CatalogCreator, "").want(403)
	w.assign("admin", "other", entitlement.CatalogCreator, mine).want(400)
	w.assign("admin", "other", entitlement.CatalogReader, "").want(400)
	w.assign("admin", "other", entitlement.CatalogReader, w.ids["other"]).want(404)
	w.assign("manager", "other", entitlement.CatalogReader, w.ids["other"]).want(403)
	w.assign("admin", "catalog", entitlement.CatalogReader, mine).want(400)
	w.assign("admin", "other", entitlement.CatalogReader, mine).want(201)
	if got := w.assign("manager", "other", entitlement.CatalogReader, mine).want(409); got.get("error.code") != "nameAlreadyExists" {
		t.Error(got.text)
	}
	w.call("admin", "POST", assignmentsPath, object{"principalId": w.ids["other"], "roleDefinitionId": string(entitlement.Auditor), "directoryScopeId": "/"}).want(201)
	if got := w.call("manager", "GET", assignmentsPath, nil).want(403); !strings.Contains(got.get("error.message"), "appScopeId") {
		t.Error(got.text)
	}
	if got := w.call("admin", "GET", filtered(assignmentsPath, "principalId eq '"+w.ids["other"]+"'"), nil).values(); len(got) != 2 {
		t.Errorf("got %v", got)
	}
}

// A role that a group holds is held by its members, as long as they are that.
func TestR170_R175_AGroupHoldsARoleForItsMembers(t *testing.T) {
	w := newFixture(t)
	mine := w.call("admin", "POST", em+"/catalogs", object{"displayName": "Mine"}).want(201).get("id")
	w.assign("admin", "reviewers", entitlement.AccessPackageManager, mine).want(201)
	w.call("reviewer", "POST", em+"/accessPackages", object{"displayName": "P", "catalog": object{"id": mine}}).want(201)
	w.call("reviewer", "PATCH", em+"/catalogs/"+mine, object{"displayName": "Ours"}).want(403)
	w.call("reviewer", "GET", em+"/catalogs", nil).one()
	given := w.call("admin", "GET", filtered(assignmentsPath, "appScopeId eq '"+scopeOf(entitlement.CatalogID(mine))+"'")+"&$expand=principal", nil).one()
	if dig(given, "principalId") != w.ids["reviewers"] || dig(given, "principal.displayName") != "reviewers" {
		t.Errorf("given to %v", given)
	}
	w.call("admin", "DELETE", "/v1.0/groups/"+w.ids["reviewers"]+"/members/"+w.ids["reviewer"]+"/$ref", nil).want(204)
	w.call("reviewer", "POST", em+"/accessPackages", object{"displayName": "Q", "catalog": object{"id": mine}}).want(403)
	w.call("reviewer", "GET", em+"/catalogs", nil).want(403)
}

// An application that holds a role needs no scope for what the role allows (R174).
func TestR174_AnApplicationWithARoleNeedsNoScope(t *testing.T) {
	w := newFixture(t)
	mine := w.call("admin", "POST", em+"/catalogs", object{"displayName": "Mine"}).want(201).get("id")
	foreign := w.call("admin", "POST", em+"/catalogs", object{"displayName": "Foreign"}).want(201).get("id")
	w.call("admin", "DELETE", "/v1.0/groups/"+string(entitlement.AdministratorsGroup)+"/members/"+w.ids["robot"]+"/$ref", nil).want(204)
	w.call("robot/none", "PATCH", em+"/catalogs/"+mine, object{"displayName": "Ours"}).want(403)
	w.assign("admin", "robot", entitlement.CatalogOwner, mine).want(201)
	w.call("robot/none", "PATCH", em+"/catalogs/"+mine, object{"displayName": "Ours"}).want(204)
	w.call("robot/none", "PATCH", em+"/catalogs/"+foreign, object{"displayName": "Ours"}).want(403)

	// A person needs the scope as well.
	w.assign("admin", "manager", entitlement.CatalogOwner, mine).want(201)
	w.call("manager/"+scopeSubject, "PATCH", em+"/catalogs/"+mine, object{"displayName": "Ours"}).want(403)
	w.call("manager/"+scopeRead, "PATCH", em+"/catalogs/"+mine, object{"displayName": "Ours"}).want(403)
	w.call("manager/"+scopeRead, "GET", em+"/catalogs/"+mine, nil).want(200)
}

// Who may read who holds roles in a catalog is told in a refusal whom to ask; who may not is
// told which role alone.
func TestARefusalSaysWhomToAsk(t *testing.T) {
	w := newFixture(t)
	w.offer(open())
	w.delegate()
	w.assign("admin", "manager", entitlement.CatalogOwner, w.ids["catalog"]).want(201)
	edit := func() string {
		return w.call("delegate", "PATCH", packagePath+"/"+w.ids["package"], object{"displayName": "Mine"}).want(403).get("error.message")
	}
	const needs = "This needs the role catalog owner or access package manager in the catalog, or an administrator."
	if got := edit(); got != needs {
		t.Errorf("somebody without a role is told %q", got)
	}
	w.assign("admin", "delegate", entitlement.CatalogReader, w.ids["catalog"]).want(201)
	if got := edit(); got != needs {
		t.Errorf("a reader is told %q", got)
	}
	w.assign("admin", "delegate", entitlement.Auditor, "").want(201)
	if got := edit(); got != needs+" The role catalog owner is held by the user "+w.ids["manager"]+", access package manager is held by nobody." {
		t.Errorf("an auditor is told %q", got)
	}
}
