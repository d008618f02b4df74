package graph

import (
	"bytes"
	"context"
	"encoding/csv"
	"io"
	"net/http"
	"strings"
	"time"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/views"
)

// exportPath is where assignments are taken away as a file. It is a path of ours: those of
// Graph answer JSON whatever is asked for.
const exportPath = ours + "/assignments/export"

// csvMedia is the media type of exports.
const csvMedia = "text/csv; charset=utf-8"

// maxExported is how many rows one export has at most.
const maxExported = 5_000

// exportOperations are lists as files.
var exportOperations = []operation{
	{method: "GET", path: exportPath, action: authz.ListAssignments, serve: exportAssignments},
	{method: "POST", path: exportsPath, action: authz.ListAssignments, serve: startExport},
	{method: "GET", path: exportsPath + "/{exportId}", action: authz.ReadSelf, serve: getExport},
}

// exportedColumns are the header row of an export of assignments.
var exportedColumns = []string{"assignmentId", "personId", "personName", "userPrincipalName", "accessPackageId", "accessPackageName", "policyId", "policyName",
	"state", "status", "startDateTime", "endDateTime", "expiredDateTime", "requestedById", "requestedByName"}

// exportAssignments answers with the assignments that the filter lets through, as the list of
// them has it, one a row. It reads and writes page by page, and gives up where the rows or the
// bytes become too many: more than one answer is never in memory.
func exportAssignments(ctx context.Context, c *call) (response, error) {
	w, err := c.exported(ctx)
	if err != nil {
		return response{}, err
	}

	var text bytes.Buffer
	out := newCSV(&text)
	out.Write(exportedColumns)

	for n := 0; !w.ended; {
		if err := w.tooLong("an export"); err != nil {
			return response{}, err
		}
		rows, err := w.piece(ctx, entitlement.PageSize)
		if err != nil {
			return response{}, err
		}
		if n += len(rows); n > maxExported {
			return response{}, exportTooLong()
		}
		if err := c.exportRows(ctx, out, rows); err != nil {
			return response{}, err
		}
		if out.Flush(); excess(text.Bytes()) > 1 {
			return response{}, exportTooLong()
		}
	}

	return response{status: http.StatusOK, plain: text.String(), media: csvMedia, file: "assignments.csv"}, nil
}

// newCSV writes rows as RFC 4180 has them.
func newCSV(to io.Writer) *csv.Writer {
	out := csv.NewWriter(to)
	out.UseCRLF = true
	return out
}

// exported returns the list that an export is of, at its beginning.
func (c *call) exported(ctx context.Context) (*walk, error) {
	k := c.assignments()
	// In the words of all others for what has nothing to expand.
	flat := entityType[object]{mapper: func(o object) object { return o }, navigation: noNavigation}
	if err := checkShown(c, flat, object{}); err != nil {
		return nil, err
	}
	if err := c.refuseOptions("An export takes $filter and $search alone, not %s.", "$filter", "$search"); err != nil {
		return nil, err
	}
	if err := c.options.Rows.Check(k.sample()); err != nil {
		return nil, err
	}

	read, err := assignmentsFor(ctx, c)
	if err != nil {
		return nil, err
	}
	return newWalk(c, rowsOf(c, k, viewed(read, views.OfAssignments)), nil), nil
}

func exportTooLong() error {
	return entitlement.Errorf(entitlement.Invalid, "One export holds at most %d rows and %d MB. Name a package in $filter (accessPackage/id eq '...'), a state beside it (state eq 'delivered'), "+
		"go through %s page by page, or POST the same to %s for a file.", maxExported, maxResponse>>20, heldPath, exportsPath)
}

// exportRows writes the rows of one page, with what they name joined to all of them at once.
func (c *call) exportRows(ctx context.Context, out *csv.Writer, rows []row) error {
	of := make([]*views.Assignment, len(rows))
	for i, r := range rows {
		of[i] = r.item.(*views.Assignment)
	}
	wanted := views.With{views.JoinTarget: nil, views.JoinPackage: nil, views.JoinPolicy: nil, views.JoinRequest: nil}
	if err := c.deps.Views.Assignments(ctx, c.by.Caller, of, wanted); err != nil {
		return err
	}

	now := c.deps.Clock.Now()
	for _, a := range of {
		out.Write(exportedRow(a, now)) // into memory, which does not fail
	}
	return nil
}

// exportedRow is one assignment. What it names and is not there any more is an empty name.
func exportedRow(a *views.Assignment, now time.Time) []string {
	var person entitlement.User
	if a.Subject != nil {
		person = *a.Subject
	}
	var pkg, policy string
	if a.Package != nil {
		pkg = a.Package.DisplayName
	}
	if a.Policy != nil {
		policy = a.Policy.DisplayName
	}
	var by entitlement.UserID
	var byName string
	if a.Request != nil {
		by = a.Request.AssignmentRequest.Requestor
		if a.Request.CreatedBy != nil {
			byName = a.Request.CreatedBy.DisplayName
		}
	}

	cells := []string{string(a.ID), string(a.Assignment.Subject), person.DisplayName, person.UserPrincipalName, string(a.Assignment.Package), pkg, string(a.Assignment.Policy), policy,
		string(a.State), a.Status(now), moment(a.Start), moment(a.End), moment(a.Ended), string(by), byName}
	for i := range cells {
		cells[i] = cell(cells[i])
	}
	return cells
}

// moment is an instant in a cell; empty where there is none.
func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Truncate(time.Second).Format(time.RFC3339)
}

// cell makes of a text one that a spreadsheet shows and does not run as a formula (A10). What
// looks like such a sign in its wide form is taken for it by some.
func cell(text string) string {
	if strings.HasPrefix(text, "\t") || strings.HasPrefix(text, "\r") || strings.HasPrefix(text, "\n") {
		return "'" + text
	}
	if first := strings.TrimSpace(text); first != "" && strings.ContainsAny(string([]rune(first)[:1]), "=+-@＝＋－＠") {
		return "'" + text
	}
	return text
}
