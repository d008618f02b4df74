package delivery_test

import (
	"context"
	"slices"
	"sync"

	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
)

// system is an honest target that keeps its own log: who holds what is what it was told,
// and every call is counted. before, where set, is asked before each Apply; what it
// returns happens instead of the call, or after it where it asks for that.
type system struct {
	mu      sync.Mutex
	people  map[entitlement.UserID]connector.PrincipalRef // who exists there; nil: everybody
	gone    map[connector.PrincipalRef]bool               // who existed there once
	members map[entitlement.RoleRef][]connector.PrincipalRef
	writes  int // ops
	applies int // calls
	checks  int
	calls   int // of any sort
	before  func(role entitlement.RoleRef, ops []connector.Op) trouble
	down    error
}

type trouble struct {
	err   error // the call fails
	after bool  // after its effect
	deaf  bool  // the call succeeds without effect
}

func newSystem() *system {
	return &system{members: map[entitlement.RoleRef][]connector.PrincipalRef{}}
}

func (s *system) Describe() connector.Capabilities {
	return connector.Capabilities{MaxBatch: 20, Ways: []connector.Way{"list"}, Authoritative: true}
}

func (s *system) Resource(context.Context, string) (connector.Resource, error) {
	return connector.Resource{}, nil
}

func (s *system) FindPrincipals(_ context.Context, who []connector.Correlation) ([]connector.Found, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	if s.down != nil {
		return nil, s.down
	}
	found := make([]connector.Found, len(who))
	for i, w := range who {
		ref, known := s.people[w.User]
		switch {
		case s.people == nil:
			found[i].Ref = connector.PrincipalRef("at-" + w.User)
		case known:
			found[i].Ref = ref
		default:
			found[i].Err = &connector.Refusal{Reason: connector.PrincipalMissing, Detail: "nobody there", Permanent: true}
		}
	}
	return found, nil
}

func (s *system) Apply(_ context.Context, role entitlement.RoleRef, ops []connector.Op) ([]connector.Result, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	if s.down != nil {
		return nil, s.down
	}
	s.applies++
	var what trouble
	if s.before != nil {
		s.mu.Unlock()
		what = s.before(role, ops)
		s.mu.Lock()
	}
	if what.err != nil && !what.after {
		return nil, what.err
	}
	s.writes += len(ops)
	results := make([]connector.Result, len(ops))
	for i, op := range ops {
		if what.deaf {
			continue
		}
		if s.gone[op.Principal] {
			results[i].Err = &connector.Refusal{Reason: connector.PrincipalMissing, Detail: "nobody there", Permanent: true}
			continue
		}
		if op.Grant {
			s.members[role] = append(s.members[role], op.Principal) // twice is stored twice
		} else {
			s.members[role] = slices.DeleteFunc(s.members[role], func(p connector.PrincipalRef) bool { return p == op.Principal })
		}
	}
	return results, what.err
}

func (s *system) Check(_ context.Context, role entitlement.RoleRef, _ connector.Way, who []connector.PrincipalRef) ([]entitlement.Presence, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	if s.down != nil {
		return nil, s.down
	}
	s.checks++
	holds := make([]entitlement.Presence, len(who))
	for i, p := range who {
		holds[i] = entitlement.PresenceOf(slices.Contains(s.members[role], p))
	}
	return holds, nil
}

// times tells how often the target lists the user in the role.
func (s *system) times(role entitlement.RoleRef, u entitlement.UserID) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, p := range s.members[role] {
		if p == connector.PrincipalRef("at-"+u) {
			n++
		}
	}
	return n
}

// Open makes a system its own registry.
func (s *system) Open(context.Context, entitlement.ConnectorID) (connector.Connector, error) {
	return s, nil
}
