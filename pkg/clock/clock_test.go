package clock

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
)

func TestDerive_GivesOneIDToEachListOfParts(t *testing.T) {
	secret := []byte("0123456789abcdef0123456789abcdef")
	id := Derive(secret, "assignment request", "mia", "key")
	if want := "d3b2ac07-771b-8264-abac-658f5326e2a7"; id != want {
		t.Errorf("got %s, want %s: what was derived before is not found again", id, want)
	}
	seen := map[string]string{id: "the first"}
	for name, other := range map[string]string{
		"another secret":      Derive(bytes.ToUpper(secret), "assignment request", "mia", "key"),
		"no secret":           Derive(nil, "assignment request", "mia", "key"),
		"another caller":      Derive(secret, "assignment request", "otto", "key"),
		"parts cut elsewhere": Derive(secret, "assignment request", "miak", "ey"),
		"an empty part more":  Derive(secret, "assignment request", "mia", "key", ""),
		"one part":            Derive(secret, "assignment requestmiakey"),
		"none":                Derive(secret),
		"a long one":          Derive(secret, "assignment request", "mia", strings.Repeat("k", 255)),
	} {
		if was, twice := seen[other]; twice {
			t.Errorf("%s gives the id of %s", name, was)
		}
		seen[other] = name
	}
	shape := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	for id, name := range seen {
		if !shape.MatchString(id) {
			t.Errorf("%s gives %s, which is no UUID of version 8", name, id)
		}
	}
}

func TestSystem_GivesRandomUUIDs(t *testing.T) {
	shape := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	a, b := System{}.New(), System{}.New()
	if a == b || !shape.MatchString(a) || !shape.MatchString(b) {
		t.Errorf("got %s and %s", a, b)
	}
}
