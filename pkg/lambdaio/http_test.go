package lambdaio_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"leasehold/pkg/lambdaio"
	"leasehold/pkg/names"
	"leasehold/pkg/obs"
)

// logged returns a context whose log lines land in the buffer.
func logged() (context.Context, *bytes.Buffer) {
	var out bytes.Buffer
	return obs.WithLogger(context.Background(), obs.New(&out, names.Catalogs)), &out
}

// seen sends one event and returns the request that the handler got, its body read.
func seen(t *testing.T, event events.APIGatewayProxyRequest) (*http.Request, string) {
	t.Helper()
	var request *http.Request
	var content []byte
	serve := lambdaio.HTTP(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		request = r
		content, _ = io.ReadAll(r.Body)
	}))

	if event.HTTPMethod == "" {
		event.HTTPMethod = http.MethodGet
	}
	if answer, err := serve(context.Background(), event); err != nil || request == nil {
		t.Fatalf("answer %+v, error %v; the handler was not reached", answer, err)
	}
	return request, string(content)
}

func TestRequestPath(t *testing.T) {
	tests := map[string]struct{ path, wantPath, wantEscaped string }{
		"plain":                  {"/v1.0/me", "/v1.0/me", "/v1.0/me"},
		"stage before it":        {"/live/v1.0/me", "/v1.0/me", "/v1.0/me"},
		"encoded quotes":         {"/v1.0/x(on%3D%27a%27)", "/v1.0/x(on='a')", "/v1.0/x(on%3D%27a%27)"},
		"decoded by an emulator": {"/v1.0/x(on='a b')", "/v1.0/x(on='a b')", "/v1.0/x%28on=%27a%20b%27%29"},
		"encoded slash":          {"/v1.0/a%2Fb", "/v1.0/a/b", "/v1.0/a%2Fb"},
		"percent of its own":     {"/v1.0/100%", "/v1.0/100%", "/v1.0/100%25"},
		"nothing":                {"", "/", "/"},
		"dots stay":              {"/v1.0/../x", "/v1.0/../x", "/v1.0/../x"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			event := events.APIGatewayProxyRequest{Path: tt.path}
			event.RequestContext.Stage = names.StageName

			got, _ := seen(t, event)

			if got.URL.Path != tt.wantPath || got.URL.EscapedPath() != tt.wantEscaped {
				t.Errorf("path %q, escaped %q; want %q and %q", got.URL.Path, got.URL.EscapedPath(), tt.wantPath, tt.wantEscaped)
			}
		})
	}
}

func TestRequestQuery(t *testing.T) {
	tests := map[string]events.APIGatewayProxyRequest{
		"many values": {MultiValueQueryStringParameters: map[string][]string{"$filter": {"a eq 'b&c'"}, "x": {"1", "2"}}},
		"single values, where there are no others": {
			QueryStringParameters:           map[string]string{"$filter": "a eq 'b&c'", "x": "9"},
			MultiValueQueryStringParameters: map[string][]string{"x": {"1", "2"}},
		},
	}
	for name, event := range tests {
		t.Run(name, func(t *testing.T) {
			got, _ := seen(t, event)
			query := got.URL.Query()
			if query.Get("$filter") != "a eq 'b&c'" || !reflect.DeepEqual(query["x"], []string{"1", "2"}) {
				t.Errorf("query = %v", query)
			}
		})
	}
}

func TestRequestHeadersAreFoundInAnySpelling(t *testing.T) {
	event := events.APIGatewayProxyRequest{
		Headers:           map[string]string{"authorization": "last", "x-single": "s"},
		MultiValueHeaders: map[string][]string{"authorization": {"first"}, "aCCept": {"a", "b"}, "host": {"evil.example.com"}},
	}
	event.RequestContext.DomainName = "api.example.com"

	got, _ := seen(t, event)

	want := http.Header{"Authorization": {"first"}, "Accept": {"a", "b"}, "X-Single": {"s"}}
	if !reflect.DeepEqual(got.Header, want) {
		t.Errorf("headers = %v, want %v", got.Header, want)
	}
	if got.Host != "api.example.com" {
		t.Errorf("host = %q, want the gateway's own word", got.Host)
	}
}

func TestRequestBody(t *testing.T) {
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	zip.Write([]byte(`{"displayName":"Sales"}`))
	zip.Close()

	tests := map[string]struct {
		body   string
		binary bool
		want   string
	}{
		"text":                       {`{"a":"ü"}`, false, `{"a":"ü"}`},
		"text that looks like coded": {"YWJj", false, "YWJj"},
		"base64":                     {"YWJj", true, "abc"},
		"compressed stays so":        {base64.StdEncoding.EncodeToString(packed.Bytes()), true, packed.String()},
		"none":                       {"", true, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			request, got := seen(t, events.APIGatewayProxyRequest{HTTPMethod: "POST", Body: tt.body, IsBase64Encoded: tt.binary})
			if got != tt.want || request.ContentLength != int64(len(tt.want)) {
				t.Errorf("body %q of length %d, want %q", got, request.ContentLength, tt.want)
			}
		})
	}
}

func TestUnreadableEventsAreRefused(t *testing.T) {
	tests := map[string]events.APIGatewayProxyRequest{
		"body that is no base64": {HTTPMethod: "POST", Body: "%%%", IsBase64Encoded: true},
		"method with a space":    {HTTPMethod: "GET /"},
	}
	for name, event := range tests {
		t.Run(name, func(t *testing.T) {
			serve := lambdaio.HTTP(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the handler was reached") }))
			answer, err := serve(context.Background(), event)
			if err != nil || answer.StatusCode != http.StatusBadRequest {
				t.Errorf("answer %+v, error %v; want 400", answer, err)
			}
		})
	}
}

func TestContextKnowsRequestAndGateway(t *testing.T) {
	event := events.APIGatewayProxyRequest{Headers: map[string]string{"X-Forwarded-Host": "evil.example.com"}}
	event.RequestContext.RequestID = "r-1"
	event.RequestContext.DomainName = "abc.execute-api.eu-west-1.amazonaws.com"
	event.RequestContext.Stage = names.StageName

	got, _ := seen(t, event)

	if id := lambdaio.RequestID(got.Context()); id != "r-1" {
		t.Errorf("RequestID = %q, want r-1", id)
	}
	if base := lambdaio.GatewayBase(got.Context()); base != "https://abc.execute-api.eu-west-1.amazonaws.com/live" {
		t.Errorf("GatewayBase = %q", base)
	}

	silent, _ := seen(t, events.APIGatewayProxyRequest{})
	if base := lambdaio.GatewayBase(silent.Context()); base != "" {
		t.Errorf("GatewayBase = %q where the gateway says nothing, want none", base)
	}
}

// The id of a call goes into events, so it is the gateway's own word: the request id of the
// real gateway is whatever the client wants it to be.
func TestCallsAreNamedByTheGatewayAlone(t *testing.T) {
	tests := map[string]struct{ request, extended, want string }{
		"on AWS, where a client chose the request id": {"chosen-by-client", "DYSUHHK5CYcFlUg=", "DYSUHHK5CYcFlUg="},
		"on an emulator with one id":                  {"r-1", "", "r-1"},
		"without any":                                 {"", "", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			event := events.APIGatewayProxyRequest{MultiValueHeaders: map[string][]string{
				"X-Amzn-RequestId": {"chosen-by-client"}, "x-amzn-requestid": {"chosen-by-client"}, "X-Amz-Apigw-Id": {"chosen-by-client"}, "Request-Id": {"chosen-by-client"}}}
			event.RequestContext.RequestID, event.RequestContext.ExtendedRequestID = tt.request, tt.extended
			if request, _ := seen(t, event); lambdaio.RequestID(request.Context()) != tt.want {
				t.Errorf("the call is named %q, want %q", lambdaio.RequestID(request.Context()), tt.want)
			}
		})
	}
}

func TestAnswer(t *testing.T) {
	tests := map[string]struct {
		handler http.HandlerFunc
		want    events.APIGatewayProxyResponse
	}{
		"text goes as it is": {
			func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(http.StatusCreated)
				io.WriteString(w, `{"a":"ü"}`)
			},
			events.APIGatewayProxyResponse{StatusCode: 201, Body: `{"a":"ü"}`,
				MultiValueHeaders: map[string][]string{"Content-Type": {"application/json"}}},
		},
		"bytes go as base64": {
			func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte{0x1f, 0x8b, 0xff}) },
			events.APIGatewayProxyResponse{StatusCode: 200, Body: "H4v/", IsBase64Encoded: true, MultiValueHeaders: map[string][]string{}},
		},
		"nothing written is 200": {
			func(http.ResponseWriter, *http.Request) {},
			events.APIGatewayProxyResponse{StatusCode: 200, MultiValueHeaders: map[string][]string{}},
		},
		"the first status and its headers count": {
			func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusEarlyHints)
				w.WriteHeader(http.StatusNoContent)
				w.Header().Set("Late", "yes")
				w.WriteHeader(http.StatusTeapot)
			},
			events.APIGatewayProxyResponse{StatusCode: 204, MultiValueHeaders: map[string][]string{}},
		},
		"one name, many values": {
			func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Add("Set-Cookie", "a=1")
				w.Header().Add("Set-Cookie", "b=2")
			},
			events.APIGatewayProxyResponse{StatusCode: 200, MultiValueHeaders: map[string][]string{"Set-Cookie": {"a=1", "b=2"}}},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := lambdaio.HTTP(tt.handler)(context.Background(), events.APIGatewayProxyRequest{HTTPMethod: "GET"})
			if err != nil || !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got  %+v, error %v\nwant %+v", got, err, tt.want)
			}
		})
	}
}

func TestPanicIsAnAnswerAndALogLine(t *testing.T) {
	ctx, log := logged()
	serve := lambdaio.HTTP(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusOK)
		io.WriteString(w, "half an answer")
		panic("index out of range, token Bearer abc.def")
	}))
	event := events.APIGatewayProxyRequest{HTTPMethod: "GET"}
	event.RequestContext.RequestID = "r-1"

	answer, err := serve(ctx, event)
	if err != nil {
		t.Fatalf("error = %v, want none", err)
	}

	var body struct {
		Error struct {
			Code, Message string
			InnerError    map[string]string
		}
	}
	if err := json.Unmarshal([]byte(answer.Body), &body); err != nil {
		t.Fatalf("body %q: %v", answer.Body, err)
	}
	if answer.StatusCode != 500 || body.Error.Code != "generalException" || body.Error.Message == "" || body.Error.InnerError["request-id"] != "r-1" {
		t.Errorf("answer = %d %s", answer.StatusCode, answer.Body)
	}
	if strings.Contains(answer.Body, "index out of range") || strings.Contains(answer.Body, "half") {
		t.Errorf("the answer shows what happened inside: %s", answer.Body)
	}
	if line := log.String(); !strings.Contains(line, "index out of range") || !strings.Contains(line, "r-1") || strings.Contains(line, "abc.def") {
		t.Errorf("log = %s; want the cause, the request id and no token", line)
	}
}

func TestLoggerCarriesTheRequestID(t *testing.T) {
	ctx, log := logged()
	serve := lambdaio.HTTP(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		obs.Logger(r.Context()).Info("request denied", slog.Int("status", 403))
	}))
	event := events.APIGatewayProxyRequest{HTTPMethod: "GET"}
	event.RequestContext.RequestID = "r-2"

	serve(ctx, event)

	if !strings.Contains(log.String(), `"requestId":"r-2"`) {
		t.Errorf("log = %s", log.String())
	}
}
