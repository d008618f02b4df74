package delivery

import (
	"context"
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
)

// takeAway carries out a person's decision that an extra role is taken away, and nothing else ever
// does. It is asked once more whether the role is there, and whether nothing of ours gives it; where
// the person is known, their grant set is claimed meanwhile, so that no delivery gives the role while
// this takes it.
func (c *comparison) takeAway(ctx context.Context, f entitlement.DriftFinding, known entitlement.TargetResource) error {
	who := []suspect{{finding: f}}
	present, err := c.lookAgain(ctx, known, who)
	if err != nil {
		return err
	}
	if present[0] == entitlement.PresenceAbsent {
		return c.gone(ctx, f)
	}

	own, err := c.ownersOf(ctx)
	if err != nil {
		return err
	}
	whose, err := own(f.Principal)
	switch {
	case err != nil:
		return err
	case whose == ours:
		return c.dismiss(ctx, f) // it is given by us now, and ours to keep
	case whose == perhapsOurs || present[0] == entitlement.PresenceUnknown:
		return c.notTaken(ctx, f, &connector.Refusal{Reason: connector.CannotConfirm, Detail: "It cannot be told now whether the role is there, and by whom."})
	}

	release, held, err := c.claimed(ctx, f)
	if err != nil {
		return err
	}
	if !held {
		return c.notTaken(ctx, f, &connector.Refusal{Reason: connector.TargetUnavailable, Detail: "Roles of this person are being delivered just now."})
	}
	refusal, err := c.revoke(ctx, &f)
	if done := release(ctx); err == nil {
		err = done
	}
	if err != nil {
		return err
	}
	if refusal != nil {
		return c.notTaken(ctx, f, refusal)
	}

	// What a target shows just after its own write may be older: then the next run looks.
	if present, err = c.lookAgain(ctx, known, who); err != nil {
		return err
	}
	if present[0] != entitlement.PresenceAbsent {
		return c.notTaken(ctx, f, &connector.Refusal{Reason: connector.NotConfirmed, Detail: "The target accepted the removal, and does not show it yet."})
	}

	return c.gone(ctx, f)
}

// gone ends a finding whose role is not there any more. Where our removal was sent, it was taken away by
// decision, however late that shows; else somebody else was faster.
func (c *comparison) gone(ctx context.Context, f entitlement.DriftFinding) error {
	if !f.Sent {
		return c.dismiss(ctx, f)
	}

	scan, e := c.scan.Note("roleTakenAway", f, entitlement.Actor{ID: f.DecidedBy, Command: c.command}, c.Clock.Now())
	f.Erased = true
	if err := c.commit(ctx, entitlement.Change{DriftScans: []entitlement.DriftScan{scan}, DriftFindings: []entitlement.DriftFinding{f}, Events: []entitlement.Event{e}}); err != nil {
		return err
	}
	c.report.TakenAway++
	return nil
}

// notTaken records why what was decided is not done yet; it is tried again.
func (c *comparison) notTaken(ctx context.Context, f entitlement.DriftFinding, refusal *connector.Refusal) error {
	f.Reason, f.Detail, f.Judged = string(refusal.Reason), refusal.Detail, c.scan.Started
	return c.commit(ctx, entitlement.Change{DriftFindings: []entitlement.DriftFinding{f}})
}

// revoke sends the removal, as a change of its own. That it may have been sent is on record before: a crash
// after it, or an answer that is lost, leaves a removal of which the next look tells what became.
func (c *comparison) revoke(ctx context.Context, f *entitlement.DriftFinding) (*connector.Refusal, error) {
	ops := []connector.Op{{Principal: connector.PrincipalRef(f.Principal)}}
	release, held, err := c.writer(ctx)
	if err != nil {
		return nil, err
	}
	if !held {
		return &connector.Refusal{Reason: connector.TargetUnavailable, Detail: "The resource is being changed just now."}, nil
	}

	f.Sent = true
	if err := c.commit(ctx, entitlement.Change{DriftFindings: []entitlement.DriftFinding{*f}}); err != nil {
		_ = release(ctx)
		return nil, err
	}
	*f = c.known[f.Principal]

	var results []connector.Result
	err = c.target.call(ctx, func(ctx context.Context) (err error) {
		if c.target.caps.Costs != nil {
			if err := connector.Spend(ctx, c.target.caps.Costs(f.Role, ops)); err != nil {
				return err
			}
		}
		results, err = c.target.conn.Apply(ctx, f.Role, ops)
		return answeredAll(len(results), len(ops), err)
	})
	if done := release(ctx); err == nil {
		err = done
	}
	if err != nil {
		return nil, err
	}
	refusal := results[0].Err
	f.Sent = refusal == nil || !refusal.Permanent // what it refused for good did not take anything away
	return refusal, nil
}

// writer takes the right to change the resource where changes that cross undo each other (F41).
func (c *comparison) writer(ctx context.Context) (release func(context.Context) error, held bool, err error) {
	nothing := func(context.Context) error { return nil }
	if !c.target.caps.SerialWrites {
		return nothing, true, nil
	}

	at, err := c.Store.TargetResource(ctx, c.scan.Role.Connector, c.scan.Role.Resource)
	now := c.Clock.Now()
	if err != nil || at.Writer != "" && now.Before(at.WriterUntil) {
		return nothing, false, err
	}
	at.Writer, at.WriterUntil, at.LastWrite = c.IDs.New(), now.Add(holdFor), now
	if err = c.Store.Commit(ctx, entitlement.Change{TargetResources: []entitlement.TargetResource{at}}); err != nil {
		return nothing, false, unlessStale(err)
	}
	at.Version++

	return func(ctx context.Context) error {
		at.Writer, at.WriterUntil, at.LastWrite = "", time.Time{}, c.Clock.Now()
		return unlessStale(c.Store.Commit(ctx, entitlement.Change{TargetResources: []entitlement.TargetResource{at}}))
	}, true, nil
}

// claimed claims the grant set of a person who is known, as delivery does, and looks once more that
// nothing of ours gives the role.
func (c *comparison) claimed(ctx context.Context, f entitlement.DriftFinding) (release func(context.Context) error, held bool, err error) {
	nothing := func(context.Context) error { return nil }
	if f.Subject == "" {
		return nothing, true, nil
	}

	set, err := c.Store.Claim(ctx, entitlement.Claim{Subject: f.Subject, Connector: f.Role.Connector, Token: c.IDs.New(), Now: c.Clock.Now(), Until: c.Clock.Now().Add(holdFor)})
	if err != nil {
		return nothing, false, unlessStale(err)
	}
	release = func(ctx context.Context) error {
		return unlessStale(c.Store.Commit(ctx, entitlement.Change{GrantSets: []entitlement.GrantSet{set}}))
	}
	whose, err := c.isOurs(ctx, f.Subject)
	if err != nil || whose != notOurs {
		_ = release(ctx)
		return nothing, false, err
	}
	return release, true, nil
}

// unlessStale leaves out that somebody else was faster.
func unlessStale(err error) error {
	if entitlement.StalePart(err) != "" {
		return nil
	}
	return err
}
