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
// A list that is cut off, or not shown where the server's schema does not promise one, is none.
func (c *Connector) Holders(ctx context.Context, role entitlement.RoleRef, _ string) (connector.HolderPage, error) {
	none := connector.HolderPage{}
	if isApplication(role.Resource) {
		return none, entitlement.Errorf(entitlement.Unsupported, "A SCIM server does not list who has a value of an attribute.")
	}
	group, err := groupOf(role)
	if err != nil {
		return none, err
	}
	path, err := groupPath(askMembers, group)
	if err != nil {
		return none, err
	}

	found := connector.HolderPage{}
	scan := memberScan{each: func(p connector.PrincipalRef) error {
		// A member without an id cannot be told from anybody.
		if p == "" {
			return errCutOff
		}
		found.Refs = append(found.Refs, p)
		return nil
	}}
	err = c.get(ctx, askMembers, path, url.Values{"attributes": {"id,members"}}, maxGroup, scan.read)

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
