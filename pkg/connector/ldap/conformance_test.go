package ldap

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	ber "github.com/go-asn1-ber/asn1-ber"
	ldapv3 "github.com/go-ldap/ldap/v3"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/connectortest"
	"leasehold/pkg/connector/connectortest/slapd"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/entitlement"
)

const at entitlement.ConnectorID = "11111111-1111-4111-8111-111111111111"

// credentialOf is a credential for the account at the server.
func credentialOf(s *slapd.Server, bindDN, placeholder string) string {
	text, _ := json.Marshal(map[string]string{"bindDn": bindDN, "password": s.Password, "certificateAuthority": s.Authority, "placeholder": placeholder})
	return string(text)
}

// connect returns a connector of the service's account.
func connect(t *testing.T, s *slapd.Server, url, placeholder string, keys ...string) *Connector {
	t.Helper()
	if len(keys) == 0 {
		keys = []string{"userName", "mail"}
	}
	c, err := open(entitlement.ConnectorConfig{URL: url, CorrelationKeys: keys}, credentialOf(s, slapd.Service, placeholder), outbound.Dialer{Private: true})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// sort is a role of a class of groups.
type sort struct {
	name, class, prefix, attribute string
	full                           bool
}

var sorts = []sort{
	{"members of a groupOfNames", "groupOfNames", memberPrefix, "member", true},
	{"members of a groupOfUniqueNames", "groupOfUniqueNames", memberPrefix, "uniqueMember", true},
	{"owners of a groupOfNames", "groupOfNames", ownerPrefix, "owner", false},
}

func TestTheConnectorConformsWithOpenLDAP(t *testing.T) {
	server := slapd.Start(t)
	people(t, server)
	for i, of := range sorts {
		t.Run(of.name, func(t *testing.T) {
			run := connectortest.RunBehaviour
			if i == 0 {
				run = connectortest.Run
			}
			run(t, func(t *testing.T) connectortest.Harness { return harness(t, server, of) })
		})
	}
}

// people makes ann0 to ann5, and two accounts with one mail address.
func people(t *testing.T, s *slapd.Server) {
	t.Helper()
	for i := range connectortest.MinPeople {
		s.AddPerson(t, fmt.Sprintf("ann%d", i), fmt.Sprintf("ann%d@example.com", i), fmt.Sprint(100+i))
	}
	s.AddPerson(t, "twin1", "twin@example.com", "")
	s.AddPerson(t, "twin2", "Twin@example.com", "")
}

var groups int

// newGroup makes an empty group of the class, where it may be, and returns its DN and its id.
func newGroup(t *testing.T, s *slapd.Server, class string, members ...string) (dn, id string) {
	t.Helper()
	groups++
	name := fmt.Sprintf("group %d", groups)
	dn = "cn=" + name + "," + slapd.Base
	attributes := map[string][]string{"objectClass": {class}, "cn": {name}}
	if len(members) == 0 {
		members = []string{slapd.Placeholder}
	}
	attributes[map[string]string{"groupOfNames": "member", "groupOfUniqueNames": "uniqueMember"}[class]] = members
	return dn, s.Add(t, dn, attributes)
}

func harness(t *testing.T, s *slapd.Server, of sort) connectortest.Harness {
	t.Helper()
	proxy := slapd.NewProxy(t, s)
	dn, id := newGroup(t, s, of.class)
	const none = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"
	c := connect(t, s, proxy.URL(), slapd.Placeholder)
	c.piece = 4
	h := connectortest.Harness{
		Connector: c,
		Crowd:     crowdAt(t, s, dn, of.attribute),
		Role:      entitlement.RoleRef{Connector: at, Resource: id, Role: of.prefix + id},
		NoRole:    entitlement.RoleRef{Connector: at, Resource: none, Role: of.prefix + none},
		Unknown:   connector.Correlation{UserName: "nobody-here", Mail: "nobody-here@example.com"},
		Double:    &connector.Correlation{Mail: "twin@example.com"},
		Ghost:     none,
		Secret:    s.Password,
		Faults:    faultsOf(t, proxy),
		Members: func() (held []connector.PrincipalRef) {
			for _, dn := range s.Values(t, dn, of.attribute) {
				if dn != slapd.Placeholder {
					held = append(held, connector.PrincipalRef(s.ID(t, dn)))
				}
			}
			return held
		},
	}
	for i := range connectortest.MinPeople {
		h.People = append(h.People, connector.Correlation{UserName: fmt.Sprintf("ann%d", i)})
	}
	return h
}

// faultsOf is what the proxy does. A Modify is done as a whole or not at all, and a busy
// directory does not say when to come back.
func faultsOf(t *testing.T, p *slapd.Proxy) connectortest.Faults {
	return connectortest.Faults{
		Down: func() {
			p.Next(false, func(io.Writer, *ber.Packet, func(io.Writer) error) bool { return false })
		},
		LoseAnswer: func() {
			p.Next(true, func(_ io.Writer, _ *ber.Packet, pass func(io.Writer) error) bool {
				if err := pass(io.Discard); err != nil {
					t.Errorf("a write whose answer is lost: %v", err)
				}
				return false
			})
		},
		Spoil: func(what connectortest.Hostility) (all []connectortest.Spoiled) {
			if what == connectortest.Stalls {
				return []connectortest.Spoiled{{Name: "half a message", Begin: func() func() { return stall(p) }}}
			}
			for _, f := range hostile[what] {
				all = append(all, connectortest.Spoiled{Name: f.name, Begin: func() (end func()) {
					p.Always(f.fault)
					return func() { p.Always(nil) }
				}})
			}
			return all
		},
	}
}

// habit is a way in which a directory answers every request.
type habit struct {
	name  string
	fault slapd.Fault
}

// hostile is what a directory can do for each that the suite tells of.
var hostile = map[connectortest.Hostility][]habit{
	connectortest.Huge:              {{"a value of a gigabyte", flood(1 << 30)}, {"a million entries", entries(1_000_000)}},
	connectortest.Endless:           {{"a value without an end", flood(1 << 62)}, {"entries without an end", entries(1 << 62)}, {"many parts", parts}, {"a length without an end", says("\x30\x80" + strings.Repeat("\x04\x00", 1000))}, {"a length of 2 GB", says("\x30\x84\x7f\xff\xff\xff")}},
	connectortest.Gibberish:         {{"nothing", closes}, {"a page", says("HTTP/1.1 400 Bad Request\r\n\r\n<html>")}, {"half a message", says("\x30\x50\x02\x01")}, {"no message", says("\x30\x00")}, {"nested without an end", says(strings.Repeat("\x30\x80", 100_000))}, {"other entries", bound(otherEntry)}, {"an entry without an id", bound(noID)}, {"results that there are not", answersWith(255)}, {"a result that an answer is left out", answersWith(80)}},
	connectortest.KnowsNothing:      {{"nothing there, of everything", bound(answersWith(ldapv3.LDAPResultNoSuchObject))}, {"empty answers", bound(answersWith(ldapv3.LDAPResultSuccess))}},
	connectortest.Redirects:         {{"another server, of everything", answersWith(ldapv3.LDAPResultReferral)}, {"another server, once bound", bound(answersWith(ldapv3.LDAPResultReferral))}},
	connectortest.Echoes:            {{"an error", echoes(ldapv3.LDAPResultOperationsError)}, {"a wrong password", echoes(ldapv3.LDAPResultInvalidCredentials)}, {"an unwilling server", echoes(ldapv3.LDAPResultUnwillingToPerform)}},
	connectortest.RefusesCredential: {{"wrong password", answersWith(ldapv3.LDAPResultInvalidCredentials)}, {"no right to anything", bound(answersWith(ldapv3.LDAPResultInsufficientAccessRights))}},
}

// stall has a directory begin an answer and leave it at that.
func stall(p *slapd.Proxy) (end func()) {
	ended := make(chan struct{})
	p.Always(func(w io.Writer, _ *ber.Packet, _ func(io.Writer) error) bool {
		w.Write([]byte{0x30, 0x50})
		<-ended
		return false
	})
	return func() {
		close(ended)
		p.Always(nil)
	}
}

// echoes refuses with the request as the words, which for a bind has the password in it.
func echoes(n int) slapd.Fault {
	return func(w io.Writer, request *ber.Packet, _ func(io.Writer) error) bool {
		_, err := w.Write(slapd.Result(request, n, string(request.Bytes())))
		return err == nil
	}
}

func closes(io.Writer, *ber.Packet, func(io.Writer) error) bool { return false }

func says(words string) slapd.Fault {
	return func(w io.Writer, _ *ber.Packet, _ func(io.Writer) error) bool {
		io.WriteString(w, words)
		return false
	}
}

// answersWith answers with a result code, and with words that nobody is to repeat.
func answersWith(n int) slapd.Fault {
	return func(w io.Writer, request *ber.Packet, _ func(io.Writer) error) bool {
		_, err := w.Write(slapd.Result(request, n, "the words of the directory"))
		return err == nil
	}
}

// bound lets the connector bind first.
func bound(then slapd.Fault) slapd.Fault {
	return func(w io.Writer, request *ber.Packet, pass func(io.Writer) error) bool {
		if slapd.Operation(request) == ldapv3.ApplicationBindRequest {
			return pass(w) == nil
		}
		return then(w, request, pass)
	}
}

// otherEntry answers every search with an entry that was not asked for, and all else with success.
func otherEntry(w io.Writer, request *ber.Packet, _ func(io.Writer) error) bool {
	w.Write(slapd.Entry(request, "cn=other,"+slapd.Base, map[string][]string{"entryUUID": {"dddddddd-bbbb-4ccc-8ddd-eeeeeeeeeeee"}, "objectClass": {"groupOfNames"}, "cn": {"other"}, "uid": {"other"}, "mail": {"other@example.com"}}))
	_, err := w.Write(slapd.Result(request, 0, ""))
	return err == nil
}

func noID(w io.Writer, request *ber.Packet, _ func(io.Writer) error) bool {
	w.Write(slapd.Entry(request, "cn=other,"+slapd.Base, map[string][]string{"objectClass": {"inetOrgPerson"}, "uid": {"ann0"}}))
	_, err := w.Write(slapd.Result(request, 0, ""))
	return err == nil
}

// flood answers with a message of one long value, and goes on when that is over.
func flood(size int64) slapd.Fault {
	return func(w io.Writer, _ *ber.Packet, _ func(io.Writer) error) bool {
		w.Write([]byte{0x30, 0x83, 0xff, 0xff, 0xff, 0x04, 0x83, 0xff, 0xff, 0x00})
		chunk := slices.Repeat([]byte("x"), 64<<10)
		for range size / int64(len(chunk)) {
			if _, err := w.Write(chunk); err != nil {
				return false
			}
		}
		return false
	}
}

// parts answers with a message of as many parts as there is room for.
func parts(w io.Writer, _ *ber.Packet, _ func(io.Writer) error) bool {
	w.Write([]byte{0x30, 0x83, 0xf0, 0x00, 0x00})
	chunk := slices.Repeat([]byte{0x04, 0x00}, 32<<10)
	for {
		if _, err := w.Write(chunk); err != nil {
			return false
		}
	}
}

// entries answers a search with so many entries.
func entries(n int64) slapd.Fault {
	return bound(func(w io.Writer, request *ber.Packet, _ func(io.Writer) error) bool {
		one := slapd.Entry(request, "cn=other,"+slapd.Base, map[string][]string{"entryUUID": {"dddddddd-bbbb-4ccc-8ddd-eeeeeeeeeeee"}})
		for range n {
			if _, err := w.Write(one); err != nil {
				return false
			}
		}
		_, err := w.Write(slapd.Result(request, 0, ""))
		return err == nil
	})
}
