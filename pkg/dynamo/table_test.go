package dynamo_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"leasehold/pkg/clock"
	"leasehold/pkg/dynamo"
	"leasehold/pkg/entitlement"
)

// raw is the table behind a DB, for what its ports do not show.
type raw struct {
	*testing.T
	db     *dynamo.DB
	client *dynamodb.Client
	name   string
}

func bare(t *testing.T) *raw {
	e := emulator(t)
	r := &raw{T: t, client: e.Client(nil), name: "test-" + clock.System{}.New()}
	if err := e.CreateTable(context.Background(), r.name); err != nil {
		t.Fatal(err)
	}
	r.db = dynamo.New(r.client, r.name)
	return r
}

// sorts returns the sort keys of a partition.
func (r *raw) sorts(pk string) []string {
	r.Helper()
	out, err := r.client.Query(context.Background(), &dynamodb.QueryInput{TableName: &r.name, KeyConditionExpression: aws.String("pk = :p"),
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

// TestPolicyHintsAreTidied proves that a policy's hints are those of its present targets.
func TestPolicyHintsAreTidied(t *testing.T) {
	r := bare(t)
	a, b := newID[string](), newID[string]()
	p := entitlement.AssignmentPolicy{ID: newID[entitlement.PolicyID](), Package: newID[entitlement.PackageID](), Scope: entitlement.ScopeSpecificUsers,
		Targets: []entitlement.SubjectSet{{Kind: entitlement.SingleUser, ID: a}, {Kind: entitlement.GroupMembers, ID: b}}}
	put := func(want ...string) {
		t.Helper()
		r.commit(entitlement.Change{Policies: []entitlement.AssignmentPolicy{p}})
		p.Version++
		if got := r.sorts("POL#" + string(p.ID)); !slices.Equal(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
	}
	put("POL", "T#G#"+b, "T#U#"+a)
	p.Targets = p.Targets[1:]
	put("POL", "T#G#"+b)
	stale := p
	stale.Version, stale.Scope, stale.Targets = 1, entitlement.ScopeAllUsers, nil
	if err := r.db.Commit(context.Background(), entitlement.Change{Policies: []entitlement.AssignmentPolicy{stale}}); entitlement.StalePart(err) != entitlement.PartConfiguration {
		t.Fatalf("got %v, want a stale configuration", err)
	}
	p.Scope, p.Targets = entitlement.ScopeAllMembers, nil
	put("POL", "T#ALL")
	p.Erased = true
	put()
}

// TestApproverSetsArePutOnce proves that a set in use costs the next request nothing,
// in this process or, once its rows are there, in another.
func TestApproverSetsArePutOnce(t *testing.T) {
	r := bare(t)
	two := []entitlement.SubjectSet{{Kind: entitlement.SingleUser, ID: newID[string]()}, {Kind: entitlement.SingleUser, ID: newID[string]()}}
	ask := func() {
		t.Helper()
		r.commit(entitlement.Change{Requests: []entitlement.AssignmentRequest{{ID: newID[entitlement.RequestID](), State: entitlement.RequestPendingApproval,
			Created: start2026, Stages: []entitlement.Stage{{Asked: two, Deadline: start2026.Add(time.Hour)}}}}})
	}
	ask()
	first := r.versions()
	ask()
	r.db = dynamo.New(r.client, r.name) // another process
	ask()
	if got := r.versions(); len(first) != 2 || !slices.Equal(got, first) {
		t.Errorf("got the versions %v, want %v", got, first)
	}
}

// versions returns the versions of all rows of approver sets.
func (r *raw) versions() []string {
	r.Helper()
	out, err := r.client.Scan(context.Background(), &dynamodb.ScanInput{TableName: &r.name, FilterExpression: aws.String("begins_with(pk, :p) AND attribute_exists(#ttl)"),
		ExpressionAttributeNames:  map[string]string{"#ttl": "ttl"},
		ExpressionAttributeValues: map[string]types.AttributeValue{":p": &types.AttributeValueMemberS{Value: "ASET#"}}})
	if err != nil {
		r.Fatal(err)
	}
	var all []string
	for _, it := range out.Items {
		all = append(all, it["v"].(*types.AttributeValueMemberN).Value)
	}
	return all
}

// TestJobsFallDue proves that an edit on its way to the holders is found until it is through.
func TestJobsFallDue(t *testing.T) {
	r := bare(t)
	job := entitlement.Job{Package: newID[entitlement.PackageID](), Gen: 3, Look: start2026, Created: start2026}
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
	want := []entitlement.DueRef{{Package: job.Package, Gen: 3, At: start2026}}
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

// TestAHeadThatIsOffTakesNothing proves that nobody who is off gets a package.
func TestAHeadThatIsOffTakesNothing(t *testing.T) {
	r, subject := bare(t), newID[entitlement.UserID]()
	enter := entitlement.Change{Heads: []entitlement.HeadChange{{Subject: subject, Look: start2026,
		Enter: entitlement.Waiting{Package: newID[entitlement.PackageID](), Assignment: newID[entitlement.AssignmentID]()}}}}
	r.commit(entitlement.Change{Heads: []entitlement.HeadChange{{Subject: subject, Off: true, Look: start2026}}})
	if head, _, err := r.db.Debt(context.Background(), subject); err != nil || !head.Off || head.Gen != 1 {
		t.Fatalf("got %v and %v, want a head that is off", head, err)
	}
	if err := r.db.Commit(context.Background(), enter); entitlement.StalePart(err) != entitlement.PartHead {
		t.Fatalf("got %v, want a stale head", err)
	}
	r.commit(entitlement.Change{Heads: []entitlement.HeadChange{{Subject: subject, On: true, Look: start2026}}})
	r.commit(enter)
}
