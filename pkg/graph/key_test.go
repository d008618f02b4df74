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

// keyed sends a request under what stands in the header, which may be several lines.
func (w *fixture) keyed(as string, body any, lines ...string) reply {
	w.Helper()
	content, err := json.Marshal(body)
	if err != nil {
		w.Fatal(err)
	}
	return w.send(as, "POST", requestPath, content, http.Header{"Content-Type": {"application/json"}, "Idempotency-Key": lines})
}

// asking is userAdd for the package of the fixture.
func (w *fixture) asking(why string) object {
	return object{"requestType": "userAdd", "justification": why, "assignment": object{"accessPackageId": w.ids["package"]}}
}

// made counts the requests for the package of the fixture.
func (w *fixture) made() int {
	w.Helper()
	list, err := w.store.RequestsFor(w.Context(), entitlement.PackageID(w.ids["package"]), entitlement.Page{})
	if err != nil {
		w.Fatal(err)
	}
	return len(list.Items)
}

// again demands that a command sent again gets the first answer, letter by letter.
func (first reply) again(what string, got reply) {
	first.Helper()
	if got.status != http.StatusCreated || got.text != first.text || got.header.Get("Location") != first.header.Get("Location") {
		first.Errorf("S12, %s: got %d at %s\n%s\nwant 201 at %s\n%s", what, got.status, got.header.Get("Location"), got.text, first.header.Get("Location"), first.text)
	}
}

func TestS12_TheAnswerIsTheFirstOneWhateverHappensMeanwhile(t *testing.T) {
	w := newFixture(t)
	w.offer(approved(w))
	ask := w.asking("I sell")
	ask["schedule"] = object{"expiration": object{"type": "afterDateTime", "endDateTime": w.clock.Now().Add(48 * time.Hour)}}
	first := w.keyed("member", ask, `"8e03978e-40d5-43dd-bc93-6894a57f9324"`).want(201)
	if first.get("state") != "submitted" || first.get("status") != "Accepted" || first.body["completedDateTime"] != nil || first.get("id")[14] != '8' {
		t.Errorf("R107: %s", first.text)
	}
	repeat := func(what string) {
		t.Helper()
		before := w.snapshot()
		first.again(what, w.keyed("member", ask, " 8e03978e-40d5-43dd-bc93-6894a57f9324\t"))
		first.again(what+", in quotes", w.keyed("member", ask, `"8e03978e-40d5-43dd-bc93-6894a57f9324"`))
		if w.snapshot() != before {
			t.Errorf("%s: it had an effect", what)
		}
	}
	repeat("while it waits")
	stage := approvalPath + "/" + first.get("id") + "/stages/" + dig(w.call("manager", "GET", approvalPath+"/"+first.get("id")+"/stages", nil).one(), "id")
	w.call("manager", "PATCH", stage, object{"reviewResult": "Approve"}).want(204)
	repeat("approved")
	w.clock.Advance(11 * time.Minute)
	repeat("after eleven minutes")
	w.call("admin", "POST", requestPath, object{"requestType": "adminRemove", "assignment": object{"id": first.get("id")}}).want(201)
	repeat("removed")
	policy := approved(w)
	policy["displayName"], policy["accessPackage"] = "Policy", object{"id": w.ids["package"]}
	policy["requestorSettings"] = object{"enableTargetsToSelfAddAccess": false}
	w.call("admin", "PUT", em+"/assignmentPolicies/"+w.ids["policy"], policy).want(200)
	w.clock.Advance(1000 * 24 * time.Hour)
	repeat("when nobody may ask any more, for an end that has passed")
	w.call("admin", "DELETE", packagePath+"/"+w.ids["package"], nil).want(204)
	repeat("when the package is gone")
}

const keyTaken = "You have used this Idempotency-Key for another request already. To repeat that one, send it unchanged; for a new request use a new key."

func TestS12_EveryTypeOfRequestHasOneEffectAndOneAnswerUnderAKey(t *testing.T) {
	w := newFixture(t)
	policy := open()
	policy["requestorSettings"].(object)["enableTargetsToSelfUpdateAccess"] = true
	w.offer(policy)
	type sent struct {
		as, key string
		body    object
		first   reply
	}
	var all []sent
	send := func(as string, body object) (id string) {
		t.Helper()
		n := w.made()
		s := sent{as, "key-" + string(rune('a'+len(all))), body, reply{}}
		s.first = w.keyed(as, body, s.key).want(201)
		s.first.again("at once", w.keyed(as, body, s.key))
		if made := w.made() - n; made != 1 {
			t.Errorf("%s made %d requests", body["requestType"], made)
		}
		all = append(all, s)
		return s.first.get("id")
	}
	until := func(days int) object {
		return object{"expiration": object{"type": "afterDateTime", "endDateTime": w.clock.Now().AddDate(0, 0, days)}}
	}
	id := send("member", w.asking("I sell"))
	send("member", object{"requestType": "userUpdate", "assignment": object{"accessPackageId": w.ids["package"]}, "schedule": until(10)})
	send("member", object{"requestType": "userExtend", "assignment": object{"id": id}, "schedule": until(11)})
	send("admin", object{"requestType": "adminUpdate", "assignment": object{"id": id}, "schedule": until(12)})
	send("member", object{"requestType": "userRemove", "assignment": object{"id": id}})
	id = send("admin", object{"requestType": "adminAdd", "assignment": object{"targetId": w.ids["member"], "accessPackageId": w.ids["package"], "assignmentPolicyId": w.ids["policy"]}})
	send("admin", object{"requestType": "adminRemove", "assignment": object{"id": id}})

	before := w.snapshot()
	for _, s := range all {
		w.clock.Advance(100 * 24 * time.Hour)
		s.first.again("long after", w.keyed(s.as, s.body, s.key))
		s.body["justification"] = "something else"
		got := w.keyed(s.as, s.body, s.key).want(422)
		if got.get("error.code") != "notAllowed" || got.get("error.message") != keyTaken {
			t.Errorf("%s: %s", s.body["requestType"], got.text)
		}
		checkErrorShape(t, got)
	}
	if after := w.snapshot(); after != before {
		t.Errorf("S13: something changed\n%s\n%s", before, after)
	}
}

func TestS12_WhateverACommandSaysTellsItFromAnother(t *testing.T) {
	w := newFixture(t)
	w.offer(open())
	w.keyed("admin", object{"requestType": "adminAdd", "justification": "a", "assignment": object{"targetId": w.ids["other"], "accessPackageId": w.ids["package"], "assignmentPolicyId": w.ids["policy"]}}, "k").want(201)
	before := w.snapshot()
	target := object{"targetId": w.ids["other"], "accessPackageId": w.ids["package"], "assignmentPolicyId": w.ids["policy"]}
	with := func(name string, v any) object {
		changed := object{}
		for member, was := range target {
			changed[member] = was
		}
		changed[name] = v
		return changed
	}
	for name, body := range map[string]object{
		"the type":          {"requestType": "adminRemove", "justification": "a", "assignment": object{"id": sampleID}},
		"the package":       {"requestType": "adminAdd", "justification": "a", "assignment": with("accessPackageId", sampleID)},
		"the policy":        {"requestType": "adminAdd", "justification": "a", "assignment": with("assignmentPolicyId", sampleID)},
		"the subject":       {"requestType": "adminAdd", "justification": "a", "assignment": with("targetId", w.ids["member"])},
		"the justification": {"requestType": "adminAdd", "justification": "b", "assignment": target},
		"the start":         {"requestType": "adminAdd", "justification": "a", "assignment": target, "schedule": object{"startDateTime": w.clock.Now()}},
		"the end":           {"requestType": "adminAdd", "justification": "a", "assignment": target, "schedule": object{"expiration": object{"type": "noExpiration"}}},
	} {
		if got := w.keyed("admin", body, "k"); got.status != 422 || got.get("error.message") != keyTaken {
			t.Errorf("%s: %d %s", name, got.status, got.text)
		}
	}
	if w.snapshot() != before {
		t.Error("S13: something changed")
	}
}

func TestA16_AKeyIsOneToTwoHundredFiftyFiveVisibleCharacters(t *testing.T) {
	long := strings.Repeat("k", maxKey)
	for name, c := range map[string]struct {
		lines []string
		key   string // "" is refused
	}{
		"a UUID":                      {[]string{"8e03978e-40d5-43dd-bc93-6894a57f9324"}, "8e03978e-40d5-43dd-bc93-6894a57f9324"},
		"in quotes, as the draft":     {[]string{`"8e03978e-40d5-43dd-bc93-6894a57f9324"`}, "8e03978e-40d5-43dd-bc93-6894a57f9324"},
		"space around it":             {[]string{" \tk "}, "k"},
		"one character":               {[]string{"!"}, "!"},
		"the last visible one":        {[]string{"~"}, "~"},
		"quotes and strokes, escaped": {[]string{`"a\"b\\"`}, `a"b\`},
		"the same without quotes":     {[]string{`a"b\`}, `a"b\`},
		"255 characters":              {[]string{long}, long},
		"255 characters in quotes":    {[]string{`"` + long + `"`}, long},
		"256 characters":              {[]string{long + "k"}, ""},
		"256 characters in quotes":    {[]string{`"` + long + `k"`}, ""},
		"8 KB":                        {[]string{strings.Repeat("k", 8<<10)}, ""},
		"nothing":                     {[]string{""}, ""},
		"nothing but space":           {[]string{" \t "}, ""},
		"nothing in quotes":           {[]string{`""`}, ""},
		"a space inside":              {[]string{"a b"}, ""},
		"a space in quotes":           {[]string{`"a b"`}, ""},
		"a tab":                       {[]string{"a\tb"}, ""},
		"a line feed":                 {[]string{"a\nb"}, ""},
		"NUL":                         {[]string{"a\x00b"}, ""},
		"DEL":                         {[]string{"a\x7f"}, ""},
		"a letter beyond ASCII":       {[]string{"schlüssel"}, ""},
		"broken UTF-8":                {[]string{"a\xff"}, ""},
		"a quote that does not close": {[]string{`"abc`}, ""},
		"a quote that closes early":   {[]string{`"a"bc"`}, ""},
		"parameters":                  {[]string{`"abc";a=1`}, ""},
		"an escape of nothing":        {[]string{`"abc\`}, ""},
		"an escape of a letter":       {[]string{`"a\bc"`}, ""},
		"two keys":                    {[]string{"a", "b"}, ""},
		"one key twice":               {[]string{"a", "a"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			key, err := commandKey(http.Header{idempotencyKey: c.lines})
			if key != c.key || (err == nil) != (c.key != "") {
				t.Fatalf("got %q, %v", key, err)
			}
			if c.key != "" {
				return
			}
			w := newFixture(t)
			w.offer(open())
			before := w.snapshot()
			got := w.keyed("member", w.asking("x"), c.lines...).want(400)
			if got.get("error.code") != "invalidRequest" || got.get("error.message") != "Send Idempotency-Key once, with 1 to 255 visible ASCII characters, such as a new UUID for each request; or leave it out." {
				t.Errorf("got %s", got.text)
			}
			checkErrorShape(t, got)
			if w.snapshot() != before {
				t.Error("S13: something changed")
			}
		})
	}
	if key, err := commandKey(http.Header{}); key != "" || err != nil {
		t.Errorf("without the header: %q, %v", key, err)
	}
}

func TestA16_AnotherCallersKeyIsAnother_A1_AndSaysNothingOfTheFirst(t *testing.T) {
	w := newFixture(t)
	w.offer(approved(w))
	mine := w.keyed("member", w.asking("mine"), "k").want(201)
	his := w.keyed("other", w.asking("his"), "k").want(201)
	if mine.get("id") == his.get("id") || his.get("justification") != "his" || dig(his.body, "requestor.id") == w.ids["member"] {
		t.Errorf("got %s", his.text)
	}
	w.call("other", "GET", requestPath+"/"+mine.get("id"), nil).want(404)
	mine.again("after another's", w.keyed("member", w.asking("mine"), "k"))
}

func TestA16_OfManyAtOnceOneIsMadeAndAllGetItsAnswer(t *testing.T) {
	w := newFixture(t)
	w.offer(approved(w))
	all := make([]reply, 20)
	var done sync.WaitGroup
	for i := range all {
		done.Go(func() { all[i] = w.keyed("member", w.asking("at once"), "k") })
	}
	done.Wait()
	for _, got := range all {
		all[0].again("at once", got)
	}
	if n := w.made(); n != 1 {
		t.Errorf("%d requests were made", n)
	}
}

// The store commits, and then the process is gone before it can say so.
func TestF1_WhoDidNotHearTheAnswerGetsItByTheSameKey(t *testing.T) {
	w := newFixture(t)
	w.offer(open())
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
	w.keyed("member", w.asking("I sell"), "k").want(503)
	w.fault = nil
	before := w.snapshot()
	first := w.keyed("member", w.asking("I sell"), "k").want(201)
	if first.get("state") != "submitted" || first.get("status") != "Accepted" || first.get("createdDateTime") != "2026-03-01T09:00:00.1234567Z" {
		t.Errorf("R107: %s", first.text)
	}
	first.again("once more", w.keyed("member", w.asking("I sell"), "k"))
	if n := w.made(); n != 1 || w.snapshot() != before {
		t.Errorf("S5: %d requests were made, or a repeat had an effect", n)
	}
	w.keyed("member", w.asking("I sell")).want(409) // without the key it is another request
}
