package entitlement

import "time"

// Extend decides a request to give a live assignment another end (R83 to R85). Where the
// policy wants approval for updates, its stages decide first (R45, R46).
func Extend(n NewRequest, in SubmitInputs, now time.Time) (AssignmentRequest, Change, error) {
	none := AssignmentRequest{}
	policy, err := admitExtension(n, in, now)
	if err != nil {
		return none, Change{}, err
	}

	answers, err := askAgain(policy.Questions, n.Answers, n.Type == UserUpdate)
	if err != nil {
		return none, Change{}, err
	}

	a := *in.Slot.Assignment
	r := AssignmentRequest{
		ID: n.ID, Type: n.Type, State: RequestSubmitted, Answers: answers, Package: a.Package, Catalog: a.Catalog, Policy: a.Policy, Assignment: a.ID,
		Requestor: in.Requestor.ID, Subject: a.Subject, Justification: n.Justification, RequestedSchedule: n.RequestedSchedule,
		Expiration: terms(policy, n.RequestedSchedule), Created: now, Fingerprint: n.Fingerprint,
	}.under(policy, in.Organization)

	if r.Expiration.overAt(now) {
		return none, Change{}, tooLate(r.Expiration)
	}
	if err := mayProlong(r, in.startInputs(), now); err != nil {
		return none, Change{}, err
	}

	e := Event{Aggregate: OfRequest, ID: string(r.ID), Kind: "submitted", Actor: r.Requestor, Command: n.Command, AllowedBy: n.AllowedBy, At: now,
		Data: map[string]string{"type": string(r.Type), "assignment": string(a.ID), "justification": r.Justification}}
	if !policy.Approval.RequiredForUpdate {
		e.Data["approval"] = "notRequired"
		var c Change
		r, c, err = c.prolong(r, in.startInputs(), e, now)
		return r, c, err
	}

	last := now
	for _, s := range policy.Approval.Stages {
		r.Stages = append(r.Stages, Stage{ID: n.NewID(), Policy: s})
		last = last.Add(s.limit())
	}

	if err := r.changesSomething(a, last); err != nil {
		return none, Change{}, err // and nobody need be asked for that
	}

	if r.State, err = r.State.Next(ApprovalRequired); err != nil {
		return none, Change{}, err
	}

	r.startStage(0, in.around(), now)
	return r, Change{}.hold(r, in.Slot, e), nil
}

// admitExtension returns the policy of the assignment where it lets its end be moved.
func admitExtension(n NewRequest, in SubmitInputs, now time.Time) (AssignmentPolicy, error) {
	none := AssignmentPolicy{}
	if in.Requestor == nil {
		return none, User{}.Active()
	}
	if err := in.Requestor.Active(); err != nil {
		return none, err
	}

	a := in.Slot.Assignment
	if a == nil || in.Package == nil || in.Subject == nil || in.Slot.Over(now) {
		return none, Errorf(Conflict, "The assignment has ended; ask for the package again.")
	}

	if in.Slot.Open != "" {
		return none, Errorf(Conflict, "There is an open request for this assignment: %s. Wait for it, or cancel it first.", in.Slot.Open)
	}

	if err := in.Slot.cooled(n.Type, now); err != nil {
		return none, err
	}

	if err := n.RequestedSchedule.Check(now); err != nil {
		return none, err
	}
	if !n.RequestedSchedule.Start.IsZero() && n.RequestedSchedule.Start.After(now) {
		return none, Errorf(Invalid, "schedule: an update moves the end of an assignment that has begun; leave out startDateTime.")
	}

	p, there := in.policy(a.Policy)
	if !there {
		return none, Errorf(Precondition, "The policy of this assignment does not exist any more.")
	}

	if n.Type == AdminUpdate {
		return p, nil
	}

	if !p.letsUpdate(in) {
		return none, Errorf(Precondition, "The policy of this assignment does not let you extend it.") // R83
	}
	if n.RequestedSchedule.Chooses(now) && !p.Requestor.CustomSchedule {
		return none, Errorf(Precondition, "This access package does not let requestors choose dates: leave out schedule.")
	}
	if p.Approval.RequestorJustification && n.Justification == "" {
		return none, Errorf(Precondition, "This access package asks for a justification.")
	}

	return p, within(p, n.RequestedSchedule, now)
}

// Over reports that the end of the slot's assignment has passed, though the sweep was not
// there yet.
func (s AssignmentSlot) Over(now time.Time) bool {
	a := s.Assignment
	return a != nil && !a.End.IsZero() && !now.Before(a.End)
}

// prolong moves the end of the slot's assignment. An end that passed meanwhile stands: an
// extension that is committed before the expiry prevails, after it fails (S16).
func (c Change) prolong(r AssignmentRequest, s StartInputs, e Event, now time.Time) (AssignmentRequest, Change, error) {
	slot := s.Slot
	if slot.Assignment == nil || slot.Assignment.ID != r.Assignment || slot.Over(now) {
		return r, Change{}, Errorf(Conflict, "The assignment has ended meanwhile; ask for the package again.")
	}

	if r.Expiration.overAt(now) {
		return r, Change{}, tooLate(r.Expiration)
	}
	if err := r.changesSomething(*slot.Assignment, now); err != nil {
		return r, Change{}, err
	}
	if err := mayProlong(r, s, now); err != nil {
		return r, Change{}, err
	}

	// A request that is made and granted at once had no state before.
	before := r.State
	if r.Version == 0 {
		before = ""
	}

	for _, event := range []RequestEvent{Ready, RolesDelivered} { // nothing is to be delivered
		next, err := r.State.Next(event)
		if err != nil {
			return r, Change{}, err
		}
		r.State = next
	}

	r.Due, r.Completed = time.Time{}, now
	r.Chain, e = r.Chain.Append(withStates(e, string(before), string(r.State)))

	a := *slot.Assignment
	moved := Event{Aggregate: OfRequest, ID: string(a.ID), Kind: "extended", Actor: e.Actor, Command: e.Command, AllowedBy: e.AllowedBy, At: now,
		Before: endWord(a.End), Data: map[string]string{"request": string(r.ID)}}
	a.End = r.prolonged(a, now)
	moved.After = endWord(a.End)
	a.Chain, moved = a.Chain.Append(moved)

	slot.Assignment = &a
	if slot.Open == r.ID {
		slot.Open, slot.OpenPolicy = "", ""
	}

	c.Requests, c.Slots, c.Events = append(c.Requests, r), append(c.Slots, slot), append(c.Events, e, moved)
	c.References = append(c.References, r.admittedBy(s)...)
	return r, c, nil
}

// prolonged returns the end that the request gives an assignment at now. An administrator
// who names no end leaves it where it is. A subject who names none asks for a fresh period
// by the policy: for more time, never for less.
func (r AssignmentRequest) prolonged(a Assignment, now time.Time) time.Time {
	end := r.Expiration.EndFrom(now)
	if !r.RequestedSchedule.Chooses(now) && (r.Type == AdminUpdate || isLater(a.End, end)) {
		return a.End
	}
	return end
}

// grain is how exactly an instant is told to clients, as Graph does it: an end that is
// written back as it was read is the same end.
const grain = 100 * time.Nanosecond

// changesSomething refuses an update that, granted at an instant, would leave the end
// where it is. Nothing else moves the end while an update waits for its approval.
func (r AssignmentRequest) changesSomething(a Assignment, at time.Time) error {
	if len(r.Answers) > 0 {
		return nil // new answers are something
	}
	if end := r.prolonged(a, at); end.IsZero() != a.End.IsZero() || !end.Truncate(grain).Equal(a.End.Truncate(grain)) {
		return nil
	}

	// The refusal says what stands and what to do, which differs by who chooses the end.
	says := "It has no end"
	if !a.End.IsZero() {
		says = "It ends at " + a.End.UTC().Format(time.RFC3339)
	}

	switch {
	case r.RequestedSchedule.Chooses(at):
		says += " already: name another end in schedule.expiration."
	case r.Type == AdminUpdate:
		says += ", and without a schedule that stays: name another end in schedule.expiration."
	default:
		says += ", and a new period of its policy would not end later: ask again when less time is left."
	}
	return &Error{Kind: Precondition, Code: codeUnchanged, Msg: "This changes nothing of the assignment. " + says}
}

// tooLate refuses an end that has passed: it would take the access away at once.
func tooLate(e Expiration) error {
	return Errorf(Precondition, "The end of this extension was at %s: ask for a later one.", e.End.Format(time.RFC3339)) // R109
}

func endWord(end time.Time) string {
	if end.IsZero() {
		return "never"
	}
	return end.UTC().Format(time.RFC3339Nano)
}
