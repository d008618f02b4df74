package rights

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"leasehold/localstack/components"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

// compareTargets is the daily comparison: what was taken away in the built-in directory past us is given
// again, what is there without us is taken away by decision, and targets outside are asked as well.
func compareTargets(s *stack) {
	held := s.ask(components.Other)
	s.drain()
	s.state(held, "delivered")
	who := entitlement.UserID(fmt.Sprint(s.call(components.Other, "GET", names.APIVersion+"/me", nil, 200)["id"]))
	extra := entitlement.UserID(fmt.Sprint(s.call(components.Approver, "GET", names.APIVersion+"/me", nil, 200)["id"]))

	role, resource := s.groupRoleOf(who)
	group := entitlement.GroupID(role.Resource)
	s.giveAgain(resource)
	s.call(components.Admin, "DELETE", names.APIVersion+"/groups/"+string(group)+"/members/"+string(who)+"/$ref", nil, 204)
	s.call(components.Admin, "POST", names.APIVersion+"/groups/"+string(group)+"/members/$ref", object{"@odata.id": s.endpoints.URL + names.APIVersion + "/users/" + string(extra)}, 204)

	s.compare()
	s.dueNow(role) // what differed is looked at again a while later
	s.compare()
	scan, err := s.db.DriftScan(s.Context(), role.Connector, entitlement.DriftScanOf(role))
	if err != nil || scan.Missing != 1 || scan.Extra != 1 {
		s.Fatalf("found %+v, %v", scan, err)
	}
	s.drain()

	s.call(components.Admin, "POST", fmt.Sprintf("%s/driftScans/%s/%s/findings/%s/takeAway", names.Ours, role.Connector, scan.ID(), entitlement.DriftFindingOf(string(extra))), nil, 202)
	s.compare()
	if found := s.values(fmt.Sprintf("%s/driftScans/%s/%s/findings", names.Ours, role.Connector, scan.ID())); len(found) != 1 {
		s.Fatalf("left are %v", found)
	}
}

// groupRoleOf returns a role of the built-in directory that somebody has by us, and the resource of it.
func (s *stack) groupRoleOf(who entitlement.UserID) (entitlement.RoleRef, entitlement.ResourceRoleScope) {
	s.Helper()
	record, _, err := s.db.SubjectRecord(s.Context(), who)
	if err != nil {
		s.Fatal(err)
	}
	scopes, err := s.db.ScopesOf(s.Context(), record.Live)
	if err != nil {
		s.Fatal(err)
	}
	for _, of := range scopes {
		for _, scope := range of.List {
			if scope.Ref.Connector == entitlement.BuiltinConnector {
				return scope.Ref, scope
			}
		}
	}
	s.Fatal("nothing in the built-in directory")
	return entitlement.RoleRef{}, entitlement.ResourceRoleScope{}
}

// giveAgain has what is missing of a resource given again.
func (s *stack) giveAgain(of entitlement.ResourceRoleScope) {
	s.Helper()
	for _, c := range s.values(em + "/catalogs") {
		catalog := entitlement.CatalogID(fmt.Sprint(c.(object)["id"]))
		if _, err := s.db.Resource(s.Context(), catalog, of.Resource); err == nil {
			s.call(components.Admin, "PATCH", fmt.Sprintf("%s/catalogs/%s/resources/%s/deliverySettings", names.Ours, catalog, of.Resource), object{"driftMode": "giveAgain"}, 204)
			return
		}
	}
	s.Fatal("no catalog has the resource")
}

// dueNow has a comparison go on now.
func (s *stack) dueNow(role entitlement.RoleRef) {
	s.Helper()
	scan, err := s.db.DriftScan(s.Context(), role.Connector, entitlement.DriftScanOf(role))
	if err != nil {
		s.Fatal(err)
	}
	scan.Next = time.Now().Add(-time.Second)
	s.commit(entitlement.Change{DriftScans: []entitlement.DriftScan{scan}})
}

// compare carries comparisons on.
func (s *stack) compare() {
	s.Helper()
	payload, err := json.Marshal(events.EventBridgeEvent{Time: time.Now().UTC()})
	if err != nil {
		s.Fatal(err)
	}
	if _, err := s.invoke(s.Context(), names.Drift, payload); err != nil {
		s.Fatal(err)
	}
}
