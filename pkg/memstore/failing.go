package memstore

import (
	"context"

	"leasehold/pkg/entitlement"
)

// Failing lists subjects whose delivery at a target fails for a reason, longest first.
func (s *Store) Failing(ctx context.Context, at entitlement.ConnectorID, reason string, page entitlement.Page) (entitlement.Paged[entitlement.Failing], error) {
	return look(ctx, s, "Failing", []string{string(at)}, func() (entitlement.Paged[entitlement.Failing], error) {
		list, next, err := refs[entitlement.Failing](s.index.view, failingAt(at, reason), false, page)
		return entitlement.Paged[entitlement.Failing]{Items: list, Next: next}, err
	})
}

// CountFailing counts them.
func (s *Store) CountFailing(ctx context.Context, at entitlement.ConnectorID, reason string) (int, error) {
	return look(ctx, s, "CountFailing", []string{string(at)}, func() (int, error) {
		return len(s.index.lists[failingAt(at, reason)]), nil
	})
}

// Breaker returns what is remembered of a target; version 0 where nothing is.
func (s *Store) Breaker(ctx context.Context, id entitlement.ConnectorID) (entitlement.Breaker, error) {
	return look(ctx, s, "Breaker", []string{string(id)}, func() (entitlement.Breaker, error) {
		if b, ok := s.state.breakers[id]; ok {
			return b, nil
		}
		return entitlement.Breaker{Connector: id}, nil
	})
}

// TargetResource returns what is remembered of a resource at a target; version 0 where
// nothing is.
func (s *Store) TargetResource(ctx context.Context, at entitlement.ConnectorID, resource string) (entitlement.TargetResource, error) {
	return look(ctx, s, "TargetResource", []string{string(at), resource}, func() (entitlement.TargetResource, error) {
		if r, ok := s.state.targets[targetKey{at, resource}]; ok {
			return r, nil
		}
		return entitlement.TargetResource{Connector: at, Resource: resource}, nil
	})
}
