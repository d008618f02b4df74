package entitlement

import (
	"fmt"
	"strings"
	"testing"
)

func TestS21_RoleValuesAreBoundedAndDifferInMoreThanCase(t *testing.T) {
	many := make([]string, MaxRoleValues+1)
	for i := range many {
		many[i] = fmt.Sprintf("role %d", i)
	}
	for name, c := range map[string]struct {
		values []string
		ok     bool
	}{
		"none": {nil, true}, "some": {[]string{"auditor", `a "b" \ ]`}, true}, "as many as may be": {many[1:], true}, "too many": {many, false},
		"an empty one": {[]string{""}, false}, "a long one": {[]string{strings.Repeat("x", MaxRoleValue+1)}, false}, "twice": {[]string{"a", "a"}, false},
		"twice, in another case": {[]string{"Auditor", "AUDITOR"}, false}, "a turned one": {[]string{"a\u202eb"}, false}, "lines": {[]string{"a\nb"}, false}, "a space behind": {[]string{"a "}, false},
	} {
		if err := RoleValues("roleValues", c.values); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}

	seen := Remembered([]ApplicationValues{{"a", many[:60]}}, []ApplicationValues{{"b", many[:1]}, {"a", many[40:]}})
	if len(seen) != 2 || len(seen[0].Values) != MaxRoleValues || seen[0].Values[0] != many[0] || len(seen[1].Values) != 1 {
		t.Errorf("remembered %v", seen)
	}
}
