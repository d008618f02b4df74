package graph

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The ids that an operation takes are read out of the table and of the source: those in
// its path, those that its handler's decoders ask a body for or leave aside, those that
// its list is narrowed by, and that of a reference. So an id that is added without a row
// in the table of parents_test.go fails the test.

// source is the package's functions and methods, by name.
type source map[string]*ast.FuncDecl

func readSource(t *testing.T) source {
	t.Helper()
	all := source{}
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	set := token.NewFileSet() // one for all, so that no two places are the same
	for _, file := range files {
		if !strings.HasSuffix(file.Name(), ".go") || strings.HasSuffix(file.Name(), "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(set, file.Name(), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			if f, ok := d.(*ast.FuncDecl); ok {
				all[f.Name.Name] = f
			}
		}
	}
	return all
}

// idsOf returns what the operation takes ids by, such as "path groupId" or "body
// catalog.id", sorted.
func (s source) idsOf(op operation) []string {
	found := map[string]bool{}
	for segment := range strings.SplitSeq(op.path, "/") {
		for name := range variablesOf(segment) {
			if name != "on:text" && name != "reason:text" && name != "objectKind:text" && name != "displayName:text" { // words
				found["path "+strings.TrimSuffix(name, ":text")] = true
			}
		}
	}
	full := runtime.FuncForPC(reflect.ValueOf(op.serve).Pointer()).Name()
	w := &idWalk{source: s, found: found, seen: map[string]bool{}, op: op}
	w.function(full[strings.LastIndexByte(full, '.')+1:], nil)
	return slices.Sorted(maps.Keys(found))
}

// variablesOf yields the names of a segment's variables.
func variablesOf(segment string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for {
			_, rest, ok := strings.Cut(segment, "{")
			name, rest, closed := strings.Cut(rest, "}")
			if !ok || !closed || !yield(name) {
				return
			}
			segment = rest
		}
	}
}

// idWalk follows a handler through the functions that it calls. What a variable stands
// for is kept as text: the place in the body of an object, the value of a text, or the
// name of a function.
type idWalk struct {
	source source
	found  map[string]bool
	seen   map[string]bool
	op     operation
}

type env map[string]string

const objectMark = "object:" // before the place of an object

func (w *idWalk) function(name string, args env) {
	f := w.source[name]
	key := fmt.Sprint(name, args)
	if f == nil || f.Body == nil || w.seen[key] {
		return
	}
	w.seen[key] = true
	vars := maps.Clone(args)
	if vars == nil {
		vars = env{}
	}
	ast.Inspect(f.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for i, right := range n.Rhs {
				if left, ok := n.Lhs[i].(*ast.Ident); ok {
					if v, known := w.value(right, vars); known {
						vars[left.Name] = v
					}
				}
			}
		case *ast.RangeStmt:
			w.ranged(n, vars)
		case *ast.CallExpr:
			w.call(n, vars)
		}
		return true
	})
}

// ranged binds the variable of a loop over objects of the body.
func (w *idWalk) ranged(n *ast.RangeStmt, vars env) {
	each, ok := n.Value.(*ast.Ident)
	if !ok {
		return
	}
	if call, ok := n.X.(*ast.CallExpr); ok {
		if on, method := methodOf(call); method == "Objects" {
			if place, known := w.value(on, vars); known {
				vars[each.Name] = objectMark + at(place, w.text(call.Args[0], vars)+"[]")
			}
		}
	}
}

// value is what is known of an expression.
func (w *idWalk) value(e ast.Expr, vars env) (string, bool) {
	switch e := e.(type) {
	case *ast.Ident:
		if v, ok := vars[e.Name]; ok {
			return v, true
		}
		if _, is := w.source[e.Name]; is {
			return e.Name, true
		}
	case *ast.BasicLit:
		if text, err := strconv.Unquote(e.Value); err == nil {
			return text, true
		}
	case *ast.CallExpr:
		on, method := methodOf(e)
		switch method {
		case "body", "bodyIfAny":
			return objectMark, true
		case "Object":
			if place, known := w.value(on, vars); known {
				return objectMark + at(place, w.text(e.Args[0], vars)), true
			}
		}
	}
	return "", false
}

func (w *idWalk) text(e ast.Expr, vars env) string {
	text, known := w.value(e, vars)
	if !known {
		return "?"
	}
	return text
}

// at is the place of a member of an object.
func at(place, name string) string {
	place = strings.TrimPrefix(place, objectMark)
	if place == "" {
		return name
	}
	return place + "." + name
}

// methodOf takes a call of a method apart.
func methodOf(call *ast.CallExpr) (on ast.Expr, name string) {
	switch f := call.Fun.(type) {
	case *ast.SelectorExpr:
		return f.X, f.Sel.Name
	case *ast.IndexExpr: // a generic one
		if s, ok := f.X.(*ast.SelectorExpr); ok {
			return s.X, s.Sel.Name
		}
	}
	return nil, ""
}

// call notes the ids that a call reads, and follows it.
func (w *idWalk) call(call *ast.CallExpr, vars env) {
	on, name := methodOf(call)
	if on == nil {
		switch f := call.Fun.(type) {
		case *ast.Ident:
			name = f.Name
			if bound, ok := vars[name]; ok {
				name = bound
			}
		case *ast.IndexExpr:
			if ident, ok := f.X.(*ast.Ident); ok {
				name = ident.Name
			}
		}
	}
	place := func(i int) string { return w.text(call.Args[i], vars) }
	note := func(where string) { w.found[where] = true }
	switch name {
	case "ID": // strict.ID
		note("body " + at(place(0), place(1)))
	case "IDs":
		note("body " + at(place(0), place(1)) + "[]")
	case "flatOrNested":
		note("body " + at(place(0), place(1)))
		for _, key := range call.Args[4:] {
			note("body " + at(place(0), place(2)) + "." + w.text(key, vars))
		}
		return
	case "refAdded", "sponsorAdded":
		note("body @odata.id")
	case "refRemoved":
		if !strings.Contains(w.op.path, "{"+place(1)+"}") {
			note("query @id")
		}
	case "EqualID":
		for _, path := range w.texts(call.Args[1], vars) {
			note("filter " + path)
		}
	case "Text", "Ignore", "Refuse":
		if of, known := w.value(on, vars); known && strings.HasPrefix(of, objectMark) {
			for i, arg := range call.Args {
				member, ok := arg.(*ast.BasicLit)
				switch {
				case !ok || i > 0 && name == "Text":
				case isIDName(w.text(member, vars)):
					note("body " + at(of, w.text(member, vars)))
				case navigations[w.text(member, vars)]:
					note("body " + at(of, w.text(member, vars)) + ".id")
				}
			}
		}
	}
	w.follow(name, call, vars)
}

// navigations are members that hold a whole entity, and so its id.
var navigations = map[string]bool{"catalog": true, "environment": true, "accessPackage": true, "assignmentPolicy": true, "resource": true, "roles": true, "scopes": true, "target": true}

// isIDName tells names of members that hold an id.
func isIDName(name string) bool { return name == "id" || strings.HasSuffix(name, "Id") }

// texts are the values that a text may have: its own, or those that its loop gives it.
func (w *idWalk) texts(e ast.Expr, vars env) (all []string) {
	if text, known := w.value(e, vars); known {
		return []string{text}
	}
	loopVar, _ := e.(*ast.Ident)
	for _, f := range w.source {
		ast.Inspect(f, func(n ast.Node) bool {
			loop, ok := n.(*ast.RangeStmt)
			if !ok || loop.Pos() > e.Pos() || loop.End() < e.End() {
				return true
			}
			each, isIdent := loop.Value.(*ast.Ident)
			list, isList := loop.X.(*ast.CompositeLit)
			if loopVar != nil && isIdent && isList && each.Name == loopVar.Name {
				for _, element := range list.Elts {
					all = append(all, w.text(element, vars))
				}
			}
			return true
		})
	}
	if len(all) == 0 {
		return []string{"?"}
	}
	return all
}

// follow walks the function that is called, with what is known of its arguments; and
// functions that are handed over, which are called with the objects at hand.
func (w *idWalk) follow(name string, call *ast.CallExpr, vars env) {
	f := w.source[name]
	if f == nil {
		return
	}
	args, i := env{}, 0
	for _, field := range f.Type.Params.List {
		for _, parameter := range field.Names {
			if i < len(call.Args) {
				if v, known := w.value(call.Args[i], vars); known {
					args[parameter.Name] = v
				}
			}
			i++
		}
	}
	w.function(name, args)
}

func TestIDsAreFoundInTheSource(t *testing.T) {
	s := readSource(t)
	want := map[string]string{
		"POST " + em + "/accessPackages/{accessPackageId}/resourceRoleScopes":                          "body role.resource.id",
		"POST " + em + "/assignmentPolicies":                                                           "body requestApprovalSettings.stages[].fallbackPrimaryApprovers[].groupId",
		"PUT " + em + "/assignmentPolicies/{policyId}":                                                 "body id",
		"POST " + requestPath:                                                                          "body assignment.accessPackage.id",
		"GET " + heldPath:                                                                              "filter target/objectId",
		"PATCH " + ours + "/connectors/{connectorId}":                                                  "body resourceManagers[]",
		"DELETE " + em + "/accessPackages/{accessPackageId}/incompatibleGroups/$ref":                   "query @id",
		"PUT " + root + "/users/{user:text}/manager/$ref":                                              "body @odata.id",
		"PATCH " + approvalPath + "/{assignmentRequestId}/stages/{stageId}":                            "path stageId",
		"DELETE " + em + "/accessPackages/{accessPackageId}/resourceRoleScopes/{roleScope:text}":       "path roleScope",
		"DELETE " + em + "/accessPackages/{accessPackageId}/incompatibleAccessPackages/{otherId}/$ref": "path otherId",
	}
	for _, op := range served() {
		if op.serve == nil {
			continue
		}
		ids := s.idsOf(op)
		if id := want[op.name()]; id != "" && !slices.Contains(ids, id) {
			t.Errorf("%s: %v, want %s among them", op.name(), ids, id)
		}
		if slices.ContainsFunc(ids, func(id string) bool { return strings.Contains(id, "?") }) {
			t.Errorf("%s: %v is not understood", op.name(), ids)
		}
		delete(want, op.name())
	}
	if len(want) > 0 {
		t.Errorf("there is no operation %v", slices.Collect(maps.Keys(want)))
	}
}
