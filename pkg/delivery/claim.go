package delivery

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	"leasehold/pkg/entitlement"
)

// claim takes the claims of parts, plans under each, and returns those that have something
// to be done at the target. The others are finished: another worker has them, or what they
// owe needs no call.
func (t *target) claim(ctx context.Context, parts []*targetJob) []*targetJob {
	busy := make([]bool, len(parts))
	var g errgroup.Group
	g.SetLimit(parallelReads)

	for i, p := range parts {
		token := t.run.IDs.New()
		g.Go(func() error {
			switch err := t.run.claim(ctx, p, token, t.mayMake(p)); {
			// Another worker has the claim. Its record comes first, and the subject is looked at again.
			case entitlement.KindOf(err) == entitlement.Conflict && err != nil:
				p.held = true
			case err != nil:
				t.run.fail(p.job.subject, err)
			default:
				busy[i] = p.open > 0 || p.step != entitlement.AccountRests
			}

			if !busy[i] {
				t.finish(ctx, p)
			}
			return nil
		})
	}

	g.Wait()

	var todo []*targetJob
	for i, p := range parts {
		if busy[i] {
			todo = append(todo, p)
		}
	}
	return todo
}

// claim takes one claim. The roles that may be granted or taken away under it, and of which the
// record would not say so after a crash, are signed by the same write: to be granted are those
// that were never sent, and those that were taken away last; to be taken away the others.
func (r *run) claim(ctx context.Context, p *targetJob, token string, makes bool) error {
	now := r.Clock.Now()
	c := entitlement.Claim{Subject: p.job.subject, Connector: p.at, Token: token, Now: now, Until: r.until, Account: makes || p.job.accountDue(p.grantSet, now) && !onlyUses(p.grantSet)}

	for _, task := range p.job.plan(p.grantSet, now) {
		switch g := p.grantSet.Grants[task.Role]; {
		case task.Grant && (!g.Sent || g.Revoked):
			c.Intend = append(c.Intend, task.Role)
		case !task.Grant && !g.Revoked && !p.job.keeps(task.Role, g):
			c.Remove = append(c.Remove, task.Role)
		}
	}

	// What is known of the grants is what was there when the claim was taken, so the plan is made
	// again from that and not from what was read before.
	grantSet, err := r.Store.Claim(ctx, c)
	if err != nil {
		return err
	}

	if grantSet.Grants == nil {
		grantSet.Grants = map[entitlement.RoleRef]entitlement.Grant{}
	}
	p.grantSet, p.claimed, p.until = grantSet, true, r.until

	p.take(p.job.plan(grantSet, now), now)
	p.takeAccount(now)
	return nil
}

// entered reports that the claim entered the role: nobody of us can have written it before.
func (t *task) entered() bool { return onlyIntended(t.record, t.part.grantSet.Token) }

// fence is what must still hold while the part is carried out.
func (p *targetJob) fence() entitlement.Fence {
	return entitlement.Fence{Subject: p.job.subject, Connector: p.at, Token: p.grantSet.Token, Generation: p.job.subjectRecord.Generation}
}

// abandoned reports a role that nothing desires and whose removal an administrator closed:
// of every assignment that may have given it.
func (j *reconciliation) abandoned(role entitlement.RoleRef) bool {
	is := false
	for _, removing := range j.subjectRecord.Removing {
		a := j.inputs.Ended[removing.Assignment]
		if !a.MayHaveGiven(role, j.inputs.Scopes[a.Package]) {
			continue
		}
		if a.Closed.IsZero() {
			return false
		}
		is = true
	}
	return is
}

// take makes tasks of a plan. What has nothing pending needs no call (S9): its record goes
// at once. A removal that was closed ends as it is. A role that vanished between the reading
// and the claim, or came, has no signature on record. It is for the next round: a crash after the call
// would leave no trace of it (L9).
func (p *targetJob) take(plan []Task, now time.Time) {
	for _, todo := range plan {
		g, recorded := p.grantSet.Grants[todo.Role]
		switch {
		case todo.Grant && !(recorded && (g.Sent && !g.Revoked || g.Intent != "")):
			p.again = true
		case !todo.Grant && p.job.abandoned(todo.Role):
			g.Reason, g.Detail, g.Since, g.Intent, g.Removal = entitlement.ReasonClosed, "", time.Time{}, "", ""
			g.Presence, g.Revoked, g.Unconfirmed, g.CheckAfter = entitlement.PresenceAbsent, true, true, time.Time{}
			p.grantSet.Grants[todo.Role] = g
		case !todo.Grant && closed(g): // its assignments are settled with it
		case !todo.Grant && (needsNoReconcile(g, p.grantSet.Token) || p.job.keeps(todo.Role, g)):
			p.grantSet.Forget(todo.Role)
		case !todo.Grant && !g.Revoked && g.Removal == "":
			p.again = true
		default:
			if todo.Grant {
				g = p.alone(g)
			}
			if todo.Grant && g.Removal != "" {
				// Whoever meant to take the role away did not come to record it, and may have done so
				// until now.
				g.Revoked, g.Wrote = true, now
			}
			p.tasks = append(p.tasks, &task{Task: todo, part: p, record: g, sent: maySent(g, p.grantSet.Token)})
		}
	}

	p.open = len(p.tasks)
}
