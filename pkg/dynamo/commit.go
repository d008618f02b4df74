package dynamo

import (
	"context"

	"leasehold/pkg/entitlement"
)

// Commit makes the change true, or nothing of it and Conflict.
func (db *DB) Commit(ctx context.Context, c entitlement.Change) error {
	if o := readOnce(ctx); o != nil {
		defer o.forget()
		ctx = anew(ctx)
	}
	if err := c.Guarded(); err != nil {
		return err
	}

	c = c.WithOffers()
	old, err := db.images(ctx, c)
	if err != nil {
		return err
	}

	p := db.planned(c, old)
	if p.err != nil {
		return p.err
	}
	if len(p.actions) == 0 {
		return nil
	}

	if len(p.actions) > maxActions {
		return entitlement.Errorf(entitlement.Invalid, "This is too much for one change: it touches %d items, at most %d can change together.", len(p.actions), maxActions)
	}

	// Before the transaction, since an index entry without its change misleads nobody, and a
	// change without its entries would not be found.
	if err := db.prepare(ctx, c, old); err != nil {
		return err
	}

	if err := db.transact(ctx, p); err != nil {
		return err
	}

	// A crash before this leaves entries that lead to nothing, which every reader checks.
	db.tidy(ctx, c, old)
	return nil
}

// planned turns a change into the actions of one transaction, in an order that
// depends on the change alone.
func (db *DB) planned(c entitlement.Change, old images) *plan {
	// The order is that of the actions in the transaction: the first that fails says what is stale.
	p := newPlan(db)
	p.uniqueNames(c.Names) // first: a name that is taken is told as that
	for _, v := range c.Catalogs {
		write(p, catalogMapper, v)
	}
	p.roles(c.RoleAssignments, c.Catalogs)
	p.resources(c.Resources, old)
	for _, v := range c.Packages {
		write(p, packageMapper, v)
	}
	for _, v := range c.Former {
		write(p, formerMapper, v)
	}
	p.incompatibilities(c.Incompatibilities)
	for _, v := range c.Scopes {
		write(p, scopesMapper, v)
	}
	p.policies(c.Policies, c.Packages, old)
	for _, v := range c.Connectors {
		write(p, connectorMapper, v)
	}
	for _, v := range c.Breakers {
		write(p, breakerMapper, v)
	}
	for _, v := range c.TargetResources {
		write(p, targetResourceMapper, v)
	}
	for _, v := range c.RateLeases {
		write(p, rateMapper, v)
	}
	for _, v := range c.AccountUses {
		write(p, accountUseMapper, v)
	}
	for _, v := range c.Jobs {
		write(p, jobMapper, v)
	}
	for _, v := range c.Settings {
		write(p, settingsMapper, v)
	}
	p.organizations(c.Organizations, old)
	for _, v := range c.Extensions {
		write(p, extensionMapper, v)
	}
	p.users(c.Users, c.Memberships, old)
	for _, v := range c.Groups {
		write(p, groupMapper, v)
	}
	p.memberships(c.Memberships, c.Users)
	p.references(c.References)
	p.absences(c.Absences)
	p.requests(c.Requests)
	for _, v := range c.Slots {
		write(p, assignmentSlotMapper, v)
	}
	for _, v := range c.Ended {
		write(p, endedMapper, v)
	}
	p.subjectUpdates(c.SubjectUpdates)
	p.settlements(c.Settlements)
	p.grantSets(c.GrantSets)
	p.deletionGuards(c.DeletionGuards)
	p.deletionGuardUpdates(c.DeletionGuardUpdates)
	for _, v := range c.Sessions {
		write(p, sessionMapper, v)
	}
	for _, v := range c.SessionFiles {
		write(p, sessionFileMapper, v)
	}
	for _, v := range c.ImpactJobs {
		write(p, impactJobMapper, v)
	}
	for _, v := range c.ImpactPeople {
		write(p, impactPeopleMapper, v)
	}
	for _, v := range c.ImpactChanges {
		write(p, impactChangeMapper, v)
	}
	p.unmoved(c.Unmoved)
	p.watches(c.Watches)
	for _, v := range c.Paces {
		write(p, paceMapper, v)
	}
	for _, v := range c.PaceWalks {
		write(p, paceWalkMapper, v)
	}
	for _, v := range c.Figures {
		write(p, figuresMapper, v)
	}
	for _, v := range c.DriftScans {
		write(p, driftScanMapper, v)
	}
	for _, v := range c.DriftFindings {
		write(p, driftFindingMapper, v)
	}
	for _, v := range c.DriftSeen {
		write(p, driftSeenMapper, v)
	}
	for _, v := range c.DriftWalks {
		write(p, driftWalkMapper, v)
	}
	p.events(c)

	return p
}

// images are items as they are before a change, where what they hold now decides
// which other items change with them. The version condition protects what follows.
type images struct {
	users     map[entitlement.UserID]entitlement.User
	resources map[Key]entitlement.Resource
	policies  map[entitlement.PolicyID]entitlement.AssignmentPolicy

	organizations map[entitlement.OrganizationID]entitlement.ConnectedOrganization
}

func (db *DB) images(ctx context.Context, c entitlement.Change) (images, error) {
	var old images
	var keys []Key
	// What is new has no image: its absence is the condition.
	for _, u := range c.Users {
		if u.Version > 0 {
			keys = append(keys, userKey(u.ID))
		}
	}
	for _, r := range c.Resources {
		if r.Version > 0 {
			keys = append(keys, resourceMapper.key(r))
		}
	}
	for _, p := range c.Policies {
		if p.Version > 0 {
			keys = append(keys, policyKey(p.ID))
		}
	}
	for _, o := range c.Organizations {
		if o.Version > 0 {
			keys = append(keys, organizationKey(o.ID))
		}
	}

	if len(keys) == 0 {
		return old, nil
	}

	old = images{map[entitlement.UserID]entitlement.User{}, map[Key]entitlement.Resource{}, map[entitlement.PolicyID]entitlement.AssignmentPolicy{}, map[entitlement.OrganizationID]entitlement.ConnectedOrganization{}}

	all, err := db.batch(ctx, true, keys...)
	if err != nil {
		return old, err
	}
	for key, it := range all {
		if err := old.add(key, it); err != nil {
			return old, err
		}
	}

	return old, nil
}

func (o images) add(key Key, it item) error {
	switch textOf(it, attrType) {
	case userMapper.tag:
		u, err := userMapper.read(it)
		o.users[u.ID] = u
		return err
	case resourceMapper.tag:
		r, err := resourceMapper.read(it)
		o.resources[key] = r
		return err
	case organizationMapper.tag:
		c, err := organizationMapper.read(it)
		o.organizations[c.ID] = c
		return err
	default:
		p, err := policyMapper.read(it)
		o.policies[p.ID] = p
		return err
	}
}

// current refuses early what the transaction would: an image of another version than
// the change was decided on says nothing about it.
func (p *plan) current(part entitlement.Part, decided, stored entitlement.Meta) {
	if decided.Version != stored.Version {
		p.refuse(entitlement.StaleError(part))
	}
}
