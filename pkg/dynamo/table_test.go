package dynamo_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"leasehold/pkg/dynamo"
	"leasehold/pkg/entitlement"
)

// raw is the table behind a DB, for what its ports do not show.
type raw struct {
	*testing.T
	place
	db *dynamo.DB
}

func bare(t *testing.T, p place) *raw { return &raw{T: t, place: p, db: p.db()} }

// sorts returns the sort keys of a partition.
func (r *raw) sorts(pk string) []string {
	r.Helper()
	out, err := r.client.Query(context.Background(), &dynamodb.QueryInput{TableName: &r.table, KeyConditionExpression: aws.String("pk = :p"),
		ExpressionAttributeValues: map[string]types.AttributeValue{":p": &types.AttributeValueMemberS{Value: pk}}})
	if err != nil {
		r.Fatal(err)
	}
	var all []string
	for _, it := range out.Items {
		all = append(all, it["sk"].(*types.AttributeValueMemberS).Value)
	}
	return all
}

func (r *raw) commit(c entitlement.Change) {
	r.Helper()
	if err := r.db.Commit(context.Background(), c); err != nil {
		r.Fatal(err)
	}
}

// TestPolicyEntriesAreTidied proves that a policy's index entries are those of its present
// targets.
func TestPolicyEntriesAreTidied(t *testing.T) { everywhere(t, policyEntriesAreTidied) }

func policyEntriesAreTidied(t *testing.T, p place) {
	r := bare(t, p)
	a, b := newID[string](), newID[string]()
	policy := entitlement.AssignmentPolicy{ID: newID[entitlement.PolicyID](), Package: newID[entitlement.PackageID](), Scope: entitlement.ScopeSpecificUsers,
		Targets: []entitlement.SubjectSet{{Kind: entitlement.SingleUser, ID: a}, {Kind: entitlement.GroupMembers, ID: b}}}
	put := func(want ...string) {
		t.Helper()
		r.commit(entitlement.Change{Policies: []entitlement.AssignmentPolicy{policy}})
		policy.Version++
		if got := r.sorts("POL#" + string(policy.ID)); !slices.Equal(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
	}
	put("POL", "T#G#"+b, "T#U#"+a)
	policy.Targets = policy.Targets[1:]
	put("POL", "T#G#"+b)
	stale := policy
	stale.Version, stale.Scope, stale.Targets = 1, entitlement.ScopeAllUsers, nil
	if err := r.db.Commit(context.Background(), entitlement.Change{Policies: []entitlement.AssignmentPolicy{stale}}); entitlement.StalePart(err) != entitlement.PartConfiguration {
		t.Fatalf("got %v, want a stale configuration", err)
	}
	policy.Scope, policy.Targets = entitlement.ScopeAllMembers, nil
	put("POL") // of whom its package tells
	policy.Erased = true
	put()
}

// TestApproverSetsArePutOnce proves that a set in use costs the next request nothing,
// in this process or, once its index entries are there, in another.
func TestApproverSetsArePutOnce(t *testing.T) { everywhere(t, approverSetsArePutOnce) }

func approverSetsArePutOnce(t *testing.T, p place) {
	r := bare(t, p)
	two := []entitlement.SubjectSet{{Kind: entitlement.SingleUser, ID: newID[string]()}, {Kind: entitlement.SingleUser, ID: newID[string]()}}
	ask := func() {
		t.Helper()
		r.commit(entitlement.Change{Requests: []entitlement.AssignmentRequest{{ID: newID[entitlement.RequestID](), State: entitlement.RequestPendingApproval,
			Created: start2026, Stages: []entitlement.Stage{{Approvers: two, Deadline: start2026.Add(time.Hour)}}}}})
	}
	ask()
	first := r.versions(two)
	ask()
	r.db = r.place.db() // another process
	ask()
	if got := r.versions(two); len(first) != 2 || !slices.Equal(got, first) {
		t.Errorf("got the versions %v, want %v", got, first)
	}
}

// versions returns the versions of the index entries that lead from the members to their set.
func (r *raw) versions(members []entitlement.SubjectSet) []string {
	r.Helper()
	var all []string
	for _, m := range members {
		out, err := r.client.Query(context.Background(), &dynamodb.QueryInput{TableName: &r.table, IndexName: aws.String("index1"), KeyConditionExpression: aws.String("i1p = :p"),
			ExpressionAttributeValues: map[string]types.AttributeValue{":p": &types.AttributeValueMemberS{Value: "INBOX#U#" + m.ID}}})
		if err != nil {
			r.Fatal(err)
		}
		for _, entry := range out.Items {
			got, err := r.client.GetItem(context.Background(), &dynamodb.GetItemInput{TableName: &r.table, Key: map[string]types.AttributeValue{"pk": entry["pk"], "sk": entry["sk"]}})
			if err != nil || got.Item["ttl"] == nil {
				r.Fatalf("got %v, %v", got, err)
			}
			all = append(all, got.Item["v"].(*types.AttributeValueMemberN).Value)
		}
	}
	return all
}

// TestJobsFallDue proves that an edit on its way to the holders is found until it is through.
func TestJobsFallDue(t *testing.T) { everywhere(t, jobsFallDue) }

func jobsFallDue(t *testing.T, p place) {
	r := bare(t, p)
	job := entitlement.Job{Package: newID[entitlement.PackageID](), Generation: 3, CheckAfter: start2026, Created: start2026}
	due := func() []entitlement.DueRef {
		t.Helper()
		var all []entitlement.DueRef
		for shard := range 4 {
			refs, err := r.db.Due(context.Background(), shard, start2026, entitlement.Page{})
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, refs.Items...)
		}
		return all
	}
	r.commit(entitlement.Change{Jobs: []entitlement.Job{job}})
	want := []entitlement.DueRef{{Kind: entitlement.DueJob, Package: job.Package, Generation: 3, At: start2026}}
	if got := due(); !slices.Equal(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	items, err := r.db.Read(context.Background(), want)
	if err != nil || len(items.Jobs) != 1 || items.Jobs[0].Version != 1 || len(items.Packages) != 0 {
		t.Fatalf("got %v and %v", items, err)
	}
	job.Version, job.Erased = 1, true
	r.commit(entitlement.Change{Jobs: []entitlement.Job{job}})
	if _, err := r.db.Job(context.Background(), job.Package, 3); entitlement.KindOf(err) != entitlement.NotFound || len(due()) != 0 {
		t.Fatalf("got %v, want that the job is gone", err)
	}
}

// TestASubjectRecordThatIsDisabledTakesNothing proves that nobody who is disabled gets a
// package.
func TestASubjectRecordThatIsDisabledTakesNothing(t *testing.T) {
	everywhere(t, aSubjectRecordThatIsDisabledTakesNothing)
}

func aSubjectRecordThatIsDisabledTakesNothing(t *testing.T, p place) {
	r, subject := bare(t, p), newID[entitlement.UserID]()
	add := entitlement.Change{SubjectUpdates: []entitlement.SubjectUpdate{{Subject: subject, CheckAfter: start2026,
		Add: entitlement.Waiting{Package: newID[entitlement.PackageID](), Assignment: newID[entitlement.AssignmentID]()}}}}
	r.commit(entitlement.Change{SubjectUpdates: []entitlement.SubjectUpdate{{Subject: subject, Disabled: true, CheckAfter: start2026}}})
	if record, _, err := r.db.SubjectRecord(context.Background(), subject); err != nil || !record.Disabled || record.Generation != 1 {
		t.Fatalf("got %v and %v, want a record that is disabled", record, err)
	}
	if err := r.db.Commit(context.Background(), add); entitlement.StalePart(err) != entitlement.PartSubjectRecord {
		t.Fatalf("got %v, want a stale record", err)
	}
	r.commit(entitlement.Change{SubjectUpdates: []entitlement.SubjectUpdate{{Subject: subject, Enabled: true, CheckAfter: start2026}}})
	r.commit(add)
}
