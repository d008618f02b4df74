package identitycenter

import (
	"context"
	"strings"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/entitlement"
)

// The ways of asking who holds a role.
const (
	// WayDirect asks about the one person: IsMemberInGroups, and for an account, of which that cannot
	// be asked, ListAccountAssignments of the one permission set.
	WayDirect connector.Way = "the role"
	// WayOfPerson asks what the person has: ListGroupMembershipsForMember, ListAccountAssignmentsForPrincipal.
	WayOfPerson connector.Way = "the person's roles"
	// WayList lists a group's members: ListGroupMemberships.
	WayList connector.Way = "the members"
)

// maxPages bounds the pages of one list of a check: 10,000 entries.
const maxPages = 100

var (
	askMember  = outbound.Operation{Op: "identitycenter: check member", What: "whether a person is a member of a group"}
	askGroups  = outbound.Operation{Op: "identitycenter: list memberships of person", What: "for the groups of a person"}
	askMembers = outbound.Operation{Op: "identitycenter: list members", What: "for the members of a group"}
	askHolders = outbound.Operation{Op: "identitycenter: list assignments", What: "for the assignments of an account"}
	askHeld    = outbound.Operation{Op: "identitycenter: list assignments of person", What: "for the assignments of a person"}
)

// Check asks in one of the ways.
func (c *Connector) Check(ctx context.Context, role entitlement.RoleRef, way connector.Way, who []connector.PrincipalRef) ([]entitlement.Presence, error) {
	a, err := c.aimOf(role)
	if err != nil || len(who) == 0 {
		return nil, err
	}

	told := make([]entitlement.Presence, len(who))
	for i, p := range who {
		told[i] = entitlement.PresenceUnknown
		// An id that is none of Identity Store's holds nothing, and must not get into a call.
		if !isObject(string(p)) {
			told[i] = entitlement.PresenceAbsent
			continue
		}
		switch {
		case way == WayDirect && a.group != "":
			told[i], err = c.isMember(ctx, a, string(p))
		case way == WayDirect, way == WayList:
			continue // below, for all of them together
		case way == WayOfPerson && a.group != "":
			told[i], err = c.memberships(ctx, a, string(p))
		case way == WayOfPerson:
			told[i], err = c.assignmentsOf(ctx, a, string(p))
		default:
			return nil, entitlement.Errorf(entitlement.Invalid, "IAM Identity Center cannot be asked by %q.", way)
		}
		if err != nil {
			return nil, err
		}
	}

	switch {
	case way == WayDirect && a.group == "":
		err = c.holders(ctx, a, who, told)
	case way == WayList && a.group != "":
		err = c.members(ctx, a, who, told)
	}
	if err != nil {
		return nil, err
	}
	return told, nil
}

// isMember asks about one person and one group.
func (c *Connector) isMember(ctx context.Context, a aim, who string) (entitlement.Presence, error) {
	var found struct {
		Results []struct {
			GroupId          string
			MemberId         member
			MembershipExists *bool
		}
	}
	err := c.ask(ctx, askMember, identityStore, "IsMemberInGroups", inStore{IdentityStoreId: c.at.store, MemberId: &member{who}, GroupIds: []string{a.group}}, &found)
	if err != nil {
		return c.nobodyThere(ctx, askMember, a, who, err)
	}
	for _, r := range found.Results {
		if strings.EqualFold(r.GroupId, a.group) && strings.EqualFold(r.MemberId.UserId, who) && r.MembershipExists != nil {
			return entitlement.PresenceOf(*r.MembershipExists), nil
		}
	}
	return "", askMember.NotUnderstood(200, errOtherID)
}

// nobodyThere is what the refusal of a question about one person means: a person who is not there
// holds nothing.
func (c *Connector) nobodyThere(ctx context.Context, ask outbound.Operation, a aim, who string, err error) (entitlement.Presence, error) {
	if refusedWith(err, codeMissing) == nil {
		return "", explain(ask, err)
	}
	switch user, err := c.whatIsMissing(ctx, ask, a, who, err); {
	case err != nil:
		return "", err
	case user:
		return entitlement.PresenceAbsent, nil
	}
	return "", ask.NotUnderstood(400, errWitness)
}

// paged reads a list page by page until visit has seen enough, and reports whether all was seen.
func paged[T any](ctx context.Context, c *Connector, ask outbound.Operation, s service, action string, in func(next string) any, list func(page) *[]T, visit func(T) (enough bool, err error)) (ended bool, err error) {
	next := ""
	for range maxPages {
		var p page
		if err := c.ask(ctx, ask, s, action, in(next), &p); err != nil {
			return false, err
		}
		entries := list(p)
		if entries == nil {
			return false, ask.NotUnderstood(200, errNoList)
		}
		for _, e := range *entries {
			if enough, err := visit(e); enough || err != nil {
				return true, err
			}
		}
		if p.NextToken == "" {
			return true, nil
		}
		next = p.NextToken
	}
	return false, nil
}

// page is a piece of any list.
type page struct {
	GroupMemberships   *[]membership
	AccountAssignments *[]assignment
	PermissionSets     *[]string
	NextToken          string
}

func memberships(p page) *[]membership { return p.GroupMemberships }
func assignments(p page) *[]assignment { return p.AccountAssignments }

// memberships asks in which groups a person is.
func (c *Connector) memberships(ctx context.Context, a aim, who string) (entitlement.Presence, error) {
	is := false
	ended, err := paged(ctx, c, askGroups, identityStore, "ListGroupMembershipsForMember", func(next string) any {
		return inStore{IdentityStoreId: c.at.store, MemberId: &member{who}, MaxResults: pageSize, NextToken: next}
	}, memberships, func(m membership) (bool, error) {
		if !strings.EqualFold(m.MemberId.UserId, who) || m.GroupId == "" {
			return false, askGroups.NotUnderstood(200, errOtherID)
		}
		is = is || strings.EqualFold(m.GroupId, a.group)
		return is, nil
	})
	switch {
	case err != nil:
		return c.nobodyThere(ctx, askGroups, a, who, err)
	case !ended && !is:
		return entitlement.PresenceUnknown, nil
	}
	return entitlement.PresenceOf(is), nil
}

// members lists a group's members.
func (c *Connector) members(ctx context.Context, a aim, who []connector.PrincipalRef, told []entitlement.Presence) error {
	in := map[string]bool{}
	ended, err := paged(ctx, c, askMembers, identityStore, "ListGroupMemberships", func(next string) any {
		return inStore{IdentityStoreId: c.at.store, GroupId: a.group, MaxResults: pageSize, NextToken: next}
	}, memberships, func(m membership) (bool, error) {
		if !strings.EqualFold(m.GroupId, a.group) || m.MemberId.UserId == "" {
			return false, askMembers.NotUnderstood(200, errOtherID)
		}
		in[strings.ToLower(m.MemberId.UserId)] = true
		return false, nil
	})
	if err != nil {
		return c.unlisted(ctx, askMembers, a, err)
	}
	enter(who, told, in, ended)
	return nil
}

// enter writes who is in a list; of one that did not end it says nothing about the others.
func enter(who []connector.PrincipalRef, told []entitlement.Presence, in map[string]bool, ended bool) {
	for i, p := range who {
		if is := in[strings.ToLower(string(p))]; told[i] == entitlement.PresenceUnknown && (is || ended) {
			told[i] = entitlement.PresenceOf(is)
		}
	}
}

// unlisted is what the refusal of a list means.
func (c *Connector) unlisted(ctx context.Context, ask outbound.Operation, a aim, err error) error {
	if refusedWith(err, codeMissing) == nil {
		return explain(ask, err)
	}
	if _, err := c.whatIsMissing(ctx, ask, a, "", err); err != nil {
		return err
	}
	return ask.NotUnderstood(400, errWitness)
}

// holders lists who has a permission set on an account. Groups that have it are left out: what a
// person has by way of a group is not what was assigned to the person.
func (c *Connector) holders(ctx context.Context, a aim, who []connector.PrincipalRef, told []entitlement.Presence) error {
	in := map[string]bool{}
	ended, err := paged(ctx, c, askHolders, ssoAdmin, "ListAccountAssignments", func(next string) any {
		return inInstance{InstanceArn: c.at.instance, AccountId: a.account, PermissionSetArn: a.set, MaxResults: pageSize, NextToken: next}
	}, assignments, func(h assignment) (bool, error) {
		if h.AccountId != a.account || h.PermissionSetArn != a.set || h.PrincipalId == "" {
			return false, askHolders.NotUnderstood(200, errOtherID)
		}
		if h.PrincipalType == isUser {
			in[strings.ToLower(h.PrincipalId)] = true
		}
		return false, nil
	})
	if err != nil {
		return c.unlisted(ctx, askHolders, a, err)
	}
	enter(who, told, in, ended)
	return nil
}

// assignmentsOf asks what a person has on the account. AWS shows what the person has by way of groups as well.
func (c *Connector) assignmentsOf(ctx context.Context, a aim, who string) (entitlement.Presence, error) {
	is := false
	ended, err := paged(ctx, c, askHeld, ssoAdmin, "ListAccountAssignmentsForPrincipal", func(next string) any {
		return inInstance{InstanceArn: c.at.instance, PrincipalId: who, PrincipalType: isUser, Filter: &accountFilter{a.account}, MaxResults: pageSize, NextToken: next}
	}, assignments, func(h assignment) (bool, error) {
		if h.PrincipalId == "" || h.AccountId == "" {
			return false, askHeld.NotUnderstood(200, errOtherID)
		}
		is = is || h.AccountId == a.account && h.PermissionSetArn == a.set && h.PrincipalType == isUser && strings.EqualFold(h.PrincipalId, who)
		return is, nil
	})
	switch {
	case err != nil:
		return c.nobodyThere(ctx, askHeld, a, who, err)
	case !ended && !is:
		return entitlement.PresenceUnknown, nil
	}
	return entitlement.PresenceOf(is), nil
}
