package graph

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"leasehold/pkg/entitlement"
)

// register adds a target whose resources the manager may bring into catalogs.
func (w *fixture) register(name string) string {
	w.Helper()
	return w.call("admin", "POST", ours+"/connectors", object{"displayName": name, "kind": "scim", "url": "https://" + strings.ToLower(name) + ".example.com/scim", "correlationKeys": []string{"userName"},
		"resourceManagers": []string{w.ids["manager"]}, "credential": "geheim"}).want(201).get("id")
}

func offersOf(connector string) string { return ours + "/connectors/" + connector + "/resources" }

const builtinOffers = ours + "/connectors/" + string(entitlement.BuiltinConnector) + "/resources"

// What a picker shows of each group is what adding it would say.
func TestR10_R11_APickerSaysOfEachGroupWhetherItCanBeGivenAndWhyNot(t *testing.T) {
	w := newFixture(t)
	reasons := map[string]string{"sales": ""}
	for name, more := range map[string]object{
		"synced":       {"onPremisesSyncEnabled": true, "securityEnabled": true, "mailEnabled": false},
		"dynamic":      {"groupTypes": []string{"DynamicMembership"}, "membershipRule": "user.department -eq \"Sales\"", "securityEnabled": true, "mailEnabled": false},
		"distribution": {"mailEnabled": true, "securityEnabled": false},
		"modern":       {"mailEnabled": true, "securityEnabled": false, "groupTypes": []string{"Unified"}},
	} {
		more["displayName"], more["mailNickname"] = name, name
		w.ids[name] = w.call("admin", "POST", "/v1.0/groups", more).want(201).get("id")
		reasons[name] = map[string]string{"synced": "synchronized", "dynamic": "dynamic", "distribution": "distribution group"}[name]
	}

	seen := 0
	for _, v := range w.all(builtinOffers) {
		name := dig(v, "displayName")
		reason, known := reasons[name]
		if !known {
			continue
		}
		seen++
		if grantable := dig(v, "isGrantable"); grantable != fmt.Sprint(reason == "") || !strings.Contains(dig(v, "reason"), reason) {
			t.Errorf("%s is shown as %v", name, v)
		}
		if dig(v, "originId") != w.ids[name] || dig(v, "originSystem") != "AadGroup" {
			t.Errorf("%s is shown as %v", name, v)
		}
	}
	if seen != len(reasons) {
		t.Errorf("%d of %d groups are shown", seen, len(reasons))
	}
}

// Administrators and auditors see what every target has; by a role in a catalog, those who
// manage a resource see that resource, and nobody else anything.
func TestR172_APickerShowsAnOwnerOfACatalogWhatIsTheirsToBring(t *testing.T) {
	w := newFixture(t)
	w.offer(open())
	crm, erp := w.register("CRM"), ours+"/connectors/"+w.call("admin", "POST", ours+"/connectors", object{"displayName": "ERP", "kind": "scim", "url": "https://erp.example.com", "correlationKeys": []string{"mail"},
		"credential": "geheim"}).want(201).get("id")+"/resources"

	for _, who := range []string{"manager", "member"} {
		w.call(who, "GET", builtinOffers, nil).want(403)
		w.call(who, "GET", offersOf(crm), nil).want(403)
	}
	// Whoever only manages packages does not bring anything into a catalog.
	w.assign("admin", "manager", entitlement.AccessPackageManager, w.ids["catalog"]).want(201)
	w.call("manager", "GET", offersOf(crm), nil).want(403)

	w.assign("admin", "manager", entitlement.CatalogOwner, w.ids["catalog"]).want(201)
	if n := len(w.call("manager", "GET", offersOf(crm), nil).want(200).values()); n != 2 {
		t.Errorf("a resource manager sees %d resources", n)
	}
	w.call("manager", "GET", erp, nil).want(403)
	if n := len(w.all(builtinOffers)); n < 3 {
		t.Errorf("an administrator sees %d groups", n)
	}

	mine := func() (names []string) {
		for _, v := range w.call("manager", "GET", builtinOffers, nil).want(200).values() {
			names = append(names, dig(v, "displayName")+": "+dig(v, "reason"))
		}
		slices.Sort(names)
		return names
	}
	if got := mine(); len(got) != 0 {
		t.Errorf("owns no group, and sees %q", got)
	}
	for _, group := range []string{"sales", "reviewers"} {
		w.call("admin", "POST", "/v1.0/groups/"+w.ids[group]+"/owners/$ref", object{"@odata.id": publicURL + "/v1.0/users/" + w.ids["manager"]}).want(204)
	}
	w.assign("admin", "reviewers", entitlement.CatalogReader, w.ids["catalog"]).want(201)
	if got := mine(); len(got) != 2 || !strings.HasPrefix(got[0], "reviewers: The group holds delegated roles") || !strings.HasPrefix(got[1], "sales: ") || len(got[1]) > len("sales: null") {
		t.Errorf("sees %q", got)
	}

	w.assign("admin", "other", entitlement.Auditor, "").want(201)
	w.call("other", "GET", erp, nil).want(200)
	w.call("other", "POST", strings.TrimSuffix(erp, "/resources")+"/check", nil).want(403)
	w.call("manager/"+scopeSubject, "GET", offersOf(crm), nil).want(403)
}

// A list of a target is a list like any other: pages that continue for their caller alone,
// and every option honoured or refused.
func TestA12_APickerHasThePagesAndTheOptionsOfLists(t *testing.T) {
	w := newFixture(t)
	crm := w.register("CRM")
	at := offersOf(crm)

	page := w.call("admin", "GET", at+"?$top=1&$count=true", nil).want(200)
	if len(page.values()) != 1 || page.body["@odata.count"] != 2.0 || page.next() == "" {
		t.Fatalf("first page: %s", page.text)
	}
	if last := w.call("admin", "GET", page.next(), nil).want(200); dig(last.one(), "displayName") != "Beta" || last.next() != "" {
		t.Errorf("last page: %s", last.text)
	}
	w.call("robot", "GET", page.next(), nil).want(400)

	for query, want := range map[string]string{
		`$search="displayName:alp"`:                        "Alpha",
		`$search=beta`:                                     "Beta",
		`$search="displayName:gamma"`:                      "",
		"$filter=isGrantable eq true":                      "Alpha Beta",
		"$filter=startswith(displayName,'b')":              "Beta",
		"$orderby=displayName desc":                        "Beta Alpha",
		"$select=displayName&$skip=1&$orderby=displayName": "Beta",
	} {
		var got []string
		name, value, _ := strings.Cut(query, "=")
		_, rest, more := strings.Cut(value, "&")
		if more {
			value, rest = strings.TrimSuffix(value, "&"+rest), "&"+rest
		}
		for _, v := range w.call("admin", "GET", at+"?"+name+"="+url.QueryEscape(value)+strings.ReplaceAll(rest, " ", "%20"), nil).want(200).values() {
			got = append(got, dig(v, "displayName"))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %q, want %s", query, got, want)
		}
	}
	for _, bad := range []string{"$expand=roles", "$filter=credential%20eq%20'x'", "$search=%22originId:0%22", "$apply=x", "$top=0.5"} {
		w.call("admin", "GET", at+"?"+bad, nil).want(400)
	}
	w.call("admin", "GET", offersOf("00000000-0000-4000-8000-00000000ffff"), nil).want(404)
}

// A check is kept with its connector, and shows nothing of a credential; it moves no entity tag.
func TestA20_ACheckIsKeptWithTheConnectorAndHoldsNoCredential(t *testing.T) {
	w := newFixture(t)
	made := w.call("admin", "POST", ours+"/connectors", object{"displayName": "CRM", "kind": "scim", "url": "https://crm.example.com", "correlationKeys": []string{"mail"}, "credential": "geheim"}).want(201)
	at := ours + "/connectors/" + made.get("id")

	checked := w.call("admin", "GET", at, nil).want(200)
	if checked.get("check.dialect") != "SCIM 2.0" || checked.get("check.shows") != `["groups"]` || checked.get("check.filters") != `["groups.displayName eq"]` || checked.get("check.error") != "null" && checked.get("check.error") != "" {
		t.Errorf("after registration: %s", checked.text)
	}
	when := checked.get("check.dateTime")
	w.clock.Advance(1e9)

	// A name says nothing about the target; an address does.
	tag := tagOf(made)
	w.onlyIf(tag, "PATCH", at, object{"displayName": "Customers"}).want(204)
	if got := w.call("admin", "GET", at, nil).get("check.dateTime"); got != when {
		t.Errorf("looked at again at %s", got)
	}
	w.call("admin", "PATCH", at, object{"url": "https://crm2.example.com", "credential": "geheim"}).want(204)
	if got := w.call("admin", "GET", at, nil).get("check.dateTime"); got == when {
		t.Errorf("not looked at again")
	}

	w.clock.Advance(1e9)
	again := w.call("admin", "POST", at+"/check", nil).want(200)
	if again.get("check.dateTime") <= when || again.get("id") != made.get("id") {
		t.Errorf("checked: %s", again.text)
	}
	w.call("admin", "PATCH", at, object{"check": nil, "displayName": "As read"}).want(204)
	w.call("admin", "POST", ours+"/connectors/"+string(entitlement.BuiltinConnector)+"/check", nil).want(422)
	if text := w.call("admin", "GET", ours+"/events/connector/"+made.get("id"), nil).text; strings.Count(text, `"checked"`) != 1 || strings.Contains(text+again.text+w.log.String(), "geheim") {
		t.Errorf("events: %s", text)
	}
}

// A catalog takes an application as one resource with each of its roles, and a package any
// number of them, each by itself.
func TestR8_APackageHoldsSeveralRolesOfOneApplication(t *testing.T) {
	w := newFixture(t)
	w.offer(open())
	crm := w.register("CRM")
	add := func(system, origin, environment string) reply {
		resource := object{"originId": origin, "originSystem": system}
		if environment != "" {
			resource["environment"] = object{"id": environment}
		}
		return w.call("admin", "POST", em+"/resourceRequests", object{"requestType": "adminAdd", "catalog": object{"id": w.ids["catalog"]}, "resource": resource})
	}
	add("AadApplication", "application", "").want(400)
	add("AadApplication", "group", crm).want(400) // the target says that it is none
	add("Scim", "application", crm).want(400)     // or that it is one
	add("AadApplication", "application", string(entitlement.BuiltinConnector)).want(400)
	add("aadapplication", "application", crm).want(201)
	add("AadApplication", "application", crm).want(409)

	resource := w.call("admin", "GET", filtered(em+"/catalogs/"+w.ids["catalog"]+"/resources", "originSystem eq 'AadApplication'")+"&$expand=roles,environment", nil).one()
	if dig(resource, "originId") != "application" || dig(resource, "environment.id") != crm {
		t.Errorf("resource: %v", resource)
	}
	for _, value := range []string{"auditor", `a "b" / _c`} {
		w.call("admin", "POST", packagePath+"/"+w.ids["package"]+"/resourceRoleScopes", object{
			"role":  object{"originId": value, "originSystem": "AadApplication", "resource": object{"originId": "application", "originSystem": "AadApplication", "environment": object{"id": crm}}},
			"scope": object{"originId": "application", "originSystem": "AadApplication"}}).want(201)
	}
	w.call("admin", "POST", packagePath+"/"+w.ids["package"]+"/resourceRoleScopes", object{
		"role":  object{"originId": "root", "originSystem": "AadApplication", "resource": object{"id": dig(resource, "id")}},
		"scope": object{"originId": "application", "originSystem": "AadApplication"}}).want(400)

	text := w.call("admin", "GET", packagePath+"/"+w.ids["package"]+"?$expand=resourceRoleScopes($expand=role,scope)", nil).want(200).text
	if !strings.Contains(text, `"auditor"`) || !strings.Contains(text, `a \"b\" / _c`) {
		t.Errorf("package: %s", text)
	}
}

// A SharePoint site is named by its address, at its connector, and a role of it by the number of
// its group.
func TestR9_ASharePointSiteIsNamedByItsAddressAtItsConnector(t *testing.T) {
	w := newFixture(t)
	w.offer(open())
	at := w.call("admin", "POST", ours+"/connectors", object{"displayName": "Sites", "kind": "sharepoint", "url": "https://contoso.sharepoint.com", "correlationKeys": []string{"mail"}, "credential": "x"}).want(201).get("id")
	const site = "https://contoso.sharepoint.com/sites/sales"
	resource := func(origin, environment string) object {
		r := object{"originId": origin, "originSystem": "sharePointOnline"}
		if environment != "" {
			r["environment"] = object{"id": environment}
		}
		return r
	}
	add := func(origin, environment string) reply {
		return w.call("admin", "POST", em+"/resourceRequests", object{"requestType": "adminAdd", "catalog": object{"id": w.ids["catalog"]}, "resource": resource(origin, environment)})
	}
	scope := func(role string) reply {
		return w.call("admin", "POST", packagePath+"/"+w.ids["package"]+"/resourceRoleScopes", object{
			"role":  object{"originId": role, "originSystem": "SharePointOnline", "resource": resource(site, at)},
			"scope": object{"originId": site, "originSystem": "SharePointOnline", "isRootScope": true}})
	}

	for name, got := range map[string]reply{"no site": add("sales", at), "no address that is safe": add("http://contoso.sharepoint.com", at)} {
		if got.status != http.StatusBadRequest || !strings.Contains(got.text, "https address of the site") {
			t.Errorf("%s: %d %s", name, got.status, got.text)
		}
	}
	if got := add(site, ""); got.status != http.StatusBadRequest || !strings.Contains(got.text, "resource.environment.id must name the connector") {
		t.Errorf("no connector: %d %s", got.status, got.text)
	}
	add(site, at).want(201)
	add(site, at).want(409)
	scope("Owner").want(400)
	scope("7").want(400) // the site has no such group
	scope("4").want(201)
	if n := len(w.call("admin", "GET", filtered(em+"/resourceEnvironments", "originSystem eq 'SharePointOnline'"), nil).want(200).values()); n != 1 {
		t.Errorf("%d environments", n)
	}
}
