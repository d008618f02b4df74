package e2e

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"leasehold/localstack/components"
	"leasehold/localstack/visitor"
	"leasehold/pkg/names"
)

// Somebody signs in at the pages, by plain http and by https, asks for a package, another one
// approves it, the role is at the target, and is given back: all through the pages of the
// deployed stack, without script.
func TestStory_ThePagesFromAskingToDelivered(t *testing.T) {
	group := newTargetGroup(t)
	o := newOffer(t, newCatalog(t), group)
	approver := call(t, components.Approver, "GET", "/v1.0/me", nil).want(200).get("id")
	call(t, components.Admin, "POST", em+"/assignmentPolicies", object{"displayName": "Through the pages", "accessPackage": object{"id": o.id}, "allowedTargetScope": "allMemberUsers",
		"expiration":        object{"type": "afterDuration", "duration": "P30D"},
		"requestorSettings": object{"enableTargetsToSelfAddAccess": true, "enableTargetsToSelfRemoveAccess": true},
		"requestApprovalSettings": object{"isApprovalRequiredForAdd": true, "stages": []object{{"durationBeforeAutomaticDenial": "P2D",
			"primaryApprovers": []object{{"@odata.type": "#microsoft.graph.singleUser", "userId": approver}}}}}}).want(201)

	must := func(p *visitor.Page, err error) *visitor.Page {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		if p.Status != http.StatusOK {
			t.Fatalf("%s: %d %s", p.Address, p.Status, p.Text)
		}
		return p
	}

	member := visitor.New(nil)
	link := stack.URL + names.PortalPath + "/packages/" + o.id
	p := must(member.SignIn(t.Context(), link, components.Member)) // the link that somebody sent
	asked := must(p.Submit(t.Context(), "Ask for it", map[string]string{"justification": "to see it"}))
	if !strings.Contains(asked.Text, "Waits for a decision") {
		t.Fatalf("asked: %s", asked.Text)
	}

	deciding := visitor.New(nil)
	p = must(deciding.SignIn(t.Context(), stack.URL+names.PortalPath+"/approvals/"+asked.Address[strings.LastIndex(asked.Address, "/")+1:], components.Approver))
	must(p.Submit(t.Context(), "Approve", nil))

	eventually(t, soon, func() (bool, string) {
		p := must(member.Open(t.Context(), asked.Address))
		return strings.Contains(p.Text, "Member there there"), p.Text
	})
	if holds(t, group, seeded.Member) != 1 {
		t.Fatal("the SCIM server does not list the member")
	}

	p = must(member.Open(t.Context(), stack.URL+names.PortalPath+"/access"))
	for _, f := range p.Forms {
		if strings.Contains(f.Address, "/give-back") && strings.Contains(f.Address, asked.Address[strings.LastIndex(asked.Address, "/")+1:]) {
			must(member.Send(t.Context(), f.Address, f.Values, p.Address))
		}
	}
	eventually(t, soon, func() (bool, string) {
		return holds(t, group, seeded.Member) == 0, "the SCIM server still lists the member"
	})
}

// By https the cookies are such that no other host and no plain http can set them.
func TestStory_ThePagesByHTTPS(t *testing.T) {
	certificate, err := os.ReadFile(stack.CA)
	if err != nil {
		t.Fatal(err)
	}
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(certificate)
	reader := visitor.New(&http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted}})
	p, err := reader.SignIn(t.Context(), stack.SecureURL+names.PortalPath, components.Owner)
	if err != nil || p.Status != http.StatusOK || !strings.HasPrefix(p.Address, stack.SecureURL) {
		t.Fatalf("%v %+v", err, p)
	}
	// The provider has cookies of its own at this machine.
	if !slices.ContainsFunc(reader.Cookies(stack.SecureURL), func(c *http.Cookie) bool { return c.Name == "__Host-leasehold-session" }) {
		t.Errorf("the session's cookie could be set by others: %v", reader.Cookies(stack.SecureURL))
	}
	if p.Header.Get("Strict-Transport-Security") == "" {
		t.Error("https is not asked for")
	}
}
