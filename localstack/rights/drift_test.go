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
	group := fmt.Sprint(s.call(components.Admin, "POST", names.APIVersion+"/groups", object{"displayName": "Compared", "mailNickname": "compared", "mailEnabled": false, "securityEnabled": true}, 201)["id"])
	pkg, _ := s.offer(nil)
	catalog := s.call(components.Admin, "GET", em+"/accessPackages/"+pkg+"?$expand=catalog", nil, 200)["catalog"].(object)["id"]
	s.call(components.Admin, "POST", em+"/resourceRequests", object{"requestType": "adminAdd", "catalog": object{"id": catalog}, "resource": object{"originId": group, "originSystem": "AadGroup"}}, 201)
	resource := fmt.Sprint(s.values(fmt.Sprint(em, "/catalogs/", catalog, "/resources"))[0].(object)["id"])
	s.apply(components.Admin, pkg, object{"resourceId": resource, "roleOriginId": "Member_" + group}, 204)
	s.call(components.Admin, "PATCH", fmt.Sprintf("%s/catalogs/%s/resources/%s/deliverySettings", names.Ours, catalog, resource), object{"driftMode": "giveAgain"}, 204)
	held := s.wants(components.Manager, pkg, nil)
	s.drain()
	s.state(held, "delivered")

	who := fmt.Sprint(s.call(components.Manager, "GET", names.APIVersion+"/me", nil, 200)["id"])
	extra := fmt.Sprint(s.call(components.Admin, "GET", names.APIVersion+"/me", nil, 200)["id"])
	role := entitlement.RoleRef{Connector: entitlement.BuiltinConnector, Resource: group, Role: "Member_" + group}
	s.call(components.Admin, "DELETE", names.APIVersion+"/groups/"+group+"/members/"+who+"/$ref", nil, 204)
	s.call(components.Admin, "POST", names.APIVersion+"/groups/"+group+"/members/$ref", object{"@odata.id": s.endpoints.URL + names.APIVersion + "/users/" + extra}, 204)

	s.compare()
	s.dueNow(role) // what differed is looked at again a while later
	s.compare()
	scan, err := s.db.DriftScan(s.Context(), role.Connector, entitlement.DriftScanOf(role))
	if err != nil || scan.Missing != 1 || scan.Extra != 1 {
		s.Fatalf("found %+v, %v", scan, err)
	}
	s.drain()

	s.call(components.Admin, "POST", fmt.Sprintf("%s/driftScans/%s/%s/findings/%s/takeAway", names.Ours, role.Connector, scan.ID(), entitlement.DriftFindingOf(extra)), nil, 202)
	s.compare()
	if found := s.values(fmt.Sprintf("%s/driftScans/%s/%s/findings", names.Ours, role.Connector, scan.ID())); len(found) != 1 {
		s.Fatalf("left are %v", found)
	}
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
	s.compareBy(names.Drift)
}

// compareBy has one of the functions carry them on.
func (s *stack) compareBy(function string) {
	s.Helper()
	payload, err := json.Marshal(events.EventBridgeEvent{Time: time.Now().UTC()})
	if err != nil {
		s.Fatal(err)
	}
	if _, err := s.invoke(s.Context(), function, payload); err != nil {
		s.Fatal(err)
	}
}
