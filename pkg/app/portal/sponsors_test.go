package portal

import (
	"net/url"
	"strings"
	"testing"

	"leasehold/pkg/entitlement"
	pages "leasehold/pkg/portal"
)

// A1, R134: who sponsors an organization opens the pages of its guests, and of nobody else's; and
// who is no sponsor any more loses them at once, with all that leads there.
func TestA1_ASponsorOpensThePagesOfTheirOwnGuestsAlone(t *testing.T) {
	w := newFixture(t).filled()
	guest, foreigner, member := w.ids["own.guest"], w.ids["foreign.guest"], w.ids["requestor"]
	status := func(as, path string) int {
		t.Helper()
		return w.send(sent{method: "GET", path: path, cookie: w.cookies[as]}).status
	}
	opens := func(as, id string, want int) {
		t.Helper()
		for _, of := range pages.Routes() {
			if of.Method != "GET" || !strings.HasPrefix(of.Pattern, "/my-people/{id}") {
				continue
			}
			path := strings.Replace(of.Pattern, "{id}", id, 1)
			if got := status(as, path); got != want {
				t.Errorf("%s by %s: %d, want %d", path, as, got, want)
			}
		}
	}

	opens("sponsor", guest, 200)
	opens("sponsor", foreigner, 404)
	opens("sponsor", member, 404)
	opens("member", guest, 404)
	opens("admin", guest, 404) // an administrator has the person's page
	list := "/my-organizations/" + w.ids["own.organization"]
	if page := w.send(sent{method: "GET", path: list, cookie: w.cookies["sponsor"]}); !strings.Contains(page.text, "Person own.guest") || strings.Contains(page.text, "foreign.guest") {
		t.Errorf("the list shows %s", excerpt(page))
	}
	if page := w.send(sent{method: "GET", path: "/my-people", cookie: w.cookies["sponsor"]}); !strings.Contains(page.text, list) {
		t.Errorf("My people does not lead there: %s", excerpt(page))
	}

	// No policy lets a sponsor end anything: the form answers as the API does.
	form := url.Values{"form": {w.token(w.cookies["sponsor"])}}
	end := w.send(sent{method: "POST", path: "/my-people/" + foreigner + "/assignments/" + w.ids["own.assignment"] + "/end", cookie: w.cookies["sponsor"], form: form})
	if end.status != 404 || end.writes > 0 {
		t.Errorf("ending at a stranger's: %d, %v written", end.status, end.writes)
	}
	end = w.send(sent{method: "POST", path: "/my-people/" + guest + "/assignments/" + w.ids["own.assignment"] + "/end", cookie: w.cookies["sponsor"], form: form})
	if end.status != 404 || end.writes > 0 {
		t.Errorf("ending what is not the guest's: %d, %v written", end.status, end.writes)
	}

	w.api("admin", "DELETE", em+"/connectedOrganizations/"+w.ids["own.organization"]+"/internalSponsors/"+w.ids["sponsor"]+"/$ref", nil)
	opens("sponsor", guest, 404)
	if got := status("sponsor", list); got != 404 {
		t.Errorf("the list of a former sponsor: %d", got)
	}
	if page := w.send(sent{method: "GET", path: "/my-people", cookie: w.cookies["sponsor"]}); strings.Contains(page.text, list) {
		t.Error("My people leads a former sponsor there still")
	}
}

// R111: whose delivery fails is shown with the group's name, and not with the id that its target knows.
func TestR111_DeliveryErrorsNameTheGroupAndNotItsID(t *testing.T) {
	w := newFixture(t).filled()
	page := w.send(sent{method: "GET", path: "/operations/failures/" + string(entitlement.BuiltinConnector) + "/" + refused, cookie: w.cookies["admin"]})
	if !strings.Contains(page.text, w.text("refusing, of "+w.text("Ours"))) || strings.Contains(page.text, w.ids["own.refusing"]) {
		t.Errorf("the page shows %s", page.text)
	}
}
