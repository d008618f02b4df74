package entitlement

import (
	"slices"
	"strings"
	"time"
)

// MaxLooked is how many members of a group are looked at: one of whose first members nobody
// is enabled counts as nobody.
const MaxLooked = 100

// checkEvery is how often the sweep looks whether anybody is there to decide a stage.
const checkEvery = 24 * time.Hour

// Administrators are those who are asked where nobody else can decide.
var Administrators = SubjectSet{Kind: GroupMembers, ID: string(AdministratorsGroup)}

// CanDecide reports that u's word on the request counts where it is asked for: u is
// enabled, and neither requestor nor subject (R56, S3).
func (r AssignmentRequest) CanDecide(u User) bool {
	return u.Enabled && u.ID != r.Requestor && u.ID != r.Subject
}

// Tiers returns whom the running stage asks, and then, in order, whom it comes to ask
// where none of those before can decide: the fallbacks, the alternates, their fallbacks,
// and at last the administrators. Nobody stands there twice.
func (r AssignmentRequest) Tiers() [][]SubjectSet {
	s := r.Current()
	if s == nil {
		return nil
	}
	tiers, known := [][]SubjectSet{s.Approvers}, s.Approvers
	for _, more := range [][]SubjectSet{s.Policy.Fallback, s.Policy.Alternates, s.Policy.FallbackAlternates, {Administrators}} {
		// Sponsors are found when a stage starts or escalates, and not again.
		if more = slices.DeleteFunc(besides(known, more), SubjectSet.isSponsor); len(more) > 0 {
			tiers, known = append(tiers, more), slices.Concat(known, more)
		}
	}
	return tiers
}

// besides returns those of more that are not among the known ones.
func besides(known, more []SubjectSet) []SubjectSet {
	return slices.DeleteFunc(slices.Clone(more), func(s SubjectSet) bool { return slices.ContainsFunc(known, s.same) })
}

// same reports that two sets name the same people, whatever they are described as.
func (s SubjectSet) same(other SubjectSet) bool {
	alike := s.Kind == other.Kind || s.isFirst() && other.isFirst() || s.isSecond() && other.isSecond()
	return alike && s.ID == other.ID
}

// Widen has the running stage ask more people, since none of those whom it asks can
// decide: they become its approvers. c is what is changed of the request already, if
// anything; there the request is as it will be.
func (c Change) Widen(r AssignmentRequest, more []SubjectSet, command string, now time.Time) (AssignmentRequest, Change) {
	of := func(other AssignmentRequest) bool { return other.ID == r.ID }
	if i := slices.IndexFunc(c.Requests, of); i >= 0 {
		r = c.Requests[i]
	}

	e := Event{Aggregate: OfRequest, ID: string(r.ID), Kind: "approversAdded", Actor: Service, Command: command, At: now,
		Data: map[string]string{"stage": r.Current().ID, "approvers": namesOf(more), "reason": "none of those who were asked can decide"}}

	// Cloned, so that the request that was read stays as it was: it may be decided on again.
	r.Stages = slices.Clone(r.Stages)
	s := &r.Stages[r.Stage]
	s.Approvers = slices.Concat(s.Approvers, besides(s.Approvers, more))
	r.Chain, e = r.Chain.Append(withStates(e, string(r.State), string(r.State)))

	c.Requests = append(slices.DeleteFunc(slices.Clone(c.Requests), of), r)
	c.Events = append(slices.Clone(c.Events), e)
	return r, c
}

// namesOf writes sets as an event holds them.
func namesOf(sets []SubjectSet) string {
	var all []string
	for _, s := range sets {
		all = append(all, strings.TrimSpace(string(s.Kind)+" "+s.ID))
	}
	return strings.Join(all, ", ")
}

// nextCheck returns when the sweep must look at a pending request: to escalate its stage
// or to end it, and each day, whether anybody is there to decide it.
func (r AssignmentRequest) nextCheck(now time.Time) time.Time {
	next := r.Stages[r.Stage].nextCheck()
	if day := now.Add(checkEvery); day.Before(next) {
		return day
	}
	return next
}
