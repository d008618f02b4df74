package webhook

import (
	"context"
	"net/http"
	"slices"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/entitlement"
)

// The ways of asking who holds a role.
const (
	// WayAmong asks which of those who are named hold it.
	WayAmong connector.Way = "among"
	// WayList reads the list of all who hold it.
	WayList connector.Way = "list"
)

// Bounds of a list of members.
const (
	pageSize = 1000
	maxPages = 120
)

var askHolders = outbound.Operation{Op: "webhook: read holders", What: "for who holds a role"}

// Check asks who holds the role in one way, and repeats what is answered.
func (c *Connector) Check(ctx context.Context, role entitlement.RoleRef, in connector.Way, who []connector.PrincipalRef) ([]entitlement.Presence, error) {
	if in != WayAmong && in != WayList {
		return nil, entitlement.Errorf(entitlement.Invalid, "A webhook cannot be asked who holds a role by %q.", in)
	}
	if len(who) == 0 {
		return nil, nil
	}

	q := question{Verb: verbRead, Resource: role.Resource, Role: role.Role, Limit: pageSize}
	if in == WayAmong {
		for _, p := range who {
			if !slices.Contains(q.Among, string(p)) {
				q.Among = append(q.Among, string(p))
			}
		}
	}

	held, ended, err := c.members(ctx, q)
	if err != nil {
		return nil, c.explain(ctx, askHolders, role.Resource, err)
	}
	told := make([]entitlement.Presence, len(who))
	for i, p := range who {
		switch {
		case held[string(p)]:
			told[i] = entitlement.PresencePresent
		case ended:
			told[i] = entitlement.PresenceAbsent
		default:
			told[i] = entitlement.PresenceUnknown
		}
	}
	return told, nil
}

// members reads a list to its end, and reports whether it was the end. A target that does not
// heed among gives the whole list, which tells the same.
func (c *Connector) members(ctx context.Context, q question) (held map[string]bool, ended bool, err error) {
	held = map[string]bool{}
	for range maxPages {
		a, status, err := c.ask(ctx, askHolders, q)
		switch {
		case err != nil:
			return nil, false, err
		// A member without an id cannot be told from anybody.
		case a.Members == nil || slices.Contains(a.Members, ""):
			return nil, false, askHolders.NotUnderstood(status, errNoAnswer)
		case a.Next != "" && a.Next == q.Cursor:
			return nil, false, askHolders.NotUnderstood(http.StatusOK, errOther)
		}

		for _, m := range a.Members {
			held[m] = true
		}
		if a.Next == "" {
			return held, true, nil
		}
		q.Cursor = a.Next
	}
	return held, false, nil
}
