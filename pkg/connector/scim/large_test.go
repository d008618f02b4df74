package scim

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
)

// A group of 100,000 is not read whole of a server that was seen to look for a member by a filter:
// the list says nothing of those who were not seen, and the filter answers with a few bytes.
func TestAGroupOf100000IsNotReadWhereTheServerFilters(t *testing.T) {
	const many = 100_000
	member := func(i int) string { return fmt.Sprintf("11111111-1111-4111-8111-%012d", i) }
	read := &counting{}
	c := openHandler(t, func(w http.ResponseWriter, r *http.Request) {
		if filter := r.URL.Query().Get("filter"); filter != "" {
			found := []map[string]any{}
			if strings.Contains(filter, member(many-1)) {
				found = append(found, map[string]any{"id": "g"})
			}
			answerList(w, found)
			return
		}
		fmt.Fprint(w, `{"id":"g","members":[{"value":"a"}`)
		for i := range many {
			if _, err := io.WriteString(w, `,{"value":"`+member(i)+`"}`); err != nil {
				return
			}
		}
		fmt.Fprint(w, `]}`)
	})
	read.RoundTripper = c.client.Transport
	c.client = &http.Client{Transport: read}
	last, nobody := member(many-1), member(many)

	if got := told(t, c, "g", WayMembers, last, nobody); got != "+-" {
		t.Errorf("read whole: %s, want +-", got)
	}
	whole := read.bytes.Swap(0)

	c.check.Filters = []string{filterMember}
	if got := told(t, c, "g", WayMembers, "a", last, nobody); got != "+??" {
		t.Errorf("read to the bound: %s, want +??", got)
	}
	if n := read.bytes.Swap(0); n > maxAnswer+4096 {
		t.Errorf("%d bytes were read, %d are the whole", n, whole)
	}
	if got := told(t, c, "g", WayMember, last, nobody); got != "+-" {
		t.Errorf("by a filter: %s, want +-", got)
	}
	if n := read.bytes.Load(); n > 1024 {
		t.Errorf("%d bytes were read of what a filter found", n)
	}
}

// counting counts what is read of answers.
type counting struct {
	http.RoundTripper
	bytes atomic.Int64
}

func (c *counting) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := c.RoundTripper.RoundTrip(r)
	if err == nil {
		response.Body = &counted{response.Body, c}
	}
	return response, err
}

type counted struct {
	io.ReadCloser
	by *counting
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	c.by.bytes.Add(int64(n))
	return n, err
}
