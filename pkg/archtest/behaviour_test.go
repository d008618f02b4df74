package archtest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// lastRule is the number of the last rule of behaviour that the list below answers for.
const lastRule = 183

// standing says how the product stands to a rule.
type standing string

const (
	held          standing = "held"           // a test of pkg names it and fails without it
	notYet        standing = "not yet"        // wanted, and not there; no test may name it
	notAdopted    standing = "not adopted"    // decided otherwise, and why
	notApplicable standing = "not applicable" // speaks of what the product does not have
)

// answer is how the product stands to the rules from first to last. why is a reason, or
// for a rule that is held what it does not cover.
type answer struct {
	first, last int
	standing    standing
	why         string
}

// behaviour is the living list: every rule stands in it once.
var behaviour = []answer{
	// Resource roles.
	{1, 8, held, ""},
	{9, 9, held, "Groups that are held by eligibility do not exist here, so their two roles do not either."},
	{10, 11, held, "By there being no such groups: the directory refuses to make them. What a SCIM server calls a group is taken as one."},
	{12, 12, notApplicable, "No directory has administrative roles to give; the administrators' group is refused as a resource."},
	{13, 13, notYet, "Resources are groups; applications with roles of their own come with their connectors."},
	{14, 14, held, ""},
	{15, 15, notYet, "Administrators alone keep catalogs; roles within one catalog are not delegated."},
	{16, 16, held, ""},
	{17, 19, notYet, "Resources ask for no attributes of people, and a resource request that names some is refused."},
	{20, 20, held, "How long a large edit takes is measured on the deployed stack."},
	{21, 21, notApplicable, "There are no teams above groups."},

	// Catalogs.
	{22, 23, held, ""},
	{24, 24, notYet, "People of other directories cannot sign in; the catalog keeps the switch and nothing reads it."},
	{25, 25, notYet, "It is a default of pages, and there are none; the API takes a catalog as closed to other directories unless it says so."},
	{26, 26, notYet, "Administrators alone create catalogs."},
	{27, 27, held, ""},
	{28, 28, notYet, "A package stays in its catalog; a move is answered as not supported."},

	// Who can request.
	{29, 29, held, ""},
	{30, 31, held, "Scopes of people outside of the directory are refused."},
	{32, 34, notYet, "There are no connected organizations."},
	{35, 35, held, "For requests. A policy for administrators has no switch that closes it to them as well; delete it instead."},
	{36, 36, held, ""},
	{37, 37, held, "Among the three ranks within the directory."},
	{38, 40, held, ""},
	{41, 41, notYet, "No mail is sent at all, and a policy that switches it off is refused."},
	{42, 43, held, ""},

	// Approval.
	{44, 50, held, ""},
	{51, 51, held, "Users, groups and the requestor's manager; a manager's manager and sponsors are refused."},
	{52, 52, held, "Also where a manager is there and cannot decide, before or while the request waits; after the fallbacks the alternates become approvers, and at last the administrators."},
	{53, 53, held, ""},
	{54, 54, notYet, "Sponsors come with connected organizations."},
	{55, 55, notYet, "It binds those who configure by pages, and there are none; the API takes a manager in each stage."},
	{56, 60, held, ""},
	{61, 61, notAdopted, "A request is forwarded after any delay from a minute on that is shorter than the stage's time limit, so that an urgent package can have an urgent stage."},
	{62, 62, held, "For the manager; a manager's manager is refused."},
	{63, 64, held, ""},
	{65, 65, notYet, "An approval stands; an administrator ends the assignment."},
	{66, 66, notYet, "Approvers' names are always shown, and a policy that hides them is refused."},
	{67, 67, notYet, "There are no custom extensions."},
	{68, 68, notYet, "There is no signal of risk."},
	{69, 69, held, "By reading the request under leasehold: no mail is sent, and there is one organization."},

	// Questions.
	{70, 76, notYet, "Policies ask no questions, and answers are refused."},

	// Lifecycle.
	{77, 77, held, ""},
	{78, 78, held, "From one minute on: no time at all is refused."},
	{79, 81, held, ""},
	{82, 82, held, "An administrator's update without an end leaves the end where it is; an update that would change nothing is refused."},
	{83, 84, held, ""},
	{85, 85, notAdopted, "An end is an instant, the same in every time zone, and the policy alone bounds how far it can be moved."},
	{86, 87, held, ""},
	{88, 88, held, "Whoever is deleted loses everything at once, so nothing is held by people who are gone."},
	{89, 89, held, ""},

	// Direct assignment.
	{90, 92, held, ""},
	{93, 93, notYet, "Each subject needs a request of its own: batches of calls are not served, and there are no pages."},
	{94, 95, held, ""},
	{96, 96, notYet, "A subject must be in the directory; an address of mail is refused."},
	{97, 97, notYet, "No mail is sent at all, so none is held back."},
	{98, 100, held, ""},

	// States.
	{101, 103, held, ""},
	{104, 104, notAdopted, "A filter finds the state that it names: what stays incomplete is partiallyDelivered or deliveryFailed after a quarter of an hour."},
	{105, 105, notYet, "People outside of the directory get nothing."},
	{106, 106, notYet, "Nobody is reminded of an end."},
	{107, 109, held, ""},
	{110, 110, notYet, "These are the words of pages, and there are none; the API shows states and statuses."},
	{111, 111, notYet, "The API lists each failing role with its reason and next attempt; the words and the count are those of pages."},
	{112, 112, notAdopted, "A delivery shows as failed after a quarter of an hour, or at once where the target refuses for good, and is tried on all the same for ever."},
	{113, 113, notAdopted, "Requests are kept for good, since they anchor assignments and their events."},
	{114, 114, notYet, "What the clock or a leaver ends has an event by the service, and no request."},

	// Cancel, reprocess, delete.
	{115, 115, held, ""},
	{116, 116, held, ""},
	{117, 117, held, "By administrators; roles within one catalog are not delegated."},
	{118, 118, notAdopted, "A request that began is ended by a removal, not canceled."},
	{119, 119, held, ""},
	{120, 120, notAdopted, "There is no deadline."},
	{121, 121, notAdopted, "It makes the next attempt due now."},
	{122, 122, held, "In every state before the end, not in delivered alone."},
	{123, 123, held, ""},
	{124, 124, held, "Open requests block it too. Whoever is deleted loses everything at once, so nobody is counted for thirty days."},
	{125, 126, notYet, "A finished request cannot be hidden: its deletion is answered as not supported."},

	// Visibility and link.
	{127, 128, held, ""},
	{129, 129, held, "The step for people of other directories aside."},
	{130, 130, notYet, "A package does not exist for those who may neither ask for it nor hold it; what is only to be looked at has no list."},
	{131, 131, notYet, "There are no pages to link to."},
	{132, 132, notYet, "People of other directories cannot sign in."},
	{133, 133, notYet, "Whoever sees a package sees its roles; there is no setting."},

	// Connected organizations and people outside.
	{134, 136, notYet, "There are no connected organizations."},
	{137, 146, notYet, "People outside of the directory get nothing, so no account of theirs is made, governed or taken away."},
	{147, 147, notYet, "There are no connected organizations."},

	// Delegated roles.
	{148, 176, notYet, "Administrators alone administer; roles within one catalog are not delegated."},

	// Incompatible access.
	{177, 178, held, "Fifty packages and fifty groups on the lists of one package."},
	{179, 179, held, "Until the assignment has ended: that its roles are still being taken away stands in nobody's way."},
	{180, 180, held, "Nor extend: more time is refused, to administrators too, and less is taken."},
	{181, 181, notApplicable, "Every group of the directory may be listed; groups that a rule or another directory fills do not exist here."},
	{182, 182, notYet, "Who holds both is not listed: additionalAccess is answered as not supported."},
	{183, 183, held, ""},
}

// named is where a rule is named, by the rule's number.
type named map[int][]string

var (
	ruleInText = regexp.MustCompile(`\bR([1-9][0-9]{0,2})\b`)
	ruleInName = regexp.MustCompile(`R([1-9][0-9]{0,2})(?:_|[A-Z]|$)`)
)

// read notes the rules that a test file names: in the names of its tests, and in
// its strings, which are the names of subtests and of rows. A comment names nothing.
func (n named) read(path string, source []byte) error {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, source, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	note := func(pattern *regexp.Regexp, text string, at token.Pos) {
		for _, match := range pattern.FindAllStringSubmatch(text, -1) {
			number, _ := strconv.Atoi(match[1])
			n[number] = append(n[number], files.Position(at).String())
		}
	}
	ast.Inspect(file, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.FuncDecl:
			if strings.HasPrefix(node.Name.Name, "Test") {
				note(ruleInName, node.Name.Name, node.Pos())
			}
		case *ast.BasicLit:
			if node.Kind == token.STRING {
				note(ruleInText, node.Value, node.Pos())
			}
		}
		return true
	})
	return nil
}

// inPkg returns the places below pkg, whose tests need nothing but Go.
func (n named) inPkg(rule int) []string {
	return slices.DeleteFunc(slices.Clone(n[rule]), func(place string) bool { return !within(place, "pkg") })
}

// checkBehaviour complains about rules that the list leaves out or answers twice, about
// answers without a reason, and about answers that the tests contradict.
func checkBehaviour(answers []answer, last int, names named) (complaints []string) {
	complain := func(format string, args ...any) { complaints = append(complaints, fmt.Sprintf(format, args...)) }
	next := 1
	for _, a := range answers {
		if a.first != next || a.last < a.first {
			complain("R%d to R%d stands where R%d should", a.first, a.last, next)
		}
		next = a.last + 1
		if a.why == "" && a.standing != held {
			complain("R%d is %s without a reason", a.first, a.standing)
		}
		for rule := a.first; rule <= a.last; rule++ {
			places := names.inPkg(rule)
			if a.standing == held && len(places) == 0 {
				complain("R%d is held, and no test of pkg names it", rule)
			}
			if a.standing == notYet && len(names[rule]) > 0 {
				complain("R%d is not yet, and a test names it: %s", rule, names[rule][0])
			}
		}
	}
	if next != last+1 {
		complain("the list ends at R%d, want R%d", next-1, last)
	}
	return complaints
}

func TestBehaviour_EveryRuleIsAnsweredFor(t *testing.T) {
	names := named{}
	for _, path := range strings.Fields(string(command(t, "git", "ls-files", "--cached", "--others", "--exclude-standard", "*_test.go"))) {
		if path == "pkg/archtest/behaviour_test.go" {
			continue
		}
		source, err := os.ReadFile(filepath.Join(root, path))
		if os.IsNotExist(err) {
			continue // deleted, not yet committed
		}
		if err == nil {
			err = names.read(path, source)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, complaint := range checkBehaviour(behaviour, lastRule, names) {
		t.Error(complaint)
	}

	count := map[standing]int{}
	for _, a := range behaviour {
		count[a.standing] += a.last - a.first + 1
	}
	t.Logf("%d rules: %d held, %d not yet, %d not adopted, %d not applicable", lastRule, count[held], count[notYet], count[notAdopted], count[notApplicable])
	for _, a := range behaviour {
		if a.why != "" {
			t.Logf("R%d to R%d, %s: %s", a.first, a.last, a.standing, a.why)
		}
	}
}

func TestBehaviourRule(t *testing.T) {
	names := named{}
	source := "package p\n\n// R1 is only spoken of.\nfunc TestR2_AndR3Too(t *testing.T) { t.Run(\"R4 a row\", nil); _ = \"PR5 R6a R1234\" }\nfunc helpR7() {}\n"
	if err := names.read("pkg/p/p_test.go", []byte(source)); err != nil {
		t.Fatal(err)
	}
	if err := names.read("localstack/e2e/e_test.go", []byte("package e\nfunc TestR8(t *testing.T) {}\n")); err != nil {
		t.Fatal(err)
	}
	if len(names) != 4 || len(names[2])+len(names[3])+len(names[4])+len(names[8]) != 4 {
		t.Errorf("named: %v", names)
	}

	expect(t, checkBehaviour([]answer{{1, 1, notYet, "later"}, {2, 4, held, ""}}, 4, names), "")
	expect(t, checkBehaviour([]answer{{1, 1, held, ""}, {2, 4, held, ""}}, 4, names), "R1 is held, and no test of pkg names it")
	expect(t, checkBehaviour([]answer{{1, 7, notAdopted, "no"}, {8, 8, held, ""}}, 8, names), "R8 is held, and no test of pkg names it")
	expect(t, checkBehaviour([]answer{{1, 7, notAdopted, "no"}, {8, 8, notYet, "later"}}, 8, names), "R8 is not yet, and a test names it: localstack")
	expect(t, checkBehaviour([]answer{{1, 1, notYet, "later"}, {3, 4, held, ""}}, 4, names), "R3 to R4 stands where R2 should")
	expect(t, checkBehaviour([]answer{{1, 1, notYet, "later"}, {2, 3, held, ""}}, 4, names), "the list ends at R3, want R4")
	expect(t, checkBehaviour([]answer{{1, 1, notApplicable, ""}}, 1, names), "R1 is not applicable without a reason")
}
