package catalogs_test

import (
	"context"
	"fmt"
	"testing"

	"leasehold/pkg/entitlement"
)

// Every resource is counted at its connector. Those who add or remove others meanwhile, to
// other catalogs, are not in each other's way.
func TestS13_ResourcesOfOneTargetAreAddedAndRemovedAtOnce(t *testing.T) {
	w := newFixture(t)
	cfg, err := w.RegisterConnector(t.Context(), by, entitlement.ConnectorConfig{DisplayName: "CRM", Kind: "scim", URL: "https://crm.example", CorrelationKeys: []string{"mail"}}, "s3cr3t")
	if err != nil {
		t.Fatal(err)
	}
	mine, theirs := w.catalog(), w.catalog()
	rivals := *w.Service
	added, crossings := 0, 3
	w.Store = late{w.store, func(ctx context.Context) {
		if crossings--; crossings < 0 {
			return
		}
		added++
		if _, err := rivals.AddResource(ctx, by, theirs.ID, cfg.ID, "Scim", fmt.Sprint("theirs", added)); err != nil {
			t.Error(err)
		}
	}}
	r, err := w.AddResource(t.Context(), by, mine.ID, cfg.ID, "Scim", "mine")
	if err != nil {
		t.Fatalf("added while others were: %v", err)
	}
	crossings = 3
	if err := w.RemoveResource(t.Context(), by, r); err != nil {
		t.Errorf("removed while others were added: %v", err)
	}
	if c, err := w.store.Connector(t.Context(), cfg.ID); err != nil || c.Uses != added {
		t.Errorf("%d resources are counted of %d: %v", c.Uses, added, err)
	}
}
