package dynamo

import "leasehold/pkg/entitlement"

var userMapper = mapper[entitlement.User]{
	tag: "USR", noun: "user", part: entitlement.PartDirectory,
	key:  func(u entitlement.User) Key { return userKey(u.ID) },
	name: func(u *entitlement.User, k Key) { u.ID = userAt(k) },
	meta: func(u *entitlement.User) *entitlement.Meta { return &u.Meta },
	indexKeys: func(u entitlement.User) indexKeys {
		if u.Gone() {
			return indexKeys{}
		}
		return indexKeys{first: valueIndexKey(wordMail, u.Mail, u.ID), second: valueIndexKey(wordEmployee, u.ExternalID, u.ID), offers: reportIndexKey(u)}
	},
	body: func(f *fields, u *entitlement.User) {
		text(f, "ty", &u.Type)
		text(f, "n", &u.DisplayName)
		text(f, "un", &u.UserPrincipalName)
		text(f, "ml", &u.Mail)
		text(f, "nn", &u.MailNickname)
		text(f, "gn", &u.GivenName)
		text(f, "sn", &u.Surname)
		text(f, "dp", &u.Department)
		text(f, "jt", &u.JobTitle)
		text(f, "xi", &u.ExternalID)
		flag(f, "en", &u.Enabled)
		id(f, "mg", &u.Manager)
		text(f, "lc", &u.Lifecycle)
		text(f, "la", &u.Language)
		text(f, "tz", &u.TimeZone)
		idSet(f, attrGroups, &u.Groups)
		list(f, "ids", &u.Identities, principalFields)
		list(f, "fo", &u.Former, personalFields)
		when(f, "cr", &u.Created)
		when(f, attrDeleted, &u.Deleted)
	},
}

// attrGroups is changed by relative updates as well, and attrDeleted is what conditions
// look at.
const (
	attrGroups  = "grp"
	attrDeleted = "del"
)

func principalFields(f *fields, p *entitlement.Principal) {
	text(f, "i", &p.Issuer)
	text(f, "v", &p.Value)
}

func personalFields(f *fields, w *entitlement.PersonalValue) {
	text(f, "p", &w.Property)
	text(f, "v", &w.Value)
}

var groupMapper = mapper[entitlement.Group]{
	tag: "GRP", noun: "group", part: entitlement.PartDirectory,
	key:  func(g entitlement.Group) Key { return groupKey(g.ID) },
	name: func(g *entitlement.Group, k Key) { g.ID = groupAt(k) },
	meta: func(g *entitlement.Group) *entitlement.Meta { return &g.Meta },
	indexKeys: func(g entitlement.Group) indexKeys {
		return indexKeys{first: shardIndexKey(wordGroup, g.DisplayName, string(g.ID))}
	},
	body: func(f *fields, g *entitlement.Group) {
		text(f, "n", &g.DisplayName)
		text(f, "d", &g.Description)
		text(f, "nn", &g.MailNickname)
		flag(f, "su", &g.Unified)
		flag(f, "sm", &g.MailEnabled)
		flag(f, "sn", &g.NoSecurity)
		flag(f, "sd", &g.Dynamic)
		text(f, "sr", &g.Rule)
		flag(f, "ss", &g.Synced)
		when(f, "cr", &g.Created)
		when(f, attrDeleted, &g.Deleted)
	},
}

// absenceMapper is a note for the sweep; attrGroups is added to by relative updates.
var absenceMapper = mapper[entitlement.Absence]{
	tag: tagAbsence, noun: "absence", part: entitlement.PartDirectory,
	key:  func(a entitlement.Absence) Key { return absenceKey(a.Person) },
	name: func(a *entitlement.Absence, k Key) { a.Person = userAt(k) },
	meta: func(a *entitlement.Absence) *entitlement.Meta { return &a.Meta },
	indexKeys: func(a entitlement.Absence) indexKeys {
		return indexKeys{second: dueIndexKey(absenceKey(a.Person), a.Due)}
	},
	body: func(f *fields, a *entitlement.Absence) {
		idSet(f, attrGroups, &a.Groups)
		when(f, attrDue, &a.Due)
		flag(f, attrAgain, &a.Again)
		text(f, attrCursor, &a.Cursor)
	},
}

// Types of the items that only hold a key, an id or a set.
const (
	tagMember        = "MEM"
	tagOwner         = "OWN"
	tagName          = "NAME"
	tagUnique        = "UNIQUE"
	tagOrigin        = "ORI"
	tagMade          = "BY"
	tagTarget        = "T"
	tagNamedBy       = "NAMEDBY"
	tagSet           = "ASET"
	tagNamed         = "NAMED"
	tagDeletionGuard = "GUARD"
	tagSigning       = "PAGEKEY"
	tagSubjectRecord = "RECORD"
	tagGrantSet      = "GRANTS"
	tagEvent         = "EV"
	attrHolder       = "i"   // of a sentinel: whose it is
	attrMembers      = "grp" // of the groups named anywhere
	attrKeyBytes     = "k"   // of the signing key
	attrClosed       = "cls" // of a guard
	attrGone         = "gon" // of a guard: closed policies
	attrWatched      = "wat" // of a guard: the edit that looks whether somebody comes

	tagGuest   = "GUEST"
	tagSponsor = "SPONSOR"

	tagIncompatible = "RINC"
	tagAbsence      = "ABSENCE"
	attrDue         = "du" // of an absence
	attrAgain       = "ag"
	attrCursor      = "cu"
)

// sentinel holds a unique name for its owner.
func sentinel[T ~string](key Key, tag string, holder T) item {
	it := item{attrHolder: packed(holder)}
	seal(it, key, tag, 1)
	return it
}

// holderOf returns whose a sentinel is.
func holderOf[T ~string](it item, tag string) (T, error) {
	if _, err := open(it, tag); err != nil {
		return "", err
	}
	var holder T
	f := &fields{item: it, reading: true}
	id(f, attrHolder, &holder)
	return holder, f.failure(it)
}
