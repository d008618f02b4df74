package e2e

import (
	"slices"
	"strings"
	"testing"

	"leasehold/localstack/components"
	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/graph/graphtest"
)

// Whatever role somebody holds, and without any, the deployed stack lets through what the
// policies say, on what is in the catalogs in which the role is held, and nothing on what is in
// others: each operation of Graph's reference is called once by each. In process the policies
// are compared with a model that knows nothing of them, and every operation of ours is walked
// too.
func TestStory_EveryRoleOpensWhatThePoliciesSay(t *testing.T) {
	t.Parallel()
	who := map[string]string{graphtest.Administrator: components.Admin, graphtest.Member: components.Member, graphtest.Reviewer: components.Approver, "manager": components.Manager, "delegate": components.Other}
	people := map[string]string{}
	for name, as := range who {
		people[name] = call(t, as, "GET", "/v1.0/me", nil).want(200).get("id")
	}
	caller := func(as, method, path string, body any) (graphtest.Answer, error) {
		got := call(t, who[as], method, path, body)
		return graphtest.Answer{Status: got.status, Body: got.body, Text: got.text}, nil
	}
	filled := func() *graphtest.Fixture {
		f, err := graphtest.New(caller, people, strings.ReplaceAll(strings.ToLower(unique("m")), " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		return f
	}

	// No policy is for a guest, so that nothing but roles opens anything to one.
	otto := "/v1.0/users/" + people["delegate"]
	call(t, components.Admin, "PATCH", otto, object{"userType": "Guest"}).want(204)
	defer func() { call(t, components.Admin, "PATCH", otto, object{"userType": "Member"}).want(204) }()

	actions := describedActions(t)
	foreign := filled()
	called, open, differ := 0, 0, 0
	walk := func(w *graphtest.Walker, f *graphtest.Fixture, own bool) {
		n, through, differences, err := w.Walk(f, own)
		if err != nil {
			t.Fatal(err)
		}
		called, open, differ = called+n, open+through, differ+len(differences)
		for _, one := range differences {
			t.Error(one)
		}
	}
	for _, d := range append([]entitlement.RoleDefinition{{}}, entitlement.RoleDefinitions...) {
		w := &graphtest.Walker{As: "delegate", Role: d.DisplayName, Everywhere: d.Everywhere, Actions: actions,
			Lets:      func(action string) bool { return slices.Contains(authz.RolesFor(actionNamed(action)), d.ID) },
			Everybody: func(action string) bool { return authz.Rules[actionNamed(action)].May&authz.Everybody != 0 }}
		if d.ID == "" {
			walk(w, foreign, false)
			continue
		}
		own := filled()
		if err := own.Delegate(people["delegate"], string(d.ID), d.Everywhere); err != nil {
			t.Fatal(err)
		}
		if !d.Everywhere { // nothing is foreign to who holds a role everywhere
			walk(w, foreign, false)
		}
		walk(w, own, true)
		takeRoles(t, people["delegate"])
	}
	t.Logf("walk on the deployed stack: %d combinations, %d open, %d differences", called, open, differ)
}

// describedActions returns what each operation needs, as the description of the API says.
func describedActions(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	described := call(t, components.Admin, "GET", "/v1.0/leasehold/openapi.json", nil).want(200)
	for path, item := range described.body["paths"].(map[string]any) {
		for method, op := range item.(map[string]any) {
			if actions, _ := op.(map[string]any)["x-leasehold-actions"].([]any); len(actions) > 0 {
				all[strings.ToUpper(method)+" "+path], _ = actions[0].(string)
			}
		}
	}
	return all
}

func actionNamed(name string) authz.Action {
	return authz.Action(slices.IndexFunc(authz.Rules[:], func(r authz.Rule) bool { return r.Name == name }))
}

// takeRoles takes back every role that somebody holds.
func takeRoles(t *testing.T, principal string) {
	t.Helper()
	const assigned = "/v1.0/roleManagement/entitlementManagement/roleAssignments"
	for _, a := range filtered(t, assigned, "principalId eq '"+principal+"'") {
		// The last owner of a catalog stays, so somebody else owns it first.
		if dig(a, "roleDefinitionId") == string(entitlement.CatalogOwner) {
			other := call(t, components.Manager, "GET", "/v1.0/me", nil).want(200).get("id")
			if got := call(t, components.Admin, "POST", assigned, object{"principalId": other, "roleDefinitionId": string(entitlement.CatalogOwner), "appScopeId": dig(a, "appScopeId")}); got.status != 201 && got.status != 409 {
				t.Fatalf("nobody else owns the catalog: %d %s", got.status, got.text)
			}
		}
		call(t, components.Admin, "DELETE", assigned+"/"+dig(a, "id"), nil).want(204)
	}
}
