package dynamo

import (
	"strings"
	"testing"

	"leasehold/pkg/entitlement"
)

// Whatever an id holds, it comes back out of its part of a key, two ids never share a part,
// and a part holds nothing that separates parts.
func FuzzKeyPart(f *testing.F) {
	for _, s := range []string{"1b4e28ba-2fa1-11d2-883f-0016d3cca427", "", "a/b", "a#b", "%2F", "%", "%%", "%zz", "ä\x00\n", "a-b", "A%2"} {
		f.Add(s, s+"x")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		one, other := part(entitlement.GroupID(a)), part(entitlement.GroupID(b))
		if back := unpart[entitlement.GroupID](one); string(back) != a {
			t.Fatalf("%q is kept as %q and comes back as %q", a, one, back)
		}
		if (one == other) != (a == b) {
			t.Fatalf("%q and %q are kept as %q and %q", a, b, one, other)
		}
		if strings.ContainsAny(one, "#/$\x00\n ") {
			t.Fatalf("%q is kept as %q", a, one)
		}
		unpart[entitlement.GroupID](b) // whatever comes from a token, it ends
	})
}
