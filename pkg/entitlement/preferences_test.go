package entitlement

import (
	"strings"
	"testing"
)

func TestPreferencesAreThoseThatPagesKnow(t *testing.T) {
	for p, good := range map[Preferences]bool{
		{}: true, {"en", ""}: true, {"de", "Europe/Berlin"}: true, {"", "America/Argentina/Buenos_Aires"}: true,
		{"fr", ""}: false, {"EN", ""}: false, {"", "Berlin"}: false, {"", "../etc/passwd"}: false, {"", "Europe/<b>"}: false, {"", "Europe/" + strings.Repeat("x", 31)}: false,
	} {
		if err := p.Check(); (err == nil) != good || err != nil && KindOf(err) != Invalid {
			t.Errorf("%+v: %v", p, err)
		}
	}
}
