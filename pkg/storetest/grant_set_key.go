package storetest

import (
	"time"

	"leasehold/pkg/entitlement"
)

// grantSetKey is a place where a grant set may be.
type grantSetKey struct {
	subject entitlement.UserID
	at      entitlement.ConnectorID
}

func newGrantSetKey() grantSetKey {
	return grantSetKey{newID[entitlement.UserID](), newID[entitlement.ConnectorID]()}
}

func (d grantSetKey) claim(w *fixture, token string, now, until time.Time, intend ...entitlement.RoleRef) (entitlement.GrantSet, error) {
	return w.s.Claim(w.Context(), entitlement.Claim{Subject: d.subject, Connector: d.at, Token: token, Now: now, Until: until, Intend: intend})
}

// grantSet describes what a worker records.
func (d grantSetKey) grantSet(token string) entitlement.GrantSet {
	s := filled[entitlement.GrantSet]()
	s.Subject, s.Connector, s.Token, s.Until = d.subject, d.at, token, time.Time{}
	g := filled[entitlement.Grant]()
	g.Role.Connector = d.at
	s.Grants = map[entitlement.RoleRef]entitlement.Grant{g.Role: g}
	return s
}

func record(s entitlement.GrantSet) entitlement.Change {
	return entitlement.Change{GrantSets: []entitlement.GrantSet{s}}
}

func (w *fixture) conflict(err error, part entitlement.Part) {
	w.Helper()
	w.kind(err, entitlement.Conflict)
	if got := entitlement.StalePart(err); got != part {
		w.Fatalf("got the part %q, want %q", got, part)
	}
}

// grantSets reads all grant sets of a subject.
func (w *fixture) grantSets(subject entitlement.UserID) []entitlement.GrantSet {
	w.Helper()
	_, grantSets, err := w.s.SubjectRecord(w.Context(), subject)
	w.must(err)
	return grantSets
}
