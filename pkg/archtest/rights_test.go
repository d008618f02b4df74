package archtest

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// sources returns the Go files below the folders, without their tests.
func sources(t *testing.T, folders ...string) map[string]string {
	t.Helper()
	var patterns []string
	for _, folder := range folders {
		patterns = append(patterns, folder+"/*.go")
	}
	listed := strings.Fields(string(command(t, "git", append([]string{"ls-files", "--cached", "--others", "--exclude-standard"}, patterns...)...)))
	files := map[string]string{}
	for _, path := range listed {
		source, err := os.ReadFile(filepath.Join(root, path))
		if os.IsNotExist(err) || strings.HasSuffix(path, "_test.go") {
			continue // deleted, not yet committed; or a test
		}
		if err != nil {
			t.Fatal(err)
		}
		files[path] = string(source)
	}
	return files
}

// deciding is what it looks like when code decides by itself who may do something: it asks
// whether somebody is an administrator, or enabled as a caller must be, or what a token's
// scopes are.
var deciding = regexp.MustCompile(`\.Administrator\(\)|\.Active\(\)|\.Administers\(|\bc\.Scopes&|\.Scopes\s*&|IsAdmin|slices\.Contains\([^)]*[sS]copes`)

// mayDecide are where rights are decided, and where the questions themselves are defined.
var mayDecide = []string{"pkg/authz/", "pkg/entitlement/"}

func checkDeciding(files map[string]string) (complaints []string) {
	for path, source := range files {
		if slices.ContainsFunc(mayDecide, func(place string) bool { return strings.HasPrefix(path, place) }) {
			continue
		}
		for _, found := range deciding.FindAllString(source, -1) {
			complaints = append(complaints, fmt.Sprintf("%s decides about rights by itself (%s): ask authz.Allow", path, found))
		}
	}
	return complaints
}

func TestRightsAreDecidedInOnePlace(t *testing.T) {
	for _, complaint := range checkDeciding(sources(t, "pkg", "functions")) {
		if !strings.HasPrefix(complaint, "pkg/sim/") && !strings.HasPrefix(complaint, "pkg/storetest/") {
			t.Error(complaint)
		}
	}

	expect(t, checkDeciding(map[string]string{"pkg/requests/x.go": "if u.Administrator() {"}), "pkg/requests/x.go decides about rights")
	expect(t, checkDeciding(map[string]string{"pkg/graph/x.go": "if slices.Contains(t.Scopes, scopeWrite) {"}), "pkg/graph/x.go decides about rights")
	expect(t, checkDeciding(map[string]string{"pkg/authz/x.go": "if u.Administrator() {"}), "")
}
