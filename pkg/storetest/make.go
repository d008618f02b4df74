package storetest

import (
	"time"

	"leasehold/pkg/entitlement"
)

// user makes a user; change may set members first.
func (w *fixture) user(change ...func(*entitlement.User)) entitlement.User {
	w.Helper()
	u := entitlement.User{ID: newID[entitlement.UserID](), Type: entitlement.Member, DisplayName: "Ann",
		UserPrincipalName: unique("ann-") + "@example.test", Enabled: true, Created: instant(0)}
	for _, f := range change {
		f(&u)
	}
	w.commit(entitlement.Change{Users: []entitlement.User{u}})
	return get[entitlement.User](w)(w.s.User(w.Context(), u.ID))
}

func (w *fixture) group() entitlement.Group {
	w.Helper()
	g := entitlement.Group{ID: newID[entitlement.GroupID](), DisplayName: unique("group-"), Created: instant(0)}
	w.commit(entitlement.Change{Groups: []entitlement.Group{g}})
	g.Version = 1
	return g
}

func (w *fixture) join(u entitlement.UserID, g entitlement.GroupID) {
	w.Helper()
	w.commit(entitlement.Change{Memberships: []entitlement.Membership{{Group: g, User: u}}})
}

func (w *fixture) catalog() entitlement.Catalog {
	w.Helper()
	c := entitlement.Catalog{ID: newID[entitlement.CatalogID](), DisplayName: unique("catalog-"), Published: true, Created: instant(0)}
	w.commit(entitlement.Change{Catalogs: []entitlement.Catalog{c}})
	c.Version = 1
	return c
}

func (w *fixture) pkg(in entitlement.CatalogID) entitlement.AccessPackage {
	w.Helper()
	p := entitlement.AccessPackage{ID: newID[entitlement.PackageID](), Catalog: in, DisplayName: unique("package-"), Created: instant(0)}
	w.commit(entitlement.Change{Packages: []entitlement.AccessPackage{p}})
	p.Version = 1
	return p
}

// policy makes a policy of the package and lists it there.
func (w *fixture) policy(p *entitlement.AccessPackage, change ...func(*entitlement.AssignmentPolicy)) entitlement.AssignmentPolicy {
	w.Helper()
	pol := entitlement.AssignmentPolicy{ID: newID[entitlement.PolicyID](), Package: p.ID, Catalog: p.Catalog,
		DisplayName: unique("policy-"), Scope: entitlement.ScopeAllMembers, Created: instant(0)}
	for _, f := range change {
		f(&pol)
	}
	p.Policies = append(p.Policies, pol.ID)
	w.commit(entitlement.Change{Policies: []entitlement.AssignmentPolicy{pol}, Packages: []entitlement.AccessPackage{*p}})
	p.Version++
	pol.Version = 1
	return pol
}

// asked describes a new request of the subject for the package, and its first event.
func asked(p entitlement.PackageID, subject entitlement.UserID, created time.Time) (entitlement.AssignmentRequest, entitlement.Event) {
	r := entitlement.AssignmentRequest{ID: newID[entitlement.RequestID](), Type: entitlement.UserAdd,
		State: entitlement.RequestSubmitted, Package: p, Catalog: newID[entitlement.CatalogID](), Policy: newID[entitlement.PolicyID](),
		Requestor: subject, Subject: subject, Created: created}
	r.Assignment = r.AssignmentOf()
	return begun(r)
}

// begun gives a request its first event.
func begun(r entitlement.AssignmentRequest) (entitlement.AssignmentRequest, entitlement.Event) {
	chain, e := entitlement.Chain{}.Append(entitlement.Event{Aggregate: entitlement.OfRequest, ID: string(r.ID),
		Kind: "submitted", Actor: r.Requestor, At: r.Created, After: string(r.State)})
	r.Chain = chain
	return r, e
}

// next gives an aggregate with the chain its next event.
func next(chain *entitlement.Chain, kind entitlement.AggregateKind, id, what string) entitlement.Event {
	c, e := chain.Append(entitlement.Event{Aggregate: kind, ID: id, Kind: what, Actor: entitlement.Service, At: instant(time.Hour)})
	*chain = c
	return e
}

// submit makes a request that occupies its slot, as a person's first ask does.
func (w *fixture) submit(p entitlement.PackageID, subject entitlement.UserID, change ...func(*entitlement.AssignmentRequest)) entitlement.AssignmentRequest {
	w.Helper()
	r, _ := asked(p, subject, instant(0))
	for _, f := range change {
		f(&r)
	}
	r, e := begun(r)
	w.commit(entitlement.Change{Requests: []entitlement.AssignmentRequest{r}, Events: []entitlement.Event{e},
		Slots: []entitlement.AssignmentSlot{{Package: p, Subject: subject, Open: r.ID}}})
	r.Version = 1
	return r
}

// assigned describes the live assignment that a request makes.
func assigned(r entitlement.AssignmentRequest) *entitlement.Assignment {
	return &entitlement.Assignment{ID: r.AssignmentOf(), Package: r.Package, Catalog: r.Catalog, Policy: r.Policy, Subject: r.Subject,
		Target: entitlement.TargetPresent, State: entitlement.AssignmentDelivering, Start: r.Created, Since: r.Created,
		Meta: entitlement.Meta{Chain: r.Chain}}
}

// hold makes a request, its live assignment and its place in the record, in one change.
func (w *fixture) hold(p entitlement.PackageID, subject entitlement.UserID) (entitlement.AssignmentRequest, entitlement.AssignmentSlot) {
	w.Helper()
	r, e := asked(p, subject, instant(0))
	r.State = entitlement.RequestDelivering
	a := assigned(r)
	slot := entitlement.AssignmentSlot{Package: p, Subject: subject, Assignment: a}
	w.commit(entitlement.Change{Requests: []entitlement.AssignmentRequest{r}, Events: []entitlement.Event{e}, Slots: []entitlement.AssignmentSlot{slot},
		SubjectUpdates: []entitlement.SubjectUpdate{{Subject: subject, Add: entitlement.Waiting{Package: p, Assignment: a.ID}, CheckAfter: instant(time.Hour)}}})
	r.Version, slot.Version = 1, slot.FirstVersion()
	return r, slot
}

// end takes a live assignment away and keeps it as a past one.
func (w *fixture) end(slot entitlement.AssignmentSlot) entitlement.Assignment {
	w.Helper()
	past := *slot.Assignment
	past.Target, past.State, past.Ended = entitlement.TargetAbsent, entitlement.AssignmentExpired, instant(2*time.Hour)
	past.Version = 0
	e := next(&past.Chain, entitlement.OfRequest, string(past.ID), "expired")
	slot.Assignment = nil
	w.commit(entitlement.Change{Slots: []entitlement.AssignmentSlot{slot.Vacate()}, Ended: []entitlement.Assignment{past}, Events: []entitlement.Event{e},
		SubjectUpdates: []entitlement.SubjectUpdate{{Subject: past.Subject, Remove: entitlement.Waiting{Package: past.Package, Assignment: past.ID},
			Ended: entitlement.Removing{Assignment: past.ID, Package: past.Package}, CheckAfter: instant(3 * time.Hour)}}})
	past.Version = 1
	return past
}

// subjectRecord reads a subject's record with its sets in a fixed order.
func (w *fixture) subjectRecord(subject entitlement.UserID) entitlement.SubjectRecord {
	w.Helper()
	h, _, err := w.s.SubjectRecord(w.Context(), subject)
	w.must(err)
	return ordered(h)
}
