package graph

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func (w *fixture) preferring(as, method, path, what string, body string) reply {
	w.Helper()
	var content []byte
	if body != "" {
		content = []byte(body)
	}
	return w.send(as, method, path, content, http.Header{"Content-Type": {"application/json"}, "Prefer": {what}})
}

func TestAnAnswerHoldsAsMuchAsTheClientPrefers(t *testing.T) {
	w := newFixture(t)
	applied := func(r reply, want string) {
		t.Helper()
		if got := r.header.Get(preferenceApplied); got != want {
			t.Errorf("applied %q, want %q: %d %s", got, want, r.status, r.text)
		}
	}
	made := w.preferring("admin", "POST", em+"/catalogs", returnMinimal, `{"displayName":"C"}`).want(204)
	applied(made, returnMinimal)
	at := strings.TrimPrefix(made.header.Get("Location"), publicURL)
	if made.text != "" || made.header.Get("OData-EntityId") != publicURL+at || made.header.Get("ETag") == "" {
		t.Errorf("%v %s", made.header, made.text)
	}
	shown := w.preferring("admin", "PATCH", at, "respond-async, Return = \"representation\"; x=y", `{"description":"D"}`).want(200)
	applied(shown, returnRepresentation)
	if read := w.call("admin", "GET", at, nil).want(200); read.text != shown.text || shown.get("description") != "D" || shown.header.Get("ETag") != read.header.Get("ETag") {
		t.Errorf("%s\n%s", shown.text, read.text)
	}
	applied(w.preferring("admin", "POST", em+"/catalogs", returnRepresentation, `{"displayName":"E"}`).want(201), returnRepresentation)
	applied(w.preferring("admin", "PATCH", at, returnMinimal, `{"description":"E"}`).want(204), returnMinimal)
	applied(w.preferring("admin", "PATCH", at, "return=everything", `{"description":"F"}`).want(204), "")
	applied(w.preferring("admin", "PATCH", at, returnRepresentation, `{"nothing":"F"}`).want(400), "")
	applied(w.preferring("admin", "DELETE", at, returnRepresentation, "").want(204), "")

	w.offer(approved(w))
	pkg := packagePath + "/" + w.ids["package"]
	moved := w.preferring("admin", "PATCH", pkg, returnRepresentation, `{"description":"changed"}`).want(200)
	if read := w.call("admin", "GET", pkg, nil).want(200); read.text != moved.text || moved.get("description") != "changed" {
		t.Errorf("what the other function reads: %s\n%s", moved.text, read.text)
	}

	stages := approvalPath + "/" + w.ask("member") + "/stages"
	stage := dig(w.call("manager", "GET", stages, nil).one(), "id")
	decided := w.preferring("manager", "PATCH", stages+"/"+stage, returnRepresentation, `{"reviewResult":"Approve"}`).want(200)
	if applied(decided, returnRepresentation); decided.get("reviewResult") != "Approved" {
		t.Error(decided.text)
	}
}

func TestAPageHoldsNoMoreThanTheClientPrefers(t *testing.T) {
	w := newFixture(t)
	for i := range 5 {
		w.call("admin", "POST", em+"/catalogs", object{"displayName": fmt.Sprint("C", i)}).want(201)
	}
	for _, tt := range []struct {
		path, prefer, applied string
		want                  int
	}{
		{em + "/catalogs", "odata.maxpagesize=2", "odata.maxpagesize=2", 2},
		{em + "/catalogs", "maxpagesize=3", "odata.maxpagesize=3", 3},
		{em + "/catalogs?$top=1", "odata.maxpagesize=3", "odata.maxpagesize=3", 1},
		{em + "/catalogs?$top=3", "odata.maxpagesize=2", "odata.maxpagesize=2", 2},
		{em + "/catalogs", "odata.maxpagesize=0", "", 5},
		{em + "/catalogs", "odata.maxpagesize=two", "", 5},
		{em + "/catalogs", "odata.maxpagesize=100000", "odata.maxpagesize=100", 5},
	} {
		got := w.preferring("admin", "GET", tt.path, tt.prefer, "")
		if n := len(got.values()); n != tt.want || got.header.Get(preferenceApplied) != tt.applied {
			t.Errorf("%s, %s: %d, %q", tt.path, tt.prefer, n, got.header.Get(preferenceApplied))
		}
	}
	first := w.preferring("admin", "GET", em+"/catalogs", "odata.maxpagesize=2", "")
	next := w.preferring("admin", "GET", strings.TrimPrefix(fmt.Sprint(first.body["@odata.nextLink"]), publicURL), "odata.maxpagesize=2", "")
	if n := len(next.values()); n != 2 {
		t.Errorf("the next page holds %d", n)
	}
}
