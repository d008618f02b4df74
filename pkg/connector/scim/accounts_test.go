package scim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"leasehold/pkg/clock"
	"leasehold/pkg/connector"
	"leasehold/pkg/connector/connectortest"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/entitlement"
)

var newcomers atomic.Int64

// withAccounts makes a harness one at whose target accounts are made.
func withAccounts(t *testing.T, h connectortest.Harness, proxy *url.URL, stored func(string) []connectortest.ShownAccount) connectortest.Harness {
	t.Helper()
	c, err := New(proxy, testToken, entitlement.ConnectorConfig{CorrelationKeys: []string{"userName", "mail"}, MakeAccounts: true}, outbound.Client(true))
	if err != nil {
		t.Fatal(err)
	}
	n := newcomers.Add(1)
	h.Connector, h.Accounts = c, stored
	h.Newcomer = &connector.Person{User: entitlement.UserID(clock.System{}.New()), UserName: fmt.Sprintf("new%d@example.com", n), DisplayName: `Zoë "Z" O'Neil`,
		GivenName: "Zoë", Surname: "O'Neil", Mail: fmt.Sprintf("new%d@example.com", n)}
	return h
}

// onAccounts opens a server of ours for accounts.
func onAccounts(t *testing.T, character connectortest.Character, as connectortest.AccountCharacter) connectortest.Harness {
	s := connectortest.NewServer(character, clock.System{})
	s.Token, s.AccountCharacter = testToken, as
	for i := range connectortest.MinPeople {
		s.AddUser(fmt.Sprintf("ann%d", i), "", "")
	}
	group := s.AddGroup()
	proxy := connectortest.NewProxy(t, s.Start(t))
	h := harness(t, proxy, group, false)
	h.Members = func() []connector.PrincipalRef { return s.Members(group) }
	return withAccounts(t, h, proxy.URL, s.Accounts)
}

func TestR270_AccountsAreMadeAtAServerOfOurs(t *testing.T) {
	for _, name := range []string{"honest", "takes a user name twice"} {
		t.Run(name, func(t *testing.T) {
			connectortest.RunAccounts(t, func(t *testing.T) connectortest.Harness {
				return onAccounts(t, connectortest.Named("honest"), connectortest.AccountCharacters()[name])
			})
		})
	}
	t.Run("demands versions", func(t *testing.T) {
		connectortest.RunAccounts(t, func(t *testing.T) connectortest.Harness {
			return onAccounts(t, connectortest.Character{Versions: true, DemandsVersions: true}, connectortest.AccountCharacter{})
		})
	})
}

func TestR270_AccountsAreMadeAtScimmy(t *testing.T) {
	base := startScimmy(t)
	createPeople(t, base)
	connectortest.RunAccounts(t, accountsOn(base))
}

func TestR270_AccountsAreMadeAtScim2Server(t *testing.T) {
	base := startScim2Server(t)
	createPeople(t, base)
	connectortest.RunAccounts(t, accountsOn(base))
}

func accountsOn(base *url.URL) func(*testing.T) connectortest.Harness {
	return func(t *testing.T) connectortest.Harness {
		group := createGroup(t, base)
		proxy := connectortest.NewProxy(t, base)
		h := harness(t, proxy, group, false)
		h.Members = func() []connector.PrincipalRef { return storedMembers(t, base, group) }
		return withAccounts(t, h, proxy.URL, func(name string) []connectortest.ShownAccount { return storedAccounts(t, base, name) })
	}
}

// storedAccounts reads all accounts past the connector, and returns those of the name.
func storedAccounts(t *testing.T, base *url.URL, name string) (all []connectortest.ShownAccount) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base.String()+"/Users?count=1000", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+testToken)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var list struct {
		Resources []struct {
			ID, UserName, ExternalID string
			Active                   *bool
		}
	}
	if err := json.NewDecoder(response.Body).Decode(&list); err != nil {
		t.Fatal(err)
	}
	for _, u := range list.Resources {
		if strings.EqualFold(u.UserName, name) {
			all = append(all, connectortest.ShownAccount{ID: u.ID, ExternalID: u.ExternalID, Active: u.Active == nil || *u.Active})
		}
	}
	return all
}

// What an account is made with is this, and nothing else of the person.
func TestR270_TheAttributesOfAnAccount(t *testing.T) {
	full, err := json.Marshal(accountOf(connector.Person{User: "u", UserName: "mia@example.com", DisplayName: "Mia Moss", GivenName: "Mia", Surname: "Moss", Mail: "m@example.com", Mark: "abc"}))
	want := `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"mia@example.com","externalId":"leasehold:abc","displayName":"Mia Moss",` +
		`"name":{"givenName":"Mia","familyName":"Moss","formatted":"Mia Moss"},"emails":[{"value":"m@example.com","type":"work","primary":true}],"active":true}`
	if err != nil || string(full) != want {
		t.Errorf("got %s, %v", full, err)
	}
	bare, err := json.Marshal(accountOf(connector.Person{UserName: "mia@example.com", Mark: "abc"}))
	if want := `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"mia@example.com","externalId":"leasehold:abc","active":true}`; err != nil || string(bare) != want {
		t.Errorf("got %s, %v", bare, err)
	}
	if r := (&Connector{}).rules().Refuse(connector.Person{Mail: "m@example.com"}); r == nil || !r.Permanent {
		t.Errorf("somebody without a user name: %v", r)
	}
}

func TestR270_AccountsNeedToBeFoundByUserName(t *testing.T) {
	base := &url.URL{Scheme: "https", Host: "scim.example.com"}
	if _, err := New(base, "", entitlement.ConnectorConfig{CorrelationKeys: []string{"mail"}, InviteEverybody: true}, nil); entitlement.KindOf(err) != entitlement.Invalid || !strings.Contains(err.Error(), "invitations") {
		t.Errorf("got %v", err)
	}
	if _, err := New(base, "", entitlement.ConnectorConfig{CorrelationKeys: []string{"mail"}, MakeAccounts: true}, nil); entitlement.KindOf(err) != entitlement.Invalid || !strings.Contains(err.Error(), "userName") {
		t.Errorf("got %v", err)
	}
}
