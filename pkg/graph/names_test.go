package graph

import (
	"net/http"
	"strings"
	"testing"
)

// Of each kind whose names are unique: where it is made and changed, and within what.
func TestANameIsTakenOnceInAnyCase(t *testing.T) {
	w := newFixture(t)
	w.offer(open())
	elsewhere := w.call("admin", "POST", em+"/catalogs", object{"displayName": "Elsewhere"}).want(201).get("id")
	other := w.call("admin", "POST", packagePath, object{"displayName": "Package", "catalog": object{"id": elsewhere}}).want(201).get("id")
	policy := func(name, pkg string) object {
		p := open()
		p["displayName"], p["accessPackage"] = name, object{"id": pkg}
		return p
	}
	for what, c := range map[string]struct {
		set, id, method string
		body            func(name string) object
		free            object // the same name, within another parent
	}{
		"catalog": {em + "/catalogs", w.ids["catalog"], "PATCH", func(name string) object { return object{"displayName": name} }, nil},
		"package": {packagePath, w.ids["package"], "PATCH", func(name string) object {
			return object{"displayName": name, "catalog": object{"id": w.ids["catalog"]}}
		}, object{"displayName": "second", "catalog": object{"id": elsewhere}}},
		"policy": {em + "/assignmentPolicies", w.ids["policy"], "PUT", func(name string) object { return policy(name, w.ids["package"]) }, policy("Second", other)},
	} {
		t.Run(what, func(t *testing.T) {
			second := w.call("admin", "POST", c.set, c.body("Second")).want(201).get("id")
			before := w.snapshot()
			refused := []reply{w.call("admin", "POST", c.set, c.body("  SECOND "))}
			change := func(name string) reply {
				body := c.body(name)
				if c.method == "PATCH" {
					delete(body, "catalog")
				}
				return w.call("admin", c.method, c.set+"/"+c.id, body)
			}
			refused = append(refused, change("second"))
			for _, got := range refused {
				if got.want(http.StatusConflict).get("error.code") != "nameAlreadyExists" || !strings.Contains(got.get("error.message"), "choose another name") {
					t.Error(got.text)
				}
				checkErrorShape(t, got)
			}
			if w.snapshot() != before {
				t.Error("S13: something changed")
			}
			if c.free != nil {
				w.call("admin", "POST", c.set, c.free).want(201)
			}

			// A name is given back by renaming and by deleting, and may change its case.
			if got := change("Third"); got.status >= 300 {
				t.Fatal(got.text)
			}
			if got := change("THIRD"); got.status >= 300 {
				t.Fatal(got.text)
			}
			w.call("admin", "DELETE", c.set+"/"+second, nil).want(204)
			if got := change("Second"); got.status >= 300 {
				t.Error(got.text)
			}
			w.call("admin", "DELETE", c.set+"/"+w.call("admin", "POST", c.set, c.body("Third")).want(201).get("id"), nil).want(204)
		})
	}
}

func TestOfTwoPoliciesAtOnceUnderOneNameOneIsMade(t *testing.T) {
	w := newFixture(t)
	w.offer(open())
	p := open()
	p["displayName"], p["accessPackage"] = "Twice", object{"id": w.ids["package"]}
	made := 0
	for _, got := range w.meet(2, func(int) reply { return w.call("admin", "POST", em+"/assignmentPolicies", p) }) {
		if got.status == 201 {
			made++
		} else if got.get("error.code") != "nameAlreadyExists" {
			t.Error(got.text)
		}
	}
	if made != 1 {
		t.Errorf("%d were made", made)
	}
}
