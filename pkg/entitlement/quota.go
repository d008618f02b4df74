package entitlement

import "time"

// Quotas of one person (A17, S21). What an administrator assigns is held to none of them.
const (
	MaxOpen     = 50        // open requests at once
	MaxSetbacks = 3         // requests for one package that come to nothing within Cooling
	Cooling     = time.Hour // for which the package is closed to the person then
)

// quota refuses what comes too often. Everybody may come again after wait.
func quota(wait time.Duration, format string, args ...any) error {
	err := Errorf(Throttled, format, args...)
	err.Wait = wait
	return err
}

// own reports a request that a person makes for themselves, or for one whom they act for: for
// whom it is, counts.
func (t RequestType) own() bool { return t == UserAdd || t == UserUpdate || t == OnBehalfAdd }

// cooled refuses a person's own request for a package while it is closed to that person
// (A17). Whoever asks and takes back, or is denied, again and again has a mail sent to each
// approver each time.
func (s AssignmentSlot) cooled(t RequestType, now time.Time) error {
	if !t.own() || len(s.Setbacks) < MaxSetbacks {
		return nil
	}
	wait := s.Setbacks[len(s.Setbacks)-1].Add(Cooling).Sub(now)
	if wait <= 0 {
		return nil
	}
	if t == OnBehalfAdd {
		return quota(wait, "%d requests for this access package and this user were withdrawn or denied within an hour. Ask again after %s, or have an administrator assign it.",
			MaxSetbacks, now.Add(wait).UTC().Format(time.RFC3339))
	}
	return quota(wait, "%d requests of yours for this access package were withdrawn or denied within an hour. Ask again after %s, or have an administrator assign it to you.",
		MaxSetbacks, now.Add(wait).UTC().Format(time.RFC3339))
}

// setBack returns the slot of a request that ended by event at e.At without having become
// anything, with what counts of that against the next one: that its person withdrew it, or
// that somebody denied it. What the service ends by itself counts against nobody.
func (s AssignmentSlot) setBack(r AssignmentRequest, event RequestEvent, e Event) AssignmentSlot {
	s = s.remembering(e.At)
	withdrawn := event == RequestCancel && e.Actor == r.Requestor
	denied := event == StageDenied && e.Actor != Service
	if r.Type.own() && (withdrawn || denied) {
		s.Setbacks = append(s.Setbacks, e.At)
	}
	if n := len(s.Setbacks) - MaxSetbacks; n > 0 {
		s.Setbacks = s.Setbacks[n:]
	}
	return s
}

// remembering returns the slot without what is too long ago to count at now.
func (s AssignmentSlot) remembering(now time.Time) AssignmentSlot {
	var counts []time.Time
	for _, t := range s.Setbacks {
		if now.Sub(t) < Cooling {
			counts = append(counts, t)
		}
	}
	s.Setbacks = counts
	return s
}

// Forgotten returns when a slot that nothing occupies has nothing to remember any more; zero
// for one that is occupied. Whoever reads it later takes no notice of what it says.
func (s AssignmentSlot) Forgotten() time.Time {
	if !s.Empty() || len(s.Setbacks) == 0 {
		return time.Time{}
	}
	return s.Setbacks[len(s.Setbacks)-1].Add(Cooling)
}

// CheckOpen refuses a person's own request that would have to wait beside as many as one
// person may have open. open is how many there are.
func CheckOpen(r AssignmentRequest, open int) error {
	if !r.Waits() || open < MaxOpen {
		return nil
	}
	if r.Requestor != r.Subject {
		return quota(Cooling, "The user this is for has %d open requests, the most that one person may have. Wait until some are decided or canceled.", MaxOpen)
	}
	return quota(Cooling, "You have %d open requests, the most that one person may have. Wait until some are decided, or cancel those that you do not need.", MaxOpen)
}

// Waits reports a new request of somebody's own that will be open for a while: for a
// decision, or for its start.
func (r AssignmentRequest) Waits() bool {
	return r.Type.own() && (r.State == RequestPendingApproval || r.State == RequestScheduled)
}
