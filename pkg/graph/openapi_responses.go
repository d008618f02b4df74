package graph

import (
	"net/http"
	"slices"
	"strings"
)

// nouns say what stands at a path by its last word, and behind a navigation property by its
// name: which schema. A path that ends in an id is one of the list before it.
var nouns = map[string]string{
	"accessPackages": "accessPackage", "accessPackage": "accessPackage", "incompatibleAccessPackages": "accessPackage", "accessPackagesIncompatibleWith": "accessPackage",
	"availableAccessPackages": "availableAccessPackage", "accessPackageSuggestions": "accessPackageSuggestion",
	"catalogs": "accessPackageCatalog", "catalog": "accessPackageCatalog",
	"assignmentPolicies": "accessPackageAssignmentPolicy", "assignmentPolicy": "accessPackageAssignmentPolicy",
	"questions": "accessPackageQuestion", "customExtensionStageSettings": "customExtensionStageSetting",
	"assignmentRequests": "accessPackageAssignmentRequest", "assignments": "accessPackageAssignment", "assignment": "accessPackageAssignment",
	"accessPackageAssignmentApprovals": "approval", "stages": "approvalStage", "requestor": "accessPackageSubject", "target": "accessPackageSubject",
	"subjects": "accessPackageSubject", "resources": "accessPackageResource", "resourceRoles": "accessPackageResourceRole", "resourceScopes": "accessPackageResourceScope",
	"resourceRoleScopes": "accessPackageResourceRoleScope", "resourceRequests": "accessPackageResourceRequest", "resourceEnvironments": "accessPackageResourceEnvironment",
	"customWorkflowExtensions": "customCalloutExtension", "uploadSessions": "uploadSession", "connectedOrganizations": "connectedOrganization",
	"internalSponsors": "directoryObject", "externalSponsors": "directoryObject", "settings": "entitlementManagementSettings",
	"controlConfigurations": "endUserSettings", "endUserSettings": "endUserSettings", "incompatibleGroups": "group",
	"me": "user", "users": "user", "manager": "directoryObject", "memberOf": "group", "groups": "group", "members": "directoryObject", "owners": "directoryObject",
	"roleDefinitions": "unifiedRoleDefinition", "roleAssignments": "unifiedRoleAssignment",
	"connectors": "connector", "events": "event", "notices": "event", "grants": "grant", "deliveryErrors": "deliveryError", "removals": "removal", "link": "link", "assignmentExports": "export",
	"impactSettings": "impactSettings", "impactChanges": "impactChange", "roleChangeJobs": "roleChangeJob",
	"driftScans": "driftScan", "findings": "driftFinding", "deliverySettings": "deliverySettings",
	"principal": "directoryObject", "roleDefinition": "unifiedRoleDefinition", "customExtension": "customCalloutExtension", "resource": "accessPackageResource",
	"{connectorId}/resources": "targetResource", "leasehold/settings": "inactiveSettings", "leasehold/assignmentRequests": "requestDetails",
	"leasehold/accessPackageAssignmentApprovals": "approvalBackground",
	"home": "home", "insight": "packageInsight", "missingAccessPackages": "missingAccessPackage", "sponsoredOrganizations": "sponsoredOrganization", "people": "sponsoredPerson", "pickableConnectors": "pickableConnector",
	"{userId}/assignments": "sponsoredAssignment", "{userId}/assignmentRequests": "sponsoredRequest",
}

// alone are the words that name one thing and no list.
var alone = []string{"accessPackage", "catalog", "assignmentPolicy", "assignment", "requestor", "target", "subjects", "settings", "endUserSettings", "me", "manager", "link", "impactSettings", "home", "insight", "deliverySettings"}

// expectation is what an operation answers with where all goes well.
type expectation struct {
	status int
	schema string // "" for no body
	many   bool
	media  string // "" for JSON
}

// anything is the schema of an answer that is described by words alone.
const anything = "*"

// special are those of operations that are no reading, making, changing or deleting of what
// stands at their path.
var special = map[string]expectation{
	"GET " + ours + "/openapi.json":                               {status: http.StatusOK, schema: anything},
	"GET " + ours + "/events/{objectKind:text}/{objectId}":        {status: http.StatusOK, schema: "event", many: true},
	"GET " + ours + "/deliveryErrors/{connectorId}/{reason:text}": {status: http.StatusOK, schema: "failure", many: true},
	"GET " + accountsPath:                                         {status: http.StatusOK, schema: "targetAccount", many: true},
	"GET " + roleHoldersPath:                                      {status: http.StatusOK, schema: "roleHolder", many: true},
	"GET " + trialPath:                                            {status: http.StatusOK, schema: "trial"},
	"GET " + exportPath:                                           {status: http.StatusOK, media: csvMedia},
	"POST " + previewPath:                                         {status: http.StatusOK, schema: "impact"},
	"GET " + impactPeoplePath:                                     {status: http.StatusOK, schema: "affectedPerson", many: true},
	"POST " + exportsPath:                                         {status: http.StatusAccepted, schema: "export"},
	"POST " + root + "/$batch":                                    {status: http.StatusOK, schema: anything},
	"POST " + connectorPath + "/check":                            {status: http.StatusOK, schema: "connector"},
	"POST " + ours + "/reprocess":                                 {status: http.StatusOK, schema: anything},
	"POST " + packagePath + "/{accessPackageId}/getApplicablePolicyRequirements": {status: http.StatusOK, schema: "requirements", many: true},
	"POST " + adoptPath:         {status: http.StatusCreated, schema: "accessPackageAssignmentRequest"},
	"PATCH " + organizationPath: {status: http.StatusAccepted, schema: "connectedOrganization"},
	"PATCH " + endUserPath:      {status: http.StatusOK, schema: "endUserSettings"},
}

// startsJobs are operations that answer with a job, and 202, where more people hold a package than
// one call looks at.
var startsJobs = []string{"POST " + previewPath, "POST " + ours + "/accessPackages/{accessPackageId}/applyRoleChange", "POST " + impactChangesPath + "/{changeId}/agree"}

// steps are the words for what is done to something, with the status of the answer, which
// has no body.
var steps = map[string]int{"cancel": http.StatusNoContent, "resume": http.StatusNoContent, "moveToCatalog": http.StatusNoContent, "applyRoleChange": http.StatusNoContent, "agree": http.StatusNoContent, "reject": http.StatusNoContent, "reprocess": http.StatusAccepted,
	"close": http.StatusAccepted, "takeAway": http.StatusAccepted, "compareNow": http.StatusAccepted, "refresh": http.StatusOK, "uploadFile": http.StatusNoContent, "$ref": http.StatusNoContent}

// expected says what the operation answers with.
func (op *operation) expected() expectation {
	path, counts := strings.CutSuffix(op.path, "/$count")
	if counts {
		return expectation{status: http.StatusOK, media: "text/plain"}
	}
	if known, ok := special[op.name()]; ok {
		return known
	}
	if status, ok := steps[path[strings.LastIndexByte(path, '/')+1:]]; ok {
		return expectation{status: status}
	}

	noun, many := standsAt(path)
	switch op.method {
	case http.MethodPost:
		return expectation{status: http.StatusCreated, schema: noun}
	case http.MethodPatch, http.MethodDelete:
		return expectation{status: http.StatusNoContent}
	default:
		return expectation{status: http.StatusOK, schema: noun, many: many}
	}
}

// standsAt returns the schema of what stands at a path, and whether it is a list.
func standsAt(path string) (schema string, many bool) {
	words := strings.Split(path, "/")
	last, _, called := strings.Cut(words[len(words)-1], "(")
	_, named := nouns[last]

	// An id, or a function of the list before it: the word that says what it is comes before.
	one := strings.HasPrefix(last, "{")
	if one || called && !named {
		words = words[:len(words)-1]
	}
	last, _, _ = strings.Cut(words[len(words)-1], "(")

	many = !one && !slices.Contains(alone, last)
	if special, ok := nouns[words[len(words)-2]+"/"+last]; ok {
		return special, many
	}
	return nouns[last], many
}

// written are the bodies of operations that take something else than what they answer with,
// by the last word of their path.
var written = map[string]object{
	"$ref":                            objectOf(object{"@odata.id": object{"type": "string"}}, "@odata.id"),
	"moveToCatalog":                   objectOf(object{"catalogId": object{"type": "string", "format": "uuid"}}, "catalogId"),
	"getApplicablePolicyRequirements": objectOf(object{"subject": objectOf(object{"objectId": uuid()})}),
	"check":                           objectOf(object{"userId": uuid()}),
	"adopt":                           objectOf(object{"accessPackageId": uuid(), "assignmentPolicyId": uuid(), "targetId": uuid()}, "accessPackageId", "assignmentPolicyId"),
	"close":                           objectOf(object{"justification": object{"type": "string"}}),
	"leasehold/reprocess": objectOf(object{"connectorId": object{"type": "string", "format": "uuid"}, "reason": object{"type": "string"},
		"after": object{"type": "string"}}, "connectorId", "reason"),
	"resume": objectOf(object{"source": object{"type": "string"}, "type": object{"type": "string"}, "data": object{"type": "object"}}, "type", "data"),
	"$batch": objectOf(object{"requests": object{"type": "array", "maxItems": maxBatch, "items": objectOf(object{"id": object{"type": "string"}, "method": object{"type": "string"},
		"url": object{"type": "string"}, "headers": object{"type": "object"}, "body": object{"type": "object"},
		"dependsOn": object{"type": "array", "items": object{"type": "string"}}}, "id", "method", "url")}}, "requests"),
}

// withoutBody are the steps that take none.
var withoutBody = []string{"cancel", "reprocess", "refresh"}

// also are members that are written and never shown, by schema.
var also = map[string]object{
	"connector": {"credential": object{"type": "string", "writeOnly": true}},
	"group": {"members@odata.bind": object{"type": "array", "writeOnly": true, "items": object{"type": "string"}},
		"owners@odata.bind": object{"type": "array", "writeOnly": true, "items": object{"type": "string"}}},
	"accessPackageResourceRequest": {"resource": objectOf(object{"id": uuid(), "originId": object{"type": "string"}, "originSystem": object{"type": "string"},
		"environment": objectOf(object{"id": uuid()})})},
	"accessPackageAssignmentRequest": {"assignment": objectOf(object{"id": uuid(), "targetId": uuid(), "target": object{"type": "object"}, "accessPackageId": uuid(),
		"assignmentPolicyId": uuid()})},
}

func uuid() object { return object{"type": "string", "format": "uuid"} }

// objectOf is a schema of an object with these properties, some of which must be there.
func objectOf(properties object, required ...string) object {
	o := object{"type": "object", "properties": properties}
	if len(required) > 0 {
		o["required"] = texts(required)
	}
	return o
}

// takes returns the schema of the body that the operation takes; nil where it takes none.
func (op *operation) takes() object {
	if op.method == http.MethodGet || op.method == http.MethodDelete {
		return nil
	}
	words := strings.Split(op.path, "/")
	last := words[len(words)-1]
	for _, word := range []string{words[len(words)-2] + "/" + last, last} {
		if body, ok := written[word]; ok {
			return body
		}
	}
	if slices.Contains(withoutBody, last) {
		return nil
	}
	noun, _ := standsAt(op.path)
	if more, ok := also[noun]; ok {
		return object{"allOf": []any{object{"$ref": "#/components/schemas/" + noun}, objectOf(more)}}
	}
	if noun == "" {
		return object{"type": "object"}
	}
	return object{"$ref": "#/components/schemas/" + noun}
}
