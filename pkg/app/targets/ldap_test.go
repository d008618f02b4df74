package targets_test

import (
	"encoding/json"
	"slices"
	"testing"

	"leasehold/pkg/catalogs"
	"leasehold/pkg/connector/connectortest"
	"leasehold/pkg/connector/connectortest/slapd"
	"leasehold/pkg/connector/ldap"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/requests"
)

// A package with a group of a directory: found in the picker, asked, delivered, read back, ended,
// gone. Who was in it before stays, and a group that may not be empty is left with its placeholder.
func TestR4_R5_R8_AGroupOfADirectoryIsGivenAndTakenBack(t *testing.T) {
	s := newStack(t, connectortest.Character{Name: "honest"})
	directory := slapd.Start(t)
	directory.AddPerson(t, "ann", "ann@example.com", "7")
	directory.AddPerson(t, "bob", "bob@example.com", "8")
	const sales = "cn=sales," + slapd.Base
	id := directory.Add(t, sales, map[string][]string{"objectClass": {"groupOfNames"}, "cn": {"sales"}, "member": {slapd.DNOf("bob")}})

	credential, _ := json.Marshal(map[string]string{"bindDn": slapd.Service, "password": directory.Password, "certificateAuthority": directory.Authority, "placeholder": slapd.Placeholder})
	conn := must[entitlement.ConnectorConfig](t)(s.catalogs.RegisterConnector(t.Context(), by, entitlement.ConnectorConfig{DisplayName: "Directory", Kind: ldap.Kind,
		URL: directory.URL(), CorrelationKeys: []string{"externalId", "mail"}}, string(credential)))
	if checked := must[entitlement.ConnectorConfig](t)(s.catalogs.CheckConnector(t.Context(), by, conn.ID, "")); checked.Check.Error != "" || !slices.Contains(checked.Check.Shows, "members") {
		t.Errorf("the check found %+v", checked.Check)
	}
	offers := must[entitlement.Paged[entitlement.TargetOffer]](t)(s.catalogs.Offers(t.Context(), by.Caller, conn.ID, "sal", entitlement.Page{Limit: 10}))
	if len(offers.Items) != 1 || offers.Items[0].Reason != "" || offers.Items[0].OriginID != id {
		t.Errorf("offered are %+v", offers.Items)
	}
	if at, system, err := s.catalogs.Target(catalogs.Origin{System: ldap.OriginSystem, Environment: conn.ID}); err != nil || at != conn.ID || system != ldap.OriginSystem {
		t.Errorf("got %s, %s, %v", at, system, err)
	}

	ann := entitlement.UserID(s.clock.New())
	if err := s.store.Commit(t.Context(), entitlement.Change{Users: []entitlement.User{{ID: ann, Type: entitlement.Member, DisplayName: "Ann", UserPrincipalName: "ann@elsewhere.example", Mail: "ann@example.com", Enabled: true}}}); err != nil {
		t.Fatal(err)
	}
	group := must[entitlement.Resource](t)(s.catalogs.AddResource(t.Context(), by, s.catalog, conn.ID, ldap.OriginSystem, id))
	both, one := s.offer(group, "Member_"+id, "Owner_"+id), s.offer(group, "Member_"+id)
	give := func(p entitlement.AccessPackage) entitlement.AssignmentID {
		r := must[entitlement.AssignmentRequest](t)(s.requests.Submit(t.Context(), by, requests.Submission{Type: entitlement.AdminAdd, Subject: ann, Package: p.ID, Policy: must[entitlement.AccessPackage](t)(s.store.Package(t.Context(), p.ID)).Policies[0]}))
		s.deliver(ann)
		if a := must[entitlement.Assignment](t)(s.requests.Assignment(t.Context(), by.Caller, entitlement.AssignmentID(r.ID))); a.State != entitlement.AssignmentDelivered {
			t.Errorf("%s: %s, %s", p.DisplayName, a.State, a.Status(s.clock.Now()))
		}
		return entitlement.AssignmentID(r.ID)
	}
	take := func(a entitlement.AssignmentID) {
		must[entitlement.AssignmentRequest](t)(s.requests.Remove(t.Context(), by, entitlement.AdminRemove, a, ""))
		s.deliver(ann)
	}
	holds := func(when string, members, owners []string) {
		t.Helper()
		m, o := directory.Values(t, sales, "member"), directory.Values(t, sales, "owner")
		slices.Sort(m)
		slices.Sort(members)
		if !slices.Equal(m, members) || !slices.Equal(o, owners) {
			t.Errorf("%s: members are %q, owners are %q", when, m, o)
		}
	}

	first := give(both)
	holds("with the first", []string{slapd.DNOf("ann"), slapd.DNOf("bob")}, []string{slapd.DNOf("ann")})
	second := give(one)
	take(first)
	holds("without the first", []string{slapd.DNOf("ann"), slapd.DNOf("bob")}, nil)
	take(second)
	holds("without both", []string{slapd.DNOf("bob"), slapd.Placeholder}, nil)
}
