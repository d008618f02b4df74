package queue

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"leasehold/pkg/entitlement"
)

// people returns n user ids.
func people(n int) []entitlement.UserID {
	ids := make([]entitlement.UserID, n)
	for i := range ids {
		ids[i] = entitlement.UserID(fmt.Sprintf("00000000-0000-4000-8000-%012x", i+1))
	}
	return ids
}

func TestAMessageIsReadAsItWasWritten(t *testing.T) {
	for _, n := range []int{1, 2, MaxSubjects} {
		want := people(n)
		got, err := Decode(DeliveryMessage{Subjects: want}.Encode())
		if err != nil || !slices.Equal(got.Subjects, want) {
			t.Errorf("%d subjects: got %v, %v", n, got.Subjects, err)
		}
	}
}

func TestTheMessageIsTheContract(t *testing.T) {
	got := DeliveryMessage{Subjects: people(2)}.Encode()
	want := `{"v":1,"subjects":["00000000-0000-4000-8000-000000000001","00000000-0000-4000-8000-000000000002"]}`
	if got != want {
		t.Errorf("encoded %s, want %s", got, want)
	}
}

func TestAMessageThatIsNotUnderstoodIsParkedAndNeverAcknowledged(t *testing.T) {
	id := string(people(1)[0])
	for name, body := range map[string]string{
		"a later version":           `{"v":2,"subjects":["` + id + `"]}`,
		"a later version's members": `{"v":2,"people":[{"id":"` + id + `"}]}`,
		"version zero":              `{"v":0,"subjects":["` + id + `"]}`,
		"no version":                `{"subjects":["` + id + `"]}`,
		"a version in text":         `{"v":"1","subjects":["` + id + `"]}`,
		"a member we do not know":   `{"v":1,"subjects":["` + id + `"],"urgent":true}`,
		"nobody":                    `{"v":1,"subjects":[]}`,
		"no subjects":               `{"v":1}`,
		"too many":                  DeliveryMessage{Subjects: people(MaxSubjects + 1)}.Encode(),
		"not an id":                 `{"v":1,"subjects":["` + id + `","SUB#1"]}`,
		"two messages":              `{"v":1,"subjects":["` + id + `"]}{"v":1}`,
		"an array":                  `[1]`,
		"null":                      `null`,
		"empty":                     ``,
		"cut off":                   `{"v":1,"subjects":["` + id,
		"deep":                      strings.Repeat("[", 100_000),
	} {
		t.Run(name, func(t *testing.T) {
			message, err := Decode(body)
			if err == nil {
				t.Fatalf("read as %+v", message)
			}
			if entitlement.KindOf(err).Verdict() != entitlement.Retry {
				t.Errorf("verdict of %v acknowledges the message", err)
			}
		})
	}
}

func TestEverySubjectIsSentOnceInMessagesOfAHundred(t *testing.T) {
	for _, c := range []struct{ subjects, messages int }{{0, 0}, {1, 1}, {100, 1}, {101, 2}, {1000, 10}, {1001, 11}} {
		ids := people(c.subjects)
		bodies := bodiesFor(append(append([]entitlement.UserID{""}, ids...), ids...))
		var got []entitlement.UserID
		for _, body := range bodies {
			message, err := Decode(body)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, message.Subjects...)
		}
		if len(bodies) != c.messages || !slices.Equal(got, ids) {
			t.Errorf("%d subjects: %d messages with %d subjects, want %d messages", c.subjects, len(bodies), len(got), c.messages)
		}
	}
}

func FuzzDecodeNeverReturnsWhatIsNotAMessage(f *testing.F) {
	f.Add(DeliveryMessage{Subjects: people(3)}.Encode())
	f.Add(`{"v":1,"V":2,"subjects":null}`)
	f.Fuzz(func(t *testing.T, body string) {
		message, err := Decode(body)
		if err != nil {
			return
		}
		again, err := Decode(message.Encode())
		if err != nil || !slices.Equal(again.Subjects, message.Subjects) {
			t.Errorf("%q was read as %+v, which is not a message: %v", body, message, err)
		}
	})
}
