package entitlement

import (
	"slices"
	"time"
)

// TargetScope says who may ask through a policy. The values are Graph's.
type TargetScope string

// The scopes that are served. NotSpecified is nobody: administrators assign.
const (
	ScopeNobody        TargetScope = "notSpecified"
	ScopeSpecificUsers TargetScope = "specificDirectoryUsers"
	ScopeAllMembers    TargetScope = "allMemberUsers"
	ScopeAllUsers      TargetScope = "allDirectoryUsers"

	// For people of other organizations, who are guests.
	ScopeSpecificOrganizations TargetScope = "specificConnectedOrganizationUsers"
	ScopeAllOrganizations      TargetScope = "allConfiguredConnectedOrganizationUsers"
	ScopeAllExternal           TargetScope = "allExternalUsers"
)

// SubjectKind is the kind of a subject set.
type SubjectKind string

// The kinds of subject sets that are served, as Graph names them.
const (
	SingleUser       SubjectKind = "singleUser"
	GroupMembers     SubjectKind = "groupMembers"
	RequestorManager SubjectKind = "requestorManager"

	// SecondManager is the manager's manager: Graph's requestorManager of managerLevel 2.
	SecondManager SubjectKind = "requestorManager 2"

	// TargetManager and SecondTargetManager are the same people by their other name: that of
	// whom a request is for.
	TargetManager       SubjectKind = "targetManager"
	SecondTargetManager SubjectKind = "targetManager 2"

	// Sponsors of the requestor's connected organization.
	InternalSponsors SubjectKind = "internalSponsors"
	ExternalSponsors SubjectKind = "externalSponsors"

	// TargetUserSponsors are those of whom a request is for: the sponsors of both kinds.
	TargetUserSponsors SubjectKind = "targetUserSponsors"

	OrganizationMembers SubjectKind = "connectedOrganizationMembers"
)

// SubjectSet names people: one user, the members of a group, or a manager of the subject.
type SubjectSet struct {
	Kind        SubjectKind
	ID          string // user, group or connected organization; empty for a manager
	Description string
}

// Has reports that u is in the set; manager is the subject's present manager. Who the
// manager's manager is, the stage that asks for one knows.
func (s SubjectSet) Has(u User, manager UserID) bool {
	switch s.Kind {
	case SingleUser:
		return string(u.ID) == s.ID
	case GroupMembers:
		return u.MemberOf(GroupID(s.ID))
	case RequestorManager, TargetManager:
		return manager != "" && u.ID == manager
	default:
		return false
	}
}

// AssignmentPolicy says who may have a package, who approves, and for how long.
type AssignmentPolicy struct {
	ID          PolicyID
	Package     PackageID
	Catalog     CatalogID
	DisplayName string
	Description string
	Scope       TargetScope
	Targets     []SubjectSet
	Expiration  Expiration
	Requestor   RequestorSettings
	Approval    ApprovalSettings
	Questions   []Question
	Review      ReviewSettings
	Automatic   AutomaticSettings
	Quiet       bool // no mail about assignments
	Extensions  []StageExtension
	Deleting    time.Time // since when it is closed to new work for its deletion; zero means open
	Looked      string    // how far the deletion has looked for who stands in its way
	Created     time.Time
	Modified    time.Time
	Meta
}

// Due returns when the sweep must look at a policy under deletion; zero means never.
func (p AssignmentPolicy) Due() time.Time { return reopenAt(p.Deleting) }

// RequestorSettings says what subjects may do by themselves (R42, R43), and what those may do
// for them whom OnBehalf names (R213).
type RequestorSettings struct {
	SelfAdd        bool
	SelfUpdate     bool
	SelfRemove     bool
	CustomSchedule bool

	OnBehalfAdd    bool
	OnBehalfUpdate bool
	OnBehalfRemove bool
	OnBehalf       []SubjectSet
}

// ApprovalSettings says whether and by whom requests are approved (R44 to R62).
type ApprovalSettings struct {
	RequiredForAdd         bool
	RequiredForUpdate      bool
	RequestorJustification bool
	Stages                 []ApprovalStage
}

// ApproverVisibility says whether requestors see who decides. The values are Graph's.
type ApproverVisibility string

// Empty is default: they see it.
const (
	ApproversVisible ApproverVisibility = "visible"
	ApproversHidden  ApproverVisibility = "notVisible"
)

// ApprovalStage is one stage of a policy.
type ApprovalStage struct {
	Visibility            ApproverVisibility
	TimeLimit             time.Duration // no decision by then denies the request (R50)
	ApproverJustification bool
	Escalation            bool
	EscalateAfter         time.Duration
	Primary               []SubjectSet
	Fallback              []SubjectSet // when a manager cannot be found (R52)
	Alternates            []SubjectSet // also asked once escalated (R60)
	FallbackAlternates    []SubjectSet
}

// DefaultTimeLimit applies where a stage names none; it is the original's default.
const DefaultTimeLimit = 14 * 24 * time.Hour

// Bounds of one policy (S21, R256).
const (
	MaxStages    = 3
	MaxApprovers = 25
	MaxTargets   = 500

	MaxOrganizations = 1000
)

// Check refuses a policy that contradicts itself, and says all that is wrong with it.
func (p AssignmentPolicy) Check(now time.Time) error {
	faults := []error{p.Expiration.Check(now), CheckStages(p.Extensions), p.checkTargets()}
	return AllFaults(slices.Concat(faults, p.checkOnBehalf(), p.Approval.check(), p.checkSponsors(), p.checkReview())...)
}

// checkSponsors refuses sponsors in a policy for people of the directory, who have none (R54).
func (p AssignmentPolicy) checkSponsors() (faults []error) {
	for i, s := range p.Approval.Stages {
		if !p.ForOutside() && slices.ContainsFunc(s.approvers(), SubjectSet.isSponsor) {
			faults = append(faults, Errorf(Invalid, "stage %d: sponsors approve for people of connected organizations: name them in a policy for these, or name a user, a group or a manager.", i+1))
		}
	}
	return faults
}

func (s SubjectSet) isSponsor() bool {
	return s.Kind == InternalSponsors || s.Kind == ExternalSponsors || s.Kind == TargetUserSponsors
}

// checkTargets refuses targets that do not go with the scope.
func (p AssignmentPolicy) checkTargets() error {
	if p.Scope == ScopeSpecificOrganizations {
		return p.checkOrganizations()
	}

	switch p.Scope {
	case ScopeNobody, ScopeAllMembers, ScopeAllUsers, ScopeAllOrganizations, ScopeAllExternal:
		if len(p.Targets) > 0 {
			return Errorf(Invalid, "specificAllowedTargets goes with allowedTargetScope specificDirectoryUsers and specificConnectedOrganizationUsers only.")
		}
	case ScopeSpecificUsers:
		if len(p.Targets) == 0 {
			return Errorf(Invalid, "allowedTargetScope specificDirectoryUsers needs at least one entry in specificAllowedTargets.")
		}
	default:
		return Errorf(Invalid, "allowedTargetScope must be one of notSpecified, specificDirectoryUsers, allMemberUsers, allDirectoryUsers, specificConnectedOrganizationUsers, allConfiguredConnectedOrganizationUsers, allExternalUsers.")
	}

	if len(p.Targets) > MaxTargets {
		return Errorf(Invalid, "specificAllowedTargets holds at most %d users and groups.", MaxTargets)
	}

	for _, t := range p.Targets {
		if t.Kind != SingleUser && t.Kind != GroupMembers {
			return Errorf(Invalid, "specificAllowedTargets takes singleUser and groupMembers.")
		}
	}

	return nil
}

// checkOrganizations refuses targets of a policy for connected organizations that are none: a
// policy is for people inside or outside, and never for both (R30).
func (p AssignmentPolicy) checkOrganizations() error {
	switch {
	case len(p.Targets) == 0:
		return Errorf(Invalid, "allowedTargetScope specificConnectedOrganizationUsers needs at least one entry in specificAllowedTargets.")
	case len(p.Targets) > MaxOrganizations:
		return Errorf(Invalid, "specificAllowedTargets holds at most %d connected organizations.", MaxOrganizations)
	case slices.ContainsFunc(p.Targets, func(s SubjectSet) bool { return s.Kind != OrganizationMembers }):
		return Errorf(Invalid, "specificAllowedTargets takes connectedOrganizationMembers only, with allowedTargetScope specificConnectedOrganizationUsers.")
	}
	return nil
}

// check returns all that is wrong with approval, of each stage the first thing.
func (a ApprovalSettings) check() (faults []error) {
	if (a.RequiredForAdd || a.RequiredForUpdate) && len(a.Stages) == 0 {
		faults = append(faults, Errorf(Invalid, "requestApprovalSettings: approval is required, so stages must hold at least one stage."))
	}
	if len(a.Stages) > MaxStages {
		return append(faults, Errorf(Invalid, "requestApprovalSettings: at most %d stages.", MaxStages))
	}
	for i, s := range a.Stages {
		faults = append(faults, s.check(i+1))
	}
	return faults
}

func (s ApprovalStage) check(number int) error {
	all := slices.Concat(s.Primary, s.Fallback, s.Alternates, s.FallbackAlternates)
	if len(s.Primary) == 0 {
		return Errorf(Invalid, "stage %d: primaryApprovers must not be empty.", number)
	}

	if len(all) > MaxApprovers {
		return Errorf(Invalid, "stage %d: at most %d approvers.", number, MaxApprovers)
	}

	if slices.ContainsFunc(all, func(s SubjectSet) bool { return s.Kind == OrganizationMembers }) {
		return Errorf(Invalid, "stage %d: an approver must be a user, a group or a manager.", number)
	}
	isManager := SubjectSet.isManager
	if found := slices.Concat(s.Fallback, s.FallbackAlternates); slices.ContainsFunc(found, isManager) || slices.ContainsFunc(found, SubjectSet.isSponsor) {
		return Errorf(Invalid, "stage %d: a fallback approver must be a user or a group.", number)
	}

	if slices.ContainsFunc(s.Primary, isManager) && len(s.Fallback) == 0 {
		return Errorf(Invalid, "stage %d: requestorManager needs at least one entry in fallbackPrimaryApprovers, for people without a manager.", number) // R53
	}
	if slices.ContainsFunc(s.Primary, SubjectSet.isSponsor) && len(s.Fallback) == 0 {
		return Errorf(Invalid, "stage %d: sponsors need at least one entry in fallbackPrimaryApprovers, for organizations without one.", number) // R53
	}
	if slices.ContainsFunc(s.Alternates, SubjectSet.isSponsor) && len(s.FallbackAlternates) == 0 {
		return Errorf(Invalid, "stage %d: sponsors need at least one entry in fallbackEscalationApprovers, for organizations without one.", number)
	}
	if slices.ContainsFunc(s.Alternates, isManager) && len(s.FallbackAlternates) == 0 {
		return Errorf(Invalid, "stage %d: requestorManager needs at least one entry in fallbackEscalationApprovers, for people without a manager.", number) // R62
	}

	if s.TimeLimit < 0 || s.TimeLimit > MaxDuration {
		return Errorf(Invalid, "stage %d: durationBeforeAutomaticDenial must lie between PT1M and P3660D.", number)
	}
	if s.Escalation && (len(s.Alternates) == 0 || s.EscalateAfter < MinDuration || s.EscalateAfter >= s.limit()) {
		return Errorf(Invalid, "stage %d: escalation needs escalationApprovers and a durationBeforeEscalation shorter than durationBeforeAutomaticDenial.", number)
	}

	return nil
}

func (s ApprovalStage) limit() time.Duration {
	if s.TimeLimit == 0 {
		return DefaultTimeLimit
	}
	return s.TimeLimit
}

// InScope reports that u is one of those the policy is for; of is the connected organization
// that u belongs to, where the policy is for people outside.
func (p AssignmentPolicy) InScope(u User, of *ConnectedOrganization) bool {
	return admits(p.Scope, p.Targets, u, of)
}

// admits reports that u is one of those that a scope with its targets is for.
func admits(scope TargetScope, targets []SubjectSet, u User, of *ConnectedOrganization) bool {
	switch scope {
	case ScopeAllMembers:
		return u.Type == Member
	case ScopeAllUsers:
		return true
	case ScopeSpecificUsers:
		return slices.ContainsFunc(targets, func(s SubjectSet) bool { return s.Has(u, "") })
	default:
		return admitsGuest(scope, targets, u, of)
	}
}

// targetsOf returns those of the policy's targets that u, of the organization, is in or can
// come to be in.
func (p AssignmentPolicy) targetsOf(u UserID, of *ConnectedOrganization) []SubjectSet {
	var all []SubjectSet
	for _, s := range p.Targets {
		if s.Kind == OrganizationMembers && (of == nil || s.ID != string(of.ID)) {
			continue // there may be a thousand of them
		}
		if s.Kind != SingleUser || s.ID == string(u) {
			all = append(all, SubjectSet{Kind: s.Kind, ID: s.ID})
		}
	}
	return all
}

// MayAsk reports that u may ask for the package through this policy (R129, last step).
func (p AssignmentPolicy) MayAsk(u User, of *ConnectedOrganization) bool {
	return u.Enabled && p.Requestor.SelfAdd && p.Scope != ScopeNobody && p.InScope(u, of)
}

// rank orders policies that apply at once (R37); lower ranks hide higher ones.
func (p AssignmentPolicy) rank() int {
	switch p.Scope {
	case ScopeSpecificUsers, ScopeSpecificOrganizations:
		return 1
	case ScopeAllMembers:
		return 2
	case ScopeAllOrganizations, ScopeAllExternal:
		return 4
	default:
		return 3
	}
}

// applicable returns those policies of a package through which somebody may ask, of the best
// rank only (R37).
func applicable(policies []AssignmentPolicy, may func(AssignmentPolicy) bool) []AssignmentPolicy {
	var fit []AssignmentPolicy
	for _, p := range policies {
		if !may(p) {
			continue
		}

		// A better rank than what was found puts those out, for it alone counts.
		if len(fit) > 0 && p.rank() < fit[0].rank() {
			fit = fit[:0]
		}
		if len(fit) == 0 || p.rank() == fit[0].rank() {
			fit = append(fit, p)
		}
	}

	return fit
}

// Choose returns the policy that a request goes through, of all policies of its package:
// the named one where it applies, or the only one that does. None is a Precondition
// (R108), several must be chosen from (R36). What is named and does not apply is answered
// alike whether it is of a lower rank, of another package or not there at all.
func Choose(policies []AssignmentPolicy, named PolicyID, u User, of *ConnectedOrganization) (AssignmentPolicy, error) {
	return choose(policies, named, func(p AssignmentPolicy) bool { return p.MayAsk(u, of) },
		"No policy of this access package lets you ask for it. Ask its catalog owner to assign it to you.")
}

// choose is Choose for whoever may ask through a policy; without says that there is none.
func choose(policies []AssignmentPolicy, named PolicyID, may func(AssignmentPolicy) bool, without string) (AssignmentPolicy, error) {
	none, fit := AssignmentPolicy{}, applicable(policies, may)

	if len(fit) == 0 {
		return none, Errorf(Precondition, "%s", without)
	}

	if named == "" && len(fit) > 1 {
		return none, Errorf(Invalid, "Several policies of this access package apply to you: name one in assignmentPolicyId.")
	}

	if named == "" {
		return fit[0], nil
	}

	// Nothing is said of policies that do not apply: an id must not be found out by asking.
	if i := slices.IndexFunc(fit, func(p AssignmentPolicy) bool { return p.ID == named }); i >= 0 {
		return fit[i], nil
	}
	return none, Errorf(Precondition, "assignmentPolicyId does not name a policy that applies to you: name one of those that getApplicablePolicyRequirements lists, or leave it out.")
}

// deletionGuard is the condition that a request under the policy is committed on. It names the
// policy's own package, so that a request for another one does not have its guard.
func (p AssignmentPolicy) deletionGuard(subject UserID) DeletionGuard {
	return DeletionGuard{Package: p.Package, Policy: p.ID, Subject: subject}
}
