package graph

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"leasehold/pkg/entitlement"
)

// shownToHolders are the navigation properties that lead to what one may know who reads
// the thing itself, and why; every other one is for administrators, as what it leads to
// is.
var shownToHolders = map[string]string{
	"catalog":            "a package says where it belongs",
	"resourceRoleScopes": "who sees a package sees what it gives",
	"role":               "of such a role scope",
	"scope":              "of such a role scope",
	"resource":           "what the role is a role of, by its name",
	"accessPackage":      "what was asked for, or is held",
	"requestor":          "who asks",
	"target":             "who holds it",
	"assignment":         "what came of one's own request",
	"stages":             "of an approval that one may read",
	"principal":          "of a role assignment that one may read, by its name",
	"roleDefinition":     "of a role assignment",
}

// whoCalls are callers of every kind. administers: the user is an administrator, and the
// token is for reading everything.
var whoCalls = map[string]struct {
	as         string
	administer bool
}{
	"an administrator":                        {"admin", true},
	"an application that administers":         {"robot", true},
	"an administrator with a reader's scope":  {"admin/" + scopeRead, true},
	"an administrator with a writer's scope":  {"admin/" + scopeWrite, true},
	"an administrator's scope for oneself":    {"admin/" + scopeSubject, false},
	"an application's scope for oneself":      {"robot/" + scopeSubject, false},
	"one who holds":                           {"member", false},
	"one who holds, with a reader's scope":    {"member/" + scopeRead, false},
	"one who decides":                         {"manager", false},
	"one who owns a group":                    {"owner", false},
	"one who has nothing to do with anything": {"other", false},
	"one who is disabled":                     {"disabled", false},
	"one who is bound to nobody":              {"outsider", false},
	"another's scope":                         {"admin/Group.ReadWrite.All", false},
	"no scope":                                {"admin/", false},
	"nobody":                                  {"", false},
}

// canaries stand in what administrators alone may read: a name, or an address.
var canaries = []string{"canary-policy", "canary-package", "canary-group", "canary-resource", "canary-url", "canary-connector", "canary-person"}

// stockExpansions fills a fixture in which every navigation property leads
// somewhere: the member and the administrator both hold the package and asked for
// it.
func stockExpansions(w *fixture) {
	w.Helper()
	for _, name := range []string{"owner", "canary-person"} {
		w.ids[name] = w.call("admin", "POST", "/v1.0/users", object{"displayName": name, "userPrincipalName": name + "@example.com",
			"identities": []object{{"issuer": "https://id.example.com", "issuerAssignedId": name}}}).want(201).get("id")
	}
	w.join("sales", "canary-person")
	policy := approved(w)
	policy["description"] = "canary-policy"
	w.offer(policy)
	w.call("admin", "PUT", em+"/assignmentPolicies/"+w.ids["policy"], object{"displayName": "canary-policy", "description": "canary-policy", "allowedTargetScope": "allMemberUsers",
		"requestorSettings": policy["requestorSettings"], "requestApprovalSettings": policy["requestApprovalSettings"]}).want(200)
	w.call("admin", "POST", "/v1.0/groups/"+w.ids["sales"]+"/owners/$ref", object{"@odata.id": "/v1.0/users/" + w.ids["owner"]}).want(204)

	hidden := w.call("admin", "POST", packagePath, object{"displayName": "canary-package", "catalog": object{"id": w.ids["catalog"]}}).want(201).get("id")
	w.ids["hidden"] = hidden
	w.list(w.ids["package"], "incompatibleAccessPackages", packagePath+"/"+hidden).want(204)
	group := w.call("admin", "POST", "/v1.0/groups", object{"displayName": "canary-group", "mailNickname": "c"}).want(201).get("id")
	w.list(w.ids["package"], "incompatibleGroups", "/v1.0/groups/"+group).want(204)

	w.ids["connector"] = w.call("admin", "POST", ours+"/connectors", object{"displayName": "canary-connector", "kind": "scim", "url": "https://canary-url.example.com", "correlationKeys": []string{"userName"}, "credential": "geheim"}).want(201).get("id")
	resource := object{"originId": "crm", "originSystem": "Scim", "environment": object{"id": w.ids["connector"]}}
	w.call("admin", "POST", em+"/resourceRequests", object{"requestType": "adminAdd", "catalog": object{"id": w.ids["catalog"]}, "resource": resource}).want(201)
	w.ids["resource"] = dig(w.call("admin", "GET", filtered(em+"/catalogs/"+w.ids["catalog"]+"/resources", "originId eq '"+w.ids["sales"]+"'"), nil).one(), "id")
	w.ids["resourceRole"] = dig(w.call("admin", "GET", filtered(em+"/catalogs/"+w.ids["catalog"]+"/resources", "originId eq '"+w.ids["sales"]+"'")+"&$expand=roles", nil).one(), "roles.0.id")
	crm := dig(w.call("admin", "GET", filtered(em+"/catalogs/"+w.ids["catalog"]+"/resources", "originId eq 'crm'"), nil).one(), "id")
	w.call("admin", "POST", packagePath+"/"+w.ids["package"]+"/resourceRoleScopes", object{"role": object{"originId": "Member_crm", "originSystem": "Scim", "resource": object{"id": crm}}}).want(201)
	unused := object{"originId": "canary-resource", "originSystem": "Scim", "environment": object{"id": w.ids["connector"]}}
	w.call("admin", "POST", em+"/resourceRequests", object{"requestType": "adminAdd", "catalog": object{"id": w.ids["catalog"]}, "resource": unused}).want(201)

	w.stockDrift("connector")
	w.ids["role"] = string(entitlement.CatalogReader)
	w.ids["given"] = w.assign("admin", "canary-person", entitlement.CatalogReader, w.ids["catalog"]).want(201).get("id")

	w.ids["look"] = w.stockLook("package")
	w.ids["export"] = w.call("admin", "POST", exportsPath, nil).want(202).get("id")
	w.ids["organization"] = w.call("admin", "POST", organizationsPath, object{"displayName": "canary-connector", "identitySources": []object{{"@odata.type": "#microsoft.graph.domainIdentitySource", "domainName": "canary-url"}}}).want(201).get("id")
	w.ids["sponsoring"] = w.call("admin", "POST", organizationsPath, object{"displayName": "Contoso", "identitySources": []object{{"@odata.type": "#microsoft.graph.domainIdentitySource", "domainName": "contoso.example"}}}).want(201).get("id")
	w.call("admin", "POST", organizationsPath+"/"+w.ids["sponsoring"]+"/internalSponsors/$ref", object{"@odata.id": "/v1.0/users/" + w.ids["admin"]}).want(204)
	w.ids["sponsored"] = w.call("admin", "POST", "/v1.0/users", object{"displayName": "Guest", "userPrincipalName": "guest@contoso.example", "userType": "Guest"}).want(201).get("id")
	w.ids["extension"] = w.call("admin", "POST", em+"/catalogs/"+w.ids["catalog"]+"/customWorkflowExtensions", extensionNamed("canary-connector")).want(201).get("id")
	w.ids["held"] = w.ask("member")
	w.ids["stage"] = dig(w.call("manager", "GET", approvalPath+"/"+w.ids["held"]+"/stages", nil).one(), "id")
	w.call("manager", "PATCH", approvalPath+"/"+w.ids["held"]+"/stages/"+w.ids["stage"], object{"reviewResult": "Approve"}).want(204)
	w.call("admin", "PUT", "/v1.0/users/"+w.ids["admin"]+"/manager/$ref", object{"@odata.id": "/v1.0/users/" + w.ids["manager"]}).want(204)
	w.ask("admin")
}

// readable fills a pattern's variables with what is there.
func (w *fixture) readable(pattern string) string {
	of := map[string]string{"catalogId": "catalog", "accessPackageId": "package", "policyId": "policy", "connectorId": "connector", "user:text": "member", "groupId": "sales",
		"assignmentRequestId": "held", "objectId": "policy", "assignmentId": "held", "stageId": "stage", "roleId": "role", "roleAssignmentId": "given",
		"resourceId": "resource", "resourceRoleId": "resourceRole", "organizationId": "organization", "extensionId": "extension", "exportId": "export", "userId": "member", "roleChangeJobId": "look", "driftScanId": "driftScan"}
	if strings.HasPrefix(pattern, guestsPath) {
		of["organizationId"], of["userId"] = "sponsoring", "sponsored"
	}
	path := regexp.MustCompile(`/\{([^}]+)\}`).ReplaceAllStringFunc(pattern, func(segment string) string {
		name := strings.Trim(segment, "/{}")
		if name == "objectKind:text" {
			return "/" + string(entitlement.OfPolicy)
		}
		if name == "effect:text" {
			return "/loses"
		}
		if name == "reason:text" {
			return "/target-unavailable"
		}
		if w.ids[of[name]] == "" {
			w.Fatalf("nothing to put in the place of %s in %s", segment, pattern)
		}
		return "/" + w.ids[of[name]]
	})
	path = strings.NewReplacer("{on:text}", firstWord(pattern), "{displayName:text}", "Tools", "{accessPackageId}", w.ids["package"], "{otherId}", w.ids["hidden"], "{objectId}", w.ids["member"]).Replace(path)
	if path == em+"/resourceEnvironments" {
		path = filtered(path, "originSystem eq 'Scim'")
	}
	return path
}

// expanding adds members to expand, each within the one before it.
func expanding(path string, members ...string) string {
	text := ""
	for _, member := range slices.Backward(members) {
		if text != "" {
			text = "($expand=" + text + ")"
		}
		text = member + text
	}
	if text == "" {
		return path
	}
	sign := "?"
	if strings.Contains(path, "?") {
		sign = "&"
	}
	return path + sign + "$expand=" + url.QueryEscape(text)
}

var canBe = regexp.MustCompile(`what can be: ([^.]*)\.`)

// deepest is how deep $expand goes. Below what is for administrators alone the walk looks
// no deeper than deepEnough: there everything is refused to all others.
const (
	deepest    = 5
	deepEnough = 3
)

// expansions lists what can be expanded at a path and below, as the API itself says it
// when it is asked for what is not there.
func (w *fixture) expansions(path string) [][]string {
	w.Helper()
	for depth, want := range map[int]string{deepest: "cannot be expanded here", deepest + 1: "levels deep"} {
		if got := w.call("admin", "GET", expanding(path, slices.Repeat([]string{"x"}, depth)...), nil).want(400); !strings.Contains(got.text, want) {
			w.Fatalf("%d levels: %s", depth, got.text)
		}
	}
	all := [][]string{nil}
	for from := 0; from < len(all); from++ {
		at := all[from]
		closed := slices.ContainsFunc(at, func(member string) bool { return shownToHolders[member] == "" })
		if len(at) == deepest || closed && len(at) >= deepEnough {
			continue
		}
		refused := w.call("admin", "GET", expanding(path, append(slices.Clone(at), "nothing")...), nil).want(400)
		names := canBe.FindStringSubmatch(refused.get("error.message"))
		if names == nil {
			w.Fatalf("%s %v: %s", path, at, refused.text)
		}
		for name := range strings.SplitSeq(names[1], ", ") {
			if name != "" {
				all = append(all, append(slices.Clone(at), name))
			}
		}
	}
	return all
}

// Every navigation property of every list and entity is expanded by every kind of
// caller: it shows what the caller may read, and nothing else.
func TestWhoMayCallWhat_WithEveryExpansion(t *testing.T) {
	w := newFixture(t)
	stockExpansions(w)
	rows, open, seen := 0, 0, map[string]bool{}
	for _, op := range served() {
		if op.method != http.MethodGet || op.serve == nil || strings.HasSuffix(op.path, "/$count") {
			continue // a count shows nothing to expand
		}
		path := w.readable(op.path)
		all := w.expansions(path)
		for name, who := range whoCalls {
			may := w.call(who.as, "GET", path, nil).status
			for _, members := range all {
				want := may
				for _, member := range members {
					seen[member] = true
					if may == 200 && !who.administer && shownToHolders[member] == "" {
						want = http.StatusForbidden
					}
				}
				got := w.call(who.as, "GET", expanding(path, members...), nil)
				rows++
				if got.status != want {
					open++
					t.Errorf("%s, GET %s expanding %v: %d, want %d: %.200s", name, op.path, members, got.status, want, got.text)
				}
				if told := tells(got.text); !who.administer && told != "" {
					open++
					t.Errorf("%s, GET %s expanding %v is told of %s: %.300s", name, op.path, members, told, got.text)
				}
			}
		}
	}
	for member := range shownToHolders {
		if !seen[member] {
			t.Errorf("nothing leads to %s", member)
		}
	}
	t.Logf("%d rows of %d members, %d open", rows, len(seen), open)
}

func tells(text string) string {
	for _, canary := range canaries {
		if strings.Contains(text, canary) {
			return canary
		}
	}
	return ""
}

// What is for everybody needs the scope for everybody, of reading or of writing: the two
// scopes for less do not add up to it.
func TestScopesDoNotAddUp(t *testing.T) {
	w := newFixture(t)
	w.offer(approved(w))
	id := w.ask("other")
	before := w.snapshot()
	w.call("admin/"+scopeRead+"+"+scopeSubject, "POST", requestPath+"/"+id+"/cancel", nil).want(404)
	if w.snapshot() != before {
		t.Error("S13: something changed")
	}
	w.call("admin/"+scopeWrite, "POST", requestPath+"/"+id+"/cancel", nil).want(204)
}

// An answer to a change is no other way to read, and no option breaks it.
func TestOptionsOfAReplacement(t *testing.T) {
	w := newFixture(t)
	w.offer(open())
	policy := em + "/assignmentPolicies/" + w.ids["policy"]
	full := w.call("admin", "GET", policy, nil).want(200).body
	before := w.snapshot()
	full["displayName"] = "Replaced"
	w.call("admin", "PUT", policy+"?$expand=nothing", full).want(400)
	w.call("admin", "PUT", policy+"?$select=nothing", full).want(400)
	if w.snapshot() != before {
		t.Error("S13: something changed")
	}
	if got := w.call("admin", "PUT", policy+"?$expand=accessPackage", full).want(200); got.get("accessPackage.id") != w.ids["package"] {
		t.Errorf("replaced: %s", got.text)
	}
}

// An assignment is its subject's: whoever decided on the request reads what was asked for,
// and not what came of it, whichever way.
func TestAnAssignmentIsNotReadThroughItsRequest(t *testing.T) {
	w := newFixture(t)
	stockExpansions(w)
	path := requestPath + "/" + w.ids["held"]
	for who, status := range map[string]int{"member": 200, "admin": 200, "manager": 404, "admin/" + scopeSubject: 404} {
		direct := w.call(who, "GET", heldPath+"/"+w.ids["held"], nil).want(status)
		through := w.call(who, "GET", path+"?$expand=assignment", nil)
		if through.status == 200 && (through.get("assignment.id") != w.ids["held"] || (through.get("assignment.state")+through.get("assignment.status") != "") != (direct.status == 200)) {
			t.Errorf("%s: %s", who, through.text)
		}
	}
}
