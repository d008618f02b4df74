package portal

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"leasehold/pkg/catalogs"
	"leasehold/pkg/connector/kinds"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/requests"
)

// What a target called an account, and what it said of it, is text on the page of a person, in every
// state, and each state has its words in both languages.
func TestR270_TheAccountsOfAPersonAreTextInEveryState(t *testing.T) {
	const hostile = `"'><script>alert(1)</script><img src=x onerror=alert(2)> javascript:alert(3) 100%d%s`
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	states := []entitlement.AccountState{entitlement.AccountMaking, entitlement.AccountActive, entitlement.AccountDisabled, entitlement.AccountKept, entitlement.AccountUnsure}
	reasons := []string{"", hostile, entitlement.ReasonRefused, entitlement.ReasonCredential, entitlement.ReasonUnavailable, entitlement.ReasonNotConfirmed}

	seen := map[string]bool{}
	for _, lang := range []language.Tag{language.English, language.German} {
		v := &visit{portal: &portal{}, request: httptest.NewRequest("GET", "/portal/x", nil), Language: lang, words: message.NewPrinter(lang, message.Catalog(texts)), now: now}
		for _, state := range states {
			for _, reason := range reasons {
				for _, named := range []string{hostile, ""} {
					made := requests.TargetAccount{Connector: hostile, Name: named, Account: entitlement.Account{State: state, Ref: hostile, Mark: hostile, Since: now, Others: true, Unconfirmed: true, Reason: reason, Detail: hostile}}
					page := personDrawn(t, v, personPage{User: entitlement.User{ID: "u", DisplayName: hostile}, Accounts: []requests.TargetAccount{made, {}}})
					for _, raw := range []string{"<script", "<img", `"'>`, `href="javascript`, "%!"} {
						if strings.Contains(page, raw) {
							t.Errorf("%s, %s, %s: %s is part of the page", lang, state, reason, raw)
						}
					}
					words := v.T(accountWords[state])
					if !strings.Contains(page, words) || lang == language.German && words == accountWords[state] {
						t.Errorf("%s, %s: the page does not say %q", lang, state, words)
					}
					seen[words] = true
				}
			}
		}
		if page := personDrawn(t, v, personPage{User: entitlement.User{ID: "u"}}); strings.Contains(page, v.T("Accounts that were made")) {
			t.Errorf("%s: a person without such accounts has a table of them", lang)
		}
	}
	if len(seen) != 2*len(states) {
		t.Errorf("states share their words: %v", seen)
	}
}

// personDrawn is the page of a person.
func personDrawn(t *testing.T, v *visit, shown personPage) string {
	t.Helper()
	var out strings.Builder
	if err := personView(v, shown).Render(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// The form of a connector says what its settings about accounts do, and what was typed stays beside a
// refusal that says what to do.
func TestR270_TheFormOfAConnectorExplainsAccounts(t *testing.T) {
	for _, lang := range []language.Tag{language.English, language.German} {
		v := &visit{portal: &portal{Deps: Deps{Catalogs: &catalogs.Service{Kinds: kinds.All()}}}, request: httptest.NewRequest("GET", "/portal/x", nil), Language: lang, words: message.NewPrinter(lang, message.Catalog(texts))}
		form := connectorForm{Typed: entitlement.ConnectorConfig{MakeAccounts: true}, Faults: faults{{"accounts", "correlationKeys must hold mail <b>"}}}
		var out strings.Builder
		if err := connectorFormView(v, form).Render(t.Context(), &out); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{v.T(settingHelps.of("accounts")), v.T(settingHelps.of("accountsAtEnd")), "correlationKeys must hold mail &lt;b&gt;", `<option value="made" selected`} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%s: the form does not say %q", lang, want)
			}
		}
	}
}
