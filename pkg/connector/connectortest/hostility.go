package connectortest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
)

// Bounds of what a connector may spend on one call to a hostile target.
const (
	mostBytes = 64 << 20 // read, with what the network between holds
	mostTime  = 30 * time.Second
)

var hostility = []test{
	{name: "a huge answer is cut off and never believed", run: func(c *caller) {
		if !c.spoiled(Huge, c.endureAll) {
			c.endureFlood(1 << 30)
		}
	}},
	{name: "an endless answer is cut off and never believed", run: func(c *caller) {
		if !c.spoiled(Endless, c.endureAll) {
			c.endureFlood(1 << 62)
		}
	}},
	{name: "an answer that is no answer is never believed", run: func(c *caller) {
		if c.spoiled(Gibberish, c.endureAll) {
			return
		}
		for _, body := range []string{"", "null", "[]", "{", `"yes"`, "<html>welcome</html>", `{"id":7}`, `{"members":"all"}`,
			`{"id":"another","displayName":"Another","members":[]}`,
			strings.Repeat("[", 100_000), `{"Resources":[{}]}`} {
			c.endure(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) }))
		}
	}},
	{name: "an address that answers 404 to everything does not count as a missing resource", run: func(c *caller) {
		if !c.spoiled(KnowsNothing, c.endureAll) {
			c.endure(http.NotFoundHandler())
		}
	}},
	{name: "a redirect is not followed, and nobody else gets the credential", run: func(c *caller) {
		if c.spoiled(Redirects, c.endureAll) {
			return
		}
		var asked atomic.Int64
		other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
		c.Cleanup(other.Close)
		for _, status := range []int{301, 302, 303, 307, 308} {
			c.endure(http.RedirectHandler(other.URL, status))
		}
		if n := asked.Load(); n > 0 {
			c.Errorf("the other host was asked %d times, want never", n)
		}
	}},
	{name: "a credential that is refused is told apart from a target that is down", run: func(c *caller) {
		if c.spoiled(RefusesCredential, c.refusesCredential) {
			return
		}
		if !c.needs(c.Faults.Reply != nil, "replies of its own") {
			return
		}
		for _, status := range []int{401, 403} {
			c.Faults.Reply(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
			c.refusesCredential()
		}
	}},
}

// refusesCredential expects that of every method.
func (c *caller) refusesCredential() {
	c.Helper()
	_, err := c.Connector.Check(c.Context(), c.Role, c.can.Ways[0], c.ids[:1])
	c.mustBeRefused(err, connector.CredentialRefused)
	_, err = c.Connector.Apply(c.Context(), c.Role, c.batch(c.grant(0, 1)))
	c.mustBeRefused(err, connector.CredentialRefused)
	_, err = c.find(c.People[0])
	c.mustBeRefused(err, connector.CredentialRefused)
}

// spoiled has a target that is not spoken to over HTTP be hostile in each of its ways, and
// reports that it is such a target.
func (c *caller) spoiled(what Hostility, bear func()) bool {
	c.Helper()
	if c.Faults.Spoil == nil {
		return false
	}
	all := c.Faults.Spoil(what)
	if len(all) == 0 {
		c.Fatalf("the harness has no way of being hostile that stands for: %s", what)
	}
	for _, s := range all {
		c.Log(s.Name)
		end := s.Begin()
		bear()
		end()
	}
	return true
}

// endure lets the handler answer every read and expects an error each time: about
// nobody may be said that he is there, or gone, on the word of such an answer.
func (c *caller) endure(h http.Handler) {
	c.Helper()
	if !c.needs(c.Faults.Reply != nil, "replies of its own") {
		return
	}
	c.Faults.Reply(h)
	defer c.Faults.Reply(nil)
	c.endureAll()
}

// endureAll calls every method that reads.
func (c *caller) endureAll() {
	c.Helper()
	start := time.Now()

	for _, way := range c.can.Ways {
		told, err := c.Connector.Check(c.Context(), c.Role, way, c.ids[:1])
		if err == nil && slices.Equal(told, []entitlement.Presence{entitlement.PresenceUnknown}) {
			continue // it says nothing about her
		}
		c.mustDistrust("Check by "+string(way), err)
	}
	if !c.Registered {
		_, err := c.Connector.Resource(c.Context(), c.Role.Resource)
		c.mustDistrust("Resource", err)
	}
	id, err := c.find(c.People[0])
	if c.mustDistrust("FindPrincipals", err); id != "" {
		c.Errorf("FindPrincipals found %q", id)
	}
	if took := time.Since(start); took > mostTime {
		c.Errorf("the calls took %v, want at most %v", took, mostTime)
	}
}

func (c *caller) mustDistrust(method string, err error) {
	c.Helper()
	if err == nil {
		c.Errorf("%s took the answer for true", method)
		return
	}
	c.mustBeSafe(err)
	switch r := connector.RefusalOf(err); r.Reason {
	case connector.ResourceMissing, connector.PrincipalMissing, connector.PrincipalAmbiguous:
		c.Errorf("%s took the answer for true: %v", method, err)
	}
}

// endureFlood answers with a string of the size that never closes.
func (c *caller) endureFlood(size int64) {
	c.Helper()

	var sent atomic.Int64
	chunk := []byte(strings.Repeat("x", 64<<10))

	c.endure(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// A string without an end cannot be read piece by piece, so only a bound helps.
		fmt.Fprint(w, `{"id":"`)
		for range size / int64(len(chunk)) {
			n, err := w.Write(chunk)
			sent.Add(int64(n))
			if err != nil || r.Context().Err() != nil {
				return
			}
		}
	}))

	if n := sent.Load(); n > mostBytes {
		c.Errorf("%d bytes were taken in, want at most %d", n, mostBytes)
	}
}
