package entitlement

import "testing"

// The expected table is written out a second time, by hand from behaviour section H, so
// that a slip in either is seen. "" means refused.
func TestH_EveryRequestStateAgainstEveryEvent(t *testing.T) {
	type row map[RequestEvent]RequestState
	want := map[RequestState]row{
		RequestSubmitted: {ApprovalRequired: RequestPendingApproval, Postponed: RequestScheduled, Ready: RequestDelivering, RequestCancel: RequestCanceled},
		RequestPendingApproval: {StageEscalated: RequestPendingApproval, StageApproved: RequestPendingApproval, StageDenied: RequestDenied,
			StageTimedOut: RequestDenied, Postponed: RequestScheduled, Ready: RequestDelivering, RequestCancel: RequestCanceled},
		RequestScheduled:          {Ready: RequestDelivering, RequestCancel: RequestCanceled},
		RequestDelivering:         {RolesDelivered: RequestDelivered, RolesPartial: RequestPartiallyDelivered, RolesFailed: RequestDeliveryFailed},
		RequestPartiallyDelivered: {RolesDelivered: RequestDelivered, RolesFailed: RequestDeliveryFailed, RequestReprocess: RequestDelivering},
		RequestDeliveryFailed:     {RolesDelivered: RequestDelivered, RolesPartial: RequestPartiallyDelivered, RequestReprocess: RequestDelivering},
		RequestDelivered:          {},
		RequestDenied:             {},
		RequestCanceled:           {},
	}
	for _, s := range RequestStates {
		for _, e := range RequestEvents {
			got, err := s.Next(e)
			next, allowed := want[s][e]
			switch {
			case allowed && (err != nil || got != next):
				t.Errorf("%s on %s: got %s, %v, want %s", s, e, got, err, next)
			case !allowed && (KindOf(err) != Conflict || got != s):
				t.Errorf("%s on %s: got %s, %v, want a conflict that stays", s, e, got, err)
			}
		}
		if final := len(want[s]) == 0; s.Final() != final {
			t.Errorf("%s: Final is %t", s, s.Final())
		}
	}
}

func TestH_EveryAssignmentStateAgainstEveryEvent(t *testing.T) {
	live := map[AssignmentEvent]AssignmentState{AllPresent: AssignmentDelivered, SomePresent: AssignmentPartiallyDelivered, NonePresent: AssignmentDeliveryFailed,
		PackageChanged: AssignmentDelivering, Reprocessed: AssignmentDelivering, RoleLost: AssignmentDelivering, AssignmentEnds: AssignmentExpired}
	for _, s := range AssignmentStates {
		for _, e := range AssignmentEvents {
			got, err := s.Next(e)
			switch {
			case s == AssignmentExpired && KindOf(err) != Conflict:
				t.Errorf("an ended assignment moved on %s to %s", e, got)
			case s != AssignmentExpired && (err != nil || got != live[e]):
				t.Errorf("%s on %s: got %s, %v, want %s", s, e, got, err, live[e])
			}
		}
	}
}

func TestErrors_EveryKindHasAStatusAVerdictAndACode(t *testing.T) {
	seen := map[string]bool{}
	for _, k := range Kinds() {
		err := Errorf(k, "something")
		if k.HTTPStatus() < 400 || k.String() == "" || CodeOf(err) == "" || KindOf(err) != k || seen[k.String()] {
			t.Errorf("kind %d: status %d, name %q, code %q", k, k.HTTPStatus(), k, CodeOf(err))
		}
		seen[k.String()] = true
	}
	for _, k := range []Kind{Internal, Conflict, Throttled, Unavailable} {
		if k.Verdict() != Retry {
			t.Errorf("%s must come again from the queue", k)
		}
	}
}
