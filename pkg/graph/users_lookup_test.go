package graph

import (
	"fmt"
	"testing"
)

// Somebody is found by mail and by employeeId without reading everybody, and as they are now.
func TestS21_UsersAreFoundByMailAndByEmployeeID(t *testing.T) {
	w := newFixture(t)
	for n := range 120 {
		w.call("admin", "POST", "/v1.0/users", object{"displayName": "Person", "userPrincipalName": fmt.Sprintf("p%d@example.com", n), "mail": fmt.Sprintf("P%d@Mail.example", n), "employeeId": fmt.Sprintf("E-%d", n/2)}).want(201)
	}
	finds := func(filter string, want int) {
		t.Helper()
		before := w.reads.Load()
		got := w.call("admin", "GET", filtered("/v1.0/users", filter), nil).want(200)
		if len(got.values()) != want || got.next() != "" {
			t.Errorf("%s: %s, want %d", filter, got.text, want)
		}
		if reads := w.reads.Load() - before; reads > 6 {
			t.Errorf("%s takes %d calls", filter, reads)
		}
	}
	finds("mail eq 'p7@mail.EXAMPLE'", 1)
	finds("mail eq 'nobody@mail.example'", 0)
	finds("employeeId eq 'e-3'", 2)
	finds("employeeId eq 'e-3' and mail eq 'p7@mail.example'", 1)

	id := w.call("admin", "GET", "/v1.0/users/p7@example.com", nil).want(200).get("id")
	w.call("admin", "PATCH", "/v1.0/users/"+id, object{"mail": "new@mail.example"}).want(204)
	finds("mail eq 'p7@mail.example'", 0)
	finds("mail eq 'new@mail.example'", 1)
	w.call("admin", "DELETE", "/v1.0/users/"+id, nil).want(204)
	finds("mail eq 'new@mail.example'", 0)
	finds("employeeId eq 'e-3'", 1)
}
