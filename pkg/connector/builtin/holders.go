package builtin

import (
	"context"

	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
)

var _ connector.Lister = (*Connector)(nil)

// Holders returns a page of a group's members, or of its owners.
func (c *Connector) Holders(ctx context.Context, role entitlement.RoleRef, cursor string) (connector.HolderPage, error) {
	id, owner, _, err := c.group(ctx, role)
	if err != nil {
		return connector.HolderPage{}, err
	}

	list := c.directory.Members
	if owner {
		list = c.directory.Owners
	}
	found, err := list(ctx, id, entitlement.Page{Token: cursor})
	page := connector.HolderPage{Next: found.Next}
	for _, u := range found.Items {
		page.Refs = append(page.Refs, connector.PrincipalRef(u))
	}
	return page, err
}
