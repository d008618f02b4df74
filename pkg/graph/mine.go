package graph

import (
	"context"
	"net/http"
	"strings"

	"leasehold/pkg/entitlement"
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

func getPackage(ctx context.Context, c *call) (answer, error) {
	p, err := c.deps.Requests.Package(ctx, c.by.Caller, id[entitlement.PackageID](c, "accessPackageId"))
	if err != nil {
		return answer{}, err
	}
	return entity(ctx, c, packageKind(), p)
}

func listMyPackages(ctx context.Context, c *call) (answer, error) {
	if _, err := c.on("allowedRequestor"); err != nil {
		return answer{}, err
	}
	return list(ctx, c, packageKind(), func(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.AccessPackage], error) {
		return c.deps.Requests.Requestable(ctx, c.by.Caller, page)
	})
}

func listMyRequests(ctx context.Context, c *call) (answer, error) {
	word, err := c.on("target", "createdBy", "approver")
	if err != nil {
		return answer{}, err
	}
	read := map[string]lister[entitlement.AssignmentRequest]{
		"target": func(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentRequest], error) {
			return c.deps.Requests.Mine(ctx, c.by.Caller, page)
		},
		"createdBy": func(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentRequest], error) {
			return c.deps.Requests.CreatedByMe(ctx, c.by.Caller, page)
		},
		"approver": func(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentRequest], error) {
			return c.deps.Requests.Waiting(ctx, c.by.Caller, page)
		},
	}[word]
	return list(ctx, c, requestKind(), read)
}

func listMyAssignments(ctx context.Context, c *call) (answer, error) {
	if _, err := c.on("target"); err != nil {
		return answer{}, err
	}
	return list(ctx, c, c.assignments(), func(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.Assignment], error) {
		return c.deps.Requests.Held(ctx, c.by.Caller, page)
	})
}

// assignments is the kind of assignments as they stand now.
func (c *call) assignments() kind[entitlement.Assignment] { return assignmentKind(c.deps.Clock.Now()) }

// listRequirements answers a question that Graph asks by POST; it changes nothing.
func listRequirements(ctx context.Context, c *call) (answer, error) {
	policies, err := c.deps.Requests.Applicable(ctx, c.by.Caller, id[entitlement.PackageID](c, "accessPackageId"))
	if err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusOK, body: object{
		"@odata.context": c.metadata(ctx, "Collection(microsoft.graph.accessPackageAssignmentRequestRequirements)"),
		"value":          objects(policies, shapeRequirement),
	}}, nil
}
