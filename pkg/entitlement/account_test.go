package entitlement

import (
	"testing"
	"time"
)

// What is to be done with an account, by what is on record of it and whether a role needs it.
func TestR270_TheStepsOfAnAccount(t *testing.T) {
	held := map[RoleRef]Grant{{Resource: "g"}: {Presence: PresencePresent, Sent: true}}
	taken := map[RoleRef]Grant{{Resource: "g"}: {Presence: PresenceUnknown, Sent: true, Revoked: true}}

	for _, c := range []struct {
		what             string
		account          Account
		grants           map[RoleRef]Grant
		wanted, expiring bool
		want             AccountStep
	}{
		{"none of ours", Account{}, nil, false, false, AccountRests},
		{"none of ours, and a role needs one", Account{}, nil, true, false, AccountRests},
		{"active and needed", Account{State: AccountActive}, held, true, false, AccountRests},
		{"active, and the role is not taken away yet", Account{State: AccountActive}, held, false, false, AccountRests},
		{"active, and its removal was sent", Account{State: AccountActive}, taken, false, false, AccountEnd},
		{"active, and no role is left", Account{State: AccountActive}, nil, false, false, AccountEnd},
		{"active, and a role is about to end", Account{State: AccountActive}, nil, false, true, AccountRests},
		{"disabled", Account{State: AccountDisabled}, nil, false, false, AccountRests},
		{"disabled and needed", Account{State: AccountDisabled}, nil, true, false, AccountEnable},
		{"kept and needed", Account{State: AccountKept}, nil, true, false, AccountEnable},
		{"kept", Account{State: AccountKept}, nil, false, false, AccountRests},
		{"disabled, and a crashed worker may have enabled it", Account{State: AccountDisabled, Intent: "old"}, nil, false, false, AccountEnd},
		{"active and needed, and a crashed worker may have disabled it", Account{State: AccountActive, Intent: "old"}, held, true, false, AccountEnable},
		{"disabled, signed by this claim", Account{State: AccountDisabled, Intent: "mine"}, nil, false, false, AccountRests},
		{"perhaps made, and no role needs it", Account{State: AccountMaking, Mark: "m"}, nil, false, false, AccountSettle},
		{"perhaps made by a crashed worker, and no role needs it", Account{Intent: "old"}, nil, false, false, AccountSettle},
		{"signed by this claim, and nothing was sent", Account{Intent: "mine"}, nil, false, false, AccountRests},
		{"nothing tells whose it is", Account{State: AccountUnsure}, nil, false, false, AccountRests},
	} {
		s := GrantSet{Token: "mine", Account: c.account, Grants: c.grants}
		if got := s.AccountStep(c.wanted, c.expiring, AccountUse{}); got != c.want {
			t.Errorf("%s: step %d, want %d", c.what, got, c.want)
		}
	}
}

// A second call that makes an account waits until the target must show what the first one made.
func TestR270_AnAccountIsNotMadeWhileAnotherMayBeThere(t *testing.T) {
	now, window := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC), 2*time.Minute

	for _, c := range []struct {
		what    string
		account Account
		may     bool
		again   time.Time
	}{
		{"nobody signed it", Account{}, false, now},
		{"signed by this claim", Account{Intent: "mine"}, true, time.Time{}},
		{"signed by a crashed worker", Account{Intent: "old"}, false, now.Add(window)},
		{"sent a minute ago", Account{State: AccountMaking, Mark: "m", Sent: now.Add(-time.Minute)}, false, now.Add(time.Minute)},
		{"sent as long ago as reads can be late", Account{State: AccountMaking, Mark: "m", Sent: now.Add(-window)}, true, now},
	} {
		if may, again := c.account.MayMake("mine", window, now); may != c.may || !again.Equal(c.again) {
			t.Errorf("%s: %t, again %v; want %t, %v", c.what, may, again, c.may, c.again)
		}
	}
}

// The mark is that of the first claim that meant to make the account, however often that is tried.
func TestR270_TheMarkIsThatOfTheFirstClaim(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	a := Account{Intent: "first"}.Called(now)
	if a.Mark != "first" || a.State != AccountMaking || a.Intent != "" || !a.Sent.Equal(now) {
		t.Fatalf("got %+v", a)
	}
	a.Intent = "second"
	if again := a.Called(now.Add(time.Hour)); again.Mark != "first" || !again.Since.Equal(now) {
		t.Errorf("got %+v", again)
	}

	s := GrantSet{Subject: "u", Connector: "c", Account: a}
	s.Account.Ref = "7"
	s, made := s.Became(AccountWasMade, nil, "run", now)
	s, gone := s.Became(AccountWasGone, nil, "run", now)
	if s.Account != (Account{}) || made.ID != "first" || gone.Before != "active" || gone.Number != 2 || made.Data[DataAccount] != "7" {
		t.Errorf("made %+v, gone %+v, left %+v", made, gone, s.Account)
	}
}

// At a target that keeps no mark an account is ours where it was made while the call ran. What was there
// before is certainly not; of a call that nobody recorded, of one of several, and of one that may have had
// its effect late, the time tells nothing.
func TestR270_WhoseAnAccountIsTellsTheTime(t *testing.T) {
	from := time.Date(2026, 11, 23, 12, 0, 10, 0, time.UTC)
	sent := from.Add(3 * time.Second)
	once := Account{Intent: "mark"}.CalledFrom(from, sent)
	again := once.CalledFrom(from.Add(time.Hour), sent.Add(time.Hour))
	crashed := Account{Intent: "mark"}.Called(sent)

	for name, c := range map[string]struct {
		account       Account
		created       time.Time
		ours, certain bool
	}{
		"while the call ran":             {once, from.Add(time.Second), true, true},
		"by a clock that is behind":      {once, from.Add(-2 * time.Second), true, true},
		"by a clock that is ahead":       {once, sent.Add(2 * time.Second), true, true},
		"before the call":                {once, from.Add(-3 * time.Second), false, true},
		"last year":                      {once, from.AddDate(-1, 0, 0), false, true},
		"after the call":                 {once, sent.Add(3 * time.Second), false, false},
		"while the second call ran":      {again, from.Add(time.Hour), true, true},
		"while the first of two ran":     {again, from.Add(time.Second), false, false},
		"before the first of two":        {again, from.AddDate(-1, 0, 0), false, false},
		"by a call that nobody recorded": {crashed, from.Add(time.Second), false, false},
		"the target does not show it":    {once, time.Time{}, false, false},
	} {
		if ours, certain := c.account.MadeAt(c.created); ours != c.ours || certain != c.certain {
			t.Errorf("%s: ours %t, certain %t", name, ours, certain)
		}
	}
}
