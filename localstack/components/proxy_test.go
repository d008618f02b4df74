package components

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// openTestProxy opens a proxy that leads to an API which answers with what it was asked.
func openTestProxy(t *testing.T) *proxy {
	t.Helper()
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		io.WriteString(w, r.Method+" "+r.RequestURI+" "+string(body))
	}))
	t.Cleanup(api.Close)

	d, err := openProxy(Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.close() })
	if err := d.lead(api.URL, "abc123"); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestProxyHandsPathAndQueryOnAsTheyCame(t *testing.T) {
	const stage = "/_aws/execute-api/abc123/live"
	d := openTestProxy(t)
	for _, target := range []string{
		"/v1.0/me",
		"/v1.0/users/a%2Fb",
		"/v1.0/accessPackages/filterByCurrentUser(on='allowedRequestor')",
		"/v1.0/accessPackages/filterByCurrentUser(on=%27allowedRequestor%27)",
		"/v1.0/users?$filter=userPrincipalName%20eq%20'a+b'&%24top=1;x",
		"/v1.0/users?",
	} {
		request, err := http.NewRequestWithContext(context.Background(), http.MethodPost, d.url+target, strings.NewReader("body"))
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		got, _ := io.ReadAll(response.Body)
		response.Body.Close()
		if want := "POST " + stage + target + " body"; string(got) != want {
			t.Errorf("the API was asked %q, want %q", got, want)
		}
	}
}

func TestProxyAnswersHTTPSWithItsCertificate(t *testing.T) {
	d := openTestProxy(t)
	text, err := os.ReadFile(d.certificate)
	if err != nil {
		t.Fatal(err)
	}
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(text)

	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted}}}
	response, err := client.Get(d.secureURL + "/v1.0/me")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Errorf("status %d, want 200", response.StatusCode)
	}
}

func TestProxySaysThatNothingIsDeployed(t *testing.T) {
	d, err := openProxy(Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer d.close()

	response, err := http.Get(d.url + "/v1.0/me")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("status %d, want 503", response.StatusCode)
	}
}

func TestEndpointsAreReadAsTheyWereWritten(t *testing.T) {
	dir := t.TempDir()
	want := Endpoints{URL: "http://127.0.0.1:8080", Issuer: "http://127.0.0.1:20000", SCIMToken: "a=b", Queue: "http://127.0.0.1:4566/q"}
	if err := want.Write(dir); err != nil {
		t.Fatal(err)
	}
	got, err := ReadEndpoints(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got != want {
		t.Errorf("read %+v, want %+v", got, want)
	}

	info, err := os.Stat(filepath.Join(dir, EnvFile))
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v: the file holds secrets, it has to be its owner's alone", info.Mode())
	}
}
