package e2e

import (
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"leasehold/localstack/components"
	"leasehold/pkg/names"
)

// The stories here wait longest, for something that they set going at once. They come first,
// by the name of this file, so that the time passes while stories run that need quiet.

// It comes before all others: what a killed process had in its hands is hidden for minutes.
func TestStory_TheDeliveryProcessIsKilledAgainAndAgain(t *testing.T) {
	if os.Getenv("EMULATOR") == components.LocalStack {
		t.Log("processes of another emulator are not ours to kill; this story is MiniStack's")
		return
	}
	n := number("KILLED", 100)
	group := newTargetGroup(t)
	o := newOffer(t, newCatalog(t), group)
	killed, stop := 0, make(chan bool)
	done := make(chan bool)
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			case <-time.After(time.Duration(300+rand.IntN(1500)) * time.Millisecond):
				if killed < 3 {
					killed += min(killDelivery(t), 1)
				}
			}
		}
	}()
	people, ids := crowd(t, o, n)
	eventually(t, time.Minute, func() (bool, string) { return killed >= 3 || len(members(t, group)) == n, "not killed yet" })
	close(stop)
	<-done
	t.Parallel() // what the killed ones held is over in minutes, and nobody else's
	allOnce(t, group, people, 6*time.Minute)
	for _, id := range ids {
		requestState(t, id, "delivered", 3*time.Minute)
	}
	t.Logf("killed %d times; %d delivered, each once", killed, n)
}

// OUTAGE=20m and WAITING=500 make it a long and a large one. By the time that the target
// is back most of those who wait would be tried again only minutes later: they are woken.
func TestD3_AfterAnOutageTheLastOfThoseWhoWaitedIsDeliveredIn90Seconds(t *testing.T) {
	outage, err := time.ParseDuration(os.Getenv("OUTAGE"))
	if err != nil {
		outage = 2 * time.Minute
	}
	f := newFlaky(t)
	o, group := outOfOrder(t, f)
	f.set("silent")
	began := time.Now()
	people, ids := crowd(t, o, number("WAITING", 50))
	calls, _ := f.counts()
	t.Parallel() // the rest of the outage is waiting
	for time.Since(began) < outage {
		time.Sleep(time.Second)
	}
	after, _ := f.counts()
	t.Logf("%d people wait, after %d calls to the silent target in %.0f s", len(people), after-calls, time.Since(began).Seconds())

	f.set("")
	back := time.Now()
	allOnce(t, group, people, 90*time.Second)
	t.Logf("the last one is in the group %.1f s after the target was back", time.Since(back).Seconds())
	for _, id := range ids {
		requestState(t, id, "delivered", time.Until(back.Add(90*time.Second)))
	}
	t.Logf("all %d are told that they are delivered %.1f s after the target was back", len(ids), time.Since(back).Seconds())
}

func TestStory_PoisonAndNewerThingsAreParkedAndRedriven(t *testing.T) {
	group, who, neighbour := newTargetGroup(t), newPerson(t, true), newPerson(t, true)
	o := newOffer(t, newCatalog(t), group)
	dead := names.DeliverUrgent + names.DeadLetterSuffix
	before := depth(t, dead)

	// An item of a newer schema: whoever cannot read it must leave it alone.
	requestState(t, o.assign(t, who, nil), "delivered", soon)
	ours := schema(t, who.id, "99")
	post(t, names.DeliverUrgent, `{"v":1,"subjects":["`+who.id+`"]}`)
	post(t, names.DeliverUrgent, `this is not JSON`)
	post(t, names.DeliverUrgent, `{"v":99,"subjects":["`+who.id+`"]}`)
	requestState(t, o.assign(t, neighbour, nil), "delivered", soon)
	t.Parallel() // a message is parked after its tries, minutes apart
	eventually(t, 5*time.Minute, func() (bool, string) {
		n := depth(t, dead)
		return n >= before+3, fmt.Sprint(n-before, " parked")
	})
	schema(t, who.id, ours)
	redrive(t, names.DeliverUrgent)
	eventually(t, 5*time.Minute, func() (bool, string) {
		n := depth(t, dead)
		return n == before+2, fmt.Sprint(n-before, " parked: the two that nobody can read stay")
	})
}

// schema writes the schema number of a subject's record, past the product, and returns
// what it was.
func schema(t *testing.T, subject, number string) string {
	t.Helper()
	was, err := table().UpdateItem(t.Context(), &dynamodb.UpdateItemInput{TableName: aws.String(stack.Table),
		Key:                       map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: "SUB#" + subject}, "sk": &types.AttributeValueMemberS{Value: "RECORD"}},
		UpdateExpression:          aws.String("SET #z = :z"),
		ExpressionAttributeNames:  map[string]string{"#z": "z"},
		ExpressionAttributeValues: map[string]types.AttributeValue{":z": &types.AttributeValueMemberN{Value: number}},
		ReturnValues:              types.ReturnValueUpdatedOld,
	})
	if err != nil {
		t.Fatal(err)
	}
	return was.Attributes["z"].(*types.AttributeValueMemberN).Value
}
