package storetest

import (
	"cmp"
	"slices"
	"time"

	"leasehold/pkg/entitlement"
)

var requestScenarios = []scenario{
	{"Requests are listed by subject, by package and by who made them for others, newest first", requestLists},
	{"A list of requests shows each as it is, and drops what is gone", requestListsFresh},
	{"Requests of the same instant are all listed", requestTies},
	{"A request for somebody else is made once, with what lists it for who asked", requestForOther},
	{"A subject's open requests are all listed, each as it is, and no other", openRequests},
	{"SubmitInputs reads everything that a request is decided on", submitInputsWhole},
	{"SubmitInputs tells what is absent", submitInputsAbsent},
	{"StartInputs reads everything that an assignment begins on", startInputsWhole},
	{"Review reads the reviewer with the request", reviewWhole},
}

// requestForOther makes one request twice. The request itself is in the way, and should that
// not be looked at, the row that lists it is.
func requestForOther(w *fixture) {
	r, _ := asked(newID[entitlement.PackageID](), newID[entitlement.UserID](), instant(0))
	r.Requestor = newID[entitlement.UserID]()
	w.commit(entitlement.Change{Requests: []entitlement.AssignmentRequest{r}})
	w.refuse(entitlement.PartRequest, entitlement.Change{Requests: []entitlement.AssignmentRequest{r}})
	w.lists(w.madeBy(r.Requestor), r.ID)
}

type requestList func(entitlement.Page) (entitlement.Paged[entitlement.AssignmentRequest], error)

func (w *fixture) ofSubject(u entitlement.UserID) requestList {
	return func(page entitlement.Page) (entitlement.Paged[entitlement.AssignmentRequest], error) {
		return w.s.RequestsOf(w.Context(), u, page)
	}
}

func (w *fixture) forPackage(p entitlement.PackageID) requestList {
	return func(page entitlement.Page) (entitlement.Paged[entitlement.AssignmentRequest], error) {
		return w.s.RequestsFor(w.Context(), p, page)
	}
}

func (w *fixture) madeBy(u entitlement.UserID) requestList {
	return func(page entitlement.Page) (entitlement.Paged[entitlement.AssignmentRequest], error) {
		return w.s.RequestsBy(w.Context(), u, page)
	}
}

func (w *fixture) inbox(u entitlement.User) requestList {
	return func(page entitlement.Page) (entitlement.Paged[entitlement.AssignmentRequest], error) {
		return w.s.Inbox(w.Context(), u, page)
	}
}

// lists polls until the list holds exactly want, in order, with pages of every size.
func (w *fixture) lists(list requestList, want ...entitlement.RequestID) {
	w.Helper()
	for _, limit := range []int{0, 1, 2} {
		w.eventually(func() string { return diff(requestIDs(readAll(w, limit, list)), want) })
	}
}

func requestIDs(all []entitlement.AssignmentRequest) []entitlement.RequestID {
	var ids []entitlement.RequestID
	for _, r := range all {
		ids = append(ids, r.ID)
	}
	return ids
}

func requestLists(w *fixture) {
	p, q := newID[entitlement.PackageID](), newID[entitlement.PackageID]()
	ann, bob := newID[entitlement.UserID](), newID[entitlement.UserID]()
	var ofAnn, forP []entitlement.RequestID
	for i := range 5 {
		// Their times rise as 1 3 0 2 4, so that the order of writing is none.
		at := instant(time.Duration((i*2+1)%5) * time.Nanosecond)
		r := w.submit(p, ann, func(r *entitlement.AssignmentRequest) { r.Created = at })
		w.freeSlot(r)
		ofAnn, forP = append(ofAnn, r.ID), append(forP, r.ID)
	}
	newest := func(ids []entitlement.RequestID) []entitlement.RequestID {
		return []entitlement.RequestID{ids[4], ids[1], ids[3], ids[0], ids[2]}
	}
	ofAnn, forP = newest(ofAnn), newest(forP)

	direct := w.submit(q, ann, func(r *entitlement.AssignmentRequest) { r.Requestor, r.Created = bob, instant(time.Hour) })
	own := w.submit(p, bob, func(r *entitlement.AssignmentRequest) { r.Created = instant(2 * time.Hour) })
	w.lists(w.ofSubject(ann), slices.Insert(ofAnn, 0, direct.ID)...)
	w.lists(w.forPackage(p), slices.Insert(forP, 0, own.ID)...)
	w.lists(w.ofSubject(bob), own.ID)
	w.lists(w.forPackage(q), direct.ID)
	w.lists(w.madeBy(bob), direct.ID)
	w.lists(w.madeBy(ann))
	w.lists(w.ofSubject(newID[entitlement.UserID]()))
}

// freeSlot takes an open request out of its slot, so that another may be made.
func (w *fixture) freeSlot(r entitlement.AssignmentRequest) {
	w.Helper()
	slot := get[entitlement.AssignmentSlot](w)(w.s.AssignmentSlot(w.Context(), r.Package, r.Subject))
	slot.Open = ""
	w.commit(entitlement.Change{Slots: []entitlement.AssignmentSlot{slot.Vacate()}})
}

func requestListsFresh(w *fixture) {
	p, bob := newID[entitlement.PackageID](), newID[entitlement.UserID]()
	subject := newID[entitlement.UserID]()

	var made []entitlement.AssignmentRequest

	for i := range 3 {
		r := w.submit(p, subject, func(r *entitlement.AssignmentRequest) {
			r.Requestor, r.Created = bob, instant(time.Duration(i)*time.Minute)
		})
		w.freeSlot(r)
		made = append(made, r)
	}

	made[0].State, made[0].Outcome = entitlement.RequestDenied, entitlement.OutcomeTimedOut
	// The index may show what was erased: what is listed is read.
	made[1].Erased = true
	w.commit(entitlement.Change{Requests: made[:2]})
	made[0].Version++

	for _, list := range []requestList{w.ofSubject(subject), w.forPackage(p), w.madeBy(bob)} {
		w.lists(list, made[2].ID, made[0].ID)
		w.same(readAll(w, 0, list)[1], made[0])
	}
}

func requestTies(w *fixture) {
	p := newID[entitlement.PackageID]()
	var want []entitlement.RequestID
	for range 5 {
		want = append(want, w.submit(p, newID[entitlement.UserID]()).ID)
	}
	for _, limit := range []int{0, 1, 2} {
		w.eventually(func() string {
			got := requestIDs(readAll(w, limit, w.forPackage(p)))
			return diff(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want)))
		})
	}
}

func submitInputsWhole(w *fixture) {
	catalog := w.catalog()
	p := w.pkg(catalog.ID)
	first, second := w.policy(&p), w.policy(&p)
	ann, bob, g := w.user(), w.user(), w.group()
	w.join(ann.ID, g.ID)
	ann = get[entitlement.User](w)(w.s.User(w.Context(), ann.ID))
	other := waiting()
	w.commit(add(ann.ID, other))
	r := w.submit(p.ID, ann.ID)

	slot := entitlement.AssignmentSlot{Package: p.ID, Subject: ann.ID, Open: r.ID}
	slot.Version = slot.FirstVersion()
	want := entitlement.SubmitInputs{Requestor: &bob, Subject: &ann, Package: &p, Catalog: &catalog, Policies: []entitlement.AssignmentPolicy{second}, Slot: slot, SubjectRecord: w.subjectRecord(ann.ID)}
	keys := entitlement.SubmitKeys{Requestor: bob.ID, Subject: ann.ID, Package: p.ID, Policy: second.ID}
	got, err := w.s.SubmitInputs(w.Context(), keys)
	w.must(err)
	w.same(got, want)

	// Without a policy in question, all of the package are read.
	keys.Policy, keys.Requestor, want.Requestor = "", ann.ID, &ann
	got, err = w.s.SubmitInputs(w.Context(), keys)
	w.must(err)
	byID := func(a, b entitlement.AssignmentPolicy) int {
		return cmp.Compare(a.ID, b.ID)
	}
	want.Policies = []entitlement.AssignmentPolicy{first, second}
	slices.SortFunc(got.Policies, byID)
	slices.SortFunc(want.Policies, byID)
	w.same(got, want)
}

func submitInputsAbsent(w *fixture) {
	keys := entitlement.SubmitKeys{Requestor: newID[entitlement.UserID](), Subject: newID[entitlement.UserID](),
		Package: newID[entitlement.PackageID](), Policy: newID[entitlement.PolicyID]()}
	want := entitlement.SubmitInputs{Slot: entitlement.AssignmentSlot{Package: keys.Package, Subject: keys.Subject}, SubjectRecord: entitlement.SubjectRecord{Subject: keys.Subject}}
	for range 2 {
		got, err := w.s.SubmitInputs(w.Context(), keys)
		w.must(err)
		w.same(got, want)
		keys.Policy = ""
	}
}

func startInputsWhole(w *fixture) {
	p := w.pkg(w.catalog().ID)
	ann, bob := w.user(), w.user()
	r := w.submit(p.ID, ann.ID, func(r *entitlement.AssignmentRequest) { r.Requestor = bob.ID })
	w.commit(add(ann.ID, waiting()))
	got, err := w.s.StartInputs(w.Context(), r)
	w.must(err)
	// The generation of an open slot is that of its first version.
	slot := entitlement.AssignmentSlot{Package: p.ID, Subject: ann.ID, Open: r.ID}
	slot.Version = slot.FirstVersion()
	w.same(got, entitlement.StartInputs{Package: &p, Subject: &ann, Requestor: &bob, Slot: slot, SubjectRecord: w.subjectRecord(ann.ID)})

	// Nothing of it exists, and the answer is empty and no error.
	r.Package, r.Subject, r.Requestor = newID[entitlement.PackageID](), newID[entitlement.UserID](), newID[entitlement.UserID]()
	got, err = w.s.StartInputs(w.Context(), r)
	w.must(err)
	w.same(got, entitlement.StartInputs{Slot: entitlement.AssignmentSlot{Package: r.Package, Subject: r.Subject}, SubjectRecord: entitlement.SubjectRecord{Subject: r.Subject}})
}

func reviewWhole(w *fixture) {
	bob := w.user()
	r := w.submit(newID[entitlement.PackageID](), newID[entitlement.UserID]())
	u, got, err := w.s.Review(w.Context(), bob.ID, r.ID)
	w.must(err)
	w.same(u, bob)
	w.same(got, r)
	_, _, err = w.s.Review(w.Context(), bob.ID, newID[entitlement.RequestID]())
	w.kind(err, entitlement.NotFound)
	_, _, err = w.s.Review(w.Context(), newID[entitlement.UserID](), r.ID)
	w.kind(err, entitlement.NotFound)
}
