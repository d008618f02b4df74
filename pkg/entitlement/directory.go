package entitlement

import (
	"slices"
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
	Created      time.Time
	Deleted      time.Time // set: it is being deleted, nobody comes into it, and nobody sees it
	Meta
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
