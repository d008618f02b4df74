package requests_test

import (
	"context"
	"encoding/json"
	"regexp"
	"slices"
	"sync"
	"testing"
	"time"

	"leasehold/pkg/authz"
	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/dynamo/faults"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/requests"
)

type sending func(by authz.Command) (entitlement.AssignmentRequest, error)

// keyed is a fixture in which one command can be sent, and one that differs from it.
type keyed struct {
	*fixture
	pkg         entitlement.PackageID
	people      []authz.Command
	by          authz.Command
	send, other sending
}

// commands are all that make a request, in fixtures that are ready for them.
var commands = map[string]func(*testing.T) *keyed{
	"userAdd, decided at once": func(t *testing.T) *keyed { return adding(t, entitlement.UserAdd) },
	"userAdd, waiting for somebody": func(t *testing.T) *keyed {
		return adding(t, entitlement.UserAdd, entitlement.SubjectSet{Kind: entitlement.SingleUser, ID: "boss"})
	},
	"adminAdd":                   func(t *testing.T) *keyed { return adding(t, entitlement.AdminAdd) },
	"userRemove":                 func(t *testing.T) *keyed { return removing(t, entitlement.UserRemove) },
	"adminRemove":                func(t *testing.T) *keyed { return removing(t, entitlement.AdminRemove) },
	"userUpdate":                 func(t *testing.T) *keyed { return extending(t, entitlement.UserUpdate, false, false) },
	"userUpdate, by the package": func(t *testing.T) *keyed { return extending(t, entitlement.UserUpdate, true, false) },
	"userUpdate, waiting":        func(t *testing.T) *keyed { return extending(t, entitlement.UserUpdate, true, true) },
	"adminUpdate":                func(t *testing.T) *keyed { return extending(t, entitlement.AdminUpdate, false, false) },
}

func adding(t *testing.T, kind entitlement.RequestType, approvers ...entitlement.SubjectSet) *keyed {
	k, policy := newKeyed(t, kind == entitlement.AdminAdd, approvers...)
	ask := func(subject entitlement.UserID, why string) sending {
		return func(by authz.Command) (entitlement.AssignmentRequest, error) {
			return k.Submit(context.Background(), by, requests.Submission{Type: kind, Subject: subject, Package: k.pkg, Policy: policy.ID, Justification: why})
		}
	}
	subject, another := k.people[0].ID, k.people[1].ID
	if kind == entitlement.UserAdd {
		another = subject
	}
	k.send, k.other = ask(subject, "to sell"), ask(another, "to buy")
	return k
}

func removing(t *testing.T, kind entitlement.RequestType) *keyed {
	k, policy := newKeyed(t, kind == entitlement.AdminRemove)
	id := k.assign(k.people[2], k.people[0].ID, policy, "").AssignmentOf()
	end := func(why string) sending {
		return func(by authz.Command) (entitlement.AssignmentRequest, error) {
			return k.Remove(context.Background(), by, kind, id, why)
		}
	}
	k.send, k.other = end("moved"), end("left")
	return k
}

func extending(t *testing.T, kind entitlement.RequestType, byPackage, approval bool) *keyed {
	k, policy := newKeyed(t, kind == entitlement.AdminUpdate)
	k.reset(policy.ID, func(p *entitlement.AssignmentPolicy) {
		p.Approval = entitlement.ApprovalSettings{RequiredForUpdate: approval, Stages: []entitlement.ApprovalStage{{Primary: []entitlement.SubjectSet{{Kind: entitlement.SingleUser, ID: "boss"}}}}}
	})
	id := k.assign(k.people[2], k.people[0].ID, policy, "").AssignmentOf()
	until := func(d time.Duration) sending {
		asked := entitlement.Schedule{Expiration: entitlement.Expiration{Type: entitlement.ExpireAfterDateTime, End: k.clock.Now().Add(d)}}
		return func(by authz.Command) (entitlement.AssignmentRequest, error) {
			if byPackage {
				return k.ExtendHeld(context.Background(), by, requests.Submission{Type: kind, Package: k.pkg, RequestedSchedule: asked})
			}
			return k.Extend(context.Background(), by, kind, id, asked, "")
		}
	}
	k.send, k.other = until(2*time.Hour), until(3*time.Hour)
	return k
}

// newKeyed has two people and an administrator, who or the first of whom sends.
func newKeyed(t *testing.T, administers bool, approvers ...entitlement.SubjectSet) (*keyed, entitlement.AssignmentPolicy) {
	k := &keyed{fixture: newFixture(t)}
	k.people = []authz.Command{k.person("", false), k.person("", false), k.person("", true)}
	p, policy := k.pack(approvers...)
	k.reset(policy.ID, func(p *entitlement.AssignmentPolicy) { p.Requestor.SelfRemove, p.Requestor.CustomSchedule = true, true })
	k.pkg, k.by = p.ID, k.people[0]
	if administers {
		k.by = k.people[2]
	}
	k.by.IdempotencyKey = "f7a1"
	return k, policy
}

// first sends the command and returns the request that it made.
func (k *keyed) first() entitlement.AssignmentRequest {
	k.t.Helper()
	r, err := k.send(k.by)
	if err != nil {
		k.t.Fatal(err)
	}
	return r
}

// snapshot is all that the store holds of the requests, and what they led to.
func (k *keyed) snapshot() string {
	k.t.Helper()
	ctx := context.Background()
	var all []any
	keep := func(v any, err error) {
		k.t.Helper()
		if err != nil {
			k.t.Fatal(err)
		}
		all = append(all, v)
	}
	for _, r := range k.made() {
		all = append(all, r)
		keep(k.store.Events(ctx, entitlement.OfRequest, string(r.ID)))
	}
	keep(k.store.Holders(ctx, k.pkg, entitlement.Page{}))
	keep(k.store.EndedFor(ctx, k.pkg, entitlement.Page{}))
	for _, who := range k.people {
		record, _, err := k.store.SubjectRecord(ctx, who.ID)
		keep(record, err)
	}
	text, err := json.Marshal(all)
	if err != nil {
		k.t.Fatal(err)
	}
	return string(text)
}

func (k *keyed) made() []entitlement.AssignmentRequest {
	k.t.Helper()
	list, err := k.store.RequestsFor(context.Background(), k.pkg, entitlement.Page{})
	if err != nil {
		k.t.Fatal(err)
	}
	return list.Items
}

// restarted forgets everything but the store.
func (k *keyed) restarted() {
	again := *k.Service
	k.Service = &again
}

const otherCommand = "You have used this Idempotency-Key for another request already. To repeat that one, send it unchanged; for a new request use a new key."

func TestS12_ACommandThatIsSentAgainIsTheRequestThatItMade(t *testing.T) {
	for name, of := range commands {
		t.Run(name, func(t *testing.T) {
			k := of(t)
			r := k.first()
			if kept, err := k.store.Request(context.Background(), r.ID); err != nil || len(kept.Fingerprint) != 64 {
				t.Fatalf("kept %+v, %v", kept, err)
			}
			before := k.snapshot()
			for _, later := range []time.Duration{0, 11 * time.Minute, 1000 * 24 * time.Hour} { // its schedule is over by then
				k.clock.Advance(later)
				k.restarted()
				if again, err := k.send(k.by); err != nil || again.ID != r.ID || !again.Created.Equal(r.Created) {
					t.Errorf("after %s: %s, %v, want %s", later, again.ID, err, r.ID)
				}
			}
			if after := k.snapshot(); after != before {
				t.Errorf("it had an effect\n%s\n%s", before, after)
			}
		})
	}
}

func TestS12_WhateverBecameOfTheRequestItIsStillTheAnswer(t *testing.T) {
	for name, become := range map[string]func(*keyed, entitlement.AssignmentRequest) error{
		"canceled": func(k *keyed, r entitlement.AssignmentRequest) error {
			return k.Cancel(context.Background(), k.people[0], r.ID)
		},
		"denied": func(k *keyed, r entitlement.AssignmentRequest) error {
			return k.Decide(context.Background(), k.people[1], r.ID, entitlement.DecisionInput{Stage: r.Stages[0].ID})
		},
		"approved, and the assignment removed": func(k *keyed, r entitlement.AssignmentRequest) error {
			if err := k.Decide(context.Background(), k.people[1], r.ID, entitlement.DecisionInput{Stage: r.Stages[0].ID, Approved: true}); err != nil {
				return err
			}
			_, err := k.Remove(context.Background(), k.people[2], entitlement.AdminRemove, r.AssignmentOf(), "")
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			k := adding(t, entitlement.UserAdd)
			k.reset(k.policyID(), func(p *entitlement.AssignmentPolicy) {
				p.Approval = entitlement.ApprovalSettings{RequiredForAdd: true, Stages: []entitlement.ApprovalStage{{Primary: []entitlement.SubjectSet{{Kind: entitlement.SingleUser, ID: string(k.people[1].ID)}}}}}
			})
			r := k.first()
			if err := become(k, r); err != nil {
				t.Fatal(err)
			}
			k.reset(k.policyID(), func(p *entitlement.AssignmentPolicy) { p.Requestor.SelfAdd = false }) // nor could it be asked for any more
			before := k.snapshot()
			if again, err := k.send(k.by); err != nil || again.ID != r.ID || k.snapshot() != before {
				t.Errorf("got %s, %v, want %s", again.ID, err, r.ID)
			}
		})
	}
}

func (k *keyed) policyID() entitlement.PolicyID {
	k.t.Helper()
	p, err := k.store.Package(context.Background(), k.pkg)
	if err != nil {
		k.t.Fatal(err)
	}
	return p.Policies[0]
}

func TestS12_AnotherCommandUnderTheKeyIsRefusedAndChangesNothing(t *testing.T) {
	for name, of := range commands {
		t.Run(name, func(t *testing.T) {
			k := of(t)
			k.first()
			before := k.snapshot()
			for what, send := range map[string]sending{"other parameters": k.other, "another type": func(by authz.Command) (entitlement.AssignmentRequest, error) {
				return k.Remove(context.Background(), by, entitlement.SystemRemove, entitlement.AssignmentID(k.clock.New()), "")
			}} {
				_, err := send(k.by)
				if entitlement.KindOf(err) != entitlement.Precondition || entitlement.MessageOf(err) != otherCommand {
					t.Errorf("%s: %v", what, err)
				}
			}
			if after := k.snapshot(); after != before {
				t.Errorf("S13: something changed\n%s\n%s", before, after)
			}
		})
	}
}

// shapeOf8 is that of a UUID of version 8.
var shapeOf8 = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

func TestA16_AKeyIsItsCallersOwn(t *testing.T) {
	k := adding(t, entitlement.UserAdd)
	otto := k.people[1]
	otto.IdempotencyKey = k.by.IdempotencyKey
	mine := k.first()
	his, err := k.Submit(context.Background(), otto, requests.Submission{Type: entitlement.UserAdd, Package: k.pkg, Justification: "another command"})
	if err != nil || his.ID == mine.ID || his.Requestor != otto.ID || !shapeOf8.MatchString(string(mine.ID)) || !shapeOf8.MatchString(string(his.ID)) {
		t.Errorf("got %s and %s, %v", mine.ID, his.ID, err)
	}
	elsewhere := adding(t, entitlement.UserAdd) // the same people, package and key, and another secret
	if there := elsewhere.first(); there.Requestor != mine.Requestor || there.ID == mine.ID {
		t.Errorf("A1: the id %s can be guessed from what callers know", there.ID)
	}
}

func TestA16_OfManyAtOnceOneIsMadeAndAllHearOfIt(t *testing.T) {
	for name, of := range commands {
		t.Run(name, func(t *testing.T) {
			k := of(t)
			before := len(k.made())
			all := make([]entitlement.AssignmentRequest, 40)
			errs := make([]error, len(all))
			var done sync.WaitGroup
			for i := range all {
				send := k.send
				if i%4 == 3 {
					send = k.other
				}
				done.Go(func() { all[i], errs[i] = send(k.by) })
			}
			done.Wait()
			made := k.made()
			if len(made) != before+1 {
				t.Fatalf("%d requests were made", len(made)-before)
			}
			won := slices.IndexFunc(errs, func(err error) bool { return err == nil })
			for i, err := range errs {
				switch same := (i%4 == 3) == (won%4 == 3); {
				case same && (err != nil || all[i].ID != all[won].ID):
					t.Errorf("%d: %s, %v, want %s", i, all[i].ID, err, all[won].ID)
				case !same && entitlement.MessageOf(err) != otherCommand:
					t.Errorf("%d: %v, want that the key is taken", i, err)
				}
			}
		})
	}
}

// However far one of two is when the other comes and is done with, they make one request.
func TestA16_WhereverTwoMeetTheyMakeOneRequest(t *testing.T) {
	for name, of := range commands {
		t.Run(name, func(t *testing.T) {
			for at := 1; of(t).meets(at, true) && of(t).meets(at, false); at++ {
				if at > 30 {
					t.Fatal("they never cease to meet")
				}
			}
		})
	}
}

// meets sends the command, and the same or another one just before the n-th operation of
// its store. It reports that there was such an operation.
func (k *keyed) meets(at int, same bool) bool {
	k.t.Helper()
	before, twin := len(k.made()), k.other
	if same {
		twin = k.send
	}
	var first entitlement.AssignmentRequest
	ops := 0
	k.fault = func(op faults.Op) dynamotest.Fault {
		if ops++; ops == at {
			k.fault = nil
			var err error
			if first, err = twin(k.by); err != nil {
				k.t.Errorf("the one that goes first, before %s: %v", op, err)
			}
		}
		return dynamotest.None
	}
	second, err := k.send(k.by)
	met := k.fault == nil
	k.fault = nil
	switch {
	case !met:
	case same && (err != nil || second.ID != first.ID):
		k.t.Errorf("before operation %d: %s, %v, want %s", at, second.ID, err, first.ID)
	case !same && entitlement.MessageOf(err) != otherCommand:
		k.t.Errorf("before operation %d: %v, want that the key is taken", at, err)
	}
	if n := len(k.made()) - before; n != 1 {
		k.t.Errorf("before operation %d: %d requests were made", at, n)
	}
	return met
}

// flaky is a store whose commits go as commit says.
type flaky struct {
	*dynamotest.Store
	commit func(context.Context, entitlement.Change) error
}

func (f flaky) Commit(ctx context.Context, c entitlement.Change) error { return f.commit(ctx, c) }

func TestF1_ACrashBeforeTheReplyLeavesOneRequestThatARepeatFinds(t *testing.T) {
	for name, of := range commands {
		t.Run(name, func(t *testing.T) {
			k := of(t)
			n := len(k.made())
			k.Service.Store = flaky{k.store, func(ctx context.Context, c entitlement.Change) error {
				if err := k.store.Commit(ctx, c); err != nil {
					return err
				}
				panic("the process ends here")
			}}
			func() {
				defer func() { recover() }()
				k.send(k.by)
				t.Error("it did not end")
			}()
			k.restarted()
			k.Service.Store = k.store
			made, before := k.made(), k.snapshot()
			if len(made) != n+1 {
				t.Fatalf("%d requests were made", len(made)-n)
			}
			for range 2 {
				if r, err := k.send(k.by); err != nil || !slices.ContainsFunc(made, func(m entitlement.AssignmentRequest) bool { return m.ID == r.ID && m.Fingerprint != "" }) {
					t.Errorf("got %s, %v", r.ID, err)
				}
			}
			if after := k.snapshot(); after != before {
				t.Errorf("S5: the repeat had an effect\n%s\n%s", before, after)
			}
		})
	}
}

func TestF2_WhateverTheStoreSaysOfACommitTheAnswerIsWhatItHolds(t *testing.T) {
	for name, of := range commands {
		for how, commit := range map[string]func(*keyed) func(context.Context, entitlement.Change) error{
			"it times out after the effect": func(k *keyed) func(context.Context, entitlement.Change) error {
				return func(ctx context.Context, c entitlement.Change) error {
					defer func() { k.fault = nil }()
					k.fault = func(op faults.Op) dynamotest.Fault {
						if op == faults.TransactWriteItems {
							return dynamotest.FailAfter
						}
						return dynamotest.None
					}
					return k.store.Commit(ctx, c)
				}
			},
			"it is tried again, too late to be known": func(k *keyed) func(context.Context, entitlement.Change) error {
				return func(ctx context.Context, c entitlement.Change) error {
					if err := k.store.Commit(ctx, c); err != nil {
						return err
					}
					return k.store.Commit(ctx, c)
				}
			},
		} {
			t.Run(name+", "+how, func(t *testing.T) {
				k := of(t)
				n := len(k.made())
				k.Service.Store = flaky{k.store, commit(k)}
				r := k.first()
				events, err := k.store.Events(context.Background(), entitlement.OfRequest, string(r.ID))
				if err != nil || len(k.made()) != n+1 || len(events) == 0 || entitlement.VerifyChain(r.Chain, events) != nil {
					t.Errorf("S10: %d requests were made, %d events of %s, %v", len(k.made())-n, len(events), r.ID, err)
				}
			})
		}
	}
}

func TestS13_WhatTheStoreDidNotTakeIsMadeByTheRepeat(t *testing.T) {
	for name, of := range commands {
		t.Run(name, func(t *testing.T) {
			k := of(t)
			n, before := len(k.made()), k.snapshot()
			k.fault = func(op faults.Op) dynamotest.Fault {
				if op == faults.TransactWriteItems {
					return dynamotest.FailBefore
				}
				return dynamotest.None
			}
			_, err := k.send(k.by)
			k.kind(err, entitlement.Unavailable)
			k.fault = nil
			if after := k.snapshot(); after != before {
				t.Errorf("something changed\n%s\n%s", before, after)
			}
			k.first()
			if len(k.made()) != n+1 {
				t.Errorf("%d requests were made", len(k.made())-n)
			}
		})
	}
}

// reads counts what is read of a key alone.
type reads struct {
	*dynamotest.Store
	keys, reviews int
}

func (r *reads) SigningKey(ctx context.Context) ([]byte, error) {
	r.keys++
	return r.Store.SigningKey(ctx)
}

func (r *reads) Review(ctx context.Context, reviewer entitlement.UserID, id entitlement.RequestID) (entitlement.User, entitlement.AssignmentRequest, error) {
	r.reviews++
	return r.Store.Review(ctx, reviewer, id)
}

func TestS12_WithoutAKeyNothingIsReadOrKeptForOne(t *testing.T) {
	for name, of := range commands {
		t.Run(name, func(t *testing.T) {
			k := of(t)
			k.by.IdempotencyKey = ""
			read := &reads{Store: k.store}
			k.Service.Store = read
			r := k.first()
			kept, err := k.store.Request(context.Background(), r.ID)
			if err != nil || kept.Fingerprint != "" || shapeOf8.MatchString(string(r.ID)) {
				t.Errorf("kept %+v, %v", kept, err)
			}
			if read.keys+read.reviews > 0 {
				t.Errorf("the signing key was read %d times, and what the key might have made %d times", read.keys, read.reviews)
			}
		})
	}
}

// A key opens nothing: who may not call any more is refused as everywhere.
func TestA16_WhoeverIsDisabledHearsNothingByAKey(t *testing.T) {
	for name, of := range commands {
		t.Run(name, func(t *testing.T) {
			k := of(t)
			k.first()
			u, err := k.store.User(context.Background(), k.by.ID)
			if err != nil {
				t.Fatal(err)
			}
			u.Enabled = false
			k.commit(entitlement.Change{Users: []entitlement.User{u}})
			before := k.snapshot()
			_, err = k.send(k.by)
			k.kind(err, entitlement.Forbidden)
			if k.snapshot() != before {
				t.Error("S13: something changed")
			}
		})
	}
}
