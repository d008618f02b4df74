package identityserver

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"leasehold/pkg/clock"
)

// The credentials of a deployed function are temporary ones of its own role: with them it may assume the role of the
// target, and do nothing else; with those that the server gave it may not assume it again.
func TestAFunctionOfTemporaryCredentialsAssumesTheRole(t *testing.T) {
	s := New(Named("as documented"), clock.System{})
	call := func(key, action string) int {
		form := url.Values{"Action": {"AssumeRole"}, "RoleArn": {Role}, "ExternalId": {s.ExternalID}, "RoleSessionName": {"leasehold"}}
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(form.Encode()))
		if action != "" {
			r.Header.Set("X-Amz-Target", "SWBExternalService."+action)
		}
		r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+key+"/20260101/us-east-1/sts/aws4_request")
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		return w.Code
	}

	const own = "ASIAKEYOFTHEFUNCTION"
	if status := call(own, ""); status != http.StatusOK {
		t.Fatalf("a function got %d", status)
	}
	for key := range s.assumed {
		if status := call(key, ""); status != http.StatusForbidden {
			t.Errorf("with what was given for the role: %d", status)
		}
	}
	if status := call(own, "ListPermissionSets"); status != http.StatusBadRequest || len(s.Harm()) != 1 {
		t.Errorf("as the function itself: %d, and harm is %q", status, s.Harm())
	}
}
