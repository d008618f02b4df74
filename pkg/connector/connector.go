// Package connector is the extension point for target systems: the interface that
// every adapter keeps, and the registry that opens one from its registration.
//
// Targets differ in what "already a member" means (a success, an error, a silent
// duplicate), and in what they show when asked who is a member. So an adapter only asks
// and writes; what an answer proves is decided by package delivery, alike for all.
//
// How a connector is added:
//
//  1. A package below this one implements Connector, and Explorer where the target shows what
//     there is to pick. It keeps nothing that a second process would need, and calls the target
//     through package outbound. It says in Capabilities what the target cannot do; what
//     Capabilities does not have a word for yet is added there, with what delivery makes of it. A
//     target that takes changes first and makes them later has a Poller, and nobody who waits.
//  2. A target that publishes limits states them as Rate, with what an Apply costs as Costs, and
//     calls Spend before each other call. Workers then share the rate (package delivery, meter).
//  3. A real server to test against, or one in memory that is written from the documentation and
//     says so in its name, below connectortest (graphserver is one), with a Character for each
//     thing that the documentation leaves open or that reports tell of.
//  4. A test that makes a connectortest.Harness of such a target and hands it to connectortest.Run,
//     and to RunBehaviour for each Character. Roles of different sorts are a harness each. What is
//     nil in Faults is named in the row that go test -v prints for the target. Where the protocol
//     asks by other methods than GET, Proxy.Writes tells what changes something; a target that is
//     not spoken to over HTTP has Faults.Spoil in place of Reply (package slapd is one).
//  5. A row in package kinds, with the origin systems of its resources, and one in
//     app/targets/targets.go, with what opens it; a story there
//     that goes through the whole stack; a row in archtest for what else it imports; a paragraph in
//     the README on its address, its credential and its settings. A setting that would have no
//     effect is refused by the Factory.
package connector

import (
	"context"
	"time"

	"leasehold/pkg/entitlement"
)

// Connector speaks to one target system. Every method may be called again with the
// same arguments at any time. An error of a method means that nothing is known of
// the whole call; its Kind says whether trying again can help: Throttled (with
// RetryAfter) and Unavailable can, Forbidden and Invalid need a person. RefusalOf gives
// what to record of it.
type Connector interface {
	// Describe returns what the target can do. It makes no outside call.
	Describe() Capabilities
	// Resource looks up one grantable thing by its id at the target. NotFound if it is
	// not there; Precondition if it can never be granted, with the reason (R10, R11).
	Resource(ctx context.Context, originID string) (Resource, error)
	// FindPrincipals looks people up by the target's ordered correlation keys, several in
	// one question where the target can, and returns one Found for each, in order.
	FindPrincipals(ctx context.Context, who []Correlation) ([]Found, error)
	// Apply makes up to Capabilities.MaxBatch changes to one role in exactly one call that
	// writes, and returns one result for each op, in order. A result promises nothing,
	// neither done nor refused: Check does. Callers Check first and apply what is missing,
	// since some targets store a second grant as a second membership. A refusal of several
	// ops at once may be about one of them, and the target may have done a part of them all
	// the same: callers read again and split. NotFound with ResourceMissing: the target says
	// in its own form, of the resource's own address, that it is not there, and answered
	// for something else.
	Apply(ctx context.Context, role entitlement.RoleRef, ops []Op) ([]Result, error)
	// Check asks in one of Capabilities.Ways, for each principal in order, whether it holds
	// the role now, and repeats what the target answers: PresenceUnknown where this way says
	// nothing about it. It draws no conclusion: a target may hide members or ignore what it
	// was asked.
	Check(ctx context.Context, role entitlement.RoleRef, way Way, who []PrincipalRef) ([]entitlement.Presence, error)
}

// Poller is a connector of a target that takes changes first and makes them later.
type Poller interface {
	// Poll asks what became of a change of the role that Apply answered with Pending.
	Poll(ctx context.Context, role entitlement.RoleRef, pending string) (Progress, error)
}

// Progress is how far a pending change is. Neither running nor failed: it is over, or the target
// does not know it any more, and Check alone tells what is there.
type Progress struct {
	Running bool
	Err     *Refusal // it failed
}

// PrincipalRef is a person's id at the target.
type PrincipalRef string

// BatchOf returns how many ops of a resource one Apply takes.
func (c Capabilities) BatchOf(resource string) int {
	if c.Apart != nil && c.Apart(resource) {
		return 1
	}
	return max(c.MaxBatch, 1)
}

// Way is a way of asking a target who holds a role, by the adapter's own name for it.
type Way string

// Capabilities of a target.
type Capabilities struct {
	MaxBatch int   // ops in one Apply, principals in one Check
	Ways     []Way // in which Check can ask, the best first; at least one

	// Authoritative: Check shows every write as soon as Apply has returned, and leaves
	// nobody out. Only a target whose store is ours can promise that.
	Authoritative bool

	// SerialWrites: changes of one resource that cross may undo each other, so that one is
	// sent after the other.
	SerialWrites bool

	// Apart says of which resources each person's roles are a thing of their own at the target:
	// one Apply changes those of one person. nil: of none.
	Apart func(resource string) bool

	// Renames: a PrincipalRef is what a person is called at the target, which may change while they
	// keep their roles. So they are looked up before a removal too: one under a name that nobody
	// has any more would be answered as if they held nothing.
	Renames bool
	// Lists says of which resources the target lists who holds a role, for a Lister; nil: of none. Of
	// the others it can only be asked about people who are named.
	Lists func(resource string) bool

	// Rate is what the target publishes that it takes; nil: nothing is known. Costs tells what an
	// Apply of the ops counts against it, and Apply itself does not Spend that.
	Rate  *entitlement.Rate
	Costs func(role entitlement.RoleRef, ops []Op) entitlement.Cost

	// Accounts says what may be done about accounts where the connector is one of Accounts; nil:
	// nothing is made, and nothing of ours is there.
	Accounts *AccountRules

	// Unconfirmed: an administrator lets roles count where no way of asking tells who holds
	// them (S15).
	Unconfirmed bool
}

// Resource is something a target can grant roles on.
type Resource struct {
	OriginID     string
	OriginSystem string // "": that of the connector's kind
	DisplayName  string
	Description  string
	Roles        []Role
}

// Role is one role that a resource offers.
type Role struct{ OriginID, DisplayName string }

// Correlation is what is known of a person for finding them at a target.
type Correlation struct {
	User     entitlement.UserID
	UserName string // userPrincipalName
	Mail     string
	External string // externalId, as the identity provider gave it
}

// Found is the answer to one Correlation: the first key's only match, or why there is
// none. Zero or several matches never guess: PrincipalMissing or PrincipalAmbiguous.
type Found struct {
	Ref PrincipalRef
	Err *Refusal // nil: Ref is the person's
}

// Op is one change of a role.
type Op struct {
	Grant     bool // false revokes
	Principal PrincipalRef
}

// Result is the outcome of one op.
type Result struct {
	Err *Refusal // nil: done, or already so, or pending
	// Pending is what the target, a Poller's, calls a change that it took and has not made yet: at
	// most 100 bytes, and enough for another process to ask. "": it is made.
	Pending string
}

// Reason says why a target refused one person or one resource. People read its sentence.
type Reason string

// The reasons.
const (
	PrincipalMissing   Reason = entitlement.ReasonPrincipalMissing
	PrincipalAmbiguous Reason = entitlement.ReasonPrincipalAmbiguous
	ResourceMissing    Reason = entitlement.ReasonResourceMissing
	RefusedByTarget    Reason = entitlement.ReasonRefused
	CredentialRefused  Reason = entitlement.ReasonCredential
	TargetUnavailable  Reason = entitlement.ReasonUnavailable
	TargetThrottled    Reason = "target-throttled"
	TargetPaused       Reason = entitlement.ReasonPaused        // an administrator has it left alone
	NotUnderstood      Reason = entitlement.ReasonNotUnderstood // the answer is none that the adapter can read
	NotConfirmed       Reason = entitlement.ReasonNotConfirmed  // the write was accepted, the read-back does not show it
	CannotConfirm      Reason = entitlement.ReasonCannotConfirm // no way of asking this target tells who holds the role
	LastMember         Reason = entitlement.ReasonLastMember    // the group may not be empty
)

// Reasons lists them.
func Reasons() []string {
	var all []string
	for _, r := range []Reason{PrincipalMissing, PrincipalAmbiguous, ResourceMissing, RefusedByTarget, CredentialRefused, TargetUnavailable, TargetThrottled, TargetPaused, NotUnderstood, NotConfirmed, CannotConfirm, LastMember} {
		all = append(all, string(r))
	}
	return all
}

// Refusal is a target's answer about one op. Permanent: asking again as things are
// gives the same answer.
type Refusal struct {
	Reason    Reason
	Detail    string // safe to show: our sentence, and at most the target's status
	Permanent bool
	After     time.Duration // do not ask again earlier; 0 means no wish
}

// Error returns the sentence.
func (r *Refusal) Error() string { return string(r.Reason) + ": " + r.Detail }
