package portal

import (
	"errors"
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

// Whatever is stored is text on every page about people, in every state of it, and never part
// of the page.
func TestStoredTextIsNeverPartOfThePagesAboutPeople(t *testing.T) {
	const hostile = `"'><script>alert(1)</script><img src=x onerror=alert(2)> javascript:alert(3)`
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	user := &entitlement.User{ID: "u", DisplayName: hostile, UserPrincipalName: hostile, Mail: hostile, JobTitle: hostile, Department: hostile, Enabled: true}
	role := entitlement.ResourceRole{ID: hostile, OriginID: hostile, DisplayName: hostile}
	resource := &views.Resource{Resource: entitlement.Resource{DisplayName: hostile}}
	pkg := entitlement.AccessPackage{ID: "p", DisplayName: hostile, Description: hostile}
	ref := entitlement.RoleRef{Connector: "c", Resource: hostile, Role: hostile}
	scope := entitlement.ResourceRoleScope{ID: "s", Role: role, Ref: ref, Origin: hostile}
	shownPackage := &views.Package{AccessPackage: pkg, RoleScopes: []*views.RoleScope{{ResourceRoleScope: scope, Role: &views.Role{ResourceRole: role, Resource: resource}}}}
	policy := entitlement.AssignmentPolicy{ID: "y", DisplayName: hostile, Description: hostile}
	grant := entitlement.Grant{Role: ref, Presence: entitlement.PresenceUnknown, Since: now, Detail: hostile, Reason: entitlement.ReasonRefused, PreExisting: true}
	roles := []roleView{{Resource: hostile, Role: hostile, GrantView: requests.GrantView{Scope: scope, Wanted: true, Grant: grant}}}
	asked := &views.Request{AssignmentRequest: entitlement.AssignmentRequest{ID: "r", Package: "p", Subject: "u", Requestor: "u", State: entitlement.RequestDeliveryFailed, Justification: hostile},
		Package: shownPackage, CreatedBy: user, Subject: user}
	waiting := *asked
	waiting.State = entitlement.RequestPendingApproval
	steps := []step{{What: "Asked", Who: hostile, At: now, Said: hostile}}

	var held []*holderView
	for _, a := range []entitlement.Assignment{
		{ID: "1", Target: entitlement.TargetPresent, State: entitlement.AssignmentDelivered, Start: now},
		{ID: "2", Target: entitlement.TargetPresent, State: entitlement.AssignmentPartiallyDelivered, Start: now, End: now.Add(time.Hour)},
		{ID: "3", Target: entitlement.TargetAbsent, State: entitlement.AssignmentExpired, Start: now, Ended: now.Add(-time.Hour)},
		{ID: "4", Target: entitlement.TargetAbsent, State: entitlement.AssignmentExpired, Start: now, Ended: now, Removed: now},
	} {
		held = append(held, &holderView{Assignment: a, Subject: user, Package: shownPackage, Policy: &views.Policy{AssignmentPolicy: policy}, Request: asked})
	}
	gone := &holderView{Assignment: entitlement.Assignment{ID: "5", Subject: "gone", Target: entitlement.TargetPresent, State: entitlement.AssignmentDelivered}}
	because := []personAssignment{{held[0], []string{hostile}}, {gone, nil}}

	m := managed{AccessPackage: pkg, At: "/people", Persons: true, Assigns: true}
	input := assignInput{Policy: "y", Start: hostile, Until: hostile, Justification: hostile, People: hostile}
	checked := []requests.Assignee{{Line: hostile, User: *user}, {Line: hostile, Standing: requests.StandsUnknown}, {Line: hostile, User: *user, Standing: requests.StandsRefused, Refusal: errors.New("x")}}
	counts := []count{{Key: "", Name: "All", N: 1}, {Key: "failing", Name: "Failing", N: 2, More: true}}

	for _, lang := range []language.Tag{language.English, language.German} {
		v := &visit{portal: &portal{}, request: httptest.NewRequest("GET", "/portal/x", nil), Language: lang, words: message.NewPrinter(lang, message.Catalog(texts)), now: now}
		for name, c := range map[string]templ.Component{
			"people":                 peopleView(v, peoplePage{managed: m, People: append(held, gone), Problem: hostile, Assigned: 1, Ended: 1, told: told[entitlement.Assignment]{Counts: counts, Unread: 1, Next: "/n"}}),
			"people, read alone":     peopleView(v, peoplePage{managed: managed{AccessPackage: pkg}, People: held}),
			"people, none":           peopleView(v, peoplePage{managed: m}),
			"people, none so far":    peopleView(v, peoplePage{managed: m, told: told[entitlement.Assignment]{Chosen: "failing", Next: "/n"}}),
			"holder":                 holderPageView(v, holderPage{managed: m, holderView: held[1], Roles: roles, Steps: steps}),
			"holder, gone":           holderPageView(v, holderPage{managed: m, holderView: gone}),
			"end":                    endView(v, endPage{managed: m, People: append(held, gone), Why: hostile, Problem: hostile, More: true, Ended: 1, Refused: map[entitlement.AssignmentID]string{"1": hostile}}),
			"assign":                 assignView(v, assignPage{managed: m, Policies: []entitlement.AssignmentPolicy{policy, policy}, Input: input, Problem: hostile}),
			"assign, checked":        assignView(v, assignPage{managed: m, Policies: []entitlement.AssignmentPolicy{policy}, Input: input, Checked: checked, Assigned: 1}),
			"assign, without policy": assignView(v, assignPage{managed: m}),
			"requests":               packageRequestsView(v, packageRequestsPage{managed: m, Requests: []*views.Request{asked}, told: told[entitlement.AssignmentRequest]{Counts: counts}}),
			"requests, none":         packageRequestsView(v, packageRequestsPage{managed: m, told: told[entitlement.AssignmentRequest]{Chosen: "failing"}}),
			"request, failing":       packageRequestView(v, packageRequestPage{managed: m, requestPage: requestPage{Request: asked, Steps: steps, Roles: roles}, Begun: true}),
			"request, waiting":       packageRequestView(v, packageRequestPage{managed: m, requestPage: requestPage{Request: &waiting, Steps: steps}}),
			"search":                 findPeopleView(v, findPeoplePage{Sought: hostile, People: []entitlement.User{*user, {ID: "x"}}, Next: "/n"}),
			"search, none":           findPeopleView(v, findPeoplePage{Sought: hostile}),
			"person": personView(v, personPage{User: *user, Held: because, Requests: requestsPage{Requests: []*views.Request{asked}},
				Roles: []personRole{{Resource: hostile, Role: hostile, HeldRole: requests.HeldRole{Ref: ref, Grant: grant}, Because: because}, {HeldRole: requests.HeldRole{Ref: ref}}}}),
			"person with nothing": personView(v, personPage{User: entitlement.User{ID: "x"}}),
		} {
			var out strings.Builder
			if err := c.Render(t.Context(), &out); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			for _, raw := range []string{"<script", "<img", `"'>`, `href="javascript`} {
				if strings.Contains(out.String(), raw) {
					t.Errorf("%s, %s: %s is part of the page", name, lang, raw)
				}
			}
			if strings.Contains(out.String(), "%!") {
				t.Errorf("%s, %s: a text is not whole: %s", name, lang, out.String())
			}
		}
	}
}
