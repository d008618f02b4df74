package csvfile

import (
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"leasehold/pkg/entitlement"
)

// Row is one row of a file that somebody brings, by the names of its header row in small
// letters. Of a row that cannot be read, Wrong says why.
type Row struct {
	Line   int
	Cells  map[string]string
	Wrong  string
	Source string // as a file of commas has it
}

// Read reads a file with a header row, whose cells are divided by commas, semicolons or tabs,
// whichever its header row has. What Cell put before a sign of a formula is taken away again.
// Invalid: there is no header row, or there are too many rows.
func Read(text string, most int) (header []string, rows []Row, err error) {
	text = strings.TrimPrefix(text, "\uFEFF") // as spreadsheets begin a file
	if !utf8.ValidString(text) {
		return nil, nil, entitlement.Errorf(entitlement.Invalid, "The file is not in UTF-8: save it as CSV UTF-8.")
	}
	r := csv.NewReader(strings.NewReader(text))
	r.FieldsPerRecord, r.TrimLeadingSpace, r.ReuseRecord = -1, true, false
	first, _, _ := strings.Cut(strings.TrimLeft(text, "\r\n"), "\n")
	for _, divider := range []rune{';', '\t'} {
		if strings.Count(first, string(divider)) > strings.Count(first, string(r.Comma)) {
			r.Comma = divider
		}
	}

	if header, err = r.Read(); err != nil {
		return nil, nil, entitlement.Errorf(entitlement.Invalid, "The first line must name the columns.")
	}
	for i := range header {
		header[i] = strings.ToLower(strings.TrimSpace(header[i]))
	}

	for {
		cells, failed := r.Read()
		if errors.Is(failed, io.EOF) {
			return header, rows, nil
		}
		if len(rows) == most {
			return nil, nil, entitlement.Errorf(entitlement.Invalid, "One file holds at most %d lines: divide it.", most)
		}
		rows = append(rows, rowOf(header, cells, r, failed))
		// After a quote that is not closed nobody can tell where a row ends.
		if failed != nil {
			return header, rows, nil
		}
	}
}

func rowOf(header, cells []string, r *csv.Reader, failed error) Row {
	row := Row{Cells: map[string]string{}}
	if failed != nil {
		row.Wrong = "The line cannot be read, and neither can those after it: look at its quotes."
		if bad, is := errors.AsType[*csv.ParseError](failed); is {
			row.Line = bad.StartLine
		}
		return row
	}

	row.Line, _ = r.FieldPos(0)
	if len(cells) > len(header) {
		row.Wrong = "The line has more cells than the first line names columns."
	}

	for i, cell := range cells[:min(len(cells), len(header))] {
		cell = strings.TrimSpace(cell)
		// Our own files put an apostrophe before what a spreadsheet would take for a formula: it is
		// taken off again, and one that somebody wrote stays.
		if bare, quoted := strings.CutPrefix(cell, "'"); quoted && Cell(bare) != bare {
			cell = bare
		}
		row.Cells[header[i]] = cell
	}
	row.Source = Line(cells...)
	return row
}

// Line is one row as a file of commas has it, without its end.
func Line(cells ...string) string {
	var out strings.Builder
	w := csv.NewWriter(&out)
	w.Write(cells) // into memory, which does not fail
	w.Flush()
	return strings.TrimSuffix(out.String(), "\n")
}
