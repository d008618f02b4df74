package graph

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/obs"
	"leasehold/pkg/publicurl"
)

// batchOperations are several calls in one.
var batchOperations = []operation{
	{method: "POST", path: root + "/$batch", action: authz.CallBatch, callerReadByUseCase: true, serve: serveBatch}, // each call in it reads its caller
}

// Bounds of one batch.
const (
	maxBatch      = 20
	batchTime     = 25 * time.Second // the gateway gives up after 29
	batchTogether = 4                // calls that run at once
	batchRoom     = 0.95             // of what an answer may be: the rest is for what stands around the answers
)

// part is one call of a batch, as clients write it.
type part struct {
	ID        string            `json:"id"`
	Method    string            `json:"method"`
	URL       string            `json:"url"` // below /v1.0
	Headers   map[string]string `json:"headers"`
	Body      jsontext.Value    `json:"body"`
	DependsOn []string          `json:"dependsOn"`
	Awaits    []string          `json:"depends_on"` // the same, as Microsoft's SDK for Python spells it

	number int
	done   chan struct{} // closed when answer is there
	answer recorded
}

// recorded is the answer of one call of a batch.
type recorded struct {
	header http.Header
	status int
	text   bytes.Buffer
}

func (r *recorded) Header() http.Header { return r.header }

func (r *recorded) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
}

func (r *recorded) Write(p []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.text.Write(p)
}

// serveBatch answers each call of a batch as if it had come by itself, with the batch's
// token. Those that have not ended in time are answered 504; they may have had their effect.
func serveBatch(ctx context.Context, c *call) (response, error) {
	if c.deps.inBatch(ctx) {
		return response{}, entitlement.Errorf(entitlement.Invalid, "A batch cannot hold another one.")
	}
	if c.request.URL.RawQuery != "" {
		return response{}, entitlement.Errorf(entitlement.Invalid, "A batch takes no options; leave out what stands behind the question mark.")
	}
	parts, err := c.parts()
	if err != nil {
		return response{}, err
	}
	writes := 0
	for _, p := range parts {
		if p.Method != http.MethodGet {
			writes++
		}
	}
	if err := c.deps.Limiter.takeAll(c.principal, writes); err != nil {
		return response{}, err
	}

	ctx, cancel := context.WithTimeout(ctx, batchTime)
	defer cancel()
	places := make(chan struct{}, batchTogether)
	for _, p := range parts {
		go c.run(ctx, p, parts, places)
	}
	answers := make([]*recorded, len(parts))
	for i, p := range parts {
		answers[i] = c.outcome(ctx, p)
	}
	c.reads = false // what is too large was left out
	return ok(object{"responses": c.fitted(ctx, parts, answers)})
}

// parts reads a batch, and refuses one in which not every call can be told from the others
// and put in an order.
func (c *call) parts() ([]*part, error) {
	content, err := c.content()
	if err != nil {
		return nil, err
	}
	if !isJSON(c.request.Header) {
		return nil, unsupportedMedia("Send the body as application/json.")
	}

	var batch struct {
		Requests []*part `json:"requests"`
	}
	if json.Unmarshal(content, &batch, json.RejectUnknownMembers(true)) != nil || slices.Contains(batch.Requests, nil) {
		return nil, entitlement.Errorf(entitlement.Invalid, "A batch is a JSON object with the list requests, each an object with id, method, url and, where it needs them, headers, body and dependsOn.")
	}
	if n := len(batch.Requests); n < 1 || n > maxBatch {
		return nil, entitlement.Errorf(entitlement.Invalid, "A batch holds 1 to %d requests.", maxBatch)
	}

	for i, p := range batch.Requests {
		p.DependsOn = append(p.DependsOn, p.Awaits...)
		p.number, p.done, p.answer.header, p.Method = i+1, make(chan struct{}), http.Header{}, strings.ToUpper(p.Method)

		same := func(other *part) bool { return strings.EqualFold(other.ID, p.ID) }
		switch {
		case p.ID == "" || len(p.ID) > 128 || slices.ContainsFunc(batch.Requests[:i], same):
			return nil, entitlement.Errorf(entitlement.Invalid, "requests[%d].id must be given, at most 128 bytes, and be that of no other request of the batch.", i)
		case !slices.Contains([]string{http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodPut, http.MethodDelete}, p.Method):
			return nil, entitlement.Errorf(entitlement.Invalid, "requests[%d].method must be GET, POST, PATCH, PUT or DELETE.", i)
		case p.URL == "":
			return nil, entitlement.Errorf(entitlement.Invalid, "requests[%d].url must be given, such as /me.", i)
		}
	}
	return batch.Requests, ordered(batch.Requests)
}

func partNamed(parts []*part, id string) *part {
	i := slices.IndexFunc(parts, func(p *part) bool { return strings.EqualFold(p.ID, id) })
	if i < 0 {
		return nil
	}
	return parts[i]
}

// ordered refuses calls that wait for what is not there, or for each other.
func ordered(parts []*part) error {
	ready := map[*part]bool{}
	for range parts {
		for _, p := range parts {
			waits := func(id string) bool { return !ready[partNamed(parts, id)] }
			ready[p] = !slices.ContainsFunc(p.DependsOn, waits)
		}
	}
	for i, p := range parts {
		if !ready[p] {
			return entitlement.Errorf(entitlement.Invalid, "requests[%d].dependsOn must name other requests of the batch, and not one that waits for this one.", i)
		}
	}
	return nil
}

// run serves one call when those before it are done, and there is a place.
func (c *call) run(ctx context.Context, p *part, parts []*part, places chan struct{}) {
	defer close(p.done)
	ctx = obs.WithRequestID(ctx, obs.RequestID(ctx)+"-"+strconv.Itoa(p.number))

	// A panic here would end the process, and with it every other call: the recover of the API
	// guards the goroutine of the batch alone.
	defer func() {
		if thrown := recover(); thrown != nil {
			obs.Logger(ctx).ErrorContext(ctx, "handler panicked", "panic", fmt.Sprint(thrown), "stack", string(debug.Stack()))
			p.answer = *c.refused(ctx, entitlement.Errorf(entitlement.Internal, ""))
		}
	}()

	for _, id := range p.DependsOn {
		before := partNamed(parts, id)
		select {
		case <-before.done:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			return
		}
		if before.answer.status >= 400 || before.answer.status == 0 {
			p.answer = *c.refused(ctx, &failure{status: http.StatusFailedDependency, code: "failedDependency", message: "Not done: the request " + clip(before.ID) + ", on which it depends, failed."})
			return
		}
	}

	select {
	case places <- struct{}{}:
		defer func() { <-places }()
	case <-ctx.Done():
	}
	// With both ready a select takes either: whoever is late has its place by chance.
	if ctx.Err() != nil {
		return
	}

	r, err := c.split(ctx, p)
	if err != nil {
		p.answer = *c.refused(ctx, err)
		return
	}
	c.api.ServeHTTP(&p.answer, r)
}

// split makes a call of its own of a part. Where its client does not name it, it is named
// after the batch: so one that is repeated by itself or with the batch is known again.
func (c *call) split(ctx context.Context, p *part) (*http.Request, error) {
	if path, _, _ := strings.Cut(p.URL, "?"); strings.Contains(path, "://") {
		return nil, entitlement.Errorf(entitlement.Invalid, "The url of a request in a batch is relative to %s, such as /me.", root)
	}
	ctx = context.WithValue(context.WithValue(ctx, inBatch{}, true), handedOn{}, "")
	r, err := http.NewRequestWithContext(ctx, p.Method, "/", bytes.NewReader(p.Body))
	if err == nil {
		r.URL, err = url.Parse(root + "/" + strings.TrimPrefix(p.URL, "/"))
	}
	if err != nil || r.URL.Fragment != "" {
		return nil, entitlement.Errorf(entitlement.Invalid, "The url of a request in a batch must be a path and options, such as /me?$select=id.")
	}
	r.RequestURI, r.Host, r.RemoteAddr = r.URL.RequestURI(), c.request.Host, c.request.RemoteAddr
	if len(p.Body) > 0 {
		r.Header.Set("Content-Type", "application/json")
	}
	if theirs := c.request.Header.Get(clientRequestID); theirs != "" {
		r.Header.Set(clientRequestID, theirs+"-"+p.ID)
	}
	for name, value := range p.Headers {
		if strings.EqualFold(name, "Authorization") {
			return nil, entitlement.Errorf(entitlement.Invalid, "A request in a batch is made with the token of the batch: leave out its header Authorization.")
		}
		r.Header.Set(name, value)
	}
	r.Header["Authorization"] = c.request.Header.Values("Authorization")
	r.Header[publicurl.Header] = c.request.Header.Values(publicurl.Header) // it came as the batch did
	return r, nil
}

// refused is the answer to a call that was not made.
func (c *call) refused(ctx context.Context, err error) *recorded {
	r := &recorded{header: http.Header{requestID: {obs.RequestID(ctx)}}}
	c.fail(ctx, r, err)
	return r
}

// outcome waits for an answer as long as there is time.
func (c *call) outcome(ctx context.Context, p *part) *recorded {
	select {
	case <-p.done:
	case <-ctx.Done():
	}
	select {
	case <-p.done:
		if p.answer.status != 0 {
			return &p.answer
		}
	default:
	}
	return c.refused(ctx, &failure{status: http.StatusGatewayTimeout, code: "timeout", message: fmt.Sprintf("This was not done within the %d seconds of a batch, or not to its end. Look whether it is done, or send it again.", int(batchTime/time.Second))})
}

// fitted returns the answers as the batch tells them. What was changed is told first: of what
// was read, that which does not fit into one answer any more is refused.
func (c *call) fitted(ctx context.Context, parts []*part, answers []*recorded) []any {
	room := batchRoom
	for _, reads := range []bool{false, true} {
		for i, p := range parts {
			if reads != (p.Method == http.MethodGet) {
				continue
			}
			if over := excess(answers[i].text.Bytes()); over <= room {
				room -= over
			} else if reads {
				answers[i] = c.refused(ctx, entitlement.Errorf(entitlement.Invalid, "The answers of this batch are together larger than an answer may be. Send this request by itself."))
			} else {
				answers[i].text.Reset()
			}
		}
	}
	all := make([]any, len(parts))
	for i, p := range parts {
		headers := object{}
		for name, values := range answers[i].header {
			headers[name] = strings.Join(values, ", ")
		}
		told := object{"id": p.ID, "status": answers[i].status, "headers": headers}
		switch text := answers[i].text.Bytes(); {
		case len(text) == 0:
		case answers[i].header.Get("Content-Type") == csvMedia:
			told["body"] = base64.StdEncoding.EncodeToString(text) // as Graph has what is no JSON
		default:
			told["body"] = jsontext.Value(text)
		}
		all[i] = told
	}
	return all
}
