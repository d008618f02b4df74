package e2e

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"leasehold/localstack/components"
	"leasehold/pkg/names"
)

const historyPath = names.Ours + "/events"

// What happened to somebody is found by the person, by the package and by who did it, on the
// deployed stack; nobody else is told; and the operator verifies the chains of all of it from
// outside the functions.
func TestStory_AnAdministratorLooksBackAndTheOperatorVerifiesIt(t *testing.T) {
	t.Parallel()
	mia := newPerson(t, true)
	o := newOffer(t, newCatalog(t), newTargetGroup(t))
	pkg, asked := o.id, o.assign(t, mia, nil)
	requestState(t, asked, "delivered", soon)
	me := call(t, components.Admin, "GET", names.APIVersion+"/me", nil).want(http.StatusOK).get("id")

	for filter, want := range map[string][]string{
		"subject eq '" + mia.id + "'":    {"user created", "request submitted", "request delivered"},
		"accessPackage eq '" + pkg + "'": {"package created", "policy created", "request submitted", "request delivered"},
		"actor eq '" + me + "' and activityDateTime ge " + time.Now().Add(-time.Hour).UTC().Format(time.RFC3339): {"package created", "request submitted"},
	} {
		eventually(t, soon, func() (bool, string) { // an index is behind by a moment
			var seen []string
			for _, e := range filtered(t, historyPath, filter) {
				seen = append(seen, dig(e, "objectKind")+" "+dig(e, "activity"))
				if dig(e, "hash") == "" || dig(e, "actor") == "" {
					t.Errorf("%s: %v", filter, e)
				}
			}
			all := strings.Join(seen, ", ")
			for _, one := range want {
				if !strings.Contains(all, one) {
					return false, filter + ": " + all
				}
			}
			return true, all
		})
	}

	for _, path := range []string{historyPath, historyPath + "/$count"} {
		call(t, components.Member, "GET", path, nil).want(http.StatusForbidden)
		call(t, components.Owner, "GET", path, nil).want(http.StatusForbidden)
	}
	verified(t)
}

// verified runs the verifier as the operator does, with the credentials of the emulator and
// the table of the stack, while the other stories are at work.
func verified(t *testing.T) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 3*time.Minute)
	defer stop()
	verify := exec.CommandContext(ctx, "../../.local/leasehold", "verify-audit")
	verify.Env = append(os.Environ(), "AWS_ACCESS_KEY_ID="+components.AccessKey, "AWS_SECRET_ACCESS_KEY="+components.SecretKey, "AWS_SESSION_TOKEN=",
		"AWS_REGION="+components.Region, "AWS_ENDPOINT_URL="+stack.Endpoint, string(names.EnvTable)+"="+stack.Table)
	var out bytes.Buffer
	verify.Stdout, verify.Stderr = &out, &out
	if err := verify.Run(); err != nil || !strings.Contains(out.String(), "Every chain is whole.") {
		t.Fatalf("S11: %v: %s", err, out.String())
	}
	t.Log(out.String())
}
