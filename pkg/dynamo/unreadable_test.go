package dynamo_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/entitlement"
)

// page is what came of a page of any kind: how many items, how many left out, and the error.
type page struct {
	items, unread int
	err           error
}

func paged[T any](p entitlement.Paged[T], err error) page { return page{len(p.Items), p.Unread, err} }

// One item that a newer version wrote leaves the rest of every page readable: it is left out,
// counted and told of (F37).
func TestF37_OneUnreadableItemLeavesTheRestOfEveryPage(t *testing.T) {
	d := dynamotest.NewDamaged()
	ctx := t.Context()
	commit := func(c entitlement.Change) {
		t.Helper()
		if err := d.Commit(ctx, c); err != nil {
			t.Fatal(err)
		}
	}
	ann, group := newID[entitlement.UserID](), newID[entitlement.GroupID]()
	catalog := newID[entitlement.CatalogID]()
	approver := entitlement.SubjectSet{Kind: entitlement.SingleUser, ID: string(ann)}
	pkg := newID[entitlement.PackageID]()

	two := func(make func(i int)) {
		for i := range 2 {
			make(i)
		}
	}
	var spoilt [][2]string // the first of each kind
	spoil := func(i int, pk, sk string) {
		if i == 0 {
			spoilt = append(spoilt, [2]string{pk, sk})
		}
	}
	two(func(i int) {
		id := newID[entitlement.UserID]()
		commit(entitlement.Change{Users: []entitlement.User{{ID: id, UserPrincipalName: string(id), Enabled: true}}})
		spoil(i, "SUB#"+string(id), "USR")
	})
	two(func(i int) {
		id := newID[entitlement.GroupID]()
		commit(entitlement.Change{Groups: []entitlement.Group{{ID: id, DisplayName: "G"}}})
		spoil(i, "GRP#"+string(id), "GRP")
	})
	two(func(i int) {
		id := newID[entitlement.CatalogID]()
		commit(entitlement.Change{Catalogs: []entitlement.Catalog{{ID: id, DisplayName: "C"}}})
		spoil(i, "CAT#"+string(id), "CAT")
	})
	two(func(i int) {
		id := newID[entitlement.ResourceID]()
		commit(entitlement.Change{Resources: []entitlement.Resource{{ID: id, Catalog: catalog, OriginID: fmt.Sprint(i)}}})
		spoil(i, "CAT#"+string(catalog), "RES#"+string(id))
	})
	two(func(i int) {
		id := newID[entitlement.PackageID]()
		commit(entitlement.Change{Packages: []entitlement.AccessPackage{{ID: id, Catalog: catalog, DisplayName: "P"}}})
		spoil(i, "PKG#"+string(id), "PKG")
	})
	two(func(i int) {
		id := newID[entitlement.PolicyID]()
		commit(entitlement.Change{Policies: []entitlement.AssignmentPolicy{{ID: id, Package: newID[entitlement.PackageID](), DisplayName: "A", Scope: entitlement.ScopeSpecificUsers, Targets: []entitlement.SubjectSet{{Kind: entitlement.SingleUser, ID: string(ann)}}}}})
		spoil(i, "POL#"+string(id), "POL")
	})
	two(func(i int) {
		id := newID[entitlement.ConnectorID]()
		commit(entitlement.Change{Connectors: []entitlement.ConnectorConfig{{ID: id, DisplayName: "K"}}})
		spoil(i, "CON#"+string(id), "CON")
	})
	two(func(i int) { // pending requests of ann, made by bob, that wait for ann
		r := entitlement.AssignmentRequest{ID: newID[entitlement.RequestID](), Type: entitlement.UserAdd, State: entitlement.RequestPendingApproval, Package: pkg,
			Requestor: "bob", Subject: ann, Created: start2026.Add(time.Duration(i) * time.Second), Due: start2026,
			Stages: []entitlement.Stage{{Approvers: []entitlement.SubjectSet{approver}}}}
		slot := entitlement.AssignmentSlot{Package: newID[entitlement.PackageID](), Subject: ann, Open: r.ID}
		commit(entitlement.Change{Requests: []entitlement.AssignmentRequest{r}, DeletionGuards: []entitlement.DeletionGuard{{Package: pkg, Subject: ann}}, Slots: []entitlement.AssignmentSlot{slot},
			Events: []entitlement.Event{{Aggregate: entitlement.OfRequest, ID: string(r.ID), Number: 1}}})
		spoil(i, "REQ#"+string(r.ID), "REQ")
	})
	two(func(i int) { // ended assignments of eve
		r := entitlement.AssignmentRequest{ID: newID[entitlement.RequestID](), Type: entitlement.UserUpdate, State: entitlement.RequestDelivered, Package: "gone",
			Requestor: "eve", Subject: "eve", Created: start2026.Add(time.Duration(i) * time.Second)}
		commit(entitlement.Change{Requests: []entitlement.AssignmentRequest{r}, Ended: []entitlement.Assignment{{ID: entitlement.AssignmentID(r.ID), Package: "gone", Subject: "eve", Ended: start2026}},
			Events: []entitlement.Event{{Aggregate: entitlement.OfRequest, ID: string(r.ID), Number: 1}}})
		spoil(i, "REQ#"+string(r.ID), "ASG")
	})
	two(func(i int) { // holders of a package
		subject := newID[entitlement.UserID]()
		commit(entitlement.Change{Slots: []entitlement.AssignmentSlot{{Package: "held", Subject: subject, Assignment: &entitlement.Assignment{ID: newID[entitlement.AssignmentID](), Subject: subject}}}})
		spoil(i, "PKG#held", "ASG#"+string(subject))
	})
	two(func(i int) { // what ida holds
		p := newID[entitlement.PackageID]()
		a := entitlement.Assignment{ID: newID[entitlement.AssignmentID](), Package: p, Subject: "ida"}
		commit(entitlement.Change{Slots: []entitlement.AssignmentSlot{{Package: p, Subject: "ida", Assignment: &a}},
			SubjectUpdates: []entitlement.SubjectUpdate{{Subject: "ida", Add: entitlement.Waiting{Package: p, Assignment: a.ID}, CheckAfter: start2026}}})
		spoil(i, "PKG#"+string(p), "ASG#ida")
	})
	two(func(i int) { // events of a package that people should look at
		commit(entitlement.Change{Events: []entitlement.Event{{Aggregate: entitlement.OfPackage, ID: "changed", Number: int64(i + 1), Kind: entitlement.EventLoosened, At: start2026,
			Data: map[string]string{entitlement.DataLoosens: "stages"}}}})
		spoil(i, "EV#PKG#changed", fmt.Sprintf("EV#%08d", i+1))
	})
	for _, key := range spoilt {
		d.Spoil(t, key[0], key[1])
	}

	lists := map[string]func(context.Context) page{
		"users":      func(ctx context.Context) page { return paged(d.ListUsers(ctx, entitlement.Page{})) },
		"groups":     func(ctx context.Context) page { return paged(d.ListGroups(ctx, entitlement.Page{})) },
		"catalogs":   func(ctx context.Context) page { return paged(d.ListCatalogs(ctx, entitlement.Page{})) },
		"resources":  func(ctx context.Context) page { return paged(d.ListResources(ctx, catalog, entitlement.Page{})) },
		"packages":   func(ctx context.Context) page { return paged(d.ListPackages(ctx, entitlement.Page{})) },
		"of catalog": func(ctx context.Context) page { return paged(d.PackagesOf(ctx, catalog, entitlement.Page{})) },
		"policies":   func(ctx context.Context) page { return paged(d.ListPolicies(ctx, entitlement.Page{})) },
		"connectors": func(ctx context.Context) page {
			list, err := d.ListConnectors(ctx)
			return page{len(list), 1, err}
		},
		"policies for somebody": func(ctx context.Context) page {
			found, err := d.Candidates(ctx, entitlement.User{ID: ann, Groups: []entitlement.GroupID{group}}, nil, 100, entitlement.Page{})
			return page{len(found.Policies), found.Unread, err}
		},
		"requests of a person":  func(ctx context.Context) page { return paged(d.RequestsOf(ctx, ann, entitlement.Page{})) },
		"requests by a person":  func(ctx context.Context) page { return paged(d.RequestsBy(ctx, "bob", entitlement.Page{})) },
		"requests of a package": func(ctx context.Context) page { return paged(d.RequestsFor(ctx, pkg, entitlement.Page{})) },
		"open requests":         func(ctx context.Context) page { return paged(d.OpenRequests(ctx, ann, entitlement.Page{})) },
		"inbox": func(ctx context.Context) page {
			return paged(d.Inbox(ctx, entitlement.User{ID: ann}, entitlement.Page{}))
		},
		"ended of a person":  func(ctx context.Context) page { return paged(d.EndedOf(ctx, "eve", entitlement.Page{})) },
		"ended of a package": func(ctx context.Context) page { return paged(d.EndedFor(ctx, "gone", entitlement.Page{})) },
		"holders":            func(ctx context.Context) page { return paged(d.Holders(ctx, "held", entitlement.Page{})) },
		"held": func(ctx context.Context) page {
			list, err := d.AssignmentsOf(ctx, "ida")
			return page{len(list), 1, err}
		},
		"events": func(ctx context.Context) page {
			return paged(d.ListEvents(ctx, entitlement.OfPackage, "changed", entitlement.Page{}))
		},
		"notices": func(ctx context.Context) page { return paged(d.Notices(ctx, entitlement.Page{})) },
		"events of a package": func(ctx context.Context) page {
			return paged(d.EventsFor(ctx, "changed", entitlement.Page{}))
		},
		"events by time": func(ctx context.Context) page {
			return paged(d.EventsDuring(ctx, entitlement.Span{From: start2026, To: start2026}, entitlement.Page{}))
		},
		"holders, large pages": func(ctx context.Context) page {
			return paged(d.Slots(ctx, "held", "", 0))
		},
		"due": func(ctx context.Context) page {
			var all page
			for shard := range 4 {
				refs, err := d.Due(ctx, shard, start2026, entitlement.Page{})
				if err != nil {
					return page{err: err}
				}
				items, err := d.Read(ctx, refs.Items)
				if err != nil {
					return page{err: err}
				}
				all.items, all.unread = all.items+len(items.Requests), all.unread+items.Unread
			}
			return all
		},
	}
	for name, read := range lists {
		d.Noticed()
		if got := read(ctx); got != (page{1, 1, nil}) {
			t.Errorf("%s: got %d items, %d left out and %v, want one of each and no error", name, got.items, got.unread, got.err)
		}
		if n := d.Noticed(); n != 1 {
			t.Errorf("%s: told of %d items that cannot be read, want one", name, n)
		}
	}
	if _, err := d.Policies(ctx, []entitlement.PolicyID{entitlement.PolicyID(spoilt[5][0][len("POL#"):])}); !errors.Is(err, entitlement.ErrUnreadable) {
		t.Errorf("what is named by id must not be left out: %v", err)
	}
}
