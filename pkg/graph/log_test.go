package graph

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// line is one line of the log about a call.
type line struct {
	Level, Msg, Route, Caller string
	Status                    int
}

// lines returns what was logged since the last time, and forgets it.
func (w *fixture) lines() []line {
	w.Helper()
	var all []line
	for text := range strings.SplitSeq(strings.TrimSpace(w.log.String()), "\n") {
		var l line
		if text == "" {
			continue
		}
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			w.Fatalf("%s: %v", text, err)
		}
		all = append(all, l)
	}
	w.log.Reset()
	return all
}

// Whoever is refused is in the log once, by id, with the operation by its place in the
// table: whoever tries addresses is seen by it.
func TestRefusedCallsAreLoggedWithCallerAndRoute(t *testing.T) {
	w := newFixture(t)
	callers := map[string]string{"": "", "outsider": "", "member": w.ids["member"], "disabled": w.ids["disabled"], "admin/" + scopeSubject: "", "admin/": ""}
	refused := 0
	for as, id := range callers {
		for _, op := range served() {
			w.log.Reset()
			got := w.try(as, op)
			logged := w.lines()
			if got.status < 400 {
				continue
			}
			refused++
			if len(logged) != 1 || logged[0].Status != got.status || logged[0].Route != op.method+" "+op.path {
				t.Fatalf("%q, %s %s: %d is logged as %+v", as, op.method, op.path, got.status, logged)
			}
			// The caller is known where the token was good for the operation.
			known := got.status != 401 && !strings.Contains(got.get("error.message"), "access token lacks") && !strings.Contains(got.get("error.message"), "for people who are signed in")
			if want := id; known && !strings.Contains(as, "/") && logged[0].Caller != want {
				t.Errorf("%q, %s %s: the caller is %q, want %q", as, op.method, op.path, logged[0].Caller, want)
			}
			if level := map[bool]string{true: "INFO", false: "ERROR"}[got.status < 500 || got.status == 501]; logged[0].Level != level {
				t.Errorf("%s %s: %d is logged as %s", op.method, op.path, got.status, logged[0].Level)
			}
		}
	}
	if refused < len(served())*3 {
		t.Errorf("%d calls were refused", refused)
	}
	for path, status := range map[string]int{"/v1.0/nothing/at/all": 404, "/v1.0/me": 405} {
		w.log.Reset()
		w.call("member", "DELETE", path, nil).want(status)
		if logged := w.lines(); len(logged) != 1 || logged[0].Status != status || logged[0].Route != "" {
			t.Errorf("%s: %+v", path, logged)
		}
	}
}

// sampleNames are the names of sample people, and what is in them.
var sampleNames = []string{"Ada", "Lovelace", "lovelace", "Grace", "Hopper", "hopper", "analytical.example", "secret-token"}

// No line of the log holds a person's name, address or token, whatever is refused and for
// whatever reason; also where the refusal itself names the person to the caller.
func TestNoPersonalNameIsLogged(t *testing.T) {
	w := newFixture(t)
	for name, upn := range map[string]string{"Ada Lovelace": "ada.lovelace", "Grace Hopper": "grace.hopper"} {
		w.ids[name] = w.call("admin", "POST", "/v1.0/users", object{"displayName": name, "userPrincipalName": upn + "@analytical.example", "mail": upn + "@analytical.example",
			"identities": []object{{"issuer": "https://id.example.com", "issuerAssignedId": upn}}}).want(201).get("id")
	}
	rows := stockRefusals(w)
	w.call("admin", "PATCH", "/v1.0/users/"+w.ids["Ada Lovelace"], object{"accountEnabled": false}).want(204)
	assign := func(who string) object {
		return object{"requestType": "adminAdd", "justification": "for Grace Hopper", "assignment": object{"accessPackageId": w.ids["package"], "assignmentPolicyId": w.ids["policy"], "targetId": w.ids[who]}}
	}
	user := func(more object) object {
		body := object{"displayName": "Ada Lovelace", "userPrincipalName": "ada.lovelace@analytical.example"}
		maps.Copy(body, more)
		return body
	}
	maps.Copy(rows, map[string]refusal{
		"a disabled person by name":      {as: "admin", method: "POST", path: requestPath, body: assign("Ada Lovelace"), status: 422},
		"a name that is taken":           {as: "admin", method: "POST", path: "/v1.0/users", body: user(nil), status: 409},
		"a mail that is none":            {as: "admin", method: "POST", path: "/v1.0/users", body: user(object{"mail": "Ada Lovelace <ada.lovelace@analytical.example"}), status: 400},
		"a member called by a name":      {as: "admin", method: "POST", path: "/v1.0/users", body: user(object{"Lovelace": "x"}), status: 400},
		"a name twice":                   {as: "admin", method: "POST", path: "/v1.0/users", body: `{"Ada Lovelace":1,"Ada Lovelace":2}`, status: 400},
		"a name outside of JSON":         {as: "admin", method: "POST", path: "/v1.0/users", body: `{"displayName": Ada Lovelace}`, status: 400},
		"a type that is none":            {as: "admin", method: "POST", path: "/v1.0/users", body: user(object{"userType": "Ada Lovelace"}), status: 400},
		"a user by name":                 {as: "admin", method: "GET", path: "/v1.0/users/grace.hopper@example.com", status: 404},
		"a name in the path":             {as: "admin", method: "GET", path: packagePath + "/Ada%20Lovelace", status: 400},
		"a path of names":                {as: "admin", method: "GET", path: "/v1.0/Ada%20Lovelace", status: 404},
		"a word in the path":             {as: "member", method: "GET", path: packagePath + "/filterByCurrentUser(on='Grace')", status: 400},
		"a filter by name":               {as: "admin", method: "GET", path: filtered("/v1.0/users", "displayName eq 'Ada Lovelace"), status: 400},
		"a filter by the name of a name": {as: "admin", method: "GET", path: filtered("/v1.0/users", "Lovelace eq 'x'"), status: 400},
		"a name to select":               {as: "admin", method: "GET", path: "/v1.0/users?$select=Lovelace", status: 400},
		"a name to expand":               {as: "admin", method: "GET", path: packagePath + "?$expand=Lovelace", status: 400},
		"a name as an option":            {as: "admin", method: "GET", path: packagePath + "?$Lovelace=1", status: 400},
		"a disabled caller":              {as: "ada.lovelace", method: "GET", path: "/v1.0/me", status: 403},
		"a caller without rights":        {as: "grace.hopper", method: "GET", path: "/v1.0/users", status: 403},
		"a caller with a token's text":   {as: "secret-token.Lovelace", method: "GET", path: "/v1.0/users", status: 403},
		"a scope for oneself":            {as: "grace.hopper/" + scopeSubject, method: "GET", path: "/v1.0/users", status: 403},
	})
	for _, name := range slices.Sorted(maps.Keys(rows)) {
		r := rows[name]
		w.log.Reset()
		var got reply
		if text, ok := r.body.(string); ok {
			got = w.send(r.as, r.method, r.path, []byte(text), http.Header{"Content-Type": {"application/json"}})
		} else {
			got = w.call(r.as, r.method, r.path, r.body)
		}
		if got.status < 400 || !strings.Contains(name, "policy: ") && rows[name].code == "" && got.status != r.status {
			t.Errorf("%s: got %d, want %d: %s", name, got.status, r.status, got.text)
		}
		for _, personal := range sampleNames {
			if strings.Contains(w.log.String(), personal) {
				t.Errorf("%s: %q is in the log: %s", name, personal, w.log.String())
			}
		}
		if !strings.Contains(w.log.String(), "call refused") {
			t.Errorf("%s is not logged", name)
		}
	}
	t.Logf("%d refused calls", len(rows))
}
