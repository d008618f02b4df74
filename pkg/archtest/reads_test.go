package archtest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"strings"
	"testing"
)

// checkReads complains where an adapter reads the store: where it declares a port that
// answers with what is stored, or reaches through a use case for its store. What is shown
// are views, which the use cases make.
func checkReads(path, source string) (complaints []string) {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, source, parser.SkipObjectResolution)
	if err != nil {
		return []string{err.Error()}
	}
	complain := func(n ast.Node, what string) {
		complaints = append(complaints, fmt.Sprintf("%s %s", files.Position(n.Pos()), what))
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			if n.Sel.Name == "Store" {
				complain(n, "reaches for the store of a use case: ask the use case")
			}
		case *ast.InterfaceType:
			for _, method := range n.Methods.List {
				if f, ok := method.Type.(*ast.FuncType); ok && f.Results != nil && stored(source, files, f.Results) {
					complain(method, "is a port for what is stored: ask a use case")
				}
			}
		}
		return true
	})
	return complaints
}

// stored reports results that are of the domain: what a store would answer with.
func stored(source string, files *token.FileSet, results *ast.FieldList) bool {
	text := source[files.Position(results.Pos()).Offset:files.Position(results.End()).Offset]
	return strings.Contains(text, "entitlement.") || strings.Contains(text, "[]byte")
}

// kindWords are what kinds of targets are called: their connectors say so, and nobody else.
var kindWords = regexp.MustCompile(`"(?i:scim|aadapplication|sharepoint|identitycenter|msgraph|webhook|ldap)[^"]*"`)

func TestKindsOfTargetsAreNamedByTheirConnectors(t *testing.T) {
	for path, source := range sources(t, "pkg/graph", "pkg/entitlement", "pkg/catalogs", "pkg/requests", "pkg/views", "pkg/delivery", "pkg/lifecycle") {
		for _, word := range kindWords.FindAllString(source, -1) {
			t.Errorf("%s names a kind of target by itself: %s", path, word)
		}
	}
}

func TestNoAdapterReadsTheStore(t *testing.T) {
	for path, source := range sources(t, "pkg/graph", "pkg/portal") {
		for _, complaint := range checkReads(path, source) {
			t.Error(complaint)
		}
	}

	expect(t, checkReads("a.go", `package p; type Reads interface { User(id string) (entitlement.User, error) }`), "a.go:1:35 is a port for what is stored")
	expect(t, checkReads("a.go", `package p; func f(d Deps) { d.Catalogs.Store.Catalog() }`), "reaches for the store")
	expect(t, checkReads("a.go", `package p; type Clock interface { Now() time.Time }; func f(d Deps) { d.Views.Requests() }`), "")
}
