package graph

import (
	"net/http"
	"strings"
	"testing"

	"leasehold/pkg/entitlement"
)

// A command's key is taken as its caller wrote it, with or without quotes, or refused; what is
// taken is visible, bounded, and the same when it comes back in quotes.
func FuzzCommandKey(f *testing.F) {
	for _, s := range []string{"k", `"k"`, `"a\"b"`, `"`, `""`, `"\`, " k ", "k k", strings.Repeat("k", maxKey+1), "\x7f", "é"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		key, err := commandKey(http.Header{idempotencyKey: {s}})
		if err != nil {
			if entitlement.KindOf(err) != entitlement.Invalid || key != "" {
				t.Fatalf("%q: %q, %v", s, key, err)
			}
			return
		}
		if key == "" || len(key) > maxKey || strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }) {
			t.Fatalf("%q is taken as %q", s, key)
		}
		quoted := `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(key) + `"`
		if again, err := commandKey(http.Header{idempotencyKey: {quoted}}); err != nil || again != key {
			t.Fatalf("%q in quotes is %q, %v", key, again, err)
		}
	})
}
