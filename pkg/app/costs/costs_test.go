// Package costs pins what each command costs from the API to the table: calls of DynamoDB,
// read and write units, and calls of the target. It stands here because only the wiring
// knows all the parts of a command. RULES.md in this folder has the yardsticks.
package costs

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"leasehold/pkg/app/targets"
	"leasehold/pkg/authn"
	"leasehold/pkg/catalogs"
	"leasehold/pkg/clock"
	"leasehold/pkg/connector"
	"leasehold/pkg/connector/kinds"
	"leasehold/pkg/delivery"
	"leasehold/pkg/directory"
	"leasehold/pkg/dynamo"
	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/dynamo/engine"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/graph"
	"leasehold/pkg/lifecycle"
	"leasehold/pkg/names"
	"leasehold/pkg/requests"
	"leasehold/pkg/secrets"
	"leasehold/pkg/views"
)

// emulator is MiniStack, where that is installed.
var emulator *dynamotest.Emulator

func TestMain(m *testing.M) {
	var err error
	emulator, err = dynamotest.Start()
	if err != nil && !errors.Is(err, dynamotest.ErrNone) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	if emulator != nil {
		emulator.Stop()
	}
	os.Exit(code)
}

// cost is what a command takes. Reads without key predictions: a command is one call
// longer than with them, for the principal.
type cost struct {
	calls       int
	read, write float64
}

// The pins. A rise fails; a fall is a reason to lower the pin. In brackets what the layout
// was expected to cost with all key predictions warm: calls, read units, write units. Beyond
// that, each event is a row by time, and one more by who did it where that was a person.
var (
	pinSubmitApproval  = cost{5, 8.5, 15} // [2, 6, 14]: whoever is asked is looked up, so that nobody asks somebody who is gone; and how much else is open is counted
	pinSubmitAutomatic = cost{3, 7, 16}   // [2, 6, 16]
	pinDecideLast      = cost{4, 7, 15}   // [3, 6, 12], and the row by which a leaver's open work is found
	pinDeny            = cost{4, 7, 11}   // [2, 3, 8], and that row: the slot is read, and with it what an approval would need
	pinCancel          = cost{4, 4, 11}   // [2, 3, 8], and that row
	pinRemove          = cost{6, 6, 23}   // [2, 5, 16]: made for another, which is a row of its own
	pinList            = cost{4, 5.5, 0}  // one page of one's own requests, three on it
	pinDeliver         = cost{9, 13, 13}  // [5, 8, 12]: three roles at one target, a fence for each, and the breaker
	pinRepeat          = cost{1, 1, 0}
	pinOutside         = cost{19, 16, 28} // three resources, each held while it is written to, and remembered
	pinLook            = cost{8, 7, 6}
	pinOutsideRemoval  = cost{18, 15, 21}
	pinOutsideGone     = cost{8, 9, 17}
	pinExpireOne       = cost{12, 6, 12} // [8 empty shards, 1 of them read, 10]; the removal is owed since then, which is a row
	pinExpireNothing   = cost{10, 5, 0}  // [8, 4, 0], and the two shards of what has been owed for long
	pinKeyed           = cost{4, 9, 16}  // submit, automatic, under a key: one look more at caller and request
	pinKeyedAgain      = cost{2, 3, 0}   // the principal, and that look
	pinSigningKey      = cost{1, 1, 0}   // on top of the first keyed command of a process

	// Of a package that lists others, or groups, as incompatible. The others are a condition
	// of the record that is written anyway; the groups are one check more, of the user.
	pinSubmitListing       = pinSubmitAutomatic
	pinSubmitListingGroups = cost{pinSubmitAutomatic.calls, pinSubmitAutomatic.read, pinSubmitAutomatic.write + 2}
	pinRefuse              = cost{3, 8, 0} // the name of what stands in the way is read for the refusal
	pinListOther           = cost{5, 4, 9} // the package with its row among what is offered, its event, and the row beside the other one
	pinListGroup           = cost{5, 4, 7}
	pinListers             = cost{5, 5, 0} // a page of one

	// Under a policy for a group: that the subject is still a member is one check more, of the
	// membership, which is small however many groups the subject is in.
	pinSubmitByGroup = cost{pinSubmitAutomatic.calls, pinSubmitAutomatic.read, pinSubmitAutomatic.write + 2}

	// What one may ask for, of 600 packages: pinFirstPage has what it depends on.
	pinPageOf600 = cost{7, 7, 0}

	// An event of each person, so that nothing of a group is a shared write key; one event of
	// the group for all would be cost{4, 3, 8} for one and cost{3, 2, 166} for forty.
	pinAddMember            = cost{5, 4, 10}
	pinRemoveMember         = cost{6, 5, 10}
	pinMembers40            = cost{7, 81, 284}
	pinDisableAdministrator = cost{9, 9, 18} // the administrators who are left, and the version of their group
	// Of looking whether anybody is there to decide: by name it is one read, of a group the
	// first three members. Out of a group it takes one read more, whether the group
	// approves. A sweep costs 10 calls and 5 R with nothing due.
	pinSubmitToGroup  = cost{6, 10.5, 15}
	pinSubmitToNobody = cost{6, 9.5, 18} // the fallback is looked up as well, and an event says who became an approver
	pinLeave          = cost{6, 5, 10}
	pinLeaveApprovers = cost{6, 5, 13}
	pinDisable        = cost{6, 5, 12}
	pinAbsence        = cost{29, 16.5, 27} // two requests, each with others asked
	pinAbsenceAgain   = cost{25, 18.5, 3}
	pinDailyLook      = cost{17, 14, 4}
)

// place is an empty table, somewhere.
type place struct {
	client dynamo.Client
	table  string
}

// everywhere runs a test on the engine, and on MiniStack where that is installed.
func everywhere(t *testing.T, test func(t *testing.T, p place)) {
	t.Run("engine", func(t *testing.T) { test(t, place{engine.New(engine.Options{Table: "costs"}), "costs"}) })
	t.Run("MiniStack", func(t *testing.T) {
		if emulator == nil {
			fmt.Fprintln(os.Stderr, dynamotest.ErrNone)
			t.Skip(dynamotest.ErrNone)
		}
		p := place{emulator.Client(), fmt.Sprintf("costs-%d", time.Now().UnixNano())}
		if err := emulator.CreateTable(t.Context(), p.table); err != nil {
			t.Fatal(err)
		}
		test(t, p)
	})
}

// fixture is the whole product over one metered table.
type fixture struct {
	*testing.T
	place
	meter            *dynamotest.Meter
	db               *dynamo.DB
	who              *directory.Service
	clock            *clock.Virtual
	catalogs, people http.Handler
	worker           *delivery.Service
	edits            *delivery.FanOut
	looks            *catalogs.ImpactWorker
	sweep            *lifecycle.Service
	target           *counted
}

// recorder drops every message: the test does itself what the worker would.
type recorder struct{}

func (recorder) Enqueue(context.Context, ...entitlement.UserID) error { return nil }
func (recorder) EnqueueAfter(context.Context, time.Duration, ...entitlement.UserID) error {
	return nil
}
func (recorder) EnqueueImpact(context.Context, entitlement.PackageID, entitlement.ImpactJobID) error {
	return nil
}
func (recorder) EnqueueJob(context.Context, entitlement.PackageID, int64) error { return nil }

// signedIn takes the name of the caller for a token.
type signedIn struct{}

func (signedIn) Verify(_ context.Context, authorization string) (authn.Token, error) {
	return authn.Token{Principal: entitlement.Principal{Issuer: "https://id.example", Value: strings.TrimPrefix(authorization, "Bearer ")},
		Scopes: []string{"EntitlementManagement.ReadWrite.All", "EntitlementMgmt-SubjectAccess.ReadWrite"}}, nil
}

// counted is a target that holds what it is told and counts.
type counted struct {
	mu            sync.Mutex // roles are delivered side by side
	outside       bool       // it is a system of others: what it shows is to be weighed
	held          map[entitlement.RoleRef]map[connector.PrincipalRef]bool
	writes, reads int
}

func (c *counted) Open(context.Context, entitlement.ConnectorID) (connector.Connector, error) {
	return c, nil
}
func (c *counted) Describe() connector.Capabilities {
	return connector.Capabilities{MaxBatch: 100, Ways: []connector.Way{"list"}, Authoritative: !c.outside, SerialWrites: c.outside}
}
func (c *counted) Resource(context.Context, string) (connector.Resource, error) {
	return connector.Resource{}, nil
}
func (c *counted) FindPrincipals(_ context.Context, who []connector.Correlation) ([]connector.Found, error) {
	found := make([]connector.Found, len(who))
	for i, w := range who {
		found[i].Ref = connector.PrincipalRef(w.User)
	}
	return found, nil
}
func (c *counted) Apply(_ context.Context, role entitlement.RoleRef, ops []connector.Op) ([]connector.Result, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.writes += len(ops)
	for _, op := range ops {
		if c.held[role] == nil {
			c.held[role] = map[connector.PrincipalRef]bool{}
		}
		c.held[role][op.Principal] = op.Grant
	}
	return make([]connector.Result, len(ops)), nil
}
func (c *counted) Check(_ context.Context, role entitlement.RoleRef, _ connector.Way, who []connector.PrincipalRef) ([]entitlement.Presence, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reads++
	held := make([]entitlement.Presence, len(who))
	for i, p := range who {
		held[i] = entitlement.PresenceOf(c.held[role][p])
	}
	return held, nil
}

func open(t *testing.T, p place) *fixture {
	t.Helper()
	meter := dynamotest.NewMeter(dynamo.ItemSize)
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	c := clock.NewVirtual(time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC))
	p.client = meter.Wrap(p.client)
	o := &fixture{T: t, meter: meter, place: p, db: dynamo.New(p.client, p.table), clock: c, target: &counted{held: map[entitlement.RoleRef]map[connector.PrincipalRef]bool{}}}
	ids := clock.System{} // the table's shards are chosen by the ids, so these must be random
	who := &directory.Service{Store: o.db, Clock: c, IDs: ids, Enqueuer: recorder{}, Log: log, First: entitlement.Principal{Issuer: "https://id.example", Value: "admin"}}
	o.who = who
	registry := targets.Registry(o.db, &secrets.Memory{}, who, targets.Reach{Private: true})
	keeping := &catalogs.Service{Store: o.db, Targets: connector.Lookup{Registry: registry}, Secrets: &secrets.Memory{}, Kinds: kinds.All(), Jobs: recorder{}, Enqueuer: recorder{}, Clock: c, IDs: ids, Log: log}
	o.looks = &catalogs.ImpactWorker{Service: keeping, Accounts: who}
	deps := graph.Deps{Authenticator: signedIn{}, Directory: who, Views: &views.Reader{Store: o.db}, PublicURLs: []string{"https://access.example"}, Clock: c,
		Catalogs: keeping,
		Requests: &requests.Service{Store: o.db, Enqueuer: recorder{}, Clock: c, IDs: ids, Log: log}}
	o.catalogs, o.people = graph.Catalogs(deps), graph.Requests(deps)
	o.worker = &delivery.Service{Store: o.db, Connectors: o.target, Queue: recorder{}, Clock: c, IDs: ids, Lease: time.Minute, Log: log}
	o.edits = &delivery.FanOut{Store: o.db, Bulk: recorder{}, JobQueue: recorder{}, Clock: c, Log: log}
	o.sweep = &lifecycle.Service{Store: o.db, Enqueuer: recorder{}, Jobs: recorder{}, Clock: c, Log: log}
	return o
}

// call sends one request and returns the answer's body.
func (o *fixture) call(api http.Handler, as, method, path string, body any) map[string]any {
	o.Helper()
	w := o.send(api, as, method, path, "", body)
	if w.Code >= 300 {
		o.Fatalf("%s %s: %d %s", method, path, w.Code, w.Body)
	}
	answer := map[string]any{}
	json.Unmarshal(w.Body.Bytes(), &answer)
	return answer
}

// send sends one request, under a key or "" for none.
func (o *fixture) send(api http.Handler, as, method, path, key string, body any) *httptest.ResponseRecorder {
	o.Helper()
	var text bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&text).Encode(body); err != nil {
			o.Fatal(err)
		}
	}
	r := httptest.NewRequest(method, path, &text)
	r.Header.Set("Authorization", "Bearer "+as)
	r.Header.Set("Content-Type", "application/json")
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	w := httptest.NewRecorder()
	api.ServeHTTP(w, r)
	return w
}

type object = map[string]any

const em = names.Entitlement

// costs meters what happens in do.
func (o *fixture) costs(what string, want cost, do func()) {
	o.Helper()
	o.meter.Reset()
	do()
	got := cost{o.meter.Total(), o.meter.ReadUnits, o.meter.WriteUnits}
	o.Logf("%-28s %2d calls %5.1f R %5.1f W", what, got.calls, got.read, got.write)
	if got != want {
		o.Errorf("%s costs %+v, pinned at %+v (%v)", what, got, want, o.meter.Calls)
	}
}

// person adds somebody who signs in by that name.
func (o *fixture) person(name, manager string) string {
	o.Helper()
	id := o.call(o.catalogs, "admin", "POST", "/v1.0/users", object{"displayName": name, "userPrincipalName": name + "@northwind.example",
		"identities": []object{{"signInType": "federated", "issuer": "https://id.example", "issuerAssignedId": name}}})["id"].(string)
	if manager != "" {
		o.call(o.catalogs, "admin", "PUT", "/v1.0/users/"+id+"/manager/$ref", object{"@odata.id": "https://access.example/v1.0/users/" + manager})
	}
	return id
}

// pack adds a package of three roles; approval: the manager decides.
func (o *fixture) pack(approval bool) string {
	o.Helper()
	catalog := o.call(o.catalogs, "admin", "POST", em+"/catalogs", object{"displayName": "Sales " + clock.System{}.New(), "state": "published"})["id"]
	id := o.call(o.catalogs, "admin", "POST", em+"/accessPackages", object{"displayName": "Starter", "catalog": object{"id": catalog}})["id"].(string)
	for _, name := range []string{"a", "b", "c"} {
		group := o.call(o.catalogs, "admin", "POST", "/v1.0/groups", object{"displayName": name})["id"].(string)
		o.call(o.catalogs, "admin", "POST", em+"/resourceRequests", object{"requestType": "adminAdd", "catalog": object{"id": catalog}, "resource": object{"originId": group, "originSystem": "AadGroup"}})
		list := o.call(o.catalogs, "admin", "GET", em+"/catalogs/"+catalog.(string)+"/resources?$filter=originId%20eq%20%27"+group+"%27", nil)
		resource := list["value"].([]any)[0].(object)["id"]
		o.call(o.catalogs, "admin", "POST", em+"/accessPackages/"+id+"/resourceRoleScopes", object{
			"role":  object{"originId": "Member_" + group, "originSystem": "AadGroup", "resource": object{"id": resource, "originId": group, "originSystem": "AadGroup"}},
			"scope": object{"originId": group, "originSystem": "AadGroup", "isRootScope": true}})
	}
	policy := object{"displayName": "All", "accessPackage": object{"id": id}, "allowedTargetScope": "allMemberUsers",
		"requestorSettings": object{"enableTargetsToSelfAddAccess": true}, "expiration": object{"type": "afterDuration", "duration": "P1D"}}
	if approval {
		policy["requestApprovalSettings"] = object{"isApprovalRequiredForAdd": true, "stages": []object{{"durationBeforeAutomaticDenial": "P14D",
			"primaryApprovers":         []object{{"@odata.type": "#microsoft.graph.requestorManager", "managerLevel": 1}},
			"fallbackPrimaryApprovers": []object{{"@odata.type": "#microsoft.graph.singleUser", "userId": o.call(o.catalogs, "admin", "GET", "/v1.0/me", nil)["id"]}}}}}
	}
	o.call(o.catalogs, "admin", "POST", em+"/assignmentPolicies", policy)
	for generation := range int64(3) { // no edit is left on its way
		if err := o.edits.Run(context.Background(), entitlement.PackageID(id), generation+1); err != nil {
			o.Fatal(err)
		}
	}
	return id
}

func (o *fixture) submit(as, pkg string, policy any) string {
	o.Helper()
	return o.call(o.people, as, "POST", em+"/assignmentRequests", object{"requestType": "userAdd", "justification": "to do my work",
		"assignment": object{"accessPackageId": pkg, "assignmentPolicyId": policy}})["id"].(string)
}

// policyOf returns the one policy of a package: clients name it, which saves a read.
func (o *fixture) policyOf(pkg string) any {
	o.Helper()
	p := o.call(o.people, "admin", "GET", em+"/accessPackages/"+pkg+"?$expand=assignmentPolicies", nil)
	return p["assignmentPolicies"].([]any)[0].(object)["id"]
}

func (o *fixture) decide(as, id, verdict string) {
	o.Helper()
	r, err := o.db.Request(context.Background(), entitlement.RequestID(id))
	if err != nil {
		o.Fatal(err)
	}
	o.meter.Reset() // the stage's id is known to whoever looks at the request
	o.call(o.people, as, "PATCH", em+"/accessPackageAssignmentApprovals/"+id+"/stages/"+r.Stages[0].ID, object{"reviewResult": verdict})
}

func (o *fixture) deliver(u string) {
	o.Helper()
	for _, err := range o.worker.Deliver(context.Background(), []entitlement.UserID{entitlement.UserID(u)}, "test") {
		o.Fatal(err)
	}
}

func (o *fixture) run() {
	o.Helper()
	if r, err := o.sweep.Sweep(context.Background(), "sweep"); err != nil || r.Failed > 0 {
		o.Fatalf("%+v, %v", r, err)
	}
}

func TestY1Y2_WhatEachCommandCosts(t *testing.T) { everywhere(t, whatEachCommandCosts) }

func whatEachCommandCosts(t *testing.T, p place) {
	o := open(t, p)
	boss := o.person("boss", "")
	mia, otto := o.person("mia", boss), o.person("otto", boss)
	asked, free := o.pack(true), o.pack(false)
	askedPolicy, freePolicy := o.policyOf(asked), o.policyOf(free)
	o.clock.Advance(time.Hour) // whatever the set-up left pending is old

	o.costs("nothing due", pinExpireNothing, o.run)
	var first, second, third string
	o.costs("submit, approval needed", pinSubmitApproval, func() { first = o.submit("mia", asked, askedPolicy) })
	o.costs("decide, last", pinDecideLast, func() { o.decide("boss", first, "Approve") })
	second = o.submit("otto", asked, askedPolicy)
	o.costs("deny", pinDeny, func() { o.decide("boss", second, "Deny") })
	second = o.submit("otto", asked, askedPolicy)
	o.costs("cancel", pinCancel, func() { o.call(o.people, "otto", "POST", em+"/assignmentRequests/"+second+"/cancel", nil) })
	o.costs("submit, automatic", pinSubmitAutomatic, func() { third = o.submit("otto", free, freePolicy) })
	o.costs("deliver, three roles", pinDeliver, func() { o.deliver(mia) })
	if o.target.writes != 3 {
		t.Errorf("Y3: %d writes for three new roles", o.target.writes)
	}
	o.costs("deliver again", pinRepeat, func() { o.deliver(mia) })
	if o.target.writes != 3 {
		t.Errorf("Y3: a repeat wrote")
	}
	o.deliver(otto)
	o.costs("a page of own requests", pinList, func() {
		o.call(o.people, "otto", "GET", em+"/assignmentRequests/filterByCurrentUser(on='target')", nil)
	})
	o.costs("remove", pinRemove, func() {
		o.call(o.people, "admin", "POST", em+"/assignmentRequests", object{"requestType": "adminRemove", "assignment": object{"id": third}})
	})
	o.deliver(otto)
	o.clock.Advance(24 * time.Hour)
	o.costs("expire one", pinExpireOne, o.run)
	if a, err := o.db.Assignment(context.Background(), entitlement.AssignmentID(first)); err != nil || a.State != entitlement.AssignmentExpired {
		t.Fatalf("got %+v, %v", a, err)
	}
}

// At a system of others each resource is read and held while it is written to, and what was
// written is looked at once more.
func TestY2_WhatADeliveryCostsAtATargetOfOthers(t *testing.T) {
	everywhere(t, whatADeliveryCostsAtATargetOfOthers)
}

func whatADeliveryCostsAtATargetOfOthers(t *testing.T, p place) {
	o := open(t, p)
	o.target.outside = true
	mia, otto := o.person("mia", ""), o.person("otto", "")
	pkg := o.pack(false)
	policy := o.policyOf(pkg)
	o.submit("otto", pkg, policy)
	o.deliver(otto) // somebody is known to be there, and how late the target is
	o.clock.Advance(time.Minute)
	o.deliver(otto)

	id := o.submit("mia", pkg, policy)
	o.costs("deliver, three roles", pinOutside, func() { o.deliver(mia) })
	o.clock.Advance(6 * time.Second)
	o.costs("look once more", pinLook, func() { o.deliver(mia) })
	o.costs("deliver again", pinRepeat, func() { o.deliver(mia) })
	o.call(o.people, "admin", "POST", em+"/assignmentRequests", object{"requestType": "adminRemove", "assignment": object{"id": id}})
	o.costs("take back, three roles", pinOutsideRemoval, func() { o.deliver(mia) })
	o.clock.Advance(3 * time.Minute)
	o.costs("see that they are gone", pinOutsideGone, func() { o.deliver(mia) })
	if a, err := o.db.Assignment(context.Background(), entitlement.AssignmentID(id)); err != nil || a.Removed.IsZero() {
		t.Fatalf("got %+v, %v", a, err)
	}
	if o.target.writes != 9 {
		t.Errorf("Y3: %d writes for three roles of two people, of whom one lost them", o.target.writes)
	}
}

func TestS12_WhatAKeyCosts(t *testing.T) { everywhere(t, whatAKeyCosts) }

func whatAKeyCosts(t *testing.T, p place) {
	o := open(t, p)
	o.person("mia", "")
	pkg := o.pack(false)
	policy := o.policyOf(pkg)
	submit := func(key, why string, want int) func() {
		return func() {
			t.Helper()
			w := o.send(o.people, "mia", "POST", em+"/assignmentRequests", key, object{"requestType": "userAdd", "justification": why,
				"assignment": object{"accessPackageId": pkg, "assignmentPolicyId": policy}})
			if w.Code != want {
				t.Errorf("got %d, want %d: %s", w.Code, want, w.Body)
			}
		}
	}
	if _, err := o.db.SigningKey(t.Context()); err != nil { // which is made once for good
		t.Fatal(err)
	}
	o.costs("submit under a key", pinKeyed, submit("k", "to do my work", 201))
	o.costs("the same again", pinKeyedAgain, submit("k", "to do my work", 201))
	o.costs("another under the key", pinKeyedAgain, submit("k", "to do more", 422))
	o.costs("a key that is none", cost{1, 1, 0}, submit("a b", "to do my work", 400))

	o.db = dynamo.New(o.client, o.table) // another process
	o.costs("its signing key", pinSigningKey, func() {
		for range 2 {
			if _, err := o.db.SigningKey(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestS18_WhatListsOfIncompatibleThingsCost(t *testing.T) {
	everywhere(t, whatListsOfIncompatibleThingsCost)
}

func whatListsOfIncompatibleThingsCost(t *testing.T, p place) {
	o := open(t, p)
	for _, name := range []string{"mia", "otto", "eve"} {
		o.person(name, "")
	}
	free, other := o.pack(false), o.pack(false)
	policy := o.policyOf(free)
	group := o.call(o.catalogs, "admin", "POST", "/v1.0/groups", object{"displayName": "audit"})["id"].(string)
	o.submit("eve", other, o.policyOf(other))
	of := em + "/accessPackages/" + free

	o.costs("list a package", pinListOther, func() {
		o.call(o.catalogs, "admin", "POST", of+"/incompatibleAccessPackages/$ref", object{"@odata.id": em + "/accessPackages/" + other})
	})
	o.costs("submit, beside a package", pinSubmitListing, func() { o.submit("mia", free, policy) })
	o.costs("who lists a package", pinListers, func() {
		o.call(o.catalogs, "admin", "GET", em+"/accessPackages/"+other+"/accessPackagesIncompatibleWith", nil)
	})
	o.costs("list a group", pinListGroup, func() {
		o.call(o.catalogs, "admin", "POST", of+"/incompatibleGroups/$ref", object{"@odata.id": "/v1.0/groups/" + group})
	})
	o.costs("submit, beside a group", pinSubmitListingGroups, func() { o.submit("otto", free, policy) })
	o.costs("refuse who holds a package", pinRefuse, func() { o.refused("eve", free, policy) })
}

func TestR52_WhatItCostsThatSomebodyIsThereToDecide(t *testing.T) {
	everywhere(t, whatItCostsThatSomebodyIsThereToDecide)
}

func whatItCostsThatSomebodyIsThereToDecide(t *testing.T, p place) {
	o := open(t, p)
	fay, boss := o.person("fay", ""), o.person("boss", "")
	for _, name := range []string{"mia", "otto", "eve"} {
		o.person(name, boss)
	}
	board := o.group("board", fay, boss)
	idle := o.group("idle", fay)
	toManager, toGroup := o.pack(true), o.asking(board)
	byManager, byGroup := o.policyOf(toManager), o.policyOf(toGroup)
	o.clock.Advance(time.Hour)

	o.costs("submit, to a group", pinSubmitToGroup, func() { o.submit("mia", toGroup, byGroup) })
	first := o.clock.Now()
	o.clock.Advance(time.Second)
	waits := o.submit("otto", toManager, byManager)
	leave := func(group string) func() {
		return func() { o.call(o.catalogs, "admin", "DELETE", "/v1.0/groups/"+group+"/members/"+fay+"/$ref", nil) }
	}
	o.costs("out of a group", pinLeave, leave(idle))
	o.costs("out of one that approves", pinLeaveApprovers, leave(board))
	o.run()
	o.clock.Advance(time.Minute)
	o.run()
	o.costs("disable an approver", pinDisable, func() { o.call(o.catalogs, "admin", "PATCH", "/v1.0/users/"+boss, object{"accountEnabled": false}) })
	o.deliver(boss)
	o.costs("and two requests wait", pinAbsence, o.run)
	o.clock.Advance(time.Minute)
	o.costs("and look again", pinAbsenceAgain, o.run)
	if r, err := o.db.Request(t.Context(), entitlement.RequestID(waits)); err != nil || len(r.Stages[0].Approvers) != 2 {
		t.Fatalf("got %+v, %v", r.Stages[0].Approvers, err)
	}
	o.costs("submit, the manager gone", pinSubmitToNobody, func() { o.submit("eve", toManager, byManager) })
	o.clock.Advance(first.Add(24 * time.Hour).Sub(o.clock.Now()))
	o.costs("the daily look, at one", pinDailyLook, o.run)
}

func TestF36_WhatItCostsThatSomebodyIsStillInTheGroup(t *testing.T) {
	everywhere(t, whatItCostsThatSomebodyIsStillInTheGroup)
}

func whatItCostsThatSomebodyIsStillInTheGroup(t *testing.T, p place) {
	o := open(t, p)
	sales := o.group("sales", o.person("mia", ""))
	pkg := o.pack(false)
	policy := o.policyOf(pkg).(string)
	o.call(o.catalogs, "admin", "PUT", em+"/assignmentPolicies/"+policy, object{"id": policy, "displayName": "Sales", "accessPackage": object{"id": pkg},
		"allowedTargetScope": "specificDirectoryUsers", "specificAllowedTargets": []object{{"@odata.type": "#microsoft.graph.groupMembers", "groupId": sales}},
		"requestorSettings": object{"enableTargetsToSelfAddAccess": true}, "expiration": object{"type": "afterDuration", "duration": "P1D"}})
	o.costs("submit, by a policy for a group", pinSubmitByGroup, func() { o.submit("mia", pkg, policy) })
}

func TestS21_WhatAPageOfWhatOneMayAskForCosts(t *testing.T) {
	everywhere(t, whatAPageOfWhatOneMayAskForCosts)
}

func whatAPageOfWhatOneMayAskForCosts(t *testing.T, p place) {
	o := open(t, p)
	o.person("mia", "")
	o.person("otto", "")
	catalog := entitlement.CatalogID(o.call(o.catalogs, "admin", "POST", em+"/catalogs", object{"displayName": "Sales of many", "state": "published"})["id"].(string))
	ids := clock.System{}
	for n := range 600 {
		p := entitlement.AccessPackage{ID: entitlement.PackageID(ids.New()), Catalog: catalog, DisplayName: fmt.Sprintf("Package %03d", n)}
		policy := entitlement.AssignmentPolicy{ID: entitlement.PolicyID(ids.New()), Package: p.ID, Catalog: catalog, DisplayName: "All", Scope: entitlement.ScopeAllMembers,
			Requestor: entitlement.RequestorSettings{SelfAdd: true}}
		p.Policies = []entitlement.PolicyID{policy.ID}
		if err := o.db.Commit(t.Context(), entitlement.Change{Packages: []entitlement.AccessPackage{p}, Policies: []entitlement.AssignmentPolicy{policy}}); err != nil {
			t.Fatal(err)
		}
	}
	const path = em + "/accessPackages/filterByCurrentUser(on='allowedRequestor')"
	o.call(o.people, "mia", "GET", path, nil) // and so the signing key is known
	o.costs("a page of 600 packages", pinPageOf600, func() { o.call(o.people, "otto", "GET", path, nil) })
}

// group adds a group of people.
func (o *fixture) group(name string, people ...string) string {
	o.Helper()
	id := o.call(o.catalogs, "admin", "POST", "/v1.0/groups", object{"displayName": name})["id"].(string)
	for _, u := range people {
		o.call(o.catalogs, "admin", "POST", "/v1.0/groups/"+id+"/members/$ref", object{"@odata.id": "https://access.example/v1.0/users/" + u})
	}
	return id
}

// asking adds a package that a group decides on.
func (o *fixture) asking(group string) string {
	o.Helper()
	id := o.pack(false)
	policy := o.policyOf(id).(string)
	o.call(o.catalogs, "admin", "PUT", em+"/assignmentPolicies/"+policy, object{"id": policy, "displayName": "Group", "accessPackage": object{"id": id}, "allowedTargetScope": "allMemberUsers",
		"requestorSettings": object{"enableTargetsToSelfAddAccess": true}, "expiration": object{"type": "afterDuration", "duration": "P1D"},
		"requestApprovalSettings": object{"isApprovalRequiredForAdd": true, "stages": []object{{"durationBeforeAutomaticDenial": "P14D",
			"primaryApprovers": []object{{"@odata.type": "#microsoft.graph.groupMembers", "groupId": group}}}}}})
	return id
}

// refused asks for a package that somebody cannot have.
func (o *fixture) refused(as, pkg string, policy any) {
	o.Helper()
	text, err := json.Marshal(object{"requestType": "userAdd", "justification": "to do my work", "assignment": object{"accessPackageId": pkg, "assignmentPolicyId": policy}})
	if err != nil {
		o.Fatal(err)
	}
	r := httptest.NewRequest("POST", em+"/assignmentRequests", bytes.NewReader(text))
	r.Header.Set("Authorization", "Bearer "+as)
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	if o.people.ServeHTTP(w, r); w.Code != http.StatusUnprocessableEntity {
		o.Fatalf("%d %s", w.Code, w.Body)
	}
}

func TestY15_WhatMembersOfAGroupCost(t *testing.T) { everywhere(t, whatMembersOfAGroupCost) }

func whatMembersOfAGroupCost(t *testing.T, p place) {
	o := open(t, p)
	o.call(o.catalogs, "admin", "GET", "/v1.0/me", nil)
	group := o.call(o.catalogs, "admin", "POST", "/v1.0/groups", object{"displayName": "everybody"})["id"].(string)
	one := o.person("mia", "")
	people := make([]connector.Op, 40)
	for i := range people {
		people[i] = connector.Op{Grant: true, Principal: connector.PrincipalRef(o.person(fmt.Sprint("p", i), ""))}
	}
	o.costs("add a member", pinAddMember, func() {
		o.call(o.catalogs, "admin", "POST", "/v1.0/groups/"+group+"/members/$ref", object{"@odata.id": "/v1.0/users/" + one})
	})
	o.costs("take a member out", pinRemoveMember, func() {
		o.call(o.catalogs, "admin", "DELETE", "/v1.0/groups/"+group+"/members/"+one+"/$ref", nil)
	})
	builtin, err := targets.Registry(o.db, &secrets.Memory{}, o.who, targets.Reach{Private: true}).Open(t.Context(), entitlement.BuiltinConnector)
	if err != nil {
		t.Fatal(err)
	}
	role := entitlement.RoleRef{Connector: entitlement.BuiltinConnector, Resource: group, Role: "Member_" + group}
	o.costs("deliver to 40 people", pinMembers40, func() {
		if _, err := builtin.Apply(t.Context(), role, people); err != nil {
			t.Fatal(err)
		}
	})
	o.costs("disable a person", pinDisable, func() {
		o.call(o.catalogs, "admin", "PATCH", "/v1.0/users/"+one, object{"accountEnabled": false})
	})
	admin := o.person("other", "")
	o.call(o.catalogs, "admin", "POST", "/v1.0/groups/"+string(entitlement.AdministratorsGroup)+"/members/$ref", object{"@odata.id": "/v1.0/users/" + admin})
	o.costs("disable an administrator", pinDisableAdministrator, func() {
		o.call(o.catalogs, "admin", "PATCH", "/v1.0/users/"+admin, object{"accountEnabled": false})
	})
}
