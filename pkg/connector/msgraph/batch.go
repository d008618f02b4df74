package msgraph

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/entitlement"
)

// batchPath is where several requests are made at once.
const batchPath = "/$batch"

// inBatch is one request of a batch.
type inBatch struct {
	ID      string            `json:"id"`
	Method  string            `json:"method"`
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers,omitempty"`
	Body    any               `json:"body,omitempty"`
}

// together makes up to MaxBatch requests in one call, each with its own answer, in order. A
// single one goes by itself. What stands for all of them is an error: that Graph does not
// answer, or throttles every one.
func (c *Connector) together(ctx context.Context, ask outbound.Operation, requests []request) ([]reply, error) {
	switch len(requests) {
	case 0:
		return nil, nil
	case 1:
		answered, err := c.send(ctx, ask, requests[0])
		return []reply{answered}, err
	}

	var body struct {
		Requests []inBatch `json:"requests"`
	}
	for i, r := range requests {
		one := inBatch{ID: strconv.Itoa(i), Method: r.method, URL: r.path, Body: r.body, Headers: map[string]string{}}
		if r.body != nil {
			one.Headers["Content-Type"] = "application/json"
		}
		if r.advanced {
			one.Headers["ConsistencyLevel"] = "eventual"
		}
		body.Requests = append(body.Requests, one)
	}
	answered, err := c.send(ctx, ask, request{method: http.MethodPost, path: batchPath, body: body})
	if err != nil {
		return nil, err
	}
	return c.apart(ask, answered, len(requests))
}

// apart sorts the answers of a batch, which come in any order. There must be one of each.
func (c *Connector) apart(ask outbound.Operation, answered reply, n int) ([]reply, error) {
	var body struct {
		Responses []struct {
			ID      string
			Status  int
			Headers map[string]any
			Body    json.RawMessage
		}
	}
	if err := answered.decode(ask, &body); err != nil {
		return nil, explain(ask, err)
	}

	all := make([]reply, n)
	for _, r := range body.Responses {
		i, err := strconv.Atoi(r.ID)
		if err != nil || i < 0 || i >= n || all[i].status != 0 || r.Status < 100 {
			return nil, ask.NotUnderstood(answered.status, errNoList)
		}
		all[i] = reply{status: r.Status, body: r.Body, header: http.Header{}}
		for name, value := range r.Headers {
			if text, is := value.(string); is {
				all[i].header.Set(name, text)
			}
		}
	}

	throttled := 0
	for i := range all {
		if all[i].status == 0 {
			return nil, ask.NotUnderstood(answered.status, errNoList)
		}
		if all[i].status == http.StatusTooManyRequests {
			throttled++
		}
	}
	// All of them: nothing was done, and the caller waits.
	if throttled == n {
		return nil, ask.StatusFailed(&http.Response{StatusCode: http.StatusTooManyRequests, Header: longest(all)}, c.now())
	}
	return all, nil
}

// longest are the headers of the answer that asks for the longest pause.
func longest(all []reply) http.Header {
	best, most := http.Header{}, time.Duration(-1)
	for _, a := range all {
		if seconds, err := strconv.Atoi(a.header.Get("Retry-After")); err == nil && time.Duration(seconds) > most {
			best, most = a.header, time.Duration(seconds)
		}
	}
	return best
}

// questions makes any number of questions, in as few calls as can be, and returns their
// answers. What is passing of one of them is an error of all.
func (c *Connector) questions(ctx context.Context, ask outbound.Operation, requests []request) (all []reply, err error) {
	for len(requests) > 0 {
		some := requests[:min(len(requests), MaxBatch)]
		requests = requests[len(some):]

		var cost entitlement.Cost
		for _, r := range some {
			cost = cost.Plus(r.cost)
		}
		if err := connector.Spend(ctx, cost); err != nil {
			return nil, err
		}
		answered, err := c.together(ctx, ask, some)
		if err != nil {
			return nil, err
		}
		for _, a := range answered {
			if err := c.passing(ask, a); err != nil {
				return nil, err
			}
		}
		all = append(all, answered...)
	}
	return all, nil
}

// passing returns the error of an answer in a batch that says nothing of what was asked.
func (c *Connector) passing(ask outbound.Operation, a reply) error {
	err := ask.StatusFailed(&http.Response{StatusCode: a.status, Header: a.header}, c.now())
	switch {
	case a.status == http.StatusForbidden:
		return forbidden(ask, &refused{a.status})
	case err != nil:
		return err
	case !a.understood(""):
		return ask.NotUnderstood(a.status, errNotGraph)
	}
	return nil
}
