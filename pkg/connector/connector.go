// Package connector is the extension point for target systems: the interface that
// every adapter keeps, and the registry that opens one from its registration.
//
// Targets differ in what "already a member" means (a success, an error, a silent
// duplicate), so delivery never infers state from the status of a write: it checks
// what is there, writes what is missing, and checks again.
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
	// FindPrincipal looks a person up by the target's ordered correlation keys and
	// returns the first key's only match. Zero or several matches never guess:
	// Precondition with PrincipalMissing or PrincipalAmbiguous.
	FindPrincipal(ctx context.Context, who Correlation) (PrincipalRef, error)
	// Apply makes up to Capabilities.MaxBatch changes to one role and returns one
	// result for each op, in order. A result promises nothing, neither done nor refused:
	// Check does. Callers Check first and apply what is missing, since some targets store
	// a second grant as a second membership. NotFound with ResourceMissing: the resource
	// is not there at the target, and so nobody holds the role.
	Apply(ctx context.Context, role entitlement.RoleRef, ops []Op) ([]Result, error)
	// Check tells for each principal, in order, whether it holds the role now, as the
	// target itself answers.
	Check(ctx context.Context, role entitlement.RoleRef, who []PrincipalRef) ([]bool, error)
}

// PrincipalRef is a person's id at the target.
type PrincipalRef string

// Capabilities of a target.
type Capabilities struct {
	MaxBatch int // ops in one Apply, principals in one Check
}

// Resource is something a target can grant roles on.
type Resource struct {
	OriginID    string
	DisplayName string
	Description string
	Roles       []Role
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

// Op is one change of a role.
type Op struct {
	Grant     bool // false revokes
	Principal PrincipalRef
}

// Result is the outcome of one op.
type Result struct {
	Err *Refusal // nil: done, or already so
}

// Reason says why a target refused one person or one resource. People read its sentence.
type Reason string

// The reasons.
const (
	PrincipalMissing   Reason = "principal-missing"
	PrincipalAmbiguous Reason = "principal-ambiguous"
	ResourceMissing    Reason = "resource-missing"
	RefusedByTarget    Reason = "refused-by-target"
	CredentialRefused  Reason = entitlement.ReasonCredential
	TargetUnavailable  Reason = entitlement.ReasonUnavailable
	TargetThrottled    Reason = "target-throttled"
	NotConfirmed       Reason = "not-confirmed" // the write was accepted, the read-back does not show it
)

// Reasons lists them.
func Reasons() []string {
	var all []string
	for _, r := range []Reason{PrincipalMissing, PrincipalAmbiguous, ResourceMissing, RefusedByTarget, CredentialRefused, TargetUnavailable, TargetThrottled, NotConfirmed} {
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
