package portal

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"leasehold/pkg/catalogs"
	"leasehold/pkg/entitlement"
)

// A job is shown in every state of it, says what to do next, and takes nothing that is stored for
// a part of the page.
func TestT26_EveryStateOfAJobSaysHowFarItIsAndWhatToDo(t *testing.T) {
	const hostile = `"'><script>alert(1)</script><img src=x onerror=alert(2)> javascript:alert(3)`
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	catalog, pkg := entitlement.Catalog{ID: "c", DisplayName: hostile}, entitlement.AccessPackage{ID: "p", Catalog: "c", DisplayName: hostile}
	edit := entitlement.RoleEdit{Package: "p", Remove: true, Scope: entitlement.ResourceRoleScope{ID: hostile, Resource: "r", Role: entitlement.ResourceRole{ID: hostile, OriginID: hostile, DisplayName: hostile}}}
	added := edit
	added.Remove = false
	shown := func(change func(*impactJobPage)) impactJobPage {
		p := impactJobPage{impactPage: impactPage{Catalog: catalog, Package: pkg, Change: catalogs.RoleChange{Package: "p", Remove: hostile}},
			Job: entitlement.ImpactJob{ID: "j", Package: "p", Catalog: "c", Edit: edit, Name: hostile, Status: entitlement.JobSucceeded, Holders: 3, Loses: 2, Keeps: 1, Created: now, Moved: now}}
		change(&p)
		return p
	}
	found := func(change func(*impactJobPage)) impactJobPage {
		return shown(func(p *impactJobPage) {
			p.Found, p.Files, p.Next = catalogs.Impact{Edit: edit, Totals: edit.Totals(), Second: true}, 250, "/n?"+hostile
			p.Lists = []impactList{{Effect: entitlement.Keeps, Total: 1, Rows: []impactRow{{Name: hostile, Until: now, Because: []string{hostile}, Before: true, Further: 4}}}}
			p.Agreers = []string{hostile}
			change(p)
		})
	}
	waits := &entitlement.ImpactChange{ID: "w", Catalog: "c", Edit: edit, Hash: hostile, Holders: 3, Loses: 2, Created: now}
	agreed := func(p *impactJobPage) { p.Job.Agreed = "hash" }

	for _, state := range []struct {
		name, says string
		page       impactJobPage
	}{
		{"not started", "About to begin", shown(func(p *impactJobPage) { p.Job.Status = entitlement.JobNotStarted })},
		{"running", "See how far it is", shown(func(p *impactJobPage) { p.Job.Status, p.Job.Holders = entitlement.JobRunning, 4321 })},
		{"being made", "looked at once more", shown(func(p *impactJobPage) { agreed(p); p.Job.Status = entitlement.JobRunning })},
		{"failed", "Find out who is affected now", shown(func(p *impactJobPage) { p.Job.Status, p.Job.Why = entitlement.JobFailed, hostile })},
		{"moved", "2 would lose now", shown(func(p *impactJobPage) {
			agreed(p)
			p.Job.Status, p.Job.Code, p.Job.Why = entitlement.JobFailed, catalogs.CodeImpactMoved, "x"
		})},
		{"made", "The change is made", shown(agreed)},
		{"waits", "The change that waits", shown(func(p *impactJobPage) { agreed(p); p.Job.Waits = "w" })},
		{"found", "Propose this", found(func(*impactJobPage) {})},
		{"found, below the limit", "Remove the role from the package", found(func(p *impactJobPage) { p.Found.Second = false })},
		{"found, added", "Add the role to the package", found(func(p *impactJobPage) {
			p.Found.Second, p.Job.Edit = false, added
			p.Change = catalogs.RoleChange{Package: "p", Resource: "r", Role: hostile}
		})},
		{"found, nobody", "Nobody.", found(func(p *impactJobPage) { p.Lists[0].Total, p.Lists[0].Rows, p.Files = 0, nil, 0 })},
		{"waits for the visitor", "Agree", found(func(p *impactJobPage) { p.Waits = waits })},
		{"waits, proposed by the visitor", "You proposed this yourself", found(func(p *impactJobPage) { p.Waits, p.Mine = waits, true })},
		{"waits, and is another", "is not what was found here", found(func(p *impactJobPage) { p.Waits, p.Differs = waits, true })},
	} {
		for _, lang := range []language.Tag{language.English, language.German} {
			v := &visit{portal: &portal{}, request: httptest.NewRequest("GET", "/portal/x", nil), Language: lang, words: message.NewPrinter(lang, message.Catalog(texts)), now: now}
			text := rendered(t, impactJobView(v, state.page))
			if lang == language.English && !strings.Contains(text, state.says) {
				t.Errorf("%s does not say %q: %s", state.name, state.says, text)
			}
			harmless(t, state.name, text)
		}
	}

	// The page before the job, and that of a change that waits, lead to a job.
	for name, page := range map[string]impactPage{
		"before":  {Catalog: catalog, Package: pkg, Change: catalogs.RoleChange{Package: "p", Remove: hostile}, Long: true, Found: catalogs.Impact{Edit: edit, Resource: entitlement.Resource{DisplayName: hostile}}},
		"waiting": {Catalog: catalog, Package: pkg, Change: catalogs.RoleChange{Package: "p", Remove: hostile}, Long: true, Waits: waits, Proposer: hostile, Agreers: []string{hostile}},
	} {
		v := &visit{portal: &portal{}, request: httptest.NewRequest("GET", "/portal/x", nil), Language: language.English, words: message.NewPrinter(language.English, message.Catalog(texts)), now: now}
		text := rendered(t, impactView(v, page))
		if !strings.Contains(text, "Find out who is affected") || strings.Contains(text, ">Agree<") {
			t.Errorf("%s: %s", name, text)
		}
		harmless(t, name, text)
	}
}

func rendered(t *testing.T, c templ.Component) string {
	t.Helper()
	var out strings.Builder
	if err := c.Render(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func harmless(t *testing.T, name, text string) {
	t.Helper()
	for _, raw := range []string{"<script", "<img", `"'>`, `href="javascript`, "%!"} {
		if strings.Contains(text, raw) {
			t.Errorf("%s: %s is part of the page", name, raw)
		}
	}
}
