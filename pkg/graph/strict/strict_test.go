package strict_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/graph/strict"
)

func parse(t *testing.T, body string) *strict.Object {
	t.Helper()
	o, err := strict.Parse([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestRead(t *testing.T) {
	o := parse(t, `{"@odata.type":"#microsoft.graph.thing","members@odata.context":"x","name":"n","on":true,"n":7,"at":"2026-03-01T10:00:00+01:00","for":"P1D",
		"id":"1B4E28BA-2FA1-41D2-883F-0016D3CCA427","word":"TWO","inner":{"list":[{"a":"1"},{"a":"2"}]},"texts":["a","b"],"nothing":null,"old":"o","off":false,"none":[]}`)
	name, on, n, gone := "", false, 0, "kept"
	var at time.Time
	var lasts time.Duration
	var id entitlement.UserID
	word, alias := "", ""
	var texts []string
	o.Text("name", &name)
	o.Bool("on", &on)
	o.Int("n", &n)
	o.Time("at", &at)
	o.Duration("for", &lasts)
	strict.ID(o, "id", &id)
	strict.Enum(o, "word", &word, "one", "two")
	o.Texts("texts", &texts)
	o.Text("nothing", &gone)
	o.Alias("new", "old")
	o.Text("new", &alias)
	o.Refuse("off", "none", "absent")
	var inner []string
	for _, each := range o.Object("inner").Objects("list") {
		var a string
		each.Text("a", &a)
		inner = append(inner, a)
	}
	kind := o.Type()
	if err := o.Done(); err != nil {
		t.Fatal(err)
	}
	if kind != "thing" || name != "n" || !on || n != 7 || !at.Equal(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)) || lasts != 24*time.Hour ||
		id != "1b4e28ba-2fa1-41d2-883f-0016d3cca427" || word != "two" || len(texts) != 2 || gone != "" || alias != "o" || len(inner) != 2 || inner[1] != "2" {
		t.Error(kind, name, on, n, at, lasts, id, word, texts, gone, alias, inner)
	}
}

func TestAbsentMembersLeaveWhatIsThere(t *testing.T) {
	o := parse(t, `{}`)
	name, on, texts, ids := "kept", true, []string{"kept"}, []entitlement.UserID{"1b4e28ba-2fa1-41d2-883f-0016d3cca427"}
	o.Text("name", &name)
	o.Bool("on", &on)
	o.Texts("texts", &texts)
	strict.IDs(o, "ids", &ids)
	o.Object("inner").Text("name", &name)
	if err := o.Done(); err != nil || name != "kept" || !on || len(texts) != 1 || len(ids) != 1 {
		t.Error(err, name, on, texts, ids)
	}
}

// The first thing that is wrong is told, with its place; then nothing else counts.
func TestPlaces(t *testing.T) {
	tests := map[string]struct {
		body string
		read func(*strict.Object)
		want string
	}{
		"deep":      {`{"a":{"b":[{},{"c":1}]}}`, func(o *strict.Object) { var s string; o.Object("a").Objects("b")[1].Text("c", &s) }, "a.b[1].c must be a text."},
		"unread":    {`{"a":{"b":[{},{"c":1}]}}`, func(o *strict.Object) { o.Object("a").Objects("b") }, "There is no member a.b[1].c here."},
		"list":      {`{"a":[1]}`, func(o *strict.Object) { o.Objects("a") }, "a[0] must be an object."},
		"text list": {`{"a":["x",1]}`, func(o *strict.Object) { var s []string; o.Texts("a", &s) }, "a[1] must be a text."},
		"first":     {`{"a":1,"b":1}`, func(o *strict.Object) { var s string; o.Text("b", &s); o.Text("a", &s) }, "b must be a text."},
		"fraction":  {`{"a":1.5}`, func(o *strict.Object) { var n int; o.Int("a", &n) }, "a must be a whole number."},
		"huge":      {`{"a":1e999}`, func(o *strict.Object) { var n int; o.Int("a", &n) }, "a must be a whole number."},
		"text bool": {`{"a":"true"}`, func(o *strict.Object) { var b bool; o.Bool("a", &b) }, "a must be true or false."},
		"both":      {`{"a":1,"b":1}`, func(o *strict.Object) { o.Alias("a", "b") }, "b is another name of a; send one of them."},
		"refused":   {`{"a":{}}`, func(o *strict.Object) { o.Refuse("a") }, "a asks for something that is not supported yet; leave it out."},
		"long name": {`{"` + strings.Repeat("x", 500) + `":1}`, func(*strict.Object) {}, "There is no member " + strings.Repeat("x", 160) + "... here."},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			o := parse(t, tt.body)
			tt.read(o)
			if got := entitlement.MessageOf(o.Done()); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestCoerce(t *testing.T) {
	o := parse(t, `{"a":"True","b":"1","c":{"d":"false"},"e":"false"}`)
	o.Coerce()
	a, n, d := false, 0, true
	o.Bool("a", &a)
	o.Int("b", &n)
	o.Object("c").Bool("d", &d)
	o.Refuse("e")
	if err := o.Done(); err != nil || !a || n != 1 || d {
		t.Error(err, a, n, d)
	}
}

// However a body is nested, it is either read or refused, and the bound is the bound.
func TestDepth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		depth := rapid.IntRange(1, 200).Draw(t, "depth")
		body := strings.Repeat(`{"a":`, depth) + "1" + strings.Repeat("}", depth)
		_, err := strict.Parse([]byte(body))
		if (err == nil) != (depth < strict.MaxDepth) {
			t.Errorf("%d levels: %v", depth, err)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{`{}`, `{"a":[1,{"b":null}],"c":"\ud83d\ude00"}`, `{"a":1,"a":2}`, `[`, "\xef\xbb\xbf{}", `{"a":"\ud800"}`, `{} x`, `{"a":{"b":{}}}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		o, err := strict.Parse(body)
		if err == nil {
			var text string
			o.Text("a", &text)
			o.Object("c").Objects("d")
			err = o.Done()
		}
		if err != nil && entitlement.KindOf(err) != entitlement.Invalid {
			t.Errorf("%q: %v", body, err)
		}
	})
}
