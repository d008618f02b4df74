package odata_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/graph/odata"
)

type object = map[string]any

// tree is an entity with a value of every sort.
func tree() object {
	return object{
		"id": "1b4e28ba-2fa1-41d2-883f-0016d3cca427", "displayName": "O'Connor & Söhne", "state": "delivered", "originId": odata.Exact("Member_A"),
		"isHidden": false, "attempts": 3, "description": nil, "createdDateTime": time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC),
		"target": object{"objectId": "T1"}, "accessPackage": concealed{object{"id": "P1"}},
		"identities": []any{object{"issuer": "a", "value": 1}, object{"issuer": "b", "value": 2}},
	}
}

type concealed struct{ seen any }

func (c concealed) Seen() any { return c.seen }

func TestMatch(t *testing.T) {
	tests := map[string]bool{
		"displayName eq 'O''Connor & Söhne'":                             true,
		"displayname eq 'o''connor & söhne'":                             true,
		"displayName ne 'x'":                                             true,
		"state eq 'Delivered'":                                           true,
		"originId eq 'Member_A'":                                         true,
		"originId eq 'member_a'":                                         false,
		"startswith(originId,'MEMBER')":                                  true,
		"contains(tolower(displayName),'connor')":                        true,
		"endswith(toupper(displayName),'NE')":                            true,
		"contains(displayName,'x') or state eq 'delivered'":              true,
		"not contains(displayName,'x') and not (state eq 'expired')":     true,
		"not (state eq 'expired' or state eq 'delivered')":               false,
		"Target/ObjectID eq 't1'":                                        true,
		"accessPackage/Id eq 'p1'":                                       true,
		"isHidden eq false":                                              true,
		"isHidden eq 'false'":                                            false,
		"isHidden":                                                       false,
		"not isHidden":                                                   true,
		"description eq null":                                            true,
		"displayName ne null":                                            true,
		"null eq description":                                            true,
		"attempts gt 2 and attempts le 3.0":                              true,
		"attempts lt -1":                                                 false,
		"createdDateTime ge 2026-03-01T09:00:00Z":                        true,
		"createdDateTime ge '2026-03-01T09:00:00Z'":                      true,
		"createdDateTime gt 2026-03-01T10:00:00+01:00":                   false,
		"2026-02-28 lt createdDateTime":                                  true,
		"id eq 1B4E28BA-2FA1-41D2-883F-0016D3CCA427":                     true,
		"contains(attempts,'3')":                                         false,
		"identities/any()":                                               true,
		"identities/any(i:i/issuer eq 'a' and i/value eq 1)":             true,
		"identities/any(i:i/issuer eq 'a' and i/value eq 2)":             false,
		"identities/all(i:i/value ge 1)":                                 true,
		"identities/all(i:i/value ge 2)":                                 false,
		"((state eq 'delivered'))":                                       true,
		"state eq 'x' or state eq 'y' and isHidden eq false or 1 eq 1":   true,
		"missing eq null":                                                true,
		"displayName gt 5":                                               false,
		"state in ('expired','Delivered')":                               true,
		"state in ('expired')":                                           false,
		"not (attempts in (1,2)) and description in (null)":              true,
		"originId in ('member_a')":                                       false,
		"'a' lt 'B' and true eq true and false ne true and not (1 ne 1)": true,
	}
	for filter, want := range tests {
		f, err := odata.ParseFilter(filter)
		if err != nil {
			t.Errorf("%s: %v", filter, err)
			continue
		}
		if got := f.Match(tree()); got != want {
			t.Errorf("%s is %v", filter, got)
		}
	}
}

func TestFiltersThatCannotBeRead(t *testing.T) {
	tests := map[string]string{
		"":                                      "its end: expected a property",
		"displayName eq":                        "character 15, its end",
		"displayName eq 'x":                     `"'x": the quoted text has no end`,
		"(displayName eq 'x'":                   "expected )",
		"displayName eq 'x')":                   `")": expected and, or, or the end`,
		"displayName like 'x'":                  `"like 'x'"`,
		"contains(displayName)":                 "expected ,",
		"contains displayName":                  `"displayName"`,
		"a eq 1; drop":                          `"; drop": this character means nothing here`,
		"a/ eq 1":                               "expected",
		"not":                                   "its end",
		"identities/any(i i/issuer eq 'a')":     "expected :",
		"a eq 'x' " + strings.Repeat("\x00", 3): "means nothing",
		strings.Repeat("a", 2001):               "at most 2000 characters",
		strings.Repeat("not ", 60) + "a":        "more than 50 parts",
		strings.Repeat("(", 900) + "a":          "more than 50 parts",
		"\xff":                                  "valid UTF-8",
		strings.TrimSuffix(strings.Repeat("a eq 1 or ", 100), " or "): "more than 50 parts",
	}
	for filter, want := range tests {
		_, err := odata.ParseFilter(filter)
		if entitlement.KindOf(err) != entitlement.Invalid || !strings.Contains(entitlement.MessageOf(err), want) {
			t.Errorf("%.60q: %v, want %q", filter, err, want)
		}
	}
}

func TestCheck(t *testing.T) {
	for filter, fine := range map[string]bool{
		"displayName eq 'x' and target/objectid eq 'y' and accessPackage/id eq 'z'": true,
		"identities/any(i:i/issuer eq 'a')":                                         true,
		"credential eq 'x'":                                                         false,
		"target/credential eq 'x'":                                                  false,
		"identities/any(i:i/secret eq 'a')":                                         false,
		"target/any(i:i/issuer eq 'a')":                                             false,
		"not contains(tolower(nothing),'a')":                                        false,
	} {
		f, err := odata.ParseFilter(filter)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Check(tree()); (err == nil) != fine {
			t.Errorf("%s: %v", filter, err)
		}
	}
}

func TestEqual(t *testing.T) {
	for filter, want := range map[string]string{
		"accessPackage/id eq 'p'":                               "p",
		"'p' eq AccessPackage/ID":                               "p",
		"state eq 'x' and (accessPackage/id eq 'p' and a eq 1)": "p",
		"accessPackage/id eq 'p' or state eq 'x'":               "",
		"not (accessPackage/id eq 'p')":                         "",
		"accessPackage/id ne 'p'":                               "",
		"accessPackage/id eq null":                              "",
	} {
		f, err := odata.ParseFilter(filter)
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := f.Equal("accessPackage/id"); got != want {
			t.Errorf("%s demands %q, want %q", filter, got, want)
		}
	}
	if _, ok := (*odata.Filter)(nil).Equal("id"); ok {
		t.Error("no filter demands something")
	}
	f, _ := odata.ParseFilter("id eq 'x'")
	if _, _, err := odata.EqualID[string](f, "id"); entitlement.KindOf(err) != entitlement.Invalid {
		t.Errorf("an id that is none: %v", err)
	}
}

func TestOptions(t *testing.T) {
	query, err := url.ParseQuery("%24expand=resourceRoleScopes(%24expand=role($expand=resource%3B$select=id),scope)+,+catalog&$select=id,displayName&$top=5&$COUNT=True&$orderby=x&other=1")
	if err != nil {
		t.Fatal(err)
	}
	o, err := odata.Parse(query)
	if err != nil || len(o.Expand) != 2 || o.Expand[0].Expand[0].Expand[0].Name != "resource" || o.Expand[0].Expand[0].Select[0] != "id" || o.Expand[1].Name != "catalog" ||
		len(o.Select) != 2 || o.Top != 5 || !o.Count {
		t.Fatalf("got %+v, %v", o, err)
	}
	for _, bad := range []string{"$top=0", "$top=x", "$top=1000", "$top=-1", "$count=maybe", "$filter=a&$filter=b", "$nothing=1", "$select=a%20b", "$select=", "$expand=a(", "$expand=a)", "$expand=a($x=1)",
		"$expand=" + strings.Repeat("a,", 30) + "a", "$expand=" + strings.Repeat("a($expand=", 10) + "a" + strings.Repeat(")", 10), "$expand=" + strings.Repeat("a", 3000), "$skiptoken="} {
		query, err := url.ParseQuery(strings.ReplaceAll(bad, ";", "%3B"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := odata.Parse(query); entitlement.KindOf(err) != entitlement.Invalid {
			t.Errorf("%.60s: %v", bad, err)
		}
	}
}

// null comes first, then what is smaller; texts in any case, and what is alike stays as it was.
func TestOrderSearchSkipAndTop(t *testing.T) {
	at := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	trees := []object{
		{"id": "1", "n": "b", "b": true, "t": at, "x": object{"y": 2}},
		{"id": "2", "n": "A", "b": false, "t": at.Add(time.Second), "x": object{"y": 1}},
		{"id": "3", "n": nil, "b": true, "t": nil, "x": concealed{object{"y": 3}}},
		{"id": "4", "n": "a b", "b": false, "t": at.Add(-time.Second), "x": nil},
	}
	for options, want := range map[string]string{
		"$orderby=n":                           "3 2 4 1",
		"$orderby=N desc":                      "1 4 2 3",
		"$orderby=b,n desc":                    "4 2 1 3",
		"$orderby=t":                           "3 4 1 2",
		"$orderby=x/y desc":                    "3 1 2 4",
		"$search=B":                            "1 4",
		"$search=a AND b":                      "4",
		"$search=\"n:a b\"":                    "4",
		"$search=true":                         "",
		"$orderby=n&$skip=1&$top=2":            "2 4",
		"$filter=b eq true&$skip=1":            "3",
		"$skip=9":                              "",
		"$filter=b eq false&$orderby=t&$top=1": "4",
		"$search=\"1\"":                        "",
	} {
		query, err := url.ParseQuery(options)
		if err != nil {
			t.Fatal(err)
		}
		o, err := odata.Parse(query)
		if err != nil {
			t.Fatal(err)
		}

		shown, _ := o.Rows.Of(trees)
		var ids []string
		for _, tree := range shown {
			ids = append(ids, tree["id"].(string))
		}
		if got := strings.Join(ids, " "); got != want {
			t.Errorf("%s: %s, want %s", options, got, want)
		}
	}
}

func TestPrefix(t *testing.T) {
	for filter, want := range map[string]string{
		"displayName eq 'X'":                       "X!",
		"'X' eq displayname":                       "X!",
		"startswith(displayName,'x') and a eq 1":   "x",
		"a eq 1 and (tolower(displayName) eq 'x')": "x!",
		"startswith('x',displayName)":              "",
		"startswith(displayName,'x') or a eq 1":    "",
		"not startswith(displayName,'x')":          "",
		"contains(displayName,'x')":                "",
		"displayName in ('x')":                     "",
	} {
		f, err := odata.ParseFilter(filter)
		if err != nil {
			t.Fatal(err)
		}
		got, whole, _ := f.Prefix("displayName")
		if whole {
			got += "!"
		}
		if got != want {
			t.Errorf("%s demands %q, want %q", filter, got, want)
		}
	}
}

func FuzzFilter(f *testing.F) {
	for _, seed := range []string{"a eq 'b''c'", "not (a/b ne null) or contains(tolower(a),'x')", "identities/any(i:i/issuer eq 'a')", "x ge 2026-01-01T00:00:00Z", "((((", "any(a:", "'", "a/any(", "eq eq eq", "state in ('a','b') and not (id in ('c'))", "a in (", "a in (b)", "startswith(tolower(displayName),'s')", "'a' eq tolower('a')"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		filter, err := odata.ParseFilter(s)
		if err != nil {
			if entitlement.KindOf(err) != entitlement.Invalid {
				t.Errorf("%q: %v", s, err)
			}
			return
		}
		filter.Match(tree())
		filter.Check(tree())
		filter.Equal("id")

		// What a filter demands of a name, every tree has that it lets through.
		if text, whole, ok := filter.Prefix("displayName"); ok && filter.Match(tree()) {
			name := strings.ToLower(tree()["displayName"].(string))
			if text = strings.ToLower(text); !strings.HasPrefix(name, text) || whole && name != text {
				t.Errorf("%q demands %q and lets %q through", s, text, name)
			}
		}
	})
}

func FuzzOptions(f *testing.F) {
	f.Add("a($expand=b,c($select=d)),e", "a,b", "a desc", "x")
	f.Add("a((;)", "*", "a/b,c asc", `"displayName:a" AND b`)
	f.Add("a($filter=b eq ';)';$orderby=c desc;$top=1;$skip=2;$count=true;$search=x)", "id", ",", `"`)
	f.Fuzz(func(t *testing.T, expand, selected, order, search string) {
		o, err := odata.Parse(url.Values{"$expand": {expand}, "$select": {selected}, "$orderby": {order}, "$search": {search}})
		if err != nil {
			if entitlement.KindOf(err) != entitlement.Invalid {
				t.Error(err)
			}
			return
		}

		o.Rows.Check(tree())
		two := []object{tree(), {"displayName": "x"}}
		if shown, n := o.Rows.Of(two); len(shown) != n || n > 2 {
			t.Errorf("%q %q: %d of %d", order, search, len(shown), n)
		}
		for _, e := range o.Expand {
			e.Rows.Check(tree())
			if shown, n := e.Rows.Of(two); len(shown) > n || e.Top > 0 && len(shown) > e.Top {
				t.Errorf("%q: %d of %d", expand, len(shown), n)
			}
		}
	})
}
