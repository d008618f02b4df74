package catalogs

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/idempotency"
)

// Extension returns a custom extension of a catalog.
func (s *Service) Extension(ctx context.Context, by authz.Caller, catalog entitlement.CatalogID, id entitlement.ExtensionID) (entitlement.CustomExtension, error) {
	x, err := s.Store.Extension(ctx, catalog, id)
	return permitted(ctx, s, by, authz.ReadExtension, authz.Object{Catalog: catalog}, x, err)
}

// ListExtensions lists the custom extensions of a catalog.
func (s *Service) ListExtensions(ctx context.Context, by authz.Caller, catalog entitlement.CatalogID, page entitlement.Page) (entitlement.Paged[entitlement.CustomExtension], error) {
	none := entitlement.Paged[entitlement.CustomExtension]{}
	if err := s.may(ctx, by, authz.ReadExtension, authz.Object{Catalog: catalog}); err != nil {
		return none, err
	}
	if _, err := s.Store.Catalog(ctx, catalog); err != nil {
		return none, err
	}
	return s.Store.ListExtensions(ctx, catalog, page)
}

// ExtensionsOf returns the extensions that a policy has called, in the order of its stages,
// with those left out that are not there.
func (s *Service) ExtensionsOf(ctx context.Context, by authz.Caller, p entitlement.AssignmentPolicy) (map[entitlement.ExtensionID]entitlement.CustomExtension, error) {
	if err := s.may(ctx, by, authz.ReadExtension, authz.Object{Catalog: p.Catalog, Package: p.Package}); err != nil {
		return nil, err
	}
	return s.extensionsOf(ctx, p.Catalog, p.Extensions)
}

func (s *Service) extensionsOf(ctx context.Context, catalog entitlement.CatalogID, stages ...[]entitlement.StageExtension) (map[entitlement.ExtensionID]entitlement.CustomExtension, error) {
	byID := map[entitlement.ExtensionID]entitlement.CustomExtension{}
	ids := map[entitlement.ExtensionID]bool{}
	for _, list := range stages {
		for _, stage := range list {
			ids[stage.Extension] = true
		}
	}
	if len(ids) == 0 {
		return byID, nil
	}
	found, err := s.Store.Extensions(ctx, catalog, slices.Sorted(maps.Keys(ids)))
	for _, x := range found {
		byID[x.ID] = x
	}
	return byID, err
}

// CreateExtension adds a custom extension to a catalog. The catalog's version holds its
// deletion off meanwhile.
func (s *Service) CreateExtension(ctx context.Context, by authz.Command, x entitlement.CustomExtension) (entitlement.CustomExtension, error) {
	if _, err := s.catalog(ctx, &by, authz.ChangeExtension, x.Catalog); err != nil {
		return x, err
	}
	return idempotency.Once(ctx, s.once(), by, entitlement.OfCommand, func(e idempotency.Effect) (entitlement.CustomExtension, error) {
		x := x
		x.ID, x.Uses, x.Meta = entitlement.ExtensionID(cmp.Or(e.Answer, s.IDs.New())), 0, e.Meta()
		x.CreatedBy, x.Created, x.ModifiedBy, x.Modified = by.ID, e.At, by.ID, e.At
		if err := x.Check(); err != nil || e.Again {
			return x, err
		}
		err := crossed(func() error {
			return s.putExtension(ctx, e.Command, x, entitlement.CustomExtension{}, "extensionAdded")
		})
		x.Version++
		return x, err
	})
}

// putExtension commits an extension with its event, in the chain of the catalog.
func (s *Service) putExtension(ctx context.Context, by authz.Command, x, before entitlement.CustomExtension, kind string) error {
	c, err := s.Store.Catalog(ctx, x.Catalog)
	if err != nil {
		return err
	}
	e := s.event(entitlement.OfCatalog, string(c.ID), kind, by)
	e.Data = map[string]string{"extension": string(x.ID)}
	if e.Changed = entitlement.Differences(before.Recorded(), x.Recorded()); x.Erased {
		e.Changed = entitlement.Differences(x.Recorded(), nil)
	}
	c.Chain, e = c.Chain.Append(e)
	return s.Store.Commit(ctx, entitlement.Change{Catalogs: []entitlement.Catalog{c}, Extensions: []entitlement.CustomExtension{x},
		Events: append([]entitlement.Event{e}, by.Recorded(string(x.ID))...)})
}

// extension reads a custom extension for a change of it.
func (s *Service) extension(ctx context.Context, by *authz.Command, catalog entitlement.CatalogID, id entitlement.ExtensionID) (entitlement.CustomExtension, error) {
	x, err := s.Store.Extension(ctx, catalog, id)
	return x, s.allow(ctx, by, authz.ChangeExtension, authz.Object{Catalog: catalog}, err)
}

// UpdateExtension changes a custom extension; edit is given it as it is. One that policies
// have called cannot come to be waited for.
func (s *Service) UpdateExtension(ctx context.Context, by authz.Command, catalog entitlement.CatalogID, id entitlement.ExtensionID, edit func(*entitlement.CustomExtension) error) (x entitlement.CustomExtension, err error) {
	err = crossed(func() error {
		if x, err = s.extension(ctx, &by, catalog, id); err != nil {
			return err
		}

		before := x
		if err := edit(&x); err != nil {
			return err
		}

		// Policies call an extension in stages that fit its kind.
		if x.Kind != before.Kind {
			return entitlement.Errorf(entitlement.Invalid, "An extension keeps its kind: @odata.type must be #microsoft.graph.%s.", before.Kind)
		}

		x.ModifiedBy, x.Modified = by.ID, s.Clock.Now()
		if err := x.Check(); err != nil {
			return err
		}
		if x.Uses > 0 && x.Waits() {
			return entitlement.Errorf(entitlement.Unsupported, "%d stages of policies have this extension called, and requests would come to wait for its answer, which is not supported yet: leave callbackConfiguration out.", x.Uses)
		}
		return s.putExtension(ctx, by, x, before, "extensionReplaced")
	})
	x.Version++
	return x, err
}

// DeleteExtension removes a custom extension that no policy uses (R261).
func (s *Service) DeleteExtension(ctx context.Context, by authz.Command, catalog entitlement.CatalogID, id entitlement.ExtensionID) error {
	return crossed(func() error {
		x, err := s.extension(ctx, &by, catalog, id)
		if err != nil {
			return err
		}
		if x.Uses > 0 {
			return entitlement.Errorf(entitlement.Conflict, "%d stages of policies have the extension called: take it out of them first.", x.Uses)
		}
		x.Erased = true
		return s.putExtension(ctx, by, x, entitlement.CustomExtension{}, "extensionRemoved")
	})
}

// counted returns the extensions whose uses change when a policy of a catalog has after called
// in place of before. What it comes to use must be there and fit its stage (R202 to R204).
func (s *Service) counted(ctx context.Context, catalog entitlement.CatalogID, before, after []entitlement.StageExtension) ([]entitlement.CustomExtension, error) {
	known, err := s.extensionsOf(ctx, catalog, before, after)
	if err != nil {
		return nil, err
	}
	uses := map[entitlement.ExtensionID]int{}
	for _, stage := range before {
		uses[stage.Extension]--
	}
	for _, stage := range after {
		x, there := known[stage.Extension]
		if !there {
			return nil, entitlement.Errorf(entitlement.Invalid, "customExtensionStageSettings names %s, and the catalog of the policy has no such extension.", stage.Extension)
		}
		if err := stage.Takes(x); err != nil {
			return nil, err
		}
		uses[stage.Extension]++
	}

	var changed []entitlement.CustomExtension
	for _, id := range slices.Sorted(maps.Keys(uses)) {
		if x, there := known[id]; there && uses[id] != 0 {
			x.Uses += uses[id]
			changed = append(changed, x)
		}
	}
	return changed, nil
}

// stagesOf returns the stages of several policies together.
func stagesOf(policies []entitlement.AssignmentPolicy) (all []entitlement.StageExtension) {
	for _, p := range policies {
		all = append(all, p.Extensions...)
	}
	return all
}
