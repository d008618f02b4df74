package delivery

import (
	"cmp"
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/order"
)

// roles is a set of roles.
type roles map[entitlement.RoleRef]bool

// Desired returns the roles that a subject's live assignments give at now: their union,
// so that a role stays while any of them needs it (R4, S8). A disabled subject gets none.
func Desired(h entitlement.SubjectRecord, w entitlement.ReconcileInputs, now time.Time) map[entitlement.RoleRef]bool {
	want, _ := given(h, w, now)
	return want
}

// given returns the roles that a subject's live assignments give at now, and beside them those
// of the assignments whose end has passed and which the sweep has not ended yet (S1). The
// latter are neither granted nor taken away: an extension of a moment ago may still be on its
// way to the table, and the one that comes there first counts (S16).
func given(h entitlement.SubjectRecord, w entitlement.ReconcileInputs, now time.Time) (want, expiring roles) {
	want, expiring = roles{}, roles{}
	if h.Disabled || w.Subject == nil || !w.Subject.Enabled {
		return want, expiring
	}

	for _, p := range h.Live {
		to := want
		if w.Slots[p].Over(now) {
			to = expiring
		}
		for _, s := range w.Scopes[p].List {
			to[s.Ref] = true
		}
	}

	return want, expiring
}

// adopted returns the roles that people decided to make ours by assignments whose delivery is not
// complete. What was recorded of one by then says so for good.
func adopted(h entitlement.SubjectRecord, w entitlement.ReconcileInputs) roles {
	all := roles{}
	for _, waiting := range h.Waiting {
		all[w.Requests[entitlement.RequestID(waiting.Assignment)].Adopts] = true
	}
	return all
}

// verified returns the roles of assignments whose delivery is not complete: "delivered"
// is said only of what was read back at this generation (S15).
func verified(h entitlement.SubjectRecord, w entitlement.ReconcileInputs) roles {
	v := roles{}
	for _, waiting := range h.Waiting {
		for _, scope := range w.Scopes[waiting.Package].List {
			v[scope.Ref] = true
		}
	}
	return v
}

// Task is one role that must be looked at: to be there, or not.
type Task struct {
	Role    entitlement.RoleRef
	Grant   bool
	Adopted bool // a person decided that it is ours from now on, although it was there before us
}

// Plan returns what must be done at one target: every desired role that is not known to
// be present, that a waiting assignment wants read back, or that is due to be looked at
// once more, and every recorded role that nothing desires and that is not expiring. A refusal that was final at
// this generation is not asked again, what was written a moment ago is left alone until it
// can be judged, and a target that asked to be left alone for longer is (F9). The order is
// that of the roles, so that equal inputs give equal plans.
func Plan(want, expiring, verify map[entitlement.RoleRef]bool, grantSet entitlement.GrantSet, generation int64, now time.Time) []Task {
	var tasks []Task
	for role := range want {
		g, known := grantSet.Grants[role]
		// What is known to stand, or must not be asked about yet, needs no task.
		if role.Connector == grantSet.Connector && !(known && (stands(g, verify[role], generation, now) || waitsForRetryAfter(g, generation, now))) {
			tasks = append(tasks, Task{Role: role, Grant: true})
		}
	}

	for role, g := range grantSet.Grants {
		// A removal that the target took is looked at when that can be judged, not sooner.
		if taken := g.Revoked && now.Before(g.CheckAfter); !want[role] && !expiring[role] && !taken && !waitsForRetryAfter(g, generation, now) {
			tasks = append(tasks, Task{Role: role})
		}
	}

	order.SortFunc(tasks, func(a, b Task) int { return compareRoles(a.Role, b.Role) })
	return tasks
}

// stands reports that nothing is to be done for a role that is desired and on record.
func stands(g entitlement.Grant, verify bool, generation int64, now time.Time) bool {
	stale := verify && g.Generation != generation
	switch {
	case g.Permanent && g.Generation == generation:
		return true // refused for good at this generation
	case g.Revoked || g.Removal != "" || !g.CheckAfter.IsZero() && !now.Before(g.CheckAfter):
		return false
	case there(g):
		return !g.Failing() && !stale
	default:
		return now.Before(g.CheckAfter)
	}
}

// waitsForRetryAfter reports that the target has said when this is to be tried again, and that it is not
// then yet. Whoever looks at the subject meanwhile comes for something else.
func waitsForRetryAfter(g entitlement.Grant, generation int64, now time.Time) bool {
	return g.Failing() && g.Reason == string(connector.TargetThrottled) && g.Generation == generation && now.Before(g.Next)
}

// there reports that a role counts as delivered: it was seen, or an administrator lets it
// count unseen.
func there(g entitlement.Grant) bool {
	return g.Presence == entitlement.PresencePresent || g.Presence == entitlement.PresenceUnknown && g.Unconfirmed
}

// maySent reports that a grant was sent, or may have been by a claim that nobody recorded.
// token is that of the claim under which nothing was sent yet.
func maySent(g entitlement.Grant, token string) bool {
	return g.Sent || g.Intent != "" && g.Intent != token
}

// needsNoReconcile reports that a role which nothing desires needs no call: nobody of us ever
// sent it, and it was not found there either; or its removal has ended in another way than
// by being seen.
func needsNoReconcile(g entitlement.Grant, token string) bool {
	return closed(g) || !maySent(g, token) && !g.PreExisting && g.Presence != entitlement.PresencePresent
}

// closed reports the record of a removal that ended without being read absent.
func closed(g entitlement.Grant) bool { return g.EndedUnseen() }

func compareRoles(a, b entitlement.RoleRef) int {
	return cmp.Or(cmp.Compare(a.Connector, b.Connector), cmp.Compare(a.Resource, b.Resource), cmp.Compare(a.Role, b.Role))
}

// Bounds of the wait before the next attempt.
const (
	firstRetry = 30 * time.Second
	lastRetry  = time.Hour
)

// retryDelay returns the wait after the n-th failure in a row, at least what the target asked for.
func retryDelay(n int, asked time.Duration) time.Duration {
	wait := firstRetry << min(max(n-1, 0), 10)
	return min(max(wait, asked), lastRetry)
}
