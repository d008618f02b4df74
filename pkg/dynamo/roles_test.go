package dynamo_test

import (
	"strings"
	"testing"

	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

// Whoever takes over the function of the people's side can neither make themselves an
// administrator nor loosen a policy, nor send credentials elsewhere.
func TestS11_ARoleIsRefusedWhatItsFunctionDoesNotWrite(t *testing.T) {
	var refused []string
	store := dynamotest.Judged(&dynamotest.Roles{Complain: func(refusal string) { refused = append(refused, refusal) }})
	u := entitlement.User{ID: "00000000-0000-4000-8000-000000000001", UserPrincipalName: "u", Enabled: true}
	if err := store.Commit(dynamotest.As(t.Context(), names.Catalogs), entitlement.Change{Users: []entitlement.User{u}}); err != nil || len(refused) > 0 {
		t.Fatalf("%v, refused %v", err, refused)
	}
	u.Version = 1
	bound := u
	bound.Identities = []entitlement.Principal{{Issuer: "https://login.example", Value: "mallory"}}
	for name, tt := range map[string]struct {
		change entitlement.Change
		family string
	}{
		"a member":    {entitlement.Change{Memberships: []entitlement.Membership{{Group: entitlement.AdministratorsGroup, User: u.ID}}}, "GRP#"},
		"a sign-in":   {entitlement.Change{Users: []entitlement.User{bound}}, "PRINC#"},
		"a policy":    {entitlement.Change{Policies: []entitlement.AssignmentPolicy{{ID: "00000000-0000-4000-8000-000000000002"}}}, "POL#"},
		"a connector": {entitlement.Change{Connectors: []entitlement.ConnectorConfig{{ID: "00000000-0000-4000-8000-000000000003"}}}, "CON#"},
	} {
		refused = nil
		err := store.Commit(dynamotest.As(t.Context(), names.Requests), tt.change)
		if err == nil || len(refused) == 0 || !strings.Contains(refused[0], " "+tt.family) {
			t.Errorf("%s: %v, refused %v", name, err, refused)
		}
	}
	if after, err := store.User(t.Context(), u.ID); err != nil || after.Version != 1 {
		t.Errorf("the user was changed: %+v, %v", after, err)
	}
}
