package catalogs

import (
	"context"
	"slices"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// CheckConnector looks at a target anew: what it speaks, shows and heeds, as its connector
// keeps it from then on; and whether it has an account of a person, where one is named.
func (s *Service) CheckConnector(ctx context.Context, by authz.Command, id entitlement.ConnectorID, person entitlement.UserID) (entitlement.ConnectorConfig, error) {
	if err := s.allow(ctx, &by, authz.UpdateConnector, authz.Object{}, nil); err != nil {
		return entitlement.ConnectorConfig{}, err
	}
	if id == entitlement.BuiltinConnector {
		return entitlement.ConnectorConfig{}, entitlement.Errorf(entitlement.Precondition, "The built-in directory needs no check.")
	}
	c, err := s.Store.Connector(ctx, id)
	if err == nil {
		err = by.Matches(c)
	}
	if err != nil {
		return c, err
	}
	if c.Paused {
		return c, entitlement.Errorf(entitlement.Precondition, "The connector is paused, and nothing is sent to its target: resume it first.")
	}
	found, err := s.foundWith(ctx, c, person)
	if err != nil {
		return c, err
	}
	e := s.event(entitlement.OfConnector, string(c.ID), "checked", by)
	return s.keepFound(ctx, c, found, &e)
}

// looksDifferent reports a change of a connector after which its target may look otherwise.
func looksDifferent(before, after entitlement.ConnectorConfig) bool {
	return before.Address() != after.Address() || before.Settings() != after.Settings() || !slices.Equal(before.CorrelationKeys, after.CorrelationKeys)
}

// lookAt is look for a connector that was changed just now: that stands, whatever becomes of
// the look. It is part of the change, and has no event of its own.
func (s *Service) lookAt(ctx context.Context, c entitlement.ConnectorConfig) entitlement.ConnectorConfig {
	checked, err := s.keepFound(ctx, c, s.found(ctx, c), nil)
	if err != nil {
		s.Log.WarnContext(ctx, "a connector was kept, and its target could not be looked at", "connector", c.ID, "error", err)
		return c
	}
	return checked
}

// tried looks at the target with a credential that nothing names yet. Precondition: the target
// does not accept it. One that cannot be reached does not keep a credential from being changed,
// which may be what has to be done at once.
func (s *Service) tried(ctx context.Context, c entitlement.ConnectorConfig) (entitlement.TargetCheck, error) {
	found := s.found(ctx, c)
	if found.Reason == entitlement.ReasonCredential {
		return found, entitlement.Errorf(entitlement.Precondition, "The target does not accept this credential, so that the one before stays in use and nothing was changed. Send one that it accepts.")
	}
	return found.After(c.Check), nil
}

// found is what a look at the target of a registration finds out now.
func (s *Service) found(ctx context.Context, c entitlement.ConnectorConfig) entitlement.TargetCheck {
	found, err := s.Targets.Survey(ctx, c)
	if err != nil {
		// That it cannot be opened is what people want to know of it too.
		found = entitlement.TargetCheck{Error: entitlement.MessageOf(err)}
	}
	found.At = s.Clock.Now()
	return found
}

// foundWith is found with a person looked for too, as delivery would: nothing is changed there.
func (s *Service) foundWith(ctx context.Context, c entitlement.ConnectorConfig, person entitlement.UserID) (entitlement.TargetCheck, error) {
	if person == "" {
		return s.found(ctx, c), nil
	}
	users, err := s.Store.Users(ctx, []entitlement.UserID{person})
	if err != nil {
		return entitlement.TargetCheck{}, err
	}
	if len(users) == 0 || users[0].Gone() {
		return entitlement.TargetCheck{}, entitlement.Errorf(entitlement.Invalid, "userId must name a user of the directory.")
	}

	found := s.found(ctx, c)
	found.Person = person
	if found.Reason == entitlement.ReasonCredential || found.Reason == entitlement.ReasonUnavailable {
		found.NotFound = found.Error // asking again would tell the same
	} else if err := s.Targets.FindPerson(ctx, c, users[0]); err != nil {
		found.NotFound = entitlement.MessageOf(err)
	}
	return found, nil
}

// keepFound keeps what was found of a target with its connector. One that was changed meanwhile
// is another one: what was found is about this one.
func (s *Service) keepFound(ctx context.Context, c entitlement.ConnectorConfig, found entitlement.TargetCheck, told *entitlement.Event) (entitlement.ConnectorConfig, error) {
	return afresh(func() (entitlement.ConnectorConfig, error) {
		now, err := s.Store.Connector(ctx, c.ID)
		if err != nil {
			return c, err
		}
		if now.Address() != c.Address() || now.Credential != c.Credential || looksDifferent(c, now) {
			return now, entitlement.Errorf(entitlement.Conflict, "The connector was changed while its target was looked at: check it again.")
		}

		now.Check = found.After(now.Check)
		change := entitlement.Change{}
		if told != nil {
			e := *told
			now.Chain, e = now.Chain.Append(e)
			change.Events = []entitlement.Event{e}
		}
		change.Connectors = []entitlement.ConnectorConfig{now}

		err = s.Store.Commit(ctx, change)
		now.Version++
		return now, err
	})
}
