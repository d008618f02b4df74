package archtest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// paragraphLines is from how many lines on a function has steps that a reader must be able to tell
// apart.
const paragraphLines = 15

// Bounds, in percent of the functions of paragraphLines or more, tests aside.
const (
	maxUnbroken    = 25 // with no blank line inside
	maxUncommented = 45 // with no comment inside
)

// paragraphs counts the functions of a package that are long enough to need steps.
type paragraphs struct {
	long, unbroken, uncommented int
}

func (p *paragraphs) add(o paragraphs) {
	p.long, p.unbroken, p.uncommented = p.long+o.long, p.unbroken+o.unbroken, p.uncommented+o.uncommented
}

func (p paragraphs) String() string {
	return fmt.Sprintf("%4d long functions, %3.0f %% without a blank line, %3.0f %% without a comment", p.long, percent(p.unbroken, p.long), percent(p.uncommented, p.long))
}

func percent(n, of int) float64 { return 100 * float64(n) / float64(max(of, 1)) }

// complaints says where the counts are past the bounds.
func (p paragraphs) complaints() (complaints []string) {
	if got := percent(p.unbroken, p.long); got > maxUnbroken {
		complaints = append(complaints, fmt.Sprintf("%.0f %% of the functions of %d lines or more have no blank line between steps, the bound is %d %%", got, paragraphLines, maxUnbroken))
	}
	if got := percent(p.uncommented, p.long); got > maxUncommented {
		complaints = append(complaints, fmt.Sprintf("%.0f %% of the functions of %d lines or more have no comment that says why, the bound is %d %%", got, paragraphLines, maxUncommented))
	}
	return complaints
}

// countParagraphs looks at the functions of one file.
func countParagraphs(path string, source []byte) (p paragraphs, err error) {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, source, parser.ParseComments)
	if err != nil {
		return p, err
	}
	lines := strings.Split(string(source), "\n")

	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Body == nil {
			continue
		}
		first, last := files.Position(f.Pos()).Line, files.Position(f.End()).Line
		if last-first+1 < paragraphLines {
			continue
		}

		p.long++
		if !slices.ContainsFunc(lines[first:last-1], func(line string) bool { return strings.TrimSpace(line) == "" }) {
			p.unbroken++
		}
		if !slices.ContainsFunc(file.Comments, func(c *ast.CommentGroup) bool { return c.Pos() > f.Body.Lbrace && c.End() < f.Body.Rbrace }) {
			p.uncommented++
		}
	}
	return p, nil
}

// TestParagraphs holds that functions long enough to have steps show them, and say why where the
// code cannot.
func TestParagraphs(t *testing.T) {
	packages := map[string]*paragraphs{}
	tracked := strings.Fields(string(command(t, "git", "ls-files", "--cached", "--others", "--exclude-standard", "*.go")))
	for _, path := range tracked {
		if strings.HasSuffix(path, "_test.go") || strings.Contains(path, "/testdata/") {
			continue
		}
		source, err := os.ReadFile(filepath.Join(root, path))
		if os.IsNotExist(err) {
			continue // deleted, not yet committed
		}
		if err != nil {
			t.Fatal(err)
		}

		p, err := countParagraphs(path, source)
		if err != nil {
			t.Fatal(err)
		}
		folder := filepath.ToSlash(filepath.Dir(path))
		if packages[folder] == nil {
			packages[folder] = &paragraphs{}
		}
		packages[folder].add(p)
	}

	var all paragraphs
	for _, folder := range slices.Sorted(maps.Keys(packages)) {
		p := *packages[folder]
		if p.long > 0 {
			t.Logf("%-32s %v", folder, p)
		}
		all.add(p)
	}
	t.Logf("%-32s %v", "in all", all)

	for _, complaint := range all.complaints() {
		t.Error(complaint)
	}
}

func TestParagraphRule(t *testing.T) {
	count := func(body string) paragraphs {
		p, err := countParagraphs("a.go", []byte("package p\n\n// F does.\nfunc F() {\n"+body+"}\n"))
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	step := "\tf()\n"
	if got := count(strings.Repeat(step, 12)); got != (paragraphs{}) {
		t.Errorf("a function of 14 lines: %v", got)
	}
	if got, want := count(strings.Repeat(step, 13)), (paragraphs{1, 1, 1}); got != want {
		t.Errorf("no blank line, no comment: %v, want %v", got, want)
	}
	if got, want := count(strings.Repeat(step, 6)+"\n"+strings.Repeat(step, 6)), (paragraphs{1, 0, 1}); got != want {
		t.Errorf("a blank line: %v, want %v", got, want)
	}
	if got, want := count(strings.Repeat(step, 12)+"\tf() // since\n"), (paragraphs{1, 1, 0}); got != want {
		t.Errorf("a comment: %v, want %v", got, want)
	}

	expect(t, paragraphs{4, 1, 0}.complaints(), "")
	expect(t, paragraphs{4, 2, 0}.complaints(), "50 % of the functions of 15 lines or more have no blank line")
	expect(t, paragraphs{4, 0, 2}.complaints(), "50 % of the functions of 15 lines or more have no comment")
}
