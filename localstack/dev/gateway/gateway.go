// Package gateway is the part of API Gateway that Leasehold is deployed with, on a
// local address: it turns each HTTP request into a proxy event, finds the function by
// the routes of package names, and writes the function's answer back.
package gateway

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"leasehold/pkg/clock"
	"leasehold/pkg/names"
)

// maxBody is the largest request that API Gateway takes.
const maxBody = 10 << 20

// Gateway serves the API of the functions.
type Gateway struct {
	// Invoke hands a payload to a function and returns its answer.
	Invoke func(ctx context.Context, function string, payload []byte) ([]byte, error)
	IDs    clock.IDs
}

// ServeHTTP serves one request. A client that goes away stops nothing: the function
// runs on, as it would behind the real gateway.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := g.IDs.New()
	route, found := names.FindRoute(r.Method, r.URL.EscapedPath())
	if !found {
		fail(w, id, http.StatusNotFound, "itemNotFound", "There is nothing at this address.")
		return
	}
	event, err := toEvent(w, r, route, id)
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		fail(w, id, http.StatusRequestEntityTooLarge, "invalidRequest", "The request is too large.")
		return
	}
	if err != nil {
		fail(w, id, http.StatusBadRequest, "invalidRequest", "The request could not be read.")
		return
	}

	// The client may be gone, and the function goes on all the same.
	answer, err := g.ask(context.WithoutCancel(r.Context()), route.Function, event)
	if err == nil {
		err = write(w, answer)
	}
	if err != nil {
		w.Header().Set("Retry-After", "1")
		fail(w, id, http.StatusBadGateway, "serviceNotAvailable", "The service did not answer. Try again.")
	}
}

// ask hands over the event as JSON, as it would travel.
func (g *Gateway) ask(ctx context.Context, function string, event events.APIGatewayProxyRequest) (answer events.APIGatewayProxyResponse, err error) {
	payload, err := json.Marshal(event)
	if err != nil {
		return answer, fmt.Errorf("write the event: %w", err)
	}
	text, err := g.Invoke(ctx, function, payload)
	if err != nil {
		return answer, err
	}
	err = json.Unmarshal(text, &answer)
	return answer, err
}

// toEvent is the event of a request. The path keeps its encoding, options are decoded,
// and every body is in base64, since the API declares every media type as binary.
func toEvent(w http.ResponseWriter, r *http.Request, route names.Route, id string) (events.APIGatewayProxyRequest, error) {
	content, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return events.APIGatewayProxyRequest{}, err
	}
	options, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return events.APIGatewayProxyRequest{}, err
	}
	headers := r.Header.Clone()
	headers.Set("Host", r.Host)
	caller, _, _ := net.SplitHostPort(r.RemoteAddr) // empty where it is no address

	event := events.APIGatewayProxyRequest{
		Resource: route.Path, Path: r.URL.EscapedPath(), HTTPMethod: r.Method, PathParameters: parameters(route.Path, r.URL.EscapedPath()),
		MultiValueHeaders: headers, Headers: last(headers),
		MultiValueQueryStringParameters: options, QueryStringParameters: last(options),
		RequestContext: events.APIGatewayProxyRequestContext{
			RequestID: id, Stage: names.StageName, ResourcePath: route.Path, HTTPMethod: r.Method, Protocol: r.Proto,
			Path: "/" + names.StageName + r.URL.EscapedPath(), Identity: events.APIGatewayRequestIdentity{SourceIP: caller, UserAgent: r.UserAgent()},
		},
	}
	if len(content) > 0 {
		event.Body, event.IsBase64Encoded = base64.StdEncoding.EncodeToString(content), true
	}
	return event, nil
}

// last is the last value of each name: what the gateway gives where only one fits.
func last(values map[string][]string) map[string]string {
	single := make(map[string]string, len(values))
	for name, all := range values {
		single[name] = all[len(all)-1]
	}
	return single
}

// parameters are the values of a route's variables in a path.
func parameters(route, path string) map[string]string {
	values := map[string]string{}
	have := strings.Split(path, "/")
	for i, segment := range strings.Split(route, "/") {
		switch name := strings.Trim(segment, "{}"); {
		case segment == "{proxy+}":
			values["proxy"] = strings.Join(have[i:], "/")
		case name != segment:
			values[name] = have[i]
		}
	}
	return values
}

// write sends a function's answer.
func write(w http.ResponseWriter, answer events.APIGatewayProxyResponse) error {
	body := []byte(answer.Body)
	if answer.IsBase64Encoded {
		var err error
		if body, err = base64.StdEncoding.DecodeString(answer.Body); err != nil {
			return err
		}
	}

	if answer.StatusCode < 200 || answer.StatusCode > 599 {
		return fmt.Errorf("status %d is none", answer.StatusCode)
	}

	for name, value := range answer.Headers {
		w.Header().Set(name, value)
	}
	for name, all := range answer.MultiValueHeaders {
		w.Header()[http.CanonicalHeaderKey(name)] = all
	}

	w.WriteHeader(answer.StatusCode)
	w.Write(body) // a client that is gone is no news
	return nil
}

// fail is an answer of the gateway itself, in the shape of all other errors of the API.
func fail(w http.ResponseWriter, id string, status int, code, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Request-Id", id)
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]any{"error": map[string]any{
		"code": code, "message": message, "innerError": map[string]string{"request-id": id}}})
}
