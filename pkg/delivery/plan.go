package delivery

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

// roles is a set of roles.
type roles map[entitlement.RoleRef]bool

// Desired returns the roles that a subject's live assignments give at now: their union,
// so that a role stays while any of them needs it (R4, S8). A disabled subject gets none.
func Desired(h entitlement.Head, w entitlement.Work, now time.Time) map[entitlement.RoleRef]bool {
	want := roles{}
	if h.Off || w.Subject == nil || !w.Subject.Enabled {
		return want
	}
	for _, p := range h.Live {
		if over(w.Slots[p], now) {
			continue // its end has passed, the tick is on its way (S1)
		}
		for _, s := range w.Scopes[p].List {
			want[s.Ref] = true
		}
	}
	return want
}

func over(s entitlement.Slot, now time.Time) bool {
	a := s.Assignment
	return a != nil && !a.End.IsZero() && !now.Before(a.End)
}

// Task is one role that must be looked at: to be there, or not.
type Task struct {
	Role  entitlement.RoleRef
	Grant bool
}

// Plan returns what must be done at one target: every desired role that is not known to
// be present or that a waiting assignment wants read back, and every recorded role that
// nothing desires. A refusal that was final at this generation is not asked again. The
// order is that of the roles, so that equal inputs give equal plans.
func Plan(want, verify map[entitlement.RoleRef]bool, sheet entitlement.GrantSheet, gen int64) []Task {
	var tasks []Task
	for role := range want {
		g, known := sheet.Grants[role]
		refused := g.Permanent && g.Gen == gen
		settled := known && g.Presence == entitlement.PresencePresent && !g.Failing() && !verify[role]
		if role.Connector == sheet.Connector && !refused && !settled {
			tasks = append(tasks, Task{role, true})
		}
	}
	for role := range sheet.Grants {
		if !want[role] {
			tasks = append(tasks, Task{role, false})
		}
	}
	slices.SortFunc(tasks, func(a, b Task) int { return compareRoles(a.Role, b.Role) })
	return tasks
}

func compareRoles(a, b entitlement.RoleRef) int {
	return cmp.Or(cmp.Compare(a.Connector, b.Connector), cmp.Compare(a.Resource, b.Resource), cmp.Compare(a.Role, b.Role))
}

// outcome is what an attempt at one task showed.
type outcome struct {
	present     bool
	confirmed   bool               // the target itself was read after the last write
	preExisting bool               // it was there before anybody of us wrote
	failure     *connector.Refusal // nil when the target is as it ought to be
	untried     bool               // the target differs, and nothing was written: the claim or the generation is gone
	resting     bool               // the target was left alone: no attempt was made that counts
}

// Bounds of the wait before the next attempt.
const (
	firstRetry = 30 * time.Second
	lastRetry  = time.Hour
)

// backoff returns the wait after the n-th failure in a row, at least what the target asked for.
func backoff(n int, asked time.Duration) time.Duration {
	wait := firstRetry << min(max(n-1, 0), 10)
	return min(max(wait, asked), lastRetry)
}

// record enters an outcome into the sheet.
func record(sheet *entitlement.GrantSheet, t Task, o outcome, gen int64, now time.Time) {
	g := sheet.Grants[t.Role]
	g.Intent = ""
	if o.untried {
		// The target was read and differs: what was on record of it is not so any more.
		g.Presence, g.Confirmed, g.Next = entitlement.PresenceOf(!t.Grant), now, now
		sheet.Grants[t.Role] = g
		return
	}
	g.Gen = gen
	if o.confirmed {
		g.Confirmed = now
		g.Presence = entitlement.PresenceOf(o.present)
		g.PreExisting = g.PreExisting || o.preExisting
	}
	if o.failure == nil {
		if !t.Grant {
			delete(sheet.Grants, t.Role) // read back absent: nothing is left to know
			return
		}
		g.Since, g.Attempts, g.Reason, g.Detail, g.Permanent, g.Next = time.Time{}, 0, "", "", false, time.Time{}
		sheet.Grants[t.Role] = g
		return
	}
	if !g.Failing() {
		g.Since = now
	}
	if !o.resting {
		g.Attempts++
	}
	g.Reason, g.Detail = string(o.failure.Reason), o.failure.Detail
	g.Permanent = o.failure.Permanent && t.Grant // a removal is never given up
	switch {
	case o.resting:
		g.Next = now.Add(max(o.failure.After, 0))
	case o.failure.Reason == connector.TargetThrottled && o.failure.After > 0:
		g.Next = now.Add(backoff(1, o.failure.After)) // it is alive, and has said when
	default:
		g.Next = now.Add(backoff(g.Attempts, o.failure.After))
	}
	sheet.Grants[t.Role] = g
}

// GiveUpAfter is how long failures that may pass leave an assignment in delivering
// before it shows as partially delivered or failed; delivery goes on all the same.
const GiveUpAfter = 15 * time.Minute

// maxSettled bounds the assignments that one transaction settles (S21).
const maxSettled = 20

// judge tells what the recorded grants mean for one waiting assignment; "" means that it
// is still being delivered.
func judge(a entitlement.Assignment, list []entitlement.ResourceRoleScope, known map[entitlement.RoleRef]entitlement.Grant, now time.Time) entitlement.AssignmentEvent {
	present, hopeful := 0, 0
	since := time.Time{} // when the trouble began
	for _, s := range list {
		switch g := known[s.Ref]; {
		case g.Presence == entitlement.PresencePresent && !g.Failing():
			present++
		case !g.Permanent:
			hopeful++
			if g.Failing() && (since.IsZero() || g.Since.Before(since)) {
				since = g.Since
			}
		}
	}
	if since.IsZero() || since.Before(a.Since) {
		since = a.Since
	}
	switch {
	case present == len(list):
		return entitlement.AllPresent
	case hopeful > 0 && now.Sub(since) < GiveUpAfter:
		return ""
	case present > 0:
		return entitlement.SomePresent
	default:
		return entitlement.NonePresent
	}
}

var requestEvents = map[entitlement.AssignmentEvent]entitlement.RequestEvent{
	entitlement.AllPresent:  entitlement.RolesDelivered,
	entitlement.SomePresent: entitlement.RolesPartial,
	entitlement.NonePresent: entitlement.RolesFailed,
}

// Settle derives from the sheets, as they are after an attempt, what becomes true of the
// subject's assignments and requests, and whether anything is still owed.
func Settle(h entitlement.Head, w entitlement.Work, want map[entitlement.RoleRef]bool, sheets []entitlement.GrantSheet, command string, now time.Time) (entitlement.Change, error) {
	known := map[entitlement.RoleRef]entitlement.Grant{}
	for _, s := range sheets {
		maps.Copy(known, s.Grants)
	}
	st := entitlement.Settlement{Subject: h.Subject, Gen: h.Gen, Settled: true, Next: now.Add(lastRetry)}
	owe := func(next time.Time) {
		st.Settled = false
		if next.Before(st.Next) {
			st.Next = next
		}
	}
	for role := range want {
		if g := known[role]; (g.Presence != entitlement.PresencePresent || g.Failing()) && !g.Permanent {
			owe(g.Next)
		}
	}
	for role, g := range known {
		if !want[role] {
			owe(g.Next)
		}
	}
	var c entitlement.Change
	room := maxSettled
	for _, waiting := range h.Waiting {
		if room == 0 {
			owe(now)
			break
		}
		if over(w.Slots[waiting.Package], now) {
			// The tick is about to end it. Until then somebody may extend it, and then it is
			// to be delivered after all: the debt stays.
			owe(now.Add(names.TickPeriod))
			continue
		}
		part, done, err := settleWaiting(waiting, w, known, command, now)
		if err != nil {
			return entitlement.Change{}, err
		}
		if len(part.Slots) > 0 {
			room--
		}
		if done {
			st.Delivered = append(st.Delivered, waiting)
		}
		c.Slots, c.Requests, c.Events = append(c.Slots, part.Slots...), append(c.Requests, part.Requests...), append(c.Events, part.Events...)
	}
	for _, removing := range h.Removing {
		if room == 0 {
			owe(now)
			break
		}
		part, done, err := settleRemoving(removing, w, want, known, command, now)
		if err != nil {
			return entitlement.Change{}, err
		}
		if !done {
			continue
		}
		room--
		st.Removed = append(st.Removed, removing)
		c.Ended, c.Requests, c.Events = append(c.Ended, part.Ended...), append(c.Requests, part.Requests...), append(c.Events, part.Events...)
	}
	c.Settlements = []entitlement.Settlement{st}
	return c, nil
}

// settleWaiting moves one waiting assignment, and the request that made it, to what the
// grants show. done means that its delivery is complete.
func settleWaiting(id entitlement.Waiting, w entitlement.Work, known map[entitlement.RoleRef]entitlement.Grant, command string, now time.Time) (c entitlement.Change, done bool, err error) {
	slot, ok := w.Slots[id.Package]
	if !ok || slot.Assignment == nil || slot.Assignment.ID != id.Assignment {
		return c, true, nil // it has ended
	}
	a := *slot.Assignment
	scopes := w.Scopes[id.Package]
	event := judge(a, scopes.List, known, now)
	if event == "" {
		return c, false, nil
	}
	next, err := a.State.Next(event)
	if err != nil {
		return c, false, err
	}
	done = event == entitlement.AllPresent
	if next == a.State && !done {
		return c, false, nil
	}
	e := entitlement.Event{Aggregate: entitlement.OfRequest, ID: string(a.ID), Kind: string(next), Actor: entitlement.Service, Command: command,
		At: now, Before: string(a.State), After: string(next)}
	a.Chain, e = a.Chain.Append(e)
	a.State = next
	if done {
		a.Delivered, a.Observed = now, scopes.Version
	}
	slot.Assignment = &a
	c.Slots, c.Events = []entitlement.Slot{slot}, []entitlement.Event{e}
	if r, ok := w.Requests[entitlement.RequestID(a.ID)]; ok {
		if state, err := r.State.Next(requestEvents[event]); err == nil {
			r.State = state
			r.Completed = now
			c.Requests = []entitlement.AssignmentRequest{r}
		}
	}
	return c, done, nil
}

// clocksApart is how far the clocks of two functions may be apart.
const clocksApart = 10 * time.Minute

// mayBeOf reports that a role which is left over may be there for the assignment: its
// package gives it, or may have given it once, since a role was taken out of the package
// after the assignment began, or the package is not there any more.
func mayBeOf(a entitlement.Assignment, role entitlement.RoleRef, p entitlement.PackageScopes) bool {
	gives := slices.ContainsFunc(p.List, func(s entitlement.ResourceRoleScope) bool { return s.Ref == role })
	return gives || p.Version == 0 || p.Shrunk.After(a.Start.Add(-clocksApart))
}

// settleRemoving closes one removal once no role that the assignment's package gives is
// left, those aside that another live assignment gives (R4).
func settleRemoving(id entitlement.Removing, w entitlement.Work, want map[entitlement.RoleRef]bool, known map[entitlement.RoleRef]entitlement.Grant, command string, now time.Time) (c entitlement.Change, done bool, err error) {
	a, ok := w.Ended[id.Assignment]
	if !ok {
		return c, false, entitlement.Errorf(entitlement.Internal, "The ended assignment %s is missing.", id.Assignment)
	}
	for role := range known {
		if !want[role] && mayBeOf(a, role, w.Scopes[a.Package]) {
			return c, false, nil
		}
	}
	e := entitlement.Event{Aggregate: entitlement.OfRequest, ID: string(a.ID), Kind: "revoked", Actor: entitlement.Service, Command: command, At: now}
	a.Chain, e = a.Chain.Append(e)
	a.Removed = now
	c.Ended, c.Events = []entitlement.Assignment{a}, []entitlement.Event{e}
	r, ok := w.Requests[id.Request]
	if !ok {
		return c, true, nil
	}
	state, err := r.State.Next(entitlement.RolesDelivered)
	if err != nil {
		return c, false, err
	}
	e = entitlement.Event{Aggregate: entitlement.OfRequest, ID: string(r.ID), Kind: string(state), Actor: entitlement.Service, Command: command,
		At: now, Before: string(r.State), After: string(state)}
	r.Chain, e = r.Chain.Append(e)
	r.State, r.Completed = state, now
	c.Requests, c.Events = []entitlement.AssignmentRequest{r}, append(c.Events, e)
	return c, true, nil
}
