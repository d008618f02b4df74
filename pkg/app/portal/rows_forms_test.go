package portal

import (
	"maps"
	"net/url"
	"regexp"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// formsRows are the rows of the plain forms of those who administer.
var formsRows = map[string]row{
	"GET /administration":                         {any: []authz.Action{authz.ReadConnector, authz.ReadOrganization, authz.UpdateUser, authz.UpdateGroup, authz.CreateUser, authz.ReadSettings}},
	"GET /administration/connectors":              {},
	"GET /administration/connectors/new":          {},
	"POST /administration/connectors/new":         {form: always("name", "New", "kind", "scim", "url", "https://new.example/v2", "keys", "userName", "credential", "secret", "readBack", "required", "removalForm", "memberPath", "writes", "serial", "accounts", "existing", "accountsAtEnd", "disabled", "invitations", "guests", "network", "internet")},
	"GET /administration/connectors/{id}":         {path: "id=connector"},
	"GET /administration/connectors/{id}/edit":    {path: "id=connector"},
	"POST /administration/connectors/{id}/edit":   {path: "id=connector", form: always("name", "Edited", "kind", "scim", "url", "https://scim.example/v2", "keys", "userName", "credential", "secret", "readBack", "required", "removalForm", "memberPath", "writes", "serial", "accounts", "existing", "accountsAtEnd", "disabled", "invitations", "guests", "network", "internet")},
	"POST /administration/connectors/{id}/check":  {path: "id=connector", idle: true, form: always()},
	"POST /administration/connectors/{id}/pause":  {path: "id=connector", form: always()},
	"POST /administration/connectors/{id}/resume": {path: "id=paused", form: always()},
	"POST /administration/connectors/{id}/delete": {path: "id=connector", form: always("sure", "yes")},

	"GET /administration/organizations":            {},
	"GET /administration/organizations/new":        {},
	"POST /administration/organizations/new":       {form: always("name", "New", "state", "configured", "source", string(entitlement.SourceDomain), "domain", "new.example")},
	"GET /administration/organizations/{id}":       {path: "id=organization"},
	"GET /administration/organizations/{id}/edit":  {path: "id=organization"},
	"POST /administration/organizations/{id}/edit": {path: "id=organization", form: always("name", "Edited", "state", "proposed")},
	"POST /administration/organizations/{id}/sponsors/add": {path: "id=organization", form: func(w *fixture, _ func(string) string) url.Values {
		return values("list", "internal", "internal", w.ids["member"])
	}},
	"POST /administration/organizations/{id}/sponsors/remove": {path: "id=organization", form: func(w *fixture, _ func(string) string) url.Values {
		return values("list", "internal", "sponsor", w.ids["extra"])
	}},
	"POST /administration/organizations/{id}/delete": {path: "id=organization", form: always("sure", "yes")},

	"GET /administration/people/new":          {},
	"POST /administration/people/new":         {form: always("name", "New", "upn", "new@northwind.example", "type", "Member")},
	"GET /administration/people/{id}/edit":    {path: "id=somebody"},
	"POST /administration/people/{id}/edit":   {path: "id=somebody", form: always("name", "Edited", "upn", "edited@northwind.example", "type", "Member")},
	"POST /administration/people/{id}/turn":   {path: "id=somebody", form: always("was", "yes", "sure", "yes")},
	"POST /administration/people/{id}/delete": {path: "id=somebody", form: always("sure", "yes")},
	"GET /administration/groups":              {},
	"GET /administration/groups/new":          {},
	"POST /administration/groups/new":         {form: always("name", "New")},
	"GET /administration/groups/{id}":         {path: "id=loose"},
	"GET /administration/groups/{id}/edit":    {path: "id=loose"},
	"POST /administration/groups/{id}/edit":   {path: "id=loose", form: always("name", "Edited")},
	"POST /administration/groups/{id}/add":    {path: "id=loose", form: func(w *fixture, _ func(string) string) url.Values { return values("people", w.ids["member"]) }},
	"POST /administration/groups/{id}/remove": {path: "id=loose", form: func(w *fixture, _ func(string) string) url.Values { return values("person", w.ids["extra"]) }},
	"POST /administration/groups/{id}/delete": {path: "id=loose", form: always("sure", "yes")},
	"GET /administration/import":              {},
	"POST /administration/import":             {idle: true, form: always("lines", "userPrincipalName,displayName\nimported@northwind.example,Imported")},
	"POST /administration/import/apply":       {form: importSent},
	"GET /administration/import/left":         {},
	"GET /administration/settings":            {},
	"POST /administration/settings":           {form: always("external", string(entitlement.ExternalUserNone), "related", string(entitlement.InsightCount), "days", "12")},

	"GET /catalogs/{catalog}/resources/{resource}/roles/{role}": {path: "catalog=catalog resource=resource_group role=role_of_group", on: aCatalog},
}

func init() { maps.Copy(rows, served(formsRows)) }

// importSent is the form that follows the check of a file, as the administrator is shown it.
func importSent(w *fixture, _ func(string) string) url.Values {
	w.Helper()
	lines := "userprincipalname,displayname\nimported@northwind.example,Imported"
	checked := w.send(sent{method: "POST", path: "/administration/import", cookie: w.cookies["admin"], form: url.Values{"lines": {lines}, "form": {w.token(w.cookies["admin"])}}})
	out := url.Values{}
	for _, field := range regexp.MustCompile(`<(?:input|textarea)[^>]* name="(seen|columns)" value="([^"]*)"`).FindAllStringSubmatch(checked.text, -1) {
		out.Set(field[1], field[2])
	}
	out.Set("rest", "imported@northwind.example,Imported")
	return out
}

// administered adds to a half what is in no catalog, where there are pages of it.
func (w *fixture) administered(half string) {
	w.Helper()
	if len(served(formsRows)) == 0 {
		return
	}
	shown := w.text(half) // who keeps organizations is told of all of them
	in := func(name string) string { return half + "." + name }
	for _, name := range []string{"connector", "paused"} {
		w.made(in(name), "admin", "/v1.0/leasehold/connectors", object{"displayName": name + ", of " + shown, "kind": "scim", "url": "https://scim.example/v2", "correlationKeys": []string{"userName"}, "credential": "secret"})
	}
	w.api("admin", "PATCH", "/v1.0/leasehold/connectors/"+w.ids[in("paused")], object{"isPaused": true})
	w.made(in("organization"), "admin", em+"/connectedOrganizations", object{"displayName": "Organization, of " + shown, "description": shown,
		"identitySources": []object{{"@odata.type": "#microsoft.graph.domainIdentitySource", "displayName": half + ".example", "domainName": half + ".example"}}})
	w.api("admin", "POST", em+"/connectedOrganizations/"+w.ids[in("organization")]+"/internalSponsors/$ref", object{"@odata.id": site + "/v1.0/users/" + w.ids["extra"]})
	w.ids[in("place")] = entitlement.IdentitySource{Kind: entitlement.SourceDomain, DomainName: half + ".example"}.Place()
	if half == own {
		w.api("admin", "POST", em+"/connectedOrganizations/"+w.ids[in("organization")]+"/internalSponsors/$ref", object{"@odata.id": site + "/v1.0/users/" + w.ids["sponsor"]})
	}
	w.person(in("guest"), object{"userType": "Guest", "userPrincipalName": "guest@" + half + ".example"})
	w.person(in("somebody"), nil)
	w.api("admin", "POST", "/v1.0/groups/"+w.ids[in("loose")]+"/members/$ref", object{"@odata.id": site + "/v1.0/users/" + w.ids["extra"]})
	of, err := w.store.Resource(w.Context(), entitlement.CatalogID(w.ids[in("catalog")]), entitlement.ResourceID(w.ids[in("resource group")]))
	if err != nil {
		w.Fatal(err)
	}
	w.ids[in("role of group")] = of.Roles[0].ID
}
