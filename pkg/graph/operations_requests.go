package graph

const (
	packagePath  = em + "/accessPackages"
	requestPath  = em + "/assignmentRequests"
	heldPath     = em + "/assignments"
	approvalPath = em + "/accessPackageAssignmentApprovals"
)

// requestOperations are asking for packages, and what one may ask for.
var requestOperations = []operation{
	{method: "GET", path: packagePath + "/{accessPackageId}", need: needSubjectRead, role: self, serve: getPackage},
	{method: "GET", path: packagePath + "/filterByCurrentUser(on='{on:text}')", need: needSubjectRead, role: self, delegated: true, serve: listMyPackages},
	{method: "POST", path: packagePath + "/{accessPackageId}/getApplicablePolicyRequirements", need: needSubjectRead, role: self, delegated: true, serve: listRequirements},

	{method: "GET", path: requestPath, need: needRead, serve: listRequests},
	{method: "POST", path: requestPath, need: needSubjectWrite, role: party, serve: createRequest},
	{method: "GET", path: requestPath + "/filterByCurrentUser(on='{on:text}')", need: needSubjectRead, role: self, delegated: true, serve: listMyRequests},
	{method: "GET", path: requestPath + "/{assignmentRequestId}", need: needSubjectRead, role: self, serve: getRequest},
	{method: "POST", path: requestPath + "/{assignmentRequestId}/cancel", need: needSubjectWrite, role: party, delegated: true, serve: cancelRequest},
}

// Of a request, who made it is ours to say: Graph has no word for it.
var askedOperations = []operation{
	{method: "GET", path: ours + "/assignmentRequests/{assignmentRequestId}", need: needSubjectRead, role: self, serve: getAsked},
}

// assignmentOperations are what is held, and how its delivery stands.
var assignmentOperations = []operation{
	{method: "GET", path: heldPath, need: needRead, serve: listAssignments},
	{method: "GET", path: heldPath + "/filterByCurrentUser(on='{on:text}')", need: needSubjectRead, role: self, delegated: true, serve: listMyAssignments},
	{method: "GET", path: heldPath + "/{assignmentId}", need: needSubjectRead, role: self, serve: getAssignment},
	{method: "GET", path: ours + "/assignments/{assignmentId}/grants", need: needSubjectRead, role: self, serve: listGrants},
}

// approvalOperations are deciding.
var approvalOperations = []operation{
	{method: "GET", path: approvalPath + "/filterByCurrentUser(on='{on:text}')", need: needSubjectRead, role: self, delegated: true, serve: listMyApprovals},
	{method: "GET", path: approvalPath + "/{assignmentRequestId}", need: needSubjectRead, role: self, delegated: true, serve: getApproval},
	{method: "GET", path: approvalPath + "/{assignmentRequestId}/stages", need: needSubjectRead, role: self, delegated: true, serve: listStages},
	{method: "GET", path: approvalPath + "/{assignmentRequestId}/stages/{stageId}", need: needSubjectRead, role: self, delegated: true, serve: getStage},
	{method: "PATCH", path: approvalPath + "/{assignmentRequestId}/stages/{stageId}", need: needSubjectWrite, role: party, delegated: true, serve: decide},
}
