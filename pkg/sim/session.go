package sim

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
)

// session is a connector to a target under one credential.
type session struct {
	*target
	word string
}

// factory opens the target that a registration names.
func (w *simulation) factory(cfg entitlement.ConnectorConfig, credential string) (connector.Connector, error) {
	i := slices.IndexFunc(w.targets, func(t *target) bool { return cfg.URL == t.url() })
	if i < 0 {
		return nil, entitlement.Errorf(entitlement.Invalid, "There is no such target.")
	}
	if s := (session{w.targets[i], credential}); s.Later > 0 {
		return polled{s}, nil
	}
	return session{w.targets[i], credential}, nil
}

func (t *target) url() string { return "https://" + t.name + ".example" }

// Describe tells the ways of asking and what the registration says.
func (s session) Describe() connector.Capabilities {
	c := connector.Capabilities{MaxBatch: s.batch, SerialWrites: !s.Concurrent, Unconfirmed: s.Accepts}
	for _, name := range wayNames {
		c.Ways = append(c.Ways, connector.Way(name))
	}
	s.limits(&c)
	if s.Later > 0 {
		c.Apart = func(string) bool { return true }
	}
	return c
}

// call makes one call to the target in its present mode.
func (s session) call(ctx context.Context, label string, effect func() error) error {
	return s.w.do(ctx, outside, label+" at "+s.name, func() error {
		s.calls++
		s.lastAttempt = time.Now()
		s.w.oracle.called(s.target)
		s.makeDue()

		if s.word != s.credential {
			return connector.Fail(entitlement.Forbidden, "call", &connector.Refusal{Reason: connector.CredentialRefused, Detail: "The target does not accept our credential.", Permanent: true}, nil)
		}

		present := s.mode
		// What stands in front of a target answers for it, and knows nothing of it.
		if time.Now().Before(s.inFront) {
			present = fronted
		}

		switch present {
		case down:
			return connector.Fail(entitlement.Unavailable, "call", &connector.Refusal{Reason: connector.TargetUnavailable, Detail: "The target could not be reached."}, nil)
		case fronted:
			return connector.Fail(entitlement.Unavailable, "call", &connector.Refusal{Reason: connector.NotUnderstood, Detail: "The target's answer could not be understood."}, nil)
		case throttling:
			return connector.Fail(entitlement.Throttled, "call", &connector.Refusal{Reason: connector.TargetThrottled, Detail: "The target asks us to slow down.", After: 90 * time.Second}, nil)
		}

		return effect()
	})
}

// clientsPatience is how long a connector's client waits for an answer.
const clientsPatience = 10 * time.Second

// wait lets a target take its time, before the effect and never past the client's own
// patience: where that is over first, the call fails, and is carried out all the same or not.
func (s session) wait(ctx context.Context, label string) (effect bool, late error) {
	inv := invocationOf(ctx)
	if inv == nil {
		return true, nil
	}

	latency, patience := s.latency, clientsPatience
	d := mix(s.w.choice, uint64(s.calls))

	switch {
	case s.mode == silent:
		latency = time.Hour
	case s.mode == slow:
		latency = 8 * time.Second
	case s.w.rate > 0 && d%4 == 0:
		latency = time.Duration(below(mix(d), 9)) * time.Second
	}
	// A client waits no longer than its own function may run. At the very instant of a deadline
	// nobody can say whether it is over, so that one run would have two logs: just after, it is.
	if deadline, is := ctx.Deadline(); is && deadline.Before(inv.started.Add(inv.timeout)) {
		patience = min(patience, max(time.Until(deadline), 0)+1)
	}

	effect = true
	// Half of what was not answered was carried out: that is what nobody can know.
	if latency > patience {
		effect = s.mode != silent && d%2 == 0
		late = connector.Fail(entitlement.Unavailable, "call", &connector.Refusal{Reason: connector.TargetUnavailable, Detail: "The target did not answer in time."}, nil)
	}

	if wait := min(latency, patience); wait > 0 && !s.w.park(inv, label+" under way", wait) {
		return false, errDead
	}

	return effect, late
}

// answer makes a call that reads.
func (s session) answer(ctx context.Context, label string, read func() error) error {
	return s.call(ctx, label, func() error {
		if _, err := s.wait(ctx, label); err != nil {
			return err
		}
		return read()
	})
}

// Resource finds a resource.
func (s session) Resource(ctx context.Context, originID string) (r connector.Resource, err error) {
	err = s.call(ctx, "Resource "+originID, func() error {
		if !s.readable(originID) {
			return s.noResource()
		}
		r = connector.Resource{OriginID: originID, DisplayName: originID, Roles: []connector.Role{{OriginID: memberRole, DisplayName: "Member"}}}
		return nil
	})
	return r, err
}

const memberRole = "member"

func (t *target) noResource() error {
	return connector.Fail(entitlement.NotFound, "call", &connector.Refusal{Reason: connector.ResourceMissing, Detail: "The target has no such resource.", Permanent: true}, nil)
}

func noPerson() *connector.Refusal {
	return &connector.Refusal{Reason: connector.PrincipalMissing, Detail: "The target has no such person.", Permanent: true}
}

// FindPrincipals finds people's accounts.
func (s session) FindPrincipals(ctx context.Context, who []connector.Correlation) (found []connector.Found, err error) {
	label := "FindPrincipals"

	for _, w := range who {
		label += " " + short(string(w.User))
	}

	err = s.answer(ctx, label, func() error {
		// An account that is not there is an answer, and no failure of the call.
		found = make([]connector.Found, len(who))
		for i, w := range who {
			if ref, there := s.people[w.User]; there {
				found[i].Ref = ref
			} else {
				found[i].Err = noPerson()
			}
		}
		return nil
	})

	if err != nil {
		return nil, err
	}
	return found, nil
}

// Apply changes memberships.
func (s session) Apply(ctx context.Context, role entitlement.RoleRef, ops []connector.Op) (results []connector.Result, err error) {
	ids, err := s.readIDs(ctx, role, ops)
	if err != nil {
		return nil, err
	}

	label := fmt.Sprint("Apply ", role.Resource, ops)
	err = s.call(ctx, label, func() error {
		if err := s.overLimit(); err != nil {
			return err
		}

		effect, late := s.wait(ctx, label)
		if !effect {
			return late
		}

		if !s.readable(role.Resource) {
			return s.noResource()
		}

		read := maps.Clone(s.holds[role])
		if inv := invocationOf(ctx); s.Racing > 0 && inv != nil && !s.w.park(inv, label+" has read", s.Racing) {
			return errDead
		}

		if !s.readable(role.Resource) {
			return s.noResource() // it was deleted meanwhile
		}

		if results, err = s.change(role, ops, ids); s.Racing > 0 {
			s.overwrite(role, read, ops)
		}
		return firstOf(late, err)
	})
	if err != nil {
		return nil, err
	}
	return results, nil
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// change carries out the changes of one call, as far as the target does.
func (s session) change(role entitlement.RoleRef, ops []connector.Op, ids map[connector.PrincipalRef][]int) ([]connector.Result, error) {
	spoilt := slices.IndexFunc(ops, func(op connector.Op) bool { return s.bad != "" && s.owners[op.Principal] == s.bad })
	results := make([]connector.Result, len(ops))
	if err := s.refusesAll(role, ops); err != nil {
		return nil, err
	}

	for i, op := range ops {
		switch {
		case spoilt == i || spoilt > i && s.calls%2 == 0: // of those before, half the time nobody is changed
			return nil, s.spoilt()
		case s.mode == deaf:
			s.noteAccepted(role, op.Principal, op.Grant)
		case s.mode == halves && i >= (len(ops)+1)/2:
			return nil, unavailable()
		case s.Later > 0 && s.refuses(role, op) == nil:
			s.writes++
			results[i] = s.accept(role, op)
		default:
			s.writes++
			results[i].Err = s.changeOne(role, op, ids)
		}
	}

	if s.mode == halves {
		return nil, unavailable()
	}
	return results, nil
}

// spoilt is how a target answers a change of several of whom one spoils it for all.
func (s session) spoilt() error {
	if s.forbidden {
		return connector.Fail(entitlement.Forbidden, "call", &connector.Refusal{Reason: connector.CredentialRefused, Detail: "The target does not accept our credential (status 403).", Permanent: true}, nil)
	}
	return connector.Fail(entitlement.Unavailable, "call", &connector.Refusal{Reason: connector.TargetUnavailable, Detail: "The target has trouble of its own (status 500)."}, nil)
}

func (s session) changeOne(role entitlement.RoleRef, op connector.Op, ids map[connector.PrincipalRef][]int) *connector.Refusal {
	if refusal := s.refuses(role, op); refusal != nil {
		return refusal
	}
	s.noteAccepted(role, op.Principal, op.Grant)
	s.carryOut(role, op, ids)
	return nil
}

// Check asks who holds a role in one way.
func (s session) Check(ctx context.Context, role entitlement.RoleRef, way connector.Way, who []connector.PrincipalRef) (told []entitlement.Presence, err error) {
	label := fmt.Sprint("Check ", way, " ", role.Resource, who)
	err = s.answer(ctx, label, func() error {
		if !s.readable(role.Resource) {
			return s.noResource()
		}
		told = s.shows(slices.Index(wayNames[:], string(way)), role, who)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return told, nil
}
