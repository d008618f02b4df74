package ldap

import (
	"context"
	"fmt"
	"slices"

	ldapv3 "github.com/go-ldap/ldap/v3"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/entitlement"
)

// permissive lets a server take as done what is so already. It is sent as one that may be
// ignored, since servers that know it do not all list it.
var permissive = ldapv3.NewControlString(ldapv3.ControlTypeMicrosoftPermissiveModify, false, "")

// Apply sends all changes as values of one Modify. Who has no account in the directory is
// refused and left out. A refusal of several changes is an error, since it may be about one of
// them: the caller tries again with fewer.
func (c *Connector) Apply(ctx context.Context, role entitlement.RoleRef, ops []connector.Op) ([]connector.Result, error) {
	a, err := aimOf(role)
	if err != nil {
		return nil, err
	}
	if err := checkOps(ops); err != nil || len(ops) == 0 {
		return nil, err
	}

	results := make([]connector.Result, len(ops))
	err = c.within(ctx, askToChange(len(ops)), func(s *session) error {
		m, err := s.modification(a, ops, results)
		if err != nil || m.values() == 0 {
			return err
		}
		return s.write(m, ops, results)
	})
	if err != nil {
		return nil, err
	}
	return results, nil
}

func askToChange(n int) outbound.Operation {
	what := "to change a role of one person"
	if n != 1 {
		what = fmt.Sprintf("to change a role of %d people", n)
	}
	return outbound.Operation{Op: "ldap: change role", What: what}
}

// checkOps refuses what a directory should never see.
func checkOps(ops []connector.Op) error {
	if len(ops) > MaxBatch {
		return entitlement.Errorf(entitlement.Invalid, "A connector of a directory takes %d changes at once, not %d.", MaxBatch, len(ops))
	}
	if slices.ContainsFunc(ops, func(o connector.Op) bool { return o.Principal == "" }) {
		return entitlement.Errorf(entitlement.Invalid, "A change of a role must name a person.")
	}
	return nil
}

// modification is what one Modify changes.
type modification struct {
	group       group
	attribute   string
	add, del    []string // DNs
	placeholder string   // is added, so that the group does not get empty
}

// values is how many it changes for people.
func (m modification) values() int { return len(m.add) + len(m.del) }

// modification looks up the group and the people, and says of each op what is to be written.
func (s *session) modification(a aim, ops []connector.Op, results []connector.Result) (modification, error) {
	g, err := s.group(a.group)
	if err != nil {
		return modification{}, err
	}
	m := modification{group: g}
	if m.attribute, err = s.attribute(g, a); err != nil {
		return modification{}, err
	}

	who := make([]connector.PrincipalRef, len(ops))
	for i, o := range ops {
		who[i] = o.Principal
	}
	dns, err := s.accounts(who)
	if err != nil {
		return modification{}, err
	}

	for i, o := range ops {
		dn, there := dns[o.Principal]
		values := &m.del
		if o.Grant {
			values = &m.add
		}
		switch {
		case !there:
			results[i].Err = noAccount()
		case !slices.Contains(*values, dn):
			*values = append(*values, dn)
		}
	}

	// Whether somebody is the last member is known to the directory alone: two who go at once are each not the last.
	if g.class.full && !a.owners && len(m.del) > 0 && s.c.login.placeholder != nil {
		m.placeholder, err = s.standIn(m)
	}
	return m, err
}

// standIn returns the DN of the placeholder where the group lacks it.
func (s *session) standIn(m modification) (string, error) {
	dn := s.c.login.placeholder.String()
	in, err := s.conn.Compare(m.group.dn, m.attribute, dn)
	if err != nil && code(err) != ldapv3.LDAPResultNoSuchAttribute {
		return "", s.failed(err)
	}
	if in {
		return "", nil
	}

	// No DN is written that the directory does not show.
	request := ldapv3.NewSearchRequest(dn, ldapv3.ScopeBaseObject, ldapv3.NeverDerefAliases, 0, 0, false, "(objectClass=*)", []string{attrEntryUUID, attrObjectGUID}, nil)
	answer, err := s.conn.Search(request)
	switch {
	case code(err) == ldapv3.LDAPResultNoSuchObject || err == nil && len(answer.Entries) == 0:
		return "", s.refuse(entitlement.Precondition, connector.LastMember, "The placeholder of the connector, which is to be left in a group that may not be empty, is not there in the directory: create it, or name another one.")
	case err != nil:
		return "", s.failed(err)
	case len(answer.Entries) != 1 || !s.c.login.stands(answer.Entries[0].DN):
		return "", s.strange(errOther)
	}
	return dn, nil
}

// write sends the Modify, and says what its answer means.
func (s *session) write(m modification, ops []connector.Op, results []connector.Result) error {
	request := ldapv3.NewModifyRequest(m.group.dn, []ldapv3.Control{permissive})
	if add := m.add; len(add) > 0 || m.placeholder != "" {
		if m.placeholder != "" {
			add = append(slices.Clone(add), m.placeholder)
		}
		request.Add(m.attribute, add)
	}
	if len(m.del) > 0 {
		request.Delete(m.attribute, m.del)
	}

	err := s.conn.Modify(request)
	if err == nil || !isRefusal(code(err)) {
		if err != nil {
			return s.failed(err)
		}
		return nil
	}

	if m.values() > 1 || m.placeholder != "" && code(err) == ldapv3.LDAPResultAttributeOrValueExists {
		refusal := &connector.Refusal{Reason: connector.RefusedByTarget, Detail: fmt.Sprintf("The directory refuses %d changes at once with result code %d.", m.values(), code(err))}
		return connector.Fail(entitlement.Unavailable, s.ask.Op, refusal, result(err))
	}
	refusal, err := s.verdict(m, code(err))
	if err != nil {
		return err
	}
	for i := range ops {
		if results[i].Err == nil {
			results[i].Err = refusal
		}
	}
	return nil
}

// isRefusal tells a result code that is about the values of a Modify. One that is about the
// connection, the credential or the server is about none of them.
func isRefusal(n uint16) bool {
	return slices.Contains([]uint16{ldapv3.LDAPResultNoSuchAttribute, ldapv3.LDAPResultConstraintViolation, ldapv3.LDAPResultAttributeOrValueExists,
		ldapv3.LDAPResultInvalidAttributeSyntax, ldapv3.LDAPResultUnwillingToPerform, ldapv3.LDAPResultObjectClassViolation,
		ldapv3.LDAPResultEntryAlreadyExists}, n)
}

// verdict is what a result code means that refuses the one change of a Modify; nil: it is so already.
func (s *session) verdict(m modification, n uint16) (*connector.Refusal, error) {
	grant := len(m.add) > 0
	switch {
	case grant && (n == ldapv3.LDAPResultAttributeOrValueExists || n == ldapv3.LDAPResultEntryAlreadyExists),
		!grant && n == ldapv3.LDAPResultNoSuchAttribute:
		return nil, nil
	case !grant && n == ldapv3.LDAPResultObjectClassViolation && m.attribute == m.group.class.members:
		return &connector.Refusal{Reason: connector.LastMember, Permanent: true, Detail: "The group may not be empty, and this person is its last member. Add somebody else there, or give the connector a placeholder with its credential; delivery goes on by itself."}, nil
	case n == ldapv3.LDAPResultUnwillingToPerform:
		// It may say that nothing is to be done, and a lot of other things: what is there decides.
		has, err := s.conn.Compare(m.group.dn, m.attribute, append(m.add, m.del...)[0])
		if err == nil && has == grant || code(err) == ldapv3.LDAPResultNoSuchAttribute && !grant {
			return nil, nil
		}
		if err != nil && code(err) != ldapv3.LDAPResultNoSuchAttribute {
			return nil, s.failed(err)
		}
		return &connector.Refusal{Reason: connector.RefusedByTarget, Detail: fmt.Sprintf("The directory is unwilling to make this change: it answered result code %d.", n)}, nil
	}
	return &connector.Refusal{Reason: connector.RefusedByTarget, Permanent: true, Detail: fmt.Sprintf("The directory refuses this change: it answered result code %d.", n)}, nil
}
