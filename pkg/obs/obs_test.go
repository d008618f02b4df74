package obs_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
	"leasehold/pkg/obs"
)

// line logs through a fresh logger and returns the decoded line.
func line(t *testing.T, log func(context.Context)) map[string]any {
	t.Helper()
	var out bytes.Buffer
	log(obs.WithLogger(context.Background(), obs.New(&out, names.Deliver)))

	var decoded map[string]any
	if err := json.Unmarshal(out.Bytes(), &decoded); err != nil {
		t.Fatalf("log line %q: %v", out.String(), err)
	}
	return decoded
}

func TestLineNamesFunctionAndRequest(t *testing.T) {
	got := line(t, func(ctx context.Context) {
		ctx = obs.WithRequestID(ctx, "r-1")
		if obs.RequestID(ctx) != "r-1" {
			t.Errorf("RequestID = %q, want r-1", obs.RequestID(ctx))
		}
		obs.Logger(ctx).Info("request denied", "package", "p-1")
	})

	for key, want := range map[string]string{"msg": "request denied", "function": "deliver", "requestId": "r-1", "package": "p-1"} {
		if got[key] != want {
			t.Errorf("%s = %v, want %q", key, got[key], want)
		}
	}
}

func TestErrNamesKindOperationAndCause(t *testing.T) {
	cause := entitlement.Wrap(entitlement.Throttled, "load policy", errors.New("rate exceeded"), "Try again.")
	got := line(t, func(ctx context.Context) {
		obs.Logger(ctx).Error("delivery failed", obs.Err(fmt.Errorf("subject s-1: %w", cause)))
	})

	fields, _ := got["error"].(map[string]any)
	if fields["kind"] != "throttled" || fields["op"] != "load policy" || fields["code"] != "activityLimitReached" {
		t.Errorf("error = %v, want kind throttled, op load policy, code activityLimitReached", fields)
	}
	if text, _ := fields["cause"].(string); !strings.Contains(text, "rate exceeded") {
		t.Errorf("cause = %q, want the innermost cause in it", text)
	}
}

func TestSecretsAreTakenOut(t *testing.T) {
	const token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJtIn0.c2lnbmF0dXJl"
	tests := map[string]struct {
		key   string
		value any
	}{
		"by name":                {"Authorization", "anything"},
		"token by name":          {"token", 17},
		"body by name":           {"body", []byte("hello")},
		"a bare token":           {"detail", token},
		"a header inside text":   {"detail", "PATCH failed, sent Authorization: Bearer abc.def-123"},
		"a token inside a cause": {"cause", fmt.Errorf("target said %s is expired", token)},
		"inside an error group":  {"", obs.Err(errors.New("Bearer abc.def-123"))},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			logger := obs.New(&out, names.Deliver)
			if tt.key == "" {
				logger.Error("failed", tt.value)
			} else {
				logger.Error("failed", tt.key, tt.value)
			}

			for _, secret := range []string{token, "abc.def-123", "anything", "hello", "aGVsbG8"} {
				if strings.Contains(out.String(), secret) {
					t.Errorf("line shows %q: %s", secret, out.String())
				}
			}
			if !strings.Contains(out.String(), obs.Redacted) {
				t.Errorf("line does not say that something was taken out: %s", out.String())
			}
		})
	}
}

func TestMetricIsALineOfTheEmbeddedFormat(t *testing.T) {
	var out bytes.Buffer
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	metrics := obs.NewMetrics(&out, func() time.Time { return now })

	metrics.Emit(obs.WithRequestID(context.Background(), "r-1"), "ExpiryLag", obs.UnitSeconds, 1.5, map[string]string{"Function": "expire"})

	want := `{"ExpiryLag":1.5,"Function":"expire","_aws":{"Timestamp":1795435200000,"CloudWatchMetrics":[{"Namespace":"Leasehold",` +
		`"Dimensions":[["Function"]],"Metrics":[{"Name":"ExpiryLag","Unit":"Seconds"}]}]},"requestId":"r-1"}` + "\n"
	if out.String() != want {
		t.Errorf("line = %s\nwant   %s", out.String(), want)
	}
}

func TestMetricWithoutAValueIsLostWithoutHarm(t *testing.T) {
	var out, log bytes.Buffer
	ctx := obs.WithLogger(context.Background(), obs.New(&log, names.Expire))

	obs.NewMetrics(&out, nil).Emit(ctx, "ExpiryLag", obs.UnitSeconds, math.NaN(), nil)

	if out.Len() != 0 || !strings.Contains(log.String(), "metric not written") {
		t.Errorf("metric %q, log %q; want no metric and a line in the log", out.String(), log.String())
	}
}
