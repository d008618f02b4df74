package graph

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http/httptest"
	"testing"

	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/graph/odata"
	"leasehold/pkg/views"
)

// Whatever a client sends as a page token is refused unless it was signed here, for this
// caller and these options; and wherever a signed one says that a page begins, it shows
// rows of the list and no others.
func FuzzPageToken(f *testing.F) {
	deps := &Deps{Views: &views.Reader{Store: dynamotest.New()}, PublicURLs: []string{publicURL}}
	signed := &call{deps: deps, request: httptest.NewRequest("GET", "/v1.0/groups?$top=2", nil)}

	good, err := signed.seal(context.Background(), `{"t":"2","l":2,"r":1,"i":"g3"}`)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(good[:20])
	f.Add("")
	f.Add("AAAA")
	for _, inner := range []string{`{}`, `{"t":"9"}`, `{"r":-1}`, `{"l":100,"r":99}`, `{"t":"x","l":1,"r":1}`, `{"r":3,"i":"g0"}`, `{"l":1e9}`, `[]`, "\x00", `{"t":"2"}{}`} {
		f.Add(inner)
		f.Add(base64.RawURLEncoding.EncodeToString(append(make([]byte, macSize), inner...)))
	}

	var all []entitlement.Group
	known := map[string]bool{}
	for i := range 5 {
		id := fmt.Sprint("g", i)
		all, known[id] = append(all, entitlement.Group{ID: entitlement.GroupID(id)}), true
	}

	f.Fuzz(func(t *testing.T, text string) {
		c := *signed
		c.options = odata.Options{Rows: odata.Rows{Top: 2}, SkipToken: text}
		if _, err := c.position(t.Context()); text != "" && text != good && entitlement.KindOf(err) != entitlement.Invalid {
			t.Fatalf("%q is taken: %v", text, err)
		}

		at, err := parsePosition(text)
		if err != nil {
			if entitlement.KindOf(err) != entitlement.Invalid {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		found, err := newWalk(&c, rowsOf(&c, groups(), sliced(all, nil)), at).filled(t.Context())
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if len(found.rows) > 2 {
			t.Fatalf("%q: %d rows on a page of 2", text, len(found.rows))
		}
		for _, r := range found.rows {
			if id := string(r.item.(entitlement.Group).ID); !known[id] {
				t.Fatalf("%q: %s is not on the list", text, id)
			}
		}
	})
}
