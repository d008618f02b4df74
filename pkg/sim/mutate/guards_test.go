package main

import "testing"

// A guard that moved and is not taken out any more would look like one that nobody needs.
func TestEveryGuardIsWhereTheListSays(t *testing.T) {
	t.Chdir("../../..")
	names := map[string]bool{}
	for _, m := range mutations {
		if names[m.name] {
			t.Errorf("two guards are called %q", m.name)
		}
		names[m.name] = true
		if _, err := m.overlay(t.TempDir()); err != nil {
			t.Errorf("%s: %v", m.name, err)
		}
	}
}
