package storetest

import (
	"context"

	"leasehold/pkg/entitlement"
)

func keptDriftScan() kept {
	type T = entitlement.DriftScan
	return keep("DriftScan", entitlement.PartConfiguration, func(v *T) *entitlement.Meta { return &v.Meta },
		func(first, later *T) { later.Role = first.Role },
		func(v T) entitlement.Change { return entitlement.Change{DriftScans: []T{v}} },
		func(ctx context.Context, s Store, v T) (T, error) { return s.DriftScan(ctx, v.Role.Connector, v.ID()) })
}

func keptDriftFinding() kept {
	type T = entitlement.DriftFinding
	return keep("DriftFinding", entitlement.PartConfiguration, func(v *T) *entitlement.Meta { return &v.Meta },
		func(first, later *T) { later.Role, later.Principal = first.Role, first.Principal },
		func(v T) entitlement.Change { return entitlement.Change{DriftFindings: []T{v}} },
		func(ctx context.Context, s Store, v T) (T, error) {
			return s.DriftFinding(ctx, v.Role.Connector, entitlement.DriftScanOf(v.Role), v.ID())
		})
}

func keptDriftSeen() kept {
	type T = entitlement.DriftSeen
	return keep("DriftSeen", entitlement.PartConfiguration, func(v *T) *entitlement.Meta { return &v.Meta },
		func(first, later *T) { later.Role, later.Part = first.Role, first.Part },
		func(v T) entitlement.Change { return entitlement.Change{DriftSeen: []T{v}} },
		func(ctx context.Context, s Store, v T) (T, error) {
			all, err := s.DriftSeen(ctx, v.Role)
			if err != nil || len(all) == 0 {
				return T{}, entitlement.Errorf(entitlement.NotFound, "Nothing was seen: %v.", err)
			}
			return all[0], nil
		})
}

func keptDriftWalk() kept {
	type T = entitlement.DriftWalk
	return keep("DriftWalk", entitlement.PartConfiguration, func(v *T) *entitlement.Meta { return &v.Meta },
		func(*T, *T) {},
		func(v T) entitlement.Change { return entitlement.Change{DriftWalks: []T{v}} },
		func(ctx context.Context, s Store, _ T) (T, error) { return s.DriftWalk(ctx) })
}
