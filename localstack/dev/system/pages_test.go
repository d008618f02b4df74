package system

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"leasehold/localstack/components"
	"leasehold/localstack/visitor"
	"leasehold/pkg/names"
)

// reader is somebody at the pages, without script.
type reader struct {
	*testing.T
	*visitor.Visitor
	site string
	page *visitor.Page
}

// signIn opens the first page as an account.
func (o *fixture) signIn(as string) *reader {
	o.Helper()
	r := &reader{T: o.T, Visitor: visitor.New(nil), site: o.Endpoints.URL + names.PortalPath}
	var err error
	if r.page, err = r.Visitor.SignIn(o.Context(), r.site, as); err != nil {
		o.Fatal(err)
	}
	r.has(http.StatusOK, "Home")
	return r
}

// has demands what the page says.
func (r *reader) has(status int, words ...string) {
	r.Helper()
	if r.page.Status != status {
		r.Fatalf("%s: %d, want %d: %s", r.page.Address, r.page.Status, status, r.page.Text)
	}
	for _, w := range words {
		if !strings.Contains(r.page.Text, w) {
			r.Fatalf("%s does not say %q: %s", r.page.Address, w, r.page.Text)
		}
	}
}

func (r *reader) open(path string) {
	r.Helper()
	r.must(r.Visitor.Open(r.Context(), r.site+path))
}

func (r *reader) follow(words string) {
	r.Helper()
	r.must(r.page.Follow(r.Context(), words))
}

func (r *reader) press(button string, typed map[string]string) {
	r.Helper()
	r.must(r.page.Submit(r.Context(), button, typed))
}

func (r *reader) must(p *visitor.Page, err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
	r.page = p
}

// waits opens the page again until it says the words.
func (r *reader) waits(words string) {
	r.Helper()
	address := r.page.Address
	for deadline := time.Now().Add(soon); !strings.Contains(r.page.Text, words); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			r.Fatalf("%s does not come to say %q: %s", address, words, r.page.Text)
		}
		r.must(r.Visitor.Open(r.Context(), address))
	}
}

func TestStory_APackageIsAskedForDecidedHeldAndGivenBackThroughThePagesAlone(t *testing.T) {
	o := open(t, Options{})
	mei := o.signIn(components.Member)
	mei.follow("Find access")
	mei.press("Search", map[string]string{"search": "executive"})
	mei.has(200, "Account executive")
	mei.follow("Account executive")
	mei.has(200, "CRM editors Member", "Decided by the manager.", "You keep it for 180 days.")

	// What is wrong is said, and what was typed is kept.
	mei.press("Ask for it", map[string]string{"until": "2020-01-01", "justification": "<b>I take over Spain</b>"})
	mei.has(400, "There is a problem", "<b>I take over Spain</b>")
	mei.press("Ask for it", map[string]string{"until": ""})
	mei.has(200, "Waits for a decision", "<b>I take over Spain</b>")
	asked := mei.page.Address

	manager := o.signIn(components.Manager)
	manager.has(200, "Account executive Mei Tanaka")
	manager.follow("Approvals")
	manager.follow("Decide")
	manager.has(200, "For Mei Tanaka", "CRM editors Member", "It lasts for 180 days.", "<b>I take over Spain</b>")
	manager.press("Approve", map[string]string{"justification": "Good luck"})
	manager.has(200, "Nothing waits for you.")

	mei.must(mei.Visitor.Open(t.Context(), asked))
	mei.waits("✓ Delivered")
	mei.has(200, "Approved", "Good luck", "CRM editors Member there there")

	mei.follow("My access")
	mei.has(200, "Account executive ✓ Delivered")
	mei.press("Give back", nil)
	mei.has(200, "Removal")
	mei.follow("My access")
	mei.waits("What you had")
	mei.has(200, "You have nothing at the moment.")
}

func TestStory_ARequestIsCanceledAndDeniedThroughThePages(t *testing.T) {
	o := open(t, Options{})
	mei := o.signIn(components.Member)
	ask := func() {
		t.Helper()
		mei.open("/packages")
		mei.follow("Account executive")
		mei.press("Ask for it", map[string]string{"justification": "why"})
		mei.has(200, "Waits for a decision")
	}
	ask()
	mei.press("Cancel the request", nil)
	mei.has(200, "Canceled")

	ask()
	manager := o.signIn(components.Manager)
	manager.follow("Decide")
	manager.press("Deny", map[string]string{"justification": "not yet"})
	mei.must(mei.Visitor.Open(t.Context(), mei.page.Address))
	mei.has(200, "Denied", "not yet")
}

// A page says before anybody asks what they would gain, what they have already, and what stands
// against it (R179).
func TestStory_ThePageOfAPackageSaysWhatItWouldChange(t *testing.T) {
	o := open(t, Options{})
	mei := o.signIn(components.Member)
	mei.open("/packages")
	mei.follow("Sales starter")
	mei.has(200, "CRM users Member you would gain it")
	starter := mei.page.Address[strings.LastIndex(mei.page.Address, "/")+1:]
	mei.press("Ask for it", nil)
	mei.waits("✓ Delivered")

	mei.open("/packages")
	mei.follow("Account executive")
	mei.has(200, "CRM users Member you have it", "CRM editors Member you would gain it")
	executive := mei.page.Address[strings.LastIndex(mei.page.Address, "/")+1:]
	o.call(components.Admin, "POST", names.Entitlement+"/accessPackages/"+executive+"/incompatibleAccessPackages/$ref", object{"@odata.id": "/v1.0/accessPackages/" + starter}, 204)
	mei.open("/packages/" + executive)
	mei.has(200, "You hold the access package Sales starter")
	if len(mei.page.Forms) != 2 { // to sign out, and to give back what stands against it
		t.Errorf("%d forms", len(mei.page.Forms))
	}
}

// What is approved is what was shown: a role that came into the package since makes the approver
// look again.
func TestStory_WhatChangedSinceThePageWasOpenedIsNotApproved(t *testing.T) {
	o := open(t, Options{})
	mei := o.signIn(components.Member)
	mei.open("/packages")
	mei.follow("Account executive")
	pkg := mei.page.Address[strings.LastIndex(mei.page.Address, "/")+1:]
	mei.press("Ask for it", map[string]string{"justification": "why"})

	manager := o.signIn(components.Manager)
	manager.follow("Decide")
	path := names.Entitlement + "/accessPackages/" + pkg
	roles, _ := o.call(components.Admin, "GET", path+"?$expand=resourceRoleScopes", nil, 200)["resourceRoleScopes"].([]any)
	if len(roles) < 2 {
		t.Fatalf("the package has %d roles", len(roles))
	}
	o.call(components.Admin, "DELETE", path+"/resourceRoleScopes/"+roles[0].(object)["id"].(string), nil, 204)

	manager.press("Approve", nil)
	manager.has(409, "has changed since you opened this page. Nothing was decided.")
	manager.press("Approve", nil)
	manager.has(200, "Nothing waits for you.")
}

// Several requests are decided together, each as it was shown; what changed stays.
func TestStory_SeveralAreDecidedTogether(t *testing.T) {
	o := open(t, Options{})
	for _, as := range []string{components.Member, components.Other} {
		r := o.signIn(as)
		r.open("/packages")
		r.follow("Account executive")
		r.press("Ask for it", map[string]string{"justification": "why"})
		r.has(200, "Waits for a decision")
	}

	manager := o.signIn(components.Manager)
	manager.open("/approvals")
	form := manager.page.Forms[len(manager.page.Forms)-1]
	var chosen []string
	for _, c := range form.Choices {
		chosen = append(chosen, c.Value)
	}
	if len(chosen) != 2 {
		t.Fatalf("%d requests to choose from: %s", len(chosen), manager.page.Text)
	}

	manager.press("Approve", nil)
	manager.has(409, "Choose at least one request.")
	id, _, _ := strings.Cut(chosen[0], " ")
	values := url.Values{"form": form.Values["form"], "decision": {"approve"}, "request": {id + " what-was-shown-yesterday", chosen[1]}}
	manager.must(manager.Visitor.Send(t.Context(), form.Address, values, form.Address))
	manager.has(409, "Decided: 1. These were not:", "It has changed since you opened this page.")

	values.Set("request", chosen[0])
	manager.must(manager.Visitor.Send(t.Context(), form.Address, values, form.Address))
	manager.has(200, "Nothing waits for you.")
}

// A21 and what is like it: whose form, whose session, whose page.
func TestA21_FormsOfOtherSitesAndOfOtherSessionsDoNothing(t *testing.T) {
	o := open(t, Options{})
	mei := o.signIn(components.Member)
	mei.open("/packages")
	mei.follow("Sales starter")
	form := mei.page.Forms[len(mei.page.Forms)-1]
	values := url.Values{"form": form.Values["form"], "policy": {o.Policy}}

	// Another site's page sends what it could guess.
	mei.must(mei.Visitor.Send(t.Context(), form.Address, url.Values{"policy": {o.Policy}}, "https://evil.example"))
	mei.has(403, "sent by another site")
	mei.Header.Set("Sec-Fetch-Site", "cross-site")
	mei.must(mei.Visitor.Send(t.Context(), form.Address, values, ""))
	mei.has(403, "sent by another site")
	mei.Header.Del("Sec-Fetch-Site")
	// Without the token of the session, and with another's.
	mei.must(mei.Visitor.Send(t.Context(), form.Address, url.Values{"policy": {o.Policy}}, form.Address))
	mei.has(403, "earlier sign-in")
	other := o.signIn(components.Other)
	mei.must(mei.Visitor.Send(t.Context(), form.Address, url.Values{"policy": {o.Policy}, "form": other.page.Forms[0].Values["form"]}, form.Address))
	mei.has(403, "earlier sign-in")

	mei.open("/requests")
	mei.has(200, "You have made no requests yet.")

	// A form of one's own does what it says, and others do not see it.
	mei.must(mei.Visitor.Send(t.Context(), form.Address, values, form.Address))
	mei.has(200, "Sales starter")
	other.must(other.Visitor.Open(t.Context(), mei.page.Address))
	other.has(404)
	other.must(other.Visitor.Send(t.Context(), mei.page.Address+"/cancel", url.Values{"form": other.page.Forms[0].Values["form"]}, form.Address))
	other.has(404)
}

func TestASessionIsOverAfterSignOutAndForWhoeverLeft(t *testing.T) {
	o := open(t, Options{})
	mei := o.signIn(components.Member)
	stolen := mei.Cookies(mei.site)
	if len(stolen) != 1 {
		t.Fatalf("%d cookies", len(stolen))
	}
	thief := visitor.New(nil)
	thief.Header.Set("Cookie", stolen[0].String())
	lets := func(words string) {
		t.Helper()
		p, err := thief.Open(t.Context(), mei.site+"/access")
		if err != nil || !strings.Contains(p.Text, words) {
			t.Fatalf("%v %+v, want %q", err, p, words)
		}
	}
	lets("Mei Tanaka")
	mei.press("Sign out", nil)
	mei.has(200, "You are signed out.")
	lets("Sign in as") // at the issuer
	mei.open("/access")
	mei.has(200, "Sign in as")

	// Who is disabled is out with the next call, whatever their session says.
	mei = o.signIn(components.Member)
	who := o.call(components.Member, "GET", names.APIVersion+"/me", nil, 200)["id"].(string)
	o.call(components.Admin, "PATCH", names.APIVersion+"/users/"+who, object{"accountEnabled": false}, 204)
	mei.open("/access")
	mei.has(403)
}

func TestASignInThatSomebodyElseBeganIsNotFinished(t *testing.T) {
	o := open(t, Options{})
	// The victim is sent to where an attacker's sign-in ends.
	attacker := visitor.New(nil)
	p, err := attacker.Open(t.Context(), o.Endpoints.URL+names.PortalPath)
	if err != nil {
		t.Fatal(err)
	}
	began, err := url.Parse(p.Address)
	if err != nil {
		t.Fatal(err)
	}
	victim := visitor.New(nil)
	back := o.Endpoints.URL + names.PortalPath + "/signed-in?" + url.Values{"code": {"x"}, "state": {began.Query().Get("state")}}.Encode()
	if p, err = victim.Open(t.Context(), back); err != nil || p.Status != 400 || len(victim.Cookies(back)) != 0 {
		t.Errorf("%v %d %v: %s", err, p.Status, victim.Cookies(back), p.Text)
	}

	// And a cookie that was planted is no session.
	victim.Header.Set("Cookie", "leasehold-session=planted")
	if p, err = victim.Open(t.Context(), o.Endpoints.URL+names.PortalPath); err != nil || !strings.Contains(p.Text, "Sign in as") {
		t.Errorf("%v: %s", err, p.Text)
	}
}

func TestEveryPageSaysWhatABrowserMayDoWithIt(t *testing.T) {
	o := open(t, Options{})
	mei := o.signIn(components.Member)
	for _, path := range []string{"", "/packages", "/access", "/requests", "/approvals", "/nothing", "/requests/nothing"} {
		mei.open(path)
		for header, want := range map[string]string{"Content-Security-Policy": "default-src 'none'", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Referrer-Policy": "same-origin"} {
			if got := mei.page.Header.Get(header); !strings.HasPrefix(got, want) {
				t.Errorf("%s: %s is %q, want %q", path, header, got, want)
			}
		}
	}
}
