package catalogs

// Inactive is something that is kept and shown, and that nothing acts upon yet.
type Inactive struct{ What, Means string }

// Inactives are all of it. The README says the same.
var Inactives = []Inactive{
	{"settings.externalUserLifecycleAction", "External users are neither blocked nor deleted after their last assignment."},
	{"settings.durationUntilExternalUserDeletedAfterBlocked", "No external user is deleted."},
	{"subjects.subjectLifecycle", "Whether a guest is governed changes nothing yet."},
	{"assignmentPolicies.allowedTargetScope", "Under allExternalUsers guests of an unknown organization ask, and no connected organization is proposed."},
	{"assignmentPolicies.customExtensionStageSettings", "Custom extensions are not called. A policy cannot name one that requests would wait for."},
	{"assignmentPolicies.reviewSettings", "No access review is run."},
	{"assignmentPolicies.automaticRequestSettings", "Nothing is assigned or taken away by itself: people ask, and administrators assign."},
	{"assignmentPolicies.notificationSettings", "No mail is sent, whether or not a policy switches it off."},
	{"catalogs.customWorkflowExtensions", "Custom extensions are not called."},
	{"resources.uploadSessions", "Upload sessions take no files, and no access review reads them."},
}
