package storetest

import (
	"fmt"
	"slices"
	"time"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

var dueScenarios = []scenario{
	{"A request falls due when it says, in one shard, until it says otherwise", dueRequest},
	{"A slot falls due at the end of its assignment, while it has one", dueSlot},
	{"A package under deletion falls due until it is open again or gone", duePackage},
	{"A policy under deletion falls due until it is open again or gone, and its package and people find it all the while", duePolicy},
	{"A job falls due at its look, apart from its package and its other generations", dueJob},
	{"Due pages through a shard, oldest first", duePages},
	{"Due items are read as they are, what is absent left out", dueItems},
}

// dueTime is long before everything else of the table that falls due.
var dueTime = time.Date(1998, 1, 1, 0, 0, 0, 5, time.UTC)

// due collects from all shards what falls due by until and is about the packages.
func due(w *fixture, limit int, until time.Time, about ...entitlement.DueRef) []entitlement.DueRef {
	w.Helper()
	// The shards are shared with all other tests.
	isOurs := func(r entitlement.DueRef) bool {
		return slices.ContainsFunc(about, func(a entitlement.DueRef) bool {
			return r.Request == a.Request && r.Package == a.Package && r.Subject == a.Subject && r.Generation == a.Generation && r.Policy == a.Policy && r.Absent == a.Absent
		})
	}

	var all []entitlement.DueRef
	for shard := range names.DueShards {
		got := readAll(w, limit, func(page entitlement.Page) (entitlement.Paged[entitlement.DueRef], error) {
			return w.s.Due(w.Context(), shard, until, page)
		})

		var last time.Time
		for _, r := range got {
			if r.At.After(until) {
				w.Fatalf("shard %d shows %v, due after %v", shard, r, until)
			}
			if isOurs(r) {
				if r.At.Before(last) {
					w.Fatalf("shard %d is not sorted by time", shard)
				}
				last = r.At
				all = append(all, r)
			}
		}
	}

	return all
}

// fallsDue polls until exactly the one reference falls due, and not earlier than its time.
func fallsDue(w *fixture, want entitlement.DueRef) {
	w.Helper()
	w.eventually(func() string {
		if d := diff(due(w, 0, want.At, want), []entitlement.DueRef{want}); d != "" {
			return d
		}
		if d := diff(due(w, 0, want.At.Add(time.Hour), want), []entitlement.DueRef{want}); d != "" {
			return d
		}
		return diff(due(w, 0, want.At.Add(-1), want), []entitlement.DueRef(nil))
	})
}

// fallsDueNever polls until the reference shows no more.
func fallsDueNever(w *fixture, ref entitlement.DueRef) {
	w.Helper()
	w.eventually(func() string { return diff(due(w, 0, instant(24*time.Hour), ref), []entitlement.DueRef(nil)) })
}

func dueRequest(w *fixture) {
	r := w.submit(newID[entitlement.PackageID](), newID[entitlement.UserID](), func(r *entitlement.AssignmentRequest) { r.Due = dueTime })
	ref := entitlement.DueRef{Kind: entitlement.DueRequest, Request: r.ID, At: dueTime}
	fallsDue(w, ref)
	// A nanosecond later is another place in the index.
	r.Due = dueTime.Add(time.Nanosecond)
	r = w.move(r, "escalated")
	ref.At = r.Due
	fallsDue(w, ref)

	r.Due = time.Time{}
	r = w.move(r, "denied")
	fallsDueNever(w, ref)

	r.Due, r.State = dueTime, entitlement.RequestScheduled
	r = w.move(r, "scheduled")
	ref.At = dueTime
	fallsDue(w, ref)

	r.Erased = true
	w.commit(entitlement.Change{Requests: []entitlement.AssignmentRequest{r}})
	fallsDueNever(w, ref)
}

func dueSlot(w *fixture) {
	r, e := asked(newID[entitlement.PackageID](), newID[entitlement.UserID](), instant(0))
	slot := entitlement.AssignmentSlot{Package: r.Package, Subject: r.Subject, Open: r.ID}
	w.commit(entitlement.Change{Requests: []entitlement.AssignmentRequest{r}, Events: []entitlement.Event{e}, Slots: []entitlement.AssignmentSlot{slot}})
	slot.Version = slot.FirstVersion()
	put := func(end time.Time) {
		w.Helper()
		slot.Open, slot.Assignment = "", assigned(r)
		slot.Assignment.End = end
		w.commit(entitlement.Change{Slots: []entitlement.AssignmentSlot{slot}})
		slot.Version++
	}
	ref := entitlement.DueRef{Kind: entitlement.DueAssignment, Package: r.Package, Subject: r.Subject, At: dueTime}
	fallsDueNever(w, ref)
	put(dueTime)
	fallsDue(w, ref)
	// An assignment without an end is in no index.
	put(time.Time{})
	fallsDueNever(w, ref)
	ref.At = dueTime.Add(time.Minute)
	put(ref.At)
	fallsDue(w, ref)

	slot.Assignment = nil
	w.commit(entitlement.Change{Slots: []entitlement.AssignmentSlot{slot.Vacate()}})
	fallsDueNever(w, ref)
}

func duePackage(w *fixture) {
	p := w.pkg(newID[entitlement.CatalogID]())
	ref := entitlement.DueRef{Kind: entitlement.DuePackage, Package: p.ID}

	shown := func(want int) {
		w.Helper()
		w.eventually(func() string {
			if got := len(due(w, 0, dueTime.Add(24*time.Hour), ref)); got != want {
				return fmt.Sprintf("the package is due %d times, want %d", got, want)
			}
			return ""
		})
	}

	put := func(since time.Time) {
		w.Helper()
		p.Deleting = since
		w.commit(entitlement.Change{Packages: []entitlement.AccessPackage{p}})
		p.Version++
	}

	shown(0)

	put(dueTime)
	shown(1)
	// A deletion that was taken back is not due any more.
	put(time.Time{})
	shown(0)

	put(dueTime)
	shown(1)

	p.Erased = true
	w.commit(entitlement.Change{Packages: []entitlement.AccessPackage{p}})
	shown(0)
}

func duePolicy(w *fixture) {
	pack, ann := w.pkg(newID[entitlement.CatalogID]()), w.user()
	p := w.policy(&pack, func(pol *entitlement.AssignmentPolicy) {
		pol.Scope, pol.Targets = entitlement.ScopeSpecificUsers, []entitlement.SubjectSet{byUser(ann.ID)}
	})
	ref := entitlement.DueRef{Kind: entitlement.DuePolicy, Policy: p.ID}
	put := func(since time.Time) {
		w.Helper()
		p.Deleting = since
		w.commit(entitlement.Change{Policies: []entitlement.AssignmentPolicy{p}})
		p.Version++
		ref.At = p.Due()
	}
	// A policy on its way out is listed all the same: its deletion may be taken back.
	listedByName := func() {
		w.Helper()
		listed(w, p.DisplayName, []string{p.DisplayName}, func(x entitlement.AssignmentPolicy) string { return x.DisplayName }, func(page entitlement.Page) (entitlement.Paged[entitlement.AssignmentPolicy], error) {
			return w.s.ListPolicies(w.Context(), page)
		})
	}
	fallsDueNever(w, ref)
	listedByName()

	put(dueTime)
	fallsDue(w, ref)
	got, err := w.s.Read(w.Context(), []entitlement.DueRef{{Kind: entitlement.DuePolicy, Policy: newID[entitlement.PolicyID]()}, ref})
	w.must(err)
	w.same(got, entitlement.DueItems{Policies: []entitlement.AssignmentPolicy{p}})
	w.same(get[[]entitlement.AssignmentPolicy](w)(w.s.Policies(w.Context(), pack.Policies)), []entitlement.AssignmentPolicy{p})
	w.eventually(func() string {
		found := w.policiesFor(ann, 0)
		found = slices.DeleteFunc(found, func(x entitlement.AssignmentPolicy) bool { return x.ID != p.ID })
		return diff(found, []entitlement.AssignmentPolicy{p})
	})

	put(time.Time{})
	fallsDueNever(w, ref)
	listedByName()
	put(dueTime.Add(time.Minute))
	fallsDue(w, ref)
	p.Erased = true
	w.commit(entitlement.Change{Policies: []entitlement.AssignmentPolicy{p}})
	fallsDueNever(w, ref)
}

func dueJob(w *fixture) {
	p := w.pkg(newID[entitlement.CatalogID]())
	job := entitlement.Job{Package: p.ID, Generation: 1, CheckAfter: dueTime, Created: dueTime}
	other := entitlement.Job{Package: p.ID, Generation: 10, CheckAfter: dueTime.Add(time.Minute), Created: dueTime}
	w.commit(entitlement.Change{Jobs: []entitlement.Job{job, other}})
	fallsDue(w, entitlement.DueRef{Kind: entitlement.DueJob, Package: p.ID, Generation: 1, At: job.CheckAfter})
	fallsDue(w, entitlement.DueRef{Kind: entitlement.DueJob, Package: p.ID, Generation: 10, At: other.CheckAfter})

	// A job that moved on is looked at later; the other one stays where it is.
	job.Version, job.Cursor, job.Told, job.CheckAfter = 1, "cursor", 100, dueTime.Add(2*time.Minute)
	w.commit(entitlement.Change{Jobs: []entitlement.Job{job}})
	fallsDue(w, entitlement.DueRef{Kind: entitlement.DueJob, Package: p.ID, Generation: 1, At: job.CheckAfter})
	job.Version = 2
	got, err := w.s.Read(w.Context(), []entitlement.DueRef{{Kind: entitlement.DueJob, Package: p.ID, Generation: 1}, {Kind: entitlement.DuePackage, Package: p.ID}, {Kind: entitlement.DueJob, Package: p.ID, Generation: 2}})
	w.must(err)
	w.same(got, entitlement.DueItems{Jobs: []entitlement.Job{job}, Packages: []entitlement.AccessPackage{p}})

	job.Erased = true
	w.commit(entitlement.Change{Jobs: []entitlement.Job{job}})
	fallsDueNever(w, entitlement.DueRef{Kind: entitlement.DueJob, Package: p.ID, Generation: 1})
	fallsDue(w, entitlement.DueRef{Kind: entitlement.DueJob, Package: p.ID, Generation: 10, At: other.CheckAfter})
}

func duePages(w *fixture) {
	var want []entitlement.DueRef
	for i := range 12 {
		at := dueTime.Add(time.Duration(-i) * time.Second)
		r := w.submit(newID[entitlement.PackageID](), newID[entitlement.UserID](), func(r *entitlement.AssignmentRequest) { r.Due = at })
		want = append(want, entitlement.DueRef{Kind: entitlement.DueRequest, Request: r.ID, At: at})
	}

	slices.Reverse(want)

	for _, limit := range []int{0, 1, 3} {
		w.eventually(func() string {
			// Shards side by side have no order among each other.
			got := due(w, limit, dueTime, want...)
			slices.SortFunc(got, func(a, b entitlement.DueRef) int { return a.At.Compare(b.At) })
			return diff(got, want)
		})
	}
}

func dueItems(w *fixture) {
	p := w.pkg(newID[entitlement.CatalogID]())
	r := w.submit(p.ID, newID[entitlement.UserID]())
	slot := get[entitlement.AssignmentSlot](w)(w.s.AssignmentSlot(w.Context(), r.Package, r.Subject))
	refs := []entitlement.DueRef{{Kind: entitlement.DueRequest, Request: newID[entitlement.RequestID]()}, {Kind: entitlement.DuePackage, Package: p.ID}, {Kind: entitlement.DueAssignment, Package: p.ID, Subject: r.Subject},
		{Kind: entitlement.DueAssignment, Package: p.ID, Subject: newID[entitlement.UserID]()}, {Kind: entitlement.DueRequest, Request: r.ID}, {Kind: entitlement.DuePackage, Package: newID[entitlement.PackageID]()}}
	got, err := w.s.Read(w.Context(), refs)
	w.must(err)
	w.same(got, entitlement.DueItems{Requests: []entitlement.AssignmentRequest{r}, Slots: []entitlement.AssignmentSlot{slot}, Packages: []entitlement.AccessPackage{p}})
	got, err = w.s.Read(w.Context(), nil)
	w.must(err)
	w.same(got, entitlement.DueItems{})
}
