package rights

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"leasehold/localstack/components"
	"leasehold/localstack/visitor"
	"leasehold/pkg/clock"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

// twoHold is a package that gives a role of a group to two people, in a catalog that two people
// keep: the ids of all of it.
func twoHold(s *stack) (catalog, pkg, scope, policy string) {
	s.Helper()
	pkg, policy = s.offer(nil)
	catalog = fmt.Sprint(s.call(components.Admin, "GET", em+"/accessPackages/"+pkg+"?$expand=catalog", nil, 200)["catalog"].(object)["id"])
	s.call(components.Admin, "POST", names.APIVersion+"/roleManagement/entitlementManagement/roleAssignments", object{"principalId": s.id(components.Owner), "roleDefinitionId": string(entitlement.CatalogOwner), "appScopeId": "/AccessPackageCatalog/" + catalog}, 201)
	group := fmt.Sprint(s.call(components.Admin, "POST", names.APIVersion+"/groups", object{"displayName": "Impact " + clock.System{}.New()}, 201)["id"])
	s.call(components.Admin, "POST", em+"/resourceRequests", object{"requestType": "adminAdd", "catalog": object{"id": catalog}, "resource": object{"originId": group, "originSystem": "AadGroup"}}, 201)
	resource := fmt.Sprint(s.values(em + "/catalogs/" + catalog + "/resources")[0].(object)["id"])

	// The role comes as it was agreed to.
	adds := object{"resourceId": resource, "roleOriginId": "Member_" + group}
	s.apply(components.Admin, pkg, adds, 204)
	roles, _ := s.call(components.Admin, "GET", em+"/accessPackages/"+pkg+"?$expand=resourceRoleScopes", nil, 200)["resourceRoleScopes"].([]any)
	scope = fmt.Sprint(roles[0].(object)["id"])
	for _, as := range []string{components.Other, components.Manager} {
		s.call(components.Admin, "POST", em+"/assignmentRequests", object{"requestType": "adminAdd", "assignment": object{"targetId": s.id(as), "accessPackageId": pkg, "assignmentPolicyId": policy}}, 201)
	}
	s.drain()
	return catalog, pkg, scope, policy
}

// apply previews a change of roles, and makes it as it was previewed.
func (s *stack) apply(as, pkg string, change object, want int) object {
	s.Helper()
	path := names.Ours + "/accessPackages/" + pkg
	change["hash"] = s.call(as, "POST", path+"/previewRoleChange", change, 200)["hash"]
	return s.call(as, "POST", path+"/applyRoleChange", change, want)
}

// agreeToImpact is a change of roles above the limit of a catalog, and a policy that is loosened:
// one person proposes them, and another agrees or rejects.
func agreeToImpact(s *stack) {
	catalog, pkg, scope, policy := twoHold(s)
	ours := names.Ours + "/catalogs/" + catalog
	s.call(components.Owner, "PATCH", ours+"/impactSettings", object{"impactLimitPeople": 1, "policyLooseningNeedsSecondPerson": true}, 204)

	for _, answer := range []string{"reject", "agree"} {
		s.apply(components.Admin, pkg, object{"resourceRoleScopeId": scope}, 409)
		waits := s.values(ours + "/impactChanges")
		if len(waits) != 1 {
			s.Fatalf("waiting are %v", waits)
		}
		body := any(object{"hash": waits[0].(object)["hash"]})
		if answer == "reject" {
			body = nil
		}
		s.call(components.Owner, "POST", fmt.Sprint(ours, "/impactChanges/", waits[0].(object)["id"], "/", answer), body, 204)
	}
	s.drain()

	loose := object{"displayName": "Waiting", "allowedTargetScope": "allDirectoryUsers", "accessPackage": object{"id": pkg}, "requestorSettings": object{"enableTargetsToSelfAddAccess": true}}
	s.call(components.Owner, "PUT", em+"/assignmentPolicies/"+policy, loose, 409)
	waits := s.values(ours + "/impactChanges")[0].(object)
	s.call(components.Admin, "POST", fmt.Sprint(ours, "/impactChanges/", waits["id"], "/agree"), object{"hash": waits["hash"]}, 204)
}

// agreeThroughThePages is the same at the pages: a limit is set, a role is to go, and somebody
// else agrees.
func agreeThroughThePages(s *stack) {
	catalog, pkg, scope, _ := twoHold(s)
	site := s.endpoints.URL + names.PortalPath
	must := func(p *visitor.Page, err error) *visitor.Page {
		s.Helper()
		if err != nil {
			s.Fatal(err)
		}
		if p.Status != 200 {
			s.Fatalf("%s: %d %s", p.Address, p.Status, p.Text)
		}
		return p
	}

	owner := visitor.New(nil)
	must(owner.SignIn(s.Context(), site, components.Owner))
	kept := site + "/catalogs/" + catalog
	must(must(owner.Open(s.Context(), kept+"/limit")).Submit(s.Context(), "Save", map[string]string{"people": "1"}))
	impact := kept + "/packages/" + pkg + "/roles/impact?" + url.Values{"remove": {scope}}.Encode()
	waits := must(must(owner.Open(s.Context(), impact)).Submit(s.Context(), "Propose this", nil))
	if !strings.Contains(waits.Text, "You proposed this yourself.") {
		s.Fatalf("not proposed: %s", waits.Text)
	}

	admin := visitor.New(nil)
	must(admin.SignIn(s.Context(), site, components.Admin))
	p := must(must(admin.Open(s.Context(), waits.Address)).Submit(s.Context(), "Agree", nil))
	if !regexp.MustCompile("gives nothing yet").MatchString(p.Text) {
		s.Fatalf("not agreed to: %s", p.Text)
	}
	s.drain()
}
