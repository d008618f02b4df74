package sim

import (
	"os"
	"regexp"
	"slices"
	"testing"
)

// The table of what is checked, and how, has a row for each rule of safety and of liveness
// that RULES.md defines, in its order.
func TestEveryRuleOfSafetyAndLivenessSaysHowItIsChecked(t *testing.T) {
	text, err := os.ReadFile("RULES.md")
	if err != nil {
		t.Fatal(err)
	}
	var defined, listed []string
	for _, match := range regexp.MustCompile(`(?m)^- \*\*([SL][0-9]+)\.`).FindAllStringSubmatch(string(text), -1) {
		defined = append(defined, match[1])
	}
	for _, c := range checks {
		listed = append(listed, c.Name)
	}
	if len(defined) == 0 || !slices.Equal(defined, listed) {
		t.Errorf("RULES.md defines %v, the checks are of %v", defined, listed)
	}
}
