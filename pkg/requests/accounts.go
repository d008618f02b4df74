package requests

import (
	"cmp"
	"context"
	"slices"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// TargetAccount is an account that was made for a person at a target, or may have been.
type TargetAccount struct {
	entitlement.Account
	Connector entitlement.ConnectorID
	Name      string // of the connector; "" where it is not registered any more
}

// AccountsOf returns the accounts that were made for a person, for those who may list every
// assignment. Accounts that were there are not on record.
func (s *Service) AccountsOf(ctx context.Context, by authz.Caller, subject entitlement.UserID) ([]TargetAccount, error) {
	if err := s.mayListAll(ctx, by, authz.ListAssignments); err != nil {
		return nil, err
	}
	_, grantSets, err := s.Store.SubjectRecord(ctx, subject)
	if err != nil {
		return nil, err
	}

	var all []TargetAccount
	for _, set := range grantSets {
		if set.Account.State != "" {
			all = append(all, TargetAccount{Account: set.Account, Connector: set.Connector})
		}
	}
	if len(all) == 0 {
		return nil, nil
	}

	registered, err := s.Store.ListConnectors(ctx)
	if err != nil {
		return nil, err
	}
	for i := range all {
		if n := slices.IndexFunc(registered, func(c entitlement.ConnectorConfig) bool { return c.ID == all[i].Connector }); n >= 0 {
			all[i].Name = registered[n].DisplayName
		}
	}
	slices.SortFunc(all, func(a, b TargetAccount) int { return cmp.Compare(a.Connector, b.Connector) })
	return all, nil
}
