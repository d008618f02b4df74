package entitlement

import "time"

// AccountState is what is known of an account at a target that we made, or meant to make.
type AccountState string

// The states; none where no account is ours.
const (
	AccountMaking   AccountState = "making"   // the call that makes it was sent, or may have been
	AccountActive   AccountState = "active"   // we made it
	AccountDisabled AccountState = "disabled" // we made it, and its last role ended
	AccountKept     AccountState = "kept"     // the same, at a target that cannot disable it
	AccountUnsure   AccountState = "unsure"   // there is one that we may have made, and nothing tells
)

// Account is what is on record of an account that we made at a target. It is in the grant set of
// whom it is for: whoever has the claim of that may change it.
//
// That we are about to make one is signed by the claim, before any call, and the account carries
// the token of that claim as its mark. So one whose answer was lost is told by its mark from one
// that somebody else made, and only what carries the mark is ever disabled.
type Account struct {
	State  AccountState
	Ref    string    // its id at the target
	Mark   string    // that it carries there; the name of its chain of events
	Intent string    // token of the first claim since it was last recorded that may change it
	From   time.Time // when the call that makes it was about to be sent last; zero: by a claim that nobody recorded
	Sent   time.Time // when that call was over, or may have been
	Since  time.Time // of the state
	Marked bool      // the target was seen to show its mark
	Others bool      // it was found disabled, and not by us

	Unconfirmed bool // the target took that it be disabled, and does not show whether it is

	// Of a change that failed.
	Attempts int
	Reason   string
	Detail   string
	Next     time.Time // next attempt
	Chain
}

// Ours reports an account that we are known to have made.
func (a Account) Ours() bool {
	return a.State == AccountActive || a.State == AccountDisabled || a.State == AccountKept
}

// Open reports that it is not known whether the account was made: a call was sent, or may have
// been by a claim that nobody recorded. token is that of the claim under which nothing was sent yet.
func (a Account) Open(token string) bool {
	return a.State == AccountMaking || !a.Ours() && a.doubtful(token)
}

// doubtful reports that a claim which nobody recorded may have changed the account.
func (a Account) doubtful(token string) bool { return a.Intent != "" && a.Intent != token }

// AccountStep is what is to be done with an account next.
type AccountStep int

// The steps.
const (
	AccountRests  AccountStep = iota // nothing
	AccountEnable                    // a role needs it again
	AccountEnd                       // no role needs it any more: the subject leaves its use, and one of ours ends
	AccountSettle                    // no role needs it, and it is not known whether it was made
)

// AccountStep tells what is to be done with the account of the grant set. wanted: a live
// assignment gives a role there; expiring: one does whose end has passed, and which may still be
// extended; use is that of the account, where it is ours and nothing is wanted. An account ends when the
// removal of its last role was sent: it does not wait for one that cannot be confirmed, or that the
// target refuses. It does not end while somebody else uses it.
func (s GrantSet) AccountStep(wanted, expiring bool, use AccountUse) AccountStep {
	a := s.Account
	doubtful, others := a.doubtful(s.Token), use.Others(s.Subject)

	switch {
	case wanted && a.State == AccountKept, (wanted || others) && (a.State == AccountDisabled || a.State == AccountActive && (doubtful || use.Ending)):
		return AccountEnable
	case wanted || expiring || s.Keeps():
		return AccountRests
	case s.Uses != "":
		return AccountEnd
	case others && a.Ours():
		return AccountRests
	case a.State == AccountActive, a.State == AccountDisabled && doubtful:
		return AccountEnd
	case a.Open(s.Token):
		return AccountSettle
	}
	return AccountRests
}

// Keeps reports a role that was not taken away yet.
func (s GrantSet) Keeps() bool {
	for _, g := range s.Grants {
		if !g.EndedUnseen() && !g.Revoked {
			return true
		}
	}
	return false
}

// Holds reports a role that is not known to be gone.
func (s GrantSet) Holds() bool {
	for _, g := range s.Grants {
		if !g.EndedUnseen() {
			return true
		}
	}
	return false
}

// MayMake reports that the call that makes the account may be sent now, to a target that shows no
// account of the person. Where one was sent, or may have been, the target may not show it yet: it
// counts only when that is not possible any more. again is when to look once more where not.
// A claim must have signed that.
func (a Account) MayMake(token string, window time.Duration, now time.Time) (may bool, again time.Time) {
	switch {
	case a.State != AccountMaking && a.Intent == "":
		return false, now
	case !a.Open(token):
		return true, time.Time{}
	case a.Sent.IsZero():
		return false, now.Add(window) // by a crash: at the latest now
	}
	again = a.Sent.Add(window)
	return !now.Before(again), again
}

// Signed returns the account with the mark that it is to be made with, or was: that of the first
// claim that meant to.
func (a Account) Signed() Account {
	if !a.Ours() && a.State != AccountMaking && a.Intent != "" {
		a.Mark = a.Intent
	}
	return a
}

// Called records that the call that makes it was sent, or may have been at the latest then.
func (a Account) Called(now time.Time) Account {
	a = a.Signed()
	if a.State != AccountMaking {
		a.Since = now
	}
	a.State, a.From, a.Sent, a.Intent = AccountMaking, time.Time{}, now, ""
	return a
}

// CalledFrom records a call that was about to be sent at from, and was over, or given up, now.
func (a Account) CalledFrom(from, now time.Time) Account {
	a = a.Called(now)
	a.From = from
	return a
}

// clocksApart is how far the clock of a target may be from ours, with what it cuts off a time.
const clocksApart = 2 * time.Second

// MadeAt reports whether an account that its target shows as made at a time is the one that was made
// by our call, at a target that keeps no mark: one that was made while the call ran. certain: nothing
// else can be so. Of a call that nobody recorded, and of one of several, the time tells nothing more.
func (a Account) MadeAt(created time.Time) (ours, certain bool) {
	switch {
	case created.IsZero() || a.From.IsZero():
		return false, false
	case !created.Before(a.From.Add(-clocksApart)) && !created.After(a.Sent.Add(clocksApart)):
		return true, true
	}
	return false, created.Before(a.From) && a.Since.Equal(a.Sent)
}

// Failed records that a change of it failed.
func (a Account) Failed(reason, detail string, next time.Time) Account {
	a.Attempts, a.Reason, a.Detail, a.Next = a.Attempts+1, reason, detail, next
	return a
}

// Kinds of events of an account.
const (
	AccountWasMade     = "made"
	AccountWasEnabled  = "enabled"
	AccountWasDisabled = "disabled"
	AccountWasDeleted  = "deleted"
	AccountWasKept     = "kept"     // nothing needs it, and the target cannot disable it
	AccountWasGone     = "gone"     // it was not there any more
	AccountWasForeign  = "disowned" // what is there under its id is not the one that we made
	AccountWasUnsure   = "unsure"   // there is one, and nothing tells who made it
)

// accountStates are the states that the events lead to; none: nothing is ours any more.
var accountStates = map[string]AccountState{AccountWasMade: AccountActive, AccountWasEnabled: AccountActive, AccountWasDisabled: AccountDisabled,
	AccountWasKept: AccountKept, AccountWasUnsure: AccountUnsure}

// Became moves the account of a grant set on by what was seen of it, with the event of that.
func (s GrantSet) Became(kind string, data map[string]string, command string, now time.Time) (GrantSet, Event) {
	a := s.Account.Signed()
	e := Event{Aggregate: OfAccount, ID: a.Mark, Kind: kind, Actor: Service, Command: command, At: now, Before: string(a.State), After: string(accountStates[kind]),
		Data: map[string]string{DataUser: string(s.Subject), DataConnector: string(s.Connector)}}
	if a.Ref != "" {
		e.Data[DataAccount] = a.Ref
	}
	for k, v := range data {
		e.Data[k] = v
	}

	a.Chain, e = a.Chain.Append(e)
	state := accountStates[kind]
	if state == "" {
		s.Account = Account{}
		return s, e
	}
	s.Account = Account{State: state, Ref: a.Ref, Mark: a.Mark, Marked: a.Marked, Since: now, Chain: a.Chain}
	return s, e
}

// What events of accounts say whose they are, and where.
const (
	DataUser      = "user"
	DataConnector = "connector"
	DataAccount   = "accountId" // its id at the target
)
