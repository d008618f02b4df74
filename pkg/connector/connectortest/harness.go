// Package connectortest is the behaviour that delivery relies on, as tests that
// every connector passes against a real target. The suite acts as delivery does: it
// checks what is there, applies what is missing, and checks again. Whether the outcome
// is right it asks the target itself, past the connector.
//
// Server is a SCIM server of whatever Character: what public reports say of real ones.
package connectortest

import (
	"net/http"
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
)

// MinPeople is the number of people that a harness must provide.
const MinPeople = 6

// Harness is one target made ready for one test.
type Harness struct {
	Kind      string // as registrations name it; "": the name of the connector's package
	Connector connector.Connector
	Role      entitlement.RoleRef // nobody holds it
	NoRole    entitlement.RoleRef // of a resource that is not there
	People    []connector.Correlation
	Unknown   connector.Correlation           // nobody at the target
	Double    *connector.Correlation          // fits two accounts; nil: the target cannot have such
	Ghost     connector.PrincipalRef          // an id that nobody has
	Members   func() []connector.PrincipalRef // who holds Role, as the target stores it, duplicates included
	Later     func()                          // lets the target catch up with its writes; nil: it always has
	// Registered: what Role's resource is comes from the registration; the target is not asked.
	Registered bool
	// Hides: the target leaves some holders out of what it shows, and nothing tells which.
	Hides bool
	// Newcomer has no account, and Accounts are those of a user name that the target stores; nil: at
	// this target no accounts are made.
	Newcomer *connector.Person
	Accounts func(userName string) []ShownAccount
	Crowd    *Crowd           // for RunHolders; nil: the target lists no holders of Role
	Secret   string           // the credential; no error may contain it
	Now      func() time.Time // by the target's clock, which accounts are dated by; nil: nothing is dated
	Faults   Faults
}

// Faults are what can go wrong between connector and target. A test whose fault is nil
// does not apply to the target, and says so.
type Faults struct {
	Throttle   func(retryAfter string) // the next call is refused for being one too many
	Down       func()                  // the next call fails and has no effect
	LoseAnswer func()                  // the next write has its effect, and its answer is lost
	Half       func(refuse bool)       // half of the next batch is done; then it is refused, or fails
	Reply      func(http.Handler)      // every call is answered by the handler; nil ends this

	// Spoil is what stands for Reply where the target is not spoken to over HTTP: its ways of
	// being hostile, each of which answers every call from Begin to end.
	Spoil func(Hostility) []Spoiled
}

// Hostility is what the suite has a target do that is not itself.
type Hostility string

// All of them.
const (
	Huge              Hostility = "huge answers"
	Endless           Hostility = "endless answers"
	Gibberish         Hostility = "answers that are none"
	KnowsNothing      Hostility = "says of everything that it is not there"
	Redirects         Hostility = "sends to another host"
	RefusesCredential Hostility = "refuses the credential"
	Echoes            Hostility = "repeats what it was sent"
	Stalls            Hostility = "begins an answer and does not end it"
)

// Spoiled is one way of being hostile.
type Spoiled struct {
	Name  string
	Begin func() (end func())
}
