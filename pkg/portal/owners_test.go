package portal

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/views"
)

// sent is a visit that sent a form.
func sent(values url.Values) *visit {
	r := httptest.NewRequest(http.MethodPost, "/portal", strings.NewReader(values.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.ParseForm()
	return &visit{request: r, words: message.NewPrinter(language.English, message.Catalog(texts)), Language: language.English, now: time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)}
}

// asSent is what a browser sends of a form that nobody touched.
func asSent(f policyForm) url.Values {
	values := url.Values{"name": {f.Name}, "description": {strings.ReplaceAll(f.Description, "\n", "\r\n")}, "version": {f.Version}, "scope": {f.Scope}, "stages": {f.Stages}, "ends": {f.Ends}, "days": {f.Days}, "date": {f.Date}}
	for name, is := range map[string]bool{"forRequests": f.ForRequests, "forExtensions": f.ForExtensions, "justify": f.Justify, "ask": f.Ask, "extend": f.Extend, "giveBack": f.GiveBack, "dates": f.Dates,
		"manager1": f.Stage[0].Manager, "manager2": f.Stage[1].Manager, "why1": f.Stage[0].Why, "why2": f.Stage[1].Why} {
		if is {
			values.Set(name, "yes")
		}
	}
	for i, s := range f.Stage {
		values.Set(fmt.Sprintf("days%d", i+1), s.Days)
	}
	for list, entries := range f.Lists {
		values[list] = entries
	}
	return values
}

// drawn is some policy that the API may have written.
func drawn(r *rand.Rand) entitlement.AssignmentPolicy {
	flip := func() bool { return r.IntN(2) == 0 }
	id := func() string { return fmt.Sprintf("00000000-0000-0000-0000-%012d", r.IntN(9)) }
	some := func(kinds ...entitlement.SubjectKind) (all []entitlement.SubjectSet) {
		for _, kind := range kinds {
			if flip() {
				continue
			}
			set := entitlement.SubjectSet{Kind: kind, Description: fmt.Sprint("set ", r.IntN(9))}
			if kind == entitlement.SingleUser || kind == entitlement.GroupMembers || kind == entitlement.OrganizationMembers {
				set.ID = id()
			}
			all = append(all, set)
		}
		return all
	}
	stand := func() []entitlement.SubjectSet {
		return append(some(entitlement.GroupMembers), entitlement.SubjectSet{Kind: entitlement.SingleUser, ID: id()})
	}

	p := entitlement.AssignmentPolicy{ID: "11111111-2222-3333-4444-555555555555", Package: "p", DisplayName: "Some policy", Meta: entitlement.Meta{Version: int64(r.IntN(9) + 1)},
		Requestor: entitlement.RequestorSettings{SelfAdd: flip(), SelfUpdate: flip(), SelfRemove: flip(), CustomSchedule: flip()},
		Questions: []entitlement.Question{{Text: "Why?"}}, Quiet: flip(), Review: entitlement.ReviewSettings{Given: flip()}, Automatic: entitlement.AutomaticSettings{Given: flip()}}
	if flip() {
		p.Description = "of two\nlines"
	}

	scopes := []entitlement.TargetScope{entitlement.ScopeNobody, entitlement.ScopeAllMembers, entitlement.ScopeAllUsers, entitlement.ScopeSpecificUsers, entitlement.ScopeSpecificOrganizations, entitlement.ScopeAllOrganizations, entitlement.ScopeAllExternal}
	switch p.Scope = scopes[r.IntN(len(scopes))]; p.Scope {
	case entitlement.ScopeSpecificUsers:
		p.Targets = stand()
	case entitlement.ScopeSpecificOrganizations:
		p.Targets = []entitlement.SubjectSet{{Kind: entitlement.OrganizationMembers, ID: id()}}
	}

	p.Expiration = []entitlement.Expiration{{}, {Type: entitlement.ExpireNotSpecified}, {Type: entitlement.ExpireNever},
		{Type: entitlement.ExpireAfterDuration, Duration: time.Duration(r.IntN(9_000)+1) * time.Minute}, {Type: entitlement.ExpireAfterDuration, Duration: 30 * day24},
		{Type: entitlement.ExpireAfterDateTime, End: time.Date(2030, 1, 1, r.IntN(24), r.IntN(60), 0, 0, time.UTC)}}[r.IntN(6)]

	p.Approval.RequestorJustification = flip()
	for range r.IntN(entitlement.MaxStages + 1) {
		s := entitlement.ApprovalStage{TimeLimit: time.Duration(r.IntN(9_000)) * time.Minute, ApproverJustification: flip(), Escalation: flip(), Fallback: stand(), Alternates: stand(), FallbackAlternates: stand(),
			Primary: append(some(entitlement.SingleUser, entitlement.RequestorManager, entitlement.GroupMembers, entitlement.SecondManager, entitlement.InternalSponsors), entitlement.SubjectSet{Kind: entitlement.SingleUser, ID: id()})}
		if flip() {
			s.Visibility = entitlement.ApproversHidden
		}
		p.Approval.Stages = append(p.Approval.Stages, s)
	}
	if len(p.Approval.Stages) > 0 {
		p.Approval.RequiredForAdd, p.Approval.RequiredForUpdate = flip(), flip()
	}
	return p
}

// A form that nobody touched changes nothing of its policy, whatever the API has written there.
func TestAPolicyFormThatNobodyTouchedKeepsThePolicy(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		p := drawn(r)
		v := sent(asSent((&visit{}).formOfPolicy(p)))
		got, wrong := v.readPolicyForm().terms(v, p)
		if wrong != nil {
			t.Fatalf("%+v: %v", p, wrong)
		}
		if changed := entitlement.Differences(p.Recorded(), got.Recorded()); len(changed) > 0 || fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", p) {
			t.Fatalf("changed %v\nwas %+v\nis  %+v", changed, p, got)
		}
	}
}

// What is changed in a form changes that, and nothing else.
func TestAPolicyFormChangesWhatItSays(t *testing.T) {
	old := entitlement.AssignmentPolicy{ID: "11111111-2222-3333-4444-555555555555", DisplayName: "P", Description: "P", Scope: entitlement.ScopeSpecificUsers,
		Targets:    []entitlement.SubjectSet{{Kind: entitlement.SingleUser, ID: "00000000-0000-0000-0000-000000000001"}, {Kind: entitlement.GroupMembers, ID: "00000000-0000-0000-0000-000000000002", Description: "Sales"}},
		Expiration: entitlement.Expiration{Type: entitlement.ExpireAfterDuration, Duration: 90 * time.Minute},
		Approval: entitlement.ApprovalSettings{RequiredForAdd: true, Stages: []entitlement.ApprovalStage{{TimeLimit: 36 * time.Hour,
			Primary: []entitlement.SubjectSet{{Kind: entitlement.SecondManager}, {Kind: entitlement.RequestorManager}}, Fallback: []entitlement.SubjectSet{{Kind: entitlement.SingleUser, ID: "00000000-0000-0000-0000-000000000003"}}}}}}
	edit := func(change func(url.Values)) (entitlement.AssignmentPolicy, faults) {
		values := asSent((&visit{}).formOfPolicy(old))
		change(values)
		v := sent(values)
		return v.readPolicyForm().terms(v, old)
	}

	p, wrong := edit(func(sent url.Values) {
		sent["targets"] = sent["targets"][1:]
		sent.Set("found-targets", "u:00000000-0000-0000-0000-000000000009")
		sent.Del("manager1")
		sent.Set("days1", "5")
		sent.Set("days", "7")
	})
	if got := fmt.Sprint(p.Targets, p.Approval.Stages[0].Primary, p.Approval.Stages[0].TimeLimit, p.Expiration.Duration, wrong); got !=
		"[{groupMembers 00000000-0000-0000-0000-000000000002 Sales} {singleUser 00000000-0000-0000-0000-000000000009 }] [{requestorManager 2  }] 120h0m0s 168h0m0s []" {
		t.Error(got)
	}

	for name, tt := range map[string]struct {
		change func(url.Values)
		fields string
	}{
		"nobody may ask":     {func(s url.Values) { s.Del("targets") }, "seek-targets"},
		"no such scope":      {func(s url.Values) { s.Set("scope", "everybody") }, "scope"},
		"a scope of outside": {func(s url.Values) { s.Set("scope", "allExternalUsers") }, "scope"},
		"three steps":        {func(s url.Values) { s.Set("stages", "3") }, "stages"},
		"no steps said":      {func(s url.Values) { s.Del("stages") }, "stages"},
		"people passed over": {func(s url.Values) {
			s.Set("scope", "allMemberUsers")
			s.Add("targets", "u:00000000-0000-0000-0000-000000000009")
		}, "scope"},
		"approvers passed over":  {func(s url.Values) { s.Set("approvers2", "u:00000000-0000-0000-0000-000000000009") }, "stages"},
		"old people passed over": {func(s url.Values) { s.Set("scope", "allMemberUsers") }, ""},
		"nobody in step 2":       {func(s url.Values) { s.Set("stages", "2") }, "manager2"},
		"no fallback":            {func(s url.Values) { s.Del("fallback1") }, "seek-fallback1"},
		"nothing is approved":    {func(s url.Values) { s.Del("forRequests") }, "forRequests"},
		"days that are none":     {func(s url.Values) { s.Set("days", "0"); s.Set("days1", "-1") }, "days1 days"},
		"days beyond all":        {func(s url.Values) { s.Set("days", "99999999999999999999") }, "days"},
		"a date that is over":    {func(s url.Values) { s.Set("ends", "date"); s.Set("date", "2020-01-01") }, "date"},
		"no date":                {func(s url.Values) { s.Set("ends", "date"); s.Set("date", "") }, "date"},
		"no ending":              {func(s url.Values) { s.Set("ends", "sometime") }, "ends"},
		"no name":                {func(s url.Values) { s.Set("name", " \r\n") }, "name"},
		"an entry that is none":  {func(s url.Values) { s["targets"] = []string{"x:1", "u:1", "<b>"} }, "seek-targets"},
	} {
		_, wrong := edit(tt.change)
		var fields []string
		for _, f := range wrong {
			fields = append(fields, f.Field)
		}
		if got := strings.Join(fields, " "); got != tt.fields {
			t.Errorf("%s: wrong at %q, want %q", name, got, tt.fields)
		}
	}
}

// What nobody can be named for any more is said so, long lists are cut, and the sentences are
// German for those who read German.
func TestPoliciesAreSaidInSentences(t *testing.T) {
	p := &views.Policy{AssignmentPolicy: entitlement.AssignmentPolicy{Scope: entitlement.ScopeSpecificUsers, Targets: []entitlement.SubjectSet{{Kind: entitlement.SingleUser, ID: "gone"}, {Kind: entitlement.GroupMembers, ID: "g"}}},
		Named: map[string]string{"g": "<b>Sales</b>"}}
	for lang, want := range map[language.Tag]string{
		language.English: "For somebody who is not there any more or members of <b>Sales</b>.|Nobody has to approve.|It does not end.|It cannot be extended by those who have it.|It cannot be given back by those who have it.",
		language.German:  "Für jemand, den es nicht mehr gibt oder Mitglieder von <b>Sales</b>.|Niemand muss zustimmen.|Es endet nicht.|Wer es hat, kann es nicht verlängern.|Wer es hat, kann es nicht zurückgeben.",
	} {
		v := &visit{words: message.NewPrinter(lang, message.Catalog(texts)), Language: lang}
		if got := strings.Join(v.sentences(p), "|"); got != want {
			t.Errorf("%s", got)
		}
		if got := v.list(strings.Split(strings.Repeat("x", 12), "")); strings.Count(got, "x") != maxListed {
			t.Errorf("%s", got)
		}
	}
}

// broken is a store that does not answer.
type broken struct{ views.Store }

func (broken) RolesIn(context.Context, entitlement.CatalogID) ([]entitlement.RoleAssignment, error) {
	return nil, entitlement.Errorf(entitlement.Unavailable, "Try again in a minute.")
}

// A store that does not answer is no refusal: whoever may do a thing is not told that they may
// not.
func TestAFailureIsNoRefusal(t *testing.T) {
	somebody := entitlement.User{ID: "somebody", Enabled: true}
	v := &visit{portal: &portal{Deps: Deps{Views: &views.Reader{Store: broken{}}}}, by: authz.Command{Caller: authz.Caller{ID: somebody.ID, Scopes: authz.Every}}.As(somebody)}
	if err := v.mayCreate(t.Context()); entitlement.KindOf(err) != entitlement.Unavailable {
		t.Errorf("%v", err)
	}
}
