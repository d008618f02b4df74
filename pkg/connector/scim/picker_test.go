package scim

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/connectortest"
	"leasehold/pkg/entitlement"
)

// allOffers follows a list to its end, and returns the groups on it.
func allOffers(t *testing.T, c *Connector, limit int) (ids []string, pieces int) {
	t.Helper()
	for token := ""; ; {
		page, err := c.ListResources(t.Context(), connector.Query{Limit: limit, Token: token})
		if err != nil {
			t.Fatalf("piece %d: %v", pieces, err)
		}
		pieces++
		for _, o := range page.Items {
			if o.OriginSystem == OriginSystem {
				ids = append(ids, o.OriginID)
			}
		}
		if token = page.Next; token == "" {
			return ids, pieces
		}
		if pieces > 200 {
			t.Fatalf("no end after %d pieces", pieces)
		}
	}
}

func groupsNamed(from, to int) []map[string]any {
	groups := []map[string]any{}
	for i := from; i < to; i++ {
		groups = append(groups, map[string]any{"id": fmt.Sprintf("g%d", i), "displayName": fmt.Sprintf("Group %d", i)})
	}
	return groups
}

// A picker shows what a target has whatever it says of how much that is: each group once, and
// an end.
func TestA19_AListOfATargetEndsAndShowsEachOnceWhateverTheTargetSaysOfIt(t *testing.T) {
	const there = 23
	asked := func(r *http.Request) (start, count int) {
		start, _ = strconv.Atoi(r.URL.Query().Get("startIndex"))
		count, _ = strconv.Atoi(r.URL.Query().Get("count"))
		return max(start, 1) - 1, count
	}
	piece := func(from, count int) []map[string]any { return groupsNamed(min(from, there), min(from+count, there)) }

	for name, list := range map[string]func(start, count int) (shown []map[string]any, total int){
		"honest":                   func(start, count int) ([]map[string]any, int) { return piece(start, count), there },
		"counts too few":           func(start, count int) ([]map[string]any, int) { return piece(start, count), 3 },
		"counts none":              func(start, count int) ([]map[string]any, int) { return piece(start, count), 0 },
		"counts the page":          func(start, count int) ([]map[string]any, int) { p := piece(start, count); return p, len(p) },
		"counts far too many":      func(start, count int) ([]map[string]any, int) { return piece(start, count), 1 << 40 },
		"shows few at a time":      func(start, count int) ([]map[string]any, int) { return piece(start, min(count, 3)), there },
		"has no pages":             func(_, _ int) ([]map[string]any, int) { return piece(0, there), there },
		"has no pages, and counts": func(_, _ int) ([]map[string]any, int) { return piece(0, there), 1 << 40 },
		"pages, of any size":       func(start, _ int) ([]map[string]any, int) { return piece(start, there), there },
		"each twice, in a row": func(start, count int) (twice []map[string]any, total int) {
			for _, g := range piece(start, count) {
				twice = append(twice, g, g)
			}
			return twice, there
		},
		"each twice": func(start, count int) ([]map[string]any, int) {
			p := piece(start, count)
			return append(p, p...), there
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := openHandler(t, func(w http.ResponseWriter, r *http.Request) {
				shown, total := list(asked(r))
				answer(w, http.StatusOK, map[string]any{"totalResults": total, "Resources": shown})
			})
			ids, _ := allOffers(t, c, 10)
			var want []string
			for i := range there {
				want = append(want, fmt.Sprintf("g%d", i))
			}
			if !slices.Equal(ids, want) {
				t.Errorf("shows %q", ids)
			}
		})
	}
}

// One that has ever more to show is left at a bound, and one that shows the same for ever at
// once.
func TestA19_AListOfATargetThatNeverEndsIsLeft(t *testing.T) {
	calls := 0
	c := openHandler(t, func(w http.ResponseWriter, r *http.Request) {
		calls++
		start, _ := strconv.Atoi(r.URL.Query().Get("startIndex"))
		answer(w, http.StatusOK, map[string]any{"totalResults": 1 << 60, "Resources": groupsNamed(start, start+100)})
	})
	page, err := c.ListResources(t.Context(), connector.Query{Limit: 100, Token: place{maxListed - 100, "g0"}.token()})
	if err != nil || page.Next != "" || len(page.Items) != 100 || calls != 1 {
		t.Errorf("%d offers, next %q, %d calls, %v", len(page.Items), page.Next, calls, err)
	}
	for _, token := range []string{"100001 g", "-1 g", "x", "1e3 g", " "} {
		if _, err := c.ListResources(t.Context(), connector.Query{Token: token}); entitlement.KindOf(err) != entitlement.Invalid {
			t.Errorf("token %q: %v", token, err)
		}
	}

	same := openHandler(t, func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, map[string]any{"totalResults": 1 << 60, "Resources": groupsNamed(0, 10)})
	})
	if ids, pieces := allOffers(t, same, 10); len(ids) != 10 || pieces > 2 {
		t.Errorf("%d groups in %d pieces", len(ids), pieces)
	}
}

// What comes from a target is shown as one line that can be read, and what has no id that
// could be used says so.
func TestA19_WhatATargetCallsItsGroupsIsMadeFitToShow(t *testing.T) {
	hostile := []any{
		map[string]any{"id": "a", "displayName": "Sales\u202e\nDROP\x00 TABLE" + strings.Repeat("x", 5000)},
		map[string]any{"id": "b", "displayName": "\u200b\u2066"},
		map[string]any{"id": 17, "displayName": "number"},
		map[string]any{"id": "..", "displayName": "up"},
		map[string]any{"id": strings.Repeat("i", 600), "displayName": "long"},
		map[string]any{"id": "c\u202ed", "displayName": "turned"},
		map[string]any{"id": rolesOf, "displayName": "taken for an application"},
		map[string]any{"id": "", "displayName": "none"},
		map[string]any{"displayName": "none either"},
		map[string]any{"id": "a", "displayName": "again"},
	}
	c := openHandler(t, func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, map[string]any{"totalResults": len(hostile), "Resources": hostile})
	})
	page, err := c.ListResources(t.Context(), connector.Query{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}

	grantable := map[string]bool{}
	for _, o := range page.Items[len(applications):] {
		grantable[o.OriginID] = o.Reason == ""
		name := []rune(o.DisplayName)
		if len(name) == 0 || o.OriginID == "a" && len(name) > entitlement.MaxName || strings.ContainsFunc(o.DisplayName, func(r rune) bool { return !unicode.IsGraphic(r) }) && o.OriginID == "a" {
			t.Errorf("%.20q is shown as %.40q", o.OriginID, o.DisplayName)
		}
	}
	want := map[string]bool{"a": true, "b": true, "17": true, "..": false, strings.Repeat("i", 600): false, "c\u202ed": false, rolesOf: false}
	if fmt.Sprint(grantable) != fmt.Sprint(want) {
		t.Errorf("grantable %v", grantable)
	}
}

// An answer that is none is told, and never a list without anything on it.
func TestA19_AnAnswerThatIsNoListIsNotTakenForAnEmptyOne(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"nothing":           func(http.ResponseWriter, *http.Request) {},
		"an object":         func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"id":"g"}`) },
		"nobody, of ten":    func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"totalResults":10,"Resources":[]}`) },
		"fewer than none":   func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"totalResults":-1,"Resources":[]}`) },
		"a page for people": func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `<html>welcome</html>`) },
		"404 of a proxy":    http.NotFound,
		"401":               func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(401) },
		"a redirect":        http.RedirectHandler("https://other.example.com", http.StatusFound).ServeHTTP,
		"huge": func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, `{"totalResults":1,"Resources":[{"id":"`)
			for range 64 {
				io.WriteString(w, strings.Repeat("x", 64<<10))
			}
			io.WriteString(w, `"}]}`)
		},
	} {
		page, err := openHandler(t, h).ListResources(t.Context(), connector.Query{Limit: 10})
		if err == nil {
			t.Errorf("%s: %+v", name, page)
		} else if connector.RefusalOf(err).Detail == "" || strings.Contains(err.Error(), testToken) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A search is handed on where the server was seen to heed it, and not where it was not: it
// would find nothing.
func TestASearchIsHandedOnToATargetThatHeedsIt(t *testing.T) {
	for _, filters := range [][]string{nil, {filterContains}} {
		var query string
		h := func(w http.ResponseWriter, r *http.Request) {
			query = r.URL.Query().Get("filter")
			answerList(w, groupsNamed(0, 1))
		}
		c := openHandler(t, h)
		c.check.Filters = filters
		if _, err := c.ListResources(t.Context(), connector.Query{Search: `sa"les`, Limit: 10}); err != nil {
			t.Fatal(err)
		}
		if want := map[bool]string{true: `displayName co "sa\"les"`}[filters != nil]; query != want {
			t.Errorf("asked with %q, want %q", query, want)
		}
	}
}

// A survey tells of each character what it was seen to do, in few calls, and changes nothing.
func TestASurveyTellsWhatAServerShowsAndHeeds(t *testing.T) {
	const names = "groups.displayName eq, groups.displayName co, "
	for name, want := range map[string]struct{ shows, filters string }{
		"honest":           {"groups, groups.members, users, users.roles, users.entitlements, users.groups", names + "groups.members.value eq, users.userName eq"},
		"ignores filters":  {"groups, groups.members, users, users.roles, users.entitlements", ""},
		"sends no members": {"groups, users", names + "users.userName eq"},
		"shows an empty list and groups of people": {"groups, users, users.groups", names + "users.userName eq"},
	} {
		s := newServer(t, name)
		ann := s.people(1)[0]
		s.AddGroup(ann)
		s.GiveValues(ann, "roles", "auditor", "bad\u202evalue", "")
		s.GiveValues(ann, "entitlements", "licence")

		found := s.open("userName").Survey(t.Context())
		if found.Error != "" || found.Dialect != "SCIM 2.0" || !slices.Contains(found.Features, "patch") || found.At.IsZero() {
			t.Errorf("%s: %+v", name, found)
		}
		if got := strings.Join(found.Shows, ", "); got != want.shows {
			t.Errorf("%s shows %s, want %s", name, got, want.shows)
		}
		if got := strings.Join(found.Filters, ", "); got != want.filters {
			t.Errorf("%s heeds %s, want %s", name, got, want.filters)
		}
		if strings.Contains(want.shows, "users.roles") && fmt.Sprint(found.Values) != fmt.Sprintf("[{%s [auditor]} {%s [licence]}]", rolesOf, entitlementsOf) {
			t.Errorf("%s names %v", name, found.Values)
		}
		if n := len(s.Calls("")); n > 20 || len(s.Calls(http.MethodPatch)) > 0 {
			t.Errorf("%s: %d calls, of which %d change", name, n, len(s.Calls(http.MethodPatch)))
		}
	}
}

// What keeps a survey from going on is what it says, without a credential; what lies is kept
// out.
func TestA20_ASurveyOfAHostileTargetSaysWhatIsWrongAndHoldsNoCredential(t *testing.T) {
	for name, h := range map[string]http.Handler{
		"401":        http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(401) }),
		"an ingress": connectortest.Ingress,
		"a redirect": connectortest.Redirect,
		"a page":     connectortest.Maintenance,
		"the credential": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(400)
			json.NewEncoder(w).Encode(map[string]any{"schemas": []string{schemaError}, "detail": r.Header.Get("Authorization")})
		}),
	} {
		found := openHandler(t, h.ServeHTTP).Survey(t.Context())
		if text := fmt.Sprintf("%+v", found); strings.Contains(text, testToken) {
			t.Errorf("%s: %s", name, text)
		}
		if found.Error == "" && name != "the credential" {
			t.Errorf("%s: %+v", name, found)
		}
		if len(found.Shows)+len(found.Filters)+len(found.Values) > 0 {
			t.Errorf("%s: believed %+v", name, found)
		}
	}

	values := []string{}
	for i := range 10_000 {
		values = append(values, fmt.Sprintf("role %d", i), strings.Repeat("x", i))
	}
	many := openHandler(t, func(w http.ResponseWriter, r *http.Request) {
		answer(w, 200, map[string]any{"id": "x", "attributes": []any{map[string]any{"name": "roles", "canonicalValues": values[:2000]}}, "totalResults": 0, "Resources": []any{}})
	})
	found := many.Survey(t.Context())
	if len(found.Values) != 1 || len(found.Values[0].Values) != entitlement.MaxRoleValues || found.At.After(time.Now()) {
		t.Errorf("kept %d applications with %+v", len(found.Values), found.Error)
	}
}
