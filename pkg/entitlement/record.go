package entitlement

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Recorded is one property of an object as events write it. Each kind of object has one
// list of them, none for an object without an id, and a test holds it to say of every field of
// the kind that it is in there, or why it need not be: so a field that is added later cannot
// be forgotten.
type Recorded struct{ Property, Value string }

// Changed is a property that a change gave another value (R245). An empty Before or After
// is one that there was not, or is not any more.
type Changed struct {
	Property string
	Before   string `json:",omitempty"`
	After    string `json:",omitempty"`
}

// Differences returns what differs between two lists, in the order of the second. What is
// made differs from nothing at all, and so does what goes.
func Differences(before, after []Recorded) []Changed {
	var all []Changed

	value := func(list []Recorded, property string) string {
		i := slices.IndexFunc(list, func(r Recorded) bool { return r.Property == property })
		if i < 0 {
			return ""
		}
		return list[i].Value
	}

	for _, r := range after {
		if was := value(before, r.Property); was != r.Value {
			all = append(all, Changed{r.Property, was, r.Value})
		}
	}

	// What is only in the first was taken away.
	for _, r := range before {
		if r.Value != "" && !slices.ContainsFunc(after, func(now Recorded) bool { return now.Property == r.Property }) {
			all = append(all, Changed{Property: r.Property, Before: r.Value})
		}
	}

	return all
}

// Recorded lists what events say of a catalog.
func (c Catalog) Recorded() []Recorded {
	if c.ID == "" {
		return nil
	}
	return []Recorded{
		{"displayName", c.DisplayName}, {"description", c.Description},
		{"published", yes(c.Published)}, {"isExternallyVisible", yes(c.ExternallyVisible)},
	}
}

// Recorded lists what events say of a package. Its policies, roles and incompatible packages
// have events of their own: one for each that comes or goes.
func (p AccessPackage) Recorded() []Recorded {
	if p.ID == "" {
		return nil
	}
	return []Recorded{{"displayName", p.DisplayName}, {"description", p.Description}, {"isHidden", yes(p.Hidden)}, {"catalog", string(p.Catalog)}}
}

// Recorded lists what events say of a group.
func (g Group) Recorded() []Recorded {
	if g.ID == "" {
		return nil
	}
	return append([]Recorded{{"displayName", g.DisplayName}, {"description", g.Description}, {"mailNickname", g.MailNickname}}, g.GroupSort.Recorded()...)
}

// Recorded lists what events say of a connector. Of its credential they say that it is
// another one, by its number, and nothing else (T15).
func (c ConnectorConfig) Recorded() []Recorded {
	if c.ID == "" {
		return nil
	}
	list := []Recorded{
		{"displayName", c.DisplayName}, {"kind", c.Kind}, {"url", c.URL}, {"correlationKeys", strings.Join(c.CorrelationKeys, ", ")},
		{"resourceManagers", inWords(c.ResourceManagers)}, {"credential", numbered(c.Credential)},
		{"roleValues", strings.Join(c.RoleValues, ", ")}, {"entitlementValues", strings.Join(c.EntitlementValues, ", ")},
	}
	list = append(list, Recorded{"isPaused", yes(c.Paused)})
	for _, s := range ConnectorSettings {
		list = append(list, Recorded{s.Name, s.Of(c)})
	}
	return list
}

// Recorded lists what events say of a policy: every property, stage by stage.
func (p AssignmentPolicy) Recorded() []Recorded {
	if p.ID == "" {
		return nil
	}

	list := []Recorded{
		{"displayName", p.DisplayName}, {"description", p.Description}, {"accessPackage", string(p.Package)},
		{"allowedTargetScope", string(p.Scope)}, {"specificAllowedTargets", sets(p.Targets)}, {"expiration", p.Expiration.recorded()},
		{"enableTargetsToSelfAddAccess", yes(p.Requestor.SelfAdd)}, {"enableTargetsToSelfUpdateAccess", yes(p.Requestor.SelfUpdate)},
		{"enableTargetsToSelfRemoveAccess", yes(p.Requestor.SelfRemove)}, {"allowCustomAssignmentSchedule", yes(p.Requestor.CustomSchedule)},
		{"enableOnBehalfRequestorsToAddAccess", yes(p.Requestor.OnBehalfAdd)}, {"enableOnBehalfRequestorsToUpdateAccess", yes(p.Requestor.OnBehalfUpdate)},
		{"enableOnBehalfRequestorsToRemoveAccess", yes(p.Requestor.OnBehalfRemove)}, {"onBehalfRequestors", sets(p.Requestor.OnBehalf)},
		{"isApprovalRequiredForAdd", yes(p.Approval.RequiredForAdd)}, {"isApprovalRequiredForUpdate", yes(p.Approval.RequiredForUpdate)},
		{"isRequestorJustificationRequired", yes(p.Approval.RequestorJustification)},
		{"customExtensionStageSettings", stagesRecorded(p.Extensions)},
	}

	list = append(list, Recorded{"isAssignmentNotificationDisabled", yes(p.Quiet)})
	list = slices.Concat(list, p.Review.recorded(), p.Automatic.recorded())
	for i, q := range p.Questions {
		list = append(list, Recorded{fmt.Sprintf("questions.%d", i+1), q.recorded()})
	}
	for i, s := range p.Approval.Stages {
		list = append(list, s.recorded(fmt.Sprintf("stages.%d.", i+1))...)
	}
	return list
}

func (s ApprovalStage) recorded(prefix string) []Recorded {
	return []Recorded{
		{prefix + "durationBeforeAutomaticDenial", FormatDuration(s.limit())}, {prefix + "isApproverJustificationRequired", yes(s.ApproverJustification)},
		{prefix + "isEscalationEnabled", yes(s.Escalation)}, {prefix + "durationBeforeEscalation", lasting(s.EscalateAfter)},
		{prefix + "approverInformationVisibility", string(s.Visibility)},
		{prefix + "primaryApprovers", sets(s.Primary)}, {prefix + "fallbackPrimaryApprovers", sets(s.Fallback)},
		{prefix + "escalationApprovers", sets(s.Alternates)}, {prefix + "fallbackEscalationApprovers", sets(s.FallbackAlternates)},
	}
}

func (e Expiration) recorded() string {
	text := string(e.Type)
	if e.Duration != 0 {
		text += " " + FormatDuration(e.Duration)
	}
	if !e.End.IsZero() {
		text += " " + e.End.UTC().Format(time.RFC3339Nano)
	}
	return text
}

// sets writes subject sets as kind and id.
func sets(all []SubjectSet) string {
	words := make([]string, len(all))
	for i, s := range all {
		words[i] = strings.TrimSpace(string(s.Kind) + " " + s.ID)
	}
	return strings.Join(words, ", ")
}

func inWords[T ~string](all []T) string {
	words := make([]string, len(all))
	for i, v := range all {
		words[i] = string(v)
	}
	return strings.Join(words, ", ")
}

func yes(holds bool) string { return strconv.FormatBool(holds) }

func numbered(n int64) string {
	if n == 0 {
		return ""
	}
	return "number " + strconv.FormatInt(n, 10)
}

func lasting(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return FormatDuration(d)
}
