package lambdaio

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/obs"
)

type gatewayKey struct{}

// GatewayBase returns the gateway's own address in front of /v1.0, such as
// https://abc.execute-api.eu-west-1.amazonaws.com/live, from what the gateway
// says of itself, never from a header that a client can write. It is "" where
// the gateway does not say (MiniStack): a public address must be set there.
func GatewayBase(ctx context.Context) string {
	base, _ := ctx.Value(gatewayKey{}).(string)
	return base
}

// HTTP serves API Gateway's proxy events with h. The path keeps its percent
// encoding (URL.EscapedPath), a compressed body stays compressed, and the
// answer's error is always nil: what goes wrong is an answer too.
func HTTP(h http.Handler) func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	return func(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		ctx = obs.WithRequestID(ctx, callID(event.RequestContext))
		if domain := event.RequestContext.DomainName; domain != "" {
			ctx = context.WithValue(ctx, gatewayKey{}, "https://"+domain+"/"+event.RequestContext.Stage)
		}

		if mark, ok := event.RequestContext.Authorizer[handedOn].(string); ok {
			ctx = context.WithValue(ctx, handedKey{}, mark)
		}

		request, err := toRequest(ctx, event)
		if err != nil {
			return failure(ctx, err), nil
		}
		return serve(h, request), nil
	}
}

// callID names one call in answers, logs and events. A client of the real gateway can choose
// the request id (X-Amzn-RequestId), and nobody can the extended one, so that alone is
// ours. Gateways on this machine may know no other than their own request id.
func callID(of events.APIGatewayProxyRequestContext) string {
	return cmp.Or(of.ExtendedRequestID, of.RequestID)
}

func serve(h http.Handler, request *http.Request) (answer events.APIGatewayProxyResponse) {
	defer func() {
		if thrown := recover(); thrown != nil {
			logPanic(request.Context(), thrown)
			answer = failure(request.Context(), entitlement.Errorf(entitlement.Internal, ""))
		}
	}()

	recorder := newRecorder()
	h.ServeHTTP(recorder, request)
	return recorder.response()
}

// failure is the answer to what never reached a handler, or broke one, in the
// shape of every other error of the API.
func failure(ctx context.Context, err error) events.APIGatewayProxyResponse {
	id := obs.RequestID(ctx)
	body, _ := json.Marshal(map[string]any{"error": map[string]any{ // strings only: cannot fail
		"code":    entitlement.CodeOf(err),
		"message": entitlement.MessageOf(err),
		"innerError": map[string]string{
			"date":       time.Now().UTC().Format(time.RFC3339),
			"request-id": id,
		},
	}})

	return events.APIGatewayProxyResponse{
		StatusCode:        entitlement.KindOf(err).HTTPStatus(),
		MultiValueHeaders: map[string][]string{"Content-Type": {"application/json"}, "Request-Id": {id}},
		Body:              string(body),
	}
}

// body gives what the client sent. Emulators and AWS differ in what they encode,
// so only the event's own flag decides.
func body(event events.APIGatewayProxyRequest) ([]byte, error) {
	if !event.IsBase64Encoded {
		return []byte(event.Body), nil
	}
	decoded, err := base64.StdEncoding.DecodeString(event.Body)
	if err != nil {
		return nil, entitlement.Wrap(entitlement.Invalid, "decode body", err, "The body could not be read.")
	}
	return decoded, nil
}
