package connector

import (
	"errors"
	"fmt"
	"time"

	"leasehold/pkg/entitlement"
)

// Fail returns the error of a whole call: its kind says whether trying again can
// help, the refusal is what people read, and cause, which may be nil, goes to logs only.
func Fail(kind entitlement.Kind, op string, refusal *Refusal, cause error) error {
	var err error = refusal
	if cause != nil {
		err = fmt.Errorf("%w: %w", refusal, cause)
	}
	return entitlement.Wrap(kind, op, err, refusal.Detail)
}

// RefusalOf returns what to record of an error of a Connector's method. An error
// without a refusal of its own gets one by its kind; ResourceMissing is never guessed,
// since delivery may conclude from it that access is gone.
func RefusalOf(err error) *Refusal {
	if refusal, ok := errors.AsType[*Refusal](err); ok {
		return refusal
	}

	kind := entitlement.KindOf(err)
	refusal := &Refusal{Reason: TargetUnavailable, Permanent: kind.Verdict() == entitlement.Permanent}
	switch kind {
	case entitlement.Throttled:
		refusal.Reason, refusal.Detail = TargetThrottled, "The target asks us to slow down."
	case entitlement.Forbidden, entitlement.Unauthenticated:
		refusal.Reason, refusal.Detail = CredentialRefused, "The target does not accept our credential."
	// The target answered, and what it said is all that is known.
	case entitlement.Invalid, entitlement.NotFound, entitlement.Precondition:
		refusal.Reason, refusal.Detail = RefusedByTarget, entitlement.MessageOf(err)
	default:
		refusal.Detail = "The target could not be reached."
	}
	return refusal
}

// RetryAfter returns how long the target wants to be left alone, or 0 where it
// did not say.
func RetryAfter(err error) time.Duration {
	if err == nil {
		return 0
	}
	return RefusalOf(err).After
}

// Stopped notes in what was found out of a target what kept the rest from it.
func Stopped(found *entitlement.TargetCheck, err error) {
	refusal := RefusalOf(err)
	found.Error, found.Reason = refusal.Detail, string(refusal.Reason)
}
