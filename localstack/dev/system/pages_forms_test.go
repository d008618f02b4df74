package system

import (
	"net/http"
	"strings"
	"testing"

	"leasehold/localstack/components"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

// gone is an id of nothing.
const gone = "00000000-0000-4000-8000-00000000dead"

// foreign opens pages by ids of something else, which nobody can tell from those of nothing.
func (r *reader) foreign(paths ...string) {
	r.Helper()
	for _, path := range paths {
		r.open(path)
		r.has(http.StatusNotFound)
	}
}

// forbidden demands that somebody is neither led to pages nor let in.
func (r *reader) forbidden(paths ...string) {
	r.Helper()
	for _, path := range paths {
		r.open(path)
		r.has(http.StatusForbidden)
	}
}

func TestStory_AnAdministratorKeepsConnectorsThroughThePagesAlone(t *testing.T) {
	o := open(t, Options{})
	admin := o.signIn(components.Admin)
	admin.follow("Administration")
	admin.follow("Connectors")
	admin.has(200, "Customer systems", "In use")
	admin.follow("Customer systems")
	admin.has(200, "userName", "Every delivery went well", "What is known of the target")
	kept := admin.page.Address

	// What is wrong is said, and what was typed is kept; the credential never comes back.
	admin.open("/administration/connectors/new")
	admin.press("Save", map[string]string{"name": "", "url": "not an address", "managers": "nobody@nowhere.example"})
	admin.has(400, "There is a problem", "Type a name.", "Type the credential of the target.", "Nobody has the user name, mail or id nobody@nowhere.example.")
	admin.press("Save", map[string]string{"name": "<b>CRM</b>", "credential": "s3cr3t word", "managers": "mei.tanaka@nowhere.example"})
	admin.has(400, "Nobody has the user name")
	if strings.Contains(admin.page.Source, "s3cr3t") {
		t.Fatal("the page shows the credential")
	}
	admin.press("Save", map[string]string{"managers": "member@northwind.example", "credential": "s3cr3t word"})
	admin.has(400, "There is a problem", "url must be an absolute https address")
	admin.press("Save", map[string]string{"url": "http://127.0.0.1:9/scim", "keys": "mail; userName", "credential": "s3cr3t word", "readBack": "unconfirmed"})
	admin.has(200, "<b>CRM</b>", "mail, userName", "also what no way of asking shows", "Mei Tanaka", "It could not be looked at")
	if strings.Contains(admin.page.Source, "s3cr3t") {
		t.Fatal("the page shows the credential")
	}

	admin.follow("Edit the connector")
	admin.press("Save", map[string]string{"url": "http://127.0.0.1:9/other"})
	admin.has(422, "There is a problem", "The credential was given for the address")
	if !strings.Contains(admin.page.Source, `value="http://127.0.0.1:9/other"`) {
		t.Error("the form forgets what was typed")
	}
	admin.press("Save", map[string]string{"url": "http://127.0.0.1:9/scim", "name": "CRM", "managers": ""})
	admin.has(200, "CRM")
	admin.lacks("Mei Tanaka", "<b>")
	admin.press("Look at the target now", nil)
	admin.has(200, "The target was looked at.", "It could not be looked at")
	admin.press("Delete the connector", nil)
	admin.has(400, "Nothing was deleted: tick the box")
	admin.press("Delete the connector", map[string]string{"sure": "yes"})
	admin.has(200, "Customer systems")
	admin.lacks("CRM")

	admin.must(admin.Visitor.Open(t.Context(), kept))
	admin.press("Delete the connector", map[string]string{"sure": "yes"})
	admin.has(409, "There is a problem", "resources of catalogs are at this connector", "Customer systems")

	other := strings.TrimPrefix(kept[strings.LastIndex(kept, "/"):], "/")
	admin.foreign("/administration/connectors/"+gone, "/administration/connectors/x", "/administration/connectors/"+string(entitlement.BuiltinConnector),
		"/administration/connectors/"+string(entitlement.AdministratorsGroup), "/administration/connectors/"+gone+"/edit")
	for _, who := range []string{components.Member, components.Owner} {
		r := o.signIn(who)
		r.lacks("Administration")
		r.forbidden("/administration", "/administration/connectors", "/administration/connectors/new", "/administration/connectors/"+other, "/administration/connectors/"+other+"/edit", "/administration/connectors/"+gone)
	}
}

// What waits for a paused target is shown where people look, and comes when it is resumed.
func TestStory_AConnectorIsPausedAndResumedThroughThePages(t *testing.T) {
	o := open(t, Options{})
	admin := o.signIn(components.Admin)
	admin.open("/administration/connectors")
	admin.follow("Customer systems")
	kept := admin.page.Address
	held := o.holds()
	admin.press("Pause Customer systems", nil)
	admin.has(200, "The connector is paused.", "Nothing is sent to the target", "People who wait for the pause to end: 0.", "Paused")
	admin.lacks("Look at the target now")

	body := object{"requestType": "userAdd", "assignment": object{"accessPackageId": o.Package, "assignmentPolicyId": o.Policy}}
	id, _ := o.call(components.Member, "POST", names.Entitlement+"/assignmentRequests", body, 201)["id"].(string)
	admin.waits("People who wait for the pause to end: 1.")
	admin.has(200, "The connector is paused: nothing is sent to the target system until it is resumed. 1")
	if o.holds() != held {
		t.Fatal("a role was given at a target that is paused")
	}
	admin.open("/operations")
	admin.has(200, "Customer systems The connector is paused: nothing is sent to the target system until it is resumed. 1")
	admin.open("/people?search=tanaka")
	admin.follow("Mei Tanaka")
	admin.has(200, "The connector is paused")

	o.call(components.Admin, "POST", names.Ours+"/connectors/"+kept[strings.LastIndex(kept, "/")+1:]+"/check", nil, 422)
	admin.must(admin.Visitor.Open(t.Context(), kept))
	admin.press("Resume Customer systems", nil)
	admin.has(200, "The connector is resumed.", "In use")
	o.waitFor(id, "delivered")
	if o.holds() != held+1 {
		t.Errorf("%v hold the role after the pause, want %v", o.holds(), held+1)
	}
	admin.must(admin.Visitor.Open(t.Context(), kept))
	admin.waits("Every delivery went well")
}
