package dynamo

import (
	"slices"

	"leasehold/pkg/entitlement"
)

// users writes users with the groups that they are members of as stored and as the
// change's memberships say, whatever it says of them, and moves their unique names.
func (p *plan) users(all []entitlement.User, memberships []entitlement.Membership, old images) {
	for _, u := range all {
		before, known := old.users[u.ID]
		p.current(entitlement.PartDirectory, u.Meta, before.Meta)
		// A user who left a group may be above a bound that was lowered since, one who joins may not.
		before.ID = u.ID
		if u.Groups = before.Regrouped(memberships); len(u.Groups) > max(entitlement.MaxGroups, len(before.Groups)) {
			p.refuse(entitlement.StaleError(entitlement.PartDirectory))
		}
		write(p, userMapper, u)

		var had, has []holding
		if known {
			had = namesOf(before)
		}
		if !u.Erased {
			has = namesOf(u)
		}

		p.names(had, has)
		p.guestEntries(u, before)
	}
}

// namesOf returns what must be unique of a user. The name's sentinel also lists the
// user, since the user's own item changes with every membership.
func namesOf(u entitlement.User) []holding {
	var all []holding
	if u.UserPrincipalName != "" {
		all = append(all, holding{userNameKey(u.UserPrincipalName), tagName, string(u.ID), shardIndexKey(wordUser, u.UserPrincipalName, string(u.ID))})
	}
	for _, id := range u.Identities {
		h := holding{key: principalKey(id), tag: tagName, holder: string(u.ID)}
		if !slices.ContainsFunc(all, func(o holding) bool { return o.key == h.key }) {
			all = append(all, h)
		}
	}
	return all
}

// memberships writes member and owner rows. A member's row goes with the set of the
// user's groups, and moves the user's version: whoever decides on somebody's groups
// decides on the present ones. Users whom the change writes have it done there.
func (p *plan) memberships(all []entitlement.Membership, users []entitlement.User) {
	// One item, one action: DynamoDB refuses a transaction that names an item twice.
	written := map[entitlement.UserID]bool{}
	for _, u := range users {
		written[u.ID] = true
	}

	for _, m := range all {
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

		if !m.Owner && !written[m.User] {
			p.regroup(m)
		}
	}
}

// references checks that people and groups are there, and that people are members. A
// membership is its own small item, so that the check costs the same however many groups
// the user is in. A group of a version is one whose roles something was decided on.
func (p *plan) references(all []entitlement.Reference) {
	for _, r := range all {
		x := newExpression()
		x.present()

		key, part := groupKey(r.Group), entitlement.PartDirectory
		switch {
		case r.Version > 0:
			x = newExpression() // which is there
			x.equals(attrVersion, numeral(r.Version))
			part = entitlement.PartConfiguration
		case r.User != "" && r.Group != "":
			key = memberKey(r.Group, r.User)
		case r.User != "":
			key = userKey(r.User)
			// Whoever is being deleted is still there, and must not get into anything any more.
			x.lacks(attrDeleted)
		default:
			x.lacks(attrDeleted)
		}

		p.check(key, part, x)
	}
}

func (p *plan) regroup(m entitlement.Membership) {
	x := newExpression()
	x.present()
	x.add(attrVersion, numeral(1))
	if m.Erased {
		x.take(attrGroups, packedSet(m.Group))
	} else {
		x.sizeLimit(attrGroups, entitlement.MaxGroups-1)
		x.add(attrGroups, packedSet(m.Group))
	}
	p.update(userKey(m.User), entitlement.PartDirectory, x)
}

// absences notes that people may not be there any more, beside what is noted of them
// already: the look begins anew. What the sweep has looked at is an aggregate like
// others.
func (p *plan) absences(all []entitlement.Absence) {
	for _, a := range all {
		if a.Version > 0 {
			write(p, absenceMapper, a)
			continue
		}
		// Several may note the same person at once: what each says is added, and nothing replaced.
		x := newExpression()
		x.touch(tagAbsence)
		x.set(attrDue, instant(a.Due))
		x.place(dueIndexKey(absenceKey(a.Person), a.Due))

		x.remove(attrAgain)
		x.remove(attrCursor)

		if len(a.Groups) > 0 {
			x.add(attrGroups, packedSet(a.Groups...))
		}

		p.update(absenceKey(a.Person), entitlement.PartDirectory, x)
	}
}
