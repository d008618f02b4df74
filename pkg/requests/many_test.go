package requests_test

import (
	"testing"

	"leasehold/pkg/authz"
	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/requests"
)

// administrator is a command of somebody who may administer.
func administrator(id entitlement.UserID, command string) authz.Command {
	return authz.Command{Caller: authz.Caller{ID: id, Scopes: authz.Every}, CommandID: command}.
		As(entitlement.User{ID: id, Enabled: true, Groups: []entitlement.GroupID{entitlement.AdministratorsGroup}})
}

// Of fifty thousand whose delivery fails for one reason each call takes a bounded number, and
// the next goes on where it ended, though all of them fail still.
func TestF38_ReprocessingByReasonIsBoundedAndReachesEverybody(t *testing.T) {
	w := newFixture(t)
	store, meter := dynamotest.Metered()
	w.store, w.Service.Store = store, store
	meter.Failing(t, "target", entitlement.ReasonRefused, dynamotest.Many, w.clock.Now())
	meter.Reset()
	calls, next := 0, ""
	for {
		n, after, err := w.ReprocessFailing(t.Context(), administrator("admin", "call"), "target", entitlement.ReasonRefused, next)
		if err != nil || n > requests.MaxReprocess {
			t.Fatalf("%d in one call, %v", n, err)
		}
		if calls++; calls == 1 {
			t.Logf("one call: %d calls of the table, %.1f R", meter.Total(), meter.ReadUnits)
			if pages := meter.Calls["Query"]; pages != requests.MaxReprocess/entitlement.PageSize || meter.ReadUnits > 25 {
				t.Errorf("one call read %d pages, %.1f R", pages, meter.ReadUnits)
			}
		}
		if next = after; next == "" {
			break
		}
	}
	if want := dynamotest.Many/requests.MaxReprocess + 1; len(w.enqueued) != dynamotest.Many || calls > want {
		t.Errorf("%d were enqueued in %d calls, want %d in %d", len(w.enqueued), calls, dynamotest.Many, want)
	}
}

// What could not be delivered is counted in one look at all that fails, however many targets there
// are.
func TestS21_DeliveryErrorsAreCountedInAFewReadsHoweverManyTargetsThereAre(t *testing.T) {
	w := newFixture(t)
	store, meter := dynamotest.Metered()
	w.store, w.Service.Store = store, store
	w.Reasons = []string{entitlement.ReasonRefused, entitlement.ReasonUnavailable}
	want := map[entitlement.ConnectorID]bool{}
	dynamotest.Fill(t, store, entitlement.MaxConnectors, func(i int, c *entitlement.Change) {
		id := entitlement.ConnectorID(dynamotest.OldID(7, i))
		c.Connectors = append(c.Connectors, entitlement.ConnectorConfig{ID: id, DisplayName: "C", Kind: "scim"})
		if i%50 == 0 {
			want[id] = true
		}
	})
	for id := range want {
		meter.Failing(t, id, entitlement.ReasonRefused, 1, w.clock.Now())
	}
	pages := 0
	for page := (entitlement.Page{}); ; pages++ {
		meter.Reset()
		list, err := w.DeliveryErrors(t.Context(), administrator("admin", "call").Caller, page)
		if err != nil || meter.Total() > 10 {
			t.Fatalf("%d calls, %v", meter.Total(), err)
		}
		for _, e := range list.Items {
			if !want[e.Connector] || e.Subjects != 1 || e.Reason != entitlement.ReasonRefused {
				t.Errorf("got %+v", e)
			}
			delete(want, e.Connector)
		}
		if page.Token = list.Next; list.Next == "" {
			break
		}
	}
	if len(want) > 0 || pages != 0 {
		t.Errorf("of %d targets nothing was told on %d pages", len(want), pages+1)
	}
}
