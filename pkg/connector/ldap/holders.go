package ldap

import (
	"context"
	"slices"
	"strconv"
	"strings"

	ldapv3 "github.com/go-ldap/ldap/v3"

	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
)

var _ connector.Lister = (*Connector)(nil)

const (
	// wholePiece is how many members a piece of a list has, where the directory gives all values at once.
	wholePiece = 2000
	// dnsInAFilter is for how many entries one search asks by their names.
	dnsInAFilter = 50
)

// Where a list goes on: after so many values, where the directory gives it in ranges, or after a name,
// where it gives it whole. Names are in order then, so that who comes or goes meanwhile moves nobody.
const (
	fromRange = "range "
	fromName  = "after "
)

// Holders returns a piece of a group's members, or owners, by their ids: of Active Directory one range
// of values, of others so many of all. What is no account is left out: a group within the group, a
// machine, the placeholder, a name that no entry has any more, and whoever is not below the
// connector's base, who is nobody that we know of.
func (c *Connector) Holders(ctx context.Context, role entitlement.RoleRef, cursor string) (connector.HolderPage, error) {
	a, err := aimOf(role)
	if err != nil {
		return connector.HolderPage{}, err
	}
	skip, isRange := strings.CutPrefix(cursor, fromRange)
	from, err := strconv.Atoi(skip)
	if named := strings.HasPrefix(cursor, fromName); cursor != "" && !named && (!isRange || err != nil || from <= 0) {
		return connector.HolderPage{}, entitlement.Errorf(entitlement.Invalid, "This is no place in the list of a group's members.")
	}

	found := connector.HolderPage{}
	err = c.within(ctx, askHolders, func(s *session) error {
		g, err := s.group(a.group)
		if err != nil {
			return err
		}
		attribute, err := s.attribute(g, a)
		if err != nil {
			return err
		}
		var dns []string
		if isRange {
			dns, found.Next, err = s.valuesFrom(g, attribute, from)
		} else {
			dns, found.Next, err = s.valuesAfter(g, attribute, strings.TrimPrefix(cursor, fromName))
		}
		if err == nil {
			found.Refs, err = s.people(dns)
		}
		return err
	})
	if err != nil {
		return connector.HolderPage{}, err
	}
	return found, nil
}

// valuesOf reads values of the attribute of a group, as they are asked for.
func (s *session) valuesOf(g group, asked string) (*ldapv3.Entry, error) {
	answer, err := s.conn.Search(ldapv3.NewSearchRequest(g.dn, ldapv3.ScopeBaseObject, ldapv3.NeverDerefAliases, 0, 0, false, "(objectClass=*)",
		[]string{asked, attrEntryUUID, attrObjectGUID}, nil))
	if err != nil {
		return nil, s.failed(err)
	}
	if len(answer.Entries) != 1 || idOf(answer.Entries[0]) != g.id {
		return nil, s.strange(errOther)
	}
	return answer.Entries[0], nil
}

// valuesFrom returns the range that begins at from.
func (s *session) valuesFrom(g group, attribute string, from int) (values []string, next string, err error) {
	e, err := s.valuesOf(g, attribute+";range="+strconv.Itoa(from)+"-*")
	if err != nil {
		return nil, "", err
	}
	last, ranged, values := piece(e, attribute, from)
	// So many have gone that the range is none any more: the list begins anew.
	if !ranged || last >= 0 && last < from {
		return nil, "", s.strange(errOther)
	}
	return values, rangeAfter(last), nil
}

func rangeAfter(last int) string {
	if last < 0 {
		return ""
	}
	return fromRange + strconv.Itoa(last+1)
}

// valuesAfter returns the first range where the directory gives such, and else the values that follow a
// name.
func (s *session) valuesAfter(g group, attribute, name string) (values []string, next string, err error) {
	e, err := s.valuesOf(g, attribute)
	if err != nil {
		return nil, "", err
	}
	last, ranged, values := piece(e, attribute, 0)
	if ranged {
		return values, rangeAfter(last), nil
	}

	values, next = following(e, attribute, name, s.c.piece)
	return values, next, nil
}

// following returns the values that come after a name, as many as one piece has, and where the next one
// begins.
func following(e *ldapv3.Entry, attribute, name string, most int) (values []string, next string) {
	values = slices.Clone(e.GetEqualFoldAttributeValues(attribute))
	for i, v := range values {
		values[i] = strings.ToLower(v)
	}
	slices.Sort(values)
	at, is := slices.BinarySearch(values, name)
	if is {
		at++
	}
	values = values[at:]
	if len(values) > most {
		values = values[:most]
		next = fromName + values[most-1]
	}
	return values, next
}

// people returns the ids of those of the names that are accounts.
func (s *session) people(dns []string) (refs []connector.PrincipalRef, err error) {
	by := 0
	for some := range slices.Chunk(dns, dnsInAFilter) {
		entries, err := s.named(some, &by)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			id := idOf(e)
			switch {
			case !isPerson(e) || s.c.login.stands(e.DN):
			case id == "":
				return nil, s.strange(errOther)
			default:
				refs = append(refs, connector.PrincipalRef(id))
			}
		}
	}
	return refs, nil
}

// nameAttributes are those by which servers find entries by their names: OpenLDAP and those like it
// (RFC 5020), and Active Directory.
var nameAttributes = []string{"entryDN", "distinguishedName"}

var accountAttributes = []string{attrEntryUUID, attrObjectGUID, "objectClass"}

// named returns the entries of the names. by is the attribute that found some before; who is found
// by none is read alone, so that a server with neither shows them as well.
func (s *session) named(dns []string, by *int) (found []*ldapv3.Entry, err error) {
	left := map[string]string{}
	for _, dn := range dns {
		left[nameOf(dn)] = dn
	}
	take := func(entries []*ldapv3.Entry) (some bool) {
		for _, e := range entries {
			if _, asked := left[nameOf(e.DN)]; asked {
				delete(left, nameOf(e.DN))
				found, some = append(found, e), true
			}
		}
		return some
	}

	for ; *by < len(nameAttributes); *by++ {
		var filters []string
		for _, dn := range dns {
			filters = append(filters, "("+nameAttributes[*by]+"="+ldapv3.EscapeFilter(dn)+")")
		}
		entries, err := s.entries(anyOf(filters...), accountAttributes...)
		if err != nil {
			return nil, err
		}
		if take(entries) {
			break
		}
	}
	// Nobody was found by any: these names may be of nobody, and the next ones not.
	if *by == len(nameAttributes) {
		*by = 0
	}

	for _, dn := range dns {
		if _, is := left[nameOf(dn)]; !is {
			continue
		}
		answer, err := s.conn.Search(ldapv3.NewSearchRequest(dn, ldapv3.ScopeBaseObject, ldapv3.NeverDerefAliases, 0, 0, false, "(objectClass=*)", accountAttributes, nil))
		switch code(err) {
		case ldapv3.LDAPResultNoSuchObject, ldapv3.LDAPResultReferral, ldapv3.LDAPResultInvalidDNSyntax:
			continue // of nobody, or of another directory
		}
		if err != nil {
			return nil, s.failed(err)
		}
		take(answer.Entries)
	}
	return found, nil
}

// nameOf writes a DN so that it can be compared.
func nameOf(dn string) string {
	parsed, err := ldapv3.ParseDN(dn)
	if err != nil {
		return strings.ToLower(dn)
	}
	return strings.ToLower(parsed.String())
}
