package dynamo

import (
	"cmp"
	"context"
	"slices"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/order"
)

// Candidates reads what somebody may be able to ask for, of a page of packages in the order of
// their ids: the packages that are offered to everybody, or to every member, as the fifth index
// has them, and of all others the policies that name the user, one of the user's groups or, of a
// guest, the organization or all of them.
// Entries of the first index say which those are, and each names its package, so that only
// policies on the page are read; each of those must still name the user.
//
// A page ends where reading it on, with packages and catalogs, would take more than so many
// read units. It is for a list, which decides nothing: what it says may be late as an index is.
func (db *DB) Candidates(ctx context.Context, u entitlement.User, of *entitlement.ConnectedOrganization, units float64, page entitlement.Page) (entitlement.Candidates, error) {
	found := entitlement.Candidates{}
	groups, err := db.named(ctx, targetsKey(), u.Groups)
	if err != nil {
		return found, err
	}
	who := []subjectSetRef{{kindUser, string(u.ID)}}
	for _, g := range groups {
		who = append(who, subjectSetRef{kindGroup, string(g)})
	}

	if u.Type == entitlement.Guest {
		who = append(who, everybodyOutside)
	}
	if of != nil {
		who = append(who, subjectSetRef{kindOrganization, string(of.ID)})
	}

	lists := db.candidateLists(u, who, page)
	err = db.sideBySide(ctx, len(lists), func(ctx context.Context, i int) (err error) {
		return db.readCandidates(ctx, &lists[i], page)
	})
	if err != nil {
		return found, err
	}

	keys, err := db.choose(ctx, &found, lists, units, page)
	if err != nil {
		return found, err
	}
	policies, unread, err := readableOf(ctx, db, policyMapper, false, keys)
	found.Unread += len(unread)
	// An index entry may outlive what made it: the policy itself says whom it is for.
	found.Policies = slices.DeleteFunc(policies, func(p entitlement.AssignmentPolicy) bool {
		return !slices.ContainsFunc(targetsOf(p), func(t subjectSetRef) bool { return slices.Contains(who, t) })
	})

	return found, err
}

// candidateList is one partition of entries in the order of their packages. Of the package
// until, and of those after it, there may be more; where it is empty there are none.
type candidateList struct {
	query   tableQuery
	limit   int
	entries []item
	until   string
}

// Entries of those whom policies name that one page reads of all of them, and of each.
const (
	namedEntries    = 160
	namedEntriesMin = 20
)

// candidateLists are the partitions that a page is made of.
func (db *DB) candidateLists(u entitlement.User, who []subjectSetRef, page entitlement.Page) []candidateList {
	after := part(entitlement.PackageID(page.Token))
	var lists []candidateList
	for _, audience := range entitlement.Audiences {
		if audience.Has(u) {
			lists = append(lists, candidateList{query: tableQuery{index: index5, partition: offerPartition(audience), after: after}, limit: page.Size() + 1})
		}
	}

	limit := max(namedEntries/len(who), namedEntriesMin)
	if page.Thorough {
		limit = page.Size() + entitlement.MaxPolicies
	}
	for _, w := range who {
		lists = append(lists, candidateList{query: tableQuery{index: index1, partition: targetIndexKey(w, "").partition, after: after}, limit: limit})
	}
	return lists
}

// readCandidates reads the first entries of a list: of one whole package at least.
func (db *DB) readCandidates(ctx context.Context, list *candidateList, page entitlement.Page) error {
	for at := (*cursor)(nil); ; {
		entries, next, err := db.page(ctx, list.query, at, list.limit)
		if err != nil {
			return err
		}

		list.entries = append(list.entries, entries...)
		if next == nil {
			return nil
		}
		// Up to here the lists are complete: of the package at the end some entries may be missing.
		if textOf(list.entries[0], list.query.index.Sort) < next.Sort {
			list.until = next.Sort
			return nil
		}

		at = next
	}
}

// Read units that a package of a page takes beyond its entry: half of one for each thing that is
// read as listed.
const unitsAsListed = 0.5

// unitsOfALook is about what it takes to see whether anything follows a page.
const unitsOfALook = 6

// candidate is what the lists have of one package.
type candidate struct {
	of       string
	offered  item
	policies []Key
}

// choose fills the page with the first packages of which all lists have everything, as far as
// the units go. It returns the keys of the policies to be read.
func (db *DB) choose(ctx context.Context, found *entitlement.Candidates, lists []candidateList, units float64, page entitlement.Page) ([]Key, error) {
	all, until, spent := joined(lists)
	units -= spent

	var keys []Key
	catalogs, last := map[entitlement.CatalogID]bool{}, ""
	for n, c := range all {
		p, err := c.read()
		if db.unread(ctx, err) {
			found.Unread++
		} else if err != nil {
			return nil, err
		}

		// What is named is read with its package, and with a catalog that may be a new one.
		takes := 0.0
		switch {
		case c.offered == nil:
			takes = unitsAsListed * float64(2+len(c.policies))
		case !catalogs[p.Catalog]:
			takes = unitsAsListed
		}
		// Of a package at which a list was left off not everything is known.
		dear := !page.Thorough && takes > units
		if n > 0 && (dear || n == page.Size()) || until != "" && c.of >= until {
			found.Next, found.Spent, found.Following = unpart[string](last), dear || units < unitsOfALook, p.Catalog
			return keys, nil
		}

		units, last = units-takes, c.of
		switch {
		case c.offered == nil:
			keys = append(keys, c.policies...)
		case err == nil:
			catalogs[p.Catalog] = true
			found.Offered = append(found.Offered, p)
		}
	}

	return keys, nil
}

// joined puts the lists together, a candidate for each package in the order of ids: up to until,
// where it is not empty, there is everything. It took so many units to read them.
func joined(lists []candidateList) (all []candidate, until string, units float64) {
	found := map[string]*candidate{}
	for _, list := range lists {
		size := 0
		for _, it := range list.entries {
			size += ItemSize(it)
			of := textOf(it, list.query.index.Sort)
			if found[of] == nil {
				found[of] = &candidate{of: of}
			}
			if list.query.index == index5 {
				found[of].offered = it
			} else {
				found[of].policies = append(found[of].policies, policyKey(policyAt(keyOf(it))))
			}
		}
		units += unitsAsListed * float64(1+size/4096)

		if list.until != "" && (until == "" || list.until < until) {
			until = list.until
		}
	}

	for _, c := range found {
		all = append(all, *c)
	}
	order.SortFunc(all, func(a, b candidate) int { return cmp.Compare(a.of, b.of) })
	return all, until, units
}

// read returns what the index projects of a package; nothing of one that is not offered.
func (c candidate) read() (entitlement.AccessPackage, error) {
	var p entitlement.AccessPackage
	if c.offered == nil {
		return p, nil
	}
	f := &fields{item: c.offered, reading: true}
	packageMapper.name(&p, keyOf(c.offered))
	packageMapper.body(f, &p)
	return p, f.failure(c.offered)
}

// PackagesAsListed returns those of the packages that there are. It promises no more than an
// index does, at half of what it costs to be sure: it is for lists, which decide nothing.
func (db *DB) PackagesAsListed(ctx context.Context, ids []entitlement.PackageID) ([]entitlement.AccessPackage, error) {
	list, _, err := readableOf(ctx, db, packageMapper, false, keysOf(ids, packageKey))
	return list, err
}

// PoliciesAsListed is PackagesAsListed for policies.
func (db *DB) PoliciesAsListed(ctx context.Context, ids []entitlement.PolicyID) ([]entitlement.AssignmentPolicy, error) {
	list, _, err := readableOf(ctx, db, policyMapper, false, keysOf(ids, policyKey))
	return list, err
}

// CatalogsAsListed is PackagesAsListed for catalogs.
func (db *DB) CatalogsAsListed(ctx context.Context, ids []entitlement.CatalogID) ([]entitlement.Catalog, error) {
	list, _, err := readableOf(ctx, db, catalogMapper, false, keysOf(ids, catalogKey))
	return list, err
}
