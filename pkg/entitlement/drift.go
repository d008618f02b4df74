package entitlement

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strconv"
	"time"
)

// DriftMode is what is done where a role that was delivered is not at the target any more.
type DriftMode string

// The modes. The scan never takes anything away in either.
const (
	DriftReport    DriftMode = ""          // it is reported
	DriftGiveAgain DriftMode = "giveAgain" // it is given again, for a bounded number of times
)

// PreExistingMode is what becomes of a role that somebody had before an assignment gave it, when
// the last assignment that gives it ends.
type PreExistingMode string

// The modes.
const (
	TakeWithLast PreExistingMode = ""     // it goes too (R6)
	KeepExisting PreExistingMode = "keep" // it is left
)

// Words of the modes, as clients write the defaults.
const (
	WordReport       = "report"
	WordTakeWithLast = "takeWithLast"
)

// DriftModeOf returns the mode of a word.
func DriftModeOf(word string) (DriftMode, error) {
	switch word {
	case WordReport:
		return DriftReport, nil
	case string(DriftGiveAgain):
		return DriftGiveAgain, nil
	}
	return "", Errorf(Invalid, "driftMode must be report or giveAgain.")
}

// Word returns the mode as clients write it.
func (m DriftMode) Word() string {
	if m == DriftReport {
		return WordReport
	}
	return string(m)
}

// PreExistingModeOf returns the mode of a word.
func PreExistingModeOf(word string) (PreExistingMode, error) {
	switch word {
	case WordTakeWithLast:
		return TakeWithLast, nil
	case string(KeepExisting):
		return KeepExisting, nil
	}
	return "", Errorf(Invalid, "preExistingMode must be takeWithLast or keep.")
}

// Word returns the mode as clients write it.
func (m PreExistingMode) Word() string {
	if m == TakeWithLast {
		return WordTakeWithLast
	}
	return string(m)
}

// Kept reports a grant that is left where it is when nothing gives it any more: it was there before
// us, and nobody of us ever sent it, so that it is not ours to take where the resource says keep (S9).
func (m PreExistingMode) Kept(g Grant) bool {
	return m == KeepExisting && g.PreExisting && !g.Sent && g.Intent == "" && !g.Revoked && g.Removal == ""
}

// DriftPhase is how far the scan of a role is.
type DriftPhase string

// The phases.
const (
	DriftWaits   DriftPhase = ""        // for its time
	DriftReading DriftPhase = "reading" // its holders are being read, page by page
	DriftJudging DriftPhase = "judging" // what differed is looked at again, after a while
)

// DriftEvery is how often a role is compared with its target; DriftSoon where something was given
// again, so that a target that takes it away again is found out on the same day.
const (
	DriftEvery = 24 * time.Hour
	DriftSoon  = 6 * time.Hour
	// DriftRetry is when a scan that failed is tried again.
	DriftRetry = time.Hour
)

// DriftScanID names the comparison of one role with its target. It follows from the role.
type DriftScanID string

// DriftFindingID names a finding within a scan. It follows from the target's id of whose it is.
type DriftFindingID string

// DriftScanOf returns the id of a role's scan.
func DriftScanOf(role RoleRef) DriftScanID {
	return DriftScanID(derivedID(string(role.Connector), role.Resource, role.Role))
}

// DriftFindingOf returns the id of the finding of a principal in a scan.
func DriftFindingOf(principal string) DriftFindingID { return DriftFindingID(derivedID(principal)) }

// derivedID is an id in the form of all others that follows from texts.
func derivedID(texts ...string) string {
	sum := sha256.New()
	for _, t := range texts {
		sum.Write([]byte(strconv.Itoa(len(t)) + ":" + t))
	}
	b := sum.Sum(nil)[:16]
	b[6], b[8] = b[6]&0x0f|0x80, b[8]&0x3f|0x80 // version 8: of the maker's own (RFC 9562)
	h := hex.EncodeToString(b)
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// DriftScan is the comparison of one role with its target: how far it is, and what it found.
type DriftScan struct {
	Role    RoleRef
	Name    string // what resource and role are called in a catalog, as of the last comparison; "": not known
	Phase   DriftPhase
	Cursor  string    // where reading goes on
	Part    int       // turns of reading that are over
	Next    time.Time // when there is something to do
	Started time.Time // of the scan that is under way, or the last one

	// Of the last scan that came to its end, or, while one is under way, of that so far.
	Completed time.Time
	Lists     bool // the target lists holders; else only who ought to be there was looked for
	Holders   int  // that the target showed
	Ours      int  // that ought to be there
	Missing   int  // findings that stand
	Extra     int
	Contested int
	Shown     string // the target's id of somebody who was seen to be there, by whom it is told what it shows
	Unclear   int    // differences of which the target could not tell whether they are
	Left      int    // differences beyond MaxDriftNews, left to the next scan
	Unread    int    // items that could not be read: nobody is called extra then

	// Why the last try failed; "" where it did not.
	Reason string
	Detail string
	Failed time.Time
	Meta
}

// ID returns the scan's id; its events are under it.
func (s DriftScan) ID() DriftScanID { return DriftScanOf(s.Role) }

// DriftSeen is which of those who ought to hold a role one turn of reading saw, by digests of the
// target's ids: it is kept where a target is too long to be read in one turn.
type DriftSeen struct {
	Role    RoleRef
	Part    int
	Started time.Time // of the scan
	Digests []uint64
	Meta
}

// MaxDriftSeen bounds the digests in one item (S21).
const MaxDriftSeen = 30_000

// Until is when nobody needs it any more.
func (s DriftSeen) Until() time.Time { return s.Started.Add(2 * DriftEvery) }

// DriftDigest is the short digest of a target's id.
func DriftDigest(principal string) uint64 {
	sum := sha256.Sum256([]byte(principal))
	return binary.BigEndian.Uint64(sum[:])
}

// MaxDriftNews bounds the new findings of one scan of a role (S21). What is beyond is counted, and
// found by the next one.
const MaxDriftNews = 1000

// DriftKind says what differs.
type DriftKind string

// The kinds.
const (
	DriftMissing DriftKind = "missing" // recorded as delivered, and not at the target
	DriftExtra   DriftKind = "extra"   // at the target, and nothing of ours gives it
)

// DriftState is what was done about a finding.
type DriftState string

// The states.
const (
	DriftSuspected  DriftState = ""           // one look differed; it is no finding yet
	DriftOpen       DriftState = "open"       // it stands
	DriftGivenAgain DriftState = "givenAgain" // it was given again
	DriftContested  DriftState = "contested"  // and again, until that was too often
	DriftTaking     DriftState = "takingAway" // a person decided to take it away
)

// DriftStates lists those that are shown.
func DriftStates() []string {
	return []string{string(DriftOpen), string(DriftGivenAgain), string(DriftContested), string(DriftTaking)}
}

// DriftFinding is one difference between a target and what ought to be there.
type DriftFinding struct {
	Role      RoleRef
	Name      string // of the role, as its comparison knew it
	Principal string // the target's id of whose role it is
	Subject   UserID // the person, where that is known
	Kind      DriftKind
	State     DriftState
	First     time.Time
	Last      time.Time   // begin of the last scan that saw it
	Judged    time.Time   // begin of the last scan by which it was looked at again
	Given     []time.Time // when it was given again, within a day
	DecidedBy UserID
	DecidedAt time.Time
	Sent      bool   // the removal that was decided may have reached the target
	Reason    string // why what was decided could not be done yet
	Detail    string
	Meta
}

// DriftWalk is when the roles that packages give were last gone through.
type DriftWalk struct {
	Next time.Time
	Meta
}

// Bounds of giving again: so often within so long, and then it is left to people.
const (
	maxGivenAgain    = 3
	givenAgainWithin = 24 * time.Hour
)

// ID returns the finding's id in its scan.
func (f DriftFinding) ID() DriftFindingID { return DriftFindingOf(f.Principal) }

// Shown reports a finding that people see.
func (f DriftFinding) Shown() bool { return f.State != DriftSuspected }

// Confirm makes a suspicion a finding, or keeps one, that the scan begun at scan has looked at again.
// news: it was none before.
func (f DriftFinding) Confirm(scan, now time.Time) (confirmed DriftFinding, news bool) {
	news = f.State == DriftSuspected
	if news {
		f.State, f.First = DriftOpen, now
	}
	f.Judged = scan
	return f, news
}

// GiveAgain decides whether a role that is missing is given again: at most three times within a day.
// Then it is contested, and stays so until it is there: somebody or something takes it away each time.
func (f DriftFinding) GiveAgain(now time.Time) (next DriftFinding, again bool) {
	if f.Kind != DriftMissing || f.State == DriftContested {
		return f, false
	}

	f.Given = f.given(now)
	if len(f.Given) >= maxGivenAgain {
		f.State = DriftContested
		return f, false
	}

	f.Given, f.State = append(f.Given, now), DriftGivenAgain
	return f, true
}

// given returns when the role was given again within a day.
func (f DriftFinding) given(now time.Time) []time.Time {
	return slices.DeleteFunc(slices.Clone(f.Given), func(at time.Time) bool { return now.Sub(at) >= givenAgainWithin })
}

// Over reports that a finding which a scan did not see any more is of no use. What was given again is
// remembered for a day, by which its number is counted.
func (f DriftFinding) Over(now time.Time) bool {
	return f.State != DriftGivenAgain || len(f.given(now)) == 0
}

// TakeAway records that a person wants an extra role taken away. The scan's function does it, if it
// is still extra then. Who decided first stays on record.
func (f DriftFinding) TakeAway(by UserID, now time.Time) (DriftFinding, error) {
	switch {
	case f.Kind != DriftExtra:
		return f, Errorf(Conflict, "Only a role that is there without us can be taken away; this one is missing.")
	case f.State != DriftOpen && f.State != DriftTaking:
		return f, Errorf(NotFound, "There is no such finding.")
	}
	if f.State == DriftOpen {
		f.State, f.DecidedBy, f.DecidedAt = DriftTaking, by, now
	}
	f.Reason, f.Detail = "", ""
	return f, nil
}

// DriftFindingRef names a finding of a comparison.
type DriftFindingRef struct {
	Connector ConnectorID
	Scan      DriftScanID
	Finding   DriftFindingID
}

// Adopter returns who is assigned a package that is to make an extra role theirs by us: whoever is
// known to have it, else the one who is named.
func (f DriftFinding) Adopter(named UserID) (UserID, error) {
	switch {
	case !f.Shown():
		return "", Errorf(NotFound, "There is no such finding.")
	case f.Kind != DriftExtra:
		return "", Errorf(Conflict, "Only a role that is there without us can be adopted; this one is missing. Have its assignment delivered again.")
	case f.State != DriftOpen:
		return "", Errorf(Conflict, "It was decided to take this role away. Compare the role again: if it is found there once more, it can be adopted.")
	case f.Subject == "" && named == "":
		return "", Errorf(Precondition, "It is not known here whose role this is: the target calls them %s. Name the user by targetId.", f.Principal)
	case f.Subject != "" && named != "" && named != f.Subject:
		return "", Errorf(Conflict, "Somebody else has this role: leave out targetId.")
	case f.Subject != "":
		return f.Subject, nil
	}
	return named, nil
}

// RoleMissing records, in the events of a live assignment, that a role of it was taken away at the
// target; where it is given again, the assignment is delivered once more.
func RoleMissing(slot AssignmentSlot, role RoleRef, again bool, command string, now time.Time) Change {
	a := *slot.Assignment
	next := a.State
	if again {
		// One that counts as delivered does not any more; another one is being delivered anyway.
		if lost, err := a.State.Next(RoleLost); err == nil {
			next = lost
		}
	}

	e := Event{Aggregate: OfRequest, ID: string(a.ID), Kind: "roleMissing", Actor: Service, Command: command, At: now, Data: driftData(role, "")}
	if again {
		e.Data["givenAgain"] = "true"
	}
	a.Chain, e = a.Chain.Append(withStates(e, string(a.State), string(next)))
	if a.State != next {
		a.State, a.Since = next, now
	}
	slot.Assignment = &a

	c := Change{Slots: []AssignmentSlot{slot}, Events: []Event{e}}
	if again {
		c.SubjectUpdates = []SubjectUpdate{{Subject: a.Subject, Redeliver: Waiting{a.Package, a.ID}, CheckAfter: now.Add(enqueueSlack)}}
	}
	return c
}

// CompareNow has a role compared with its target now, and not when its time comes. At most one
// comparison of a role is under way: of one that is, or that is due, nothing changes, and false is
// returned. How fast it goes its target says, and not who asked.
func CompareNow(s DriftScan, by Actor, now time.Time) (c Change, begins bool) {
	if s.Phase != DriftWaits || !s.Next.After(now) {
		return Change{}, false
	}
	s, e := s.Note("roleToCompare", DriftFinding{Role: s.Role}, by, now)
	s.Next = now
	return Change{DriftScans: []DriftScan{s}, Events: []Event{e}}, true
}

// Called is what people read of a role: its name, or where none is known the target's id.
func (s DriftScan) Called() string { return cmp.Or(s.Name, s.Role.Role) }

// Called is what people read of the finding's role.
func (f DriftFinding) Called() string { return cmp.Or(f.Name, f.Role.Role) }

// driftData names a role, and whose it is by the target's id, in an event.
func driftData(role RoleRef, principal string) map[string]string {
	data := map[string]string{"connector": string(role.Connector), "resource": role.Resource, "role": role.Role}
	if principal != "" {
		data["principal"] = principal
	}
	return data
}

// Note appends an event about a finding to those of the scan.
func (s DriftScan) Note(kind string, f DriftFinding, actor Actor, now time.Time) (DriftScan, Event) {
	e := Event{Aggregate: OfDrift, ID: string(s.ID()), Kind: kind, Actor: actor.ID, Command: actor.Command, AllowedBy: actor.AllowedBy, At: now, Data: driftData(f.Role, f.Principal)}
	if f.Subject != "" {
		e.Data["subject"] = string(f.Subject)
	}
	s.Chain, e = s.Chain.Append(e)
	return s, e
}

// TakeExtra records a person's decision that an extra role is taken away, with its event, and has it
// carried out soon: by the function that compares, if it is still extra then. Where somebody decided
// that already and it is about to be done, nothing changes, and false is returned: the function may
// have asked the target by now, and is to find the record as it left it.
func TakeExtra(s DriftScan, f DriftFinding, by Actor, now time.Time) (c Change, news bool, err error) {
	underWay := f.State == DriftTaking && s.Phase != DriftWaits
	f, err = f.TakeAway(by.ID, now)
	if err != nil || underWay {
		return Change{}, false, err
	}
	f.Judged = time.Time{}

	s, e := s.Note("roleToTakeAway", f, by, now)
	// One that is under way judges what was decided at its end.
	if s.Phase == DriftWaits {
		s.Phase, s.Next = DriftJudging, now
	}
	return Change{DriftScans: []DriftScan{s}, DriftFindings: []DriftFinding{f}, Events: []Event{e}}, true, nil
}
