package msgraph

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
	"strings"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/entitlement"
)

// Bounds of answers. A page of 999 members, and a batch of twenty small answers, fit into it.
const (
	maxAnswer = 2 << 20
	maxError  = 64 << 10
)

// request is one request to Graph, alone or in a batch.
type request struct {
	method   string
	path     string // below the version, with the query
	body     any    // nil: none
	advanced bool   // an advanced query: of an index that follows
	cost     entitlement.Cost
}

// get is a question. A list of members costs two resource units with $select, and all else
// that is asked here one.
func get(path string, query url.Values) request {
	// Graph reads a plus sign as one, and not as a space.
	if len(query) > 0 {
		path += "?" + strings.ReplaceAll(query.Encode(), "+", "%20")
	}
	units := 1
	if strings.Contains(path, "/members?") {
		units = 2
	}
	return request{method: http.MethodGet, path: path, cost: entitlement.Cost{Units: units}}
}

// reply is an answer in Graph's form.
type reply struct {
	status int
	body   []byte
	header http.Header
}

// refused is Graph's refusal of what was asked: an answer of 400 or above, in its own form,
// that depends on it.
type refused struct{ status int }

// Error names the status; Graph's own words are not repeated.
func (r *refused) Error() string { return fmt.Sprintf("status %d", r.status) }

// refusalOf returns Graph's refusal within err, or nil for another error.
func refusalOf(err error) *refused {
	r, _ := errors.AsType[*refused](err)
	return r
}

// isMissing reports that Graph itself says that what was asked for is not there.
func isMissing(err error) bool {
	r := refusalOf(err)
	return r != nil && r.status == http.StatusNotFound
}

// ask makes a question and decodes its answer.
func (c *Connector) ask(ctx context.Context, ask outbound.Operation, r request, into any) error {
	if err := connector.Spend(ctx, r.cost); err != nil {
		return err
	}
	answered, err := c.send(ctx, ask, r)
	if err != nil {
		return err
	}
	return answered.decode(ask, into)
}

// decode reads the body of an answer; a refusal is an error.
func (a reply) decode(ask outbound.Operation, into any) error {
	if err := a.failed(); err != nil {
		return err
	}
	if err := json.Unmarshal(a.body, into); err != nil {
		return ask.NotUnderstood(a.status, err)
	}
	return nil
}

// failed returns the refusal that an answer is.
func (a reply) failed() error {
	if a.status >= 200 && a.status < 300 {
		return nil
	}
	return &refused{a.status}
}

// send makes one request. A token that is not taken any more is fetched once anew.
func (c *Connector) send(ctx context.Context, ask outbound.Operation, r request) (reply, error) {
	var body []byte
	if r.body != nil {
		var err error
		if body, err = json.Marshal(r.body); err != nil {
			return reply{}, entitlement.Wrap(entitlement.Internal, ask.Op, err, "")
		}
	}

	old := ""
	for {
		token, err := c.tokens.Get(ctx, old)
		if err != nil {
			return reply{}, err
		}
		response, err := c.call(ctx, ask, r, body, token)
		if err != nil {
			return reply{}, err
		}
		if response.StatusCode != http.StatusUnauthorized || old != "" {
			return c.read(ask, response)
		}
		response.Body.Close()
		old = token
	}
}

func (c *Connector) call(ctx context.Context, ask outbound.Operation, r request, body []byte, token string) (*http.Response, error) {
	made, err := http.NewRequestWithContext(ctx, r.method, c.base.String()+r.path, bytes.NewReader(body))
	if err != nil {
		return nil, ask.Unanswered(err)
	}
	if body != nil {
		made.Header.Set("Content-Type", "application/json")
	}
	if r.advanced {
		made.Header.Set("ConsistencyLevel", "eventual")
	}
	made.Header.Set("Accept", "application/json")
	made.Header.Set("Authorization", "Bearer "+token)
	made.Header.Set("User-Agent", "leasehold")

	response, err := c.client.Do(made)
	if err != nil {
		return nil, ask.Unanswered(err)
	}
	return response, nil
}

// read takes in a bounded answer, and sorts those that mean the same whatever was asked. A
// wrong address, and what stands in front of Graph, answer 404 to everything, so that is
// believed in Graph's own form alone.
func (c *Connector) read(ask outbound.Operation, response *http.Response) (reply, error) {
	defer response.Body.Close()
	forbidden := response.StatusCode == http.StatusForbidden
	if err := ask.StatusFailed(response, c.now()); err != nil && !forbidden {
		return reply{}, err
	}

	limit := int64(maxAnswer)
	if response.StatusCode >= 300 {
		limit = maxError
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, limit+1))
	if err != nil {
		return reply{}, ask.Unanswered(err)
	}
	if int64(len(body)) > limit {
		return reply{}, ask.NotUnderstood(response.StatusCode, errTooLong)
	}

	answered := reply{status: response.StatusCode, body: body, header: response.Header}
	if !answered.understood(mediaType(response.Header)) {
		if forbidden {
			return reply{}, ask.StatusFailed(response, c.now())
		}
		return reply{}, ask.NotUnderstood(response.StatusCode, errNotGraph)
	}
	return answered, nil
}

var (
	errTooLong   = errors.New("the answer is too long")
	errNotGraph  = errors.New("an answer that is not in Graph's form")
	errOtherID   = errors.New("the answer is about another id than the one asked for")
	errElsewhere = errors.New("the next page is at another address")
	errNoList    = errors.New("the answer is not a list")
)

func mediaType(h http.Header) string {
	kind, _, _ := mime.ParseMediaType(h.Get("Content-Type"))
	return kind
}

// understood reports an answer in Graph's form: a success that is JSON or empty, or an error
// with an object that says so.
func (a reply) understood(kind string) bool {
	if a.status >= 200 && a.status < 300 {
		return kind != "text/html" && kind != "application/xhtml+xml"
	}
	var body struct {
		Error *struct{ Code, Message *string }
	}
	return json.Unmarshal(a.body, &body) == nil && body.Error != nil && (body.Error.Code != nil || body.Error.Message != nil)
}

// explain turns Graph's refusal of a question into the error of a whole call; other errors
// stay themselves.
func explain(ask outbound.Operation, err error) error {
	r := refusalOf(err)
	if r == nil {
		return err
	}
	refusal := &connector.Refusal{Reason: connector.RefusedByTarget, Detail: fmt.Sprintf("The target refuses the question: asked %s, it answered status %d.", ask.What, r.status)}
	switch r.status {
	case http.StatusNotFound:
		return ask.NotUnderstood(r.status, errNoWitness)
	case http.StatusForbidden, http.StatusUnauthorized:
		return forbidden(ask, r)
	}
	return connector.Fail(entitlement.Unavailable, ask.Op, refusal, r)
}

// forbidden is the error of what the application may not do.
func forbidden(ask outbound.Operation, r *refused) error {
	refusal := &connector.Refusal{Reason: connector.CredentialRefused, Permanent: true, Detail: fmt.Sprintf(
		"The target does not let our application do this: asked %s, it answered status %d. Give the application the permission, with the administrator's consent: GroupMember.ReadWrite.All, Group.ReadWrite.All for owners, AppRoleAssignment.ReadWrite.All, User.Read.All, Application.Read.All.", ask.What, r.status)}
	return connector.Fail(entitlement.Forbidden, ask.Op, refusal, r)
}

// page is a piece of a list as Graph shows it.
type page[T any] struct {
	Value *[]T
	Next  string `json:"@odata.nextLink"`
}

// next returns the path of the next page. It must be at our own Graph: our token goes to
// whatever address is asked.
func (c *Connector) next(ask outbound.Operation, link string) (string, error) {
	u, err := url.Parse(link)
	if err != nil || u.Scheme != c.base.Scheme || u.Host != c.base.Host || u.User != nil || !strings.HasPrefix(u.EscapedPath(), c.base.EscapedPath()+"/") || strings.Contains(u.Path, "/../") {
		return "", ask.NotUnderstood(http.StatusOK, errElsewhere)
	}
	return strings.TrimPrefix(u.EscapedPath(), c.base.EscapedPath()) + "?" + u.RawQuery, nil
}

// list reads a list to its end, so many pages at most, and reports whether it was the end.
func list[T any](ctx context.Context, c *Connector, ask outbound.Operation, r request, pages int) (all []T, ended bool, err error) {
	for range pages {
		var p page[T]
		if err := c.ask(ctx, ask, r, &p); err != nil {
			return nil, false, err
		}
		if p.Value == nil {
			return nil, false, ask.NotUnderstood(http.StatusOK, errNoList)
		}
		all = append(all, *p.Value...)
		if p.Next == "" {
			return all, true, nil
		}
		if r.path, err = c.next(ask, p.Next); err != nil {
			return nil, false, err
		}
	}
	return all, false, nil
}

// rest returns a list of which the first page is here already, and reads the others, so many
// at most.
func rest[T any](ctx context.Context, c *Connector, ask outbound.Operation, r request, first page[T], pages int) (all []T, ended bool, err error) {
	if first.Next == "" {
		return *first.Value, true, nil
	}
	if r.path, err = c.next(ask, first.Next); err != nil {
		return nil, false, err
	}
	more, ended, err := list[T](ctx, c, ask, r, pages)
	return append(*first.Value, more...), ended, err
}

// quote writes a text in a filter.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// in writes that an attribute is one of the values.
func in(attribute string, values []string) string {
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = quote(v)
	}
	return attribute + " in (" + strings.Join(quoted, ",") + ")"
}
