package ldap

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	ldapv3 "github.com/go-ldap/ldap/v3"

	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
)

// Attributes that hold the id of an entry.
const (
	attrEntryUUID  = "entryUUID"
	attrObjectGUID = "objectGUID"
)

// Bounds of a search.
const (
	searchPage   = 500
	maxSearched  = 20 // pages of a search for people
	idsInAFilter = 50
)

// swapped reorders the bytes of a UUID between its text and how objectGUID stores it: the
// first three fields are turned around.
func swapped(b []byte) []byte {
	b = slices.Clone(b)
	slices.Reverse(b[0:4])
	slices.Reverse(b[4:6])
	slices.Reverse(b[6:8])
	return b
}

// uuidBytes reads the text of a UUID.
func uuidBytes(text string) ([]byte, bool) {
	if len(text) != 36 || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-' {
		return nil, false
	}
	b, err := hex.DecodeString(strings.ReplaceAll(text, "-", ""))
	return b, err == nil && len(b) == 16
}

func uuidText(b []byte) string {
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:16])
}

// byID writes a filter for the entry with the id, whichever attribute the directory has: a
// filter on one that it does not know finds nothing.
func byID(id string) string {
	b, is := uuidBytes(id)
	if !is {
		return ""
	}
	var stored strings.Builder
	for _, one := range swapped(b) {
		fmt.Fprintf(&stored, `\%02x`, one)
	}
	return "(" + attrEntryUUID + "=" + uuidText(b) + ")(" + attrObjectGUID + "=" + stored.String() + ")"
}

// idOf returns the id of an entry, and "" where it shows none.
func idOf(e *ldapv3.Entry) string {
	if raw := e.GetEqualFoldRawAttributeValue(attrObjectGUID); len(raw) == 16 {
		return uuidText(swapped(raw))
	}
	if b, is := uuidBytes(e.GetEqualFoldAttributeValue(attrEntryUUID)); is {
		return uuidText(b)
	}
	return ""
}

func anyOf(filters ...string) string { return "(|" + strings.Join(filters, "") + ")" }

func allOf(filters ...string) string { return "(&" + strings.Join(filters, "") + ")" }

// search reads what a filter finds below the base, page by page, until take says that it is
// enough. It reports whether that was the end.
func (s *session) search(filter string, pages int, take func([]*ldapv3.Entry) (enough bool), attributes ...string) (ended bool, err error) {
	paging := ldapv3.NewControlPaging(searchPage)
	for range pages {
		request := ldapv3.NewSearchRequest(s.c.at.base, ldapv3.ScopeWholeSubtree, ldapv3.NeverDerefAliases, 0, 0, false, filter, attributes, []ldapv3.Control{paging})
		answer, err := s.conn.Search(request)
		if err != nil {
			return false, s.failed(err)
		}
		if take(answer.Entries) {
			return false, nil
		}

		// A server without paging answers with all that there is.
		next, is := ldapv3.FindControl(answer.Controls, ldapv3.ControlTypePaging).(*ldapv3.ControlPaging)
		if !is || len(next.Cookie) == 0 {
			return true, nil
		}
		paging.SetCookie(next.Cookie)
	}
	return false, nil
}

// entries returns all that a filter finds.
func (s *session) entries(filter string, attributes ...string) (found []*ldapv3.Entry, err error) {
	ended, err := s.search(filter, maxSearched, func(some []*ldapv3.Entry) bool {
		found = append(found, some...)
		return false
	}, attributes...)
	if err == nil && !ended {
		err = s.strange(errTooLong)
	}
	return found, err
}

var errNobody = errors.New("the directory shows nothing of the sort at all")

// witness reports why a missing entry is not to be believed: a directory of which we may read
// nothing, or whose data are away, shows no other of the sort either.
func (s *session) witness(filter string) error {
	request := ldapv3.NewSearchRequest(s.c.at.base, ldapv3.ScopeWholeSubtree, ldapv3.NeverDerefAliases, 1, 0, false, filter, []string{attrEntryUUID, attrObjectGUID}, nil)
	answer, err := s.conn.Search(request)
	// There may be more than the one that was asked for.
	if err != nil && code(err) != ldapv3.LDAPResultSizeLimitExceeded {
		return s.failed(err)
	}
	if answer == nil || !slices.ContainsFunc(answer.Entries, func(e *ldapv3.Entry) bool { return idOf(e) != "" }) {
		return s.strange(errNobody)
	}
	return nil
}

const anyPerson = "(|(objectClass=person)(objectClass=account)(objectClass=posixAccount))"

// accounts returns the DNs of those accounts that are there. The directory shows that it shows
// accounts at all before one that it does not show is taken for missing.
func (s *session) accounts(who []connector.PrincipalRef) (map[connector.PrincipalRef]string, error) {
	var ids []string
	asked := map[string]connector.PrincipalRef{}
	for _, p := range who {
		b, is := uuidBytes(string(p))
		if is && asked[uuidText(b)] == "" {
			ids, asked[uuidText(b)] = append(ids, uuidText(b)), p
		}
	}

	found := map[string]string{}
	for some := range slices.Chunk(ids, idsInAFilter) {
		var filters []string
		for _, id := range some {
			filters = append(filters, byID(id))
		}
		entries, err := s.entries(anyOf(filters...), attrEntryUUID, attrObjectGUID)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			id := idOf(e)
			if _, twice := found[id]; twice || !slices.Contains(some, id) || e.DN == "" {
				return nil, s.strange(errOther)
			}
			found[id] = e.DN
		}
	}

	dns := map[connector.PrincipalRef]string{}
	for _, p := range who {
		b, is := uuidBytes(string(p))
		if is && found[uuidText(b)] != "" && !s.c.login.stands(found[uuidText(b)]) {
			dns[p] = found[uuidText(b)]
		}
	}
	if len(found) == 0 {
		return dns, s.witness(anyPerson)
	}
	return dns, nil
}

// noAccount is the refusal of somebody whom the directory does not show.
func noAccount() *connector.Refusal {
	return &connector.Refusal{Reason: connector.PrincipalMissing, Permanent: true, Detail: "The account of this person is not there in the directory any more."}
}

// refuse returns the error of something that can never be done as things are.
func (s *session) refuse(kind entitlement.Kind, reason connector.Reason, detail string) error {
	return connector.Fail(kind, s.ask.Op, &connector.Refusal{Reason: reason, Permanent: true, Detail: detail}, nil)
}
