package rights

import (
	"fmt"
	"time"

	"leasehold/localstack/components"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
	"leasehold/pkg/queue"
)

// deliverInTheVPC registers a directory in the VPC, which is asked from there, and has roles of a
// target in the VPC given and compared: handed on from either queue.
func deliverInTheVPC(s *stack) {
	path := names.Ours + "/connectors"
	directory := object{"displayName": "In the VPC", "kind": "ldap", "url": "ldaps://127.0.0.1:9/dc=example", "correlationKeys": []string{"mail"}, "network": "vpc",
		"credential": `{"bindDn":"cn=us","password":"s3cret"}`}
	made := fmt.Sprint(s.call(components.Admin, "POST", path, directory, 201)["id"])
	s.call(components.Admin, "DELETE", path+"/"+made, nil, 204)

	s.moveTargets(true)
	held := s.ask(components.Member)
	who := entitlement.UserID(s.id(components.Member))
	bulk := queueOf(names.DeliverBulk)
	s.post(bulk.ID, queue.DeliveryMessage{Subjects: []entitlement.UserID{who}}.Encode())
	f := drainer(bulk.ID)
	s.hand(f, f.Timeout, bulk.ID, s.receive(bulk, 5*time.Second))
	s.drain()
	s.state(held, "delivered")
	s.compareBy(names.DriftVPC)
	for _, f := range names.VPCFunctions() {
		if len(s.used[f.ID]) == 0 {
			s.Errorf("%s did nothing", f.ID)
		}
	}
	s.moveTargets(false)
}

// moveTargets has the SCIM targets be in the VPC, or not. No administrator can: they stand for
// directories.
func (s *stack) moveTargets(inside bool) {
	s.Helper()
	all, err := s.db.ListConnectors(s.Context())
	if err != nil {
		s.Fatal(err)
	}
	for _, c := range all {
		if c.Kind == "scim" {
			c.VPC = inside
			s.commit(entitlement.Change{Connectors: []entitlement.ConnectorConfig{c}})
		}
	}
}
