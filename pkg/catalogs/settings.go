package catalogs

import (
	"context"
	"time"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// settingsTries bounds how often a change of the settings that met another one is tried.
const settingsTries = 8

// Settings returns the settings of the whole.
func (s *Service) Settings(ctx context.Context, by authz.Caller) (entitlement.Settings, error) {
	kept, err := s.Store.Settings(ctx)
	return permitted(ctx, s, by, authz.ReadSettings, authz.Object{}, kept, err)
}

// UpdateSettings changes them; edit is given the settings as they are, once more where
// somebody else's change came first.
func (s *Service) UpdateSettings(ctx context.Context, by authz.Command, edit func(*entitlement.Settings)) (entitlement.Settings, error) {
	return s.putSettings(ctx, by, func(kept *entitlement.Settings, _ time.Time) { edit(kept) })
}

// UpdateEndUserSettings changes what end users see.
func (s *Service) UpdateEndUserSettings(ctx context.Context, by authz.Command, edit func(*entitlement.EndUserSettings)) (entitlement.Settings, error) {
	return s.putSettings(ctx, by, func(kept *entitlement.Settings, now time.Time) {
		edit(&kept.EndUsers)
		kept.EndUsers.ModifiedBy, kept.EndUsers.Modified = by.ID, now
		if kept.EndUsers.Created.IsZero() {
			kept.EndUsers.CreatedBy, kept.EndUsers.Created = by.ID, now
		}
	})
}

func (s *Service) putSettings(ctx context.Context, by authz.Command, edit func(*entitlement.Settings, time.Time)) (entitlement.Settings, error) {
	if err := s.allow(ctx, &by, authz.UpdateSettings, authz.Object{}, nil); err != nil {
		return entitlement.Settings{}, err
	}
	for try := 1; ; try++ {
		kept, err := s.Store.Settings(ctx)
		if err != nil {
			return kept, err
		}
		before := kept
		edit(&kept, s.Clock.Now())

		e := s.event(entitlement.OfSettings, entitlement.SettingsObject, "updated", by)
		e.Changed = entitlement.Differences(before.Recorded(), kept.Recorded())
		kept.Chain, e = kept.Chain.Append(e)
		err = s.Store.Commit(ctx, entitlement.Change{Settings: []entitlement.Settings{kept}, Events: []entitlement.Event{e}})
		kept.Version++
		if entitlement.StalePart(err) == "" || try == settingsTries {
			return kept, err
		}
	}
}
