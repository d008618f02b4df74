package entitlement

import "time"

// shortened returns a request with the earlier end that an approver allows it, and what that
// changes. It only ever shortens: more time than was asked for is nobody's to give in a
// decision, and an extension stays one, since taking away what somebody has is not its approver's.
func (r AssignmentRequest) shortened(end time.Time, a *Assignment, now time.Time) (AssignmentRequest, []Changed, error) {
	start := later(r.Start, now)
	asked := r.Expiration.EndFrom(start)

	switch {
	case !end.After(start):
		return r, nil, Errorf(Invalid, "endDateTime must lie after %s, when the access would begin.", start.UTC().Format(time.RFC3339))
	case !isLater(asked, end):
		return r, nil, Errorf(Precondition, "An approval can only shorten: name an end before %s, or leave endDateTime out.", asked.UTC().Format(time.RFC3339))
	case r.Type.Updates() && a != nil && isLater(asked, a.End) && !isLater(end, a.End):
		return r, nil, Errorf(Precondition, "The assignment ends at %s already: name a later end, or deny the extension.", a.End.UTC().Format(time.RFC3339))
	}

	before := r.Expiration
	r.Expiration = Expiration{Type: ExpireAfterDateTime, End: end}
	return r, []Changed{{"expiration", before.recorded(), r.Expiration.recorded()}}, nil
}
