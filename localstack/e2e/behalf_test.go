package e2e

import (
	"net/http"
	"testing"
	"time"

	"leasehold/localstack/components"
)

// A manager asks for a report, who is given it at the target; nobody else asks for that one.
// The manager ends it again.
func TestStory_AManagerAsksForAReport(t *testing.T) {
	group, report := newTargetGroup(t), newPerson(t, true)
	o := newOffer(t, newCatalog(t), group)
	manager := call(t, components.Manager, "GET", "/v1.0/me", nil).want(200).get("id")
	call(t, components.Admin, "PUT", "/v1.0/users/"+report.id+"/manager/$ref", object{"@odata.id": "/v1.0/users/" + manager}).want(204)
	call(t, components.Admin, "PUT", em+"/assignmentPolicies/"+o.policy, object{"displayName": "By the manager", "accessPackage": object{"id": o.id},
		"allowedTargetScope": "allMemberUsers", "expiration": object{"type": "noExpiration"},
		"requestorSettings": object{"enableOnBehalfRequestorsToAddAccess": true, "enableOnBehalfRequestorsToRemoveAccess": true,
			"onBehalfRequestors": []object{{"@odata.type": "#microsoft.graph.targetManager", "managerLevel": 1}}}}).want(200)

	body := object{"requestType": "onBehalfAdd", "assignment": object{"targetId": report.id, "accessPackageId": o.id}}
	call(t, components.Other, "POST", em+"/assignmentRequests", body).want(http.StatusForbidden)
	asked := call(t, components.Manager, "POST", em+"/assignmentRequests", body).want(201).get("id")
	requestState(t, asked, "delivered", soon)
	if n := holds(t, group, report.there); n != 1 {
		t.Errorf("the target lists the report %d times", n)
	}

	seen := call(t, components.Manager, "GET", em+"/assignmentRequests/"+asked+"?$expand=requestor,assignment($expand=target)", nil).want(200)
	if seen.get("requestor.objectId") != manager || seen.get("assignment.target.objectId") != report.id {
		t.Errorf("R214: %s", seen.text)
	}

	end := object{"requestType": "userRemove", "assignment": object{"id": asked}}
	call(t, components.Other, "POST", em+"/assignmentRequests", end).want(http.StatusNotFound)
	there := time.Now()
	call(t, components.Manager, "POST", em+"/assignmentRequests", end).want(201)
	t.Parallel() // the rest is waiting
	takenBackSince(t, there, asked, group, report)
}
