package sharepoint_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"leasehold/pkg/clock"
	"leasehold/pkg/connector"
	"leasehold/pkg/connector/connectortest"
	"leasehold/pkg/connector/connectortest/sharepointserver"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/connector/sharepoint"
	"leasehold/pkg/entitlement"
)

const at entitlement.ConnectorID = "11111111-1111-4111-8111-111111111111"

const (
	sales = "/sites/sales"
	login = "i:0#.f|membership|"
)

func TestTheConnectorConformsWithADocumentedSharePointServerOfEveryCharacter(t *testing.T) {
	for _, character := range sharepointserver.Characters() {
		// What these do to one person, and what nobody can see, shows in deliveries alone: the tests
		// through the whole stack say what becomes of it.
		if character.BadPerson > 0 || !character.Tells() {
			continue
		}
		t.Run(character.Name, func(t *testing.T) {
			t.Parallel()
			run := connectortest.RunBehaviour
			if character.Name == "as documented" {
				run = connectortest.Run
			}
			run(t, func(t *testing.T) connectortest.Harness { return harness(t, character) })
		})
	}
}

// harness is a new server with six people and two who share an address.
func harness(t *testing.T, character sharepointserver.Character) connectortest.Harness {
	now := clock.NewVirtual(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC))
	s := sharepointserver.New(character, now)
	direct := s.Start(t)
	proxy := connectortest.NewProxy(t, direct)
	proxy.Writes = func(r *http.Request) bool {
		return r.Method != http.MethodGet && !strings.Contains(r.URL.Path, "clientPeoplePicker")
	}
	for i := range connectortest.MinPeople {
		s.AddUser(sharepointserver.User{UPN: fmt.Sprintf("Ann.O'Neil%d@contoso.com", i), Mail: fmt.Sprintf("ann.%d@contoso.com", i)})
	}
	s.AddUser(sharepointserver.User{UPN: "twin1@contoso.com", Mail: "twin@example.com"})
	s.AddUser(sharepointserver.User{UPN: "twin2_example.com#EXT#@contoso.com", Mail: "Twin@example.com"})
	s.AddSite(sharepointserver.Site{Path: sales, Title: "Sales"})
	group := s.AddGroup(sales, "Readers")

	c, err := sharepoint.New(proxy.URL, s.Credential("http://"+direct.Host), entitlement.ConnectorConfig{CorrelationKeys: []string{"userName", "mail"}}, outbound.Client(true), true)
	if err != nil {
		t.Fatal(err)
	}
	h := connectortest.Harness{
		Connector: c,
		Role:      roleOf(proxy.URL.Host, sales, group),
		NoRole:    roleOf(proxy.URL.Host, "/sites/none", group),
		Unknown:   connector.Correlation{UserName: "nobody@contoso.com", Mail: "nobody@example.com"},
		Double:    &connector.Correlation{Mail: "twin@example.com"},
		Ghost:     login + "nobody@contoso.com",
		Secret:    s.Token(),
		Faults:    proxy.Faults(nil),
		Members:   func() []connector.PrincipalRef { return s.Members(sales, group) },
		Later:     func() { now.Advance(2 * time.Minute) },
		Crowd:     crowd(s, group, character, proxy),
	}
	for i := range connectortest.MinPeople {
		h.People = append(h.People, connector.Correlation{UserName: fmt.Sprintf("ann.o'neil%d@contoso.com", i)})
	}
	t.Cleanup(func() {
		if harm := s.Harm(); len(harm) > 0 {
			t.Errorf("the connector %v", harm)
		}
	})
	return h
}

func roleOf(host, site string, group int) entitlement.RoleRef {
	return entitlement.RoleRef{Connector: at, Resource: "https://" + host + site, Role: strconv.Itoa(group)}
}
