package graph

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/dynamo/faults"

	"leasehold/pkg/entitlement"
)

// making is a POST that makes something: where, what it says, and how to say something else.
type making struct {
	path  string // of the table
	at    func(w *fixture) string
	body  func(w *fixture) object
	other func(object)
}

func plain(path string) func(*fixture) string { return func(*fixture) string { return path } }

func renamed(o object) { o["displayName"] = "Another" }

func referTo(set, name string) func(*fixture) object {
	return func(w *fixture) object {
		return object{"@odata.id": publicURL + "/v1.0/" + set + "/" + w.ids[name]}
	}
}

// makings are all of them but requests, which have stories of their own (key_test.go), and adopting, which
// makes one at most of a finding whoever asks for it (drift_test.go).
var makings = []making{
	{em + "/catalogs", plain(em + "/catalogs"), func(*fixture) object { return object{"displayName": "Sales", "description": "x"} }, renamed},
	{packagePath, plain(packagePath), func(w *fixture) object {
		return object{"displayName": "Sales", "catalog": object{"id": w.ids["catalog"]}}
	}, renamed},
	{em + "/assignmentPolicies", plain(em + "/assignmentPolicies"), func(w *fixture) object {
		p := open()
		p["displayName"], p["accessPackage"] = "Second", object{"id": w.ids["package"]}
		return p
	}, renamed},
	{em + "/resourceRequests", plain(em + "/resourceRequests"), func(w *fixture) object {
		return object{"requestType": "adminAdd", "catalog": object{"id": w.ids["catalog"]}, "resource": object{"originId": w.ids["reviewers"], "originSystem": "AadGroup"}}
	}, func(o object) { o["requestType"] = "adminRemove" }},
	{packagePath + "/{accessPackageId}" + "/resourceRoleScopes", func(w *fixture) string { return packagePath + "/" + w.ids["package"] + "/resourceRoleScopes" }, func(w *fixture) object {
		return object{"role": object{"originId": "Owner_" + w.ids["sales"], "originSystem": "AadGroup", "resource": object{"originId": w.ids["sales"], "originSystem": "AadGroup"}},
			"scope": object{"originId": w.ids["sales"], "originSystem": "AadGroup"}}
	}, func(o object) { o["createdDateTime"] = nil }},
	{packagePath + "/{accessPackageId}" + "/incompatibleAccessPackages/$ref", func(w *fixture) string {
		return packagePath + "/" + w.ids["package"] + "/incompatibleAccessPackages/$ref"
	}, referTo("accessPackages", "second"), func(o object) { o["@odata.id"] = o["@odata.id"].(string) + "/" }},
	{packagePath + "/{accessPackageId}" + "/incompatibleGroups/$ref", func(w *fixture) string {
		return packagePath + "/" + w.ids["package"] + "/incompatibleGroups/$ref"
	}, referTo("groups", "sales"), func(o object) { o["@odata.id"] = o["@odata.id"].(string) + "/" }},
	{ours + "/connectors", plain(ours + "/connectors"), func(*fixture) object {
		return object{"displayName": "CRM", "kind": "scim", "url": "https://crm.example.com", "credential": "s3cr3t", "correlationKeys": []string{"mail"}}
	}, func(o object) { o["credential"] = "other" }},
	{root + "/users", plain(root + "/users"), func(*fixture) object {
		return object{"displayName": "Ann", "userPrincipalName": "ann@example.com", "accountEnabled": true}
	}, renamed},
	{root + "/groups", plain(root + "/groups"), func(*fixture) object {
		return object{"displayName": "Ops", "mailEnabled": false, "mailNickname": "ops", "securityEnabled": true}
	}, renamed},
	{root + "/groups/{groupId}/members/$ref", func(w *fixture) string { return root + "/groups/" + w.ids["sales"] + "/members/$ref" },
		referTo("users", "other"), func(o object) { o["@odata.id"] = o["@odata.id"].(string) + "/" }},
	{root + "/groups/{groupId}/owners/$ref", func(w *fixture) string { return root + "/groups/" + w.ids["sales"] + "/owners/$ref" },
		referTo("users", "other"), func(o object) { o["@odata.id"] = o["@odata.id"].(string) + "/" }},
	{rm + "/roleAssignments", plain(rm + "/roleAssignments"), func(w *fixture) object {
		return object{"principalId": w.ids["other"], "roleDefinitionId": string(entitlement.CatalogReader), "appScopeId": scopeOf(entitlement.CatalogID(w.ids["catalog"]))}
	}, func(o object) { o["roleDefinitionId"] = string(entitlement.CatalogOwner) }},
	{organizationsPath, plain(organizationsPath), func(*fixture) object { return tenant("Fabrikam", "fab") }, renamed},
	{organizationsPath + "/{organizationId}/internalSponsors/$ref", func(w *fixture) string {
		return organizationsPath + "/" + w.ids["organization"] + "/internalSponsors/$ref"
	}, referTo("users", "other"), func(o object) { o["@odata.id"] = o["@odata.id"].(string) + "/" }},
	{organizationsPath + "/{organizationId}/externalSponsors/$ref", func(w *fixture) string {
		return organizationsPath + "/" + w.ids["organization"] + "/externalSponsors/$ref"
	}, referTo("users", "guest"), func(o object) { o["@odata.id"] = o["@odata.id"].(string) + "/" }},
	{extensionsPath, func(w *fixture) string { return em + "/catalogs/" + w.ids["catalog"] + "/customWorkflowExtensions" },
		func(*fixture) object { return extensionNamed("Ticket") }, renamed},
	{uploadsPath, func(w *fixture) string {
		return em + "/catalogs/" + w.ids["catalog"] + "/resources/" + w.ids["resource"] + "/uploadSessions"
	}, func(*fixture) object { return uploadFor(sampleID) }, func(o object) { o["data"].(object)["reviewInstanceId"] = "2b4e28ba-2fa1-41d2-883f-0016d3cca427" }},
}

// prepared is a fixture with a catalog and two packages.
func prepared(t *testing.T) *fixture {
	w := newFixture(t)
	w.offer(open())
	w.ids["second"] = w.call("admin", "POST", packagePath, object{"displayName": "Second", "catalog": object{"id": w.ids["catalog"]}}).want(201).get("id")
	w.ids["organization"] = w.call("admin", "POST", organizationsPath, tenant("Contoso", "c0ffee")).want(201).get("id")
	w.ids["guest"] = w.call("admin", "POST", "/v1.0/users", object{"displayName": "Guest", "userPrincipalName": "guest@example.com", "userType": "Guest"}).want(201).get("id")
	w.ids["resource"] = dig(w.call("admin", "GET", em+"/catalogs/"+w.ids["catalog"]+"/resources", nil).one(), "id")
	return w
}

func (w *fixture) under(as, path string, body object, header, value string) reply {
	w.Helper()
	content, err := json.Marshal(body)
	if err != nil {
		w.Fatal(err)
	}
	return w.send(as, "POST", path, content, http.Header{"Content-Type": {"application/json"}, header: {value}})
}

// like demands the first answer, letter by letter.
func (first reply) like(t *testing.T, what string, got reply) {
	t.Helper()
	if got.status != first.status || got.text != first.text || got.header.Get("Location") != first.header.Get("Location") {
		t.Errorf("S12, %s: got %d at %s\n%s\nwant %d at %s\n%s", what, got.status, got.header.Get("Location"), got.text, first.status, first.header.Get("Location"), first.text)
	}
}

func TestS12_EveryPostThatMakesSomethingHasARowHere(t *testing.T) {
	rows := map[string]bool{requestPath: true, adoptPath: true}
	for _, m := range makings {
		rows[m.path] = true
	}
	for _, op := range append(catalogsTable(), requestsTable()...) {
		if op.serve != nil && op.makes() && !rows[op.path] {
			t.Errorf("nothing shows that %s has one effect when it is sent twice", op.name())
		}
	}
}

func TestS12_WhateverIsMadeUnderAKeyIsMadeOnceWhenever(t *testing.T) {
	for _, m := range makings {
		t.Run(m.path, func(t *testing.T) {
			w := prepared(t)
			path, body := m.at(w), m.body(w)
			first := w.under("admin", path, body, idempotencyKey, "k")
			if first.status >= 300 {
				t.Fatalf("%d %s", first.status, first.text)
			}
			before := w.snapshot()
			first.like(t, "at once", w.under("admin", path, body, idempotencyKey, `"k"`))
			w.clock.Advance(1000 * time.Hour)
			first.like(t, "long after", w.under("admin", path, body, idempotencyKey, "k"))

			other := m.body(w)
			m.other(other)
			got := w.under("admin", path, other, idempotencyKey, "k").want(422)
			if got.get("error.code") != "notAllowed" || got.get("error.message") != keyTaken {
				t.Errorf("another body: %s", got.text)
			}
			if w.snapshot() != before {
				t.Error("a repeat had an effect")
			}
			if his := w.under("robot", path, body, idempotencyKey, "k"); his.status == first.status && his.text == first.text {
				t.Errorf("A16: another caller gets the answer: %s", his.text)
			}
		})
	}
}

func TestS12_UnderOneClientRequestIDWhatIsAskedIsMadeOnceWithinTenMinutes(t *testing.T) {
	for _, m := range makings {
		t.Run(m.path, func(t *testing.T) {
			w := prepared(t)
			path, body := m.at(w), m.body(w)
			first := w.under("admin", path, body, clientRequestID, "c")
			if first.status >= 300 {
				t.Fatalf("%d %s", first.status, first.text)
			}
			before := w.snapshot()
			w.clock.Advance(9 * time.Minute)
			first.like(t, "nine minutes later", w.under("admin", path, body, clientRequestID, "c"))
			if w.snapshot() != before {
				t.Error("a repeat had an effect")
			}
			for what, got := range map[string]reply{
				"by another caller": w.under("robot", path, body, clientRequestID, "c"),
				"under another id":  w.under("admin", path, body, clientRequestID, "d"),
				"eleven minutes later": func() reply {
					w.clock.Advance(2 * time.Minute)
					return w.under("admin", path, body, clientRequestID, "c")
				}(),
				"without anything such": w.call("admin", "POST", path, body),
			} {
				if got.status == first.status && got.text == first.text && !(got.status == 204) {
					t.Errorf("%s it is the same command: %s", what, got.text)
				}
				if got.status == 204 {
					t.Errorf("%s it is the same command", what)
				}
			}
		})
	}
}

func TestS12_WhatWasMadeAndIsGoneIsNotMadeAgain(t *testing.T) {
	w := newFixture(t)
	body := object{"displayName": "Sales"}
	first := w.under("admin", em+"/catalogs", body, clientRequestID, "c").want(201)
	w.call("admin", "PATCH", em+"/catalogs/"+first.get("id"), object{"displayName": "Renamed"}).want(204)
	first.like(t, "renamed", w.under("admin", em+"/catalogs", body, clientRequestID, "c"))
	w.call("admin", "DELETE", em+"/catalogs/"+first.get("id"), nil).want(204)
	before := w.snapshot()
	first.like(t, "deleted", w.under("admin", em+"/catalogs", body, clientRequestID, "c"))
	if w.snapshot() != before {
		t.Error("it came back")
	}
}

func TestS12_ARequestUnderAClientRequestIDIsMadeOnceAndLaterAnew(t *testing.T) {
	w := newFixture(t)
	w.offer(open())
	first := w.under("member", requestPath, w.asking("x"), clientRequestID, "c").want(201)
	first.again("at once", w.under("member", requestPath, w.asking("x"), clientRequestID, "c"))
	w.under("member", requestPath, w.asking("y"), clientRequestID, "c").want(409)
	w.call("member", "POST", requestPath, object{"requestType": "userRemove", "assignment": object{"id": first.get("id")}}).want(201)
	first.again("given back", w.under("member", requestPath, w.asking("x"), clientRequestID, "c"))
	w.clock.Advance(11 * time.Minute)
	next := w.under("member", requestPath, w.asking("x"), clientRequestID, "c").want(201)
	if next.get("id") == first.get("id") {
		t.Error("eleven minutes later it is the first one still")
	}
	next.again("the second one at once", w.under("member", requestPath, w.asking("x"), clientRequestID, "c"))
}

func TestA16_OfManyCatalogsAtOnceUnderOneNameOneIsMade(t *testing.T) {
	w := newFixture(t)
	all := make([]reply, 20)
	var done sync.WaitGroup
	for i := range all {
		done.Go(func() {
			all[i] = w.under("admin", em+"/catalogs", object{"displayName": "Sales"}, clientRequestID, "c")
		})
	}
	done.Wait()
	for _, got := range all {
		all[0].again("at once", got)
	}
	if n := len(w.call("admin", "GET", em+"/catalogs", nil).values()); n != 1 {
		t.Errorf("%d catalogs were made", n)
	}
}

// The store commits, and the client hears 503: the SDKs send the same call again.
func TestF1_ACatalogWhoseAnswerWasLostIsMadeOnce(t *testing.T) {
	w := newFixture(t)
	gone := false
	w.fault = func(op faults.Op) dynamotest.Fault {
		switch {
		case gone:
			return dynamotest.FailBefore
		case op == faults.TransactWriteItems:
			gone = true
			return dynamotest.FailAfter
		default:
			return dynamotest.None
		}
	}
	w.under("admin", em+"/catalogs", object{"displayName": "Sales"}, clientRequestID, "c").want(503)
	w.fault = nil
	w.under("admin", em+"/catalogs", object{"displayName": "Sales"}, clientRequestID, "c").want(201)
	if n := len(w.call("admin", "GET", em+"/catalogs", nil).values()); n != 1 {
		t.Errorf("%d catalogs were made", n)
	}
}

// A client that calls all its commands by one name is told so, and never makes two of what
// it asks for once.
func TestS12_AClientRequestIDThatNamesEveryCommandIsRefusedInTheEnd(t *testing.T) {
	w := newFixture(t)
	for range 20 {
		w.under("admin", root+"/groups", object{"displayName": "Ops", "mailEnabled": false, "mailNickname": "ops", "securityEnabled": true}, clientRequestID, "c").want(201)
		w.clock.Advance(11 * time.Minute)
	}
	got := w.under("admin", root+"/groups", object{"displayName": "Ops", "mailEnabled": false, "mailNickname": "ops", "securityEnabled": true}, clientRequestID, "c").want(422)
	if !strings.Contains(got.get("error.message"), "Send a new client-request-id") {
		t.Error(got.text)
	}
}

// Nobody who reads events can try bodies, such as one with a credential, on what is kept.
func TestT15_TheFingerprintOfACommandIsKeptUnderTheSecret(t *testing.T) {
	w := prepared(t)
	for _, m := range makings {
		if m.path == ours+"/connectors" {
			made := w.under("admin", m.at(w), m.body(w), idempotencyKey, "k").want(201)
			events := w.call("admin", "GET", ours+"/events/connector/"+made.get("id"), nil).want(200)
			content, _ := json.Marshal(m.body(w))
			op := operation{method: "POST", path: m.path}
			if !strings.Contains(events.text, `"fingerprint"`) || strings.Contains(events.text, fingerprint(&op, nil, content)) || strings.Contains(events.text, "s3cr3t") {
				t.Error(events.text)
			}
		}
	}
}
