package entitlement

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"slices"
	"strings"
	"time"

	"leasehold/pkg/order"
)

// RoleEdit is a change of a package's roles: one role scope comes or goes.
type RoleEdit struct {
	Package PackageID
	Scope   ResourceRoleScope
	Remove  bool
}

// Effect is what a change of a package's roles does to somebody who holds the package.
type Effect string

// The effects.
const (
	Gains Effect = "gains"
	Loses Effect = "loses"
	Keeps Effect = "keeps"
)

// Affected is what a change of a package's roles does to one holder.
type Affected struct {
	Subject UserID
	Effect  Effect
	Until   time.Time // when the assignment to the package ends; zero means never
	Because []Reason  // of one who keeps: what else gives the role
	Further int       // reasons beside these, of a list that was kept
	Before  bool      // the role was there before an assignment gave it (R6: it goes with the last one all the same)
}

// Reason is another live package that gives somebody the role.
type Reason struct {
	Package PackageID
	Until   time.Time // when that assignment ends; zero means never
}

// Holder is what is known of somebody who holds the package, as far as an edit is concerned.
type Holder struct {
	Slot   AssignmentSlot // of the package
	Record SubjectRecord
	Gives  map[PackageID]bool       // which packages give the role: of the edited one, by another role scope
	Others map[PackageID]Assignment // the subject's live assignments to other packages that do
	Before bool
}

// GivenBy reports that a package gives the role of the edit, by another role scope than the one
// that comes or goes.
func (e RoleEdit) GivenBy(s PackageScopes) bool {
	return slices.ContainsFunc(s.List, func(r ResourceRoleScope) bool {
		return r.Ref == e.Scope.Ref && (s.Package != e.Package || r.ID != e.Scope.ID)
	})
}

// Of says what the edit does to a holder at now. Nothing is said of those to whom nothing is
// given now: whose assignment is over, though the sweep has not ended it yet, or who may not
// get anything any more.
func (e RoleEdit) Of(h Holder, now time.Time) (Affected, bool) {
	a := h.Slot.Assignment
	if a == nil || a.Target == TargetAbsent || h.Slot.Over(now) || h.Record.Disabled || !slices.Contains(h.Record.Live, e.Package) {
		return Affected{}, false
	}
	is := Affected{Subject: h.Slot.Subject, Effect: Gains, Until: a.End, Before: h.Before}
	if e.Remove {
		is.Effect = Loses
	}

	for _, id := range slices.Sorted(slices.Values(h.Record.Live)) {
		by, live := h.Others[id]
		if id == e.Package {
			by, live = *a, true
		}
		// What is over gives nothing, though the sweep has not ended it yet.
		if h.Gives[id] && live && (by.End.IsZero() || now.Before(by.End)) {
			is.Because = append(is.Because, Reason{id, by.End})
		}
	}
	if len(is.Because) > 0 {
		is.Effect = Keeps
	}
	return is, true
}

// ImpactTotals is an edit's impact in figures, and the digest of what is agreed to: the edit, who
// gains and who loses. It is made holder by holder, in the order of their ids, so that its
// memory does not grow with them.
type ImpactTotals struct {
	Holders, Gains, Loses, Keeps int
	digest                       hash.Hash
}

// Totals begins the totals of an edit.
func (e RoleEdit) Totals() *ImpactTotals {
	t := &ImpactTotals{digest: sha256.New()}
	way := "add"
	if e.Remove {
		way = "remove"
	}
	// Each part is led by its length, so that no two edits are written alike.
	for _, part := range []string{way, string(e.Package), e.Scope.ID, string(e.Scope.Ref.Connector), e.Scope.Ref.Resource, e.Scope.Ref.Role} {
		fmt.Fprintf(t.digest, "%d:%s\n", len(part), part)
	}
	return t
}

// Add counts one holder.
func (t *ImpactTotals) Add(a Affected) {
	t.Holders++
	switch a.Effect {
	case Gains:
		t.Gains++
	case Loses:
		t.Loses++
	default:
		t.Keeps++
		return
	}
	fmt.Fprintf(t.digest, "%s %s\n", a.Effect, a.Subject)
}

// Hash names the edit with who gains and who loses by it.
func (t *ImpactTotals) Hash() string { return hex.EncodeToString(t.digest.Sum(nil))[:hashLength] }

// hashLength is how much of the digest people and clients carry about: 128 bits.
const hashLength = 32

// Affected is how many people gain or lose something.
func (t *ImpactTotals) Affected() int { return t.Gains + t.Loses }

// ImpactLimit is above how many people a change of a package's roles, or of a policy, needs a
// second person in a catalog.
type ImpactLimit struct {
	People    int  // who gain or lose; zero means no limit
	Percent   int  // of those who hold the package; zero means no limit
	Loosening bool // a policy that is loosened needs the second person too (A4)
}

// MaxLimitPeople bounds the limit in people (S21).
const MaxLimitPeople = 1_000_000

// Check refuses a limit that says nothing.
func (l ImpactLimit) Check() error {
	if l.People < 0 || l.People > MaxLimitPeople {
		return Errorf(Invalid, "people must be a number from 1 to %d, or 0 for no limit.", MaxLimitPeople)
	}
	if l.Percent < 0 || l.Percent > 100 {
		return Errorf(Invalid, "percent must be a number from 1 to 100, or 0 for no limit.")
	}
	return nil
}

// Stated reports that the number of people matters to a change of roles.
func (l ImpactLimit) Stated() bool { return l.People > 0 || l.Percent > 0 }

// Exceeded reports an impact that needs the second person.
func (l ImpactLimit) Exceeded(t *ImpactTotals) bool {
	n := t.Affected()
	return l.People > 0 && n > l.People || l.Percent > 0 && n*100 > l.Percent*t.Holders
}

// Looser reports a limit under which somebody may do alone what needs a second person under
// the other one.
func (l ImpactLimit) Looser(than ImpactLimit) bool {
	wider := func(is, was int) bool { return was > 0 && (is == 0 || is > was) }
	return wider(l.People, than.People) || wider(l.Percent, than.Percent) || than.Loosening && !l.Loosening
}

// ChangeID is the id of a change that waits for a second person.
type ChangeID string

// ImpactChange is a change that waits for a second person. It lies beside its catalog.
type ImpactChange struct {
	ID      ChangeID // of the edit, so that what is proposed again takes the place of the first
	Catalog CatalogID
	Edit    RoleEdit

	// Of a policy that is loosened: which, what of it, every property with what it was and is to
	// be, and the policy as it is to be, at the version that it was decided on. Of Edit the
	// package alone counts then.
	Policy  PolicyID
	Loosens string
	Changed []Changed
	Terms   AssignmentPolicy

	Hash                         string // what is agreed to
	Holders, Gains, Loses, Keeps int
	Seen                         string // who gains and who loses, as PackSeen has them; empty where they are too many

	Proposer UserID
	Created  time.Time
	Meta
}

// ChangeLasts is how long a change waits for its second person.
const ChangeLasts = 7 * 24 * time.Hour

// MaxChanges bounds the changes that wait in one catalog (S21).
const MaxChanges = 50

// Expires returns when nobody can agree any more.
func (c ImpactChange) Expires() time.Time { return c.Created.Add(ChangeLasts) }

// Over reports that the change has waited for too long.
func (c ImpactChange) Over(now time.Time) bool { return !now.Before(c.Expires()) }

// Seen is somebody on a list that was looked at.
type Seen struct {
	Subject UserID
	Effect  Effect
}

// MaxSeen bounds the people whose names are remembered of a list that was looked at: above it a
// difference is told in figures.
const MaxSeen = 2000

// PackSeen writes a list that was looked at as a form carries it: a sign and 16 bytes for each.
func PackSeen(all []Seen) string {
	var out []byte
	for _, s := range all {
		raw, err := hex.DecodeString(strings.ReplaceAll(string(s.Subject), "-", ""))
		if err != nil || len(raw) != 16 {
			continue // no id of ours
		}
		mark := byte('+')
		if s.Effect == Loses {
			mark = '-'
		}
		out = append(append(out, mark), raw...)
	}
	return base64.RawURLEncoding.EncodeToString(out)
}

// UnpackSeen reads it; what is no such list is none.
func UnpackSeen(packed string) []Seen {
	text, err := base64.RawURLEncoding.DecodeString(packed)
	if err != nil {
		return nil
	}
	var all []Seen
	for ; len(text) >= 17 && len(all) < MaxSeen; text = text[17:] {
		effect := Gains
		if text[0] == '-' {
			effect = Loses
		}
		h := hex.EncodeToString(text[1:17])
		all = append(all, Seen{UserID(h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]), effect})
	}
	return all
}

// SeenDifference returns who has come to a list since it was looked at, and who has gone from it.
func SeenDifference(before, now []Seen) (came, went []Seen) {
	byPerson := func(a, b Seen) int { return cmp.Or(cmp.Compare(a.Subject, b.Subject), cmp.Compare(a.Effect, b.Effect)) }
	missing := func(from, in []Seen) (all []Seen) {
		in = slices.Clone(in)
		order.SortFunc(in, byPerson)
		for _, s := range from {
			if _, found := slices.BinarySearchFunc(in, s, byPerson); !found {
				all = append(all, s)
			}
		}
		return all
	}
	return missing(now, before), missing(before, now)
}

// Unmoved is something that a change was decided on and does not write itself: it must be as
// it was read.
//
//   - Subject alone: what the subject holds is at Generation.
//   - Subject and Package: the subject's place in the package is at Version.
//   - Package alone: the package's role scopes are at Version.
type Unmoved struct {
	Subject    UserID
	Generation int64
	Package    PackageID
	Version    int64
}

// EditWatch is how an edit of a package's roles sees people come to hold the package out of
// nothing while it looks at who holds it. Such a request is a write of items that were not
// there, so that no condition on what was read meets it. The edit lays its token on the
// package's guards, looks, and commits where the token still lies on all of them; a request that
// meets a token takes it away and goes on. So a request waits for no edit, and a token that a
// crash has left is taken away by the next request.
type EditWatch struct {
	Package PackageID
	Token   string
	Step    WatchStep
	Subject UserID // whose guard is meant, where the watch is lifted by a request
}

// WatchStep is what a change does to a watch.
type WatchStep string

// The steps of a watch.
const (
	WatchBegins WatchStep = "begins" // on all guards
	WatchHeld   WatchStep = "held"   // nobody has come: demanded of all guards, and ended there
	WatchLifted WatchStep = "lifted" // by a request of Subject, or by an edit that came to nothing, on all
)
