package scim

import (
	"net/http"
	"testing"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/connectortest"
)

// F42: where a server has nothing at an endpoint, that somebody is not there proves nothing. It may
// have been opened before its check, or have moved its accounts and groups since.
func TestF42_NothingIsMissingAtAnEndpointThatIsNone(t *testing.T) {
	s := serverOf(t, connectortest.Character{Elsewhere: true})
	ann := s.people(1)[0]
	group := s.AddGroup(ann)
	c := s.open("userName")

	for _, way := range ways {
		if got := told(t, c, group, way.name, ann); got == "-" {
			t.Errorf("%s: told that a member is none", way.name)
		}
	}
	for asked, call := range map[string]func() error{
		"a group":           func() error { _, err := c.Resource(t.Context(), group); return err },
		"an account":        func() error { _, err := c.LookAtAccount(t.Context(), connector.PrincipalRef(ann)); return err },
		"change of a group": func() error { _, err := c.Apply(t.Context(), roleOf(group), revokes(ann)); return err },
	} {
		err := call()
		wantReason(t, err, connector.NotUnderstood)
		if connector.RefusalOf(err).Permanent {
			t.Errorf("%s: it counts as the last word: %v", asked, err)
		}
	}
}

// F42: nor is a person's account, where the groups are where they were and the accounts are not.
func TestF42_NoPersonIsMissingWhereNoAccountsAre(t *testing.T) {
	c := openHandler(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && r.URL.Path == "/v2/Groups/g" {
			answer(w, http.StatusOK, map[string]any{"id": "g"})
			return
		}
		refuse(w, http.StatusNotFound, "")
	})
	_, err := c.Apply(t.Context(), roleOf("g"), grants("ann"))
	wantReason(t, err, connector.NotUnderstood)
}
