package example

import "slices"

// Put makes somebody a holder of a role of a room, or ends that, past the contract: as somebody at the
// target would.
func (t *Target) Put(room, role, id string, holds bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.held == nil {
		t.held = map[string][]string{}
	}
	of := room + " " + role
	t.held[of] = slices.DeleteFunc(t.held[of], func(other string) bool { return other == id })
	if holds {
		t.held[of] = append(t.held[of], id)
	}
}
