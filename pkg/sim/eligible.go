package sim

import (
	"maps"
	"slices"
	"time"

	"leasehold/pkg/entitlement"
)

// Who may have a package, and who may decide on it: the oracle's own reading of the rules
// (S2, R30 to R37, R51 to R62, R83, R90, R91, F36), by what was committed alone.

// past is the directory, and the policies, as they were until a commit.
type past struct {
	until    int // the commit that changed them
	people   map[entitlement.UserID]*person
	policies map[entitlement.PolicyID]entitlement.AssignmentPolicy
	closed   map[entitlement.DeletionGuardUpdate]bool
	roles    []entitlement.RoleAssignment
	within   map[entitlement.PackageID]entitlement.CatalogID
}

// remember keeps the directory and the policies as they are before a change of them.
func (o *oracle) remember(c entitlement.Change) {
	moved := slices.ContainsFunc(c.Packages, func(p entitlement.AccessPackage) bool { return o.within[p.ID] != p.Catalog })
	if len(c.Users)+len(c.Memberships)+len(c.Policies)+len(c.DeletionGuardUpdates)+len(c.RoleAssignments) > 0 || moved {
		o.pasts = append(o.pasts, past{o.seq, maps.Clone(o.people), maps.Clone(o.policies), maps.Clone(o.closed), o.roles, o.within})
	}
}

// ever reports that something held at some moment since a commit: when an invocation read,
// when it wrote, or between the two. What it did by what it read then was right.
func (o *oracle) ever(since int, holds func() bool) bool {
	// Most often what is so now was so then.
	if holds() {
		return true
	}

	people, policies, closed, roles, within := o.people, o.policies, o.closed, o.roles, o.within
	defer func() {
		o.people, o.policies, o.closed, o.roles, o.within = people, policies, closed, roles, within
	}()

	for _, p := range slices.Backward(o.pasts) {
		if p.until <= since {
			break
		}
		// One that was true at any moment of these excuses the invocation.
		if o.people, o.policies, o.closed, o.roles, o.within = p.people, p.policies, p.closed, p.roles, p.within; holds() {
			return true
		}
	}

	return false
}

// everApart is ever for what was decided on people and on policies that were read one after
// the other: the people as they were at some moment, and the policies at another.
func (o *oracle) everApart(since int, holds func() bool) bool {
	people := o.people
	defer func() { o.people = people }()

	moments := []map[entitlement.UserID]*person{people}
	for _, p := range slices.Backward(o.pasts) {
		if p.until <= since {
			break
		}
		moments = append(moments, p.people)
	}

	for _, then := range moments {
		if o.ever(since, func() bool {
			now := o.people
			defer func() { o.people = now }()
			o.people = then
			return holds()
		}) {
			return true
		}
	}

	return false
}

// edit returns a person to be changed, in place of the one that was: the past keeps its own.
func (o *oracle) edit(u entitlement.UserID) *person {
	p := &person{groups: map[entitlement.GroupID]bool{}}
	if was := o.people[u]; was != nil {
		*p = *was
		p.groups = maps.Clone(was.groups)
	}
	o.people[u] = p
	return p
}

// admits reports that a policy is for a person (R30, R31). One for nobody is, where an
// administrator assigns it, for everybody who is enabled.
func (o *oracle) admits(p entitlement.AssignmentPolicy, u entitlement.UserID, direct bool) bool {
	who := o.people[u]
	if who == nil || !who.enabled {
		return false // R39
	}

	switch p.Scope {
	case entitlement.ScopeNobody:
		return direct
	case entitlement.ScopeAllMembers:
		return !who.guest
	case entitlement.ScopeSpecificUsers:
		return slices.ContainsFunc(p.Targets, func(s entitlement.SubjectSet) bool { return o.in(s, u, "") })
	default:
		return true
	}
}

// in reports that a set names a person, of whatever the person's account is worth.
func (o *oracle) in(s entitlement.SubjectSet, u, subject entitlement.UserID) bool {
	switch s.Kind {
	case entitlement.SingleUser:
		return s.ID == string(u)
	case entitlement.GroupMembers:
		return o.people[u] != nil && o.people[u].groups[entitlement.GroupID(s.ID)]
	default:
		return u != "" && o.people[subject] != nil && o.people[subject].manager == u
	}
}

// category is the place of a policy in the order of R37: of those that apply to somebody,
// the ones of the first category alone may be chosen.
func category(p entitlement.AssignmentPolicy) int {
	return slices.Index([]entitlement.TargetScope{entitlement.ScopeSpecificUsers, entitlement.ScopeAllMembers, entitlement.ScopeAllUsers}, p.Scope)
}

// mayChoose reports that a person may ask for a package under a policy: it is one of that
// package, lets people ask (R35), is for the person, and nothing of an earlier category is
// (R37). One that is closed for its deletion hides nothing.
func (o *oracle) mayChoose(u entitlement.UserID, pkg entitlement.PackageID, id entitlement.PolicyID) bool {
	return o.isFirst(pkg, id, func(p entitlement.AssignmentPolicy) bool { return p.Requestor.SelfAdd && o.admits(p, u, false) })
}

// mayAskFor is likewise, for somebody who asks on behalf of a person: the policy lets others
// ask, names the one who does, and is for the person (R213).
func (o *oracle) mayAskFor(by, u entitlement.UserID, pkg entitlement.PackageID, id entitlement.PolicyID) bool {
	return o.isFirst(pkg, id, func(p entitlement.AssignmentPolicy) bool {
		acts := func(s entitlement.SubjectSet) bool { return o.in(s, by, u) }
		return p.Requestor.OnBehalfAdd && by != u && o.enabled(by) && slices.ContainsFunc(p.Requestor.OnBehalf, acts) && o.admits(p, u, false)
	})
}

// isFirst reports that a policy is one of a package's that fit somebody, and that none of an
// earlier category does.
func (o *oracle) isFirst(pkg entitlement.PackageID, id entitlement.PolicyID, fits func(entitlement.AssignmentPolicy) bool) bool {
	applies := func(p entitlement.AssignmentPolicy) bool { return p.Package == pkg && fits(p) }

	p, there := o.policies[id]
	if !there || !applies(p) {
		return false
	}
	// A policy of a better rank that fits hides this one (R37), unless it is on its way out.
	for _, other := range o.policies {
		if applies(other) && category(other) < category(p) && !o.closed[entitlement.DeletionGuardUpdate{Package: pkg, Policy: other.ID}] {
			return false
		}
	}

	return true
}

// mayAssign reports that somebody may assign a package directly to a person under a
// policy: an administrator, or one whose role lets, a policy of that package, and a person whom it is for (R90, R91).
func (o *oracle) mayAssign(by, u entitlement.UserID, pkg entitlement.PackageID, id entitlement.PolicyID) bool {
	p, there := o.policies[id]
	return there && p.Package == pkg && o.may(by, assign, o.within[pkg]) && o.admits(p, u, true)
}

// mayExtend reports that a person may give an assignment of their own another end: its
// policy lets them, and is for them (R83).
func (o *oracle) mayExtend(r entitlement.AssignmentRequest) bool {
	p, there := o.policies[r.Policy]
	return there && p.Requestor.SelfUpdate && o.admits(p, r.Subject, true)
}

func (o *oracle) administers(u entitlement.UserID) bool {
	p := o.people[u]
	return p != nil && p.enabled && p.groups[entitlement.AdministratorsGroup]
}

// stillFor reports that the policy of a request, as it was when the request was made (S6),
// is for its subject as things are. An administrator who moves an end goes by no scope.
func (o *oracle) stillFor(r *asked) bool {
	if r.last.Type == entitlement.AdminUpdate {
		return o.enabled(r.last.Subject)
	}
	return o.admits(r.policy, r.last.Subject, r.last.Type != entitlement.UserAdd && r.last.Type != entitlement.OnBehalfAdd)
}

func (o *oracle) enabled(u entitlement.UserID) bool { return o.people[u] != nil && o.people[u].enabled }

// mayLapse reports that there is a reason why a request that was approved for later cannot
// begin: its policy is not for its subject any more, its package is gone or lists what the
// subject may have, or its period is over.
func (o *oracle) mayLapse(inv *invocation, r *asked, now time.Time) bool {
	lists := inv.lists[r.last.Package]
	end := r.last.Expiration.End
	return !o.stillFor(r) || !o.exists(r.last.Package) || len(lists.Incompatible)+len(lists.IncompatibleGroups) > 0 || !end.IsZero() && !end.After(now.Add(o.w.skew))
}

// canDecide reports that somebody of a set is there to decide on a request.
func (o *oracle) canDecide(r entitlement.AssignmentRequest, sets ...entitlement.SubjectSet) bool {
	for u := range o.people {
		if o.isReviewer(u, r) && slices.ContainsFunc(sets, func(s entitlement.SubjectSet) bool { return o.in(s, u, r.Subject) }) {
			return true
		}
	}
	return false
}

// isReviewer reports that a person's word on a request counts where it is asked for.
func (o *oracle) isReviewer(u entitlement.UserID, r entitlement.AssignmentRequest) bool {
	p := o.people[u]
	return p != nil && p.enabled && u != r.Subject && u != r.Requestor
}

// isManager tells a set that is the subject's manager.
func isManager(s entitlement.SubjectSet) bool { return s.Kind == entitlement.RequestorManager }

var administrators = entitlement.SubjectSet{Kind: entitlement.GroupMembers, ID: string(entitlement.AdministratorsGroup)}

// becomes reports that a set which a stage did not ask may be asked by now: the fallbacks
// where a manager is nobody or nobody who was asked can decide (R52), the alternates once
// it is their time (R60) or where nobody of those can, their fallbacks alike (R62), and the
// administrators where nobody of all those can. can tells whether somebody of some sets can
// decide.
func (o *oracle) becomes(set entitlement.SubjectSet, r entitlement.AssignmentRequest, terms entitlement.ApprovalStage, were []entitlement.SubjectSet, escalates bool, can func(...entitlement.SubjectSet) bool) bool {
	has := func(list []entitlement.SubjectSet) bool { return slices.ContainsFunc(list, sameSet(set)) }
	gone := func(list []entitlement.SubjectSet) bool {
		return slices.ContainsFunc(list, func(s entitlement.SubjectSet) bool { return isManager(s) && !can(s) })
	}
	// Each step asks whether those of the steps before can decide at all.
	first := slices.Concat(were, terms.Fallback)
	all := slices.Concat(first, terms.Alternates, terms.FallbackAlternates)

	switch {
	case has(terms.Fallback) && (gone(terms.Primary) || !can(were...)):
		return true
	case has(terms.Alternates) && (escalates || !can(first...)):
		return true
	case has(terms.FallbackAlternates) && (escalates && gone(terms.Alternates) || !can(slices.Concat(first, terms.Alternates)...)):
		return true
	default:
		return sameSet(administrators)(set) && !can(all...)
	}
}

func sameSet(a entitlement.SubjectSet) func(entitlement.SubjectSet) bool {
	return func(b entitlement.SubjectSet) bool { return a.Kind == b.Kind && a.ID == b.ID }
}

// become reports that a set may be asked by what an invocation can have read: at some moment
// of it, or of each person at another, since they are read one by one.
func (o *oracle) become(inv *invocation, set entitlement.SubjectSet, r entitlement.AssignmentRequest, terms entitlement.ApprovalStage, were []entitlement.SubjectSet, escalates bool) bool {
	can := func(sets ...entitlement.SubjectSet) bool { return o.canDecide(r, sets...) }
	all := func(sets ...entitlement.SubjectSet) bool {
		for u := range o.people {
			if !o.ever(inv.began(), func() bool {
				return !o.isReviewer(u, r) || !slices.ContainsFunc(sets, func(s entitlement.SubjectSet) bool { return o.in(s, u, r.Subject) })
			}) {
				return true
			}
		}
		return false
	}
	return o.ever(inv.began(), func() bool { return o.becomes(set, r, terms, were, escalates, can) }) || o.becomes(set, r, terms, were, escalates, all)
}

// widened takes in whom the running stage of a request asks by now besides those whom it
// asks at first: each must have become an approver, by an event (S2).
func (o *oracle) widened(inv *invocation, was *asked, r entitlement.AssignmentRequest, events []entitlement.Event, now time.Time) {
	// A policy may have been replaced by one with fewer stages.
	if r.State != entitlement.RequestPendingApproval || r.Stage >= len(r.Stages) || r.Stage >= len(was.policy.Approval.Stages) {
		return
	}

	stage, terms := r.Stages[r.Stage], was.policy.Approval.Stages[r.Stage]
	if was.became == nil {
		was.became = map[string][]entitlement.SubjectSet{}
	}

	were := terms.Primary
	if n := r.Stage; n < len(was.last.Stages) && len(was.last.Stages[n].Approvers) > 0 {
		were = was.last.Stages[n].Approvers
	}

	for _, set := range stage.Approvers {
		if slices.ContainsFunc(slices.Concat(terms.Primary, was.became[stage.ID]), sameSet(set)) {
			continue
		}

		escalates := terms.Escalation && !now.Add(o.w.skew).Before(stage.Started.Add(terms.EscalateAfter))

		if !o.become(inv, set, r, terms, were, escalates) {
			o.fail("S2", "stage %s of request %s asks %s %s, who has not become its approver", short(stage.ID), short(string(r.ID)), set.Kind, short(set.ID))
		}

		if !slices.ContainsFunc(events, func(e entitlement.Event) bool { return e.ID == string(r.ID) }) {
			o.fail("S2", "stage %s of request %s asks %s %s, and no event says since when", short(stage.ID), short(string(r.ID)), set.Kind, short(set.ID))
		}

		was.became[stage.ID] = append(was.became[stage.ID], set)
	}
}

// mayDecide reports that a person may decide the running stage of a request.
func (o *oracle) mayDecide(u entitlement.UserID, a *asked) bool {
	r := a.last
	if r.State != entitlement.RequestPendingApproval || r.Stage >= len(a.policy.Approval.Stages) || o.people[r.Subject] == nil || !o.isReviewer(u, r) {
		return false
	}
	sets := slices.Concat(a.policy.Approval.Stages[r.Stage].Primary, a.became[r.Stages[r.Stage].ID])
	return slices.ContainsFunc(sets, func(s entitlement.SubjectSet) bool { return o.in(s, u, r.Subject) })
}

// undecidable returns an open request that nobody who is asked can decide, though there is
// an administrator who could; "" where there is none. One for somebody who is disabled
// waits for nobody.
func (o *oracle) undecidable() entitlement.RequestID {
	for _, id := range o.order {
		r := o.requests[id].last
		if r.State == entitlement.RequestPendingApproval && o.enabled(r.Subject) && !o.canDecide(r, r.Stages[r.Stage].Approvers...) && o.canDecide(r, administrators) {
			return id
		}
	}
	return ""
}
