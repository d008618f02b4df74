package portal

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"

	"leasehold/pkg/csvfile"
	"leasehold/pkg/directory"
	"leasehold/pkg/entitlement"
)

const importPath = "/administration/import"

// maxImportForm bounds a form that brings, or carries on, a file of people.
const maxImportForm = 2 << 20

// largeForms are the pages whose forms hold more than maxForm.
var largeForms = map[string]int64{importPath: maxImportForm, importPath + "/apply": maxImportForm}

// How many lines of a sort the page shows; of the others it tells how many they are.
const (
	maxLinesShown = 100
	maxNewShown   = 50
)

// importPage is what comes of the lines of a file. What was found to be ready is carried in
// the page, and applied some lines at a time.
type importPage struct {
	Text    string // to be corrected
	Header  []string
	Lines   []directory.ImportLine
	Sources []string // of the lines, as they are carried on
	Counts  map[directory.ImportStanding]int
	Ready   int // lines that would be applied
	Rest    string
	Waiting int    // lines of Rest beyond those that are shown
	Seen    string // digest of what would be applied first
	Disable bool   // the visitor agreed that people are disabled
	Offs    int    // people who would be
	Applied int
	Looked  bool // a file was checked, or applied
	Problem string

	Shown map[directory.ImportStanding][]directory.ImportLine // the lines that are listed
	Kept  string                                              // the name of what is too long for the form
	Long  bool                                                // what is to be corrected is too long for the field
}

func importForm(ctx context.Context, v *visit) (answer, error) {
	if _, err := v.Directory.CheckImport(ctx, v.by.Caller, nil, nil); err != nil {
		return answer{}, err
	}
	return page(importView(v, importPage{}))
}

// importSent is the text of the form, with that of a file that came with it.
func (v *visit) importSent() (string, error) {
	text := strings.TrimSpace(v.request.PostForm.Get("lines"))
	if v.request.MultipartForm == nil {
		return text, nil
	}

	f, _, err := v.request.FormFile("file")
	if errors.Is(err, http.ErrMissingFile) {
		return text, nil
	}
	if err != nil {
		return text, entitlement.Errorf(entitlement.Invalid, "The file could not be read. Paste its lines into the field.")
	}
	defer f.Close()
	sent, err := io.ReadAll(io.LimitReader(f, maxImportForm))
	if err != nil {
		return text, entitlement.Errorf(entitlement.Invalid, "The file could not be read. Paste its lines into the field.")
	}

	// A browser sends an empty file where none was chosen: the field counts then.
	if len(strings.TrimSpace(string(sent))) > 0 {
		return strings.TrimSpace(string(sent)), nil
	}
	return text, nil
}

// checkImport says of each line what would come of it, and changes nothing.
func checkImport(ctx context.Context, v *visit) (answer, error) {
	text, err := v.importSent()
	if err != nil {
		return answer{}, err
	}
	shown, err := v.checkFile(ctx, text)
	return v.importAnswer(ctx, shown, err)
}

// importAnswer shows the page, with what is wrong at its top where that is the visitor's to
// correct.
func (v *visit) importAnswer(ctx context.Context, shown importPage, err error) (answer, error) {
	status := 0
	if err != nil {
		kind := entitlement.KindOf(err)
		if kind != entitlement.Invalid && kind != entitlement.Conflict {
			return answer{}, err
		}
		shown.Problem, status = v.said(err), kind.HTTPStatus()
	}
	if err := v.carry(ctx, &shown); err != nil {
		return answer{}, err
	}
	return answer{status: status, page: importView(v, shown)}, nil
}

// importRows reads a text, and refuses columns that nobody knows.
func (v *visit) importRows(text string) (header []string, rows []csvfile.Row, err error) {
	if text == "" {
		return nil, nil, entitlement.Errorf(entitlement.Invalid, "%s", v.T("Choose a file, or paste its lines."))
	}
	if header, rows, err = csvfile.Read(text, directory.MaxImport); err != nil {
		return nil, nil, err
	}

	known := strings.Split(strings.ToLower(strings.Join(directory.ImportColumns(), " ")), " ")

	// A column that is not known is refused, not ignored: the file meant something by it.
	for i, name := range header {
		if !slices.Contains(known, name) {
			return nil, nil, entitlement.Errorf(entitlement.Invalid, "%s", v.T("The first line names the column %s, which is none of: %s.", name, strings.Join(directory.ImportColumns(), ", ")))
		}
		if slices.Contains(header[:i], name) {
			return nil, nil, entitlement.Errorf(entitlement.Invalid, "%s", v.T("The first line names the column %s twice.", name))
		}
	}

	if !slices.Contains(header, "userprincipalname") {
		return nil, nil, entitlement.Errorf(entitlement.Invalid, "%s", v.T("The first line must name the column userPrincipalName: people are known by it."))
	}
	return header, rows, nil
}

func ofRows(rows []csvfile.Row) (all []directory.ImportRow) {
	for _, r := range rows {
		all = append(all, directory.ImportRow{Line: r.Line, Values: r.Cells, Wrong: r.Wrong})
	}
	return all
}

func namesIn(rows []csvfile.Row) (all []string) {
	for _, r := range rows {
		if name := r.Cells["userprincipalname"]; name != "" {
			all = append(all, name)
		}
	}
	return all
}

// checkFile checks a whole file.
func (v *visit) checkFile(ctx context.Context, text string) (importPage, error) {
	shown := importPage{Text: text}
	header, rows, err := v.importRows(text)
	if err != nil {
		return shown, err
	}
	shown.Header, shown.Looked = header, true
	if shown.Lines, err = v.Directory.CheckImport(ctx, v.by.Caller, ofRows(rows), namesIn(rows)); err != nil {
		return shown, err
	}
	shown.settle(rows)
	return shown, nil
}

// settle counts the lines, and carries on those that are ready.
func (p *importPage) settle(rows []csvfile.Row) {
	p.Counts = map[directory.ImportStanding]int{}
	var wrong, first []string
	var ready []directory.ImportLine
	for i, l := range p.Lines {
		p.Counts[l.Standing]++
		switch l.Standing {
		case directory.ImportWrong:
			wrong = append(wrong, rows[i].Source)
		case directory.ImportNew, directory.ImportChanged:
			if l.Disables {
				p.Offs++
			}
			ready, first = append(ready, l), append(first, rows[i].Source)
		}
	}

	p.Ready = len(ready)
	p.Rest = strings.Join(first, "\n")
	p.Seen = seenOf(ready[:min(len(ready), directory.ImportAtOnce)])

	// Only the lines that are wrong go back into the field, to be corrected there: the ready ones
	// travel hidden.
	p.Text = ""
	if len(wrong) > 0 {
		p.Text = strings.Join(p.Header, ",") + "\n" + strings.Join(wrong, "\n")
	}
}

// seenOf is a digest of what lines would change, so that nothing else is.
func seenOf(lines []directory.ImportLine) string {
	var all []any
	for _, l := range lines {
		all = append(all, l.UPN(), l.Standing, l.Changes, l.Disables)
	}
	return seen(all...)
}

// applyImport applies the first of the lines that were shown, and shows the rest.
func applyImport(ctx context.Context, v *visit) (answer, error) {
	kept, err := v.carried(ctx)
	if err != nil {
		return answer{}, err
	}
	header, rows, err := v.importRows(kept.Columns + "\n" + kept.Rest)
	if err != nil {
		return v.importAnswer(ctx, importPage{}, err)
	}

	some, rest := rows[:min(len(rows), directory.ImportAtOnce)], rows[min(len(rows), directory.ImportAtOnce):]
	among := namesIn(rows)
	lines, err := v.Directory.CheckImport(ctx, v.by.Caller, ofRows(some), among)
	if err != nil {
		return v.importAnswer(ctx, importPage{}, err)
	}
	left := kept.Left
	if seenOf(lines) != v.typed("seen") {
		shown, err := v.checkFile(ctx, kept.Columns+"\n"+kept.Rest)
		if err == nil {
			err = entitlement.Errorf(entitlement.Conflict, "%s", v.T("What these lines would change is not what the page showed any more. Nothing was applied: look at them again."))
		}
		shown.keep(left)
		return v.importAnswer(ctx, shown, err)
	}

	disable := v.ticked("disable")
	var todo []directory.ImportLine
	var of []csvfile.Row
	for i, l := range lines {
		if (l.Standing == directory.ImportNew || l.Standing == directory.ImportChanged) && (disable || !l.Disables) {
			todo, of = append(todo, l), append(of, some[i])
		}
	}
	came, err := v.Directory.Import(ctx, v.by, todo)
	if err != nil {
		return v.importAnswer(ctx, importPage{}, err)
	}

	applied := v.importedBefore()
	var failures []string
	for i, c := range came {
		switch {
		case c.Err != nil && entitlement.KindOf(c.Err).HTTPStatus() >= http.StatusInternalServerError:
			rest = append(rest, of[i]) // to be tried again
		case c.Err != nil:
			failures = append(failures, of[i].Source)
		case c.Later:
			rest = append(rest, of[i])
		default:
			applied++
		}
	}
	shown, err := v.goOn(ctx, header, rest)
	shown.Applied, shown.Disable, shown.Looked = applied, disable, true
	if len(failures) > 0 {
		left = strings.TrimSpace(left + "\n" + strings.Join(failures, "\n"))
	}
	shown.keep(left)
	return v.importAnswer(ctx, shown, err)
}

// importedBefore is how many lines the forms before this one applied: it only words a message.
func (v *visit) importedBefore() int {
	n := 0
	for _, r := range v.typed("applied") {
		if r < '0' || r > '9' || n > directory.MaxImport {
			return 0
		}
		n = 10*n + int(r-'0')
	}
	return n
}

// keep adds lines that were left to be corrected before.
func (p *importPage) keep(left string) {
	if left == "" {
		return
	}
	if p.Text == "" {
		p.Text = strings.Join(p.Header, ",")
	}
	p.Text += "\n" + left
}

// goOn shows what comes of the lines that are applied next.
func (v *visit) goOn(ctx context.Context, header []string, rest []csvfile.Row) (importPage, error) {
	shown := importPage{Header: header, Counts: map[directory.ImportStanding]int{}}
	some := rest[:min(len(rest), directory.ImportAtOnce)]
	if len(some) == 0 {
		return shown, nil
	}
	lines, err := v.Directory.CheckImport(ctx, v.by.Caller, ofRows(some), namesIn(rest))
	if err != nil {
		return shown, err
	}
	shown.Lines = lines
	shown.settle(some)
	shown.Waiting = len(rest) - len(some)
	for _, r := range rest[len(some):] {
		shown.Rest += "\n" + r.Source
	}
	shown.Rest = strings.TrimSpace(shown.Rest)
	return shown, nil
}

// left are the lines to be corrected without their header.
func (p importPage) left() string {
	_, lines, _ := strings.Cut(p.Text, "\n")
	return lines
}

// some are the lines of a standing that the page shows.
func (p importPage) some(s directory.ImportStanding) []directory.ImportLine {
	return p.Shown[s]
}

// importStandings are in the order in which they are looked at.
var importStandings = []directory.ImportStanding{directory.ImportWrong, directory.ImportChanged, directory.ImportNew}

// importWords are what the standings are called.
var importWords = map[directory.ImportStanding]string{directory.ImportNew: "new", directory.ImportChanged: "changed", directory.ImportSame: "the same", directory.ImportWrong: "wrong"}
