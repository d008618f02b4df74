package requests_test

import (
	"testing"

	"leasehold/pkg/entitlement"
)

func TestR244_DeliveringAgainByReasonIsOnRecord(t *testing.T) {
	w := newFixture(t)
	admin := w.person("", true)
	admin.CommandID = "again"
	if _, _, err := w.ReprocessFailing(t.Context(), admin, entitlement.BuiltinConnector, entitlement.ReasonUnavailable, ""); err != nil {
		t.Fatal(err)
	}
	found, err := w.store.Notices(t.Context(), entitlement.Page{})
	if err != nil || len(found.Items) != 1 {
		t.Fatalf("%d notices, %v", len(found.Items), err)
	}
	e := found.Items[0]
	if e.Kind != "reprocessed" || e.Actor != admin.ID || e.Command != "again" || e.Data["reason"] != entitlement.ReasonUnavailable || e.Data["connector"] != string(entitlement.BuiltinConnector) {
		t.Errorf("the event is %+v", e)
	}
}
