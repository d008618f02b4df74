package delivery

import (
	"context"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
)

// Two people of ours can be found as one account, so that it may not end with the last role of the
// one on whose grant set it is. Who uses it is a row of its own: everybody enters it before a role is
// given by the account and leaves it after the last one, and the owner ends the account only by
// a write that finds nobody else there. Whoever comes later finds it ending, enters all the same, moves the
// owner's generation on by the same write, and waits: the owner, whose fence does not hold any
// more or who has ended it by then, has it opened again.

// usedBy reads who uses the account of ours on a grant set, where that decides what is done with it.
func (r *run) usedBy(ctx context.Context, j *reconciliation, s entitlement.GrantSet) (entitlement.AccountUse, error) {
	a := s.Account
	if !a.Ours() || anyAt(j.want, s.Connector) || a.State == entitlement.AccountActive && s.Keeps() {
		return entitlement.AccountUse{}, nil
	}
	return r.Store.AccountUse(ctx, s.Connector, a.Ref)
}

// editUse changes the use of an account, afresh where somebody was faster, together with what has the
// owner look at the account again.
func (t *target) editUse(ctx context.Context, ref string, edit func(entitlement.AccountUse) (entitlement.AccountUse, entitlement.UserID)) (entitlement.AccountUse, error) {
	for range maxRounds {
		was, err := t.run.Store.AccountUse(ctx, t.id, ref)
		if err != nil {
			return was, err
		}
		is, wake := edit(was)
		if is.Same(was) {
			return was, nil
		}

		change := entitlement.Change{AccountUses: []entitlement.AccountUse{is}}
		if wake != "" {
			change.SubjectUpdates = []entitlement.SubjectUpdate{{Subject: wake, CheckAfter: t.run.Clock.Now()}}
		}
		err = t.run.Store.Commit(ctx, change)
		if err == nil && wake != "" {
			t.run.again(wake)
		}
		if entitlement.StalePart(err) == "" {
			return is, err
		}
	}
	return entitlement.AccountUse{}, entitlement.Errorf(entitlement.Conflict, "The use of an account changes faster than it can be read.")
}

// enterAll has those enter who are about to be given roles by an account that others may use.
func (t *target) enterAll(ctx context.Context, parts []*targetJob) {
	if t.accounts == nil || !t.caps.Accounts.Made {
		return
	}

	var g errgroup.Group
	g.SetLimit(parallelReads)
	for _, p := range parts {
		open := p.openTasks()
		switch {
		case len(open) == 0 || p.grantSet.Principal == "":
		case grants(open):
			g.Go(func() error { t.enter(ctx, p); return nil })
		case p.grantSet.Uses == "" && p.inDoubt():
			// A claim that nobody recorded may have entered it.
			p.grantSet.Uses = p.grantSet.Principal
		}
	}
	g.Wait()
}

// openTasks are the tasks whose outcome is not known yet.
func (p *targetJob) openTasks() []Task {
	p.mu.Lock()
	defer p.mu.Unlock()
	var open []Task
	for _, task := range p.tasks {
		if !task.over {
			open = append(open, task.Task)
		}
	}
	return open
}

// inDoubt reports a role that is taken away and may have been given under a claim that nobody recorded.
func (p *targetJob) inDoubt() bool {
	return slices.ContainsFunc(p.tasks, func(t *task) bool { return t.record.Intent != "" })
}

// enter has a subject enter the use of the account that roles are about to be given by, and leave that of
// another one. Where it is not to be used now, the tasks are not carried out.
func (t *target) enter(ctx context.Context, p *targetJob) {
	ref := p.grantSet.Principal
	if old := p.grantSet.Uses; old != "" && old != ref && !t.leave(ctx, p, old) {
		t.stop(ctx, p, outcome{left: true})
		return
	}
	p.grantSet.Uses = ref

	mine := p.grantSet.Account.State == entitlement.AccountActive && p.grantSet.Account.Ref == ref
	full, woken := false, false
	use, err := t.editUse(ctx, ref, func(a entitlement.AccountUse) (entitlement.AccountUse, entitlement.UserID) {
		if mine {
			a = a.Opened(p.job.subject)
		}
		entered, wake := a.Entered(p.job.subject)
		if full, woken = len(entered.Users) > entitlement.MaxAccountUsers, wake != ""; full {
			return a, ""
		}
		return entered, wake
	})

	switch {
	case err != nil:
		t.run.Log.WarnContext(ctx, "the use of an account could not be changed; no role is given by it", "connector", t.id, "error", err)
		t.stop(ctx, p, outcome{left: true})
	case full:
		t.stop(ctx, p, outcome{failure: &connector.Refusal{Reason: connector.PrincipalAmbiguous, Detail: fmt.Sprintf(
			"The target names this account for %d other people. See which is the person's, then reprocess.", entitlement.MaxAccountUsers)}})
	case use.Ending && woken:
		p.again = true // after the owner, who is in the next round too
		t.stop(ctx, p, outcome{left: true})
	case use.Ending:
		t.stop(ctx, p, outcome{failure: &connector.Refusal{Reason: connector.NotConfirmed, After: heldRetry,
			Detail: "This account was made for somebody else and ended with their last role. It is being enabled again; where that lasts, see the accounts of the person whom it was made for."}})
	}
}

// stop takes in the outcome of the tasks that are open.
func (t *target) stop(ctx context.Context, p *targetJob, o outcome) {
	for _, task := range p.tasks {
		if !task.over {
			task.ids = 1
			t.note(ctx, task, "", o)
		}
	}
}

// leave takes a subject out of the use of an account, and reports that it is on record.
func (t *target) leave(ctx context.Context, p *targetJob, ref string) bool {
	_, err := t.editUse(ctx, ref, func(a entitlement.AccountUse) (entitlement.AccountUse, entitlement.UserID) {
		return a.Left(p.job.subject)
	})
	return t.onRecord(ctx, p, err)
}

// onRecord reports that a change of a use went through. Where it did not, the part is for another run.
func (t *target) onRecord(ctx context.Context, p *targetJob, err error) bool {
	if err != nil {
		t.run.Log.WarnContext(ctx, "the use of an account could not be changed", "connector", t.id, "error", err)
		p.left = true
	}
	return err == nil
}

// mayEnd takes the subject out of the uses that it is in, after the last role, and reports that an
// account of ours is to end: nobody else uses it, and whoever enters from here on waits. A generation that
// moved on meanwhile does no harm: nobody is given a role without entering again.
func (t *target) mayEnd(ctx context.Context, p *targetJob) bool {
	if !t.run.inTime() { // nor is the claim ours for much longer
		p.left = true
		return false
	}

	a, uses, after := p.grantSet.Account, p.grantSet.Uses, p.grantSet
	after.Uses = ""
	ends := accountStep(after, p.job.want, p.job.expiring, entitlement.AccountUse{}) == entitlement.AccountEnd
	closes := ends && t.closes()
	switch {
	case uses != "" && !(closes && uses == a.Ref) && !t.leave(ctx, p, uses):
		return false
	case ends && !closes && p.use.Ending && !t.opened(ctx, p): // it was to be deleted, as the registration once said
		return false
	case !closes:
		p.grantSet.Uses = ""
		if onlyUses(p.grantSet) {
			p.grantSet.Account = entitlement.Account{} // without what failed before
		}
		return ends
	}

	use, err := t.editUse(ctx, a.Ref, func(u entitlement.AccountUse) (entitlement.AccountUse, entitlement.UserID) {
		return u.Ended(p.job.subject), ""
	})
	if !t.onRecord(ctx, p, err) {
		return false
	}
	p.grantSet.Uses, p.use = "", use
	return use.Ending
}

// closes reports that an account which ends cannot be used any more.
func (t *target) closes() bool {
	return t.accounts != nil && (!t.caps.Accounts.Stays || t.caps.Accounts.Delete)
}

// opened lets others use an account of ours again.
func (t *target) opened(ctx context.Context, p *targetJob) bool {
	use, err := t.editUse(ctx, p.grantSet.Account.Ref, func(u entitlement.AccountUse) (entitlement.AccountUse, entitlement.UserID) {
		return u.Opened(p.job.subject), ""
	})
	p.use = use
	return t.onRecord(ctx, p, err)
}
