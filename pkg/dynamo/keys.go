package dynamo

import (
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

// Every access pattern. Reads of the table itself are strong; reads of an index are
// eventual and are followed by a read of the items, strong unless said. "pages" means
// by page token, "all" a query that cannot grow: with the connectors that there are.
//
//	question                              | index | key condition                            | extent
//	catalog, package, policy, request,    | table | whole key                                | one, or a batch
//	  user, group, resource, connector,
//	  breaker, rate lease, job, absence   |       |                                          |
//	  by id
//	use of an account at a target         | table | CON#c, ACC#hash                          | one
//	former packages by id                 | table | PKG#p, FORMER; eventual                  | a batch
//	role scopes of a package              | table | PKG#p, SCOPES                            | one
//	resource by origin                    | table | CAT#c, ORI#hash, then the resource       | one
//	resources of a catalog                | table | CAT#c, RES#...                           | pages
//	all catalogs, packages, policies      | 1,2,2 | ALL#kind by name; items eventual         | pages
//	packages of a catalog                 | 1     | CAT#c, P#... by name; items eventual     | pages
//	settings of the whole                 | table | CFG, SETTINGS                            | one
//	connected organizations               | 1     | ALL#ORG by name; items eventual          | pages
//	policies that name an organization    | table | POL#C#o, NAMED#p, then the policies      | pages
//	custom extensions of a catalog        | table | CAT#c, EXT#...                           | pages
//	edits of a package on their way       | table | PKG#p, JOB#...                           | one page
//	changes that wait for a second person | table | CAT#c, CHG#...                           | all, MaxChanges
//	jobs that look at a change of roles   | table | PKG#p, LOOK#...                          | one; one page
//	people whom such a job found          | table | PKG#p, SEEN#job#round#effect#n           | one
//	all connectors                        | 1     | ALL#CON; items eventual                  | all
//	user of a principal; by name          | table | PRINC#hash; NAME#UPN#enc, then the user  | one
//	all users; all groups                 | 1     | ALL#USR#x; ALL#GRP#x by name, 16 shards; | pages
//	                                      |       | items eventual                           |
//	users by mail; by employeeId          | 1; 2  | MAIL#hash; EMPLOYEE#hash, then the users | pages
//	who fails at any connector            | 5     | FAIL#n, the longest first; entries alone | pages
//	reports of a manager                  | 5     | REPORT#m by name; entries alone          | pages
//	guests who sign in at a source        | 5     | GUEST#hash by name; entries alone        | pages
//	organizations of a sponsor            | 1     | SPONSOR#U#me, SPONSOR#G#g by id; then    | pages
//	                                      |       | the organizations                        |
//	members; owners of a group            | table | GRP#g, M#...; O#...                      | pages
//	owners among some users               | table | GRP#g, O#u                               | a batch
//	slot of a package and a person        | table | PKG#p, ASG#s                             | one
//	packages that list one as incompatible| table | PKG#p, RINC#...                          | pages
//	holders of a package                  | table | PKG#p, ASG#...                           | pages
//	record and grants of a person         | table | SUB#s, GRANTS#... to RECORD              | all
//	live assignments of a person          | table | SUB#s, RECORD, then the slots            | one
//	assignment by id                      | table | REQ#r, ASG and REQ, then the slot        | one
//	requests for a package; for a person  | 1; 2  | PKGREQ#p; SUBREQ#s, newest first         | pages
//	ended ones of a package; of a person  | 1; 2  | the same entries, then REQ#r, ASG        | pages
//	open requests of a person             | 1     | OPENREQ#s, from the slots they hold      | pages
//	how many of them                      | 1     | OPENREQ#s; entries alone                 | count, MaxOpen
//	requests a person made for others     | table | SUB#s, BY#..., newest first              | pages
//	what waits for a person               | 1     | INBOX#U#me, INBOX#G#g, INBOX#SET#hash,   | pages
//	                                      |       | some of the groups and sets a turn       |
//	groups named as approvers or targets; | table | CFG, APPROVERS; CFG, TARGETS;            | one
//	  as sponsors                         |       | CFG, SPONSORS                            |
//	packages offered to everybody; to     | 5     | OFFER#users; OFFER#members, by id; the   | pages
//	  every member                        |       | entries alone, which project the package |
//	policies by which others ask for      | 5     | BEHALF, by package; then the policies,   | pages
//	  everybody, or all of a kind         |       | eventual                                 |
//	policies that name a person           | 1     | TARGET#U#me, TARGET#G#g, one page of     | pages
//	                                      |       | packages of each; the policies, eventual |
//	work that falls due                   | 2     | DUE#n up to a time                       | pages
//	pending reconciliations to look at    | 2     | REC#n up to a time                       | pages
//	what has been owed for long           | 2     | LATE#n up to a time; entries alone       | pages
//	who fails at a connector for a reason | 1     | ERR#c#reason, longest; entries alone     | pages, count
//	events of an aggregate                | table | EV#kind#id, EV#...                       | pages
//	events to look at                     | 1     | NOTICE, newest first; then the events    | pages
//	events of a person; of a package      | 2; 1  | the first events of what it is about,    | pages
//	                                      |       | OF#U#s, SUBREQ#s; OF#P#p, PKGREQ#p, then |
//	                                      |       | EV#kind#id, EV#... of each               |
//	events by who did it; by time         | 3; 4  | ACT#u; WHEN#n, newest first; the events  | pages
//	signing key of page tokens            | table | CFG, PAGEKEY                             | one
//	figures of a month                    | table | CFG, FIGURES                             | one
//	pace of packages; walk through them   | table | PKG#p, PACE; CFG, PACE; eventual; strong | a batch; one
//	session of a browser                  | table | SES#digest, SES                          | one
//	text that it brought                  | table | SES#digest, FILE#id#n                    | all
//	scan of a role for drift; walk        | table | CON#c, DRIFT#s; CFG, DRIFT               | one
//	all scans; those that are due         | 1; 2  | ALL#DRIFT; DRIFTDUE up to a time         | pages
//	findings of a scan, of a connector    | table | CON#c, DRIFTF#s#..., DRIFTF#...          | pages
//	findings of a person                  | 1     | DRIFTF#s; then the items                 | pages
//	what a scan has seen so far           | table | CON#c, DRIFTS#s#...                      | all
//	roles in a catalog; in everything     | table | CAT#c, ROLE#...; CFG, ROLE#...           | all, MaxRoleAssignments
//	role assignment by id                 | table | CFG, RID#r#...; then the item            | one
//	roles of a group                      | table | GRP#g, ROLE#...; then the items          | all
//	all role assignments; of a caller     | 2     | ALL#ROLE by who holds them; then items   | pages; U#me, G#...

// Key is the primary key of an item.
type Key struct{ PK, SK string }

// indexKey is the place of an item in one of the indexes that are not of events; zero means it has none.
type indexKey struct{ partition, sort string }

// indexKeys are the places of an item in the first two indexes, and in the fifth, which has what is
// offered, by whom others ask, who reports to whom, and whose
// delivery fails.
type indexKeys struct{ first, second, offers indexKey }

// Words that begin keys.
const (
	wordCatalog   = "CAT"
	wordPackage   = "PKG"
	wordPolicy    = "POL"
	wordRequest   = "REQ"
	wordSubject   = "SUB"
	wordGroup     = "GRP"
	wordConnector = "CON"
	wordUser      = "USR"
	wordSlot      = "ASG"
	wordJob       = "JOB"
	wordImpactJob = "LOOK"
	wordAffected  = "SEEN"
	wordBreaker   = "BREAK"
	wordRate      = "RATE"

	wordTargetResource = "RES"

	wordEvent     = "EV"
	wordInbox     = "INBOX"
	wordTarget    = "TARGET"
	wordAll       = "ALL"
	wordDue       = "DUE"
	wordReconcile = "REC"
	wordLate      = "LATE"
	wordConfig    = "CFG"
	wordName      = "NAME"
	wordPrincipal = "PRINC"
	wordSet       = "ASET"
	setMark       = "0" // sorts before every time

	wordIncompatible = "RINC"
	wordAbsence      = "ABSENCE"
	wordReprocess    = "AGAIN"
	wordCommand      = "CMD"
	wordAccount      = "ACC"
	wordNotice       = "NOTICE"
	wordRole         = "ROLE"
	wordRoleID       = "RID"
	wordOrganization = "ORG"
	wordExtension    = "EXT"
	wordSession      = "SES"
	wordFile         = "FILE"
	wordChange       = "CHG"
	wordPace         = "PACE"
	wordDrift        = "DRIFT"
	wordDriftFinding = "DRIFTF"
	wordDriftSeen    = "DRIFTS"
	wordDriftDue     = "DRIFTDUE"

	wordForPackage = "PKGREQ"
	wordForSubject = "SUBREQ"
	wordOf         = "OF"
	wordActor      = "ACT"
	wordWhen       = "WHEN"
	wordOffer      = "OFFER"
	wordMail       = "MAIL"
	wordEmployee   = "EMPLOYEE"
	wordReport     = "REPORT"
	wordFail       = "FAIL"
	wordBehalf     = "BEHALF"
	wordGuest      = "GUEST"
	wordSponsor    = "SPONSOR"
	wordSignedInAt = "AT"
)

// Kinds of people in keys.
const (
	kindUser  = "U"
	kindGroup = "G"
	kindSet   = "SET"

	kindOrganization = "C"
	kindPackage      = "P" // no person: what an event is about
)

// beyond is the character after sep: it ends a range of index entries of one instant.
const beyond = "$"

// Words goes through the words and ids that a part of a key is made of.
func Words(key string) iter.Seq[string] { return strings.SplitSeq(key, sep) }

func catalogKey(id entitlement.CatalogID) Key {
	return Key{join(wordCatalog, part(id)), wordCatalog}
}

func resourceKey(c entitlement.CatalogID, id entitlement.ResourceID) Key {
	return Key{catalogKey(c).PK, join("RES", part(id))}
}

// originKey is the sentinel by which a catalog holds a thing at a target once.
func originKey(c entitlement.CatalogID, at entitlement.ConnectorID, origin string) Key {
	return Key{catalogKey(c).PK, join("ORI", digest(string(at), origin))}
}

func packageKey(id entitlement.PackageID) Key {
	return Key{join(wordPackage, part(id)), wordPackage}
}

func scopesKey(id entitlement.PackageID) Key { return Key{packageKey(id).PK, "SCOPES"} }

// formerKey is what stays of a package that is gone.
func formerKey(id entitlement.PackageID) Key { return Key{packageKey(id).PK, "FORMER"} }

// incompatibleKey says beside a package that another one lists it as incompatible.
func incompatibleKey(listed, by entitlement.PackageID) Key {
	return Key{packageKey(listed).PK, join(wordIncompatible, part(by))}
}

// jobKey is a package edit on its way to the package's holders.
func jobKey(id entitlement.PackageID, generation int64) Key {
	return Key{packageKey(id).PK, join(wordJob, counter(generation))}
}

// breakerKey is what is remembered of a target that failed as a whole.
func breakerKey(id entitlement.ConnectorID) Key { return Key{connectorKey(id).PK, wordBreaker} }

// rateKey is up to when a target's limits have been handed out.
func rateKey(id entitlement.ConnectorID) Key { return Key{connectorKey(id).PK, wordRate} }

// accountUseKey is who uses one account at a target, by the target's own id of it.
func accountUseKey(at entitlement.ConnectorID, ref string) Key {
	return Key{connectorKey(at).PK, join(wordAccount, digest(ref))}
}

// targetResourceKey is what is remembered of one resource at a target, by the target's own
// id of it.
func targetResourceKey(at entitlement.ConnectorID, resource string) Key {
	return Key{connectorKey(at).PK, join(wordTargetResource, digest(resource))}
}

// deletionGuardKey is one of the package's guards, by number.
func deletionGuardKey(id entitlement.PackageID, number int) Key {
	return Key{packageKey(id).PK, join("GUARD", strconv.Itoa(100 + number)[1:])}
}

// deletionGuardOf chooses the guard that work for the subject checks.
func deletionGuardOf(subject entitlement.UserID) int {
	return shard(names.DeletionGuards, part(subject))
}

func assignmentSlotKey(p entitlement.PackageID, s entitlement.UserID) Key {
	return Key{packageKey(p).PK, join(wordSlot, part(s))}
}

func policyKey(id entitlement.PolicyID) Key { return Key{join(wordPolicy, part(id)), wordPolicy} }

// targetKey is a policy's index entry that it names somebody.
func targetKey(p entitlement.PolicyID, who subjectSetRef) Key {
	return Key{policyKey(p).PK, join("T", who.kind, part(who.id))}
}

// namedKey says beside an organization that a policy names it. It lies in the family of the
// policies, which write it.
func namedKey(id entitlement.OrganizationID, p entitlement.PolicyID) Key {
	return Key{join(wordPolicy, kindOrganization, part(id)), prefixNamed + part(p)}
}

// namedAt returns the policy of an entry beside an organization.
func namedAt(k Key) entitlement.PolicyID { return idAt[entitlement.PolicyID](k.SK, 1) }

func connectorKey(id entitlement.ConnectorID) Key {
	return Key{join(wordConnector, part(id)), wordConnector}
}

func requestKey(id entitlement.RequestID) Key { return Key{join(wordRequest, part(id)), wordRequest} }

// endedKey is the past assignment beside the request that made it.
func endedKey(id entitlement.AssignmentID) Key { return Key{join(wordRequest, part(id)), wordSlot} }

// madeKey says beside a requestor that he asked for somebody else.
func madeKey(requestor entitlement.UserID, created time.Time, r entitlement.RequestID) Key {
	return Key{userKey(requestor).PK, join("BY", requestSort(created, r))}
}

func userKey(id entitlement.UserID) Key { return Key{join(wordSubject, part(id)), wordUser} }

func subjectRecordKey(id entitlement.UserID) Key { return Key{userKey(id).PK, "RECORD"} }

// absenceKey says that somebody may not be there to decide as before.
func absenceKey(id entitlement.UserID) Key { return Key{userKey(id).PK, wordAbsence} }

func grantSetKey(id entitlement.UserID, at entitlement.ConnectorID) Key {
	return Key{userKey(id).PK, join("GRANTS", part(at))}
}

func groupKey(id entitlement.GroupID) Key { return Key{join(wordGroup, part(id)), wordGroup} }

func memberKey(g entitlement.GroupID, u entitlement.UserID) Key {
	return Key{groupKey(g).PK, join("M", part(u))}
}

func ownerKey(g entitlement.GroupID, u entitlement.UserID) Key {
	return Key{groupKey(g).PK, join("O", part(u))}
}

// userNameKey is the sentinel of a userPrincipalName, in any case.
func userNameKey(name string) Key { return Key{join(wordName, "UPN", encUnique(name)), wordName} }

// principalKey is the sentinel that binds a principal to one user.
func principalKey(p entitlement.Principal) Key {
	return Key{join(wordPrincipal, digest(p.Issuer, p.Value)), wordPrincipal}
}

// setKey is one member of an approver set that its own content names.
func setKey(set string, who subjectSetRef) Key {
	return Key{join(wordSet, set), join(who.kind, part(who.id))}
}

func approversKey() Key  { return Key{wordConfig, "APPROVERS"} }
func targetsKey() Key    { return Key{wordConfig, "TARGETS"} }
func signingKeyKey() Key { return Key{wordConfig, "PAGEKEY"} }

// eventKey is one event of what it is about; ok is false for kinds unknown. Events lie in
// partitions of their own, where roles may put and nothing else.
func eventKey(kind entitlement.AggregateKind, id string, number int64) (Key, bool) {
	word, ok := eventWords[kind]
	return Key{join(wordEvent, word, part(id)), join(wordEvent, counter(number))}, ok
}

var eventWords = map[entitlement.AggregateKind]string{
	entitlement.OfCatalog:   wordCatalog,
	entitlement.OfPackage:   wordPackage,
	entitlement.OfPolicy:    wordPolicy,
	entitlement.OfRequest:   wordRequest,
	entitlement.OfUser:      wordSubject,
	entitlement.OfGroup:     wordGroup,
	entitlement.OfConnector: wordConnector,
	entitlement.OfPrincipal: wordPrincipal,
	entitlement.OfReprocess: wordReprocess,
	entitlement.OfRole:      wordRole,
	entitlement.OfSettings:  wordConfig, entitlement.OfOrganization: wordOrganization,
	entitlement.OfCommand: wordCommand,
	entitlement.OfDrift:   wordDrift,
	entitlement.OfAccount: wordAccount,
}

// noticeIndexKey lists an event among those that people should look at, by when it was.
func noticeIndexKey(at time.Time, key Key) indexKey {
	return indexKey{wordNotice, join(stamp(at), key.PK, key.SK)}
}

// ofIndexKey lists a first event with the person or the package that its chain is about.
func ofIndexKey(kind, id string, at time.Time, key Key) indexKey {
	return indexKey{join(wordOf, kind, part(id)), join(stamp(at), key.PK)}
}

// aboutAt returns what a partition in which a first event is listed says that it is about.
func aboutAt(about *entitlement.About, partition string) {
	switch word := idAt[string](partition, 0); {
	case word == wordForPackage:
		about.Package = idAt[entitlement.PackageID](partition, 1)
	case word == wordForSubject:
		about.Subject = idAt[entitlement.UserID](partition, 1)
	case word == wordOf && idAt[string](partition, 1) == kindPackage:
		about.Package = idAt[entitlement.PackageID](partition, 2)
	case word == wordOf:
		about.Subject = idAt[entitlement.UserID](partition, 2)
	}
}

// actorPartition is where the third index has what somebody did.
func actorPartition(actor entitlement.UserID) string { return join(wordActor, part(actor)) }

// whenPartition is a shard of all events by time.
func whenPartition(shard int) string { return join(wordWhen, strconv.Itoa(shard)) }

// eventSort orders events by time, and those of one instant by chain and number. It is short,
// since every event carries it: chains whose digests are the same are parted by their keys.
func eventSort(at time.Time, key Key) string {
	return join(stamp(at), digest(key.PK)[:8], idAt[string](key.SK, 1))
}

// Prefixes of sort keys, for lists within a partition.
var (
	prefixResource = join("RES", "")
	prefixPackage  = join("P", "")
	prefixSlot     = join(wordSlot, "")
	prefixMember   = join("M", "")
	prefixOwner    = join("O", "")
	prefixMade     = join("BY", "")
	prefixEvent    = join(wordEvent, "")
	prefixSet      = join(setMark, "")
	firstGrantSet  = join("GRANTS", "")

	prefixIncompatible = join(wordIncompatible, "")
	prefixRole         = join(wordRole, "")
	prefixNamed        = join("NAMED", "")
)

// subjectSetRef is one user, group or approver set by kind and id; no kind means everybody.
type subjectSetRef struct{ kind, id string }

// allIndexKey lists an item among all of its kind, by name.
func allIndexKey(word, name, id string) indexKey {
	return indexKey{join(wordAll, word), join(encName(name), part(id))}
}

// shardIndexKey is allIndexKey for kinds that are spread over listShards.
func shardIndexKey(word, name, id string) indexKey {
	r := allIndexKey(word, name, id)
	r.partition = join(r.partition, listShard(part(id)))
	return r
}

// listShards are the shards of lists of users and groups: the first digit of their ids.
var listShards = strings.Split("0123456789abcdef", "")

func listShard(id string) string {
	if id != "" && slices.Contains(listShards, id[:1]) {
		return id[:1]
	}
	return listShards[shard(len(listShards), id)]
}

// listPartition is a shard of allIndexKey or shardIndexKey; shard is empty where there is none.
func listPartition(word, shard string) string {
	if shard == "" {
		return join(wordAll, word)
	}
	return join(wordAll, word, shard)
}

// valuePartition is where those are listed who have a value, in any case. It is a digest, since
// addresses have no place in keys.
func valuePartition(word, value string) string { return join(word, digest(strings.ToLower(value))) }

// valueIndexKey lists somebody by a value that they need not be the only one to have.
func valueIndexKey(word, value string, id entitlement.UserID) indexKey {
	if value == "" {
		return indexKey{}
	}
	return indexKey{valuePartition(word, value), part(id)}
}

// inCatalogIndexKey lists a package in its catalog, by name.
func inCatalogIndexKey(c entitlement.CatalogID, name string, p entitlement.PackageID) indexKey {
	return indexKey{catalogKey(c).PK, join("P", encName(name), part(p))}
}

// offerPartition is where the fifth index has the packages that an audience may ask for.
func offerPartition(a entitlement.Audience) string { return join(wordOffer, string(a)) }

// offerIndexKey lists a package among those that an audience may ask for, by its id, as
// targetIndexKey does, so that a page puts the two together.
func offerIndexKey(a entitlement.Audience, p entitlement.PackageID) indexKey {
	return indexKey{offerPartition(a), part(p)}
}

// reportPartition is where the fifth index has who reports to a manager.
func reportPartition(manager entitlement.UserID) string { return join(wordReport, part(manager)) }

// reportIndexKey lists somebody with their manager, by name.
func reportIndexKey(u entitlement.User) indexKey {
	if u.Manager == "" {
		return indexKey{}
	}
	return indexKey{reportPartition(u.Manager), join(encName(u.DisplayName), part(u.ID))}
}

// behalfIndexKey lists a policy by which others ask for people whom it does not name, with its
// package.
func behalfIndexKey(p entitlement.AssignmentPolicy) indexKey {
	if !p.OthersAskForMany() {
		return indexKey{}
	}
	return indexKey{wordBehalf, join(part(p.Package), part(p.ID))}
}

// requestSort orders requests by creation.
func requestSort(created time.Time, r entitlement.RequestID) string {
	return join(stamp(created), part(r))
}

// forPackageIndexKey lists a request for its package, by creation.
func forPackageIndexKey(p entitlement.PackageID, created time.Time, r entitlement.RequestID) indexKey {
	return indexKey{join(wordForPackage, part(p)), requestSort(created, r)}
}

// forSubjectIndexKey lists a request for its subject, by creation.
func forSubjectIndexKey(s entitlement.UserID, created time.Time, r entitlement.RequestID) indexKey {
	return indexKey{join(wordForSubject, part(s)), requestSort(created, r)}
}

// openIndexKey lists the request that holds a slot open with its subject, for as long as it does.
func openIndexKey(s entitlement.UserID, p entitlement.PackageID, r entitlement.RequestID) indexKey {
	return indexKey{join("OPENREQ", part(s)), join(part(p), part(r))}
}

// inboxPartition is what waits for a user, a group, or a set of several.
func inboxPartition(who subjectSetRef) string { return join(wordInbox, who.kind, part(who.id)) }

// inboxIndexKey lists a pending request with whom it waits for.
func inboxIndexKey(who subjectSetRef, created time.Time, r entitlement.RequestID) indexKey {
	return indexKey{inboxPartition(who), requestSort(created, r)}
}

// inSetIndexKey leads from a member to an approver set.
func inSetIndexKey(who subjectSetRef, set string) indexKey {
	return indexKey{inboxPartition(who), join(setMark, set)}
}

// targetIndexKey leads from somebody to the policies that name them.
func targetIndexKey(who subjectSetRef, p entitlement.PackageID) indexKey {
	return indexKey{join(wordTarget, who.kind, part(who.id)), part(p)}
}

// dueIndexKey puts an item where the sweep finds it once its time has come. The mark and
// the id only part index entries of one instant.
func dueIndexKey(key Key, at time.Time) indexKey {
	// A slot's sort key names its person and a job's its generation; all others are named by
	// their partition.
	mark, id := "A", idAt[string](key.SK, 1)

	switch {
	case key.SK == wordRequest:
		mark, id = "R", idAt[string](key.PK, 1)
	case key.SK == wordPackage:
		mark, id = "P", idAt[string](key.PK, 1)
	case key.SK == wordPolicy:
		mark, id = "L", idAt[string](key.PK, 1)
	case key.SK == wordBreaker:
		mark, id = "B", idAt[string](key.PK, 1)
	case key.SK == wordAbsence:
		mark, id = "U", idAt[string](key.PK, 1)
	case isJob(key):
		mark = "J"
	}

	return indexKey{duePartition(shard(names.DueShards, key.PK, key.SK)), join(stamp(at), mark, part(id))}
}

func duePartition(shard int) string { return join(wordDue, strconv.Itoa(shard)) }

// reconcileIndexKey puts a record where the sweep finds its pending reconciliation.
func reconcileIndexKey(s entitlement.UserID, checkAfter time.Time) indexKey {
	return indexKey{reconcilePartition(shard(names.ReconcileShards, part(s))), join(stamp(checkAfter), part(s))}
}

// lateIndexKey lists what is owed by since when it is, the longest first; nothing where it is not.
func lateIndexKey(key Key, since time.Time) indexKey {
	if since.IsZero() {
		return indexKey{}
	}
	return indexKey{latePartition(shard(names.LateShards, key.PK, key.SK)), stamp(since)}
}

func latePartition(shard int) string { return join(wordLate, strconv.Itoa(shard)) }

// lateAt returns what an index entry of what is owed is about; ok is false where that is not
// known.
func lateAt(k Key, sort string) (l entitlement.Late, ok bool) {
	l.Since = unstamp(sort)
	switch {
	case k == endedKey(endedAt(k)):
		l.Assignment = endedAt(k)
	case k == grantSetKey(userAt(k), grantSetAt(k)):
		l.Subject, l.Connector = userAt(k), grantSetAt(k)
	default:
		return l, false
	}
	return l, true
}

// failingIndexKey lists a grant set among those that fail at a connector for a reason, the
// longest first.
func failingIndexKey(at entitlement.ConnectorID, reason string, since time.Time, s entitlement.UserID) indexKey {
	return indexKey{join("ERR", part(at), part(reason)), join(stamp(since), part(s))}
}

// failPartition is a shard of the grant sets that fail at any connector.
func failPartition(shard int) string { return join(wordFail, strconv.Itoa(shard)) }

// failIndexKey lists a grant set among all that fail, for good or not, the longest first.
// Each says by what reason, so that they are counted without being read.
func failIndexKey(key Key, since time.Time, s entitlement.UserID, reason string) indexKey {
	return indexKey{failPartition(shard(names.LateShards, key.PK, key.SK)), join(stamp(since), part(s), part(reason))}
}

// failAt returns what an index entry of all that fail says.
func failAt(k Key, sort string) (f entitlement.Failing, at entitlement.FailingAt) {
	return entitlement.Failing{Subject: idAt[entitlement.UserID](sort, 1), Since: unstamp(idAt[string](sort, 0))},
		entitlement.FailingAt{Connector: grantSetAt(k), Reason: idAt[string](sort, 2)}
}

// failingAt returns since when a grant set fails, and whose it is.
func failingAt(sort string) entitlement.Failing {
	return entitlement.Failing{Subject: lastOf[entitlement.UserID](sort), Since: unstamp(idAt[string](sort, 0))}
}

func reconcilePartition(shard int) string { return join(wordReconcile, strconv.Itoa(shard)) }

// upTo is the end of the index entries of an instant and of everything before it.
func upTo(t time.Time) string { return stamp(t) + beyond }

// idAt returns the id that is the nth member of a key value.
func idAt[T ~string](value string, n int) T {
	if members := strings.Split(value, sep); n < len(members) {
		return unpart[T](members[n])
	}
	return ""
}

func catalogAt(k Key) entitlement.CatalogID     { return idAt[entitlement.CatalogID](k.PK, 1) }
func resourceAt(k Key) entitlement.ResourceID   { return idAt[entitlement.ResourceID](k.SK, 1) }
func packageAt(k Key) entitlement.PackageID     { return idAt[entitlement.PackageID](k.PK, 1) }
func policyAt(k Key) entitlement.PolicyID       { return idAt[entitlement.PolicyID](k.PK, 1) }
func connectorAt(k Key) entitlement.ConnectorID { return idAt[entitlement.ConnectorID](k.PK, 1) }
func requestAt(k Key) entitlement.RequestID     { return idAt[entitlement.RequestID](k.PK, 1) }
func endedAt(k Key) entitlement.AssignmentID    { return idAt[entitlement.AssignmentID](k.PK, 1) }
func userAt(k Key) entitlement.UserID           { return idAt[entitlement.UserID](k.PK, 1) }
func groupAt(k Key) entitlement.GroupID         { return idAt[entitlement.GroupID](k.PK, 1) }

// personAt returns the person of a slot, a member or an owner.
func personAt(k Key) entitlement.UserID { return idAt[entitlement.UserID](k.SK, 1) }

// incompatibleAt returns the package that lists another one as incompatible.
func incompatibleAt(k Key) entitlement.PackageID { return idAt[entitlement.PackageID](k.SK, 1) }

// grantSetAt returns the connector of a grant set.
func grantSetAt(k Key) entitlement.ConnectorID { return idAt[entitlement.ConnectorID](k.SK, 1) }

// madeAt returns the request that a requestor made for somebody else.
func madeAt(k Key) entitlement.RequestID { return idAt[entitlement.RequestID](k.SK, 2) }

// lastOf returns the id that ends the sort value of a listing index entry.
func lastOf[T ~string](sort string) T { return idAt[T](sort, strings.Count(sort, sep)) }

// eventAt returns an event's aggregate and number.
func eventAt(k Key) (kind entitlement.AggregateKind, id string, number int64) {
	word := idAt[string](k.PK, 1)
	for at, w := range eventWords {
		if w == word {
			kind = at
		}
	}
	number, _ = strconv.ParseInt(idAt[string](k.SK, 1), 10, 64)
	return kind, idAt[string](k.PK, 2), number
}

func isJob(k Key) bool { return strings.HasPrefix(k.SK, join(wordJob, "")) }

// jobAt returns a job's package and generation.
func jobAt(k Key) (entitlement.PackageID, int64) {
	generation, _ := strconv.ParseInt(idAt[string](k.SK, 1), 10, 64)
	return packageAt(k), generation
}

// dueAt returns what a due index entry is about.
func dueAt(k Key, sort string) entitlement.DueRef {
	ref := entitlement.DueRef{At: unstamp(idAt[string](sort, 0))}
	switch {
	case strings.HasPrefix(k.PK, join(wordRequest, "")):
		ref.Kind, ref.Request = entitlement.DueRequest, requestAt(k)
	case k.SK == wordPackage:
		ref.Kind, ref.Package = entitlement.DuePackage, packageAt(k)
	case k.SK == wordPolicy:
		ref.Kind, ref.Policy = entitlement.DuePolicy, policyAt(k)
	case k.SK == wordBreaker:
		ref.Kind, ref.Connector = entitlement.DueBreaker, connectorAt(k)
	case k.SK == wordAbsence:
		ref.Kind, ref.Absent = entitlement.DueAbsence, userAt(k)
	case isJob(k):
		ref.Kind = entitlement.DueJob
		ref.Package, ref.Generation = jobAt(k)
	// Whatever is none of these is a slot: they are the most.
	default:
		ref.Kind, ref.Package, ref.Subject = entitlement.DueAssignment, packageAt(k), personAt(k)
	}
	return ref
}

// dueKey returns the item that a due reference names.
func dueKey(ref entitlement.DueRef) Key {
	switch ref.Kind {
	case entitlement.DueRequest:
		return requestKey(ref.Request)
	case entitlement.DueAssignment:
		return assignmentSlotKey(ref.Package, ref.Subject)
	case entitlement.DuePolicy:
		return policyKey(ref.Policy)
	case entitlement.DueBreaker:
		return breakerKey(ref.Connector)
	case entitlement.DueAbsence:
		return absenceKey(ref.Absent)
	case entitlement.DueJob:
		return jobKey(ref.Package, ref.Generation)
	default:
		return packageKey(ref.Package)
	}
}

// roleScopePartition is where the role assignments of a catalog lie, or, for none, those of
// the whole organisation.
func roleScopePartition(c entitlement.CatalogID) string {
	if c == "" {
		return wordConfig
	}
	return catalogKey(c).PK
}

// roleKey names a role assignment by all that it says, so that there is never a second one
// that says the same.
func roleKey(a entitlement.RoleAssignment) Key {
	who := roleHolder(a)
	return Key{roleScopePartition(a.Catalog), join(wordRole, who.kind, part(who.id), part(a.Role))}
}

func roleHolder(a entitlement.RoleAssignment) subjectSetRef {
	if a.Group != "" {
		return subjectSetRef{kindGroup, string(a.Group)}
	}
	return subjectSetRef{kindUser, string(a.User)}
}

// roleAt gives back what the key of a role assignment says.
func roleAt(a *entitlement.RoleAssignment, k Key) {
	if strings.HasPrefix(k.PK, join(wordCatalog, "")) {
		a.Catalog = catalogAt(k)
	}

	if idAt[string](k.SK, 1) == kindGroup {
		a.Group = idAt[entitlement.GroupID](k.SK, 2)
	} else {
		a.User = idAt[entitlement.UserID](k.SK, 2)
	}
	a.Role = idAt[entitlement.RoleID](k.SK, 3)
}

// heldRoleKey says beside a group that it holds a role.
func heldRoleKey(a entitlement.RoleAssignment) Key {
	return Key{groupKey(a.Group).PK, join(wordRole, part(a.Catalog), part(a.Role))}
}

// heldRoleAt returns the role assignment that an entry beside a group leads to.
func heldRoleAt(k Key) Key {
	return roleKey(entitlement.RoleAssignment{Group: groupAt(k), Catalog: idAt[entitlement.CatalogID](k.SK, 1), Role: idAt[entitlement.RoleID](k.SK, 2)})
}

// assignedRole is what the key of a role assignment says.
func assignedRole(k Key) (a entitlement.RoleAssignment) {
	roleAt(&a, k)
	return a
}

// roleIDKey says where the role assignment of an id is.
func roleIDKey(a entitlement.RoleAssignment) Key {
	who := roleHolder(a)
	return Key{wordConfig, prefixRoleID(a.ID) + join(part(a.Catalog), who.kind, part(who.id), part(a.Role))}
}

// prefixRoleID begins the sort key of the one entry of an id.
func prefixRoleID(id entitlement.RoleAssignmentID) string { return join(wordRoleID, part(id), "") }

// roleOfID returns the role assignment that the entry of an id leads to.
func roleOfID(k Key) Key {
	return Key{roleScopePartition(idAt[entitlement.CatalogID](k.SK, 2)), join(append([]string{wordRole}, strings.Split(k.SK, sep)[3:]...)...)}
}

// roleHolderIndexKey lists a role assignment among all, by who holds it.
func roleHolderIndexKey(a entitlement.RoleAssignment) indexKey {
	who := roleHolder(a)
	return indexKey{listPartition(wordRole, ""), join(who.kind, part(who.id), part(a.ID))}
}
