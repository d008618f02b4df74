package archtest

import (
	"fmt"
	"go/scanner"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"leasehold/pkg/names"
)

// topLevel is the whole of the repository's first page, names that begin with a dot aside.
var topLevel = []string{
	"functions", "infra", "pkg", "events", "localstack",
	"go.mod", "go.sum", "Makefile", "cdk.json", "README.md", "LICENSE", "package.json", "package-lock.json",
}

func checkTopLevel(tracked []string) (complaints []string) {
	seen := map[string]bool{}
	for _, path := range tracked {
		first, _, _ := strings.Cut(path, "/")
		if first == "" || seen[first] || strings.HasPrefix(first, ".") || slices.Contains(topLevel, first) {
			continue
		}
		seen[first] = true
		complaints = append(complaints, first+" does not belong to the top level")
	}
	return complaints
}

func TestTopLevel(t *testing.T) {
	tracked := strings.Split(string(command(t, "git", "ls-files")), "\n")
	for _, complaint := range checkTopLevel(tracked) {
		t.Error(complaint)
	}

	expect(t, checkTopLevel([]string{"pkg/names/names.go", ".ci/run", ".gitignore", "go.mod"}), "")
	expect(t, checkTopLevel([]string{"pkg/names/names.go", "scripts/a.sh", "scripts/b.sh"}), "scripts does not belong")
	expect(t, checkTopLevel([]string{"functions.go"}), "functions.go does not belong")
}

// checkFolders complains when the folders of functions are not the functions of
// names, or hold more than a main. files is the folders' contents.
func checkFolders(files map[string][]string) (complaints []string) {
	want := map[string]bool{}
	for _, f := range names.Functions {
		want[f.ID] = true
	}
	for folder, content := range files {
		if !want[folder] {
			complaints = append(complaints, fmt.Sprintf("functions/%s is not in names", folder))
		} else if !slices.Equal(content, []string{"main.go"}) {
			complaints = append(complaints, fmt.Sprintf("functions/%s holds %v, want main.go alone", folder, content))
		}
		delete(want, folder)
	}
	for id := range want {
		complaints = append(complaints, fmt.Sprintf("functions/%s is missing", id))
	}
	return complaints
}

func TestFoldersAreTheFunctionsOfNames(t *testing.T) {
	for _, complaint := range checkFolders(contents(t, "functions")) {
		t.Error(complaint)
	}

	layout := func(change func(map[string][]string)) map[string][]string {
		files := map[string][]string{}
		for _, f := range names.Functions {
			files[f.ID] = []string{"main.go"}
		}
		change(files)
		return files
	}
	expect(t, checkFolders(layout(func(map[string][]string) {})), "")
	expect(t, checkFolders(layout(func(f map[string][]string) { f["fanin"] = []string{"main.go"} })), "functions/fanin is not in names")
	expect(t, checkFolders(layout(func(f map[string][]string) { delete(f, names.Expire) })), "functions/expire is missing")
	expect(t, checkFolders(layout(func(f map[string][]string) { f[names.Expire] = []string{"logic.go", "main.go"} })), "main.go alone")
}

// contents returns the files of each folder in a folder of the checkout.
func contents(t *testing.T, folder string) map[string][]string {
	t.Helper()
	folders, err := os.ReadDir(filepath.Join(root, folder))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]string{}
	for _, f := range folders {
		entries, err := os.ReadDir(filepath.Join(root, folder, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[f.Name()] = []string{}
		for _, entry := range entries {
			files[f.Name()] = append(files[f.Name()], entry.Name())
		}
	}
	return files
}

// keyText is what a string must not look like outside of the key file: a key's
// beginning, or the separator alone.
var keyText = regexp.MustCompile(`^([A-Z]+[0-9]*#.*|#)$`)

// mayHoldKeys tells which files spell keys: the key file with its encoding, the families
// by which roles are limited, and the tests that pin them or spoil what lies there.
func mayHoldKeys(path string) bool {
	return path == "pkg/dynamo/keys.go" || path == "pkg/dynamo/encoding.go" || path == "pkg/names/families.go" || path == "pkg/names/rights_test.go" ||
		strings.HasPrefix(path, "pkg/dynamo/") && strings.HasSuffix(path, "_test.go") ||
		path == "pkg/dynamo/dynamotest/counted.go" || strings.HasPrefix(path, "pkg/archtest/")
}

// checkKeys complains about keys of the table in the source of one file.
func checkKeys(path string, source []byte) (complaints []string) {
	if mayHoldKeys(path) {
		return nil
	}
	var s scanner.Scanner
	files := token.NewFileSet()
	s.Init(files.AddFile(path, -1, len(source)), source, nil, 0)
	for {
		position, kind, literal := s.Scan()
		if kind == token.EOF {
			return complaints
		}
		if kind != token.STRING && kind != token.CHAR {
			continue
		}
		if text, err := unquote(literal); err == nil && keyText.MatchString(text) {
			complaints = append(complaints, fmt.Sprintf("%s spells a key of the table: %s", files.Position(position), literal))
		}
	}
}

func unquote(literal string) (string, error) {
	if literal[0] == '\'' {
		r, _, _, err := strconv.UnquoteChar(literal[1:], '\'')
		return string(r), err
	}
	return strconv.Unquote(literal)
}

func TestKeysAreSpeltInOnePlace(t *testing.T) {
	tracked := strings.Fields(string(command(t, "git", "ls-files", "--cached", "--others", "--exclude-standard", "pkg/*.go", "functions/*.go")))
	for _, path := range tracked {
		source, err := os.ReadFile(filepath.Join(root, path))
		if os.IsNotExist(err) {
			continue // deleted, not yet committed
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, complaint := range checkKeys(path, source) {
			t.Error(complaint)
		}
	}

	const key = `package p; var k = "PKG#" + id`
	expect(t, checkKeys("pkg/dynamo/keys.go", []byte(key)), "")
	expect(t, checkKeys("pkg/dynamo/keys_test.go", []byte(key)), "")
	expect(t, checkKeys("pkg/dynamo/requests.go", []byte(key)), `requests.go:1:20 spells a key of the table: "PKG#"`)
	expect(t, checkKeys("pkg/dynamo/engine/table.go", []byte("package p; var k = `DUE#0`")), "DUE#0")
	expect(t, checkKeys("pkg/requests/submit.go", []byte(`package p; var parts = strings.Split(k, "#")`)), `"#"`)
	expect(t, checkKeys("pkg/requests/submit.go", []byte(`package p; var at = strings.IndexByte(k, '#')`)), `'#'`)
	expect(t, checkKeys("pkg/graph/types.go", []byte(`package p; var k = "#microsoft.graph.user" // "PKG#" in a comment`)), "")
}

func TestEveryRowOfThePlanIsWellFormed(t *testing.T) {
	for _, path := range slices.Sorted(maps.Keys(rules)) {
		top, _, below := strings.Cut(path, "/")
		if (top == "pkg") != below || !slices.Contains(topLevel, top) {
			t.Errorf("%q is no folder of the plan", path)
		}
	}
}
