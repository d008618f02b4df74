package graph

import (
	"go/ast"
	"maps"
	"slices"
	"strings"
	"testing"
)

// turned is a text that reads as "Sales" and is not: what follows U+202E is turned.
const turned = "Sa\u202Eles"

// uncheckedTexts are members that are no free text, and why.
var uncheckedTexts = map[string]string{
	"@odata.id":    "an address, which must lead to something",
	"originId":     "looked up at the target, and answered like one that is not there",
	"originSystem": "one of a few words",
	"id":           "of a role or a scope: looked up",
	"kind":         "one of a few words",
	"startDate":    "a date",
	"endDate":      "a date",
	"languageCode": "letters, digits and hyphens alone",

	"appScopeId":       "one of a few words, and an id",
	"directoryScopeId": "one word",
	"credential":       "nobody reads it",
	"principalName":    "looked up, and answered like one that is not there",
	"driftMode":        "one of a few words",
	"preExistingMode":  "one of a few words",
	"reason":           "one of a few words: others find nobody",
	"after":            "a token of ours: others are refused",
	"hash":             "compared, and answered like one of something else",
	"roleOriginId":     "looked up at the resource",
	"source":           "nothing waits for the answer of an extension: it is refused whatever it says",
	"state":            "the same",
	"type":             "the same, and it must name the stage",

	"resourceRoleScopeId": "looked up in the package",

	"customExtensionStageInstanceDetail": "the same",
}

// A text that shows nothing of a character in it is refused wherever people write texts; what
// feeds bring is cleaned.
func TestA9_EveryTextOfTheAPIIsLookedAt(t *testing.T) {
	w := newFixture(t)
	w.offer(approved(w))
	w.ids["request"] = w.ask("member")
	stage := dig(w.call("manager", "GET", approvalPath+"/"+w.ids["request"]+"/stages", nil).one(), "id")
	connector := func(change object) object {
		c := object{"displayName": "CRM", "kind": "scim", "url": "https://crm.example.com", "correlationKeys": []string{"userName"}, "credential": "geheim"}
		maps.Copy(c, change)
		return c
	}
	user := func(change object) object {
		u := object{"displayName": "New", "userPrincipalName": "new@example.com"}
		maps.Copy(u, change)
		return u
	}
	identity := func(issuer, value string) object {
		return user(object{"identities": []object{{"issuer": issuer, "issuerAssignedId": value}}})
	}
	policy := func(change object) object {
		p := open()
		maps.Copy(p, object{"displayName": "P", "accessPackage": object{"id": w.ids["package"]}})
		maps.Copy(p, change)
		return p
	}
	source := func(kind, member, value string) object {
		s := object{"@odata.type": "#microsoft.graph." + kind, "displayName": "S", member: value}
		for _, needed := range map[string][]string{"externalDomainFederation": {"domainName"}, "crossCloudAzureActiveDirectoryTenant": {"tenantId"}}[kind] {
			s[needed] = "x"
		}
		return s
	}
	extensionsAt := em + "/catalogs/" + w.ids["catalog"] + "/customWorkflowExtensions"
	endpoint := func(member string) object {
		x := extensionNamed("X")
		x["endpointConfiguration"].(object)[member] = turned
		return x
	}
	token := extensionNamed("X")
	token["authenticationConfiguration"] = object{"@odata.type": "#microsoft.graph.azureAdTokenAuthentication", "resourceId": turned}
	asking := func(change object) object {
		q := object{"@odata.type": "#microsoft.graph.accessPackageTextInputQuestion", "text": "Why?"}
		maps.Copy(q, change)
		return policy(object{"questions": []any{q}})
	}
	w.call("admin", "PUT", em+"/assignmentPolicies/"+w.ids["policy"], asking(nil)).want(200)
	question := dig(w.call("admin", "GET", em+"/assignmentPolicies/"+w.ids["policy"]+"/questions", nil).one(), "id")
	ask := object{"requestType": "userAdd", "justification": turned, "assignment": object{"accessPackageId": w.ids["package"]}}
	rows := []struct {
		as, method, path, member string
		body                     object
	}{
		{"admin", "POST", em + "/catalogs", "displayName", object{"displayName": turned}},
		{"admin", "POST", em + "/catalogs", "description", object{"displayName": "C", "description": turned}},
		{"admin", "PATCH", em + "/catalogs/" + w.ids["catalog"], "displayName", object{"displayName": turned}},
		{"admin", "PATCH", em + "/catalogs/" + w.ids["catalog"], "description", object{"description": turned}},
		{"admin", "POST", packagePath, "displayName", object{"displayName": turned, "catalog": object{"id": w.ids["catalog"]}}},
		{"admin", "POST", packagePath, "description", object{"displayName": "P", "description": turned, "catalog": object{"id": w.ids["catalog"]}}},
		{"admin", "PATCH", packagePath + "/" + w.ids["package"], "displayName", object{"displayName": turned}},
		{"admin", "PATCH", packagePath + "/" + w.ids["package"], "description", object{"description": turned}},
		{"admin", "POST", em + "/assignmentPolicies", "displayName", policy(object{"displayName": turned})},
		{"admin", "POST", em + "/assignmentPolicies", "description", policy(object{"description": turned})},
		{"admin", "PUT", em + "/assignmentPolicies/" + w.ids["policy"], "displayName", policy(object{"displayName": turned})},
		{"admin", "PUT", em + "/assignmentPolicies/" + w.ids["policy"], "description", policy(object{"description": turned})},
		{"admin", "POST", ours + "/connectors", "displayName", connector(object{"displayName": turned})},
		{"admin", "POST", ours + "/connectors", "roleValues", connector(object{"roleValues": []string{turned}})},
		{"admin", "POST", ours + "/connectors", "entitlementValues", connector(object{"entitlementValues": []string{turned}})},
		{"admin", "POST", ours + "/connectors", "url", connector(object{"url": "https://crm.example.com/" + turned})},
		{"admin", "POST", "/v1.0/groups", "description", object{"displayName": "G", "description": turned}},
		{"admin", "POST", "/v1.0/groups", "mailNickname", object{"displayName": "G", "mailNickname": turned}},
		{"admin", "POST", "/v1.0/groups", "membershipRule", object{"displayName": "G", "groupTypes": []string{"DynamicMembership"}, "membershipRule": turned}},
		{"admin", "POST", "/v1.0/users", "userPrincipalName", user(object{"userPrincipalName": turned})},
		{"admin", "POST", "/v1.0/users", "mail", user(object{"mail": turned + "@example.com"})},
		{"admin", "POST", "/v1.0/users", "mailNickname", user(object{"mailNickname": turned})},
		{"admin", "POST", "/v1.0/users", "employeeId", user(object{"employeeId": turned})},
		{"admin", "POST", "/v1.0/users", "issuer", identity("https://id.example.com/"+turned, "x")},
		{"admin", "POST", "/v1.0/users", "issuerAssignedId", identity("https://id.example.com", turned)},
		{"other", "POST", requestPath, "justification", ask},
		{"other", "POST", requestPath, "value", object{"requestType": "userAdd", "assignment": object{"accessPackageId": w.ids["package"]},
			"answers": []any{object{"value": turned, "answeredQuestion": object{"id": question}}}}},
		{"admin", "POST", em + "/assignmentPolicies", "text", asking(object{"text": turned})},
		{"admin", "POST", em + "/assignmentPolicies", "text", asking(object{"localizations": []any{object{"languageCode": "de", "text": turned}}})},
		{"admin", "POST", em + "/assignmentPolicies", "recurrenceTimeZone", policy(object{"reviewSettings": object{"schedule": object{"recurrence": object{"range": object{"recurrenceTimeZone": turned}}}}})},
		{"admin", "POST", em + "/assignmentPolicies", "regexPattern", asking(object{"regexPattern": turned})},
		{"admin", "POST", em + "/assignmentPolicies", "actualValue", asking(object{"@odata.type": "#microsoft.graph.accessPackageMultipleChoiceQuestion", "choices": []any{object{"actualValue": turned, "text": "A"}}})},
		{"admin", "POST", organizationsPath, "displayName", object{"displayName": turned, "identitySources": []object{source("domainIdentitySource", "domainName", "x")}}},
		{"admin", "POST", organizationsPath, "description", object{"displayName": "O", "description": turned, "identitySources": []object{source("domainIdentitySource", "domainName", "x")}}},
		{"admin", "POST", organizationsPath, "tenantId", object{"displayName": "O", "identitySources": []object{source("azureActiveDirectoryTenant", "tenantId", turned)}}},
		{"admin", "POST", organizationsPath, "domainName", object{"displayName": "O", "identitySources": []object{source("domainIdentitySource", "domainName", turned)}}},
		{"admin", "POST", organizationsPath, "issuerUri", object{"displayName": "O", "identitySources": []object{source("externalDomainFederation", "issuerUri", turned)}}},
		{"admin", "POST", organizationsPath, "cloudInstance", object{"displayName": "O", "identitySources": []object{source("crossCloudAzureActiveDirectoryTenant", "cloudInstance", turned)}}},
		{"admin", "POST", extensionsAt, "subscriptionId", endpoint("subscriptionId")},
		{"admin", "POST", extensionsAt, "resourceGroupName", endpoint("resourceGroupName")},
		{"admin", "POST", extensionsAt, "logicAppWorkflowName", endpoint("logicAppWorkflowName")},
		{"admin", "POST", extensionsAt, "resourceId", token},
		{"manager", "PATCH", approvalPath + "/" + w.ids["request"] + "/stages/" + stage, "justification", object{"reviewResult": "Approve", "justification": turned}},
		{"manager", "PATCH", ours + "/accessPackageAssignmentApprovals/" + w.ids["request"] + "/stages/" + stage, "justification", object{"reviewResult": "Approve", "justification": turned}},
		{"admin", "POST", ours + "/removals/" + w.ids["request"] + "/close", "justification", object{"justification": turned}},
	}
	covered := maps.Clone(uncheckedTexts)
	before := w.snapshot()
	for _, row := range rows {
		covered[row.member] = "refused"
		if got := w.call(row.as, row.method, row.path, row.body).want(400); !strings.Contains(got.text, "U+202E") {
			t.Errorf("%s %s, %s: %s", row.method, row.path, row.member, got.text)
		}
	}
	if w.snapshot() != before {
		t.Error("S13: something changed")
	}

	for _, member := range []string{"displayName", "givenName", "surname", "department", "jobTitle"} {
		covered[member] = "cleaned"
		got := w.call("admin", "POST", "/v1.0/users", user(object{"userPrincipalName": member + "@example.com", member: turned})).want(201)
		if got.get(member) != "Sales" {
			t.Errorf("%s of a user is %q", member, got.get(member))
		}
	}
	if got := w.call("admin", "POST", "/v1.0/groups", object{"displayName": turned}).want(201); got.get("displayName") != "Sales" {
		t.Errorf("a group is called %q", got.get("displayName"))
	}
	for _, member := range textsOfTheAPI(t) {
		if covered[member] == "" {
			t.Errorf("nobody looks at the text %s", member)
		}
	}
}

// textsOfTheAPI returns the members that are read as texts, as the source has them.
func textsOfTheAPI(t *testing.T) []string {
	found := map[string]bool{}
	for _, f := range readSource(t) {
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			if _, method := methodOf(call); method == "Text" && len(call.Args) == 2 {
				if name, ok := call.Args[0].(*ast.BasicLit); ok {
					found[strings.Trim(name.Value, "\"")] = true
				}
			}
			return true
		})
	}
	if len(found) < 20 {
		t.Fatalf("only %d texts were found in the source", len(found))
	}
	return slices.Sorted(maps.Keys(found))
}
