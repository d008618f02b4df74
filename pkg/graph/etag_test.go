package graph

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"
)

// onlyIf sends a change that depends on what the client has read.
func (w *fixture) onlyIf(tag, method, path string, body any) reply {
	w.Helper()
	var content []byte
	if body != nil {
		content, _ = json.Marshal(body)
	}
	return w.send("admin", method, path, content, http.Header{"Content-Type": {"application/json"}, ifMatch: {tag}})
}

func TestWhatWasChangedSinceItWasReadIsNotChanged(t *testing.T) {
	w := newFixture(t)
	w.offer(open())
	connector := w.call("admin", "POST", ours+"/connectors", object{"displayName": "CRM", "kind": "scim", "url": "https://crm.example.com", "credential": "s3cr3t", "correlationKeys": []string{"mail"}}).want(201)
	policy := open()
	policy["displayName"], policy["description"], policy["accessPackage"] = "Policy", "changed", object{"id": w.ids["package"]}
	for what, c := range map[string]struct {
		path, method string
		change       object
	}{
		"a package":   {packagePath + "/" + w.ids["package"], "PATCH", object{"description": "changed"}},
		"a catalog":   {em + "/catalogs/" + w.ids["catalog"], "PATCH", object{"description": "changed"}},
		"a policy":    {em + "/assignmentPolicies/" + w.ids["policy"], "PUT", policy},
		"a user":      {root + "/users/" + w.ids["other"], "PATCH", object{"jobTitle": "changed"}},
		"a connector": {ours + "/connectors/" + connector.get("id"), "PATCH", object{"displayName": "changed"}},
	} {
		t.Run(what, func(t *testing.T) {
			read := w.call("admin", "GET", c.path, nil).want(200)
			tag := tagOf(read)
			if tag == "" || tag != read.header.Get("ETag") || tagOf(w.call("admin", "GET", c.path+"?$select=id", nil)) != tag {
				t.Fatalf("the tag is %q, in the header %q: %s", tag, read.header.Get("ETag"), read.text)
			}
			w.clock.Advance(time.Second)
			if got := w.onlyIf(`"other", `+tag, c.method, c.path, c.change); got.status >= 300 {
				t.Fatalf("as it was read: %d %s", got.status, got.text)
			}
			before := w.snapshot()
			for _, method := range []string{c.method, "DELETE"} {
				got := w.onlyIf(tag, method, c.path, c.change).want(http.StatusPreconditionFailed)
				if got.get("error.code") != "resourceModified" {
					t.Errorf("%s: %s", method, got.text)
				}
				checkErrorShape(t, got)
			}
			if w.snapshot() != before {
				t.Error("S13: something changed")
			}
			if got := w.onlyIf("*", c.method, c.path, c.change); got.status >= 300 {
				t.Errorf("whatever there is: %s", got.text)
			}
		})
	}
}

func TestTheTagOfWhatWasMadeIsThatOfWhatIsRead(t *testing.T) {
	w := newFixture(t)
	made := w.call("admin", "POST", em+"/catalogs", object{"displayName": "Sales"}).want(201)
	path := em + "/catalogs/" + made.get("id")
	w.call("admin", "POST", packagePath, object{"displayName": "P", "catalog": object{"id": made.get("id")}}).want(201) // a package more changes nothing of it
	if tag := tagOf(made); tag == "" || tagOf(w.call("admin", "GET", path+"?$expand=accessPackages", nil).want(200)) != tag {
		t.Errorf("made as %q", tag)
	}
	w.onlyIf(tagOf(made), "POST", em+"/catalogs", object{"displayName": "Other"}).want(400) // nothing is ignored
}

// Of two who change what both have read, the second is refused, also where they meet.
func TestOfTwoWhoChangeWhatTheyReadOneIsRefused(t *testing.T) {
	w := newFixture(t)
	w.offer(open())
	path := packagePath + "/" + w.ids["package"]
	tag := tagOf(w.call("admin", "GET", path, nil))
	w.clock.Advance(time.Second)
	count := map[int]int{}
	for _, got := range w.meet(2, func(i int) reply {
		return w.onlyIf(tag, "PATCH", path, object{"description": []string{"one", "two"}[i]})
	}) {
		count[got.status]++
	}
	if count[204] != 1 || count[412] != 1 {
		t.Errorf("got %v", count)
	}
}

// tagOf is the entity tag in a body.
func tagOf(r reply) string {
	tag, _ := r.body["@odata.etag"].(string)
	return tag
}
