package dynamo

import (
	"slices"

	"leasehold/pkg/entitlement"
)

// users writes users with the groups that they are members of as stored, changed by
// the memberships of the same change alone; and moves their unique names.
func (p *plan) users(c entitlement.Change, old images, names *nameMoves) {
	for _, u := range c.Users {
		before, known := old.users[u.ID]
		p.current(entitlement.PartDirectory, u.Meta, before.Meta)
		u.Groups = slices.Clone(before.Groups)
		moves := int64(1)
		for _, m := range c.Memberships {
			if m.User == u.ID && !m.Owner {
				u.Groups = regrouped(u.Groups, m)
				moves++
			}
		}
		if len(u.Groups) > entitlement.MaxGroups {
			p.refuse(entitlement.StaleError(entitlement.PartDirectory))
		}
		writeMoved(p, userShape, u, moves)
		var had, has []holding
		if known {
			had = namesOf(before)
		}
		if !u.Erased {
			has = namesOf(u)
		}
		names.move(had, has)
	}
}

func regrouped(groups []entitlement.GroupID, m entitlement.Membership) []entitlement.GroupID {
	groups = slices.DeleteFunc(groups, func(g entitlement.GroupID) bool { return g == m.Group })
	if m.Erased {
		return groups
	}
	return append(groups, m.Group)
}

// namesOf returns what must be unique of a user. The name's sentinel also lists the
// user, since the user's own item changes with every membership.
func namesOf(u entitlement.User) []holding {
	var all []holding
	if u.UserPrincipalName != "" {
		all = append(all, holding{userNameKey(u.UserPrincipalName), tagName, string(u.ID), shardRow(wordUser, u.UserPrincipalName, string(u.ID))})
	}
	for _, id := range u.Identities {
		h := holding{key: principalKey(id), tag: tagName, holder: string(u.ID)}
		if !slices.ContainsFunc(all, func(o holding) bool { return o.key == h.key }) {
			all = append(all, h)
		}
	}
	return all
}

// memberships writes member and owner rows, and the groups of each user that the
// change does not write anyway: one relative update a user.
func (p *plan) memberships(c entitlement.Change) {
	done := map[entitlement.UserID]bool{}
	for _, u := range c.Users {
		done[u.ID] = true
	}
	for _, m := range c.Memberships {
		key, tag := memberKey(m.Group, m.User), tagMember
		if m.Owner {
			key, tag = ownerKey(m.Group, m.User), tagOwner
		}
		if m.Erased {
			x := newExpression()
			x.present()
			p.delete(key, entitlement.PartDirectory, x)
		} else {
			it := item{}
			seal(it, key, tag, 1)
			p.putNew(entitlement.PartDirectory, it)
		}
		if !m.Owner && !done[m.User] {
			done[m.User] = true
			p.groupsOf(m.User, c.Memberships)
		}
	}
}

// groupsOf changes the set of a user's groups and moves the user's version by one for
// each membership.
func (p *plan) groupsOf(u entitlement.UserID, all []entitlement.Membership) {
	var joined, left []entitlement.GroupID
	for _, m := range all {
		switch {
		case m.User != u || m.Owner:
		case m.Erased:
			left = append(left, m.Group)
		default:
			joined = append(joined, m.Group)
		}
	}
	x := newExpression()
	x.present()
	x.add(attrVersion, numeral(int64(len(joined)+len(left))))
	switch {
	case len(joined) > 0 && len(left) > 0:
		p.invalid("One change may not both add a user to groups and remove the user from others.")
		return
	case len(joined) > 0:
		x.room(attrGroups, entitlement.MaxGroups-len(joined))
		x.add(attrGroups, packedSet(joined...))
	default:
		x.take(attrGroups, packedSet(left...))
	}
	p.update(userKey(u), entitlement.PartDirectory, x)
}
