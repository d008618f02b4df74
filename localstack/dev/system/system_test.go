package system

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"leasehold/localstack/components"
	"leasehold/localstack/seed"
	"leasehold/pkg/clock"
	"leasehold/pkg/names"
)

// soon is how long what takes milliseconds may take on a busy machine.
const soon = 20 * time.Second

type object = map[string]any

// fixture is a seeded system under test.
type fixture struct {
	*testing.T
	*System
	seed.Result
}

// open starts a system without a schedule: its sweeps come by hand.
func open(t *testing.T, o Options) *fixture {
	t.Helper()
	began := time.Now()
	s, err := Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	shown, err := seed.Run(t.Context(), s.Endpoints, s.Token, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("ready after %v", time.Since(began))
	return &fixture{t, s, shown}
}

// call sends one request as an account and returns the answer, which must have the status.
func (o *fixture) call(as, method, path string, body any, want int) object {
	o.Helper()
	token, err := o.System.Token(o.Context(), as)
	if err != nil {
		o.Fatal(err)
	}
	return o.send(token, method, o.Endpoints.URL+path, body, want)
}

func (o *fixture) send(token, method, address string, body any, want int) object {
	o.Helper()
	var payload io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			o.Fatal(err)
		}
		payload = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(o.Context(), method, strings.ReplaceAll(address, " ", "%20"), payload)
	if err != nil {
		o.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		o.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		o.Fatal(err)
	}
	if response.StatusCode != want {
		o.Fatalf("%s %s: %d %s, want %d", method, address, response.StatusCode, text, want)
	}
	answer := object{}
	json.Unmarshal(text, &answer) // nothing is an answer too
	return answer
}

// eventually looks until done says yes.
func (o *fixture) eventually(what string, done func() bool) {
	o.Helper()
	began := time.Now()
	for !done() {
		if time.Since(began) > soon {
			o.Fatalf("%s: not within %v", what, soon)
		}
		time.Sleep(time.Millisecond)
	}
	o.Logf("%s after %v", what, time.Since(began))
}

// holds tells in how many groups the SCIM server lists the member.
func (o *fixture) holds() float64 {
	o.Helper()
	found := o.send(o.Endpoints.SCIMToken, "GET", fmt.Sprintf(`%s/Groups?filter=members.value eq "%s"`, o.Endpoints.SCIM, o.Member), nil, 200)
	n, _ := found["totalResults"].(float64)
	return n
}

// salesPeople are the members of the group of the directory that the shown package gives.
func (o *fixture) salesPeople() []any {
	o.Helper()
	groups := o.call(components.Admin, "GET", names.APIVersion+"/groups?$filter=displayName eq 'Sales'", nil, 200)["value"].([]any)
	members := o.call(components.Admin, "GET", fmt.Sprint(names.APIVersion, "/groups/", groups[0].(object)["id"], "/members"), nil, 200)
	return members["value"].([]any)
}

// ask has the member ask for the shown package, and waits until it is delivered.
func (o *fixture) ask(schedule object) (id string) {
	o.Helper()
	body := object{"requestType": "userAdd", "assignment": object{"accessPackageId": o.Package, "assignmentPolicyId": o.Policy}}
	if schedule != nil {
		body["schedule"] = schedule
	}
	id, _ = o.call(components.Member, "POST", names.Entitlement+"/assignmentRequests", body, 201)["id"].(string)
	o.waitFor(id, "delivered")
	return id
}

func (o *fixture) waitFor(request, state string) {
	o.Helper()
	o.eventually(state, func() bool {
		return o.call(components.Admin, "GET", names.Entitlement+"/assignmentRequests/"+request, nil, 200)["state"] == state
	})
}

// waitOn waits as waitFor does, and lets virtual time go on meanwhile: what a worker put off counts
// from when it did so, which may be after whatever the test has seen at the target.
func (o *fixture) waitOn(c *clock.Virtual, request, state string) {
	o.Helper()
	o.eventually(state, func() bool {
		c.Advance(time.Minute)
		time.Sleep(look)
		return o.call(components.Admin, "GET", names.Entitlement+"/assignmentRequests/"+request, nil, 200)["state"] == state
	})
}

func TestAskedDeliveredRemovedGone(t *testing.T) {
	c := clock.NewVirtual(time.Now())
	o := open(t, Options{clock: c})
	if n := o.holds(); n != 0 {
		t.Fatalf("in %v groups before anything was asked for", n)
	}
	assignment := o.ask(nil)
	if n := o.holds(); n != 1 {
		t.Fatalf("delivered, and in %v groups", n)
	}
	if in := o.salesPeople(); len(in) != 1 {
		t.Errorf("the built-in directory shows in Sales: %v", in)
	}

	removal := o.call(components.Member, "POST", names.Entitlement+"/assignmentRequests",
		object{"requestType": "userRemove", "assignment": object{"id": assignment}}, 201)["id"].(string)
	o.eventually("gone", func() bool { return o.holds() == 0 && len(o.salesPeople()) == 0 })
	status := func() any {
		return o.call(components.Admin, "GET", names.Entitlement+"/assignments/"+assignment, nil, 200)["status"]
	}
	c.Advance(time.Minute)
	time.Sleep(2 * look)
	if got := status(); got != "Removing" {
		t.Errorf("S15: told to be %v while a read may still be late", got)
	}
	o.waitOn(c, removal, "delivered")
	if got := status(); got != "Expired" || o.holds() != 0 {
		t.Errorf("in the end: %v, in %v groups", got, o.holds())
	}
}

func TestASweepByHandEndsWhatIsDue(t *testing.T) {
	o := open(t, Options{})
	end := time.Now().Add(1500 * time.Millisecond)
	o.ask(object{"expiration": object{"type": "afterDateTime", "endDateTime": end.UTC().Format(time.RFC3339Nano)}})
	if err := o.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := o.holds(); n != 1 && time.Now().Before(end) {
		t.Fatalf("in %v groups before its end", n)
	}
	time.Sleep(time.Until(end))
	o.send("", "POST", o.Endpoints.Issuer+"/sweep", nil, 200)
	o.eventually("gone", func() bool { return o.holds() == 0 })
}

func TestAnEditReachesTheHolders(t *testing.T) {
	o := open(t, Options{})
	o.ask(nil)
	path := names.Entitlement + "/accessPackages/" + o.Package
	roles := o.call(components.Admin, "GET", path+"?$expand=resourceRoleScopes($expand=role,scope)", nil, 200)["resourceRoleScopes"].([]any)
	for _, r := range roles {
		if r.(object)["role"].(object)["originSystem"] == "Scim" {
			o.call(components.Admin, "DELETE", path+"/resourceRoleScopes/"+r.(object)["id"].(string), nil, 204)
		}
	}
	o.eventually("taken back", func() bool { return o.holds() == 0 })
}

func TestPoisonIsParkedAndCanBeGivenBack(t *testing.T) {
	c := clock.NewVirtual(time.Now())
	o := open(t, Options{clock: c})
	queue := o.queues[names.DeliverUrgent]
	dead := func() int {
		parked := o.send("", "GET", o.Endpoints.Issuer+"/dead-letters", nil, 200)
		return len(parked[names.DeliverUrgent].([]any))
	}
	park := func() {
		o.eventually("parked", func() bool {
			c.Advance(10 * time.Minute) // longer than a failed message is held back
			time.Sleep(look)
			return dead() == 1
		})
	}

	queue.Send("poison", 0)
	park()
	if n := queue.Dead()[0].Receives; n != queue.MaxReceive {
		t.Errorf("parked after %d receipts, want %d", n, queue.MaxReceive)
	}
	o.ask(nil) // nobody waits behind it

	o.send("", "POST", o.Endpoints.Issuer+"/dead-letters?redrive="+names.DeliverUrgent, nil, 200)
	o.eventually("given back", func() bool { return dead() == 0 })
	park()
	o.send("", "POST", o.Endpoints.Issuer+"/dead-letters?redrive=other", nil, 400)
}

func TestWhatIsStoredIsShown(t *testing.T) {
	o := open(t, Options{})
	id := o.ask(nil)
	for of, want := range map[string]string{"request/" + id: "assignment request, version", "request/nothing": "there is no item under REQ"} {
		response, err := http.Get(o.Endpoints.Issuer + "/items?of=" + of)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%s: %v, %s", of, err, text)
		}
	}
}

func TestOnlyThisMachineIsServed(t *testing.T) {
	o := open(t, Options{})
	for _, address := range []string{o.Endpoints.URL, o.Endpoints.Issuer, o.Endpoints.SCIM} {
		if !strings.HasPrefix(address, "http://127.0.0.1:") {
			t.Errorf("%s", address)
		}
	}
	o.send("no-token", "GET", o.Endpoints.URL+"/v1.0/me", nil, 401)
	o.send("", "GET", o.Endpoints.URL+"/health", nil, 200)
	o.send("", "GET", o.Endpoints.URL+"/elsewhere", nil, 404)
}

// Two systems know nothing of each other's people or tokens.
func TestSystemsAreApart(t *testing.T) {
	one, other := open(t, Options{}), open(t, Options{})
	token, err := one.System.Token(t.Context(), components.Admin)
	if err != nil {
		t.Fatal(err)
	}
	other.send(token, "GET", other.Endpoints.URL+"/v1.0/me", nil, 401)
}
