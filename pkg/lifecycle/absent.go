package lifecycle

import (
	"context"
	"slices"
	"strings"

	"leasehold/pkg/approvers"
	"leasehold/pkg/entitlement"
)

// Bounds of what one sweep looks at for one absence: pages of what the person asks for and of what waits for
// the person, and requests that others are asked to decide. The rest is left to the next sweep.
const (
	absentPages   = 20
	absentWidened = 100
)

// absent looks at every request that waits for somebody who may not be there any more, and
// at those of the person's own that ask a manager. What was on its way while it looked is
// found by a second look.
func (t *sweep) absent(ctx context.Context, a entitlement.Absence) {
	if a.Due.After(t.now) {
		return
	}
	finder := approvers.New(t.Store)
	left, err := t.lookAtAbsence(ctx, finder, a)
	if err == nil && left == "" {
		a = a.Looked(t.now)
	}
	a.Cursor = left
	t.commit(ctx, entitlement.Change{Absences: []entitlement.Absence{a}}, err, "absence", string(a.Person))
}

// lookAtAbsence returns where the look goes on that it did not bring to an end.
func (t *sweep) lookAtAbsence(ctx context.Context, finder *approvers.Finder, a entitlement.Absence) (left string, err error) {
	person, err := t.asApprover(ctx, a)
	if err != nil {
		return "", err
	}

	widened, page := 0, entitlement.Page{}
	rest, waits := strings.CutPrefix(a.Cursor, waitsMark)
	page.Token = strings.TrimPrefix(rest, ownMark)

	for range absentPages {
		list, err := t.lookAt(ctx, person, waits, page)
		if err != nil {
			return "", err
		}

		n, err := t.staff(ctx, finder, list.Items)
		if err != nil || waits && list.Next == "" {
			return "", err
		}

		page.Token, waits = list.Next, waits || list.Next == ""
		if widened += n; widened >= absentWidened || !t.timeLeft(ctx) {
			break
		}
	}

	if waits {
		return waitsMark + page.Token, nil
	}
	return ownMark + page.Token, nil
}

// What begins the cursor of an absence: which of the two lists it is in.
const (
	ownMark   = "own "
	waitsMark = "waits "
)

// lookAt reads a page of what waits for the person, or of what the person asks for.
func (t *sweep) lookAt(ctx context.Context, person entitlement.User, waits bool, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentRequest], error) {
	if waits {
		return t.Store.Inbox(ctx, person, page)
	}
	return t.Store.OpenRequests(ctx, person.ID, page)
}

// asApprover returns the person of an absence with all groups by which requests can wait
// for that one: those that the person is in, and those that the person has left.
func (t *sweep) asApprover(ctx context.Context, a entitlement.Absence) (entitlement.User, error) {
	person := entitlement.User{ID: a.Person, Groups: slices.Clone(a.Groups)}
	users, err := t.Store.Users(ctx, []entitlement.UserID{a.Person})
	for _, u := range users {
		for _, g := range u.Groups {
			if !slices.Contains(person.Groups, g) {
				person.Groups = append(person.Groups, g)
			}
		}
	}
	return person, err
}

// staff has others asked where nobody is there to decide one of the requests, and counts
// them. One that somebody moved meanwhile is that one's to look at, or the second look's.
func (t *sweep) staff(ctx context.Context, finder *approvers.Finder, list []entitlement.AssignmentRequest) (widened int, err error) {
	var subjects []entitlement.UserID
	for _, r := range list {
		if r.Current() != nil {
			subjects = append(subjects, r.Subject)
		}
	}

	if err := finder.Know(ctx, subjects...); err != nil {
		return 0, err
	}

	for _, r := range list {
		after, c, err := finder.Look(ctx, r, entitlement.Change{}, t.command, t.now)
		if err == nil && len(c.Requests) > 0 {
			err = t.Store.Commit(ctx, c)
		}

		// Others are staffed all the same where somebody else moved this one first.
		if err != nil && entitlement.KindOf(err) != entitlement.Conflict {
			return widened, err
		}
		if err == nil && t.widened(r, after) {
			widened++
		}
	}

	return widened, nil
}

// widened counts a request that asks more people to decide the same stage than before.
func (t *sweep) widened(before, after entitlement.AssignmentRequest) bool {
	was, is := before.Current(), after.Current()
	if was == nil || is == nil || len(is.Approvers) <= len(was.Approvers) || is.Escalated != was.Escalated {
		return false
	}
	t.count(&t.report.Widened)
	return true
}
