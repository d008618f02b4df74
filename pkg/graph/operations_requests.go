package graph

import "leasehold/pkg/authz"

const (
	packagePath  = em + "/accessPackages"
	requestPath  = em + "/assignmentRequests"
	heldPath     = em + "/assignments"
	approvalPath = em + "/accessPackageAssignmentApprovals"
)

// requestOperations are asking for packages, and what one may ask for.
var requestOperations = []operation{
	{method: "GET", path: packagePath + "/{accessPackageId}", action: authz.ReadPackage, serve: getPackage},
	{method: "GET", path: packagePath + "/filterByCurrentUser(on='{on:text}')", action: authz.ListRequestablePackages, serve: listMyPackages},
	{method: "POST", path: packagePath + "/{accessPackageId}/getApplicablePolicyRequirements", action: authz.ReadRequirements, serve: listRequirements},

	{method: "GET", path: requestPath, action: authz.ListRequests, serve: listRequests},
	{method: "POST", path: requestPath, action: authz.RequestForSelf, also: []authz.Action{authz.RequestOnBehalf, authz.AssignDirectly, authz.ExtendOwn, authz.ExtendDirectly, authz.RemoveOwn, authz.RemoveDirectly}, callerReadByUseCase: true, serve: createRequest},
	{method: "GET", path: requestPath + "/filterByCurrentUser(on='{on:text}')", action: authz.ListOwnRequests, also: []authz.Action{authz.ListOwnApprovals, authz.ListReports}, serve: listMyRequests},
	{method: "GET", path: requestPath + "/{assignmentRequestId}", action: authz.ReadRequest, serve: getRequest},
	{method: "POST", path: requestPath + "/{assignmentRequestId}/cancel", action: authz.CancelRequest, callerReadByUseCase: true, serve: cancelRequest},
}

// Of a request, who made it is ours to say: Graph has no word for it.
var requestedOperations = []operation{
	{method: "GET", path: ours + "/assignmentRequests/{assignmentRequestId}", action: authz.ReadRequest, serve: getRequestDetails},
	{method: "PATCH", path: ours + "/assignmentRequests/{assignmentRequestId}", action: authz.DecideRequest, serve: changeAnswers},
}

// assignmentOperations are what is held, and how its delivery stands.
var assignmentOperations = []operation{
	{method: "GET", path: heldPath, action: authz.ListAssignments, serve: listAssignments},
	{method: "GET", path: heldPath + "/filterByCurrentUser(on='{on:text}')", action: authz.ListOwnAssignments, also: []authz.Action{authz.ListReports}, serve: listMyAssignments},
	{method: "GET", path: heldPath + "/{assignmentId}", action: authz.ReadAssignment, serve: getAssignment},
	{method: "GET", path: ours + "/assignments/{assignmentId}/grants", action: authz.ReadAssignment, serve: listGrants},
	{method: "GET", path: accountsPath, action: authz.ListAssignments, serve: listAccounts},
}

// approvalOperations are deciding.
var approvalOperations = []operation{
	{method: "GET", path: approvalPath + "/filterByCurrentUser(on='{on:text}')", action: authz.ListOwnApprovals, serve: listMyApprovals},
	{method: "GET", path: approvalPath + "/{assignmentRequestId}", action: authz.ReadApproval, serve: getApproval},
	{method: "GET", path: approvalPath + "/{assignmentRequestId}/stages", action: authz.ReadApproval, serve: listStages},
	{method: "GET", path: approvalPath + "/{assignmentRequestId}/stages/{stageId}", action: authz.ReadApproval, serve: getStage},
	{method: "PATCH", path: approvalPath + "/{assignmentRequestId}/stages/{stageId}", action: authz.DecideRequest, callerReadByUseCase: true, serve: decide},
}
