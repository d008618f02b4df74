package dynamo

import (
	"errors"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"leasehold/pkg/entitlement"
)

// Attributes of a record, which is only ever changed by relative updates.
const (
	attrLive       = "liv"
	attrWaiting    = "wai"
	attrRemoving   = "rmv"
	attrGeneration = "gen"
	attrObserved   = "stl"
	attrDisabled   = "off"
)

func readSubjectRecord(it item) (entitlement.SubjectRecord, error) {
	h := entitlement.SubjectRecord{Subject: userAt(keyOf(it))}
	if _, err := open(it, tagSubjectRecord); err != nil {
		return h, err
	}

	f := &fields{item: it, reading: true}
	idSet(f, attrLive, &h.Live)
	number(f, attrGeneration, &h.Generation)
	number(f, attrObserved, &h.ObservedGeneration)
	flag(f, attrDisabled, &h.Disabled)

	h.Waiting = packedAll(f, attrWaiting, unpackWaiting)
	h.Removing = packedAll(f, attrRemoving, unpackRemoving)

	return h, f.failure(it)
}

// packedAll reads a set of what is packed in a fixed order.
func packedAll[T any](f *fields, name string, unpack func([]byte) (T, bool)) (all []T) {
	m, ok := member[*types.AttributeValueMemberBS](f, name)
	if !ok {
		return nil
	}
	for _, one := range slices.SortedFunc(slices.Values(m.Value), slices.Compare) {
		v, ok := unpack(one)
		if !ok {
			f.err = errors.New("attribute " + name + " holds what is not packed as it should be")
			return nil
		}
		all = append(all, v)
	}
	return all
}

// Attributes of a grant set that its claim conditions on.
const (
	attrToken     = "tok"
	attrUntil     = "unt"
	attrPrincipal = "pr"
	attrFoundAt   = "pa"
	attrDoubtful  = "db"
	attrFormer    = "fo"
	attrUnder     = "un" // roles under one of several ids
	attrAccount   = "ac" // that we made
	attrMaking    = "ai" // who means to make it, or to change it
	attrUses      = "us" // account in whose use the subject may be
	grantMark     = "g." // begins the attribute of each grant
	intentMark    = "i." // begins that of who means to grant it
	removalMark   = "r." // begins that of who means to take it away
)

func readGrantSet(it item) (entitlement.GrantSet, error) {
	key := keyOf(it)
	s := entitlement.GrantSet{Subject: userAt(key), Connector: grantSetAt(key), Grants: map[entitlement.RoleRef]entitlement.Grant{}}
	// The connector is known from the key alone, so the caller can say whose set is unreadable.
	if _, err := open(it, tagGrantSet); err != nil {
		return s, err
	}

	f := &fields{item: it, reading: true}
	text(f, attrToken, &s.Token)
	when(f, attrUntil, &s.Until)
	accountFields(f, &s)

	for name := range it {
		if hash, is := strings.CutPrefix(name, grantMark); is {
			// The signatures lie beside the grant, where a claim can enter them without reading first.
			var g entitlement.Grant
			group(f, name, &g, grantFields(s.Connector))
			text(f, intentMark+hash, &g.Intent)
			text(f, removalMark+hash, &g.Removal)
			s.Grants[g.Role] = g
		}
	}

	return s, f.failure(it)
}

// writeGrantSet returns what a worker records: the grants, and no claim. While any of them
// fails, the grant set is listed by its worst reason and among all that fail, and while that
// is owed among what is.
func writeGrantSet(s entitlement.GrantSet) item {
	it := item{}
	f := &fields{item: it}
	accountFields(f, &s)
	for _, g := range s.Grants {
		group(f, grantName(g.Role), &g, grantFields(s.Connector))
		text(f, intentName(g.Role), &g.Intent)
		text(f, removalName(g.Role), &g.Removal)
	}
	seal(it, grantSetKey(s.Subject, s.Connector), tagGrantSet, 1)
	if reason, since := s.Worst(); reason != "" {
		index(it, indexKeys{first: failingIndexKey(s.Connector, reason, since, s.Subject), second: lateIndexKey(keyOf(it), s.PendingSince()), offers: failIndexKey(keyOf(it), since, s.Subject, reason)})
	}
	return it
}

// underFields describes a role under one of several ids.
func underFields(at entitlement.ConnectorID) func(f *fields, u *entitlement.GrantUnder) {
	return func(f *fields, u *entitlement.GrantUnder) {
		text(f, "i", &u.ID)
		grantFields(at)(f, &u.Grant)
		text(f, "in", &u.Intent)
		text(f, "rm", &u.Removal)
	}
}

func accountFields(f *fields, s *entitlement.GrantSet) {
	text(f, attrPrincipal, &s.Principal)
	when(f, attrFoundAt, &s.PrincipalAt)
	flag(f, attrDoubtful, &s.Doubtful)
	texts(f, attrFormer, &s.Former)
	id(f, attrUses, &s.Uses)
	list(f, attrUnder, &s.Under, underFields(s.Connector))
	group(f, attrAccount, &s.Account, madeFields)
	text(f, attrMaking, &s.Account.Intent)
}

// madeFields describes an account that we made. Who means to change it is apart, so that a claim
// can sign that without reading first.
func madeFields(f *fields, a *entitlement.Account) {
	text(f, "s", &a.State)
	text(f, "r", &a.Ref)
	id(f, "m", &a.Mark)
	when(f, "fr", &a.From)
	when(f, "se", &a.Sent)
	when(f, "si", &a.Since)
	flag(f, "mk", &a.Marked)
	flag(f, "o", &a.Others)
	flag(f, "uc", &a.Unconfirmed)
	number(f, "at", &a.Attempts)
	text(f, "re", &a.Reason)
	text(f, "de", &a.Detail)
	when(f, "nx", &a.Next)
	chain(f, &a.Chain)
}

// grantName is the attribute of a role's grant. Each has its own, so that a claim can
// enter the roles it intends without knowing the others.
func grantName(r entitlement.RoleRef) string {
	return grantMark + roleDigest(r)
}

// intentName is the attribute of who means to grant a role. It is apart from the grant, so
// that a claim can sign a role whether the grant set knows it or not.
func intentName(r entitlement.RoleRef) string { return intentMark + roleDigest(r) }

// removalName is the attribute of who means to take a role away.
func removalName(r entitlement.RoleRef) string { return removalMark + roleDigest(r) }

func roleDigest(r entitlement.RoleRef) string {
	return digest(string(r.Connector), r.Resource, r.Role)[:24]
}

// grantFields describes a grant on the grant set of a connector, which most roles
// of it need not repeat.
func grantFields(at entitlement.ConnectorID) func(f *fields, g *entitlement.Grant) {
	return func(f *fields, g *entitlement.Grant) {
		other := g.Role.Connector
		if other == at {
			other = ""
		}
		id(f, "c", &other)
		if g.Role.Connector = other; other == "" {
			g.Role.Connector = at
		}
		id(f, "r", &g.Role.Resource)
		text(f, "o", &g.Role.Role)
		text(f, "p", &g.Presence)
		flag(f, "x", &g.PreExisting)
		when(f, "cf", &g.Confirmed)
		when(f, "si", &g.Since)
		number(f, "at", &g.Attempts)
		text(f, "re", &g.Reason)
		text(f, "de", &g.Detail)
		flag(f, "pm", &g.Permanent)
		number(f, "ge", &g.Generation)
		when(f, "nx", &g.Next)
		flag(f, "sn", &g.Sent)
		when(f, "wr", &g.Wrote)
		flag(f, "rv", &g.Revoked)
		text(f, "wy", &g.Way)
		when(f, "ca", &g.CheckAfter)
		when(f, "ms", &g.MissingSince)
		flag(f, "uc", &g.Unconfirmed)
		text(f, "pd", &g.Pending)
	}
}
