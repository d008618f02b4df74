package scimserver

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"leasehold/pkg/clock"
	"leasehold/pkg/connector"
	"leasehold/pkg/connector/connectortest"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/connector/scim"
	"leasehold/pkg/entitlement"
)

const token = "a-token-for-tests"

// The connector finds here what it finds at real servers.
func TestTheConnectorConformsWithThisServer(t *testing.T) {
	s := New(token, clock.System{})
	for i := range connectortest.MinPeople {
		addUser(t, s, fmt.Sprintf("ann%d", i), "")
	}
	addUser(t, s, "twin1", "twin@example.com")
	addUser(t, s, "twin2", "Twin@example.com")
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	base, err := url.Parse(server.URL + "/v2")
	if err != nil {
		t.Fatal(err)
	}

	connectortest.Run(t, func(t *testing.T) connectortest.Harness {
		group := text(call(t, s, "POST", "/v2/Groups", `{"schemas":["`+schemaGroup+`"],"displayName":"`+t.Name()+`"}`, 201)["id"])
		proxy := connectortest.NewProxy(t, base)
		c, err := scim.New(proxy.URL, token, entitlement.ConnectorConfig{CorrelationKeys: []string{"userName", "mail"}}, outbound.Client(true))
		if err != nil {
			t.Fatal(err)
		}
		h := connectortest.Harness{
			Connector: c, Role: roleOf(group), NoRole: roleOf("no-such-group"),
			Unknown: connector.Correlation{UserName: "nobody", Mail: "nobody@example.com"},
			Double:  &connector.Correlation{Mail: "twin@example.com"},
			Ghost:   "no-such-person", Secret: token, Faults: proxy.Faults(nil),
			Members: func() (held []connector.PrincipalRef) {
				for _, m := range membersOf(call(t, s, "GET", "/v2/Groups/"+group, "", 200)) {
					held = append(held, connector.PrincipalRef(text(m.(resource)["value"])))
				}
				return held
			},
		}
		for i := range connectortest.MinPeople {
			h.People = append(h.People, connector.Correlation{UserName: fmt.Sprintf("ann%d", i)})
		}
		return h
	})
}

func TestSearches(t *testing.T) {
	s := New(token, clock.System{})
	ann := addUser(t, s, "Ann", "ann@example.com")
	addUser(t, s, "bob", `b"ob@example.com`)
	group := text(call(t, s, "POST", "/v2/Groups", `{"schemas":["`+schemaGroup+`"],"displayName":"Writers"}`, 201)["id"])
	call(t, s, "PATCH", "/v2/Groups/"+group, `{"Operations":[{"op":"Add","path":"members","value":[{"value":"`+ann+`"}]}]}`, 200)

	for filter, want := range map[string]int{
		``:                                    2,
		`userName eq "ann"`:                   1,
		`USERNAME EQ "ANN"`:                   1,
		`externalId eq "of Ann"`:              1,
		`externalId eq "of ann"`:              0,
		`emails.value eq "ANN@example.com"`:   1,
		`emails.value eq "b\"ob@example.com"`: 1,
		`id eq "` + ann + `"`:                 1,
		`userName eq "nobody"`:                0,
	} {
		if got := call(t, s, "GET", "/v2/Users?filter="+url.QueryEscape(filter), "", 200)["totalResults"]; got != float64(want) {
			t.Errorf("%s finds %v, want %d", filter, got, want)
		}
	}
	for filter, want := range map[string]int{`displayName eq "writers"`: 1, `members.value eq "` + ann + `"`: 1, `members.value eq "x"`: 0} {
		if got := call(t, s, "GET", "/v2/Groups?filter="+url.QueryEscape(filter), "", 200)["totalResults"]; got != float64(want) {
			t.Errorf("%s finds %v, want %d", filter, got, want)
		}
	}
	for _, filter := range []string{`userName sw "a"`, `userName eq ann`, `title eq "x"`, `userName eq "a" or userName eq "b"`} {
		if got := call(t, s, "GET", "/v2/Users?filter="+url.QueryEscape(filter), "", 400)["scimType"]; got != "invalidFilter" {
			t.Errorf("%s: %v", filter, got)
		}
	}
	page := call(t, s, "GET", "/v2/Users?startIndex=2&count=5&attributes=userName", "", 200)
	found := page["Resources"].([]any)
	if len(found) != 1 || text(found[0].(resource)["userName"]) != "bob" || found[0].(resource)["emails"] != nil {
		t.Errorf("the second page: %v", page)
	}
}

func TestWhatIsNotServedIsRefusedAndHasNoEffect(t *testing.T) {
	s := New(token, clock.System{})
	ann := addUser(t, s, "ann", "")
	call(t, s, "POST", "/v2/Users", `{"schemas":["`+schemaUser+`"],"userName":"ANN"}`, 409)
	call(t, s, "POST", "/v2/Users", `{"schemas":["`+schemaUser+`"]}`, 400)
	call(t, s, "POST", "/v2/Users", `{"userName":"zoe"}`, 400)
	call(t, s, "POST", "/v2/Users", `null`, 400)
	call(t, s, "GET", "/v2/Users/nobody", "", 404)
	call(t, s, "GET", "/v2/Bulk", "", 404)

	group := "/v2/Groups/" + text(call(t, s, "POST", "/v2/Groups", `{"schemas":["`+schemaGroup+`"],"displayName":"g"}`, 201)["id"])
	add := `{"op":"add","path":"members","value":[{"value":"` + ann + `"}]}`
	for _, then := range []string{
		`{"op":"add","path":"members","value":[{"value":"nobody"}]}`,
		`{"op":"remove","path":"members"}`,
		`{"op":"remove","path":"members","value":[{"value":"` + ann + `"}]}`,
		`{"op":"replace","path":"members","value":[]}`,
		`{"op":"add","value":{"displayName":"h"}}`,
	} {
		call(t, s, "PATCH", group, `{"Operations":[`+add+`,`+then+`]}`, 400)
		if members := membersOf(call(t, s, "GET", group, "", 200)); len(members) != 0 {
			t.Errorf("%s was refused, and left %v", then, members)
		}
	}

	call(t, s, "PATCH", group, `{"Operations":[`+add+`,`+add+`]}`, 200)
	if members := membersOf(call(t, s, "GET", group, "", 200)); len(members) != 1 {
		t.Errorf("added twice: %v", members)
	}
	call(t, s, "DELETE", "/v2/Users/"+ann, "", 204)
	if members := membersOf(call(t, s, "GET", group, "", 200)); len(members) != 0 {
		t.Errorf("deleted, and still a member: %v", members)
	}
}

func TestOnlyWhoBearsTheTokenIsAnswered(t *testing.T) {
	s := New(token, clock.System{})
	for _, given := range []string{"", "Bearer ", "Bearer other", token} {
		r := httptest.NewRequest("GET", "/v2/Users", nil)
		r.Header.Set("Authorization", given)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code != http.StatusUnauthorized {
			t.Errorf("%q: %d", given, w.Code)
		}
	}
}

func addUser(t *testing.T, s *Server, name, mail string) string {
	t.Helper()
	body, _ := json.Marshal(resource{"schemas": []string{schemaUser}, "userName": name, "externalId": "of " + name, "emails": []resource{{"value": mail}}})
	return text(call(t, s, "POST", "/v2/Users", string(body), 201)["id"])
}

func call(t *testing.T, s *Server, method, target, body string, want int) resource {
	t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if w.Code != want {
		t.Fatalf("%s %s %s: %d %s, want %d", method, target, body, w.Code, w.Body, want)
	}
	var answer resource
	if w.Body.Len() > 0 {
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
			t.Fatal(err)
		}
	}
	return answer
}

func text(value any) string {
	s, _ := value.(string)
	return s
}

func roleOf(group string) entitlement.RoleRef {
	return entitlement.RoleRef{Connector: "11111111-1111-4111-8111-111111111111", Resource: group, Role: "Member_" + group}
}
