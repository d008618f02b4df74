package connector

import (
	"context"

	"leasehold/pkg/entitlement"
)

// Lister is a connector whose target lists who holds a role, all of them, whoever gave it.
// Capabilities.Lists says of which resources.
type Lister interface {
	// Holders returns a piece of the list of who holds the role, from where the last piece ended;
	// "" begins. Next is empty at the end. Only people are listed: a group that holds the role is left
	// out. Whoever comes or goes meanwhile may be on no piece, or on two; and where the target numbers
	// its entries, so may one other for each of them. A list that the target does not show to its end
	// is an error: NotUnderstood. So is a place that is none, or none any more: callers begin anew.
	// Unsupported: the target turns out not to list them, and can only be asked about people who are named.
	Holders(ctx context.Context, role entitlement.RoleRef, cursor string) (HolderPage, error)
}

// HolderPage is a piece of a list of holders.
type HolderPage struct {
	Refs []PrincipalRef
	Next string
}

// ListsOf reports that the target lists who holds the roles of a resource.
func (c Capabilities) ListsOf(resource string) bool { return c.Lists != nil && c.Lists(resource) }

// Every is a Lists of targets that list the holders of all their resources.
func Every(string) bool { return true }
