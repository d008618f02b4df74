package sim

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// owner says which test owns a fault or a failure of the list, or why none does yet.
type owner struct{ name, test, why string }

// owners is the whole list. A scenario of this package need not be here by its text: its
// name says what it owns.
var owners = []owner{
	{"F1", "TestF1_", ""}, {"F2", "TestF2_", ""}, {"F3", "TestF3_", ""}, {"F4", "TestF4_", ""}, {"F5", "TestF5_", ""}, {"F6", "TestF6_", ""},
	{"F7", "TestF7_", ""}, {"F8", "TestF8_", ""}, {"F9", "TestF9_", ""}, {"F10", "TestF10_", ""}, {"F11", "TestF11_", ""}, {"F12", "TestF12_", ""},
	{"F13", "TestF13_", ""}, {"F14", "TestF14_", ""}, {"F15", "TestF15_", ""}, {"F16", "TestF16_", ""}, {"F17", "TestF17_", ""}, {"F18", "TestF18_", ""},
	{"F19", "TestF19_", ""}, {"F20", "TestF20_", ""}, {"F21", "TestF21_", ""}, {"F22", "TestF22_", ""},
	{"F23", "TestF23_", ""},
	{"F24", "TestF24_", ""}, {"F25", "TestF25_", ""}, {"F26", "TestF26_", ""},
	{"F27", "S21: a change of more than a hundred actions is Invalid and leaves nothing", ""},
	{"F28", "TestF28_", ""}, {"F29", "TestF29_", ""}, {"F30", "TestF30_", ""}, {"F31", "TestF31_", ""}, {"F34", "TestF34_", ""},
	{"F35", "TestF35_", ""},
	{"F36", "TestF36_", ""},
	{"F39", "TestF39_", ""}, {"F40", "TestF40_", ""}, {"F41", "TestF41_", ""}, {"F42", "TestF42_", ""}, {"F43", "TestF43_", ""}, {"F44", "TestF44_", ""},
	{"T1", "TestT1_", ""}, {"T2", "TestT2_", ""},
	{"T3", "", "there is no earlier version to upgrade from; messages of other versions are F34"},
	{"T4", "TestT4_", ""}, {"T5", "TestT5_", ""}, {"T6", "TestF11_", ""}, {"T7", "TestF15_", ""},
	{"T8", "", "who acts is decided at the wire, before anything that is simulated; the callers of a run are verified ones"},
	{"T9", "", "rights of roles besides administrators are not built yet; ids are never reused in a run"},
	{"T10", "TestT10_", ""},
	{"T11", "TestF36_", ""},
	{"T12", "", "no connector can end sessions yet"},
	{"T13", "TestL9_", ""},
	{"T14", "", "there is no preview yet"},
	{"T15", "", "S20 looks for credentials in every event, message, answer and line of the log"},
	{"T16", "", "S10 and S11 count every event of every chain at the end of a run"},
	{"T17", "T17: another tick ended", ""}, {"T18", "trap T18", ""}, {"T19", "without an end (T19)", ""},
	{"T20", "", "no display joins several routes yet"},
	{"T21", "TestT21_", ""}, {"T22", "TestL1_", ""}, {"T23", "TestOneRefusedPersonHurtsNobodyElse", ""},
	{"T24", "", "requests are written whole or not at all: S10 at every commit"},
	{"T25", "", "there is no export yet"}, {"T26", "", "there is no second person for policy changes yet"},
}

// Every fault and failure that is said to be owned is: its test is there.
func TestEveryFaultHasAnOwnerOrAReason(t *testing.T) {
	var all strings.Builder
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".go" || filepath.Base(path) == "owners_test.go" {
			return err
		}
		source, err := os.ReadFile(path)
		all.Write(source)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	text := all.String()
	for _, o := range owners {
		switch {
		case o.test == "":
			t.Logf("%s has no test: %s", o.name, o.why)
		case !strings.Contains(text, o.test):
			t.Errorf("%s: there is no %s", o.name, o.test)
		}
	}
}
