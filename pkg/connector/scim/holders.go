package scim

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
)

var _ connector.Lister = (*Connector)(nil)

// errCutOff says that a group came without its members, or not with all of them.
var errCutOff = errors.New("the group does not show all of its members")

// Holders returns the members of a group, all of them in one piece: SCIM has no pages of members.
// A list that is cut off, or not shown where the server's schema does not promise one, is none. A
// group within the group is no person, and left out. Of an application it returns a page of the accounts
// that have the role.
func (c *Connector) Holders(ctx context.Context, role entitlement.RoleRef, cursor string) (connector.HolderPage, error) {
	none := connector.HolderPage{}
	if a, is := applicationOf(role.Resource); is {
		return c.holdersOf(ctx, a, role.Role, cursor)
	}
	if cursor != "" {
		return none, entitlement.Errorf(entitlement.Invalid, "This is no place in the list of a group's members, which is one piece.")
	}
	group, err := groupOf(role)
	if err != nil {
		return none, err
	}
	path, err := c.groupPath(askMembers, group)
	if err != nil {
		return none, err
	}

	found := connector.HolderPage{}
	scan := memberScan{below: c.at.groups, each: func(p connector.PrincipalRef) error {
		// A member without an id cannot be told from anybody.
		if p == "" {
			return errCutOff
		}
		found.Refs = append(found.Refs, p)
		return nil
	}}
	_, err = c.get(ctx, askMembers, path, url.Values{"attributes": {"id,members"}}, maxGroup, scan.read)

	tooLarge, _ := errors.AsType[*http.MaxBytesError](err)
	switch {
	case isMissing(err):
		return none, c.groupMissing(ctx, askMembers, group, err)
	case tooLarge != nil, err == nil && !scan.shown && !c.promises(ctx, schemaGroup, "members"):
		return none, askMembers.NotUnderstood(http.StatusOK, errCutOff)
	case err != nil:
		return none, explain(askMembers, err)
	case string(scan.id) != group:
		return none, askMembers.NotUnderstood(http.StatusOK, errOtherID)
	}
	return found, nil
}
