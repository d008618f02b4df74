package graph

const (
	anyRole  = "there are as many role definitions as Graph documents, and everybody sees them"
	anyGiven = "administrators see all role assignments"
)

// roleTakings are the operations on delegated roles.
func roleTakings() []taking {
	given := only1("path roleAssignmentId", free("roleAssignment", anyGiven))
	return []taking{
		{op: "GET " + definitionsPath + "/{roleId}", ok: 200, ids: only1("path roleId", free("roleDefinition", anyRole))},
		{op: "GET " + assignmentsPath + "/{roleAssignmentId}", ok: 200, ids: given},
		{op: "POST " + assignmentsPath, ok: 201, body: object{"principalId": "{other}", "roleDefinitionId": "{readerRole}", "appScopeId": "/AccessPackageCatalog/{catalog}"}, ids: map[string]place{
			"body id":                      {ignored: readOnly, wrong: []string{"given"}},
			"body principalId":             {foreign: "a user's or a group's, whichever there is"},
			"body roleDefinitionId":        free("roleDefinition", anyRole),
			"body appScopeId":              free("catalog", anyCatalog).as("/AccessPackageCatalog/*"),
			"body directoryScopeId":        {foreign: "it can only be /"},
			"body principalOrganizationId": {foreign: "whatever stands there is refused"},
		}},
		{op: "DELETE " + assignmentsPath + "/{roleAssignmentId}", ok: 204, ids: given},
	}
}
