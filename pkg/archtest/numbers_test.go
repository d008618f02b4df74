package archtest

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// ruleFiles are the files that define numbered rules, with the letters of each.
var ruleFiles = map[string]string{
	"pkg/entitlement/RULES.md": "R",
	"pkg/sim/RULES.md":         "SLFT",
	"pkg/authz/RULES.md":       "A",
	"pkg/app/costs/RULES.md":   "Y",
}

// number is a rule's letter and number: R37.
type number struct {
	letter string
	n      int
}

func (n number) String() string { return n.letter + strconv.Itoa(n.n) }

// mark says how the product stands to a rule, where it is not simply held.
type mark string

const (
	held          mark = ""               // a test of pkg names it and fails without it
	asBuilt       mark = "As built"       // the same, with what it does not cover
	heldBy        mark = "Held by"        // a test holds it that is named after something else
	notYet        mark = "Not yet"        // wanted, and not there; no test may name it
	notTested     mark = "Not tested"     // it is so, and why no test says it
	notAdopted    mark = "Not adopted"    // decided otherwise, and why
	notApplicable mark = "Not applicable" // speaks of what the product does not have
)

var marks = []mark{asBuilt, heldBy, notYet, notTested, notAdopted, notApplicable}

// definition is one line of a rule file: one rule, or several that are excused together.
type definition struct {
	number
	last int // the last of several, else the number itself
	mark mark
	why  string
}

var (
	definitionLine = regexp.MustCompile(`^- \*\*([A-Z])([1-9][0-9]*)(?: to ([A-Z])([1-9][0-9]*))?\.\*\* (.+)$`)
	markInLine     = regexp.MustCompile(`\*([A-Z][a-z ]+):\*`)
)

// define reads a rule file and complains about lines that are no definitions, stand out of
// their order, or have a mark that there is not or no reason.
func define(path, letters, text string) (all []definition, complaints []string) {
	complain := func(at int, format string, args ...any) {
		complaints = append(complaints, fmt.Sprintf("%s:%d: ", path, at)+fmt.Sprintf(format, args...))
	}
	lastOf := map[string]int{}

	for i, line := range strings.Split(text, "\n") {
		if !strings.HasPrefix(line, "- **") {
			continue
		}
		match := definitionLine.FindStringSubmatch(line)
		if match == nil || match[3] != "" && match[3] != match[1] {
			complain(i+1, "%q defines nothing", line)
			continue
		}
		d := definition{number: number{letter: match[1]}}
		d.n, _ = strconv.Atoi(match[2])
		if d.last = d.n; match[4] != "" {
			d.last, _ = strconv.Atoi(match[4])
		}

		sentence := match[5]
		if marked := markInLine.FindStringSubmatchIndex(sentence); marked != nil {
			d.mark = mark(sentence[marked[2]:marked[3]])
			sentence, d.why = sentence[:marked[0]], strings.TrimSpace(sentence[marked[1]:])
		}
		switch {
		case !strings.Contains(letters, d.letter):
			complain(i+1, "%s belongs to another file", d)
		case d.n <= lastOf[d.letter] || d.last < d.n:
			complain(i+1, "%s is out of its order", d)
		case d.mark != held && !slices.Contains(marks, d.mark):
			complain(i+1, "%s has the mark %q, known are %v", d, d.mark, marks)
		case d.mark != held && d.why == "":
			complain(i+1, "%s has a mark without a reason", d)
		case len(strings.TrimSpace(sentence)) < 20:
			complain(i+1, "%s says nothing", d)
		case d.last > d.n && !d.excused():
			complain(i+1, "%s shares a line with others and is not excused", d)
		}
		lastOf[d.letter] = d.last
		all = append(all, d)
	}
	return all, complaints
}

// excused reports a definition that no test has to hold.
func (d definition) excused() bool {
	return slices.Contains([]mark{notYet, notTested, notAdopted, notApplicable}, d.mark)
}

// uses is where the numbers stand in Go files.
type uses struct {
	cited map[number][]string // anywhere: in comments, in strings, in the names of tests
	named map[number][]string // by tests alone
	tests map[string]bool     // the names of all tests below pkg
}

func newUses() uses {
	return uses{cited: map[number][]string{}, named: map[number][]string{}, tests: map[string]bool{}}
}

// A number in text begins a word; %A4 and U+00A4 are characters. S256 and ES256 are
// algorithms: only rules of behaviour have three digits.
var (
	numberInText = regexp.MustCompile(`(?:^|[^0-9A-Za-z_%+])(R[1-9][0-9]{0,2}|[SLFATY][1-9][0-9]?)\b`)
	numberInName = regexp.MustCompile(`(R[1-9][0-9]{0,2}|[SLFATY][1-9][0-9]?)`)
	testName     = regexp.MustCompile(`\bTest[A-Z][A-Za-z0-9_]*`)
)

// read notes the numbers of one Go file. A test names a number in its own name and in its
// strings, which are the names of subtests and rows; so do the scenarios of storetest, and
// the simulator where it fails a run. A comment names nothing.
func (u uses) read(path string, source []byte) error {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, source, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	note := func(at token.Pos, byTest bool, found []number) {
		for _, n := range found {
			place := files.Position(at).String()
			u.cited[n] = append(u.cited[n], place)
			if byTest {
				u.named[n] = append(u.named[n], place)
			}
		}
	}
	isTest := strings.HasSuffix(path, "_test.go") || within(path, "pkg/storetest")

	for _, group := range file.Comments {
		for _, comment := range group.List {
			note(comment.Pos(), false, inText(comment.Text))
		}
	}
	ast.Inspect(file, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.FuncDecl:
			if testName.MatchString(node.Name.Name) && strings.HasSuffix(path, "_test.go") {
				note(node.Pos(), true, inName(node.Name.Name))
				if within(path, "pkg") {
					u.tests[node.Name.Name] = true
				}
			}
		case *ast.BasicLit:
			if node.Kind == token.STRING {
				note(node.Pos(), isTest, inText(strings.Trim(node.Value, "`\"")))
			}
		case *ast.CallExpr:
			if called, ok := node.Fun.(*ast.SelectorExpr); ok && called.Sel.Name == "fail" && within(path, "pkg/sim") && len(node.Args) > 0 {
				if check, ok := node.Args[0].(*ast.BasicLit); ok {
					for _, n := range inText(strings.Trim(check.Value, `"`)) { // cited as any string is
						u.named[n] = append(u.named[n], files.Position(check.Pos()).String())
					}
				}
			}
		}
		return true
	})
	return nil
}

func inText(text string) (found []number) {
	for _, match := range numberInText.FindAllStringSubmatch(text, -1) {
		found = append(found, numberOf(match[1]))
	}
	return found
}

// inName returns the numbers of a test's name: TestS1S14_AFence has two, TestF2fold none.
func inName(name string) (found []number) {
	for _, part := range strings.Split(strings.TrimPrefix(name, "Test"), "_") {
		for {
			at := numberInName.FindStringIndex(part)
			if at == nil || at[0] != 0 {
				break
			}
			if rest := part[at[1]:]; rest != "" && (rest[0] < 'A' || rest[0] > 'Z') {
				break
			}
			found = append(found, numberOf(part[:at[1]]))
			part = part[at[1]:]
		}
	}
	return found
}

func numberOf(text string) number {
	n, _ := strconv.Atoi(text[1:])
	return number{text[:1], n}
}

// below returns the places in pkg, whose tests need nothing but Go.
func below(places []string) []string {
	return slices.DeleteFunc(slices.Clone(places), func(place string) bool { return !within(place, "pkg") })
}

// checkNumbers complains about numbers that are cited and not defined, and about
// definitions that are neither held nor excused, or that the tests contradict.
func checkNumbers(all []definition, u uses) (complaints []string) {
	complain := func(format string, args ...any) { complaints = append(complaints, fmt.Sprintf(format, args...)) }
	defined := map[number]bool{}

	for _, d := range all {
		for n := d.n; n <= d.last; n++ {
			rule := number{d.letter, n}
			if defined[rule] {
				complain("%s is defined twice", rule)
			}
			defined[rule] = true
			named := u.named[rule]
			switch {
			case (d.mark == held || d.mark == asBuilt) && len(below(named)) == 0:
				complain("%s is defined, and neither a test of pkg names it nor a mark excuses it", rule)
			case (d.mark == notYet || d.mark == notTested) && len(named) > 0:
				complain("%s has the mark %q, and a test names it: %s", rule, d.mark, named[0])
			case d.mark == heldBy && len(testName.FindAllString(d.why, -1)) == 0:
				complain("%s says no test that holds it", rule)
			case d.last > d.n && len(u.cited[rule]) > 0:
				complain("%s is cited and shares its definition with others: %s", rule, u.cited[rule][0])
			}
			for _, test := range testName.FindAllString(d.why, -1) {
				if !u.tests[test] {
					complain("%s: there is no %s below pkg", rule, test)
				}
			}
		}
	}
	for rule, places := range u.cited {
		if !defined[rule] {
			complain("%s is cited and not defined: %s", rule, places[0])
		}
	}
	slices.Sort(complaints)
	return complaints
}

// tracked returns the files of the checkout that git knows or would, by pattern.
func tracked(t *testing.T, pattern string) []string {
	t.Helper()
	var there []string
	for _, path := range strings.Fields(string(command(t, "git", "ls-files", "--cached", "--others", "--exclude-standard", pattern))) {
		if _, err := os.Stat(filepath.Join(root, path)); err == nil { // else deleted, not yet committed
			there = append(there, path)
		}
	}
	return there
}

// text returns a file of the checkout.
func text(t *testing.T, path string) string {
	t.Helper()
	source, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(source)
}

func TestNumbers_WhatIsCitedIsDefinedAndWhatIsDefinedIsHeldOrExcused(t *testing.T) {
	var all []definition
	for _, path := range slices.Sorted(maps.Keys(ruleFiles)) {
		definitions, complaints := define(path, ruleFiles[path], text(t, path))
		for _, complaint := range complaints {
			t.Error(complaint)
		}
		all = append(all, definitions...)
	}
	u := newUses()
	for _, path := range tracked(t, "*.go") {
		if path == "pkg/archtest/numbers_test.go" {
			continue
		}
		if err := u.read(path, []byte(text(t, path))); err != nil {
			t.Fatal(err)
		}
	}
	for _, complaint := range checkNumbers(all, u) {
		t.Error(complaint)
	}
	for _, path := range tracked(t, "*.md") {
		for _, n := range inText(text(t, path)) {
			if !slices.ContainsFunc(all, func(d definition) bool { return d.letter == n.letter && d.n <= n.n && n.n <= d.last }) {
				t.Errorf("%s cites %s, which is not defined", path, n)
			}
		}
	}

	count, rules, places := map[mark]int{}, 0, 0
	for _, d := range all {
		count[d.mark] += d.last - d.n + 1
		rules += d.last - d.n + 1
	}
	for _, at := range u.cited {
		places += len(at)
	}
	t.Logf("%d numbers are cited at %d places; %d are defined: %d held (%d with a remark), %d held by tests of other names, %d not yet, %d not tested, %d not adopted, %d not applicable",
		len(u.cited), places, rules, count[held]+count[asBuilt], count[asBuilt], count[heldBy], count[notYet], count[notTested], count[notAdopted], count[notApplicable])
	slices.SortStableFunc(all, func(a, b definition) int { return cmp.Compare(a.mark, b.mark) })
	for _, d := range all {
		if d.excused() {
			t.Logf("%s to %d, %s: %s", d, d.last, d.mark, d.why)
		}
	}
}

func TestDefinitionRule(t *testing.T) {
	complaints := func(text string) []string {
		_, complaints := define("pkg/p/RULES.md", "RS", text)
		return complaints
	}
	const sentence = "Somebody may do something."
	expect(t, complaints("# Rules\n\n- **R1.** "+sentence+"\n- **R2.** "+sentence+" *As built:* Partly.\n- **S1.** "+sentence+"\n- plain\n"), "")
	expect(t, complaints("- **R1 to R3.** "+sentence+" *Not yet:* Later.\n- **R4.** "+sentence), "")
	expect(t, complaints("- **R1** "+sentence), "defines nothing")
	expect(t, complaints("- **R1 to S3.** "+sentence+" *Not yet:* Later."), "defines nothing")
	expect(t, complaints("- **T1.** "+sentence), "T1 belongs to another file")
	expect(t, complaints("- **R2.** "+sentence+"\n- **R2.** "+sentence), "2: R2 is out of its order")
	expect(t, complaints("- **R1.** "+sentence+" *Perhaps:* Later."), `R1 has the mark "Perhaps"`)
	expect(t, complaints("- **R1.** "+sentence+" *Not yet:*"), "R1 has a mark without a reason")
	expect(t, complaints("- **R1.** Yes. *Not yet:* Later."), "R1 says nothing")
	expect(t, complaints("- **R1 to R3.** "+sentence), "R1 shares a line")
}

func TestNumberRule(t *testing.T) {
	u := newUses()
	for path, source := range map[string]string{
		"pkg/p/p_test.go":          "package p\n\n// R1 is only spoken of.\nfunc TestR2_AndR3Too(t *testing.T) { t.Run(\"R4 a row\", nil); _ = \"PR5 R6a R1234 S256 %A4 U+00A5\" }\nfunc helpR7() {}\nfunc TestF2fold(t *testing.T) {}\nfunc TestS1S14_Both_R6_Too(t *testing.T) {}\n",
		"pkg/p/p.go":               "package p // see R9\n",
		"pkg/sim/oracle.go":        "package sim\nfunc check() { o.fail(\"L1\", \"late\"); o.say(\"L2\") }\n",
		"pkg/storetest/events.go":  "package storetest\nvar rows = []string{\"A4: a row\"}\n",
		"localstack/e2e/e_test.go": "package e\nfunc TestR8(t *testing.T) {}\n",
	} {
		if err := u.read(path, []byte(source)); err != nil {
			t.Fatal(err)
		}
	}
	var cited, named []string
	for n := range u.cited {
		cited = append(cited, n.String())
	}
	for n := range u.named {
		named = append(named, n.String())
	}
	slices.Sort(cited)
	slices.Sort(named)
	if got, want := strings.Join(cited, " "), "A4 L1 L2 R1 R2 R4 R6 R8 R9 S1 S14"; got != want {
		t.Errorf("cited: %s, want %s", got, want)
	}
	if got, want := strings.Join(named, " "), "A4 L1 R2 R4 R6 R8 S1 S14"; got != want {
		t.Errorf("named: %s, want %s", got, want)
	}

	one := func(text string, m mark, why string) definition {
		n := numberOf(text)
		return definition{number: n, last: n.n, mark: m, why: why}
	}
	rest := []definition{one("A4", held, ""), one("L1", held, ""), one("L2", notTested, "why"), one("R1", notYet, "later"), one("R2", asBuilt, "partly"), one("R4", held, ""),
		one("R6", held, ""), one("R8", notAdopted, "why"), one("R9", heldBy, "TestF2fold holds it."), one("S1", held, ""), one("S14", held, "")}
	with := func(name string, m mark, why string) []definition {
		changed := slices.Clone(rest)
		for i := range changed {
			if changed[i].String() == name {
				changed[i].mark, changed[i].why = m, why
			}
		}
		return changed
	}
	expect(t, checkNumbers(rest, u), "")
	expect(t, checkNumbers(rest[1:], u), "A4 is cited and not defined: pkg/storetest/events.go:2")
	expect(t, checkNumbers(append(rest, one("S14", held, "")), u), "S14 is defined twice")
	expect(t, checkNumbers(append(rest, one("S2", held, "")), u), "S2 is defined, and neither")
	expect(t, checkNumbers(with("L2", held, ""), u), "L2 is defined, and neither")
	expect(t, checkNumbers(with("R8", held, ""), u), "R8 is defined, and neither")
	expect(t, checkNumbers(with("R8", notYet, "later"), u), "R8 has the mark \"Not yet\", and a test names it: localstack")
	expect(t, checkNumbers(with("R4", notTested, "why"), u), "R4 has the mark \"Not tested\", and a test names it")
	expect(t, checkNumbers(with("R9", heldBy, "Nothing."), u), "R9 says no test")
	expect(t, checkNumbers(with("R9", heldBy, "TestNobodyWrote holds it."), u), "R9: there is no TestNobodyWrote")

	several := with("R1", notYet, "later")
	several[3].last = 1
	for i := range several {
		if several[i].String() == "R8" {
			several[i].last = 10
		}
	}
	several = slices.DeleteFunc(several, func(d definition) bool { return d.String() == "R9" })
	if got := checkNumbers(several, u); len(got) != 2 || !strings.Contains(got[0], "R8 is cited and shares") {
		t.Errorf("complaints = %q, want two about R8 and R9", got)
	}
}
