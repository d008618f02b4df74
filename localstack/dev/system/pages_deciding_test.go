package system

import (
	"encoding/json"
	"html"
	"net/url"
	"strings"
	"testing"
	"time"

	"leasehold/localstack/components"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

// hostile is what somebody types who hopes that a page takes it for its own.
const hostile = `<script>alert(1)</script>" onload='x`

// asks asks for a package by its name, and returns the ids of package and request.
func (r *reader) asks(name, why string) (pkg, request string) {
	r.Helper()
	r.open("/packages")
	r.follow(name)
	pkg = last(r.page.Address)
	r.press("Ask for it", map[string]string{"justification": why})
	r.has(200, "Course of the request")
	return pkg, last(r.page.Address)
}

func last(address string) string { return address[strings.LastIndex(address, "/")+1:] }

// incompatible has a package list another one.
func (o *fixture) incompatible(pkg, with string) {
	o.Helper()
	o.call(components.Admin, "POST", names.Entitlement+"/accessPackages/"+pkg+"/incompatibleAccessPackages/$ref", object{"@odata.id": "/v1.0/accessPackages/" + with}, 204)
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// idOf is the id of an account.
func (o *fixture) idOf(as string) string {
	o.Helper()
	return o.call(as, "GET", names.APIVersion+"/me", nil, 200)["id"].(string)
}

// twoStages has the manager decide twice about a package, at first beside an administrator, and
// asks for it.
func (o *fixture) twoStages(r *reader, request string) string {
	o.Helper()
	path := names.Entitlement + "/assignmentRequests/" + request
	o.call(components.Member, "POST", path+"/cancel", nil, 204)
	r.open("/packages")
	r.follow("Account executive")
	_, _, policy := o.packageNamed("Account executive")
	at := names.Entitlement + "/assignmentPolicies/" + policy
	p := o.call(components.Admin, "GET", at, nil, 200)
	single := func(as string) object {
		return object{"@odata.type": "#microsoft.graph.singleUser", "userId": o.idOf(as)}
	}
	stage := func(all ...object) object { return object{"primaryApprovers": all} }
	p["requestApprovalSettings"].(object)["stages"] = []object{stage(single(components.Manager), single(components.Admin)), stage(single(components.Manager))}
	o.call(components.Admin, "PUT", at, p, 200)
	_, request = r.asks("Account executive", "again")
	return request
}

// shortens has the administrator approve the first stage of a request for a week.
func (o *fixture) shortens(request string) {
	o.Helper()
	const below = "/accessPackageAssignmentApprovals/"
	stages := o.call(components.Admin, "GET", names.Entitlement+below+request+"/stages", nil, 200)["value"].([]any)
	o.call(components.Admin, "PATCH", names.Ours+below+request+"/stages/"+stages[0].(object)["id"].(string),
		object{"reviewResult": "Approve", "endDateTime": time.Now().AddDate(0, 0, 7).UTC().Format(time.RFC3339)}, 204)
}

// packageID is the id of a package that the reader may ask for.
func (r *reader) packageID(name string) string {
	r.Helper()
	r.open("/packages")
	r.follow(name)
	return last(r.page.Address)
}

// What cannot be had beside something is given back on the same page, and then asked for (R179).
func TestStory_WhatStandsAgainstAPackageIsGivenBackOnItsPage(t *testing.T) {
	o := open(t, Options{})
	mei := o.signIn(components.Member)
	executive := mei.packageID("Account executive")
	starter, _ := mei.asks("Sales starter", "")
	mei.waits("✓ Delivered")
	o.incompatible(executive, starter)

	mei.open("/packages/" + executive)
	mei.has(200, "You hold the access package Sales starter", "Once it is given back you can ask for this package.")
	mei.press("Give back Sales starter", nil)
	mei.has(200, "Removal")
	mei.open("/packages/" + executive)
	mei.press("Ask for it", map[string]string{"justification": "now"})
	mei.has(200, "Waits for a decision")

	// What somebody has is extended there too, where its policy lets them.
	mei.open("/packages/" + starter)
	mei.lacks("You have this package.")
}

// Whoever decides sees what stands against it, what the person has, and what they asked before.
func TestStory_WhoeverDecidesSeesWhatTheyShouldKnow(t *testing.T) {
	o := open(t, Options{})
	mei := o.signIn(components.Member)
	_, first := mei.asks("Account executive", hostile)
	manager := o.signIn(components.Manager)
	manager.open("/approvals/" + first)
	manager.has(200, "No other package.", "They have not asked for it before.")
	manager.press("Deny", map[string]string{"justification": "not <i>yet</i>"})

	starter, _ := mei.asks("Sales starter", "")
	mei.waits("✓ Delivered")
	executive, second := mei.asks("Account executive", "again")
	o.incompatible(executive, starter)

	manager.open("/approvals")
	manager.has(200, "They have Sales starter, which is incompatible.")
	manager.open("/approvals/" + second)
	manager.has(200, "They have Sales starter, which is incompatible.", "they cannot have both", "What they have already", "Sales starter", "Denied", hostile, "not <i>yet</i>")
	if strings.Contains(manager.page.Source, "<script>") {
		t.Error("what somebody typed is part of the page")
	}
	manager.press("Approve", nil)
	manager.has(422, "There is a problem", "holds the access package Sales starter")

	// Whoever asked sees of their own request neither, and others do not find it.
	mei.open("/approvals/" + second)
	mei.has(200, "This does not wait for you.")
	mei.lacks("What they have already", "Earlier requests")
	other := o.signIn(components.Other)
	other.open("/approvals/" + second)
	other.has(404)
}

// An approval can be for a shorter time than was asked for, and never for a longer one.
func TestStory_AnApproverAllowsAShorterTime(t *testing.T) {
	o := open(t, Options{})
	mei := o.signIn(components.Member)
	_, request := mei.asks("Account executive", "why")
	manager := o.signIn(components.Manager)
	manager.open("/approvals/" + request)
	soon := time.Now().UTC().AddDate(0, 0, 10)

	manager.press("Deny", map[string]string{"until": soon.Format(time.DateOnly)})
	manager.has(400, "A last day goes with an approval.")
	manager.press("Approve", map[string]string{"until": "2001-01-01", "justification": "a word"})
	manager.has(400, "There is a problem", "a word")
	manager.press("Approve", map[string]string{"until": soon.AddDate(1, 0, 0).Format(time.DateOnly)})
	manager.has(422, "An approval can only shorten")
	manager.press("Approve", map[string]string{"until": soon.Format(time.DateOnly)})
	manager.has(200, "Nothing waits for you.")

	mei.open("/access")
	mei.waits("✓ Delivered")
	mei.has(200, "It ends on "+soon.AddDate(0, 0, 1).Format("2 Jan 2006"))
	events := o.call(components.Admin, "GET", names.APIVersion+"/leasehold/events/request/"+request, nil, 200)
	if text := asJSON(t, events); !strings.Contains(text, `"afterDuration P180D"`) || !strings.Contains(text, `"afterDateTime `+soon.AddDate(0, 0, 1).Format(time.DateOnly)) {
		t.Errorf("the event does not say what was shortened: %s", text)
	}
}

// What is approved is what was shown: what changed meanwhile comes back as a difference, of
// roles, of the end and of what is incompatible, each for itself and in the list too.
func TestStory_WhatChangedMeanwhileComesBackAsADifference(t *testing.T) {
	for name, c := range map[string]struct {
		happens func(o *fixture, pkg, starter, request string)
		says    []string
	}{
		"a role goes": {func(o *fixture, pkg, _, _ string) {
			path := names.Entitlement + "/accessPackages/" + pkg
			roles := o.call(components.Admin, "GET", path+"?$expand=resourceRoleScopes", nil, 200)["resourceRoleScopes"].([]any)
			o.call(components.Admin, "DELETE", path+"/resourceRoleScopes/"+roles[0].(object)["id"].(string), nil, 204)
		}, []string{"Role", "(Member)", "not there any more"}},
		"something incompatible comes": {func(o *fixture, pkg, starter, _ string) { o.incompatible(pkg, starter) }, []string{"Incompatible not there Sales starter"}},
		"the end moves": {func(o *fixture, _, _, request string) { o.shortens(request) },
			[]string{"How long It lasts for 180 days. It ends on"}},
	} {
		t.Run(name, func(t *testing.T) {
			o := open(t, Options{})
			mei := o.signIn(components.Member)
			starter, _ := mei.asks("Sales starter", "")
			mei.waits("✓ Delivered")
			pkg, request := mei.asks("Account executive", "why")
			if name == "the end moves" {
				request = o.twoStages(mei, request)
			}

			manager := o.signIn(components.Manager)
			manager.open("/approvals")
			list := manager.page.Forms[len(manager.page.Forms)-1]
			values := url.Values{"form": list.Values["form"], "decision": {"approve"}, "request": {}}
			for field, value := range list.Values {
				if strings.HasPrefix(field, "shown-") {
					values[field] = value
				}
			}
			for _, choice := range list.Choices {
				if strings.HasPrefix(choice.Value, request) {
					values.Add("request", choice.Value)
				}
			}
			manager.open("/approvals/" + request)
			c.happens(o, pkg, starter, request)

			manager.press("Approve", map[string]string{"justification": "as <b>typed</b>"})
			manager.has(409, append(c.says, "Nothing was decided.", "What has changed", "as <b>typed</b>")...)
			manager.must(manager.Visitor.Send(t.Context(), list.Address, values, list.Address))
			manager.has(409, append([]string{"Decided: 0. These were not:", "It has changed since you opened this page."}, "→")...)
			if r := o.call(components.Admin, "GET", names.Entitlement+"/assignmentRequests/"+request, nil, 200); r["state"] != "pendingApproval" {
				t.Errorf("the request is %v", r["state"])
			}
		})
	}
}

// "Can't find it?" says which condition fails and who can change that, and of what is hidden the
// same as of what is not there.
func TestR128_WhatIsHiddenIsAnsweredLikeWhatIsNotThere(t *testing.T) {
	o := open(t, Options{})
	mei := o.signIn(components.Member)
	missing := func(typed string) string {
		t.Helper()
		mei.open("/packages?" + url.Values{"missing": {typed}}.Encode())
		mei.has(200, "Can't find it?")
		return strings.NewReplacer(html.EscapeString(typed), "TYPED", url.QueryEscape(typed), "TYPED").Replace(mei.page.Source)
	}
	executive, catalog, policy := o.packageNamed("Account executive")
	link := mei.site + "/packages/" + executive

	// What may be asked for, is asked for, and is held.
	missing("account EXECUTIVE")
	mei.has(200, "You may ask for it.")
	missing(hostile)
	mei.has(200, "No package of this name or link can be shown to you.")
	if strings.Contains(mei.page.Source, "<script>") {
		t.Error("what somebody typed is part of the page")
	}
	mei.asks("Sales starter", "")
	mei.waits("✓ Delivered")
	missing("Sales starter")
	mei.has(200, "You have it already.")

	// Of others it says why, and who can change it: by role, and to those by name who may know.
	missing("Engineering starter")
	mei.has(200, "No policy of it is for you.", "An owner or a package manager of its catalog can change that, or an administrator.")
	_, engineering, _ := o.packageNamed("Engineering starter")
	o.assigns(components.Approver, entitlement.CatalogOwner, engineering)
	admin := o.signIn(components.Admin)
	admin.open("/packages?missing=Engineering+starter")
	admin.has(200, "No policy of it is for you.", "The owners of its catalog can change that: Amina Yusuf.")
	missing("Engineering starter")
	mei.lacks("Amina Yusuf")
	p := o.call(components.Admin, "GET", names.Entitlement+"/assignmentPolicies/"+policy, nil, 200)
	p["requestorSettings"].(object)["enableTargetsToSelfAddAccess"] = false
	o.call(components.Admin, "PUT", names.Entitlement+"/assignmentPolicies/"+policy, p, 200)
	missing(link)
	mei.has(200, "The policy that is for you is turned off")

	// Hidden, not published: nothing tells them from what never was.
	same := func(what string) {
		t.Helper()
		nothing, unlinked := missing("No such package"), missing(mei.site+"/packages/00000000-0000-4000-8000-00000000abcd")
		if missing("Account executive") != nothing || missing(link) != unlinked || missing(executive) != unlinked {
			t.Errorf("A1: %s is told from what is not there: %s", what, mei.page.Text)
		}
	}
	at := names.Entitlement + "/accessPackages/" + executive
	o.call(components.Admin, "PATCH", at, object{"isHidden": true}, 204)
	same("a hidden package")
	o.call(components.Admin, "PATCH", at, object{"isHidden": false}, 204)
	o.call(components.Admin, "PATCH", names.Entitlement+"/catalogs/"+catalog, object{"state": "unpublished"}, 204)
	same("a package of a catalog that is not published")
	missing("Sales starter") // in the same catalog; who has it knows of it
	mei.has(200, "You have it already.", "Its catalog is not published.")
}

// A package is found by what it gives, and the list says how it is had.
func TestStory_APackageIsFoundByAResourceItGives(t *testing.T) {
	o := open(t, Options{})
	mei := o.signIn(components.Member)
	mei.open("/packages?search=crm+EDITORS")
	mei.has(200, "Account executive", "Gives a role of CRM editors.", "Decided by the manager. You keep it for 180 days.")
	mei.lacks("Sales starter")
	mei.open("/packages?search=" + url.QueryEscape(hostile))
	mei.has(200, "Nothing that you may ask for has this in its name, its description or its resources.")
}

// What somebody has says since when, and why.
func TestStory_MyAccessSaysSinceWhenAndWhy(t *testing.T) {
	o := open(t, Options{})
	mei := o.signIn(components.Member)
	_, request := mei.asks("Account executive", hostile)
	manager := o.signIn(components.Manager)
	manager.open("/approvals/" + request)
	manager.press("Approve", nil)
	mei.open("/access")
	mei.waits("✓ Delivered")
	mei.has(200, "Since", "You asked for it. Policy: Approved by one's manager. Approved by Marcus Hale.", hostile)

	// Whoever is not to know who decided does not read it here either (R66).
	o.call(components.Admin, "PATCH", names.Entitlement+"/controlConfigurations/endUserSettings", object{"@odata.type": "#microsoft.graph.endUserSettings", "showApproverDetailsToMembers": false}, 200)
	mei.open("/access")
	mei.has(200, "You asked for it.")
	mei.lacks("Marcus Hale")
}

// Whoever keeps policies sees what somebody would find, and nothing comes of looking.
func TestStory_APolicyIsTriedAsAPerson(t *testing.T) {
	o := open(t, Options{})
	pkg, catalog, _ := o.packageNamed("Account executive")
	mei, manager := o.idOf(components.Member), o.idOf(components.Manager)
	olga := o.signIn(components.Owner)
	at := "/catalogs/" + catalog + "/packages/" + pkg
	olga.open(at)
	olga.follow("Try as a person")
	olga.press("Search", map[string]string{"search": "t"})
	olga.has(200, "Type at least two characters of the name.")
	olga.press("Search", map[string]string{"search": hostile})
	olga.has(200, "Nobody is called so.")
	olga.press("Search", map[string]string{"search": "tanaka"})
	olga.follow("Mei Tanaka")
	olga.has(200, "What Mei Tanaka would find", "Yes: they find it under Find access.", "It applies: they would ask through it.", "Step 1 would be decided by Marcus Hale.")

	// Nobody whom the policy asks is there: who would be asked then.
	o.call(components.Admin, "PATCH", names.APIVersion+"/users/"+manager, object{"accountEnabled": false}, 204)
	olga.must(olga.Visitor.Open(t.Context(), olga.page.Address))
	olga.has(200, "Step 1 would be decided by")
	if trial := asJSON(t, o.call(components.Owner, "GET", names.Ours+"/trials/"+pkg+"/"+mei, nil, 200)); !strings.Contains(trial, `"isListed":true`) || strings.Contains(trial, manager+`","kind":"singleUser"}]`) {
		t.Errorf("the API says %s", trial)
	}

	// What forbids it.
	starter, _, _ := o.packageNamed("Sales starter")
	r := o.signIn(components.Member)
	r.asks("Sales starter", "")
	r.waits("✓ Delivered")
	o.incompatible(pkg, starter)
	o.call(components.Admin, "PATCH", names.Entitlement+"/accessPackages/"+pkg, object{"isHidden": true}, 204)
	olga.must(olga.Visitor.Open(t.Context(), olga.page.Address))
	olga.has(200, "They have Sales starter, which is incompatible.", "Do they see it? ✗ No.")

	// Nothing came of it, and it is for those alone who keep the package.
	if found := o.call(components.Admin, "GET", names.Entitlement+"/assignmentRequests?$filter=accessPackage/id%20eq%20'"+pkg+"'", nil, 200)["value"].([]any); len(found) != 0 {
		t.Errorf("%d requests were made", len(found))
	}
	r.open(at + "/try?person=" + mei)
	if r.page.Status != 403 && r.page.Status != 404 {
		t.Errorf("somebody else sees it: %d", r.page.Status)
	}
	for _, path := range []string{at + "/try?person=nobody", at + "/try?person=00000000-0000-4000-8000-00000000abcd"} {
		olga.open(path)
		olga.has(404)
	}
}

// What colleagues have is a count, and only where the settings let people know of others (A26).
func TestA26_TheListCountsWhatColleaguesHaveAndNamesNobody(t *testing.T) {
	o := open(t, Options{})
	starter, _, policy := o.packageNamed("Sales starter")
	o.inDirectoryAlone(starter)
	manager := o.idOf(components.Manager)
	have := func(n int) {
		t.Helper()
		for range n {
			id := o.hire("colleague-"+time.Now().Format("150405.000000000"), nil)
			o.call(components.Admin, "PUT", names.APIVersion+"/users/"+id+"/manager/$ref", object{"@odata.id": "/v1.0/users/" + manager}, 204)
			o.call(components.Admin, "POST", names.Entitlement+"/assignmentRequests", object{"requestType": "adminAdd",
				"assignment": object{"targetId": id, "assignmentPolicyId": policy, "accessPackageId": starter}}, 201)
		}
	}
	mei := o.signIn(components.Member)
	have(5) // of seven: two of the seed report to the manager beside Mei
	mei.open("/packages")
	mei.lacks("colleagues have it")

	o.call(components.Admin, "PATCH", names.Entitlement+"/controlConfigurations/endUserSettings", object{"@odata.type": "#microsoft.graph.endUserSettings", "relatedPeopleInsightLevel": "count"}, 200)
	mei.open("/packages")
	mei.has(200, "5 of your 7 colleagues have it.")
	mei.lacks("colleague-")
	have(20)
	mei.open("/packages")
	mei.has(200, "25 of your 27 colleagues have it.")
	have(4) // too many of them to read for one page
	mei.open("/packages")
	mei.lacks("colleagues have it")
}
