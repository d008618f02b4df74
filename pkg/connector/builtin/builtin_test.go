package builtin_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"leasehold/pkg/authz"
	"leasehold/pkg/clock"
	"leasehold/pkg/connector"
	"leasehold/pkg/connector/builtin"
	"leasehold/pkg/connector/connectortest"
	"leasehold/pkg/directory"
	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/entitlement"
)

// administrator is a command of somebody who may administer.
func administrator(id entitlement.UserID, command string) authz.Command {
	return authz.Command{Caller: authz.Caller{ID: id, Scopes: authz.Every}, CommandID: command}.
		As(entitlement.User{ID: id, Enabled: true, Groups: []entitlement.GroupID{entitlement.AdministratorsGroup}})
}

// people is the directory as the connector sees it.
type people struct{ *directory.Service }

var by = administrator("root", "test")

func (p people) Group(ctx context.Context, id entitlement.GroupID) (entitlement.Group, error) {
	return p.Store.Group(ctx, id)
}

func (p people) GroupsPage(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.Group], error) {
	return p.Store.ListGroups(ctx, page)
}

func (p people) Users(ctx context.Context, ids []entitlement.UserID) ([]entitlement.User, error) {
	return p.Store.Users(ctx, ids)
}

func (p people) OwnersAmong(ctx context.Context, id entitlement.GroupID, users []entitlement.UserID) ([]entitlement.UserID, error) {
	return p.Store.OwnersAmong(ctx, id, users)
}

func (p people) Members(ctx context.Context, id entitlement.GroupID, page entitlement.Page) (entitlement.Paged[entitlement.UserID], error) {
	return p.Store.Members(ctx, id, page)
}

func (p people) Owners(ctx context.Context, id entitlement.GroupID, page entitlement.Page) (entitlement.Paged[entitlement.UserID], error) {
	return p.Store.Owners(ctx, id, page)
}

func (p people) AddMembers(ctx context.Context, id entitlement.GroupID, owner bool, users ...entitlement.UserID) error {
	return p.Service.AddMembers(ctx, by, id, owner, users...)
}

func (p people) RemoveMembers(ctx context.Context, id entitlement.GroupID, owner bool, users ...entitlement.UserID) error {
	return p.Service.RemoveMembers(ctx, by, id, owner, users...)
}

func harness(t *testing.T, role string) connectortest.Harness {
	t.Helper()
	c := clock.NewVirtual(time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC))
	store := dynamotest.New()
	service := people{&directory.Service{Store: store, Clock: c, IDs: c}}
	g, err := service.CreateGroup(t.Context(), by, entitlement.Group{DisplayName: "Group"})
	if err != nil {
		t.Fatal(err)
	}
	missing := entitlement.GroupID(c.New())
	h := connectortest.Harness{
		Connector: builtin.New(service),
		Role:      entitlement.RoleRef{Connector: entitlement.BuiltinConnector, Resource: string(g.ID), Role: role + string(g.ID)},
		NoRole:    entitlement.RoleRef{Connector: entitlement.BuiltinConnector, Resource: string(missing), Role: role + string(missing)},
		Unknown:   connector.Correlation{User: entitlement.UserID(c.New())},
		Ghost:     connector.PrincipalRef(c.New()),
		Secret:    "there is none",
	}
	for i := range connectortest.MinPeople {
		u, err := service.CreateUser(t.Context(), by, entitlement.User{DisplayName: "P", UserPrincipalName: fmt.Sprintf("p%d@northwind.example", i), Type: entitlement.Member, Enabled: true})
		if err != nil {
			t.Fatal(err)
		}
		h.People = append(h.People, connector.Correlation{User: u.ID, UserName: u.UserPrincipalName})
	}
	n, owner := 0, role == "Owner_"
	h.Crowd = &connectortest.Crowd{
		Put: func(many int) (all []connector.PrincipalRef) {
			for range many {
				n++
				u, err := service.CreateUser(t.Context(), by, entitlement.User{DisplayName: "P", UserPrincipalName: fmt.Sprintf("one%d@northwind.example", n), Type: entitlement.Member, Enabled: true})
				if err == nil {
					err = service.AddMembers(t.Context(), g.ID, owner, u.ID)
				}
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, connector.PrincipalRef(u.ID))
			}
			return all
		},
		Take: func(p connector.PrincipalRef) {
			if err := service.RemoveMembers(t.Context(), g.ID, owner, entitlement.UserID(p)); err != nil {
				t.Fatal(err)
			}
		},
	}
	if !owner {
		h.Crowd.Many = 250 // a group has few owners
	}
	h.Members = func() []connector.PrincipalRef {
		var list []connector.PrincipalRef
		if role == "Owner_" {
			owners, _ := store.Owners(t.Context(), g.ID, entitlement.Page{})
			for _, u := range owners.Items {
				list = append(list, connector.PrincipalRef(u))
			}
			return list
		}
		members, _ := store.Members(t.Context(), g.ID, entitlement.Page{})
		for _, u := range members.Items {
			list = append(list, connector.PrincipalRef(u))
		}
		return list
	}
	return h
}

func TestMembersKeepTheContract(t *testing.T) {
	connectortest.Run(t, func(t *testing.T) connectortest.Harness { return harness(t, "Member_") })
}

func TestOwnersKeepTheContract(t *testing.T) {
	connectortest.Run(t, func(t *testing.T) connectortest.Harness { return harness(t, "Owner_") })
}

func TestA3_TheAdministratorsGroupIsNoResource(t *testing.T) {
	h := harness(t, "Member_")
	if _, err := h.Connector.Resource(t.Context(), string(entitlement.AdministratorsGroup)); entitlement.KindOf(err) != entitlement.Precondition {
		t.Errorf("got %v", err)
	}
	if r, err := h.Connector.Resource(t.Context(), h.Role.Resource); err != nil || len(r.Roles) != 2 {
		t.Errorf("R9: got %+v, %v", r, err)
	}
}

// counted counts what is committed, and can fail a commit by its number.
type counted struct {
	*dynamotest.Store
	commits atomic.Int64
	fault   func(commit int64) error
}

func (c *counted) Commit(ctx context.Context, change entitlement.Change) error {
	n := c.commits.Add(1)
	if c.fault != nil {
		if err := c.fault(n); err != nil {
			return err
		}
	}
	return c.Store.Commit(ctx, change)
}

// crowd is a group, and people who are to come to it.
func crowd(t *testing.T, size int) (*counted, people, entitlement.RoleRef, []connector.Op) {
	t.Helper()
	c := clock.NewVirtual(time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC))
	store := &counted{Store: dynamotest.New()}
	service := people{&directory.Service{Store: store, Clock: c, IDs: c}}
	g, err := service.CreateGroup(t.Context(), by, entitlement.Group{DisplayName: "Everybody"})
	if err != nil {
		t.Fatal(err)
	}
	ops := make([]connector.Op, size)
	for i := range ops {
		u, err := service.CreateUser(t.Context(), by, entitlement.User{DisplayName: "P", UserPrincipalName: fmt.Sprintf("p%d@northwind.example", i), Type: entitlement.Member, Enabled: true})
		if err != nil {
			t.Fatal(err)
		}
		ops[i] = connector.Op{Grant: true, Principal: connector.PrincipalRef(u.ID)}
	}
	store.commits.Store(0)
	return store, service, entitlement.RoleRef{Connector: entitlement.BuiltinConnector, Resource: string(g.ID), Role: "Member_" + string(g.ID)}, ops
}

// lockstep lets workers go on together: each waits until all are there who are still at work.
type lockstep struct {
	mu                     sync.Mutex
	moved                  sync.Cond
	active, waiting, round int
}

func (l *lockstep) wait() {
	l.mu.Lock()
	defer l.mu.Unlock()
	round := l.round
	l.waiting++
	l.check()
	for round == l.round {
		l.moved.Wait()
	}
}

func (l *lockstep) release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.active--
	l.check()
}

func (l *lockstep) check() {
	if l.waiting > 0 && l.waiting == l.active {
		l.waiting, l.round = 0, l.round+1
		l.moved.Broadcast()
	}
}

func TestY15_APopularGroupIsNoSharedWriteKey(t *testing.T) {
	const workers, each = 24, 40
	store, service, role, ops := crowd(t, workers*each)
	conn := builtin.New(service)
	if most := conn.Describe().MaxBatch; most < each {
		t.Fatalf("a batch holds %d", most)
	}
	step := lockstep{active: workers}
	step.moved.L = &step.mu
	store.fault = func(int64) error {
		step.wait() // nobody commits before all who are at work have decided
		return nil
	}
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			defer step.release()
			results, err := conn.Apply(t.Context(), role, ops[w*each:(w+1)*each])
			if err != nil || len(results) != each {
				t.Errorf("worker %d: %v", w, err)
			}
			for i, r := range results {
				if r.Err != nil {
					t.Errorf("worker %d, person %d: %v", w, i, r.Err)
				}
			}
		})
	}
	wg.Wait()
	if n := store.commits.Load(); n > 48 {
		t.Errorf("%d commits, want at most 48", n)
	}
	g := entitlement.GroupID(role.Resource)
	members := map[entitlement.UserID]bool{}
	for page := (entitlement.Page{}); ; {
		got, err := store.Members(t.Context(), g, page)
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range got.Items {
			members[id] = true
		}
		if page.Token = got.Next; page.Token == "" {
			break
		}
	}
	if len(members) != workers*each {
		t.Errorf("%d members, want %d", len(members), workers*each)
	}
	for _, op := range ops {
		u, err := store.User(t.Context(), entitlement.UserID(op.Principal))
		if err != nil || !u.MemberOf(g) || !members[u.ID] {
			t.Fatalf("got %+v, %v", u, err)
		}
		events, err := store.Events(t.Context(), entitlement.OfUser, string(u.ID))
		if err != nil || len(events) != 2 || events[1].Kind != "memberAdded" || events[1].Data["group"] != string(g) {
			t.Fatalf("S10: got %+v, %v", events, err)
		}
		if err := entitlement.VerifyChain(u.Chain, events); err != nil {
			t.Fatalf("S11: %v", err)
		}
	}
	if kept, err := store.Group(t.Context(), g); err != nil || kept.Version != 1 {
		t.Errorf("the group was written: %+v, %v", kept, err)
	}
}

func TestF3_ALostRaceIsNeverToldAsAMissingPerson(t *testing.T) {
	store, service, role, ops := crowd(t, 40)
	conn := builtin.New(service)
	stale := entitlement.StaleError(entitlement.PartDirectory)
	store.fault = func(n int64) error {
		if n <= 3 {
			return stale
		}
		return nil
	}
	results, err := conn.Apply(t.Context(), role, ops)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range results {
		if r.Err != nil {
			t.Errorf("person %d: %v", i, r.Err)
		}
	}

	store, service, role, ops = crowd(t, 40)
	conn = builtin.New(service)
	store.fault = func(int64) error { return stale }
	results, err = conn.Apply(t.Context(), role, ops)
	if entitlement.KindOf(err) != entitlement.Throttled || results != nil {
		t.Errorf("a race that never ends: %+v, %v", results, err)
	}
	if refusal := connector.RefusalOf(err); refusal.Permanent || refusal.Reason != connector.TargetThrottled {
		t.Errorf("recorded as %+v", refusal)
	}
}

func TestApply_GoesOnWithoutThoseWhoStandInTheWay(t *testing.T) {
	_, service, role, ops := crowd(t, 6)
	conn := builtin.New(service)
	user := func(i int) entitlement.UserID { return entitlement.UserID(ops[i].Principal) }
	g := entitlement.GroupID(role.Resource)
	if err := service.AddMembers(t.Context(), g, false, user(0)); err != nil { // is one already
		t.Fatal(err)
	}
	service.Service.Enqueuer, service.Service.Log = noQueue{}, slog.New(slog.DiscardHandler)
	if err := service.DeleteUser(t.Context(), by, user(1)); err != nil {
		t.Fatal(err)
	}
	ops[2].Principal = connector.PrincipalRef(clock.System{}.New()) // was never there
	if _, err := service.UpdateUser(t.Context(), by, user(3), func(u *entitlement.User) error { u.Enabled = false; return nil }); err != nil {
		t.Fatal(err)
	}
	for prefix, want := range map[string][]connector.Reason{
		"Member_": {"", connector.PrincipalMissing, connector.PrincipalMissing, "", "", ""},
		"Owner_":  {"", connector.PrincipalMissing, connector.PrincipalMissing, connector.RefusedByTarget, "", ""},
	} {
		role.Role = prefix + role.Resource
		results, err := conn.Apply(t.Context(), role, ops)
		if err != nil {
			t.Fatal(err)
		}
		who := make([]connector.PrincipalRef, len(ops))
		for i, op := range ops {
			who[i] = op.Principal
		}
		held, err := conn.Check(t.Context(), role, conn.Describe().Ways[0], who)
		if err != nil {
			t.Fatal(err)
		}
		for i, r := range results {
			holds := held[i] == entitlement.PresencePresent
			reason := connector.Reason("")
			if r.Err != nil {
				reason = r.Err.Reason
			}
			if reason != want[i] || holds != (reason == "") {
				t.Errorf("%s, person %d: %v, holds %t, want %q", prefix, i, r.Err, holds, want[i])
			}
		}
	}
}

type noQueue struct{}

func (noQueue) Enqueue(context.Context, ...entitlement.UserID) error { return nil }
