package ldap

import (
	"context"
	"slices"
	"strconv"
	"strings"

	ldapv3 "github.com/go-ldap/ldap/v3"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/entitlement"
)

// The ways of asking who holds a role.
const (
	// WayCompare asks of each person whether the group has the value, by a Compare.
	WayCompare connector.Way = "compare"
	// WayFilter asks of each person for the group, if it has the value.
	WayFilter connector.Way = "filter"
	// WayMembers reads all values, in ranges where the server gives it in such.
	WayMembers connector.Way = "members"
)

// maxRanges bounds the pieces of a list of members: Active Directory gives 1,500 values in each.
const maxRanges = 200

// way is one way of asking; it returns what it tells of each DN.
type way struct {
	name connector.Way
	ask  func(s *session, g group, attribute string, dns []string) ([]entitlement.Presence, error)
}

// ways are all of them, the best first.
var ways = []way{
	{WayCompare, each((*session).compare)},
	{WayFilter, each((*session).filter)},
	{WayMembers, (*session).list},
}

var askHolders = outbound.Operation{Op: "ldap: read holders", What: "for who holds a role of a group"}

// Check asks who holds the role in one way, and repeats what is answered. Whose account the
// directory does not show, while it shows others, is not there.
func (c *Connector) Check(ctx context.Context, role entitlement.RoleRef, in connector.Way, who []connector.PrincipalRef) ([]entitlement.Presence, error) {
	at := slices.IndexFunc(ways, func(w way) bool { return w.name == in })
	if at < 0 {
		return nil, entitlement.Errorf(entitlement.Invalid, "A directory cannot be asked who holds a role by %q.", in)
	}
	a, err := aimOf(role)
	if err != nil || len(who) == 0 {
		return nil, err
	}

	told := slices.Repeat([]entitlement.Presence{entitlement.PresenceAbsent}, len(who))
	err = c.within(ctx, askHolders, func(s *session) error {
		g, err := s.group(a.group)
		if err != nil {
			return err
		}
		attribute, err := s.attribute(g, a)
		if err != nil {
			return err
		}
		accounts, err := s.accounts(who)
		if err != nil {
			return err
		}

		var dns []string
		var whose []int
		for i, p := range who {
			if dn, there := accounts[p]; there {
				dns, whose = append(dns, dn), append(whose, i)
			}
		}
		if len(dns) == 0 {
			return nil
		}
		answer, err := ways[at].ask(s, g, attribute, dns)
		for i, p := range answer {
			told[whose[i]] = p
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return told, nil
}

func presence(is bool) entitlement.Presence {
	if is {
		return entitlement.PresencePresent
	}
	return entitlement.PresenceAbsent
}

// each asks about one person after the other, until the server says that it cannot be asked so.
func each(ask func(s *session, g group, attribute, dn string) (entitlement.Presence, error)) func(*session, group, string, []string) ([]entitlement.Presence, error) {
	return func(s *session, g group, attribute string, dns []string) ([]entitlement.Presence, error) {
		told := slices.Repeat([]entitlement.Presence{entitlement.PresenceUnknown}, len(dns))
		for i, dn := range dns {
			p, err := ask(s, g, attribute, dn)
			switch {
			case cannot(code(err)):
				return told, nil
			case err != nil:
				return nil, s.failed(err)
			}
			told[i] = p
		}
		return told, nil
	}
}

// cannot tells a result code of a server that does not answer such a question.
func cannot(n uint16) bool {
	return slices.Contains([]uint16{ldapv3.LDAPResultProtocolError, ldapv3.LDAPResultUndefinedAttributeType, ldapv3.LDAPResultInappropriateMatching,
		ldapv3.LDAPResultUnwillingToPerform}, n)
}

func (s *session) compare(g group, attribute, dn string) (entitlement.Presence, error) {
	has, err := s.conn.Compare(g.dn, attribute, dn)
	// A group without any value has no such attribute.
	if code(err) == ldapv3.LDAPResultNoSuchAttribute {
		return entitlement.PresenceAbsent, nil
	}
	return presence(has), err
}

func (s *session) filter(g group, attribute, dn string) (entitlement.Presence, error) {
	request := ldapv3.NewSearchRequest(g.dn, ldapv3.ScopeBaseObject, ldapv3.NeverDerefAliases, 0, 0, false,
		"("+attribute+"="+ldapv3.EscapeFilter(dn)+")", []string{attrEntryUUID, attrObjectGUID}, nil)
	answer, err := s.conn.Search(request)
	switch {
	case err != nil:
		return entitlement.PresenceUnknown, err
	case len(answer.Entries) == 0:
		return entitlement.PresenceAbsent, nil
	case len(answer.Entries) == 1 && idOf(answer.Entries[0]) == g.id:
		return entitlement.PresencePresent, nil
	}
	return entitlement.PresenceUnknown, nil
}

// list reads the values of the attribute, and looks for the DNs among them.
func (s *session) list(g group, attribute string, dns []string) ([]entitlement.Presence, error) {
	wanted := make([]*ldapv3.DN, len(dns))
	for i, dn := range dns {
		parsed, err := ldapv3.ParseDN(dn)
		if err != nil {
			return nil, s.strange(errOther)
		}
		wanted[i] = parsed
	}

	told := make([]entitlement.Presence, len(dns))
	ended, err := s.values(g, attribute, func(value string) {
		held, err := ldapv3.ParseDN(value)
		if err != nil {
			return
		}
		for i, w := range wanted {
			if told[i] == "" && w.EqualFold(held) {
				told[i] = entitlement.PresencePresent
			}
		}
	})
	for i := range told {
		switch {
		case told[i] == entitlement.PresencePresent:
		case ended:
			told[i] = entitlement.PresenceAbsent
		default:
			told[i] = entitlement.PresenceUnknown
		}
	}
	return told, err
}

// values reads the values of a group's attribute, range after range, and reports whether it
// came to the end.
func (s *session) values(g group, attribute string, see func(string)) (ended bool, err error) {
	for next, pieces := 0, 0; pieces < maxRanges; pieces++ {
		asked := attribute
		if next > 0 {
			asked += ";range=" + strconv.Itoa(next) + "-*"
		}
		request := ldapv3.NewSearchRequest(g.dn, ldapv3.ScopeBaseObject, ldapv3.NeverDerefAliases, 0, 0, false, "(objectClass=*)",
			[]string{asked, attrEntryUUID, attrObjectGUID}, nil)
		answer, err := s.conn.Search(request)
		if err != nil {
			return false, s.failed(err)
		}
		if len(answer.Entries) != 1 || idOf(answer.Entries[0]) != g.id {
			return false, s.strange(errOther)
		}

		last, ranged, values := piece(answer.Entries[0], attribute, next)
		for _, v := range values {
			see(v)
		}
		switch {
		case !ranged && next == 0, ranged && last < 0:
			return true, nil
		// Nothing follows where something must, or what was seen already.
		case !ranged || last < next:
			return false, s.strange(errOther)
		}
		next = last + 1
	}
	return false, nil
}

// piece returns the values of the attribute in an entry, and the last number of the range that
// they are; -1 where they are the end.
func piece(e *ldapv3.Entry, attribute string, from int) (last int, ranged bool, values []string) {
	for _, a := range e.Attributes {
		name, options, has := strings.Cut(strings.ToLower(a.Name), ";range=")
		if !has || name != strings.ToLower(attribute) {
			continue
		}
		first, end, _ := strings.Cut(options, "-")
		if first != strconv.Itoa(from) {
			continue
		}
		if end == "*" {
			return -1, true, a.Values
		}
		if n, err := strconv.Atoi(end); err == nil && n >= 0 {
			return n, true, a.Values
		}
	}
	return 0, false, e.GetEqualFoldAttributeValues(attribute)
}
