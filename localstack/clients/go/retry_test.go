package clients

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"sync"
	"testing"

	governance "github.com/microsoftgraph/msgraph-sdk-go/identitygovernance"
)

// faults is a proxy before the API that answers the first attempts itself.
type faults struct {
	server *httptest.Server

	mu       sync.Mutex
	pending  []int    // statuses of the next answers
	attempts []string // client-request-id of each call that came
}

func newFaults(t *testing.T, statuses ...int) *faults {
	t.Helper()
	at, err := url.Parse(os.Getenv("LEASEHOLD_URL"))
	if err != nil || at.Host == "" {
		t.Fatal("no stack is up for this test: make test-clients starts one")
	}
	f := &faults{pending: statuses}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(at) }}
	f.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { f.serve(proxy, w, r) }))
	t.Cleanup(f.server.Close)
	return f
}

// serve answers as told, or as the API does. Behind a gateway that gives up with 504 the
// work is done all the same, and its answer is lost.
func (f *faults) serve(proxy http.Handler, w http.ResponseWriter, r *http.Request) {
	status := f.next(r)
	if status == 0 {
		proxy.ServeHTTP(w, r)
		return
	}

	if status == http.StatusGatewayTimeout {
		proxy.ServeHTTP(httptest.NewRecorder(), r)
	}
	w.Header().Set("Retry-After", "1")
	w.WriteHeader(status)
}

func (f *faults) next(r *http.Request) int {
	f.mu.Lock()
	defer f.mu.Unlock()

	f.attempts = append(f.attempts, r.Header.Get("client-request-id"))
	if len(f.pending) == 0 {
		return 0
	}
	status := f.pending[0]
	f.pending = f.pending[1:]
	return status
}

func TestAPostThatTheClientRepeatsHasOneEffect(t *testing.T) {
	for name, statuses := range map[string][]int{
		"429":                       {429},
		"503":                       {503},
		"504 with its answer lost":  {504},
		"504 twice":                 {504, 504},
		"429, 503 and 504 in a row": {429, 503, 504},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFaults(t, statuses...)
			name := unique("Catalog")
			made, err := behind(t, "admin", f.server).management().Catalogs().Post(t.Context(), aCatalog(name), nil)
			must(t, made, err)

			if len(f.attempts) != len(statuses)+1 {
				t.Errorf("%d attempts, want %d", len(f.attempts), len(statuses)+1)
			}
			for _, id := range f.attempts {
				if id == "" || id != f.attempts[0] {
					t.Errorf("the client named its attempts %q", f.attempts)
				}
			}
			found, err := as(t, "admin").management().Catalogs().Get(t.Context(), &governance.EntitlementManagementCatalogsRequestBuilderGetRequestConfiguration{
				QueryParameters: &governance.EntitlementManagementCatalogsRequestBuilderGetQueryParameters{Filter: ptr("displayName eq '" + name + "'")}})
			if list := must(t, found, err).GetValue(); len(list) != 1 || *list[0].GetId() != *made.GetId() {
				t.Errorf("S12: %d catalogs, want the one that was answered", len(list))
			}
			t.Logf("%d attempts, one catalog", len(f.attempts))
		})
	}
}
