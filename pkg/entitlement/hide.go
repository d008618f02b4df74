package entitlement

import "time"

// Hide takes the record of a request off every list, once nothing comes of the request any
// more (R126). What it made stays, and so do its events, which the record is the anchor of
// (R125). made is the assignment that an add request made, as it stands; nil where there is
// none, and then nothing is read of slot.
func Hide(r AssignmentRequest, made *Assignment, slot AssignmentSlot, by Actor, now time.Time) (Change, error) {
	live := slot.Assignment != nil && made != nil && slot.Assignment.ID == made.ID
	if err := r.hideable(live); err != nil {
		return Change{}, err
	}
	r.Hidden = now
	e := Event{Aggregate: OfRequest, ID: string(r.ID), Kind: "recordHidden", Actor: by.ID, Command: by.Command, AllowedBy: by.AllowedBy, At: now}
	if made == nil {
		r.Chain, e = r.Chain.Append(e)
		return Change{Requests: []AssignmentRequest{r}, Events: []Event{e}}, nil
	}

	// The assignment continues the chain of the request that made it.
	a := *made
	a.Chain, e = a.Chain.Append(e)
	c := Change{Requests: []AssignmentRequest{r}, Events: []Event{e}}
	if !live {
		c.Ended = []Assignment{a}
		return c, nil
	}
	slot.Assignment = &a
	c.Slots = []AssignmentSlot{slot}
	return c, nil
}

// hideable refuses a request of which something may still come: one that is open, and one
// whose delivery can be tried again, since its assignment is there.
func (r AssignmentRequest) hideable(live bool) error {
	switch r.State {
	case RequestDelivered, RequestDenied, RequestCanceled:
		return nil
	case RequestDeliveryFailed, RequestPartiallyDelivered:
		if !live {
			return nil
		}
		return Errorf(Conflict, "The request was not delivered whole, and its assignment is there: end the assignment first, or have the request reprocessed.")
	default:
		return Errorf(Conflict, "Only a request that is denied or completed can be deleted; this one is %s. Cancel it, or wait for its end.", r.State)
	}
}

// Gone reports a request whose record was hidden: whoever names it is answered as if there
// were none.
func (r AssignmentRequest) Gone() bool { return !r.Hidden.IsZero() }
