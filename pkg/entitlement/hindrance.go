package entitlement

import (
	"slices"
	"strconv"
	"time"
)

// HindranceKind says what keeps somebody from asking for a package.
type HindranceKind string

// What keeps somebody from asking.
const (
	HinderedDisabled     HindranceKind = "disabled"            // they are
	HinderedUnpublished  HindranceKind = "catalogNotPublished" // R23
	HinderedDeleting     HindranceKind = "beingDeleted"
	HinderedScope        HindranceKind = "notInScope"      // no policy is for them
	HinderedClosed       HindranceKind = "policyDisabled"  // one is, and lets nobody ask
	HinderedOutside      HindranceKind = "catalogInternal" // one is, for people outside, in a catalog that is not open to them
	HinderedHeld         HindranceKind = "held"
	HinderedOpen         HindranceKind = "requestOpen"
	HinderedCooling      HindranceKind = "askedTooOften"
	HinderedIncompatible HindranceKind = "incompatible"
)

// Hindrance is one thing that keeps somebody from asking for a package.
type Hindrance struct {
	Kind         HindranceKind
	Incompatible IncompatibleAccess // what they have, of an incompatibility
}

// Hindrances returns everything that keeps the subject from asking for the package at now, by
// what was read for a request of their own. All of the package's policies must have been read.
// None: they could ask.
func (in SubmitInputs) Hindrances(now time.Time) (all []Hindrance) {
	if in.Package == nil || in.Subject == nil {
		return nil
	}
	add := func(is bool, kind HindranceKind) {
		if is {
			all = append(all, Hindrance{Kind: kind})
		}
	}

	add(!in.Subject.Enabled || in.SubjectRecord.Disabled, HinderedDisabled)
	add(in.Catalog == nil || !in.Catalog.Published, HinderedUnpublished)
	add(!in.Package.Deleting.IsZero(), HinderedDeleting)
	if applies := in.Applicable(*in.Subject); len(applies) == 0 && in.Subject.Enabled {
		add(true, in.noPolicy())
	}

	add(in.Slot.Assignment != nil, HinderedHeld)
	add(in.Slot.Open != "", HinderedOpen)
	add(in.Slot.cooled(UserAdd, now) != nil, HinderedCooling)
	for _, has := range in.IncompatibleHeld() {
		all = append(all, Hindrance{HinderedIncompatible, has})
	}
	return all
}

// noPolicy says why no policy lets the subject ask: the nearest to letting them counts.
func (in SubmitInputs) noPolicy() HindranceKind {
	why := HinderedScope
	for _, p := range in.policies() {
		switch {
		case p.Scope == ScopeNobody || !p.InScope(*in.Subject, in.Organization):
		case p.Requestor.SelfAdd:
			return HinderedOutside
		default:
			why = HinderedClosed
		}
	}
	return why
}

// Listed reports that the subject finds the package in the list of what they may ask for (R129).
func (in SubmitInputs) Listed() bool {
	return in.Package != nil && in.Subject != nil && in.Catalog != nil && in.Catalog.Published &&
		!in.Package.Hidden && in.Package.Deleting.IsZero() && len(in.Applicable(*in.Subject)) > 0
}

// Known reports that the subject may be told that the package is there: it is shown to people, or
// they have it, or they came by its link and may ask for it (R40, R128).
func (in SubmitInputs) Known(byLink bool) bool {
	switch {
	case in.Package == nil || in.Subject == nil || in.Catalog == nil:
		return false
	case in.Slot.Assignment != nil:
		return true
	case !in.Catalog.Published || !in.Package.Deleting.IsZero():
		return false
	default:
		return !in.Package.Hidden || byLink && len(in.Applicable(*in.Subject)) > 0
	}
}

// Tried is the request of the subject's own that a policy would make of them, once for each of
// its stages: as it would stand when that stage begins. Nothing of it is written.
func (in SubmitInputs) Tried(p AssignmentPolicy, now time.Time) (stages []AssignmentRequest) {
	if in.Package == nil || in.Subject == nil || !p.Approval.RequiredForAdd {
		return nil
	}
	r := AssignmentRequest{Type: UserAdd, State: RequestPendingApproval, Package: in.Package.ID, Catalog: in.Package.Catalog, Policy: p.ID,
		Requestor: in.Subject.ID, Subject: in.Subject.ID, Expiration: p.Expiration, Created: now}
	for i, s := range p.Approval.Stages {
		r.Stages = append(r.Stages, Stage{ID: strconv.Itoa(i + 1), Policy: s})
	}

	for i := range r.Stages {
		one := r
		one.Stages = slices.Clone(r.Stages)
		one.startStage(i, in.around(), now)
		stages = append(stages, one)
	}
	return stages
}

// Decider returns whom a set of approvers asks in the running stage: a manager as the person who
// that is when the stage begins.
func (s Stage) Decider(of SubjectSet) SubjectSet {
	switch {
	case of.isFirst() && s.Manager != "":
		return SubjectSet{Kind: SingleUser, ID: string(s.Manager), Description: of.Description}
	case of.isSecond() && s.Second != "":
		return SubjectSet{Kind: SingleUser, ID: string(s.Second), Description: of.Description}
	default:
		return of
	}
}
