package system

import (
	"net/http"
	"strconv"
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
	admin.press("Save", map[string]string{"kind": "scim", "url": "http://127.0.0.1:9/scim", "keys": "mail; userName", "credential": "s3cr3t word", "readBack": "unconfirmed"})
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
	admin.press("Save", map[string]string{"kind": "scim", "url": "http://127.0.0.1:9/scim", "name": "CRM", "managers": ""})
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

func TestStory_AnAdministratorKeepsTheDirectoryThroughThePagesAlone(t *testing.T) {
	o := open(t, Options{})
	admin := o.signIn(components.Admin)
	admin.open("/people")
	admin.follow("Create a person")
	admin.press("Save", map[string]string{"name": "", "upn": "", "manager": "nobody@x.example", "identities": "only-one"})
	admin.has(400, "Type a name.", "Type a user name.", "Nobody has the user name, mail or id nobody@x.example.", "Of a sign-in write the issuer")
	admin.press("Save", map[string]string{"name": "<b>Nina</b>", "upn": "MEMBER@northwind.example", "manager": "", "identities": ""})
	admin.has(409, "There is")
	admin.press("Save", map[string]string{"upn": "nina@northwind.example", "mail": "no mail"})
	admin.has(400, "mail must be one plain address")
	admin.press("Save", map[string]string{"mail": "nina@northwind.example", "department": "<i>Sales</i>", "manager": "member@northwind.example"})
	admin.has(200, "<b>Nina</b>", "nina@northwind.example", "<i>Sales</i>", "enabled")
	nina := admin.page.Address
	admin.follow("Edit the person")
	edit := admin.page.Address
	if !strings.Contains(admin.page.Source, `value="member@northwind.example"`) {
		t.Error("the form does not name the manager")
	}
	admin.press("Save", map[string]string{"name": "Nina", "manager": "nina@northwind.example"})
	admin.has(400, "Nobody can be their own manager.")
	admin.press("Save", map[string]string{"manager": ""})
	admin.has(200, "Nina")

	// Disabling is said to be sure of; a page that is out of date does not do the contrary.
	admin.must(admin.Visitor.Open(t.Context(), edit))
	stale := *admin.page
	admin.press("Disable the account", nil)
	admin.has(400, "Nobody was disabled")
	admin.press("Disable the account", map[string]string{"sure": "yes"})
	admin.has(200, "disabled")
	admin.must(stale.Submit(t.Context(), "Disable the account", map[string]string{"sure": "yes"}))
	admin.has(409, "Somebody else has changed the account meanwhile", "disabled")
	admin.press("Enable the account", nil)
	admin.has(200, "enabled")

	// Groups: whom nobody knows, who is in already, members and owners, and the end of it.
	admin.open("/administration/groups")
	admin.press("Search", map[string]string{"search": "<b>nothing"})
	admin.has(200, "No group has this in its name.")
	admin.follow("Create a group")
	admin.press("Save", nil)
	admin.has(400, "Type a name.")
	admin.press("Save", map[string]string{"name": "<b>Team</b>", "description": "<script>"})
	admin.has(200, "<b>Team</b>", "<script>", "Nobody is in the group.")
	team := admin.page.Address
	admin.press("Add", map[string]string{"people": "nina@northwind.example\nnobody@x.example"})
	admin.has(400, "Nobody has the user name, mail or id nobody@x.example.")
	admin.press("Add", map[string]string{"people": "nina@northwind.example\nmember@northwind.example"})
	admin.has(200, "Added: 2.", "Nina", "Mei Tanaka")
	admin.press("Add", map[string]string{"people": "nina@northwind.example"})
	admin.has(409, "There is a problem", "Nina")
	admin.press("Take out Nina", nil)
	admin.lacks("Nina")
	admin.follow("Owners")
	admin.has(200, "Nobody owns the group.")
	admin.press("Add", map[string]string{"people": "nina@northwind.example"})
	admin.has(200, "Added: 1.", "Who owns the group", "Nina")
	admin.follow("Edit the group")
	admin.press("Save", map[string]string{"name": "Team"})
	admin.press("Delete the group", nil)
	admin.has(400, "Nothing was deleted: tick the box")
	admin.press("Delete the group", map[string]string{"sure": "yes"})
	admin.has(200, "Groups of the directory")
	admin.must(admin.Visitor.Open(t.Context(), team))
	admin.has(404)
	admin.open("/administration/groups/" + string(entitlement.AdministratorsGroup))
	admin.press("Delete the group", map[string]string{"sure": "yes"})
	admin.has(422, "The group Administrators cannot be deleted.")

	admin.must(admin.Visitor.Open(t.Context(), edit))
	admin.press("Delete the person", map[string]string{"sure": "yes"})
	admin.has(200, "People of the directory")
	for _, address := range []string{nina, edit} {
		admin.must(admin.Visitor.Open(t.Context(), address))
		admin.has(404)
	}

	id := edit[strings.LastIndex(strings.TrimSuffix(edit, "/edit"), "/")+1:]
	admin.foreign("/administration/people/"+gone+"/edit", "/administration/people/x/edit", "/administration/people/"+string(entitlement.AdministratorsGroup)+"/edit", "/administration/groups/"+gone, "/administration/groups/"+id)
	r := o.signIn(components.Owner)
	r.forbidden("/administration/people/new", "/administration/people/"+id, "/administration/groups", "/administration/groups/new", "/administration/groups/"+string(entitlement.AdministratorsGroup), "/administration/import")
}

func TestStory_PeopleAreImportedFromAFileThatIsCheckedLineByLine(t *testing.T) {
	o := open(t, Options{})
	admin := o.signIn(components.Admin)
	admin.open("/administration/import")
	admin.press("Check the list", nil)
	admin.has(400, "Choose a file, or paste its lines.")
	admin.press("Check the list", map[string]string{"lines": "userPrincipalName,salary\na@x.example,1"})
	admin.has(400, "The first line names the column salary, which is none of")

	file := "userPrincipalName;displayName;department;accountEnabled;manager\n" +
		"member@northwind.example;;<b>Spain</b>;false;\n" +
		"a@x.example;<i>Ann</i>;Sales;;b@x.example\n" +
		"b@x.example;Bob;Sales;;a@x.example\n" +
		";Nobody;;;\n"
	check := func(text string) {
		t.Helper()
		admin.open("/administration/import")
		admin.must(admin.page.Upload(t.Context(), "Check the list", nil, "file", "people.csv", []byte(text)))
	}
	check(file)
	admin.has(200, "New: 2. Changed: 1. The same: 0. Wrong: 1.", "wrong : userPrincipalName must be given", "→ <b>Spain</b>", "accountEnabled: true → false", "<i>Ann</i>", "Also disable the people whose lines say so: 1")
	admin.press("Apply (3)", nil)
	admin.has(200, "Applied: 2 lines.", "There is nothing left to do")
	admin.open("/people?search=tanaka")
	admin.has(200, "Mei Tanaka", "enabled")
	admin.lacks("Spain")

	// Once more: what stands is the same, and what disables waits for the tick.
	check(file)
	admin.has(200, "New: 0. Changed: 1. The same: 2. Wrong: 1.")
	stale := *admin.page
	admin.press("Apply (1)", map[string]string{"disable": "yes"})
	admin.has(200, "Applied: 1 lines.")
	admin.open("/people?search=tanaka")
	admin.has(200, "Spain", "disabled")
	check(file)
	admin.has(200, "New: 0. Changed: 0. The same: 3. Wrong: 1.")
	admin.must(stale.Submit(t.Context(), "Apply (1)", map[string]string{"disable": "yes"}))
	admin.has(409, "What these lines would change is not what the page showed any more.")

	// More than one form applies, in pieces.
	var long strings.Builder
	long.WriteString("userPrincipalName,displayName,manager\n")
	for i := range 600 {
		long.WriteString(strings.ReplaceAll("p#@x.example,P #,", "#", strconv.Itoa(i)) + "p" + strconv.Itoa((i+599)%600) + "@x.example\n")
	}
	check(long.String())
	admin.has(200, "New: 600.", "and 550 more lines that are new")
	admin.press("Apply (600)", nil)
	admin.has(200, "Applied: 249 lines.", "Go on with the rest (351)")
	admin.press("Go on with the rest (351)", nil)
	admin.press("Go on with the rest (101)", nil)
	admin.has(200, "Applied: 600 lines.", "There is nothing left to do")
	check(long.String())
	admin.has(200, "There is nothing left to do: everybody is as the file says.")
}

func TestStory_ConnectedOrganizationsAreKeptThroughThePagesAlone(t *testing.T) {
	o := open(t, Options{})
	admin := o.signIn(components.Admin)
	admin.open("/administration/organizations")
	admin.has(200, "There is no connected organization yet.")
	admin.follow("Add a connected organization")
	admin.press("Save", nil)
	admin.has(400, "Type a name.")
	admin.press("Save", map[string]string{"name": "<b>Contoso</b>", "description": "<i>friends</i>"})
	admin.has(400, "domainIdentitySource goes with domainName")
	admin.press("Save", map[string]string{"domain": "contoso.example"})
	admin.has(200, "<b>Contoso</b>", "<i>friends</i>", "a domain contoso.example", "configured")
	contoso := admin.page.Address
	admin.open("/administration/organizations/new")
	admin.press("Save", map[string]string{"name": "Other", "domain": "CONTOSO.example"})
	admin.has(409, "Another connected organization has this identity source.")
	admin.must(admin.Visitor.Open(t.Context(), contoso))
	admin.follow("Edit the organization")
	admin.press("Save", map[string]string{"name": "Contoso", "state": "proposed"})
	admin.has(200, "Contoso", "proposed")

	admin.press("Add Internal sponsors", map[string]string{"internal": "<nobody>"})
	admin.has(400, "Nobody and no group is called <nobody>.")
	admin.press("Add Internal sponsors", map[string]string{"internal": "member@northwind.example"})
	admin.has(200, "Mei Tanaka")
	admin.press("Add Internal sponsors", map[string]string{"internal": "Sales"})
	admin.has(200, "Sales (group)")
	admin.press("Add External sponsors", map[string]string{"external": "member@northwind.example"})
	admin.has(400, "external sponsors are guests")
	admin.press("Take out Sales", nil)
	admin.lacks("Sales (group)")
	admin.press("Delete the organization", nil)
	admin.has(400, "Nothing was deleted: tick the box")

	// What stands in the way of deleting it is a policy that names it.
	id := contoso[strings.LastIndex(contoso, "/")+1:]
	path := names.Entitlement + "/assignmentPolicies"
	policy := o.call(components.Admin, "POST", path, object{"displayName": "Theirs", "description": "", "accessPackage": object{"id": o.Package}, "allowedTargetScope": "specificConnectedOrganizationUsers",
		"specificAllowedTargets": []object{{"@odata.type": "#microsoft.graph.connectedOrganizationMembers", "connectedOrganizationId": id}}}, 201)["id"].(string)
	admin.press("Delete the organization", map[string]string{"sure": "yes"})
	admin.has(409, "The policy Theirs names the connected organization")
	o.call(components.Admin, "DELETE", path+"/"+policy, nil, 204)
	admin.press("Delete the organization", map[string]string{"sure": "yes"})
	admin.has(200, "There is no connected organization yet.")
	admin.foreign("/administration/organizations/"+id, "/administration/organizations/x", "/administration/organizations/"+string(entitlement.AdministratorsGroup)+"/edit")
	o.signIn(components.Member).forbidden("/administration/organizations", "/administration/organizations/new", "/administration/settings")
}

func TestStory_SettingsAreShownAndChangedThroughThePages(t *testing.T) {
	o := open(t, Options{})
	admin := o.signIn(components.Admin)
	admin.follow("Administration")
	admin.follow("Settings")
	admin.has(200, "In force", "Kept, and not in force yet", "assignmentPolicies.reviewSettings No access review is run.")
	admin.press("Save", map[string]string{"days": "many"})
	admin.has(400, "Type a number of days")
	admin.press("Save", map[string]string{"days": "10", "related": "count", "approvers": ""})
	admin.has(200, "The settings are saved.")
	kept := o.call(components.Admin, "GET", names.Entitlement+"/settings", nil, 200)
	seen := o.call(components.Admin, "GET", names.Entitlement+"/controlConfigurations/endUserSettings", nil, 200)
	if kept["durationUntilExternalUserDeletedAfterBlocked"] != "P10D" || seen["relatedPeopleInsightLevel"] != "count" || seen["showApproverDetailsToMembers"] != false {
		t.Errorf("kept: %v, %v", kept, seen)
	}
	admin.press("Save", map[string]string{"related": "everything"})
	admin.has(400, "Choose one.")
}

func TestStory_FromARoleToAllWhoHoldIt(t *testing.T) {
	o := open(t, Options{})
	o.ask(nil)
	admin := o.signIn(components.Admin)
	pkg := o.call(components.Admin, "GET", names.Entitlement+"/accessPackages/"+o.Package+"?$expand=catalog,resourceRoleScopes($expand=role,scope)", nil, 200)
	catalog := pkg["catalog"].(object)["id"].(string)
	managed := "/catalogs/" + catalog + "/packages/" + o.Package
	admin.open(managed)
	admin.follow("Member")
	admin.has(200, "Who has Member of", "Mei Tanaka", "there", pkg["displayName"].(string), "asked by Mei Tanaka")
	role := strings.TrimPrefix(admin.page.Address, admin.site)
	admin.follow("Mei Tanaka")
	admin.follow("Member")
	admin.has(200, "Who has Member of", "Mei Tanaka")

	// From the resource too; a role that nobody has says so.
	admin.open(role[:strings.Index(role, "/roles/")])
	admin.follow("Member")
	admin.has(200, "Mei Tanaka")

	// The API says the same, and ids of something else are of nothing.
	parts := strings.Split(role, "/") // "", catalogs, catalog, resources, resource, roles, role
	api := names.Ours + "/roleHolders/" + parts[2] + "/" + parts[4] + "/" + parts[6]
	held := o.call(components.Admin, "GET", api, nil, 200)["value"].([]any)
	if len(held) != 1 || held[0].(object)["target"].(object)["displayName"] != "Mei Tanaka" || held[0].(object)["presence"] != "present" {
		t.Errorf("the API says %v", held)
	}
	admin.foreign("/catalogs/"+parts[2]+"/resources/"+parts[4]+"/roles/"+gone, "/catalogs/"+parts[2]+"/resources/"+gone+"/roles/"+parts[6],
		"/catalogs/"+gone+"/resources/"+parts[4]+"/roles/"+parts[6], "/catalogs/"+parts[2]+"/resources/"+parts[4]+"/roles/x")
	owner := o.signIn(components.Owner)
	owner.open(role)
	if owner.page.Status != 200 && owner.page.Status != 403 {
		t.Errorf("an owner is answered %d", owner.page.Status)
	}
	o.signIn(components.Member).forbidden(role, "/catalogs/"+gone+"/resources/"+parts[4]+"/roles/"+parts[6])
}
