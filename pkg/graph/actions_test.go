package graph

import (
	"slices"
	"testing"

	"leasehold/pkg/authz"
)

// Every operation names its action. What an operation that is served names is asked by a
// use case: package archtest sees to that for all actions that are not planned.
func TestEveryOperationNamesItsAction(t *testing.T) {
	named, unserved := map[authz.Action]bool{}, 0
	for _, op := range slices.Concat(catalogsTable(), requestsTable()) {
		if op.elsewhere {
			continue
		}
		for _, a := range append([]authz.Action{op.action}, op.also...) {
			named[a] = true
			if a == 0 {
				t.Errorf("%s %s names no action", op.method, op.path)
			}
			if op.serve != nil && authz.Rules[a].Planned {
				t.Errorf("%s %s is served, and its action %s is planned", op.method, op.path, a)
			}
		}
		if reads := op.method == "GET"; reads == op.action.Writes() && op.action != authz.ReadRequirements && op.action != authz.CallBatch && op.path != exportsPath {
			t.Errorf("%s %s is the action %s, which writes: %t", op.method, op.path, op.action, op.action.Writes())
		}
		if op.serve == nil {
			unserved++
		}
	}
	for a, rule := range authz.Rules {
		if a > 0 && !named[authz.Action(a)] && authz.Action(a) != authz.SetPreferences { // which the pages alone have
			t.Errorf("no operation names the action %s", rule.Name)
		}
	}
	t.Logf("%d actions, %d operations not served yet", len(authz.Rules)-1, unserved)
}
