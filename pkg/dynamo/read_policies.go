package dynamo

import (
	"cmp"
	"context"
	"slices"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

// PoliciesFor lists policies that name everybody, the user, one of the user's groups or, of a
// guest, the organization or all of them, of one page of packages in the order of their ids. Index entries say where to look, and each
// names its package, so that only policies on the page are read; each of those, read
// strongly, must still name the user.
func (db *DB) PoliciesFor(ctx context.Context, u entitlement.User, of *entitlement.ConnectedOrganization, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentPolicy], error) {
	list := entitlement.Paged[entitlement.AssignmentPolicy]{}
	groups, err := db.named(ctx, targetsKey(), u.Groups)
	if err != nil {
		return list, err
	}
	// The empty one stands for policies that name everybody.
	who := []subjectSetRef{{}, {kindUser, string(u.ID)}}
	for _, g := range groups {
		who = append(who, subjectSetRef{kindGroup, string(g)})
	}

	if u.Type == entitlement.Guest {
		who = append(who, everybodyOutside)
	}
	if of != nil {
		who = append(who, subjectSetRef{kindOrganization, string(of.ID)})
	}

	predictions := make([]predictionList, len(who))
	err = db.sideBySide(ctx, len(who), func(ctx context.Context, i int) (err error) {
		predictions[i], err = db.targeted(ctx, who[i], page)
		return err
	})
	if err != nil {
		return list, err
	}

	var keys []Key
	keys, list.Next = policiesNamed(predictions, page.Size())

	policies, unread, err := readableOf(ctx, db, policyMapper, true, keys)
	list.Unread = len(unread)
	// An index entry may outlive what made it: the policy itself says whom it is for.
	list.Items = slices.DeleteFunc(policies, func(p entitlement.AssignmentPolicy) bool {
		return !slices.ContainsFunc(targetsOf(p), func(t subjectSetRef) bool { return slices.Contains(who, t) })
	})

	return list, err
}

// predictionList are the first predictions of somebody, in the order of their packages. Of the
// package until, and of those after it, there may be more; where it is empty there are none.
type predictionList struct {
	entries []item
	until   string
}

// targeted reads the first predictions of somebody: those of a page of packages, where one
// policy of each names them, and of one whole package at least.
func (db *DB) targeted(ctx context.Context, who subjectSetRef, page entitlement.Page) (predictionList, error) {
	w := tableQuery{index: index1, partition: targetIndexKey(who, "").partition, after: part(entitlement.PackageID(page.Token))}
	var list predictionList
	for at := (*cursor)(nil); ; {
		entries, next, err := db.page(ctx, w, at, page.Size()+entitlement.MaxPolicies)
		if err != nil {
			return list, err
		}

		list.entries = append(list.entries, entries...)
		if next == nil {
			return predictionList{entries: list.entries}, nil
		}
		// Up to here the lists are complete: of the package at the end some entries may be missing.
		if list.until = next.Sort; textOf(list.entries[0], names.AttrI1S) < list.until {
			return list, nil
		}

		at = next
	}
}

// policiesNamed returns the policies that the index entries of the first packages lead to, as
// far as all predictions of a package are known, and the last of those packages where there are
// more.
func policiesNamed(lists []predictionList, packages int) (policies []Key, next string) {
	var predictions []item
	until := ""
	for _, list := range lists {
		predictions = append(predictions, list.entries...)
		if list.until != "" && (until == "" || list.until < until) {
			until = list.until
		}
	}

	slices.SortStableFunc(predictions, func(a, b item) int { return cmp.Compare(textOf(a, names.AttrI1S), textOf(b, names.AttrI1S)) })

	seen, last := 0, ""
	for _, it := range predictions {
		of := textOf(it, names.AttrI1S)
		// Another list stopped here, so of this package not everything is known.
		if until != "" && of >= until {
			return policies, unpart[string](last)
		}

		if seen == 0 || of != last {
			if seen == packages {
				return policies, unpart[string](last)
			}
			seen, last = seen+1, of
		}

		policies = append(policies, policyKey(policyAt(keyOf(it))))
	}

	return policies, ""
}
