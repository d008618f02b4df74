package portal

import (
	"strings"
	"unicode"
)

// eventWords are what happened, in words, by the kinds of events that people look for most. The
// file and the API have the kinds themselves.
var eventWords = map[string]string{
	"created": "created", "updated": "changed", "deleted": "deleted", "disabled": "disabled", "enabled": "enabled",
	"submitted": "submitted", "approved": "approved", "denied": "denied", "canceled": "canceled", "escalated": "passed on to the alternates", "timedOut": "nobody decided in time",
	"stageApproved": "approved in one stage", "stageDenied": "denied in one stage", "stageEscalated": "passed on to the alternates", "stageTimedOut": "nobody decided in time",
	"reassigned": "given to another approver", "approversAdded": "approvers added", "answersChanged": "answers changed", "scheduled": "begins later", "started": "begun",
	"delivered": "delivered", "partiallyDelivered": "delivered in part", "deliveryFailed": "could not be delivered", "reprocessed": "delivered again", "roleLost": "a role was gone at the target",
	"extended": "extended", "expired": "ended by time", "removed": "ended", "revoked": "roles taken back", "subjectDisabled": "the person was disabled", "removalClosed": "removal closed without proof",
	"roleAssigned": "role given", "roleRemoved": "role taken back", "roleAdded": "role added to the package", "memberAdded": "member added", "memberRemoved": "member removed",
	"resourceAdded": "resource added", "resourceRemoved": "resource removed", "policyAdded": "policy added", "policyRemoved": "policy removed", "policyLoosened": "policy loosened",
	"personalDataErased": "personal data erased", "preferencesChanged": "preferences changed",
}

// happened is what an event says that happened.
func (v *visit) happened(kind string) string {
	if words := eventWords[kind]; words != "" {
		return v.T(words)
	}

	// Any other kind is shown as its words.
	var text strings.Builder
	for _, r := range kind {
		if unicode.IsUpper(r) {
			text.WriteByte(' ')
		}
		text.WriteRune(unicode.ToLower(r))
	}
	return text.String()
}
