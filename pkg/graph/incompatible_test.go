package graph

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// another adds a package to the catalog, with a policy under which every member may ask.
func (w *fixture) another(name string) string {
	w.Helper()
	id := w.call("admin", "POST", packagePath, object{"displayName": name, "catalog": object{"id": w.ids["catalog"]}}).want(201).get("id")
	policy := open()
	policy["displayName"], policy["accessPackage"] = "Policy", object{"id": id}
	w.call("admin", "POST", em+"/assignmentPolicies", policy).want(201)
	return id
}

// list has the package list something as incompatible.
func (w *fixture) list(id, member, address string) reply {
	w.Helper()
	return w.call("admin", "POST", packagePath+"/"+id+"/"+member+"/$ref", object{"@odata.id": address})
}

// idsOf returns the ids of a collection, sorted.
func idsOf(r reply) []string {
	r.Helper()
	var ids []string
	for _, v := range r.values() {
		ids = append(ids, dig(v, "id"))
	}
	slices.Sort(ids)
	return ids
}

func TestR177_IncompatiblePackagesAndGroupsAreListedAddedAndRemoved(t *testing.T) {
	w := newFixture(t)
	w.offer(open())
	a, b := w.ids["package"], w.another("Payments")
	packages, groups, listers := packagePath+"/"+a+"/incompatibleAccessPackages", packagePath+"/"+a+"/incompatibleGroups", packagePath+"/"+b+"/accessPackagesIncompatibleWith"
	for _, path := range []string{packages, groups, listers} {
		if n := len(w.call("admin", "GET", path, nil).values()); n != 0 {
			t.Errorf("%s: %d at first", path, n)
		}
	}

	for _, got := range []reply{w.list(a, "incompatibleAccessPackages", publicURL+packagePath+"/"+b), w.list(a, "incompatibleGroups", publicURL+"/v1.0/groups/"+w.ids["reviewers"])} {
		if got.want(http.StatusNoContent); got.text != "" || got.header.Get("Content-Type") != "" {
			t.Errorf("204 with %q as %q", got.text, got.header.Get("Content-Type"))
		}
	}
	if got := w.call("admin", "GET", packages, nil); dig(got.one(), "id") != b || dig(got.one(), "displayName") != "Payments" || got.body["@odata.context"] != publicURL+"/v1.0/$metadata#identityGovernance/entitlementManagement/accessPackages" {
		t.Errorf("packages: %s", got.text)
	}
	if got := w.call("admin", "GET", groups, nil); dig(got.one(), "id") != w.ids["reviewers"] || dig(got.one(), "displayName") != "reviewers" || got.body["@odata.context"] != publicURL+"/v1.0/$metadata#groups" {
		t.Errorf("groups: %s", got.text)
	}
	if got := w.call("admin", "GET", listers+"?$select=id", nil).one(); len(got) != 1 || dig(got, "id") != a {
		t.Errorf("listers: %v", got)
	}
	for path, what := range map[string]string{packagePath + "/" + b + "/incompatibleAccessPackages": "R178 the other's list", packagePath + "/" + a + "/accessPackagesIncompatibleWith": "R178 its listers"} {
		if n := len(w.call("admin", "GET", path, nil).values()); n != 0 {
			t.Errorf("%s: %d", what, n)
		}
	}

	// Each spelling of the removal, and adding again in between.
	w.call("admin", "DELETE", packages+"/"+b+"/$ref", nil).want(204)
	w.list(a, "incompatibleAccessPackages", packagePath+"/"+b).want(204)
	w.call("admin", "DELETE", packages+"/$ref?@id="+url.QueryEscape(publicURL+packagePath+"/"+b), nil).want(204)
	w.call("admin", "DELETE", groups+"/"+w.ids["reviewers"]+"/$ref", nil).want(204)
	w.list(a, "incompatibleGroups", "/v1.0/directoryObjects/"+w.ids["reviewers"]).want(204)
	w.call("admin", "DELETE", groups+"/$ref?@id="+url.QueryEscape(publicURL+"/v1.0/groups/"+w.ids["reviewers"]), nil).want(204)
	for _, path := range []string{packages, groups, listers} {
		if n := len(w.call("admin", "GET", path, nil).values()); n != 0 {
			t.Errorf("%s: %d in the end", path, n)
		}
	}
}

func TestR178_WhoListsAPackageIsToldPageByPage(t *testing.T) {
	w := newFixture(t)
	w.offer(open())
	var want []string
	for _, name := range []string{"one", "two", "three", "four", "five"} {
		id := w.another(name)
		w.list(id, "incompatibleAccessPackages", packagePath+"/"+w.ids["package"]).want(204)
		want = append(want, id)
	}
	slices.Sort(want)
	var got []string
	for path := packagePath + "/" + w.ids["package"] + "/accessPackagesIncompatibleWith?$top=2"; path != ""; {
		page := w.call("admin", "GET", path, nil)
		ids := idsOf(page)
		if len(ids) > 2 {
			t.Fatalf("%d on a page of two", len(ids))
		}
		got = append(got, ids...)
		next, _ := page.body["@odata.nextLink"].(string)
		path = strings.TrimPrefix(next, publicURL)
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestR177_TheListsAreExpandedForAdministrators(t *testing.T) {
	w := newFixture(t)
	w.offer(open())
	a, b := w.ids["package"], w.another("Payments")
	w.list(a, "incompatibleAccessPackages", packagePath+"/"+b).want(204)
	w.list(b, "incompatibleAccessPackages", packagePath+"/"+a).want(204)
	w.list(a, "incompatibleGroups", "/v1.0/groups/"+w.ids["reviewers"]).want(204)
	const expand = "?$expand=incompatibleAccessPackages($select=displayName),incompatibleGroups"
	got := w.call("admin", "GET", packagePath+"/"+a+expand, nil).want(200)
	packages, groups := got.body["incompatibleAccessPackages"].([]any), got.body["incompatibleGroups"].([]any)
	if len(packages) != 1 || dig(packages[0], "id") != b || dig(packages[0], "displayName") != "Payments" || len(packages[0].(object)) != 2 || len(groups) != 1 || dig(groups[0], "id") != w.ids["reviewers"] {
		t.Errorf("got %s", got.text)
	}
	for _, p := range w.call("admin", "GET", packagePath+expand, nil).values() {
		if n := len(p.(object)["incompatibleAccessPackages"].([]any)); n != 1 {
			t.Errorf("%d listed by %v", n, p)
		}
	}
	w.call("member", "GET", packagePath+"/"+a+expand, nil).want(403)
	plain := w.call("member", "GET", packagePath+"/"+a, nil).want(200)
	if _, told := plain.body["incompatibleGroups"]; told {
		t.Errorf("to a member: %s", plain.text)
	}
	for _, filter := range []string{"incompatibleGroups eq '%s'", "contains(incompatibleGroups,'%s')", "incompatibleGroups/id eq '%s'", "incompatibleGroups/any(g:g eq '%s')"} {
		filter = strings.ReplaceAll(filter, "%s", w.ids["reviewers"])
		if got := w.call("member", "GET", filtered(packagePath+"/filterByCurrentUser(on='allowedRequestor')", filter), nil); got.status == 200 && len(got.values()) != 0 {
			t.Errorf("%s tells a member what is listed: %s", filter, got.text)
		}
	}
}

func TestR179_TheRefusalOnTheWire_R98_AlsoOfADirectAssignment(t *testing.T) {
	w := newFixture(t)
	w.offer(open())
	orders, payments := w.ids["package"], w.another("Payments")
	w.call("member", "POST", requestPath, object{"requestType": "userAdd", "assignment": object{"accessPackageId": payments}}).want(201)
	w.list(orders, "incompatibleAccessPackages", packagePath+"/"+payments).want(204)
	w.list(orders, "incompatibleGroups", "/v1.0/groups/"+w.ids["reviewers"]).want(204)
	before := w.snapshot()
	assign := func(who string) reply {
		return w.call("admin", "POST", requestPath, object{"requestType": "adminAdd", "assignment": object{"targetId": w.ids[who], "accessPackageId": orders, "assignmentPolicyId": w.ids["policy"]}})
	}
	ask := func(who string) reply {
		return w.call(who, "POST", requestPath, object{"requestType": "userAdd", "assignment": object{"accessPackageId": orders}})
	}
	for name, tt := range map[string]struct {
		got  reply
		want string
	}{
		"a holder":           {ask("member"), "You hold the access package Payments, and this one cannot be held together with it: end that assignment first, then ask again."},
		"a member":           {ask("reviewer"), "You are a member of the group reviewers, whose members cannot have this access package: have yourself taken out of the group first, then ask again."},
		"R98 one who holds":  {assign("member"), "This user holds the access package Payments, and this one cannot be held together with it: end that assignment first."},
		"R98 one who is one": {assign("reviewer"), "This user is a member of the group reviewers, whose members cannot have this access package: take the user out of the group first."},
	} {
		if tt.got.status != 422 || tt.got.get("error.code") != "notAllowed" || tt.got.get("error.message") != tt.want {
			t.Errorf("%s: %d %s", name, tt.got.status, tt.got.text)
		}
		checkErrorShape(t, tt.got)
	}
	if w.snapshot() != before {
		t.Error("S13: something changed")
	}
	ask("other").want(201)
}

func TestIncompatible_RefusalsChangeNothing(t *testing.T) {
	w := newFixture(t)
	w.offer(open())
	a, b := w.ids["package"], w.another("Payments")
	w.list(a, "incompatibleAccessPackages", packagePath+"/"+b).want(204)
	w.list(a, "incompatibleGroups", "/v1.0/groups/"+w.ids["reviewers"]).want(204)
	before := w.snapshot()
	packages, groups := packagePath+"/"+a+"/incompatibleAccessPackages", packagePath+"/"+a+"/incompatibleGroups"
	ref := func(address string) object { return object{"@odata.id": address} }
	const exists = "One or more added object references already exist for the following modified properties: "
	for name, r := range map[string]refusal{
		"A24 itself":                {"admin", "POST", packages + "/$ref", ref(packagePath + "/" + a), 400, "invalidRequest", "An access package cannot be incompatible with itself."},
		"a package twice":           {"admin", "POST", packages + "/$ref", ref(packagePath + "/" + b), 400, "invalidRequest", exists + "'incompatibleAccessPackages'."},
		"a group twice":             {"admin", "POST", groups + "/$ref", ref("/v1.0/groups/" + w.ids["reviewers"]), 400, "invalidRequest", exists + "'incompatibleGroups'."},
		"an unknown package":        {"admin", "POST", packages + "/$ref", ref(packagePath + "/" + sampleID), 404, "itemNotFound", "There is no access package with the id " + sampleID + "."},
		"an unknown group":          {"admin", "POST", groups + "/$ref", ref("/v1.0/groups/" + sampleID), 404, "itemNotFound", "There is no group with this id."},
		"of an unknown package":     {"admin", "POST", packagePath + "/" + sampleID + "/incompatibleGroups/$ref", ref("/v1.0/groups/" + w.ids["sales"]), 404, "itemNotFound", "There is no access package with this id."},
		"a group among packages":    {"admin", "POST", packages + "/$ref", ref("/v1.0/groups/" + w.ids["sales"]), 400, "invalidRequest", "@odata.id must end in one of /accessPackages/, and an id."},
		"a package among groups":    {"admin", "POST", groups + "/$ref", ref(packagePath + "/" + b), 400, "invalidRequest", "@odata.id must end in one of /groups/, /directoryObjects/, and an id."},
		"an id that is none":        {"admin", "POST", packages + "/$ref", ref(packagePath + "/x"), 400, "invalidRequest", "The id at the end of @odata.id must be a UUID such as 1b4e28ba-2fa1-11d2-883f-0016d3cca427."},
		"more than an address":      {"admin", "POST", packages + "/$ref", object{"@odata.id": packagePath + "/" + sampleID, "displayName": "x"}, 400, "invalidRequest", "There is no member displayName here."},
		"no body":                   {"admin", "POST", packages + "/$ref", nil, 400, "invalidRequest", "This needs a body: a JSON object."},
		"removed, not listed":       {"admin", "DELETE", packages + "/" + sampleID + "/$ref", nil, 404, "itemNotFound", "The access package does not list the access package " + sampleID + " as incompatible."},
		"removed, a group likewise": {"admin", "DELETE", groups + "/" + sampleID + "/$ref", nil, 404, "itemNotFound", "The access package does not list the group " + sampleID + " as incompatible."},
		"removed, naming nothing":   {"admin", "DELETE", packages + "/$ref", nil, 400, "invalidRequest", "@odata.id must end in one of /accessPackages/, and an id."},
		"lists of nothing":          {"admin", "GET", packagePath + "/" + sampleID + "/accessPackagesIncompatibleWith", nil, 404, "itemNotFound", "There is no access package with this id."},
		"R183 an override":          {"other", "POST", requestPath, object{"requestType": "userAdd", "ignoreIncompatible": true, "assignment": object{"accessPackageId": a}}, 400, "invalidRequest", "There is no member ignoreIncompatible here."},
		"lists below lists":         {"admin", "GET", packagePath + "?$expand=incompatibleAccessPackages($expand=incompatibleAccessPackages)", nil, 400, "invalidRequest", "$expand: incompatibleAccessPackages cannot be expanded here; what can be: ."},
		"a member":                  {"member", "POST", packages + "/$ref", ref(packagePath + "/" + b), 403, "accessDenied", "This needs the role catalog owner or access package manager in the catalog, or an administrator."},
	} {
		t.Run(name, func(t *testing.T) {
			got := w.call(r.as, r.method, r.path, r.body)
			if got.status != r.status || got.get("error.code") != r.code || got.get("error.message") != r.message {
				t.Errorf("got %d %s\n%s\nwant %d %s\n%s", got.status, got.get("error.code"), got.get("error.message"), r.status, r.code, r.message)
			}
			checkErrorShape(t, got)
			if w.snapshot() != before {
				t.Error("S13: something changed")
			}
		})
	}
}

// Who is in a group is what counts, and not who keeps it.
func TestR181_AGroupThatIsFilledFromElsewhereKeepsItsMembersFromAPackage(t *testing.T) {
	for name, sort := range map[string]object{
		"synchronized": {"onPremisesSyncEnabled": true},
		"dynamic":      {"groupTypes": []string{"DynamicMembership"}, "membershipRule": "user.department -eq \"Sales\""},
	} {
		w := newFixture(t)
		w.offer(open())
		w.call("admin", "PATCH", "/v1.0/groups/"+w.ids["reviewers"], sort).want(204)
		w.list(w.ids["package"], "incompatibleGroups", "/v1.0/groups/"+w.ids["reviewers"]).want(204)
		refused := w.call("reviewer", "POST", requestPath, object{"requestType": "userAdd", "assignment": object{"accessPackageId": w.ids["package"]}})
		if refused.status != 422 {
			t.Errorf("%s: a member asks: %d %s", name, refused.status, refused.text)
		}
		w.ask("member")
	}
}
