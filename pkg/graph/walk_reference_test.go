package graph

import (
	"slices"
	"testing"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/graph/graphtest"
)

// The walk that goes over the deployed stack, here in process: every role over every operation
// of the reference, on what is in its own catalogs and on what is in others.
func TestS17_TheReferenceIsOpenByRoleAsThePoliciesSay(t *testing.T) {
	actions := map[string]string{}
	for _, op := range served() {
		actions[op.method+" "+func() string { p, _ := described(op.path); return p }()] = op.action.String()
	}
	named := func(name string) authz.Action {
		return authz.Action(slices.IndexFunc(authz.Rules[:], func(r authz.Rule) bool { return r.Name == name }))
	}

	called, open := 0, 0
	for _, d := range append([]entitlement.RoleDefinition{{}}, entitlement.RoleDefinitions...) {
		w := newFixture(t)
		w.delegate()
		own, err := graphtest.New(w.caller(), w.ids, "own")
		if err == nil && d.ID != "" {
			err = own.Delegate(w.ids["delegate"], string(d.ID), d.Everywhere)
		}
		if err != nil {
			t.Fatal(err)
		}
		foreign, err := graphtest.New(w.caller(), w.ids, "foreign")
		if err != nil {
			t.Fatal(err)
		}

		walker := &graphtest.Walker{As: "delegate", Role: d.DisplayName, Everywhere: d.Everywhere, Actions: actions,
			Lets:      func(action string) bool { return slices.Contains(authz.RolesFor(named(action)), d.ID) },
			Everybody: func(action string) bool { return authz.Rules[named(action)].May&authz.Everybody != 0 }}
		for _, f := range []*graphtest.Fixture{foreign, own} {
			n, through, differences, err := walker.Walk(f, f == own)
			if err != nil {
				t.Fatal(err)
			}
			called, open = called+n, open+through
			for _, one := range differences {
				t.Error(one)
			}
		}
	}
	t.Logf("%d combinations, %d open", called, open)
}
