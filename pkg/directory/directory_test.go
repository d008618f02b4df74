package directory_test

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"testing"
	"time"

	"leasehold/pkg/authz"
	"leasehold/pkg/clock"
	"leasehold/pkg/directory"
	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/entitlement"
)

// administrator is a command of somebody who may administer.
func administrator(id entitlement.UserID, command string) authz.Command {
	return authz.Command{Caller: authz.Caller{ID: id, Scopes: authz.Every}, CommandID: command}.
		As(entitlement.User{ID: id, Enabled: true, Groups: []entitlement.GroupID{entitlement.AdministratorsGroup}})
}

var first = entitlement.Principal{Issuer: "https://id.example", Value: "root"}

func newService() *directory.Service {
	c := clock.NewVirtual(time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC))
	return &directory.Service{Store: dynamotest.New(), Clock: c, IDs: c, First: first, Enqueuer: &recorder{}, Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
}

// recorder remembers who was enqueued.
type recorder struct {
	mu   sync.Mutex
	told []entitlement.UserID
}

func (h *recorder) Enqueue(_ context.Context, subjects ...entitlement.UserID) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.told = append(h.told, subjects...)
	return nil
}

var by = administrator("somebody", "call")

func TestIdentify_TheFirstAdministratorIsMadeOnce(t *testing.T) {
	s := newService()
	var wg sync.WaitGroup
	ids := make([]entitlement.UserID, 20)
	for i := range ids {
		wg.Go(func() {
			id, err := s.Identify(t.Context(), first, "call")
			if err != nil {
				t.Error(err)
			}
			ids[i] = id
		})
	}
	wg.Wait()
	u, err := s.Store.User(t.Context(), ids[0])
	if err != nil || !u.Administrator() || len(u.Identities) != 1 {
		t.Fatalf("got %+v, %v", u, err)
	}
	for _, id := range ids {
		if id != u.ID {
			t.Fatalf("two administrators: %v", ids)
		}
	}
}

func TestIdentify_AnUnboundPrincipalIsToldSo_NeverMatchedByName(t *testing.T) {
	s := newService()
	if _, err := s.CreateUser(t.Context(), by, entitlement.User{Type: entitlement.Member, DisplayName: "Mia", UserPrincipalName: "mia", Mail: "mia@northwind.example", Enabled: true}); err != nil {
		t.Fatal(err)
	}
	for _, value := range []string{"mia", "mia@northwind.example"} {
		if _, err := s.Identify(t.Context(), entitlement.Principal{Issuer: first.Issuer, Value: value}, "call"); entitlement.KindOf(err) != entitlement.Forbidden {
			t.Errorf("%s: got %v", value, err)
		}
	}
	if _, err := s.Identify(t.Context(), entitlement.Principal{Issuer: "https://other.example", Value: first.Value}, "call"); entitlement.KindOf(err) != entitlement.Forbidden {
		t.Errorf("another issuer's root: %v", err)
	}
}

func TestCreateUser_NamesAndIdentitiesAreUnique(t *testing.T) {
	s := newService()
	p := entitlement.Principal{Issuer: "https://id.example", Value: "mia"}
	mia := entitlement.User{Type: entitlement.Member, DisplayName: "Mia", UserPrincipalName: "Mia@northwind.example", Enabled: true, Identities: []entitlement.Principal{p}}
	u, err := s.CreateUser(t.Context(), by, mia)
	if err != nil {
		t.Fatal(err)
	}
	if id, err := s.Identify(t.Context(), p, "call"); err != nil || id != u.ID {
		t.Errorf("got %v, %v", id, err)
	}
	for name, set := range map[string]func(*entitlement.User){
		"the same name in another case": func(u *entitlement.User) { u.UserPrincipalName, u.Identities = "mia@NORTHWIND.example", nil },
		"the same identity":             func(u *entitlement.User) { u.UserPrincipalName = "other@northwind.example" },
	} {
		other := mia
		set(&other)
		if _, err := s.CreateUser(t.Context(), by, other); entitlement.KindOf(err) != entitlement.Conflict || entitlement.CodeOf(err) != "nameAlreadyExists" {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, set := range map[string]func(*entitlement.User){
		"no name":               func(u *entitlement.User) { u.DisplayName = " " },
		"mail of two":           func(u *entitlement.User) { u.Mail = "a@x.example, b@x.example" },
		"a type of its own":     func(u *entitlement.User) { u.Type = "Robot" },
		"an identity twice":     func(u *entitlement.User) { u.Identities = []entitlement.Principal{p, p} },
		"an identity of no one": func(u *entitlement.User) { u.Identities = []entitlement.Principal{{Issuer: "x"}} },
	} {
		other := mia
		set(&other)
		if _, err := s.CreateUser(t.Context(), by, other); entitlement.KindOf(err) != entitlement.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestManager_NobodyIsTheirOwn(t *testing.T) {
	s := newService()
	u, err := s.CreateUser(t.Context(), by, entitlement.User{Type: entitlement.Member, DisplayName: "Mia", UserPrincipalName: "mia", Enabled: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SetManager(t.Context(), by, u.ID, u.ID); entitlement.KindOf(err) != entitlement.Invalid {
		t.Errorf("got %v", err)
	}
	if err := s.SetManager(t.Context(), by, u.ID, "00000000-0000-4000-8000-00000000ffff"); entitlement.KindOf(err) != entitlement.NotFound {
		t.Errorf("got %v", err)
	}
}

func TestJoin_ManyAtOnceAllArrive(t *testing.T) {
	s := newService()
	g, err := s.CreateGroup(t.Context(), by, entitlement.Group{DisplayName: "Sales"})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 6 {
		u, err := s.CreateUser(t.Context(), by, entitlement.User{Type: entitlement.Member, DisplayName: "P", UserPrincipalName: string(rune('a' + i)), Enabled: true})
		if err != nil {
			t.Fatal(err)
		}
		wg.Go(func() {
			if err := s.AddMembers(t.Context(), by, g.ID, false, u.ID); err != nil {
				t.Error(err)
			}
			if err := s.AddMembers(t.Context(), by, g.ID, false, u.ID); entitlement.KindOf(err) != entitlement.Conflict {
				t.Errorf("a second time: %v", err)
			}
		})
	}
	wg.Wait()
	members, err := s.Store.Members(t.Context(), g.ID, entitlement.Page{})
	if err != nil || len(members.Items) != 6 {
		t.Errorf("got %v, %v", members, err)
	}
}

func TestLeaver_NeedsReconcileTheEndOfEverythingAtOnce(t *testing.T) {
	s := newService()
	g, err := s.CreateGroup(t.Context(), by, entitlement.Group{DisplayName: "Sales"})
	if err != nil {
		t.Fatal(err)
	}
	p := entitlement.Principal{Issuer: first.Issuer, Value: "mia"}
	u, err := s.CreateUser(t.Context(), by, entitlement.User{Type: entitlement.Member, DisplayName: "Mia", UserPrincipalName: "mia", Enabled: true, Identities: []entitlement.Principal{p}})
	if err == nil {
		err = s.AddMembers(t.Context(), by, g.ID, false, u.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.UpdateUser(t.Context(), by, u.ID, func(u *entitlement.User) error { u.Department = "Sales"; return nil }); err != nil {
		t.Fatal(err)
	}
	if told := s.Enqueuer.(*recorder).told; len(told) != 0 {
		t.Errorf("an edit that ends nothing enqueued %v", told)
	}
	if err := s.DeleteUser(t.Context(), by, u.ID); err != nil {
		t.Fatal(err)
	}
	record, _, err := s.Store.(*dynamotest.Store).SubjectRecord(t.Context(), u.ID)
	if err != nil || !record.Disabled || !record.NeedsReconcile() || len(s.Enqueuer.(*recorder).told) != 1 {
		t.Errorf("got %+v, %v, messages %v", record, err, s.Enqueuer)
	}
	if members, err := s.Store.Members(t.Context(), g.ID, entitlement.Page{}); err != nil || len(members.Items) != 0 {
		t.Errorf("still a member: %v, %v", members, err)
	}
	if _, err := s.Identify(t.Context(), p, "call"); entitlement.KindOf(err) != entitlement.Forbidden {
		t.Errorf("still signs in: %v", err)
	}
	if err := s.DeleteUser(t.Context(), by, u.ID); entitlement.KindOf(err) != entitlement.NotFound {
		t.Errorf("a second time: %v", err)
	}
	if _, err := s.CreateUser(t.Context(), by, entitlement.User{Type: entitlement.Member, DisplayName: "Mia", UserPrincipalName: "mia", Enabled: true}); err != nil {
		t.Errorf("the name is free again: %v", err)
	}
}

func TestR52_WhoMayNotBeThereToDecideAnyMoreIsNoted(t *testing.T) {
	ctx := t.Context()
	for name, c := range map[string]struct {
		do   func(s *directory.Service, u, boss entitlement.UserID, board, idle entitlement.GroupID) error
		want string // who is noted
	}{
		"disabled": {func(s *directory.Service, u, _ entitlement.UserID, _, _ entitlement.GroupID) error {
			_, err := s.UpdateUser(ctx, by, u, func(u *entitlement.User) error { u.Enabled = false; return nil })
			return err
		}, "u"},
		"deleted": {func(s *directory.Service, u, _ entitlement.UserID, _, _ entitlement.GroupID) error {
			return s.DeleteUser(ctx, by, u)
		}, "u"},
		"out of a group that approves": {func(s *directory.Service, u, _ entitlement.UserID, board, _ entitlement.GroupID) error {
			return s.RemoveMembers(ctx, by, board, false, u)
		}, "u"},
		"no more with the manager": {func(s *directory.Service, u, _ entitlement.UserID, _, _ entitlement.GroupID) error {
			return s.SetManager(ctx, by, u, "")
		}, "u"},
		"with another manager": {func(s *directory.Service, u, _ entitlement.UserID, _, _ entitlement.GroupID) error {
			other, err := s.CreateUser(ctx, by, entitlement.User{Type: entitlement.Member, DisplayName: "P", UserPrincipalName: "other", Enabled: true})
			if err != nil {
				return err
			}
			return s.SetManager(ctx, by, u, other.ID)
		}, "u"},
		"the same manager again": {func(s *directory.Service, u, boss entitlement.UserID, _, _ entitlement.GroupID) error {
			return s.SetManager(ctx, by, u, boss)
		}, ""},
		"a first manager": {func(s *directory.Service, u, boss entitlement.UserID, _, _ entitlement.GroupID) error {
			return s.SetManager(ctx, by, boss, u)
		}, ""},
		"out of a group that approves nothing": {func(s *directory.Service, u, _ entitlement.UserID, _, idle entitlement.GroupID) error {
			return s.RemoveMembers(ctx, by, idle, false, u)
		}, ""},
		"no owner any more": {func(s *directory.Service, u, _ entitlement.UserID, board, _ entitlement.GroupID) error {
			return s.RemoveMembers(ctx, by, board, true, u)
		}, ""},
		"another department": {func(s *directory.Service, u, _ entitlement.UserID, _, _ entitlement.GroupID) error {
			_, err := s.UpdateUser(ctx, by, u, func(u *entitlement.User) error { u.Department = "Sales"; return nil })
			return err
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := newService()
			store := s.Store.(*dynamotest.Store)
			make := func(name string) entitlement.UserID {
				u, err := s.CreateUser(ctx, by, entitlement.User{Type: entitlement.Member, DisplayName: "P", UserPrincipalName: name, Enabled: true})
				if err != nil {
					t.Fatal(err)
				}
				return u.ID
			}
			u, boss := make("u"), make("boss")
			groups := [2]entitlement.GroupID{}
			for i := range groups {
				g, err := s.CreateGroup(ctx, by, entitlement.Group{DisplayName: "G"})
				if err == nil {
					err = s.AddMembers(ctx, by, g.ID, false, u)
				}
				if err == nil {
					err = s.AddMembers(ctx, by, g.ID, true, u)
				}
				if err != nil {
					t.Fatal(err)
				}
				groups[i] = g.ID
			}
			stage := entitlement.ApprovalStage{Primary: []entitlement.SubjectSet{{Kind: entitlement.GroupMembers, ID: string(groups[0])}}}
			if err := store.Commit(ctx, entitlement.Change{Policies: []entitlement.AssignmentPolicy{{ID: "p", Approval: entitlement.ApprovalSettings{Stages: []entitlement.ApprovalStage{stage}}}}}); err != nil {
				t.Fatal(err)
			}
			if err := s.SetManager(ctx, by, u, boss); err != nil {
				t.Fatal(err)
			}
			if err := c.do(s, u, boss, groups[0], groups[1]); err != nil {
				t.Fatal(err)
			}
			items, err := store.Read(ctx, []entitlement.DueRef{{Kind: entitlement.DueAbsence, Absent: u}, {Kind: entitlement.DueAbsence, Absent: boss}})
			if err != nil || len(items.Absences) != len(c.want) || len(items.Absences) > 0 && items.Absences[0].Person != u {
				t.Errorf("noted: %+v, %v", items.Absences, err)
			}
		})
	}
}

func TestJoin_NobodyWhoIsNotThereBelongsToAGroup(t *testing.T) {
	s := newService()
	g, err := s.CreateGroup(t.Context(), by, entitlement.Group{DisplayName: "G"})
	if err != nil {
		t.Fatal(err)
	}
	nobody := entitlement.UserID("11111111-1111-4111-8111-111111111111")
	for _, owner := range []bool{false, true} {
		if err := s.AddMembers(t.Context(), by, g.ID, owner, nobody); entitlement.KindOf(err) != entitlement.NotFound {
			t.Errorf("owner %v: %v", owner, err)
		}
	}
	if owners, err := s.Store.OwnersAmong(t.Context(), g.ID, []entitlement.UserID{nobody}); err != nil || len(owners) > 0 {
		t.Errorf("owners: %v, %v", owners, err)
	}
}

// Somebody enables a user who is being deleted: what the user gets in between ends with
// the deletion.
func TestL1_WhoIsEnabledWhileBeingDeletedIsDisabledAgain(t *testing.T) {
	w := newFixture(t)
	mia := w.person("mia")
	commits := 0
	w.store.before = func(ctx context.Context, _ entitlement.Change) error {
		if commits++; commits != 2 {
			return nil
		}
		_, err := w.other.UpdateUser(ctx, by, mia.ID, func(u *entitlement.User) error { u.Enabled = true; return nil })
		return err
	}
	w.must(w.DeleteUser(t.Context(), by, mia.ID))
	record, _, err := w.store.SubjectRecord(t.Context(), mia.ID)
	if u := w.read(mia.ID); err != nil || u.Enabled || !u.Gone() || !record.Disabled {
		t.Errorf("got %+v, %+v, %v", u, record, err)
	}
}
