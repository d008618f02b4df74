package webhook

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/entitlement"
)

// Bounds of answers. A page of a thousand members fits into the larger one.
const (
	maxAnswer = 1 << 20
	maxError  = 64 << 10
)

var (
	errTooLong   = errors.New("the answer is too long")
	errNoAnswer  = errors.New("an answer that is not in the contract's form")
	errOther     = errors.New("the answer is about something else than was asked")
	errNoWitness = errors.New("the target says that a resource is missing, and shows no other")
)

// refused is the target's refusal of a question, in the contract's own form.
type refused struct {
	status int
	code   string
}

// Error names the status; the target's own words are not repeated.
func (r *refused) Error() string { return fmt.Sprintf("status %d", r.status) }

func refusalOf(err error) *refused {
	r, _ := errors.AsType[*refused](err)
	return r
}

// ask sends a question in one call and returns the answer, with its status. Of an answer in the
// contract's form that is a refusal, the error is *refused.
func (c *Connector) ask(ctx context.Context, op outbound.Operation, q question) (answer, int, error) {
	response, err := c.send(ctx, op, q)
	if err != nil {
		return answer{}, 0, err
	}
	defer response.Body.Close()

	status := response.StatusCode
	if status == http.StatusGone {
		return answer{}, status, switchedOff(op)
	}
	if err := op.StatusFailed(response, c.now()); err != nil {
		return answer{}, status, err
	}
	// Accepted is all that it says: nothing in its body counts.
	if status == http.StatusAccepted && q.Verb == verbApply {
		io.CopyN(io.Discard, response.Body, maxError) // a short body read to its end lets the connection be used again
		return answer{}, status, nil
	}

	a, err := read(op, response)
	switch {
	case err != nil:
		return answer{}, status, err
	case a.Verb != q.Verb || a.Resource != q.Resource || a.Role != q.Role:
		return answer{}, status, op.NotUnderstood(status, errOther)
	case a.Error != "":
		return answer{}, status, &refused{status, a.Error}
	case status == http.StatusOK, status == http.StatusConflict && q.Verb == verbApply:
		return a, status, nil
	}
	return answer{}, status, op.NotUnderstood(status, errNoAnswer)
}

// send signs a question and sends it. The port does not say which calls are tries of one
// operation, so each call is a message with an id of its own: a receiver that drops ids which
// it has seen drops what the transport sent twice, and never a change that is meant again.
func (c *Connector) send(ctx context.Context, op outbound.Operation, q question) (*http.Response, error) {
	body, err := json.Marshal(q)
	if err != nil {
		return nil, entitlement.Wrap(entitlement.Internal, op.Op, err, "")
	}

	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.address, bytes.NewReader(body))
	if err != nil {
		return nil, op.Unanswered(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", "leasehold")
	if len(c.secrets) > 0 { // IAM is what a function is called by
		c.secrets.sign(request.Header, "msg_"+rand.Text(), c.now(), body)
	}

	response, err := c.client.Do(request)
	if err != nil {
		return nil, op.Unanswered(err)
	}
	return response, nil
}

// read takes in a bounded answer.
func read(op outbound.Operation, response *http.Response) (answer, error) {
	limit := int64(maxAnswer)
	if response.StatusCode >= 300 && response.StatusCode != http.StatusConflict {
		limit = maxError
	}
	text, err := io.ReadAll(io.LimitReader(response.Body, limit+1))
	if err != nil {
		return answer{}, op.Unanswered(err)
	}
	if int64(len(text)) > limit {
		return answer{}, op.NotUnderstood(response.StatusCode, errTooLong)
	}

	var a answer
	if err := json.Unmarshal(text, &a); err != nil {
		return answer{}, op.NotUnderstood(response.StatusCode, errNoAnswer)
	}
	return a, nil
}

// switchedOff is the error of status 410: by Standard Webhooks, that nothing more is to be sent.
func switchedOff(op outbound.Operation) error {
	refusal := &connector.Refusal{Reason: connector.RefusedByTarget, Permanent: true, Detail: fmt.Sprintf(
		"The target says that it is switched off for good: asked %s, it answered status 410. Give the connector the address of another, or take its resources out of the packages.", op.What)}
	return connector.Fail(entitlement.Invalid, op.Op, refusal, &refused{status: http.StatusGone})
}

// explain turns the target's refusal of a question about a role or a resource into the error of
// a whole call; other errors stay themselves.
func (c *Connector) explain(ctx context.Context, op outbound.Operation, resource string, err error) error {
	r := refusalOf(err)
	if r == nil || r.status == http.StatusGone {
		return err
	}

	refusal := &connector.Refusal{Reason: connector.RefusedByTarget, Permanent: true}
	switch {
	case r.code == errorResource && resource != "":
		return c.missing(ctx, op, resource, r)
	case r.code == errorRole:
		refusal.Detail = "The target says that its resource does not offer this role. Take the role out of the package, or refresh the resource."
	default:
		refusal.Detail = fmt.Sprintf("The target refuses the question: asked %s, it answered status %d.", op.What, r.status)
	}
	return connector.Fail(entitlement.Invalid, op.Op, refusal, r)
}

// missing returns the error of an answer that a resource is not there. Access may end on that
// word, so it counts only where the target shows another resource, and this one not: one whose
// data are away says so of everything.
func (c *Connector) missing(ctx context.Context, op outbound.Operation, resource string, cause error) error {
	a, _, err := c.ask(ctx, askResources, question{Verb: verbResources, Limit: witnesses})
	others := 0
	for _, o := range a.Resources {
		if o.ID == resource {
			return op.NotUnderstood(http.StatusNotFound, errOther)
		}
		if o.ID != "" {
			others++
		}
	}
	if err != nil || others == 0 {
		return op.NotUnderstood(http.StatusNotFound, errNoWitness)
	}

	refusal := &connector.Refusal{Reason: connector.ResourceMissing, Permanent: true,
		Detail: "The resource is not there at the target: asked " + op.What + ", it says so itself, while it shows others."}
	return connector.Fail(entitlement.NotFound, op.Op, refusal, cause)
}
