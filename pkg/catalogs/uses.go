package catalogs

import (
	"context"
	"time"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

// use counts a resource of a connector in or out. The connector goes into the change that
// adds or removes the resource, so that it is not deleted meanwhile. The built-in
// directory has no registration, and nothing to count.
func (s *Service) use(ctx context.Context, id entitlement.ConnectorID, by int) ([]entitlement.ConnectorConfig, error) {
	if id == entitlement.BuiltinConnector {
		return nil, nil
	}
	c, err := s.Store.Connector(ctx, id)
	if err != nil {
		return nil, err
	}
	c.Uses += by
	if c.Unused = (time.Time{}); c.Uses == 0 {
		c.Unused = s.Clock.Now()
	}
	return []entitlement.ConnectorConfig{c}, nil
}

// DeleteConnector removes a connector that nothing uses, and then its credentials. A crash
// between the two leaves credentials that nothing names: asking again takes them away.
func (s *Service) DeleteConnector(ctx context.Context, by authz.Command, id entitlement.ConnectorID) error {
	if err := s.allow(ctx, &by, authz.DeleteConnector, authz.Object{}, nil); err != nil {
		return err
	}
	if id == entitlement.BuiltinConnector {
		return entitlement.Errorf(entitlement.Precondition, "The built-in directory cannot be deleted.")
	}

	for try := 1; ; try++ {
		err := s.eraseConnector(ctx, by, id)
		if entitlement.StalePart(err) != "" && try < eraseTries {
			continue
		}

		if err != nil && entitlement.KindOf(err) != entitlement.NotFound {
			return err
		}

		// Also where the registration was gone: an earlier call may have been cut short here.
		if lost := s.Secrets.Delete(ctx, id); lost != nil {
			return lost
		}
		return err
	}
}

// eraseConnector looks whether anything uses a connector, and removes it as the very one
// that was looked at: a resource that comes to name it moves its version on.
func (s *Service) eraseConnector(ctx context.Context, by authz.Command, id entitlement.ConnectorID) error {
	c, err := s.Store.Connector(ctx, id)
	if err == nil {
		err = by.Matches(c)
	}
	if err != nil {
		return err
	}

	if err := s.unused(ctx, c); err != nil {
		return err
	}

	breaker, err := s.Store.Breaker(ctx, id)
	if err != nil {
		return err
	}

	e := s.event(entitlement.OfConnector, string(id), "deleted", by)
	e.Changed = entitlement.Differences(c.Recorded(), nil)
	c.Chain, e = c.Chain.Append(e)
	c.Erased = true
	change := entitlement.Change{Connectors: []entitlement.ConnectorConfig{c}, Events: []entitlement.Event{e}}

	if breaker.Version > 0 {
		breaker.Erased = true // else the sweep would have somebody try the target for ever
		change.Breakers = []entitlement.Breaker{breaker}
	}

	return s.Store.Commit(ctx, change)
}

// Bounds of the look for what uses a connector.
const (
	// connectorIdle is how long ago the last resource must have gone: until then edits and
	// pending reconciliations that came of that may be missing in the indexes by which
	// they are found.
	connectorIdle = time.Minute
	// editSlack is how far ahead the next look at an edit that is under way may lie.
	editSlack  = 5 * time.Minute
	maxPending = 1000 // people looked at; and things that fall due, in each shard
)

// unused refuses a connector that something uses, and says what. Resources are counted in
// the connector itself. Grants without a resource are being taken back: each of those
// people is pending, or an edit of a package is on its way to tell them so.
func (s *Service) unused(ctx context.Context, c entitlement.ConnectorConfig) error {
	now := s.Clock.Now()
	switch {
	case c.Uses > 0:
		return entitlement.Errorf(entitlement.Conflict, "%d resources of catalogs are at this connector%s: remove them from their catalogs first.", c.Uses, s.example(ctx, c.ID))
	case c.Unused.IsZero():
		return nil // it never had any
	case now.Sub(c.Unused) < connectorIdle:
		return entitlement.Errorf(entitlement.Conflict, "The last resource of this connector was removed a moment ago, and its roles may still have to be taken back: try again after %s.", c.Unused.Add(connectorIdle).UTC().Format(time.RFC3339))
	}

	if err := s.noEditSince(ctx, c.Unused, now); err != nil {
		return err
	}
	return s.nobodyHolds(ctx, c.ID, now)
}

// example names a resource at a connector and its catalog, where one is soon found.
func (s *Service) example(ctx context.Context, id entitlement.ConnectorID) string {
	catalogs, err := s.Store.ListCatalogs(ctx, entitlement.Page{})
	if err != nil {
		return ""
	}

	for _, c := range catalogs.Items {
		resources, err := s.Store.ListResources(ctx, c.ID, entitlement.Page{})
		if err != nil {
			return ""
		}
		for _, r := range resources.Items {
			if r.Connector == id {
				return ", such as " + r.DisplayName + " in the catalog " + c.DisplayName
			}
		}
	}
	return ""
}

// noEditSince refuses while an edit that was made by then is on its way to the holders.
func (s *Service) noEditSince(ctx context.Context, then, now time.Time) error {
	for shard := range names.DueShards {
		for page, seen := (entitlement.Page{}), 0; ; {
			due, err := s.Store.Due(ctx, shard, now.Add(editSlack), page)
			if err != nil {
				return err
			}

			var edits []entitlement.DueRef
			for _, ref := range due.Items {
				if ref.Kind == entitlement.DueJob {
					edits = append(edits, ref)
				}
			}

			// The index names what it may no longer hold: each job is read itself.
			found, err := s.Store.Read(ctx, edits)
			if err == nil && due.Unread+found.Unread > 0 {
				err = unsure(due.Unread + found.Unread)
			}
			if err != nil {
				return err
			}

			for _, job := range found.Jobs {
				if !job.Created.After(then) {
					return entitlement.Errorf(entitlement.Conflict, "An edit of the access package %s is still on its way to its holders, who may have roles at this connector: try again in a minute.", job.Package)
				}
			}

			if seen += len(due.Items); seen > maxPending {
				return tooBusy()
			}

			if page.Token = due.Next; due.Next == "" {
				break
			}
		}
	}
	return nil
}

// nobodyHolds refuses while the grants of anybody at the connector are on record.
func (s *Service) nobodyHolds(ctx context.Context, id entitlement.ConnectorID, now time.Time) error {
	seen := 0
	for shard := range names.ReconcileShards {
		for page := (entitlement.Page{}); ; {
			pending, err := s.Store.PendingReconciliation(ctx, shard, now.Add(24*time.Hour), page)
			if err != nil {
				return err
			}

			for _, subject := range pending.Items {
				_, grantSets, err := s.Store.SubjectRecord(ctx, subject)
				if err != nil {
					return err
				}
				for _, grantSet := range grantSets {
					if grantSet.Connector == id && len(grantSet.Grants) > 0 {
						return entitlement.Errorf(entitlement.Conflict, "The user %s still has %d roles at this connector that are being taken back: leasehold/removals shows what is owed, and leasehold/deliveryErrors what is in the way.", subject, len(grantSet.Grants))
					}
				}
				if seen++; seen > maxPending {
					return tooBusy()
				}
			}

			if page.Token = pending.Next; pending.Next == "" {
				break
			}
		}
	}
	return nil
}

func tooBusy() error {
	return entitlement.Errorf(entitlement.Conflict, "So much is being delivered at the moment that it cannot be told whether anybody has roles at this connector: try again when less is.")
}
