package catalogs

import (
	"context"
	"slices"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// DriftScans lists the comparisons of roles with their targets, or those of one connector.
func (s *Service) DriftScans(ctx context.Context, by authz.Caller, at entitlement.ConnectorID, page entitlement.Page) (entitlement.Paged[entitlement.DriftScan], error) {
	if err := s.may(ctx, by, authz.ReadDeliveryErrors, authz.Object{}); err != nil {
		return entitlement.Paged[entitlement.DriftScan]{}, err
	}
	if at != "" {
		return s.Store.DriftScansAt(ctx, at, page)
	}
	return s.Store.ListDriftScans(ctx, page)
}

// DriftScan returns one comparison.
func (s *Service) DriftScan(ctx context.Context, by authz.Caller, at entitlement.ConnectorID, id entitlement.DriftScanID) (entitlement.DriftScan, error) {
	if err := s.may(ctx, by, authz.ReadDeliveryErrors, authz.Object{}); err != nil {
		return entitlement.DriftScan{}, err
	}
	return s.Store.DriftScan(ctx, at, id)
}

// DriftFindings lists what a comparison found. What is only suspected is not shown, so that a page may
// be short.
func (s *Service) DriftFindings(ctx context.Context, by authz.Caller, at entitlement.ConnectorID, scan entitlement.DriftScanID, page entitlement.Page) (entitlement.Paged[entitlement.DriftFinding], error) {
	none := entitlement.Paged[entitlement.DriftFinding]{}
	if err := s.may(ctx, by, authz.ReadDeliveryErrors, authz.Object{}); err != nil {
		return none, err
	}
	list, err := s.Store.DriftFindings(ctx, at, scan, page)
	if err != nil || len(list.Items) > 0 {
		return shownFindings(list), err
	}

	// Only an empty list leaves open whether there is such a comparison.
	if _, err := s.Store.DriftScan(ctx, at, scan); err != nil {
		return none, err
	}
	return list, nil
}

// DriftFindingsOf lists what was found about a person.
func (s *Service) DriftFindingsOf(ctx context.Context, by authz.Caller, person entitlement.UserID, page entitlement.Page) (entitlement.Paged[entitlement.DriftFinding], error) {
	if err := s.may(ctx, by, authz.ReadDeliveryErrors, authz.Object{}); err != nil {
		return entitlement.Paged[entitlement.DriftFinding]{}, err
	}
	list, err := s.Store.DriftFindingsOf(ctx, person, page)
	return shownFindings(list), err
}

// DriftScanOf returns the comparison of a role of a catalog's resource, for those who may list the
// assignments of the catalog. known is false where the role was never compared.
func (s *Service) DriftScanOf(ctx context.Context, by authz.Caller, catalog entitlement.CatalogID, role entitlement.RoleRef) (scan entitlement.DriftScan, known bool, err error) {
	if err := s.may(ctx, by, authz.ListAssignments, authz.Object{Catalog: catalog}); err != nil {
		return scan, false, err
	}
	list, err := s.Store.DriftScansOf(ctx, []entitlement.RoleRef{role})
	if err != nil || len(list) == 0 {
		return scan, false, err
	}
	return list[0], true, nil
}

func shownFindings(list entitlement.Paged[entitlement.DriftFinding]) entitlement.Paged[entitlement.DriftFinding] {
	list.Items = slices.DeleteFunc(list.Items, func(f entitlement.DriftFinding) bool { return !f.Shown() })
	return list
}

// TakeExtraAway has an extra role taken away at its target, soon, and only if it is still there then
// and nothing of ours gives it.
func (s *Service) TakeExtraAway(ctx context.Context, by authz.Command, at entitlement.ConnectorID, scan entitlement.DriftScanID, finding entitlement.DriftFindingID) error {
	_, err := afresh(func() (struct{}, error) {
		by := by
		if err := s.allow(ctx, &by, authz.TakeExtraAway, authz.Object{}, nil); err != nil {
			return struct{}{}, err
		}
		of, err := s.Store.DriftScan(ctx, at, scan)
		if err != nil {
			return struct{}{}, err
		}
		f, err := s.Store.DriftFinding(ctx, at, scan, finding)
		if err != nil {
			return struct{}{}, err
		}

		change, news, err := entitlement.TakeExtra(of, f, entitlement.Actor{ID: by.ID, Command: by.CommandID, AllowedBy: by.AllowedBy}, s.Clock.Now())
		if err != nil || !news {
			return struct{}{}, err // who asks again gets what was decided
		}
		return struct{}{}, s.Store.Commit(ctx, change)
	})
	return err
}

// CompareNow has a role compared with its target now.
func (s *Service) CompareNow(ctx context.Context, by authz.Command, at entitlement.ConnectorID, scan entitlement.DriftScanID) error {
	_, err := afresh(func() (struct{}, error) {
		by := by
		if err := s.allow(ctx, &by, authz.CompareNow, authz.Object{}, nil); err != nil {
			return struct{}{}, err
		}
		of, err := s.Store.DriftScan(ctx, at, scan)
		if err != nil {
			return struct{}{}, err
		}
		change, begins := entitlement.CompareNow(of, entitlement.Actor{ID: by.ID, Command: by.CommandID, AllowedBy: by.AllowedBy}, s.Clock.Now())
		if !begins {
			return struct{}{}, nil // who asks again gets what was asked for
		}
		return struct{}{}, s.Store.Commit(ctx, change)
	})
	return err
}

// ResourceSettings are what is done at the target of a resource beside what packages give.
type ResourceSettings struct {
	Drift       entitlement.DriftMode
	PreExisting entitlement.PreExistingMode
}

// EditResourceSettings changes the settings of a resource; edit is given them as they are. It is in the
// catalog's events.
func (s *Service) EditResourceSettings(ctx context.Context, by authz.Command, catalog entitlement.CatalogID, id entitlement.ResourceID, edit func(*ResourceSettings)) error {
	_, err := afresh(func() (struct{}, error) {
		by := by
		if err := s.allow(ctx, &by, authz.UpdateCatalog, authz.Object{Catalog: catalog}, nil); err != nil {
			return struct{}{}, err
		}
		r, err := s.Store.Resource(ctx, catalog, id)
		if err != nil {
			return struct{}{}, err
		}
		c, err := s.Store.Catalog(ctx, catalog)
		if err != nil {
			return struct{}{}, err
		}

		before := ResourceSettings{r.Drift, r.PreExisting}
		is := before
		if edit(&is); is == before {
			return struct{}{}, nil
		}
		r.Drift, r.PreExisting = is.Drift, is.PreExisting

		e := s.event(entitlement.OfCatalog, string(c.ID), "resourceSettingsChanged", by)
		e.Data = map[string]string{"resource": string(r.ID)}
		e.Changed = entitlement.Differences(before.recorded(), is.recorded())
		c.Chain, e = c.Chain.Append(e)
		return struct{}{}, s.Store.Commit(ctx, entitlement.Change{Catalogs: []entitlement.Catalog{c}, Resources: []entitlement.Resource{r}, Events: []entitlement.Event{e}})
	})
	return err
}

func (r ResourceSettings) recorded() []entitlement.Recorded {
	return []entitlement.Recorded{{Property: "driftMode", Value: r.Drift.Word()}, {Property: "preExistingMode", Value: r.PreExisting.Word()}}
}
