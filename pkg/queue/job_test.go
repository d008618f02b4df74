package queue

import (
	"strings"
	"testing"

	"leasehold/pkg/entitlement"
)

const edited entitlement.PackageID = "00000000-0000-4000-8000-0000000000aa"

func TestAJobIsReadAsItWasWritten(t *testing.T) {
	want := Job{Package: edited, Generation: 7}
	body := want.Encode()
	if contract := `{"v":1,"job":{"package":"00000000-0000-4000-8000-0000000000aa","generation":7}}`; body != contract {
		t.Errorf("encoded %s, want %s", body, contract)
	}
	if got, err := DecodeJob(body); err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestAJobThatIsNotUnderstoodIsParkedAndNeverAcknowledged(t *testing.T) {
	id := string(edited)
	for name, body := range map[string]string{
		"a later version":           `{"v":2,"job":{"package":"` + id + `","generation":7}}`,
		"a later version's members": `{"v":2,"jobs":[{"of":"` + id + `"}]}`,
		"no version":                `{"job":{"package":"` + id + `","generation":7}}`,
		"a member we do not know":   `{"v":1,"job":{"package":"` + id + `","generation":7,"cursor":"x"}}`,
		"a message":                 DeliveryMessage{Subjects: people(1)}.Encode(),
		"a message and a job":       `{"v":1,"subjects":["` + id + `"],"job":{"package":"` + id + `","generation":7}}`,
		"no job":                    `{"v":1}`,
		"no generation":             `{"v":1,"job":{"package":"` + id + `"}}`,
		"generation zero":           `{"v":1,"job":{"package":"` + id + `","generation":0}}`,
		"half a generation":         `{"v":1,"job":{"package":"` + id + `","generation":1.5}}`,
		"not an id":                 `{"v":1,"job":{"package":"PKG#1","generation":7}}`,
		"two messages":              Job{Package: edited, Generation: 7}.Encode() + `{"v":1}`,
		"null":                      `null`,
		"empty":                     ``,
		"deep":                      strings.Repeat("[", 100_000),
	} {
		t.Run(name, func(t *testing.T) {
			job, err := DecodeJob(body)
			if err == nil {
				t.Fatalf("read as %+v", job)
			}
			if entitlement.KindOf(err).Verdict() != entitlement.Retry {
				t.Errorf("verdict of %v acknowledges the message", err)
			}
		})
	}
	if message, err := Decode(Job{Package: edited, Generation: 7}.Encode()); err == nil {
		t.Errorf("a job was read as the message %+v", message)
	}
}

func TestAJobIsOneMessage(t *testing.T) {
	s := newService(t)
	if err := s.queue().EnqueueJob(t.Context(), edited, 7); err != nil {
		t.Fatal(err)
	}
	if len(s.taken) != 1 || s.taken[0].MessageBody != (Job{Package: edited, Generation: 7}).Encode() {
		t.Errorf("sent %+v", s.taken)
	}

	m, _ := queue()
	if err := m.EnqueueJob(t.Context(), edited, 7); err != nil {
		t.Fatal(err)
	}
	wantBodies(t, m.Receive(10, visibility), Job{Package: edited, Generation: 7}.Encode())
}

func FuzzDecodeJobNeverReturnsWhatIsNotAJob(f *testing.F) {
	f.Add(Job{Package: edited, Generation: 7}.Encode())
	f.Add(`{"v":1,"V":2,"job":null}`)
	f.Fuzz(func(t *testing.T, body string) {
		job, err := DecodeJob(body)
		if err != nil {
			return
		}
		if again, err := DecodeJob(job.Encode()); err != nil || again != job {
			t.Errorf("%q was read as %+v, which is not a job: %v", body, job, err)
		}
	})
}
