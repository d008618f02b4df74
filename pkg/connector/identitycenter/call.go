package identitycenter

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/entitlement"
)

// Bounds of answers. A page of 100 of anything fits into it.
const (
	maxAnswer = 2 << 20
	maxError  = 64 << 10
)

// refused is AWS's refusal of what was asked, in its own form.
type refused struct {
	code   string // of the service's errors, without the name of the service
	reason string // of a conflict
	what   string // kind of what is missing
	status int
}

// Error names the code; AWS's own words are not repeated.
func (r *refused) Error() string { return fmt.Sprintf("status %d %.80s", r.status, r.code) }

// refusedWith returns AWS's refusal within err where it is one of the codes, or nil.
func refusedWith(err error, codes ...string) *refused {
	r, is := errors.AsType[*refused](err)
	for _, code := range codes {
		if is && r.code == code {
			return r
		}
	}
	return nil
}

// The codes that are told apart.
const (
	codeMissing        = "ResourceNotFoundException"
	codeConflict       = "ConflictException"
	codeDenied         = "AccessDeniedException"
	codeNoAccount      = "AccountNotFoundException"
	codeNoOrganization = "AWSOrganizationsNotInUseException"
)

// throttles are the codes of too many calls, and credentials those of credentials that are not
// taken, or not any more.
var (
	throttles   = map[string]bool{"ThrottlingException": true, "Throttling": true, "TooManyRequestsException": true, "RequestLimitExceeded": true}
	credentials = map[string]bool{"UnrecognizedClientException": true, "InvalidClientTokenId": true, "ExpiredTokenException": true, "ExpiredToken": true,
		"InvalidSignatureException": true, "SignatureDoesNotMatch": true, "IncompleteSignatureException": true, "MissingAuthenticationTokenException": true}
)

var (
	errTooLong = errors.New("the answer is too long")
	errNotAWS  = errors.New("an answer that is not in AWS's form")
	errOtherID = errors.New("the answer is about another id than the one asked for")
	errNoList  = errors.New("the answer is not a list")
	errWitness = errors.New("nothing else was answered for")
)

// ask makes a question, which counts against the published limit.
func (c *Connector) ask(ctx context.Context, ask outbound.Operation, s service, action string, in, out any) error {
	if err := connector.Spend(ctx, entitlement.Cost{Units: 1}); err != nil {
		return err
	}
	return c.call(ctx, ask, s, action, in, out)
}

// call makes a call. Credentials that are not taken any more are asked for once anew.
func (c *Connector) call(ctx context.Context, ask outbound.Operation, s service, action string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return entitlement.Wrap(entitlement.Internal, ask.Op, err, "")
	}

	old := ""
	for {
		as, err := c.role.get(ctx, old)
		if err != nil {
			return err
		}
		endpoint, region := c.at.endpoint(s)
		r, err := signed(ctx, as, endpoint, region, s, "application/x-amz-json-1.1", body, http.Header{"X-Amz-Target": {s.target + action}}, c.now())
		if err != nil {
			return ask.Unanswered(err)
		}
		response, err := c.client.Do(r)
		if err != nil {
			return ask.Unanswered(err)
		}
		err = c.read(ask, response, out)
		r2, is := errors.AsType[*refused](err)
		if !is || !credentials[r2.code] {
			return err
		}
		if old != "" {
			return forbidden(ask, r2)
		}
		old = as.AccessKeyID
	}
}

// read takes in a bounded answer. What is no success is believed in AWS's own form alone: what
// stands in front of it may answer 404 to everything.
func (c *Connector) read(ask outbound.Operation, response *http.Response, out any) error {
	defer response.Body.Close()
	success := response.StatusCode == http.StatusOK
	limit := int64(maxAnswer)
	if !success {
		limit = maxError
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, limit+1))
	switch {
	case err != nil:
		return ask.Unanswered(err)
	case int64(len(body)) > limit:
		return ask.NotUnderstood(response.StatusCode, errTooLong)
	case success:
		// Each caller looks at what it was told: an object of something else has none of it.
		if err := json.Unmarshal(body, out); err != nil || len(body) == 0 || body[0] != '{' {
			return ask.NotUnderstood(response.StatusCode, errNotAWS)
		}
		return nil
	}

	refusal, after := readRefusal(response, body)
	switch {
	case refusal.code != "" && throttles[refusal.code]:
		return throttled(ask, after)
	case refusal.code != "" && response.StatusCode < 500 && response.StatusCode >= 400 && response.StatusCode != http.StatusTooManyRequests:
		return refusal
	}
	if err := ask.StatusFailed(response, c.now()); err != nil {
		return err
	}
	return ask.NotUnderstood(response.StatusCode, errNotAWS)
}

// readRefusal reads the body of an error.
func readRefusal(response *http.Response, body []byte) (*refused, time.Duration) {
	var said struct {
		Type              string `json:"__type"`
		Reason            string
		ResourceType      string
		RetryAfterSeconds int
	}
	if json.Unmarshal(body, &said) != nil {
		return &refused{status: response.StatusCode}, 0
	}
	// A code may begin with the name of its service and a sign between them.
	code := said.Type[strings.LastIndexAny(said.Type, "#:/")+1:]
	return &refused{code: code, reason: said.Reason, what: said.ResourceType, status: response.StatusCode}, time.Duration(max(0, min(said.RetryAfterSeconds, 3600))) * time.Second
}

// throttled is the error of too many calls.
func throttled(ask outbound.Operation, after time.Duration) error {
	refusal := &connector.Refusal{Reason: connector.TargetThrottled, Detail: "The target asks us to slow down.", After: after}
	return connector.Fail(entitlement.Throttled, ask.Op, refusal, nil)
}

// explain turns AWS's refusal of a question into the error of a whole call; other errors stay
// themselves.
func explain(ask outbound.Operation, err error) error {
	r, is := errors.AsType[*refused](err)
	switch {
	case !is:
		return err
	case r.code == codeDenied:
		return forbidden(ask, r)
	case r.code == codeMissing:
		return ask.NotUnderstood(r.status, errWitness)
	}
	refusal := &connector.Refusal{Reason: connector.RefusedByTarget, Detail: fmt.Sprintf("The target refuses the question: asked %s, it answered status %d.", ask.What, r.status)}
	return connector.Fail(entitlement.Unavailable, ask.Op, refusal, r)
}

// forbidden is the error of what the role may not do.
func forbidden(ask outbound.Operation, r *refused) error {
	refusal := &connector.Refusal{Reason: connector.CredentialRefused, Permanent: true, Detail: fmt.Sprintf(
		"The target does not let the role do this: asked %s, it answered status %d. Give the role %s the permissions that the README names.", ask.What, r.status, RolePrefix)}
	return connector.Fail(entitlement.Forbidden, ask.Op, refusal, r)
}

// missing is the error of a resource that is not there: said by AWS of it, in its own form, while it
// answers for others.
func missing(ask outbound.Operation, what string, cause error) error {
	refusal := &connector.Refusal{Reason: connector.ResourceMissing, Permanent: true, Detail: fmt.Sprintf("The %s is not there at the target: it says so, while it answers for others.", what)}
	return connector.Fail(entitlement.NotFound, ask.Op, refusal, cause)
}
