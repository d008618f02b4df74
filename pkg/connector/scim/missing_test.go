package scim

import (
	"net/http"
	"strings"
	"testing"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/connectortest"
)

// F42: that a group is gone ends access, so it is said only on the server's own word, of
// the group's own address, while the same server answers for something else.
func TestF42_AMissingGroupIsOneOnTheServersOwnWordAlone(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(s server, group string)
		want  connector.Reason
	}{
		"deleted":                       {func(s server, group string) { s.DeleteGroup(group) }, connector.ResourceMissing},
		"an ingress says 404":           {func(s server, _ string) { s.Front(connectortest.Ingress, 0) }, connector.NotUnderstood},
		"a redirect":                    {func(s server, _ string) { s.Front(connectortest.Redirect, 0) }, connector.NotUnderstood},
		"a page says 200":               {func(s server, _ string) { s.Front(connectortest.Maintenance, 0) }, connector.NotUnderstood},
		"a server whose data are away":  {func(s server, _ string) { s.Front(connectortest.Empty, 0) }, connector.NotUnderstood},
		"a group that its list shows":   {func(s server, group string) { s.Front(contradicts(s, group), 0) }, connector.NotUnderstood},
		"the last group that there was": {func(s server, group string) { s.DeleteGroup(group); s.DeleteGroup("group-2") }, connector.ResourceMissing},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, "honest")
			ann := s.AddUser("ann", "", "")
			group := s.AddGroup(ann)
			s.AddGroup()
			c.spoil(s, group)
			conn := s.open("userName")
			for asked, call := range map[string]func() error{
				"for the members of a group": func() error {
					_, err := conn.Check(t.Context(), roleOf(group), WayMembers, refs([]string{ann}))
					return err
				},
				"for a group": func() error { _, err := conn.Resource(t.Context(), group); return err },
				"to change": func() error {
					_, err := conn.Apply(t.Context(), roleOf(group), revokes(ann))
					return err
				},
			} {
				err := call()
				wantReason(t, err, c.want)
				if r := connector.RefusalOf(err); r.Permanent != (c.want == connector.ResourceMissing) || !strings.Contains(r.Detail, "status ") || !strings.Contains(r.Detail, asked) {
					t.Errorf("asked %s: got %+v", asked, r)
				}
			}
		})
	}
}

// contradicts is a server that shows a group in its list, and 404 at the group's address.
func contradicts(s server, group string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/Groups") {
			answerList(w, []map[string]any{{"id": group}})
			return
		}
		refuse(w, http.StatusNotFound, "")
	})
}
