package lambdaio

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/obs"
)

// handedOn is the entry of an event's authorizer that says that another function of ours
// handed it on. The gateway has no authorizer, and no client can write there.
const handedOn = "handedOn"

type handedKey struct{}

// HandedOn says how another function handed the call on, "" where it came from the gateway.
func HandedOn(ctx context.Context) string {
	mark, _ := ctx.Value(handedKey{}).(string)
	return mark
}

// Peer is another function behind the same gateway: it serves a call under its own rights,
// as if the gateway had sent it there.
type Peer struct {
	Invoke func(ctx context.Context, payload []byte) ([]byte, error)
	Mark   func(ctx context.Context) string // what the other function hears as HandedOn
}

// ServeHTTP has the other function answer.
func (p Peer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer, err := p.ask(r)
	if err != nil {
		obs.Logger(r.Context()).ErrorContext(r.Context(), "the other function did not answer", obs.Err(err))
		answer = failure(r.Context(), entitlement.Errorf(entitlement.Unavailable, "This was not answered in time. Try again in a moment."))
	}
	for name, values := range answer.MultiValueHeaders {
		w.Header()[http.CanonicalHeaderKey(name)] = values
	}
	content, err := body(events.APIGatewayProxyRequest{Body: answer.Body, IsBase64Encoded: answer.IsBase64Encoded})
	if err != nil {
		obs.Logger(r.Context()).ErrorContext(r.Context(), "the other function's answer cannot be read", obs.Err(err))
	}
	w.WriteHeader(answer.StatusCode)
	if _, err := w.Write(content); err != nil {
		obs.Logger(r.Context()).WarnContext(r.Context(), "the answer was not taken", obs.Err(err))
	}
}

func (p Peer) ask(r *http.Request) (answer events.APIGatewayProxyResponse, err error) {
	content, err := io.ReadAll(r.Body)
	if err != nil {
		return answer, err
	}

	event := toEvent(r, content)
	event.RequestContext.Authorizer = map[string]any{handedOn: p.Mark(r.Context())}
	payload, err := json.Marshal(event)
	if err != nil {
		return answer, err
	}

	said, err := p.Invoke(r.Context(), payload)
	if err != nil {
		return answer, err
	}
	if err := json.Unmarshal(said, &answer); err != nil {
		return answer, err
	}

	// http.ResponseWriter panics at a status that is none.
	if answer.StatusCode < 100 || answer.StatusCode > 999 {
		return answer, entitlement.Errorf(entitlement.Internal, "the other function answered what is no answer")
	}
	return answer, nil
}

// toEvent is the event that the gateway would send; toRequest makes the request of it again.
func toEvent(r *http.Request, content []byte) events.APIGatewayProxyRequest {
	carried := newRecorder()
	carried.body.Write(content)
	text := carried.response()
	event := events.APIGatewayProxyRequest{HTTPMethod: r.Method, Path: r.URL.EscapedPath(), MultiValueHeaders: r.Header, MultiValueQueryStringParameters: r.URL.Query(),
		Body: text.Body, IsBase64Encoded: text.IsBase64Encoded}
	event.RequestContext.ExtendedRequestID = obs.RequestID(r.Context())
	event.RequestContext.Identity.SourceIP = r.RemoteAddr
	if base, err := url.Parse(GatewayBase(r.Context())); err == nil {
		event.RequestContext.DomainName, event.RequestContext.Stage = base.Host, strings.TrimPrefix(base.Path, "/")
	}
	return event
}
