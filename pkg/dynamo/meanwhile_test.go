package dynamo_test

import (
	"bytes"
	"context"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"leasehold/pkg/dynamo"
	"leasehold/pkg/dynamo/engine"
	"leasehold/pkg/dynamo/faults"
	"leasehold/pkg/entitlement"
)

// What lies between two calls of one use of the store: somebody else's whole use of it.
// Everything that the store looks at before it writes is looked at again by the write.

// crossed is the table as somebody reaches it during whose first call of an operation
// something else happens, before the effect of that call.
func crossed(p place, op faults.Op, meanwhile func()) *dynamo.DB {
	return failing(p, faults.Hooks{Before: func(_ context.Context, c faults.Call) error {
		if c.Op == op && meanwhile != nil {
			happens := meanwhile
			meanwhile = nil
			happens()
		}
		return nil
	}})
}

// lostUpdate is one aggregate of which the store reads an image before it writes: to give
// it to a use case that read the same version would be too late, so that the image cannot
// refuse the second writer.
type lostUpdate struct {
	part     entitlement.Part
	make     entitlement.Change
	mine     entitlement.Change // on the first version
	erase    entitlement.Change // likewise
	theirs   entitlement.Change // likewise
	survives func(t *testing.T, db *dynamo.DB) bool
}

func lostUpdates() map[string]lostUpdate {
	user := entitlement.User{ID: newID[entitlement.UserID](), UserPrincipalName: newID[string](), Created: start2026}
	resource := entitlement.Resource{ID: newID[entitlement.ResourceID](), Catalog: newID[entitlement.CatalogID](), Connector: newID[entitlement.ConnectorID](), OriginID: "team", Created: start2026}
	policy := entitlement.AssignmentPolicy{ID: newID[entitlement.PolicyID](), Package: newID[entitlement.PackageID](), Catalog: newID[entitlement.CatalogID](), Created: start2026}
	organization := entitlement.ConnectedOrganization{ID: newID[entitlement.OrganizationID](), DisplayName: "Contoso", Created: start2026}
	return map[string]lostUpdate{
		"an organization": {part: entitlement.PartConfiguration, make: ofOrganization(organization), mine: ofOrganization(later(organization, func(o *entitlement.ConnectedOrganization) { o.Version, o.DisplayName = 1, "mine" })),
			theirs: ofOrganization(later(organization, func(o *entitlement.ConnectedOrganization) { o.Version, o.DisplayName = 1, "theirs" })),
			erase:  ofOrganization(later(organization, func(o *entitlement.ConnectedOrganization) { o.Version, o.Erased = 1, true })),
			survives: func(t *testing.T, db *dynamo.DB) bool {
				got, err := db.Organization(t.Context(), organization.ID)
				return err == nil && got.DisplayName == "theirs" && got.Version == 2
			}},
		"a user": {part: entitlement.PartDirectory, make: ofUser(user), mine: ofUser(later(user, func(u *entitlement.User) { u.Version, u.Department = 1, "mine" })),
			theirs: ofUser(later(user, func(u *entitlement.User) { u.Version, u.Department = 1, "theirs" })), erase: ofUser(later(user, func(u *entitlement.User) { u.Version, u.Erased = 1, true })),
			survives: func(t *testing.T, db *dynamo.DB) bool {
				got, err := db.User(t.Context(), user.ID)
				return err == nil && got.Department == "theirs" && got.Version == 2
			}},
		"a resource": {part: entitlement.PartConfiguration, make: ofResource(resource), mine: ofResource(later(resource, func(r *entitlement.Resource) { r.Version, r.DisplayName = 1, "mine" })),
			theirs: ofResource(later(resource, func(r *entitlement.Resource) { r.Version, r.DisplayName = 1, "theirs" })), erase: ofResource(later(resource, func(r *entitlement.Resource) { r.Version, r.Erased = 1, true })),
			survives: func(t *testing.T, db *dynamo.DB) bool {
				got, err := db.Resource(t.Context(), resource.Catalog, resource.ID)
				return err == nil && got.DisplayName == "theirs" && got.Version == 2
			}},
		"a policy": {part: entitlement.PartConfiguration, make: ofPolicy(policy), mine: ofPolicy(later(policy, func(p *entitlement.AssignmentPolicy) { p.Version, p.DisplayName = 1, "mine" })),
			theirs: ofPolicy(later(policy, func(p *entitlement.AssignmentPolicy) { p.Version, p.DisplayName = 1, "theirs" })), erase: ofPolicy(later(policy, func(p *entitlement.AssignmentPolicy) { p.Version, p.Erased = 1, true })),
			survives: func(t *testing.T, db *dynamo.DB) bool {
				got, err := db.Policy(t.Context(), policy.ID)
				return err == nil && got.DisplayName == "theirs" && got.Version == 2
			}},
	}
}

func later[T any](v T, change func(*T)) T {
	change(&v)
	return v
}

func ofOrganization(o entitlement.ConnectedOrganization) entitlement.Change {
	return entitlement.Change{Organizations: []entitlement.ConnectedOrganization{o}}
}

func ofUser(u entitlement.User) entitlement.Change {
	return entitlement.Change{Users: []entitlement.User{u}}
}

func ofResource(r entitlement.Resource) entitlement.Change {
	return entitlement.Change{Resources: []entitlement.Resource{r}}
}

func ofPolicy(p entitlement.AssignmentPolicy) entitlement.Change {
	return entitlement.Change{Policies: []entitlement.AssignmentPolicy{p}}
}

// TestOfTwoWritersOfOneVersionOneIsRefused proves that a change which somebody else made
// between the image and the transaction is not lost: the suite's writers, who come one after
// the other, are refused by the image already.
func TestOfTwoWritersOfOneVersionOneIsRefused(t *testing.T) {
	for _, erases := range []bool{false, true} {
		for name, l := range lostUpdates() {
			if erases {
				name += " that is erased"
				l.mine = l.erase
			}
			t.Run(name, func(t *testing.T) { isRefused(t, l) })
		}
	}
}

func isRefused(t *testing.T, l lostUpdate) {
	p := inMemory(engine.Options{})
	db := p.db()
	mustCommit(t, db, l.make)

	slow := crossed(p, faults.TransactWriteItems, func() { mustCommit(t, db, l.theirs) })
	if err := slow.Commit(t.Context(), l.mine); entitlement.StalePart(err) != l.part {
		t.Errorf("got %v, want a stale %s", err, l.part)
	}
	if !l.survives(t, db) {
		t.Error("what the first writer wrote is lost")
	}
}

func mustCommit(t *testing.T, db *dynamo.DB, c entitlement.Change) {
	t.Helper()
	if err := db.Commit(context.Background(), c); err != nil {
		t.Fatal(err)
	}
}

// TestANameThatSomebodyElseTookMeanwhileIsNotFreed proves that whoever gives a name up frees
// it for nobody but itself. The version of whose name it was says so, and should it not be
// looked at, the sentinel of the name does.
func TestANameThatSomebodyElseTookMeanwhileIsNotFreed(t *testing.T) {
	issuer := entitlement.Principal{Issuer: "https://login.test", Value: newID[string]()}
	ann := entitlement.User{ID: newID[entitlement.UserID](), UserPrincipalName: "ann@example.test", Identities: []entitlement.Principal{issuer}}
	team := entitlement.Resource{ID: newID[entitlement.ResourceID](), Catalog: newID[entitlement.CatalogID](), Connector: newID[entitlement.ConnectorID](), OriginID: "team"}
	bare := later(ann, func(u *entitlement.User) { u.Version, u.UserPrincipalName, u.Identities = 1, "else@example.test", nil })
	elsewhere := later(team, func(r *entitlement.Resource) { r.Version, r.OriginID = 1, "else" })
	bob, other := later(ann, func(u *entitlement.User) { u.ID = newID[entitlement.UserID]() }), later(team, func(r *entitlement.Resource) { r.ID = newID[entitlement.ResourceID]() })
	tests := map[string]struct {
		make, frees, takes entitlement.Change
		slow               entitlement.Change
		holds              func(db *dynamo.DB) bool
	}{
		"a userPrincipalName": {make: ofUser(ann), frees: ofUser(bare), takes: ofUser(later(bob, func(u *entitlement.User) { u.Identities = nil })),
			slow: ofUser(later(ann, func(u *entitlement.User) { u.Version, u.UserPrincipalName = 1, "third@example.test" })),
			holds: func(db *dynamo.DB) bool {
				u, err := db.UserNamed(t.Context(), ann.UserPrincipalName)
				return err == nil && u.ID == bob.ID
			}},
		"a principal": {make: ofUser(ann), frees: ofUser(bare), takes: ofUser(later(bob, func(u *entitlement.User) { u.UserPrincipalName = "bob@example.test" })),
			slow: ofUser(later(ann, func(u *entitlement.User) { u.Version, u.Identities = 1, nil })),
			holds: func(db *dynamo.DB) bool {
				id, err := db.Bound(t.Context(), issuer)
				return err == nil && id == bob.ID
			}},
		"an origin": {make: ofResource(team), frees: ofResource(elsewhere), takes: ofResource(other),
			slow: ofResource(later(team, func(r *entitlement.Resource) { r.Version, r.OriginID = 1, "third" })),
			holds: func(db *dynamo.DB) bool {
				r, err := db.ResourceByOrigin(t.Context(), team.Catalog, team.Connector, team.OriginID)
				return err == nil && r.ID == other.ID
			}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := inMemory(engine.Options{})
			db := p.db()
			mustCommit(t, db, tt.make)
			slow := crossed(p, faults.TransactWriteItems, func() {
				mustCommit(t, db, tt.frees)
				mustCommit(t, db, tt.takes)
			})
			if err := slow.Commit(t.Context(), tt.slow); entitlement.KindOf(err) != entitlement.Conflict || !tt.holds(db) {
				t.Errorf("got %v, and the name is its second holder's: %t", err, tt.holds(db))
			}
		})
	}
}

// TestOfTwoProcessesThatMakeTheSigningKeyOneDoes proves that the key which somebody signed
// with already is never replaced.
func TestOfTwoProcessesThatMakeTheSigningKeyOneDoes(t *testing.T) {
	p := inMemory(engine.Options{})
	var first []byte
	second := crossed(p, faults.PutItem, func() {
		var err error
		if first, err = p.db().SigningKey(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
	got, err := second.SigningKey(t.Context())
	if err != nil || len(first) == 0 || !bytes.Equal(got, first) {
		t.Errorf("one process signs with %x, the other with %x, %v", first, got, err)
	}
}

// TestAnApproverSetLivesAsLongAsTheLastRequestThatNeedsIt proves that a request which is over
// sooner does not shorten the life of the index entries by which another one is found.
func TestAnApproverSetLivesAsLongAsTheLastRequestThatNeedsIt(t *testing.T) {
	p := inMemory(engine.Options{})
	who := []entitlement.SubjectSet{{Kind: entitlement.SingleUser, ID: newID[string]()}, {Kind: entitlement.GroupMembers, ID: newID[string]()}}
	ask := func(deadline time.Duration) {
		mustCommit(t, p.db(), entitlement.Change{Requests: []entitlement.AssignmentRequest{{ID: newID[entitlement.RequestID](), State: entitlement.RequestPendingApproval,
			Created: start2026, Stages: []entitlement.Stage{{Approvers: who, Deadline: start2026.Add(deadline)}}}}})
	}
	const year = 365 * 24 * time.Hour
	ask(time.Hour)
	ask(year)
	want := timesToLive(t, p, who)
	ask(time.Hour)
	if got := timesToLive(t, p, who); len(want) != 2 || !slices.Equal(got, want) || want[0] < start2026.Add(year).Unix() {
		t.Errorf("the rows live until %v, want %v", got, want)
	}
}

// timesToLive returns until when the index entries live that lead from each to a set of them.
func timesToLive(t *testing.T, p place, who []entitlement.SubjectSet) (all []int64) {
	t.Helper()
	for i, kind := range []string{"U", "G"} {
		out, err := p.client.Query(t.Context(), &dynamodb.QueryInput{TableName: &p.table, IndexName: aws.String("index1"), KeyConditionExpression: aws.String("i1p = :p"),
			ExpressionAttributeValues: map[string]types.AttributeValue{":p": &types.AttributeValueMemberS{Value: "INBOX#" + kind + "#" + who[i].ID}}})
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range out.Items {
			got, err := p.client.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: &p.table, Key: map[string]types.AttributeValue{"pk": entry["pk"], "sk": entry["sk"]}})
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, numberIn(t, got.Item, "ttl"))
		}
	}
	return all
}

// TestAPolicyIsFoundByThoseItNamesWhateverComesLate proves that neither what a change put
// before it was refused, nor what one took away after it was through, hides a later version of
// the policy from those whom that one names.
func TestAPolicyIsFoundByThoseItNamesWhateverComesLate(t *testing.T) {
	p := inMemory(engine.Options{})
	db, ann := p.db(), entitlement.User{ID: newID[entitlement.UserID]()}
	nobody := entitlement.AssignmentPolicy{ID: newID[entitlement.PolicyID](), Package: newID[entitlement.PackageID](), Scope: entitlement.ScopeNobody}
	named := nobody
	named.Scope, named.Targets = entitlement.ScopeSpecificUsers, []entitlement.SubjectSet{{Kind: entitlement.SingleUser, ID: string(ann.ID)}}
	at := func(v entitlement.AssignmentPolicy, version int64) entitlement.Change {
		v.Version = version
		return ofPolicy(v)
	}
	mustCommit(t, db, at(nobody, 0))

	var late *dynamodb.DeleteItemInput // what the third version takes away
	tidies := failing(p, faults.Hooks{Before: func(_ context.Context, c faults.Call) error {
		if in, is := c.Input.(*dynamodb.DeleteItemInput); is {
			late = in
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
	if late == nil {
		t.Fatal("nothing was taken away")
	}
	_, _ = p.client.DeleteItem(t.Context(), late) // refused
	got, err := db.Candidates(t.Context(), ann, nil, 100, entitlement.Page{})
	if err != nil || len(got.Policies) != 1 || got.Policies[0].ID != named.ID {
		t.Errorf("ann finds %v, %v, want the policy that names her", got.Policies, err)
	}
}

func numberIn(t *testing.T, it map[string]types.AttributeValue, name string) int64 {
	t.Helper()
	text, _ := it[name].(*types.AttributeValueMemberN)
	if text == nil {
		t.Fatalf("%s is %v", name, it[name])
	}
	n, err := strconv.ParseInt(text.Value, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// An assignment that ends while it is read is found all the same: as it is then.
func TestAnAssignmentThatEndsWhileItIsReadIsFound(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		db := p.db()
		u, pkg := newID[entitlement.UserID](), newID[entitlement.PackageID]()
		free := entitlement.AssignmentPolicy{ID: newID[entitlement.PolicyID](), Package: pkg, DisplayName: "Free", Scope: entitlement.ScopeAllMembers,
			Requestor: entitlement.RequestorSettings{SelfAdd: true}, Expiration: entitlement.Expiration{Type: entitlement.ExpireAfterDuration, Duration: 24 * time.Hour}}
		person := &entitlement.User{ID: u, Enabled: true, Type: entitlement.Member}
		r, c, err := entitlement.Submit(entitlement.NewRequest{ID: newID[entitlement.RequestID](), Type: entitlement.UserAdd, Policy: free.ID, Command: newID[string](), NewID: newID[string]},
			entitlement.SubmitInputs{Requestor: person, Subject: person, Package: &entitlement.AccessPackage{ID: pkg, Policies: []entitlement.PolicyID{free.ID}},
				Catalog: &entitlement.Catalog{Published: true}, Policies: []entitlement.AssignmentPolicy{free}, Slot: entitlement.AssignmentSlot{Package: pkg, Subject: u}}, start2026)
		if err != nil {
			t.Fatal(err)
		}
		mustCommit(t, db, c)

		slow := crossed(p, faults.GetItem, func() {
			slot, err := db.AssignmentSlot(t.Context(), pkg, u)
			if err != nil {
				t.Fatal(err)
			}
			ends, err := entitlement.Expire(slot, nil, newID[string](), start2026.Add(48*time.Hour))
			if err != nil {
				t.Fatal(err)
			}
			mustCommit(t, db, ends)
		})
		got, err := slow.Assignment(t.Context(), r.AssignmentOf())
		if err != nil || got.State != entitlement.AssignmentExpired {
			t.Errorf("got %q, %v", got.State, err)
		}
	})
}
