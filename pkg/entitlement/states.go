package entitlement

// RequestState is where an assignment request stands. The values are Graph's.
type RequestState string

// The request states, with who acts next.
const (
	RequestSubmitted          RequestState = "submitted"          // the service
	RequestPendingApproval    RequestState = "pendingApproval"    // an approver
	RequestScheduled          RequestState = "scheduled"          // the clock
	RequestDelivering         RequestState = "delivering"         // the delivery worker
	RequestDelivered          RequestState = "delivered"          // nobody
	RequestPartiallyDelivered RequestState = "partiallyDelivered" // the worker, or an administrator
	RequestDeliveryFailed     RequestState = "deliveryFailed"     // the worker, or an administrator
	RequestDenied             RequestState = "denied"             // nobody
	RequestCanceled           RequestState = "canceled"           // nobody
)

// RequestStates lists them all.
var RequestStates = []RequestState{RequestSubmitted, RequestPendingApproval, RequestScheduled, RequestDelivering,
	RequestDelivered, RequestPartiallyDelivered, RequestDeliveryFailed, RequestDenied, RequestCanceled}

// RequestEvent is something that happens to a request.
type RequestEvent string

// The request events.
const (
	ApprovalRequired RequestEvent = "approvalRequired"
	StageEscalated   RequestEvent = "stageEscalated"
	StageApproved    RequestEvent = "stageApproved" // and another stage follows
	StageDenied      RequestEvent = "stageDenied"
	StageTimedOut    RequestEvent = "stageTimedOut"
	Postponed        RequestEvent = "postponed" // approved or not needed, starts later
	Ready            RequestEvent = "ready"     // approved or not needed, starts now
	RolesDelivered   RequestEvent = "rolesDelivered"
	RolesPartial     RequestEvent = "rolesPartiallyDelivered"
	RolesFailed      RequestEvent = "rolesFailed"
	RequestCancel    RequestEvent = "canceled"
	RequestReprocess RequestEvent = "reprocessed"
)

// RequestEvents lists them all.
var RequestEvents = []RequestEvent{ApprovalRequired, StageEscalated, StageApproved, StageDenied, StageTimedOut,
	Postponed, Ready, RolesDelivered, RolesPartial, RolesFailed, RequestCancel, RequestReprocess}

// requestTransitions is behaviour section H as data. What is not listed is refused.
var requestTransitions = map[RequestState]map[RequestEvent]RequestState{
	RequestSubmitted: {
		ApprovalRequired: RequestPendingApproval,
		Postponed:        RequestScheduled,
		Ready:            RequestDelivering,
		RequestCancel:    RequestCanceled,
	},
	RequestPendingApproval: {
		StageEscalated: RequestPendingApproval,
		StageApproved:  RequestPendingApproval,
		StageDenied:    RequestDenied,
		StageTimedOut:  RequestDenied,
		Postponed:      RequestScheduled,
		Ready:          RequestDelivering,
		RequestCancel:  RequestCanceled,
	},
	RequestScheduled: {
		Ready:         RequestDelivering,
		RequestCancel: RequestCanceled,
	},
	RequestDelivering: {
		RolesDelivered: RequestDelivered,
		RolesPartial:   RequestPartiallyDelivered,
		RolesFailed:    RequestDeliveryFailed,
	},
	RequestPartiallyDelivered: {
		RolesDelivered:   RequestDelivered,
		RolesFailed:      RequestDeliveryFailed,
		RequestReprocess: RequestDelivering,
	},
	RequestDeliveryFailed: {
		RolesDelivered:   RequestDelivered,
		RolesPartial:     RequestPartiallyDelivered,
		RequestReprocess: RequestDelivering,
	},
}

// Next returns the state that follows when e happens in s, or Conflict.
func (s RequestState) Next(e RequestEvent) (RequestState, error) {
	if next, ok := requestTransitions[s][e]; ok {
		return next, nil
	}
	return s, Errorf(Conflict, "A request in state %s cannot be %s.", s, e.participle())
}

func (e RequestEvent) participle() string {
	switch e {
	case StageApproved, Ready, Postponed:
		return "approved"
	case StageDenied:
		return "denied"
	case StageTimedOut:
		return "timed out"
	case StageEscalated:
		return "escalated"
	case ApprovalRequired:
		return "sent for approval"
	case RequestCancel:
		return "canceled"
	case RequestReprocess:
		return "reprocessed"
	default:
		return "marked as delivered or failed"
	}
}

// Final reports that no event can move the request any more.
func (s RequestState) Final() bool { return len(requestTransitions[s]) == 0 }

// Open reports that the request still waits to become an assignment.
func (s RequestState) Open() bool {
	return s == RequestSubmitted || s == RequestPendingApproval || s == RequestScheduled
}

// AssignmentState is where an assignment stands. The values are Graph's.
type AssignmentState string

// The assignment states.
const (
	AssignmentDelivering         AssignmentState = "delivering"
	AssignmentPartiallyDelivered AssignmentState = "partiallyDelivered"
	AssignmentDelivered          AssignmentState = "delivered"
	AssignmentDeliveryFailed     AssignmentState = "deliveryFailed"
	AssignmentExpired            AssignmentState = "expired"
)

// AssignmentStates lists them all.
var AssignmentStates = []AssignmentState{AssignmentDelivering, AssignmentPartiallyDelivered, AssignmentDelivered,
	AssignmentDeliveryFailed, AssignmentExpired}

// AssignmentEvent is something that happens to an assignment.
type AssignmentEvent string

// The assignment events.
const (
	AllPresent     AssignmentEvent = "allPresent"     // every role was read back
	SomePresent    AssignmentEvent = "somePresent"    // some roles failed
	NonePresent    AssignmentEvent = "nonePresent"    // no role could be delivered
	PackageChanged AssignmentEvent = "packageChanged" // the package's roles changed
	Reprocessed    AssignmentEvent = "reprocessed"
	RoleLost       AssignmentEvent = "roleLost" // a role that counted as delivered was not there any more
	AssignmentEnds AssignmentEvent = "ends"     // its end passed, or it was removed
)

// AssignmentEvents lists them all.
var AssignmentEvents = []AssignmentEvent{AllPresent, SomePresent, NonePresent, PackageChanged, Reprocessed, RoleLost, AssignmentEnds}

// outcomes are the events that delivery reports; they are allowed in every live state,
// since a target's truth may change either way between two reads.
var outcomes = map[AssignmentEvent]AssignmentState{
	AllPresent:  AssignmentDelivered,
	SomePresent: AssignmentPartiallyDelivered,
	NonePresent: AssignmentDeliveryFailed,
}

// assignmentTransitions is behaviour section H as data. What is not listed is refused.
var assignmentTransitions = map[AssignmentState]map[AssignmentEvent]AssignmentState{
	AssignmentDelivering:         liveTransitions(),
	AssignmentPartiallyDelivered: liveTransitions(),
	AssignmentDelivered:          liveTransitions(),
	AssignmentDeliveryFailed:     liveTransitions(),
	AssignmentExpired:            {},
}

func liveTransitions() map[AssignmentEvent]AssignmentState {
	t := map[AssignmentEvent]AssignmentState{
		PackageChanged: AssignmentDelivering,
		Reprocessed:    AssignmentDelivering,
		RoleLost:       AssignmentDelivering,
		AssignmentEnds: AssignmentExpired,
	}
	for e, s := range outcomes {
		t[e] = s
	}
	return t
}

// Next returns the state that follows when e happens in s, or Conflict.
func (s AssignmentState) Next(e AssignmentEvent) (AssignmentState, error) {
	if next, ok := assignmentTransitions[s][e]; ok {
		return next, nil
	}
	return s, Errorf(Conflict, "The assignment has ended; ask for the package again.")
}

// Live reports a state before the end.
func (s AssignmentState) Live() bool { return s != AssignmentExpired }
