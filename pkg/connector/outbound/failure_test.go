package outbound

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
)

var testAsk = Operation{Op: "test", What: "for something"}

var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func TestAStatusOfAnyProtocolMeansTheSame(t *testing.T) {
	for _, c := range []struct {
		status int
		kind   entitlement.Kind
		reason connector.Reason // "" means that the protocol decides
	}{
		{200, 0, ""}, {204, 0, ""}, {400, 0, ""}, {404, 0, ""}, {409, 0, ""}, {412, 0, ""}, {501, 0, ""},
		{101, entitlement.Unavailable, connector.NotUnderstood},
		{301, entitlement.Unavailable, connector.NotUnderstood},
		{302, entitlement.Unavailable, connector.NotUnderstood},
		{304, entitlement.Unavailable, connector.NotUnderstood},
		{308, entitlement.Unavailable, connector.NotUnderstood},
		{401, entitlement.Forbidden, connector.CredentialRefused},
		{403, entitlement.Forbidden, connector.CredentialRefused},
		{408, entitlement.Unavailable, connector.TargetUnavailable},
		{429, entitlement.Throttled, connector.TargetThrottled},
		{500, entitlement.Unavailable, connector.TargetUnavailable},
		{503, entitlement.Unavailable, connector.TargetUnavailable},
		{599, entitlement.Unavailable, connector.TargetUnavailable},
	} {
		err := testAsk.StatusFailed(&http.Response{StatusCode: c.status}, now)
		if c.reason == "" {
			if err != nil {
				t.Errorf("status %d: %v, want no error", c.status, err)
			}
			continue
		}
		r := connector.RefusalOf(err)
		if entitlement.KindOf(err) != c.kind || r.Reason != c.reason || r.Permanent != (c.kind.Verdict() == entitlement.Permanent) {
			t.Errorf("status %d: %+v of kind %v, want %s of kind %v", c.status, r, entitlement.KindOf(err), c.reason, c.kind)
		}
	}
}

func TestRetryAfterIsReadInBothFormsAndCapped(t *testing.T) {
	for value, want := range map[string]time.Duration{
		"":                     0,
		"0":                    0,
		"7":                    7 * time.Second,
		"3600":                 time.Hour,
		"86400":                time.Hour,
		"99999999999999999999": time.Hour,
		"-1":                   0,
		"-9223372036854775808": 0,
		"1.5":                  0,
		"soon":                 0,
		now.Add(90 * time.Second).Format(http.TimeFormat):  90 * time.Second,
		now.Add(48 * time.Hour).Format(http.TimeFormat):    time.Hour,
		now.Add(-90 * time.Second).Format(http.TimeFormat): 0,
	} {
		for _, status := range []int{429, 503} {
			err := testAsk.StatusFailed(&http.Response{StatusCode: status, Header: http.Header{"Retry-After": {value}}}, now)
			if got := connector.RetryAfter(err); got != want {
				t.Errorf("%d, Retry-After %q: %v, want %v", status, value, got, want)
			}
		}
	}
}

// People read what was asked and what was answered.
func TestEverySentenceSaysWhatWasAskedAndWhatWasAnswered(t *testing.T) {
	for status, want := range map[int][]string{
		302: {"for something", "302", "register that address"},
		403: {"for something", "403", "Give the connector a credential"},
		503: {"for something", "503"},
	} {
		detail := connector.RefusalOf(testAsk.StatusFailed(&http.Response{StatusCode: status}, now)).Detail
		for _, part := range want {
			if !strings.Contains(detail, part) {
				t.Errorf("status %d: %q does not say %q", status, detail, part)
			}
		}
	}
	err := testAsk.NotUnderstood(200, errors.New("a page"))
	r := connector.RefusalOf(err)
	if r.Reason != connector.NotUnderstood || r.Permanent || entitlement.KindOf(err) != entitlement.Unavailable ||
		!strings.Contains(r.Detail, "for something") || !strings.Contains(r.Detail, "200") {
		t.Errorf("got %+v of %v", r, err)
	}
}
