package ldap

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"

	ldapv3 "github.com/go-ldap/ldap/v3"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/outbound"
)

// lookup is how people are found by one correlation key.
type lookup struct {
	ours       func(connector.Correlation) string
	attributes []string
	ids        bool // the value may be the entry's own id
}

// lookups holds every correlation key. An identity provider that takes its people from the
// directory hands on the entry's own id as the external one.
var lookups = map[string]lookup{
	"externalId": {ours: func(w connector.Correlation) string { return w.External }, attributes: []string{"employeeID", "employeeNumber"}, ids: true},
	"userName":   {ours: func(w connector.Correlation) string { return w.UserName }, attributes: []string{"userPrincipalName", "uid"}},
	"mail":       {ours: func(w connector.Correlation) string { return w.Mail }, attributes: []string{"mail"}},
}

// name is what people read of a key.
func (l lookup) name() string {
	names := l.attributes
	if l.ids {
		names = append([]string{"id"}, names...)
	}
	return strings.Join(names, ", ")
}

// filter finds accounts with the value.
func (l lookup) filter(value string) string {
	var filters []string
	for _, a := range l.attributes {
		filters = append(filters, "("+a+"="+ldapv3.EscapeFilter(value)+")")
	}
	if l.ids {
		filters = append(filters, byID(value))
	}
	return anyOf(filters...)
}

// has reports that an account has the value, as a directory compares.
func (l lookup) has(e *ldapv3.Entry, value string) bool {
	for _, a := range l.attributes {
		if slices.ContainsFunc(e.GetEqualFoldAttributeValues(a), func(have string) bool { return strings.EqualFold(have, value) }) {
			return true
		}
	}
	return l.ids && strings.EqualFold(idOf(e), value)
}

// noPeople are classes of entries that have the attributes of people and are none.
var noPeople = []string{"computer", "contact"}

// isPerson tells an account from a machine, an address in a list, and a group.
func isPerson(e *ldapv3.Entry) bool {
	named := e.GetEqualFoldAttributeValues("objectClass")
	if _, is := groupOf(e); is {
		return false
	}
	return !slices.ContainsFunc(noPeople, func(c string) bool {
		return slices.ContainsFunc(named, func(n string) bool { return strings.EqualFold(n, c) })
	})
}

// valuesInAFilter bounds the people of one search.
const valuesInAFilter = 40

var askPeople = outbound.Operation{Op: "ldap: find people", What: "for people"}

// FindPrincipals asks by one key after the other, for all people in one search, until one finds
// somebody.
func (c *Connector) FindPrincipals(ctx context.Context, who []connector.Correlation) ([]connector.Found, error) {
	if len(who) == 0 {
		return nil, nil
	}

	found := make([]connector.Found, len(who))
	asked := make([][]string, len(who))
	err := c.within(ctx, askPeople, func(s *session) error {
		for _, key := range c.keys {
			if err := s.find(lookups[key], who, found, asked); err != nil {
				return err
			}
		}
		// Before anybody is called missing, the directory shows that it shows people at all.
		if !slices.ContainsFunc(found, func(f connector.Found) bool { return f != connector.Found{} }) {
			return s.witness(anyPerson)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}

	for i := range found {
		if found[i] == (connector.Found{}) {
			found[i].Err = c.nobody(asked[i])
		}
	}
	return found, nil
}

// find looks by one key for those who were not found yet.
func (s *session) find(by lookup, who []connector.Correlation, found []connector.Found, asked [][]string) error {
	var left []int
	var values []string
	for i, w := range who {
		v := by.ours(w)
		if found[i] != (connector.Found{}) || strings.TrimSpace(v) == "" {
			continue
		}
		left, asked[i] = append(left, i), append(asked[i], by.name())
		if !slices.ContainsFunc(values, func(have string) bool { return strings.EqualFold(have, v) }) {
			values = append(values, v)
		}
	}

	var accounts []*ldapv3.Entry
	matched, others := false, false
	for some := range slices.Chunk(values, valuesInAFilter) {
		var filters []string
		for _, v := range some {
			filters = append(filters, by.filter(v))
		}
		entries, err := s.entries(anyOf(filters...), append([]string{attrEntryUUID, attrObjectGUID, "objectClass"}, by.attributes...)...)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if idOf(e) == "" {
				return s.strange(errOther)
			}
			if slices.ContainsFunc(some, func(v string) bool { return by.has(e, v) }) {
				matched = true
			} else {
				others = true
			}
			if isPerson(e) && !s.c.login.stands(e.DN) {
				accounts = append(accounts, e)
			}
		}
	}

	// A directory may compare with less care than we do; one that finds somebody by anything does not compare.
	if others && !matched {
		if err := s.compares(by); err != nil {
			return err
		}
	}
	for _, i := range left {
		found[i] = take(by, accounts, by.ours(who[i]))
	}
	return nil
}

// compares reports a directory that finds entries by a value that nobody has.
func (s *session) compares(by lookup) error {
	entries, err := s.entries(by.filter("leasehold-nobody-"+rand.Text()), attrEntryUUID, attrObjectGUID)
	if err == nil && len(entries) > 0 {
		err = s.strange(errOther)
	}
	return err
}

// take decides by the accounts that have the value: one is the person's, several are nobody's.
func take(by lookup, accounts []*ldapv3.Entry, value string) connector.Found {
	var ids []string
	for _, e := range accounts {
		if id := idOf(e); by.has(e, value) && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	switch len(ids) {
	case 0:
		return connector.Found{}
	case 1:
		return connector.Found{Ref: connector.PrincipalRef(ids[0])}
	}
	return connector.Found{Err: &connector.Refusal{Reason: connector.PrincipalAmbiguous, Permanent: true, Detail: fmt.Sprintf(
		"%d accounts in the directory have the same %s as this person. Make it unique there, then reprocess.", len(ids), by.name())}}
}

// nobody says why somebody was not found.
func (c *Connector) nobody(asked []string) *connector.Refusal {
	missing := &connector.Refusal{Reason: connector.PrincipalMissing, Permanent: true,
		Detail: "The directory knows nobody by " + strings.Join(asked, ", ") + " of this person. Create the account there, then reprocess."}
	if len(asked) == 0 {
		missing.Detail = "Nothing is known of this person by which the directory could be asked for the account: " + strings.Join(c.keys, ", ") + ". Give it to the user, then reprocess."
	}
	return missing
}
