package entitlement

import (
	"reflect"
	"testing"
	"time"
)

func payloadOf() CommandPayload {
	return CommandPayload{Type: UserAdd, Package: "pkg", Policy: "policy", Subject: "mia", Assignment: "assignment", Justification: "to sell",
		RequestedSchedule: Schedule{Start: noon, Expiration: Expiration{Type: ExpireAfterDateTime, Duration: time.Hour, End: noon.Add(time.Hour)}}}
}

// A fingerprint is compared with those that were kept before: what is pinned here stays.
func TestS12_AFingerprintStaysWhatItWas(t *testing.T) {
	for name, c := range map[string]struct {
		w    CommandPayload
		want string
	}{
		"of everything": {payloadOf(), "777ef15eea4f2d22080f2b8c65fddb8007593ae9745369d5a990a7c96b84f1e6"},
		"of nothing":    {CommandPayload{}, "6068798287039cdd632b5c236b98b5715fe094e3f971a4a588297f1f1070c853"},
	} {
		if got := c.w.Fingerprint(); got != c.want {
			t.Errorf("%s: got %s, want %s: commands that were sent before are taken for others", name, got, c.want)
		}
	}
}

func TestS12_AFingerprintTellsEveryMemberAndNothingElse(t *testing.T) {
	seen := map[string]string{payloadOf().Fingerprint(): "the first"}
	tell := func(what string, w CommandPayload) {
		t.Helper()
		if was, twice := seen[w.Fingerprint()]; twice {
			t.Errorf("%s is taken for %s", what, was)
		}
		seen[w.Fingerprint()] = what
	}
	var change func(v reflect.Value, name string, w *CommandPayload)
	change = func(v reflect.Value, name string, w *CommandPayload) {
		was := reflect.ValueOf(v.Interface())
		switch of := v.Interface().(type) {
		case time.Time:
			v.Set(reflect.ValueOf(of.Add(time.Nanosecond)))
		case time.Duration:
			v.SetInt(int64(of + 1))
		default:
			if v.Kind() == reflect.Struct {
				for i := range v.NumField() {
					change(v.Field(i), name+"."+v.Type().Field(i).Name, w)
				}
				return
			}
			if v.Kind() == reflect.Slice { // of answers
				v.Set(reflect.ValueOf([]GivenAnswer{{"q", "yes"}}))
				tell("an answer", *w)
				v.Set(reflect.ValueOf([]GivenAnswer{{"q", "no"}}))
				tell("another answer", *w)
				v.Set(reflect.ValueOf([]GivenAnswer{{"r", "no"}}))
				tell("the answer to another question", *w)
				v.Set(reflect.ValueOf([]GivenAnswer{{"q", "yes"}, {"r", "no"}}))
			} else {
				v.SetString(v.String() + "x")
			}
		}
		tell("another "+name, *w)
		v.Set(was)
	}
	w := payloadOf()
	change(reflect.ValueOf(&w).Elem(), "payload", &w)
	w = payloadOf()
	w.Assignment, w.Justification = "a", "b,c"
	tell("two members", w)
	w.Assignment, w.Justification = "a,b", "c"
	tell("the two cut elsewhere", w)
	w = payloadOf()
	w.Policy, w.Subject = "mia", "policy"
	tell("members that change places", w)

	w = payloadOf()
	there := time.FixedZone("there", 7200)
	w.RequestedSchedule.Start, w.RequestedSchedule.Expiration.End = w.RequestedSchedule.Start.In(there), w.RequestedSchedule.Expiration.End.In(there)
	if w.Fingerprint() != payloadOf().Fingerprint() {
		t.Error("the same instant in another zone is another command")
	}
}
