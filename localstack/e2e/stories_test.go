package e2e

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"leasehold/localstack/components"
)

// soon is how long a delivery may take that nothing stands in the way of; it leaves room
// for a busy machine.
const soon = 30 * time.Second

// settled is how long it may take until the end of an assignment is told: what was taken
// back counts as gone once no read of the target can be late any more, two minutes after
// the removal was sent, or sooner where the target was seen to be quick.
const settled = 2*time.Minute + soon

// shortestWindow is the least of those minutes.
const shortestWindow = 5 * time.Second

// takenBack waits until somebody whose assignment is ending is out of a group, and then
// until that is told. In between it is not (S15).
func takenBack(t *testing.T, assigned, group string, who person) {
	t.Helper()
	takenBackSince(t, time.Now(), assigned, group, who)
}

// takenBackSince is takenBack of somebody who was in the group at the instant listed.
func takenBackSince(t *testing.T, listed time.Time, assigned, group string, who person) {
	t.Helper()
	eventually(t, soon, func() (bool, string) {
		if holds(t, group, who.there) > 0 {
			listed = time.Now()
			return false, "the SCIM server still lists the person"
		}
		return true, ""
	})
	ended(t, assigned, listed)
}

// ended waits until it is told that nothing of an assignment is left, of which something
// was at the target at the instant listed.
func ended(t *testing.T, assigned string, listed time.Time) {
	t.Helper()
	eventually(t, settled, func() (bool, string) {
		a := assignment(t, assigned)
		status, _, _ := strings.Cut(a.get("status"), ":") // and why, where the service ended it
		if a.get("state") != "expired" || status != "Removing" && status != "Expired" {
			t.Fatalf("an assignment that has ended: %s", a.text)
		}
		return status == "Expired", a.text
	})
	if at := time.Since(listed); at < shortestWindow {
		t.Errorf("S15: told to be gone %v after it was there, when reads may still be late", at)
	}
}

func TestStory_AskedAndDeliveredToTheTarget(t *testing.T) {
	asked := call(t, components.Member, "POST", em+"/assignmentRequests", object{
		"requestType": "userAdd", "assignment": object{"accessPackageId": seeded.Package},
	}).want(201)
	if asked.get("state") != "submitted" || asked.get("status") != "Accepted" {
		t.Errorf("R107: %s", asked.text)
	}
	eventually(t, soon, func() (bool, string) {
		a := call(t, components.Member, "GET", em+"/assignmentRequests/"+asked.get("id"), nil).want(200)
		return a.get("state") == "delivered", a.text
	})
	mine := call(t, components.Member, "GET", em+"/assignments/filterByCurrentUser(on='target')?$expand=accessPackage", nil).want(200).values()
	mine = slices.DeleteFunc(mine, func(a object) bool { return dig(a, "accessPackage.id") != seeded.Package }) // other stories are the member's too
	if len(mine) != 1 || dig(mine[0], "state") != "delivered" {
		t.Errorf("the member sees %v", mine)
	}
	for _, g := range grants(t, asked.get("id")) {
		if dig(g, "presence") != "present" || dig(g, "confirmedDateTime") == "" {
			t.Errorf("delivered means read back (S15): %v", g)
		}
		if origin := dig(g, "resource.originId"); dig(g, "resource.originSystem") == "Scim" && holds(t, origin, seeded.Member) != 1 {
			t.Errorf("the SCIM server lists the member %d times in %s", holds(t, origin, seeded.Member), origin)
		}
	}
	second := call(t, components.Member, "POST", em+"/assignmentRequests", object{
		"requestType": "userAdd", "assignment": object{"accessPackageId": seeded.Package},
	}).want(http.StatusConflict)
	if second.get("error.code") == "" {
		t.Errorf("S5: %s", second.text)
	}
}

func TestStory_OnlyAnEligibleApproverDecides(t *testing.T) {
	pkg := packageNamed(t, "Account executive")
	asked := call(t, components.Other, "POST", em+"/assignmentRequests", object{
		"requestType": "userAdd", "justification": "I sell", "assignment": object{"accessPackageId": pkg},
	}).want(201)
	id := asked.get("id")
	stages := call(t, components.Other, "GET", em+"/accessPackageAssignmentApprovals/"+id+"/stages", nil).want(200).values()
	stage := em + "/accessPackageAssignmentApprovals/" + id + "/stages/" + dig(stages[0], "id")
	yes := object{"reviewResult": "Approve", "justification": "fine"}

	call(t, components.Other, "PATCH", stage, yes).want(http.StatusForbidden)   // never one's own (R56)
	call(t, components.Approver, "PATCH", stage, yes).want(http.StatusNotFound) // knows nothing of it (A1)
	call(t, components.Member, "GET", em+"/assignmentRequests/"+id, nil).want(http.StatusNotFound)
	call(t, components.Admin, "PATCH", stage, yes).want(http.StatusForbidden) // an administrator is no approver
	if n := len(call(t, components.Approver, "GET", em+"/accessPackageAssignmentApprovals/filterByCurrentUser(on='approver')", nil).want(200).values()); n != 0 {
		t.Errorf("%d requests wait for somebody who is not asked", n)
	}
	eventually(t, soon, func() (bool, string) {
		a := call(t, components.Manager, "GET", em+"/accessPackageAssignmentApprovals/filterByCurrentUser(on='approver')", nil).want(200)
		return len(a.values()) == 1 && dig(a.values()[0], "id") == id, a.text
	})
	requestState(t, id, "pendingApproval", 0)

	call(t, components.Manager, "PATCH", stage, yes).want(http.StatusNoContent)
	call(t, components.Manager, "PATCH", stage, yes).want(http.StatusConflict) // R64
	requestState(t, id, "delivered", soon)

	// One's own policy lets one end it, and the roles go.
	removal := call(t, components.Other, "POST", em+"/assignmentRequests", object{"requestType": "userRemove", "assignment": object{"id": id}}).want(201)
	if a := assignment(t, id); a.get("state") != "expired" {
		t.Errorf("R103: the ended assignment: %s", a.text)
	}
	t.Parallel() // the rest is waiting
	requestState(t, removal.get("id"), "delivered", settled)
	if a := assignment(t, id); a.get("status") != "Expired" {
		t.Errorf("the ended assignment: %s", a.text)
	}
}

func TestStory_TwoReviewersAtOnceOneWins(t *testing.T) {
	pkg := packageNamed(t, "Production on call")
	id := call(t, components.Other, "POST", em+"/assignmentRequests", object{
		"requestType": "userAdd", "justification": "on call", "assignment": object{"accessPackageId": pkg},
	}).want(201).get("id")
	stages := call(t, components.Approver, "GET", em+"/accessPackageAssignmentApprovals/"+id+"/stages", nil).want(200).values()
	stage := em + "/accessPackageAssignmentApprovals/" + id + "/stages/" + dig(stages[0], "id")
	token(t, components.Approver)

	answers := make(chan int, 8)
	for i := range cap(answers) {
		verdict := []string{"Approve", "Deny"}[i%2]
		go func() {
			answers <- call(t, components.Approver, "PATCH", stage, object{"reviewResult": verdict, "justification": "at once"}).status
		}()
	}
	got := map[int]int{}
	for range cap(answers) {
		got[<-answers]++
	}
	if got[http.StatusNoContent] != 1 || got[http.StatusConflict] != cap(answers)-1 {
		t.Fatalf("F15: answers by status %v", got)
	}
	eventually(t, soon, func() (bool, string) {
		a := call(t, components.Admin, "GET", em+"/assignmentRequests/"+id, nil).want(200)
		return a.get("state") == "delivered" || a.get("state") == "denied", a.text
	})
}

func TestStory_TheEndPassesAndTheRoleIsGone(t *testing.T) {
	t.Parallel()
	group, who := newTargetGroup(t), newPerson(t, true)
	o := newOffer(t, newCatalog(t), group)
	end := time.Now().Add(patience() * soon).UTC()
	id := o.assign(t, who, object{"expiration": object{"type": "afterDateTime", "endDateTime": end.Format(time.RFC3339Nano)}})
	requestState(t, id, "delivered", time.Until(end))
	if holds(t, group, who.there) != 1 {
		t.Fatal("not delivered")
	}
	listed := time.Now()
	eventually(t, time.Until(end.Add(70*time.Second)), func() (bool, string) {
		if holds(t, group, who.there) > 0 {
			listed = time.Now()
			return false, "the SCIM server still lists the person"
		}
		return true, ""
	})
	t.Logf("gone from the target %.1f s after the end", time.Since(end).Seconds())
	if time.Now().Before(end) {
		t.Error("S16: gone before its end")
	}
	ended(t, id, listed)
	t.Logf("told %.1f s after the end", time.Since(end).Seconds())
}

func TestStory_ASharedRoleStaysWhileAnythingNeedsIt(t *testing.T) {
	t.Parallel()
	shared, own, who := newTargetGroup(t), newTargetGroup(t), newPerson(t, true)
	catalog := newCatalog(t)
	first, second := newOffer(t, catalog, shared, own), newOffer(t, catalog, shared)
	a, b := first.assign(t, who, nil), second.assign(t, who, nil)
	requestState(t, a, "delivered", soon)
	requestState(t, b, "delivered", soon)

	removal := remove(t, a)
	takenBack(t, a, own, who)
	requestState(t, removal, "delivered", soon)
	if holds(t, shared, who.there) != 1 || holds(t, own, who.there) != 0 {
		t.Fatalf("R4: shared %d, own %d after the first ended", holds(t, shared, who.there), holds(t, own, who.there))
	}
	removal = remove(t, b)
	takenBack(t, b, shared, who)
	requestState(t, removal, "delivered", soon)
}

func TestStory_TheTargetRefusesOnePersonAndOthersAreUnharmed(t *testing.T) {
	t.Parallel()
	group := newTargetGroup(t)
	o := newOffer(t, newCatalog(t), group)
	known, outsider, another := newPerson(t, true), newPerson(t, false), newPerson(t, true)
	a, b, c := o.assign(t, known, nil), o.assign(t, outsider, nil), o.assign(t, another, nil)
	requestState(t, a, "delivered", soon)
	requestState(t, c, "delivered", soon)
	requestState(t, b, "deliveryFailed", soon)
	g := grants(t, b)[0]
	if dig(g, "reason") != "principal-missing" || dig(g, "detail") == "" || dig(g, "presence") == "present" {
		t.Errorf("the reason that a person understands: %v", g)
	}
	if holds(t, group, known.there) != 1 || holds(t, group, another.there) != 1 {
		t.Error("the others do not have it")
	}
}

func TestStory_TheTargetIsDownAndDeliveryGoesOnByItself(t *testing.T) {
	t.Parallel()
	target, err := stack.AnotherSCIM(t.Context(), "scim-server-taken-away")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { target.Stop() })
	group, who := newTargetGroupAt(t, target), newPersonAt(t, target)
	o := newOfferAt(t, newConnector(t, target.Target, target.Token), group)

	if err := target.Stop(); err != nil {
		t.Fatal(err)
	}
	id := o.assign(t, who, nil)
	eventually(t, soon, func() (bool, string) {
		g := grants(t, id)[0]
		return dig(g, "owed") == "true" && dig(g, "reason") == "target-unavailable" && dig(g, "nextAttemptDateTime") != "", dig(g, "reason") + " " + dig(g, "detail")
	})
	requestState(t, id, "delivering", 0)

	if err := target.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	requestState(t, id, "delivered", 3*time.Minute)
	t.Logf("delivered %.1f s after the target was back", time.Since(began).Seconds())
	if holdsAt(t, target, group, who.there) != 1 {
		t.Error("the SCIM server does not list the person once")
	}
}

func TestStory_TokensThatAreNotForUs(t *testing.T) {
	tokens, err := stack.SignIn(t.Context(), components.Member, "api://leasehold")
	if err != nil {
		t.Fatal(err)
	}
	tampered := tokens.Access[:len(tokens.Access)-4] + "AAAA"
	for name, authorization := range map[string]string{
		"none": "", "another scheme": "Basic " + tokens.Access, "an ID token": "Bearer " + tokens.ID, "a tampered signature": "Bearer " + tampered,
		"alg none": "Bearer eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0.eyJpc3MiOiJ4Iiwic3ViIjoiYWRtaW4ifQ.",
	} {
		a := send(t, authorization, "GET", stack.URL+"/v1.0/me", "", nil).want(http.StatusUnauthorized)
		if a.get("error.code") != "unauthenticated" || a.get("error.innerError.request-id") == "" || a.header.Get("WWW-Authenticate") == "" {
			t.Errorf("%s: %s", name, a.text)
		}
	}
	call(t, components.Owner, "POST", em+"/catalogs", object{"displayName": "mine"}).want(http.StatusForbidden)
	call(t, components.Robot, "GET", em+"/catalogs", nil).want(http.StatusOK)
}
