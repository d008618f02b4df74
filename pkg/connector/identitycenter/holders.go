package identitycenter

import (
	"context"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/entitlement"
)

var _ connector.Lister = (*Connector)(nil)

// Holders returns a page of who holds a role: ListGroupMemberships of a group, and of an account
// ListAccountAssignments of the one permission set; 100 at a time is what AWS gives. A group that has
// the permission set is no person, and left out. The cursor is AWS's own token; one that is not taken
// any more is an error, and not the end of the list.
func (c *Connector) Holders(ctx context.Context, role entitlement.RoleRef, cursor string) (connector.HolderPage, error) {
	a, err := c.aimOf(role)
	if err != nil {
		return connector.HolderPage{}, err
	}
	if a.group != "" {
		return c.membersFrom(ctx, a, cursor)
	}
	return c.assignedFrom(ctx, a, cursor)
}

func (c *Connector) membersFrom(ctx context.Context, a aim, cursor string) (connector.HolderPage, error) {
	var p page
	in := inStore{IdentityStoreId: c.at.store, GroupId: a.group, MaxResults: pageSize, NextToken: cursor}
	if err := c.ask(ctx, askMembers, identityStore, "ListGroupMemberships", in, &p); err != nil {
		return connector.HolderPage{}, c.unlisted(ctx, askMembers, a, err)
	}
	if p.GroupMemberships == nil {
		return connector.HolderPage{}, askMembers.NotUnderstood(200, errNoList)
	}

	found := connector.HolderPage{}
	for _, m := range *p.GroupMemberships {
		if m.GroupId != a.group || !isObject(m.MemberId.UserId) {
			return connector.HolderPage{}, askMembers.NotUnderstood(200, errOtherID)
		}
		found.Refs = append(found.Refs, connector.PrincipalRef(m.MemberId.UserId))
	}
	return after(askMembers, found, cursor, p.NextToken)
}

func (c *Connector) assignedFrom(ctx context.Context, a aim, cursor string) (connector.HolderPage, error) {
	var p page
	in := inInstance{InstanceArn: c.at.instance, AccountId: a.account, PermissionSetArn: a.set, MaxResults: pageSize, NextToken: cursor}
	if err := c.ask(ctx, askHolders, ssoAdmin, "ListAccountAssignments", in, &p); err != nil {
		return connector.HolderPage{}, c.unlisted(ctx, askHolders, a, err)
	}
	if p.AccountAssignments == nil {
		return connector.HolderPage{}, askHolders.NotUnderstood(200, errNoList)
	}

	found := connector.HolderPage{}
	for _, h := range *p.AccountAssignments {
		if h.AccountId != a.account || h.PermissionSetArn != a.set || h.PrincipalId == "" {
			return connector.HolderPage{}, askHolders.NotUnderstood(200, errOtherID)
		}
		if h.PrincipalType == isUser {
			found.Refs = append(found.Refs, connector.PrincipalRef(h.PrincipalId))
		}
	}
	return after(askHolders, found, cursor, p.NextToken)
}

// after adds where a list goes on. A token that leads to where it came from would never end.
func after(ask outbound.Operation, found connector.HolderPage, cursor, next string) (connector.HolderPage, error) {
	if next != "" && next == cursor {
		return connector.HolderPage{}, ask.NotUnderstood(200, errNoList)
	}
	found.Next = next
	return found, nil
}
