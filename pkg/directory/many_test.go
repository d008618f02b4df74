package directory_test

import (
	"testing"

	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/entitlement"
)

// A new manager and the end of an account cost the same for any number of requests that
// the person ever made.
func TestF38_ANewManagerAndADeletionReadNothingOfThePast(t *testing.T) {
	cost := func(history int) (calls int, read float64) {
		s := newService()
		store, meter := dynamotest.Metered()
		s.Store = store
		person := func(name string) entitlement.UserID {
			u, err := s.CreateUser(t.Context(), by, entitlement.User{Type: entitlement.Member, DisplayName: name, UserPrincipalName: name, Enabled: true})
			if err != nil {
				t.Fatal(err)
			}
			return u.ID
		}
		mia, max := person("mia"), person("max")
		dynamotest.OldRequests(t, store, mia, "package", history, s.Clock.Now())
		meter.Reset()
		if err := s.SetManager(t.Context(), by, mia, max); err != nil {
			t.Fatal(err)
		}
		if err := s.DeleteUser(t.Context(), by, mia); err != nil {
			t.Fatal(err)
		}
		return meter.Total(), meter.ReadUnits
	}
	calls, read := cost(0)
	manyCalls, manyRead := cost(dynamotest.Many)
	t.Logf("without history %d calls, %.1f R; with %d requests %d calls, %.1f R", calls, read, dynamotest.Many, manyCalls, manyRead)
	if calls != manyCalls || read != manyRead {
		t.Errorf("with history %d calls and %.1f R, without %d and %.1f", manyCalls, manyRead, calls, read)
	}
}
