package sharepoint

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
	"strconv"
	"strings"
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/entitlement"
)

// Bounds of answers. The members of a group, of whom SharePoint takes 5,000, fit into one.
const (
	maxAnswer = 2 << 20
	maxError  = 64 << 10
)

// request is one request to a site.
type request struct {
	method string
	site   string // its path
	path   string // below _api/, escaped
	query  url.Values
	body   any // nil: none
}

// get is a question to a site.
func get(site, path string, query url.Values) request {
	return request{method: http.MethodGet, site: site, path: path, query: query}
}

// quote writes a text as OData does.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// refused is SharePoint's refusal of what was asked: an answer of 400 or above, that is its own and
// that depends on it.
type refused struct{ status int }

// Error names the status; SharePoint's own words are not repeated.
func (r *refused) Error() string { return fmt.Sprintf("status %d", r.status) }

// statusOf returns the status of SharePoint's refusal within err, or 0 for another error.
func statusOf(err error) int {
	if r, is := errors.AsType[*refused](err); is {
		return r.status
	}
	return 0
}

var (
	errTooLong       = errors.New("the answer is too long")
	errNotSharePoint = errors.New("an answer that is not SharePoint's")
	errOther         = errors.New("the answer is about something else than what was asked for")
	errElsewhere     = errors.New("the next page is at another address")
	errNoList        = errors.New("the answer is not a list")
	errNoWitness     = errors.New("status 404, and nothing else is known to work")
)

// ask makes a question and decodes its answer.
func (c *Connector) ask(ctx context.Context, ask outbound.Operation, r request, into any) error {
	if err := connector.Spend(ctx, question); err != nil {
		return err
	}
	return c.send(ctx, ask, r, into)
}

// send makes one request and decodes its answer, where into is not nil. A token that is not taken
// any more is fetched once anew.
func (c *Connector) send(ctx context.Context, ask outbound.Operation, r request, into any) error {
	var body []byte
	if r.body != nil {
		var err error
		if body, err = json.Marshal(r.body); err != nil {
			return entitlement.Wrap(entitlement.Internal, ask.Op, err, "")
		}
	}

	old := ""
	for {
		token, err := c.tokens.Get(ctx, old)
		if err != nil {
			return err
		}
		response, err := c.call(ctx, ask, r, body, token)
		if err != nil {
			return err
		}
		if response.StatusCode != http.StatusUnauthorized || old != "" {
			return c.read(ask, response, into)
		}
		response.Body.Close()
		old = token
	}
}

// address is where a request goes: always to the connector's own host, for which its tokens are.
func (c *Connector) address(r request) string {
	at := url.URL{Scheme: c.base.Scheme, Host: c.base.Host, Path: r.site}
	text := strings.TrimRight(at.String(), "/") + "/_api/" + r.path
	if len(r.query) > 0 {
		// SharePoint reads a plus sign as one, and not as a space.
		text += "?" + strings.ReplaceAll(r.query.Encode(), "+", "%20")
	}
	return text
}

func (c *Connector) call(ctx context.Context, ask outbound.Operation, r request, body []byte, token string) (*http.Response, error) {
	made, err := http.NewRequestWithContext(ctx, r.method, c.address(r), bytes.NewReader(body))
	if err != nil {
		return nil, ask.Unanswered(err)
	}
	if body != nil {
		made.Header.Set("Content-Type", "application/json;odata=nometadata")
	}
	made.Header.Set("Accept", "application/json;odata=nometadata")
	made.Header.Set("Authorization", "Bearer "+token)
	// In the form by which SharePoint tells applications apart when it throttles.
	made.Header.Set("User-Agent", "NONISV|Leasehold|Leasehold/1.0")

	response, err := c.client.Do(made)
	if err != nil {
		return nil, ask.Unanswered(err)
	}
	return response, nil
}

// read takes in a bounded answer, and sorts those that mean the same whatever was asked.
func (c *Connector) read(ask outbound.Operation, response *http.Response, into any) error {
	defer response.Body.Close()

	limit := int64(maxAnswer)
	if response.StatusCode >= 300 {
		limit = maxError
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, limit+1))
	long := int64(len(body)) > limit

	if response.StatusCode >= 200 && response.StatusCode < 300 {
		switch {
		case err != nil:
			return ask.Unanswered(err)
		case long:
			return ask.NotUnderstood(response.StatusCode, errTooLong)
		}
		return c.decode(ask, response, body, into)
	}

	own := err == nil && !long && sharePoints(response, body)
	switch code := response.StatusCode; {
	// It is throttled by either status, and says by Retry-After for how long.
	case code == http.StatusServiceUnavailable && response.Header.Get("Retry-After") != "":
		slow := *response
		slow.StatusCode = http.StatusTooManyRequests
		return ask.StatusFailed(&slow, c.now())
	// Of one person, or one site: 500 is how SharePoint answers what its code refuses.
	case own && (code == http.StatusForbidden || code == http.StatusInternalServerError):
		return &refused{code}
	}
	if failed := ask.StatusFailed(response, c.now()); failed != nil {
		return failed
	}
	if !own {
		return ask.NotUnderstood(response.StatusCode, errNotSharePoint)
	}
	return &refused{response.StatusCode}
}

func (c *Connector) decode(ask outbound.Operation, response *http.Response, body []byte, into any) error {
	kind, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if kind == "text/html" || kind == "application/xhtml+xml" {
		return ask.NotUnderstood(response.StatusCode, errNotSharePoint)
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(body, into); err != nil {
		return ask.NotUnderstood(response.StatusCode, err)
	}
	return nil
}

// sharePoints reports a refusal that SharePoint itself makes: in the form of its errors, or, as of
// a site that is not there, with the header by which it names its version.
func sharePoints(response *http.Response, body []byte) bool {
	if response.Header.Get("MicrosoftSharePointTeamServices") != "" {
		return true
	}
	type said struct{ Code, Message json.RawMessage }
	var form struct {
		NoMeta  *said `json:"odata.error"`
		Verbose *said `json:"error"`
	}
	if json.Unmarshal(body, &form) != nil {
		return false
	}
	for _, e := range []*said{form.NoMeta, form.Verbose} {
		if e != nil && len(e.Code) > 0 && len(e.Message) > 0 {
			return true
		}
	}
	return false
}

// explain turns SharePoint's refusal of a question into the error of a whole call; other errors
// stay themselves.
func explain(ask outbound.Operation, err error) error {
	switch code := statusOf(err); code {
	case 0:
		return err
	case http.StatusNotFound:
		return ask.NotUnderstood(code, errNoWitness)
	case http.StatusForbidden, http.StatusUnauthorized:
		return forbidden(ask, code)
	case http.StatusInternalServerError:
		return ask.StatusFailed(&http.Response{StatusCode: code}, time.Time{})
	case http.StatusLocked:
		return connector.Fail(entitlement.Unavailable, ask.Op, locked(ask, code), err)
	default:
		refusal := &connector.Refusal{Reason: connector.RefusedByTarget, Detail: fmt.Sprintf("The target refuses the question: asked %s, it answered status %d.", ask.What, code)}
		return connector.Fail(entitlement.Unavailable, ask.Op, refusal, err)
	}
}

// forbidden is the error of what the application may not do.
func forbidden(ask outbound.Operation, code int) error {
	refusal := &connector.Refusal{Reason: connector.CredentialRefused, Permanent: true, Detail: fmt.Sprintf(
		"The target does not let our application do this: asked %s, it answered status %d. Give the application SharePoint's permission Sites.FullControl.All, or Sites.Selected and the role fullcontrol of this site, with the administrator's consent.", ask.What, code)}
	return connector.Fail(entitlement.Forbidden, ask.Op, refusal, &refused{code})
}

// locked is the refusal of a site that nobody may change.
func locked(ask outbound.Operation, code int) *connector.Refusal {
	return &connector.Refusal{Reason: connector.RefusedByTarget, Detail: fmt.Sprintf(
		"The site is locked: asked %s, it answered status %d. Unlock it in SharePoint's administration; delivery goes on by itself.", ask.What, code)}
}

// list reads a list to its end, so many pages of a size at most, and reports whether it was the end. id
// tells entries apart: one that is shown twice is one. Of a list of which nothing new comes
// though more was asked for, $skip is ignored, and what is left is not known.
func list[T any](ctx context.Context, c *Connector, ask outbound.Operation, r request, size, pages int, id func(T) string) (all []T, ended bool, err error) {
	seen, got := map[string]bool{}, 0
	query := r.query
	for range pages {
		r.query = url.Values{"$top": {strconv.Itoa(size)}}
		for name, values := range query {
			r.query[name] = values
		}
		if got > 0 {
			r.query.Set("$skip", strconv.Itoa(got))
		}

		var page struct {
			Value *[]T
			Next  string `json:"odata.nextLink"`
		}
		if err := c.ask(ctx, ask, r, &page); err != nil {
			return nil, false, err
		}
		if page.Value == nil {
			return nil, false, ask.NotUnderstood(http.StatusOK, errNoList)
		}
		fresh := 0
		for _, each := range *page.Value {
			key := id(each)
			if key == "" {
				return nil, false, ask.NotUnderstood(http.StatusOK, errNoList)
			}
			if !seen[key] {
				seen[key], all, fresh = true, append(all, each), fresh+1
			}
		}
		got += len(*page.Value)

		switch {
		case page.Next == "" && len(*page.Value) < size:
			return all, true, nil
		case fresh == 0:
			return all, false, nil
		case page.Next != "":
			if query, err = c.next(ask, r, page.Next); err != nil {
				return nil, false, err
			}
			got = 0 // the link itself says where it goes on
		}
	}
	return all, false, nil
}

// next returns the query of the next page. It must be of the same list: our token goes to whatever
// address is asked.
func (c *Connector) next(ask outbound.Operation, of request, link string) (url.Values, error) {
	u, err := url.Parse(link)
	if err != nil {
		return nil, ask.NotUnderstood(http.StatusOK, errElsewhere)
	}
	of.query = nil
	here, err := url.Parse(c.address(of))
	if err != nil || u.Scheme != here.Scheme || !strings.EqualFold(u.Host, here.Host) || u.User != nil || !strings.EqualFold(u.Path, here.Path) {
		return nil, ask.NotUnderstood(http.StatusOK, errElsewhere)
	}
	return u.Query(), nil
}
