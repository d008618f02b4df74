package requests_test

import (
	"context"
	"testing"
	"time"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

var second = entitlement.SubjectSet{Kind: entitlement.SecondManager}

func TestR51_TheManagersManagerDecides(t *testing.T) {
	for name, c := range map[string]struct {
		before, after func(w *fixture, chief, other, boss, mia authz.Command)
		decides       string // who may decide in the end
	}{
		"the one there is": {nil, nil, "chief"},
		"R52 nobody, at the beginning": {func(w *fixture, _, _, boss, _ authz.Command) {
			w.change(boss.ID, func(u *entitlement.User) { u.Manager = "" })
		}, nil, "fay"},
		"R52 no manager at all": {func(w *fixture, _, _, _, mia authz.Command) {
			w.change(mia.ID, func(u *entitlement.User) { u.Manager = "" })
		}, nil, "fay"},
		"R52 one who is disabled": {func(w *fixture, chief, _, _, _ authz.Command) { w.disable(chief.ID) }, nil, "fay"},
		"another one by the decision": {nil, func(w *fixture, _, other, boss, _ authz.Command) {
			w.change(boss.ID, func(u *entitlement.User) { u.Manager = other.ID })
		}, "other"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newFixture(t)
			chief, other, fay := w.person("", false), w.person("", false), w.person("", false)
			boss := w.person(chief.ID, false)
			mia := w.person(boss.ID, false)
			if c.before != nil {
				c.before(w, chief, other, boss, mia)
			}

			p, policy := w.pack()
			w.staged(policy.ID, entitlement.ApprovalStage{Primary: []entitlement.SubjectSet{second}, Fallback: []entitlement.SubjectSet{single(fay.ID)}})
			r := w.ask(mia, p)
			if c.after != nil {
				c.after(w, chief, other, boss, mia)
			}

			decide := func(by authz.Command) error {
				return w.Decide(context.Background(), by, r.ID, entitlement.DecisionInput{Stage: r.Stages[0].ID, Approved: true})
			}
			for who, by := range map[string]authz.Command{"boss": boss, "mia": mia, "chief": chief, "other": other, "fay": fay} {
				if who != c.decides && decide(by) == nil {
					t.Fatalf("%s decided", who)
				}
			}
			by := map[string]authz.Command{"chief": chief, "other": other, "fay": fay}[c.decides]
			if c.after == nil {
				w.finds(by, r.ID, true)
			}
			if err := decide(by); err != nil {
				t.Errorf("%s: %v", c.decides, err)
			}
		})
	}
}

func TestR62_TheManagersManagerAsAlternateHasAFallback(t *testing.T) {
	w := newFixture(t)
	chief, late := w.person("", false), w.person("", false)
	boss := w.person(chief.ID, false)
	mia := w.person(boss.ID, false)
	stage := entitlement.ApprovalStage{Primary: []entitlement.SubjectSet{single(boss.ID)}, Escalation: true, EscalateAfter: time.Hour, Alternates: []entitlement.SubjectSet{second}}
	alone := entitlement.AssignmentPolicy{Approval: entitlement.ApprovalSettings{RequiredForAdd: true, Stages: []entitlement.ApprovalStage{stage}}, Scope: entitlement.ScopeAllMembers, Expiration: entitlement.Expiration{Type: entitlement.ExpireNever}}
	w.kind(alone.Check(w.clock.Now()), entitlement.Invalid)

	for _, there := range []bool{true, false} {
		if !there {
			w.change(boss.ID, func(u *entitlement.User) { u.Manager = "" })
		}
		p, policy := w.pack()
		stage.FallbackAlternates = []entitlement.SubjectSet{single(late.ID)}
		w.staged(policy.ID, stage)
		r := w.ask(mia, p)
		w.finds(chief, r.ID, false)

		start, err := w.store.StartInputs(context.Background(), w.request(r.ID))
		if err != nil {
			t.Fatal(err)
		}
		_, change, err := entitlement.Overdue(w.request(r.ID), start, "sweep", w.clock.Now().Add(2*time.Hour))
		if err != nil || len(change.Requests) != 1 {
			t.Fatalf("there is one %t: %+v, %v", there, change, err)
		}
		w.commit(change)
		w.finds(chief, r.ID, there)
		w.finds(late, r.ID, !there)
		w.finds(boss, r.ID, true)
	}
}
