package delivery

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"

	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
)

// An account at a target is made when a role first needs it, where the connector says so and the
// target shows none of the person, and ends with the last role. It is a part of step 3: what is
// done follows from entitlement.GrantSet.AccountStep, and is signed by the claim. A crash leaves
// the signature, by which the next worker finds what was made, and tells it from what others made.

// errFenced: the claim or the generation is gone, so that nothing was sent.
var errFenced = errors.New("the fence does not hold any more")

// accountStep is what the account of a grant set needs, due or not.
func accountStep(s entitlement.GrantSet, want, expiring map[entitlement.RoleRef]bool, use entitlement.AccountUse) entitlement.AccountStep {
	return s.AccountStep(anyAt(want, s.Connector), anyAt(expiring, s.Connector), use)
}

func anyAt(some map[entitlement.RoleRef]bool, at entitlement.ConnectorID) bool {
	for role := range some {
		if role.Connector == at {
			return true
		}
	}
	return false
}

// accountDue reports that something is to be done with the account now. What failed waits for its
// time, but for what a role waits for.
func (j *reconciliation) accountDue(s entitlement.GrantSet, now time.Time) bool {
	step := accountStep(s, j.want, j.expiring, j.uses[s.Connector])
	return step == entitlement.AccountEnable && len(j.plan(s, now)) > 0 || step != entitlement.AccountRests && !now.Before(s.Account.Next)
}

// mayMake reports that the claim is to sign that an account may be made.
func (t *target) mayMake(p *targetJob) bool {
	if t.accounts == nil || !t.caps.Accounts.Make {
		return false
	}
	tasks := p.job.plan(p.grantSet, t.run.Clock.Now())
	return grants(tasks) && t.unsure(p.grantSet, tasks)
}

func grants(tasks []Task) bool {
	for _, task := range tasks {
		if task.Grant {
			return true
		}
	}
	return false
}

// takeAccount makes a step of what is due under the claim. What the claim did not sign is for the
// next round.
func (p *targetJob) takeAccount(now time.Time) {
	switch {
	case !p.job.accountDue(p.grantSet, now):
	case p.grantSet.Account.Intent == "" && !onlyUses(p.grantSet):
		p.again = true
	default:
		p.step = accountStep(p.grantSet, p.job.want, p.job.expiring, p.use)
	}
}

// onlyUses reports a grant set whose subject never had an account made, so that ending it changes
// nothing at the target.
func onlyUses(s entitlement.GrantSet) bool { return s.Account.State == "" && s.Account.Intent == "" }

// unsign takes back the signature under which nothing was sent.
func (p *targetJob) unsign() {
	if a := &p.grantSet.Account; a.Intent != "" && a.Intent == p.grantSet.Token && !p.changed {
		a.Intent = ""
	}
}

// unchanged takes in that the target could not be called.
func (t *target) unchanged(ctx context.Context, p *targetJob, o outcome) {
	if p.step != entitlement.AccountRests && o.failure != nil {
		t.accountFailed(p, o.failure)
	}
	if p.open == 0 {
		t.finish(ctx, p)
		return
	}
	t.noteAll(ctx, p, o)
}

// unknown is what follows where nobody was found: an account may be made for whoever has none.
func (t *target) unknown(ctx context.Context, p *targetJob, refusal *connector.Refusal) {
	makes := t.accounts != nil && t.caps.Accounts.Make && refusal.Reason == connector.PrincipalMissing && grants(p.plan())
	switch {
	case !makes:
		t.unfound(ctx, p, refusal)
	case p.grantSet.Principal != "":
		// It was there: what was sent under its id is put on record before another one is made.
		t.unfound(ctx, p, &connector.Refusal{Reason: refusal.Reason, Detail: refusal.Detail})
	default:
		p.missing = refusal
	}
}

// tendAll does what the accounts of the parts need before roles are given, or after the last is gone.
func (t *target) tendAll(ctx, calls context.Context, parts []*targetJob) {
	var g errgroup.Group
	g.SetLimit(parallelCalls)
	if t.breaker.Failures > 0 {
		g.SetLimit(1) // one call tries a target that was silent
	}

	for _, p := range parts {
		if p.missing == nil && p.step == entitlement.AccountRests && !(p.found && p.grantSet.Account.Open(p.grantSet.Token)) {
			continue
		}
		g.Go(func() error {
			idle := p.open == 0
			t.tend(ctx, calls, p)
			if idle {
				t.finish(ctx, p)
			}
			return nil
		})
	}
	g.Wait()
}

func (t *target) tend(ctx, calls context.Context, p *targetJob) {
	if p.missing != nil && !t.provide(ctx, calls, p) {
		return
	}
	if p.found && p.grantSet.Account.Open(p.grantSet.Token) {
		t.recognise(ctx, calls, p, connector.PrincipalRef(p.grantSet.Principal))
	}

	switch p.step {
	case entitlement.AccountEnable:
		refusal := t.enable(ctx, calls, p)
		if refusal == nil && !t.opened(ctx, p) {
			refusal = &outcome{left: true}
		}
		if refusal != nil {
			t.noteAll(ctx, p, *refusal)
		}
	case entitlement.AccountSettle:
		t.settleAccount(ctx, calls, p)
	case entitlement.AccountEnd:
		t.endAccount(ctx, calls, p)
	}
}

// provide finds the account of ours that a search does not show, or makes one. Where it cannot,
// the tasks have failed by that.
func (t *target) provide(ctx, calls context.Context, p *targetJob) (provided bool) {
	if a := p.grantSet.Account; a.Ours() {
		return t.provideOwn(ctx, calls, p, a)
	}

	who := p.person()
	if refuse := t.caps.Accounts.Refuse; refuse != nil {
		if refusal := refuse(who); refusal != nil {
			t.unfound(ctx, p, refusal)
			return false
		}
	}

	now := t.run.Clock.Now()
	may, again := p.grantSet.Account.MayMake(p.grantSet.Token, t.manners.window, now)
	switch {
	case !may && p.grantSet.Account.Signed().Mark == "":
		p.again = true // the claim did not sign it
		t.noteAll(ctx, p, outcome{left: true})
		return false
	case !may:
		if p.grantSet.Account.State != entitlement.AccountMaking {
			p.grantSet.Account = p.grantSet.Account.Called(now) // by a claim that nobody recorded
		}
		t.unfound(ctx, p, &connector.Refusal{Reason: connector.PrincipalMissing, After: again.Sub(now),
			Detail: "An account was made for this person, or nearly, and its target does not show it. It is looked for again before another one is made."})
		return false
	}

	if ask := t.caps.Accounts.Ask; ask != nil {
		if err := t.call(calls, func(ctx context.Context) error { return ask(ctx, who) }); err != nil {
			return t.notProvided(ctx, p, err)
		}
	}

	who.Mark = p.grantSet.Account.Signed().Mark
	var ref connector.PrincipalRef
	var from time.Time
	sent, err := t.changeAccount(ctx, calls, p, func(call context.Context) (err error) {
		from = t.run.Clock.Now()
		ref, err = t.accounts.MakeAccount(call, who)
		return err
	})
	if sent {
		p.grantSet.Account = p.grantSet.Account.CalledFrom(from, t.run.Clock.Now())
	}
	if err != nil {
		return t.notProvided(ctx, p, err)
	}

	if ref == "" || !t.recognise(ctx, calls, p, ref) {
		t.unfound(ctx, p, &connector.Refusal{Reason: connector.NotConfirmed, After: t.manners.window,
			Detail: "The target accepted that an account be made, and does not show it when read back."})
		return false
	}
	t.found(ctx, p, string(ref))
	return true
}

// notProvided takes in why no account was made.
func (t *target) notProvided(ctx context.Context, p *targetJob, err error) bool {
	if errors.Is(err, errFenced) || isNoTime(err) {
		t.noteAll(ctx, p, outcome{left: true})
	} else {
		t.unfound(ctx, p, refusalOf(err))
	}
	return false
}

// provideOwn uses the account that we made before and that a search does not show, as of somebody
// who has another name by now.
func (t *target) provideOwn(ctx, calls context.Context, p *targetJob, a entitlement.Account) bool {
	_, state, err := t.lookAtOwn(calls, p)
	switch {
	case err != nil:
		t.noteAll(ctx, p, failedBy(err))
		return false
	case state != "":
		// Not there any more, or not ours: another one is made in the next round.
		p.again = t.ceased(ctx, p, state)
		t.noteAll(ctx, p, outcome{left: true})
		return false
	}
	t.found(ctx, p, a.Ref)
	return true
}

// person is whom an account is made for, as far as that is known.
func (p *targetJob) person() connector.Person {
	u := p.job.inputs.Subject
	return connector.Person{User: u.ID, Guest: u.Type == entitlement.Guest, UserName: u.UserPrincipalName, DisplayName: u.DisplayName,
		GivenName: u.GivenName, Surname: u.Surname, Mail: u.Mail}
}

// recognise looks whether an account is the one that we made, or meant to, and reports that it is.
// What carries no mark of ours is somebody else's; where nothing tells, it is left alone for good.
func (t *target) recognise(ctx, calls context.Context, p *targetJob, ref connector.PrincipalRef) (ours bool) {
	var shown connector.AccountShown
	err := t.call(calls, func(ctx context.Context) (err error) {
		shown, err = t.accounts.LookAtAccount(ctx, ref)
		return err
	})
	answered := p.grantSet.Account.State == entitlement.AccountMaking && p.missing != nil // by the call that made it, just now

	a := p.grantSet.Account.Signed()
	ours, certain := shown.Mark == a.Mark || shown.Mark == "" && answered, false
	if t.caps.Accounts.Dated && shown.Mark == "" {
		ours, certain = a.MadeAt(shown.Created)
	}
	switch {
	case err != nil:
		if a.State != entitlement.AccountMaking {
			p.grantSet.Account = a.Called(t.run.Clock.Now())
		}
		return false
	case ours:
		a.Ref, a.Marked = string(ref), shown.Mark != ""
		p.grantSet.Account = a
		t.became(p, entitlement.AccountWasMade, nil)
		return true
	case shown.Mark == "" && !certain:
		a.Ref = string(ref)
		p.grantSet.Account = a
		t.became(p, entitlement.AccountWasUnsure, nil)
	case shown.Mark != "" && a.State == entitlement.AccountMaking && p.missing != nil:
		return false // the answer named somebody else's account: the one that was made is looked for
	default:
		p.grantSet.Account = entitlement.Account{}
	}
	return false
}

// became moves the account on, with an event.
func (t *target) became(p *targetJob, kind string, data map[string]string) {
	var e entitlement.Event
	p.grantSet, e = p.grantSet.Became(kind, data, t.run.command, t.run.Clock.Now())
	p.events, p.changed = append(p.events, e), false
}

// ceased moves on an account that is none of ours any more, and reports that. Who uses it can go on
// before that: where they were deleted with it they find out, and get another one.
func (t *target) ceased(ctx context.Context, p *targetJob, kind string) bool {
	_, err := t.editUse(ctx, p.grantSet.Account.Ref, func(u entitlement.AccountUse) (entitlement.AccountUse, entitlement.UserID) {
		return u.Released(p.job.subject), ""
	})
	if !t.onRecord(ctx, p, err) {
		return false
	}
	t.became(p, kind, nil)
	return true
}

// lookAtOwn reads the account that we made. gone is the event that says that it is not there, or is
// not the one that we made.
func (t *target) lookAtOwn(calls context.Context, p *targetJob) (shown connector.AccountShown, gone string, err error) {
	a := p.grantSet.Account
	err = t.call(calls, func(ctx context.Context) (err error) {
		shown, err = t.accounts.LookAtAccount(ctx, connector.PrincipalRef(a.Ref))
		return err
	})
	switch {
	case err != nil && connector.RefusalOf(err).Reason == connector.PrincipalMissing:
		return shown, entitlement.AccountWasGone, nil
	case err == nil && a.Marked && shown.Mark != a.Mark, err == nil && shown.Mark != "" && shown.Mark != a.Mark:
		return shown, entitlement.AccountWasForeign, nil
	}
	return shown, "", err
}

// enable has people sign in again with an account that we disabled. What it returns is recorded
// of the tasks.
func (t *target) enable(ctx, calls context.Context, p *targetJob) *outcome {
	if t.accounts == nil {
		t.became(p, entitlement.AccountWasEnabled, nil)
		return nil
	}

	a := p.grantSet.Account
	shown, gone, err := t.lookAtOwn(calls, p)
	switch {
	case err != nil:
		return t.accountOutcome(p, err)
	case gone != "":
		p.again = t.ceased(ctx, p, gone)
		if p.again && p.grantSet.Principal == a.Ref && gone == entitlement.AccountWasGone {
			p.replaced(a.Ref)
			p.grantSet.Principal = ""
		}
		return &outcome{left: true}
	case shown.Active == entitlement.PresencePresent || a.State == entitlement.AccountKept && shown.Active != entitlement.PresenceAbsent:
		if a.State == entitlement.AccountActive {
			p.grantSet.Account.Intent = "" // it is as it was before a change that nobody recorded
			return nil
		}
		t.became(p, entitlement.AccountWasEnabled, nil)
		return nil
	case a.Others || a.State == entitlement.AccountKept:
		return t.accountOutcome(p, connector.Fail(entitlement.Precondition, "enable account", &connector.Refusal{Reason: connector.RefusedByTarget, Permanent: true,
			Detail: "The account was disabled at the target, and not from here. Enable it there, then reprocess."}, nil))
	}

	sent, err := t.changeAccount(ctx, calls, p, func(call context.Context) error {
		return t.accounts.EnableAccount(call, connector.PrincipalRef(a.Ref), shown)
	})
	p.changed = p.changed || sent
	if err == nil {
		shown, _, err = t.lookAtOwn(calls, p)
	}
	switch {
	case err != nil:
		return t.accountOutcome(p, err)
	case shown.Active == entitlement.PresenceAbsent:
		return t.accountOutcome(p, notConfirmed("enable", "The target accepted that the account be enabled, and shows it as disabled."))
	}
	t.became(p, entitlement.AccountWasEnabled, nil)
	return nil
}

// endAccount disables an account that we made and that no role of anybody needs any more, or deletes it
// where the registration says so.
func (t *target) endAccount(ctx, calls context.Context, p *targetJob) {
	// What is deleted takes its roles with it, and nobody could see any more that they are gone.
	if p.grantSet.Account.Ours() && t.closes() && t.caps.Accounts.Delete && p.grantSet.Holds() {
		p.grantSet.Account.Next = t.run.Clock.Now().Add(t.manners.window)
		return
	}

	switch {
	case !t.mayEnd(ctx, p):
		return
	case !t.closes():
		t.became(p, entitlement.AccountWasKept, nil)
		return
	}

	a := p.grantSet.Account
	ours := p.grantSet.Account.Intent != p.grantSet.Token // that it is disabled may be our own doing
	shown, gone, err := t.lookAtOwn(calls, p)
	switch {
	case err != nil:
		t.accountOutcome(p, err)
		return
	case gone == entitlement.AccountWasGone && a.Intent != p.grantSet.Token && t.caps.Accounts.Delete:
		t.ceased(ctx, p, entitlement.AccountWasDeleted)
		return
	case gone != "":
		t.ceased(ctx, p, gone)
		return
	case !t.caps.Accounts.Delete && shown.Active == entitlement.PresenceAbsent:
		t.became(p, entitlement.AccountWasDisabled, nil)
		p.grantSet.Account.Others = !ours
		return
	}

	ref := connector.PrincipalRef(a.Ref)
	sent, err := t.changeAccount(ctx, calls, p, func(call context.Context) error {
		if t.caps.Accounts.Delete {
			return t.accounts.DeleteAccount(call, ref, shown)
		}
		return t.accounts.DisableAccount(call, ref, shown)
	})
	p.changed = p.changed || sent
	if err == nil {
		shown, gone, err = t.lookAtOwn(calls, p)
	}

	switch {
	case err != nil:
		t.accountOutcome(p, err)
	case t.caps.Accounts.Delete && gone == "":
		t.accountOutcome(p, notConfirmed("delete", "The target accepted that the account be deleted, and shows it all the same."))
	case t.caps.Accounts.Delete:
		t.ceased(ctx, p, entitlement.AccountWasDeleted)
	case gone != "":
		t.ceased(ctx, p, gone)
	case shown.Active == entitlement.PresencePresent:
		t.accountOutcome(p, notConfirmed("disable", "The target accepted that the account be disabled, and shows it as active."))
	case shown.Active == entitlement.PresenceUnknown:
		t.became(p, entitlement.AccountWasDisabled, map[string]string{"confirmed": "false"})
		p.grantSet.Account.Unconfirmed = true
	default:
		t.became(p, entitlement.AccountWasDisabled, nil)
	}
}

func notConfirmed(what, detail string) error {
	return connector.Fail(entitlement.Unavailable, what+" account", &connector.Refusal{Reason: connector.NotConfirmed, Detail: detail}, nil)
}

// settleAccount looks for an account that may have been made, and that no role needs any more.
func (t *target) settleAccount(ctx, calls context.Context, p *targetJob) {
	a := p.grantSet.Account
	if t.accounts == nil || p.job.inputs.Subject == nil {
		t.became(p, entitlement.AccountWasUnsure, nil) // nothing is left to look for it by
		return
	}

	u := p.job.inputs.Subject
	var found []connector.Found
	err := t.call(calls, func(ctx context.Context) (err error) {
		found, err = t.conn.FindPrincipals(ctx, []connector.Correlation{{User: u.ID, UserName: u.UserPrincipalName, Mail: u.Mail, External: u.ExternalID}})
		return answeredAll(len(found), 1, err)
	})
	if err == nil && found[0].Err != nil && found[0].Err.Reason != connector.PrincipalMissing {
		err = connector.Fail(entitlement.Unavailable, "find account", found[0].Err, nil)
	}

	now := t.run.Clock.Now()
	switch {
	case err != nil:
		t.accountOutcome(p, err)
	case found[0].Err == nil:
		if t.recognise(ctx, calls, p, found[0].Ref) {
			// The claim signed this step, and the account is as it was found.
			p.grantSet.Account.Intent = p.grantSet.Token
			t.endAccount(ctx, calls, p)
		} else if p.grantSet.Account.State == entitlement.AccountMaking {
			p.grantSet.Account.Next = now.Add(firstRetry)
		}
	default:
		over, again := a.MayMake(p.grantSet.Token, t.manners.window, now)
		if over {
			p.grantSet.Account = entitlement.Account{} // it was not made
			return
		}
		if a.State != entitlement.AccountMaking {
			p.grantSet.Account = a.Called(now)
		}
		p.grantSet.Account.Next = again
	}
}

// changeAccount makes one call that changes an account, fenced right before it. sent: the call was
// made, whatever came of it.
func (t *target) changeAccount(ctx, calls context.Context, p *targetJob, do func(context.Context) error) (sent bool, err error) {
	// Paid and looked whether it is paused before the fence: nothing is read between that and the call.
	if t.meter != nil {
		if err := t.meter.spend(calls, t.caps.Accounts.Cost); err != nil {
			return false, err
		}
	}
	if t.paused(calls) {
		return false, connector.Paused()
	}
	if !t.fencedPart(ctx, p) {
		return false, errFenced
	}

	err = t.attempt(calls, func(call context.Context) error {
		sent = true
		return do(call)
	})
	t.observe(err)
	return sent, err
}

// fencedPart reports that claim and generation still hold, and that what is wanted at the target is
// still so: an end may have passed since the plan was made.
func (t *target) fencedPart(ctx context.Context, p *targetJob) bool {
	holds, err := t.run.Store.Holding(ctx, []entitlement.Fence{p.fence()})
	if err != nil {
		t.run.Log.WarnContext(ctx, "the fence could not be read; no account is changed", "connector", t.id, "error", err)
		return false
	}
	if !holds[0] {
		return false
	}

	gives := p.missing != nil || p.step == entitlement.AccountEnable
	want := Desired(p.job.subjectRecord, p.job.inputs, t.run.Clock.Now())
	return anyAt(want, p.at) || !gives || p.use.Others(p.job.subject)
}

// accountOutcome takes in that a change of the account failed, and returns what that is to the tasks.
func (t *target) accountOutcome(p *targetJob, err error) *outcome {
	if errors.Is(err, errFenced) || isNoTime(err) {
		p.left = true
		return &outcome{left: true}
	}
	refusal := refusalOf(err)
	t.accountFailed(p, refusal)
	return &outcome{failure: refusal}
}

// accountFailed records a failure. It is never given up: an account that nobody needs is owed an end.
func (t *target) accountFailed(p *targetJob, refusal *connector.Refusal) {
	a := p.grantSet.Account
	p.grantSet.Account = a.Failed(string(refusal.Reason), refusal.Detail, t.run.Clock.Now().Add(retryDelay(a.Attempts+1, refusal.After)))
}

// scheduleAccounts has a subject looked at again whose account is to be changed: in the next round
// where the last role has just gone, or when it is time.
func (r *run) scheduleAccounts(j *reconciliation) {
	now := r.Clock.Now()
	later := func(s entitlement.GrantSet, use entitlement.AccountUse) bool {
		if accountStep(s, j.want, j.expiring, use) == entitlement.AccountRests {
			return false
		}
		if now.Before(s.Account.Next) {
			r.lookAt(j.subject, s.Account.Next)
			return false
		}
		return true
	}

	for _, s := range j.idle {
		if !j.elsewhere[s.Connector] {
			later(s, j.uses[s.Connector])
		}
	}
	for _, p := range j.here() {
		// Who holds the part, or had no time for it, is looked at again for that.
		if later(p.grantSet, p.use) && p.claimed && !p.left && p.step == entitlement.AccountRests {
			r.again(j.subject)
		}
	}
}
