package delivery

import (
	"slices"
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
)

// Somebody who came back to a target under another id may hold a role there under each of them, and it
// is taken away under all. Each removal has a life of its own: when it was sent, what the target
// calls it, what it was refused with and since when the account is missing. So each is judged by
// what is on record of its own id, and what is on record of the role follows from all of them.

// ops returns what is to be done for a task under each of the subject's ids, but for those under which
// it is over already.
func (p *targetJob) ops(t *task) []*op {
	ids := p.ids(t)
	t.several = !t.Grant && (len(ids) > 1 || slices.ContainsFunc(p.grantSet.Under, func(u entitlement.GrantUnder) bool { return u.Role == t.Role }))

	var ops []*op
	var over outcome
	for _, who := range ids {
		o := &op{task: t, who: who, record: p.recordOf(t, string(who))}
		if t.several && isOver(o.record) {
			over = merged(over, endOf(o.record))
			continue
		}
		ops = append(ops, o)
	}

	if len(ops) == 0 {
		// Over under all, and nobody has drawn the conclusion: they are asked about once more.
		for _, who := range ids {
			ops = append(ops, &op{task: t, who: who, record: t.record})
		}
		over = outcome{}
	}

	t.ids, t.result = len(ops), over
	return ops
}

// recordOf returns what is on record of a task under an id. Who means to do it is signed for all.
func (p *targetJob) recordOf(t *task, id string) entitlement.Grant {
	g, known := p.grantSet.UnderID(t.Role, id)
	if t.Grant || !known {
		return t.record
	}
	g.Sent, g.Intent, g.Removal = t.record.Sent, t.record.Intent, t.record.Removal
	return g
}

// recordUnder enters the outcome of a removal under one of several ids, and returns what it means for
// the role.
func (p *targetJob) recordUnder(t *task, id string, o outcome, now time.Time) outcome {
	before := p.recordOf(t, id)
	alone := entitlement.GrantSet{Token: p.grantSet.Token, Grants: map[entitlement.RoleRef]entitlement.Grant{t.Role: before}}
	record(&alone, t.Task, o, p.job.subjectRecord.Generation, now)

	g, left := alone.Grants[t.Role]
	if !left { // seen absent
		g = entitlement.Grant{Role: t.Role, Presence: entitlement.PresenceAbsent, Confirmed: now, Sent: before.Sent, Revoked: true, Wrote: later(before.Wrote, o.wrote)}
	}
	p.keepUnder(id, g)

	if closed(g) {
		return endOf(g)
	}
	return o
}

// keepUnder keeps what is known of a role under one of several ids, as far as there is room (S21). Of
// one that is not kept, what is on record of the role decides.
func (p *targetJob) keepUnder(id string, g entitlement.Grant) {
	if len(p.grantSet.Under) >= entitlement.MaxGrants {
		return
	}
	g.Intent, g.Removal = "", ""
	p.grantSet.SetUnder(id, g)
}

// alone returns the record of a role that is to be granted, under the current id alone: what was last
// known of it under that one, where it was to be taken away under several.
func (p *targetJob) alone(g entitlement.Grant) entitlement.Grant {
	under, known := p.grantSet.UnderID(g.Role, p.grantSet.Principal)
	if !known {
		return g
	}
	under.Sent, under.Intent, under.Removal = g.Sent, g.Intent, g.Removal
	p.grantSet.DropUnder(g.Role, p.grantSet.Principal)
	p.grantSet.Grants[g.Role] = under
	return under
}

// isOver reports that a removal under an id needs no call any more.
func isOver(g entitlement.Grant) bool {
	gone := g.Revoked && g.Presence == entitlement.PresenceAbsent && g.CheckAfter.IsZero() && g.Next.IsZero() && !g.Failing()
	return gone || closed(g)
}

// endOf returns how a removal that is over ended.
func endOf(g entitlement.Grant) outcome {
	return outcome{presence: entitlement.PresenceAbsent, accepted: g.Unconfirmed, ended: connector.Reason(g.Reason)}
}
