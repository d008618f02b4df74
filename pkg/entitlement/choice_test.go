package entitlement

import (
	"slices"
	"testing"
)

func TestS2_APolicyOfAnotherPackageIsAnsweredLikeOneThatIsNotThere(t *testing.T) {
	foreign := func(w *fixture) {
		p := *w.policy()
		p.ID, p.Package = "foreign", "other"
		w.got.Policies = append(w.got.Policies, p)
	}
	lower := func(w *fixture) {
		p := *w.policy()
		p.ID, p.Scope = "lower", ScopeAllUsers
		w.got.Policies = append(w.got.Policies, p)
	}
	submit := func(w *fixture) (Change, error) { _, c, err := Submit(w.ask, w.got, w.now); return c, err }
	extend := func(w *fixture) (Change, error) { _, c, err := Extend(w.ask, w.got, w.now); return c, err }
	for name, c := range map[string]struct {
		make    func() fixture
		set     func(*fixture)
		policy  PolicyID
		command func(*fixture) (Change, error)
	}{
		"userAdd": {newFixture, foreign, "foreign", submit},
		"userAdd, where the package has no policy": {newFixture, func(w *fixture) { w.policy().Package = "other" }, "policy", submit},
		"adminAdd":                                 {newFixture, func(w *fixture) { w.direct(); foreign(w) }, "foreign", submit},
		"adminAdd, by a policy for nobody":         {newFixture, func(w *fixture) { w.direct(); foreign(w); w.got.Policies[1].Scope = ScopeNobody }, "foreign", submit},
		"R37 userAdd, by a policy of a lower rank": {newFixture, lower, "lower", submit},
		"userUpdate, of an assignment by it":       {held, func(w *fixture) { foreign(w); w.got.Slot.Assignment.Policy = "foreign" }, "", extend},
		"adminUpdate, of an assignment by it":      {held, func(w *fixture) { foreign(w); w.got.Slot.Assignment.Policy = "foreign"; w.ask.Type = AdminUpdate }, "", extend},
	} {
		answer := func(id PolicyID, known bool) error {
			w := c.make()
			c.set(&w)
			w.ask.Policy = id
			if !known {
				w.got.Policies = slices.DeleteFunc(w.got.Policies, func(p AssignmentPolicy) bool { return p.ID == c.policy || p.Package != "pkg" })
			}
			change, err := c.command(&w)
			if len(change.Requests)+len(change.Slots)+len(change.SubjectUpdates) > 0 {
				t.Errorf("%s: S13: got %+v", name, change)
			}
			return err
		}
		got, unknown := answer(c.policy, true), answer(c.policy, false)
		if got == nil || KindOf(got) != KindOf(unknown) || MessageOf(got) != MessageOf(unknown) {
			t.Errorf("%s: got %v, and for an id of nothing %v", name, got, unknown)
		}
	}
}

func TestS7_TheGuardOfARequestNamesItsPolicyWithThePackageOfThat(t *testing.T) {
	w := newFixture()
	_, c, err := Submit(w.ask, w.got, w.now)
	if err != nil || len(c.DeletionGuards) != 1 || c.DeletionGuards[0] != (DeletionGuard{Package: "pkg", Policy: "policy", Subject: "mia"}) {
		t.Errorf("got %+v, %v", c.DeletionGuards, err)
	}
}
