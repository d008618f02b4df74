package graph

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
)

// catalogsNamed adds catalogs with the names.
func (w *fixture) catalogsNamed(n int) {
	w.Helper()
	for i := range n {
		w.call("admin", "POST", em+"/catalogs", object{"displayName": fmt.Sprintf("Catalog %03d", i), "state": map[bool]string{true: "published", false: "unpublished"}[i%2 == 0]}).want(201)
	}
}

// path takes the base off a link.
func (r reply) next() string {
	r.Helper()
	link, _ := r.body["@odata.nextLink"].(string)
	if link == "" {
		return ""
	}
	path, ok := strings.CutPrefix(link, publicURL)
	if !ok || !strings.HasPrefix(path, "/v1.0/") {
		r.Fatalf("the link leads elsewhere: %s", link)
	}
	return path
}

func TestPages(t *testing.T) {
	w := newFixture(t)
	w.catalogsNamed(130)
	first := w.call("admin", "GET", em+"/catalogs", nil)
	if len(first.values()) != 100 || first.next() == "" {
		t.Fatalf("the first page has %d", len(first.values()))
	}

	path := em + "/catalogs?" + url.Values{"$top": {"7"}, "$filter": {"state eq 'published' and contains(displayName,'log 0')"}, "$select": {"displayName"}, "$count": {"true"}}.Encode()
	seen := map[string]bool{}
	pages := 0
	for ; path != ""; pages++ {
		page := w.call("admin", "GET", path, nil)
		for _, c := range page.values() {
			name := dig(c, "displayName")
			if seen[name] || len(c.(object)) != 2 {
				t.Fatalf("page %d: %v", pages, c)
			}
			seen[name] = true
		}
		path = page.next()
	}
	if len(seen) != 50 || pages != 8 {
		t.Errorf("%d catalogs on %d pages, want 50 on 8", len(seen), pages)
	}
	if got := w.call("admin", "GET", em+"/catalogs?$count=true", nil); got.body["@odata.count"] != 130.0 || len(got.values()) != 100 {
		t.Errorf("counted %s", got.get("@odata.count"))
	}
	if got := w.call("admin", "GET", filtered(em+"/catalogs", "displayName eq 'catalog 005'")+"&$count=true&$top=999&$orderby=displayName&$search=cat&$skip=0", nil); len(got.values()) != 1 {
		t.Errorf("by name: %s", got.text)
	}
	if got := w.call("admin", "GET", "/v1.0/groups?$count=true", nil); got.body["@odata.count"] != 3.0 || got.body["@odata.context"] != publicURL+"/v1.0/$metadata#groups" {
		t.Errorf("counted: %s", got.text)
	}
}

// A12: a page token is good for its caller, its path and its options, and nothing else.
func TestPageTokens(t *testing.T) {
	w := newFixture(t)
	w.catalogsNamed(3)
	next := w.call("admin", "GET", em+"/catalogs?$top=1", nil).want(200).next()
	w.call("admin", "GET", next, nil).want(200)
	w.call("admin", "GET", strings.ReplaceAll(next, "%24", "$"), nil).want(200)

	at, _ := url.Parse(next)
	token := at.Query().Get("$skiptoken")
	altered := "A"
	if strings.HasPrefix(token, altered) {
		altered = "B"
	}
	with := func(change func(url.Values)) string {
		query := at.Query()
		change(query)
		return at.Path + "?" + query.Encode()
	}
	for name, tt := range map[string]struct{ as, path string }{
		"another caller":  {"robot", next},
		"another path":    {"admin", strings.Replace(next, "/catalogs?", "/accessPackages?", 1)},
		"another filter":  {"admin", with(func(q url.Values) { q.Set("$filter", "state eq 'published'") })},
		"another size":    {"admin", with(func(q url.Values) { q.Set("$top", "2") })},
		"without options": {"admin", with(func(q url.Values) { q.Del("$top") })},
		"altered":         {"admin", with(func(q url.Values) { q.Set("$skiptoken", altered+token[1:]) })},
		"cut short":       {"admin", with(func(q url.Values) { q.Set("$skiptoken", token[:8]) })},
		"not base64":      {"admin", with(func(q url.Values) { q.Set("$skiptoken", "%%%") })},
		"two of them":     {"admin", next + "&$skiptoken=" + token},
		"in another case": {"admin", next + "&$SkipToken=" + token},
	} {
		if got := w.call(tt.as, "GET", tt.path, nil); name != "in another case" && got.status != 400 || got.status >= 500 {
			t.Errorf("%s: %d %s", name, got.status, got.text)
		}
	}
}

func TestBaseOfLinks(t *testing.T) {
	w := newFixture(t)
	got := w.send("admin", "GET", "/v1.0/groups", nil, map[string][]string{"Host": {"evil.example.com"}, "X-Forwarded-Host": {"evil.example.com"}}).want(200)
	if got.body["@odata.context"] != publicURL+"/v1.0/$metadata#groups" {
		t.Errorf("context: %s", got.text)
	}
}

func TestNamesOfTheCall(t *testing.T) {
	w := newFixture(t)
	for theirs, want := range map[string]string{"4f1c": "4f1c", "": "", "a\x01b": "", strings.Repeat("x", 200): ""} {
		got := w.send("", "GET", "/v1.0/me", nil, map[string][]string{"Client-Request-Id": {theirs}}).want(401)
		if got.header.Get("Client-Request-Id") != want || got.get("error.innerError.client-request-id") != want || len(got.header.Get("Request-Id")) != 36 {
			t.Errorf("%.10q: %v", theirs, got.header)
		}
	}
}
