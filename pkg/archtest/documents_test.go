package archtest

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// checkout is what documents may speak of.
type checkout struct {
	exists func(pattern string) bool // a file or folder, stars allowed
	goals  []string                  // of the Makefile
	tests  map[string]bool           // names of tests, anywhere
}

var (
	inQuotes = regexp.MustCompile("`([^`]+)`")
	linked   = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	pathLike = regexp.MustCompile(`^(\./)?(functions|infra|pkg|events|localstack|\.github|\.ci)/[\w./*-]*$`)
	goal     = regexp.MustCompile(`\bmake( -s)? ([a-z][a-z0-9%-]*)`)
	goalLine = regexp.MustCompile(`(?m)^([a-z0-9][a-z0-9%-]*):`)
)

// checkDocument complains about files, goals of make and tests that a document names and
// that there are not.
func checkDocument(path, text string, c checkout) (complaints []string) {
	complain := func(format string, args ...any) {
		complaints = append(complaints, path+": "+fmt.Sprintf(format, args...))
	}
	for _, match := range linked.FindAllStringSubmatch(text, -1) {
		to, _, _ := strings.Cut(match[1], "#")
		if to == "" || strings.Contains(to, "://") {
			continue
		}
		if !c.exists(filepath.Join(filepath.Dir(path), to)) {
			complain("links to %s, which is not there", match[1])
		}
	}

	for _, match := range inQuotes.FindAllStringSubmatch(text, -1) {
		for _, word := range strings.Fields(match[1]) {
			if word = strings.TrimSuffix(word, "/..."); pathLike.MatchString(word) && !c.exists(word) {
				complain("names %s, which is not there", word)
			}
			if testName.FindString(word) == word && word != "" && !strings.HasSuffix(word, "_") && !c.tests[word] {
				complain("names the test %s, which is not there", word)
			}
		}
	}

	for _, match := range goal.FindAllStringSubmatch(codeOf(text), -1) {
		isGoal := func(g string) bool {
			prefix, open := strings.CutSuffix(g, "%")
			return g == match[2] || open && strings.HasPrefix(match[2], prefix)
		}
		if !slices.ContainsFunc(c.goals, isGoal) {
			complain("says make %s, which the Makefile does not know", match[2])
		}
	}
	return complaints
}

// codeOf returns what stands in quotes and in fenced blocks, where make is a command and no word.
func codeOf(text string) string {
	var code strings.Builder
	for i, block := range strings.Split(text, "```") {
		if i%2 == 1 {
			code.WriteString(block + "\n")
			continue
		}
		for _, match := range inQuotes.FindAllStringSubmatch(block, -1) {
			code.WriteString(match[1] + "\n")
		}
	}
	return code.String()
}

func TestDocumentsNameWhatThereIs(t *testing.T) {
	c := checkout{tests: map[string]bool{}, exists: func(pattern string) bool {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		return err == nil && len(found) > 0
	}}
	for _, match := range goalLine.FindAllStringSubmatch(text(t, "Makefile"), -1) {
		c.goals = append(c.goals, match[1])
	}
	for _, path := range tracked(t, "*_test.go") {
		for _, name := range regexp.MustCompile(`(?m)^func (Test\w+)`).FindAllStringSubmatch(text(t, path), -1) {
			c.tests[name[1]] = true
		}
	}
	documents := tracked(t, "*.md")
	for _, path := range documents {
		for _, complaint := range checkDocument(path, text(t, path), c) {
			t.Error(complaint)
		}
	}
	t.Logf("%d documents", len(documents))
}

// keyWord is a word that begins a key of the table, as a page on the table quotes it.
var keyWord = regexp.MustCompile("`([A-Z]{2,})(?:#[^`]*)?`")

// checkKeyWords complains about keys of the table that a document names and that the
// sources of the store do not spell.
func checkKeyWords(path, text, sources string) (complaints []string) {
	for _, match := range keyWord.FindAllStringSubmatch(text, -1) {
		if !strings.Contains(sources, `"`+match[1]+`"`) {
			complaints = append(complaints, fmt.Sprintf("%s: names the key %s, which the store does not have", path, match[1]))
		}
	}
	return complaints
}

func TestTheTableIsDescribedByItsKeys(t *testing.T) {
	const path = "pkg/README.md"
	sources := text(t, "pkg/dynamo/keys.go")
	if found := keyWord.FindAllString(text(t, path), -1); len(found) < 20 {
		t.Errorf("%s names %d keys: %v", path, len(found), found)
	}
	for _, complaint := range checkKeyWords(path, text(t, path), sources) {
		t.Error(complaint)
	}

	expect(t, checkKeyWords("a.md", "`PKG#<package>` holds `SCOPES`, in `go` and `GET /x`", `"PKG" "SCOPES"`), "")
	expect(t, checkKeyWords("a.md", "`PKG#<package>` holds `SHEETS`", `"PKG" "SCOPES"`), "names the key SHEETS")
}

func TestDocumentRule(t *testing.T) {
	c := checkout{
		exists: func(pattern string) bool {
			return slices.Contains([]string{"pkg/names", "pkg/names/names.go", "pkg/README.md", "README.md", "infra/checks_*_test.go", "./pkg/names"}, strings.TrimSuffix(pattern, "/"))
		},
		goals: []string{"test", "logs-%"},
		tests: map[string]bool{"TestOne": true},
	}
	complaints := func(text string) []string { return checkDocument("pkg/README.md", text, c) }

	expect(t, complaints("See `pkg/names/`, `pkg/names/names.go`, `infra/checks_*_test.go`, [up](../README.md#a), [out](https://example.com), [here](#a)."), "")
	expect(t, complaints("Run `go test ./pkg/names/...` and `make test`; `TestOne` and `TestR37_...`; `make logs-<fn>`, `make logs-api`. We make haste."), "")
	expect(t, complaints("See `pkg/names/gone.go`."), "names pkg/names/gone.go")
	expect(t, complaints("Run `go test ./pkg/gone/...`."), "names ./pkg/gone")
	expect(t, complaints("[up](../GONE.md)"), "links to ../GONE.md")
	expect(t, complaints("```sh\nmake haste\n```\n"), "says make haste")
	expect(t, complaints("`TestTwo` holds it."), "names the test TestTwo")
}
