package portal

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/requests"
	"leasehold/pkg/views"
)

// Whatever is stored is text on every page of managers and of asking for others, in every state
// of it, and a text of the catalog only where it is one.
func TestStoredTextIsNeverPartOfThePagesOfManagers(t *testing.T) {
	const hostile = `"'><script>alert(1)</script><img src=x onerror=alert(2)> javascript:alert(3) 100%d%s`
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	user := entitlement.User{ID: "u", DisplayName: hostile, UserPrincipalName: hostile, Mail: hostile, Department: hostile}
	role := entitlement.ResourceRole{ID: hostile, OriginID: hostile, DisplayName: hostile}
	ref := entitlement.RoleRef{Connector: "c", Resource: hostile, Role: hostile}
	scope := &views.RoleScope{ResourceRoleScope: entitlement.ResourceRoleScope{ID: "s", Role: role, Ref: ref, Origin: hostile}, Role: &views.Role{ResourceRole: role, Resource: &views.Resource{Resource: entitlement.Resource{DisplayName: hostile}}}}
	pkg := &views.Package{AccessPackage: entitlement.AccessPackage{ID: "p", DisplayName: hostile, Description: hostile}, RoleScopes: []*views.RoleScope{scope}}
	policy := entitlement.AssignmentPolicy{ID: "y", DisplayName: hostile, Requestor: entitlement.RequestorSettings{CustomSchedule: true}, Approval: entitlement.ApprovalSettings{RequestorJustification: true},
		Questions: []entitlement.Question{{ID: "q", Text: hostile, Required: true}, {ID: "c", Text: hostile, Choices: []entitlement.Choice{{Value: hostile, Text: hostile}}}}}
	grant := entitlement.Grant{Role: ref, Presence: entitlement.PresenceUnknown, Since: now, Detail: hostile, Reason: entitlement.ReasonRefused}
	roles := []roleView{{Resource: hostile, Role: hostile, GrantView: requests.GrantView{Scope: scope.ResourceRoleScope, Wanted: true, Grant: grant}}}
	held := &views.Assignment{Assignment: entitlement.Assignment{ID: "1", Subject: "u", Package: "p", Target: entitlement.TargetPresent, State: entitlement.AssignmentPartiallyDelivered, Start: now, Since: now, End: now.Add(time.Hour)}, Package: pkg, Subject: &user}
	ended := &views.Assignment{Assignment: entitlement.Assignment{ID: "2", Subject: "u", Package: "p", Target: entitlement.TargetAbsent, State: entitlement.AssignmentExpired, Start: now, Ended: now}, Package: pkg, Subject: &user}
	gone := &views.Assignment{Assignment: entitlement.Assignment{ID: "3", Subject: "gone", Package: "p", Target: entitlement.TargetPresent, State: entitlement.AssignmentDeliveryFailed, Start: now}}
	asked := &views.Request{AssignmentRequest: entitlement.AssignmentRequest{ID: "r", Package: "p", Subject: "u", Requestor: "u", State: entitlement.RequestDeliveryFailed, Justification: hostile}, Package: pkg, CreatedBy: &user, Subject: &user}
	may := entitlement.ReportOptions{Extend: true, End: true, ChoosesEnd: true, MustJustify: true}
	report := reportPage{User: user, Held: []reportHeld{{held, roles, may, true}, {gone, nil, entitlement.ReportOptions{}, false}}, Ended: []*views.Assignment{ended}, Open: []*views.Request{asked}, Next: "/n", Problem: hostile,
		Form: reportForm{"1", hostile, hostile}}
	member := teamMember{Report: requests.Report{User: user, Held: []entitlement.Assignment{held.Assignment}}, Ending: []*views.Assignment{held, gone}, Failing: 1, Waiting: []*views.Request{asked, {}}, Endings: 4}
	organization := entitlement.ConnectedOrganization{ID: "o", DisplayName: hostile, Description: hostile, Sources: []entitlement.IdentitySource{{Kind: entitlement.SourceDomain, DomainName: hostile, DisplayName: hostile}}}
	form := askForm{Policy: hostile, Justification: hostile, Until: hostile, Answers: map[entitlement.QuestionID]string{"q": hostile, "c": hostile}}
	behalf := requests.Behalf{Package: pkg.AccessPackage, Subject: user, Policies: []entitlement.AssignmentPolicy{policy, policy}}
	holding := behalf
	holding.Held = &held.Assignment
	steps := []step{{What: "Asked", Who: hostile, At: now, Said: hostile}, {What: hostile, Who: hostile}}

	for _, lang := range []language.Tag{language.English, language.German} {
		v := &visit{portal: &portal{}, request: httptest.NewRequest("GET", "/portal/x", nil), Language: lang, words: message.NewPrinter(lang, message.Catalog(texts)), now: now}
		for name, c := range map[string]templ.Component{
			"my people":               teamView(v, teamPage{Sought: hostile, People: []teamMember{member, {}}, Next: "/n", Unread: 1}),
			"my people, none":         teamView(v, teamPage{}),
			"my people, none found":   teamView(v, teamPage{Sought: hostile}),
			"my people, none yet":     teamView(v, teamPage{Sought: hostile, Next: "/n"}),
			"my people, of a sponsor": teamView(v, teamPage{Sponsored: sponsoredPage{Organizations: []entitlement.ConnectedOrganization{organization}, Next: "/n"}}),
			"organizations":           myOrganizationsView(v, sponsoredPage{Organizations: []entitlement.ConnectedOrganization{organization}, Next: "/n", Unread: 1}),
			"organizations, none":     myOrganizationsView(v, sponsoredPage{}),
			"guests":                  guestsView(v, guestsPage{Organization: organization, Sought: hostile, People: []guest{{Report: requests.Report{User: user, Held: []entitlement.Assignment{held.Assignment}, Open: []entitlement.AssignmentRequest{asked.AssignmentRequest}}, Failing: 1, Endings: 2, First: now}, {}}, Next: "/n", Unread: 1}),
			"guests, none":            guestsView(v, guestsPage{Organization: organization}),
			"guests, none found":      guestsView(v, guestsPage{Organization: organization, Sought: hostile}),
			"guests, none yet":        guestsView(v, guestsPage{Organization: organization, Sought: hostile, Next: "/n"}),
			"for others":              requestsForOthersView(v, requestsPage{Requests: []*views.Request{asked, {}}, Next: "/n"}),
			"for others, none":        requestsForOthersView(v, requestsPage{}),
			"a report":                reportView(v, report),
			"a report with nothing":   reportView(v, reportPage{User: entitlement.User{ID: "x"}, Done: 1}),
			"packages":                reportPackagesView(v, reportPackagesPage{User: user, Sought: hostile, Packages: []entitlement.AccessPackage{pkg.AccessPackage}, Next: "/n"}),
			"packages, none":          reportPackagesView(v, reportPackagesPage{User: user}),
			"choose":                  chooseOtherView(v, choosePage{Package: pkg.AccessPackage, Reports: []entitlement.User{user, {ID: "x"}}, Any: true, Named: hostile, Problem: hostile, Next: "/n"}),
			"choose, nobody":          chooseOtherView(v, choosePage{Package: pkg.AccessPackage}),
			"for somebody":            otherView(v, otherPage{Behalf: behalf, Roles: pkg.RoleScopes, Form: form, Problem: hostile}),
			"for a holder":            otherView(v, otherPage{Behalf: holding, Roles: pkg.RoleScopes}),
			"for nobody of it":        otherView(v, otherPage{Behalf: requests.Behalf{Package: pkg.AccessPackage, Subject: user}}),
			"what forbids it":         otherView(v, otherPage{Behalf: behalf, Obstacle: hostile}),
			"home": homeView(v, homePage{Waiting: []*views.Request{asked}, InProgress: []*views.Request{asked}, Ending: []*views.Assignment{held, ended, gone}, Failing: []*views.Assignment{held, gone}, Owed: []*views.Assignment{ended},
				MoreTrouble: true, May: map[entitlement.AssignmentID]requests.OwnOptions{"1": {Extend: true, MustJustify: true}, "2": {Extend: true}}}),
			"home, empty": homeView(v, homePage{}),
			"request":     requestView(v, requestPage{Request: asked, Steps: steps, Roles: roles, afterwards: afterwards{Again: "/packages/p?again=r", Repairs: true, Live: true}}),
		} {
			var out strings.Builder
			if err := c.Render(t.Context(), &out); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			for _, raw := range []string{"<script", "<img", `"'>`, `href="javascript`, "%!"} {
				if strings.Contains(out.String(), raw) {
					t.Errorf("%s, %s: %s is part of the page", name, lang, raw)
				}
			}
		}
	}
}

// R111: the page of a request says how many of its roles could not be delivered, and lists each
// with why and how often it was tried.
func TestR111_ARequestSaysHowManyOfItsRolesCouldNotBeDelivered(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	v := &visit{portal: &portal{}, request: httptest.NewRequest("GET", "/portal/x", nil), words: message.NewPrinter(language.English, message.Catalog(texts)), now: now}
	role := func(name string, g entitlement.Grant) roleView {
		return roleView{Resource: "CRM", Role: name, GrantView: requests.GrantView{Wanted: true, Grant: g}}
	}
	shown := requestPage{Request: &views.Request{AssignmentRequest: entitlement.AssignmentRequest{ID: "r", State: entitlement.RequestPartiallyDelivered}}, Roles: []roleView{
		role("Editor", entitlement.Grant{Presence: entitlement.PresenceAbsent, Reason: entitlement.ReasonRefused, Attempts: 7, Since: now}), role("Reader", entitlement.Grant{Presence: entitlement.PresencePresent, Confirmed: now})}}
	var out strings.Builder
	if err := requestView(v, shown).Render(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"1 of 2 roles could not be delivered.", "CRM Editor", ">7<"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("it does not say %q", want)
		}
	}
}

// What of an earlier request is filled in: what still fits.
func TestOfAnEarlierRequestIsFilledInWhatStillFits(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	v := &visit{now: now}
	q := func(id entitlement.QuestionID, choices ...string) (q entitlement.Question) {
		q.ID = id
		for _, c := range choices {
			q.Choices = append(q.Choices, entitlement.Choice{Value: c})
		}
		return q
	}
	policy := entitlement.AssignmentPolicy{ID: "y", Requestor: entitlement.RequestorSettings{CustomSchedule: true}, Questions: []entitlement.Question{q("free"), q("choice", "a", "b"), q("changed", "c")}}
	r := entitlement.AssignmentRequest{Policy: "y", Justification: "as before",
		Answers: []entitlement.Answer{{Question: q("free"), Value: "north"}, {Question: q("choice", "a"), Value: "a"}, {Question: q("changed", "d"), Value: "d"}, {Question: q("gone"), Value: "x"}}}
	end := func(at time.Time) {
		r.RequestedSchedule.Expiration = entitlement.Expiration{Type: entitlement.ExpireAfterDateTime, End: at}
	}

	end(time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC))
	form := v.stillFits(r, []entitlement.AssignmentPolicy{policy})
	if form.Policy != "y" || form.Justification != "as before" || form.Until != "2026-06-30" || len(form.Answers) != 2 || form.Answers["free"] != "north" || form.Answers["choice"] != "a" {
		t.Errorf("filled in %+v", form)
	}

	end(now)
	policy.ID = "another"
	if form := v.stillFits(r, []entitlement.AssignmentPolicy{policy}); form.Policy != "" || form.Until != "" {
		t.Errorf("a past day and a policy that is gone: %+v", form)
	}
	policy.Requestor.CustomSchedule = false
	end(now.AddDate(1, 0, 0))
	if form := v.stillFits(r, []entitlement.AssignmentPolicy{policy}); form.Until != "" {
		t.Errorf("a day that cannot be chosen: %+v", form)
	}
}
