package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"

	"leasehold/pkg/clock"
	"leasehold/pkg/lambdaio"
	"leasehold/pkg/names"
)

// through serves a request by the gateway with h as every function, and tells which one
// was called.
func through(t *testing.T, h http.HandlerFunc, r *http.Request) (*httptest.ResponseRecorder, string) {
	t.Helper()
	called := ""
	g := &Gateway{IDs: clock.System{}, Invoke: func(ctx context.Context, function string, payload []byte) ([]byte, error) {
		called = function
		return lambda.NewHandler(lambdaio.HTTP(h)).Invoke(ctx, payload)
	}}
	w := httptest.NewRecorder()
	g.ServeHTTP(w, r)
	return w, called
}

func TestARequestArrivesAsItWasSent(t *testing.T) {
	r := httptest.NewRequest("POST", "/v1.0/users/a%2Fb?$filter=x%20eq%20%27y%27&a=1&a=2", strings.NewReader("\x1f\x8b\xff"))
	r.Header.Set("Authorization", "Bearer x")
	r.Header.Add("X-Many", "1")
	r.Header.Add("X-Many", "2")
	w, called := through(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.URL.EscapedPath() != "/v1.0/users/a%2Fb" || r.URL.Query().Get("$filter") != "x eq 'y'" || len(r.URL.Query()["a"]) != 2 ||
			string(body) != "\x1f\x8b\xff" || r.Header.Get("Authorization") != "Bearer x" || len(r.Header["X-Many"]) != 2 || r.RemoteAddr != "192.0.2.1" {
			t.Errorf("got %s %s, %q, %v", r.Method, r.URL, body, r.Header)
		}
		w.Header().Add("X-Many", "3")
		w.Header().Add("X-Many", "4")
		w.WriteHeader(http.StatusCreated)
		w.Write([]byte("\xff\x00"))
	}, r)
	if called != names.Catalogs || w.Code != http.StatusCreated || w.Body.String() != "\xff\x00" || len(w.Header()["X-Many"]) != 2 {
		t.Errorf("%s answered %d %q %v", called, w.Code, w.Body, w.Header())
	}
}

func TestTheEventIsTheGateways(t *testing.T) {
	const path = names.Entitlement + "/accessPackages/7/resourceRoleScopes/8"
	var event events.APIGatewayProxyRequest
	g := &Gateway{IDs: clock.System{}, Invoke: func(_ context.Context, _ string, payload []byte) ([]byte, error) {
		return []byte(`{"statusCode":204}`), json.Unmarshal(payload, &event)
	}}
	g.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("DELETE", path, nil))
	if event.Resource != names.Entitlement+"/accessPackages/{id}/{proxy+}" || event.PathParameters["id"] != "7" || event.PathParameters["proxy"] != "resourceRoleScopes/8" ||
		event.RequestContext.Path != "/"+names.StageName+path || event.RequestContext.RequestID == "" || event.IsBase64Encoded {
		t.Errorf("%+v", event)
	}
}

func TestWhatTheGatewayAnswersItself(t *testing.T) {
	never := func(http.ResponseWriter, *http.Request) { t.Error("a function was called") }
	for name, tt := range map[string]struct {
		request *http.Request
		want    int
	}{
		"no such address": {httptest.NewRequest("GET", "/elsewhere", nil), 404},
		"no such method":  {httptest.NewRequest("POST", names.HealthPath, nil), 404},
		"too large":       {httptest.NewRequest("POST", "/v1.0/users", strings.NewReader(strings.Repeat(" ", maxBody+1))), 413},
		"no query":        {httptest.NewRequest("GET", "/v1.0/users?a=%zz", nil), 400},
	} {
		if w, _ := through(t, never, tt.request); w.Code != tt.want || !strings.Contains(w.Body.String(), `"error"`) {
			t.Errorf("%s: %d %s, want %d", name, w.Code, w.Body, tt.want)
		}
	}

	g := &Gateway{IDs: clock.System{}, Invoke: func(context.Context, string, []byte) ([]byte, error) { return nil, errors.New("secret") }}
	w := httptest.NewRecorder()
	g.ServeHTTP(w, httptest.NewRequest("GET", "/v1.0/users", nil))
	if w.Code != http.StatusBadGateway || strings.Contains(w.Body.String(), "secret") {
		t.Errorf("a function that fails: %d %s", w.Code, w.Body)
	}
}
