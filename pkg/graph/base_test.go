package graph

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// A deployment with several addresses begins links with the one that a call came to; what is
// said of any other address is not believed and not repeated.
func TestLinksBeginWithAnAddressOfTheDeployment(t *testing.T) {
	w := newFixture(t)
	for _, h := range w.api {
		h.(*api).deps.PublicURLs = []string{"http://one.example:8080", "https://one.example:8443", "https://two.example/base"}
	}

	for name, c := range map[string]struct{ proto, host, want string }{
		"the first":                {"http", "one.example:8080", "http://one.example:8080/"},
		"https stays https":        {"https", "ONE.example:8443", "https://one.example:8443/"},
		"one with a path":          {"https", "two.example", "https://two.example/base/"},
		"another host":             {"https", "evil.example", "http://one.example:8080/"},
		"another scheme":           {"http", "two.example", "http://one.example:8080/"},
		"another port":             {"https", "one.example", "http://one.example:8080/"},
		"no word of it":            {"", "", "http://one.example:8080/"},
		"one that only looks so":   {"https://two.example/base?x=", "", "http://one.example:8080/"},
		"one with something to it": {"https", "two.example@evil.example", "http://one.example:8080/"},
	} {
		header := http.Header{"Forwarded": {fmt.Sprintf("for=10.0.0.1;host=%q;Proto=%s", c.host, c.proto)}}
		got := w.send("admin", "GET", "/v1.0/users?$top=1", nil, header).want(200)
		for _, member := range []string{"@odata.context", "@odata.nextLink"} {
			if link, _ := got.body[member].(string); !strings.HasPrefix(link, c.want+"v1.0/") {
				t.Errorf("%s: %s is %s, want one that begins with %s", name, member, link, c.want)
			}
		}
	}

	// So do the links in the parts of a batch.
	header := http.Header{"Forwarded": {"for=10.0.0.1;host=evil.example;proto=https, host=two.example;proto=https"}, "Content-Type": {"application/json"}}
	batch := `{"requests":[{"id":"1","method":"GET","url":"/users?$top=1"}]}`
	if got := w.send("admin", "POST", "/v1.0/$batch", []byte(batch), header).want(200); !strings.Contains(got.text, `"https://two.example/base/v1.0/$metadata#users`) {
		t.Errorf("batch: %s", got.text)
	}
}
