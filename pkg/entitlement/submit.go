package entitlement

import (
	"maps"
	"time"
)

// NewRequest is an ask to have a package, as its author words it.
type NewRequest struct {
	ID                RequestID
	Type              RequestType // UserAdd, OnBehalfAdd or AdminAdd
	Policy            PolicyID    // may be empty where one policy applies, but for AdminAdd
	Justification     string
	Answers           []GivenAnswer
	RequestedSchedule Schedule
	Command           string
	AllowedBy         string        // see Actor
	Fingerprint       string        // see AssignmentRequest
	Adopts            DriftFinding  // what it makes ours; zero for nothing
	NewID             func() string // ids of the approval stages
}

// CommandPayload is all that a command which makes a request asks for, as its author words it.
type CommandPayload struct {
	Type              RequestType
	Package           PackageID
	Policy            PolicyID
	Subject           UserID
	Assignment        AssignmentID
	Justification     string
	Answers           []GivenAnswer
	RequestedSchedule Schedule
	Adopts            DriftFindingRef
}

// Submit decides a new request on what was read, and returns the request with the
// Change that records it. Nothing bypasses the policy, administrators included (R91, R92).
func Submit(n NewRequest, in SubmitInputs, now time.Time) (AssignmentRequest, Change, error) {
	policy, err := admit(n, in, now)
	if err != nil {
		return AssignmentRequest{}, Change{}, err
	}

	if err := in.Slot.free(n.Type); err != nil {
		return AssignmentRequest{}, Change{}, err
	}
	if err := in.Slot.cooled(n.Type, now); err != nil {
		return AssignmentRequest{}, Change{}, err
	}

	// What a policy demands of requestors it does not demand of administrators, who may answer
	// for the subject (R74).
	answers, err := ask(policy.Questions, n.Answers, n.Type != AdminAdd)
	if err != nil {
		return AssignmentRequest{}, Change{}, err
	}

	r := AssignmentRequest{
		ID: n.ID, Type: n.Type, State: RequestSubmitted, Answers: answers,
		Package: in.Package.ID, Catalog: in.Package.Catalog, Policy: policy.ID, Assignment: AssignmentID(n.ID),
		Requestor: in.Requestor.ID, Subject: in.Subject.ID,
		Justification: n.Justification, RequestedSchedule: n.RequestedSchedule, Start: n.RequestedSchedule.Start,
		Expiration: terms(policy, n.RequestedSchedule), Created: now, Fingerprint: n.Fingerprint, Adopts: n.Adopts.Role,
	}.under(policy, in.Organization)

	if start := later(r.Start, now); r.Expiration.overAt(start) {
		return AssignmentRequest{}, Change{}, Errorf(Precondition, "The policy %s ends access at %s, and this would begin no earlier.", policy.DisplayName, r.Expiration.EndFrom(start).Format(time.RFC3339)) // R109
	}

	if err := r.incompatible(in.startInputs()); err != nil {
		return AssignmentRequest{}, Change{}, err
	}

	event := Event{Aggregate: OfRequest, ID: string(r.ID), Kind: "submitted", Actor: r.Requestor, Command: n.Command, AllowedBy: n.AllowedBy, At: now,
		Data: map[string]string{"type": string(r.Type), "package": string(r.Package), "policy": string(r.Policy), "subject": string(r.Subject), "justification": r.Justification}}
	if n.Adopts.Role != (RoleRef{}) {
		maps.Copy(event.Data, driftData(n.Adopts.Role, n.Adopts.Principal))
		event.Data["adopted"] = "true"
	}
	change := Change{DeletionGuards: []DeletionGuard{policy.deletionGuard(r.Subject)}}

	if policy.Approval.RequiredForAdd {
		r.State, err = r.State.Next(ApprovalRequired)
		if err != nil {
			return AssignmentRequest{}, Change{}, err
		}
		for _, s := range policy.Approval.Stages {
			r.Stages = append(r.Stages, Stage{ID: n.NewID(), Policy: s})
		}
		r.startStage(0, in.around(), now)
		return r, change.hold(r, in.Slot, event), nil
	}

	event.Data["approval"] = "notRequired" // R44
	r, change, err = change.approve(r, in.startInputs(), event, now)
	return r, change, err
}

// admit returns the policy that lets the request through, or why none does.
func admit(n NewRequest, in SubmitInputs, now time.Time) (AssignmentPolicy, error) {
	none := AssignmentPolicy{}

	if in.Requestor == nil {
		return none, User{}.Active()
	}
	if err := in.Requestor.Active(); err != nil {
		return none, err
	}

	if in.Package == nil || !in.Package.Deleting.IsZero() {
		return none, Errorf(NotFound, "There is no access package with this id.")
	}

	if (in.Subject == nil || in.Subject.Gone()) && n.Adopts.Subject != "" {
		return none, Errorf(Precondition, "Whoever has this role is not in the directory any more, so that no access package can be assigned to them: have the role taken away.")
	}
	if in.Subject == nil || in.Subject.Gone() {
		return none, Errorf(NotFound, "There is no user with the id in targetId.")
	}
	if !in.Subject.Enabled && n.Type == OnBehalfAdd { // who acts for somebody does not look into the directory
		return none, Errorf(Precondition, "The user this is for is disabled and cannot get an access package.")
	}
	if !in.Subject.Enabled {
		return none, Errorf(Precondition, "The user %s is disabled and cannot get an access package.", in.Subject.DisplayName)
	}

	if err := n.RequestedSchedule.Check(now); err != nil {
		return none, err
	}

	// Whom a policy is for, and that it asks somebody, holds for administrators too (R91, R92);
	// what it demands of requestors does not.
	if n.Type == AdminAdd {
		return admitDirect(n, in)
	}

	if in.Catalog == nil || !in.Catalog.Published {
		return none, Errorf(Precondition, "The catalog of this access package is not published, so it cannot be requested.") // R23
	}

	p, err := in.choose(n)
	if err != nil {
		return none, err
	}

	if n.RequestedSchedule.Chooses(now) && !p.Requestor.CustomSchedule {
		return none, Errorf(Precondition, "This access package does not let requestors choose dates: leave out schedule.") // R43
	}
	if p.Approval.RequestorJustification && n.Justification == "" {
		return none, Errorf(Precondition, "This access package asks for a justification.") // R59
	}

	return p, within(p, n.RequestedSchedule, now)
}

// choose returns the policy that a person's request goes through.
func (a SubmitInputs) choose(n NewRequest) (AssignmentPolicy, error) {
	if n.Type == OnBehalfAdd {
		return a.chooseFor(n.Policy)
	}
	return Choose(a.open(), n.Policy, *a.Subject, a.Organization)
}

// admitDirect checks a direct assignment: the policy must be named and the subject in
// its scope (R91); a policy for nobody exists for just this.
func admitDirect(n NewRequest, in SubmitInputs) (AssignmentPolicy, error) {
	p, there := in.policy(n.Policy)
	if n.Policy == "" || !there {
		return AssignmentPolicy{}, Errorf(Invalid, "assignmentPolicyId must name a policy of this access package.")
	}
	if p.Scope != ScopeNobody && !p.InScope(*in.Subject, in.Organization) {
		return AssignmentPolicy{}, Errorf(Precondition, "The user %s is not in the scope of the policy %s.", in.Subject.DisplayName, p.DisplayName)
	}
	return p, nil
}

// within refuses a period that the policy's own does not allow (R81, R84).
func within(p AssignmentPolicy, asked Schedule, now time.Time) error {
	if asked.Expiration.Type == "" || asked.Expiration.Type == ExpireNotSpecified {
		return nil
	}
	start := later(asked.Start, now)
	limit := p.Expiration.EndFrom(start)
	if limit.IsZero() {
		return nil
	}
	if end := asked.Expiration.EndFrom(start); end.IsZero() || end.After(limit) {
		return Errorf(Precondition, "The policy %s ends access by %s: ask for an end that is not later.", p.DisplayName, limit.Format(time.RFC3339))
	}
	return nil
}

// terms returns the expiration that applies: the one asked for, else the policy's (R82).
func terms(p AssignmentPolicy, asked Schedule) Expiration {
	if asked.Expiration.Type == "" || asked.Expiration.Type == ExpireNotSpecified {
		return p.Expiration
	}
	return asked.Expiration
}

// free refuses a second request beside an open one, and a new one beside a live assignment (S5).
func (s AssignmentSlot) free(t RequestType) error {
	who := "You already have"
	if t == AdminAdd || t == OnBehalfAdd {
		who = "This user already has"
	}
	switch {
	case s.Open != "":
		return Errorf(Conflict, "%s an open request for this access package: %s. Wait for it, or cancel it first.", who, s.Open)
	case s.Assignment != nil:
		return Errorf(Conflict, "%s this access package: assignment %s.", who, s.Assignment.ID)
	default:
		return nil
	}
}

// startStage makes stage i the running one. Where its approvers are a manager or sponsors whom
// nobody is, the fallbacks are asked instead (R52).
func (r *AssignmentRequest) startStage(i int, by around, now time.Time) {
	s := &r.Stages[i]
	r.Stage = i
	s.Started, s.Deadline, s.Manager = now, now.Add(s.Policy.limit()), by.manager
	if s.Policy.AsksSecond() {
		s.Second = by.second
	}
	s.Approvers = by.reachable(s.Policy.Primary, s.Policy.Fallback)
	r.Due = r.nextCheck(now)
}

// nextCheck returns when the stage itself needs the sweep: to escalate it, else to end it.
func (s Stage) nextCheck() time.Time {
	if s.Policy.Escalation && !s.Escalated {
		return s.Started.Add(s.Policy.EscalateAfter)
	}
	return s.Deadline
}

// hold records a request that is not an assignment yet: its slot is taken.
func (c Change) hold(r AssignmentRequest, slot AssignmentSlot, e Event) Change {
	r.Chain, e = r.Chain.Append(withStates(e, "", string(r.State)))
	slot.Open, slot.OpenPolicy = r.ID, r.Policy
	c.Requests = append(c.Requests, r)
	c.Slots = append(c.Slots, slot)
	c.Events = append(c.Events, e)
	return c
}

func withStates(e Event, before, after string) Event {
	e.Before, e.After = before, after
	return e
}

// enqueueSlack is how long the sweep leaves a subject just made pending to its message.
const enqueueSlack = time.Minute

// Obstacle returns why a request of the requestor's own for the package would be refused now,
// whatever policy it names and whatever it says: it is held or asked for already, it was asked
// for too often, or something stands against it (R179). Nil: nothing of that.
func (in SubmitInputs) Obstacle(now time.Time) error {
	if err := in.Slot.free(UserAdd); err != nil {
		return err
	}
	if err := in.Slot.cooled(UserAdd, now); err != nil {
		return err
	}
	return AssignmentRequest{Type: UserAdd}.incompatible(in.startInputs())
}
