package sim

import (
	"maps"
	"slices"
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
)

// committed takes in a change that became true, and checks it by the time at which it was
// decided. inv is nil while the simulation is being made.
func (o *oracle) committed(inv *invocation, c entitlement.Change, now time.Time) {
	o.seq++
	// What happened is checked against what was true before it, so memory comes first.
	o.evidence(c)
	o.authorised(inv, c)
	o.remember(c)

	for _, x := range c.Catalogs {
		o.catalog(x)
	}
	for _, x := range c.RoleAssignments {
		o.roleAssignment(x)
	}
	for _, x := range c.Resources {
		o.offered[x.ID] = !x.Erased
	}
	for _, x := range c.Users {
		o.user(x)
	}
	for _, x := range c.Groups {
		o.groups[x.ID] = true
	}
	for _, x := range c.Memberships {
		o.membership(x, c.Events)
	}
	for _, x := range c.Policies {
		o.policy(x)
	}
	for _, x := range c.Packages {
		o.pack(x)
	}
	o.named(c)

	for _, x := range c.GrantSets {
		// Any id that was ever a person's may have something under it.
		for _, id := range append([]string{x.Principal}, x.Former...) {
			o.kept[connector.PrincipalRef(id)] = true
		}
		o.accepted(x)
	}

	for _, x := range c.DeletionGuardUpdates {
		o.closed[entitlement.DeletionGuardUpdate{Package: x.Package, Policy: x.Policy}] = x.Closed
	}
	for _, x := range c.Connectors {
		o.connectorChanged(x)
	}
	o.seconded(inv, c, now)
	o.impact(c, now)
	for _, x := range c.Scopes {
		o.scope(x, now)
	}

	for _, x := range c.Jobs {
		if key := (jobKey{x.Package, x.Generation}); x.Erased {
			delete(o.jobs, key)
		} else {
			o.jobs[key] = true
		}
	}
	// Requests before slots: an assignment is checked against the request that began it.
	for _, x := range c.Requests {
		o.request(inv, x, c.Events, now)
	}
	for _, x := range c.SubjectUpdates {
		o.subjectUpdate(x)
	}

	for _, x := range c.Slots {
		o.slot(inv, x, c, now)
	}
	for _, x := range c.Ended {
		o.ended(x, c.Events, now)
	}
	for _, x := range c.Settlements {
		o.settlement(x)
	}
}

func (o *oracle) user(u entitlement.User) {
	p := o.edit(u.ID)
	p.enabled, p.deleted, p.manager, p.guest = u.Enabled, !u.Deleted.IsZero(), u.Manager, u.Type == entitlement.Guest
	o.dirty[u.ID] = true
}

func (o *oracle) membership(m entitlement.Membership, events []entitlement.Event) {
	role := entitlement.RoleRef{Connector: entitlement.BuiltinConnector, Resource: string(m.Group), Role: "Member_" + string(m.Group)}
	if m.Owner {
		role.Role = "Owner_" + string(m.Group)
		o.owned[owner{m.Group, m.User}] = true
	} else {
		o.edit(m.User).groups[m.Group] = !m.Erased
	}
	byUs := slices.ContainsFunc(events, func(e entitlement.Event) bool { return e.Actor == entitlement.Service })
	o.effect(m.User, role, !m.Erased, byUs)
}

func (o *oracle) policy(p entitlement.AssignmentPolicy) {
	if !p.Erased {
		o.policies[p.ID] = p
		return
	}
	delete(o.policies, p.ID)
	o.unused("policy "+short(string(p.ID)), func(_ entitlement.PackageID, under entitlement.PolicyID) bool { return under == p.ID })
}

// unused checks that nothing refers to what is deleted (S7).
func (o *oracle) unused(what string, is func(entitlement.PackageID, entitlement.PolicyID) bool) {
	for _, a := range o.live {
		if is(a.Package, a.Policy) {
			o.fail("S7", "%s was deleted under a live assignment", what)
		}
	}
	for _, id := range o.open {
		if r := o.requests[id].last; is(r.Package, r.Policy) {
			o.fail("S7", "%s was deleted under an open request", what)
		}
	}
}

func (o *oracle) catalog(c entitlement.Catalog) {
	if c.Erased {
		delete(o.catalogs, c.ID)
		return
	}
	o.limitChanged(c)
	o.catalogs[c.ID] = c
}

func (o *oracle) pack(p entitlement.AccessPackage) {
	if o.within[p.ID] != p.Catalog {
		o.within = maps.Clone(o.within) // the past keeps its own
		if o.within == nil {
			o.within = map[entitlement.PackageID]entitlement.CatalogID{}
		}
		o.within[p.ID] = p.Catalog
	}
	if !p.Erased {
		o.packages[p.ID] = p
		return
	}
	delete(o.packages, p.ID)
	o.unused("package "+short(string(p.ID)), func(of entitlement.PackageID, _ entitlement.PolicyID) bool { return of == p.ID })
}

func (o *oracle) scope(s entitlement.PackageScopes, now time.Time) {
	o.scopes[s.Package] = nil
	o.generation[s.Package] = s.Version + 1
	if !s.Erased {
		for _, x := range s.List {
			o.scopes[s.Package] = append(o.scopes[s.Package], x.Ref)
		}
	}

	for at, a := range o.live {
		// Whoever holds the package is to get what it gives now, and to lose what it does not.
		if at.pkg == s.Package {
			o.given(a)
			o.dirty[at.who] = true
		}
	}
}

// given notes that an assignment gives what its package has.
func (o *oracle) given(a *held) {
	if a.roles == nil {
		a.roles = map[entitlement.RoleRef]bool{}
	}
	for _, role := range o.scopes[a.Package] {
		o.gave[grant{a.Subject, role}], a.roles[role] = true, true
	}
}

func (o *oracle) subjectUpdate(h entitlement.SubjectUpdate) {
	d := o.subject(h.Subject)
	d.generation++
	d.disabled = (d.disabled || h.Disabled) && !h.Enabled
	o.dirty[h.Subject] = true
	if a := o.assignments[h.Redeliver.Assignment]; a != nil {
		a.since = o.seq
	}
}

func (o *oracle) settlement(s entitlement.Settlement) {
	d := o.subject(s.Subject)
	if s.Generation != d.generation {
		o.fail("S14", "a worker of generation %d recorded what became of %s, which is at %d", s.Generation, short(string(s.Subject)), d.generation)
	}
	if s.Reconciled {
		d.observed = s.Generation
	}
	o.dirty[s.Subject] = true
}
