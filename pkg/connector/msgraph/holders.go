package msgraph

import (
	"context"
	"net/http"

	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
)

var _ connector.Lister = (*Connector)(nil)

// Holders returns a page of who holds a role. Of an application the page is of all its
// assignments, and only those of the role count. Groups, devices and applications are no people, and
// left out: those within a group have their roles by way of it.
func (c *Connector) Holders(ctx context.Context, role entitlement.RoleRef, cursor string) (connector.HolderPage, error) {
	none := connector.HolderPage{}
	a, err := aimOf(role)
	if err != nil {
		return none, err
	}

	r := a.holders()
	if cursor != "" {
		r.path = cursor // of our own Graph: next has seen to that
	}

	var p page[holder]
	err = c.ask(ctx, askHolders, r, &p)
	switch {
	case isMissing(err):
		return none, c.missing(ctx, askHolders, a, err)
	case err != nil:
		return none, explain(askHolders, err)
	case p.Value == nil:
		return none, askHolders.NotUnderstood(http.StatusOK, errNoList)
	}

	found := connector.HolderPage{}
	for _, h := range *p.Value {
		if h.ID == "" || a.rel == "" && (h.PrincipalID == "" || h.AppRoleID == "") {
			return none, askHolders.NotUnderstood(http.StatusOK, errNoList)
		}
		if who := h.holds(a); who != "" && h.isPerson() {
			found.Refs = append(found.Refs, connector.PrincipalRef(who))
		}
	}
	if p.Next != "" {
		found.Next, err = c.next(askHolders, p.Next)
	}
	return found, err
}
