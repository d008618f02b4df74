// Package approvers sees to it that a pending request waits for somebody. Who approves is
// named by a policy, and may be gone: a manager who left, a group that nobody is in any
// more. Whoever starts a stage, or hears that somebody is gone, looks here whether anybody
// whom the stage asks is there, and has others asked where nobody is.
package approvers

import (
	"context"
	"time"

	"leasehold/pkg/entitlement"
)

// Directory is where people are looked up. Both reads are strongly consistent.
type Directory interface {
	// Users returns those of the users that there are.
	Users(ctx context.Context, ids []entitlement.UserID) ([]entitlement.User, error)
	// Members pages through a group's members.
	Members(ctx context.Context, id entitlement.GroupID, page entitlement.Page) (entitlement.Paged[entitlement.UserID], error)
}

// Finder looks for people who can decide. It remembers whom it found, so that one serves
// for all requests that are looked at together; it is not safe for concurrent use.
type Finder struct {
	directory Directory
	users     map[entitlement.UserID]entitlement.User // that were looked up; an absent one is not enabled
	groups    map[entitlement.GroupID]*group
}

// group is what is known of a group's first members.
type group struct {
	enabled []entitlement.User
	looked  int
	next    string // page that was not read yet
	whole   bool   // no more are to be looked at
}

// New returns a Finder that has looked at nobody yet but those who are known.
func New(d Directory, known ...*entitlement.User) *Finder {
	f := &Finder{directory: d, users: map[entitlement.UserID]entitlement.User{}, groups: map[entitlement.GroupID]*group{}}
	for _, u := range known {
		if u != nil {
			f.users[u.ID] = *u
		}
	}
	return f
}

// Look is Staff for a request that waits already: its subject's manager may be another one
// by now, or none. c is as there, and is about this request alone. What a disabled subject
// asked for is left to whoever cancels it.
func (f *Finder) Look(ctx context.Context, r entitlement.AssignmentRequest, c entitlement.Change, command string, now time.Time) (entitlement.AssignmentRequest, entitlement.Change, error) {
	if r.Current() == nil {
		return r, c, nil
	}

	if err := f.Know(ctx, r.Subject); err != nil {
		return r, c, err
	}

	subject := f.users[r.Subject]
	if !subject.Enabled {
		return r, c, nil
	}

	// The manager who is asked may have changed since the stage started, and is asked in place of
	// the former one.
	second := entitlement.UserID("")
	if r.AsksSecond() && subject.Manager != "" {
		if err := f.Know(ctx, subject.Manager); err != nil {
			return r, c, err
		}
		second = f.users[subject.Manager].Manager
	}
	if found := entitlement.Reassign(r, subject.Manager, second, entitlement.Service, command, now); len(found.Requests) > 0 {
		r, c.Requests, c.Events = found.Requests[0], found.Requests, append(c.Events, found.Events...)
	}

	return f.Staff(ctx, r, c, subject.Manager, command, now)
}

// Staff has more people asked where none of those can decide whom the running stage of a
// request asks. manager is the subject's; c is what is changed of the request already, or
// nothing. It returns both as they are then: unchanged where somebody is there, or where
// nobody is left to be asked.
func (f *Finder) Staff(ctx context.Context, r entitlement.AssignmentRequest, c entitlement.Change, manager entitlement.UserID, command string, now time.Time) (entitlement.AssignmentRequest, entitlement.Change, error) {
	for i, sets := range r.Tiers() {
		// The administrators are asked even where none of them can decide yet: somebody
		// may become one.
		there := i > 0 && sets[0] == entitlement.Administrators
		if !there {
			var err error
			if there, err = f.somebody(ctx, r, sets, manager); err != nil {
				return r, c, err
			}
		}

		if there && i > 0 {
			r, c = c.Widen(r, sets, command, now)
		}

		if there {
			break
		}
	}

	return r, c, nil
}

// somebody reports that one of the sets holds somebody who can decide on the request.
// People who are named are looked at first, since that takes one read.
func (f *Finder) somebody(ctx context.Context, r entitlement.AssignmentRequest, sets []entitlement.SubjectSet, manager entitlement.UserID) (bool, error) {
	var named []entitlement.UserID
	for _, s := range sets {
		switch {
		case s.Kind == entitlement.SingleUser:
			named = append(named, entitlement.UserID(s.ID))
		case (s.Kind == entitlement.RequestorManager || s.Kind == entitlement.TargetManager) && manager != "":
			named = append(named, manager)
		case (s.Kind == entitlement.SecondManager || s.Kind == entitlement.SecondTargetManager) && r.Current().Second != "":
			named = append(named, r.Current().Second)
		}
	}

	if err := f.Know(ctx, named...); err != nil {
		return false, err
	}

	for _, id := range named {
		if r.CanDecide(f.users[id]) {
			return true, nil
		}
	}

	// A group takes a read of its own, and is looked into only where nobody who is named can
	// decide.
	for _, s := range sets {
		if s.Kind != entitlement.GroupMembers {
			continue
		}
		if there, err := f.inGroup(ctx, r, entitlement.GroupID(s.ID)); there || err != nil {
			return there, err
		}
	}

	return false, nil
}

// Know reads those of the users that were not looked up yet. One who cannot be read counts as
// one who is not there: others are asked as well.
func (f *Finder) Know(ctx context.Context, ids ...entitlement.UserID) error {
	var unknown []entitlement.UserID
	for _, id := range ids {
		if _, known := f.users[id]; !known {
			f.users[id] = entitlement.User{ID: id}
			unknown = append(unknown, id)
		}
	}

	if len(unknown) == 0 {
		return nil
	}

	users, err := entitlement.Readable(unknown, func(ids []entitlement.UserID) ([]entitlement.User, error) { return f.directory.Users(ctx, ids) })
	for _, u := range users {
		f.users[u.ID] = u
	}

	return err
}

// fewMembers is how many members of a group are looked at first: mostly one of three is
// enabled, and neither requestor nor subject.
const fewMembers = 3

// inGroup reports that one of a group's first members can decide on the request.
func (f *Finder) inGroup(ctx context.Context, r entitlement.AssignmentRequest, id entitlement.GroupID) (bool, error) {
	g := f.groups[id]
	if g == nil {
		g = &group{}
		f.groups[id] = g
	}

	for seen := 0; ; {
		for ; seen < len(g.enabled); seen++ {
			if r.CanDecide(g.enabled[seen]) {
				return true, nil
			}
		}

		if g.whole {
			return false, nil
		}

		if err := f.more(ctx, id, g); err != nil {
			return false, err
		}
	}
}

// more looks at the next members of a group, up to entitlement.MaxLooked in all.
func (f *Finder) more(ctx context.Context, id entitlement.GroupID, g *group) error {
	limit := fewMembers
	if g.looked > 0 {
		limit = entitlement.MaxLooked - g.looked
	}

	page, err := f.directory.Members(ctx, id, entitlement.Page{Limit: limit, Token: g.next})
	if err != nil {
		return err
	}
	if err := f.Know(ctx, page.Items...); err != nil {
		return err
	}

	for _, u := range page.Items {
		if f.users[u].Enabled {
			g.enabled = append(g.enabled, f.users[u])
		}
	}

	g.looked, g.next = g.looked+len(page.Items), page.Next
	g.whole = g.next == "" || g.looked >= entitlement.MaxLooked
	return nil
}
