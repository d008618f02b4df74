package dynamo

import (
	"context"
	"slices"

	"leasehold/pkg/entitlement"
)

// PoliciesFor lists policies that name everybody, the user, or one of the user's
// groups. Hints say where to look; each policy, read strongly, must still do so.
func (db *DB) PoliciesFor(ctx context.Context, u entitlement.User) ([]entitlement.AssignmentPolicy, error) {
	groups, err := db.named(ctx, targetsKey(), u.Groups)
	if err != nil {
		return nil, err
	}
	who := []party{{}, {kindUser, string(u.ID)}}
	for _, g := range groups {
		who = append(who, party{kindGroup, string(g)})
	}
	rows := make([][]item, len(who))
	err = db.sideBySide(ctx, len(who), func(ctx context.Context, i int) (err error) {
		rows[i], err = db.all(ctx, walk{index: index1, partition: targetRow(who[i], "").partition})
		return err
	})
	if err != nil {
		return nil, err
	}
	keys := keysOf(slices.Concat(rows...), func(it item) Key { return policyKey(policyAt(keyOf(it))) })
	policies, _, err := legible(ctx, db, policyShape, true, keys)
	return slices.DeleteFunc(policies, func(p entitlement.AssignmentPolicy) bool {
		return !slices.ContainsFunc(targetsOf(p), func(t party) bool { return slices.Contains(who, t) })
	}), err
}
