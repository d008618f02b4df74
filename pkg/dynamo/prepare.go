package dynamo

import (
	"context"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

// prepare puts, before a change names them, the index entries that only say where to
// look. One that is there without its change misleads nobody: whoever follows it reads
// the item.
func (db *DB) prepare(ctx context.Context, c entitlement.Change, old images) error {
	var todo []*dynamodb.UpdateItemInput
	sets := map[string]int64{}

	for _, r := range c.Requests {
		if who, ok := asks(r); ok && who.kind == kindSet && !r.Erased {
			if ttl := setEnd(r); !db.hasSet(who.id, ttl) {
				sets[who.id] = ttl
				todo = append(todo, db.approverSet(who.id, currentApprovers(r), ttl)...)
			}
		}
		if slices.Contains(currentApprovers(r), administrators) && !db.hasSet(administrators.id, 1) { // whom no policy need have named
			sets[administrators.id] = 1
			todo = append(todo, db.namedGroups(approversKey(), []subjectSetRef{administrators})...)
		}
	}

	for _, p := range c.Policies {
		if p.Erased {
			continue
		}
		todo = append(todo, db.targetEntries(p, old.policies[p.ID])...)
		todo = append(todo, db.namedGroups(approversKey(), approversOf(p))...)
		todo = append(todo, db.namedGroups(targetsKey(), targetsOf(p))...)
	}

	for _, o := range c.Organizations {
		had := sponsorRefs(old.organizations[o.ID])
		todo = append(todo, db.namedGroups(sponsorsKey(), slices.DeleteFunc(sponsorRefs(o), func(who subjectSetRef) bool { return slices.Contains(had, who) }))...)
	}

	err := db.sideBySide(ctx, len(todo), func(ctx context.Context, i int) error {
		_, err := db.client.UpdateItem(ctx, todo[i])
		if err != nil && !conditionFailed(err) { // what failed is there already
			return failed(ctx, "prepare", err)
		}
		return nil
	})

	for set, ttl := range sets {
		if err == nil {
			db.written.Store(set, ttl)
		}
	}

	return err
}

// setMonth is the grain of an approver set's time to live: one that is in use is
// written once a month, not with every request.
const setMonth = 30 * 24 * time.Hour

// setEnd is when the index entries of a request's approver set may go: well after its stage.
func setEnd(r entitlement.AssignmentRequest) int64 {
	end := r.Current().Deadline
	if end.IsZero() {
		end = r.Created.Add(entitlement.MaxDuration)
	}
	return end.Add(2 * setMonth).Truncate(setMonth).Unix()
}

// hasSet reports a set that this process has put already, to live that long.
func (db *DB) hasSet(set string, ttl int64) bool {
	known, ok := db.written.Load(set)
	return ok && known.(int64) >= ttl
}

// approverSet returns the index entries of a set that lead from each member to it.
func (db *DB) approverSet(set string, members []subjectSetRef, ttl int64) []*dynamodb.UpdateItemInput {
	var all []*dynamodb.UpdateItemInput
	for _, who := range members {
		x := newExpression()
		x.touch(tagSet)

		list := inSetIndexKey(who, set)
		x.set(names.AttrI1P, literal(list.partition))
		x.set(names.AttrI1S, literal(list.sort))
		x.set(names.AttrTTL, numeral(ttl))

		a := x.attr(names.AttrTTL)
		// A set that is still needed longer by another request keeps its later end.
		x.require("(attribute_not_exists(%s) OR %s < %s)", a, a, x.value(numeral(ttl)))
		all = append(all, db.single(setKey(set, who), x))
	}
	return all
}

// targetEntries returns the index entries that lead from those a policy names from now
// on to the policy. Each carries the version that needs it, so that a late tidy of an
// earlier version leaves it.
func (db *DB) targetEntries(p, before entitlement.AssignmentPolicy) []*dynamodb.UpdateItemInput {
	had := targetsOf(before)
	var all []*dynamodb.UpdateItemInput
	for _, who := range targetsOf(p) {
		if before.Version > 0 && slices.Contains(had, who) {
			continue
		}

		x := predicted(tagTarget, p.Version+1)
		list := targetIndexKey(who, p.Package)
		x.set(names.AttrI1P, literal(list.partition))
		x.set(names.AttrI1S, literal(list.sort))
		all = append(all, db.single(targetKey(p.ID, who), x))

		// Whether an organization may be deleted is not asked of an index, which may be late.
		if who.kind == kindOrganization {
			all = append(all, db.single(namedKey(entitlement.OrganizationID(who.id), p.ID), predicted(tagNamedBy, p.Version+1)))
		}
	}
	return all
}

// predicted puts an entry that a version of a policy needs. One that a later version wrote is
// left as it is: that version needs it.
func predicted(tag string, version int64) *expression {
	x := newExpression()
	x.initial(attrType, literal(tag))
	x.initial(attrSchema, numeral(schema))
	x.set(attrVersion, numeral(version))
	v := x.attr(attrVersion)
	x.require("(attribute_not_exists(%s) OR %s < %s)", v, v, x.value(numeral(version)))
	return x
}

// targetKeys are the keys of the entries by which a policy is found that names somebody.
func targetKeys(p entitlement.PolicyID, who subjectSetRef) []Key {
	keys := []Key{targetKey(p, who)}
	if who.kind == kindOrganization {
		keys = append(keys, namedKey(entitlement.OrganizationID(who.id), p))
	}
	return keys
}

// namedGroups adds groups to those that are named anywhere, so that whoever is in
// thousands of groups is looked up in those few.
func (db *DB) namedGroups(key Key, all []subjectSetRef) []*dynamodb.UpdateItemInput {
	var groups []string
	for _, who := range all {
		if who.kind == kindGroup {
			groups = append(groups, who.id)
		}
	}

	if len(groups) == 0 {
		return nil
	}

	x := newExpression()
	x.touch(tagNamed)
	x.add(attrMembers, packedSet(groups...))
	return []*dynamodb.UpdateItemInput{db.single(key, x)}
}

// administrators are asked where nobody else can decide.
var administrators = subjectSetRef{kindGroup, string(entitlement.AdministratorsGroup)}

// approversOf returns everybody whom a policy may ask.
func approversOf(p entitlement.AssignmentPolicy) []subjectSetRef {
	var sets []entitlement.SubjectSet
	for _, s := range p.Approval.Stages {
		sets = slices.Concat(sets, s.Primary, s.Fallback, s.Alternates, s.FallbackAlternates)
	}
	return subjectSetRefsOf(sets, "", "")
}

func (db *DB) single(key Key, x *expression) *dynamodb.UpdateItemInput {
	attrs, values := x.bindings()
	return &dynamodb.UpdateItemInput{TableName: &db.table, Key: key.item(), UpdateExpression: x.update(),
		ConditionExpression: x.condition(), ExpressionAttributeNames: attrs, ExpressionAttributeValues: values}
}

// tidy takes away index entries that a committed change made untrue. One that stays
// behind is read past.
func (db *DB) tidy(ctx context.Context, c entitlement.Change, old images) {
	var gone []*dynamodb.DeleteItemInput
	for _, p := range c.Policies {
		var has []subjectSetRef
		if !p.Erased {
			has = targetsOf(p)
		}

		for _, who := range targetsOf(old.policies[p.ID]) {
			if slices.Contains(has, who) {
				continue
			}

			x := newExpression()
			// A policy that was written again meanwhile may need the entry, and says so by its version.
			x.require("%s < %s", x.attr(attrVersion), x.value(numeral(p.Version+1)))
			attrs, values := x.bindings()

			for _, key := range targetKeys(p.ID, who) {
				gone = append(gone, &dynamodb.DeleteItemInput{TableName: &db.table, Key: key.item(),
					ConditionExpression: x.condition(), ExpressionAttributeNames: attrs, ExpressionAttributeValues: values})
			}
		}
	}

	for _, a := range c.RoleAssignments {
		if a.Erased && goes(a.Catalog, c.Catalogs) {
			for _, key := range roleEntries(a) {
				gone = append(gone, &dynamodb.DeleteItemInput{TableName: &db.table, Key: key.item()})
			}
		}
	}

	// A failure is not told: what stays is read past.
	_ = db.sideBySide(ctx, len(gone), func(ctx context.Context, i int) error {
		_, err := db.client.DeleteItem(ctx, gone[i])
		return err
	})
}
