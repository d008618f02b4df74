package memstore

import (
	"context"
	"reflect"
	"slices"
	"strings"

	"leasehold/pkg/entitlement"
)

// Commit makes the change true, or nothing of it and Conflict. A change that touches
// one item twice, or more than a hundred, is Invalid.
func (s *Store) Commit(ctx context.Context, c entitlement.Change) error {
	if err := c.Guarded(); err != nil {
		return err
	}
	return alter(ctx, s, "Commit", subjectsOf(c), func() error {
		p := &plan{state: s.state, touched: set[item]{}}
		p.configuration(c)
		p.directory(c)
		p.work(c)
		p.conditions(c)
		if len(p.touched) > maxActions {
			return entitlement.Errorf(entitlement.Invalid, "This changes %d items at once; at most %d are possible.", len(p.touched), maxActions)
		}
		if p.err != nil {
			return p.err
		}
		p.run()
		s.index.commit(p.step)
		return nil
	})
}

// subjectsOf lists the ids that a fault may be aimed at: the people and requests of a change.
func subjectsOf(c entitlement.Change) []string {
	var ids []string
	for _, r := range c.Requests {
		ids = append(ids, string(r.ID), string(r.Subject))
	}
	for _, x := range c.Slots {
		ids = append(ids, string(x.Subject))
	}
	for _, x := range c.Heads {
		ids = append(ids, string(x.Subject))
	}
	for _, x := range c.Settlements {
		ids = append(ids, string(x.Subject))
	}
	for _, x := range c.Sheets {
		ids = append(ids, string(x.Subject))
	}
	return ids
}

func (p *plan) configuration(c entitlement.Change) {
	const part = entitlement.PartConfiguration
	for _, v := range c.Catalogs {
		put(p, p.catalogs, part, v.ID, v, catalogRows)
	}
	for _, v := range c.Resources {
		p.resource(v)
	}
	for _, v := range c.Packages {
		put(p, p.packages, part, v.ID, v, packageRows)
	}
	for _, v := range c.Incompatibilities {
		p.incompatibility(v)
	}
	for _, v := range c.Scopes {
		put(p, p.scopes, part, v.Package, v, nil)
	}
	for _, v := range c.Policies {
		put(p, p.policies, part, v.ID, v, policyRows)
		p.then(func() {
			for _, g := range approversOf(v) {
				p.approvers[g] = struct{}{}
			}
		})
	}
	for _, v := range c.Connectors {
		put(p, p.connectors, part, v.ID, v, connectorRows)
	}
	for _, v := range c.Breakers {
		put(p, p.breakers, part, v.Connector, v, breakerRows)
	}
	for _, v := range c.TargetResources {
		put(p, p.targets, entitlement.PartTargetResource, targetKey{v.Connector, v.Resource}, v, nil)
	}
	for _, v := range c.Jobs {
		put(p, p.jobs, part, jobKey{v.Package, v.Gen}, v, jobRows)
	}
}

func (p *plan) resource(v entitlement.Resource) {
	key := resourceKey{v.Catalog, v.ID}
	old, there := put(p, p.resources, entitlement.PartConfiguration, key, v, nil)
	var before, after originKey
	if there {
		before = originKey{old.Catalog, old.Connector, old.OriginID}
	}
	entry := row{list: resourcesOf(v.Catalog), sort: string(v.ID), ref: key}
	if v.Erased {
		p.then(func() { p.strong.drop(entry) })
	} else {
		after = originKey{v.Catalog, v.Connector, v.OriginID}
		p.then(func() { p.strong.add(entry) })
	}
	claimName(p, p.origins, before, after, v.ID)
}

// incompatibility plans to make or end an entry of what lists a package.
func (p *plan) incompatibility(v entitlement.Incompatibility) {
	p.touch("incompatibility", entitlement.Incompatibility{Package: v.Package, Listed: v.Listed})
	entry := row{list: incompatibleWith(v.Listed), sort: string(v.Package), ref: v.Package}
	_, is := p.strong.find(entry)
	p.demand(is == v.Erased, entitlement.PartConfiguration)
	p.then(func() {
		if v.Erased {
			p.strong.drop(entry)
		} else {
			p.strong.add(entry)
		}
	})
}

func (p *plan) directory(c entitlement.Change) {
	written := set[entitlement.UserID]{}
	for _, v := range c.Users {
		written[v.ID] = struct{}{}
		p.user(v, c.Memberships)
	}
	for _, v := range c.Groups {
		put(p, p.groups, entitlement.PartDirectory, v.ID, v, groupRows)
	}
	for _, m := range c.Memberships {
		if m.Owner {
			p.ownership(m)
		} else {
			_, with := written[m.User]
			p.membership(m, with)
		}
	}
	for _, r := range c.References {
		p.reference(r)
	}
	for _, a := range c.Absences {
		p.absence(a)
	}
}

// absence plans to note that somebody may not be there any more, beside what is noted
// already, or to write what the tick has looked at.
func (p *plan) absence(v entitlement.Absence) {
	old, there := p.absences[v.Person]
	if v.Version == 0 && there {
		v.Version = old.Version
		for _, g := range old.Groups {
			if !slices.Contains(v.Groups, g) {
				v.Groups = append(slices.Clone(v.Groups), g)
			}
		}
	}
	v.Groups = slices.Compact(slices.Sorted(slices.Values(v.Groups)))
	put(p, p.absences, entitlement.PartDirectory, v.Person, v, absenceRows)
}

// user plans to write a user with the groups that are stored and that the memberships
// make and end, and to move its names.
func (p *plan) user(v entitlement.User, memberships []entitlement.Membership) {
	stored := p.users[v.ID]
	stored.ID = v.ID
	v.Groups = stored.Regrouped(memberships)
	p.demand(len(v.Groups) <= max(entitlement.MaxGroups, len(stored.Groups)), entitlement.PartDirectory)
	old, _ := put(p, p.users, entitlement.PartDirectory, v.ID, v, userRows)
	if v.Erased {
		v.UserPrincipalName, v.Identities = "", nil
	}
	claimName(p, p.names, strings.ToLower(old.UserPrincipalName), strings.ToLower(v.UserPrincipalName), v.ID)
	before, after := members(old.Identities), members(v.Identities)
	var none entitlement.Principal
	for b := range before {
		if _, stays := after[b]; !stays {
			claimName(p, p.principals, b, none, v.ID)
		}
	}
	for a := range after {
		if _, was := before[a]; !was {
			claimName(p, p.principals, none, a, v.ID)
		}
	}
}

// reference plans to demand that a user or a group is there, or a membership.
func (p *plan) reference(r entitlement.Reference) {
	if r.User != "" && r.Group != "" {
		p.touch("member", memberKey{r.Group, r.User})
		_, is := p.members[memberKey{r.Group, r.User}]
		p.demand(is, entitlement.PartDirectory)
		return
	}
	if r.User != "" {
		p.touch(reflect.TypeFor[entitlement.User](), r.User)
		u, there := p.users[r.User]
		p.demand(there && !u.Gone(), entitlement.PartDirectory)
		return
	}
	p.touch(reflect.TypeFor[entitlement.Group](), r.Group)
	_, there := p.groups[r.Group]
	p.demand(there, entitlement.PartDirectory)
}

// members returns a list as a set.
func members[T comparable](list []T) set[T] {
	s := set[T]{}
	for _, x := range list {
		s[x] = struct{}{}
	}
	return s
}
