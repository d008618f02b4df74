package dynamo

import (
	"cmp"
	"context"
	"slices"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
	"leasehold/pkg/order"
)

// Two entries lead sponsors to the people of their organizations. One lies beside a guest, for each
// identity source that they sign in at, and the other beside an organization, for each internal
// sponsor. Both are written in the transaction of what they are of, on its version: they need no
// condition of their own. They only say where to look.

// guestKey is the entry beside a guest for an identity source that they sign in at. It lies
// outside of the range in which record and grants of a person are read.
func guestKey(u entitlement.UserID, source entitlement.IdentitySource) Key {
	return Key{userKey(u).PK, join(wordSignedInAt, source.Place())}
}

// guestPartition is where the fifth index has the guests who sign in at a source.
func guestPartition(place string) string { return join(wordGuest, part(place)) }

// sponsorKey is the entry beside an organization for an internal sponsor.
func sponsorKey(o entitlement.OrganizationID, who subjectSetRef) Key {
	return Key{organizationKey(o).PK, join(wordSponsor, who.kind, part(who.id))}
}

// sponsorPartition is where the first index has the organizations of a sponsor, by their ids.
func sponsorPartition(who subjectSetRef) string { return join(wordSponsor, who.kind, part(who.id)) }

// sponsorsKey is the set of the groups that sponsor anything, or ever did.
func sponsorsKey() Key { return Key{wordConfig, "SPONSORS"} }

// guestEntries keeps the entries of a guest at the sources that they sign in at, by name.
func (p *plan) guestEntries(u, before entitlement.User) {
	if u.Erased {
		u = entitlement.User{ID: u.ID}
	}
	had, has := sourcesOf(before), sourcesOf(u)
	for _, s := range had {
		if !slices.ContainsFunc(has, sameAs(s)) {
			p.delete(guestKey(u.ID, s), entitlement.PartDirectory, newExpression())
		}
	}

	renamed := encName(u.DisplayName) != encName(before.DisplayName)
	for _, s := range has {
		if renamed || !slices.ContainsFunc(had, sameAs(s)) {
			it := item{}
			seal(it, guestKey(u.ID, s), tagGuest, 1)
			index(it, indexKeys{offers: indexKey{guestPartition(s.Place()), join(encName(u.DisplayName), part(u.ID))}})
			p.put(entitlement.PartDirectory, it, newExpression())
		}
	}
}

// sourcesOf are those that a guest signs in at, each once.
func sourcesOf(u entitlement.User) (all []entitlement.IdentitySource) {
	for _, s := range u.SignsInAt() {
		if !slices.ContainsFunc(all, sameAs(s)) {
			all = append(all, s)
		}
	}
	return all
}

func sameAs(s entitlement.IdentitySource) func(entitlement.IdentitySource) bool {
	return func(o entitlement.IdentitySource) bool { return o.Unique() == s.Unique() }
}

// sponsorEntries keeps the entries of an organization's internal sponsors.
func (p *plan) sponsorEntries(o, before entitlement.ConnectedOrganization) {
	had, has := sponsorRefs(before), sponsorRefs(o)
	if o.Erased {
		has = nil
	}
	for _, who := range had {
		if !slices.Contains(has, who) {
			p.delete(sponsorKey(o.ID, who), entitlement.PartConfiguration, newExpression())
		}
	}
	for _, who := range has {
		if !slices.Contains(had, who) {
			it := item{}
			seal(it, sponsorKey(o.ID, who), tagSponsor, 1)
			index(it, indexKeys{first: indexKey{sponsorPartition(who), part(o.ID)}})
			p.put(entitlement.PartConfiguration, it, newExpression())
		}
	}
}

func sponsorRefs(o entitlement.ConnectedOrganization) (all []subjectSetRef) {
	for _, s := range o.InternalSponsors {
		who := subjectSetRef{kindUser, string(s.User)}
		if s.Group != "" {
			who = subjectSetRef{kindGroup, string(s.Group)}
		}
		if who.id != "" && !slices.Contains(all, who) {
			all = append(all, who)
		}
	}
	return all
}

// SponsoredBy lists the organizations that somebody is an internal sponsor of, alone or by a group,
// in the order of their ids. An index leads to them, which may be late; each is read strongly, and
// one that does not have them as a sponsor any more is left out.
func (db *DB) SponsoredBy(ctx context.Context, u entitlement.User, page entitlement.Page) (entitlement.Paged[entitlement.ConnectedOrganization], error) {
	out := entitlement.Paged[entitlement.ConnectedOrganization]{}
	groups, err := db.named(ctx, sponsorsKey(), u.Groups)
	if err != nil {
		return out, err
	}
	who := []subjectSetRef{{kindUser, string(u.ID)}}
	for _, g := range groups {
		who = append(who, subjectSetRef{kindGroup, string(g)})
	}

	found := make([][]entitlement.OrganizationID, len(who))
	err = db.sideBySide(ctx, len(who), func(ctx context.Context, i int) error {
		query := tableQuery{index: index1, partition: sponsorPartition(who[i]), after: part(entitlement.OrganizationID(page.Token))}
		entries, _, err := db.page(ctx, query, nil, page.Size()+1)
		for _, entry := range entries {
			found[i] = append(found[i], lastOf[entitlement.OrganizationID](textOf(entry, names.AttrI1S)))
		}
		return err
	})
	if err != nil {
		return out, err
	}

	ids := slices.Concat(found...)
	order.SortFunc(ids, func(a, b entitlement.OrganizationID) int { return cmp.Compare(part(a), part(b)) })
	if ids = slices.Compact(ids); len(ids) > page.Size() {
		ids = ids[:page.Size()]
		out.Next = string(ids[len(ids)-1])
	}
	items, unread, err := readableOf(ctx, db, organizationMapper, true, keysOf(ids, organizationKey))
	out.Items, out.Unread = slices.DeleteFunc(items, func(o entitlement.ConnectedOrganization) bool { return !o.SponsoredBy(u) }), len(unread)
	return out, err
}

// GuestsAt lists who signs in at an identity source, by name, as the index has them: it may be
// late, and some may belong to another organization than the source is of, so that each is to be read.
func (db *DB) GuestsAt(ctx context.Context, place string, page entitlement.Page) (entitlement.Paged[entitlement.UserID], error) {
	w := tableQuery{index: index5, partition: guestPartition(place), prefix: encNamed(page.Named)}
	return within(ctx, db, w, page, func(entry item) (entitlement.UserID, error) { return userAt(keyOf(entry)), nil })
}

// OrganizationsOf says to which organization each of several people belongs, read strongly: the
// first of the sources that they sign in at which one has. Who belongs to none is not in it.
func (db *DB) OrganizationsOf(ctx context.Context, all []entitlement.User) (map[entitlement.UserID]entitlement.OrganizationID, error) {
	var keys []Key
	for _, u := range all {
		keys = append(keys, keysOf(u.SignsInAt(), sourceKey)...)
	}
	taken, err := db.batch(ctx, true, keys...)
	if err != nil {
		return nil, err
	}

	of := map[entitlement.UserID]entitlement.OrganizationID{}
	for _, u := range all {
		for _, s := range u.SignsInAt() {
			it, there := taken[sourceKey(s)]
			if !there {
				continue
			}
			if of[u.ID], err = holderOf[entitlement.OrganizationID](it, tagName); err != nil {
				return nil, err
			}
			break
		}
	}
	return of, nil
}
