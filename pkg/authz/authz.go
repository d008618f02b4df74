// Package authz says who may do what. Every right is decided from what is stored at the
// time of the call, never from what a client sends. RULES.md in this folder lists what
// somebody may try (A1, A2 and so on), and what comes of it.
package authz

import "leasehold/pkg/entitlement"

// Caller is the verified author of one call. ID is the user that the token's principal
// is bound to; Command identifies the call in events.
type Caller struct {
	ID      entitlement.UserID
	Command string
	// Own: the token is good for what concerns the caller alone, so that the rights of an
	// administrator lie idle.
	Own bool
	// Key is what the caller calls the command, "" for none. A command that makes a request
	// makes one under each key of its caller, however often it is sent (S12).
	Key string
}

// Administers reports that the caller, who is u, acts as an administrator.
func (c Caller) Administers(u entitlement.User) bool { return !c.Own && u.Administrator() }

// Administrator returns nil for an enabled member of the administrators' group, else
// Forbidden.
func Administrator(u entitlement.User) error {
	if u.Administrator() {
		return nil
	}
	return entitlement.Errorf(entitlement.Forbidden, "This needs an administrator: a member of the group Administrators.")
}
