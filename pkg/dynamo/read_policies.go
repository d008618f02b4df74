package dynamo

import (
	"context"
	"slices"
	"strings"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

// PoliciesFor lists policies that name everybody, the user, or one of the user's groups, of
// one page of packages in the order of their ids. Hints say where to look, and each names
// its package, so that only policies on the page are read; each of those, read strongly,
// must still name the user.
func (db *DB) PoliciesFor(ctx context.Context, u entitlement.User, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentPolicy], error) {
	list := entitlement.Paged[entitlement.AssignmentPolicy]{}
	groups, err := db.named(ctx, targetsKey(), u.Groups)
	if err != nil {
		return list, err
	}
	who := []party{{}, {kindUser, string(u.ID)}}
	for _, g := range groups {
		who = append(who, party{kindGroup, string(g)})
	}
	hints := make([][]item, len(who))
	err = db.sideBySide(ctx, len(who), func(ctx context.Context, i int) (err error) {
		hints[i], err = db.all(ctx, walk{index: index1, partition: targetRow(who[i], "").partition, after: part(entitlement.PackageID(page.Token))})
		return err
	})
	if err != nil {
		return list, err
	}
	var keys []Key
	keys, list.Next = hinted(slices.Concat(hints...), page.Size())
	policies, unread, err := legible(ctx, db, policyShape, true, keys)
	list.Unread = len(unread)
	list.Items = slices.DeleteFunc(policies, func(p entitlement.AssignmentPolicy) bool {
		return !slices.ContainsFunc(targetsOf(p), func(t party) bool { return slices.Contains(who, t) })
	})
	return list, err
}

// hinted returns the policies that the hints of the first packages lead to, and the last of
// those packages where there are more.
func hinted(hints []item, packages int) (policies []Key, next string) {
	slices.SortStableFunc(hints, func(a, b item) int { return strings.Compare(textOf(a, names.AttrI1S), textOf(b, names.AttrI1S)) })
	seen, last := 0, ""
	for _, it := range hints {
		if of := textOf(it, names.AttrI1S); seen == 0 || of != last {
			if seen == packages {
				return policies, unpart[string](last)
			}
			seen, last = seen+1, of
		}
		policies = append(policies, policyKey(policyAt(keyOf(it))))
	}
	return policies, ""
}
