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
	"leasehold/pkg/connector/connectortest/adserver"
	"leasehold/pkg/connector/connectortest/slapd"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/entitlement"
)

// onDomain returns a connector for the proxy in front of a domain.
func onDomain(t *testing.T, s *adserver.Server, p *slapd.Proxy, keys ...string) *Connector {
	t.Helper()
	if len(keys) == 0 {
		keys = []string{"userName", "mail"}
	}
	credential, _ := json.Marshal(map[string]string{"bindDn": adserver.Service, "password": s.Password, "certificateAuthority": p.Authority})
	c, err := open(entitlement.ConnectorConfig{URL: p.URL(), CorrelationKeys: keys}, string(credential), outbound.Dialer{Private: true})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestTheConnectorConformsWithADomainAsDocumented(t *testing.T) {
	for i, habit := range []struct {
		name string
		set  func(*adserver.Server)
	}{
		{"as documented", func(*adserver.Server) {}},
		{"values in ranges of one", func(s *adserver.Server) { s.MaxRange = 1 }},
		{"no permissive modify", func(s *adserver.Server) { s.NotPermissive = true }},
	} {
		t.Run(habit.name, func(t *testing.T) {
			run := connectortest.RunBehaviour
			if i == 0 {
				run = connectortest.Run
			}
			run(t, func(t *testing.T) connectortest.Harness {
				s := adserver.New()
				habit.set(s)
				return domainHarness(t, s)
			})
		})
	}
}

func domainHarness(t *testing.T, s *adserver.Server) connectortest.Harness {
	t.Helper()
	const none = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"
	id := s.AddGroup("Sales")
	s.AddGroup("Others")
	s.AddUser("twin1", "twin@example.com")
	s.AddUser("twin2", "twin@example.com")
	proxy := s.Start(t)
	h := connectortest.Harness{
		Connector: onDomain(t, s, proxy),
		Crowd:     crowdIn(s),
		Role:      memberOf(id),
		NoRole:    memberOf(none),
		Unknown:   connector.Correlation{UserName: "nobody@example.com"},
		Double:    &connector.Correlation{Mail: "twin@example.com"},
		Ghost:     none,
		Secret:    s.Password,
		Faults:    faultsOf(t, proxy),
		Members: func() (held []connector.PrincipalRef) {
			for _, id := range s.Members("Sales") {
				held = append(held, connector.PrincipalRef(id))
			}
			return held
		},
	}
	for i := range connectortest.MinPeople {
		s.AddUser(fmt.Sprintf("ann%d", i), "")
		h.People = append(h.People, connector.Correlation{UserName: fmt.Sprintf("ANN%d@example.com", i)})
	}
	return h
}

// Active Directory shows 1,500 members of a group at a time.
func TestAGroupOfMoreMembersThanOneAnswerHoldsIsReadInRanges(t *testing.T) {
	s := adserver.New()
	var dns []string
	ids := map[int]connector.PrincipalRef{}
	for i := range 4000 {
		name := fmt.Sprintf("u%d", i)
		ids[i] = connector.PrincipalRef(s.AddUser(name, ""))
		dns = append(dns, adserver.DNOf(name))
	}
	id := s.AddGroup("Everybody", dns[:3999]...)
	c := onDomain(t, s, s.Start(t))

	who := []connector.PrincipalRef{ids[0], ids[1499], ids[1500], ids[3998], ids[3999]}
	want := []entitlement.Presence{entitlement.PresencePresent, entitlement.PresencePresent, entitlement.PresencePresent, entitlement.PresencePresent, entitlement.PresenceAbsent}
	for way, searches := range map[connector.Way]int{WayMembers: 2 + 3, WayCompare: 2, WayFilter: 2 + 5} {
		s.Searches()
		told, err := c.Check(t.Context(), memberOf(id), way, who)
		if err != nil || !slices.Equal(told, want) {
			t.Errorf("%s: %v, %v", way, told, err)
		}
		if n := s.Searches(); n != searches {
			t.Errorf("%s: %d searches, want %d", way, n, searches)
		}
	}
}

// Machines, addresses and groups have names and mail addresses as people do.
func TestInADomainOnlyAccountsArePeopleAndComputedGroupsAreNotGiven(t *testing.T) {
	s := adserver.New()
	ann := s.AddUser("ann", "ann@example.com")
	s.AddOther("Ann (contact)", map[string][]string{"objectclass": {"top", "person", "contact"}, "mail": {"ann@example.com"}})
	s.AddOther("ANN-PC", map[string][]string{"objectclass": {"top", "person", "user", "computer"}, "mail": {"ann@example.com"}})
	s.AddOther("Ann's list", map[string][]string{"objectclass": {"top", "group"}, "mail": {"ann@example.com"}})
	query := s.AddOther("Query", map[string][]string{"objectclass": {"top", "group"}, "cn": {"Query"}, "grouptype": {"32"}})
	c := onDomain(t, s, s.Start(t), "mail", "externalId")

	for _, who := range []connector.Correlation{{Mail: "ann@example.com"}, {External: ann}} {
		if found, err := c.FindPrincipals(t.Context(), []connector.Correlation{who}); err != nil || string(found[0].Ref) != ann {
			t.Errorf("%+v: %+v, %v", who, found, err)
		}
	}
	_, err := c.Resource(t.Context(), query)
	refusedAs(t, err, entitlement.Precondition, connector.RefusedByTarget)

	if found := c.Survey(t.Context()); found.Error != "" || found.Dialect != "Active Directory" || !slices.Contains(found.Features, "permissive modify") {
		t.Errorf("found %+v", found)
	}
	if r, err := c.Resource(t.Context(), s.AddGroup("Sales")); err != nil || len(r.Roles) != 1 || !strings.HasPrefix(r.Roles[0].OriginID, memberPrefix) {
		t.Errorf("got %+v, %v", r, err)
	}
}

// A directory that shows its people no more is none in which somebody has no account.
func TestS15_AnAccountThatMayNotReadPeopleFindsNobodyMissing(t *testing.T) {
	s := adserver.New()
	ann := connector.PrincipalRef(s.AddUser("ann", ""))
	id := s.AddGroup("Sales", adserver.DNOf("ann"))
	proxy := s.Start(t)
	c := onDomain(t, s, proxy)
	proxy.Always(func(w io.Writer, request *ber.Packet, pass func(io.Writer) error) bool {
		if slapd.Operation(request) == ldapv3.ApplicationSearchRequest && !strings.Contains(fmt.Sprint(attributesOf(request)), "groupType") {
			_, err := w.Write(slapd.Result(request, 0, ""))
			return err == nil
		}
		return pass(w) == nil
	})

	for _, w := range ways {
		told, err := c.Check(t.Context(), memberOf(id), w.name, []connector.PrincipalRef{ann})
		if refusedAs(t, err, entitlement.Unavailable, connector.NotUnderstood); told != nil {
			t.Errorf("%s: %v", w.name, told)
		}
	}
	_, err := c.Apply(t.Context(), memberOf(id), []connector.Op{{Principal: ann}})
	refusedAs(t, err, entitlement.Unavailable, connector.NotUnderstood)
	_, err = c.FindPrincipals(t.Context(), []connector.Correlation{{UserName: "ann@example.com"}})
	refusedAs(t, err, entitlement.Unavailable, connector.NotUnderstood)
}

// attributesOf are those that a search asks for.
func attributesOf(request *ber.Packet) (names []string) {
	for _, a := range request.Children[1].Children[7].Children {
		names = append(names, a.Data.String())
	}
	return names
}
