package dynamo

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

// Explained is a stored item for a person: what it is, where it lies, and its value as the
// code reads it. Keys and values are packed, so that the item itself says little.
type Explained struct {
	Key             Key
	What            string // what people call it
	Schema, Version int64
	Indexes         [5]Key    // where the indexes list it, if they do
	Forgotten       time.Time // when the table drops it by itself; zero: never
	Value           any
}

// Explain reads an item of any type. An error is of an item that this code cannot read; what
// is known of it comes with the error.
func Explain(it map[string]types.AttributeValue) (Explained, error) {
	e := Explained{
		Key:     keyOf(it),
		Schema:  numberOf(it, attrSchema),
		Version: numberOf(it, attrVersion),
	}
	for i, x := range names.Indexes {
		if in := textOf(it, x.Partition); in != "" {
			e.Indexes[i] = Key{in, textOf(it, x.Sort)}
		}
	}
	if at := numberOf(it, names.AttrTTL); at != 0 {
		e.Forgotten = time.Unix(at, 0).UTC()
	}

	tag := textOf(it, attrType)
	known, ok := explainers()[tag]
	if !ok {
		// What is known of it is shown all the same: the key mostly says enough.
		return e, unreadable(it, fmt.Errorf("the type %q is unknown", tag))
	}
	e.What = known.what
	if _, err := open(it, tag); err != nil {
		return e, err
	}
	var err error
	e.Value, err = known.read(it)
	return e, err
}

// explainer says what items of one type are called, and reads one.
type explainer struct {
	what string
	read func(item) (any, error)
}

// explainers returns all types of items that there are, by their type attribute. It is no
// variable, so that functions, which explain nothing, do not carry it.
func explainers() map[string]explainer {
	return map[string]explainer{
		catalogMapper.tag:        whole(catalogMapper),
		roleMapper.tag:           whole(roleMapper),
		settingsMapper.tag:       whole(settingsMapper),
		organizationMapper.tag:   whole(organizationMapper),
		extensionMapper.tag:      whole(extensionMapper),
		resourceMapper.tag:       whole(resourceMapper),
		packageMapper.tag:        whole(packageMapper),
		formerMapper.tag:         whole(formerMapper),
		scopesMapper.tag:         whole(scopesMapper),
		policyMapper.tag:         whole(policyMapper),
		connectorMapper.tag:      whole(connectorMapper),
		breakerMapper.tag:        whole(breakerMapper),
		rateMapper.tag:           whole(rateMapper),
		accountUseMapper.tag:     whole(accountUseMapper),
		targetResourceMapper.tag: whole(targetResourceMapper),
		jobMapper.tag:            whole(jobMapper),
		requestMapper.tag:        whole(requestMapper),
		assignmentSlotMapper.tag: {"what a person has, had or asks of a package", whole(assignmentSlotMapper).read},
		endedMapper.tag:          {"past assignment", whole(endedMapper).read},
		userMapper.tag:           whole(userMapper),
		groupMapper.tag:          whole(groupMapper),
		sessionMapper.tag:        whole(sessionMapper),
		impactChangeMapper.tag:   whole(impactChangeMapper),
		sessionFileMapper.tag:    whole(sessionFileMapper),
		impactJobMapper.tag:      whole(impactJobMapper),
		impactPeopleMapper.tag:   whole(impactPeopleMapper),
		paceMapper.tag:           whole(paceMapper),
		paceWalkMapper.tag:       whole(paceWalkMapper),
		figuresMapper.tag:        whole(figuresMapper),
		driftScanMapper.tag:      whole(driftScanMapper),
		driftFindingMapper.tag:   whole(driftFindingMapper),
		driftSeenMapper.tag:      whole(driftSeenMapper),
		driftWalkMapper.tag:      whole(driftWalkMapper),
		absenceMapper.tag:        {"note that somebody may not be there to decide", whole(absenceMapper).read},

		tagSubjectRecord: {"what a person ought to have", untyped(readSubjectRecord)},
		tagGrantSet:      {"what a person has at one target", untyped(readGrantSet)},
		tagEvent:         {"event", untyped(readEvent)},

		tagMember:       {"membership", keyed(func(k Key) any { return membership{groupAt(k), personAt(k)} })},
		tagOwner:        {"ownership of a group", keyed(func(k Key) any { return membership{groupAt(k), personAt(k)} })},
		tagMade:         {"request that one person made for another", keyed(func(k Key) any { return madeFor{userAt(k), madeAt(k)} })},
		tagIncompatible: {"package that another one lists as incompatible", keyed(func(k Key) any { return listedBy{packageAt(k), incompatibleAt(k)} })},
		tagHeldRole:     {"role that a group holds", keyed(func(k Key) any { return assignedRole(heldRoleAt(k)) })},
		tagRoleID:       {"where a role assignment is", keyed(func(k Key) any { return assignedRole(roleOfID(k)) })},
		tagGuest:        {"source at which a guest signs in", keyed(func(k Key) any { return userAt(k) })},
		tagSponsor:      {"organization that somebody sponsors", keyed(func(k Key) any { return organizationAt(k) })},
		tagTarget:       {"prediction that a policy names somebody", keyed(policyOf)},
		tagNamedBy:      {"prediction that a policy names an organization", keyed(func(k Key) any { return namedAt(k) })},
		tagSet:          {"member of a set of approvers", keyed(setMember)},

		tagName:   {"user principal name that is taken", holds(tagName)},
		tagUnique: {"name of a catalog or package that is taken", holds(tagUnique)},
		tagOrigin: {"resource at a target that a catalog has", holds(tagOrigin)},
		tagNamed:  {"groups that policies name", groupsNamed},

		tagDeletionGuard: {"guard of a package against its deletion", guardOfPackage},
		tagSigning:       {"key that signs page tokens", keyed(func(Key) any { return "32 bytes that are not shown" })},
	}
}

// Values of items that have no type of their own in the domain.
type (
	membership struct {
		Group  entitlement.GroupID
		Person entitlement.UserID
	}
	madeFor struct {
		Requestor entitlement.UserID
		Request   entitlement.RequestID
	}
	listedBy     struct{ Listed, By entitlement.PackageID }
	holder       struct{ Holder string }
	namedGroups  struct{ Groups []entitlement.GroupID }
	packageGuard struct {
		Closed         bool                   // for a deletion of the package
		ClosedPolicies []entitlement.PolicyID // for deletions of policies
		Watched        string                 // by an edit of the package's roles
	}
	namedBy struct {
		Policy entitlement.PolicyID
		Whom   string
	}
	inSet struct{ Kind, ID string }
)

func whole[T any](s mapper[T]) explainer { return explainer{s.noun, untyped(s.read)} }

func untyped[T any](read func(item) (T, error)) func(item) (any, error) {
	return func(it item) (any, error) { return read(it) }
}

// keyed is of an item that says everything by its key.
func keyed(read func(Key) any) func(item) (any, error) {
	return func(it item) (any, error) { return read(keyOf(it)), nil }
}

// holds is of an item that says whose a unique thing is.
func holds(tag string) func(item) (any, error) {
	return func(it item) (any, error) {
		of, err := holderOf[string](it, tag)
		return holder{of}, err
	}
}

func policyOf(k Key) any {
	_, whom, _ := strings.Cut(k.SK, sep)
	return namedBy{policyAt(k), whom}
}

func setMember(k Key) any { return inSet{idAt[string](k.SK, 0), idAt[string](k.SK, 1)} }

func groupsNamed(it item) (any, error) {
	var n namedGroups
	f := &fields{item: it, reading: true}
	idSet(f, attrMembers, &n.Groups)
	return n, f.failure(it)
}

func guardOfPackage(it item) (any, error) {
	var g packageGuard
	f := &fields{item: it, reading: true}
	flag(f, attrClosed, &g.Closed)
	idSet(f, attrGone, &g.ClosedPolicies)
	text(f, attrWatched, &g.Watched)
	return g, f.failure(it)
}

// PartitionOf returns the partition key under which a thing lies with all that belongs to
// it; an assignment lies with the request of the same id.
func PartitionOf(kind, id string) (string, error) {
	partitions := map[string]func() Key{
		"catalog":   func() Key { return catalogKey(entitlement.CatalogID(id)) },
		"package":   func() Key { return packageKey(entitlement.PackageID(id)) },
		"policy":    func() Key { return policyKey(entitlement.PolicyID(id)) },
		"request":   func() Key { return requestKey(entitlement.RequestID(id)) },
		"user":      func() Key { return userKey(entitlement.UserID(id)) },
		"group":     func() Key { return groupKey(entitlement.GroupID(id)) },
		"connector": func() Key { return connectorKey(entitlement.ConnectorID(id)) },
	}
	key, ok := partitions[kind]
	if !ok || id == "" {
		return "", fmt.Errorf("%q is none of %s", kind, strings.Join(slices.Sorted(maps.Keys(partitions)), ", "))
	}
	return key().PK, nil
}
