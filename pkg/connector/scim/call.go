package scim

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
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
	schemaUser  = "urn:ietf:params:scim:schemas:core:2.0:User"
	schemaGroup = "urn:ietf:params:scim:schemas:core:2.0:Group"
	schemaError = "urn:ietf:params:scim:api:messages:2.0:Error"
	schemaPatch = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
)

// refused is the server's refusal of what was asked: an answer of 400 or above that
// depends on it.
type refused struct {
	status   int
	scimType string
	scim     bool // the body is a SCIM error: the server, and not something before it, has spoken
}

// Error names the status; the server's own words are not repeated.
func (r *refused) Error() string { return fmt.Sprintf("status %d", r.status) }

// unsupported reports that the server does not answer this kind of question, whoever it is
// about; another kind may do.
func (r *refused) unsupported() bool {
	switch r.status {
	case http.StatusBadRequest, http.StatusMethodNotAllowed, http.StatusRequestURITooLong, http.StatusNotImplemented:
		return true
	default:
		return false
	}
}

// declined returns the server's refusal to answer this kind of question, or nil for another
// error, among them that there is nothing at the address: no list of people is missing.
func declined(err error) *refused {
	if r := refusalOf(err); r != nil && r.unsupported() {
		return r
	}
	return nil
}

// refusalOf returns the server's refusal within err, or nil for another error.
func refusalOf(err error) *refused {
	r, _ := errors.AsType[*refused](err)
	return r
}

// get reads path, hands the bounded body to read, and returns the answer's header.
func (c *Connector) get(ctx context.Context, ask outbound.Operation, path string, query url.Values, limit int64, read func(io.Reader) error) (http.Header, error) {
	// Not every server reads a plus sign as a space.
	encoded := strings.ReplaceAll(query.Encode(), "+", "%20")
	if encoded != "" {
		path += "?" + encoded
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+path, nil)
	if err != nil {
		return nil, ask.Unanswered(err)
	}

	response, err := c.send(ask, request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body := &wire{from: response.Body}
	err = read(http.MaxBytesReader(nil, body, limit))
	switch {
	case err != nil && body.broken != nil:
		return nil, ask.Unanswered(body.broken)
	case err != nil:
		return nil, ask.NotUnderstood(response.StatusCode, err)
	}
	return response.Header, nil
}

// wire is a body that remembers whether it broke off, which is not the server's word.
type wire struct {
	from   io.ReadCloser
	broken error
}

// Read reads on.
func (w *wire) Read(p []byte) (int, error) {
	n, err := w.from.Read(p)
	if err != nil && err != io.EOF {
		w.broken = err
	}
	return n, err
}

// Close closes the body.
func (w *wire) Close() error { return w.from.Close() }

// getJSON reads path into an answer of usual size.
func (c *Connector) getJSON(ctx context.Context, ask outbound.Operation, path string, query url.Values, into any) error {
	_, err := c.getVersioned(ctx, ask, path, query, into)
	return err
}

// getVersioned is getJSON for whoever wants to change what is read only if it is as it was. version is
// "" where the server names none.
func (c *Connector) getVersioned(ctx context.Context, ask outbound.Operation, path string, query url.Values, into any) (version string, err error) {
	header, err := c.get(ctx, ask, path, query, maxAnswer, func(body io.Reader) error {
		return json.NewDecoder(body).Decode(into)
	})
	return header.Get("ETag"), err
}

// patch sends the operations. The answer's body tells nothing that Check would believe, so
// it stays unread; only a page is known to come from something else than the server.
func (c *Connector) patch(ctx context.Context, ask outbound.Operation, path string, operations []operation) error {
	return c.change(ctx, ask, http.MethodPatch, path, patchBody{Schemas: []string{schemaPatch}, Operations: operations})
}

var errPage = errors.New("a page for people")

// isPage reports an answer that is meant for a browser.
func isPage(r *http.Response) bool {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return kind == "text/html" || kind == "application/xhtml+xml"
}

// send sends the request with our credential and sorts failures: what the server refuses
// of what it was asked is *refused, everything else an entitlement error. A wrong address
// and what stands in front of a server answer 404 to everything, so that is believed of a
// SCIM server alone.
func (c *Connector) send(ask outbound.Operation, request *http.Request) (*http.Response, error) {
	request.Header.Set("Accept", mediaType)
	request.Header.Set("User-Agent", "leasehold")

	response, err := c.present(ask, request, "")
	if err != nil {
		return nil, err
	}

	if response.StatusCode >= 200 && response.StatusCode < 300 {
		return response, nil
	}

	defer response.Body.Close()
	// Not ours to read further: what comes may be a page of any size.
	if err := ask.StatusFailed(response, c.now()); err != nil {
		return nil, err
	}

	r := readRefusal(response)
	if !r.scim && (r.status == http.StatusNotFound || isPage(response)) {
		return nil, ask.NotUnderstood(r.status, fmt.Errorf("status %d", r.status))
	}
	return nil, r
}

// present makes the request with a token. One that was fetched and is not taken any more is
// fetched once anew.
func (c *Connector) present(ask outbound.Operation, request *http.Request, refused string) (*http.Response, error) {
	token, err := c.bearer(request.Context(), refused)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+token)

	response, err := c.client.Do(request)
	if err != nil {
		return nil, ask.Unanswered(err)
	}
	if response.StatusCode != http.StatusUnauthorized || refused != "" {
		return response, nil
	}

	anew, err := c.bearer(request.Context(), token)
	if err != nil || anew == token {
		return response, nil // the refusal says more than that there is no other
	}
	response.Body.Close()
	again := request.Clone(request.Context())
	if request.GetBody != nil {
		if again.Body, err = request.GetBody(); err != nil {
			return nil, ask.Unanswered(err)
		}
	}
	return c.present(ask, again, token)
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

// explain turns the server's refusal of a question into the error of a whole call; other
// errors stay themselves. Only what is said in SCIM's own form is final.
func explain(ask outbound.Operation, err error) error {
	r := refusalOf(err)
	if r == nil {
		return err
	}

	refusal := &connector.Refusal{Reason: connector.RefusedByTarget, Permanent: r.scim, Detail: fmt.Sprintf(
		"The target refuses the question: asked %s, it answered status %d. Check that the connector's address is that of a SCIM 2.0 server.", ask.What, r.status)}
	switch r.status {
	// Every address that is wrong answers so, and so do people who are gone.
	case http.StatusNotFound:
		return ask.NotUnderstood(r.status, errNoWitness)
	case http.StatusNotImplemented:
		refusal.Reason = connector.NotUnderstood
		refusal.Detail = fmt.Sprintf("The target does not do this: asked %s, it answered status %d, not implemented.", ask.What, r.status)
	}

	return connector.Fail(kindOf(refusal), ask.Op, refusal, r)
}

// kindOf returns the kind of a whole call's error that agrees with its refusal.
func kindOf(refusal *connector.Refusal) entitlement.Kind {
	if refusal.Permanent {
		return entitlement.Invalid
	}
	return entitlement.Unavailable
}

// groupPath returns the path of a group. An id that could mean another path is none, and neither is
// any at a server that has no groups.
func (c *Connector) groupPath(ask outbound.Operation, id string) (string, error) {
	if !fitsPath(id) {
		refusal := &connector.Refusal{Reason: connector.RefusedByTarget, Detail: "A group of a SCIM server cannot have this id.", Permanent: true}
		return "", connector.Fail(entitlement.Invalid, ask.Op, refusal, nil)
	}
	if err := c.noGroups(ask); err != nil {
		return "", err
	}
	return c.at.groups + "/" + url.PathEscape(id), nil
}

func fitsPath(id string) bool { return id != "" && id != "." && id != ".." }

// quote writes a filter's string value: JSON's rules for strings are the filter's.
func quote(s string) string {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.Encode(s) // a string always encodes
	return strings.TrimSuffix(b.String(), "\n")
}

// id is an id as servers write it: a string, or a whole number.
type id string

var errBadID = errors.New("an id that is none")

// UnmarshalJSON takes both; null leaves it empty.
func (i *id) UnmarshalJSON(text []byte) error {
	var read any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()

	if err := d.Decode(&read); err != nil {
		// Read as a number of its own, since a float would change a long id.
		return err
	}

	switch value := read.(type) {
	case nil:
	case string:
		*i = id(value)
	case json.Number:
		// Neither a sign nor a fraction is part of an id.
		if strings.Trim(value.String(), "0123456789") != "" {
			return errBadID
		}
		*i = id(value)
	default:
		return errBadID
	}

	return nil
}
