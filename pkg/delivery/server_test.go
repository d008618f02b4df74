package delivery_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
)

// The ways of asking a server, as those of SCIM are.
const (
	byList   connector.Way = "members"
	byBoth   connector.Way = "group-and-member"
	byMember connector.Way = "member"
	byUser   connector.Way = "user-groups"
)

// server is a target with the manners of real ones. It keeps a log of its own: what "there"
// means is what the log says. It takes its time in the bubble of a test.
type server struct {
	mu      sync.Mutex
	caps    connector.Capabilities
	latency time.Duration
	lookup  time.Duration                                 // that one person takes to be found
	silent  bool                                          // no call is answered
	down    bool                                          // no connection is made
	behind  time.Duration                                 // by which reads are late
	racing  bool                                          // a change is read, change, write
	deaf    int                                           // so many changes are taken, and lost
	gone    bool                                          // all accounts are deleted
	anyID   bool                                          // any id is taken for a member's
	tells   map[connector.Way]func(there bool) answerKind // nil: all ways tell the truth
	bad     map[connector.PrincipalRef]error              // a change with one of these in it is answered so
	fault   func(call string) error                       // asked before each call
	people  map[entitlement.UserID]connector.PrincipalRef

	log     map[string][]line // by group
	calls   int
	writing map[string]int // changes that are under way, by group
	crossed int            // the most of them at once, of one group
	out     int            // calls that are under way
	most    int            // at once
	lookups int
	asked   map[connector.Way]int
	applies int
	granted map[connector.PrincipalRef]int // by calls that were sent
	revoked map[connector.PrincipalRef]int
}

type line struct {
	at  time.Time
	who map[connector.PrincipalRef]bool // members from then on
}

// answerKind is what a way of asking says.
type answerKind int

const (
	truth answerKind = iota
	saysPresent
	saysAbsent
	saysNothing
	refusesToSay
)

func newServer() *server {
	return &server{caps: connector.Capabilities{MaxBatch: 100, Ways: []connector.Way{byList, byBoth, byMember, byUser}, SerialWrites: true},
		people: map[entitlement.UserID]connector.PrincipalRef{}, log: map[string][]line{}, writing: map[string]int{}, asked: map[connector.Way]int{},
		granted: map[connector.PrincipalRef]int{}, revoked: map[connector.PrincipalRef]int{}}
}

// Open makes a server its own registry.
func (s *server) Open(context.Context, entitlement.ConnectorID) (connector.Connector, error) {
	return s, nil
}

func (s *server) Describe() connector.Capabilities { return s.caps }

func (s *server) Resource(context.Context, string) (connector.Resource, error) {
	return connector.Resource{}, nil
}

// call takes the time of a call, and says how it fails.
func (s *server) call(ctx context.Context, name string, takes time.Duration) error {
	s.mu.Lock()
	s.calls++
	s.out++
	s.most = max(s.most, s.out)
	silent, down, fault := s.silent, s.down, s.fault
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.out--
		s.mu.Unlock()
	}()
	if down {
		return connector.Fail(entitlement.Unavailable, name, &connector.Refusal{Reason: connector.TargetUnavailable, Detail: "No connection."}, nil)
	}
	if silent {
		takes = 10 * time.Second
	}
	timer := time.NewTimer(takes)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return connector.Fail(entitlement.Unavailable, name, &connector.Refusal{Reason: connector.TargetUnavailable, Detail: "Not answered."}, ctx.Err())
	}
	if silent {
		return connector.Fail(entitlement.Unavailable, name, &connector.Refusal{Reason: connector.TargetUnavailable, Detail: "Not answered."}, context.DeadlineExceeded)
	}
	if fault != nil {
		return fault(name)
	}
	return nil
}

func (s *server) FindPrincipals(ctx context.Context, who []connector.Correlation) ([]connector.Found, error) {
	found := make([]connector.Found, len(who))
	for i, w := range who {
		if err := s.call(ctx, "find", s.lookup); err != nil {
			return nil, err
		}
		s.mu.Lock()
		s.lookups++
		ref, known := s.people[w.User]
		s.mu.Unlock()
		if found[i].Ref = ref; !known {
			found[i].Err = &connector.Refusal{Reason: connector.PrincipalMissing, Detail: "Nobody there.", Permanent: true}
		}
	}
	return found, nil
}

// hire gives people an account.
func (s *server) hire(users ...entitlement.UserID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, u := range users {
		s.people[u] = connector.PrincipalRef(fmt.Sprintf("%s/%d", u, len(s.people)))
	}
}

// rehire deletes a person's account, with all that it held, and makes another.
func (s *server) rehire(u entitlement.UserID, ref connector.PrincipalRef) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.people[u]
	for group := range s.log {
		s.set(group, func(m map[connector.PrincipalRef]bool) { delete(m, old) })
	}
	s.people[u] = ref
}

// members returns who is in a group at some time.
func (s *server) members(group string, at time.Time) map[connector.PrincipalRef]bool {
	lines := s.log[group]
	for _, l := range slices.Backward(lines) {
		if !l.at.After(at) {
			return l.who
		}
	}
	return nil
}

func (s *server) set(group string, change func(map[connector.PrincipalRef]bool)) {
	next := map[connector.PrincipalRef]bool{}
	for ref := range s.members(group, time.Now()) {
		next[ref] = true
	}
	change(next)
	s.log[group] = append(s.log[group], line{time.Now(), next})
}

func (s *server) Apply(ctx context.Context, role entitlement.RoleRef, ops []connector.Op) ([]connector.Result, error) {
	s.mu.Lock()
	base := s.members(role.Resource, time.Now())
	s.applies++
	s.writing[role.Resource]++
	s.crossed = max(s.crossed, s.writing[role.Resource])
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.writing[role.Resource]--
	}()
	for _, op := range ops {
		if op.Grant {
			s.granted[op.Principal]++
		} else {
			s.revoked[op.Principal]++
		}
	}
	s.mu.Unlock()
	if err := s.call(ctx, "apply", s.latency); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	results := make([]connector.Result, len(ops))
	for i, op := range ops {
		if err := s.bad[op.Principal]; err != nil {
			return nil, err
		}
		if known := slices.Contains(valuesOf(s.people), op.Principal); !known && !s.anyID && op.Grant || s.gone {
			results[i].Err = &connector.Refusal{Reason: connector.PrincipalMissing, Detail: "No such person."}
		}
	}
	if s.deaf > 0 {
		s.deaf--
		return results, nil
	}
	s.set(role.Resource, func(m map[connector.PrincipalRef]bool) {
		if s.racing {
			clear(m)
			for ref := range base {
				m[ref] = true
			}
		}
		for i, op := range ops {
			switch {
			case results[i].Err != nil:
			case op.Grant:
				m[op.Principal] = true
			default:
				delete(m, op.Principal)
			}
		}
	})
	return results, nil
}

func valuesOf[K comparable, V any](m map[K]V) []V {
	var all []V
	for _, v := range m {
		all = append(all, v)
	}
	return all
}

func (s *server) Check(ctx context.Context, role entitlement.RoleRef, way connector.Way, who []connector.PrincipalRef) ([]entitlement.Presence, error) {
	if err := s.call(ctx, "check", s.latency); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked[way]++
	members := s.members(role.Resource, time.Now().Add(-s.behind))
	said := make([]entitlement.Presence, len(who))
	for i, ref := range who {
		kind := truth
		if tell := s.tells[way]; tell != nil {
			kind = tell(members[ref])
		}
		switch kind {
		case truth:
			said[i] = entitlement.PresenceOf(members[ref])
		case saysPresent, saysAbsent:
			said[i] = entitlement.PresenceOf(kind == saysPresent)
		case saysNothing:
			said[i] = entitlement.PresenceUnknown
		case refusesToSay:
			return nil, connector.Fail(entitlement.Invalid, "check", &connector.Refusal{Reason: connector.RefusedByTarget, Detail: "What?"}, nil)
		}
	}
	return said, nil
}

// there reports that a person is in a group, by the server's own log.
func (s *server) there(u entitlement.UserID, group string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.members(group, time.Now())[s.people[u]]
}
