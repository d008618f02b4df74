package graph

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"leasehold/pkg/entitlement"
)

// optioned adds options, written a=b and parted by spaces around &, to a path.
func optioned(path string, options ...string) string {
	query := url.Values{}
	for _, option := range options {
		name, value, _ := strings.Cut(option, "=")
		query.Add(name, value)
	}
	return path + "?" + query.Encode()
}

// What is sent to a list, to one thing or with a change is honoured or refused, with the
// reason; never is it left out in silence.
func TestS21_NoOptionIsIgnored(t *testing.T) {
	w := newFixture(t)
	w.offer(open())
	catalogs, one := em+"/catalogs", packagePath+"/"+w.ids["package"]

	for _, tt := range []struct{ path, says string }{
		{optioned(one, "$filter=isHidden eq true"), "$filter is for lists"},
		{optioned(one, "$top=1"), "$top is for lists"},
		{optioned(one, "$orderby=displayName"), "$orderby is for lists"},
		{optioned(one, "$search=x"), "$search is for lists"},
		{optioned(one, "$count=true"), "$count is for lists"},
		{optioned(one, "$skip=1"), "$skip is for lists"},
		{optioned("/v1.0/me", "top=1"), "$top is for lists"},
		{optioned(catalogs, "$orderby=nothing"), "no property nothing"},
		{optioned(catalogs, "$orderby=accessPackages"), "accessPackages"},
		{optioned(catalogs, "$orderby=displayName sideways"), "asc"},
		{optioned(catalogs, "$search=a OR b"), "use $filter"},
		{optioned(catalogs, `$search="nothing:a"`), "no property nothing"},
		{optioned(catalogs, "$skip=-1"), "$skip"},
		{optioned(catalogs, "$skip=10001"), "nextLink"},
		{optioned(catalogs, "$format=xml"), "json"},
		{optioned(catalogs, "$apply=aggregate"), "There is no option $apply"},
		{optioned(catalogs, "$top=1", "top=2"), "sent 2 times"},
		{optioned(catalogs, "$expand=accessPackages($levels=2)"), "$levels"},
		{optioned(catalogs, "$expand=accessPackages($top=0)"), "$top"},
		{optioned(catalogs, "$expand=accessPackages($top=1;$top=2)"), "twice"},
		{optioned(catalogs, "$expand=accessPackages($filter=nothing eq 1)"), "no such property"},
		{optioned(catalogs, "$expand=accessPackages($orderby=nothing)"), "no property nothing"},
		{optioned(catalogs, "$expand=accessPackages($select=nothing)"), "no property nothing"},
		{optioned(packagePath, "$expand=catalog($filter=state eq 'published')"), "not a list"},
		{optioned(packagePath, "$expand=catalog($top=1)"), "not a list"},
		{optioned(em+"/assignmentPolicies", "$expand=questions($top=1)"), "does not take $top"},
		{optioned(catalogs+"/$count", "$top=1"), "not $top"},
		{optioned(catalogs+"/$count", "$expand=accessPackages"), "not $expand"},
	} {
		got := w.call("admin", "GET", tt.path, nil)
		if got.status != 400 || !strings.Contains(got.get("error.message"), tt.says) {
			t.Errorf("%s: %d %s, want it to say %q", tt.path, got.status, got.text, tt.says)
		}
	}

	before := w.snapshot()
	for _, tt := range []struct {
		method, path string
		body         object
	}{
		{"POST", optioned(catalogs, "$select=id"), object{"displayName": "New"}},
		{"PATCH", optioned(catalogs+"/"+w.ids["catalog"], "$filter=a eq 1"), object{"displayName": "New"}},
		{"DELETE", optioned(em+"/assignmentPolicies/"+w.ids["policy"], "$expand=accessPackage"), nil},
		{"PUT", optioned(em+"/assignmentPolicies/"+w.ids["policy"], "$top=1"), object{"displayName": "New"}},
	} {
		var body any
		if tt.body != nil {
			body = tt.body
		}
		if got := w.call("admin", tt.method, tt.path, body).want(400); !strings.Contains(got.get("error.message"), "is for reading") {
			t.Errorf("%s %s: %s", tt.method, tt.path, got.text)
		}
	}
	if w.snapshot() != before {
		t.Error("S13: something changed")
	}

	// Without its $ an option is the same one, as Graph takes it.
	if got := w.call("admin", "GET", optioned("/v1.0/groups", "filter=displayName eq 'sales'", "count=true"), nil).want(200); len(got.values()) != 1 || got.body["@odata.count"] != 1.0 {
		t.Errorf("without $: %s", got.text)
	}
}

// Inside of $expand the options do to the inner list what they do to an outer one.
func TestS21_OptionsInsideOfAnExpansionAreHonoured(t *testing.T) {
	w := newFixture(t)
	w.offer(open())
	for i := range 9 {
		w.call("admin", "POST", packagePath, object{"displayName": fmt.Sprintf("Inner %d", 9-i), "isHidden": i%3 == 0, "catalog": object{"id": w.ids["catalog"]}}).want(201)
	}
	catalog := em + "/catalogs/" + w.ids["catalog"]
	names := func(options string) (list []string) {
		got := w.call("admin", "GET", optioned(catalog, "$expand=accessPackages("+options+")"), nil).want(200)
		for _, p := range got.body["accessPackages"].([]any) {
			list = append(list, dig(p, "displayName"))
		}
		if count := got.body["accessPackages@odata.count"]; count != nil {
			list = append(list, fmt.Sprint("of ", count))
		}
		return list
	}

	for options, want := range map[string]string{
		"$filter=startswith(displayName,'inner') and isHidden eq true":                  "Inner 3,Inner 6,Inner 9",
		"$filter=displayName in ('Inner 4','Inner 2')":                                  "Inner 2,Inner 4",
		"$filter=isHidden eq true;$orderby=displayName desc;$top=2;$count=true":         "Inner 9,Inner 6,of 3",
		"$orderby=isHidden desc,displayName;$skip=1;$top=3;$select=displayName":         "Inner 6,Inner 9,Inner 1",
		"$search=inner;$top=1;$expand=catalog($select=id)":                              "Inner 1",
		"$filter=catalog/id eq '" + w.ids["catalog"] + "' and displayName eq 'package'": "Package",
	} {
		if got := strings.Join(names(options), ","); got != want {
			t.Errorf("%s: %s, want %s", options, got, want)
		}
	}

	listed := w.call("admin", "GET", optioned(em+"/catalogs", "$expand=accessPackages($top=1;$count=true;$select=id)"), nil).one()
	if inner := listed["accessPackages"].([]any); len(inner) != 1 || len(inner[0].(object)) != 1 || listed["accessPackages@odata.count"] != 10.0 {
		t.Errorf("in a list: %v", listed)
	}
}

// By name an index answers: how many others there are costs nothing.
func TestS21_WhatIsNamedIsFoundWithoutReadingTheList(t *testing.T) {
	w := newFixture(t)
	w.offer(open())
	grow := func(from, to int) {
		for i := from; i < to; i++ {
			name := fmt.Sprintf("Named %03d", i)
			w.call("admin", "POST", em+"/catalogs", object{"displayName": name}).want(201)
			w.call("admin", "POST", "/v1.0/groups", object{"displayName": name, "mailNickname": "n"}).want(201)
			w.call("admin", "POST", "/v1.0/users", object{"displayName": "x", "userPrincipalName": fmt.Sprintf("named%03d@example.com", i)}).want(201)
			w.call("admin", "POST", packagePath, object{"displayName": name, "catalog": object{"id": w.ids["catalog"]}}).want(201)
		}
	}

	paths := []string{
		filtered(em+"/catalogs", "displayName eq 'named 007'"),
		filtered(packagePath, "displayName eq 'Named 007' and isHidden eq false"),
		filtered(packagePath, "startswith(tolower(displayName),'named 007')"),
		filtered(packagePath, "catalog/id eq '"+w.ids["catalog"]+"' and displayName eq 'Named 007'"),
		filtered("/v1.0/groups", "displayName eq 'Named 007'"),
		filtered("/v1.0/users", "userPrincipalName eq 'named007@example.com'"),
		filtered("/v1.0/users", "startswith(userPrincipalName,'named007')"),
	}
	grow(0, 10)
	few := map[string]int64{}
	for _, path := range paths {
		few[path] = w.counted(path)
	}
	grow(10, 250)
	for _, path := range paths {
		w.call("admin", "GET", path, nil).one()
		if many := w.counted(path); many != few[path] {
			t.Errorf("%s: %d reads among few, %d among many", path, few[path], many)
		}
	}
}

// A list that is longer than one call reads is not counted or ordered in part: it is
// refused, and told what to do instead. What an index finds in it is found.
func TestS21_AListThatIsTooLongIsRefusedWithWhatToDo(t *testing.T) {
	w := newFixture(t)
	var users []entitlement.User
	for i := range maxRows {
		users = append(users, entitlement.User{ID: entitlement.UserID(w.clock.New()), DisplayName: "x", UserPrincipalName: fmt.Sprintf("u%05d@example.com", i), Type: entitlement.Member, Enabled: true})
	}
	for _, u := range users {
		if err := w.store.Commit(t.Context(), entitlement.Change{Users: []entitlement.User{u}}); err != nil {
			t.Fatal(err)
		}
	}

	for _, path := range []string{
		optioned("/v1.0/users", "$count=true"), optioned("/v1.0/users", "$orderby=displayName"), "/v1.0/users/$count",
		filtered("/v1.0/users", "department eq 'nowhere'"), optioned("/v1.0/users", "$search=nowhere"),
	} {
		got := w.call("admin", "GET", path, nil)
		if got.status != http.StatusBadRequest || !strings.Contains(got.get("error.message"), "userPrincipalName by eq or startswith") {
			t.Errorf("%s: %d %.300s", path, got.status, got.text)
		}
	}

	w.call("admin", "GET", filtered("/v1.0/users", "userPrincipalName eq 'u09999@example.com'"), nil).one()
	if got := w.call("admin", "GET", filtered("/v1.0/users", "startswith(userPrincipalName,'u0999')")+"&$count=true&$orderby=userPrincipalName", nil).want(200); len(got.values()) != 10 || got.body["@odata.count"] != 10.0 {
		t.Errorf("by the beginning: %s", got.text)
	}
	if got := w.call("admin", "GET", optioned("/v1.0/users", "$top=999"), nil); len(got.values()) != 999 || got.next() == "" {
		t.Errorf("a page of %d", len(got.values()))
	}
}

// What is expanded is all there is, or refused: a part of it would pass for the whole.
func TestS21_AnExpansionThatIsTooLongIsRefusedWithWhatToDo(t *testing.T) {
	w := newFixture(t)
	w.offer(open())
	for i := range 1000 {
		p := w.packageOf(fmt.Sprint("P", i))
		if err := w.store.Commit(t.Context(), entitlement.Change{Packages: []entitlement.AccessPackage{p}}); err != nil {
			t.Fatal(err)
		}
	}
	path := optioned(em+"/catalogs/"+w.ids["catalog"], "$expand=accessPackages($select=id)")
	if got := w.call("admin", "GET", path, nil).want(400); !strings.Contains(got.get("error.message"), "catalog/id") {
		t.Errorf("got %s", got.text)
	}
}
