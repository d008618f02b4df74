package graph

import (
	"cmp"
	"strings"
	"time"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/views"
)

// typePrefix stands before the name of a type in @odata.type.
const typePrefix = "#microsoft.graph."

func (c *call) policyKind() entityType[*views.Policy] {
	return entityType[*views.Policy]{tagged: true, set: emSet + "assignmentPolicies", mapper: mapPolicy, navigation: policyNavigation, load: c.deps.Views.Policies, example: &views.Policy{},
		named: "displayName", lookups: "id, accessPackage/id, or displayName by eq or startswith"}
}

func policyNavigation() map[string]navigationProperty {
	return map[string]navigationProperty{
		"accessPackage":                {action: authz.ListPackages, sample: samplePackage, navigation: packageNavigation},
		"catalog":                      {action: authz.ReadCatalog, sample: sampleCatalog, navigation: catalogNavigation},
		"questions":                    {many: true, within: true, action: authz.ReadPolicy, navigation: noNavigation},
		"customExtensionStageSettings": {many: true, within: true, action: authz.ReadPolicy, navigation: stageNavigation},
	}
}

func mapPolicy(p *views.Policy) object {
	return object{
		"id": string(p.ID), "displayName": text(p.DisplayName), "description": p.Description,
		"allowedTargetScope": string(p.Scope), "specificAllowedTargets": objects(p.Targets, mapSet),
		"expiration":              mapExpiration(p.Expiration),
		"requestorSettings":       mapRequestorSettings(p.Requestor),
		"requestApprovalSettings": mapApprovalSettings(p.Approval),
		"reviewSettings":          mapReview(p.Review), "automaticRequestSettings": mapAutomatic(p.Automatic),
		"notificationSettings": object{"isAssignmentNotificationDisabled": p.Quiet},
		"createdDateTime":      instant(p.Created), "modifiedDateTime": instant(p.Modified),
		"accessPackage": one(p.Package, mapPackage, reference(p.AssignmentPolicy.Package)),
		"catalog":       one(p.Catalog, mapCatalog, reference(p.AssignmentPolicy.Catalog)),
		"questions":     unexpanded{objects(entitlement.Ordered(p.Questions), mapQuestion)}, "customExtensionStageSettings": unexpanded{stageSettings(p)},
	}
}

func mapRequestorSettings(s entitlement.RequestorSettings) object {
	return object{
		"enableTargetsToSelfAddAccess": s.SelfAdd, "enableTargetsToSelfUpdateAccess": s.SelfUpdate, "enableTargetsToSelfRemoveAccess": s.SelfRemove,
		"allowCustomAssignmentSchedule": s.CustomSchedule, "enableOnBehalfRequestorsToAddAccess": s.OnBehalfAdd,
		"enableOnBehalfRequestorsToUpdateAccess": s.OnBehalfUpdate, "enableOnBehalfRequestorsToRemoveAccess": s.OnBehalfRemove, "onBehalfRequestors": objects(s.OnBehalf, mapSet),
	}
}

func mapApprovalSettings(a entitlement.ApprovalSettings) object {
	return object{
		"isApprovalRequiredForAdd": a.RequiredForAdd, "isApprovalRequiredForUpdate": a.RequiredForUpdate,
		"isRequestorJustificationRequired": a.RequestorJustification, "stages": objects(a.Stages, mapPolicyStage),
	}
}

func mapPolicyStage(s entitlement.ApprovalStage) object {
	limit := s.TimeLimit
	if limit == 0 {
		limit = entitlement.DefaultTimeLimit
	}
	return object{
		"durationBeforeAutomaticDenial": entitlement.FormatDuration(limit), "isApproverJustificationRequired": s.ApproverJustification,
		"isEscalationEnabled": s.Escalation, "durationBeforeEscalation": entitlement.FormatDuration(s.EscalateAfter),
		"primaryApprovers": objects(s.Primary, mapSet), "fallbackPrimaryApprovers": objects(s.Fallback, mapSet),
		"escalationApprovers": objects(s.Alternates, mapSet), "fallbackEscalationApprovers": objects(s.FallbackAlternates, mapSet),
		"approverInformationVisibility": string(cmp.Or(s.Visibility, "default")),
	}
}

func mapSet(s entitlement.SubjectSet) object {
	o := object{"@odata.type": typePrefix + string(s.Kind), "description": text(s.Description)}
	switch s.Kind {
	case entitlement.SingleUser:
		o["userId"] = s.ID
	case entitlement.GroupMembers:
		o["groupId"] = s.ID
	case entitlement.OrganizationMembers:
		o["connectedOrganizationId"] = s.ID
	case entitlement.RequestorManager, entitlement.TargetManager:
		delete(o, "description")
		o["managerLevel"] = 1
	case entitlement.InternalSponsors, entitlement.ExternalSponsors, entitlement.TargetUserSponsors:
		delete(o, "description")
	case entitlement.SecondManager, entitlement.SecondTargetManager:
		delete(o, "description")
		// Graph has one type for both levels, we have a kind for each: the word before the blank
		// is the type.
		kind, _, _ := strings.Cut(string(s.Kind), " ")
		o["@odata.type"], o["managerLevel"] = typePrefix+kind, 2
	}
	return o
}

// mapRequirement says what a request through a policy needs (R38).
func mapRequirement(p entitlement.AssignmentPolicy, languages []string) object {
	return object{
		"policyId": string(p.ID), "policyDisplayName": text(p.DisplayName), "policyDescription": text(p.Description),
		"isApprovalRequiredForAdd": p.Approval.RequiredForAdd, "isApprovalRequiredForUpdate": p.Approval.RequiredForUpdate,
		"isRequestorJustificationRequired": p.Approval.RequestorJustification, "allowCustomAssignmentSchedule": p.Requestor.CustomSchedule,
		"questions": objects(entitlement.Ordered(p.Questions), mapQuestionFor(languages)), "schedule": mapSchedule(time.Time{}, p.Expiration),
	}
}
