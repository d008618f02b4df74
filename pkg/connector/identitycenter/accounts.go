package identitycenter

import (
	"context"
	"strings"
	"unicode"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/entitlement"
)

// A user that is made here carries the mark as its userType, which AWS leaves to whoever makes a user
// and shows at the console. ExternalIds cannot: CreateUser does not take them, and they are what an
// identity provider gives. AWS shows whether a user is disabled (UserStatus), and no call of Identity
// Store is documented to change that: the console is. So nothing is called where the last role ends:
// memberships and assignments are gone, and the user stays, unless the connector says that it is
// deleted.

// markPrefix begins the userType of a user that was made here.
const markPrefix = "leasehold:"

// foreignMark is the mark of a user whose userType somebody else chose.
const foreignMark = "another"

var (
	askToMake   = outbound.Operation{Op: "identitycenter: make user", What: "to make a user"}
	askToEnable = outbound.Operation{Op: "identitycenter: change user", What: "to enable or disable a user"}
	askToDelete = outbound.Operation{Op: "identitycenter: delete user", What: "to delete a user"}
	askOneUser  = outbound.Operation{Op: "identitycenter: read user", What: "for a user"}
	askSource   = outbound.Operation{Op: "identitycenter: read source", What: "where its users come from"}
)

// rules are what the registration lets us do about users.
func (c *Connector) rules() *connector.AccountRules {
	return &connector.AccountRules{Make: c.makes, Made: c.made, Delete: c.deletes, Stays: true, Refuse: notMadeFor, Ask: c.hasOwnUsers, Cost: entitlement.Cost{Units: 1}}
}

// maxUserName is how long a user name may be.
const maxUserName = 128

// notMadeFor says why no user can be made for a person: what IAM Identity Center requires is missing.
func notMadeFor(p connector.Person) *connector.Refusal {
	odd := func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }
	why := ""
	switch {
	case p.UserName == "" || p.GivenName == "" || p.Surname == "" || p.DisplayName == "":
		why = "IAM Identity Center makes no user without a user name, a display name, a given name and a surname. Give them to the user, then reprocess."
	case len([]rune(p.UserName)) > maxUserName || strings.ContainsFunc(p.UserName, odd) || p.UserName == "Administrator" || p.UserName == "AWSAdministrators":
		why = "IAM Identity Center takes no user name like this person's. Make the user there and find it by another of the connector's correlationKeys, then reprocess."
	default:
		return nil
	}
	return &connector.Refusal{Reason: connector.PrincipalMissing, Permanent: true, Detail: why}
}

// hasOwnUsers refuses where the identity source is another one than IAM Identity Center itself: no call
// tells which it is, but users whom an identity provider or a directory brought have external ids.
// One that is made beside them could not sign in, or would be in the way of the one to come.
func (c *Connector) hasOwnUsers(ctx context.Context, _ connector.Person) error {
	var some struct{ Users *[]user }
	if err := c.ask(ctx, askSource, identityStore, "ListUsers", inStore{IdentityStoreId: c.at.store, MaxResults: pageSize}, &some); err != nil {
		return explain(askSource, err)
	}
	if some.Users == nil {
		return askSource.NotUnderstood(200, errNoList)
	}
	for _, u := range *some.Users {
		if len(u.ExternalIds) > 0 {
			return connector.Fail(entitlement.Precondition, askSource.Op, &connector.Refusal{Reason: connector.PrincipalMissing, Permanent: true,
				Detail: "The users of this IAM Identity Center come from an external identity provider or a directory, so none is made here. Give the person an account there and have it synchronized, then reprocess; set the connector's accounts to existing."}, nil)
		}
	}
	return nil
}

// userOf maps a person to a user: UserName from the userPrincipalName, DisplayName, Name, and the mail
// as the primary one.
func (c *Connector) userOf(p connector.Person) newUser {
	u := newUser{IdentityStoreId: c.at.store, UserName: p.UserName, DisplayName: p.DisplayName, UserType: markPrefix + p.Mark, Name: userName{p.GivenName, p.Surname}}
	if p.Mail != "" {
		u.Emails = []userEmail{{Value: p.Mail, Type: "work", Primary: true}}
	}
	return u
}

// MakeAccount makes a user by one CreateUser.
func (c *Connector) MakeAccount(ctx context.Context, who connector.Person) (connector.PrincipalRef, error) {
	var made user
	err := c.call(ctx, askToMake, identityStore, "CreateUser", c.userOf(who), &made)
	conflict := refusedWith(err, codeConflict)
	switch {
	case conflict != nil && conflict.reason == "CONCURRENT_MODIFICATION":
		return "", connector.Fail(entitlement.Unavailable, askToMake.Op, busy(), conflict)
	case conflict != nil:
		// Not final: it may be the one that was made, and is not shown yet.
		refusal := &connector.Refusal{Reason: connector.RefusedByTarget,
			Detail: "IAM Identity Center says that there is a user of this user name or mail address already, and does not find it by the connector's correlationKeys. Look there, and make the two agree."}
		return "", connector.Fail(entitlement.Unavailable, askToMake.Op, refusal, conflict)
	case refusedWith(err, "ServiceQuotaExceededException") != nil:
		refusal := &connector.Refusal{Reason: connector.RefusedByTarget, Detail: "A quota of IAM Identity Center is used up. Have AWS raise it, or make room; delivery goes on by itself."}
		return "", connector.Fail(entitlement.Unavailable, askToMake.Op, refusal, err)
	case err != nil:
		return "", explain(askToMake, err)
	case made.IdentityStoreId != c.at.store || !isObject(made.UserId):
		return "", nil // whoever looks for it finds it
	}
	return connector.PrincipalRef(made.UserId), nil
}

// LookAtAccount reads a user with its mark, and whether it is enabled where AWS shows that.
func (c *Connector) LookAtAccount(ctx context.Context, ref connector.PrincipalRef) (connector.AccountShown, error) {
	shown := connector.AccountShown{Active: entitlement.PresenceUnknown}
	if !isObject(string(ref)) {
		return shown, connector.Fail(entitlement.Invalid, askOneUser.Op, noSuchUser(), nil)
	}

	found, err := c.user(ctx, string(ref))
	switch {
	case err != nil:
		return shown, err
	case found == nil && c.showsOtherUsers(ctx, string(ref)):
		gone := &connector.Refusal{Reason: connector.PrincipalMissing, Detail: "The user is not there any more."}
		return shown, connector.Fail(entitlement.NotFound, askOneUser.Op, gone, nil)
	case found == nil:
		return shown, askOneUser.NotUnderstood(400, errWitness)
	}

	if mark, is := strings.CutPrefix(found.UserType, markPrefix); is {
		shown.Mark = mark
	} else if found.UserType != "" || len(found.ExternalIds) > 0 {
		shown.Mark = foreignMark
	}
	if found.UserStatus != "" {
		shown.Active = entitlement.PresenceOf(found.UserStatus == "ENABLED")
	}
	return shown, nil
}

func noSuchUser() *connector.Refusal {
	return &connector.Refusal{Reason: connector.RefusedByTarget, Permanent: true, Detail: "Nobody in IAM Identity Center has this id: it must be a UUID."}
}

// showsOtherUsers reports that the identity store answers for users other than one.
func (c *Connector) showsOtherUsers(ctx context.Context, but string) bool {
	var some struct{ Users []user }
	err := c.ask(ctx, askUsers, identityStore, "ListUsers", inStore{IdentityStoreId: c.at.store, MaxResults: 2}, &some)
	for _, u := range some.Users {
		if strings.EqualFold(u.UserId, but) || !isObject(u.UserId) {
			return false
		}
	}
	return err == nil && len(some.Users) > 0
}

// anothers reports a user that was made here for somebody of another user name than the person whom a
// key finds: of two people with one mail address each has a user of their own.
func (c *Connector) anothers(u user, by lookup, name string) bool {
	return c.makes && by.path == "emails.value" && strings.HasPrefix(u.UserType, markPrefix) && !strings.EqualFold(u.UserName, name)
}

// DisableAccount calls nothing, since there is nothing to call.
func (c *Connector) DisableAccount(context.Context, connector.PrincipalRef, connector.AccountShown) error {
	return cannotChange()
}

// EnableAccount calls nothing either.
func (c *Connector) EnableAccount(context.Context, connector.PrincipalRef, connector.AccountShown) error {
	return cannotChange()
}

func cannotChange() error {
	return connector.Fail(entitlement.Precondition, askToEnable.Op, &connector.Refusal{Reason: connector.RefusedByTarget, Permanent: true,
		Detail: "AWS documents no call that enables or disables a user of IAM Identity Center. Do it at the console, then reprocess."}, nil)
}

// DeleteAccount deletes a user. That it is not there is for whoever looks to say.
func (c *Connector) DeleteAccount(ctx context.Context, ref connector.PrincipalRef, _ connector.AccountShown) error {
	if !isObject(string(ref)) {
		return connector.Fail(entitlement.Invalid, askToDelete.Op, noSuchUser(), nil)
	}
	err := c.call(ctx, askToDelete, identityStore, "DeleteUser", inStore{IdentityStoreId: c.at.store, UserId: string(ref)}, &struct{}{})
	if r := refusedWith(err, codeConflict); r != nil {
		return connector.Fail(entitlement.Unavailable, askToDelete.Op, busy(), r)
	}
	return explain(askToDelete, err)
}
