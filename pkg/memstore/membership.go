package memstore

import (
	"reflect"
	"slices"

	"leasehold/pkg/entitlement"
)

// membership plans to make or end a membership, and moves its user's version, so that
// whoever decides on a user's groups decides on the present ones; a user whom the change
// writes has it done there.
func (p *plan) membership(m entitlement.Membership, written bool) {
	key := memberKey{m.Group, m.User}
	p.touch("member", memberKey{m.Group, m.User})
	_, is := p.members[key]
	p.demand(is == m.Erased, entitlement.PartDirectory)
	entry := row{list: membersOf(m.Group), sort: string(m.User), ref: m.User}
	p.then(func() {
		if m.Erased {
			delete(p.members, key)
			p.strong.drop(entry)
		} else {
			p.members[key] = struct{}{}
			p.strong.add(entry)
		}
	})
	if !written {
		p.regroup(m)
	}
}

// regroup plans to change a user's groups, whatever its version is.
func (p *plan) regroup(m entitlement.Membership) {
	p.touch(reflect.TypeFor[entitlement.User](), m.User)
	u, there := p.users[m.User]
	p.demand(there && (m.Erased || len(u.Groups) < entitlement.MaxGroups), entitlement.PartDirectory)
	p.then(func() {
		u.Version++
		u.Groups = slices.DeleteFunc(slices.Clone(u.Groups), func(g entitlement.GroupID) bool { return g == m.Group })
		if !m.Erased {
			u.Groups = append(u.Groups, m.Group)
		}
		p.users[m.User] = u
	})
}

func (p *plan) ownership(m entitlement.Membership) {
	key := memberKey{m.Group, m.User}
	p.touch("owner", memberKey{m.Group, m.User})
	_, is := p.owners[key]
	p.demand(is == m.Erased, entitlement.PartDirectory)
	p.then(func() {
		if m.Erased {
			delete(p.owners, key)
		} else {
			p.owners[key] = struct{}{}
		}
	})
}
