package seed

import "leasehold/localstack/components"

// The policies of the sample packages, in Graph's shapes.

// withoutApproval: everybody may have it for thirty days.
func withoutApproval(*seeding) object {
	return object{
		"allowedTargetScope": "allMemberUsers",
		"requestorSettings":  selfService,
		"expiration":         object{"type": "afterDuration", "duration": "P30D"},
	}
}

// byManager: everybody may ask and gives a reason, the manager decides, and the
// owner does for people who have none.
func byManager(s *seeding) object {
	return object{
		"allowedTargetScope": "allMemberUsers",
		"requestorSettings":  selfService,
		"expiration":         object{"type": "afterDuration", "duration": "P180D"},
		"requestApprovalSettings": approval(object{
			"durationBeforeAutomaticDenial": "P14D",
			"primaryApprovers": []object{
				{"@odata.type": "#microsoft.graph.requestorManager", "managerLevel": 1},
			},
			// Without somebody in the manager's place the request would wait for nobody (R53).
			"fallbackPrimaryApprovers": []object{
				{"@odata.type": "#microsoft.graph.singleUser", "userId": s.people[components.Owner]},
			},
		}),
	}
}

// forEngineers: those who work in engineering have it for as long as they want.
func forEngineers(s *seeding) object {
	return object{
		"allowedTargetScope": "specificDirectoryUsers",
		"specificAllowedTargets": []object{
			{"@odata.type": "#microsoft.graph.groupMembers", "groupId": s.groups[engineersGroup], "description": engineersGroup},
		},
		"requestorSettings": selfService,
		"expiration":        object{"type": "noExpiration"},
	}
}

// byReviewers: everybody may ask, one of a group decides, and a week is the most.
func byReviewers(s *seeding) object {
	return object{
		"allowedTargetScope": "allMemberUsers",
		"requestorSettings":  selfService,
		"expiration":         object{"type": "afterDuration", "duration": "P7D"},
		"requestApprovalSettings": approval(object{
			"durationBeforeAutomaticDenial":   "P2D",
			"isApproverJustificationRequired": true,
			"primaryApprovers": []object{
				{"@odata.type": "#microsoft.graph.groupMembers", "groupId": s.groups[reviewersGroup], "description": reviewersGroup},
			},
		}),
	}
}

var selfService = object{
	"enableTargetsToSelfAddAccess":    true,
	"enableTargetsToSelfRemoveAccess": true,
	"allowCustomAssignmentSchedule":   true,
}

func approval(stage object) object {
	return object{
		"isApprovalRequiredForAdd":         true,
		"isRequestorJustificationRequired": true,
		"stages":                           []object{stage},
	}
}
