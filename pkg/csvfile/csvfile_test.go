package csvfile_test

import (
	"encoding/csv"
	"strings"
	"testing"

	"leasehold/pkg/csvfile"
)

func TestA10_NoCellIsRunAsAFormula(t *testing.T) {
	for text, want := range map[string]string{
		"=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@SUM(A1)": "'@SUM(A1)", "\t=1": "'\t=1", "\r=1": "'\r=1", "\n=1": "'\n=1", "  =1": "'  =1", "＝1": "'＝1",
		"Ann": "Ann", "a=b": "a=b", "": "", "O'Neill": "O'Neill", "Ärzte": "Ärzte",
	} {
		if got := csvfile.Cell(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}

	f := csvfile.New("one", "two")
	f.Add("=1", `A "quoted", name`)
	rows, err := csv.NewReader(strings.NewReader(string(f.Bytes()))).ReadAll()
	if err != nil || len(rows) != 2 || rows[1][0] != "'=1" || rows[1][1] != `A "quoted", name` {
		t.Errorf("%v, %v", rows, err)
	}
}
