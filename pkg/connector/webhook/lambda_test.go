package webhook

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/entitlement"
)

func TestAFunctionIsNamedByTheAddressThatItIsCalledBy(t *testing.T) {
	const at = "https://lambda.eu-central-1.amazonaws.com/2015-03-31/functions/"
	for address, ok := range map[string]bool{
		at + "LeaseholdTargetRooms/invocations":                                                                   true,
		at + "LeaseholdTarget/invocations":                                                                        true,
		at + "LeaseholdTargetRooms:live/invocations":                                                              true,
		at + "arn:aws:lambda:eu-central-1:111122223333:function:LeaseholdTargetRooms/invocations":                 true,
		"https://lambda.cn-north-1.amazonaws.com.cn/2015-03-31/functions/LeaseholdTargetRooms/invocations":        true,
		at + "Leasehold-deliver/invocations":                                                                      false,
		at + "LeaseholdTargetRooms":                                                                               false,
		at + "LeaseholdTargetRooms/invocations/../../Other/invocations":                                           false,
		at + "LeaseholdTargetRooms/invocations?Qualifier=1":                                                       false,
		"https://lambda.eu-central-1.amazonaws.com.evil.example/2015-03-31/functions/LeaseholdTarget/invocations": false,
		"https://evil.example/2015-03-31/functions/LeaseholdTargetRooms/invocations":                              false,
		"http://lambda.eu-central-1.amazonaws.com/2015-03-31/functions/LeaseholdTargetRooms/invocations":          false,
		"": false,
	} {
		_, err := LambdaFactory(outbound.Client(false), false, own)(entitlement.ConnectorConfig{URL: address, CorrelationKeys: []string{"mail"}}, "")
		if (err == nil) != ok || err != nil && entitlement.KindOf(err) != entitlement.Invalid {
			t.Errorf("%s: %v", address, err)
		}
	}
	_, err := LambdaFactory(outbound.Client(false), false, own)(entitlement.ConnectorConfig{URL: at + "LeaseholdTarget/invocations", CorrelationKeys: []string{"mail"}}, "a word")
	if entitlement.KindOf(err) != entitlement.Invalid || strings.Contains(err.Error(), "a word") {
		t.Errorf("with a credential: %v", err)
	}
}

// What a function says of itself is its answer's status; what Lambda says of it is not taken for
// the target's word.
func TestWhatLambdaAnswersIsNoAnswerOfTheFunction(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		failed string
		body   string
		want   connector.Reason
	}{
		"it failed":           {200, "Unhandled", `{"errorMessage":"boom"}`, connector.TargetUnavailable},
		"it ran out of time":  {200, "Unhandled", `{"errorMessage":"Task timed out after 3.00 seconds"}`, connector.TargetUnavailable},
		"too many at once":    {429, "", `{"Reason":"ConcurrentInvocationLimitExceeded"}`, connector.TargetThrottled},
		"not allowed":         {403, "", `{"Message":"not authorized to perform: lambda:InvokeFunction"}`, connector.CredentialRefused},
		"no such function":    {404, "", `{"Message":"Function not found"}`, connector.NotUnderstood},
		"returned nothing":    {200, "", `null`, connector.NotUnderstood},
		"asks to slow down":   {200, "", `{"verb":"read","status":429,"retryAfter":7}`, connector.TargetThrottled},
		"is switched off":     {200, "", `{"status":410}`, connector.RefusedByTarget},
		"no status that is":   {200, "", `{"verb":"other","status":99}`, connector.NotUnderstood},
		"refuses by a status": {200, "", `{"verb":"read","resource":"front","role":"open","status":400,"error":"what"}`, connector.RefusedByTarget},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if c.failed != "" {
				w.Header().Set("X-Amz-Function-Error", c.failed)
			}
			w.WriteHeader(c.status)
			io.WriteString(w, c.body)
		}))
		t.Cleanup(server.Close)
		conn, err := LambdaFactory(outbound.Client(true), true, own)(entitlement.ConnectorConfig{CorrelationKeys: []string{"mail"},
			URL: server.URL + "/2015-03-31/functions/LeaseholdTarget/invocations"}, "")
		if err != nil {
			t.Fatal(err)
		}
		_, err = conn.Check(t.Context(), entitlement.RoleRef{Resource: "front", Role: "open"}, WayList, []connector.PrincipalRef{"ann"})
		if got := connector.RefusalOf(err); err == nil || got.Reason != c.want || strings.Contains(err.Error(), "boom") {
			t.Errorf("%s: %v", name, err)
		} else if name == "asks to slow down" && got.After.Seconds() != 7 {
			t.Errorf("asked to wait 7 s, got %v", got.After)
		}
	}
}
