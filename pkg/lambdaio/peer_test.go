package lambdaio_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"leasehold/pkg/lambdaio"
)

// What is handed on arrives as it came, and says that it was handed on; no header of a
// client can say so.
func TestAPeerGetsTheCallAsItCame(t *testing.T) {
	var heard, mark, base string
	served := lambdaio.HTTP(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		content, _ := io.ReadAll(r.Body)
		heard = r.Method + " " + r.URL.EscapedPath() + " " + r.URL.Query().Get("$filter") + " " + r.Header.Get("Authorization") + " " + string(content)
		mark, base = lambdaio.HandedOn(r.Context()), lambdaio.GatewayBase(r.Context())
		w.Header().Set("Location", "there")
		w.WriteHeader(http.StatusCreated)
		w.Write([]byte{0xff, 'x'})
	}))
	peer := lambdaio.Peer{Mark: func(context.Context) string { return "call" }, Invoke: func(ctx context.Context, payload []byte) ([]byte, error) {
		var event events.APIGatewayProxyRequest
		if err := json.Unmarshal(payload, &event); err != nil {
			return nil, err
		}
		answer, _ := served(ctx, event)
		return json.Marshal(answer)
	}}
	event := events.APIGatewayProxyRequest{HTTPMethod: "POST", Path: "/v1.0/a%2Fb", MultiValueQueryStringParameters: map[string][]string{"$filter": {"x eq 'é'"}},
		MultiValueHeaders: map[string][]string{"Authorization": {"Bearer t"}, "Handedon": {"batch"}}, Body: "{}", RequestContext: events.APIGatewayProxyRequestContext{DomainName: "d.example", Stage: "live"}}
	answer, err := lambdaio.HTTP(peer)(t.Context(), event)
	if err != nil || answer.StatusCode != 201 || !answer.IsBase64Encoded || answer.Body != "/3g=" || answer.MultiValueHeaders["Location"][0] != "there" {
		t.Errorf("%+v %v", answer, err)
	}
	if heard != "POST /v1.0/a%2Fb x eq 'é' Bearer t {}" || mark != "call" || base != "https://d.example/live" {
		t.Errorf("heard %q, mark %q, base %q", heard, mark, base)
	}
	if served(t.Context(), event); mark != "" {
		t.Errorf("a client's call is marked %q", mark)
	}
}

func TestAPeerThatDoesNotAnswerIsUnavailable(t *testing.T) {
	for what, peer := range map[string]lambdaio.Peer{
		"an error":      {Invoke: func(context.Context, []byte) ([]byte, error) { return nil, errors.New("secret") }},
		"nothing":       {Invoke: func(context.Context, []byte) ([]byte, error) { return []byte("null"), nil }},
		"no JSON":       {Invoke: func(context.Context, []byte) ([]byte, error) { return []byte("x"), nil }},
		"another thing": {Invoke: func(context.Context, []byte) ([]byte, error) { return []byte(`{"errorMessage":"x"}`), nil }},
	} {
		peer.Mark = func(context.Context) string { return "call" }
		ctx, _ := logged()
		answer, _ := lambdaio.HTTP(peer)(ctx, events.APIGatewayProxyRequest{HTTPMethod: "GET", Path: "/v1.0/me"})
		if answer.StatusCode != http.StatusServiceUnavailable || answer.MultiValueHeaders["Content-Type"][0] != "application/json" {
			t.Errorf("%s: %+v", what, answer)
		}
	}
}
