package portal

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	pages "leasehold/pkg/portal"
)

// hostile is what somebody stores who wants to be part of a page; benign is as long, and harmless.
const hostile = ` "'><script>alert(1)</script><img src=x onerror=alert(2)></textarea></title><style>*{}</style><a href="javascript:alert(3)">&lt;b&gt;`

var benign = " !" + strings.Repeat("x", len(hostile)-2)

// skeleton is what a page is made of, without its texts: elements, the names of their
// attributes, and the beginnings of addresses.
func skeleton(t *testing.T, source string) (bones []string, odd []string) {
	t.Helper()
	document, err := html.Parse(strings.NewReader(source))
	if err != nil {
		t.Fatal(err)
	}
	for n := range document.Descendants() {
		if n.Type == html.CommentNode {
			odd = append(odd, "a comment "+n.Data)
		}
		if n.Type != html.ElementNode {
			continue
		}
		var names []string
		for _, a := range n.Attr {
			names = append(names, a.Key)
			if strings.HasPrefix(a.Key, "on") || a.Key == "style" || a.Key == "srcdoc" {
				odd = append(odd, n.Data+" has "+a.Key)
			}
			// Addresses lead to these pages and to nowhere else.
			if a.Key == "href" || a.Key == "src" || a.Key == "action" || a.Key == "formaction" {
				u, err := url.Parse(a.Val)
				if err != nil || u.Scheme != "" || u.Host != "" || u.Path != "" && !strings.HasPrefix(u.Path, "/portal") {
					odd = append(odd, fmt.Sprintf("%s leads to %q", n.Data, a.Val))
				}
			}
		}
		if n.Data == "script" || n.Data == "style" || n.Data == "iframe" || n.Data == "img" || n.Data == "object" {
			odd = append(odd, "a "+n.Data)
		}
		bones = append(bones, n.Data+"("+strings.Join(names, " ")+")")
	}
	return bones, odd
}

// reflected are the parts of an address that pages look at.
var reflected = []string{"search", "state", "page", "person", "actor", "package", "from", "to", "assigned", "return", "issuer"}

// Whatever is stored, and whatever comes with an address or a form, every page of the table has
// the elements and attributes that its template made, and no other: it is what it is with
// harmless text of the same length.
func TestWhatIsStoredOrSentIsNeverPartOfAPage(t *testing.T) {
	fixtures, wrote := map[string]*fixture{}, true
	fill := func() {
		t.Helper()
		for _, text := range []string{hostile, benign} {
			w := newFixture(t)
			w.stored = text
			fixtures[text] = w.filled()
		}
		wrote = false
	}
	fill()

	looked := 0
	compare := func(of pages.Route, a actor, language, name string, call func(w *fixture, text string) sent) {
		t.Helper()
		got := map[string]answered{}
		for text, w := range fixtures {
			s := call(w, text)
			s.cookie = w.cookies[a.name]
			if s.header == nil {
				s.header = map[string]string{}
			}
			s.header["Accept-Language"] = language
			got[text] = w.send(s)
		}
		looked++
		wrote = got[hostile].writes+got[benign].writes > 0
		bad, good := got[hostile], got[benign]
		where := fmt.Sprintf("%s %s%s by %s, %s", of.Method, of.Pattern, name, a.name, language)
		if bad.status != good.status || bad.kind != good.kind {
			t.Errorf("%s: %d %s, want %d %s", where, bad.status, bad.kind, good.status, good.kind)
			return
		}
		if !strings.HasPrefix(bad.kind, "text/html") {
			return // a file, which no browser shows as a page
		}
		if strings.Contains(good.text, "%!") {
			t.Errorf("%s: a text is not whole", where)
		}
		bones, odd := skeleton(t, bad.text)
		want, _ := skeleton(t, good.text)
		if len(odd) > 0 {
			t.Errorf("%s: %v", where, odd)
		}
		if !slices.Equal(bones, want) {
			t.Errorf("%s: it is made of other elements: %s", where, firstDifference(bones, want))
		}
	}

	who := actors[:5] // by administrator, member, requestors and approver
	for _, language := range []string{"en", "de"} {
		for _, of := range pages.Routes() {
			r := rows[of.Method+" "+of.Pattern]
			for _, a := range who {
				path := func(w *fixture) string { return w.variants(of, r)[0].path }
				if of.Method == "GET" {
					compare(of, a, language, "", func(w *fixture, _ string) sent { return sent{method: "GET", path: path(w)} })
					for _, part := range reflected {
						if language != "en" {
							break // what comes with an address is shown alike
						}
						compare(of, a, language, "?"+part, func(w *fixture, text string) sent {
							return sent{method: "GET", path: path(w) + "?" + url.Values{part: {text}}.Encode()}
						})
						compare(of, a, language, "?"+part+" found", func(w *fixture, _ string) sent {
							return sent{method: "GET", path: path(w) + "?" + url.Values{part: {"per"}}.Encode()}
						})
					}
					continue
				}
				// Of a form each field in turn is what somebody typed, and then all are.
				var fields []string
				if language == "en" {
					fields = keys(r.form(fixtures[benign], fixtures[benign].at(own)))
				}
				fields = append(fields, "")
				for _, field := range fields {
					if wrote {
						fill()
					}
					compare(of, a, language, " with "+field, func(w *fixture, text string) sent {
						form := r.form(w, w.at(own))
						for name := range form {
							if field == "" || name == field {
								form.Set(name, text)
							}
						}
						form.Set("form", w.token(w.cookies[a.name]))
						return sent{method: "POST", path: path(w), form: form}
					})
				}
			}
		}
	}
	t.Logf("%d answers of %d routes compared", looked, len(pages.Routes()))
}

func keys(form url.Values) (all []string) {
	for name := range form {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

func firstDifference(a, b []string) string {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Sprintf("%v, want %v", a[max(0, i-2):min(len(a), i+3)], b[max(0, i-2):min(len(b), i+3)])
		}
	}
	return fmt.Sprintf("%d elements, want %d", len(a), len(b))
}
