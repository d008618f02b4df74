package requests

import (
	"context"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// Colleagues counts what those have who have the same manager as the caller, where the settings let
// people know what others hold. Of more than entitlement.MaxColleagues it counts nothing.
func (s *Service) Colleagues(ctx context.Context, by authz.Caller) (entitlement.Colleagues, error) {
	none := entitlement.Colleagues{}
	if err := authz.Allow(by, authz.ListRequestablePackages, authz.Object{}).Err(); err != nil {
		return none, err
	}
	manager := by.User().Manager
	if manager == "" {
		return none, nil
	}

	settings, err := s.Store.Settings(ctx)
	if err != nil || settings.EndUsers.RelatedPeople == entitlement.InsightDisabled {
		return none, err
	}
	list, err := s.Store.ReportsOf(ctx, manager, entitlement.Page{Limit: entitlement.MaxColleagues + 1})
	// One of them is the caller.
	if err != nil || list.Next != "" || len(list.Items) <= entitlement.MinColleagues || len(list.Items) > entitlement.MaxColleagues+1 {
		return none, err
	}

	// An index leads to them, which may be late: who they report to now is read.
	people, err := s.Store.Users(ctx, list.Items)
	if err != nil {
		return none, err
	}
	records, err := s.Store.SubjectRecords(ctx, list.Items)
	live := map[entitlement.UserID][]entitlement.PackageID{}
	for id, r := range records {
		live[id] = r.Live
	}
	return entitlement.CountColleagues(manager, by.ID, people, live), err
}
