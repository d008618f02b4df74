package entitlement

import (
	"strings"
	"testing"
)

// An id is taken in either case of its letters and kept in one, or refused as a mistake of who
// sent it; nothing that is taken can mean anything to a key, a path or a log.
func FuzzParseID(f *testing.F) {
	for _, s := range []string{"1b4e28ba-2fa1-11d2-883f-0016d3cca427", "1B4E28BA-2FA1-11D2-883F-0016D3CCA427", "", "..", "1b4e28ba-2fa1-11d2-883f-0016d3cca42\n", strings.Repeat("-", 36), "1b4e28ba2fa111d2883f0016d3cca427", "{1b4e28ba-2fa1-11d2-883f-0016d3cca427}", "ⅰb4e28ba-2fa1-11d2-883f-0016d3cca42"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, err := ParseID[GroupID]("id", s)
		if err != nil {
			if KindOf(err) != Invalid || id != "" {
				t.Fatalf("%q: %q, %v", s, id, err)
			}
			return
		}
		if !strings.EqualFold(string(id), s) || len(id) != 36 || strings.Trim(string(id), "0123456789abcdef-") != "" {
			t.Fatalf("%q is taken as %q", s, id)
		}
		if again, err := ParseID[GroupID]("id", string(id)); err != nil || again != id {
			t.Fatalf("%q does not stay: %q, %v", id, again, err)
		}
	})
}
