package dynamo_test

import (
	"context"
	"encoding/base64"
	"testing"
	"time"

	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/entitlement"
)

// pages walks a list to its end, and returns what one page cost at most.
func pages[T any](t *testing.T, meter *dynamotest.Meter, read func(context.Context, entitlement.Page) (entitlement.Paged[T], error)) (all []T, n int, most cost) {
	t.Helper()
	for page := (entitlement.Page{}); ; {
		meter.Reset()
		list, err := read(t.Context(), page)
		if err != nil {
			t.Fatal(err)
		}
		n, all = n+1, append(all, list.Items...)
		most = cost{max(most.calls, meter.Total()), max(most.read, meter.ReadUnits), 0}
		if page.Token = list.Next; list.Next == "" {
			return all, n, most
		}
	}
}

// waiting is a request that waits for somebody's decision.
func waiting(n int, asked ...entitlement.SubjectSet) entitlement.AssignmentRequest {
	return entitlement.AssignmentRequest{ID: entitlement.RequestID(dynamotest.OldID(1, n)), Type: entitlement.UserUpdate, State: entitlement.RequestPendingApproval,
		Package: "package", Requestor: "bob", Subject: "bob", Created: start2026.Add(time.Duration(n) * time.Second),
		Stages: []entitlement.Stage{{Approvers: asked, Deadline: start2026.Add(24 * time.Hour)}}}
}

// A page of what waits for somebody costs the same at any place of a list of fifty thousand.
func TestF38_AnInboxOfFiftyThousandRequestsIsReadPageByPage(t *testing.T) {
	db, meter := dynamotest.Metered()
	ann := newID[entitlement.UserID]()
	sort := func(r entitlement.AssignmentRequest) string {
		return dynamotest.Stamp(r.Created) + "#" + string(r.ID)
	}
	const size = entitlement.PageSize
	wanted := map[int]cost{0: {2, 103.5, 0}, size: {3, 103, 0}, dynamotest.Many / 2: {3, 103, 0}, dynamotest.Many - size: {3, 103, 0}}
	for i := range dynamotest.Many {
		r := waiting(i, entitlement.SubjectSet{Kind: entitlement.SingleUser, ID: string(ann)})
		if _, read := wanted[i/size*size]; !read {
			meter.Plant(t, "REQ#"+string(r.ID), "REQ", "INBOX#U#"+string(ann), sort(r))
		} else if err := db.Commit(t.Context(), entitlement.Change{Requests: []entitlement.AssignmentRequest{r}}); err != nil {
			t.Fatal(err)
		}
	}
	last := func(n int) string { // the token of a page that ends there
		return base64.RawURLEncoding.EncodeToString([]byte(`{"a":"` + sort(waiting(n)) + `"}`))
	}
	for from, want := range wanted {
		page := entitlement.Page{}
		if from > 0 {
			page.Token = last(from - 1)
		}
		meter.Reset()
		list, err := db.Inbox(t.Context(), entitlement.User{ID: ann}, page)
		if err != nil || len(list.Items) != size || list.Items[0].ID != waiting(from).ID || list.Items[size-1].ID != waiting(from+size-1).ID {
			t.Fatalf("from %d: %d requests, %v", from, len(list.Items), err)
		}
		if got := (cost{meter.Total(), meter.ReadUnits, 0}); got != want {
			t.Errorf("from %d a page costs %+v, want %+v", from, got, want)
		}
		if next := last(from + size - 1); list.Next != next && from+size < dynamotest.Many || from+size == dynamotest.Many && list.Next != "" {
			t.Errorf("from %d the list goes on at %q", from, list.Next)
		}
	}
}

// Whoever once approved in fifty thousand sets of approvers, as one does beside the manager
// of each requestor, is shown what waits in any of them, at a bounded cost a page.
func TestF38_AnInboxOfFiftyThousandApproverSetsIsReadPageByPage(t *testing.T) {
	db, meter := dynamotest.Metered()
	ann := newID[entitlement.UserID]()
	meter.ApproverSets(t, ann, dynamotest.Many)
	want := map[entitlement.RequestID]bool{}
	for i := range 300 { // some wait for her alone
		asked := []entitlement.SubjectSet{{Kind: entitlement.SingleUser, ID: string(ann)}}
		if i%2 == 0 {
			asked = append(asked, entitlement.SubjectSet{Kind: entitlement.SingleUser, ID: dynamotest.OldID(9, i%3)})
		}
		r := waiting(i, asked...)
		if err := db.Commit(t.Context(), entitlement.Change{Requests: []entitlement.AssignmentRequest{r}}); err != nil {
			t.Fatal(err)
		}
		want[r.ID] = true
	}
	all, n, most := pages(t, meter, func(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentRequest], error) {
		return db.Inbox(ctx, entitlement.User{ID: ann}, page)
	})
	t.Logf("%d pages, at most %d calls and %.1f R each", n, most.calls, most.read)
	for _, r := range all {
		delete(want, r.ID)
	}
	if len(want) > 0 || len(all) != 300 {
		t.Errorf("%d requests were listed, and %d not", len(all), len(want))
	}
	if most.calls > 257 || most.read > 230 {
		t.Errorf("one page cost %d calls and %.1f R", most.calls, most.read)
	}
}

// No group is left out by which somebody approves, however many those are.
func TestF38_AnInboxIsOfEveryGroupThatApproves(t *testing.T) {
	db, meter := dynamotest.Metered()
	ann := entitlement.User{ID: newID[entitlement.UserID]()}
	for i := range 130 {
		g := entitlement.SubjectSet{Kind: entitlement.GroupMembers, ID: dynamotest.OldID(7, i)}
		ann.Groups = append(ann.Groups, entitlement.GroupID(g.ID))
		policy := entitlement.AssignmentPolicy{ID: newID[entitlement.PolicyID](), Package: "package", Scope: entitlement.ScopeNobody}
		policy.Approval.Stages = []entitlement.ApprovalStage{{Primary: []entitlement.SubjectSet{g}}}
		c := entitlement.Change{Policies: []entitlement.AssignmentPolicy{policy}, Requests: []entitlement.AssignmentRequest{waiting(i, g)}}
		if err := db.Commit(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	all, n, most := pages(t, meter, func(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentRequest], error) {
		return db.Inbox(ctx, ann, page)
	})
	if len(all) != 130 || n != 3 || most.calls > 53 {
		t.Errorf("%d requests on %d pages of at most %d calls, want 130 on 3 of at most 53", len(all), n, most.calls)
	}
}

// What somebody may ask for is read page by page where fifty thousand policies name them.
func TestF38_FiftyThousandPoliciesForOneAreReadPageByPage(t *testing.T) {
	db, meter := dynamotest.Metered()
	ann := newID[string]()
	const each = 5 // policies of one package
	for i := range dynamotest.Many {
		meter.Plant(t, "POL#"+dynamotest.OldID(8, i), "T#U#"+ann, "TARGET#U#"+ann, dynamotest.OldID(3, i/each))
	}
	want := map[entitlement.PolicyID]bool{}
	dynamotest.Fill(t, db, 1000, func(i int, c *entitlement.Change) {
		p := entitlement.AssignmentPolicy{ID: newID[entitlement.PolicyID](), DisplayName: "P", Package: entitlement.PackageID(dynamotest.OldID(3, 10*i)), Scope: entitlement.ScopeSpecificUsers,
			Targets: []entitlement.SubjectSet{{Kind: entitlement.SingleUser, ID: ann}}}
		c.Policies, want[p.ID] = append(c.Policies, p), true
	})
	all, n, most := pages(t, meter, func(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentPolicy], error) {
		found, err := db.Candidates(ctx, entitlement.User{ID: entitlement.UserID(ann)}, nil, 1000, page)
		return entitlement.Paged[entitlement.AssignmentPolicy]{Items: found.Policies, Next: found.Next}, err
	})
	t.Logf("%d pages, at most %d calls and %.1f R each", n, most.calls, most.read)
	for _, p := range all {
		delete(want, p.ID)
	}
	if len(all) != 1000 || len(want) > 0 {
		t.Errorf("%d policies were listed, and %d not", len(all), len(want))
	}
	if most.calls > 4 || most.read > 156 {
		t.Errorf("one page cost %d calls and %.1f R", most.calls, most.read)
	}
}

// A package whose policies for somebody fill more than a page of messages, for all the
// messages that changes left behind, is listed whole, and the list goes on after it.
func TestF38_MessagesThatWereLeftBehindHoldUpNoList(t *testing.T) {
	db, meter := dynamotest.Metered()
	ann := newID[string]()
	for i := range 1000 {
		meter.Plant(t, "POL#"+dynamotest.OldID(8, i), "T#U#"+ann, "TARGET#U#"+ann, dynamotest.OldID(3, 0))
	}
	for i := range 3 {
		p := entitlement.AssignmentPolicy{ID: newID[entitlement.PolicyID](), DisplayName: "P", Package: entitlement.PackageID(dynamotest.OldID(3, i)), Scope: entitlement.ScopeSpecificUsers,
			Targets: []entitlement.SubjectSet{{Kind: entitlement.SingleUser, ID: ann}}}
		if err := db.Commit(t.Context(), entitlement.Change{Policies: []entitlement.AssignmentPolicy{p}}); err != nil {
			t.Fatal(err)
		}
	}
	all, _, _ := pages(t, meter, func(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentPolicy], error) {
		found, err := db.Candidates(ctx, entitlement.User{ID: entitlement.UserID(ann)}, nil, 1000, page)
		return entitlement.Paged[entitlement.AssignmentPolicy]{Items: found.Policies, Next: found.Next}, err
	})
	if len(all) != 3 {
		t.Errorf("%d policies were listed, want 3", len(all))
	}
}

// A chain of any length is read and verified page by page, each at the same cost.
func TestS11_AChainOfTwelveThousandEventsIsVerifiedPageByPage(t *testing.T) {
	db, meter := dynamotest.Metered()
	const many = 12_000
	var record entitlement.Chain
	dynamotest.Fill(t, db, many, func(i int, c *entitlement.Change) {
		next, e := record.Append(entitlement.Event{Aggregate: entitlement.OfPackage, ID: "package", Kind: "updated", Actor: "eve", At: start2026.Add(time.Duration(i) * time.Second)})
		record, c.Events = next, append(c.Events, e)
	})
	var at entitlement.Chain
	all, n, most := pages(t, meter, func(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.Event], error) {
		list, err := db.ListEvents(ctx, entitlement.OfPackage, "package", page)
		if err == nil {
			at, err = at.Follow(list.Items)
		}
		return list, err
	})
	t.Logf("%d pages, at most %d calls and %.1f R each", n, most.calls, most.read)
	if len(all) != many || at != record || n > many/entitlement.PageSize+1 || most.calls != 1 {
		t.Errorf("%d events on %d pages of at most %d calls; the chain ends at %+v, want %+v", len(all), n, most.calls, at, record)
	}
	if events, err := db.Events(t.Context(), entitlement.OfPackage, "package"); err != nil || entitlement.VerifyChain(record, events) != nil {
		t.Errorf("%d events at once, %v", len(events), err)
	}
	all[7_000].Actor = "somebody else"
	if _, err := (entitlement.Chain{}).Follow(all); err == nil {
		t.Error("an event was altered, and nothing was found")
	}
}

// A count of very many tells a part of them, after ten pages.
func TestS21_ACountReadsTenPagesAtMost(t *testing.T) {
	db, meter := dynamotest.Metered()
	meter.Failing(t, "target", entitlement.ReasonRefused, 2*dynamotest.Many, start2026)
	meter.Reset()
	n, err := db.CountFailing(t.Context(), "target", entitlement.ReasonRefused)
	if err != nil || n < dynamotest.Many || n > 2*dynamotest.Many-1 || meter.Total() != 10 {
		t.Errorf("got %d in %d calls, %v", n, meter.Total(), err)
	}
}

// A page of the assignments to a package costs the same where a hundred people hold it and where
// a hundred thousand do, at any place of the list.
func TestF38_APageOfAPackagesHoldersCostsTheSameWithAHundredAndAHundredThousand(t *testing.T) {
	db, meter := dynamotest.Metered()
	const size = entitlement.PageSize
	hold := func(pkg entitlement.PackageID, n int) {
		for i := range n {
			who := entitlement.UserID(dynamotest.OldID(1, i))
			a := entitlement.Assignment{ID: entitlement.AssignmentID(dynamotest.OldID(2, i)), Package: pkg, Subject: who, Policy: "policy", Catalog: "catalog", State: entitlement.AssignmentDelivered, Since: start2026}
			if err := db.Commit(t.Context(), entitlement.Change{Slots: []entitlement.AssignmentSlot{{Package: pkg, Subject: who, Assignment: &a}}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	hold("few", size)
	hold("many", 1000*size)

	page := func(pkg entitlement.PackageID, token string) (cost, string) {
		meter.Reset()
		list, err := db.Holders(t.Context(), pkg, entitlement.Page{Token: token})
		if err != nil || len(list.Items) != size {
			t.Fatalf("%s after %q: %d, %v", pkg, token, len(list.Items), err)
		}
		return cost{meter.Total(), meter.ReadUnits, 0}, list.Next
	}
	few, next := page("few", "")
	if next != "" {
		t.Errorf("a list that ends goes on at %q", next)
	}
	token := ""
	for n := range 1000 {
		got, next := page("many", token)
		if got.read > few.read || got.calls > few.calls+1 {
			t.Fatalf("page %d of many costs %+v, one of few %+v", n, got, few)
		}
		if n == 0 {
			t.Logf("few %+v, many %+v", few, got)
		}
		token = next
	}
	if token != "" {
		t.Errorf("it goes on at %q", token)
	}
}
