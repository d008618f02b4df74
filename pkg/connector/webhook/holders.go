package webhook

import (
	"context"
	"net/http"
	"slices"

	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
)

var _ connector.Lister = (*Connector)(nil)

// Holders returns a page of who holds a role.
func (c *Connector) Holders(ctx context.Context, role entitlement.RoleRef, cursor string) (connector.HolderPage, error) {
	none := connector.HolderPage{}
	a, status, err := c.ask(ctx, askHolders, question{Verb: verbRead, Resource: role.Resource, Role: role.Role, Limit: pageSize, Cursor: cursor})
	switch {
	case err != nil:
		return none, c.explain(ctx, askHolders, role.Resource, err)
	// A member without an id cannot be told from anybody.
	case a.Members == nil || slices.Contains(a.Members, ""):
		return none, askHolders.NotUnderstood(status, errNoAnswer)
	case a.Next != "" && a.Next == cursor:
		return none, askHolders.NotUnderstood(http.StatusOK, errOther)
	}

	found := connector.HolderPage{Next: a.Next}
	seen := make(map[string]bool, len(a.Members))
	for _, m := range a.Members {
		// A target may name somebody twice.
		if !seen[m] {
			seen[m] = true
			found.Refs = append(found.Refs, connector.PrincipalRef(m))
		}
	}
	return found, nil
}
