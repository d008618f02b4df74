package graph

import (
	"context"
	"net/http"
	"strings"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/graph/strict"
	"leasehold/pkg/views"
)

// The lists "for the current user" name in on what the caller has to do with them.
// Words of Graph that are not served yet are told apart from words that it does not know.

// laterWords are values of on that Graph knows, for whichever list.
var laterWords = []string{"target", "createdBy", "approver", "targetOrRequestor", "targetManager", "requestForOthers", "targetAgentIdentitySponsorOrOwner", "allowedRequestor"}

// on returns the served word that the path names in on, in any case.
func (c *call) on(served ...string) (string, error) {
	named := c.path["on"]
	for _, word := range served {
		if strings.EqualFold(word, named) {
			return word, nil
		}
	}
	for _, word := range laterWords {
		if strings.EqualFold(word, named) {
			return "", notServed()
		}
	}
	return "", entitlement.Errorf(entitlement.Invalid, "In the path, on must be one of %s.", strings.Join(served, ", "))
}

func getPackage(ctx context.Context, c *call) (response, error) {
	p, err := c.deps.Requests.Package(ctx, c.by.Caller, id[entitlement.PackageID](c, "accessPackageId"))
	if err != nil {
		return response{}, err
	}
	return entity(ctx, c, c.packageKind(), viewOf(p, views.OfPackages))
}

func listMyPackages(ctx context.Context, c *call) (response, error) {
	if _, err := c.on("allowedRequestor"); err != nil {
		return response{}, err
	}
	return list(ctx, c, c.packageKind(), viewed(asCaller(c, c.deps.Requests.Requestable), views.OfPackages))
}

func listMyRequests(ctx context.Context, c *call) (response, error) {
	word, err := c.on("target", "createdBy", "approver", "targetManager")
	if err != nil {
		return response{}, err
	}
	read := map[string]lister[entitlement.AssignmentRequest]{
		"target": asCaller(c, c.deps.Requests.Mine), "createdBy": asCaller(c, c.deps.Requests.CreatedByMe), "approver": asCaller(c, c.deps.Requests.Waiting),
		"targetManager": asCaller(c, c.deps.Requests.ReportsRequests),
	}[word]
	return list(ctx, c, c.requestKind(), viewed(read, views.OfRequests))
}

func listMyAssignments(ctx context.Context, c *call) (response, error) {
	word, err := c.on("target", "targetManager")
	if err != nil {
		return response{}, err
	}
	read := asCaller(c, c.deps.Requests.Held)
	if word == "targetManager" {
		read = asCaller(c, c.deps.Requests.ReportsAssignments)
	}
	return list(ctx, c, c.assignments(), viewed(read, views.OfAssignments))
}

// listRequirements answers a question that Graph asks by POST; it changes nothing.
func listRequirements(ctx context.Context, c *call) (response, error) {
	o, err := c.bodyIfAny()
	if err != nil {
		return response{}, err
	}

	// Whoever asks on behalf of somebody names that one, and learns by which policies.
	var subject entitlement.UserID
	asked := o.Object("subject")
	strict.ID(asked, "objectId", &subject)
	if err := o.Done(); err != nil {
		return response{}, err
	}

	policies, err := c.deps.Requests.Applicable(ctx, c.by.Caller, id[entitlement.PackageID](c, "accessPackageId"), subject)
	if err != nil {
		return response{}, err
	}
	return response{status: http.StatusOK, body: object{
		"@odata.context": c.metadata(ctx, "Collection(microsoft.graph.accessPackageAssignmentRequestRequirements)"),
		"value":          objects(policies, func(p entitlement.AssignmentPolicy) object { return mapRequirement(p, c.languages()) }),
	}}, nil
}
