package archtest

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"leasehold/pkg/authz"
)

// useCases are where every action must be asked.
var useCases = []string{"pkg/requests", "pkg/catalogs", "pkg/directory", "pkg/views"}

// checkAsked complains about actions that no use case asks: the wire alone would decide
// them. One that is planned has no use case yet.
func checkAsked(rules []authz.Rule, files map[string]string) (complaints []string) {
	var all strings.Builder
	for _, source := range files {
		all.WriteString(source)
	}
	for _, rule := range rules {
		if rule.Name == "callBatch" {
			continue // it does nothing by itself: each call in it is asked for its own action
		}
		constant := strings.ToUpper(rule.Name[:1]) + rule.Name[1:]
		asked := regexp.MustCompile(`\bauthz\.` + constant + `\b`).MatchString(all.String())
		if asked == rule.Planned {
			complaints = append(complaints, fmt.Sprintf("the action %s: asked by a use case %t, planned %t", rule.Name, asked, rule.Planned))
		}
	}
	return complaints
}

func TestEveryActionIsAskedByAUseCase(t *testing.T) {
	for _, complaint := range checkAsked(authz.Rules[1:], sources(t, useCases...)) {
		t.Error(complaint)
	}

	read := []authz.Rule{{Name: "readCatalog"}}
	expect(t, checkAsked(read, map[string]string{"x.go": "authz.Allow(by, authz.ReadCatalog, o)"}), "")
	expect(t, checkAsked(read, map[string]string{"x.go": "authz.Allow(by, authz.ReadCatalogs, o)"}), "readCatalog: asked by a use case false")
}
