package connector

import (
	"context"
	"time"

	"leasehold/pkg/entitlement"
)

// Accounts is a connector at whose target accounts can be made. Each method but LookAtAccount makes
// exactly one call, which changes something, and reads nothing: whoever calls has just looked, and
// has a fence right before. What an answer proves is decided by the caller: a refusal, or none, of
// a change may stand for a change that was made.
type Accounts interface {
	Connector
	// MakeAccount makes an account that carries the mark, and returns its id; "" where the answer
	// does not show it. A repeat may make a second one: callers look first.
	MakeAccount(ctx context.Context, who Person) (PrincipalRef, error)
	// LookAtAccount reads one account. PrincipalMissing: it is not there, by the word of a target
	// that shows others.
	LookAtAccount(ctx context.Context, ref PrincipalRef) (AccountShown, error)
	// DisableAccount has nobody sign in with the account, and EnableAccount ends that. seen is what it
	// was decided on: a target that keeps versions changes nothing of an account that is another by now.
	DisableAccount(ctx context.Context, ref PrincipalRef, seen AccountShown) error
	EnableAccount(ctx context.Context, ref PrincipalRef, seen AccountShown) error
	// DeleteAccount deletes it, with all that it holds.
	DeleteAccount(ctx context.Context, ref PrincipalRef, seen AccountShown) error
}

// Person is whom an account is made for. The attributes that a target gets of a person are these
// alone.
type Person struct {
	User        entitlement.UserID
	Guest       bool
	UserName    string // userPrincipalName
	DisplayName string
	GivenName   string
	Surname     string
	Mail        string
	Mark        string // of the account, by which it is told from one that somebody else made
}

// AccountShown is an account as its target shows it.
type AccountShown struct {
	Mark    string               // "" where the target shows none
	Active  entitlement.Presence // whether people can sign in with it; PresenceUnknown where it shows nothing of that
	Created time.Time            // by the target's clock; zero where it does not show it
	Version string               // of what was shown, where the target changes an account only as it was seen; "" where it has none
}

// AccountRules say what may be done about accounts at a target, by its registration and its kind.
type AccountRules struct {
	Make   bool // who has none gets one
	Made   bool // somebody did, or may have: who uses an account is on record
	Delete bool // ours are deleted when no role needs them, and not only disabled
	Stays  bool // the target has no call that disables an account: without Delete, ours stay
	// Dated: the target keeps no mark, and shows when an account was made. Ours is one that was made
	// while the call ran; of one that may be ours by that alone, nothing tells.
	Dated bool
	// Refuse says for whom none can be made, by what is known of the person; nil: for anybody.
	Refuse func(Person) *Refusal
	// Ask asks the target whether one can be made: of the person, and at all. It is called before the
	// fence, since a call that changes something reads nothing. nil: nothing is asked.
	Ask func(context.Context, Person) error
	// Cost is what each call that makes or changes one counts against Rate.
	Cost entitlement.Cost
}
