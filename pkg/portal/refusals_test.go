package portal

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/text/language"

	"leasehold/pkg/entitlement"
)

// refusing are the packages whose errors come to be read at a page, below pkg.
var refusing = []string{"entitlement", "authz", "catalogs", "requests", "directory", "sessions", "signin", "views", "portal", "secrets", "idempotency"}

// unreached are the files whose errors only calls of the API meet: what they refuse no form of the
// pages can send.
var unreached = map[string]string{
	"entitlement/extension.go": "custom extensions", "catalogs/extensions.go": "custom extensions", "requests/resume.go": "custom extensions",
	"entitlement/review.go": "reviews", "catalogs/uploads.go": "upload sessions",
}

// refusals are the texts of all errors of a package that people are told of: literal, or named by
// a constant of the package.
func refusals(t *testing.T, of string) (texts []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", of, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatal(of, err)
	}
	constants := map[string]string{}
	var parsed []*ast.File
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") || unreached[of+"/"+filepath.Base(file)] != "" {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		parsed = append(parsed, f)
		ast.Inspect(f, func(n ast.Node) bool {
			if spec, is := n.(*ast.ValueSpec); is && len(spec.Names) == len(spec.Values) {
				for i, name := range spec.Names {
					if text, is := literal(spec.Values[i], nil); is {
						constants[name.Name] = text
					}
				}
			}
			return true
		})
	}
	for _, f := range parsed {
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				if at := textAt(n); at >= 0 {
					if text, is := literal(n.Args[at], constants); is && text != "" && text != "%s" {
						texts = append(texts, text)
					}
				}
			case *ast.KeyValueExpr: // of the table of actions
				if key, is := n.Key.(*ast.Ident); is && key.Name == "Refusal" {
					if text, is := literal(n.Value, constants); is {
						texts = append(texts, text)
					}
				}
			}
			return true
		})
	}
	return texts
}

// textAt is which argument of a call is the text of an error; -1 where it makes none, or one that
// is ours to repair, of which nobody is told what it is.
func textAt(call *ast.CallExpr) int {
	name := ""
	switch f := call.Fun.(type) {
	case *ast.Ident:
		name = f.Name
	case *ast.SelectorExpr:
		if of, is := f.X.(*ast.Ident); is && of.Name == "entitlement" {
			name = f.Sel.Name
		}
	}
	at := map[string]int{"Errorf": 1, "Wrap": 3, "quota": 1}[name]
	if at == 0 || len(call.Args) <= at {
		return -1
	}
	kind := ""
	switch k := call.Args[0].(type) {
	case *ast.Ident:
		kind = k.Name
	case *ast.SelectorExpr:
		kind = k.Sel.Name
	}
	if kind == "Internal" {
		return -1
	}
	return at
}

func literal(e ast.Expr, constants map[string]string) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		return text, err == nil && e.Kind == token.STRING
	case *ast.Ident:
		text, is := constants[e.Name]
		return text, is
	case *ast.BinaryExpr:
		a, first := literal(e.X, constants)
		b, second := literal(e.Y, constants)
		return a + b, first && second
	}
	return "", false
}

// Every refusal that a page can show is in German too, with the same things put into it in the
// same order.
func TestEveryRefusalIsInEveryLanguage(t *testing.T) {
	verbs := regexp.MustCompile(`%[-+#0-9.]*[a-zA-Z]`)
	n := 0
	for _, of := range refusing {
		for _, text := range refusals(t, of) {
			n++
			translated, there := germanRefusals[text]
			if !there {
				t.Errorf("%s: %q has no German", of, text)
				continue
			}
			if got, want := verbs.FindAllString(translated, -1), verbs.FindAllString(text, -1); !slices.Equal(got, want) {
				t.Errorf("%q: the German has the places %q, want %q", text, got, want)
			}
		}
	}
	if n < 250 {
		t.Errorf("only %d texts were found", n)
	}
}

func TestARefusalIsSaidInTheVisitorsLanguage(t *testing.T) {
	german, english := &visit{}, &visit{Language: language.English}
	german.prefer(entitlement.Preferences{Language: "de"})
	long := entitlement.Errorf(entitlement.Invalid, "stage %d: at most %d approvers.", 1, 2000)
	for _, tt := range []struct {
		err  error
		want string
	}{
		{entitlement.Errorf(entitlement.Conflict, "This request is %s; nothing is left to decide.", entitlement.RequestDenied), "Der Stand dieses Antrags ist „Abgelehnt“; es ist nichts mehr zu entscheiden."},
		{entitlement.Errorf(entitlement.Conflict, "%s this access package: assignment %s.", "You already have", "<b>x</b>"), "Sie haben dieses Zugriffspaket bereits: Zuweisung <b>x</b>."},
		{entitlement.Errorf(entitlement.Forbidden, "%s", "userUpdate is for your own assignments. To change somebody else's use adminUpdate."), "So ändern Sie nur eigene Zuweisungen."},
		{entitlement.AllFaults(long, entitlement.Errorf(entitlement.Invalid, "mail must be one plain address.")), "Stufe 1: Höchstens 2.000 können entscheiden. Die E-Mail-Adresse muss eine einzelne einfache Adresse sein."},
		{entitlement.Wrap(entitlement.Unavailable, "x", errors.New("inside"), "The identity provider does not answer at the moment. Try again in a minute."), "Der Anmeldedienst antwortet gerade nicht. Versuchen Sie es in einer Minute wieder."},
		{errors.New("inside"), "Bei uns ging etwas schief. Versuchen Sie es noch einmal; bleibt es dabei, nennen Sie Ihrem Administrator die Nummer."},
		{entitlement.Errorf(entitlement.Conflict, "Of another version, with 100%% and %s.", "x"), "Of another version, with 100% and x."},
	} {
		before := entitlement.MessageOf(tt.err)
		if got := german.said(tt.err); got != tt.want {
			t.Errorf("%v is said as %q", tt.err, got)
		}
		if got := english.said(tt.err); got != before {
			t.Errorf("%v is said as %q in English", tt.err, got)
		}
	}
}
