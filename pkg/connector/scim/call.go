package scim

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/entitlement"
)

// Bounds of answers. A group with a hundred thousand members fits into the larger one.
const (
	maxAnswer = 1 << 20
	maxGroup  = 16 << 20
	maxError  = 64 << 10
)

const (
	mediaType   = "application/scim+json"
	schemaGroup = "urn:ietf:params:scim:schemas:core:2.0:Group"
	schemaError = "urn:ietf:params:scim:api:messages:2.0:Error"
	schemaPatch = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
)

// refused is an answer of 400 or above that depends on what was asked.
type refused struct {
	status   int
	scimType string
	scim     bool // the body is a SCIM error: the server, and not something before it, has spoken
}

// Error names the status; the server's own words are not repeated.
func (r *refused) Error() string { return fmt.Sprintf("status %d", r.status) }

// get reads path and hands the bounded body to read.
func (c *Connector) get(ctx context.Context, op, path string, query url.Values, limit int64, read func(io.Reader) error) error {
	// Not every server reads a plus sign as a space.
	encoded := strings.ReplaceAll(query.Encode(), "+", "%20")
	if encoded != "" {
		path += "?" + encoded
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+path, nil)
	if err != nil {
		return outbound.CallFailed(op, err)
	}

	response, err := c.send(op, request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if err := read(http.MaxBytesReader(nil, response.Body, limit)); err != nil {
		return outbound.BadAnswer(op, err)
	}
	return nil
}

// getJSON reads path into an answer of usual size.
func (c *Connector) getJSON(ctx context.Context, op, path string, query url.Values, into any) error {
	return c.get(ctx, op, path, query, maxAnswer, func(body io.Reader) error {
		return json.NewDecoder(body).Decode(into)
	})
}

// list is an answer to a search.
type list[T any] struct {
	TotalResults *int // required, so its absence shows an answer that is none
	Resources    []T
}

var errNoList = errors.New("the answer is not a list")

// search asks for what the filter finds. "Nothing" has consequences, so it is believed
// only of an answer that says so.
func search[T any](ctx context.Context, c *Connector, op, path string, query url.Values) (found []T, total int, err error) {
	var answer list[T]
	if err := c.getJSON(ctx, op, path, query, &answer); err != nil {
		return nil, 0, err
	}
	if answer.TotalResults == nil || *answer.TotalResults < 0 || *answer.TotalResults > 0 && len(answer.Resources) == 0 {
		return nil, 0, outbound.BadAnswer(op, errNoList)
	}
	return answer.Resources, *answer.TotalResults, nil
}

// patch sends the operations. The answer's body, where there is one, tells nothing that
// Check would believe, so it stays unread.
func (c *Connector) patch(ctx context.Context, op, path string, operations []operation) error {
	body, err := json.Marshal(patchBody{Schemas: []string{schemaPatch}, Operations: operations})
	if err != nil {
		return entitlement.Wrap(entitlement.Internal, op, err, "")
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPatch, c.base+path, bytes.NewReader(body))
	if err != nil {
		return outbound.CallFailed(op, err)
	}
	request.Header.Set("Content-Type", mediaType)

	response, err := c.send(op, request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	io.CopyN(io.Discard, response.Body, maxError) // a short body read to its end lets the connection be used again
	return nil
}

// send sends the request with our credential and sorts failures: call-level errors are
// entitlement errors, a refusal of what was asked is *refused.
func (c *Connector) send(op string, request *http.Request) (*http.Response, error) {
	request.Header.Set("Accept", mediaType)
	request.Header.Set("Authorization", "Bearer "+c.token)
	request.Header.Set("User-Agent", "leasehold")

	response, err := c.client.Do(request)
	if err != nil {
		return nil, outbound.CallFailed(op, err)
	}
	if response.StatusCode >= 200 && response.StatusCode < 300 {
		return response, nil
	}

	defer response.Body.Close()
	if err := outbound.StatusFailed(op, response, c.now()); err != nil {
		return nil, err
	}
	return nil, readRefusal(response)
}

func readRefusal(response *http.Response) *refused {
	var body struct {
		Schemas  []string
		SCIMType string
	}
	r := &refused{status: response.StatusCode}
	if json.NewDecoder(io.LimitReader(response.Body, maxError)).Decode(&body) == nil {
		r.scimType = body.SCIMType
		r.scim = slices.Contains(body.Schemas, schemaError)
	}
	return r
}

// explain turns a refusal of a whole call into an error; other errors stay themselves.
// missing says what it means that the path asked for is not there.
func explain(op string, err error, missing connector.Reason, sentence string) error {
	r, ok := errors.AsType[*refused](err)
	if !ok {
		return err
	}

	// A wrong address answers 404 to everything. Taken for a deleted group, that would
	// count as access removed, so only a SCIM server is believed.
	if r.status == http.StatusNotFound && r.scim {
		refusal := &connector.Refusal{Reason: missing, Detail: sentence, Permanent: true}
		return connector.Fail(entitlement.NotFound, op, refusal, r)
	}
	refusal := &connector.Refusal{Reason: connector.RefusedByTarget, Permanent: true,
		Detail: fmt.Sprintf("The target refuses the question (status %d). Is its address that of a SCIM 2.0 server?", r.status)}
	return connector.Fail(entitlement.Invalid, op, refusal, r)
}

// groupPath returns the path of a group, or NotFound for an id that could mean another path.
func groupPath(op, id string) (string, error) {
	if id == "" || id == "." || id == ".." {
		return "", groupMissing(op, nil)
	}
	return "/Groups/" + url.PathEscape(id), nil
}

const groupGone = "The group is not there at the target any more."

func groupMissing(op string, cause error) error {
	refusal := &connector.Refusal{Reason: connector.ResourceMissing, Detail: groupGone, Permanent: true}
	return connector.Fail(entitlement.NotFound, op, refusal, cause)
}

// quote writes a filter's string value: JSON's rules for strings are the filter's.
func quote(s string) string {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.Encode(s) // a string always encodes
	return strings.TrimSuffix(b.String(), "\n")
}
