package authz

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"leasehold/pkg/entitlement"
)

// tableFile is the table of who may do what by which role, for readers. It is made of the
// policies: UPDATE=1 writes it anew.
const tableFile = "ROLES.md"

// table writes a row for each action, and a column for each role.
func table() string {
	var b strings.Builder
	b.WriteString("# Delegated roles\n\nWhat each delegated role lets do, on what is in the catalog in which it is held, or everywhere where it is held in the\nwhole organisation. Administrators may do all of this. The table is made of the policies in `policies`, which are what\ndecides; a test compares the two. `UPDATE=1 go test ./pkg/authz -run TheTableOfRoles` writes it anew.\n\n")
	var columns []entitlement.RoleID
	for _, d := range entitlement.RoleDefinitions {
		columns = append(columns, d.ID)
		fmt.Fprintf(&b, "| %s ", d.DisplayName)
	}
	intro := b.String()
	b.Reset()
	i := strings.Index(intro, "| ")
	b.WriteString(intro[:i] + "| Action " + intro[i:] + "|\n|---" + strings.Repeat("|:-:", len(columns)) + "|\n")
	for a := Action(1); a < actionCount; a++ {
		roles := RolesFor(a)
		if len(roles) == 0 {
			continue
		}
		fmt.Fprintf(&b, "| %s ", a)
		for _, role := range columns {
			mark := ""
			if slices.Contains(roles, role) {
				mark = "x"
			}
			fmt.Fprintf(&b, "| %s ", mark)
		}
		b.WriteString("|\n")
	}
	return b.String()
}

func TestTheTableOfRolesIsThatOfThePolicies(t *testing.T) {
	want := table()
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(tableFile, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(tableFile)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s is not what the policies say: run this with UPDATE=1, and look at what changed", tableFile)
	}
}
