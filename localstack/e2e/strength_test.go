package e2e

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"leasehold/localstack/components"
	"leasehold/pkg/names"
)

// members counts how often each person is listed in a group of the SCIM server.
func members(t *testing.T, group string) map[string]int {
	t.Helper()
	n := map[string]int{}
	list, _ := scim(t, "GET", "/Groups/"+group, nil).want(200).body["members"].([]any)
	for _, m := range list {
		n[dig(m.(object), "value")]++
	}
	return n
}

// targetCalls counts the calls that the SCIM server logged for a group: those that wrote,
// and those that read.
func targetCalls(t *testing.T, group string) (writes, reads int) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, "logs", "scim-server.log"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		switch {
		case !strings.Contains(line, group):
		case strings.Contains(line, `"PATCH `):
			writes++
		case strings.Contains(line, "attributes="): // ours; the story's own reads ask for the whole group
			reads++
		}
	}
	return writes, reads
}

// allOnce waits until the group holds exactly the people, each once.
func allOnce(t *testing.T, group string, people []person, within time.Duration) {
	t.Helper()
	eventually(t, within, func() (bool, string) {
		got := members(t, group)
		for _, p := range people {
			if got[p.there] != 1 {
				return false, fmt.Sprintf("%d of %d listed, one of them %d times", len(got), len(people), got[p.there])
			}
		}
		return len(got) == len(people), fmt.Sprint(len(got), " listed")
	})
}

// crowd makes people and assigns the offer to each of them.
func crowd(t *testing.T, o offer, n int) ([]person, []string) {
	t.Helper()
	people, ids := make([]person, n), make([]string, n)
	each(t, n, func(i int) {
		people[i] = newPerson(t, true)
		ids[i] = o.assign(t, people[i], nil)
	})
	return people, ids
}

// addRole adds the member role of a SCIM group to a package and returns the id of the
// resource role scope.
func addRole(t *testing.T, catalog string, o offer, group string) string {
	t.Helper()
	known := filtered(t, em+"/catalogs/"+catalog+"/resources", "originId eq '"+group+"'")
	if len(known) == 0 {
		call(t, components.Admin, "POST", em+"/resourceRequests", object{"requestType": "adminAdd", "catalog": object{"id": catalog},
			"resource": object{"originId": group, "originSystem": "Scim", "environment": object{"id": connectorID(t)}}}).want(201)
		known = filtered(t, em+"/catalogs/"+catalog+"/resources", "originId eq '"+group+"'")
	}
	return call(t, components.Admin, "POST", em+"/accessPackages/"+o.id+"/resourceRoleScopes", object{
		"role":  object{"originId": "Member_" + group, "originSystem": "Scim", "resource": object{"id": dig(known[0], "id"), "originId": group, "originSystem": "Scim"}},
		"scope": object{"originId": group, "originSystem": "Scim", "isRootScope": true},
	}).want(201).get("id")
}

// HOLDERS=1000 makes it as large as a large package.
func TestStory_APackageEditReachesEveryHolder_AndIsTakenBackMidway(t *testing.T) {
	t.Parallel()
	n := number("HOLDERS", 200)
	base, added := newTargetGroup(t), newTargetGroup(t)
	catalog := newCatalog(t)
	o := newOffer(t, catalog, base)
	began := time.Now()
	people, _ := crowd(t, o, n)
	allOnce(t, base, people, 3*time.Minute)
	t.Logf("%d people assigned and delivered in %.1f s", n, time.Since(began).Seconds())

	began = time.Now()
	addRole(t, catalog, o, added)
	allOnce(t, added, people, 3*time.Minute)
	writes, reads := targetCalls(t, added)
	t.Logf("R1: a role reached %d holders in %.1f s, by %d writing and %d reading calls of the target", n, time.Since(began).Seconds(), writes, reads)
	allOnce(t, base, people, 0)

	// A second role is added and removed again while its addition is on its way (F21).
	second := newTargetGroup(t)
	scope := addRole(t, catalog, o, second)
	eventually(t, time.Minute, func() (bool, string) { return len(members(t, second)) > 0, "nobody has it yet" })
	midway := len(members(t, second))
	began = time.Now()
	call(t, components.Admin, "DELETE", em+"/accessPackages/"+o.id+"/resourceRoleScopes/"+scope, nil).want(204)
	allOnce(t, second, nil, 4*time.Minute)
	t.Logf("removed when %d of %d had it; nobody has it %.1f s later", midway, n, time.Since(began).Seconds())
	time.Sleep(2 * time.Second) // nothing may come after
	allOnce(t, second, nil, 0)
	allOnce(t, base, people, 0)
}

func TestStory_EveryMessageTwiceHasNoSecondEffect(t *testing.T) {
	f := newFlaky(t)
	connector := f.register(t)
	group := newTargetGroup(t)
	catalog := newCatalog(t)
	call(t, components.Admin, "POST", em+"/resourceRequests", object{"requestType": "adminAdd", "catalog": object{"id": catalog},
		"resource": object{"originId": group, "originSystem": "Scim", "environment": object{"id": connector}}}).want(201)
	o := newOffer(t, catalog, group)
	var people []person
	for range 5 {
		p := newPerson(t, true)
		id := o.assign(t, p, nil)
		for range 2 {
			post(t, names.DeliverUrgent, `{"v":1,"subjects":["`+p.id+`"]}`)
		}
		people = append(people, p)
		requestState(t, id, "delivered", soon)
	}
	allOnce(t, group, people, soon)
	_, writes := f.counts()
	left := depth(t, names.DeliverUrgent) + depth(t, names.DeliverBulk) // of stories before, coming back in minutes
	for _, p := range people {
		post(t, names.DeliverUrgent, `{"v":1,"subjects":["`+p.id+`","`+p.id+`"]}`)
		post(t, names.DeliverBulk, `{"v":1,"subjects":["`+p.id+`"]}`)
	}
	eventually(t, soon, func() (bool, string) {
		n := depth(t, names.DeliverUrgent) + depth(t, names.DeliverBulk)
		return n <= left, fmt.Sprint(n-left, " messages left")
	})
	if _, after := f.counts(); after != writes || writes > len(people) {
		t.Errorf("Y3: %d writes for %d deliveries, %d more after repeats", writes, len(people), after-writes)
	}
}

// OUTAGE=5m makes the outage as long as a real one.
func TestStory_ATargetIsDownThenThrottlesThenIsWell_AndDelaysNobodyElse(t *testing.T) {
	outage, err := time.ParseDuration(os.Getenv("OUTAGE"))
	if err != nil {
		outage = 20 * time.Second
	}
	f := newFlaky(t)
	connector := f.register(t)
	sick, own := newTargetGroup(t), call(t, components.Admin, "POST", "/v1.0/groups", object{"displayName": unique("Own"), "mailEnabled": false, "mailNickname": "own", "securityEnabled": true}).want(201).get("id")
	catalog := newCatalog(t)
	call(t, components.Admin, "POST", em+"/resourceRequests", object{"requestType": "adminAdd", "catalog": object{"id": catalog},
		"resource": object{"originId": sick, "originSystem": "Scim", "environment": object{"id": connector}}}).want(201)
	call(t, components.Admin, "POST", em+"/resourceRequests", object{"requestType": "adminAdd", "catalog": object{"id": catalog},
		"resource": object{"originId": own, "originSystem": "AadGroup"}}).want(201)
	bad := newOffer(t, catalog, sick)
	good := newOffer(t, catalog)
	resource := filtered(t, em+"/catalogs/"+catalog+"/resources", "originId eq '"+own+"'")[0]
	call(t, components.Admin, "POST", em+"/accessPackages/"+good.id+"/resourceRoleScopes", object{
		"role":  object{"originId": "Member_" + own, "originSystem": "AadGroup", "resource": object{"id": dig(resource, "id"), "originId": own, "originSystem": "AadGroup"}},
		"scope": object{"originId": own, "originSystem": "AadGroup", "isRootScope": true},
	}).want(201)

	// healthy measures deliveries to the built-in directory, one after another.
	healthy := func(n int) time.Duration {
		var took []time.Duration
		for range n {
			began := time.Now()
			requestState(t, good.assign(t, newPerson(t, false), nil), "delivered", soon)
			took = append(took, time.Since(began))
		}
		slices.Sort(took)
		return took[len(took)/2]
	}
	before := healthy(10)
	f.set("down")
	var people []person
	var ids []string
	for range 10 {
		p := newPerson(t, true)
		people, ids = append(people, p), append(ids, bad.assign(t, p, nil))
	}
	began := time.Now()
	during := healthy(10)
	for time.Since(began) < outage {
		time.Sleep(time.Second)
	}
	calls, _ := f.counts()
	t.Logf("%d calls to the dead target in %.0f s", calls, time.Since(began).Seconds())
	eventually(t, soon, func() (bool, string) {
		for _, g := range call(t, components.Admin, "GET", "/v1.0/leasehold/deliveryErrors", nil).want(200).values() {
			if dig(g, "connector") == connector && dig(g, "reason") == "target-unavailable" && dig(g, "subjects") == "10" {
				return true, ""
			}
		}
		return false, "not listed"
	})
	t.Parallel() // nobody else is measured any more
	f.set("throttle")
	time.Sleep(min(outage, 30*time.Second))
	f.set("")
	well := time.Now()
	for _, id := range ids {
		requestState(t, id, "delivered", time.Until(well.Add(90*time.Second)))
	}
	allOnce(t, sick, people, soon)
	ratio := during.Seconds() / before.Seconds()
	t.Logf("delivered by itself %.1f s after the target was well; the built-in directory took %.2f s before and %.2f s during the outage, a ratio of %.2f",
		time.Since(well).Seconds(), before.Seconds(), during.Seconds(), ratio)
	if ratio > 4 {
		t.Errorf("others were delayed: ratio %.2f", ratio)
	}
}

// outOfOrder makes a connector that leads to the SCIM server through a flaky one, and an
// offer of one group behind it.
func outOfOrder(t *testing.T, f *flaky) (offer, string) {
	t.Helper()
	group := newTargetGroup(t)
	return newOfferAt(t, f.register(t), group), group
}

func TestStory_ALeaverLosesEverythingAtOnce(t *testing.T) {
	t.Parallel()
	group, who := newTargetGroup(t), newPerson(t, true)
	o := newOffer(t, newCatalog(t), group)
	id := o.assign(t, who, nil)
	requestState(t, id, "delivered", soon)
	call(t, components.Admin, "PATCH", "/v1.0/users/"+who.id, object{"accountEnabled": false}).want(204)
	takenBack(t, id, group, who)
	refused := call(t, components.Admin, "POST", em+"/assignmentRequests", object{"requestType": "adminAdd", "assignment": object{"targetId": who.id, "assignmentPolicyId": o.policy, "accessPackageId": o.id}})
	refused.want(422)
}

func TestStory_ARemovalAtATargetThatIsGoneIsClosedByAnAdministrator(t *testing.T) {
	t.Parallel()
	f, who := newFlaky(t), newPerson(t, true)
	o, group := outOfOrder(t, f)
	id := o.assign(t, who, nil)
	requestState(t, id, "delivered", soon)
	f.set("down")
	removal := remove(t, id)
	eventually(t, soon, func() (bool, string) {
		g := grants(t, id)[0]
		return dig(g, "reason") == "target-unavailable", dig(g, "reason")
	})
	if a := assignment(t, id); a.get("status") != "Removing" {
		t.Errorf("S15: %s", a.text)
	}
	path, why := "/v1.0/leasehold/removals/"+id+"/close", object{"justification": "The system was switched off."}
	call(t, components.Admin, "POST", path, why).want(http.StatusConflict) // it may well end by itself
	endedLongAgo(t, id)
	if a := assignment(t, id); a.get("status") != "RemovalOverdue" {
		t.Errorf("R103: %s", a.text)
	}
	call(t, components.Admin, "POST", path, object{}).want(http.StatusBadRequest) // it says why
	call(t, components.Owner, "POST", path, why).want(http.StatusForbidden)
	call(t, components.Admin, "POST", path, why).want(http.StatusAccepted)
	requestState(t, removal, "delivered", soon)
	if a := assignment(t, id); a.get("status") != "ExpiredUnconfirmed" {
		t.Errorf("S15: nobody has seen that it is gone: %s", a.text)
	}
	f.set("")
	for _, g := range grants(t, id) {
		if dig(g, "owed") != "false" || dig(g, "nextAttemptDateTime") != "" || holds(t, group, who.there) != 1 {
			t.Errorf("what was closed is tried no more: %v", g)
		}
	}
}

// endedLongAgo has an assignment that has ended be over for an hour, past the product.
func endedLongAgo(t *testing.T, id string) {
	t.Helper()
	_, err := table().UpdateItem(t.Context(), &dynamodb.UpdateItemInput{TableName: aws.String(stack.Table),
		Key:                       map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: "REQ#" + id}, "sk": &types.AttributeValueMemberS{Value: "ASG"}},
		UpdateExpression:          aws.String("SET ed = ed - :hour"),
		ConditionExpression:       aws.String("attribute_exists(ed)"),
		ExpressionAttributeValues: map[string]types.AttributeValue{":hour": &types.AttributeValueMemberN{Value: fmt.Sprint(int64(time.Hour))}},
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestStory_AnExtensionMovesTheEnd_AndReprocessGivesBackWhatWasTakenByHand(t *testing.T) {
	t.Parallel()
	group, who := newTargetGroup(t), newPerson(t, true)
	o := newOffer(t, newCatalog(t), group)
	end := time.Now().Add(time.Hour).UTC()
	id := o.assign(t, who, object{"expiration": object{"type": "afterDateTime", "endDateTime": end.Format(time.RFC3339)}})
	requestState(t, id, "delivered", soon)
	later := end.Add(24 * time.Hour).Format(time.RFC3339)
	call(t, components.Admin, "POST", em+"/assignmentRequests", object{"requestType": "adminUpdate", "assignment": object{"id": id},
		"schedule": object{"expiration": object{"type": "afterDateTime", "endDateTime": later}}}).want(201)
	if got := assignment(t, id).get("schedule.expiration.endDateTime"); got != later {
		t.Errorf("the end is %s, want %s", got, later)
	}
	scim(t, "PATCH", "/Groups/"+group, object{"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:PatchOp"},
		"Operations": []object{{"op": "remove", "path": `members[value eq "` + who.there + `"]`}}})
	if holds(t, group, who.there) != 0 {
		t.Fatal("not taken by hand")
	}
	call(t, components.Admin, "POST", em+"/assignments/"+id+"/reprocess", nil).want(202)
	eventually(t, soon, func() (bool, string) { return holds(t, group, who.there) == 1, "not given back" }) // R122
}

func TestHealth_AnswersWithoutAToken(t *testing.T) {
	if a := send(t, "", "GET", stack.URL+"/health", "", nil).want(200); a.get("status") != "ok" {
		t.Errorf("got %s", a.text)
	}
}
