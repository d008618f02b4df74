package graph

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"leasehold/pkg/authz"
	"leasehold/pkg/clock"
	"leasehold/pkg/directory"
	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/dynamo/faults"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
	"leasehold/pkg/views"
)

func TestEveryKindOfError(t *testing.T) {
	c := &call{deps: &Deps{Clock: clock.NewVirtual(time.Now())}}
	for _, kind := range entitlement.Kinds() {
		w := httptest.NewRecorder()
		c.fail(t.Context(), w, entitlement.Wrap(kind, "read item", errors.New("secret of the table"), "What to do."))
		if w.Code != kind.HTTPStatus() || !strings.Contains(w.Body.String(), entitlement.CodeOf(entitlement.Errorf(kind, ""))) || strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%v: %d %s", kind, w.Code, w.Body)
		}
		if again := w.Header().Get("Retry-After"); (again != "") != (w.Code == 429 || w.Code == 503) {
			t.Errorf("%v: Retry-After %q", kind, again)
		}
	}
	w := httptest.NewRecorder()
	c.fail(t.Context(), w, errors.New("secret of the table"))
	if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "secret") {
		t.Errorf("foreign: %d %s", w.Code, w.Body)
	}
}

func TestPanicsAreAnswered(t *testing.T) {
	w := newFixture(t)
	w.api[names.Catalogs].(*api).routes = newRoutes([]operation{{method: "GET", path: "/v1.0/me", action: authz.ReadSelf,
		serve: func(context.Context, *call) (response, error) { panic("secret of the table") }}})
	got := w.call("admin", "GET", "/v1.0/me", nil).want(http.StatusInternalServerError)
	checkErrorShape(t, got)
	if strings.Contains(got.text, "secret") || !strings.Contains(w.log.String(), "handler panicked") {
		t.Errorf("%s\n%s", got.text, w.log.String())
	}
}

// A store that does not answer is a 503 for every list, and never half an answer, whichever
// of its calls is the first without one.
func TestStoreThatDoesNotAnswer(t *testing.T) {
	w := newFixture(t)
	w.offer(open())
	calls, down := 0, 0
	flaky := dynamotest.Flaky(func(faults.Op) dynamotest.Fault {
		if calls++; down > 0 && calls >= down {
			return dynamotest.FailBefore
		}
		return dynamotest.None
	})
	w.api[names.Catalogs].(*api).deps.Views = &views.Reader{Store: flaky}
	d := w.api[names.Catalogs].(*api).deps.Directory
	w.api[names.Catalogs].(*api).deps.Directory = &directory.Service{Store: flaky, Clock: d.Clock, IDs: d.IDs, First: d.First, Enqueuer: d.Enqueuer, Log: d.Log}
	w.api[names.Catalogs].(*api).deps.Catalogs.Store = flaky
	w.call("admin", "GET", "/v1.0/me", nil).want(200)
	for _, path := range []string{em + "/catalogs", packagePath, "/v1.0/me", "/v1.0/users", ours + "/connectors"} {
		for range 2 { // what the store keeps is not read again
			calls, down = 0, 0
			w.call("admin", "GET", path, nil).want(200)
		}
		for at := range calls {
			calls, down = 0, at+1
			got := w.call("admin", "GET", path, nil).want(http.StatusServiceUnavailable)
			if got.header.Get("Retry-After") == "" || got.get("error.code") != "serviceNotAvailable" {
				t.Errorf("%s, call %d: %s", path, at+1, got.text)
			}
		}
	}
}
