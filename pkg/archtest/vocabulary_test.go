package archtest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// avoided is a word that no name may hold, and the field's word for it. Exact words are
// forbidden as whole names alone, since inside of others they are plain English.
type avoided struct {
	words  string // separated by blanks
	exact  bool
	kinds  string // of exact names: "type", "member" (a field or method) or "func"; empty means any
	within string // the folder that it is forbidden in; empty means everywhere
	say    string
}

// vocabulary is the list of private words that this code once spoke.
var vocabulary = []avoided{
	{words: "head heads", say: "subject record, update"},
	{words: "gen gens", say: "generation"},
	{words: "Settled Observed", exact: true, kinds: "member", say: "ObservedGeneration"},
	{words: "sheet sheets", say: "grant set"},
	{words: "Slot", exact: true, kinds: "type", say: "AssignmentSlot"},
	{words: "debt debts owes owe owing debtor", say: "pending reconciliation, NeedsReconcile"},
	{words: "hint hints hinter hinted rehint", say: "message, enqueue; prediction"},
	{words: "lane lanes", say: "queue"},
	{words: "tick ticks ticking", say: "sweep"},
	{words: "Look Off On", exact: true, kinds: "member", within: "pkg/entitlement", say: "CheckAfter, Disabled, Enabled"},
	{words: "gate gates door doors", say: "deletion guard; proxy"},
	{words: "Guard Gate", exact: true, kinds: "type", say: "DeletionGuard"},
	{words: "Ask Start Work Word", exact: true, kinds: "type", say: "SubmitInputs, StartInputs, ReconcileInputs, DecisionInput"},
	{words: "Asked", exact: true, say: "Approvers, RequestedSchedule"},
	{words: "wording wordings", say: "command payload"},
	{words: "clash clashes party parties", say: "incompatibility; subject set reference, participant"},
	{words: "shape shapes", exact: true, within: "pkg/dynamo", say: "mapper"},
	{words: "shape kind link answer hidden", exact: true, kinds: "type", within: "pkg/graph", say: "mapper, entity type, navigation property, response, unexpanded"},
	{words: "row rows walk come enter leave stranger room", exact: true, within: "pkg/dynamo", say: "index key, entry, query, add, remove, not a member, size limit"},
	{words: "Enter Leave Join", exact: true, kinds: "member", say: "Add, Remove"},
	{words: "strangers stranger", say: "outsider; not a member"},
	{words: "hush heeded judge saw", say: "wait for Retry-After, note, evaluate, observe"},
	{words: "poisons poisoned poisoning", say: "malformed, invalid part"},
	{words: "husk husks", say: "cool-down record"},
	{words: "world worlds office offices desk desks town towns cast casts", say: "fixture"},
	{words: "fate fates mood moods grave bury scene scenes stillness", say: "fault, target mode, stop, scenario, pause"},
	{words: "house houses figure rings silence facts", say: "stack, metric, fires, missing data, endpoints"},
}

// allowed are names that hold such a word in its ordinary meaning, by the folder that
// declares them: the reason stands beside each.
var allowed = map[string]string{
	"pkg/entitlement head": "the head of a chain of events",
	"pkg/directory head":   "the head of a chain of events",
	"pkg/catalogs head":    "the head of a chain of events",
	"pkg/sim head":         "the head of a chain of events",
	"pkg/sim heldHeads":    "the heads of chains of events",
	"pkg/graph head":       "the head of a chain of events",

	"pkg/dynamo head":       "the head of a chain of events",
	"pkg/dynamo Head":       "the head of a chain of events",
	"pkg/dynamo HeadOf":     "the head of a chain of events",
	"pkg/dynamo headKinds":  "what keeps the heads of chains of events",
	"pkg/dynamo headKeys":   "what keeps the head of a chain of events",
	"pkg/views HeadOf":      "the head of a chain of events",
	"pkg/views ChainHead":   "the head of a chain of events",
	"pkg/portal HeadOf":     "the head of a chain of events",
	"pkg/portal Head":       "the head of a chain of events",
	"pkg/portal head":       "the head of a chain of events",
	"localstack/audit head": "the head of a chain of events",
}

// declared is a name that a file gives to something.
type declared struct {
	name string
	kind string // "type", "member", "func" or "other"
	at   token.Pos
}

// namesIn returns what a file declares, the parameters and locals of its functions too.
func namesIn(file *ast.File) (all []declared) {
	add := func(kind string, names ...*ast.Ident) {
		for _, n := range names {
			all = append(all, declared{n.Name, kind, n.Pos()})
		}
	}
	members := func(list *ast.FieldList) {
		for _, f := range list.List {
			add("member", f.Names...)
		}
	}

	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			kind := "func"
			if n.Recv != nil {
				kind = "member"
				add("other", n.Recv.List[0].Names...)
			}
			add(kind, n.Name)
		case *ast.TypeSpec:
			add("type", n.Name)
		case *ast.StructType:
			members(n.Fields)
		case *ast.InterfaceType:
			members(n.Methods)
		case *ast.FuncType:
			for _, list := range []*ast.FieldList{n.Params, n.Results} {
				if list == nil {
					continue
				}
				for _, f := range list.List {
					add("other", f.Names...)
				}
			}
		case *ast.ValueSpec:
			add("other", n.Names...)
		case *ast.AssignStmt:
			if n.Tok == token.DEFINE {
				add("other", identifiers(n.Lhs...)...)
			}
		case *ast.RangeStmt:
			if n.Tok == token.DEFINE {
				add("other", identifiers(n.Key, n.Value)...)
			}
		}
		return true
	})
	return all
}

// identifiers returns those of the expressions that are plain names.
func identifiers(all ...ast.Expr) (names []*ast.Ident) {
	for _, e := range all {
		if name, ok := e.(*ast.Ident); ok {
			names = append(names, name)
		}
	}
	return names
}

// wordsOf cuts a name into its words: headIDs into head and ids.
func wordsOf(name string) (words []string) {
	start := 0
	runes := []rune(name)
	cut := func(end int) {
		if word := strings.Trim(string(runes[start:end]), "_0123456789"); word != "" {
			words = append(words, strings.ToLower(word))
		}
		start = end
	}
	for i := 1; i < len(runes); i++ {
		switch {
		case runes[i] == '_', runes[i-1] == '_':
			cut(i)
		case unicode.IsUpper(runes[i]) && !unicode.IsUpper(runes[i-1]):
			cut(i) // aWord
		case unicode.IsUpper(runes[i]) && i+1 < len(runes) && unicode.IsLower(runes[i+1]) && runes[i+1] != 's':
			cut(i) // IDWord
		}
	}
	cut(len(runes))
	return words
}

// private finds by a word what the vocabulary says of it; one word may stand there twice.
var private = func() map[string][]avoided {
	found := map[string][]avoided{}
	for _, a := range vocabulary {
		for _, word := range strings.Fields(a.words) {
			found[word] = append(found[word], a)
		}
	}
	return found
}()

// forbidden returns the field's word where a name in the folder is of the private ones.
func forbidden(folder string, d declared) (say string, found bool) {
	if allowed[folder+" "+d.name] != "" {
		return "", false
	}
	for _, a := range private[d.name] {
		if a.exact && (a.within == "" || a.within == folder) && (a.kinds == "" || a.kinds == d.kind) {
			return a.say, true
		}
	}
	for _, word := range wordsOf(d.name) {
		for _, a := range private[word] {
			if !a.exact && (a.within == "" || a.within == folder) {
				return a.say, true
			}
		}
	}
	return "", false
}

// checkVocabulary complains about private words in the names of one file, its own too.
func checkVocabulary(path string, source []byte) (complaints []string) {
	folder, file := filepath.Split(path)
	folder = strings.TrimSuffix(folder, "/")
	if say, found := forbidden(folder, declared{name: strings.TrimSuffix(file, ".go")}); found {
		complaints = append(complaints, fmt.Sprintf("%s is called by a private word: say %s", path, say))
	}

	files := token.NewFileSet()
	parsed, err := parser.ParseFile(files, path, source, parser.SkipObjectResolution)
	if err != nil {
		return append(complaints, err.Error())
	}
	for _, d := range namesIn(parsed) {
		if say, found := forbidden(folder, d); found {
			complaints = append(complaints, fmt.Sprintf("%s: %s: say %s", files.Position(d.at), d.name, say))
		}
	}
	return complaints
}

// TestNamesAreTheFieldsWords keeps the private language out that once made this code slow
// to read: what it must not say, and what it says instead, stands in vocabulary.
func TestNamesAreTheFieldsWords(t *testing.T) {
	tracked := strings.Fields(string(command(t, "git", "ls-files", "--cached", "--others", "--exclude-standard", "*.go")))
	for _, path := range tracked {
		source, err := os.ReadFile(filepath.Join(root, path))
		if os.IsNotExist(err) {
			continue // deleted, not yet committed
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, complaint := range checkVocabulary(path, source) {
			t.Error(complaint)
		}
	}
}

func TestVocabularyRule(t *testing.T) {
	check := func(path, code string) []string { return checkVocabulary(path, []byte("package p\n"+code)) }

	expect(t, check("pkg/p/a.go", "type GrantSheet struct{}"), "a.go:2:6: GrantSheet: say grant set")
	expect(t, check("pkg/p/a.go", "func f(hinted bool) {}"), "say message")
	expect(t, check("pkg/p/a.go", "func f() { tickPeriod := 1; _ = tickPeriod }"), "tickPeriod: say sweep")
	expect(t, check("pkg/p/a.go", "func f(all []int) { for sheets := range all { _ = sheets } }"), "say grant set")
	expect(t, check("pkg/p/a.go", "type t struct{ oldestDebt int }"), "say pending reconciliation")
	expect(t, check("pkg/p/a_test.go", "func TestF4_ALostHintIsRepeated() {}"), "say message")
	expect(t, check("pkg/p/lanes.go", ""), "lanes.go is called by a private word: say queue")
	expect(t, check("pkg/entitlement/a.go", "type Start struct{}"), "say SubmitInputs")
	expect(t, check("pkg/entitlement/a.go", "type U struct{ Off bool }"), "say CheckAfter")
	expect(t, check("pkg/dynamo/a.go", "func f() { row := 1; _ = row }"), "say index key")

	// Plain English, and the words of Go and HTTP.
	expect(t, check("pkg/p/a.go", "type Server struct{}; func (Server) Start() {}"), "")
	expect(t, check("pkg/p/a.go", "func f(ticker, gateway, header, generation, hundred int) {}"), "")
	expect(t, check("pkg/p/a.go", `const method = "HEAD" // a hint in a comment`), "")
	expect(t, check("pkg/entitlement/a.go", "func Verify(head int) {}"), "")

	for name, want := range map[string][]string{"headIDs": {"head", "ids"}, "TestS22_ADebtIsPaid": {"test", "s", "a", "debt", "is", "paid"}, "HTTPHead": {"http", "head"}} {
		if got := wordsOf(name); !slices.Equal(got, want) {
			t.Errorf("%s is cut into %q, want %q", name, got, want)
		}
	}
}
