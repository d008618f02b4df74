package portal

import (
	"maps"
	"net/http/httptest"
	"testing"
	"time"

	"leasehold/pkg/clock"
	"leasehold/pkg/entitlement"
)

// Whatever of it is another one changes the digest and is told, each thing for itself.
func TestAnApprovalAgreesToRolesEndConflictsAndStage(t *testing.T) {
	noon := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	p := &portal{Deps: Deps{Clock: clock.NewVirtual(noon)}}
	v := p.visit(httptest.NewRequest("GET", "/portal/approvals", nil))
	shown := agreement{Stage: "1", Roles: map[string]string{"a": "Files (Member)"}, Start: noon.Add(time.Hour), Incompatible: map[string]string{"x": "Audit"},
		Expiration: entitlement.Expiration{Type: entitlement.ExpireAfterDuration, Duration: 48 * time.Hour}}

	for name, change := range map[string]func(*agreement){
		"a role comes":                 func(a *agreement) { a.Roles["b"] = "Wiki (Member)" },
		"a role goes":                  func(a *agreement) { delete(a.Roles, "a") },
		"the end moves":                func(a *agreement) { a.Expiration.Duration = time.Hour },
		"it ends otherwise":            func(a *agreement) { a.Expiration = entitlement.Expiration{Type: entitlement.ExpireNever} },
		"it begins at another time":    func(a *agreement) { a.Start = noon.Add(72 * time.Hour) },
		"something incompatible comes": func(a *agreement) { a.Incompatible["y"] = "Sales" },
		"something incompatible goes":  func(a *agreement) { delete(a.Incompatible, "x") },
		"it is another stage":          func(a *agreement) { a.Stage = "2" },
	} {
		now := shown
		now.Roles, now.Incompatible = maps.Clone(shown.Roles), maps.Clone(shown.Incompatible)
		change(&now)
		then := readAgreement(shown.Sealed(), shown.Digest())
		if then == nil || now.Digest() == shown.Digest() {
			t.Errorf("%s: the digest does not say so", name)
			continue
		}
		if told := v.changed(then, now); len(told) != 1 || told[0].What == "" || told[0].Then == told[0].Now {
			t.Errorf("%s: told is %+v", name, told)
		}
	}

	// What something is called is not what is agreed to, and what a form says of it is believed
	// only where it is what was shown.
	renamed := shown
	renamed.Roles = map[string]string{"a": "Papers (Member)"}
	if renamed.Digest() != shown.Digest() {
		t.Error("another name is another approval")
	}
	for _, sealed := range []string{"", "%", "bm90IGpzb24", shown.Sealed()[2:]} {
		if readAgreement(sealed, shown.Digest()) != nil {
			t.Errorf("%q is read", sealed)
		}
	}
	if readAgreement(shown.Sealed(), "another") != nil {
		t.Error("what was not shown is read")
	}
}
