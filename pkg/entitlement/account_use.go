package entitlement

import "slices"

// AccountUse is who uses one account at a target. Two people of ours can be found as one there, as
// those who have one mail address are at Microsoft Graph. Whoever is given a role by an account is in its
// use before that, and leaves it after the last role; an account that we made is disabled or
// deleted when nobody is in it.
//
// It is kept when nobody is left, so that its version tells apart who read it before.
type AccountUse struct {
	Connector ConnectorID
	Ref       string // the id of the account at the target
	Users     []UserID
	Owner     UserID // on whose grant set it is as one that we made; "" for none
	// Ending: the owner disables or deletes it, or has. Nobody is given a role by it until the
	// owner has looked again.
	Ending bool
	Meta
}

// MaxAccountUsers bounds the people who use one account.
const MaxAccountUsers = 1000

// Others reports that somebody else uses the account.
func (a AccountUse) Others(than UserID) bool {
	return slices.ContainsFunc(a.Users, func(u UserID) bool { return u != than })
}

// Same reports that the two say the same.
func (a AccountUse) Same(b AccountUse) bool {
	return slices.Equal(a.Users, b.Users) && a.Owner == b.Owner && a.Ending == b.Ending
}

// Entered returns the use with a person in it. wake is the owner who is to look at the account again,
// since it is needed and ending.
func (a AccountUse) Entered(who UserID) (entered AccountUse, wake UserID) {
	if slices.Contains(a.Users, who) {
		return a, ""
	}
	a.Users = append(slices.Clone(a.Users), who)
	slices.Sort(a.Users)
	if a.Ending {
		wake = a.Owner
	}
	return a, wake
}

// Left returns the use without a person. wake is the owner who is to end the account, since nobody
// is left.
func (a AccountUse) Left(who UserID) (left AccountUse, wake UserID) {
	if !slices.Contains(a.Users, who) {
		return a, ""
	}
	a = a.without(who)
	if len(a.Users) == 0 && a.Owner != who {
		wake = a.Owner
	}
	return a, wake
}

// Ended returns the use when no role of the owner needs the account any more: it is ending unless somebody
// else uses it.
func (a AccountUse) Ended(owner UserID) AccountUse {
	a = a.without(owner)
	a.Owner, a.Ending = owner, len(a.Users) == 0
	return a
}

// Opened returns the use when the account can be used, as its owner has seen.
func (a AccountUse) Opened(owner UserID) AccountUse {
	a.Owner, a.Ending = owner, false
	return a
}

// Released returns the use when the account is none of ours any more.
func (a AccountUse) Released(owner UserID) AccountUse {
	a = a.without(owner)
	if a.Owner == owner {
		a.Owner, a.Ending = "", false
	}
	return a
}

func (a AccountUse) without(who UserID) AccountUse {
	a.Users = slices.DeleteFunc(slices.Clone(a.Users), func(u UserID) bool { return u == who })
	return a
}
