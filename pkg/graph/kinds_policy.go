package graph

import (
	"time"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/views"
)

// typePrefix stands before the name of a type in @odata.type.
const typePrefix = "#microsoft.graph."

func (c *call) policyKind() kind[*views.Policy] {
	return kind[*views.Policy]{set: emSet + "assignmentPolicies", shape: shapePolicy, links: policyLinks, load: c.deps.Views.Policies, example: &views.Policy{}}
}

func policyLinks() map[string]link {
	return map[string]link{
		"accessPackage":                {action: authz.ListPackages, links: packageLinks},
		"catalog":                      {action: authz.ReadCatalog, links: catalogLinks},
		"questions":                    {many: true, within: true, action: authz.ReadPolicy, links: noLinks},
		"customExtensionStageSettings": {many: true, within: true, action: authz.ReadPolicy, links: noLinks},
	}
}

func shapePolicy(p *views.Policy) object {
	return object{
		"id": string(p.ID), "displayName": text(p.DisplayName), "description": p.Description,
		"allowedTargetScope": string(p.Scope), "specificAllowedTargets": objects(p.Targets, shapeSet),
		"expiration":              shapeExpiration(p.Expiration),
		"requestorSettings":       shapeRequestorSettings(p.Requestor),
		"requestApprovalSettings": shapeApprovalSettings(p.Approval),
		"reviewSettings":          nil, "automaticRequestSettings": nil,
		"notificationSettings": object{"isAssignmentNotificationDisabled": false},
		"createdDateTime":      instant(p.Created), "modifiedDateTime": instant(p.Modified),
		"accessPackage": one(p.Package, shapePackage, reference(p.AssignmentPolicy.Package)),
		"catalog":       one(p.Catalog, shapeCatalog, reference(p.AssignmentPolicy.Catalog)),
		"questions":     hidden{[]any{}}, "customExtensionStageSettings": hidden{[]any{}},
	}
}

func shapeRequestorSettings(s entitlement.RequestorSettings) object {
	return object{
		"enableTargetsToSelfAddAccess": s.SelfAdd, "enableTargetsToSelfUpdateAccess": s.SelfUpdate, "enableTargetsToSelfRemoveAccess": s.SelfRemove,
		"allowCustomAssignmentSchedule": s.CustomSchedule, "enableOnBehalfRequestorsToAddAccess": false,
		"enableOnBehalfRequestorsToUpdateAccess": false, "enableOnBehalfRequestorsToRemoveAccess": false, "onBehalfRequestors": []any{},
	}
}

func shapeApprovalSettings(a entitlement.ApprovalSettings) object {
	return object{
		"isApprovalRequiredForAdd": a.RequiredForAdd, "isApprovalRequiredForUpdate": a.RequiredForUpdate,
		"isRequestorJustificationRequired": a.RequestorJustification, "stages": objects(a.Stages, shapePolicyStage),
	}
}

func shapePolicyStage(s entitlement.ApprovalStage) object {
	limit := s.TimeLimit
	if limit == 0 {
		limit = entitlement.DefaultTimeLimit
	}
	return object{
		"durationBeforeAutomaticDenial": entitlement.FormatDuration(limit), "isApproverJustificationRequired": s.ApproverJustification,
		"isEscalationEnabled": s.Escalation, "durationBeforeEscalation": entitlement.FormatDuration(s.EscalateAfter),
		"primaryApprovers": objects(s.Primary, shapeSet), "fallbackPrimaryApprovers": objects(s.Fallback, shapeSet),
		"escalationApprovers": objects(s.Alternates, shapeSet), "fallbackEscalationApprovers": objects(s.FallbackAlternates, shapeSet),
		"approverInformationVisibility": "default",
	}
}

func shapeSet(s entitlement.SubjectSet) object {
	o := object{"@odata.type": typePrefix + string(s.Kind), "description": text(s.Description)}
	switch s.Kind {
	case entitlement.SingleUser:
		o["userId"] = s.ID
	case entitlement.GroupMembers:
		o["groupId"] = s.ID
	case entitlement.RequestorManager:
		delete(o, "description")
		o["managerLevel"] = 1
	}
	return o
}

// shapeRequirement says what a request through a policy needs (R38).
func shapeRequirement(p entitlement.AssignmentPolicy) object {
	return object{
		"policyId": string(p.ID), "policyDisplayName": text(p.DisplayName), "policyDescription": text(p.Description),
		"isApprovalRequiredForAdd": p.Approval.RequiredForAdd, "isApprovalRequiredForUpdate": p.Approval.RequiredForUpdate,
		"isRequestorJustificationRequired": p.Approval.RequestorJustification, "allowCustomAssignmentSchedule": p.Requestor.CustomSchedule,
		"questions": []any{}, "schedule": shapeSchedule(time.Time{}, p.Expiration),
	}
}
