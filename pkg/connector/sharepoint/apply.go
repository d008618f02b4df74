package sharepoint

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/entitlement"
)

var askChange = outbound.Operation{Op: "sharepoint: change role", What: "to change a role of one person"}

// Apply puts one person into a group, or takes them out.
func (c *Connector) Apply(ctx context.Context, role entitlement.RoleRef, ops []connector.Op) ([]connector.Result, error) {
	a, err := c.aimOf(role)
	if err != nil || len(ops) == 0 {
		return nil, err
	}
	if len(ops) > 1 {
		return nil, entitlement.Errorf(entitlement.Invalid, "A connector of SharePoint takes one change at once, not %d.", len(ops))
	}
	// The login name of a group, or of everyone, is given nothing.
	if !isLogin(ops[0].Principal) {
		return []connector.Result{{Err: &connector.Refusal{Reason: connector.PrincipalMissing, Permanent: true,
			Detail: "Nobody in SharePoint has this login name: that of a person begins with " + claim + "."}}}, nil
	}

	err = c.send(ctx, askChange, change(a, ops[0]), nil)
	if err == nil {
		return make([]connector.Result, 1), nil
	}
	refusal, err := c.verdict(ctx, a, ops[0], err)
	if err != nil {
		return nil, err
	}
	return []connector.Result{{Err: refusal}}, nil
}

// change is the request for one op. Taking somebody out names the group: without it they would be
// taken out of the whole site, with all that others gave them.
func change(a aim, o connector.Op) request {
	r := request{method: http.MethodPost, site: a.site, path: a.path() + "/users"}
	if o.Grant {
		r.body = map[string]string{"LoginName": string(o.Principal)}
		return r
	}
	r.path += "/removeByLoginName(@v)"
	r.query = url.Values{"@v": {quote(string(o.Principal))}}
	return r
}

// verdict finds out what the refusal of a change means, by reading: nil where things are as
// wanted. An error is of the whole call.
func (c *Connector) verdict(ctx context.Context, a aim, o connector.Op, err error) (*connector.Refusal, error) {
	code := statusOf(err)
	if code == 0 {
		return nil, err
	}
	if _, err := c.there(ctx, askRole, a); err != nil {
		return nil, err
	}

	refusal := &connector.Refusal{Reason: connector.RefusedByTarget, Detail: fmt.Sprintf(
		"The target refuses this change for this person: asked %s, it answered status %d.", askChange.What, code)}
	switch code {
	case http.StatusForbidden:
		return nil, forbidden(askChange, code)
	case http.StatusLocked:
		return locked(askChange, code), nil
	case http.StatusNotFound:
		if !o.Grant {
			return nil, nil // the group is there, and they are not in it
		}
	}

	// It may say that things are so already, in whatever words: what is there decides.
	for _, w := range ways {
		told, err := w.ask(c, ctx, a, []connector.PrincipalRef{o.Principal})
		if err != nil {
			return nil, err
		}
		if told[0] == entitlement.PresenceOf(o.Grant) {
			return nil, nil
		}
	}

	name := strings.TrimPrefix(string(o.Principal), claim)
	if o.Grant {
		found, err := c.search(ctx, name)
		if err != nil {
			return nil, err
		}
		if len(take(lookups["userName"], found, name)) == 0 {
			return &connector.Refusal{Reason: connector.PrincipalMissing, Permanent: true, Detail: fmt.Sprintf(
				"The person's account is not there at the target any more: asked %s, it answered status %d, and the people picker does not find it.", askChange.What, code)}, nil
		}
	}
	if code == http.StatusInternalServerError {
		refusal.Reason = connector.TargetUnavailable
	}
	return refusal, nil
}
