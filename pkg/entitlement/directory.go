package entitlement

import (
	"slices"
	"strings"
	"time"
)

// Principal is who a token says is calling: its issuer and the value of the claim
// that the issuer's setting names. It is bound to a user by an administrator and
// never matched by e-mail or name.
type Principal struct{ Issuer, Value string }

// UserType tells members of the organisation from its guests.
type UserType string

// The user types, as Graph spells them.
const (
	Member UserType = "Member"
	Guest  UserType = "Guest"
)

// User is a person, or an application bound like one, in the built-in directory.
type User struct {
	ID                UserID
	Type              UserType
	DisplayName       string
	UserPrincipalName string
	Mail              string
	MailNickname      string
	GivenName         string
	Surname           string
	Department        string
	JobTitle          string
	ExternalID        string
	Enabled           bool
	Manager           UserID
	Groups            []GroupID // direct memberships; changed by Membership alone, which may go with the User
	Identities        []Principal
	Lifecycle         SubjectLifecycle // of a guest; empty means not defined
	Preferences                        // how the pages speak to them
	Former            []PersonalValue  // personal values that events refer to and that hold no more
	Created           time.Time
	Deleted           time.Time // set: the record is kept as the anchor of what was held, and nobody sees it
	Meta
}

// MemberOf reports direct membership.
func (u User) MemberOf(g GroupID) bool { return slices.Contains(u.Groups, g) }

// Active refuses a caller whose account is disabled.
func (u User) Active() error {
	if u.Enabled {
		return nil
	}
	return Errorf(Forbidden, "Your account is disabled. Ask an administrator to enable it.") // R39
}

// Administrator reports that the user may administer everything: an enabled member
// of the administrators' group.
func (u User) Administrator() bool { return u.Enabled && u.MemberOf(AdministratorsGroup) }

// Gone reports a user who was deleted: whoever names one is answered as if there were none.
func (u User) Gone() bool { return !u.Deleted.IsZero() }

// CanAdminister reports an administrator who can sign in. One at least always stays.
func (u User) CanAdminister() bool { return u.Administrator() && len(u.Identities) > 0 && !u.Gone() }

// MaxGroups is the number of groups one user may be a member of (S21).
const MaxGroups = 2000

// Group is a group of the built-in directory. Its members and owners are rows of their own.
type Group struct {
	ID           GroupID
	DisplayName  string
	Description  string
	MailNickname string
	GroupSort
	Created time.Time
	Deleted time.Time // set: it is being deleted, nobody comes into it, and nobody sees it
	Meta
}

// GroupSort is what sort of group one is where it comes from, as whoever feeds the directory
// says. The zero value is a security group of this directory.
type GroupSort struct {
	Unified     bool   // a Microsoft 365 group
	MailEnabled bool   // it gets mail: one that is not Unified is a distribution group
	NoSecurity  bool   // it opens nothing by itself
	Dynamic     bool   // its members come from MembershipRule
	Rule        string // as its source words it
	Synced      bool   // it is kept by an on-premises directory
}

// MaxRule bounds the characters of a membership rule.
const MaxRule = 3072

// Check refuses a sort of group that there is not.
func (s GroupSort) Check() error {
	switch {
	case s.Unified && !s.MailEnabled:
		return Errorf(Invalid, "mailEnabled must be true where groupTypes has Unified: a Microsoft 365 group gets mail.")
	case s.NoSecurity && !s.MailEnabled:
		return Errorf(Invalid, "securityEnabled must be true where mailEnabled is not: the group would be for nothing.")
	case s.Dynamic != (s.Rule != ""):
		return Errorf(Invalid, "membershipRule must be given where groupTypes has DynamicMembership, and nowhere else.")
	}
	return checkText("membershipRule", s.Rule, MaxRule, true)
}

// NoResource says why access packages cannot give roles of such a group (R10, R11): who is in
// it is decided elsewhere. "" where they can.
func (s GroupSort) NoResource() string {
	switch {
	case s.Synced:
		return "The group is synchronized from an on-premises directory: change who is in it there, or offer a group that is kept here."
	case s.Dynamic:
		return "The group is dynamic: its members come from its rule, and nobody can be added. Offer a group with assigned members."
	case s.MailEnabled && !s.Unified && s.NoSecurity:
		return "The group is a distribution group: it is for mail alone. Offer a security group or a Microsoft 365 group."
	case s.MailEnabled && !s.Unified:
		return "The group is a mail-enabled security group, whose members are kept by its mail system. Offer a security group or a Microsoft 365 group."
	}
	return ""
}

// Recorded lists what events say of it.
func (s GroupSort) Recorded() []Recorded {
	var of []string
	for _, is := range []struct {
		so   bool
		word string
	}{{s.Unified, "Unified"}, {s.Dynamic, "DynamicMembership"}, {s.MailEnabled, "mailEnabled"}, {s.NoSecurity, "not securityEnabled"}, {s.Synced, "onPremisesSyncEnabled"}} {
		if is.so {
			of = append(of, is.word)
		}
	}
	return []Recorded{{"sort", strings.Join(of, ", ")}, {"membershipRule", s.Rule}}
}

// Gone reports a group that is being deleted: whoever names it is answered as if there were none.
func (g Group) Gone() bool { return !g.Deleted.IsZero() }

// Membership is one user's membership (or ownership, where Owner is set) of a group,
// to be made or, where Erased is set, to be ended. Where its User is in the same Change,
// it goes by the version of that one.
type Membership struct {
	Group  GroupID
	User   UserID
	Owner  bool
	Erased bool
}

// Regrouped returns what groups a user is in after the memberships, of whomever they are.
func (u User) Regrouped(memberships []Membership) []GroupID {
	groups := slices.Clone(u.Groups)
	for _, m := range memberships {
		switch {
		case m.User != u.ID || m.Owner:
		case m.Erased:
			groups = slices.DeleteFunc(groups, func(g GroupID) bool { return g == m.Group })
		default:
			groups = append(groups, m.Group)
		}
	}
	return groups
}

// Meta is what every stored aggregate carries. Version is the version as read: a
// Change is committed only where the store still holds that one, 0 where it must
// not exist yet. Erased asks for its removal. Chain is the head of its events.
type Meta struct {
	Version int64
	Erased  bool
	Chain   Chain
}
