package sim

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
)

// mood is how a target behaves.
type mood int

const (
	well mood = iota
	down
	slow
	throttling
	deaf    // says yes and does nothing
	halves  // does the first half of a batch and then fails
	refuses // does not know our credential any more
	forbids // lets nobody in
	moods
)

var moodNames = [moods]string{"well", "down", "slow", "throttling", "deaf", "halves", "refuses", "forbids"}

// target is an honest system: it keeps its own log of who held what, and who did it.
type target struct {
	w           *world
	id          entitlement.ConnectorID
	name        string
	credential  string
	mood        mood
	batch       int
	latency     time.Duration
	people      map[entitlement.UserID]connector.PrincipalRef
	owners      map[connector.PrincipalRef]entitlement.UserID
	born        int
	resources   map[string]bool
	holds       map[entitlement.RoleRef]map[connector.PrincipalRef]bool // true: by us
	log         []entry
	calls       int
	writes      int
	lastAttempt time.Time
}

// entry is one line of a target's log.
type entry struct {
	at      time.Time
	who     connector.PrincipalRef
	role    entitlement.RoleRef
	granted bool
	byUs    bool
}

func (w *world) newTarget(name string, id entitlement.ConnectorID, batch int) *target {
	return &target{w: w, id: id, name: name, credential: secretWord + name, batch: batch,
		people: map[entitlement.UserID]connector.PrincipalRef{}, owners: map[connector.PrincipalRef]entitlement.UserID{},
		resources: map[string]bool{}, holds: map[entitlement.RoleRef]map[connector.PrincipalRef]bool{}}
}

// hire gives a person an account at the target, a new one where the person had one before.
func (t *target) hire(u entitlement.UserID) {
	t.fire(u)
	t.born++
	ref := connector.PrincipalRef(fmt.Sprintf("%s-%d", t.name, t.born))
	t.people[u], t.owners[ref] = ref, u
}

// fire deletes a person's account with all that it held.
func (t *target) fire(u entitlement.UserID) {
	ref, ok := t.people[u]
	if !ok {
		return
	}
	delete(t.people, u)
	for role, members := range t.holds {
		if _, held := members[ref]; held {
			t.set(role, ref, false, false)
		}
	}
}

// set changes a membership and logs it.
func (t *target) set(role entitlement.RoleRef, ref connector.PrincipalRef, granted, byUs bool) {
	members := t.holds[role]
	if members == nil {
		members = map[connector.PrincipalRef]bool{}
		t.holds[role] = members
	}
	if granted {
		members[ref] = byUs
	} else {
		delete(members, ref)
	}
	t.log = append(t.log, entry{time.Now(), ref, role, granted, byUs})
	t.w.oracle.effect(t.owners[ref], role, granted, byUs)
}

// session is a connector to a target under one credential.
type session struct {
	*target
	word string
}

// factory opens the target that a registration names.
func (w *world) factory(cfg entitlement.ConnectorConfig, credential string) (connector.Connector, error) {
	i := slices.IndexFunc(w.targets, func(t *target) bool { return cfg.URL == t.url() })
	if i < 0 {
		return nil, entitlement.Errorf(entitlement.Invalid, "There is no such target.")
	}
	return session{w.targets[i], credential}, nil
}

func (t *target) url() string { return "https://" + t.name + ".example" }

// Describe tells the size of a batch.
func (s session) Describe() connector.Capabilities {
	return connector.Capabilities{MaxBatch: s.batch, Ways: []connector.Way{"list"}, Authoritative: true}
}

// call makes one call to the target in its present mood.
func (s session) call(ctx context.Context, label string, effect func() error) error {
	return s.w.do(ctx, outside, label+" at "+s.name, func() error {
		s.calls++
		s.lastAttempt = time.Now()
		if s.word != s.credential {
			return connector.Fail(entitlement.Forbidden, "call", &connector.Refusal{Reason: connector.CredentialRefused, Detail: "The target does not accept our credential.", Permanent: true}, nil)
		}
		switch s.mood {
		case down:
			return connector.Fail(entitlement.Unavailable, "call", &connector.Refusal{Reason: connector.TargetUnavailable, Detail: "The target could not be reached."}, nil)
		case throttling:
			return connector.Fail(entitlement.Throttled, "call", &connector.Refusal{Reason: connector.TargetThrottled, Detail: "The target asks us to slow down.", After: 90 * time.Second}, nil)
		}
		return effect()
	})
}

// wait lets a slow target take its time, before the effect and never past the client's own patience.
func (s session) wait(ctx context.Context, label string) error {
	latency := s.latency
	switch d := mix(s.w.choice, uint64(s.calls)); {
	case s.mood == slow:
		latency = 8 * time.Second
	case s.w.rate > 0 && d%4 == 0:
		latency = time.Duration(below(mix(d), 9)) * time.Second
	}
	if inv := invocationOf(ctx); inv != nil && latency > 0 && !s.w.park(inv, label+" under way", latency) {
		return errDead
	}
	return nil
}

// Resource finds a resource.
func (s session) Resource(ctx context.Context, originID string) (r connector.Resource, err error) {
	err = s.call(ctx, "Resource "+originID, func() error {
		if !s.resources[originID] {
			return s.missing()
		}
		r = connector.Resource{OriginID: originID, DisplayName: originID, Roles: []connector.Role{{OriginID: memberRole, DisplayName: "Member"}}}
		return nil
	})
	return r, err
}

const memberRole = "member"

func (t *target) missing() error {
	return connector.Fail(entitlement.NotFound, "call", &connector.Refusal{Reason: connector.ResourceMissing, Detail: "The target has no such resource.", Permanent: true}, nil)
}

// FindPrincipals finds people's accounts.
func (s session) FindPrincipals(ctx context.Context, who []connector.Correlation) ([]connector.Found, error) {
	found := make([]connector.Found, len(who))
	for i, w := range who {
		ref, err := s.findPrincipal(ctx, w)
		missing, _ := errors.AsType[*connector.Refusal](err)
		if err != nil && (missing == nil || missing.Reason != connector.PrincipalMissing) {
			return nil, err
		}
		found[i] = connector.Found{Ref: ref, Err: missing}
	}
	return found, nil
}

// findPrincipal finds a person's account.
func (s session) findPrincipal(ctx context.Context, who connector.Correlation) (ref connector.PrincipalRef, err error) {
	err = s.call(ctx, "FindPrincipal "+short(string(who.User)), func() error {
		if err := s.wait(ctx, "FindPrincipal "+short(string(who.User))); err != nil {
			return err
		}
		found, ok := s.people[who.User]
		if !ok {
			return &connector.Refusal{Reason: connector.PrincipalMissing, Detail: "The target has no such person.", Permanent: true}
		}
		ref = found
		return nil
	})
	return ref, err
}

// Apply changes memberships.
func (s session) Apply(ctx context.Context, role entitlement.RoleRef, ops []connector.Op) (results []connector.Result, err error) {
	label := fmt.Sprint("Apply ", role.Resource, ops)
	err = s.call(ctx, label, func() error {
		if err := s.wait(ctx, label); err != nil {
			return err
		}
		if !s.resources[role.Resource] {
			return s.missing()
		}
		results = make([]connector.Result, len(ops))
		for i, op := range ops {
			if s.mood == deaf {
				continue
			}
			if s.mood == halves && i >= (len(ops)+1)/2 {
				return unavailable()
			}
			s.writes++
			if s.mood == forbids && op.Grant {
				results[i].Err = &connector.Refusal{Reason: connector.RefusedByTarget, Detail: "The target does not want this person.", Permanent: true}
				continue
			}
			u, ok := s.owners[op.Principal]
			if !ok || s.people[u] != op.Principal {
				results[i].Err = &connector.Refusal{Reason: connector.PrincipalMissing, Detail: "The target has no such person.", Permanent: true}
				continue
			}
			if _, held := s.holds[role][op.Principal]; held != op.Grant {
				s.set(role, op.Principal, op.Grant, true)
			}
		}
		if s.mood == halves {
			return unavailable()
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return results, nil
}

// Check tells who holds a role.
func (s session) Check(ctx context.Context, role entitlement.RoleRef, _ connector.Way, who []connector.PrincipalRef) (present []entitlement.Presence, err error) {
	label := fmt.Sprint("Check ", role.Resource, who)
	err = s.call(ctx, label, func() error {
		if err := s.wait(ctx, label); err != nil {
			return err
		}
		if !s.resources[role.Resource] {
			return s.missing()
		}
		present = make([]entitlement.Presence, len(who))
		for i, ref := range who {
			_, is := s.holds[role][ref]
			present[i] = entitlement.PresenceOf(is)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return present, nil
}
