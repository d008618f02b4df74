// Package rights compares what the functions call with what their roles allow. The other
// half, that the roles are what names says, is a test of the template in infra.
package rights

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"leasehold/localstack/components"
	"leasehold/pkg/clock"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

// Every function is driven through all that it does, and what it called of AWS is held
// against names: no call that its role does not allow, and no right that it never used.
func TestEveryFunctionCallsWhatItsRoleAllowsAndNothingElse(t *testing.T) {
	s := open(t)
	s.drain() // what the seed has edited
	for _, story := range []func(*stack){askAndRemove, end, editAPackage, waitForSeveral, waitForNobody, startLater, reopen, leave, wakeAfterAnOutage, repairLostMessages, sendMalformed, manageConnectors, manageOrganizations, handOn, lookBack, takeAway, throughThePages, peopleThroughThePages, keepThroughThePages,
		countPacesAndFigures, lookBackThroughThePages, administerThroughThePages, agreeToImpact, agreeThroughThePages, lookByJobs, keepPeopleThroughThePages, deliverWithinLimits, deliverToIdentityCenter, deliverToAFunction, compareTargets, deliverInTheVPC} {
		story(s)
	}

	t.Logf("%d actions judged", s.n)
	for _, odd := range s.odd {
		t.Errorf("not understood: %s", odd)
	}
	_, functions := names.Deployed(true)
	for _, complaint := range compare(functions, s.used) {
		// What one in the VPC has a right to, its counterpart has, and is driven through all of it.
		if f, _, _ := strings.Cut(complaint, " may "); !names.OfVPC(f) {
			t.Error(complaint)
		}
	}
}

// compare complains about calls without a right, rights without a call, and actions that
// are granted to some and called by nobody.
func compare(functions []names.Function, used map[string]map[string]bool) (complaints []string) {
	complain := func(format string, args ...any) { complaints = append(complaints, fmt.Sprintf(format, args...)) }
	others, idle := maps.Clone(used), map[string]bool{}
	for _, f := range functions {
		allowed := map[string]bool{}
		for _, right := range f.Rights() {
			never := !right.ByLambda
			for _, action := range right.Actions {
				each := action + " on " + part(right.Part, right.ID)
				did := used[f.ID][each]
				for _, family := range right.Leading {
					allowed[each+" at "+string(family)] = true
					did = did || used[f.ID][each+" at "+string(family)]
				}
				if len(right.Leading) == 0 {
					allowed[each] = true
				}
				never = never && !did
				if _, seen := idle[each]; !right.ByLambda && (!seen || did) {
					idle[each] = !did
				}
			}
			if never {
				complain("%s may %s on %s, and never does", f.ID, right.Actions[0], part(right.Part, right.ID))
			}
			for _, family := range right.Leading {
				if !slices.ContainsFunc(right.Actions, func(action string) bool { return used[f.ID][action+" on table at "+string(family)] }) {
					complain("%s may write %s, and never does", f.ID, family)
				}
			}
		}
		for each := range used[f.ID] {
			if !allowed[each] {
				complain("%s does %s, which its role does not allow", f.ID, each)
			}
		}
		delete(others, f.ID)
	}
	for each, nobody := range idle {
		if nobody {
			complain("nobody does %s", each)
		}
	}
	for caller := range others {
		complain("%s is no function", caller)
	}
	slices.Sort(complaints)
	return complaints
}

func TestComparisonFindsWhatIsWrong(t *testing.T) {
	used := map[string]map[string]bool{"a": {"dynamodb:GetItem on table": true, "sqs:SendMessage on queue fanout": true}}
	a := names.Function{ID: "a", Uses: names.Uses{Table: names.Read, Send: []string{names.FanoutJobs}}}
	wider := a
	wider.Uses.Send = []string{names.FanoutJobs, names.DeliverBulk}
	narrower := a
	narrower.Uses.Send = nil
	idle := "nobody does dynamodb:BatchGetItem on table, nobody does dynamodb:Query on table"
	for name, tt := range map[string]struct {
		functions []names.Function
		want      string
	}{
		"as it is":              {[]names.Function{a}, idle},
		"a right too many":      {[]names.Function{wider}, "a may sqs:SendMessage on queue deliver-bulk, and never does, nobody does" + idle[len("nobody does"):] + ", nobody does sqs:SendMessage on queue deliver-bulk"},
		"a right too few":       {[]names.Function{narrower}, "a does sqs:SendMessage on queue fanout, which its role does not allow, " + idle},
		"a caller nobody knows": {nil, "a is no function"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := strings.Join(compare(tt.functions, used), ", "); got != tt.want {
				t.Errorf("complaints = %s\nwant         %s", got, tt.want)
			}
		})
	}
}

const em = names.Entitlement

// ask has an account ask for the package that everybody may have.
func (s *stack) ask(as string) string {
	s.Helper()
	return s.call(as, "POST", em+"/assignmentRequests", object{"requestType": "userAdd",
		"assignment": object{"accessPackageId": s.Package, "assignmentPolicyId": s.Policy}}, 201)["id"].(string)
}

// state drains the queues by hand until the request is in the state: a queue may have nothing to
// hand out for a moment, and a target on a busy machine may answer late.
func (s *stack) state(request, want string) {
	s.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; s.drain() {
		got := s.call(components.Admin, "GET", em+"/assignmentRequests/"+request, nil, 200)["state"]
		if got == want {
			return
		}
		if time.Now().After(deadline) {
			s.Fatalf("the request is %v, want %s", got, want)
		}
	}
}

// values lists a collection as the administrator.
func (s *stack) values(path string) []any {
	s.Helper()
	list, _ := s.call(components.Admin, "GET", path, nil, 200)["value"].([]any)
	return list
}

// askAndRemove is the people's side: who asks gets, and gives back.
func askAndRemove(s *stack) {
	s.call(components.Member, "GET", em+"/accessPackages/filterByCurrentUser(on='allowedRequestor')", nil, 200)
	asked := s.ask(components.Member)
	s.drain()
	s.state(asked, "delivered")
	s.call(components.Member, "GET", em+"/assignments/filterByCurrentUser(on='target')", nil, 200)
	s.call(components.Admin, "GET", em+"/assignmentRequests?$filter=state eq 'delivered'", nil, 200)
	s.call(components.Admin, "GET", names.Ours+"/deliveryErrors", nil, 200)
	removed := s.call(components.Member, "POST", em+"/assignmentRequests", object{"requestType": "userRemove", "assignment": object{"id": asked}}, 201)["id"].(string)
	s.drain()
	s.state(removed, "delivering") // gone, and told in two minutes, when no read can be late any more
}

// end is an assignment whose time is over.
func end(s *stack) {
	over := time.Now().Add(time.Second)
	held := s.call(components.Member, "POST", em+"/assignmentRequests", object{"requestType": "userAdd", "assignment": object{"accessPackageId": s.Package, "assignmentPolicyId": s.Policy},
		"schedule": object{"expiration": object{"type": "afterDateTime", "endDateTime": over.UTC().Format(time.RFC3339Nano)}}}, 201)["id"].(string)
	s.drain()
	time.Sleep(time.Until(over))
	s.sweep()
	s.drain()
	if got := s.call(components.Admin, "GET", em+"/assignments/"+held, nil, 200)["state"]; got != "expired" {
		s.Fatalf("the assignment is %v", got)
	}
}

// editAPackage takes a role out of a package that somebody holds. The first call for it has
// no time left, and hands over to another.
func editAPackage(s *stack) {
	held := s.ask(components.Owner)
	s.drain()
	s.state(held, "delivered")
	path := em + "/accessPackages/" + s.Package
	roles, _ := s.call(components.Admin, "GET", path+"?$expand=resourceRoleScopes($expand=role,scope)", nil, 200)["resourceRoleScopes"].([]any)
	if len(roles) < 2 {
		s.Fatalf("the package has %d roles", len(roles))
	}
	s.call(components.Admin, "DELETE", path+"/resourceRoleScopes/"+fmt.Sprint(roles[0].(object)["id"]), nil, 204)

	jobs := s.receive(queueOf(names.FanoutJobs), time.Second)
	if len(jobs) == 0 {
		s.Fatal("no job was sent")
	}
	f, _ := names.FindFunction(names.Fanout)
	s.hand(f, time.Second, names.FanoutJobs, jobs)
	s.drain()
	s.state(held, "delivered")
}

// takeAway is an export: asked for, written, and sent to whoever asked.
func takeAway(s *stack) {
	path := names.Ours + "/assignmentExports"
	id := fmt.Sprint(s.call(components.Admin, "POST", path, nil, 202)["id"])
	s.drain()
	if got := s.call(components.Admin, "GET", path+"/"+id, nil, 200); got["status"] != "succeeded" || got["rows"] == 0.0 {
		s.Fatalf("the export is %v", got)
	}
}

// leave disables somebody who holds something.
func leave(s *stack) {
	held := s.ask(components.Approver)
	s.drain()
	s.state(held, "delivered")
	who := s.call(components.Approver, "GET", names.APIVersion+"/me", nil, 200)["id"]
	s.call(components.Admin, "PATCH", names.APIVersion+"/users/"+fmt.Sprint(who), object{"accountEnabled": false}, 204)
	s.drain()
}

// wakeAfterAnOutage is the sweep that tries a target again, and the worker that finds it well.
func wakeAfterAnOutage(s *stack) {
	s.targetOff.Store(true)
	waiting := s.ask(components.Other)
	s.drain()
	s.state(waiting, "delivering")
	s.targetOff.Store(false)
	rested := 0
	for _, c := range s.values(names.Ours + "/connectors") {
		b, err := s.db.Breaker(s.Context(), entitlement.ConnectorID(fmt.Sprint(c.(object)["id"])))
		if err != nil {
			s.Fatal(err)
		}
		if b.Failures > 0 {
			rested++
			b.Until = time.Now().Add(-time.Second)
			s.commit(entitlement.Change{Breakers: []entitlement.Breaker{b}})
		}
	}
	if rested != 1 {
		s.Fatalf("%d targets rest", rested)
	}
	s.sweep()
	s.drain()
	s.state(waiting, "delivered")
}

// repairLostMessages is the rest of the sweep: an edit whose message was lost.
func repairLostMessages(s *stack) {
	for range 6 { // more than the urgent queue is told of at a time
		var updates []entitlement.SubjectUpdate
		for range 90 {
			updates = append(updates, entitlement.SubjectUpdate{Subject: entitlement.UserID(clock.System{}.New()), CheckAfter: time.Now().Add(-time.Hour)})
		}
		s.commit(entitlement.Change{SubjectUpdates: updates})
	}
	s.commit(entitlement.Change{Jobs: []entitlement.Job{entitlement.NewJob(entitlement.PackageID(s.Package), 1, time.Now().Add(-time.Hour))}})
	s.sweep()
	s.drain()
}

// sendMalformed has each queue hold back what nobody can read.
func sendMalformed(s *stack) {
	queues, _ := names.Deployed(true)
	for _, q := range queues {
		s.post(q.ID, "poison")
		got := s.receive(q, 5*time.Second)
		if len(got) == 0 {
			s.Fatalf("%s gives nothing", q.ID)
		}
		f := drainer(q.ID)
		s.hand(f, f.Timeout, q.ID, got)
	}
}

func queueOf(id string) names.Queue {
	return names.Queues[slices.IndexFunc(names.Queues, func(q names.Queue) bool { return q.ID == id })]
}

// manageConnectors registers a target, changes its credential, and takes it away again.
func manageConnectors(s *stack) {
	path := names.Ours + "/connectors"
	made := s.call(components.Admin, "POST", path, object{"displayName": "Another", "kind": "scim", "url": s.endpoints.SCIM, "correlationKeys": []string{"userName"}, "credential": "one"}, 201)["id"]
	s.call(components.Admin, "PATCH", path+"/"+fmt.Sprint(made), object{"credential": "two"}, 422)
	s.call(components.Admin, "DELETE", path+"/"+fmt.Sprint(made), nil, 204)
}

// manageOrganizations has a connected organization come and go.
func manageOrganizations(s *stack) {
	made := s.call(components.Admin, "POST", em+"/connectedOrganizations", object{"displayName": "Contoso",
		"identitySources": []object{{"@odata.type": "#microsoft.graph.domainIdentitySource", "domainName": "contoso.example", "displayName": "Contoso"}}}, 201)["id"]
	s.call(components.Admin, "DELETE", em+"/connectedOrganizations/"+fmt.Sprint(made), nil, 204)
}

// lookBack has an administrator read what happened, by who did it and by time.
func lookBack(s *stack) {
	me := s.call(components.Admin, "GET", names.APIVersion+"/me", nil, 200)["id"]
	for _, list := range []string{"", "?$filter=" + url.QueryEscape(fmt.Sprintf("actor eq '%s'", me))} {
		if len(s.values(names.Ours+"/events"+list)) == 0 {
			s.Errorf("nobody did anything: events%s", list)
		}
	}
}

// handOn has each function hand calls on to the other one: those of a batch, and one in
// another spelling, which the gateway's routes do not know.
func handOn(s *stack) {
	batch := s.call(components.Admin, "POST", names.APIVersion+"/$batch", object{"requests": []object{{"id": "1", "method": "GET", "url": strings.TrimPrefix(em, names.APIVersion) + "/assignments?$top=1"}}}, 200)
	if part := batch["responses"].([]any)[0].(map[string]any); part["status"] != float64(200) {
		s.Errorf("handed on: %v", part)
	}
	s.call(components.Admin, "GET", em+"/ASSIGNMENTS?$top=1", nil, 200)
}

func (s *stack) commit(c entitlement.Change) {
	s.Helper()
	if err := s.db.Commit(s.Context(), c); err != nil {
		s.Fatal(err)
	}
}
