package graph

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"leasehold/pkg/entitlement"
)

// large adds policies that name as many people as one may, each with a description.
func (w *fixture) large(pkg entitlement.AccessPackage, n int, description string) {
	w.Helper()
	for range n {
		p := entitlement.AssignmentPolicy{ID: entitlement.PolicyID(w.clock.New()), Package: pkg.ID, Catalog: pkg.Catalog, DisplayName: "Large", Scope: entitlement.ScopeSpecificUsers}
		for range entitlement.MaxTargets {
			p.Targets = append(p.Targets, entitlement.SubjectSet{Kind: entitlement.SingleUser, ID: w.ids["member"], Description: description})
		}
		pkg.Policies = append(pkg.Policies, p.ID)
		if err := w.store.Commit(w.Context(), entitlement.Change{Policies: []entitlement.AssignmentPolicy{p}}); err != nil {
			w.Fatal(err)
		}
	}
	if err := w.store.Commit(w.Context(), entitlement.Change{Packages: []entitlement.AccessPackage{pkg}}); err != nil {
		w.Fatal(err)
	}
}

func (w *fixture) packageOf(name string) entitlement.AccessPackage {
	return entitlement.AccessPackage{ID: entitlement.PackageID(w.clock.New()), Catalog: entitlement.CatalogID(w.ids["catalog"]), DisplayName: name}
}

// carriedSize is what a body takes on its way from the function to the gateway.
func carriedSize(t *testing.T, body string) int {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(map[string]string{"body": body}); err != nil {
		t.Fatal(err)
	}
	return b.Len()
}

// A page that would be too large is a shorter one, and nothing of the list is lost.
func TestS21_APageThatIsTooLargeIsCutAndGoesOn(t *testing.T) {
	for name, description := range map[string]string{"plain": strings.Repeat("x", 100), "quoted": strings.Repeat(`\"`, 60)} {
		t.Run(name, func(t *testing.T) {
			w := newFixture(t)
			w.offer(open())
			w.large(w.packageOf("P"), 45, description)
			seen := map[string]bool{}
			pages := 0
			for path := em + "/assignmentPolicies"; path != ""; pages++ {
				page := w.call("admin", "GET", path, nil).want(200)
				if len(page.text) > maxResponse || carriedSize(t, page.text) > 6<<20 {
					t.Fatalf("page %d has %d bytes, %d on their way", pages, len(page.text), carriedSize(t, page.text))
				}
				for _, p := range page.values() {
					seen[dig(p, "id")] = true
				}
				path = page.next()
			}
			if len(seen) != 46 || pages < 2 {
				t.Errorf("%d policies on %d pages", len(seen), pages)
			}
		})
	}
}

// One that alone is larger than an answer may be is refused with what to do, in a list and
// by itself; done as told it is there.
func TestS21_OneThatIsTooLargeIsRefusedWithWhatToDo(t *testing.T) {
	w := newFixture(t)
	w.offer(open())
	p := w.packageOf("Too large")
	w.large(p, entitlement.MaxPolicies, strings.Repeat("x", 100))
	one := packagePath + "/" + string(p.ID)
	for _, path := range []string{one + "?$expand=assignmentPolicies", filtered(packagePath, "id eq '"+string(p.ID)+"'") + "&$expand=assignmentPolicies"} {
		refused := w.call("admin", "GET", path, nil).want(400)
		if !strings.Contains(refused.get("error.message"), "$expand") || !strings.Contains(refused.get("error.message"), "$select") {
			t.Errorf("%s: %s", path, refused.text)
		}
	}
	w.call("admin", "GET", one, nil).want(200)
	w.call("admin", "GET", one+"?$expand=assignmentPolicies($select=displayName)", nil).want(200)
	if page := w.call("admin", "GET", packagePath, nil).want(200); len(page.values()) != 2 {
		t.Errorf("got %s", page.text)
	}
}

func TestS21_WhatIsCarriedIsReckonedAsTheGatewayTakesIt(t *testing.T) {
	for _, piece := range []string{"x", `"`, `\`, "\u2028", "ж"} {
		text := strings.Repeat(piece, 100_000)
		rendered, err := render(object{"a": text})
		if err != nil {
			t.Fatal(err)
		}
		if got, is := int(excess(rendered)*maxCarried), carriedSize(t, string(rendered)); got < is-64 {
			t.Errorf("%q: reckoned as %d, it is %d", piece, got, is)
		}
	}
	if n := shorter(2, 100); n != 1 {
		t.Errorf("two that are far too large are tried as %d", n)
	}
	if n := shorter(100, 1.001); n >= 100 || n < 80 {
		t.Errorf("a hundred that are a little too large are tried as %d", n)
	}
}
