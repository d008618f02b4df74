package entitlement

// Codes of the refusals that no approver can lift. An approval that meets one of them has
// its request closed.
const (
	codeIneligible = "subjectNotEligible"
	codeUnchanged  = "nothingChanged"
)

// Closes reports the refusal of an approval with which its request was closed, by the
// service: that much was changed, and is told with the reason.
func Closes(err error) bool {
	return CodeOf(err) == codeIneligible || CodeOf(err) == codeUnchanged
}

// closed ends a request in the name of the service because of a refusal that Closes it:
// denied where its subject may not have it, canceled where it is of no use. What the
// reviewer said is in the event, and decides nothing. It returns the refusal as the
// reviewer is told it.
func closed(r AssignmentRequest, s StartInputs, refusal error, e Event) (AssignmentRequest, Change, error) {
	event, outcome, say := StageDenied, OutcomeIneligible, " The request is denied; it can be made again once that has changed."
	e.Kind = "denied"
	if CodeOf(refusal) == codeUnchanged {
		event, outcome, say = RequestCancel, OutcomeUnchanged, " The request is canceled."
		e.Kind = "canceled"
	}

	// The reviewer let it through, so the denial is not theirs: the actor is the service.
	e.Data = map[string]string{"stage": e.Data["stage"], "reviewer": string(e.Actor), "reason": MessageOf(refusal)}
	e.Actor = Service

	r, c, err := finish(r, event, outcome, s.Slot, e, e.At)
	if err != nil {
		return r, c, err
	}

	return r, c, &Error{Kind: Precondition, Code: CodeOf(refusal), Msg: MessageOf(refusal) + say}
}
