package storetest

import (
	"fmt"
	"slices"
	"time"

	"leasehold/pkg/entitlement"
)

var inboxScenarios = []scenario{
	{"A pending request is in the inbox of those its running stage names, oldest first", inboxOfUser},
	{"A pending request is in the inbox of the members of a group that approves", inboxOfGroup},
	{"A pending request is in the inbox of the manager that its stage names", inboxOfManager},
	{"A request of several approvers is in the inbox of each, once", inboxOfSeveral},
	{"An inbox follows the running stage, its escalation and its end", inboxMoves},
	{"Approver sets that look alike in part do not leak into each other", inboxApart},
}

func byUser(u entitlement.UserID) entitlement.SubjectSet {
	return entitlement.SubjectSet{Kind: entitlement.SingleUser, ID: string(u)}
}

func byGroup(g entitlement.GroupID) entitlement.SubjectSet {
	return entitlement.SubjectSet{Kind: entitlement.GroupMembers, ID: string(g)}
}

func byManager() entitlement.SubjectSet {
	return entitlement.SubjectSet{Kind: entitlement.RequestorManager}
}

// pending makes a request that waits for one stage of the sets.
func (w *fixture) pending(created time.Time, asked ...entitlement.SubjectSet) entitlement.AssignmentRequest {
	w.Helper()
	return w.submit(newID[entitlement.PackageID](), newID[entitlement.UserID](), func(r *entitlement.AssignmentRequest) {
		r.State, r.Created = entitlement.RequestPendingApproval, created
		r.Stages = []entitlement.Stage{{ID: newID[string](), Started: created, Deadline: created.Add(time.Hour), Approvers: asked}}
	})
}

// move commits the request with its next event and returns it as it then is.
func (w *fixture) move(r entitlement.AssignmentRequest, what string) entitlement.AssignmentRequest {
	w.Helper()
	e := next(&r.Chain, entitlement.OfRequest, string(r.ID), what)
	w.commit(entitlement.Change{Requests: []entitlement.AssignmentRequest{r}, Events: []entitlement.Event{e}})
	r.Version++
	return r
}

// approverGroup makes a group that a policy names among its approvers.
func (w *fixture) approverGroup() entitlement.GroupID {
	w.Helper()
	g, p := w.group(), w.pkg(newID[entitlement.CatalogID]())
	w.policy(&p, func(pol *entitlement.AssignmentPolicy) {
		pol.Approval = entitlement.ApprovalSettings{RequiredForAdd: true,
			Stages: []entitlement.ApprovalStage{{Primary: []entitlement.SubjectSet{byGroup(g.ID)}}}}
	})
	return g.ID
}

func inboxOfUser(w *fixture) {
	ann, bob := w.user(), w.user()
	var want []entitlement.RequestID
	for i := range 5 {
		want = append(want, w.pending(instant(-time.Duration(i)), byUser(ann.ID)).ID)
	}
	slices.Reverse(want) // the one written last is the oldest
	w.pending(instant(0), byUser(bob.ID))
	w.lists(w.inbox(ann), want...)
	w.same(readAll(w, 0, w.inbox(ann))[0], get[entitlement.AssignmentRequest](w)(w.s.Request(w.Context(), want[0])))
	w.lists(w.inbox(w.user()))
}

func inboxOfGroup(w *fixture) {
	g, other := w.approverGroup(), w.approverGroup()
	ann, bob := w.user(), w.user()
	w.join(ann.ID, g)
	w.join(bob.ID, other)
	r := w.pending(instant(0), byGroup(g))
	ann = get[entitlement.User](w)(w.s.User(w.Context(), ann.ID))
	bob = get[entitlement.User](w)(w.s.User(w.Context(), bob.ID))
	w.lists(w.inbox(ann), r.ID)
	w.lists(w.inbox(bob))
	ann.Groups = nil
	w.lists(w.inbox(ann))
}

func inboxOfManager(w *fixture) {
	boss, other := w.user(), w.user()
	r := w.pending(instant(0), byManager())
	w.lists(w.inbox(boss))
	r.Stages[0].Manager = boss.ID
	r = w.move(r, "managerFound")
	w.lists(w.inbox(boss), r.ID)
	w.lists(w.inbox(other))
}

func inboxOfSeveral(w *fixture) {
	g := w.approverGroup()
	ann, bob, boss := w.user(), w.user(), w.user()
	w.join(ann.ID, g)
	ann = get[entitlement.User](w)(w.s.User(w.Context(), ann.ID))

	r := w.pending(instant(0), byUser(ann.ID), byUser(bob.ID), byGroup(g), byManager())
	r.Stages[0].Manager = boss.ID
	r = w.move(r, "managerFound")

	second := w.pending(instant(1), byUser(ann.ID), byGroup(g))
	third := w.pending(instant(2), byUser(bob.ID), byUser(ann.ID))

	w.lists(w.inbox(bob), r.ID, third.ID)
	w.lists(w.inbox(boss), r.ID)

	for _, limit := range []int{0, 1, 2} {
		w.eventually(func() string {
			got := requestIDs(readAll(w, limit, w.inbox(ann)))
			want := []entitlement.RequestID{r.ID, second.ID, third.ID}
			if limit != 0 { // a store may tell twice what it found on two pages
				slices.Sort(got)
				got = slices.Compact(got)
				slices.Sort(want)
			}
			return diff(got, want)
		})
	}
}

func inboxMoves(w *fixture) {
	ann, bob, eve := w.user(), w.user(), w.user()
	r := w.submit(newID[entitlement.PackageID](), newID[entitlement.UserID](), func(r *entitlement.AssignmentRequest) {
		r.State = entitlement.RequestPendingApproval
		r.Stages = []entitlement.Stage{{ID: newID[string](), Approvers: []entitlement.SubjectSet{byUser(ann.ID)}},
			{ID: newID[string](), Approvers: []entitlement.SubjectSet{byUser(bob.ID)}}}
	})
	w.lists(w.inbox(ann), r.ID)
	w.lists(w.inbox(bob))

	// An escalation adds to those who are asked, and takes nobody away.
	r.Stages[0].Escalated, r.Stages[0].Approvers = true, append(r.Stages[0].Approvers, byUser(eve.ID))
	r = w.move(r, "escalated")
	w.lists(w.inbox(ann), r.ID)
	w.lists(w.inbox(eve), r.ID)

	// The stage is settled, so it waits for those of the next one alone.
	r.Stage, r.Stages[0].Decision = 1, &entitlement.Decision{Reviewer: eve.ID, Approved: true, At: instant(1)}
	r = w.move(r, "approved")
	w.lists(w.inbox(ann))
	w.lists(w.inbox(eve))
	w.lists(w.inbox(bob), r.ID)
	w.same(readAll(w, 0, w.inbox(bob))[0], r)

	r.State = entitlement.RequestDenied
	w.move(r, "denied")
	w.lists(w.inbox(bob))
}

func inboxApart(w *fixture) {
	users := []entitlement.User{w.user(), w.user(), w.user(), w.user()}
	// Each request asks two, and must be seen by both and by nobody else.
	for i, u := range users {
		for j, v := range users[:i] {
			w.pending(instant(time.Duration(10*i+j)), byUser(u.ID), byUser(v.ID))
		}
	}

	for i, u := range users {
		w.eventually(func() string {
			if got := len(readAll(w, 0, w.inbox(u))); got != len(users)-1 {
				return fmt.Sprintf("user %d sees %d requests, want %d", i, got, len(users)-1)
			}
			return ""
		})
	}
}
