package entitlement

import "time"

// RequestType says what a request asks for. The values are Graph's.
type RequestType string

// The request types that are served.
const (
	UserAdd      RequestType = "userAdd"
	UserUpdate   RequestType = "userUpdate"
	UserRemove   RequestType = "userRemove"
	AdminAdd     RequestType = "adminAdd"
	AdminUpdate  RequestType = "adminUpdate"
	AdminRemove  RequestType = "adminRemove"
	SystemRemove RequestType = "systemRemove"

	// OnBehalfAdd is asked by one person for another, as a policy lets them (R213).
	OnBehalfAdd RequestType = "onBehalfAdd"
)

// Removes reports a request that ends an assignment.
func (t RequestType) Removes() bool {
	return t == UserRemove || t == AdminRemove || t == SystemRemove
}

// Adds reports a request that makes a new assignment.
func (t RequestType) Adds() bool { return t == UserAdd || t == AdminAdd || t == OnBehalfAdd }

// Updates reports a request that moves the end of an assignment.
func (t RequestType) Updates() bool { return t == UserUpdate || t == AdminUpdate }

// Direct reports a request that somebody else makes of a subject: an administrator, or the
// service.
func (t RequestType) Direct() bool {
	return t == AdminAdd || t == AdminUpdate || t == AdminRemove || t == SystemRemove
}

// AssignmentRequest is an ask to add, extend or remove an assignment. The terms it
// was submitted under are copied from the policy, so a later edit of the policy
// changes nothing about it (S6, R86).
type AssignmentRequest struct {
	ID                RequestID
	Type              RequestType
	State             RequestState
	Outcome           string // what ended it where the state alone does not tell: timedOut, subjectDisabled
	Package           PackageID
	Catalog           CatalogID
	Policy            PolicyID
	Scope             TargetScope  // whom the policy was for when the request was made
	Targets           []SubjectSet // and of those that it named: the subject, and groups
	Assignment        AssignmentID // the one that it changes or removes, or makes: then its own id
	Requestor         UserID
	Subject           UserID
	Justification     string
	Answers           []Answer   // to the questions of the policy, as they were when it was made
	RequestedSchedule Schedule   // as the requestor asked
	Start             time.Time  // when the assignment begins; zero means at once
	Expiration        Expiration // when it ends, counted from its start (R80)
	Stages            []Stage
	Stage             int       // index of the running stage
	Due               time.Time // when somebody must look at it next; zero means never
	Created           time.Time
	Completed         time.Time
	Hidden            time.Time // when its record was deleted as far as anybody sees; zero means it was not (R125)
	Fingerprint       string    // of the CommandPayload that made it under a key of its requestor; else ""
	Adopts            RoleRef   // the role that its subject has without us, and that becomes ours with it; zero for none
	Meta
}

// Stage is one approval stage of a request.
type Stage struct {
	ID        string
	Policy    ApprovalStage
	Started   time.Time // zero until the stage before it is approved
	Deadline  time.Time
	Escalated bool
	Approvers []SubjectSet // whom the stage waits for: primaries or fallbacks, and alternates once escalated
	Manager   UserID       // the requestor's manager when the stage started, for the index alone
	Second    UserID       // the manager's manager, where the stage asks for one: as last read
	Decision  *Decision
}

// Decision is a reviewer's word on a stage.
type Decision struct {
	Reviewer      UserID
	Approved      bool
	Justification string
	At            time.Time
}

// AssignmentOf returns the id that an add request gives to its assignment.
func (r AssignmentRequest) AssignmentOf() AssignmentID { return AssignmentID(r.ID) }

// Current returns the running stage, or nil when nothing waits for a decision.
func (r *AssignmentRequest) Current() *Stage {
	if r.State != RequestPendingApproval || r.Stage >= len(r.Stages) {
		return nil
	}
	return &r.Stages[r.Stage]
}

// Status returns Graph's free text beside the state: a word, and after a colon why the
// service ended the request, where it did.
func (r AssignmentRequest) Status() string { return because(r.word(), r.Outcome) }

func (r AssignmentRequest) word() string {
	switch r.State {
	case RequestSubmitted:
		return "Accepted"
	case RequestPendingApproval:
		if s := r.Current(); s != nil && s.Escalated {
			return "PendingApprovalEscalated"
		}
		return "PendingApproval"
	case RequestScheduled:
		return "PendingNotBefore"
	case RequestDelivering:
		return "Delivering"
	case RequestDelivered:
		return "Delivered"
	case RequestPartiallyDelivered:
		return "PartiallyDelivered"
	case RequestDeliveryFailed:
		return "DeliveryFailed"
	case RequestDenied:
		if r.Outcome == OutcomeTimedOut {
			return "Expired"
		}
		return "Denied"
	default:
		return "Canceled"
	}
}

// Outcomes that explain a final state.
const (
	OutcomeTimedOut        = "timedOut"
	OutcomeSubjectDisabled = "subjectDisabled"
	OutcomeEnded           = "assignmentEnded" // an extension that was open when its assignment ended, or a request that was not delivered by then
	OutcomeLapsed          = "lapsed"          // approved for later, and no longer possible then
	OutcomeIneligible      = "ineligible"      // approved at last, for somebody whom the policy is not for any more
	OutcomeUnchanged       = "unchanged"       // an extension that was approved when it had come to change nothing
)

// reasons say of outcomes what people read of them.
var reasons = map[string]string{
	OutcomeSubjectDisabled: "the user was disabled or deleted, and being enabled again brings nothing back",
	OutcomeEnded:           "the assignment ended",
	OutcomeLapsed:          "when it was to begin, it was not possible any more",
	OutcomeIneligible:      "the user is disabled, or no longer one of those whom the policy is for",
	OutcomeUnchanged:       "it would have changed nothing",
}

// because adds to the word of a state the reason that an outcome stands for, if any.
func because(word, outcome string) string {
	if why := reasons[outcome]; why != "" {
		return word + ": " + why
	}
	return word
}
