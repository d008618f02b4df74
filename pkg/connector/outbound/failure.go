package outbound

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
)

// MaxRetryAfter caps what a target may ask for: one that says "tomorrow" by mistake
// is asked again within the hour.
const MaxRetryAfter = time.Hour

// ParseURL reads the address of a target as an administrator typed it. Invalid says
// what is wrong with it; whether its host may be reached shows at the first call.
func ParseURL(text string, private bool) (*url.URL, error) {
	u, err := url.Parse(text)
	if err == nil {
		err = checkURL(u, private)
	}
	if err != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, entitlement.Errorf(entitlement.Invalid,
			"The target's address must look like https://scim.example.com/v2, with no user, query or fragment in it.")
	}
	return u, nil
}

// Operation is what a target is asked. Sentences about failures repeat it, so it names nobody.
type Operation struct {
	Op   string // for logs
	What string // completes "it was asked": "for the members of a group"
}

// Unanswered returns the error of a call that brought no complete answer.
func (a Operation) Unanswered(err error) error {
	// What url.Error adds is the URL, whose filter may name a person.
	if outer, ok := errors.AsType[*url.Error](err); ok {
		err = outer.Err
	}
	if errors.Is(err, ErrRefused) {
		refusal := &connector.Refusal{Reason: connector.RefusedByTarget, Permanent: true,
			Detail: "The target's address is not a public one, or is not https."}
		return connector.Fail(entitlement.Invalid, a.Op, refusal, err)
	}
	refusal := &connector.Refusal{Reason: connector.TargetUnavailable,
		Detail: fmt.Sprintf("The target did not answer when it was asked %s.", a.What)}
	return connector.Fail(entitlement.Unavailable, a.Op, refusal, err)
}

// NotUnderstood returns the error of an answer that is not what the protocol calls for,
// such as the page of something that stands in front of the target. It is worth asking
// again, since that may pass.
func (a Operation) NotUnderstood(status int, cause error) error {
	refusal := &connector.Refusal{Reason: connector.NotUnderstood, Detail: fmt.Sprintf(
		"The target's answer could not be understood: asked %s, it answered status %d with something else. Where that lasts, check the connector's address.",
		a.What, status)}
	return connector.Fail(entitlement.Unavailable, a.Op, refusal, cause)
}

// StatusFailed returns the error of an answer whose status means the same in
// every protocol over HTTP. It returns nil for success, for 501, and for the other
// statuses of 400 and above, which the caller's protocol gives their meaning.
func (a Operation) StatusFailed(r *http.Response, now time.Time) error {
	status := fmt.Errorf("status %d", r.StatusCode)
	refusal := &connector.Refusal{After: retryAfter(r.Header.Get("Retry-After"), now)}
	kind := entitlement.Unavailable

	switch code := r.StatusCode; {
	// What a server does not do is said differently by each protocol.
	case code == http.StatusNotImplemented:
		return nil
	case code == http.StatusTooManyRequests:
		kind, refusal.Reason = entitlement.Throttled, connector.TargetThrottled
		refusal.Detail = "The target asks us to slow down."
	case code >= 500 || code == http.StatusRequestTimeout:
		refusal.Reason = connector.TargetUnavailable
		refusal.Detail = fmt.Sprintf("The target has trouble of its own: asked %s, it answered status %d.", a.What, code)
	case code == http.StatusUnauthorized || code == http.StatusForbidden:
		kind, refusal.Reason, refusal.Permanent = entitlement.Forbidden, connector.CredentialRefused, true
		refusal.Detail = fmt.Sprintf("The target does not accept our credential: asked %s, it answered status %d. Give the connector a credential that may do this.", a.What, code)
	case code >= 300 && code < 400 || code < 200:
		refusal.Reason = connector.NotUnderstood
		refusal.Detail = fmt.Sprintf("The target sends us to another address, which is not followed: asked %s, it answered status %d. Where that lasts, register that address instead.", a.What, code)
	default:
		return nil
	}
	return connector.Fail(kind, a.Op, refusal, status)
}

// retryAfter reads seconds or an HTTP date; what is neither, or past, is no wish.
func retryAfter(value string, now time.Time) time.Duration {
	const most = int64(MaxRetryAfter / time.Second)

	seconds, err := strconv.ParseInt(value, 10, 64) // too large a number still gives the largest
	if err == nil || errors.Is(err, strconv.ErrRange) {
		return time.Duration(max(0, min(seconds, most))) * time.Second
	}
	if date, err := http.ParseTime(value); err == nil {
		return max(0, min(date.Sub(now), MaxRetryAfter))
	}
	return 0
}
