package graph

import (
	"context"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/graph/odata"
	"leasehold/pkg/requests"
	"leasehold/pkg/views"
)

const roleHoldersPath = ours + "/roleHolders/{catalogId}/{resourceId}/{resourceRoleId}"

// roleHolderOperations lead from a role of a resource to all who hold it, and why. A role is
// named by its id in the catalog.
var roleHolderOperations = []operation{
	{method: "GET", path: roleHoldersPath, action: authz.ListAssignments, serve: listRoleHolders},
}

// roleHolder is one reason for which somebody holds a role, with who decided it.
type roleHolder struct {
	requests.RoleHolder
	view *views.Assignment
	by   entitlement.UserID // who looks: of what is their own they may not know who decided (R66)
}

func roleHolderType() entityType[roleHolder] {
	return entityType[roleHolder]{set: "leasehold/roleHolders", mapper: mapRoleHolder, navigation: noNavigation, example: roleHolder{view: &views.Assignment{}}}
}

func mapRoleHolder(h roleHolder) object {
	person, pkg, policy := "", "", ""
	if u := h.view.Subject; u != nil {
		person = u.DisplayName
	}
	if p := h.view.Package; p != nil {
		pkg = p.DisplayName
	}
	if p := h.view.Policy; p != nil {
		policy = p.DisplayName
	}

	var requestor entitlement.UserID
	deciders := []string{}
	if r := h.view.Request; r != nil {
		requestor = r.AssignmentRequest.Requestor
		// What the policy leaves to the settings of the whole is hidden likewise: they are not read for this.
		made := requests.Approval{Request: r.AssignmentRequest, Own: h.by == requestor || h.by == r.AssignmentRequest.Subject, Hides: true}
		for _, stage := range r.AssignmentRequest.Stages {
			if stage.Decision != nil && made.Discloses(stage) {
				deciders = append(deciders, string(stage.Decision.Reviewer))
			}
		}
	}

	return object{
		"id":     string(h.RoleHolder.Assignment.ID),
		"target": object{"id": string(h.RoleHolder.Assignment.Subject), "displayName": text(person)}, "accessPackage": object{"id": string(h.RoleHolder.Assignment.Package), "displayName": text(pkg)},
		"assignmentPolicy": object{"id": string(h.RoleHolder.Assignment.Policy), "displayName": text(policy)}, "requestedBy": text(requestor), "decidedBy": deciders,
		"role":     object{"originId": odata.Exact(h.Scope.Role.OriginID), "displayName": text(h.Scope.Role.DisplayName)},
		"presence": string(h.Grant.Presence), "preExisting": h.Grant.PreExisting, "reason": text(h.Grant.Reason), "confirmedDateTime": instant(h.Grant.Confirmed), "owed": h.Pending,
	}
}

func listRoleHolders(ctx context.Context, c *call) (response, error) {
	catalog, resource := id[entitlement.CatalogID](c, "catalogId"), id[entitlement.ResourceID](c, "resourceId")
	read := func(ctx context.Context, page entitlement.Page) (entitlement.Paged[roleHolder], error) {
		found, err := c.deps.Requests.RoleHolders(ctx, c.by.Caller, catalog, resource, c.path["resourceRoleId"], page)
		if err == nil {
			err = c.deps.Requests.GrantsOfHolders(ctx, found.Items)
		}
		out := entitlement.Paged[roleHolder]{Next: found.Next, Sure: found.Sure, Unread: found.Unread}
		if err != nil {
			return out, err
		}

		var of []entitlement.Assignment
		for _, h := range found.Items {
			of = append(of, h.Assignment)
		}
		all := views.OfAssignments(of)
		for i, h := range found.Items {
			out.Items = append(out.Items, roleHolder{h, all[i], c.by.ID})
		}
		return out, c.deps.Views.Assignments(ctx, c.by.Caller, all, views.With{views.JoinTarget: nil, views.JoinPackage: nil, views.JoinPolicy: nil, views.JoinRequest: nil})
	}
	return list(ctx, c, roleHolderType(), read)
}
