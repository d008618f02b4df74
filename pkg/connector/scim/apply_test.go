package scim

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/connectortest"
	"leasehold/pkg/entitlement"
)

func TestOneBatchIsOnePatchWithOneAddAndARemoveForEachRevoke(t *testing.T) {
	var method, path, contentType, authorization, query string
	var body any
	c := openHandler(t, func(w http.ResponseWriter, r *http.Request) {
		method, path, query = r.Method, r.URL.EscapedPath(), r.URL.RawQuery
		contentType, authorization = r.Header.Get("Content-Type"), r.Header.Get("Authorization")
		json.NewDecoder(r.Body).Decode(&body)
		w.WriteHeader(http.StatusNoContent)
	})

	ops := slices.Concat(grants("a", "b", "a"), revokes(`c"\`, "d", "d"))
	results, err := c.Apply(t.Context(), roleOf("g/1"), ops)
	if err != nil || len(results) != len(ops) {
		t.Fatalf("got %+v, %v", results, err)
	}

	var want any
	json.Unmarshal([]byte(`{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[
		{"op":"remove","path":"members[value eq \"c\\\"\\\\\"]"},
		{"op":"remove","path":"members[value eq \"d\"]"},
		{"op":"add","path":"members","value":[{"value":"a"},{"value":"b"}]}]}`), &want)
	if !reflect.DeepEqual(body, want) {
		t.Errorf("body %v, want %v", body, want)
	}
	if method != "PATCH" || path != "/v2/Groups/g%2F1" || query != "" {
		t.Errorf("asked %s %s?%s", method, path, query)
	}
	if contentType != "application/scim+json" || authorization != "Bearer "+testToken {
		t.Errorf("sent as %q with authorization %q", contentType, authorization)
	}
}

// patchAnswers returns a connector for a server that has group g with people a and b, and
// that answers every PATCH so, and counts them.
func patchAnswers(t *testing.T, writes *int, status int, scimType, contentType string) *Connector {
	return openHandler(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodPatch && contentType == mediaType:
			*writes++
			refuse(w, status, scimType)
		case r.Method == http.MethodPatch:
			*writes++
			w.Header().Set("Content-Type", contentType)
			w.WriteHeader(status)
			if status != http.StatusNoContent {
				io.WriteString(w, "<p>of something in front")
			}
		case slices.Contains([]string{"/v2/Groups/g", "/v2/Users/a", "/v2/Users/b"}, r.URL.Path):
			answer(w, http.StatusOK, map[string]any{"id": r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]})
		case r.URL.Path == "/v2/Users":
			answerList(w, []map[string]any{{"id": "a"}, {"id": "b"}})
		default:
			refuse(w, http.StatusNotFound, "")
		}
	})
}

// Whatever is answered, Apply writes once: who is at fault is for delivery to find.
func TestF44_ApplyIsOneWriteAndTheRefusalOfOneSaysWhatItMeans(t *testing.T) {
	none := connector.Reason("")
	for _, c := range []struct {
		name     string
		status   int
		scimType string
		media    string
		ops      []connector.Op
		want     connector.Reason // of one op's result; none means done
		call     connector.Reason // of the whole call
		forever  bool
		kind     entitlement.Kind // of the whole call
	}{
		{"done", 204, "", "text/plain", grants("a"), none, none, false, 0},
		{"already a member", 409, "uniqueness", mediaType, grants("a"), none, none, false, 0},
		{"not a member", 400, "noTarget", mediaType, revokes("a"), none, none, false, 0},
		{"changed meanwhile", 409, "", mediaType, grants("a"), connector.RefusedByTarget, none, false, 0},
		{"version has moved", 412, "", mediaType, revokes("a"), connector.RefusedByTarget, none, false, 0},
		{"a version is demanded, and none shown", 428, "", mediaType, grants("a"), connector.RefusedByTarget, none, false, 0},
		{"bad value", 400, "invalidValue", mediaType, grants("a"), connector.RefusedByTarget, none, true, 0},
		{"bad path", 400, "invalidPath", mediaType, revokes("a"), connector.RefusedByTarget, none, true, 0},
		{"bad value, in no form of SCIM's", 400, "", "application/json", grants("a"), connector.RefusedByTarget, none, false, 0},
		{"somebody who is not there", 404, "", mediaType, grants("ghost"), connector.PrincipalMissing, none, true, 0},
		{"somebody who is not there, out", 404, "", mediaType, revokes("ghost"), connector.PrincipalMissing, none, true, 0},
		{"somebody else who is not there", 404, "", mediaType, grants("a"), connector.RefusedByTarget, none, false, 0},
		{"several, one of them bad", 400, "invalidValue", mediaType, grants("a", "b"), none, connector.RefusedByTarget, false, entitlement.Conflict},
		{"several, one of them not there", 404, "", mediaType, grants("a", "ghost"), none, connector.RefusedByTarget, false, entitlement.Conflict},
		{"an address that is none", 404, "", "text/plain", grants("a"), none, connector.NotUnderstood, false, entitlement.Unavailable},
		{"a page of an ingress", 404, "", "text/html", grants("a"), none, connector.NotUnderstood, false, entitlement.Unavailable},
		{"a page that says 200", 200, "", "text/html; charset=utf-8", grants("a"), none, connector.NotUnderstood, false, entitlement.Unavailable},
		{"a page that says 400", 400, "", "text/html", grants("a"), none, connector.NotUnderstood, false, entitlement.Unavailable},
		{"another address", 302, "", "text/html", grants("a", "b"), none, connector.NotUnderstood, false, entitlement.Unavailable},
		{"no PATCH here, says the server", 501, "", mediaType, grants("a", "b"), none, connector.NotUnderstood, true, entitlement.Invalid},
		{"no PATCH here, says something", 501, "", "text/plain", grants("a"), none, connector.NotUnderstood, false, entitlement.Unavailable},
		{"trouble", 500, "", mediaType, grants("a"), none, connector.TargetUnavailable, false, entitlement.Unavailable},
		{"forbidden", 403, "", mediaType, grants("a"), none, connector.CredentialRefused, true, entitlement.Forbidden},
	} {
		t.Run(c.name, func(t *testing.T) {
			writes := 0
			conn := patchAnswers(t, &writes, c.status, c.scimType, c.media)
			results, err := conn.Apply(t.Context(), roleOf("g"), c.ops)
			if writes != 1 {
				t.Errorf("%d writes, want 1", writes)
			}
			if c.call != none {
				r := connector.RefusalOf(err)
				if err == nil || r.Reason != c.call || r.Permanent != c.forever || entitlement.KindOf(err) != c.kind {
					t.Errorf("got %+v of %v, want %s of kind %v, permanent %v", r, err, c.call, c.kind, c.forever)
				}
				mustSay(t, r, c.status)
				return
			}
			if err != nil || len(results) != 1 {
				t.Fatalf("got %+v, %v", results, err)
			}
			r := results[0].Err
			if c.want == none {
				if r != nil {
					t.Errorf("got %+v, want done", r)
				}
				return
			}
			if r == nil || r.Reason != c.want || r.Permanent != c.forever {
				t.Fatalf("got %+v, want %s, permanent %v", r, c.want, c.forever)
			}
			mustSay(t, r, c.status)
		})
	}
}

// mustSay fails the test unless the sentence says what was asked and what was answered.
func mustSay(t *testing.T, r *connector.Refusal, status int) {
	t.Helper()
	if !strings.Contains(r.Detail, "asked to change") || !strings.Contains(r.Detail, fmt.Sprint("status ", status)) {
		t.Errorf("the sentence does not say what was asked and answered: %q", r.Detail)
	}
}

func TestF43_ADeadThirdPersonIsNotCalledTheOneWhoIsAsked(t *testing.T) {
	s := newServer(t, "a dead account refuses every change")
	ann, third := s.AddUser("ann", "", ""), s.AddUser("third", "", "")
	group := s.AddGroup(third)
	s.DeleteUser("third")
	results, err := s.open("userName").Apply(t.Context(), roleOf(group), grants(ann))
	if err != nil || results[0].Err == nil || results[0].Err.Reason != connector.RefusedByTarget || results[0].Err.Permanent {
		t.Fatalf("got %+v, %v; want a refusal that may pass, and is not about ann's account", results, err)
	}
	if !strings.Contains(results[0].Err.Detail, "another member") {
		t.Errorf("the sentence does not say where to look: %q", results[0].Err.Detail)
	}
}

// S8: the form of a removal that some servers understand as of everybody is sent only where
// an administrator has said so.
func TestS8_ARemovalTakesNobodyElseOut(t *testing.T) {
	for _, character := range []string{"honest", "empties the group on a list of values", "takes members out by a list of values alone"} {
		t.Run(character, func(t *testing.T) {
			s := newServer(t, character)
			people := s.people(4)
			group := s.AddGroup(people...)
			results, err := s.open("userName").Apply(t.Context(), roleOf(group), revokes(people[0]))
			left := s.members(group)
			for _, p := range people[1:] {
				if !slices.Contains(left, p) {
					t.Errorf("%s was taken out too: %q", p, left)
				}
			}
			if n := len(s.asked("PATCH")); n != 1 {
				t.Errorf("%d writes: another form was tried by itself", n)
			}
			if !s.ValueListOnly {
				return
			}
			if err != nil || results[0].Err == nil || !results[0].Err.Permanent || !strings.Contains(results[0].Err.Detail, "removalForm") {
				t.Errorf("got %+v, %v; want a refusal that names the setting", results, err)
			}

			set := s.openAs(entitlement.ConnectorConfig{CorrelationKeys: []string{"userName"}, ValueListRemoval: true})
			if results, err := set.Apply(t.Context(), roleOf(group), slices.Concat(revokes(people[0], people[1]), grants(people[2]))); err != nil || results[0].Err != nil {
				t.Errorf("set by an administrator: got %+v, %v", results, err)
			}
			if got := s.members(group); !slices.Equal(got, people[2:]) {
				t.Errorf("members %q, want %q", got, people[2:])
			}
		})
	}
}

func TestTheListOfValuesIsOneRemovalOfAll(t *testing.T) {
	c := &Connector{valueList: true}
	got, _ := json.Marshal(c.operations(slices.Concat(revokes("a", "b", "a"), grants("c"))))
	if want := `[{"op":"remove","path":"members","value":[{"value":"a"},{"value":"b"}]},{"op":"add","path":"members","value":[{"value":"c"}]}]`; string(got) != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestNumericIdsAreGrantedAndRevoked(t *testing.T) {
	s := serverOf(t, connectortest.Named("numeric ids"))
	s.people(2)
	group := s.AddGroup()
	c := s.open("userName")
	found, err := c.FindPrincipals(t.Context(), []connector.Correlation{{UserName: "ann0"}, {UserName: "ann1"}})
	if err != nil || found[0].Ref != "1000" || found[1].Ref != "1001" {
		t.Fatalf("got %+v, %v", found, err)
	}
	for _, ops := range [][]connector.Op{grants("1000", "1001"), revokes("1000")} {
		if _, err := c.Apply(t.Context(), roleOf(group), ops); err != nil {
			t.Fatal(err)
		}
	}
	if got := told(t, c, group, WayMembers, "1000", "1001"); got != "-+" {
		t.Errorf("got %s, want -+", got)
	}
	if resource, err := c.Resource(t.Context(), group); err != nil || resource.OriginID != group {
		t.Errorf("got %+v, %v", resource, err)
	}
}
