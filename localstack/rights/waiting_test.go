package rights

import (
	"fmt"
	"time"

	"leasehold/localstack/components"
	"leasehold/pkg/clock"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

// id is who an account is.
func (s *stack) id(as string) string {
	s.Helper()
	return fmt.Sprint(s.call(as, "GET", names.APIVersion+"/me", nil, 200)["id"])
}

// offer adds a package, in a catalog of its own, under a policy that has one stage, or none.
func (s *stack) offer(stage object) (pkg, policy string) {
	s.Helper()
	catalog := s.call(components.Admin, "POST", em+"/catalogs", object{"displayName": "Waiting " + clock.System{}.New(), "state": "published"}, 201)["id"]
	pkg = fmt.Sprint(s.call(components.Admin, "POST", em+"/accessPackages", object{"displayName": "Waiting", "catalog": object{"id": catalog}}, 201)["id"])
	p := object{"displayName": "Waiting", "allowedTargetScope": "allMemberUsers", "accessPackage": object{"id": pkg},
		"requestorSettings": object{"enableTargetsToSelfAddAccess": true, "allowCustomAssignmentSchedule": true}}
	if stage != nil {
		stage["durationBeforeAutomaticDenial"] = "P14D"
		p["requestApprovalSettings"] = object{"isApprovalRequiredForAdd": true, "stages": []object{stage}}
	}
	return pkg, fmt.Sprint(s.call(components.Admin, "POST", em+"/assignmentPolicies", p, 201)["id"])
}

func user(id string) object {
	return object{"@odata.type": "#microsoft.graph.singleUser", "userId": id}
}

func (s *stack) wants(as, pkg string, more object) string {
	s.Helper()
	body := object{"requestType": "userAdd", "assignment": object{"accessPackageId": pkg}}
	for name, value := range more {
		body[name] = value
	}
	return fmt.Sprint(s.call(as, "POST", em+"/assignmentRequests", body, 201)["id"])
}

// age changes a request as if time had passed, so that it is due.
func (s *stack) age(id string, change func(r *entitlement.AssignmentRequest, past time.Time)) {
	s.Helper()
	r, err := s.db.Request(s.Context(), entitlement.RequestID(id))
	if err != nil {
		s.Fatal(err)
	}
	past := time.Now().Add(-time.Hour)
	change(&r, past)
	r.Due = past
	s.commit(entitlement.Change{Requests: []entitlement.AssignmentRequest{r}})
}

// waitForSeveral is a request that several may decide, and more of them when it is forwarded,
// and one whose requestor gets another manager.
func waitForSeveral(s *stack) {
	owner, approver, manager := s.id(components.Owner), s.id(components.Approver), s.id(components.Manager)
	pkg, _ := s.offer(object{"primaryApprovers": []object{user(owner), user(approver)}, "isEscalationEnabled": true, "durationBeforeEscalation": "PT1M", "escalationApprovers": []object{user(manager)}})
	waiting := s.wants(components.Other, pkg, nil)
	s.age(waiting, func(r *entitlement.AssignmentRequest, past time.Time) { r.Stages[0].Started = past })
	s.sweep()
	if got := s.call(components.Admin, "GET", em+"/assignmentRequests/"+waiting, nil, 200)["status"]; got != "PendingApprovalEscalated" {
		s.Fatalf("the request is %v", got)
	}

	pkg, _ = s.offer(object{"primaryApprovers": []object{{"@odata.type": "#microsoft.graph.requestorManager", "managerLevel": 1}, user(approver)}, "fallbackPrimaryApprovers": []object{user(owner)}})
	s.wants(components.Other, pkg, nil)
	s.call(components.Admin, "PUT", names.APIVersion+"/users/"+s.id(components.Other)+"/manager/$ref", object{"@odata.id": "/v1.0/users/" + owner}, 204)
}

// waitForNobody is a request that nobody is there to decide, from the beginning or later:
// then the administrators do.
func waitForNobody(s *stack) {
	for _, late := range []bool{false, true} {
		name := fmt.Sprintf("gone-%t", late)
		gone := fmt.Sprint(s.call(components.Admin, "POST", names.APIVersion+"/users", object{"displayName": name, "userPrincipalName": name + "@example.com"}, 201)["id"])
		pkg, _ := s.offer(object{"primaryApprovers": []object{user(gone)}})
		leave := func() {
			s.call(components.Admin, "PATCH", names.APIVersion+"/users/"+gone, object{"accountEnabled": false}, 204)
		}
		if !late {
			leave()
		}
		waiting := s.wants(components.Other, pkg, nil)
		if late {
			leave()
			s.sweep()
		}
		s.call(components.Admin, "POST", em+"/assignmentRequests/"+waiting+"/cancel", nil, 204)
	}
}

// startLater is an assignment that begins when its time comes, for somebody who is in none
// of the groups that are incompatible with it.
func startLater(s *stack) {
	pkg, _ := s.offer(nil)
	group := s.call(components.Admin, "POST", names.APIVersion+"/groups", object{"displayName": "Others"}, 201)["id"]
	s.call(components.Admin, "POST", em+"/accessPackages/"+pkg+"/incompatibleGroups/$ref", object{"@odata.id": fmt.Sprintf("/v1.0/groups/%s", group)}, 204)
	later := s.wants(components.Other, pkg, object{"schedule": object{"startDateTime": time.Now().Add(time.Hour).UTC().Format(time.RFC3339)}})
	s.age(later, func(r *entitlement.AssignmentRequest, past time.Time) { r.Start = past })
	s.sweep()
	s.drain()
	s.state(later, "delivered")
}

// reopen is a deletion of a policy that was cut short.
func reopen(s *stack) {
	_, policy := s.offer(nil)
	p, err := s.db.Policy(s.Context(), entitlement.PolicyID(policy))
	if err != nil {
		s.Fatal(err)
	}
	p.Deleting = time.Now().Add(-time.Hour)
	s.commit(entitlement.Change{Policies: []entitlement.AssignmentPolicy{p}, DeletionGuardUpdates: []entitlement.DeletionGuardUpdate{{Package: p.Package, Policy: p.ID, Closed: true}}})
	s.sweep()
	if p, err = s.db.Policy(s.Context(), p.ID); err != nil || !p.Deleting.IsZero() {
		s.Fatalf("the policy is closed since %s, %v", p.Deleting, err)
	}
}
