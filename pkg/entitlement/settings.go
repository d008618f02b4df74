package entitlement

import "time"

// SettingsObject is what events call the settings of the whole by.
const SettingsObject = "00000000-0000-0000-0000-000000005e77"

// ExternalUserAction says what becomes of a governed external user after the last assignment.
// The values are Graph's.
type ExternalUserAction string

// The actions.
const (
	ExternalUserNone            ExternalUserAction = "none"
	ExternalUserBlock           ExternalUserAction = "blockSignIn"
	ExternalUserBlockAndDelete  ExternalUserAction = "blockSignInAndDelete"
	defaultDeletionAfterBlocked                    = 30 * 24 * time.Hour
)

// InsightLevel says what suggestions tell of the people by whom they came. The values are
// Graph's.
type InsightLevel string

// The levels.
const (
	InsightDisabled InsightLevel = "disabled"
	InsightCount    InsightLevel = "count"
	InsightNames    InsightLevel = "countAndNames"
)

// Settings are those of the whole deployment that the API changes.
type Settings struct {
	ExternalUserAction ExternalUserAction
	DeleteAfterBlocked time.Duration // zero means at once
	EndUsers           EndUserSettings
	Meta
}

// EndUserSettings are what end users see of packages and of each other.
type EndUserSettings struct {
	RelatedPeople InsightLevel
	HideApprovers bool // where a policy leaves it to the whole (R66)
	CreatedBy     UserID
	Created       time.Time
	ModifiedBy    UserID
	Modified      time.Time
}

// DefaultSettings hold until somebody changes them.
func DefaultSettings() Settings {
	return Settings{ExternalUserAction: ExternalUserBlockAndDelete, DeleteAfterBlocked: defaultDeletionAfterBlocked, EndUsers: EndUserSettings{RelatedPeople: InsightDisabled}}
}

// Recorded lists what events say of the settings.
func (s Settings) Recorded() []Recorded {
	return []Recorded{
		{"externalUserLifecycleAction", string(s.ExternalUserAction)}, {"durationUntilExternalUserDeletedAfterBlocked", FormatDuration(s.DeleteAfterBlocked)},
		{"relatedPeopleInsightLevel", string(s.EndUsers.RelatedPeople)}, {"showApproverDetailsToMembers", yes(!s.EndUsers.HideApprovers)},
	}
}
