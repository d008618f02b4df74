package system

import (
	"encoding/csv"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"leasehold/localstack/components"
	"leasehold/pkg/clock"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

// rows are those of a file that a page gave, without its header.
func (r *reader) rows(of string) [][]string {
	r.Helper()
	r.open(of)
	r.has(200)
	all, err := csv.NewReader(strings.NewReader(r.page.Source)).ReadAll()
	if err != nil || len(all) == 0 || r.page.Header.Get("Content-Disposition") == "" {
		r.Fatalf("%s is no file: %v %s", of, err, r.page.Text)
	}
	return all[1:]
}

// What happened is found by whom and what it is about, by who did it and when; the file holds
// exactly what the list shows; and the events of one thing say whether they are whole (S11).
func TestStory_AnAuditorFindsWhatHappenedAndTakesItAway(t *testing.T) {
	o := open(t, Options{})
	made := o.ask(nil)
	pkg, _, _ := o.packageNamed("Sales starter")
	mei := o.call(components.Member, "GET", names.APIVersion+"/me", nil, 200)["id"].(string)
	hostile := `=HYPERLINK("<script>alert(1)</script>")`
	o.call(components.Admin, "PATCH", names.Entitlement+"/accessPackages/"+pkg, object{"description": hostile}, 204)

	admin := o.signIn(components.Admin)
	admin.follow("Audit")
	admin.has(200, "What happened", "the service itself", "Mei Tanaka", "Sales starter")
	if !strings.Contains(admin.page.Text, "More") {
		t.Error("a seeded system has more than one page of events")
	}
	admin.follow("More")
	admin.has(200, "What happened")

	// By a name of which there is one, the address goes on with the id: of several one is chosen.
	admin.follow("Audit")
	admin.press("Search", map[string]string{"person": "tanaka"})
	admin.has(200, "About a person: Mei Tanaka", "submitted", "delivered")
	admin.press("Search", map[string]string{"person": "", "actor": "a"})
	admin.has(200, "Done by: choose which is meant")
	admin.follow("Mei Tanaka")
	admin.has(200, "Done by: Mei Tanaka", "submitted")
	admin.press("Search", map[string]string{"actor": "", "package": "sales starter"})
	admin.has(200, "About an access package: Sales starter", hostile)
	if strings.Contains(admin.page.Source, "<script") {
		t.Error("what somebody typed is part of the page")
	}

	for filter, words := range map[string]string{
		"person=nobody-of-this-name": "Nobody has this in the name", "package=nothing-of-this-name": "No access package has this in its name.",
		"from=yesterday": "A day is written like", "actor=service": "Name the first day",
	} {
		admin.open("/audit?" + filter)
		admin.has(400, "There is a problem", words)
		admin.open("/audit/export?" + filter)
		admin.has(400)
	}
	admin.open("/audit?person=" + strings.Repeat("x", 300))
	admin.has(400, "at most 200")
	admin.open("/audit?from=2001-01-01&to=2001-01-02")
	admin.has(200, "Nothing of this kind happened.")
	admin.open("/audit?page=nonsense")
	admin.has(400, "does not continue a list")

	// The file has exactly what the filter lets through.
	today := time.Now().UTC().Format(time.DateOnly)
	for filter, fits := range map[string]func(row []string) bool{
		"person=" + mei:                                     func(row []string) bool { return row[7] == mei || row[5] == mei },
		"person=" + mei + "&package=" + pkg:                 func(row []string) bool { return row[7] == mei && row[9] == pkg },
		"package=" + pkg:                                    func(row []string) bool { return row[9] == pkg },
		"actor=" + mei:                                      func(row []string) bool { return row[2] == mei },
		"actor=service&from=" + today:                       func(row []string) bool { return row[2] == "service" },
		"person=" + mei + "&actor=service":                  func(row []string) bool { return row[2] == "service" && (row[7] == mei || row[5] == mei) },
		"person=" + mei + "&from=" + today + "&to=" + today: func(row []string) bool { return strings.HasPrefix(row[0], today) && (row[7] == mei || row[5] == mei) },
	} {
		all := admin.rows("/audit/export?" + filter)
		whole := admin.rows("/audit/export")
		want := 0
		for _, row := range whole {
			if fits(row) {
				want++
			}
		}
		if len(all) == 0 || want != len(all) || slices.ContainsFunc(all, func(row []string) bool { return !fits(row) }) {
			t.Errorf("%s: %d rows of %d, want %d", filter, len(all), len(whole), want)
		}
	}
	if all := admin.rows("/audit/export?person=" + mei + "&to=2001-01-01"); len(all) != 0 {
		t.Errorf("%d events before all of them", len(all))
	}
	for _, row := range admin.rows("/audit/export") {
		for _, cell := range row {
			if strings.HasPrefix(cell, "=") {
				t.Errorf("a cell is run as a formula: %s", cell)
			}
		}
	}

	// The events of one thing, whole.
	admin.open("/audit?person=" + mei)
	admin.follow("Request and assignment " + made)
	admin.has(200, "Events: Request and assignment", "The chain is whole: events:", "1. submitted")
	admin.open("/audit/" + string(entitlement.OfPackage) + "/" + pkg)
	admin.has(200, "The chain is whole", hostile)
	for _, path := range []string{"/audit/nothing/" + pkg, "/audit/user/nothing", "/audit/user/" + pkg} {
		admin.open(path)
		admin.has(404)
	}
}

// What could not be delivered is told by target and reason with names, leads to the person, and
// is delivered again for one or for all of a reason.
func TestStory_WhoRunsTheServiceSeesWhatFailsAndTriesAgain(t *testing.T) {
	o := open(t, Options{})
	pkg, _, policy := o.packageNamed("Sales starter")
	admin := o.signIn(components.Admin)
	admin.follow("Operations")
	admin.has(200, "Every delivery went well", "No removal is overdue.", "No policy was loosened.")
	admin.follow("Removals")
	admin.has(200, "Nothing is still to be taken back.")
	admin.follow("Loosened policies")
	admin.has(200, "No policy was loosened.")

	hostile := "<script>alert(1)</script>"
	ann := o.hire("ann", object{"displayName": hostile}) // no account at the target
	o.call(components.Admin, "POST", names.Entitlement+"/assignmentRequests", object{"requestType": "adminAdd",
		"assignment": object{"targetId": ann, "accessPackageId": pkg, "assignmentPolicyId": policy}}, 201)
	admin.open("/operations")
	admin.waits("The person has no account at the target system.")
	admin.has(200, "Delivery errors by target system and reason")

	admin.press("Deliver all again Customer systems", nil)
	admin.has(200, "Delivered again: people: 1.")
	admin.follow("1")
	admin.has(200, hostile, "The person has no account at the target system.", "Failed attempts", "Next attempt")
	if strings.Contains(admin.page.Source, "<script") {
		t.Error("what somebody typed is part of the page")
	}
	list := admin.page.Address
	admin.press("Deliver again "+hostile, nil)
	admin.has(200, "Their packages are delivered again.")
	admin.follow(hostile)
	admin.has(200, "Sales starter")

	// Whoever has nothing that fails, and what is no target and no reason.
	base := list[len(admin.site):]
	me := o.call(components.Member, "GET", names.APIVersion+"/me", nil, 200)["id"].(string)
	admin.open("/operations")
	admin.send(base+"/reprocess", url.Values{"person": {me}})
	admin.has(409, "No package that this person has now gives what fails here")
	admin.open("/operations")
	admin.send(base+"/reprocess", url.Values{"person": {"nobody"}})
	admin.has(400)
	connector := strings.Split(base, "/")[3]
	for _, values := range []url.Values{{}, {"connector": {connector}, "reason": {"nonsense"}}, {"connector": {pkg}, "reason": {"principal-missing"}}, {"connector": {"x"}, "reason": {"principal-missing"}}} {
		admin.open("/operations")
		admin.send("/operations/reprocess", values)
		admin.has(404)
	}
	admin.open("/operations")
	admin.send("/operations/reprocess", url.Values{"connector": {connector}, "reason": {"principal-missing"}, "after": {"forged"}})
	admin.has(400, "does not continue a list")
	for _, path := range []string{"/operations/failures/" + connector + "/nonsense", "/operations/failures/" + pkg + "/principal-missing", "/operations/failures/x/principal-missing"} {
		admin.open(path)
		admin.has(404)
	}
	admin.open("/operations/failures/" + connector + "/credential-refused")
	admin.has(200, "Nobody's delivery fails for this reason any more.")
}

// A policy that was loosened is shown to those who look (A4).
func TestA4_APolicyThatWasLoosenedIsShownToThoseWhoLook(t *testing.T) {
	o := open(t, Options{})
	_, _, policy := o.packageNamed("Account executive")
	path := names.Entitlement + "/assignmentPolicies/" + policy
	body := o.call(components.Admin, "GET", path+"?$expand=accessPackage", nil, 200)
	body["requestApprovalSettings"] = object{"isApprovalRequiredForAdd": false, "isApprovalRequiredForUpdate": false, "stages": []any{}}
	o.call(components.Admin, "PUT", path, object{"displayName": body["displayName"], "description": body["description"], "allowedTargetScope": body["allowedTargetScope"],
		"expiration": body["expiration"], "requestorSettings": body["requestorSettings"], "requestApprovalSettings": body["requestApprovalSettings"], "accessPackage": object{"id": body["accessPackage"].(object)["id"]}}, 200)

	admin := o.signIn(components.Admin)
	admin.follow("Operations")
	admin.has(200, "Policies loosened, newest first", "policy loosened", "isApprovalRequiredForAdd", "Account executive")
	admin.follow("All loosened policies")
	admin.has(200, "policy loosened")
}

// Others than administrators reach none of it, whether what they name is there or not.
func TestA1_NobodyElseReachesOperationsAndAudit(t *testing.T) {
	o := open(t, Options{})
	made := o.ask(nil)
	pkg, catalog, _ := o.packageNamed("Sales starter")
	o.assigns(components.Other, entitlement.CatalogOwner, catalog)
	builtin := string(entitlement.BuiltinConnector)
	for _, as := range []string{components.Member, components.Manager, components.Other} {
		who := o.signIn(as)
		if strings.Contains(who.page.Text, "Operations") || strings.Contains(who.page.Text, "Audit") {
			t.Errorf("%s is led to them: %s", as, who.page.Text)
		}
		for _, path := range []string{"/operations", "/operations/removals", "/operations/loosened", "/operations/figures", "/operations/failures/" + builtin + "/principal-missing", "/operations/failures/x/y",
			"/audit", "/audit?person=x", "/audit/export", "/audit/" + string(entitlement.OfPackage) + "/" + pkg, "/audit/request/" + made} {
			who.open(path)
			who.has(403)
		}
		for path, values := range map[string]url.Values{
			"/operations/reprocess": {"connector": {builtin}, "reason": {"principal-missing"}},
			"/operations/failures/" + builtin + "/principal-missing/reprocess": {"person": {made}},
			"/operations/removals/close":                                       {"assignment": {made}, "justification": {"x"}},
		} {
			who.open("")
			who.send(path, values)
			who.has(403)
		}
	}
}

// What cannot be taken back is shown with the oldest first, and closed with a justification that
// is kept, once it is overdue.
func TestStory_AnOverdueRemovalIsSeenAndClosedWithAJustification(t *testing.T) {
	c := clock.NewVirtual(time.Now())
	o := open(t, Options{clock: c})
	made := o.ask(nil)
	targets := o.call(components.Admin, "GET", names.Ours+"/connectors", nil, 200)["value"].([]any)
	i := slices.IndexFunc(targets, func(one any) bool { return one.(object)["displayName"] == "Customer systems" })
	// One that the target refuses is not taken: it can be put in its place while nothing is asked of it.
	connector := names.Ours + "/connectors/" + targets[i].(object)["id"].(string)
	o.call(components.Admin, "PATCH", connector, object{"credential": "no longer valid"}, 422)
	for _, change := range []object{{"isPaused": true}, {"credential": "no longer valid"}, {"isPaused": false}} {
		o.call(components.Admin, "PATCH", connector, change, 204)
	}
	o.call(components.Member, "POST", names.Entitlement+"/assignmentRequests", object{"requestType": "userRemove", "assignment": object{"id": made}}, 201)

	admin := o.signIn(components.Admin)
	admin.open("/operations/removals")
	admin.waits("Mei Tanaka")
	admin.has(200, "Removing", "once it is overdue", "Sales starter")
	admin.send("/operations/removals/close", url.Values{"assignment": {made}, "justification": {"too early"}})
	admin.has(409, "There is a problem", "can be closed once it is overdue")

	c.Advance(entitlement.OverdueAfter + time.Minute)
	admin.open("/operations")
	admin.has(200, "Overdue: 1.", "The oldest of these: Mei Tanaka")
	admin.follow("All that is still to be taken back")
	admin.has(200, "! overdue", "Customer systems (")
	admin.press("Close the removal", map[string]string{"justification": " "})
	admin.has(400, "There is a problem", "justification")
	admin.press("Close the removal", map[string]string{"justification": "<b>by hand</b>"})
	admin.has(200, "The removal is closed.")
	if strings.Contains(admin.page.Source, "<b>by hand") {
		t.Error("what somebody typed is part of the page")
	}
	admin.open("/audit/" + string(entitlement.OfRequest) + "/" + made)
	admin.has(200, "removal closed without proof", "Ada Winter justification", "<b>by hand</b>", "The chain is whole")

	for id, status := range map[string]int{"nothing": 400, "11111111-1111-4111-8111-111111111111": 404} {
		admin.open("")
		admin.send("/operations/removals/close", url.Values{"assignment": {id}, "justification": {"x"}})
		admin.has(status)
	}
}
