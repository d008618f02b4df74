package portal

import (
	"go/ast"
	"go/parser"
	"go/token"
	"leasehold/pkg/catalogs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"leasehold/pkg/entitlement"
)

// said are the texts that code hands to the catalog, by hand and through tables of words.
func said(t *testing.T) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			call, is := n.(*ast.CallExpr)
			if !is {
				return true
			}
			name, is := call.Fun.(*ast.SelectorExpr)
			if !is || name.Sel.Name != "T" || len(call.Args) == 0 {
				return true
			}
			if text, is := call.Args[0].(*ast.BasicLit); is {
				plain, err := strconv.Unquote(text.Value)
				if err != nil {
					t.Fatal(err)
				}
				all[plain] = true
			}
			return true
		})
	}
	for _, words := range []map[string]string{stateWords, {"1": failureWords(404), "2": failureWords(403), "3": failureWords(400), "4": failureWords(500)}} {
		for _, word := range words {
			all[word] = true
		}
	}
	for _, word := range subjectWords {
		all[word] = true
	}
	for _, word := range driftWords {
		all[word] = true
	}
	for _, word := range driftKinds {
		all[word] = true
	}
	for _, word := range presenceWords {
		all[word] = true
	}
	for _, words := range []map[entitlement.RoleID]string{roleWords, roleTasks} {
		for _, word := range words {
			all[word] = true
		}
	}
	for _, word := range eventWords {
		all[word] = true
	}
	for _, words := range []map[entitlement.HindranceKind]string{hindranceWords, ownHindranceWords} {
		for _, word := range words {
			all[word] = true
		}
	}
	for _, word := range kindWords {
		all[word] = true
	}
	for _, word := range accountWords {
		all[word] = true
	}
	for _, word := range slices.Concat(settingWords, settingHelps, parkerWords) {
		all[word[1]] = true
	}
	for _, word := range importWords {
		all[word] = true
	}
	for _, word := range sourceWords {
		all[word] = true
	}
	for _, c := range slices.Concat(organizationStates, externalActions, insightLevels) {
		all[c.Words] = true
	}
	for _, i := range catalogs.Inactives {
		all[i.Means] = true
	}
	for _, a := range administrations {
		all[a.name], all[a.about] = true, true
	}
	for _, word := range hiddenWords {
		all[word] = true
	}
	for _, step := range []string{"Asked", "Waits for a decision", "Approved", "Denied"} {
		all[step] = true
	}
	for _, item := range (&visit{}).Menu() {
		all[item.name] = true
	}
	return all
}

func TestEveryTextIsInEveryLanguage(t *testing.T) {
	all := said(t)
	verbs := regexp.MustCompile(`%[a-z]`)
	for text := range all {
		translated, there := german[text]
		if !there {
			t.Errorf("%q has no German", text)
		}
		if got, want := len(verbs.FindAllString(translated, -1)), len(verbs.FindAllString(text, -1)); got != want {
			t.Errorf("%q: the German has %d places, want %d", text, got, want)
		}
	}
	for text := range german {
		if !all[text] {
			t.Errorf("nobody says %q", text)
		}
	}
}

func TestNumbersHaveTheirPlural(t *testing.T) {
	for lang, want := range map[language.Tag][2]string{language.English: {"one day", "30 days"}, language.German: {"einen Tag", "30 Tage"}} {
		v := &visit{words: message.NewPrinter(lang, message.Catalog(texts))}
		if got := [2]string{v.Days(1), v.Days(30 * 24 * 3600e9)}; got != want {
			t.Errorf("%s: %q, want %q", lang, got, want)
		}
	}
}

// Nobody is led to another site by signing in, and nobody to a page that signs in or out (A21).
func TestA21_SigningInLeadsToPagesOfThisSiteAlone(t *testing.T) {
	for path, want := range map[string]string{
		"/packages/1?a=b": "/packages/1?a=b", "": "/", "packages": "/", "//evil.example": "/", "/\\evil.example": "/", "https://evil.example/": "/", "http:evil": "/",
		"/\t/evil.example": "/", "/sign-out": "/", "/sign-in?return=x": "/", "/signed-in?code=1": "/", "///evil": "/", "javascript:alert(1)": "/", "/%zz": "/",
		"/../../evil": "/", "/%2e%2e/%2E./evil": "/", "/packages/..": "/",
	} {
		if got := local(path); got != want {
			t.Errorf("%q leads to %q, want %q", path, got, want)
		}
	}
}

// What changes something is never a GET, and what is a GET never changes anything (A21).
func TestA21_FormsArePosts(t *testing.T) {
	for _, r := range routes {
		switch r.method {
		case "GET", "POST":
		default:
			t.Errorf("%s %s: neither GET nor POST", r.method, r.pattern)
		}
	}

	// Every form in the pages carries the token of its session, but for those that only look.
	files, err := filepath.Glob("*.templ")
	if err != nil || len(files) == 0 {
		t.Fatal("no pages", err)
	}
	form := regexp.MustCompile(`(?s)<form.*?</form>`)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range form.FindAllString(string(text), -1) {
			if posts := strings.Contains(f, `method="post"`); posts != strings.Contains(f, "@formOf(v)") {
				t.Errorf("%s: %.120s", file, f)
			}
		}
		if strings.Contains(string(text), "templ.Raw") || strings.Contains(string(text), "<script") || strings.Contains(string(text), "style=") {
			t.Errorf("%s holds raw text, a script or a style of its own", file)
		}
	}
}

func TestALastDayBelongsToTheTime(t *testing.T) {
	s, err := (&visit{}).untilDate("2030-12-31")
	if err != nil || s.Expiration.Type != entitlement.ExpireAfterDateTime || s.Expiration.End.Format("2006-01-02 15:04") != "2031-01-01 00:00" {
		t.Errorf("%+v, %v", s, err)
	}
	if s, err = (&visit{}).untilDate(""); err != nil || s != (entitlement.Schedule{}) {
		t.Errorf("%+v, %v", s, err)
	}
	if _, err = (&visit{}).untilDate("soon"); entitlement.KindOf(err) != entitlement.Invalid {
		t.Errorf("%v", err)
	}
}

// A day that somebody types is one of their zone: of 25 hours where clocks are put back on it.
func TestADayThatIsTypedIsOneOfTheVisitorsZone(t *testing.T) {
	v := &visit{}
	v.prefer(entitlement.Preferences{Language: "de", TimeZone: "Europe/Berlin"})
	for day, end := range map[string]string{"2030-10-27": "2030-10-27T23:00:00Z", "2030-03-31": "2030-03-31T22:00:00Z", "2030-12-31": "2030-12-31T23:00:00Z"} {
		s, err := v.untilDate(day)
		if err != nil || s.Expiration.End.UTC().Format(time.RFC3339) != end || v.lastDayOf(s.Expiration.End) != day {
			t.Errorf("%s: %s, which is shown as %s, %v", day, s.Expiration.End.UTC(), v.lastDayOf(s.Expiration.End), err)
		}
	}
	if got := v.Moment(time.Date(2030, 10, 27, 1, 30, 0, 0, time.UTC)); got != "27.10.2030, 02:30 CET" {
		t.Error(got)
	}
	v.prefer(entitlement.Preferences{TimeZone: "Europe/Nowhere"}) // a zone that is gone changes nothing
	if v.zoneName() != "Europe/Berlin" || (&visit{}).zoneName() != "UTC" {
		t.Error(v.zoneName())
	}
}

// Bars stand within the drawing whatever their values, and what is nothing has none.
func TestBarsStandWithinTheDrawing(t *testing.T) {
	var c chart
	c.add("2030-01-01", 0, 0)
	c.add("2030-01-02", 1, 100000)
	c.add("2030-01-03", 5e18, 3)
	for _, b := range c.Bars() {
		y, _ := strconv.ParseFloat(b.Y, 64)
		high, _ := strconv.ParseFloat(b.Height, 64)
		if y < 0 || high < 2 || y+high > chartHigh+0.01 {
			t.Errorf("%+v", b)
		}
	}
	if n := len(c.Bars()); n != 4 {
		t.Errorf("%d bars", n)
	}
	if len((chart{Days: []string{"x"}, Values: [][2]float64{{}}}).Bars()) != 0 {
		t.Error("a bar of nothing")
	}
}
