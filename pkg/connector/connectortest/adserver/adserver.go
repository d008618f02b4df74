// Package adserver is a directory in memory that behaves as Active Directory is documented to,
// as far as the LDAP connector meets it: objectGUID, values in ranges, pages of a thousand,
// references to other partitions, its result codes, and permissive modify. It is written from
// MS-ADTS and from what administrators report; it proves the connector, and nothing about
// Microsoft's servers.
package adserver

import (
	"crypto/rand"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"

	"leasehold/pkg/connector/connectortest/slapd"
)

// Service is the account that may read and write.
const Service = "CN=Leasehold,CN=Users," + slapd.Base

// maxPage is how many entries a search without pages returns (MaxPageSize of the LDAP policies).
const maxPage = 1000

// Server is a domain. Set its habits before it is asked anything.
type Server struct {
	Password      string
	MaxRange      int  // members in one answer (MaxValRange); 1500 where nothing else is set
	NotPermissive bool // it leaves the permissive-modify control out
	NoNames       bool // it finds no entry by its name

	mu       sync.Mutex
	entries  []*entry
	searches int
}

// entry is one object, with the names of its attributes in small letters.
type entry struct {
	dn         string
	attributes map[string][]string
}

// New returns a domain with an account for the connector.
func New() *Server {
	s := &Server{Password: "pw-" + rand.Text(), MaxRange: 1500}
	s.add(Service, map[string][]string{"objectclass": {"top", "person", "user"}})
	return s
}

// add makes an object, and returns the bytes of its objectGUID.
func (s *Server) add(dn string, attributes map[string][]string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	guid := make([]byte, 16)
	rand.Read(guid)
	attributes["objectguid"] = []string{string(guid)}
	s.entries = append(s.entries, &entry{dn, attributes})
	return string(guid)
}

// AddUser makes an account, and returns its objectGUID as text.
func (s *Server) AddUser(name, mail string) string {
	user := map[string][]string{"objectclass": {"top", "person", "organizationalPerson", "user"}, "cn": {name}, "userprincipalname": {name + "@example.com"}}
	if mail != "" {
		user["mail"] = []string{mail}
	}
	return Text(s.add(DNOf(name), user))
}

// AddGroup makes a security group, and returns its objectGUID as text.
func (s *Server) AddGroup(name string, members ...string) string {
	group := map[string][]string{"objectclass": {"top", "group"}, "cn": {name}, "grouptype": {"-2147483646"}}
	if len(members) > 0 {
		group["member"] = members
	}
	return Text(s.add(DNOf(name), group))
}

// AddOther makes an object of other classes.
func (s *Server) AddOther(name string, attributes map[string][]string) string {
	return Text(s.add(DNOf(name), attributes))
}

// DNOf is the DN of what was made by the name.
func DNOf(name string) string { return "CN=" + name + ",CN=Users," + slapd.Base }

// Text writes an objectGUID as people read it (MS-DTYP 2.3.4): the first fields are turned around.
func Text(guid string) string {
	b := []byte(guid)
	return fmt.Sprintf("%02x%02x%02x%02x-%02x%02x-%02x%02x-%x-%x", b[3], b[2], b[1], b[0], b[5], b[4], b[7], b[6], b[8:10], b[10:16])
}

// Members are the objects in a group, by their ids as text.
func (s *Server) Members(group string) (ids []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, dn := range s.at(DNOf(group)).attributes["member"] {
		ids = append(ids, Text(s.at(dn).attributes["objectguid"][0]))
	}
	return ids
}

// Put makes what was made by a name a member of a group, or ends that, as an administrator would.
func (s *Server) Put(group, name string, in bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, dn := s.at(DNOf(group)), DNOf(name)
	g.attributes["member"] = slices.DeleteFunc(g.attributes["member"], func(m string) bool { return m == dn })
	if in {
		g.attributes["member"] = append(g.attributes["member"], dn)
	}
}

// Searches counts what was searched for since it was last asked.
func (s *Server) Searches() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.searches
	s.searches = 0
	return n
}

// Start starts a proxy in front of the domain, at which it is reached by LDAPS.
func (s *Server) Start(t *testing.T) *slapd.Proxy {
	t.Helper()
	return slapd.InFront(t, func() slapd.Directory { return &conn{server: s} })
}

func (s *Server) at(dn string) *entry {
	i := slices.IndexFunc(s.entries, func(e *entry) bool { return strings.EqualFold(e.dn, dn) })
	if i < 0 {
		return nil
	}
	return s.entries[i]
}

// conn is one connection.
type conn struct {
	server *Server
	bound  bool
}

// Close ends it.
func (c *conn) Close() error { return nil }

// Answer answers one request.
func (c *conn) Answer(request *ber.Packet, w io.Writer) error {
	s := c.server
	s.mu.Lock()
	defer s.mu.Unlock()

	op := request.Children[1]
	var err error
	switch tag := slapd.Operation(request); {
	case tag == ldap.ApplicationBindRequest:
		c.bound = text(op.Children[1]) == Service && op.Children[2].Data.String() == s.Password
		_, err = w.Write(slapd.Result(request, map[bool]int{true: 0, false: ldap.LDAPResultInvalidCredentials}[c.bound], "80090308: LdapErr: DSID-0C090439, comment: AcceptSecurityContext error, data 52e"))
	case !c.bound:
		_, err = w.Write(slapd.Result(request, ldap.LDAPResultOperationsError, "In order to perform this operation a successful bind must be completed on the connection."))
	case tag == ldap.ApplicationSearchRequest:
		s.searches++
		err = s.search(request, w)
	case tag == ldap.ApplicationCompareRequest:
		_, err = w.Write(slapd.Result(request, s.compare(op), ""))
	case tag == ldap.ApplicationModifyRequest:
		_, err = w.Write(slapd.Result(request, s.modify(request), "0000208D: NameErr"))
	default:
		_, err = w.Write(slapd.Result(request, ldap.LDAPResultProtocolError, ""))
	}
	return err
}

// text is the string in a part.
func text(p *ber.Packet) string { return p.Data.String() }

// search answers with entries, a reference, and where it is by pages the next place.
func (s *Server) search(request *ber.Packet, w io.Writer) error {
	op := request.Children[1]
	base, scope, limit := text(op.Children[0]), op.Children[1].Value.(int64), op.Children[3].Value.(int64)
	var asked []string
	for _, a := range op.Children[7].Children {
		asked = append(asked, text(a))
	}

	if base == "" {
		w.Write(slapd.Entry(request, "", map[string][]string{"supportedCapabilities": {"1.2.840.113556.1.4.800"}, "supportedControl": {ldap.ControlTypePaging, ldap.ControlTypeMicrosoftPermissiveModify}}))
		_, err := w.Write(slapd.Result(request, 0, ""))
		return err
	}
	if scope == ldap.ScopeBaseObject && s.at(base) == nil {
		_, err := w.Write(slapd.Result(request, ldap.LDAPResultNoSuchObject, ""))
		return err
	}

	var found []*entry
	for _, e := range s.entries {
		within := scope == ldap.ScopeBaseObject && strings.EqualFold(e.dn, base) || scope != ldap.ScopeBaseObject && strings.HasSuffix(strings.ToLower(e.dn), strings.ToLower(base))
		if within && s.matches(e, op.Children[6]) {
			found = append(found, e)
		}
	}

	paging, from := pageOf(request)
	most := maxPage
	if limit > 0 {
		most = min(most, int(limit))
	}
	if paging > 0 {
		most = min(most, paging)
	}
	to := min(len(found), from+most)
	for _, e := range found[min(from, to):to] {
		if _, err := w.Write(slapd.Entry(request, e.dn, s.show(e, asked))); err != nil {
			return err
		}
	}
	if scope != ldap.ScopeBaseObject {
		w.Write(slapd.Reference(request, "ldap://DomainDnsZones.example.com/DC=DomainDnsZones,"+base))
	}

	var last []byte
	switch {
	case paging > 0 && to < len(found):
		last = slapd.Paged(request, strconv.Itoa(to))
	case paging > 0:
		last = slapd.Paged(request, "")
	case to < len(found):
		last = slapd.Result(request, ldap.LDAPResultSizeLimitExceeded, "")
	default:
		last = slapd.Result(request, 0, "")
	}
	_, err := w.Write(last)
	return err
}

// pageOf returns how many entries a page of the search has, and where it begins.
func pageOf(request *ber.Packet) (size, from int) {
	if len(request.Children) < 3 {
		return 0, 0
	}
	for _, c := range request.Children[2].Children {
		control, err := ldap.DecodeControl(c)
		if paging, is := control.(*ldap.ControlPaging); err == nil && is {
			from, _ := strconv.Atoi(string(paging.Cookie))
			return int(paging.PagingSize), from
		}
	}
	return 0, 0
}

// show returns the attributes that were asked for, long ones in a range (MS-ADTS 3.1.1.3.1.3.3).
func (s *Server) show(e *entry, asked []string) map[string][]string {
	all := map[string][]string{}
	for _, a := range asked {
		name, options, _ := strings.Cut(a, ";range=")
		values := e.attributes[strings.ToLower(name)]
		from, _ := strconv.Atoi(strings.TrimSuffix(options, "-*"))
		switch {
		case len(values) == 0 || from >= len(values) && options != "":
		case options == "" && (len(values) <= s.MaxRange || !strings.EqualFold(name, "member")):
			all[name] = values
		case len(values)-from <= s.MaxRange:
			all[fmt.Sprintf("%s;range=%d-*", name, from)] = values[from:]
		default:
			if options == "" {
				all[name] = nil
			}
			all[fmt.Sprintf("%s;range=%d-%d", name, from, from+s.MaxRange-1)] = values[from : from+s.MaxRange]
		}
	}
	return all
}

// matches evaluates a filter; what is asked of an attribute that the schema lacks finds nothing.
func (s *Server) matches(e *entry, f *ber.Packet) bool {
	is := func(sub *ber.Packet) bool { return s.matches(e, sub) }
	switch f.Tag {
	case ldap.FilterAnd:
		return !slices.ContainsFunc(f.Children, func(sub *ber.Packet) bool { return !is(sub) })
	case ldap.FilterOr:
		return slices.ContainsFunc(f.Children, is)
	case ldap.FilterPresent:
		return strings.EqualFold(text(f), "objectClass") || len(e.attributes[strings.ToLower(text(f))]) > 0
	case ldap.FilterEqualityMatch:
		if strings.EqualFold(text(f.Children[0]), "distinguishedName") {
			return !s.NoNames && strings.EqualFold(e.dn, text(f.Children[1]))
		}
		return slices.ContainsFunc(e.attributes[strings.ToLower(text(f.Children[0]))], func(v string) bool { return strings.EqualFold(v, text(f.Children[1])) })
	case ldap.FilterSubstrings:
		return slices.ContainsFunc(e.attributes[strings.ToLower(text(f.Children[0]))], func(v string) bool {
			return strings.Contains(strings.ToLower(v), strings.ToLower(text(f.Children[1].Children[0])))
		})
	}
	return false
}

func (s *Server) compare(op *ber.Packet) int {
	e := s.at(text(op.Children[0]))
	if e == nil {
		return ldap.LDAPResultNoSuchObject
	}
	values := e.attributes[strings.ToLower(text(op.Children[1].Children[0]))]
	switch {
	case len(values) == 0:
		return ldap.LDAPResultNoSuchAttribute
	case slices.ContainsFunc(values, func(v string) bool { return strings.EqualFold(v, text(op.Children[1].Children[1])) }):
		return ldap.LDAPResultCompareTrue
	}
	return ldap.LDAPResultCompareFalse
}

// modify makes all changes of a request, or none.
func (s *Server) modify(request *ber.Packet) int {
	op := request.Children[1]
	e := s.at(text(op.Children[0]))
	if e == nil {
		return ldap.LDAPResultNoSuchObject
	}
	permissive := !s.NotPermissive && hasControl(request, ldap.ControlTypeMicrosoftPermissiveModify)

	members := slices.Clone(e.attributes["member"])
	for _, change := range op.Children[1].Children {
		add := change.Children[0].Value.(int64) == ldap.AddAttribute
		if !strings.EqualFold(text(change.Children[1].Children[0]), "member") {
			return ldap.LDAPResultObjectClassViolation
		}
		for _, value := range change.Children[1].Children[1].Children {
			dn := text(value)
			at := slices.IndexFunc(members, func(m string) bool { return strings.EqualFold(m, dn) })
			switch {
			case add && s.at(dn) == nil:
				return ldap.LDAPResultNoSuchObject
			case add && at >= 0 && !permissive:
				return ldap.LDAPResultEntryAlreadyExists
			case add && at < 0:
				members = append(members, dn)
			case !add && at < 0 && !permissive:
				return ldap.LDAPResultUnwillingToPerform
			case !add && at >= 0:
				members = slices.Delete(members, at, at+1)
			}
		}
	}
	e.attributes["member"] = members
	return 0
}

func hasControl(request *ber.Packet, oid string) bool {
	if len(request.Children) < 3 {
		return false
	}
	return slices.ContainsFunc(request.Children[2].Children, func(c *ber.Packet) bool { return text(c.Children[0]) == oid })
}
