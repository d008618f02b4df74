package directory_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"leasehold/pkg/authz"
	"leasehold/pkg/directory"
	"leasehold/pkg/entitlement"
)

// rows are rows of a file: cells by the columns, divided by |.
func rows(columns string, lines ...string) (all []directory.ImportRow) {
	for i, line := range lines {
		row := directory.ImportRow{Line: i + 2, Values: map[string]string{}}
		cells := strings.Split(line, "|")
		for at, name := range strings.Split(strings.ToLower(columns), "|") {
			row.Values[name] = cells[at]
		}
		all = append(all, row)
	}
	return all
}

func among(all []directory.ImportRow) (names []string) {
	for _, r := range all {
		names = append(names, r.UPN())
	}
	return names
}

// standings are what the check says of rows.
func standings(t *testing.T, s *directory.Service, all []directory.ImportRow) (lines []directory.ImportLine, words []string) {
	t.Helper()
	lines, err := s.CheckImport(t.Context(), by.Caller, all, among(all))
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range lines {
		words = append(words, string(l.Standing))
	}
	return lines, words
}

// apply applies what can be, until nothing is left for later.
func apply(t *testing.T, s *directory.Service, all []directory.ImportRow) {
	t.Helper()
	for range 5 {
		lines, _ := standings(t, s, all)
		ready := slices.DeleteFunc(lines, func(l directory.ImportLine) bool {
			return l.Standing != directory.ImportNew && l.Standing != directory.ImportChanged
		})
		if len(ready) == 0 {
			return
		}
		came, err := s.Import(t.Context(), by, ready)
		if err != nil {
			t.Fatal(err)
		}
		for i, c := range came {
			if c.Err != nil {
				t.Errorf("line %d: %v", ready[i].Line, c.Err)
			}
		}
	}
	t.Error("the import does not come to its end")
}

func TestAnImportSaysOfEachLineWhatComesOfItAndChangesNothing(t *testing.T) {
	s := newService()
	must(s.CreateUser(t.Context(), by, entitlement.User{Type: entitlement.Member, DisplayName: "Ann", UserPrincipalName: "ann@x.example", Department: "Sales", Enabled: true}))(t)
	const columns = "userPrincipalName|displayName|department|mail|accountEnabled|manager"
	all := rows(columns,
		"ANN@x.example|Ann|Sales||true|",
		"bob@x.example|Bob|Sales|bob@x.example||ann@x.example",
		"cid@x.example|Cid|||false|bob@x.example",
		"|Nobody||||",
		"bob@x.example|Bob again||||",
		"dan@x.example|Dan||no mail||",
		"eve@x.example|Eve||||nobody@x.example",
		"fay@x.example|Fay||||fay@x.example",
		"gus@x.example|Gus|||perhaps|",
		"hal@x.example|||||")
	lines, got := standings(t, s, all)
	want := []string{"same", "new", "new", "wrong", "wrong", "wrong", "wrong", "wrong", "wrong", "wrong"}
	if !slices.Equal(got, want) {
		t.Errorf("standings %v, want %v", got, want)
	}
	for i, says := range map[int]string{3: "userPrincipalName must be given", 4: "Line 3 is about the same person", 5: "mail must be", 6: "nobody@x.example", 7: "their own manager", 8: "true or false", 9: "displayName"} {
		if !strings.Contains(lines[i].Why, says) {
			t.Errorf("line %d says %q, want %q", lines[i].Line, lines[i].Why, says)
		}
	}
	if list, err := s.ListUsers(t.Context(), by.Caller, entitlement.Page{}); err != nil || len(list.Items) != 1 {
		t.Errorf("the check changed something: %+v, %v", list.Items, err)
	}

	// What is empty stays; what differs is said with what was.
	lines, got = standings(t, s, rows(columns, "ann@x.example|Ann B.||ann@x.example|false|"))
	if got[0] != "changed" || !lines[0].Disables || lines[0].User.Department != "Sales" {
		t.Errorf("changed: %+v", lines[0])
	}
	if said := fmt.Sprint(lines[0].Changes); said != "[{displayName Ann Ann B.} {mail  ann@x.example} {accountEnabled true false}]" {
		t.Errorf("the changes: %s", said)
	}
}

func TestAnImportMayBeAppliedTwiceAndInPieces(t *testing.T) {
	s := newService()
	const columns = "userPrincipalName|displayName|manager"
	var lines []string
	for i := range 40 {
		lines = append(lines, fmt.Sprintf("p%d@x.example|P %d|p%d@x.example", i, i, (i+1)%40)) // each has the next one as manager
	}
	all := rows(columns, lines...)

	// A call that was cut short did the first half, of which the last one's manager is not there.
	half, err := s.CheckImport(t.Context(), by.Caller, all[:20], among(all))
	if err != nil {
		t.Fatal(err)
	}
	came, err := s.Import(t.Context(), by, half)
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range came {
		if c.Err != nil || c.Later != (i == 19) {
			t.Errorf("line %d: %+v", i, c)
		}
	}
	apply(t, s, all)

	_, got := standings(t, s, all)
	if slices.ContainsFunc(got, func(w string) bool { return w != "same" }) {
		t.Errorf("the same file again: %v", got)
	}
	last, next := must(s.UserNamed(t.Context(), by.Caller, "p39@x.example"))(t), must(s.UserNamed(t.Context(), by.Caller, "p0@x.example"))(t)
	if last.Manager != next.ID {
		t.Errorf("the manager of the last one is %q", last.Manager)
	}
}

func TestOnlyWhoMayCreateAndEditPeopleImportsThem(t *testing.T) {
	s := newService()
	nobody := authz.Command{Caller: authz.Caller{ID: "x", Scopes: authz.Every}, CommandID: "c"}.As(entitlement.User{ID: "x", Enabled: true})
	if _, err := s.CheckImport(t.Context(), nobody.Caller, nil, nil); entitlement.KindOf(err) != entitlement.Forbidden {
		t.Errorf("check: %v", err)
	}
	if _, err := s.Import(t.Context(), nobody, nil); entitlement.KindOf(err) != entitlement.Forbidden {
		t.Errorf("import: %v", err)
	}
	if _, err := s.CheckImport(t.Context(), by.Caller, make([]directory.ImportRow, directory.MaxImport+1), nil); entitlement.KindOf(err) != entitlement.Invalid {
		t.Errorf("too many: %v", err)
	}
}

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}
