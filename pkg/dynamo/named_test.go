package dynamo_test

import (
	"context"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"leasehold/pkg/dynamo/engine"
	"leasehold/pkg/dynamo/faults"
	"leasehold/pkg/entitlement"
)

// TestAnOrganizationIsNamedByItsPolicyWhateverComesLate proves that neither what a change put
// before it was refused, nor what one took away after it was through, hides a later version of
// the policy from whoever asks which policies name the organization.
func TestAnOrganizationIsNamedByItsPolicyWhateverComesLate(t *testing.T) {
	p := inMemory(engine.Options{})
	db, org := p.db(), newID[entitlement.OrganizationID]()
	nobody := entitlement.AssignmentPolicy{ID: newID[entitlement.PolicyID](), Package: newID[entitlement.PackageID](), Scope: entitlement.ScopeNobody}
	named := nobody
	named.Scope, named.Targets = entitlement.ScopeSpecificOrganizations, []entitlement.SubjectSet{{Kind: entitlement.OrganizationMembers, ID: string(org)}}
	at := func(v entitlement.AssignmentPolicy, version int64) entitlement.Change {
		v.Version = version
		return ofPolicy(v)
	}
	mustCommit(t, db, at(nobody, 0))

	var mu sync.Mutex
	var late []*dynamodb.DeleteItemInput // what the third version takes away
	tidies := failing(p, faults.Hooks{Before: func(_ context.Context, c faults.Call) error {
		if in, is := c.Input.(*dynamodb.DeleteItemInput); is {
			mu.Lock()
			defer mu.Unlock()
			late = append(late, in)
			return faults.Down()
		}
		return nil
	}})
	slow := crossed(p, faults.UpdateItem, func() {
		mustCommit(t, db, at(named, 1))
		mustCommit(t, tidies, at(nobody, 2))
		mustCommit(t, db, at(named, 3))
	})
	if err := slow.Commit(t.Context(), at(named, 1)); entitlement.StalePart(err) != entitlement.PartConfiguration {
		t.Fatalf("got %v, want a stale configuration", err)
	}
	if len(late) < 2 {
		t.Fatalf("%d entries were taken away", len(late))
	}

	for _, in := range late {
		_, _ = p.client.DeleteItem(t.Context(), in) // refused
	}
	got, err := db.PoliciesNaming(t.Context(), org, entitlement.Page{})
	if err != nil || len(got.Items) != 1 || got.Items[0].ID != named.ID {
		t.Errorf("the organization is named by %v, %v, want the policy that names it", got.Items, err)
	}
}
