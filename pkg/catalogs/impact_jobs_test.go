package catalogs_test

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"leasehold/pkg/authz"
	"leasehold/pkg/catalogs"
	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/entitlement"
)

// accounts are the people of the store.
type accounts struct{ w *fixture }

func (a accounts) Account(ctx context.Context, by authz.Caller) (authz.Caller, error) {
	if by.ID == "owner" || by.ID == "second" {
		return administrator(by.ID, "").Caller, nil
	}
	u, err := a.w.store.User(ctx, by.ID)
	return by.As(u), err
}

// newJobs is newImpact where what more than one person holds is looked at by a job.
func newJobs(t *testing.T) *impact {
	w := newImpact(t)
	w.AtOnce = 1
	return w
}

// work carries a job on, as the worker does with one message.
func (w *impact) work(job entitlement.ImpactJob) error {
	return (&catalogs.ImpactWorker{Service: w.Service, Accounts: accounts{w.fixture}}).Run(w.t.Context(), job.Package, job.ID)
}

// ended is a job once the worker is done with it.
func (w *impact) ended(job entitlement.ImpactJob, err error) entitlement.ImpactJob {
	w.t.Helper()
	if err == nil {
		err = w.work(job)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	job = must[entitlement.ImpactJob](w.t)(w.ImpactJob(w.t.Context(), by, job.Package, job.ID))
	if !job.Ended() {
		w.t.Fatalf("the job is %s", job.Status)
	}
	return job
}

func (w *impact) looked(c catalogs.RoleChange) entitlement.ImpactJob {
	w.t.Helper()
	return w.ended(w.StartPreview(w.t.Context(), by, c))
}

func (w *impact) hash(job entitlement.ImpactJob) string {
	w.t.Helper()
	return must[*entitlement.ImpactTotals](w.t)(job.Totals()).Hash()
}

// told is everybody of an effect, piece by piece.
func (w *impact) told(job entitlement.ImpactJob, e entitlement.Effect) (all []entitlement.Affected) {
	w.t.Helper()
	page := entitlement.Page{Limit: 70}
	for {
		some := must[entitlement.Paged[entitlement.Affected]](w.t)(w.ImpactPeople(w.t.Context(), job, e, page))
		if all = append(all, some.Items...); some.Next == "" {
			return all
		}
		page.Token = some.Next
	}
}

func TestT26_AJobTellsWhatOneCallWouldTell(t *testing.T) {
	w := newImpact(t)
	w.holder(w.first)
	both := w.holder(w.first).Subject
	w.give(w.also, both)
	w.asks(w.first)

	for _, c := range []catalogs.RoleChange{w.gone, w.fresh} {
		w.AtOnce = 0
		want := w.preview(c)
		w.AtOnce = 1
		_, err := w.PreviewRoles(t.Context(), by, c, nil)
		if w.kind(err, entitlement.Conflict, "is a job"); entitlement.CodeOf(err) != catalogs.CodeNeedsJob {
			t.Errorf("the code is %s", entitlement.CodeOf(err))
		}
		job := w.looked(c)
		if job.Status != entitlement.JobSucceeded || w.hash(job) != want.Hash() || job.Holders != want.Totals.Holders || job.Loses != want.Totals.Loses || job.Gains != want.Totals.Gains || job.Keeps != want.Totals.Keeps {
			t.Errorf("the job found %+v, want %+v", job, want.Totals)
		}
		var got []entitlement.Affected
		for _, e := range []entitlement.Effect{entitlement.Gains, entitlement.Loses, entitlement.Keeps} {
			got = append(got, w.told(job, e)...)
		}
		slices.SortFunc(got, func(a, b entitlement.Affected) int { return compare(a.Subject, b.Subject) })
		if !reflect.DeepEqual(got, want.People) {
			t.Errorf("the job told %v, want %v", got, want.People)
		}
		if file := must[[]entitlement.Affected](t)(w.ImpactFilePart(t.Context(), job, 1)); len(file) != 2 || catalogs.ImpactFiles(job) != 1 {
			t.Errorf("the file has %v", file)
		}
	}
	if w.gives(w.first) != 1 {
		t.Error("a look changed something")
	}
}

func TestT26_AJobMakesWhatWasAgreedTo_AndNothingElse(t *testing.T) {
	w := newJobs(t)
	w.holder(w.first)
	w.holder(w.first)
	seen := w.hash(w.looked(w.gone))
	_, err := w.ApplyRoles(t.Context(), by, w.gone, seen)
	if w.kind(err, entitlement.Conflict, ""); entitlement.CodeOf(err) != catalogs.CodeNeedsJob {
		t.Errorf("the code is %s", entitlement.CodeOf(err))
	}

	w.holder(w.first)
	moved := w.ended(w.StartApply(t.Context(), by, w.gone, seen))
	if moved.Status != entitlement.JobFailed || moved.Code != catalogs.CodeImpactMoved || moved.Loses != 3 || moved.Why == "" || w.gives(w.first) != 1 {
		t.Errorf("a plan was applied that somebody had come to since: %+v", moved)
	}

	now := w.hash(w.looked(w.gone))
	done := w.ended(w.StartApply(t.Context(), by, w.gone, now))
	if done.Status != entitlement.JobSucceeded || done.Waits != "" || w.gives(w.first) != 0 {
		t.Errorf("what was agreed to was not applied: %+v", done)
	}
	events := must[entitlement.Paged[entitlement.Event]](t)(w.store.ListEvents(t.Context(), entitlement.OfPackage, string(w.first.ID), entitlement.Page{})).Items
	if last := events[len(events)-1]; last.Kind != "roleRemoved" || last.Actor != by.ID || last.Command != by.CommandID || last.Data["impact"] != now || last.Data["loses"] != "3" {
		t.Errorf("the event is %+v", last)
	}
	if job := must[entitlement.ImpactJob](t)(w.ImpactJob(t.Context(), by, moved.Package, moved.ID)); !reflect.DeepEqual(job, moved) {
		t.Errorf("it is %+v by now", job)
	}

	// Told again, a worker does nothing.
	if err := w.work(done); err != nil || w.gives(w.first) != 0 {
		t.Error(err)
	}
}

// Between the last look and the commit of a job the world moves as it may with a call.
func TestT26_AJobAppliesNothingWhereAnythingMovesWhileItIsCommitted(t *testing.T) {
	for name, move := range map[string]func(w *impact, alone, both, asked entitlement.UserID){
		"somebody comes out of nothing":   func(w *impact, _, _, _ entitlement.UserID) { w.holder2(w.first) },
		"a holder ends":                   func(w *impact, alone, _, _ entitlement.UserID) { w.end(w.first, alone) },
		"another package ends":            func(w *impact, _, both, _ entitlement.UserID) { w.end(w.also, both) },
		"another package begins":          func(w *impact, alone, _, _ entitlement.UserID) { w.give(w.also, alone) },
		"another package loses the role":  func(w *impact, _, _, _ entitlement.UserID) { w.lose(w.also) },
		"a request is approved meanwhile": func(w *impact, _, _, asked entitlement.UserID) { w.approve(w.first, asked) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newJobs(t)
			alone, both := w.holder(w.first).Subject, w.holder(w.first).Subject
			w.give(w.also, both)
			asked := w.asks(w.first)
			seen := w.hash(w.looked(w.gone))
			w.meanwhile(func() { move(w, alone, both, asked) })
			if job := w.ended(w.StartApply(t.Context(), by, w.gone, seen)); job.Code != catalogs.CodeImpactMoved || job.Round < 2 || w.gives(w.first) != 1 {
				t.Errorf("the plan was applied: %+v", job)
			}
		})
	}
}

func TestT26_AboveTheLimitAJobWaitsForASecondPerson(t *testing.T) {
	w := newJobs(t)
	w.holder(w.first)
	w.holder(w.first)
	w.above(entitlement.ImpactLimit{People: 1})

	// Graph's own operation looks at nobody, and makes nothing.
	err := w.RemoveScope(t.Context(), by, w.first.ID, w.shared.ID)
	if w.kind(err, entitlement.Conflict, "applyRoleChange"); entitlement.CodeOf(err) != catalogs.CodeNeedsJob {
		t.Errorf("the code is %s", entitlement.CodeOf(err))
	}

	look := w.looked(w.gone)
	job := w.ended(w.StartApply(t.Context(), by, w.gone, w.hash(look)))
	all := w.waits()
	if !look.Second || job.Status != entitlement.JobSucceeded || len(all) != 1 || job.Waits != all[0].ID || all[0].Loses != 2 || w.gives(w.first) != 1 {
		t.Fatalf("%+v; %v wait", job, all)
	}

	second := administrator("second", "agree")
	_, err = w.StartAgree(t.Context(), by, w.catalog.ID, all[0].ID, all[0].Hash)
	w.kind(err, entitlement.Forbidden, "yourself")
	_, err = w.StartAgree(t.Context(), second, w.catalog.ID, all[0].ID, "another")
	w.kind(err, entitlement.Conflict, "another one by now")
	err = w.AgreeToChange(t.Context(), second, w.catalog.ID, all[0].ID, all[0].Hash)
	w.kind(err, entitlement.Conflict, "is a job")

	late := must[entitlement.ImpactJob](t)(w.StartAgree(t.Context(), second, w.catalog.ID, all[0].ID, all[0].Hash))
	if err := w.RejectChange(t.Context(), second, w.catalog.ID, all[0].ID); err != nil {
		t.Fatal(err)
	}
	if job := w.ended(late, nil); job.Status != entitlement.JobFailed || w.gives(w.first) != 1 {
		t.Errorf("what was rejected meanwhile is made: %+v", job)
	}

	w.ended(w.StartApply(t.Context(), by, w.gone, w.hash(look)))
	c := w.waits()[0]
	if job := w.ended(w.StartAgree(t.Context(), second, w.catalog.ID, c.ID, c.Hash)); job.Status != entitlement.JobSucceeded || w.gives(w.first) != 0 || len(w.waits()) != 0 {
		t.Errorf("agreed to it is not made: %+v", job)
	}
	events := must[entitlement.Paged[entitlement.Event]](t)(w.store.ListEvents(t.Context(), entitlement.OfPackage, string(w.first.ID), entitlement.Page{})).Items
	if last := events[len(events)-1]; last.Actor != "second" || last.Data["proposer"] != string(by.ID) {
		t.Errorf("the event is %+v", last)
	}
}

// A job is seen by those who may see who holds the package; and whoever may not make the change
// any more gets no more of what they asked for.
func TestT14_AJobIsSeenAndCarriedOnForThoseAloneWhoMay(t *testing.T) {
	w := newJobs(t)
	w.holder(w.first)
	w.holder(w.first)
	who := w.people(3)
	given := w.owns(w.catalog, who[0])
	w.owns(w.catalog, who[2])
	of := func(id string) authz.Command {
		u := must[entitlement.User](t)(w.store.User(t.Context(), entitlement.UserID(id)))
		return authz.Command{Caller: authz.Caller{ID: u.ID, Scopes: authz.Every}, CommandID: "call"}.As(u)
	}
	owner, other := of(who[0]), of(who[1])
	_, err := w.StartPreview(t.Context(), other, w.gone)
	w.kind(err, entitlement.Forbidden, "")

	mine := must[entitlement.ImpactJob](t)(w.StartPreview(t.Context(), owner, w.gone))
	w.ended(mine, nil)
	_, err = w.ImpactJob(t.Context(), other, mine.Package, mine.ID)
	w.kind(err, entitlement.Forbidden, "")
	_, err = w.ImpactJob(t.Context(), owner, w.also.ID, mine.ID)
	w.kind(err, entitlement.NotFound, "no such job")
	if seen := must[entitlement.ImpactJob](t)(w.ImpactJob(t.Context(), owner, mine.Package, mine.ID)); len(w.told(seen, entitlement.Loses)) != 2 {
		t.Errorf("the owner sees %+v", seen)
	}

	apply := must[entitlement.ImpactJob](t)(w.StartApply(t.Context(), owner, w.gone, w.hash(must[entitlement.ImpactJob](t)(w.ImpactJob(t.Context(), by, mine.Package, mine.ID)))))
	if err := w.RemoveRole(t.Context(), by, given.ID); err != nil {
		t.Fatal(err)
	}
	if job := w.ended(apply, nil); job.Status != entitlement.JobFailed || w.gives(w.first) != 1 {
		t.Errorf("a job of somebody who is no owner any more is carried on: %+v", job)
	}
	_, err = w.ImpactJob(t.Context(), of(who[0]), mine.Package, mine.ID)
	w.kind(err, entitlement.Forbidden, "")

	left := must[entitlement.ImpactJob](t)(w.StartPreview(t.Context(), of(who[2]), w.gone))
	u := must[entitlement.User](t)(w.store.User(t.Context(), entitlement.UserID(who[2])))
	u.Enabled = false
	if err := w.store.Commit(t.Context(), entitlement.Change{Users: []entitlement.User{u}}); err != nil {
		t.Fatal(err)
	}
	if job := w.ended(left, nil); job.Status != entitlement.JobFailed || job.Holders != 0 {
		t.Errorf("a job of somebody who has left is carried on: %+v", job)
	}

	w.clock.Advance(entitlement.ImpactJobLasts)
	_, err = w.ImpactJob(t.Context(), by, mine.Package, mine.ID)
	w.kind(err, entitlement.NotFound, "no such job")
}

func TestS12_ALookThatIsAskedForAgainIsOneJob(t *testing.T) {
	w := newJobs(t)
	w.holder(w.first)
	w.holder(w.first)
	keyed, other := by, by
	keyed.IdempotencyKey, other.IdempotencyKey = "one", "two"
	start := func(by authz.Command) entitlement.ImpactJobID {
		return must[entitlement.ImpactJob](t)(w.StartPreview(t.Context(), by, w.gone)).ID
	}
	one := start(keyed)
	unkeyed := start(by)
	if start(keyed) != one || start(other) == one || start(by) == unkeyed {
		t.Error("a repeat is another job, or another job the same")
	}
	sent := len(w.Jobs.(*jobs).looks)
	w.ended(entitlement.ImpactJob{Package: w.first.ID, ID: one}, nil)
	if start(keyed) != one || len(w.Jobs.(*jobs).looks) != sent {
		t.Error("the worker was told of what is done")
	}
	if _, err := w.StartPreview(t.Context(), keyed, w.fresh); err != nil {
		t.Errorf("another change under the key: %v", err)
	}
}

func TestS21_APackageKeepsSoManyLooksAndNoMore(t *testing.T) {
	w := newJobs(t)
	w.holder(w.first)
	w.holder(w.first)
	for range entitlement.MaxImpactJobs {
		must[entitlement.ImpactJob](t)(w.StartPreview(t.Context(), by, w.gone))
	}
	_, err := w.StartPreview(t.Context(), by, w.gone)
	w.kind(err, entitlement.Precondition, "within a day")
	w.clock.Advance(entitlement.ImpactJobLasts)
	must[entitlement.ImpactJob](t)(w.StartPreview(t.Context(), by, w.gone))
}

// Fifty thousand people are gone through by a worker, which goes on where it was, whoever stops
// it; no call of somebody who waits reads many of them.
func TestF38_TheImpactOnFiftyThousandHoldersIsAJobThatGoesOnWhereItWas(t *testing.T) {
	w := newImpact(t)
	store, meter := dynamotest.Metered()
	w.store, w.Service.Store = store, store
	w.catalog = w.fixture.catalog()
	w.first = w.pack(w.catalog)
	r := must[entitlement.Resource](t)(w.AddResource(t.Context(), by, w.catalog.ID, entitlement.BuiltinConnector, entitlement.OriginAadGroup, "g"))
	w.many(dynamotest.Many)
	c := catalogs.RoleChange{Package: w.first.ID, Resource: r.ID, Role: "Member_g"}

	reads := func(what string, most int, call func() error) {
		t.Helper()
		meter.Reset()
		err := call()
		t.Logf("%s: %d calls, %.1f R, %.1f W", what, meter.Total(), meter.ReadUnits, meter.WriteUnits)
		if meter.Total() > most {
			t.Errorf("%s: %d calls, at most %d are wanted", what, meter.Total(), most)
		}
		if err != nil && entitlement.CodeOf(err) != catalogs.CodeNeedsJob {
			t.Errorf("%s: %v", what, err)
		}
	}
	ctx := t.Context()
	reads("a preview that is refused", 8, func() error { _, err := w.PreviewRoles(ctx, by, c, nil); return err })
	reads("an application that is refused", 12, func() error { _, err := w.ApplyRoles(ctx, by, c, "hash"); return err })
	var job entitlement.ImpactJob
	reads("a job that is asked for", 10, func() (err error) { job, err = w.StartPreview(ctx, by, c); return err })

	// A worker stops before the page after the next, or fails at one, and the next one goes on.
	worker := &catalogs.ImpactWorker{Service: w.Service, Accounts: accounts{w.fixture}}
	w.Jobs = &jobs{}
	runs := 0
	for ; ; runs++ {
		fails := runs%3 == 2
		w.Service.Store = failing{store, func(c entitlement.Change) error {
			if fails && len(c.ImpactPeople) > 0 {
				return entitlement.Errorf(entitlement.Unavailable, "The table does not answer.")
			}
			return nil
		}}
		short, cancel := context.WithDeadline(ctx, time.Now().Add(time.Second*19)) // less than it keeps for a page
		err := worker.Run(short, job.Package, job.ID)
		cancel()
		if (err != nil) != fails {
			t.Fatalf("run %d: %v", runs, err)
		}
		if job = must[entitlement.ImpactJob](t)(w.ImpactJob(ctx, by, job.Package, job.ID)); job.Ended() || runs > 100 {
			break
		}
	}
	w.Service.Store = store
	if told := len(w.Jobs.(*jobs).looks); runs < 10 || told < runs/2 {
		t.Errorf("%d runs, %d messages", runs, told)
	}
	if job.Status != entitlement.JobSucceeded || job.Gains != dynamotest.Many || job.Round != 1 {
		t.Fatalf("%+v", job)
	}

	all := map[entitlement.UserID]bool{}
	for part := 1; part <= catalogs.ImpactFiles(job); part++ {
		for _, a := range must[[]entitlement.Affected](t)(w.ImpactFilePart(ctx, job, part)) {
			all[a.Subject] = a.Effect == entitlement.Gains
		}
	}
	if len(all) != dynamotest.Many {
		t.Errorf("%d people are told", len(all))
	}
	reads("a page of people", 1, func() error {
		some, err := w.ImpactPeople(ctx, job, entitlement.Gains, entitlement.Page{Token: "40000"})
		if len(some.Items) != entitlement.PageSize || some.Next != "40100" {
			t.Errorf("%d people, then %s", len(some.Items), some.Next)
		}
		return err
	})
	reads("a file of people", 4, func() error { _, err := w.ImpactFilePart(ctx, job, 25); return err })
	for _, token := range []string{"-1", "50001", "x", "+5"} {
		_, err := w.ImpactPeople(ctx, job, entitlement.Gains, entitlement.Page{Token: token})
		w.kind(err, entitlement.Invalid, "page token")
	}

	// The change is made by a job of the same kind, in one go.
	apply := must[entitlement.ImpactJob](t)(w.StartApply(ctx, by, c, w.hash(job)))
	reads("the job that makes it", 700, func() error { return worker.Run(ctx, apply.Package, apply.ID) })
	if apply = must[entitlement.ImpactJob](t)(w.ImpactJob(ctx, by, apply.Package, apply.ID)); apply.Status != entitlement.JobSucceeded || w.gives(w.first) != 1 {
		t.Errorf("%+v", apply)
	}
}

// many are n people who hold the first package.
func (w *impact) many(n int) {
	w.t.Helper()
	dynamotest.Fill(w.t, w.store, n, func(i int, c *entitlement.Change) {
		a := entitlement.Assignment{ID: entitlement.AssignmentID(dynamotest.OldID(6, i)), Package: w.first.ID, Subject: entitlement.UserID(dynamotest.OldID(5, i)), Target: entitlement.TargetPresent}
		c.Slots = append(c.Slots, entitlement.AssignmentSlot{Package: w.first.ID, Subject: a.Subject, Assignment: &a})
		c.SubjectUpdates = append(c.SubjectUpdates, entitlement.SubjectUpdate{Subject: a.Subject, Add: entitlement.Waiting{Package: w.first.ID, Assignment: a.ID}, CheckAfter: w.clock.Now().Add(time.Hour)})
	})
}

// failing is a store that does not take some changes.
type failing struct {
	*dynamotest.Store
	takes func(c entitlement.Change) error
}

func (f failing) Commit(ctx context.Context, c entitlement.Change) error {
	if err := f.takes(c); err != nil {
		return err
	}
	return f.Store.Commit(ctx, c)
}

// A round that was broken off because the roles moved is no part of what is told.
func TestT26_AJobWhoseRolesMovedBeginsAnew(t *testing.T) {
	w := newJobs(t)
	one, two := w.holder(w.first).Subject, w.holder(w.first).Subject
	w.give(w.also, one)
	job := must[entitlement.ImpactJob](t)(w.StartPreview(t.Context(), by, w.gone))
	begun := job.Begin(77) // of another version than the roles have
	begun.Loses, begun.Holders = 1, 1
	if err := w.store.Commit(t.Context(), entitlement.Change{ImpactJobs: []entitlement.ImpactJob{begun}}); err != nil {
		t.Fatal(err)
	}
	job = w.ended(job, nil)
	if lose := w.told(job, entitlement.Loses); job.Round != 2 || job.Holders != 2 || len(lose) != 1 || lose[0].Subject != two {
		t.Errorf("%+v: %v", job, lose)
	}

	// Once begun too often it fails, and says so.
	job = must[entitlement.ImpactJob](t)(w.StartApply(t.Context(), by, w.gone, w.hash(job)))
	often := job.Begin(77)
	often.Round = entitlement.MaxImpactRounds
	if err := w.store.Commit(t.Context(), entitlement.Change{ImpactJobs: []entitlement.ImpactJob{often}}); err != nil {
		t.Fatal(err)
	}
	if job = w.ended(job, nil); job.Status != entitlement.JobFailed || w.gives(w.first) != 1 {
		t.Errorf("%+v", job)
	}
}

func TestT26_OfVeryManyReasonsSomeAreNamedAndTheOthersCounted(t *testing.T) {
	a := entitlement.Affected{Subject: "u", Effect: entitlement.Keeps}
	for i := range 13 {
		a.Because = append(a.Because, entitlement.Reason{Package: entitlement.PackageID(fmt.Sprint(i))})
	}
	if kept := a.Kept(); len(kept.Because) != entitlement.MaxReasons || kept.Further != 3 || len(a.Because) != 13 {
		t.Errorf("%+v", kept)
	}
}
