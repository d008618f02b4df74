package connector

import (
	"context"

	"leasehold/pkg/entitlement"
)

// Lister is a connector whose target lists who holds a role, all of them, whoever gave it.
// Capabilities.Lists says of which resources.
type Lister interface {
	// Holders returns a piece of the list of who holds the role, from where the last piece ended;
	// "" begins. Next is empty at the end. Whoever comes or goes meanwhile may be on no piece, or on
	// two. A list that the target does not show to its end is an error: NotUnderstood.
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
