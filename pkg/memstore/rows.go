package memstore

import (
	"fmt"
	"slices"

	"leasehold/pkg/entitlement"
)

// The functions of this file say under which rows of the index an item is found.

func catalogRows(c entitlement.Catalog) []row {
	return []row{byName(allCatalogs, c.DisplayName, string(c.ID), c.ID)}
}

func packageRows(p entitlement.AccessPackage) []row {
	rows := []row{byName(allPackages, p.DisplayName, string(p.ID), p.ID), byName(packagesOf(p.Catalog), p.DisplayName, string(p.ID), p.ID)}
	if !p.Deleting.IsZero() {
		rows = append(rows, dueRow(string(p.ID), entitlement.DueRef{Package: p.ID, At: p.Due()}))
	}
	return rows
}

func policyRows(p entitlement.AssignmentPolicy) []row {
	rows := []row{byName(allPolicies, p.DisplayName, string(p.ID), p.ID)}
	if !p.Deleting.IsZero() {
		rows = append(rows, dueRow(string(p.ID), entitlement.DueRef{Policy: p.ID, At: p.Due()}))
	}
	switch p.Scope {
	case entitlement.ScopeAllMembers, entitlement.ScopeAllUsers:
		rows = append(rows, row{list: policiesFor(everybody, ""), sort: string(p.ID), ref: p.ID})
	case entitlement.ScopeSpecificUsers:
		for _, t := range p.Targets {
			rows = append(rows, row{list: policiesFor(t.Kind, t.ID), sort: string(p.ID), ref: p.ID})
		}
	}
	return rows
}

func connectorRows(c entitlement.ConnectorConfig) []row {
	return []row{byName(allConnectors, c.DisplayName, string(c.ID), c.ID)}
}

func jobRows(j entitlement.Job) []row {
	return []row{dueRow(fmt.Sprint(j.Package, " ", j.Gen), entitlement.DueRef{Package: j.Package, Gen: j.Gen, At: j.Look})}
}

func breakerRows(b entitlement.Breaker) []row {
	if b.Due().IsZero() {
		return nil
	}
	return []row{dueRow(string(b.Connector), entitlement.DueRef{Connector: b.Connector, At: b.Due()})}
}

func absenceRows(a entitlement.Absence) []row {
	return []row{dueRow(string(a.Person)+" absent", entitlement.DueRef{Absent: a.Person, At: a.Due})}
}

func userRows(u entitlement.User) []row {
	return []row{byName(allUsers, u.UserPrincipalName, string(u.ID), u.ID)}
}

func groupRows(g entitlement.Group) []row {
	return []row{byName(allGroups, g.DisplayName, string(g.ID), g.ID)}
}

func requestRows(r entitlement.AssignmentRequest) []row {
	var rows []row
	if !r.Due.IsZero() {
		rows = append(rows, dueRow(string(r.ID), entitlement.DueRef{Request: r.ID, At: r.Due}))
	}
	s := r.Current()
	if s == nil {
		return rows
	}
	for _, asked := range s.Asked {
		kind, id := asked.Kind, asked.ID
		if kind == entitlement.RequestorManager {
			kind, id = entitlement.SingleUser, string(s.Manager)
		}
		rows = append(rows, byTime(inboxOf(kind, id), r.Created, string(r.ID), r.ID))
	}
	return rows
}

// bornRows are the rows of a request that never change.
func bornRows(r entitlement.AssignmentRequest) []row {
	return []row{byTime(requestsFor(r.Package), r.Created, string(r.ID), r.ID), byTime(requestsOf(r.Subject), r.Created, string(r.ID), r.ID)}
}

func slotRows(s entitlement.Slot) []row {
	if s.Assignment == nil || s.Assignment.End.IsZero() {
		return nil
	}
	return []row{dueRow(string(s.Package)+string(s.Subject), entitlement.DueRef{Package: s.Package, Subject: s.Subject, At: s.Assignment.End})}
}

func debtRows(d debtor) []row {
	if !d.head.Owes() {
		return nil
	}
	return []row{owedRow(d.head.Subject, d.look)}
}

// sheetRows lists a sheet by its worst reason, while it has one.
func sheetRows(s entitlement.GrantSheet) []row {
	reason, since := s.Worst()
	if reason == "" {
		return nil
	}
	rows := []row{byTime(failingAt(s.Connector, reason), since, string(s.Subject), entitlement.Failing{Subject: s.Subject, Since: since})}
	if owed := s.OwedSince(); !owed.IsZero() {
		rows = append(rows, lateRow(string(s.Subject)+string(s.Connector), entitlement.Late{Since: owed, Subject: s.Subject, Connector: s.Connector}))
	}
	return rows
}

// endedRows lists an ended assignment among what is owed, until its roles are gone.
func endedRows(a entitlement.Assignment) []row {
	if a.OwedSince().IsZero() {
		return nil
	}
	return []row{lateRow(string(a.ID), entitlement.Late{Since: a.OwedSince(), Assignment: a.ID})}
}

// approversOf lists the groups that a policy may ask.
func approversOf(p entitlement.AssignmentPolicy) []entitlement.GroupID {
	var groups []entitlement.GroupID
	for _, s := range p.Approval.Stages {
		for _, set := range slices.Concat(s.Primary, s.Fallback, s.Alternates, s.FallbackAlternates) {
			if set.Kind == entitlement.GroupMembers {
				groups = append(groups, entitlement.GroupID(set.ID))
			}
		}
	}
	return groups
}

// targets reports that the policy still names everybody, the user, or one of the groups.
func targets(p entitlement.AssignmentPolicy, u entitlement.User) bool {
	switch p.Scope {
	case entitlement.ScopeAllMembers, entitlement.ScopeAllUsers:
		return true
	case entitlement.ScopeSpecificUsers:
		return slices.ContainsFunc(p.Targets, func(s entitlement.SubjectSet) bool { return s.Has(u, "") })
	default:
		return false
	}
}
