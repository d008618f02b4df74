package builtin

import (
	"context"

	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
)

var _ connector.Explorer = (*Connector)(nil)

// ListResources returns a piece of the directory's groups, each with the reason where it
// cannot be given (R10, R11). Groups that are being deleted are left out.
func (c *Connector) ListResources(ctx context.Context, q connector.Query) (connector.ResourcePage, error) {
	groups, err := c.directory.GroupsPage(ctx, entitlement.Page{Limit: q.Limit, Token: q.Token})
	page := connector.ResourcePage{Next: groups.Next}
	for _, g := range groups.Items {
		if !g.Gone() {
			page.Items = append(page.Items, offer(g))
		}
	}
	return page, err
}

// offer is a group as it can be picked.
func offer(g entitlement.Group) entitlement.TargetOffer {
	described := describe(g)
	o := entitlement.TargetOffer{Reason: g.NoResource(), Resource: entitlement.Resource{OriginID: described.OriginID, OriginSystem: entitlement.OriginAadGroup,
		DisplayName: described.DisplayName, Description: described.Description}}
	for _, r := range described.Roles {
		o.Roles = append(o.Roles, entitlement.ResourceRole{OriginID: r.OriginID, DisplayName: r.DisplayName})
	}
	if g.ID == entitlement.AdministratorsGroup {
		o.Reason = notForPackages
	}
	return o
}

// Survey says what is known of the directory without a question.
func (c *Connector) Survey(context.Context) entitlement.TargetCheck {
	return entitlement.TargetCheck{Dialect: "built-in directory", Shows: []string{"groups", "groups.members", "groups.owners", "users"}}
}
