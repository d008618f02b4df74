package entitlement

import "slices"

// A manager sees what those have and ask for who report to them, and acts for them as far as
// policies let managers (R213). Who reports to whom is what the person says now: a manager whose
// report got another one is out at once, whatever an index still says.

// ReportsTo reports that a manager is that of the person now.
func (u User) ReportsTo(manager UserID) bool {
	return manager != "" && u.Manager == manager && !u.Gone()
}

// ReportOptions is what somebody who acts for a subject may do with an assignment of the
// subject's by its policy. The commands ask again.
type ReportOptions struct {
	Extend      bool
	End         bool
	ChoosesEnd  bool // of an extension
	MustJustify bool // an extension
}

// OptionsFor returns what asker may do by the policy with an assignment of the subject's; second
// is the manager of the subject's manager, of the organization of a guest.
func (p AssignmentPolicy) OptionsFor(asker, subject User, second UserID, of *ConnectedOrganization) ReportOptions {
	s := p.Requestor
	if !s.actsFor(asker, subject, second) {
		return ReportOptions{}
	}
	return ReportOptions{Extend: s.OnBehalfUpdate && subject.Enabled && p.InScope(subject, of), End: s.OnBehalfRemove, ChoosesEnd: s.CustomSchedule, MustJustify: p.Approval.RequestorJustification}
}

// OthersAskForMany reports a policy by which somebody may ask for people whom it does not name.
func (p AssignmentPolicy) OthersAskForMany() bool {
	named := p.Scope == ScopeSpecificUsers || p.Scope == ScopeSpecificOrganizations || p.Scope == ScopeNobody
	return p.Requestor.OnBehalfAdd && !named && !p.Erased && p.Deleting.IsZero()
}

// LetsAskFor reports that asker may ask for the subject through the policy.
func (p AssignmentPolicy) LetsAskFor(asker, subject User, second UserID, of *ConnectedOrganization) bool {
	return p.mayAskFor(asker, subject, second, of)
}

// OthersAsk says for whom somebody might ask by a policy of the package that was read: for those
// whom they are the manager of, and for anybody, since a policy names them.
func (a SubmitInputs) OthersAsk(asker User) (asManager, byName bool) {
	for _, p := range a.open() {
		if !p.Requestor.OnBehalfAdd || p.Scope == ScopeNobody {
			continue
		}
		for _, s := range p.Requestor.OnBehalf {
			asManager = asManager || s.Kind == TargetManager || s.isSecond()
			byName = byName || s.Has(asker, "")
		}
	}
	return asManager, byName
}

// ForOneOf reports that by a policy of the package that was read asker may ask for one of these,
// whose manager asker is.
func (a SubmitInputs) ForOneOf(asker User, reports []User) bool {
	return slices.ContainsFunc(a.open(), func(p AssignmentPolicy) bool {
		return slices.ContainsFunc(reports, func(u User) bool { return p.mayAskFor(asker, u, "", nil) })
	})
}
