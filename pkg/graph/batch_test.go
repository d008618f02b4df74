package graph

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"leasehold/pkg/names"
)

// batch sends parts as somebody, and returns the answers by id.
func (w *fixture) batch(as string, parts ...object) map[string]object {
	w.Helper()
	answers := map[string]object{}
	list, ok := w.call(as, "POST", root+"/$batch", object{"requests": parts}).want(200).body["responses"].([]any)
	if !ok || len(list) != len(parts) {
		w.Fatalf("%d answers to %d requests", len(list), len(parts))
	}
	for i, v := range list {
		answer := v.(object)
		if answer["id"] != parts[i]["id"] {
			w.Errorf("answer %d is to %v", i, answer["id"])
		}
		answers[fmt.Sprint(answer["id"])] = answer
	}
	return answers
}

func status(answer object) int {
	n, _ := answer["status"].(float64)
	return int(n)
}

func getting(id, url string, after ...string) object {
	return object{"id": id, "method": "GET", "url": url, "dependsOn": after}
}

func posting(id, url string, body object, after ...string) object {
	return object{"id": id, "method": "POST", "url": url, "body": body, "headers": object{"Content-Type": "application/json"}, "dependsOn": after}
}

const emBelow = "/identityGovernance/entitlementManagement"

// Calls of both functions, in one batch, each answered as it is by itself.
func TestABatchAnswersEachCallAsItIsAnsweredByItself(t *testing.T) {
	w := newFixture(t)
	w.offer(open())
	w.ask("member")
	for _, function := range []string{names.Catalogs, names.Requests} {
		body := fmt.Sprintf(`{"requests":[{"id":"a","method":"get","url":"me"},{"id":"b","method":"GET","url":"%s/assignmentRequests?$top=1"},{"id":"c","method":"GET","url":"/nothing"},{"id":"d","method":"GET","url":"%[1]s/catalogs/%s?$select=id, displayName"}]}`, emBelow, w.ids["catalog"])
		r := w.sendTo(function, "admin", "POST", root+"/$batch", body).want(200)
		for i, path := range []string{root + "/me", requestPath + "?$top=1", root + "/nothing", em + "/catalogs/" + w.ids["catalog"] + "?$select=id,%20displayName"} {
			alone := w.call("admin", "GET", path, nil)
			got := r.body["responses"].([]any)[i].(object)
			if status(got) != alone.status || dig(got, "body.id") != alone.get("id") || dig(got, "body.error.code") != alone.get("error.code") || dig(got, "headers.Content-Type") != "application/json" {
				t.Errorf("%s by %s: %v\nalone: %s", path, function, got, alone.text)
			}
		}
	}
}

// sendTo is send to a function, whatever the gateway's routes say.
func (w *fixture) sendTo(function, as, method, path, body string) reply {
	w.Helper()
	other := w.api[names.Catalogs]
	defer func() { w.api[names.Catalogs] = other }()
	if function == names.Requests {
		asked := w.peer(names.Requests)
		w.api[names.Catalogs] = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			w.api[names.Catalogs] = other
			asked.ServeHTTP(rw, r)
		})
	}
	return w.send(as, method, path, []byte(body), http.Header{"Content-Type": {"application/json"}})
}

// Several people are assigned a package directly, and the answer says who was not and why.
func TestR93_SeveralPeopleAreAssignedAtOnce(t *testing.T) {
	w := newFixture(t)
	w.offer(open())
	var parts []object
	for _, who := range []string{"member", "other", "reviewer", "disabled", "manager"} {
		parts = append(parts, posting(who, emBelow+"/assignmentRequests", object{"requestType": "adminAdd",
			"assignment": object{"targetId": w.ids[who], "accessPackageId": w.ids["package"], "assignmentPolicyId": w.ids["policy"]}}))
	}
	for who, got := range w.batch("admin", parts...) {
		if want := map[bool]int{true: 201, false: 422}[who != "disabled"]; status(got) != want {
			t.Errorf("%s: %v", who, got)
		}
	}
	if n := len(w.call("admin", "GET", requestPath, nil).values()); n != 4 {
		t.Errorf("%d requests", n)
	}
}

func TestACallOfABatchWaitsForThoseItDependsOn(t *testing.T) {
	w := newFixture(t)
	got := w.batch("admin",
		getting("last", emBelow+"/catalogs", "made"),
		posting("made", emBelow+"/catalogs", object{"displayName": "C"}, "first"),
		getting("first", "/me"),
		posting("refused", emBelow+"/catalogs", object{"displayName": ""}),
		posting("dependent", emBelow+"/catalogs", object{"displayName": "D"}, "refused"),
		posting("its own", emBelow+"/catalogs", object{"displayName": "E"}, "dependent", "first"))
	for id, want := range map[string]int{"first": 200, "made": 201, "last": 200, "refused": 400, "dependent": 424, "its own": 424} {
		if status(got[id]) != want {
			t.Errorf("%s: %v, want %d", id, got[id], want)
		}
	}
	if list, _ := got["last"]["body"].(object)["value"].([]any); len(list) != 1 {
		t.Errorf("the last saw %v", got["last"]["body"])
	}
	if n := len(w.call("admin", "GET", em+"/catalogs", nil).values()); n != 1 {
		t.Errorf("%d catalogs", n)
	}
}

func TestABatchThatCannotBeReadDoesNothing(t *testing.T) {
	w := newFixture(t)
	w.call("admin", "GET", "/v1.0/me", nil).want(200)
	many := func(n int) (parts []object) {
		for i := range n {
			parts = append(parts, posting(fmt.Sprint(i), emBelow+"/catalogs", object{"displayName": fmt.Sprint("C", i)}))
		}
		return parts
	}
	good := posting("a", emBelow+"/catalogs", object{"displayName": "C"})
	before := w.snapshot()
	for what, parts := range map[string][]object{
		"21 requests":      many(21),
		"none":             {},
		"an id twice":      {good, getting("A", "/me")},
		"no id":            {good, object{"method": "GET", "url": "/me"}},
		"no url":           {good, object{"id": "b", "method": "GET"}},
		"another method":   {good, object{"id": "b", "method": "TRACE", "url": "/me"}},
		"an unknown one":   {good, getting("b", "/me", "c")},
		"itself":           {good, getting("b", "/me", "b")},
		"each other":       {good, getting("b", "/me", "c"), getting("c", "/me", "b")},
		"a member unknown": {good, object{"id": "b", "method": "GET", "url": "/me", "atomicityGroup": "g"}},
	} {
		if got := w.call("admin", "POST", root+"/$batch", object{"requests": parts}); got.status != 400 {
			t.Errorf("%s: %d %s", what, got.status, got.text)
		}
	}
	w.call("", "POST", root+"/$batch", object{"requests": []object{good}}).want(401)
	if w.snapshot() != before {
		t.Error("something was done")
	}
	if got := w.batch("admin", many(20)...); status(got["19"]) != 201 || status(got["0"]) != 201 {
		t.Errorf("%v", got)
	}
}

// Nobody can do in a batch what they cannot do by themselves: each call is for the caller of
// the batch, whatever its headers and addresses say.
func TestA6_ABatchGivesNobodyMoreThanItsToken(t *testing.T) {
	w := newFixture(t)
	w.offer(open())
	theirs := w.ask("other")
	for id, got := range w.batch("member",
		getting("foreign", emBelow+"/assignmentRequests/"+theirs),
		getting("list", "/users"),
		posting("create", emBelow+"/catalogs", object{"displayName": "X"}),
		object{"id": "token", "method": "GET", "url": "/users", "headers": object{"authorization": "Bearer admin"}},
		object{"id": "token2", "method": "GET", "url": "/users", "headers": object{"Authorization": "Bearer admin"}},
		object{"id": "host", "method": "GET", "url": "https://elsewhere.example/v1.0/me"},
		getting("above", "/../health"),
		posting("nested", "/$batch", object{"requests": []object{getting("1", "/me")}}),
		posting("nested2", "/%24BATCH", object{"requests": []object{getting("1", "/me")}}),
	) {
		if n := status(got); n < 400 || n >= 500 {
			t.Errorf("%s: %v", id, got)
		}
	}
	for id, got := range w.batch("other", getting("own", emBelow+"/assignmentRequests/"+theirs), getting("me", "/me")) {
		if status(got) != 200 || id == "me" && dig(got, "body.id") != w.ids["other"] {
			t.Errorf("%s: %v", id, got)
		}
	}
	for id, got := range w.batch("disabled", getting("me", "/me"), getting("mine", emBelow+"/assignmentRequests/filterByCurrentUser(on='target')")) {
		if status(got) != 403 {
			t.Errorf("%s: %v", id, got)
		}
	}
}

// The SDKs repeat a batch whose answer they did not hear, under the same client-request-id.
func TestS12_ABatchThatIsRepeatedMakesNothingTwice(t *testing.T) {
	w := newFixture(t)
	body := object{"requests": []object{posting("1", "/groups", group(nil)), posting("2", "/groups", group(nil))}}
	first := w.under("admin", root+"/$batch", body, clientRequestID, "c").want(200)
	before := w.snapshot()
	again := w.under("admin", root+"/$batch", body, clientRequestID, "c").want(200)
	if w.snapshot() != before {
		t.Error("the repeat had an effect")
	}
	ids := map[string]bool{}
	for _, r := range []reply{first, again} {
		for _, v := range r.body["responses"].([]any) {
			ids[dig(v, "body.id")] = true
		}
	}
	if len(ids) != 2 {
		t.Errorf("%d groups were told", len(ids))
	}
}

// What has not ended in time is answered 504, and what waited for it or for a place likewise.
func TestABatchIsAnsweredInTime(t *testing.T) {
	w := newFixture(t)
	synctest.Test(t, func(t *testing.T) {
		w.api[names.Requests] = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		defer func(before *testing.T) { w.T = before }(w.T)
		w.T = t
		parts := []object{getting("quick", "/me")}
		for i := range 6 {
			parts = append(parts, getting(fmt.Sprint(i), emBelow+"/assignmentRequests"))
		}
		parts = append(parts, posting("waits", "/groups", group(nil), "0"))
		got := w.batch("admin", parts...)
		for id, answer := range got {
			if want := map[bool]int{true: 200, false: 504}[id == "quick"]; status(answer) != want && id != "quick" {
				t.Errorf("%s: %v", id, answer)
			}
		}
		synctest.Wait()
	})
	if n := len(w.call("admin", "GET", root+"/groups", nil).values()); n != 3 {
		t.Errorf("%d groups: what waited was done", n)
	}
}

// One batch is as much as one write to begin with, and all its writes count.
func TestA17_TheWritesOfABatchCountTogether(t *testing.T) {
	w := newFixture(t)
	for _, function := range []string{names.Catalogs, names.Requests} {
		w.api[function].(*api).deps.Limiter = NewLimiter(w.clock)
	}
	var parts []object
	for i := range 20 {
		parts = append(parts, posting(fmt.Sprint(i), "/groups", group(nil)))
	}
	for id, got := range w.batch("admin", parts...) {
		if status(got) != 201 {
			t.Errorf("%s: %v", id, got)
		}
	}
	refused := w.call("admin", "POST", root+"/$batch", object{"requests": parts}).want(429)
	if refused.header.Get("Retry-After") != "2" || !strings.Contains(refused.text, "Retry-After") {
		t.Errorf("%v %s", refused.header, refused.text)
	}
	w.batch("admin", getting("1", "/me"))
}

// The answers of a batch are together no larger than an answer may be; what was changed is
// told all the same.
func TestS21_ABatchIsNoLargerThanAnAnswerMayBe(t *testing.T) {
	c := &call{deps: &Deps{Clock: newFixture(t).clock}}
	parts, answers := []*part{}, []*recorded{}
	for i, method := range []string{"GET", "GET", "POST"} {
		parts = append(parts, &part{ID: fmt.Sprint(i), Method: method})
		answers = append(answers, &recorded{status: 200, header: http.Header{}})
		answers[i].text.WriteString(`{"x":"` + strings.Repeat("x", maxResponse*45/100) + `"}`)
	}
	told := c.fitted(t.Context(), parts, answers)
	for i, want := range []int{200, 400, 200} {
		if got := told[i].(object)["status"]; got != want {
			t.Errorf("%d: %v", i, got)
		}
	}
	text, err := render(object{"responses": told})
	if err != nil || excess(text) > 1 {
		t.Errorf("%v, excess %v", err, excess(text))
	}
}
