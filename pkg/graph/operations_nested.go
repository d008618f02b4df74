package graph

import (
	"context"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/views"
)

// nestedCatalogs are paths that lead from a thing of the owners' side to what it names, as
// clients that are generated from the schema walk them, and the lists of all there is.
var nestedCatalogs = []operation{
	{method: "GET", path: em + "/accessPackages/{accessPackageId}/catalog", action: authz.ListPackages, serve: getPackageCatalog},
	{method: "GET", path: em + "/catalogs/{catalogId}/accessPackages", action: authz.ListPackages, serve: listCatalogPackages},
	{method: "GET", path: em + "/catalogs/{catalogId}/resourceScopes", action: authz.ReadCatalog, serve: listResourceScopes},
	{method: "GET", path: em + "/catalogs/{catalogId}/resources/{resourceId}", action: authz.ReadCatalog, serve: getResource},
	{method: "GET", path: em + "/assignmentPolicies/{policyId}/accessPackage", action: authz.ReadPolicy, serve: getPolicyPackage},
	{method: "GET", path: em + "/assignmentPolicies/{policyId}/catalog", action: authz.ReadPolicy, serve: getPolicyCatalog},
	{method: "GET", path: em + "/assignmentPolicies/{policyId}/questions", action: authz.ReadPolicy, serve: listQuestions},
	{method: "GET", path: em + "/resources", action: authz.ReadCatalog, serve: listAllResources},
	{method: "GET", path: em + "/resourceRoleScopes", action: authz.ListPackages, serve: listAllRoleScopes},
	{method: "GET", path: root + "/identityGovernance/catalogs", action: authz.ReadCatalog, serve: listCatalogs},
	{method: "GET", path: root + "/identityGovernance/catalogs/{catalogId}", action: authz.ReadCatalog, serve: getCatalog},
}

// nestedRequests are those of the people's side.
var nestedRequests = []operation{
	{method: "GET", path: heldPath + "/{assignmentId}/target", action: authz.ReadAssignment, serve: getAssignmentTarget},
	{method: "GET", path: heldPath + "/{assignmentId}/accessPackage", action: authz.ReadAssignment, serve: getAssignmentPackage},
	{method: "GET", path: heldPath + "/{assignmentId}/assignmentPolicy", action: authz.ReadAssignment, serve: getAssignmentPolicy},
	{method: "GET", path: requestPath + "/{assignmentRequestId}/accessPackage", action: authz.ReadRequest, serve: getRequestPackage},
	{method: "GET", path: requestPath + "/{assignmentRequestId}/requestor", action: authz.ReadRequest, serve: getRequestor},
	{method: "GET", path: requestPath + "/{assignmentRequestId}/assignment", action: authz.ReadRequest, serve: getRequestAssignment},
}

func getPackageCatalog(ctx context.Context, c *call) (response, error) {
	p, err := c.deps.Catalogs.Package(ctx, c.by.Caller, id[entitlement.PackageID](c, "accessPackageId"))
	if err != nil {
		return response{}, err
	}
	return catalogNamed(ctx, c, p.Catalog)
}

// catalogNamed answers with the catalog of something that was read.
func catalogNamed(ctx context.Context, c *call, named entitlement.CatalogID) (response, error) {
	found, err := c.deps.Catalogs.Catalog(ctx, c.by.Caller, named)
	if err != nil {
		return response{}, err
	}
	return entity(ctx, c, c.catalogKind(), viewOf(found, views.OfCatalogs))
}

func listCatalogPackages(ctx context.Context, c *call) (response, error) {
	catalog := id[entitlement.CatalogID](c, "catalogId")
	if _, err := c.deps.Catalogs.Catalog(ctx, c.by.Caller, catalog); err != nil {
		return response{}, err
	}
	read := func(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.AccessPackage], error) {
		return c.deps.Catalogs.PackagesOf(ctx, c.by.Caller, catalog, page)
	}
	return list(ctx, c, c.packageKind(), viewed(read, views.OfPackages))
}

// scopedOrigin is the scope of a resource, and the kind of target that it is of.
type scopedOrigin struct {
	entitlement.ResourceScope
	origin string
}

func resourceScopes() entityType[scopedOrigin] {
	return entityType[scopedOrigin]{set: emSet + "resourceScopes", navigation: noNavigation,
		mapper: func(s scopedOrigin) object { return mapScope(s.ResourceScope, s.origin) }}
}

func listResourceScopes(ctx context.Context, c *call) (response, error) {
	read, err := resourcesOf(ctx, c)
	if err != nil {
		return response{}, err
	}
	return list(ctx, c, resourceScopes(), viewed(read, func(resources []entitlement.Resource) []scopedOrigin {
		scopes := make([]scopedOrigin, len(resources))
		for i, r := range resources {
			scopes[i] = scopedOrigin{r.Scope, r.OriginSystem}
		}
		return scopes
	}))
}

func getResource(ctx context.Context, c *call) (response, error) {
	r, err := c.deps.Catalogs.FindResource(ctx, c.by.Caller, id[entitlement.CatalogID](c, "catalogId"), id[entitlement.ResourceID](c, "resourceId"), "", "")
	if err != nil {
		return response{}, err
	}
	return entity(ctx, c, c.resourceKind(), viewOf(r, views.OfResources))
}

func listAllResources(ctx context.Context, c *call) (response, error) {
	return list(ctx, c, c.resourceKind(), viewed(asCaller(c, c.deps.Catalogs.AllResources), views.OfResources))
}

func listAllRoleScopes(ctx context.Context, c *call) (response, error) {
	read := asCaller(c, c.deps.Catalogs.AllScopes)
	return list(ctx, c, c.roleScopes(), func(ctx context.Context, page entitlement.Page) (entitlement.Paged[*views.RoleScope], error) {
		got, err := read(ctx, page)
		out := entitlement.Paged[*views.RoleScope]{Next: got.Next, Unread: got.Unread}
		for _, scope := range got.Items {
			out.Items = append(out.Items, views.OfRoleScopes([]entitlement.ResourceRoleScope{scope.ResourceRoleScope}, scope.Catalog)...)
		}
		return out, err
	})
}

// policyInPath reads the policy that the path names.
func policyInPath(ctx context.Context, c *call) (entitlement.AssignmentPolicy, error) {
	return c.deps.Catalogs.Policy(ctx, c.by.Caller, id[entitlement.PolicyID](c, "policyId"))
}

func getPolicyPackage(ctx context.Context, c *call) (response, error) {
	policy, err := policyInPath(ctx, c)
	if err != nil {
		return response{}, err
	}
	p, err := c.deps.Catalogs.Package(ctx, c.by.Caller, policy.Package)
	if err != nil {
		return response{}, err
	}
	return entity(ctx, c, c.packageKind(), viewOf(p, views.OfPackages))
}

func getPolicyCatalog(ctx context.Context, c *call) (response, error) {
	policy, err := policyInPath(ctx, c)
	if err != nil {
		return response{}, err
	}
	return catalogNamed(ctx, c, policy.Catalog)
}

// questionType is the entity type of what a policy asks, of which the policy's tree carries
// all that there is.
func questionType() entityType[object] {
	return entityType[object]{set: emSet + "assignmentPolicies/questions", navigation: noNavigation, mapper: func(o object) object { return o },
		example: object{"id": "", "text": "", "localizations": []any{}, "sequence": 0, "isRequired": false, "isAnswerEditable": false,
			"isSingleLineQuestion": false, "regexPattern": nil, "isMultipleSelectionAllowed": false, "choices": []any{}}}
}

func listQuestions(ctx context.Context, c *call) (response, error) {
	policy, err := policyInPath(ctx, c)
	if err != nil {
		return response{}, err
	}
	tree := mapPolicy(viewOf(policy, views.OfPolicies))
	return list(ctx, c, questionType(), sliced(expanded(tree["questions"], navigationProperty{within: true}), nil))
}

func subjects() entityType[*entitlement.User] {
	return entityType[*entitlement.User]{set: emSet + "subjects", mapper: mapSubject, navigation: noNavigation, example: &entitlement.User{}}
}

// assignmentWith reads the assignment that the path names, with one thing that it names.
func assignmentWith(ctx context.Context, c *call, join views.Join) (*views.Assignment, error) {
	a, err := c.deps.Requests.Assignment(ctx, c.by.Caller, id[entitlement.AssignmentID](c, "assignmentId"))
	if err != nil {
		return nil, err
	}
	shown := views.OfAssignments([]entitlement.Assignment{a})
	return shown[0], c.deps.Views.Assignments(ctx, c.by.Caller, shown, views.With{join: nil})
}

// named1 answers with what something names, or that it is not there any more.
func named1[T any](ctx context.Context, c *call, k entityType[*T], found *T) (response, error) {
	if found == nil {
		return response{}, entitlement.Errorf(entitlement.NotFound, "What this names is not there any more.")
	}
	return entity(ctx, c, k, found)
}

func getAssignmentTarget(ctx context.Context, c *call) (response, error) {
	a, err := assignmentWith(ctx, c, views.JoinTarget)
	if err != nil {
		return response{}, err
	}
	return named1(ctx, c, subjects(), a.Subject)
}

func getAssignmentPackage(ctx context.Context, c *call) (response, error) {
	a, err := assignmentWith(ctx, c, views.JoinPackage)
	if err != nil {
		return response{}, err
	}
	return named1(ctx, c, c.packageKind(), a.Package)
}

func getAssignmentPolicy(ctx context.Context, c *call) (response, error) {
	a, err := assignmentWith(ctx, c, views.JoinPolicy)
	if err != nil {
		return response{}, err
	}
	return named1(ctx, c, c.policyKind(), a.Policy)
}

// requestWith reads the request that the path names, with one thing that it names.
func requestWith(ctx context.Context, c *call, join views.Join) (*views.Request, error) {
	r, err := c.deps.Requests.Request(ctx, c.by.Caller, id[entitlement.RequestID](c, "assignmentRequestId"))
	if err != nil {
		return nil, err
	}
	shown := views.OfRequests([]entitlement.AssignmentRequest{r})
	return shown[0], c.deps.Views.Requests(ctx, c.by.Caller, shown, views.With{join: nil})
}

func getRequestPackage(ctx context.Context, c *call) (response, error) {
	r, err := requestWith(ctx, c, views.JoinPackage)
	if err != nil {
		return response{}, err
	}
	return named1(ctx, c, c.packageKind(), r.Package)
}

func getRequestor(ctx context.Context, c *call) (response, error) {
	r, err := requestWith(ctx, c, views.JoinRequestor)
	if err != nil {
		return response{}, err
	}
	return named1(ctx, c, subjects(), r.Requestor)
}

func getRequestAssignment(ctx context.Context, c *call) (response, error) {
	r, err := requestWith(ctx, c, views.JoinAssignment)
	if err != nil {
		return response{}, err
	}
	return named1(ctx, c, c.assignments(), r.Assignment)
}
