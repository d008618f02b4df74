package e2e

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"leasehold/localstack/components"
)

// A batch goes to both functions, each part under the rights of the function that serves it:
// one part makes a catalog, the next ones depend on that, and one asks the other function.
func TestStory_ABatchIsServedByBothFunctions(t *testing.T) {
	t.Parallel()
	name := unique("Batch")
	made := call(t, components.Admin, "POST", "/v1.0/$batch", object{"requests": []object{
		{"id": "1", "method": "POST", "url": em1 + "/catalogs", "headers": object{"Content-Type": "application/json"}, "body": object{"displayName": name}},
		{"id": "2", "method": "GET", "url": em1 + "/catalogs?$filter=displayName eq '" + name + "'", "dependsOn": []string{"1"}},
		{"id": "3", "method": "GET", "url": em1 + "/assignmentRequests?$top=1"},
		{"id": "4", "method": "POST", "url": em1 + "/catalogs", "headers": object{"Content-Type": "application/json"}, "body": object{"displayName": name}, "dependsOn": []string{"1"}},
		{"id": "5", "method": "GET", "url": em1 + "/catalogs", "dependsOn": []string{"4"}},
	}}).want(200)

	status := map[string]int{}
	var found string
	for _, part := range made.body["responses"].([]any) {
		answer := part.(map[string]any)
		id := answer["id"].(string)
		status[id] = int(answer["status"].(float64))
		if id == "2" {
			text, _ := json.Marshal(answer["body"])
			found = string(text)
		}
	}
	want := map[string]int{"1": 201, "2": 200, "3": 200, "4": 409, "5": 424}
	for id, w := range want {
		if status[id] != w {
			t.Errorf("part %s: %d, want %d: %s", id, status[id], w, made.text)
		}
	}
	if !strings.Contains(found, name) {
		t.Errorf("the catalog of part 1 is not in part 2: %s", found)
	}
}

// em1 is em as the parts of a batch name it, which is without the version.
const em1 = "/identityGovernance/entitlementManagement"

// Whatever spelling of a path a client uses, and whichever function the gateway takes it for,
// it is served: in other cases of the letters, in parentheses, and counted.
func TestStory_EverySpellingOfAPathIsServed(t *testing.T) {
	t.Parallel()
	catalog := newCatalog(t)
	for _, path := range []string{
		"/v1.0/IdentityGovernance/EntitlementManagement/Catalogs/" + catalog,
		"/v1.0" + em1 + "/catalogs('" + catalog + "')",
		"/v1.0/identityGovernance/entitlementmanagement/ASSIGNMENTREQUESTS?$top=1",
	} {
		call(t, components.Admin, "GET", path, nil).want(200)
	}

	for as, path := range map[string]string{
		components.Admin:  em + "/catalogs/$count",
		components.Member: em + "/accessPackages/filterByCurrentUser(on='allowedRequestor')/$count",
	} {
		got := call(t, as, "GET", path, nil).want(200)
		if _, err := strconv.Atoi(strings.TrimSpace(got.text)); err != nil {
			t.Errorf("%s: %s", path, got.text)
		}
	}
}

// A POST that is sent again under its key has one effect and one answer, and a change that
// names the tag of an older state is refused.
func TestStory_ARepeatHasNoEffectAndAStaleChangeIsRefused(t *testing.T) {
	t.Parallel()
	body := object{"displayName": unique("Once")}
	key := http.Header{"Idempotency-Key": {strings.ReplaceAll(body["displayName"].(string), " ", "-")}}
	first, again := secured(t, "POST", em+"/catalogs", body, key).want(201), secured(t, "POST", em+"/catalogs", body, key).want(201)
	if first.text != again.text {
		t.Errorf("answered %s, and then %s", first.text, again.text)
	}
	if link := first.get("id"); link == "" || !strings.HasPrefix(first.body["@odata.context"].(string), stack.SecureURL) {
		t.Errorf("https does not stay https: %s", first.text)
	}

	at := em + "/catalogs/" + first.get("id")
	tag := first.body["@odata.etag"].(string)
	secured(t, "PATCH", at, object{"description": "first"}, http.Header{"If-Match": {tag}}).want(204)
	secured(t, "PATCH", at, object{"description": "second"}, http.Header{"If-Match": {tag}}).want(http.StatusPreconditionFailed)
	if got := call(t, components.Admin, "GET", at, nil).want(200).get("description"); got != "first" {
		t.Errorf("description: %q", got)
	}
}

// secured calls the API over https as the administrator.
func secured(t *testing.T, method, path string, body object, header http.Header) answer {
	t.Helper()
	certificate, err := os.ReadFile(stack.CA)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(certificate)
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, stack.SecureURL+path, bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = header.Clone()
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+token(t, components.Admin))

	client := &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	defer client.CloseIdleConnections()
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	said, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := answer{t: t, status: res.StatusCode, header: res.Header, text: string(said)}
	if len(said) > 0 {
		json.Unmarshal(said, &a.body)
	}
	return a
}
